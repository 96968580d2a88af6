"""Assignment 1's references, held against what is known without them."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.linear_model import SGDRegressor
from sklearn.metrics import mean_squared_error

from gdcourse.checks import gradients

SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_numerical_gradient_nears_a_known_derivative_with_the_square_of_h(seed):
    A = np.random.default_rng(seed).uniform(1, 2, size=(2, 3))
    x = A - 1.5
    exact = A * np.exp(x)
    measured = gradients.numerical_gradient(lambda x: np.sum(A * np.exp(x)), x)
    np.testing.assert_allclose(measured, exact, rtol=1e-8)
    errors = [np.abs(gradients.numerical_gradient(lambda x: np.sum(A * np.exp(x)), x, h) - exact).max()
              for h in (1e-1, 1e-2)]  # fmt: skip
    assert np.log10(errors[0] / errors[1]) == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("seed", SEEDS)
def test_mse_and_grad_agree_with_scikit_learn_and_with_measured_slopes(seed):
    rng = np.random.default_rng(seed)
    theta, X, y = rng.normal(size=3), rng.normal(size=(8, 3)), rng.normal(size=8)
    loss, gradient = gradients.mse_and_grad(theta, X, y)
    assert loss == pytest.approx(mean_squared_error(y, X @ theta))
    slopes = approx_fprime(theta, lambda t: mean_squared_error(y, X @ t), 1e-7)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-4, atol=1e-5)


def test_directional_derivative_is_steepest_along_the_gradient():
    def f(x):
        return np.exp(x[0]) + x[0] * x[1] ** 2

    x = np.array([0.3, -0.7])
    grad = np.array([np.exp(0.3) + 0.49, 2 * 0.3 * -0.7])
    for v in np.random.default_rng(0).normal(size=(20, 2)):
        slope = np.imag(f(x + 1e-20j * v / np.hypot(*v))) / 1e-20
        assert gradients.directional_derivative(grad, v) == pytest.approx(slope, rel=1e-12)
        assert gradients.directional_derivative(grad, v) <= gradients.directional_derivative(grad, grad)
    assert gradients.directional_derivative(grad, 5 * grad) == pytest.approx(np.hypot(*grad))


def test_gradient_descent_is_the_program_of_chapter_1():
    """Its two numbers as published; and scikit-learn's steps of stochastic descent on a single example."""
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 4.0, 6.0, 8.0])
    X = np.column_stack([x, np.ones(4)])
    path = gradients.gradient_descent(lambda t: gradients.mse_and_grad(t, X, y)[1], [0, 0], 0.01, 1000)
    assert path.shape == (1001, 2)
    np.testing.assert_allclose(path[-1], [1.9896588, 0.0304045], atol=1e-7)
    above, below = (gradients.gradient_descent(lambda t: gradients.mse_and_grad(t, X, y)[1], [0, 0], lr, 3000)[-1]
                    for lr in (1.002 * 0.119756, 0.998 * 0.119756))  # fmt: skip
    assert np.abs(above).max() > 100 and np.abs(below - [2, 0]).max() < 0.1
    theirs = SGDRegressor(penalty=None, learning_rate="constant", eta0=0.02, fit_intercept=False, max_iter=7, tol=None,
                          shuffle=False).fit([[2.0, 1.0]], [3.0])  # fmt: skip
    one = np.array([[2.0, 1.0]]), np.array([3.0])
    ours = gradients.gradient_descent(lambda t: gradients.mse_and_grad(t, *one)[1], np.zeros(2), 0.01, 7)  # 1/2 r^2
    np.testing.assert_allclose(ours[-1], theirs.coef_, rtol=1e-10)


def test_grad_check_finds_one_part_in_two_thousand_and_nothing_else():
    def f(x):
        return np.log(np.sum(np.exp(x)))

    def g(x):
        return np.exp(x) / np.sum(np.exp(x))

    x = np.array([0.3, -0.2, 0.9])
    assert gradients.grad_check(f, g, x) < 1e-8
    for i in range(3):
        error = gradients.grad_check(f, lambda x, i=i: g(x) * (1 + 5e-4 * (np.arange(3) == i)), x)
        assert error == pytest.approx(5e-4 / 2.0005, rel=1e-4)
    assert gradients.grad_check(lambda x: x[0], lambda x: np.array([1.0, 0.0]), x[:2]) < 1e-9
    assert gradients.grad_check(lambda x: x[0], lambda x: np.array([1.0, 0.1]), x[:2]) == 1
