"""The processes that submissions run in, as the judge sees them: warm ones, and the child each forks for a job."""

import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from functools import cached_property
from pathlib import Path

from gdcourse.grading.sandbox import bubblewrap
from gdcourse.grading.sandbox.cgroups import Group
from gdcourse.grading.sandbox.package_copy import PACKAGE, provided, stripped, workspace
from gdcourse.grading.sandbox.wire import encode

STARTING = 120  # seconds that a warm process may take to load everything, on a busy machine
EXITS = {70: "of itself", 71: "memory"}


class GraderError(Exception):
    """A fault that is ours."""


class Ended(Exception):
    """The end of a submission's process before its time, with the status and the reason."""


class Zygote:
    """A process with everything imported, in the sandbox or not, that forks a child for each job.

    ps: whose package it sees; None: all of it, for a child that runs no submission.
    """

    def __init__(self, ps, sandboxed, modules=()):
        self.sandboxed, self.folder = sandboxed, Path(tempfile.mkdtemp(dir=workspace()))
        self.control, theirs = socket.socketpair()
        package = stripped(ps) if ps else PACKAGE.parent
        module = ["-m", "gdcourse.grading.sandbox.runner", str(theirs.fileno()), "sandboxed" if sandboxed else "plain",
                  ",".join(modules)]  # fmt: skip
        if sandboxed:
            command, environment = bubblewrap.command(package, module), {}
        else:
            command, environment = [sys.executable, *module], self.plainly(package)
        self.said = open(self.folder / "said", "w+b")
        with theirs:
            self.process = subprocess.Popen(
                command, env=environment, cwd=self.folder, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=self.said)  # fmt: skip
        self.control.settimeout(STARTING)
        try:
            if self.hears() != b"ready":
                raise self.failure("does not start")
        except GraderError:
            self.close()
            raise
        self.control.settimeout(20)

    def failure(self, what):
        self.said.seek(0)
        said = self.said.read(10_000).decode("utf-8", "replace").strip()[-600:]
        return GraderError(f"the warm process {what}. {f'It said: {said}' if said else ''}")

    def plainly(self, package):
        return bubblewrap.environment(str(package), str(self.folder), str(bubblewrap.fonts()))

    def hears(self):
        with contextlib.suppress(TimeoutError, ConnectionError):
            return self.control.recv(1 << 12)
        return b""

    def fork(self, limits, compute=False):
        """Return the Child for a new job."""
        ours, theirs = socket.socketpair()
        if hasattr(socket, "SO_PASSCRED"):
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        request = {"compute": compute, **limits}
        with theirs:
            try:
                socket.send_fds(self.control, [json.dumps(request).encode()], [theirs.fileno()])
            except OSError as error:
                raise self.failure(f"is gone ({error})") from None
        return Child(self, ours, self.told()["pid"], limits)

    def told(self):
        said = self.hears()
        if not said:
            raise self.failure("does not answer")
        return json.loads(said)

    def close(self):
        self.control.close()
        self.process.kill()
        self.process.wait()
        self.said.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Child:
    """One job's process: its socket, how long it has computed, and how it ended."""

    def __init__(self, zygote, connection, pid, limits):
        self.zygote, self.socket, self.pid, self.status = zygote, connection, pid, None
        connection.settimeout(20)
        try:
            _, ancillary, _, _ = connection.recvmsg(5, socket.CMSG_SPACE(12))  # hello
        except OSError as error:
            raise GraderError(f"a new process says nothing: {error}") from None
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == getattr(socket, "SCM_CREDENTIALS", None):
                self.pid = struct.unpack("3i", data)[0]  # as it is called out here
        if hasattr(socket, "SO_PASSCRED"):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        memory = limits["memory_mb"] << 20
        self.group = Group(self.pid, memory + (limits["disk_mb"] << 20)) if zygote.sandboxed else None
        connection.sendall(encode(["go", self.size + memory]))

    @cached_property
    def size(self):
        """How much address space it has, in bytes, before anything of the job has run."""
        try:
            with open(f"/proc/{self.pid}/statm") as statm:
                return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            return 4 << 30

    def worked(self):
        """Return the seconds it has computed in all its threads."""
        try:
            return time.clock_gettime(~self.pid << 3 | 2)  # what clock_getcpuclockid(3) makes of a process
        except OSError:  # it has ended, as the socket will tell
            return 0.0

    def clock(self):
        """Return a time in seconds that stands still while others keep it from a processor.

        A busy machine costs nothing. What its first thread has waited for while its own other threads computed is not
        the others' doing.
        """
        try:
            with open(f"/proc/{self.pid}/schedstat") as schedstat:
                computed, waited = (int(number) / 1e9 for number in schedstat.read().split()[:2])
        except (OSError, ValueError):
            return time.monotonic()
        return time.monotonic() - max(0.0, waited - (self.worked() - computed))

    def interrupt(self):
        """Press the notebook's stop button."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGINT)

    def end(self):
        """Make sure that it has ended. Returns: how, in a word or two."""
        if self.status is None:
            self.socket.close()
            self.zygote.control.sendall(b"end")
            self.status = self.zygote.told()["status"]
            self.ran_out = self.group is not None and self.group.ran_out()
            if self.group:
                self.group.close()
        if self.ran_out:
            return "memory"
        if os.WIFSIGNALED(self.status):
            return signal.Signals(os.WTERMSIG(self.status)).name
        code = os.waitstatus_to_exitcode(self.status)
        return EXITS.get(code, f"exit code {code}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


# What is kept warm: the process of the last assignment, and one that computes what notebooks are given

KEPT = {}


def warm_up(ps, backend):
    """Start what a job of an assignment will want, before there is one."""
    sandboxed = backend != "plain"
    if provided(ps):
        zygote(None, sandboxed)
    if backend != "kernel":
        zygote(ps, sandboxed)


def start(job):
    """Return a context manager that gives a new Child for a job: of a warm process, or of one for this job alone."""
    warm_up(job["ps"], job["backend"])  # while no clock is running
    return cold(job) if job["backend"] == "kernel" else zygote(job["ps"], job["backend"] == "warm").fork(job["limits"])


@contextlib.contextmanager
def cold(job):
    """Run a job in a process that is started for it alone, as a notebook's kernel is: slow, and sharing nothing."""
    alone = Zygote(job["ps"], True)
    try:
        with alone.fork(job["limits"]) as child:
            yield child
    finally:
        alone.close()


def zygote(ps, sandboxed):
    use = "job" if ps else "compute"
    kept, key = KEPT.get(use), (ps, sandboxed)
    if kept and kept[0] == key and kept[1].process.poll() is None:
        return kept[1]
    close(use)
    KEPT[use] = key, Zygote(ps, sandboxed, ["sklearn.datasets"] if not ps or provided(ps) else [])
    return KEPT[use][1]


def close(*uses):
    """End what is kept warm."""
    for use in uses or list(KEPT):
        if use in KEPT:
            KEPT.pop(use)[1].close()
