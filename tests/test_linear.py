"""Linear models: scikit-learn's minima, measured derivatives, rows, the free bias, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special
from sklearn import linear_model as sk

from gdcourse.descent import descend
from gdcourse.differentiate import gradient_check
from gdcourse.linear import (
    linear_model,
    linear_outputs,
    logistic_regression,
    poisson_regression,
    softmax_regression,
    weights_and_bias,
)
from gdcourse.losses import hinge, mse

FEATURES, CLASSES = 3, 4


def inputs(rng, n):
    return rng.normal(size=(n, FEATURES))


def squared(X, y, l2=0.0):
    return linear_model(X, y, mse, l2=l2, curvature=lambda p: np.full(len(p), 2.0))


MODELS = {
    "squared": (squared, lambda rng, X: X @ [1.0, -2.0, 0.5] + 3 + rng.normal(size=len(X))),
    "logistic": (logistic_regression, lambda rng, X: (X[:, 0] + rng.logistic(size=len(X)) > 0.5).astype(int)),
    "softmax": (
        lambda X, y, l2=0.0: softmax_regression(X, y, CLASSES, l2),
        lambda rng, X: np.argmax(X @ np.eye(FEATURES, CLASSES) + rng.gumbel(size=(len(X), CLASSES)), axis=1),
    ),
    "poisson": (poisson_regression, lambda rng, X: rng.poisson(np.exp(X[:, 0] / 2 + 0.3))),
}
EVERY = pytest.mark.parametrize("name", MODELS)


def make(name, seed=0, n=60, l2=0.0):
    rng = np.random.default_rng(seed)
    X = inputs(rng, n)
    build, answers = MODELS[name]
    y = answers(rng, X)
    return build(X, y, l2), X, y


def minimise(problem):
    result = optimize.minimize(problem.value_and_gradient, problem.start, jac=True, method="BFGS",
                               options={"gtol": 1e-9})  # fmt: skip
    return result.x


def test_ridge_is_scikit_learns_with_alpha_n_l2():
    problem, X, y = make("squared", l2=0.3)
    ridge = sk.Ridge(alpha=60 * 0.3, tol=1e-12).fit(X, y)
    np.testing.assert_allclose(minimise(problem), [*ridge.coef_, ridge.intercept_], atol=1e-7)


def test_logistic_is_scikit_learns_with_c_one_over_2_n_l2():
    problem, X, y = make("logistic", l2=0.02)
    fitted = sk.LogisticRegression(C=1 / (2 * 60 * 0.02), tol=1e-10, max_iter=1000).fit(X, y)
    W, b = weights_and_bias(minimise(problem))
    np.testing.assert_allclose(W, fitted.coef_[0], atol=1e-5)
    assert b == pytest.approx(fitted.intercept_[0], abs=1e-5)


def test_softmax_is_scikit_learns():
    problem, X, y = make("softmax", l2=0.02)
    fitted = sk.LogisticRegression(C=1 / (2 * 60 * 0.02), tol=1e-10, max_iter=1000).fit(X, y)
    W, b = weights_and_bias(minimise(problem), CLASSES)
    np.testing.assert_allclose(W, fitted.coef_.T, atol=1e-5)
    np.testing.assert_allclose(b - b.mean(), fitted.intercept_ - fitted.intercept_.mean(), atol=1e-5)
    probabilities = special.softmax(linear_outputs(minimise(problem), X, CLASSES), axis=1)
    np.testing.assert_allclose(probabilities, fitted.predict_proba(X), atol=1e-5)


def test_poisson_is_scikit_learns_with_alpha_two_l2():
    problem, X, y = make("poisson", l2=0.05)
    fitted = sk.PoissonRegressor(alpha=2 * 0.05, tol=1e-10, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(minimise(problem), [*fitted.coef_, fitted.intercept_], atol=1e-5)


@EVERY
@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 12), l2=st.sampled_from([0.0, 0.3]))
def test_derivatives_are_the_measured_ones(name, seed, n, l2):
    rng = np.random.default_rng(seed)
    problem, _, _ = make(name, seed, n, l2)
    theta = rng.normal(size=problem.dimension)
    rows = rng.integers(0, n, size=3)
    for f, g in ((problem.value, problem.gradient), (problem.on(rows).value, problem.on(rows).gradient)):
        assert gradient_check(f, g, theta, rng) < 1e-6
        assert gradient_check(f, lambda theta, g=g: 1.0005 * g(theta), theta, rng) > 1e-4
    H = problem.hessian(theta)
    measured = [(problem.gradient(theta + 1e-5 * e) - problem.gradient(theta - 1e-5 * e)) / 2e-5
                for e in np.eye(problem.dimension)]  # fmt: skip
    np.testing.assert_allclose(H, measured, atol=1e-7 * max(1, np.abs(H).max()))


@EVERY
def test_rows_are_averaged_over(name):
    problem, _, _ = make(name, l2=0.1)
    theta = np.random.default_rng(1).normal(size=problem.dimension)
    parts = [problem.value_and_gradient(theta, np.arange(start, 60, 3)) for start in range(3)]
    value, gradient = problem.value_and_gradient(theta)
    assert np.mean([v for v, _ in parts]) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(np.mean([g for _, g in parts], axis=0), gradient, rtol=1e-9, atol=1e-12)
    assert problem.n == 60 and problem.start.shape == (problem.dimension,)


def test_the_bias_is_free():
    problem, _, y = make("logistic", l2=1e4)
    W, b = weights_and_bias(minimise(problem))
    np.testing.assert_allclose(W, 0, atol=1e-4)
    assert b == pytest.approx(special.logit(y.mean()), abs=1e-4)
    shifted = linear_model([[0.0], [1.0], [2.0]], [100.0, 101.0, 105.0], mse, l2=0.5)
    plain = linear_model([[0.0], [1.0], [2.0]], [0.0, 1.0, 5.0], mse, l2=0.5)
    np.testing.assert_allclose(minimise(shifted) - minimise(plain), [0, 100], atol=1e-6)


def test_weights_are_views_in_the_order_of_the_outputs():
    theta = np.arange(8.0)
    W, b = weights_and_bias(theta, 2)
    assert W.shape == (3, 2) and np.shares_memory(W, theta) and np.shares_memory(b, theta)
    X = np.array([[1.0, 10.0, 100.0]])
    assert linear_outputs(theta, X, 2).tolist() == [[420 + 6, 531 + 7]]
    assert linear_outputs(theta[:4], X).tolist() == [210 + 3]


@EVERY
def test_descent_goes_down_and_a_wild_rate_is_a_status(name):
    problem, _, _ = make(name, l2=0.01)
    calm = descend(problem, lr=0.05, steps=50)
    assert calm.status == "max_steps" and (np.diff(calm.values) < 0).all()
    assert descend(problem, lr=1e200, steps=50).status == "diverged"


def test_a_support_vector_machine_has_no_hessian():
    problem = linear_model([[0.0], [1.0]], [0, 1], hinge, l2=0.1)
    assert problem.hessian is None
    assert problem.value([4.0, -2.0]) == pytest.approx(1.6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: logistic_regression([[1.0], [2.0]], [0, 2]), ["y must be 0, 1 or between"]),
        (lambda: logistic_regression([[1.0], [2.0]], [0, 1, 1]), ["y must have as many rows as X, 2", "(3,)"]),
        (lambda: logistic_regression([1.0, 2.0], [0, 1]), ["X must have 2 axes"]),
        (lambda: logistic_regression([[np.inf], [2.0]], [0, 1]), ["X must be finite"]),
        (lambda: logistic_regression([[1.0], [2.0]], [0, 1], l2=-1), ["l2 must be in [0"]),
        (lambda: softmax_regression([[1.0], [2.0]], [0, 3], classes=3), ["y must be labels 0..2"]),
        (lambda: softmax_regression([[1.0], [2.0]], [0, 1], classes=1), ["classes must be an integer of at least 2"]),
        (lambda: poisson_regression([[1.0], [2.0]], [0, -1]), ["y must be counts"]),
        (lambda: weights_and_bias(np.zeros(7), 2), ["theta must hold a multiple of 2", "(7,)"]),
        (lambda: linear_outputs(np.zeros(4), np.zeros((2, 2))), ["X must have shape (at least 1, 3)", "(2, 2)"]),
    ],
)
def test_mistakes_are_named(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert all(word in str(error.value) for word in words), str(error.value)
