"""Two players and sampled rewards: they agree with eigenvalues and with differences."""

import numpy as np
import pytest

from gdcourse.differentiate import numerical_gradient
from gdcourse.evidence.games import GAME_STEPS, alternating_step, play, reinforce_samples
from gdcourse.stable import softmax


@pytest.mark.parametrize("lr", [0.1, 0.7, 1.5])
@pytest.mark.parametrize(
    "name, rate",
    [
        ("simultaneous", lambda lr: np.sqrt(1 + lr**2)),
        ("alternating", lambda lr: 1.0),
        ("extragradient", lambda lr: np.sqrt(1 - lr**2 + lr**4)),
    ],
)
def test_the_steps_are_linear_maps_with_the_rates_stated(name, rate, lr):
    step = np.column_stack([GAME_STEPS[name](*column, lr) for column in np.eye(2)])
    np.testing.assert_allclose(np.abs(np.linalg.eigvals(step)), rate(lr), rtol=1e-12)
    np.testing.assert_allclose(step @ [0.3, -2.0], GAME_STEPS[name](0.3, -2.0, lr), rtol=1e-12)


def test_alternating_steps_lose_their_bound_at_two():
    assert np.abs(play(alternating_step, 1.999, 5000)).max() < 100
    assert np.abs(play(alternating_step, 2.001, 5000)).max() > 1e10


@pytest.mark.parametrize("baseline", [0.0, 3.0, 6.4])
def test_reinforce_is_unbiased_whatever_the_baseline(baseline):
    theta, rewards, samples = np.array([0.2, -0.4, 0.9]), np.array([6.0, 7.0, 5.0]), 100_000
    exact = numerical_gradient(lambda theta: float(softmax(theta) @ rewards), theta)
    estimates = reinforce_samples(theta, rewards, baseline, samples, np.random.default_rng(1))
    error = np.abs(estimates.mean(axis=0) - exact)
    assert (error < 5 * estimates.std(axis=0) / np.sqrt(samples)).all()


def test_without_the_baseline_the_noise_is_larger():
    theta, rewards = np.zeros(3), np.array([6.0, 7.0, 5.0])
    plain, shifted = (reinforce_samples(theta, rewards, b, 5000, np.random.default_rng(2)) for b in (0.0, 6.0))
    assert plain.var(axis=0).sum() > 10 * shifted.var(axis=0).sum()
