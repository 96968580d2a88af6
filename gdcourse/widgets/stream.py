"""The noise of the widgets: the same numbers in every language, from whole numbers and additions alone."""

import functools

MODULUS = 2147483647


@functools.cache
def normals(seed, count):
    """Return count nearly normal numbers of mean 0 and variance 1: each the sum of 12 uniform ones, less 6.

    The uniform ones are Park and Miller's (1988), s <- 16807 s mod 2^31 - 1, which doubles hold exactly.

    Args: seed: 1 to 2^31 - 2; count: how many. Returns: a tuple of floats.
    Example:
        >>> [round(z, 3) for z in normals(1, 3)]
        [-0.66, -0.799, 0.283]
    """
    drawn = []
    for _ in range(count):
        total = 0.0
        for _ in range(12):
            seed = 16807 * seed % MODULUS
            total = total + seed / MODULUS
        drawn.append(total - 6.0)
    return tuple(drawn)
