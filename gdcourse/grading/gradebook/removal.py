"""A student who has left, a misspelt folder, a class that was made up: out of the gradebook, and kept aside."""

import re
from pathlib import Path

from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import course_folders, tables_of
from gdcourse.grading.gradebook import journal


def remove(course, student):
    """Take a student out of the gradebook and all journals, and put her folders aside in .grading/removed.

    Returns: where they are now, or None if there were none. Raises: CourseError if nobody is called that.
    """
    from nbgrader.api import Gradebook

    folders = course_folders(course)
    steps = folders.submitted_directory, folders.autograded_directory, folders.feedback_directory
    kept = [Path(folders.format_path(step, ".", ".")) for step in steps]
    there = [path for folder in kept if folder.is_dir() for path in folder.iterdir()
             if path.name == student and path.is_dir()]  # fmt: skip
    with journal.alone(course):
        names = [path.stem for path in sorted(journal.folder(course).glob("*.journal"))]
        journals = [one for one in (journal.Journal(course, ps) for ps in names) if student in one.done]
        entered = False
        if tables_of(folders):
            with Gradebook(folders.db_url, folders.course_id) as book:
                if entered := student in {one.id for one in book.students}:
                    book.remove_student(student)
        if not (there or journals or entered):
            raise CourseError(f"nobody is called {student!r}, neither in submitted/ nor in the gradebook")
        for one in journals:
            one.add_gone(student)
        return _aside(course, student, there) if there else None


def _aside(course, student, there):
    base = journal.folder(course) / "removed"
    name = re.sub(r"^\.", "_", student)
    number = 1
    while (aside := base / (name if number == 1 else f"{name} {number}")).exists():
        number += 1
    for path in there:
        target = aside / path.parent.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    return aside
