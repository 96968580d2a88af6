"""Find a course's gradebook, and hold it open for one writer: nbgrader's own, whatever database it is kept in."""

import sys
from contextlib import contextmanager
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import latesubmissions, saveautogrades
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from gdcourse.grading.assign import find_alembic, settings
from gdcourse.grading.course import CourseError


def course_folders(course):
    """Return nbgrader's CourseDirectory of a course, under its own settings."""
    find_alembic()
    if str(course) not in sys.path:  # where a course keeps plugins of its own, such as a late penalty
        sys.path.append(str(course))
    config = settings(course)
    config.CourseDirectory.setdefault("root", str(Path(course).resolve()))
    return CourseDirectory(config=config)


def tables_of(folders):
    """Return the names of the tables in a course's gradebook. Raises: CourseError if it cannot be opened."""
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


class _OneTransaction(Session):
    """A session whose commits wait until a submission is complete."""

    def commit(self):
        self.flush()

    def complete(self):
        super().commit()


class Open(Gradebook):
    """A gradebook that stays open, which nbgrader's preprocessors close and open again for every notebook."""

    def __init__(self, url, course_id):
        super().__init__(url, course_id)
        self.db.remove()
        self.db = scoped_session(sessionmaker(bind=self.engine, class_=_OneTransaction, autoflush=False))

    def __exit__(self, *_):
        pass


@contextmanager
def instead_of_opening(book):
    modules = saveautogrades, latesubmissions
    for module in modules:
        module.Gradebook = lambda url: book
    try:
        yield
    finally:
        for module in modules:
            module.Gradebook = Gradebook
