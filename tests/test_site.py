"""The built book in a real browser: complete, reachable for everyone, and without a word to any other host."""

import re
from collections import Counter
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from gdcourse import checks
from gdcourse.checks.exercise import as_tuple, source_of
from gdcourse.grading.authoring.assign import _bodies
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

CHAPTERS = ["search.html", *(f"chapters/{path.stem}.html" for path in sorted((ROOT / "chapters").glob("*.md")))]
SMALLEST_TYPE = 11  # pixels, in a figure on a screen 360 wide; an index may have four fifths of it


def page_names(site):
    """Return every page's path below the site."""
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html") if "_static" not in path.parts)


@pytest.fixture(scope="module")
def pages(site):
    """Return {name: parsed page}."""
    parsed = {name: BeautifulSoup((site / name).read_text("utf-8"), "html.parser") for name in page_names(site)}
    assert len(parsed) >= 4
    return parsed


@pytest.fixture(scope="module")
def chapters(pages):
    """Return the pages that authors wrote."""
    return {name: page for name, page in pages.items() if name.startswith("chapters/")}


def scroll_through(page):
    """Bring every part of the page into view, each for one frame, and wait until what waits for that has loaded."""
    page.evaluate("""async () => {
        for (let top = 0; top < document.scrollingElement.scrollHeight; top += 0.7 * innerHeight) {
            scrollTo({ top, behavior: "instant" })
            await new Promise(requestAnimationFrame)
        }
    }""")
    page.wait_for_timeout(300)


def failed(request):
    """Say whether a request went wrong, and was not just dropped because the page led on to another."""
    return request.failure != "net::ERR_ABORTED"


def visit(browser, address, **options):
    """Open a page; return it with the requests, errors and console errors it caused."""
    page = browser.new_context(**options).new_page()
    seen = {"requests": [], "errors": []}
    page.on("request", lambda request: seen["requests"].append(request.url))
    page.on("requestfailed", lambda request: failed(request) and seen["errors"].append(f"failed: {request.url}"))
    page.on("response", lambda reply: reply.status >= 400 and seen["errors"].append(f"{reply.status}: {reply.url}"))
    page.on("pageerror", lambda error: seen["errors"].append(f"page error: {error}"))
    page.on("console", lambda entry: entry.type == "error" and seen["errors"].append(f"console: {entry.text}"))
    page.goto(address)
    page.wait_for_load_state("load")
    return page, seen


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_pages_ask_no_other_host_and_raise_no_error(browser, site, site_url, chapters, scheme):
    base = {"http": site_url, "file": site.as_uri()}[scheme]
    faults, requests = [], 0
    for name in ["index.html", "search.html", *chapters]:
        page, seen = visit(browser, f"{base}/{name}")
        if name == "index.html":
            page.wait_for_url("**/chapters/index.html")
        scroll_through(page)
        requests += len(seen["requests"])
        faults += [f"{name}: {error}" for error in seen["errors"]]
        allowed = (base, "data:", "blob:")
        faults += [f"{name}: asks {url}" for url in seen["requests"] if not url.startswith(allowed)]
        page.context.close()
    assert not faults, "\n".join(faults)
    assert requests > 5 * len(chapters)


def test_another_host_would_be_noticed(browser, site_url):
    page, seen = visit(browser, f"{site_url}/chapters/index.html")
    page.evaluate("fetch('https://example.org/').catch(() => {})")
    assert any("example.org" in url for url in seen["requests"])
    assert any("example.org" in error for error in seen["errors"])
    page.context.close()


def test_no_page_names_a_script_style_or_picture_elsewhere(pages):
    outside = [
        f"{name}: {tag.name} {tag.get('src') or tag.get('href')}"
        for name, page in pages.items()
        for tag in page.find_all(["script", "link", "img", "iframe", "source"])
        if urlsplit(tag.get("src") or tag.get("href") or "").netloc and "canonical" not in tag.get("rel", [])
    ]
    assert not outside, "\n".join(outside)


def test_links_and_anchors_lead_somewhere(site, pages):
    broken = []
    ids = {name: {tag["id"] for tag in page.find_all(id=True)} for name, page in pages.items()}
    for name, page in pages.items():
        for tag in page.find_all(True):
            target = tag.get("href") or tag.get("src")
            if not isinstance(target, str) or urlsplit(target).scheme or target == "#":
                continue
            path, anchor = urldefrag(target)
            path = unquote(urlsplit(path).path)
            file = (site / name).parent / path if path else site / name
            if not file.is_file():
                broken.append(f"{name}: {target}")
            elif anchor and tag.name == "a" and file.suffix == ".html":
                other = ids[file.resolve().relative_to(site).as_posix()]
                if unquote(anchor) not in other and "=" not in anchor:
                    broken.append(f"{name}: no {target}")
    assert not broken, "\n".join(broken)


def test_pages_are_well_formed(chapters):
    faults = []
    for name, page in chapters.items():
        if not page.html.get("lang") or not page.title.text.strip():
            faults.append(f"{name}: no language or title")
        if len(page.select("article h1")) != 1:
            faults.append(f"{name}: {len(page.select('article h1'))} headings of the first level")
        description = page.find("meta", attrs={"name": "description"})
        if description is None or len(description["content"]) < 40:
            faults.append(f"{name}: no description in its front matter")
        counts = Counter(tag["id"] for tag in page.find_all(id=True))
        faults += [f"{name}: id {key} stands {count} times" for key, count in counts.items() if count > 1]
        if page.select(".katex-error, .problematic, .system-message"):
            faults.append(f"{name}: an error is printed on the page")
        for figure in page.select("article svg[role=img], article img"):
            if len(figure.get("aria-label") or figure.get("alt") or "") < 20:
                faults.append(f"{name}: a figure without a description")
    assert not faults, "\n".join(faults)


ONE_OF_EACH = """() => {
    const seen = new Set();
    for (const part of [...document.querySelectorAll("pre span, .katex-html")].filter((one) => one.checkVisibility())) {
        let kind = part.querySelector("[style*=color]") ? `${seen.size} ` : "";
        for (let one = part; one && one.localName !== "article"; one = one.parentElement) {
            kind += `${one.localName}.${one.className.replace(/gd-run-[0-9]+/, "")} `;
        }
        if (!seen.has(kind)) seen.add(kind);
        else if (part.matches("pre span")) part.replaceWith(part.textContent);
        else part.remove();
    }
}"""
"""Leave one of each kind of token of code and one drawn formula of each kind of place, alike in the classes of all that
holds it: the others have its colours, and without them axe takes half the time."""


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_accessibility_violation_in_either_theme(browser, site_url, name):
    """A test for each page, so that test processes share them: axe needs seconds for one."""
    page, _ = visit(browser, f"{site_url}/{name}", color_scheme="light", viewport={"width": 1280, "height": 900})
    scroll_through(page)
    page.evaluate("document.querySelectorAll('details').forEach(box => { box.open = true })")
    page.evaluate(ONE_OF_EACH)
    faults = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
        page.evaluate("document.getAnimations().forEach(one => one instanceof CSSTransition && one.finish())")
        for rule in Axe().run(page).response["violations"]:
            places = "; ".join(node["html"][:120] for node in rule["nodes"][:3])
            faults.append(f"{theme}: {rule['id']} ({len(rule['nodes'])}): {places}")
    page.context.close()
    assert not faults, "\n".join(faults)


def test_no_page_was_left_out(chapters):
    assert {"search.html", *chapters} == set(CHAPTERS)


def test_axe_would_notice(browser, site_url):
    page, _ = visit(browser, f"{site_url}/chapters/gradients.html", color_scheme="light")
    page.evaluate("document.querySelector('article').append(document.createElement('button'))")
    page.evaluate("document.querySelectorAll('details').forEach(box => { box.open = true })")
    page.add_style_tag(content="pre .kn, .katex-html * { color: #ddd !important }")
    page.evaluate(ONE_OF_EACH)
    found = {rule["id"]: rule["nodes"] for rule in Axe().run(page).response["violations"]}
    assert "button-name" in found
    pale = "".join(node["html"] for node in found["color-contrast"])
    assert 'class="kn"' in pale and 'class="mord' in pale
    page.context.close()


def test_without_scripts_figures_and_mathematics_are_there(browser, site_url, chapters):
    shown = 0
    for name in chapters:
        page, _ = visit(browser, f"{site_url}/{name}", java_script_enabled=False)
        for selector in ("article .gd-figure svg", "article .katex-html"):
            boxes = [item.bounding_box() for item in page.query_selector_all(selector) if item.is_visible()]
            assert all(box and box["width"] > 3 and box["height"] > 3 for box in boxes), (name, selector)
            shown += len(boxes)
        assert page.query_selector("nav.bd-links a").is_visible()
        page.context.close()
    assert shown > 5


def test_a_screen_of_360_pixels_scrolls_down_only(browser, site_url, chapters):
    faults = []
    for name in ["search.html", *chapters]:
        page, _ = visit(browser, f"{site_url}/{name}", viewport={"width": 360, "height": 740})
        scroll_through(page)
        width = page.evaluate("document.scrollingElement.scrollWidth")
        if width > 360:
            wide = page.evaluate("""[...document.querySelectorAll('article *')]
                .filter(e => e.getBoundingClientRect().right > 361 && !e.closest('pre, .katex-display, .gd-scroll'))
                .slice(0, 3).map(e => e.outerHTML.slice(0, 90))""")
            faults.append(f"{name}: {width} pixels wide: {wide}")
        page.set_viewport_size({"width": 320, "height": 640})
        narrow = page.evaluate("document.scrollingElement.scrollWidth")
        if narrow > 320:
            faults.append(f"{name}: {narrow} pixels wide on a screen of 320")
        page.set_viewport_size({"width": 360, "height": 740})
        sizes = page.evaluate("""[...document.querySelectorAll('.gd-figure svg')].flatMap(svg => {
            const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width
            return [...svg.querySelectorAll('text, tspan')].filter(t => scale && t.textContent.trim()).map(
                t => [parseFloat(getComputedStyle(t).fontSize) * scale, t.tagName, t.textContent])})""")
        for size, tag, text in sizes:
            if size < SMALLEST_TYPE * (0.8 if tag == "tspan" else 1) - 0.01:
                faults.append(f"{name}: {text!r} is {size:.1f} pixels high in a figure")
        page.context.close()
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_a_page(browser, site, site_url, scheme):
    base = {"http": site_url, "file": site.as_uri()}[scheme]
    page, seen = visit(browser, f"{base}/chapters/index.html")
    page.wait_for_timeout(200)
    page.keyboard.press("Control+k")
    page.keyboard.type("heavy ball")
    page.keyboard.press("Enter")
    found = "#search-results li a[href*='chapters/momentum.html']"  # the chapter about it, in whatever place
    page.wait_for_selector(found)
    page.wait_for_timeout(300)
    assert not seen["errors"]
    page.click(found)
    page.wait_for_selector("article h1")
    assert "/chapters/momentum.html" in page.url
    page.context.close()


def test_the_reader_chooses_the_theme(browser, site_url):
    page, _ = visit(browser, f"{site_url}/chapters/index.html", color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.evaluate("localStorage.setItem('mode', 'dark'); localStorage.setItem('theme', 'dark')")
    page.reload()
    assert page.evaluate(background) != light
    page.context.close()


def test_downloads_are_notebooks(site, chapters):
    offered = 0
    for name, page in chapters.items():
        for link in page.select("a[href$='.ipynb']"):
            if not urlsplit(link["href"]).netloc:
                text = ((site / name).parent / link["href"]).resolve().read_text("utf-8")
                assert '"nbformat"' in text and not re.search(r'"output_type"', text), link["href"]
                offered += 1
    with_code = sum(bool(page.select(".cell_input")) for page in chapters.values())
    assert offered >= with_code


def test_no_launch_button_without_a_repository(chapters):
    hosts = ("mybinder.org", "colab.research.google.com")
    assert not [name for name, page in chapters.items() if any(host in str(page) for host in hosts)]


def closed_up(text):
    """Return a text without its white space, and without the signs by which JSON writes a line's end."""
    return re.sub(r"\s|\\n", "", text)


def test_the_solutions_of_the_exercises_are_nowhere_in_the_site(site):
    """Not on a page, in a notebook to download, in a source or in the search index."""
    bodies = {
        (exercise.name, name): closed_up(body)
        for ps in checks.MODULES for exercise in checks.assignment(ps).exercises
        for solution in (exercise.reference, *exercise.styles) for function in as_tuple(solution)
        for name, body in _bodies(source_of(function)).items() if name != "__init__"  # which is given
    }  # fmt: skip
    bodies = {name: body for name, body in bodies.items() if len(body) >= 40}  # shorter ones are anybody's line
    assert len(bodies) > 100
    found = []
    for path in site.rglob("*"):
        if path.suffix in (".html", ".ipynb", ".md", ".js", ".txt", ".json"):
            text = path.read_text("utf-8")
            text = closed_up(BeautifulSoup(text, "html.parser").get_text() if path.suffix == ".html" else text)
            text = text.replace('\\"', '"').replace('","', "")  # a notebook's lines, as JSON has them
            found += [(path.name, *name) for name, body in bodies.items() if body in text]
    assert not found
