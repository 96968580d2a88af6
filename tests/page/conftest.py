"""The page's Python without a browser: the runtime in a folder, and Node to run it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, unavailable

LONG = 120_000  # milliseconds: the machine may be busy

for folder in ("_ext", "page"):
    sys.path.insert(0, str(ROOT / folder))

import gdcourse_python  # noqa: E402


@pytest.fixture(scope="session")
def runtime(tmp_path_factory):
    """Return a folder with the runtime, as the site has it."""
    folder = tmp_path_factory.mktemp("python")
    gdcourse_python.write(folder)
    return folder


@pytest.fixture(scope="session")
def in_page(runtime, tmp_path_factory):
    """Return a function that runs a text in the page's Python and returns what it prints."""
    node = shutil.which("node")
    if node is None:
        unavailable("Node is not installed")
    script = tmp_path_factory.mktemp("script") / "script.py"

    def run(text, *arguments):
        script.write_text(text, "utf-8")
        command = [node, str(Path(__file__).with_name("python.cjs")), str(runtime), str(script), *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def visit(browser, site_url):
    """Return a function that opens a page of the book; an error in it, or a request elsewhere, fails the test."""
    contexts, faults = [], []

    def open_page(address, context=None, **options):
        if context is None:
            context = browser.new_context(**{"viewport": {"width": 1000, "height": 900}, **options})
            context.set_default_timeout(LONG)
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{error} {error.stack}"))
        page.on("request", lambda request: request.url.startswith((site_url, "file:", "blob:", "data:"))
                or faults.append(request.url))  # fmt: skip
        page.goto(address if "://" in address else f"{site_url}/{address}.html")
        page.wait_for_selector(".gd-bar, .gd-offer", state="attached")
        return page

    open_page.faults = faults
    yield open_page
    for context in contexts:
        context.close()
    assert faults == []
