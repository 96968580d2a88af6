"""Turn a page into the notebook a reader downloads: the same cells, no outputs, and Markdown that any front end shows.

    python _ext/gdcourse_notebooks.py chapters      writes an .ipynb beside every page that has code;
                                                    with --missing, only where there is none

The numbers in the sentences are those of the last build of the book; where there was none, an ellipsis stands for each.
"""

import ast
import json
import re
import sys
from hashlib import sha256
from pathlib import Path

import gdcourse_address
import gdcourse_plain
import jupytext
import nbformat

ROOT = Path(__file__).resolve().parent.parent
COLAB = """\
# On Colab: install the package this page was written with. Elsewhere this cell does nothing.
import sys

if "google.colab" in sys.modules:
    %pip install --quiet "gdcourse[widgets] @ git+{repository}@{commit}"
"""
STYLE = """\
# Figures as in the book.
import matplotlib.pyplot as plt

plt.style.use("gdcourse.book")
"""
DRAWS = re.compile(r"^import matplotlib\.pyplot", re.MULTILINE)
UNKNOWN = "\u2026"
UNBUILT = "*This copy was made without running the book: where a sentence has an ellipsis, a cell computes the number.*"


def notebook(page, repository="", commit="", numbers=None):
    """Return the page as an nbformat notebook without outputs, or None if it has no code to run.

    With a repository and a commit, a first cell installs the package of that commit on Colab. With numbers, as myst-nb
    keeps them in <page>.glue.json, the sentences quote them as the page does.
    """
    source = Path(page).read_text("utf-8")
    if "kernelspec:" not in source.split("\n---", 1)[0]:
        return None
    nb = jupytext.reads(source, fmt="md:myst")
    nb.metadata.pop("jupytext", None)
    plain = gdcourse_plain.Renderer(ROOT, _name(page), lambda name, form: _quoted(name, form, numbers or {}))
    cells = []
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = plain.render(cell.source)
        if cell.cell_type == "code" or cell.source:
            cells.append(cell)
        if told := gdcourse_plain.caption(cell, ROOT):
            cells.append(nbformat.v4.new_markdown_cell(plain.render(told)))
    if any(UNKNOWN in cell.source for cell in cells if cell.cell_type == "markdown") and "{glue:" in source:
        cells.insert(1, nbformat.v4.new_markdown_cell(UNBUILT))
    if any(cell.cell_type == "code" and DRAWS.search(cell.source) for cell in cells):
        cells.insert(0, nbformat.v4.new_code_cell(STYLE.rstrip()))
    if repository and commit:
        cells.insert(0, nbformat.v4.new_code_cell(COLAB.format(repository=repository, commit=commit)))
    for index, cell in enumerate(cells):
        cell.id = sha256(f"{Path(page).stem} {index}".encode()).hexdigest()[:8]
    nb.cells = cells
    return nb


def _name(page):
    """Return a page's name as the book has it, or its own where it is none of the book's."""
    path = Path(page).resolve()
    return path.relative_to(ROOT).with_suffix("").as_posix() if path.is_relative_to(ROOT) else path.stem


def _quoted(name, form, numbers):
    """Return what the page shows for a {glue:text} role, or an ellipsis if the number is not known."""
    if name not in numbers:
        return UNKNOWN
    text = numbers[name]["data"]["text/plain"]
    return format(ast.literal_eval(text), form) if form else text.strip("'")


def write(page, target):
    """Write the page's notebook to `target`; say whether there was one."""
    glued = ROOT / "_build" / "jupyter_execute" / Path(page).resolve().relative_to(ROOT).with_suffix(".glue.json")
    numbers = json.loads(glued.read_text("utf-8")) if glued.is_file() else {}
    nb = notebook(page, gdcourse_address.repository(), gdcourse_address.commit(), numbers)
    if nb is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, target)
    return nb is not None


if __name__ == "__main__":
    folders = [name for name in sys.argv[1:] if name != "--missing"]
    for page in sorted(page for folder in folders for page in Path(folder).rglob("*.md")):
        target = page.with_suffix(".ipynb")
        if not ("--missing" in sys.argv and target.exists()):
            write(page, target)
