"""Write the page about a graded assignment that an instructor opens: `write_report(course, ps)`."""

import os
from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from gdcourse import checks
from gdcourse.checks.book import equation
from gdcourse.grading.authoring.assign import cell_id
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.gradebook.reading import handed_out, read
from gdcourse.grading.report.ideas import shaky
from gdcourse.grading.report.similarity import SHORT, similarities, whole
from gdcourse.grading.report.statistics import chance, histogram, item
from gdcourse.grading.report.tables import LOOK, lateness

NOT_RUN = {"grader error", "rejected", "missing"}
KINDS = {  # kind of a fault that is no known mistake: what happened
    "absent": "It is not there: its cell does not run, or it has another name.",
    "time": "It never ends.",
    "calls": "It never ends.",
    "prints": "It prints its answer instead of returning it.",
    "nothing": "It returns nothing.",
    "call": "It takes its arguments in another order.",
    "untouched": "It changes what it was given.",
    "raised": "It stops with an error.",
    "exit": "It leaves Python.",
    "structure": "It returns something of another kind.",
}
OTHER = "It gives other values."
PAIRS, EXAMPLE = 12, 1_500  # pairs of answers on the page, and characters of one student's feedback


class Made(NamedTuple):
    """Who made a known mistake, and the hint; or who went wrong in no known way, and what one of them was told."""

    name: str
    hint: str
    students: list


def write_report(course, ps):
    """Write reports/PS.html in the course's folder. Returns: its path. Raises: CourseError if nothing is graded."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    assignment, course = checks.assignment(ps), Path(course).resolve()
    entries, absent, worth = read(course, ps)
    if not entries:
        raise CourseError(f"nothing of {ps} is graded yet. Run: gdcourse grade {ps}")
    target = course / "reports" / f"{ps}.html"
    target.parent.mkdir(exist_ok=True)
    feedback = {e.student: course / "feedback" / e.student / ps / f"{ps}.html" for e in entries}
    links = {s: os.path.relpath(path, target.parent) for s, path in feedback.items() if path.is_file()}
    pages = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined,
                        trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    look, note = looks(assignment, entries)
    text = pages.get_template("page.html.jinja").render(
        assignment=assignment, links=links, absent=absent, now=f"{datetime.now():%d %B %Y, %H:%M}", short=SHORT,
        **summary(entries, worth), looks=look, notes=note, items=items(assignment, entries, worth),
        mistakes=mistakes(assignment, entries), ideas=shaky(course, ps),
        alike=alike(assignment, entries, handed_out(course, ps)))  # fmt: skip
    draft = target.with_name(f".{ps}.html.draft")
    draft.touch(mode=0o600)  # names and marks
    draft.write_text(text, "utf-8", errors="replace")  # a folder's name may hold bytes that are no text
    os.replace(draft, target)
    return target


def summary(entries, worth):
    """Return the figures at the head of the page."""
    points = sum(worth.values())
    scores = [entry.total for entry in entries if entry.points] or [0.0]
    return dict(students=len(entries), points=points, mean=sum(scores) / len(scores), median=median(scores),
                full=sum(score >= points for score in scores), bins=histogram(scores, points),
                best=max(scores), worst=min(scores), provisional=any(entry.waiting for entry in entries))  # fmt: skip


def unwritten(exercise, entry):
    """Tell whether a student has left an exercise as it was handed out."""
    return all(entry.failed.get(cell_id(exercise, b), ("",))[0] == "unwritten" for b in exercise.behaviours)


def nothing_written(assignment, entry):
    """Tell whether a student has left everything as it was handed out; of a plain assignment nobody knows."""
    exercises = assignment.exercises
    return bool(exercises) and all(unwritten(exercise, entry) for exercise in exercises)


def items(assignment, entries, worth):
    """Return the Items: of each exercise, with those of its behaviours and who left it out; and of what is by hand."""
    ran = [e for e in entries if e.status not in NOT_RUN]
    tried = [e for e in ran if not nothing_written(assignment, e)]
    totals = [sum(e.points.values()) for e in tried]

    def of(name, points, cells, whom=tried, totals=totals):
        return item(name, points, [sum(e.points.get(cell, 0.0) for cell in cells) for e in whom], totals)

    rows, ours = [], set()
    for exercise in assignment.exercises:
        cells = {cell_id(exercise, b): b for b in exercise.behaviours}
        ours |= set(cells)
        if not any(worth.get(cell) for cell in cells):  # dropped
            continue
        rows.append((of(exercise.name, sum(worth.get(cell, 0) for cell in cells), cells),
                     [(of(b.name, worth[cell], [cell]), b.says) for cell, b in cells.items() if worth.get(cell)],
                     [e.student for e in ran if unwritten(exercise, e)]))  # fmt: skip
    hand = []
    for name in worth.keys() - ours:
        marked = [e for e in tried if name not in e.waiting]
        hand.append((of(name, worth[name], [name], marked, [sum(e.points.values()) for e in marked]),
                     [e.student for e in entries if name in e.waiting], bool(assignment.exercises)))  # fmt: skip
    return dict(rows=rows, hand=sorted(hand), counted=len(tried), chance=chance(len(tried)))


def mistakes(assignment, entries):
    """Return [(exercise, the known mistakes that were made, what else went wrong, the known mistakes nobody made)]."""
    rows = []
    for exercise in assignment.exercises:
        made, other = {m: [] for m in exercise.mistakes}, {}
        for entry in entries:
            cells = [cell_id(exercise, b) for b in exercise.behaviours]
            failed = {cell: entry.failed[cell] for cell in cells if cell in entry.failed}
            failed = {cell: why for cell, why in failed.items() if why[0] not in ("unwritten", "unjudged")}
            found = [m for m in made if m.name in {name for _, name in failed.values()}]
            for m in found:
                made[m].append(entry.student)
            if failed and not found:
                cell, (kind, _) = next(iter(failed.items()))
                says = KINDS.get(kind, OTHER)
                text = entry.told.get(cell, "")[:EXAMPLE]
                other.setdefault(says, Made(says, text, [])).students.append(entry.student)
        named = [Made(m.name, " ".join(filter(None, [f"That is what comes out when {m.hint}", equation(m.see)])), s)
                 for m, s in made.items() if s]  # fmt: skip
        rows.append((exercise, *(sorted(some, key=lambda m: -len(m.students)) for some in (named, other.values())),
                     [m.name for m, students in made.items() if not students]))  # fmt: skip
    return rows


def looks(assignment, entries):
    """Return [(entry, why)] of those a person should look at, the gravest first, and of those with a note only."""
    look, note = [], []
    for entry in entries:
        reasons = [line for line in entry.reason.splitlines() if line.strip()]
        grave = [line for line in reasons if line not in entry.errors] or [entry.status] * (entry.status in LOOK)
        minor = [line for line in reasons if line in entry.errors]
        left = [exercise.name for exercise in assignment.exercises if unwritten(exercise, entry)]
        if nothing_written(assignment, entry):
            grave.append("Nothing is written in it.")
        elif left:
            minor.append(f"Left as handed out: {', '.join(left)}.")
        if entry.seconds_late:
            grave.append(lateness(entry.seconds_late, entry.penalty))
        if grave:
            rank = LOOK.index(entry.status) if entry.status in LOOK else len(LOOK)
            look.append((rank, entry.student, entry, grave + (minor if entry.status in LOOK else [])))
        elif minor:
            note.append((entry, minor))
    return [(entry, why) for _, _, entry, why in sorted(look, key=lambda row: row[:2])], note


def alike(assignment, entries, handed_out):
    """Return what there is to look at of answers that are written alike."""
    found = []
    for exercise in assignment.exercises:
        wrote = {e.student: whole(exercise, e.wrote.get(exercise.name, ""), e.hers) for e in entries}
        found.append(similarities(exercise, wrote, handed_out.get(exercise.name, "")))
    unread = {exercise.name: f.unread for exercise, f in zip(assignment.exercises, found) if f.unread}
    pairs = sorted((pair for f in found for pair in f.pairs), key=lambda pair: -pair.share)
    often = Counter({exercise.name: f.common for exercise, f in zip(assignment.exercises, found) if f.common})
    groups = sorted((g for f in found for g in f.groups), key=lambda g: (not g.of, -len(g.students)))
    return dict(groups=groups, pairs=pairs[:PAIRS], more=max(0, len(pairs) - PAIRS), often=often, unread=unread)
