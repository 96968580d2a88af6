"""Averages of the points along a path: where a run that will not settle has been on the whole.

Under noise and a constant rate the last point keeps jumping about the minimum; an average of points does not.
Both functions take the path of a `Trace` and return a path of averages of the same shape.
"""

import numpy as np

from gdcourse._validate import as_matrix, in_range


def running_mean(path):
    """Average all points so far (Polyak and Juditsky, 1992).

    a_t = (theta_0 + ... + theta_t) / (t + 1)

    Args: path: (steps + 1, d).
    Returns: (steps + 1, d).
    Raises: ValueError if path is not a finite matrix.
    Example:
        >>> running_mean([[4.0], [2.0], [0.0]])[:, 0]
        array([4., 3., 2.])
    """
    path = as_matrix("path", path)
    return np.cumsum(path, axis=0) / np.arange(1, len(path) + 1)[:, None]


def fading_mean(path, beta):
    """Average the points with weights that fade by beta a step, the exponential moving average.

    a_0 = theta_0;  a_t = beta * a_{t-1} + (1 - beta) * theta_t

    It looks back over about 1 / (1 - beta) points, and so forgets a bad start, which the running mean never does.

    Args: path: (steps + 1, d); beta: memory in [0, 1).
    Returns: (steps + 1, d).
    Raises: ValueError out of range.
    Example:
        >>> fading_mean([[4.0], [2.0], [0.0]], 0.5)[:, 0]
        array([4. , 3. , 1.5])
    """
    path = as_matrix("path", path)
    beta = in_range("beta", beta, 0, 1, "[)")
    averages = np.empty_like(path)
    averages[0] = path[0]
    for t in range(1, len(path)):
        averages[t] = beta * averages[t - 1] + (1 - beta) * path[t]
    return averages
