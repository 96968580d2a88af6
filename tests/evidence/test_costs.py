"""Costs, reproduced: every row holds, and the figures' data are what their docstrings say."""

import numpy as np
import pytest
from scipy import integrate, stats

from gdcourse.differentiate import gradient_check
from gdcourse.evidence import costs


@pytest.fixture(scope="module", params=["r19", "r20", "r21", "r33"])
def evidence(request):
    return getattr(costs, request.param)()


def test_every_row_holds(evidence):
    assert evidence.name.lower() in {"r19", "r20", "r21", "r33"}
    failing = [row for row in evidence.rows if not row.holds]
    assert not failing, failing
    assert len({row.what for row in evidence.rows}) == len(evidence.rows)


def test_figure_data_have_the_shapes_promised(evidence):
    shapes = {
        "R19": {"sample": (5001,), "grid": (2001,)},
        "R20": {},
        "R21": {"x": (1000,), "t": (1000,), "grid": (201,), "mean": (201,), "mixture": (201, 9),
                "noisy_x": (2000,), "noisy_y": (2000,), "noisy_grid": (201,), "spread": (201, 2),
                "true_spread": (201,)},
        "R33": {"coefficients": (30,), "before": (30,), "after": (30,)},
    }  # fmt: skip
    for key, shape in shapes[evidence.name].items():
        assert np.shape(evidence.data[key]) == shape, key
    if evidence.name == "R19":
        assert {len(curve) for curve in evidence.data["costs"].values()} == {2001}
    if evidence.name == "R20":
        assert {len(a) for a in evidence.data["neuron"].values()} == {301}
        assert {len(a) for a in evidence.data["digits"]["squared error"].values()} == {1501}


def test_the_neuron_follows_the_differential_equation_it_samples():
    # At rate 0.15 the outputs of gradient descent stay close to its continuous limit, integrated by scipy.
    def slope(_, z):
        a = 1 / (1 + np.exp(-z))
        return -2 * 0.15 * a * a * (1 - a)

    z = integrate.solve_ivp(slope, (0, 300), [4.0], rtol=1e-10, dense_output=True).sol(np.arange(301))[0]
    a = costs.neuron("squared error", (2.0, 2.0))
    assert np.abs(a - 1 / (1 + np.exp(-z))).max() < 0.02


def test_the_slow_cost_is_the_squared_error_of_a_sigmoid():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=6), rng.random(6)
    value, _ = costs.sigmoid_squared_error(z, y)
    assert value == pytest.approx(np.mean((stats.logistic.cdf(z) - y) ** 2))
    loss = costs.sigmoid_squared_error
    assert gradient_check(lambda z: loss(z, y)[0], lambda z: loss(z, y)[1], z, rng) < 1e-6
    assert gradient_check(lambda z: loss(z, y)[0], lambda z: 1.0005 * loss(z, y)[1], z, rng) > 1e-4
