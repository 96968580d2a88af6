"""The page Review, from its list on a page of its own, with the date set by the test; and the deck."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from gdcourse.widgets import Question, bundle
from gdcourse.widgets.review import claims, deck, listing, questions
from tests.test_chapters import CHAPTERS

ASSETS = CHAPTERS.parent / "assets"
START = datetime(2031, 3, 1, 20, tzinfo=UTC)  # the second of March where the reader is
TODAY = (date(2031, 3, 2) - date(1970, 1, 1)).days
KEYS = [asked.question.content["key"] for asked in questions(CHAPTERS)]
CLAIMS = [claim.name for claim in claims(CHAPTERS)]
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Review</title><style>
{style} [hidden] {{ display: none }}
:root {{ color-scheme: light dark; background: Canvas; color: CanvasText }}</style>
<main><h1>Review</h1>{body}</main><script>{script}</script>{widgets}</html>"""


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Return the address of the list on the disk, with its scripts."""
    path = tmp_path_factory.mktemp("review") / "review.html"
    widgets = "".join(f"<script>{text}</script>" for text in bundle.scripts([Question]).values())
    path.write_text(PAGE.format(style=bundle.source(bundle.STYLE), body=listing(CHAPTERS), widgets=widgets,
                                script=(ASSETS / "review.js").read_text("utf-8")), encoding="utf-8")  # fmt: skip
    return path.as_uri()


@pytest.fixture
def context(browser):
    """Return one reader's browser; what a page throws fails the test."""
    made, errors = browser.new_context(timezone_id="Asia/Tokyo", viewport={"width": 360, "height": 800}), []
    made.set_default_timeout(15_000)
    made.on("weberror", lambda error: errors.append(str(error.error)))
    yield made
    made.close()
    assert errors == []


@pytest.fixture
def visit(context, address):
    """Return a function that opens the page on a day, counted from the first."""

    def open_page(day=0):
        page = context.new_page()
        page.clock.set_fixed_time(START + timedelta(days=day))
        page.goto(address)
        page.locator(".gd-review-buttons").wait_for()
        return page

    return open_page


def shown(page):
    return page.eval_on_selector_all("[data-key]:not([hidden])", "all => all.map((item) => item.dataset.key)")


def says(page):
    return page.locator(".gd-review-says").inner_text()


def kept(page):
    return json.loads(page.evaluate("localStorage.getItem('gdcourse:review')") or "{}")


def give(page, right):
    """Answer the question that is shown, rightly or not, and wait until it counts."""
    host = page.locator("[data-key]:not([hidden])")
    host.locator(".gdw").wait_for()
    before = kept(page)
    (asked,) = [one.question for one in questions(CHAPTERS) if [one.question.content["key"]] == shown(page)]
    prompt = host.locator("legend").inner_text()
    (variant,) = [one for one in asked.variants if one["prompt"] == prompt]
    if "labels" in variant:
        host.get_by_label(variant["labels"][0 if right else 1], exact=True).check()
    else:
        host.get_by_label("Your number").fill(repr(float(variant["numbers"][0 if right else 1])))
        page.keyboard.press("Enter")
    page.wait_for_function("before => localStorage.getItem('gdcourse:review') !== before",
                           arg=json.dumps(before, separators=(",", ":")) if before else None)  # fmt: skip
    return prompt


pytestmark = pytest.mark.browser


def test_all_are_listed_and_one_is_shown(visit):
    page = visit()
    assert page.eval_on_selector_all("[data-key]", "all => all.map((item) => item.dataset.key)") == KEYS + CLAIMS
    assert shown(page) == KEYS[:1]
    assert says(page) == f"Nothing is due today. {len(KEYS + CLAIMS)} are still new."


def test_what_is_missed_comes_back_tomorrow_and_what_is_known_later_and_later(visit):
    first = give(visit(), right=False)
    assert shown(visit(0))[0] != KEYS[0] and shown(visit(1)) == KEYS[:1]
    day, prompts = 1, {first}
    for wait in (3, 7, 16, 35, 35):
        page = visit(day)
        assert shown(page) == KEYS[:1] and says(page).startswith("1 comes back today.")
        prompts.add(give(page, right=True))
        assert says(page).startswith(f"This one comes back in {wait} days. Nothing is due today.")
        assert shown(visit(day + wait - 1)) != KEYS[:1]
        day += wait
    give(visit(day), right=False)
    assert shown(visit(day + 1)) == KEYS[:1]
    assert len(prompts) > 1  # with other numbers on other days


def test_what_is_known_at_once_stays_away_and_the_longest_due_comes_first(visit):
    page = visit()
    give(page, right=True)
    page.get_by_role("button", name="Next").click()
    assert shown(page) == KEYS[1:2]
    give(page, right=False)
    assert kept(page) == {KEYS[0]: [1, TODAY + 3], KEYS[1]: [0, TODAY + 1]}
    assert shown(visit(2)) == KEYS[1:2] and says(visit(2)).startswith("1 comes")
    later = visit(5)
    assert says(later).startswith("2 come back today.") and shown(later) == KEYS[1:2]
    later.get_by_role("button", name="Next").click()
    assert shown(later) == KEYS[:1]
    later.get_by_role("button", name="Next").click()
    assert shown(later) == KEYS[2:3]


def test_knowing_it_again_before_it_is_due_changes_nothing_and_missing_it_does(visit):
    page = visit()
    give(page, right=True)
    stored = kept(page)
    host = page.locator("[data-key]:not([hidden])")
    number = page.evaluate("document.querySelector('[data-key]:not([hidden]) input').value")
    host.get_by_role("button", name="Check").click()
    page.wait_for_timeout(1300)
    assert kept(page) == stored and number
    host.get_by_label("Your number").fill("123456")
    host.get_by_role("button", name="Check").click()
    page.wait_for_timeout(1300)
    assert kept(page)[KEYS[0]][0] == 0 != stored[KEYS[0]][0]


def test_an_answer_that_is_passed_over_does_not_count(visit):
    page = visit()
    page.evaluate("""key => { for (const right of [false, false, true])
        document.body.dispatchEvent(new CustomEvent("gdcourse:answer", { bubbles: true, detail: { key, right } })) }""",
                  KEYS[3])  # fmt: skip
    assert kept(page) == {}
    page.wait_for_timeout(1300)
    assert kept(page)[KEYS[3]][0] == 1


def test_an_answer_given_elsewhere_counts_even_if_the_page_is_left_at_once(visit, context, address):
    page = visit()
    page.evaluate("""key => document.body.dispatchEvent(
        new CustomEvent("gdcourse:answer", { bubbles: true, detail: { key, right: false } }))""", KEYS[7])  # fmt: skip
    page.goto("about:blank")
    assert shown(visit(1)) == KEYS[7:8]


def test_an_answer_in_a_chapter_counts(context, site_url):
    page = context.new_page()
    page.clock.set_fixed_time(START)
    page.goto(f"{site_url}/chapters/learning-loop.html#sec-loop-start")
    host = page.locator(".gdw-host[data-widget=question]")
    host.scroll_into_view_if_needed()
    host.get_by_label("Your number").fill("123456")
    host.get_by_role("button", name="Check").click()
    page.goto(f"{site_url}/chapters/review.html")
    assert kept(page) == {KEYS[0]: [0, TODAY + 1]} and shown(page) == KEYS[1:2]
    page.clock.set_fixed_time(START + timedelta(days=1))
    page.reload()
    page.locator(".gd-review-buttons").wait_for()
    assert shown(page) == KEYS[:1] and says(page).startswith("1 comes back today.")
    page.locator("[data-key]:not([hidden]) .gdw").wait_for()
    (deck_link,) = page.locator("a[download][href$='.txt']").all()
    assert page.request.get(f"{site_url}/{deck_link.get_attribute('href').removeprefix('../')}").text() == deck(
        CHAPTERS
    )


def test_a_common_mistake_is_told_by_the_reader_herself(visit):
    page = visit()
    page.get_by_role("button", name="Show all").click()
    assert shown(page) == KEYS + CLAIMS
    item = page.locator("[data-key=W3]")
    assert not item.get_by_text("depends on the curvature").is_visible()
    item.locator("summary").click()
    assert item.get_by_text("depends on the curvature").is_visible()
    item.get_by_role("button", name="I did not").click()
    page.locator("[data-key=W4] summary").click()
    page.locator("[data-key=W4]").get_by_role("button", name="I knew that").click()
    assert {key: step for key, (step, _) in kept(page).items()} == {"W3": 0, "W4": 1}
    assert shown(visit(1)) == ["W3"]


def test_the_last_says_when_the_next_comes(visit):
    page = visit()
    everything = {key: [1, TODAY + 3] for key in KEYS + CLAIMS}
    page.evaluate("all => localStorage.setItem('gdcourse:review', JSON.stringify(all))", everything)
    again = visit()
    assert shown(again) == [] and says(again) == "Nothing is due today. The next comes back on 5 March."


def test_all_answers_can_be_forgotten_and_nonsense_in_the_store_is_no_answer(visit):
    page = visit()
    give(page, right=False)
    page.get_by_role("button", name="Forget all answers").click()
    assert page.evaluate("localStorage.getItem('gdcourse:review')") is None and shown(page) == KEYS[:1]
    for text in ("nonsense", "7", "null", '{"W1": [9, 1], "W2": "x", "W3": [0, "soon"]}'):
        page.evaluate("text => localStorage.setItem('gdcourse:review', text)", text)
        assert says(visit()) == f"Nothing is due today. {len(KEYS + CLAIMS)} are still new."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_access(context, visit, scheme):
    page = visit()
    page.emulate_media(color_scheme=scheme)
    page.locator("[data-key]:not([hidden]) .gdw").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    found = Axe().run(page).response["violations"]
    assert not found, json.dumps(found, indent=1)


def test_without_javascript_all_are_there_with_their_answers_folded(browser, address):
    page = browser.new_page(java_script_enabled=False)
    page.goto(address)
    assert page.locator("[data-key]").count() == len(KEYS + CLAIMS)
    assert all(item.is_visible() for item in page.locator("[data-key]").all())
    assert page.locator("details:not([open])").count() == len(KEYS + CLAIMS)
    assert page.locator(".gd-review-buttons").is_hidden()
    page.close()


def test_the_list_is_the_same_in_every_build():
    assert listing(CHAPTERS) == listing(CHAPTERS)


def test_every_link_of_the_list_leads_to_a_label():
    for link in BeautifulSoup(listing(CHAPTERS), "html.parser").select("a"):
        name, label = link["href"].split("#")
        text = (CHAPTERS / Path(name).with_suffix(".md").name).read_text("utf-8")
        assert re.search(rf"^\({label}\)=$|^:label: {label}$", text, re.MULTILINE)
        assert link.get_text() and "$" not in link.get_text()


def test_the_deck_can_be_read_back():
    head, notes = [], []
    for line in deck(CHAPTERS).splitlines():
        (head if line.startswith("#") else notes).append(line)
    told = dict(line[1:].split(":", 1) for line in head)
    assert told == {"separator": "tab", "html": "true", "notetype": "Basic", "deck": "Gradient descent",
                    "guid column": "1", "tags column": "4"}  # fmt: skip
    rows = [note.split("\t") for note in notes]
    assert {len(row) for row in rows} == {4} and len({row[0] for row in rows}) == len(rows)
    backs = {BeautifulSoup(front, "html.parser").get_text(): BeautifulSoup(back, "html.parser").get_text()
             for _, front, back, _ in rows}  # fmt: skip
    stored = yaml.safe_load((CHAPTERS / "claims.yml").read_text("utf-8"))
    for claim in stored.values():
        assert backs[f"What is wrong with this?“{claim['claim']}”"].startswith(claim["truth"])
    alone = [asked.question.content for asked in questions(CHAPTERS) if not asked.exercise]
    assert len(rows) == len(stored) + len(alone) and len(alone) >= 36
    for first in alone:
        (back,) = [back for front, back in backs.items() if front.startswith(first["prompt"])]
        right = first["labels"][0] if "labels" in first else f"{first['numbers'][0]:g}"
        assert back.startswith(right + first["says"][0])
    assert {row[3] for row in rows} <= {path.stem for path in CHAPTERS.glob("*.md")}
    exercises = [asked for asked in questions(CHAPTERS) if asked.exercise]
    assert len(exercises) == 16 and ("ex-con-corner", "The wrong corner") in {asked.exercise for asked in exercises}
