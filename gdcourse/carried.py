"""Measurements that a page cannot make, made once and carried by the live figures as small whole numbers.

`python -m gdcourse.carried` measures them all again and writes the files; a test holds the files to the code.
"""

import json
import sys
from importlib.resources import files

import numpy as np

FOLDER = files("gdcourse") / "widgets" / "carried"
CHAINS = 2000
WIDTH, DEPTH, EVERY = 128, 50, 5
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
UNIT = 0.03  # decades: what one letter from the middle of the alphabet stands for


def saddle(noises=range(41)):
    """Count how many of 2,000 chains end in the deeper of two wells, for noises of 0, 0.1, ... 4.

    Args: noises: in tenths. Returns: a list of counts. Every noise has random numbers of its own.
    Example:
        >>> saddle([0])
        [0]
    """
    from gdcourse.evidence.landscape import share_escaped

    return [round(CHAINS * share_escaped(k / 10, np.random.default_rng(k), CHAINS)) for k in noises]


def layers(scales=range(16)):
    """Measure how far networks of 50 layers of width 128 are from what wide layers promise, in letters.

    Args: scales: k stands for first weights of scale 0.5 + k / 10.
    Returns: {"tanh-n-y": letters}, for activation, skip and batch norm: for each scale, for every fifth layer, the
    activations' and then the gradients' distance from theory, in steps of 0.03 decades from the middle letter.
    """
    from gdcourse.wide import ACTIVATIONS

    return {
        "-".join([name, "ny"[skip], "ny"[norm]]): "".join(_letters(name, skip, norm, (k + 5) / 10) for k in scales)
        for name in ACTIVATIONS for skip in (False, True) for norm in (False, True)
    }  # fmt: skip


def _letters(name, skip, norm, scale):
    from gdcourse.evidence.depth import stack
    from gdcourse.layers import activation, affine, batch_norm, chain, residual
    from gdcourse.wide import through_layers

    def block():
        first = [batch_norm(WIDTH)] if norm else []
        return (residual if skip else chain)(*first, activation(name), affine(WIDTH, WIDTH))

    runs = [stack(block, DEPTH, scale / WIDTH**0.5, width=WIDTH, rows=128, seed=seed) for seed in range(3)]
    letters = ""
    for way, expected in zip(("forward", "backward"), through_layers(DEPTH, name, scale, skip, norm)):
        logs = np.mean([np.log10(getattr(run, way)) for run in runs], axis=0)
        logs -= logs[0 if way == "forward" else -1]
        steps = np.rint((logs - np.log10(np.sqrt(expected)))[::EVERY] / UNIT).astype(int)
        letters += "".join(ALPHABET[step + 32] for step in steps)
    return letters


PATIENTS = {
    "A": "rate too small", "B": "activation's slope forgotten", "C": "labels shuffled", "D": "examples in order",
    "E": "zero weights", "F": "rate too large",
}  # fmt: skip


def clinic(patients="ABCDEF"):
    """Train six networks with one thing wrong each, and keep what a doctor may ask of them.

    Args: patients: letters of PATIENTS.
    Returns: {letter: {"loss", "norm", "few": curves, "first": the first loss, "check": the gradient check}}. A curve
        is [low, high, letters]: the mean decimal logarithm of two updates, or four, in 64 steps from low to high.
    """
    from gdcourse.clinic import SICKNESSES, examine

    found = {}
    for letter in patients:
        run = examine(SICKNESSES[PATIENTS[letter]], seed=1)
        found[letter] = {
            "loss": _curve(run.losses), "norm": _curve(run.gradient_norms, 4), "few": _curve(run.few, 4),
            "first": float(f"{run.first_loss:.4g}"), "check": float(f"{run.gradient_error:.1g}"),
        }  # fmt: skip
    return found


def _curve(values, every=2):
    logs = np.log10(np.maximum(values[:220], 1e-6)).reshape(-1, every).mean(axis=1)
    low, high = round(float(logs.min()), 2) - 0.01, round(float(logs.max()), 2) + 0.01
    steps = np.rint(63 * (logs - low) / (high - low)).astype(int)
    return [round(low, 2), round(high, 2), "".join(ALPHABET[step] for step in steps)]


MEASUREMENTS = {"saddle": saddle, "layers": layers, "clinic": clinic}


def read(kind):
    """Return what a kind of widget carries.

    Args: kind: a key of MEASUREMENTS. Returns: what its measurement returned, through JSON.
    Example:
        >>> len(read("saddle"))
        41
    """
    return json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    for kind in sys.argv[1:] or MEASUREMENTS:
        text = json.dumps(MEASUREMENTS[kind](), separators=(",", ":"))
        (FOLDER / f"{kind}.json").write_text(text + "\n", encoding="utf-8")
