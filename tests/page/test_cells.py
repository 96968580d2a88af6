"""What runs a page's cells: which cells one needs, what comes out of it, what is said when it goes wrong."""

import builtins
import subprocess
import sys

import pytest
from gdcourse_page import PRINTED, Notebook, needed, verdict

from gdcourse import checks


def run(*cells, wanted=-1):
    """Run a page's last cell, or another; return what became of it and the records."""
    records = []
    came = Notebook(records.append).run(list(cells), range(len(cells))[wanted])
    return came, [record for record in records if record["kind"] != "step"]


@pytest.mark.parametrize(("cells", "numbers"), [
    (["a = 1", "b = 2", "a + 1"], [0, 2]),
    (["a = 1", "b = a", "b"], [0, 1, 2]),
    (["import numpy as np", "x = np.ones(2)", "x[0] = 3", "x.sum()"], [0, 1, 2, 3]),
    (["def f(x):\n    return g(x)", "def g(x):\n    return x", "f(1)"], [0, 1, 2]),
    (["class A:\n    pass", "A.n = 1", "A.n"], [0, 1, 2]),
    (["a = 1", "a += 1", "print(a)"], [0, 1, 2]),
    (["rng = 3", "u = rng.normal()", "w = rng.normal()", "w"], [0, 1, 2, 3]),
    (["import numpy as np", "1 +", "np.pi"], [0, 2]),
    (["a = 1", "print(2)", "def f():\n    return a", "f()"], [0, 2, 3]),
    (["from x.y import z as a", "import x.y", "a", "x"], [1, 3]),
    (["x = h = 1\nfig = 2", "def f(x, h=2):\n    fig = [x for x in range(h)]\n    return fig", "f(1)"], [1, 2]),
    (["x = 1", "x = [x for x in range(3)]\ng = lambda x: x", "g(2)"], [1, 2]),
    (["for i in range(3):\n    x = i", "print(i)"], [0, 1]),
    (["a = []", "a.append(1)", "a"], [0, 1, 2]),
    (["n = 1", "def f():\n    global n\n    n += 1\n    return n", "f()"], [0, 1, 2]),
    (["def helper(x:\n    return x", "helper(1)"], [0, 1]),
    (["def f():\n    x = 1\n    global x", "f()"], [0, 1]),
    (["w = 1", "class A:\n    v = w", "A.v"], [0, 1, 2]),
])  # fmt: skip
def test_a_cell_needs_those_that_bind_or_change_what_it_uses(cells, numbers):
    assert needed(cells, len(cells) - 1) == numbers


def test_the_last_expression_is_shown_and_a_semicolon_hides_it():
    assert run("2 + 3") == ("ok", [{"kind": "text", "text": "5\n"}])
    assert run("x = 2\nx;") == ("ok", [])
    assert run("None") == ("ok", [])
    assert run("print('a')\n'b'") == ("ok", [{"kind": "text", "text": "a\n"}, {"kind": "text", "text": "'b'\n"}])


def test_only_what_has_changed_runs_again():
    records, cells = [], ["print('first')\na = [0]", "a.append(1)\na[0] += 1", "a"]
    notebook = Notebook(records.append)
    for text in ("[1, 1]\n", "[1, 1]\n"):
        assert notebook.run(cells, 2) == "ok"
        assert records.pop() == {"kind": "text", "text": text}
        steps = [record["text"] for record in records]
        assert steps == [f"Running cell {k} of 3" for k in (1, 2, 3)][: len(steps)]
        records.clear()
    cells[0] = "a = [5]"
    assert notebook.run(cells, 2) == "ok" and records.pop()["text"] == "[6, 1]\n"


@pytest.mark.parametrize(("cells", "presses", "shown"), [
    (["rng = [3]", "u = rng.append(1) or len(rng)", "rng.append(2) or len(rng)"], [2, 1, 2], "3\n"),
    (["x = 1", "x += 1\nx"], [1, 1, 1], "2\n"),
    (["p = []", "p.append(1)\nlen(p)", "p"], [2, 1, 2], "[1]\n"),
    (["a = 1", "a", "a = 7"], [2, 1], "1\n"),
    (["a = 1", "b = a", "a = 7", "b"], [2, 3], "1\n"),
])  # fmt: skip
def test_the_order_of_presses_makes_no_difference(cells, presses, shown):
    records = []
    notebook = Notebook(records.append)
    for number in presses:
        assert notebook.run(cells, number) == "ok"
    assert records[-1]["text"] == shown


def test_a_cell_that_stopped_half_way_leaves_nothing():
    records, cells = [], ["p = []", "p.append(1)\n1 / 0", "p"]
    notebook = Notebook(records.append)
    assert [notebook.run(cells, 1) for _ in range(2)] == ["failed", "failed"]
    cells[1] = "p.append(2)"
    assert notebook.run(cells, 2) == "ok" and records[-1]["text"] == "[2]\n"


def test_what_a_cells_last_text_bound_is_gone():
    records, cells = [], ["sum = 3\nf = 1", "sum([1, 2])"]
    notebook = Notebook(records.append)
    assert notebook.run(cells, 0) == "ok"
    cells[0] = "g = 1"
    assert notebook.run(cells, 0) == notebook.run(cells, 1) == "ok" and records[-1]["text"] == "3\n"
    assert "f" not in notebook.names


def test_a_flood_of_printing_ends_with_a_sentence():
    came, records = run("for i in range(100000):\n    print(i)")
    text = "".join(record["text"] for record in records)
    assert came == "ok" and len(text) < PRINTED + 100 and text.endswith("More was printed than a page shows.\n")


@pytest.mark.parametrize(("cell", "said"), [
    ("1 / 0", "line 1: 1 / 0\nZeroDivisionError: division by zero"),
    ("def f(x):\n    return x[3]\n\nf([1])", "line 4: f([1])\nline 2: return x[3]\nIndexError: list index"),
    ("x = (1\ny = 2", "line 1: x = (1\nSyntaxError: '(' was never closed"),
    ("import none", "ModuleNotFoundError: none is not here. NumPy, matplotlib, gdcourse and what comes with Python"),
    ("!pip install torch", "SyntaxError: line 1 is a command of Jupyter's"),
    ("if True:\n\tx = 1\n        y = 2", "Use four spaces throughout."),
    ("def f(x):\n    return f(x)\nf(1)", "RecursionError: a function has called itself, again and again"),
    ("raise MemoryError('Unable to allocate 7 TiB')", "MemoryError: there is not enough memory in a page for that."),
    ("raise NotImplementedError()", "a function that this cell needs has not been written yet."),
    ("raise SystemExit", "SystemExit"),
])  # fmt: skip
def test_an_error_is_said_with_its_line(cell, said):
    came, (record,) = run(cell)
    assert came == "failed" and record["kind"] == "error" and said in record["text"]
    assert "gdcourse_page" not in record["text"] and "Traceback" not in record["text"]


def test_an_error_above_says_where():
    came, (record,) = run("b = 1\nraise ValueError('no')", "b + 1")
    assert came == "failed"
    assert record["text"].startswith("In a cell above that this one needs, which begins with 'b = 1':")


def test_feedback_stands_alone():
    came, (record,) = run("from gdcourse.checks import grade\n"
                          "def gd_iterations(kappa, eps):\n    return 0\ngrade(gd_iterations, 'fewest', seed=1)")
    first = record["text"].split("\n")[0]
    assert came == "failed" and first.startswith("gd_iterations, ") and "line " not in first


def test_figures_come_as_the_books(tmp_path):
    """In a process of its own: matplotlib's way of drawing is one for all."""
    program = """
import sys
sys.path[:0] = ["_ext", "page"]
import gdcourse_page as page
records = []
book = page.Notebook(records.append)
cells = ["import matplotlib.pyplot as plt", "fig, ax = plt.subplots()\\nax.plot([1, 2], color='#D55E00');", "plt.pi"]
here = {name: module for name, module in sys.modules.items() if name.startswith("matplotlib")}
assert not here, "nothing has drawn yet"
finders = list(sys.meta_path)
page.prepare()
sys.meta_path.insert(0, sys.meta_path.pop())  # as if matplotlib were not there
assert book.run(cells, 1) == "draws"
sys.meta_path[:] = finders
page.matplotlib_is_here()
assert book.run(cells, 1) == "ok"
(record,) = [record for record in records if record["kind"] != "step"]
assert record["kind"] == "figure" and record["html"].startswith('<div class="gd-figure"><svg')
assert "var(--gd-path)" in record["html"] and "#d55e00" not in record["html"]
assert book.run(cells, 2) == "failed" and "has no attribute 'pi'" in records[-1]["text"]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_input_says_what_to_do(monkeypatch):
    from gdcourse_page import prepare

    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(builtins, "input", input)
    monkeypatch.setattr(sys, "setrecursionlimit", sys.setrecursionlimit)
    prepare()
    came, (record,) = run("x = input('How many? ')")
    assert came == "failed" and "input() cannot ask anything in a page" in record["text"]


def test_a_verdict_is_the_report_as_data():
    def spectral_step(H):
        return 1.0, 2.0, 3.0

    came = verdict("ps03", ["spectral_step"], {"spectral_step": spectral_step})
    assert came["points"] < came["of"] == 4 and came["name"] == "spectral_step"
    (exercise, *_) = checks.assignment("ps03").exercises
    mistake = exercise.mistakes[0]
    rows = verdict("ps03", exercise.names, {exercise.name: mistake.function})["ladder"][-1]
    named = [row for row in rows if row["place"]]
    assert named and mistake.hint in named[0]["text"] and named[0]["place"] == mistake.see
    assert all(bool(row["case"]) != row["passed"] for row in rows)


def test_a_function_that_is_not_there_is_asked_for_by_name():
    came = verdict("ps03", ["spectral_step"], {"spectral_steps": len})
    assert came["points"] == 0 and "no function called spectral_step here" in came["ladder"][0][0]["text"]
