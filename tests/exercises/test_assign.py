"""Building an assignment: the same bytes twice, valid for nbgrader, and nothing of the solution in the release."""

import ast
import shutil

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.nbgraderformat import MetadataValidator

from gdcourse import checks
from gdcourse.checks.exercise import as_tuple
from gdcourse.grading.authoring.assign import assign, release_notebook, source_notebook
from gdcourse.grading.cli import main
from gdcourse.grading.course.directory import CourseError, course_directory


@pytest.fixture(scope="module")
def course(request):
    return request.config.rootpath / "exercises"


@pytest.fixture
def bare(course, tmp_path):
    for name in ("nbgrader_config.py", "ps03.md"):
        shutil.copy(course / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize("ps", checks.MODULES)
def test_every_assignment_has_a_page_that_builds_twice_alike(course, ps):
    for build in (source_notebook, release_notebook):
        first, second = (nbformat.writes(build(course / f"{ps}.md")) for _ in range(2))
        assert first == second


@pytest.mark.parametrize("ps", checks.MODULES)
def test_is_valid_and_complete_for_nbgrader(course, ps):
    for notebook in (source_notebook(course / f"{ps}.md"), release_notebook(course / f"{ps}.md")):
        nbformat.validate(notebook)
        MetadataValidator().validate_nb(notebook)
        marked = {c.metadata["nbgrader"]["grade_id"]: c.metadata["nbgrader"] for c in notebook.cells
                  if "nbgrader" in c.metadata}  # fmt: skip
        for exercise in checks.assignment(ps).exercises:
            assert marked[exercise.name]["solution"] and not marked[exercise.name]["grade"]
            graded = [m for name, m in marked.items() if name.startswith(f"{exercise.name}-")]
            assert sum(m["points"] for m in graded) == exercise.points and all(m["locked"] for m in graded)


@pytest.mark.parametrize("ps", checks.MODULES)
def test_the_source_holds_the_references_and_the_release_none_of_them(course, ps):
    source, release = (build(course / f"{ps}.md") for build in (source_notebook, release_notebook))
    text = "\n".join(cell.source for cell in release.cells)
    assert "SOLUTION" not in text
    for exercise in checks.assignment(ps).exercises:
        names = {"np": __import__("numpy")}
        cell = next(c for c in source.cells if c.metadata.get("nbgrader", {}).get("grade_id") == exercise.name)
        exec(compile(cell.source, "cell", "exec"), names)
        functions = tuple(names[name] for name in exercise.names)
        assert all(v.passed for v in checks.verdicts(exercise, functions, 0))
        for reference in as_tuple(exercise.reference):
            stub = next(c for c in release.cells if c.metadata.get("nbgrader", {}).get("grade_id") == exercise.name)
            assert "raise NotImplementedError" in stub.source
            for line in cell.source.split("\n"):
                kept = line in stub.source or len(line.strip()) < 12
                assert kept or line not in text, f"{reference.__name__}: {line}"


@pytest.mark.parametrize("ps", checks.MODULES)
def test_every_signature_and_name_is_told_to_the_student(course, ps):
    text = (course / f"{ps}.md").read_text("utf-8")
    tree = [ast.parse(c.source) for c in release_notebook(course / f"{ps}.md").cells
            if c.cell_type == "code" and c.metadata.get("nbgrader", {}).get("solution")]  # fmt: skip
    written = {node.name: tuple(a.arg for a in node.args.args) for module in tree for node in module.body
               if isinstance(node, ast.FunctionDef)}  # fmt: skip
    for exercise in checks.assignment(ps).exercises:
        for name, parameters in exercise.signatures.items():
            assert written.get(name, parameters) == parameters
        assert (f"`{exercise.signature}`" in text and exercise.returns in text.replace("`", "")) or not exercise.parts
        assert f"check({', '.join(exercise.names)})" in text


def test_a_release_can_be_written_anywhere(course, tmp_path):
    book = release_notebook(course / "ps03.md", tmp_path / "downloads" / "ps03.ipynb")
    assert nbformat.read(tmp_path / "downloads" / "ps03.ipynb", 4) == book
    assert "pip install" in book.cells[0].source


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("(4 points)\n\nA quadratic", "(5 points)\n\nA quadratic", "worth 4 points, and its heading says"),
        (":nbgrader: tests\n\ngrade(spectral_step)", ":nbgrader: tests\n\ngrade(f)", "be one of grade(spectral_step)"),
        (":nbgrader: solution", ":nbgrader: solutoin", "'solutoin' is none of tests, solution"),
        (":nbgrader: readonly setup", ":nbgrader: test", "needs points and a name"),
        (":nbgrader: readonly setup", ":nbgrader: readonly run_until", "have the same name: run_until"),
        ("def gd_iterations(", "def gd_steps(", "no exercise here has a reference called 'gd_steps'"),
    ],
)
def test_a_slip_of_the_author_is_said_plainly(bare, old, new, words):
    page = bare / "ps03.md"
    text = page.read_text("utf-8")
    assert old in text
    page.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(CourseError) as caught:
        source_notebook(page)
    assert words in str(caught.value)


def test_other_shorthands(bare):
    page = bare / "ps03.md"
    text = page.read_text("utf-8") + (
        '\n+++ {"nbgrader": "manual 3pt why"}\n\nBecause it rhymes.\n\n'
        "```{code-cell} ipython3\n:nbgrader: test 1.5pt extra\n\nassert 1 + 1 == 2\n```\n"
    )
    page.write_text(text, "utf-8")
    source, release = source_notebook(page), release_notebook(page)
    why, extra = (next(c for c in release.cells if c.id == name) for name in ("why", "extra"))
    assert why.metadata["nbgrader"]["points"] == 3 and why.metadata["nbgrader"]["solution"]
    assert why.source == "*Your answer here.*" and "rhymes" in next(c for c in source.cells if c.id == "why").source
    assert extra.metadata["nbgrader"]["points"] == 1.5 and extra.metadata["nbgrader"]["locked"]
    with pytest.raises(CourseError, match=r"graded cell 'extra' is not of the form grade\(f, \"behaviour\"\)"):
        assign(bare, "ps03")  # or nobody could be graded, once they have handed in


def test_the_command_finds_the_course_or_says_where_it_looked(bare, tmp_path_factory, monkeypatch):
    assert course_directory(bare) == bare.resolve()
    (bare / "deep").mkdir()
    assert course_directory(bare / "deep") == bare.resolve()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    result = CliRunner().invoke(main, ["sample", "ps03"])
    assert result.exit_code == 2 and "no nbgrader_config.py" in result.output
    for arguments, words in (
        (["sample", "ps77"], "Assignments here: ps03"),
        (["assign", "ps77"], "Assignments here: ps03"),
        (["sample", "ps03", "--students", "0"], "0 is not in the range"),
    ):
        result = CliRunner().invoke(main, [*arguments, "--course", str(bare)])
        assert result.exit_code in (1, 2) and words in result.output and "Traceback" not in result.output
