"""Enter results in nbgrader's gradebook and folders, as `nbgrader autograde` would: formgrader, feedback, export go on.

There is one writer, and nbgrader's own preprocessors decide what is entered: the automatic score of each cell, whether
it needs a look by hand, the penalty for being late. Scores and comments given by hand are never touched. All of one
submission is entered in one transaction: it is in the gradebook, or it is not.
"""

import csv
import os
import re
import time
from datetime import timedelta
from pathlib import Path

import nbformat
from nbgrader import preprocessors
from nbgrader.api import InvalidEntry, MissingEntry
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from tornado.log import app_log
from traitlets import TraitError

from gdcourse.grading.authoring.assign import exercise_of
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import course_folders, tables_of
from gdcourse.grading.course.term import term
from gdcourse.grading.gradebook.transaction import Open, instead_of_opening
from gdcourse.grading.intake.rebuilding import kind_of

COLUMNS = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
           "late_submission_penalty", "score", "max_score")  # fmt: skip


class Record:
    """The gradebook of one assignment, open for writing."""

    def __init__(self, course, ours):
        self.ours, self.folders, self.term = ours, course_folders(course), term(course, ours.ps)
        if not tables_of(self.folders):
            raise CourseError(f"there is no gradebook yet. Run: gdcourse assign {ours.ps}")
        app_log.disabled = True  # nbgrader prints the stack of every error, which we tell in words
        self.book = Open(self.folders.db_url, self.folders.course_id)
        try:
            self._check_assigned()
        except CourseError:
            self.close()
            raise
        # CheckCellMetadata has seen the skeleton, where all metadata come from.
        steps = preprocessors.LimitOutput, preprocessors.SaveAutoGrades, preprocessors.AssignLatePenalties
        try:
            self._steps = [step(config=self.folders.config) for step in steps]
        except TraitError as error:
            self.close()
            what = re.sub(r"<[\w.]*\.(\w+) object at [^>]*>( instance)?", r"\1", str(error))
            raise CourseError(f"nbgrader_config.py asks for what cannot be had: {what}. A plugin of your own must lie "
                              "beside that file, and import nothing that is missing.") from None  # fmt: skip
        for step in self._steps:
            step.log.setLevel("ERROR")

    def _check_assigned(self):
        ps = self.ours.ps
        try:
            notebook = self.book.find_notebook(ps, ps)
        except MissingEntry:
            raise CourseError(f"{ps} is not in the gradebook yet. Run: gdcourse assign {ps}") from None
        there = {cell.name: cell.max_score for cell in notebook.grade_cells}
        here = {name: cell.metadata["nbgrader"]["points"] for name, cell in self.ours.marked.items()
                if cell.metadata["nbgrader"]["grade"]}  # fmt: skip
        if there.keys() != here.keys():
            cells = _some(there.keys() ^ here.keys())
            raise CourseError(f"{ps}.md asks for other cells than the gradebook knows: {cells}. Go back to the page "
                              "that was handed out; to drop an exercise, let it count for 0 in term.toml. If "
                              f"nothing is handed in yet, run gdcourse assign {ps} again.")
        if there != here:
            raise CourseError(f"{ps}.md or term.toml asks for other points than the gradebook knows. Go back, or run "
                              f"gdcourse points {ps} --apply")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.book.close()
        app_log.disabled = False

    def students(self):
        """Return the names of all students in the gradebook."""
        return {student.id for student in self.book.students}

    def standing(self):
        """Return the students whose submission is both in the gradebook and in autograded/, and when each was due.

        Returns: a set, and {student: time, extensions included}, in which None stands for all others.
        """
        assignment = self.book.find_assignment(self.ours.ps)
        due = {None: str(assignment.duedate)} | {s.student_id: str(s.duedate) for s in assignment.submissions}
        due |= {s: f"{due[None]}, {days} days later" for s, days in self.term.extensions.items()}
        self.book.db.remove()
        entered = {s.student_id for s in assignment.submissions}
        there = {student for student in entered if (self._target(student) / f"{self.ours.ps}.ipynb").is_file()}
        return there, due

    def scores(self):
        """Return {student: points}, given by hand or not, less the penalty for being late."""
        entered = self.book.assignment_submissions(self.ours.ps)
        scores = {s.student_id: max(0.0, s.score - (s.late_submission_penalty or 0.0)) for s in entered}
        self.book.db.remove()
        return scores

    def enter(self, student, notebook, timestamp=None, comment=None):
        """Enter a notebook with its outputs as a student's submission. Returns: her score, late penalty taken off.

        timestamp: text, the time of handing in; comment: why nothing of it could be run, if so.
        """
        score = self._patiently(self._enter, student, notebook, timestamp, comment)
        self._write(student, notebook, timestamp)
        return score

    def enrol(self, students):
        """Add the students that the gradebook does not know yet, in alphabetical order: its tables keep that order."""
        new = sorted(set(students) - self.students())
        self.book.db.remove()
        if new:
            self._patiently(self._enrol, new)

    def _enrol(self, students):
        for student in students:
            self.book.update_or_create_student(student)
        self.book.db().complete()

    def _patiently(self, write, *args):
        """Write into the gradebook, again after a while if somebody works in formgrader just then."""
        for patience in range(4, -1, -1):
            try:
                return write(*args)
            except (OperationalError, InvalidEntry) as error:
                cause = error.__context__ if isinstance(error, InvalidEntry) else error
                if not isinstance(cause, OperationalError):
                    raise
                if not patience:
                    raise CourseError(f"the gradebook cannot be written: {cause.orig}. What was graded is kept; "
                                      "run the same command again.") from None  # fmt: skip
                time.sleep(1)
            finally:
                self.book.db.remove()

    def _enter(self, student, notebook, timestamp, comment):
        ps, book = self.ours.ps, self.book
        if book.engine.dialect.name == "sqlite":
            book.db.execute(text("BEGIN IMMEDIATE"))  # or nbgrader meets the lock halfway, and prints its stack
        book.update_or_create_student(student)
        times = {"timestamp": timestamp} if timestamp else {}
        submission = book.update_or_create_submission(ps, student, **times)
        if student in self.term.extensions:
            submission.extension = timedelta(days=self.term.extensions[student])
        resources = {"nbgrader": {"student": student, "assignment": ps, "notebook": ps, "db_url": self.folders.db_url}}
        with instead_of_opening(book):
            for step in self._steps:
                if isinstance(step, preprocessors.AssignLatePenalties) and submission.total_seconds_late > 0:
                    book.db.expire_all()  # the score it takes off from is the one just entered
                notebook, resources = step.preprocess(notebook, resources)
        entered = book.find_submission_notebook(ps, ps, student)
        if comment:
            for answer in entered.comments:
                answer.auto_comment = comment
        score = sum(_score(grade) for grade in entered.grades) - (entered.late_submission_penalty or 0)
        book.db().complete()
        return max(0.0, score)

    def _target(self, student):
        folders = self.folders
        return Path(folders.format_path(folders.autograded_directory, student, self.ours.ps))

    def _write(self, student, notebook, timestamp):
        folder = self._target(student)
        folder.mkdir(parents=True, exist_ok=True)
        mode = 0o664 if self.folders.groupshared else 0o444
        _replace(folder / f"{self.ours.ps}.ipynb", nbformat.writes(notebook, version=4), mode)
        if timestamp:
            _replace(folder / "timestamp.txt", timestamp, mode)
        else:
            (folder / "timestamp.txt").unlink(missing_ok=True)

    def export(self, path):
        """Write the table of this assignment's grades that nbgrader writes, but with names that hold a comma quoted."""
        assignment = self.book.find_assignment(self.ours.ps)
        entered = {s.student_id: s for s in self.book.assignment_submissions(self.ours.ps)}
        with open(path, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(COLUMNS)
            for student in self.book.students:
                there = entered.get(student.id)
                penalty = there.late_submission_penalty if there else 0.0
                marks = (there.score, penalty, max(0.0, there.score - penalty)) if there else (0.0, 0.0, 0.0)
                table.writerow(("" if value is None else str(value)) for value in (
                    assignment.name, assignment.duedate, there.timestamp if there else "", student.id,
                    student.last_name, student.first_name, student.email, *marks, assignment.max_score))  # fmt: skip
        self.book.db.remove()


def _some(names):
    shown = sorted(names)
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")


def _score(grade):
    given = grade.auto_score if grade.manual_score is None else grade.manual_score
    return (given or 0.0) + ((grade.extra_credit or 0.0) if given is not None else 0.0)


def _replace(path, content, mode):
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    draft.write_text(content, encoding="utf-8")
    draft.chmod(mode)
    os.replace(draft, path)


def with_outputs(notebook, result, ps, everyone=()):
    """Put the outputs and counts of a result, one for each code cell, into a notebook.

    everyone: the exercises whose points all have: what was wrong is still said, but as no error, in which nbgrader
    reads that points are lost.
    """
    cells, owner = [cell for cell in notebook.cells if cell.cell_type == "code"], exercise_of(ps)
    for cell, shown, count in zip(cells, result["outputs"], result["counts"], strict=True):
        cell.outputs, cell.execution_count = [nbformat.from_dict(output) for output in shown], count
        if owner.get(cell.metadata.get("nbgrader", {}).get("grade_id")) in everyone:
            said = [output.get("evalue") or output.get("text", "") for output in cell.outputs]
            cell.outputs = [nbformat.v4.new_output("stream", text="\n".join(["Everyone has these points.", *said]))]
    return notebook


def scores_of(notebook):
    """Return {grade_id: points} that nbgrader reads from the test cells of a notebook that was run."""
    from nbgrader.utils import determine_grade

    return {c.metadata["nbgrader"]["grade_id"]: determine_grade(c)[0] for c in notebook.cells if kind_of(c) == "test"}
