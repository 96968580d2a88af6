"""A made-up class: the same from the same seed, varied, and worth what it says."""

import shutil

import nbformat
import pytest
from nbgrader.utils import parse_utc

from gdcourse import checks
from gdcourse.grading.authoring.assign import release_notebook
from gdcourse.grading.authoring.sample import DUE, answers, expected_points, made_up_class, write_class
from gdcourse.grading.course.directory import CourseError


@pytest.fixture(scope="module")
def course(request):
    return request.config.rootpath / "exercises"


def test_the_same_seed_makes_the_same_class():
    assert made_up_class("ps03", 30, 1) == made_up_class("ps03", 30, 1) != made_up_class("ps03", 30, 2)
    labels = {answer.label for chosen in made_up_class("ps03", 400, 0).values() for answer in chosen.values()}
    for exercise in checks.assignment("ps03").exercises:
        assert set(answers(exercise)) <= labels


@pytest.mark.parametrize("exercise", checks.assignment("ps03").exercises, ids=lambda e: e.name)
def test_every_answer_is_worth_what_it_should_be(exercise):
    right = {s.__name__ for s in (exercise.reference, *exercise.styles)} | {"right, and talkative"}
    lucky = {"prints the answer", "returns nothing", "arguments swapped"}  # an error may be raised where it should
    for label, answer in answers(exercise).items():
        worth = expected_points(exercise, answer)
        if label in right:
            assert worth == exercise.points, label
        elif label in {m.name for m in exercise.mistakes} | lucky:
            assert worth < exercise.points, label
        else:
            assert worth == 0, label


EXERCISES = [e for ps in checks.MODULES for e in checks.assignment(ps).exercises if e.seconds < 5]


@pytest.mark.parametrize("exercise", [
    pytest.param(e, marks=pytest.mark.thorough) if e.name == "rescue" else e for e in EXERCISES
], ids=lambda e: e.name)  # fmt: skip
def test_nothing_is_worth_nothing(exercise):
    """A body of `pass` earns nothing anywhere; what forgets to return has a return to forget."""
    pool = answers(exercise)
    assert expected_points(exercise, pool["does nothing"]) == 0
    for label in {"prints the answer", "returns nothing"} & set(pool):
        assert expected_points(exercise, pool[label]) < exercise.points


@pytest.fixture
def handed_in(course, tmp_path):
    for name in ("nbgrader_config.py", "ps03.md"):
        (tmp_path / name).write_bytes((course / name).read_bytes())
    return tmp_path, write_class(tmp_path, "ps03", 10, 0)


def test_submissions_are_releases_with_answers_filled_in(handed_in):
    tmp_path, made = handed_in
    assert list(made) == [f"s{number:04}" for number in range(1, 11)]
    for student, chosen in made.items():
        book = nbformat.read(tmp_path / "submitted" / student / "ps03" / "ps03.ipynb", 4)
        cells = {c.metadata["nbgrader"]["grade_id"]: c.source for c in book.cells if "nbgrader" in c.metadata}
        for name, answer in chosen.items():
            assert cells[name] == answer.source.rstrip() if answer.source else "NotImplementedError" in cells[name]


def test_notebooks_come_as_students_leave_them(course, handed_in):
    folder, made = handed_in
    release = release_notebook(course / "ps03.md")
    books = [nbformat.read(folder / "submitted" / student / "ps03" / "ps03.ipynb", 4) for student in made]
    for book in books:
        nbformat.validate(book)
        marked = [c.metadata["nbgrader"] for c in book.cells if "nbgrader" in c.metadata]
        assert marked == [c.metadata["nbgrader"] for c in release.cells if "nbgrader" in c.metadata]
    assert {"colab", "language_info"} <= {key for book in books for key in book.metadata}
    assert {book.nbformat_minor for book in books} == {0, release.nbformat_minor}
    assert {len(book.cells) - len(release.cells) for book in books} == {0, 3}
    assert any(cell.get("outputs") for book in books for cell in book.cells)
    stamps = [(folder / "submitted" / student / "ps03" / "timestamp.txt").read_text("utf-8") for student in made]
    late = [parse_utc(stamp.strip()) > DUE.replace(tzinfo=None) for stamp in stamps]
    assert 0 < sum(late) < 4 and not late[0]


def test_a_class_is_not_made_over_what_somebody_handed_in(request, tmp_path):
    shutil.copy(request.config.rootpath / "exercises" / "ps03.md", tmp_path)
    shutil.copy(request.config.rootpath / "exercises" / "nbgrader_config.py", tmp_path)
    write_class(tmp_path, "ps03", 6, 0)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")}
    write_class(tmp_path, "ps03", 6, 0)  # the same again may be
    real = tmp_path / "submitted" / "s0004" / "ps03" / "ps03.ipynb"
    real.write_text("mine")
    with pytest.raises(CourseError, match="s0004 handed in ps03 already"):
        write_class(tmp_path, "ps03", 6, 1)
    assert real.read_text() == "mine" and len(before) == 6
