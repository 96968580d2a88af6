"""Descent on some of the data: the cloud around the minimum, how it shrinks, and what a batch's size buys."""

import math

import numpy as np

from gdcourse import data, theory
from gdcourse.batches import minibatches
from gdcourse.descent import descend
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near
from gdcourse.linear import softmax_regression
from gdcourse.networks import initialise, mlp, network_problem
from gdcourse.problems import Problem
from gdcourse.range_test import range_test
from gdcourse.schedules import constant, cosine, inverse_time, warm_restarts


def noisy_bowl(curvature, noise, copies, rng):
    """Return many independent copies of 1/2 curvature x^2 whose gradients carry normal noise.

    Args: curvature: positive; noise: the variance of one gradient; copies: d; rng: a numpy.random.Generator.
    Returns: a Problem started at its minimum. Its value is the mean over the copies and carries no noise.
    Example:
        >>> noisy_bowl(1.0, 0.0, 3, np.random.default_rng(0)).gradient(np.array([1.0, 2.0, 3.0]))
        array([1., 2., 3.])
    """
    deviation = math.sqrt(noise)
    return Problem(
        value=lambda x: float(0.5 * curvature * (x @ x) / copies),
        gradient=lambda x: curvature * x + deviation * rng.normal(size=copies),
        dimension=copies,
        minimizer=np.zeros(copies),
        start=np.zeros(copies),
    )


def r12():
    """Measure the spread of SGD around the minimum against lr noise / (B curvature (2 - lr curvature))."""
    rng = np.random.default_rng(0)
    rows, clouds = [], {}
    for lr, batch_size in ((0.1, 1), (0.2, 2), (0.8, 8), (0.1, 10)):
        problem = noisy_bowl(1.0, 1.0 / batch_size, 2000, rng)
        # The start is forgotten after 200 steps: 0.9^400 of the variance is missing.
        clouds[lr, batch_size] = cloud = descend(problem, lr=lr, steps=600, keep_path=True).path[200:]
        rows.append(near(f"variance at lr = {lr}, B = {batch_size}", cloud.var(),
                         theory.sgd_variance(lr, 1.0, 1.0, batch_size), relative=0.03, digits=4,
                         basis=CLOSED_FORM, shown=4))  # fmt: skip
    ratio = clouds[0.8, 8].var() / clouds[0.1, 1].var()
    rows.append(near("spread at eight times the rate and the batch, over that at once", ratio, 1.9 / 1.2, relative=0.03,
                     digits=4, basis=CLOSED_FORM, shown=4))  # fmt: skip
    return Evidence(
        "R12", "The cloud around the minimum", "closed form of a linear recurrence", tuple(rows), data=clouds
    )


R13_TIMES = (1000, 4000, 16000)


def least_squares_runs(schedule, steps, seeds=8):
    """Run one-example descent with replacement on least squares, each seed on 1,000 examples of its own.

    Returns: the paths (steps + 1, seeds, 10), from zero, and the minima (seeds, 10).
    """
    n, d = 1000, 10
    X, y, minima = np.empty((seeds, n, d)), np.empty((seeds, n)), np.empty((seeds, d))
    rngs = [np.random.default_rng(seed) for seed in range(seeds)]
    for i, rng in enumerate(rngs):
        X[i] = rng.normal(size=(n, d))
        y[i] = X[i] @ rng.normal(size=d) + rng.normal(size=n)
        minima[i] = np.linalg.lstsq(X[i], y[i], rcond=None)[0]
    drawn = np.stack([rng.integers(n, size=steps) for rng in rngs], axis=1)
    each = np.arange(seeds)
    path = np.zeros((steps + 1, seeds, d))
    for t in range(steps):
        x = X[each, drawn[t]]
        miss = (x * path[t]).sum(axis=1) - y[each, drawn[t]]
        path[t + 1] = path[t] - schedule(t) * 2 * miss[:, None] * x
    return path, minima


def r13():
    """Measure what decay and averaging do to the noise floor of one-example SGD on least squares.

    The loss has no half, so the rates are half those usually quoted for 1/2 r^2: 0.01 and 1 / (t + 50).
    data: name -> squared distance to the minimum after 0, 1, ... updates, mean over eight seeds, (16001,).
    """
    schedules = {"constant": constant(0.01), "decayed": inverse_time(1 / 50, half=50)}
    curves = {}
    for name, schedule in schedules.items():
        path, minima = least_squares_runs(schedule, R13_TIMES[-1])
        curves[name] = np.sum((path - minima) ** 2, axis=2).mean(axis=1)
        if name == "constant":
            averages = np.cumsum(path, axis=0) / np.arange(1, len(path) + 1)[:, None, None]
            averaged = np.sum((averages - minima) ** 2, axis=2).mean(axis=1)
    curves["averaged"] = averaged
    first, _, last = R13_TIMES
    slope = math.log(curves["decayed"][last] / curves["decayed"][first]) / math.log(last / first)
    floor = curves["constant"][first:].mean()
    # Each coordinate is a bowl of curvature 2 with noise of variance 4, were the inputs' own spread no noise.
    # With it, lr (2 - 2 lr) becomes lr (2 - 2 lr (d + 2)): the fourth moments of normal inputs.
    expected = 10 * 0.01 * 4 / (2 * (2 - 2 * 0.01 * 12))
    rows = (
        near("constant 0.01: mean squared distance after the first 1,000 updates", floor, expected, relative=0.15,
             digits=3, basis=CLOSED_FORM, shown=2),
        between("constant 0.01: distance at 16,000 updates over that at 1,000",
                curves["constant"][last] / curves["constant"][first], 1 / 3, 3, expected="1, a floor",
                basis=CLOSED_FORM, shown=2),
        near("1 / (t + 50): slope of the squared distance in log-log", slope, -1, absolute=0.25, basis=CLOSED_FORM,
             shown=2),
        between("1 / (t + 50): floor of the constant rate over distance at 16,000", floor / curves["decayed"][last],
                low=30, shown=2),
        between("average of the constant run: floor over distance at 16,000", floor / curves["averaged"][last], low=30,
                shown=2),
    )  # fmt: skip
    return Evidence(
        "R13", "Decay and averaging end the noise", "Robbins and Monro (1951); Polyak and Juditsky (1992)", rows,
        data=curves,
    )  # fmt: skip


def shuffling_gap(seeds=8, epochs=50):
    """Run one-example descent on least squares in shuffled order and with replacement, many seeds side by side.

    The rate falls as 0.05 / (1 + t / 200). Returns: name -> squared distances to the minimum at the end, (seeds,).
    """
    rng = np.random.default_rng(1)
    n, d = 1000, 10
    X = rng.normal(size=(n, d))
    y = X @ rng.normal(size=d) + rng.normal(size=n)
    minimizer = np.linalg.lstsq(X, y, rcond=None)[0]
    rate, ends = inverse_time(0.05, half=200), {}
    for name in ("reshuffled", "with replacement"):
        rng = np.random.default_rng(2)
        theta = np.zeros((seeds, d))
        for epoch in range(epochs):
            if name == "reshuffled":
                order = np.argsort(rng.random((seeds, n)), axis=1)
            else:
                order = rng.integers(n, size=(seeds, n))
            for t in range(n):
                x = X[order[:, t]]
                miss = (x * theta).sum(axis=1) - y[order[:, t]]
                theta = theta - rate(epoch * n + t) * 2 * miss[:, None] * x
        ends[name] = np.sum((theta - minimizer) ** 2, axis=1)
    return ends


def r14(draws=1000):
    """Measure the variance of a minibatch's gradient on digits, and what reshuffling buys on least squares.

    data: "sizes"; "ratios", the two lists of measured variance over formula; "ends", as in `shuffling_gap`.
    """
    digits = data.digits()
    problem = softmax_regression(digits.X, digits.y, 10)
    theta, n = problem.start, problem.n
    rng = np.random.default_rng(0)
    whole = problem.gradient(theta)
    one = np.mean([np.sum((problem.gradient(theta, [i]) - whole) ** 2) for i in range(n)])
    sizes = (1, 8, 64, 512)
    ratios = {"with replacement": [], "without": []}
    rows = []
    for B in sizes:
        for name, pick, formula in (
            ("with replacement", lambda B=B: rng.integers(n, size=B), one / B),
            ("without", lambda B=B: rng.choice(n, size=B, replace=False, shuffle=False), one / B * (n - B) / (n - 1)),
        ):
            spread = np.mean([np.sum((problem.gradient(theta, pick()) - whole) ** 2) for _ in range(draws)])
            ratios[name].append(spread / formula)
            rows.append(near(f"digits, B = {B}, {name}: variance over formula", spread / formula, 1, relative=0.08,
                             basis=CLOSED_FORM, shown=3))  # fmt: skip
    ends = shuffling_gap()
    gap = np.median(ends["with replacement"]) / np.median(ends["reshuffled"])
    rows.append(between("least squares, 50 epochs, 8 runs: median squared distance, with replacement over reshuffled",
                        gap, low=10, shown=2))  # fmt: skip
    return Evidence(
        "R14", "A minibatch's variance falls as 1/B", "sampling theory", tuple(rows),
        data={"sizes": sizes, "ratios": ratios, "ends": ends},
    )  # fmt: skip


def epoch_losses(problem, lr, batch_size, epochs, seed=0):
    """Train with minibatches; return the loss over all examples at the start and after every epoch, (epochs + 1,)."""
    batches = minibatches(problem.n, batch_size, np.random.default_rng(seed), epochs=epochs)
    path = descend(problem, lr=lr, steps=epochs * problem.n, batches=batches).path
    return np.array([problem.value(theta) for theta in path[:: math.ceil(problem.n / batch_size)]])


def softmax_runs(X, y, lr, batch_size, at, seeds=8):
    """Train softmax regressions side by side from zero, each with an order of the examples of its own.

    An incomplete batch at the end of an epoch is left out.

    Args: X: (n, features); y: (n,) classes from 0; lr; batch_size: at most n; at: rising numbers of updates; seeds.
    Returns: the losses over all examples after so many updates, (len(at), seeds).
    """
    n, classes = len(X), int(y.max()) + 1
    X = np.column_stack([X, np.ones(n)])
    targets = np.eye(classes)[y]
    rng = np.random.default_rng(0)
    theta, losses, used, wanted = np.zeros((seeds, X.shape[1], classes)), [], n, set(at)
    for t in range(at[-1] + 1):
        if t in wanted:
            z = (X @ theta.transpose(1, 0, 2).reshape(X.shape[1], -1)).reshape(n, seeds, classes)
            right = (z * targets[:, None]).sum(axis=2)
            top = z.max(axis=2)
            losses.append((np.log(np.exp(z - top[:, :, None]).sum(axis=2)) + top - right).mean(axis=0))
        if used + batch_size > n:
            order, used = np.argsort(rng.random((seeds, n)), axis=1), 0
        rows = order[:, used : used + batch_size]
        used += batch_size
        x = X[rows]
        z = x @ theta
        p = np.exp(z - z.max(axis=2, keepdims=True))
        push = p / p.sum(axis=2, keepdims=True) - targets[rows]
        theta = theta - lr / batch_size * (x.transpose(0, 2, 1) @ push)
    return np.array(losses)


TRIED = {1: (0.2, 0.3), 2: (0.35, 0.5), 4: (0.7, 1.0), 8: (1.0, 1.4), 32: (2.0, 2.8), 128: (4.0, 5.6)}
"""Batch sizes, and the rates among which the best is chosen."""


def updates_to(loss, curves, at):
    """Return the first of the numbers `at` at which a curve (len(at),) is at most `loss`, or infinity."""
    below = np.asarray(curves) <= loss
    return float(at[int(np.argmax(below))]) if below.any() else math.inf


def r16(loss=0.3, seeds=8, epochs=10):
    """Train softmax regression on digits at rates in proportion to the batch, and count updates against batch size.

    1,536 = 3 * 512 of the digits, so that every batch is full: of all 1,797, batches of 128 leave a last one of
    five examples, and its noisy gradient at the rate for 128 undoes part of every epoch. The updates are counted on
    all 1,797, on the mean loss of the runs, so that no single run's lucky dip counts as an arrival.
    data: "losses", batch size -> mean loss of the runs after 0, 1, ..., 10 epochs; "updates", batch size -> (best
    rate, updates to the loss); "halves", batch size -> the same for the two halves of the runs; "rises", how many
    of the full batch's steps raise the loss; "limit", 2/L where it starts.
    """
    digits = data.digits()
    some = np.random.default_rng(0).permutation(len(digits.X))[:1536]
    problem = softmax_regression(digits.X[some], digits.y[some], 10)
    limit = theory.gd_stability_limit(theory.curvature_range(problem.hessian(problem.start))[1])
    losses = {
        B: softmax_runs(digits.X[some], digits.y[some], 0.01 * B, B, range(0, epochs * 1536 // B + 1, 1536 // B), seeds)
        .mean(axis=1) for B in (1, 8, 32, 128, 512)
    }  # fmt: skip
    rows = []
    for epoch in (1, 3, 10):
        spread = [losses[B][epoch] / losses[1][epoch] - 1 for B in (8, 32, 128)]
        rows.append(between(f"epoch {epoch}, largest deviation of the mean loss at B = 8, 32, 128 from B = 1",
                            np.abs(spread).max(), high=0.03, shown=0))  # fmt: skip
    rows += [
        between("0.01 * 128 over the limit 2/L at the start", 1.28 / limit, high=1, shown=3),
        between("0.01 * 512 over the limit 2/L at the start", 5.12 / limit, low=1, shown=3),
        between("loss after epoch 1 at B = 512 over that at B = 1", losses[512][1] / losses[1][1], low=2, shown=2),
    ]
    whole = softmax_regression(digits.X, digits.y, 10)
    ragged = [epoch_losses(whole, 1.28, 128, 1, seed)[1] / epoch_losses(whole, 0.32, 32, 1, seed)[1]
              for seed in range(8)]  # fmt: skip
    rows.append(between("all 1,797 digits, a last batch of 5: loss after epoch 1 at B = 128 over B = 32, median of 8",
                        np.median(ragged), low=1.1, shown=2))  # fmt: skip
    updates, halves = {}, {}
    for B, grid in TRIED.items():
        most = 1000 / B**0.75 + 20
        at = np.unique(np.geomspace(most / 4, most, 40).astype(int)).tolist()
        runs = {lr: softmax_runs(digits.X, digits.y, lr, B, at, seeds) for lr in grid}
        best = min(grid, key=lambda lr: updates_to(loss, runs[lr].mean(axis=1), at))
        updates[B] = best, updates_to(loss, runs[best].mean(axis=1), at)
        halves[B] = [updates_to(loss, half.mean(axis=1), at) for half in np.split(runs[best], 2, axis=1)]
    full = {lr: descend(whole, lr=float(lr), steps=60).values for lr in range(1, 11)}
    best = min(full, key=lambda lr: updates_to(loss, full[lr], range(61)))
    updates[whole.n] = float(best), updates_to(loss, full[best], range(61))
    one, some, all_of_them = (updates[B][1] for B in (1, 32, whole.n))
    rows += [
        between("updates to loss 0.3 at the best rate, B = 1 over B = 32", one / some, low=5, shown=2),
        between("updates to loss 0.3 at the best rate, B = 32 over all", some / all_of_them, low=1, shown=2),
        between("epochs to loss 0.3 at the best rate, all over B = 32", all_of_them / (some * 32 / whole.n), low=10,
                shown=2),
        between("epochs to loss 0.3 at the best rate, B = 1", one / whole.n, high=0.5, shown=2),
    ]  # fmt: skip
    return Evidence(
        "R16", "What a batch's size buys", "Goyal et al. (2017) for the rate in proportion to the batch", tuple(rows),
        data={"losses": losses, "updates": updates, "halves": halves, "limit": limit,
              "rises": int((np.diff(full[best][: int(all_of_them) + 1]) > 0).sum())},
    )  # fmt: skip


def digits_range_test(seed):
    """Run the range test on a fresh 64-64-10 network on digits with batches of 100, 200 rates from 1e-4 to 30."""
    digits = data.digits()
    rng = np.random.default_rng(seed)
    network = mlp((64, 64, 10))
    problem = network_problem(network, digits.X, digits.y, start=initialise(network, "he", rng))
    return problem, range_test(problem, batches=minibatches(problem.n, 100, rng))


FACTORS = {
    "a hundredth of the steepest": ("steepest", 0.01),
    "the steepest": ("steepest", 1),
    "the lowest": ("lowest", 1),
    "twice the lowest": ("lowest", 2),
    "three times the lowest": ("lowest", 3),
}
"""The rates that are tried after a range test: what it read off, times so much."""


def r36(seeds=8, epochs=5):
    """Read the range test of a network on digits, train with its answers, and hold restarts to their formula.

    data: "tests", eight RangeTests; "after", what of FACTORS -> the losses after five epochs, (8,).
    """
    runs = [digits_range_test(seed) for seed in range(seeds)]
    falls, doubles = [], []
    after = {name: [] for name in FACTORS}
    for seed, (problem, test) in enumerate(runs):
        bottom = int(np.argmin(test.smoothed))
        falls.append(test.lrs[np.argmax(test.smoothed < 0.95 * test.smoothed[0])])
        doubles.append(test.lrs[bottom + np.argmax(test.smoothed[bottom:] > 2 * test.smoothed[bottom])])
        for name, (what, factor) in FACTORS.items():
            batches = minibatches(problem.n, 100, np.random.default_rng(seed), epochs=epochs)
            lr = factor * getattr(test, what)
            trained = descend(problem, lr=lr, steps=epochs * problem.n, batches=batches, keep_path=False)
            value = problem.value(trained.final)
            after[name].append(value if np.isfinite(value) else np.inf)
    after = {name: np.array(losses) for name, losses in after.items()}
    typical = {name: np.median(losses) for name, losses in after.items()}
    low, steep = (np.median([getattr(test, what) for _, test in runs]) for what in ("lowest", "steepest"))
    waves = warm_restarts(0.5, period=7, growth=3, end=0.01)
    formula = [
        0.01 + 0.49 * (1 + math.cos(math.pi * t / length)) / 2 for length in (7, 21, 63) for t in range(length)
    ]
    rows = (
        between("rate at which the loss has fallen by 5 %, median of 8", np.median(falls), 0.0025, 0.1, shown=1),
        between("rate at which it falls fastest, median of 8", steep, 0.1, 1.5, shown=1),
        between("rate at which it is lowest, median of 8", low, 0.4, 4, shown=1),
        between("rate at which it has doubled again, median of 8", np.median(doubles), 0.8, 8, shown=1),
        between("loss after 5 epochs at a hundredth of the steepest rate, median of 8",
                typical["a hundredth of the steepest"], low=1, shown=2),
        between("loss after 5 epochs at the steepest rate, largest of 8", after["the steepest"].max(), high=0.5,
                shown=2),
        between("loss after 5 epochs at the lowest over that at the steepest, medians of 8",
                typical["the lowest"] / typical["the steepest"], high=0.8, shown=1),
        between("runs of 8 at twice the lowest that end above 1", (after["twice the lowest"] > 1).sum(), 1, 7),
        between("runs of 8 at three times the lowest that do", (after["three times the lowest"] > 1).sum(), low=5),
        near("warm restarts: largest difference from the formula over three waves",
             max(abs(waves(t) - lr) for t, lr in enumerate(formula)), 0, absolute=1e-12, basis=CLOSED_FORM),
        near("cosine: rate at one third of the way, three quarters of the first", cosine(1.0, 300)(100), 0.75,
             relative=1e-12, basis=CLOSED_FORM),
    )  # fmt: skip
    return Evidence(
        "R36", "The range test, and restarts", "Smith (2017) for the test; Loshchilov and Hutter (2017) for restarts",
        rows, data={"tests": [test for _, test in runs], "after": after},
    )  # fmt: skip
