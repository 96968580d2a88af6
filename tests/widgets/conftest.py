"""Bare pages of the widgets, opened so that any error or any request to the network fails the test."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for parity.py, which the benchmark uses as well

from gdcourse.widgets import WIDGETS
from gdcourse.widgets.page import standalone


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Return {kind: address of its bare page on the disk}."""
    folder = tmp_path_factory.mktemp("widgets")
    for kind, widget in WIDGETS.items():
        (folder / f"{kind}.html").write_text(standalone(widget()), encoding="utf-8")
    return {kind: (folder / f"{kind}.html").as_uri() for kind in WIDGETS}


@pytest.fixture
def visit(browser):
    """Return a function that opens a page at some size; errors and requests to a network fail the test."""
    contexts, faults = [], []

    def open_page(address, *, width=760, height=1000, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda entry: entry.type == "error" and faults.append(entry.text))
        page.on("request", lambda request: request.url.startswith(("http", "ws")) and faults.append(request.url))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="session")
def scratch(browser):
    """Return an empty page to evaluate JavaScript in."""
    page = browser.new_page()
    yield page
    page.close()
