"""Many runs of one network at once, one a seed, so that what is said of training can be said of a population."""

from typing import NamedTuple

import numpy as np

from gdcourse.layers import ACTIVATIONS, VARIANCE_FLOOR
from gdcourse.networks import initialise


class Runs(NamedTuple):
    """Several runs of one network, seed by seed in the first axis.

    theta: (seeds, d), at the end; losses: (steps, seeds), of each batch before its step, and no more once all have
    diverged; first_loss: (seeds,), over all training examples at the start; accuracy: (seeds,), on the test quarter.
    """

    theta: np.ndarray
    losses: np.ndarray
    first_loss: np.ndarray
    accuracy: np.ndarray


def train_together(network, kind, optimizer, lr, seeds, data, *, steps, batch=64, sign=1):
    """Train a network from several seeds at once, in double precision.

    A seed decides the first weights and the order of the examples. Every run takes the steps that `descend` would
    take; they are made side by side, which is several times as fast. The optimizer must treat each number by itself.

    Args: network: of affine layers, activations, batch norm and residual blocks; kind: of first weights, as in
        `initialise`; optimizer; lr; seeds: how many; data: Digits, or several of one size stacked, one for each seed;
        steps: updates; batch: examples in one, the rest of an epoch is left out; sign: -1 climbs.
    Returns: Runs.
    """
    generators = [np.random.default_rng(seed) for seed in range(seeds)]
    theta = np.array([initialise(network, kind, rng) for rng in generators])
    state, gradient, losses = optimizer.init(theta), np.empty_like(theta), []
    shared = data.y.ndim == 1
    X, y = (data.X[None], data.y[None]) if shared else (data.X, data.y)
    orders = [_batches(y.shape[1], batch, rng) for rng in generators]
    which = 0 if shared else np.arange(seeds)[:, None]
    with np.errstate(all="ignore"):
        first = loss_and_slope(forward(network, views(network, theta), X)[0], y)[0]
        for _ in range(steps):
            rows = np.array([next(order) for order in orders])
            parameters = views(network, theta)
            outputs, cache = forward(network, parameters, X[which, rows])
            loss, slope = loss_and_slope(outputs, y[which, rows])
            losses.append(loss)
            if not np.isfinite(loss).any():
                break  # all have diverged
            backward(network, parameters, cache, sign * slope, views(network, gradient))
            update, state = optimizer.step(gradient, state, lr, theta)
            theta = theta + update
        right = predictions(network, theta, data) == data.y_test
    return Runs(theta, np.array(losses), first, right.mean(axis=1))


def predictions(network, theta, data):
    """Return the classes (seeds, n) that the runs give the test examples.

    Batch norm uses the mean and the variance of the training set.
    """
    X, X_test = (x if x.ndim == 3 else x[None] for x in (data.X, data.X_test))
    both = np.concatenate([X, X_test], axis=1)
    outputs = forward(network, views(network, theta), both, known=X.shape[1])[0]
    return outputs[:, X.shape[1] :].argmax(axis=-1)


def _batches(n, size, rng):
    while True:
        order = rng.permutation(n)
        yield from (order[i : i + size] for i in range(0, n - size + 1, size))


def views(network, theta):
    """Return theta (seeds, d) cut into arrays of the parameters' shapes, each with an axis of seeds before."""
    seeds = len(theta)
    return [theta[:, cut].reshape(seeds, *shape) for cut, shape in network._cuts]


def loss_and_slope(outputs, y):
    """Return the mean cross-entropy of each seed's outputs (seeds, n, classes) and its slope for each output."""
    shifted = outputs - outputs.max(axis=-1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=-1, keepdims=True)
    index = np.broadcast_to(y, outputs.shape[:-1])[..., None]
    loss = (np.log(total) - np.take_along_axis(shifted, index, axis=-1)).mean(axis=(1, 2))
    slope = e / total
    np.put_along_axis(slope, index, np.take_along_axis(slope, index, axis=-1) - 1, axis=-1)
    return loss, slope / outputs.shape[1]


def forward(part, parameters, x, known=None):
    """Send x (seeds, n, width) through a part; known: batch norm uses the first so many rows' mean and variance."""
    if part.name == "affine":
        W, b = parameters
        return x @ W + b[:, None], x
    if part.name == "batch norm":
        scale, shift = parameters
        of = x[:, :known]
        n = of.shape[1]
        mean = _sum(of)[:, None] / n
        variance = _sum((of - mean) ** 2)[:, None] / (n if known is None else n - 1)
        deviation = np.sqrt(variance + VARIANCE_FLOOR)
        z = (x - mean) / deviation
        return scale[:, None] * z + shift[:, None], (z, deviation, n)
    if part.parts:
        caches, y = [], x
        for inner, own in _spans(part):
            y, cache = forward(inner, parameters[own], y, known)
            caches.append(cache)
        return (x + y if part.name == "residual" else y), caches
    y = ACTIVATIONS[part.name].function(x)
    return y, y


def backward(part, parameters, cache, dy, gradients):
    """Send dy (seeds, n, width) back through a part, write the parameters' gradients, and return dx."""
    if part.name == "affine":
        np.matmul(_turned(cache), dy, out=gradients[0])
        gradients[1][:] = _sum(dy)
        return dy @ _turned(parameters[0])
    if part.name == "batch norm":
        z, deviation, n = cache
        gradients[0][:] = _sum(dy * z)
        gradients[1][:] = _sum(dy)
        mean = (gradients[1][:, None] + z * gradients[0][:, None]) / n
        return parameters[0][:, None] / deviation * (dy - mean)
    if part.parts:
        dx = dy
        for (inner, own), kept in zip(reversed(_spans(part)), reversed(cache), strict=True):
            dx = backward(inner, parameters[own], kept, dx, gradients[own])
        return dy + dx if part.name == "residual" else dx
    return dy * ACTIVATIONS[part.name].slope(cache)


def _turned(x):
    return np.ascontiguousarray(x.swapaxes(1, 2))  # many small products are faster from a copy


def _sum(x):
    return (np.ones((1, x.shape[1])) @ x)[:, 0]  # over the examples, at a product's speed


def _spans(part):
    """Return each part of a chain with the slice of its parameters among the chain's."""
    spans, used = [], 0
    for inner in part.parts:
        spans.append((inner, slice(used, used + len(inner.shapes))))
        used += len(inner.shapes)
    return spans
