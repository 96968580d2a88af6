"""Every attack of the corpus is worth nothing, reads nothing, leaves nothing, and ends in one status with a reason."""


import nbformat
import pytest
from bs4 import BeautifulSoup

from gdcourse.grading.running.job import STATUSES
from tests.conftest import needs_sandbox
from tests.grading.attacks import MODULES, PS, corpus
from tests.grading.attacks.engine import run

pytestmark = pytest.mark.thorough

ATTACKS = corpus()
HARMLESS = 3_000_000  # bytes of a graded notebook


@pytest.fixture(scope="module")
def graded(request, tmp_path_factory):
    needs_sandbox()
    return run(ATTACKS, tmp_path_factory.mktemp("arena"), request.config.rootpath / "exercises")


def test_there_are_many_kinds_of_many_classes():
    assert len(ATTACKS) >= 60 and len({attack.kind for attack in ATTACKS}) == 15
    assert all(attack.tries and "\n" not in attack.tries for attack in ATTACKS)


def faults(graded, attack):
    """Yield what one attack achieved, or was not told, as words."""
    students = [student for student, who in graded.students.items() if who is attack]
    if len(students) != attack.copies:
        yield f"{len(students)} of {attack.copies} were handed in"
    for student in students:
        outcome = graded.outcomes[student]
        status, reason = outcome["status"], outcome["reason"]
        path = graded.arena.course / "autograded" / student / PS / f"{PS}.ipynb"
        book = nbformat.read(path, 4)
        nbformat.validate(book)
        kinds = {kind for cell in book.cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
        wrong = {
            f"has {outcome['score']} points": outcome["score"] != 0,
            f"ended as {status!r}": status not in STATUSES or status == "grader error",
            "is given no reason": not reason and status != "graded",
            f"is given a long reason: {reason}": len(reason.split("\n")) > 3 or len(reason) > 700,
            f"shows {graded.arena.shown(student)}": graded.arena.shown(student) != {},
            f"fills {path.stat().st_size} bytes": path.stat().st_size >= HARMLESS,
            f"shows outputs of type {kinds}": not kinds <= {"text/plain", "image/png"},
        }
        yield from (f"{student} {what}" for what, is_so in wrong.items() if is_so)


@pytest.mark.parametrize("kind", MODULES)
def test_attacks_take_nothing_and_are_told_why(graded, kind):
    """All of a class at once: a test for each would have every test process grade the whole corpus."""
    tried = [attack for attack in ATTACKS if attack.kind == kind]
    found = {attack.name: wrong for attack in tried if (wrong := [*faults(graded, attack)])}
    assert tried and found == {}


def test_neighbours_have_the_points_they_deserve(graded):
    deserved = {student: points for student, points in graded.students.items() if isinstance(points, int | float)}
    assert len(deserved) >= 20
    assert {student: graded.outcomes[student]["score"] for student in deserved} == deserved
    assert {graded.outcomes[student]["status"] for student in deserved} == {"graded"}


def test_nobody_was_called(graded):
    assert graded.heard == []


def test_no_process_is_left(graded):
    assert graded.left == {}


def test_no_file_is_changed_or_left(graded):
    assert graded.changed == []


def test_what_an_instructor_sees_runs_nothing(graded):
    for name, text in graded.pages.items():
        assert "\x1b" not in text and "\x9b" not in text and "\u202e" not in text, name
    assert graded.pages["feedback"] == "{}"
    found = [*graded.arena.course.glob("feedback/*-feedback/*/*.html")]
    assert len(found) >= 10
    for text in (graded.pages["report"], *(path.read_text("utf-8") for path in found)):
        page = BeautifulSoup(text, "html.parser")
        assert not page.find_all(["form", "iframe", "object", "embed", "base"])
        assert not [tag for tag in page.find_all("script") if "document.title" in tag.text]
        for tag in page.find_all(True):
            assert not [name for name in tag.attrs if name.startswith("on") or name == "srcdoc"], tag
            classes = set(tag.get("class", ()))
            assert not classes & {"full-credit", "modal-backdrop", "mermaid"}, tag
            assert tag.name != "img" or tag["src"].startswith("data:image/png;base64,"), tag
            for name in {"src", "href", "data", "action", "xlink:href"} & set(tag.attrs):
                assert tag[name].startswith(("#", "data:image/", "http://", "https://", "../feedback/")), tag
