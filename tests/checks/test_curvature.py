"""Assignment 6's references, held against what is known without them."""

import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.linear_model import Lasso

from gdcourse.checks import curvature

SEEDS = range(4)


def test_the_product_is_that_of_the_exact_hessian_and_its_error_falls_with_h_squared():
    rng = np.random.default_rng(0)
    x, v = rng.normal(size=(2, 4))
    exact = (-np.sin(x) + 3 * x**2) * v
    errors = [np.linalg.norm(curvature.hessian_vector_product(lambda x: np.cos(x) + x**3, x, v, h) - exact)
              for h in (1e-2, 1e-3)]
    assert errors[1] < 1e-5 and errors[0] / errors[1] == pytest.approx(100, rel=0.05)
    large = np.linspace(1, 5, 5000)  # no matrix of 5,000 x 5,000
    product = curvature.hessian_vector_product(lambda x: large * x, np.zeros(5000), np.ones(5000), 1e-3)
    np.testing.assert_allclose(product, large, rtol=1e-9)


def test_newton_arrives_at_once_and_damping_turns_it_to_the_gradient():
    H, centre = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([5.0, -7.0])
    x = np.array([1.0, 1.0])
    g = H @ (x - centre)
    np.testing.assert_allclose(x + curvature.newton_step(g, H), centre)
    np.testing.assert_allclose(1e8 * curvature.newton_step(g, H, 1e8), -g, rtol=1e-6)
    with pytest.raises(ValueError, match="singular"):
        curvature.newton_step(g, np.ones((2, 2)))


@pytest.mark.parametrize("log_sigma", [-1.0, 0.0, 0.8])
def test_the_information_is_the_mean_square_of_the_score(log_sigma):
    rng, sigma = np.random.default_rng(1), np.exp(log_sigma)
    x = rng.normal(3.0, sigma, size=200_000)
    score = np.array([(x - 3.0) / sigma**2, ((x - 3.0) / sigma) ** 2 - 1])
    F, error = curvature.fisher_gaussian(3.0, log_sigma), np.array([[1 / sigma**2, 3 / sigma], [3 / sigma, 8]])
    assert np.all(np.abs(score @ score.T / x.size - F) < 5 * error * 3 / np.sqrt(x.size))


def test_the_natural_step_does_not_see_the_coordinates():
    rng = np.random.default_rng(2)
    g, J, A = rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    F = A @ A.T + np.eye(3)
    there = curvature.natural_step(J.T @ g, J.T @ F @ J, 0.3)
    np.testing.assert_allclose(J @ there, curvature.natural_step(g, F, 0.3), rtol=1e-6)
    np.testing.assert_allclose(F @ curvature.natural_step(g, F, 0.3), -0.3 * g)


@pytest.mark.parametrize("seed", SEEDS)
def test_frank_wolfe_keeps_its_certificate(seed):
    rng = np.random.default_rng(seed)
    A, centre, radius = rng.normal(size=(5, 5)), 3 * rng.normal(size=5), 2.0
    H = A @ A.T + np.eye(5)
    path, gaps = curvature.frank_wolfe_l1(lambda x: H @ (x - centre), np.zeros(5), radius, 3000)
    values = [(x - centre) @ H @ (x - centre) / 2 for x in path]
    best = min(values)
    assert np.all(np.array(values[:-1]) - best <= gaps + 1e-9) and np.abs(path).sum(axis=1).max() <= radius + 1e-9
    t = np.arange(1, 3000)
    bound = 2 * np.linalg.eigvalsh(H)[-1] * (2 * radius) ** 2 / (t + 2)  # 2 C / (t + 2), C <= L diameter^2
    assert np.all(np.array(values[1:-1]) - best <= bound)
    g = H @ (path[7] - centre)  # the corner, as a linear program: s = a - b with a, b >= 0
    program = linprog(np.concatenate([g, -g]), A_ub=np.ones((1, 10)), b_ub=[radius])
    assert gaps[7] == pytest.approx(g @ path[7] - program.fun)


@pytest.mark.parametrize("seed", SEEDS)
def test_ista_finds_the_lasso_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(40, 6)), rng.normal(size=40)
    theirs = Lasso(alpha=0.1, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(X, y).coef_
    ours = curvature.ista(lambda w: X.T @ (X @ w - y) / 40, np.zeros(6), 0.2, 0.1, 4000)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_array_equal(ours == 0, theirs == 0)


def test_a_soft_threshold_is_the_nearest_compromise():
    grid = np.linspace(-4, 4, 80_001)
    z = np.array([3.0, 0.4, -0.9, -2.0])
    best = [grid[np.argmin((grid - each) ** 2 / 2 + 0.7 * np.abs(grid))] for each in z]
    np.testing.assert_allclose(curvature.soft_threshold(z, 0.7), best, atol=1e-4)


def test_slopes_at_and_off_the_creases_are_those_of_differences():
    z, h = np.array([-1.0, 0.3, 2.0]), 1e-6
    slopes = (np.maximum(z + h, 0) - np.maximum(z - h, 0)) / (2 * h)
    np.testing.assert_allclose(curvature.relu_subgradient(z), slopes)
    X, dy = np.random.default_rng(3).normal(size=(3, 4)), np.array([1.0, -2.0, 0.5])
    dX = np.zeros_like(X)
    for i in np.ndindex(X.shape):
        E = np.zeros_like(X)
        E[i] = h
        dX[i] = dy @ ((X + E).max(axis=1) - (X - E).max(axis=1)) / (2 * h)
    np.testing.assert_allclose(curvature.maxpool_subgradient(dy, X), dX, atol=1e-8)
