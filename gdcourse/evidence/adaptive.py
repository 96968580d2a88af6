"""Per-coordinate methods: a fair comparison after tuning, their exact properties, and where Adam goes wrong."""

import math
from dataclasses import replace

import numpy as np

from gdcourse import data
from gdcourse.batches import minibatches
from gdcourse.curvature import newton
from gdcourse.descent import descend
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near
from gdcourse.linear import logistic_regression, softmax_regression
from gdcourse.optimizers import adagrad, adam, amsgrad, gd, momentum, nesterov, rmsprop
from gdcourse.problems import quadratic
from gdcourse.schedules import constant, inverse_sqrt

RACERS = {
    "SGD": (gd, inverse_sqrt, (3.0, 10.0, 30.0, 100.0, 300.0)),
    "Nesterov": (nesterov, inverse_sqrt, (1.0, 3.0, 10.0, 30.0, 100.0)),
    "AdaGrad": (adagrad, constant, (0.1, 0.3, 1.0, 3.0)),
    "RMSProp": (rmsprop, inverse_sqrt, (0.03, 0.1, 0.3, 1.0, 3.0)),
    "Adam": (adam, inverse_sqrt, (0.1, 0.3, 1.0, 3.0)),
}
"""The methods of the comparison, how each one's rate decays, and the first rates tried.

AdaGrad's divisor grows like sqrt(t) by itself; the others are given lr / sqrt(t + 1), as in the paper.
"""


def best_of_grid(problem, name, epochs, batch_size=128, seed=0):
    """Train once at each rate of a method's grid and keep the run whose loss is lowest at the end.

    Args: problem: a FiniteSum; name: one of RACERS. Returns: the rate, and the loss over all examples after
        0, 1, ..., epochs.
    """
    runs = {}
    for lr in RACERS[name][2]:
        path = raced(problem, name, lr, epochs, batch_size, seed).path
        runs[lr] = np.array([problem.value(theta) for theta in path[:: math.ceil(problem.n / batch_size)]])
    best = min(runs, key=lambda lr: runs[lr][-1])
    return best, runs[best]


def raced(problem, name, lr, epochs, batch_size=128, seed=0, keep_path=True):
    """Train once by one of RACERS at a rate. seed: of the order of the examples. Returns: the Run."""
    method, schedule, _ = RACERS[name]
    batches = minibatches(problem.n, batch_size, np.random.default_rng(seed), epochs=epochs)
    return descend(problem, method(), lr=schedule(lr), steps=epochs * problem.n, batches=batches, keep_path=keep_path)


def sparse_documents(rng, documents=3072, words=1000):
    """Return bag-of-words data: which words a document holds, of a frequency that falls like 1 / rank, and its class.

    Args: rng: a numpy.random.Generator; documents, words: how many. Returns: X (documents, words) of 0 and 1, and y.
    Example:
        >>> X, y = sparse_documents(np.random.default_rng(0))
        >>> X.shape, bool(X[:, 0].mean() > 30 * X[:, 100:].mean())
        ((3072, 1000), True)
    """
    frequency = np.minimum(0.5, 5.0 / np.arange(1, words + 1))
    X = (rng.random((documents, words)) < frequency).astype(float)
    logits = (X - frequency) @ rng.normal(size=words)
    return X, (logits + rng.logistic(size=documents) > 0).astype(int)


def r17():
    """Compare the methods at the best rate of a grid, on dense and on sparse inputs, and state Adam's exact facts.

    data: "dense" and "sparse", name -> (best rate, losses after each epoch); "problems", the two; "minimum", of the
    dense one; "way",
    name -> how far five groups of words, the commonest first, have gone towards the best weights by the end.
    """
    digits = data.digits()
    # 1,536 = 12 * 128, so that no epoch ends with a batch of a few noisy examples.
    some = np.random.default_rng(0).permutation(len(digits.X))[:1536]
    dense = softmax_regression(digits.X[some], digits.y[some], 10, l2=1e-3)
    minimum = descend(dense, nesterov(0.92), lr=1.0, steps=800, keep_path=False).values.min()
    sparse = logistic_regression(*sparse_documents(np.random.default_rng(0)), l2=1e-5)
    runs = {
        "dense": {name: best_of_grid(dense, name, 20) for name in RACERS},
        "sparse": {name: best_of_grid(sparse, name, 10) for name in RACERS},
    }
    best = newton(sparse, steps=30, line_search=True, tolerance=1e-6).final
    way = {name: _way_gone(sparse, name, runs["sparse"][name][0], best) for name in ("SGD", "AdaGrad")}
    at_an_edge = sum(
        lr in (RACERS[name][2][0], RACERS[name][2][-1]) for which in runs.values() for name, (lr, _) in which.items()
    )
    excess = {name: losses[-1] - minimum for name, (_, losses) in runs["dense"].items()}
    final = {name: losses[-1] for name, (_, losses) in runs["sparse"].items()}
    rows = [
        near("best rates at the edge of their grid", at_an_edge, 0),
        between("digits: loss above the minimum, Adam over Nesterov", excess["Adam"] / excess["Nesterov"], 1 / 3, 3,
                expected="1/3 to 3", shown=2),
        between("digits: SGD over Nesterov", excess["SGD"] / excess["Nesterov"], low=1.5, shown=2),
        between("digits: AdaGrad over Nesterov", excess["AdaGrad"] / excess["Nesterov"], low=1.5, shown=2),
        between("documents: loss, AdaGrad over Adam", final["AdaGrad"] / final["Adam"], 0.9, 1.1, expected="near 1",
                shown=2),
        between("documents: Nesterov over AdaGrad", final["Nesterov"] / final["AdaGrad"], low=1.05, shown=2),
        between("documents: SGD over AdaGrad", final["SGD"] / final["AdaGrad"], low=1.4, shown=2),
    ]  # fmt: skip
    for g in (5.0, 5e-4):
        rows.append(near(f"Adam's first step in rates, gradient {g:g}", -_updates(adam(), [g])[0], 1, relative=1e-4,
                         basis=CLOSED_FORM, shown=5))
    rows += [
        near("Adam's step in rates after 200 equal gradients", -_updates(adam(), [3.0] * 200)[-1], 1, relative=1e-8,
             basis=CLOSED_FORM),
        near("first step without bias correction, (1 - beta1) / sqrt(1 - beta2)", _uncorrected_first_step(),
             0.1 / math.sqrt(0.001), relative=1e-9, digits=5, basis=CLOSED_FORM),
        between("Adam's path when the loss is multiplied by 1,000: largest change", _change_with_scale(adam),
                high=1e-6),
        between("momentum's path when the loss is multiplied by 1,000: largest change", _change_with_scale(momentum),
                low=1, shown=0),
        between("descent's path when the axes are turned: largest change", _change_when_turned(gd), high=1e-12,
                basis=CLOSED_FORM),
        between("Adam's path when the axes are turned: largest change", _change_when_turned(adam), low=0.1, shown=2),
    ]  # fmt: skip
    return Evidence(
        "R17", "Adam and the others, tuned alike",
        "after Kingma and Ba (2015), figure 1, on digits and made-up documents",
        tuple(rows),
        data={**runs, "problems": {"dense": dense, "sparse": sparse}, "minimum": minimum, "way": way},
    )  # fmt: skip


def _way_gone(problem, name, lr, best, groups=5):
    end = raced(problem, name, lr, 10, keep_path=False).final
    words = np.array_split(np.arange(problem.dimension - 1), groups)  # the last number is the bias
    return np.array([end[of] @ best[of] / (best[of] @ best[of]) for of in words])


def _updates(optimizer, gradients):
    state = optimizer.init(np.zeros(1))
    made = []
    for g in gradients:
        update, state = optimizer.step(np.array([g]), state, 1.0)
        made.append(update[0])
    return made


def _uncorrected_first_step():
    optimizer = adam()
    _, state = optimizer.step(np.array([5.0]), optimizer.init(np.zeros(1)), 1.0)
    return state.m[0] / math.sqrt(state.v[0])


def turned_canyon(angle, scale=1.0):
    """Return the canyon of condition number 30 turned by an angle in radians, times a scale.

    Returns: a Problem started where the turned point (2, 1) is.
    Example:
        >>> turned_canyon(0.0).gradient(np.array([1.0, 1.0]))
        array([ 1., 30.])
    """
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    problem = quadratic(scale * turn @ np.diag([1.0, 30.0]) @ turn.T)
    return replace(problem, start=turn @ np.array([2.0, 1.0]))


def _change_with_scale(method):
    once, thousandfold = (
        descend(turned_canyon(0.5, scale), method(), lr=0.01, steps=60).path for scale in (1.0, 1000.0)
    )
    return np.abs(once - thousandfold).max()


def _change_when_turned(method):
    angle = 0.5
    back = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    straight = descend(turned_canyon(0.0), method(), lr=0.05, steps=60).path
    return np.abs(descend(turned_canyon(angle), method(), lr=0.05, steps=60).path @ back - straight).max()


def reddi_run(method, steps=30_000, C=3.0):
    """Run a method on the costs C x, -x, -x, C x, ... over [-1, 1], whose best fixed point is -1.

    lr_t = 0.5 / sqrt(t), beta1 = 0, beta2 = 1 / (1 + C^2), and each point is put back into the interval.

    Args: method: adam or amsgrad; steps: at least 1; C: above 2. Returns: the points, (steps + 1,).
    Source: Reddi, Kale and Kumar (2018).
    """
    optimizer = method(beta1=0.0, beta2=1 / (1 + C * C))
    x = np.zeros(1)
    state = optimizer.init(x)
    schedule = inverse_sqrt(0.5)
    points = [0.0]
    for t in range(steps):
        update, state = optimizer.step(np.array([C if t % 3 == 0 else -1.0]), state, schedule(t))
        x = np.clip(x + update, -1.0, 1.0)
        points.append(x[0])
    return np.array(points)


def r18():
    """Run Adam and AMSGrad on the online problem on which Adam ends at the worst point. data: name -> points."""
    paths = {"adam": reddi_run(adam), "amsgrad": reddi_run(amsgrad)}
    rows = (
        between("Adam after 30,000 steps (the best point is -1)", paths["adam"][-1], 0.99, 1, expected="1, the worst",
                shown=3),
        between("AMSGrad after 30,000 steps", paths["amsgrad"][-1], -1, -0.99, expected="-1, the best", shown=3),
    )
    return Evidence("R18", "Where Adam does not converge", "Reddi, Kale and Kumar (2018)", rows, data=paths)
