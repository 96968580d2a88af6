"""Answers that are written alike are found whatever their names; two people who did not speak are not."""

import ast
import random

import pytest

from gdcourse import checks
from gdcourse.grading.authoring.sample import solution_source
from gdcourse.grading.intake.showing import CODE
from gdcourse.grading.report.similarity import SHORT, normal, own_sources, similarities, tokens, whole

BACKTRACKING = checks.exercises()["backtracking"]
MINE = '''
def backtracking(f, g, x, p, t0=1.0, c=1e-4, rho=0.5):
    """Shorten the step until it pays."""
    slope = float(g @ p)
    if slope >= 0:
        raise ValueError("uphill")
    tried = [t0]
    before = f(x)
    while f(x + tried[-1] * p) > before + c * tried[-1] * slope:
        tried.append(tried[-1] * rho)
    return tried[-1]
'''
RENAMED = '''
# all my own work
def backtracking(fun, grad, where, way, t0=1.0, c=1e-4, rho=0.5):
    d = float(grad @ way)   # the slope
    if d >= 0: raise ValueError("uphill")
    steps = [t0]
    f_0 = fun(where)
    while fun(where + steps[-1] * way) > f_0 + c * steps[-1] * d:
        steps.append(steps[-1] * rho)
    return steps[-1]
'''
EDITED = RENAMED.replace("    steps = [t0]\n", "    counter = 0\n    print('start')\n    steps = [t0]\n")


def class_of(exercise, **more):
    """Return the styles of an exercise as a few students' answers, and some more."""
    return {f"t{i}": solution_source(exercise, style) for i, style in enumerate(exercise.styles)} | more


def test_names_comments_and_layout_do_not_count_and_numbers_do():
    assert normal(MINE) == normal(RENAMED) != normal(EDITED)
    assert normal(MINE) != normal(MINE.replace(">= 0", "> 0"))
    assert normal("x = y + 1") == normal("z = y + 1") != normal("x = z + 2")
    assert normal("a = b = 1") != normal("a = a = 1")
    assert normal("def f(x: int) -> int: return len(x)") == normal("def g(y):\n    'says'\n    return len(y)")
    assert normal("def f(:") is None and normal("x = '\0'") is None and normal("-" * 100_000 + "1") is None


@pytest.mark.parametrize("line", ["%matplotlib inline", "%%time", "  !ls", "?len", "len??", "_ = %who"])
def test_what_only_a_notebook_understands_takes_no_answer_off_the_list(line, recwarn):
    copied = f"{line}\n{RENAMED}" if line[0] != " " else RENAMED.rstrip() + f"\n{line}\n"
    found = similarities(BACKTRACKING, {"ann": MINE, "bob": copied})
    assert [g.students for g in found.groups] == [("ann", "bob")] or found.pairs[0][:3] == (
        "backtracking", ("ann",), ("bob",))
    assert normal("x = '\\d'") == "v0 = '\\\\d'" and not recwarn.list


def test_the_same_under_other_names_is_a_group_and_a_few_edits_a_pair():
    found = similarities(BACKTRACKING, {"ann": MINE, "bob": RENAMED, "cleo": EDITED, "dan": "def f(:", "eve": ""})
    assert found.groups == [("backtracking", ("ann", "bob"), "")]
    (pair,) = found.pairs
    assert pair[:4] == ("backtracking", ("ann", "bob"), ("cleo",), "") and 0.6 < pair.share < 1


def test_the_packages_own_solution_is_recognised_changed_or_not():
    own = solution_source(BACKTRACKING, BACKTRACKING.reference).replace("t0", "first")
    found = similarities(BACKTRACKING, {"ann": own, "bob": own.replace("    return", "    print(t0)\n    return")})
    (group,) = found.groups
    assert group.students == ("ann",) and group.of == "gdcourse.checks.descent.backtracking"
    assert [(pair.left, pair.right) for pair in found.pairs] == [(("ann",), ("bob",))]
    near = similarities(BACKTRACKING, {"bob": own.replace("    return", "    print(t0)\n    return"), "cleo": MINE})
    assert not near.groups and [(pair.left, pair.right, pair.of) for pair in near.pairs] == [
        (("bob",), (), group.of)]  # fmt: skip
    withheld = next(e for e in checks.exercises().values() if e.withhold and len(tokens(normal(
        own_sources(e)[e.withhold[0]]))) > 2 * SHORT)  # fmt: skip
    found = similarities(withheld, {"ann": own_sources(withheld)[withheld.withhold[0]]})
    assert found.groups == [(withheld.name, ("ann",), withheld.withhold[0])]


def test_what_is_short_or_written_by_many_is_not_listed():
    short = checks.exercises()["relu_subgradient"]
    source = solution_source(short, short.reference)
    assert similarities(short, {"ann": source, "bob": source}) == ([], [], 0, ())
    many = {f"s{i}": MINE for i in range(30)}
    others = {f"o{i}": solution_source(BACKTRACKING, BACKTRACKING.styles[0]) for i in range(2)}
    found = similarities(BACKTRACKING, {**many, **others, "ann": EDITED})
    assert found.common == 1 and not found.pairs and [g.students for g in found.groups] == [("o0", "o1")]
    stub = MINE + "\n\ndef more():\n    return 1\n"
    assert similarities(BACKTRACKING, {"ann": stub, "bob": stub + "\nx = 1\n"}, handed_out=stub) == ([], [], 0, ())


def edited(source, times, rng):
    """Return a copy with a few lines put in and a few sums turned round, as someone does who wants it to look new."""
    tree = ast.parse(source)
    for _ in range(times):
        body = rng.choice([node.body for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)])
        sums = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Add | ast.Mult)]
        if sums and rng.random() < 0.5:
            chosen = rng.choice(sums)
            chosen.left, chosen.right = chosen.right, chosen.left
        else:
            body.insert(rng.randrange(len(body)), ast.parse(rng.choice(["print('here')", "unused = 1.0 * 2"])).body[0])
    return ast.unparse(tree)


def test_copies_are_found_and_two_people_who_did_not_speak_are_not():
    rng, found, copies, strangers = random.Random(0), 0, 0, 0
    for exercise in checks.exercises().values():
        for position, style in enumerate(exercise.styles):
            source = solution_source(exercise, style)
            if len(tokens(normal(source))) < SHORT + 15:
                continue
            copies += 1
            listed = similarities(exercise, class_of(exercise, copy=edited(source, 2, rng))).pairs
            found += any(pair.left + pair.right in ((f"t{position}", "copy"), ("copy", f"t{position}"))
                         for pair in listed)  # fmt: skip
            strangers += sum(len({*pair.left, *pair.right} - {"copy"}) > 1 for pair in listed)
    assert copies > 60 and found > 0.85 * copies and strangers == 0


@pytest.mark.parametrize("students", [0, 1])
def test_a_class_of_nobody_or_one(students):
    assert similarities(BACKTRACKING, {f"s{i}": MINE for i in range(students)}) == ([], [], 0, ())


def test_a_copy_in_a_cell_of_ones_own_or_behind_dead_branches_is_found():
    """Whatever stands around it, and under whatever name: it is what runs that is compared."""
    hidden = RENAMED.replace("def backtracking(", "def helper(")
    call = "def backtracking(f, g, x, p, t0=1.0, c=1e-4, rho=0.5):\n    return helper(f, g, x, p, t0, c, rho)\n"
    dead = RENAMED.replace("    steps = [t0]\n", """    if False:
        unused = [fun(where) for _ in range(30)]
        print("a very long way round", unused, sum(unused), max(unused), sorted(unused), len(unused))
    while 0 > 1:
        d = d * 2 + sum(map(abs, [1, 2, 3])) - max([4, 5, 6]) + min([7, 8, 9])
    steps = [t0]
""") + "    return [fun(where) for _ in range(40)], sorted([fun(where)]), sum([d, d, d])\n"  # fmt: skip
    decoy = "def backtracking(f, g, x, p, t0=1.0, c=1e-4, rho=0.5):\n    raise NotImplementedError\n"
    theirs = {"own cell": (call, [hidden]), "defined again": (decoy, ["x = 1", RENAMED]), "dead branches": (dead, [])}
    for source, hers in theirs.values():
        found = similarities(BACKTRACKING, {"ann": MINE, "eve": whole(BACKTRACKING, source, hers)})
        alike = [set(group.students) for group in found.groups] + [{*p.left, *p.right} for p in found.pairs if not p.of]
        assert {"ann", "eve"} in alike, source
    assert whole(BACKTRACKING, MINE, ["import numpy", hidden, "%time x"]) == MINE.rstrip("\n") + "\n"


def test_an_answer_that_is_no_python_is_named():
    found = similarities(BACKTRACKING, {"ann": MINE, "eve": MINE + "\n(" + "x" * 60, "zoe": "?"})
    assert found.unread == ("eve",)


@pytest.mark.parametrize("text", [" ", "\t", "f'{x}", "(", "a ", "x = ", "?", "%a\n", "\\", "if 0:\n "])
def test_the_longest_cell_is_read_in_one_go(text):
    """Two million blanks kept the report busy for hours; what is shown of a cell is also all that is compared."""
    normal("def spectral_step(H:\n" + (text * CODE)[:CODE])
    normal("x = f'" + "{x}" * (CODE // 3) + "'")
