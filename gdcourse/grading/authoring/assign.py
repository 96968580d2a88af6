"""Turn an assignment's page into the notebooks nbgrader works with: the source with solutions, the release without.

The page is MyST Markdown. A cell's `nbgrader` option says what it is, in a shorthand:

    :nbgrader: solution          the student writes here; every line `### SOLUTION` becomes the body of the reference
    :nbgrader: tests             `grade(f)` becomes one graded cell for each behaviour of f, with its points
    :nbgrader: test 2pt name     one such cell, `grade(f, "behaviour")`, with points and a name of its own
    :nbgrader: readonly          restored before grading
    +++ {"nbgrader": "manual 3pt name"}     an answer in words (or, on a code cell, in code), graded by hand

Names, points and solutions come from `gdcourse.checks`, so that nothing is said twice. Ids are derived from the names,
and two builds are the same byte for byte.
"""

import ast
import inspect
import re
import textwrap
from pathlib import Path

import jupytext
import nbformat

from gdcourse import checks
from gdcourse.checks.exercise import as_tuple
from gdcourse.grading.authoring.plain import assign_plain
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import course_folders, nbgrader, settings, tables_of
from gdcourse.grading.course.term import term

MARK = "### SOLUTION"
KINDS = {  # shorthand: (grade, solution, locked)
    "solution": (False, True, False),
    "test": (True, False, True),
    "readonly": (False, False, True),
    "manual": (True, True, False),
}


def page(course, ps):
    """Return the path of an assignment's page."""
    path = Path(course) / f"{ps}.md"
    if not path.is_file():
        known = ", ".join(ps for ps in checks.every() if Path(course, f"{ps}.md").is_file()) or "none"
        raise CourseError(f"there is no {path}. Assignments here: {known}")
    return path


def source_notebook(path):
    """Return the source notebook of a page, with nbgrader's metadata and the reference solutions in place.

    A graded cell has the points of its behaviour, or its share of what term.toml gives the exercise.
    """
    path = Path(path)
    assignment, decided = checks.assignment(path.stem), term(path.parent, path.stem).points
    book = jupytext.reads(path.read_text("utf-8"), fmt="md:myst")
    book.metadata = {"kernelspec": dict(book.metadata["kernelspec"])}
    cells, heading = [], ""
    for cell in book.cells:
        if cell.cell_type == "markdown":
            heading = next(reversed(re.findall(r"^#+ .*", cell.source, re.MULTILINE)), heading)
        kind, *rest = cell.metadata.pop("nbgrader", "").split() or [""]
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        if kind == "tests":
            cells += _test_cells(assignment, cell.source, heading, decided)
        elif kind:
            cells.append(_marked(cell, kind, rest, path.stem, assignment, len(cells)))
        else:
            cells.append(cell)
    book.cells = cells
    _check_unique(cells)
    for index, cell in enumerate(cells):
        cell.id = re.sub(r"[^\w-]", "-", cell.metadata.get("nbgrader", {}).get("grade_id", f"{path.stem}-{index}"))
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return book


def _marked(cell, kind, words, ps, assignment, position):
    if kind not in KINDS:
        raise CourseError(f"nbgrader: {kind!r} is none of {', '.join(['tests', *KINDS])}, in the cell\n{cell.source}")
    points = next((float(w[:-2]) for w in words if re.fullmatch(r"[\d.]+pt", w)), None)
    name = next((w for w in words if not re.fullmatch(r"[\d.]+pt", w)), None)
    if kind == "solution":
        cell.source, name = _with_solution(cell.source, assignment), name or _first_name(cell.source)
    if kind == "manual" and cell.cell_type == "markdown" and "BEGIN SOLUTION" not in cell.source:
        cell.source = f"### BEGIN SOLUTION\n{cell.source}\n### END SOLUTION"
    if KINDS[kind][0] and not (points and name):
        raise CourseError(f"nbgrader: {kind} needs points and a name ('{kind} 2pt why'), in the cell\n{cell.source}")
    _mark(cell, kind, name or f"{ps}-{kind}-{position}", points)
    return cell


def _mark(cell, kind, name, points=None):
    grade, solution, locked = KINDS[kind]
    metadata = {"grade": grade, "grade_id": name, "locked": locked, "schema_version": 3, "solution": solution,
                "task": False}  # fmt: skip
    if grade:
        metadata["points"] = int(points) if points == int(points) else points
    cell.metadata["nbgrader"] = metadata


def _test_cells(assignment, source, heading, decided):
    called = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [argument.id for argument in called[0].args] if called else []
    exercise = next((e for e in assignment.exercises if e.names == tuple(names)), None)
    if exercise is None:
        known = "; ".join(f"grade({', '.join(e.names)})" for e in assignment.exercises)
        raise CourseError(f"a cell of tests must be one of {known}, got\n{source}")
    if not re.search(rf"\({exercise.points:g} points?\)", heading):
        raise CourseError(f"{exercise.name} is worth {exercise.points:g} points, and its heading says {heading!r}")
    cells, times = [], decided.get(exercise.name, exercise.points) / exercise.points
    for behaviour in exercise.behaviours:
        cell = nbformat.v4.new_code_cell(f'grade({", ".join(names)}, "{behaviour.name}")')
        _mark(cell, "test", cell_id(exercise, behaviour), round(times * behaviour.points, 6))
        cells.append(cell)
    return cells


def cell_id(exercise, behaviour):
    """Return the id of the graded cell of a behaviour."""
    return f"{exercise.name}-{behaviour.name.replace(' ', '-')}"


def exercise_of(ps):
    """Return {id of a judged cell: its exercise's name} of an assignment."""
    return {cell_id(e, b): e.name for e in checks.assignment(ps).exercises for b in e.behaviours}


def _with_solution(source, assignment):
    """Put the body of the reference where the mark is, inside the function it stands in."""
    bodies = {}
    for exercise in assignment.exercises:
        for reference in as_tuple(exercise.reference):
            bodies |= _bodies(textwrap.dedent(inspect.getsource(reference)))
    lines, inside = [], None
    for line in source.split("\n"):
        inside = found[1] if (found := re.match(r"\s*def (\w+)", line)) else inside
        if line.strip() != MARK:
            lines.append(line)
            continue
        if inside not in bodies:
            raise CourseError(f"no exercise here has a reference called {inside!r}, in the cell\n{source}")
        indent = line[: len(line) - len(line.lstrip())]
        filled = f"### BEGIN SOLUTION\n{bodies[inside]}\n### END SOLUTION"
        lines += textwrap.indent(filled, indent, lambda text: bool(text.strip())).split("\n")
    return "\n".join(lines)


def _bodies(source):
    """Return {name: text of the body} of every function in a source, methods included, docstrings left out."""
    lines, bodies = source.split("\n"), {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
            bodies.setdefault(node.name, textwrap.dedent("\n".join(lines[first.lineno - 1 : node.end_lineno])))
    return bodies


def _first_name(source):
    found = re.search(r"^(?:def|class) (\w+)", source, re.MULTILINE)
    if not found:
        raise CourseError(f"a solution cell must define a function or have a name, in the cell\n{source}")
    return found[1]


def _check_unique(cells):
    ids = [cell.metadata["nbgrader"]["grade_id"] for cell in cells if "nbgrader" in cell.metadata]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise CourseError(f"these cells have the same name: {', '.join(twice)}")


def release_notebook(path, target=None):
    """Return the notebook that students receive, from an assignment's page; write it too if there is a target.

    It is what `nbgrader generate_assignment` makes of the source, without a gradebook.
    """
    from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, ClearSolutions, ComputeChecksums, LockCells

    book, resources = source_notebook(path), {}
    config = settings(Path(path).parent)
    for step in (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums):
        book, resources = step(config=config).preprocess(book, resources)
    if target:
        write(book, target)
    return book


def write(book, target):
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.validate(book)
    target.write_text(nbformat.writes(book) + "\n", encoding="utf-8")
    return target


def assign(course, ps):
    """Build source/ and release/ of an assignment, and enter it in the gradebook. Returns: the release's path."""
    tables_of(course_folders(course))  # or nbgrader says it with a stack of calls
    if ps in checks.plain():
        return assign_plain(course, ps)
    book = source_notebook(page(course, ps))
    for cell in book.cells:
        mark = cell.metadata.get("nbgrader", {})
        if mark.get("grade") and not mark["solution"] and not checks.GRADED.fullmatch(cell.source):
            raise CourseError(f"the graded cell {mark['grade_id']!r} is not of the form grade(f, \"behaviour\"), and "
                              "nothing else can be judged from outside. Give the exercise a behaviour for it.")
    source = write(book, Path(course) / "source" / ps / f"{ps}.ipynb")
    nbgrader(course, "generate_assignment", ps, "--force")
    return Path(course) / "release" / ps / source.name
