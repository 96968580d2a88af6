"""The pages, the widgets and their numbers in Firefox and in WebKit, as far as engines may differ."""

import functools
import http.server
import re
import shutil
import threading
import time
from functools import partial

import numpy as np
import pytest

from gdcourse.problems import SURFACES
from gdcourse.widgets import WIDGETS, Path, bundle
from gdcourse.widgets.page import standalone
from gdcourse.widgets.path import METHODS
from tests.conftest import Quiet, unavailable
from tests.test_site import page_names
from tests.widgets import parity
from tests.widgets.test_controls import CASES, CLOSE, EXACT, differing, in_page, in_python

pytestmark = [
    pytest.mark.browser,
    pytest.mark.engines,
    pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning"),  # Selenium's, in its own code
]

RUNS = 60  # of each kind of widget that has a table of its own
WATCH = """<script>
globalThis.faults = [];
addEventListener("error", ({ message, target }) => faults.push(message ?? `no ${target.src ?? target.href}`), true);
addEventListener("unhandledrejection", ({ reason }) => faults.push(`rejected: ${reason}`));
console.error = (...words) => faults.push(`console: ${words.join(" ")}`);
</script>"""
UNTIL = """
  const until = async (done) => {
    const end = performance.now() + 30000; // the machine may be busy
    while (!done() && performance.now() < end) await new Promise((go) => setTimeout(go, 10));
    return done();
  };
"""
VISIT = """async () => {""" + UNTIL + """
  const [kinds, marks] = [[], []];
  const mark = (wrong, what) => wrong && marks.push(what);
  await until(() => document.readyState === "complete");
  [...document.querySelectorAll(".gd-review button")].find((one) => one.textContent === "Show all")?.click();
  for (const host of document.querySelectorAll(".gdw-host")) {
    host.scrollIntoView({ block: "center", behavior: "instant" });
    await until(() => "mounted" in host.dataset || "error" in host.dataset);
    const name = host.dataset.widget ?? "a widget without a name";
    kinds.push(name.replace(/-[0-9]+$/, ""));
    const live = host.querySelector(".gdw");
    mark(!("mounted" in host.dataset) || !live, `${name} is not mounted: ${host.dataset.error}`);
    if (!live) continue;
    const more = live.offsetHeight - parseFloat(getComputedStyle(live).minHeight);
    const silent = live.querySelector("[role=status]").textContent === "";
    mark(live.querySelectorAll("*").length <= 5, `${name} is empty`);
    mark(host.querySelector(".gdw-static")?.checkVisibility(), `${name} shows its still figure as well`);
    mark(silent !== name.startsWith("question"), `${name} says nothing, or too much`);
    mark(!(more < 1), `${name} takes ${more} pixels more than the page keeps for it`);
  }
  scrollTo({ top: document.scrollingElement.scrollHeight, behavior: "instant" });
  await document.fonts.ready;
  for (const font of document.fonts) mark(font.status === "error", `no font ${font.family} ${font.weight}`);
  for (const image of document.images) mark(!image.complete || !image.naturalWidth, `no picture ${image.src}`);
  for (const drawn of document.querySelectorAll("article .gd-figure svg, article .katex-html")) {
    const { width, height } = drawn.getBoundingClientRect();
    mark(drawn.checkVisibility() && !(width > 3 && height > 3), `no size: ${drawn.outerHTML.slice(0, 90)}`);
  }
  for (const [parts, wanted] of [["mfrac, mover, mroot, msub, msup, munder", 2], ["msubsup, munderover", 3]]) {
    for (const part of document.querySelectorAll(parts)) {
      mark(part.childElementCount !== wanted, `not a formula: ${part.outerHTML}`);
    }
  }
  for (const error of document.querySelectorAll(".katex-error, .problematic, .system-message, .gdw-error")) {
    marks.push(error.textContent);
  }
  return [kinds, marks, document.fonts.size, document.querySelectorAll("article").length];
}"""
"""Bring each widget of a page into view and wait for it; return its kind, and whatever is not as it should be."""


@pytest.fixture(scope="session", params=["firefox", "webkit"])
def engine(request):
    """Return a running browser."""
    try:
        from tests.engines import ENGINES
    except ImportError as error:
        unavailable(f"{error.name} is not installed")
    missing = ENGINES[request.param].missing()
    if missing:
        unavailable(missing)
    running = ENGINES[request.param]()
    yield running
    running.close()


def watched(text):
    """Return a page with one more script, before all others: it keeps what goes wrong, which WebKit tells nobody."""
    text, count = re.subn(r"<html[^>]*>(\s*<head>)?", lambda start: start[0] + WATCH, text, count=1)
    assert count == 1
    return text


def faults(engine):
    """Return what has gone wrong on the page, and which hosts were asked, since this was last called."""
    return engine.evaluate("() => globalThis.faults.splice(0)") + engine.noticed()


class Watching(Quiet):
    """A file server that remembers what it could not give."""

    def log_request(self, code="-", size="-"):
        if int(code) >= 400:
            self.server.faults.append(f"{int(code)}: {self.path}")


@pytest.fixture(scope="session")
def copies(site, tmp_path_factory):
    """Return a copy of the built book whose pages keep what goes wrong in them."""
    folder = tmp_path_factory.mktemp("site") / "html"
    shutil.copytree(site, folder)
    for name in page_names(site):
        (folder / name).write_text(watched((site / name).read_text("utf-8")), "utf-8")
    return folder


@pytest.fixture(scope="session")
def server(copies):
    """Return a server for the copy."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Watching, directory=copies)) as running:
        running.faults = []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_page_opens_and_every_widget_mounts_without_an_error(engine, copies, server, scheme):
    base = {"http": f"http://127.0.0.1:{server.server_address[1]}", "file": copies.as_uri()}[scheme]
    names = page_names(copies)
    met, wrong, fonts, articles = set(), [], 0, 0
    for name in names:
        engine.open(f"{base}/{name}")
        if name == "index.html":
            engine.arrive("/chapters/index.html")
        kinds, marks, loaded, written = engine.evaluate(VISIT)
        wrong += [f"{name}: {fault}" for fault in marks + faults(engine)]
        met, fonts, articles = met | set(kinds), fonts + loaded, articles + written
    assert not wrong + server.faults, "\n".join(wrong + server.faults)
    assert met == set(WIDGETS)
    assert fonts > 0 and articles >= len(names) - 1


SPOILT = """
<script src="none.js"></script>
<img src="none.png" alt="">
<script>
  console.error("said");
  setTimeout(() => { throw new Error("thrown"); });
  Promise.reject(new Error("refused"));
  fetch("http://example.org/asked").catch(() => {});
</script>
"""


def test_what_goes_wrong_is_noticed(engine, tmp_path):
    text = watched(standalone(Path())).replace('"surface": "canyon"', '"surface": "flat"') + SPOILT
    (tmp_path / "spoilt.html").write_text(text, "utf-8")
    engine.open((tmp_path / "spoilt.html").as_uri())
    kinds, marks, *_ = engine.evaluate(VISIT)
    assert kinds == ["path"] and any("path is not mounted" in mark for mark in marks)
    noticed = "\n".join(marks + faults(engine))
    for fault in ("none.js", "no picture", "none.png", "console: said", "refused", "asks http://example.org"):
        assert fault in noticed, noticed
    assert "thrown" in noticed or "Script error" in noticed  # WebKit does not say what a script from the disk threw
    assert faults(engine) == []


SEEN = """() => [
  [...document.querySelectorAll(".gdw :is(svg, input:checked)")].map((one) => one.outerHTML).join(""),
  document.querySelector(".gdw-sentence").textContent,
]"""
CHANGED = f"""async (before) => {{{UNTIL}
  return until(() => ({SEEN})().every((now, k) => now !== before[k]));
}}"""
FOCUS = "(kind, k) => document.querySelectorAll(kind)[k].focus()"
SPOKEN = "() => document.activeElement.getAttribute('aria-valuetext')"
COUNT = "(kind) => document.querySelectorAll(kind).length"
MOUNTED = f"async () => {{{UNTIL} return until(() => document.querySelector('.gdw-sentence')); }}"
PLACE = """(kind, k, share) => {
  const one = document.querySelectorAll(kind)[k];
  one.scrollIntoView({ block: "nearest", behavior: "instant" });
  const { x, y, width, height } = one.getBoundingClientRect();
  return [x + share * width, y + height / 2];
}"""
SLIDER, RING, CHOICE = ".gdw input[type=range]", ".gdw-handle", ".gdw select"
CLICKED = {"question": ".gdw label", "graph": ".gdw-node:last-child"}  # everywhere else a button, where there is one
KEYED = {"question": (".gdw input", "ArrowDown"), "graph": (".gdw-node:nth-last-child(2)", "Enter")}


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """Return {kind: address of its bare page on the disk}."""
    folder = tmp_path_factory.mktemp("bare")
    for kind, widget in WIDGETS.items():
        (folder / f"{kind}.html").write_text(watched(standalone(widget())), "utf-8")
    return {kind: (folder / f"{kind}.html").as_uri() for kind in WIDGETS}


def changes(engine, act, *how):
    """Do something and require that both the drawing and the sentence change."""
    before = engine.evaluate(SEEN)
    act(*how)
    assert engine.evaluate(CHANGED, before), (act.__name__, how)


def place(engine, kind, k, share=0.5):
    """Return a point of a control, in its middle or at another share of its width."""
    return engine.evaluate(PLACE, kind, k, share)


@pytest.mark.parametrize("kind", WIDGETS)
def test_every_control_answers_keys_and_the_pointer(engine, bare, kind):
    case = {"path": {"state": "optimizer=nesterov&lr=0.003"}, "question": {"state": ""}, **CASES}[kind]
    engine.open(f"{bare[kind]}#widget={kind}&{case['state']}")
    engine.evaluate(MOUNTED)
    for k in range(engine.evaluate(COUNT, CHOICE)):
        engine.evaluate(FOCUS, CHOICE, k)
        last = engine.evaluate("() => document.activeElement.selectedIndex + 1 === document.activeElement.length")
        for key in ("ArrowUp", "ArrowDown") if last else ("ArrowDown", "ArrowUp"):
            changes(engine, engine.press, key)
    for k in range(engine.evaluate(COUNT, SLIDER)):
        engine.evaluate(FOCUS, SLIDER, k)
        engine.press("Home")
        for key in ("End", "PageDown"):
            spoken = engine.evaluate(SPOKEN)
            changes(engine, engine.press, key)
            assert engine.evaluate(SPOKEN) not in (None, spoken)
        engine.click(place(engine, SLIDER, k))
        changes(engine, engine.drag, place(engine, SLIDER, k), place(engine, SLIDER, k, 0.33))
    rings = engine.evaluate(COUNT, RING)
    assert bool(rings) == ("ring.js" in bundle.in_order(f"{kind}.js"))
    for k in range(rings):
        engine.evaluate(FOCUS, RING, k)
        for key in case.get("keys", ("ArrowLeft", "ArrowUp", "Shift+ArrowRight")):
            changes(engine, engine.press, key)
        x, y = place(engine, RING, k)
        changes(engine, engine.drag, (x, y), (x + 25, y + 15))
    clicked = CLICKED.get(kind, ".gdw-buttons button")
    if engine.evaluate(COUNT, clicked):  # Play, where there is something to play
        changes(engine, engine.click, place(engine, clicked, 0))
    if kind in KEYED:
        control, key = KEYED[kind]
        engine.evaluate(FOCUS, control, 0)
        changes(engine, engine.press, key)
    assert faults(engine) == []


@functools.cache
def drawn(kind):
    """Return settings of one kind of widget, drawn at random, and what Python computes from them."""
    draw = (EXACT | CLOSE)[kind][0]
    rng = np.random.default_rng(0)
    jobs = [draw(rng) for _ in range(RUNS)]
    return jobs, in_python(kind, jobs)


def test_paths_are_the_same_bits(engine):
    """On every surface by every method."""
    jobs = parity.random_settings(2400)
    assert len({(job["surface"], job["optimizer"]) for job in jobs}) == len(METHODS) * len(SURFACES)
    runs, numbers = parity.differing(parity.in_python(jobs), parity.in_page(engine, jobs))
    assert runs == 0
    assert numbers > 100_000


@pytest.mark.parametrize("kind", EXACT)
def test_the_rules_of_every_other_kind_give_the_same_bits(engine, kind):
    jobs, python = drawn(kind)
    assert differing(python, in_page(engine, kind, jobs)) == 0
    rules = WIDGETS[kind].rules()
    for right, wrong in EXACT[kind][1]:
        assert right in rules
        assert differing(python, in_page(engine, kind, jobs, rules.replace(right, wrong))) > 0, wrong


@pytest.mark.parametrize("kind", CLOSE)
def test_rules_with_exponentials_agree_to_the_stated_tolerance(engine, kind):
    jobs, python = drawn(kind)
    _, tolerance, slips = CLOSE[kind]

    def farthest(rules=None):
        pairs = zip(python, in_page(engine, kind, jobs, rules), strict=True)
        return max(np.max(np.abs(x - y) / np.maximum(1, np.abs(x))) for (_, x), (_, y) in pairs)

    assert farthest() <= tolerance
    rules = WIDGETS[kind].rules()
    for right, wrong in slips:
        assert right in rules
        assert farthest(rules.replace(right, wrong)) > tolerance, wrong


def test_no_kind_of_widget_is_left_out():
    assert {*EXACT, *CLOSE, "path", "question"} == set(WIDGETS)  # a question computes nothing


WRONG = """def spectral_step(H):
    eigenvalues = np.linalg.eigvalsh(H)
    return 1 / eigenvalues[-1], 2 / eigenvalues[-1], 1 - eigenvalues[0] / eigenvalues[-1]
"""
ASK = """async (text) => {""" + UNTIL + """
  const box = () => document.querySelector(".gd-solution");
  await until(() => box()?.querySelector("textarea"));
  const field = box().querySelector("textarea");
  field.value = text;
  field.dispatchEvent(new Event("input"));
  [...box().querySelectorAll("button")].find((one) => one.textContent === "Check").click();
}"""
TOLD = """() => [
  document.querySelector(".gd-solution :is(.gd-verdict, .gd-error)")?.innerText,
  document.querySelector(".gd-solution .gd-status").textContent,
]"""


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_python_runs_in_the_page_and_names_the_mistake(engine, copies, server, scheme):
    base = {"http": f"http://127.0.0.1:{server.server_address[1]}", "file": copies.as_uri()}[scheme]
    engine.open(f"{base}/exercises/ps03.html")
    engine.evaluate(ASK, WRONG)
    end, said = time.monotonic() + 300, [None, ""]
    while not said[0]:
        assert time.monotonic() < end, f"no verdict, and the last word is {said[1]!r}"
        time.sleep(0.2)
        said = engine.evaluate(TOLD)
    assert "1 of 4 points" in said[0] and "the step is 1 / L" in said[0] and "Equation (5.7)" in said[0], said
    assert not faults(engine)
