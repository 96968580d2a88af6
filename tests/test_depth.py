"""Signals through layers, batch norm's memory, and clipping."""

import numpy as np
import pytest

from gdcourse.depth import batch_statistics, clip_by_global_norm, clipped, frozen, running_statistics, signals
from gdcourse.descent import descend
from gdcourse.differentiate import gradient_check, numerical_gradient
from gdcourse.layers import Statistics, activation, affine, batch_norm, chain, residual
from gdcourse.networks import initialise, mlp, network_problem, predict
from gdcourse.optimizers import adamw, gd, momentum
from gdcourse.recurrent import cliff


def rng(seed=0):
    return np.random.default_rng(seed)


def test_signals_of_diagonal_layers_are_products():
    # Layers a x: activations grow by a from the front, gradients from the back.
    network = chain(*(affine(1, 1) for _ in range(3)))
    X = np.array([[1.0], [-1.0]])
    found = signals(network, np.array([2.0, 0, 3.0, 0, 5.0, 0]), X, 7 * X)
    assert found.names == ("affine",) * 3
    assert found.forward == pytest.approx([2, 6, 30])
    assert found.backward == pytest.approx([7 * 15, 7 * 5, 7])


def test_signals_agree_with_the_gradient_of_the_loss():
    # The gradient with respect to a layer's outputs, measured: shift that layer's bias for one row at a time.
    g = rng()
    network = mlp((3, 4, 2), "tanh")
    theta = initialise(network, "glorot", g)
    X, upstream = g.normal(size=(5, 3)), g.normal(size=(5, 2))
    W, b, V, c = network.views(theta)
    measured = numerical_gradient(lambda z: float(((np.tanh(z) @ V + c) * upstream).sum()), X @ W + b)
    assert signals(network, theta, X, upstream).backward[0] == pytest.approx(measured.std(), rel=1e-7)


def normalised_network():
    return chain(affine(3, 4), batch_norm(4), activation("relu"), residual(batch_norm(4), affine(4, 4)), affine(4, 2))


def test_statistics_are_those_of_each_layers_inputs():
    g = rng()
    network = normalised_network()
    theta = initialise(network, "he", g)
    X = g.normal(size=(40, 3))
    first, second = batch_statistics(network, theta, X)
    W, b, scale, shift = network.views(theta)[:4]
    inputs = X @ W + b
    assert first.mean == pytest.approx(inputs.mean(axis=0))
    assert first.variance == pytest.approx(inputs.var(axis=0, ddof=1))
    z = (inputs - inputs.mean(axis=0)) / np.sqrt(inputs.var(axis=0) + 1e-5)
    assert second.mean == pytest.approx(np.maximum(scale * z + shift, 0).mean(axis=0))


def test_evaluation_treats_every_row_alone_and_training_does_not():
    g = rng()
    network = normalised_network()
    theta = initialise(network, "he", g)
    X = g.normal(size=(40, 3))
    evaluation = frozen(network, batch_statistics(network, theta, X))
    one_by_one = np.concatenate([predict(evaluation, theta, X[i : i + 1]) for i in range(40)])
    assert one_by_one == pytest.approx(predict(evaluation, theta, X), abs=1e-13)
    assert evaluation.dimension == network.dimension
    halves = np.concatenate([predict(network, theta, X[:20]), predict(network, theta, X[20:])])
    assert np.abs(halves - predict(network, theta, X)).max() > 1e-3
    # With the statistics of the whole set, evaluation is training up to the n - 1 in the variance.
    assert predict(evaluation, theta, X) == pytest.approx(predict(network, theta, X), abs=0.1)
    problem = network_problem(evaluation, X, g.integers(0, 2, 40))
    assert gradient_check(problem.value, problem.gradient, theta + 0.01, g, h=1e-6) < 1e-6


def test_running_statistics_fade():
    running = [Statistics(np.zeros(1), np.ones(1))]
    for k in range(1, 4):
        running = running_statistics(running, [Statistics(np.full(1, float(k)), np.full(1, 5.0))], memory=0.5)
    assert running[0].mean == pytest.approx([(3 + 2 / 2 + 1 / 4) / 2])
    assert running[0].variance == pytest.approx([5 - 4 / 8])


def test_clipping_shortens_keeps_direction_and_leaves_the_rest():
    g = np.array([3.0, -4.0])
    kept = g.copy()
    for limit, expected in ((1.0, [0.6, -0.8]), (2.5, [1.5, -2.0]), (5.0, g), (100.0, g)):
        assert clip_by_global_norm(g, limit) == pytest.approx(expected, rel=1e-15)
    assert np.array_equal(g, kept)
    assert not clip_by_global_norm(np.zeros(3), 1.0).any()
    assert clip_by_global_norm(g.astype(np.float32), 1.0).dtype == np.float32
    matrix = np.full((2, 2), 5.0)
    assert clip_by_global_norm(matrix, 1.0) == pytest.approx(matrix / 10)  # one norm for all entries


def test_a_clipped_optimizer_is_the_optimizer_on_clipped_gradients():
    g, theta = np.array([30.0, -40.0]), np.array([1.0, 1.0])
    for method in (gd(), momentum(), adamw()):
        inner, outer = method, clipped(method, 1.0)
        expected, _ = inner.step(g / 50, inner.init(theta), 0.1, theta)
        found, _ = outer.step(g, outer.init(theta), 0.1, theta)
        assert found == pytest.approx(expected, rel=1e-12)
        small, _ = outer.step(g / 100, outer.init(theta), 0.1, theta)
        assert np.array_equal(small, inner.step(g / 100, inner.init(theta), 0.1, theta)[0])


def test_clipping_tames_the_cliff():
    free = descend(cliff(), lr=0.1, steps=400)
    bound = descend(cliff(), clipped(gd(), 1.0), lr=0.1, steps=400)
    assert free.values[-1] > 0.08
    assert bound.values[-1] < 1e-3
    assert np.linalg.norm(np.diff(bound.path, axis=0), axis=1).max() <= 0.1 * (1 + 1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: signals(affine(1, 1), np.zeros(2), [[1.0]], [[1.0]]), "network must be a chain of layers, got affine"),
        (lambda: signals(mlp((2, 1)), np.zeros(3), [[1.0]], [[1.0]]), "X must have shape"),
        (lambda: signals(mlp((1, 1)), np.zeros(2), [[1.0]], [[1.0, 2.0]]), "upstream must have shape"),
        (lambda: batch_statistics(batch_norm(1), np.zeros(2), [[1.0]]), "x must have at least 2 rows"),
        (lambda: frozen(batch_norm(1), []), "statistics must be one for each of 1 batch norm layers, got 0"),
        (lambda: frozen(mlp((2, 1)), [None]), "statistics must be one for each of 0 batch norm layers, got 1"),
        (lambda: running_statistics([], [None]), "batch must have statistics of 0 layers, got 1"),
        (lambda: running_statistics([], [], memory=1.0), "memory must be in"),
        (lambda: clip_by_global_norm(np.ones(2), 0.0), "limit must be a positive finite number, got 0.0"),
        (lambda: clipped(gd(), -1), "limit must be a positive finite number, got -1"),
    ],
)
def test_bad_input_names_itself(call, words):
    with pytest.raises(ValueError, match=words):
        call()
