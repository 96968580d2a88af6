"""The book's extension on a tiny book: outputs are never stale, and every fault of a page fails the build."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import gdcourse_notebooks  # noqa: E402
from gdcourse_figures import inline_svg  # noqa: E402
from gdcourse_weight import shrink  # noqa: E402

FRONT = """\
---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
---
"""
GOOD = FRONT + """\
(start)=
# Start

Some mathematics, $\\eta_{\\max}$, and {eq}`eq-lines`.

$$ a &= b \\\\ c &= d $$ (eq-lines)

```{code-cell} ipython3
from gdcourse import VALUE
print("the value is", VALUE)
```

```{code-cell} ipython3
---
mystnb:
  image: {alt: "A line that falls from <one> to zero."}
---
import matplotlib.pyplot as plt
plt.semilogy([1e-4, 1], [1, 1e-4], color="#D55E00", label="$w_1$"); plt.legend();
```
"""
MEETS = FRONT + """\
# Meets OTHER

```{code-cell} ipython3
import time
from pathlib import Path

Path("ONE.here").touch()
waited = 0
while not Path("OTHER.here").exists():
    waited += 1
    assert waited < 1200, "OTHER does not come"
    time.sleep(0.1)
print("ONE and OTHER")
```
"""
FAULTS = {
    "raises": (FRONT + "# Raises\n\n```{code-cell} ipython3\n1 / 0\n```\n", "Executing notebook failed"),
    "warns": (
        FRONT + "# Warns\n\n```{code-cell} ipython3\nimport warnings\nwarnings.warn('shaky')\n```\n",
        "stderr was found in the cell outputs of cell 2",
    ),
    "tex": ("# TeX\n\nHere $\\frac{1}{$ breaks.\n", r"bad TeX in '\\frac{1}{'"),
    "reference": ("# Reference\n\nSee {ref}`nowhere`.\n", "undefined label: 'nowhere'"),
    "link": ("# Link\n\nSee [it](missing.md).\n", "missing.md"),
    "citation": ("# Citation\n\nSee {cite}`nobody1900`.\n", "nobody1900"),
    "undescribed": (
        FRONT + "# Figure\n\n```{code-cell} ipython3\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);\n```\n",
        "a figure has no alternative text",
    ),
    "wide": (
        FRONT + "# Wide\n\n```{code-cell} ipython3\n---\nmystnb: {image: {alt: Some line.}}\n---\n"
        "import matplotlib.pyplot as plt\nplt.figure(figsize=(9, 4)); plt.plot([1, 2]);\n```\n",
        "a figure is 9.0 inches wide",
    ),
    "assignment": ("# Assignment\n\nSolve {assignment}`ps99`.\n", "no assignment ps99.ipynb"),
}


def make_book(folder, pages):
    """Write a book of these pages, with the project's configuration and a package of one constant."""
    for name in ("_ext", "assets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "gdcourse").mkdir()
    (folder / "gdcourse" / "__init__.py").write_text("VALUE = 41\n")
    shutil.copy(ROOT / "gdcourse" / "book.mplstyle", folder / "gdcourse")
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "chapters").mkdir()
    shutil.copy(ROOT / "chapters" / "references.bib", folder / "chapters")
    for name, text in pages.items():
        (folder / "chapters" / f"{name}.md").write_text(text)
    root, *others = pages
    toc = "".join(f"  - file: chapters/{name}\n" for name in others)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: chapters/{root}\n" + (f"chapters:\n{toc}" if toc else ""))


def build(folder, **environment):
    """Build strictly, as `make book` does; return the exit code and what was said."""
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", ".", "--path-output", "."]
    done = subprocess.run(
        [*command, "-n", "-W", "--keep-going"],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Return a tiny book that has been built once."""
    folder = tmp_path_factory.mktemp("book")
    plain = "# Plain\n\nSolve {assignment}`ps03`, {download}`the third <downloads/ps03.ipynb>`.\n"
    left = MEETS.replace("ONE", "left").replace("OTHER", "right")
    meeting = {"left": left, "right": MEETS.replace("ONE", "right").replace("OTHER", "left")}
    make_book(folder, {"start": GOOD, "plain": plain, **(meeting if os.cpu_count() > 1 else {})})
    (folder / "_build" / "downloads").mkdir(parents=True)
    (folder / "_build" / "downloads" / "ps03.ipynb").write_text("{}")
    code, said = build(folder)
    assert code == 0, said
    return folder


def page(folder, name="start"):
    """Return a built page."""
    return (folder / "_build" / "html" / "chapters" / f"{name}.html").read_text("utf-8")


@pytest.mark.thorough
def test_outputs_follow_the_package_and_an_unchanged_book_is_left_alone(book):
    assert "the value is 41" in page(book)

    code, said = build(book)
    assert code == 0, said
    assert "0 added, 0 changed, 0 removed" in said
    assert "running pages" not in said

    (book / "gdcourse" / "__init__.py").write_text("VALUE = 42\n")
    code, said = build(book)
    assert code == 0, said
    assert "running pages" in said
    assert "the value is 42" in page(book)

    (book / "gdcourse" / "front.js").write_text("export default 1\n")
    assert "running pages" in build(book)[1]

    (book / "gdcourse" / "front.js").unlink()  # back to a state seen before: read again, but from the cache
    code, said = build(book)
    assert code == 0 and "Using cached notebook" in said and "running pages" not in said


@pytest.mark.skipif(os.cpu_count() == 1, reason="one processor runs one page at a time")
def test_pages_run_side_by_side(book):
    """Each of two pages waited for the other, which one after the other could not have done."""
    assert "left and right" in page(book, "left") and "right and left" in page(book, "right")


def test_mathematics_is_typeset_and_figures_stand_in_the_page(book):
    html = page(book)
    assert html.count('class="katex"') == 2 and "katex-error" not in html
    assert "<msub><mi>η</mi><mi>max</mi></msub>" in html  # two children, as Firefox insists
    assert 'href="#equation-eq-lines">(1)</a>' in html
    svg = re.search(r'<div class="gd-figure">(<svg.*?</svg>)', html, re.S)[1]
    assert 'aria-label="A line that falls from &lt;one&gt; to zero."' in svg
    assert "var(--gd-path)" in svg and "#d55e00" not in svg and "DejaVu" not in svg
    assert "10⁻⁴" in svg and "₁" in svg


def test_pages_without_mathematics_do_not_load_its_style(book):
    assert "katex.css" in page(book)
    assert "katex.css" not in page(book, "plain")


@pytest.mark.thorough
def test_launch_buttons_need_a_repository(book):
    assert "mybinder" not in page(book)
    (book / "chapters" / "start.md").touch()
    code, said = build(book, GDCOURSE_REPOSITORY="https://github.com/someone/course", GDCOURSE_COMMIT="abc123")
    assert code == 0, said
    assert "https://mybinder.org/v2/gh/someone/course/published?urlpath=lab/tree/chapters/start.ipynb" in page(book)
    assert "https://colab.research.google.com/github/someone/course/blob/published/chapters/start.ipynb" in page(book)
    downloaded = json.loads((book / "_build/html/_sources/chapters/start.ipynb").read_text())
    assert "git+https://github.com/someone/course@abc123" in "".join(downloaded["cells"][0]["source"])


def test_assignments_are_linked(book):
    assert 'href="../downloads/ps03.ipynb">ps03.ipynb</a>' in page(book, "plain")
    assert 'href="../downloads/ps03.ipynb">the third</a>' in page(book, "plain")
    assert (book / "_build" / "html" / "downloads" / "ps03.ipynb").read_text() == "{}"


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """Return what is said of a book in which every page has one fault."""
    folder = tmp_path_factory.mktemp("faulty")
    make_book(folder, {"start": "# Start\n", **{name: text for name, (text, _) in FAULTS.items()}})
    first, _ = build(folder)
    code, said = build(folder)  # the second time too, though nothing changed
    assert (first, code) == (1, 1)
    assert not (folder / "_build" / "html" / "index.html").exists()
    return said


@pytest.mark.thorough
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_a_warning_with_its_page(faulty, name):
    warnings = [line for line in faulty.splitlines() if "WARNING:" in line and f"chapters/{name}.md" in line]
    assert any(FAULTS[name][1] in line for line in warnings), (warnings, faulty[-2000:])


def test_inline_svg_names_no_id_twice_and_needs_no_style_of_its_own():
    source = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50"><metadata>date</metadata>
      <defs><style>*{}</style><clipPath id="c"><path id="unused" d="M 1.23456 0"/></clipPath></defs>
      <g id="figure_1" clip-path="url(#c)"><path style="fill: #000000; font-family: 'X'; clip-path: url(#c)"/></g>
      </svg>"""
    markup, width = inline_svg(source, 'a "quoted" line', "f0")
    assert width == 100
    assert "metadata" not in markup and "<style" not in markup and "figure_1" not in markup and "unused" not in markup
    ids = re.findall(r' id="([^"]+)"', markup)
    assert len(ids) == 1 and markup.count(f"url(#{ids[0]})") == 2
    assert 'd="M 1.23 0"' in markup and "fill: currentColor" in markup and "font-family" not in markup
    assert 'aria-label="a &quot;quoted&quot; line"' in markup
    assert ids[0] not in inline_svg(source, "", "f1")[0]


def test_style_rules_go_with_the_classes_they_name():
    css = """/* c */ .kept, .gone { color: red } #gone a { x: y } @media print { .gone { a: b } .kept { a: b } }
    a:not(.gone) { c: d } @font-face { font-family: F } .kept > .gone2:hover { e: f } :root { --x: ".gone" }"""
    rest = shrink(css, {"kept"})
    assert ".kept{color: red}" in rest and "#gone" not in rest and "gone2" not in rest and "/*" not in rest
    assert "@media print {.kept{a: b}" in rest and "a:not(.gone)" in rest and "@font-face" in rest and "--x" in rest


def test_a_page_without_code_has_no_notebook(tmp_path):
    (tmp_path / "plain.md").write_text("# Plain\n")
    (tmp_path / "code.md").write_text(GOOD)
    assert gdcourse_notebooks.notebook(tmp_path / "plain.md") is None
    cells = gdcourse_notebooks.notebook(tmp_path / "code.md").cells
    assert [cell.cell_type for cell in cells] == ["code", "markdown", "code", "code"]
    assert 'plt.style.use("gdcourse.book")' in cells[0].source  # the page draws
    assert cells[2].source.startswith("from gdcourse import VALUE") and cells[2].outputs == []
