"""The range test: on bowls whose stable rates are known, and on a line drawn by hand."""

import numpy as np
import pytest

from gdcourse.optimizers import momentum
from gdcourse.problems import Problem, quadratic
from gdcourse.range_test import range_test


@pytest.mark.parametrize("L", [0.3, 4.0, 90.0])
def test_suggests_a_rate_within_the_decade_below_the_edge(L):
    test = range_test(quadratic([[L]]), start=[1.0], low=1e-5, high=100.0)
    assert 0.01 * 2 / L < test.steepest < 2 / L
    assert test.steepest <= test.lowest


def test_the_rates_grow_evenly_in_the_logarithm():
    test = range_test(quadratic([[1.0]]), start=[1.0], low=1e-3, high=1.0, steps=31)
    assert test.lrs == pytest.approx(np.geomspace(1e-3, 1.0, 31), rel=1e-12)
    assert len(test.losses) == len(test.smoothed) == 31


def test_the_losses_are_those_before_each_update():
    test = range_test(quadratic([[2.0]]), start=[1.0], low=1e-3, high=0.5, steps=20)
    x = np.cumprod([1.0, *(1 - 2 * test.lrs[:-1])])
    assert test.losses == pytest.approx(x**2, rel=1e-12)


def test_smoothing_is_a_centred_mean_that_shrinks_at_the_ends():
    test = range_test(quadratic([[2.0]]), start=[1.0], low=1e-3, high=0.5, steps=20, window=5)
    for t in range(20):
        assert test.smoothed[t] == pytest.approx(test.losses[max(t - 2, 0) : t + 3].mean(), rel=1e-12)
    plain = range_test(quadratic([[2.0]]), start=[1.0], low=1e-3, high=0.5, steps=20, window=1)
    assert plain.smoothed == pytest.approx(plain.losses, rel=1e-14)


def test_a_run_that_blows_up_ends_the_test_and_does_not_spoil_it():
    test = range_test(quadratic([[4.0]]), start=[1.0], low=1e-3, high=1e9, steps=200)
    assert len(test.losses) < 200
    assert np.isfinite(test.losses).all()
    assert test.steepest < 0.5


def test_is_not_misled_by_a_fall_after_the_blow_up():
    """Losses from a script: a fall of 0.1 a step to the minimum, then a peak and a fall a hundred times as steep."""
    script = [1.0] * 20 + [1.0 - 0.1 * k for k in range(1, 9)] + [50.0, 90.0] + [80.0, 70.0, 60.0, 50.0]
    losses = iter([*script, 0.0])
    problem = Problem(None, None, 1, start=np.zeros(1), fused=lambda theta: (next(losses), np.ones(1)))
    test = range_test(problem, low=1e-3, high=1.0, steps=len(script), window=1)
    assert test.losses.tolist() == script
    assert np.argmin(np.gradient(test.smoothed)) > 27  # the steepest fall of all comes after the peak
    assert test.lowest == test.lrs[27]
    assert test.lrs[20] <= test.steepest <= test.lrs[26]


def test_one_lucky_batch_does_not_decide_where_the_loss_is_lowest():
    script = [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9]
    losses = iter([*script, 0.0])
    problem = Problem(None, None, 1, start=np.zeros(1), fused=lambda theta: (next(losses), np.ones(1)))
    test = range_test(problem, low=1e-3, high=1.0, steps=len(script), window=3)
    assert test.lowest in test.lrs[8:10]


def test_takes_any_optimizer():
    plain = range_test(quadratic([[4.0]]), start=[1.0])
    heavy = range_test(quadratic([[4.0]]), momentum(0.9), start=[1.0])
    assert heavy.steepest < plain.steepest


@pytest.mark.parametrize(
    "settings, name",
    [
        ({"low": 0.0}, "low"),
        ({"high": -1.0}, "high"),
        ({"low": 1.0, "high": 1.0}, "low"),
        ({"steps": 9}, "steps"),
        ({"steps": 20.5}, "steps"),
        ({"window": 4}, "window"),
        ({"window": 0}, "window"),
        ({"low": 1e30, "high": 1e60}, "steps"),
        ({"start": [1.0, 2.0]}, "start"),
    ],
)
def test_refuses_by_name(settings, name):
    with pytest.raises(ValueError, match=rf"^{name} must .*got"):
        range_test(quadratic([[4.0]]), **{"start": [1.0], **settings})
