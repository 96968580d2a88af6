"""Bind the built book as an EPUB 3: `make epub` writes _build/bound/gradient-descent.epub.

Formulas are MathML, figures are SVG in the text with the light colours, and there is no script. The pages are those of
the built site, so that neither a cell nor Sphinx runs again, and a figure cannot differ between the two.
"""

import re
import sys
import uuid
import zipfile
from datetime import UTC, datetime
from html import escape

import bound
import gdcourse_address
from bs4 import BeautifulSoup
from bs4.dammit import EntitySubstitution
from bs4.formatter import HTMLFormatter

COLOUR = re.compile(r"--gd-([\w-]+): (#[0-9a-f]+);")
EMPTY = re.compile(r"<path(?![^>]*\sd=)[^>]*/>")  # matplotlib draws some with no point
VARIABLE = re.compile(r"var\(--gdw?-([\w-]+)(?:, *[^()]*)?\)")
OWN = re.compile(r"^(data-|on|autocomplete$|aria-describedby$|spellcheck$)")  # what says nothing without a script
LINE = '<?xml version="1.0" encoding="utf-8"?>\n'
SPACES = 'xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en"'
STYLE = """\
body { line-height: 1.5; }
h1, h2, h3 { line-height: 1.2; page-break-after: avoid; break-after: avoid; }
pre { font-size: 0.8em; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.8em 0; padding: 0.4em 0.6em; }
pre { border-left: 3px solid #bbb; }
code, pre { font-family: monospace; }
figure { margin: 1em 0; page-break-inside: avoid; break-inside: avoid; }
figcaption, .gd-still, .gd-cited { font-size: 0.9em; }
figcaption p { margin: 0; }
svg { max-width: 100%; height: auto; font-family: sans-serif; font-size: 12.5px; overflow: visible; }
svg { stroke-linejoin: round; }
table { border-collapse: collapse; font-size: 0.9em; margin: 1em 0; }
th, td { text-align: left; vertical-align: top; padding: 0.2em 0.8em 0.2em 0; border-bottom: 1px solid #ccc; }
.gd-equation { margin: 0.8em 0; overflow-x: auto; }
.gd-equation .eqno { float: right; }
.admonition { margin: 1em 0; padding-left: 0.8em; border-left: 3px solid #888; }
.admonition-title, summary, .gd-summed, .label, dt, .caption-number { font-weight: bold; }
.gd-label { font-size: 0.85em; }
.title-page { margin-top: 30%; }
"""


def colours():
    """Return {name: value} of the light theme, which the style sheet says first."""
    found = {}
    for name, value in COLOUR.findall((bound.ROOT / "assets" / "site.css").read_text("utf-8")):
        found.setdefault(name, value)
    return found


def drawing(svg, light):
    """Return an SVG that stands alone: its space named, the theme's colours written out."""
    svg = EMPTY.sub("", VARIABLE.sub(lambda name: light.get(name[1], "#000000"), svg))
    if " xmlns=" not in svg[: svg.index(">")]:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return svg


def formulas(soup):
    """Leave of each formula its MathML."""
    for formula in soup.select(".katex"):
        math = formula.math
        for note in math.find_all("annotation"):
            math["alttext"] = note.get_text()
            note.decompose()
        if formula.parent.get("class") == ["katex-display"]:
            math["display"] = "block"
            formula = formula.parent
        if semantics := math.find("semantics", recursive=False):
            semantics.unwrap()
        formula.replace_with(math)


def clean(soup):
    """Take away what XHTML or a reader's machine does not know."""
    for tag in soup.find_all(True):
        for name in [name for name in tag.attrs if OWN.match(name)]:
            del tag[name]
        if tag.name in ("div", "span", "p") and not tag.get("role"):
            for name in ("aria-label", "aria-hidden"):
                tag.attrs.pop(name, None)
        if tag.name == "dl" and tag.find("dt") and tag.find("dt").find_next_sibling() is None:
            tag.name, tag.dt.name = "div", "p"
        if tag.name in ("td", "th", "table", "col") and "width" in tag.attrs:
            del tag["width"]
    for table in soup.find_all("table"):
        table.attrs.pop("border", None)


def page(title, inside):
    """Return an XHTML page."""
    head = f'<meta charset="utf-8"/><title>{escape(title)}</title><link rel="stylesheet" href="style.css"/>'
    return f"{LINE}<!DOCTYPE html>\n<html {SPACES}><head>{head}</head>\n<body>{inside}</body></html>\n"


class Closed(HTMLFormatter):
    """XHTML: names for no letters, void elements closed, attributes in their order with a value each."""

    def __init__(self):
        super().__init__(EntitySubstitution.substitute_xml, void_element_close_prefix="/")

    def attributes(self, tag):
        return [(name, "" if value is None else value) for name, value in tag.attrs.items()]


def body(chapter, light):
    """Return a chapter's XHTML."""
    soup = BeautifulSoup(str(chapter.body.article), "html.parser")
    formulas(soup)
    clean(soup)

    for tag in soup.find_all("a", href=re.compile("^book:")):
        to, _, anchor = tag["href"].removeprefix("book:").partition("#")
        tag["href"] = f"{bound.slug(to)}.xhtml" + (f"#{anchor}" if anchor else "")
    html = soup.article.decode_contents(formatter=Closed())
    for number, svg in enumerate(chapter.drawings):
        html = html.replace(f"<svg-{number}></svg-{number}>", drawing(svg, light))
    return html


def main():
    """Write the book."""
    bound.KEPT.mkdir(parents=True, exist_ok=True)
    target = bound.KEPT / "gradient-descent.epub"
    chapters, light, said = bound.read(), colours(), bound.edition()
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"gdcourse {said['version']} {gdcourse_address.commit()} {said['site']}")
    title = page(said["title"], f"""<section class="title-page"><h1>{escape(said["title"])}</h1>
<p>{escape(said["author"].capitalize())}</p><p>Version {said["version"]}, {said["year"]}</p>
<p>{bound.whereabouts(said)} The text may be shared under CC BY 4.0, the code under the MIT licence.</p></section>""")
    files, rows, part = {"title.xhtml": title}, [], None
    manifest = ['<item id="title" href="title.xhtml" media-type="application/xhtml+xml"/>']
    spine = ['<itemref idref="title"/>', '<itemref idref="nav"/>']
    for chapter in chapters:
        key = bound.slug(chapter.name)
        whole = " ".join(filter(None, [chapter.number, chapter.title]))
        files[f"{key}.xhtml"] = page(whole, body(chapter, light))
        has = [word for word, found in (("mathml", "<math"), ("svg", "<svg")) if found in files[f"{key}.xhtml"]]
        properties = f' properties="{" ".join(has)}"' if has else ""
        manifest.append(f'<item id="{key}" href="{key}.xhtml" media-type="application/xhtml+xml"{properties}/>')
        spine.append(f'<itemref idref="{key}"/>')
        if chapter.part != part:
            rows.append(f"{'</ol></li>' if part else ''}<li><span>{escape(chapter.part)}</span><ol>")
            part = chapter.part
        within = "".join(f'<li><a href="{key}.xhtml#{anchor}">{escape(f"{number} {words}".strip())}</a></li>'
                         for anchor, number, words in chapter.headings if chapter.number)  # fmt: skip
        rows.append(f'<li><a href="{key}.xhtml">{escape(whole)}</a>{f"<ol>{within}</ol>" if within else ""}</li>')
    listed = f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{"".join(rows)}</ol></li></ol></nav>'
    files["nav.xhtml"] = page("Contents", listed)
    manifest.append('<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>')
    manifest.append('<item id="style" href="style.css" media-type="text/css"/>')
    manifest.append('<item id="cover" href="cover.png" media-type="image/png" properties="cover-image"/>')
    source = f"<dc:source>{escape(said['site'])}</dc:source>" if said["site"] else ""
    package = f"""{LINE}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="name">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="name">urn:uuid:{name}</dc:identifier>
<dc:title>{escape(said["title"])}</dc:title><dc:creator>{escape(said["author"])}</dc:creator><dc:language>en</dc:language>
<dc:rights>Text CC BY 4.0, code MIT</dc:rights>{source}
<meta property="dcterms:modified">{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}</meta></metadata>
<manifest>{"".join(manifest)}</manifest><spine>{"".join(spine)}</spine></package>
"""
    container = f"""{LINE}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>
"""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)  # first and as it is, says the standard
        book.writestr("META-INF/container.xml", container)
        book.writestr("book/package.opf", package)
        book.writestr("book/style.css", STYLE)
        book.write(bound.ROOT / "assets" / "card.png", "book/cover.png")
        for file, text in files.items():
            book.writestr(f"book/{file}", text)
    print(f"{len(chapters)} chapters, {target.stat().st_size / 1e6:.1f} MB: {target.relative_to(bound.ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
