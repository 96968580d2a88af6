"""The whole way with stock nbgrader: build, hand in, autograde, feedback; and a student's own validation."""

import io
import re
import shutil

import nbformat
import pytest
from nbgrader.validator import Validator

from gdcourse import checks
from gdcourse.grading.authoring.assign import assign, release_notebook
from gdcourse.grading.authoring.sample import Answer, expected_points, solution_source, submission, write_class
from gdcourse.grading.course.nbgrader import nbgrader
from gdcourse.grading.gradebook.scores import as_table, scores

pytestmark = pytest.mark.thorough

PS, STUDENTS = "ps03", 12


@pytest.fixture(scope="module")
def graded(request, tmp_path_factory):
    """A course in which a made-up class has been graded, and what its students wrote."""
    course = tmp_path_factory.mktemp("course")
    for name in ("nbgrader_config.py", f"{PS}.md"):
        shutil.copy(request.config.rootpath / "exercises" / name, course)
    with open(course / "nbgrader_config.py", "a") as settings:
        settings.write("c.Execute.timeout = 10\n")  # one student's picture never comes to an end
        settings.write("del c.Autograde\n")  # nbgrader's own way of running and scoring
    assign(course, PS)
    made = write_class(course, PS, STUDENTS, 0)
    nbgrader(course, "autograde", PS, "--create")
    nbgrader(course, "generate_feedback", PS)
    return course, made


def test_scores_are_what_the_engine_says(graded):
    course, made = graded
    exercises = checks.assignment(PS).exercises
    table = scores(course, PS)
    assert table == {student: {e.name: expected_points(e, chosen[e.name]) for e in exercises}
                     for student, chosen in made.items()}  # fmt: skip
    assert sum(table["s0001"].values()) == 20 and sum(table["s0012"].values()) == 0
    assert len({sum(row.values()) for row in table.values()}) > 4
    text = as_table(table, {e.name: e.points for e in exercises})
    assert text.splitlines()[2].split() == ["s0001", "4", "3", "5", "2", "2", "4", "20"]


def test_feedback_is_ours_to_read_and_shows_no_frames_of_ours(graded):
    course, made = graded
    for student in made:
        page = (course / "feedback" / student / PS / f"{PS}.html").read_text("utf-8")
        text = re.sub(r"<[^>]+>", "", page)
        assert "gdcourse/checks" not in text and "judging" not in text
        assert "not written yet" in text or student != "s0012"
    named = {name: m for e in checks.assignment(PS).exercises for name, m in ((m.name, m) for m in e.mistakes)}
    shown = 0
    for student, chosen in made.items():
        page = (course / "feedback" / student / PS / f"{PS}.html").read_text("utf-8")
        for answer in chosen.values():
            if answer.label in named:
                assert named[answer.label].hint.split()[0] in page and "what comes out when" in " ".join(page.split())
                shown += 1
    assert shown > 5


def test_the_release_that_nbgrader_makes_is_the_one_the_book_offers(graded):
    course, _ = graded
    theirs, ours = nbformat.read(course / "release" / PS / f"{PS}.ipynb", 4), release_notebook(course / f"{PS}.md")
    assert [c.source for c in theirs.cells] == [c.source for c in ours.cells]
    assert [c.metadata.get("nbgrader") for c in theirs.cells] == [c.metadata.get("nbgrader") for c in ours.cells]


def test_a_right_notebook_validates_and_a_wrong_one_is_told_why(graded, tmp_path):
    course, _ = graded
    exercises = checks.assignment(PS).exercises
    right = {e.name: Answer("", solution_source(e, e.styles[0])) for e in exercises}
    release = release_notebook(course / f"{PS}.md")
    standardize = next(e for e in exercises if e.name == "standardize")
    mistake = next(m for m in standardize.mistakes if m.name == "divides_by_zero")
    wrong = {**right, "standardize": Answer("", solution_source(standardize, mistake))}
    said = {}
    for name, chosen in (("right", right), ("wrong", wrong)):
        nbformat.write(submission(release, chosen), tmp_path / f"{name}.ipynb")
        validator = Validator()
        validator.stream = io.StringIO()
        validator.validate_and_print(str(tmp_path / f"{name}.ipynb"))
        said[name] = validator.stream.getvalue()
    assert said["right"] == "Success! Your notebook passes all the tests.\n"
    told = " ".join(said["wrong"].split())  # the lines break where there is room
    assert "VALIDATION FAILED ON 1 CELL" in told and mistake.hint.split(" It carries")[0] in told
    assert "..." not in told  # where nbgrader cuts a line off
