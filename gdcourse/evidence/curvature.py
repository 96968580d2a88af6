"""Second derivatives at work: Newton drawn to a saddle, Newton beside descent, the natural gradient."""

from dataclasses import replace

import numpy as np

from gdcourse import data, theory
from gdcourse.curvature import (
    GAUSSIANS,
    bfgs,
    fisher_gaussian,
    gaussian_fit,
    natural_gradient,
    newton,
    saddle_free_newton,
)
from gdcourse.descent import backtracking_step, descend, descend_with
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near
from gdcourse.linear import logistic_regression
from gdcourse.problems import surface_problem


def saddle_with_hessian():
    """Return x^2 - y^2 + 0.1 y^4 with its Hessian."""
    return replace(surface_problem("saddle"), hessian=lambda p: np.diag([2.0, -2.0 + 1.2 * p[1] * p[1]]))


def rosenbrock_with_hessian():
    """Return Rosenbrock's valley with its Hessian."""

    def hessian(p):
        x, y = p
        return np.array([[2 - 400 * (y - 3 * x * x), -400 * x], [-400 * x, 200.0]])

    return replace(surface_problem("rosenbrock"), hessian=hessian)


def r27():
    """Start three methods beside the saddle of x^2 - y^2 + 0.1 y^4, at (1, 0.1)."""
    saddle, start = saddle_with_hessian(), [1.0, 0.1]
    runs = {
        "Newton": newton(saddle, steps=20, start=start, tolerance=1e-14),
        "saddle-free Newton": saddle_free_newton(saddle, steps=50, start=start, tolerance=1e-12),
        "gradient descent": descend(saddle, lr=0.1, steps=30, start=start),
    }
    plain, free, descent = runs.values()
    rows = (
        near("Newton: distance to the saddle (0, 0)", np.linalg.norm(plain.final), 0, absolute=1e-14,
             basis=CLOSED_FORM),
        near("Newton: value", plain.values[-1], 0, absolute=1e-14, basis=CLOSED_FORM),
        near("saddle-free Newton: y", free.final[1], 5**0.5, absolute=1e-12, basis=CLOSED_FORM),
        near("saddle-free Newton: value", free.values[-1], -2.5, absolute=1e-12, basis=CLOSED_FORM),
        near("30 steps of gradient descent: value", descent.values[-1], -2.49999, absolute=1e-5),
    )
    return Evidence("R27", "Newton's method is drawn to saddles", "Dauphin et al. (2014)", rows, data=runs)


def logistic_smoothness(X, l2):
    """Return the largest curvature a logistic regression can have: a quarter of the inputs' own, and the penalty's."""
    inputs = np.column_stack([X, np.ones(len(X))])
    return theory.curvature_range(inputs.T @ inputs / len(X))[1] / 4 + 2 * l2


def r29():
    """Fit a logistic regression and cross Rosenbrock's valley, with curvature and without.

    The logistic model has a bias, not penalised, as scikit-learn's has. Without one, Newton needs 9 steps and
    descent 12,073.
    """
    cancer = data.breast_cancer()
    X = data.standardize(cancer.X).X
    l2 = 1 / (2 * len(X))
    problem = logistic_regression(X, cancer.y, l2=l2)
    fast = newton(problem, steps=20, tolerance=1e-12)
    slow = descend(problem, lr=1 / logistic_smoothness(X, l2), steps=20_000, tolerance=1e-6)
    logs = np.log(fast.gradient_norms)
    # The last norm is at the limit of rounding and says nothing about the order.
    order = (logs[8] - logs[7]) / (logs[7] - logs[6])
    valley = rosenbrock_with_hessian()
    across = {
        "gradient descent": descend_with(valley, lambda theta, g: backtracking_step(valley, theta, -g),
                                         steps=20_000, tolerance=1e-5),
        "Newton": newton(valley, steps=100, line_search=True, tolerance=1e-5),
        "BFGS": bfgs(valley, steps=200, tolerance=1e-5),
    }  # fmt: skip
    rows = (
        between("logistic: Newton steps to a gradient of 1e-12", fast.steps, high=11),
        near("logistic: order of convergence", order, 2, absolute=0.05, digits=2, basis=CLOSED_FORM, shown=2),
        near("logistic: gradient descent steps to 1e-6 at 1/L", slow.steps, 12_213, relative=0.02, digits=5),
        between("logistic: the gradient then", slow.gradient_norms[-1], high=1e-6, basis=CLOSED_FORM),
        near("Rosenbrock: gradient descent steps", across["gradient descent"].steps, 10_916, relative=0.02, digits=5),
        between("Rosenbrock: Newton steps", across["Newton"].steps, 15, 25),
        between("Rosenbrock: BFGS steps", across["BFGS"].steps, 25, 45),
        *(
            near(f"Rosenbrock: error of {name}", np.linalg.norm(run.final - 1), 0, absolute=5e-5,
                 basis=CLOSED_FORM, shown=0)
            for name, run in across.items()
        ),
    )
    return Evidence("R29", "Newton's quadratic convergence", "Kantorovich's theorem; Nocedal and Wright (2006)", rows,
                    data={"newton": fast, "descent": slow, "valley": across})  # fmt: skip


def gaussian_paths(follow, lr, time=4.0, start=(1.0, 1.0), goal=(0.0, 2.0)):
    """Run a method in each parameterisation of a Gaussian; return name -> path of (mu, sigma), (steps + 1, 2)."""
    paths = {}
    for name, chart in GAUSSIANS.items():
        problem = gaussian_fit(goal[0], goal[1] ** 2, name)
        trace = follow(problem, name, lr, round(time / lr), [start[0], chart.phi(start[1])])
        paths[name] = np.column_stack([trace.path[:, 0], chart.sigma(trace.path[:, 1])])
    return paths


def _follow_natural(problem, name, lr, steps, start):
    return natural_gradient(problem, lambda theta: fisher_gaussian(theta, name), lr=lr, steps=steps, start=start)


def _follow_plain(problem, name, lr, steps, start):
    return descend(problem, lr=lr, steps=steps, start=start)


def path_spread(paths):
    """Return the largest distance, at equal times, between two of the paths."""
    stacked = np.array(list(paths.values()))
    return np.linalg.norm(stacked[:, None] - stacked[None], axis=-1).max()


PLAIN_RATES = {"1/t": (1.0, 1.0), "2/t": (2.0, 2.0), "tuned": (4.0, 0.5)}
"""Rates c of c / (t + 5) for (mu, log sigma), of the plain gradient; 4 and 1/2 are the best for sigma = 2."""


def online_gaussian(rng, steps=1000, replicates=4000, mu=1.0, sigma=2.0):
    """Learn a Gaussian from one draw at a time with rates c / (t + 5), by the natural and the plain gradient.

    All start at mu = 0 with the right sigma; the natural gradient has c = 1.
    Returns method -> steps * mean squared error of (mu, log sigma) over the replicates.
    """
    truth = (mu, np.log(sigma))
    start = [np.zeros(replicates), np.full(replicates, truth[1])]
    estimates = {"natural": start, **dict.fromkeys(PLAIN_RATES, start)}
    for t in range(1, steps + 1):
        x = rng.normal(mu, sigma, size=replicates)
        for name, (m, log_s) in estimates.items():
            shrink = np.exp(-log_s)
            z = (x - m) * shrink
            # The score is (z / s, z^2 - 1); the inverse Fisher information multiplies it by (s^2, 1/2).
            rates = (1 / shrink**2, 0.5) if name == "natural" else PLAIN_RATES[name]
            estimates[name] = [m + rates[0] * z * shrink / (t + 5), log_s + rates[1] * (z * z - 1) / (t + 5)]
    return {
        name: [steps * np.mean((learned - true) ** 2) for learned, true in zip(pair, truth)]
        for name, pair in estimates.items()
    }


def r34():
    """Fit a Gaussian under three names for its spread, then one example at a time."""
    natural = {lr: gaussian_paths(_follow_natural, lr) for lr in (0.1, 0.01, 0.001)}
    plain = {lr: gaussian_paths(_follow_plain, lr) for lr in (0.1, 0.01)}
    errors = online_gaussian(np.random.default_rng(0))
    expected = {0.1: 0.093, 0.01: 0.0053, 0.001: 0.00051}
    rows = (
        *(
            near(f"natural gradient: spread of the three paths, lr = {lr}", path_spread(paths), expected[lr],
                 relative=0.02, digits=2)
            for lr, paths in natural.items()
        ),
        near("gradient descent: spread of the three paths, lr = 0.01", path_spread(plain[0.01]), 0.383,
             relative=0.02, digits=3),
        near("online, natural: steps * squared error of mu (Cramér-Rao: sigma²)", errors["natural"][0], 4.0,
             relative=0.08, basis=CLOSED_FORM, shown=2),
        near("online, natural: steps * squared error of log sigma (Cramér-Rao: 1/2)", errors["natural"][1], 0.5,
             relative=0.08, basis=CLOSED_FORM, shown=2),
        near("online, plain, each at its best rate: the same of mu", errors["tuned"][0], 4.0, relative=0.1,
             basis=CLOSED_FORM, shown=2),
        near("online, plain, each at its best rate: of log sigma", errors["tuned"][1], 0.5, relative=0.1,
             basis=CLOSED_FORM, shown=2),
        between("online, plain, both at 1/t: of mu", errors["1/t"][0], low=20, shown=1),
        between("online, plain, both at 2/t: of mu", errors["2/t"][0], low=8, shown=1),
        between("online, plain, both at 2/t: of log sigma", errors["2/t"][1], low=1, shown=1),
    )  # fmt: skip
    return Evidence("R34", "The natural gradient", "Amari (1998)", rows,
                    data={"natural": natural, "plain": plain, "online": errors})  # fmt: skip
