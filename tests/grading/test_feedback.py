"""The page that a student reads: what counts stands first, nothing is asked of a network, and no formula is a trick."""

import html
import re
from xml.etree import ElementTree

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook
from traitlets.config import Config

from gdcourse import checks
from gdcourse.grading import grade
from gdcourse.grading.authoring.assign import release_notebook
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import nbgrader
from gdcourse.grading.gradebook.feedback import feedback
from gdcourse.grading.gradebook.feedback_page import LONGEST, FeedbackPage, mathml
from tests.grading.conftest import PS, make_believe


@pytest.fixture
def written(course, ours, pretend):
    """Return the path of a page: run_until is wrong, and somebody has commented on spectral_step."""
    pretend.run = lambda job: make_believe(job, passed=lambda name: not name.startswith("run_until"))
    folder = course / "submitted" / "ada" / PS
    folder.mkdir(parents=True)
    folder.joinpath(f"{PS}.ipynb").write_bytes((course / "release" / PS / f"{PS}.ipynb").read_bytes())
    grade.grade(course, PS)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        comment = next(c for c in book.find_submission_notebook(PS, PS, "ada").comments if c.name == "spectral_step")
        comment.manual_comment = "Look at $L = \\lambda_{max}$ again."
        book.db.commit()
    assert feedback(str(course), PS, "ada") == ""
    return course / "feedback" / "ada" / PS / f"{PS}.html"


def test_the_score_and_what_to_look_at_stand_first(written, ours):
    page = BeautifulSoup(written.read_text("utf-8"), "html.parser")
    assert page.header.strong.text == f"{PS}: 16 of 20 points" and page.title.text == f"{PS}: 16 of 20"
    lost = [link["href"] for link in page.header.find_all("a")]
    wrong = [name for name, cell in ours.marked.items() if cell.metadata["nbgrader"]["grade"] and "run_until" in name]
    assert lost == [f"#{name}" for name in wrong]
    for name in wrong:
        verdict = page.find(id=name)
        assert "wrong" in verdict["class"] and f"{name} is wrong" not in page.header.text
        assert verdict.find(class_="points").text.startswith("0 of ")
    right = page.find_all(class_="right")
    assert len(right) == sum(c.metadata["nbgrader"]["grade"] for c in ours.marked.values()) - len(wrong)
    comment = page.find(id="spectral_step").find(class_="comment")
    assert comment.find("math") and "again." in comment.text


def test_a_right_one_says_so(course, ours, pretend, written):
    pretend.run = make_believe
    grade.grade(course, PS, force=True)
    nbgrader(course, "generate_feedback", PS, "--force")  # nbgrader's own command writes the same page
    page = BeautifulSoup(written.read_text("utf-8"), "html.parser")
    assert "Everything is right." in page.header.text and not page.header.find_all("a")


def test_nothing_is_asked_of_a_network(written):
    page = BeautifulSoup(written.read_text("utf-8"), "html.parser")
    assert not page.find_all(["script", "link", "iframe", "object", "embed", "form"])
    addresses = [tag[name] for tag in page.find_all(True) for name in ("src", "href") if tag.has_attr(name)]
    assert all(address.startswith(("#", "data:image/png;base64,", "https://")) for address in addresses)
    assert not re.findall(r"url\(|@import", page.style.text)
    assert page.find_all("math") and "$" not in page.main.find("section").text


def test_places_of_the_book_are_links_where_the_course_says_where_it_is(tmp_path):
    said = html.escape('Equation\n  (5.7). Chapter 7, "A rate for every\n update". Equation (99.1). <b> Chapter 7, "x"')
    settings = Config({"CourseDirectory": {"root": str(tmp_path)}})
    assert FeedbackPage(config=settings).linked(said) == said
    (tmp_path / "term.toml").write_text('book = "https://example.org/it/"\n')
    for text in (said, said.replace("&quot;", "&#34;")):
        page = BeautifulSoup(FeedbackPage(config=settings).linked(text), "html.parser")
        assert [link["href"] for link in page.find_all("a")] == [
            "https://example.org/it/chapters/gradient-descent.html#equation-eq-gd-best-step",
            "https://example.org/it/chapters/schedules.html#sec-sched-gallery"]  # fmt: skip
        assert page.text == html.unescape(said)
    for address in ('"javascript:alert(1)"', '"https://a\\">b"', "7", '["https://a"]'):
        (tmp_path / "term.toml").write_text(f"book = {address}\n")
        with pytest.raises(CourseError, match="book is the address"):
            FeedbackPage(config=settings)


def test_a_page_leads_to_the_book(course, ours, pretend, written):
    (course / "term.toml").write_text('book = "https://example.org/it"\n')

    def run(job):
        result = make_believe(job, passed=lambda name: not name.startswith("run_until"))
        for shown in (o for outputs in result["outputs"] for o in outputs if o["output_type"] == "error"):
            shown["traceback"] = ["That is what comes out when it is. Equation", "  (5.7)."]
        return result

    pretend.run = run
    grade.grade(course, PS, force=True)
    assert feedback(str(course), PS, "ada") == ""
    links = BeautifulSoup(written.read_text("utf-8"), "html.parser").find(id="run_until-converged").pre.find_all("a")
    assert [(a.text, a["href"].partition("#")[2]) for a in links] == [("Equation\n  (5.7)", "equation-eq-gd-best-step")]


@pytest.mark.parametrize("ps", checks.MODULES)
def test_every_formula_of_an_assignment_is_read(request, ps):
    text = "\n".join(cell.source for cell in release_notebook(request.config.rootpath / "exercises" / f"{ps}.md").cells
                     if cell.cell_type == "markdown")  # fmt: skip
    formulas = [display or inline for display, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", text, re.DOTALL)]
    assert formulas
    for formula in formulas:
        tree = ElementTree.fromstring(mathml(formula))
        assert tree.tag == "math" and len(list(tree.iter())) > 1, formula


@pytest.mark.parametrize("formula", [
    r"\text{<script>alert(1)</script>}", r"\text{<img src=x onerror=alert(1)>}", r"\href{javascript:alert(1)}{x}",
    r"\style{position:fixed}{x}", r"\class{full-credit}{x}", "x" * (LONGEST + 1), r"\text{&xxe;}",
])  # fmt: skip
def test_what_is_no_formula_is_shown_as_it_was_written(formula):
    said = mathml(formula)
    assert BeautifulSoup(said, "html.parser").code.text == formula
    assert [tag.name for tag in BeautifulSoup(said, "html.parser").find_all(True)] == ["code"]


@pytest.mark.browser
@pytest.mark.thorough
def test_it_fits_a_phone_in_both_themes(browser, written):
    for scheme in ("light", "dark"):
        page = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme).new_page()
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(written.as_uri())
        assert page.evaluate("document.scrollingElement.scrollWidth") == 360
        assert not [url for url in asked if not url.startswith(("file:", "data:"))]
        faults = [rule for rule in Axe().run(page).response["violations"] if rule["id"] != "image-alt"]
        assert not faults, faults  # a student's figure has no words
        page.context.close()
