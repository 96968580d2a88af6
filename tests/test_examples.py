"""The first files a newcomer meets, and what the README's first screen says of them."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
README = (ROOT / "README.md").read_text("utf-8")


def run(name, folder):
    """Run an example in a folder and return what it prints."""
    done = subprocess.run([sys.executable, EXAMPLES / name], cwd=folder, text=True, capture_output=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"})  # fmt: skip
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def line_after(steps, lr):
    """Return slope and intercept after so many steps on the four points, by the powers of a matrix: no loop."""
    X, y = np.column_stack([[1, 2, 3, 4], np.ones(4)]), np.array([2, 4, 6, 8])
    curvatures, axes = np.linalg.eigh(2 * X.T @ X / 4)
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    return best - axes @ ((1 - lr * curvatures) ** steps * (axes.T @ best))


def test_the_line_is_where_the_matrix_says(tmp_path):
    rows = re.findall(r"step +(\d+): cost +([\d.]+), y = ([\d.]+) x \+ ([\d.]+)", run("line.py", tmp_path))
    assert [int(row[0]) for row in rows] == [1, 10, 100, 1000] and rows[0][1] == "30.000000"  # (4 + 16 + 36 + 64) / 4
    for step, _, m, b in rows:
        assert np.allclose([float(m), float(b)], line_after(int(step), 0.01), atol=6e-6, rtol=0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("train")
    return run("train.py", folder), folder


def test_the_network_learns_and_is_the_packages_own(trained):
    said, folder = trained
    slope, measured = map(float, re.search(r"direction: (\S+), measured (\S+)", said).groups())
    assert abs(slope - measured) < 2e-6 < abs(slope) / 1000
    epochs = re.findall(r"^epoch +(\d+): cost (\S+), right on pictures never seen (\S+)%$", said, re.MULTILINE)
    assert [int(epoch) for epoch, _, _ in epochs] == list(range(1, 21))
    assert float(epochs[-1][1]) < float(epochs[0][1]) / 10 and float(epochs[-1][2]) > 94
    said_of_it = int(re.search(r"reads (\d+) of 100 handwritten digits", README)[1])
    assert abs(float(epochs[-1][2]) - said_of_it) < 1.5
    assert float(re.search(r"differs from this one by at most (\S+)", said)[1]) < 1e-9
    assert (folder / "train.png").read_bytes().startswith(b"\x89PNG")


def test_the_hand_made_part_asks_the_package_for_data_alone():
    """Up to the last part nothing is the package's but the digits and their split."""
    text = (EXAMPLES / "train.py").read_text("utf-8")
    by_hand = text[: text.index("# The same with the package.")]
    assert set(re.findall(r"\bgd\.(\w+)", by_hand)) == {"digits", "split"}


def test_the_readme_begins_with_a_picture_and_an_expression_that_says_what_it_says():
    screen = README[: README.index("\n## ")]
    assert re.search(r"^!\[.{20,}\]\(\S+\)$", screen, re.MULTILINE)
    assert "examples/train.py" in screen and "examples/line.py" in screen
    typed = re.search(r"```python\n(.*?)```", screen, re.DOTALL)[1]
    *lines, shown = [re.sub(r"^>>> ", "", line) for line in typed.splitlines()]
    names = {}
    exec("\n".join(lines[:-1]), names)
    value = eval(lines[-1], names)
    assert repr(value) == shown
    assert np.allclose(value, line_after(1000, 0.01), atol=6e-6, rtol=0)


def test_a_first_file_is_short():
    for name, most in (("line.py", 20), ("train.py", 95)):
        text = (EXAMPLES / name).read_text("utf-8")
        assert len(text.splitlines()) <= most and ast.get_docstring(ast.parse(text))
