"""What depth does to gradients, and what first weights, clipping, skips and normalisation do about it."""

import numpy as np

from gdcourse.depth import clipped, signals
from gdcourse.descent import descend
from gdcourse.evidence import CLOSED_FORM, OWN_RUN, Evidence, between, near
from gdcourse.evidence.networks import threes_and_eights
from gdcourse.evidence.together import train_together
from gdcourse.layers import activation, affine, batch_norm, chain, residual
from gdcourse.networks import initialise, mlp
from gdcourse.optimizers import gd, momentum
from gdcourse.recurrent import cliff, unit_through_time


def stack(block, depth, kind, *, width, rows=256, seed=0):
    """Send random rows forward and random gradients backward through a stack of equal blocks; return the Signals.

    The first signal is the input's own.
    """
    rng = np.random.default_rng(seed)
    network = chain(activation("identity"), *(block() for _ in range(depth)))
    X, upstream = rng.normal(size=(2, rows, width))
    return signals(network, initialise(network, kind, rng), X, upstream)


def per_block(deviations):
    """Return the factor a block, first to last."""
    return (deviations[-1] / deviations[0]) ** (1 / (len(deviations) - 1))


def r5():
    """Measure what a layer does to activations and gradients, for the customary first weights and for Glorot's."""
    width, depth = 500, 10
    rows, data = [], {}
    for name, kind, forward, backward in (
        ("identity", "standard", (0.5774, 0.01), (0.5774, 0.01)),
        ("identity", "glorot_uniform", (1.0, 0.01), (1.0, 0.01)),
        ("tanh", "standard", (0.571, 0.02), (0.558, 0.02)),
        ("tanh", "glorot_uniform", (0.893, 0.02), (0.867, 0.02)),
        ("sigmoid", "standard", None, (0.1405, 0.03)),
        ("sigmoid", "glorot_uniform", None, (0.2327, 0.03)),
    ):
        found = stack(lambda name=name: chain(affine(width, width), activation(name)), depth, kind, width=width)
        factors = per_block(found.forward[1:]), per_block(found.backward[::-1])
        for way, factor, expected in zip(("activations", "gradients"), factors, (forward, backward)):
            if expected:
                rows.append(near(f"{name}, {kind}: factor a layer, {way}", factor, expected[0], relative=expected[1],
                                 digits=4, basis=CLOSED_FORM if name == "identity" else OWN_RUN))  # fmt: skip
        data[name, kind] = found
    first_over_last = data["sigmoid", "glorot_uniform"].backward[0] / data["sigmoid", "glorot_uniform"].backward[-1]
    rows.append(between("sigmoid, Glorot: gradient at the first layer over the last", first_over_last, high=1e-5,
                        shown=4))  # fmt: skip
    return Evidence("R5", "First weights decide how far a gradient travels", "Glorot and Bengio (2010)", tuple(rows),
                    data=data)  # fmt: skip


SEEDS, STEPS, RATE = 8, 150, 0.005
"""How the deep networks are trained: from so many seeds, for so many updates, with momentum at this rate."""


def deep_relu(depth, **blocks):
    """Return a network of so many layers, 32 rectified linear units in each but the last, for two classes."""
    return mlp((64,) + (32,) * (depth - 1) + (2,), **blocks)


def train_deep(network, kind, lr=RATE, *, optimizer=None, steps=STEPS, data=None):
    """Tell threes from eights, from eight seeds, in batches of 32; return the Runs."""
    data = threes_and_eights() if data is None else data
    return train_together(network, kind, optimizer or momentum(), lr, SEEDS, data, steps=steps, batch=32)


def r6():
    """Measure ReLU stacks from Glorot's and He's first weights, and train 30 layers and 22 from each."""
    width, rows = 500, []
    for kind, expected in (("lecun", 0.5**0.5), ("he", 1.0)):
        factors = [
            per_block(stack(lambda: chain(activation("relu"), affine(width, width)), 10, kind, width=width, seed=seed)
                      .backward[::-1])
            for seed in range(3)
        ]  # fmt: skip
        rows.append(near(f"{kind}: factor a layer, gradients", np.mean(factors), expected, relative=0.02, digits=4,
                         basis=CLOSED_FORM, shown=4))  # fmt: skip
    runs = {(depth, kind): train_deep(deep_relu(depth), kind) for depth in (30, 22) for kind in ("he", "glorot")}
    score = {key: np.median(group.accuracy) for key, group in runs.items()}
    late = {key: group.losses[-10:].mean(axis=0) for key, group in runs.items()}
    rows += [
        between("30 layers, He: median accuracy of eight runs", score[30, "he"], 0.9, 1, shown=2),
        between("30 layers, Glorot: the best accuracy of eight", runs[30, "glorot"].accuracy.max(), high=0.6, shown=2),
        near("30 layers, Glorot: median loss, ln 2", np.median(late[30, "glorot"]), np.log(2), relative=0.02, digits=4,
             basis=CLOSED_FORM, shown=2),
        between("22 layers, He: median loss of the last ten batches", np.median(late[22, "he"]), high=0.1, shown=0),
        between("22 layers, Glorot: the same, slower", np.median(late[22, "glorot"]), 0.3, 0.7, shown=1),
    ]  # fmt: skip
    return Evidence("R6", "Thirty layers of ReLU", "He et al. (2015)", tuple(rows), data=runs)


def r8():
    """Train eight layers of sigmoid, tanh and ReLU for 150 steps."""
    runs = {
        name: train_deep(mlp((64,) + (32,) * 7 + (2,), name), kind, lr=0.03)
        for name, kind in (("sigmoid", "glorot"), ("tanh", "glorot"), ("relu", "he"))
    }
    # Where the gradients start from: the size of each layer's, at the first weights.
    found = stack(lambda: chain(affine(64, 64), activation("sigmoid")), 8, "glorot", width=64)
    return Evidence(
        "R8",
        "Eight layers of sigmoid do not train",
        "Glorot and Bengio (2010)",
        (
            between("sigmoid: the best accuracy of eight runs", runs["sigmoid"].accuracy.max(), high=0.6),
            between("sigmoid: gradient at the first layer over the last", found.backward[0] / found.backward[-1], 0,
                    1e-3),
            between("tanh: the worst accuracy of eight", runs["tanh"].accuracy.min(), low=0.9),
            between("ReLU: the worst accuracy of eight", runs["relu"].accuracy.min(), low=0.9),
        ),
        data=runs,
    )  # fmt: skip


def cliff_runs(w, b, limit, lr=0.1, steps=400):
    """Descend the cliff from many starts at once, clipping at `limit` (inf: never).

    Returns: the errors (steps + 1, ...).
    """
    errors = []
    for _ in range(steps):
        error, dw, db = unit_through_time(w, b)
        errors.append(error)
        shorten = np.minimum(1, limit / np.maximum(np.hypot(dw, db), 1e-300))
        w, b = w - lr * shorten * dw, b - lr * shorten * db
    return np.array([*errors, unit_through_time(w, b)[0]])


def nearby_starts():
    """Return w and b, (11, 11) each: a square of 121 starts around that of the cliff."""
    around, start = np.linspace(-0.05, 0.05, 11), cliff().start
    return np.meshgrid(start[0] + around, start[1] + around)


def r9():
    """Run into the cliff of a recurrent unit from 121 starts, with and without clipping; data: two runs from one."""
    problem = cliff()
    w, b = np.meshgrid(np.linspace(4, 7, 151), np.linspace(-4, -2, 101))
    error, dw, db = unit_through_time(w, b)
    steepness = np.hypot(dw, db)
    free = descend(problem, lr=0.1, steps=400)
    bound = descend(problem, clipped(gd(), 1.0), lr=0.1, steps=400)
    late = {limit: cliff_runs(*nearby_starts(), limit)[-50:] for limit in (np.inf, 1.0, 0.1)}
    return Evidence(
        "R9",
        "A cliff, and clipping",
        "Pascanu et al. (2013)",
        (
            between("largest gradient on the grid over the median one", steepness.max() / np.median(steepness), low=1e3,
                    shown=0),
            between("of 121 starts, share thrown to the flat part, where the error is 0.09",
                    np.mean(np.abs(late[np.inf] - 0.09).max(axis=0) < 0.01), 0.5, 0.9, shown=1),
            between("clipped at 1: the largest error of the last fifty steps of all 121", late[1.0].max(), high=0.01,
                    shown=0),
            between("clipped at 0.1: share still hopping across the cliff", np.mean(late[0.1].max(axis=0) > 0.2),
                    low=0.9, shown=2),
        ),
        data={"w": w, "b": b, "error": error, "steepness": steepness, "free": free, "clipped": bound},
    )  # fmt: skip


def r10():
    """Send signals through stacks of residual blocks and plain ones."""
    width, seeds = 256, range(3)

    def measure(block, kind, depth=15):
        return [stack(block, depth, kind, width=width, seed=seed) for seed in seeds]

    def variance(found):
        return np.mean([per_block(s.forward[1:]) ** 2 for s in found])

    def gradient(found):
        return np.mean([per_block(s.backward[1:][::-1]) for s in found])

    skip = measure(lambda: residual(activation("relu"), affine(width, width)), "he")
    plain = {kind: measure(lambda: chain(activation("relu"), affine(width, width)), kind) for kind in ("he", "glorot")}
    width = 128
    both = measure(lambda: residual(batch_norm(width), activation("relu"), affine(width, width)), "he", depth=50)
    grown = np.mean([s.forward**2 for s in both], axis=0)
    lost = np.mean([s.backward[0] / s.backward[-1] for s in both])
    return Evidence(
        "R10",
        "Skips, and skips with normalisation",
        "He et al. (2016); De and Smith (2020)",
        (
            near("residual, He: variance a block", variance(skip), 2.0, relative=0.05, digits=3,
                 basis=CLOSED_FORM, shown=3),
            near("residual, He: gradient a block, √2", gradient(skip), 2**0.5, relative=0.03, digits=4,
                 basis=CLOSED_FORM, shown=4),
            near("plain, He: variance a layer", variance(plain["he"]), 1.0, relative=0.05, digits=3,
                 basis=CLOSED_FORM, shown=3),
            near("plain, Glorot: variance a layer", variance(plain["glorot"]), 0.5, relative=0.05, digits=3,
                 basis=CLOSED_FORM, shown=3),
            near("residual with batch norm: variance added a block", np.polyfit(np.arange(51), grown, 1)[0], 1.0,
                 relative=0.1, digits=2, basis=CLOSED_FORM, shown=3),
            between("its gradient, first block over last of 50", lost, 5, 25, shown=3),
        ),
        data={"residual": skip, "plain": plain, "both": both},
    )  # fmt: skip


def r11():
    """Measure gradients through 30 layers of batch norm and ReLU without skips, at the first weights."""
    width, depth = 256, 30
    found = [
        stack(lambda: chain(affine(width, width), batch_norm(width), activation("relu")), depth, "he", width=width,
              seed=seed)
        for seed in range(2)
    ]  # fmt: skip
    # The middle of the stack: the first and the last few layers feel the random numbers sent in.
    factor = np.mean([per_block(s.backward[5:26][::-1]) ** 2 for s in found])
    return Evidence(
        "R11",
        "Batch norm alone makes gradients explode",
        "Yang et al. (2019)",
        (
            between("factor a layer in squared norm", factor, 1.3, 1.5,
                    expected=f"{np.pi / (np.pi - 1):.3f} at infinite width",
                    basis=CLOSED_FORM, shown=4),
            between("first layer's gradient over the last's", found[0].backward[1] / found[0].backward[-1], low=50,
                    shown=3),
        ),
        data=found,
    )  # fmt: skip
