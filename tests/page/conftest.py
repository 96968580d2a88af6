"""The page's Python without a browser: the runtime in a folder, and Node to run it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, unavailable

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
