"""Take a submission in: whatever a student's folder holds, out comes a notebook of ours with her words in it.

Nothing of a submission is trusted but the text of its cells. The notebook is rebuilt from the one that was handed out:
her text in the solution cells, found by their `grade_id`; her own cells where she put them; everything else ours (test
cells, metadata, tags, outputs, attachments, kernel). What cannot be read is rejected, with a reason to act on.
"""

import copy
import functools
import os
import re
from pathlib import Path
from typing import NamedTuple

import nbformat

from gdcourse import checks
from gdcourse.grading.authoring.assign import page, release_notebook
from gdcourse.grading.authoring.plain import plain_files, plain_notebook
from gdcourse.grading.course.term import term
from gdcourse.grading.intake.definitions import ELSEWHERE, defined, passed_over, stubs
from gdcourse.grading.intake.notebook_file import NEW, Missing, Rejected, cells_of, find, parsed, some
from gdcourse.grading.intake.showing import as_text, inert

UNREAD = "not-graded"  # id of the cell that says why nothing was run


class Skeleton(NamedTuple):
    """An assignment as it was handed out. marked: {grade_id: cell}; free: {(type, text): cell} of the others.

    shown: {grade_id: text} of cells that students were handed with another text, such as without hidden tests; files:
    {name: bytes in base64} of what came beside the notebook.
    """

    ps: str
    notebook: nbformat.NotebookNode
    marked: dict
    free: dict
    shown: dict
    files: dict


class Submission(NamedTuple):
    """What became of a folder. status: "" if it can be run, else "rejected", "missing" or "grader error".

    The student reads the reason of the first two, the instructor alone that of the third.
    """

    status: str
    reason: str
    notebook: nbformat.NotebookNode
    timestamp: str | None = None


def skeleton(course, ps):
    """Return the Skeleton of an assignment, from its page; of a plain one from nbgrader's release and gradebook."""
    if ps in checks.plain():
        notebook, shown = plain_notebook(course, ps)
        return _as_skeleton(ps, notebook, shown, plain_files(course, ps))
    path = page(course, ps)
    return _skeleton(path, path.read_bytes(), repr(term(course, ps).points), ps)


@functools.lru_cache(maxsize=4)
def _skeleton(path, content, decided, ps):
    return _as_skeleton(ps, release_notebook(path), {}, {})


def _as_skeleton(ps, notebook, shown, files):
    marked = {c.metadata["nbgrader"]["grade_id"]: c for c in notebook.cells if "nbgrader" in c.metadata}
    free = {(c.cell_type, c.source): c for c in notebook.cells if "nbgrader" not in c.metadata}
    return Skeleton(ps, notebook, marked, free, shown, files)


def read(folder, ours):
    """Return the Submission in a folder. Whatever is wrong with it is a status, never an exception."""
    notes, timestamp = [], None
    try:
        path, timestamp = find(Path(folder), ours.ps, notes, {name.partition("/")[0] for name in ours.files})
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
    cells = [{"source": c.source, "kind": {"manual": "solution"}.get(kind_of(c), kind_of(c)),
              "grade_id": c.metadata.get("nbgrader", {}).get("grade_id")}
             for c in notebook.cells if c.cell_type == "code"]  # fmt: skip
    points = {c.metadata["nbgrader"]["grade_id"]: c.metadata["nbgrader"].get("points", 0) for c in notebook.cells
              if kind_of(c) == "test"}  # fmt: skip
    for cell in cells:
        if cell["kind"] == "test" and not checks.GRADED.fullmatch(cell["source"]):  # a plain notebook's own
            cell |= {"kind": "asserts", "points": points[cell["grade_id"]]}
    return cells


def rebuild(raw, ours):
    """Return (our notebook with a student's text in it, [notes]).

    Her cells keep their order. Of cells with the same id the last one counts, as it does for nbgrader, and the others
    are cells of her own. What is missing is put back behind the cell it used to follow.

    Args: raw: the parsed JSON of a notebook; ours: the Skeleton. Raises: Rejected.
    """
    notes = []
    cells = _with_marks(cells_of(raw, notes), ours, notes)
    empty = stubs(ours.marked)
    last = {}
    for index, (_, text, name) in enumerate(cells):  # an empty cell does not undo an answer of the same name
        if name in ours.marked and not (name in last and text.strip() in empty):
            last[name] = index
    over = passed_over([text if kind == "code" or name in ours.marked else None for kind, text, name in cells], empty)
    cells = [(kind, ELSEWHERE if index in over else text, name) for index, (kind, text, name) in enumerate(cells)]
    built, kept, found = [], {}, {"changed": [], "twice": [], "retyped": [], "unknown": []}
    for index, (kind, text, name) in enumerate(cells):
        if name not in last or last[name] != index:
            found["twice" if name in last else "unknown"] += [name] if name else []
            built.append(_free(kind, text, ours))
            continue
        cell = kept[name] = copy.deepcopy(ours.marked[name])
        built.append(cell)
        if kind != cell.cell_type:
            found["retyped"].append(name)
        if kind_of(cell) in ("solution", "manual"):
            cell.source = text
        elif text.strip() not in (cell.source.strip(), ours.shown.get(name, "").strip()):
            found["changed"].append(name)
    missing = [name for name in ours.marked if name not in kept]
    _put_back(built, kept, missing, ours)
    book = nbformat.v4.new_notebook(cells=built, metadata=copy.deepcopy(ours.notebook.metadata))
    says = {"missing": "put back because they were missing", "changed": "put back as they were handed out",
            "twice": "there more than once, of which the last counts", "retyped": "of another type, and set right",
            "unknown": "not of this assignment, and taken as her own"}  # fmt: skip
    found["missing"] = missing
    if over:
        notes.append("answers stand in other cells than those for them, which are passed over.")
    notes += [f"cells {what}: {some(list(dict.fromkeys(found[key])))}." for key, what in says.items() if found[key]]
    if any("attachment:" in cell.source for cell in built if kind_of(cell) == "manual"):
        notes.append("pictures pasted into an answer are not kept: look at the notebook as it was handed in.")
    for index, cell in enumerate(built):
        cell.id = f"free-{index}" if kind_of(cell) == "free" else cell.id
        if cell.cell_type == "markdown" and kind_of(cell) != "readonly" and ("markdown", cell.source) not in ours.free:
            cell.source = inert(cell.source)
    return book, notes


def _free(kind, text, ours):
    known = ours.free.get((kind, text))
    kind, text = ("markdown", as_text(text)) if kind == "raw" and not known else (kind, text)
    cell = copy.deepcopy(known) if known else NEW[kind](text)
    return cell


def _with_marks(cells, ours, notes):
    """Return [(type, text, grade_id or None)]; where a program has dropped all marks, by the cells' own ids.

    Raises: Rejected if neither these nor the functions that are asked for are there.
    """
    def answers(marks):
        return any(mark in ours.marked and kind_of(ours.marked[mark]) in ("solution", "manual") for mark in marks)

    if not answers(mark for _, _, mark, _ in cells):
        cells = [(kind, text, own if own in ours.marked else mark, own) for kind, text, mark, own in cells]
        asked = set().union(*stubs(ours.marked).values())
        there = answers(mark for _, _, mark, _ in cells)
        if not there and not any(asked & defined(text) for kind, text, _, _ in cells if kind == "code"):
            raise Rejected(f"None of the answers asked for in {ours.ps} is in the notebook: is it another "
                           "assignment's?")  # fmt: skip
        notes.append("the cells' marks were lost, and set again.")
    return [cell[:3] for cell in cells]


def _put_back(built, kept, missing, ours):
    """Put back what is missing: behind what it used to follow, and a test behind the function it is about.

    A cell to be filled in whose functions stand elsewhere comes back without defining them again.
    """
    order, empty = list(ours.marked), stubs(ours.marked)
    hers = set().union(*(defined(cell.source) for cell in built if cell.cell_type == "code"))
    for name in missing:
        cell = kept[name] = copy.deepcopy(ours.marked[name])
        if (asked := empty.get(cell.source.strip())) and asked <= hers:
            cell.source = ELSEWHERE
        before = order.index(name) - 1
        place = next(i for i, c in enumerate(built) if c is kept[order[before]]) + 1 if before >= 0 else 0
        if kind_of(cell) == "test":
            about = set(re.findall(r"\w+", cell.source.partition("grade(")[2].partition('"')[0]))
            where = [i for i, c in enumerate(built) if c.cell_type == "code" and about & defined(c.source)]
            if where and where[0] >= place:
                place = where[-1] + 1
        built.insert(place, cell)
