"""Landscapes: they are what they claim to be."""

import numpy as np
import pytest
from scipy import integrate

from gdcourse import theory
from gdcourse.differentiate import gradient_check, numerical_gradient
from gdcourse.evidence.landscape import (
    TAU,
    deep_linear_problem,
    exit_times,
    octopus,
    share_all_positive,
    share_escaped,
    spherical_critical_points,
)


def test_the_deep_linear_gradient_is_right():
    rng = np.random.default_rng(0)
    problem = deep_linear_problem(rng.normal(size=(3, 3)))
    assert gradient_check(problem.value, problem.gradient, rng.normal(size=18), rng) < 1e-8


def pfaffian(A):
    return 1.0 if not len(A) else sum(
        (-1) ** (j - 1) * A[0, j] * pfaffian(np.delete(np.delete(A, [0, j], 0), [0, j], 1)) for j in range(1, len(A))
    )  # fmt: skip


@pytest.mark.parametrize("n", range(1, 7))
def test_all_positive_probability_by_another_quadrature(n):
    """De Bruijn's Pfaffian from running integrals on a line, not in polar coordinates, and expanded term by term."""

    def moments(low):
        x = np.linspace(low, 12, 40_001)
        density = [x**k * np.exp(-x * x / 2) for k in range(n)]
        running = [integrate.cumulative_simpson(f, x=x, initial=0) for f in density]
        A = np.zeros((n + n % 2,) * 2)
        for j in range(n):
            for k in range(n):
                A[j, k] = integrate.simpson(density[k] * (2 * running[j] - running[j][-1]), x=x)
            if n % 2:
                A[j, n], A[n, j] = running[j][-1], -running[j][-1]
        return A

    assert theory.all_positive_probability(n) == pytest.approx(pfaffian(moments(0)) / pfaffian(moments(-12)), rel=1e-6)


def test_all_positive_probability_refuses_sizes_it_cannot_do():
    for n in (0, 11, 2.5):
        with pytest.raises(ValueError, match="n must be"):
            theory.all_positive_probability(n)


def test_equal_variances_would_give_another_share():
    """The known mistake: off-diagonal entries with the diagonal's variance are not the GOE."""
    rng, draws = np.random.default_rng(0), 50_000
    A = rng.normal(size=(draws, 2, 2))
    A[:, 1, 0] = A[:, 0, 1]
    wrong = (np.linalg.eigvalsh(A)[:, 0] > 0).mean()
    right = share_all_positive(2, draws, rng)
    p = theory.all_positive_probability(2)
    slack = 5 * np.sqrt(p * (1 - p) / draws)
    assert abs(right - p) < slack < abs(wrong - p)


def test_the_critical_points_are_critical_and_their_indices_right():
    """By differences of f(x / |x|), whose gradient and Hessian at |x| = 1 are those on the sphere."""
    n = 6
    found = spherical_critical_points(n, 60, np.random.default_rng(5))
    J = np.random.default_rng(5).normal(size=(n, n, n))

    def f(x):
        x = x / np.linalg.norm(x)
        return float(np.einsum("ijk,i,j,k", J, x, x, x))

    assert len(found.values) > 15
    assert len({tuple(point) for point in found.points.round(4)}) == len(found.values)
    for x, value, index in list(zip(*found))[:12]:
        assert value == pytest.approx(f(x))
        assert np.abs(numerical_gradient(f, x)).max() < 1e-7
        H = [numerical_gradient(lambda z, i=i: numerical_gradient(f, z, 1e-3)[i], x, 1e-3) for i in range(n)]
        assert (np.linalg.eigvalsh(np.array(H)) < -1e-3).sum() == round(index * (n - 1))


def octopus_points(rng, legs=5):
    """Yield points of every room: i legs out, the next one anywhere, the rest still near zero."""
    for i in range(legs + 1):
        for _ in range(10):
            x = rng.uniform(0.1, TAU, size=legs)
            x[:i] = rng.uniform(2 * TAU, 4 * TAU, size=i)
            if i < legs:
                x[i] = rng.uniform(0.1, 2 * TAU)
            yield x * rng.choice([-1, 1], size=legs)


def test_the_octopus_gradient_is_right_in_every_room():
    rng = np.random.default_rng(0)
    problem = octopus(1.5)
    for x in octopus_points(rng):
        assert gradient_check(problem.value, problem.gradient, x, rng) < 1e-6


def test_the_octopus_joins_smoothly_on_its_path():
    """Across x_i = tau and 2 tau, value and gradient do not jump while the legs after it are near zero."""
    problem = octopus(2.0)
    for i in range(5):
        for wall in (TAU, 2 * TAU):
            x = np.where(np.arange(5) < i, 3 * TAU, 0.5)
            x[i] = wall
            below, above = x.copy(), x.copy()
            below[i], above[i] = wall - 1e-9, wall + 1e-9
            assert problem.value(above) == pytest.approx(problem.value(below), abs=1e-6)
            np.testing.assert_allclose(problem.gradient(above), problem.gradient(below), atol=1e-6)


def test_exit_times_are_first_crossings():
    path = np.array([[0.0, 0.0], [2 * TAU, 1.0], [0.0, -2 * TAU], [9.0, 9.0]])
    np.testing.assert_array_equal(exit_times(path), [1, 2])
    np.testing.assert_array_equal(exit_times(path[:2]), [1, np.inf])


def test_much_noise_settles_into_boltzmanns_shares():
    """Small steps with noise s sample exp(-f / T) with T = lr s^2 / 2."""
    lr, noise = 0.01, 6.0
    temperature = lr * noise**2 / 2
    top = np.sort(np.roots([1.0, 0.0, -1.0, -0.1]).real)[1]
    x = np.linspace(-6, 6, 40_001)
    density = np.exp(-(x**4 / 4 - x**2 / 2 - 0.1 * x) / temperature)
    expected = density[x > top].sum() / density.sum()
    measured = share_escaped(noise, np.random.default_rng(0), chains=4000, steps=3000, lr=lr)
    assert measured == pytest.approx(expected, abs=0.03)
    assert abs(expected - 0.5) > 0.05
