"""Gradients for two players, and for rewards that can only be sampled."""

import numpy as np

from gdcourse import theory
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near
from gdcourse.stable import softmax


def simultaneous_step(x, y, lr):
    """x descends and y climbs x * y, both from where they stand: each step lengthens (x, y) by sqrt(1 + lr^2)."""
    return x - lr * y, y + lr * x


def alternating_step(x, y, lr):
    """x moves first and y answers: x^2 + y^2 - lr x y never changes, an ellipse as long as lr < 2."""
    x = x - lr * y
    return x, y + lr * x


def extragradient_step(x, y, lr):
    """Look a step ahead and use the gradients found there (Korpelevich, 1976)."""
    ahead_x, ahead_y = simultaneous_step(x, y, lr)
    return x - lr * ahead_y, y + lr * ahead_x


GAME_STEPS = {
    "simultaneous": simultaneous_step,
    "alternating": alternating_step,
    "extragradient": extragradient_step,
}
"""Three ways to play min over x, max over y of x * y, whose one equilibrium is (0, 0)."""


def play(step, lr, steps, start=(1.0, 0.0)):
    """Return the path of a two-player game, (steps + 1, 2)."""
    path = [start]
    for _ in range(steps):
        path.append(step(*path[-1], lr))
    return np.array(path)


def r37():
    """Play x * y by simultaneous, alternating and extragradient steps."""
    lr, steps = 0.1, 100
    paths = {name: play(step, lr, steps) for name, step in GAME_STEPS.items()}
    norms = {name: np.linalg.norm(path, axis=1) for name, path in paths.items()}
    long = {lr: play(alternating_step, lr, 10_000) for lr in (0.1, 1.0, 1.9)}

    def conserved(path, lr):
        x, y = path.T
        return np.abs(x * x + y * y - lr * x * y - 1).max()

    rows = (
        near("simultaneous: distance after 100 steps at 0.1, (1 + lr²)^50", norms["simultaneous"][-1],
             theory.bilinear_norm(lr, steps), absolute=1e-12, digits=7, basis=CLOSED_FORM),
        *(
            near(f"alternating at {lr}: largest change of x² + y² - lr x y in 10,000 steps", conserved(path, lr), 0,
                 absolute=1e-9, basis=CLOSED_FORM)
            for lr, path in long.items()
        ),
        *(
            between(f"alternating at {lr}: furthest distance", np.linalg.norm(path, axis=1).max(),
                    high=np.sqrt(2 / (2 - lr)) * (1 + 1e-9), basis=CLOSED_FORM)
            for lr, path in long.items()
        ),
        between("alternating at 2.1: distance after 100 steps", np.linalg.norm(play(alternating_step, 2.1, 100)[-1]),
                low=1e6, shown=0),
        near("extragradient: factor per step, √(1 - lr² + lr⁴)", norms["extragradient"][-1] ** (1 / steps),
             np.sqrt(1 - lr**2 + lr**4), absolute=1e-12, digits=7, basis=CLOSED_FORM),
    )  # fmt: skip
    return Evidence("R37", "Two players", "Mescheder et al. (2018); Korpelevich (1976)", rows, data=paths)


def reinforce_samples(theta, rewards, baseline, samples, rng):
    """Draw single-action estimates of the gradient of the expected reward of a softmax policy (Williams, 1992).

    (reward - baseline) * grad log p(action) = (reward - baseline) * (onehot(action) - p)

    Args: theta, rewards: (k,); baseline: a number; samples: how many; rng: a numpy.random.Generator.
    Returns: (samples, k).
    """
    p = softmax(np.asarray(theta, dtype=float))
    actions = rng.choice(p.size, size=samples, p=p)
    advantage = np.asarray(rewards, dtype=float)[actions] - baseline
    return advantage[:, None] * (np.eye(p.size)[actions] - p)


def r38():
    """Estimate the policy gradient of a bandit with two arms, rewards 6 and 7, with and without a baseline."""
    rewards, theta, samples = np.array([6.0, 7.0]), np.zeros(2), 200_000
    p = softmax(theta)
    exact = p * (rewards - p @ rewards)
    rng = np.random.default_rng(0)
    plain = reinforce_samples(theta, rewards, 0.0, samples, rng)
    with_baseline = reinforce_samples(theta, rewards, p @ rewards, samples, rng)
    # With two equally likely arms an estimate is + or - half the reward.
    variance = (p @ rewards**2) / 4 - exact[0] ** 2
    slack = 5 * np.sqrt(variance / samples)
    rows = (
        near("exact gradient, arm 1", exact[0], -0.25, absolute=1e-15, basis=CLOSED_FORM),
        near("mean of the estimates, arm 1", plain[:, 0].mean(), exact[0], absolute=slack, basis=CLOSED_FORM, shown=3),
        near("mean of the estimates, arm 2", plain[:, 1].mean(), exact[1], absolute=slack, basis=CLOSED_FORM, shown=3),
        near("variance of one estimate", plain[:, 0].var(), variance, relative=0.01, basis=CLOSED_FORM, shown=4),
        near("variance with the mean reward as a baseline", with_baseline[:, 0].var(), 0, absolute=1e-20,
             basis=CLOSED_FORM),
        near("mean with the baseline, arm 1", with_baseline[:, 0].mean(), exact[0], absolute=1e-12,
             basis=CLOSED_FORM),
    )
    return Evidence("R38", "Gradients from sampled rewards", "Williams (1992)", rows,
                    data={"plain": plain[:500], "baseline": with_baseline[:500]})  # fmt: skip
