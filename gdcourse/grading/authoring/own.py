"""An assignment of a course's own: a page and a specification beside the settings, begun and tried."""

import re
from collections import Counter
from pathlib import Path

import numpy as np

from gdcourse import checks
from gdcourse.checks.__main__ import as_name, taken_for
from gdcourse.checks.book import EQUATIONS, SECTIONS
from gdcourse.grading.course.directory import CourseError

TEMPLATES = Path(__file__).with_name("own_templates")


def begin(course, name):
    """Write NAME.md and NAME.py into a course's folder. Returns: their paths. Raises: CourseError."""
    if not re.fullmatch(r"[a-z]\w*", name):
        raise CourseError(f"the name must be a small letter, then letters, digits and _, such as hw1; got {name!r}")
    if name in checks.MODULES:
        raise CourseError(f"{name} is an assignment of the package. Choose another name.")
    written = []
    for suffix in ("py", "md"):
        target = Path(course, f"{name}.{suffix}")
        if target.exists():
            raise CourseError(f"{target} is there already, and stays as it is")
        written.append((target, (TEMPLATES / f"template.{suffix}.txt").read_text("utf-8").replace("NAME", name)))
    for target, text in written:
        target.write_text(text, "utf-8")
    return [target for target, _ in written]


def verify(name, seeds):
    """Try a specification on several draws of its cases.

    Returns: lines for a person, and whether nothing is wrong.
    """
    lines, wrong = [], []
    if not checks.assignment(name).exercises:
        raise CourseError(f"{name} has no specification that could be tried: its tests are cells of the notebook")
    for exercise in checks.assignment(name).exercises:
        lines.append(f"{exercise.signature}   {exercise.points:g} points")
        right = [("reference", exercise.reference)] + [(as_name(style), style) for style in exercise.styles]
        for label, solution in right:
            points = {_points(exercise, solution, seed) for seed in range(seeds)}
            if points != {exercise.points}:
                wrong.append(f"{exercise.name}: {label} should be right, and has {_some(points)} points")
            lines.append(f"  {label}: {_some(points)} points")
        for m in exercise.mistakes:
            judged = [checks.verdicts(exercise, m, seed) for seed in range(seeds)]
            taken, points = Counter(map(taken_for, judged)), {sum(v.points for v in one) for one in judged}
            wrong += [f"{exercise.name}: {m.name} has all the points on some draws"] * (exercise.points in points)
            wrong += [f"{exercise.name}: {m.name} has other points on other draws, {_some(points)}"] * (len(points) > 1)
            if set(taken) - {"unnamed", m.name}:
                other = ", ".join(sorted(set(taken) - {"unnamed", m.name}))
                wrong.append(f"{exercise.name}: {m.name} is taken for {other}: add a case that tells them apart")
            elif set(taken) != {m.name}:
                wrong.append(f"{exercise.name}: {m.name} is not recognised on {taken['unnamed']} of {seeds} draws")
            if m.see and m.see not in {**EQUATIONS, **SECTIONS}:
                wrong.append(f"{exercise.name}: {m.name} points to {m.see!r}, which stands nowhere in the book")
            lines.append(f"  {m.name}: {_some(points)} points")
        for what, pretender in PRETENDERS.items():
            functions = (pretender,) * len(exercise.names)
            points = {_points(exercise, functions, seed) for seed in range(min(3, seeds))}
            if points != {0}:
                wrong.append(f"{exercise.name}: a function that {what} has {_some(points)} points: give that behaviour "
                             "cases with different answers")  # fmt: skip
    summary = [f"Wrong: {line}" for line in wrong] or [f"Nothing is wrong on {seeds} draws."]
    return [*lines, *summary], not wrong


PRETENDERS = {
    "returns None": lambda *args: None,
    "returns 0": lambda *args: 0,
    "returns 1.0": lambda *args: 1.0,
    "returns no number": lambda *args: float("nan"),
    "returns nothing but zeros": lambda *args: np.zeros_like(np.asarray(args[0], dtype=float)) if _numbers(args) else 0,
    "returns what it is given": lambda *args: args[0] if args else None,
}


def _numbers(args):
    return bool(args) and isinstance(args[0], int | float | np.ndarray)


def _points(exercise, solution, seed):
    return sum(verdict.points for verdict in checks.verdicts(exercise, solution, seed))


def _some(points):
    return " or ".join(f"{one:g}" for one in sorted(points))

