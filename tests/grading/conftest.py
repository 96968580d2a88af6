"""A course with ps03 assigned, and a class whose runs cost nothing."""

import shutil

import pytest
from click.testing import CliRunner

from gdcourse.grading import cli
from gdcourse.grading.authoring import assign
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.running import pool

PS = "ps03"


@pytest.fixture(scope="session")
def assigned(request, tmp_path_factory):
    """A course's folder in which ps03 is assigned and nothing handed in: copy it."""
    course = tmp_path_factory.mktemp("assigned") / "course"
    course.mkdir()
    for name in ("nbgrader_config.py", f"{PS}.md"):
        shutil.copy(request.config.rootpath / "exercises" / name, course)
    assign.assign(course, PS)
    return course


@pytest.fixture
def course(assigned, tmp_path):
    """A course of the test's own, in which ps03 is assigned."""
    return shutil.copytree(assigned, tmp_path / "course")


@pytest.fixture
def command(course):
    """A function that runs gdcourse with arguments. Returns: its result."""

    def run(*arguments, code=0):
        result = CliRunner().invoke(cli.main, [*arguments, "--course", str(course)])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output and 'File "' not in result.output
        return result

    return run


@pytest.fixture(scope="session")
def ours(assigned):
    return rebuilding.skeleton(assigned, PS)


@pytest.fixture
def pretend(monkeypatch):
    """Let jobs be run in this process by a function job -> result: by default, each gets one point for every test cell.

    Returns: the list of jobs that were run; `pretend.run` may be replaced.
    """

    class Pretended(list):
        run = staticmethod(make_believe)

    class Pool:
        def __init__(self, workers, ps, backend):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def run(self, jobs):
            for token, job in jobs:
                seen.append(job)
                yield token, seen.run(job)

    seen = Pretended()
    monkeypatch.setattr(pool, "Pool", Pool)
    return seen


def make_believe(job, status="graded", reason="", passed=lambda name: True):
    """Return a result in which the test cells pass that are said to. Every other cell prints its number."""
    points = {name: cell.metadata["nbgrader"].get("points") for name, cell in make_believe.marked.items()}
    outputs, scores = [], {}
    for number, cell in enumerate(job["cells"]):
        name = cell["grade_id"]
        if cell["kind"] != "test":
            outputs.append([{"output_type": "stream", "name": "stdout", "text": f"{number}\n"}])
            continue
        scores[name] = points[name] if passed(name) else 0
        no = {"output_type": "error", "ename": "NotYet", "evalue": f"{name} is wrong", "traceback": ["wrong"]}
        outputs.append([] if passed(name) else [no])
    verdicts = {name: {"passed": passed(name), "text": "ok" if passed(name) else f"{name} is wrong", "mistake": None,
                       "exercise": name.partition("-")[0], "behaviour": name.partition("-")[2], "points": scores[name],
                       "of": points[name], "kind": "" if passed(name) else "value"} for name in scores}  # fmt: skip
    return {"status": status, "reason": reason, "outputs": outputs, "counts": list(range(1, len(outputs) + 1)),
            "scores": scores, "verdicts": verdicts, "notes": [], "errors": [], "backend": job["backend"],
            "seconds": 0.1, "package": "p"}  # fmt: skip


@pytest.fixture(autouse=True)
def _skeleton(request):
    if "pretend" in request.fixturenames:
        make_believe.marked = request.getfixturevalue("ours").marked
