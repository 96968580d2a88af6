"""Every attack of the corpus is worth nothing, reads nothing, leaves nothing, and ends in one status with a reason."""

import shutil

import nbformat
import pytest
from bs4 import BeautifulSoup

from gdcourse.grading.job import STATUSES
from tests.conftest import unavailable
from tests.grading.attacks import PS, corpus
from tests.grading.attacks.engine import run

ATTACKS = corpus()
HARMLESS = 3_000_000  # bytes of a graded notebook


@pytest.fixture(scope="module")
def graded(request, tmp_path_factory):
    if shutil.which("bwrap") is None:
        unavailable("bubblewrap is not installed")
    return run(ATTACKS, tmp_path_factory.mktemp("arena"), request.config.rootpath / "exercises")


def test_there_are_many_kinds_of_many_classes():
    assert len(ATTACKS) >= 60 and len({attack.kind for attack in ATTACKS}) == 15
    assert all(attack.tries and "\n" not in attack.tries for attack in ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: f"{a.kind}-{a.name}")
def test_an_attack_takes_nothing_and_is_told_why(graded, attack):
    students = [student for student, who in graded.students.items() if who is attack]
    assert len(students) == attack.copies
    for student in students:
        outcome = graded.outcomes[student]
        assert outcome["score"] == 0
        assert outcome["status"] in STATUSES and outcome["status"] != "grader error", outcome
        assert outcome["reason"] or outcome["status"] == "graded"
        assert len(outcome["reason"].split("\n")) <= 3 and len(outcome["reason"]) <= 700
        assert graded.arena.shown(student) == {}
        path = graded.arena.course / "autograded" / student / PS / f"{PS}.ipynb"
        assert path.stat().st_size < HARMLESS
        book = nbformat.read(path, 4)
        nbformat.validate(book)
        kinds = {kind for cell in book.cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
        assert kinds <= {"text/plain", "image/png"}


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
            for name in {"src", "href", "data", "action", "xlink:href"} & set(tag.attrs):
                assert tag[name].startswith(("#", "data:image/", "http://", "https://", "../feedback/")), tag
