"""Shared fixtures: a real browser, the built book, and a server for it."""

import http.server
import os
import shutil
import subprocess
import sys
import threading
from functools import cache, partial
from pathlib import Path

import hypothesis
import pytest

from tests.arithmetic import rounding

# No test is timed, not by Hypothesis either.
hypothesis.settings.register_profile("course", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("course")

ROOT = Path(__file__).resolve().parent.parent
BUILD = ["build", ".", "--path-output", ".", "-n", "-W", "--keep-going"]
SOURCES = ("_config.yml", "_toc.yml", "_ext", "assets", "chapters", "exercises", "gdcourse", "page")
BROWSERS = "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"  # the first draws fastest
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no host but this machine can be found
]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Round as GDCOURSE_ROUNDING says while a test runs; `make test-arithmetic` sets it."""
    with rounding(os.environ.get("GDCOURSE_ROUNDING")):
        return (yield)


def pytest_addoption(parser):
    parser.addoption("--passed", type=Path, help="a file: leave out the tests it names, and add those that pass")


def pytest_collection_modifyitems(config, items):
    """Leave out what an earlier run has passed."""
    file = config.getoption("passed")
    if file and file.exists():
        known = set(file.read_text("utf-8").splitlines())
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in known])
        items[:] = [item for item in items if item.nodeid not in known]


def pytest_terminal_summary(terminalreporter, config):
    """Add what has passed; one process is told of all."""
    if file := config.getoption("passed"):
        with file.open("a", encoding="utf-8") as names:
            names.writelines(f"{report.nodeid}\n" for report in terminalreporter.stats.get("passed", ()))


def unavailable(reason):
    """Skip with the reason printed, or fail where everything is required to be there."""
    if os.environ.get("GDCOURSE_REQUIRE_ALL") == "1":
        pytest.fail(f"GDCOURSE_REQUIRE_ALL=1, but {reason}")
    pytest.skip(reason)


@cache
def sandboxed():
    """Say why no program can be put into a sandbox here, or nothing: bubblewrap is tried for real."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    tried = subprocess.run(["bwrap", "--unshare-all", "--dev-bind", "/", "/", "true"], capture_output=True, text=True)
    return f"bubblewrap cannot make a sandbox here: {tried.stderr.strip()}" if tried.returncode else None


def needs_sandbox():
    """Skip, with the reason, where no program can be put into a sandbox."""
    if reason := sandboxed():
        unavailable(reason)


@pytest.fixture(scope="session")
def browser():
    """Return the system's Chromium, driven by Playwright, with no host but 127.0.0.1 to be found."""
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        unavailable("no Chromium is installed")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("Playwright is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        yield running
        running.close()


def newest_source():
    """Return when the latest source of the book changed."""
    paths = [ROOT / name for name in SOURCES]
    paths += [path for folder in paths if folder.is_dir() for path in folder.rglob("*")]
    ignored = {"__pycache__", ".ipynb_checkpoints"}
    return max(
        path.stat().st_mtime
        for path in paths
        if path.is_file() and path.suffix != ".ipynb" and not ignored & set(path.parts)
    )


@pytest.fixture(scope="session")
def site():
    """Return the built book's folder, building it first where it is missing or older than a source."""
    import fcntl  # not on Windows, where a student needs no book

    out = ROOT / "_build" / "html"
    out.parent.mkdir(exist_ok=True)
    with open(out.parent / ".lock", "w") as lock:  # one build, however many test processes there are
        fcntl.flock(lock, fcntl.LOCK_EX)
        start = out / "index.html"  # written at the end of every build that succeeded
        if not start.exists() or start.stat().st_mtime < newest_source():
            command = [str(Path(sys.executable).parent / "jupyter-book"), *BUILD]
            built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            assert built.returncode == 0, f"the book does not build:\n{built.stdout[-3000:]}\n{built.stderr[-6000:]}"
    return out


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that keeps no log."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def site_url(site):
    """Return the address of a server for the built book, without a slash at its end."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
