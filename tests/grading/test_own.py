"""An assignment of a course's own: begun, tried, handed out and graded, beside the package's."""

import json
import shutil

import numpy as np
import pytest

from gdcourse import checks
from gdcourse.grading.authoring.own import begin, verify
from gdcourse.grading.course.directory import CourseError
from tests.conftest import needs_sandbox


@pytest.fixture
def course(request, tmp_path, monkeypatch):
    """A course with nothing but its settings and a begun assignment, hw1."""
    shutil.copy(request.config.rootpath / "exercises" / "nbgrader_config.py", tmp_path)
    monkeypatch.setenv("GDCOURSE_COURSE", str(tmp_path))
    begin(tmp_path, "hw1")
    return tmp_path


@pytest.fixture
def rewrite(course):
    """A function that replaces a piece of the specification."""

    def change(old, new):
        path = course / "hw1.py"
        text = path.read_text("utf-8")
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new), "utf-8")

    return change


def test_what_is_begun_is_sound(course, command):
    said = command("verify", "hw1", "--seeds", "5").output
    assert "forgets_the_root: 0 points" in said and said.endswith("Nothing is wrong on 5 draws.\n")
    assert checks.assignment("hw1").exercises[0].name == "steepness" and "steepness" in checks.exercises()


def test_nothing_is_written_over(course, command):
    before = (course / "hw1.py").read_bytes()
    assert "is there already, and stays as it is" in command("new", "hw1", code=1).output
    assert (course / "hw1.py").read_bytes() == before
    for name in ("ps03", "Hw2", "hw-2", "../hw2", "2hw"):
        with pytest.raises(CourseError):
            begin(course, name)
    assert sorted(path.name for path in course.glob("*.md")) == ["hw1.md"]


def test_an_assignment_that_is_nowhere_is_said(course):
    with pytest.raises(ValueError, match=r"ps must be one of ps01, .*capstone, hw1, got 'hw2'"):
        checks.assignment("hw2")


@pytest.mark.parametrize(("old", "new", "words"), [
    ("return total**0.5", "return total", "with_a_loop should be right, and has 0 points"),
    ('"np.sqrt(g @ g)", "g @ g"', '"np.sqrt(g @ g)", "np.sqrt(g @ g + 0)"', "forgets_the_root has all the points"),
    ("return float(g.sum())", "return float(g @ g)", "adds_the_components is not recognised"),
    ("return float(g.sum())", "return float(g.sum()) if len(g) < 5 else float(np.sqrt(g @ g))", ""),
    ("yield dict(g=np.array([3.0, 4.0]))\n    for d in (1, 2, 5):\n        yield dict(g=rng.normal(size=d))",
     "yield dict(g=np.zeros(2))", "a function that returns 0 has 3 points: give that behaviour cases"),
    ('sign cancel.", see="eq-grad-steepest"', 'sign cancel.", see="eq-of-mine"', "points to 'eq-of-mine'"),
])  # fmt: skip
def test_what_is_wrong_with_a_specification_is_found(rewrite, old, new, words):
    rewrite(old, new)
    lines, sound = verify("hw1", 4)
    said = "\n".join(lines)
    assert sound == (not words) and words in said and (sound or "Wrong: steepness: " in said)


def test_a_student_checks_it_where_its_module_lies(course, tmp_path_factory, monkeypatch, capsys):
    here = tmp_path_factory.mktemp("home")
    monkeypatch.delenv("GDCOURSE_COURSE")
    monkeypatch.chdir(here)

    def steepness(g):
        return g.sum()

    with pytest.raises(ValueError, match="no exercise is called 'steepness'"):
        checks.check(steepness)
    shutil.copy(course / "hw1.py", here)
    (here / "other.py").write_text("raise SystemExit('nobody asked for this')\n")
    (here / "hw1.ipynb").write_text("{}")
    checks.check(steepness, seed=1)
    assert "the components are added without their squares" in " ".join(capsys.readouterr().out.split())
    assert np.isfinite(checks.assignment("hw1").exercises[0].reference(np.ones(2)))


def test_it_is_graded_in_the_sandbox_like_any_other(course, command, rewrite):
    needs_sandbox()
    command("assign", "hw1")
    release = json.loads((course / "release" / "hw1" / "hw1.ipynb").read_text("utf-8"))
    assert not any("np.sqrt" in "".join(cell["source"]) for cell in release["cells"])
    for student, answer in (("ada", "return float(np.linalg.norm(g))"), ("eve", "return float(g.sum())")):
        solution = next(cell for cell in release["cells"] if cell["metadata"].get("nbgrader", {}).get("solution"))
        solution["source"] = f"def steepness(g):\n    {answer}"
        folder = course / "submitted" / student / "hw1"
        folder.mkdir(parents=True)
        (folder / "hw1.ipynb").write_text(json.dumps(release), "utf-8")
    command("grade", "hw1", "--workers", "1")
    assert " graded  3" in command("history", "ada").output
    assert "adds_the_components" in command("history", "eve").output
    assert "added without their squares" in " ".join(command("explain", "eve", "hw1").output.split())
    assert "ada  done before" in command("grade", "hw1", "--dry-run").output
    rewrite("# steepness: how", "# steepness, or how")
    assert "ada  to run" in command("grade", "hw1", "--dry-run").output, "what is asked may have changed"
    (course / "term.toml").write_text("[hw1.points]\nsteepness = 6\n")
    assert "ada: 3, 6 from now on" in command("points", "hw1").output
