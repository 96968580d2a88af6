"""Remember every result before the gradebook hears of it, so that a killed run loses nothing and repeats nothing.

A journal is a file of lines, each written and synced at once. One line is a head and a body, both JSON, with a tab
between: the head is small and read at the start, the body (a result with its figures) only when it is wanted.

    {"kind": "result", "key": ..., "student": ...}     a job's result, before it is recorded
    {"kind": "done", "student": ..., "status": ...}    what became of a student's submission, after it is recorded
    {"kind": "gone", "student": ...}                   she has left the course

A last line cut short by a crash or a full disk has no end, and is dropped.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import NamedTuple

from gdcourse.grading.course.directory import CourseError


def folder(course):
    """Return the course's folder of things that are nobody else's business, made on first use."""
    path = Path(course) / ".grading"
    path.mkdir(mode=0o700, exist_ok=True)
    if not (path / ".gitignore").exists():
        (path / ".gitignore").write_text("*\n")
    return path


def secret(course):
    """Return the course's secret, 32 bytes that all seeds come from: drawn on first use, and never shown."""
    path = folder(course) / "secret"
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(f"{secrets.token_hex(32)}\n")
            _first_to(draft, path)
        except OSError as error:
            raise CourseError(f"{path} cannot be written: {error.strerror}. Make room and run the same command "
                              "again.") from None  # fmt: skip
        finally:
            draft.unlink(missing_ok=True)
    with contextlib.suppress(ValueError):
        if len(text := bytes.fromhex(path.read_text())) == 32:
            return text
    raise CourseError(f"{path} should hold 64 hexadecimal digits. Delete it to draw another secret: all is run again.")


def _first_to(draft, path):
    """Give a file its name, unless another process was first: then that one's counts."""
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except PermissionError:  # a file system without links
        os.replace(draft, path)


def seed(secret, ps, student, cells):
    """Return the seed of a submission's inputs, 128 bits of the secret's.

    It belongs to this student and to what she handed in: the same again is asked the same, so that marks do not change
    by themselves, and whatever she learns of it is of no use for another attempt, or another student.
    """
    attempt = json.dumps([ps, student, cells], ensure_ascii=True, sort_keys=True).encode()
    return int.from_bytes(hmac.digest(secret, attempt, "sha256")[:16], "big")


def key(job, *more):
    """Return a short name for all that a result depends on."""
    text = json.dumps([job, *more], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextlib.contextmanager
def alone(course):
    """Hold the course's lock, so that there is one writer. Raises: CourseError if somebody else has it."""
    with open(folder(course) / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CourseError("another run is grading in this course's folder. Wait for it, or stop it.") from None
        yield


class Journal:
    """The journal of one assignment. done: {student: head of the last "done" line}."""

    def __init__(self, course, ps):
        self.path = folder(course) / f"{ps}.journal"
        self.done, self._places = {}, {}
        self._length = 0
        if self.path.exists():
            self._read()

    def _read(self):
        with open(self.path, "rb") as file:
            for line in file:
                if line.endswith(b"\n"):  # or else it was cut short, and the next one is written over it
                    self._note(line, self._length)
                    self._length += len(line)

    def _note(self, line, start):
        head, _, body = line.partition(b"\t")
        try:
            head = json.loads(head)
            if head["kind"] == "gone":
                self.done.pop(head["student"], None)
                return
            place = {"result": self._places, "done": self.done}[head["kind"]]
            name = head["key"] if head["kind"] == "result" else head["student"]
        except (ValueError, KeyError, TypeError):
            return
        place[name] = (start + len(line) - len(body), len(body)) if place is self._places else head

    def result(self, key):
        """Return the result of a job, or None if it was never run or its line cannot be read."""
        if key not in self._places:
            return None
        start, length = self._places[key]
        with open(self.path, "rb") as file:
            file.seek(start)
            try:
                return json.loads(file.read(length))
            except ValueError:
                return None

    def add_result(self, key, student, result):
        """Write a result down, and return when it is safe on the disk."""
        self._append({"kind": "result", "key": key, "student": student}, result)

    def add_done(self, student, **facts):
        """Write down what became of a student's submission."""
        self._append({"kind": "done", "student": student, **facts}, None)

    def add_gone(self, student):
        """Write down that a student has left: what was done of hers is no longer counted."""
        self._append({"kind": "gone", "student": student}, None)

    def history(self, student):
        """Return the heads of all lines on what became of a student's submissions, the oldest first."""
        found = []
        if self.path.exists():
            for line in self.path.read_bytes().splitlines(keepends=True):
                with contextlib.suppress(ValueError):
                    head = json.loads(line.partition(b"\t")[0])
                    if line.endswith(b"\n") and head.get("kind") == "done" and head.get("student") == student:
                        found.append(head)
        return found

    def _append(self, head, body):
        line = b"\t".join(json.dumps(part).encode() for part in (head, body)) + b"\n"
        number = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.ftruncate(number, self._length)  # whatever was cut short
            os.lseek(number, self._length, os.SEEK_SET)
            written = 0
            while written < len(line):
                written += os.write(number, line[written:])
            os.fsync(number)
        except OSError as error:
            os.ftruncate(number, self._length)
            raise CourseError(f"{self.path} cannot be written: {error.strerror}. What is in it stays; make room and "
                              "run the same command again.") from None  # fmt: skip
        finally:
            os.close(number)
        self._note(line, self._length)
        self._length += len(line)


class Outcome(NamedTuple):
    """What became of a student's submission, this time or earlier. score: points, or None if there are none."""

    student: str
    status: str
    reason: str = ""
    score: float | None = None
    now: bool = False
    backend: str = ""
    key: str = ""


def as_outcome(line):
    """Return the Outcome that a line of the journal tells of."""
    return Outcome(line["student"], line["status"], line["reason"], line["score"], False, line["backend"], line["key"])


def outcomes(course, ps):
    """Return the list of Outcome of all that was ever graded of an assignment."""
    return [as_outcome(line) for _, line in sorted(Journal(course, ps).done.items())]
