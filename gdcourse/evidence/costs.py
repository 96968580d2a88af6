"""Costs and output units: which statistic a loss picks, when it stops teaching, and what the mean cannot say."""

from typing import NamedTuple

import numpy as np

from gdcourse import data, losses
from gdcourse.descent import descend
from gdcourse.evidence import CLOSED_FORM, OWN_RUN, Evidence, between, near, published
from gdcourse.linear import linear_model, linear_outputs, logistic_regression
from gdcourse.networks import initialise, mlp, network_problem, predict
from gdcourse.optimizers import adam
from gdcourse.outputs import gaussian, heteroscedastic, mixture
from gdcourse.stable import sigmoid


def r19():
    """Find the constant that each loss likes best on one skewed sample, and hold it against the statistics.

    data: sample (5001,), grid (2001,), and costs, name -> (2001,).
    """
    sample = np.random.default_rng(0).exponential(size=5001)
    grid = np.linspace(0, 4, 2001)
    step = grid[1]
    rules = {
        "mean": ("squared error", losses.mse, sample.mean()),
        "median": ("absolute error", losses.mae, np.median(sample)),
        "90 % quantile": ("pinball loss, tau = 0.9", lambda p, y: losses.pinball(p, y, tau=0.9),
                          np.quantile(sample, 0.9)),
    }  # fmt: skip
    costs, rows = {}, []
    for statistic, (name, loss, value) in rules.items():
        costs[name] = np.array([loss(np.full_like(sample, constant), sample)[0] for constant in grid])
        best = grid[costs[name].argmin()]
        rows.append(near(f"best constant under {name}: the {statistic}", best, value, absolute=step,
                         basis=CLOSED_FORM))  # fmt: skip
    return Evidence(
        "R19",
        "The loss chooses the statistic",
        "closed forms; Koenker and Bassett (1978) for the quantile",
        tuple(rows),
        data={"sample": sample, "grid": grid, "costs": costs},
    )


def sigmoid_squared_error(logits, y):
    """Squared error of a sigmoid's probability: the pairing that stops teaching where it is most wrong.

    value = mean((p - y)^2), p = sigmoid(z);  dz = 2 (p - y) p (1 - p) / n

    Args: logits, y: (n,) or (n, k), the same shape. Returns: a float and an array of logits' shape.
    Raises: ValueError if the shapes differ or y is not finite.
    Example:
        >>> sigmoid_squared_error([0.0], [1.0])
        (0.25, array([-0.25]))
    """
    p = sigmoid(logits)
    value, dp = losses.mse(p, y)
    return value, dp * p * (1 - p)


NEURON_COSTS = {
    # Nielsen halves the square, so that his rate 0.15 is 0.075 here.
    "squared error": (sigmoid_squared_error, 0.075),
    "cross-entropy": (losses.binary_cross_entropy, 0.15),
}


def neuron(cost, start, epochs=300):
    """Train Nielsen's single sigmoid neuron: input 1, target 0.

    Args: cost: a key of NEURON_COSTS; start: (w, b); epochs: at least 1.
    Returns: its outputs, (epochs + 1,).
    Example:
        >>> neuron("cross-entropy", (2.0, 2.0)).round(3)[[0, -1]].tolist()
        [0.982, 0.012]
    """
    loss, lr = NEURON_COSTS[cost]
    trace = descend(linear_model([[1.0]], [0.0], loss), lr=lr, steps=epochs, start=start)
    return sigmoid(trace.path.sum(axis=1))


class DigitRuns(NamedTuple):
    """Layers trained side by side: the steps looked at, the share named right, the same by digit, the last weights."""

    at: np.ndarray
    shares: np.ndarray
    by_digit: np.ndarray
    weights: np.ndarray


def digit_runs(cost, rates, seeds, steps, every=10, start=None):
    """Train layers of ten sigmoids on all digits side by side, by full-batch descent in single precision.

    Args: cost: "squared error" or "cross-entropy", over the ten answers a sum; rates, seeds: one of each for every
        layer, whose first weights are standard normal; steps, every: how long, and how often to look; start: weights
        (65, layers, 10) to begin with instead.
    Returns: DigitRuns with at (looks,), shares (looks, layers), by_digit (looks, layers, 10), weights (65, layers, 10).
    """
    digits = data.digits()
    n, layers = len(digits.X), len(rates)
    X = np.column_stack([digits.X, np.ones(n)]).astype(np.float32)
    target = np.eye(10, dtype=np.float32)[digits.y]
    if start is None:
        start = np.stack([np.random.default_rng(seed).normal(size=(65, 10)) for seed in seeds], axis=1)
    W = start.astype(np.float32).reshape(65, -1)
    Y = np.tile(target, layers)
    rate = np.repeat(np.asarray(rates, dtype=np.float32), 10) / n
    at = np.arange(0, steps + 1, every)
    by_digit = []
    Z, p, push = (np.empty((n, 10 * layers), dtype=np.float32) for _ in range(3))  # new ones cost more than the sums
    for t in range(steps + 1):
        np.matmul(X, W, out=Z)
        if t % every == 0:
            right = Z.reshape(n, layers, 10).argmax(axis=2) == digits.y[:, None]
            by_digit.append((target.T @ right) / target.sum(axis=0)[:, None])
        if t == steps:
            break
        np.tanh(np.multiply(Z, 0.5, out=p), out=p)  # the sigmoid is (1 + tanh(z / 2)) / 2, and cannot overflow
        p += 1
        p *= 0.5
        np.subtract(p, Y, out=push)
        if cost == "squared error":
            push *= p
            push *= np.subtract(1, p, out=p)
            push *= 2
        W = W - rate * (X.T @ push)
    by_digit = np.array(by_digit).transpose(0, 2, 1)
    return DigitRuns(at, by_digit @ target.mean(axis=0), by_digit, W.reshape(65, layers, 10))


def steps_to(runs, share=0.9):
    """Return for each layer of DigitRuns the first step looked at with so many named right, or infinity."""
    there = runs.shares >= share
    return np.where(there.any(axis=0), runs.at[there.argmax(axis=0)], np.inf)


STARTS = 8


def r20():
    """Show the neuron that learns slowest when it is most wrong, and what a better cost does about it.

    On the digits the squared error makes some of the ten wait. Which ones, and for how long, is up to the start: from
    some starts nine digits in ten are right before 1,500 steps, from others one or more are missing far longer.

    data: neuron, (cost, start) -> outputs (301,); "digits", cost -> DigitRuns: under cross-entropy at rate 30 from
    eight starts; under the squared error at 5 from the same eight, and from the first of them at 1 and 30; "rescue",
    the first start's run at 5 taken on to step 4,500.
    """
    nielsen = published("Nielsen (2015), chapter 3")
    expected = {
        ("squared error", (0.6, 0.9)): (0.82, 0.09, 36, nielsen),
        ("squared error", (2.0, 2.0)): (0.98, 0.20, 232, nielsen),
        ("cross-entropy", (0.6, 0.9)): (0.82, 0.012, 8, OWN_RUN),
        ("cross-entropy", (2.0, 2.0)): (0.98, 0.012, 17, OWN_RUN),
    }
    outputs, rows = {}, []
    for (cost, start), (first, last, epochs, basis) in expected.items():
        a = outputs[cost, start] = neuron(cost, start)
        name = f"{cost} from {start}"
        rows += [
            near(f"{name}: first output", a[0], first, absolute=0.005, basis=basis, shown=3),
            near(f"{name}: output after 300 epochs", a[-1], last, absolute=0.005, basis=basis, shown=3),
            near(f"{name}: epochs until it is below a half", np.argmax(a < 0.5), epochs),
        ]
    starts = list(range(STARTS))
    quick = digit_runs("cross-entropy", [30] * STARTS, starts, 60, every=1)
    slow = digit_runs("squared error", [5] * STARTS + [1, 30], [*starts, 0, 0], 1500)
    rescue = digit_runs("squared error", [5], [0], 3000, start=slow.weights[:, :1])
    rescue = rescue._replace(at=rescue.at + 1500)
    within = steps_to(slow)[:STARTS]
    rows += [
        between(f"digits, cross-entropy: most steps to 90 % right, of {STARTS} starts", steps_to(quick).max(), high=40,
                shown=0),
        between(f"digits, squared error: starts of {STARTS} that are 90 % right within 1,500 steps",
                np.isfinite(within).sum(), 1, STARTS - 2),
        between("digits, squared error: fewest steps to 90 % right", within.min(), low=200, high=1500, shown=2),
        between("digits, squared error from the first start: step with 90 % right", steps_to(rescue)[0], 2500, 4500,
                shown=2),
    ]  # fmt: skip
    return Evidence(
        "R20",
        "The learning slowdown",
        "Nielsen, Neural Networks and Deep Learning, chapter 3; Goodfellow et al., Deep Learning, 6.2.2",
        tuple(rows),
        data={"neuron": outputs, "digits": {"cross-entropy": quick, "squared error": slow}, "rescue": rescue},
    )


def fit(unit, x, y, *, steps, lr=5e-3, seed=0):
    """Train twenty tanh units and an output unit on one input by full-batch Adam.

    Args: unit: an OutputUnit; x, y: (n,); steps, lr: of Adam; seed: of the first weights.
    Returns: the final loss, and a function (m,) -> outputs (m, columns).
    """
    network = mlp((1, 20, unit.columns), "tanh")
    start = initialise(network, "lecun", np.random.default_rng(seed))
    problem = network_problem(network, x[:, None], y, unit.loss, start=start)
    trace = descend(problem, adam(), lr=lr, steps=steps, keep_path=False)
    return trace.values[-1], lambda x: predict(network, trace.final, x[:, None])


def bent(t):
    """Return t + 0.3 sin(2 pi t), whose inverse has three branches in the middle (Bishop, 1994)."""
    return t + 0.3 * np.sin(2 * np.pi * t)


def r21(seeds=8):
    """Invert a relation that has three answers, with a mean and with a mixture; then predict a spread.

    Every network is trained from eight starts; the rows are medians over them.
    data: x, t (400,), grid (201,) of x, means (8, 201), the predictions of the mean, and mixtures (8, 201, 9), outputs;
    and for the spread its own noisy_x, noisy_y (1000,), noisy_grid (201,), spreads (8, 201, 2), outputs, and
    true_spread (201,).
    """
    rng = np.random.default_rng(0)
    t = rng.uniform(size=400)
    x = bent(t) + rng.uniform(-0.1, 0.1, size=400)
    unit, branches, spread = gaussian(), mixture(3), heteroscedastic()
    _, forward = fit(unit, t, x, steps=1000, lr=0.02)
    grid, noisy_grid = np.linspace(x.min(), x.max(), 201), np.linspace(0, 1, 201)
    noisy_x = rng.uniform(size=1000)
    noisy_y = np.sin(2 * np.pi * noisy_x) + (0.1 + 0.6 * noisy_x) * rng.normal(size=1000)
    truth = 0.1 + 0.6 * noisy_grid
    known = np.column_stack([np.sin(2 * np.pi * noisy_x), np.log(0.1 + 0.6 * noisy_x)])
    found = {name: [] for name in ("rms", "cost", "centres", "middle", "gap", "excess", "off")}
    means, mixtures, spreads = [], [], []
    for seed in range(seeds):
        _, mean = fit(unit, x, t, steps=400, lr=0.01, seed=seed)
        cost, outputs = fit(branches, x, t, steps=900, lr=0.01, seed=seed)
        spread_cost, both = fit(spread, noisy_x, noisy_y, steps=400, lr=0.02, seed=seed)
        _, one = fit(unit, noisy_x, noisy_y, steps=400, lr=0.02, seed=seed)
        means.append(mean(grid)[:, 0])
        mixtures.append(outputs(grid))
        spreads.append(both(noisy_grid))
        half = outputs(np.array([0.5]))
        found["rms"].append(_rms(mean(x)[:, 0] - t))
        found["cost"].append(cost)
        found["centres"].append(np.sort(branches.parameters(half)[1][0]))
        found["middle"].append(branches.predict(half)[0] - mean(np.array([0.5]))[0, 0])
        found["gap"].append(_gaussian_cost(_rms(one(noisy_x)[:, 0] - noisy_y)) - spread_cost)
        found["excess"].append(spread_cost - spread.loss(known, noisy_y)[0])
        found["off"].append(np.mean(np.abs(spread.parameters(spreads[-1])[1] / truth - 1)))
    typical = {name: np.median(values, axis=0) for name, values in found.items()}
    low, middle, high = typical["centres"]
    return Evidence(
        "R21",
        "An inverse problem, and a spread worth predicting",
        "Bishop, Mixture Density Networks (1994); medians of eight starts",
        (
            between("root mean square error of x from t", _rms(forward(t)[:, 0] - x), 0.055, 0.065, shown=2),
            between("root mean square error of t from x, by the mean", typical["rms"], 0.20, 0.24, shown=1),
            between("cost of the mean with the best one spread", _gaussian_cost(typical["rms"]), -0.2, 0.0, shown=1),
            between("cost of a mixture of three", typical["cost"], -1.25, -0.9, shown=2),
            between("what the mixture gains", _gaussian_cost(typical["rms"]) - typical["cost"], low=0.7, shown=1),
            near("lowest branch at x = 0.5", low, 0.22, absolute=0.03, basis=CLOSED_FORM, shown=1),
            near("middle branch at x = 0.5", middle, 0.50, absolute=0.03, basis=CLOSED_FORM, shown=1),
            near("highest branch at x = 0.5", high, 0.78, absolute=0.03, basis=CLOSED_FORM, shown=1),
            near("the mixture's mean at x = 0.5 less the mean network's", typical["middle"], 0, absolute=0.05,
                 basis=CLOSED_FORM, shown=0),
            between("what a predicted spread gains over one spread", typical["gap"], low=0.15, shown=1),
            near("its cost less that of the truth", typical["excess"], 0, absolute=0.03, basis=CLOSED_FORM, shown=0),
            between("mean relative error of the spread", typical["off"], high=0.1, shown=0),
        ),
        data={"x": x, "t": t, "grid": grid, "means": np.array(means), "mixtures": np.array(mixtures),
              "noisy_x": noisy_x, "noisy_y": noisy_y, "noisy_grid": noisy_grid, "spreads": np.array(spreads),
              "true_spread": truth},
    )  # fmt: skip


def _rms(residual):
    return float(np.sqrt(np.mean(residual**2)))


def _gaussian_cost(rms):
    """Return the negative log-likelihood of residuals under the one spread that suits them best, their own."""
    return np.log(rms) + 0.5 * np.log(2 * np.pi * np.e)


def newton(problem, steps):
    """Return where undamped Newton steps from a problem's start lead."""
    theta = problem.start
    for _ in range(steps):
        theta = theta - np.linalg.solve(problem.hessian(theta), problem.gradient(theta))
    return theta


def r33():
    """Hold gradients against importance: zero for every feature at the optimum, and at the mercy of the units.

    data: features (names), coefficients (30,), and gradients before (30,) and after (30,) one feature's new unit.
    """
    cancer = data.breast_cancer()
    X = data.standardize(cancer.X).X
    problem = logistic_regression(X, cancer.y, l2=1 / (2 * len(X)))
    optimum = newton(problem, 20)
    coefficients = np.abs(optimum[:-1])

    rescaled, partway = X.copy(), optimum / 2
    rescaled[:, 0] *= 10
    same = partway.copy()
    same[0] /= 10
    before = logistic_regression(X, cancer.y).gradient(partway)
    after = logistic_regression(rescaled, cancer.y).gradient(same)
    moved = np.abs(linear_outputs(same, rescaled) - linear_outputs(partway, X)).max()
    return Evidence(
        "R33",
        "A gradient is not importance",
        "the breast-cancer data of scikit-learn, standardised; its LogisticRegression with C = 1",
        (
            between("norm of the gradient at the optimum", np.linalg.norm(problem.gradient(optimum)), high=1e-12,
                    basis=CLOSED_FORM),
            near("smallest coefficient there, in size", coefficients.min(), 0.04456425, absolute=1e-6),
            near("largest coefficient there, in size", coefficients.max(), 1.31460763, absolute=1e-6),
            near("factor on a feature's gradient, its unit ten times smaller", after[0] / before[0], 10,
                 relative=1e-9, basis=CLOSED_FORM),
            between("change of any other feature's gradient", np.abs(after[1:] - before[1:]).max(), high=1e-12,
                    basis=CLOSED_FORM),
            between("change of any prediction", moved, high=1e-12, basis=CLOSED_FORM),
        ),
        data={"features": cancer.features, "coefficients": optimum[:-1], "before": before[:-1], "after": after[:-1]},
    )  # fmt: skip
