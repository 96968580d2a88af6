"""What a reader takes with her: notebooks that any front end shows, a PDF, an EPUB, and how to cite the book."""

import re
import shutil
import subprocess
import sys
import zipfile
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from bs4 import BeautifulSoup

from tests.conftest import unavailable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import gdcourse_plain  # noqa: E402

pytestmark = pytest.mark.thorough

LEFT_OVER = (":::", "```{", "{cite", "{eq}", "{ref}", "{numref}", "{term}", "{glue",
             "{download}", ")=\n", ":label:")  # fmt: skip
XHTML, OPF, EPUB = "{http://www.w3.org/1999/xhtml}", "{http://www.idpf.org/2007/opf}", "{http://www.idpf.org/2007/ops}"


def flat(text):
    """Return a text in one line, with the quotation marks that are typed."""
    return " ".join(text.translate(str.maketrans("\u201c\u201d\u2018\u2019", "\"\"''")).split())


@pytest.fixture(scope="module")
def notebooks(site):
    """Return {page: the Markdown of its notebook}."""
    found = {}
    for path in sorted((site / "_sources" / "chapters").glob("*.ipynb")):
        cells = nbformat.read(path, 4).cells
        found[path.stem] = [cell.source for cell in cells if cell.cell_type == "markdown"]
    return found


def test_no_notebook_holds_what_only_the_book_understands(notebooks):
    assert len(notebooks) > 20
    left = [f"{name}: {word} in {text[:60]!r}" for name, cells in notebooks.items() for text in cells
            for word in LEFT_OVER if word in f"{text}\n"]  # fmt: skip
    assert not left, "\n".join(left)


def test_a_notebook_numbers_and_names_as_the_page_does(site, notebooks):
    """The notebooks count in the sources; Sphinx counted for the pages."""
    names, formulas, figures = gdcourse_plain.names(str(ROOT)), 0, 0
    for name, cells in notebooks.items():
        page, text = (site / "chapters" / f"{name}.html").read_text("utf-8"), "\n".join(cells)
        printed = re.findall(r'<span class="eqno">\(([\d.]+)\)', page)
        assert re.findall(r"\\tag\{([\d.]+)\}", text) == printed, name
        captions = re.findall(r'<span class="caption-number">(Figure [\d.]+) *</span>', page)
        assert re.findall(r"^\*(Figure [\d.]+)\.\*", text, re.MULTILINE) == captions, name
        words = flat(text)
        for link in re.findall(r'<a class="reference internal"[^>]*><span class="std std-ref">([^<]+)</span>', page):
            assert flat(unescape(link)) in words, (name, link)
        formulas, figures = formulas + len(printed), figures + len(captions)
    assert formulas > 100 and figures > 80
    assert len(names.works) > 70


def test_a_notebook_cites_as_the_page_does(site, notebooks):
    for name in ("momentum", "depth", "landscapes"):
        page = BeautifulSoup((site / "chapters" / f"{name}.html").read_text("utf-8"), "html.parser")
        cited = {flat(tag.get_text()) for tag in page.select("article p .bibtex-citation")}
        assert len(cited) > 5 and not {one for one in cited if one not in flat("\n".join(notebooks[name]))}


def test_a_notebook_draws_in_the_books_style(site):
    book = nbformat.read(site / "_sources" / "chapters" / "momentum.ipynb", 4)
    first = next(cell for cell in book.cells if cell.cell_type == "code").source
    shown = f"import matplotlib\n{first}\nprint(matplotlib.rcParams['font.size'])"
    done = subprocess.run([sys.executable, "-c", shown], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    style = (ROOT / "gdcourse" / "book.mplstyle").read_text("utf-8")
    size = re.search(r"^font\.size: *([\d.]+)", style, re.MULTILINE)[1]
    assert done.stdout.split()[-1] == size != "10.0"


def bound(name):
    """Bind the built book anew and return the file."""
    target = ROOT / "_build" / "bound" / f"gradient-descent.{name}"
    target.unlink(missing_ok=True)
    done = subprocess.run([sys.executable, f"_ext/to_{name}.py"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture(scope="module")
def epub(site):
    """Return the book as an EPUB: {name: text or bytes}, and the file."""
    file = bound("epub")
    with zipfile.ZipFile(file) as book:
        assert book.infolist()[0].filename == "mimetype" and book.infolist()[0].compress_type == zipfile.ZIP_STORED
        return file, {name: book.read(name) for name in book.namelist()}


def test_epubcheck_passes_the_book(epub):
    """It is called by its archive where Debian's starter for archives is not registered."""
    program, archive = shutil.which("epubcheck"), Path("/usr/share/java/epubcheck.jar")
    if program is None or shutil.which("java") is None:
        unavailable("epubcheck is not installed")
    command = ["java", "-jar", str(archive if archive.exists() else program)]
    done = subprocess.run([*command, str(epub[0])], capture_output=True, text=True)
    assert done.returncode == 0 and "0 errors / 0 warnings" in done.stdout, (done.stdout + done.stderr)[-3000:]


def test_the_epub_has_every_formula_and_figure_and_no_script(epub, site):
    _, files = epub
    formulas = figures = 0
    for name, data in files.items():
        if not name.endswith(".xhtml"):
            continue
        page = ElementTree.fromstring(data)  # well formed, or this raises
        text = data.decode()
        assert "<script" not in text and "var(--" not in text and "katex" not in text.replace("katex-", ""), name
        source = site / "chapters" / f"{Path(name).stem}.html"
        if source.is_file():
            article = source.read_text("utf-8").split("<article", 1)[1].split("</article>")[0]
            folded = re.sub(r'<details class="gd-fold gd-fold-evidence">.*?</details>', "", article, flags=re.DOTALL)
            inside = len(page.findall(".//{http://www.w3.org/1998/Math/MathML}math"))
            assert inside == folded.count("<math"), name
            drawn = len(page.findall(".//{http://www.w3.org/2000/svg}svg"))
            assert drawn >= article.count("<figure"), name
            formulas, figures = formulas + inside, figures + drawn
    assert formulas > 1000 and figures > 90
    assert not [name for name in files if name.endswith((".js", ".woff2"))]


def test_what_the_epub_lists_is_there_and_its_links_lead_somewhere(epub):
    _, files = epub
    pages = {name: ElementTree.fromstring(data) for name, data in files.items() if name.endswith(".xhtml")}
    ids = {name: {node.get("id") for node in page.iter() if node.get("id")} for name, page in pages.items()}
    links = 0
    for name, page in pages.items():
        for node in page.iter(f"{XHTML}a"):
            to, _, anchor = node.get("href", "").partition("#")
            if not re.match("[a-z]+:", to):
                target = f"book/{to}" if to else name
                assert target in pages and (not anchor or anchor in ids[target]), (name, node.get("href"))
                links += 1
    package = ElementTree.fromstring(files["book/package.opf"])
    listed = {f"book/{item.get('href')}" for item in package.iter(f"{OPF}item")}
    assert listed == {name for name in files if name.startswith("book/")} - {"book/package.opf"}
    chapters = [node.text for node in pages["book/nav.xhtml"].iter(f"{XHTML}a") if "#" not in node.get("href")]
    assert len(chapters) == 22 and chapters[0].startswith("1. ") and chapters[15].startswith("16. ") and links > 500


@pytest.mark.browser
def test_the_pdf_has_every_chapter_on_the_page_that_its_contents_name(site, browser):
    """The text of the pages is read by poppler, which knows nothing of how the contents were made."""
    if shutil.which("pdftotext") is None:
        unavailable("poppler-utils is not installed")
    file = bound("pdf")
    text = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True).stdout
    pages = text.split("\f")
    assert 150 < len(pages) < 450 and file.stat().st_size < 25e6
    begins = int(re.search(r"^ *1\. A model that learns.* (\d+)$", pages[1], re.MULTILINE)[1])
    rows = re.findall(r"^ *(\S.*?) {3,}(\d+)$", "".join(pages[1 : begins - 1]), re.MULTILINE)
    assert len(rows) > 180
    shifted = [(title, number) for title, number in rows if flat(title)[:40] not in flat(pages[int(number) - 1])]
    assert not shifted
    for number, page in enumerate(pages[1:40], 2):
        assert page.rstrip().endswith(str(number))
    assert text.count("On the site this figure moves") > 16
    for pressed in ("Show the code", "Copy link", "Try it", "Cite this", "Imports"):
        assert not re.search(rf"^ *{pressed} *$", text, re.MULTILINE), pressed


def test_the_book_says_how_to_cite_it(site):
    """pybtex reads what a reader would copy."""
    from pybtex.database import parse_string

    for name, title in (("index", "Gradient descent, from the inside"), ("momentum", "Momentum and acceleration")):
        page = BeautifulSoup((site / "chapters" / f"{name}.html").read_text("utf-8"), "html.parser")
        (entry,) = parse_string(page.select_one(".gd-cite pre").get_text(), "bibtex").entries.values()
        assert entry.fields["title"] == title and entry.fields["year"].isdigit()
        assert str(entry.persons["author"][0]) == "{the gdcourse authors}"  # a name that is not turned about
    assert "Chapter 8 of Gradient descent, from the inside" in entry.fields["note"]
    assert not page.select(".gd-foot a")  # a build that knows no repository
