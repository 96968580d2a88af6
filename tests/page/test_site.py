"""The pages that run Python, driven as a reader drives them, over http and from a disk."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest

from gdcourse import checks
from gdcourse.grading.authoring.assign import assign
from gdcourse.grading.authoring.sample import solution_source
from gdcourse.grading.gradebook.scores import scores
from tests.conftest import ROOT, needs_sandbox
from tests.page.driving import QUIET, box, press, write

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

PS = "ps03"


@pytest.mark.parametrize("way", ["http", "disk"])
def test_solved_wrongly_mended_handed_in_and_graded(visit, site, tmp_path, way):
    page = visit(f"exercises/{PS}" if way == "http" else (site / "exercises" / f"{PS}.html").as_uri())
    exercises = checks.assignment(PS).exercises
    for exercise in exercises:
        write(box(page, exercise.name), solution_source(exercise, exercise.styles[0]))
    standardize = next(e for e in exercises if e.name == "standardize")
    wrong = next(m for m in standardize.mistakes if m.name == "divides_by_zero")
    here = box(page, "standardize")
    write(here, solution_source(standardize, wrong))
    told = press(here, "Check")
    assert "1 of 2 points" in told and wrong.hint.split(":")[0] in told
    assert here.locator(".gd-verdict a").inner_text() == "Equation (5.12)"
    assert here.locator(".gd-case th").all_inner_texts() == ["X", "yours", "expected"]
    write(here, solution_source(standardize, standardize.styles[1]))
    assert "2 of 2 points" in press(here, "Check")
    page.get_by_role("button", name="Check all").click()
    page.wait_for_function("document.querySelector('.gd-score').textContent.startsWith('So far 20 of 20 points')")
    with page.expect_download() as download:
        page.get_by_role("button", name="Hand in").click()
    notebook = tmp_path / "mine.ipynb"
    download.value.save_as(notebook)
    assert download.value.suggested_filename == f"{PS}.ipynb"
    nbformat.validate(nbformat.read(notebook, 4))
    if way == "http":
        assert points(notebook, tmp_path / "course") == 20


def test_how_much_is_said_is_the_readers_choice(visit):
    """From the smallest case, by a button, to the kind of fault and the mistake; the choice is kept."""
    page = visit(f"exercises/{PS}")
    standardize = next(e for e in checks.assignment(PS).exercises if e.name == "standardize")
    wrong = next(m for m in standardize.mistakes if m.name == "divides_by_zero")
    mistake, more = wrong.hint.split(":")[0], "Say more"
    page.get_by_label("Where something is not right yet").select_option("only the smallest case")
    here = box(page, "standardize")
    write(here, solution_source(standardize, wrong))
    verdicts = [press(here, "Check")]
    for _ in range(2):
        here.get_by_role("button", name=more).click()
        verdicts.append(here.locator(".gd-out").inner_text())
    assert all("1 of 2 points" in said and "expected" in said for said in verdicts)
    assert [mistake in said for said in verdicts] == ["(5.12)" in said for said in verdicts] == [False, False, True]
    assert "not right yet." in verdicts[0] and "not right yet." not in verdicts[1]
    assert not here.get_by_role("button", name=more).is_visible()
    page.reload()
    here.get_by_role("button", name=more).wait_for()
    assert mistake not in here.locator(".gd-out").inner_text()
    page.get_by_label("Where something is not right yet").select_option("all that is known")
    assert mistake in here.locator(".gd-out").inner_text()
    write(here, solution_source(standardize, standardize.styles[1]))
    assert "2 of 2 points" in press(here, "Check") and not here.get_by_role("button", name=more).is_visible()


def points(notebook, course):
    """Return what a notebook is worth, graded in the sandbox."""
    needs_sandbox()
    course.mkdir()
    for name in ("nbgrader_config.py", f"{PS}.md"):
        shutil.copy(ROOT / "exercises" / name, course)
    assign(course, PS)
    handed = course / "submitted" / "ada" / PS
    handed.mkdir(parents=True)
    shutil.copy(notebook, handed / f"{PS}.ipynb")
    command = [sys.executable, "-m", "gdcourse", "grade", PS]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return sum(scores(course, PS)["ada"].values())


@pytest.mark.parametrize(("cell", "said"), [
    ("def spectral_step(H):\n    return H\nimport sys\nsys.setrecursionlimit(10**9)\n"
     "def f(x):\n    return f(x) + 1\nf(1)", ("RecursionError: a function has called itself",)),
    ("print('x' * 10**7)\nfor i in range(10**5):\n    print(i)", ("More was printed than a page shows.",)),
    ("[bytearray(10**9) for _ in range(9)]", ("there is not enough memory in a page",)),
    ("raise SystemExit", ("SystemExit",)),
    ("input('?')", ("cannot ask anything in a page",)),
    ("import torch", ("torch is not here",)),
])  # fmt: skip
def test_what_goes_wrong_is_said_and_the_page_lives(visit, cell, said):
    page = visit(f"exercises/{PS}")
    here = box(page, "spectral_step")
    write(here, cell)
    came = press(here, "Run")
    assert any(one in came for one in said), came
    write(here, "1 + 1")
    assert press(here, "Run").strip() == "2"


@pytest.mark.parametrize("cell", ["while True:\n    pass", "import numpy as np\nnp.linalg.svd(np.ones((6000, 6000)))"])
def test_stop_stops_anything(visit, cell):
    page = visit(f"exercises/{PS}")
    here = box(page, "spectral_step")
    write(here, "1")
    assert press(here, "Run").strip() == "1"
    write(here, cell)
    here.get_by_role("button", name="Run").click()
    here.locator(".gd-status", has_text="Running").wait_for()
    here.get_by_role("button", name="Stop").click()
    page.wait_for_function(QUIET)
    assert "Stopped." in here.locator(".gd-out").inner_text()
    write(here, "6 * 7")
    assert press(here, "Run").strip() == "42"


def test_work_stays_and_two_tabs_lose_nothing(visit):
    page = visit(f"exercises/{PS}")
    write(box(page, "spectral_step"), "mine = 1")
    page.reload()
    page.wait_for_selector(".gd-bar")
    field = box(page, "spectral_step").locator("textarea")
    assert field.input_value() == "mine = 1"
    other = visit(f"exercises/{PS}", page.context)
    write(box(other, "spectral_step"), "mine = 2")  # this tab has nothing of its own: it follows
    page.wait_for_function("document.querySelector('.gd-solution textarea').value === 'mine = 2'")
    field.evaluate("(field) => { field.value = 'mine = 3' }")  # typed, and not yet noticed
    write(box(other, "spectral_step"), "mine = 4")
    page.wait_for_selector(".gd-notice:visible >> text=Another tab has changed this part.")
    assert field.input_value() == "mine = 3"
    page.get_by_role("button", name="Take its text").click()
    page.wait_for_function("document.querySelector('.gd-solution textarea').value === 'mine = 4'")
    page.get_by_role("button", name="Take it back").click()
    page.wait_for_function("document.querySelector('.gd-solution textarea').value === 'mine = 3'")


def test_an_exercise_that_has_changed_keeps_the_text(visit):
    page = visit(f"exercises/{PS}")
    page.evaluate("""localStorage.setItem("gdcourse:work:ps03:spectral_step",
      JSON.stringify({ text: "old = 1", version: "another" }))""")
    page.reload()
    here = box(page, "spectral_step")
    here.locator(".gd-notice", has_text="has changed since you wrote this").wait_for()
    assert here.locator("textarea").input_value() == "old = 1"
    here.get_by_role("button", name="Show the new beginning").click()
    assert "def spectral_step(H):" in here.locator(".gd-out").inner_text()


@pytest.mark.parametrize(("fault", "said"), [
    ("new DOMException('full', 'QuotaExceededError')", "This browser's store is full"),
    ("new DOMException('no', 'SecurityError')", "This browser keeps nothing for this page"),
])  # fmt: skip
def test_a_store_that_takes_nothing_is_told(visit, fault, said):
    page = visit(f"exercises/{PS}")
    page.evaluate(f"void (Storage.prototype.setItem = () => {{ throw {fault} }})")
    write(box(page, "spectral_step"), "mine = 1")
    page.wait_for_selector(f".gd-hand-in >> text={said}")
    assert box(page, "spectral_step").locator(".cm-content").inner_text().strip() == "mine = 1"


def test_a_notebook_is_loaded_and_anything_else_is_refused(visit, site, tmp_path):
    page = visit(f"exercises/{PS}")
    write(box(page, "spectral_step"), "mine = 1")
    release = json.loads((site / "downloads" / f"{PS}.ipynb").read_text("utf-8"))
    solved = tmp_path / "solved.ipynb"
    for cell in release["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "spectral_step":
            cell["source"] = ["def spectral_step(H):\n", "    return 1, 2, 3"]
    solved.write_text(json.dumps(release), "utf-8")
    (tmp_path / "text.ipynb").write_text("no notebook", "utf-8")
    (tmp_path / "list.ipynb").write_text("[1, 2]", "utf-8")
    for file, said in ((tmp_path / "text.ipynb", "is not a notebook"), (tmp_path / "list.ipynb", "has no cells"),
                       (site / "downloads" / "ps01.ipynb", f"has no cell of {PS}")):  # fmt: skip
        page.set_input_files(".gd-hand-in input", file)
        page.wait_for_selector(f".gd-hand-in >> text={said}")
        assert "mine = 1" in box(page, "spectral_step").inner_text()
    page.set_input_files(".gd-hand-in input", solved)
    page.wait_for_selector(".gd-hand-in >> text=6 of 6 answers were taken from solved.ipynb.")
    assert "return 1, 2, 3" in box(page, "spectral_step").inner_text()
    page.get_by_role("button", name="Take it back").click()
    assert "mine = 1" in box(page, "spectral_step").inner_text()


def test_words_are_kept_and_handed_in(visit, tmp_path):
    page = visit("exercises/ps02")
    page.locator(".gd-words textarea").fill("Because the square root of it is a distance.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Hand in").click()
    download.value.save_as(tmp_path / "ps02.ipynb")
    cells = nbformat.read(tmp_path / "ps02.ipynb", 4).cells
    words = [c for c in cells if c.cell_type == "markdown" and c.metadata.get("nbgrader", {}).get("solution")]
    assert [c.source for c in words] == ["Because the square root of it is a distance."]
    page.reload()
    page.wait_for_selector(".gd-words textarea")
    assert page.locator(".gd-words textarea").input_value().startswith("Because")


def test_a_chapters_cell_is_run_changed_and_set_back(visit):
    page = visit("chapters/gradient-descent")
    cell = page.locator(".cell").filter(has_text="def gradient_descent(x, y").first
    shown = cell.locator(".cell_output").inner_text()
    cell.hover()
    cell.get_by_role("button", name="Try it").click()
    assert press(cell, "Run").split() == shown.split()
    write(cell, "print(theory)")
    assert "module 'gdcourse.theory'" in press(cell, "Run")
    press(cell, "Reset")
    assert "def gradient_descent(x, y" in cell.locator(".gd-editor").inner_text()
    drawn = page.locator(".cell[class*=gd-run-]:has(.gd-figure)").first
    drawn.locator("summary").first.click()
    drawn.get_by_role("button", name="Try it").click()
    press(drawn, "Run")
    assert drawn.locator(".gd-out .gd-text").count() == 0  # nothing but the picture, this first time too
    assert drawn.locator(".gd-out .gd-figure svg").count() == 1


def test_a_file_that_does_not_arrive_is_told_and_tried_again(visit):
    page = visit(f"exercises/{PS}")
    page.route("**/numpy.zip", lambda route: route.abort())
    here = box(page, "spectral_step")
    write(here, "1 + 1")
    assert "A file of this site did not arrive." in press(here, "Run")
    page.unroute("**/numpy.zip")
    assert press(here, "Run").strip() == "2"


def test_without_scripts_the_text_is_whole(browser, site_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url}/exercises/{PS}.html")
    text = page.locator("article").inner_text()
    assert "def spectral_step(H):" in text and "our code here" in text and not page.locator(".gd-button").count()
    context.close()


def test_a_check_is_of_the_text_as_it_stands(visit):
    """Of nothing that ran before: not of a function that was renamed, nor of a helper that is gone."""
    page = visit("exercises/ps01")
    exercise = checks.assignment("ps01").exercises[0]
    here = box(page, exercise.name)
    score = page.locator(".gd-score")
    write(here, solution_source(exercise, exercise.styles[0]))
    assert f"{exercise.points} of {exercise.points} points" in press(here, "Check")
    assert score.inner_text().startswith(f"So far {exercise.points} of")
    here.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.insert_text("\n# a remark")
    assert "The code has changed since this came." in here.locator(".gd-out").inner_text()
    assert score.inner_text().startswith("So far 0 of") and f"{exercise.name} (changed since)" in score.inner_text()
    write(here, f"def another{solution_source(exercise, exercise.styles[0]).partition('def ' + exercise.name)[2]}")
    assert f"There is no function called {exercise.name} here." in press(here, "Check")
    write(here, "")
    assert "There is no function called" in press(here, "Check")


def test_a_function_is_checked_though_others_are_not_written(visit):
    page = visit("exercises/ps01")
    exercise = checks.assignment("ps01").exercises[-1]
    here = box(page, exercise.name)
    write(here, solution_source(exercise, exercise.styles[0]))
    assert f"{exercise.points} of {exercise.points} points" in press(here, "Check")


def test_stop_stops_all_checks(visit):
    page = visit(f"exercises/{PS}")
    write(box(page, "spectral_step"), "def spectral_step(H):\n    while True:\n        pass")
    page.get_by_role("button", name="Check all").click()
    box(page, "spectral_step").get_by_role("button", name="Stop").click()
    page.wait_for_function(QUIET)
    assert "Stopped" in box(page, "spectral_step").locator(".gd-out").inner_text()
    assert page.locator(".gd-verdict").count() == 0


def test_what_a_cell_shows_runs_nothing(visit):
    page = visit(f"exercises/{PS}")
    write(box(page, "spectral_step"), "class Table:\n    def _repr_html_(self):\n        return '<b>seen</b>"
          "<img src=x onerror=\"document.title=1\"><script>document.title = 2</script>'\nTable()")  # fmt: skip
    assert "seen" in press(box(page, "spectral_step"), "Run")
    html = box(page, "spectral_step").locator(".gd-out").inner_html()
    assert "onerror" not in html and "<script" not in html and page.title() not in ("1", "2")
