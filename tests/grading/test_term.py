"""A term's daily work: days of grace, dropped exercises, other points, who has left, and what was handed in before."""

import json

import nbformat
import pytest
from nbgrader.api import Gradebook

from gdcourse.grading import grade
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import nbgrader
from gdcourse.grading.course.term import term
from gdcourse.grading.gradebook.preprocessor import Judge
from gdcourse.grading.gradebook.reading import read
from gdcourse.grading.gradebook.record import scores_of
from gdcourse.grading.running import execute
from tests.grading.conftest import PS, make_believe

pytestmark = pytest.mark.thorough

LACKING = {"ada": (), "eve": ("run_until",), "kim": ("run_until", "spectral")}


@pytest.fixture
def handed_in(course, ours, pretend):
    """A course in which three students are graded: all right, run_until wrong, and two exercises wrong."""
    pretend.run = lambda job: make_believe(job, passed=lambda name: not name.startswith(LACKING[job["student"]]))
    for student in LACKING:
        folder = course / "submitted" / student / PS
        folder.mkdir(parents=True)
        (folder / f"{PS}.ipynb").write_text(json.dumps(ours.notebook), "utf-8")
    grade.grade(course, PS)
    return course


def totals(course):
    return {entry.student: entry.total for entry in read(course, PS, notebooks=False)[0]}


def worth(course, name):
    return sum(points for cell, points in read(course, PS, notebooks=False)[2].items() if cell.startswith(name))


def test_a_dropped_exercise_is_shown_first_and_moves_marks_when_it_is_entered(handed_in, command, pretend):
    course, before = handed_in, totals(handed_in)
    assert before == {"ada": 20, "eve": 20 - worth(course, "run_until"), "kim": 16 - worth(course, "run_until")}
    lost, ran = worth(course, "run_until"), len(pretend)
    (course / "term.toml").write_text(f"[{PS}.points]\nrun_until = 0\n")
    said = command("points", PS).output
    assert f"run_until: {lost:g} points, 0 from now on" in said and f"ada: 20, {20 - lost:g} from now on" in said
    assert "eve" not in said and f"1 of 3 marks move, out of 20, {20 - lost:g} from now on." in said
    assert totals(course) == before
    said = command("points", PS, "--apply").output
    assert totals(course) == {"ada": 20 - lost, "eve": before["eve"], "kim": before["kim"]}
    assert worth(course, "run_until") == 0 and len(pretend) == ran, "nothing is run again"
    assert "changes no points" not in said and "changes no points" in command("points", PS).output
    assert "0 of 0  run_until" in command("explain", "ada", PS).output
    (course / "term.toml").unlink()
    command("points", PS, "--apply")
    assert totals(course) == before, "and all of it can be taken back"


def test_other_points_are_shared_out_as_before(handed_in, command):
    course = handed_in
    cells = {c: p for c, p in read(course, PS, notebooks=False)[2].items() if c.startswith("spectral")}
    (course / "term.toml").write_text(f"[{PS}.points]\nspectral_step = {3 * sum(cells.values()):g}\n")
    command("points", PS, "--apply")
    assert {c: read(course, PS, notebooks=False)[2][c] for c in cells} == {c: 3 * p for c, p in cells.items()}
    assert totals(course)["ada"] == 20 + 2 * sum(cells.values())
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        assert book.find_assignment(PS).max_score == 20 + 2 * sum(cells.values())


def test_everyone_who_handed_in_has_the_points(handed_in, command, course):
    (course / "submitted" / "zoe" / PS).mkdir(parents=True)
    (course / "submitted" / "zoe" / PS / f"{PS}.ipynb").write_text("{")
    lost, before = worth(course, "run_until"), totals(course)
    (course / "term.toml").write_text(f'[{PS}.points]\nrun_until = "everyone"\n')
    assert f"eve: {before['eve']:g}, 20 from now on" in command("points", PS).output
    command("points", PS, "--apply")
    assert totals(course) == {"ada": 20, "eve": 20, "kim": before["kim"] + lost, "zoe": 0}
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        waits = [grade.needs_manual_grade for grade in book.find_submission_notebook(PS, PS, "eve").grades]
    assert not any(waits)
    (course / "term.toml").unlink()
    said = command("points", PS).output
    assert f"eve: 20, {before['eve']:g} from now on" in said and f"kim: {before['kim'] + lost:g}" in said
    command("points", PS, "--apply")
    assert totals(course) == before | {"zoe": 0}


def test_what_a_person_has_given_stays(handed_in, command, course):
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        grades = {grade.name: grade for grade in book.find_submission_notebook(PS, PS, "eve").grades}
        cell = next(name for name in grades if name.startswith("run_until"))
        grades[cell].manual_score = 0.5
        book.db.commit()
    before = totals(course)["eve"]
    (course / "term.toml").write_text(f'[{PS}.points]\nrun_until = "everyone"\n')
    after = before + worth(course, "run_until") - read(course, PS, notebooks=False)[2][cell]
    assert f"eve: {before:g}, {after:g} from now on" in command("points", PS).output
    command("points", PS, "--apply")
    assert totals(course)["eve"] == after


def test_nbgraders_own_autograde_gives_everyone_the_points(course, ours, monkeypatch):
    make_believe.marked = ours.marked
    monkeypatch.setattr(execute, "execute", lambda job: make_believe(job, passed=lambda name: False))
    monkeypatch.chdir(course)
    names = {"nbgrader": {"student": "eve", "assignment": PS, "notebook": PS}}
    for text, given in (("", 0), (f'[{PS}.points]\nrun_until = "everyone"\n', worth(course, "run_until"))):
        (course / "term.toml").write_text(text)
        notebook, _ = Judge().preprocess(nbformat.from_dict(ours.notebook), names)
        assert sum(scores_of(notebook).values()) == given
    said = [output.text for cell in notebook.cells for output in cell.get("outputs", ()) if "text" in output]
    assert sum(text.startswith("Everyone has these points.\nrun_until") for text in said) > 1


def test_days_of_grace_take_a_penalty_back(handed_in, command, course):
    nbgrader(course, "db", "assignment", "add", PS, "--duedate", "2026-03-01 18:00:00 UTC")
    for student in ("ada", "eve"):
        (course / "submitted" / student / PS / "timestamp.txt").write_text("2026-03-03 17:00:00 UTC\n")
    (course / "late.py").write_text(
        "from nbgrader.plugins import BasePlugin\nclass Two(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n        return 2\n"
    )
    with open(course / "nbgrader_config.py", "a") as settings:
        settings.write('\nc.AssignLatePenalties.plugin_class = "late.Two"\n')
    before = totals(course)
    command("grade", PS)
    assert totals(course) == before | {"ada": 18, "eve": before["eve"] - 2}
    (course / "term.toml").write_text(f"[{PS}.extensions]\nada = 2\n")
    command("grade", PS)
    assert totals(course) == before | {"eve": before["eve"] - 2}
    (course / "term.toml").write_text(f"[{PS}.extensions]\nada = 0\n")
    command("grade", PS)
    assert totals(course)["ada"] == 18


def test_what_would_move_is_shown_before_anything_is_entered(handed_in, command, course, ours, pretend):
    before, spectral, ran = totals(course), worth(course, "spectral"), len(pretend)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        grades = {grade.name: grade for grade in book.find_submission_notebook(PS, PS, "kim").grades}
        given = next(name for name in grades if name.startswith("run_until"))
        grades[given].manual_score = 0.5
        book.db.commit()
    before["kim"] += 0.5
    assert "0 of 3 marks move." in command("grade", PS, "--preview").output and len(pretend) == ran
    (course / "submitted" / "eve" / PS / f"{PS}.ipynb").write_text("{")
    for student in ("joe", "kim"):
        book = json.loads(json.dumps(ours.notebook))
        next(c for c in book["cells"] if c["id"] == "spectral_step")["source"] = "def spectral_step(H): return 1"
        (course / "submitted" / student / PS).mkdir(parents=True, exist_ok=True)
        (course / "submitted" / student / PS / f"{PS}.ipynb").write_text(json.dumps(book), "utf-8")
    pretend.run = lambda job: make_believe(job, passed=lambda name: not name.startswith("run_until"))
    said = command("grade", PS, "--preview").output.splitlines()
    without = 20 - worth(course, "run_until")
    assert [line for line in said if "from now on" in line] == [
        f"eve: {before['eve']:g}, 0 from now on", f"joe: not entered yet, {without:g} from now on",
        f"kim: {before['kim']:g}, {without + 0.5:g} from now on"]  # fmt: skip
    assert "2 of 3 marks move." in said and spectral and totals(course) == before and len(pretend) == ran + 2
    command("grade", PS)
    assert len(pretend) == ran + 2, "what was looked at is not run again"
    assert totals(course) == before | {"eve": 0, "joe": without, "kim": without + 0.5}
    pretend.run = lambda job: {"status": "grader error", "reason": "the machine is too busy."}
    (course / "term.toml").write_text(f"[{PS}.feedback]\nhint = 1\n")
    assert "ada: grader error, the machine is too busy." in command("grade", PS, "--preview").output
    assert "--preview runs what has changed" in command("grade", PS, "--preview", "--force", code=1).output


def test_a_course_chooses_how_much_a_verdict_says(handed_in, command, course, pretend):
    assert not any("hint" in job for job in pretend)
    pretend.clear()
    (course / "term.toml").write_text(f"[{PS}.feedback]\nhint = 1\n")
    command("grade", PS)
    assert [job["hint"] for job in pretend] == [1, 1, 1]


@pytest.mark.parametrize(("text", "words"), [
    ("[ps03.feedback]\nhint = 4\n", "a hint of 1, 2, 3"),
    ('[ps03.groups]\nteam = "Ada"\n', "a group is a list of names"),
    ('[ps03.groups]\none = ["Ada", "Kim"]\ntwo = ["Kim"]\n', "Kim is in two groups of ps03"),
    ("[ps03.feedback]\nladder = 1\n", "a hint of 1, 2, 3"),
    ("[ps03.points\n", "term.toml cannot be read"),
    ("[ps3.points]\nrun_until = 1\n", "every heading is an assignment's"),
    ("[ps03.grades]\nrun_until = 1\n", "every heading is an assignment's"),
    ("[ps03.points]\nrun_untill = 1\n", "no exercise 'run_untill'; it has "),
    ("[ps03.points]\nrun_until = -1\n", "a number of points from 0"),
    ('[ps03.points]\nrun_until = "all"\n', "a number of points from 0"),
    ('[ps03.extensions]\nada = "two"\n', "a number of days from 0"),
    ("[ps03.extensions]\nada = true\n", "a number of days from 0"),
], ids=["hint", "no-list", "two-groups", "ladder", "toml", "assignment", "part", "exercise", "negative", "word", "days",
        "true"])  # fmt: skip
def test_a_file_that_cannot_be_meant_is_said(tmp_path, text, words):
    (tmp_path / "term.toml").write_text(text)
    with pytest.raises(CourseError) as said:
        term(tmp_path, PS)
    assert words in str(said.value) and "term.toml" in str(said.value)


def test_who_has_left_is_in_no_table_and_nothing_of_hers_is_lost(handed_in, command, course):
    said = command("remove", "kim").output
    aside = course / ".grading" / "removed" / "kim"
    assert str(aside) in said.replace("\n", "") and (aside / "submitted" / PS / f"{PS}.ipynb").is_file()
    command("report", PS)
    assert "kim" not in command("status", PS).output + (course / "reports" / f"{PS}.csv").read_text()
    assert "kim" not in (course / "reports" / f"{PS}-nbgrader.csv").read_text()
    assert set(totals(course)) == {"ada", "eve"}
    for nobody in ("kim", ".", "..", "ada/.."):
        assert f"nobody is called '{nobody}'" in command("remove", nobody, code=1).output
    assert (course / "submitted" / "ada").is_dir()
    (aside / "submitted").rename(course / "submitted" / "kim")
    command("grade", PS)
    assert "kim" in command("status", PS).output, "and she may come back"


def test_the_history_of_a_student(handed_in, command, course, ours, pretend):
    pretend.run = lambda job: make_believe(job)
    book = json.loads(json.dumps(ours.notebook))
    next(c for c in book["cells"] if c["id"] == "spectral_step")["source"] = "def spectral_step(H): return 1"
    (course / "submitted" / "kim" / PS / f"{PS}.ipynb").write_text(json.dumps(book), "utf-8")
    grade.grade(course, PS)
    lines = command("history", "kim").output.splitlines()
    assert len(lines) == 2 and all(line.startswith(PS) and " UTC" in line for line in lines)
    assert lines[0].split()[5] == f"{totals(course)['kim'] - worth(course, 'run_until') - 4:g}" and "20" in lines[1]
    assert "nothing of joe was ever graded" in command("history", "joe", code=1).output
