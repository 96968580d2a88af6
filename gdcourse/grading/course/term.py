"""What a course decides while the term goes on, in a file term.toml beside its settings.

    book = "https://example.org/gdcourse"   # where the course's book is published, for links to its equations

    [ps03.extensions]                  # days after the date it was due
    "Ada Lovelace" = 3

    [ps03.points]
    run_until = 0                      # dropped
    spectral_step = 6                  # instead of what the page says
    backtracking = "everyone"          # whoever handed in has its points

    [ps03.groups]                      # a folder in submitted/, and whose marks are in it
    team-1 = ["Ada Lovelace", "Kim Lee"]

    [ps03.feedback]
    hint = 2                           # how much a verdict says, from 1 to 3; see `check`
"""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from gdcourse import checks
from gdcourse.checks.reporting import ALL, HINTS
from gdcourse.grading.course.directory import CourseError

EVERYONE = "everyone"
PARTS = {"extensions", "points", "groups", "feedback"}


class Term(NamedTuple):
    """The decisions on one assignment: {student: days}, {exercise: points}, whose points everyone has, the hints, and
    {folder of a group: its members}."""

    extensions: dict
    points: dict
    everyone: frozenset
    hint: int
    groups: dict


def term(course, ps):
    """Return the Term of an assignment; an empty one where nothing is decided. Raises: CourseError."""
    decided, _ = _read(course)
    if not decided:
        return Term({}, {}, frozenset(), ALL, {})
    every = set(checks.every())
    for name, part in decided.items():
        if name not in every or not isinstance(part, dict) or set(part) - PARTS:
            raise CourseError("term.toml: every heading is an assignment's and one of "
                              f"{', '.join(sorted(PARTS))}, such as [ps03.points]; got {name!r}")  # fmt: skip
    part = decided.get(ps, {})
    days, points = part.get("extensions", {}), part.get("points", {})
    known = {exercise.name: exercise.points for exercise in checks.assignment(ps).exercises}
    hint = part.get("feedback", {}).get("hint", ALL)
    if hint not in HINTS or set(part.get("feedback", {})) - {"hint"}:
        raise CourseError(f"term.toml: feedback has a hint of {', '.join(map(str, HINTS))}, got {part['feedback']!r}")
    groups = part.get("groups", {})
    members = [name for names in groups.values() if isinstance(names, list) for name in names]
    if not all(isinstance(names, list) for names in groups.values()) or not all(isinstance(m, str) for m in members):
        raise CourseError(f"term.toml: a group is a list of names; got {groups!r}")
    if twice := sorted({name for name in members if members.count(name) > 1}):
        raise CourseError(f"term.toml: {', '.join(twice)} is in two groups of {ps}")
    for student, number in days.items():
        if not _number(number):
            raise CourseError(f"term.toml: an extension is a number of days from 0; {student!r} has {number!r}")
    for name, worth in points.items():
        if name not in known:
            raise CourseError(f"term.toml: {ps} has no exercise {name!r}; it has {', '.join(known)}")
        if worth != EVERYONE and not _number(worth):
            raise CourseError(f"term.toml: {name} counts for a number of points from 0, or \"everyone\"; got {worth!r}")
    return Term(days, {name: known[name] if worth == EVERYONE else worth for name, worth in points.items()},
                frozenset(name for name, worth in points.items() if worth == EVERYONE), hint, groups)  # fmt: skip


def book_address(course):
    """Return where the course's book is published, without a slash at its end; "" if it does not say."""
    return _read(course)[1]


def _read(course):
    """Return the headings of term.toml, and the book's address."""
    path = Path(course) / "term.toml"
    if not path.is_file():
        return {}, ""
    try:
        decided = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"term.toml cannot be read: {error}") from None
    book = decided.pop("book", "")
    if book != "" and not (isinstance(book, str) and re.fullmatch(r"https?://[\w.:/~%-]+", book)):
        raise CourseError("term.toml: book is the address of the published book, such as "
                          f"https://example.org/gdcourse; got {book!r}")  # fmt: skip
    return decided, book.rstrip("/")


def _number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6
