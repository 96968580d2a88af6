"""Networks over one flat vector: make one, draw its first weights, and hand it to any optimiser.

    network = mlp((64, 128, 10))
    theta = initialise(network, "he", rng)
    problem = network_problem(network, X, y)  # a FiniteSum

The layers are in `layers`, and may be chained by hand in the same way.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gdcourse import layers
from gdcourse._validate import (
    as_array,
    as_labels,
    as_matrix,
    as_vector,
    generator,
    in_range,
    one_of,
    positive_integer,
)
from gdcourse.losses import UNCHECKED, softmax_cross_entropy
from gdcourse.problems import FiniteSum


def mlp(sizes, activation="relu", batch_norm=False, skip=False):
    """Return a multilayer perceptron: affine layers with an activation between each and the next.

    Args:
        sizes: the widths, inputs first and outputs last, at least two.
        activation: one of layers.ACTIVATIONS; the outputs are left as they are, for a loss that takes logits.
        batch_norm: True normalises before every activation.
        skip: True makes activation and layer a residual block wherever a hidden layer keeps the width.
    Returns: a Network.
    Raises: ValueError for fewer than two sizes, a size that is not positive, or an unknown activation.
    Example:
        >>> mlp((64, 128, 10)).dimension
        9610
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes must be at least two widths, got {sizes!r}")
    one_of("activation", activation, layers.ACTIVATIONS)
    parts = [layers.affine(sizes[0], sizes[1])]
    for i in range(1, len(sizes) - 1):
        width, following = sizes[i : i + 2]
        unit = [layers.activation(activation), layers.affine(width, following)]
        if batch_norm:
            unit.insert(0, layers.batch_norm(width))
        parts += [layers.residual(*unit)] if skip and width == following and i < len(sizes) - 2 else unit
    return layers.chain(*parts)


class Initialiser(NamedTuple):
    """The standard deviation of a weight, from a layer's fan-in and fan-out, and whether it is uniform."""

    deviation: Callable
    uniform: bool = False


INITIALISERS = {
    "glorot_uniform": Initialiser(lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)), uniform=True),
    "glorot": Initialiser(lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out))),
    "he": Initialiser(lambda fan_in, fan_out: math.sqrt(2 / fan_in)),
    "lecun": Initialiser(lambda fan_in, fan_out: math.sqrt(1 / fan_in)),
    # Uniform within 1 / sqrt(fan_in): what was customary before 2010.
    "standard": Initialiser(lambda fan_in, fan_out: math.sqrt(1 / (3 * fan_in)), uniform=True),
    "zero": Initialiser(lambda fan_in, fan_out: 0.0),
}
"""The usual first weights by name (LeCun et al., 1998; Glorot and Bengio, 2010; He et al., 2015)."""


def initial_weights(fan_in, fan_out, kind, rng, shape=None):
    """Draw a layer's first weights, of mean zero.

    variance 2 / (fan_in + fan_out) for "glorot" and "glorot_uniform", 2 / fan_in for "he", 1 / fan_in for "lecun",
    1 / (3 fan_in) for "standard", 0 for "zero"; a uniform draw lies within sqrt(3) standard deviations.

    Args: fan_in, fan_out: at least 1; kind: one of the INITIALISERS, or a number, the standard deviation of normal
        weights; rng: a numpy.random.Generator; shape: (fan_in, fan_out) if left out.
    Returns: an array. Raises: ValueError for an unknown kind, a negative deviation or a fan that is not positive.
    Example:
        >>> W = initial_weights(400, 300, "he", np.random.default_rng(0))
        >>> round(float(W.var() * 400), 2)
        2.0
    """
    fan_in, fan_out = positive_integer("fan_in", fan_in), positive_integer("fan_out", fan_out)
    if not isinstance(kind, str):
        deviation = in_range("kind", kind, 0, np.inf, "[)")
        kind = Initialiser(lambda fan_in, fan_out: deviation)
    else:
        kind = INITIALISERS[one_of("kind", kind, INITIALISERS)]
    shape = (fan_in, fan_out) if shape is None else shape
    deviation = kind.deviation(fan_in, fan_out)
    if kind.uniform:
        return generator("rng", rng).uniform(-math.sqrt(3) * deviation, math.sqrt(3) * deviation, shape)
    return generator("rng", rng).normal(0.0, deviation, shape)


def initialise(network, kind, rng):
    """Draw a network's first theta: weights of the given kind, biases 0, batch norm's scale 1 and shift 0.

    Args: network: a Network; kind: as in `initial_weights`; rng: a numpy.random.Generator.
    Returns: (d,) in float64; `.astype(np.float32)` trains in single precision.
    Raises: ValueError for an unknown kind.
    Example:
        >>> initialise(mlp((2, 1)), "zero", np.random.default_rng(0))
        array([0., 0., 0.])
    """
    arrays = network.draw(lambda fan_in, fan_out, shape: initial_weights(fan_in, fan_out, kind, rng, shape))
    return np.concatenate([np.ravel(array) for array in arrays]) if arrays else np.zeros(0)


def predict(network, theta, X):
    """Return the network's outputs.

    Args: network: a Network; theta: (d,); X: (n, inputs). Returns: (n, outputs), in theta's dtype.
    Raises: ValueError if a shape does not fit or X is not finite.
    Example:
        >>> predict(mlp((1, 1)), np.array([2.0, 1.0]), [[3.0]])
        array([[7.]])
    """
    theta = as_vector("theta", theta, network.dimension)
    X = as_matrix("X", X, (None, network.inputs)).astype(theta.dtype, copy=False)
    return network.forward(network.views(theta), X)[0]


def accuracy(network, theta, X, y):
    """Return the share of rows whose largest output is the right class.

    Args: network: a Network; theta: (d,); X: (n, inputs); y: (n,) integer labels 0..outputs-1.
    Returns: a float in 0..1. Raises: ValueError if a shape does not fit or X is not finite.
    Example:
        >>> accuracy(mlp((2, 2)), np.array([1.0, 0, 0, 1, 0, 0]), [[2.0, 1.0], [0.0, 1.0]], [0, 0])
        0.5
    """
    outputs = predict(network, theta, X)
    return float(np.mean(outputs.argmax(axis=1) == as_labels("y", y, *outputs.shape)))


def network_problem(network, X, y, loss=softmax_cross_entropy, start=None):
    """Return the mean loss of a network over data, as a function of its parameters.

    Args:
        network: a Network; X: (n, inputs).
        y: n targets that fit the loss: labels (n,) for softmax_cross_entropy, (n, outputs) for mse.
        loss: a function (outputs, targets) -> (value, gradient with respect to the outputs).
        start: (d,), the problem's start.
    Returns: a FiniteSum. Its gradient has theta's dtype, so that a float32 theta trains in float32.
    Raises: ValueError if X or y is not finite, has no rows or does not fit.
    Example:
        >>> problem = network_problem(mlp((2, 3, 2)), [[0.0, 1.0], [1.0, 0.0]], [0, 1])
        >>> round(problem.value(np.zeros(17)), 6)
        0.693147
    """
    X = as_matrix("X", X, (None, network.inputs))
    y = np.asarray(y)
    if y.ndim == 0 or len(y) != len(X):
        raise ValueError(f"y must have {len(X)} rows, one for each row of X, got shape {y.shape}")
    y = y.astype(int) if y.dtype.kind in "iu" else as_array("y", y, y.ndim)
    if network.outputs is not None:
        loss(np.zeros((len(X), network.outputs), X.dtype), y)  # raises where the targets do not fit the loss
        loss = UNCHECKED.get(loss, loss)  # once is enough
    in_dtype = {X.dtype: X}

    def value_and_gradient(theta, rows=None):
        if theta.dtype not in in_dtype:
            if theta.dtype.kind != "f":
                raise ValueError(f"theta must be of a float dtype, got {theta.dtype}")
            in_dtype[theta.dtype] = X.astype(theta.dtype)
        x, targets = in_dtype[theta.dtype], y
        if rows is not None:
            x, targets = x.take(rows, axis=0), y.take(rows, axis=0)
        parameters = network.views(theta)
        outputs, cache = network.forward(parameters, x)
        value, doutputs = loss(outputs, targets)
        gradient = np.empty_like(theta)
        network.backward(parameters, cache, doutputs, network.views(gradient), wanted=False)
        return value, gradient

    start = None if start is None else as_vector("start", start, network.dimension)
    return FiniteSum(value_and_gradient, n=len(X), dimension=network.dimension, start=start)
