"""Reverse mode: against complex steps of the same expression in NumPy, on reused nodes, diamonds and deep chains."""

import cmath
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdcourse import autodiff
from gdcourse.autodiff import OPERATIONS, Value, ancestors, graph, operation_counts
from gdcourse.differentiate import complex_step, numerical_gradient

# The same operations on complex numbers, kept inside the ranges where every one of them is smooth.
UNARY = {
    "neg": (lambda v: -v, lambda z: -z),
    "exp": (lambda v: (v / 8).exp(), lambda z: cmath.exp(z / 8)),
    "tanh": (lambda v: v.tanh(), cmath.tanh),
    "sigmoid": (lambda v: v.sigmoid(), lambda z: 1 / (1 + cmath.exp(-z))),
    "log": (lambda v: (v * v + 1).log(), lambda z: cmath.log(z * z + 1)),
    "cube": (lambda v: v.tanh() ** 3, lambda z: cmath.tanh(z) ** 3),
    "root": (lambda v: (v * v + 1) ** 0.5, lambda z: (z * z + 1) ** 0.5),
    "one minus": (lambda v: 1 - v, lambda z: 1 - z),
    "two over": (lambda v: 2 / (v * v + 1), lambda z: 2 / (z * z + 1)),
}
BINARY = {
    "+": (lambda a, b: a + b, lambda a, b: a + b),
    "-": (lambda a, b: a - b, lambda a, b: a - b),
    "*": (lambda a, b: a.tanh() * b, lambda a, b: cmath.tanh(a) * b),
    "/": (lambda a, b: a / (b * b + 2), lambda a, b: a / (b * b + 2)),
}
STEP = st.tuples(st.sampled_from([*UNARY, *BINARY]), st.integers(0, 99), st.integers(0, 99))


def run(program, inputs, which):
    pool = list(inputs)
    for name, i, j in program:
        a, b = pool[i % len(pool)], pool[j % len(pool)]
        pool.append(UNARY[name][which](a) if name in UNARY else BINARY[name][which](a, b))
    return pool[-1]


@settings(max_examples=150, derandomize=True)
@given(st.lists(STEP, min_size=1, max_size=12), st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3))
def test_random_expressions_match_complex_steps(program, point):
    inputs = [Value(x) for x in point]
    result = run(program, inputs, 0)
    result.backward()
    measured = complex_step(lambda x: run(program, list(x), 1), np.array(point))
    reached = set(ancestors(result))
    found = [x.grad if x in reached else 0.0 for x in inputs]
    assert found == pytest.approx(measured, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_each_local_derivative_matches_a_central_difference(operation):
    function, derivatives = OPERATIONS[operation]
    constants = (2.5,) if operation == "**" else ()
    point = np.array([0.7, 1.3] if operation in {"+", "-", "*", "/"} else [0.7])
    found = derivatives(function(*point, *constants), *point, *constants)
    measured = numerical_gradient(lambda x: function(*x, *constants), point)
    assert found == pytest.approx(measured, rel=1e-8)
    assert np.abs(np.multiply(found, 1.0005) / measured - 1).max() > 1e-4  # a rule 0.05 % wrong would be noticed


def test_a_reused_node_collects_from_every_use():
    x = Value(3.0)
    y = x * x + x
    y.backward()
    assert (y.data, x.grad) == (12.0, 7.0)


def test_a_diamond_visits_its_top_once_and_last():
    x = Value(2.0)
    a = x * 3
    b, c = a * a, a + 1
    (b * c).backward()  # 9x^2 (3x + 1): derivative 81 x^2 + 18 x
    assert x.grad == 81 * 4 + 18 * 2


def test_backward_twice_gives_the_same_gradients():
    x, y = Value(2.0), Value(-1.0)
    inner = x * y + x
    result = inner * inner + inner.exp()
    result.backward()
    first = [node.grad for node in ancestors(result)]
    result.backward()
    assert [node.grad for node in ancestors(result)] == first
    inner.backward()  # and a second result sharing the nodes starts afresh
    assert (x.grad, y.grad) == (0.0, 2.0)


def test_a_chain_of_100000_nodes_runs_and_is_deleted():
    x = Value(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1e-9
    y.backward()
    assert x.grad == 1.0
    del y, x  # a recursive deletion would overflow the stack and end the process


def test_doubling_visits_each_node_once():
    x = Value(1.0)
    y = x
    for _ in range(200):  # 2^200 paths
        y = y + y
    y.backward()
    assert x.grad == 2.0**200
    assert len(ancestors(y)) == 201


def test_numbers_on_either_side_and_numpy_numbers():
    x = Value(4.0)
    for result, value, slope in (
        (2 * x, 8, 2), (x * 2, 8, 2), (1 - x, -3, -1), (x - 1, 3, 1), (8 / x, 2, -0.5), (x / 8, 0.5, 0.125),
        (1 + x, 5, 1), (np.float64(2) * x, 8, 2), (np.float32(2) - x, -2, -1), (-x, -4, -1), (x**-0.5, 0.5, -0.0625),
        (x**0, 1, 0),
    ):  # fmt: skip
        result.backward()
        assert (result.data, x.grad) == (value, slope)


def test_relu_and_sigmoid_at_their_extremes():
    for at, value, slope in ((-2.0, 0.0, 0.0), (0.0, 0.0, 0.0), (3.0, 3.0, 1.0)):
        x = Value(at)
        y = x.relu()
        y.backward()
        assert (y.data, x.grad) == (value, slope)
    x = Value(-700.0)
    y = x.sigmoid()
    y.backward()
    assert y.data == pytest.approx(math.exp(-700), rel=1e-12)
    assert x.grad == pytest.approx(math.exp(-700), rel=1e-12)


class Counted(float):
    """A float that counts the multiplications and additions done with it."""

    done = 0

    def _count(operation):
        def counted(self, other):
            Counted.done += 1
            return Counted(operation(float(self), float(other)))

        return counted

    __mul__ = __rmul__ = _count(float.__mul__)
    __add__ = __radd__ = _count(float.__add__)


@pytest.mark.parametrize("n", [2, 5, 50])
def test_the_counts_are_those_of_the_arithmetic_done(n):
    # The leaves' gradients start as plain zeros; adding a counted product to one is counted by __radd__.
    numbers = [Value(Counted(1 + 1 / (i + 2))) for i in range(n)]
    Counted.done = 0
    result = numbers[0]
    for x in numbers[1:]:
        result = result * x
    forward, Counted.done = Counted.done, 0
    result.backward()
    assert operation_counts(result) == (forward, Counted.done) == (n - 1, 4 * (n - 1))


def test_the_graph_is_the_computation():
    x, w = Value(2.0, "x"), Value(0.5, "w")
    y = (x * w) ** 2
    y.backward()
    nodes, edges = graph(y)
    assert [node.label for node in nodes] == ["w", "x", "*", "** 2"]
    assert [(node.data, node.grad) for node in nodes] == [(0.5, 4.0), (2.0, 1.0), (1.0, 2.0), (1.0, 1.0)]
    assert sorted(edges) == [(0, 2, 2.0), (1, 2, 0.5), (2, 3, 2.0)]
    # The chain rule along the drawn edges gives the drawn gradients.
    for i, node in enumerate(nodes[:-1]):
        assert node.grad == sum(e.derivative * nodes[e.child].grad for e in edges if e.parent == i)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Value(float("nan")), "data must be a finite number, got nan"),
        (lambda: Value("three"), "data must be a finite number, got 'three'"),
        (lambda: Value(1.0) / 0, r"/ must have a finite real value, got arguments 1, 0"),
        (lambda: Value(-1.0).log(), "log must have a finite real value, got arguments -1"),
        (lambda: Value(-1.0) ** 0.5, r"\*\* must have a finite real value, got arguments -1, 0.5"),
        (lambda: Value(1000.0).exp(), "exp must have a finite real value, got arguments 1000"),
        (lambda: (Value(0.0) ** 0.5).backward(), r"\*\* must have a finite real derivative, got arguments 0, 0.5"),
        (lambda: Value(1e200) * 1e200, "data must be a finite number, got inf"),
        (lambda: Value(2.0) ** Value(2.0), "exponent must be a finite number"),
    ],
)
def test_bad_input_names_itself(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_rule_that_is_slightly_wrong_is_caught(monkeypatch):
    function, _ = OPERATIONS["tanh"]
    monkeypatch.setitem(autodiff.OPERATIONS, "tanh", (function, lambda y, a: (1.0005 * (1 - y * y),)))
    x = Value(0.3)
    y = x.tanh()
    y.backward()
    measured = complex_step(lambda z: np.tanh(z[0]), np.array([0.3]))[0]
    assert x.grad != pytest.approx(measured, rel=1e-4)
