"""What would change, and whose marks move, before anything moves: by term.toml, or by running what is asked by now."""

from gdcourse import checks
from gdcourse.grading.authoring.assign import cell_id, exercise_of
from gdcourse.grading.course.term import EVERYONE, term
from gdcourse.grading.gradebook.journal import Journal
from gdcourse.grading.gradebook.reading import read
from gdcourse.grading.intake.rebuilding import skeleton
from gdcourse.grading.report.tables import NOT_ENTERED, shown


def changes(course, ps):
    """Return lines: each exercise that will count for other points, and each student with her points before and after.

    An answer that was judged right has all points of its cell, whatever they are by then; points given by hand stay.
    The penalty for being late is worked out again when they are entered, and left out here.
    """
    decided, assignment = term(course, ps), checks.assignment(ps)
    entries, _, before = read(course, ps, notebooks=False)
    after = {name: cell.metadata["nbgrader"]["points"] for name, cell in skeleton(course, ps).marked.items()
             if cell.metadata["nbgrader"]["grade"]}  # fmt: skip
    lines = []
    for exercise in assignment.exercises:
        cells = [cell_id(exercise, b) for b in exercise.behaviours]
        old, new = (round(sum(worth.get(cell, 0) for cell in cells), 6) for worth in (before, after))
        if exercise.name in decided.everyone:
            lines.append(f"{exercise.name}: {new:g} points, for {EVERYONE} who handed in")
        elif old != new:
            lines.append(f"{exercise.name}: {old:g} points, {new:g} from now on")
    known, moved = Journal(course, ps), []
    for entry in entries:
        head = known.done.get(entry.student, {})
        result = known.result(head.get("key")) if head.get("status") not in NOT_ENTERED else None
        if result is not None:
            moved.append((entry.student, sum(entry.points.values()), _after(entry.points, entry.by_hand, result, after,
                                                                             decided.everyone, ps)))  # fmt: skip
    moved = [row for row in moved if abs(row[2] - row[1]) > 1e-9]
    if moved:
        lines += [f"{shown(student)}: {old:g}, {new:g} from now on" for student, old, new in moved]
        lines.append(f"{len(moved)} of {len(entries)} marks move, out of {sum(before.values()):g}, "
                     f"{sum(after.values()):g} from now on.")  # fmt: skip
    return lines


def moves(course, ps, ahead):
    """Return lines on whose marks move when what was run ahead is entered. ahead: what `grade.preview` returns.

    The penalty for being late is left out, as it is worked out again when marks are entered.
    """
    entries, _, worth = read(course, ps, notebooks=False)
    there, everyone, lines, moved = {e.student: e for e in entries}, term(course, ps).everyone, [], 0
    for student, result in ahead:
        entry = there.get(student)
        points, by_hand = (entry.points, entry.by_hand) if entry else ({}, ())
        if result["status"] == "grader error":
            lines.append(f"{shown(student)}: grader error, {result['reason']}")
            continue
        if result["status"] in NOT_ENTERED:  # nothing is judged, and what a person gave stays
            points = {cell: given for cell, given in points.items() if cell in by_hand}
        new = _after(points or dict.fromkeys(worth, 0.0), by_hand, result, worth, everyone, ps)
        if entry is None or not entry.points:
            lines.append(f"{shown(student)}: not entered yet, {new:g} from now on")
        elif abs(new - (old := sum(entry.points.values()))) > 1e-9:
            moved += 1
            lines.append(f"{shown(student)}: {old:g}, {new:g} from now on")
    return [*lines, f"{moved} of {len(entries)} marks move."]


def _after(points, by_hand, result, worth, everyone, ps):
    """Return a submission's points when a result is entered: those of a person stay."""
    owner, new = exercise_of(ps), 0.0
    for cell, had in points.items():
        verdict = result["verdicts"].get(cell)
        if verdict is None or cell in by_hand:
            new += had
        elif owner.get(cell) in everyone:
            new += worth[cell]
        else:
            new += worth[cell] * (verdict["points"] / verdict["of"] if verdict["of"] else verdict["passed"])
    return new
