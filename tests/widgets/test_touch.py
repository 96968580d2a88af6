"""The figures under a thumb: real touch events on bare pages of a phone's size, with the page free to scroll."""

import pytest

from gdcourse.widgets import WIDGETS, bundle

pytestmark = pytest.mark.browser

RINGED = [kind for kind in WIDGETS if "ring.js" in bundle.in_order(f"{kind}.js")]
WAYS = {"cost": (4, (60, 0)), "schedule": (1, (0, 60)), "natural": (0, (36, -48))}
"""Which ring is dragged, and by how many pixels; elsewhere there is one, and it has room down to the right."""


class Thumb:
    """A thumb on a page, which has room to scroll above and below the figure."""

    def __init__(self, page):
        self.page, self.client = page, page.context.new_cdp_session(page)
        page.add_style_tag(content="main { padding: 900px 0 }")

    def send(self, kind, *points):
        touches = [{"x": x, "y": y} for x, y in points]
        self.client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def swipe(self, start, by):
        """Put the thumb down, move it in steps as a screen reports them, and lift it."""
        self.send("touchStart", start)
        for k in range(1, 13):
            self.send("touchMove", (start[0] + by[0] * k / 12, start[1] + by[1] * k / 12))
            self.page.wait_for_timeout(16)
        self.send("touchEnd")
        self.page.wait_for_timeout(120)

    def scrolled(self):
        return self.page.evaluate("scrollY")

    def centre(self, locator):
        """Bring a thing to the middle of the screen and return its centre."""
        locator.evaluate("(one) => one.scrollIntoView({ block: 'center', behavior: 'instant' })")
        box = locator.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture
def thumb(visit, pages):
    """Return a function that opens a kind of widget on a phone and puts a thumb over it."""

    def touch(kind, link=""):
        page = visit(f"{pages[kind]}#widget={kind}&{link}", width=360, height=640, has_touch=True)
        page.wait_for_selector("[data-mounted]")
        return Thumb(page)

    return touch


@pytest.mark.parametrize("kind", RINGED)
def test_a_handle_follows_the_thumb_and_the_page_stays(thumb, kind):
    one = thumb(kind)
    number, by = WAYS.get(kind, (0, (36, 48)))
    ring = one.page.locator(".gdw-ring").nth(number)
    x, y = one.centre(ring)
    before = one.scrolled()
    one.swipe((x, y), by)
    assert one.scrolled() == before
    box = ring.bounding_box()
    moved = box["x"] + box["width"] / 2 - x, box["y"] + box["height"] / 2 - y
    assert moved == pytest.approx(by, abs=2.5), kind  # a hundredth of an axis may be two pixels


@pytest.mark.parametrize("kind", RINGED)
def test_a_swipe_on_the_map_beside_the_handle_scrolls(thumb, kind):
    one = thumb(kind)
    one.centre(one.page.locator(".gdw-panels svg").first)
    box = one.page.locator(".gdw-panels svg clipPath rect").first.evaluate(
        "(one) => { const { x, y } = one.ownerSVGElement.getBoundingClientRect(); const b = one.getBBox();"
        " return [x + b.x, y + b.y, b.width, b.height]; }"
    )
    rings = one.page.locator(".gdw-ring").evaluate_all(
        "all => all.map((one) => { const b = one.getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2]; })"
    )
    spots = [(box[0] + box[2] * k / 8, box[1] + box[3] * j / 8) for k in range(1, 8) for j in range(1, 8)]
    free = max(spots, key=lambda spot: min((spot[0] - x) ** 2 + (spot[1] - y) ** 2 for x, y in rings))
    before, told = one.scrolled(), one.page.inner_text(".gdw-sentence")
    one.swipe(free, (0, -150))
    assert one.scrolled() > before + 80 and one.page.inner_text(".gdw-sentence") == told


SLIDERS = [kind for kind in WIDGETS if kind != "question"]


@pytest.mark.parametrize("kind", SLIDERS)
def test_a_swipe_over_a_slider_scrolls_and_sets_nothing(thumb, kind):
    one = thumb(kind)
    told = one.page.inner_text(".gdw-sentence")
    for slider in one.page.locator(".gdw input[type=range]:enabled").all():
        value = slider.input_value()
        x, y = one.centre(slider)
        left, width = slider.bounding_box()["x"], slider.bounding_box()["width"]
        x = max((left + width * share for share in (0.25, 0.75)), key=lambda at: abs(at - slider.evaluate(THUMB)))
        before = one.scrolled()
        one.swipe((x, y), (4, -150))
        assert one.scrolled() > before + 80
        assert slider.input_value() == value, slider.get_attribute("name")
    assert one.page.inner_text(".gdw-sentence") == told
    assert "=" not in one.page.evaluate("location.hash.split('&').slice(1).join()")


THUMB = """(one) => {
  const { x, width } = one.getBoundingClientRect();
  return x + 8 + ((width - 16) * (one.value - one.min)) / (one.max - one.min);
}"""


@pytest.mark.parametrize("name", ["steps", "lr"])
def test_a_slider_goes_where_the_thumb_goes(thumb, name):
    one = thumb("path")
    slider = one.page.locator(f"[name={name}]")
    middle, y = one.centre(slider)
    told, before = one.page.inner_text(".gdw-sentence"), one.scrolled()
    at = slider.evaluate(THUMB)
    one.swipe((at, y), (40, 3))
    assert slider.evaluate(THUMB) == pytest.approx(at + 40, abs=2) and one.scrolled() == before
    moved = one.page.inner_text(".gdw-sentence")
    assert moved != told
    one.send("touchStart", (middle, y))
    one.send("touchEnd")
    one.page.wait_for_timeout(120)
    assert slider.evaluate(THUMB) == pytest.approx(middle, abs=2)
    assert one.page.inner_text(".gdw-sentence") not in (told, moved)


TOGETHER = """() => [...document.querySelectorAll(".gdw, .gdw-part")].map((part) => {
  const own = (nodes) => [...nodes].filter((one) => one.closest(".gdw, .gdw-part") === part);
  const [first] = own(part.querySelectorAll(".gdw-panels svg"));
  const sliders = own(part.querySelectorAll("input[type=range]"));
  const [top, end] = [first.getBoundingClientRect().top, first.getBoundingClientRect().bottom];
  return [sliders.length, ...sliders.map((one) => one.getBoundingClientRect().bottom - top),
    Math.min(...sliders.map((one) => one.getBoundingClientRect().top - end))];
})"""


@pytest.mark.parametrize("kind", SLIDERS)
def test_the_map_and_what_moves_it_are_on_the_screen_together(thumb, kind):
    one = thumb(kind)
    for count, *bottoms, gap in one.page.evaluate(TOGETHER):
        assert count == len(bottoms) > 0
        assert max(bottoms) <= 640 - 56, kind  # of the screen, without the page's own bar
        assert gap >= 0
