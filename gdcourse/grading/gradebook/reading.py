"""Read what grading has left behind in the gradebook, the notebooks in autograded/ and the journal: `read(course, ps)`.

Every graded cell of a notebook shows what the student was told; the journal knows how each run ended.
"""

from pathlib import Path
from typing import NamedTuple

import nbformat

from gdcourse.grading.course.directory import CourseError


class Entry(NamedTuple):
    """One student's submission.

    points, told: {name of a graded cell: its points, what she was told}; by_hand: the cells whose points a person has
    given, whatever was judged; failed: {name: (kind of fault, the known
    mistake's name or None)}, and errors, which lines of the reason only tell of a cell's error: both from the journal,
    for what she was told may quote her own words.
    """

    student: str
    status: str
    reason: str
    points: dict
    waiting: tuple
    seconds_late: float
    penalty: float
    told: dict
    wrote: dict  # {exercise: source of its cell}
    failed: dict
    errors: tuple
    hers: tuple  # sources of her own cells
    by_hand: tuple = ()

    @property
    def total(self):
        return max(0.0, sum(self.points.values()) - self.penalty)


def read(course, ps, notebooks=True):
    """Return the Entries of an assignment, who handed in nothing, and {name of a graded cell: its points}.

    Args: notebooks: whether to read what each was told and wrote, too, which takes a while in a large class.
    """
    from nbgrader.api import Gradebook, MissingEntry

    from gdcourse.grading.course.nbgrader import course_folders, tables_of
    from gdcourse.grading.gradebook.journal import Journal

    folders, done = course_folders(course), Journal(course, ps).done
    if not tables_of(folders):
        raise CourseError(f"there is no gradebook yet. Run: gdcourse assign {ps}")
    with Gradebook(folders.db_url, folders.course_id) as book:
        try:
            notebook = book.find_notebook(ps, ps)
        except MissingEntry:
            raise CourseError(f"{ps} is not in the gradebook yet. Run: gdcourse assign {ps}") from None
        worth = {cell.name: cell.max_score for cell in (*notebook.grade_cells, *notebook.task_cells)}
        submissions = {s.student_id: s for s in book.assignment_submissions(ps)}
        points, waiting, by_hand = ({student: new() for student in submissions} for new in (dict, list, list))
        for student, name, score, needs, given in _grades(book, ps):
            points[student][name] = float(score)
            if needs:
                waiting[student].append(name)
            if given is not None:
                by_hand[student].append(name)
        entries = []
        for student, submission in sorted(submissions.items()):
            path = Path(folders.format_path(folders.autograded_directory, student, ps), f"{ps}.ipynb")
            told, wrote, hers = _notebook(path) if notebooks else ({}, {}, ())
            head = done.get(student, {})
            entries.append(Entry(
                student, head.get("status", ""), head.get("reason", ""), points[student], tuple(waiting[student]),
                submission.total_seconds_late, submission.late_submission_penalty or 0.0, told, wrote,
                head.get("failed", {}), tuple(head.get("errors", ())), hers,
                tuple(by_hand[student])))  # fmt: skip
        lost = done.keys() - submissions.keys()  # never entered: a fault of the grader's
        entries += [Entry(s, done[s]["status"], done[s]["reason"], {}, (), 0.0, 0.0, {}, {}, {}, (), ()) for s in lost]
        absent = sorted({student.id for student in book.students} - submissions.keys() - lost)
    return sorted(entries), absent, worth


def _grades(book, ps):
    """Return (student, cell, points, whether a person must look, what a person gave or None) of the class, at once."""
    from nbgrader.api import Assignment, BaseCell, Grade, SubmittedAssignment, SubmittedNotebook

    return (book.db.query(SubmittedAssignment.student_id, BaseCell.name, Grade.score, Grade.needs_manual_grade,
                          Grade.manual_score)
            .select_from(Grade).join(BaseCell, BaseCell.id == Grade.cell_id)
            .join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
            .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
            .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
            .filter(Assignment.name == ps).all())  # fmt: skip


def _notebook(path):
    """Return what the graded cells of a notebook say and the text of its solution cells, by name; and her own cells."""
    if not path.is_file():
        return {}, {}, ()
    told, wrote, hers = {}, {}, []
    for cell in nbformat.read(path, as_version=4).cells:
        mark = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and not mark:
            hers.append(cell.source)
        if cell.cell_type == "code" and mark.get("solution"):
            wrote[mark["grade_id"]] = cell.source
        elif cell.cell_type == "code" and mark.get("grade"):
            told[mark["grade_id"]] = "\n".join(
                o.get("evalue", "") or o.get("text", "") for o in cell.outputs if o.output_type in ("error", "stream"))
    return told, wrote, tuple(hers)


def handed_out(course, ps):
    """Return {exercise: the text that its cell had when it was handed out}."""
    from gdcourse.grading.intake.rebuilding import skeleton

    marked = skeleton(course, ps).marked
    return {name: cell.source for name, cell in marked.items() if cell.metadata["nbgrader"]["solution"]}
