"""Run a student's functions on the cases of one behaviour and write down all that can be seen from outside.

Nothing here knows what is right. It needs NumPy and the two modules of plain records, so that it can stand in the
student's own process while the judge sits elsewhere.
"""

import builtins
import contextlib
import ctypes
import functools
import io
import linecache
import sys
import threading
import time
import warnings

import numpy as np

from gdcourse.checks.exercise import Call, Oracle, Problem, Rng, Run, as_tuple
from gdcourse.checks.values import snapshot

PRINTED = 2_000  # characters of a run's printing worth keeping
PATIENCE = 3  # times the seconds, where Python runs in a browser and is asked at every jump


class OutOfTime(BaseException):
    """Raised inside a run whose time is up. Not an Exception, so that `except Exception` lets it pass."""


class OutOfCalls(BaseException):
    """Raised inside a run that has called an oracle too often to be coming to an end."""


def observe(functions, cases, drive=None, seconds=2.0):
    """Run the functions on each case; when the time for all of them is up, the rest count as out of time.

    Args: functions: one or a tuple; cases: dictionaries of arguments; drive: see Behaviour.
    Returns: a list of Run, one for each case.
    """
    functions, runs = as_tuple(functions), []
    with contextlib.ExitStack() as stack:
        stack.enter_context(np.errstate(all="ignore"))
        stack.enter_context(warnings.catch_warnings(action="ignore"))
        printed = _Paper()
        stack.enter_context(contextlib.redirect_stdout(printed))
        # A word on stderr costs all points in stock nbgrader, whoever said it.
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        with _deadline(seconds):
            for case in cases:
                runs.append(_run(functions, case, drive, printed))
                if runs[-1].problem and runs[-1].problem.kind == "time":
                    break
    return runs + [Run(problem=Problem("time"))] * (len(cases) - len(runs))


def _run(functions, case, drive, printed):
    calls = []
    args = {name: _hand_over(value, calls) for name, value in case.items()}
    start, came = printed.tell(), []
    output = problem = None
    try:
        output = snapshot(drive(*(_watched(f, came) for f in functions), **args) if drive
                          else functions[0](*args.values()))
    except OutOfTime as stop:
        problem = Problem("time", line=_where(stop, functions))
    except OutOfCalls as stop:
        problem = Problem("calls", str(stop), line=_where(stop, functions))
    except SystemExit as stop:
        problem = Problem("exit", line=_where(stop, functions))
    except Exception as error:
        line = _where(error, functions) or _blame(came)
        problem = Problem("raised", _name(error), _shortened(str(error)), line)
    return Run(output, snapshot(args), tuple(calls), problem, printed.since(start))


def _name(error):
    """Return what an exception is called, one of the student's own by what it is derived from."""
    return next(kind.__name__ for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind
                or kind.__module__.partition(".")[0] == "numpy")


def _shortened(text, most=300):
    return text if len(text) <= most else text[:most].rpartition(" ")[0] + " ..."


def _watched(function, came):
    """Return a function that notes what it returns in a list, Ellipsis as long as it runs. Classes stay as they are."""
    if isinstance(function, type):
        return function

    @functools.wraps(function)
    def call(*args, **kwargs):
        at = len(came)
        came.append(...)
        came[at] = function(*args, **kwargs)
        return came[at]

    return call


def _blame(came):
    """Say what a drive stumbled over if it was something that the student's function had returned."""
    if not came or any(result is ... for result in came):
        return ""
    nothing = any(result is None for result in came)
    return "after it returned nothing (None): does it end with return?" if nothing else "at the use of its result"


def _hand_over(value, calls):
    """Return what the student's function receives for a value of the case: copies, recorded oracles, generators."""
    if isinstance(value, Oracle):
        return _recorded(value, calls)
    if isinstance(value, Rng):
        return np.random.default_rng(value.seed)
    if isinstance(value, dict):
        return {key: _hand_over(item, calls) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_hand_over(item, calls) for item in value)
    return np.array(value) if isinstance(value, np.ndarray) else value


def _recorded(oracle, calls):
    made = 0

    def ask(*args):
        nonlocal made
        if len(args) != oracle.takes:
            raise TypeError(f"{oracle.name} takes {oracle.takes} argument{'s' * (oracle.takes > 1)}, got {len(args)}")
        made += 1
        if made > oracle.limit:
            raise OutOfCalls(oracle.name)
        args = tuple(map(_as_array, map(snapshot, args)))
        result = oracle.function(*args)
        calls.append(Call(oracle.name, args, snapshot(result)))
        return _hand_over(result, calls)  # a copy: she may write into it, and the case serves others

    ask.__name__ = ask.__qualname__ = oracle.name
    return ask


def _as_array(value):
    """Return a list of numbers as an array: where a point is asked about, either will do."""
    if not isinstance(value, list | tuple) or not value:
        return value
    try:
        array = np.array(value)
    except ValueError:  # rows of different lengths
        return value
    return array if array.dtype.kind in "biufc" else value


def _where(error, functions):
    """Return the line of the student's own code that was running when the error came."""
    files = {f.__code__.co_filename for f in functions if hasattr(f, "__code__")}
    files |= {m.__code__.co_filename for f in functions if isinstance(f, type) for m in vars(f).values()
              if hasattr(m, "__code__")}
    line, trace = "", error.__traceback__
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if file in files and file != __file__:
            text = linecache.getline(file, trace.tb_lineno).strip()
            line = f"at the line: {text}" if text else f"at line {trace.tb_lineno}"
        trace = trace.tb_next
    return line


class _Paper(io.StringIO):
    """Keeps the first characters printed and lets the rest go, however many."""

    def write(self, text):
        if self.tell() < 50 * PRINTED:
            super().write(text[:PRINTED])
        return len(text)

    def since(self, start):
        self.seek(start)
        text = self.read()
        return text[:PRINTED]


def _work_of(thread):
    """Return a clock of the time a thread has computed; an ordinary one where the system keeps none."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    clock = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(clock)


def _deadline(seconds):
    """Return a context that stops its block after some seconds of work. A browser's Python has no threads to do it."""
    return _counted(PATIENCE * seconds) if sys.platform == "emscripten" else _watched_over(seconds)


@contextlib.contextmanager
def _counted(seconds):
    """Stop the block by raising OutOfTime at the next jump back or call in Python, once its seconds are over.

    Python asks us at each of them (PEP 669), so nothing else has to run meanwhile.
    """
    watch, ends = sys.monitoring, time.perf_counter() + seconds
    ours = {__file__, contextlib.__file__}  # what closes the block must not be stopped

    def ask(code, *_):
        if time.perf_counter() >= ends and code.co_filename not in ours:
            raise OutOfTime

    watch.use_tool_id(watch.DEBUGGER_ID, "gdcourse")
    try:
        for event in (watch.events.JUMP, watch.events.PY_START):
            watch.register_callback(watch.DEBUGGER_ID, event, ask)
        watch.set_events(watch.DEBUGGER_ID, watch.events.JUMP | watch.events.PY_START)
        yield
    except OutOfTime:
        pass
    finally:
        watch.set_events(watch.DEBUGGER_ID, 0)
        watch.free_tool_id(watch.DEBUGGER_ID)


@contextlib.contextmanager
def _watched_over(seconds):
    """Stop the block after some seconds of work by raising OutOfTime in this thread, again and again until it stops.

    Where the system tells, the seconds are those this thread has computed, so that a busy machine costs no points; a
    block that only waits is stopped after ten times as many on the clock.
    An alarm signal would work only in the main thread and not on Windows; this reaches every loop written in Python,
    but not one inside a single call into C, nor one that stays inside a `try` with a bare `except`.
    """
    thread, over, lock = threading.get_ident(), threading.Event(), threading.Lock()
    worked = _work_of(thread)
    ends, at_the_latest = worked() + seconds, time.monotonic() + 10 * seconds

    def watch():
        wait = seconds
        while not over.wait(wait):
            wait = min(max(0.05, ends - worked()), seconds)
            with lock:
                if not over.is_set() and (worked() >= ends or time.monotonic() >= at_the_latest):
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(OutOfTime))

    threading.Thread(target=watch, daemon=True).start()
    try:
        try:
            yield
        finally:
            with lock:
                over.set()
            for _ in range(10):  # an exception already on its way arrives here, not after the block
                pass
    except OutOfTime:
        over.set()
