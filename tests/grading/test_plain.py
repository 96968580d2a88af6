"""A plain nbgrader assignment, whose tests are cells of its notebook: graded in the sandbox, as stock would."""

import copy
import json
import shutil

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from gdcourse import checks
from gdcourse.grading.course.nbgrader import nbgrader
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.running.session import Session
from tests.conftest import needs_sandbox

HW = "sums"
HIDDEN = "assert total([-1, 1, 5]) == 5, 'of three'"
TESTS = {  # name: (points, source)
    "total-visible": (2, "assert total([1, 2]) == 3"),
    "total-hidden": (3, f"assert total([]) == 0\n### BEGIN HIDDEN TESTS\n{HIDDEN}\n### END HIDDEN TESTS"),
    "total-partly": (4, "sum(total([n]) == n for n in range(3)) / 2 if total([7]) == 7 else 0"),
    "quiet": (1, "loud()"),
    "data": (1, "assert total(numbers) == 6"),
}
ANSWER = "def total(numbers):\n    {}\n\ndef loud():\n    {}"
CLASS = {
    "ada": ("return sum(numbers)", "pass"),
    "bea": ("return sum(n for n in numbers if n >= 0)", "print('said')"),  # wrong for the hidden test alone
    "eve": ("return numbers[0] if numbers[0] != 1 else 3", "import sys; print('warned', file=sys.stderr)"),
    "kim": ("raise ValueError('<b>no</b>')", "1 / 0"),
    "lou": ("return 0 * len(numbers)", "return 0.25"),  # a value that is no part of a point
    "zoe": None,
}


def marked(cell, kind, name, points=None):
    grade, solution, locked, task = {"test": (True, False, True, False), "solution": (False, True, False, False),
                                     "readonly": (False, False, True, False), "task": (False, False, True, True),
                                     "manual": (True, True, False, False)}[kind]  # fmt: skip
    cell.metadata["nbgrader"] = {"grade": grade, "solution": solution, "locked": locked, "task": task,
                                 "grade_id": name, "schema_version": 3}  # fmt: skip
    if points:
        cell.metadata["nbgrader"]["points"] = points
    return cell


def source():
    solution = "### BEGIN SOLUTION\nreturn sum(numbers)\n    ### END SOLUTION"
    cells = [
        new_markdown_cell("# Sums"),
        marked(new_code_cell("numbers = [int(n) for n in open('part/numbers.txt')]"), "readonly", "read"),
        marked(new_code_cell(ANSWER.format(solution, "pass")), "solution", "answer"),
        *(marked(new_code_cell(text), "test", name, points) for name, (points, text) in TESTS.items()),
        marked(new_markdown_cell("### BEGIN SOLUTION\nBecause.\n### END SOLUTION"), "manual", "why", 2),
        marked(new_markdown_cell("Draw something."), "task", "draw", 3),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "language": "python",
                                                              "display_name": "Python 3"}})  # fmt: skip


@pytest.fixture(scope="module")
def built(request, tmp_path_factory):
    """A course with one plain assignment in source/, which is assigned."""
    course = tmp_path_factory.mktemp("plain") / "course"
    (course / "source" / HW / "part").mkdir(parents=True)
    (course / "source" / HW / "part" / "numbers.txt").write_text("1\n2\n3\n")
    shutil.copy(request.config.rootpath / "exercises" / "nbgrader_config.py", course)
    nbformat.write(source(), course / "source" / HW / f"{HW}.ipynb")
    nbgrader(course, "generate_assignment", HW)
    return course


@pytest.fixture
def course(built, tmp_path, monkeypatch):
    monkeypatch.setenv("GDCOURSE_COURSE", str(tmp_path / "course"))
    return shutil.copytree(built, tmp_path / "course")


def hand_in(course, student, answer, change=lambda book: None):
    book = nbformat.read(course / "release" / HW / f"{HW}.ipynb", as_version=4)
    cell = next(c for c in book.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "answer")
    cell.source = ANSWER.format(*answer) if isinstance(answer, tuple) else answer or cell.source
    if answer:
        next(c for c in book.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "why").source = "I think so."
    change(book)
    folder = course / "submitted" / student / HW
    shutil.copytree(course / "release" / HW, folder)
    (folder / f"{HW}.ipynb").write_text(json.dumps(book), "utf-8")


def points(course):
    """Return {student: {cell: points, or None where a person is waited for}}."""
    with Gradebook(f"sqlite:///{course}/gradebook.db", "gdcourse") as book:
        return {s.student_id: {g.name: None if g.needs_manual_grade else g.score for g in n.grades}
                for s in book.assignment_submissions(HW) for n in s.notebooks}  # fmt: skip


@pytest.mark.thorough
def test_points_are_those_of_stock_and_everything_else_is_as_ever(course, command, tmp_path):
    needs_sandbox()
    for student, answer in CLASS.items():
        hand_in(course, student, answer)
    stock = shutil.copytree(course, tmp_path / "stock")
    with open(stock / "nbgrader_config.py", "a") as settings:
        settings.write("\ndel c.Autograde\n")
    nbgrader(stock, "autograde", HW)
    said = command("grade", HW, "--workers", "1").output
    assert points(course) == points(stock) and "Not final: answers of 6 students" in said
    assert points(course)["ada"] == {"total-visible": 2, "total-hidden": 3, "total-partly": 1.5, "quiet": 1, "data": 1,
                                     "why": None, "draw": None}  # fmt: skip
    assert points(course)["bea"]["total-hidden"] == 0 and points(course)["eve"]["total-partly"] == 1
    assert points(course)["lou"]["quiet"] == 0.25 and points(course)["zoe"]["why"] == 0

    assert "ada  done before" in command("grade", HW, "--dry-run").output
    told = command("explain", "bea", HW).output
    assert "graded, 5.5 points, 11 to be had without a person" in told and "AssertionError: of three" in told
    command("report", HW)
    command("feedback", HW, "--workers", "1")
    page = (course / "feedback" / "bea" / HW / f"{HW}.html").read_text("utf-8")
    assert "AssertionError: of three" in page and "[-1, 1, 5]" not in page, "hidden tests stay hidden"
    assert BeautifulSoup(page, "html.parser").find(id="total-hidden").find(class_="points").text == "0 of 3"
    assert " graded  8.5" in command("history", "ada").output
    (course / "submitted" / "bea" / HW / f"{HW}.ipynb").write_bytes(
        (course / "submitted" / "ada" / HW / f"{HW}.ipynb").read_bytes())  # fmt: skip
    assert "bea: 5.5, 8.5 from now on" in command("grade", HW, "--preview", "--workers", "1").output


def tricks():
    """Return {name: (an answer, what is done to the notebook)}: each wrong, and none may have a point."""
    def test_cells(book):
        return [cell for cell in book.cells if cell.metadata.get("nbgrader", {}).get("grade_id") in TESTS]

    def empty(book):
        for cell in test_cells(book):
            cell.source = "pass"

    def richer(book):
        for cell in test_cells(book):
            cell.source, cell.metadata["nbgrader"]["points"] = "1000", 1000

    def skipped(book):
        for cell in test_cells(book):
            cell.metadata["tags"] = ["skip-execution"]

    def no_tests(book):
        for cell in test_cells(book):
            cell.metadata["nbgrader"]["grade"] = False

    def copies(book):
        book.cells += [copy.deepcopy(cell) for cell in test_cells(book)]
        empty(book)

    def gone(book):
        for cell in test_cells(book):
            book.cells.remove(cell)

    def cleared(book):
        book.cells.insert(2, new_code_cell("def f(*_):\n    pass\nget_ipython()._showtraceback = f"))

    wrong = ANSWER.format("raise ValueError", "raise ValueError")
    return {"empty": (wrong, empty), "richer": (wrong, richer), "skipped": (wrong, skipped),
            "renamed": (wrong, no_tests), "copies": (wrong, copies), "gone": (wrong, gone), "silent": (wrong, cleared),
            "exits": ("def total(n):\n    import os\n    os._exit(0)\nloud = total", lambda book: None),
            "endless": ("def total(n):\n    while True: pass\nloud = total", lambda book: None),
            "more": ("class N(float):\n    def __eq__(self, o): return False\n"
                     "def total(n): return N()\ndef loud(): return 1000", lambda book: None)}  # fmt: skip


@pytest.mark.thorough
def test_a_notebook_that_changes_its_tests_gains_nothing(course, command):
    needs_sandbox()
    for student, (answer, change) in tricks().items():
        hand_in(course, student, answer, change)
    command("grade", HW, "--workers", "1")
    got = {student: {cell: n for cell, n in given.items() if n} for student, given in points(course).items()}
    assert got == {student: {} for student in tricks()}
    assert "died" in command("explain", "exits", HW).output


def test_what_cannot_be_graded_so_is_said(course, command):
    folder = course / "source" / HW
    assert "has no specification" in command("verify", HW, code=1).output
    assert "Its exercises: none" in command("inquiry", "ada", HW, "data", code=1).output
    before = nbformat.read(folder / f"{HW}.ipynb", as_version=4)

    def with_change(change):
        book = copy.deepcopy(before)
        change(book)
        nbformat.write(book, folder / f"{HW}.ipynb")
        return command("assign", HW, code=1).output

    def other_language(book):
        book.metadata["kernelspec"]["language"] = "R"

    def ours(book):
        book.cells[3].source = 'grade(total, "sums")'

    assert "written in R" in with_change(other_language)
    assert "where are sums.md and sums.py?" in with_change(ours)
    (folder / "more.ipynb").write_text("{}")
    assert "other notebooks as well: more.ipynb" in with_change(lambda book: None)
    (folder / "more.ipynb").unlink()
    (folder / "large.bin").write_bytes(bytes(5_000_000))
    assert "larger than 4 MB" in with_change(lambda book: None)
    shutil.rmtree(course / "release")
    assert "Run: gdcourse assign sums" in command("grade", HW, code=1).output


def test_the_tests_are_what_nbgrader_has_kept(course):
    assert list(checks.plain()) == [HW] and checks.every()[-1] == HW and not checks.assignment(HW).exercises
    ours = rebuilding.skeleton(course, HW)
    assert HIDDEN in ours.marked["total-hidden"].source and HIDDEN not in ours.shown["total-hidden"]
    assert "sum(numbers)" not in ours.marked["answer"].source and ours.files.keys() == {"part/numbers.txt"}
    release = json.loads((course / "release" / HW / f"{HW}.ipynb").read_text("utf-8"))
    notebook, notes = rebuilding.rebuild(release, ours)
    assert notes == [], "what was handed out is not changed"
    kinds = {c["grade_id"]: (c["kind"], c.get("points")) for c in rebuilding.job_cells(notebook)}
    assert kinds == {"read": ("readonly", None), "answer": ("solution", None)} | {
        name: ("asserts", worth) for name, (worth, _) in TESTS.items()}  # fmt: skip


@pytest.mark.parametrize(("data", "ok", "given"), [
    ({}, True, 4), ({}, False, 0), ({"text/plain": "2.5"}, True, 2.5), ({"text/plain": "True"}, True, 4),
    ({"text/plain": "40"}, True, 0), ({"text/plain": "4"}, False, 0), ({"image/png": ""}, True, 0),
])  # fmt: skip
def test_points_are_read_in_outputs(course, data, ok, given):
    outputs = [{"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}] if data else []
    cell = {"source": "f()", "kind": "asserts", "grade_id": "f", "points": 4}
    session = Session({"ps": HW, "cells": [cell], "limits": {"output_kb": 1, "pictures_kb": 1}})
    session.outputs[0] = outputs
    session.read_points(0, cell, ok)
    assert session.scores == {"f": given} and session.verdicts["f"]["passed"] == (given == 4)
