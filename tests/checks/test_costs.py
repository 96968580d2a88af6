"""Assignment 2's references, held against what is known without them."""

import numpy as np
import pytest
from scipy import special, stats
from scipy.optimize import approx_fprime
from sklearn.metrics import log_loss, mean_pinball_loss

from gdcourse.checks import costs

SEEDS = range(5)


def slopes(cost, x):
    return approx_fprime(x.ravel(), lambda flat: cost(flat.reshape(x.shape)), 1e-7).reshape(x.shape)


@pytest.mark.parametrize("scale", [1, 100, 1e4])
def test_log_softmax_is_scipys(scale):
    Z = np.random.default_rng(0).normal(size=(6, 4)) * scale
    np.testing.assert_allclose(costs.log_softmax(Z), special.log_softmax(Z, axis=1), rtol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_softmax_cross_entropy_is_scikit_learns_log_loss(seed):
    rng = np.random.default_rng(seed)
    Z, y = rng.normal(size=(7, 4)) * 3, rng.integers(4, size=7)
    loss, dZ = costs.softmax_cross_entropy(Z, y)
    assert loss == pytest.approx(log_loss(y, special.softmax(Z, axis=1), labels=range(4)))
    np.testing.assert_allclose(dZ, slopes(lambda Z: costs.softmax_cross_entropy(Z, y)[0], Z), atol=1e-6)
    assert costs.softmax_cross_entropy(np.zeros((3, 10)), np.array([0, 4, 9]))[0] == pytest.approx(np.log(10))


@pytest.mark.parametrize("seed", SEEDS)
def test_binary_ce_is_scipys_entropy_of_a_share(seed):
    rng = np.random.default_rng(seed)
    z, y = rng.normal(size=6) * 4, rng.uniform(size=6)
    p = special.expit(z)
    loss, dz = costs.binary_ce_from_logits(z, y)
    entropy, divergence = special.entr([y, 1 - y]).sum(axis=0), special.rel_entr([y, 1 - y], [p, 1 - p]).sum(axis=0)
    assert loss == pytest.approx(np.mean(entropy + divergence))
    np.testing.assert_allclose(dz, slopes(lambda z: costs.binary_ce_from_logits(z, y)[0], z), atol=1e-6)
    loss, dz = costs.binary_ce_from_logits(np.array([800.0, -800.0]), np.array([0.0, 1.0]))
    assert loss == 800 and dz.tolist() == [0.5, -0.5]


@pytest.mark.parametrize("seed", SEEDS)
def test_gaussian_nll_is_scipys_density(seed):
    rng = np.random.default_rng(seed)
    mu, s, y = rng.normal(size=(3, 5))
    loss, dmu, ds = costs.gaussian_nll(mu, s, y)
    assert loss == pytest.approx(-stats.norm.logpdf(y, mu, np.exp(s)).mean())
    np.testing.assert_allclose(dmu, slopes(lambda mu: costs.gaussian_nll(mu, s, y)[0], mu), atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(ds, slopes(lambda s: costs.gaussian_nll(mu, s, y)[0], s), atol=1e-5, rtol=1e-5)
    mean, spread = stats.norm.fit(y)
    _, dmu, ds = costs.gaussian_nll(np.full(5, mean), np.full(5, np.log(spread)), y)
    assert abs(dmu.sum()) < 1e-12 and abs(ds.sum()) < 1e-12


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.8])
def test_pinball_loss_is_scikit_learns_and_lowest_at_the_quantile(tau):
    rng = np.random.default_rng(0)
    q, y = rng.normal(size=(2, 9))
    loss, dq = costs.pinball_loss(q, y, tau)
    assert loss == pytest.approx(mean_pinball_loss(y, q, alpha=tau))
    np.testing.assert_allclose(dq, slopes(lambda q: costs.pinball_loss(q, y, tau)[0], q), atol=1e-6)
    grid = np.linspace(-3, 3, 1201)
    best = grid[np.argmin([costs.pinball_loss(np.full(9, c), y, tau)[0] for c in grid])]
    assert best == pytest.approx(np.quantile(y, tau, method="inverted_cdf"), abs=0.005)


def test_the_question_in_words_has_the_numbers_it_is_answered_with():
    rng = np.random.default_rng(6)
    t = rng.uniform(0, 1, 200_000)
    x = t + 0.3 * np.sin(2 * np.pi * t) + rng.uniform(-0.1, 0.1, t.size)
    near = t[np.abs(x - 0.3) < 0.02]
    assert near.mean() == pytest.approx(0.23, abs=0.01) and np.abs(near - near.mean()).min() > 0.05
    assert ((near < 0.165) | (near > 0.57)).all() and np.mean(near > 0.5) == pytest.approx(0.21, abs=0.02)
    assert np.median(near) < 0.16
