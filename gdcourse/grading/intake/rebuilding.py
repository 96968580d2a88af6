"""Take a submission in: whatever a student's folder holds, out comes a notebook of ours with her words in it.

Nothing of a submission is trusted but the text of its cells. The notebook is rebuilt from the one that was handed out:
her text in the solution cells, found by their `grade_id`; her own cells where she put them; everything else ours (test
cells, metadata, tags, outputs, attachments, kernel). What cannot be read is rejected, with a reason to act on.
"""

import copy
import functools
import os
from pathlib import Path
from typing import NamedTuple

import nbformat

from gdcourse.grading.authoring.assign import page, release_notebook
from gdcourse.grading.intake.notebook_file import NEW, Missing, Rejected, cells_of, find, parsed, some
from gdcourse.grading.intake.showing import as_text, inert

UNREAD = "not-graded"  # id of the cell that says why nothing was run


class Skeleton(NamedTuple):
    """An assignment as it was handed out. marked: {grade_id: cell}; free: {(type, text): cell} of the others."""

    ps: str
    notebook: nbformat.NotebookNode
    marked: dict
    free: dict


class Submission(NamedTuple):
    """What became of a folder. status: "" if it can be run, else "rejected", "missing" or "grader error".

    The student reads the reason of the first two, the instructor alone that of the third.
    """

    status: str
    reason: str
    notebook: nbformat.NotebookNode
    timestamp: str | None = None


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
        path, timestamp = find(Path(folder), ours.ps, notes)
        notebook, more = rebuild(parsed(path), ours)
        return Submission("", three_lines(notes + more), notebook, timestamp)
    except Rejected as why:
        status = "missing" if isinstance(why, Missing) else "rejected"
        return Submission(status, three_lines([str(why)]), unread(ours, str(why)), timestamp)
    except OSError as error:  # of this machine: the instructor's to mend, so nobody's zero
        path = os.path.relpath(error.filename or folder, Path(folder).absolute().parents[2])
        advice = " Make it readable: chmod u+rX." if isinstance(error, PermissionError) else ""
        why = three_lines([f"{path} cannot be read: {error.strerror or type(error).__name__}.{advice}"])
        return Submission("grader error", why, unread(ours, why), timestamp)
    except Exception as error:  # of ours, or no memory: nobody's fault, so nobody's zero
        why = f"could not be taken in: {type(error).__name__}."
        return Submission("grader error", why, unread(ours, why), timestamp)


def three_lines(notes, width=200):
    """Write notes on at most three lines, one each as long as there is room."""
    lines = ["".join(c if c.isprintable() else "?" for c in " ".join(note.split()))[:width] for note in notes]
    return "\n".join(lines if len(lines) <= 3 else [*lines[:2], " ".join(lines[2:])[:width]])


def unread(ours, why):
    """Return the notebook that stands for a submission nobody could read: nothing in it but the reason."""
    notebook, why = copy.deepcopy(ours.notebook), three_lines([why], 600)  # it may quote a file's name, or her words
    notebook.cells.insert(0, NEW["markdown"](f"**This submission could not be graded.** {inert(why)}", id=UNREAD))
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


def rebuild(raw, ours):
    """Return (our notebook with a student's text in it, [notes]).

    Her cells keep their order. Of cells with the same id the last one counts, as it does for nbgrader, and the others
    are cells of her own. What is missing is put back behind the cell it used to follow.

    Args: raw: the parsed JSON of a notebook; ours: the Skeleton. Raises: Rejected.
    """
    notes = []
    cells = cells_of(raw, notes)
    last = {name: index for index, (_, _, name) in enumerate(cells) if name in ours.marked}
    if not any(kind_of(ours.marked[name]) in ("solution", "manual") for name in last):
        raise Rejected(f"None of the answers asked for in {ours.ps} is in the notebook: is it another assignment's, or "
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
    notes += [f"cells {what}: {some(list(dict.fromkeys(found[key])))}." for key, what in says.items() if found[key]]
    if any("attachment:" in cell.source for cell in built if kind_of(cell) == "manual"):
        notes.append("pictures pasted into an answer are not kept: look at the notebook as it was handed in.")
    for cell in built:
        if cell.cell_type == "markdown" and kind_of(cell) != "readonly" and ("markdown", cell.source) not in ours.free:
            cell.source = inert(cell.source)
    return book, notes


def _free(kind, text, ours, index):
    known = ours.free.get((kind, text))
    kind, text = ("markdown", as_text(text)) if kind == "raw" and not known else (kind, text)
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
