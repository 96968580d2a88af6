"""The data of the course: three real sets that scikit-learn carries in its package, and how to prepare them."""

from typing import NamedTuple

import numpy as np

from gdcourse._validate import as_matrix, generator, in_range, positive_integer


class Dataset(NamedTuple):
    """Examples and targets: X (n, features); y (n,) real, or integer labels; the features' names."""

    X: np.ndarray
    y: np.ndarray
    features: tuple


def _load(name):
    try:
        from sklearn import datasets
    except ImportError:
        raise ImportError(f"{name} comes with scikit-learn: pip install scikit-learn") from None
    return datasets


def digits():
    """Return 1,797 handwritten digits of 8 x 8 pixels, scaled to 0..1, with labels 0..9.

    Returns: a Dataset, X (1797, 64), y (1797,) of integers. Raises: ImportError without scikit-learn.
    Example:
        >>> digits().X.shape
        (1797, 64)
    """
    bunch = _load("digits()").load_digits()
    return Dataset(bunch.data / 16.0, bunch.target, tuple(bunch.feature_names))


def diabetes():
    """Return ten measurements of 442 patients in their own units, and the disease's progress a year later.

    Returns: a Dataset, X (442, 10), y (442,). Raises: ImportError without scikit-learn.
    Example:
        >>> diabetes().features[2]
        'bmi'
    """
    bunch = _load("diabetes()").load_diabetes(scaled=False)
    return Dataset(bunch.data, bunch.target, tuple(bunch.feature_names))


def breast_cancer():
    """Return thirty measurements of 569 tumours in their own units, and whether each was benign (1) or not (0).

    Returns: a Dataset, X (569, 30), y (569,) of integers. Raises: ImportError without scikit-learn.
    Example:
        >>> breast_cancer().X.shape
        (569, 30)
    """
    bunch = _load("breast_cancer()").load_breast_cancer()
    return Dataset(bunch.data, bunch.target, tuple(map(str, bunch.feature_names)))


class Standardized(NamedTuple):
    """Columns of mean zero and standard deviation one, with the mean and std (features,) that made them so."""

    X: np.ndarray
    mean: np.ndarray
    std: np.ndarray


def standardize(X):
    """Shift every column to mean 0 and scale it to standard deviation 1; a constant column becomes 0.

    (X - mean) / std, with the standard deviation over n, not n - 1

    Args: X: (n, features). Returns: a Standardized. Raises: ValueError if X is not a finite matrix.
    Example:
        >>> standardize([[1.0, 5.0], [3.0, 5.0]]).X
        array([[-1.,  0.],
               [ 1.,  0.]])
    """
    X = as_matrix("X", X)
    mean = X.mean(axis=0)
    std = X.std(axis=0)
    # A constant column's deviation comes out as rounding error, not as zero.
    std = np.where(std <= 1e-12 * np.abs(mean), 1.0, std)
    std = np.where(std == 0, 1.0, std)
    return Standardized((X - mean) / std, mean, std)


def split(n, fraction, rng):
    """Return the indices of a random split of n examples: (kept, held out).

    Args: n: at least 2; fraction: the share to hold out, in (0, 1); rng: a numpy.random.Generator.
    Returns: two index arrays that share nothing. Raises: ValueError out of range, or if a part would be empty.
    Example:
        >>> [len(part) for part in split(10, 0.3, np.random.default_rng(0))]
        [7, 3]
    """
    n = positive_integer("n", n, least=2)
    held = round(n * in_range("fraction", fraction, 0, 1, "()"))
    if not 0 < held < n:
        raise ValueError(f"fraction must leave examples on both sides, got {fraction} of n = {n}")
    order = generator("rng", rng).permutation(n)
    return order[held:], order[:held]
