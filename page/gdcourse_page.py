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
import logging
import re
import symtable
import sys
import time
import traceback
import types
import warnings
from importlib.machinery import ModuleSpec

import numpy as np

PRINTED = 20_000  # characters of one cell's printing that a page shows
DEEPEST = 20_000  # calls inside one another
STORES = (ast.Store, ast.Del)


class DrawsFirst(BaseException):
    """Raised where a cell draws and matplotlib has not been fetched yet."""


class Notebook:
    """The cells of a page, run as a fresh kernel would run the wanted one and those above it that it needs.

    What has run stays and is not run again as long as that makes no difference; else everything is forgotten first.
    emit: is handed each record, a dictionary of plain data.
    """

    def __init__(self, emit):
        self.emit = emit
        self.forget()

    def forget(self):
        self.names = {"__name__": "__main__", "__builtins__": builtins}
        self.begun = {}  # {cell's number: its text when it was last run, to its end or not}
        self.ran = set()  # the numbers of those that came to their end

    def run(self, cells, wanted, fresh=False):
        """Run a cell and, of those above it, the ones it needs that have not run.

        cells: the texts of all cells, in order; wanted: the number of one; fresh: whether to forget all first.
        Returns: "ok"; "failed", after a record that says why; or "draws" if matplotlib must be fetched first.
        """
        chain = needed(cells, wanted)
        if fresh or not self._still_holds(cells, chain):
            self.forget()
        self.ran.discard(wanted)
        for name in names_of(self.begun.pop(wanted, ""))[1]:
            self.names.pop(name, None)  # what its last text bound
        waiting = [number for number in chain if number not in self.ran]
        for position, number in enumerate(waiting, 1):
            if len(waiting) > 1:
                self.emit({"kind": "step", "text": f"Running cell {position} of {len(waiting)}"})
            if (came := self._run_one(number, cells[number], shown=number == wanted)) != "ok":
                return came
        return "ok"

    def _still_holds(self, cells, chain):
        """Tell whether running the rest of a chain now gives what a fresh kernel would."""
        wanted = chain[-1]
        if any(self.begun.get(number, cells[number]) != cells[number] for number in chain[:-1]):
            return False
        for later in chain:
            if later in self.ran and later != wanted:
                continue
            uses = names_of(cells[later])[0] | names_of(self.begun.get(later, ""))[0]
            # What stands below it has run already, or what is not above it any more, or itself: has it changed these?
            if any(names_of(text)[1] & uses for number, text in self.begun.items()
                   if number >= later or number not in chain):  # fmt: skip
                return False
        return True

    def _run_one(self, number, text, shown):
        self.begun[number] = text
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
        self.ran.add(number)
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

    A cell is needed if it binds or changes a name that is used on the way from it to the wanted one. A generator of
    random numbers, called rng or the like, is changed by every use, so that the numbers are those of the page.
    """
    uses, binds = zip(*map(names_of, cells[: wanted + 1]))
    found, before = {wanted}, set()
    while found != before:  # a function may use what a later cell binds
        before = found
        wants = set().union(*(uses[number] for number in found))
        found = before | {number for number in range(wanted) if binds[number] & wants}
    return sorted(found)


@functools.lru_cache(maxsize=1024)
def names_of(text):
    """Return the names that a cell takes from outside, and those that it binds or changes, as two frozen sets."""
    try:
        tree, table = ast.parse(text), symtable.symtable(text, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # told when it runs; what it was to bind is guessed
        return frozenset(), frozenset(re.findall(r"^(?:(?:def|class)\s+)?(\w+)(?=\s*[=(:])", text, re.MULTILINE))
    found = _Names()
    found.block(tree.body)
    deep = _globals_inside(table)
    return frozenset(found.uses | (deep - found.binds)), frozenset(found.binds)


def _globals_inside(table):
    """Return what the functions and classes of a table read from outside of themselves."""
    names = set()
    for child in table.get_children():
        names |= {s.get_name() for s in child.get_symbols() if s.is_global() and s.is_referenced()}
        names |= _globals_inside(child)
    return names


class _Names:
    """Goes through statements in their order. uses: names read before they are bound here; binds: bound or changed."""

    CHANGING = frozenset("append extend insert update add pop remove sort reverse clear shuffle".split())

    def __init__(self):
        self.uses, self.binds = set(), set()

    def block(self, statements):
        for statement in statements:
            self.statement(statement)

    def statement(self, node):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            arguments = getattr(node, "args", None)
            parts = [*node.decorator_list, *getattr(node, "bases", ()), *(arguments.defaults if arguments else ())]
            for part in parts:
                self.expression(part)
            self.binds.add(node.name)
            return
        if isinstance(node, ast.Import | ast.ImportFrom):
            self.binds |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            return
        if isinstance(node, ast.AugAssign):
            self.uses |= {_root(node.target)} - self.binds
        blocks = [value for _, value in ast.iter_fields(node) if isinstance(value, list) and value
                  and isinstance(value[0], ast.stmt | ast.ExceptHandler | ast.match_case)]  # fmt: skip
        inside = {id(child) for block in blocks for child in block}
        header = [child for child in ast.iter_child_nodes(node) if id(child) not in inside]
        for part in sorted(header, key=lambda part: isinstance(getattr(part, "ctx", None), STORES)):  # values first
            self.expression(part)
        for block in blocks:
            for child in block:
                self.statement(child) if isinstance(child, ast.stmt) else self.block(child.body)

    def expression(self, node):
        own = {
            name.id for part in ast.walk(node) if isinstance(part, ast.comprehension) for name in ast.walk(part.target)
            if isinstance(name, ast.Name)
        } | {argument.arg for part in ast.walk(node) if isinstance(part, ast.Lambda) for argument in ast.walk(part.args)
             if isinstance(argument, ast.arg)}  # fmt: skip
        stored = set()
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id not in own:
                if isinstance(part.ctx, STORES):
                    stored.add(part.id)
                    continue
                self.uses |= {part.id} - self.binds
                if part.id.endswith(("rng", "generator")):
                    stored.add(part.id)
            elif isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, STORES):
                stored.add(_root(part))
            elif isinstance(part, ast.Call) and getattr(part.func, "attr", "") in self.CHANGING:
                stored.add(_root(part.func))
        self.binds |= stored - {""}


def _root(node):
    """Return the name that a chain such as model.layers[0].W begins with, or nothing."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


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
    if hasattr(value, "_repr_html_") and not isinstance(value, type):
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
        if (error.text or "").lstrip().startswith(">>>"):
            more = ". Take away the >>> and ... that a line was copied with."
        return f"{at}{name}: {error.msg}{more}"
    if isinstance(error, SystemExit):
        said = "exit() ends nothing in a page. Take it away."
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith("<cell ")]
    own = frames[0].filename if frames else ""
    lines = [("" if frame.filename == own else f"in {frame.name}, in another cell, ")
             + f"line {frame.lineno}: {frame.line}" for frame in frames]  # fmt: skip
    if len(lines) > 6:
        lines = [*lines[:3], f"... {len(lines) - 5} more", *lines[-2:]]
    if isinstance(error, MemoryError):
        said = f"there is not enough memory in a page for that. {said}".strip()
    elif isinstance(error, RecursionError):
        said = "a function has called itself, again and again, without coming to an end."
    elif isinstance(error, ModuleNotFoundError) and error.name:
        said = f"{error.name} is not here. NumPy, matplotlib, gdcourse and what comes with Python are."
    elif isinstance(error, NotImplementedError) and not said:
        said = f"{frames[-1].name if len(frames) > 1 else 'a function that this cell needs'} has not been written yet."
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
        for name, at, called in (("bincount", 0, ""), ("repeat", 1, "repeats"), ("take", 1, "indices"),
                                 ("choose", 0, "a")):  # fmt: skip
            setattr(np, name, _counting(getattr(np, name), at, called))


def _counting(function, at, called):
    """Return a function of NumPy's that takes a generator's whole numbers for indices, as everywhere else.

    They have 64 bits, and an index has 32 in a browser. at, called: which argument holds the indices.
    """
    def narrow(value):
        return value.astype(np.intp) if getattr(value, "dtype", None) == np.int64 else value

    @functools.wraps(function)
    def call(*args, **kwargs):
        args = [narrow(value) if place == at else value for place, value in enumerate(args)]
        return function(*args, **{name: narrow(value) if name == called else value for name, value in kwargs.items()})

    return call


def _raising(function, said):
    """Return a function of np.linalg that raises as everywhere else.

    NumPy learns of a singular matrix from the processor's flags for floating point, of which a browser's machine has
    none; what comes out there is filled with NaN.
    """
    @functools.wraps(function)
    def call(*args, **kwargs):
        result = function(*args, **kwargs)
        nothing = np.isnan(result).all(axis=(-2, -1) if np.ndim(result) > 1 else None)
        if np.size(result) and nothing.any() and np.isfinite(args[0]).all():
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
    logging.disable()
    with warnings.catch_warnings(action="ignore"):
        import matplotlib.pyplot  # says that fonts are new and 3D is not there: not over her first picture
    logging.disable(logging.NOTSET)


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
    Returns: a dictionary: name, points, of, ladder: the rows of each hint, of which the last says all (see
    gdcourse.checks.reporting).
    """
    from gdcourse import checks
    from gdcourse.checks.reporting import HINTS, rows

    exercise = next(e for e in checks.assignment(ps).exercises if e.names == tuple(names))
    missing = [name for name in names if not callable(found.get(name))]
    if missing:
        text = f"There is no function called {missing[0]} here. It must have that name, as it had at the start."
        told = [dict(passed=False, text=text, place="", case=None)]
        return {"name": exercise.name, "points": 0, "of": exercise.points, "ladder": [told]}
    verdicts = checks.verdicts(exercise, tuple(found[name] for name in names), checks._fresh())
    return {"name": exercise.name, "points": sum(v.points for v in verdicts), "of": exercise.points,
            "ladder": [rows(exercise, verdicts, hint) for hint in HINTS]}  # fmt: skip
