"""Print the confusion table of an assignment: what is done, and what it is taken for.

    python -m gdcourse.checks confusion ps03 [seeds]
"""

import sys
from collections import Counter

from gdcourse.checks import assignment, verdicts


def confusion(exercise, seeds):
    """Return {solution's name: Counter of what its runs were taken for}: "right", a mistake's name, or "unnamed"."""
    table = {}
    right = [("reference", exercise.reference)] + [(as_name(style), style) for style in exercise.styles]
    for name, solution in right + [(m.name, m) for m in exercise.mistakes]:
        table[name] = Counter(taken_for(verdicts(exercise, solution, seed)) for seed in seeds)
    return table


def taken_for(judged):
    """Say in one word what a list of verdicts takes a solution for."""
    failed = [v for v in judged if not v.passed]
    names = sorted({v.mistake.name for v in failed if v.mistake})
    return " + ".join(names) or ("unnamed" if failed else "right")


def as_name(solution):
    return (solution[0] if isinstance(solution, tuple) else solution).__name__


def main(arguments):
    if len(arguments) not in (2, 3) or arguments[0] != "confusion":
        sys.exit(__doc__)
    seeds = range(int(arguments[2]) if len(arguments) == 3 else 20)
    for exercise in assignment(arguments[1]).exercises:
        print(f"\n{exercise.signature}   {exercise.points:g} points, {len(seeds)} seeds")
        table = confusion(exercise, seeds)
        points = {name: sum(v.points for v in verdicts(exercise, solution, 0)) for name, solution in
                  [("reference", exercise.reference), *((as_name(s), s) for s in exercise.styles),
                   *((m.name, m) for m in exercise.mistakes)]}  # fmt: skip
        for name, seen in table.items():
            what = ", ".join(f"{word} {count}" for word, count in seen.most_common())
            print(f"  {name:28} {points[name]:4g}   {what}")


if __name__ == "__main__":
    main(sys.argv[1:])
