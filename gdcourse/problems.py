"""What is minimised: smooth functions of one flat vector, and the test functions with known answers.

A `Problem` is a value and a gradient over `theta`, shape (d,). A `FiniteSum` is the mean of a cost over n
examples, and can be asked for a few of them. `SURFACES` are the two-parameter functions of the figures, written
as rules (`+ - * /` and plain names only) so that a page can run the very same source.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gdcourse._validate import as_matrix, as_symmetric, as_vector, in_range, one_of


@dataclass(frozen=True)
class Problem:
    """A function to minimise over theta, shape (dimension,).

    value(theta) is a float, gradient(theta) has shape (d,), hessian(theta), where it is known, (d, d).
    fused(theta), where it is cheaper, returns both value and gradient.
    """

    value: Callable
    gradient: Callable
    dimension: int
    hessian: Callable | None = None
    minimizer: np.ndarray | None = None
    start: np.ndarray | None = None
    fused: Callable | None = None

    def value_and_gradient(self, theta):
        """Return value(theta) and gradient(theta)."""
        return self.fused(theta) if self.fused else (self.value(theta), self.gradient(theta))


@dataclass(frozen=True)
class FiniteSum:
    """A mean over n examples: value_and_gradient(theta, rows) averages over the examples named by rows.

    rows is an array of integer indices, or None for all of them.
    """

    value_and_gradient: Callable
    n: int
    dimension: int
    hessian: Callable | None = None
    minimizer: np.ndarray | None = None
    start: np.ndarray | None = None

    def value(self, theta, rows=None):
        """Return the mean cost over the given rows, a float."""
        return self.value_and_gradient(theta, rows)[0]

    def gradient(self, theta, rows=None):
        """Return the mean gradient over the given rows, shape (d,)."""
        return self.value_and_gradient(theta, rows)[1]

    def on(self, rows):
        """Return the Problem of the given rows alone."""
        return Problem(
            value=lambda theta: self.value(theta, rows),
            gradient=lambda theta: self.gradient(theta, rows),
            fused=lambda theta: self.value_and_gradient(theta, rows),
            dimension=self.dimension,
            start=self.start,
        )


def quadratic(H, b=None):
    """Return the problem 1/2 x'Hx - b'x, the one every smooth minimum looks like from close by.

    Args: H: (d, d) symmetric; b: (d,), zero if left out.
    Returns: a Problem; its minimizer solves Hx = b where H is positive definite, and is None otherwise.
    Raises: ValueError if H is not square and symmetric or b does not fit.
    Example:
        >>> problem = quadratic([[1.0, 0.0], [0.0, 100.0]])
        >>> problem.value(np.array([1.0, 1.0]))
        50.5
    """
    H = as_symmetric("H", H)
    d = len(H)
    b = np.zeros(d) if b is None else as_vector("b", b, d)
    bounded = np.linalg.eigvalsh(H)[0] > 0
    return Problem(
        value=lambda x: float(0.5 * x @ H @ x - b @ x),
        gradient=lambda x: H @ x - b,
        hessian=lambda x: H,
        dimension=d,
        minimizer=np.linalg.solve(H, b) if bounded else None,
    )


def least_squares(X, y, l2=0.0):
    """Return the mean squared error of a linear model, mean((X theta - y)^2) + l2 |theta|^2.

    Args: X: (n, d); y: (n,); l2: weight of the penalty, at least 0.
    Returns: a FiniteSum whose start is zero and whose minimizer is the solution of least norm.
    Raises: ValueError if the shapes do not fit or a value is not finite.
    Example:
        >>> problem = least_squares([[1.0], [2.0]], [2.0, 4.0])
        >>> np.round(problem.minimizer, 12)
        array([2.])
    """
    X = as_matrix("X", X)
    n, d = X.shape
    y = as_vector("y", y, n)
    l2 = in_range("l2", l2, 0, np.inf, "[)")
    H = 2 * (X.T @ X / n + l2 * np.eye(d))

    def value_and_gradient(theta, rows=None):
        A, target = (X, y) if rows is None else (X[rows], y[rows])
        residual = A @ theta - target
        value = residual @ residual / len(target) + l2 * (theta @ theta)
        return float(value), 2 * (A.T @ residual / len(target) + l2 * theta)

    return FiniteSum(
        value_and_gradient=value_and_gradient,
        n=n,
        dimension=d,
        hessian=lambda theta: H,
        minimizer=np.linalg.lstsq(H, 2 * X.T @ y / n, rcond=None)[0],
        start=np.zeros(d),
    )


def line_fit(x, y):
    """Return the mean squared error of the line y = m x + b, over theta = (m, b).

    Args: x, y: (n,).
    Returns: a FiniteSum with d = 2.
    Raises: ValueError if the lengths differ.
    Example:
        >>> line_fit([1, 2, 3, 4], [2, 4, 6, 8]).gradient(np.zeros(2))
        array([-30., -10.])
    """
    x = as_vector("x", x)
    return least_squares(np.column_stack([x, np.ones_like(x)]), y)


FOUR_POINTS = (np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 4.0, 6.0, 8.0]))
"""The data of the line-fit program that every tutorial prints: y = 2x exactly."""


# The rules below are also run in the reader's browser. They keep to + - * / on plain names, and write x*x*x where
# a power is meant, because those operations give the same bits in Python and in JavaScript.


def line_point_rule(m, b, x, y):
    """What one point costs the line y = m x + b, and the slopes of that cost in m and in b."""
    miss = m * x + b - y
    return miss * miss, 2.0 * x * miss, 2.0 * miss


def bowl_value(x, y):
    return 0.5 * (x * x + y * y)


def bowl_gradient(x, y):
    return x, y


def canyon_value(x, y):
    return 0.5 * (x * x + 100.0 * y * y)


def canyon_gradient(x, y):
    return x, 100.0 * y


def rosenbrock_value(x, y):
    a = 1.0 - x
    b = y - x * x
    return a * a + 100.0 * b * b


def rosenbrock_gradient(x, y):
    b = y - x * x
    return -2.0 * (1.0 - x) - 400.0 * x * b, 200.0 * b


def himmelblau_value(x, y):
    a = x * x + y - 11.0
    b = x + y * y - 7.0
    return a * a + b * b


def himmelblau_gradient(x, y):
    a = x * x + y - 11.0
    b = x + y * y - 7.0
    return 4.0 * x * a + 2.0 * b, 2.0 * a + 4.0 * y * b


def saddle_value(x, y):
    return x * x - y * y + 0.1 * y * y * y * y


def saddle_gradient(x, y):
    return 2.0 * x, -2.0 * y + 0.4 * y * y * y


class Surface(NamedTuple):
    """A function of two parameters with its rules, the window to draw, a start, and its minima."""

    name: str
    value: Callable
    gradient: Callable
    window: tuple  # (x low, x high, y low, y high)
    start: tuple
    minima: tuple


SURFACES = {
    surface.name: surface
    for surface in (
        Surface("bowl", bowl_value, bowl_gradient, (-3.0, 3.0, -2.0, 2.0), (-2.5, 1.5), ((0.0, 0.0),)),
        Surface("canyon", canyon_value, canyon_gradient, (-3.0, 3.0, -2.0, 2.0), (-2.5, 1.5), ((0.0, 0.0),)),
        Surface("rosenbrock", rosenbrock_value, rosenbrock_gradient, (-2.0, 2.0, -1.0, 3.0), (-1.2, 1.0),
                ((1.0, 1.0),)),
        Surface("himmelblau", himmelblau_value, himmelblau_gradient, (-6.0, 6.0, -5.0, 5.0), (0.0, -4.0),
                ((3.0, 2.0), (-2.805118086952745, 3.131312518250573),
                 (-3.779310253377747, -3.283185991286170), (3.584428340330492, -1.848126526964404))),
        Surface("saddle", saddle_value, saddle_gradient, (-3.0, 3.0, -3.0, 3.0), (1.5, 0.1),
                ((0.0, -2.23606797749979), (0.0, 2.23606797749979))),
    )
}  # fmt: skip


def surface_problem(name):
    """Return the Problem of one of the SURFACES by name.

    Args: name: a key of SURFACES.
    Returns: a Problem over (x, y).
    Raises: ValueError for an unknown name.
    Example:
        >>> surface_problem("canyon").gradient(np.array([1.0, 1.0]))
        array([  1., 100.])
    """
    surface = SURFACES[one_of("name", name, SURFACES)]
    return Problem(
        value=lambda theta: float(surface.value(theta[0], theta[1])),
        gradient=lambda theta: np.array(surface.gradient(theta[0], theta[1])),
        dimension=2,
        minimizer=np.array(surface.minima[0]),
        start=np.array(surface.start),
    )
