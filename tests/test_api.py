"""The package's reference in the book: every module is in it, docstrings become fields, names lead to their entries."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import gdcourse_api  # noqa: E402

ELSEWHERE = {  # modules of the row, and folders, that are not a reader's
    "_validate", "_threads", "__main__", "book", "carried", "widgets", "grading", "checks",
}  # fmt: skip


def rst(docstring, what=None):
    """Return what Sphinx is given of a docstring."""
    lines = docstring.split("\n")
    gdcourse_api.as_rst(None, "function", "f", what, None, lines)
    return "\n".join(lines)


def test_a_docstring_becomes_fields_that_say_the_same():
    def heavy(beta, eps):
        """Heavy ball, *with* a_ and |bars|; see `descend`.

        v <- beta * v + g;  theta <- theta - lr * v

        Args: beta: memory in [0, 1); 0 is none; eps: a number: small. Returns: an Optimizer.
        Raises: ValueError out of range.
        Example:
            >>> heavy(0.5, 1)
            1
        """

    text = rst(heavy.__doc__, heavy)
    assert r"Heavy ball, \*with\* a\_ and \|bars\|; see ``descend``." in text
    assert ".. code-block:: text\n\n   v <- beta * v + g;  theta <- theta - lr * v" in text
    assert ":Args:\n\n   - **beta**: memory in [0, 1); 0 is none\n\n   - **eps**: a number: small.\n" in text
    assert ":Returns: an Optimizer." in text and ":Raises: ValueError out of range." in text
    assert ":Example:\n\n   >>> heavy(0.5, 1)\n   1" in text


def test_no_word_of_any_docstring_is_lost():
    """Of every public function: what Sphinx is given has the docstring's words in their order."""

    def words(text):
        return re.findall(r"[A-Za-z0-9]+", re.sub(r"\.\. code-block:: text", "", text))

    checked = 0
    for path in sorted((ROOT / "gdcourse").glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and ast.get_docstring(node):
                names = [a.arg for a in (*node.args.args, *node.args.kwonlyargs)]
                exec(f"def f({', '.join(names)}): pass", made := {})
                assert words(rst(ast.get_docstring(node), made["f"])) == words(ast.get_docstring(node)), node.name
                checked += 1
    assert checked > 150


def test_every_module_for_readers_has_its_entry_once():
    pages = "".join(path.read_text("utf-8") for path in sorted((ROOT / "chapters").glob("api*.md")))
    found = re.findall(r"^\.\. automodule:: gdcourse\.(\S+)$", pages, re.MULTILINE)
    modules = {path.stem for path in (ROOT / "gdcourse").glob("*.py")} | {"evidence"}
    modules |= {f"evidence.{path.stem}" for path in (ROOT / "gdcourse" / "evidence").glob("*.py")}
    assert sorted(found) == sorted({m for m in modules if not m.endswith("__init__")} - ELSEWHERE
                                   | {"checks", "checks.exercise"})  # fmt: skip


MODULE = '''"""Two functions."""

def smooth(x, width=3):
    """Return x, smoothed.

    Args: x: (n,); width: at least 1. Returns: (n,).
    """
    return x


def sharp_edge(x):
    """Return x, sharpened by `smooth`."""
    return x
'''
PAGE = '''---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A page

Call `smooth`, `blur.sharp_edge`, `sharp_edge(x)` or `gdcourse.blur`, but mind `width` and `other`.

```{code-cell} ipython3
from gdcourse import blur
from gdcourse.blur import sharp_edge, smooth

sharp_edge = blur.sharp_edge
other = dict(smooth=smooth(1))
```
'''


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Build a book of a page and a module's reference, strictly, where the repository is known. Returns: its pages."""
    folder = tmp_path_factory.mktemp("api")
    for name in ("_ext", "assets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "gdcourse", folder / "gdcourse", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "gdcourse" / "blur.py").write_text(MODULE)
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "chapters").mkdir()
    shutil.copy(ROOT / "chapters" / "references.bib", folder / "chapters")
    (folder / "chapters" / "page.md").write_text(PAGE)
    (folder / "chapters" / "api.md").write_text("# Api\n\n```{eval-rst}\n.. automodule:: gdcourse.blur\n```\n")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: chapters/page\nchapters:\n  - file: chapters/api\n")
    done = subprocess.run(
        [Path(sys.executable).parent / "jupyter-book", "build", ".", "--path-output", ".", "-n", "-W", "--keep-going"],
        cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(folder), "GDCOURSE_REPOSITORY": "https://github.com/some/fork",
             "GDCOURSE_COMMIT": "0123abc"})  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    site = folder / "_build" / "html" / "chapters"
    return {name: BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser") for name in ("page", "api")}


def test_an_entry_has_its_parts_and_leads_to_its_source(book):
    entry = book["api"].find(id="gdcourse.blur.smooth").parent
    assert [dt.text.strip(":") for dt in entry.select("dl.field-list dt")] == ["Args", "Returns"]
    lines = {node.name: node.lineno for node in ast.parse(MODULE).body if isinstance(node, ast.FunctionDef)}
    for name, line in lines.items():
        (link,) = book["api"].find(id=f"gdcourse.blur.{name}").select("a[href*='/blob/']")
        assert link["href"] == f"https://github.com/some/fork/blob/0123abc/gdcourse/blur.py#L{line}"
    assert book["api"].select_one("a.api[href='#gdcourse.blur.smooth'] code")


def test_names_in_text_lead_to_their_entries_and_others_do_not(book):
    links = {link.text: link["href"] for link in book["page"].select("article p a.api")}
    edge, home = "api.html#gdcourse.blur.sharp_edge", "api.html#module-gdcourse.blur"
    assert links == {"smooth": "api.html#gdcourse.blur.smooth", "blur.sharp_edge": edge, "sharp_edge(x)": edge,
                     "gdcourse.blur": home}  # fmt: skip


def test_names_in_code_lead_to_their_entries_unless_a_cell_has_made_them_its_own(book):
    links = [(link.text, link["href"].partition("#")[2]) for link in book["page"].select(".cell_input pre a.api")]
    assert links == [("blur", "module-gdcourse.blur"), ("gdcourse.blur", "module-gdcourse.blur"),
                     ("smooth", "gdcourse.blur.smooth"), ("blur.sharp_edge", "gdcourse.blur.sharp_edge"),
                     ("smooth", "gdcourse.blur.smooth")]  # neither sharp_edge nor the argument's name  # fmt: skip
