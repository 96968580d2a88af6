"""The instructor's page: every figure on it is what the class was made to be, and everyone can read it."""

import itertools
import re
import shutil
import warnings

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook

from gdcourse import checks
from gdcourse.checks.book import equation, idea
from gdcourse.checks.reporting import message
from gdcourse.grading.authoring.assign import assign, cell_id, release_notebook, write
from gdcourse.grading.authoring.sample import Answer, answers, submission
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.grade import grade
from gdcourse.grading.gradebook.journal import Journal
from gdcourse.grading.gradebook.reading import Entry
from gdcourse.grading.report.ideas import of_student, shaky
from gdcourse.grading.report.page import looks, mistakes, unwritten, write_report
from gdcourse.grading.report.statistics import Bin, chance, correlation, histogram, item
from gdcourse.grading.report.tables import _duration, history
from gdcourse.grading.running.cell_outputs import known

PS = "ps05"
EXERCISES = {e.name: e for e in checks.assignment(PS).exercises}
ADAM = EXERCISES["adam_step"]
MISTAKE = ADAM.mistakes[0]
LATE = "2026-03-03 10:00:00 UTC"


def right(**other):
    """Return a student's answers, the references but for those given by the label of what is handed in instead."""
    chosen = {name: exercise.reference.__name__ for name, exercise in EXERCISES.items()} | other
    return {name: answers(EXERCISES[name])[label] for name, label in chosen.items()}


def renamed(answer):
    return Answer("copied", re.sub(r"\bg\b", "slope", answer.source).replace("def ", "# mine\ndef ", 1))


CLASS = {
    "ann": right(adam_step=ADAM.styles[0].__name__),
    "bob": right(adam_step=MISTAKE.name),
    "cleo": right(adam_step=MISTAKE.name, amsgrad_step="untouched"),
    "dan": right(adam_step="prints the answer", momentum_step="crashes"),
    "eve": {name: answers(exercise)["untouched"] for name, exercise in EXERCISES.items()},
    "finn": right(amsgrad_step=EXERCISES["amsgrad_step"].styles[0].__name__, adam_step="does not parse"),
}
CLASS["gus"] = CLASS["finn"] | {"amsgrad_step": renamed(CLASS["finn"]["amsgrad_step"])}


@pytest.fixture(scope="module")
def course(request, tmp_path_factory):
    """A course in which a class was graded: right, wrong, late, empty, unreadable, absent."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("nbgrader_config.py", f"{PS}.md"):
        shutil.copy(request.config.rootpath / "exercises" / name, folder)
    assign(folder, PS)
    release = release_notebook(folder / f"{PS}.md")
    for student, chosen in CLASS.items():
        book = submission(release, chosen)
        if student in ("bob", "cleo"):
            next(cell for cell in book.cells if cell.id == "choice").source = "The one with the shorter memory."
        write(book, folder / "submitted" / student / PS / f"{PS}.ipynb")
    (folder / "submitted" / "dan" / PS / "timestamp.txt").write_text(LATE)
    (folder / "submitted" / "<b>hal" / PS).mkdir(parents=True)
    (folder / "submitted" / "<b>hal" / PS / f"{PS}.ipynb").write_text("{")
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "gdcourse") as book:
        book.update_or_create_assignment(PS, duedate="2026-03-01 18:00:00 UTC")
        book.add_student("ivy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        grade(folder, PS, backend="plain", workers=1)
    (folder / "feedback" / "ann" / PS).mkdir(parents=True)
    (folder / "feedback" / "ann" / PS / f"{PS}.html").write_text("for Ann")
    return folder


@pytest.fixture(scope="module")
def page(course):
    path = write_report(course, PS)
    assert path == (course / "reports" / f"{PS}.html").resolve() and path.stat().st_mode & 0o777 == 0o600
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def text(tag):
    return " ".join(tag.get_text(" ").split())


def test_scores(course, page):
    tiles = [tile.b.text for tile in page.select(".tiles li")]
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "gdcourse") as book:
        scores = [s.score for s in book.assignment_submissions(PS)]
    assert tiles[0] == "8" and float(tiles[1]) == pytest.approx(np.mean(scores), abs=0.06)
    assert float(tiles[2]) == np.median(scores)
    columns = [int(li.contents[0]) if isinstance(li.contents[0], str) else 0 for li in page.select(".columns li")]
    assert sum(columns) == 8 and columns[0] == 2
    assert "answers wait to be graded by hand" in text(page.main)
    assert "Nothing has come from ivy." in text(page.main)


def test_who_needs_a_look_and_who_does_not(page):
    rows = {row.th.text.strip(): text(row) for row in page.select("section[aria-labelledby=look] tbody tr")}
    assert next(iter(rows)) == "<b>hal" and set(rows) == {"<b>hal", "dan", "eve"}
    assert "rejected" in rows["<b>hal"]
    assert "2 days late, nothing taken off" in rows["dan"] and "Nothing is written in it." in rows["eve"]
    notes = text(page.select_one("section[aria-labelledby=look] details"))
    assert "Left as handed out: amsgrad_step." in notes and "cleo" in notes and "hal" not in notes
    waits = text(page.select_one("section[aria-labelledby=look]"))
    assert re.search(r"choice , 2 points by hand: 2 answers wait in formgrader, from bob, cleo", waits)


@pytest.mark.parametrize("exercise", checks.assignment("ps03").exercises, ids=lambda e: e.name)
def test_an_untouched_exercise_is_known_however_its_feedback_is_wrapped(exercise):
    def untouched(*args):
        raise NotImplementedError

    def like_ours(*args):
        raise ValueError("not written yet.")

    def entry(function):
        judged = checks.verdicts(exercise, (function,) * len(exercise.names), 0)
        failed = {cell_id(exercise, v.behaviour): (v.fault.kind, None) for v in judged}
        told = {cell_id(exercise, v.behaviour): message(exercise, v, None) for v in judged}
        return Entry("eve", "graded", "", {}, (), 0.0, 0.0, told, {}, failed, (), ())

    assert unwritten(exercise, entry(untouched)) and not unwritten(exercise, entry(like_ours))
    assert not unwritten(exercise, entry(untouched)._replace(failed={}))


def test_words_of_hers_are_not_read_for_meaning():
    """Nor does a file's name fold a note away, nor an exception's hint or name say who made which mistake."""
    assignment, hint = checks.assignment(PS), MISTAKE.hint
    cells = [cell_id(ADAM, b) for b in ADAM.behaviours]
    odd = 'the notebook was called "x stops with an error.ipynb".'
    reason = f"{odd}\ncell 3 stops with an error."
    eve = Entry("eve", "graded with notes", reason, dict.fromkeys(cells, 0.0), (), 0.0, 0.0,
                dict.fromkeys(cells, f"adam_step: stops with ValueError: {hint}"), {},
                dict.fromkeys(cells, ("raised", None)), ("cell 3 stops with an error.",), ())  # fmt: skip
    rows = {exercise.name: (named, other) for exercise, named, other, _ in mistakes(assignment, [eve])}
    named, other = rows["adam_step"]
    assert not named and [made.name for made in other] == ["It stops with an error."]
    look, note = looks(assignment, [eve])
    assert [why for _, why in look] == [[odd]] and not note
    assert not known("ValueError. s2-eve: graded, 20 points.") and not known("Approved") and known("ValueError")


def test_exercises_have_their_difficulty_and_what_they_go_with(page):
    rows = [[text(cell) for cell in row.find_all(["th", "td"])] for row in page.select(
        "section[aria-labelledby=exercises] tr.whole")]  # fmt: skip
    found = {row[0].split()[0]: row[1:] for row in rows}
    assert set(EXERCISES) <= set(found) and found["choice"][1] == "2 wait"
    assert found["amsgrad_step"][3:] == ["2"] and found["adam_step"][3:] == ["1"]  # cleo and eve; eve
    tried = [chosen for student, chosen in CLASS.items() if student != "eve"]
    passed = sum(chosen["amsgrad_step"].source is not None for chosen in tried)
    assert found["amsgrad_step"][1] == f"{100 * passed / len(tried):.0f} %"
    parts = page.select("section[aria-labelledby=exercises] tr.part")
    assert len(parts) == sum(len(e.behaviours) for e in EXERCISES.values() if len(e.behaviours) > 1)


def test_mistakes_come_with_their_hint_and_their_students(page):
    section = page.select_one("section[aria-labelledby=mistakes]")
    made = section.find(string=MISTAKE.name).find_parent("li")
    assert text(made).startswith("2 ×") and "bob, cleo" in text(made)
    assert " ".join(MISTAKE.hint.split()) in text(made) and equation(MISTAKE.see) in text(made)
    adam = section.find("h3", string="adam_step").find_next_sibling("ul")
    kinds = {li.get_text().strip().splitlines()[0]: text(li.p) for li in adam.find_all("li", recursive=False)}
    assert kinds["1 × It prints its answer instead of returning it."] == "dan"
    assert kinds["2 × It is not there: its cell does not run, or it has another name."] == "finn, gus"
    assert not {"eve", "ann"} & set(re.findall(r"\w+", text(section)))


def test_mistakes_lead_to_the_ideas_behind_them(page):
    section = page.select_one("section[aria-labelledby=ideas]")
    rows = {row.th.text.strip(): [text(cell) for cell in row.find_all("td")] for row in section.select("tbody tr")}
    assert rows == {idea(MISTAKE.see): ["2", "bob, cleo", ""]}


def test_ideas_over_a_term(tmp_path):
    """Counted is what was handed in last; a student's own list also says what she has put right since."""
    def done(ps, student, *wrong):
        exercise = checks.assignment(ps).exercises[0]
        cell = cell_id(exercise, exercise.behaviours[0])
        failed = {cell: ("value", exercise.mistakes[0].name if wrong else None)}
        Journal(tmp_path, ps).add_done(student, status="graded", score=1, failed=failed)
        return idea(exercise.mistakes[0].see)

    about = {ps: done(ps, "bob", "wrong") for ps in ("ps03", "ps05", "ps06")}
    assert len(set(about.values())) == 3
    done("ps05", "ann", "wrong")
    done("ps06", "bob")
    assert of_student(tmp_path, "bob") == {about["ps03"]: {"ps03": True}, about["ps05"]: {"ps05": True},
                                           about["ps06"]: {"ps06": False}}  # fmt: skip
    assert [row[:3] for row in shaky(tmp_path, "ps05")] == [(about["ps05"], ["ann", "bob"], {"ps05": 2})]
    assert shaky(tmp_path, "ps06") == []
    said = history(tmp_path, "bob").split("\n\n")[1].splitlines()
    assert said[0] == "The ideas behind those mistakes:"
    assert {line.split("  ")[0] for line in said[1:]} == {*about.values()}
    assert said[-1].endswith("  ps06, put right since")


def test_what_is_written_alike_is_named_without_a_verdict(page):
    section = page.select_one("section[aria-labelledby=alike]")
    shown = [text(li) for li in section.select("li")]
    style = EXERCISES["amsgrad_step"].styles[0]
    group = next(line for line in shown if line.startswith("amsgrad_step : finn, gus"))
    assert f"It is also gdcourse.checks.momentum.{style.__name__}" in group
    words = text(page.main).lower()
    assert not any(word in words for word in ("plagiari", "cheat", "copied", "suspicio", "guilt"))


def test_names_are_text_and_feedback_is_a_link(page):
    assert "<b>hal" in text(page.main) and not page.main.select("h1 b, td > b, th > b")
    links = {a["href"]: a.text for a in page.select("main a") if not a["href"].startswith("#")}
    assert links == {"../feedback/ann/ps05/ps05.html": "ann"}


def test_nothing_graded_is_said_plainly(course, tmp_path):
    for name in ("nbgrader_config.py", f"{PS}.md"):
        shutil.copy(course / name, tmp_path)
    with pytest.raises(CourseError, match="gdcourse assign ps05"):
        write_report(tmp_path, PS)
    assign(tmp_path, PS)
    with pytest.raises(CourseError, match="gdcourse grade ps05"):
        write_report(tmp_path, PS)
    with pytest.raises(ValueError, match="ps must be one of"):
        write_report(tmp_path, "ps77")


@pytest.mark.browser
def test_the_page_stands_alone_and_everyone_can_read_it(browser, course, page):
    for theme, width in itertools.product(("light", "dark"), (1100, 360)):
        context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 800},
                                      java_script_enabled=True)  # fmt: skip
        tab, asked = context.new_page(), []
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.goto((course / "reports" / f"{PS}.html").as_uri())
        assert asked == [(course / "reports" / f"{PS}.html").as_uri()] and not page.find_all("script")
        tab.evaluate("document.querySelectorAll('details').forEach(box => { box.open = true })")
        assert tab.evaluate("document.scrollingElement.scrollWidth") <= width
        assert [rule["id"] for rule in Axe().run(tab).response["violations"]] == []
        context.close()


def test_the_correlation_is_corrected_and_says_when_it_cannot_be_had():
    rng = np.random.default_rng(0)
    marks = rng.integers(0, 3, size=(200, 2)).astype(float)  # two items that have nothing to do with each other
    totals = marks.sum(axis=1)
    assert abs(item("a", 2, marks[:, 0], totals).goes) < chance(200) < correlation(marks[:, 0], totals)
    assert item("a", 2, marks[:, 0], totals).goes == pytest.approx(np.corrcoef(marks.T)[0, 1])
    assert item("a", 2, [2, 2, 2, 2], [3, 4, 5, 6]).goes is None and item("a", 2, [], []).goes is None
    assert item("a", 2, [2, 1, 0, 1], [2, 1, 0, 1]).goes is None  # there is nothing else
    assert item("a", 2, [2, 1, 0], [2, 2, 2]).goes == pytest.approx(-1)
    assert item("a", 2, [2, 1, 0, 1] * 9, [2, 2, 2, 2] * 9).remark(36) == "against the rest"
    assert item("a", 4, [0, 0, 0, 1], [1, 2, 3, 4]).remark(4) == "hardly anyone has it"


def test_chance_is_what_it_says():
    rng = np.random.default_rng(1)
    r = [correlation(*rng.normal(size=(2, 20))) for _ in range(4000)]
    assert np.mean(np.abs(r) > chance(20)) == pytest.approx(0.05, abs=0.012)
    assert chance(3) == 1


def test_every_score_is_in_one_column():
    assert histogram([0, 1.5, 2, 19.5, 20, 20.5], 20)[0] == Bin(0, 2, 2)
    assert histogram([0, 1.5, 2, 19.5, 20, 20.5], 20)[-1] == Bin(18, 20, 3)
    for points in (20, 21, 24, 30, 3):
        bins = histogram(np.linspace(0, points, 101), points)
        assert sum(b.count for b in bins) == 101 and bins[0].low == 0 and bins[-1].high == points and len(bins) <= 11


def test_durations():
    assert [_duration(s) for s in (10, 90, 3600, 5000, 86_400 * 2)] == [
        "1 minute", "2 minutes", "1 hour", "1 hour", "2 days"]  # fmt: skip
