"""Selection: the filters against scikit-learn and against runs, folds and stopping by their promises."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge

from gdcourse.descent import descend
from gdcourse.problems import least_squares
from gdcourse.selection import early_stop, folds, log_uniform, ridge_filter, stopping_filter, trials_needed


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_filters_are_what_ridge_and_a_stopped_run_keep():
    g = rng()
    X, y = g.normal(size=(30, 4)) * [3.0, 1.0, 0.3, 0.1], g.normal(size=30)
    problem = least_squares(X, y)
    curvatures, modes = np.linalg.eigh(problem.hessian(problem.start))
    whole = problem.minimizer @ modes
    ridge = Ridge(alpha=30 * 0.2, fit_intercept=False).fit(X, y).coef_
    assert ridge @ modes / whole == pytest.approx(ridge_filter(curvatures, 0.2))
    lr = 0.5 / curvatures[-1]
    path = descend(problem, lr=lr, steps=40).path
    steps = np.array([[0], [1], [40]])
    assert path[[0, 1, 40]] @ modes / whole == pytest.approx(stopping_filter(curvatures, lr, steps), abs=1e-9)


@pytest.mark.parametrize(("n", "k"), [(10, 2), (11, 3), (7, 7)])
def test_folds_hold_out_everything_once_and_share_nothing(n, k):
    parts = list(folds(n, k, rng()))
    assert sorted(np.concatenate([held for _, held in parts])) == list(range(n))
    for kept, held in parts:
        assert sorted([*kept, *held]) == list(range(n)) and n // k <= len(held) <= -(-n // k)
    again, other = (np.concatenate([held for _, held in folds(n, k, rng(seed))]) for seed in (0, 1))
    assert (again == np.concatenate([held for _, held in parts])).all() and (other != again).any()


@pytest.mark.parametrize(
    ("losses", "patience", "best"),
    [([5, 4, 3], 1, 2), ([3, 4, 5], 1, 0), ([3, 2, 2, 2, 1], 2, 1), ([3, 2, 2, 2, 1], 3, 4), ([1], 5, 0),
     ([2, 3, 1, 3, 3, 0], 2, 2)],
)  # fmt: skip
def test_a_run_stops_when_patience_ends_and_goes_back_to_the_best(losses, patience, best):
    assert early_stop(losses, patience) == best


def test_log_uniform_is_uniform_in_the_logarithm():
    draws = log_uniform(1e-4, 10.0, rng(), 5000)
    assert stats.kstest(np.log10(draws), "uniform", args=(-4, 5)).pvalue > 1e-4


def test_the_number_of_trials_is_the_smallest_that_is_enough():
    for share, certainty in ((0.05, 0.95), (0.01, 0.5), (0.5, 0.99)):
        n = trials_needed(share, certainty)
        assert 1 - (1 - share) ** n >= certainty > 1 - (1 - share) ** (n - 1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ridge_filter([1.0], 0), "l2 must be a positive finite number, got 0"),
        (lambda: ridge_filter([-1.0], 1), "curvatures must be at least 0, got -1.0"),
        (lambda: stopping_filter([1.0], math.nan, 1), "lr must be a finite number, got nan"),
        (lambda: folds(3, 1, rng()), "k must be an integer of at least 2, got 1"),
        (lambda: folds(3, 4, rng()), "k must be at most n = 3, got 4"),
        (lambda: folds(3, 2, None), "rng must be"),
        (lambda: early_stop([], 1), "losses must hold at least one number, got none"),
        (lambda: early_stop([1.0, math.nan], 1), "losses must be finite"),
        (lambda: early_stop([1.0], 0), "patience must be an integer of at least 1, got 0"),
        (lambda: log_uniform(1.0, 1.0, rng()), "high must be above low = 1.0, got 1.0"),
        (lambda: trials_needed(0, 0.5), "share must"),
        (lambda: trials_needed(0.5, 1), "certainty must"),
    ],
)
def test_bad_input_names_itself(call, words):
    with pytest.raises(ValueError, match=words):
        call()
