"""Newton and the natural gradient: what the tables are made of is right."""

import numpy as np
import pytest

from gdcourse.differentiate import numerical_gradient
from gdcourse.evidence.curvature import (
    logistic_smoothness,
    online_gaussian,
    path_spread,
    rosenbrock_with_hessian,
    saddle_with_hessian,
)
from gdcourse.linear import logistic_regression


@pytest.mark.parametrize("problem", [saddle_with_hessian(), rosenbrock_with_hessian()])
def test_the_hessians_are_the_gradients_derivatives(problem):
    theta = np.array([0.3, -0.7])
    measured = [numerical_gradient(lambda x, i=i: problem.gradient(x)[i], theta) for i in range(2)]
    np.testing.assert_allclose(problem.hessian(theta), measured, rtol=1e-6, atol=1e-6)


def test_logistic_smoothness_is_reached_where_every_probability_is_a_half():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3))
    problem = logistic_regression(X, rng.integers(0, 2, size=50), l2=0.1)
    L = logistic_smoothness(X, 0.1)
    largest = [np.linalg.eigvalsh(problem.hessian(theta))[-1] for theta in rng.normal(size=(50, 4))]
    assert max(largest) <= L
    # The penalty leaves the bias out, so that L is an upper bound by a little even there.
    assert np.linalg.eigvalsh(problem.hessian(np.zeros(4)))[-1] == pytest.approx(L, rel=0.2)


def test_path_spread_is_the_largest_distance():
    paths = {"a": np.zeros((3, 2)), "b": np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]), "c": np.zeros((3, 2))}
    assert path_spread(paths) == 5


def test_the_online_natural_gradient_of_the_mean_has_a_closed_form():
    """With rate 1 / (t + 5) the estimate is (5 start + the sum of the draws) / (T + 5)."""
    steps, replicates = 300, 20_000
    measured = online_gaussian(np.random.default_rng(3), steps=steps, replicates=replicates)["natural"][0]
    expected = steps * (25 + steps * 4.0) / (steps + 5) ** 2
    assert measured == pytest.approx(expected, rel=5 * np.sqrt(2 / replicates))
