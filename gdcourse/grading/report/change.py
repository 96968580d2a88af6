"""What term.toml would change: the points of exercises, and whose marks move, before anything moves."""

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
    known = Journal(course, ps)
    everyone = {cell for cell, name in exercise_of(ps).items() if name in decided.everyone}
    moved = []
    for entry in entries:
        head = known.done.get(entry.student, {})
        result = known.result(head.get("key")) if head.get("status") not in NOT_ENTERED else None
        if result is None:
            continue
        right = {cell for cell, verdict in result["verdicts"].items() if verdict["passed"]}
        old, new = sum(entry.points.values()), 0.0
        for cell, points in entry.points.items():
            judged = cell in result["verdicts"] and cell not in entry.by_hand
            new += after[cell] * (cell in right or cell in everyone) if judged else points
        if abs(new - old) > 1e-9:
            moved.append((entry.student, old, new))
    if moved:
        lines += [f"{shown(student)}: {old:g}, {new:g} from now on" for student, old, new in moved]
        lines.append(f"{len(moved)} of {len(entries)} marks move, out of {sum(before.values()):g}, "
                     f"{sum(after.values()):g} from now on.")  # fmt: skip
    return lines
