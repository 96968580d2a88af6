"""Grade an assignment: take every submission in, run and judge it, write the result down, enter it in the gradebook.

The order makes a run safe to kill at any moment. A result is in the journal before the gradebook hears of it, a
submission is in the gradebook as a whole or not at all, and only then does the journal say that it is done. The same
command goes on where the last one stopped, and runs nothing twice: what a result depends on is its name in the journal.
"""

import contextlib
import errno
import fnmatch
import glob
import os
import re
from pathlib import Path
from typing import NamedTuple

import nbformat

from gdcourse.grading import intake, journal, pool
from gdcourse.grading.assign import CourseError
from gdcourse.grading.stripped import package_hash

UNREADABLE = "rejected", "missing"
FULL = errno.ENOSPC, errno.EDQUOT, errno.EROFS
RUN, KNOWN, UNCHANGED = "to run", "run before, not entered yet", "done before"


class Outcome(NamedTuple):
    """What became of a student's submission, this time or earlier. score: points, or None if there are none."""

    student: str
    status: str
    reason: str = ""
    score: float | None = None
    now: bool = False
    backend: str = ""
    key: str = ""


class Plan(NamedTuple):
    """What there is to do about one submission. work: the job; or its result, where that is known."""

    student: str
    what: str
    submission: intake.Submission
    work: dict
    key: str
    mark: str


def submissions(course, ps, students="*"):
    """Return {student: folder} of what was handed in, in alphabetical order."""
    from gdcourse.grading.record import course_folders

    folders = course_folders(course)
    step = folders.submitted_directory
    pattern = re.compile(folders.format_path(step, "(?P<student>.*)", re.escape(ps), escape=True), re.DOTALL)
    found = glob.glob(folders.format_path(step, "*", glob.escape(ps)))
    named = {pattern.fullmatch(path)["student"]: path for path in found if pattern.fullmatch(path)}
    return {student: named[student] for student in sorted(named) if fnmatch.fnmatchcase(student, students)}


def enterable(student):
    """Tell whether the gradebook takes a student's name, and nbgrader's commands find it: they read it as a pattern."""
    known = student == student.encode("utf-8", "replace").decode()
    return known and student.isprintable() and len(student) <= 128 and not set("*?[") & set(student)


class Run:
    """One run over an assignment. It holds the journal and, unless nothing is to be written, the gradebook."""

    def __init__(self, course, ps, backend="warm", limits=None, force=False, only=()):
        self.course, self.ps, self.force, self.only = Path(course), ps, force, set(only)
        self.ours = intake.skeleton(course, ps)
        self.package = package_hash()
        self.fixed = {"ps": ps, "seed": journal.seed(course, ps), "backend": backend, "limits": dict(limits or {})}
        self.journal = journal.Journal(course, ps)
        self.record, self.outcomes = None, []

    def open(self, record):
        """Begin to write into a gradebook, or only to look at it."""
        self.record, self.standing, self.due = record, *record.standing()
        return self

    def plan(self, student, folder):
        """Take a submission in, and decide what there is to do about it."""
        submission = intake.read(folder, self.ours)
        if not enterable(student):
            reason = "the student's name is too long, or has characters such as * in it. Rename the folder."
            submission = submission._replace(status="rejected", reason=reason)
        job = {**self.fixed, "student": student, "cells": intake.job_cells(submission.notebook)}
        key = journal.key(job, self.package)
        due = self.due.get(student, self.due[None])  # an extension granted since changes the penalty
        mark = journal.key([nbformat.writes(submission.notebook), submission.timestamp, submission.reason, due, key])
        before = self.journal.done.get(student, {})
        same = before.get("mark") == mark and before["status"] != "grader error"
        if same and not self.force and (student in self.standing or not enterable(student)):
            what = UNCHANGED
        elif not submission.status and not self.force and (known := self.journal.result(key)):
            return Plan(student, KNOWN, submission, known, key, mark)
        else:
            what = RUN
        return Plan(student, what, submission, job, key, mark)

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

    def turn_away(self, plan):
        """Enter what could not be run: nothing, with the reason, where the student or the instructor will see it."""
        status, reason, notebook, timestamp = plan.submission
        score = None
        if status in UNREADABLE and enterable(plan.student):
            with self.our_fault(plan):
                score = self.record.enter(plan.student, notebook, timestamp, comment=reason)
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
        from gdcourse.grading import record

        status = result["status"]
        notes = plan.submission.reason.split("\n") if plan.submission.reason else []
        if notes and status == "graded":
            status = "graded with notes"
        reason = intake.three_lines([*filter(None, result["reason"].split("\n")), *notes])
        with self.our_fault(plan):
            notebook = record.with_outputs(plan.submission.notebook, result["outputs"], result["counts"])
            if record.scores_of(notebook) != result["scores"]:
                self.done(plan, "grader error", "nbgrader reads other points in the outputs than were given.")
                return
            score = self.record.enter(plan.student, notebook, plan.submission.timestamp)
            self.done(plan, status, reason, score, result["backend"])

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

    def done(self, plan, status, reason="", score=None, backend=""):
        outcome = Outcome(plan.student, status, reason, score, True, backend, plan.key)
        self.journal.add_done(plan.student, status=status, reason=reason, score=score, backend=backend, key=plan.key,
                              mark=plan.mark)  # fmt: skip
        self.outcomes.append(outcome)


def as_outcome(line):
    """Return the Outcome that a line of the journal tells of."""
    return Outcome(line["student"], line["status"], line["reason"], line["score"], False, line["backend"], line["key"])


def grade(course, ps, students="*", workers=None, backend="warm", dask=None, force=False, only=(), limits=None,
          progress=lambda student: None, begin=lambda number: None):  # fmt: skip
    """Grade what was handed in of an assignment.

    Args: students: a pattern such as "s00*"; workers: processes, one for each core if left out; dask: a scheduler's
        address, instead of processes of this machine; force: also what is done already; only: no submissions but those
        whose last status is among these, which are run again; begin, progress: called with the number of submissions,
        and after each.
    Returns: a list of Outcome. Raises: CourseError.
    """
    with _room(), journal.alone(course):
        run = Run(course, ps, backend, limits, force or bool(only), only)
        folders = submissions(course, ps, students)
        number = len(run.wanted(folders))
        begin(number)
        with (_cluster(dask) if dask else pool.Pool(min(workers or _cores(), number))) as workers:
            from gdcourse.grading.record import Record  # nbgrader takes a second, and the workers start meanwhile

            with Record(course, run.ours) as record:
                record.enrol(filter(enterable, folders))
                for plan, result in workers.run(run.open(record).jobs(folders, progress)):
                    run.take(plan, result)
                    progress(plan.student)
    return sorted(run.outcomes)


@contextlib.contextmanager
def _room():
    """Say plainly when the disk is full: that is nobody's fault, and nothing is lost."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise CourseError(f"{error.filename or 'a file'} cannot be written: {error.strerror}. What was graded is kept; "
                          "make room and run the same command again.") from None  # fmt: skip


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _cluster(address):
    from gdcourse.grading.cluster import Cluster

    return Cluster(address)


def rehearse(course, ps, students="*", backend="warm", force=False, only=()):
    """Return [(student, what would be done)] without running or writing anything but the secret seed."""
    from gdcourse.grading.record import Record

    run = Run(course, ps, backend, None, force or bool(only), only)
    with Record(course, run.ours) as record:
        run.open(record)
    plans = [run.plan(*item) for item in run.wanted(submissions(course, ps, students)).items()]
    return [(p.student, ": ".join(filter(None, p.submission[:2])) if p.submission.status else p.what) for p in plans]


def outcomes(course, ps):
    """Return the list of Outcome of all that was ever graded of an assignment."""
    return [as_outcome(line) for _, line in sorted(journal.Journal(course, ps).done.items())]


def write_feedback(course, ps, students="*", workers=None, begin=lambda number: None, progress=lambda student: None):
    """Write the feedback of everyone who is graded, in several processes. Returns: {student: what went wrong}."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    from gdcourse.grading.record import Record, feedback

    course = str(Path(course).resolve())
    with Record(course, intake.skeleton(course, ps)) as record:
        there = sorted(student for student in record.standing()[0] if fnmatch.fnmatchcase(student, students))
    if not there:
        raise CourseError(f"nobody's {ps} is graded yet among those asked for. Run: gdcourse grade {ps}")
    begin(len(there))
    failed = {}
    with ProcessPoolExecutor(min(workers or _cores(), len(there)), get_context("spawn")) as processes:
        coming = {processes.submit(feedback, course, ps, student): student for student in there}
        for done in as_completed(coming):
            if said := done.result():
                failed[coming[done]] = said
            progress(coming[done])
    return failed
