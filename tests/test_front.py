"""The front page: whole without a script, moving with one, and a way back to where the reader was."""

import re

import pytest
from bs4 import BeautifulSoup

from gdcourse.descent import descend
from gdcourse.problems import FOUR_POINTS, line_fit

pytestmark = pytest.mark.browser

START = "chapters/index.html"
HEAVIEST = 250_000  # bytes of the front page, packed as a server sends them
ANSWER = "document.querySelector('.gd-hero-answer strong').textContent"
WRONG = "document.querySelector('.gd-hero-wrong').textContent"
SAYS = "document.querySelector('.gd-hero-says').textContent"


@pytest.fixture
def front(browser, site_url):
    """Return a function that opens the front page; an error in it fails the test."""
    contexts, faults = [], []

    def open_page(address=START, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{site_url}/{address}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def test_it_is_whole_without_a_script(front, site):
    page = front(java_script_enabled=False)
    shown = page.locator("article").inner_text()
    slope = descend(line_fit(*FOUR_POINTS), lr=0.01, steps=1000).final[0]
    answer = page.locator(".gd-hero-answer strong").inner_text()
    assert answer == f"{slope:.5f}" and page.locator(".gd-hero-wrong").inner_text() == "8966"
    assert "Start: chapter 1" in shown and "Solve something now" in shown and "Teach with it" in shown
    assert not page.locator(".gd-hero-control").is_visible()
    assert all(picture.bounding_box()["height"] > 50 for picture in page.locator(".gd-hero svg, .gd-part svg").all())
    questions = page.locator(".gd-part li span").all_inner_texts()
    assert len(questions) == 16 and all(re.search(r"[?.]$", question) for question in questions)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.05, 0.118, 0.12])
def test_the_answer_at_a_readers_rate_is_pythons(front, rate):
    page = front(reduced_motion="reduce")
    page.locator(".gd-hero input").fill(str(rate))
    slope = descend(line_fit(*FOUR_POINTS), lr=rate, steps=1000).final[0]
    assert page.evaluate(ANSWER) == f"{slope:.5f}".replace("-", "\N{MINUS SIGN}")
    right = abs(slope - 2) < 0.5e-5
    assert (page.evaluate(WRONG) == "") == right
    said = page.evaluate(SAYS)
    assert ("over the cliff" in said) == (rate > 0.1198) and ("all digits are right" in said) == right


WATCH = """addEventListener("DOMContentLoaded", () => {
  globalThis.drawn = new Set()
  const line = document.querySelector(".gd-hero-line")
  new MutationObserver(() => drawn.add(line.getAttribute("points"))).observe(line, { attributes: true })
})"""


def test_it_moves_by_itself_and_stands_still_for_who_wants_that(front):
    moving = front()
    moving.add_init_script(WATCH)
    moving.reload()
    moving.wait_for_function("drawn.size > 5")
    still = front(reduced_motion="reduce")
    still.add_init_script(WATCH)
    still.reload()
    still.wait_for_timeout(1000)  # in which it would have moved
    assert still.evaluate("drawn.size") <= 1


def test_its_first_picture_is_the_one_that_the_script_draws(front):
    still, live = front(java_script_enabled=False), front(reduced_motion="reduce")
    line = "() => document.querySelector('.gd-hero-line').getAttribute('points')"
    still_ends, live_ends = (
        [float(number) for number in re.findall(r"[\d.]+", page.locator(".gd-hero-line").get_attribute("points"))]
        for page in (still, live)
    )
    assert live.evaluate(line) and max(abs(a - b) for a, b in zip(still_ends, live_ends, strict=True)) <= 0.11


def test_the_first_door_and_next_lead_to_chapter_one(site):
    page = BeautifulSoup((site / START).read_text("utf-8"), "html.parser")
    doors = [link["href"] for link in page.select(".gd-doors a")]
    assert doors[0] == page.select_one("a.right-next")["href"] == "learning-loop.html"
    listed = [link["href"] for link in page.select(".gd-part a")]
    assert len(listed) == 16 and listed[0] == doors[0]
    side = [link["href"] for link in page.select("nav.bd-links a.internal")]
    assert side[:16] == listed


def test_a_reader_is_led_back_until_she_says_forget(front, site_url):
    page = front()
    assert "Continue" not in page.locator("article").inner_text()
    page.goto(f"{site_url}/chapters/momentum.html")
    heading = page.locator("#creeping-settling-ringing")
    heading.evaluate("(one) => one.scrollIntoView({ behavior: 'instant' })")
    page.wait_for_function("localStorage['gdcourse:reading']?.includes('creeping')")
    page.goto(f"{site_url}/{START}")
    link = page.locator(".gd-continue a")
    assert link.inner_text() == "Continue where you were: Momentum and acceleration, Creeping, settling, ringing"
    link.click()
    assert page.url.endswith("/chapters/momentum.html#creeping-settling-ringing")
    page.wait_for_load_state("load")
    page.evaluate("scrollTo({ top: document.scrollingElement.scrollHeight, behavior: 'instant' })")
    page.wait_for_selector("nav.bd-links a.gd-read", state="attached")
    page.goto(f"{site_url}/{START}")
    assert page.locator("nav.bd-links a.gd-read").all_text_contents() == ["8. Momentum and acceleration (read)"]
    page.get_by_role("button", name="Forget").click()
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('gdcourse:reading'))") == []
    assert not page.locator("a.gd-read").count() and not page.locator(".gd-continue a").count()


def test_what_somebody_else_left_in_the_store_harms_nothing(front):
    page = front()
    bad = ["null", "7", "{", '{"read": []}', '{"read": [], "done": {"chapters/momentum": null, "x": {"met": 3}}}',
           '{"read": [], "last": {"page": "javascript:alert(1)//", "title": "x"}}']
    for text in bad:
        page.evaluate("(text) => localStorage.setItem('gdcourse:reading', text)", text)
        page.reload()
        assert not page.locator(".gd-continue a").count() and not page.locator(".gd-marks").count(), text


def test_a_question_answered_rightly_is_counted_at_the_side_until_she_says_forget(front, site_url):
    page = front()
    page.goto(f"{site_url}/chapters/output-units.html")
    host = page.locator(".gdw-host[data-widget^=question]:has(.gdw-question ul)").first  # a choice
    host.scroll_into_view_if_needed()
    host.locator("input[type=radio]").first.wait_for()
    hosts = page.locator("article .gdw-host").count()
    for choice in host.locator("input[type=radio]").all():
        choice.check()
        if host.locator(".gdw-met").count():
            break
        assert "No." in host.inner_text() and not page.locator(".gd-marks").count()
    page.wait_for_selector(".gd-marks", state="attached")
    page.goto(f"{site_url}/{START}")
    said = f" 1/{hosts} (1 of {hosts} figures and questions done)"
    assert page.locator("nav.bd-links .gd-marks").all_text_contents() == [said]
    page.get_by_role("button", name="Forget").click()
    assert not page.locator(".gd-marks").count()


def test_it_is_light(front, site):
    import gzip

    page = front()
    asked = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.reload(wait_until="networkidle")
    files = {re.sub(r"^https?://[^/]+/|\?.*", "", url) for url in asked}
    sizes = {name: len(gzip.compress((site / name).read_bytes())) for name in files}
    assert len(sizes) > 8 and sum(sizes.values()) <= HEAVIEST, sizes
