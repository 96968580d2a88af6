"""The house stands: no import leads upstairs. CONTRIBUTING.md says once what stands on which floor."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def floors():
    """Return {room: its floor}, from the ground up. A room is a module, or a folder, with a slash at its end."""
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    house = re.search(r"^## The house.*?^```text\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)[1]
    rows = [re.split(r"\s{2,}", line)[0].split() for line in house.splitlines()]
    return {room: number for number, rooms in enumerate(rows) for room in rooms}


def modules():
    """Return {dotted name: path} of the package's modules; a folder's own name is that of its __init__."""
    found = {}
    for path in sorted((ROOT / "gdcourse").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(text, names):
    """Return the modules of the package that a source imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import hides where it leads"
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in names else node.module for name in whole}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & names.keys()


@pytest.fixture(scope="module")
def imports():
    """Return {module: the modules it imports} of the whole package."""
    names = modules()
    return {name: imported(path.read_text("utf-8"), names) - {name} for name, path in names.items()}


def room_of(name, rooms):
    """Return the room that a module is in: the deepest folder that has a line, or a line of its own."""
    path = "/".join(name.split(".")[1:]) or "__init__"
    return max((room for room in rooms if path == room.rstrip("/") or (room.endswith("/") and path.startswith(room))),
               key=len, default=None)  # fmt: skip


def upstairs(imports):
    """Return ["module imports module"] of the imports that lead up, or across a floor."""
    floor, wrong = floors(), []
    for name, others in imports.items():
        here = room_of(name, floor)
        for other in others:
            there = room_of(other, floor)
            if here != there and floor[there] >= floor[here]:
                wrong.append(f"{name} imports {other}")
    return sorted(wrong)


def circles(imports):
    """Return the modules that come back to themselves, or to one that does, by what they import."""
    after = dict(imports)
    while free := {name for name, others in after.items() if not others & after.keys()}:
        for name in free:
            del after[name]
    return set(after)


def test_every_module_has_its_room_and_every_room_its_modules(imports):
    floor = floors()
    rooms = {name: room_of(name, floor) for name in imports}
    assert [name for name, room in rooms.items() if room is None] == []
    assert set(floor) == set(rooms.values())


def test_no_import_leads_upstairs(imports):
    assert upstairs(imports) == []


def test_no_module_needs_itself(imports):
    assert circles(imports) == set()


@pytest.mark.parametrize("low, high", [
    ("grading.sandbox.wire", "grading.running.judge"), ("grading.gradebook.record", "grading.report.tables"),
    ("optimizers", "descent"), ("descent", "checks.descent"), ("losses", "layers"), ("problems", "grading.cli"),
])  # fmt: skip
def test_one_that_leads_up_is_seen_wherever_it_hides(imports, low, high):
    low, high = f"gdcourse.{low}", f"gdcourse.{high}"
    text = modules()[low].read_text("utf-8") + f"\n\ndef late():\n    from {high} import something\n"
    assert upstairs({**imports, low: imported(text, modules())}) == [f"{low} imports {high}"]


def test_a_circle_is_seen_though_one_half_is_inside_a_function(imports):
    low, high = "gdcourse.grading.course.nbgrader", "gdcourse.grading.authoring.assign"
    text = modules()[low].read_text("utf-8") + f"\n\ndef late():\n    from {high} import page\n"
    assert {low, high} <= circles({**imports, low: imported(text, modules())})
