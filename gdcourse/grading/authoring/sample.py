"""Make up a class: notebooks as students hand them in, from known mistakes, accepted styles, and plain mishaps.

Every answer's score is known beforehand, so that a class shows what grading looks like, and tests the grader. The
notebooks come as real ones do: saved by other programs, with outputs and cells of the student's own, some of them late.
None of that changes what an answer is worth.
"""

import ast
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np

from gdcourse import checks
from gdcourse.checks.exercise import Mistake, as_tuple, renamed, source_of
from gdcourse.grading.authoring.assign import page, release_notebook, write
from gdcourse.grading.course.directory import CourseError

DUE = datetime(2026, 3, 1, 18, tzinfo=UTC)  # what a made-up class calls late is handed in after this


class Answer(NamedTuple):
    """What a made-up student wrote for one exercise. source: the solution cell, None if it was left untouched."""

    label: str
    source: str | None


@lru_cache
def answers(exercise):
    """Return {label: Answer} of everything a made-up student may hand in for an exercise."""
    right = [exercise.reference, *exercise.styles]
    known = {solution_name(s): solution_source(exercise, s) for s in [*right, *exercise.mistakes]}
    reference = solution_source(exercise, exercise.reference)
    mishaps = {
        "untouched": None,
        "does nothing": _with_body(reference, "pass"),
        "crashes": _with_body(reference, "return undefined_result"),
        "never ends": _with_body(reference, "while True:\n    pass"),
        "does not parse": reference.replace(":\n", "\n", 1),
        "right, and talkative": _talkative(reference),
    }
    if any(isinstance(node, ast.Return) for node in ast.walk(ast.parse(reference))):  # a generator has none to lose
        mishaps["prints the answer"] = _without_return(reference, "print")
        mishaps["returns nothing"] = _without_return(reference)
    if "(" in reference and len(next(iter(exercise.signatures.values()))) > 1:
        mishaps["arguments swapped"] = _swapped(reference)
    return {label: Answer(label, source) for label, source in {**known, **mishaps}.items()}


def made_up_class(ps, students, seed):
    """Return {student: {exercise's name: Answer}}. The first student does all well, the last nothing at all."""
    rng = np.random.default_rng(seed)
    exercises = checks.assignment(ps).exercises
    made = {}
    for number in range(students):
        skill = 1.0 if number == 0 else rng.beta(3, 1.5)
        made[f"s{number + 1:04}"] = {e.name: _pick(e, skill, rng) for e in exercises}
    if students > 1:
        made[f"s{students:04}"] = {e.name: Answer("untouched", None) for e in exercises}
    return made


def _pick(exercise, skill, rng):
    pool = answers(exercise)
    right = [solution_name(s) for s in (exercise.reference, *exercise.styles)] + ["right, and talkative"]
    wrong = [m.name for m in exercise.mistakes]
    mishaps = [label for label in pool if label not in right + wrong]
    kind = right if rng.random() < skill else wrong if rng.random() < 0.7 else mishaps
    return pool[kind[rng.integers(len(kind))]]


def submission(release, chosen):
    """Return a release notebook with a student's answers written into its solution cells."""
    book = nbformat.from_dict(release.copy())
    book.cells = [nbformat.from_dict(dict(cell)) for cell in release.cells]
    for cell in book.cells:
        answer = chosen.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if answer and answer.source:
            cell.source = answer.source.rstrip()
    return book


def write_class(course, ps, students, seed):
    """Write a made-up class into submitted/. Returns: what `made_up_class` does.

    Raises: CourseError, and writes nothing, where somebody else has handed in already.
    """
    release, made = release_notebook(page(course, ps)), made_up_class(ps, students, seed)
    rng = np.random.default_rng([seed, 1])
    files = {}
    for number, (student, chosen) in enumerate(made.items()):
        book, folder = submission(release, chosen), Path(course) / "submitted" / student / ps
        HABITS[number % len(HABITS)](book, rng)
        early = timedelta(hours=-30 * rng.random()) if number % 6 != 4 else timedelta(hours=50 * rng.random())
        files[folder / f"{ps}.ipynb"] = book, f"{DUE + early:%Y-%m-%d %H:%M:%S.%f %Z}\n"
    theirs = [path.parts[-3] for path, (book, _) in files.items()
              if path.exists() and path.read_text("utf-8", "replace") != nbformat.writes(book) + "\n"]  # fmt: skip
    if theirs:
        raise CourseError(f"{', '.join(theirs[:4])} handed in {ps} already, and is not made up. Make the class in a "
                          "copy of the folder, or remove what lies there.")  # fmt: skip
    for path, (book, time) in files.items():
        write(book, path)
        (path.parent / "timestamp.txt").write_text(time, "utf-8")
    return made


# Habits: what a notebook has been through before it is handed in


def _as_released(book, rng):
    pass


def _saved_after_running(book, rng):
    """Leave behind what the cells printed last time, which need not be what they would print now."""
    for count, cell in enumerate((cell for cell in book.cells if cell.cell_type == "code"), 1):
        cell.execution_count = count
        if rng.random() < 0.4:
            cell.outputs = [nbformat.v4.new_output("stream", text="ok, from an earlier version of this cell\n")]


def _from_vscode(book, rng):
    book.metadata.language_info = {"name": "python", "version": "3.12.1", "file_extension": ".py"}
    book.metadata.kernelspec = {"display_name": ".venv (3.12.1)", "language": "python", "name": "python3"}
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.metadata.vscode = {"languageId": "python"}


def _from_colab(book, rng):
    """Save as Colab does: its own marks in the metadata, and no cell has an id."""
    book.metadata.colab = {"provenance": [], "toc_visible": True}
    book.nbformat_minor = 0
    for number, cell in enumerate(book.cells):
        cell.pop("id", None)
        cell.metadata.update(id=f"Xk{number:010}", colab={"base_uri": "https://localhost:8080/"})


def _with_scratch_cells(book, rng):
    """Put cells of the student's own between the others: a note, a look at something, an empty one."""
    new = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    own = new[0]("Ask about this one on Tuesday."), new[1]("np.pi / 2"), new[1]("")
    for number, cell in enumerate(own):
        cell.id = f"own-{number}"
        book.cells.insert(int(rng.integers(len(book.cells) // 2, len(book.cells) + 1)), cell)  # behind the imports


HABITS = (_as_released, _saved_after_running, _from_vscode, _from_colab, _with_scratch_cells)


def expected_points(exercise, answer, seed=0):
    """Return what an answer is worth, judged in this process."""
    try:
        functions = functions_of(exercise, answer.source or "")
    except (SyntaxError, KeyError):
        return 0.0
    quick = replace(exercise, seconds=exercise.seconds / 4)  # what never ends need not take long
    return float(sum(verdict.points for verdict in checks.verdicts(quick, functions, seed)))


def functions_of(exercise, source):
    """Return the functions that a solution cell defines. Raises: SyntaxError, or KeyError for one that is missing."""
    names = {"np": np}
    exec(compile(source, "<solution cell>", "exec"), names)
    return tuple(names[name] for name in exercise.names)


# Sources


def solution_name(solution):
    """Return the name a solution goes by in tables."""
    return solution.name if isinstance(solution, Mistake) else as_tuple(solution)[0].__name__


def solution_source(exercise, solution):
    """Return the text of a solution as a student would have written it, under the names that were asked for."""
    parts = []
    for name, function in zip(exercise.names, exercise.functions(solution), strict=True):
        source = source_of(function)
        node = ast.parse(source).body[0]
        parts.append(renamed(function, "\n".join(source.split("\n")[node.lineno - 1 :]), name).rstrip())
    return "\n\n\n".join(parts) + "\n"


def _edited(source, edit):
    """Apply an edit to each function defined at the top of a source, and to each method of a class there."""
    tree = ast.parse(source)
    for place in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
        place.body = [node if isinstance(node, ast.ClassDef | ast.Expr) else edit(node) for node in place.body]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _with_body(source, body):
    def edit(node):
        node.body = ast.parse(f"def f():\n{textwrap.indent(body, '    ')}").body[0].body
        return node

    return _edited(source, edit)


def _without_return(source, call=""):
    class Drop(ast.NodeTransformer):
        def visit_Return(self, node):
            value = ast.Call(ast.Name(call, ast.Load()), [node.value], []) if call else node.value
            return ast.Expr(value)

    return _edited(source, Drop().visit)


def _talkative(source):
    def edit(node):
        node.body.insert(0, ast.parse(f"print('{node.name} at work')").body[0])
        return node

    return _edited(source, edit)


def _swapped(source):
    def edit(node):
        arguments = getattr(node, "args", None)
        if arguments and len(arguments.args) > 1:
            arguments.args[:2] = arguments.args[1::-1]
        return node

    return _edited(source, edit)
