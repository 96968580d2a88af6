"""Where submissions lie: the folders of a class, what lies beside them, and the names that a gradebook takes."""

import fnmatch
import glob
import re
from pathlib import Path

from gdcourse.grading.course.nbgrader import course_folders


def submissions(course, ps, students="*"):
    """Return {student: folder} of what was handed in, in alphabetical order."""
    folders = course_folders(course)
    step = folders.submitted_directory
    pattern = re.compile(folders.format_path(step, "(?P<student>.*)", re.escape(ps), escape=True), re.DOTALL)
    found = glob.glob(folders.format_path(step, "*", glob.escape(ps)))
    named = {pattern.fullmatch(path)["student"]: path for path in found if pattern.fullmatch(path)}
    return {student: named[student] for student in sorted(named) if fnmatch.fnmatchcase(student, students)}


def passed_over(course, ps):
    """Return the paths of what looks handed in and lies where nobody looks: PS01 for ps01, or no folder at all."""
    folders = course_folders(course)
    found = map(Path, sorted(glob.glob(folders.format_path(folders.submitted_directory, "*", "*"))))
    return [path for path in found if path.name != ps and (
        path.name.lower() == ps.lower() if path.is_dir() else path.suffix == ".ipynb" and ps in path.name.lower())]


def enterable(student):
    """Tell whether the gradebook takes a student's name, and nbgrader's commands find it: they read it as a pattern."""
    known = student == student.encode("utf-8", "replace").decode()
    fit = student.isprintable() and len(student) <= 128 and not set("*?[") & set(student)
    return known and fit and student[0] not in "=+-@"  # a formula, in what nbgrader exports
