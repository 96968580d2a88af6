"""Rules in two languages: translate a small, elementwise subset of Python to JavaScript.

A rule is a plain function of numbers: assignments to names, + - * /, unary minus, sqrt, a choice between two
values by one comparison, calls of other rules, and one return at the end. Those operations are the same IEEE
operations in NumPy and in a browser, so the translation gives the same bits. Anything else raises a
`TranslationError` with the file and the line, because a widget that is nearly right is wrong.
"""

import ast
import inspect
import json
import math
import operator
import textwrap
from types import FunctionType

import numpy as np

ALLOWED = (
    "a rule may assign to names, use + - * /, unary minus, sqrt, where(a < b, x, y), x if a < b else y, "
    "and calls of other rules, and ends with one return"
)
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
PYTHON = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "===", ast.NotEq: "!=="}
RESERVED = frozenset(
    "arguments await break case catch class const continue debugger default delete do else enum eval export "
    "extends false finally for function if implements import in instanceof interface let new null package "
    "private protected public return static super switch this throw true try typeof undefined var void while "
    "with yield Math NaN Infinity".split()
)


class TranslationError(ValueError):
    """A rule uses something that JavaScript would not compute to the same bits."""


def javascript(function):
    """Return the JavaScript function that computes what a Python rule computes, bit for bit.

    Args: function: a function written in the subset above, defined in a file.
    Returns: the source of one JavaScript function of the same name; several values come back as an array.
    Raises: TranslationError, a ValueError, that names the file, the line and what is allowed.
    Example:
        >>> from gdcourse.optimizers import momentum_rule
        >>> print(javascript(momentum_rule))
        function momentum_rule(g, v, lr, beta) {
          v = ((beta * v) + g);
          let update = ((-lr) * v);
          return [update, v];
        }
    """
    return _Rule(function).source


def module(**exports):
    """Return JavaScript source that exports each argument by name.

    Args: exports: rules, or numbers, strings, lists and dictionaries that may hold rules.
    Returns: source text: every rule met, and those it calls, once, then one `export const` an argument.
    Raises: TranslationError for a rule outside the subset, or two different rules of one name.
    Example:
        >>> from gdcourse.optimizers import gd_rule
        >>> print(module(RULES={"gd": gd_rule}, RATE=0.1))
        function gd_rule(g, lr) {
          let update = ((-lr) * g);
          return update;
        }
        export const RULES = {"gd": gd_rule};
        export const RATE = 0.1;
    """
    rules = {}
    lines = [f"export const {name} = {_literal(value, rules)};" for name, value in exports.items()]
    return "\n".join([rule.source for rule in rules.values()] + lines)


def _literal(value, rules):
    if isinstance(value, FunctionType):
        return _collect(value, rules)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(k))}: {_literal(v, rules)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_literal(v, rules) for v in value) + "]"
    return json.dumps(value, allow_nan=False)


def _collect(function, rules):
    name = function.__name__
    if name not in rules:
        rule = _Rule(function)
        for called in rule.calls.values():
            _collect(called, rules)
        rules[name] = rule
    elif rules[name].function is not function:
        raise TranslationError(f"two different rules are called {name}: rename one, a page holds both")
    return name


class _Rule:
    """The translation of one function: its source, how many values it returns and the rules it calls."""

    def __init__(self, function, callers=()):
        self.function, self.callers, self.calls = function, (*callers, function), {}
        if not isinstance(function, FunctionType):
            raise TranslationError(f"a rule must be a function defined with def, got {function!r}")
        try:
            lines, self.first = inspect.getsourcelines(function)
        except OSError:
            raise TranslationError(f"{function.__name__}: a rule's source must be in a file") from None
        self.file = inspect.getsourcefile(function)
        node = ast.parse(textwrap.dedent("".join(lines))).body[0]
        if not isinstance(node, ast.FunctionDef) or node.decorator_list:
            self.refuse(node, "a rule must be a plain def without decorators")
        plain = ast.arguments(posonlyargs=[], args=node.args.args, kwonlyargs=[], kw_defaults=[], defaults=[])
        if ast.dump(node.args) != ast.dump(plain):
            self.refuse(node, "the arguments of a rule are plain names without defaults")
        self.known = []
        for argument in node.args.args:
            self.define(argument, argument.arg)
        *body, last = node.body
        if body and isinstance(body[0], ast.Expr) and isinstance(getattr(body[0].value, "value", None), str):
            body = body[1:]
        if not isinstance(last, ast.Return) or last.value is None:
            self.refuse(last, "a rule ends with a return of its results")
        self.results = len(last.value.elts) if isinstance(last.value, ast.Tuple) else 1
        head = f"function {node.name}({', '.join(self.known)}) {{"
        text = [self.assignment(statement) for statement in body] + [f"return {self.result(last.value)};"]
        self.source = "\n".join([head, *("  " + line for line in text), "}"])

    def refuse(self, node, why):
        line = self.first + getattr(node, "lineno", 1) - 1
        raise TranslationError(f"{self.file}, line {line}, in {self.function.__name__}: {why}; {ALLOWED}")

    def define(self, node, name):
        if name in RESERVED or not name.isascii():
            self.refuse(node, f"{name!r} means something else in JavaScript")
        if name in self.known:
            return name
        self.known.append(name)
        return f"let {name}"

    def assignment(self, node):
        if isinstance(node, ast.AugAssign):
            self.refuse(node, "an augmented assignment would change a caller's array: write a = a + b")
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            self.refuse(node, f"{type(node).__name__} is not in the subset")
        target = node.targets[0]
        if isinstance(target, ast.Name):
            value = self.expression(node.value)
            return f"{self.define(target, target.id)} = {value};"
        if not isinstance(target, ast.Tuple) or not all(isinstance(name, ast.Name) for name in target.elts):
            self.refuse(node, "only names can be assigned to")
        if not isinstance(node.value, ast.Call):
            self.refuse(node, "several names at once take the results of another rule, nothing else")
        value = self.call(node.value, results=len(target.elts))
        new = [name.id for name in target.elts if name.id not in self.known]
        if new and len(new) < len(target.elts):
            self.refuse(node, "assign to all new names or to all old ones")
        names = [self.define(name, name.id).removeprefix("let ") for name in target.elts]
        return f"{'let ' if new else ';'}[{', '.join(names)}] = {value};"

    def result(self, node):
        if isinstance(node, ast.Tuple):
            return "[" + ", ".join(self.expression(part) for part in node.elts) + "]"
        return self.expression(node)

    def expression(self, node):
        constant = self.constant(node)
        if constant is not None:
            if not math.isfinite(constant):
                self.refuse(node, "a number must be finite")
            return _number(constant)
        match node:
            case ast.Name():
                return self.name(node)
            case ast.BinOp(op=ast.Pow()):
                self.refuse(node, "** differs in the last bit between languages: write x*x*x")
            case ast.BinOp() if type(node.op) in OPERATORS:
                left, right = self.expression(node.left), self.expression(node.right)
                return f"({left} {OPERATORS[type(node.op)]} {right})"
            case ast.UnaryOp(op=ast.USub()):
                return f"(-{self.expression(node.operand)})"
            case ast.Compare():
                self.refuse(node, "a comparison chooses, it is not a number")
            case ast.IfExp():
                return self.choice(node.test, node.body, node.orelse)
            case ast.Call():
                return self.call(node)
        self.refuse(node, f"{type(getattr(node, 'op', node)).__name__} is not in the subset")

    def constant(self, node):
        """The value of an expression of literals alone, computed here and now, or None."""
        if isinstance(node, ast.Constant):
            if type(node.value) not in (int, float) or (abs(node.value) > 2**53 and type(node.value) is int):
                self.refuse(node, f"{node.value!r} is not a real number that a double holds")
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            operand = self.constant(node.operand)
            return None if operand is None else -operand
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            left, right = self.constant(node.left), self.constant(node.right)
            if left is None or right is None:
                return None
            if isinstance(node.op, ast.Div) and right == 0:
                self.refuse(node, "this divides by zero")
            return PYTHON[type(node.op)](left, right)
        return None

    def name(self, node):
        if node.id in self.known:
            return node.id
        value = self.function.__globals__.get(node.id)
        if type(value) not in (int, float) or not math.isfinite(value):
            self.refuse(node, f"{node.id} is no argument, no name assigned above and no number of the module")
        return _number(value)

    def comparison(self, node):
        if len(node.ops) > 1:
            self.refuse(node, "a chained comparison means something else in JavaScript: compare twice")
        if type(node.ops[0]) not in COMPARISONS:
            self.refuse(node, f"{type(node.ops[0]).__name__} is not in the subset")
        left, right = self.expression(node.left), self.expression(node.comparators[0])
        return f"({left} {COMPARISONS[type(node.ops[0])]} {right})"

    def choice(self, test, yes, no):
        if not isinstance(test, ast.Compare):
            self.refuse(test, "a choice needs a comparison as its condition")
        return f"({self.comparison(test)} ? {self.expression(yes)} : {self.expression(no)})"

    def call(self, node, results=1):
        called = self.resolve(node.func)
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            self.refuse(node, "arguments are given by position")
        if called in (np.sqrt, math.sqrt) and len(node.args) == 1:
            return f"Math.sqrt({self.expression(node.args[0])})"
        if called is np.where and len(node.args) == 3:
            return self.choice(*node.args)
        if not isinstance(called, FunctionType) or isinstance(node.func, ast.Attribute):
            self.refuse(node, f"{ast.unparse(node.func)} is not in the subset")
        if len(node.args) != called.__code__.co_argcount:
            self.refuse(node, f"{called.__name__} takes {called.__code__.co_argcount} arguments")
        if called.__name__ != node.func.id:
            self.refuse(node, f"call {called.__name__} by its own name")
        if called in self.callers:
            self.refuse(node, "a rule does not call itself")
        returned = _Rule(called, self.callers).results
        if returned != results:
            self.refuse(node, f"{called.__name__} returns {returned} values where {results} is wanted")
        self.calls[called.__name__] = called
        return f"{called.__name__}({', '.join(self.expression(a) for a in node.args)})"

    def resolve(self, node):
        if isinstance(node, ast.Name) and node.id not in self.known:
            return self.function.__globals__.get(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return getattr(self.function.__globals__.get(node.value.id), node.attr, None)
        return None


def _number(value):
    """A literal that JavaScript reads back to the same double."""
    text = repr(value if abs(value) <= 2**53 else float(value))
    return f"({text})" if text.startswith("-") else text
