"""Layers: gradients along random directions over random networks, views instead of copies, statistics by hand."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from gdcourse import layers
from gdcourse.differentiate import gradient_check, numerical_gradient
from gdcourse.layers import ACTIVATIONS, activation, affine, batch_norm, chain, residual
from gdcourse.losses import mse, softmax_cross_entropy
from gdcourse.networks import initialise, mlp, network_problem

RIGHT = 1e-6  # a backward rule 0.05 % wrong shows as about 5e-4


def rng(seed=0):
    return np.random.default_rng(seed)


def away_from_kinks(network, theta, X, least=1e-3):
    """True if no ReLU of the network sees an input within `least` of its kink."""

    def walk(part, parameters, x):
        clear = part.name != "relu" or np.abs(x).min() > least
        used, inside = 0, x
        for child in part.parts:
            own = parameters[used : used + len(child.shapes)]
            used += len(child.shapes)
            clear = walk(child, own, inside) and clear
            inside = child.forward(own, inside)[0]
        return clear

    return walk(network, network.views(theta), X)


@settings(max_examples=80, derandomize=True)
@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=5),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.booleans(),
    st.booleans(),
    st.integers(0, 1000),
)
def test_gradients_of_random_networks(sizes, name, with_batch_norm, skip, seed):
    g = rng(seed)
    network = mlp(sizes, name, with_batch_norm, skip)
    theta = initialise(network, "glorot", g) + 0.3 * g.normal(size=network.dimension)
    X = g.normal(size=(7, sizes[0]))
    assume(away_from_kinks(network, theta, X))
    # Batch norm of a column that hardly varies (all units off) has curvature too high for a difference to see.
    problem = network_problem(network, X, g.normal(size=(7, sizes[-1])), mse)
    assert gradient_check(problem.value, problem.gradient, theta, g, directions=4, h=1e-6) < 20 * RIGHT


def wrong(network, change):
    """Return the network with a backward pass whose parameter gradients go through `change`."""

    def backward(parameters, cache, dy, gradients, wanted=True):
        dx = network.backward(parameters, cache, dy, gradients, wanted)
        change(gradients)
        return dx

    return layers.Network("chain", network.inputs, network.outputs, network.shapes, network.draw, network.forward,
                          backward, network.parts)  # fmt: skip


def test_the_check_rejects_a_backward_rule_off_by_a_twentieth_of_a_percent():
    g = rng()
    network = mlp((5, 8, 6, 3), "tanh")
    X, y, theta = g.normal(size=(20, 5)), g.integers(0, 3, 20), initialise(network, "glorot", g)

    def error(network):
        problem = network_problem(network, X, y)
        return gradient_check(problem.value, problem.gradient, theta, rng(1))

    def scale_all(gradients):
        for array in gradients:
            array *= 1.0005

    def scale_first_weights(gradients):
        gradients[0][...] *= 1.0005

    def forget_last_bias(gradients):
        gradients[-1][...] = 0

    assert error(network) < 1e-8
    for change in (scale_all, scale_first_weights, forget_last_bias):
        assert error(wrong(network, change)) > 5e-5, change.__name__


@pytest.mark.parametrize(
    "make",
    [
        lambda: affine(4, 3),
        lambda: chain(affine(4, 3), activation("tanh"), affine(3, 2)),
        lambda: batch_norm(4),
        lambda: batch_norm(4, layers.Statistics(np.arange(4.0), np.ones(4) * 2)),
        lambda: residual(batch_norm(4), activation("sigmoid"), affine(4, 4)),
        lambda: chain(residual(residual(affine(4, 4)), activation("tanh")), affine(4, 1)),
    ],
)
def test_input_gradients_under_an_uneven_upstream(make):
    g = rng()
    network = make()
    parameters = network.views(g.normal(size=network.dimension))
    X = g.normal(size=(5, 4))
    y, cache = network.forward(parameters, X)
    upstream = g.normal(size=y.shape)
    kept = upstream.copy(), X.copy()
    gradients = network.views(np.empty(network.dimension))
    dx = network.backward(parameters, cache, upstream, gradients)
    measured = numerical_gradient(lambda x: float((network.forward(parameters, x)[0] * upstream).sum()), X)
    assert dx == pytest.approx(measured, rel=1e-6, abs=1e-7)
    assert np.array_equal(kept[0], upstream)
    assert np.array_equal(kept[1], X)


def test_parameters_are_views_and_backward_changes_no_weight():
    network = mlp((3, 4, 2))
    theta = np.arange(26.0)
    W, b, V, c = network.views(theta)
    assert (W.shape, b.shape, V.shape, c.shape) == ((3, 4), (4,), (4, 2), (2,))
    assert all(np.shares_memory(array, theta) for array in (W, b, V, c))
    assert [array.ravel()[0] for array in (W, b, V, c)] == [0, 12, 16, 24]
    W[0, 0] = -7
    assert theta[0] == -7
    problem = network_problem(network, rng().normal(size=(6, 3)), [0, 1, 0, 1, 1, 0])
    before = theta.copy()
    first = problem.gradient(theta)
    kept = first.copy()
    second = problem.gradient(theta + 1)
    assert np.array_equal(theta, before)
    assert np.array_equal(first, kept)  # a later call does not write into an earlier answer
    assert not np.shares_memory(first, second)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_activations_at_known_points(name):
    x = np.array([[-2.0, 0.0, 0.5, 1000.0, -1000.0]])
    expected = {
        "relu": [0, 0, 0.5, 1000, 0],
        "tanh": [-0.9640275800758169, 0, 0.46211715726000973, 1, -1],
        "sigmoid": [0.11920292202211755, 0.5, 0.6224593312018546, 1, 0],
        "identity": x[0],
    }
    layer = activation(name)
    y, cache = layer.forward((), x)
    assert y[0] == pytest.approx(expected[name], rel=1e-14)
    assert layer.forward((), x.astype(np.float32))[0].dtype == np.float32
    upstream = np.full_like(x, 3.0)
    slope = numerical_gradient(lambda x: layer.forward((), x)[0].sum(), np.array([[-2.0, 0.5]]))
    assert layer.backward((), cache, upstream, ())[0, [0, 2]] == pytest.approx(3 * slope[0], rel=1e-8)
    if name == "relu":
        assert layer.backward((), cache, upstream, ())[0, 1] == 0  # the kink


def test_batch_norm_normalises_as_scikit_learn_does():
    X = rng().normal(2.0, 3.0, size=(50, 4))
    scale, shift = np.array([1.0, 2.0, -1.0, 0.5]), np.arange(4.0)
    y, cache = batch_norm(4).forward((scale, shift), X)
    variance = X.var(axis=0)
    expected = StandardScaler().fit_transform(X) * np.sqrt(variance / (variance + layers.VARIANCE_FLOOR))
    assert y == pytest.approx(scale * expected + shift, rel=1e-12)
    assert cache.statistics.mean == pytest.approx(X.mean(axis=0))
    constant, _ = batch_norm(1).forward((np.ones(1), np.zeros(1)), np.full((5, 1), 3.0))
    assert not constant.any()


def test_batch_norm_gradient_is_orthogonal_to_what_it_removes():
    # Shifting or scaling a column of x changes nothing, so dx has no component along ones or along x - mean.
    g = rng()
    X = g.normal(size=(30, 2)) * 100
    layer = batch_norm(2)
    theta = np.array([1.5, -0.5, 0.0, 2.0])
    _, cache = layer.forward(layer.views(theta), X)
    dx = layer.backward(layer.views(theta), cache, g.normal(size=(30, 2)), layer.views(np.empty(4)))
    assert np.abs(dx.sum(axis=0)).max() < 1e-12
    assert np.abs((dx * (X - X.mean(axis=0))).sum(axis=0)).max() < 1e-6 * np.abs(dx).max() * 100


def test_a_residual_block_is_its_input_plus_its_branch():
    g = rng()
    parts = activation("relu"), affine(3, 3)
    theta = g.normal(size=12)
    X = g.normal(size=(4, 3))
    branch, block = chain(*parts), residual(*parts)
    assert np.array_equal(
        block.forward(block.views(theta), X)[0], X + branch.forward(branch.views(theta), X)[0]
    )
    zero = np.zeros(12)
    _, cache = block.forward(block.views(zero), X)
    assert np.array_equal(block.backward(block.views(zero), cache, X, block.views(np.empty(12))), X)


def test_mlp_lays_out_its_layers():
    assert [part.name for part in mlp((3, 4, 4, 2)).parts] == ["affine", "relu", "affine", "relu", "affine"]
    names = [part.name for part in mlp((3, 4, 4, 4, 2), "tanh", batch_norm=True, skip=True).parts]
    assert names == ["affine", "residual", "residual", "batch norm", "tanh", "affine"]
    assert [part.name for part in mlp((3, 3, 3), skip=True).parts] == ["affine", "relu", "affine"]  # outputs never
    assert mlp((64, 128, 10)).dimension == 64 * 128 + 128 + 128 * 10 + 10


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: affine(0, 3), "inputs must be an integer of at least 1, got 0"),
        (lambda: affine(3, 2.5), "outputs must be an integer of at least 1, got 2.5"),
        (lambda: activation("softplus"), "name must be one of 'relu', 'tanh', 'sigmoid', 'identity', got 'softplus'"),
        (lambda: batch_norm(-1), "width must be an integer of at least 1, got -1"),
        (lambda: batch_norm(1).forward((np.ones(1), np.zeros(1)), np.ones((1, 1))), "x must have at least 2 rows"),
        (lambda: chain(), "parts must hold at least one network, got none"),
        (lambda: chain(affine(2, 3), activation("relu"), affine(4, 1)), r"part 2 \(affine\) takes 4 columns, got 3"),
        (lambda: residual(affine(2, 3)), "parts must end at the width they begin with, got 2 to 3"),
        (lambda: affine(2, 1).views(np.zeros(4)), r"theta must have shape \(3,\), got shape \(4,\)"),
        (lambda: mlp((3,)), r"sizes must be at least two widths, got \(3,\)"),
        (lambda: mlp((3, 2), "swish"), "activation must be one of"),
    ],
)
def test_bad_input_names_itself(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_single_precision_stays_single():
    g = rng()
    for network in (mlp((4, 5, 5, 3), "sigmoid", batch_norm=True, skip=True), mlp((4, 5, 3))):
        theta = initialise(network, "he", g)
        problem = network_problem(network, g.normal(size=(9, 4)), g.integers(0, 3, 9), softmax_cross_entropy)
        double, single = problem.gradient(theta), problem.gradient(theta.astype(np.float32))
        assert (double.dtype, single.dtype) == (np.float64, np.float32)
        assert single == pytest.approx(double, abs=1e-5)
