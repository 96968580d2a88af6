"""The journal: every line that was written is there again, whatever happened to the one after it."""

import errno
import os
import stat
import subprocess
import sys

import pytest

from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.gradebook import journal
from gdcourse.grading.gradebook.journal import Journal


def filled(course):
    book = Journal(course, "ps03")
    book.add_result("k1", "ada", {"scores": {"a": 1.5}, "outputs": ["tab\there\nand ü"]})
    book.add_done("ada", status="graded", score=1.5)
    book.add_result("k2", "eve\udc80", {"scores": {}})
    return book


def test_what_was_written_is_read_again(tmp_path):
    for book in (filled(tmp_path), Journal(tmp_path, "ps03")):
        assert book.result("k1") == {"scores": {"a": 1.5}, "outputs": ["tab\there\nand ü"]}
        assert book.result("k2") == {"scores": {}} and book.result("k3") is None
        assert book.done == {"ada": {"kind": "done", "student": "ada", "status": "graded", "score": 1.5}}
    assert Journal(tmp_path, "ps04").done == {}


def test_the_last_word_counts(tmp_path):
    book = filled(tmp_path)
    book.add_result("k1", "ada", {"scores": {"a": 2}})
    book.add_done("ada", status="timeout")
    for again in (book, Journal(tmp_path, "ps03")):
        assert again.result("k1") == {"scores": {"a": 2}} and again.done["ada"]["status"] == "timeout"


def test_a_crash_at_any_byte_costs_the_line_being_written_and_no_other(tmp_path):
    whole = filled(tmp_path).path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    assert len(ends) == 3
    for length in range(len(whole) + 1):
        (tmp_path / ".grading" / "ps03.journal").write_bytes(whole[:length])
        book = Journal(tmp_path, "ps03")
        complete = sum(end <= length for end in ends)
        there = [book.result("k1") is not None, "ada" in book.done, book.result("k2") is not None]
        assert there == [complete > n for n in range(3)]
        book.add_result("k4", "zoe", {"new": 1})
        again = Journal(tmp_path, "ps03")
        assert again.result("k4") == {"new": 1} and book.path.read_bytes().count(b"\n") == complete + 1


def test_a_damaged_line_costs_no_other(tmp_path):
    path = filled(tmp_path).path
    lines = path.read_bytes().splitlines(keepends=True)
    for damage in (b"\0" * 40, b"{}\tnull", b'{"kind": "done"}\tnull', b"[1]", b'{"kind": []}\t', b""):
        damage += b"\n"
        path.write_bytes(lines[0] + damage + lines[2])
        book = Journal(path.parent.parent, "ps03")
        assert book.result("k1") and book.result("k2") and book.done == {}
    path.write_bytes(lines[0].replace(b"scores", b'sc"res') + lines[2])
    assert Journal(path.parent.parent, "ps03").result("k1") is None


def test_a_full_disk_leaves_what_there_was(tmp_path, monkeypatch):
    book, write = filled(tmp_path), os.write
    whole = book.path.read_bytes()

    def full(number, data):
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(number, data[:10])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(CourseError, match=r"No space left on device\. What is in it stays"):
        book.add_result("k3", "zoe", {"x": "y" * 50})
    assert book.path.read_bytes() == whole and book.result("k3") is None
    monkeypatch.undo()
    book.add_result("k3", "zoe", {"x": 1})
    assert Journal(tmp_path, "ps03").result("k3") == {"x": 1}


def test_a_line_is_on_the_disk_when_it_is_promised(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_size) or fsync(number))
    book = filled(tmp_path)
    assert synced[-1] == book.path.stat().st_size and len(synced) == 3


def test_the_secret_is_the_courses_own_and_stays(tmp_path):
    first = journal.secret(tmp_path)
    assert journal.secret(tmp_path) == first and len(first) == 32
    assert journal.secret(tmp_path.parent) != first
    folder = tmp_path / ".grading"
    assert {path.name for path in folder.iterdir()} == {".gitignore", "secret"}
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and (folder / ".gitignore").read_text() == "*\n"
    (folder / "secret").write_text("seven")
    with pytest.raises(CourseError, match="Delete it to draw another"):
        journal.secret(tmp_path)


def test_a_seed_is_of_a_student_and_an_attempt(tmp_path):
    """The same is asked the same again; whoever has seen one attempt knows nothing of another."""
    secret, cells = journal.secret(tmp_path), [{"source": "x = 1", "kind": "solution", "grade_id": "f"}]
    seeds = [journal.seed(secret, ps, student, [{**cells[0], "source": source}]) for ps in ("ps01", "ps02")
             for student in ("ada", "eve") for source in ("x = 1", "x = 1 ")]  # fmt: skip
    assert journal.seed(secret, "ps01", "ada", cells) == seeds[0] and len(set(seeds)) == 8
    assert all(2**64 < seed < 2**128 for seed in seeds), "of 128 bits"
    assert journal.seed(bytes(32), "ps01", "ada", cells) != seeds[0]


def test_a_key_depends_on_all_of_a_job():
    job = {"cells": [{"source": "x"}], "seed": 1, "limits": {}}
    keys = {journal.key(job, "p"), journal.key(job, "q"), journal.key({**job, "seed": 2}, "p"),
            journal.key({**job, "cells": [{"source": "y"}]}, "p")}  # fmt: skip
    assert len(keys) == 4 and journal.key(dict(reversed(job.items())), "p") in keys


def test_there_is_one_writer(tmp_path):
    use = "from gdcourse.grading.gradebook.journal import alone"
    hold = f"{use}\nwith alone({str(tmp_path)!r}): print('held', flush=True), input()"
    other = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(CourseError, match="another run is grading"), journal.alone(tmp_path):
        pass
    other.kill()
    other.wait()
    with journal.alone(tmp_path):
        pass
