"""Output units: densities against scipy, costs against densities, canonical gradients, links, samples, extremes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from gdcourse.differentiate import gradient_check
from gdcourse.networks import initialise, mlp, network_problem
from gdcourse.outputs import (
    OUTPUT_UNITS,
    bernoulli,
    categorical,
    gaussian,
    heteroscedastic,
    mixture,
    poisson,
)

UNITS = {
    "gaussian": gaussian(0.7),
    "bernoulli": bernoulli(),
    "categorical": categorical(4),
    "poisson": poisson(),
    "heteroscedastic": heteroscedastic(),
    "mixture": mixture(3),
}
EVERY = pytest.mark.parametrize("name", UNITS)


def mixture_logpdf(Z, y):
    logits, means, s = np.split(Z, 3, axis=1)
    each = stats.norm.logpdf(y[:, None], means, np.exp(s))
    return special.logsumexp(special.log_softmax(logits, axis=1) + each, axis=1)


DENSITIES = {
    "gaussian": lambda Z, y: stats.norm.logpdf(y, Z[:, 0], 0.7),
    "bernoulli": lambda Z, y: stats.bernoulli.logpmf(y, special.expit(Z[:, 0])),
    "categorical": lambda Z, y: special.log_softmax(Z, axis=1)[np.arange(len(Z)), y],
    "poisson": lambda Z, y: stats.poisson.logpmf(y, np.exp(Z[:, 0])),
    "heteroscedastic": lambda Z, y: stats.norm.logpdf(y, Z[:, 0], np.exp(Z[:, 1])),
    "mixture": mixture_logpdf,
}
ANSWERS = {
    "bernoulli": lambda rng, n: rng.integers(0, 2, n),
    "categorical": lambda rng, n: rng.integers(0, 4, n),
    "poisson": lambda rng, n: rng.poisson(2, n),
}


def case(name, rng, n):
    """Return outputs (n, columns) and answers (n,)."""
    return rng.normal(size=(n, UNITS[name].columns)), ANSWERS.get(name, lambda rng, n: rng.normal(size=n))(rng, n)


def test_every_unit_is_tested():
    assert set(UNITS) == set(DENSITIES) == set(OUTPUT_UNITS)
    assert all(unit.name == name for name, unit in UNITS.items())


@EVERY
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 7))
def test_the_loss_is_the_negative_mean_log_likelihood(name, seed, n):
    Z, y = case(name, np.random.default_rng(seed), n)
    unit = UNITS[name]
    np.testing.assert_allclose(unit.log_likelihood(Z, y), DENSITIES[name](Z, y), rtol=1e-11, atol=1e-13)
    assert unit.loss(Z, y)[0] == pytest.approx(-DENSITIES[name](Z, y).mean(), rel=1e-11)


@EVERY
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 7))
def test_the_gradient_is_the_slope_and_a_wrong_one_is_noticed(name, seed, n):
    rng = np.random.default_rng(seed)
    Z, y = case(name, rng, n)
    loss = UNITS[name].loss

    def f(x):
        return loss(x.reshape(Z.shape), y)[0]

    def gradient(x):
        return loss(x.reshape(Z.shape), y)[1].ravel()

    assert gradient_check(f, gradient, Z.ravel(), rng) < 1e-6
    assert gradient_check(f, lambda x: 1.0005 * gradient(x), Z.ravel(), rng) > 1e-4


@pytest.mark.parametrize("unit", [gaussian(), bernoulli(), poisson()], ids=lambda unit: unit.name)
def test_canonical_pairs_have_the_gradient_prediction_minus_target(unit):
    Z, y = case(unit.name, np.random.default_rng(0), 9)
    np.testing.assert_allclose(unit.loss(Z[:, 0], y)[1], (unit.predict(Z[:, 0]) - y) / 9, rtol=1e-12)


def test_the_canonical_gradient_of_softmax():
    Z, y = case("categorical", np.random.default_rng(0), 9)
    gradient = UNITS["categorical"].loss(Z, y)[1]
    np.testing.assert_allclose(gradient, (special.softmax(Z, axis=1) - np.eye(4)[y]) / 9, rtol=1e-12)


def test_a_gaussian_of_another_spread_is_not_canonical():
    mu, y = np.array([1.0, 2.0]), np.array([0.0, 0.0])
    np.testing.assert_allclose(gaussian(0.5).loss(mu, y)[1], 4 * gaussian().loss(mu, y)[1], rtol=1e-12)


@EVERY
def test_the_link_undoes_its_inverse(name):
    unit = UNITS[name]
    Z, _ = case(name, np.random.default_rng(1), 6)
    back = unit.link(*unit.parameters(Z)).reshape(Z.shape)
    if name in ("categorical", "mixture"):  # logits are known up to a constant
        k = 4 if name == "categorical" else 3
        shift = (Z - back)[:, :k]
        np.testing.assert_allclose(shift, np.broadcast_to(shift[:, :1], shift.shape), atol=1e-13)
        Z, back = Z[:, k:], back[:, k:]
    np.testing.assert_allclose(back, Z, atol=1e-13)


def test_predictions_by_scipy():
    rng = np.random.default_rng(2)
    Z = rng.normal(size=(5, 9))
    np.testing.assert_allclose(bernoulli().predict(Z[:, :1]), special.expit(Z[:, 0]), rtol=1e-13)
    np.testing.assert_allclose(categorical(4).predict(Z[:, :4]), special.softmax(Z[:, :4], axis=1), rtol=1e-13)
    np.testing.assert_allclose(poisson().predict(Z[:, 0]), np.exp(Z[:, 0]), rtol=1e-13)
    assert np.array_equal(heteroscedastic().predict(Z[:, :2]), Z[:, 0])
    assert np.array_equal(gaussian().predict(Z[:, :1]), Z[:, 0])


@pytest.mark.parametrize("name", ["gaussian", "heteroscedastic", "mixture"])
def test_densities_integrate_to_one_and_predict_their_mean(name):
    unit = UNITS[name]
    Z, _ = case(name, np.random.default_rng(3), 1)

    def density(y):
        return math.exp(unit.log_likelihood(Z, np.array([y]))[0])

    limits = {"limit": 200, "points": [-5, 0, 5]}
    assert integrate.quad(density, -60, 60, **limits)[0] == pytest.approx(1, abs=1e-7)
    mean = integrate.quad(lambda y: y * density(y), -60, 60, **limits)[0]
    assert mean == pytest.approx(unit.predict(Z)[0], abs=1e-6)


@EVERY
def test_samples_have_the_density_they_claim(name):
    n = 20_000
    unit = UNITS[name]
    Z, _ = case(name, np.random.default_rng(4), 1)
    Z = np.repeat(Z, n, axis=0)
    y = unit.sample(Z, np.random.default_rng(5))
    assert y.shape == (n,)
    if name in ("categorical", "bernoulli"):
        p = np.atleast_2d(unit.predict(Z[:1]))[0]
        p = np.array([1 - p[0], p[0]]) if name == "bernoulli" else p
        counts = np.bincount(y, minlength=len(p))
        assert (np.abs(counts / n - p) < 5 * np.sqrt(p * (1 - p) / n)).all()
    else:
        assert abs(y.mean() - unit.predict(Z[:1])[0]) < 5 * y.std() / math.sqrt(n)
        distance = np.abs(np.sort(y) - np.sort(oracle_draws(name, Z, np.random.default_rng(6)))).mean()
        assert distance < 0.05 * y.std()
    assert np.array_equal(y, unit.sample(Z, np.random.default_rng(5)))


def oracle_draws(name, Z, rng):
    if name == "poisson":
        return stats.poisson.rvs(np.exp(Z[0, 0]), size=len(Z), random_state=rng)
    if name == "mixture":
        logits, means, s = np.split(Z[0], 3)
        chosen = rng.choice(3, size=len(Z), p=special.softmax(logits))
        return stats.norm.rvs(means[chosen], np.exp(s)[chosen], random_state=rng)
    return stats.norm.rvs(Z[0, 0], 0.7 if name == "gaussian" else np.exp(Z[0, 1]), len(Z), random_state=rng)


@pytest.mark.parametrize("name", ["gaussian", "bernoulli", "poisson"])
def test_one_column_comes_either_way(name):
    unit = UNITS[name]
    Z, y = case(name, np.random.default_rng(7), 5)
    column, flat = unit.loss(Z, y), unit.loss(Z[:, 0], y)
    assert column[0] == flat[0]
    assert column[1].shape == (5, 1) and flat[1].shape == (5,)
    assert np.array_equal(column[1][:, 0], flat[1])
    assert unit.predict(Z).shape == (5,)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ["gaussian", "bernoulli", "categorical", "mixture"])
def test_outputs_of_ten_thousand(name, dtype):
    unit = UNITS[name]
    Z = np.full((2, unit.columns), 1e4, dtype)
    Z[1] = -1e4
    Z[:, 1::2] *= -1
    if name == "mixture":
        Z[:, 6:] = 0
    y = np.array([0, 1])
    value, gradient = unit.loss(Z, y)
    assert math.isfinite(value) and np.isfinite(gradient).all() and gradient.dtype == dtype
    assert value == pytest.approx(-unit.log_likelihood(Z, y).mean(), rel=1e-6)
    assert np.isfinite(unit.predict(Z)).all()


def test_a_network_learns_through_a_unit():
    rng = np.random.default_rng(8)
    X = rng.normal(size=(12, 2))
    for name, unit in UNITS.items():
        network = mlp((2, 5, unit.columns), "tanh")
        problem = network_problem(network, X, case(name, rng, 12)[1], unit.loss)
        theta = initialise(network, "lecun", rng)
        assert gradient_check(problem.value, problem.gradient, theta, rng) < 1e-6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: categorical(3).loss(np.zeros((2, 4)), [0, 1]), ["Z must have shape (n, 3) for categorical", "(2, 4)"]),
        (lambda: categorical(3).loss(np.zeros((2, 3)), [0, 3]), ["y must be labels 0..2"]),
        (lambda: categorical(3).log_likelihood(np.zeros((2, 3)), np.eye(3)[:2]), ["one-hot"]),
        (lambda: bernoulli().predict(np.zeros((2, 2))), ["Z must have shape (n,) or (n, 1) for bernoulli", "(2, 2)"]),
        (lambda: bernoulli().log_likelihood([0.0], [2]), ["y must be 0, 1 or between"]),
        (lambda: poisson().log_likelihood([0.0], [-1]), ["y must be counts"]),
        (lambda: heteroscedastic().loss(np.zeros(4), [0.0, 0.0]), ["Z must have shape (n, 2)"]),
        (lambda: mixture(2).loss(np.zeros((1, 6)), [0.0, 1.0]), ["y must have", "(1,)", "(2,)"]),
        (lambda: gaussian().loss(np.zeros((0, 1)), []), ["Z must have shape"]),
        (lambda: gaussian().sample([0.0], 3), ["rng must be a numpy.random.Generator"]),
        (lambda: gaussian(0), ["sigma must be a positive"]),
        (lambda: categorical(1), ["classes must be an integer of at least 2"]),
        (lambda: mixture(0), ["components must be an integer of at least 1"]),
    ],
)  # fmt: skip
def test_mistakes_are_named(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert all(word in str(error.value) for word in words), str(error.value)
