"""A run that is killed anywhere, in any of its processes, goes on where it was: nothing lost, doubled or regraded."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from nbgrader.api import Gradebook

from gdcourse import checks
from gdcourse.grading import grade
from gdcourse.grading.authoring.assign import write
from gdcourse.grading.authoring.sample import Answer, solution_source, submission
from gdcourse.grading.gradebook import journal
from gdcourse.grading.intake import rebuilding
from tests.conftest import needs_sandbox
from tests.grading.attacks.arena import descendants, processes
from tests.grading.conftest import PS

pytestmark = pytest.mark.thorough

STUDENTS, MOMENTS = 6, 20
MANUAL, COMMENT = 1.5, "seen by hand"
COMMAND = "import sys; from gdcourse.grading.grade import grade; grade(sys.argv[1], sys.argv[2], workers=1)"


@pytest.fixture(scope="module")
def made(assigned, tmp_path_factory):
    """A course with a small class handed in, and the points each deserves."""
    needs_sandbox()
    course = shutil.copytree(assigned, tmp_path_factory.mktemp("kill") / "course")
    exercises, release = checks.assignment(PS).exercises, rebuilding.skeleton(course, PS).notebook
    release.cells = [c for c in release.cells if c.cell_type == "markdown" or "nbgrader" in c.metadata]  # quicker
    due = {}
    for number in range(STUDENTS):
        right = exercises[: number + 1]
        chosen = {e.name: Answer("", solution_source(e, e.styles[0])) for e in right}
        write(submission(release, chosen), course / "submitted" / f"s{number}" / PS / f"{PS}.ipynb")
        due[f"s{number}"] = float(sum(e.points for e in right))
    return course, due


def book(course):
    return Gradebook(f"sqlite:///{course / 'gradebook.db'}", "gdcourse")


def scores(course):
    with book(course) as gradebook:
        return {s.student_id: s.score for s in gradebook.assignment_submissions(PS)}


def mark_by_hand(course, student):
    """Give a graded cell other points, as an instructor does in formgrader."""
    with book(course) as gradebook:
        cell = gradebook.find_grade("spectral_step-best", PS, PS, student)
        cell.manual_score, cell.extra_credit = MANUAL, 0.25
        gradebook.find_comment("spectral_step", PS, PS, student).manual_comment = COMMENT
        gradebook.db.commit()


def victim(parent, kind):
    """Return the pid of a run's parent, of one of its workers, or of a warm process; None if there is none by now."""
    below = descendants(parent)
    table = processes()
    if kind == "parent":
        return parent
    if kind == "worker":  # those that spawn has started, but not the one that minds their semaphores
        found = [p for p in below if table[p][0] == parent and b"spawn_main" in command_line(p)]
    else:
        lines = {p: command_line(p) for p in below}
        found = [p for p in below if b"gdcourse.grading.sandbox.runner" in lines[p] and b"bwrap" not in lines[p]]
    return found[0] if found else None


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def start(course):
    return subprocess.Popen([sys.executable, "-c", COMMAND, str(course), PS], start_new_session=True,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip


def written(course):
    path = course / ".grading" / f"{PS}.journal"
    return path.stat().st_size if path.exists() else 0


def test_twenty_deaths_lose_nothing_and_double_nothing(made, tmp_path):
    pristine, due = made
    course = shutil.copytree(pristine, tmp_path / "course")
    grade.grade(course, PS, students="s0", workers=1)
    mark_by_hand(course, "s0")
    due = {**due, "s0": due["s0"] - 1 + MANUAL + 0.25}  # spectral_step-best is worth one point
    rng, died = random.Random(7), []
    for moment in range(MOMENTS):
        kind = ("parent", "worker", "warm")[moment % 3]
        for student in rng.sample(sorted(due)[1:], 3):  # who hand in again, with another remark in the first answer
            file = course / "submitted" / student / PS / f"{PS}.ipynb"
            file.write_text(file.read_text().replace("def spectral_step(H):", f"def spectral_step(H):  # {moment}", 1))
        run, before = start(course), written(course)
        wait = rng.choice(["start", "journal", "journal"])
        patience = time.monotonic() + 60
        while run.poll() is None and time.monotonic() < patience:
            if (wait == "start" and victim(run.pid, kind)) or (wait == "journal" and written(course) > before):
                break
            time.sleep(0.01)
        time.sleep(rng.random() * 0.15)
        target = victim(run.pid, kind)
        if target and run.poll() is None:
            os.kill(target, signal.SIGKILL)
            died.append(kind)
        if kind == "parent":
            run.wait(60)
            give_way(run)
        else:
            assert run.wait(120) == 0, run.stderr.read().decode()[-2000:]
        run.stderr.close()
        now = scores(course)
        assert all(due[student] == points for student, points in now.items() if points), (moment, kind, now)
        if moment % 5 == 4:
            finish(course, due)
            (course / ".grading" / f"{PS}.journal").unlink()  # begin again, on a gradebook that is full
    assert len(died) >= MOMENTS // 2 and set(died) == {"parent", "worker", "warm"}
    finish(course, due)
    with book(course) as gradebook:
        cell = gradebook.find_grade("spectral_step-best", PS, PS, "s0")
        assert (cell.manual_score, cell.extra_credit, cell.auto_score) == (MANUAL, 0.25, 1.0)
        assert gradebook.find_comment("spectral_step", PS, PS, "s0").manual_comment == COMMENT


def give_way(run):
    """Wait until nothing of a killed run is left: its workers go with it."""
    until = time.monotonic() + 20
    while any(str(run.pid).encode() in command_line(pid).split() for pid in processes()) and time.monotonic() < until:
        time.sleep(0.05)


def finish(course, due):
    """The same command completes what is left: everyone once, with the points deserved."""
    done = grade.grade(course, PS, workers=1)
    assert sorted(outcome.student for outcome in done) == sorted(due)
    assert {outcome.status for outcome in done} == {"graded"}
    assert scores(course) == due
    lines = journal.Journal(course, PS)
    assert set(lines.done) == set(due)
    for student in due:
        assert (course / "autograded" / student / PS / f"{PS}.ipynb").is_file()
        assert not list((course / "autograded" / student / PS).glob(".*"))
    again = grade.grade(course, PS, workers=1)
    assert not any(outcome.now for outcome in again)  # and a third has nothing left to do
