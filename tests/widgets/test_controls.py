"""Each widget in the table, on its bare page: every control by mouse and by keyboard, its target, its access.

`state` is a link in which every control matters, `met` one that meets the target, `says` the number that met it;
`crowded` are further links to look for labels that overlap.
"""

import base64
import json
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from gdcourse.curvature import GAUSSIANS
from gdcourse.widgets import WIDGETS, bundle
from gdcourse.widgets.memory import LEVELS, radius_rule, valley_value
from gdcourse.widgets.natural import way
from gdcourse.widgets.race import TURNS, turned_value

pytestmark = pytest.mark.browser

CASES = {
    "line-fit": {
        "state": "lr=0.05&steps=40", "met": "lr=0.116&steps=200", "says": "157 steps at rate 0.1160",
        "crowded": ["lr=0.12", "lr=0.4&centre=centred&steps=60", "lr=1&steps=1000"],
    },
    "modes": {
        "state": "lr=1.5&kappa=30&count=4", "met": "lr=1.98", "says": "691 steps at rate 1.980",
        "crowded": ["lr=2.05&count=12", "lr=1.3&kappa=2&count=2", "lr=2.2", "lr=0.01&kappa=2&count=2"],
    },
    "memory": {
        "state": "lr=0.8&beta=0.4&kappa=50", "met": "lr=3.24&beta=0.68",
        "says": "75 steps at rate 3.24 and memory 0.68",
        "crowded": ["lr=4&beta=0", "lr=3.9&beta=0.97&kappa=1000", "lr=0.01&beta=0.99&kappa=2"],
    },
    "stopping": {
        "state": "time=50&penalty=0.1", "met": "time=20&penalty=0.05",
        "says": "0.051 apart after 20 steps and with a penalty of 0.0500",
        "crowded": ["time=10000&penalty=10", "time=1&penalty=0.0001"],
    },
    "graph": {
        "state": "x=-1&y=-1.5&z=0.5&clicks=Jm", "met": "clicks=Jmwpzxy", "says": "7 nodes",
        "crowded": ["x=-2.5&y=-2.5&z=-3&clicks=Jmpwxyz", "twice=yes&x=-2.5&y=3&z=-3&clicks=Jmpxyz"],
    },
    "layers": {
        "state": "depth=20&scale=1.3&skip=yes", "met": "scale=1.2&met=relu-0.746-1.4",
        "says": "ReLU 0.746 at scale 1.4, tanh 1.16 at scale 1.2",
        "crowded": ["depth=50&activation=relu&scale=0.5", "depth=50&activation=relu&scale=2&skip=yes",
                    "depth=5&norm=yes"],
    },
    "clinic": {
        "state": "patient=B&epochs=6&guess=c&notes=B3", "met": "notes=A3C3E1AeBaCcDbEhFd",
        "says": "six right for 3 tests and wrong answers together",
        "crowded": ["patient=F&notes=F4&guess=a&epochs=1", "patient=E&notes=E1E2Eh", "patient=B&notes=B2&epochs=10"],
    },
    "saddle": {
        "state": "distance=1e-9&lr=0.2&noise=1.3", "met": "distance=1e-12&lr=0.33&noise=1.8",
        "says": "left in 97 steps from 1e−12 or nearer; noise 1.8",
        "crowded": ["distance=1e-16&lr=0.02&noise=4", "distance=0.1&lr=0.5&noise=0.8"],
    },
    "field": {
        "state": "point=1.2,-0.6&angle=77", "met": "angle=143&point=1.5,0.5", "says": "at 143°",
        "crowded": ["axes=unequal&norm=sum", "point=-2.4,-1.6&norm=largest", "point=0,0", "point=2.4,1.6&angle=359"],
    },
    "race": {
        "state": "racers=four&angle=30&scale=0.5", "met": "angle=0&scale=10&met=227-132-45-1,",
        "says": "lost at 45° and times 1 (Adam 227, momentum 132) and won at 0° and times 10 (Adam 129",
        "crowded": ["racers=four&angle=0&scale=10", "racers=three&angle=45"],
    },
    "cost": {
        "state": "points=1,2,3.3,4,9&delta=0.8&tau=0.6",
        "met": "points=1,2,3,4,10.1", "says": "at 10.1 the mean is 4.02",
        "crowded": ["points=0,0,0,0,0", "points=8,0,3,16,16&delta=5&tau=0.5"],
        "keys": ("ArrowLeft", "ArrowRight", "Shift+ArrowRight"),
    },
    "cloud": {
        "state": "lr=0.5&batch=9&noise=1.4", "met": "lr=0.05&met=16-",
        "says": "by batches of 16, and by a rate of 0.05",
        "crowded": ["lr=1.95&batch=1&noise=3", "lr=0.01&batch=64&noise=0.1", "lr=1.95&batch=64&noise=0.1"],
    },
    "schedule": {
        "state": "rates=0.6,0.5,0.4,0.3,0.25,0.2,0.15,0.1,0.05&seed=3",
        "met": "rates=1.2,0.28,0.18,0.12,0.09,0.08,0.06,0.02,0.01",
        "says": "0.702 of the best preset's, at an error of 0.00897",
        "crowded": ["count=epoch", "seed=20&rates=1.2,1.2,1.2,1.2,1.2,1.2,1.2,1.2,1.2", "rates=0,0,0,0,0,0,0,0,0"],
        "keys": ("ArrowUp", "ArrowDown", "Shift+ArrowUp"),
    },
    "step-size": {
        "state": "h=3e-5&method=central", "met": "h=7.94e-6&method=central&met=forward:5.62e-9:7.9e-10,complex:1e-12:0",
        "says": "forward 7.90e−10, central 3.24e−13, complex 0",
        "crowded": ["h=1&method=central&function=bell", "h=1e-16&function=reciprocal"],
    },
    "neuron": {
        "state": "start=2.5&lr=0.3", "met": "start=4", "says": "from 0.9820 at rate 0.150, 232 steps against 17",
        "crowded": ["start=8&cost=entropy", "start=-4&lr=2", "start=-4&lr=0.01"],
    },
    "walls": {
        "state": "radius=90&method=frank-wolfe&free=2.2,0.6", "met": "radius=32&method=subgradient",
        "says": "radius 32.0 keeps three features",
        "crowded": ["radius=165&free=-3,-3", "radius=1&method=subgradient", "method=frank-wolfe&free=0,0"],
    },
    "natural": {
        "state": "lr=0.03&start=-1.5,2.5&gradient=natural", "met": "lr=0.01&start=3,1.5",
        "says": "the plain paths part by 1.77, the natural ones by 0.00857",
        "crowded": ["lr=0.1&start=2,0.5&gradient=natural", "lr=0.002&start=-3,4.5"],
    },
}  # fmt: skip
every_kind = pytest.mark.parametrize("kind", CASES)


def seen(page):
    """Return what a reader sees: the drawing and the sentence."""
    drawing = page.eval_on_selector_all(".gdw svg", "all => all.map((one) => one.outerHTML).join('')")
    return drawing, page.inner_text(".gdw-sentence")


def changes(page, act):
    """Do something and require that both the drawing and the sentence change."""
    drawing, sentence = seen(page)
    act()
    page.wait_for_timeout(40)
    now_drawing, now_sentence = seen(page)
    assert now_drawing != drawing and now_sentence != sentence


@pytest.fixture
def mounted(visit, pages):
    """Return a function that opens a kind of widget at a link."""

    def open_widget(kind, link="", **options):
        page = visit(f"{pages[kind]}#widget={kind}&{link}", **options)
        page.wait_for_selector("[data-mounted]")
        return page

    return open_widget


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()


@every_kind
def test_every_slider_by_keyboard_and_by_mouse(mounted, kind):
    page = mounted(kind, CASES[kind]["state"])
    sliders = page.locator(".gdw input[type=range]").all()
    assert sliders
    for slider in sliders:
        assert slider.evaluate("(range) => range.labels.length") == 1 and slider.is_enabled()
        value = slider.input_value()
        for other in ("Home", "End"):
            slider.press(other)
            if slider.input_value() != value:
                break
        for key in ("End" if other == "Home" else "Home", "PageDown" if other == "Home" else "PageUp"):
            spoken = slider.get_attribute("aria-valuetext")
            changes(page, lambda slider=slider, key=key: slider.press(key))
            assert slider.get_attribute("aria-valuetext") not in (None, spoken)
        box = slider.bounding_box()
        at = lambda share, box=box: (box["x"] + box["width"] * share, box["y"] + box["height"] / 2)  # noqa: E731
        page.mouse.click(*at(0.5))
        changes(page, lambda at=at: drag(page, at(0.5), at(0.33)))


@every_kind
def test_every_choice_by_keyboard_and_by_pointing(mounted, kind):
    page = mounted(kind, CASES[kind]["state"])
    for select in page.locator(".gdw select").all():
        assert select.evaluate("(select) => select.labels.length") == 1
        options = select.locator("option").evaluate_all("all => all.map((one) => one.value)")
        opening = select.input_value()
        for option in [*(name for name in options if name != opening), opening]:
            changes(page, lambda select=select, option=option: select.select_option(option))
        select.focus()
        key = "ArrowUp" if opening == options[-1] else "ArrowDown"
        changes(page, lambda key=key: page.keyboard.press(key))
        select.select_option(opening)


@every_kind
def test_every_ring_by_keyboard_and_by_mouse(mounted, kind):
    page = mounted(kind, CASES[kind]["state"])
    rings = page.locator(".gdw-handle").all()
    for ring in rings:
        ring.focus()
        for key in CASES[kind].get("keys", ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown", "Shift+ArrowRight")):
            spoken = ring.get_attribute("aria-valuetext")
            changes(page, lambda key=key: page.keyboard.press(key))
            assert ring.get_attribute("aria-valuetext") not in (None, spoken)
        box = ring.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        changes(page, lambda x=x, y=y: drag(page, (x, y), (x + CASES[kind].get("drag", 25), y + 15)))
    assert bool(rings) == ("ring.js" in bundle.in_order(f"{kind}.js"))


ALONE = [kind for kind in CASES if bundle.source(f"{kind}.js").count("alone: true")]


@pytest.mark.parametrize("kind", [*ALONE, "path"])
def test_a_click_in_the_panel_brings_the_ring_there(visit, pages, kind):
    page = visit(f"{pages[kind]}#widget={kind}&{'lr=0.003' if kind == 'path' else ''}")
    page.wait_for_selector("[data-mounted]")
    panel = page.locator(".gdw-panels svg").first
    box, ring = panel.bounding_box(), page.locator(".gdw-ring")
    x, y = box["x"] + 46 + 0.7 * (box["width"] - 60), box["y"] + 24 + 0.6 * (box["height"] - 64)
    changes(page, lambda: page.mouse.click(x, y))
    at = ring.bounding_box()
    assert (at["x"] + at["width"] / 2, at["y"] + at["height"] / 2) == pytest.approx((x, y), abs=1.5)
    assert page.evaluate("document.activeElement.classList.contains('gdw-handle')")
    before = seen(page)
    page.mouse.click(box["x"] + 10, y)  # beside the axes
    ring.click()
    assert seen(page) == before


@every_kind
def test_play_step_and_reset(mounted, kind):
    page = mounted(kind)
    played = page.get_by_role("button", name="Play").count() == 1
    assert played == ("story.player" in bundle.source(f"{kind}.js"))
    if not played:
        return
    opening = seen(page)
    for name in ("Step", "Step"):
        changes(page, lambda name=name: page.get_by_role("button", name=name).press("Enter"))
    page.get_by_role("button", name="Play").click()
    page.wait_for_selector(".gdw-sentence[aria-live=off]")
    page.get_by_role("button", name="Pause").click()
    assert page.get_attribute(".gdw-sentence", "aria-live") == "polite"
    page.locator(".gdw input[type=range]").first.press("End")
    page.get_by_role("button", name="Reset").click()
    assert seen(page) == opening


@every_kind
def test_a_met_target_is_said_with_its_number_and_survives_a_reload(mounted, kind):
    case = CASES[kind]
    fresh = mounted(kind)
    assert "gdw-met" not in fresh.get_attribute(".gdw-target", "class")
    assert fresh.inner_text(".gdw-target").startswith("Target: ")
    page = mounted(kind, case["met"])
    said = page.inner_text(".gdw-target")
    assert said.startswith("Target met: ") and case["says"] in said
    assert "gdw-met" in page.get_attribute(".gdw-target", "class")
    control = page.locator(".gdw :is(input, .gdw-handle)").first
    for key in ("ArrowLeft", "ArrowRight"):
        control.press(key)
    page.wait_for_function("location.hash.includes('met=')")
    page.reload()
    page.wait_for_selector("[data-mounted]")
    assert page.inner_text(".gdw-target").startswith("Target met: ")


@every_kind
def test_it_can_be_reset(mounted, kind):
    page = mounted(kind)
    opening = seen(page)
    page.locator(".gdw input[type=range]").first.press("End" if kind != "clinic" else "Home")
    if kind == "graph":
        page.locator(".gdw-node").last.press("Enter")
    assert seen(page) != opening
    page.get_by_role("button", name="Reset").click()
    assert seen(page) == opening


SIDE_BY_SIDE = """() => {
  const text = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  };
  const cut = [];
  for (const slider of document.querySelectorAll(".gdw-slider")) {
    const [label, output] = ["label", "output"].map((tag) => text(slider.querySelector(tag)));
    if (output.left - label.right < 6 || label.height > 24 || output.height > 24) cut.push(slider.textContent);
  }
  for (const button of document.querySelectorAll(".gdw button")) {
    const [inner, outer] = [text(button), button.getBoundingClientRect()];
    if (inner.height > 24 || inner.left < outer.left + 3 || inner.right > outer.right - 3) cut.push(button.textContent);
  }
  return [cut, document.scrollingElement.scrollWidth];
}"""


@every_kind
@pytest.mark.parametrize("width", [360, 640])  # a phone, and 1280 pixels at a zoom of 200 %
def test_labels_and_buttons_have_room(mounted, kind, width):
    for link in ("", CASES[kind]["state"]):
        page = mounted(kind, link, width=width)
        cut, wide = page.evaluate(SIDE_BY_SIDE)
        assert cut == [] and wide <= width


@every_kind
def test_a_run_plays_from_its_end_without_a_fault(mounted, kind):
    page = mounted(kind)
    play = page.get_by_role("button", name="Play")
    if play.count():
        play.click()
        page.wait_for_timeout(300)  # a fault in the drawing is noticed when the page is left


def test_counts_of_one_and_numbers_of_nothing_are_said_as_people_say_them(mounted):
    page = mounted("walls", "method=subgradient")
    said = []
    for _ in range(6):
        page.get_by_role("button", name="Step").click()
        said.append(page.inner_text(".gdw-sentence"))
    assert "after 1 step" in said[0] and "after 2 steps" in said[1]
    assert not any(re.search(r"\b1 (steps|times)\b", one) for one in said)
    page = mounted("modes", "lr=1.00001")
    assert "last 0.0000" in page.locator(".gdw svg").first.text_content()


SO_FAR = re.compile(r"so far|least:|\bmet\b|✓", re.IGNORECASE)


@every_kind
def test_nothing_is_met_before_anyone_has_touched_it(mounted, kind):
    page = mounted(kind)
    assert not SO_FAR.search(page.inner_text(".gdw-target"))
    if page.get_by_role("button", name="Reset").count():
        page.get_by_role("button", name="Reset").click()
        assert not SO_FAR.search(page.inner_text(".gdw-target"))


@every_kind
def test_a_state_is_a_link_and_nonsense_changes_nothing(mounted, kind):
    names = WIDGETS[kind].settings()
    opening = mounted(kind).inner_text(".gdw-sentence")
    state = mounted(kind, CASES[kind]["state"]).inner_text(".gdw-sentence")
    assert state != opening
    for nonsense in ("banana", "-1e99", "", "NaN,1"):
        link = "&".join(f"{name}={nonsense}" for name in names) + f"&met={nonsense}"
        assert mounted(kind, link).inner_text(".gdw-sentence") == opening


@every_kind
@pytest.mark.parametrize("width", [360, 760])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_use_it(mounted, kind, width, scheme):
    page = mounted(kind, CASES[kind]["state"], width=width, height=1400, color_scheme=scheme)
    results = Axe().run(page)
    assert [violation["id"] for violation in results.response["violations"]] == []
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    sizes = page.eval_on_selector_all(
        ".gdw :is(text, p, label, output, button, select)",
        "all => all.map((one) => parseFloat(getComputedStyle(one).fontSize))",
    )
    assert len(sizes) > 10 and min(sizes) >= 11


@every_kind
@pytest.mark.parametrize("width", [360, 600, 760])
def test_labels_never_overlap_or_leave_the_page(mounted, kind, width):
    case = CASES[kind]
    for link in ("", case["state"], case["met"], *case["crowded"]):
        page = mounted(kind, link, width=width, height=1400)
        texts = page.eval_on_selector_all(
            ".gdw svg text:not([visibility=hidden])",
            "all => all.map((one) => { const b = one.getBoundingClientRect();"
            " return [one.textContent, b.left, b.right, b.top, b.bottom]; })",
        )
        assert len(texts) > 8
        for k, (one, left, right, top, bottom) in enumerate(texts):
            assert left >= 0 and right <= width, (one, link)
            for other, left2, right2, top2, bottom2 in texts[k + 1 :]:
                apart = right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
                assert apart, f"{one!r} over {other!r} at {width} px, {link!r}"


@every_kind
@pytest.mark.parametrize("width", [360, 600, 760])
def test_no_choice_cuts_its_names_off(mounted, kind, width):
    page = mounted(kind, width=width)
    sizes = page.eval_on_selector_all(
        ".gdw select",
        "all => all.map((one) => { const had = one.offsetWidth; one.style.width = 'max-content';"
        " const needed = one.offsetWidth; one.style.width = ''; return [one.name, had, needed]; })",
    )
    assert [name for name, had, needed in sizes if had < needed] == []


LINES = """([number, across, up]) => {
  const svg = document.querySelectorAll(".gdw-panels svg")[number];
  const lines = svg.querySelector(".gdw-contour");
  const box = svg.querySelector("clipPath rect").getBBox();
  const turn = lines.getCTM(), all = [];
  const add = (point) => {
    const { x, y } = point.matrixTransform(turn);
    const [u, v] = [(x - box.x) / box.width, 1 - (y - box.y) / box.height];
    if (u < 0 || u > 1 || v < 0 || v > 1) return;
    all.push([across[0] + u * (across[1] - across[0]), up[0] + v * (up[1] - up[0])]);
  };
  if (lines.getAttribute("d").includes("A")) {
    const length = lines.getTotalLength();
    for (let k = 0; k < 4000; k += 1) add(lines.getPointAtLength((length * k) / 4000));
  } else {
    for (const [, x, y] of lines.getAttribute("d").matchAll(/[ML](\\S+?) ([^ML]+)/g)) add(new DOMPoint(+x, +y));
  }
  return all;
}"""


def heights(page, number, across, up):
    """Return the points on the contour lines of one panel, in data, as columns x and y."""
    return np.array(page.evaluate(LINES, [number, across, up])).T


def groups(values, gap):
    """Return how many groups there are of values that lie nearer than the gap to the next."""
    return 1 + np.count_nonzero(np.diff(np.sort(values)) > gap)


@pytest.mark.parametrize("angle", [0, 15, 45])
def test_the_canyon_is_drawn_as_it_is_turned(mounted, angle):
    x, y = heights(mounted("race", f"angle={angle}"), 0, (-3, 3), (-2, 2))
    across = np.sqrt(turned_value(x, y, *TURNS[angle // 5], 1.0) / 25)
    assert len(across) > 1000 and 5 <= groups(across, 0.012) <= 13


@pytest.mark.parametrize("kappa", [2, 30, 100, 1000])
def test_the_lines_of_memory_s_map_and_valley_are_those_of_its_rules(mounted, kappa):
    page = mounted("memory", f"kappa={kappa}")
    corners = heights(page, 0, (0, 4), (0, 1)).reshape(2, -1, 4)
    lr, beta = (corners[:, :, 1:] + corners[:, :, :-1]) / 2
    about = [(lr + a, beta + b) for a in (-0.01, 0, 0.01) for b in (-0.004, 0.004)]  # within a pixel
    factors = [np.maximum(radius_rule(a, b, 1 / kappa), radius_rule(a, b, 1.0)) for a, b in about]
    reached = [[level] for level in LEVELS if level > (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)]
    assert len(reached) == len(lr)
    assert np.all(np.min(factors, axis=0) <= reached) and np.all(np.max(factors, axis=0) >= reached)
    x, y = heights(page, 2, (-1.2, 1.2), (-1.2, 1.2))
    levels = 8.5 * np.sqrt(2 * valley_value(x, y, 1 / kappa))
    assert levels == pytest.approx(np.round(levels), abs=0.05) and len(set(np.round(levels))) >= 10


def test_of_the_seeds_that_a_slider_passes_in_a_frame_the_last_is_drawn_and_a_reset_drops_it(mounted):
    page = mounted("schedule", "seed=3")
    expected = mounted("schedule", "seed=9").inner_text(".gdw-sentence")
    opening = mounted("schedule").inner_text(".gdw-sentence")
    move = """(reset) => {
      const slider = document.querySelector("[name=seed]");
      for (const seed of [5, 7, 9]) {
        slider.value = seed;
        slider.dispatchEvent(new Event("input"));
      }
      if (reset) document.querySelector(".gdw-buttons :last-child").click();
    }"""
    for reset, sentence in ((True, opening), (False, expected)):
        page.evaluate(move, reset)
        page.wait_for_timeout(100)
        assert page.inner_text(".gdw-sentence") == sentence


@pytest.mark.parametrize(
    "start, lr, gradient",
    [("3,0.5", 0.02, "natural"), ("3,0.5", 0.1, "natural"), ("3,0.5", 0.05, "plain"), ("1,1", 0.02, "plain")],
)
def test_of_the_three_bell_curves_only_those_that_are_left_are_compared(mounted, start, lr, gradient):
    page = mounted("natural", f"start={start}&lr={lr}&gradient={gradient}", reduced_motion="reduce")
    page.get_by_role("button", name="Play").click()
    runs = [way(name, gradient, lr, [float(x) for x in start.split(",")]) for name in GAUSSIANS]
    ends = [run[-1] for run in runs if len(run) == 401]
    said = page.inner_text(".gdw-sentence").replace("−", "-")
    count = {"the three are": 3, "two are left": 2, "one is left": 1, "none is left": 0}
    assert [number for words, number in count.items() if words in said] == [len(ends)]
    if len(ends) > 1:
        apart = max(np.linalg.norm(a - b) for a in ends for b in ends)
        assert float(re.search(r"(?:are|left,) (\S+) apart", said)[1]) == pytest.approx(apart, rel=0.005, abs=1e-9)
    together = min(map(len, runs))
    most = max(np.linalg.norm(a[:together] - b[:together], axis=1).max() for a in runs for b in runs)
    assert float(re.search(r"at most ([\d.e-]+\d|0)", said)[1]) == pytest.approx(most, rel=0.005, abs=1e-9)
    bells = page.locator(".gdw svg").nth(1).locator(".gdw-path").all()
    assert sum(bool(bell.get_attribute("d")) for bell in bells) == len(ends)


@every_kind
@pytest.mark.parametrize("width", [360, 700])
def test_nothing_jumps_when_the_live_figure_arrives(browser, pages, kind, width):
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) shift += e.value; })"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(pages[kind])
    page.wait_for_selector("[data-mounted]")
    page.wait_for_timeout(300)
    assert page.evaluate("shift") < 0.02
    room, used = page.evaluate(
        "[document.querySelector('.gdw').getBoundingClientRect().bottom,"
        " Math.max(...[...document.querySelectorAll('.gdw :is(svg, p, .gdw-row, .gdw-copy)')]"
        ".map((one) => one.getBoundingClientRect().bottom))]"
    )
    assert 0 <= room - used < 40  # the room kept for it is the room it takes
    page.context.close()


IN_PAGE = """([code, kind, jobs]) => {
  const { compute, numbers } = new Function(code)()[`${kind}.js`];
  return JSON.parse(jobs).map((job) => {
    const run = compute(job);
    const bytes = new Uint8Array(Float64Array.from(numbers(run)).buffer);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return [run.status, btoa(text)];
  });
}"""


def page_code(kind, *more, rules=None):
    """Return the code of one kind, with these rules or the widget's own, as the body of a function."""
    names = bundle.in_order(*more, f"{kind}.js")
    code = "const gdcourse = {};" + "".join(bundle.wrap(name, bundle.source(name)) for name in names[:-1])
    code += bundle.wrap(f"{kind}.rules.js", rules or WIDGETS[kind].rules())
    return code + bundle.wrap(f"{kind}.js", bundle.source(f"{kind}.js"), prefix=f"{kind}.") + "return gdcourse;"


def in_page(page, kind, jobs, rules=None):
    """Return [(status, doubles)] as the page of one kind computes them, with these rules or the widget's own."""
    answers = page.evaluate(IN_PAGE, [page_code(kind, rules=rules), kind, json.dumps(jobs)])
    return [(status, np.frombuffer(base64.b64decode(text))) for status, text in answers]


def in_python(kind, jobs):
    """Return [(status, doubles)] as the package computes them."""
    widget = WIDGETS[kind]()
    answers = [widget.answer(job) for job in jobs]
    return [(status, np.concatenate([np.ravel(a) for a in arrays])) for status, arrays in answers]


def differing(mine, others):
    """Return how many runs differ in their status or in any bit."""
    return sum(a != b or x.tobytes() != y.tobytes() for (a, x), (b, y) in zip(mine, others, strict=True))


def line_fits(rng):
    centre = str(rng.choice(["measured", "centred"]))
    return {"lr": 10 ** rng.uniform(-3, 0), "steps": int(rng.integers(1, 300)), "centre": centre}


def modes(rng):
    return {"lr": rng.uniform(0.01, 2.2), "kappa": rng.uniform(2, 1000), "count": int(rng.integers(2, 13))}


def memories(rng):
    return {"lr": rng.uniform(0.01, 4), "beta": rng.uniform(0, 0.99), "kappa": 10 ** rng.uniform(0.4, 3)}


def saddles(rng):
    return {"distance": 10 ** rng.uniform(-16, -1), "lr": 10 ** rng.uniform(-1.6, -0.31), "noise": rng.uniform(0, 4)}


def fields(rng):
    point = [rng.uniform(-2.4, 2.4), rng.uniform(-1.6, 1.6)]
    return {"point": point, "angle": int(rng.integers(360)), "norm": str(rng.choice(["euclid", "sum", "largest"]))}


def stops(rng):
    return {"time": int(rng.choice([1, 2, 5, 20, 70, 1000, 10_000])), "penalty": 10 ** rng.uniform(-4, 1)}


def races(rng):
    rates = {f"lr_{name}": 10 ** rng.uniform(-3, 0.3) for name in ("gd", "momentum", "rmsprop", "adam")}
    return {"racers": "four", "angle": int(rng.integers(10)) * 5, "scale": 10 ** rng.uniform(-2, 2)} | rates


def costs(rng):
    points = rng.uniform(0, 16, 5).round(int(rng.integers(0, 4))).tolist()
    return {"points": points, "delta": rng.uniform(0.1, 5), "tau": rng.uniform(0.05, 0.95)}


def clouds(rng):
    return {"lr": rng.uniform(0.01, 1.95), "batch": int(rng.integers(1, 65)), "noise": rng.uniform(0.1, 3)}


def graphs(rng):
    x, y, z = (int(k) / 2 for k in rng.integers(-6, 7, size=3))
    clicks = "".join(rng.permutation(list("xyzpmJ"))) + "Jmpxyz"[: rng.integers(7)]
    return {"x": x, "y": y, "z": z, "twice": str(rng.choice(["no", "yes"])), "clicks": clicks}


def schedules(rng):
    rates = rng.uniform(0, 1.2, 9).tolist()
    return {"rates": rates, "count": str(rng.choice(["run", "epoch"])), "seed": int(rng.integers(1, 6))}


def step_sizes(rng):
    method = str(rng.choice(["forward", "central", "complex"]))
    return {
        "h": 10 ** rng.uniform(-16, 0),
        "method": method,
        "function": str(rng.choice(["cube", "reciprocal", "bell"])),
    }


def walls(rng):
    method = str(rng.choice(["projected", "frank-wolfe", "subgradient"]))
    return {"radius": rng.uniform(1, 165), "method": method, "free": rng.uniform(-3, 3, 2).tolist()}


def stacks(rng):
    switches = {name: str(rng.choice(["no", "yes"])) for name in ("skip", "norm")}
    activation = str(rng.choice(["tanh", "relu"]))
    depth, scale = 5 * int(rng.integers(1, 11)), int(rng.integers(5, 21)) / 10
    return {"depth": depth, "activation": activation, "scale": scale} | switches


def visits(rng):
    pairs = zip(rng.choice(list("ABCDEF"), size=30), rng.choice(list("1234abcdefgh"), size=30))
    notes = "".join(patient + what for patient, what in pairs)
    return {"patient": "A", "epochs": 10, "guess": "a", "notes": notes}


EXACT = {
    "clinic": (visits, [('"A": "e"', '"A": "f"')]),
    "layers": (stacks, [("((high - low) * part)", "(high * part - low * part)"),
                        ("(0.5 * s)", "(0.5000000000000001 * s)")]),
    "step-size": (
        step_sizes, [("(2.0 * h)", "(2.0000000000000004 * h)"), ("((a * a) - (b * b))", "((a - b) * (a + b))")],
    ),
    "graph": (graphs, [("return [b, a];", "return [a, b];"), ("(a > b) ? 1.0", "(a < b) ? 1.0")]),
    "cost": (costs, [("(0.5 * inside)", "(0.5000000000000001 * inside)"), ("((-tau) * r)", "((-tau - 1e-16) * r)")]),
    "stopping": (stops, [("(curvature + penalty)", "(curvature + penalty * 1.0000000000000002)"),
                         ("(1.0 - left)", "(1.0 - left + 1e-16)")]),
    "field": (fields, [("(4.0 * y)", "(4.000000000000001 * y)"), ("/ length)", "* (1 / length))")]),
    "saddle": (saddles, [("[x, (-y)]", "[x, -y * 1.0000000000000002]"), ("((-lr) * g)", "((-lr - 1e-17) * g)")]),
    "modes": (modes, [("(lr * curvature)", "(lr * curvature + 1e-16)"), ("* k) / (", "* (k + 2e-16)) / (")]),
    "line-fit": (line_fits, [("(2.0 * x) * miss", "2.0 * (x * (miss + 1e-16))"), ("(-lr) * g", "-(lr + 1e-17) * g")]),
    "memory": (memories, [("((beta * v) + g)", "(beta * (v + g))"), ("(mu * x)", "((mu + 1e-17) * x)")]),
    "race": (races, [("((beta * v) + g)", "(beta * (v + g))"), ("50.0 * ", "50.00000000000001 * "),
                     ("(1.0 - beta2)", "(1.0 - 0.9990000000000001)")]),
    "cloud": (clouds, [("(noise * z)", "(noise * (z + 1e-16))"), ("((-lr) * g)", "((-lr - 1e-17) * g)")]),
    "schedule": (schedules, [("((high - low) * share)", "(high * share - low * share)"),
                             ("0.5 * z", "(0.5 + 1e-16) * z")]),
    "walls": (walls, [("(2.0 / (t + 2.0))", "(1 / (0.5 * t + 1.0000000000000002))"),
                      ("(0.6 * v)", "(0.6 * (v + 1e-16))")]),
}  # fmt: skip
"""How to draw settings, and slips in the rules that must be noticed."""


@pytest.mark.parametrize("kind", EXACT)
def test_the_page_computes_what_python_computes_bit_for_bit(scratch, kind):
    draw, slips = EXACT[kind]
    rng = np.random.default_rng(0)
    jobs = [draw(rng) for _ in range(150)]
    python = in_python(kind, jobs)
    assert differing(python, in_page(scratch, kind, jobs)) == 0
    rules = WIDGETS[kind].rules()
    for right, wrong in slips:
        assert right in rules
        assert differing(python, in_page(scratch, kind, jobs, rules.replace(right, wrong))) > 0, wrong


def neurons(rng):
    return {"start": rng.uniform(-4, 8), "lr": 10 ** rng.uniform(-2, 0.3), "cost": "squared"}


def naturals(rng):
    start = [rng.uniform(-3, 3), rng.uniform(0.5, 4.5)]
    return {"lr": 10 ** rng.uniform(-2.6, -1), "gradient": "plain", "start": start}


CLOSE = {
    "neuron": (neurons, 1e-12, [("2.0 * lr", "2.00000001 * lr"), ("(1.0 - a)", "(1.00000001 - a)")]),
    "natural": (naturals, 1e-09, [('"variance": 4.0', '"variance": 4.000001'), ('"mean": 0.0', '"mean": 1e-6')]),
}
"""Where there are exponentials: how to draw settings, how near the numbers must be, and slips to be noticed."""


@pytest.mark.parametrize("kind", CLOSE)
def test_the_page_computes_what_python_computes_to_the_stated_tolerance(scratch, kind):
    draw, tolerance, slips = CLOSE[kind]
    rng = np.random.default_rng(0)
    jobs = [draw(rng) for _ in range(150)]

    def farthest(rules=None):
        pairs = zip(in_python(kind, jobs), in_page(scratch, kind, jobs, rules), strict=True)
        return max(np.max(np.abs(x - y) / np.maximum(1, np.abs(x))) for (_, x), (_, y) in pairs)

    assert farthest() <= tolerance
    rules = WIDGETS[kind].rules()
    assert f"TOLERANCE = {tolerance}" in rules
    for right, wrong in slips:
        assert right in rules
        assert farthest(rules.replace(right, wrong)) > tolerance, wrong


WITH_PYTHON = """([code, kind, settings, status, arrays]) => {
  const all = new Function(code)();
  const doubles = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  let receive = null;
  const model = {
    get: (name) => settings[name],
    on: (name, listener) => { if (name === "msg:custom") receive = listener; },
    off: () => {},
    send: ({ id }) => receive({ type: "answer", id, status }, arrays.map(doubles)),
  };
  const el = document.createElement("div");
  document.body.append(el);
  all[`${kind}.js`].render({ model, el, python: all["python.js"].conversation })();
  const said = el.querySelector(".gdw-python").textContent;
  el.remove();
  return said;
}"""


@every_kind
def test_with_a_kernel_it_agrees_with_python_and_draws_what_differs(scratch, kind):
    widget = WIDGETS[kind]()
    status, arrays = widget.answer(widget.chosen())
    arrays = [np.asarray(a, dtype=float) for a in arrays]
    for factor in (1, 1 + 1e-6):
        sent = [np.where(a % 1, a * factor, a) for a in arrays]  # whole numbers may be counts, and stay
        differ = sum(np.count_nonzero(a != b) for a, b in zip(sent, arrays, strict=True))
        texts = [base64.b64encode(a.astype("<f8").tobytes()).decode() for a in sent]
        said = scratch.evaluate(WITH_PYTHON, [page_code(kind, "python.js"), kind, widget.chosen(), status, texts])
        assert said.startswith("Python differs in" if differ else "Python agrees: "), said


ASK_PYTHON = """([code, mine, theirs, tolerance]) => {
  const { conversation } = new Function(code)()["python.js"];
  let receive = null;
  const model = {
    on: (name, listener) => { if (name === "msg:custom") receive = listener; },
    send: ({ id }) => receive({ type: "answer", id, status: "ok" }, [Float64Array.from(theirs).buffer]),
  };
  const self = { node: document.createElement("p"), state: {}, run: { status: "ok", all: mine } };
  const parts = { names: [], current: () => ({}), numbers: (run) => run.all, changed: () => {}, tolerance };
  conversation(model, self, { ...parts, revive: ([all], status) => ({ all: [...all], status }) }).ask(false);
  return self.node.textContent;
}"""


@pytest.mark.parametrize(
    "theirs, tolerance, verdict",
    [
        ([1.0, 300.0], 0, "Python agrees: 2 numbers, every bit the same."),
        ([1.0 + 1e-15, 300.0], 0, "Python differs in 1 of 2 numbers; those of Python are shown."),
        ([1.0 + 1e-13, 300.0 + 1e-10], 1e-12, "Python agrees: 2 numbers, to 1e-12."),
        ([1.0 + 1e-11, 300.0], 1e-12, "Python differs in 1 of 2 numbers; those of Python are shown."),
        ([1.0, 300.0 + 1e-8], 1e-12, "Python differs in 1 of 2 numbers; those of Python are shown."),
        ([1.0, float("nan")], 1e-12, "Python differs in 1 of 2 numbers; those of Python are shown."),
    ],
)
def test_the_live_kernel_is_compared_with_the_stated_tolerance(scratch, theirs, tolerance, verdict):
    code = "const gdcourse = {};" + bundle.wrap("python.js", bundle.source("python.js")) + "return gdcourse;"
    theirs = ["NaN" if x != x else x for x in theirs]  # Float64Array.from reads it back
    assert scratch.evaluate(ASK_PYTHON, [code, [1.0, 300.0], theirs, tolerance]) == verdict
