"""Whose time is up: a busy machine costs nobody anything, and nobody can keep her own clock from going."""

import io
from types import SimpleNamespace

import pytest

from gdcourse import checks
from gdcourse.checks.exercise import Problem, Run
from gdcourse.grading.running import judge, pool
from gdcourse.grading.sandbox import lockdown, warm_processes
from gdcourse.grading.sandbox.limits import LIMITS

SECOND = 10**9


@pytest.mark.parametrize(
    ("computed", "waited", "in_all", "passed"),
    [
        (2, 0, 2, 100),  # nobody was in its way
        (2, 7, 2, 93),  # others computed, while it had but one thread
        (2, 7, 9, 100),  # it was its own threads that computed
        (2, 7, 5, 96),  # both
        (2, 7, 40, 100),  # on many processors
    ],
)
def test_the_clock_stands_still_for_others_only(monkeypatch, computed, waited, in_all, passed):
    child = object.__new__(warm_processes.Child)
    child.pid, child.worked = 1, lambda: float(in_all)
    told = f"{computed * SECOND} {waited * SECOND} 9"
    monkeypatch.setattr(warm_processes, "open", lambda _: io.StringIO(told), raising=False)
    monkeypatch.setattr(warm_processes.time, "monotonic", lambda: 100.0)
    assert child.clock() == passed


def test_nobody_steps_back_behind_her_own_threads():
    for call in ("sched_setscheduler", "sched_setattr", "sched_setparam", "sched_setaffinity", "setpriority"):
        assert call in lockdown.DENIED


class Clocks:
    """Clocks of a submission whose every observation takes so long: computing, by its clock, and on the wall."""

    def __init__(self, worked, clock, wall):
        self.steps, self.now = (worked, clock, wall), [0.0, 0.0, 0.0]

    def go(self):
        self.now = [now + step for now, step in zip(self.now, self.steps)]

    def __getattr__(self, name):
        return lambda: self.now[("worked", "clock", "monotonic").index(name)]


@pytest.mark.parametrize(
    ("worked", "clock", "wall", "tries"),
    [
        (0.5, 3.0, 21.0, judge.TRIES),  # starved
        (2.1, 3.0, 21.0, 1),  # she has computed for as long as she may
        (0.5, 21.0, 21.0, 1),  # she has waited of her own accord
        (0.0, 0.1, 0.1, 1),  # and whoever only says that her time was up is believed
    ],
)
def test_what_a_busy_machine_has_ended_is_nobodys_zero(monkeypatch, worked, clock, wall, tries):
    exercise, clocks, asked = checks.exercises()["spectral_step"], Clocks(worked, clock, wall), []
    judging = judge.Judge(SimpleNamespace(child=clocks))
    monkeypatch.setattr(judge.time, "monotonic", lambda: clocks.now[2])

    def once(*_):
        asked.append(clocks.go())
        return [Run(problem=Problem("time"))]

    judging.once_observed = once
    if tries > 1:
        with pytest.raises(judge.GraderError, match="too busy"):
            judging.observed(exercise, exercise.behaviours[0])
    else:
        assert judging.observed(exercise, exercise.behaviours[0])[0].problem.kind == "time"
    assert len(asked) == tries


def test_a_worker_has_the_jobs_own_limit_and_more(monkeypatch):
    worker = object.__new__(pool.Worker)
    worker.pipe = SimpleNamespace(send_bytes=lambda text: None)
    monkeypatch.setattr(pool.time, "monotonic", lambda: 0.0)
    worker.take("token", {"limits": {}})
    assert worker.until == LIMITS["seconds"] + pool.OVERDUE
    worker.take("token", {"limits": {"seconds": 7}})
    assert worker.until == 7 + pool.OVERDUE
