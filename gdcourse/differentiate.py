"""Derivatives by measurement: for checking the ones that were worked out, and for Hessians one never forms."""

import numpy as np

from gdcourse._validate import as_array, as_vector, generator, positive, positive_integer


def numerical_gradient(f, x, h=6e-6):
    """Measure the gradient of f at x by central differences, two evaluations a coordinate.

    df/dx_i ~ (f(x + h e_i) - f(x - h e_i)) / 2h, with an error of order h^2 from the third derivative and of
    order 1e-16/h from rounding; h near the cube root of 1e-16 balances the two.

    Args: f: a function of an array of x's shape returning a float; x: (d,) or any shape; h: a positive number.
    Returns: an array of x's shape.
    Raises: ValueError if h is not positive or x not finite.
    Example:
        >>> np.round(numerical_gradient(lambda x: x[0] ** 2 * x[1], np.array([3.0, 2.0])), 6)
        array([12.,  9.])
    """
    h = positive("h", h)
    x = as_array("x", x, np.ndim(x)).astype(float)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + h
        above = f(x)
        x[i] = kept - h
        gradient[i] = (above - f(x)) / (2 * h)
        x[i] = kept
    return gradient


def gradient_check(f, gradient, x, rng, directions=10, h=6e-6):
    """Compare a gradient with f along random directions.

    For unit directions u, the slope (f(x + hu) - f(x - hu)) / 2h is held against u'g. Two evaluations test all
    coordinates at once, so a few directions check a network of any size.

    Args:
        f: a function (d,) -> float; gradient: a function (d,) -> (d,); x: (d,).
        rng: a numpy.random.Generator; directions: how many to try; h: the step, in units of x.
    Returns: the largest difference, relative to the norm of the gradient or of the slopes measured, whichever is
        larger. A right gradient of a smooth f gives about 1e-9; a rule that is 0.05 % wrong gives about 5e-4.
    Raises: ValueError if the gradient's shape is not x's.
    Example:
        >>> rng = np.random.default_rng(0)
        >>> bool(gradient_check(lambda x: x @ x, lambda x: 2 * x, np.arange(3.0), rng) < 1e-8)
        True
    """
    x = as_vector("x", x)
    h = positive("h", h)
    g = as_vector("gradient(x)", gradient(x), x.size)
    U = generator("rng", rng).normal(size=(positive_integer("directions", directions), x.size))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    slopes = np.array([(f(x + h * u) - f(x - h * u)) / (2 * h) for u in U])
    # A random unit vector sees about 1/sqrt(d) of the gradient's length.
    scale = max(np.linalg.norm(g), np.sqrt(x.size) * np.sqrt(np.mean(slopes**2)), np.finfo(float).tiny)
    return float(np.abs(slopes - U @ g).max() * np.sqrt(x.size) / scale)


def complex_step(f, x, h=1e-20):
    """Measure the gradient of an analytic f through the imaginary part (Squire and Trapp, 1998).

    df/dx_i ~ Im f(x + i h e_i) / h. Nothing is subtracted, so h can be tiny and no digit is lost.

    Args: f: a function that accepts complex arrays and uses no abs, max or comparison; x: (d,); h: positive.
    Returns: (d,).
    Raises: ValueError if h is not positive or x not finite.
    Example:
        >>> bool(complex_step(lambda x: np.sin(x[0]), np.array([1.0]))[0] == np.cos(1.0))
        True
    """
    h = positive("h", h)
    x = as_vector("x", x)
    return np.array([np.imag(f(x + 1j * h * e)) / h for e in np.eye(x.size)])


def hessian_vector_product(gradient, x, v, h=6e-6):
    """Measure the Hessian times v from two gradients, without forming the Hessian.

    H v ~ (g(x + h u) - g(x - h u)) / 2h * |v|, with u = v / |v|

    Args: gradient: a function (d,) -> (d,); x, v: (d,); h: a positive number.
    Returns: (d,); zero for v = 0.
    Raises: ValueError if the shapes do not fit.
    Example:
        >>> H = np.array([[2.0, 1.0], [1.0, 3.0]])
        >>> np.round(hessian_vector_product(lambda x: H @ x, np.zeros(2), np.array([1.0, 0.0])), 9)
        array([2., 1.])
    """
    h = positive("h", h)
    x = as_vector("x", x)
    v = as_vector("v", v, x.size)
    length = np.linalg.norm(v)
    if length == 0:
        return np.zeros_like(x)
    u = v / length
    return (gradient(x + h * u) - gradient(x - h * u)) * (length / (2 * h))
