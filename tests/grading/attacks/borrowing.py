"""Answers that are not one's own: the package's withheld functions and the course's references, by every way round."""

from tests.grading.attacks import code

BORROW = '''
import numpy as np
from gdcourse.problems import Problem

def borrowed(take, name, args):
    """Answer with the package's own functions, which take(module, function) finds."""
    if name == "spectral_step":
        mu, L = take("theory", "curvature_range")(args[0])
        best = take("theory", "best_gd")(mu, L)
        return best.lr, take("theory", "gd_stability_limit")(L), best.rate
    if name == "gd_iterations":
        return take("theory", "iterations_bound")(*args)
    if name == "standardize":
        return tuple(take("data", "standardize")(args[0]))
    if name == "backtracking":
        f, g, x, p, t0, c, rho = args
        bowl = Problem(f, lambda x: g, len(x))
        return take("descent", "backtracking_step")(bowl, x, p, first=t0, decrease=c, shrink=rho)
    if name == "run_until":
        grad, x0, lr, tol, steps = args
        bowl = Problem(lambda x: 0.0, grad, len(x0))
        trace = take("descent", "descend")(bowl, lr=lr, steps=steps, start=x0, tolerance=tol)
        return trace.path[-1], len(trace.path) - 1, trace.status
    return 0.0
'''


def _borrowing(name, tries, source, **rest):
    return code(name, tries, BORROW + source + '''

def attack(name, *args):
    return borrowed(take, name, args)
''', **rest)


ATTACKS = (
    _borrowing("borrows", "calls the withheld functions by their module",
               """
import importlib

def take(module, function):
    return getattr(importlib.import_module(f"gdcourse.{module}"), function)
"""),
    _borrowing("borrows-by-alias", "finds the withheld functions under other names elsewhere in the package",
               """
import importlib, pkgutil, gdcourse

def take(module, function):
    for info in pkgutil.walk_packages(gdcourse.__path__, "gdcourse."):
        if info.name.endswith("__main__"):
            continue
        try:
            other = importlib.import_module(info.name)
        except BaseException:
            continue
        for thing in list(vars(other).values()):
            if getattr(thing, "__name__", "") == function and "withheld" not in str(getattr(thing, "__doc__", "")):
                names = getattr(getattr(thing, "__code__", None), "co_names", ())
                if len(names) > 2:
                    return thing
    raise LookupError(function)
"""),
    _borrowing("borrows-by-gc", "finds the withheld functions in the memory of Python",
               """
import gc, types, gdcourse.theory, gdcourse.descent, gdcourse.data

def take(module, function):
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__name__ == function and len(thing.__code__.co_names) > 2:
            return thing
    raise LookupError(function)
"""),
    _borrowing("borrows-by-source", "runs the withheld functions' source text, by inspect and linecache",
               """
import importlib, inspect, linecache

def take(module, function):
    module = importlib.import_module(f"gdcourse.{module}")
    names = dict(vars(module))
    for text in (inspect.getsource(module), "".join(linecache.getlines(module.__file__))):
        exec(text, names)
    return names[function]
"""),
    _borrowing("borrows-by-path", "runs the package from where it is really installed",
               """
import importlib.util

def take(module, function):
    spec = importlib.util.spec_from_file_location(f"again_{module}", f"{PLACE['package']}/{module}.py")
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    return getattr(again, function)
"""),
    _borrowing("borrows-by-bytecode", "runs the compiled file of the withheld functions",
               """
import glob, marshal, gdcourse

def take(module, function):
    for folder in (PLACE["package"], *gdcourse.__path__):
        for path in glob.glob(f"{folder}/__pycache__/{module}.*.pyc"):
            names = {"__name__": f"gdcourse.{module}"}
            with open(path, "rb") as file:
                exec(marshal.loads(file.read()[16:]), names)
            return names[function]
    raise LookupError(function)
"""),
    _borrowing("borrows-by-reload", "imports the package afresh, from a cleaned path",
               """
import importlib
for name in [n for n in sys.modules if n.startswith("gdcourse")]:
    del sys.modules[name]
sys.path.insert(0, os.path.dirname(PLACE["package"]))
importlib.invalidate_caches()

def take(module, function):
    return getattr(importlib.reload(importlib.import_module(f"gdcourse.{module}")), function)
"""),
    _borrowing("borrows-by-wheel", "looks for the package in caches, wheels and every folder of modules",
               """
import glob, site, zipfile

def take(module, function):
    ways = [f"{p}/gdcourse/{module}.py" for p in {*sys.path, *site.getsitepackages(), "/usr/lib/python3/dist-packages"}]
    ways += glob.glob(f"/*/*/gdcourse/{module}.py") + glob.glob(f"/*/gdcourse/{module}.py")
    for path in ways:
        if os.path.exists(path):
            names = {}
            exec(open(path).read(), names)
            return names[function]
    raise LookupError(function)
"""),
    _borrowing("borrows-by-subprocess", "asks another Python, with its own package, for the answers",
               """
import subprocess

class Asked:
    def __init__(self, values):
        self.lr, self.rate = values if isinstance(values, tuple) and len(values) == 2 else (0.0, 0.0)

def take(module, function):
    def ask(*args):
        call = f"from gdcourse.{module} import {function}; import numpy as np; from numpy import array; "
        text = subprocess.run([sys.executable, "-c", call + f"print(repr(tuple({function}(*{args!r}))))"],
                              capture_output=True, text=True, timeout=10, cwd=os.path.dirname(PLACE["package"])).stdout
        values = eval(text, {"array": np.array, "np": np})
        return Asked((values[0], values[2])) if function == "best_gd" else values
    return ask
"""),
    _borrowing("borrows-by-unwrapping", "takes the stubs apart for what they hide",
               """
import importlib

def take(module, function):
    stub = getattr(importlib.import_module(f"gdcourse.{module}"), function)
    for way in ("__wrapped__", "__original__", "func", "_function"):
        if hasattr(stub, way):
            return getattr(stub, way)
    for cell in getattr(stub, "__closure__", None) or ():
        if callable(cell.cell_contents):
            return cell.cell_contents
    return stub
"""),
    code("borrows-from-ista", "lets a method for another purpose take the steps: without a penalty it is descent",
         """
from gdcourse.constrained import ista
from gdcourse.problems import Problem

def attack(name, *args):
    if name != "run_until":
        return 0.0
    grad, x0, lr, tol, steps = args
    run = ista(Problem(lambda x: 0.0, grad, len(x0)), l1=0.0, lr=lr, steps=steps, start=x0, tolerance=tol)
    return run.path[-1], len(run.path) - 1, run.status
"""),
    code("reference-called", "asks the specification itself for the reference",
         """
from gdcourse import checks

def attack(name, *args):
    exercise = next(e for e in checks.assignment("ps03").exercises if name in e.names)
    reference = exercise.reference[0] if isinstance(exercise.reference, tuple) else exercise.reference
    return reference(*args)
"""),
    code("style-called", "calls an accepted style out of the specification's module",
         """
import gdcourse.checks.descent as specification

def attack(name, *args):
    exercise = next(e for e in specification.ASSIGNMENT.exercises if name in e.names)
    return exercise.styles[0](*args)
"""),
    code("reference-read-and-run", "reads the specification's file where it is installed, and runs it",
         """
names = {"__name__": "stolen"}

def attack(name, *args):
    if name not in names:
        for folder in {PLACE["package"], *map(lambda p: p + "/gdcourse", sys.path)}:
            path = os.path.join(folder, "checks", "descent.py")
            if os.path.exists(path):
                exec(compile(open(path).read(), path, "exec"), names)
    return names[name](*args)
"""),
    code("own-check-as-oracle", "asks check() what is expected, and answers with that",
         """
import contextlib, io, re

def attack(name, *args):
    from gdcourse.checks import check
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        check(name, lambda *a: 0.0, seed=0)
    found = re.findall(r"expected ([-\\d.e]+)", said.getvalue())
    return float(found[0]) if found else 0.0
"""),
    code("source-notebook-run", "takes the solutions out of the source notebook",
         """
import json
names = {}

def attack(name, *args):
    if name not in names:
        import numpy as np
        names["np"] = np
        with open(PLACE["course"] + "/source/ps03/ps03.ipynb") as file:
            for cell in json.load(file)["cells"]:
                text = "".join(cell["source"])
                if cell["cell_type"] == "code" and "BEGIN SOLUTION" in text:
                    exec(text, names)
    return names[name](*args)
"""),
)  # fmt: skip
