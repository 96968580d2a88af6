"""Run functions that were taken out of a notebook, alone: an accepted answer, or one that is being looked into."""

from gdcourse import checks
from gdcourse.grading.running.session import Session
from gdcourse.grading.sandbox.warm_processes import Ended, GraderError


def runs_of(job, answer):
    """Return {behaviour's name: runs} of an answer's functions on the cases of a job's seed, in a process of their own.

    job: a checked one, whose cells do not matter; answer: {"file", "exercise", "behaviours", "source"}.
    Raises: GraderError if they are not there, or their process does not come to its end.
    """
    exercise = next(e for e in checks.assignment(job["ps"]).exercises if e.name == answer["exercise"])
    asked = [b for b in exercise.behaviours if b.name in answer["behaviours"]]
    session = Session({**job, "cells": [{"source": answer["source"], "kind": "free", "grade_id": None}]})
    try:
        with session.begun():
            session.cell(0, session.job["cells"][0])
            session.doing = "its functions"
            wrong, _ = session.judge.looked(exercise)
            if wrong:
                raise GraderError(f"{answer['file']}: {wrong}")
            return {b.name: session.judge.runs(exercise, b) for b in asked}
    except Ended as end:
        raise GraderError(f"{answer['file']}: {end.args[1]}") from None
