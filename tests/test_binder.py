"""What Binder does, done here: a new environment from binder/ alone, then a chapter through its launch button.

repo2docker installs binder/requirements.txt into a new environment, runs binder/postBuild in the repository and starts
JupyterLab there; the button's address ends in the path that JupyterLab opens.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import gdcourse_address  # noqa: E402
import gdcourse_assignments  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.jupyter]
TOKEN = "binder"


def copy_of_the_published_branch(target):
    """Copy what git would hand out, and what the workflow adds to it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    gdcourse_assignments.write(target, target / "assignments")


@pytest.fixture(scope="module")
def binder(tmp_path_factory):
    """Return (repository, address) of a JupyterLab that was set up as Binder does it."""
    if os.environ.get("GDCOURSE_REQUIRE_ALL") != "1":
        pytest.skip("makes an environment of its own: set GDCOURSE_REQUIRE_ALL=1 to run it")
    folder = tmp_path_factory.mktemp("binder")
    repository, environment = folder / "repo", folder / "env"
    copy_of_the_published_branch(repository)
    version = (repository / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert f"{sys.version_info.major}.{sys.version_info.minor}" == version, "Binder's Python is another one"
    venv.create(environment, with_pip=True)
    own = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MPL", "JUPYTER"))}
    inside = {**outside, **own, "PATH": f"{environment / 'bin'}:{os.environ['PATH']}"}
    for command in (["pip", "install", "--quiet", "-r", "binder/requirements.txt"], ["binder/postBuild"]):
        done = subprocess.run(command, cwd=repository, env=inside, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={TOKEN}"]
    with open(folder / "log", "w") as log:
        program = environment / "bin" / "jupyter"
        server = subprocess.Popen([program, "lab", *options], cwd=repository, env=inside, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=2).close()
            break
        except OSError:
            assert server.poll() is None, (folder / "log").read_text()[-3000:]
            time.sleep(0.25)
    yield repository, address
    server.terminate()
    server.wait(20)
    shutil.rmtree(environment)  # pytest keeps the last folders, and this one is large


def kernels(address):
    """Return the states of the server's kernels."""
    with urllib.request.urlopen(f"{address}/api/kernels?token={TOKEN}") as reply:
        return [kernel["execution_state"] for kernel in json.load(reply)]


def open_and_run(browser, address, notebook):
    """Open a notebook by the path its launch button names, run all its cells, and wait until they have run."""
    button = gdcourse_address.launch(notebook)["Binder"]
    path = parse_qs(urlsplit(button).query)["urlpath"][0]
    page = browser.new_context(viewport={"width": 1300, "height": 1100}).new_page()
    page.goto(f"{address}/{path}?token={TOKEN}")
    page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=90_000)
    page.wait_for_selector("text=/ipykernel. \\| Idle/", timeout=90_000)
    page.wait_for_timeout(2000)  # a command given while the kernel is still being greeted is lost
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    return page


def wait_until_idle(page, address):
    """Wait until the kernel has had nothing to do for three seconds."""
    quiet = 0
    for _ in range(360):
        quiet = quiet + 1 if set(kernels(address)) == {"idle"} else 0
        if quiet == 6:
            return
        page.wait_for_timeout(500)
    raise AssertionError("the cells did not come to an end")


def test_a_chapter_opens_runs_and_its_figure_moves(binder, browser, monkeypatch):
    monkeypatch.setenv("GDCOURSE_REPOSITORY", "https://github.com/somebody/course")
    repository, address = binder
    shows_it = re.compile(r"^from gdcourse\.widgets import Path$", re.MULTILINE)  # in a cell: prose names it as well
    chapters = sorted((repository / "chapters").glob("*.md"))
    chapter = next(page for page in chapters if shows_it.search(page.read_text("utf-8")))
    page = open_and_run(browser, address, f"chapters/{chapter.stem}.ipynb")
    figure = page.locator(".gdw").first
    figure.wait_for(timeout=90_000)
    wait_until_idle(page, address)
    assert page.locator(".jp-Dialog, .jp-toast-content").count() == 0, "something stands between reader and page"
    figure.scroll_into_view_if_needed()
    rate, sentence = figure.locator("[name=lr]"), figure.locator(".gdw-sentence")
    drawn = "figure => [...figure.querySelectorAll('svg path')].map(line => line.getAttribute('d')).join()"
    before = figure.evaluate(drawn), sentence.inner_text()
    rate.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)
    after = figure.evaluate(drawn), sentence.inner_text()
    assert before[0] != after[0] and before[1] != after[1]
    figure.locator(".gdw-python:has-text('Python agrees')").wait_for(timeout=20_000)
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.get_by_text("Save Notebook", exact=True).click()
    page.wait_for_timeout(3000)
    cells = json.loads((repository / "chapters" / f"{chapter.stem}.ipynb").read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code" and cell["source"]]
    assert all(cell["execution_count"] for cell in code) and len(code) > 10
    assert not [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]
    page.context.close()


def test_an_assignment_opens_and_check_answers(binder, browser, monkeypatch):
    monkeypatch.setenv("GDCOURSE_REPOSITORY", "https://github.com/somebody/course")
    repository, address = binder
    ps = sorted((repository / "assignments").glob("*.ipynb"))[0].stem
    page = open_and_run(browser, address, f"assignments/{ps}.ipynb")
    page.wait_for_selector(".jp-OutputArea-output:has-text('NotImplementedError')", timeout=60_000)
    assert page.locator(".jp-OutputArea-output:has-text('ModuleNotFoundError')").count() == 0
    page.context.close()
