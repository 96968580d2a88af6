"""From nothing to a table of scores with stock nbgrader: build ps03, make up a class, grade it, write feedback.

Everything happens in exercises/_build/demo, which is made anew each time.
"""

import shutil
import sys
import time
from pathlib import Path

from gdcourse import checks
from gdcourse.grading.assign import assign, nbgrader
from gdcourse.grading.sample import write_class
from gdcourse.grading.scores import as_table, scores

HERE = Path(__file__).resolve().parent
PS, STUDENTS, SEED = "ps03", 12, 0


def new_course(folder, ps=PS):
    """Make a folder with nothing in it but the settings and one assignment's page."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("nbgrader_config.py", f"{ps}.md"):
        shutil.copy(HERE / name, folder)
    return folder


def main():
    course = new_course(HERE / "_build" / "demo")
    with open(course / "nbgrader_config.py", "a") as settings:
        settings.write("del c.Autograde\n")  # nbgrader's own way of running and scoring
    steps = {
        "build the assignment": lambda: assign(course, PS),
        f"make up {STUDENTS} students": lambda: write_class(course, PS, STUDENTS, SEED),
        "nbgrader autograde": lambda: nbgrader(course, "autograde", PS, "--create"),
        "nbgrader generate_feedback": lambda: nbgrader(course, "generate_feedback", PS),
    }
    results = {}
    for name, step in steps.items():
        start = time.perf_counter()
        results[name] = step()
        print(f"{name:28} {time.perf_counter() - start:5.1f} s", flush=True)
    table = scores(course, PS)
    totals = {exercise.name: exercise.points for exercise in checks.assignment(PS).exercises}
    print(f"\n{as_table(table, totals)}\n")
    worst = min((s for s, row in table.items() if sum(row.values()) > 0), key=lambda s: sum(table[s].values()))
    print(f"Feedback, for example: {course / 'feedback' / worst / PS / f'{PS}.html'}")
    return 0 if len(table) == STUDENTS else 1


if __name__ == "__main__":
    sys.exit(main())
