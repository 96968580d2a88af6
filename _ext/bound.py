"""The book to keep: what the PDF and the EPUB share. Both are made of the built site's pages, so nothing runs again.

What can only be done on a screen is taken out here: a live figure becomes its still one with a sentence that says so,
what is folded of the text is unfolded, and what is folded of the code is left out. Links stay where they lead to what
is in the book; others lead to the site where its address is known, and else are words.
"""

import posixpath
import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

import gdcourse_address
import yaml
from bs4 import BeautifulSoup
from gdcourse_previews import element

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
KEPT = ROOT / "_build" / "bound"
LOOKED_UP = ("common-mistakes", "concepts", "glossary", "notation", "evidence", "bibliography")  # after the chapters
SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
STYLE = re.compile(r'<link [^>]*rel="stylesheet"[^>]*>')
GONE = ("script, style, a.headerlink, button, form, input, .gd-checked, .gd-label a, details.gd-fold-code, "
        "details.gd-fold-check, details.gd-fold-imports, .gd-continue, .gd-foot, .copybtn")  # fmt: skip
STILL = "On the site this figure moves; here it stands as the page opens."
NUMBERED_LINK = re.compile(r"(?<=\()\d+\.\d+(?=\))")


@dataclass
class Chapter:
    """A page of the book to keep."""

    name: str  # such as chapters/momentum
    part: str
    number: str  # "" for a page that is looked up
    title: str
    body: BeautifulSoup
    drawings: list  # its SVG, each in the place of an <svg-n>
    headings: list  # (anchor, number, title) of its sections


def contents():
    """Return [(part, [page])] of what is bound, in its order."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))["parts"]
    bound = [(part["caption"], [entry["file"] for entry in part["chapters"]]) for part in parts if part.get("numbered")]
    return [*bound, ("To look things up", [f"chapters/{name}" for name in LOOKED_UP])]


def read():
    """Return all chapters of the built site, and one page's links to styles."""
    if not (SITE / "index.html").is_file():
        raise SystemExit("The book is not built yet: make book")
    listed = contents()
    names = {name for _, pages in listed for name in pages}
    chapters = [_chapter(name, part, names) for part, pages in listed for name in pages]
    known = {chapter.name: {tag["id"] for tag in chapter.body.find_all(id=True)} for chapter in chapters}
    for chapter in chapters:
        for link in chapter.body.find_all("a", href=True):
            page, _, anchor = link["href"].removeprefix("book:").partition("#")
            if link["href"].startswith("book:") and anchor and anchor not in known[page]:
                link["href"] = f"book:{page}#"  # a place that was only on the screen
    return chapters


def styles():
    """Return the addresses of the styles of a page with everything, below the site's folder."""
    page = (SITE / "chapters" / "gradient-descent.html").read_text("utf-8")
    found = [re.search('href="([^"?]+)', tag)[1] for tag in STYLE.findall(page)]
    return [posixpath.normpath(posixpath.join("chapters", one)) for one in found]


def _chapter(name, part, names):
    html = (SITE / f"{name}.html").read_text("utf-8")
    start = re.search(r'<article class="bd-article"[^>]*>', html)
    html = element(html, start.start(), "article")
    drawings = []

    def drawn(svg):
        drawings.append(svg[0])
        return f"<svg-{len(drawings) - 1}></svg-{len(drawings) - 1}>"

    soup = BeautifulSoup(SVG.sub(drawn, html), "html.parser")
    _still(soup)
    for tag in soup.find_all("a", href=True):
        _relink(tag, name, names)
    title = soup.h1
    number = title.select_one(".section-number")
    headings = [(tag.parent["id"], *_named(tag)) for tag in soup.select("section[id] > h2")]
    return Chapter(name, part, number.get_text().strip() if number else "", _named(title)[1], soup, drawings, headings)


def _named(heading):
    """Return a heading's number and its words."""
    copy = BeautifulSoup(str(heading), "html.parser")
    number = copy.select_one(".section-number")
    for tag in copy.select(".katex-html, .katex-mathml annotation"):
        tag.decompose()
    text = number.extract().get_text().strip() if number else ""
    return text, " ".join(copy.get_text().split())


def _still(soup):
    """Leave out what needs a screen, a pointer or a kernel."""
    for host in soup.select(".gdw-host"):
        still = host.select_one(".gdw-static")
        said = soup.new_tag("p", attrs={"class": "gd-still"})
        said.string = STILL
        host.replace_with(still, *([said] if still.find(re.compile("^svg-")) else []))  # a question has no picture
        still.attrs.pop("hidden", None)
    for fold in soup.select("details.gd-fold-evidence"):
        summary = fold.summary.extract()
        summary.name, summary["class"] = "p", "gd-summed"
        link = soup.new_tag("a", href="evidence.html")
        link.string = "Evidence"
        summary.extend([" The numbers stand under ", link, "."])
        fold.replace_with(summary)
    for tag in soup.select(GONE):
        tag.decompose()
    for box in soup.select("details"):
        box.name = "div"
        box.attrs.pop("open", None)
        summary = box.find("summary", recursive=False)
        if summary:
            summary.name = "div" if summary.p else "p"
    for cell in soup.select("div.cell"):
        if not cell.get_text(strip=True) and not cell.find(re.compile("^svg-")):
            cell.decompose()


def _relink(tag, name, names):
    """Have a link lead within the book as book:page#anchor, to the site, or nowhere."""
    to, _, anchor = tag["href"].partition("#")
    if re.match(r"[a-z]+:", to):
        return
    page = posixpath.normpath(posixpath.join(posixpath.dirname(name), to)) if to else f"{name}.html"
    if page.removesuffix(".html") in names and page.endswith(".html"):
        tag["href"] = f"book:{page.removesuffix('.html')}#{anchor}"
    elif site := gdcourse_address.site():
        tag["href"] = site + page + (f"#{anchor}" if anchor else "")
    else:
        tag.unwrap()


def slug(page):
    """Return a page's name as it stands in anchors and names of files."""
    return page.rpartition("/")[2]


def edition():
    """Return the lines of the title page below the title: who, which version, and where it lives."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    version = re.search(r'__version__ = "([^"]+)"', (ROOT / "gdcourse" / "__init__.py").read_text("utf-8"))[1]
    return {"title": config["title"], "author": config["author"], "version": version, "site": gdcourse_address.site(),
            "year": config["copyright"]}  # fmt: skip


def whereabouts(said):
    """Return the sentence that says what is not in here, as HTML."""
    where = f'<a href="{escape(said["site"])}">on the site</a>' if said["site"] else "on the site"
    return (f"The live figures, the assignments that check themselves, the package's reference and the pages for "
            f"teachers are {where}; here are the chapters and what one looks up in them.")  # fmt: skip
