"""One run over an assignment's submissions: what each is, what there is to do about it, and its entry in the end."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import nbformat

from gdcourse import checks
from gdcourse.checks.reporting import ALL
from gdcourse.grading.authoring.assign import exercise_of
from gdcourse.grading.course.accepted import accepted
from gdcourse.grading.course.directory import FULL, CourseError
from gdcourse.grading.course.term import term
from gdcourse.grading.gradebook import journal, record
from gdcourse.grading.gradebook.journal import Outcome, as_outcome
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.intake.showing import inert, shown
from gdcourse.grading.intake.submitted import enterable
from gdcourse.grading.sandbox.package_copy import package_hash

UNREADABLE = "rejected", "missing"
RUN, KNOWN, UNCHANGED = "to run", "run before, not entered yet", "done before"


class Plan(NamedTuple):
    """What there is to do about one submission. work: the job; or its result, where that is known."""

    student: str
    what: str
    submission: rebuilding.Submission
    work: dict
    key: str
    mark: str
    seed: int


class Run:
    """One run over an assignment. It holds the journal and, unless nothing is to be written, the gradebook."""

    def __init__(self, course, ps, backend="warm", limits=None, force=False, only=()):
        self.course, self.ps, self.force, self.only = Path(course), ps, force, set(only)
        self.ours, self.term = rebuilding.skeleton(course, ps), term(course, ps)
        self.package = package_hash()
        if ps in (own := checks.own()):  # what is asked stands in a module of the course's own
            self.package = journal.key(self.package, own[ps].read_text("utf-8"))
        self.secret = journal.secret(course)
        self.fixed = {"ps": ps, "backend": backend, "limits": dict(limits or {})}
        if self.ours.files:
            self.fixed["files"] = self.ours.files
        if self.term.hint != ALL:
            self.fixed["hint"] = self.term.hint
        if answers := accepted(course, ps):
            self.fixed["accepted"] = answers
        self.journal = journal.Journal(course, ps)
        self.book, self.outcomes = None, []

    def open(self, book):
        """Begin to write into a gradebook, or only to look at it."""
        self.book, self.standing, self.due = book, *book.standing()
        return self

    def plan(self, student, folder):
        """Take a submission in, and decide what there is to do about it."""
        submission = rebuilding.read(folder, self.ours)
        if not enterable(student):
            reason = "The student's name is too long, or has * in it, say, or = in front of it. Rename the folder."
            submission = submission._replace(status="rejected", reason=reason)
        cells = rebuilding.job_cells(submission.notebook)
        seed = journal.seed(self.secret, self.ps, student, cells)
        job = {**self.fixed, "student": student, "cells": cells, "seed": seed}
        key = journal.key(job, self.package)
        due = self.due.get(student, self.due[None])  # an extension granted since changes the penalty
        mark = journal.key([nbformat.writes(submission.notebook), submission.timestamp, submission.reason, due, key,
                            *sorted(self.term.everyone)])
        before = self.journal.done.get(student, {})
        same = before.get("mark") == mark and before["status"] != "grader error"
        if same and not self.force and (student in self.standing or not enterable(student)):
            what = UNCHANGED
        elif not submission.status and not self.force and (known := self.journal.result(key)):
            return Plan(student, KNOWN, submission, known, key, mark, seed)
        else:
            what = RUN
        return Plan(student, what, submission, job, key, mark, seed)

    def wanted(self, folders):
        """Leave out the submissions that are not among those asked for by their last status."""
        if not self.only:
            return folders
        return {s: path for s, path in folders.items() if self.journal.done.get(s, {}).get("status") in self.only}

    def jobs(self, folders, progress):
        """Yield (plan, job) of what has to be run; deal with everything else on the way."""
        for student, folder in self.wanted(folders).items():
            plan = self.plan(student, folder)
            if plan.what == UNCHANGED:
                self.outcomes.append(as_outcome(self.journal.done[student]))
            elif plan.what == KNOWN:
                self.enter(plan, plan.work)
            elif plan.submission.status:
                self.turn_away(plan)
            else:
                yield plan, plan.work
                continue
            progress(student)

    def looked_ahead(self, crew, folders, progress):
        """Yield (plan, result) of all that would be entered anew: run what has to be run, and enter nothing.

        Results go into the journal, so that nothing is run again when they are entered. What cannot be run has no
        verdicts.
        """
        known = []

        def to_run():
            for student, folder in folders.items():
                plan = self.plan(student, folder)
                if plan.what == RUN and not plan.submission.status:
                    yield plan, plan.work
                    continue
                progress(student)
                status, reason = plan.submission[:2]
                if plan.what != UNCHANGED:
                    unread = {"status": status, "reason": reason, "verdicts": {}}
                    known.append((plan, plan.work if plan.what == KNOWN else unread))

        for plan, result in crew.run(to_run()):
            if result["status"] != "grader error":
                self.journal.add_result(plan.key, plan.student, result)
            progress(plan.student)
            yield plan, result
        yield from known

    def turn_away(self, plan):
        """Enter what could not be run: nothing, with the reason, where the student or the instructor will see it."""
        status, reason, notebook, timestamp = plan.submission
        score = None
        if status in UNREADABLE and enterable(plan.student):
            with self.our_fault(plan):
                score = self.book.enter(plan.student, notebook, timestamp, comment=inert(reason))
                self.done(plan, status, reason, score)
            return
        self.done(plan, status, reason, score)

    def take(self, plan, result):
        """Write a result down, then enter it."""
        if result["status"] != "grader error":
            self.journal.add_result(plan.key, plan.student, result)
        self.enter(plan, result)

    def enter(self, plan, result):
        """Enter a result in the gradebook, but never a fault of ours."""
        if result["status"] == "grader error":
            self.done(plan, "grader error", result["reason"])
            return
        status = result["status"]
        notes = plan.submission.reason.split("\n") if plan.submission.reason else []
        if notes and status == "graded":
            status = "graded with notes"
        reason = rebuilding.three_lines([*filter(None, result["reason"].split("\n")), *notes])
        with self.our_fault(plan):
            notebook = record.with_outputs(plan.submission.notebook, result, self.ps, self.term.everyone)
            owner, has = exercise_of(self.ps), self.term.everyone
            worth = {name: cell.metadata["nbgrader"].get("points", 0) for name, cell in self.ours.marked.items()}
            given = {name: worth[name] * (n > 0 or owner[name] in has) if name in owner else n
                     for name, n in result["scores"].items()}  # fmt: skip
            if record.scores_of(notebook) != given:
                self.done(plan, "grader error", "nbgrader reads other points in the outputs than were given.")
                return
            score = self.book.enter(plan.student, shown(notebook), plan.submission.timestamp)
            failed = {cell: (v["kind"], v["mistake"]) for cell, v in result["verdicts"].items() if not v["passed"]}
            errors = [rebuilding.three_lines([line]) for line in result["errors"]]
            self.done(plan, status, reason, score, result["backend"], failed=failed, errors=errors)

    @contextlib.contextmanager
    def our_fault(self, plan):
        """Make a grader error of what goes wrong with one submission, and stop where it would go wrong with all."""
        try:
            yield
        except CourseError:
            raise
        except OSError as error:
            if error.errno in FULL:
                raise
            self.done(plan, "grader error", f"could not be entered: {error.strerror or type(error).__name__}.")
        except Exception as error:
            self.done(plan, "grader error", f"could not be entered: {type(error).__name__}: {error}")

    def done(self, plan, status, reason="", score=None, backend="", **more):
        outcome = Outcome(plan.student, status, reason, score, True, backend, plan.key)
        self.journal.add_done(plan.student, status=status, reason=reason, score=score, backend=backend, key=plan.key,
                              mark=plan.mark, seed=plan.seed, time=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
                              **more)  # fmt: skip
        self.outcomes.append(outcome)
