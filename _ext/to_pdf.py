"""Print the built book into one PDF, with Chromium: `make pdf` writes _build/bound/gradient-descent.pdf.

It is printed twice: the first time tells on which page each chapter and section begins, the second has these numbers
in its contents. The file's own outline and its links come from Chromium.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from html import escape

import bound

BROWSERS = "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer",
         "--generate-pdf-document-outline")  # fmt: skip
IDS = re.compile(r'(\s(?:id|for|aria-labelledby|aria-describedby)="|href="#|url\(#)')
BASE = "../html/"  # seen from _build/bound
PAPER = """
@page { size: A4; margin: 20mm 18mm 22mm; }
@page front { @bottom-center { content: none; } }
html { scroll-padding: 0; }
.gd-front { page: front; height: 235mm; display: flex; flex-direction: column; justify-content: center; }
.gd-front h1 { font-size: 30pt; line-height: 1.1; margin: 0 0 6mm; }
.gd-front p { margin: 0 0 3mm; max-width: 120mm; }
.gd-front p:last-child { margin-top: 60mm; font-size: 9pt; color: #444; }
.gd-contents { break-before: page; }
.gd-contents h2 { font-size: 12pt; margin: 7mm 0 1mm; }
.gd-contents ol { list-style: none; margin: 0; padding: 0; }
.gd-contents li { margin: 0; break-inside: avoid; }
.gd-contents li.gd-section { padding-left: 8mm; font-size: 9.5pt; }
.gd-contents a { display: flex; gap: 2mm; color: #000; text-decoration: none; }
.gd-contents a::after { content: attr(data-page); order: 3; min-width: 8mm; text-align: right; }
.gd-contents a::after { font-variant-numeric: tabular-nums; }
.gd-contents a > span { flex: 1; min-width: 5mm; border-bottom: 0.2mm dotted #888; margin-bottom: 1.2mm; }
article.bd-article > section { break-before: page; }
.bd-article .gd-still, .bd-article .gd-summed { color: #444; font-size: 9.5pt; }
.bd-article .gd-summed { color: #000; font-weight: 600; }
.bd-article a { color: #000; }
article.bd-article { line-height: 1.5; }
.bd-article .admonition-title, .bd-article dt { break-after: avoid; }
"""


def document(chapters, numbers):
    """Return the whole book as one page; numbers is {anchor: page}, empty at first."""
    said = bound.edition()
    runners, bodies, rows = [], [], []
    part = None
    for chapter in chapters:
        key = bound.slug(chapter.name)
        name = " ".join(filter(None, [chapter.number, chapter.title]))
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        runner = f'@top-left {{ content: "{escaped}"; color: #444; font: 8.5pt sans-serif; }}'
        runners.append(f"@page p-{key} {{ {runner} }}\n#{key}-page {{ page: p-{key}; }}\n")
        if chapter.part != part:
            part = chapter.part
            rows.append(f"</ol><h2>{escape(part)}</h2><ol>")
        rows.append(_row(f"{key}-page", name, "", numbers))
        if chapter.number:
            rows += [_row(f"{key}--{anchor}-heading", f"{number} {title}".strip(), "gd-section", numbers)
                     for anchor, number, title in chapter.headings]  # fmt: skip
        bodies.append(f'<section id="{key}-page">{_body(chapter)}</section>')
    links = "".join(f'<link rel="stylesheet" href="{BASE}{one}">' for one in bound.styles())
    contents = "".join(rows).removeprefix("</ol>") + "</ol>"
    return f"""<!doctype html>
<html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8"><title>{escape(said["title"])}</title>
<meta name="author" content="{escape(said["author"])}">{links}<style>{PAPER}{"".join(runners)}</style></head>
<body><main id="main-content"><article class="bd-article">
<div class="gd-front"><h1>{escape(said["title"])}</h1><p>{escape(said["author"].capitalize())}</p>
<p>Version {said["version"]}, {said["year"]}</p>
<p>{bound.whereabouts(said)} The text may be shared under CC BY 4.0, the code under the MIT licence.</p></div>
<nav class="gd-contents" aria-label="Contents"><h1>Contents</h1>{contents}</nav>
{"".join(bodies)}
</article></main></body></html>
"""


def _row(anchor, name, kind, numbers):
    page = numbers.get(anchor, 999)
    return f'<li class="{kind}"><a href="#{anchor}" data-page="{page}">{escape(name)}<span></span></a></li>'


def _body(chapter):
    """Return a chapter's HTML, its anchors made the book's own."""
    key = bound.slug(chapter.name)
    for tag in chapter.body.select(".katex-mathml"):
        tag.decompose()  # KaTeX's letters are what is printed
    for heading in chapter.body.select("section[id] > h2"):
        heading["id"] = f"{heading.parent['id']}-heading"  # a section may begin at the end of the page before
    html = chapter.body.article.decode_contents()
    for number, svg in enumerate(chapter.drawings):
        html = html.replace(f"<svg-{number}></svg-{number}>", svg)
    html = IDS.sub(rf"\1{key}--", html)

    def link(found):
        page, _, anchor = found[1].partition("#")
        return f'href="#{bound.slug(page)}-{"-" + anchor if anchor else "page"}"'

    return re.sub(r'href="book:([^"]*)"', link, html)


def printed(program, page, target):
    """Print a page with Chromium."""
    with tempfile.TemporaryDirectory() as profile:
        command = [program, "--headless", *QUIET, f"--user-data-dir={profile}", f"--print-to-pdf={target}"]
        done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=900)
    if done.returncode or not target.is_file():
        raise SystemExit(f"Chromium could not print the book:\n{done.stderr[-2000:]}")


def places(pdf):
    """Return {anchor: page, from 1} of a PDF as Chromium writes it: plain objects, and a dictionary of destinations."""
    starts = {m[1]: m.end() for m in re.finditer(rb"(?:^|\n)(\d+) 0 obj\n", pdf)}

    def thing(number):
        start = starts[number]
        return pdf[start : pdf.index(b"endobj", start)]

    order = []

    def walk(number):
        kids = re.search(rb"/Kids \[([^\]]*)\]", thing(number))
        if kids is None:
            order.append(number)
            return
        for kid in re.findall(rb"(\d+) 0 R", kids[1]):
            walk(kid)

    catalog = thing(next(number for number in starts if b"/Type /Catalog" in thing(number)))
    walk(re.search(rb"/Pages (\d+) 0 R", catalog)[1])
    at = {number: page for page, number in enumerate(order, 1)}
    named = thing(re.search(rb"/Dests (\d+) 0 R", catalog)[1])
    found = re.findall(rb"/([^\s/\[]+)\s*\[(\d+) 0 R", named)
    return {re.sub(r"#([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), name.decode()): at[page] for name, page in found}


def main():
    """Print the book, twice."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise SystemExit("The PDF is printed by Chromium, and none is installed. On Debian: sudo apt install chromium")
    bound.KEPT.mkdir(parents=True, exist_ok=True)
    page, target = bound.KEPT / "book.html", bound.KEPT / "gradient-descent.pdf"
    chapters, numbers = bound.read(), {}
    for _ in range(2):
        page.write_text(document(chapters, numbers), "utf-8")
        printed(program, page, target)
        before, numbers = numbers, places(target.read_bytes())
    if before != numbers:
        raise SystemExit("The contents have moved the pages they name.")
    size = f"{target.stat().st_size / 1e6:.1f} MB"
    print(f"{len(chapters)} chapters, {size}: {target.relative_to(bound.ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
