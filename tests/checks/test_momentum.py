"""Assignment 5's references, held against what is known without them."""

import numpy as np
import pytest
from scipy.optimize import minimize

from gdcourse.checks import momentum

SEEDS = range(5)
USUAL = (0.1, 0.9, 0.999, 1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_heavy_ball_obeys_its_recurrence_and_its_closed_form(seed):
    """On a parabola the errors follow the two roots of r^2 - (1 + beta - lr curvature) r + beta = 0."""
    rng = np.random.default_rng(seed)
    lr, beta, curvature = rng.uniform(0.05, 0.3), rng.uniform(0.3, 0.9), rng.uniform(1, 5)
    x, v, path = np.ones(1), np.zeros(1), [1.0]
    for _ in range(30):
        x, v = momentum.momentum_step(x, v, curvature * x, lr, beta)
        path.append(x[0])
    roots = np.roots([1, -(1 + beta - lr * curvature), beta]).astype(complex)
    weights = np.linalg.solve(np.vander(roots, 2, increasing=True).T, path[:2])
    np.testing.assert_allclose(path, [(weights @ roots**t).real for t in range(31)], rtol=1e-7, atol=1e-9)


def test_nesterov_keeps_its_promise_on_the_canyon():
    """With lr = 1 / L and beta = (root kappa - 1) / (root kappa + 1) the error shrinks by 1 - 1 / root kappa a step."""
    H, lr, beta = np.logspace(0, 2, 50), 0.01, 9 / 11
    x = y = np.ones(50)
    errors = []
    for _ in range(300):
        x, y = momentum.nesterov_step(x, y, lambda y: H * y, lr, beta)
        errors.append(np.linalg.norm(x))
    assert (errors[-1] / errors[-101]) ** 0.01 == pytest.approx(0.9, rel=0.02)


@pytest.mark.parametrize(("mu", "L"), [(1, 4), (0.3, 30), (2, 500)])
def test_the_best_pair_is_what_a_search_finds(mu, L):
    def kept(pair):
        lr, beta = pair
        roots = [abs(np.roots([1, -(1 + beta - lr * h), beta])).max() for h in (mu, L)]
        return max(roots) if 0 <= beta < 1 else 1.0

    lr, beta = momentum.optimal_momentum(mu, L)
    assert kept((lr, beta)) == pytest.approx(np.sqrt(beta), abs=1e-6)
    for start in ((2 / (mu + L), 0.3), (lr * 0.9, beta * 0.9)):
        found = minimize(kept, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        assert kept((lr, beta)) <= found.fun + 1e-6


def test_adam_starts_with_the_rate_and_does_not_see_the_scale():
    zeros, steps = np.zeros(2), np.random.default_rng(0).normal(size=(40, 2))
    x, _ = momentum.adam_step(zeros, np.array([5.0, -5e-4]), (zeros, zeros, 0), *USUAL)
    np.testing.assert_allclose(x, [-0.1, 0.1], rtol=1e-4)
    ends = []
    for scale in (1.0, 1e3):
        x, state = zeros, (zeros, zeros, 0)
        for g in steps:
            x, state = momentum.adam_step(x, scale * g, state, *USUAL)
        ends.append(x)
    np.testing.assert_allclose(*ends, rtol=1e-5)
    weights = 0.9 ** np.arange(39, -1, -1)  # a corrected mean is a weighted one
    np.testing.assert_allclose(state[0] / (1 - 0.9**40), weights @ (1e3 * steps) / weights.sum())


def test_on_the_problem_of_reddi_adam_ends_at_the_worst_point_and_amsgrad_at_the_best():
    ends = []
    for step, size in ((momentum.adam_step, 2), (momentum.amsgrad_step, 3)):
        x, state, path = np.zeros(1), (*(np.zeros(1) for _ in range(size)), 0), []
        for t in range(6000):
            g = np.array([3.0 if t % 3 == 0 else -1.0])
            x, state = step(x, g, state, 0.5 / np.sqrt(t + 1), 0.0, 0.1, 1e-8)
            x = np.clip(x, -1, 1)
            path.append(x[0])
        ends.append(np.mean(path[-300:]))
    assert ends[0] > 0.97 and ends[1] < -0.97
