"""Put Python into the site: the runtime's files, and in each page what it needs to run its cells.

Written to `python/` in the site, and fetched by a page when a reader asks for it (page/python.js):

    pyodide.js, pyodide.asm.js, pyodide.asm.wasm, python_stdlib.zip, lock.json    CPython itself
    numpy.zip, matplotlib.zip      without their tests, headers and sample data
    gdcourse.zip                   this checkout's package, what runs cells, and scikit-learn's three sets
    offline/NAME.js                each of these as a script, because a page opened from a disk may fetch nothing else
    pages/NAME.js                  the cells of one page; for an assignment its exercises and its notebook too

Everything comes from page/vendor. A book built without that folder has no buttons and says so once.
"""

import base64
import gzip
import io
import json
import re
import sys
import zipfile
from functools import cache
from hashlib import sha256
from pathlib import Path

import gdcourse_assignments
import jupytext
import numpy as np
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from gdcourse import checks
from gdcourse.checks.book import EQUATIONS, SECTIONS

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "page"
sys.path.insert(0, str(PAGE))

CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
SCRIPTS = ("engine.js", "cells.js", "verdict.js", "work.js", "start.js")  # one script, in this order
LOCK = {
    "info": {"arch": "wasm32", "platform": "emscripten_3_1_58", "version": "0.27.7", "python": "3.12.7",
             "abi_version": "2024_0"},
    "packages": {},
}  # fmt: skip
LEFT_OUT = re.compile(
    r"(^|/)(tests?|include|f2py|distutils|_pyinstaller|sample_data|fonts/(afm|pdfcorefonts)|images)/|\.(pyi|pxd|a|c|h)$"
    r"|mpl-data/fonts/ttf/(?!DejaVuSans)|/(RECORD|WHEEL|INSTALLER)$|^PIL/_(webp|imagingcms|imagingmath|imagingft|imagingtk|avif)"
    r"|^mpl_toolkits/|mpl-data/plot_directive|matplotlib/(testing|sphinxext|backends/(web_backend|qt_editor|backend_(?!svg|agg|mixed)))"
)
UNUSED = ("gdcourse/grading", "gdcourse/widgets")  # by a page
NOT_HERE = re.compile(r"gdcourse\.(widgets|grading)|evidence\.constrained|\bsklearn\.(?!datasets)|\b(IPython|torch)\b")


def _zip(files):
    """Return a zip of {name: bytes}, the same bytes every time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), files[name], zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def _wheels(*names):
    files = {}
    for name in names:
        (path,) = (PAGE / "vendor" / "wheels").glob(f"{name}-*.whl")
        with zipfile.ZipFile(path) as wheel:
            files |= {entry: wheel.read(entry) for entry in wheel.namelist()
                      if not entry.endswith("/") and not LEFT_OUT.search(entry)}  # fmt: skip
    return files


def sets():
    """Return scikit-learn's three sets as an .npz file: a digit's pixels are whole numbers from 0 to 16."""
    from sklearn import datasets

    arrays, files = {}, {}
    for name, bunch in (("digits", datasets.load_digits()), ("diabetes", datasets.load_diabetes(scaled=False)),
                        ("breast_cancer", datasets.load_breast_cancer())):  # fmt: skip
        whole = np.array_equal(bunch.data, bunch.data.astype(np.uint8))
        arrays |= {f"{name}_data": bunch.data.astype(np.uint8) if whole else bunch.data,
                   f"{name}_target": bunch.target, f"{name}_features": np.array(bunch.feature_names)}  # fmt: skip
    for name, array in arrays.items():
        out = io.BytesIO()
        np.save(out, array)
        files[f"{name}.npy"] = out.getvalue()
    return _zip(files)


def package():
    """Return what gdcourse.zip holds, as {name: bytes}."""
    files = {
        path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sorted((ROOT / "gdcourse").rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
        and not path.relative_to(ROOT).as_posix().startswith(UNUSED)
    }  # fmt: skip
    files |= {f"sklearn/{path.name}": path.read_bytes() for path in (PAGE / "sets").glob("*.py")}
    files["sklearn/sets.npz"] = sets()
    for path in (PAGE / "gdcourse_page.py", ROOT / "_ext" / "gdcourse_svg.py"):
        files[path.name] = path.read_bytes()
    return files


@cache
def runtime():
    """Return the runtime's files as {name: bytes}, or nothing where it is not there."""
    if not all((PAGE / "vendor" / "pyodide" / name).is_file() for name in CORE):
        return {}
    files = {name: (PAGE / "vendor" / "pyodide" / name).read_bytes() for name in CORE}
    files["lock.json"] = json.dumps(LOCK).encode()
    files["numpy.zip"] = _zip(_wheels("numpy"))
    files["matplotlib.zip"] = _zip(_wheels("matplotlib", "contourpy", "cycler", "kiwisolver", "packaging", "pillow",
                                           "pyparsing", "python_dateutil", "six"))  # fmt: skip
    files["gdcourse.zip"] = _zip(package())
    return files


def write(folder):
    """Write the runtime to a folder, and beside it every file as a script."""
    (folder / "offline").mkdir(parents=True, exist_ok=True)
    for name, data in runtime().items():
        (folder / name).write_bytes(data)
        packed = base64.b64encode(data if name.endswith(".zip") else gzip.compress(data, 9, mtime=0)).decode()
        (folder / "offline" / f"{name}.js").write_text(f'gdcourseFile("{name}", "{packed}")\n')


def script():
    """Return the one script of the pages, with the worker's text inside."""
    parts = [(PAGE / name).read_text("utf-8") for name in SCRIPTS]
    worker = json.dumps((PAGE / "worker.js").read_text("utf-8"))
    return "".join(["(() => {\n\"use strict\"\n", f"const WORKER = {worker}\n", *parts, "})()\n"])


# Chapters: every visible cell that can run is marked, and the page's cells are written beside it.


class Mark(SphinxPostTransform):
    """Give each code cell that can run in the page a class that says its number."""

    default_priority = 3
    formats = ("html",)

    def run(self, **kwargs):
        if not runtime():
            return
        cells = chapter_cells(self.env.doc2path(self.env.docname))
        for node in self.document.findall(nodes.container):
            if node.get("nb_element") == "cell_code":
                number = node.get("cell_index")
                if can_run(cells, number):
                    node["classes"].append(f"gd-run-{number}")


@cache
def chapter_cells(path):
    """Return the texts of a notebook's cells by their index in it, empty for what is not code."""
    text = Path(path).read_text("utf-8")
    if not re.match(r"---\n.*?kernelspec:", text, re.DOTALL):
        return []
    book = jupytext.reads(text, fmt="md:myst")
    return [cell.source if cell.cell_type == "code" else "" for cell in book.cells]


def can_run(cells, number):
    """Tell whether a page can run a cell: whether it and those that it needs ask for nothing that is not there."""
    from gdcourse_page import needed

    return number is not None and number < len(cells) and bool(cells[number].strip()) and not any(
        NOT_HERE.search(cells[n]) for n in needed(cells, number))


def page_name(docname):
    return docname.replace("/", "__")


def page_context(app, pagename, templatename, context, doctree):
    """Give a page that can run Python its script, and write its cells."""
    body = context.get("body") or ""
    if not runtime() or "gd-run-" not in body:
        return
    record = assignment_record(app, pagename) if is_assignment(pagename) else {
        "cells": chapter_cells(app.env.doc2path(pagename))}  # fmt: skip
    text = f"gdcoursePage = {json.dumps(record, ensure_ascii=False)}\n"
    folder = Path(app.outdir, "python", "pages")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{page_name(pagename)}.js").write_text(text, "utf-8")
    app.add_css_file("python.css")
    if is_assignment(pagename):  # has its boxes before it is painted
        app.add_js_file(f"../python/pages/{page_name(pagename)}.js", loading_method="defer")
    else:  # asks for them when a button is pressed, by their hash
        hashed = sha256(text.encode()).hexdigest()[:10]
        app.add_js_file(None, body=f'document.documentElement.dataset.cells = "{hashed}"')
    app.add_js_file("python.js", loading_method="defer")


# Assignments: a page for each, made from exercises/psNN.md.


def is_assignment(docname):
    return docname.startswith("exercises/")


def read_assignment(app, docname, source):
    """Turn an assignment's notebook into a page: its text as it is, its cells as the page's own."""
    if not is_assignment(docname):
        return
    path = Path(app.env.doc2path(docname))
    app.env.note_dependency(__file__)
    release = gdcourse_assignments.release(path)
    if not runtime():
        texts = [c.source if c.cell_type == "markdown" else f"```python\n{c.source}\n```" for c in release.cells]
        source[0] = "\n\n".join([*texts, f"Take {{assignment}}`{path.stem}` and write your functions there."])
        return
    parts = []
    for number, cell in enumerate(release.cells):
        mark = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and mark.get("solution"):
            parts.append(_raw(f'<div class="gd-words" data-cell="{mark["grade_id"]}"></div>'))
        elif cell.cell_type == "markdown":
            parts.append(cell.source)
        elif mark.get("grade") and not mark.get("solution"):
            continue
        elif re.fullmatch(r"check\([\w, ]+\)", cell.source.strip()):
            continue  # a button
        elif mark and not mark.get("solution"):
            parts.append(f"```python\n{cell.source}\n```")  # what every cell starts from
        else:
            kind = "gd-solution" if mark else "gd-given"
            parts.append(f"````{{container}} gd-cell {kind} gd-run-{number}\n```python\n{cell.source}\n```\n````")
    opening = OPENING.format(notebook=f"{{assignment}}`{path.stem}`")
    if any('class="gd-words"' in part for part in parts):
        opening += "Answers in words are read by a person.\n"
    for said in OF_NOTEBOOKS:
        paragraph = re.compile(rf"^{re.escape(said)}.*?(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)
        parts[0], found = paragraph.subn(opening, parts[0])
        opening = ""
        if not found:
            logger.warning("%s has no paragraph that begins with %r", path.name, said, location=docname)
    parts[-1] = re.sub(r"^When all the graded cells are quiet.*", "", parts[-1], flags=re.DOTALL | re.MULTILINE)
    source[0] = "\n\n".join([*parts, _raw('<div class="gd-hand-in"></div>')])


OF_NOTEBOOKS = ("Each part says what to write", "At any time `check(your_function)`", "**What you need.**")
"""How the paragraphs begin that speak of a notebook's cells; the page says in place of the first how it works here."""
OPENING = """\
Each part says what to write and what it is worth. Write in the boxes. *Run* shows what your code does; *Check* says
what is right, what is not, and often which mistake it looks like. It tries your function on numbers drawn anew each
time, and a solution that is half right earns half its points. What passes here passes when it is graded. Python runs in
this page: nothing needs to be installed, and what you write stays in this browser. With the keyboard, Escape and then
Tab leaves a box. At the end, *Hand in* saves it as a notebook. You may as well take {notebook} to a Jupyter of your own
and work there; it is the same assignment.
"""


def _raw(html):
    return f"```{{raw}} html\n{html}\n```"


def assignment_record(app, docname):
    """Return what an assignment's page needs: its cells, its exercises, where the book's places are, its notebook."""
    path = Path(app.env.doc2path(docname))
    release = gdcourse_assignments.release(path)
    assignment, cells = checks.assignment(path.stem), [c.source if c.cell_type == "code" else "" for c in release.cells]
    ids = {cell.metadata.get("nbgrader", {}).get("grade_id"): number for number, cell in enumerate(release.cells)}
    exercises = []
    for exercise in assignment.exercises:
        where = [n for n, cell in enumerate(release.cells) if cell.metadata.get("nbgrader", {}).get("solution")
                 and any(re.search(rf"^(def|class) {name}\b", cell.source, re.MULTILINE) for name in exercise.names)]
        exercises.append({"names": exercise.names, "points": exercise.points, "cells": where})
    solutions = {number: name for name, number in ids.items()
                 if name and release.cells[number].metadata["nbgrader"]["solution"]}  # fmt: skip
    used = {m.see for exercise in assignment.exercises for m in exercise.mistakes if m.see}
    return {
        "ps": path.stem, "cells": cells, "exercises": exercises, "solutions": solutions,
        "places": {label: place(app, docname, label) for label in sorted(used)}, "notebook": release,
    }  # fmt: skip


def place(app, docname, label):
    """Return the address of an equation or a heading of the book, seen from a page, and what it is called."""
    if label in SECTIONS:
        page, anchor, _ = app.env.get_domain("std").labels.get(label, ("", "", ""))
        text = 'Chapter {1}, "{0}"'.format(*SECTIONS[label])
    else:
        page, anchor = app.env.get_domain("math").equations.get(label, ("", ""))[0], f"equation-{label}"
        text = f"Equation ({EQUATIONS[label]})"
    if not page:
        logger.warning("an exercise points to %s, which no page of the book has", label, location=docname)
        return [text, ""]
    return [text, app.builder.get_relative_uri(docname, page) + f"#{anchor}"]


def shared():
    """Return what all pages share besides the runtime, as {name: bytes}."""
    return {
        "python.js": script().encode(),
        "python.css": (PAGE / "python.css").read_bytes(),
        "codemirror.js": (PAGE / "vendor" / "codemirror.js").read_bytes(),
    }


def prepare(app, config):
    """Write what all pages share where Sphinx finds it, or say once that there is no Python for the pages."""
    if not runtime():
        logger.info("The pages cannot run Python: page/vendor is not there (python _ext/vendor_python.py makes it).")
        return
    folder = Path(app.outdir).resolve().parent / "python"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in shared().items():
        (folder / name).write_bytes(data)
    config.html_static_path.append(str(folder))


def finish(app, exception):
    """Write the runtime into the site; and what pages share once more, for Sphinx copies it only if one has changed."""
    if exception or app.builder.name != "html" or not runtime():
        return
    folder = Path(app.outdir, "python")
    write(folder)
    for name, data in shared().items():
        Path(app.outdir, "_static", name).write_bytes(data)
    for name in ("pyodide/LICENSE", "codemirror.LICENSE"):
        (folder / name.replace("/", ".")).write_bytes((PAGE / "vendor" / name).read_bytes())


def setup(app):
    """Register everything above."""
    app.add_post_transform(Mark)
    app.connect("config-inited", prepare)
    app.connect("source-read", read_assignment)
    app.connect("html-page-context", page_context, priority=600)
    app.connect("build-finished", finish, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
