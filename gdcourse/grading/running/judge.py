"""Judge what a submission's functions do: its process runs them, case by case, and is believed nothing but values."""

import marshal
import math
import time
import warnings

import numpy as np

from gdcourse import checks
from gdcourse.checks import judging, reporting
from gdcourse.checks.exercise import Call, Problem, Run
from gdcourse.checks.values import snapshot
from gdcourse.grading.sandbox.warm_processes import Ended, GraderError
from gdcourse.grading.sandbox.wire import WireError

GRACE = 1.5  # seconds between a limit that a submission may feel and the one that ends it
QUESTION = 1 << 20  # bytes that one of the judge's functions may be called with,
ENTRIES = 1 << 18  # numbers in what its arguments may grow to when they meet,
QUESTIONS = 64 << 20  # and bytes of all its calls in the runs of a behaviour, answers included, which are kept:
TRIES = 3  # for what a busy machine did not let come to its end
LIST = 20  # a list of lists takes that many times the bytes it has on the wire


class Judge:
    """Judges one submission, through its session. known: what was found out since the last cell that ran.

    accepted: [(exercise's name, {behaviour's name: runs})] of accepted answers, on the same cases.
    """

    def __init__(self, session, accepted=()):
        self.session, self.known, self.accepted = session, {}, accepted

    def verdict(self, exercise, behaviour):
        """Return the verdict on one behaviour, and the text a student reads."""
        seed = self.session.job["seed"]
        try:
            judging._known(exercise, exercise.reference, seed)(behaviour)
        except Exception as error:
            raise GraderError(f"the reference of {exercise.name}: {error}") from error
        if exercise not in self.known:
            self.known[exercise] = self.looked(exercise)
        wrong, parameters = self.known[exercise]
        if wrong:
            return None, wrong
        try:
            (verdict,) = checks.judge(exercise, seed, lambda b: self.runs(exercise, b), parameters, behaviour.name)
            if not verdict.passed and self.is_accepted(exercise, behaviour):
                return judging.Verdict(behaviour), f"{exercise.name}, ok: an accepted answer"
            text = (f"{exercise.name}, ok: {behaviour.says}" if verdict.passed
                    else reporting.message(exercise, verdict, None, self.session.job["hint"]))  # fmt: skip
            return verdict, text
        except (Ended, GraderError, EOFError, ConnectionError, WireError):
            raise
        except Exception as error:  # a value that no judge has seen before: at home, too, it ends in an error
            said = "what came back could not be compared"
            self.session.notes.append(f"{self.session.doing}: {said} ({type(error).__name__}).")
            return None, f"{exercise.name}: {said} ({type(error).__name__}: {error})"

    def is_accepted(self, exercise, behaviour):
        """Tell whether a submission's runs come out as those of an accepted answer do, where they are not right."""
        others = [runs for name, runs in self.accepted if name == exercise.name and behaviour.name in runs]
        seed, hers = self.session.job["seed"], self.runs(exercise, behaviour) if others else None
        return any(judging.comes_out_as(exercise, behaviour, seed, hers, runs[behaviour.name]) for runs in others)

    def looked(self, exercise):
        """Return what is wrong with the names an exercise asks for, and the parameters of each."""
        self.session.allow(self.session.limits["cell_seconds"])
        self.session.channel.send("look", list(exercise.names))
        (found,) = self.session.answer("looked", 1)
        if type(found) is not list or len(found) != len(exercise.names):
            raise WireError("not what was asked for")
        parameters = []
        for name, row in zip(exercise.names, found, strict=True):
            match row:
                case [False, *_]:
                    return f"NameError: name {name!r} is not defined", ()
                case [True, False, _, _, str(shown)]:
                    return f"ValueError: check takes the function itself, as in check(my_function), got {shown}", ()
                case [True, True, str(module), tuple() | None as names, _]:
                    if module.startswith("gdcourse."):
                        return f"ValueError: {name} comes from {module}: check takes the one you wrote", ()
                    parameters.append(names and tuple(map(str, names)))
                case _:
                    raise WireError("not what was asked for")
        return "", tuple(parameters)

    def runs(self, exercise, behaviour):
        """Return the submission's runs of a behaviour: those that are known, or new ones."""
        key = exercise, behaviour.cases, behaviour.drive
        if key not in self.known:
            self.known[key] = self.observed(exercise, behaviour)
        return self.known[key]

    def observed(self, exercise, behaviour):
        """Return new runs; again if what was up was not her time. Raises: GraderError if that does not change."""
        child = self.session.child
        for _ in range(TRIES):
            clocks = child.worked, child.clock, time.monotonic
            began = [clock() for clock in clocks]
            runs = self.once_observed(exercise, behaviour)
            worked, took, wall = (clock() - then for clock, then in zip(clocks, began, strict=True))
            up = any(run.problem and run.problem.kind == "time" for run in runs)
            # Too late by the clock on the wall, but neither by what it has computed nor by what it had to wait itself.
            starved = wall >= 9 * exercise.seconds and worked < exercise.seconds and took < 9 * exercise.seconds
            if not (up and starved):
                return runs
        raise GraderError(f"{exercise.name}: this machine is too busy to let it compute.")

    def once_observed(self, exercise, behaviour):
        cases = exercise.draw(behaviour, self.session.job["seed"])
        drive = behaviour.drive and marshal.dumps(behaviour.drive.__code__)
        # Beyond the limits that the runner keeps itself, in case it does not.
        self.session.allow(10 * exercise.seconds + GRACE, 2 * exercise.seconds + GRACE)
        self.session.channel.send("observe", list(exercise.names), drive, len(cases), float(exercise.seconds))
        oracles, calls, made = [], [[] for _ in cases], {}
        at, room = -1, QUESTIONS
        while True:
            message = self.session.channel.receive()
            match message:
                case ["next"] if at + 1 < len(cases):
                    at, oracles, made = at + 1, [], {}
                    self.session.channel.send("case", dict(cases[at]), oracles=oracles)
                case ["ask", int(number), tuple(args)] if 0 <= number < len(oracles):
                    made[number] = made.get(number, 0) + 1
                    size = self.session.channel.size
                    flat = all(isinstance(a, np.ndarray | np.generic | int | float) for a in args)
                    room -= size if flat else LIST * size
                    if (made[number] > oracles[number].limit or size > QUESTION or room < 0
                            or math.prod(map(_entries, args)) > ENTRIES):  # fmt: skip
                        raise WireError(f"more or larger calls of {oracles[number].name} than are allowed")
                    answer = _asked(oracles[number], args, calls[at])
                    room -= 8 * _entries(answer[1])
                    self.session.channel.send(*answer)
                case ["observed", list(runs)] if len(runs) == len(cases):
                    return [_run(row, tuple(made)) for row, made in zip(runs, calls, strict=True)]
                case _:
                    self.session.other(message)


def _entries(value):
    """Return how many numbers there are in a value, at least 1."""
    if isinstance(value, dict):
        return sum(map(_entries, value.values())) + 1
    if isinstance(value, tuple | list):
        return sum(map(_entries, value)) + 1
    return max(1, value.size) if isinstance(value, np.ndarray) else 1


def _asked(oracle, args, calls):
    """Call one of the judge's functions for a submission."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):  # as in `observe`
            result = oracle.function(*args)
    except Exception as error:
        return "error", type(error).__name__, str(error)[:300]
    calls.append(Call(oracle.name, args, snapshot(result)))
    return "value", result


def _run(row, calls):
    if type(row) is not list or len(row) != 4:
        raise WireError("not a run")
    output, after, problem, printed = row
    match problem:
        case ["raised" | "time" | "calls" | "exit", str(), str(), str()]:
            problem = Problem(*(text[:600] for text in problem))
        case None:
            pass
        case _:
            raise WireError("not a problem")
    if not (after is None or type(after) is dict) or type(printed) is not str:
        raise WireError("not a run")
    return Run(output, after, calls, problem, printed[:2000])
