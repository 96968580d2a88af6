"""What everything that may be handed in is taken for: each known mistake and each right style, on many seeds.

    python benchmarks/confusion.py [file.json [seeds]]

Prints what is not taken for itself, writes the table to the file if one is named, and exits with 1 if a right solution
was ever taken for wrong, or a mistake for right or for another. The book shows the stored table; a test holds its rows
against the exercises.
"""

import json
import sys
from pathlib import Path

from gdcourse import checks
from gdcourse.checks.__main__ import as_name, confusion


def seeds(exercise, most):
    """Return the seeds to take: few where one run is a whole training."""
    return range(1 if exercise.seconds >= 60 else max(1, most // 10) if exercise.seconds >= 5 else most)


def rows(exercise, seeds):
    """Return [(kind, name, points on the first seed, {taken for: how often})] of an exercise."""
    table = confusion(exercise, seeds)
    handed_in = [("reference", exercise.reference), *((as_name(s), s) for s in exercise.styles),
                 *((m.name, m) for m in exercise.mistakes)]  # fmt: skip
    mistakes = {m.name for m in exercise.mistakes}
    return [("mistake" if name in mistakes else "right", name,
             sum(v.points for v in checks.verdicts(exercise, solution, 0)), dict(table[name]))
            for name, solution in handed_in]  # fmt: skip


def astray(exercise, rows):
    """Return the lines of what was ever taken for something else than it is."""
    return [f"{exercise.name}: {name} is taken for {seen}" for kind, name, _, seen in rows
            if set(seen) != {name if kind == "mistake" else "right"}]  # fmt: skip


def main(destination=None, most=40):
    measured, wrong = {}, []
    for ps in checks.MODULES:
        measured[ps] = {}
        for exercise in checks.assignment(ps).exercises:
            found = rows(exercise, seeds(exercise, int(most)))
            measured[ps][exercise.name] = {"points": exercise.points, "rows": found}
            wrong += astray(exercise, found)
        print(f"{ps}: {sum(len(e['rows']) for e in measured[ps].values())} solutions", flush=True)
    print("\n".join(wrong) or "Every one is taken for what it is.")
    if destination:
        lines = [f' "{ps}": {{\n' + ",\n".join(f'  "{name}": {json.dumps(row)}' for name, row in exercises.items())
                 + "\n }" for ps, exercises in measured.items()]  # fmt: skip
        Path(destination).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
