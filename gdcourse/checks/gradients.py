"""Assignment 1: the learning loop and the gradient."""

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, Oracle, altered, mistake
from gdcourse.checks.shared import (
    again,
    asked_at_another_step,
    bowl,
    bowl_about_zero,
    clear_of_zero,
    counted,
    times,
    turned,
)
from gdcourse.checks.values import show_apart

# numerical_gradient: a derivative measured from both sides


def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


@mistake(
    "only one side is looked at: (f(x + h) - f(x)) / h is the forward difference, whose error falls like h. "
    "Looking to both sides makes it fall like h squared.",
    see="eq-grad-central",
)
def looks_forward_only(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    here, gradient = f(x), np.empty_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        gradient[i] = (f(x + step) - here) / h
    return gradient


divides_by_one_step = altered(
    numerical_gradient, "divides_by_one_step", "(2 * h)", "h",
    "the difference is divided by h. The two points lie 2h apart.",
    see="eq-grad-central",
)  # fmt: skip

subtracts_the_other_way = altered(
    numerical_gradient, "subtracts_the_other_way", "f(x + step) - f(x - step)", "f(x - step) - f(x + step)",
    "the two values are subtracted the wrong way round: first the one further along, then the one behind.",
    see="eq-grad-central",
)  # fmt: skip


@mistake(
    "x is moved and not moved back. Whoever called still needs it, and each later slope is measured at another "
    "place: work on a copy, and put every entry back.",
    see="eq-grad-central",
)
def leaves_x_moved(f, x, h=1e-5):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] = x[i] + h
        above = f(x)
        x[i] = x[i] - 2 * h
        gradient[i] = (above - f(x)) / (2 * h)
    return gradient


steps_in_whole_numbers = altered(
    numerical_gradient, "steps_in_whole_numbers", "x = np.array(x, dtype=float)\n    gradient = np.empty_like(x)",
    "gradient = np.empty(np.shape(x))",
    "the small step is rounded to a whole number, which is 0: np.zeros_like(x) holds nothing else where x does. Say "
    "dtype=float.",
    see="eq-grad-central",
)  # fmt: skip


@mistake(
    "the slopes are rounded to whole numbers: np.zeros_like(x) holds nothing else where x does. Say dtype=float.",
    see="eq-grad-vector",
)
def rounds_the_slopes(f, x, h=1e-5):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        gradient[i] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient


@mistake(
    "x is copied as it is, and a copy of whole numbers takes no small step: x[i] + h is rounded down when it is put "
    "back. Say np.array(x, dtype=float).",
    see="eq-grad-central",
)
def copies_whole_numbers(f, x, h=1e-5):
    x, gradient = np.array(x), np.zeros(np.shape(x))
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + h
        above = f(x)
        x[i] = kept - h
        gradient[i] = (above - f(x)) / (2 * h)
        x[i] = kept
    return gradient


returns_the_transpose = altered(
    numerical_gradient, "returns_the_transpose", "return gradient", "return gradient.T",
    "the gradient is laid on its side. Entry (i, j) is the slope for entry (i, j) of x.",
    see="eq-grad-vector",
)  # fmt: skip

returns_it_flat = altered(
    numerical_gradient, "returns_it_flat", "return gradient", "return gradient.ravel()",
    "the slopes come in one long row. The gradient has the shape of x.",
    see="eq-grad-vector",
)  # fmt: skip

moves_whole_rows = altered(
    numerical_gradient, "moves_whole_rows", "np.ndindex(x.shape)", "range(len(x))",
    "a whole row of x is moved at a time, which gives the sum of its slopes. Move one entry at a time: "
    "np.ndindex(x.shape) visits them all.",
    see="eq-grad-vector",
)  # fmt: skip


@mistake(
    "x is copied with its type and walked along one index. A copy of whole numbers drops the step and the slopes, and "
    "in a table one index is a whole row.",
    see="eq-grad-central",
)
def knows_only_vectors_of_floats(f, x, h=1e-5):
    slopes = np.zeros_like(x)
    for k in range(x.size):
        ahead, behind = x.copy(), x.copy()
        ahead[k] = x[k] + h
        behind[k] = x[k] - h
        slopes[k] = (f(ahead) - f(behind)) / (2 * h)
    return slopes


def numerical_gradient_in_place(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    flat, slopes = x.reshape(-1), []
    for i in range(x.size):
        kept = flat[i]
        flat[i] = kept - h
        below = f(x)
        flat[i] = kept + h
        slopes.append((f(x) - below) / h / 2)
        flat[i] = kept
    return np.array(slopes).reshape(x.shape)


def numerical_gradient_by_unit_vectors(f, x, h=1e-5):
    steps = h * np.eye(np.size(x)).reshape(-1, *np.shape(x))
    return np.reshape([(f(x + s) - f(x - s)) * 0.5 / h for s in steps], np.shape(x))


def _wavy(rng, shape):
    """Return a function of an array that bends in every entry and joins them all, and is level in none."""
    A, C = rng.uniform(1, 2, size=shape) * rng.choice([-1, 1], size=shape), rng.uniform(0.3, 0.6, size=shape)

    def f(x):
        return float(np.sum(A * (x**3 + x)) + np.sin(np.sum(C * x)))

    return Oracle("f", f, f"f a curved function of shape {shape}")


PARABOLA = Oracle("f", lambda x: float(np.sum(x**2)), "f(x) = sum(x**2)")
CUBE = Oracle("f", lambda x: float(np.sum(x**3)), "f(x) = sum(x**3)")
RAMP = Oracle("f", lambda x: float(np.sum(np.arange(1, x.size + 1).reshape(x.shape) * x)),
              "f(x) = 1 x[0, 0] + 2 x[0, 1] + 3 x[0, 2] + ...")  # fmt: skip


def _places(rng):
    yield dict(f=PARABOLA, x=np.array([3.0, -1.0]))
    for d in (1, 2, 5):
        yield dict(f=_wavy(rng, (d,)), x=clear_of_zero(rng, d))


def _long_steps(rng):
    yield dict(f=CUBE, x=np.array([1.0]), h=0.5)
    for d, h in ((1, 0.3), (2, 0.1), (3, 0.02), (4, 1e-3)):
        yield dict(f=_wavy(rng, (d,)), x=clear_of_zero(rng, d), h=h)


def _tables_and_whole_numbers(rng):
    yield dict(f=RAMP, x=np.array([[0.5, -1.5, 2.0]]))
    for shape in ((2, 3), (4, 2), (3, 3)):
        yield dict(f=_wavy(rng, shape), x=clear_of_zero(rng, *shape))
    yield dict(f=CUBE, x=np.array([2, -1]))
    yield dict(f=_wavy(rng, (3,)), x=rng.integers(1, 4, size=3))


@again(10)
def _long_steps_and_tables(rng):
    yield dict(f=CUBE, x=np.array([1.0]), h=0.5)
    yield dict(f=_wavy(rng, (4,)), x=clear_of_zero(rng, 4))
    yield dict(f=_wavy(rng, (2, 3)), x=clear_of_zero(rng, 2, 3), h=0.1)


def _two_calls_an_entry(case, run, expected):
    came, wanted = len(run.calls), len(expected.calls)
    if came != wanted:
        numbers = counted(case["x"].size, "number")
        return f"f is called {times(came)} for {numbers}, where {times(wanted)} are needed."
    return None


NUMERICAL_GRADIENT = Exercise(
    signature="numerical_gradient(f, x, h=1e-5)",
    returns="gradient",
    reference=numerical_gradient,
    cases=_places,
    behaviours=(
        Behaviour("slopes", 1, "one slope for each number in x, to four digits", rtol=1e-4),
        Behaviour("both sides", 2, "the central difference, also for long steps h", cases=_long_steps, rtol=1e-8,
                  clue=asked_at_another_step("f")),
        Behaviour("shapes", 1, "tables of numbers, and whole numbers", cases=_tables_and_whole_numbers, rtol=1e-4),
        Behaviour("calls", 1, "f is called twice for each number in x, and x is left alone",
                  cases=_long_steps_and_tables, untouched=True, view=lambda run: len(run.calls),
                  holds=_two_calls_an_entry),
    ),
    mistakes=(looks_forward_only, divides_by_one_step, subtracts_the_other_way, leaves_x_moved,
              steps_in_whole_numbers, rounds_the_slopes, copies_whole_numbers, returns_the_transpose, returns_it_flat,
              moves_whole_rows, knows_only_vectors_of_floats),
    styles=(numerical_gradient_in_place, numerical_gradient_by_unit_vectors),
    withhold=("gdcourse.differentiate.numerical_gradient", "gdcourse.differentiate.complex_step"),
)  # fmt: skip

# mse_and_grad: the loss of a linear model, and its slope


def mse_and_grad(theta, X, y):
    miss = X @ theta - y
    return np.mean(miss**2), 2 / len(y) * X.T @ miss


sums_the_examples = altered(
    mse_and_grad, "sums_the_examples", "np.mean(miss**2), 2 / len(y) * X.T @ miss", "np.sum(miss**2), 2 * X.T @ miss",
    "the examples are added up and not averaged. Then twice the data means twice the loss, and a step twice as long.",
    see="eq-loop-mse",
)  # fmt: skip

sums_the_gradient = altered(
    mse_and_grad, "sums_the_gradient", "2 / len(y) * X.T", "2 * X.T",
    "the loss is a mean over the examples and the gradient a sum. Both are divided by n.",
    see="eq-loop-gradient",
)  # fmt: skip

forgets_the_two = altered(
    mse_and_grad, "forgets_the_two", "2 / len(y)", "1 / len(y)",
    "the 2 that comes down from the square is missing in the gradient.",
    see="eq-loop-gradient",
)  # fmt: skip

halves_the_loss = altered(
    mse_and_grad, "halves_the_loss", "np.mean(miss**2), 2 / len(y)", "np.mean(miss**2) / 2, 1 / len(y)",
    "the loss is halved, so that the 2 in its gradient goes away. Many texts do that; this one does not, and a rate "
    "that is right for one is wrong for the other.",
    see="eq-loop-mse",
)  # fmt: skip

flips_the_sign = altered(
    mse_and_grad, "flips_the_sign", "2 / len(y)", "-2 / len(y)",
    "the gradient has the wrong sign. With the miss written as y - prediction a minus comes out of the square's inner "
    "derivative.",
    see="eq-loop-gradient",
)  # fmt: skip


@mistake(
    "a column of predictions (n, 1) meets a row of targets (n,), and NumPy subtracts each from each, n times n misses. "
    "Keep both of shape (n,).",
    see="eq-loop-mse",
)
def subtracts_each_from_each(theta, X, y):
    miss = X @ theta.reshape(-1, 1) - y
    return np.mean(miss**2), 2 / len(y) * np.mean(X.T @ miss, axis=1)


takes_the_root = altered(
    mse_and_grad, "takes_the_root", "np.mean(miss**2),", "np.sqrt(np.mean(miss**2)),",
    "the root of the loss is returned. That has the units of y and is good to report, but its gradient is another one.",
    see="eq-loop-mse",
)  # fmt: skip


@mistake(
    "y itself is overwritten (y -= ...). Whoever called still needs the targets: write miss = X @ theta - y.",
    see="eq-loop-mse",
)
def overwrites_the_targets(theta, X, y):
    y -= X @ theta
    return np.mean(y**2), -2 / len(y) * X.T @ y


squares_before_the_sum = altered(
    mse_and_grad, "squares_before_the_sum", "X.T @ miss", "X.T @ miss**2",
    "the squared misses stand in the gradient. The square is gone once it has been differentiated: 2 times the miss.",
    see="eq-loop-gradient",
)  # fmt: skip


def mse_with_loops(theta, X, y):
    n, d = X.shape
    loss, gradient = 0.0, [0.0] * d
    for i in range(n):
        miss = sum(X[i, j] * theta[j] for j in range(d)) - y[i]
        loss += miss**2 / n
        for j in range(d):
            gradient[j] += 2 * miss * X[i, j] / n
    return loss, np.array(gradient)


def mse_by_residuals(theta, X, y):
    residual = y - np.einsum("ij,j->i", X, theta)
    return float(residual @ residual) / y.size, np.mean(-2 * residual[:, None] * X, axis=0)


LINE = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0], [4.0, 1.0]])


def _fits(rng):
    yield dict(theta=np.array([1.0]), X=np.array([[1.0], [2.0]]), y=np.array([3.0, 5.0]))
    yield dict(theta=np.array([0.0, 0.0]), X=LINE, y=np.array([2.0, 4.0, 6.0, 8.0]))
    for n, d in ((3, 1), (6, 2), (20, 4)):
        X = rng.normal(size=(n, d)) + rng.uniform(0.5, 2, size=d)
        yield dict(theta=rng.normal(size=d), X=X, y=rng.normal(size=n) + rng.uniform(1, 3))


def _one_example(rng):
    yield dict(theta=np.array([1.0]), X=np.array([[2.0]]), y=np.array([5.0]))
    for d in (2, 3, 5):
        yield dict(theta=rng.normal(size=d), X=rng.normal(size=(1, d)), y=rng.normal(size=1) + 3)


def _twice(mse_and_grad, theta, X, y):
    X_twice, y_twice = np.concatenate([X, X]), np.concatenate([y, y])
    once, twice = mse_and_grad(theta, X, y), mse_and_grad(theta, X_twice, y_twice)
    return [once[0], once[1], twice[0], twice[1]]


def _unchanged(case, run, expected):
    loss, gradient, loss_twice, gradient_twice = run.output
    if not np.isclose(loss, loss_twice, rtol=1e-7):
        return "with every example twice the loss goes from {} to {}, where it should stay.".format(
            *show_apart(loss, loss_twice))
    if not np.allclose(gradient, gradient_twice, rtol=1e-7, atol=1e-9):
        return "with every example twice the gradient changes, where it should stay."
    return None if _along(gradient, expected.output[1]) and loss > 0 else "the gradient does not point uphill."


def _along(came, wanted):
    """Tell whether two vectors point the same way."""
    length = np.linalg.norm(came) * np.linalg.norm(wanted)
    return length > 0 and came @ wanted > (1 - 1e-9) * length


def _uphill(case, run, expected):
    return None if _along(run.output[1], expected.output[1]) else "it points another way than straight uphill."


MSE_AND_GRAD = Exercise(
    signature="mse_and_grad(theta, X, y)",
    returns="(loss, gradient)",
    reference=mse_and_grad,
    cases=_fits,
    behaviours=(
        Behaviour("loss", 1, "the mean of the squared misses", view="loss"),
        Behaviour("direction", 1, "the gradient points straight uphill", holds=_uphill, view="gradient"),
        Behaviour("gradient", 1, "and has the right length", view="gradient"),
        Behaviour("twice", 1, "the same data twice leave both as they are", drive=_twice,
                  holds=_unchanged, view=lambda run: run.output),
        Behaviour("one example", 1, "a single example will do; theta, X and y are left alone", cases=_one_example,
                  untouched=True),
    ),
    mistakes=(sums_the_examples, sums_the_gradient, forgets_the_two, halves_the_loss, flips_the_sign,
              subtracts_each_from_each, takes_the_root, overwrites_the_targets, squares_before_the_sum),
    styles=(mse_with_loops, mse_by_residuals),
    withhold=("gdcourse.problems.least_squares", "gdcourse.problems.line_fit", "gdcourse.losses.mse"),
)  # fmt: skip

# directional_derivative: the slope on the way somewhere


def directional_derivative(grad, v):
    return grad @ v / np.linalg.norm(v)


forgets_the_length = altered(
    directional_derivative, "forgets_the_length", " / np.linalg.norm(v)", "",
    "the length of v is left in. A slope is a change per unit of way, so the direction must have length 1: divide by "
    "the norm of v.",
    see="eq-grad-directional",
)  # fmt: skip

returns_the_cosine = altered(
    directional_derivative, "returns_the_cosine", "np.linalg.norm(v)", "(np.linalg.norm(v) * np.linalg.norm(grad))",
    "the gradient is scaled to length 1 as well. That leaves the cosine of the angle, and loses how steep it is.",
    see="eq-grad-directional",
)  # fmt: skip

scales_the_gradient = altered(
    directional_derivative, "scales_the_gradient", "np.linalg.norm(v)", "np.linalg.norm(grad)",
    "the product is divided by the gradient's length instead of v's. It is the direction that must have length 1.",
    see="eq-grad-directional",
)  # fmt: skip

forgets_the_root = altered(
    directional_derivative, "forgets_the_root", "np.linalg.norm(v)", "(v @ v)",
    "the product is divided by v @ v, the square of the length. Its root is missing.",
    see="eq-grad-directional",
)  # fmt: skip

adds_up_the_length = altered(
    directional_derivative, "adds_up_the_length", "np.linalg.norm(v)", "np.sum(np.abs(v))",
    "the length of v is taken to be the sum of its components. Euclid's is the root of the sum of their squares.",
    see="eq-grad-steepest",
)  # fmt: skip

loses_the_way_down = altered(
    directional_derivative, "loses_the_way_down", "grad @ v", "abs(grad @ v)",
    "the sign is lost. A slope is negative where v leads down.",
    see="eq-grad-directional",
)  # fmt: skip


@mistake(
    "v itself is scaled (v /= ...). Whoever called still needs it as it was: write u = v / np.linalg.norm(v).",
    see="eq-grad-directional",
)
def scales_v_itself(grad, v):
    v /= np.linalg.norm(v)
    return grad @ v


pads_the_length = altered(
    directional_derivative, "pads_the_length", "np.linalg.norm(v)", "(np.linalg.norm(v) + 1e-8)",
    "1e-8 is added to the length of v. For a long v nobody sees it; for a short one the slope depends on it.",
    see="eq-grad-directional",
)  # fmt: skip


def slope_with_a_loop(grad, v):
    length = sum(c * c for c in v) ** 0.5
    return float(sum(g * c / length for g, c in zip(grad, v)))


def slope_by_the_angle(grad, v):
    steepest, length = np.sqrt(np.sum(grad**2)), np.sqrt(np.sum(v**2))
    return steepest * np.cos(np.arccos(np.clip(np.dot(grad, v) / (steepest * length), -1, 1)))


def _unit_directions(rng):
    yield dict(grad=np.array([3.0, 4.0]), v=np.array([1.0, 0.0]))
    yield dict(grad=np.array([3.0, 4.0]), v=np.array([0.0, -1.0]))
    for d in (1, 2, 3, 6):
        v = rng.normal(size=d)
        yield dict(grad=clear_of_zero(rng, d) * 3, v=v / np.linalg.norm(v))


@again(18)
def _directions(rng):
    yield dict(grad=np.array([3.0, 4.0]), v=np.array([2.0, 0.0]))
    yield dict(grad=np.array([3.0, 4.0]), v=np.array([0.0, -0.002]))
    for d in (1, 2, 4):
        yield dict(grad=rng.normal(size=d) * 4, v=rng.normal(size=d) * 10 ** rng.uniform(-1, 1))


def _longer_and_back(directional_derivative, grad, v):
    ways = [v, 3.0 * v, 0.1 * v, -v]
    return [directional_derivative(grad, way) for way in ways]


def _odd_and_unmoved_by_length(case, run, expected):
    once, longer, shorter, back = run.output
    for came, wanted, way in ((longer, once, "3 v, the same direction"), (shorter, once, "0.1 v, the same direction"),
                              (back, -once, "-v, the way back")):  # fmt: skip
        if not np.isclose(came, wanted, rtol=1e-7):
            came, wanted = show_apart(came, wanted)
            return f"along {way}, it is {came}, where {wanted} follows from the slope along v."
    return None if once * expected.output[0] > 0 else "it goes down where it should go up."


def _special_directions(rng):
    yield dict(grad=np.array([3.0, 4.0]), v=np.array([6.0, 8.0]))
    yield dict(grad=np.array([3.0, 4.0]), v=np.array([8.0, -6.0]))
    yield dict(grad=np.array([3.0, 4.0]), v=np.array([6e-4, 8e-4]))
    for d in (2, 3, 5):
        g, v = rng.normal(size=d) * 2 + 3, rng.normal(size=d)
        yield dict(grad=g, v=g * rng.uniform(0.2, 0.8))
        yield dict(grad=g, v=-g * rng.uniform(2, 5))
        yield dict(grad=g, v=v - v @ g / (g @ g) * g)


DIRECTIONAL_DERIVATIVE = Exercise(
    signature="directional_derivative(grad, v)",
    returns="slope",
    reference=directional_derivative,
    cases=_directions,
    behaviours=(
        Behaviour("unit", 1, "the slope along a direction of length 1", cases=_unit_directions),
        Behaviour("length", 1, "only the direction of v counts, and -v is the way back; v is left alone",
                  drive=_longer_and_back, holds=_odd_and_unmoved_by_length, untouched=True),
        Behaviour("steepest", 1, "as steep as the gradient is long when v points along it, and level at a right angle",
                  cases=_special_directions),
    ),
    mistakes=(forgets_the_length, returns_the_cosine, scales_the_gradient, forgets_the_root, adds_up_the_length,
              loses_the_way_down, scales_v_itself, pads_the_length),
    styles=(slope_with_a_loop, slope_by_the_angle),
)  # fmt: skip

# gradient_descent: the loop, with its path


def gradient_descent(grad, x0, lr, steps):
    path = [np.array(x0, dtype=float)]
    for _ in range(steps):
        path.append(path[-1] - lr * grad(path[-1]))
    return np.array(path)


climbs = altered(
    gradient_descent, "climbs", "- lr * grad(path[-1])", "+ lr * grad(path[-1])",
    "the step is added, which climbs. Descent takes the gradient off: x - lr * g.",
    see="eq-loop-step",
)  # fmt: skip

stops_one_short = altered(
    gradient_descent, "stops_one_short", "range(steps)", "range(steps - 1)",
    "the start is counted as a step. A path of so many steps has one point more than that.",
    see="eq-loop-step",
)  # fmt: skip

leaves_out_the_start = altered(
    gradient_descent, "leaves_out_the_start", "np.array(path)", "np.array(path[1:]).reshape(-1, len(x0))",
    "the path begins after the first step. Its first row is x0 itself.",
    see="eq-loop-step",
)  # fmt: skip

stays_at_the_first_gradient = altered(
    gradient_descent, "stays_at_the_first_gradient", "grad(path[-1])", "grad(path[0])",
    "every step uses the gradient at the start. It must be asked for anew wherever the run has got to.",
    see="eq-loop-step",
)  # fmt: skip


@mistake(
    "all rows of the path are one and the same array, which x -= ... goes on changing, so that each shows the last "
    "point. Write x = x - lr * g, which makes a new one, or store a copy.",
    see="eq-loop-step",
)
def stores_one_array(grad, x0, lr, steps):
    x = np.array(x0, dtype=float)
    path = [x]
    for _ in range(steps):
        x -= lr * grad(x)
        path.append(x)
    return np.array(path)


@mistake(
    "x0 itself is moved (x -= ... works on the array it was given). Copy it first, or write x = x - lr * g.",
    see="eq-loop-step",
)
def moves_the_start(grad, x0, lr, steps):
    x = x0
    path = [x.copy()]
    for _ in range(steps):
        x -= lr * grad(x)
        path.append(x.copy())
    return np.array(path)


@mistake(
    "the gradient is scaled to length 1, so that every step is lr long. Near the minimum the steps should become "
    "shorter, and they do by themselves when the gradient keeps its length.",
    see="eq-loop-step",
)
def walks_at_one_pace(grad, x0, lr, steps):
    path = [np.array(x0, dtype=float)]
    for _ in range(steps):
        g = grad(path[-1])
        path.append(path[-1] - lr * g / np.linalg.norm(g))
    return np.array(path)


asks_once_more = altered(
    gradient_descent, "asks_once_more", "return np.array(path)", "grad(path[-1])\n    return np.array(path)",
    "the gradient is asked for at the last point too, from where no step is taken. One call for each step is enough.",
    see="eq-loop-step",
)  # fmt: skip


@mistake(
    "each coordinate moves at once, and the next one's slope is asked for at the half-moved point. One step moves all "
    "of them by one gradient.",
    see="eq-loop-step",
)
def moves_one_coordinate_after_the_other(grad, x0, lr, steps):
    x = np.array(x0, dtype=float)
    path = [x.copy()]
    for _ in range(steps):
        for j in range(len(x)):
            x[j] = x[j] - lr * grad(x)[j]
        path.append(x.copy())
    return np.array(path)


@mistake(
    "the new point is written into one work array, and the path holds that array again and again: all its rows but the "
    "first are the last point. Make a new array in each step, or store copies.",
    see="eq-loop-step",
)
def stores_one_work_array(grad, x0, lr, steps):
    x, work = x0, np.zeros(len(x0))
    path = [x]
    for _ in range(steps):
        work[:] = x - lr * grad(x)
        x = work
        path.append(x)
    return np.array(path)


def descent_into_a_table(grad, x0, lr, steps):
    path = np.zeros((steps + 1, len(x0)))
    path[0] = x0
    for t in range(steps):
        path[t + 1] = path[t] - lr * grad(path[t])
    return path


def descent_with_lists(grad, x0, lr, steps):
    x = [float(c) for c in x0]
    path = [x]
    while len(path) <= steps:
        g = grad(np.array(x))
        x = [c - lr * s for c, s in zip(x, g)]
        path.append(x)
    return path


def _bowl(rng, d):
    """Return the gradient of a bowl somewhere, and the largest curvature it has."""
    curvatures = rng.uniform(1, 5, size=d)
    return bowl(turned(rng, curvatures), rng.uniform(1, 2, size=d)), curvatures.max()


def _runs(rng):
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([8.0]), lr=0.5, steps=2)
    yield dict(grad=bowl_about_zero(2.0), x0=np.array([3.0, -5.0]), lr=0.25, steps=3)
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([8.0]), lr=0.5, steps=40)  # nearly there, and goes on
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([8.0]), lr=1.0, steps=3)  # there at once
    for d in (1, 2, 4):
        grad, L = _bowl(rng, d)
        yield dict(grad=grad, x0=rng.uniform(-3, -1, size=d), lr=float(rng.uniform(0.2, 0.9) / L),
                   steps=int(rng.integers(3, 12)))


def _short_runs(rng):
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([8.0]), lr=0.5, steps=0)
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([8.0]), lr=0.5, steps=1)
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([1e-3]), lr=0.5, steps=2)  # steps however short
    for d in (2, 3):
        grad, L = _bowl(rng, d)
        yield dict(grad=grad, x0=rng.uniform(-3, -1, size=d), lr=float(0.5 / L), steps=int(rng.integers(4)))
    yield dict(grad=_bowl(rng, 2)[0], x0=rng.uniform(-3, -1, size=2), lr=0.1, steps=5)


def _on_both_sides_of_the_cliff(rng):
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([1.0]), lr=3.0, steps=4)
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([1.0]), lr=2.0, steps=4)
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([1e-3]), lr=2.0, steps=4)
    for d, relative in ((2, 1.9), (2, 2.1), (3, 2.5)):
        grad, L = _bowl(rng, d)
        yield dict(grad=grad, x0=rng.uniform(-3, -1, size=d), lr=float(relative / L), steps=40)


def _from_the_start(case, run, expected):
    return None if np.allclose(run.output[0], case["x0"], rtol=1e-12, atol=0) else "row 0 is not x0."


def _once_a_step(case, run, expected):
    came, wanted = ([call.args[0] for call in r.calls] for r in (run, expected))
    if len(came) != len(wanted):
        return f"grad is called {times(len(came))} for {counted(case['steps'], 'step')}."
    apart = [t for t, (a, b) in enumerate(zip(came, wanted)) if np.shape(a) != b.shape or not np.allclose(a, b)]
    if apart:
        return f"call number {apart[0] + 1} of grad is not at the point where the run is then."
    return None


GRADIENT_DESCENT = Exercise(
    signature="gradient_descent(grad, x0, lr, steps)",
    returns="path",
    reference=gradient_descent,
    cases=_runs,
    behaviours=(
        Behaviour("start", 1, "steps + 1 rows, of which the first is x0; x0 is left alone", cases=_short_runs,
                  holds=_from_the_start, untouched=True),
        Behaviour("end", 1, "the last row is where the run ends", view=lambda run: run.output[-1]),
        Behaviour("path", 1, "every row on the way"),
        Behaviour("calls", 1, "grad is called once for each step, where the run is then", holds=_once_a_step,
                  view=lambda run: len(run.calls)),
        Behaviour("cliff", 1, "rates that are too large: the run goes on, and away",
                  cases=_on_both_sides_of_the_cliff),
    ),
    mistakes=(climbs, stops_one_short, leaves_out_the_start, stays_at_the_first_gradient, stores_one_array,
              moves_the_start, walks_at_one_pace, asks_once_more, moves_one_coordinate_after_the_other,
              stores_one_work_array),
    styles=(descent_into_a_table, descent_with_lists),
    withhold=("gdcourse.descent.descend", "gdcourse.constrained._record"),
)  # fmt: skip

# grad_check: is the gradient the gradient?


def grad_check(f, g, x):
    a, n, h = g(x), np.empty(len(x)), 1e-5
    for i in range(len(x)):
        step = np.zeros(len(x))
        step[i] = h
        n[i] = (f(x + step) - f(x - step)) / (2 * h)
    return np.max(np.abs(a - n) / np.maximum(1e-12, np.abs(a) + np.abs(n)))


forgets_to_compare = altered(
    grad_check, "forgets_to_compare", " / np.maximum(1e-12, np.abs(a) + np.abs(n))", "",
    "the difference is not divided by anything. Whether 0.01 is much depends on how large the slopes are.",
    see="eq-grad-check",
)  # fmt: skip

looks_at_the_first_only = altered(
    grad_check, "looks_at_the_first_only", "np.max(np.abs(a - n) / np.maximum(1e-12, np.abs(a) + np.abs(n)))",
    "(np.abs(a - n) / np.maximum(1e-12, np.abs(a) + np.abs(n)))[0]",
    "only the first component is looked at. A mistake may be in any of them: take the largest of all.",
    see="eq-grad-check",
)  # fmt: skip

divides_zero_by_zero = altered(
    grad_check, "divides_zero_by_zero", "np.maximum(1e-12, np.abs(a) + np.abs(n))", "(np.abs(a) + np.abs(n))",
    "zero is divided by zero where both slopes are 0, and NaN is the largest of all. Divide by at least 1e-12.",
    see="eq-grad-check",
)  # fmt: skip

averages_the_errors = altered(
    grad_check, "averages_the_errors", "np.max(", "np.mean(",
    "the errors are averaged. Among many right components a single wrong one hardly shows: take the largest.",
    see="eq-grad-check",
)  # fmt: skip

adds_before_the_bars = altered(
    grad_check, "adds_before_the_bars", "np.abs(a) + np.abs(n)", "np.abs(a + n)",
    "a and n are added before their sizes are taken. Where they have opposite signs that is nearly zero.",
    see="eq-grad-check",
)  # fmt: skip

divides_by_the_whole_length = altered(
    grad_check, "divides_by_the_whole_length", "np.maximum(1e-12, np.abs(a) + np.abs(n))",
    "max(1e-12, np.linalg.norm(a) + np.linalg.norm(n))",
    "each difference is divided by the length of the whole gradient. A mistake in a small component then looks small.",
    see="eq-grad-check",
)  # fmt: skip

measures_from_one_side = altered(
    grad_check, "measures_from_one_side", "f(x - step)) / (2 * h)", "f(x)) / h",
    "the slopes are measured from one side, which is right to five digits only: no better than the mistakes that the "
    "check should find.",
    see="eq-grad-central",
)  # fmt: skip


def check_with_a_loop(f, g, x):
    analytic, worst = g(x), 0.0
    for i, a in enumerate(analytic):
        above, below = x.copy(), x.copy()
        above[i] += 1e-5
        below[i] -= 1e-5
        n = (f(above) - f(below)) / 2e-5
        worst = max(worst, float(abs(a - n) / max(1e-12, abs(a) + abs(n))))
    return worst


def check_with_a_shorter_step(f, g, x):
    h = 3e-6
    n = np.array([f(x + h * e) - f(x - h * e) for e in np.eye(x.size)]) / (2 * h)
    a = np.asarray(g(x))
    size = np.abs(a) + np.abs(n)
    return float((np.abs(n - a) / np.where(size < 1e-12, 1e-12, size)).max())


def _suspect(rng, d, wrong=None, factor=1.0, scale=1.0, ignored=()):
    """Return f, a gradient for it that is right but for a factor in one component, and a place.

    f does not look at what is ignored. No other slope is near zero, so that rounding decides nothing.
    """
    A, used = rng.uniform(0.5, 3, size=d) * scale, np.ones(d)
    used[list(ignored)] = 0.0
    x = clear_of_zero(rng, d)

    def g(x):
        exact = used * A * (2 * x + x**2 + 4 * x**3)
        return np.where(np.arange(d) == wrong, factor * exact, exact)

    name = f"f of {d} numbers" + (f", with slopes about {scale:.0e}" if scale != 1 else "")
    f = Oracle("f", lambda x: float(np.sum(used * A * (x**2 + x**3 / 3 + x**4))), name)
    text = "g right" if wrong is None else f"g right but for g[{wrong}], which is {factor:.3g} times what it should be"
    return dict(f=f, g=Oracle("g", g, text), x=x)


BOWL = Oracle("f", lambda x: float(x @ x), "f(x) = x @ x")


def _of_a_bowl(scale, last):
    """Return f(x) = scale * x @ x, and a gradient that has a factor of its own in its last component: 2 is right."""
    f = Oracle("f", lambda x: float(scale * x @ x), f"f(x) = {scale:g} * x @ x")
    g = Oracle("g", lambda x: scale * np.array([2.0, last]) * x, f"g(x) = {scale:g} * [2, {last:g}] * x")
    return dict(f=f, g=g, x=np.array([1.0, 2.0]))


def _planted(rng):
    yield dict(f=BOWL, g=Oracle("g", lambda x: x, "g(x) = x"), x=np.array([1.0, 2.0]))
    yield dict(f=BOWL, g=Oracle("g", lambda x: np.array([2.0, 3.0]) * x, "g(x) = [2, 3] * x"), x=np.array([1.0, 2.0]))
    for d in (2, 3, 5):
        yield _suspect(rng, d, int(rng.integers(1, d)), rng.uniform(0.3, 0.7))
    yield _suspect(rng, 4, int(rng.integers(1, 4)), 1.3)
    yield _suspect(rng, 4, int(rng.integers(1, 4)), -1.0)


def _right(rng):
    yield dict(f=BOWL, g=Oracle("g", lambda x: 2 * x, "g(x) = 2 * x"), x=np.array([1.0, 2.0]))
    yield _of_a_bowl(1e6, 2.0)
    yield _of_a_bowl(1.0, 2.001)
    yield _of_a_bowl(1.0, 1.999)
    for d in (2, 3, 6):
        yield _suspect(rng, d)
    yield _suspect(rng, 3, 2, 1.0005)


@again(12)
def _zeros(rng):
    yield dict(f=Oracle("f", lambda x: float(x[0] ** 2), "f(x) = x[0]**2"),
               g=Oracle("g", lambda x: np.array([2 * x[0], 0.0]), "g(x) = [2 * x[0], 0]"), x=np.array([1.0, 1.0]))
    for d in (3, 4):
        yield _suspect(rng, d, ignored=(int(rng.integers(d)),))
        yield _suspect(rng, d, 1, 0.0, ignored=(d - 1,))
        yield _suspect(rng, d, 1, 0.6, ignored=(d - 1,))


def _scales(rng):
    yield _of_a_bowl(1e6, 3.0)
    yield _of_a_bowl(1e-6, 1.0)
    for d, power in ((2, 6), (3, -6), (4, 3)):
        yield _suspect(rng, d, int(rng.integers(1, d)), rng.uniform(0.4, 0.7), scale=10.0**power)


def _rounded(run):
    """What is left of a right gradient's error is rounding, which says nothing about who made it."""
    return round(run.output, 6)


def _tells_them_apart(case, run, expected):
    came, wanted = run.output, expected.output
    if wanted < 1e-7:
        return None if 0 <= came < 1e-7 else f"a right gradient gets {came:.2g}, where less than 1e-7 is possible."
    if came < 1e-6:
        return f"a wrong gradient gets {came:.2g}, as if it were right."
    return None


GRAD_CHECK = Exercise(
    signature="grad_check(f, g, x)",
    returns="error",
    reference=grad_check,
    cases=_planted,
    behaviours=(
        Behaviour("wrong", 1, "the relative error of a gradient with a mistake in one component", rtol=2e-4,
                  view=_rounded),
        Behaviour("right", 1, "less than 1e-7 for a right gradient, and more for one that is 0.05 % off", cases=_right,
                  holds=_tells_them_apart, view=_rounded),
        Behaviour("zeros", 1, "components in which f does not change at all", cases=_zeros, rtol=2e-4, atol=1e-7,
                  view=_rounded),
        Behaviour("scale", 1, "large and small slopes alike; x is left alone", cases=_scales, rtol=2e-4,
                  view=_rounded, untouched=True),
    ),
    mistakes=(forgets_to_compare, looks_at_the_first_only, divides_zero_by_zero, averages_the_errors,
              adds_before_the_bars, divides_by_the_whole_length, measures_from_one_side),
    styles=(check_with_a_loop, check_with_a_shorter_step),
    withhold=("gdcourse.differentiate.gradient_check", "gdcourse.differentiate.numerical_gradient"),
)  # fmt: skip

ASSIGNMENT = Assignment(
    "ps01",
    "The learning loop and the gradient",
    ("learning-loop", "gradients"),
    (NUMERICAL_GRADIENT, MSE_AND_GRAD, DIRECTIONAL_DERIVATIVE, GRADIENT_DESCENT, GRAD_CHECK),
)
