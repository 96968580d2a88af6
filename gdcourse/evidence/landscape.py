"""Landscapes: plateaus of deep linear networks, saddles in high dimension, how long they hold, what noise does."""

from typing import NamedTuple

import numpy as np

from gdcourse import theory
from gdcourse.curvature import perturbed_gd
from gdcourse.descent import descend
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near
from gdcourse.problems import Problem, quadratic


def deep_linear_problem(A):
    """Return the two-layer linear network 1/2 |A - W2 W1|^2 over theta = (W1, W2), both of A's square shape."""
    n = len(A)

    def value_and_gradient(theta):
        W1, W2 = theta.reshape(2, n, n)
        miss = W2 @ W1 - A
        return 0.5 * float((miss * miss).sum()), np.concatenate([(W2.T @ miss).ravel(), (miss @ W1.T).ravel()])

    return Problem(lambda theta: value_and_gradient(theta)[0], lambda theta: value_and_gradient(theta)[1],
                   dimension=2 * n * n, fused=value_and_gradient)  # fmt: skip


def r4():
    """Train a deep linear network from small weights and follow the strength of each mode of its target.

    The closed form holds from layers of equal size, turned to the target's singular vectors. data: "random", the
    modes from eight random starts of the same size.
    """
    strengths, small = np.array([4.0, 2.0, 1.0]), 1e-6
    U, V, R = (np.linalg.qr(M)[0] for M in np.random.default_rng(0).normal(size=(3, 3, 3)))
    problem = deep_linear_problem(U * strengths @ V.T)
    start = np.concatenate([(np.sqrt(small) * R @ V.T).ravel(), (np.sqrt(small) * U @ R.T).ravel()])

    def learned(lr, time, start=start):
        W = descend(problem, lr=lr, steps=round(time / lr), start=start).path.reshape(-1, 2, 3, 3)
        return np.einsum("ij,tik,tkl,lj->tj", U, W[:, 1], W[:, 0], V)

    lr = 0.004
    modes = learned(lr, time=16)
    rng = np.random.default_rng(1)
    random = [learned(lr, 16, np.sqrt(small / 3) * rng.normal(size=18)) for _ in range(8)]
    t = lr * np.arange(len(modes))
    promised = np.stack([theory.deep_linear_mode(t, s, small) for s in strengths], axis=1)
    fine = learned(lr / 10, time=3.5)[:, 0]
    rows = [
        near(f"time to half of the mode of strength {s:g}", t[np.argmax(modes[:, i] >= s / 2)],
             np.log(s / small - 1) / (2 * s), relative=0.03, digits=4, basis=CLOSED_FORM)
        for i, s in enumerate(strengths)
    ]  # fmt: skip
    rows += [
        between("largest error of the curves, relative to the strength", (np.abs(modes - promised) / strengths).max(),
                high=0.03, shown=2),
        between("the same with a tenth of the rate, strength 4",
                np.abs(fine - theory.deep_linear_mode(lr / 10 * np.arange(len(fine)), 4.0, small)).max() / 4,
                high=0.003, shown=2),
        between("from eight random starts: the least delay of the last mode's half-time",
                min(_first(t, one[:, 2] >= 0.5) for one in random) - _first(t, modes[:, 2] >= 0.5), low=0, shown=2),
    ]  # fmt: skip
    return Evidence("R4", "Deep linear networks learn in steps", "Saxe et al. (2013)", tuple(rows),
                    data={"t": t, "modes": modes, "promised": promised, "random": random})  # fmt: skip


def _first(t, reached):
    return t[np.argmax(reached)] if reached.any() else np.inf


def share_all_positive(n, draws, rng):
    """Draw random symmetric matrices (off-diagonal variance half the diagonal's); return the share with no
    negative eigenvalue."""
    A = rng.normal(size=(draws, n, n))
    return float((np.linalg.eigvalsh((A + A.transpose(0, 2, 1)) / 2)[:, 0] > 0).mean())


def r24():
    """Count how often a random symmetric matrix has only positive eigenvalues."""
    draws, rng = 200_000, np.random.default_rng(0)
    sizes = np.arange(1, 11)
    exact = np.array([theory.all_positive_probability(n) for n in sizes])
    measured = [share_all_positive(n, draws, rng) for n in range(1, 6)]
    rows = [
        near(f"share of {n} x {n} matrices", share, p, absolute=5 * np.sqrt(p * (1 - p) / draws), digits=4,
             basis=CLOSED_FORM, shown=2)
        for n, share, p in zip(sizes, measured, exact)
    ]
    rows += [
        near("closed form, n = 2: (2 - √2) / 4", exact[1], (2 - 2**0.5) / 4, relative=1e-12,
             basis=CLOSED_FORM, shown=6),
        near("closed form, n = 3: (π - 2√2) / 4π", exact[2], (np.pi - 8**0.5) / (4 * np.pi), relative=1e-12,
             basis=CLOSED_FORM, shown=6),
        near("c in exp(-c n²) at n = 10, against log(3) / 4", -np.diff(np.log(exact), 2)[-1] / 2, np.log(3) / 4,
             relative=0.005, basis=CLOSED_FORM, shown=4),
    ]  # fmt: skip
    return Evidence("R24", "Random Hessians are hardly ever all positive", "Dean and Majumdar (2006)", tuple(rows),
                    data={"n": sizes, "exact": exact, "measured": measured})  # fmt: skip


class CriticalPoints(NamedTuple):
    """Critical points on the unit sphere: points (m, n), values (m,), and the share of directions that descend."""

    points: np.ndarray
    values: np.ndarray
    index: np.ndarray


def spherical_critical_points(n, starts, rng, iterations=60):
    """Find critical points of a random cubic form sum J_ijk x_i x_j x_k on the unit sphere, by Newton's method.

    Newton solves gradient = lambda x, |x| = 1 from random starts. It is drawn to critical points of every index,
    here its merit. Runs that have not converged are dropped, and so are repeats.
    """
    J = rng.normal(size=(n, n, n))
    J = sum(J.transpose(order) for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))) / 6
    x = rng.normal(size=(starts, n))
    x /= np.linalg.norm(x, axis=1, keepdims=True)

    def measure(x):
        Jx = np.einsum("ijk,sk->sij", J, x)
        g = 3 * np.einsum("sij,sj->si", Jx, x)
        return np.einsum("si,si->s", g, x) / 3, g, 6 * Jx

    multiplier = 3 * measure(x)[0]
    for _ in range(iterations):
        _, g, H = measure(x)
        system = np.zeros((starts, n + 1, n + 1))
        system[:, :n, :n] = H - multiplier[:, None, None] * np.eye(n)
        system[:, :n, n] = system[:, n, :n] = -x
        wrong = np.column_stack([g - multiplier[:, None] * x, (1 - (x * x).sum(axis=1)) / 2])
        step = np.linalg.solve(system, -wrong[..., None])[..., 0]
        short = np.minimum(1, 0.5 / np.linalg.norm(step[:, :n], axis=1))  # no further than half the radius
        x = x + short[:, None] * step[:, :n]
        multiplier = multiplier + short * step[:, n]
    _, g, H = measure(x)
    done = np.linalg.norm(g - multiplier[:, None] * x, axis=1) + np.abs((x * x).sum(axis=1) - 1) < 1e-10
    _, first = np.unique(np.round(x[done], 6), axis=0, return_index=True)
    x, multiplier, H = x[done][first], multiplier[done][first], H[done][first]
    tangent = np.eye(n) - x[:, :, None] * x[:, None, :]
    curvature = np.linalg.eigvalsh(tangent @ (H - multiplier[:, None, None] * np.eye(n)) @ tangent)
    return CriticalPoints(x, measure(x)[0], (curvature < -1e-6).sum(axis=1) / (n - 1))


def r25():
    """Compare value and index over the critical points of random cubic forms on a sphere in 12 dimensions.

    The mean shares are those of another form of the same kind, where the correlation was 0.934.
    """
    found = [spherical_critical_points(12, 400, np.random.default_rng(seed)) for seed in range(4)]
    points = found[0]
    fifths = [part.mean() for part in np.array_split(points.index[np.argsort(points.values)], 5)]
    rows = [
        between(f"correlation of value and share of descending directions, form {i + 1}",
                np.corrcoef(one.values, one.index)[0, 1], low=0.85, shown=2)
        for i, one in enumerate(found)
    ]  # fmt: skip
    rows += [
        between("distinct critical points, form 1", len(points.values), low=150, shown=0),
        *(
            near(f"share of descending directions, fifth {i + 1} by value", mean, expected, absolute=0.08, digits=2,
                 shown=2)
            for i, (mean, expected) in enumerate(zip(fifths, (0.28, 0.43, 0.49, 0.55, 0.66)))
        ),
    ]
    return Evidence("R25", "High critical points are saddles, low ones minima",
                    "Bray and Dean (2007); Dauphin et al. (2014)", tuple(rows), data=points)  # fmt: skip


TAU = np.e
"""The size of one room of the octopus."""


def octopus(L, gamma=1.0, legs=5):
    """Return a chain of saddles that holds gradient descent for a time exponential in their number.

    Coordinate after coordinate has to pass from 0 to 2 tau. Until coordinate i has, the ones after it are pulled
    to zero, so that each saddle is met from closer by than the last. Curvatures: -2 gamma at a saddle, 2 L elsewhere.

    Args: L >= gamma: positive; legs: the number of coordinates.
    Returns: a Problem. Source: Du et al., 2017; their tau is e here.
    """
    c = L + gamma

    def passage(x):
        v = max(x - TAU, 0.0)
        a, b = (10 * gamma - 14 * L) / (3 * TAU), (5 * L - 3 * gamma) / (2 * TAU**2)
        return -gamma * x * x + a * v**3 + b * v**4, -2 * gamma * x + 3 * a * v**2 + 4 * b * v**3

    reward = 4 * L * TAU**2 - passage(2 * TAU)[0]

    def value_and_gradient(theta):
        x = np.abs(theta)
        inside = np.flatnonzero(x < 2 * TAU)
        i = inside[0] if inside.size else legs
        offset = np.where(np.arange(legs) < i, x - 4 * TAU, x)
        g = 2 * L * offset
        value = L * (offset @ offset) - i * reward
        if i < legs:
            along, g[i] = passage(x[i])
            value += along - L * x[i] ** 2
        if i + 1 < legs and x[i] > TAU:  # the next leg's pull turns into a push
            u, y = x[i] / TAU - 2, x[i + 1]
            turned = -gamma - c * (10 * u**3 + 15 * u**4 + 6 * u**5)
            value += (turned - L) * y * y
            g[i] -= 30 * c / TAU * (u**2 + 2 * u**3 + u**4) * y * y
            g[i + 1] = 2 * turned * y
        return float(value), np.where(theta < 0, -g, g)

    return Problem(lambda theta: value_and_gradient(theta)[0], lambda theta: value_and_gradient(theta)[1],
                   dimension=legs, fused=value_and_gradient)  # fmt: skip


def exit_times(path):
    """Return the step at which each coordinate of a path first reaches 2 tau, or inf where it does not."""
    out = np.abs(path) >= 2 * TAU
    return np.where(out.any(axis=0), out.argmax(axis=0), np.inf)


def r26():
    """Time the way out of a chain of saddles, by plain and by kicked gradient descent, and out of a single one."""
    start = np.random.default_rng(0).random(5)
    expected_steps = {1.0: 536, 1.5: 1557, 2.0: 3734}
    rows, plain, kicked = [], {}, {}
    for L, expected in expected_steps.items():
        problem, lr = octopus(L), 1 / (4 * L)
        plain[L] = exit_times(descend(problem, lr=lr, steps=4000, start=start).path)
        method = perturbed_gd(TAU / 100, threshold=TAU / 100, wait=1, rng=np.random.default_rng(1))
        run = descend(problem, method, lr=lr, steps=400, start=start, tolerance=None)
        kicked[L] = exit_times(run.path)
        rows += [
            near(f"gradient descent: steps out of leg 5, L = {L:g}", plain[L][4], expected, relative=0.01, digits=4),
            near(f"gradient descent: exit from leg 5 over leg 4, L = {L:g}", plain[L][4] / plain[L][3],
                 1 + np.log(1 / (1 - 2 * lr * L)) / np.log(1 + 2 * lr), relative=0.01, digits=3, basis=CLOSED_FORM),
            between(f"kicked descent: steps out of leg 5, L = {L:g}", kicked[L][4], high=60 * L + 60,
                    expected={1.0: "100", 1.5: "134", 2.0: "159"}[L]),
            between(f"kicked descent: longest leg over shortest of 2 to 5, L = {L:g}",
                    np.diff(kicked[L]).max() / np.diff(kicked[L]).min(), high=2.5),
        ]  # fmt: skip
    saddle = quadratic(np.diag([1.0, -1.0]))
    for power, steps in ((-2, 49), (-4, 97), (-8, 194), (-12, 290)):
        path = descend(saddle, lr=0.1, steps=300, start=[1.0, 10.0**power]).path
        rows.append(near(f"one saddle, left from a distance of 1e{power}: steps", np.argmax(path[:, 1] >= 1), steps,
                         basis=CLOSED_FORM))
        rows.append(near(f"one saddle, 1e{power}: the formula", theory.escape_steps(10.0**power, 0.1, 1.0), steps,
                         basis=CLOSED_FORM))
    return Evidence("R26", "Saddles in a row hold descent exponentially long", "Du et al. (2017)", tuple(rows),
                    data={"plain": plain, "kicked": kicked})  # fmt: skip


def share_escaped(noise, rng, chains=2000, steps=3000, lr=0.05):
    """Start chains in the shallow well of x^4/4 - x^2/2 - x/10, add noise of a given standard deviation to every
    gradient, and return the share that ends in the deeper well."""
    shallow, top, _ = np.sort(np.roots([1.0, 0.0, -1.0, -0.1]).real)
    x = np.full(chains, shallow)
    for _ in range(steps):
        x = x - lr * (x * x * x - x - 0.1 + noise * rng.normal(size=chains))
    return float((x > top).mean())


def r28():
    """Let noise carry chains out of the shallower of two wells."""
    rng = np.random.default_rng(0)
    shares = {noise: share_escaped(noise, rng) for noise in (0.0, 0.5, 1.0, 2.0, 3.0)}
    bands = {0.0: (0, 0, "0 %"), 0.5: (0, 0.01, "0 %"), 1.0: (0.02, 0.1, "5 %"), 2.0: (0.8, 0.9, "85 %"),
             3.0: (0.62, 0.76, "68 %")}  # fmt: skip
    rows = [
        between(f"share in the deeper well, noise {noise:g}", share, *bands[noise], shown=2)
        for noise, share in shares.items()
    ]
    rows.append(between("share at noise 2 less share at noise 3", shares[2.0] - shares[3.0], low=0.05, shown=1))
    return Evidence("R28", "Noise leaves a well only if there is enough, and stays only if there is not too much",
                    "measured; Kramers' escape problem", tuple(rows), data=shares)  # fmt: skip
