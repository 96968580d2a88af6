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

from benchmarks.tables import TABLES, compared
from gdcourse import checks
from tests.conftest import ROOT

LEFT_OUT = {
    "rescue": ("reference", "rescue_with_less_haste", "rescue_with_skips", "only_raises_the_rate",
               "only_centres_the_pixels", "starts_from_zero", "takes_too_long_steps"),
    "train_digits": ("train_with_momentum", "leaves_the_rate_untuned", "starts_all_units_alike", "starts_far_too_large",
                     "trains_on_too_few", "loses_the_pairs", "climbs_the_loss", "brings_its_own_seed"),
}  # fmt: skip
"""Each trains networks, most for half a minute or more in a page's Python; benchmarks/tables.py has the time for it."""


def here(text, *arguments):
    command = [sys.executable, "-c", text, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


@pytest.mark.thorough
@pytest.mark.parametrize("ps", checks.MODULES)
def test_every_solution_and_mistake_is_taken_for_the_same_and_told_the_same(in_page, ps):
    """The rows of the confusion table byte for byte, and the words of every report."""
    exercises = checks.assignment(ps).exercises
    left_out = [f"{e.name}/{name}" for e in exercises for name in LEFT_OUT.get(e.name, ())]
    if left_out:
        print(f"{len(left_out)} that train for long are left to benchmarks/tables.py: {', '.join(left_out)}")
    (rows, words), ours = (compared(run(TABLES, ps, "1", *left_out)) for run in (in_page, here))
    assert (rows, words) == ours
    assert len(rows) == sum(1 + len(e.styles) + len(e.mistakes) for e in exercises) - len(left_out)
    assert len(re.findall(r" of \d+ points?\b", words)) >= len(rows)


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


INDICES = """
import numpy as np
y = np.random.default_rng(0).integers(3, size=6)
print(np.bincount(y), np.bincount(y, minlength=5), np.repeat(np.arange(6), y), np.repeat(np.arange(2), repeats=y[:2]))
print(np.take(np.eye(3), y, axis=1), np.take(y, indices=y), np.choose(y, np.arange(18).reshape(3, 6)), np.repeat(y, 2))
print(np.bincount([1, 1]), np.bincount(y, weights=y / 2))
try:
    np.take(np.eye(3), 3 + y, axis=0)
except IndexError:
    print("outside")
"""


def test_drawn_whole_numbers_are_indices_as_everywhere(in_page):
    assert in_page(INDICES) == here(INDICES)


SETS = """
import hashlib
from sklearn import datasets
import numpy as np
for bunch in (datasets.load_digits(), datasets.load_diabetes(scaled=False), datasets.load_breast_cancer()):
    for array in (bunch.data, bunch.target.astype(int)):
        print(array.shape, array.dtype.kind, hashlib.sha256(array.astype("<f8").tobytes()).hexdigest())
from gdcourse import data
print(data.digits().X.max(), len(data.diabetes().features))
from gdcourse.evidence.networks import stratified_rows
for rows in stratified_rows(data.digits().y, 3):
    print(rows.tolist())
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
