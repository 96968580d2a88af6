"""The words an exercise is declared in: `Exercise`, `Behaviour`, `@mistake`, and what a case may hand to a student.

They are records and know nothing of running or judging; `gdcourse.checks` shows a whole declaration.
"""

import inspect
import linecache
import re
import sys
import textwrap
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np


@dataclass(frozen=True, eq=False)
class Oracle:
    """A function handed to the student's, such as f or grad. Every call goes to the judge's side and is recorded.

    name: what a report calls it; function: may be a closure, for it never leaves the judge; text: how to write it
    in a report, such as "f(x) = x @ x / 2"; takes: how many arguments; limit: after this many calls the run is
    stopped as endless.
    """

    name: str
    function: Callable
    text: str = ""
    takes: int = 1
    limit: int = 20_000


class Rng(NamedTuple):
    """Stands in a case for `np.random.default_rng(seed)`, made anew for every run."""

    seed: int


class Call(NamedTuple):
    """One call of an oracle: plain copies of what went in and what came out."""

    name: str
    args: tuple
    result: Any


class Problem(NamedTuple):
    """Why a run has no output. kind: "raised", "time", "calls" or "exit"; name: the exception's, or the oracle's."""

    kind: str
    name: str = ""
    message: str = ""
    line: str = ""


class Run(NamedTuple):
    """All that a judge may know of one run: plain data, whether it came from this process or over a pipe."""

    output: Any = None
    after: dict | None = None  # the arguments as the run left them
    calls: tuple[Call, ...] = ()
    problem: Problem | None = None
    printed: str = ""


@dataclass(frozen=True, eq=False)
class Behaviour:
    """One thing a correct solution does: one graded cell, with points of its own.

    name: short, as in `grade(f, "name")`; says: completes the line "ok ..." in the report.
    cases(rng): yields dictionaries of arguments, in the signature's order, simple ones first; none: the exercise's.
    drive(*functions, **case): calls the student's functions when one call is not enough (a state handed on, a
        generator drained, a class used) and returns plain data. It runs beside the student's code, so it may use
        nothing but its arguments and `np`, and imports what else it needs itself.
    view: what is compared with the reference's: the whole output; or the parts of a tuple by name, "mean, std"; or
        anything of a run, lambda run: len(run.calls).
    holds(case, run, expected): for a property instead of a comparison; returns None if all is well, else a sentence.
    rtol, atol: the comparison's tolerance. structure: whether the output must be built like the reference's.
    untouched: whether the arguments must come back unchanged as well.
    clue(case, run, expected): says what can be seen of a wrong value besides the value, such as where f was asked; or
        returns None.
    alone: whether holds looks at the run and not at what is expected, so that the reference need not be run.
    """

    name: str
    points: float
    says: str
    cases: Callable | None = None
    drive: Callable | None = None
    view: Callable | str = ""
    holds: Callable | None = None
    rtol: float = 1e-7
    atol: float = 1e-12
    structure: bool = True
    untouched: bool = False
    clue: Callable | None = None
    alone: bool = False


@dataclass(frozen=True, eq=False)
class Mistake:
    """A wrong solution that students hand in, the hint that sets it right, and the book's equation it is about."""

    function: Callable
    hint: str
    see: str = ""
    of: str = ""  # which function it stands for, when the exercise asks for several

    @property
    def name(self):
        return self.function.__name__


def mistake(hint, see="", of=""):
    """Turn the function below into a known mistake. The hint continues "That is what comes out when ..."."""
    return lambda function: Mistake(function, hint, see, of)


def altered(reference, name, old, new, hint, see="", of=""):
    """Return the known mistake that differs from the reference in one place: `new` where it says `old`.

    Raises: ValueError if the reference does not say `old` exactly once.
    """
    source = source_of(reference)
    if source.count(old) != 1:
        raise ValueError(f"old must occur once in {reference.__name__}, got {old!r}, {source.count(old)} times")
    source = renamed(reference, source.replace(old, new), name)
    file = f"<{reference.__module__}.{name}>"
    if isinstance(reference, type):  # whose methods speak of it by name
        names = dict(vars(sys.modules[reference.__module__]))
        exec(compile(source, file, "exec"), names)
    else:
        names = {}
        exec(compile(source, file, "exec"), reference.__globals__, names)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)  # for inspect.getsource
    if isinstance(reference, type):
        names[name].__source__ = source  # which inspect looks for in the module's own file
    return Mistake(names[name], hint, see, of)


def renamed(solution, source, name):
    """Return a solution's source under another name. A class may also speak of itself inside."""
    if isinstance(solution, type):
        return re.sub(rf"\b{solution.__name__}\b", name, source)
    return source.replace(f"def {solution.__name__}(", f"def {name}(", 1)


def source_of(solution):
    """Return the text of a function or class."""
    return textwrap.dedent(getattr(solution, "__source__", None) or inspect.getsource(solution))


@dataclass(frozen=True, eq=False)
class Exercise:
    """An exercise, declared once: `check`, the notebook's cells, the grader and the tests all read it.

    signature: "backtracking(f, g, x, p, t0=1.0)"; several functions that make sense only together: with ";" between.
    returns: what comes back, such as "t" or "(Z, mean, std)"; reports use these names.
    reference: the solution, or a tuple of them. It goes into the notebook's source too, so it stands on its own
        and uses only `np` and what it imports itself; so do mistakes and styles.
    styles: correct solutions written differently. mistakes: at least three.
    withhold: the package's own functions that must not answer for the student, such as "gdcourse.theory.best_gd".
    seconds: for all cases of one behaviour.
    """

    signature: str
    returns: str
    reference: Callable | tuple
    behaviours: tuple[Behaviour, ...]
    mistakes: tuple[Mistake, ...]
    styles: tuple
    cases: Callable | None = None
    withhold: tuple[str, ...] = ()
    seconds: float = 2.0

    @cached_property
    def signatures(self):
        """{function's name: its parameters as asked for}, in order."""
        return {s.partition("(")[0].strip(): _parameters(s) for s in self.signature.split(";")}

    @property
    def names(self):
        return tuple(self.signatures)

    @property
    def name(self):
        return self.names[0]

    @property
    def points(self):
        return sum(behaviour.points for behaviour in self.behaviours)

    @property
    def parts(self):
        """The names of a returned tuple's parts; empty for anything else."""
        return _split(self.returns[1:-1]) if self.returns[:1] == "(" else ()

    def functions(self, solution):
        """Return a solution as a tuple, one function for each name; a Mistake is set among the reference's."""
        if isinstance(solution, Mistake):
            if len(self.names) == 1 or isinstance(solution.function, tuple):
                return as_tuple(solution.function)
            return tuple(solution.function if name == solution.of else function
                         for name, function in zip(self.names, as_tuple(self.reference), strict=True))
        return as_tuple(solution)

    def look(self, behaviour, run):
        """Return what a behaviour compares of a run. A tuple's parts come as a dictionary by their names."""
        if callable(behaviour.view):
            return behaviour.view(run)
        if not self.parts:
            return run.output
        named = dict(zip(self.parts, run.output, strict=True))
        return {part: named[part] for part in _split(behaviour.view)} if behaviour.view else named

    def draw(self, behaviour, seed):
        """Return the behaviour's cases for a seed, a list of dictionaries of arguments."""
        return _draw(self.name, behaviour.cases or self.cases, seed)


@dataclass(frozen=True, eq=False)
class Assignment:
    """The exercises of one problem set. chapters: the book's pages it belongs to, by file name."""

    id: str
    title: str
    chapters: tuple[str, ...]
    exercises: tuple[Exercise, ...]


def as_tuple(solution):
    return solution if isinstance(solution, tuple) else (solution,)


@lru_cache(maxsize=32)
def _draw(name, source, seed):
    # Behaviours that share their cases share the numbers too, so that one run serves them all.
    key = zlib.crc32(f"{name}/{source.__name__}".encode())
    cases = list(source(np.random.default_rng([seed, key])))
    # In an order that is drawn, too: who counts calls instead of looking at the arguments gets nothing.
    return [cases[place] for place in np.random.default_rng([seed, key, 1]).permutation(len(cases))]


def _parameters(signature):
    return tuple(p.partition("=")[0] for p in _split(signature.partition("(")[2].rpartition(")")[0]))


def _split(text):
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parameters_of(function):
    """Return the names of a function's parameters, or None where Python cannot tell."""
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return None
