"""Dimension and implicit bias: they agree with scipy and scikit-learn."""

import numpy as np
import pytest
import scipy.optimize
from sklearn.linear_model import Ridge

from gdcourse import data
from gdcourse.differentiate import gradient_check
from gdcourse.evidence.generalisation import crowd_and_loner, local_search, stopping_filters
from gdcourse.problems import least_squares


@pytest.mark.parametrize("seed", [1, 2])
def test_local_search_is_linear_in_the_dimension_for_other_seeds(seed):
    rng = np.random.default_rng(seed)
    counts = {d: local_search(d, rng) for d in (10, 40)}
    assert counts[40] / counts[10] == pytest.approx(4, rel=0.3)


def test_the_widest_margin_of_the_crowd_and_the_loner():
    """By scipy: the shortest w with w'z >= 1 for both kinds of examples."""
    Z = np.array([[0.5, 1.0], [0.5, -1.0]])
    w = scipy.optimize.minimize(lambda w: w @ w, [3.0, 0.0], constraints={"type": "ineq", "fun": lambda w: Z @ w - 1}).x
    np.testing.assert_allclose(w, [2, 0], atol=1e-6)
    rng = np.random.default_rng(0)
    problem = crowd_and_loner()
    assert gradient_check(problem.value, problem.gradient, np.array([0.4, -1.0]), rng) < 1e-8
    # Ten examples written out.
    examples = np.repeat(Z, [9, 1], axis=0)
    expected = np.log1p(np.exp(-examples @ [0.4, -1.0])).mean()
    assert problem.value(np.array([0.4, -1.0])) == pytest.approx(expected, rel=1e-12)


def test_the_filters_are_those_of_scikit_learns_ridge():
    times, curvatures, _, _, ridge = stopping_filters(times=(3, 30))
    diabetes = data.diabetes()
    X, y = data.standardize(diabetes.X).X, diabetes.y - diabetes.y.mean()
    problem = least_squares(X, y)
    modes = np.linalg.eigh(problem.hessian(problem.start))[1]
    lr = 0.02 / curvatures[-1]
    for t, kept in zip(times, ridge):
        w = Ridge(alpha=len(y) / (2 * lr * t), fit_intercept=False, tol=1e-12).fit(X, y).coef_
        np.testing.assert_allclose((w @ modes) / (problem.minimizer @ modes), kept, rtol=1e-6)
