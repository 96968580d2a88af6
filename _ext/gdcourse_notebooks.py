"""Turn a page into the notebook a reader downloads: the same cells, no outputs, and its figures' style.

    python _ext/gdcourse_notebooks.py chapters      writes an .ipynb beside every page that has code
"""

import sys
from hashlib import sha256
from pathlib import Path

import gdcourse_address
import jupytext
import nbformat

COLAB = """\
# On Colab: install the package this page was written with. Elsewhere this cell does nothing.
import sys

if "google.colab" in sys.modules:
    %pip install --quiet "gdcourse[widgets] @ git+{repository}@{commit}"
"""


def notebook(page, repository="", commit=""):
    """Return the page as an nbformat notebook without outputs, or None if it has no code to run.

    With a repository and a commit, a first cell installs the package of that commit on Colab.
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
    return nb


def write(page, target):
    """Write the page's notebook to `target`; say whether there was one."""
    nb = notebook(page, gdcourse_address.repository(), gdcourse_address.commit())
    if nb is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, target)
    return nb is not None


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        for page in sorted(Path(folder).rglob("*.md")):
            write(page, page.with_suffix(".ipynb"))
