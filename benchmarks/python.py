"""Measure Python in the page: from the first press to the verdict, beside a bare start of Pyodide in the same run.

    make book && make bench-book
    .venv/bin/python benchmarks/python.py

Each figure is the median of three visits in a browser that keeps nothing. Weights are those of a first visit, as a
server would send them; the bars stand beside the figures.
"""

import gzip
import http.server
import shutil
import statistics
import sys
import threading
import time
from functools import partial
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent))

from book import SITE

CHROMIUM = "chromium-headless-shell", "chromium", "google-chrome"
ANSWER = """def spectral_step(H):
    eigenvalues = np.linalg.eigvalsh(H)
    return 1 / eigenvalues[-1], 2 / eigenvalues[-1], 1 - eigenvalues[0] / eigenvalues[-1]
"""
BARE = """<!doctype html><title>bare</title><script>
addEventListener("load", async () => {
  const text = `importScripts("${location.origin}/python/pyodide.js")
    loadPyodide({ indexURL: "${location.origin}/python/", lockFileURL: "${location.origin}/python/lock.json" })
      .then(() => postMessage("started"))`
  const begun = performance.now()
  new Worker(URL.createObjectURL(new Blob([text]))).onmessage = () => { globalThis.took = performance.now() - begun }
})</script>"""
QUIET = "!document.querySelector('.gd-button:disabled') && document.querySelector('.gd-solution .gd-verdict')"
TYPED = """async () => {
  const times = []
  for (let k = 0; k < 20; k += 1) {
    const begun = performance.now()
    document.execCommand("insertText", false, "a")
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
    times.push(performance.now() - begun)
  }
  return times.sort((a, b) => a - b)[10] / 1000
}"""


def served(folder):
    """Serve a folder on this machine and return its address."""
    handler = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def visit(browser, address):
    """Return the seconds of one visit, by what was done."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/exercises/ps03.html")
    page.locator(".gd-solution textarea").first.click()
    page.locator(".cm-content").first.click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(ANSWER)
    check = page.locator(".gd-solution").first.get_by_role("button", name="Check")

    def timed(act):
        begun = time.perf_counter()
        act()
        page.wait_for_function(QUIET, polling=20)
        return time.perf_counter() - begun

    took = {"first check": timed(check.click), "warm check": timed(check.click)}
    page.locator(".cm-content").first.click()
    took["a key"] = page.evaluate(TYPED)
    page.goto(f"{address}/exercises/ps04.html")
    page.locator(".gd-solution textarea").first.wait_for()
    check = page.locator(".gd-solution").first.get_by_role("button", name="Check")
    took["first check, second page"] = timed(check.click)
    context.close()
    return took


def main():
    """Print the figures."""
    http_address = served(SITE)
    (SITE / "bare.html").write_text(BARE)
    executable = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        bare = []
        for _ in range(3):
            page = browser.new_context().new_page()
            page.goto(f"{http_address}/bare.html")
            page.wait_for_function("globalThis.took")
            bare.append(page.evaluate("took") / 1000)
        bare = statistics.median(bare)
        print(f"bare Pyodide over http: {bare:.2f} s")
        for way, address in (("http", http_address), ("disk", SITE.as_uri())):
            visits = [visit(browser, address) for _ in range(3)]
            for what in visits[0]:
                took = statistics.median(one[what] for one in visits)
                print(f"{way:5} {what:26} {took:6.2f} s {took / bare:6.2f} bare starts")
        browser.close()
    (SITE / "bare.html").unlink()
    files = [path for path in (SITE / "python").iterdir() if path.is_file()]
    weights = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in files}
    drawing = weights.pop("matplotlib.zip")
    own = [len(gzip.compress((SITE / "_static" / name).read_bytes(), 9)) for name in ("python.js", "python.css")]
    runtime = sum(weights.values())
    print(f"before the first run {sum(own) / 1e3:.1f} kB (bar 15)")
    print(f"the runtime {runtime / 1e6:.2f} MB (9), with what draws {(runtime + drawing) / 1e6:.2f} (17)")


if __name__ == "__main__":
    main()
