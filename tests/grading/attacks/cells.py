"""Test cells edited, deleted, repeated, moved, or made to call something else."""

import copy

from tests.grading.attacks import code, notebook


@notebook("tests-deleted", "hands in no test cells")
def deleted(case):
    tests = {id(cell) for cell in case.cells("test")}
    case.book["cells"] = [cell for cell in case.book["cells"] if id(cell) not in tests]


@notebook("tests-edited", "replaces every test by `pass`")
def edited(case):
    for cell in case.cells("test"):
        cell["source"] = "pass"


@notebook("tests-swallowed", "puts every test into a try that ignores what it says")
def swallowed(case):
    for cell in case.cells("test"):
        cell["source"] = f"try:\n    {cell['source']}\nexcept BaseException:\n    pass"


@notebook("tests-first", "moves the tests in front of everything they test")
def first(case):
    tests = case.cells("test")
    ids = {id(cell) for cell in tests}
    case.book["cells"] = tests + [cell for cell in case.book["cells"] if id(cell) not in ids]


@notebook("copy-of-a-test", "keeps a harmless copy of a test cell, which stops stock's whole batch")
def copied(case):
    extra = copy.deepcopy(case.cells("test")[0])
    extra["id"] = "copy"
    case.book["cells"].insert(-1, extra)


@notebook("everything-deleted", "hands in no cells at all")
def nothing(case):
    case.book["cells"] = []


@notebook("setup-edited", "edits the locked import of grade")
def setup(case):
    (cell,) = case.cells("setup")
    cell["source"] = "import numpy as np, matplotlib.pyplot as plt\ncheck = grade = lambda *a, **k: print('ok')"


@notebook("magics", "replaces the solution by cell magics that end the cell early")
def magics(case):
    case.cells("solution")[0]["source"] = "%%writefile ../../../../source/pwned\n" + case.cells("solution")[0]["source"]
    case.cells("solution")[1]["source"] = "%%bash\ncat {course}/canary.txt".format(**case.place)
    case.cells("solution")[2]["source"] = "!cat {course}/canary.txt; ls -la {course}".format(**case.place)
    case.cells("solution")[3]["source"] = "%load_ext autoreload\n%run /etc/hostname\n%cd /\n%reset -f"


ATTACKS = (
    deleted, edited, swallowed, first, copied, nothing, setup, magics,
    code("grade-redefined", "gives `grade` another meaning", "grade = check = lambda *a, **k: None"),
    code("grade-pays", "makes grade's result a number, which stock reads as partial credit",
         "import numpy as np\ngrade = lambda *a, **k: np.float64(5.0)"),
    code("grade-is-nan", "makes grade's result NaN, which stock takes for full marks",
         "grade = lambda *a, **k: float('nan')"),
    code("grade-is-negative", "makes grade's result -1, which stock takes for full marks",
         "grade = lambda *a, **k: -1"),
    code("grade-in-builtins", "puts grade among the builtins and out of reach of an import",
         """
import builtins, gdcourse.checks
builtins.grade = gdcourse.checks.grade = lambda *a, **k: None
globals().pop("grade", None)
"""),
    code("fake-checks", "puts a module of its own in the place of gdcourse.checks",
         """
import types
fake = types.ModuleType("gdcourse.checks")
fake.grade = fake.check = grade = check = lambda *a, **k: None
sys.modules["gdcourse.checks"] = fake
"""),
    code("cells-rewritten", "rewrites each cell to come before it is run",
         """
shell = get_ipython()
shell.input_transformers_cleanup.insert(0, lambda lines: ["pass\\n"])
shell.input_transformers_post.append(lambda lines: ["pass\\n"])
"""),
    code("syntax-rewritten", "takes every call of grade out of the syntax tree",
         """
import ast

class Mute(ast.NodeTransformer):
    def visit_Expr(self, node):
        return ast.copy_location(ast.Pass(), node)

get_ipython().ast_transformers.append(Mute())
"""),
    code("errors-hidden", "lets the shell show no error",
         """
shell = get_ipython()
shell.set_custom_exc((BaseException,), lambda *a, **k: None)
shell.showtraceback = shell._showtraceback = lambda *a, **k: None
sys.excepthook = lambda *a: None
"""),
    code("shell-replaced", "replaces the shell's methods that run a cell",
         """
shell = get_ipython()
class Fine:
    error_in_exec = error_before_exec = None
    success, result, execution_count = True, None, 1
    def raise_error(self):
        pass
for name in ("run_cell", "run_code", "run_ast_nodes", "_run_cell", "run_cell_async"):
    setattr(type(shell), name, lambda *a, **k: Fine())
"""),
    code("hooks", "hooks itself in before and after each cell",
         """
def before(*a):
    get_ipython().user_ns["grade"] = lambda *a, **k: None
for event in ("pre_execute", "pre_run_cell", "post_execute", "post_run_cell"):
    get_ipython().events.register(event, before)
"""),
    code("kernel-replaced", "replaces the kernel's own way of running a cell",
         """
kernel = getattr(get_ipython(), "kernel", None)
if kernel is not None:
    async def fine(*a, **k):
        return {"status": "ok", "execution_count": 1, "payload": [], "user_expressions": {}}
    kernel.do_execute = fine
"""),
)  # fmt: skip
