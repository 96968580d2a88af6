"""Losses: values against scipy and scikit-learn, gradients by measurement, extremes, and refusals that help."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from sklearn import metrics

from gdcourse import stable
from gdcourse.differentiate import complex_step, gradient_check
from gdcourse.losses import (
    LOSSES,
    binary_cross_entropy,
    gaussian_nll,
    hinge,
    huber,
    mae,
    mixture_nll,
    mse,
    pinball,
    poisson_nll,
    softmax_cross_entropy,
)

RIGHT = 1e-6  # a gradient off by 0.05 % shows as about 5e-4


def away(rng, shape, kink=0.0):
    """Return numbers at least 0.05 from the kink, so that no difference is taken across it."""
    return kink + rng.choice([-1, 1], shape) * (0.05 + rng.exponential(size=shape))


def two_sided(rng, n, k):
    p = rng.normal(size=(n, k) if k > 1 else n)
    return (p,), p + away(rng, p.shape)


def margins(rng, n, k):
    y = rng.integers(0, 2, n)
    return ((2 * y - 1) * away(rng, n, kink=1),), y


CASES = {
    "mse": two_sided,
    "mae": two_sided,
    "huber": two_sided,
    "pinball": two_sided,
    "binary_cross_entropy": lambda rng, n, k: ((3 * rng.normal(size=(n, k)),), rng.random((n, k)).round(1)),
    "softmax_cross_entropy": lambda rng, n, k: ((3 * rng.normal(size=(n, k)),), rng.integers(0, k, n)),
    "hinge": margins,
    "gaussian_nll": lambda rng, n, k: ((rng.normal(size=n), rng.normal(size=n)), rng.normal(size=n)),
    "poisson_nll": lambda rng, n, k: ((rng.normal(size=n),), rng.poisson(2, n)),
    "mixture_nll": lambda rng, n, k: (tuple(rng.normal(size=(3, n, k))), rng.normal(size=n)),
}
EVERY = pytest.mark.parametrize("name", CASES)
SHAPES = {"seed": st.integers(0, 10**6), "n": st.integers(1, 7), "k": st.integers(1, 5)}


def flat(name, predictions, y, bend=None):
    """Return value and gradient over one vector of all predictions; bend=i makes the i-th gradient 0.05 % wrong."""
    shapes = [p.shape for p in predictions]
    cuts = np.cumsum([p.size for p in predictions])[:-1]

    def call(x):
        parts = [part.reshape(shape) for part, shape in zip(np.split(x, cuts), shapes, strict=True)]
        value, gradients = LOSSES[name](*parts, y)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        assert [g.shape for g in gradients] == shapes
        return value, np.concatenate([g.ravel() * (1.0005 if i == bend else 1) for i, g in enumerate(gradients)])

    start = np.concatenate([p.ravel() for p in predictions])
    return (lambda x: call(x)[0]), (lambda x: call(x)[1]), start


def test_every_loss_has_a_case():
    assert set(CASES) == set(LOSSES)


@EVERY
@settings(max_examples=25)
@given(**SHAPES)
def test_the_gradient_is_the_slope(name, seed, n, k):
    rng = np.random.default_rng(seed)
    f, gradient, x = flat(name, *CASES[name](rng, n, k))
    if np.linalg.norm(gradient(x)) < 1e-4:  # all margins wide, one class, one component: nothing to measure
        assert gradient_check(lambda x: f(x) + x.sum(), lambda x: gradient(x) + 1, x, rng) < RIGHT
    else:
        assert gradient_check(f, gradient, x, rng) < RIGHT


@EVERY
def test_a_gradient_wrong_by_a_twentieth_of_a_percent_is_noticed(name):
    rng = np.random.default_rng(1)
    predictions, y = CASES[name](rng, 12, 3)
    for i in range(len(predictions)):
        f, wrong, x = flat(name, predictions, y, bend=i)
        assert gradient_check(f, wrong, x, rng) > 100 * RIGHT


@EVERY
def test_a_mean_over_examples(name):
    predictions, y = CASES[name](np.random.default_rng(2), 6, 3)
    f, _, x = flat(name, predictions, y)
    g, _, z = flat(name, tuple(np.concatenate([p, p]) for p in predictions), np.concatenate([y, y]))
    assert g(z) == pytest.approx(f(x), rel=1e-12)
    singles = [LOSSES[name](*(p[i : i + 1] for p in predictions), y[i : i + 1]) for i in range(6)]
    assert f(x) == pytest.approx(np.mean([value for value, _ in singles]), rel=1e-12)


@EVERY
def test_inputs_are_left_alone_and_float32_stays(name):
    predictions, y = CASES[name](np.random.default_rng(3), 6, 3)
    kept = [p.copy() for p in predictions], y.copy()
    value, gradient = LOSSES[name](*predictions, y)
    assert all(np.array_equal(p, q) for p, q in zip(predictions, kept[0], strict=True))
    assert np.array_equal(y, kept[1])
    single, small = LOSSES[name](*(p.astype(np.float32) for p in predictions), y)
    assert type(value) is type(single) is float
    assert single == pytest.approx(value, rel=1e-5)
    for g, h in zip(np.atleast_1d(gradient), np.atleast_1d(small), strict=True):
        np.testing.assert_allclose(h, g, rtol=1e-4, atol=1e-6)
    assert {h.dtype for h in (small if isinstance(small, tuple) else (small,))} == {np.dtype(np.float32)}


# Values, against other people's.


def softmax_oracle(Z, y):
    return metrics.log_loss(y, special.softmax(Z, axis=1), labels=np.arange(Z.shape[1]))


ORACLES = {
    "mse": lambda p, y: metrics.mean_squared_error(y, p) * (p.size / len(p)),
    "mae": lambda p, y: metrics.mean_absolute_error(y, p) * (p.size / len(p)),
    "huber": lambda p, y: special.huber(1.0, p - y).sum() / len(p),
    "pinball": lambda p, y: metrics.mean_pinball_loss(y, p, alpha=0.5) * (p.size / len(p)),
    "binary_cross_entropy": lambda z, y: -(
        special.xlogy(y, special.expit(z)) + special.xlogy(1 - y, special.expit(-z))
    ).sum() / len(z),
    "softmax_cross_entropy": softmax_oracle,
    # Two examples that cost nothing, as scikit-learn wants to see both labels.
    "hinge": lambda m, y: metrics.hinge_loss([*y, 0, 1], [*m, -9, 9]) * (len(m) + 2) / len(m),
    "gaussian_nll": lambda mu, s, y: -stats.norm.logpdf(y, mu, np.exp(s)).mean(),
    "poisson_nll": lambda s, y: -stats.poisson.logpmf(y, np.exp(s)).mean(),
    "mixture_nll": lambda logits, mu, s, y: -special.logsumexp(
        special.log_softmax(logits, axis=1) + stats.norm.logpdf(y[:, None], mu, np.exp(s)), axis=1
    ).mean(),
}


@EVERY
@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 9), k=st.integers(2, 5))
def test_the_value_is_what_others_compute(name, seed, n, k):
    predictions, y = CASES[name](np.random.default_rng(seed), n, k)
    assert LOSSES[name](*predictions, y)[0] == pytest.approx(ORACLES[name](*predictions, y), rel=1e-10)


@pytest.mark.parametrize("tau", [0.1, 0.9])
def test_pinball_weighs_the_two_sides_as_scikit_learn_does(tau):
    (q,), y = two_sided(np.random.default_rng(4), 20, 1)
    assert pinball(q, y, tau)[0] == pytest.approx(metrics.mean_pinball_loss(y, q, alpha=tau), rel=1e-12)


@pytest.mark.parametrize("delta", [0.3, 2.0])
def test_huber_with_other_deltas(delta):
    (p,), y = two_sided(np.random.default_rng(5), 20, 1)
    assert huber(p, y, delta)[0] == pytest.approx(special.huber(delta, p - y).mean(), rel=1e-12)


def test_gradients_by_complex_step():
    rng = np.random.default_rng(6)
    z, y, counts = rng.normal(size=5), rng.random(5), rng.poisson(2, 5)
    pairs = [
        (binary_cross_entropy, z, y, lambda z: np.mean(np.log(1 + np.exp(z)) - y * z)),
        (poisson_nll, z, counts, lambda z: np.mean(np.exp(z) - counts * z)),
        (lambda s, y: (0, gaussian_nll(y / 2, s, y)[1][1]), z, y,
         lambda s: np.mean((y / 2) ** 2 * np.exp(-2 * s) / 2 + s)),
        (lambda mu, y: (0, gaussian_nll(mu, 0.5, y)[1][0]), z, y,
         lambda mu: np.mean((y - mu) ** 2) * math.exp(-1) / 2),
    ]  # fmt: skip
    for loss, x, target, formula in pairs:
        np.testing.assert_allclose(loss(x, target)[1], complex_step(formula, x), rtol=1e-13, atol=1e-16)


def test_mixture_gradients_by_complex_step():
    rng = np.random.default_rng(7)
    blocks, y = rng.normal(size=(3, 4, 3)), rng.normal(size=4)

    def formula(x):
        logits, mu, s = x.reshape(3, 4, 3)
        w = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        densities = np.exp(-(((y[:, None] - mu) / np.exp(s)) ** 2) / 2 - s) / math.sqrt(2 * math.pi)
        return -np.log((w * densities).sum(axis=1)).mean()

    value, gradients = mixture_nll(*blocks, y)
    assert value == pytest.approx(formula(blocks.ravel()), rel=1e-13)
    measured = complex_step(formula, blocks.ravel()).reshape(3, 4, 3)
    np.testing.assert_allclose(gradients, measured, rtol=1e-11, atol=1e-15)


# Special cases and shapes of the costs.


def test_ties_and_exact_margins_have_the_subgradient_zero():
    for loss in (mae, pinball, huber, mse):
        assert loss([2.0], [2.0])[1] == 0
    assert hinge([1.0, -1.0], [1, 0]) == (0.0, pytest.approx([0, 0]))


def test_losses_that_are_others_in_disguise():
    rng = np.random.default_rng(8)
    (p,), y = two_sided(rng, 30, 1)
    assert pinball(p, y, 0.5)[0] == pytest.approx(mae(p, y)[0] / 2)
    assert huber(p, y, 1e6)[0] == pytest.approx(mse(p, y)[0] / 2)
    assert huber(p, y, 1e-6)[0] == pytest.approx(1e-6 * mae(p, y)[0], rel=1e-4)
    assert gaussian_nll(p, 0.0, y)[0] == pytest.approx(mse(p, y)[0] / 2 + math.log(2 * math.pi) / 2)
    Z, labels = rng.normal(size=(30, 2)), rng.integers(0, 2, 30)
    value, gradient = binary_cross_entropy(Z[:, 1] - Z[:, 0], labels)
    assert softmax_cross_entropy(Z, labels)[0] == pytest.approx(value)
    np.testing.assert_allclose(softmax_cross_entropy(Z, labels)[1][:, 1], gradient, rtol=1e-12)


def test_a_mixture_of_one_and_of_twins_is_a_gaussian():
    rng = np.random.default_rng(9)
    mu, s, y = rng.normal(size=(3, 8))
    value, (dmu, ds) = gaussian_nll(mu, s, y)
    for logits in (np.zeros((8, 1)), rng.normal(size=(8, 3))):
        twins = [np.repeat(x[:, None], logits.shape[1], axis=1) for x in (mu, s)]
        other, (dlogits, dmeans, dsigmas) = mixture_nll(logits, *twins, y)
        assert other == pytest.approx(value, rel=1e-13)
        np.testing.assert_allclose(dlogits, 0, atol=1e-15)
        np.testing.assert_allclose(dmeans.sum(axis=1), dmu, rtol=1e-12)
        np.testing.assert_allclose(dsigmas.sum(axis=1), ds, rtol=1e-12)


def test_one_spread_for_all_collects_every_example():
    rng = np.random.default_rng(10)
    mu, y = rng.normal(size=(2, 9))
    value, (dmu, ds) = gaussian_nll(mu, 0.3, y)
    vector, (dmu_vector, ds_vector) = gaussian_nll(mu, np.full(9, 0.3), y)
    assert (value, float(ds)) == (pytest.approx(vector), pytest.approx(ds_vector.sum()))
    np.testing.assert_allclose(dmu, dmu_vector)


def test_the_gaussian_is_fitted_by_mean_and_standard_deviation():
    y = np.random.default_rng(11).gamma(2.0, size=50)
    _, (dmu, ds) = gaussian_nll(np.full(50, y.mean()), math.log(y.std()), y)
    assert abs(dmu.sum()) < 1e-14 and abs(ds) < 1e-14
    _, (dmu, ds) = gaussian_nll(np.full(50, y.mean()), math.log(y.std(ddof=1)), y)
    assert abs(ds) > 1e-2


def test_a_uniform_guess_among_k_costs_log_k():
    assert softmax_cross_entropy(np.zeros((5, 10)), [0, 3, 9, 1, 1])[0] == pytest.approx(math.log(10), rel=1e-15)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), shift=st.floats(-1e4, 1e4))
def test_softmax_ignores_a_shift_and_its_rows_sum_to_zero(seed, shift):
    rng = np.random.default_rng(seed)
    Z, y = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    value, gradient = softmax_cross_entropy(Z, y)
    moved, gradient_moved = softmax_cross_entropy(Z + shift, y)
    assert moved == pytest.approx(value, abs=1e-11)
    np.testing.assert_allclose(gradient_moved, gradient, atol=1e-11)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-15)


# Extremes.

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


@DTYPES
def test_logits_of_ten_thousand(dtype):
    z = np.array([1e4, -1e4, 1e4, -1e4], dtype)
    value, gradient = binary_cross_entropy(z, [1, 0, 0, 1])
    assert value == 5000 and gradient.tolist() == [0, 0, 0.25, -0.25]
    Z = np.array([[1e4, 0, -1e4], [1e4, 0, -1e4]], dtype)
    value, gradient = softmax_cross_entropy(Z, [0, 2])
    assert value == 10000 and gradient.tolist() == [[0, 0, 0], [0.5, 0, -0.5]]
    value, gradient = hinge(z, [1, 0, 0, 1])
    assert value == pytest.approx(5000.5) and gradient.tolist() == [0, 0, 0.25, -0.25]
    for loss, cost, slope in ((mse, 1e8, 2e4), (mae, 1e4, 1), (huber, 9999.5, 1), (pinball, 5e3, 0.5)):
        value, gradient = loss(z[:2], [0, 0])
        assert value == pytest.approx(cost) and gradient.tolist() == [slope / 2, -slope / 2]


@DTYPES
def test_densities_far_out(dtype):
    far = np.array([1e4, -1e4], dtype)
    half_log = math.log(2 * math.pi) / 2
    value, (dmu, ds) = gaussian_nll(far, 0.0, [0, 0])
    assert value == pytest.approx(5e7 + half_log)
    np.testing.assert_allclose(dmu, [5e3, -5e3])
    assert ds == pytest.approx(1 - 1e8)
    # Spreads of exp(-10000) and exp(10000) around the right answer.
    value, (dmu, ds) = gaussian_nll(np.zeros(2, dtype), far, [0, 0])
    assert value == pytest.approx(half_log, abs=1e-3) and dmu.tolist() == [0, 0] and ds.tolist() == [0.5, 0.5]
    value, gradient = poisson_nll(np.array([-1e4], dtype), [3])
    assert value == pytest.approx(3e4 + math.log(6)) and gradient.tolist() == [-3]
    assert poisson_nll(np.array([1e4], dtype), [3])[0] == math.inf


@DTYPES
def test_mixtures_far_out(dtype):
    one = np.ones((1, 2), dtype)
    half_log = math.log(2 * math.pi) / 2
    # The component with all the weight is 1e4 spreads away; the other has weight exp(-20000).
    value, (dlogits, dmeans, ds) = mixture_nll(one * [1e4, -1e4], one * [1e4, 0], 0 * one, [0])
    assert value == pytest.approx(2e4 + half_log)
    np.testing.assert_allclose([dlogits[0], dmeans[0], ds[0]], [[1, -1], [0, 0], [0, 1]], atol=1e-30)
    # A component too narrow for any share of this answer asks for nothing.
    value, (dlogits, dmeans, ds) = mixture_nll(0 * one, one * [1, 0], one * [-1e4, 0], [0])
    assert value == pytest.approx(math.log(2) + half_log)
    np.testing.assert_allclose([dlogits[0], dmeans[0], ds[0]], [[0.5, -0.5], [0, 0], [0, 1]], atol=1e-7)


def test_a_confident_right_answer_keeps_its_digits():
    assert binary_cross_entropy([40.0], [1])[0] == pytest.approx(math.exp(-40), rel=1e-12, abs=0)
    assert softmax_cross_entropy([[30.0, 0.0]], [0])[0] == pytest.approx(math.log1p(math.exp(-30)), rel=0.01, abs=0)


def test_infinite_predictions_are_a_loss_not_an_error():
    with np.errstate(all="ignore"):
        for name, rule in CASES.items():
            predictions, y = rule(np.random.default_rng(12), 3, 2)
            value, _ = LOSSES[name](*(np.full_like(p, np.inf) for p in predictions), y)
            assert not np.isfinite(value) or name == "hinge"


# Refusals.

Z = np.zeros((3, 4))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: softmax_cross_entropy(Z, [0, 1, 4]), ["y must be labels 0..3", "from 0 to 4"]),
        (lambda: softmax_cross_entropy(Z, [0, -1, 2]), ["y must be labels 0..3", "from -1"]),
        (lambda: softmax_cross_entropy(Z, [0.0, 1.0, 2.0]), ["y must be integer labels 0..3", "float64"]),
        (lambda: softmax_cross_entropy(Z, [0, 1]), ["y must have shape (3,)", "(2,)"]),
        (lambda: softmax_cross_entropy(Z, np.eye(4)[:3]), ["one-hot", "argmax", "(3, 4)"]),
        (lambda: softmax_cross_entropy(Z, np.eye(4, dtype=int)[:3]), ["one-hot", "argmax"]),
        (lambda: softmax_cross_entropy(Z[0], [0]), ["logits must have shape (n, k)", "(4,)"]),
        (lambda: softmax_cross_entropy(np.zeros((0, 4)), []), ["logits must have shape (n, k)"]),
        (lambda: binary_cross_entropy([0.0, 0.0], [0, 2]), ["y must be 0, 1 or between", "0 to 2"]),
        (lambda: binary_cross_entropy([0.0, 0.0], [-1, 1]), ["y must be 0, 1 or between", "-1 to 1"]),
        (lambda: binary_cross_entropy([0.0, 0.0], [0, 1, 1]), ["shape (2,)", "(3,)"]),
        (lambda: binary_cross_entropy(["yes"], [1]), ["logits must be an array of real numbers", "yes"]),
        (lambda: hinge([0.0, 0.0], [-1, 1]), ["y must be labels 0..1", "-1"]),
        (lambda: hinge([0.0, 0.0], [0.0, 1.0]), ["y must be integer labels"]),
        (lambda: mse(np.zeros((3, 1)), np.zeros(3)), ["shape (3, 1)", "shape (3,)"]),
        (lambda: mse(np.zeros(3), [0, np.nan, 0]), ["y must be finite", "index (1,)"]),
        (lambda: mse([], []), ["prediction must have shape"]),
        (lambda: mse([1j], [0]), ["prediction must be an array of real numbers"]),
        (lambda: huber([0.0], [0.0], delta=0), ["delta must be a positive"]),
        (lambda: pinball([0.0], [0.0], tau=1), ["tau must be in (0, 1)"]),
        (lambda: gaussian_nll([0.0, 0.0], [0.0], [1, 2]), ["log_sigma must be a number or have shape (2,)"]),
        (lambda: gaussian_nll([0.0, 0.0], 0.0, [1]), ["y must have the prediction's shape (2,)", "(1,)"]),
        (lambda: gaussian_nll(Z, 0.0, Z), ["mu must have shape (n,)"]),
        (lambda: poisson_nll([0.0, 0.0], [1, -2]), ["y must be counts", "-2"]),
        (lambda: poisson_nll([0.0, 0.0], [1, 0.5]), ["y must be counts", "0.5"]),
        (lambda: mixture_nll(Z, Z[:, :3], Z, [0, 0, 0]), ["means must have shape (3, 4)", "(3, 3)"]),
        (lambda: mixture_nll(Z, Z, Z, [0, 0]), ["y must have", "(3,)", "(2,)"]),
        (lambda: mixture_nll(Z[0], Z, Z, [0, 0, 0]), ["logits must have shape (n, K)"]),
    ],
)
def test_mistakes_are_named(call, words):
    with pytest.raises(ValueError) as error:
        call()
    assert all(word in str(error.value) for word in words), str(error.value)


# The arithmetic underneath.

WIDE = st.floats(-2e4, 2e4)
TINY = 1e-307  # below, floats lose digits one by one


@given(z=WIDE)
def test_sigmoid_and_softplus_keep_their_digits(z):
    assert float(stable.sigmoid(z)) == pytest.approx(special.expit(z), rel=1e-14, abs=TINY)
    assert float(stable.softplus(z)) == pytest.approx(-special.log_expit(-z), rel=1e-14, abs=TINY)
    assert stable.sigmoid(np.float32([z])).dtype == stable.softplus(np.float32([z])).dtype == np.float32


@given(rows=st.integers(1, 4).flatmap(lambda k: st.lists(st.lists(WIDE, min_size=k, max_size=k), min_size=1)))
def test_log_sum_exp_and_log_softmax(rows):
    Z = np.array(rows)
    np.testing.assert_allclose(stable.log_sum_exp(Z), special.logsumexp(Z, axis=1), rtol=1e-13, atol=1e-12)
    np.testing.assert_allclose(stable.log_softmax(Z), special.log_softmax(Z, axis=1), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(stable.softmax(Z), special.softmax(Z, axis=1), rtol=1e-10, atol=1e-300)


def test_impossible_rows_and_single_precision():
    Z = np.array([[-np.inf, -np.inf], [0, -np.inf]])
    np.testing.assert_array_equal(stable.log_sum_exp(Z), [-np.inf, 0])
    # Beside 10,000 a float32 has three decimals left; shifting first keeps log 2 whole.
    small = stable.log_softmax(np.array([[1e4, 1e4]], np.float32))
    np.testing.assert_allclose(small, -math.log(2), rtol=1e-7)
    assert small.dtype == np.float32


def test_log_factorial():
    y = np.arange(200)
    np.testing.assert_allclose(stable.log_factorial(y), special.gammaln(y + 1), rtol=1e-14, atol=1e-15)


def test_the_stable_functions_refuse_what_has_no_rows():
    for function in (stable.log_sum_exp, stable.log_softmax, stable.softmax):
        with pytest.raises(ValueError, match="Z must have at least one entry along its last axis"):
            function(np.zeros((3, 0)))
