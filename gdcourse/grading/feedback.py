"""Write a student's feedback with nbgrader's own converter: `feedback(course, ps, student)`."""

import signal
from contextlib import contextmanager

from nbgrader.apps.api import NbGraderAPI

from gdcourse.grading.gradebook import course_folders

PATIENCE = 60  # seconds that the feedback of one student may take
_APIS = {}


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
