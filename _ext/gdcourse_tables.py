"""Tables for small screens: each cell knows the head of its column, so that a row can stand as a card.

The style sheet does the rest below 35 rem. Roles say that it is still a table, which a browser would forget. A table of
many columns, or without heads, keeps its form: its box scrolls, takes the keyboard, and shows at its edge that it does.
"""

import re

from bs4 import BeautifulSoup

TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
MOST = 6  # columns of a card


def cards(table):
    """Return a table's HTML with each cell's column named, or as it was where it cannot be a card."""
    soup = BeautifulSoup(table, "html.parser")
    head = soup.select("thead tr")
    rows = soup.select("tbody tr")
    if len(head) != 1 or not rows or soup.select("[colspan], [rowspan], table table"):
        return table
    names = []
    for cell in head[0].find_all(["th", "td"]):
        copy = BeautifulSoup(str(cell), "html.parser")
        for one in copy.select(".katex-mathml"):
            one.decompose()
        names.append(" ".join(copy.get_text().split()).rstrip("."))
    if not 2 <= len(names) <= MOST or any(len(row.find_all(["th", "td"])) != len(names) for row in rows):
        return table
    whole = soup.table
    whole["class"] = [*whole.get("class", []), "gd-cards"]
    whole["role"] = "table"
    for group in soup.select("thead, tbody"):
        group["role"] = "rowgroup"
    for row in [*head, *rows]:
        row["role"] = "row"
    for cell in head[0].find_all(["th", "td"]):
        cell["role"] = "columnheader" if cell.name == "th" else "cell"
    for row in rows:
        for name, cell in zip(names, row.find_all(["th", "td"])):
            cell["role"] = "rowheader" if cell.name == "th" else "cell"
            cell["data-head"] = name
    return str(soup)


def page_context(app, pagename, templatename, context, doctree):
    """Name the cells of a page's tables."""
    if "<table" in (context.get("body") or ""):
        context["body"] = TABLE.sub(lambda table: cards(table[0]), context["body"])


def setup(app):
    """Register the step."""
    app.connect("html-page-context", page_context, priority=800)  # after gdcourse_site has mended the heads
    return {"parallel_read_safe": True, "parallel_write_safe": True}
