"""Run a notebook's cells in the reader's browser, and check her functions there.

A page hands over the text of all its cells; asked for one, it runs that cell and those above it that it needs. What
comes out goes to `emit`, one plain record at a time, while the cell runs: text, figures, the sentence of an error.
Nothing here knows of a browser, so the tests run it as it is.
"""

import ast
import builtins
import contextlib
import functools
import importlib
import io
import linecache
import sys
import time
import traceback
import types
from importlib.machinery import ModuleSpec

import numpy as np

PRINTED = 20_000  # characters of one cell's printing that a page shows
DEEPEST = 20_000  # calls inside one another
ABSENT = {"torch", "tensorflow", "jax", "sklearn", "pandas", "scipy", "ipywidgets", "IPython", "requests"}
STORES = (ast.Store, ast.Del)


class DrawsFirst(BaseException):
    """Raised where a cell draws and matplotlib has not been fetched yet."""


class Notebook:
    """The cells of a page, run in one namespace of names as a kernel would.

    emit: is handed each record, a dictionary of plain data.
    """

    def __init__(self, emit):
        self.emit = emit
        self.names = {"__name__": "__main__", "__builtins__": builtins}
        self.ran = {}  # {cell's number: its text when it last ran to its end}

    def run(self, cells, wanted):
        """Run a cell and, of those above it, the ones it needs that have not run or have changed since.

        cells: the texts of all cells, in order; wanted: the number of one. Returns: "ok"; "failed", after a record
        that says why; or "draws" if matplotlib must be fetched first.
        """
        again = False
        for number in needed(cells, wanted):
            again |= number == wanted or self.ran.get(number) != cells[number]
            if again and (came := self._run_one(number, cells[number], shown=number == wanted)) != "ok":
                return came
        return "ok"

    def _run_one(self, number, text, shown):
        self.ran.pop(number, None)
        file, paper = f"<cell {number}>", _Paper(self.emit if shown else lambda record: None)
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        try:
            body, last = _parts(text, file)
            with contextlib.redirect_stdout(paper), contextlib.redirect_stderr(paper):
                exec(body, self.names)
                value = eval(last, self.names) if last else None
            paper.flush()
            if shown and value is not None and not text.rstrip().endswith(";"):
                self.emit(shown_as(value))
            self._figures(shown)
        except DrawsFirst:
            return "draws"
        except BaseException as error:
            paper.flush()
            self._figures(shown=False)
            where = "" if shown else f"In a cell above that this one needs, which begins with {first_line(text)!r}:\n"
            self.emit({"kind": "error", "text": where + sentence(error)})
            return "failed"
        self.ran[number] = text
        return "ok"

    def _figures(self, shown):
        """Hand over every figure that is open, and close it."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None or isinstance(pyplot, _Later):
            return
        from gdcourse_svg import inline_svg

        for index, number in enumerate(pyplot.get_fignums()):
            if shown:
                file = io.StringIO()
                pyplot.figure(number).savefig(file, format="svg")
                alt = "The figure that this cell has drawn."
                self.emit({"kind": "figure", "html": inline_svg(file.getvalue(), alt, f"run{index}")[0]})
        pyplot.close("all")


def needed(cells, wanted):
    """Return the numbers of the cells above `wanted` that it depends on, and its own, in order.

    A cell is needed if it binds or changes a name that is used further down on the way. A name whose object draws
    random numbers, such as rng, is changed by every use, so that the numbers are those of the page.
    """
    uses, binds = zip(*map(_names_of, cells[: wanted + 1]))
    found, before = {wanted}, set()
    while found != before:  # a function may use what a later cell binds
        before = found
        wants = set().union(*(uses[number] for number in found))
        found = before | {number for number in range(wanted) if binds[number] & wants}
    return sorted(found)


def _names_of(text):
    """Return the names that a cell uses, and those that it binds or changes."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # it will be told when it runs
        return set(), set()
    uses, binds = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (binds if isinstance(node.ctx, STORES) else uses).add(node.id)
            if node.id.endswith("rng"):
                binds.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            binds.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            binds.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, STORES):
            root = node
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            if isinstance(root, ast.Name):
                binds.add(root.id)
    return uses, binds


def _parts(text, file):
    """Compile a cell: its statements, and its last expression or None."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip()[:1] in {"!", "%"}:
            raise SyntaxError(f"line {number} is a command of Jupyter's; this page runs Python alone: {line.strip()}")
    tree = ast.parse(text, file)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = compile(ast.Expression(tree.body.pop().value), file, "eval")
    return compile(tree, file, "exec"), last


def shown_as(value):
    """Return the record of a cell's value: its table if it has one, else its text."""
    if hasattr(value, "_repr_html_"):
        return {"kind": "html", "html": value._repr_html_()}
    text = repr(value)
    return {"kind": "text", "text": (text if len(text) <= PRINTED else text[:PRINTED] + " ...") + "\n"}


def sentence(error):
    """Return what an error says to someone who learns: where it came up in her cell, and what it means here."""
    if hasattr(error, "_render_traceback_"):  # feedback, which says all there is to say
        return str(error)
    name, said = type(error).__name__, str(error)
    if isinstance(error, SyntaxError):
        at = f"line {error.lineno}: {(error.text or '').strip()}\n" if error.lineno else ""
        more = ". Use four spaces throughout." if isinstance(error, TabError) else ""
        return f"{at}{name}: {error.msg}{more}"
    lines = [f"line {frame.lineno}: {frame.line}" for frame in traceback.extract_tb(error.__traceback__)
             if frame.filename.startswith("<cell ")]  # fmt: skip
    if len(lines) > 6:
        lines = [*lines[:3], f"... {len(lines) - 5} more", *lines[-2:]]
    if isinstance(error, MemoryError):
        said = f"there is not enough memory in a page for that. {said}".strip()
    elif isinstance(error, RecursionError):
        said = "a function has called itself, again and again, without coming to an end."
    elif isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in ABSENT:
        said = f"{error.name} is not here. NumPy, matplotlib, gdcourse and what comes with Python are."
    elif isinstance(error, NotImplementedError) and not said:
        said = "a function that this cell needs has not been written yet."
    return "\n".join([*lines, f"{name}: {said}" if said else name])


def first_line(text):
    return next((line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")), "")


def prepare():
    """Take away what a page cannot give, with a sentence in its place, and let matplotlib be imported unfetched."""
    def no_input(prompt=""):
        raise RuntimeError("input() cannot ask anything in a page. Write the value into the cell instead.")

    deeper = sys.setrecursionlimit
    sys.setrecursionlimit = lambda limit: deeper(min(limit, DEEPEST))  # or memory ends first, minutes later
    builtins.input = no_input
    sys.meta_path.append(_Finder())
    if sys.platform == "emscripten":
        for name, said in (("solve", "Singular matrix"), ("inv", "Singular matrix"),
                           ("cholesky", "Matrix is not positive definite")):  # fmt: skip
            setattr(np.linalg, name, _raising(getattr(np.linalg, name), said))


def _raising(function, said):
    """Return a function of np.linalg that raises as everywhere else.

    NumPy learns of a singular matrix from the processor's flags for floating point, of which a browser's machine has
    none; what comes out there is filled with NaN.
    """
    @functools.wraps(function)
    def call(*args, **kwargs):
        result = function(*args, **kwargs)
        if np.isnan(result).all(axis=(-2, -1) if np.ndim(result) > 1 else None).any() and np.isfinite(args[0]).all():
            raise np.linalg.LinAlgError(said)
        return result

    return call


def matplotlib_is_here():
    """Forget the stand-ins: from now on matplotlib is the real one, in the book's style."""
    for name in [name for name, module in sys.modules.items() if isinstance(module, _Later)]:
        del sys.modules[name]
    importlib.invalidate_caches()
    import matplotlib
    import matplotlib.style

    matplotlib.use("svg")
    matplotlib.style.use("gdcourse.book")


class _Later(types.ModuleType):
    """Stands for a module of matplotlib until a cell uses it; afterwards hands on whatever is asked of it."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            raise DrawsFirst
        return getattr(importlib.import_module(self.__name__), name)


class _Finder:
    """Finds stand-ins for matplotlib's modules as long as there are no real ones."""

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] == "matplotlib" else None

    def create_module(self, spec):
        return _Later(spec.name)

    def exec_module(self, module):
        pass


class _Paper(io.TextIOBase):
    """Emits what is printed, a line or more at a time, up to a length; then says once that it has stopped."""

    def __init__(self, emit):
        self.emit, self.left, self.held, self.last = emit, PRINTED, "", time.monotonic()

    def write(self, text):
        kept, before = text[: max(self.left, 0)], self.left
        self.held += kept
        self.left -= len(text)
        if before > 0 >= self.left:
            self.held += "\n... More was printed than a page shows.\n"
        if len(self.held) > 1000 or time.monotonic() - self.last > 0.1:
            self.flush()
        return len(text)

    def flush(self):
        if self.held:
            self.emit({"kind": "text", "text": self.held})
        self.held, self.last = "", time.monotonic()


def verdict(ps, names, found):
    """Check a student's functions and return the page's record of it.

    Args: ps: the assignment's id; names: of the exercise's functions; found: all names that her cells have bound.
    Returns: a dictionary: name, points, of, text (the report), rows (see gdcourse.checks.reporting).
    """
    from gdcourse import checks
    from gdcourse.checks.reporting import report, rows

    exercise = next(e for e in checks.assignment(ps).exercises if e.names == tuple(names))
    missing = [name for name in names if not callable(found.get(name))]
    if missing:
        text = f"There is no function called {missing[0]} here. It must have that name, as it had at the start."
        rows_ = [dict(passed=False, text=text, says="", hint="", place="", case=None)]
        return {"name": exercise.name, "points": 0, "of": exercise.points, "text": text, "rows": rows_}
    verdicts = checks.verdicts(exercise, tuple(found[name] for name in names), checks._fresh())
    return {
        "name": exercise.name, "points": sum(v.points for v in verdicts), "of": exercise.points,
        "text": report(exercise, verdicts), "rows": rows(exercise, verdicts),
    }  # fmt: skip
