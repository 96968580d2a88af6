"""What a link shows before it is followed: by pointer, keyboard and finger, from a server and from a disk."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

pytestmark = pytest.mark.browser

BOX = ".gd-preview"
LINKS = {  # a page, a link on it, and what is to be seen
    "an equation of this page": ("gradient-descent", "a[href='#equation-eq-gd-rate']", "(5.8)"),
    "an equation of another": ("gradient-descent", "a[href='learning-loop.html#equation-eq-loop-gradient']", "(1.2)"),
    "a figure": ("gradient-descent", "a[href='#fig-gd-rate']", None),  # its number, which stands in the link
    "a work": ("gradient-descent", ".bibtex-citation a", "Pacific Journal of Mathematics"),
    "a word": ("cost-functions", "a[href='glossary.html#term-pinball-loss']", "quantile loss"),
}


@pytest.fixture(scope="module", params=["http", "file"])
def base(request, site, site_url):
    """Return the folder of the chapters, over http and from a disk."""
    return {"http": site_url, "file": site.as_uri()}[request.param] + "/chapters"


@pytest.fixture
def reader(browser, base):
    """Return a function that opens a page and gives a link on it; no error and no lost request may occur."""
    faults, contexts = [], []

    def open_page(name, link, **device):
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **device}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("requestfailed", lambda asked: faults.append(asked.url))
        page.goto(f"{base}/{name}.html")
        page.wait_for_load_state("load")
        found = page.locator(f"article p {link}:not(.headerlink)").first
        found.scroll_into_view_if_needed()
        return page, found

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.mark.parametrize("kind", LINKS)
def test_a_pointer_that_rests_sees_it_and_one_that_leaves_does_not(reader, kind):
    name, selector, said = LINKS[kind]
    page, link = reader(name, selector)
    link.hover()
    box = page.locator(BOX)
    box.wait_for()
    assert (said or link.inner_text()) in box.text_content()
    seen, screen = box.bounding_box(), page.viewport_size
    assert seen["x"] >= 0 and seen["x"] + seen["width"] <= screen["width"]
    assert seen["y"] >= 0 and seen["y"] + seen["height"] <= screen["height"]
    twice = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(twice) == len(set(twice))
    box.hover()
    page.wait_for_timeout(400)  # twice what it waits before it goes
    assert box.is_visible()
    page.mouse.move(1, 1)
    box.wait_for(state="detached")


def test_the_keyboard_sees_it_without_being_held(reader):
    page, link = reader("gradient-descent", ".bibtex-citation a")
    page.keyboard.press("Tab")
    link.focus()
    box = page.locator(BOX)
    box.wait_for()
    assert box.get_attribute("role") == "tooltip" and link.get_attribute("aria-describedby") == box.get_attribute("id")
    page.keyboard.press("Escape")
    assert box.count() == 0 and link.evaluate("(one) => one === document.activeElement")
    assert link.get_attribute("aria-describedby") is None
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    box.wait_for()
    page.keyboard.press("Tab")
    box.wait_for(state="detached")
    assert not page.evaluate("document.activeElement.closest('.gd-preview')")


@pytest.mark.parametrize("kind", LINKS)
def test_the_first_tap_shows_and_leads_on(reader, kind):
    name, selector, said = LINKS[kind]
    page, link = reader(name, selector, viewport={"width": 320, "height": 640}, has_touch=True)
    before = page.url
    link.tap()
    box = page.locator(BOX)
    box.wait_for()
    assert page.url == before and (said or link.inner_text()) in box.text_content()
    seen = box.bounding_box()
    assert seen["x"] == 0 and seen["width"] == 320 and seen["y"] + seen["height"] <= 640.5
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 320
    inside = box.evaluate("(one) => [...one.children].map((child) => child.getBoundingClientRect().right)")
    assert max(inside) <= 320
    assert all(one.bounding_box()["height"] >= 44 for one in page.locator(f"{BOX}-bar > *").all())
    page.keyboard.press("Escape")
    assert box.count() == 0 and link.evaluate("(one) => one === document.activeElement")
    link.tap()
    box.get_by_text("Go there").tap()
    page.wait_for_url(lambda url: url != before)
    assert page.evaluate("document.querySelector(':target') !== null")
    assert page.locator(BOX).count() == 0


def test_a_tap_elsewhere_puts_it_away(reader):
    page, link = reader("gradient-descent", ".bibtex-citation a", viewport={"width": 360, "height": 640},
                        has_touch=True)  # fmt: skip
    link.tap()
    page.locator(BOX).wait_for()
    page.touchscreen.tap(180, 120)
    page.locator(BOX).wait_for(state="detached")


@pytest.mark.parametrize("look", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
def test_axe_finds_nothing_in_it(browser, site_url, look):
    page = browser.new_page(**look)
    page.goto(f"{site_url}/chapters/gradient-descent.html")
    page.locator("article p a[href='#fig-gd-rate']:not(.headerlink)").first.hover()
    page.locator(BOX).wait_for()
    found = Axe().run(page, context=BOX)
    page.close()
    assert not found.response["violations"], found.generate_report()


def test_every_link_that_could_show_something_does(site):
    """Equations, figures and words by the anchors that Sphinx and the authors give them; works within a citation."""
    kept, lost, shown = {}, [], 0
    for path in [*(site / "chapters").glob("*.html"), *(site / "exercises").glob("*.html")]:
        here = path.relative_to(site).with_suffix("").as_posix()
        article = BeautifulSoup(path.read_text("utf-8"), "html.parser").select_one("article.bd-article")
        for link in article.select("a[href*='#']:not(.headerlink)"):
            to, _, anchor = link["href"].partition("#")
            if not (re.match("equation-|fig-|term-|ex-", anchor) or link.find_parent(class_="bibtex-citation")):
                continue
            page = (path.parent / to).resolve().relative_to(site).with_suffix("").as_posix() if to else here
            if page == here:
                found = article.find(id=anchor)
            else:
                if page not in kept:
                    text = (site / "previews" / f"{page}.js").read_text("utf-8")
                    kept[page] = json.loads(text.partition('"] = ')[2])
                found = kept[page].get(anchor)
            shown += 1
            if not found:
                lost.append(f"{here}: {link['href']}")
    assert not lost and shown > 250 and len(kept) > 5
