"""Eight runs on the digits, each with one thing wrong, and what a doctor may ask of them: the capstone's patients.

The runs have numbers. Which sickness a number has is not to be read off this file: `diagnosis` tells.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gdcourse import layers
from gdcourse._validate import one_of
from gdcourse.batches import minibatches
from gdcourse.descent import descend
from gdcourse.differentiate import gradient_check
from gdcourse.evidence.networks import digits_split
from gdcourse.losses import softmax_cross_entropy
from gdcourse.networks import accuracy, initialise, mlp, network_problem
from gdcourse.optimizers import momentum

BATCH, EPOCHS = 64, 10


class Settings(NamedTuple):
    """How a run is made. The defaults are healthy."""

    kind: str | float = "he"
    lr: float = 0.05
    sign: int = 1
    slope: bool = True
    right_labels: bool = True
    shuffled: bool = True


SICKNESSES = {
    "zero weights": Settings(kind="zero"),
    "weights too large": Settings(kind=3.0),
    "rate too small": Settings(lr=5e-5),
    "rate too large": Settings(lr=2.0),
    "wrong sign": Settings(sign=-1, lr=5e-4),
    "activation's slope forgotten": Settings(slope=False),
    "labels shuffled": Settings(right_labels=False),
    "examples in order": Settings(shuffled=False, lr=0.02),
}
"""The eight by name. "Examples in order" are sorted by class and never shuffled."""

PATIENTS = 8


class Examination(NamedTuple):
    """What can be seen of a run.

    losses: of each batch, one an update, and of all training examples at the end; first_loss: over all of them;
    gradient_norms: like losses; train_accuracy, test_accuracy: 0..1; few: losses of the same program on 20 examples,
    all of them at every step; gradient_error: what `gradient_check` says at the start; update_ratio: the median over
    the first epoch of |update| / |weights|; status.
    """

    losses: np.ndarray
    first_loss: float
    gradient_norms: np.ndarray
    train_accuracy: float
    test_accuracy: float
    few: np.ndarray
    gradient_error: float
    update_ratio: float
    status: str


def examine(settings=None, seed=0):
    """Train a 64-64-10 network on digits for ten epochs, with momentum, and record all a doctor may ask for.

    Args: settings: Settings, healthy if left out; seed: of the split, the weights and the order.
    Returns: an Examination.
    Example:
        >>> examine().test_accuracy > 0.9
        True
    """
    settings = Settings() if settings is None else settings
    rng = np.random.default_rng(seed)
    data = digits_split(seed)
    X, y = data.X, data.y
    order = np.argsort(y, kind="stable")
    if not settings.shuffled:
        X, y = X[order], y[order]
    if not settings.right_labels:
        y = rng.permutation(y)
    network = mlp((64, 64, 10)) if settings.slope else _without_slope()

    def loss(outputs, labels):
        value, gradient = softmax_cross_entropy(outputs, labels)
        return value, settings.sign * gradient

    problem = network_problem(network, X, y, loss)
    start = initialise(network, settings.kind, rng)
    batches = minibatches(problem.n, BATCH, rng, EPOCHS) if settings.shuffled else _in_order(problem.n)
    steps = EPOCHS * -(-problem.n // BATCH)
    run = descend(problem, momentum(), lr=settings.lr, steps=steps, start=start, batches=batches)
    first = run.path[: 1 + steps // EPOCHS]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.linalg.norm(np.diff(first, axis=0), axis=1) / np.linalg.norm(first[:-1], axis=1)
    few = rng.permutation(problem.n)[:20]
    with np.errstate(all="ignore"):
        on_few = descend(problem.on(few), momentum(), lr=settings.lr, steps=steps, start=start).values
    return Examination(
        losses=run.values,
        first_loss=problem.value(start),
        gradient_norms=run.gradient_norms,
        train_accuracy=accuracy(network, run.final, X, y),
        test_accuracy=accuracy(network, run.final, data.X_test, data.y_test),
        few=on_few,
        gradient_error=gradient_check(problem.on(few).value, problem.on(few).gradient, start, rng),
        update_ratio=float(np.median(ratios)),
        status=run.status,
    )


def patient(number, seed=0):
    """Return the Examination of a patient: one of the SICKNESSES, by number.

    Args: number: 0..7; seed: as in `examine`. Returns: an Examination. Raises: ValueError for another number.
    Example:
        >>> patient(0).losses.size > 10
        True
    """
    return examine(SICKNESSES[diagnosis(number)], seed)


def diagnosis(number):
    """Return the name of a patient's sickness.

    Args: number: 0..7. Returns: a key of SICKNESSES. Raises: ValueError for another number.
    Example:
        >>> diagnosis(0) in SICKNESSES
        True
    """
    order = np.random.default_rng(16).permutation(PATIENTS)
    return list(SICKNESSES)[order[one_of("number", number, range(PATIENTS))]]


def _without_slope():
    """Return the network whose hidden activation passes the gradient on as if it were the identity."""
    relu = layers.activation("relu")
    forgetful = replace(relu, backward=lambda parameters, y, dy, gradients, wanted=True: dy)
    return layers.chain(layers.affine(64, 64), forgetful, layers.affine(64, 10))


def _in_order(n):
    for _ in range(EPOCHS):
        yield from np.array_split(np.arange(n), range(BATCH, n, BATCH))
