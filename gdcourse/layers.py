"""The layers a network is made of, each a pair of passes: forward, and backward by the chain rule.

A layer is a small network, and a chain of networks is a network. `forward` keeps what `backward` will need;
`backward` turns the gradient with respect to the outputs into the gradients of the parameters and of the inputs,
and changes no weight on the way. All parameters lie in one flat vector theta: a layer sees views of it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np

from gdcourse._validate import one_of, positive_integer
from gdcourse.stable import sigmoid


@dataclass(frozen=True)
class Network:
    """A differentiable map of rows, (n, inputs) -> (n, outputs); a width of None fits any.

    forward(parameters, x) returns (y, cache). backward(parameters, cache, dy, gradients, wanted) writes the
    gradients of the parameters into the arrays given, and returns dx, or None where it is not wanted. shapes are
    the parameters' shapes in their order in theta; draw(weights) makes their first values; parts are what a chain
    is made of. Neither pass checks its arguments: `predict` and `network_problem` do.
    """

    name: str
    inputs: int | None
    outputs: int | None
    shapes: tuple
    draw: Callable
    forward: Callable
    backward: Callable
    parts: tuple = ()

    @cached_property
    def dimension(self):
        """The number of parameters, d."""
        return sum(math.prod(shape) for shape in self.shapes)

    @cached_property
    def _cuts(self):
        ends = np.cumsum([0] + [math.prod(shape) for shape in self.shapes]).tolist()
        return tuple((slice(*ends[i : i + 2]), shape) for i, shape in enumerate(self.shapes))

    def views(self, theta):
        """Return theta (d,) cut into arrays of the parameters' shapes; they share its memory."""
        if theta.shape != (self.dimension,):
            raise ValueError(f"theta must have shape ({self.dimension},), got shape {theta.shape}")
        return [theta[cut].reshape(shape) for cut, shape in self._cuts]


# The layers.


@cache
def _ones(n, dtype):
    return np.ones(n, dtype)


def affine(inputs, outputs):
    """Return the layer y = x W + b.

    dW = x' dy;  db = sum of dy over the examples;  dx = dy W'

    Args: inputs, outputs: widths, at least 1. Returns: a Network with parameters W (inputs, outputs), b (outputs,).
    Raises: ValueError if a width is not positive.
    Example:
        >>> affine(3, 2).dimension
        8
    """
    inputs, outputs = positive_integer("inputs", inputs), positive_integer("outputs", outputs)

    def forward(parameters, x):
        W, b = parameters
        y = x.dot(W)  # x @ W with less ceremony, which a small batch notices
        y += b
        return y, x

    def backward(parameters, x, dy, gradients, wanted=True):
        W, _ = parameters
        dW, db = gradients
        x.T.dot(dy, out=dW)
        _ones(len(dy), dy.dtype).dot(dy, out=db)  # the sum over the examples, at a product's speed
        return dy.dot(W.T) if wanted else None

    def draw(weights):
        return weights(inputs, outputs, (inputs, outputs)), np.zeros(outputs)

    return Network("affine", inputs, outputs, ((inputs, outputs), (outputs,)), draw, forward, backward)


class Activation(NamedTuple):
    """A function applied to each number, and its slope, written in terms of the function's value y."""

    function: Callable
    slope: Callable


ACTIVATIONS = {
    # As many zeros as x has numbers, because NumPy compares two arrays faster than an array and a number.
    "relu": Activation(lambda x: np.maximum(x, np.zeros(x.shape, x.dtype)), lambda y: y > 0),
    "tanh": Activation(np.tanh, lambda y: 1 - y * y),
    "sigmoid": Activation(sigmoid, lambda y: y * (1 - y)),
    "identity": Activation(lambda x: x, lambda y: np.ones_like(y)),
}
"""Every activation by name. The slope of relu at its kink is taken to be 0."""


def activation(name):
    """Return the layer y = f(x), for f one of the ACTIVATIONS.

    dx = dy * f'(x)

    Args: name: "relu", "tanh", "sigmoid" or "identity". Returns: a Network without parameters, of any width.
    Raises: ValueError for another name.
    Example:
        >>> activation("relu").forward((), np.array([[-1.0, 2.0]]))[0]
        array([[0., 2.]])
    """
    function, slope = ACTIVATIONS[one_of("name", name, ACTIVATIONS)]

    def forward(parameters, x):
        y = function(x)
        return y, y

    def backward(parameters, y, dy, gradients, wanted=True):
        return dy * slope(y)

    return Network(name, None, None, (), lambda weights: (), forward, backward)


class Statistics(NamedTuple):
    """What batch norm knows of a column: its mean and its variance, (width,)."""

    mean: np.ndarray
    variance: np.ndarray


class Normalised(NamedTuple):
    """What batch norm's backward pass needs: the normalised x, the deviation, and the batch's own statistics."""

    x: np.ndarray
    deviation: np.ndarray
    statistics: Statistics


VARIANCE_FLOOR = 1e-5
"""What batch norm adds to a variance, which keeps a constant column from dividing by zero."""


def batch_norm(width, statistics=None):
    """Return batch normalisation (Ioffe and Szegedy, 2015): y = scale * z + shift.

    z = (x - mean) / sqrt(variance + 1e-5)

    In training the mean and the variance (over n, not n - 1) are the batch's own, and depend on x:
    dx = scale / deviation * (dy - mean(dy) - z * mean(dy * z)). With statistics given they are constants.

    Args: width: at least 1; statistics: None in training, the Statistics to use in evaluation.
    Returns: a Network with parameters scale and shift, (width,). Its forward pass in training raises ValueError
        for a single example, whose variance is zero.
    Raises: ValueError if the width is not positive.
    Example:
        >>> layer = batch_norm(1)
        >>> layer.forward((np.ones(1), np.zeros(1)), np.array([[1.0], [3.0]]))[0].round(4).tolist()
        [[-1.0], [1.0]]
    """
    width = positive_integer("width", width)

    def forward(parameters, x):
        scale, shift = parameters
        if statistics is None and len(x) < 2:
            raise ValueError(f"x must have at least 2 rows for batch norm in training, got {len(x)}")
        mean, variance = statistics or Statistics(x.mean(axis=0), x.var(axis=0))
        deviation = np.sqrt(variance + VARIANCE_FLOOR, dtype=x.dtype)
        z = (x - mean.astype(x.dtype, copy=False)) / deviation
        return scale * z + shift, Normalised(z, deviation, Statistics(mean, variance))

    def backward(parameters, cache, dy, gradients, wanted=True):
        z, deviation, _ = cache
        scale, _ = parameters
        dscale, dshift = gradients
        np.sum(dy * z, axis=0, out=dscale)
        np.sum(dy, axis=0, out=dshift)
        if statistics is not None:
            return scale / deviation * dy
        return scale / deviation * (dy - (dshift + z * dscale) / len(dy))

    def draw(weights):
        return np.ones(width), np.zeros(width)

    return Network("batch norm", width, width, ((width,), (width,)), draw, forward, backward)


def chain(*parts):
    """Join networks end to end: the outputs of each are the inputs of the next.

    Args: parts: Networks whose widths fit. Returns: a Network whose theta is theirs, one after another.
    Raises: ValueError if there is none or two widths differ.
    Example:
        >>> chain(affine(2, 3), activation("tanh"), affine(3, 1)).dimension
        13
    """
    if not parts:
        raise ValueError("parts must hold at least one network, got none")
    inputs = width = None
    for number, part in enumerate(parts):
        if None not in (width, part.inputs) and width != part.inputs:
            raise ValueError(f"parts must fit: part {number} ({part.name}) takes {part.inputs} columns, got {width}")
        inputs = part.inputs if inputs is None else inputs
        width = width if part.outputs is None else part.outputs
    ends = np.cumsum([0] + [len(part.shapes) for part in parts]).tolist()
    spans = [slice(*ends[i : i + 2]) for i in range(len(parts))]

    def forward(parameters, x):
        caches = []
        for part, own in zip(parts, spans):
            x, cache = part.forward(parameters[own], x)
            caches.append(cache)
        return x, caches

    def backward(parameters, caches, dy, gradients, wanted=True):
        for i in range(len(parts) - 1, -1, -1):
            own = spans[i]
            dy = parts[i].backward(parameters[own], caches[i], dy, gradients[own], wanted or i > 0)
        return dy

    def draw(weights):
        return [array for part in parts for array in part.draw(weights)]

    shapes = tuple(shape for part in parts for shape in part.shapes)
    return Network("chain", inputs, width, shapes, draw, forward, backward, parts)


def residual(*parts):
    """Return a residual block (He et al., 2016): y = x + branch(x), where the branch is a chain of the parts.

    dx = dy + the branch's dx: a road for the gradient past every weight.

    Args: parts: as in `chain`, ending at the width they began with. Returns: a Network.
    Raises: ValueError if the widths do not fit.
    Example:
        >>> block = residual(activation("relu"), affine(1, 1))
        >>> block.forward(block.views(np.array([3.0, 0.5])), np.array([[2.0]]))[0]
        array([[8.5]])
    """
    branch = chain(*parts)
    if branch.inputs != branch.outputs:
        raise ValueError(f"parts must end at the width they begin with, got {branch.inputs} to {branch.outputs}")

    def forward(parameters, x):
        y, caches = branch.forward(parameters, x)
        return x + y, caches

    def backward(parameters, caches, dy, gradients, wanted=True):
        dx = branch.backward(parameters, caches, dy, gradients, wanted)
        return dy + dx if wanted else None

    return Network("residual", branch.inputs, branch.outputs, branch.shapes, branch.draw, forward, backward, parts)
