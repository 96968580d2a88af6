"""Grading a class: everyone accounted for, nothing run twice, and a run that stops anywhere goes on where it was."""

import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook

from gdcourse.grading import grade
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.gradebook import class_run, journal, record
from gdcourse.grading.gradebook.transaction import _OneTransaction
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.report import tables
from gdcourse.grading.running import pool
from gdcourse.grading.running.job import STATUSES
from gdcourse.grading.sandbox import bubblewrap
from tests.grading.conftest import PS, make_believe


@pytest.fixture
def handed_in(course, ours):
    """A function that hands in for a student: an answer to spectral_step, or bytes."""

    def hand_in(student, answer="def spectral_step(H): ...", name=f"{PS}.ipynb"):
        folder = course / "submitted" / student / PS
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(answer, str):
            book = json.loads(nbformat.writes(ours.notebook))
            cell = next(c for c in book["cells"] if c["id"] == "spectral_step")
            cell["source"] = answer
            answer = json.dumps(book).encode()
        (folder / name).write_bytes(answer)

    return hand_in


def statuses(done):
    return {outcome.student: outcome.status for outcome in done}


def test_everyone_has_one_status_and_only_what_can_be_run_is(course, handed_in, pretend):
    handed_in("ada")
    handed_in("eve", b"{")
    handed_in("kim", b"", name="notes.pdf")
    for odd in ("joe" * 50, "j*e", "jo\ne", "jo\udce9"):
        handed_in(odd)
    handed_in("zoe", name="mine.ipynb")
    pretend.run = lambda job: (make_believe(job) if job["student"] == "ada" else
                               make_believe(job, "timeout", "cell 3: too long", lambda name: "spectral" in name))
    done = grade.grade(course, PS)
    assert statuses(done) == {"ada": "graded", "eve": "rejected", "kim": "missing", "zoe": "timeout",
                              "joe" * 50: "rejected", "j*e": "rejected", "jo\ne": "rejected", "jo\udce9": "rejected"}
    assert [job["student"] for job in pretend] == ["ada", "zoe"]
    by_name = {outcome.student: outcome for outcome in done}
    assert [by_name[name].score for name in ("ada", "zoe", "eve", "kim")] == [20, 4, 0, 0]
    assert by_name["zoe"].reason == "cell 3: too long\nthe notebook was called mine.ipynb."
    assert all(status in STATUSES for status in statuses(done).values())
    assert all(o.reason and len(o.reason.split("\n")) <= 3 for o in done if o.status != "graded")
    with record.Record(course, rebuilding.skeleton(course, PS)) as records:
        assert records.scores() == {"ada": 20, "zoe": 4, "eve": 0, "kim": 0}


def test_a_job_says_all_there_is_to_know(course, handed_in, pretend):
    handed_in("ada", "x = 1")
    grade.grade(course, PS, backend="kernel", limits={"seconds": 7})
    (job,) = pretend
    assert {key: job[key] for key in ("ps", "student", "backend", "limits")} == {
        "ps": PS, "student": "ada", "backend": "kernel", "limits": {"seconds": 7}}  # fmt: skip
    assert job["seed"] == journal.seed(journal.secret(course), PS, "ada", job["cells"])
    assert [c["source"] for c in job["cells"] if c["grade_id"] == "spectral_step"] == ["x = 1"]
    assert json.loads(json.dumps(job)) == job


def test_what_has_not_changed_is_not_run_again(course, handed_in, pretend, monkeypatch):
    for student in ("ada", "eve", "zoe"):
        handed_in(student)
    first = grade.grade(course, PS)
    assert len(pretend) == 3 and all(outcome.now for outcome in first)
    again = grade.grade(course, PS)
    assert len(pretend) == 3 and not any(outcome.now for outcome in again)
    assert [o._replace(now=True) for o in again] == first
    handed_in("eve", "def spectral_step(H): return 1")
    assert [o.student for o in grade.grade(course, PS) if o.now] == ["eve"] and len(pretend) == 4
    handed_in("eve")  # as it was at first
    assert [o.student for o in grade.grade(course, PS) if o.now] == ["eve"] and len(pretend) == 4
    grade.grade(course, PS, students="z*", force=True)
    assert [job["student"] for job in pretend[4:]] == ["zoe"]
    grade.grade(course, PS, backend="plain")
    assert len(pretend) == 8, "another back end is another result"
    monkeypatch.setattr(class_run, "package_hash", lambda: "another version")
    grade.grade(course, PS, backend="plain")
    assert len(pretend) == 11


def test_what_is_missing_from_the_gradebook_is_entered_again_without_running(course, handed_in, pretend):
    handed_in("ada")
    handed_in("eve")
    grade.grade(course, PS)
    (course / "autograded" / "ada" / PS / f"{PS}.ipynb").unlink()
    with Gradebook(f"sqlite:///{course}/gradebook.db", "gdcourse") as book:
        book.remove_submission(PS, "eve")
    assert all(o.now for o in grade.grade(course, PS)) and len(pretend) == 2
    with record.Record(course, rebuilding.skeleton(course, PS)) as records:
        assert records.scores() == {"ada": 20, "eve": 20} and records.standing()[0] == {"ada", "eve"}


def test_an_extension_changes_the_penalty_without_running(course, handed_in, pretend):
    with open(course / "nbgrader_config.py", "a") as settings:
        settings.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')
    handed_in("ada")
    handed_in("ada", b"2026-03-01 15:00:00 UTC", "timestamp.txt")
    with Gradebook(f"sqlite:///{course}/gradebook.db", "gdcourse") as book:
        book.update_or_create_assignment(PS, duedate="2026-03-01 12:00:00 UTC")
        assert grade.grade(course, PS)[0].score == 0
        assert not grade.grade(course, PS)[0].now
        book.grant_extension(PS, "ada", hours=4)
    assert grade.grade(course, PS)[0].score == 20 and len(pretend) == 1


class Killed(BaseException):
    """Stands for kill -9: nothing of ours catches it."""


MOMENTS = ("before the journal", "after the journal", "in the gradebook", "before the notebook", "before it is done",
           "after it is done")  # fmt: skip


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_at_any_moment_loses_and_doubles_nothing(course, handed_in, pretend, monkeypatch, moment):
    for student in ("ada", "eve", "zoe"):
        handed_in(student)
    points = {"ada": 20, "eve": 16, "zoe": 20}
    pretend.run = lambda job: make_believe(job, passed=lambda n: job["student"] != "eve" or "spectral" not in n)

    def kill(owner, name, after=False):
        old = getattr(owner, name)

        def dying(self, *args, **kwargs):
            hit = "eve" in args or (len(args) and getattr(args[0], "student", "") == "eve")
            if hit and not after:
                raise Killed
            result = old(self, *args, **kwargs)
            if hit:
                raise Killed
            return result

        monkeypatch.setattr(owner, name, dying)

    with monkeypatch.context() as monkeypatch:
        match moment:
            case "before the journal":
                kill(journal.Journal, "add_result")
            case "after the journal":
                kill(journal.Journal, "add_result", after=True)
            case "in the gradebook":
                calls = []
                monkeypatch.setattr(_OneTransaction, "complete", lambda self: calls.append(1) or (
                    self.get_bind() and super(_OneTransaction, self).commit() if len(calls) != 2 else die()))
            case "before the notebook":
                kill(record.Record, "_write")
            case "before it is done":
                kill(journal.Journal, "add_done")
            case "after it is done":
                kill(journal.Journal, "add_done", after=True)
        with pytest.raises(Killed):
            grade.grade(course, PS)
    done = grade.grade(course, PS)
    assert {o.student: o.score for o in done} == points
    runs = [job["student"] for job in pretend]
    assert runs.count("ada") == runs.count("zoe") == 1
    assert runs.count("eve") == (2 if moment == "before the journal" else 1)
    with record.Record(course, rebuilding.skeleton(course, PS)) as records:
        assert records.scores() == points and records.standing()[0] == set(points)
    rows = sqlite3.connect(course / "gradebook.db").execute("select count(*) from submitted_assignment").fetchone()
    assert rows == (3,) and not any(o.now for o in grade.grade(course, PS))


def die():
    raise Killed


def test_a_grader_error_is_no_zero_and_is_tried_again(course, handed_in, pretend, command):
    handed_in("ada")
    handed_in("eve")
    pretend.run = lambda job: make_believe(job) if job["student"] == "ada" else pool.failed("the worker is gone.")
    result = command("grade", PS, code=3)
    assert "grader error      1           -  eve" in " ".join(result.output.split(" ")) or "eve" in result.output
    with record.Record(course, rebuilding.skeleton(course, PS)) as records:
        assert records.scores() == {"ada": 20}
    pretend.run = make_believe
    assert "had not changed" in command("grade", PS).output
    assert [job["student"] for job in pretend] == ["ada", "eve", "eve"]


def test_points_that_nbgrader_would_read_otherwise_are_not_entered(course, handed_in, pretend):
    handed_in("ada")

    def contradictory(job):
        result = make_believe(job)
        result["scores"]["spectral_step-best"] = 0
        return result

    pretend.run = contradictory
    (outcome,) = grade.grade(course, PS)
    assert outcome.status == "grader error" and "other points" in outcome.reason


def test_one_submission_that_cannot_be_entered_stops_nobody(course, handed_in, pretend, monkeypatch):
    for student in ("ada", "eve", "zoe"):
        handed_in(student)
    write = record.Record._write

    def fails(self, student, *rest):
        if student == "eve":
            raise PermissionError(13, "Permission denied")
        write(self, student, *rest)

    monkeypatch.setattr(record.Record, "_write", fails)
    done = grade.grade(course, PS)
    assert statuses(done) == {"ada": "graded", "eve": "grader error", "zoe": "graded"}
    assert done[1].reason == "could not be entered: Permission denied."


def test_a_full_disk_stops_the_run_in_words_and_the_next_one_goes_on(course, handed_in, pretend, monkeypatch):
    for student in ("ada", "eve", "zoe"):
        handed_in(student)
    def full(*_):
        raise OSError(28, "No space left on device", "x.ipynb")

    with monkeypatch.context() as patch:
        patch.setattr(record, "_replace", full)
        with pytest.raises(CourseError, match=r"x\.ipynb cannot be written: No space left on device\. What was"):
            grade.grade(course, PS)
    assert set(statuses(grade.grade(course, PS)).values()) == {"graded"} and len(pretend) == 3


def test_regrading_takes_those_of_one_status(course, handed_in, pretend, command):
    for student in ("ada", "eve", "zoe"):
        handed_in(student)
    pretend.run = lambda job: make_believe(job, "timeout" if job["student"] != "ada" else "graded", "slow")
    command("grade", PS)
    pretend.run = make_believe
    output = command("regrade", PS, "--only", "timeout", "--students", "e*").output
    assert [job["student"] for job in pretend] == ["ada", "eve", "zoe", "eve"] and "graded" in output
    assert statuses(journal.outcomes(course, PS)) == {"ada": "graded", "eve": "graded", "zoe": "timeout"}
    assert "--only must be one of graded," in command("regrade", PS, "--only", "slow", code=1).output
    assert "Nothing to grade" in command("regrade", PS, "--only", "memory").output


def test_a_rehearsal_writes_nothing(course, handed_in, pretend, command):
    handed_in("ada")
    handed_in("eve", b"{")
    command("grade", PS, "--students", "ada")
    handed_in("zoe")
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    lines = command("grade", PS, "--dry-run").output.splitlines()
    assert lines[0] == "ada  done before" and lines[1].startswith("eve  rejected: The notebook is damaged")
    assert lines[2] == "zoe  to run" and len(pretend) == 1
    assert before == {path: path.read_bytes() for path in course.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_names_are_neither_formulas_nor_codes_for_a_terminal(course, handed_in, pretend, command):
    names = ("=1+1", "-2", "\r=1+1", "x\x1b]0;title\x07\x1b[2J")
    for student in names:
        handed_in(student)
    handed_in("ada")
    book = course / "submitted" / "ada" / PS / f"{PS}.ipynb"
    book.rename(book.with_name("x;=1+1.ipynb"))
    said = [command("grade", PS, "--dry-run").output, command("grade", PS).output, command("status", PS).output]
    assert not [text for text in said if set("\x1b\x07\r") & set(text)] and len(pretend) == 1
    for name in (f"{PS}.csv", f"{PS}-nbgrader.csv"):
        table = (course / "reports" / name).read_text()
        assert not re.search("[\x1b\r;]", table), table
        fields = [field for row in csv.reader(table.splitlines()) for field in row]
        assert not [field for field in fields if field[:1] in ("=", "+", "-", "@")]


def test_the_tables(course, handed_in, pretend, command):
    for student in ("ada", "eve", "zoe"):
        handed_in(student)
    handed_in("kim", b"{")
    pretend.run = lambda job: make_believe(
        job, *(("memory", "=1+1 took all memory.") if job["student"] == "eve" else ("graded", "")),
        passed=lambda name: name.startswith("spectral") or job["student"] == "ada")  # fmt: skip
    with Gradebook(f"sqlite:///{course}/gradebook.db", "gdcourse") as book:
        book.add_student("idle")
    lines = command("grade", PS).output.splitlines()
    start = lines.index("status    count  mean score  who needs a look")
    assert lines[start + 1 : start + 4] == [
        "graded        2       12.00",
        "rejected      1        0.00  kim",
        "memory        1        4.00  eve",
    ]
    assert lines[-2:] == [f"Grades: {course}/reports/ps03.csv", f"Report: {course}/reports/ps03.html"]
    rows = {row["student"]: row for row in csv.DictReader(open(course / "reports" / "ps03.csv"))}
    assert {s: (r["status"], r["score"]) for s, r in rows.items()} == {
        "ada": ("graded", "20.0"), "eve": ("memory", "4.0"), "zoe": ("graded", "4.0"), "kim": ("rejected", "0.0"),
        "idle": ("missing", "")}  # fmt: skip
    assert rows["eve"]["reason"] == "'=1+1 took all memory.", "no spreadsheet shall compute that"
    theirs = {row["student_id"]: row["score"] for row in csv.DictReader(open(course / "reports" / "ps03-nbgrader.csv"))}
    assert theirs == {"ada": "20.0", "eve": "4.0", "zoe": "4.0", "kim": "0.0", "idle": "0.0"}
    handed_in("new")
    assert command("status", PS).output.splitlines() == [
        "ada   graded          20",
        "eve   memory           4  =1+1 took all memory.",
        "idle  missing          -  Nothing was handed in.",
        "kim   rejected         0  The notebook is damaged, in line 1: it does not open in Jupyter either. "
        "Hand it in again once it does.",
        "new   not graded yet   -",
        "zoe   graded           4",
    ]
    story = command("explain", "eve", PS).output
    for words in ("eve, ps03: memory, 4 points", "=1+1 took all memory.", "ok  1 of 1  spectral_step, best",
                  "no  0 of 1  run_until, converged", "      run_until-converged is wrong", "What next: Look for an"):
        assert words in story
    assert "Those who are: gdcourse status ps03" in command("explain", "nobody", PS, code=1).output
    assert set(tables.NEXT) == set(STATUSES) == {"graded", "graded with notes", *tables.LOOK}


def test_marks_given_by_hand_count_everywhere(course, handed_in, pretend, command):
    handed_in("ada")
    command("grade", PS)
    with Gradebook(f"sqlite:///{course}/gradebook.db", "gdcourse") as book:
        grade = book.find_grade("spectral_step-best", PS, PS, "ada")
        grade.manual_score, grade.needs_manual_grade = 0.25, True
        book.db.commit()
    assert command("status", PS).output.split()[:3] == ["ada", "graded", "19.25"]
    story = command("explain", "ada", PS).output
    assert "ada, ps03: graded, 19.25 points" in story and "formgrader: spectral_step-best." in story
    assert "What next: Grade by hand what waits" in story
    command("report", PS)
    (row,) = csv.DictReader(open(course / "reports" / "ps03.csv"))
    assert row["score"] == "19.25"
    assert "graded      1       19.25" in command("grade", PS).output


def test_no_course_no_gradebook_no_submission(course, command, tmp_path, pretend):
    assert "Nothing to grade" in command("grade", PS).output
    assert "no folder submitted/STUDENT/ps03" in command("status", PS, code=1).output
    assert "Assignments here: ps03" in command("grade", "ps99", code=1).output
    (course / "gradebook.db").unlink()
    (course / "submitted" / "ada" / PS).mkdir(parents=True)
    assert "Run: gdcourse assign ps03" in command("grade", PS, code=1).output
    assert "Invalid value for '--backend'" in command("grade", PS, "--backend", "none", code=2).output


def test_what_lies_where_nobody_looks_is_named(course, handed_in, pretend, command):
    handed_in("ada")
    (course / "submitted" / "bob" / "PS03").mkdir(parents=True)
    (course / "submitted" / "cleo").mkdir()
    (course / "submitted" / "cleo" / "ps03.ipynb").write_text("{}")
    (course / "submitted" / "cleo" / "notes.txt").write_text("")
    said = command("grade", PS).output
    assert said.count("Passed over") == 2 and "bob/PS03" in said and "cleo/ps03.ipynb" in said


@pytest.mark.parametrize(("settings", "words"), [
    ("c.x = (", "nbgrader_config.py cannot be read, line"),
    ('c.AssignLatePenalties.plugin_class = "late.Late"', "asks for what cannot be had: The 'plugin_class' trait of"),
    ('c.CourseDirectory.db_url = "sqlite:////nowhere/x.db"', "sqlite:////nowhere/x.db cannot be opened: unable to"),
    ('c.CourseDirectory.db_url = "mysql+none://a:secret@b/c"', "mysql+none://a:***@b/c cannot be opened"),
], ids=["syntax", "plugin", "folder", "driver"])  # fmt: skip
def test_settings_that_cannot_be_used_are_told_in_words(course, handed_in, pretend, command, settings, words):
    handed_in("ada")
    with open(course / "nbgrader_config.py", "a") as file:
        file.write(f"\n{settings}\n")
    said = command("grade", PS, code=1).output
    assert words in said and "Traceback" not in said, said


def test_without_a_sandbox_it_says_so(course, handed_in, pretend, command):
    handed_in("ada")
    assert "WITHOUT A SANDBOX" in command("grade", PS, "--backend", "plain").output
    assert [row["back end"] for row in csv.DictReader(open(course / "reports" / "ps03.csv"))] == ["plain"]


def test_ctrl_c_says_how_to_go_on(course, handed_in, pretend, command):
    handed_in("ada")
    handed_in("eve")
    pretend.run = lambda job: make_believe(job) if job["student"] == "ada" else (_ for _ in ()).throw(KeyboardInterrupt)
    assert "the same command goes on from there" in command("grade", PS, code=130).output
    assert statuses(journal.outcomes(course, PS)) == {"ada": "graded"}


def test_feedback_is_written_for_everyone_graded(course, handed_in, pretend, command):
    handed_in("ada")
    handed_in("eve", b"{")
    assert "nobody's ps03 is graded yet" in command("feedback", PS, code=1).output
    command("grade", PS)
    assert "Feedback: " in command("feedback", PS, "--workers", "1").output
    assert f"{PS}: 20 of 20 points" in (course / f"feedback/ada/{PS}/{PS}.html").read_text()
    assert "This submission could not be graded." in (course / f"feedback/eve/{PS}/{PS}.html").read_text()


# The pool, with processes


def echo(job, tries):
    """What a worker of the tests does: die as often as its job says, or tell its process."""
    with open(job["file"], "a") as file:
        file.write("x")
    with open(job["file"]) as file:
        if len(file.read()) <= job["deaths"]:
            os.kill(os.getpid(), signal.SIGKILL)
    return {"pid": os.getpid(), "job": job["name"]}


def serve(pipe, ps, backend):
    try:
        while True:
            pipe.send_bytes(json.dumps({"result": echo(json.loads(pipe.recv_bytes()), 0)}).encode())
    except EOFError:
        pass


def test_losing_a_worker_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "serve", serve)
    deaths = {"ada": 0, "eve": 1, "kim": 2, "zoe": 0}
    jobs = [(name, {"name": name, "file": str(tmp_path / name), "deaths": n, "limits": {}})
            for name, n in deaths.items()]  # fmt: skip
    with pool.Pool(2, "ps03", "plain") as workers:
        results = dict(workers.run(jobs))
        processes = [worker.process for worker in workers.free]
    assert set(results) == set(deaths)
    assert all(results[name]["job"] == name for name in ("ada", "eve", "zoe"))
    assert results["kim"]["status"] == "grader error"
    assert results["kim"]["reason"].startswith("the process that ran it went away, twice")
    assert (tmp_path / "kim").read_text() == "xx" and (tmp_path / "ada").read_text() == "x"
    assert not any(process.is_alive() for process in processes)


def test_a_worker_that_hangs_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "serve", hang)
    monkeypatch.setattr(pool, "OVERDUE", 0)
    monkeypatch.setattr(pool, "PATIENCE", 0)
    with pool.Pool(1, "ps03", "plain") as workers:
        results = dict(workers.run([("ada", {"limits": {"seconds": 0.1}})]))
    assert results["ada"]["status"] == "grader error"


def hang(pipe, ps, backend):
    signal.pause()


def test_a_machine_without_a_sandbox_runs_nothing(monkeypatch):
    def refuse(job):
        raise bubblewrap.SandboxError("apt install bubblewrap, or --backend plain")

    monkeypatch.setattr("gdcourse.grading.running.execute.execute", refuse)
    with pytest.raises(CourseError, match="apt install bubblewrap"):
        pool.result_of(pool.run_one(b"{}"))
    monkeypatch.setattr("gdcourse.grading.running.execute.execute", lambda job: 1 / 0)
    assert pool.result_of(pool.run_one(b"{}"))["status"] == "grader error"


def test_starting_does_not_build_what_no_notebook_needs():
    code = "import sys, gdcourse.grading.gradebook.record; sys.exit('lark' in sys.modules)"
    assert not subprocess.run([sys.executable, "-c", code]).returncode


def test_a_worker_starts_before_nbgrader_is_loaded():
    code = "import sys, gdcourse.grading.grade; sys.exit(bool({'nbgrader', 'nbformat', 'jupytext'} & set(sys.modules)))"
    assert not subprocess.run([sys.executable, "-c", code]).returncode
