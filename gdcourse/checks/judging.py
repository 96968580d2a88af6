"""Decide what a solution's runs are worth, and why: a pure function of cases, runs and the reference.

A failing behaviour is put down to a known mistake only when exactly one of them explains it; otherwise its smallest
failing case speaks for itself.
"""

import ast
import builtins
import inspect
import re
from dataclasses import replace
from functools import cache, lru_cache
from itertools import permutations
from typing import NamedTuple

import numpy as np

from gdcourse.checks.exercise import Behaviour, Mistake, Oracle, Rng, Run, _draw
from gdcourse.checks.running import observe
from gdcourse.checks.values import (
    LINE,
    Opaque,
    conform,
    first_difference,
    has_nan,
    is_real_evidence,
    numbers,
    same,
    show,
    show_apart,
    size,
)

NAN = "it holds NaN, which is not a number."
SHORT = 36  # characters up to which a value is shown whole


class Fault(NamedTuple):
    """What is wrong with one run. yours and expected are texts; kind says which of a run's sides is at fault."""

    kind: str
    sentence: str = ""
    yours: str = ""
    expected: str = ""


class Verdict(NamedTuple):
    """The judgement of one behaviour; passed if fault is None. case: the smallest that fails; failing, of: how many."""

    behaviour: Behaviour
    fault: Fault | None = None
    mistake: Mistake | None = None
    clue: str = ""
    case: dict | None = None
    failing: int = 0
    of: int = 0

    @property
    def passed(self):
        return self.fault is None

    @property
    def points(self):
        return self.behaviour.points if self.passed else 0


def answers(exercise, solution, seed):
    """Return a function behaviour -> runs of a solution; behaviours with the same cases share the runs.

    With a second argument it runs the solution on the case of that number alone.
    """
    functions = exercise.functions(solution)
    known = {}

    def runs(behaviour, at=None):
        cases = exercise.draw(behaviour, seed)
        key = behaviour.cases, behaviour.drive, at if len(cases) > 1 else None
        if key not in known:
            known[key] = observe(functions, cases if at is None else [cases[at]], behaviour.drive, exercise.seconds)
        return known[key]

    return runs


@lru_cache(maxsize=256)  # an assignment has up to 66 of them
def _known(exercise, solution, seed):
    if solution is not exercise.reference:
        return answers(exercise, solution, seed)
    runs = answers(replace(exercise, seconds=20 * exercise.seconds), solution, seed)

    def sound(behaviour):
        if behaviour.alone:
            return [Run()] * len(exercise.draw(behaviour, seed))
        if any(run.problem and run.problem.kind != "raised" for run in runs(behaviour)):
            raise RuntimeError(f"the reference of {exercise.name} did not come to an end on {behaviour.name!r}, "
                               f"seed {seed}")
        return runs(behaviour)

    return sound


def judge(exercise, seed, runs, parameters=(), only=None):
    """Judge a solution by its runs.

    Args:
        exercise: an Exercise; seed: what the cases were drawn from.
        runs: a function behaviour -> list of Run, such as `answers` returns; asked for no more than is needed.
        parameters: for each function, the names of its parameters as the student wrote them (None if unknown).
        only: the name of one behaviour; all of them if left out.
    Returns: a list of Verdict.
    """
    expected = _known(exercise, exercise.reference, seed)
    diagnose = _diagnosis(exercise, seed, runs, expected)
    return [_verdict(exercise, behaviour, seed, runs, expected, parameters, diagnose)
            for behaviour in exercise.behaviours if only in (None, behaviour.name)]  # fmt: skip


def forget():
    """Let go of the cases and runs of all seeds: the next submission has a seed of its own."""
    for known in (_draw, _known, _differing):
        known.cache_clear()


def passes(exercise, behaviour, seed, runs):
    """Tell whether a solution's runs pass one behaviour, without asking why not."""
    return next(_faults(exercise, behaviour, seed, runs), None) is None


def _faults(exercise, behaviour, seed, runs):
    """Yield the cases that fail, each with its fault."""
    wanted = _known(exercise, exercise.reference, seed)(behaviour)
    for case, want, run in zip(exercise.draw(behaviour, seed), wanted, runs(behaviour), strict=True):
        if fault := _fault(exercise, behaviour, case, run, want):
            yield case, fault


def failing(exercise, behaviour, seed, runs):
    """Return [(case, fault)] of the runs of a behaviour that fail, the smallest case first."""
    faults = _faults(exercise, behaviour, seed, lambda _: runs)
    return sorted(faults, key=lambda pair: sum(map(size, pair[0].values())))


def comes_out_as(exercise, behaviour, seed, runs, accepted):
    """Tell whether every run is right, or comes out as that of an accepted answer does.

    One that has no output agrees with nothing: a function that stops with an error may do so for any reason.
    """
    wanted = _known(exercise, exercise.reference, seed)(behaviour)
    try:
        return all(not _fault(exercise, behaviour, case, run, want) or
                   (not other.problem and _same_outcome(exercise, behaviour, case, run, other, want))
                   for case, want, run, other in zip(
                       exercise.draw(behaviour, seed), wanted, runs, accepted, strict=True))  # fmt: skip
    except Exception:  # what cannot be compared is not the same
        return False


def _verdict(exercise, behaviour, seed, runs, expected, parameters, diagnose):
    faults = list(_faults(exercise, behaviour, seed, runs))
    if not faults:
        return Verdict(behaviour)
    wanted, got = expected(behaviour), runs(behaviour)
    case, fault = min(faults, key=lambda pair: sum(map(size, pair[0].values())))
    if wrong_call := _wrong_call(exercise, parameters, got):
        return Verdict(behaviour, Fault("call", wrong_call), failing=len(faults), of=len(got))
    unwritten = all(run.problem and run.problem.name == "NotImplementedError" for run in got)
    if unwritten:
        return Verdict(behaviour, Fault("unwritten", "not written yet."), failing=len(faults), of=len(got))
    found, clue = diagnose(behaviour), ""
    if fault.kind == "value":
        at = next(k for k, one in enumerate(exercise.draw(behaviour, seed)) if one is case)
        clue = (behaviour.clue and behaviour.clue(case, got[at], wanted[at])) or _clue(exercise, behaviour, got, wanted)
        if not clue and not found:
            clue = _unused(exercise, behaviour, seed, got)
    elif fault.kind == "untouched" and not found:
        cases = exercise.draw(behaviour, seed)
        restored = not any(_changed(case, run, 1e-9, 1e-12) for case, run in zip(cases, got, strict=True))
        clue = ("It comes back off by a rounding error: keep the old number, and put that back." if restored else
                "Whoever calls it still needs that: work on a copy, x = x - step instead of x -= step.")
    return Verdict(behaviour, fault, found, clue, case, len(faults), len(got))


# One run against one expectation


def _fault(exercise, behaviour, case, run, want):
    """Return what is wrong with a run, or None: first whether it came to an end, then its build, then its values."""
    if want.problem:
        return None if _raises_as(run, want) else _fault_of_raising(run, want)
    if run.problem:
        return Fault(run.problem.kind, _sentence_of_problem(run.problem))
    run, misfit = _fitted(behaviour, run, want)
    if misfit:
        sentence = _sentence_of_misfit(exercise, run, misfit)
        kind = "structure" if run.output is not None else "prints" if run.printed.strip() else "nothing"
        return Fault(kind, sentence + _right_but_for_its_shape(behaviour, run, want, misfit[0]))
    if behaviour.untouched and (changed := _changed(case, run)):
        return Fault("untouched", f"changes its argument {' and '.join(changed)}.")
    if behaviour.holds:
        yours = show(run.output)  # a sentence stands without it, and nobody reads a page of numbers
        yours = yours if len(yours) <= 2 * LINE else ""
        if has_nan(run.output) and not has_nan(want.output):  # every comparison with it is False, a property's too
            return Fault("value", NAN, yours)
        with np.errstate(all="ignore"):  # a student's numbers may be infinite, and a word on stderr costs all points
            sentence = behaviour.holds(case, run, want)
        return Fault("property", sentence, yours) if sentence else None
    yours, theirs = exercise.look(behaviour, run), exercise.look(behaviour, want)
    if same(yours, theirs, behaviour.rtol, behaviour.atol):
        return None
    sentence = NAN if has_nan(yours) and not has_nan(theirs) else ""
    named = isinstance(theirs, dict) and bool(exercise.parts)
    return Fault("value", sentence, *_side_by_side(yours, theirs, named, behaviour))


def _fitted(behaviour, run, want):
    if not behaviour.structure:
        return run, None
    output, misfit = conform(run.output, want.output)
    return (run, misfit) if misfit else (run._replace(output=output), None)


def _raises_as(run, want):
    if not run.problem or run.problem.kind != "raised":
        return False
    ours, theirs = (getattr(builtins, p.name, getattr(np.linalg, p.name, None))  # LinAlgError is a ValueError
                    for p in (want.problem, run.problem))  # fmt: skip
    return run.problem.name == want.problem.name or (
        isinstance(ours, type) and isinstance(theirs, type) and issubclass(theirs, ours))  # fmt: skip


def _fault_of_raising(run, want):
    name = f"{_a(want.problem.name)}"
    if run.problem:
        return Fault(run.problem.kind, f"should raise {name} here. It {_sentence_of_problem(run.problem)}")
    if isinstance(run.output, Opaque) and run.output.kind == want.problem.name:
        return Fault("value", f"should raise {name} here, and returns one: write raise instead of return.")
    return Fault("value", f"should raise {name} here, and returns.", show(run.output), want.problem.name)


def _sentence_of_problem(problem):
    at = f"\n{problem.line}" if problem.line else ""
    if problem.kind == "time":
        return f"had not come to an end when its time was up: a loop that never ends?{at}"
    if problem.kind == "calls":
        return f"calls {problem.name} without coming to an end: a loop that never stops?{at}"
    if problem.kind == "exit":
        return f"leaves Python by exit() instead of returning.{at}"
    sure = " (NumPy and what comes with Python are sure to be there.)" if problem.name == "ModuleNotFoundError" else ""
    name = problem.name if problem.name.isidentifier() else "an exception of another name"
    message = " ".join(problem.message.split()) or "no message"  # on one line: it is hers
    return f"stops with {name}: {message}{sure}{at}"


def _sentence_of_misfit(exercise, run, misfit):
    path, came, wanted = misfit
    if run.output is None:
        if run.printed.strip():
            return f"prints its answer and returns nothing. Replace print(...) by return {exercise.returns}."
        return f"returns nothing (None). It should end with: return {exercise.returns}."
    part = _named(exercise, path)
    whole = exercise.parts and not path and wanted.startswith("a tuple")
    asked = f"{wanted}, {exercise.returns}," if whole else wanted
    return f"returns {came}{f' as {part}' if part else ''} where {asked} is expected."


def _right_but_for_its_shape(behaviour, run, want, path):
    """Say what is wrong with a shape whose numbers are right: turned, an axis too many, rows that are missing."""
    yours, theirs = run.output, want.output
    try:
        for step in re.findall(r"\[([^]]+)\]", path):
            yours, theirs = yours[ast.literal_eval(step)], theirs[ast.literal_eval(step)]
        yours = np.array(yours)
    except (ValueError, TypeError, LookupError):
        return ""
    if not isinstance(theirs, np.ndarray) or not yours.size or yours.dtype.kind not in "iuf":
        return ""

    def alike(a, b):
        return np.shape(a) == np.shape(b) and same(a, b, behaviour.rtol, behaviour.atol)

    if yours.ndim == theirs.ndim == 2 and alike(yours.T, theirs):
        return " The numbers are right: rows and columns are exchanged."
    if yours.ndim != theirs.ndim and alike(yours.squeeze(), theirs.squeeze()):
        return f" The numbers are right: there is an axis too {'many' if yours.ndim > theirs.ndim else 'few'}."
    missing = len(theirs) - len(yours) if yours.ndim == theirs.ndim else 0
    if 0 < missing < len(theirs):
        for which, those in (("last", theirs[:-missing]), ("first", theirs[missing:])):
            if alike(yours, those):
                those = "one" if missing == 1 else missing
                return f" What came is right; the {which} {those} of {len(theirs)} did not come."
    return ""


def _named(exercise, path):
    """Turn [1]['w'] into the words of the exercise: mean['w']."""
    head, close, rest = path.partition("]")
    if close and exercise.parts and head[1:].isdigit():
        return exercise.parts[int(head[1:])] + rest
    return f"{exercise.returns.strip()}{path}" if path and exercise.returns.isidentifier() else path


def _changed(case, run, rtol=0, atol=0):
    def plain(value):
        return not isinstance(value, Oracle | Rng) and not (
            isinstance(value, tuple | list) and any(isinstance(item, Oracle) for item in value))

    return [name for name, value in case.items() if plain(value) and not same(run.after[name], value, rtol, atol)]


def _side_by_side(yours, theirs, named, behaviour):
    """Write two values that differ: of a tuple the parts that do, of a long value the first entry that does."""
    if not named:
        name, a, b = _beside("", yours, theirs, behaviour)
        return (f"{name} = {a}" if name else a), b
    differing = [_beside(name, yours[name], theirs[name], behaviour) for name in theirs
                 if not same(yours[name], theirs[name], behaviour.rtol, behaviour.atol)]  # fmt: skip
    return (", ".join(f"{name} = {a}" for name, a, _ in differing),
            ", ".join(f"{name} = {b}" if len(differing) > 1 else b for name, _, b in differing))


def _beside(name, yours, theirs, behaviour):
    a, b = show_apart(yours, theirs)
    if max(len(a), len(b)) > SHORT or a == b:
        path, yours, theirs = first_difference(yours, theirs, behaviour.rtol, behaviour.atol)
        name = " ".join([name, *map(_step, path)]).replace(" [", "[").strip()
        a, b = show_apart(yours, theirs)
    return name, a, b


def _step(p):
    """Write one step of a path as a student would, ["w"] or [0, 1]; a key of several words is what a view says."""
    if isinstance(p, str) and " " in p:
        return p
    return f"[{', '.join(map(str, p))}]" if isinstance(p, tuple) else f"[{p!r}]"


# The call itself


def _wrong_call(exercise, parameters, runs):
    for (name, asked), came in zip(exercise.signatures.items(), parameters):
        if came is None or came == asked:
            continue
        call = f"{name}({', '.join(asked)})"
        if set(came) == set(asked):
            return f"takes its arguments in the order ({', '.join(came)}), and is called as {call}."
        if all(r.problem and r.problem.name == "TypeError" and not r.problem.line for r in runs):
            return f"takes the arguments ({', '.join(came)}), and is called as {call}."
    return ""


# Diagnosis


def _diagnosis(exercise, seed, runs, expected):
    """Return a function behaviour -> the one known mistake that explains its failure, or None."""
    @cache
    def agrees(m, behaviour):
        """Tell whether every run of the student comes out as the mistake's does."""
        return all(_same_outcome(exercise, behaviour, case, a, b, want) for case, a, b, want in zip(
            exercise.draw(behaviour, seed), runs(behaviour), _known(exercise, m, seed)(behaviour),
            expected(behaviour), strict=True))  # fmt: skip

    def agrees_once(m, behaviour, at):
        """Tell whether a mistake agrees in the one case: most do not, and need not be run on all of them."""
        case, want = exercise.draw(behaviour, seed)[at], expected(behaviour)[at]
        (run,) = _known(exercise, m, seed)(behaviour, at)
        return _same_outcome(exercise, behaviour, case, runs(behaviour)[at], run, want)

    def diagnose(behaviour):
        at = next(at for at, want in enumerate(expected(behaviour)) if _fault(
            exercise, behaviour, exercise.draw(behaviour, seed)[at], runs(behaviour)[at], want))  # fmt: skip
        fitting = [m for m in exercise.mistakes if agrees_once(m, behaviour, at) and
                   _differing(exercise, m, behaviour, seed) and agrees(m, behaviour)]  # fmt: skip
        throughout = [m for m in fitting if all(agrees(m, other) for other in exercise.behaviours)]
        if len(throughout) == 1:
            return throughout[0]
        # Beyond that, only numbers that do not agree by chance may name a mistake, never a word, a count or a crash;
        # and none that would fail where the student does not.
        if len(fitting) == 1 and not any(_differing(exercise, fitting[0], other, seed) and
                                         passes(exercise, other, seed, runs) for other in exercise.behaviours):
            telling = [b for b, want in _differing(exercise, fitting[0], behaviour, seed) if not b.problem and
                       is_real_evidence(_seen(exercise, behaviour, b), _seen(exercise, behaviour, want))]
            return fitting[0] if len(telling) >= 2 else None
        return None

    return diagnose


@lru_cache(maxsize=1024)
def _differing(exercise, m, behaviour, seed):
    """Return the runs of a mistake that do not come out as the reference's do, each with the reference's."""
    wanted, runs = (_known(exercise, s, seed)(behaviour) for s in (exercise.reference, m))
    return [(run, want) for case, run, want in zip(exercise.draw(behaviour, seed), runs, wanted, strict=True)
            if _fault(exercise, behaviour, case, run, want)]  # fmt: skip


def _same_outcome(exercise, behaviour, case, a, b, want):
    if a.problem or b.problem:
        return bool(a.problem and b.problem) and a.problem[:2] == b.problem[:2]
    changed = _changed(case, a) if behaviour.untouched else []
    if behaviour.untouched and changed != _changed(case, b):
        return False
    if not all(same(a.after[name], b.after[name], behaviour.rtol, behaviour.atol) for name in changed):
        return False
    if not want.problem:
        (a, misfit_a), (b, misfit_b) = _fitted(behaviour, a, want), _fitted(behaviour, b, want)
        if misfit_a or misfit_b:
            return misfit_a == misfit_b and same(a.output, b.output, behaviour.rtol, behaviour.atol)
    return same(_seen(exercise, behaviour, a), _seen(exercise, behaviour, b), behaviour.rtol, behaviour.atol)


def _seen(exercise, behaviour, run):
    try:
        return exercise.look(behaviour, run)
    except Exception:  # an output of another build than the view is meant for
        return run.output


def _clue(exercise, behaviour, runs, wanted):
    """Say what is the same about all wrong numbers: the order of the parts, a constant factor, a sign, a trifle."""
    if _reordered(exercise, behaviour, runs, wanted):
        return f"the parts come in another order: ({', '.join(exercise.parts)}) is asked for."
    yours, theirs, pairs = [], [], []
    for run, want in zip(runs, wanted, strict=True):
        if want.problem or run.problem:
            return ""
        fitted, misfit = _fitted(behaviour, run, want)
        pairs.append((fitted, want))
        ours, right = (numbers(exercise.look(behaviour, r)) for r in (fitted, want)) if not misfit else (None, None)
        if ours is None or right is None or len(ours) != len(right):
            return ""
        yours += ours
        theirs += right
    shown = [[_alone(exercise.look(behaviour, run)) for run in side] for side in zip(*pairs)]
    if turned := _rearranged(*shown, behaviour.rtol, behaviour.atol):
        return turned
    yours, theirs = np.array(yours), np.array(theirs)
    solid = np.abs(theirs) > 1e-9 * np.max(np.abs(theirs), initial=0.0)
    if np.count_nonzero(solid) < 3 or not np.all(np.isfinite(yours)) or np.any(np.abs(yours[~solid]) > 1e-9):
        return ""
    ratio = yours[solid] / theirs[solid]
    if np.allclose(ratio, 1, rtol=0, atol=1e-3):
        return "close, but not equal: has a small number been added, or has it been rounded, or is it float32?"
    factor = float(ratio[0])
    if factor == 0 or not np.allclose(ratio, factor, rtol=1e-6, atol=0):
        return ""
    if np.isclose(factor, -1):
        return "the sign is the wrong way round throughout."
    if factor < 0:
        return f"yours is {factor:.4g} times what is expected throughout."
    return f"yours is {max(factor, 1 / factor):.4g} times too {'large' if factor > 1 else 'small'} throughout."


def _alone(seen):
    """Return what a behaviour looks at, without its name if there is only one."""
    return next(iter(seen.values())) if isinstance(seen, dict) and len(seen) == 1 else seen


def _rearranged(yours, theirs, rtol, atol):
    """Say how arrays of the right numbers come out wrong, if all do in one way. Each pair has the same shape."""
    def all_same(turn, wanted=lambda b: b):
        return all(same(turn(a), wanted(b), rtol, atol) for a, b in zip(yours, theirs))

    if not all(isinstance(b, np.ndarray) and b.ndim and isinstance(a, np.ndarray) and a.shape == b.shape and
               b.dtype.kind == "f" for a, b in zip(yours, theirs)):  # fmt: skip
        return ""
    if all(b.ndim == 2 and b.shape[0] == b.shape[1] for b in theirs) and all_same(lambda a: a.T):
        return "the numbers are right: rows and columns are exchanged."
    if any(np.any(b != np.trunc(b)) for b in theirs) and all_same(lambda a: a, np.trunc):
        return "yours is what is expected, cut off after the point: are floats written into an array of whole numbers?"
    longer = [len(b) >= 3 and not same(b[1:], b[:-1], rtol, atol) for b in theirs]
    if any(longer):
        if all_same(lambda a: a[1:], lambda b: b[:-1]):
            return "each is the one that is expected before it: yours is one behind."
        if all_same(lambda a: a[:-1], lambda b: b[1:]):
            return "each is the one that is expected after it: yours is one ahead."
    return ""


def _unused(exercise, behaviour, seed, runs):
    """Say which argument makes no difference: all runs are what the reference answers for one fixed value of it."""
    cases, functions = exercise.draw(behaviour, seed), exercise.functions(exercise.reference)
    if behaviour.holds or any(run.problem for run in runs):
        return ""
    for name, fixed in _candidates(exercise, cases):
        changed = [{**case, name: fixed} for case in cases]
        asked = observe(functions, changed, behaviour.drive, exercise.seconds)
        if not any(run.problem for run in asked) and all(
                same(*(_seen(exercise, behaviour, r) for r in pair), behaviour.rtol, behaviour.atol)
                for pair in zip(runs, asked)):  # fmt: skip
            return f"{name} makes no difference: yours is what comes out for {name} = {show(fixed)}, whatever it is."
    return ""


def _candidates(exercise, cases):
    """Yield (an argument that differs from case to case, a value it may have been taken for)."""
    reference = exercise.functions(exercise.reference)[0]
    if isinstance(reference, type):
        return
    for name, parameter in inspect.signature(reference).parameters.items():
        default = None if parameter.default is parameter.empty else parameter.default
        values = [case.get(name, default) for case in cases]
        if len(set(map(type, values)) | {int, float}) == 2 and len(set(values)) > 2:
            yield from ((name, value) for value in dict.fromkeys([default, 0, 1]) if value is not None)


def _reordered(exercise, behaviour, runs, wanted):
    """Tell whether every run would be right if the parts of the returned tuple stood in some other order."""
    def parts(run):
        return list(run.output) if isinstance(run.output, tuple | list) else []

    count = len(exercise.parts)
    return 2 <= count <= 4 and all(len(parts(r)) == len(parts(w)) == count for r, w in zip(runs, wanted)) and any(
        all(same([parts(r)[i] for i in order], parts(w), behaviour.rtol, behaviour.atol) for r, w in zip(runs, wanted))
        for order in permutations(range(count)) if order != tuple(range(count)))


def _a(word):
    return f"{'an' if word[:1] in 'AEIOU' else 'a'} {word}"
