"""Where a course is, and what its author or instructor can put right."""

import errno
from pathlib import Path

FULL = errno.ENOSPC, errno.EDQUOT, errno.EROFS  # what making room puts right


class CourseError(Exception):
    """Something an author or instructor can put right; its message says how."""


def course_directory(start=None):
    """Return the nearest folder with an nbgrader_config.py: here, in exercises/, or further up."""
    start = Path(start or ".").resolve()
    for folder in (start, *start.parents):
        for candidate in (folder, folder / "exercises"):
            if (candidate / "nbgrader_config.py").is_file():
                return candidate
    raise CourseError(f"no nbgrader_config.py in {start}, its exercises folder or above it. "
                      "Go to the course's folder, or name it: --course exercises")
