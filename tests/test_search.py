"""The search: the page that one wants comes first, places are named, excerpts are prose, and a disk is enough."""

import json
import re
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.browser

FIRST = {
    "learning rate": "gradient-descent", "vanishing gradient": "depth", "softmax": "output-units",
    "momentum": "momentum", "saddle point": "landscapes", "Adam": "per-coordinate", "Newton": "curvature",
    "batch size": "batches", "gradient check": "gradients", "batch norm": "depth", "heavy ball": "momentum",
    "5.5": "gradient-descent", "(8.1)": "momentum", "equation 12.1": "backpropagation",
}  # fmt: skip
AMONG_THREE = {
    "chain rule": "backpropagation", "early stopping": "practice", "cross entropy": "output-units",
    "projection": "constraints", "warm-up": "schedules", "condition number": "gradient-descent",
    "Huber": "cost-functions", "overfitting": "practice", "lasso": "constraints",
}  # fmt: skip


@pytest.fixture(scope="module", params=["http", "file"])
def ask(request, browser, site, site_url):
    """Return a function that searches as a reader does, over http and from a disk, and gives the page of results."""
    base = {"http": site_url, "file": site.as_uri()}[request.param]
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda asked: faults.append(asked.url))

    def search(query):
        page.goto(f"{base}/search.html?q={quote(query)}")
        page.wait_for_function("document.getElementById('search-status').textContent")
        return page

    yield search
    context.close()
    assert faults == []


def found(page):
    """Return the pages of the results in their order."""
    links = page.evaluate("[...document.querySelectorAll('#search-results h2 a')].map((link) => link.href)")
    return [re.sub(r".*/|\.html.*", "", link) for link in links]


def test_the_page_one_wants_comes_first(ask):
    first = {query: found(ask(query))[0] for query in FIRST}
    assert first == FIRST
    missed = {query: page for query, page in AMONG_THREE.items() if page not in found(ask(query))[:3]}
    assert not missed


def test_a_number_leads_to_its_equation_and_a_word_to_its_section(ask):
    page = ask("(5.5)")
    link = page.locator("#search-results h3 a", has_text="Equation (5.5)")
    link.click()
    page.wait_for_selector(".gd-equation:target")
    assert page.locator(":target .eqno").inner_text().startswith("(5.5)")
    page = ask("ringing")
    place = page.locator("#search-results a[href*='momentum.html#creeping']")
    assert "8.2. Creeping, settling, ringing" in place.first.inner_text()
    page = ask("phlogiston")
    assert "Nothing in the book matches" in page.locator("#search-status").inner_text()
    assert not page.locator("#search-results li").count()


def test_excerpts_are_prose_with_the_words_marked(ask):
    for query in ("momentum", "learning rate", "softmax"):
        page = ask(query)
        told = page.locator(".gd-search-text").all_inner_texts()
        assert len(told) > 10
        for text in told:
            assert not re.search(r"import |\\[a-z]|np\.|On this page|\.ipynb|Show the code|0\.60\.8", text), text
        assert page.locator(".gd-search-text mark").count() > 10
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 360


def test_typing_searches_at_once(ask):
    page = ask("momentum")
    page.locator(".gd-search input[name=q]").fill("(8.1)")
    page.wait_for_function("document.querySelectorAll('#search-results li').length === 1")
    assert found(page) == ["momentum"]


@pytest.mark.parametrize("width", [360, 1280])
def test_the_magnifier_stands_beside_the_text(browser, site_url, width):
    page = browser.new_page(viewport={"width": width, "height": 740})
    for address, form in (("search.html?q=momentum", ".gd-search form"), ("chapters/index.html", "dialog form")):
        page.goto(f"{site_url}/{address}")
        page.wait_for_load_state("networkidle")
        if "dialog" in form:
            page.keyboard.press("Control+k")
        glass = page.locator(f"{form} .fa-magnifying-glass").bounding_box()
        field = page.locator(f"{form} input").bounding_box()
        assert glass["width"] > 5 and glass["x"] + glass["width"] <= field["x"], (address, glass, field)
    page.close()


def test_every_place_that_is_found_is_there(site):
    text = (site / "searchtext.js").read_text("utf-8")
    pages = json.loads(text.removeprefix("gdcourseText = "))
    places, missing, equations = 0, [], 0
    for name, entries in pages:
        html = (site / f"{name}.html").read_text("utf-8")
        ids = set(re.findall(r'\bid="([^"]+)"', html))
        missing += [(name, anchor) for _, anchor, _, _ in entries if anchor and anchor not in ids]
        places += len(entries)
        numbered = {number for title, _, number, _ in entries if title.startswith("Equation")}
        printed = BeautifulSoup(html, "html.parser").select(".gd-equation > .eqno") if "eqno" in html else []
        assert numbered == {re.match(r"\(([\d.]+)\)", tag.get_text())[1] for tag in printed}, name
        equations += len(printed)
    assert not missing and places > 1000 and equations > 100
