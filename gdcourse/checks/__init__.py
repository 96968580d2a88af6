"""Check a solution, and declare the exercises that are checked.

For a student: `check(f)` finds the exercise by the function's name, runs it on fresh inputs and prints what is right,
what is not, and which mistake it looks like. The graded cells of a notebook call `grade(f, "behaviour")`. Both run the
specification that the grader runs with other seeds: what passes at home passes when graded.

For an author: an exercise is one declaration in the module of its assignment, and one cell in `exercises/psNN.md`.
Every exercise is a section of its module, in the assignment's order, under a heading that names its functions:
`grep "^# "` lists them. A section goes from the reference to the known mistakes, the styles, then what the cases and
the properties need, and ends with the exercise in capitals, which lists the mistakes in the order they stand in. What
two sections need is in `shared.py`; a known mistake stands for itself, however much it repeats.

    # steepness: how fast the ground rises

    def steepness(g):                                      # the reference; goes into the notebook's source as well
        return float(np.sqrt(g @ g))

    @mistake("the components are added without their squares, so that slopes of opposite sign cancel.",
             see="eq-gradient-norm")                       # "That is what comes out when ..."
    def sums_components(g):
        return float(g.sum())

    forgets_the_root = altered(                            # the same, where one place of the reference is wrong
        steepness, "forgets_the_root", "np.sqrt(g @ g)", "g @ g", "the root is missing.", see="eq-gradient-norm")

    def with_a_loop(g):                                    # a style: right, but written differently
        return sum(x * x for x in g) ** 0.5

    def _gradients(rng):                                   # cases: plain data, the simple ones first
        yield dict(g=np.array([3.0, 4.0]))
        for d in (1, 2, 5):
            yield dict(g=rng.normal(size=d))

    STEEPNESS = Exercise(
        signature="steepness(g)", returns="length", reference=steepness, cases=_gradients,
        behaviours=(
            Behaviour("length", 2, "the Euclidean length of the gradient"),
            Behaviour("inputs", 1, "g is left alone", untouched=True),
        ),
        mistakes=(sums_components, forgets_the_root, ...), styles=(with_a_loop, ...),
    )
    ASSIGNMENT = Assignment("ps99", "The gradient", ("gradient",), (STEEPNESS,))

and a row in `MODULES`. What else a declaration can say:

- *A function as an argument*: `Oracle("f", lambda x: x @ x, "f(x) = x @ x")`. Its calls are in `run.calls`, so that a
  behaviour can count them (`view=lambda run: len(run.calls)`) or look where f was asked.
- *Randomness*: `rng=Rng(int(rng.integers(2**32)))` in a case; each run gets a new `default_rng` of that seed. Where a
  right answer may use the numbers in any order, compare statistics: `view=lambda run: run.output.std(), rtol=0.03`.
- *A property*: `holds=lambda case, run, expected: None if ... else "takes the last batch away."`.
- *State, generators, classes, forward and backward*: a `drive` that makes all the calls and returns plain data; several
  functions in one exercise: `signature="bn_forward(X); bn_backward(dY, cache)"`, the reference a tuple of both.
- *An error that should be raised*: let the reference raise it.
- *Numbers that decide a count* (a step more or less): keep cases away from the tie, so that rounding cannot turn a
  right answer into a wrong one.

`python -m gdcourse.checks confusion ps03` prints the diagnosis that every known mistake gets. The tests require of
every exercise, without being told of it: the reference and every style get all points; every mistake loses some and is
named, never as another, and costs the same whatever the seed; a function that only pretends gets nothing, nor does one
that counts its calls: cases come in an order that is drawn, and where answers are of few kinds, `again` lets them come
more often, and `drawn_seeds` draws which generator is which. So begin each
behaviour with fixed cases on which the mistakes show, and give it one that a constant answer fails ("raises an error
uphill, *and only then*").
"""

import importlib.util
import os
import re
import secrets
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

from gdcourse._validate import one_of
from gdcourse.checks.exercise import Assignment, parameters_of
from gdcourse.checks.judging import answers, judge
from gdcourse.checks.reporting import ALL, HINTS, NotYet, message, report

MODULES = {
    "ps01": "gradients",
    "ps02": "costs",
    "ps03": "descent",
    "ps04": "batches",
    "ps05": "momentum",
    "ps06": "curvature",
    "ps07": "backpropagation",
    "ps08": "depth",
    "ps09": "landscapes",
    "ps10": "practice",
    "capstone": "capstone",
}


GRADED = re.compile(r"\s*grade\(\s*([\w\s,]+?)\s*,\s*([\"'])(.+?)\2\s*\)\s*;?\s*")
"""A graded cell: the functions that it is about, and the behaviour."""


def own():
    """Return {id: path of its specification} of the assignments that a course has written itself.

    Such a one is a module ID.py with an ASSIGNMENT in it, beside its page ID.md or its notebook ID.ipynb, in the folder
    that GDCOURSE_COURSE names, or in this one.
    """
    found = {}
    for path in sorted(Path(os.environ.get("GDCOURSE_COURSE") or ".").glob("*.py")):
        beside = any(path.with_suffix(suffix).is_file() for suffix in (".md", ".ipynb"))
        if beside and path.stem not in MODULES and "\nASSIGNMENT = " in path.read_text("utf-8", "replace"):
            found[path.stem] = path.resolve()
    return found


def plain():
    """Return {id: path of its source notebook} of a course's nbgrader assignments that have no specification.

    nbgrader has them in source/ID/ID.ipynb. Their tests are cells of the notebook, and nothing of them is known here.
    """
    course, written = Path(os.environ.get("GDCOURSE_COURSE") or "."), own()
    return {path.stem: path.resolve() for path in sorted(course.glob("source/*/*.ipynb"))
            if path.stem == path.parent.name and path.stem not in {*MODULES, *written}
            and not course.joinpath(f"{path.stem}.md").exists()}  # fmt: skip


def every():
    """Return the ids of all assignments: the package's, a course's own, and its plain ones."""
    return (*MODULES, *own(), *plain())


def assignment(ps):
    """Return the Assignment with an id such as "ps03", or one of a course's own; a plain one has no exercises."""
    if ps in MODULES:
        return import_module(f"gdcourse.checks.{MODULES[ps]}").ASSIGNMENT
    written = own()
    if ps not in written and ps in plain():
        return Assignment(ps, ps, (), ())
    if ps not in written:
        raise ValueError(f"ps must be one of {', '.join(every())}, got {ps!r}")
    return _loaded(written[ps], written[ps].stat().st_mtime_ns)


@cache
def _loaded(path, changed):
    """Return the ASSIGNMENT of a module that lies anywhere."""
    spec = importlib.util.spec_from_file_location(f"gdcourse_own_{path.stem}", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ASSIGNMENT


def exercises():
    """Return {function's name: its Exercise} over all assignments."""
    every = [assignment(ps) for ps in (*own(), *MODULES)]  # of two of one name, the package's
    return {name: exercise for one in every for exercise in one.exercises for name in exercise.names}


def check(*solution, seed=None, hint=ALL):
    """Print what is right and what is not about a solution: check(f), or check("name", f) if f is called otherwise.

    Args: solution: the function, or the several functions an exercise asks for; seed: a whole number to meet the same
        inputs again; fresh ones if left out; hint: how much to say: 1, the smallest case that fails; 2, also what kind
        of fault it is; 3, also the mistake and the equation, where they are known.
    Raises: ValueError if no exercise is called that, or hint is another.
    """
    exercise, functions = _find(solution)
    one_of("hint", hint, HINTS)
    print(report(exercise, verdicts(exercise, functions, _fresh() if seed is None else seed), hint))


def grade(*solution, seed=None):
    """Raise NotYet, with the feedback as its message, unless one behaviour passes: grade(f, "behaviour")."""
    *solution, behaviour = solution
    exercise, functions = _find(tuple(solution))
    names = [b.name for b in exercise.behaviours]
    if behaviour not in names:
        raise ValueError(f"behaviour must be one of {', '.join(map(repr, names))}, got {behaviour!r}")
    seed = _fresh() if seed is None else seed
    (verdict,) = verdicts(exercise, functions, seed, behaviour)
    if not verdict.passed:
        raise NotYet(message(exercise, verdict, seed))
    print(f"{exercise.name}, ok: {verdict.behaviour.says}")


def verdicts(exercise, solution, seed, only=None):
    """Run a solution in this process and judge it. Returns: a list of Verdict."""
    functions = exercise.functions(solution)
    return judge(exercise, seed, answers(exercise, functions, seed), tuple(map(parameters_of, functions)), only)


def _fresh():
    return secrets.randbelow(10**6)


def _find(solution):
    """Return the exercise a call is about and the functions to run."""
    name, functions = (solution[0], solution[1:]) if solution and isinstance(solution[0], str) else (None, solution)
    if not functions or not all(map(callable, functions)):
        came = ", ".join(repr(f) for f in solution) or "nothing"
        raise ValueError(f"check takes the function itself, as in check(my_function), got {came}")
    name = name or getattr(functions[0], "__name__", "?")
    known = exercises()
    if name not in known:
        raise ValueError(f"no exercise is called {name!r}; there are: {', '.join(known)}")
    exercise = known[name]
    if len(functions) != len(exercise.names):
        raise ValueError(f"this exercise is about {len(exercise.names)} functions: check({', '.join(exercise.names)})")
    own = next((f for f in functions if str(getattr(f, "__module__", "")).startswith("gdcourse.")), None)
    if own is not None:
        raise ValueError(f"{own.__name__} comes from {own.__module__}: check takes the one you wrote")
    return exercise, functions
