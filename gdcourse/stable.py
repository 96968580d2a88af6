"""Exponentials and logarithms that survive large arguments: the arithmetic under every likelihood.

exp(710) is too large for a float, and a network may well answer 10,000. Each function here is written so that
nothing overflows on the way to an answer that fits, in float64 and in float32.
"""

import math

import numpy as np

from gdcourse._validate import as_floats

LOG_2PI = math.log(2 * math.pi)


def softplus(z):
    """Return log(1 + exp(z)) without overflow, as max(z, 0) + log(1 + exp(-|z|)).

    Args: z: a number or an array. Returns: z's shape. Raises: ValueError if z is not real.
    Example:
        >>> softplus([-10000.0, 0.0, 10000.0]).round(4).tolist()
        [0.0, 0.6931, 10000.0]
    """
    z = as_floats("z", z)
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def sigmoid(z):
    """Return 1 / (1 + exp(-z)), or exp(z) / (1 + exp(z)) where z < 0, so that only small exponentials are taken.

    Args: z: a number or an array. Returns: z's shape, in [0, 1]. Raises: ValueError if z is not real.
    Example:
        >>> sigmoid([-10000.0, 0.0, 10000.0]).tolist()
        [0.0, 0.5, 1.0]
    """
    z = as_floats("z", z)
    small = np.exp(-np.abs(z))
    return np.where(z < 0, small, 1) / (1 + small)


def log_sum_exp(Z):
    """Return log(sum(exp(Z))) along the last axis, by taking out the largest entry of each row.

    log sum exp(z) = m + log sum exp(z - m), m = max z

    Args: Z: (..., k). Returns: (...). Raises: ValueError if Z is not real or k is 0.
    Example:
        >>> log_sum_exp([[10000.0, 10000.0]]).round(4).tolist()
        [10000.6931]
    """
    Z = _rows("Z", Z)
    largest = Z.max(axis=-1, keepdims=True)
    # A row of -inf (every density zero) has the answer -inf, not the nan of -inf - -inf.
    largest = np.where(np.isfinite(largest), largest, Z.dtype.type(0))
    with np.errstate(divide="ignore", over="ignore"):
        return largest[..., 0] + np.log(np.exp(Z - largest).sum(axis=-1))


def log_softmax(Z):
    """Return the logarithms of softmax probabilities, row by row.

    log p_j = z_j - log sum_k exp(z_k); adding a constant to a row changes nothing

    Args: Z: (..., k). Returns: Z's shape. Raises: ValueError if Z is not real or k is 0.
    Example:
        >>> log_softmax([[0.0, 10000.0]]).tolist()
        [[-10000.0, 0.0]]
    """
    Z = _rows("Z", Z)
    # Shift first: z - log_sum_exp(z) would round the small logarithm away beside a large z.
    Z = Z - Z.max(axis=-1, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis=-1, keepdims=True))


def softmax(Z):
    """Return probabilities proportional to exp(Z), row by row.

    Args: Z: (..., k). Returns: Z's shape; each row sums to 1. Raises: ValueError if Z is not real or k is 0.
    Example:
        >>> softmax([[0.0, 0.0, 10000.0]]).tolist()
        [[0.0, 0.0, 1.0]]
    """
    return np.exp(log_softmax(Z))


def divide_by_exp(x, s):
    """Return x / exp(s): 0 where x = 0, however small exp(s) is, and infinite where the answer does not fit.

    Args: x, s: arrays that broadcast, s for instance log sigma. Returns: their shape. Raises: ValueError if not real.
    Example:
        >>> divide_by_exp([0.0, 2.0], -10000.0).tolist()
        [0.0, inf]
    """
    x, s = as_floats("x", x), as_floats("s", s)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(x == 0, x, x * np.exp(-s))


def log_factorial(y):
    """Return log(y!) of whole numbers.

    Args: y: (n,), at least 0. Returns: (n,). Raises: ValueError if y is not real.
    Example:
        >>> log_factorial([0, 1, 5]).round(4).tolist()
        [0.0, 0.0, 4.7875]
    """
    y = as_floats("y", y)
    return np.array([math.lgamma(count + 1) for count in y.ravel().tolist()], y.dtype).reshape(y.shape)


def _rows(name, Z):
    Z = as_floats(name, Z)
    if Z.ndim == 0 or Z.shape[-1] == 0:
        raise ValueError(f"{name} must have at least one entry along its last axis, got shape {Z.shape}")
    return Z
