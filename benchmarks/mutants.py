"""What can be wrong with a solution and earn all points, or other points on other seeds: one slip after another.

    python benchmarks/mutants.py [file.json [exercise ...]]

Each reference is changed in one place at a time, by its syntax tree: an operator, a comparison, a constant, an axis, an
index, a sign, a call, a name, a line left out. Every such program is graded on a few seeds. Prints those that ever earn
all points, and those whose points depend on the seed; exits with 1 if there is one that `mutants_equivalent.json`
does not explain.
"""

import ast
import copy
import json
import random
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from gdcourse import checks
from gdcourse.checks.exercise import as_tuple, source_of
from gdcourse.checks.judging import answers, passes

SEEDS = (0, 1, 2, 3)
MOST = 60  # mutants of an exercise
LEFT_OUT = dict.fromkeys(("train_digits", "diagnose", "rescue", "fix"), "networks are trained to judge it")
SLOW = {"backtracking": 40, "prob_all_positive": 40}  # of those that take long to judge

OPERATORS = {ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div, ast.Add), ast.Div: (ast.Mult,),
             ast.Pow: (ast.Mult,), ast.MatMult: ()}  # fmt: skip
COMPARISONS = {ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt),
               ast.GtE: (ast.Gt, ast.LtE), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,)}  # fmt: skip
CALLS = {"maximum": "minimum", "minimum": "maximum", "max": "min", "min": "max", "mean": "sum", "sum": "mean",
         "argmax": "argmin", "argmin": "argmax", "ceil": "floor", "exp": "expm1", "log": "log2", "std": "var",
         "var": "std", "sqrt": "square", "all": "any", "any": "all", "log1p": "log", "zeros": "ones",
         "eye": "ones_like", "normal": "uniform", "abs": "negative", "norm": "sum", "sign": "abs",
         "permutation": "arange"}  # fmt: skip

EITHER_WAY = {"maximum", "minimum", "max", "min", "allclose"}  # whose arguments may come in either order
PLAIN = {"int", "float", "array"}  # what these make is right with or without them
COUNTED = {"len"}  # whose argument may be any list of the same length

# {exercise: [[why a mutant is right all the same, the line as it is, the mutant's line]]}
EQUIVALENT = json.loads(Path(__file__).with_name("mutants_equivalent.json").read_text("utf-8"))


def changes(node, names):
    """Yield the nodes that may stand in the place of a node. names: the function's own."""
    def other(**fields):
        changed = copy.deepcopy(node)
        for field, value in fields.items():
            setattr(changed, field, value)
        return changed

    if isinstance(node, ast.BinOp):
        for kind in OPERATORS.get(type(node.op), ()):
            yield other(op=kind())
        yield node.left
        if not isinstance(node.op, ast.Add | ast.Mult | ast.MatMult):  # of two vectors the order is free
            yield other(left=node.right, right=node.left)
    if isinstance(node, ast.AugAssign):
        for kind in OPERATORS.get(type(node.op), ()):
            yield other(op=kind())
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for kind in COMPARISONS.get(type(node.ops[0]), ()):
            yield other(ops=[kind()])
    if isinstance(node, ast.BoolOp):
        yield other(op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield other(value=not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield from (other(value=value) for value in (node.value + 1, node.value - 1, 2 * node.value) if
                    value != node.value)  # fmt: skip
    if isinstance(node, ast.Slice):
        if node.lower is not None:
            yield other(lower=None)
        if node.upper is not None:
            yield other(upper=None)
    if isinstance(node, ast.Call):
        if node.keywords:
            yield from (other(keywords=[k for k in node.keywords if k is not gone]) for gone in node.keywords
                        if gone.arg != "dtype")  # fmt: skip
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if len(node.args) >= 2 and name not in EITHER_WAY:
            yield other(args=[node.args[1], node.args[0], *node.args[2:]])
        if len(node.args) == 1 and not node.keywords and name not in PLAIN:
            yield node.args[0]
        if name in CALLS and isinstance(node.func, ast.Attribute):
            yield other(func=ast.Attribute(node.func.value, CALLS[name], ast.Load()))
        if isinstance(node.func, ast.Attribute) and not node.args and not isinstance(node.func.value, ast.Name | None):
            yield node.func.value
    if isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(node.value, ast.Constant):
        yield other(value=ast.Constant(1 - node.value.value))
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name):
        yield node.value
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        at = names.index(node.id)
        yield from (other(id=names[(at + k) % len(names)]) for k in (1, -1))
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) == 2:
        yield other(elts=node.elts[::-1])
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Raise):
        yield ast.Pass()
    if isinstance(node, ast.If | ast.While):
        yield other(test=ast.Constant(False))
        if isinstance(node, ast.If):
            yield other(test=ast.Constant(True))


def mutants(function):
    """Return [(what is changed, the changed function's source)], each once, in the order of the source."""
    tree = ast.parse(source_of(function))
    root = tree.body[0]
    names = list(dict.fromkeys([*(a.arg for f in ast.walk(root) if isinstance(f, ast.arguments) for a in f.args),
                                *(n.id for n in ast.walk(root) if isinstance(n, ast.Name) and
                                  isinstance(n.ctx, ast.Store) and n.id != "_")]))  # fmt: skip
    made, seen = [], {ast.unparse(tree)}
    counted = [arg for call in ast.walk(root) if isinstance(call, ast.Call) for arg in call.args
               if getattr(call.func, "id", "") in COUNTED]  # fmt: skip
    for number, node in enumerate(ast.walk(tree)):
        if node in (tree, root, *counted) or isinstance(node, ast.arguments | ast.arg):
            continue
        for new in changes(node, names):
            changed = copy.deepcopy(tree)
            place = list(ast.walk(changed))[number]
            for parent in ast.walk(changed):
                for field, value in ast.iter_fields(parent):
                    if value is place:
                        setattr(parent, field, copy.deepcopy(new))
                    elif isinstance(value, list) and any(item is place for item in value):
                        value[:] = [copy.deepcopy(new) if item is place else item for item in value]
            text = ast.unparse(ast.fix_missing_locations(changed))
            if text not in seen:
                seen.add(text)
                made.append((difference(ast.unparse(tree), text), text))
    return made


def difference(before, after):
    """Say which line of a program was changed, and to what."""
    before, after = (text.split("\n") for text in (before, after))
    at = next(i for i, (a, b) in enumerate(zip([*before, ""], [*after, ""])) if a != b)
    return f"{before[at].strip()}  =>  {(after[at] if at < len(after) else '').strip()}"


def all_mutants(exercise):
    """Return [(what is changed, the functions)] of an exercise, no more than are taken."""
    originals, made = as_tuple(exercise.reference), []
    for place, original in enumerate(originals):
        for what, text in mutants(original):
            module = sys.modules[original.__module__]
            try:
                space = dict(vars(module))
                with warnings.catch_warnings(action="ignore"):
                    exec(compile(text, f"<mutant {what}>", "exec"), space)
            except SyntaxError:
                continue
            made.append((what, (*originals[:place], space[original.__name__], *originals[place + 1 :])))
    most = SLOW.get(exercise.name, MOST)
    return made if len(made) <= most else random.Random(exercise.name).sample(made, most)


def grade(exercise, functions, seeds=SEEDS):
    """Return for each seed which behaviours a solution passes."""
    quick, outcomes = replace(exercise, seconds=exercise.seconds / 6), []
    for seed in seeds:
        runs = answers(quick, functions, seed)
        outcomes.append(tuple(passes(exercise, b, seed, runs) for b in exercise.behaviours))
        if any(run.problem and run.problem.kind == "time" for b in exercise.behaviours for run in runs(b)):
            break  # endless, and no cheaper on another seed
    return outcomes


def search(exercise):
    """Return how many mutants there are, and those that pass on some seed or depend on it, with what was seen."""
    taken, found = all_mutants(exercise), {"passes": [], "depends on the seed": [], "equivalent": []}
    known = {f"{line}  =>  {instead}": why for why, line, instead in EQUIVALENT.get(exercise.name, ())}
    for what, functions in taken:
        outcomes = grade(exercise, functions)
        if what in known:
            found["equivalent"].append(f"{what}   ({known[what]})")
        elif any(map(all, outcomes)):
            found["passes"].append(what)
        elif len(set(outcomes)) > 1:
            points = [sum(b.points for b, ok in zip(exercise.behaviours, o) if ok) for o in outcomes]
            unsteady = [b.name for k, b in enumerate(exercise.behaviours) if len({o[k] for o in outcomes}) > 1]
            found["depends on the seed"].append(f"{what}   {points} {unsteady}")
    return len(taken), found


def main(destination=None, *only):
    table, left = {}, 0
    for name, exercise in checks.exercises().items():
        if exercise.name != name or name in LEFT_OUT or (only and name not in only):
            continue
        start = time.monotonic()
        count, found = search(exercise)
        table[name] = {"mutants": count, **found}
        left += len(found["passes"]) + len(found["depends on the seed"])
        passing, unsteady, same = (len(found[kind]) for kind in ("passes", "depends on the seed", "equivalent"))
        print(f"{name}: {count} mutants, {passing} pass, {unsteady} depend on the seed, {same} are equivalent"
              f"   ({time.monotonic() - start:.0f} s)", flush=True)
        for kind in ("passes", "depends on the seed"):
            for what in found[kind]:
                print(f"    {kind}: {what}", flush=True)
        if destination and destination != "-":
            Path(destination).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 1 if left else 0


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main(*sys.argv[1:]))
