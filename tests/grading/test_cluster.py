"""A class graded on a dask cluster gets what it deserves, whatever becomes of a worker."""

import os
import signal
import threading

import pytest
from nbgrader.api import Gradebook

from gdcourse import checks
from gdcourse.grading import grade
from gdcourse.grading.authoring.assign import write
from gdcourse.grading.authoring.sample import Answer, solution_source, submission
from gdcourse.grading.course.directory import CourseError
from tests.conftest import needs_sandbox, unavailable
from tests.grading.conftest import PS

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def cluster():
    """A scheduler on this machine with two worker processes."""
    needs_sandbox()
    try:
        from distributed import LocalCluster
    except ImportError:
        unavailable("dask.distributed is not installed")
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as made:
        yield made


def hand_in(course, ours, students):
    """Hand in notebooks with more and more right answers; return {student: points}."""
    exercises, due = checks.assignment(PS).exercises, {}
    for number in range(students):
        right = exercises[: number % len(exercises) + 1]
        chosen = {e.name: Answer("", solution_source(e, e.reference)) for e in right}
        student = f"s{number}"
        write(submission(ours.notebook, chosen), course / "submitted" / student / PS / f"{PS}.ipynb")
        due[student] = float(sum(e.points for e in right))
    return due


def entered(url):
    with Gradebook(url, "gdcourse") as book:
        return {s.student_id: s.score for s in book.assignment_submissions(PS)}


def test_the_cluster_grades_as_this_machine_does_and_a_lost_worker_loses_nothing(course, ours, cluster):
    due, killed = hand_in(course, ours, 6), []
    from distributed import Client

    with Client(cluster.scheduler_address) as client:
        pids = sorted(client.run(os.getpid).values())
    assert len(set(pids)) == 2 and os.getpid() not in pids

    def kill_one(student):
        if not killed:
            os.kill(pids[0], signal.SIGKILL)
            killed.append(student)

    outcomes = grade.grade(course, PS, dask=cluster.scheduler_address, progress=kill_one)
    assert killed and {o.student: o.score for o in outcomes} == due
    assert all(o.status.startswith("graded") for o in outcomes), outcomes
    assert entered(f"sqlite:///{course / 'gradebook.db'}") == due


def test_no_scheduler_is_said_plainly(course, ours, cluster, monkeypatch):
    hand_in(course, ours, 1)
    monkeypatch.setattr("gdcourse.grading.running.cluster.PATIENCE", 2)
    with pytest.raises(CourseError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        grade.grade(course, PS, dask="tcp://127.0.0.1:9")


@pytest.fixture
def empty_scheduler():
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, threads_per_worker=1, processes=True, dashboard_address=":0") as made:
        yield made


def test_a_scheduler_without_workers_is_said_plainly(course, ours, cluster, empty_scheduler, monkeypatch):
    hand_in(course, ours, 1)
    monkeypatch.setattr("gdcourse.grading.running.cluster.PATIENCE", 2)
    with pytest.raises(CourseError, match=r"has no workers after 2 s\. Start one: dask worker tcp://"):
        grade.grade(course, PS, dask=empty_scheduler.scheduler_address)


def test_the_first_worker_may_come_a_little_later(course, ours, cluster, empty_scheduler):
    due = hand_in(course, ours, 1)
    late = threading.Timer(2, empty_scheduler.scale, [1])
    late.start()
    outcomes = grade.grade(course, PS, dask=empty_scheduler.scheduler_address)
    late.join()
    assert {o.student: o.score for o in outcomes} == due
