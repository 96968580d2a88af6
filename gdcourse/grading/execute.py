"""Run one submission and judge it: `execute(job) -> result`, both plain dictionaries that survive JSON.

A job says all there is to know; no database and no file of the course is read:

    {"ps": "ps03", "student": "s0001",
     "cells": [{"source": "...", "kind": "free", "grade_id": None}, ...],   # the code cells, in order
     "seed": 123,                              # the secret one of the assignment: any whole number
     "backend": "warm",                        # or "kernel", or "plain"
     "limits": {"cell_seconds": 30, ...}}      # what is left out is taken from LIMITS; so may "limits" itself be

A cell's kind is "readonly", "solution" (a "manual" code cell too), "free" (the student's own) or "test"; "code" is
treated as "free". A test cell is ours and reads `grade(f, "behaviour")`; it is not executed, but judged. Every other
cell is executed as in a notebook, whatever its kind.

The result:

    {"status": one of STATUSES, "reason": at most three lines, "" when graded,
     "outputs": a list for each cell of the job, of nbformat's outputs as dictionaries,
     "counts": for each cell its execution count, or None if it did not come to run,
     "scores": {grade_id: points} of every test cell, 0 where nothing was judged,
     "verdicts": {grade_id: {"passed": bool, "text": the feedback, "mistake": name or None, "exercise": its name,
                             "behaviour": its name, "points": got, "of": to be had, "seed": None}},
     "notes": [what a person may want to know, a line each],
     "backend": ..., "seconds": ..., "package": package_hash()}

A test cell's outputs are what nbgrader scores and shows: text on stdout if it passed, an `error` with the feedback if
not. Nothing else than text, PNG pictures and errors comes out of any cell, without control characters. The secret seed
never appears in a result; the "seed" of a verdict is None.

`execute` raises ValueError for a job that is none, and `SandboxError` where this machine has no sandbox; whatever a
submission does ends in a result. It keeps a warm process per assignment; `close()` ends it.
"""

import base64
import marshal
import re
import threading
import time
import warnings

import numpy as np

from gdcourse import checks
from gdcourse.checks import judging, reporting
from gdcourse.checks.exercise import Call, Problem, Run
from gdcourse.checks.values import snapshot
from gdcourse.grading import processes
from gdcourse.grading.processes import GraderError, close
from gdcourse.grading.sandbox import SandboxError
from gdcourse.grading.stripped import package_hash, provided
from gdcourse.grading.wire import TICK, Channel, Limits, TooLarge, WireError

STATUSES = ("graded", "graded with notes", "timeout", "memory", "died", "output limit", "rejected", "missing",
            "grader error")  # fmt: skip
LIMITS = {
    "memory_mb": 2048,  # beyond what the warm process has
    "cell_seconds": 10,  # or what the slowest exercise of the assignment may take, if that is more
    "seconds": 240,  # for everything
    "output_kb": 1024,  # of text, over all cells
    "pictures_kb": 16_384,  # of PNG, over all cells
    "disk_mb": 64,  # of files
}
GRACE = 1.5  # seconds between a limit that a submission may feel and the one that ends it
INFINITE = float("inf")
REPLY = Limits(text=8 << 20, raw=32 << 20, values=300_000)
QUESTION = 1 << 20  # bytes that one of the judge's functions may be called with,
QUESTIONS = 64 << 20  # and all its calls in the runs of a behaviour, which are kept
FEEDBACK = 8000  # characters
ERASED = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]?|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LOCK = threading.Lock()  # redirected output and the caches of references are the whole process's


BACKENDS = {"warm": processes.child, "kernel": processes.cold, "plain": processes.child}


class Ended(Exception):
    """The end of a submission's process before its time, with the status and the reason."""


def execute(job):
    """Run one submission and judge it; see the module's text."""
    job = checked(job)
    with LOCK:
        for attempt in (1, 2):
            started = time.monotonic()
            try:
                result = Session(job).result()
                break
            except SandboxError:
                raise
            except Exception as error:  # whatever it is, it is ours
                close()
                if attempt == 2:
                    result = _failed(job, f"{type(error).__name__}: {error}")
    return {**result, "backend": job["backend"], "seconds": round(time.monotonic() - started, 3),
            "package": package_hash()}  # fmt: skip


def checked(job):
    """Return a job with everything it leaves out. Raises: ValueError, naming what is wrong."""
    if job.get("ps") not in checks.MODULES:
        raise ValueError(f"ps must be one of {', '.join(checks.MODULES)}, got {job.get('ps')!r}")
    backend = job.get("backend", "warm")
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    if type(job.get("seed")) is not int or job["seed"] < 0:
        raise ValueError(f"seed must be a whole number from 0, got {job.get('seed')!r}")
    unknown = set(job.get("limits", {})) - set(LIMITS)
    if unknown:
        raise ValueError(f"limits must be among {', '.join(LIMITS)}, got {', '.join(sorted(unknown))}")
    slowest = max(exercise.seconds for exercise in checks.assignment(job["ps"]).exercises)
    for cell in job["cells"]:
        if cell["kind"] == "test":
            asked(cell, job["ps"])
    limits = {**LIMITS, "cell_seconds": max(LIMITS["cell_seconds"], slowest), **job.get("limits", {})}
    return {**job, "backend": backend, "limits": limits}


def asked(cell, ps):
    """Return the exercise and behaviour a test cell is about. Raises: ValueError if it is not `grade(f, "name")`."""
    words = re.fullmatch(r"\s*grade\(\s*([\w\s,]+?)\s*,\s*([\"'])(.+?)\2\s*\)\s*;?\s*", cell["source"])
    names = tuple(re.split(r"\s*,\s*", words[1])) if words else ()
    exercise = next((e for e in checks.assignment(ps).exercises if e.names == names), None)
    behaviour = next((b for b in exercise.behaviours if b.name == words[3]), None) if exercise else None
    if behaviour is None:
        raise ValueError(f"a test cell must be grade(f, \"behaviour\") of {ps}, got {cell['source'][:80]!r}")
    return exercise, behaviour


class Session:
    """One job on its way: the submission's process, its clocks, and what is known so far."""

    def __init__(self, job):
        self.job, self.limits = job, job["limits"]
        self.tests = {n: asked(cell, job["ps"]) for n, cell in enumerate(job["cells"]) if cell["kind"] == "test"}
        self.outputs = [[] for _ in job["cells"]]
        self.counts = [None for _ in job["cells"]]
        self.scores, self.verdicts, self.notes = {}, {}, []
        self.count, self.known = 0, {}
        self.text, self.pictures = self.limits["output_kb"] << 10, self.limits["pictures_kb"] << 10
        self.looks = 0.0
        self.doing, self.running, self.stopped = "starting", False, False

    def result(self):
        status, reason = "graded", ""
        try:
            with BACKENDS[self.job["backend"]](self.job) as child:
                self.child = child
                self.ends = child.clock() + self.limits["seconds"]  # a slow start is not hers
                self.channel = Channel(child.socket, REPLY, watch=self.watch)
                try:
                    for number, cell in enumerate(self.job["cells"]):
                        self.cell(number, cell)
                except (EOFError, BrokenPipeError, ConnectionError):
                    raise self.death() from None
                except TooLarge as error:
                    raise Ended("output limit", f"{self.doing}: its process sent {error}.") from None
                except WireError as error:
                    raise Ended("died", f"{self.doing}: its process sent what is no answer ({error}).") from None
        except Ended as end:
            status, reason = end.args
            self.leave_off(reason)
        if status == "graded" and self.notes:
            status, reason = "graded with notes", "\n".join(self.notes[:3])
        return {"status": status, "reason": clean(reason), "outputs": self.outputs, "counts": self.counts,
                "scores": self.scores, "verdicts": self.verdicts, "notes": self.notes}  # fmt: skip

    def watch(self):
        """Raise Ended when the submission has had its time: called again and again while waiting for it."""
        now = time.monotonic()
        if now < self.looks:
            return
        self.looks = now + TICK
        now = self.child.clock()
        if now > self.ends:
            raise Ended("timeout", f"{self.doing}: the {self.limits['seconds']:g} seconds of a submission were over.")
        over = max(now - self.until, self.child.worked() - self.works_until)
        if over > self.grace:
            raise Ended("timeout", f"{self.doing}: it did not stop when its time was up.")
        if over > 0 and self.running:
            self.stopped = True
            self.child.interrupt()

    def death(self):
        status = self.child.end()
        return Ended("memory" if status == "memory" else "died", f"{self.doing}: its process ended ({status}).")

    def allow(self, seconds, work=INFINITE, grace=0.0):
        """Set the clocks for what comes next: seconds on the clock, seconds of computing, and how long to bear more."""
        self.until, self.works_until = self.child.clock() + seconds, self.child.worked() + work
        self.grace = grace

    # Cells

    def cell(self, number, cell):
        self.doing = f"cell {number + 1}" + (f" ({cell['grade_id']})" if cell.get("grade_id") else "")
        if number in self.tests:
            self.test(number, cell)
        elif cell["source"].strip():
            self.known.clear()  # a cell may define anything anew
            self.run(number, cell)

    def run(self, number, cell):
        self.count += 1
        self.counts[number] = self.count
        seconds = self.limits["cell_seconds"]
        self.allow(seconds, grace=GRACE)
        self.running, self.stopped = True, False
        self.channel.send("run", cell["source"])
        outputs, ok, cut = self.answer("ran", 3)
        self.running = False
        self.outputs[number] = self.checked_outputs(outputs)
        if self.stopped:
            self.notes.append(f"{self.doing} was stopped after {seconds:g} seconds.")
        elif ok is not True:
            self.notes.append(f"{self.doing} stops with an error{self.error_of(number)}.")
        if cut is True:
            self.notes.append(f"{self.doing}: more output than fits; the rest was cut.")

    def error_of(self, number):
        return next((f", {o['ename']}" for o in self.outputs[number] if o["output_type"] == "error"), "")

    def checked_outputs(self, outputs):
        """Return outputs as nbformat has them, made anew from what may be believed."""
        made = []
        for output in outputs if type(outputs) is list else []:
            match output:
                case ["stream", "stdout" | "stderr" as name, str(text)]:
                    made.append({"output_type": "stream", "name": name, "text": clean(text)})
                case ["error", str(name), str(value), list(lines)]:
                    name = " ".join(clean(name).split())[:200]
                    made.append({"output_type": "error", "ename": name, "evalue": clean(value),
                                 "traceback": [clean(line) for line in lines if type(line) is str]})
                case ["display" | "result" as kind, dict(data), _]:
                    kept = rich(data)
                    if kept:
                        counted = {"execution_count": self.count} if kind == "result" else {}
                        kind = "execute_result" if counted else "display_data"
                        made.append({"output_type": kind, "data": kept, "metadata": {}, **counted})
        self.fit(made)
        return made

    def fit(self, outputs):
        """Raise WireError if there is more output than the runner, which cuts it to size, can have let through."""
        for output in outputs:
            data = output.get("data", {})
            self.pictures -= len(data.get("image/png", "")) * 3 // 4 - 4
            self.text -= len(data.get("text/plain", "")) + len(output.get("text", "")) + len(output.get("evalue", ""))
            self.text -= sum(map(len, output.get("traceback", [])))
        if min(self.text, self.pictures) < 0 or len(outputs) > 2000:
            raise WireError("more output than the runner lets through")

    def test(self, number, cell):
        exercise, behaviour = self.tests[number]
        self.count += 1
        self.counts[number] = self.count
        verdict, text = self.verdict(exercise, behaviour)
        self.enter(number, cell, exercise, behaviour, verdict, text)

    def enter(self, number, cell, exercise, behaviour, verdict, text):
        passed = verdict is not None and verdict.passed
        points, text = behaviour.points if passed else 0, clean(text)[:FEEDBACK]
        self.scores[cell["grade_id"]] = points
        self.verdicts[cell["grade_id"]] = {
            "passed": passed, "text": text, "mistake": verdict.mistake.name if verdict and verdict.mistake else None,
            "exercise": exercise.name, "behaviour": behaviour.name, "points": points, "of": behaviour.points,
            "seed": None}  # fmt: skip
        if passed:
            self.outputs[number] = [{"output_type": "stream", "name": "stdout", "text": f"{text}\n"}]
        else:
            self.outputs[number] = [{"output_type": "error", "ename": "NotYet", "evalue": text,
                                     "traceback": text.splitlines()}]  # fmt: skip

    def leave_off(self, reason):
        """Enter nothing for the test cells that were not judged any more, and say why."""
        for number, (exercise, behaviour) in self.tests.items():
            cell = self.job["cells"][number]
            if cell["grade_id"] not in self.scores:
                self.enter(number, cell, exercise, behaviour, None,
                           f"{exercise.name}, {behaviour.name}: not judged. {reason}")  # fmt: skip

    # Judging

    def verdict(self, exercise, behaviour):
        """Return the verdict on one behaviour, and the text a student reads."""
        seed = self.job["seed"]
        try:
            judging._known(exercise, exercise.reference, seed)(behaviour)
        except Exception as error:
            raise GraderError(f"the reference of {exercise.name}: {error}") from error
        if exercise not in self.known:
            self.known[exercise] = self.looked(exercise)
        wrong, parameters = self.known[exercise]
        if wrong:
            return None, wrong
        try:
            (verdict,) = checks.judge(exercise, seed, lambda b: self.runs(exercise, b), parameters, behaviour.name)
            text = (f"{exercise.name}, ok: {behaviour.says}" if verdict.passed
                    else reporting.message(exercise, verdict, None))  # fmt: skip
            return verdict, text
        except (Ended, GraderError, EOFError, ConnectionError, WireError):
            raise
        except Exception as error:  # a value that no judge has seen before: at home, too, it ends in an error
            self.notes.append(f"{self.doing}: what came back could not be compared ({type(error).__name__}).")
            return None, f"{exercise.name}: what came back could not be compared ({type(error).__name__}: {error})"

    def looked(self, exercise):
        """Return what is wrong with the names an exercise asks for, and the parameters of each."""
        self.allow(self.limits["cell_seconds"])
        self.channel.send("look", list(exercise.names))
        (found,) = self.answer("looked", 1)
        if type(found) is not list or len(found) != len(exercise.names):
            raise WireError("not what was asked for")
        parameters = []
        for name, row in zip(exercise.names, found, strict=True):
            match row:
                case [False, *_]:
                    return f"NameError: name {name!r} is not defined", ()
                case [True, False, _, _, str(shown)]:
                    return f"ValueError: check takes the function itself, as in check(my_function), got {shown}", ()
                case [True, True, str(module), tuple() | None as names, _]:
                    if module.startswith("gdcourse."):
                        return f"ValueError: {name} comes from {module}: check takes the one you wrote", ()
                    parameters.append(names and tuple(map(str, names)))
                case _:
                    raise WireError("not what was asked for")
        return "", tuple(parameters)

    def runs(self, exercise, behaviour):
        """Return the submission's runs of a behaviour: those that are known, or new ones."""
        key = exercise, behaviour.cases, behaviour.drive
        if key not in self.known:
            self.known[key] = self.observed(exercise, behaviour)
        return self.known[key]

    def observed(self, exercise, behaviour):
        cases = exercise.draw(behaviour, self.job["seed"])
        drive = behaviour.drive and marshal.dumps(behaviour.drive.__code__)
        self.allow(10 * exercise.seconds + GRACE, 2 * exercise.seconds + GRACE)  # beyond its own, in case it has none
        self.channel.send("observe", list(exercise.names), drive, len(cases), float(exercise.seconds))
        oracles, calls, made = [], [[] for _ in cases], {}
        at, room = -1, QUESTIONS
        while True:
            message = self.channel.receive()
            match message:
                case ["next"] if at + 1 < len(cases):
                    at, oracles, made = at + 1, [], {}
                    self.channel.send("case", cases[at], oracles=oracles)
                case ["ask", int(number), tuple(args)] if 0 <= number < len(oracles):
                    made[number] = made.get(number, 0) + 1
                    room -= self.channel.size
                    if made[number] > oracles[number].limit or self.channel.size > QUESTION or room < 0:
                        raise WireError(f"more or larger calls of {oracles[number].name} than are allowed")
                    self.channel.send(*_asked(oracles[number], args, calls[at]))
                case ["observed", list(runs)] if len(runs) == len(cases):
                    return [_run(row, tuple(made)) for row, made in zip(runs, calls, strict=True)]
                case _:
                    self.other(message)

    def answer(self, kind, parts):
        """Return the parts of the answer to what was sent, after whatever is asked in between."""
        while True:
            message = self.channel.receive()
            if message[0] == kind and len(message) == parts + 1:
                return message[1:]
            self.other(message)

    def other(self, message):
        match message:
            case ["provide", str(name), tuple(args), dict(kwargs)] if name in provided(self.job["ps"]):
                started = time.monotonic()
                answer = processes.provide(self.job, name, args, kwargs)
                self.until += time.monotonic() - started  # which is not the submission's doing
                self.channel.send(*answer)
            case ["sync", str(token)]:
                self.channel.send("synced", token)
            case _:
                raise WireError("not what was asked for")


def _asked(oracle, args, calls):
    """Call one of the judge's functions for a submission."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):  # as in `observe`
            result = oracle.function(*args)
    except Exception as error:
        return "error", type(error).__name__, str(error)[:300]
    calls.append(Call(oracle.name, args, snapshot(result)))
    return "value", result


def _run(row, calls):
    if type(row) is not list or len(row) != 4:
        raise WireError("not a run")
    output, after, problem, printed = row
    match problem:
        case ["raised" | "time" | "calls" | "exit", str(), str(), str()]:
            problem = Problem(*(text[:600] for text in problem))
        case None:
            pass
        case _:
            raise WireError("not a problem")
    if not (after is None or type(after) is dict) or type(printed) is not str:
        raise WireError("not a run")
    return Run(output, after, calls, problem, printed[:2000])


def rich(data):
    """Return of a rich output's data what is text or truly a PNG picture."""
    kept = {}
    if type(data.get("text/plain")) is str:
        kept["text/plain"] = clean(data["text/plain"])
    picture = data.get("image/png")
    if type(picture) is bytes and picture.startswith(b"\x89PNG\r\n\x1a\n"):
        kept["image/png"] = base64.b64encode(picture).decode() + "\n"
    return kept


def clean(text):
    """Return text without escape sequences, control characters, or halves of characters."""
    return ERASED.sub("", text.replace("\r\n", "\n")).encode("utf-8", "replace").decode()


def _failed(job, reason):
    """Return the result of a job that could not be judged, by no fault of the student's: no score at all."""
    return {"status": "grader error", "reason": clean(reason), "outputs": [[] for _ in job["cells"]],
            "counts": [None for _ in job["cells"]], "scores": {}, "verdicts": {}, "notes": []}  # fmt: skip
