"""A made-up class: the same from the same seed, varied, and worth what it says."""

import nbformat
import pytest

from gdcourse import checks
from gdcourse.grading.sample import answers, expected_points, made_up_class, write_class


@pytest.fixture(scope="module")
def course(request):
    return request.config.rootpath / "exercises"


def test_the_same_seed_makes_the_same_class():
    assert made_up_class("ps03", 30, 1) == made_up_class("ps03", 30, 1) != made_up_class("ps03", 30, 2)
    labels = {answer.label for chosen in made_up_class("ps03", 200, 0).values() for answer in chosen.values()}
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


def test_submissions_are_releases_with_answers_filled_in(course, tmp_path):
    for name in ("nbgrader_config.py", "ps03.md"):
        (tmp_path / name).write_bytes((course / name).read_bytes())
    made = write_class(tmp_path, "ps03", 4, 0)
    assert list(made) == ["s0001", "s0002", "s0003", "s0004"]
    for student, chosen in made.items():
        book = nbformat.read(tmp_path / "submitted" / student / "ps03" / "ps03.ipynb", 4)
        cells = {c.metadata["nbgrader"]["grade_id"]: c.source for c in book.cells if "nbgrader" in c.metadata}
        for name, answer in chosen.items():
            assert cells[name] == answer.source.rstrip() if answer.source else "NotImplementedError" in cells[name]
