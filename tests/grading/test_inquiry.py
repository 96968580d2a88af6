"""A student objects: her answer on one page with its evidence, and accepted, for her and for whoever did the same."""

import json
import os
import shutil

import numpy as np
import pytest

from gdcourse import checks
from gdcourse.checks import judging
from gdcourse.grading.authoring.assign import assign
from gdcourse.grading.authoring.own import begin
from gdcourse.grading.course.accepted import accepted, write_accepted
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.grade import grade
from gdcourse.grading.gradebook.reading import read
from gdcourse.grading.report.inquiry import taken_out
from tests.conftest import needs_sandbox

HW = "hw1"
HELPER = "from math import fabs as absolute\n\ndef total(numbers):\n    return sum(absolute(x) for x in numbers)"
ANSWERS = {
    "ada <b>": "def steepness(g):\n    return float(total(g))",  # the other norm, with a helper in a cell of her own
    "eve": "def steepness(g):\n    return float(np.abs(g).sum())",  # the same, written otherwise
    "joe": "def steepness(g):\n    return float(np.sqrt(g @ g))",
    "kim": "def steepness(g):\n    return float(g.sum())",
    "lou": "def steepness(g):\n    raise ValueError('<b>no</b>')",
    "zoe": "def steepness(g):\n    g *= 0\n    return 0.0",
}


@pytest.fixture
def course(request, tmp_path, monkeypatch):
    """A course with an assignment of its own, about the length of a gradient."""
    shutil.copy(request.config.rootpath / "exercises" / "nbgrader_config.py", tmp_path)
    monkeypatch.setenv("GDCOURSE_COURSE", str(tmp_path))
    begin(tmp_path, HW)
    return tmp_path


def hand_in(course, student, answer):
    release = json.loads((course / "release" / HW / f"{HW}.ipynb").read_text("utf-8"))
    at = next(n for n, c in enumerate(release["cells"]) if c["metadata"].get("nbgrader", {}).get("solution"))
    release["cells"][at]["source"] = answer
    own = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "id": "own"}
    release["cells"][at:at] = [{**own, "source": HELPER}, {**own, "source": "noise = [1 / 0]", "id": "noise"}]
    folder = course / "submitted" / student / HW
    folder.mkdir(parents=True)
    (folder / f"{HW}.ipynb").write_text(json.dumps(release), "utf-8")


@pytest.fixture(scope="module")
def all_graded(request, tmp_path_factory):
    """A course in which six have handed in, and are graded."""
    needs_sandbox()
    course = tmp_path_factory.mktemp("all") / "course"
    course.mkdir()
    shutil.copy(request.config.rootpath / "exercises" / "nbgrader_config.py", course)
    begin(course, HW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GDCOURSE_COURSE", str(course))
        assign(course, HW)
        for student, answer in ANSWERS.items():
            hand_in(course, student, answer)
        grade(course, HW, workers=1)
    return course


@pytest.fixture
def graded(all_graded, course):
    """The course, in which six have handed in, and are graded."""
    shutil.copytree(all_graded, course, dirs_exist_ok=True)
    assert totals(course) == {"ada <b>": 0, "eve": 0, "joe": 3, "kim": 0, "lou": 0, "zoe": 0}
    return course


def totals(course):
    return {entry.student: entry.total for entry in read(course, HW, notebooks=False)[0]}


@pytest.mark.thorough
def test_an_objection_is_packed_and_what_is_accepted_counts_for_whoever_did_the_same(graded, command):
    course, before = graded, totals(graded)
    (course / "words.txt").write_text("How steep? <script>alert(1)</script>\x1b[2J By which norm, it does not say.")
    said = command("inquiry", "ada <b>", HW, "steepness-length", "--words", str(course / "words.txt")).output
    assert "length of the gradient" in " ".join(said.split()) and "of 4 cases fail." in said and "--accept" in said
    page = (course / "reports" / f"{HW}-inquiries" / "ada _b_-steepness-length.html").read_text("utf-8")
    assert "&lt;script&gt;alert(1)" in page and "<script" not in page and "\x1b" not in page and "<b>" not in page
    assert "return float(total(g))" in page and "fabs as absolute" in page and "noise" not in page
    assert "How steep? (3 points)" in page and page.count("<dt>expected</dt>") >= 3 and "<dt>came</dt>" in page
    assert not (course / "accepted").exists() and totals(course) == before

    said = command("inquiry", "ada <b>", HW, "steepness-length", "--accept", "by which norm\nis not said").output
    assert "ada <b>: 0, 2 from now on" in said and "eve: 0, 2 from now on" in said and "2 of 6 marks move." in said
    assert not any(f"{name}:" in said.split("Accepted")[1] for name in ("joe", "kim", "lou", "zoe"))
    (path,) = (course / "accepted" / HW).iterdir()
    head = json.loads(path.read_text("utf-8").split("\n")[0].removeprefix("# "))
    assert head == {"exercise": "steepness", "behaviours": ["length"], "student": "ada <b>",
                    "why": "by which norm is not said"}  # fmt: skip
    assert totals(course) == before, "nothing moves before it is entered"
    said = command("inquiry", "ada <b>", HW, "steepness-length", "--accept", "twice", code=1).output
    assert "is accepted already" in said

    assert "run before, not entered yet" in command("grade", HW, "--dry-run").output
    command("grade", HW, "--workers", "1")
    assert totals(course) == before | {"ada <b>": 2, "eve": 2}
    assert "0 of 6 marks move." in command("grade", HW, "--preview", "--workers", "1").output
    path.unlink()
    assert "eve: 2, 0 from now on" in command("grade", HW, "--preview", "--workers", "1").output
    command("grade", HW)
    assert totals(course) == before, "and it can be taken back"


@pytest.mark.thorough
def test_what_anybody_would_have_points_by_is_not_accepted(graded, command):
    for student, words in (("zoe", "a function that returns 0 would have the points of 'length'"),
                           ("lou", "stops with an error")):  # fmt: skip
        assert words in command("inquiry", student, HW, "steepness", "--accept", "please", code=1).output
    hand_in(graded, "tim", "def steepness(g):\n    return float(total(g)) + 1e-3\n\ndel total")
    assert "nothing of tim is graded" in command("inquiry", "tim", HW, "steepness", code=1).output
    assert "all the points" in command("inquiry", "joe", HW, "steepness", code=1).output
    assert "no graded cell 'gravity'" in command("inquiry", "eve", HW, "gravity", code=1).output
    assert "say why" in command("inquiry", "eve", HW, "steepness", "--accept", " ", code=1).output
    shutil.rmtree(graded / "submitted" / "eve")
    hand_in(graded, "eve", ANSWERS["joe"])
    assert "is not what was graded" in command("inquiry", "eve", HW, "steepness", code=1).output
    assert not (graded / "accepted").exists()


@pytest.mark.thorough
def test_an_accepted_answer_is_run_in_the_sandbox_alone(graded, command, monkeypatch):
    (graded / "secret.txt").write_text("41")
    reads = f"""
import os
os.environ["TAKEN"] = "yes"
try:
    open({str(graded / "out.txt")!r}, "w").write("was here")
except OSError:
    pass
seen = os.path.exists({str(graded / "secret.txt")!r})
def steepness(g):
    print("the oracle", g, seen)
    return float(sum(abs(g))) + 1000 * seen
"""
    write_accepted(graded, HW, "steepness-mallory", reads, exercise="steepness", behaviours=["length"],
                   student="mallory", why="tried")  # fmt: skip
    monkeypatch.delenv("TAKEN", raising=False)
    said = command("grade", HW, "--workers", "1").output
    assert totals(graded)["eve"] == 2 and "the oracle" not in said + command("explain", "eve", HW).output
    assert "TAKEN" not in os.environ and not (graded / "out.txt").exists()
    write_accepted(graded, HW, "steepness-nobody", "import os\nos._exit(1)", exercise="steepness",
                   behaviours=["length"], student="nobody", why="tried")  # fmt: skip
    said = command("grade", HW, "--workers", "1", code=3).output
    assert "grader error" in said and "accepted/hw1/steepness-nobody.py" in command("status", HW).output
    assert totals(graded)["eve"] == 2, "nobody loses points by a fault of the grader's"


def test_code_is_taken_out_with_what_it_needs_and_no_more():
    texts = ["import numpy as np", "c = 1\nimport math", "def g(x):\n    return h(x) * np.pi", "def f(x): return 0",
             "plot(f(2))", "def f(x):\n    c = g(x)\n    return c", "def h(x): return x", "%%time\nd = 3"]  # fmt: skip
    assert taken_out(texts, ("f",)) == [texts[n] for n in (0, 2, 5, 6)]
    assert taken_out(texts, ("d",)) == ["%%time\nd = 3"]
    assert taken_out(["!ls\ndef f(x): return k", "k = 2"], ("f",)) == ["!ls\ndef f(x): return k", "k = 2"]
    assert taken_out(texts, ("nothing",)) == []
    assert taken_out(["import a.b", "from c import (d, e as f)", "import"], ("a", "f")) == ["import a.b",
                                                                                           "from c import (d, e as f)"]


HARD = {
    "blanks": "import x" + " " * 2_000_000 + "y", "from": "from " * 400_000, "lines": "import\n" * 200_000,
    "nested": "(" * 1_000_000, "minus": "-" * 1_000_000 + "1", "escape": "'\\d'", "is": "f is 1",
    "commas": "import " + "a, " * 100_000, "word": f"from {'a' * 2_000_000}\n", "zero": "0\0",
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_no_text_of_a_student_keeps_it_long_or_is_printed(name, capfd):
    text = f"f = 1\n{HARD[name]}"
    assert taken_out([text, "g = 1"], ("f", "nobody")) == [text]
    assert capfd.readouterr() == ("", "")


def test_runs_that_are_right_or_come_out_as_the_accepted_ones_are_accepted(course):
    (exercise,) = checks.assignment(HW).exercises
    length = exercise.behaviours[0]

    def runs(f):
        return judging.answers(exercise, f, 3)(length)

    def fails(g):
        raise NotImplementedError

    other = runs(lambda g: float(np.abs(g).sum()))
    assert judging.comes_out_as(exercise, length, 3, runs(lambda g: sum(map(abs, g))), other)
    assert judging.comes_out_as(exercise, length, 3, runs(exercise.reference), other)
    assert not judging.comes_out_as(exercise, length, 3, runs(lambda g: float(g.sum())), other)
    assert not judging.comes_out_as(exercise, length, 3, runs(fails), runs(fails)), "or all who wrote nothing have it"
    for hostile in ({}, "text", [[]], float("nan"), {"g": None}):
        assert not judging.comes_out_as(exercise, length, 3, other, runs(lambda g, hostile=hostile: hostile))


@pytest.mark.parametrize("first", ["", "import os", "# {", "# []", "# {}", '# {"exercise": "steepness"}',
                                   '# {"exercise": "s", "behaviours": ["length"], "student": "a", "why": "b"}',
                                   '# {"exercise": "steepness", "behaviours": [], "student": "a", "why": "b"}',
                                   '# {"exercise": "steepness", "behaviours": ["x"], "student": "a", "why": "b"}',
                                   '# {"exercise": "steepness", "behaviours": [[]], "student": "a", "why": "b"}'])
def test_a_file_that_does_not_say_what_it_counts_for_is_named(course, first):
    (course / "accepted" / HW).mkdir(parents=True)
    (course / "accepted" / HW / "odd.py").write_text(f"{first}\ndef steepness(g): return 0\n")
    with pytest.raises(CourseError, match=r"odd\.py: the first line"):
        accepted(course, HW)


def test_what_is_written_is_read_again(course):
    source = "\ndef steepness(g):\n    return '''# {\"exercise\": 1}\u2028'''\r"
    for _ in range(2):
        write_accepted(course, HW, "odd", source, exercise="steepness", behaviours=["length"], student="a\n#b", why="c")
    first, second = accepted(course, HW)
    assert first["source"].strip() == source.strip() and first["file"] == "accepted/hw1/odd-2.py"
    assert second == {**first, "file": "accepted/hw1/odd.py"}
