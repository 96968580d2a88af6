"""Grade an assignment: take every submission in, run and judge it, write the result down, enter it in the gradebook.

The order makes a run safe to kill at any moment. A result is in the journal before the gradebook hears of it, a
submission is in the gradebook as a whole or not at all, and only then does the journal say that it is done. The same
command goes on where the last one stopped, and runs nothing twice: what a result depends on is its name in the journal.
"""

import contextlib

from gdcourse.grading.course.directory import FULL, CourseError
from gdcourse.grading.gradebook import journal
from gdcourse.grading.running import pool


def grade(course, ps, students="*", workers=None, backend="warm", dask=None, force=False, only=(), limits=None,
          progress=lambda student: None, begin=lambda number: None):  # fmt: skip
    """Grade what was handed in of an assignment.

    Args: students: a pattern such as "s00*"; workers: processes, one for each core if left out; dask: a scheduler's
        address, instead of processes of this machine; force: also what is done already; only: no submissions but those
        whose last status is among these, which are run again; begin, progress: called with the number of submissions,
        and after each.
    Returns: a list of Outcome. Raises: CourseError.
    """
    crew = _cluster(dask) if dask else pool.Pool(workers or pool.cores(), ps, backend)
    with crew, _room(), journal.alone(course):
        # Not sooner: nbgrader takes a second to load, and a worker starts meanwhile.
        from gdcourse.grading.gradebook.class_run import Run
        from gdcourse.grading.gradebook.record import Record
        from gdcourse.grading.intake.submitted import enterable, submissions

        run, folders = Run(course, ps, backend, limits, force or bool(only), only), submissions(course, ps, students)
        begin(len(run.wanted(folders)))
        with Record(course, run.ours) as record:
            record.enrol(filter(enterable, folders))
            for plan, result in crew.run(run.open(record).jobs(folders, progress)):
                run.take(plan, result)
                progress(plan.student)
    return sorted(run.outcomes)


def preview(course, ps, students="*", workers=None, backend="warm", dask=None, progress=lambda student: None,
            begin=lambda number: None):  # fmt: skip
    """Run what would be run, and enter nothing. Returns: [(student, her result)] of all that would be entered anew.

    The result of what cannot be run has a status and the reason, and no verdicts.
    """
    crew = _cluster(dask) if dask else pool.Pool(workers or pool.cores(), ps, backend)
    with crew, _room(), journal.alone(course):
        from gdcourse.grading.gradebook.class_run import Run
        from gdcourse.grading.gradebook.record import Record
        from gdcourse.grading.intake.submitted import submissions

        run, folders = Run(course, ps, backend), submissions(course, ps, students)
        begin(len(folders))
        with Record(course, run.ours) as record:
            run.open(record)
            ahead = [(plan.student, result) for plan, result in run.looked_ahead(crew, folders, progress)]
    return sorted(ahead, key=lambda row: row[0])


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


def _cluster(address):
    from gdcourse.grading.running.cluster import Cluster

    return Cluster(address)


def rehearse(course, ps, students="*", backend="warm", force=False, only=()):
    """Return [(student, what would be done)] without running or writing anything but the secret seed."""
    from gdcourse.grading.gradebook.class_run import Run
    from gdcourse.grading.gradebook.record import Record
    from gdcourse.grading.intake.submitted import submissions

    run = Run(course, ps, backend, None, force or bool(only), only)
    with Record(course, run.ours) as record:
        run.open(record)
    plans = [run.plan(*item) for item in run.wanted(submissions(course, ps, students)).items()]
    return [(p.student, ": ".join(filter(None, p.submission[:2])) if p.submission.status else p.what) for p in plans]
