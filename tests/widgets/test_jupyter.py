"""JupyterLab 4 and Notebook 7, driven for real: Python agrees, both sides follow, and a dead kernel is survived."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.jupyter]

CELLS = [
    "from gdcourse.widgets import Path\npath = Path(surface='canyon', lr=0.01)\npath",
    "print('the rate is', path.lr)",
    "path.optimizer = 'nesterov'",
]
AGREES = ".gdw-python:has-text('Python agrees')"


def notebook():
    cells = [
        dict(cell_type="code", id=f"cell{k}", execution_count=None, metadata={}, outputs=[], source=source)
        for k, source in enumerate(CELLS)
    ]
    kernel = dict(name="python3", display_name="Python 3", language="python")
    return json.dumps(dict(cells=cells, metadata=dict(kernelspec=kernel), nbformat=4, nbformat_minor=5))


@pytest.fixture(params=["lab", "notebook"])
def jupyter(request, tmp_path):
    """Return (address of the open notebook, the server's process) of an application of its own."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "widget.ipynb").write_text(notebook())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = "JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR IPYTHONDIR JUPYTERLAB_WORKSPACES_DIR"
    own = {name: str(tmp_path / name) for name in [*folders.split(), "JUPYTERLAB_SETTINGS_DIR"]}
    command = [
        sys.executable, "-m", "jupyter", request.param, "--no-browser", "--allow-root", f"--port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path / 'work'}",
        "--AsyncIOLoopKernelManager.autorestart=False",
    ]  # fmt: skip
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=os.environ | own, stdout=log, stderr=log)
    page = {"lab": "lab/tree", "notebook": "notebooks"}[request.param]
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            assert server.poll() is None, (tmp_path / "log").read_text()[-2000:]
            try:
                urllib.request.urlopen(f"{base}/api", timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"{base}/{page}/widget.ipynb", server
    finally:
        server.terminate()
        server.wait(20)


def run_cell(page, number):
    """Run a cell. An application that is still busy starting swallows the keys, so ask until the cell has run."""
    cell = page.locator(".jp-CodeCell").nth(number)
    for _ in range(30):
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(1000)
        if cell.locator(".jp-InputPrompt").first.inner_text().strip() != "[ ]:":
            return
    raise AssertionError(f"cell {number} does not run")


def test_a_notebook_from_the_first_cell_to_the_kernels_death(browser, jupyter):
    address, server = jupyter
    page = browser.new_context(viewport={"width": 1200, "height": 1400}).new_page()
    page.goto(address)
    page.locator(".jp-CodeCell").nth(2).wait_for(timeout=60_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
    run_cell(page, 0)
    page.wait_for_selector(AGREES, timeout=60_000)
    sign, sentence = page.locator(".gdw-python"), page.locator(".gdw-sentence")
    assert sign.inner_text() == "Python agrees: 183 numbers, every bit the same."

    def compared():
        return int(sign.get_attribute("data-compared"))

    def settled(at_least):
        page.wait_for_function(f"document.querySelector('.gdw-python').dataset.compared >= {at_least}", timeout=20_000)
        page.wait_for_selector(AGREES)

    # Every control, by keyboard and by mouse, and each answer compared.
    page.focus("[name=lr]")
    for k in range(12):
        before = sentence.inner_text()
        page.keyboard.press("ArrowRight")
        assert sentence.inner_text() != before
        settled(k + 2)
    box = page.locator("[name=steps]").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 12, steps=12)
    page.mouse.up()
    page.get_by_role("slider", name="Start of the path").focus()
    page.keyboard.press("ArrowDown")
    for surface in ("rosenbrock", "himmelblau", "saddle", "bowl", "canyon"):
        count = compared()
        page.select_option("[name=surface]", surface)
        settled(count + 1)
    assert compared() >= 18
    assert sign.get_attribute("data-differing") == "0"

    # Python knows the rate, and what Python sets is drawn.
    page.wait_for_timeout(600)
    run_cell(page, 1)
    page.wait_for_selector("text=the rate is 0.0132")
    run_cell(page, 2)
    page.wait_for_function("document.querySelector('.gdw-sentence').textContent.includes('of Nesterov')")
    page.wait_for_selector(AGREES)
    assert sign.get_attribute("data-differing") == "0"

    # The kernel dies; the figure goes on.
    (kernel,) = psutil.Process(server.pid).children()
    kernel.kill()
    page.wait_for_timeout(1000)
    before = sentence.inner_text()
    page.locator("[name=lr]").evaluate(
        "(range) => { range.value = -3; range.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    assert sentence.inner_text() != before and "at rate 0.00100" in sentence.inner_text()
    page.wait_for_selector(".gdw-python:has-text('Python does not answer')", timeout=15_000)
    page.context.close()
