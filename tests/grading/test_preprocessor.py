"""nbgrader's own `autograde`, with the course's settings: the same judge, and nobody stops the batch."""

import json

import nbformat
import pytest

from gdcourse import checks
from gdcourse.grading.authoring import sample
from gdcourse.grading.authoring.sample import Answer, solution_source
from gdcourse.grading.course.nbgrader import nbgrader
from gdcourse.grading.gradebook.scores import scores
from gdcourse.grading.intake import rebuilding
from tests.grading.conftest import PS


def test_the_settings_name_the_judge(request):
    settings = (request.config.rootpath / "exercises" / "nbgrader_config.py").read_text()
    for name in ("Judge", "Rebuild"):
        assert f'"gdcourse.grading.preprocessor.{name}"' in settings


def test_stock_autograde_judges_as_gdcourse_grade_does(course, ours):
    with open(course / "nbgrader_config.py", "a") as settings:
        settings.write('c.Judge.backend = "plain"\n')  # the sandbox has tests of its own
    exercises = checks.assignment(PS).exercises
    right = {e.name: Answer("", solution_source(e, e.styles[0])) for e in exercises}
    wrong = {**right, "run_until": Answer("", "def run_until(*args):\n    raise SystemExit")}
    classes = {"ada": (right, None), "eve": (wrong, "skip"), "kim": (right, "schema"), "zoe": (right, "other")}
    for student, (answers, trick) in classes.items():
        book = sample.submission(ours.notebook, answers)
        for cell in book.cells:
            mark = cell.metadata.get("nbgrader", {})
            if trick == "skip" and mark.get("grade"):
                cell.metadata["tags"] = ["skip-execution"]
            if trick == "schema" and mark:
                mark["schema_version"] = 2
            if trick == "other" and mark:
                mark["grade_id"] += "-of-another"
                cell.id, cell.source = f"{cell.id[:50]}-b", "x = 1" if mark.get("solution") else cell.source
        folder = course / "submitted" / student / PS
        folder.mkdir(parents=True)
        (folder / f"{PS}.ipynb").write_text(json.dumps(book))
    nbgrader(course, "autograde", PS)
    totals = {student: sum(row.values()) for student, row in scores(course, PS).items()}
    assert totals == {"ada": 20, "eve": 16, "kim": 20, "zoe": 0}
    rejected = nbformat.read(course / "autograded" / "zoe" / PS / f"{PS}.ipynb", 4)
    assert "None of the answers asked for" in rejected.cells[0].source
    graded = nbformat.read(course / "autograded" / "eve" / PS / f"{PS}.ipynb", 4)
    told = {c.id: c.outputs for c in graded.cells if c.cell_type == "code"}
    assert "leaves Python by exit()" in " ".join(told["run_until-converged"][0].evalue.split())
    assert told["spectral_step-best"][0].text.startswith("spectral_step, ok:")


def test_a_fault_of_ours_enters_no_score(ours, tmp_path, monkeypatch):
    from gdcourse.grading.gradebook import preprocessor

    monkeypatch.setattr(preprocessor.rebuilding, "skeleton", lambda *_: ours)
    monkeypatch.setattr(preprocessor.journal, "secret", lambda *_: bytes(32))
    failed = {"status": "grader error", "reason": "the worker is gone"}
    monkeypatch.setattr("gdcourse.grading.running.execute.execute", lambda job: failed)
    resources = {"nbgrader": {"assignment": PS, "student": "ada"}}
    with pytest.raises(preprocessor.GradingFailed, match="the worker is gone"):
        preprocessor.Judge().preprocess(nbformat.from_dict(ours.notebook), resources)


def test_what_could_not_be_read_is_not_run(ours, monkeypatch):
    from gdcourse.grading.gradebook import preprocessor

    monkeypatch.setattr(preprocessor.rebuilding, "skeleton", lambda *_: ours)
    page = rebuilding.unread(ours, "no reason")
    resources = {"nbgrader": {"assignment": PS, "student": "ada"}}
    assert preprocessor.Judge().preprocess(page, resources)[0] == page


def test_a_student_cannot_say_that_her_notebook_is_not_to_be_run(ours, monkeypatch):
    from gdcourse.grading.gradebook import preprocessor

    monkeypatch.setattr(preprocessor.rebuilding, "skeleton", lambda *_: ours)
    book = nbformat.from_dict(ours.notebook)
    book.cells[0].id = rebuilding.UNREAD
    ran = []

    def execute(job):
        ran.append(job)
        nothing = [[] for _ in job["cells"]]
        return {"status": "graded", "reason": "", "outputs": nothing, "counts": [None for _ in nothing]}

    monkeypatch.setattr("gdcourse.grading.running.execute.execute", execute)
    monkeypatch.setattr(preprocessor.journal, "secret", lambda *_: bytes(32))
    resources = {"nbgrader": {"assignment": PS, "student": "eve"}}
    rebuilt, _ = preprocessor.Rebuild().preprocess(book, resources)
    assert rebuilding.UNREAD not in [cell.id for cell in rebuilt.cells]
    preprocessor.Judge().preprocess(rebuilt, resources)
    assert len(ran) == 1
