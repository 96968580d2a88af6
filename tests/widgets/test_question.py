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

DRAWN = Question("How long is the way of {n} steps of {step}?", draws={"n": (3, 4, 10), "step": (0.1, 0.5, 0.2)},
                 right=lambda n, step: n * step, within=0.01, says="{n} times {step} is {right:g}.",
                 wrong={lambda n, step: n + step: "That is {n} plus {step}.", 77: "Seven and seven."},
                 otherwise="Not with {n} steps.")  # fmt: skip
WORDS = Question("Which is larger?", {"{a}": "By {d}.", "{b}": "The other, by {d}."},
                 draws={"a": (5, 9), "b": (2, 8), "d": (3, 1)})  # fmt: skip


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


@pytest.fixture
def drawn(visit, tmp_path):
    """Return a page with both questions that can be drawn anew; it notes each answer that is given."""
    path = tmp_path / "drawn.html"
    path.write_text(standalone(DRAWN, WORDS, title="Drawn anew"), encoding="utf-8")

    def open_page(link="", **options):
        page = visit(f"{path.as_uri()}{link}", **options)
        page.wait_for_function("document.querySelectorAll('[data-mounted]').length === 2")
        page.evaluate("window.heard = []; addEventListener('gdcourse:answer', ({ detail }) => heard.push(detail))")
        return page

    return open_page


def test_a_question_is_drawn_anew_and_comes_round(drawn):
    page = drawn()
    asked, another = page.locator("legend").first, page.get_by_role("button", name="Another one").first
    for n, step in [(3, 0.1), (4, 0.5), (10, 0.2), (3, 0.1)]:
        assert asked.inner_text() == f"How long is the way of {n} steps of {step}?"
        page.get_by_label("Your number").fill(f"{round(n * step, 6)}")
        page.keyboard.press("Enter")
        assert sentences(page)[0] == f"Yes. {n} times {step} is {round(n * step, 6):g}."
        page.get_by_label("Your number").fill(f"{n + step}")
        page.keyboard.press("Enter")
        assert sentences(page)[0] == f"No. That is {n} plus {step}."
        another.click()
        assert sentences(page)[0] == "" and page.get_by_label("Your number").input_value() == ""


def test_choices_are_drawn_anew(drawn):
    page = drawn()
    for a, b, d in [(5, 2, 3), (9, 8, 1)]:
        assert page.eval_on_selector_all("input[type=radio]", "all => all.map((one) => one.value)") == [str(b), str(a)]
        page.get_by_label(str(b), exact=True).check()
        assert sentences(page)[1] == f"No. The other, by {d}."
        page.get_by_role("button", name="Another one").last.click()
        assert page.locator("input:checked").count() == 0


def test_the_draw_survives_in_the_address_and_a_draw_that_is_none_does_not(drawn):
    page = drawn()
    page.get_by_role("button", name="Another one").first.click()
    page.get_by_label("Your number").fill("77")
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    again = drawn(page.url[page.url.index("#") :])
    assert again.locator("legend").first.inner_text() == DRAWN.variants[1]["prompt"]
    assert sentences(again)[0] == "No. Seven and seven."
    for which in ("3", "-1", "0.5", "many", ""):
        assert drawn(f"#widget=question&which={which}").locator("legend").first.inner_text() == DRAWN.describe()
    assert not drawn("#widget=question-2&which=1&given=5").locator("input:checked").count()  # a choice of draw 0
    assert drawn("#widget=question-2&which=1&given=9").locator("input:checked").get_attribute("value") == "9"


def test_whoever_listens_hears_what_was_answered(drawn):
    page = drawn()
    page.get_by_label("Your number").fill("a few")
    page.keyboard.press("Enter")
    page.get_by_label("Your number").fill("3.1")
    page.keyboard.press("Enter")
    page.get_by_label("5", exact=True).check()
    page.get_by_role("button", name="Another one").last.click()
    assert page.evaluate("heard") == [{"key": DRAWN.content["key"], "right": False},
                                      {"key": WORDS.content["key"], "right": True}]  # fmt: skip
    assert drawn("#widget=question&which=0&given=77").evaluate("heard") == []


@pytest.mark.parametrize("typed", ["0.3", "0.299", "3.1", "77", "2", "1.9", "4.5", "10.2", "31", "x"])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_each_draw_is_judged_as_python_judges_it(drawn, typed, which):
    page = drawn(f"#widget=question&which={which}")
    page.get_by_label("Your number").fill(typed)
    page.keyboard.press("Enter")
    verdict = DRAWN.judge(typed, which)
    assert DRAWN.answer({"given": typed, "which": which})[1] == [[float(verdict)]]
    says = "A number is wanted, such as 0.25 or 25 %."
    if verdict >= 0:
        says = f"{'No.' if verdict else 'Yes.'} {DRAWN.variants[which]['says'][verdict]}"
    assert sentences(page)[0] == says


def test_the_nearest_of_two_mistakes_is_named(visit, tmp_path):
    ask = Question("How many?", right=100, tolerance=5, says="It is.", wrong={1: "one", 4: "four"}, otherwise="other")
    path = tmp_path / "near.html"
    path.write_text(standalone(ask), encoding="utf-8")
    page = visit(path.as_uri())
    for text, verdict in {"4": 2, "1": 1, "2": 1, "3": 2, "97": 0, "94": 3}.items():
        assert ask.judge(text) == verdict
        page.get_by_label("Your number").fill(text)
        page.keyboard.press("Enter")
        assert sentences(page)[0] == f"{'No.' if verdict else 'Yes.'} {ask.content['says'][verdict]}"


def test_a_drawn_question_keeps_room_for_its_largest_draw(visit, tmp_path):
    texts = ("Short?", "Which of the two is the larger one, and by how much does it exceed the other? " * 4)
    long = Question("{text}", draws={"text": texts}, right=lambda text: len(text), says="As it says.")
    path = tmp_path / "long.html"
    path.write_text(standalone(long), encoding="utf-8")
    for width in (760, 360):
        page = visit(path.as_uri(), width=width)
        page.wait_for_selector("[data-mounted]")
        page.get_by_role("button", name="Another one").click()
        more = "live => live.offsetHeight - parseFloat(getComputedStyle(live).minHeight)"
        assert page.locator(".gdw").evaluate(more) < 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_access_where_one_draws(drawn, scheme):
    found = Axe().run(drawn(color_scheme=scheme)).response["violations"]
    assert not found, json.dumps(found, indent=1)


def test_what_is_drawn_has_a_name_that_stays(drawn):
    same = Question("How long is the way of {n} steps of {step}?", draws={"n": (8,), "step": (1,)}, right=8,
                    says="{n} times {step} is {right:g}.")  # fmt: skip
    assert same.content["key"] == DRAWN.content["key"] != WORDS.content["key"]


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ({"right": lambda n: n + n, "wrong": {lambda n: n * n: ""}, "draws": {"n": (1, 2)}}, "right = 4.*'n': 2"),
        ({"right": lambda n: n, "wrong": {lambda n: 1.05 * n: ""}, "draws": {"n": (1,)}, "within": 0.1}, "must differ"),
        ({"right": 0, "wrong": {lambda n: 2 * n: "", lambda n: n * n: ""}, "draws": {"n": (3, 2)}}, "different"),
        ({"right": 1, "draws": {"n": (1, 2), "m": (1,)}}, "as many numbers under each name"),
        ({"right": 1, "draws": {"n": ()}}, "at least one"),
        ({"choices": {"{a}": "", "{b}": ""}, "draws": {"a": (1, 2), "b": (2, 2)}}, "told apart in every draw"),
        ({"right": lambda n: 1 / n, "draws": {"n": (float("inf"), float("nan"))}}, "right must be a finite number"),
        ({"which": -1}, "which must be an integer"),
    ],
)
def test_a_draw_that_cannot_be_asked_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        Question("?", **arguments)


def test_a_draw_that_is_none_cannot_be_judged():
    with pytest.raises(ValueError, match="which must be below 3"):
        DRAWN.judge("1", 3)
