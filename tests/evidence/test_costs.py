"""Costs, reproduced: every row holds, and the figures' data are what their docstrings say."""

import numpy as np
import pytest
from scipy import integrate, stats

from gdcourse import data
from gdcourse.descent import descend
from gdcourse.differentiate import gradient_check
from gdcourse.evidence import costs
from gdcourse.linear import linear_model, linear_outputs


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
        "R21": {"x": (400,), "t": (400,), "grid": (201,), "means": (8, 201), "mixtures": (8, 201, 9),
                "noisy_x": (1000,), "noisy_y": (1000,), "noisy_grid": (201,), "spreads": (8, 201, 2),
                "true_spread": (201,)},
        "R33": {"coefficients": (30,), "before": (30,), "after": (30,)},
    }  # fmt: skip
    for key, shape in shapes[evidence.name].items():
        assert np.shape(evidence.data[key]) == shape, key
    if evidence.name == "R19":
        assert {len(curve) for curve in evidence.data["costs"].values()} == {2001}
    if evidence.name == "R20":
        assert {len(a) for a in evidence.data["neuron"].values()} == {301}
        slow, quick = (evidence.data["digits"][cost] for cost in ("squared error", "cross-entropy"))
        assert (slow.shares.shape, slow.by_digit.shape, slow.weights.shape) == ((151, 10), (151, 10, 10), (65, 10, 10))
        assert quick.shares.shape == (61, 8) and evidence.data["rescue"].at[[0, -1]].tolist() == [1500, 4500]


def test_the_neuron_follows_the_differential_equation_it_samples():
    # At rate 0.15 the outputs of gradient descent stay close to its continuous limit, integrated by scipy.
    def slope(_, z):
        a = 1 / (1 + np.exp(-z))
        return -2 * 0.15 * a * a * (1 - a)

    z = integrate.solve_ivp(slope, (0, 300), [4.0], rtol=1e-10, dense_output=True).sol(np.arange(301))[0]
    a = costs.neuron("squared error", (2.0, 2.0))
    assert np.abs(a - 1 / (1 + np.exp(-z))).max() < 0.02


@pytest.mark.parametrize("cost", costs.NEURON_COSTS)
def test_layers_side_by_side_are_layers_of_the_package(cost):
    """In double precision by the package, from the same weights: the same shares and, nearly, the same weights."""
    digits = data.digits()
    loss, _ = costs.NEURON_COSTS[cost]
    problem = linear_model(digits.X, np.eye(10)[digits.y], loss, outputs=10)
    runs = costs.digit_runs(cost, [5, 2], [0, 1], 30)
    for i, (lr, seed) in enumerate(((5, 0), (2, 1))):
        start = np.random.default_rng(seed).normal(size=problem.dimension)
        path = descend(problem, lr=lr, steps=30, start=start).path
        assert runs.weights[:, i] == pytest.approx(path[-1].reshape(65, 10), abs=2e-3)
        named = [linear_outputs(theta, digits.X, 10).argmax(axis=1) == digits.y for theta in path[::10]]
        assert runs.shares[:, i] == pytest.approx(np.mean(named, axis=1), abs=2e-3)
        assert runs.by_digit[-1, i, 3] == pytest.approx(named[-1][digits.y == 3].mean(), abs=0.01)
    on = costs.digit_runs(cost, [5], [0], 10, start=costs.digit_runs(cost, [5], [0], 20).weights)
    assert on.weights[:, 0] == pytest.approx(runs.weights[:, 0], abs=1e-4)


def test_a_share_that_is_never_reached_takes_for_ever():
    runs = costs.DigitRuns(np.array([0, 10, 20]), np.array([[0.1, 0.1], [0.9, 0.2], [0.95, 0.3]]), None, None)
    assert costs.steps_to(runs).tolist() == [10, np.inf]


def test_the_slow_cost_is_the_squared_error_of_a_sigmoid():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=6), rng.random(6)
    value, _ = costs.sigmoid_squared_error(z, y)
    assert value == pytest.approx(np.mean((stats.logistic.cdf(z) - y) ** 2))
    loss = costs.sigmoid_squared_error
    assert gradient_check(lambda z: loss(z, y)[0], lambda z: loss(z, y)[1], z, rng) < 1e-6
    assert gradient_check(lambda z: loss(z, y)[0], lambda z: 1.0005 * loss(z, y)[1], z, rng) > 1e-4
