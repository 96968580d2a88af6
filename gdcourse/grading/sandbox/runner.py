"""What runs beside a submission: a warm process that forks a child for each job, and the child's own loop.

The child executes the notebook's cells as a notebook would, and at a graded cell runs the named functions on the cases
that the judge hands over one by one. It knows no reference, no seed and no score. All of this may be subverted by the
code it runs: the judge believes nothing but plain values, and keeps its own clocks.
"""

import contextlib
import gc
import importlib
import json
import marshal
import os
import resource
import signal
import socket
import sys
import tempfile
import types

import numpy as np

from gdcourse.checks.exercise import parameters_of
from gdcourse.checks.running import observe
from gdcourse.grading.sandbox.notebook_shell import Flood, Record, make_shell, warm_up
from gdcourse.grading.sandbox.wire import Channel, Limits, encode

FILES = {}  # what the warm process has open to read
CHANNEL = None  # to the judge, in a child
TRUSTED = Limits(text=1 << 28, raw=1 << 30, values=10**8)


class Notebook:
    """Answers the judge's requests in a child."""

    def __init__(self, shell, record, channel):
        self.shell, self.record, self.channel = shell, record, channel

    def serve(self):
        while True:
            kind, *rest = self.channel.receive()
            answer = getattr(self, f"do_{kind}")(*rest)
            self.channel.mend()
            self.channel.send(*answer)

    def do_run(self, source):
        """Execute a cell; the judge may interrupt it, as a notebook's stop button would."""
        self.record.start()
        ok = False
        try:
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                ok = self.shell.run_cell(source, store_history=True, silent=False).success
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        except (KeyboardInterrupt, Flood):  # outside of what the shell itself catches
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return "ran", self.record.result(), bool(ok), self.record.cut

    def do_look(self, names):
        """Say of each name what it stands for."""
        found = []
        for name in names:
            value = self.shell.user_ns.get(name)
            known = name in self.shell.user_ns
            parameters = parameters_of(value) if callable(value) else None
            found.append([known, callable(value), str(getattr(value, "__module__", "")), parameters, repr(value)[:80]])
        return "looked", found

    def do_observe(self, names, drive, count, seconds):
        """Run the functions on as many cases as the judge has, and say what came out of each."""
        functions = tuple(self.shell.user_ns[name] for name in names)
        if drive is not None:
            drive = types.FunctionType(marshal.loads(drive), {"np": np, "__builtins__": __builtins__})
        runs = observe(functions, _Cases(self.channel, count), drive, seconds)
        return "observed", [[run.output, run.after, run.problem and list(run.problem), run.printed] for run in runs]

    def do_end(self):
        os._exit(0)


class _Cases:
    """The cases of a behaviour, each fetched from the judge when its turn has come."""

    def __init__(self, channel, count):
        self.channel, self.count = channel, count

    def __len__(self):
        return self.count

    def __iter__(self):
        for _ in range(self.count):
            yield self.channel.exchange("next")[1]


class Line(Channel):
    """A channel whose exchanges may be cut short anywhere by an exception from outside: a run's time was up."""

    torn = False

    def exchange(self, *message):
        self.mend()
        self.torn = True
        self.send(*message)
        answer = self.receive()
        self.torn = False
        return answer

    def mend(self):
        """After a cut, let whatever was on its way pass by, up to the answer to a new question."""
        if self.torn:
            token = os.urandom(8).hex()
            self.send("sync", token)
            end, came = encode(["synced", token]), bytearray()
            self._came.clear()
            while not came.endswith(end):
                came += self.socket.recv(1 << 16)
            self.torn = False


def ask(number, args):
    """Call one of the judge's functions from within a run."""
    return _answer(CHANNEL.exchange("ask", number, args))


def provided(name):
    """Return the stand-in for a function that the notebook is given, and that is computed elsewhere."""

    def call(*args, **kwargs):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a message is not cut in two
        try:
            return _answer(CHANNEL.exchange("provide", name, args, kwargs))
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    call.__name__ = call.__qualname__ = name
    return call


def _answer(message):
    if message[0] == "value":
        return message[1]
    import builtins

    kind = getattr(builtins, message[1], None)
    raise (kind if isinstance(kind, type) and issubclass(kind, Exception) else RuntimeError)(message[2])


def compute(channel):
    """Compute what notebooks are given: the loop of a child in which no submission runs."""
    while True:
        _, module, name, args, kwargs = channel.receive()
        try:
            answer = "value", getattr(importlib.import_module(module), name)(*args, **kwargs)
        except Exception as error:
            answer = "error", type(error).__name__, str(error)[:300]
        channel.send(*answer)


# The warm process


def main(control, modules, sandboxed):
    """Fork a child for each request on the control socket, until nobody is at its other end."""
    record = Record(1 << 20, 1 << 24)
    shell = make_shell(record)
    warm_up(shell, record, modules)
    if sandboxed:
        from gdcourse.grading.sandbox import lockdown

        FILES.update(lockdown.files_read())
    gc.collect()
    gc.freeze()  # a child that looks through old objects would copy them
    gc.set_threshold(50_000, 20, 50)
    control.sendall(b"ready")
    while True:
        message, (handle, *_), _, _ = _received(control)
        request = json.loads(message)
        waiter, pid = lockdown.fork() if sandboxed else (os.fork(),) * 2
        if not pid:
            try:
                _child(shell, record, handle, control, request, sandboxed)
            finally:
                try:
                    bytearray(64 << 20)
                except MemoryError:
                    os._exit(71)
                os._exit(70)
        os.close(handle)
        control.sendall(json.dumps({"pid": pid}).encode())
        control.recv(16)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        control.sendall(json.dumps({"status": os.waitpid(waiter, 0)[1]}).encode())


def _received(control):
    message, handles, flags, address = socket.recv_fds(control, 1 << 16, 1)
    if not message:
        os._exit(0)
    return message, handles, flags, address


def _child(shell, record, handle, control, request, sandboxed):
    global CHANNEL
    os.setsid()  # or else kill(0) would reach the warm process, namespace or not
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nowhere, standard)
    control.close()
    connection = socket.socket(fileno=handle)
    CHANNEL = Line(connection, TRUSTED, ask)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    record.characters, record.pictures = request["output_kb"] << 10, request["pictures_kb"] << 10
    connection.sendall(b"hello")
    _, memory = CHANNEL.receive()  # the judge has set up its clocks
    if sandboxed:
        from gdcourse.grading.sandbox import lockdown

        lockdown.enter(request, handle, memory, FILES)
    else:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        os.chdir(tempfile.mkdtemp())
    if request["compute"]:
        compute(CHANNEL)
    Notebook(shell, record, CHANNEL).serve()


if __name__ == "__main__":
    # Imported by its name, so that the stand-ins of the package speak to this very module.
    from gdcourse.grading.sandbox import runner

    handle, mode, modules = sys.argv[1:]
    runner.main(socket.socket(fileno=int(handle)), modules.split(",") if modules else (), mode == "sandboxed")
