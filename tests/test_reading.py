"""How a page reads: what is folded and that nothing of it is lost, and what is left of it on paper."""

import re

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from tests.test_chapters import NUMBERED, cells

pytestmark = pytest.mark.browser

PAPERS = {  # what a page has between its margins, in CSS pixels
    "A4": {"width": 673, "height": 980},
    "Letter": {"width": 695, "height": 916},
}
each_chapter = pytest.mark.parametrize("name", [page.name for page in NUMBERED])
HIDDEN = {"remove-cell", "remove-input"}


@pytest.fixture(scope="module")
def article(site):
    """Return a function that gives a chapter's article, parsed."""

    def parse(name):
        text = (site / "chapters" / f"{name}.html").read_text("utf-8")
        return BeautifulSoup(text, "html.parser").select_one("article.bd-article")

    return parse


def closed_up(text):
    return re.sub(r"\s", "", text)


@each_chapter
def test_prose_comes_first_and_what_is_folded_is_all_there(article, name, site):
    text = article(name)
    (source,) = (page.text for page in NUMBERED if page.name == name)
    written = [(set(tags), closed_up(code)) for tags, code in cells(source) if not HIDDEN & set(tags)]
    shown = [closed_up(pre.get_text()) for pre in text.select(".cell_input pre")]
    assert shown == [code for _, code in written]
    folds = {kind: text.select(f"details.gd-fold-{kind}") for kind in ("imports", "check", "code", "evidence")}
    assert len(folds["check"]) == sum("check" in tags for tags, _ in written)
    assert len(folds["code"]) == sum("hide-input" in tags for tags, _ in written)
    assert len(folds["imports"]) == 1 and folds["evidence"]
    first = text.select_one("h1 ~ *:not(.cell)")
    assert first.name in ("p", "div") and len(first.get_text()) > 20
    open_code = [pre for pre in text.select(".cell_input pre") if not pre.find_parent("details", class_="gd-fold")]
    assert all(not closed_up(pre.get_text()).startswith("assert") for pre in open_code)
    assert not text.select("details.above-input")
    book = nbformat.read(site / "_sources" / "chapters" / f"{name}.ipynb", 4)
    told = closed_up("".join(cell.source for cell in book.cells if cell.cell_type == "code"))
    assert all(code in told for _, code in written)


@each_chapter
def test_a_page_says_how_many_checks_it_holds(article, name):
    text = article(name)
    (said,) = text.select(".gd-checked")
    number = len(text.select("details.gd-fold-check"))
    assert said.get_text().startswith(f"\N{CHECK MARK} {number} checks" if number > 1 else "\N{CHECK MARK} One check")


@each_chapter
def test_a_table_of_results_is_summed_up_by_what_its_rows_say(article, name):
    for fold in article(name).select("details.gd-fold-evidence"):
        verdicts = [row.find_all("td")[-1].get_text() for row in fold.select("table.evidence tbody tr")]
        assert verdicts and all(verdict.startswith("holds") for verdict in verdicts)
        numbers = [int(n) for n in re.findall(r"all (\d+) numbers hold", fold.summary.get_text())]
        assert sum(numbers) + fold.summary.get_text().count("the number holds") == len(verdicts)


def test_nothing_to_unfold_stands_above_a_live_figure(article):
    hosts = 0
    for page in NUMBERED:
        for cell in article(page.name).select(".cell:has(.gdw-host)"):
            first = cell.find(True, recursive=False)
            assert "cell_output" in first["class"], page.name
            hosts += 1
    assert hosts > 16


def test_a_cell_that_is_folded_opens_without_a_script(browser, site_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url}/chapters/momentum.html")
    for kind in ("imports", "check", "code", "evidence"):
        fold = page.locator(f"details.gd-fold-{kind}").first
        inside = fold.locator("table" if kind == "evidence" else "pre").first
        assert not inside.is_visible()
        fold.locator("> summary").click()
        assert inside.is_visible()
    context.close()


@pytest.fixture(params=[("light", "A4"), ("dark", "A4"), ("light", "Letter")], ids="-".join)
def paper(browser, site_url, request):
    """Return a function that gives a page as it is printed, from either theme, after its live figures have come."""
    scheme, size = request.param
    context = browser.new_context(color_scheme=scheme, viewport=PAPERS[size])

    def open_page(name):
        page = context.new_page()
        page.goto(f"{site_url}/chapters/{name}.html")
        page.locator(".gdw-host").first.scroll_into_view_if_needed()
        page.wait_for_selector(".gdw-host[data-mounted]")
        page.emulate_media(media="print")
        return page

    yield open_page
    context.close()


INK = """() => [...document.querySelectorAll("article pre, article pre span, article p, article h2")].map((one) => {
  const [r, g, b] = getComputedStyle(one).color.match(/[0-9.]+/g).map(Number)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
})"""
CUT = """() => [...document.querySelectorAll("article pre")].filter((one) => one.checkVisibility() &&
  one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.slice(0, 60))"""
HOLES = """() => [...document.querySelectorAll(".gdw-host")].filter((one) => one.checkVisibility()).map((host) => {
  const still = host.querySelector(".gdw-static"), live = host.querySelector(":scope > .gdw")
  return [still.checkVisibility(), !!live?.checkVisibility(),
    host.getBoundingClientRect().height - still.getBoundingClientRect().height]
})"""


@pytest.mark.parametrize("name", ["gradient-descent", "momentum", "depth"])
def test_on_paper_nothing_is_missing_pale_or_cut(paper, name):
    page = paper(name)
    assert page.locator(".gdw-host[data-mounted]").count() >= 1
    hosts = page.evaluate(HOLES)
    assert hosts and all(still and not live and more < 60 for still, live, more in hosts), hosts
    assert max(page.evaluate(INK)) < 90  # of 255: black or nearly so
    assert page.evaluate(CUT) == []
    behind = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert behind in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")


def test_on_paper_there_is_nothing_to_press_and_the_numbers_are_there(paper):
    page = paper("momentum")
    for gone in (".gd-fold-code", ".gd-fold-check", ".gd-fold-imports", ".copybtn", "nav.bd-links", ".prev-next-area"):
        assert not any(one.is_visible() for one in page.locator(gone).all()), gone
    assert page.locator("article h1 .section-number").is_visible()
    assert page.locator("article table.evidence").bounding_box()["height"] > 100
    solution = page.locator("article details.solution p").first
    assert solution.bounding_box()["height"] > 10


def test_it_is_printed_on_as_many_pages_by_night_as_by_day(browser, site_url):
    """A page in a PDF of Chromium's is one object of that type."""
    pages = {}
    for scheme in ("light", "dark"):
        page = browser.new_context(color_scheme=scheme).new_page()
        page.goto(f"{site_url}/chapters/momentum.html")
        page.wait_for_load_state("networkidle")
        pages[scheme] = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))
        page.context.close()
    assert pages["light"] == pages["dark"] and 8 <= pages["light"] <= 20, pages


def test_on_a_small_screen_a_row_is_a_card_and_nothing_of_it_is_outside(browser, site_url):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    for name, link in (("assignments", "a.download"), ("common-mistakes", "a")):
        page.goto(f"{site_url}/chapters/{name}.html")
        rows = page.locator("article table.gd-cards tbody tr").all()
        assert len(rows) >= 11
        for row in rows:
            ends = row.locator(link).evaluate_all("(links) => links.map((one) => one.getBoundingClientRect().right)")
            assert ends and max(ends) <= 344, (name, ends)
            assert row.evaluate("(one) => getComputedStyle(one).display") == "block"
    page.set_viewport_size({"width": 1280, "height": 900})
    assert rows[0].evaluate("(one) => getComputedStyle(one).display") == "table-row"
    page.close()


def test_each_cell_of_a_card_is_named_by_its_columns_head(site):
    tables = 0
    for path in sorted((site / "chapters").glob("*.html")):
        text = path.read_text("utf-8")
        if "gd-cards" not in text:
            continue
        for found in re.findall(r"<table\b[^>]*gd-cards.*?</table>", text, re.DOTALL):
            table = BeautifulSoup(found, "html.parser")
            heads = [cell.get_text(" ", strip=True) for cell in table.select("thead tr > *")]
            for row in table.select("tbody tr"):
                named = [cell["data-head"] for cell in row.find_all(["th", "td"], recursive=False)]
                assert len(named) == len(heads), path.name
                assert all(bool(name) == bool(head) for name, head in zip(named, heads)), path.name
            assert table.table["role"] == "table"
            tables += 1
    assert tables > 50


REACHED = """() => [...document.querySelectorAll("a[href], button, summary, select, input")].filter((one) => {
  const box = one.getBoundingClientRect()
  if (!one.checkVisibility({ visibilityProperty: true }) || box.width < 2 || box.right <= 0) return false
  if (one.closest(".gdw, .cell, pre, #pst-skip-link, [inert]") || one.matches("[type=radio]")) return false
  const line = one.closest("p, li, dd, dt, td, figcaption, h1, h2, h3")
  const alone = !line || line.textContent.trim() === one.textContent.trim()
  return box.height < 43.5 && (alone || one.closest("nav, .prev-next-area"))  // else it is as high as its line
}).map((one) => [one.tagName, one.className, one.textContent.trim().slice(0, 40),
  one.getBoundingClientRect().height].join(" "))"""


@pytest.mark.parametrize("name", ["index", "momentum", "assignments", "how-to-use"])
def test_what_is_pressed_is_large_enough_for_a_finger(browser, site_url, name):
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{site_url}/chapters/{name}.html")
    assert page.evaluate("matchMedia('(pointer: coarse)').matches")
    assert page.evaluate(REACHED) == []
    context.close()


def test_axe_finds_nothing_in_forced_colours(browser, site_url):
    page = browser.new_page(forced_colors="active")
    for name in ("index", "momentum", "bibliography"):
        page.goto(f"{site_url}/chapters/{name}.html")
        assert page.evaluate("matchMedia('(forced-colors: active)').matches")
        found = Axe().run(page)
        assert not found.response["violations"], found.generate_report()
    page.close()


def test_the_place_to_which_a_link_has_led_is_marked(browser, site_url):
    page = browser.new_page()
    shade = "(name) => getComputedStyle(document.querySelector(name)).backgroundColor"
    for led, other in (("#equation-eq-gd-best-step", "#equation-eq-gd-step"), ("#fig-gd-regimes", "#fig-gd-axes")):
        page.goto(f"{site_url}/chapters/gradient-descent.html{led}")
        assert page.evaluate(shade, led) != page.evaluate(shade, other) == "rgba(0, 0, 0, 0)"
    page.close()


def test_a_citation_leads_to_its_work_by_the_same_name_and_back(site):
    chapter = BeautifulSoup((site / "chapters" / "momentum.html").read_text("utf-8"), "html.parser")
    works = BeautifulSoup((site / "chapters" / "bibliography.html").read_text("utf-8"), "html.parser")
    cited = chapter.select(".bibtex-citation a[href^='bibliography.html#']")
    assert len(cited) > 5
    for link in cited:
        work = works.find(id=link["href"].partition("#")[2])
        name = work.select_one(".label").get_text()
        assert set(re.findall(r"\w+", link.get_text())) <= set(re.findall(r"\w+", name)), (link, name)
        back = [one["href"] for one in work.select(".gd-cited a")]
        (place,) = (one.partition("#")[2] for one in back if one.startswith("momentum.html#"))
        assert chapter.find(id=place).select(f'a[href="{link["href"]}"]')
    uncited = [work.get_text()[:40] for work in works.select(".citation") if not work.select(".gd-cited")]
    assert not uncited
    unlinked = [work.get_text()[:40] for work in works.select(".citation") if len(work.select("a.external")) != 1]
    assert not unlinked
