"""Minimising inside a set and across kinks: projections, Frank-Wolfe, proximal steps, subgradients, smoothing.

A `Domain` is a convex set given by what the methods ask of it: its point nearest to z, and its point furthest
along a direction. Every run inside a domain carries a certificate, the duality gap: on a convex problem the
value is above the best of the domain by no more than the gap.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gdcourse._validate import as_floats, as_vector, in_range, positive, positive_integer
from gdcourse.descent import Trace, descend
from gdcourse.problems import Problem
from gdcourse.stable import sigmoid, softmax, softplus


class Domain(NamedTuple):
    """A convex set: its nearest point project(z), its extreme point vertex(g) = argmin s'g, and excess(z).

    excess(z) says by how much z breaks the constraints, at most zero inside.
    """

    name: str
    project: Callable
    vertex: Callable
    excess: Callable


def project_simplex(z, radius=1.0):
    """Return the nearest point with no negative entry whose entries sum to radius: max(z - tau, 0).

    The shift tau is found by sorting: with the k largest entries kept, tau = (their sum - radius) / k.

    Args: z: (d,); radius: positive.
    Returns: (d,). Raises: ValueError if z is not finite or radius not positive.
    Example:
        >>> project_simplex([2.0, 1.5, -1.0])
        array([0.75, 0.25, 0.  ])
    """
    z = as_vector("z", z)
    radius = positive("radius", radius)
    z = z - z.max()  # changes only tau, and keeps radius from drowning in a large z
    largest = np.sort(z)[::-1]
    tau = (np.cumsum(largest) - radius) / np.arange(1, z.size + 1)
    kept = np.flatnonzero(largest > tau)[-1]
    return np.maximum(z - tau[kept], 0)


def project_l1(z, radius=1.0):
    """Return the nearest point whose absolute values sum to at most radius.

    Outside the ball, it is the projection of |z| onto the simplex with the signs of z: a soft threshold.

    Args: z: (d,); radius: positive.
    Returns: (d,). Raises: ValueError if z is not finite or radius not positive.
    Example:
        >>> project_l1([3.0, -2.5, 0.5], radius=1.5)
        array([ 1. , -0.5,  0. ])
    """
    z = as_vector("z", z)
    if np.abs(z).sum() <= positive("radius", radius):
        return z.copy()
    return np.sign(z) * project_simplex(np.abs(z), radius)


def project_l2(z, radius=1.0):
    """Return the nearest point of Euclidean length at most radius: z min(1, radius / |z|).

    Args: z: (d,); radius: positive.
    Returns: (d,). Raises: ValueError if z is not finite or radius not positive.
    Example:
        >>> project_l2([3.0, 4.0], radius=2.5)
        array([1.5, 2. ])
    """
    z = as_vector("z", z)
    length = np.linalg.norm(z)
    return z * (positive("radius", radius) / max(length, radius))


def project_box(z, low, high):
    """Return the nearest point with low <= z <= high, entry by entry.

    Args: z: (d,); low, high: numbers or (d,), low <= high; infinities leave a side open.
    Returns: (d,). Raises: ValueError if z is not finite or low is above high.
    Example:
        >>> project_box([-1.0, 0.5, 9.0], 0.0, 1.0)
        array([0. , 0.5, 1. ])
    """
    if not np.all(np.asarray(low) <= np.asarray(high)):
        raise ValueError(f"low must be at most high, got low = {low!r} and high = {high!r}")
    return np.clip(as_vector("z", z), low, high)


def simplex(radius=1.0):
    """Return the domain of vectors with no negative entry that sum to radius: shares, probabilities.

    Args: radius: positive. Returns: a Domain. Raises: ValueError if radius is not positive.
    Example:
        >>> simplex().vertex(np.array([3.0, -1.0, 2.0]))
        array([0., 1., 0.])
    """
    radius = positive("radius", radius)

    def vertex(g):
        return np.where(np.arange(g.size) == np.argmin(g), radius, 0.0)

    return Domain(f"simplex of radius {radius:g}", lambda z: project_simplex(z, radius), vertex,
                  lambda z: max(-z.min(), abs(z.sum() - radius)))  # fmt: skip


def l1_ball(radius=1.0):
    """Return the domain |z_1| + ... + |z_d| <= radius, whose corners lie on the axes: the lasso's.

    Args: radius: positive. Returns: a Domain. Raises: ValueError if radius is not positive.
    Example:
        >>> l1_ball(2.0).vertex(np.array([1.0, -3.0]))
        array([0., 2.])
    """
    radius = positive("radius", radius)

    def vertex(g):
        best = np.argmax(np.abs(g))
        return np.where(np.arange(g.size) == best, -radius * np.sign(g[best]), 0.0)

    return Domain(f"L1 ball of radius {radius:g}", lambda z: project_l1(z, radius), vertex,
                  lambda z: np.abs(z).sum() - radius)  # fmt: skip


def l2_ball(radius=1.0):
    """Return the domain |z| <= radius in the Euclidean norm.

    Args: radius: positive. Returns: a Domain. Raises: ValueError if radius is not positive.
    Example:
        >>> l2_ball(5.0).vertex(np.array([3.0, -4.0]))
        array([-3.,  4.])
    """
    radius = positive("radius", radius)

    def vertex(g):
        length = np.linalg.norm(g)
        return -radius * g / length if length > 0 else np.zeros_like(g)

    return Domain(f"L2 ball of radius {radius:g}", lambda z: project_l2(z, radius), vertex,
                  lambda z: np.linalg.norm(z) - radius)  # fmt: skip


def box(low, high):
    """Return the domain low <= z <= high, entry by entry.

    Args: low, high: finite numbers or vectors (d,), low <= high. Returns: a Domain.
    Raises: ValueError if a bound is not finite or low is above high.
    Example:
        >>> box(0.0, 1.0).vertex(np.array([3.0, -4.0]))
        array([0., 1.])
    """
    low, high = as_vector("low", np.atleast_1d(low)), as_vector("high", np.atleast_1d(high))
    project_box(np.zeros(max(low.size, high.size)), low, high)
    return Domain("box", lambda z: project_box(z, low, high), lambda g: np.where(g > 0, low, high),
                  lambda z: max((low - z).max(), (z - high).max()))  # fmt: skip


class Certified(NamedTuple):
    """A run inside a domain: path (steps + 1, d), values and duality gaps (steps + 1,), and how it ended.

    status is "converged" (the gap reached the tolerance), "max_steps" or "diverged".
    """

    path: np.ndarray
    values: np.ndarray
    gaps: np.ndarray
    status: str

    @property
    def steps(self):
        """The number of updates made."""
        return len(self.values) - 1

    @property
    def final(self):
        """The last point, shape (d,)."""
        return self.path[-1]

    @property
    def support(self):
        """The indices of the last point's entries that are not exactly zero."""
        return np.flatnonzero(self.final)


def _record(measure, state, steps, tolerance):
    """Call measure(t, state) -> (theta, value, gap, next state) until the gap or the steps run out."""
    steps = positive_integer("steps", steps)
    tolerance = in_range("tolerance", tolerance, 0, np.inf, "[)")
    path, values, gaps = [], [], []
    status = "max_steps"
    with np.errstate(all="ignore"):
        for t in range(steps + 1):
            theta, value, gap, state = measure(t, state)
            if not np.isfinite(value + gap):
                status = "diverged"
                break
            path.append(theta)
            values.append(value)
            gaps.append(gap)
            if gap <= tolerance:
                status = "converged"
                break
    if not path:
        raise ValueError(f"start must have a finite value and gradient, got value {value} at {theta}")
    return np.array(path), np.array(values), np.array(gaps), status


def _feasible(domain, start, problem):
    start = problem.start if start is None else start
    if start is None:
        return domain.project(np.zeros(problem.dimension))
    start = as_vector("start", start, problem.dimension)
    excess = domain.excess(start)
    if excess > 1e-9 * max(1.0, np.abs(start).max()):
        raise ValueError(f"start must lie in the {domain.name}, got a point outside by {excess:.3g}")
    return start


def frank_wolfe(problem, domain, *, steps, start=None, tolerance=0.0):
    """Minimise over a domain with steps toward its corners, without ever projecting (Frank and Wolfe, 1956).

    s = argmin over the domain of s'g;  theta <- theta + 2 / (t + 2) (s - theta), t = 0, 1, ...

    It uses the ordinary gradient; what is conditional is where it may go. The first step leaves the start
    altogether, so after k steps theta is an average of at most k corners. The gap is g'(theta - s).

    Args: problem: a Problem or FiniteSum; domain: a Domain; steps: the most updates; start: a point of the
        domain, or the problem's, or the point of the domain nearest zero; tolerance: stop at this gap.
    Returns: a Certified run.
    Raises: ValueError if the start lies outside the domain.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> run = frank_wolfe(quadratic(np.eye(3)), simplex(), steps=500, start=[1.0, 0.0, 0.0])
        >>> run.final.round(2), bool(run.gaps[-1] < 0.01)
        (array([0.33, 0.33, 0.33]), True)
    """

    def measure(t, theta):
        value, g = problem.value_and_gradient(theta)
        toward = domain.vertex(g) - theta
        return theta, value, float(-g @ toward), theta + 2 / (t + 2) * toward

    return Certified(*_record(measure, _feasible(domain, start, problem), steps, tolerance))


def projected_gradient(problem, domain, *, lr, steps, start=None, tolerance=0.0):
    """Minimise over a domain: take a gradient step, then go to the nearest point of the domain.

    theta <- project(theta - lr g)

    Args: problem, domain, steps, start, tolerance: as in `frank_wolfe`; lr: positive, at most 1/L to be safe.
    Returns: a Certified run.
    Raises: ValueError if the start lies outside the domain or lr is not positive.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> projected_gradient(quadratic(np.eye(2), [2.0, 0.0]), l2_ball(), lr=0.5, steps=50).final
        array([1., 0.])
    """
    lr = positive("lr", lr)

    def measure(t, theta):
        value, g = problem.value_and_gradient(theta)
        ahead = theta - lr * g
        if not np.isfinite(ahead).all():
            return theta, np.nan, np.nan, theta
        return theta, value, float(g @ (theta - domain.vertex(g))), domain.project(ahead)

    return Certified(*_record(measure, _feasible(domain, start, problem), steps, tolerance))


def soft_threshold(z, t):
    """Move every entry toward zero by t, and to exactly zero where it is within t of it.

    max(z - t, 0) - max(-z - t, 0), the point that minimises 1/2 |x - z|^2 + t |x|_1

    Args: z: an array; t: at least 0, a number or an array of z's shape.
    Returns: an array of z's shape.
    Raises: ValueError if t is negative.
    Example:
        >>> soft_threshold(np.array([3.0, -0.5, -2.0]), 1.0)
        array([ 2.,  0., -1.])
    """
    if not np.all(np.asarray(t) >= 0):
        raise ValueError(f"t must be at least 0, got {t!r}")
    z = as_floats("z", z)
    return np.maximum(z - t, 0) - np.maximum(-z - t, 0)


def lasso(problem, l1):
    """Return a smooth problem with the penalty l1 |theta|_1 added, and a subgradient for its gradient.

    At a zero entry, where any slope between -l1 and l1 would do for the penalty, it takes the one that makes
    the total smallest. So the gradient vanishes exactly at the minimum.

    Args: problem: a Problem or FiniteSum; l1: at least 0.
    Returns: a Problem with a kink wherever an entry is zero.
    Raises: ValueError if l1 is negative.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> lasso(quadratic(np.eye(2)), l1=0.5).gradient(np.array([2.0, 0.0]))
        array([2.5, 0. ])
    """
    l1 = in_range("l1", l1, 0, np.inf, "[)")

    def value_and_gradient(theta):
        value, g = problem.value_and_gradient(theta)
        kinked = np.where(theta == 0, soft_threshold(g, l1), g + l1 * np.sign(theta))
        return value + l1 * float(np.abs(theta).sum()), kinked

    return Problem(
        value=lambda theta: value_and_gradient(theta)[0],
        gradient=lambda theta: value_and_gradient(theta)[1],
        fused=value_and_gradient,
        dimension=problem.dimension,
        start=problem.start,
    )


def subgradient_method(problem, *, lr, steps, start=None):
    """Follow a subgradient with steps that shrink as lr / sqrt(t + 1) (Shor, 1962).

    A subgradient need not lead downhill, so the value goes up and down: take the lowest seen. The steps must
    shrink, for beside a kink the slope does not.

    Args: problem: a Problem whose gradient is a subgradient, such as `lasso`; lr: the first step, positive;
        steps, start: as in `descend`.
    Returns: a Trace.
    Raises: ValueError as in `descend`.
    Example:
        >>> valley = Problem(lambda x: abs(x[0]), np.sign, dimension=1)
        >>> trace = subgradient_method(valley, lr=1.0, steps=100, start=[2.3])
        >>> bool(trace.values.min() < 0.05)
        True
    """
    lr = positive("lr", lr)
    return descend(problem, lr=lambda t: lr / np.sqrt(t + 1), steps=steps, start=start)


def ista(problem, *, l1, lr, steps, start=None, tolerance=0.0):
    """Minimise problem + l1 |theta|_1: a gradient step for the smooth part, a soft threshold for the penalty.

    theta <- soft_threshold(theta - lr g, lr l1)

    Unlike a subgradient step it sets entries to exactly zero, and with lr <= 1/L it never goes up.

    Args:
        problem: the smooth part, a Problem or FiniteSum; l1: at least 0; lr: positive, safe up to 1/L.
        steps, start: as in `descend`; tolerance: stop when |theta - next theta| / lr is at most this.
    Returns: a Trace of the penalised values; gradient_norms holds |theta - next theta| / lr, which is the
        gradient's norm where l1 is zero and vanishes only at a minimum.
    Raises: ValueError for a rate that is not positive, a negative l1, or no start.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> ista(quadratic(np.eye(2), [3.0, 0.2]), l1=1.0, lr=1.0, steps=5, start=[0.0, 0.0]).final
        array([2., 0.])
    """
    return _proximal(problem, l1, lr, steps, start, tolerance, accelerated=False)


def fista(problem, *, l1, lr, steps, start=None, tolerance=0.0):
    """Run ista with Nesterov's momentum (Beck and Teboulle, 2009).

    theta_new = soft_threshold(z - lr g(z), lr l1);  c_new = (1 + sqrt(1 + 4 c^2)) / 2
    z <- theta_new + (c - 1) / c_new (theta_new - theta)

    The bound on the error falls like 1/t^2 rather than 1/t. The value may rise, and late in a run ista can
    be ahead.

    Args, Returns, Raises: as in `ista`, the norms being measured at the look-ahead point z.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> fista(quadratic(np.eye(2), [3.0, 0.2]), l1=1.0, lr=1.0, steps=5, start=[0.0, 0.0]).final
        array([2., 0.])
    """
    return _proximal(problem, l1, lr, steps, start, tolerance, accelerated=True)


def _proximal(problem, l1, lr, steps, start, tolerance, accelerated):
    penalised, lr = lasso(problem, l1), positive("lr", lr)
    if start is None and problem.start is None:
        raise ValueError(f"start must be a vector of shape ({problem.dimension},): the problem has none")
    theta = as_vector("start", problem.start if start is None else start, problem.dimension)

    def measure(t, state):
        theta, z, c = state
        ahead = soft_threshold(z - lr * problem.gradient(z), lr * l1)
        norm = float(np.linalg.norm(z - ahead) / lr)
        c_next = (1 + np.sqrt(1 + 4 * c * c)) / 2 if accelerated else 1.0
        z = ahead + (c - 1) / c_next * (ahead - theta)
        return theta, penalised.value(theta), norm, (ahead, z, c_next)

    return Trace(*_record(measure, (theta, theta, 1.0), steps, tolerance))


def smooth_relu(z, temperature):
    """Return a smooth stand-in for max(z, 0): temperature * log(1 + exp(z / temperature)).

    It lies above max(z, 0) by at most temperature * log 2, and has a gradient on both sides.

    Args: z: an array; temperature: positive, in z's units.
    Returns: an array of z's shape. Raises: ValueError if temperature is not positive.
    Example:
        >>> smooth_relu(np.array([-1.0, 0.0, 2.0]), 0.01).round(4)
        array([0.    , 0.0069, 2.    ])
    """
    temperature = positive("temperature", temperature)
    return temperature * softplus(np.asarray(z) / temperature)


def smooth_step(z, temperature):
    """Return a smooth stand-in for the step 1 if z > 0 else 0: 1 / (1 + exp(-z / temperature)).

    The step's own derivative is zero wherever it exists, and teaches nothing; this one's is not.

    Args: z: an array; temperature: positive, in z's units.
    Returns: an array of z's shape. Raises: ValueError if temperature is not positive.
    Example:
        >>> smooth_step(np.array([-1.0, 0.0, 1.0]), 0.5).round(3)
        array([0.119, 0.5  , 0.881])
    """
    return sigmoid(np.asarray(z) / positive("temperature", temperature))


def smooth_argmax(z, temperature):
    """Return a smooth stand-in for the one-hot argmax of each row: softmax(z / temperature).

    Args: z: (k,) or (n, k); temperature: positive, in z's units, small for close to the argmax.
    Returns: an array of z's shape whose rows sum to 1. Raises: ValueError if temperature is not positive.
    Example:
        >>> smooth_argmax(np.array([[1.0, 2.0]]), 0.1).round(4)
        array([[0., 1.]])
    """
    return softmax(np.asarray(z) / positive("temperature", temperature))
