"""Turn a page into the notebook a reader downloads: the same cells, no outputs, and the numbers in its sentences.

    python _ext/gdcourse_notebooks.py chapters      writes an .ipynb beside every page that has code;
                                                    with --missing, only where there is none

The numbers are those of the last build of the book, and stay references to cells where there was none.
"""

import ast
import json
import re
import sys
from hashlib import sha256
from pathlib import Path

import gdcourse_address
import jupytext
import nbformat

ROOT = Path(__file__).resolve().parent.parent
COLAB = """\
# On Colab: install the package this page was written with. Elsewhere this cell does nothing.
import sys

if "google.colab" in sys.modules:
    %pip install --quiet "gdcourse[widgets] @ git+{repository}@{commit}"
"""
GLUED = re.compile(r"\{glue:text\}`([\w-]+)(?::([^`]*))?`")


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
    if repository and commit:
        nb.cells.insert(0, nbformat.v4.new_code_cell(COLAB.format(repository=repository, commit=commit)))
    for index, cell in enumerate(nb.cells):
        cell.id = sha256(f"{Path(page).stem} {index}".encode()).hexdigest()[:8]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = GLUED.sub(lambda quote: _quoted(quote, numbers or {}), cell.source)
    return nb


def _quoted(quote, numbers):
    """Return what the page shows for a {glue:text} role, or the role itself if the number is not known."""
    name, form = quote.groups()
    if name not in numbers:
        return quote[0]
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
