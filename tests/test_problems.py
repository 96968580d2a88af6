"""What is minimised: values and gradients against SciPy, measured derivatives and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from gdcourse.data import diabetes
from gdcourse.problems import (
    FOUR_POINTS,
    SURFACES,
    least_squares,
    line_fit,
    quadratic,
    surface_problem,
)

EVERY_SURFACE = pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES)
coordinate = st.floats(-5, 5)


def symmetric(d, seed, least=0.5):
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.normal(size=(d, d)))
    return Q @ np.diag(rng.uniform(least, 20, size=d)) @ Q.T


# Quadratics.


@given(seed=st.integers(0, 1000), d=st.integers(1, 6))
def test_a_quadratic_is_its_taylor_expansion_about_its_minimum(seed, d):
    rng = np.random.default_rng(seed)
    H = symmetric(d, seed)
    problem = quadratic(H, rng.normal(size=d))
    e = rng.normal(size=d)
    lowest = problem.value(problem.minimizer)
    assert problem.value(problem.minimizer + e) == pytest.approx(lowest + 0.5 * e @ H @ e, rel=1e-9, abs=1e-9)
    assert np.allclose(problem.gradient(problem.minimizer + e), H @ e, rtol=1e-8, atol=1e-8)
    assert np.array_equal(problem.hessian(e), problem.hessian(0 * e))


def test_a_quadratics_minimum_agrees_with_a_library():
    H, b = symmetric(5, 3), np.arange(5.0)
    problem = quadratic(H, b)
    found = optimize.minimize(problem.value, np.zeros(5), jac=problem.gradient, tol=1e-12)
    assert np.allclose(problem.minimizer, found.x, atol=1e-7)


@pytest.mark.parametrize("H", [[[1.0, 0.0], [0.0, -1.0]], [[1.0, 0.0], [0.0, 0.0]], [[-2.0]]])
def test_a_quadratic_without_a_minimum_claims_none(H):
    assert quadratic(H).minimizer is None


# Least squares.


@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_least_squares_by_the_sum_over_examples(l2):
    rng = np.random.default_rng(0)
    X, y, theta = rng.normal(size=(7, 3)), rng.normal(size=7), rng.normal(size=3)
    problem = least_squares(X, y, l2)
    value = sum((x @ theta - target) ** 2 for x, target in zip(X, y)) / 7 + l2 * sum(theta**2)
    slope = sum(2 * (x @ theta - target) * x for x, target in zip(X, y)) / 7 + 2 * l2 * theta
    assert problem.value(theta) == pytest.approx(value, rel=1e-13)
    assert np.allclose(problem.gradient(theta), slope, rtol=1e-12)


def test_least_squares_over_some_rows_is_the_problem_of_those_rows():
    rng = np.random.default_rng(0)
    X, y, theta = rng.normal(size=(9, 2)), rng.normal(size=9), rng.normal(size=2)
    rows = np.array([4, 1, 1, 8])
    problem, part = least_squares(X, y, l2=0.1), least_squares(X[rows], y[rows], l2=0.1)
    for value, gradient in (
        (problem.value(theta, rows), problem.gradient(theta, rows)),
        problem.value_and_gradient(theta, rows),
        problem.on(rows).value_and_gradient(theta),
        (problem.on(rows).value(theta), problem.on(rows).gradient(theta)),
    ):
        assert value == pytest.approx(part.value(theta), rel=1e-13)
        assert np.allclose(gradient, part.gradient(theta), rtol=1e-12)


def test_least_squares_finds_what_numpy_finds_in_real_units():
    data = diabetes()
    X = np.column_stack([data.X, np.ones(len(data.X))])
    expected = np.linalg.lstsq(X, data.y, rcond=None)[0]
    assert np.allclose(least_squares(X, data.y).minimizer, expected, rtol=1e-6)


def test_least_squares_without_enough_examples_finds_the_smallest_solution():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3, 8)), rng.normal(size=3)
    problem = least_squares(X, y)
    assert np.allclose(problem.minimizer, np.linalg.pinv(X) @ y, rtol=1e-9)
    assert problem.value(problem.minimizer) < 1e-24


def test_the_penalty_is_scikit_learns_ridge_with_alpha_n_l2():
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    expected = Ridge(alpha=30 * 0.2, fit_intercept=False).fit(X, y).coef_
    assert np.allclose(least_squares(X, y, l2=0.2).minimizer, expected, rtol=1e-9)


def test_least_squares_hessian_is_the_slope_of_its_gradient():
    rng = np.random.default_rng(0)
    problem = least_squares(rng.normal(size=(6, 3)), rng.normal(size=6), l2=0.4)
    theta = rng.normal(size=3)
    measured = optimize.approx_fprime(theta, problem.gradient, 1e-6)
    assert np.allclose(problem.hessian(theta), measured, rtol=1e-6)


def test_the_line_fit_is_polyfit():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20), rng.normal(size=20)
    assert np.allclose(line_fit(x, y).minimizer, np.polyfit(x, y, 1), rtol=1e-9)


def test_the_four_points_by_hand():
    """At (0, 0): -2/4 (1*2 + 2*4 + 3*6 + 4*8) = -30 and -2/4 (2 + 4 + 6 + 8) = -10; the value is 120 / 4."""
    problem = line_fit(*FOUR_POINTS)
    assert problem.gradient(np.zeros(2)).tolist() == [-30.0, -10.0]
    assert problem.value(np.zeros(2)) == 30.0
    assert np.allclose(problem.minimizer, [2.0, 0.0], atol=1e-12)
    assert np.allclose(problem.hessian(None), [[15.0, 5.0], [5.0, 2.0]], rtol=1e-14)


# Surfaces.


@given(x=coordinate, y=coordinate)
def test_the_banana_is_scipys(x, y):
    problem = surface_problem("rosenbrock")
    theta = np.array([x, y])
    assert problem.value(theta) == pytest.approx(optimize.rosen(theta), rel=1e-12, abs=1e-12)
    assert np.allclose(problem.gradient(theta), optimize.rosen_der(theta), rtol=1e-11, atol=1e-9)


@EVERY_SURFACE
def test_gradients_agree_with_measured_slopes(surface):
    problem = surface_problem(surface.name)
    rng = np.random.default_rng(0)
    for _ in range(20):
        theta = rng.uniform([surface.window[0], surface.window[2]], [surface.window[1], surface.window[3]])
        scale = 1 + np.abs(problem.gradient(theta)).max()
        assert optimize.check_grad(problem.value, problem.gradient, theta) < 1e-5 * scale


@EVERY_SURFACE
def test_minima_are_stationary_lowest_nearby_and_found_by_a_library(surface):
    problem = surface_problem(surface.name)
    around = [np.array([np.cos(a), np.sin(a)]) for a in np.linspace(0, 2 * np.pi, 16, endpoint=False)]
    for point in map(np.array, surface.minima):
        assert np.abs(problem.gradient(point)).max() < 1e-10
        assert all(problem.value(point + 1e-3 * u) > problem.value(point) for u in around)
        found = optimize.minimize(problem.value, point + 0.05, jac=problem.gradient, tol=1e-12)
        assert np.allclose(found.x, point, atol=1e-5)
    assert len({round(problem.value(np.array(point)), 9) for point in surface.minima}) == 1


@EVERY_SURFACE
def test_windows_hold_the_start_and_the_minima(surface):
    left, right, bottom, top = surface.window
    for x, y in (surface.start, *surface.minima):
        assert left <= x <= right and bottom <= y <= top


@EVERY_SURFACE
def test_rules_take_arrays_for_contours(surface):
    x, y = np.meshgrid(np.linspace(-2, 2, 5), np.linspace(-1, 1, 3))
    values = surface.value(x, y)
    assert values.shape == (3, 5)
    assert values[2, 1] == surface.value(x[2, 1], y[2, 1])


def test_value_and_gradient_go_together_with_or_without_a_fused_form():
    theta = np.array([0.3, -0.7])
    for problem in (surface_problem("himmelblau"), line_fit(*FOUR_POINTS).on(np.arange(4))):
        value, gradient = problem.value_and_gradient(theta)
        assert value == problem.value(theta) and np.array_equal(gradient, problem.gradient(theta))
        assert isinstance(value, float) and gradient.shape == (problem.dimension,)


def test_a_problem_cannot_be_changed_by_accident():
    with pytest.raises(AttributeError):
        quadratic([[1.0]]).dimension = 2
