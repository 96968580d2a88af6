"""Closed forms: what a calculation promises about a run, to hold against the run.

Throughout, a quadratic has curvatures (eigenvalues of its Hessian) between mu > 0 and L, and kappa = L / mu.
A rate is the factor by which the error shrinks at each step, in the long run.
"""

import math
from typing import NamedTuple

import numpy as np

from gdcourse._validate import as_symmetric, in_range, number, positive, positive_integer


class Tuning(NamedTuple):
    """The best settings of a method and the rate they reach."""

    lr: float
    beta: float
    rate: float


def _curvatures(mu, L):
    mu, L = positive("mu", mu), positive("L", L)
    if mu > L:
        raise ValueError(f"mu must be at most L, got mu = {mu} and L = {L}")
    return mu, L


def curvature_range(H):
    """Return the smallest and the largest eigenvalue (mu, L) of a symmetric matrix.

    Args: H: (d, d) symmetric. Returns: two floats. Raises: ValueError if H is not symmetric.
    Example:
        >>> curvature_range([[3.0, 0.0], [0.0, 12.0]])
        (3.0, 12.0)
    """
    eigenvalues = np.linalg.eigvalsh(as_symmetric("H", H))
    return float(eigenvalues[0]), float(eigenvalues[-1])


def factor_rule(lr, curvature):
    return 1.0 - lr * curvature


def mode_factor(lr, curvature):
    """Return what one step of gradient descent multiplies the error along an eigenvector by: 1 - lr * curvature.

    Args: lr: a positive number; curvature: a number or an array. Returns: the same shape as curvature.
    Raises: ValueError if lr is not positive.
    Example:
        >>> mode_factor(0.5, 3.0)
        -0.5
    """
    return factor_rule(positive("lr", lr), curvature)


def gd_rate(lr, mu, L):
    """Return the rate of gradient descent, max(|1 - lr mu|, |1 - lr L|).

    Args: lr, mu, L: positive numbers, mu <= L. Returns: a float; 1 or more means that it does not converge.
    Raises: ValueError if a number is not positive or mu > L.
    Example:
        >>> gd_rate(0.25, 1.0, 4.0)
        0.75
    """
    mu, L = _curvatures(mu, L)
    return max(abs(mode_factor(lr, mu)), abs(mode_factor(lr, L)))


def gd_stability_limit(L):
    """Return the rate at and above which gradient descent cannot converge, 2 / L.

    Args: L: the largest curvature, positive. Returns: a float. Raises: ValueError if L is not positive.
    Example:
        >>> gd_stability_limit(4.0)
        0.5
    """
    return 2 / positive("L", L)


def momentum_stability_limit(L, beta):
    """Return the rate at and above which heavy-ball momentum cannot converge, (2 + 2 beta) / L.

    Args: L: the largest curvature; beta: memory in [0, 1). Returns: a float. Raises: ValueError out of range.
    Example:
        >>> momentum_stability_limit(1.0, 0.5)
        3.0
    """
    return 2 * (1 + in_range("beta", beta, 0, 1, "[)")) / positive("L", L)


def nesterov_stability_limit(L, beta):
    """Return the rate at and above which Nesterov's method cannot converge, (2 + 2 beta) / ((1 + 2 beta) L).

    Args: L: the largest curvature; beta: memory in [0, 1). Returns: a float. Raises: ValueError out of range.
    Example:
        >>> nesterov_stability_limit(1.0, 0.5)
        1.5
    """
    return momentum_stability_limit(L, beta) / (1 + 2 * beta)


def best_gd(mu, L):
    """Return gradient descent's best settings: lr = 2 / (mu + L), with the rate (kappa - 1) / (kappa + 1).

    Args: mu, L: positive, mu <= L. Returns: a Tuning with beta = 0. Raises: ValueError out of range.
    Example:
        >>> best_gd(1.0, 3.0)
        Tuning(lr=0.5, beta=0.0, rate=0.5)
    """
    mu, L = _curvatures(mu, L)
    return Tuning(2 / (mu + L), 0.0, (L - mu) / (L + mu))


def best_momentum(mu, L):
    """Return heavy-ball momentum's best settings on a quadratic (Polyak, 1964).

    lr = (2 / (sqrt L + sqrt mu))^2, beta = rate^2, rate = (sqrt kappa - 1) / (sqrt kappa + 1)

    Args: mu, L: positive, mu <= L. Returns: a Tuning. Raises: ValueError out of range.
    Example:
        >>> best_momentum(1.0, 9.0)
        Tuning(lr=0.25, beta=0.25, rate=0.5)
    """
    mu, L = _curvatures(mu, L)
    low, high = math.sqrt(mu), math.sqrt(L)
    rate = (high - low) / (high + low)
    return Tuning((2 / (high + low)) ** 2, rate**2, rate)


def best_nesterov(mu, L):
    """Return Nesterov's settings tuned to a quadratic (Lessard, Recht and Packard, 2016).

    lr = 4 / (3L + mu), beta = (s - 2) / (s + 2), rate = 1 - 2 / s, with s = sqrt(3 kappa + 1)

    Args: mu, L: positive, mu <= L. Returns: a Tuning. Raises: ValueError out of range.
    Example:
        >>> best_nesterov(1.0, 5.0)
        Tuning(lr=0.25, beta=0.3333333333333333, rate=0.5)
    """
    mu, L = _curvatures(mu, L)
    s = math.sqrt(3 * L / mu + 1)
    return Tuning(4 / (3 * L + mu), (s - 2) / (s + 2), 1 - 2 / s)


def standard_nesterov(mu, L):
    """Return the settings that serve every strongly convex problem (Nesterov, 2004), with the rate on a quadratic.

    lr = 1 / L, beta = (sqrt kappa - 1) / (sqrt kappa + 1), rate = 1 - 1 / sqrt kappa

    Args: mu, L: positive, mu <= L. Returns: a Tuning. Raises: ValueError out of range.
    Example:
        >>> standard_nesterov(1.0, 4.0)
        Tuning(lr=0.25, beta=0.3333333333333333, rate=0.5)
    """
    mu, L = _curvatures(mu, L)
    root = math.sqrt(L / mu)
    return Tuning(1 / L, (root - 1) / (root + 1), 1 - 1 / root)


def iterations_bound(kappa, shrink):
    """Return how many steps of best gradient descent surely multiply the error by `shrink` or less.

    ceil(log(1 / shrink) / log((kappa + 1) / (kappa - 1))), near kappa/2 * log(1 / shrink) for large kappa

    Args: kappa: the condition number, at least 1; shrink: in (0, 1). Returns: an int, 1 when kappa is 1.
    Raises: ValueError out of range.
    Example:
        >>> iterations_bound(100, 1e-6)
        691
    """
    kappa = in_range("kappa", kappa, 1, np.inf, "[)")
    shrink = in_range("shrink", shrink, 0, 1, "()")
    if kappa == 1:
        return 1
    # 2 / (kappa - 1) is exact where the quotient (kappa + 1) / (kappa - 1) would round to 1.
    return math.ceil(-math.log(shrink) / math.log1p(2 / (kappa - 1)))


def escape_steps(distance, lr, curvature):
    """Return the steps gradient descent needs to carry a point from `distance` to distance 1 off a saddle.

    ceil(log(1 / distance) / log(1 + lr * curvature)), curvature being the size of the negative eigenvalue

    Args: distance: in (0, 1); lr, curvature: positive. Returns: an int. Raises: ValueError out of range.
    Example:
        >>> escape_steps(1e-12, lr=0.1, curvature=1.0)
        290
    """
    distance = in_range("distance", distance, 0, 1, "()")
    return math.ceil(-math.log(distance) / math.log1p(positive("lr", lr) * positive("curvature", curvature)))


def sgd_variance(lr, curvature, noise, batch_size=1):
    """Return the variance of a coordinate around the minimum under noisy gradients at a constant rate.

    lr * noise / (batch_size * curvature * (2 - lr * curvature)), on 1/2 curvature x^2

    Args: lr, curvature: positive, lr * curvature < 2; noise: the variance of one example's gradient;
        batch_size: at least 1.
    Returns: a float. Raises: ValueError out of range, or above the stability limit.
    Example:
        >>> round(sgd_variance(0.1, 1.0, 1.0), 6)
        0.052632
    """
    product = positive("lr", lr) * positive("curvature", curvature)
    if product >= 2:
        raise ValueError(f"lr * curvature must be below 2 for a variance to exist, got {product}")
    noise = in_range("noise", noise, 0, np.inf, "[)")
    return lr * noise / (positive_integer("batch_size", batch_size) * curvature * (2 - product))


def all_positive_probability(n):
    """Return the probability that a random symmetric matrix (GOE) has no negative eigenvalue.

    1/2, (2 - sqrt 2) / 4, (pi - 2 sqrt 2) / (4 pi), ... falling like exp(-n^2 log(3) / 4) (Dean and Majumdar, 2006)

    The integral of the eigenvalues' joint density is a Pfaffian of two-dimensional moments (de Bruijn, 1955),
    here in polar coordinates, where the radius integrates to a Gamma function.

    Args: n: the size, 1 to 10. Returns: a float. Raises: ValueError out of range.
    Example:
        >>> [round(all_positive_probability(n), 6) for n in (1, 2, 3, 4)]
        [0.5, 0.146447, 0.024921, 0.002457]
    """
    n = positive_integer("n", n)
    if n > 10:
        raise ValueError(f"n must be at most 10, where rounding leaves six digits, got {n}")
    nodes, weights = np.polynomial.legendre.leggauss(60)
    powers = np.arange(n)
    sums = powers[:, None] + powers
    radial = np.array([[2 ** (k / 2) * math.gamma(k / 2 + 1) for k in row] for row in sums])

    def squared_pfaffian(low, high, whole_line):
        angle = (high - low) / 2 * nodes + (high + low) / 2
        x, y = np.cos(angle) ** powers[:, None], np.sin(angle) ** powers[:, None]
        half = x * weights @ y.T * (high - low) / 2
        A = radial * (half - half.T)
        if n % 2:
            line = np.array([2 ** ((k - 1) / 2) * math.gamma((k + 1) / 2) for k in powers])
            line = line * 2 * (powers % 2 == 0) if whole_line else line
            A = np.block([[A, line[:, None]], [-line[None], np.zeros((1, 1))]])
        return np.linalg.det(A)

    positive_half = squared_pfaffian(math.pi / 4, math.pi / 2, whole_line=False)
    return math.sqrt(positive_half / squared_pfaffian(math.pi / 4, 5 * math.pi / 4, whole_line=True))


def deep_linear_mode(t, strength, start):
    """Return the strength that a two-layer linear network has learned of one mode (Saxe et al., 2013).

    u(t) = s e^{2st} / (e^{2st} - 1 + s / u0), with t = steps * lr

    Args: t: time, a number or an array; strength: s, positive; start: u0, in (0, s). Returns: t's shape.
    Raises: ValueError out of range.
    Example:
        >>> float(deep_linear_mode(0.0, 3.0, 0.001))
        0.001
    """
    s = positive("strength", strength)
    u0 = in_range("start", start, 0, s, "()")
    return s / (1 + (s / u0 - 1) * np.exp(-2 * s * np.asarray(t, dtype=float)))


def bilinear_norm(lr, steps):
    """Return what simultaneous gradient steps on x*y multiply the distance to the origin by: (1 + lr^2)^(steps/2).

    Args: lr: a number; steps: at least 1. Returns: a float. Raises: ValueError out of range.
    Example:
        >>> round(bilinear_norm(0.1, 100), 6)
        1.644632
    """
    return (1 + number("lr", lr) ** 2) ** (positive_integer("steps", steps) / 2)
