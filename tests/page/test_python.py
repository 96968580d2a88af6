"""The page's Python against this one: the same verdicts, word for word; its own clock; the same data."""

import gzip
import io
import re
import subprocess
import sys
import zipfile

import gdcourse_python
import numpy as np
import pytest
from sklearn import datasets

from gdcourse import checks
from tests.conftest import ROOT

TRAINING = {"rescue", "train_digits", "diagnose", "fix"}  # each case trains networks, for many seconds in a page

REPORTS = """
import sys
from gdcourse import checks
from gdcourse.checks.reporting import report

for exercise in checks.assignment(sys.argv[1]).exercises:
    if exercise.name in sys.argv[2:]:
        continue
    for solution in (exercise.reference, *exercise.styles, *exercise.mistakes):
        print(report(exercise, checks.verdicts(exercise, solution, 7)))
"""


def here(text, *arguments):
    command = [sys.executable, "-c", text, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def words(text):
    """Return a report without its decimals, which may show what was rounded."""
    return " ".join(re.sub(r"-?\d+\.\d+(e[-+]\d+)?", "#", text).split())


@pytest.mark.thorough
@pytest.mark.parametrize("ps", checks.MODULES)
def test_every_solution_and_mistake_is_told_the_same(in_page, ps):
    there, ours = (words(run(REPORTS, ps, *TRAINING)) for run in (in_page, here))
    assert there == ours
    asked = [exercise for exercise in checks.assignment(ps).exercises if exercise.name not in TRAINING]
    assert len(re.findall(r" of \d+ points?\b", there)) >= sum(1 + len(e.styles) + len(e.mistakes) for e in asked)


ENDLESS = """
from gdcourse import checks
from gdcourse.checks.reporting import report

def gd_iterations(kappa, eps):
    while True:
        try:
            kappa += 1
        except Exception:
            pass

(exercise,) = [e for e in checks.assignment("ps03").exercises if e.name == "gd_iterations"]
print(report(exercise, checks.verdicts(exercise, gd_iterations, 1)))

def gd_iterations(kappa, eps):  # the clock is not left running
    return 0
checks.verdicts(exercise, gd_iterations, 1)
total = sum(range(10**6))
print(total)
"""


def test_a_loop_without_an_end_is_stopped(in_page):
    said = " ".join(in_page(ENDLESS).split())
    assert "had not come to an end when its time was up: a loop that never ends?" in said
    assert said.endswith("499999500000")


SINGULAR = """
import numpy as np

for function in (lambda a: np.linalg.solve(a, np.ones(2)), np.linalg.inv, np.linalg.cholesky):
    for matrix in ([[1, 2], [2, 4]], [[1, 2], [2, 1]], [[2, 1], [1, 2]], [[np.nan, 1], [1, 2]],
                   [[[1, 0], [0, 1]], [[1, 2], [2, 4]]], np.zeros((0, 0)), [[0, 0], [0, 0]]):
        matrix = np.array(matrix, dtype=float)
        if function is not np.linalg.cholesky and matrix.shape != (2, 2):
            continue
        try:
            print(np.isnan(function(matrix)).any())
        except np.linalg.LinAlgError as error:
            print(error)
"""


def test_a_matrix_that_is_singular_is_told(in_page):
    assert in_page(SINGULAR) == here(SINGULAR)


SETS = """
import hashlib
from sklearn import datasets
import numpy as np
for bunch in (datasets.load_digits(), datasets.load_diabetes(scaled=False), datasets.load_breast_cancer()):
    for array in (bunch.data, bunch.target.astype(int)):
        print(array.shape, array.dtype.kind, hashlib.sha256(array.astype("<f8").tobytes()).hexdigest())
from gdcourse import data
print(data.digits().X.max(), len(data.diabetes().features))
"""


def test_the_sets_are_scikit_learns(in_page):
    assert in_page(SETS) == here(SETS)
    with zipfile.ZipFile(io.BytesIO(gdcourse_python.sets())) as packed:
        digits = np.load(io.BytesIO(packed.read("digits_data.npy")))
    assert digits.dtype == np.uint8 and np.array_equal(digits, datasets.load_digits().data)


def test_the_runtime_weighs_what_is_said(runtime):
    """Nine megabytes, as engine.js says, and seventeen with what draws; compressed as a server sends it."""
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in runtime.iterdir() if path.is_file()}
    drawing = sizes.pop("matplotlib.zip")
    assert 8e6 < sum(sizes.values()) < 9e6 and sum(sizes.values()) + drawing < 17e6


def test_two_builds_are_the_same(runtime):
    gdcourse_python.runtime.cache_clear()
    again = gdcourse_python.runtime()
    assert {path.name: path.read_bytes() for path in runtime.iterdir() if path.is_file()} == again
