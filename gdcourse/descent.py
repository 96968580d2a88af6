"""The loop: measure the gradient, ask the schedule for a rate, ask the method for an update, add it.

`descend` runs any optimiser on any problem and hands back a `Trace`. A run that blows up is not an error: its
status says "diverged" and its path ends at the last finite point.
"""

import math
from typing import NamedTuple

import numpy as np

from gdcourse._validate import as_symmetric, as_vector, in_range, positive, positive_integer
from gdcourse.optimizers import Optimizer, gd
from gdcourse.schedules import as_schedule


class Trace(NamedTuple):
    """A run: where it went and how it ended.

    path (steps + 1, d) with the start in row 0; values and gradient_norms (steps + 1,), measured at those points;
    status is "converged", "max_steps" or "diverged".
    """

    path: np.ndarray
    values: np.ndarray
    gradient_norms: np.ndarray
    status: str

    @property
    def steps(self):
        """The number of updates made."""
        return len(self.values) - 1

    @property
    def final(self):
        """The last point, shape (d,)."""
        return self.path[-1]


def descend(problem, optimizer=None, *, lr, steps, start=None, tolerance=0.0, batches=None, keep_path=True):
    """Follow the gradient of a problem downhill.

    theta <- theta + update, at most `steps` times, until |gradient| <= tolerance.

    Args:
        problem: a Problem or a FiniteSum.
        optimizer: an Optimizer; gradient descent if left out.
        lr: a positive number, or a schedule t -> rate.
        steps: the most updates to make, at least 1.
        start: (d,), or the problem's own start.
        tolerance: stop as converged when the gradient's Euclidean norm is at most this. Zero never stops early
            unless the gradient is exactly zero, None not even then (a noisy method may still move on).
        batches: index arrays, one an update, for a FiniteSum; the run ends when they do. Each value and norm is
            then that of the batch, and the last is that of all examples.
        keep_path: False keeps only the first and the last point of a long run.
    Returns: a Trace.
    Raises: ValueError for a start that does not fit, a rate that is not positive, no steps, or a tolerance given
        together with batches.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> trace = descend(quadratic([[2.0]]), lr=0.25, steps=3, start=[8.0])
        >>> trace.path[:, 0]
        array([8., 4., 2., 1.])
    """
    optimizer = gd() if optimizer is None else optimizer
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"optimizer must be an Optimizer such as gd() or adam(), got {optimizer!r}")
    schedule = as_schedule(lr)
    steps = positive_integer("steps", steps)
    tolerance = -np.inf if tolerance is None else in_range("tolerance", tolerance, 0, np.inf, "[)")
    if batches is not None and tolerance > 0:
        raise ValueError(f"tolerance must be 0 with batches, got {tolerance!r}: a batch is not the whole sum")
    if start is None and problem.start is None:
        raise ValueError(f"start must have shape ({problem.dimension},), got None and a problem without one")
    theta = as_vector("start", problem.start if start is None else start, problem.dimension)
    batches = None if batches is None else iter(batches)

    path, values, norms = [], [], []
    state = optimizer.init(theta)
    status = "max_steps"
    with np.errstate(all="ignore"):
        for t in range(steps + 1):
            rows = next(batches, None) if batches is not None and t < steps else None
            value, g = problem.value_and_gradient(theta, *(() if rows is None else (rows,)))
            norm = math.sqrt(g.dot(g))
            if not math.isfinite(value + norm):
                status = "diverged"
                break
            if keep_path or len(path) < 2:
                path.append(theta)
            else:
                path[-1] = theta
            values.append(value)
            norms.append(norm)
            if t == steps or (batches is not None and rows is None):
                break
            if batches is None and norm <= tolerance:
                status = "converged"
                break
            update, state = optimizer.step(g, state, float(schedule(t)), theta)
            theta = theta + update
    if not path:
        raise ValueError(f"start must have a finite value and gradient, got value {value} at {theta}")
    return Trace(np.array(path), np.array(values), np.array(norms), status)


def exact_step(H, g):
    """Return the step along -g that minimises a quadratic: g'g / g'Hg.

    Args: H: (d, d) symmetric positive definite; g: (d,), not zero.
    Returns: a float.
    Raises: ValueError if the curvature along g is not positive.
    Example:
        >>> exact_step([[4.0]], [1.0])
        0.25
    """
    H = as_symmetric("H", H)
    g = as_vector("g", g, len(H))
    curvature = g @ H @ g
    if curvature <= 0:
        raise ValueError(f"H must curve upward along g, got g'Hg = {curvature}")
    return float(g @ g / curvature)


def backtracking_step(problem, theta, direction, *, first=1.0, decrease=1e-4, shrink=0.5):
    """Return the first of the steps first, first*shrink, ... that lowers the value enough (Armijo, 1966).

    f(theta + step * p) <= f(theta) + decrease * step * g'p

    Args:
        problem: a Problem; theta, direction: (d,), with g'p < 0 for the gradient g at theta.
        first: the step tried first; decrease: the share of the predicted drop to insist on, in (0, 1);
        shrink: the factor between trials, in (0, 1).
    Returns: a float.
    Raises: ValueError if the direction does not lead downhill, or no step down to 1e-12 of the first will do
        (a gradient that does not belong to the value).
    Example:
        >>> from gdcourse.problems import quadratic
        >>> backtracking_step(quadratic([[4.0]]), np.array([1.0]), np.array([-4.0]))
        0.25
    """
    theta = as_vector("theta", theta, problem.dimension)
    direction = as_vector("direction", direction, problem.dimension)
    step, decrease = positive("first", first), in_range("decrease", decrease, 0, 1, "()")
    shrink = in_range("shrink", shrink, 0, 1, "()")
    value, g = problem.value_and_gradient(theta)
    slope = g @ direction
    if not slope < 0:
        raise ValueError(f"direction must lead downhill, got slope g'p = {slope}")
    # Much shorter steps would pass by rounding alone, whatever the direction.
    smallest = step * 1e-12
    with np.errstate(all="ignore"):
        while not problem.value(theta + step * direction) <= value + decrease * step * slope:
            step *= shrink
            if step < smallest:
                raise ValueError(f"no step down to {smallest:.1g} lowers the value by the share asked for: "
                                 "does the gradient belong to the value?")
    return step


def descend_with(problem, choose_step, *, steps, start=None, tolerance=0.0):
    """Follow the negative gradient with a step chosen afresh at each point.

    theta <- theta - choose_step(theta, g) * g

    Args: choose_step: a function (theta, g) -> step, such as a line search; the rest as in `descend`.
    Returns: a Trace.
    Raises: ValueError as in `descend`.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> bowl = quadratic([[4.0]])
        >>> descend_with(bowl, lambda theta, g: exact_step([[4.0]], g), steps=1, start=[1.0]).final
        array([0.])
    """

    def step(g, state, lr, theta):
        return -choose_step(theta, g) * g, state

    line_search = Optimizer("line search", gd().init, step)
    return descend(problem, line_search, lr=1.0, steps=steps, start=start, tolerance=tolerance)
