"""One job on its way: the submission's process, its clocks, and what is known so far."""

import contextlib
import time

from gdcourse.grading.running.cell_outputs import Room, clean, known, made_anew
from gdcourse.grading.running.job import asked
from gdcourse.grading.running.judge import GRACE, Judge
from gdcourse.grading.sandbox import given, warm_processes
from gdcourse.grading.sandbox.package_copy import provided
from gdcourse.grading.sandbox.warm_processes import Ended, GraderError
from gdcourse.grading.sandbox.wire import TICK, Channel, Limits, TooLarge, WireError

INFINITE = float("inf")
REPLY = Limits(text=8 << 20, raw=32 << 20, values=300_000)
FEEDBACK = 8000  # characters


HIDDEN = "###BEGINHIDDENTESTS"
PLACE = """
def _place(files):
    import base64, os
    for name, content in files.items():
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name, "wb") as file:
            file.write(base64.b64decode(content))
_place({files!r})
del _place
"""


def _error(name, says):
    return {"output_type": "error", "ename": name, "evalue": says, "traceback": [says]}


class Session:
    """One job on its way: the submission's process, its clocks, and what is known so far.

    accepted: the runs of accepted answers, as the judge wants them.
    """

    def __init__(self, job, accepted=()):
        self.job, self.limits = job, job["limits"]
        self.asserts = {n for n, cell in enumerate(job["cells"]) if cell["kind"] == "asserts"}
        self.tests = {n: asked(cell, job["ps"]) for n, cell in enumerate(job["cells"]) if cell["kind"] == "test"}
        self.outputs = [[] for _ in job["cells"]]
        self.counts = [None for _ in job["cells"]]
        self.scores, self.verdicts, self.notes, self.errors = {}, {}, [], []
        self.count, self.judge = 0, Judge(self, accepted)
        self.room = Room(self.limits["output_kb"] << 10, self.limits["pictures_kb"] << 10)
        self.looks = 0.0
        self.doing, self.running, self.stopped = "starting", False, False

    def result(self):
        status, reason = "graded", ""
        try:
            with self.begun():
                if self.job.get("files"):
                    self.place(self.job["files"])
                for number, cell in enumerate(self.job["cells"]):
                    self.cell(number, cell)
        except Ended as end:
            status, reason = end.args
            self.leave_off(reason)
        if status == "graded" and self.notes:
            status, reason = "graded with notes", "\n".join(self.notes[:3])
        return {"status": status, "reason": clean(reason), "outputs": self.outputs, "counts": self.counts, "scores":
                self.scores, "verdicts": self.verdicts, "notes": self.notes, "errors": self.errors}  # fmt: skip

    @contextlib.contextmanager
    def begun(self):
        """Start the submission's process. Whatever ends it within raises Ended."""
        with warm_processes.start(self.job) as child:
            self.child = child
            self.ends = child.clock() + self.limits["seconds"]  # a slow start is not hers
            self.channel = Channel(child.socket, REPLY, watch=self.watch)
            try:
                yield
            except (EOFError, BrokenPipeError, ConnectionError):
                raise self.death() from None
            except TooLarge as error:
                raise Ended("output limit", f"{self.doing}: its process sent {error}.") from None
            except WireError as error:
                raise Ended("died", f"{self.doing}: its process sent what is no answer ({error}).") from None

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
            self.judge.known.clear()  # a cell may define anything anew
            ok = self.run(number, cell)
            if number in self.asserts:
                self.read_points(number, cell, ok)
        elif number in self.asserts:
            self.read_points(number, cell, True)

    def place(self, files):
        """Put the files that came with the notebook beside it. files: {name: bytes in base64}."""
        self.doing = "the files beside the notebook"
        self.allow(self.limits["cell_seconds"])
        self.channel.send("run", PLACE.format(files=files))
        _, ok, _ = self.answer("ran", 3)
        if ok is not True:
            raise GraderError("the files beside the notebook could not be put there.")

    def run(self, number, cell):
        """Execute a cell. Returns: whether it came to its end without an error."""
        self.count += 1
        self.counts[number] = self.count
        seconds = self.limits["cell_seconds"]
        self.allow(seconds, work=2 * seconds, grace=GRACE)  # in all threads together
        self.running, self.stopped = True, False
        self.channel.send("run", cell["source"])
        outputs, ok, cut = self.answer("ran", 3)
        self.running = False
        self.outputs[number] = made_anew(outputs, self.count, self.room)
        self.room.take(self.outputs[number])
        if self.room.refused:
            self.notes.append(f"{self.doing}: a picture that is no PNG, or too large, was left out.")
            self.room.refused = False
        if self.stopped:
            self.notes.append(f"{self.doing} was stopped after {seconds:g} seconds.")
        elif ok is not True and number not in self.asserts:
            self.errors.append(f"{self.doing} stops with an error{self.error_of(number)}.")
            self.notes.append(self.errors[-1])
        if cut is True:
            self.notes.append(f"{self.doing}: more output than fits; the rest was cut.")
        return ok is True and not self.stopped

    def read_points(self, number, cell, ok):
        """Read in the outputs of a test cell of the notebook's own what it gives, by nbgrader's rule."""
        from nbformat.v4 import new_code_cell, new_output
        from nbgrader.utils import determine_grade  # not sooner: it takes a second to load

        shown, secret = self.outputs[number], HIDDEN in cell["source"].replace(" ", "").upper()
        if not ok and not any(o["output_type"] == "error" for o in shown):
            shown.insert(0, _error("NotToTheEnd", "The test did not come to its end."))
        for output in shown:
            if secret and output["output_type"] == "error":  # which shows lines that nobody was handed out
                output["traceback"] = [f"{output['ename']}: {output['evalue']}".rstrip(": ")]
        mark = {"grade": True, "solution": False, "points": cell["points"]}
        outputs = [new_output(**output) for output in shown]
        try:
            points, _ = determine_grade(new_code_cell(outputs=outputs, metadata={"nbgrader": mark}))
        except (ValueError, KeyError):  # a value that is more than there is to be had
            points = 0.0
            shown.insert(0, _error("NoPoints", "The value of the test is no number of points that the cell can give."))
        said = [f"{o['ename']}: {o['evalue']}" if "ename" in o else o.get("text", "") for o in shown]
        self.enter_plain(cell, points, "\n".join(filter(None, said)))

    def enter_plain(self, cell, points, text, kind="value"):
        """Enter what a test cell of the notebook's own has given."""
        passed = points == cell["points"]
        self.scores[cell["grade_id"]] = points
        self.verdicts[cell["grade_id"]] = {
            "passed": passed, "text": text[:FEEDBACK], "mistake": None, "exercise": cell["grade_id"], "behaviour": "",
            "points": points, "of": cell["points"], "kind": "" if passed else kind}  # fmt: skip

    def error_of(self, number):
        names = [o["ename"] for o in self.outputs[number] if o["output_type"] == "error"]
        return next((f", {name}" for name in names if known(name)), "")

    def test(self, number, cell):
        exercise, behaviour = self.tests[number]
        self.count += 1
        self.counts[number] = self.count
        verdict, text = self.judge.verdict(exercise, behaviour)
        self.enter(number, cell, exercise, behaviour, verdict, text)

    def enter(self, number, cell, exercise, behaviour, verdict, text, kind="absent"):
        """Enter a verdict; or, without one, what kind of thing kept it from being given."""
        passed = verdict is not None and verdict.passed
        points, text = behaviour.points if passed else 0, clean(text)[:FEEDBACK]
        self.scores[cell["grade_id"]] = points
        self.verdicts[cell["grade_id"]] = {
            "passed": passed, "text": text, "mistake": verdict.mistake.name if verdict and verdict.mistake else None,
            "exercise": exercise.name, "behaviour": behaviour.name, "points": points, "of": behaviour.points,
            "kind": verdict.fault.kind if verdict and verdict.fault else "" if verdict else kind}  # fmt: skip
        if passed:
            self.outputs[number] = [{"output_type": "stream", "name": "stdout", "text": f"{text}\n"}]
        else:
            self.outputs[number] = [{"output_type": "error", "ename": "NotYet", "evalue": text,
                                     "traceback": text.splitlines()}]  # fmt: skip

    def leave_off(self, reason):
        """Enter nothing for the test cells that were not judged any more, and say why."""
        for number in sorted(self.asserts):
            cell = self.job["cells"][number]
            if cell["grade_id"] not in self.scores:
                self.outputs[number] = [_error("NotRun", clean(f"not run. {reason}"))]
                self.enter_plain(cell, 0.0, f"not run. {reason}", "unjudged")
        for number, (exercise, behaviour) in self.tests.items():
            cell = self.job["cells"][number]
            if cell["grade_id"] not in self.scores:
                self.enter(number, cell, exercise, behaviour, None,
                           f"{exercise.name}, {behaviour.name}: not judged. {reason}", "unjudged")  # fmt: skip

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
                answer = given.provide(self.job, name, args, kwargs, self.ends - self.child.clock())
                self.until += time.monotonic() - started  # which is not the submission's doing
                self.channel.send(*answer)
            case ["sync", str(token)]:
                self.channel.send("synced", token)
            case _:
                raise WireError("not what was asked for")
