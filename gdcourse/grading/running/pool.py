"""Run jobs in processes of this machine, each with a warm process of its own. Losing one loses nothing.

A worker that goes away, whatever the reason, takes one job with it: that job is run once more, in a new worker.
"""

import contextlib
import ctypes
import functools
import json
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import wait

from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.sandbox.limits import LIMITS

PATIENCE = 10  # seconds that a worker without a job has to put away its things
OVERDUE = 600  # seconds after a job's own limit: execute keeps that limit itself, unless it hangs


class Worker:
    """A process started by spawn (fork and pyzmq do not go together) and the pipe to it."""

    def __init__(self, ps, backend):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, ps, backend), daemon=True)
        with _no_interrupt():
            self.process.start()
        theirs.close()
        self.token = self.job = None
        self.tries, self.until = 0, float("inf")

    def take(self, token, job, tries=1):
        self.token, self.job, self.tries = token, job, tries
        self.until = time.monotonic() + job["limits"].get("seconds", LIMITS["seconds"]) + OVERDUE
        with contextlib.suppress(OSError):  # it is gone, as `wait` will tell
            self.pipe.send_bytes(json.dumps(job).encode())

    def answer(self):
        """Return what came through the pipe, or None if nothing will."""
        try:
            return self.pipe.recv_bytes()
        except (EOFError, OSError):
            return None

    def end(self, patience):
        self.pipe.close()
        self.process.join(patience)
        self.process.kill()
        self.process.join()


@contextlib.contextmanager
def _no_interrupt():
    """Start processes that Ctrl-C does not reach: it is for the parent, who then closes their pipes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def serve(pipe, ps, backend):
    """Run the jobs that come through a pipe until it closes: what a worker does."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing goes on when the parent is killed
    from gdcourse.grading.sandbox.warm_processes import close, warm_up

    with contextlib.suppress(Exception):  # whatever is wrong, the first job will say so
        warm_up(ps, backend)
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(run_one(pipe.recv_bytes()))
    close()


def run_one(job):
    """Execute a job given as JSON. Returns: JSON, {"result": ...} or {"stop": why no job can be run here}."""
    from gdcourse.grading.running.execute import execute
    from gdcourse.grading.sandbox.bubblewrap import SandboxError

    job = json.loads(job)
    try:
        answer = {"result": execute(job)}
    except SandboxError as error:
        answer = {"stop": str(error)}
    except Exception as error:
        answer = {"result": failed(f"{type(error).__name__}: {error}")}
    return json.dumps(answer).encode()


def failed(reason):
    """Return the result of a job that could not be run, by no fault of the student's."""
    return {"status": "grader error", "reason": reason[:500], "notes": []}


def result_of(answer):
    """Return the result in a worker's answer. Raises: CourseError if it can run no job at all."""
    answer = json.loads(answer)
    if "stop" in answer:
        raise CourseError(answer["stop"])
    return answer["result"]


def cores():
    """Return how many processes run at once on this machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


class Pool:
    """Workers of this machine: one, which begins to load what it needs at once, and more as there are jobs for them."""

    def __init__(self, workers, ps, backend):
        self.most, self.worker = workers, functools.partial(Worker, ps, backend)
        self.free, self.busy = [self.worker()], []

    def run(self, jobs):
        """Run jobs, an iterable of (token, job) that is asked for one as a worker is free; yield (token, result)."""
        jobs = iter(jobs)
        while True:
            while len(self.busy) < self.most and (next_one := next(jobs, None)):
                worker = self.free.pop() if self.free else self.worker()
                worker.take(*next_one)
                self.busy.append(worker)
            if not self.busy:
                return
            ready = wait([worker.pipe for worker in self.busy], timeout=5)
            for worker in [w for w in self.busy if w.pipe in ready or time.monotonic() > w.until]:
                self.busy.remove(worker)
                if answer := worker.answer() if worker.pipe in ready else None:
                    self.free.append(worker)
                    yield worker.token, result_of(answer)
                elif worker.tries == 1:
                    worker.end(0)
                    again = self.worker()
                    again.take(worker.token, worker.job, tries=2)
                    self.busy.append(again)
                else:
                    worker.end(0)
                    self.free.append(self.worker())
                    yield worker.token, failed(
                        "the process that ran it went away, twice, or had not ended long after its limit. On a quieter "
                        "machine, or with fewer --workers, it may come to its end.")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.free:
            worker.pipe.close()  # all of them end meanwhile
        for worker in self.busy + self.free:
            worker.end(PATIENCE if worker in self.free else 0)
