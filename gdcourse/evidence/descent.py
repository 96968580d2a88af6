"""Gradient descent with a constant rate: the line-fit program, the rates on quadratics, and what scaling buys."""

import numpy as np

from gdcourse import data, theory
from gdcourse.descent import descend, descend_with, exact_step
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near
from gdcourse.problems import FOUR_POINTS, least_squares, line_fit, quadratic


def r1():
    """Rerun the line-fit program that many tutorials print: lr = 0.01, 1,000 epochs, the data y = 2x."""
    problem = line_fit(*FOUR_POINTS)
    H = problem.hessian(problem.start)
    (mu, L), directions = np.linalg.eigh(H)
    run = {lr: descend(problem, lr=lr, steps=1000) for lr in (0.01, 0.118, 0.1199, 0.12)}
    slope, intercept = run[0.01].final
    error_left = directions.T @ (run[0.01].final - problem.minimizer) / (directions.T @ -problem.minimizer)
    limit = theory.gd_stability_limit(L)
    x, y = FOUR_POINTS
    centred = line_fit(x - x.mean(), y)
    low, high = theory.curvature_range(centred.hessian(centred.start))
    return Evidence(
        "R1",
        "The line-fit program has not converged",
        "a program that many tutorials print; closed forms from the eigenvalues of its Hessian",
        (
            near("slope after 1,000 epochs at 0.01", slope, 1.9896588, absolute=1e-6, digits=8),
            near("intercept after 1,000 epochs at 0.01", intercept, 0.0304045, absolute=1e-6),
            near("mean squared error there", run[0.01].values[-1], 1.544e-4, relative=1e-3, digits=4),
            near("smallest curvature, (17 - √269) / 2", mu, (17 - 269**0.5) / 2, relative=1e-12, basis=CLOSED_FORM),
            near("largest curvature, (17 + √269) / 2", L, (17 + 269**0.5) / 2, relative=1e-12, basis=CLOSED_FORM),
            near("share of the slow error left, (1 - 0.01 mu)^1000", error_left[0], (1 - 0.01 * mu) ** 1000,
                 relative=1e-9, basis=CLOSED_FORM),
            between("error after 1,000 epochs at 0.118", _error(run[0.118], problem), high=1e-11, basis=CLOSED_FORM),
            between("factor of the error per step just below 2/L", _growth(problem, 0.998 * limit), high=1,
                    basis=CLOSED_FORM, shown=5),
            between("factor of the error per step just above 2/L", _growth(problem, 1.002 * limit), low=1,
                    basis=CLOSED_FORM, shown=5),
            near("loss after 1,000 epochs at 0.1199", run[0.1199].values[-1], 3.6e3, relative=0.02, digits=2),
            near("loss after 1,000 epochs at 0.12", run[0.12].values[-1], 1.0e5, relative=0.02, digits=2),
            near("condition number with x centred", high / low, 1.25, relative=1e-9, basis=CLOSED_FORM),
            between("error after 60 epochs at 0.3 with x centred",
                    _error(descend(centred, lr=0.3, steps=60), centred), high=1e-12, basis=CLOSED_FORM),
        ),
        data={"problem": problem, "runs": run},
    )  # fmt: skip


def _error(trace, problem):
    return np.linalg.norm(trace.final - problem.minimizer)


def _growth(problem, lr, steps=4000):
    """Measure the factor per step over the second half of a run, when the slowest mode is alone."""
    errors = np.linalg.norm(descend(problem, lr=lr, steps=steps).path - problem.minimizer, axis=1)
    half = len(errors) // 2
    return (errors[-1] / errors[half]) ** (1 / (len(errors) - 1 - half))


def log_spaced_quadratic(kappa, modes=50):
    """Return a quadratic with curvatures spread evenly in the logarithm from 1 to kappa, started at all ones."""
    return quadratic(np.diag(np.geomspace(1, kappa, modes))), np.ones(modes)


def r2_descent():
    """Measure gradient descent's rate on quadratics and the zig-zag of exact line search."""
    problem, start = log_spaced_quadratic(100)
    best = theory.best_gd(1, 100)
    errors = np.linalg.norm(descend(problem, lr=best.lr, steps=1000, start=start).path, axis=1)
    rows = [
        near("factor per step at 2/(mu + L), kappa = 100", (errors[1000] / errors[500]) ** (1 / 500), 99 / 101,
             absolute=1e-4, basis=CLOSED_FORM, shown=4),
        near("steps to 1e-6 of the start, kappa = 100", np.argmax(errors <= 1e-6 * errors[0]), 612, digits=3),
    ]  # fmt: skip
    thousand, start = log_spaced_quadratic(1000)
    errors = np.linalg.norm(
        descend(thousand, lr=theory.best_gd(1, 1000).lr, steps=7000, start=start).path, axis=1
    )
    rows.append(near("steps to 1e-6 of the start, kappa = 1000", np.argmax(errors <= 1e-6 * errors[0]), 6107,
                     digits=4))  # fmt: skip
    edge = theory.gd_stability_limit(100)
    rows += [
        between("factor of the error 0.1 % below 2/L", _growth_from_ones(problem, 0.999 * edge), high=1,
                basis=CLOSED_FORM, shown=5),
        between("factor of the error 0.1 % above 2/L", _growth_from_ones(problem, 1.001 * edge), low=1,
                basis=CLOSED_FORM, shown=5),
    ]
    zigzags = {}
    for kappa in (10, 100):
        H = np.diag([1.0, kappa])
        zigzags[kappa] = zigzag = descend_with(
            quadratic(H), lambda theta, g, H=H: exact_step(H, g), steps=30, start=[kappa, 1.0]
        )
        ratios = zigzag.values[1:] / zigzag.values[:-1]
        expected = ((kappa - 1) / (kappa + 1)) ** 2
        worst = ratios[np.argmax(np.abs(ratios - expected))]
        rows.append(near(f"exact line search, the loss ratio of every step, kappa = {kappa}", worst, expected,
                         absolute=1e-12, basis=CLOSED_FORM))  # fmt: skip
    return Evidence(
        "R2", "Gradient descent on quadratics", "Polyak (1964); Nesterov (2004)", tuple(rows), data=zigzags
    )


def _growth_from_ones(problem, lr, steps=8000):
    errors = np.linalg.norm(descend(problem, lr=lr, steps=steps, start=np.ones(problem.dimension)).path, axis=1)
    return (errors[-1] / errors[steps // 2]) ** (2 / steps)


def r30():
    """Measure what standardising the inputs does to the conditioning of two real data sets.

    The published limits on the rate, 2.7e-5 and 0.497, are for half the mean squared error; ours has no half.
    """
    diabetes = data.diabetes()
    target = diabetes.y - diabetes.y.mean()
    centred = diabetes.X - diabetes.X.mean(axis=0)
    scaled = data.standardize(diabetes.X).X

    def kappa(X):
        mu, L = theory.curvature_range(X.T @ X)
        return L / mu

    def limit(X):
        return theory.gd_stability_limit(theory.curvature_range(2 * X.T @ X / len(X))[1])

    problem = least_squares(scaled, target)
    tuning = theory.best_gd(*theory.curvature_range(problem.hessian(problem.start)))
    errors = np.linalg.norm(descend(problem, lr=tuning.lr, steps=4000).path - problem.minimizer, axis=1)
    cancer = data.breast_cancer().X
    rows = (
        near("diabetes: condition number, centred", kappa(centred), 7.6e4, relative=0.02, digits=2),
        near("diabetes: condition number, standardised", kappa(scaled), 470, relative=0.02, digits=3),
        near("diabetes: largest stable rate, raw", limit(diabetes.X), 2.7e-5 / 2, relative=0.02, digits=3),
        near("diabetes: largest stable rate, standardised", limit(scaled), 0.497 / 2, relative=0.02, digits=4),
        near("diabetes: factor per step at the best rate", tuning.rate, 0.995754, relative=1e-6, shown=6),
        near("diabetes: steps to 1e-6 of the start", np.argmax(errors <= 1e-6 * errors[0]), 3208, relative=0.02,
             digits=4),
        near("diabetes: steps promised by the bound",
             theory.iterations_bound((1 + tuning.rate) / (1 - tuning.rate), 1e-6), 3247, relative=0.02, digits=4),
        near("breast cancer: condition number, raw, with the column of ones",
             kappa(np.column_stack([cancer, np.ones(len(cancer))])), 2.4e12, relative=0.02, digits=2),
        near("breast cancer: condition number, standardised", kappa(data.standardize(cancer).X), 1.0e5,
             relative=0.02, digits=2),
    )  # fmt: skip
    return Evidence("R30", "Scaling the inputs", "closed forms; measured on scikit-learn's data", rows, data=errors)
