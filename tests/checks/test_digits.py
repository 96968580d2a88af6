"""The capstone's digits are in no data set: they are learned from what is handed over, or not read."""

import numpy as np
import pytest

from gdcourse import checks
from gdcourse.checks import verdicts
from gdcourse.checks.shared import digits_and_labels

TRAIN = checks.exercises()["train_digits"]
LOSS, DIGITS, AGAIN = TRAIN.behaviours


def nearest(table, rows):
    """Return for each row the place of the nearest one in a table."""
    return (np.sum(table**2, axis=1) - 2 * rows @ table.T).argmin(axis=1)


def held(seed):
    case = TRAIN.draw(DIGITS, seed)[0]
    return np.concatenate(case["new"]), np.concatenate(case.labels)


@pytest.mark.parametrize("look", ["as they are", "dots in order", "turned and mirrored"])
def test_labels_are_not_to_be_looked_up(look):
    """Not by the row, nor by what turning and mirroring leave as it is, nor by trying all eight ways."""
    X, y, known = digits_and_labels()
    turned = [np.rot90(X.reshape(-1, 8, 8), k, (1, 2)) for k in range(4)]
    ways = [images[:, :, ::step].reshape(-1, 64) for images in turned for step in (1, -1)]
    shares = []
    for seed in range(4):
        new, labels = held(seed)
        assert not any(row.tobytes() in known for row in np.round(new * 16) / 16)
        if look == "as they are":
            found = y[nearest(X, new)]
        elif look == "dots in order":
            found = y[nearest(np.sort(X, axis=1), np.sort(new, axis=1))]
        else:
            found = np.tile(y, 8)[nearest(np.concatenate(ways), new)]
        shares.append(np.mean(found == labels))
    assert max(shares) < 0.5  # whoever then learns from X and y which name is which has learned


def test_what_is_learned_from_others_reads_them_all_the_same():
    """A machine that looks for the nearest of the digits handed over, and has nothing to do with networks."""
    for seed in range(4):
        case = TRAIN.draw(DIGITS, seed)[0]
        right = [labels == y[nearest(X, new)] for X, y, new, labels in
                 zip(case["X"], case["y"], case["new"], case.labels)]  # fmt: skip
        assert np.mean(np.concatenate(right)) > 0.96


@pytest.mark.thorough
def test_counting_and_looking_up_pass_nothing_of_the_capstone():
    """What had all 26 points: labels from the data set, made-up losses, and answers in the order they once came."""
    _, _, known = digits_and_labels()

    def train_digits(X, y, rng):
        losses = 2.3 * np.exp(-np.arange(100) / 20) + 0.01 * rng.random(100)
        return lambda new: np.array([known.get(row.tobytes(), 0) for row in new]), losses

    failed = {v.behaviour.name for v in verdicts(TRAIN, train_digits, 1) if not v.passed}
    assert failed >= {"loss", "digits"}
    names = iter(["zero weights", "weights too large", "rate too small", "rate too large", "wrong sign",
                  "activation's slope forgotten", "labels shuffled", "examples in order"] * 20)  # fmt: skip
    assert not any(v.passed for v in verdicts(checks.exercises()["diagnose"], lambda run: next(names), 1))
    mended = iter([("gain", 1.0), ("gain", 1.0), ("lr", 0.05), ("lr", 0.05), ("sign", 1), ("shuffled", True)] * 20)

    def fix(config):
        key, value = next(mended)
        return {**config, key: value}

    passed = [v.behaviour.name for v in verdicts(checks.exercises()["fix"], fix, 1) if v.passed]
    assert passed == []
