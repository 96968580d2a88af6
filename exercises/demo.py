"""From nothing to a table of scores: build ps03, make up a class, grade it in the sandbox, write feedback.

Everything happens in exercises/_build/demo, which is made anew each time. Without bubblewrap there is no sandbox.
"""

import shutil
import sys
import time
from pathlib import Path

from gdcourse import checks
from gdcourse.grading.authoring.assign import assign
from gdcourse.grading.authoring.sample import write_class
from gdcourse.grading.grade import grade
from gdcourse.grading.gradebook.feedback import write_feedback
from gdcourse.grading.gradebook.scores import as_table, scores
from gdcourse.grading.report.page import write_report

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
    backend = "warm" if shutil.which("bwrap") else "plain"
    steps = {
        "build the assignment": lambda: assign(course, PS),
        f"make up {STUDENTS} students": lambda: write_class(course, PS, STUDENTS, SEED),
        f"grade them ({backend})": lambda: grade(course, PS, backend=backend),
        "write their feedback": lambda: write_feedback(course, PS),
        "write the report": lambda: write_report(course, PS),
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
    print(f"Report: {results['write the report']}")
    return 0 if len(table) == STUDENTS else 1


if __name__ == "__main__":
    sys.exit(main())
