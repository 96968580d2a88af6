"""Find answers that are written alike. It says where to look, and nothing about who did what, or why.

Two answers are *the same* if they are after names, comments, docstrings and layout are put aside. They are *alike* if
they share most of their rarer pieces: runs of four tokens, each weighed by how few of the distinct answers hold it
(tf-idf of scikit-learn, compared by the cosine). Two styles of one exercise stand for two students who did not speak to
each other: at 0.6 none of 138 such pairs is listed, and of copies with three small edits 94 in 100 are. Winnowing, as
copydetect has it, finds 90 of these with one false alarm in a hundred, takes longer, and is one dependency more.

What is too short to be written in many ways is left out, and so is what much of the class has written.
"""

import ast
import io
import operator
import re
import tokenize
import warnings
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

from gdcourse.checks.exercise import as_tuple, source_of
from gdcourse.grading.authoring.sample import solution_name, solution_source

SHORT = 50  # tokens beyond what was handed out, below which two people may well write the same
COMMON = 0.2  # of the class; what more than this share has written is the way one writes it
ALIKE = 0.6
END = ast.Return | ast.Raise | ast.Continue | ast.Break
ORDERS = {ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.Gt: operator.gt, ast.LtE: operator.le,
          ast.GtE: operator.ge}  # fmt: skip
UNREADABLE = SyntaxError, ValueError, RecursionError, MemoryError
MAGIC = re.compile(r"[%!?]|[\w, \t]++=[ \t]*+[%!]")


class Group(NamedTuple):
    """Students whose answers are the same. of: the package's own solution that it is too, or nothing."""

    exercise: str
    students: tuple[str, ...]
    of: str = ""


class Pair(NamedTuple):
    """Two answers that are alike, each with all who wrote it. of: the name of the second where it is the package's."""

    exercise: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    of: str
    share: float


class Findings(NamedTuple):
    """What there is to look at in one exercise; common: how many distinct answers were left out as written by many."""

    groups: list[Group]
    pairs: list[Pair]
    common: int
    unread: tuple = ()  # whose answer is no Python


def similarities(exercise, answers, handed_out=""):
    """Return the Findings of an exercise.

    Args: exercise: an Exercise; answers: {student: source of the solution cell}; handed_out: the cell's first text.
    """
    start, wrote, unread = normal(handed_out) or "", {}, []
    for student, source in sorted(answers.items()):
        form = normal(source)
        if form is None and len(source) > SHORT:
            unread.append(student)
        if form and form != start and len(tokens(form)) - len(tokens(start)) >= SHORT:
            wrote.setdefault(form, []).append(student)
    often = max(3, COMMON * len(answers))
    telling = {form: tuple(students) for form, students in wrote.items() if len(students) <= often}
    own = {}
    for name, source in own_sources(exercise).items():
        own.setdefault(normal(source), name)
    groups = [Group(exercise.name, students, own.get(form, "")) for form, students in telling.items()
              if len(students) > 1 or form in own]  # fmt: skip
    pairs = _alike(exercise.name, telling, {form: name for form, name in own.items() if form not in wrote})
    return Findings(groups, pairs, len(wrote) - len(telling), tuple(unread))


def whole(exercise, source, hers):
    """Return an answer with what it uses of the student's own cells: a copy may stand there, under any name."""
    try:
        body = _parsed(source).body
        own = [node for text in hers for node in _definitions(text)]
        used, taken = set(exercise.names) | _names(body), []
        for node in reversed(own):  # the last of a name counts
            if node.name in used:
                taken.append(node)
                used = used - {node.name} | _names(node.body)
        return "\n".join([source, *map(ast.unparse, reversed(taken))])
    except UNREADABLE:
        return source


def _definitions(text):
    try:
        return [node for node in _parsed(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    except UNREADABLE:
        return []


def _names(nodes):
    return {node.id for part in nodes for node in ast.walk(part) if isinstance(node, ast.Name)}


def own_sources(exercise):
    """Return {where it is: source} of the package's own solutions: the reference, the styles, what is withheld."""
    found = {f"{as_tuple(s)[0].__module__}.{solution_name(s)}": solution_source(exercise, s)
             for s in (exercise.reference, *exercise.styles)}  # fmt: skip
    for path in exercise.withhold:
        module, name = path.rsplit(".", 1)
        found[path] = source_of(getattr(import_module(module), name))
    return found


def _alike(name, telling, own):
    if len(telling) < 2:
        return []
    from sklearn.feature_extraction.text import TfidfVectorizer

    forms = [*telling, *own]
    weights = TfidfVectorizer(analyzer=pieces, binary=True).fit_transform(forms)
    near = (weights[: len(telling)] @ weights.T).tocoo()
    pairs = []
    for i, j, share in zip(near.row, near.col, near.data, strict=True):
        if i < j and share >= ALIKE:
            other = forms[j]
            pairs.append(Pair(name, telling[forms[i]], telling.get(other, ()), own.get(other, ""), float(share)))
    return sorted(pairs, key=lambda pair: (-pair.share, pair))


def normal(source):
    """Return a source with every name of its own numbered as it comes, and nothing said beside the code; or None."""
    try:
        tree = _parsed(source)
        own = {name for node in ast.walk(tree) for name in _bound(node)}
        return ast.unparse(_Numbered(own).visit(_Live().visit(tree)))
    except UNREADABLE:
        return None


def _parsed(source):
    with warnings.catch_warnings(action="ignore"):  # of a text's odd escapes, say: not for the instructor's terminal
        try:
            return ast.parse(source)
        except SyntaxError:  # a notebook's %magic, !command or question? takes no answer off the list
            lines = ((line.strip(), line) for line in source.split("\n"))
        return ast.parse("\n".join("" if MAGIC.match(bare) or bare.endswith("?") else line for bare, line in lines))


def _bound(node):
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name


class _Live(ast.NodeTransformer):
    """Drop what is never reached: behind a return, or a condition that is false whatever happens."""

    def generic_visit(self, node):
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            if isinstance(lines := getattr(node, field, None), list):
                lines = [line for statement in lines for line in _branch(statement)]
                ends = (i for i, line in enumerate(lines) if isinstance(line, END))
                setattr(node, field, lines[: next(ends, len(lines)) + 1] or ([ast.Pass()] if field == "body" else []))
        return node


def _branch(node):
    """Return the statements that are left of one: one branch of an `if` whose condition is known."""
    known = _known(node.test) if isinstance(node, ast.If | ast.While) else None
    if known is None or (known and isinstance(node, ast.While)):
        return [node]
    return node.body if known else node.orelse


def _known(test):
    """Return whether a condition holds, None where that is not to be seen."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _known(test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        sides = test.left, test.comparators[0]
        ask = ORDERS.get(type(test.ops[0]))
        if ask and all(isinstance(s, ast.Constant) and isinstance(s.value, int | float) for s in sides):
            return ask(*(s.value for s in sides))
    return None


class _Numbered(ast.NodeTransformer):
    """Replace names by numbers in order of appearance; drop docstrings and other bare texts, and annotations."""

    def __init__(self, own):
        self.own, self.numbers = own, {}

    def generic_visit(self, node):
        for field in ("name", "id", "arg"):
            name = getattr(node, field, None)
            if isinstance(name, str) and name in self.own and not isinstance(node, ast.keyword | ast.alias):
                setattr(node, field, f"v{self.numbers.setdefault(name, len(self.numbers))}")
        for field in ("annotation", "returns"):
            if hasattr(node, field) and not isinstance(node, ast.AnnAssign):
                setattr(node, field, None)
        if isinstance(getattr(node, "body", None), list):
            kept = [n for n in node.body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))]
            node.body = kept or ([ast.Pass()] if node.body else [])
        return super().generic_visit(node)


@lru_cache(maxsize=10_000)
def tokens(form):
    """Return the tokens of a normal form, its names all alike, so that one more does not renumber the rest."""
    words = (token.string for token in tokenize.generate_tokens(io.StringIO(form).readline))
    return [re.sub(r"^v\d+$", "v", word) for word in words if word.strip()]


def pieces(form, length=4):
    """Return every run of four tokens of a normal form."""
    words = tokens(form)
    return [" ".join(words[i : i + length]) for i in range(max(1, len(words) - length + 1))]
