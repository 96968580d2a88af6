"""Assignment 8: vanishing and exploding gradients."""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, altered, mistake
from gdcourse.checks.shared import named, new_rng

# init_weights: how large the first weights are


def init_weights(fan_in, fan_out, kind, rng):
    if kind == "glorot_uniform":
        limit = np.sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-limit, limit, size=(fan_in, fan_out))
    variance = {"he_normal": 2 / fan_in, "lecun_normal": 1 / fan_in}[kind]
    return rng.normal(0, np.sqrt(variance), size=(fan_in, fan_out))


takes_the_variance_for_the_deviation = altered(
    init_weights, "takes_the_variance_for_the_deviation", "np.sqrt(variance)", "variance",
    "the variance is given to the generator where it asks for the standard deviation, its root.",
    see="eq-depth-he",
)  # fmt: skip

counts_the_outputs = altered(
    init_weights, "counts_the_outputs",
    '{"he_normal": 2 / fan_in, "lecun_normal": 1 / fan_in}', '{"he_normal": 2 / fan_out, "lecun_normal": 1 / fan_out}',
    "the variance is divided by fan_out. A unit's sum has fan_in terms, so fan_in decides how large it becomes.",
    see="eq-depth-variance",
)  # fmt: skip

forgets_the_half_that_relu_drops = altered(
    init_weights, "forgets_the_half_that_relu_drops", '"he_normal": 2 / fan_in', '"he_normal": 1 / fan_in',
    "the 2 is missing. A ReLU lets half of the squares through, and He's weights make up for it.",
    see="eq-depth-he",
)  # fmt: skip

forgets_the_root_of_the_limit = altered(
    init_weights, "forgets_the_root_of_the_limit", "np.sqrt(6 / (fan_in + fan_out))", "6 / (fan_in + fan_out)",
    "the limit of the uniform numbers lacks its root.",
    see="eq-depth-glorot",
)  # fmt: skip

loses_the_parentheses = altered(
    init_weights, "loses_the_parentheses", "6 / (fan_in + fan_out)", "6 / fan_in + fan_out",
    "fan_in + fan_out has lost its parentheses: 6 / fan_in + fan_out is (6 / fan_in) + fan_out.",
    see="eq-depth-glorot",
)  # fmt: skip

takes_the_deviation_for_the_limit = altered(
    init_weights, "takes_the_deviation_for_the_limit", "np.sqrt(6 /", "np.sqrt(2 /",
    "the standard deviation serves as the limit. Uniform numbers within +-a have the variance a^2 / 3.",
    see="eq-depth-glorot",
)  # fmt: skip

draws_glorot_from_a_bell = altered(
    init_weights, "draws_glorot_from_a_bell",
    "rng.uniform(-limit, limit, size", "rng.normal(0, limit / np.sqrt(3), size",
    "normal numbers of the right variance are drawn where uniform ones are asked for.",
    see="eq-depth-glorot",
)  # fmt: skip


@mistake(
    "the numbers come from np.random and not from the rng that was handed over, so that nobody can repeat the run.",
    see="eq-depth-variance",
)
def asks_another_generator(fan_in, fan_out, kind, rng):
    if kind == "glorot_uniform":
        limit = np.sqrt(6 / (fan_in + fan_out))
        return np.random.uniform(-limit, limit, size=(fan_in, fan_out))  # noqa: NPY002
    variance = {"he_normal": 2 / fan_in, "lecun_normal": 1 / fan_in}[kind]
    return np.random.normal(0, np.sqrt(variance), size=(fan_in, fan_out))  # noqa: NPY002


draws_between_zero_and_one = altered(
    init_weights, "draws_between_zero_and_one", "rng.normal(0, np.sqrt(variance), size=(fan_in, fan_out))",
    "np.sqrt(variance) * rng.random((fan_in, fan_out))",
    "the numbers come from rng.random, evenly between 0 and 1, where normal ones are asked for. Their mean is 1/2, so "
    "that all weights are positive.",
    see="eq-depth-he",
)  # fmt: skip


@mistake(
    "the tails are cut off at two deviations and what is left is stretched, which is the form of Keras's he_normal. "
    "The size is right; the numbers asked for are normal, tails and all.",
    see="eq-depth-he",
)
def cuts_off_the_tails(fan_in, fan_out, kind, rng):
    if kind == "glorot_uniform":
        limit = np.sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-limit, limit, size=(fan_in, fan_out))
    W = rng.normal(size=(fan_in, fan_out))
    while np.any(far := np.abs(W) > 2):
        W[far] = rng.normal(size=far.sum())
    return W * np.sqrt({"he_normal": 2, "lecun_normal": 1}[kind] / fan_in) / 0.87962566103423978


def weights_by_scaling(fan_in, fan_out, kind, rng):
    shape = fan_in, fan_out
    if kind == "glorot_uniform":
        return (2 * rng.random(shape) - 1) * (6 / (fan_in + fan_out)) ** 0.5
    gain = 2.0 if kind == "he_normal" else 1.0
    return rng.standard_normal(shape) * (gain / fan_in) ** 0.5


def weights_by_rows(fan_in, fan_out, kind, rng):
    rows = []
    for _ in range(fan_in):
        if kind == "glorot_uniform":
            deviation = np.sqrt(2 / (fan_in + fan_out))
            rows.append(rng.uniform(-np.sqrt(3) * deviation, np.sqrt(3) * deviation, fan_out))
        elif kind == "he_normal":
            rows.append(rng.normal(scale=np.sqrt(2 / fan_in), size=fan_out))
        else:
            rows.append(rng.normal(scale=np.sqrt(1 / fan_in), size=fan_out))
    return np.array(rows)


def _layers_of(kind):
    def layers(rng):
        for fan_in, fan_out in ((200, 150), (120, 250), (int(rng.integers(100, 150)), int(rng.integers(250, 300)))):
            yield dict(fan_in=fan_in, fan_out=fan_out, kind=kind, rng=new_rng(rng))

    return named(f"_layers_of_{kind}", layers)


def _little_layers(rng):
    for kind in ("he_normal", "glorot_uniform", "lecun_normal"):
        yield dict(fan_in=int(rng.integers(2, 9)), fan_out=int(rng.integers(10, 20)), kind=kind, rng=new_rng(rng))


def _draw_three_times(init_weights, fan_in, fan_out, kind, rng):
    again = np.random.default_rng(5)
    first = init_weights(fan_in, fan_out, kind, np.random.default_rng(5))
    second, third = init_weights(fan_in, fan_out, kind, again), init_weights(fan_in, fan_out, kind, again)
    return {
        "shape": list(first.shape),
        "the same from an rng in the same state": bool(np.array_equal(first, second, equal_nan=True)),
        "the same again from one that has moved on": bool(np.any(np.equal(second, third))),
    }


def _spread(run):
    W, deviation = run.output, max(float(run.output.std()), 1e-300)
    z = (W - W.mean()) / deviation
    return {
        "standard deviation": float(W.std()),
        "mean in standard deviations": float(abs(np.round(W.mean() / deviation, 1))),
        "mean of ((W - mean) / deviation)**4": float(np.round(np.mean(z**4))),  # 3 of a normal number, 2 of a uniform
        "share of different numbers": float(np.round(len(np.unique(W)) / W.size, 1)),
    }


def _spread_and_largest(run):
    return _spread(run) | {"largest": float(np.max(np.abs(run.output)))}


INIT_WEIGHTS = Exercise(
    signature="init_weights(fan_in, fan_out, kind, rng)",
    returns="W",
    reference=init_weights,
    cases=_little_layers,
    behaviours=(
        Behaviour("he", 1, "he_normal: normal numbers with mean 0, the standard deviation to 5 percent",
                  cases=_layers_of("he_normal"), view=_spread, rtol=0.05),
        Behaviour("lecun", 1, "lecun_normal: likewise", cases=_layers_of("lecun_normal"),
                  view=_spread, rtol=0.05),
        Behaviour("glorot", 1, "glorot_uniform: the standard deviation to 5 percent, and the largest number",
                  cases=_layers_of("glorot_uniform"), view=_spread_and_largest, rtol=0.05),
        Behaviour("generator", 1, "shape (fan_in, fan_out); the same numbers from the same rng, new ones from a new",
                  drive=_draw_three_times),
    ),
    mistakes=(takes_the_variance_for_the_deviation, counts_the_outputs, forgets_the_half_that_relu_drops,
              forgets_the_root_of_the_limit, loses_the_parentheses, takes_the_deviation_for_the_limit,
              draws_glorot_from_a_bell, asks_another_generator, draws_between_zero_and_one, cuts_off_the_tails),
    styles=(weights_by_scaling, weights_by_rows),
    withhold=("gdcourse.networks.initial_weights",),
)  # fmt: skip

# layer_stats: what a stack does to a signal, there and back


def layer_stats(Ws, act, X):
    function, slope = {
        "identity": (lambda z: z, lambda z: np.ones_like(z)),
        "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "relu": (lambda z: np.maximum(z, 0), lambda z: 1.0 * (z > 0)),
    }[act]
    h, zs, forward, backward = X, [], [], []
    for W in Ws:
        zs.append(h @ W)
        h = function(zs[-1])
        forward.append(h.std())
    gradient = h
    for W, z in zip(Ws[::-1], zs[::-1]):
        gradient = gradient * slope(z)
        backward.append(gradient.std())
        gradient = gradient @ W.T
    return np.array(forward), np.array(backward[::-1])


forgets_the_slope = altered(
    layer_stats, "forgets_the_slope", "gradient * slope(z)", "gradient",
    "the gradient passes the activation without being multiplied by its slope.",
    see="eq-depth-product",
)  # fmt: skip

takes_the_slope_at_the_output = altered(
    layer_stats, "takes_the_slope_at_the_output", "slope(z)", "slope(function(z))",
    "the slope is taken at the activation's output, tanh(z), and not at its input z. For ReLU the two agree; for "
    "tanh, the slope in terms of the output is 1 - h^2.",
    see="eq-depth-product",
)  # fmt: skip

measures_before_the_activation = altered(
    layer_stats, "measures_before_the_activation", "h.std()", "zs[-1].std()",
    "the forward numbers are those of z, before the activation. Asked for is what the layer hands on, h.",
    see="eq-depth-variance",
)  # fmt: skip

measures_after_the_weights = altered(
    layer_stats, "measures_after_the_weights",
    "backward.append(gradient.std())\n        gradient = gradient @ W.T",
    "gradient = gradient @ W.T\n        backward.append(gradient.std())",
    "the backward numbers are taken one step too late, after the weights. Asked for is the gradient with respect to z.",
    see="eq-depth-product",
)  # fmt: skip

measures_the_gradient_of_h = altered(
    layer_stats, "measures_the_gradient_of_h",
    "gradient = gradient * slope(z)\n        backward.append(gradient.std())",
    "backward.append(gradient.std())\n        gradient = gradient * slope(z)",
    "the backward numbers are taken one step too early, before the activation's slope. Asked for is the gradient with "
    "respect to z.",
    see="eq-depth-product",
)  # fmt: skip

leaves_the_order_reversed = altered(
    layer_stats, "leaves_the_order_reversed", "backward[::-1]", "backward",
    "the backward numbers come last layer first, in the order in which they were found.",
    see="eq-depth-product",
)  # fmt: skip


def stats_in_lists(Ws, act, X):
    import math

    outputs, slopes = [X], []
    for W in Ws:
        z = np.einsum("ni,io->no", outputs[-1], W)
        if act == "identity":
            outputs.append(z)
            slopes.append(np.ones(z.shape))
        elif act == "relu":
            outputs.append(np.where(z > 0, z, 0.0))
            slopes.append(np.where(z > 0, 1.0, 0.0))
        else:
            outputs.append(np.tanh(z))
            slopes.append(1 - outputs[-1] ** 2)
    d, backward = outputs[-1], []
    for layer in range(len(Ws) - 1, -1, -1):
        d = d * slopes[layer]
        backward.insert(0, math.sqrt(np.mean((d - d.mean()) ** 2)))
        d = np.einsum("no,io->ni", d, Ws[layer])
    return [float(np.std(h)) for h in outputs[1:]], backward


def stats_by_recursion(Ws, act, X):
    apply = {"identity": lambda z: z, "tanh": np.tanh, "relu": lambda z: z * (z > 0)}[act]
    slope_at = {"identity": lambda z: 1.0 + 0 * z, "tanh": lambda z: np.cosh(np.minimum(abs(z), 300)) ** -2.0,
                "relu": lambda z: (z > 0).astype(float)}[act]  # fmt: skip

    def through(layer, h):
        z = h @ Ws[layer]
        out = apply(z)
        if layer + 1 < len(Ws):
            forward, backward, dout = through(layer + 1, out)
        else:
            forward, backward, dout = [], [], out
        dz = dout * slope_at(z)
        return [np.std(out), *forward], [np.std(dz), *backward], dz @ Ws[layer].T

    forward, backward, _ = through(0, X)
    return np.array(forward), np.array(backward)


def _stack(rng, widths, size=1.0):
    return [size * rng.normal(size=(n, m)) / np.sqrt(n) for n, m in pairwise(widths)]


def _stacks(*acts):
    def stacks(rng):
        for act in acts:
            yield dict(Ws=[np.array([[2.0]]), np.array([[0.5]])], act=act, X=np.array([[1.0], [-0.5], [0.25]]))
            yield dict(Ws=_stack(rng, (4, 4, 4, 4)), act=act, X=rng.normal(size=(6, 4)))
            yield dict(Ws=_stack(rng, (3, 6, 2, 5)), act=act, X=rng.normal(size=(8, 3)))
        wide = _stack(rng, (100,) * 6, {"identity": 0.577, "tanh": 1.2, "relu": 1.414}[acts[0]])
        yield dict(Ws=wide, act=acts[0], X=rng.normal(size=(40, 100)))

    return named(f"_stacks_{'_'.join(acts)}", stacks)


def _odd_stacks(rng):
    yield dict(Ws=[np.array([[3.0, -1.0]])], act="tanh", X=np.array([[0.2], [-0.1]]))
    yield dict(Ws=_stack(rng, (5, 3), 4.0), act="tanh", X=3 * rng.normal(size=(6, 5)))
    yield dict(Ws=_stack(rng, (4, 7), 2.0), act="relu", X=rng.normal(size=(6, 4)))
    yield dict(Ws=_stack(rng, (6,) * 25, 1.2), act="tanh", X=rng.normal(size=(5, 6)))


LAYER_STATS = Exercise(
    signature="layer_stats(Ws, act, X)",
    returns="(forward, backward)",
    reference=layer_stats,
    cases=_stacks("identity"),
    behaviours=(
        Behaviour("forward", 1, "the deviation of each layer's output", cases=_stacks("relu", "tanh"), view="forward"),
        Behaviour("linear", 1, "the deviation of each layer's gradient, where the activation is the identity",
                  view="backward"),
        Behaviour("backward", 1, "the deviation of each layer's gradient, through ReLU and tanh",
                  cases=_stacks("relu", "tanh"), view="backward"),
        Behaviour("any stack", 1, "one layer, large weights, twenty-five layers; Ws and X are left alone",
                  cases=_odd_stacks, untouched=True),
    ),
    mistakes=(forgets_the_slope, takes_the_slope_at_the_output, measures_before_the_activation,
              measures_after_the_weights, measures_the_gradient_of_h, leaves_the_order_reversed),
    styles=(stats_in_lists, stats_by_recursion),
    withhold=("gdcourse.depth.signals",),
)  # fmt: skip

# clip_by_global_norm: one length for all gradients together


def clip_by_global_norm(grads, c):
    norm = np.sqrt(sum(np.sum(g**2) for g in grads))
    if norm <= c:
        return [g.copy() for g in grads]
    return [g * (c / norm) for g in grads]


@mistake(
    "each array is shortened by its own norm. Then the arrays are no longer in proportion, and the direction of the "
    "whole changes: there is one norm, that of all of them together.",
    see="eq-depth-clip",
)
def clips_each_array(grads, c):
    norms = [np.sqrt(np.sum(g**2)) for g in grads]
    return [g * (c / norm) if norm > c else g for g, norm in zip(grads, norms)]


@mistake(
    "each component is cut off at c. That turns the direction; the gradient as a whole is to be shortened.",
    see="eq-depth-clip",
)
def clips_each_component(grads, c):
    return [np.clip(g, -c, c) for g in grads]


always_rescales = altered(
    clip_by_global_norm, "always_rescales", "if norm <= c:", "if norm == 0:",
    "every gradient is brought to the length c, the short ones too. One within the limit is left as it is.",
    see="eq-depth-clip",
)  # fmt: skip


@mistake("a gradient of zeros is divided by its norm, which is zero.", see="eq-depth-clip")
def divides_zero_by_zero(grads, c):
    norm = np.sqrt(sum(np.sum(g**2) for g in grads))
    shorter = [g / norm * min(norm, c) for g in grads]
    return shorter


forgets_the_root_of_the_norm = altered(
    clip_by_global_norm, "forgets_the_root_of_the_norm",
    "np.sqrt(sum(np.sum(g**2) for g in grads))", "sum(np.sum(g**2) for g in grads)",
    "the norm lacks its root: the sum of the squares is compared with c.",
    see="eq-depth-clip",
)  # fmt: skip

adds_the_norms = altered(
    clip_by_global_norm, "adds_the_norms",
    "np.sqrt(sum(np.sum(g**2) for g in grads))", "sum(np.sqrt(np.sum(g**2)) for g in grads)",
    "the arrays' norms are added. Norms do not add, their squares do: one root over the sum of all squares.",
    see="eq-depth-clip",
)  # fmt: skip


@mistake(
    "the arrays that were handed over are themselves shortened (g *= ...). Write g * (c / norm), which makes new ones.",
    see="eq-depth-clip",
)
def shortens_in_place(grads, c):
    norm = np.sqrt(sum(np.sum(g**2) for g in grads))
    if norm > c:
        for g in grads:
            g *= c / norm
    return grads


@mistake(
    "every row of every array is shortened by itself. The arrays are one gradient, and have one length: that of all "
    "their numbers together.",
    see="eq-depth-clip",
)
def clips_each_row(grads, c):
    clipped = []
    for g in grads:
        norms = np.linalg.norm(np.atleast_2d(g), axis=1, keepdims=True)
        scale = np.where(norms > c, c / np.where(norms > 0, norms, 1), 1.0)
        clipped.append((np.atleast_2d(g) * scale).reshape(g.shape))
    return clipped


pads_the_norm = altered(
    clip_by_global_norm, "pads_the_norm", "g * (c / norm)", "g * (c / (norm + 1e-6))",
    "1e-6 is added to the norm, which is the form of PyTorch's clip_grad_norm_. Ordinary gradients hardly show it; "
    "tiny ones come back too short. The form asked for adds nothing.",
    see="eq-depth-clip",
)  # fmt: skip

pads_the_norm_a_little = altered(
    clip_by_global_norm, "pads_the_norm_a_little", "g * (c / norm)", "g * (c / (norm + 1e-8))",
    "1e-8 is added to the norm. Ordinary gradients hardly show it; tiny ones come back too short. The norm is above c "
    "there, so that nothing is divided by zero.",
    see="eq-depth-clip",
)  # fmt: skip


def clip_flat(grads, c):
    norm = np.linalg.norm(np.concatenate([np.ravel(g) for g in grads]))
    scale = min(1.0, c / max(norm, 1e-300))
    return [scale * np.asarray(g) for g in grads]


def clip_by_loops(grads, c):
    total = 0.0
    for g in grads:
        for component in g.flat:
            total += component * component
    clipped = []
    for g in grads:
        clipped.append(g / total**0.5 * c if total > c * c else g)
    return tuple(clipped)


def _gradients(rng, length):
    shapes = [(4, 3), (3,), (3, 2), (2,)][: int(rng.integers(2, 5))]
    grads = [rng.normal(size=shape) * 10 ** rng.uniform(-1, 1) for shape in shapes]
    norm = np.sqrt(sum(np.sum(g**2) for g in grads))
    return [g * (length / norm) for g in grads]


def _long_gradients(rng):
    yield dict(grads=[np.array([3.0, 0.0]), np.array([4.0])], c=1.0)
    yield dict(grads=[np.array([0.6]), np.array([[0.8, 2.4]])], c=2.0)
    yield dict(grads=[np.array([[3.0, 4.0], [0.3, 0.4]]), np.array([2.0])], c=1.0)
    for _ in range(4):
        c = float(rng.uniform(0.2, 5))
        yield dict(grads=_gradients(rng, c * rng.uniform(1.5, 30)), c=c)


def _short_gradients(rng):
    yield dict(grads=[np.array([3.0]), np.array([4.0])], c=6.0)
    yield dict(grads=[np.array([0.3]), np.array([0.4, 0.0])], c=0.8)
    yield dict(grads=[np.array([3.0]), np.array([4.0])], c=2.5)
    for _ in range(3):
        c = float(rng.uniform(0.2, 5))
        yield dict(grads=_gradients(rng, c * rng.uniform(0.05, 0.95)), c=c)


def _nothing_gradients(rng):
    yield dict(grads=[np.zeros(2), np.zeros((2, 2))], c=1.0)
    yield dict(grads=[np.zeros(2), np.zeros(1)], c=float(rng.uniform(0.1, 1)))
    yield dict(grads=[np.array([3.0, 0.0]), np.array([4.0])], c=2.5)
    yield dict(grads=[np.array([[3e-5, 0.0], [0.0, 1e-5]]), np.array([4e-5])], c=1e-5)
    yield dict(grads=_gradients(rng, 8.0), c=2.0)


CLIP = Exercise(
    signature="clip_by_global_norm(grads, c)",
    returns="clipped",
    reference=clip_by_global_norm,
    cases=_long_gradients,
    behaviours=(
        Behaviour("long", 2, "gradients longer than c come down to the length c, to five digits, in the same direction",
                  rtol=1e-5),
        Behaviour("short", 1, "gradients within c come back as they are, and only they", cases=_short_gradients),
        Behaviour("nothing", 1, "gradients of zeros stay zeros, tiny ones are clipped exactly; grads is left alone",
                  cases=_nothing_gradients, untouched=True),
    ),
    mistakes=(clips_each_array, clips_each_component, always_rescales, divides_zero_by_zero,
              forgets_the_root_of_the_norm, adds_the_norms, shortens_in_place, clips_each_row, pads_the_norm,
              pads_the_norm_a_little),
    styles=(clip_flat, clip_by_loops),
    withhold=("gdcourse.depth.clip_by_global_norm", "gdcourse.depth._clip"),
)  # fmt: skip

# batchnorm_forward, batchnorm_backward: a layer that looks at its batch


def batchnorm_forward(X, gamma, delta, running, training):
    mean, var = running
    if training:
        mean, var = X.mean(axis=0), X.var(axis=0)
        running = 0.9 * running[0] + 0.1 * mean, 0.9 * running[1] + 0.1 * var
    deviation = np.sqrt(var + 1e-5)
    Z = (X - mean) / deviation
    return gamma * Z + delta, (Z, gamma, deviation), running


def batchnorm_backward(dY, cache):
    Z, gamma, deviation = cache
    dZ = dY * gamma
    dX = (dZ - dZ.mean(axis=0) - Z * (dZ * Z).mean(axis=0)) / deviation
    return dX, (dY * Z).sum(axis=0), dY.sum(axis=0)


FORWARD, BACKWARD = "batchnorm_forward", "batchnorm_backward"

takes_the_statistics_for_constants = altered(
    batchnorm_backward, "takes_the_statistics_for_constants",
    "(dZ - dZ.mean(axis=0) - Z * (dZ * Z).mean(axis=0)) / deviation", "dZ / deviation",
    "mean and variance are taken for constants in the backward pass. They depend on every row of X, and their share "
    "of the gradient goes back to every row.",
    see="eq-depth-batchnorm", of=BACKWARD,
)  # fmt: skip

takes_the_variance_for_a_constant = altered(
    batchnorm_backward, "takes_the_variance_for_a_constant", " - Z * (dZ * Z).mean(axis=0)", "",
    "the gradient goes back through the mean but not through the variance, which depends on every row as well.",
    see="eq-depth-batchnorm", of=BACKWARD,
)  # fmt: skip

forgets_gamma_going_back = altered(
    batchnorm_backward, "forgets_gamma_going_back", "dZ = dY * gamma", "dZ = dY",
    "dX lacks the factor gamma, by which every output was multiplied.",
    see="eq-depth-batchnorm", of=BACKWARD,
)  # fmt: skip

averages_over_the_batch = altered(
    batchnorm_backward, "averages_over_the_batch",
    "(dY * Z).sum(axis=0), dY.sum(axis=0)", "(dY * Z).mean(axis=0), dY.mean(axis=0)",
    "the gradients of gamma and delta are averaged over the rows. dY already says what each row counts for: add.",
    see="eq-depth-batchnorm", of=BACKWARD,
)  # fmt: skip

divides_by_n_minus_one_in_batch = altered(
    batchnorm_forward, "divides_by_n_minus_one_in_batch", "X.var(axis=0)", "X.var(axis=0, ddof=1)",
    "the variance is divided by n - 1 (ddof=1). The book divides by n, as np.var does by itself.",
    see="eq-depth-batchnorm", of=FORWARD,
)  # fmt: skip

adds_eps_outside_the_root = altered(
    batchnorm_forward, "adds_eps_outside_the_root", "np.sqrt(var + 1e-5)", "np.sqrt(var) + 1e-5",
    "epsilon is added to the deviation. It belongs inside the root, to the variance.",
    see="eq-depth-batchnorm", of=FORWARD,
)  # fmt: skip


@mistake(
    "evaluation normalises by the batch at hand. A single example has no deviation: use what running remembers.",
    see="eq-depth-batchnorm", of=FORWARD,
)  # fmt: skip
def evaluates_with_the_batch(X, gamma, delta, running, training):
    mean, var = X.mean(axis=0), X.var(axis=0)
    if training:
        running = 0.9 * running[0] + 0.1 * mean, 0.9 * running[1] + 0.1 * var
    deviation = np.sqrt(var + 1e-5)
    Z = (X - mean) / deviation
    return gamma * Z + delta, (Z, gamma, deviation), running


remembers_the_wrong_way_round = altered(
    batchnorm_forward, "remembers_the_wrong_way_round",
    "0.9 * running[0] + 0.1 * mean, 0.9 * running[1] + 0.1 * var",
    "0.1 * running[0] + 0.9 * mean, 0.1 * running[1] + 0.9 * var",
    "the memory keeps a tenth of the old and takes nine tenths of the new. It should be the other way round, or a "
    "single batch decides.",
    see="eq-depth-batchnorm", of=FORWARD,
)  # fmt: skip

learns_while_evaluating = altered(
    batchnorm_forward, "learns_while_evaluating",
    "        running = 0.9 * running[0] + 0.1 * mean, 0.9 * running[1] + 0.1 * var",
    "    running = 0.9 * running[0] + 0.1 * X.mean(axis=0), 0.9 * running[1] + 0.1 * X.var(axis=0)",
    "running changes during evaluation too. Only training may change it.",
    see="eq-depth-batchnorm", of=FORWARD,
)  # fmt: skip


def forward_in_steps(X, gamma, delta, running, training):
    n = len(X)
    old_mean, old_var = running
    if not training:
        return gamma * ((X - old_mean) / (old_var + 1e-5) ** 0.5) + delta, None, running
    mean = sum(X) / n
    centred = X - mean
    var = sum(centred**2) / n
    inverse = (var + 1e-5) ** -0.5
    new = [old_mean + 0.1 * (mean - old_mean), old_var + 0.1 * (var - old_var)]
    return gamma * centred * inverse + delta, dict(centred=centred, inverse=inverse, gamma=gamma), new


def backward_in_steps(dY, cache):
    centred, inverse, gamma = cache["centred"], cache["inverse"], cache["gamma"]
    n = len(dY)
    dgamma = np.einsum("ij,ij->j", dY, centred * inverse)
    dnormalised = dY * gamma
    dinverse = (dnormalised * centred).sum(axis=0)
    dvar = -0.5 * inverse**3 * dinverse
    dcentred = dnormalised * inverse + 2 / n * centred * dvar
    dmean = -dcentred.sum(axis=0)
    return dcentred + dmean / n, dgamma, dY.sum(axis=0)


def forward_by_columns(X, gamma, delta, running, training):
    Y, mean, var = np.empty_like(X), np.array(running[0]), np.array(running[1])
    for j in range(X.shape[1]):
        m, v = (np.mean(X[:, j]), np.var(X[:, j])) if training else (running[0][j], running[1][j])
        Y[:, j] = gamma[j] * (X[:, j] - m) / np.sqrt(v + 1e-5) + delta[j]
        if training:
            mean[j], var[j] = 0.9 * mean[j] + 0.1 * m, 0.9 * var[j] + 0.1 * v
    return Y, (np.array(X), gamma), (mean, var)


def backward_by_columns(dY, cache):
    X, gamma = cache
    n, d = X.shape
    dX, dgamma = np.zeros((n, d)), []
    for j in range(d):
        s = np.sqrt(np.var(X[:, j]) + 1e-5)
        z = (X[:, j] - np.mean(X[:, j])) / s
        jacobian = (np.eye(n) - 1 / n - np.outer(z, z) / n) / s
        dX[:, j] = gamma[j] * jacobian @ dY[:, j]
        dgamma.append(dY[:, j] @ z)
    return dX, dgamma, np.sum(dY, axis=0)


def _batch(rng, n, d, spread=(-0.5, 1)):
    running = (rng.normal(size=d), rng.uniform(0.5, 2, size=d))
    X = rng.normal(size=(n, d)) * 10 ** rng.uniform(*spread, size=d) + 3 * rng.normal(size=d)
    return dict(X=X, gamma=rng.uniform(0.5, 2, size=d), delta=rng.normal(size=d), running=running)


def _batches(rng):
    yield dict(X=np.array([[1.0], [3.0]]), gamma=np.array([1.5]), delta=np.array([0.5]),
               running=(np.array([0.25]), np.array([1.0])))  # fmt: skip
    yield dict(X=np.array([[0.0, 0.002], [0.0, 0.004], [3.0, 0.001]]), gamma=np.array([1.5, 2.0]),
               delta=np.array([0.0, 1.0]), running=(np.zeros(2), np.ones(2)))  # fmt: skip
    for n, d in ((3, 1), (6, 3), (20, 4)):
        yield _batch(rng, n, d)
    yield _batch(rng, 8, 3, spread=(-3, -2))


def _batches_and_gradients(rng):
    yield dict(X=np.array([[1.0], [3.0], [2.5]]), gamma=np.array([1.5]), delta=np.array([0.5]),
               running=(np.zeros(1), np.ones(1)), dY=np.array([[1.0], [0.0], [-0.5]]))  # fmt: skip
    for n, d in ((4, 2), (7, 3), (16, 4)):
        yield dict(_batch(rng, n, d), dY=rng.normal(size=(n, d)))
    yield dict(_batch(rng, 8, 3, spread=(-3, -2)), dY=rng.normal(size=(8, 3)))


def _train_once(batchnorm_forward, batchnorm_backward, X, gamma, delta, running):
    Y, _, _ = batchnorm_forward(X, gamma, delta, running, True)
    return {"Y": Y}


def _train_twice(batchnorm_forward, batchnorm_backward, X, gamma, delta, running):
    _, _, once = batchnorm_forward(X, gamma, delta, running, True)
    _, _, twice = batchnorm_forward(2 * X + 1, gamma, delta, once, True)
    return {"running mean": np.array(twice[0]), "running variance": np.array(twice[1])}


def _evaluate(batchnorm_forward, batchnorm_backward, X, gamma, delta, running):
    Y, _, after = batchnorm_forward(X, gamma, delta, running, False)
    one, _, _ = batchnorm_forward(X[:1], gamma, delta, running, False)
    mean, var = after
    return {"Y": Y, "Y of one row alone": one, "running mean": np.array(mean), "running variance": np.array(var)}


def _go_back(batchnorm_forward, batchnorm_backward, X, gamma, delta, running, dY):
    _, cache, _ = batchnorm_forward(X, gamma, delta, running, True)
    dX, dgamma, ddelta = batchnorm_backward(dY, cache)
    return {"dX": dX, "dgamma": np.array(dgamma), "ddelta": np.array(ddelta)}


BATCHNORM = Exercise(
    signature="batchnorm_forward(X, gamma, delta, running, training); batchnorm_backward(dY, cache)",
    returns="Y, cache, running",
    reference=(batchnorm_forward, batchnorm_backward),
    cases=_batches,
    behaviours=(
        Behaviour("training", 1, "Y in training, columns of little spread included", drive=_train_once),
        Behaviour("running", 1, "running keeps nine tenths of the old and takes a tenth of the new",
                  drive=_train_twice),
        Behaviour("evaluation", 1, "evaluation uses running and leaves it as it was, for a single row too",
                  drive=_evaluate),
        Behaviour("rows", 2, "dX, back through the mean and the variance", cases=_batches_and_gradients,
                  drive=_go_back, view=lambda run: {"dX": run.output["dX"]}),
        Behaviour("parameters", 1, "the gradients of gamma and delta; no argument is changed",
                  cases=_batches_and_gradients, drive=_go_back, untouched=True,
                  view=lambda run: {name: run.output[name] for name in ("dgamma", "ddelta")}),
    ),
    mistakes=(takes_the_statistics_for_constants, takes_the_variance_for_a_constant, forgets_gamma_going_back,
              averages_over_the_batch, divides_by_n_minus_one_in_batch, adds_eps_outside_the_root,
              evaluates_with_the_batch, remembers_the_wrong_way_round, learns_while_evaluating),
    styles=((forward_in_steps, backward_in_steps), (forward_by_columns, backward_by_columns)),
    withhold=("gdcourse.layers.batch_norm",),
)  # fmt: skip

# rescue: thirty layers that do not learn


def rescue(net):
    return dict(net, kind="he", lr=0.003, centred=True)


only_raises_the_rate = altered(
    rescue, "only_raises_the_rate", 'kind="he", lr=0.003, centred=True', "lr=0.1",
    "only the learning rate is raised. The gradient has lost its size on the way down by a factor that differs from "
    "layer to layer, and one rate cannot suit them all.",
    see="eq-depth-product",
)  # fmt: skip

only_centres_the_pixels = altered(
    rescue, "only_centres_the_pixels", 'kind="he", lr=0.003, ', "",
    "only the pixels are centred. That helps the first layer; the other thirty still halve what they receive.",
    see="eq-depth-variance",
)  # fmt: skip

only_adds_skips = altered(
    rescue, "only_adds_skips", 'kind="he", lr=0.003, centred=True', 'kind="he", skip=True',
    "skips are added without batch norm. Then every block doubles the variance, and thirty blocks explode.",
    see="eq-depth-residual",
)  # fmt: skip

starts_from_zero = altered(
    rescue, "starts_from_zero", 'kind="he"', 'kind="zero"',
    "the weights start at zero. Nothing passes through them then, neither signal nor gradient.",
    see="eq-depth-product",
)  # fmt: skip

takes_too_long_steps = altered(
    rescue, "takes_too_long_steps", "lr=0.003", "lr=0.5",
    "the first weights are right and the rate is far too large for thirty layers.",
    see="eq-depth-he",
)  # fmt: skip

makes_it_shallow = altered(
    rescue, "makes_it_shallow", 'kind="he"', 'depth=3, kind="he"',
    "the network is made shallow. That does train, but thirty layers were to be rescued: keep depth, width and seed.",
    see="eq-depth-product",
)  # fmt: skip


def rescue_with_less_haste(net):
    changed = {key: value for key, value in net.items()}
    changed["kind"] = "he"
    changed["lr"] = 0.002
    changed["centred"] = True
    return changed


def rescue_with_skips(net):
    net = net.copy()
    net.update(skip=True, batch_norm=True, kind="he", lr=0.02)
    return net


STEPS = 600
KINDS = ("zero", "standard", "lecun", "glorot", "glorot_uniform", "he")


def _network(settings):
    from gdcourse.networks import initialise, mlp

    network = mlp((64,) + (settings["width"],) * settings["depth"] + (10,), batch_norm=settings["batch_norm"],
                  skip=settings["skip"])  # fmt: skip
    rng = np.random.default_rng(settings["seed"])
    return network, initialise(network, settings["kind"], rng).astype(np.float32), rng


@lru_cache(maxsize=256)
def _trained(settings):
    from gdcourse.batches import minibatches
    from gdcourse.data import digits
    from gdcourse.descent import descend
    from gdcourse.networks import accuracy, network_problem
    from gdcourse.optimizers import momentum

    settings = dict(settings)
    network, start, rng = _network(settings)
    X, y, _ = digits()
    order = rng.permutation(len(y))
    kept, held = order[:1350], order[1350:]
    if settings["centred"]:
        X = X - X[kept].mean(axis=0)
    with np.errstate(all="ignore"):
        run = descend(network_problem(network, X[kept], y[kept]), momentum(), steps=STEPS, start=start,
                      lr=lambda t: settings["lr"] * (1 - t / STEPS), batches=minibatches(1350, 64, rng),
                      keep_path=False)  # fmt: skip
        return run.values[:-1], accuracy(network, run.final, X[held], y[held]) if run.status != "diverged" else 0.1


def train(settings):
    """Train the network of a dictionary of settings on digits.

    600 updates in minibatches of 64, with momentum 0.9 and a rate that falls linearly to zero.

    Args: settings: depth, width, kind of first weights, lr, centred, batch_norm, skip, seed.
    Returns: the losses of 600 updates (fewer if they blow up), and the accuracy on 447 held-out digits.
    """
    return _trained(tuple(sorted(settings.items())))


@lru_cache(maxsize=256)
def _first_over_last(settings):
    from gdcourse.depth import signals

    settings = dict(settings)
    network, start, rng = _network(settings)
    X, upstream = rng.normal(size=(64, 64)), rng.normal(size=(64, 10))
    with np.errstate(all="ignore"):
        backward = signals(network, start, X, upstream).backward
    return float(backward[0] / backward[-2]) if backward[-2] else 0.0


def gradient_ratio(settings):
    """Return how large the first layer's gradient is, in terms of the last hidden layer's, at the first weights."""
    return _first_over_last(tuple(sorted(settings.items())))


def _not_these_settings(net, settings):
    for key in ("depth", "width", "seed"):
        if settings[key] != net[key]:
            return f"changes {key} from {net[key]} to {settings[key]}. It is this network that needs help."
    if settings["kind"] not in KINDS:
        return f"kind is {settings['kind']!r}, which is none of {', '.join(KINDS)}."
    if not 0 < settings["lr"] < np.inf:
        return f"lr is {settings['lr']:g}; it must be a positive number."
    return None


def _gradients_arrive(case, run, expected):
    if wrong := _not_these_settings(case["net"], run.output):
        return wrong
    ratio = gradient_ratio(run.output)
    if 0.01 <= ratio <= 100:
        return None
    return f"with these settings the first layer's gradient is {ratio:.1e} times the last hidden layer's at the start."


def _learns(case, run, expected):
    if wrong := _not_these_settings(case["net"], run.output):
        return wrong
    losses, accuracy = train(run.output)
    if accuracy >= 0.8:
        return None
    if len(losses) < STEPS or not np.isfinite(losses[-1]):
        return "with these settings the loss blows up: it is not a finite number any more."
    return f"after {STEPS} updates the loss is {np.mean(losses[-20:]):.3f}, and {accuracy:.0%} of the digits are right."


def _stuck_networks(rng):
    for number in rng.permutation(8).tolist():  # all of them, so that nobody is lucky with a seed
        yield dict(net=dict(depth=30, width=64, kind=("glorot", "lecun")[number % 2], lr=0.001, centred=False,
                            batch_norm=False, skip=False, seed=number // 2))  # fmt: skip


RESCUE = Exercise(
    signature="rescue(net)",
    returns="settings",
    reference=rescue,
    cases=_stuck_networks,
    behaviours=(
        Behaviour("gradients", 2, "at the first weights, the gradient of the first of 30 layers is within a factor "
                  "of 100 of the last one's", holds=_gradients_arrive),
        Behaviour("learns", 2, "all eight such networks reach 80 percent after 600 updates; net is left alone",
                  holds=_learns, untouched=True),
    ),
    mistakes=(only_raises_the_rate, only_centres_the_pixels, only_adds_skips, starts_from_zero, takes_too_long_steps,
              makes_it_shallow),
    styles=(rescue_with_less_haste, rescue_with_skips),
)  # fmt: skip

ASSIGNMENT = Assignment(
    "ps08",
    "Why depth hurts",
    ("depth",),
    (INIT_WEIGHTS, LAYER_STATS, CLIP, BATCHNORM, RESCUE),
)
