"""Argument checks with errors a person can act on: the name, what came, what was expected."""

import math
import operator

import numpy as np


def _describe(x):
    return f"shape {x.shape}, dtype {x.dtype}" if isinstance(x, np.ndarray) else repr(x)


def as_array(name, x, ndim):
    """Return x as a finite float array with ndim axes; float32 stays float32."""
    try:
        array = np.asarray(x)
        if array.dtype.kind not in "fiub":
            raise TypeError
        if array.dtype.kind != "f":
            array = array.astype(float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of real numbers, got {x!r}") from None
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} axes, got shape {array.shape}")
    if not np.isfinite(array).all():
        bad = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(f"{name} must be finite, got {array[tuple(bad)]} at index {tuple(map(int, bad))}")
    return array


def as_floats(name, x):
    """Return x as a float array of any shape, float32 kept, infinities let through.

    Predictions come this way: a run that diverges says so by its loss, not by an exception.
    """
    try:
        array = np.asarray(x)
        if array.dtype.kind not in "fiub":
            raise TypeError
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of real numbers, got {x!r}") from None
    return array if array.dtype.kind == "f" else array.astype(float)


def as_vector(name, x, dimension=None):
    """Return x as a finite float vector, of the given dimension if there is one."""
    vector = as_array(name, x, ndim=1)
    if dimension is not None and vector.size != dimension:
        raise ValueError(f"{name} must have shape ({dimension},), got shape {vector.shape}")
    return vector


def as_matrix(name, x, shape=(None, None)):
    """Return x as a finite float matrix whose axes match shape (None: any positive size)."""
    matrix = as_array(name, x, ndim=2)
    if 0 in matrix.shape or any(want not in (None, got) for want, got in zip(shape, matrix.shape, strict=True)):
        wanted = ", ".join("at least 1" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got shape {matrix.shape}")
    return matrix


def as_symmetric(name, x):
    """Return x as a finite symmetric float matrix."""
    matrix = as_matrix(name, x)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"{name} must be square, got shape {matrix.shape}")
    if not np.allclose(matrix, matrix.T, rtol=1e-10, atol=1e-12 * np.abs(matrix).max()):
        raise ValueError(f"{name} must be symmetric, got entries that differ from the transpose "
                         f"by up to {np.abs(matrix - matrix.T).max():.3g}")
    return matrix


def as_labels(name, y, n, classes):
    """Return y as n integer labels in 0..classes-1."""
    labels = np.asarray(y)
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integer labels 0..{classes - 1}, got {_describe(labels)}")
    if labels.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), got shape {labels.shape}")
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(f"{name} must be labels 0..{classes - 1}, got values from {labels.min()} to {labels.max()}")
    return labels.astype(int, copy=False)


def number(name, x):
    """Return x as a finite float."""
    try:
        if isinstance(x, (str, bytes)):
            raise TypeError
        value = float(x)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a finite number, got {x!r}") from None
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {x!r}")
    return value


def positive(name, x):
    """Return x as a float above zero."""
    value = number(name, x)
    if value <= 0:
        raise ValueError(f"{name} must be a positive finite number, got {x!r}")
    return value


def in_range(name, x, low, high, ends="[]"):
    """Return x as a float between low and high; ends says which ends belong: "[]", "[)", "(]" or "()"."""
    value = number(name, x)
    above = value >= low if ends[0] == "[" else value > low
    below = value <= high if ends[1] == "]" else value < high
    if not (above and below):
        raise ValueError(f"{name} must be in {ends[0]}{low}, {high}{ends[1]}, got {x!r}")
    return value


def positive_integer(name, x, least=1):
    """Return x as an int of at least `least`."""
    try:
        value = operator.index(x)
    except TypeError:
        raise ValueError(f"{name} must be an integer of at least {least}, got {x!r}") from None
    if isinstance(x, bool) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {x!r}")
    return value


def generator(name, rng):
    """Return rng if it is a numpy.random.Generator."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"{name} must be a numpy.random.Generator (np.random.default_rng(0)), got {rng!r}")
    return rng


def one_of(name, x, choices):
    """Return x if it is one of the choices."""
    if x not in list(choices):  # a list can be asked about anything, a dictionary only about what has a hash
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {x!r}")
    return x
