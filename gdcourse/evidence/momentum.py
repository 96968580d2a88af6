"""Momentum: the rates it reaches on quadratics, where it stops being stable, and where its theory ends."""

import numpy as np

from gdcourse import theory
from gdcourse.descent import descend
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near
from gdcourse.evidence.descent import log_spaced_quadratic, r2_descent
from gdcourse.optimizers import gd, momentum, nesterov
from gdcourse.problems import Problem

METHODS = {
    "heavy ball": (momentum, theory.best_momentum),
    "Nesterov": (nesterov, theory.standard_nesterov),
    "Nesterov, tuned": (nesterov, theory.best_nesterov),
}
"""The three accelerated methods of the comparison: the optimiser, and what theory says its settings are."""

# The two-sequence form of Nesterov's method counts one more, 139, 120, 455 and 393: its points are one gradient
# step behind the look-ahead points counted here.
STEPS_TO_MILLIONTH = {100: (85, 138, 119), 1000: (288, 454, 392)}


def rates(kappa, steps):
    """Run gradient descent and the accelerated methods at their best settings on one quadratic.

    Args: kappa: the condition number, of 50 curvatures from 1 to kappa; steps: of each run.
    Returns: a dictionary, name -> (Tuning, errors (steps + 1,) relative to the start).
    Example:
        >>> tuning, errors = rates(100, 200)["heavy ball"]
        >>> round(tuning.rate, 4), int(np.argmax(errors <= 1e-6))
        (0.8182, 85)
    """
    problem, start = log_spaced_quadratic(kappa)
    runs = {}
    for name, (method, best) in {"gradient descent": (lambda beta: gd(), theory.best_gd), **METHODS}.items():
        tuning = best(1, kappa)
        trace = descend(problem, method(tuning.beta), lr=tuning.lr, steps=steps, start=start)
        runs[name] = tuning, np.linalg.norm(trace.path, axis=1) / np.linalg.norm(start)
    return runs


def growth(problem, optimizer, lr, start, steps=1000):
    """Return the factor of the error per step over the second half of a run; 1 and above does not converge."""
    errors = np.linalg.norm(descend(problem, optimizer, lr=lr, steps=steps, start=start).path, axis=1)
    half = len(errors) // 2
    # A run that overflows ends early, and its last points still show the growth.
    return (errors[-1] / errors[half]) ** (1 / (len(errors) - 1 - half))


def _kinked_value(theta):
    x = float(theta[0])
    if x < 1:
        return 12.5 * x * x
    return 0.5 * x * x + 24 * x - 12 if x < 2 else 12.5 * x * x - 24 * x + 36


def _kinked_gradient(theta):
    x = theta
    return np.where(x < 1, 25 * x, np.where(x < 2, x + 24, 25 * x - 24))


def kinked_bowl():
    """Return the convex function of one variable on which well-tuned heavy ball never arrives.

    Its slope is 25x below 1, x + 24 from 1 to 2, 25x - 24 above: curvature between mu = 1 and L = 25 everywhere.

    Returns: a Problem over (1,), started at 3.3, with its minimum at 0. Source: Lessard, Recht and Packard, 2016.
    Example:
        >>> kinked_bowl().gradient(np.array([1.5]))
        array([25.5])
    """
    return Problem(_kinked_value, _kinked_gradient, 1, minimizer=np.zeros(1), start=np.array([3.3]))


def r2():
    """Measure the rates, the step counts and the edges of stability of gradient descent and momentum."""
    descent = r2_descent()
    rows = list(descent.rows)
    runs = {100: rates(100, 600), 1000: rates(1000, 600)}
    for name in METHODS:
        tuning, errors = runs[100][name]
        # A double root makes the error t * rate^t, so the measured factor comes down on the rate from above.
        rows.append(near(f"{name}: factor per step, kappa = 100", (errors[600] / errors[300]) ** (1 / 300),
                         tuning.rate, absolute=5e-3, digits=5, basis=CLOSED_FORM, shown=4))  # fmt: skip
    for kappa, counts in STEPS_TO_MILLIONTH.items():
        rows += [
            near(f"{name}: steps to 1e-6 of the start, kappa = {kappa}",
                 np.argmax(runs[kappa][name][1] <= 1e-6), count)
            for name, count in zip(METHODS, counts)
        ]  # fmt: skip
    problem, start = log_spaced_quadratic(100)
    for name, method, limit in (
        ("heavy ball, beta = 0.9", momentum, theory.momentum_stability_limit),
        ("Nesterov, beta = 0.9", nesterov, theory.nesterov_stability_limit),
    ):
        edge = limit(100, 0.9)
        rows += [
            between(f"{name}: factor of the error 0.1 % below its edge",
                    growth(problem, method(0.9), 0.999 * edge, start), high=1, basis=CLOSED_FORM, shown=4),
            between(f"{name}: factor of the error 0.1 % above its edge",
                    growth(problem, method(0.9), 1.001 * edge, start), low=1, basis=CLOSED_FORM, shown=4),
        ]  # fmt: skip
    kinked = kinked_bowl()
    tuning = theory.best_momentum(1, 25)
    cycle = descend(kinked, momentum(tuning.beta), lr=tuning.lr, steps=3000)
    plain = descend(kinked, lr=theory.best_gd(1, 25).lr, steps=3000)
    last = np.roll(cycle.path[-3:, 0], -int(np.argmin(np.abs(cycle.path[-3:, 0] - 0.6465))))
    rows += [
        near(f"heavy ball on the kinked bowl: point {i + 1} of the cycle", point, expected, absolute=5e-5, digits=5,
             basis=CLOSED_FORM, shown=5)
        for i, (point, expected) in enumerate(zip(last, (0.6465, -1.8024, 2.1159)))
    ]
    rows.append(between("gradient descent there: distance to the minimum", abs(plain.final[0]), high=1e-12,
                        basis=CLOSED_FORM))  # fmt: skip
    return Evidence(
        "R2",
        "Momentum takes the square root of the condition number",
        "Polyak (1964); Nesterov (1983, 2004); Lessard, Recht and Packard (2016)",
        tuple(rows),
        data={"runs": runs, "zigzags": descent.data, "cycle": cycle, "plain": plain},
    )
