"""Recurrent networks: against a complex step through their loop; the unit at its fixed points and on a grid."""

import numpy as np
import pytest
from scipy import optimize, special

from gdcourse.differentiate import complex_step
from gdcourse.recurrent import cliff, recurrent, unit_through_time


def logistic(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("theta", [(5.2, -2.4), (4.3, -3.5), (-1.0, 2.0), (6.9, -2.1)])
def test_the_unit_matches_a_complex_step_through_the_loop(theta):
    def error(theta):
        x = 0.5
        for _ in range(50):
            x = theta[0] * logistic(x) + theta[1]
        return (logistic(x) - 0.7) ** 2

    theta = np.array(theta)
    problem = cliff()
    assert problem.value(theta) == pytest.approx(error(theta), rel=1e-10)
    assert problem.gradient(theta) == pytest.approx(complex_step(error, theta), rel=1e-8)


def test_the_unit_ends_at_a_fixed_point_and_a_grid_is_many_units():
    w, b = np.meshgrid([1.0, 2.0], [-1.0, 0.5, 1.0])
    error, dw, db = unit_through_time(w, b, steps=300)
    assert error.shape == dw.shape == db.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        at = optimize.brentq(lambda x, w=w[i, j], b=b[i, j]: w * special.expit(x) + b - x, -5, 5)
        assert error[i, j] == pytest.approx((special.expit(at) - 0.7) ** 2, abs=1e-9)
        alone = unit_through_time(w[i, j], b[i, j], steps=300)
        assert (error[i, j], dw[i, j], db[i, j]) == pytest.approx(alone)


@pytest.mark.parametrize("steps", [0, -3, 2.5])
def test_bad_input_names_itself(steps):
    for make in (cliff, lambda steps: unit_through_time(1.0, 1.0, steps)):
        with pytest.raises(ValueError, match=f"steps must be an integer of at least 1, got {steps}"):
            make(steps=steps)


def test_the_layer_matches_a_complex_step_through_the_loop():
    g = np.random.default_rng(0)
    steps, inputs, hidden = 5, 2, 3
    layer = recurrent(steps, inputs, hidden)
    theta, x = g.normal(size=layer.dimension), g.normal(size=(4, steps * inputs))
    upstream = g.normal(size=(4, hidden))

    def along(theta, x):
        U, W, b = theta[:6].reshape(2, 3), theta[6:15].reshape(3, 3), theta[15:]
        h = 0
        for t in range(steps):
            h = np.tanh(x.reshape(4, steps, inputs)[:, t] @ U + h @ W + b if t else x[:, :inputs] @ U + b)
        return (h * upstream).sum()

    y, cache = layer.forward(layer.views(theta), x)
    gradient = np.full_like(theta, np.nan)
    dx = layer.backward(layer.views(theta), cache, upstream, layer.views(gradient))
    assert (y * upstream).sum() == pytest.approx(along(theta, x))
    assert gradient == pytest.approx(complex_step(lambda theta: along(theta, x), theta), rel=1e-9)
    assert dx.ravel() == pytest.approx(complex_step(lambda x: along(theta, x.reshape(4, -1)), x.ravel()), rel=1e-9)


@pytest.mark.parametrize("numbers", [(0, 1, 1), (1, 1.5, 1), (1, 1, None)])
def test_a_layer_of_no_size_names_itself(numbers):
    with pytest.raises(ValueError, match="must be an integer of at least 1, got"):
        recurrent(*numbers)
