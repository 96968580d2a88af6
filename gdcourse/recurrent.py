"""Recurrent networks: a layer that reads a sequence step by step, and the smallest one, whose error has a cliff."""

import numpy as np

from gdcourse._validate import number, positive_integer
from gdcourse.layers import Network
from gdcourse.problems import Problem
from gdcourse.stable import sigmoid


def recurrent(steps, inputs, hidden):
    """Return the layer that reads a sequence and answers with its last state (Elman, 1990).

    h_t = tanh(x_t U + h_{t-1} W + b), from h_0 = 0

    Backward through time: dz_t = dh_t (1 - h_t^2), dh_{t-1} = dz_t W', and every step adds to dU, dW and db.

    Args: steps: of the sequence; inputs: numbers at each; hidden: the width of the state. A sequence comes as one
        row, step after step, so that the layer fits a chain.
    Returns: a Network (steps * inputs) -> hidden, with parameters U (inputs, hidden), W (hidden, hidden), b (hidden,).
    Raises: ValueError if a number is not positive.
    Example:
        >>> layer = recurrent(3, 1, 1)
        >>> adds = np.ones((1, 1)), np.ones((1, 1)), np.zeros(1)
        >>> layer.forward(adds, np.array([[1e-3, 2e-3, 3e-3]]))[0].round(6)
        array([[0.006]])
    """
    steps, inputs, hidden = (
        positive_integer(name, x) for name, x in (("steps", steps), ("inputs", inputs), ("hidden", hidden))
    )

    def forward(parameters, x):
        U, W, b = parameters
        X = x.reshape(-1, steps, inputs)
        states = [np.zeros((len(x), hidden), x.dtype)]
        for t in range(steps):
            states.append(np.tanh(X[:, t] @ U + states[-1] @ W + b))
        return states[-1], (X, states)

    def backward(parameters, cache, dy, gradients, wanted=True):
        U, W, _ = parameters
        dU, dW, db = gradients
        X, states = cache
        dX = np.empty_like(X)
        for gradient in gradients:
            gradient[...] = 0
        dh = dy
        for t in reversed(range(steps)):
            dz = dh * (1 - states[t + 1] ** 2)
            dU += X[:, t].T @ dz
            dW += states[t].T @ dz
            db += dz.sum(axis=0)
            dX[:, t] = dz @ U.T
            dh = dz @ W.T
        return dX.reshape(len(dy), -1) if wanted else None

    def draw(weights):
        U, W = weights(inputs, hidden, (inputs, hidden)), weights(hidden, hidden, (hidden, hidden))
        return U, W, np.zeros(hidden)

    shapes = ((inputs, hidden), (hidden, hidden), (hidden,))
    return Network("recurrent", steps * inputs, hidden, shapes, draw, forward, backward)


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
