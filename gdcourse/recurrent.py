"""The smallest recurrent network: one unit, its own input fifty times over, and the cliff this makes of its error."""

import numpy as np

from gdcourse._validate import number, positive_integer
from gdcourse.problems import Problem
from gdcourse.stable import sigmoid


def unit_through_time(w, b, steps=50, first=0.5, target=0.7):
    """Run one unit through time and differentiate its final error, for one (w, b) or a grid of them.

    x_{t+1} = w sigmoid(x_t) + b;  error = (sigmoid(x_steps) - target)^2

    Backward: dx_t = dx_{t+1} w s_t (1 - s_t), with s_t = sigmoid(x_t): the same factor again and again.

    Args: w, b: numbers or arrays of one shape; steps: at least 1; first: x_0; target: in the units of the output.
    Returns: the error and its derivatives with respect to w and b, each of their shape.
    Raises: ValueError if steps is not a positive integer.
    Example:
        >>> error, dw, db = unit_through_time(0.0, 0.0)
        >>> round(float(error), 4), round(float(dw), 4), round(float(db), 4)
        (0.04, -0.05, -0.1)
    """
    w, b = np.asarray(w, float), np.asarray(b, float)
    x = np.full_like(w, number("first", first))
    states = []
    for _ in range(positive_integer("steps", steps)):
        states.append(sigmoid(x))
        x = w * states[-1] + b
    output = sigmoid(x)
    error = output - number("target", target)
    dx = 2 * error * output * (1 - output)
    dw, db = np.zeros_like(w), np.zeros_like(w)
    for s in reversed(states):
        dw = dw + dx * s
        db = db + dx
        dx = dx * w * s * (1 - s)
    return error * error, dw, db


def cliff(steps=50, first=0.5, target=0.7):
    """Return the error of one recurrent unit as a function of theta = (w, b) (Pascanu et al., 2013).

    Where the final state jumps from one fixed point of the unit to another, the error has a cliff: a wall of
    gradient thousands of times what lies around it.

    Args: as in `unit_through_time`. Returns: a Problem, d = 2, started at (5.2, -2.4).
    Raises: ValueError if steps is not a positive integer.
    Example:
        >>> problem = cliff()
        >>> round(problem.value(problem.start), 4)
        0.0452
    """
    positive_integer("steps", steps)

    def fused(theta):
        error, dw, db = unit_through_time(*theta, steps, first, target)
        return float(error), np.array([dw, db])

    return Problem(
        value=lambda theta: fused(theta)[0],
        gradient=lambda theta: fused(theta)[1],
        fused=fused,
        dimension=2,
        start=np.array([5.2, -2.4]),
    )
