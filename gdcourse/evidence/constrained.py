"""Frank-Wolfe between its bounds, and three ways across the lasso's kinks."""

import numpy as np

from gdcourse import data, theory
from gdcourse.constrained import fista, frank_wolfe, ista, l1_ball, lasso, simplex, subgradient_method
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near
from gdcourse.problems import least_squares, quadratic


def r31():
    """Run Frank-Wolfe on |x|^2 over the simplex and on the diabetes lasso; race subgradients, ISTA and FISTA there.

    The gaps of the lasso are given for half of our objective, |r|^2 / 2n + alpha |w|_1, which is scikit-learn's.
    """
    from sklearn.linear_model import Lasso

    n = 200
    walk = frank_wolfe(quadratic(2 * np.eye(n)), simplex(), steps=150, start=np.eye(n)[0])
    k = np.arange(1, 151)
    gaps = walk.values[1:] - 1 / n
    atoms = (walk.path[1:] > 0).sum(axis=1)

    diabetes = data.diabetes()
    X, y = data.standardize(diabetes.X).X, diabetes.y - diabetes.y.mean()
    problem, l1 = least_squares(X, y), 10.0
    reference = Lasso(alpha=l1 / 2, tol=1e-14, max_iter=100_000).fit(X, y).coef_
    radius = np.abs(reference).sum()
    inside = frank_wolfe(problem, l1_ball(radius), steps=20_000)
    above = (inside.values - problem.value(reference)) / 2
    lr = 1 / theory.curvature_range(problem.hessian(problem.start))[1]
    penalised = lasso(problem, l1)
    runs = {
        "subgradients": subgradient_method(penalised, lr=0.5, steps=200),
        "ISTA": ista(problem, l1=l1, lr=lr, steps=2000),
        "FISTA": fista(problem, l1=l1, lr=lr, steps=2000),
    }
    left = {name: (run.values - penalised.value(reference)) / 2 for name, run in runs.items()}
    rows = (
        *(
            near(f"simplex: gap with {at} atoms", gaps[at - 1], expected, relative=0.01, digits=3, shown=4)
            for at, expected in ((2, 0.5506), (10, 0.1223), (50, 0.02141), (150, 0.003859))
        ),
        between("simplex: least gap over its lower bound 1/k - 1/n", (gaps / (1 / k - 1 / n)).min(), low=1 - 1e-12,
                basis=CLOSED_FORM),
        between("simplex: largest gap over its upper bound 8/(k + 2)", (gaps / (8 / (k + 2))).max(), high=1,
                basis=CLOSED_FORM, shown=2),
        between("simplex: most atoms beyond k + 1", (atoms - k - 1).max(), high=0),
        *(
            near(f"lasso, Frank-Wolfe: gap after {at} steps", above[at], expected, relative=0.05, digits=2,
                 shown=2)
            for at, expected in ((10, 54), (100, 0.61), (1000, 0.011), (20_000, 1.2e-5))
        ),
        between("lasso, Frank-Wolfe: certificate less true gap, least", (inside.gaps / 2 - above).min(), low=-1e-9,
                basis=CLOSED_FORM, shown=2),
        near("lasso, Frank-Wolfe: entries in use at the end", len(inside.support), 5),
        between("lasso: best gap after 10 steps, subgradients", left["subgradients"][:11].min(), low=20),
        between("lasso: gap after 10 steps, ISTA", left["ISTA"][10], 5, 10),
        between("lasso: gap after 10 steps, FISTA", left["FISTA"][10], high=0.5),
        between("lasso: best gap after 100 steps, subgradients", left["subgradients"][:101].min(), 0.5, 5),
        between("lasso: gap after 100 steps, ISTA", left["ISTA"][100], high=6e-9),
        between("lasso: gap after 100 steps, FISTA, behind by now", left["FISTA"][100], 7e-9, 2e-8, shown=0),
        near("lasso: exact zeros after 200 subgradient steps", (runs["subgradients"].final == 0).sum(), 0),
        near("lasso: exact zeros of ISTA", (runs["ISTA"].final == 0).sum(), 5),
        near("lasso: ISTA less scikit-learn's Lasso", np.abs(runs["ISTA"].final - reference).max(), 0, absolute=1e-11,
             basis=CLOSED_FORM),
    )
    figures = {"simplex": walk, "ball": inside, "lasso": runs, "gaps": left, "reference": reference}
    return Evidence("R31", "Frank-Wolfe and the lasso", "Jaggi (2013); Beck and Teboulle (2009)", rows, figures)
