"""Take a submission in: whatever a student's folder holds, out comes a notebook of ours with her words in it.

Nothing of a submission is trusted but the text of its cells. The notebook is rebuilt from the one that was handed out:
her text in the solution cells, found by their `grade_id`; her own cells where she put them; everything else ours (test
cells, metadata, tags, outputs, attachments, kernel). What cannot be read is rejected, with a reason to act on.
"""

import copy
import functools
import json
import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from gdcourse.grading.assign import page, release_notebook

FILE = 32_000_000  # bytes of a notebook, its figures included
VALUES = {b"[": 300_000, b"{": 300_000, b",": 3_000_000}  # more of these is no notebook, and fills the memory
CELLS, TEXT = 1_000, 2_000_000  # cells, and characters in all of them
UNREAD = "not-graded"  # id of the cell that says why nothing was run
TAG = re.compile(r"<(?=[A-Za-z/!?])")
LINK = re.compile(r"(\]\(\s*<?|^[ >]*\[[^\]\n]+\]:\s*<?)(?!https?://|#|<)", re.MULTILINE)
NEW = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


class Skeleton(NamedTuple):
    """An assignment as it was handed out. marked: {grade_id: cell}; free: {(type, text): cell} of the others."""

    ps: str
    notebook: nbformat.NotebookNode
    marked: dict
    free: dict


class Submission(NamedTuple):
    """What became of a folder. status: "" if it can be run, else "rejected", "missing" or "grader error"."""

    status: str
    reason: str
    notebook: nbformat.NotebookNode
    timestamp: str | None = None


class Rejected(Exception):
    """A submission that cannot be run; the message says why."""


class Missing(Rejected):
    """A submission without a notebook."""


def skeleton(course, ps):
    """Return the Skeleton of an assignment, from its page."""
    path = page(course, ps)
    return _skeleton(path, path.read_bytes(), ps)


@functools.lru_cache(maxsize=4)
def _skeleton(path, content, ps):
    notebook = release_notebook(path)
    marked = {c.metadata["nbgrader"]["grade_id"]: c for c in notebook.cells if "nbgrader" in c.metadata}
    free = {(c.cell_type, c.source): c for c in notebook.cells if "nbgrader" not in c.metadata}
    return Skeleton(ps, notebook, marked, free)


def read(folder, ours):
    """Return the Submission in a folder. Whatever is wrong with it is a status, never an exception."""
    notes, timestamp = [], None
    try:
        path, timestamp = _files(Path(folder), ours.ps, notes)
        notebook, more = rebuild(_parsed(_content(path, FILE)), ours)
        return Submission("", three_lines(notes + more), notebook, timestamp)
    except Rejected as why:
        status = "missing" if isinstance(why, Missing) else "rejected"
        return Submission(status, three_lines([str(why)]), unread(ours, str(why)), timestamp)
    except OSError as error:
        why = f"{Path(folder).name} cannot be read: {error.strerror or type(error).__name__}."
        return Submission("rejected", why, unread(ours, why), timestamp)
    except Exception as error:  # of ours, or no memory: nobody's fault, so nobody's zero
        why = f"could not be taken in: {type(error).__name__}."
        return Submission("grader error", why, unread(ours, why), timestamp)


def three_lines(notes, width=200):
    """Write notes on at most three lines, one each as long as there is room."""
    lines = ["".join(c if c.isprintable() else "?" for c in " ".join(note.split()))[:width] for note in notes]
    return "\n".join(lines if len(lines) <= 3 else [*lines[:2], " ".join(lines[2:])[:width]])


def unread(ours, why):
    """Return the notebook that stands for a submission nobody could read: nothing in it but the reason."""
    notebook = copy.deepcopy(ours.notebook)
    notebook.cells.insert(0, new_markdown_cell(f"**This submission could not be graded.** {why}", id=UNREAD))
    for cell in notebook.cells:
        if kind_of(cell) == "test":
            cell.outputs = [nbformat.v4.new_output("error", ename="NotGraded", evalue=why, traceback=[why])]
    return notebook


def kind_of(cell):
    """Return what a cell of a rebuilt notebook is: "test", "readonly", "manual", "solution" or "free"."""
    mark = cell.metadata.get("nbgrader")
    if not mark:
        return "free"
    if mark["solution"]:
        return "manual" if mark["grade"] else "solution"
    return "test" if mark["grade"] else "readonly"


def job_cells(notebook):
    """Return the code cells of a rebuilt notebook as a job wants them."""
    return [{"source": c.source, "kind": {"manual": "solution"}.get(kind_of(c), kind_of(c)),
             "grade_id": c.metadata.get("nbgrader", {}).get("grade_id")}
            for c in notebook.cells if c.cell_type == "code"]  # fmt: skip


# Files


def _files(folder, ps, notes):
    """Return (the notebook's path, the time of handing in or None)."""
    if any(path.is_symlink() for path in (folder.parent, folder)):
        raise Rejected("the folder is a link to somewhere else. Ask for the notebook itself.")
    if not folder.is_dir():
        raise Missing(f"there is no folder {folder.parent.name}/{folder.name}.")
    names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    notebooks = [name for name in names if name.lower().endswith(".ipynb")]
    wanted = f"{ps}.ipynb"
    timestamp = _timestamp(folder / "timestamp.txt", notes) if "timestamp.txt" in names else None
    if not notebooks:
        there = _some(names) or "nothing"
        raise Missing(f"there is no notebook in the folder, only {there}.")
    if wanted not in notebooks and len(notebooks) > 1:
        raise Rejected(f"none of the notebooks is called {wanted}: {_some(notebooks)}. Keep one, under that name.")
    if wanted not in notebooks:
        notes.append(f"the notebook was called {notebooks[0]}.")
    other = [name for name in names if name not in (wanted, notebooks[0], "timestamp.txt")]
    if other:
        notes.append(f"other files are not used: {_some(other)}.")
    return folder / (wanted if wanted in notebooks else notebooks[0]), timestamp


def _some(names):
    printable = ["".join(c if c.isprintable() else "?" for c in name)[:60] for name in names[:4]]
    return ", ".join(printable) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _content(path, limit):
    """Return the bytes of an ordinary file. A link is not followed, a device not opened, no more read than allowed."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Rejected(f"{_some([path.name])} is a link, folder or device, not a file. Ask for the notebook itself.")
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Rejected(f"{_some([path.name])} is larger than {limit // 1_000_000} MB. "
                       "Clear its outputs (Edit, Clear Outputs of All Cells) and hand it in again.")  # fmt: skip
    return content


def _timestamp(path, notes):
    from nbgrader.utils import parse_utc

    try:
        text = _content(path, 200).decode().strip()
        return parse_utc(text).isoformat(" ") if text else None
    except (Rejected, OSError, ValueError, OverflowError, TypeError):
        notes.append("timestamp.txt holds no date, so that nobody knows whether it was late.")
        return None


# The notebook's text


def _parsed(content):
    if any(content.count(mark) > limit for mark, limit in VALUES.items()):
        raise Rejected("the file holds more values than any notebook does. Clear its outputs and hand it in again.")
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Rejected("the notebook is not text in UTF-8. Download it from Jupyter again.") from None
    except ValueError as error:
        where = f", in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        empty = "is empty" if not content.strip() else f"is damaged{where}"
        raise Rejected(f"the notebook {empty}: it does not open in Jupyter either. Ask for it again.") from None
    except RecursionError:
        raise Rejected("the notebook is nested thousands deep, which no notebook is. Ask for it again.") from None


def _cells(raw, notes):
    """Return [(type, text, grade_id or None)] of a parsed notebook."""
    if not isinstance(raw, dict):
        raise Rejected("the file is no notebook. Download it from Jupyter again.")
    if isinstance(raw.get("refused"), str):  # left by collect.py in place of an archive
        raise Rejected(raw["refused"])
    version, cells = raw.get("nbformat"), raw.get("cells")
    if version == 3:
        sheets = raw.get("worksheets")
        notes.append("the notebook was in the old format 3.")
        cells = [c for sheet in sheets if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
                 for c in sheet["cells"]] if isinstance(sheets, list) else None  # fmt: skip
    elif version != 4:
        raise Rejected(f"the notebook is of format {str(version)[:20]}, and 4 is expected. "
                       "Open it in a current Jupyter, save it, and hand it in again.")  # fmt: skip
    if not isinstance(cells, list) or not cells:
        raise Rejected("there are no cells in the notebook. Ask for it again.")
    if len(cells) > CELLS:
        raise Rejected(f"the notebook has {len(cells):,} cells, and {CELLS:,} are enough. Remove those not needed.")
    read = [_cell(cell, number) for number, cell in enumerate(cells, 1)]
    if sum(len(text) for _, text, _ in read) > TEXT:
        raise Rejected("there are more than two million characters in its cells. Remove data typed into them.")
    return read


def _cell(cell, number):
    source = cell.get("source", cell.get("input", "")) if isinstance(cell, dict) else None
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    kind = "markdown" if kind == "heading" else kind
    if not isinstance(source, str) or not isinstance(kind, str) or kind not in NEW:
        raise Rejected(f"cell {number} is not a notebook's cell. Ask for the notebook again.")
    text = source.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    mark = cell.get("metadata")
    for key in ("nbgrader", "grade_id"):
        mark = mark.get(key) if isinstance(mark, dict) else None
    return kind, text, mark if isinstance(mark, str) and mark else None


def rebuild(raw, ours):
    """Return (our notebook with a student's text in it, [notes]).

    Her cells keep their order. Of cells with the same id the last one counts, as it does for nbgrader, and the others
    are cells of her own. What is missing is put back behind the cell it used to follow.

    Args: raw: the parsed JSON of a notebook; ours: the Skeleton. Raises: Rejected.
    """
    notes = []
    cells = _cells(raw, notes)
    last = {name: index for index, (_, _, name) in enumerate(cells) if name in ours.marked}
    if not any(kind_of(ours.marked[name]) in ("solution", "manual") for name in last):
        raise Rejected(f"none of the answers asked for in {ours.ps} is in the notebook: is it another assignment's, or "
                       "was it saved by a program that drops the cells' marks?")  # fmt: skip
    built, kept, found = [], {}, {"changed": [], "twice": [], "retyped": [], "unknown": []}
    for index, (kind, text, name) in enumerate(cells):
        if name not in last or last[name] != index:
            found["twice" if name in last else "unknown"] += [name] if name else []
            built.append(_free(kind, text, ours, len(built)))
            continue
        cell = kept[name] = copy.deepcopy(ours.marked[name])
        built.append(cell)
        if kind != cell.cell_type:
            found["retyped"].append(name)
        if kind_of(cell) in ("solution", "manual"):
            cell.source = text
        elif text.strip() != cell.source.strip():
            found["changed"].append(name)
    missing = [name for name in ours.marked if name not in kept]
    _put_back(built, kept, missing, ours)
    book = nbformat.v4.new_notebook(cells=built, metadata=copy.deepcopy(ours.notebook.metadata))
    says = {"missing": "put back because they were missing", "changed": "put back as they were handed out",
            "twice": "there more than once, of which the last counts", "retyped": "of another type, and set right",
            "unknown": "not of this assignment, and taken as her own"}  # fmt: skip
    found["missing"] = missing
    notes += [f"cells {what}: {_some(list(dict.fromkeys(found[key])))}." for key, what in says.items() if found[key]]
    if any("attachment:" in cell.source for cell in built if kind_of(cell) == "manual"):
        notes.append("pictures pasted into an answer are not kept: look at the notebook as it was handed in.")
    for cell in built:
        if cell.cell_type == "markdown" and kind_of(cell) != "readonly" and ("markdown", cell.source) not in ours.free:
            cell.source = inert(cell.source)
    return book, notes


def inert(text):
    """Return Markdown without tags, and with no links but to the web: formgrader would run them with your rights.

    Pictures beside the notebook and pasted into it are not there any more; a link to one would stop nbconvert.
    """
    return TAG.sub("< ", LINK.sub(r"\1#", text))


def _free(kind, text, ours, index):
    known = ours.free.get((kind, text))
    cell = copy.deepcopy(known) if known else NEW[kind](text)
    cell.id = f"free-{index}"
    return cell


def _put_back(built, kept, missing, ours):
    order = list(ours.marked)
    for name in missing:
        cell = kept[name] = copy.deepcopy(ours.marked[name])
        before = order.index(name) - 1
        place = next(i for i, c in enumerate(built) if c is kept[order[before]]) + 1 if before >= 0 else 0
        built.insert(place, cell)
