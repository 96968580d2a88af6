"""Write what students read, with nbgrader's own converter: `write_feedback(course, ps)` for a class, in processes."""

import fnmatch
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI

from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import course_folders
from gdcourse.grading.gradebook.record import Record
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.running.pool import cores

PATIENCE = 60  # seconds that the feedback of one student may take
_APIS = {}


def write_feedback(course, ps, students="*", workers=None, begin=lambda number: None, progress=lambda student: None):
    """Write the feedback of everyone who is graded, in several processes. Returns: {student: what went wrong}."""
    course = str(Path(course).resolve())
    with Record(course, rebuilding.skeleton(course, ps)) as record:
        there = sorted(student for student in record.standing()[0] if fnmatch.fnmatchcase(student, students))
    if not there:
        raise CourseError(f"nobody's {ps} is graded yet among those asked for. Run: gdcourse grade {ps}")
    begin(len(there))
    failed = {}
    with ProcessPoolExecutor(min(workers or cores(), len(there)), get_context("spawn")) as processes:
        coming = {processes.submit(feedback, course, ps, student): student for student in there}
        for done in as_completed(coming):
            if said := done.result():
                failed[coming[done]] = said
            progress(coming[done])
    return failed


def feedback(course, ps, student):
    """Write one student's feedback with nbgrader's own converter. Returns: "", or what it said when it failed.

    What colours code and what reads Markdown can be made to take hours over a line, so that they have PATIENCE.
    """
    if course not in _APIS:
        folders = course_folders(course)
        _APIS[course] = NbGraderAPI(folders, config=folders.config)
        _APIS[course].log.setLevel("ERROR")
    with _hurried() as rang:
        said = _APIS[course].generate_feedback(ps, student, force=True)
    if rang:
        return f"the page was not done after {PATIENCE} seconds: look at the length of the lines."
    return "" if said["success"] else (said.get("log") or said.get("error") or "nothing").strip().splitlines()[-1]


@contextmanager
def _hurried():
    rang = []

    def too_long(*_):
        rang.append(True)
        raise TimeoutError  # which nbgrader takes for a page that cannot be made

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(PATIENCE)
    try:
        yield rang
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
