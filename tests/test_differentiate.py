"""Derivatives by measurement: exact ones recovered, errors of the order claimed, wrong rules rejected."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from gdcourse.differentiate import complex_step, gradient_check, hessian_vector_product, numerical_gradient
from gdcourse.problems import quadratic


def wavy(x):
    return np.sin(x[0]) * np.exp(0.3 * x[1]) + x[2] ** 3 / (1 + x[0] ** 2)


def wavy_gradient(x):
    return np.array([
        np.cos(x[0]) * np.exp(0.3 * x[1]) - 2 * x[0] * x[2] ** 3 / (1 + x[0] ** 2) ** 2,
        0.3 * np.sin(x[0]) * np.exp(0.3 * x[1]),
        3 * x[2] ** 2 / (1 + x[0] ** 2),
    ])  # fmt: skip


POINT = np.array([0.7, -1.1, 1.3])


# Central differences.


@given(x=st.lists(st.floats(-3, 3), min_size=3, max_size=3))
def test_the_numerical_gradient_is_the_gradient(x):
    assert np.allclose(numerical_gradient(wavy, np.array(x)), wavy_gradient(np.array(x)), rtol=1e-7, atol=1e-8)


def test_the_numerical_gradient_agrees_with_scipys():
    expected = optimize.approx_fprime(POINT, wavy, 1e-7)
    assert np.allclose(numerical_gradient(wavy, POINT), expected, rtol=1e-5)


def test_the_error_falls_with_the_square_of_the_step():
    """On x^3 the error is h^2 exactly: central, not forward, differences, whose error would be 3 x h."""
    cube = lambda x: float(x[0] ** 3)  # noqa: E731
    for h in (1e-1, 1e-2, 1e-3):
        assert numerical_gradient(cube, np.array([2.0]), h)[0] - 12 == pytest.approx(h * h, rel=1e-3)


def test_the_default_step_is_near_the_best():
    sine = lambda x: float(np.sin(x[0]))  # noqa: E731
    errors = [abs(numerical_gradient(sine, np.ones(1), h)[0] - np.cos(1.0)) for h in (1e-3, 6e-6, 1e-9)]
    assert errors[1] < 1e-9 and errors[1] < errors[0] / 100 and errors[1] < errors[2] / 10


def test_any_shape_two_calls_a_coordinate_and_the_point_left_alone():
    A = np.arange(6.0).reshape(2, 3)
    x = np.ones((2, 3))
    x.flags.writeable = False
    calls = []

    def f(z):
        calls.append(z.copy())
        return float(np.sum(A * z**2))

    assert np.allclose(numerical_gradient(f, x), 2 * A, rtol=1e-9, atol=1e-9)
    assert len(calls) == 12
    assert all(np.count_nonzero(z != 1) == 1 for z in calls)


def test_integers_are_not_cut_short():
    assert numerical_gradient(lambda x: x[0] * x[1], np.array([3, 4])) == pytest.approx([4, 3], rel=1e-8)


def test_at_a_kink_the_central_difference_is_the_mean_of_both_slopes():
    assert numerical_gradient(lambda x: max(x[0], 0.0), np.zeros(1)) == pytest.approx(0.5)


# Gradient checks.


def test_a_right_gradient_passes_and_agrees_with_scipys_opinion():
    assert gradient_check(wavy, wavy_gradient, POINT, np.random.default_rng(0)) < 1e-8
    assert optimize.check_grad(wavy, wavy_gradient, POINT) < 1e-6


@pytest.mark.parametrize("d", [1, 3, 40, 4000])
@pytest.mark.parametrize("seed", range(3))
def test_a_rule_half_a_thousandth_wrong_is_found_in_any_dimension(d, seed):
    rng = np.random.default_rng(seed)
    a, x = rng.normal(size=d), rng.normal(size=d)
    f = lambda z: float(np.sum(np.sin(a * z)))  # noqa: E731
    right = lambda z: a * np.cos(a * z)  # noqa: E731
    good = gradient_check(f, right, x, rng)
    bad = gradient_check(f, lambda z: 1.0005 * right(z), x, rng)
    assert good < 1e-6
    assert 1e-4 < bad < 5e-3


@pytest.mark.parametrize("wrong", [
    lambda x: -wavy_gradient(x),
    lambda x: 2 * wavy_gradient(x),
    lambda x: wavy_gradient(x)[::-1],
    lambda x: wavy_gradient(x) * np.array([1, 1, 1.0005]),
    lambda x: wavy_gradient(x) + np.array([0, 1e-3, 0]),
    lambda x: np.zeros(3),
])  # fmt: skip
def test_usual_mistakes_are_found(wrong):
    assert gradient_check(wavy, wrong, POINT, np.random.default_rng(0)) > 1e-5


def test_a_zero_gradient_of_a_flat_function_passes():
    assert gradient_check(lambda x: 1.0, lambda x: 0 * x, POINT, np.random.default_rng(0)) == 0


def test_the_check_repeats_with_its_seed():
    runs = [gradient_check(wavy, wavy_gradient, POINT, np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert runs[0] == runs[1] != runs[2]


# Complex steps and Hessians.


@given(x=st.floats(-3, 3))
def test_the_complex_step_is_exact_to_the_last_digits(x):
    f = lambda z: np.sin(z[0]) * np.exp(z[0]) / (2 + z[0] ** 2)  # noqa: E731
    s, c, e, q = np.sin(x), np.cos(x), np.exp(x), 2 + x * x
    expected = (c + s) * e / q - s * e * 2 * x / q**2
    assert complex_step(f, np.array([x]))[0] == pytest.approx(expected, rel=1e-13, abs=1e-14)


def test_the_complex_step_takes_every_coordinate():
    assert np.allclose(complex_step(wavy, POINT), wavy_gradient(POINT), rtol=1e-14)


@given(seed=st.integers(0, 300), size=st.floats(1e-6, 1e6))
def test_a_hessian_vector_product_is_the_hessian_times_the_vector(seed, size):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(4, 4))
    H, x, v = A + A.T, rng.normal(size=4), size * rng.normal(size=4)
    product = hessian_vector_product(quadratic(H).gradient, x, v)
    assert np.allclose(product, H @ v, rtol=1e-8, atol=1e-8 * size)


def test_hessian_vector_products_on_the_banana_are_scipys():
    x = np.array([-1.2, 1.0, 0.5])
    for v in np.eye(3):
        product = hessian_vector_product(optimize.rosen_der, x, v)
        assert np.allclose(product, optimize.rosen_hess_prod(x, v), rtol=1e-7, atol=1e-5)


def test_a_hessian_vector_product_asks_for_two_gradients():
    calls = []
    hessian_vector_product(lambda x: calls.append(x) or x, np.zeros(3), np.ones(3))
    assert len(calls) == 2
    assert np.array_equal(hessian_vector_product(lambda x: x, np.ones(3), np.zeros(3)), np.zeros(3))
