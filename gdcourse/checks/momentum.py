"""Assignment 5: momentum, and a rate for every coordinate."""

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, altered, mistake
from gdcourse.checks.shared import bowl, bowl_about_zero, curved

# momentum_step: the heavy ball


def momentum_step(x, v, g, lr, beta):
    v = beta * v + g
    return x - lr * v, v


averages = altered(
    momentum_step, "averages", "beta * v + g", "beta * v + (1 - beta) * g",
    "the velocity is an average, with 1 - beta before the gradient. That is another form, whose steps are shorter by "
    "1 - beta at the same rate; the heavy ball adds the whole gradient.",
    see="eq-mom-heavy-ball",
)  # fmt: skip

steps_with_the_old_velocity = altered(
    momentum_step, "steps_with_the_old_velocity",
    "    v = beta * v + g\n    return x - lr * v, v",
    "    return x - lr * v, beta * v + g",
    "x is moved by the velocity of the step before. Update v first, then step along the new one.",
    see="eq-mom-heavy-ball",
)  # fmt: skip

rolls_uphill = altered(
    momentum_step, "rolls_uphill", "x - lr * v", "x + lr * v",
    "the velocity is added to x. It is a sum of gradients, and those point uphill: take it off.",
    see="eq-mom-heavy-ball",
)  # fmt: skip

damps_the_gradient_too = altered(
    momentum_step, "damps_the_gradient_too", "beta * v + g", "beta * (v + g)",
    "beta is applied to the new gradient as well. It fades what is remembered; the newest gradient counts in full.",
    see="eq-mom-heavy-ball",
)  # fmt: skip

keeps_the_step = altered(
    momentum_step, "keeps_the_step",
    "    v = beta * v + g\n    return x - lr * v, v",
    "    v = beta * v - lr * g\n    return x + v, v",
    "the rate is inside the velocity, which is the form of Keras. Here v is a sum of gradients, and the rate comes in "
    "once, when x moves.",
    see="eq-mom-heavy-ball",
)  # fmt: skip

scales_what_it_remembers = altered(
    momentum_step, "scales_what_it_remembers",
    "    v = beta * v + g\n    return x - lr * v, v",
    "    v = beta * v + lr * g\n    return x - v, v",
    "the gradient is multiplied by the rate before it is remembered. Here v is a sum of whole gradients, and the rate "
    "comes in once, when x moves.",
    see="eq-mom-heavy-ball",
)  # fmt: skip

looks_ahead = altered(
    momentum_step, "looks_ahead", "x - lr * v, v", "x - lr * (g + beta * v), v",
    "x moves by g + beta v. That is Nesterov's step; the heavy ball moves by v.",
    see="eq-mom-nesterov",
)  # fmt: skip


@mistake(
    "the given v is changed (v *= ... works on the array that was handed in). Write v = beta * v + g.",
    see="eq-mom-heavy-ball",
)
def spoils_the_velocity(x, v, g, lr, beta):
    v *= beta
    v += g
    return x - lr * v, v


takes_off_a_step_downhill = altered(
    momentum_step, "takes_off_a_step_downhill", "    v = beta * v + g\n    return x - lr * v, v",
    "    v = beta * v - lr * g\n    return x - v, v",
    "two forms are mixed. With v = beta v - lr g the velocity points downhill and is added to x; taken off, it climbs. "
    "Here v is the sum of the gradients, and x - lr v.",
    see="eq-mom-heavy-ball",
)  # fmt: skip


def momentum_by_components(x, v, g, lr, beta):
    new = [beta * vi + gi for vi, gi in zip(v, g)]
    return [xi - lr * vi for xi, vi in zip(x, new)], new


def momentum_in_two_parts(x, v, g, lr, beta):
    descent, drift = -lr * g, -lr * beta * v
    x = x + descent + drift
    return np.array(x), np.add(np.multiply(beta, v), g)


def _kicks(rng):
    yield dict(x=np.array([1.0]), v=np.array([2.0]), g=np.array([3.0]), lr=0.1, beta=0.5)
    yield dict(x=np.array([1.0, 0.0]), v=np.array([0.0, 0.0]), g=np.array([2.0, -1.0]), lr=0.5, beta=0.9)
    for d in (1, 2, 4):
        x, v, g = rng.normal(size=(3, d))
        yield dict(x=x, v=v, g=g, lr=float(rng.uniform(0.05, 0.5)), beta=float(rng.uniform(0.3, 0.95)))


def _kicks_without_memory(rng):
    yield dict(x=np.array([1.0]), v=np.array([2.0]), g=np.array([3.0]), lr=0.1, beta=0.0)
    for d in (1, 3):
        x, v, g = rng.normal(size=(3, d))
        yield dict(x=x, v=v, g=g, lr=float(rng.uniform(0.05, 0.5)), beta=0.0)


def _slides(rng):
    yield dict(curvature=np.array([1.0]), x=np.array([1.0]), lr=0.1, beta=0.5, steps=2)
    yield dict(curvature=np.array([1.0, 4.0]), x=np.array([1.0, 1.0]), lr=0.1, beta=0.9, steps=10)
    for d in (1, 3):
        yield dict(curvature=rng.uniform(1, 8, size=d), x=rng.normal(size=d), lr=float(rng.uniform(0.05, 0.15)),
                   beta=float(rng.uniform(0.5, 0.9)), steps=25)


def _slide(momentum_step, curvature, x, lr, beta, steps):
    v = np.zeros_like(x)
    for _ in range(steps):
        new_x, new_v = momentum_step(x, v, curvature * x, lr, beta)
        x, v = np.array(new_x, dtype=float), np.array(new_v, dtype=float)
    return x, v


MOMENTUM_STEP = Exercise(
    signature="momentum_step(x, v, g, lr, beta)",
    returns="(x, v)",
    reference=momentum_step,
    cases=_kicks,
    behaviours=(
        Behaviour("velocity", 1, "v, the fading sum of the gradients", view="v"),
        Behaviour("point", 1, "x, one step along the new velocity", view="x"),
        Behaviour("run", 1, "many steps down a bowl, each with the x and v of the one before", cases=_slides,
                  drive=_slide, rtol=1e-9),
        Behaviour("no memory", 1, "with beta = 0 it is gradient descent; x, v and g are left alone",
                  cases=_kicks_without_memory, untouched=True),
    ),
    mistakes=(averages, steps_with_the_old_velocity, rolls_uphill, damps_the_gradient_too, keeps_the_step,
              scales_what_it_remembers, looks_ahead, spoils_the_velocity, takes_off_a_step_downhill),
    styles=(momentum_by_components, momentum_in_two_parts),
    withhold=("gdcourse.optimizers.momentum", "gdcourse.optimizers.momentum_rule"),
)  # fmt: skip

# nesterov_step: the gradient where the velocity leads


def nesterov_step(x, y, grad, lr, beta):
    new = y - lr * grad(y)
    return new, new + beta * (new - x)


asks_where_it_stands = altered(
    nesterov_step, "asks_where_it_stands", "y - lr * grad(y)", "y - lr * grad(x)",
    "the gradient is measured at x, which is the heavy ball once more. Looking ahead means to measure it at y.",
    see="eq-mom-nesterov",
)  # fmt: skip

steps_from_x = altered(
    nesterov_step, "steps_from_x", "y - lr * grad(y)", "x - lr * grad(y)",
    "the step starts at x, so that what the memory has gained is lost. The gradient is measured at y, and the step "
    "starts there.",
    see="eq-mom-nesterov",
)  # fmt: skip

remembers_the_lookahead = altered(
    nesterov_step, "remembers_the_lookahead", "beta * (new - x)", "beta * (new - y)",
    "the memory is the new x minus y, which is only the gradient step. It should be the whole way, from the old x to "
    "the new.",
    see="eq-mom-nesterov",
)  # fmt: skip

looks_back = altered(
    nesterov_step, "looks_back", "new + beta * (new - x)", "new + beta * (x - new)",
    "the memory points back: the old x minus the new. Look ahead by the new x minus the old.",
    see="eq-mom-nesterov",
)  # fmt: skip

climbs_from_y = altered(
    nesterov_step, "climbs_from_y", "y - lr * grad(y)", "y + lr * grad(y)",
    "the gradient is added, which climbs.",
    see="eq-mom-nesterov",
)  # fmt: skip

moves_y_along = altered(
    nesterov_step, "moves_y_along", "new + beta * (new - x)", "y + beta * (new - x)",
    "the next y starts from the old y. It starts from the new x, and looks ahead from there.",
    see="eq-mom-nesterov",
)  # fmt: skip

asks_twice = altered(
    nesterov_step, "asks_twice", "new + beta * (new - x)", "y - lr * grad(y) + beta * (new - x)",
    "the gradient is computed twice at the same point. It is the expensive part: keep the new x and use it again.",
    see="eq-mom-nesterov",
)  # fmt: skip


def nesterov_by_components(x, y, grad, lr, beta):
    g = grad(y)
    ahead, after = [], []
    for xi, yi, gi in zip(x, y, g):
        step = yi - lr * gi
        after.append(step)
        ahead.append((1 + beta) * step - beta * xi)
    return after, ahead


def nesterov_with_a_velocity(x, y, grad, lr, beta):
    v = (y - x) - lr * grad(y)
    return x + v, x + v + beta * v


def _leaps(rng):
    yield dict(x=np.array([1.0]), y=np.array([1.5]), grad=bowl_about_zero(2.0), lr=0.1, beta=0.5)
    yield dict(x=np.array([2.0, 0.0]), y=np.array([1.0, 1.0]), grad=bowl_about_zero(3.0), lr=0.2, beta=0.8)
    for d in (1, 2, 4):
        x, y = rng.normal(size=(2, d))
        grad = bowl(curved(rng, d, 1.0, 10.0), rng.normal(size=d))
        yield dict(x=x, y=y, grad=grad, lr=float(rng.uniform(0.02, 0.1)), beta=float(rng.uniform(0.3, 0.95)))


def _asked(run):
    """Say in words how often the gradient was asked for, and where."""
    at_y = [np.array_equal(call.args[0], run.after["y"]) for call in run.calls]
    where = "at y" if all(at_y) else "at y and elsewhere" if any(at_y) else "not at y"
    return {0: "never", 1: f"once, {where}", 2: f"twice, {where}"}.get(len(at_y), f"{len(at_y)} times, {where}")


def _glides(rng):
    yield dict(x=np.array([1.0]), grad=bowl_about_zero(2.0), lr=0.1, beta=0.5, steps=2)
    for d in (2, 4):
        grad = bowl(curved(rng, d, 1.0, 10.0), rng.normal(size=d))
        yield dict(x=rng.normal(size=d), grad=grad, lr=0.1, beta=0.52, steps=30)


def _glide(nesterov_step, x, grad, lr, beta, steps):
    x = y = np.array(x)
    for _ in range(steps):
        new_x, new_y = nesterov_step(x, y, grad, lr, beta)
        x, y = np.array(new_x, dtype=float), np.array(new_y, dtype=float)
    return x, y


NESTEROV_STEP = Exercise(
    signature="nesterov_step(x, y, grad, lr, beta)",
    returns="(x, y)",
    reference=nesterov_step,
    cases=_leaps,
    behaviours=(
        Behaviour("lookahead", 1, "asks for one gradient, at y; x and y are left alone", untouched=True,
                  view=_asked),
        Behaviour("point", 1, "the new x, a gradient step from y", view="x"),
        Behaviour("next lookahead", 1, "the new y, beyond the new x by beta times the way it came", view="y"),
        Behaviour("run", 1, "many steps down a bowl, started with y = x", cases=_glides, drive=_glide, rtol=1e-8,
                  atol=1e-10),
    ),
    mistakes=(asks_where_it_stands, steps_from_x, remembers_the_lookahead, looks_back,
              climbs_from_y, moves_y_along, asks_twice),
    styles=(nesterov_by_components, nesterov_with_a_velocity),
    withhold=("gdcourse.optimizers.nesterov", "gdcourse.optimizers.nesterov_rule"),
)  # fmt: skip

# optimal_momentum: the tip of the wedge


def optimal_momentum(mu, L):
    lr = (2 / (np.sqrt(L) + np.sqrt(mu))) ** 2
    beta = ((np.sqrt(L) - np.sqrt(mu)) / (np.sqrt(L) + np.sqrt(mu))) ** 2
    return lr, beta


leaves_beta_unsquared = altered(
    optimal_momentum, "leaves_beta_unsquared",
    "((np.sqrt(L) - np.sqrt(mu)) / (np.sqrt(L) + np.sqrt(mu))) ** 2",
    "(np.sqrt(L) - np.sqrt(mu)) / (np.sqrt(L) + np.sqrt(mu))",
    "beta is not squared. The quotient itself is the factor that is left of the error per step, the root of beta.",
    see="eq-mom-best",
)  # fmt: skip

leaves_the_rate_unsquared = altered(
    optimal_momentum, "leaves_the_rate_unsquared", "(2 / (np.sqrt(L) + np.sqrt(mu))) ** 2",
    "2 / (np.sqrt(L) + np.sqrt(mu))",
    "the rate is not squared. A rate is one over a curvature, and 2 / (sqrt(L) + sqrt(mu)) is one over its root.",
    see="eq-mom-best",
)  # fmt: skip

takes_the_rate_of_descent = altered(
    optimal_momentum, "takes_the_rate_of_descent", "(2 / (np.sqrt(L) + np.sqrt(mu))) ** 2", "2 / (L + mu)",
    "the rate is 2 / (mu + L), the best one without a memory. With one, both ends of the spectrum can bear a longer "
    "step.",
    see="eq-mom-best",
)  # fmt: skip

forgets_the_roots = altered(
    optimal_momentum, "forgets_the_roots",
    "(np.sqrt(L) - np.sqrt(mu)) / (np.sqrt(L) + np.sqrt(mu))", "(L - mu) / (L + mu)",
    "the roots are missing in beta. That the condition number is replaced by its root is the whole gift.",
    see="eq-mom-best",
)  # fmt: skip


@mistake(
    "these are Nesterov's safe settings, lr = 1 / L and the memory without its square. The heavy ball's are bolder.",
    see="eq-mom-nesterov",
)
def takes_nesterovs(mu, L):
    beta = (np.sqrt(L) - np.sqrt(mu)) / (np.sqrt(L) + np.sqrt(mu))
    return 1 / L, beta


squares_each_root = altered(
    optimal_momentum, "squares_each_root", "(2 / (np.sqrt(L) + np.sqrt(mu))) ** 2", "4 / (L + mu)",
    "the square of the sum is taken to be L + mu, the sum of the squares. Add the roots first, then square.",
    see="eq-mom-best",
)  # fmt: skip


def optimal_by_kappa(mu, L):
    import math

    root = math.sqrt(L / mu)
    rate = (root - 1) / (root + 1)
    return [(1 + rate) ** 2 / L, rate**2]


def optimal_by_the_other_end(mu, L):
    beta = (1 - 2 / (1 + (L / mu) ** 0.5)) ** 2
    return np.array([(1 - beta**0.5) ** 2 / mu, beta])


def _spectra(rng):
    yield dict(mu=1.0, L=4.0)
    yield dict(mu=1.0, L=100.0)
    for low, high in ((0.2, 1), (1, 2), (2, 4)):
        mu = float(10 ** rng.uniform(-1, 1))
        yield dict(mu=mu, L=float(mu * 10 ** rng.uniform(low, high)))


def _round_spectra(rng):
    yield dict(mu=2.0, L=2.0)
    yield dict(mu=0.01, L=0.02)
    mu = float(rng.uniform(3, 50))
    yield dict(mu=mu, L=mu)
    yield dict(mu=1e-3 * mu, L=4e-3 * mu)


def _kept(lr, beta, mu, L):
    """Return the larger root's size over both ends of the spectrum: what is left of the error per step."""
    ends = []
    for curvature in (mu, L):
        b = 1 + beta - lr * curvature + 0j
        root = np.sqrt(b * b - 4 * beta)
        ends.append(np.maximum(abs(b + root), abs(b - root)) / 2)
    return np.maximum(*ends)


def _beats_a_grid(case, run, expected):
    mu, L = case["mu"], case["L"]
    yours = _kept(*run.output, mu, L)
    rates, betas = map(np.ravel, np.meshgrid(np.linspace(0.05, 4, 20) / L, np.linspace(0, 0.95, 20)))
    grid = _kept(rates, betas, mu, L)
    best = np.argmin(grid)
    if grid[best] >= yours - 1e-6:
        return None
    return (f"your pair keeps {yours:.4f} of the error per step. lr = {rates[best]:.4g} with beta = {betas[best]:.2f} "
            f"keeps {grid[best]:.4f}.")  # fmt: skip


OPTIMAL_MOMENTUM = Exercise(
    signature="optimal_momentum(mu, L)",
    returns="(lr, beta)",
    reference=optimal_momentum,
    cases=_spectra,
    behaviours=(
        Behaviour("rate", 1, "lr, the rate at which both ends of the spectrum are critical", view="lr"),
        Behaviour("memory", 1, "beta, the memory that goes with it", view="beta"),
        Behaviour("best", 1, "no pair on a grid of 400 does better; round and small spectra too", cases=_round_spectra,
                  holds=_beats_a_grid),
    ),
    mistakes=(leaves_beta_unsquared, leaves_the_rate_unsquared, takes_the_rate_of_descent, forgets_the_roots,
              takes_nesterovs, squares_each_root),
    styles=(optimal_by_kappa, optimal_by_the_other_end),
    withhold=("gdcourse.theory.best_momentum", "gdcourse.theory.best_nesterov", "gdcourse.theory.standard_nesterov"),
)  # fmt: skip

# adam_step: a direction and a scale, both remembered


def adam_step(x, g, state, lr, b1, b2, eps):
    m, v, t = state
    t = t + 1
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return x - lr * m_hat / (np.sqrt(v_hat) + eps), (m, v, t)


forgets_the_correction = altered(
    adam_step, "forgets_the_correction",
    "    m_hat = m / (1 - b1**t)\n    v_hat = v / (1 - b2**t)\n",
    "    m_hat = m\n    v_hat = v\n",
    "the bias correction is left out: m and v start at zero, and dividing by 1 - beta^t makes up for it. Without it "
    "the first steps are too long, 3.16 times with the usual settings.",
    see="eq-coord-uncorrected",
)  # fmt: skip

corrects_only_m = altered(
    adam_step, "corrects_only_m", "v / (1 - b2**t)", "v",
    "only m is corrected. v starts at zero too, and while it is too small the steps are too long.",
    see="eq-coord-bias",
)  # fmt: skip

counts_from_zero = altered(
    adam_step, "counts_from_zero",
    "    m_hat = m / (1 - b1**t)\n    v_hat = v / (1 - b2**t)\n",
    "    m_hat = m / (1 - b1 ** (t - 1))\n    v_hat = v / (1 - b2 ** (t - 1))\n",
    "the correction uses the number of steps before this one. At the first step that is 0, and 1 - beta^0 is 0: "
    "count this step as number 1.",
    see="eq-coord-bias",
)  # fmt: skip

puts_eps_inside = altered(
    adam_step, "puts_eps_inside", "np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)",
    "eps is added under the root. Here it is added to the root: where gradients are small the two differ a lot.",
    see="eq-coord-adam",
)  # fmt: skip

averages_magnitudes = altered(
    adam_step, "averages_magnitudes", "g**2", "np.abs(g)",
    "v is an average of |g|. It is an average of squares, and the root comes afterwards.",
    see="eq-coord-rmsprop",
)  # fmt: skip

forgets_the_root = altered(
    adam_step, "forgets_the_root", "np.sqrt(v_hat) + eps", "v_hat + eps",
    "the root of v is missing, so that the step is long where gradients are small and short where they are large.",
    see="eq-coord-adam",
)  # fmt: skip

stores_the_corrected = altered(
    adam_step, "stores_the_corrected", "(m, v, t)", "(m_hat, v_hat, t)",
    "the corrected means go into the state, and are corrected again at the next step. Keep m and v as they are; "
    "m_hat and v_hat are for this step alone.",
    see="eq-coord-bias",
)  # fmt: skip

stands_still_in_time = altered(
    adam_step, "stands_still_in_time", "(m, v, t)", "(m, v, t - 1)",
    "the count of steps is not handed on: the new state says t as it was. Then every step is corrected like the "
    "first.",
    see="eq-coord-bias",
)  # fmt: skip

adds_gradients_up = altered(
    adam_step, "adds_gradients_up", "m = b1 * m + (1 - b1) * g", "m = b1 * m + g",
    "m is the heavy ball's velocity, a sum. Adam's m is an average: the gradient comes in with the weight 1 - b1.",
    see="eq-coord-adam",
)  # fmt: skip


@mistake(
    "the state that was handed in is changed (m *= ... works on the given array). Write m = b1 * m + ..., which "
    "makes a new one.",
    see="eq-coord-adam",
)
def spoils_the_state(x, g, state, lr, b1, b2, eps):
    m, v, t = state
    t = t + 1
    m *= b1
    m += (1 - b1) * g
    v *= b2
    v += (1 - b2) * g * g
    return x - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps), (m, v, t)


adds_eps_to_the_uncorrected = altered(
    adam_step, "adds_eps_to_the_uncorrected", "m_hat / (np.sqrt(v_hat) + eps)",
    "m_hat * np.sqrt(1 - b2**t) / (np.sqrt(v) + eps)",
    "eps is added to the root of v before its correction, which is the form of Keras. Here it is added to the root of "
    "the corrected v: in the first steps, and where gradients are small, the two differ.",
    see="eq-coord-adam",
)  # fmt: skip


def adam_by_coordinates(x, g, state, lr, b1, b2, eps):
    m, v, t = [list(part) for part in state[:2]] + [state[2] + 1]
    moved = []
    for i in range(len(x)):
        m[i] = b1 * m[i] + (1 - b1) * g[i]
        v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i]
        moved.append(x[i] - lr * (m[i] / (1 - b1**t)) / ((v[i] / (1 - b2**t)) ** 0.5 + eps))
    return np.array(moved), [np.array(m), np.array(v), t]


def adam_with_one_factor(x, g, state, lr, b1, b2, eps):
    count = state[2] + 1
    m = state[0] + (1 - b1) * (g - state[0])
    v = state[1] + (1 - b2) * (g * g - state[1])
    root = (1 - b2**count) ** 0.5
    update = lr * root / (1 - b1**count) * m / (np.sqrt(v) + eps * root)
    return np.subtract(x, update), (m, v, count)


def _fresh(x, g, lr=0.1, eps=1e-8):
    return dict(x=x, g=g, state=(np.zeros(len(x)), np.zeros(len(x)), 0), lr=lr, b1=0.9, b2=0.999, eps=eps)


def _first_steps(rng):
    yield _fresh(np.array([0.0]), np.array([0.5]))
    yield _fresh(np.array([1.0, 1.0]), np.array([5.0, -5e-4]))
    for d in (2, 3):
        yield _fresh(rng.normal(size=d), rng.normal(size=d) * 10 ** rng.uniform(-3, 3, size=d))


def _later_steps(rng):
    yield dict(x=np.array([1.0]), g=np.array([0.5]), state=(np.array([0.2]), np.array([0.3]), 1), lr=0.1, b1=0.5,
               b2=0.9, eps=1e-16)  # fmt: skip
    for d in (1, 2, 4):
        x, g, m = rng.normal(size=(3, d))
        yield dict(x=x, g=g, state=(m, rng.uniform(0.1, 2, size=d), int(rng.integers(1, 6))), lr=0.1,
                   b1=float(rng.uniform(0.5, 0.95)), b2=float(rng.uniform(0.8, 0.99)), eps=1e-16)  # fmt: skip


def _large_eps(rng):
    yield dict(x=np.array([0.0]), g=np.array([0.02]), state=(np.array([0.0]), np.array([0.0]), 0), lr=1.0, b1=0.5,
               b2=0.5, eps=0.01)  # fmt: skip
    for d in (1, 3):
        x, g, m = 0.1 * rng.normal(size=(3, d))
        yield dict(x=x, g=g, state=(m, rng.uniform(0, 0.02, size=d), int(rng.integers(1, 6))), lr=0.5,
                   b1=float(rng.uniform(0.5, 0.9)), b2=float(rng.uniform(0.5, 0.9)), eps=0.05)  # fmt: skip


def _journeys(rng):
    yield dict(gradients=np.array([[1e-3], [1e-3], [-2e-3]]), lr=0.1, b1=0.9, b2=0.999, eps=1e-8)
    for d in (1, 3):
        yield dict(gradients=rng.normal(size=(50, d)) * 10 ** rng.uniform(-2, 2, size=d), lr=0.01,
                   b1=float(rng.uniform(0.5, 0.95)), b2=float(rng.uniform(0.9, 0.999)), eps=1e-8)  # fmt: skip


def _journey(adam_step, gradients, lr, b1, b2, eps):
    x, state = np.zeros(gradients.shape[1]), (np.zeros(gradients.shape[1]), np.zeros(gradients.shape[1]), 0)
    for g in gradients:
        x, state = adam_step(x, g, state, lr, b1, b2, eps)
        x = np.array(x, dtype=float)
    return x, state


def _two_layers(rng):
    yield dict(weights=np.array([[1.0], [2.0]]), biases=np.array([[0.5], [-1.0]]), lr=0.1, b1=0.9, b2=0.99, eps=1e-16)
    for d in (1, 2):
        yield dict(weights=rng.normal(size=(6, d)), biases=rng.normal(size=(6, d)), lr=0.1, b1=0.8, b2=0.9, eps=1e-16)


def _interleaved(adam_step, weights, biases, lr, b1, b2, eps):
    """Two parameters in turn, each with a state of its own that starts as the same zeros."""
    zeros = np.zeros(weights.shape[1])
    x, y, state_x, state_y = zeros, zeros, (zeros, zeros, 0), (zeros, zeros, 0)
    for g, h in zip(weights, biases):
        x, state_x = adam_step(x, g, state_x, lr, b1, b2, eps)
        y, state_y = adam_step(y, h, state_y, lr, b1, b2, eps)
    return x, y


ADAM_STEP = Exercise(
    signature="adam_step(x, g, state, lr, b1, b2, eps)",
    returns="(x, state)",
    reference=adam_step,
    cases=_later_steps,
    behaviours=(
        Behaviour("first step", 1, "from a new state x moves by lr against the sign of g, whatever its size",
                  cases=_first_steps, view="x"),
        Behaviour("state", 1, "the new state: the two means and the count", view="state"),
        Behaviour("later step", 1, "x after a step in the middle of a run", view="x"),
        Behaviour("eps", 1, "eps where the formula has it", cases=_large_eps, view="x"),
        Behaviour("run", 1, "fifty steps, each with the state of the one before", cases=_journeys, drive=_journey,
                  view="x", rtol=1e-9),
        Behaviour("own state", 1, "two parameters updated in turn do not disturb each other", cases=_two_layers,
                  drive=_interleaved, view=lambda run: dict(zip(("first", "second"), run.output, strict=True))),
    ),
    mistakes=(forgets_the_correction, corrects_only_m, counts_from_zero, puts_eps_inside, averages_magnitudes,
              forgets_the_root, stores_the_corrected, stands_still_in_time, adds_gradients_up, spoils_the_state,
              adds_eps_to_the_uncorrected),
    styles=(adam_by_coordinates, adam_with_one_factor),
    withhold=("gdcourse.optimizers.adam", "gdcourse.optimizers.adam_rule", "gdcourse.optimizers.adamw",
              "gdcourse.optimizers.adamw_rule", "gdcourse.optimizers.corrected_rule"),
)  # fmt: skip

# amsgrad_step: a divisor that never lets go


def amsgrad_step(x, g, state, lr, b1, b2, eps):
    m, v, largest, t = state
    t = t + 1
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    largest = np.maximum(largest, v)
    m_hat = m / (1 - b1**t)
    v_hat = largest / (1 - b2**t)
    return x - lr * m_hat / (np.sqrt(v_hat) + eps), (m, v, largest, t)


is_still_adam = altered(
    amsgrad_step, "is_still_adam", "v_hat = largest /", "v_hat = v /",
    "the divisor is the present v, as in Adam, and the largest one is kept without being used.",
    see="w24",
)  # fmt: skip

takes_the_largest_m = altered(
    amsgrad_step, "takes_the_largest_m",
    "    largest = np.maximum(largest, v)\n    m_hat = m / (1 - b1**t)\n    v_hat = largest / (1 - b2**t)",
    "    largest = np.maximum(largest, m)\n    m_hat = largest / (1 - b1**t)\n    v_hat = v / (1 - b2**t)",
    "the largest m is kept. It is the divisor that must not shrink: take the largest v.",
    see="w24",
)  # fmt: skip

forgets_the_largest = altered(
    amsgrad_step, "forgets_the_largest", "(m, v, largest, t)", "(m, v, v, t)",
    "the new state holds v in the place of the largest v, so that each step begins to compare anew.",
    see="w24",
)  # fmt: skip

overwrites_v = altered(
    amsgrad_step, "overwrites_v", "(m, v, largest, t)", "(m, largest, largest, t)",
    "v itself is replaced by the largest one. v goes on fading, as in Adam; the largest is kept beside it.",
    see="w24",
)  # fmt: skip

takes_the_smallest = altered(
    amsgrad_step, "takes_the_smallest", "np.maximum(largest, v)", "np.minimum(largest, v)",
    "the smallest v is kept, and the steps grow without end. The divisor is the largest v so far.",
    see="w24",
)  # fmt: skip

compares_all_coordinates = altered(
    amsgrad_step, "compares_all_coordinates", "np.maximum(largest, v)",
    "np.maximum(largest, v).max() * np.ones_like(v)",
    "one largest number is taken for all coordinates. Each coordinate has its own.",
    see="eq-coord-adam",
)  # fmt: skip

skips_the_correction = altered(
    amsgrad_step, "skips_the_correction",
    "    m_hat = m / (1 - b1**t)\n    v_hat = largest / (1 - b2**t)",
    "    m_hat = m\n    v_hat = largest",
    "the bias correction is left out. It is Adam's, for m and for the largest v alike.",
    see="eq-coord-bias",
)  # fmt: skip


keeps_the_largest_corrected = altered(
    amsgrad_step, "keeps_the_largest_corrected",
    "    largest = np.maximum(largest, v)\n    m_hat = m / (1 - b1**t)\n    v_hat = largest / (1 - b2**t)",
    "    largest = np.maximum(largest, v / (1 - b2**t))\n    m_hat = m / (1 - b1**t)\n    v_hat = largest",
    "the largest is kept of v after its correction, which is the form of optax. The form asked for keeps the largest v "
    "as it is, and corrects it afterwards: in the first steps the two differ.",
    see="w24",
)  # fmt: skip


def amsgrad_by_coordinates(x, g, state, lr, b1, b2, eps):
    t = state[3] + 1
    rows = []
    for xi, gi, mi, vi, top in zip(x, g, *state[:3]):
        mi = b1 * mi + (1 - b1) * gi
        vi = b2 * vi + (1 - b2) * gi * gi
        top = vi if vi > top else top
        rows.append((xi - lr * mi / (1 - b1**t) / ((top / (1 - b2**t)) ** 0.5 + eps), mi, vi, top))
    x, m, v, largest = np.array(rows).T
    return x, (m, v, largest, t)


def amsgrad_with_where(x, g, state, lr, b1, b2, eps):
    m, v, largest, t = state
    m, v = m * b1 + g * (1 - b1), v * b2 + g * g * (1 - b2)
    largest = np.where(v > largest, v, largest)
    root = np.sqrt(1 - b2 ** (t + 1))
    x = x - lr / (1 - b1 ** (t + 1)) * m * root / (np.sqrt(largest) + eps * root)
    return [x, [m, v, largest, t + 1]]


def _mixed_steps(rng):
    yield dict(x=np.array([0.0]), g=np.array([1.0]), state=(np.array([0.5]), np.array([4.0]), np.array([9.0]), 3),
               lr=0.1, b1=0.5, b2=0.5, eps=1e-8)  # fmt: skip
    yield dict(x=np.array([1.0, 1.0]), g=np.array([4.0, 0.1]),
               state=(np.array([0.5, 1.0]), np.array([1.0, 2.0]), np.array([2.0, 3.0]), 2),
               lr=0.1, b1=0.75, b2=0.5, eps=1e-8)  # fmt: skip
    yield dict(x=np.array([1.0]), g=np.array([0.25]), state=(np.array([0.5]), np.array([0.0625]), np.array([0.25]), 1),
               lr=0.1, b1=0.75, b2=0.5, eps=0.125)  # fmt: skip
    for d in (2, 4):
        x, g, m = rng.normal(size=(3, d))
        v = rng.uniform(0.1, 2, size=d)
        yield dict(x=x, g=g, state=(m, v, v * rng.uniform(1.0, 3.0, size=d), int(rng.integers(1, 6))), lr=0.1,
                   b1=float(rng.uniform(0.5, 0.95)), b2=float(rng.uniform(0.5, 0.95)), eps=1e-8)  # fmt: skip


def _tugs(rng):
    """Pulls to one side and to the other, so that nobody can know where the run ends without making it."""
    yield dict(pull=3.0, steps=60, side=1.0)
    yield dict(pull=2.5, steps=60, side=-1.0)
    for side in rng.choice([-1.0, 1.0], size=10):
        yield dict(pull=float(rng.uniform(2.2, 5.0)), steps=90, side=float(side))


def _tug(amsgrad_step, pull, steps, side):
    """Reddi's problem: one strong pull to the left, two weak ones to the right, and again, between -1 and 1.

    side: -1 turns it round.
    """
    x, state = np.zeros(1), (np.zeros(1), np.zeros(1), np.zeros(1), 0)
    for t in range(steps):
        g = side * np.array([pull if t % 3 == 0 else -1.0])
        x, state = amsgrad_step(x, g, state, 0.5 / np.sqrt(t + 1), 0.0, 1 / (1 + pull**2), 1e-8)
        x = np.clip(np.array(x, dtype=float), -1, 1)
    return x, state


def _arrives(case, run, expected):
    x, wanted = (np.asarray(r.output[0]).ravel() for r in (run, expected))
    if np.all(np.abs(x - wanted) < 0.2):
        return None
    return f"the run ends at {x[0]:.3g}, and the minimum is at {-case['side']:g}."


AMSGRAD_STEP = Exercise(
    signature="amsgrad_step(x, g, state, lr, b1, b2, eps)",
    returns="(x, state)",
    reference=amsgrad_step,
    cases=_mixed_steps,
    behaviours=(
        Behaviour("way", 1, "on the problem where Adam goes the wrong way, it goes the right one", cases=_tugs,
                  drive=_tug, view="x", holds=_arrives),
        Behaviour("run", 1, "and arrives where the formula leads", cases=_tugs, drive=_tug, view="x", rtol=1e-8),
        Behaviour("largest", 1, "the largest v so far, kept beside m, v and the count", view="state"),
        Behaviour("step", 1, "x, divided by the root of the largest", view="x", untouched=True),
    ),
    mistakes=(is_still_adam, takes_the_largest_m, forgets_the_largest, overwrites_v, takes_the_smallest,
              compares_all_coordinates, skips_the_correction, keeps_the_largest_corrected),
    styles=(amsgrad_by_coordinates, amsgrad_with_where),
    withhold=("gdcourse.optimizers.amsgrad", "gdcourse.optimizers.amsgrad_rule", "gdcourse.optimizers.corrected_rule"),
)  # fmt: skip

ASSIGNMENT = Assignment(
    "ps05",
    "Momentum, and a rate for every coordinate",
    ("momentum", "per-coordinate"),
    (MOMENTUM_STEP, NESTEROV_STEP, OPTIMAL_MOMENTUM, ADAM_STEP, AMSGRAD_STEP),
)
