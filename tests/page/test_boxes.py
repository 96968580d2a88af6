"""The boxes of a page: by keyboard alone, by thumb, read aloud, in a browser that keeps nothing, with bad input."""

import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.page.driving import QUIET, box, press, text_of, write

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SAFE_STEP = """\
def spectral_step(H):
    L, m = np.linalg.eigvalsh(H)[-1], np.linalg.eigvalsh(H)[0]
    return 1 / L, 2 / L, 1 - m / L"""
"""The known mistake of a step of 1 / L, whose verdict names an equation and shows cases."""


def shown_of_all_kinds(page):
    """Leave a page with an editor open, a verdict, an error, a table and what can be done with files."""
    here = box(page, "spectral_step")
    write(here, SAFE_STEP)
    assert "1 of 4 points" in press(here, "Check") and here.locator(".gd-verdict a").count()
    here.locator("summary").click()
    write(box(page, "gd_iterations"), "1 / 0")
    assert "ZeroDivisionError" in press(box(page, "gd_iterations"), "Run")
    write(box(page, "backtracking"), "print('text')\nclass Table:\n    def _repr_html_(self):\n"
          "        return '<table><tr>' + '<td>wide</td>' * 40 + '</tr></table>'\nTable()")  # fmt: skip
    assert "wide" in press(box(page, "backtracking"), "Run")
    write(box(page, "standardize"), f"raise ValueError('{'x' * 300}' + ' and' * 300)")
    assert "ValueError" in press(box(page, "standardize"), "Run")


def test_no_accessibility_violation_in_either_theme(visit):
    page = visit("exercises/ps03", color_scheme="light", reduced_motion="reduce")
    shown_of_all_kinds(page)
    box(page, "run_until").locator("textarea").click()
    box(page, "run_until").locator(".cm-content").wait_for()
    faults = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{theme}'")
        page.evaluate("document.getAnimations().forEach(one => one instanceof CSSTransition && one.finish())")
        for rule in Axe().run(page).response["violations"]:
            places = "; ".join(node["html"][:150] for node in rule["nodes"][:3])
            faults.append(f"{theme}: {rule['id']} ({len(rule['nodes'])}): {places}")
    assert not faults, "\n".join(faults)


def test_what_came_out_is_said_aloud(visit):
    """In a region that was there before, or a screen reader says nothing."""
    page = visit("exercises/ps03")
    here = box(page, "spectral_step")
    spoken = here.locator(".gd-spoken").element_handle()
    assert spoken.get_attribute("role") == "status" and spoken.inner_text() == ""
    for text, button, said in ((SAFE_STEP, "Check", "1 of 4 points for spectral_step: 1 right, 3 not."),
                               ("1 / 0", "Run", "line 1: 1 / 0\nZeroDivisionError: division by zero"),
                               ("x = 1", "Run", "It ran, and had nothing to show."),
                               ("1", "Run", "It ran."),
                               ("1 +", "Check", "line 1: 1 +\nSyntaxError: invalid syntax")):  # fmt: skip
        write(here, text)
        press(here, button)
        assert spoken.evaluate("one => one.isConnected && one.textContent") == said


def tab_to(page, found, most=250):
    """Press Tab until the focus is where it should be, and return how it is called."""
    for _ in range(most):
        page.keyboard.press("Escape")  # or Tab indents in the boxes on the way
        page.keyboard.press("Tab")
        at = page.evaluate("[document.activeElement.ariaLabel, document.activeElement.textContent].join('|')")
        if found in at:
            return
    raise AssertionError(f"{found!r} is not reached with Tab")


def test_everything_goes_by_keyboard_alone(visit):
    page = visit("exercises/ps03")
    here, keyboard = box(page, "spectral_step"), page.keyboard

    def press_enter():
        keyboard.press("Enter")
        page.wait_for_function(QUIET)

    tab_to(page, "Your Python code for spectral_step")
    here.locator(".cm-content:focus").wait_for()
    keyboard.press("ControlOrMeta+A")
    keyboard.type("6 * 7")
    keyboard.press("Shift+Enter")
    page.wait_for_function(QUIET)
    assert here.locator(".gd-out").inner_text().strip() == "42"
    keyboard.press("ControlOrMeta+A")
    keyboard.type("if 1:\n")
    keyboard.press("Tab")  # indents, and stays
    assert text_of(here) == "if 1:\n" + 8 * " "
    keyboard.press("ControlOrMeta+A")
    keyboard.type("def spectral_step(H):\nL, m = np.linalg.eigvalsh(H)[-1], np.linalg.eigvalsh(H)[0]\n"
                  "return 1 / L, 2 / L, 1 - m / L")  # fmt: skip
    assert text_of(here) == SAFE_STEP  # indented by the editor
    keyboard.press("Escape")
    keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Run"
    keyboard.press("Tab")
    press_enter()
    assert page.evaluate("document.activeElement.textContent") == "Check"
    assert "1 of 4 points" in here.locator(".gd-out").inner_text()
    tab_to(page, "Equation (5.7)")
    keyboard.press("Enter")
    page.wait_for_url("**/gradient-descent.html#equation-*")
    assert page.locator(":target").inner_text().endswith("(5.7)")
    page.go_back()
    here.locator(".gd-verdict").wait_for()
    assert text_of(here) == SAFE_STEP and "1 of 4 points" in here.locator(".gd-out").inner_text()
    tab_to(page, "Hand in")
    with page.expect_download() as download:
        keyboard.press("Enter")
    assert "1 - m / L" in Path(download.value.path()).read_text("utf-8")


def test_coming_back_puts_every_text_into_its_own_box(visit):
    """A browser that comes back fills in fields by their order, and some have become editors."""
    page = visit("exercises/ps03")
    names = ["spectral_step", "backtracking", "run_until"]
    for name in names:
        write(box(page, name), f"{name} = 1")
    before = {name: text_of(box(page, name)) for name in [*names, "standardize"]}
    page.goto(page.url.replace("exercises/ps03", "chapters/index"))
    page.go_back()
    page.wait_for_selector(".gd-bar")
    assert {name: text_of(box(page, name)) for name in before} == before
    given = page.locator(".gd-given textarea").first
    assert given.input_value().startswith("H = np.array")


def test_a_screen_of_360_pixels_by_thumb(visit):
    page = visit("exercises/ps03", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    here = box(page, "spectral_step")
    here.locator("textarea").tap()
    here.locator(".cm-content").tap()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(SAFE_STEP)
    here.get_by_role("button", name="Check").tap()
    page.wait_for_function(QUIET)
    assert "1 of 4 points" in here.locator(".gd-out").inner_text()
    shown_of_all_kinds(page)
    wide = page.evaluate("""[...document.querySelectorAll('.gd-cell *, .gd-hand-in *')]
        .filter(e => e.getBoundingClientRect().right > 361 && !e.closest('.cm-scroller, .gd-out table:not(.gd-case)'))
        .map(e => e.outerHTML.slice(0, 120))""")
    assert wide == [] and page.evaluate("document.scrollingElement.scrollWidth") <= 360
    small = page.evaluate("""[...document.querySelectorAll('.gd-button, .gd-bar summary')]
        .filter(e => e.checkVisibility()).map(e => [e.textContent, e.getBoundingClientRect()])
        .filter(([, at]) => at.width < 44 || at.height < 44).map(([text]) => text)""")
    assert small == []
    assert page.locator(".gd-out").nth(2).evaluate("e => e.scrollWidth >= e.clientWidth")


def test_stop_ends_what_runs_and_what_waits_and_says_so_in_each(visit):
    page = visit("exercises/ps03")
    first, second = box(page, "spectral_step"), box(page, "gd_iterations")
    write(first, "while True:\n    pass")
    write(second, "1 + 1")
    third = page.locator(".gd-given").first
    first.get_by_role("button", name="Run").click()
    first.locator(".gd-status", has_text="Running").wait_for()
    for one in (second, third):
        one.get_by_role("button", name="Run").click()
        one.locator(".gd-status", has_text="Waiting for what runs").wait_for()
    third.get_by_role("button", name="Stop").click()
    page.wait_for_function(QUIET)
    assert first.locator(".gd-out").inner_text().strip() == "Stopped. Python starts anew with the next Run."
    for one in (second, third):
        said = "Stopped before it began. Python starts anew with the next Run."
        assert one.locator(".gd-out").inner_text().strip() == said
    assert page.locator(".gd-bar button:visible", has_text="Stop").count() == 0
    assert press(second, "Run").strip() == "2"


@pytest.mark.parametrize("disk", [False, True])
def test_stop_while_python_is_being_fetched(visit, site, disk):
    page = visit((site / "exercises" / "ps03.html").as_uri() if disk else "exercises/ps03")
    first, second = box(page, "spectral_step"), box(page, "gd_iterations")
    write(first, "1 + 1")
    write(second, "2 + 2")
    for one in (first, second):
        one.get_by_role("button", name="Run").click()
    second.get_by_role("button", name="Stop").click()
    for one in (first, second):
        one.locator(".gd-error", has_text="Stopped before it began.").wait_for()
    assert press(second, "Run").strip() == "4"


NO_STORE = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("denied", "SecurityError") } })"""
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }"


@pytest.mark.parametrize(("fault", "said"), [
    (NO_STORE, "This browser keeps nothing for this page, so what you write is gone when you leave."),
    (FULL, "This browser's store is full, so what you write now is not kept."),
])  # fmt: skip
def test_what_is_not_kept_is_said_beside_its_box_and_can_be_saved(visit, fault, said):
    page = visit("exercises/ps02")
    page.context.add_init_script(fault)
    for address in ("exercises/ps02", "chapters/gradient-descent"):
        page.goto(page.url.partition("/exercises")[0] + f"/{address}.html")
        if "exercises" in address:
            here = page.locator(".gd-solution").first
            write(here, "mine = 1")
            words = page.locator(".gd-words").first
            words.locator("textarea").fill("In words.")
            places = {"mine = 1": here, "In words.": words}
            assert said in page.locator(".gd-hand-in").inner_text()
        else:
            here = page.locator(".cell[class*=gd-run-]:has(> .cell_input)").first
            here.hover()
            here.get_by_role("button", name="Try it").click()
            write(here, "mine = 2")
            places = {"mine = 2": here}
        for text, place in places.items():
            assert said in place.locator(".gd-notice:visible").inner_text()
            with page.expect_download() as download:
                place.locator(".gd-notice:visible").get_by_role("button", name="Save to a file").click()
            assert Path(download.value.path()).read_text("utf-8") == text
            assert text in text_of(place)
    assert not any("python.js" in fault for fault in visit.faults)
    visit.faults.clear()  # the theme wants to keep what the reader chose


def test_a_store_with_room_again_is_used_and_no_more_is_said(visit):
    page = visit("exercises/ps03")
    page.evaluate(f"globalThis.before = Storage.prototype.setItem; {FULL}; 0")
    here = box(page, "spectral_step")
    write(here, "mine = 1")
    here.locator(".gd-notice:visible", has_text="not kept").wait_for()
    here.get_by_role("button", name="Reset").click()  # then there is nothing to keep
    assert here.locator(".gd-notice:visible", has_text="not kept").count() == 0
    write(here, "mine = 1")
    here.locator(".gd-notice:visible", has_text="not kept").wait_for()
    page.evaluate("Storage.prototype.setItem = before; 0")
    write(here, "mine = 2")
    assert here.locator(".gd-notice:visible", has_text="not kept").count() == 0
    page.reload()
    page.wait_for_selector(".gd-bar")
    assert text_of(here) == "mine = 2"


def test_a_box_is_saved_to_a_file_and_loaded_from_one(visit, tmp_path):
    page = visit("exercises/ps03")
    here = box(page, "spectral_step")
    write(here, "mine = 1")
    here.locator("summary").click()
    with page.expect_download() as download:
        here.get_by_role("button", name="Save to a file").click()
    assert download.value.suggested_filename == "ps03-spectral_step.py"
    saved = tmp_path / "saved.py"
    download.value.save_as(saved)
    saved.write_bytes(saved.read_bytes() + b"\r\nmore = 2\r\n")
    (tmp_path / "picture.py").write_bytes(b"\x89PNG\x00\xff\xfe")
    (tmp_path / "notebook.ipynb").write_text(json.dumps({"cells": [], "metadata": {}}), "utf-8")
    (tmp_path / "large.py").write_text("# long\n" * 200_000, "utf-8")
    for name, said in (("picture.py", "is not text"), ("notebook.ipynb", "is a notebook"), ("large.py", "a megabyte")):
        here.locator("input").set_input_files(tmp_path / name)
        here.locator(".gd-notice", has_text=said).wait_for()
        assert "othing here has changed." in here.locator(".gd-notice:visible").inner_text()
        assert text_of(here) == "mine = 1"
    here.locator("input").set_input_files(saved)
    here.locator(".gd-notice", has_text="Changed.").wait_for()
    assert text_of(here) == "mine = 1\nmore = 2\n"
    write(here, "mine = 3")
    saved.write_text("another = 1", "utf-8")
    here.locator("input").set_input_files(saved)
    page.wait_for_function("document.querySelector('.cm-content').innerText.trim() === 'another = 1'")
    here.get_by_role("button", name="Take it back").click()  # what the last file stood in place of
    assert text_of(here) == "mine = 3"
    here.get_by_role("button", name="Reset").click()
    here.get_by_role("button", name="Take it back").click()
    assert text_of(here) == "mine = 3"


BAD = {
    "def spectral_step(H)\n    return 1": "SyntaxError: expected ':'",
    "def spectral_step(H):\n\tL = 1\n        return L": "Use four spaces throughout.",
    "def spectral_steps(H):\n    return 1, 2, 3": "There is no function called spectral_step here.",
    "": "There is no function called spectral_step here.",
    "def spectral_step(H):\n    return np.nan, np.nan, np.nan": "NaN, which is not a number",
    "# " + "long " * 200_000 + "\ndef spectral_step(H):\n    return 1, 2, 3": "0 of 4 points",
    "data = [" + "1.5, " * 200_000 + "]\ndef spectral_step(H):\n    return 1, 2, 3": "0 of 4 points",
}


def test_a_bad_answer_is_told_in_a_sentence_and_nothing_is_lost(visit):
    page = visit("exercises/ps03")
    here = box(page, "spectral_step")
    write(box(page, "run_until"), "other = 1")
    for text, said in BAD.items():
        write(here, text)
        assert said in press(here, "Check")
        kept = page.evaluate("JSON.parse(localStorage.getItem('gdcourse:work:ps03:spectral_step')).text")
        assert kept == text
    page.reload()
    page.wait_for_selector(".gd-bar")
    assert here.locator("textarea").input_value() == text
    assert text_of(box(page, "run_until")) == "other = 1"


def test_hand_in_says_what_is_not_written_yet(visit):
    page = visit("exercises/ps03")
    for name in ("spectral_step", "gd_iterations", "backtracking", "standardize"):
        write(box(page, name), "mine = 1")
    with page.expect_download():
        page.get_by_role("button", name="Hand in").click()
    said = page.locator(".gd-hand-in .gd-notice").inner_text()
    assert said.strip().endswith("Not written yet: unstandardize_coefs, run_until.")
    page = visit("exercises/ps02")
    for text, asked in (("", True), ("Because.", False)):
        page.locator(".gd-words textarea").fill(text)
        with page.expect_download():
            page.get_by_role("button", name="Hand in").click()
        said = page.locator(".gd-hand-in .gd-notice").inner_text()
        assert (page.locator(".gd-words").get_attribute("data-cell") in said) == asked


def test_two_tabs_on_an_answer_in_words_lose_nothing(visit):
    page = visit("exercises/ps02")
    field = page.locator(".gd-words textarea")
    field.fill("First.")
    other = visit("exercises/ps02", page.context)
    other.locator(".gd-words textarea").fill("Second.")
    page.wait_for_function("document.querySelector('.gd-words textarea').value === 'Second.'")
    field.evaluate("field => { field.value = 'Mine.' }")  # typed, and not yet noticed
    other.locator(".gd-words textarea").fill("Third.")
    page.get_by_role("button", name="Take its text").click()
    assert field.input_value() == "Third."
    page.get_by_role("button", name="Take it back").click()
    assert field.input_value() == "Mine."
