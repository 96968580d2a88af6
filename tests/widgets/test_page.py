"""The bare page of the Path widget in a real browser, from the disk: every control, every state, every failure."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from gdcourse.widgets import Modes, Path, bundle
from gdcourse.widgets.page import standalone

pytestmark = pytest.mark.browser

DRAWING = ".gdw svg"
OPENING = "60 steps of gradient descent from (−2.50, 1.50) at rate 0.0100: 0.936 above the minimum."


def seen(page):
    """Return what a reader sees: the drawing and the sentence."""
    drawing = page.eval_on_selector_all(DRAWING, "all => all.map((one) => one.outerHTML).join('')")
    return drawing, page.inner_text(".gdw-sentence")


def button(page, name):
    return page.get_by_role("button", name=name)


@pytest.fixture
def path(visit, pages):
    """Return the page of the Path widget, mounted."""
    page = visit(pages["path"])
    page.wait_for_selector("[data-mounted]")
    return page


def changes(page, act):
    """Do something and require that both the drawing and the sentence change; return the new sentence."""
    drawing, sentence = seen(page)
    act()
    page.wait_for_timeout(50)
    now_drawing, now_sentence = seen(page)
    assert now_drawing != drawing and now_sentence != sentence
    return now_sentence


def test_the_live_figure_takes_the_place_of_the_static_one(path):
    assert path.is_hidden(".gdw-static") and path.is_visible(".gdw-panels")
    assert path.inner_text(".gdw-sentence") == OPENING
    assert path.get_attribute(".gdw-sentence", "aria-live") == "polite"


@pytest.mark.parametrize("name", ["lr", "steps", "beta"])
def test_sliders_by_keyboard(path, name):
    if name == "beta":
        path.select_option("[name=optimizer]", "momentum")
    slider = path.locator(f"[name={name}]")
    slider.focus()
    spoken = slider.get_attribute("aria-valuetext")
    for key in ("ArrowRight", "ArrowLeft", "PageUp", "Home"):
        changes(path, lambda key=key: path.keyboard.press(key))
    assert slider.get_attribute("aria-valuetext") not in (None, spoken)
    assert slider.evaluate("(range) => range.labels.length") == 1


@pytest.mark.parametrize("name", ["lr", "steps", "beta"])
def test_sliders_by_mouse(path, name):
    if name == "beta":
        path.select_option("[name=optimizer]", "nesterov")
    box = path.locator(f"[name={name}]").bounding_box()

    def drag():
        path.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
        path.mouse.down()
        path.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2, steps=5)
        path.mouse.up()

    changes(path, drag)


def test_choices_change_everything(path):
    for name in ("bowl", "rosenbrock", "himmelblau", "saddle", "canyon"):
        changes(path, lambda name=name: path.select_option("[name=surface]", name))
    assert path.locator("[name=beta]").is_disabled()
    for name in ("momentum", "nesterov", "gd"):
        changes(path, lambda name=name: path.select_option("[name=optimizer]", name))
    path.locator("[name=surface]").focus()
    changes(path, lambda: path.keyboard.press("ArrowUp"))


def test_the_ring_by_mouse_and_by_keyboard(visit, pages):
    path = visit(pages["path"] + "#widget=path&lr=0.003")
    path.wait_for_selector("[data-mounted]")
    ring = path.get_by_role("slider", name="Start of the path")
    box = path.locator(".gdw-ring").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag():
        path.mouse.move(x + 3, y + 2)
        path.mouse.down()
        path.mouse.move(x + 63, y + 42, steps=6)
        path.mouse.up()

    changes(path, drag)
    after = path.locator(".gdw-ring").bounding_box()
    assert (after["x"] - box["x"], after["y"] - box["y"]) == pytest.approx((60, 40), abs=1.5)
    ring.focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown", "Shift+ArrowRight", "Home"):
        before = ring.get_attribute("aria-valuetext")
        changes(path, lambda key=key: path.keyboard.press(key))
        assert ring.get_attribute("aria-valuetext") != before
    assert ring.get_attribute("aria-valuetext") == "x -2.5, y 1.5"
    for _ in range(40):
        path.keyboard.press("ArrowUp")
    assert ring.get_attribute("aria-valuetext") == "x -2.5, y 2"  # the window's edge


def test_play_step_and_reset(path):
    opening = seen(path)
    button(path, "Step").click()
    assert path.inner_text(".gdw-sentence").startswith("1 step of")
    button(path, "Step").press("Enter")
    assert path.inner_text(".gdw-sentence").startswith("2 steps of")
    button(path, "Play").press("Space")
    path.wait_for_function("parseInt(document.querySelector('.gdw-sentence').textContent) > 4")
    assert path.get_attribute(".gdw-sentence", "aria-live") == "off"
    button(path, "Pause").click()
    assert path.get_attribute(".gdw-sentence", "aria-live") == "polite"
    held = seen(path)
    path.wait_for_timeout(200)
    assert seen(path) == held
    button(path, "Play").click()
    path.wait_for_function("document.querySelector('.gdw-sentence').textContent.startsWith('60 ')", timeout=8000)
    assert button(path, "Play").is_visible() and path.get_attribute(".gdw-sentence", "aria-live") == "polite"
    path.focus("[name=lr]")
    path.keyboard.press("End")
    button(path, "Reset").click()
    assert seen(path) == opening


def test_every_control_can_be_reached_by_tab(path):
    path.select_option("[name=optimizer]", "momentum")
    path.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(9):
        path.keyboard.press("Tab")
        reached.append(path.evaluate(
            "(({ name, textContent, classList }) => name || (classList.contains('gdw-handle') ? 'ring' : textContent))"
            "(document.activeElement)"))  # fmt: skip
    assert reached == ["ring", "surface", "optimizer", "Play", "Step", "Reset", "lr", "beta", "steps"]


def test_divergence_and_growth_are_told(visit, pages):
    page = visit(pages["path"] + "#widget=path&surface=canyon&lr=2&steps=200&start=-2.5,1.5")
    page.wait_for_selector("[data-mounted]")
    status, (points, _) = Path().answer(
        dict(surface="canyon", optimizer="gd", lr=2.0, beta=0.9, start=[-2.5, 1.5], steps=200)
    )
    assert status == "diverged"
    assert f"diverged at step {len(points)}" in page.inner_text(".gdw-sentence")
    page.focus("[name=steps]")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert "the value has grown, to" in page.inner_text(".gdw-sentence")


def test_a_state_is_a_link_and_survives_a_reload(visit, pages):
    link = "surface=rosenbrock&optimizer=nesterov&lr=0.00017623&beta=0.85&start=-1,2.5&steps=77"
    page = visit(f"{pages['path']}#widget=path&{link}")
    page.wait_for_selector("[data-mounted]")
    opening = seen(page)
    assert "77 steps of Nesterov from (−1.00, 2.50) at rate 0.000176, momentum 0.85" in opening[1]
    page.focus("[name=steps]")
    page.keyboard.press("ArrowRight")
    changed = seen(page)
    page.wait_for_function("location.hash.includes('steps=78')")
    assert "lr=0.00017623&" in page.url and "start=-1,2.5" in page.url
    page.reload()
    page.wait_for_selector("[data-mounted]")
    assert seen(page)[1] == changed[1] and changed[1] != opening[1]


def test_a_link_to_a_surface_starts_where_that_surface_starts(visit, pages):
    page = visit(pages["path"] + "#widget=path&surface=himmelblau")
    page.wait_for_selector("[data-mounted]")
    assert "from (0, −4.00)" in page.inner_text(".gdw-sentence")


@pytest.mark.parametrize("link", [
    "surface=moon&optimizer=psychic&lr=-1&beta=7&start=99,99&steps=3.5", "lr=fast&start=1&steps=1e9", "", "%%%",
])  # fmt: skip
def test_a_link_that_makes_no_sense_changes_nothing(visit, pages, link):
    page = visit(f"{pages['path']}#widget=path&{link}")
    page.wait_for_selector("[data-mounted]")
    assert page.inner_text(".gdw-sentence") == OPENING


def test_a_met_target_is_said_with_its_number_and_survives_a_reload(visit, pages):
    page = visit(pages["path"] + "#widget=path&surface=bowl&lr=1&start=-2.5,1.5")
    page.wait_for_selector("[data-mounted]")
    target = page.locator(".gdw-target")
    assert "So far: bowl in 1." in target.inner_text()

    def aim(surface, lr):
        page.select_option("[name=surface]", surface)
        page.focus("[name=lr]")
        page.keyboard.press("Home")
        for _ in range(round(100 * (lr + 4))):
            page.keyboard.press("ArrowRight")

    aim("himmelblau", -1.84)
    assert re.search(r"bowl in 1, Himmelblau in \d+\.", target.inner_text())
    assert "gdw-met" not in target.get_attribute("class")
    aim("saddle", -0.3)
    assert target.inner_text().startswith("Target met: bowl in 1, Himmelblau in ")
    assert "gdw-met" in target.get_attribute("class")
    met = target.inner_text()
    page.wait_for_function("location.hash.includes('saddle-')")
    page.reload()
    page.wait_for_selector("[data-mounted]")
    assert target.inner_text() == met


def test_a_surface_that_is_only_chosen_is_not_reached_by_anybody(path):
    for surface in ("bowl", "rosenbrock", "himmelblau", "saddle", "canyon"):
        path.select_option("[name=surface]", surface)
        assert "So far" not in path.inner_text(".gdw-target"), surface
    path.select_option("[name=surface]", "himmelblau")
    path.locator("[name=lr]").press("ArrowRight")
    assert re.search(r"So far: Himmelblau in \d+\.", path.inner_text(".gdw-target"))


def test_a_start_beside_the_minimum_meets_nothing(visit, pages):
    page = visit(pages["path"] + "#widget=path&surface=bowl&lr=0.9&start=0.5,0.5")
    page.wait_for_selector("[data-mounted]")
    assert "within 0.01 from step 1 on" in page.inner_text(".gdw-sentence")
    assert "So far" not in page.inner_text(".gdw-target")


def test_without_motion_play_shows_the_end_at_once(visit, pages):
    page = visit(pages["path"], reduced_motion="reduce")
    page.wait_for_selector("[data-mounted]")
    button(page, "Step").click()
    button(page, "Play").click()
    assert page.inner_text(".gdw-sentence").startswith("60 steps")
    assert button(page, "Pause").count() == 0


@pytest.mark.parametrize("width", [360, 760])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_use_it(visit, pages, width, scheme):
    page = visit(pages["path"], width=width, height=1400, color_scheme=scheme)
    page.wait_for_selector("[data-mounted]")
    page.select_option("[name=optimizer]", "momentum")
    results = Axe().run(page)
    assert [violation["id"] for violation in results.response["violations"]] == []
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    sizes = page.eval_on_selector_all(
        ".gdw text, .gdw p, .gdw label, .gdw output, .gdw button, .gdw select",
        "all => all.map((one) => parseFloat(getComputedStyle(one).fontSize))",
    )
    assert len(sizes) > 20 and min(sizes) >= 11


def boxes(page):
    return page.eval_on_selector_all(
        ".gdw svg text:not([visibility=hidden])",
        "all => all.map((one) => { const b = one.getBoundingClientRect();"
        " return [one.textContent, b.left, b.right, b.top, b.bottom]; })",
    )


@pytest.mark.parametrize("width", [360, 412, 600, 760])
def test_labels_never_overlap_or_leave_the_page(visit, pages, width):
    for surface, lr, steps in (("canyon", 0.0002, 200), ("himmelblau", 0.01, 30), ("saddle", 1.9, 150)):
        page = visit(f"{pages['path']}#widget=path&surface={surface}&lr={lr}&steps={steps}", width=width, height=1400)
        page.wait_for_selector("[data-mounted]")
        texts = boxes(page)
        assert len(texts) > 12
        for k, (one, left, right, top, bottom) in enumerate(texts):
            assert left >= 0 and right <= width, one
            for other, left2, right2, top2, bottom2 in texts[k + 1 :]:
                apart = right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
                assert apart, f"{one!r} over {other!r} at {width} px"


def test_the_map_has_equal_axes(path):
    ticks = {text: (left + right) / 2 for text, left, right, *_ in boxes(path)[:7]}
    heights = {text: (top + bottom) / 2 for text, _, _, top, bottom in boxes(path)[7:12]}
    across = ticks["3"] - ticks["−3"]
    up = heights["−2"] - heights["2"]
    assert across / up == pytest.approx(6 / 4, rel=0.01)


@pytest.mark.parametrize("width", [360, 412, 700, 1280])
def test_nothing_jumps_when_the_live_figure_arrives(browser, pages, width):
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) shift += e.value; })"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(pages["path"])
    page.wait_for_selector("[data-mounted]")
    page.wait_for_timeout(300)
    assert page.evaluate("shift") < 0.02
    page.context.close()


def test_the_drawing_follows_the_width(path):
    before = path.locator(".gdw svg").first.bounding_box()["width"]
    path.set_viewport_size({"width": 400, "height": 1000})
    path.wait_for_timeout(200)
    assert path.locator(".gdw svg").first.bounding_box()["width"] != before
    assert path.evaluate("document.scrollingElement.scrollWidth") <= 400


def test_without_scripts_the_static_figure_is_there(visit, pages):
    page = visit(pages["path"], java_script_enabled=False)
    figure = page.get_by_role("img", name=re.compile("Contour lines of the canyon"))
    assert figure.is_visible() and figure.bounding_box()["height"] > 200
    assert page.locator("button").count() == 0


def test_a_browser_without_what_it_takes_keeps_the_figure_and_says_why(visit, pages):
    page = visit("about:blank")
    page.add_init_script("delete globalThis.ResizeObserver")
    page.goto(pages["path"])
    page.wait_for_selector("[data-error*='ResizeObserver'] .gdw-error")
    assert page.is_visible(".gdw-static svg") and page.locator("button").count() == 0


def test_print_shows_the_static_figure(path):
    path.add_style_tag(content="[hidden] { display: none !important }")  # as the book's theme says
    path.emulate_media(media="print")
    assert path.is_visible(".gdw-static") and path.is_hidden(".gdw-panels")


def test_a_figure_that_was_not_yet_live_is_printed_without_a_hole(visit, tmp_path):
    file = tmp_path / "far.html"
    file.write_text(standalone(Path()).replace("<h1>", '<div style="height: 4000px"></div><h1>'), encoding="utf-8")
    page = visit(file.as_uri())
    page.emulate_media(media="print")
    figure, picture = (page.locator(one).bounding_box()["height"] for one in (".gdw-static", ".gdw-static svg"))
    assert page.locator("[data-mounted]").count() == 0 and figure < picture + 20


FAILURES = {
    "an older version": (
        lambda page: page.replace('"version": 1}', '"version": 0}'), "made by version 0 of this figure",
    ),
    "no state": (lambda page: re.sub(r'("state": {)"\w+"', r'\1"other"', page, count=1), "not in the page"),
    "a broken state": (lambda page: page.replace('{"state": {', '{"state": ', 1), "not in the page"),
    "no script": (
        lambda page: page.replace('gdcourse["path.js"]=', 'gdcourse["else.js"]='), "could not be loaded",
    ),
    "an unknown kind": (lambda page: page.replace('"kind": "path"', '"kind": "pith"'), "widget-pith.js"),
    "a state without a surface": (lambda page: page.replace('"surface": "canyon"', '"surface": "flat"'), ""),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_when_anything_fails_the_figure_stays_and_says_why(browser, tmp_path, failure):
    spoil, reason = FAILURES[failure]
    page_text = standalone(Path())
    assert spoil(page_text) != page_text
    file = tmp_path / "spoilt.html"
    file.write_text(spoil(page_text), encoding="utf-8")
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector("[data-error]")
    assert reason in page.get_attribute(".gdw-host", "data-error") != ""
    assert page.is_visible(".gdw-static svg") and page.locator(".gdw-panels").count() == 0
    said = page.locator(".gdw-error").inner_text()
    assert said.startswith("The live figure ") and not re.search(r"\.js|script|version|kind", said)
    assert page.get_by_role("button", name="Try again").count() == (failure in ("no script", "an unknown kind"))
    assert errors == []
    page.close()


@pytest.fixture
def flaky(browser, tmp_path):
    """Return a page whose widget's script is not there, and a function that puts it there."""
    text = standalone(Path())
    scripts = bundle.scripts([Path])
    kind = scripts["widget-path.js"]
    assert f"<script>{kind}</script>" in text
    file = tmp_path / "flaky.html"
    file.write_text(text.replace(f"<script>{kind}</script>", ""), encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.goto(file.as_uri())
    page.get_by_role("button", name="Try again").wait_for()
    yield page, lambda: (tmp_path / "widget-path.js").write_text(kind, encoding="utf-8")
    context.close()


def test_a_script_that_did_not_arrive_can_be_tried_again(flaky):
    page, arrive = flaky
    again = page.get_by_role("button", name="Try again")
    again.click()
    page.wait_for_timeout(300)
    assert again.count() == 1 and page.is_visible(".gdw-static svg") and page.locator(".gdw-panels").count() == 0
    arrive()
    again.click()
    page.wait_for_selector("[data-mounted]")
    assert page.locator(".gdw-panels").count() == 1 and page.is_hidden(".gdw-static")
    assert page.locator(".gdw-error, [data-error]").count() == 0
    assert page.evaluate("document.activeElement.closest('.gdw') !== null")
    page.locator("[name=lr]").press("ArrowRight")
    assert "rate 0.0102" in page.inner_text(".gdw-sentence")


def test_a_script_that_did_not_arrive_is_tried_again_when_the_network_is_back(flaky):
    page, arrive = flaky
    page.context.set_offline(True)
    arrive()
    assert page.locator(".gdw-panels").count() == 0
    page.context.set_offline(False)
    page.wait_for_selector("[data-mounted]")
    assert page.locator(".gdw-panels").count() == 1 and page.locator(".gdw-error").count() == 0


def test_two_widgets_on_a_page_are_two(visit, tmp_path):
    file = tmp_path / "two.html"
    file.write_text(standalone(Path(), Path(surface="bowl", lr=0.1)), encoding="utf-8")
    page = visit(file.as_uri() + "#widget=path-2&lr=0.5", height=2000)
    page.wait_for_function("document.querySelectorAll('[data-mounted]').length === 2")
    first, second = page.locator(".gdw-sentence").all_inner_texts()
    assert "rate 0.0100" in first and "rate 0.500" in second
    page.locator("[name=steps]").first.focus()
    page.keyboard.press("Home")
    assert page.locator(".gdw-sentence").all_inner_texts()[1] == second
    page.wait_for_function("location.hash.includes('widget=path&')")


@pytest.fixture
def pair(tmp_path):
    """Return the address of a page with two widgets and a section between them."""
    file = tmp_path / "pair.html"
    text = standalone(Path(), Modes())
    second = text.index('<div class="gdw-host"', text.index('<div class="gdw-host"') + 1)
    section = '<h2 id="sec-two" style="margin: 1500px 0">Two</h2>'
    file.write_text(text[:second] + section + text[second:], encoding="utf-8")
    return file.as_uri()


def both(page):
    for host in page.locator(".gdw-host").all():
        host.scroll_into_view_if_needed()
        host.locator(".gdw").wait_for()
    return page.locator(".gdw-sentence").all_inner_texts()


def test_two_figures_keep_their_states_in_one_address(visit, pair):
    page = visit(pair)
    opening = both(page)
    page.locator("[name=steps]").press("ArrowRight")
    page.locator("[name=count]").press("ArrowRight")
    moved = both(page)
    assert moved[0] != opening[0] and moved[1] != opening[1]
    page.wait_for_function("location.hash.includes('count=')")
    assert page.url.index("widget=modes") < page.url.index("widget=path")  # the last one first
    page.reload()
    assert both(page) == moved
    again = visit(page.url)
    assert both(again) == moved


def test_a_section_in_the_address_stays_there_and_is_found(visit, pair):
    page = visit(f"{pair}#sec-two")
    both(page)
    page.locator("[name=count]").press("ArrowRight")
    page.wait_for_function("location.hash.includes('count=')")
    assert "#sec-two&widget=modes&" in page.url
    assert page.evaluate("document.querySelector(':target')?.id") == "sec-two"
    again = visit(page.url)
    assert 0 <= again.locator("#sec-two").bounding_box()["y"] < 500
    assert both(again)[1] == both(page)[1]


COPIED = """Object.defineProperty(navigator, "clipboard", {
  value: { writeText: async (text) => (window.copied = text) },
});"""


def test_the_link_to_a_state_is_copied_and_leads_there(visit, pair):
    page = visit("about:blank")
    page.add_init_script(COPIED)
    page.goto(f"{pair}#sec-two")
    both(page)
    page.locator("[name=steps]").press("ArrowRight")
    page.locator("[name=count]").press("ArrowRight")
    moved = both(page)
    button(page, "Copy link to this state").last.click()
    assert button(page, "Link copied").is_visible()
    link = page.evaluate("copied")
    assert "#widget=modes&" in link and "path" not in link.split("#")[1] and "met=" not in link
    other = visit(link)
    assert both(other)[1] == moved[1] and both(other)[0] != moved[0]


def test_where_nothing_can_be_copied_the_link_is_in_the_address(visit, pages):
    page = visit("about:blank")
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(pages["path"])
    page.wait_for_selector("[data-mounted]")
    button(page, "Copy link to this state").click()
    assert button(page, "The link is in the address bar").is_visible()
    page.wait_for_function("location.hash.includes('widget=path&')")
    assert "steps=60" in page.url


def test_a_link_in_the_text_sets_the_widget(visit, tmp_path):
    file = tmp_path / "link.html"
    link = '<p style="margin-top: 2000px"><a href="#widget=path&lr=0.02">this</a>'
    file.write_text(standalone(Path()).replace("</main>", f"{link}</main>"), encoding="utf-8")
    page = visit(file.as_uri())
    page.wait_for_selector("[data-mounted]")
    page.get_by_text("this", exact=True).click()
    page.wait_for_function("document.querySelector('.gdw-sentence').textContent.includes('rate 0.0200')")
    assert page.locator(".gdw-panels").count() == 1
    assert 0 < page.locator(".gdw-panels").bounding_box()["y"] < 1000


def test_a_widget_is_mounted_when_it_comes_near(visit, tmp_path):
    file = tmp_path / "far.html"
    text = standalone(Path()).replace("<h1>", '<div style="height: 4000px"></div><h1>')
    file.write_text(text, encoding="utf-8")
    page = visit(file.as_uri())
    page.wait_for_timeout(300)
    assert page.locator("[data-mounted]").count() == 0
    page.mouse.wheel(0, 3300)
    page.wait_for_selector("[data-mounted]")
    linked = visit(file.as_uri() + "#widget=path&lr=0.02")
    linked.wait_for_selector("[data-mounted]")
    assert linked.locator(".gdw-panels").bounding_box()["y"] < 1000
    assert json.loads(linked.evaluate("JSON.stringify(scrollY)")) > 2000
