"""The modules of exercises keep one order, so that a reader finds an exercise in them at once."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from gdcourse import checks
from gdcourse.checks.exercise import Exercise, Mistake, as_tuple

ORDER = "reference", "mistake", "style", "case or property", "exercise"
HEADING = re.compile(r"^# (\w+(?:, \w+)*): (.+)$")


@cache
def source(ps):
    return Path(import_module(f"gdcourse.checks.{checks.MODULES[ps]}").__file__).read_text("utf-8")


def headings(text):
    """Return [(line, functions' names)] of the headings of a module: comments between two blank lines."""
    lines = ["", "", *text.split("\n"), ""]
    return [(at - 1, found[1].split(", ")) for at in range(2, len(lines) - 1)
            if not lines[at - 1] and not lines[at + 1] and (found := HEADING.match(lines[at]))]  # fmt: skip


def definitions(text):
    """Return [(line, name, node)] of what a module defines at its top, tuples of names one by one."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.name, node
        elif isinstance(node, ast.Assign):
            for name in ast.walk(node.targets[0]):
                if isinstance(name, ast.Name):
                    yield node.lineno, name.id, node


def sections(text):
    """Return {first function's name: [(name, node)]} of what stands under each heading of a module."""
    starts, found = headings(text), {}
    for line, name, node in definitions(text):
        above = [names[0] for at, names in starts if at < line]
        found.setdefault(above[-1] if above else "", []).append((name, node))
    return found


def kinds(module, exercise):
    """Return a function name -> its place in ORDER, or None for a constant, which stands where it is needed."""
    functions = {"reference": as_tuple(exercise.reference), "style": [f for s in exercise.styles for f in as_tuple(s)]}

    def kind(name):
        value = getattr(module, name)
        if isinstance(value, Exercise | Mistake):
            return ORDER.index(type(value).__name__.lower())
        if not callable(value):
            return None
        return next((ORDER.index(word) for word, those in functions.items() if value in those), 3)

    return kind


@pytest.mark.parametrize("ps", checks.MODULES)
def test_every_exercise_has_its_heading_in_the_assignments_order(ps):
    found = [names for _, names in headings(source(ps))]
    assert found == [list(exercise.names) for exercise in checks.assignment(ps).exercises]


@pytest.mark.parametrize("ps", checks.MODULES)
def test_a_section_goes_from_its_reference_to_its_exercise(ps):
    module, parts = import_module(f"gdcourse.checks.{checks.MODULES[ps]}"), sections(source(ps))
    for exercise in checks.assignment(ps).exercises:
        inside = [name for name, _ in parts[exercise.name] if name != "ASSIGNMENT"]
        places = [place for place in map(kinds(module, exercise), inside) if place is not None]
        assert places == sorted(places), [(name, ORDER[place]) for name, place in zip(inside, places) if place]
        assert set(places) == set(range(len(ORDER))) and places.count(ORDER.index("exercise")) == 1
        defined = [m for m in vars(module).values() if isinstance(m, Mistake) and m in exercise.mistakes]
        assert list(exercise.mistakes) == defined, exercise.name


@pytest.mark.parametrize("ps", checks.MODULES)
def test_what_two_sections_need_stands_in_shared(ps):
    parts = sections(source(ps))
    assert set(parts) == {exercise.name for exercise in checks.assignment(ps).exercises}, "nothing stands above them"
    for section, inside in parts.items():
        for _, node in inside:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ASSIGNMENT":
                continue
            used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            for other in set(parts) - {section}:
                strangers = used & {name for name, _ in parts[other]}
                assert not strangers, f"{section} uses {strangers} of {other}"
