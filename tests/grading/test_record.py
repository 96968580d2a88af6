"""The gradebook as nbgrader's own commands would have left it: formgrader, feedback and export read it."""

import csv
import stat

import nbformat
import pytest
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.plugins import CsvExportPlugin

from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import course_folders
from gdcourse.grading.gradebook import feedback as writing
from gdcourse.grading.gradebook import record
from gdcourse.grading.gradebook.feedback import feedback
from gdcourse.grading.intake import rebuilding

PS = "ps03"


@pytest.fixture
def notebook(ours):
    """A function that returns a notebook with outputs: the test cells fail that begin with a name."""

    def make(fail=("nothing",), answer="def spectral_step(H): ..."):
        raw = nbformat.from_dict(ours.notebook)
        book, _ = rebuilding.rebuild(raw, ours)
        next(c for c in book.cells if c.id == "spectral_step").source = answer
        for cell in book.cells:
            if rebuilding.kind_of(cell) == "test" and cell.metadata["nbgrader"]["grade_id"].startswith(tuple(fail)):
                cell.outputs = [nbformat.v4.new_output("error", ename="NotYet", evalue="no", traceback=["no"])]
        return book

    return make


@pytest.fixture
def book(course):
    """nbgrader's own view of the gradebook."""
    with Gradebook(f"sqlite:///{course}/gradebook.db", "gdcourse") as book:
        yield book


def grades(book, student="ada"):
    book.db.expire_all()
    (handed_in,) = book.find_submission(PS, student).notebooks
    return {grade.name: grade for grade in handed_in.grades}


def test_scores_notebook_and_time_are_where_nbgrader_looks(course, ours, notebook, book):
    with record.Record(course, ours) as records:
        score = records.enter("ada", notebook(["run_until", "standardize-columns"]), "2026-03-01 11:00:00")
        records.enter("eve", notebook())
        assert records.standing()[0] == records.students() == {"ada", "eve"}
        assert records.scores() == {"ada": score, "eve": 20}
    tests = {name: c for name, c in ours.marked.items() if rebuilding.kind_of(c) == "test"}
    points = {name: c.metadata["nbgrader"]["points"] for name, c in tests.items()}
    lost = {name: p for name, p in points.items() if name.startswith(("run_until", "standardize-columns"))}
    assert score == sum(points.values()) - sum(lost.values()) and lost
    assert {name: g.auto_score for name, g in grades(book).items()} == {
        name: 0 if name in lost else p for name, p in points.items()}  # fmt: skip
    assert not any(g.needs_manual_grade for g in grades(book).values())
    folder = course / "autograded" / "ada" / PS
    assert sorted(p.name for p in folder.iterdir()) == [f"{PS}.ipynb", "timestamp.txt"]
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o444 for p in folder.iterdir())
    nbformat.validate(nbformat.read(folder / f"{PS}.ipynb", 4))
    for name in ("ada", "eve"):
        (course / "submitted" / name / PS).mkdir(parents=True)
    (course / "submitted/ada" / PS / "timestamp.txt").write_text("2026-03-01 11:00:00 UTC")
    rows = {row["student"]: row for row in NbGraderAPI(course_folders(course)).get_submissions(PS)}
    assert all(row["autograded"] and row["submitted"] for row in rows.values()) and rows["ada"]["score"] == score


def test_an_answer_left_as_it_was_is_no_response(course, ours, notebook, book):
    with record.Record(course, ours) as records:
        records.enter("ada", notebook())
    comments = {c.name: c.auto_comment for c in book.find_submission(PS, "ada").notebooks[0].comments}
    assert comments.pop("spectral_step") is None and set(comments.values()) == {"No response."}


def test_what_was_given_by_hand_stays(course, ours, notebook, book):
    with record.Record(course, ours) as records:
        assert records.enter("ada", notebook(["run_until"])) == 16
        mine = grades(book)["spectral_step-best"]
        mine.manual_score, mine.extra_credit, mine.needs_manual_grade = 0.25, 2.0, False
        book.find_comment("spectral_step", PS, PS, "ada").manual_comment = "Nearly."
        book.db.commit()
        score = records.enter("ada", notebook(["spectral_step"]))
    after = grades(book)["spectral_step-best"]
    assert (after.auto_score, after.manual_score, after.extra_credit, after.needs_manual_grade) == (0, 0.25, 2.0, True)
    assert book.find_comment("spectral_step", PS, PS, "ada").comment == "Nearly."
    assert score == 20 - 4 + 0.25 + 2


LATE = """
from nbgrader.plugins import LateSubmissionPlugin
class Hourly(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, seconds):
        return 0.5 * round(seconds / 3600)
"""


def test_being_late_costs_what_the_course_says(course, ours, notebook, book):
    (course / "hourly.py").write_text(LATE)
    with open(course / "nbgrader_config.py", "a") as settings:
        settings.write('c.AssignLatePenalties.plugin_class = "hourly.Hourly"\n')
    book.update_or_create_assignment(PS, duedate="2026-03-01 12:00:00 UTC")
    with record.Record(course, ours) as records:
        assert records.enter("ada", notebook(), "2026-03-01 12:00:00") == 20
        assert records.enter("eve", notebook(["run_until"]), "2026-03-01 15:00:00") == 16 - 1.5
        assert records.enter("zoe", notebook(), "2026-03-09 12:00:00") == 0, "no more than all points are taken"
        book.grant_extension(PS, "eve", hours=2)
        due = records.standing()[1]
        assert due["eve"] == "2026-03-01 14:00:00" and due["ada"] == due[None] == "2026-03-01 12:00:00"
        assert records.enter("eve", notebook(["run_until"]), "2026-03-01 15:00:00") == 15.5
        assert records.enter("eve", notebook(), "2026-03-01 14:00:00") == 20
        assert records.scores() == {"ada": 20, "eve": 20, "zoe": 0}


def test_a_submission_is_in_the_gradebook_as_a_whole_or_not_at_all(course, ours, notebook, book, monkeypatch):
    with record.Record(course, ours) as records:
        records.enter("ada", notebook(["run_until"]))
        before = {name: grade.auto_score for name, grade in grades(book).items()}
        left = iter(range(5))
        monkeypatch.setattr(records._steps[1], "_add_comment", lambda *_: next(left))
        for student in ("ada", "eve"):
            with pytest.raises(StopIteration):
                while True:
                    records.enter(student, notebook(["spectral_step"]))
    assert {name: grade.auto_score for name, grade in grades(book).items()} == before
    assert "spectral_step-best" in before
    with pytest.raises(MissingEntry):
        book.find_student("eve")


def test_it_waits_for_somebody_in_formgrader_and_then_says_so(course, ours, notebook, book, monkeypatch):
    from sqlalchemy import text

    waited = []
    with record.Record(course, ours) as records:
        records.book.db.execute(text("PRAGMA busy_timeout = 10"))
        book.db.execute(text("BEGIN IMMEDIATE"))
        monkeypatch.setattr(record.time, "sleep", lambda seconds: (waited.append(seconds), book.db.rollback()))
        assert records.enter("ada", notebook()) == 20 and waited == [1]
        book.db.execute(text("BEGIN IMMEDIATE"))
        monkeypatch.setattr(record.time, "sleep", waited.append)
        with pytest.raises(CourseError, match=r"database is locked\. What was graded is kept; run"):
            records.enter("ada", notebook())


def test_what_could_not_be_run_is_entered_with_the_reason(course, ours, book):
    with record.Record(course, ours) as records:
        assert records.enter("ada", rebuilding.unread(ours, "It is damaged."), comment="It is damaged.") == 0
    assert {g.auto_score for g in grades(book).values()} == {0}
    assert {c.auto_comment for c in book.find_submission(PS, "ada").notebooks[0].comments} == {"It is damaged."}
    assert feedback(str(course), PS, "ada") == ""
    page = (course / "feedback/ada" / PS / f"{PS}.html").read_text()
    assert page.count("It is damaged.") > 2 and f"{PS}: 0 of 20 points" in page


def test_feedback_says_what_went_wrong_in_one_line(course):
    said = feedback(str(course), PS, "nobody")
    assert said and "\n" not in said


def test_a_page_that_takes_for_ever_is_given_up(course, ours, notebook, monkeypatch):
    with record.Record(course, ours) as records:
        records.enter("eve", notebook(answer="1." * 50_000))
    monkeypatch.setattr(writing, "PATIENCE", 3)
    assert "not done after 3 seconds" in feedback(str(course), PS, "eve")
    assert not [*(course / "feedback").rglob("*.html")]


def test_export_is_nbgraders(course, ours, notebook, tmp_path):
    with record.Record(course, ours) as records:
        records.enter("ada", notebook(["run_until"]), "2026-03-01 10:00:00")
        records.enrol(["idle"])
        records.export(tmp_path / "grades.csv")
        CsvExportPlugin(to=str(tmp_path / "theirs.csv"), assignment=[PS]).export(records.book)
    row, _ = csv.DictReader(open(tmp_path / "grades.csv"))
    assert (row["student_id"], row["assignment"], row["score"], row["max_score"]) == ("ada", PS, "16.0", "20.0")
    assert (tmp_path / "grades.csv").read_text() == (tmp_path / "theirs.csv").read_text()


def test_a_name_with_a_comma_shifts_no_column(course, ours, notebook, tmp_path):
    """Nor does one that is a row of its own, with full marks."""
    names = "Lovelace, Ada", 'O"Brien, Al', "Eve,Eve,Eve,eve@uni.edu,20.0,0.0,20.0,20.0"
    with record.Record(course, ours) as records:
        for name in names:
            records.enter(name, notebook(["run_until"]))
        records.export(tmp_path / "grades.csv")
    rows = {row["student_id"]: row["score"] for row in csv.DictReader(open(tmp_path / "grades.csv"))}
    assert rows == dict.fromkeys(names, "16.0")


def test_a_page_that_changed_since_it_was_assigned_is_noticed(course, ours, tmp_path):
    page = course / f"{PS}.md"
    text = page.read_text()
    page.write_text(text + '\n+++ {"nbgrader": "manual 3pt why"}\n\nBecause.\n')
    with pytest.raises(CourseError, match=r"gradebook knows: why\. Go back to the page .*0 in term.toml"):
        record.Record(course, rebuilding.skeleton(course, PS))
    page.write_text(text)
    (course / "term.toml").write_text(f"[{PS}.points]\nrun_until = 1\n")
    with pytest.raises(CourseError, match=r"asks for other points .* gdcourse points ps03 --apply"):
        record.Record(course, rebuilding.skeleton(course, PS))
    (course / "gradebook.db").unlink()
    with pytest.raises(CourseError, match=r"there is no gradebook yet\. Run: gdcourse assign ps03"):
        record.Record(course, ours)
