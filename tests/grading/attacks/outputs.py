"""Outputs that were there before, or that claim to be the grader's."""

from tests.grading.attacks import code, notebook


def _with_outputs(case, outputs):
    for cell in case.cells("test"):
        cell["outputs"], cell["execution_count"] = [dict(o) for o in outputs], 1


@notebook("outputs-filled-in", "hands in the output of tests that passed")
def filled(case):
    _with_outputs(case, [{"output_type": "stream", "name": "stdout", "text": "ok: all of it\n"}])


@notebook("numbers-filled-in", "hands in results that stock reads as partial credit")
def numbers(case):
    _with_outputs(case, [{"output_type": "execute_result", "data": {"text/plain": "5"}, "metadata": {},
                          "execution_count": 1}])  # fmt: skip


@notebook("filled-in-and-skipped", "hands in results, with tags that keep the cells from being run")
def both(case):
    numbers.make(case)
    for cell in case.cells("test"):
        cell["metadata"]["tags"] = ["skip-execution"]


@notebook("outputs-are-nonsense", "hands in outputs that are no outputs")
def nonsense(case):
    odd = ["ok", [None], [{"output_type": 3}], {"a": 1}, [[[]]], 7]
    for cell, outputs in zip(case.cells("test"), odd, strict=False):
        cell["outputs"] = outputs


ATTACKS = (
    filled, numbers, both, nonsense,
    code("says-ok", "prints what a passed test prints",
         """
def attack(name, *args):
    print(f"{name}, ok: everything")
    print({"passed": True, "scores": {name: 5}})
    sys.__stdout__.write(f"{name}, ok\\n")
    return 0.0
"""),
    code("fills-in-earlier-cells", "publishes outputs in the name of other cells",
         """
from IPython.display import clear_output, display, update_display

def attack(name, *args):
    clear_output()
    display({"text/plain": "5"}, raw=True, display_id="test")
    update_display({"text/plain": "5"}, raw=True, display_id="test")
    return 0.0

shell = get_ipython()
for channel in (getattr(shell, "display_pub", None), sys.stdout):
    for header in ({"msg_id": "x"}, {"header": {"msg_id": "x"}}):
        try:
            channel.set_parent(header)
        except Exception:
            pass
"""),
    code("clears-outputs", "clears the outputs as they are made, with no end",
         """
import threading, time
from IPython.display import clear_output

def wipe():
    while True:
        clear_output()
        time.sleep(0.001)

threading.Thread(target=wipe, daemon=True).start()
"""),
    code("stdout-replaced", "replaces the streams with some of its own that say what it likes",
         """
class Paper:
    encoding = "utf-8"
    def write(self, text):
        return 10**9
    def __getattr__(self, name):
        return lambda *a, **k: 0

sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Paper()
"""),
    code("result-is-a-score", "answers with a record of its own score",
         """
def attack(name, *args):
    return {"passed": True, "points": 5, "score": 5, "problem": None, "output": 5.0, "status": "graded"}
"""),
    code("displays-anything", "makes an object whose display fills in a test's result",
         """
class Shown:
    def _repr_mimebundle_(self, **k):
        return {"text/plain": "5", "application/vnd.nbgrader+json": {"score": 5}, 7: b"x",
                "image/png": object()}, {"a": {1}}
    def _ipython_display_(self):
        from IPython.display import publish_display_data
        publish_display_data({"text/plain": "5"}, {}, transient={"display_id": object()})

def attack(name, *args):
    return Shown()
attack(0)
"""),
)  # fmt: skip
