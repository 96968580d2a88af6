"""How a gradient becomes a step. Each method is a pair of pure functions over one flat vector.

`init(theta)` makes the state, `step(grad, state, lr, theta)` returns the update and the next state, and the
caller adds the update to theta. Only decoupled weight decay looks at theta; other methods step without it.

The arithmetic of each method is a rule, written in a subset of Python that a page can translate: NumPy runs
it on vectors here, the figures run the same source on two numbers. A rule takes the gradient, the fields of
the state, lr and the settings, in this order, and returns the update and the new fields.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy import sqrt, where

from gdcourse._validate import in_range, positive


class Optimizer(NamedTuple):
    """A method by name: init(theta) -> state, step(grad, state, lr, theta=None) -> (update, state)."""

    name: str
    init: Callable
    step: Callable


# The rules.


def gd_rule(g, lr):
    update = -lr * g
    return update


def momentum_rule(g, v, lr, beta):
    v = beta * v + g
    update = -lr * v
    return update, v


def nesterov_rule(g, v, lr, beta):
    v = beta * v + g
    update = -lr * (g + beta * v)
    return update, v


def adagrad_rule(g, s, lr, eps):
    s = s + g * g
    update = -lr * g / (sqrt(s) + eps)
    return update, s


def rmsprop_rule(g, v, lr, beta2, eps):
    v = beta2 * v + (1.0 - beta2) * g * g
    update = -lr * g / (sqrt(v) + eps)
    return update, v


def corrected_rule(m, v, power1, power2, lr, eps):
    # With m_hat = m / (1 - beta1^t), v_hat = v / (1 - beta2^t) and root = sqrt(1 - beta2^t), the quotient
    # m_hat / (sqrt(v_hat) + eps) equals root / (1 - beta1^t) * m / (sqrt(v) + eps * root). Written so, the
    # corrections are two numbers rather than two passes over the vectors. The root of a number is math's,
    # because NumPy's would be a float64 scalar, and that widens float32 vectors.
    root = math.sqrt(1.0 - power2)
    return -lr * root / (1.0 - power1) * m / (sqrt(v) + eps * root)


def adam_rule(g, m, v, power1, power2, lr, beta1, beta2, eps):
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g * g
    power1 = beta1 * power1
    power2 = beta2 * power2
    update = corrected_rule(m, v, power1, power2, lr, eps)
    return update, m, v, power1, power2


def adamw_rule(g, m, v, power1, power2, lr, beta1, beta2, eps, weight_decay, theta):
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g * g
    power1 = beta1 * power1
    power2 = beta2 * power2
    update = corrected_rule(m, v, power1, power2, lr, eps) - lr * weight_decay * theta
    return update, m, v, power1, power2


def amsgrad_rule(g, m, v, largest, power1, power2, lr, beta1, beta2, eps):
    m = beta1 * m + (1.0 - beta1) * g
    v = beta2 * v + (1.0 - beta2) * g * g
    largest = where(v > largest, v, largest)
    power1 = beta1 * power1
    power2 = beta2 * power2
    update = corrected_rule(m, largest, power1, power2, lr, eps)
    return update, m, v, largest, power1, power2


# The methods.


class NoState(NamedTuple):
    """Gradient descent remembers nothing."""


class Velocity(NamedTuple):
    """The decaying sum v of past gradients, shape (d,)."""

    v: np.ndarray


class SquareSum(NamedTuple):
    """The sum s of squared gradients, shape (d,)."""

    s: np.ndarray


class SquareMean(NamedTuple):
    """The fading mean v of squared gradients, shape (d,)."""

    v: np.ndarray


class Moments(NamedTuple):
    """The fading means m of gradients and v of squares, shape (d,), and the powers beta1^t and beta2^t."""

    m: np.ndarray
    v: np.ndarray
    power1: float = 1.0
    power2: float = 1.0


class LargestMoments(NamedTuple):
    """The fading means m and v, the largest v so far, shape (d,), and the powers beta1^t and beta2^t."""

    m: np.ndarray
    v: np.ndarray
    largest: np.ndarray
    power1: float = 1.0
    power2: float = 1.0


def gd():
    """Gradient descent (Cauchy, 1847).

    theta <- theta - lr * g

    Returns: an Optimizer with no state.
    Example:
        >>> method = gd()
        >>> update, state = method.step(np.array([4.0]), method.init(np.zeros(1)), 0.5)
        >>> update
        array([-2.])
    """
    return Optimizer("gd", lambda theta: NoState(), lambda g, state, lr, theta=None: (gd_rule(g, lr), state))


def momentum(beta=0.9):
    """Heavy-ball momentum (Polyak, 1964).

    v <- beta * v + g;  theta <- theta - lr * v

    Args: beta: memory in [0, 1); 0 is gradient descent.
    Returns: an Optimizer whose state holds v, shape (d,).
    Raises: ValueError if beta is outside [0, 1).
    Example:
        >>> method = momentum(beta=0.5)
        >>> state = method.init(np.zeros(1))
        >>> for _ in range(3):
        ...     update, state = method.step(np.ones(1), state, 1.0)
        >>> update
        array([-1.75])
    """
    beta = in_range("beta", beta, 0, 1, "[)")
    return _from_rule("momentum", momentum_rule, Velocity, beta)


def nesterov(beta=0.9):
    """Nesterov's accelerated gradient (Nesterov, 1983), in the form that keeps the look-ahead point.

    v <- beta * v + g;  theta <- theta - lr * (g + beta * v)

    theta is where the gradient is measured, the point already moved ahead by lr * beta * v. While lr and beta
    stay fixed this is the two-sequence form of the textbooks with that point written as theta.

    Args: beta: memory in [0, 1); 0 is gradient descent.
    Returns: an Optimizer whose state holds v, shape (d,).
    Raises: ValueError if beta is outside [0, 1).
    Example:
        >>> method = nesterov(beta=0.5)
        >>> update, state = method.step(np.ones(1), method.init(np.zeros(1)), 1.0)
        >>> update
        array([-1.5])
    """
    beta = in_range("beta", beta, 0, 1, "[)")
    return _from_rule("nesterov", nesterov_rule, Velocity, beta)


def adagrad(eps=1e-8):
    """AdaGrad: divide each coordinate by the root of the sum of its squared gradients (Duchi et al., 2011).

    s <- s + g^2;  theta <- theta - lr * g / (sqrt(s) + eps)

    A coordinate that rarely sees a gradient keeps long steps; every coordinate's steps shrink for good.

    Args: eps: a positive number that keeps 0/0 away.
    Returns: an Optimizer whose state holds s, shape (d,).
    Raises: ValueError if eps is not positive.
    Example:
        >>> method = adagrad()
        >>> update, state = method.step(np.array([5.0, -0.01]), method.init(np.zeros(2)), 0.1)
        >>> np.round(update, 6)
        array([-0.1,  0.1])
    """
    return _from_rule("adagrad", adagrad_rule, SquareSum, positive("eps", eps))


def rmsprop(beta2=0.9, eps=1e-8):
    """RMSProp: divide each coordinate by the root of a fading mean of its squared gradients (Hinton, 2012).

    v <- beta2 * v + (1 - beta2) * g^2;  theta <- theta - lr * g / (sqrt(v) + eps)

    Args: beta2: memory in [0, 1); eps: a positive number that keeps 0/0 away.
    Returns: an Optimizer whose state holds v, shape (d,).
    Raises: ValueError if beta2 is outside [0, 1) or eps is not positive.
    Example:
        >>> method = rmsprop(beta2=0.75)
        >>> update, state = method.step(np.array([5.0, -0.01]), method.init(np.zeros(2)), 0.1)
        >>> np.round(update, 6)
        array([-0.2,  0.2])
    """
    settings = in_range("beta2", beta2, 0, 1, "[)"), positive("eps", eps)
    return _from_rule("rmsprop", rmsprop_rule, SquareMean, *settings)


def adam(beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam: momentum divided, coordinate by coordinate, by the root of the mean square (Kingma and Ba, 2015).

    m <- beta1 * m + (1 - beta1) * g;  v <- beta2 * v + (1 - beta2) * g^2
    theta <- theta - lr * m_hat / (sqrt(v_hat) + eps)

    with m_hat = m / (1 - beta1^t) and v_hat = v / (1 - beta2^t), t = 1 at the first step: uncorrected, the
    means would still carry the zeros they began from.

    Args: beta1, beta2: memories in [0, 1) of the gradient and of its square; eps: a positive number.
    Returns: an Optimizer whose state holds m, v, shape (d,), and the powers beta1^t and beta2^t.
    Raises: ValueError out of range.
    Example:
        >>> method = adam()
        >>> update, state = method.step(np.array([5.0, -5e-4]), method.init(np.zeros(2)), 0.1)
        >>> np.round(update, 5)
        array([-0.1,  0.1])
    """
    return _from_rule("adam", adam_rule, Moments, *_adam_settings(beta1, beta2, eps))


def adamw(beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    theta <- theta - lr * m_hat / (sqrt(v_hat) + eps) - lr * weight_decay * theta

    A penalty in the loss would be divided like the rest of the gradient; this decay treats all weights alike.

    Args: beta1, beta2, eps: as in adam; weight_decay: at least 0; 0 is adam.
    Returns: an Optimizer with adam's state, whose step needs theta as its fourth argument.
    Raises: ValueError out of range, or when stepped without theta.
    Example:
        >>> method, theta = adamw(weight_decay=0.5), np.array([2.0])
        >>> update, state = method.step(np.array([1.0]), method.init(theta), 0.1, theta)
        >>> np.round(update, 6)
        array([-0.2])
    """
    settings = (*_adam_settings(beta1, beta2, eps), in_range("weight_decay", weight_decay, 0, math.inf, "[)"))

    def step(g, state, lr, theta=None):
        if theta is None:
            raise ValueError("theta must be given to adamw's step, whose decay shrinks theta, got None")
        update, *fields = adamw_rule(g, *state, lr, *settings, theta)
        return update, Moments(*fields)

    return Optimizer("adamw", lambda theta: _zeros(Moments, theta), step)


def amsgrad(beta1=0.9, beta2=0.999, eps=1e-8):
    """AMSGrad: Adam divided by the largest mean square so far, which never lets go (Reddi et al., 2018).

    largest <- max(largest, v);  theta <- theta - lr * m_hat / (sqrt(largest / (1 - beta2^t)) + eps)

    Args: beta1, beta2, eps: as in adam.
    Returns: an Optimizer whose state holds m, v, largest, shape (d,), and the powers beta1^t and beta2^t.
    Raises: ValueError out of range.
    Example:
        >>> method = amsgrad(beta1=0.0, beta2=0.5)
        >>> state = method.init(np.zeros(1))
        >>> for g in [4.0, 0.0, 0.0]:
        ...     update, state = method.step(np.array([g]), state, 0.1)
        >>> state.v, state.largest
        (array([2.]), array([8.]))
    """
    return _from_rule("amsgrad", amsgrad_rule, LargestMoments, *_adam_settings(beta1, beta2, eps))


def _adam_settings(beta1, beta2, eps):
    return in_range("beta1", beta1, 0, 1, "[)"), in_range("beta2", beta2, 0, 1, "[)"), positive("eps", eps)


def _zeros(State, theta):
    return State(*(np.zeros_like(theta) for name in State._fields if name not in State._field_defaults))


def _from_rule(name, rule, State, *settings):
    def step(g, state, lr, theta=None):
        update, *fields = rule(g, *state, lr, *settings)
        return update, State(*fields)

    return Optimizer(name, lambda theta: _zeros(State, theta), step)


OPTIMIZERS = {
    method.__name__: method for method in (gd, momentum, nesterov, adagrad, rmsprop, adam, adamw, amsgrad)
}
"""Every method by name. A test runs each of them through everything."""
