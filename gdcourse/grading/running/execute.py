"""Run one submission and judge it: `execute(job) -> result`, both plain dictionaries that survive JSON.

A job says all there is to know; no database and no file of the course is read:

    {"ps": "ps03", "student": "s0001",
     "cells": [{"source": "...", "kind": "free", "grade_id": None}, ...],   # the code cells, in order
     "seed": 123,                              # the secret one of this submission: any whole number
     "backend": "warm",                        # or "kernel", or "plain"
     "limits": {"cell_seconds": 30, ...},      # what is left out is from sandbox.limits; so may "limits" be
     "accepted": [{"file": ..., "exercise": ..., "behaviours": [...], "source": ...}, ...]}   # or left out

An accepted answer is run on the same cases in a process of its own, before: a submission that comes out as it does has
the points of the behaviours that it was accepted for.

A cell's kind is "readonly", "solution" (a "manual" code cell too), "free" (the student's own) or "test"; "code" is
treated as "free". A test cell is ours and reads `grade(f, "behaviour")`; it is not executed, but judged. Every other
cell is executed as in a notebook, whatever its kind. One of kind "asserts" is a test of a plain nbgrader notebook and
has "points", which are read in what comes out of it, as nbgrader does. "files" may be {name: bytes in base64}, put
beside such a notebook.

The result:

    {"status": one of job.STATUSES, "reason": at most three lines, "" when graded,
     "outputs": a list for each cell of the job, of nbformat's outputs as dictionaries,
     "counts": for each cell its execution count, or None if it did not come to run,
     "scores": {grade_id: points} of every test cell, 0 where nothing was judged,
     "verdicts": {grade_id: {"passed": bool, "text": the feedback, "mistake": name or None, "exercise": its name,
                             "behaviour": its name, "points": got, "of": to be had, "kind": of fault, or ""}},
     "notes": [what a person may want to know, a line each], "errors": [those that only tell of a cell's error],
     "backend": ..., "seconds": ..., "package": package_hash()}

A test cell's outputs are what nbgrader scores and shows: text on stdout if it passed, an `error` with the feedback if
not. Nothing else than text, PNG pictures and errors comes out of any cell, without control characters. The secret seed
never appears in a result.

`execute` raises ValueError for a job that is none, and `SandboxError` where this machine has no sandbox; whatever a
submission does ends in a result. It keeps a warm process per assignment; `processes.close()` ends it.
"""

import threading
import time

from gdcourse.checks import judging
from gdcourse.grading.running.alone import runs_of
from gdcourse.grading.running.cell_outputs import clean
from gdcourse.grading.running.job import checked
from gdcourse.grading.running.session import Session
from gdcourse.grading.sandbox.bubblewrap import SandboxError
from gdcourse.grading.sandbox.package_copy import package_hash
from gdcourse.grading.sandbox.warm_processes import close

KNOWN = []  # the seed whose cases and references are at hand
LOCK = threading.Lock()  # redirected output and the caches of references are the whole process's


def execute(job):
    """Run one submission and judge it; see the module's text."""
    job = checked(job)
    with LOCK:
        if KNOWN != [job["seed"]]:
            judging.forget()
            KNOWN[:] = [job["seed"]]
        for attempt in (1, 2):
            started = time.monotonic()
            try:
                accepted = [(answer["exercise"], runs_of(job, answer)) for answer in job["accepted"]]
                result = Session(job, accepted).result()
                break
            except SandboxError:
                raise
            except Exception as error:  # whatever it is, it is ours
                close()
                if attempt == 2:
                    result = _failed(job, f"{type(error).__name__}: {error}")
    return {**result, "backend": job["backend"], "seconds": round(time.monotonic() - started, 3),
            "package": package_hash()}  # fmt: skip


def _failed(job, reason):
    """Return the result of a job that could not be judged, by no fault of the student's: no score at all."""
    return {"status": "grader error", "reason": clean(reason), "outputs": [[] for _ in job["cells"]],
            "counts": [None for _ in job["cells"]], "scores": {}, "verdicts": {}, "notes": [],
            "errors": []}  # fmt: skip
