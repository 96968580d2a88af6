"""What the book's pages compute about the book: numbers for the prose, and the indexes of what is taught where."""

import re
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np


def glue(**numbers):
    """Hand numbers to the page by name; outside a book build, where no page reads them, do nothing.

    Args: numbers: name=value; the text quotes them as {glue:text}`name:.3f`.
    Returns: None. Raises: nothing.
    Example:
        >>> glue()
    """
    try:
        from myst_nb import glue as paste
    except ImportError:
        return
    for name, value in numbers.items():
        # The page formats Python's numbers; it cannot read "np.float64(0.5)".
        paste(name, value.item() if isinstance(value, np.generic) else value, display=False)


class Page(NamedTuple):
    """A chapter: its file's stem, its number in the book (0 for pages without), its title, and its front matter."""

    name: str
    number: int
    title: str
    matter: dict
    text: str

    def link(self, label=None, text=None):
        """Return an HTML link to the page, or to a label on it."""
        place = f"#{label}" if label else ""
        return f'<a class="internal" href="{self.name}.html{place}">{escape(text or self.title)}</a>'


def pages(folder="."):
    """Read the pages of the book in the order of its table of contents.

    Args: folder: the folder of the chapters, beside _toc.yml's. Returns: a tuple of Page.
    Raises: FileNotFoundError if there is no table of contents above the folder.
    """
    import yaml

    folder = Path(folder)
    contents = yaml.safe_load((folder / ".." / "_toc.yml").read_text(encoding="utf-8"))
    found, number = [], 0
    for part in contents["parts"]:
        listed = (page for chapter in part["chapters"] for page in (chapter, *chapter.get("sections", ())))
        for entry in (page for page in listed if page["file"].startswith("chapters/")):
            number += bool(part.get("numbered"))
            name = Path(entry["file"]).name
            text = (folder / f"{name}.md").read_text(encoding="utf-8")
            matter = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
            title = re.search(r"^# (.+)$", text, re.MULTILINE)[1]
            found.append(Page(name, number if part.get("numbered") else 0, title,
                              yaml.safe_load(matter[1]) if matter else {}, text))  # fmt: skip
    return tuple(found)


class Table(NamedTuple):
    """An HTML table for a page: its class, its headings, and rows of HTML cells."""

    name: str
    heads: tuple
    rows: tuple

    def _repr_html_(self):
        head = "".join(f"<th>{cell}</th>" for cell in self.heads)
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in self.rows)
        return f'<table class="{self.name}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def concept_index(folder="."):
    """Return the table of the course's ideas, each with the places that teach it.

    Args: folder: of the chapters. Returns: a Table, in the order of the ideas' names.
    """
    import yaml

    concepts = yaml.safe_load((Path(folder) / "concepts.yml").read_text(encoding="utf-8"))
    chapters = pages(folder)
    rows = []
    for item, concept in concepts.items():
        places = [page.link(page.matter["covers"][item]) for page in chapters if item in page.matter.get("covers", {})]
        rows.append((escape(concept["name"]), "<br>".join(places)))
    return Table("concepts", ("idea", "where"), tuple(sorted(rows, key=lambda row: row[0].lower())))


def claims_index(folder="."):
    """Return the table of common mistakes, what is true instead, and where each is refuted.

    Args: folder: of the chapters. Returns: a Table.
    """
    import yaml

    claims = yaml.safe_load((Path(folder) / "claims.yml").read_text(encoding="utf-8"))
    chapters = pages(folder)
    rows = []
    for item, claim in claims.items():
        label = item.lower()
        home = [page.link(label) for page in chapters if f"({label})=\n" in page.text]
        rows.append((f"“{escape(claim['claim'])}”", escape(claim["truth"]), "".join(home)))
    return Table("claims", ("what people say", "what is true", "shown in"), tuple(rows))


def evidence_index(folder="."):
    """Run every reproduction and return (Evidence, links to the chapters that show it) in order.

    Args: folder: of the chapters. Returns: a list of pairs.
    """
    from gdcourse.evidence import REPRODUCTIONS, reproduce

    chapters = pages(folder)
    return [
        (reproduce(name), [page.link() for page in chapters if name in page.matter.get("reproduces", ())])
        for name in REPRODUCTIONS
    ]
