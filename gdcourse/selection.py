"""What training cannot choose: folds to judge by, when to stop, which settings to try, and what both penalties keep."""

import math

import numpy as np

from gdcourse._validate import as_floats, as_vector, generator, in_range, positive, positive_integer


def ridge_filter(curvatures, l2):
    """Return what part of each mode of the solution the penalty l2 |theta|^2 keeps.

    curvature / (curvature + 2 l2)

    Args: curvatures: eigenvalues of the Hessian of the cost without its penalty, at least 0; l2: positive.
    Returns: an array of their shape, in [0, 1).
    Raises: ValueError if l2 is not positive or a curvature negative.
    Example:
        >>> ridge_filter([0.0, 2.0, 18.0], l2=1.0)
        array([0. , 0.5, 0.9])
    """
    curvatures = _curvatures(curvatures)
    return curvatures / (curvatures + 2 * positive("l2", l2))


def stopping_filter(curvatures, lr, steps):
    """Return what part of each mode of the solution gradient descent from zero has found.

    1 - (1 - lr * curvature)^steps

    Args: curvatures: at least 0; lr: positive; steps: a number of at least 0, or an array that broadcasts.
    Returns: an array. Raises: ValueError if lr is not positive or a curvature negative.
    Example:
        >>> stopping_filter([0.0, 0.5, 1.0], lr=1.0, steps=2)
        array([0.  , 0.75, 1.  ])
    """
    return 1 - (1 - positive("lr", lr) * _curvatures(curvatures)) ** np.asarray(steps)


def _curvatures(curvatures):
    curvatures = as_floats("curvatures", curvatures)
    if (curvatures < 0).any():
        raise ValueError(f"curvatures must be at least 0, got {curvatures.min()}")
    return curvatures


def folds(n, k, rng):
    """Cut n examples into k random parts and yield, for each, the indices of the others and its own.

    Every example is held out exactly once. Whatever is learned from data, a scale as much as a weight, must be
    learned from the kept part alone.

    Args: n: examples; k: parts, 2..n, whose sizes differ by at most one; rng: a numpy.random.Generator.
    Returns: an iterator of (kept, held out). Raises: ValueError out of range.
    Example:
        >>> [(len(kept), len(held)) for kept, held in folds(5, 2, np.random.default_rng(0))]
        [(2, 3), (3, 2)]
    """
    n, k = positive_integer("n", n), positive_integer("k", k, least=2)
    if k > n:
        raise ValueError(f"k must be at most n = {n}, got {k}")
    parts = np.array_split(generator("rng", rng).permutation(n), k)
    return ((np.concatenate(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k))


def early_stop(losses, patience):
    """Return the index of the best loss that a run would have found before its patience ran out.

    The run ends once `patience` measurements in a row have not been below the best; the best is what to go back to.

    Args: losses: (n,), validation losses in their order; patience: at least 1.
    Returns: an int. Raises: ValueError if losses is empty or not finite, or patience is not a positive integer.
    Example:
        >>> early_stop([3.0, 2.0, 2.5, 2.4, 1.0], patience=2)
        1
    """
    losses, patience = as_vector("losses", losses), positive_integer("patience", patience)
    if not losses.size:
        raise ValueError("losses must hold at least one number, got none")
    best = 0
    for i, loss in enumerate(losses):
        if loss < losses[best]:
            best = i
        elif i - best >= patience:
            break
    return best


def log_uniform(low, high, rng, size=None):
    """Draw numbers whose logarithm is uniform: as many between 0.001 and 0.01 as between 0.1 and 1.

    Args: low, high: positive, low < high; rng: a numpy.random.Generator; size: how many, None for one number.
    Returns: a float or an array. Raises: ValueError out of range.
    Example:
        >>> bool(0.01 <= log_uniform(0.01, 100.0, np.random.default_rng(0)) < 100)
        True
    """
    low, high = positive("low", low), positive("high", high)
    if not low < high:
        raise ValueError(f"high must be above low = {low}, got {high}")
    return np.exp(generator("rng", rng).uniform(math.log(low), math.log(high), size))


def trials_needed(share, certainty):
    """Return how many independent random settings find one of the best `share`, with the given certainty.

    the smallest n with 1 - (1 - share)^n >= certainty, whatever the number of settings' dimensions

    Args: share, certainty: in (0, 1). Returns: an int. Raises: ValueError out of range.
    Example:
        >>> trials_needed(0.05, 0.95)
        59
    """
    share, certainty = in_range("share", share, 0, 1, "()"), in_range("certainty", certainty, 0, 1, "()")
    return math.ceil(math.log1p(-certainty) / math.log1p(-share))
