"""The convolution: against scipy's correlation and central differences, and in a chain that learns."""

import numpy as np
import pytest
from scipy import signal

from gdcourse.convolution import convolution
from gdcourse.descent import descend
from gdcourse.differentiate import numerical_gradient
from gdcourse.layers import activation, affine, chain
from gdcourse.networks import initialise, network_problem
from gdcourse.optimizers import momentum


def rng(seed=0):
    return np.random.default_rng(seed)


def test_convolution_matches_scipy_and_differences():
    g = rng()
    height, width, channels, filters, size = 5, 4, 2, 3, 2
    layer = convolution(height, width, channels, filters, size)
    theta = g.normal(size=layer.dimension)
    W, b = layer.views(theta)
    X = g.normal(size=(3, layer.inputs))
    y, cache = layer.forward((W, b), X)
    images, kernels = X.reshape(3, height, width, channels), W.reshape(size, size, channels, filters)
    for n in range(3):
        for f in range(filters):
            expected = b[f] + sum(
                signal.correlate2d(images[n, :, :, c], kernels[:, :, c, f], mode="valid") for c in range(channels)
            )
            assert y[n].reshape(4, 3, filters)[:, :, f] == pytest.approx(expected)
    upstream = g.normal(size=y.shape)
    gradient = np.empty_like(theta)
    dx = layer.backward((W, b), cache, upstream, layer.views(gradient))
    along = lambda X, theta: float((layer.forward(layer.views(theta), X)[0] * upstream).sum())  # noqa: E731
    assert dx == pytest.approx(numerical_gradient(lambda X: along(X, theta), X), abs=1e-8)
    assert gradient == pytest.approx(numerical_gradient(lambda theta: along(X, theta), theta), abs=1e-8)


def test_a_convolution_in_a_chain_learns():
    g = rng()
    network = chain(convolution(8, 8, 1, 4, 3), activation("relu"), affine(144, 2))
    X = g.normal(size=(60, 64))
    y = (X.reshape(-1, 8, 8)[:, :4].sum(axis=(1, 2)) > 0).astype(int)
    problem = network_problem(network, X, y)
    trace = descend(problem, momentum(), lr=0.05, steps=150, start=initialise(network, "he", g))
    assert trace.values[-1] < 0.05 * trace.values[0]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((3, 3, 1, 1, 4), "size must be at most the image's sides 3 x 3, got 4"),
        ((3, 3, 0, 1, 2), "channels must be an integer of at least 1, got 0"),
        ((3, 3, 1, 0, 2), "filters must be an integer of at least 1, got 0"),
        ((2.5, 3, 1, 1, 2), "height must be an integer of at least 1, got 2.5"),
    ],
)
def test_bad_input_names_itself(numbers, words):
    with pytest.raises(ValueError, match=words):
        convolution(*numbers)
