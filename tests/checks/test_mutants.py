"""The search for slips that pass finds them, and its stored table is about the exercises as they are."""

import json
from dataclasses import replace

import pytest

from benchmarks.mutants import EQUIVALENT, LEFT_OUT, all_mutants, mutants, search
from gdcourse import checks
from gdcourse.checks.exercise import Behaviour, Exercise

pytestmark = pytest.mark.thorough


def slope(w, x, lr):
    g = 2 * w * x
    if g > 1:
        g = g - 1
    return w - lr * g


def _anywhere(rng):
    for w, x, lr in ((1.5, 2.0, 0.25), (0.5, 1.0, 0.5), (0.75, 1.0, 0.5)):
        yield dict(w=w, x=x, lr=lr)
    yield dict(w=float(rng.normal()), x=float(rng.normal()), lr=0.1)


def _at_zero(rng):
    yield dict(w=0.0, x=0.0, lr=0.0)
    yield dict(w=0.0, x=0.0, lr=0.0)


def _one_that_is_drawn(rng):
    yield dict(w=1.0, x=float(rng.choice([0.1, 2.0])), lr=0.5)


SLOPE = Exercise("slope(w, x, lr)", "w", slope, (Behaviour("step", 1, "a step"),), (), (), cases=_anywhere)


def test_every_kind_of_slip_is_made_once():
    made = [what for what, _ in mutants(slope)]
    assert len(made) == len(set(made))
    step = "return w - lr * g  =>  return "
    for what in ("g = 2 * w * x  =>  g = 3 * w * x", "if g > 1:  =>  if g >= 1:", "if g > 1:  =>  if True:",
                 "g = g - 1  =>  pass", f"{step}w + lr * g", f"{step}w - x * g"):  # fmt: skip
        assert what in made, what


def test_good_cases_let_none_pass_and_blind_ones_are_found():
    count, found = search(SLOPE)
    assert count >= 30 and not found["passes"] and not found["depends on the seed"]
    _, blind = search(replace(SLOPE, cases=_at_zero))
    assert "return w - lr * g  =>  return w + lr * g" in blind["passes"]
    _, lucky = search(replace(SLOPE, cases=_one_that_is_drawn))
    assert any("g = g - 1  =>  pass" in what for what in lucky["passes"])


def test_the_stored_table_has_a_row_for_every_exercise_and_nothing_passes(request):
    """Or `python benchmarks/mutants.py benchmarks/results/mutants.json` has to be run again."""
    path = request.config.rootpath / "benchmarks" / "results" / "mutants.json"
    stored = json.loads(path.read_text("utf-8"))
    assert set(stored) | set(LEFT_OUT) == {e.name for ps in checks.MODULES for e in checks.assignment(ps).exercises}
    for name, row in stored.items():
        assert not row["passes"] and not row["depends on the seed"], name
        assert row["mutants"] >= min(40, len(all_mutants(checks.exercises()[name]))), name


@pytest.mark.parametrize("name", EQUIVALENT)
def test_what_is_called_equivalent_is_a_mutant(name):
    made = {what for function in checks.exercises()[name].functions(checks.exercises()[name].reference)
            for what, _ in mutants(function)}  # fmt: skip
    for _, line, instead in EQUIVALENT[name]:
        assert f"{line}  =>  {instead}" in made, (line, instead)
