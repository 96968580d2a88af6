"""CONTRIBUTING.md, followed to the letter in a copy of the project: what it tells a newcomer to do works."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
INSERT = re.compile(r"In\s`([^`]+)`, before `([^`]+)`:\n\n(`{3,4})(?:python|md)\n(.*?)\n\3\n", re.DOTALL)
APPEND = re.compile(r"In\s`([^`]+)`, at the end:\n\n```python\n(.*?)```", re.DOTALL)
OPTIMISERS = "tests/test_optimizers.py", "gdcourse/optimizers.py"
BUILD = """\
from gdcourse.grading.authoring.assign import release_notebook
for cell in release_notebook("exercises/ps01.md").cells:
    name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    if name.startswith("steepness"):
        print(name)
"""
REPLACE = re.compile(r"In\s`([^`]+)`, replace `([^`]+)` by `([^`]+)`")


def section(title):
    """Return one section of the guide."""
    return re.search(rf"^## {title}\n(.*?)(?=^## [A-Z]|\Z)", GUIDE, re.MULTILINE | re.DOTALL)[1]


def follow(text, folder):
    """Do in a folder what a section says; return how many edits that were."""
    edits = 0
    for name, anchor, _, code in INSERT.findall(text):
        target, (before, after) = folder / name, split_once((folder / name).read_text("utf-8"), anchor)
        target.write_text(f"{before}{code.rstrip()}\n\n\n{anchor}{after}")
        edits += 1
    for name, old, new in REPLACE.findall(text):
        before, after = split_once((folder / name).read_text("utf-8"), old)
        (folder / name).write_text(before + new + after)
        edits += 1
    for name, code in APPEND.findall(text):
        (folder / name).write_text((folder / name).read_text("utf-8").rstrip() + "\n\n\n" + code)
        edits += 1
    return edits


def split_once(text, anchor):
    """Return what stands before and after a text that must occur exactly once."""
    assert text.count(anchor) == 1, f"{anchor!r} stands {text.count(anchor)} times"
    return text.split(anchor)


@pytest.fixture
def copy(tmp_path):
    """Return a copy of what adding an optimiser or an exercise touches."""
    for name in ("gdcourse", "exercises", "tests/checks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "_build", "*.ipynb"))
    shutil.copy(ROOT / "tests" / "test_optimizers.py", tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run_tests(copy, word, *paths):
    """Run those tests in some files of the copy that mention a word; return (passed, failed, what was said)."""
    program = """\
import sys, pytest, gdcourse
assert gdcourse.__file__.startswith(sys.argv[1])
sys.exit(pytest.main(sys.argv[2:]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(copy), *paths, "-q", "-p", "no:cacheprovider", "-k", word],
        cwd=copy, capture_output=True, text=True,
    )  # fmt: skip
    counts = {key: int(n) for n, key in re.findall(r"(\d+) (passed|failed)", done.stdout)}
    return counts.get("passed", 0), counts.get("failed", 0), done.stdout + done.stderr


def style(copy, *paths):
    """Return what the linter has to say of some files."""
    ruff = [Path(sys.executable).with_name("ruff"), "check", "--quiet", *paths]
    return subprocess.run(ruff, cwd=copy, capture_output=True, text=True).stdout


def test_adding_an_optimiser_works_as_it_is_written(copy):
    assert follow(section("Add an optimiser"), copy) == 4
    passed, failed, said = run_tests(copy, "adabelief", *OPTIMISERS)
    assert not failed and passed >= 8, said  # all that runs over every method, the doctest, and the property of its own
    assert not style(copy, *OPTIMISERS)


@pytest.mark.parametrize(
    "right, wrong",
    [("(g - m) * (g - m)", "g * g"), ("m = beta1 * m + (1.0 - beta1) * g", "m *= beta1; m += (1.0 - beta1) * g")],
)
def test_a_slip_in_it_would_be_noticed(copy, right, wrong):
    faulty = section("Add an optimiser").replace(right, wrong)
    assert faulty != section("Add an optimiser")
    follow(faulty, copy)
    assert run_tests(copy, "adabelief", *OPTIMISERS)[1] > 0


def test_adding_an_exercise_works_as_it_is_written(copy):
    assert follow(section("Add an exercise"), copy) == 4
    passed, failed, said = run_tests(copy, "steepness", "tests/checks/test_exercises.py")
    assert not failed and passed >= 14, said  # what every exercise, and each of the three mistakes, must keep to
    assert not style(copy, "gdcourse/checks/gradients.py")
    built = subprocess.run([sys.executable, "-c", BUILD], cwd=copy, capture_output=True, text=True)
    assert built.returncode == 0 and built.stdout.split() == ["steepness", "steepness-length", "steepness-input"]


def test_a_hint_on_the_wrong_line_would_be_noticed(copy):
    faulty = section("Add an exercise").replace("g.sum()", "np.sqrt(g @ g) + 0 * g.sum()")
    follow(faulty, copy)
    assert run_tests(copy, "steepness", "tests/checks/test_exercises.py")[1] > 0


def test_its_commands_and_files_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    commands = re.findall(r"(?:^|`)make ([a-z-]+)", GUIDE, re.MULTILINE)
    assert set(commands) <= targets and {"lint", "test", "book", "lock", "widget"} <= set(commands)
    assert len(re.search(r"```sh\n(.*?)```", GUIDE, re.DOTALL)[1].strip().split("\n")) == 5
    for name in re.findall(r"`((?:gdcourse|chapters|tests|exercises|\.ci|_toc)[\w./-]*)`", GUIDE):
        assert (ROOT / name).exists() or "NN" in name or name == "gdcourse.evidence", name
    for name in re.findall(r"`(\w+\.js)`", GUIDE):
        assert (ROOT / "gdcourse" / "widgets" / "js" / name).is_file(), name


def test_what_was_tried_is_told_with_its_figures():
    """Each idea has what it gave, in numbers, and why it was left; whoever contributes is led there."""
    assert "(benchmarks/TRIED.md)" in GUIDE
    lines = (ROOT / "benchmarks" / "TRIED.md").read_text("utf-8").splitlines()
    rows = [line.strip("|").split(" | ") for line in lines if line.startswith("| ")]
    ideas = [row for row in rows if row[0].strip() not in ("idea", "bar")]
    assert len(ideas) > 20 and len({row[0] for row in ideas}) == len(ideas)
    for idea, gave, *_ in ideas:
        assert re.search(r"\d|nothing|no time", gave), idea
