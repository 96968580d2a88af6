"""A course as nbgrader has it: its settings, its folders, the tables of its gradebook, and nbgrader's own commands."""

import os
import subprocess
import sys
from pathlib import Path

from gdcourse.grading.course.directory import CourseError


def settings(course):
    """Return nbgrader's settings of a course, as its nbgrader_config.py gives them.

    Raises: CourseError if it cannot be run, whatever is in it.
    """
    from traitlets.config import PyFileConfigLoader

    try:
        return PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
    except Exception as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise CourseError(f"nbgrader_config.py cannot be read{line}: {type(error).__name__}: "
                          f"{getattr(error, 'msg', error)}") from None  # fmt: skip


def course_folders(course):
    """Return nbgrader's CourseDirectory of a course, under its own settings."""
    from nbgrader.coursedir import CourseDirectory

    find_alembic()
    if str(course) not in sys.path:  # where a course keeps plugins of its own, such as a late penalty
        sys.path.append(str(course))
    config = settings(course)
    config.CourseDirectory.setdefault("root", str(Path(course).resolve()))
    return CourseDirectory(config=config)


def tables_of(folders):
    """Return the names of the tables in a course's gradebook. Raises: CourseError if it cannot be opened."""
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        url = make_url(folders.db_url)
        file = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
        if file and file.parent.is_dir() and not file.exists():  # opening it would make one
            return []
        return inspect(create_engine(folders.db_url)).get_table_names()
    except (SQLAlchemyError, ImportError) as error:
        url = make_url(folders.db_url).render_as_string() if "://" in folders.db_url else folders.db_url
        why = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise CourseError(f"the gradebook {url} cannot be opened: {why}. It is db_url in nbgrader_config.py; other "
                          "databases than SQLite need their driver, such as psycopg, installed.") from None  # fmt: skip


def nbgrader(course, *arguments):
    """Run one of nbgrader's commands in the course's folder. Returns: what it said. Raises: CourseError if it fails."""
    find_alembic()
    done = subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=course, capture_output=True, text=True)
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
        raise CourseError(f"nbgrader {' '.join(arguments)} did not succeed. It said:\n{said}")
    return done.stderr + done.stdout


def find_alembic():
    """Put Python's own folder on the path: nbgrader calls alembic by name, which lies there, activated or not."""
    beside, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if beside not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([beside, path])
