"""A copy of the package to set beside a submission: without the references, and without what an assignment asks for.

What the exercises withhold is gone from the source text, not only from memory. `gdcourse.checks` becomes a stand-in,
whose `check` and `grade` say that judging happens elsewhere, and what a notebook is given (`train`, `sick_run`) is
computed by a process of its own that no submission reaches.
"""

import ast
import hashlib
import os
import re
import shutil
import tempfile
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

from gdcourse import checks

PACKAGE = Path(checks.__file__).parent.parent
BESIDE = "__init__", "wire", "runner", "lockdown", "notebook_shell", "at_home"  # modules that run with a submission
KEPT = ("checks/exercise.py", "checks/running.py", "checks/values.py", "grading/__init__.py",
        *(f"grading/sandbox/{name}.py" for name in BESIDE))
PROVIDED = {"ps08": ("gradient_ratio", "train"), "capstone": ("sick_run", "train")}
WITHHELD = "{} is what this assignment asks for: it is withheld while grading"
CHECKS = '''"""What `gdcourse.checks` is while a notebook is graded."""


def check(*solution, seed=None, hint=3):
    """Say that the judging happens elsewhere."""
    print("Checked when graded: see the graded cells.")


grade = check
'''
WIDGETS = '''"""What `gdcourse.widgets` is while a notebook is graded: live figures are for readers."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *args, **kwargs: print(f"({name}: a live figure is left out while a notebook is graded.)")
'''


@cache
def package_hash():
    """Return a short name of this very version of the package, whatever its number."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def provided(ps):
    """Return {name: module} of the functions that an assignment's notebook is given by its checks."""
    return {name: f"gdcourse.checks.{checks.MODULES[ps]}" for name in PROVIDED.get(ps, ())}


@cache
def workspace():
    """Return this process's own temporary folder; what processes that were killed have left of theirs is removed."""
    for left in Path(tempfile.gettempdir()).glob("gdcourse-grading-*-*"):
        pid = left.name.split("-")[2]
        if pid.isdigit() and not Path("/proc", pid).exists() and Path("/proc/self").exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"gdcourse-grading-{os.getpid()}-"))
    Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=0)  # at a worker's exit, too
    return folder


@cache
def stripped(ps):
    """Return a folder that holds the package as a submission of an assignment may see it."""
    folder = workspace() / ps
    target = folder / "gdcourse"
    left = shutil.ignore_patterns("__pycache__", "*.pyc", "checks", "grading", "widgets")
    shutil.copytree(PACKAGE, target, ignore=left)
    (target / "widgets").mkdir()
    (target / "widgets" / "__init__.py").write_text(WIDGETS)
    for name in KEPT:
        if (PACKAGE / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PACKAGE / name, target / name)
    (target / "checks" / "__init__.py").write_text(CHECKS)
    names = PROVIDED.get(ps, ())
    if names:
        lines = ["from gdcourse.grading.sandbox.runner import provided"]
        lines += [f"{name} = provided({name!r})" for name in names]
        (target / "checks" / f"{checks.MODULES[ps]}.py").write_text("\n".join(lines) + "\n")
    for name in sorted({name for exercise in checks.assignment(ps).exercises for name in exercise.withhold}):
        module, _, function = name.rpartition(".")
        path = target.parent / (module.replace(".", "/") + ".py")
        path.write_text(without(path.read_text("utf-8"), function, WITHHELD.format(name)), "utf-8")
    return folder


def without(source, name, reason):
    """Return a module's source in which a function or class raises RuntimeError(reason) instead of what it does.

    Raises: ValueError if the module defines nothing of that name.
    """
    node = next((n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef | ast.ClassDef)
                 and n.name == name), None)  # fmt: skip
    if node is None:
        raise ValueError(f"name must be a function or class of the module, got {name!r}")
    stub = [f"def {name}(*args, **kwargs):", f"    raise RuntimeError({reason!r})"]
    if isinstance(node, ast.ClassDef):
        stub = [f"class {name}:", "    def __init__(self, *args, **kwargs):", f"        raise RuntimeError({reason!r})"]
    lines = source.split("\n")
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
    while first and re.match(r"#", lines[first - 1]):  # what a comment right above gives away
        first -= 1
    return "\n".join([*lines[:first], *stub, *lines[node.end_lineno :]])
