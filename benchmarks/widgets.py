"""Measure the widgets: how much they weigh, how fast they answer a slider, what they keep, and whether they compute
what Python does.

    python benchmarks/widgets.py [number of paths]

Prints one line a figure, with the bar it is held to. Needs Chromium.
"""

import gzip
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from gdcourse.widgets import WIDGETS, bundle
from gdcourse.widgets.page import standalone

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

EMPTY = "<!doctype html><p data-mounted>An empty page.<input type=range min=0 max=200>"
LISTEN = """() => {
  globalThis.times = [];
  let began = 0;
  addEventListener("input", () => (began = performance.now()), true);
  addEventListener("input", () => {
    const start = began;
    const handled = performance.now() - start;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => times.push([handled, performance.now() - start]);
      port2.postMessage(null); // heard once the frame is out
    });
  });
}"""


def report(what, value, bar, unit=""):
    """Print one figure beside its bar."""
    print(f"{what:<58} {value:>10.4g} {unit:<3} bar {bar:g} {'' if value <= bar else '  MISSED'}", flush=True)


def packed(text):
    """Return the size of a text after gzip, in kB."""
    return len(gzip.compress(text.encode())) / 1024


def weigh():
    """Print what the scripts and the static figures weigh."""
    scripts = bundle.scripts(WIDGETS.values())
    loader = packed(scripts[bundle.LOADER])
    report("style sheet, gz", packed(bundle.source(bundle.STYLE)), 2, "kB")
    for kind, widget in WIDGETS.items():
        own = packed(scripts[f"widget-{kind}.js"])
        figure = packed(widget()._repr_mimebundle_()[0]["text/html"])
        report(f"{kind}: shared script and its own, gz", loader + own, 12, "kB")
        report(f"{kind}: what a further one adds to a page, gz", own + figure, 12, "kB")


def time_sliders(browser, kind, file, slowdown):
    """Print the 95th percentiles from a slider's event to the end of the handler, and to the frame on the screen, and
    how many kB the page holds more after all of them than at first. Of three rounds the quietest counts: another
    process that takes the processor for a moment is no fault of the widget's.

    The widget called "empty" is a page with one slider that moves nothing: what this machine takes for any frame.
    """
    page = browser.new_page(viewport={"width": 760, "height": 1000})
    page.goto(file.as_uri())
    page.wait_for_selector("[data-mounted]")
    page.evaluate(LISTEN)
    client = page.context.new_cdp_session(page)
    client.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})

    def move(times):
        for slider in page.locator("input[type=range]:enabled").all():
            slider.focus()
            for key in ["ArrowRight"] * times + ["ArrowLeft"] * times:
                page.keyboard.press(key)
        page.wait_for_timeout(300)

    def held():
        client.send("HeapProfiler.collectGarbage")
        return client.send("Runtime.getHeapUsage")["usedSize"] / 1024

    move(5)
    before = held()
    rounds = []
    for _ in range(3):
        page.evaluate("times.length = 0")
        move(30)
        rounds.append(page.evaluate("times"))
    handled, painted = np.min([np.percentile(times, 95, axis=0) for times in rounds], axis=0)
    report(f"{kind}: slider event to handler done, p95, CPU x{slowdown}", handled, 4 if slowdown == 1 else 12, "ms")
    report(f"{kind}: slider event to painted frame, p95, CPU x{slowdown}", painted, 25 if slowdown == 1 else 50, "ms")
    if slowdown == 1:
        report(f"{kind}: memory kept after the sliders moved", held() - before, 200, "kB")
    page.close()


def compare(browser, count):
    """Print how many paths differ between the page and Python in any bit."""
    parity = load(Path(__file__).parent.parent / "tests" / "widgets" / "parity.py")
    page, differing, numbers = browser.new_page(), 0, 0
    for seed in range(count // 2000):
        jobs = parity.random_settings(2000, seed)
        runs, doubles = parity.differing(parity.in_python(jobs), parity.in_page(page, jobs))
        differing, numbers = differing + runs, numbers + doubles
    report(f"paths that differ from Python's, of {count // 2000 * 2000} with {numbers} doubles", differing, 0)


def load(path):
    """Return a module by its file below this project's root."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(count=40_000):
    """Run all of it."""
    weigh()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        moved = {kind: widget for kind, widget in WIDGETS.items() if kind != "question"}  # which has no slider
        pages = {"empty": EMPTY} | {kind: standalone(widget()) for kind, widget in moved.items()}
        for kind, text in pages.items():
            file = Path(folder, f"{kind}.html")
            file.write_text(text, encoding="utf-8")
            for slowdown in (1, 4):
                time_sliders(browser, kind, file, slowdown)
        compare(browser, count)
        browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
