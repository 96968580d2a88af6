"""Reverse-mode differentiation of scalars, on one screen.

Every operation makes a node that remembers its parents. `backward` starts from a result, visits each node once
after everything that used it, and hands its gradient on to its parents, times the local derivative (the chain
rule) and added to what other uses of the parent sent (the sum rule).

    x = Value(3.0)
    y = x * x + x
    y.backward()
    x.grad  # 7.0
"""

import math
from typing import NamedTuple

from gdcourse._validate import number

OPERATIONS = {
    "+": (lambda a, b: a + b, lambda y, a, b: (1.0, 1.0)),
    "-": (lambda a, b: a - b, lambda y, a, b: (1.0, -1.0)),
    "*": (lambda a, b: a * b, lambda y, a, b: (b, a)),
    "/": (lambda a, b: a / b, lambda y, a, b: (1 / b, -y / b)),
    "**": (lambda a, c: a**c, lambda y, a, c: (c * a ** (c - 1) if c else 0.0,)),
    "neg": (lambda a: -a, lambda y, a: (-1.0,)),
    "exp": (lambda a: math.exp(a), lambda y, a: (y,)),
    "log": (lambda a: math.log(a), lambda y, a: (1 / a,)),
    "tanh": (lambda a: math.tanh(a), lambda y, a: (1 - y * y,)),
    "relu": (lambda a: max(a, 0.0), lambda y, a: (1.0 if a > 0 else 0.0,)),
    "sigmoid": (lambda a: math.exp(min(a, 0.0)) / (1 + math.exp(-abs(a))), lambda y, a: (y * (1 - y),)),
}
"""Every operation by name: its function of the parents, and its derivative with respect to each of them."""


class Value:
    """A number that remembers how it was made.

    Args: data: a finite number; name: what a drawing calls it.
    Its fields: data; grad, the derivative of the last result whose backward() reached it; operation; parents;
    constants, the numbers an operation takes that are not differentiated (the exponent of **).
    Raises: ValueError if data is not finite, or where an operation is not defined.
    Example:
        >>> a, b = Value(2.0), Value(-3.0)
        >>> (a * b + b**2).backward()
        >>> a.grad, b.grad
        (-3.0, -4.0)
    """

    __slots__ = ("constants", "data", "grad", "name", "operation", "parents")
    __array_ufunc__ = None  # so that NumPy's numbers leave  number * Value  to us

    def __init__(self, data, name=""):
        self.data = data if isinstance(data, float) and math.isfinite(data) else number("data", data)
        self.name = name
        self.grad = 0.0
        self.operation, self.parents, self.constants = "", (), ()

    def __repr__(self):
        return f"Value({self.data}, grad={self.grad})"

    def local_derivatives(self):
        """Return the derivative of this node with respect to each parent, a tuple."""
        arguments = [parent.data for parent in self.parents]
        return _evaluate(self.operation, 1, self.data, *arguments, *self.constants) if arguments else ()

    def backward(self):
        """Set grad, on every node this one was made from, to the derivative of this one with respect to it.

        parent.grad += local derivative * node.grad, each node after all those made from it

        All are set to zero first, so that a second call gives the same gradients, not twice them.
        """
        order = ancestors(self)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, derivative in zip(node.parents, node.local_derivatives()):
                parent.grad += derivative * node.grad

    def __add__(self, other):
        return _apply("+", self, other)

    def __sub__(self, other):
        return _apply("-", self, other)

    def __mul__(self, other):
        return _apply("*", self, other)

    def __truediv__(self, other):
        return _apply("/", self, other)

    def __rsub__(self, other):
        return _apply("-", other, self)

    def __rtruediv__(self, other):
        return _apply("/", other, self)

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, exponent):
        return _apply("**", self, constants=(number("exponent", exponent),))

    def __neg__(self):
        return _apply("neg", self)

    def exp(self):
        """Return e to the power of this."""
        return _apply("exp", self)

    def log(self):
        """Return the natural logarithm of this."""
        return _apply("log", self)

    def tanh(self):
        """Return the hyperbolic tangent of this."""
        return _apply("tanh", self)

    def relu(self):
        """Return the larger of this and 0; the slope at 0 is taken to be 0."""
        return _apply("relu", self)

    def sigmoid(self):
        """Return 1 / (1 + exp(-this))."""
        return _apply("sigmoid", self)


def _apply(operation, *parents, constants=()):
    parents = tuple(p if isinstance(p, Value) else Value(p) for p in parents)
    result = Value(_evaluate(operation, 0, *(p.data for p in parents), *constants))
    result.operation, result.parents, result.constants = operation, parents, constants
    return result


def _evaluate(operation, which, *arguments):
    try:
        result = OPERATIONS[operation][which](*arguments)
        if isinstance(result, complex):
            raise ValueError
        return result
    except (ArithmeticError, ValueError):
        at = ", ".join(f"{x:g}" for x in (arguments if which == 0 else arguments[1:]))
        what = "value" if which == 0 else "derivative"
        raise ValueError(f"{operation} must have a finite real {what}, got arguments {at}") from None


def ancestors(result):
    """Return every node a result was made from, parents before children, the result last.

    Found with a stack of our own: a chain of 100,000 operations is far deeper than Python lets functions nest.

    Args: result: a Value. Returns: a list of Values, each once.
    Example:
        >>> x = Value(3.0)
        >>> [node.data for node in ancestors(x * x + x)]
        [3.0, 9.0, 12.0]
    """
    order, seen, stack = [], set(), [(result, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return order


class Counts(NamedTuple):
    """Arithmetic operations: to compute a result, and then to compute every derivative of it."""

    forward: int
    reverse: int


def operation_counts(result):
    """Count what a result and its gradient cost (Baur and Strassen, 1983: the gradient costs a small multiple).

    Forward, one operation a node. In reverse, a multiplication and an addition for each parent of each node; the
    local derivatives are read off, as those of a product can be.

    Args: result: a Value. Returns: Counts.
    Example:
        >>> x = [Value(2.0) for _ in range(5)]
        >>> operation_counts(x[0] * x[1] * x[2] * x[3] * x[4])
        Counts(forward=4, reverse=16)
    """
    made = [node for node in ancestors(result) if node.parents]
    return Counts(len(made), sum(2 * len(node.parents) for node in made))


class Node(NamedTuple):
    """A node to draw: its name or operation, its value, and its gradient."""

    label: str
    data: float
    grad: float


class Edge(NamedTuple):
    """An arrow to draw, between positions in the list of nodes, with the local derivative along it."""

    parent: int
    child: int
    derivative: float


def graph(result):
    """Return a computation as plain data to draw: its nodes in the order they were computed, and its edges.

    Backward visits the nodes in reverse. A parent used twice by one node has two edges.

    Args: result: a Value. Returns: (nodes, edges), lists of Node and Edge.
    Example:
        >>> x = Value(3.0, "x")
        >>> y = x * x
        >>> y.backward()
        >>> graph(y)[0]
        [Node(label='x', data=3.0, grad=6.0), Node(label='*', data=9.0, grad=1.0)]
        >>> graph(y)[1]
        [Edge(parent=0, child=1, derivative=3.0), Edge(parent=0, child=1, derivative=3.0)]
    """
    order = ancestors(result)
    position = {node: i for i, node in enumerate(order)}
    nodes = [Node(_label(node), node.data, node.grad) for node in order]
    edges = [
        Edge(position[parent], position[node], derivative)
        for node in order
        for parent, derivative in zip(node.parents, node.local_derivatives())
    ]
    return nodes, edges


def _label(node):
    return node.name or node.operation + "".join(f" {c:g}" for c in node.constants) or f"{node.data:g}"
