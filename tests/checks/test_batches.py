"""Assignment 4's references, held against what is known without them."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import SGDRegressor
from sklearn.utils import gen_batches

from gdcourse.checks import batches


@pytest.mark.parametrize(("n", "size"), [(10, 3), (12, 4), (5, 5), (7, 1)])
def test_an_epoch_is_cut_as_scikit_learn_cuts_it(n, size):
    rng = np.random.default_rng(0)
    epochs = [list(batches.iterate_minibatches(n, size, rng)) for _ in range(2000)]
    assert [len(rows) for rows in epochs[0]] == [len(range(n)[piece]) for piece in gen_batches(n, size)]
    rows = np.array([np.concatenate(epoch) for epoch in epochs])
    assert (np.sort(rows, axis=1) == np.arange(n)).all()
    counts = np.bincount(rows[:, 0], minlength=n)  # who comes first is drawn evenly
    assert stats.chisquare(counts).pvalue > 1e-4


def test_minibatch_gradient_is_unbiased_with_the_variance_of_the_book():
    """Over all draws of B out of n the mean squared error is sigma^2 / B (n - B) / (n - 1)."""
    g = np.random.default_rng(0).normal(size=(6, 3))
    spread = g.var(axis=0).sum()
    for size in (1, 2, 3, 5, 6):
        estimates = np.array([batches.minibatch_gradient(g.__getitem__, rows) for rows in combinations(range(6), size)])
        np.testing.assert_allclose(estimates.mean(axis=0), g.mean(axis=0))
        assert ((estimates - g.mean(axis=0)) ** 2).sum(axis=1).mean() == pytest.approx(spread / size * (6 - size) / 5)


@pytest.mark.parametrize("seed", range(5))
def test_sgd_with_rates_1_over_t_is_the_running_mean(seed):
    """Towards c_i by 1 / (t + 1): after any whole number of epochs x is the mean of all c, in whatever order."""
    c = np.random.default_rng(seed).normal(size=(12, 2))
    x = batches.sgd(lambda x, i: x - c[i], 12, np.array([50.0, -50.0]), lambda t: 1 / (t + 1), 3, 1,
                    np.random.default_rng(seed))  # fmt: skip
    np.testing.assert_allclose(x, c.mean(axis=0), atol=1e-12)


def test_sgd_settles_only_if_the_rate_falls():
    """Least squares, one example at a time: a constant rate ends on a floor, and 2 / (t + 50) far below it (R13)."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3))
    y = X @ np.ones(3) + rng.normal(size=1000)
    best = np.linalg.lstsq(X, y, rcond=None)[0]

    def distance(schedule, epochs, seed):
        x = batches.sgd(lambda x, i: (x @ X[i] - y[i]) * X[i], 1000, np.zeros(3), schedule, epochs, 1,
                        np.random.default_rng(seed))  # fmt: skip
        return np.sum((x - best) ** 2)

    schedules = (lambda t: 0.05), (lambda t: 2 / (t + 50))
    constant, falling = (np.mean([distance(schedule, 3, seed) for seed in range(3)]) for schedule in schedules)
    assert falling < constant / 20


def test_sgd_over_everything_is_scikit_learns_descent_on_the_mean_example():
    theirs = SGDRegressor(penalty=None, learning_rate="invscaling", eta0=0.1, power_t=0.5, fit_intercept=False,
                          tol=None, max_iter=9, shuffle=False).fit([[2.0]], [3.0])  # fmt: skip

    def grad_i(x, i):  # all of it comes from the second of two examples
        return 2 * (2 * x - 3) * 2 * (i == 1)

    rng = np.random.default_rng(0)
    ours = batches.sgd(grad_i, 2, [0.0], lambda t: 0.1 / np.sqrt(t + 1), 9, 2, rng)
    np.testing.assert_allclose(ours, theirs.coef_)


def test_cosine_schedule_is_continuous_and_ends_where_it_should():
    def rate(t):
        return batches.cosine_schedule(t, 50, 0.8, 0.1, 10)

    rates = np.array([rate(t) for t in range(120)])
    np.testing.assert_allclose(rates[:11], np.linspace(0, 0.8, 12)[1:])
    assert rate(30) == pytest.approx(0.45) and rate(20) == pytest.approx(0.1 + 0.7 * (2 + np.sqrt(2)) / 4)
    assert rate(10) == 0.8 and (rates[50:] == 0.1).all() and (np.diff(rates[10:51]) < 0).all()
    assert np.abs(np.diff(rates)).max() < 0.08


def test_combine_shards_is_numpys_weighted_average():
    rng = np.random.default_rng(0)
    g, sizes = rng.normal(size=(40, 2, 3)), [5, 1, 20, 14]
    parts = [part.mean(axis=0) for part in np.split(g, np.cumsum(sizes)[:-1])]
    np.testing.assert_allclose(batches.combine_shards(parts, sizes), g.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(batches.combine_shards(parts, sizes), np.average(parts, axis=0, weights=sizes))


@pytest.mark.parametrize("seed", range(10))
def test_lr_range_test_suggests_a_rate_that_is_stable_and_not_tiny(seed):
    """In a bowl with largest curvature 4: within two decades below 2 / 4, while the lowest loss lies at the cliff."""
    rng = np.random.default_rng(seed)
    H, start = np.diag([1.0, 4.0]), rng.uniform(2, 4, size=2)

    def f(x):
        return (x @ H @ x + 1) * (1 + 0.05 * np.sin(30 * x.sum()))

    lrs, losses, suggestion = batches.lr_range_test(f, lambda x: H @ x, start, 1e-3, 100.0, 60)
    assert 0.005 < suggestion < 0.5 < lrs[-1] < 100 and len(lrs) == len(losses) < 60
    np.testing.assert_allclose(lrs, np.geomspace(1e-3, 100, 60)[: len(lrs)])
    assert losses.max() <= 4 * losses[0] and lrs[np.argmin(losses)] > 1.5 * suggestion
