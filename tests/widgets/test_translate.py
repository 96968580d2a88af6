"""The translator: what it lets through computes the same bits, and everything else it refuses, naming the line."""

import math
import struct

import numpy as np
import pytest

from gdcourse import optimizers, problems
from gdcourse.widgets.translate import TranslationError, javascript, module

HALF = 0.5


def order(a, b, c):
    d = a - (b - c)
    e = a / (b * c) / d
    return (a + b) + c, a + (b + c), -a * b, -(a * b), d, e, a - b - c, a / b / c


def numbers(a, b, c):
    tiny = 5e-324
    large = c * 1.7976931348623157e308
    return a * 0.1, b * 1e-5, large, a + 1 / 3, b - 12345678901234567.0, tiny * a, HALF * c, -0.0 * a


def roots(a, b, c):
    return np.sqrt(a * a + b * b), math.sqrt(a * a), a / np.sqrt(1e-8 + c * c)


def choices(a, b, c):
    larger = np.where(a < b, b, a)
    sign = -1.0 if c < 0 else 1.0
    return larger, sign, np.where(a >= b, a, c), (a if b != c else b), np.where(a <= c, 1, 0), (1.0 if a == b else 2.0)


def square_and_cube(x):
    square = x * x
    return square, square * x


def calls(a, b, c):
    """A docstring is no statement."""
    square, cube = square_and_cube(a)
    square, cube = square_and_cube(square - cube)
    return square, halved(cube) + halved(halved(b))


def halved(x):
    x = x / 2
    return x


TRANSLATED = [order, numbers, roots, choices, calls]


@pytest.mark.browser
@pytest.mark.parametrize("rule", TRANSLATED, ids=lambda rule: rule.__name__)
def test_translation_computes_the_same_bits(scratch, rule):
    rng = np.random.default_rng(7)
    points = [tuple(rng.normal(size=3) * 10.0 ** rng.integers(-12, 12, size=3)) for _ in range(300)]
    points += [(0.0, 1.0, -0.0), (1.0, 1.0, 1.0), (-0.0, 2.0, 3.0)]
    text = module(RULE=rule).replace("export ", "")
    theirs = scratch.evaluate(
        "([text, points]) => { const rule = new Function(text + 'return RULE;')();"
        " return points.map((p) => [...new Uint8Array(Float64Array.from([rule(...p)].flat()).buffer)]); }",
        [text, points],
    )
    with np.errstate(all="ignore"):
        for point, other in zip(points, theirs, strict=True):
            mine = np.array(rule(*map(np.float64, point)), dtype=float)
            # A NaN is a NaN, whatever its payload.
            other = np.array(struct.unpack(f"{len(other) // 8}d", bytes(other)))
            assert np.where(np.isnan(mine), 0, mine).tobytes() == np.where(np.isnan(other), 0, other).tobytes(), point


def power(x):
    return x**2


def power_of_a_name(x, n):
    y = x * x
    return y + x**n


def modulo(x):
    return x % 2.0


def floor_division(x):
    return x // 2.0


def not_a_number(x):
    return x * True


def complex_number(x):
    return x * 1j


def infinite(x):
    return x * 1e999


def too_long(x):
    return x * 9007199254740993


def divides_by_zero(x):
    return x * (1 / 0)


def exponential(x):
    return np.exp(x)


def absolute(x):
    return abs(x)


def imported(x):
    from math import sqrt

    return sqrt(x)


def unknown_name(x):
    return x * elsewhere  # noqa: F821


def used_before(x):
    y = x * z  # noqa: F821
    z = y
    return z


def augmented(x):
    x += 1.0
    return x


def chained(x):
    return 1.0 if 0 < x < 1 else 2.0


def logical(x):
    return 1.0 if x > 0 and x < 1 else 2.0


def number_as_condition(x):
    return 1.0 if x else 2.0


def comparison_as_number(x):
    return (x > 0) * x


def identity(x):
    return 1.0 if x is None else 2.0


def branches(x):
    if x > 0:
        x = -x
    return x


def loops(x):
    for _ in range(3):
        x = x * x
    return x


def subscript(x):
    return x[0]


def attribute(x):
    return x.real


def method_call(x):
    return x.sum()


def lists(x):
    return [x, x]


def keyword(x):
    return halved(x=x)


def starred(x):
    return halved(*x)


def two_as_one(x):
    return square_and_cube(x) * 2.0


def one_as_two(x):
    a, b = halved(x)
    return a + b


def swap(x, y):
    x, y = y, x
    return x, y


def wrong_count(x):
    return halved(x, x)


def itself(x):
    return itself(x)


def this_one(x):
    return that_one(x)


def that_one(x):
    return this_one(x)


def default_argument(x, y=1.0):
    return x * y


def rest_arguments(*x):
    return x


def keyword_only(*, x):
    return x


def reserved(new):
    return new


def reserved_name(x):
    let = x
    return let


def returns_nothing(x):
    x = x * x


def returns_none(x):
    return


def two_targets(x):
    y = z = x
    return y + z


def annotated(x):
    y: float = x
    return y


def walrus(x):
    return (y := x) * y


def text(x):
    return "x"


def decorated_by(function):
    return function


@decorated_by
def decorated(x):
    return x


def fraction_power(x):
    return np.power(x, 2)


REFUSED = {
    power: "write x\\*x\\*x", power_of_a_name: "write x\\*x\\*x", modulo: "Mod", floor_division: "FloorDiv",
    not_a_number: "True is not a real number", complex_number: "1j is not", infinite: "finite",
    too_long: "that a double holds", divides_by_zero: "divides by zero", exponential: "np.exp", absolute: "abs",
    imported: "ImportFrom", unknown_name: "elsewhere is no argument", used_before: "z is no argument",
    augmented: "write a = a \\+ b", chained: "chained", logical: "needs a comparison", walrus: "NamedExpr",
    number_as_condition: "needs a comparison", comparison_as_number: "chooses", identity: "Is",
    branches: "If is not", loops: "For is not", subscript: "Subscript", attribute: "Attribute",
    method_call: "x.sum", lists: "List", keyword: "by position", starred: "by position",
    two_as_one: "returns 2 values where 1", one_as_two: "returns 1 values where 2", swap: "results of another rule",
    wrong_count: "takes 1 arguments", itself: "does not call itself", this_one: "does not call itself",
    default_argument: "without defaults", rest_arguments: "without defaults", keyword_only: "without defaults",
    reserved: "'new' means something else", reserved_name: "'let' means", returns_nothing: "ends with a return",
    returns_none: "ends with a return", two_targets: "Assign", annotated: "AnnAssign", text: "not a real number",
    decorated: "without decorators", fraction_power: "np.power",
}  # fmt: skip


@pytest.mark.parametrize("rule", REFUSED, ids=lambda rule: rule.__name__)
def test_everything_else_is_refused_with_its_line(rule):
    with pytest.raises(TranslationError, match=REFUSED[rule]) as caught:
        javascript(rule)
    message = str(caught.value)
    assert "test_translate.py, line " in message and "a rule may" in message
    line = int(message.split("line ")[1].split(",")[0])
    first = rule.__code__.co_firstlineno
    assert first <= line <= first + 5


def test_a_refusal_names_the_very_line():
    with pytest.raises(ValueError, match=f"line {power_of_a_name.__code__.co_firstlineno + 2}, in power_of_a_name"):
        javascript(power_of_a_name)


@pytest.mark.parametrize("thing", [lambda x: x, 3.0, math.sqrt, type], ids=["lambda", "number", "builtin", "class"])
def test_only_functions_with_a_source_are_rules(thing):
    with pytest.raises(TranslationError):
        javascript(thing)


def test_a_function_without_a_file_is_refused():
    names = {}
    exec("def typed_in(x):\n    return x", names)
    with pytest.raises(TranslationError, match="in a file"):
        javascript(names["typed_in"])


def test_two_rules_of_one_name_are_refused():
    def halved(x):
        return x * 0.25

    with pytest.raises(TranslationError, match="two different rules are called halved"):
        module(A=calls, B=halved)


def test_a_module_holds_each_rule_once_and_called_rules_too():
    source = module(A=calls, B={"calls": calls, "list": [halved, 1.5, "x"]})
    for name in ("calls", "halved", "square_and_cube"):
        assert source.count(f"function {name}(") == 1
    assert '"list": [halved, 1.5, "x"]' in source


def test_every_rule_of_the_package_is_in_the_subset():
    rules = [value for name, value in vars(optimizers).items() if name.endswith("_rule") and name[0] != "_"]
    rules += [rule for surface in problems.SURFACES.values() for rule in (surface.value, surface.gradient)]
    assert len(rules) >= 13
    for rule in rules:
        assert javascript(rule).startswith(f"function {rule.__name__}(")
