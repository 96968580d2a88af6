"""Descent on some of the data: the cloud around the minimum, how it shrinks, and what a batch's size buys."""

import math

import numpy as np

from gdcourse import data, theory
from gdcourse.averaging import running_mean
from gdcourse.batches import minibatches, with_replacement
from gdcourse.descent import descend
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near
from gdcourse.linear import softmax_regression
from gdcourse.networks import initialise, mlp, network_problem
from gdcourse.problems import Problem, least_squares
from gdcourse.range_test import range_test
from gdcourse.schedules import cosine, inverse_time, warm_restarts


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


def r13(seeds=5):
    """Measure what decay and averaging do to the noise floor of one-example SGD on least squares.

    The loss has no half, so the rates are half those usually quoted for 1/2 r^2: 0.01 and 1 / (t + 50).
    data: name -> mean squared distance to the minimum after 0, 1, ... updates, (16001,).
    """
    schedules = {"constant": 0.01, "decayed": inverse_time(1 / 50, half=50)}
    curves = {name: 0.0 for name in ("constant", "decayed", "averaged")}
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(1000, 10))
        problem = least_squares(X, X @ rng.normal(size=10) + rng.normal(size=1000))
        for name, lr in schedules.items():
            batches = with_replacement(problem.n, 1, rng)
            path = descend(problem, lr=lr, steps=R13_TIMES[-1], batches=batches).path
            curves[name] = curves[name] + np.sum((path - problem.minimizer) ** 2, axis=1) / seeds
            if name == "constant":
                average = running_mean(path)
                curves["averaged"] = curves["averaged"] + np.sum((average - problem.minimizer) ** 2, axis=1) / seeds
    first, _, last = R13_TIMES
    slope = math.log(curves["decayed"][last] / curves["decayed"][first]) / math.log(last / first)
    floor = curves["constant"][first:].mean()
    # Each coordinate is a bowl of curvature 2 with noise of variance 4, were the inputs' own spread no noise.
    # With it, lr (2 - 2 lr) becomes lr (2 - 2 lr (d + 2)): the fourth moments of normal inputs.
    expected = 10 * 0.01 * 4 / (2 * (2 - 2 * 0.01 * 12))
    rows = (
        near("constant 0.01: mean squared distance after the first 1,000 updates", floor, expected, relative=0.15,
             digits=3),
        between("constant 0.01: distance at 16,000 updates over that at 1,000",
                curves["constant"][last] / curves["constant"][first], 1 / 3, 3, expected="1, a floor"),
        near("1 / (t + 50): slope of the squared distance in log-log", slope, -1, absolute=0.25),
        between("1 / (t + 50): floor of the constant rate over distance at 16,000", floor / curves["decayed"][last],
                low=30),
        between("average of the constant run: floor over distance at 16,000", floor / curves["averaged"][last], low=30),
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


def r36():
    """Read the range test of a network on digits, train with its answer, and hold restarts to their formula.

    data: "tests", five RangeTests.
    """
    runs = [digits_range_test(seed) for seed in range(5)]
    falls, doubles, low, steep = [], [], [], []
    for _, test in runs:
        bottom = int(np.argmin(test.smoothed))
        falls.append(test.lrs[np.argmax(test.smoothed < 0.95 * test.smoothed[0])])
        doubles.append(test.lrs[bottom + np.argmax(test.smoothed[bottom:] > 2 * test.smoothed[bottom])])
        low.append(test.lowest)
        steep.append(test.steepest)
    medians = [float(np.median(values)) for values in (falls, steep, low, doubles)]
    problem, lr = runs[0][0], medians[1]
    after = {factor: epoch_losses(problem, factor * lr, 100, 5)[-1] for factor in (0.01, 1, 30)}
    waves = warm_restarts(0.5, period=7, growth=3, end=0.01)
    formula = [
        0.01 + 0.49 * (1 + math.cos(math.pi * t / length)) / 2 for length in (7, 21, 63) for t in range(length)
    ]
    rows = (
        between("rate at which the loss has fallen by 5 %", medians[0], 0.0025, 0.1, expected="near 0.025"),
        between("rate at which it falls fastest", medians[1], 0.1, 1.5, expected="near 0.4"),
        between("rate at which it is lowest", medians[2], 0.4, 4, expected="near 2"),
        between("rate at which it has doubled again", medians[3], 0.8, 8, expected="near 3.7"),
        between("loss after 5 epochs at the steepest rate", after[1], high=0.5),
        between("loss after 5 epochs at a hundredth of it", after[0.01], low=1),
        between("loss after 5 epochs at thirty times it", after[30], low=1),
        near("warm restarts: largest difference from the formula over three waves",
             max(abs(waves(t) - lr) for t, lr in enumerate(formula)), 0, absolute=1e-15),
        near("cosine: rate at one third of the way, three quarters of the first", cosine(1.0, 300)(100), 0.75,
             relative=1e-14),
    )  # fmt: skip
    return Evidence(
        "R36", "The range test, and restarts", "Smith (2017); Loshchilov and Hutter (2017)", rows,
        data={"tests": [test for _, test in runs], "after": after},
    )  # fmt: skip
