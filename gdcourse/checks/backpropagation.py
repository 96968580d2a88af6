"""Assignment 7: backpropagation."""

from itertools import pairwise

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, Oracle, altered, mistake, source_of
from gdcourse.checks.shared import again, named

# Value: a number that remembers what it was computed from


class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.grad = data, 0.0
        self.parents, self.slopes = parents, slopes

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def tanh(self):
        y = np.tanh(self.data)
        return Value(y, (self,), (1 - y**2,))

    def exp(self):
        y = np.exp(self.data)
        return Value(y, (self,), (y,))

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in zip(node.parents, node.slopes):
                parent.grad += slope * node.grad


overwrites = altered(
    Value, "overwrites", "parent.grad += slope", "parent.grad = slope",
    "a gradient is set where it should be added to. A number that is used twice reaches the result along two ways, "
    "and their slopes add up: += instead of =.",
    see="eq-back-sum",
)  # fmt: skip

_HEAD = "                seen.add(id(node))\n"
_PARENTS = "                for parent in node.parents:\n                    visit(parent)\n"
_APPEND = "                order.append(node)\n"
_PREPARE = (
    "\n        visit(self)\n        for node in order:\n            node.grad = 0.0\n        self.grad = 1.0\n"
    "        for node in "
)
_SLOPES = "            for parent, slope in zip(node.parents, node.slopes):\n                "

forgets_the_order = altered(
    Value, "forgets_the_order",
    _HEAD + _PARENTS + _APPEND + _PREPARE + "reversed(order)", _HEAD + _APPEND + _PARENTS + _PREPARE + "order",
    "a node passes its gradient on before all that use it have had their turn. Put a node into the list after its "
    "parents, and go through the list backwards.",
    see="eq-back-sum",
)  # fmt: skip

adds_to_what_was_there = altered(
    Value, "adds_to_what_was_there", "        for node in order:\n            node.grad = 0.0\n", "",
    "the gradients of an earlier call are still there, and the new ones are added to them. Set all to zero at the "
    "start of backward.",
    see="eq-back-sum",
)  # fmt: skip

passes_on_at_once = altered(
    Value, "passes_on_at_once",
    "        self.grad = 1.0\n        for node in reversed(order):\n" + _SLOPES + "parent.grad += slope * node.grad\n",
    "\n        def push(node, gradient):\n            node.grad += gradient\n" + _SLOPES
    + "push(parent, slope * gradient)\n\n        push(self, 1.0)\n",
    "each node hands its slope on at once, along every path from the result. The answers are right, but a chain of k "
    "doublings has 2^k paths. In the right order every node is visited once.",
    see="eq-back-cost",
)  # fmt: skip

does_not_swap = altered(
    Value, "does_not_swap", "(other.data, self.data)", "(self.data, other.data)",
    "each factor of a product gets its own value. A product swaps: each gets the other one's.",
    see="eq-back-local-rules",
)  # fmt: skip

squares_the_input = altered(
    Value, "squares_the_input", "1 - y**2", "1 - self.data**2",
    "the slope of tanh is computed from its input. It is 1 - y^2 with the output y.",
    see="eq-back-local-rules",
)  # fmt: skip

returns_the_exponent = altered(
    Value, "returns_the_exponent", "(self,), (y,)", "(self,), (self.data,)",
    "the slope of exp is taken to be its input. The exponential is its own slope: the output.",
    see="eq-back-chain",
)  # fmt: skip

starts_from_nothing = altered(
    Value, "starts_from_nothing", "        self.grad = 1.0\n", "",
    "the result's own gradient is never set to 1, so that zeros are passed on.",
    see="eq-back-chain",
)  # fmt: skip


passes_its_whole_sum_on_each_time = altered(
    Value, "passes_its_whole_sum_on_each_time", source_of(Value).partition("    def backward(self):\n")[2],
    "        self.grad = 1.0\n        self.push()\n\n    def push(self):\n"
    "        for parent, slope in zip(self.parents, self.slopes):\n"
    "            parent.grad += slope * self.grad\n"
    "        for parent in dict.fromkeys(self.parents):\n            parent.push()\n",
    "each node passes on all it has every time it is reached, so that what came first goes down again with what came "
    "later. Put the nodes in an order, and let each pass on once, when everything has arrived.",
    see="eq-back-cost",
)  # fmt: skip

passes_on_before_it_has_received = altered(
    Value, "passes_on_before_it_has_received", source_of(Value).partition("        order, seen = [], set()\n")[2],
    "        def visit(node):\n            if id(node) not in seen:\n                seen.add(id(node))\n"
    "                for parent in node.parents:\n                    visit(parent)\n"
    "                for parent, slope in zip(node.parents, node.slopes):\n"
    "                    parent.grad += slope * node.grad\n\n        self.grad = 1.0\n        visit(self)\n",
    "the operands pass on before the result does, when nothing has reached them yet. Begin with the result and go "
    "backwards: the same order, reversed.",
    see="eq-back-sum",
)  # fmt: skip

waits_for_all_who_use_it = altered(
    Value, "waits_for_all_who_use_it", source_of(Value).partition("\n")[2],
    """    def __init__(self, data, parents=(), slopes=()):
        self.data, self.grad, self.users = data, 0.0, 0
        self.parents, self.slopes = parents, slopes
        for parent in parents:
            parent.users += 1

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def tanh(self):
        y = np.tanh(self.data)
        return Value(y, (self,), (1 - y**2,))

    def exp(self):
        y = np.exp(self.data)
        return Value(y, (self,), (y,))

    def push(self):
        for parent, slope in zip(self.parents, self.slopes):
            parent.grad += slope * self.grad
            parent.users -= 1
            if parent.users == 0:
                parent.push()

    def backward(self):
        self.grad = 1.0
        self.push()
""",
    "a number passes on when all who use it have reported, and one who is not part of the result never does. Count "
    "only what the result was made of, and count anew for each call.",
    see="eq-back-sum",
)  # fmt: skip


class Taped:
    """With a function at each node that hands its gradient on, and a tape kept by depth."""

    def __init__(self, data, children=()):
        self.data = float(data)
        self.grad = 0.0
        self._children = children
        self._depth = 1 + max([child._depth for child in children], default=0)
        self._pass_on = lambda: None

    def __add__(self, other):
        out = Taped(self.data + other.data, (self, other))

        def pass_on():
            self.grad += out.grad
            other.grad += out.grad

        out._pass_on = pass_on
        return out

    def __mul__(self, other):
        out = Taped(self.data * other.data, (self, other))

        def pass_on():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._pass_on = pass_on
        return out

    def tanh(self):
        out = Taped((np.exp(2 * self.data) - 1) / (np.exp(2 * self.data) + 1), (self,))

        def pass_on():
            self.grad += (1 - out.data * out.data) * out.grad

        out._pass_on = pass_on
        return out

    def exp(self):
        out = Taped(np.exp(self.data), (self,))

        def pass_on():
            self.grad += out.data * out.grad

        out._pass_on = pass_on
        return out

    def backward(self):
        nodes, found = [self], {self}
        for node in nodes:
            for child in node._children:
                if child not in found:
                    found.add(child)
                    nodes.append(child)
        for node in nodes:
            node.grad = 0.0
        self.grad = 1.0
        for node in sorted(nodes, key=lambda node: -node._depth):
            node._pass_on()


class Counted:
    """With the number of uses still to come, as Kahn's algorithm has it."""

    def __init__(self, data):
        self.data, self.grad, self.edges = data, 0.0, []

    def _made(self, data, *edges):
        made = Counted(data)
        made.edges = list(edges)
        return made

    def __add__(self, other):
        return self._made(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        return self._made(self.data * other.data, (self, other.data), (other, self.data))

    def tanh(self):
        return self._made(np.tanh(self.data), (self, 1 / np.cosh(self.data) ** 2))

    def exp(self):
        return self._made(np.exp(self.data), (self, np.exp(self.data)))

    def backward(self):
        uses, stack = {}, [self]
        while stack:
            node = stack.pop()
            node.grad = 0.0
            for parent, _ in node.edges:
                if parent not in uses:
                    stack.append(parent)
                uses[parent] = uses.get(parent, 0) + 1
        self.grad, ready = 1.0, [self]
        while ready:
            node = ready.pop()
            for parent, slope in node.edges:
                parent.grad += slope * node.grad
                uses[parent] -= 1
                if uses[parent] == 0:
                    ready.append(parent)


def _programs(*lines):
    """Return cases that run each line once at fixed numbers, and once at drawn ones."""
    def cases(rng):
        for line in lines:
            yield dict(program=line, x=0.5, y=-1.5)
        for line in lines:
            yield dict(program=line, x=float(rng.uniform(-1.5, 1.5)), y=float(rng.uniform(-1.5, 1.5)))

    return named(f"programs_{sum(map(len, lines))}", cases)


_single = _programs("x + y", "x * y", "x.tanh()", "x.exp()")
_reused = _programs("x * x + x", "x * x * x", "p = x * y; p * p", "p = x + y; p * x + p")
_ordered = _programs("p = x * x; q = p * y; p + q", "p = x * y; q = p.tanh(); r = q * p; p + r",
                     "p = x + y; q = p * p; r = q * p; p + r * q")  # fmt: skip
_again = _programs("x * y", "x * x + y", "p = x * y; p * p + p")


def _tangled(rng):
    yield dict(program="p = x * y; q = p.exp() + x; r = q.tanh() * p; p + q * r", x=0.5, y=-1.5)
    yield dict(program="p = x * y; q = p.exp(); p + x", x=0.5, y=-1.5)  # q is computed and not used
    yield dict(program="p = y * y; p + y", x=0.5, y=-1.5)  # nor is x
    for length in (4, 6, 8):
        names, lines = ["x", "y"], []
        for k in range(length):
            a, b = rng.choice(names, size=2)
            made = rng.choice([f"{a} + {b}", f"{a} * {b}", f"({a} * {b}).tanh()", f"{a}.tanh().exp()"])
            lines.append(f"{'abcdefgh'[k]} = {made}")
            names.append("abcdefgh"[k])
        last = f"({names[-1]} * {names[-2]}).tanh() + {names[-3]}.tanh()"
        yield dict(program="; ".join([*lines, last]), x=float(rng.uniform(-1, 1)), y=float(rng.uniform(-1, 1)))


def _run(Value, program, x, y):
    names = {"x": Value(x), "y": Value(y)}
    *steps, last = program.split("; ")
    for step in steps:
        exec(step, {}, names)
    result = eval(last, {}, names)
    result.backward()
    return result.data, names["x"].grad, names["y"].grad


def _run_forward(Value, program, x, y):
    names = {"x": Value(x), "y": Value(y)}
    *steps, last = program.split("; ")
    for step in steps:
        exec(step, {}, names)
    return eval(last, {}, names).data


def _run_twice(Value, program, x, y):
    names = {"x": Value(x), "y": Value(y)}
    *steps, last = program.split("; ")
    for step in steps:
        exec(step, {}, names)
    result = eval(last, {}, names)
    result.backward()
    result.backward()
    return result.data, names["x"].grad, names["y"].grad


def _chains(rng):
    for links in (10, 12):
        yield dict(links=links, x=1.0)
    yield dict(links=12, x=float(rng.uniform(0.5, 1.5)))


def _work_of_a_chain(Value, links, x):
    """Double a number again and again, and count the calls of the way back: for the chain and for half of it."""
    import sys

    counts = []
    for length in (links // 2, links):
        first = result = Value(x)
        for _ in range(length):
            result = result + result
        calls, before = [0], sys.getprofile()

        def count(frame, event, argument, calls=calls):
            calls[0] += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            result.backward()
        finally:
            sys.setprofile(before)
        counts.append(calls[0])
    return first.grad, "doubles with every link" if counts[1] > 8 * counts[0] else "grows with the chain"


VALUE = Exercise(
    signature="Value(data)",
    returns="(value, x.grad, y.grad)",
    reference=Value,
    cases=_single,
    behaviours=(
        Behaviour("values", 1, "the values of sums, products, tanh and exp", drive=_run_forward,
                  view=lambda run: run.output),
        Behaviour("slopes", 1, "the gradients of each of them alone", drive=_run),
        Behaviour("reuse", 2, "a number that is used several times", cases=_reused, drive=_run),
        Behaviour("order", 1, "a node that is used early and late", cases=_ordered, drive=_run),
        Behaviour("again", 1, "calling backward twice gives the same gradients", cases=_again, drive=_run_twice),
        Behaviour("work", 1, "the work of the way back grows with the chain, not with the number of paths",
                  cases=_chains, drive=_work_of_a_chain, view=lambda run: {"gradient": run.output[0],
                                                                            "work": run.output[1]}),
        Behaviour("anything", 1, "tangled calculations, made up at random", cases=_tangled, drive=_run, rtol=1e-6,
                  atol=1e-9),
    ),
    mistakes=(overwrites, forgets_the_order, adds_to_what_was_there, passes_on_at_once, does_not_swap,
              squares_the_input, returns_the_exponent, starts_from_nothing, passes_its_whole_sum_on_each_time,
              passes_on_before_it_has_received, waits_for_all_who_use_it),
    styles=(Taped, Counted),
    withhold=("gdcourse.autodiff.Value",),
)  # fmt: skip

# affine_backward: a layer's three gradients


def affine_backward(dY, X, W):
    return dY @ W.T, X.T @ dY, dY.sum(axis=0)


averages_the_bias = altered(
    affine_backward, "averages_the_bias", "dY.sum(axis=0)", "dY.mean(axis=0)",
    "db is the mean over the examples. Each of them uses the same b, so their slopes add up; a mean, if there is "
    "one, is the loss's affair and already in dY.",
    see="eq-back-affine",
)  # fmt: skip

keeps_the_dimension = altered(
    affine_backward, "keeps_the_dimension", "dY.sum(axis=0)", "dY.sum(axis=0, keepdims=True)",
    "db keeps a dimension of length 1. It has the shape of b, (k,).",
    see="eq-back-affine",
)  # fmt: skip

transposes_the_weights = altered(
    affine_backward, "transposes_the_weights", "X.T @ dY", "dY.T @ X",
    "dW comes out transposed. It has the shape of W: X.T @ dY.",
    see="eq-back-affine",
)  # fmt: skip

averages_the_weights = altered(
    affine_backward, "averages_the_weights", "X.T @ dY", "X.T @ dY / len(X)",
    "dW is divided by the number of examples. The sum over them is right; a mean is the loss's affair and already in "
    "dY.",
    see="eq-back-affine",
)  # fmt: skip

sums_over_the_outputs = altered(
    affine_backward, "sums_over_the_outputs", "dY.sum(axis=0)", "dY.sum(axis=1)",
    "db is summed over the outputs. Each output has a bias of its own; sum over the examples, axis 0.",
    see="eq-back-affine",
)  # fmt: skip

goes_forward_again = altered(
    affine_backward, "goes_forward_again", "dY @ W.T", "dY @ W",
    "dX is computed with W as on the way forward. The way back needs it transposed.",
    see="eq-back-affine",
)  # fmt: skip


def affine_by_loops(dY, X, W):
    n, d, k = len(X), len(W), len(W[0])
    dX, dW, db = np.zeros((n, d)), np.zeros((d, k)), np.zeros(k)
    for i in range(n):
        for j in range(k):
            db[j] += dY[i, j]
            for m in range(d):
                dW[m, j] += X[i, m] * dY[i, j]
                dX[i, m] += W[m, j] * dY[i, j]
    return dX, dW, db


def affine_by_einsum(dY, X, W):
    return [np.einsum("ik,jk->ij", dY, W), np.einsum("ij,ik->jk", X, dY), np.ones(len(dY)) @ dY]


def _layers(rng):
    yield dict(dY=np.array([[1.0, -0.5, 2.0], [0.5, 1.0, 0.0]]), X=np.array([[1.0, 2.0], [3.0, -1.5]]),
               W=np.array([[1.0, 0.5, -1.0], [2.0, 0.0, 1.5]]))  # fmt: skip
    for n, d, k in ((4, 2, 3), (3, 5, 2), (2, 3, 4)):
        yield dict(dY=rng.normal(size=(n, k)), X=rng.normal(size=(n, d)), W=rng.normal(size=(d, k)))


def _thin_layers(rng):
    yield dict(dY=np.array([[0.5], [1.5]]), X=np.array([[1.0, 2.0], [3.0, -1.5]]), W=np.array([[1.0], [2.0]]))
    for n, d, k in ((1, 3, 2), (3, 1, 2), (4, 4, 4)):
        yield dict(dY=rng.normal(size=(n, k)), X=rng.normal(size=(n, d)), W=rng.normal(size=(d, k)))


def _only_dX(affine_backward, dY, X, W):
    return affine_backward(dY, X, W)[0]


def _only_dW(affine_backward, dY, X, W):
    return affine_backward(dY, X, W)[1]


def _only_db(affine_backward, dY, X, W):
    return affine_backward(dY, X, W)[2]


def _as_it_is(run):
    return run.output


AFFINE_BACKWARD = Exercise(
    signature="affine_backward(dY, X, W)",
    returns="(dX, dW, db)",
    reference=affine_backward,
    cases=_layers,
    behaviours=(
        Behaviour("dX", 1, "dX, first of the three", drive=_only_dX, view=_as_it_is),
        Behaviour("dW", 1, "dW, the second", drive=_only_dW, view=_as_it_is),
        Behaviour("db", 1, "db, the third", drive=_only_db, view=_as_it_is),
        Behaviour("thin", 1, "layers with a single example, input or output; dY, X and W are left alone",
                  cases=_thin_layers, untouched=True),
    ),
    mistakes=(averages_the_bias, keeps_the_dimension, transposes_the_weights, averages_the_weights,
              sums_over_the_outputs, goes_forward_again),
    styles=(affine_by_loops, affine_by_einsum),
    withhold=("gdcourse.layers.affine",),
)  # fmt: skip

# relu_backward: from the output


def relu_backward(dY, Y):
    return dY * (Y > 0)


lets_all_through = altered(
    relu_backward, "lets_all_through", "dY * (Y > 0)", "dY * 1.0",
    "every slope is passed on. A unit that is off passes on nothing.",
    see="eq-back-relu",
)  # fmt: skip

multiplies_by_the_output = altered(
    relu_backward, "multiplies_by_the_output", "(Y > 0)", "Y",
    "dY is multiplied by the output. Where the unit is on its slope is 1, not its value.",
    see="eq-back-relu",
)  # fmt: skip

looks_at_the_slope = altered(
    relu_backward, "looks_at_the_slope", "dY * (Y > 0)", "np.maximum(dY, 0)",
    "the unit is applied to dY. What decides is whether the unit was on, Y > 0; a slope may well be negative.",
    see="eq-back-relu",
)  # fmt: skip

forgets_what_arrives = altered(
    relu_backward, "forgets_what_arrives", "dY * (Y > 0)", "(Y > 0) * 1.0",
    "dY is left out. The local slope is only one factor; the other is what arrives from above.",
    see="eq-back-chain",
)  # fmt: skip


@mistake(
    "dY itself is changed. Another branch of the network may still need it: return a new array.",
    see="eq-back-sum",
)
def spoils_the_slope(dY, Y):
    dY[Y <= 0] = 0
    return dY


def relu_backward_with_where(dY, Y):
    return np.where(Y > 0, dY, 0.0)


def relu_backward_by_entries(dY, Y):
    return [[slope if y > 0 else 0.0 for slope, y in zip(slopes, row)] for slopes, row in zip(dY, Y)]


def _relu_outputs(rng):
    yield dict(dY=np.array([[0.5, -1.5, 2.5]]), Y=np.array([[2.0, 3.0, 0.0]]))
    yield dict(dY=np.array([[0.5, -1.5]]), Y=np.array([[0.0, 0.5]]))
    for n, k in ((2, 3), (4, 2)):
        yield dict(dY=rng.normal(size=(n, k)), Y=np.maximum(rng.normal(size=(n, k)), 0))


def _more_relu_outputs(rng):
    yield dict(dY=np.array([[0.5, -2.5], [1.5, 1.0]]), Y=np.array([[0.0, 3.0], [0.5, 0.0]]))
    for n, k in ((1, 5), (3, 1)):
        yield dict(dY=rng.normal(size=(n, k)), Y=np.maximum(rng.normal(size=(n, k)), 0))


RELU_BACKWARD = Exercise(
    signature="relu_backward(dY, Y)",
    returns="dZ",
    reference=relu_backward,
    cases=_relu_outputs,
    behaviours=(
        Behaviour("mask", 0.5, "what arrives, where the unit is on, and 0 where it is off"),
        Behaviour("inputs", 0.5, "the same, and dY and Y are left alone", cases=_more_relu_outputs, untouched=True),
    ),
    mistakes=(lets_all_through, multiplies_by_the_output, looks_at_the_slope, forgets_what_arrives, spoils_the_slope),
    styles=(relu_backward_with_where, relu_backward_by_entries),
    withhold=("gdcourse.layers.activation",),
)  # fmt: skip

# sigmoid_backward: from the output, too


def sigmoid_backward(dY, Y):
    return dY * Y * (1 - Y)


squashes_twice = altered(
    sigmoid_backward, "squashes_twice", "    return dY * Y * (1 - Y)",
    "    S = 1 / (1 + np.exp(-Y))\n    return dY * S * (1 - S)",
    "the sigmoid is applied once more, to its own output. Y is the output already.",
    see="eq-back-sigmoid",
)  # fmt: skip

takes_the_slope_of_tanh = altered(
    sigmoid_backward, "takes_the_slope_of_tanh", "Y * (1 - Y)", "(1 - Y**2)",
    "1 - Y^2 is the slope of tanh. The sigmoid's is Y (1 - Y).",
    see="eq-back-sigmoid",
)  # fmt: skip

leaves_out_what_arrives = altered(
    sigmoid_backward, "leaves_out_what_arrives", "dY * Y", "Y",
    "dY is left out. The local slope is only one factor; the other is what arrives from above.",
    see="eq-back-chain",
)  # fmt: skip

forgets_the_rest = altered(
    sigmoid_backward, "forgets_the_rest", "dY * Y * (1 - Y)", "dY * Y",
    "the factor 1 - Y is missing, so that a unit near 1 seems to be steep.",
    see="eq-back-sigmoid",
)  # fmt: skip

goes_back_to_the_input = altered(
    sigmoid_backward, "goes_back_to_the_input", "    return dY * Y * (1 - Y)",
    "    e = 1 / Y - 1\n    return dY * e / (1 + e) ** 2",
    "the slope is computed from e^-z, which is infinite for a unit that is quite off, and infinity over infinity is "
    "NaN. The output is at hand: Y (1 - Y).",
    see="eq-back-sigmoid",
)  # fmt: skip


def sigmoid_backward_by_a_square(dY, Y):
    return np.multiply(dY, 0.25 - np.square(Y - 0.5))


def sigmoid_backward_by_entries(dY, Y):
    return [[s * (y - y * y) for s, y in zip(slopes, row)] for slopes, row in zip(dY.tolist(), Y.tolist())]


def _sigmoid_outputs(rng):
    yield dict(dY=np.array([[0.5, -1.5]]), Y=np.array([[0.25, 0.9]]))
    for n, k in ((2, 3), (4, 2)):
        yield dict(dY=rng.normal(size=(n, k)), Y=rng.uniform(0.05, 0.95, size=(n, k)))


def _saturated(rng):
    yield dict(dY=np.array([[2.5, -1.5, 0.5]]), Y=np.array([[0.0, 1.0, 0.25]]))
    yield dict(dY=np.array([[0.5, 3.0]]), Y=np.array([[0.0, 0.75]]))
    yield dict(dY=rng.normal(size=(1, 3)), Y=np.array([[1.0, 0.0, 0.5]]))


SIGMOID_BACKWARD = Exercise(
    signature="sigmoid_backward(dY, Y)",
    returns="dZ",
    reference=sigmoid_backward,
    cases=_sigmoid_outputs,
    behaviours=(
        Behaviour("slope", 1, "what arrives, times the slope at that output", rtol=1e-6, atol=1e-9),
        Behaviour("saturated", 1, "units that are quite on or off, without NaN; dY and Y are left alone",
                  cases=_saturated, untouched=True, rtol=1e-6, atol=1e-9),
    ),
    mistakes=(squashes_twice, takes_the_slope_of_tanh, leaves_out_what_arrives, forgets_the_rest,
              goes_back_to_the_input),
    styles=(sigmoid_backward_by_a_square, sigmoid_backward_by_entries),
    withhold=("gdcourse.layers.activation",),
)  # fmt: skip

# mlp_loss_and_grads: the whole way


def mlp_loss_and_grads(params, X, y):
    inputs = [X]
    for W, b in zip(params[:-2:2], params[1:-2:2]):
        inputs.append(np.maximum(inputs[-1] @ W + b, 0))
    Z = inputs[-1] @ params[-2] + params[-1]
    Z = Z - Z.max(axis=1, keepdims=True)
    log_P = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    n = len(y)
    loss = -log_P[np.arange(n), y].mean()
    G = np.exp(log_P)
    G[np.arange(n), y] -= 1
    G = G / n
    grads = []
    for k in reversed(range(len(inputs))):
        W = params[2 * k]
        grads = [inputs[k].T @ G, G.sum(axis=0), *grads]
        if k > 0:
            G = G @ W.T * (inputs[k] > 0)
    return loss, grads


updates_on_the_way_back = altered(
    mlp_loss_and_grads, "updates_on_the_way_back", "        if k > 0:\n            G = G @ W.T",
    "        W -= 0.1 * grads[0]\n        if k > 0:\n            G = G @ W.T",
    "a layer's weights are updated before the slope goes through them, so that the layers below hear of weights that "
    "were not used. First all gradients, with the old weights; updates are another job.",
    see="eq-back-affine",
)  # fmt: skip

skips_the_last_bias = altered(
    mlp_loss_and_grads, "skips_the_last_bias", "    return loss, grads",
    "    grads[-1] = np.zeros(len(grads[-1]))\n    return loss, grads",
    "the last bias gets no gradient. It is a parameter like the others: the sum of the slopes over the examples.",
    see="eq-back-affine",
)  # fmt: skip

forgets_the_mean = altered(
    mlp_loss_and_grads, "forgets_the_mean", "    G = G / n\n", "",
    "the gradients are those of a sum over the examples. The loss is a mean: divide by n where the way back begins.",
    see="eq-back-softmax",
)  # fmt: skip

sums_the_loss = altered(
    mlp_loss_and_grads, "sums_the_loss", "y].mean()", "y].sum()",
    "the loss is a sum over the examples, and the gradients are those of the mean. It is a mean.",
    see="eq-back-softmax",
)  # fmt: skip

sums_the_loss_and_the_gradients = altered(
    mlp_loss_and_grads, "sums_the_loss_and_the_gradients",
    "y].mean()\n    G = np.exp(log_P)\n    G[np.arange(n), y] -= 1\n    G = G / n\n",
    "y].sum()\n    G = np.exp(log_P)\n    G[np.arange(n), y] -= 1\n",
    "the loss and its gradients are sums over the examples. Both are means: divide both by n.",
    see="eq-back-softmax",
)  # fmt: skip

pads_the_logarithm = altered(
    mlp_loss_and_grads, "pads_the_logarithm", "-log_P[np.arange(n), y].mean()",
    "-np.log(np.exp(log_P[np.arange(n), y]) + 1e-12).mean()",
    "1e-12 is added inside the logarithm. Then no answer costs more than 27.6, however wrong, and the gradients belong "
    "to another loss: take the logarithm of the probability from the outputs.",
    see="eq-unit-log-softmax",
)  # fmt: skip

forgets_the_mask = altered(
    mlp_loss_and_grads, "forgets_the_mask", "G @ W.T * (inputs[k] > 0)", "G @ W.T",
    "slopes pass through hidden units that are off. A unit that put out 0 passes nothing back.",
    see="eq-back-relu",
)  # fmt: skip

forgets_the_target = altered(
    mlp_loss_and_grads, "forgets_the_target", "    G[np.arange(n), y] -= 1\n", "",
    "the way back begins with the probabilities. It begins with probability minus target: take 1 off at the right "
    "class.",
    see="eq-back-softmax",
)  # fmt: skip

overflows = altered(
    mlp_loss_and_grads, "overflows", "    Z = Z - Z.max(axis=1, keepdims=True)\n", "",
    "large outputs are exponentiated as they come, and overflow. Subtract each row's largest first; the softmax does "
    "not change.",
    see="eq-back-softmax",
)  # fmt: skip

rectifies_the_last = altered(
    mlp_loss_and_grads, "rectifies_the_last", "    Z = inputs[-1] @ params[-2] + params[-1]\n",
    "    Z = np.maximum(inputs[-1] @ params[-2] + params[-1], 0)\n",
    "the last layer is rectified like the hidden ones. Its outputs go into the softmax as they are.",
    see="eq-back-softmax",
)  # fmt: skip

averages_the_biases = altered(
    mlp_loss_and_grads, "averages_the_biases", "G.sum(axis=0)", "G.mean(axis=0)",
    "the biases' gradients are means over the examples. G is already divided by n; sum it.",
    see="eq-back-affine",
)  # fmt: skip


divides_by_n_at_every_layer = altered(
    mlp_loss_and_grads, "divides_by_n_at_every_layer", "G = G @ W.T * (inputs[k] > 0)",
    "G = G @ W.T * (inputs[k] > 0) / n",
    "1 / n comes in again at every layer on the way back. It belongs to the mean of the losses, and comes in once, at "
    "the top.",
    see="eq-back-softmax",
)  # fmt: skip

leaves_the_slope_of_a_sigmoid = altered(
    mlp_loss_and_grads, "leaves_the_slope_of_a_sigmoid", "    G = G / n\n",
    "    G = G / n * np.exp(log_P) * (1 - np.exp(log_P))\n",
    "the way back begins with (P - target) P (1 - P). For the cross-entropy of a softmax that slope has cancelled: it "
    "begins with (P - target) / n.",
    see="eq-back-softmax",
)  # fmt: skip


def mlp_by_examples(params, X, y):
    loss, grads, n = 0.0, [np.zeros(p.shape) for p in params], len(X)
    layers = len(params) // 2
    for x, label in zip(X, y):
        outputs = [x]
        for k in range(layers):
            z = params[2 * k].T @ outputs[-1] + params[2 * k + 1]
            outputs.append(z if k == layers - 1 else z * (z > 0))
        top = max(outputs[-1])
        weights = np.exp(outputs[-1] - top)
        loss += (np.log(weights.sum()) + top - outputs[-1][label]) / n
        g = weights / weights.sum() / n
        g[label] -= 1 / n
        for k in range(layers - 1, -1, -1):
            grads[2 * k] += np.outer(outputs[k], g)
            grads[2 * k + 1] += g
            g = (params[2 * k] @ g) * (outputs[k] > 0)
    return loss, grads


def mlp_with_one_hot(params, X, y):
    Ws, bs = params[0::2], params[1::2]
    A, kept = X, []
    for k, (W, b) in enumerate(zip(Ws, bs)):
        Z = A @ W + b
        kept.append((A, Z))
        A = np.where(Z > 0, Z, 0.0) if k < len(Ws) - 1 else Z
    T = np.eye(A.shape[1])[y]
    E = np.exp(A - np.max(A, axis=1)[:, None])
    S = np.sum(E, axis=1)
    loss = float(np.mean(np.log(S) + np.max(A, axis=1) - np.sum(A * T, axis=1)))
    G, grads = (E / S[:, None] - T) / X.shape[0], [None] * len(params)
    for k in range(len(Ws) - 1, -1, -1):
        A, Z = kept[k]
        G = G if k == len(Ws) - 1 else G * (Z > 0)
        grads[2 * k], grads[2 * k + 1] = A.T.dot(G), np.ones(len(G)).dot(G)
        G = G.dot(Ws[k].T)
    return loss, tuple(grads)


def _network(rng, sizes, n, scale=1.0):
    params = []
    for a, b in pairwise(sizes):
        params += [scale * rng.normal(size=(a, b)) / np.sqrt(a), 0.3 * scale * rng.normal(size=b)]
    return dict(params=params, X=rng.normal(size=(n, sizes[0])), y=rng.integers(0, sizes[-1], size=n))


def _small_network():
    """One hidden unit off and one on for each example, and outputs of both signs."""
    params = [np.array([[1.0, -1.0]]), np.array([0.5, 0.25]),
              np.array([[1.0, -0.5, 0.5], [-1.0, 2.0, 0.5]]), np.array([0.0, 0.5, -0.25])]  # fmt: skip
    return dict(params=params, X=np.array([[1.5], [-2.0]]), y=np.array([1, 0]))


def _networks(rng):
    yield _small_network()
    for sizes, n in (((3, 4, 3), 5), ((4, 6, 5, 3), 6)):
        yield _network(rng, sizes, n)


def _first_losses(rng):
    zeros = [np.zeros((2, 3)), np.zeros(3), np.zeros((3, 10)), np.zeros(10)]
    yield dict(params=zeros, X=np.array([[1.0, 2.0], [0.0, 1.0]]), y=np.array([3, 7]))
    yield _small_network()
    yield _network(rng, (5, 8, 10), 6, 0.01)


def _loud(rng):
    params = [np.array([[1000.0, -1000.0, 500.0]]), np.zeros(3)]
    yield dict(params=params, X=np.array([[1.0], [-1.5]]), y=np.array([1, 1]))
    yield dict(params=params, X=np.array([[1.0], [-4.0]]), y=np.array([1, 1]))
    for sizes in ((2, 4, 3), (3, 3)):
        case = _network(rng, sizes, 3)
        case["params"][-1] = case["params"][-1] + 2000.0
        yield case


def _shallow(rng):
    params = [np.array([[1.0, -1.0], [0.5, 0.25]]), np.array([0.5, -0.5])]
    yield dict(params=params, X=np.array([[1.0, 2.0], [-1.0, 0.5]]), y=np.array([0, 1]))
    for k in (3, 4):
        yield _network(rng, (3, k), 4)


MLP_LOSS_AND_GRADS = Exercise(
    signature="mlp_loss_and_grads(params, X, y)",
    returns="(loss, grads)",
    reference=mlp_loss_and_grads,
    cases=_networks,
    behaviours=(
        Behaviour("loss", 1, "the mean cross-entropy, log 10 for ten classes and a network of zeros", view="loss",
                  cases=_first_losses),
        Behaviour("last layer", 1, "the gradients of the last weights and biases",
                  view=lambda run: {"dW": run.output[1][-2], "db": run.output[1][-1]}),
        Behaviour("hidden layers", 2, "the gradients of all layers below, however many there are",
                  view=lambda run: list(run.output[1][:-2])),
        Behaviour("large outputs", 1, "outputs in the thousands", cases=_loud, view="loss"),
        Behaviour("one layer", 1, "a network without a hidden layer; params, X and y are left alone", cases=_shallow,
                  untouched=True),
    ),
    mistakes=(updates_on_the_way_back, skips_the_last_bias, forgets_the_mean, sums_the_loss,
              sums_the_loss_and_the_gradients, pads_the_logarithm, forgets_the_mask, forgets_the_target, overflows,
              rectifies_the_last, averages_the_biases, divides_by_n_at_every_layer, leaves_the_slope_of_a_sigmoid),
    styles=(mlp_by_examples, mlp_with_one_hot),
    withhold=("gdcourse.networks.network_problem", "gdcourse.networks.mlp", "gdcourse.losses.softmax_cross_entropy"),
)  # fmt: skip

# find_bugs: which of these backward functions are wrong?


def find_bugs(forward, backwards, X, dY):
    h, slopes = 1e-5, np.zeros(X.shape)
    for i in np.ndindex(X.shape):
        ahead, behind = X.copy(), X.copy()
        ahead[i] += h
        behind[i] -= h
        slopes[i] = np.sum(dY * (forward(ahead) - forward(behind))) / (2 * h)
    wrong = [np.max(np.abs(backward(dY, X) - slopes)) > 1e-3 * np.max(np.abs(slopes)) for backward in backwards]
    return [k for k, is_wrong in enumerate(wrong) if is_wrong]


arrives_as_ones = altered(
    find_bugs, "arrives_as_ones", "    h, slopes", "    dY = np.ones(dY.shape)\n    h, slopes",
    "the candidates are tried with ones instead of dY. A backward function that mixes up what arrives looks right "
    "then.",
    see="eq-back-chain",
)  # fmt: skip

returns_the_right_ones = altered(
    find_bugs, "returns_the_right_ones", "if is_wrong]", "if not is_wrong]",
    "the indices of the right ones come back. Those of the wrong ones are asked for.",
    see="eq-back-chain",
)  # fmt: skip

counts_from_one = altered(
    find_bugs, "counts_from_one", "enumerate(wrong)", "enumerate(wrong, 1)",
    "the candidates are counted from 1. The first has the index 0.",
    see="eq-back-chain",
)  # fmt: skip

stops_at_the_first = altered(
    find_bugs, "stops_at_the_first", "if is_wrong]", "if is_wrong][:1]",
    "the search ends with the first that is wrong. There may be several.",
    see="eq-back-chain",
)  # fmt: skip

trusts_a_fixed_tolerance = altered(
    find_bugs, "trusts_a_fixed_tolerance", "1e-3 * np.max(np.abs(slopes))", "1e-3",
    "the tolerance is a fixed number. Where all slopes are small, wrong ones pass: compare with the largest slope.",
    see="eq-back-chain",
)  # fmt: skip

compares_the_sums = altered(
    find_bugs, "compares_the_sums", "np.max(np.abs(backward(dY, X) - slopes))",
    "np.abs(np.sum(backward(dY, X) - slopes))",
    "only the sums are compared, in which errors of opposite sign cancel. Compare entry by entry.",
    see="eq-back-chain",
)  # fmt: skip

looks_at_one_entry = altered(
    find_bugs, "looks_at_one_entry", "np.max(np.abs(backward(dY, X) - slopes))",
    "np.abs(backward(dY, X) - slopes)[0, 0]",
    "only one entry is compared. A bug may show in a single other one.",
    see="eq-back-chain",
)  # fmt: skip


def find_bugs_by_norms(forward, backwards, X, dY):
    found = []
    for k, backward in enumerate(backwards):
        given = backward(dY, X)
        wrong = False
        for i in range(X.shape[0]):
            for j in range(X.shape[1]):
                E = np.zeros(X.shape)
                E[i, j] = 1e-4
                slope = ((forward(X + E) - forward(X - E)) * dY).sum() / 2e-4
                if abs(slope - given[i, j]) > 0.004 * np.linalg.norm(given):
                    wrong = True
        if wrong:
            found.append(k)
    return np.array(found, dtype=int)


def find_bugs_by_directions(forward, backwards, X, dY):
    rng = np.random.default_rng(0)
    directions = [rng.normal(size=X.shape) for _ in range(12)]
    changes = [np.sum(dY * (forward(X + 1e-5 * D) - forward(X - 1e-5 * D))) / 2e-5 for D in directions]
    found = set()
    for k, backward in enumerate(backwards):
        G = backward(dY, X)
        size = max(abs(change) for change in changes)
        for D, change in zip(directions, changes):
            if abs(np.sum(G * D) - change) > 1e-3 * size:
                found.add(k)
    return sorted(found)


def _candidates(bugs, scale, turned, mixing):
    """Return five backward functions of scale * tanh(X) @ mixing, with a bug from a list each, in a turned order.

    None is no bug.
    """
    def right(dY, X):
        return scale * (dY @ mixing.T) * (1 - np.tanh(X) ** 2)

    def at_one_entry(dY, X):
        R = right(dY, X)
        R[-1, -1] += 0.5 * np.abs(R).max()
        return R

    def below_at_one(dY, X):
        R = right(dY, X)
        R[0, -1] -= 0.5 * np.abs(R).max()
        return R

    def at_two(dY, X):
        R = right(dY, X)
        R[0, 0], R[-1, 0] = R[0, 0] + 0.5 * np.abs(R).max(), R[-1, 0] - 0.5 * np.abs(R).max()
        return R

    made = {
        None: right,
        "alone": lambda dY, X: scale * (1 - np.tanh(X) ** 2),
        "sign": lambda dY, X: -right(dY, X),
        "twice": lambda dY, X: 2 * right(dY, X),
        "output": lambda dY, X: scale * dY * np.tanh(X),
        "mean": lambda dY, X: scale * np.mean(dY) * (1 - np.tanh(X) ** 2),
        "rows": lambda dY, X: scale * dY[::-1] * (1 - np.tanh(X) ** 2),
        "corner": at_one_entry,
        "dip": below_at_one,
        "pair": at_two,
    }
    order = [bugs[(k + turned) % 5] for k in range(5)]
    return [Oracle(f"backward_{k}", made[bug], f"b{k}", takes=2) for k, bug in enumerate(order)]


def _search(bugs, scale, turned, X, dY, mixing=None):
    text = f"forward(X) = {scale:g} * tanh(X)" + (f" @ {mixing.tolist()}" if mixing is not None else "")
    M = np.eye(X.shape[1]) if mixing is None else mixing
    forward = Oracle("forward", lambda X: scale * np.tanh(X) @ M, text)
    return dict(forward=forward, backwards=_candidates(bugs, scale, turned, M), X=X, dY=dY)


X_FIXED, DY_FIXED = np.array([[0.5, -1.0], [0.2, 0.8]]), np.array([[1.0, -0.5], [2.5, 0.5]])


def _drawn(rng):
    dY = np.array([[1.0, -0.5, 1.5], [2.5, 0.5, -1.0]]) * rng.uniform(0.8, 1.2, size=(2, 3))
    return int(rng.integers(5)), rng.choice([-1, 1], size=(2, 3)) * rng.uniform(0.2, 0.9, size=(2, 3)), dY


def _wrong_throughout(rng):
    yield _search((None, "sign", None, "twice", None), 1.0, 0, X_FIXED, DY_FIXED)
    for bugs in (("output", None, "twice", None, "sign"), ("twice", "sign", "output", "twice", None)):
        yield _search(bugs, 1.0, *_drawn(rng))


def _wrong_in_places(rng):
    yield _search((None, "mean", "corner", "pair", None), 1.0, 0, X_FIXED, DY_FIXED)
    yield _search((None, "dip", None, "corner", "sign"), 1.0, 0, X_FIXED, DY_FIXED,
                  np.array([[1.0, 0.5], [-0.5, 1.0]]))
    for bugs in (("rows", None, "corner", None, None), ("alone", "pair", None, "corner", "mean")):
        yield _search(bugs, 1.0, *_drawn(rng))


@again(12)
def _other_scales(rng):
    yield _search((None, "sign", None, "twice", "output"), 1e-6, 0, X_FIXED, DY_FIXED)
    yield _search((None,) * 5, 1.0, 0, X_FIXED, DY_FIXED)
    for dY in (np.array([[1.0, 0.0], [2.0, 0.5]]), np.array([[-1.0, -0.25], [-2.0, -0.5]])):  # of one sign, or 0
        yield _search((None,) * 5, 1.0, 0, X_FIXED, dY)
    yield _search(("sign", "twice", "output", "sign", "twice"), 1e3, *_drawn(rng))
    yield _search((None,) * 5, 1e4, *_drawn(rng))


def _found(run):
    """Say in words which indices came back."""
    try:
        return ", ".join(map(str, sorted(int(k) for k in run.output))) or "none"
    except (TypeError, ValueError):
        return "no list of indices"


FIND_BUGS = Exercise(
    signature="find_bugs(forward, backwards, X, dY)",
    returns="indices",
    reference=find_bugs,
    cases=_wrong_throughout,
    behaviours=(
        Behaviour("plain", 1, "candidates that are wrong everywhere", view=_found, structure=False),
        Behaviour("hidden", 1, "candidates that are wrong in one place, or only for some dY; X and dY are left alone",
                  cases=_wrong_in_places, view=_found, structure=False, untouched=True),
        Behaviour("scale", 1, "small and large slopes, all of them right, or none", cases=_other_scales, view=_found,
                  structure=False),
    ),
    mistakes=(arrives_as_ones, returns_the_right_ones, counts_from_one, stops_at_the_first, trusts_a_fixed_tolerance,
              compares_the_sums, looks_at_one_entry),
    styles=(find_bugs_by_norms, find_bugs_by_directions),
    withhold=("gdcourse.differentiate.gradient_check", "gdcourse.differentiate.numerical_gradient"),
)  # fmt: skip

ASSIGNMENT = Assignment(
    "ps07",
    "Backpropagation",
    ("backpropagation",),
    (VALUE, AFFINE_BACKWARD, RELU_BACKWARD, SIGMOID_BACKWARD, MLP_LOSS_AND_GRADS, FIND_BUGS),
)
