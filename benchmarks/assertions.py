"""Can the assertions of the chapters fail? Run pages, and ask each assertion that holds what would make it false.

    .venv/bin/python benchmarks/assertions.py                       every page, some minutes
    .venv/bin/python benchmarks/assertions.py landscapes practice   these alone

Two questions for each. Turn a comparison round, < into >=: an assertion that still holds compared nothing, such as an
empty array. Change the numbers that it reads, one name after another: an assertion that holds whatever they are says
nothing of them. What is printed is to be looked at, not to be mended blindly: one that tests a function on a few
fixed numbers may be right. `evidence.holds` is left out, since tests/evidence/test_all.py fails each of its rows.
"""

import argparse
import ast
import builtins
import contextlib
import copy
import dataclasses
import io
import os
import sys
import warnings
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
OPPOSITE = {ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}  # fmt: skip
CHANGES = (lambda v: -v, lambda v: 3 * v, lambda v: v / 3, lambda v: v + 1, lambda v: v - 1, lambda v: 0 * v,
           lambda v: 1000 * v)  # fmt: skip


def turned(test):
    """Yield a test with one of its comparisons turned round, for each that is not within another, nor within any()."""
    some = [node for node in ast.walk(test)
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "any"]  # fmt: skip
    comparisons = [node for node in ast.walk(test) if isinstance(node, ast.Compare)] + some
    within = {id(inner) for node in comparisons for inner in ast.walk(node) if inner is not node}
    for k, node in enumerate(ast.walk(test)):
        if isinstance(node, ast.Compare) and id(node) not in within:
            other = copy.deepcopy(test)
            found = [*ast.walk(other)][k]
            if len(found.ops) == 1:
                found.ops = [OPPOSITE[type(found.ops[0])]()]
                yield other
            elif found is other:
                yield ast.UnaryOp(ast.Not(), other)


def with_other_constants(test):
    """Yield a test with one number that it hands to a function changed, for each of them."""
    for k, node in enumerate(ast.walk(test)):
        if isinstance(node, ast.Call):
            for i, argument in enumerate(node.args):
                if isinstance(argument, ast.Constant) and type(argument.value) in (int, float):
                    other = copy.deepcopy(test)
                    [*ast.walk(other)][k].args[i] = ast.Constant(2 * argument.value + 1)
                    yield other


def names(test):
    """Return the names that a test reads and does not bind itself."""
    bound = {node.id for node in ast.walk(test) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(test) if isinstance(node, ast.arg)}
    read = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return sorted(read - bound - set(dir(builtins)))


class Probing(ast.NodeTransformer):
    """Put before each assert a call that hands over the test, its variants and what it reads."""

    def visit_Assert(self, node):
        read, test = names(node.test), node.test
        if isinstance(test, ast.Attribute) and test.attr == "holds":
            return node

        def function(body):
            arguments = ast.arguments([], [ast.arg(name) for name in read], None, [], [], None, [])
            return ast.Lambda(arguments, body)

        groups = [ast.List([function(v) for v in variants], ast.Load())
                  for variants in ([test], [*turned(test)], [*with_other_constants(test)])]  # fmt: skip
        values = ast.List([ast.Name(name, ast.Load()) for name in read], ast.Load())
        call = ast.Call(ast.Name("__probe", ast.Load()), [ast.Constant(ast.unparse(test)), *groups, values], [])
        return [ast.copy_location(ast.Expr(call), node), node]


def changed(value):
    """Yield a value with other numbers in it, or nothing where it holds none."""
    if dataclasses.is_dataclass(value) or hasattr(value, "_fields"):
        replace = value._replace if hasattr(value, "_fields") else partial(dataclasses.replace, value)
        fields = value._fields if hasattr(value, "_fields") else [field.name for field in dataclasses.fields(value)]
        yield from (replace(**{name: other}) for name in fields for other in changed(getattr(value, name)))
    elif isinstance(value, dict):
        pairs = zip(*(changed(one) for one in value.values()))
        yield from (dict(zip(value, ones)) for ones in pairs)
    elif isinstance(value, (list, tuple)):
        yield from (type(value)(ones) for ones in zip(*(changed(one) for one in value)))
        yield value[::-1]
    elif isinstance(value, (int, float, np.number, np.ndarray)):
        array = np.asarray(value)
        if array.dtype == bool:
            yield from (~array, array & False, array | True)
        elif array.dtype.kind in "iuf":
            yield from (type(value)(change(value)) if array.ndim == 0 else change(array) for change in CHANGES)
            if array.ndim:
                yield array[::-1]
                yield array * np.linspace(0.5, 2, array.size).reshape(array.shape)


def holds(test, values):
    """Say whether a test holds; to raise is not to hold."""
    try:
        return bool(test(*values))
    except Exception:
        return False


def probe(text, tests, opposites, others, values):
    """Return "vacuous", "deaf" or None."""
    if not holds(tests[0], values):
        return None
    if any(holds(test, values) for test in opposites):
        return "vacuous"
    if any(not holds(test, values) for test in others):
        return None
    for k, value in enumerate(values):
        for other in changed(value):
            if not holds(tests[0], [*values[:k], other, *values[k + 1 :]]):
                return None
    return "deaf"


def examine(page):
    """Run a page's cells; return {(verdict, text): how often} for its assertions, and how many there are."""
    import jupytext

    found, seen = Counter(), set()

    def __probe(text, *rest):
        seen.add(text)
        if verdict := probe(text, *rest):
            found[verdict, text] += 1

    namespace = {"__name__": "__main__", "__probe": __probe, "display": lambda *shown: None}
    source = (ROOT / "chapters" / f"{page}.md").read_text("utf-8")
    for cell in jupytext.reads(source, fmt="md:myst").cells:
        if cell.cell_type == "code":
            tree = ast.fix_missing_locations(Probing().visit(ast.parse(cell.source)))
            exec(compile(tree, page, "exec"), namespace)
    return found, len(seen)


def main():
    """Examine the pages and print what could not be made false."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from arithmetic import pages

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", default=pages())
    asked = parser.parse_args()
    os.environ["MPLBACKEND"] = "agg"
    os.environ["MATPLOTLIBRC"] = str(ROOT / "gdcourse" / "book.mplstyle")
    os.chdir(ROOT / "chapters")
    warnings.simplefilter("ignore")
    import gdcourse.book

    gdcourse.book.glue = lambda **numbers: None
    for page in asked.pages:
        with contextlib.redirect_stdout(io.StringIO()):
            found, count = examine(page)
        print(f"{page}: {count} assertions, {len(found)} to look at", flush=True)
        for (verdict, text), _ in found.items():
            print(f"    {verdict}: {text}", flush=True)


if __name__ == "__main__":
    main()
