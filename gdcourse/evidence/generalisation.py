"""What many dimensions do and do not cost, and which solution gradient descent picks where there are many."""

import numpy as np

from gdcourse import data, theory
from gdcourse.descent import descend
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near
from gdcourse.problems import Problem, least_squares, quadratic
from gdcourse.stable import sigmoid, softplus


def local_search(dimension, rng, share=0.01, chains=50):
    """Minimise |x|^2 / 2 by random steps kept when they help; return the mean evaluations to a share of the start.

    The step's length grows by e^(1/3) after a success and shrinks by e^(-1/12) after a failure, which holds the
    successes at one in five (Rechenberg, 1973).
    """
    x = np.ones((chains, dimension)) / np.sqrt(dimension)
    values = (x * x).sum(axis=1) / 2
    target = share * values
    length = np.full(chains, 1 / np.sqrt(dimension))
    evaluations = np.zeros(chains)
    while (running := values > target).any():
        trial = x + length[:, None] * rng.normal(size=x.shape)
        there = (trial * trial).sum(axis=1) / 2
        better = running & (there < values)
        x, values = np.where(better[:, None], trial, x), np.where(better, there, values)
        length = length * np.exp(np.where(better, 1 / 3, -1 / 12))
        evaluations += running
    return float(evaluations.mean())


def r32():
    """Compare a random direction with the gradient, and random search with descent, from 2 to 200 dimensions."""
    rng = np.random.default_rng(0)
    dimensions = (2, 10, 50, 200)
    rows, searches = [], {}
    for d in dimensions:
        directions = rng.normal(size=(40_000, d))
        cosines = directions[:, 0] ** 2 / (directions**2).sum(axis=1)
        # The squared cosine has variance 2 (d - 1) / (d^2 (d + 2)).
        slack = 5 * np.sqrt(2 * (d - 1) / (d + 2) / len(cosines))
        rows.append(near(f"{d} times the mean squared cosine with the gradient", d * cosines.mean(), 1, absolute=slack,
                         basis=CLOSED_FORM, shown=3))
        searches[d] = local_search(d, rng)
        run = descend(quadratic(np.eye(d)), lr=0.5, steps=100, start=np.ones(d) / np.sqrt(d))
        rows.append(near(f"gradient descent: steps to 1 % in {d} dimensions",
                         np.argmax(run.values <= 0.01 * run.values[0]), 4,
                         basis=CLOSED_FORM))  # fmt: skip
    per_dimension = {d: count / d for d, count in searches.items()}
    rows += [
        near(f"random search: evaluations to 1 % over d, d = {d}", count, per_dimension[50], relative=0.4, digits=3,
             shown=2)
        for d, count in per_dimension.items()
        if d != 50
    ]
    return Evidence("R32", "Dimension costs random search, not the gradient", "closed form; Rechenberg (1973)",
                    tuple(rows), data=searches)  # fmt: skip


def crowd_and_loner():
    """Return a logistic regression without a bias: nine examples at (1/2, 1) and one at (1/2, -1), all of class 1.

    They are separable, by the margin 1/2 in the direction (1, 0), so the loss has no minimum.
    """
    Z, weights = np.array([[0.5, 1.0], [0.5, -1.0]]), np.array([0.9, 0.1])

    def value_and_gradient(w):
        margins = Z @ w
        return float(weights @ softplus(-margins)), -Z.T @ (weights * sigmoid(-margins))

    return Problem(lambda w: value_and_gradient(w)[0], lambda w: value_and_gradient(w)[1],
                   dimension=2, start=np.zeros(2), fused=value_and_gradient)  # fmt: skip


def stopping_filters(lr_share=0.02, times=(1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)):
    """Stop descent on the diabetes data at several times; return what part of each mode of the solution it has found.

    Returns: times t, curvatures l (10,), the parts found, those of 1 - (1 - lr l)^t, and those that ridge regression
    with the penalty 1 / (lr t) keeps, l / (l + 1 / (lr t)): each (len(times), 10).
    """
    diabetes = data.diabetes()
    problem = least_squares(data.standardize(diabetes.X).X, diabetes.y - diabetes.y.mean())
    curvatures, modes = np.linalg.eigh(problem.hessian(problem.start))
    lr = lr_share / curvatures[-1]
    times = np.array(times)
    path = descend(problem, lr=lr, steps=int(times.max())).path[times]
    found = (path @ modes) / (problem.minimizer @ modes)
    promised = 1 - (1 - lr * curvatures) ** times[:, None]
    ridge = curvatures / (curvatures + 1 / (lr * times[:, None]))
    return times, curvatures, found, promised, ridge


def r35():
    """Follow descent where the data do not fix the answer: too few equations, separable classes, an early stop."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 50)), rng.normal(size=20)
    wide = least_squares(X, y)
    smoothness = theory.curvature_range(wide.hessian(wide.start))[1]
    least = descend(wide, lr=1 / smoothness, steps=3000).final

    logistic = descend(crowd_and_loner(), lr=1.0, steps=100_000)
    decades = 10 ** np.arange(2, 6)
    weights = logistic.path[decades]
    norms, angles = np.linalg.norm(weights, axis=1), np.arctan2(weights[:, 1], weights[:, 0])

    _, _, found, promised, ridge = filters = stopping_filters()
    z = np.linspace(0, 10, 100_001)
    gap = np.abs(found - ridge)
    rows = (
        near("fewer equations than unknowns: distance to the least-norm solution",
             np.linalg.norm(least - np.linalg.pinv(X) @ y), 0, absolute=1e-12, basis=CLOSED_FORM),
        near("separable: growth of |w| from 10^4 to 10^5 steps, log(10) / margin", norms[3] - norms[2], 2 * np.log(10),
             relative=0.01, basis=CLOSED_FORM, shown=4),
        near("separable: w across the widest margin, log(9) / 2", weights[3, 1], np.log(9) / 2, absolute=1e-3,
             basis=CLOSED_FORM, shown=4),
        near("separable: angle to the widest margin after 100 steps, degrees", np.degrees(angles[0]), 14.1,
             absolute=0.1, digits=3, shown=3),
        near("separable: angle after 100,000 steps, degrees", np.degrees(angles[3]), 3.3, absolute=0.1, digits=2,
             shown=2),
        near("early stopping: part found less 1 - (1 - lr l)^t, most", np.abs(found - promised).max(), 0,
             absolute=1e-9, basis=CLOSED_FORM),
        near("early stopping and ridge: largest gap, max of 1/(1 + z) - exp(-z)",
             (1 / (1 + z) - np.exp(-z)).max(), 0.2036, absolute=1e-4, digits=4, basis=CLOSED_FORM, shown=4),
        between("early stopping and ridge: largest gap on diabetes", gap.max(), high=0.21, shown=3),
        near("the same where less than a tenth is found", gap[found < 0.1].max(), 0, absolute=0.01, shown=1),
    )  # fmt: skip
    return Evidence("R35", "Which solution descent picks", "Soudry et al. (2018); least squares in closed form", rows,
                    data={"weights": logistic.path, "filters": filters})  # fmt: skip
