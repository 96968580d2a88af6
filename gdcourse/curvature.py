"""Steps that use curvature: Newton and its safer kin, quasi-Newton, Gauss-Newton, and the natural gradient.

All but one multiply the gradient by the inverse of a matrix measured where they stand, and differ in the
matrix: the Hessian, its absolute value, 2 J'J / n, or the Fisher information. BFGS builds its matrix from the
gradients it has seen. Each returns the `Trace` that `descend` returns. `sharpness` and
`classify_critical_point` read curvature, and `perturbed_gd` leaves saddles without it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gdcourse._validate import (
    as_matrix,
    as_symmetric,
    as_vector,
    generator,
    in_range,
    number,
    one_of,
    positive,
    positive_integer,
)
from gdcourse.descent import backtracking_step, descend
from gdcourse.differentiate import hessian_vector_product
from gdcourse.optimizers import Optimizer, gd
from gdcourse.problems import Problem


def newton_step(g, H, damping=0.0):
    """Return the step to the minimum, saddle or maximum of the local quadratic model: -(H + damping I)^-1 g.

    Args: g: (d,); H: (d, d) symmetric; damping: at least 0. A large damping gives a short gradient step.
    Returns: the update, (d,).
    Raises: ValueError if the matrix is singular to working precision.
    Example:
        >>> newton_step([2.0, 300.0], [[1.0, 0.0], [0.0, 100.0]])
        array([-2., -3.])
    """
    H = as_symmetric("H", H)
    damped = H + in_range("damping", damping, 0, np.inf, "[)") * np.eye(len(H))
    if not np.linalg.cond(damped) < 1 / np.finfo(float).eps:
        raise ValueError(
            f"H must be invertible, got eigenvalues {np.linalg.eigvalsh(H)} with damping "
            f"{damping}: a positive damping moves them away from zero"
        )
    return -np.linalg.solve(damped, as_vector("g", g, len(H)))


def saddle_free_step(g, H, damping=0.0):
    """Return Newton's step with every curvature taken as positive (Dauphin et al., 2014).

    -(|H| + damping I)^-1 g

    |H| keeps the eigenvectors of H and takes the absolute values of its eigenvalues, so that the step leads
    downhill along each of them and leaves a saddle, which plain Newton seeks out.

    Args: g: (d,); H: (d, d) symmetric; damping: at least 0.
    Returns: the update, (d,); Newton's own where H is positive definite.
    Raises: ValueError if the matrix is singular to working precision.
    Example:
        >>> saddle_free_step([2.0, -2.0], [[2.0, 0.0], [0.0, -2.0]])
        array([-1.,  1.])
    """
    eigenvalues, V = np.linalg.eigh(as_symmetric("H", H))
    return newton_step(g, (V * np.abs(eigenvalues)) @ V.T, damping)


def _steered(problem, choose, *, steps, start, tolerance, lr=1.0):
    """Descend by lr * choose(theta, g)."""
    method = Optimizer("steered", gd().init, lambda g, state, lr, theta: (lr * choose(theta, g), state))
    return descend(problem, method, lr=lr, steps=steps, start=start, tolerance=tolerance)


def _finite_step(step, g, M, damping):
    # A matrix that overflowed ends the run as diverged at the next measurement; it is no wrong argument.
    return step(g, M, damping) if np.isfinite(M).all() else np.full_like(g, np.nan)


def _hessian(problem):
    if problem.hessian is None:
        raise ValueError("problem must have a hessian, got None: give one, or use bfgs, which needs none")
    return problem.hessian


def newton(problem, *, steps, start=None, damping=0.0, line_search=False, tolerance=0.0):
    """Run Newton's method: theta <- theta - (H + damping I)^-1 g.

    Near a minimum the number of right digits doubles at each step. The method goes to the nearest stationary
    point of any kind, a saddle as gladly as a minimum.

    Args:
        problem: a Problem or FiniteSum with a hessian; steps, start, tolerance: as in `descend`.
        damping: added to every curvature, at least 0.
        line_search: shorten each step by backtracking; the direction must then lead downhill.
    Returns: a Trace.
    Raises: ValueError if there is no hessian, where it is singular, or where a search is asked to go uphill.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> newton(quadratic([[1.0, 0.0], [0.0, 100.0]]), steps=9, start=[5.0, 5.0]).status
        'converged'
    """
    hessian = _hessian(problem)
    damping = in_range("damping", damping, 0, np.inf, "[)")

    def choose(theta, g):
        update = _finite_step(newton_step, g, hessian(theta), damping)
        return update * backtracking_step(problem, theta, update) if line_search else update

    return _steered(problem, choose, steps=steps, start=start, tolerance=tolerance)


def saddle_free_newton(problem, *, steps, start=None, damping=0.0, tolerance=0.0):
    """Run Newton's method with absolute curvatures (Dauphin et al., 2014).

    theta <- theta - (|H| + damping I)^-1 g

    Args: problem, steps, start, damping, tolerance: as in `newton`.
    Returns: a Trace.
    Raises: ValueError if there is no hessian or where it is singular.
    Example:
        >>> well = Problem(lambda x: x[0] ** 4 - x[0] ** 2, lambda x: 4 * x**3 - 2 * x, dimension=1,
        ...                hessian=lambda x: np.diag(12 * x**2 - 2))
        >>> saddle_free_newton(well, steps=20, start=[0.1], tolerance=1e-12).final.round(6)
        array([0.707107])
        >>> newton(well, steps=20, start=[0.1], tolerance=1e-12).final.round(6)
        array([-0.])
    """
    hessian = _hessian(problem)
    damping = in_range("damping", damping, 0, np.inf, "[)")
    return _steered(problem, lambda theta, g: _finite_step(saddle_free_step, g, hessian(theta), damping),
                    steps=steps, start=start, tolerance=tolerance)  # fmt: skip


def gauss_newton(residual, jacobian, *, steps, start, damping=0.0, tolerance=0.0):
    """Minimise mean(residual^2) with the curvature 2 J'J / n, which needs first derivatives alone.

    theta <- theta - (2 J'J / n + damping I)^-1 (2 J'r / n)

    What is left out of the Hessian is weighted by the residuals, so that the method is Newton's where the fit
    is good. With a positive damping it is the Levenberg-Marquardt step.

    Args: residual: a function (d,) -> (n,); jacobian: (d,) -> (n, d), d residual / d theta; the rest as in
        `newton`.
    Returns: a Trace of the mean square.
    Raises: ValueError where J'J is singular and the damping zero.
    Example:
        >>> t = np.array([0.0, 1.0, 2.0])
        >>> trace = gauss_newton(lambda a: np.exp(a[0] * t) - np.exp(0.5 * t),
        ...                      lambda a: (t * np.exp(a[0] * t))[:, None], steps=9, start=[0.0])
        >>> trace.final.round(9)
        array([0.5])
    """
    start = as_vector("start", start)

    def value_and_gradient(theta):
        r = residual(theta)
        return float(r @ r / len(r)), 2 / len(r) * (jacobian(theta).T @ r)

    def curvature(theta):
        J = jacobian(theta)
        return 2 / len(J) * (J.T @ J)

    problem = Problem(
        value=lambda theta: value_and_gradient(theta)[0],
        gradient=lambda theta: value_and_gradient(theta)[1],
        fused=value_and_gradient,
        hessian=curvature,
        dimension=start.size,
    )
    return newton(problem, steps=steps, start=start, damping=damping, tolerance=tolerance)


def wolfe_step(problem, theta, direction, *, decrease=1e-4, curvature=0.9):
    """Return a step that lowers the value enough and flattens the slope enough (Wolfe, 1969), by bisection.

    f(theta + t p) <= f(theta) + decrease t g'p   and   g(theta + t p)'p >= curvature g'p

    The second condition keeps steps from being too short, and makes the change of gradient along the step
    positive, which is what BFGS needs.

    Args:
        problem: a Problem; theta, direction: (d,), with g'p < 0; decrease < curvature, both in (0, 1).
    Returns: a float; if 60 trials do not meet both, the longest step that met the first (0.0 if none did: the
        value is as low as rounding can tell).
    Raises: ValueError if the direction does not lead downhill.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> wolfe_step(quadratic([[0.01]]), np.array([1.0]), np.array([-0.01]))
        16.0
    """
    theta = as_vector("theta", theta, problem.dimension)
    direction = as_vector("direction", direction, problem.dimension)
    decrease = in_range("decrease", decrease, 0, 1, "()")
    curvature = in_range("curvature", curvature, decrease, 1, "()")
    value, g = problem.value_and_gradient(theta)
    slope = g @ direction
    if not slope < 0:
        raise ValueError(f"direction must lead downhill, got slope g'p = {slope}")
    step, low, high = 1.0, 0.0, np.inf
    with np.errstate(all="ignore"):
        for _ in range(60):
            there, g = problem.value_and_gradient(theta + step * direction)
            if not there <= value + decrease * step * slope:
                high = step
            elif g @ direction < curvature * slope:
                low = step
            else:
                return step
            step = (low + high) / 2 if np.isfinite(high) else 2 * step
    return low


class Secant(NamedTuple):
    """What BFGS remembers: its estimate of the inverse Hessian (d, d), the last gradient and update."""

    inverse: np.ndarray
    g: np.ndarray | None = None
    update: np.ndarray | None = None


def bfgs(problem, *, steps, start=None, tolerance=0.0):
    """Run BFGS: Newton's method with a curvature learned from how the gradient changes (Broyden, Fletcher,
    Goldfarb and Shanno, 1970).

    p = -B g; theta <- theta + t p with t from `wolfe_step`; then with s = t p, y = g_new - g, r = 1 / y's:
    B <- (I - r s y') B (I - r y s') + r s s'

    B stays symmetric positive definite and maps y to s, as the inverse Hessian of a quadratic does. No second
    derivative is ever taken.

    Args: problem, steps, start, tolerance: as in `descend`.
    Returns: a Trace.
    Raises: ValueError as in `descend`.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> bfgs(quadratic([[1.0, 0.0], [0.0, 100.0]]), steps=50, start=[5.0, 5.0], tolerance=1e-9).status
        'converged'
    """

    def step(g, state, lr, theta):
        B = state.inverse
        if state.g is not None:
            s, y = state.update, g - state.g
            if y @ s > 0:  # not so only after a step that the search gave up on
                if np.array_equal(B, np.eye(len(s))):
                    B = B * (y @ s / (y @ y))  # the first guess of the scale (Nocedal and Wright, 6.20)
                A = np.eye(len(s)) - np.outer(s, y) / (y @ s)
                B = A @ B @ A.T + np.outer(s, s) / (y @ s)
        p = -B @ g
        update = wolfe_step(problem, theta, p) * p
        return update, Secant(B, g, update)

    method = Optimizer("bfgs", lambda theta: Secant(np.eye(theta.size)), step)
    return descend(problem, method, lr=1.0, steps=steps, start=start, tolerance=tolerance)


class Parameterisation(NamedTuple):
    """A way to name the spread of a Gaussian by a number phi: sigma(phi), its derivative, and phi(sigma)."""

    sigma: Callable
    slope: Callable
    phi: Callable


GAUSSIANS = {
    "sigma": Parameterisation(lambda phi: phi, lambda phi: np.ones_like(phi), lambda sigma: sigma),
    "log sigma": Parameterisation(np.exp, np.exp, np.log),
    "precision": Parameterisation(lambda phi: phi**-0.5, lambda phi: -0.5 * phi**-1.5, lambda s: s**-2),
}
"""Three names for the same bell curves. Gradient descent takes another way under each, the natural gradient not."""


def gaussian_fit(mean, variance, name="log sigma"):
    """Return the problem of fitting a Gaussian to data of a given mean and variance, over theta = (mu, phi).

    log sigma + (variance + (mean - mu)^2) / (2 sigma^2), the mean negative log-likelihood less a constant

    Args: mean: a number; variance: of the data, positive; name: a key of GAUSSIANS, saying what phi is.
    Returns: a Problem. It has no hessian; `fisher_gaussian` is the matrix for the natural gradient.
    Raises: ValueError for an unknown name or a variance that is not positive.
    Example:
        >>> gaussian_fit(1.0, 4.0, "sigma").minimizer
        array([1., 2.])
    """
    chart = GAUSSIANS[one_of("name", name, GAUSSIANS)]
    mean, variance = number("mean", mean), positive("variance", variance)

    def value(theta):
        sigma = chart.sigma(theta[1])
        return float(np.log(sigma) + (variance + (mean - theta[0]) ** 2) / (2 * sigma**2))

    def gradient(theta):
        sigma, error = chart.sigma(theta[1]), theta[0] - mean
        by_sigma = 1 / sigma - (variance + error**2) / sigma**3
        return np.array([error / sigma**2, by_sigma * chart.slope(theta[1])])

    return Problem(value, gradient, dimension=2, minimizer=np.array([mean, chart.phi(np.sqrt(variance))]))


def fisher_gaussian(theta, name="log sigma"):
    """Return the Fisher information of a Gaussian at theta = (mu, phi).

    diag(1, 2 (d sigma / d phi)^2) / sigma^2

    It is the mean outer product of the score, and the curvature of the divergence between close Gaussians: it
    measures how far a change of theta moves the distribution, whatever the loss.

    Args: theta: (2,); name: a key of GAUSSIANS.
    Returns: (2, 2).
    Raises: ValueError for an unknown name.
    Example:
        >>> fisher_gaussian([0.0, 0.0], "log sigma")
        array([[1., 0.],
               [0., 2.]])
    """
    chart = GAUSSIANS[one_of("name", name, GAUSSIANS)]
    phi = as_vector("theta", theta, 2)[1]
    return np.diag([1.0, 2 * chart.slope(phi) ** 2]) / chart.sigma(phi) ** 2


def fisher_glm(X, variances):
    """Return the Fisher information of a generalised linear model with its canonical link.

    X' diag(variances) X / n

    Args:
        X: (n, d); variances: (n,), of each target as the model predicts it: p (1 - p) for a Bernoulli, the
            mean for a Poisson, sigma^2 = 1 for a Gaussian. At least 0.
    Returns: (d, d). For these models it equals the Hessian of the mean negative log-likelihood, so that the
        natural gradient is Newton's method.
    Raises: ValueError if the shapes do not fit or a variance is negative.
    Example:
        >>> fisher_glm([[1.0], [2.0]], [0.25, 0.25])
        array([[0.625]])
    """
    X = as_matrix("X", X)
    variances = as_vector("variances", variances, len(X))
    if variances.min() < 0:
        raise ValueError(f"variances must be at least 0, got {variances.min()}")
    return X.T @ (variances[:, None] * X) / len(X)


def natural_gradient(problem, fisher, *, lr, steps, start=None, damping=0.0, tolerance=0.0):
    """Follow the natural gradient: theta <- theta - lr (F + damping I)^-1 g (Amari, 1998).

    The steepest descent when the length of a step is how far it moves the model's distribution. For small lr
    the path, seen in the distributions, does not depend on how they are parameterised.

    Args: problem: the mean negative log-likelihood; fisher: a function theta -> (d, d); lr, steps, start,
        tolerance: as in `descend`; damping: at least 0.
    Returns: a Trace.
    Raises: ValueError where the Fisher information is singular and the damping zero.
    Example:
        >>> fit = gaussian_fit(3.0, 4.0)
        >>> natural_gradient(fit, fisher_gaussian, lr=0.5, steps=60, start=[0.0, 0.0]).final.round(6)
        array([3.      , 0.693147])
    """
    damping = in_range("damping", damping, 0, np.inf, "[)")
    return _steered(problem, lambda theta, g: _finite_step(newton_step, g, fisher(theta), damping),
                    lr=lr, steps=steps, start=start, tolerance=tolerance)  # fmt: skip


def sharpness(gradient, theta, rng, *, iterations=200, tolerance=1e-6):
    """Measure the largest eigenvalue of the Hessian by power iteration on Hessian-vector products.

    v <- H v / |H v|, two gradients an iteration and no matrix, until H v is along v. Power iteration finds the
    eigenvalue of largest size; where that is negative, or has a twin of the other sign, a second pass on
    H + |H v| I finds the largest.

    Args:
        gradient: a function (d,) -> (d,); theta: (d,); rng: a numpy.random.Generator, for the first v.
        iterations: the most to make in a pass; tolerance: the error at which to stop, relative to the
            largest eigenvalue in size.
    Returns: a float.
    Raises: ValueError if theta is not finite or the gradient is not.
    Example:
        >>> H = np.diag([1.0, 3.0, -7.0])
        >>> round(sharpness(lambda x: H @ x, np.zeros(3), np.random.default_rng(0)), 3)
        3.0
    """
    theta = as_vector("theta", theta)
    first = generator("rng", rng).normal(size=theta.size)
    iterations = positive_integer("iterations", iterations)
    tolerance = in_range("tolerance", tolerance, 0, 1, "[)")

    def dominant(shift):
        v = first / np.linalg.norm(first)
        for _ in range(iterations):
            Hv = as_vector("gradient", hessian_vector_product(gradient, theta, v)) + shift * v
            eigenvalue, length = float(v @ Hv), np.linalg.norm(Hv)
            # The eigenvalue's error goes with the square of the residual.
            settled = np.linalg.norm(Hv - eigenvalue * v) <= np.sqrt(tolerance) * length
            if settled:
                break
            v = Hv / length
        return eigenvalue, length, settled

    largest, length, settled = dominant(0.0)
    return largest if settled and largest >= 0 else float(dominant(length)[0] - length)


class CriticalPoint(NamedTuple):
    """The kind of a critical point, and its index: how many directions curve downward."""

    kind: str  # "minimum", "maximum", "saddle" or "degenerate"
    index: int


def classify_critical_point(H, tolerance=1e-8):
    """Tell a minimum from a maximum and a saddle by the signs of the Hessian's eigenvalues.

    All positive: minimum. All negative: maximum. Both signs: saddle. Otherwise some are zero to within
    tolerance * max |eigenvalue|, and second derivatives alone cannot tell: degenerate.

    Args: H: (d, d) symmetric, at a point where the gradient is zero; tolerance: in [0, 1).
    Returns: a CriticalPoint.
    Raises: ValueError if H is not symmetric.
    Example:
        >>> classify_critical_point([[2.0, 0.0], [0.0, -1.0]])
        CriticalPoint(kind='saddle', index=1)
    """
    eigenvalues = np.linalg.eigvalsh(as_symmetric("H", H))
    flat = in_range("tolerance", tolerance, 0, 1, "[)") * np.abs(eigenvalues).max()
    up, down = int((eigenvalues > flat).sum()), int((eigenvalues < -flat).sum())
    if up and down:
        return CriticalPoint("saddle", down)
    kind = {(len(eigenvalues), 0): "minimum", (0, len(eigenvalues)): "maximum"}.get((up, down), "degenerate")
    return CriticalPoint(kind, down)


class SinceKick(NamedTuple):
    """What perturbed gradient descent remembers: the updates made since the last kick."""

    count: int


def perturbed_gd(radius, threshold, wait, rng):
    """Gradient descent that kicks itself where the slope is small (Jin et al., 2017).

    Where |g| <= threshold, and at least `wait` updates after the last kick, add a point drawn uniformly from
    the ball of the given radius. A saddle is left in a time that grows with the logarithm of 1/radius. Run it
    with tolerance=None from an exact saddle, so that a zero gradient is not taken for the end.

    Args: radius, threshold: positive; wait: at least 1; rng: a numpy.random.Generator.
    Returns: an Optimizer; its state counts the updates since the last kick.
    Raises: ValueError out of range.
    Example:
        >>> from gdcourse.problems import surface_problem
        >>> method = perturbed_gd(0.01, threshold=0.01, wait=50, rng=np.random.default_rng(0))
        >>> saddle = surface_problem("saddle")
        >>> trace = descend(saddle, method, lr=0.1, steps=100, start=[0, 0], tolerance=None)
        >>> bool(trace.values[-1] < -2.49)
        True
    """
    radius, threshold = positive("radius", radius), positive("threshold", threshold)
    wait, rng = positive_integer("wait", wait), generator("rng", rng)

    def step(g, state, lr, theta=None):
        if state.count < wait or g @ g > threshold**2:
            return -lr * g, SinceKick(state.count + 1)
        direction = rng.normal(size=g.size)
        kick = radius * rng.random() ** (1 / g.size) * direction / np.linalg.norm(direction)
        return kick - lr * g, SinceKick(1)

    return Optimizer("perturbed gd", lambda theta: SinceKick(wait), step)
