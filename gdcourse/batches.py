"""Which examples to use next: minibatches for stochastic descent, shards for several workers."""

from itertools import count

import numpy as np

from gdcourse._validate import as_vector, generator, positive_integer


def minibatches(n, batch_size, rng, epochs=None):
    """Yield batches of row indices by random reshuffling: every epoch uses every example once, in a new order.

    The last batch of an epoch is smaller where batch_size does not divide n.

    Args: n: examples, at least 1; batch_size: 1..n; rng: a numpy.random.Generator; epochs: how many, or None for
        no end.
    Returns: an iterator of integer arrays, for `descend`'s batches.
    Raises: ValueError out of range.
    Example:
        >>> batches = list(minibatches(5, 2, np.random.default_rng(0), epochs=1))
        >>> [len(rows) for rows in batches], sorted(np.concatenate(batches).tolist())
        ([2, 2, 1], [0, 1, 2, 3, 4])
    """
    n, batch_size = _sizes(n, batch_size)
    rng = generator("rng", rng)
    passes = count() if epochs is None else range(positive_integer("epochs", epochs))

    def batches():
        for _ in passes:
            order = rng.permutation(n)
            for first in range(0, n, batch_size):
                yield order[first : first + batch_size]

    return batches()


def with_replacement(n, batch_size, rng, steps=None):
    """Yield batches of row indices drawn independently, so that an example may come twice or not at all.

    Args: n, batch_size, rng: as in `minibatches`; steps: how many batches, or None for no end.
    Returns: an iterator of integer arrays (batch_size,).
    Raises: ValueError out of range.
    Example:
        >>> [len(rows) for rows in with_replacement(5, 2, np.random.default_rng(0), steps=3)]
        [2, 2, 2]
    """
    n, batch_size = _sizes(n, batch_size)
    rng = generator("rng", rng)
    draws = count() if steps is None else range(positive_integer("steps", steps))
    return (rng.integers(n, size=batch_size) for _ in draws)


def shards(n, k):
    """Cut n examples into k parts whose sizes differ by at most one, a worker's share each.

    Args: n: examples; k: parts, 1..n. Returns: a list of k index arrays. Raises: ValueError out of range.
    Example:
        >>> [rows.tolist() for rows in shards(5, 2)]
        [[0, 1, 2], [3, 4]]
    """
    n = positive_integer("n", n)
    k = positive_integer("k", k)
    if k > n:
        raise ValueError(f"k must be at most n = {n}, got {k}")
    return np.array_split(np.arange(n), k)


def combine_shards(gradients, sizes):
    """Return the gradient over all examples from the mean gradient of each shard.

    g = sum_i sizes_i g_i / sum_i sizes_i

    Args: gradients: k arrays (d,); sizes: the k numbers of examples, at least 1 each.
    Returns: (d,). Raises: ValueError if the numbers or shapes differ.
    Example:
        >>> combine_shards([np.array([1.0]), np.array([4.0])], [2, 1])
        array([2.])
    """
    if not 0 < len(gradients) == len(sizes):
        raise ValueError(f"sizes must hold one size for each gradient, got {len(sizes)} for {len(gradients)}")
    sizes = [positive_integer("sizes", size) for size in sizes]
    first = as_vector("gradients[0]", gradients[0])
    gradients = [as_vector(f"gradients[{i}]", g, first.size) for i, g in enumerate(gradients)]
    return sum(size * g for size, g in zip(sizes, gradients)) / sum(sizes)


def _sizes(n, batch_size):
    n, batch_size = positive_integer("n", n), positive_integer("batch_size", batch_size)
    if batch_size > n:
        raise ValueError(f"batch_size must be at most n = {n}, got {batch_size}")
    return n, batch_size
