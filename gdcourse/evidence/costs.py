"""Costs and output units: which statistic a loss picks, when it stops teaching, and what the mean cannot say."""

import numpy as np

from gdcourse import data, losses
from gdcourse.descent import descend
from gdcourse.evidence import Evidence, between, near
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
        rows.append(near(f"best constant under {name}: the {statistic}", best, value, absolute=step))
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


def digit_accuracy(loss, lr, steps, seed=0):
    """Train one layer of ten sigmoids on all digits, from standard normal weights, by full-batch descent.

    Args: loss: (logits, one-hot rows) -> (value, gradient); lr: the rate; steps: at least 1; seed: of the start.
    Returns: the share of digits named right after each step, (steps + 1,).
    """
    digits = data.digits()
    problem = linear_model(digits.X, np.eye(10)[digits.y], loss, outputs=10)
    start = np.random.default_rng(seed).normal(size=problem.dimension)
    path = descend(problem, lr=lr, steps=steps, start=start).path
    return np.array([(linear_outputs(theta, digits.X, 10).argmax(axis=1) == digits.y).mean() for theta in path])


def r20():
    """Show the neuron that learns slowest when it is most wrong, and what a better cost does about it.

    On the digits the squared error gives some of the ten up: its share of right answers stands still near 0.7, 0.8
    or 0.9. That is chance, not law: a luckier start does find the last digit, hundreds of steps later.

    data: neuron, (cost, start) -> outputs (301,); digits, cost -> {rate: shares named right, by step}.
    """
    published = {
        ("squared error", (0.6, 0.9)): (0.82, 0.09, 36),
        ("squared error", (2.0, 2.0)): (0.98, 0.20, 232),
        ("cross-entropy", (0.6, 0.9)): (0.82, 0.012, 8),
        ("cross-entropy", (2.0, 2.0)): (0.98, 0.012, 17),
    }
    outputs, rows = {}, []
    for (cost, start), (first, last, epochs) in published.items():
        a = outputs[cost, start] = neuron(cost, start)
        name = f"{cost} from {start}"
        rows += [
            near(f"{name}: first output", a[0], first, absolute=0.005),
            near(f"{name}: output after 300 epochs", a[-1], last, absolute=0.005),
            near(f"{name}: epochs until it is below a half", np.argmax(a < 0.5), epochs),
        ]
    digits = {
        "cross-entropy": {30: digit_accuracy(losses.binary_cross_entropy, 30, 40)},
        "squared error": {lr: digit_accuracy(sigmoid_squared_error, lr, 1500) for lr in (1, 5, 30)},
    }
    reached = digits["cross-entropy"][30] >= 0.9
    lucky = digit_accuracy(sigmoid_squared_error, 5, 1500, seed=3) >= 0.9
    rows += [
        between("digits, cross-entropy: steps to 90 % right", np.argmax(reached) if reached.any() else np.inf,
                high=30, expected=18),
        between("digits, squared error: best share in 1,500 steps at rates 1, 5, 30",
                max(shares.max() for shares in digits["squared error"].values()), high=0.9, expected="below 0.9"),
        between("digits, squared error from a luckier start: steps to 90 % right",
                np.argmax(lucky) if lucky.any() else np.inf, low=100, high=1500),
    ]  # fmt: skip
    return Evidence(
        "R20",
        "The learning slowdown",
        "Nielsen, Neural Networks and Deep Learning, chapter 3; Goodfellow et al., Deep Learning, 6.2.2",
        tuple(rows),
        data={"neuron": outputs, "digits": digits},
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


def r21():
    """Invert a relation that has three answers, with a mean and with a mixture; then predict a spread.

    data: x, t (1000,), grid (201,) of x with the mean's prediction (201,) and the mixture's outputs (201, 9);
    and for the spread its own noisy_x, noisy_y (2000,), noisy_grid (201,), outputs (201, 2), true spread (201,).
    """
    rng = np.random.default_rng(0)
    t = rng.uniform(size=1000)
    x = t + 0.3 * np.sin(2 * np.pi * t) + rng.uniform(-0.1, 0.1, size=1000)
    unit, branches = gaussian(), mixture(3)
    _, forward = fit(unit, t, x, steps=2000)
    _, mean = fit(unit, x, t, steps=2000)
    mixture_cost, outputs = fit(branches, x, t, steps=2000)
    rms = _rms(mean(x)[:, 0] - t)
    _, centres, _ = branches.parameters(outputs(np.array([0.5])))
    low, middle, high = np.sort(centres[0])

    noisy_x = rng.uniform(size=2000)
    noisy_y = np.sin(2 * np.pi * noisy_x) + (0.1 + 0.6 * noisy_x) * rng.normal(size=2000)
    spread = heteroscedastic()
    spread_cost, both = fit(spread, noisy_x, noisy_y, steps=1000, lr=0.02)
    _, one = fit(unit, noisy_x, noisy_y, steps=1000, lr=0.02)
    grid, noisy_grid = np.linspace(x.min(), x.max(), 201), np.linspace(0, 1, 201)
    truth = 0.1 + 0.6 * noisy_grid
    _, sigma = spread.parameters(both(noisy_grid))
    known = np.column_stack([np.sin(2 * np.pi * noisy_x), np.log(0.1 + 0.6 * noisy_x)])
    gap = _gaussian_cost(_rms(one(noisy_x)[:, 0] - noisy_y)) - spread_cost
    return Evidence(
        "R21",
        "An inverse problem, and a spread worth predicting",
        "Bishop, Mixture Density Networks (1994)",
        (
            between("root mean square error of x from t", _rms(forward(t)[:, 0] - x), 0.055, 0.065, "0.059"),
            between("root mean square error of t from x, by the mean", rms, 0.20, 0.23, "0.212 to 0.220"),
            between("cost of the mean with the best one spread", _gaussian_cost(rms), -0.2, 0.0, "-0.09 to -0.13"),
            between("cost of a mixture of three", mixture_cost, -1.1, -0.9, "-1.00"),
            between("what the mixture gains", _gaussian_cost(rms) - mixture_cost, low=0.7),
            near("lowest branch at x = 0.5", low, 0.22, absolute=0.03),
            near("middle branch at x = 0.5", middle, 0.50, absolute=0.03),
            near("highest branch at x = 0.5", high, 0.78, absolute=0.03),
            near("the mixture's mean at x = 0.5, beside the mean network's",
                 branches.predict(outputs(np.array([0.5])))[0], mean(np.array([0.5]))[0, 0], absolute=0.03, digits=3),
            between("what a predicted spread gains over one spread", gap, low=0.15, expected=0.21),
            near("its cost, beside that of the truth", spread_cost, spread.loss(known, noisy_y)[0], absolute=0.02,
                 digits=3),
            between("mean relative error of the spread", np.mean(np.abs(sigma / truth - 1)), high=0.1,
                    expected="0.033"),
        ),
        data={"x": x, "t": t, "grid": grid, "mean": mean(grid)[:, 0], "mixture": outputs(grid),
              "noisy_x": noisy_x, "noisy_y": noisy_y, "noisy_grid": noisy_grid, "spread": both(noisy_grid),
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
            between("norm of the gradient at the optimum", np.linalg.norm(problem.gradient(optimum)), high=1e-12),
            near("smallest coefficient there, in size", coefficients.min(), 0.04456425, absolute=1e-6),
            near("largest coefficient there, in size", coefficients.max(), 1.31460763, absolute=1e-6),
            near("factor on a feature's gradient, its unit ten times smaller", after[0] / before[0], 10,
                 relative=1e-9),
            between("change of any other feature's gradient", np.abs(after[1:] - before[1:]).max(), high=1e-12),
            between("change of any prediction", moved, high=1e-12),
        ),
        data={"features": cancer.features, "coefficients": optimum[:-1], "before": before[:-1], "after": after[:-1]},
    )  # fmt: skip
