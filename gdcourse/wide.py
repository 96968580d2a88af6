"""Signals in very wide layers at the first weights: what a layer makes of mean squares, forward and backward.

In wide layers a preactivation is Gaussian, so all that matters is its variance. The rules are written in the
translatable subset; the integrals over tanh, which no rule can do, come from a table.
"""

import math

import numpy as np

from gdcourse._validate import one_of, positive, positive_integer

ACTIVATIONS = ("tanh", "relu")
CELLS = 64


def _tanh_moments():
    """Tabulate E tanh^2 (1 + s) / s and E tanh'^2 over Gaussians of variance s = 1/v^2 - 1, for v = 0, 1/64, ... 1."""
    z = np.linspace(-8, 8, 4001)
    weights = np.exp(-z * z / 2)
    weights = weights / weights.sum()
    table = [[1.0, 0.0]]
    for k in range(1, CELLS + 1):
        s = (CELLS / k) ** 2 - 1
        values = np.tanh(math.sqrt(s) * z)
        squares = weights @ values**2 * (1 + s) / s if s else 1.0
        table.append([round(float(squares), 5), round(float(weights @ (1 - values**2) ** 2), 5)])
    return table


TANH = _tanh_moments()


def place_rule(s):
    return CELLS / np.sqrt(1.0 + s)


def blend_rule(low, high, part):
    return low + (high - low) * part


def squares_rule(table, s):
    return table * s / (1.0 + s)


def relu_rule(s):
    """E relu^2, E relu'^2 and (E relu)^2 over Gaussians of variance s."""
    return 0.5 * s, 0.5, 0.15915494309189535 * s


def spread_rule(before, keep, weight, squares):
    return keep * before + weight * squares


def factor_rule(keep, weight, slopes, divided_by):
    return keep + weight * slopes / divided_by


def moments(activation, s):
    """Return E f(z)^2, E f'(z)^2 and (E f(z))^2 for Gaussian z of variance s.

    Args: activation: "tanh" or "relu"; s: not negative. Returns: three floats.
    Example:
        >>> moments("relu", 2.0)[:2]
        (1.0, 0.5)
    """
    if activation == "relu":
        return relu_rule(s)
    place = place_rule(s)
    k = min(int(place), CELLS - 1)
    squares, slopes = (blend_rule(low, high, place - k) for low, high in zip(TANH[k], TANH[k + 1]))
    return squares_rule(squares, s), slopes, 0.0


def through_layers(depth, activation, scale, skip=False, norm=False):
    """Return the mean squares of the activations, and of the gradients there, from the input to the last layer.

    h to W f(h), or with a skip to h + W f(h); with batch norm f gets h normalised

    Args: depth: the layers; activation: "tanh" or "relu"; scale: the weights have deviation scale / sqrt(width);
        skip, norm: booleans. Inputs and the gradient at the last layer have mean square 1.
    Returns: two arrays (depth + 1,). Raises: ValueError for another activation, or a number out of range.
    Source: Schoenholz et al., 2017; for batch norm Yang et al., 2019.
    Example:
        >>> forward, backward = through_layers(10, "relu", 1.0)
        >>> bool(forward[-1] == backward[0] == 0.5**10)
        True
    """
    depth, scale = positive_integer("depth", depth), positive("scale", scale)
    one_of("activation", activation, ACTIVATIONS)
    keep, weight = float(skip), scale * scale
    forward, varies, factors = [1.0], 1.0, []
    for _ in range(depth):
        squares, slopes, mean = moments(activation, 1.0 if norm else forward[-1])
        factors.append(factor_rule(keep, weight, slopes, varies if norm else 1.0))
        forward.append(spread_rule(forward[-1], keep, weight, squares))
        varies = spread_rule(varies, keep, weight, squares - mean)  # what batch norm sees: the batch's own mean is out
    backward = [1.0]
    for factor in reversed(factors):
        backward.append(backward[-1] * factor)
    return np.array(forward), np.array(backward[::-1])
