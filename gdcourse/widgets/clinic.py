"""The clinic: six real training runs, each with one thing wrong, and the tests a reader may order."""

import re

import numpy as np

from gdcourse import carried, plots
from gdcourse._validate import in_range, one_of, positive_integer
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget

PATIENTS = tuple(carried.PATIENTS)
TESTS = {"1": "first loss", "2": "gradient norms", "3": "twenty examples", "4": "gradient check"}
SIGNS = {
    "activation's slope forgotten": "the run looks well, and only the gradient check finds the fault.",
    "examples in order": "the loss comes back to the same pattern in every epoch.",
    "labels shuffled": "twenty examples are learned by heart, and all of them are not.",
    "rate too large": "the loss jumps up at once, and so does the gradient; it never settles.",
    "rate too small": "all falls, but hardly: twenty examples take as long as all.",
    "weights too large": "the first loss is in the hundreds, and falls from there.",
    "wrong sign": "the loss climbs from the first update, even on twenty examples.",
    "zero weights": "the first loss is ln 10 to the last digit, and it stays there.",
}
"""What shows each sickness. The keys of a page are a, b, ... in this order."""

KEYS = dict(zip("abcdefgh", SIGNS))
ANSWERS = {letter: "abcdefgh"[list(SIGNS).index(name)] for letter, name in carried.PATIENTS.items()}
TARGET = {"right": len(PATIENTS), "cost": 4}
MOST, EPOCHS = 80, 10
LN10 = 2.302585092994046


def _notes(name, value):
    if not isinstance(value, str) or len(value) > 2 * MOST or not re.fullmatch("([A-F][1-4a-h])*", value):
        raise ValueError(f"{name} must be at most {MOST} pairs of a patient and a test or diagnosis, got {value!r}")
    return value


def _guess(name, value):
    return value if value == "" else one_of(name, value, KEYS)


def record(notes):
    """Return how many patients are diagnosed rightly, how many tests were ordered, and how many answers were wrong.

    Notes are pairs such as A3 for the third test on patient A, and Aa for the first diagnosis. A test costs once.

    Example:
        >>> record("A3A3E1AaAe")
        (1, 2, 1)
    """
    tests, named, wrong = set(), {}, 0
    for patient, what in zip(notes[::2], notes[1::2]):
        if what in TESTS:
            tests.add(patient + what)
        elif named.get(patient) != ANSWERS[patient]:
            named[patient] = what
            wrong += what != ANSWERS[patient]
    return sum(what == ANSWERS[patient] for patient, what in named.items()), len(tests), wrong


def curve(packed):
    """Return the values of a curve that is carried as its lowest and highest decade and letters in between.

    Example:
        >>> curve([-1, 1, "A/"])
        array([ 0.1, 10. ])
    """
    low, high, letters = packed
    steps = np.array([carried.ALPHABET.index(one) for one in letters])
    return 10.0 ** (low + (high - low) * steps / 63)


class Clinic(Widget):
    """Six training runs to diagnose, with as few tests as will do.

    Args:
        patient: "A" to "F"; epochs: how many of the ten are shown; guess: a key of KEYS, or nothing yet, "".
        notes: what was ordered and answered so far, in pairs; see `record`.
    Raises: ValueError for an unknown name, a number out of its range, or notes that make no sense.
    Example:
        >>> Clinic().answer({"patient": "A", "epochs": 10, "guess": "a", "notes": "A3AeB4Ba"})
        ('open', [[2.0, 2.0, 0.0]])
    """

    kind = "clinic"
    size = (6.4, 3.6)
    room = ("0px + 544px", "0px + 872px")
    patient = Setting(lambda name, value: one_of(name, value, PATIENTS), "A")
    epochs = Setting(lambda name, value: int(in_range(name, positive_integer(name, value), 1, EPOCHS)), EPOCHS)
    guess = Setting(_guess, "")
    notes = Setting(_notes, "")

    @classmethod
    def rules(cls):
        return translate.module(
            RUNS=carried.read("clinic"), ALPHABET=carried.ALPHABET, TESTS=TESTS, SIGNS=list(SIGNS.items()),
            ANSWERS=ANSWERS, TARGET=TARGET, MOST=MOST, EPOCHS=EPOCHS, LN10=LN10,
        )  # fmt: skip

    def answer(self, settings):
        one_of("patient", settings["patient"], PATIENTS)
        _guess("guess", settings["guess"])
        in_range("epochs", positive_integer("epochs", settings["epochs"]), 1, EPOCHS)
        found = record(_notes("notes", settings["notes"]))
        return "done" if found[0] == TARGET["right"] else "open", [[float(count) for count in found]]

    def describe(self):
        ends = ", ".join(f"{letter} {curve(run['loss'])[-1]:.2f}" for letter, run in carried.read("clinic").items())
        return (
            "The losses of six networks trained on the digits, each with one thing wrong, over 220 updates on a log "
            f"axis with ln 10 dashed: some never leave it, one jumps, two fall. They end at {ends}."
        )

    def paint(self, canvas):
        axes = canvas.subplots(2, 3, sharex=True)
        for ax, (letter, run) in zip(axes.flat, carried.read("clinic").items()):
            losses = curve(run["loss"])
            ax.semilogy(np.arange(0, 220, 4), losses[::2], color=plots.COLORS["path"], lw=1)
            ax.axhline(LN10, color=plots.COLORS["theory"], ls="--", lw=1)
            low, high = np.log10([losses.min(), losses.max()])
            ax.set(title=letter, ylim=(10 ** np.floor(low), 10 ** np.ceil(high)))
            figure.decades(ax.yaxis)
        for ax in axes[1]:
            ax.set_xlabel("update")
