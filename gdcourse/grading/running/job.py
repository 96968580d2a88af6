"""What a job may ask for, and the statuses it can end in: see `execute`."""

import re

from gdcourse import checks
from gdcourse._validate import one_of
from gdcourse.checks.reporting import ALL, HINTS
from gdcourse.grading.sandbox.limits import LIMITS

STATUSES = ("graded", "graded with notes", "timeout", "memory", "died", "output limit", "rejected", "missing",
            "grader error")  # fmt: skip
BACKENDS = "warm", "kernel", "plain"


def checked(job):
    """Return a job with everything it leaves out. Raises: ValueError, naming what is wrong."""
    checks.assignment(job.get("ps"))
    backend = job.get("backend", "warm")
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    if type(job.get("seed")) is not int or job["seed"] < 0:
        raise ValueError(f"seed must be a whole number from 0, got {job.get('seed')!r}")
    hint = job.get("hint", ALL)
    one_of("hint", hint, HINTS)
    unknown = set(job.get("limits", {})) - set(LIMITS)
    if unknown:
        raise ValueError(f"limits must be among {', '.join(LIMITS)}, got {', '.join(sorted(unknown))}")
    slowest = max((exercise.seconds for exercise in checks.assignment(job["ps"]).exercises), default=0)
    for cell in job["cells"]:
        if cell["kind"] == "test":
            asked(cell, job["ps"])
    limits = {**LIMITS, "cell_seconds": max(LIMITS["cell_seconds"], slowest), **job.get("limits", {})}
    return {**job, "backend": backend, "limits": limits, "hint": hint, "accepted": job.get("accepted", [])}


def asked(cell, ps):
    """Return the exercise and behaviour a test cell is about. Raises: ValueError if it is not `grade(f, "name")`."""
    words = checks.GRADED.fullmatch(cell["source"])
    names = tuple(re.split(r"\s*,\s*", words[1])) if words else ()
    exercise = next((e for e in checks.assignment(ps).exercises if e.names == names), None)
    behaviour = next((b for b in exercise.behaviours if b.name == words[3]), None) if exercise else None
    if behaviour is None:
        raise ValueError(f"a test cell must be grade(f, \"behaviour\") of {ps}, got {cell['source'][:80]!r}")
    return exercise, behaviour
