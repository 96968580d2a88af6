"""What every exercise must keep to, whichever assignment it belongs to: found here without being listed."""

import os
import re
import subprocess
import sys
import textwrap
from types import GeneratorType

import numpy as np
import pytest

from gdcourse import checks
from gdcourse.checks.__main__ import taken_for
from gdcourse.checks.book import EQUATIONS, IDEAS, PAGES, SECTIONS, address, equation, site
from gdcourse.checks.exercise import Oracle, Rng, _draw, as_tuple
from gdcourse.checks.judging import answers, judge, passes
from gdcourse.checks.reporting import explanation, report
from gdcourse.checks.values import same

EXERCISES = [exercise for ps in checks.MODULES for exercise in checks.assignment(ps).exercises]
MISTAKES = [(exercise, m) for exercise in EXERCISES for m in exercise.mistakes]


def named(exercise):
    return exercise.name


def named_pair(value):
    return value.name


TRAINING = {"rescue", "train_digits", "diagnose", "fix"}
QUICK = [pytest.param(e, marks=pytest.mark.thorough) if e.name in TRAINING else e for e in EXERCISES]
"""All, with a mark at the four in which each case trains networks."""
SEEDS = int(os.environ.get("GDCOURSE_SEEDS", "10"))
"""The most seeds a test takes; `make test-exercises` takes 200."""
TRAINED = {"train_digits", "diagnose"}
"""Exercises in which each case trains networks, for seconds: a tenth of the seeds, and one unless all are asked for."""


def some(exercise, number):
    """Return that many seeds, or as many as there is time for."""
    number = min(number, SEEDS)
    if exercise.name in TRAINED:
        number = max(1, number // 10) if SEEDS >= 200 else 1
    return range(number)


def passed(exercise, solution, seed):
    return all(verdict.passed for verdict in checks.verdicts(exercise, solution, seed))


@pytest.mark.parametrize("exercise", EXERCISES, ids=named)
def test_declares_what_the_course_promises(exercise):
    assert len(exercise.mistakes) >= 3 and len(exercise.styles) >= 2
    assert len({m.name for m in exercise.mistakes}) == len(exercise.mistakes)
    assert len({b.name for b in exercise.behaviours}) == len(exercise.behaviours)
    for m in exercise.mistakes:
        assert m.see in {**EQUATIONS, **SECTIONS}, f"{m.name} points to no place in the book"
        assert (m.hint.endswith(".") and not m.hint[0].isupper()) or m.hint.startswith("X "), m.name


@pytest.mark.parametrize("ps", checks.MODULES)
def test_an_assignment_has_20_to_30_points(ps):
    assert 20 <= sum(exercise.points for exercise in checks.assignment(ps).exercises) <= 30


@pytest.mark.parametrize("exercise", QUICK, ids=named)
def test_right_solutions_pass_on_every_seed(exercise):
    for seed in some(exercise, 200):
        for solution in (exercise.reference, *exercise.styles):
            runs = answers(exercise, solution, seed)
            assert all(passes(exercise, b, seed, runs) for b in exercise.behaviours), (
                seed, as_tuple(solution)[0].__name__, report(exercise, checks.verdicts(exercise, solution, seed)))


@pytest.mark.parametrize("exercise", QUICK, ids=named)
def test_no_mistake_passes_on_any_seed(exercise):
    for seed in some(exercise, 200):
        for m in exercise.mistakes:
            runs = answers(exercise, m, seed)
            assert not all(passes(exercise, b, seed, runs) for b in reversed(exercise.behaviours)), (seed, m.name)


@pytest.mark.thorough
@pytest.mark.parametrize("exercise", EXERCISES, ids=named)
def test_every_mistake_is_named_as_itself_and_costs_the_same_whatever_the_seed(exercise):
    """Or two students with the same program would read different words, and get different marks."""
    for m in exercise.mistakes:
        judged = [checks.verdicts(exercise, m, seed) for seed in some(exercise, 40)]
        assert {taken_for(verdicts) for verdicts in judged} == {m.name}
        outcomes = {tuple(v.behaviour.name for v in verdicts if v.passed) for verdicts in judged}
        assert len(outcomes) == 1, (m.name, outcomes)


@pytest.mark.thorough
@pytest.mark.parametrize(("exercise", "m"), MISTAKES, ids=named_pair)
def test_a_mistake_reads_its_own_hint(exercise, m):
    judged = checks.verdicts(exercise, m, 1)
    page = report(exercise, judged)
    less = [" ".join(report(exercise, judged, hint=hint).split()) for hint in (1, 2)]
    assert not any("what comes out when" in said or equation(m.see) in said for said in less)
    assert max(map(len, page.split("\n"))) <= 83  # what nbgrader validate shows of a line
    text = " ".join(page.split())
    assert m.hint.split(".")[0] in text and equation(m.see) in text
    assert "Traceback" not in text and "gdcourse" not in text


@pytest.mark.thorough
@pytest.mark.parametrize(("exercise", "m"), MISTAKES, ids=named_pair)
def test_something_near_a_mistake_is_not_put_down_to_it(exercise, m):
    """The mistake's numbers, each a thousandth off (or more than is tolerated), are wrong for a reason nobody knows."""
    off = 1 + max(0.001, 4 * max(behaviour.rtol for behaviour in exercise.behaviours))

    def shifted(value):
        if isinstance(value, tuple | list):
            return type(value)(shifted(item) for item in value)
        if isinstance(value, dict):
            return {key: shifted(item) for key, item in value.items()}
        if isinstance(value, int | np.integer) and not isinstance(value, bool):
            return value + 1 + abs(value) // 50
        if isinstance(value, GeneratorType):
            return (shifted(item) for item in value)
        return value * off if isinstance(value, float | np.ndarray) else value

    def near(function):
        return lambda *args: shifted(function(*args))

    def judged_near(seed):
        if isinstance(m.function, type):  # what a class answers is shifted after it has answered
            runs = answers(exercise, m, seed)
            return judge(exercise, seed, lambda behaviour: [run._replace(output=shifted(run.output))
                                                            for run in runs(behaviour)])  # fmt: skip
        return checks.verdicts(exercise, tuple(near(function) for function in exercise.functions(m)), seed)

    for seed in range(3):
        for verdict in judged_near(seed):
            changed = verdict.behaviour.untouched and verdict.fault and verdict.fault.kind == "untouched"
            said = answers(exercise, m, seed)(verdict.behaviour)
            words = verdict.behaviour.view in ("status",) or all(isinstance(run.output, str) for run in said)
            assert verdict.mistake is None or changed or words, (seed, verdict.behaviour.name, explanation(verdict))


def pretenders(exercise):
    """Functions that know nothing and hope for a point."""
    wanted = exercise.functions(exercise.reference)

    def raises(*args):
        raise ValueError("no")

    for value in (None, 0, 1.0, float("nan"), "converged", (), (0, 0, 0), (1.0, 1.0, 1.0), [1.0], np.zeros(2)):
        yield (lambda *args, value=value: value,) * len(wanted)
    for status in ("converged", "max_steps", "diverged"):
        yield (lambda *args, status=status: (args[1] if len(args) > 1 else 0, 0, status),) * len(wanted)
    yield (raises,) * len(wanted)
    yield (lambda *args: args,) * len(wanted)
    yield (lambda *args: args[0],) * len(wanted)
    yield (lambda *args: (args[0], args[0], args[0]),) * len(wanted)


@pytest.mark.thorough
@pytest.mark.parametrize("exercise", EXERCISES, ids=named)
def test_pretending_earns_nothing(exercise):
    for functions in pretenders(exercise):
        for seed in (0, 1):
            judged = checks.verdicts(exercise, functions, seed)
            assert sum(v.points for v in judged) == 0, report(exercise, judged)


def plain(value):
    if isinstance(value, list | tuple) and not isinstance(value, Rng):
        return all(map(plain, value))
    if isinstance(value, dict):
        return all(map(plain, value.values()))
    return value is None or isinstance(value, bool | int | float | str | Oracle | Rng) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "biuf")  # fmt: skip


def without_oracles(case):
    return {name: value for name, value in case.items()
            if not isinstance(value[0] if isinstance(value, list) and value else value, Oracle)}  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("exercise", EXERCISES, ids=named)
def test_cases_are_plain_fresh_and_repeatable(exercise):
    for behaviour in exercise.behaviours:
        source = behaviour.cases or exercise.cases
        first, again, other = (_draw.__wrapped__(exercise.name, source, seed) for seed in (0, 0, 1))
        assert [repr(case.values()) for case in map(without_oracles, first)] == [
            repr(case.values()) for case in map(without_oracles, again)]
        assert len(first) >= 3 or exercise.seconds >= 10, "a case may be a whole training"
        asked = exercise.signatures[exercise.name]
        for case in first:
            assert plain(list(case.values()))
            assert behaviour.drive or tuple(case) == asked[: len(case)], "arguments in the signature's order"
        assert any(not same(a[name], b[name], 0, 0) for a, b in zip(first, other, strict=True) for name in a
                   if isinstance(a[name], float | int | np.ndarray | list | dict) and name in b)  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("exercise", EXERCISES, ids=named)
def test_what_travels_stands_on_its_own(exercise):
    """Solutions go into notebooks, and drives into the student's process: they find nothing there but np."""
    from gdcourse.grading.authoring.sample import functions_of, solution_source

    for solution in (exercise.reference, *exercise.styles):
        assert passed(exercise, functions_of(exercise, solution_source(exercise, solution)), 0)
    for m in exercise.mistakes:
        judged = checks.verdicts(exercise, functions_of(exercise, solution_source(exercise, m)), 0)
        assert {v.mistake.name for v in judged if v.mistake} == {m.name}
    for drive in {b.drive for b in exercise.behaviours} - {None}:
        assert not drive.__closure__ and set(drive.__code__.co_names) & set(drive.__globals__) <= {"np"}


@pytest.mark.parametrize("exercise", EXERCISES, ids=named)
def test_withholds_functions_that_exist(exercise):
    for path in exercise.withhold:
        module, name = path.rsplit(".", 1)
        assert hasattr(__import__(module, fromlist=[name]), name), path


def test_equations_have_the_numbers_of_the_book(request):
    """A hint's number is that of the labelled equation on its page: the chapter, then its place."""
    found = {}
    for path in sorted((request.config.rootpath / "chapters").rglob("*.md")):
        labels = re.findall(r"^:label: (eq-\S+)", path.read_text("utf-8"), re.MULTILINE)
        found |= {label: (path.stem, place) for place, label in enumerate(labels, 1)}
    for label, number in EQUATIONS.items():
        assert label in found, f"no chapter has an equation {label}"
        assert number.split(".")[1] == str(found[label][1]), f"{label} is equation {found[label][1]} of its page"
    chapters = {}
    for label, number in EQUATIONS.items():
        chapters.setdefault(found[label][0], set()).add(number.split(".")[0])
    assert all(len(numbers) == 1 for numbers in chapters.values())
    chapter_of = {page: next(iter(numbers)) for page, numbers in chapters.items()}
    for label, (heading, chapter) in SECTIONS.items():
        (page,) = [path.stem for path in (request.config.rootpath / "chapters").glob("*.md")
                   if re.search(rf'^\({label}\)=\n#+ "?{heading}"?$', path.read_text("utf-8"), re.MULTILINE)]
        assert chapter_of[page] == str(chapter), label
        assert PAGES[label] == page, label
    assert {label: page for label, page in PAGES.items() if label in EQUATIONS} == {
        label: found[label][0] for label in EQUATIONS}  # fmt: skip
    assert PAGES.keys() == {*EQUATIONS, *SECTIONS} and len(PAGES) == sum(map(len, IDEAS.values()))


def test_an_equation_is_about_an_idea_that_its_chapter_teaches(request):
    import yaml

    chapters = request.config.rootpath / "chapters"
    names = {item: c["name"] for item, c in yaml.safe_load((chapters / "concepts.yml").read_text("utf-8")).items()}
    taught = {}
    for page in IDEAS:
        matter = yaml.safe_load((chapters / f"{page}.md").read_text("utf-8").split("---\n")[1])
        taught[page] = {names[item] for item in matter["covers"]}
    taught["capstone"] |= taught["depth"]  # which it looks back at
    for page, labels in IDEAS.items():
        assert set(labels.values()) <= taught[page], set(labels.values()) - taught[page]


def test_a_hint_has_its_equations_address_where_the_books_is_known(request, monkeypatch):
    exercise, m = next((e, m) for e, m in MISTAKES if m.see == "eq-gd-best-step")
    judged = checks.verdicts(exercise, m, 1)
    where = "https://learn.example/c/chapters/gradient-descent.html#equation-eq-gd-best-step"
    monkeypatch.delenv("GDCOURSE_SITE", raising=False)
    assert "http" not in report(exercise, judged) and address("eq-gd-best-step") == ""
    monkeypatch.setenv("GDCOURSE_SITE", "https://learn.example/c")
    page = report(exercise, judged)
    assert f"\n        {where}\n" in f"{page}\n" and "http" not in report(exercise, judged, hint=2)
    assert address("") == address("eq-of-a-course-of-ones-own") == ""
    for label in [*EQUATIONS, *SECTIONS]:
        name, _, anchor = address(label).removeprefix("https://learn.example/c/").partition("#")
        text = (request.config.rootpath / name).with_suffix(".md").read_text("utf-8")
        assert f":label: {label}\n" in text if label in EQUATIONS else f"({label})=\n" in text
        assert anchor.removeprefix("equation-") == label


@pytest.mark.parametrize(("origin", "expected"), [
    ("https://github.com/Somebody/course.git", "https://somebody.github.io/course/"),
    ("https://github.com/Somebody/somebody.github.io", "https://somebody.github.io/"),
    ("file:///home/somebody/course", ""), ("https://git.example/somebody/course", ""), (None, ""),
])  # fmt: skip
def test_an_installed_package_knows_where_its_repository_publishes(monkeypatch, origin, expected):
    from importlib import metadata
    from types import SimpleNamespace

    told = None if origin is None else f'{{"url": "{origin}"}}'
    monkeypatch.delenv("GDCOURSE_SITE", raising=False)
    monkeypatch.setattr(metadata, "distribution", lambda name: SimpleNamespace(read_text=lambda file: told))
    assert site() == expected


def test_needs_numpy_alone():
    code = textwrap.dedent("""
        import sys, gdcourse
        assert "gdcourse.checks" not in sys.modules
        import gdcourse.checks
        gdcourse.checks.exercises()
        strangers = {"nbgrader", "IPython", "matplotlib", "sklearn", "scipy", "click"} & set(sys.modules)
        assert not strangers, strangers
    """)
    subprocess.run([sys.executable, "-c", code], check=True)
