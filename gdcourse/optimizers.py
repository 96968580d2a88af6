"""How a gradient becomes a step. Each method is a pair of pure functions over one flat vector.

`init(theta)` makes the state, `step(grad, state, lr)` returns the update and the next state, and the caller adds
the update to theta. The arithmetic of each method is a rule, written in a subset of Python that a page can
translate: NumPy runs it on vectors here, the figures run the same source on two numbers.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gdcourse._validate import in_range


class Optimizer(NamedTuple):
    """A method by name: init(theta) -> state, step(grad, state, lr) -> (update, state)."""

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


# The methods.


class NoState(NamedTuple):
    """Gradient descent remembers nothing."""


class Velocity(NamedTuple):
    """The decaying sum v of past gradients, shape (d,)."""

    v: np.ndarray


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
    return Optimizer("gd", lambda theta: NoState(), lambda g, state, lr: (gd_rule(g, lr), state))


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
    return _with_velocity("momentum", momentum_rule, beta)


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
    return _with_velocity("nesterov", nesterov_rule, beta)


def _with_velocity(name, rule, beta):
    def step(g, state, lr):
        update, v = rule(g, state.v, lr, beta)
        return update, Velocity(v)

    return Optimizer(name, lambda theta: Velocity(np.zeros_like(theta)), step)


OPTIMIZERS = {"gd": gd, "momentum": momentum, "nesterov": nesterov}
"""Every method by name. A test runs each of them through everything."""
