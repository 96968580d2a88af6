"""A plain nbgrader assignment: a notebook in source/, whose tests are cells of its own, and no specification of ours.

Students get nbgrader's release of it. What the tests really are, hidden ones included, nbgrader keeps in its gradebook.
"""

import base64
import re
from pathlib import Path

import nbformat

from gdcourse import checks
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import course_folders, nbgrader, tables_of

FILES = 4_000_000  # bytes of all files beside a notebook


def assign_plain(course, ps):
    """Let nbgrader build the release of a plain assignment. Returns: the release's path. Raises: CourseError."""
    source = checks.plain()[ps]
    others = [path.name for path in sorted(source.parent.glob("*.ipynb")) if path != source]
    if others:
        raise CourseError(f"source/{ps} holds other notebooks as well: {', '.join(others)}. One assignment is one "
                          f"notebook here, called {ps}.ipynb: make an assignment of each.")
    book = _read(source)
    language = book.metadata.get("kernelspec", {}).get("language") or "python"
    if language.lower() != "python":
        raise CourseError(f"{ps}.ipynb is written in {language}, and the sandbox runs Python only")
    ours = [cell.source for cell in book.cells if cell.metadata.get("nbgrader", {}).get("grade")
            and checks.GRADED.fullmatch(cell.source)]  # fmt: skip
    if ours:
        raise CourseError(f"{ps}.ipynb has the test {ours[0].strip()}, which is judged by a specification: "
                          f"where are {ps}.md and {ps}.py?")
    plain_files(course, ps, source.parent)
    nbgrader(course, "generate_assignment", ps, "--force")
    return _release(course, ps)


def plain_notebook(course, ps):
    """Return the notebook as it was handed out, but with the tests that nbgrader has kept; and what stood instead.

    Returns: a notebook, and {grade_id: text as it was handed out} of those cells that were handed out otherwise.
    Raises: CourseError if it was not assigned yet.
    """
    from nbgrader.api import Gradebook, MissingEntry

    folders, path = course_folders(course), _release(course, ps)
    if not path.is_file() or not tables_of(folders):
        raise CourseError(f"there is no release of {ps} yet. Run: gdcourse assign {ps}")
    book, shown = _read(path), {}
    with Gradebook(folders.db_url, folders.course_id) as gradebook:
        for cell in book.cells:
            mark = cell.metadata.get("nbgrader", {})
            if mark and not mark["solution"]:
                try:
                    kept = gradebook.find_source_cell(mark["grade_id"], ps, ps)
                except MissingEntry:
                    raise CourseError(f"the release of {ps} is not the one that the gradebook knows. "
                                      f"Run: gdcourse assign {ps}") from None
                if kept.source != cell.source:
                    shown[mark["grade_id"]] = cell.source
                    cell.source = kept.source
    book.nbformat_minor = 5
    for number, cell in enumerate(book.cells):
        cell.id = re.sub(r"[^\w-]", "-", cell.metadata.get("nbgrader", {}).get("grade_id", f"{ps}-{number}"))[:64]
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return book, shown


def plain_files(course, ps, folder=None):
    """Return {name: bytes in base64} of what was handed out beside the notebook. Raises: CourseError if too much."""
    folder, found, size = folder or _release(course, ps).parent, {}, 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".ipynb" or path.is_symlink() or not path.is_file() or "/." in f"/{name}":
            continue
        size += path.stat().st_size
        if size > FILES:
            raise CourseError(f"the files beside {ps}.ipynb are larger than {FILES // 1_000_000} MB together, and are "
                              "put beside every submission. Make them smaller.")
        found[name] = base64.b64encode(path.read_bytes()).decode()
    return found


def _release(course, ps):
    folders = course_folders(course)
    return Path(folders.format_path(folders.release_directory, ".", ps), f"{ps}.ipynb")


def _read(path):
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:  # whatever nbformat makes of what is no notebook
        raise CourseError(f"{path} cannot be read as a notebook: {type(error).__name__}") from None
