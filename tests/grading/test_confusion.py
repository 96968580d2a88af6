"""The published table is about the exercises as they are, and a fresh look agrees with it."""

import json
import random

import pytest

from benchmarks.confusion import astray, rows
from gdcourse import checks
from gdcourse.checks.exercise import as_tuple

pytestmark = pytest.mark.thorough

EXERCISES = [(ps, exercise) for ps in checks.MODULES for exercise in checks.assignment(ps).exercises]


@pytest.fixture(scope="module")
def published(request):
    path = request.config.rootpath / "benchmarks" / "results" / "confusion.json"
    return json.loads(path.read_text("utf-8"))


def test_has_a_row_for_everything_that_is_declared(published):
    """Or `python benchmarks/confusion.py benchmarks/results/confusion.json` has to be run again."""
    for ps, exercise in EXERCISES:
        stored = published[ps][exercise.name]
        assert stored["points"] == exercise.points
        right = [as_tuple(s)[0].__name__ for s in (exercise.reference, *exercise.styles)]
        assert [name for kind, name, *_ in stored["rows"] if kind == "mistake"] == [m.name for m in exercise.mistakes]
        assert [name for kind, name, *_ in stored["rows"] if kind == "right"] in (right, ["reference", *right[1:]])
        assert astray(exercise, stored["rows"]) == []
    assert {name for exercises in published.values() for name in exercises} == {e.name for _, e in EXERCISES}


def test_a_fresh_look_agrees(published):
    quick = [(ps, e) for ps, e in EXERCISES if e.seconds < 5]
    for ps, exercise in random.Random(0).sample(quick, 8):
        fresh = {name: (points, set(seen)) for _, name, points, seen in rows(exercise, [1234])}
        assert fresh == {name: (points, set(seen)) for _, name, points, seen in published[ps][exercise.name]["rows"]}


def test_what_goes_astray_is_said():
    exercise = EXERCISES[0][1]
    name = exercise.mistakes[0].name
    for seen in ({"right": 1}, {"unnamed": 1}, {name: 9, "another": 1}):
        assert astray(exercise, [("mistake", name, 0, seen)])
    assert astray(exercise, [("right", "reference", 4, {name: 1})])
    assert not astray(exercise, [("mistake", name, 0, {name: 1}), ("right", "reference", 4, {"right": 2})])
