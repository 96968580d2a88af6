"""On an honest class the engine gives every cell the points that stock nbgrader gives it, and exports the same table.

    .venv/bin/python tests/grading/test_identity.py 100            # every assignment, so many students
    .venv/bin/python tests/grading/test_identity.py 20 ps01 ps03

Left out of the class is what never ends, where stock waits for every cell; what does not parse or crashes is kept. The
inputs are drawn at random and differ between the two; the points do not.
"""

import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from gdcourse import checks
from gdcourse.grading import grade
from gdcourse.grading.authoring.assign import assign, release_notebook, write
from gdcourse.grading.authoring.sample import made_up_class, submission
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import nbgrader

pytestmark = pytest.mark.thorough

SLOW = "never ends"
STOCK = "\ndel c.Autograde\nc.Execute.timeout = 120\n"


def honest_class(course, ps, students):
    """Hand in a made-up class without the mishaps that stock cannot grade."""
    release = release_notebook(course / f"{ps}.md")
    for student, chosen in made_up_class(ps, students, 11).items():
        kept = {name: answer for name, answer in chosen.items() if answer.label != SLOW}
        write(submission(release, kept), course / "submitted" / student / ps / f"{ps}.ipynb")


def graded(course, ps, lost):
    """Return {(student, cell): points} and the exported table, both without the students who are lost."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "gdcourse") as book:
        points = {(s.student_id, g.name): g.score for s in book.assignment_submissions(ps)
                  if s.student_id not in lost for n in s.notebooks for g in n.grades}  # fmt: skip
        path = course / "grades.csv"
        CsvExportPlugin(to=str(path), assignment=[ps]).export(book)
    return points, [line for line in path.read_text().splitlines() if not lost & set(line.split(","))]


def compare(exercises, folder, ps, students):
    """Return ((points, table), seconds) of stock and of the engine, and the students whom stock could not grade."""
    both, lost = [], set()
    for side in ("stock", "engine"):
        course = folder / side
        course.mkdir(parents=True)
        for name in ("nbgrader_config.py", f"{ps}.md"):
            shutil.copy(exercises / name, course)
        assign(course, ps)
        honest_class(course, ps, students)
        started = time.monotonic()
        if side == "stock":
            with open(course / "nbgrader_config.py", "a") as settings:
                settings.write(STOCK)
            try:
                nbgrader(course, "autograde", ps, "--create")
            except CourseError as error:
                lost = set(re.findall(r"for student '(\w+)'", str(error)))
                if not lost:
                    raise
        else:
            grade.grade(course, ps, workers=2)
        seconds = time.monotonic() - started
        both.append((graded(course, ps, lost), seconds))
    return *both, lost


@pytest.mark.parametrize("ps", ["ps01", "ps03"])
def test_points_and_table_are_those_of_stock(request, tmp_path, ps):
    from tests.conftest import needs_sandbox  # not where this file runs as a program

    needs_sandbox()
    (stock, _), (engine, _), lost = compare(request.config.rootpath / "exercises", tmp_path, ps, 3)
    assert not lost
    assert stock[0] == engine[0] and len(stock[0]) >= 30 and len(set(stock[0].values())) > 1
    assert stock[1] == engine[1]


def main(students, assignments):
    exercises = Path(__file__).resolve().parents[2] / "exercises"
    for ps in assignments or checks.MODULES:
        with tempfile.TemporaryDirectory() as folder:
            (stock, slow), (engine, fast), lost = compare(exercises, Path(folder), ps, students)
        differ = sorted(key for key in stock[0] | engine[0] if stock[0].get(key) != engine[0].get(key))
        tables = "identical" if stock[1] == engine[1] else "differ"
        print(f"{ps}: {len(stock[0])} cells of {students} students, {len(differ)} differ {differ[:5]}; tables {tables}")
        print(f"      stock {slow:.0f} s, engine {fast:.0f} s; stock cannot grade {sorted(lost)}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
