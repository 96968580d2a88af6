"""Networks at work: training digits well and badly, the edge of stability, the price of a gradient, shards."""

from typing import NamedTuple

import numpy as np

from gdcourse.autodiff import Value, ancestors
from gdcourse.batches import combine_shards, minibatches
from gdcourse.curvature import sharpness
from gdcourse.data import digits
from gdcourse.descent import Trace, descend
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near, published
from gdcourse.evidence.together import train_together
from gdcourse.layers import Network
from gdcourse.losses import mse, softmax_cross_entropy
from gdcourse.networks import accuracy, initialise, mlp, network_problem
from gdcourse.optimizers import adam, gd, momentum


class Digits(NamedTuple):
    """Digits cut at random into three quarters to train on and a quarter to test on, each class alike."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def digits_split(seed, centred=False):
    """Return a stratified split of the digits; centred subtracts the training pixels' means.

    It is that of scikit-learn's train_test_split, but counts in whole numbers, which no processor rounds otherwise.
    """
    X, y, _ = digits()
    train, test = stratified_rows(y, seed)
    mean = X[train].mean(axis=0) if centred else 0.0
    return Digits(X[train] - mean, y[train], X[test] - mean, y[test])


def stratified_rows(y, seed):
    """Return the rows to train on and the quarter to test on, of each class alike as far as its size allows."""
    rng, counts = np.random.RandomState(seed), np.bincount(y)
    total = len(y) - -(-len(y) // 4)
    taken, left = np.divmod(counts * total, len(y))
    for remainder in np.unique(left)[::-1]:  # the classes with most left over get one more; ties are drawn
        if missing := total - taken.sum():
            those = np.flatnonzero(left == remainder)
            taken[rng.choice(those, size=min(len(those), missing), replace=False)] += 1
    train, test = [], []
    for label, n in enumerate(taken):
        rows = np.flatnonzero(y == label)[rng.permutation(counts[label])]
        train.extend(rows[:n])
        test.extend(rows[n:])
    return rng.permutation(train), rng.permutation(test)


def threes_and_eights():
    """Return the threes and eights among the digits, centred by pixel and of deviation 1 all told; an eight is 1.

    Thirty layers learn to tell them apart in a hundred updates.
    """
    split = digits_split(0)
    few, new = np.isin(split.y, (3, 8)), np.isin(split.y_test, (3, 8))
    mean = split.X[few].mean(axis=0)
    spread = (split.X[few] - mean).std()
    return Digits((split.X[few] - mean) / spread, (split.y[few] == 8).astype(int),
                  (split.X_test[new] - mean) / spread, (split.y_test[new] == 8).astype(int))  # fmt: skip


class Run(NamedTuple):
    """A network trained on digits: itself, its trace, its loss before and after, its accuracy on the test quarter."""

    network: Network
    trace: Trace
    first_loss: float
    final_loss: float
    accuracy: float


def train_digits(network, kind, optimizer, lr, seed, *, steps, centred=False, loss=softmax_cross_entropy, data=None):
    """Train a network on the digits in minibatches of 64, in single precision, keeping no path.

    Args: network: 64 inputs, 10 outputs; kind: of first weights, as in `initialise`; optimizer; lr; seed: of split,
        weights and order; steps: updates, 22 an epoch; centred: as in `digits_split`; data: Digits to use instead.
    Returns: a Run.
    """
    data = digits_split(seed, centred) if data is None else data
    rng = np.random.default_rng(seed)
    problem = network_problem(network, data.X, data.y, loss)
    start = initialise(network, kind, rng).astype(np.float32)
    trace = descend(problem, optimizer, lr=lr, steps=steps, start=start, keep_path=False,
                    batches=minibatches(problem.n, 64, rng))  # fmt: skip
    return Run(network, trace, problem.value(start), float(trace.values[-1]),
               accuracy(network, trace.final, data.X_test, data.y_test))  # fmt: skip


def half_mse(prediction, y):
    """Half the mean squared error, the convention of the edge-of-stability paper."""
    value, gradient = mse(prediction, y)
    return value / 2, gradient / 2


EDGE_STEPS = {0.2: 1500, 0.1: 2500}
SHOWN_START = 4


def r3(starts=8):
    """Fit a cubic by full-batch descent at two rates, from eight starts; watch the sharpness climb to 2 / lr and stay.

    data: (lr, seed) -> steps at which the sharpness was measured, what it was, and the losses (steps + 1,). It is
    measured in the last third, and for SHOWN_START all along.
    """
    x = np.linspace(-1, 1, 20)[:, None]
    network = mlp((1, 50, 50, 1), "tanh")
    problem = network_problem(network, x, 4 * x**3 - 3 * x, half_mse)  # the Chebyshev polynomial T3
    paper = published("Cohen et al. (2021)")
    rows, runs = [], {}
    for lr, steps in EDGE_STEPS.items():
        sharpnesses, rises, shares = [], [], []
        for seed in range(1, starts + 1):
            start = initialise(network, "lecun", np.random.default_rng(seed))
            trace = descend(problem, lr=lr, steps=steps, start=start)
            first = 0 if seed == SHOWN_START else 2 * steps // 3
            at = np.linspace(first, steps, 61 if first == 0 else 9).astype(int)
            rng = np.random.default_rng(0)
            sharp = np.array([
                sharpness(problem.gradient, trace.path[t], rng, iterations=50, tolerance=1e-4) for t in at
            ])  # fmt: skip
            runs[lr, seed] = at, sharp, trace.values
            few = steps // 20
            sharpnesses.append(np.median(sharp[at >= 2 * steps // 3]) * lr / 2)
            rises.append(np.mean(np.diff(trace.values[2 * steps // 3 :]) > 0))
            shares.append(np.median(trace.values[-few:]) / np.median(trace.values[steps // 3 :][:few]))
        rows += [
            between(f"sharpness * lr / 2 in the last third at lr {lr}, median of {starts} starts",
                    np.median(sharpnesses), 0.93, 1.07, expected="1", basis=paper, shown=2),
            between(f"farthest from 1 among them at lr {lr}", np.abs(np.array(sharpnesses) - 1).max(), high=0.05,
                    shown=0),
            between(f"share of steps there that raise the loss at lr {lr}, median", np.median(rises), low=0.2,
                    expected="many", basis=paper, shown=1),
            between(f"late loss over that after a third of the steps at lr {lr}, largest", max(shares), high=0.95,
                    expected="falling", basis=paper, shown=0),
        ]  # fmt: skip
    return Evidence("R3", "The edge of stability", "Cohen et al. (2021)", tuple(rows), data=runs)


def r7():
    """Start networks from zero weights, which no step can tell apart, and from weights far too large, eight of each."""
    network, data = mlp((64, 64, 10)), digits_split(0)
    zero = train_together(network, "zero", momentum(), 0.05, 8, data, steps=220)
    large = train_together(network, 3.0, momentum(), 0.003, 8, data, steps=660)
    usual = train_together(network, "he", momentum(), 0.05, 8, data, steps=220)
    hidden = [network.views(theta)[0] for theta in zero.theta]
    ended = [network_problem(network, data.X, data.y).value(theta) for theta in zero.theta]
    return Evidence(
        "R7",
        "Symmetry has to be broken",
        "a closed form: equal units get equal gradients; ln 10 is the cost of not knowing",
        (
            near("loss from zero weights, after ten epochs, median of eight runs", np.median(ended), np.log(10),
                 relative=0.01, basis=CLOSED_FORM, shown=3),
            between("best accuracy from zero weights", zero.accuracy.max(), 0.08, 0.12, shown=1),
            between("largest weight of the hidden layer, from zero", np.abs(hidden).max(), high=0.0, expected="0",
                    basis=CLOSED_FORM),
            between("least loss at the start, weights of deviation 3", large.first_loss.min(), low=50, shown=3),
            between("median accuracy thirty epochs later", np.median(large.accuracy), 0.6, 0.93, shown=1),
            between("median accuracy from He's weights after ten", np.median(usual.accuracy), low=0.95, shown=0),
            between("the least of these less the best from weights of deviation 3",
                    usual.accuracy.min() - large.accuracy.max(), low=0, shown=0),
        ),
        data={"zero": zero, "large": large, "usual": usual},
    )


def r15():
    """Share a batch among four unequal workers, and put their gradients together rightly and wrongly."""
    X, y, _ = digits()
    network = mlp((64, 32, 10))
    problem = network_problem(network, X, y)
    theta = initialise(network, "he", np.random.default_rng(0))
    parts = np.split(np.arange(problem.n), [1000, 1500, 1700])
    gradients = [problem.gradient(theta, rows) for rows in parts]
    full = problem.gradient(theta)
    together = combine_shards(gradients, [len(rows) for rows in parts])
    plain = np.mean(gradients, axis=0)
    return Evidence(
        "R15",
        "Data parallelism is exact",
        "an identity: a mean is the size-weighted mean of its parts' means",
        (
            between("largest difference, weighted by size", np.abs(together - full).max(), high=1e-13, expected="0"),
            between("relative error of the plain mean", np.linalg.norm(plain - full) / np.linalg.norm(full), low=0.05,
                    expected="wrong"),
        ),
    )  # fmt: skip


class Counted(float):
    """A number that counts the multiplications and additions it takes part in."""

    done = 0

    def _counting(operation):
        def counted(self, other):
            Counted.done += 1
            return Counted(operation(float(self), float(other)))

        return counted

    __add__ = __radd__ = _counting(lambda a, b: a + b)
    __mul__ = __rmul__ = _counting(lambda a, b: a * b)
    __sub__, __rsub__ = _counting(lambda a, b: a - b), _counting(lambda a, b: b - a)


def product(numbers):
    """Multiply Values one after another."""
    result = numbers[0]
    for x in numbers[1:]:
        result = result * x
    return result


def r22():
    """Count the arithmetic of a gradient: in reverse, by finite differences, and by recursion without an order."""
    rows = []
    for n in (5, 50, 500):
        numbers = [Value(Counted(1 + 1 / (i + 2))) for i in range(n)]
        Counted.done = 0
        result = product(numbers)
        forward = Counted.done
        result.backward()
        slopes = [float(x.grad) * float(x.data) / float(result.data) for x in numbers]
        rows += [
            near(f"reverse over forward operations, product of {n} numbers", (Counted.done - forward) / forward, 4,
                 basis=CLOSED_FORM),
            between("largest relative error of its derivatives, result / factor", max(abs(s - 1) for s in slopes),
                    high=1e-12, expected="0", basis=CLOSED_FORM, shown=0),
        ]  # fmt: skip
    depth = 14
    x = Value(1.0)
    doubled = x
    for _ in range(depth):
        doubled = doubled + doubled
    doubled.backward()
    calls = [0]

    def without_order(node, gradient):
        calls[0] += 1
        for parent, derivative in zip(node.parents, node.local_derivatives()):
            without_order(parent, derivative * gradient)

    without_order(doubled, 1.0)
    rows += [
        near(f"derivative of x doubled {depth} times", x.grad, 2**depth, basis=CLOSED_FORM),
        near("nodes visited in order", len(ancestors(doubled)), depth + 1, basis=CLOSED_FORM),
        near("nodes visited by plain recursion, 2^15 - 1", calls[0], 2 ** (depth + 1) - 1,
             basis=CLOSED_FORM),
    ]
    return Evidence("R22", "The cheap gradient", "Baur and Strassen (1983)", tuple(rows))


def r39():
    """Train the capstone's network on eight splits, then break the run in six ways."""
    network, epoch, seeds = mlp((64, 64, 10)), 21, 8
    splits = [digits_split(seed) for seed in range(seeds)]
    data = Digits(*(np.stack(arrays) for arrays in zip(*splits)))
    shuffled = data._replace(y=np.stack([np.random.default_rng(9 + i).permutation(y) for i, y in enumerate(data.y)]))

    def train(net, kind, optimizer, lr, epochs, data=data, sign=1):
        return train_together(net, kind, optimizer, lr, seeds, data, steps=epochs * epoch, sign=sign)

    well = train(network, "he", adam(), 0.005, 20)
    plain = train(network, "he", gd(), 0.5, 20)
    flat = train(mlp((64, 10)), "he", adam(), 0.005, 20)
    broken = {
        "zero weights": train(network, "zero", adam(), 0.005, 5),
        "wrong sign": train(network, "he", gd(), 0.05, 5, sign=-1),
        "rate too small": train(network, "he", gd(), 1e-4, 10),
        "rate too large": train(network, "he", gd(), 20.0, 5),
        "weights too large": train(network, 3.0, adam(), 0.005, 1),
        "labels shuffled": train(network, "he", adam(), 0.005, 10, shuffled),
    }
    late = {name: runs.losses[-epoch:].mean(axis=0) for name, runs in broken.items()}
    return Evidence(
        "R39",
        "A network for digits, and six ways to break it",
        "computed here; scikit-learn's bundled digits",
        (
            between("accuracy on the test quarter, median of eight splits", np.median(well.accuracy), low=0.965,
                    shown=2),
            between("the worst of the eight", well.accuracy.min(), low=0.95, shown=0),
            between("with gradient descent at 0.5, median", np.median(plain.accuracy), low=0.95, shown=2),
            between("without a hidden layer, median", np.median(flat.accuracy), 0.92, 0.97, shown=2),
            near("zero weights: loss", np.median(late["zero weights"]), np.log(10), relative=0.01, basis=CLOSED_FORM,
                 shown=3),
            between("wrong sign: least loss of the eight", late["wrong sign"].min(), low=10, shown=0),
            between("rate 1e-4: loss", np.median(late["rate too small"]), 2.0, 2.6, shown=2),
            between("rate 20: best accuracy of the eight", broken["rate too large"].accuracy.max(), high=0.35, shown=0),
            between("weights too large: least first loss", broken["weights too large"].first_loss.min(), low=50,
                    shown=0),
            between("labels shuffled: least loss", late["labels shuffled"].min(), low=1.3, shown=0),
            between("labels shuffled: best accuracy", broken["labels shuffled"].accuracy.max(), high=0.25, shown=0),
        ),
        data={"well": well, "broken": broken},
    )  # fmt: skip
