"""The front end and a Python that is slow, wrong, rude or gone: a model is played by the test."""

import numpy as np
import pytest

from gdcourse.widgets import Path

pytestmark = pytest.mark.browser

MOUNT = """async ([code, state]) => {
  document.body.innerHTML = "";
  const el = document.body.appendChild(document.createElement("div"));
  const listeners = {};
  globalThis.sent = [];
  globalThis.saved = [];
  globalThis.model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; },
    save_changes: () => saved.push({ ...state }),
    send: (message) => { if (globalThis.dead) throw new Error("no kernel"); sent.push(message); },
    on: (name, listener) => (listeners[name] ??= []).push(listener),
    off: (name, listener) => { listeners[name] = listeners[name].filter((one) => one !== listener); },
  };
  globalThis.fire = (name, ...rest) => (listeners[name] ?? []).forEach((listener) => listener(...rest));
  globalThis.hear = (message, arrays = []) =>
    fire("msg:custom", message, arrays.map((array) => new DataView(Float64Array.from(array).buffer)));
  globalThis.python = () => el.querySelector(".gdw-python").textContent;
  globalThis.sentence = () => el.querySelector(".gdw-sentence").textContent;
  globalThis.slide = (value) => {
    const range = el.querySelector("[name=steps]");
    range.value = value;
    range.dispatchEvent(new Event("input", { bubbles: true }));
  };
  globalThis.counted = () => ({ ...el.querySelector(".gdw-python").dataset });
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  globalThis.close = (await import(url)).default.render({ model, el });
}"""


@pytest.fixture
def front(browser):
    """Return a page with the kernel's own module mounted on a model that the test plays."""
    page = browser.new_page()
    page.clock.install()
    state = {name: getattr(Path(), name) for name in Path.settings()}
    page.evaluate(MOUNT, [str(Path._esm), state])
    yield page
    page.close()


def answer(page, question, *, change=None):
    """Answer a question as Python does; change may spoil the arrays first."""
    status, arrays = Path().answer(question["question"])
    arrays = [np.array(array).ravel() for array in arrays]
    if change:
        change(arrays)
    message = {"type": "answer", "id": question["id"], "status": status}
    page.evaluate("([message, arrays]) => hear(message, arrays)", [message, [a.tolist() for a in arrays]])


def test_it_draws_at_once_and_python_agrees(front):
    assert "60 steps" in front.evaluate("sentence()") and front.evaluate("python()") == ""
    (question,) = front.evaluate("sent")
    assert question["type"] == "question" and question["question"]["start"] == [-2.5, 1.5]
    answer(front, question)
    assert front.evaluate("python()") == "Python agrees: 183 numbers, every bit the same."
    assert front.evaluate("counted()") == {"compared": "1", "differing": "0"}


def test_one_question_is_in_flight_and_the_newest_wins(front):
    for steps in (10, 11, 12, 13):
        front.evaluate(f"slide({steps})")
    first, *more = front.evaluate("sent")
    assert more == []
    answer(front, first)  # stale by now
    assert front.evaluate("python()") == "" and front.evaluate("counted()") == {}
    _, second = front.evaluate("sent")
    assert second["question"]["steps"] == 13
    answer(front, second)
    assert front.evaluate("python()") == "Python agrees: 42 numbers, every bit the same."
    assert front.evaluate("sent.length") == 2


def test_where_python_differs_its_numbers_are_shown_and_counted(front):
    (question,) = front.evaluate("sent")

    def off_by_a_bit(arrays):
        arrays[0][7] = np.nextafter(arrays[0][7], 9)
        arrays[1][-1] = 123.0

    answer(front, question, change=off_by_a_bit)
    assert front.evaluate("python()") == "Python differs in 2 of 183 numbers; those of Python are shown."
    assert "grown, to 123 above" in front.evaluate("sentence()")
    assert front.evaluate("counted().differing") == "2"


def test_python_with_fewer_numbers_differs(front):
    (question,) = front.evaluate("sent")

    def shorter(arrays):
        arrays[0], arrays[1] = arrays[0][:-2], arrays[1][:-1]

    answer(front, question, change=shorter)
    assert "Python differs in " in front.evaluate("python()")
    assert front.evaluate("sentence()").startswith("59 steps")


def test_a_reason_from_python_is_shown(front):
    front.evaluate("hear({ type: 'answer', id: 1, error: 'lr must be positive' })")
    assert front.evaluate("python()") == "Python: lr must be positive"
    front.evaluate("hear({ type: 'gossip', id: 1 })")


def test_a_silent_python_is_given_up_and_asked_again(front):
    front.clock.run_for(4100)
    assert front.evaluate("python()") == "Python does not answer; this figure goes on by itself."
    before = front.evaluate("sentence()")
    front.evaluate("slide(25)")
    assert front.evaluate("sentence()") != before and front.evaluate("sent.length") == 2
    late, newest = front.evaluate("sent")
    answer(front, late)
    assert "does not answer" in front.evaluate("python()")
    answer(front, newest)
    assert front.evaluate("python()").startswith("Python agrees: 78 numbers")


def test_a_connection_that_throws_leaves_the_figure_working(front):
    front.evaluate("globalThis.dead = true; hear({ type: 'answer', id: 1, error: 'busy' })")
    front.evaluate("slide(30)")
    assert front.evaluate("sentence()").startswith("30 steps") and "does not answer" in front.evaluate("python()")
    front.evaluate("slide(31)")
    assert front.evaluate("sentence()").startswith("31 steps")


def test_settings_go_both_ways(front):
    front.evaluate("slide(44)")
    assert front.evaluate("saved.length") == 0
    front.clock.run_for(500)
    assert [state["steps"] for state in front.evaluate("saved")] == [44]
    front.evaluate("model.set('lr', 0.004); fire('change:lr')")
    assert "44 steps of gradient descent from (−2.50, 1.50) at rate 0.00400" in front.evaluate("sentence()")
    front.clock.run_for(500)
    assert front.evaluate("saved.length") == 1


def test_a_closed_view_hears_nothing(front):
    (question,) = front.evaluate("sent")
    front.evaluate("close()")
    answer(front, question)
    front.clock.run_for(10_000)
    assert front.evaluate("python()") == ""
