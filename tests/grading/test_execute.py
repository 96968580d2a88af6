"""One job in, one result out: scores as at home, cells as in a notebook, and nothing a submission says is believed."""

import base64
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from gdcourse import checks
from gdcourse.grading.authoring.sample import answers, expected_points, solution_source
from gdcourse.grading.running.cell_outputs import clean
from gdcourse.grading.running.execute import execute
from gdcourse.grading.sandbox import given, warm_processes
from gdcourse.grading.sandbox.bubblewrap import SandboxError
from gdcourse.grading.sandbox.package_copy import PACKAGE, package_hash, provided, stripped, without
from gdcourse.grading.sandbox.runner import Line
from gdcourse.grading.sandbox.wire import Channel
from tests.conftest import needs_sandbox

SEED = 2**60 + 7
SETUP = "import matplotlib.pyplot as plt\nimport numpy as np\n\nfrom gdcourse.checks import check, grade"


@pytest.fixture(autouse=True)
def sandbox():
    needs_sandbox()


def job(ps, *sources, backend="warm", exercises=None, **limits):
    """A job whose free cells have these sources, followed by the test cells of some exercises, or of none."""
    cells = [{"source": SETUP, "kind": "readonly", "grade_id": "setup"}]
    cells += [{"source": source, "kind": "free", "grade_id": None} for source in sources]
    for exercise in checks.assignment(ps).exercises:
        for b in exercise.behaviours if exercises is None or exercise.name in exercises else ():
            source = f'grade({", ".join(exercise.names)}, "{b.name}")'
            cells.append({"source": source, "kind": "test", "grade_id": f"{exercise.name}-{b.name}"})
    return {"ps": ps, "student": "s0001", "cells": cells, "seed": SEED, "backend": backend, "limits": limits}


def points(result, exercise=None):
    return sum(v["points"] for v in result["verdicts"].values() if exercise in (None, v["exercise"]))


def outputs(result, number=0):
    """The outputs of a free cell, counted from 0."""
    return result["outputs"][number + 1]


def said(result, number=0):
    return "".join(o["text"] for o in outputs(result, number) if o["output_type"] == "stream")


RIGHT = solution_source(checks.exercises()["standardize"], checks.exercises()["standardize"].reference)


@pytest.mark.parametrize("ps", checks.MODULES)
def test_references_and_styles_have_all_points(ps):
    exercises = checks.assignment(ps).exercises
    full = sum(e.points for e in exercises)
    for pick in (0, 1)[: 1 if ps == "capstone" else 2]:  # whose networks take their time
        chosen = [solution_source(e, (e.reference, *e.styles)[pick]) for e in exercises]
        result = execute(job(ps, *chosen))
        assert (result["status"], result["reason"]) == ("graded", "")
        assert points(result) == full, [v["text"] for v in result["verdicts"].values() if not v["passed"]]
        assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize("ps", ["ps02", "ps03"])
def test_every_answer_is_worth_what_it_is_worth_at_home(ps):
    slow = {"never ends"}
    for exercise in checks.assignment(ps).exercises[:4]:
        for label, answer in answers(exercise).items():
            if label not in slow and answer.source:
                result = execute(job(ps, answer.source, exercises=[exercise.name]))
                assert points(result) == expected_points(exercise, answer), label
                assert result["status"].startswith("graded")


def test_a_known_mistake_is_named_and_the_secret_seed_is_not():
    exercise = checks.exercises()["standardize"]
    for m in exercise.mistakes:
        result = execute(job("ps03", solution_source(exercise, m), exercises=["standardize"]))
        failed = [v for v in result["verdicts"].values() if not v["passed"]]
        assert failed and {v["mistake"] for v in failed} == {m.name}
        for v in failed:
            assert m.hint.split(",")[0][:20] in " ".join(v["text"].split())
        assert str(SEED) not in json.dumps(result)


def test_test_cells_come_out_as_nbgrader_scores_them():
    import nbformat
    from nbformat.v4 import nbbase, new_notebook
    from nbgrader.utils import determine_grade

    exercise = checks.exercises()["standardize"]
    result = execute(job("ps03", solution_source(exercise, exercise.mistakes[1]), "1 + 1", exercises=["standardize"]))
    cells = []
    the_job = job("ps03", "", "", exercises=["standardize"])
    for cell, outs, count in zip(the_job["cells"], result["outputs"], result["counts"], strict=True):
        made = nbbase.new_code_cell(cell["source"], execution_count=count)
        made.outputs = [nbbase.NotebookNode(o) for o in outs]
        if cell["kind"] == "test":
            of = result["verdicts"][cell["grade_id"]]["of"]
            made.metadata["nbgrader"] = {"grade": True, "grade_id": cell["grade_id"], "points": of, "solution": False,
                                         "locked": True, "schema_version": 3, "task": False}  # fmt: skip
            assert determine_grade(made)[0] == result["scores"][cell["grade_id"]]
        cells.append(made)
    nbformat.validate(new_notebook(cells=cells))
    assert 0 < points(result) < exercise.points
    assert result["counts"] == list(range(1, len(cells) + 1))


def test_cells_run_as_in_a_notebook():
    result = execute(job(
        "ps03",
        "x = 1\nprint('one')\nimport sys\nprint('two', file=sys.stderr)\nx + 1",
        "def f():\n    return undefined\nf()",
        "x",
        "import asyncio\nawait asyncio.sleep(0)\n%timeit -n1 -r1 1\nget_ipython().__class__.__name__ and 5;",
        "plt.plot([1, 2])\nplt.title('a')",
        "input('your name? ')",
        "import sys\nsys.stdin.read()",
        "%matplotlib inline\nfig, ax = plt.subplots()\nax.semilogy([1, 100]);",
        "_ = display(x, {'text/html': '<script>'}, raw=False)",
        "import sys; sys.exit(1)",
        "%%time\ny = 2",
        "from IPython.display import clear_output\nprint('gone'); clear_output(); print(x, y)",
        "__name__, check(1, seed=3, hint=2)",
        exercises=[],
    ))  # fmt: skip
    assert result["status"] == "graded with notes"
    first = outputs(result)
    assert [o["output_type"] for o in first] == ["stream", "stream", "execute_result"]
    assert (first[0]["text"], first[1]["name"], first[2]["data"]) == ("one\n", "stderr", {"text/plain": "2"})
    assert first[2]["execution_count"] == 2
    (error,) = outputs(result, 1)
    assert (error["ename"], error["evalue"]) == ("NameError", "name 'undefined' is not defined")
    assert "return undefined" in "\n".join(error["traceback"])
    assert outputs(result, 2)[0]["data"] == {"text/plain": "1"}
    assert "s ± " in said(result, 3) and len(outputs(result, 3)) == 1
    text, picture = outputs(result, 4)
    assert text["data"]["text/plain"].startswith("Text(")
    assert base64.b64decode(picture["data"]["image/png"])[:4] == b"\x89PNG" and picture["output_type"] == "display_data"
    assert "input is left out" in said(result, 5)
    assert outputs(result, 6)[0]["data"] == {"text/plain": "''"}
    assert [list(o["data"]) for o in outputs(result, 7)] == [["text/plain", "image/png"]]
    assert outputs(result, 9)[0]["ename"] == "SystemExit"
    assert "Wall time" in said(result, 10)
    assert said(result, 11) == "1 2\n"
    assert "Checked when graded" in said(result, 12)
    assert outputs(result, 12)[-1]["data"]["text/plain"] == "('__main__', None)"


def test_what_a_browser_could_execute_does_not_come_out():
    result = execute(job("ps03", """
from IPython.display import HTML, Javascript, SVG, Markdown, Latex, display
display(HTML("<script>alert(1)</script>"), Javascript("alert(1)"), Markdown("<b>"), Latex("$x$"),
        SVG("<svg xmlns='http://www.w3.org/2000/svg'></svg>"))
get_ipython().display_pub.publish({"text/html": "<b>", "application/javascript": "x", "image/png": "PHNjcmlwdD4="})
get_ipython().display_pub.publish({"text/plain": "plain", "application/vnd.jupyter.widget-view+json": {}})
""", "print('\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07 \\x9b1m \\u202e \\ud800 ok')", exercises=[]))
    kinds = {kind for output in outputs(result) for kind in output["data"]}
    assert kinds == {"text/plain"} and "alert" not in json.dumps(outputs(result))
    assert re.sub(r"[ ?]+", " ", said(result, 1)).split() == ["red", "ok"] or "\x1b" not in said(result, 1)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800]", said(result, 1))


def test_clean_keeps_text():
    for text in ("a\tb\nc", "é ∇f ≤ 1", "x" * 10):
        assert clean(text) == text
    assert clean("\x1b[1;31mx\x1b[0m\x00\x08y\r\nz") == "xy\nz"


def test_points_before_the_end_are_kept_and_those_after_say_why():
    the_job = job("ps03", RIGHT, exercises=["standardize"])
    the_job["cells"].append({"source": "import os; os._exit(3)", "kind": "free", "grade_id": None})
    the_job["cells"].append({"source": 'grade(run_until, "steps")', "kind": "test", "grade_id": "after"})
    b = checks.exercises()["run_until"].behaviours[0].name
    the_job["cells"][-1]["source"] = f'grade(run_until, "{b}")'
    result = execute(the_job)
    assert result["status"] == "died" and points(result, "standardize") == 2 and result["scores"]["after"] == 0
    assert "exit code 3" in result["reason"] and result["reason"].count("\n") < 3
    assert "not judged" in result["verdicts"]["after"]["text"] and result["counts"][-1] is None


def test_a_function_defined_anew_between_two_graded_cells_is_judged_anew():
    exercise = checks.exercises()["standardize"]
    wrong = solution_source(exercise, exercise.mistakes[1])
    the_job = job("ps03", RIGHT, exercises=["standardize"])
    again = [dict(cell) for cell in the_job["cells"] if cell["kind"] == "test"]
    for cell in again:
        cell["grade_id"] += "-again"
    the_job["cells"] += [{"source": wrong, "kind": "free", "grade_id": None}, *again]
    result = execute(the_job)
    first, second = (sum(p for name, p in result["scores"].items() if name.endswith("-again") == late)
                     for late in (False, True))  # fmt: skip
    assert first == exercise.points > second


@pytest.mark.parametrize(("source", "text"), [
    ("", "name 'standardize' is not defined"),
    ("standardize = 5", "takes the function itself"),
    ("from gdcourse.data import diabetes as standardize", "comes from gdcourse.data"),
    ("def standardize(x, y): return x", "takes the arguments (x, y)"),
    ("def standardize(X): raise NotImplementedError", "not written yet"),
])  # fmt: skip
def test_what_is_no_solution_is_told_apart(source, text):
    result = execute(job("ps03", source, exercises=["standardize"]))
    assert points(result) == 0
    assert all(text in " ".join(v["text"].split()) for v in result["verdicts"].values())


# Nothing that is said inside is believed

FORGERIES = {
    "a pass": "return 'passed', True",
    "no runs": "return 'observed', []",
    "too many runs": "return 'observed', [[None, None, None, '']] * (count + 1)",
    "runs of nothing": "return 'observed', [[None, None, None, '']] * count",
    "runs of everything": "return 'observed', [[{'a': (1, [2.0]), 3: np.eye(2)}, {}, None, '']] * count",
    "no such problem": "return 'observed', [[None, None, ['raised', 1, [], {}], '']] * count",
    "another problem": "return 'observed', [[None, None, ['passed', '', '', ''], '']] * count",
    "wrong shapes": "return 'observed', [[np.zeros((0, 3, 0)), 5, None, '']] * count",
    "huge integers": "return 'observed', [[(10**400, 10**400, 10**400), {}, None, '']] * count",
    "texts": "return 'observed', [['<script>' * 1000, {}, None, 'x' * 10**6]] * count",
    "a deep one": "x = []\n    for _ in range(10): x = [x, x]\n    return 'observed', [[x, {}, None, '']] * count",
    "questions of no one": "self.channel.send('ask', 99, (1,)); return 'observed', []",
    "functions of no one": "self.channel.send('provide', 'eval', ('1',), {}); return 'observed', []",
    "more cases": "[(self.channel.send('next'), self.channel.receive()) for _ in range(count + 1)]",
    "another answer": "return 'ran', [], True, False, False",
    "a large message": "return 'observed', [['x' * 10**7, {}, None, '']] * count",
    "many values": "return 'observed', [[[0] * 10**6, {}, None, '']] * count",
    "raw bytes": "import os; os.write(self.channel.socket.fileno(), bytes(100)); return 'observed', []",
    "an end": "import os; os._exit(0)",
}


def test_forged_epochs_of_nothing_earn_nothing():
    source = """
from gdcourse.grading.sandbox import runner
def forged(self, names, drive, count, seconds):
    for _ in range(count):
        self.channel.exchange("next")
    return "observed", [[NOTHING, {}, None, ""]] * count
runner.Notebook.do_observe = forged
def iterate_minibatches(n, batch_size, rng):
    return []
"""
    for nothing in ("[]", "()", "{}", "b''", "np.zeros(0)", "np.zeros((0, 3))"):
        job_ = job("ps04", source.replace("NOTHING", nothing), exercises=["iterate_minibatches"])
        assert points(execute(job_)) == 0, nothing


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_answers_earn_nothing(forgery):
    source = f"""
from gdcourse.grading.sandbox import runner
def forged(self, names, drive, count, seconds):
    {FORGERIES[forgery]}
runner.Notebook.do_observe = forged
def standardize(X):
    return X
"""
    started = time.monotonic()
    result = execute(job("ps03", source, exercises=["standardize"]))
    assert points(result) == 0 and result["status"] in ("graded", "graded with notes", "died", "output limit")
    assert (result["status"] == "output limit") == (forgery in ("a large message", "many values"))
    assert time.monotonic() - started < 20 and len(json.dumps(result)) < 100_000


LARGE = {  # calls whose answers, or whose arguments, would fill the judge's memory
    "a column meets a row": ("ps07", "find_bugs", "def find_bugs(forward, backwards, X, dY):\n    while True:\n"
                             "        backwards[0](np.ones((20_000, 1)), np.ones((1, 20_000)))"),
    "lists meet": ("ps07", "find_bugs", "def find_bugs(forward, backwards, X, dY):\n    while True:\n"
                   "        backwards[0]([[1.0]] * 20_000, [[1.0] * 20_000])"),
    "answers add up": ("ps07", "find_bugs", "def find_bugs(forward, backwards, X, dY):\n    while True:\n"
                       "        backwards[0](np.ones((500, 1)), np.ones((1, 500)))"),
    "lists of nothing": ("ps03", "run_until", "def run_until(grad, x0, lr, tol, max_steps):\n    while True:\n"
                         "        try: grad([[]] * 200_000)\n        except TypeError: return x0, 0, 'diverged'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LARGE)
def test_a_call_that_would_fill_the_judges_memory_ends_the_run(kind):
    ps, name, source = LARGE[kind]
    result = execute(job(ps, source, exercises=[name]))
    assert points(result) == 0 and result["status"] == "died", result["reason"]
    # A list is an array by the time it travels, and one of no numbers at all is refused before it is counted.
    said = "an array of nothing that is too long" if kind == "lists of nothing" else "larger calls"
    assert said in result["reason"]


def test_calls_are_counted_where_a_submission_cannot_reach():
    exercise = checks.exercises()["backtracking"]
    source = solution_source(exercise, exercise.reference)
    wasteful = source.replace("while ", "f(x); f(x)\n    while ", 1)
    assert wasteful != source
    hidden = wasteful + "\nfrom gdcourse.checks import running\nrunning.Call = lambda *a: None\n"
    honest, hiding = (execute(job("ps03", text, exercises=["backtracking"])) for text in (wasteful, hidden))
    assert points(honest) == points(hiding) < exercise.points


def test_an_exchange_that_is_cut_short_is_mended(monkeypatch):
    ours, theirs = socket.socketpair()
    line, judge = Line(ours), Channel(theirs)

    def answer():
        with contextlib.suppress(EOFError):
            while True:
                kind, word = judge.receive()
                judge.send("synced" if kind == "sync" else "value", word)

    answering = threading.Thread(target=answer)
    answering.start()
    for place in (line, "receive"), (line, "_fill"):
        with monkeypatch.context() as cut:
            cut.setattr(*place, lambda *_: 1 / 0)  # as when time is up: the answer is on its way
            with pytest.raises(ZeroDivisionError):
                line.exchange("ask", "first")
        assert line.exchange("ask", "second") == ["value", "second"]
    line.close()
    answering.join()
    judge.close()


# The package that submissions see


@pytest.mark.parametrize("ps", checks.MODULES)
def test_withheld_functions_are_gone_from_the_source_too_and_all_else_can_be_imported(ps):
    folder = stripped(ps)
    for exercise in checks.assignment(ps).exercises:
        for name in exercise.withhold:
            module, _, function = name.rpartition(".")
            whole = (PACKAGE.parent / (module.replace(".", "/") + ".py")).read_text("utf-8")
            left = (folder / (module.replace(".", "/") + ".py")).read_text("utf-8")
            body = re.search(rf"^(def|class) {function}\b.*?(?=^\S|\Z)", whole, re.S | re.M)[0]
            assert body in whole and body not in left and "withheld while grading" in left
    files = {path.relative_to(folder / "gdcourse").as_posix() for path in (folder / "gdcourse").rglob("*.py")}
    modules = {name.replace("/", ".")[:-3] for name in files if "/" not in name and name != "__init__.py"}
    allowed = {"exercise", "running", "values", "__init__"} | ({checks.MODULES[ps]} if provided(ps) else set())
    assert {n.removeprefix("checks/")[:-3] for n in files if n.startswith("checks/")} <= allowed
    code = f"import importlib\nfor m in {sorted(modules - {'__main__'})}: importlib.import_module('gdcourse.' + m)"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(folder)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


BORROWED = {  # by way of what the withheld functions, or their relatives, are made of
    ("ps01", "gradient_descent"): """
from gdcourse.constrained import ista
from gdcourse.problems import Problem
def gradient_descent(grad, x0, lr, steps):
    return ista(Problem(lambda x: 0.0, grad, len(x0)), l1=0.0, lr=lr, steps=steps, start=x0).path
""",
    ("ps02", "softmax_cross_entropy"): """
from gdcourse import losses
def softmax_cross_entropy(Z, y):
    return list(losses.UNCHECKED.values())[0](Z, y)
""",
    ("ps04", "cosine_schedule"): """
from gdcourse.schedules import warm_restarts
def cosine_schedule(t, T, lr_max, lr_min=0, warmup=0):
    return warm_restarts(lr_max, T - warmup, end=lr_min)(t - warmup)
""",
    ("ps08", "clip_by_global_norm"): """
from gdcourse.depth import clipped
from gdcourse.optimizers import gd
def clip_by_global_norm(grads, c):
    flat = -clipped(gd(), c).step(np.concatenate([g.ravel() for g in grads]), (), 1.0)[0]
    return [p.reshape(g.shape) for p, g in zip(np.split(flat, np.cumsum([g.size for g in grads])[:-1]), grads)]
""",
}


@pytest.mark.parametrize(("ps", "name"), BORROWED)
def test_a_withheld_function_is_not_to_be_had_in_parts(ps, name):
    result = execute(job(ps, BORROWED[ps, name], exercises=[name]))
    assert points(result) == 0
    assert any("withheld" in v["text"] for v in result["verdicts"].values())


def test_a_source_loses_one_function_and_nothing_else():
    source = ("X = 1\n\n\n# how g works\n@cache\ndef g(a):\n    return a\n\n\n"
              "class C:\n    def g(self):\n        return 3\n")  # fmt: skip
    names = {}
    exec(without(source, "g", "gone"), names)
    assert names["C"]().g() == 3 and names["X"] == 1 and "how g works" not in without(source, "g", "gone")
    with pytest.raises(RuntimeError, match="gone"):
        names["g"](1)
    exec(without(source.replace("@cache\n", ""), "C", "gone"), names)
    with pytest.raises(RuntimeError, match="gone"):
        names["C"]()
    with pytest.raises(ValueError, match="'h'"):
        without(source, "h", "gone")


def test_what_notebooks_are_given_is_provided(request):
    for ps in checks.MODULES:
        page = (request.config.rootpath / "exercises" / f"{ps}.md").read_text("utf-8")
        given = re.findall(r"^from gdcourse\.checks\.(\w+) import (.+)$", page, re.M)
        assert sorted(name for _, names in given for name in names.split(", ")) == sorted(provided(ps))
        assert {module for module, _ in given} <= {checks.MODULES[ps]}


def test_what_notebooks_are_given_is_computed_elsewhere():
    result = execute(job("ps08", """
from gdcourse.checks.depth import gradient_ratio, train
settings = dict(depth=3, width=8, kind="he", lr=0.1, centred=True, batch_norm=False, skip=False, seed=0)
print(type(gradient_ratio(settings)).__name__, gradient_ratio(settings))
""", "train({})", "train(np)", exercises=[]))
    settings = dict(depth=3, width=8, kind="he", lr=0.1, centred=True, batch_norm=False, skip=False, seed=0)
    from gdcourse.checks.depth import gradient_ratio

    assert said(result).split() == ["float", repr(gradient_ratio(settings))]
    assert outputs(result, 1)[0]["ename"] == "KeyError" and outputs(result, 2)[0]["output_type"] == "error"


# Whatever goes wrong on our side


def test_a_cold_process_does_the_same_and_is_not_kept():
    warm_processes.close()
    result = execute(job("ps03", RIGHT, "plt.plot([1, 2]);", backend="kernel", exercises=["standardize"]))
    assert (result["status"], result["backend"], points(result)) == ("graded", "kernel", 2)
    assert "image/png" in outputs(result, 1)[0]["data"] and warm_processes.KEPT == {}


def test_a_dead_warm_process_is_replaced():
    execute(job("ps03", "1", exercises=[]))
    for warm in ("before", "while"):
        process = warm_processes.KEPT["job"][1].process
        process.kill()
        if warm == "before":
            process.wait()
        result = execute(job("ps03", RIGHT, exercises=["standardize"]))
        assert result["status"] == "graded" and points(result) == 2
        assert warm_processes.KEPT["job"][1].process.pid != process.pid


def test_a_fault_of_ours_is_no_zero(monkeypatch):
    from gdcourse.checks import judging

    def broken(*_):
        raise RuntimeError("no reference today")

    monkeypatch.setattr(judging, "_known", broken)
    result = execute(job("ps03", RIGHT, exercises=["standardize"]))
    assert result["status"] == "grader error" and "no reference today" in result["reason"]
    assert result["scores"] == {} and result["verdicts"] == {}


def test_what_no_judge_has_seen_before_is_noted(monkeypatch):
    def broken(*_, **__):
        raise TypeError("cannot compare")

    monkeypatch.setattr(checks, "judge", broken)
    result = execute(job("ps03", RIGHT, exercises=["standardize"]))
    assert result["status"] == "graded with notes" and points(result) == 0
    assert "could not be compared" in result["reason"]


@pytest.mark.parametrize(("change", "message"), [
    ({"ps": "ps99"}, "ps must be one of ps01"),
    ({"backend": "cloud"}, "backend must be one of warm"),
    ({"seed": "5"}, "seed must be a whole number"),
    ({"seed": -1}, "seed must be a whole number"),
    ({"limits": {"ram": 5}}, "limits must be among memory_mb"),
    ({"cells": [{"source": "assert True", "kind": "test", "grade_id": "x"}]}, "a test cell must be grade"),
    ({"cells": [{"source": 'grade(standardize, "nothing")', "kind": "test", "grade_id": "x"}]}, "a test cell must be"),
])  # fmt: skip
def test_a_job_that_is_none_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        execute({**job("ps03"), **change})


def test_without_a_sandbox_only_plain_runs(monkeypatch):
    warm_processes.close()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        execute(job("ps03"))
    result = execute(job("ps03", RIGHT, "plt.plot([1, 2]);", backend="plain", exercises=["standardize"]))
    assert (result["status"], result["backend"], points(result)) == ("graded", "plain", 2)
    assert "image/png" in outputs(result, 1)[0]["data"]
    warm_processes.close()


def test_nothing_outlives_the_grader(tmp_path):
    first = json.dumps(job("ps03", "1", exercises=[]))
    code = f"""
import sys, os, json
sys.path.insert(0, {str(PACKAGE.parent)!r})
from gdcourse.grading.running.execute import execute
from gdcourse.grading.sandbox import warm_processes
the_job = json.loads({first!r})
execute(the_job)
print(warm_processes.KEPT["job"][1].process.pid, flush=True)
the_job["cells"][1]["source"] = "import time; time.sleep(60)"
the_job["limits"] = {{"cell_seconds": 60}}
execute(the_job)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    grader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    warm = int(grader.stdout.readline())
    time.sleep(0.5)  # it sleeps in its cell
    below = children(warm)
    assert len(below) >= 2  # bubblewrap's own, Python's, the submission's
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    grader.stdout.close()
    ends = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") and not zombie(pid) for pid in (warm, *below)):
        assert time.monotonic() < ends, "a process outlives the grader"
        time.sleep(0.05)
    left = list(tmp_path.glob("gdcourse-grading-*"))
    assert len(left) == 1
    swept = "from gdcourse.grading.sandbox.package_copy import workspace; print(workspace())"
    subprocess.run([sys.executable, "-c", swept], cwd=PACKAGE.parent, env=environment, check=True, capture_output=True)
    assert not list(tmp_path.glob("gdcourse-grading-*"))


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    return [int(child) for child in found] + [below for child in found for below in children(child)]


def zombie(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_the_package_has_a_name_that_changes_with_it(tmp_path, monkeypatch):
    from gdcourse.grading.sandbox import package_copy as module

    assert package_hash() == package_hash() and re.fullmatch("[0-9a-f]{16}", package_hash())
    (tmp_path / "a.py").write_text("x = 1")
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    before = package_hash.__wrapped__()
    (tmp_path / "a.py").write_text("x = 2")
    assert package_hash.__wrapped__() != before


def test_what_is_computed_for_a_submission_ends_with_its_time(monkeypatch):
    asked = []
    monkeypatch.setattr(given, "ANSWERS", {})
    late = "error", "TimeoutError", ""
    monkeypatch.setattr(given, "_computed", lambda *args: asked.append(args[-1]) or late)
    job = {"ps": "capstone", "backend": "plain", "limits": {}}
    for left in (99, 3):
        given.provide(job, "train", (), {}, left)
    assert asked == [given.PROVIDING, 3] and not given.ANSWERS
    monkeypatch.setattr(given, "_computed", lambda *args: ("value", 1.0))
    for note in ("", "x" * given.QUESTION):  # a long question is answered, but not kept for ever
        assert given.provide(job, "train", ({"note": note},), {}, 100) == ("value", 1.0)
    assert len(given.ANSWERS) == 1
