"""The instructor's guide, followed to the letter in a fresh copy of the course's folder: every command works."""

import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from nbgrader.api import Gradebook

from gdcourse import checks
from gdcourse.grading.authoring.sample import made_up_class, solution_name
from tests.conftest import needs_sandbox

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.thorough
GUIDE = (ROOT / "chapters" / "grading-guide.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(sh|text|python)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def run(line, folder):
    """Run a line as a shell would in the environment the guide has made; return what it said."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout + done.stderr


def says(said, shown):
    """Tell whether the lines of a block of output stand in what was said, in order; "..." stands for any lines."""
    pattern = ".*?".join(re.escape(part.strip("\n")) for part in shown.split("...\n"))
    return re.search(pattern, said, re.DOTALL)


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Return the folder in which every command of the guide was run in order, and the pairs (command, what it said)."""
    needs_sandbox()
    course = tmp_path_factory.mktemp("copy") / "exercises"
    course.mkdir()
    for page in (ROOT / "exercises").glob("*.md"):
        shutil.copy(page, course)
    shutil.copy(ROOT / "exercises" / "nbgrader_config.py", course)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    said, servers = [("", "")], []
    try:
        for number, (kind, text) in enumerate(BLOCKS):
            if kind == "text":
                assert says(said[-1][1], text), (text, said[-1])
            elif kind == "python":
                _write(course, text)
            elif number:  # the first installs
                for line in text.replace("8786", port).strip().splitlines():
                    if line.startswith("nbgrader zip_collect"):
                        _moodle(course)
                    if line.endswith(" week2"):
                        _plain(course)
                    if line.startswith("gdcourse marks"):
                        names = sorted(f"{path.name}," for path in (course / "submitted").iterdir())
                        (course / "grades.csv").write_text("\n".join(["student,ps03", *names]), "utf-8")
                    if line.endswith("&"):
                        servers.append(_start(line.removesuffix("&"), course))
                    else:
                        said.append((line, run(line, course)))
    finally:
        for server in reversed(servers):
            server.terminate()
            server.wait(30)
    return course, said[1:]


def _write(course, text):
    """Write a block of Python where its first line says. The database's is for those who have one."""
    first, body = text.split("\n", 1)
    if "late.py" in first:
        (course / "late.py").write_text(body)
    elif "at the end of nbgrader_config.py" in first:
        with open(course / "nbgrader_config.py", "a") as settings:
            settings.write(body)
    else:
        assert "db_url" in body


def _moodle(course):
    """Put an archive where the guide says, as Moodle makes it."""
    (course / "downloaded" / "ps03" / "archive").mkdir(parents=True)
    with zipfile.ZipFile(course / "downloaded" / "ps03" / "archive" / "moodle.zip", "w") as archive:
        archive.write(course / "submitted" / "s0002" / "ps03" / "ps03.ipynb",
                      "Ada Lovelace_314_assignsubmission_file_/ps03.ipynb")  # fmt: skip


def _plain(course):
    """Put a notebook of nobody's where the guide says; and hand it in, as soon as there is something to hand in."""
    folder, release = course / "source" / "week2", course / "release" / "week2" / "week2.ipynb"
    if release.is_file():
        (course / "submitted" / "s0001" / "week2").mkdir(parents=True, exist_ok=True)
        shutil.copy(release, course / "submitted" / "s0001" / "week2")
    else:
        folder.mkdir(parents=True)
        mark = {"grade": False, "solution": True, "locked": False, "task": False, "schema_version": 3}
        test = {**mark, "grade": True, "solution": False, "locked": True, "grade_id": "test", "points": 2}
        cells = [nbformat.v4.new_code_cell("x = 1", metadata={"nbgrader": {**mark, "grade_id": "x"}}),
                 nbformat.v4.new_code_cell("assert x == 1", metadata={"nbgrader": test})]  # fmt: skip
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "week2.ipynb")


def _start(line, course):
    module = {"scheduler": "dask_scheduler", "worker": "dask_worker"}
    _, part, *arguments = line.split()
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    command = [sys.executable, "-m", f"distributed.cli.{module[part]}", *arguments, "--no-dashboard"]
    return subprocess.Popen(command, cwd=course, **quiet)


def test_installing_is_what_the_project_has():
    kind, first = BLOCKS[0]
    lines = first.strip().splitlines()
    assert kind == "sh" and 'pip install ".[grading]"' in lines and lines[-1] == "cd exercises"
    extras = (ROOT / "pyproject.toml").read_text("utf-8")
    assert re.search(r"^grading = .*nbgrader", extras, re.MULTILINE) and re.search(r"^cluster = ", extras, re.MULTILINE)


def test_every_command_was_run_and_left_what_the_guide_says(followed):
    course, said = followed
    commands = {line.split()[1] for line, _ in said if line.startswith("gdcourse ")}
    assert {"doctor", "assign", "sample", "grade", "explain", "feedback", "regrade", "status", "report"} <= commands
    for name in ("source/ps03/ps03.ipynb", "release/ps03/ps03.ipynb", "submitted/s0001/ps03/ps03.ipynb",
                 "feedback/s0007/ps03/ps03.html", "reports/ps03.html", "reports/ps03.csv", "reports/ps03-nbgrader.csv",
                 "submitted/Ada Lovelace/ps03/ps03.ipynb"):  # fmt: skip
        assert (course / name).is_file(), name
    assert "SOLUTION" not in "".join(c.source for c in nbformat.read(course / "release/ps03/ps03.ipynb", 4).cells)


def test_the_class_is_as_the_guide_says():
    made = made_up_class("ps03", 12, 0)
    right = {"right, and talkative", *(solution_name(s) for e in checks.assignment("ps03").exercises
                                       for s in (e.reference, *e.styles))}  # fmt: skip
    labels = {student: {answer.label for answer in chosen.values()} for student, chosen in made.items()}
    assert sum(found <= right for found in labels.values()) == 4 and "Four of them have everything right" in GUIDE
    assert sum(found == {"untouched"} for found in labels.values()) == 1
    assert {"prints the answer", "arguments swapped"} <= labels["s0007"]


def test_late_work_costs_what_the_guide_says(followed):
    course, _ = followed
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "gdcourse") as book:
        late = {s.student_id: s for s in book.assignment_submissions("ps03") if s.total_seconds_late}
        assert len(late) == 2 and "Two of the made-up students are late" in GUIDE
        for submission in late.values():
            days = submission.total_seconds_late // 86_400
            assert submission.late_submission_penalty == min(submission.notebooks[0].score, 1 + days)


def test_an_objection_moves_the_marks_of_those_who_did_the_same(followed):
    course, said = followed
    accepted = next(text for line, text in said if "--accept" in line)
    moved = re.findall(r"^(\w+): ([\d.]+), ([\d.]+) from now on$", accepted, re.MULTILINE)
    assert [(student, float(after) - float(before)) for student, before, after in moved] == [("s0009", 3)]
    assert "here three" in GUIDE and len(list((course / "accepted" / "ps03").iterdir())) == 1
    assert "graded" in next(text for line, text in said if line == "gdcourse grade week2")


def test_the_pages_lead_to_the_guide():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    pages = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    assert {"chapters/grading-guide", "chapters/confusion"} <= set(pages)
    assert "chapters/grading-guide.md" in (ROOT / "README.md").read_text("utf-8")
    assert "chapters/grading-guide.md" in (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for page in ("how-to-use", "assignments"):
        text = (ROOT / "chapters" / f"{page}.md").read_text("utf-8")
        assert re.search(r"\{(doc|ref)\}`(sec-guide[\w-]*|grading-guide)`", text)
