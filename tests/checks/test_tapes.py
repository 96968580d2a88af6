"""A function that never looks at its arguments passes nothing, however well it remembers what was right elsewhere.

A tape is what the reference returned for other numbers, call by call, and which questions it asked of the functions it
was given. Whoever replays it knows every kind of answer there is, and how many; what she does not know is the order.
"""

import copy
from types import GeneratorType

import numpy as np
import pytest

from gdcourse import checks
from gdcourse.checks.judging import passes
from gdcourse.checks.running import observe

SLOW = {"train_digits", "diagnose", "fix", "rescue", "prob_all_positive", "perturbed_gd", "sgd", "lr_range_test"}
EXERCISES = [e for ps in checks.MODULES for e in checks.assignment(ps).exercises if not isinstance(e.reference, type)]
"""All but `Value`, whose answers are objects and not a list of results."""


def recorded(function, tape):
    """Return a function that answers like another, and writes down its answers and its questions."""

    def call(*args):
        asked = []

        def listening(place, oracle):
            def ask(*question):
                asked.append((place, copy.deepcopy(question)))
                return oracle(*question)

            return ask

        functions = {place for place, arg in enumerate(args) if callable(arg)}
        args = [listening(place, arg) if place in functions else arg for place, arg in enumerate(args)]
        try:
            result = function(*args)
        except Exception as error:
            tape.append((asked, error))
            raise
        result = list(result) if isinstance(result, GeneratorType) else result
        tape.append((asked, result if callable(result) else copy.deepcopy(result)))
        return result

    return call


def replayed(tape):
    """Return a function that looks at no argument, and asks and answers as the tape says."""
    left = iter(tape)

    def call(*args):
        asked, result = next(left)
        for place, question in asked:
            args[place](*question)
        if isinstance(result, Exception):
            raise result
        return result

    return call


def passed_by_tape(exercise, behaviour, seed, other):
    tapes = [[] for _ in exercise.names]
    right = tuple(map(recorded, exercise.functions(exercise.reference), tapes))
    observe(right, exercise.draw(behaviour, other), behaviour.drive, 10 * exercise.seconds)
    runs = observe(tuple(map(replayed, tapes)), exercise.draw(behaviour, seed), behaviour.drive, exercise.seconds)
    return passes(exercise, behaviour, seed, lambda _: runs)


def seeds(exercise):
    return 2 if exercise.name in SLOW else 20


@pytest.mark.thorough
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_a_tape_passes_nothing(exercise):
    found = {b.name: sum(passed_by_tape(exercise, b, seed, 1000 + seed) for seed in range(seeds(exercise)))
             for b in exercise.behaviours}  # fmt: skip
    assert not any(found.values()), found


@pytest.mark.parametrize("name", ["backtracking", "spectral_step", "iterate_minibatches", "early_stopping"])
def test_the_tape_of_the_very_seed_passes_all(name):
    """So that what fails above is the order and the numbers, not the tape."""
    exercise = checks.exercises()[name]
    assert all(passed_by_tape(exercise, behaviour, 3, 3) for behaviour in exercise.behaviours)


def test_the_order_of_the_cases_is_drawn():
    exercise = checks.exercises()["backtracking"]
    fixed = [[case["t0"] if "t0" in case else None for case in exercise.draw(exercise.behaviours[1], seed)]
             for seed in range(6)]  # fmt: skip
    assert len({tuple(map(str, order)) for order in fixed}) > 1
    seed = 2**127 + 1
    one, two = (exercise.draw(exercise.behaviours[0], s) for s in (seed, seed + 1))
    assert not any(np.array_equal(a["x"], b["x"]) for a, b in zip(one[-3:], two[-3:]))
