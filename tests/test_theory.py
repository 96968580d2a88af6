"""Closed forms, held against eigenvalues, integrals, simulations and published numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize

from gdcourse import theory

curvatures = st.tuples(st.floats(0.1, 10), st.floats(1, 300)).map(lambda pair: (pair[0], pair[0] * pair[1]))


def heavy_ball_radius(lr, beta, h):
    return np.abs(np.linalg.eigvals([[1 + beta - lr * h, -beta], [1, 0]])).max()


def nesterov_radius(lr, beta, h):
    return np.abs(np.linalg.eigvals([[(1 + beta) * (1 - lr * h), -beta * (1 - lr * h)], [1, 0]])).max()


def worst(radius, lr, beta, mu, L):
    return max(radius(lr, beta, h) for h in np.linspace(mu, L, 41))


# Gradient descent.


@given(bounds=curvatures, share=st.floats(0.01, 1.5))
def test_the_rate_of_descent_is_a_spectral_radius(bounds, share):
    mu, L = bounds
    lr = share * 2 / L
    H = np.diag([mu, (mu + L) / 2, L])
    expected = np.abs(np.linalg.eigvals(np.eye(3) - lr * H)).max()
    assert theory.gd_rate(lr, mu, L) == pytest.approx(expected, rel=1e-12)


@given(bounds=curvatures)
def test_the_best_rate_of_descent_is_where_a_search_finds_it(bounds):
    mu, L = bounds
    best = theory.best_gd(mu, L)
    found = optimize.minimize_scalar(lambda lr: theory.gd_rate(lr, mu, L), bounds=(0, 2 / L), method="bounded")
    assert best.rate <= found.fun + 1e-12
    assert best.rate == pytest.approx(theory.gd_rate(best.lr, mu, L), abs=1e-12)
    kappa = L / mu
    assert best.rate == pytest.approx((kappa - 1) / (kappa + 1), abs=1e-12)


@given(L=st.floats(0.01, 1e4), beta=st.floats(0, 0.99))
def test_stability_limits_are_where_a_root_reaches_one(L, beta):
    for limit, radius in (
        (theory.momentum_stability_limit(L, beta), heavy_ball_radius),
        (theory.nesterov_stability_limit(L, beta), nesterov_radius),
    ):
        assert radius(0.999 * limit, beta, L) < 1 < radius(1.001 * limit, beta, L)
    assert theory.gd_stability_limit(L) == theory.momentum_stability_limit(L, 0.0)


def test_mode_factors_take_arrays():
    assert theory.mode_factor(0.5, np.array([1.0, 2.0, 6.0])).tolist() == [0.5, 0.0, -2.0]


@given(seed=st.integers(0, 500))
def test_the_curvature_range_is_the_extreme_rayleigh_quotients(seed):
    from scipy.sparse.linalg import eigsh

    rng = np.random.default_rng(seed)
    A = rng.normal(size=(8, 8))
    H = A @ A.T
    low, high = theory.curvature_range(H)
    assert high == pytest.approx(eigsh(H, k=1, which="LA", v0=np.ones(8))[0][0], rel=1e-9)
    assert low == pytest.approx(eigsh(H, k=1, which="SA", v0=np.ones(8))[0][0], abs=1e-8 * high)


# Momentum.


@pytest.mark.parametrize("kappa", [2.0, 10.0, 100.0])
@pytest.mark.parametrize("best, radius", [
    (theory.best_momentum, heavy_ball_radius), (theory.best_nesterov, nesterov_radius),
])  # fmt: skip
def test_the_best_settings_beat_a_grid_of_four_hundred_others(best, radius, kappa):
    lr, beta, rate = best(1.0, kappa)
    assert worst(radius, lr, beta, 1.0, kappa) == pytest.approx(rate, abs=1e-6)
    for other_lr in lr * np.linspace(0.5, 1.5, 20):
        for other_beta in np.linspace(max(0, beta - 0.3), min(0.999, beta + 0.3), 20):
            # At a double root a computed eigenvalue is good to half its digits.
            assert max(radius(other_lr, other_beta, h) for h in (1.0, kappa)) > rate - 1e-6


@given(bounds=curvatures)
def test_the_standard_settings_reach_their_rate(bounds):
    mu, L = bounds
    lr, beta, rate = theory.standard_nesterov(mu, L)
    assert worst(nesterov_radius, lr, beta, mu, L) == pytest.approx(rate, abs=1e-6)
    methods = theory.best_momentum, theory.best_nesterov, theory.standard_nesterov, theory.best_gd
    rates = [method(mu, L).rate for method in methods]
    assert np.diff(rates).min() >= -1e-12


def test_the_published_rates_at_conditioning_one_hundred():
    rates = [f(1, 100).rate for f in (
        theory.best_gd, theory.best_momentum, theory.standard_nesterov, theory.best_nesterov)]  # fmt: skip
    assert rates == pytest.approx([0.98020, 0.81818, 0.90000, 0.88472], abs=5e-6)


def test_a_round_bowl_is_done_in_one_step():
    for best in (theory.best_gd, theory.best_momentum, theory.best_nesterov, theory.standard_nesterov):
        assert best(4.0, 4.0) == pytest.approx((0.25, 0.0, 0.0), abs=1e-15)


# Counting steps.


@given(kappa=st.floats(1.01, 500), shrink=st.floats(1e-9, 0.5))
def test_the_bound_on_steps_is_the_first_that_suffices(kappa, shrink):
    bound = theory.iterations_bound(kappa, shrink)
    rate = (kappa - 1) / (kappa + 1)
    assert rate**bound <= shrink * (1 + 1e-9)
    assert rate ** (bound - 1) > shrink * (1 - 1e-9)


def test_the_bound_on_steps_at_the_ends():
    assert theory.iterations_bound(1, 1e-6) == 1
    assert theory.iterations_bound(1e12, 1e-6) == pytest.approx(0.5e12 * math.log(1e6), rel=1e-6)


@given(distance=st.floats(1e-15, 0.9), growth=st.floats(0.01, 2))
def test_escape_steps_by_simulation(distance, growth):
    x, count = distance, 0
    while x < 1 - 1e-9:
        x, count = x * (1 + growth), count + 1
    assert theory.escape_steps(distance, growth, 1.0) in (count, count + 1)
    assert theory.escape_steps(distance, growth / 4, 4.0) == theory.escape_steps(distance, growth, 1.0)


def test_escape_steps_of_the_published_table():
    assert [theory.escape_steps(d, 0.1, 1.0) for d in (1e-2, 1e-4, 1e-8, 1e-12)] == [49, 97, 194, 290]


# Noise, learning in modes, games.


@given(lr=st.floats(0.01, 1.9), noise=st.floats(0, 10), batch_size=st.integers(1, 64))
def test_the_variance_under_noise_reproduces_itself(lr, noise, batch_size):
    variance = theory.sgd_variance(lr, 1.0, noise, batch_size)
    assert (1 - lr) ** 2 * variance + lr**2 * noise / batch_size == pytest.approx(variance, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("strength, start", [(3.0, 1e-3), (1.0, 0.2)])
def test_a_mode_is_learned_as_its_differential_equation_says(strength, start):
    """u' = 2 u (s - u), integrated by a library."""
    t = np.linspace(0, 4, 40)
    solved = integrate.solve_ivp(
        lambda t, u: 2 * u * (strength - u), (0, 4), [start], t_eval=t, rtol=1e-10, atol=1e-12
    ).y[0]
    assert np.allclose(theory.deep_linear_mode(t, strength, start), solved, rtol=1e-7)


def test_a_mode_is_half_learned_when_the_formula_says():
    half = math.log(3 / 1e-3 - 1) / 6
    assert half == pytest.approx(1.334, abs=5e-4)
    assert theory.deep_linear_mode(half, 3.0, 1e-3) == pytest.approx(1.5, rel=1e-12)
    assert theory.deep_linear_mode(1e6, 3.0, 1e-3) == pytest.approx(3.0, rel=1e-12)


@given(lr=st.floats(-1, 1), steps=st.integers(1, 100))
def test_two_players_spiral_outwards_by_the_factor_claimed(lr, steps):
    x, y = 0.6, -0.8
    for _ in range(steps):
        x, y = x - lr * y, y + lr * x
    assert math.hypot(x, y) == pytest.approx(theory.bilinear_norm(lr, steps), rel=1e-10)


def test_the_chance_that_a_random_hessian_is_positive():
    """Closed forms for one to three dimensions (Dean and Majumdar), and a count of drawn matrices for four."""
    exact = [1 / 2, (2 - math.sqrt(2)) / 4, (math.pi - 2 * math.sqrt(2)) / (4 * math.pi)]
    assert [theory.all_positive_probability(n) for n in (1, 2, 3)] == pytest.approx(exact, rel=1e-9)
    A = np.random.default_rng(0).normal(size=(200_000, 4, 4))
    share = np.mean(np.linalg.eigvalsh(A + A.transpose(0, 2, 1))[:, 0] > 0)
    p = theory.all_positive_probability(4)
    assert abs(share - p) < 5 * math.sqrt(p / 200_000)
