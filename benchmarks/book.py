"""Measure the built book: what each page weighs, asks for and shifts, how soon its first live figure is there, and
what Lighthouse says of it on a phone.

    make book && make bench-book
    .venv/bin/python benchmarks/book.py momentum index       # these pages alone

Weights are those of a first visit, every response gzipped as a server would send it (fonts and PNG as they are).
Beside them stand the bars the book is held to.
"""

import gzip
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

from playwright.sync_api import sync_playwright

SITE = Path(__file__).resolve().parent.parent / "_build" / "html"
PACKED = (".woff2", ".png", ".jpg", ".gif")
WIDTHS = (412, 1280)
BARS = {"kB": 300, "elsewhere": 0, "errors": 0, "shift, 412": 0.02, "shift, 1280": 0.02, "ready": 0.8, "slowly": 3}
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
FIRST = """setInterval(() => {
  if (document.querySelector('[data-mounted]')) globalThis.liveAt ??= performance.now() / 1000
}, 5)"""
SHIFT = """() => new Promise(done => {
  let sum = 0
  new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value })
    .observe({ type: 'layout-shift', buffered: true })
  setTimeout(() => done(sum), 300)
})"""
LIGHTHOUSE = {"performance": 90, "accessibility": 100, "best-practices": 95, "seo": 95}


class Server(http.server.SimpleHTTPRequestHandler):
    """Serve files as a host of static sites does: text gzipped."""

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file() or path.suffix in PACKED:
            return super().do_GET()
        body = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def ready(browser, base, name, slowly):
    """Return the seconds until a page's first live figure is there, on a CPU x4 and 1.6 Mbit/s if slowly."""
    page = browser.new_context(viewport={"width": 412, "height": 823}).new_page()
    if slowly:
        client = page.context.new_cdp_session(page)
        client.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        client.send("Network.emulateNetworkConditions", SLOW)
    page.add_init_script(FIRST)
    text = (SITE / name).read_text("utf-8")
    if 'class="gdw-host"' not in text:
        return 0.0
    kind = re.search(r'"kind": "([\w-]+)"', text)[1]
    page.goto(f"{base}/{name}#widget={kind}")
    page.wait_for_function("globalThis.liveAt")
    seconds = page.evaluate("liveAt")
    page.context.close()
    return seconds


def measure(browser, base, name, width):
    """Visit one page at some width, scroll through it, and return a row of figures."""
    page = browser.new_context(viewport={"width": width, "height": 823}).new_page()
    replies, errors = [], []
    page.on("response", lambda reply: replies.append(reply))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda entry: entry.type == "error" and errors.append(entry.text))
    page.goto(f"{base}/{name}")
    page.wait_for_timeout(300)
    first_shift = page.evaluate(SHIFT)
    for top in range(0, page.evaluate("document.scrollingElement.scrollHeight"), 700):
        page.evaluate(f"scrollTo(0, {top})")
        page.wait_for_timeout(30)
    page.wait_for_timeout(200)
    weights = {}
    for reply in replies:
        body = reply.body()
        packed = reply.url.split("?")[0].endswith(PACKED)
        weights[reply.url] = len(body) if packed else len(gzip.compress(body, 6))
    row = {
        "page": name.removeprefix("chapters/").removesuffix(".html"),
        "kB": sum(weights.values()) / 1000,
        "html": weights[f"{base}/{name}"] / 1000,
        "requests": len(weights),
        "elsewhere": sum(not url.startswith((base, "data:", "blob:")) for url in weights),
        "errors": len(errors),
        "figures": page.locator("article .gd-figure svg").count(),
        f"shift, {width}": max(first_shift, page.evaluate(SHIFT)),
    }
    page.context.close()
    return row, weights


def lighthouse(base, name, chromium):
    """Return Lighthouse's scores of a page on a phone, {category: 0 to 100}, or the reason why there are none."""
    npx = shutil.which("npx")
    if npx is None:
        return "no npx on this machine"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [npx, "--yes", "lighthouse", f"{base}/{name}", "--quiet", "--output=json"]
        command += [f"--output-path={report}", "--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
        done = subprocess.run(command, env={**os.environ, "CHROME_PATH": chromium}, capture_output=True)
        if not report.exists():
            return f"lighthouse did not run: {done.stderr.decode()[-300:].strip()}"
        categories = json.loads(report.read_text())["categories"]
    return {key: round(100 * (categories[key]["score"] or 0)) for key in LIGHTHOUSE}


def main():
    """Print the table; exit with 1 where a bar is missed."""
    if not (SITE / "index.html").exists():
        sys.exit("There is no book to measure. Run: make book")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Measuring needs Chromium.")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    names = sorted(path.relative_to(SITE).as_posix() for path in (SITE / "chapters").glob("*.html")
                   if not sys.argv[1:] or path.stem in sys.argv[1:])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        results = []
        for name in names:
            wide, _ = measure(browser, base, name, WIDTHS[1])
            row, weights = measure(browser, base, name, WIDTHS[0])
            times = {"ready": ready(browser, base, name, False), "slowly": ready(browser, base, name, True)}
            results.append((wide | row | times, weights))
        browser.close()
    rows = [row for row, _ in results]
    head = ("kB", "html", "requests", "elsewhere", "errors", "figures", *(f"shift, {width}" for width in WIDTHS),
            "ready", "slowly")  # fmt: skip
    print(f"{'page':22}" + "".join(f"{name:>13}" for name in head))
    for row in rows:
        print(f"{row['page']:22}" + "".join(f"{row[name]:13.4g}" for name in head))
    print(f"{'bar':22}" + "".join(f"{BARS.get(name, ''):>13}" for name in head))
    heaviest = max(results, key=lambda result: result[0]["kB"])
    print(f"\nWhat {heaviest[0]['page']} loads, kB:")
    for url, size in sorted(heaviest[1].items(), key=lambda item: -item[1])[:14]:
        print(f"  {size / 1000:7.1f}  {url.removeprefix(base).split('?')[0]}")
    missed = [f"{row['page']}: {key} {row[key]:.4g}" for row in rows for key, bar in BARS.items() if row[key] > bar]
    print("\nLighthouse, phone       " + "   ".join(LIGHTHOUSE))
    for row, name in zip(rows, names, strict=True):
        scores = lighthouse(base, name, chromium)
        if isinstance(scores, str):
            print(scores)
            break
        print(f"{row['page']:22} " + "".join(f"{scores[key]:{len(key) + 3}}" for key in LIGHTHOUSE), flush=True)
        missed += [f"{row['page']}: {key} {scores[key]}" for key, bar in LIGHTHOUSE.items() if scores[key] < bar]
    server.shutdown()
    if missed:
        sys.exit("over the bar: " + "; ".join(missed))


if __name__ == "__main__":
    main()
