"""What passes at home passes when graded: wherever the functions stand, whatever harmless stands around them."""

import base64
import copy
import json

import nbformat
import pytest

from gdcourse import checks
from gdcourse.checks.exercise import as_tuple
from gdcourse.grading.authoring.sample import solution_source
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.intake.definitions import ELSEWHERE, defined
from gdcourse.grading.running.execute import execute
from tests.conftest import needs_sandbox

PS = "ps03"
EXERCISES = checks.assignment(PS).exercises
ANSWERS = {e.name: solution_source(e, e.styles[0]) for e in EXERCISES}
ALL = sum(e.points for e in EXERCISES)


@pytest.fixture(autouse=True)
def sandbox():
    needs_sandbox()


@pytest.fixture(scope="module")
def ours(request):
    return rebuilding.skeleton(request.config.rootpath / "exercises", PS)


@pytest.fixture
def raw(ours):
    """A right notebook as Jupyter saves it, without the cells for trying."""
    raw = json.loads(nbformat.writes(ours.notebook))
    raw["cells"] = [c for c in raw["cells"] if c["cell_type"] == "markdown" or "nbgrader" in c["metadata"]]
    for cell in raw["cells"]:
        cell["source"] = ANSWERS.get(mark(cell), "".join(cell["source"]))
    return raw


def mark(cell):
    return cell["metadata"].get("nbgrader", {}).get("grade_id")


def place(raw, name):
    return next(i for i, cell in enumerate(raw["cells"]) if mark(cell) == name)


def free(text):
    return {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}


def points(raw, ours, ps=PS):
    book, notes = rebuilding.rebuild(json.loads(json.dumps(raw)), ours)
    assert rebuilding.rebuild(book, ours)[0] == book
    result = execute({"ps": ps, "student": "x", "cells": rebuilding.job_cells(book), "seed": 5, "limits": {}})
    return sum(result["scores"].values()), book, notes


def merged(raw, ours):
    """Two answers in one cell, and the other cell gone."""
    raw["cells"][place(raw, "spectral_step")]["source"] += "\n\n" + ANSWERS["gd_iterations"]
    del raw["cells"][place(raw, "gd_iterations")]


def all_in_one(raw, ours):
    raw["cells"] = [c for c in raw["cells"] if mark(c) not in ANSWERS]
    raw["cells"].insert(place(raw, "setup") + 1, free("\n\n".join(ANSWERS.values())))


def retyped(raw, ours):
    """Written into a new cell, the marked one deleted."""
    raw["cells"][place(raw, "gd_iterations")] = free(ANSWERS["gd_iterations"])


def stub_behind(raw, ours):
    """In a cell of one's own above the one for it, which is still as it was handed out."""
    at = place(raw, "gd_iterations")
    raw["cells"][at]["source"] = ours.marked["gd_iterations"].source
    raw["cells"].insert(at, free(ANSWERS["gd_iterations"]))


def stub_pasted(raw, ours):
    """A copy of the empty cell, with its mark, below the answer."""
    at = place(raw, "gd_iterations")
    copied = copy.deepcopy(raw["cells"][at])
    copied["source"] = ours.marked["gd_iterations"].source
    raw["cells"].insert(at + 1, copied)


def stub_pasted_without_mark(raw, ours):
    raw["cells"].insert(place(raw, "gd_iterations") + 1, free(ours.marked["gd_iterations"].source))


def marks_lost(raw, ours):
    for cell in raw["cells"]:
        cell["metadata"] = {}


def marks_and_ids_lost(raw, ours):
    marks_lost(raw, ours)
    for cell in raw["cells"]:
        cell.pop("id", None)


def tests_gone(raw, ours):
    raw["cells"] = [c for c in raw["cells"] if not mark(c) or not mark(c).startswith("gd_iterations")]
    raw["cells"].append(free(ANSWERS["gd_iterations"]))


MOVES = (merged, all_in_one, retyped, stub_behind, stub_pasted, stub_pasted_without_mark, marks_lost,
         marks_and_ids_lost, tests_gone)  # fmt: skip


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_a_right_answer_counts_wherever_it_stands(raw, ours, move):
    move(raw, ours)
    assert points(raw, ours)[0] == ALL


def test_an_empty_cell_is_empty_where_nothing_else_answers(raw, ours):
    raw["cells"][place(raw, "gd_iterations")]["source"] = ours.marked["gd_iterations"].source
    got, book, notes = points(raw, ours)
    assert got == ALL - checks.exercises()["gd_iterations"].points and not notes
    assert ELSEWHERE not in [cell.source for cell in book.cells]


def test_a_later_answer_of_hers_counts_and_not_an_empty_one(raw, ours):
    """The last that defines a function counts, as it does at home, right or wrong."""
    raw["cells"].insert(place(raw, "gd_iterations") + 1, free("def gd_iterations(mu, L, eps):\n    return 0"))
    assert points(raw, ours)[0] < ALL


def test_another_assignment_is_still_none_of_this(raw, ours):
    other = {"nbformat": 4, "cells": [free("def steepness(g):\n    return 1")]}
    with pytest.raises(rebuilding.Rejected, match="another assignment's"):
        rebuilding.rebuild(other, ours)


def test_what_defines_a_name():
    assert defined("def f(x):\n    def g(): pass\nh = f\nclass K: pass\nx == 3\nasync def a(): pass") == {
        "f", "h", "K", "a"}  # fmt: skip


ABOVE = """!pip install something
%pip install numpy
from google.colab import drive
drive.mount("/content/drive")
name = input("Your name: ")
import getpass
getpass.getpass()
files = !ls
%matplotlib widget
%matplotlib qt
%config InlineBackend.figure_formats = ["svg"]
from gdcourse.widgets import StepSize, Race
StepSize()
"""


def test_what_stands_above_an_answer_at_home_does_not_cost_it(raw, ours):
    at = place(raw, "gd_iterations")
    raw["cells"][at]["source"] = ABOVE + ANSWERS["gd_iterations"]
    raw["cells"].insert(at, free("%%bash\nls\n"))
    raw["cells"].insert(at, free("import matplotlib.pyplot as plt\nplt.plot([1, 2])"))
    raw["cells"].insert(at, free(ABOVE))
    assert points(raw, ours)[0] == ALL


@pytest.mark.parametrize("formats", ["svg", "pdf", "jpeg", "retina", "png"])
def test_a_figure_is_there_whatever_its_format(formats):
    sources = ("import matplotlib.pyplot as plt", f"%config InlineBackend.figure_formats = ['{formats}']",
               "plt.plot([1, 2]);")  # fmt: skip
    cells = [{"source": source, "kind": "free", "grade_id": None} for source in sources]
    result = execute({"ps": PS, "student": "x", "cells": cells, "seed": 5})
    (picture,) = [o for o in result["outputs"][2] if "image/png" in o.get("data", {})]
    assert base64.b64decode(picture["data"]["image/png"]).startswith(b"\x89PNG"), result["status"]


# Values that mean the same

WRAPPED = {
    "longdouble": "np.longdouble(x)",
    "a scalar of NumPy": "np.float64(x)",
    "0-d": "np.array(x)",
    "a subclass": "type('Mine', (float,), {'__str__': lambda s: 'mine'})(x)",
    "a 0-d array of objects": "np.array(x, dtype=object)",
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_a_number_is_a_number(kind):
    exercise = checks.exercises()["spectral_step"]
    names = {}
    source = solution_source(exercise, exercise.reference).replace("def spectral_step", "def right")
    source += f"\n\ndef spectral_step(H):\n    return tuple({WRAPPED[kind]} for x in right(H))\n"
    exec(source, {"np": __import__("numpy")} | names, names)
    names["spectral_step"].__globals__.update(names)
    assert all(v.passed for v in checks.verdicts(exercise, names["spectral_step"], 3))


def test_an_array_of_objects_or_of_long_numbers_is_one_of_numbers():
    import numpy as np

    exercise = checks.exercises()["standardize"]
    reference = as_tuple(exercise.reference)[0]
    for change in (lambda a: a.astype(object), lambda a: a.astype(np.longdouble), np.asfortranarray, np.ma.array):
        assert all(v.passed for v in checks.verdicts(exercise, lambda X, c=change: tuple(map(c, reference(X))), 3))


def test_an_error_of_ones_own_is_the_kind_it_is_derived_from():
    exercise = checks.exercises()["backtracking"]
    names = {}
    source = solution_source(exercise, exercise.reference).replace("ValueError", "Uphill")
    exec("class Uphill(ValueError):\n    pass\n\n" + source, {"np": __import__("numpy")}, names)
    names["backtracking"].__globals__.update(names)
    assert all(v.passed for v in checks.verdicts(exercise, names["backtracking"], 3))


def test_a_text_that_is_a_member_of_an_enumeration_is_that_text():
    exercise = checks.exercises()["run_until"]
    reference = as_tuple(exercise.reference)[0]
    names = {}
    exec("from enum import Enum\nclass Status(str, Enum):\n    CONVERGED = 'converged'\n    DIVERGED = 'diverged'\n"
         "    MAX_STEPS = 'max_steps'", names)  # fmt: skip

    def run_until(*args):
        *rest, status = reference(*args)
        return (*rest, names["Status"](status))

    assert all(v.passed for v in checks.verdicts(exercise, run_until, 3))
