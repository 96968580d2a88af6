"""Momentum, reproduced: every row holds, and what the rows rest on is checked another way."""

import numpy as np
import pytest

from gdcourse import theory
from gdcourse.descent import descend
from gdcourse.differentiate import numerical_gradient
from gdcourse.evidence import momentum as evidence
from gdcourse.optimizers import momentum


@pytest.fixture(scope="module")
def r2():
    return evidence.r2()


def test_every_row_holds(r2):
    assert r2.name == "R2"
    assert not [row for row in r2.rows if not row.holds]
    assert len({row.what for row in r2.rows}) == len(r2.rows) == 24


def test_the_bands_tell_the_methods_apart(r2):
    """Each measured factor lies outside the bands of the other methods."""
    rows = [row for row in r2.rows if "factor per step, kappa = 100" in row.what]
    assert len(rows) == 3
    for row in rows:
        for other in rows:
            assert (other.low <= row.measured <= other.high) == (row is other)


@pytest.mark.parametrize("kappa, count", [(100, 85), (1000, 288)])
def test_heavy_balls_step_count_by_the_recurrence_of_each_mode(kappa, count):
    h = np.geomspace(1, kappa, 50)
    lr, beta, _ = theory.best_momentum(1, kappa)
    before, now, t = np.ones(50), np.ones(50) * (1 - lr * h), 1
    while np.linalg.norm(now) > 1e-6 * np.sqrt(50):
        before, now, t = now, (1 + beta - lr * h) * now - beta * before, t + 1
    assert t == count


@pytest.mark.parametrize("kappa, standard, tuned", [(100, 139, 120), (1000, 455, 393)])
def test_nesterovs_gradient_points_need_one_step_more_than_its_look_ahead_points(kappa, standard, tuned):
    """The published counts belong to x of the two-sequence form, run here as the textbook has it."""
    h = np.geomspace(1, kappa, 50)
    for best, count in ((theory.standard_nesterov, standard), (theory.best_nesterov, tuned)):
        lr, beta, _ = best(1, kappa)
        x = y = np.ones(50)
        t = 0
        while np.linalg.norm(x) > 1e-6 * np.sqrt(50):
            x_next = y - lr * h * y
            x, y, t = x_next, x_next + beta * (x_next - x), t + 1
        assert t == count
    ours = dict(zip(evidence.METHODS, evidence.STEPS_TO_MILLIONTH[kappa]))
    assert (ours["Nesterov"], ours["Nesterov, tuned"]) == (standard - 1, tuned - 1)


def test_the_kinked_bowl_is_convex_smooth_and_whole():
    problem = evidence.kinked_bowl()
    for x in (-2.0, 0.5, 1.3, 1.9, 2.5, 3.3):
        measured = numerical_gradient(problem.value, np.array([x]))
        assert measured == pytest.approx(problem.gradient(np.array([x])), rel=1e-8)
    for kink in (1.0, 2.0):
        below, above = (np.array([kink + d]) for d in (-1e-9, 1e-9))
        assert problem.value(below) == pytest.approx(problem.value(above), abs=1e-6)
        assert problem.gradient(below) == pytest.approx(problem.gradient(above), abs=1e-6)
    grid = np.linspace(-3, 4, 701)[:, None]
    slopes = np.diff(problem.gradient(grid)[:, 0]) / 0.01
    assert 1 - 1e-9 <= slopes.min() and slopes.max() <= 25 + 1e-9


def test_the_cycle_solves_its_linear_equations():
    """Three points, each the heavy-ball step from the two before, with the slopes of the pieces they lie on."""
    lr, beta = 1 / 9, 4 / 9
    assert theory.best_momentum(1, 25)[:2] == pytest.approx((lr, beta), rel=1e-12)
    # Points p < 1, q < 1, r > 2 in the order p -> q -> r -> p; slopes 25 p, 25 q and 25 r - 24.
    a = 1 + beta - 25 * lr
    cycle = np.linalg.solve(
        [[-a, 1, beta], [beta, -a, 1], [1, beta, -a]],  # q = a p - beta r; r = a q - beta p; p = a r + 24 lr - beta q
        [0, 0, 24 * lr],
    )
    assert cycle == pytest.approx([0.6465, -1.8024, 2.1159], abs=5e-5)
    path = descend(evidence.kinked_bowl(), momentum(beta), lr=lr, steps=3000).path[-3:, 0]
    assert sorted(path) == pytest.approx(sorted(cycle), abs=1e-10)


def test_growth_sees_both_sides_of_an_edge():
    problem, start = evidence.log_spaced_quadratic(10)
    edge = theory.momentum_stability_limit(10, 0.5)
    below, above = (evidence.growth(problem, momentum(0.5), factor * edge, start) for factor in (0.999, 1.001))
    assert below < 1 < above
