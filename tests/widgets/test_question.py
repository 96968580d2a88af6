"""The question, on its bare page: by mouse and by keyboard, a sentence for each answer, and Python's verdicts."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from gdcourse.widgets import Question
from gdcourse.widgets.page import standalone

pytestmark = pytest.mark.browser

CHOICE = Question("Which?", {"the first": "So it is.", "the second": "That would mean A.", "another": "And this B."})
NUMBER = Question("How many?", right=0.39, tolerance=0.02, says="Four in ten.", wrong={0.05: "That is the other mode."},
                  otherwise="Neither.")  # fmt: skip


@pytest.fixture
def questions(visit, tmp_path):
    """Return a page with both questions."""
    path = tmp_path / "questions.html"
    path.write_text(standalone(CHOICE, NUMBER, title="Questions"), encoding="utf-8")

    def open_page(link="", **options):
        page = visit(f"{path.as_uri()}{link}", **options)
        page.wait_for_function("document.querySelectorAll('[data-mounted]').length === 2")
        return page

    return open_page


def sentences(page):
    return [node.inner_text() for node in page.query_selector_all(".gdw-sentence")]


def test_each_choice_has_its_sentence(questions):
    page = questions()
    for label, says in zip(CHOICE.content["labels"], CHOICE.content["says"]):
        page.get_by_label(label, exact=True).check()
        verdict = "Yes." if label == "the first" else "No."
        assert sentences(page)[0] == f"{verdict} {says}"


def test_the_place_says_nothing_about_the_answer(questions):
    page = questions()
    shown = page.eval_on_selector_all("input[type=radio]", "all => all.map((one) => one.value)")
    assert shown == sorted(CHOICE.content["labels"])


def test_choices_by_keyboard(questions):
    page = questions()
    page.locator("input[type=radio]").first.focus()
    page.keyboard.press("ArrowDown")
    assert sentences(page)[0] == "Yes. So it is."


@pytest.mark.parametrize("typed", ["0.39", "0.405", "0.05", "5", "1e-1", "many", " 0.38 ", "-0.39", "39%", "39 %",
                                  "0,39", "39,1 %", "5%", "-5 %", "−0.39", ".39", ",39", "%", "0.39%", "1,000",
                                  "39 percent", "0x1", "1_0", "Infinity", "3 9", "0.3.9", "1e400"])  # fmt: skip
def test_numbers_are_judged_as_python_judges_them(questions, typed):
    page = questions()
    page.get_by_label("Your number").fill(typed)
    page.keyboard.press("Enter")
    verdict = NUMBER.judge(typed)
    says = "A number is wanted, such as 0.25 or 25 %."
    if verdict >= 0:
        says = f"{'No.' if verdict else 'Yes.'} {NUMBER.content['says'][verdict]}"
    assert sentences(page)[1] == says


@pytest.mark.parametrize(
    "typed, verdict", [("39%", "Yes."), ("38.5 %", "Yes."), ("0,39", "Yes."), ("39", "No."), ("5 %", "No.")]
)
def test_a_share_may_be_written_as_people_write_it(questions, typed, verdict):
    page = questions()
    page.get_by_label("Your number").fill(typed)
    page.keyboard.press("Enter")
    assert sentences(page)[1].split()[0] == verdict


def test_the_button_checks_too_and_the_answer_survives_in_the_address(questions):
    page = questions()
    page.get_by_label("Your number").fill("0.05")
    page.get_by_role("button", name="Check").click()
    page.wait_for_timeout(400)
    assert "given=0.05" in page.url
    again = questions(page.url[page.url.index("#") :])
    assert sentences(again)[1] == "No. That is the other mode."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_access(questions, scheme):
    page = questions(color_scheme=scheme)
    found = Axe().run(page).response["violations"]
    assert not found, json.dumps(found, indent=1)


def test_without_javascript_the_question_stands_and_the_answer_is_folded(browser, tmp_path):
    path = tmp_path / "still.html"
    path.write_text(standalone(NUMBER), encoding="utf-8")
    page = browser.new_page(java_script_enabled=False)
    page.goto(path.as_uri())
    assert page.get_by_text("How many?").is_visible()
    assert not page.get_by_text("Four in ten.").is_visible()
    page.close()
