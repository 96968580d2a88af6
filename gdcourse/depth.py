"""What depth does to signals, and the remedies: statistics layer by layer, batch norm's memory, clipping."""

import math
from typing import NamedTuple

import numpy as np

from gdcourse import layers
from gdcourse._validate import as_matrix, as_vector, in_range, positive
from gdcourse.layers import Statistics
from gdcourse.optimizers import Optimizer


class Signals(NamedTuple):
    """Layer by layer, first to last: its name, the deviation of its outputs, and that of the gradient there."""

    names: tuple
    forward: np.ndarray
    backward: np.ndarray


def signals(network, theta, X, upstream):
    """Measure how large activations and gradients are, layer by layer.

    Args: network: a chain; theta: (d,); X: (n, inputs); upstream: (n, outputs), the gradient with respect to the
        outputs (the loss's own, or random numbers to see what the layers alone do).
    Returns: Signals: for each part of the chain, the standard deviation of its outputs, and of the gradient with
        respect to them.
    Raises: ValueError if a shape does not fit or the network is a single layer.
    Example:
        >>> rng = np.random.default_rng(0)
        >>> chain = layers.chain(layers.affine(1, 1), layers.affine(1, 1))
        >>> found = signals(chain, np.array([3.0, 0.0, 2.0, 0.0]), [[1.0], [-1.0]], [[1.0], [-1.0]])
        >>> found.forward, found.backward
        (array([3., 6.]), array([2., 1.]))
    """
    if not network.parts or network.name != "chain":
        raise ValueError(f"network must be a chain of layers, got {network.name}")
    theta = as_vector("theta", theta, network.dimension)
    x = as_matrix("X", X, (None, network.inputs)).astype(theta.dtype, copy=False)
    parameters = network.views(theta)
    scratch = network.views(np.empty_like(theta))
    passes, used = [], 0
    forward, backward = [], []
    for part in network.parts:
        own = slice(used, used + len(part.shapes))
        used = own.stop
        x, cache = part.forward(parameters[own], x)
        passes.append((part, own, cache))
        forward.append(x.std())
    dy = as_matrix("upstream", upstream, x.shape).astype(theta.dtype, copy=False)
    for part, own, cache in reversed(passes):
        backward.append(dy.std())
        dy = part.backward(parameters[own], cache, dy, scratch[own])
    return Signals(tuple(part.name for part in network.parts), np.array(forward), np.array(backward[::-1]))


# Batch norm after training. Training normalises by each batch's own statistics; a single example to be classified
# has none, so evaluation uses statistics remembered from training. Training and evaluation are two networks over
# the same theta.


def batch_statistics(network, theta, X):
    """Return the statistics of every batch norm layer on the rows of X, as estimates of the population's.

    The variance is divided by n - 1.

    Args: network: a Network in training form; theta: (d,); X: (n, inputs), n at least 2.
    Returns: a list of Statistics, in the layers' order. Raises: ValueError if a shape does not fit.
    Example:
        >>> layer = layers.batch_norm(1)
        >>> batch_statistics(layer, np.array([1.0, 0.0]), [[1.0], [3.0]])
        [Statistics(mean=array([2.]), variance=array([2.]))]
    """
    theta = as_vector("theta", theta, network.dimension)
    X = as_matrix("X", X, (None, network.inputs)).astype(theta.dtype, copy=False)
    _, cache = network.forward(network.views(theta), X)
    n = len(X)
    return [Statistics(s.mean, s.variance * (n / (n - 1))) for s in _collect(network, cache)]


def _collect(network, cache):
    if network.name == "batch norm":
        yield cache.statistics
    for part, own in zip(network.parts, cache if network.parts else ()):
        yield from _collect(part, own)


def running_statistics(running, batch, memory=0.9):
    """Let a batch's statistics into a fading memory of earlier ones: memory * running + (1 - memory) * batch.

    Args: running, batch: lists of Statistics; memory: in [0, 1).
    Returns: a list of Statistics. Raises: ValueError if the lengths differ or memory is out of range.
    Example:
        >>> start = [Statistics(np.zeros(1), np.ones(1))]
        >>> running_statistics(start, [Statistics(np.array([2.0]), np.array([3.0]))], memory=0.5)
        [Statistics(mean=array([1.]), variance=array([2.]))]
    """
    memory = in_range("memory", memory, 0, 1, "[)")
    if len(running) != len(batch):
        raise ValueError(f"batch must have statistics of {len(running)} layers, got {len(batch)}")
    return [
        Statistics(*(memory * old + (1 - memory) * new for old, new in zip(before, now)))
        for before, now in zip(running, batch)
    ]


def frozen(network, statistics):
    """Return the network in its evaluation form: batch norm with the given statistics, over the same theta.

    Args: network: a Network; statistics: a list of Statistics, one for each batch norm layer.
    Returns: a Network. Raises: ValueError if their numbers differ.
    Example:
        >>> layer = frozen(layers.batch_norm(1), [Statistics(np.array([2.0]), np.array([1.0]))])
        >>> layer.forward((np.ones(1), np.zeros(1)), np.array([[3.0]]))[0].round(4)
        array([[1.]])
    """
    wanted = _count(network)
    if len(statistics) != wanted:
        raise ValueError(f"statistics must be one for each of {wanted} batch norm layers, got {len(statistics)}")
    left = iter(statistics)

    def freeze(part):
        if part.name == "batch norm":
            return layers.batch_norm(part.inputs, next(left))
        if part.parts:
            join = layers.residual if part.name == "residual" else layers.chain
            return join(*map(freeze, part.parts))
        return part

    return freeze(network)


def _count(network):
    return (network.name == "batch norm") + sum(map(_count, network.parts))


# Clipping.


def clip_by_global_norm(gradient, limit):
    """Shorten a gradient to a given length, keeping its direction (Pascanu et al., 2013).

    g * min(1, limit / |g|)

    Args: gradient: an array of all the gradients together, such as (d,); limit: a positive number.
    Returns: an array of the same shape; a gradient within the limit comes back as it is.
    Raises: ValueError if limit is not positive.
    Example:
        >>> clip_by_global_norm(np.array([3.0, 4.0]), 1.0)
        array([0.6, 0.8])
    """
    return _clip(np.asarray(gradient), positive("limit", limit))


def _clip(gradient, limit):
    norm = math.sqrt(np.vdot(gradient, gradient))
    return gradient * (limit / norm) if norm > limit else gradient


def clipped(optimizer, limit):
    """Return the optimizer that clips every gradient to a given length before its step.

    Args: optimizer: an Optimizer; limit: a positive number. Returns: an Optimizer.
    Raises: ValueError if limit is not positive.
    Example:
        >>> from gdcourse.optimizers import gd
        >>> clipped(gd(), 1.0).step(np.array([30.0, 40.0]), (), 0.1)[0]
        array([-0.06, -0.08])
    """
    limit = positive("limit", limit)

    def step(g, state, lr, theta=None):
        return optimizer.step(_clip(g, limit), state, lr, theta)

    return Optimizer(f"clipped {optimizer.name}", optimizer.init, step)
