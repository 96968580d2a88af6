"""Assignment 9: minima, saddles and plateaus."""

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, Oracle, Rng, altered, mistake
from gdcourse.checks.shared import bowl_about_zero, clear_of_ties, curvatures, named, new_rng, turned

# classify_critical_point: what the eigenvalues say


def classify_critical_point(H, tol=1e-8):
    if not np.allclose(H, H.T):
        raise ValueError("H must be symmetric")
    eigenvalues = np.linalg.eigvalsh(H)
    index = int(np.sum(eigenvalues < -tol))
    rising = int(np.sum(eigenvalues > tol))
    if index and rising:
        return "saddle", index
    if rising == len(H):
        return "minimum", index
    if index == len(H):
        return "maximum", index
    return "degenerate", index


@mistake(
    "the determinant and the trace decide. That rule ends with two dimensions: in three, two ways down and one way up "
    "have a positive determinant as well.",
    see="eq-land-classify",
)
def asks_the_determinant(H, tol=1e-8):
    if not np.allclose(H, H.T):
        raise ValueError("H must be symmetric")
    determinant, trace = np.linalg.det(H), np.trace(H)
    index = int(np.sum(np.linalg.eigvalsh(H) < -tol))
    if abs(determinant) <= tol:
        return "degenerate", index
    if determinant < 0:
        return "saddle", index
    return "minimum" if trace > 0 else "maximum", index


reads_the_signs_of_the_diagonal = altered(
    classify_critical_point, "reads_the_signs_of_the_diagonal", "np.linalg.eigvalsh(H)", "np.diag(H)",
    "the signs of the diagonal are taken for those of the eigenvalues. A saddle may run between the axes, and rise "
    "along each of them.",
    see="eq-land-classify",
)  # fmt: skip

counts_the_ways_up = altered(
    classify_critical_point, "counts_the_ways_up",
    'return "saddle", index', 'return "saddle", rising',
    "the index of a saddle counts the directions that go up. It is the number of negative eigenvalues.",
    see="eq-land-classify",
)  # fmt: skip

calls_flat_points_minima = altered(
    classify_critical_point, "calls_flat_points_minima", "if rising == len(H):", "if index == 0:",
    "a point without a negative eigenvalue is called a minimum, although some eigenvalues are zero. There the second "
    "derivatives cannot tell.",
    see="eq-land-classify",
)  # fmt: skip

forgets_the_tolerance = altered(
    classify_critical_point, "forgets_the_tolerance",
    "index = int(np.sum(eigenvalues < -tol))\n    rising = int(np.sum(eigenvalues > tol))",
    "index = int(np.sum(eigenvalues < 0))\n    rising = int(np.sum(eigenvalues > 0))",
    "tol is not used. An eigenvalue within tol of zero counts as zero: its sign is rounding error.",
    see="eq-land-classify",
)  # fmt: skip

swaps_minimum_and_maximum = altered(
    classify_critical_point, "swaps_minimum_and_maximum",
    'return "minimum", index\n    if index == len(H):\n        return "maximum", index',
    'return "maximum", index\n    if index == len(H):\n        return "minimum", index',
    "minimum and maximum are exchanged. Where all curvatures are positive the loss rises all around.",
    see="eq-land-classify",
)  # fmt: skip


@mistake(
    "nobody asks whether H is symmetric before its eigenvalues are taken. eigvalsh reads one triangle "
    "only, and says nothing when the other differs.",
    see="eq-land-classify",
)
def trusts_the_triangle(H, tol=1e-8):
    eigenvalues = np.linalg.eigvalsh(H)
    index, rising = int(np.sum(eigenvalues < -tol)), int(np.sum(eigenvalues > tol))
    kind = "saddle" if index and rising else "degenerate"
    if not index and rising == len(H):
        kind = "minimum"
    if not rising and index == len(H):
        kind = "maximum"
    return kind, index


asks_for_exact_symmetry = altered(
    classify_critical_point, "asks_for_exact_symmetry", "np.allclose(H, H.T)", "np.array_equal(H, H.T)",
    "the Hessian is asked to be symmetric to the last digit. A computed one is off by rounding, as 0.1 + 0.2 is from "
    "0.3: ask np.allclose.",
    see="eq-land-classify",
)  # fmt: skip


def classify_by_sorting(H, tol=1e-8):
    H = np.asarray(H)
    if np.abs(H - H.T).max() > 1e-8:
        raise ValueError(f"H is not symmetric: {H}")
    values = sorted(np.linalg.eig(H)[0].real)
    index = sum(value < -tol for value in values)
    low, high = values[0], values[-1]
    if low > tol:
        return ("minimum", 0)
    if high < -tol:
        return ("maximum", len(values))
    if low < -tol and high > tol:
        return ("saddle", index)
    return ("degenerate", index)


def classify_by_signs(H, tol=1e-8):
    for i in range(len(H)):
        for j in range(i):
            if abs(H[i, j] - H[j, i]) > 1e-9:
                raise ValueError("not symmetric")
    signs = [0 if abs(v) <= tol else int(np.sign(v)) for v in np.linalg.eigvalsh(H)]
    names = {(1,): "minimum", (-1,): "maximum"}
    kind = names.get(tuple(set(signs)), "saddle" if {1, -1} <= set(signs) else "degenerate")
    return [kind, signs.count(-1)]


def _points(rng):
    yield dict(H=np.array([[2.0, 0.0], [0.0, 1.0]]))
    yield dict(H=np.array([[-2.0, 0.0], [0.0, -1.0]]))
    yield dict(H=np.array([[1.0, 2.0], [2.0, 1.0]]))
    yield dict(H=np.diag([3.0, -1.0, -1.0]))
    yield dict(H=np.diag([-3.0, -1.0, -1.0]))
    for d in (2, 3, 5):
        yield dict(H=turned(rng, curvatures(rng, d)))
        yield dict(H=turned(rng, -curvatures(rng, d)))
        yield dict(H=turned(rng, curvatures(rng, d) * np.where(np.arange(d) == 0, -1, 1)))


def _saddles(rng):
    yield dict(H=np.array([[1.0, 2.0], [2.0, 1.0]]))
    yield dict(H=np.diag([3.0, -1.0, -1.0]))
    for d in (3, 4, 6):
        down = int(rng.integers(1, d))
        yield dict(H=turned(rng, curvatures(rng, d) * np.where(np.arange(d) < down, -1, 1)))
    yield dict(H=turned(rng, [-1.0, -2.0, -3.0, 1.0, 2.0]))
    yield dict(H=np.diag([-3.0, -1.0]))


def _flat_points(rng):
    yield dict(H=np.array([[1.0, 0.0], [0.0, 0.0]]))
    yield dict(H=np.array([[2.0, 2.0], [2.0, 2.0]]))
    yield dict(H=np.diag([1.0, 1e-6]), tol=1e-3)
    yield dict(H=np.diag([-1.0, 1e-6]), tol=1e-3)
    yield dict(H=np.diag([-1.0, 0.0, 0.0]))
    yield dict(H=np.diag([1.0, 0.0, -2.0]))
    for sign in (1, -1):  # exactly at tol, which is within it
        yield dict(H=sign * np.diag([1.0, 0.5]), tol=0.5)
    yield dict(H=np.diag([1.0, 1.5e-8]))
    size = float(rng.uniform(1, 3))
    yield dict(H=turned(rng, [size, 2.0, 3e-4, -3e-4]), tol=1e-2)
    yield dict(H=np.diag([1.0, 1e-6]), tol=1e-9)


def _lopsided(rng):
    yield dict(H=np.array([[1.0, 3.0], [0.0, 1.0]]))
    yield dict(H=turned(rng, [1.0, 2.0, 3.0]) + np.triu(rng.uniform(0.5, 1, size=(3, 3)), 1))
    yield dict(H=np.array([[2.0, 0.0], [0.0, 1.0]]))
    yield dict(H=np.array([[1.0, 2.0], [2.0, 1.0]]))
    yield dict(H=np.array([[2.0, 0.1 + 0.2], [0.3, 1.0]]))  # symmetric but for a rounding error


CLASSIFY = Exercise(
    signature="classify_critical_point(H, tol=1e-8)",
    returns="(kind, index)",
    reference=classify_critical_point,
    cases=_points,
    behaviours=(
        Behaviour("kind", 1, "minimum, maximum or saddle, in any number of dimensions", view="kind"),
        Behaviour("index", 1, "the number of directions that go down", cases=_saddles, view="index"),
        Behaviour("degenerate", 1, "eigenvalues within tol of zero count as zero; H is left alone",
                  cases=_flat_points, untouched=True),
        Behaviour("symmetric", 1, "a ValueError when H is off symmetry by more than rounding, and only then",
                  cases=_lopsided),
    ),
    mistakes=(asks_the_determinant, reads_the_signs_of_the_diagonal, counts_the_ways_up, calls_flat_points_minima,
              forgets_the_tolerance, swaps_minimum_and_maximum, trusts_the_triangle, asks_for_exact_symmetry),
    styles=(classify_by_sorting, classify_by_signs),
    withhold=("gdcourse.curvature.classify_critical_point",),
)  # fmt: skip

# escape_steps: how long a saddle holds


def escape_steps(eps, eta, gamma):
    return int(np.ceil(np.log(1 / eps) / np.log(1 + eta * gamma)))


mixes_logarithms_of_escape = altered(
    escape_steps, "mixes_logarithms_of_escape", "np.log(1 / eps)", "np.log10(1 / eps)",
    "one of the two logarithms is to base 10 and the other natural. Either base will do, as long as it is "
    "the same in both.",
    see="eq-land-escape",
)  # fmt: skip

rounds_the_escape_down = altered(
    escape_steps, "rounds_the_escape_down", "np.ceil(", "np.floor(",
    "the number is rounded down. One step fewer than needed is not yet at distance 1: round up.",
    see="eq-land-escape",
)  # fmt: skip

takes_eta_gamma_for_its_logarithm = altered(
    escape_steps, "takes_eta_gamma_for_its_logarithm", "np.log(1 + eta * gamma)", "(eta * gamma)",
    "log(1 + eta gamma) is replaced by eta gamma. That is close when eta gamma is small, and always too few steps.",
    see="eq-land-escape",
)  # fmt: skip

shrinks_instead = altered(
    escape_steps, "shrinks_instead", "np.log(1 + eta * gamma)", "-np.log(1 - eta * gamma)",
    "the factor is taken to be 1 - eta gamma, that of a direction that curves up. This one curves down: the distance "
    "grows by 1 + eta gamma.",
    see="eq-land-escape",
)  # fmt: skip

forgets_the_rate = altered(
    escape_steps, "forgets_the_rate", "1 + eta * gamma", "1 + gamma",
    "the learning rate is missing from the factor 1 + eta gamma.",
    see="eq-land-escape",
)  # fmt: skip

grows_linearly = altered(
    escape_steps, "grows_linearly", "np.log(1 / eps) / np.log(1 + eta * gamma)", "(1 - eps) / (eps * eta * gamma)",
    "the distance is taken to grow by the same amount in each step. It grows by the same factor.",
    see="eq-land-escape",
)  # fmt: skip


def escape_by_walking(eps, eta, gamma):
    distance, steps = eps, 0
    while distance < 1:
        distance = distance + eta * gamma * distance
        steps += 1
    return steps


def escape_by_base(eps, eta, gamma):
    import math

    return math.ceil(-math.log(eps, 1 + eta * gamma))


def _no_tie(eps, eta, gamma):
    return dict(eps=clear_of_ties(eps, 1 + eta * gamma), eta=float(eta), gamma=float(gamma))


def _starts(rng):
    yield dict(eps=0.01, eta=0.1, gamma=1.0)
    yield dict(eps=1e-4, eta=0.1, gamma=1.0)
    yield dict(eps=0.1, eta=0.1, gamma=6.0)
    yield dict(eps=0.01, eta=0.2, gamma=0.5)
    for power in (-2, -4, -8):
        yield _no_tie(10 ** (power + rng.uniform(0, 1)), rng.uniform(0.05, 0.4), rng.uniform(0.5, 2.4))


def _near_and_far(rng):
    yield dict(eps=0.8, eta=0.1, gamma=1.0)
    yield dict(eps=1e-300, eta=0.5, gamma=1.0)
    yield dict(eps=0.5, eta=0.5, gamma=1.7)
    yield _no_tie(rng.uniform(0.3, 0.9), rng.uniform(0.1, 0.3), rng.uniform(2, 3.3))
    yield _no_tie(rng.uniform(1e-12, 1e-10), rng.uniform(0.01, 0.02), 1.0)


def _is_out(case, run, expected):
    if run.output % 1 != 0:
        return f"{run.output:.6g} is not a whole number of steps."
    steps, growth = run.output, 1 + case["eta"] * case["gamma"]
    if steps < 0 or steps > 5 * expected.output + 5:
        return f"that is far from what it takes: after {expected.output} the distance is above 1."
    distance = case["eps"] * growth**steps
    return f"after that many steps the distance is {distance:.3g}, and not yet 1." if distance < 1 else None


ESCAPE_STEPS = Exercise(
    signature="escape_steps(eps, eta, gamma)",
    returns="steps",
    reference=escape_steps,
    cases=_starts,
    behaviours=(
        Behaviour("out", 1, "after that many steps the distance is at least 1, and it is not many times too many",
                  holds=_is_out),
        Behaviour("first", 2, "the first such number of steps"),
        Behaviour("near and far", 1, "starts that are nearly out, and starts very close to the ridge",
                  cases=_near_and_far),
    ),
    mistakes=(mixes_logarithms_of_escape, rounds_the_escape_down, takes_eta_gamma_for_its_logarithm, shrinks_instead,
              forgets_the_rate, grows_linearly),
    styles=(escape_by_walking, escape_by_base),
    withhold=("gdcourse.theory.escape_steps",),
)  # fmt: skip

# perturbed_gd: kick yourself where it is flat


def perturbed_gd(grad, x0, lr, r, thresh, t_min, steps, rng):
    x, last = np.array(x0, dtype=float), -t_min
    path = [x]
    for t in range(steps):
        g = grad(x)
        kick = np.zeros(len(x))
        if np.linalg.norm(g) <= thresh and t - last >= t_min:
            direction = rng.normal(size=len(x))
            kick = r * rng.uniform() ** (1 / len(x)) * direction / np.linalg.norm(direction)
            last = t
        x = x - lr * g + kick
        path.append(x)
    return np.array(path)


never_kicks = altered(
    perturbed_gd, "never_kicks", "np.linalg.norm(g) <= thresh", "False",
    "nothing ever kicks: a run that starts on a saddle stays there.",
    see="eq-land-escape",
)  # fmt: skip

kicks_everywhere = altered(
    perturbed_gd, "kicks_everywhere", "np.linalg.norm(g) <= thresh", "True",
    "the kicks come whether or not the gradient is small. Where there is a slope, descent needs no help.",
    see="eq-land-stationary",
)  # fmt: skip

scales_the_kick_by_lr = altered(
    perturbed_gd, "scales_the_kick_by_lr", "x - lr * g + kick", "x - lr * (g + kick)",
    "the kick is multiplied by the learning rate. r is a distance, and the kick is added as it is.",
    see="eq-land-escape",
)  # fmt: skip

kicks_at_every_flat_step = altered(
    perturbed_gd, "kicks_at_every_flat_step", " and t - last >= t_min", "",
    "the kicks do not wait t_min steps for one another. After a kick the run needs time to leave.",
    see="eq-land-escape",
)  # fmt: skip

kicks_only_steeply = altered(
    perturbed_gd, "kicks_only_steeply", "<= thresh", ">= thresh",
    "the comparison with thresh is the wrong way round: the kicks come where the gradient is large.",
    see="eq-land-stationary",
)  # fmt: skip

kicks_out_of_the_ball = altered(
    perturbed_gd, "kicks_out_of_the_ball",
    "r * rng.uniform() ** (1 / len(x)) * direction / np.linalg.norm(direction)", "5 * r * np.sign(direction)",
    "the kick is longer than r. It should be a point of the ball of radius r: a direction of length 1, times a length "
    "of at most r.",
    see="eq-land-escape",
)  # fmt: skip


@mistake(
    "the path loses its first point: row 0 should be x0, and there are steps + 1 rows.",
    see="eq-land-escape",
)
def forgets_the_start(grad, x0, lr, r, thresh, t_min, steps, rng):
    x, last, path = np.array(x0, dtype=float), -t_min, []
    for t in range(steps):
        g = grad(x)
        kick = 0.0
        if np.linalg.norm(g) <= thresh and t - last >= t_min:
            direction = rng.normal(size=len(x))
            kick, last = r * rng.uniform() ** (1 / len(x)) * direction / np.linalg.norm(direction), t
        x = x - lr * g + kick
        path.append(x)
    return np.array(path)


def perturbed_in_place(grad, x0, lr, r, thresh, t_min, steps, rng):
    path = np.empty((steps + 1, len(x0)))
    path[0] = x0
    wait = 0
    for t in range(steps):
        g = grad(path[t].copy())
        path[t + 1] = path[t] - lr * g
        if wait <= 0 and g @ g <= thresh**2:
            while True:
                kick = rng.uniform(-r, r, size=len(x0))
                if kick @ kick <= r * r:
                    break
            path[t + 1] += kick
            wait = t_min
        wait -= 1
    return path


def perturbed_from_the_sphere(grad, x0, lr, r, thresh, t_min, steps, rng):
    x, path, kicked = np.asarray(x0) * 1.0, [list(x0)], None
    for t in range(steps):
        g = np.asarray(grad(x))
        x = x - lr * g
        if sum(g**2) ** 0.5 <= thresh and (kicked is None or t >= kicked + t_min):
            v = rng.standard_normal(len(x))
            x = x + r * rng.random() ** (1 / len(x)) * v / sum(v * v) ** 0.5
            kicked = t
        path.append(list(x))
    return path


def _double_well(d, curvature=1.0):
    """Return the slope of sum(x_i^2) / 2 over all but the last, with x^4 / 4 - curvature x^2 / 2 in the last."""

    def grad(x):
        g = x.copy()
        g[-1] = x[-1] ** 3 - curvature * x[-1]
        return g

    return Oracle("grad", grad, f"grad of a double well in {d}-d", limit=5_000)


def _constant_slope(g):
    return Oracle("grad", lambda x: g, f"grad(x) = {np.round(g, 2).tolist()}", limit=5_000)


def _on_the_saddle(rng):
    for d, seed in ((1, 0), (2, 1), (3, 2), (3, 3), (4, 4), (4, 5)):
        yield dict(grad=_double_well(d, 1.0), x0=np.zeros(d), lr=0.2, r=0.03, thresh=0.01, t_min=30, steps=120,
                   rng=Rng(seed))  # fmt: skip
    for d in (1, 2, 4):
        yield dict(grad=_double_well(d, 1.0), x0=np.zeros(d), lr=0.2, r=float(rng.uniform(0.02, 0.05)), thresh=0.01,
                   t_min=30, steps=120, rng=new_rng(rng))


def _on_a_slope(rng):
    for d in (1, 2, 3):
        g = rng.normal(size=d)
        yield dict(grad=_constant_slope(g / np.linalg.norm(g)), x0=rng.normal(size=d), lr=0.1, r=0.5, thresh=0.3,
                   t_min=2, steps=8, rng=new_rng(rng))
    H = np.diag([1.0, 3.0])
    yield dict(grad=Oracle("grad", lambda x: H @ x, "grad(x) = (x1, 3 x2)", limit=5_000), x0=rng.uniform(2, 3, size=2),
               lr=0.1, r=0.1, thresh=0.4, t_min=5, steps=6, rng=new_rng(rng))


def _ripples():
    """Return slopes that change within a short kick, so that it matters where they are taken."""
    return Oracle("grad", lambda x: np.sin(100 * x), "grad(x) = sin(100 x)", limit=5_000)


def _flat_everywhere(rng):
    for d, t_min in ((1, 3), (2, 5), (3, 4)):
        g = 0.01 * rng.normal(size=d)
        yield dict(grad=_constant_slope(g), x0=rng.normal(size=d), lr=0.1, r=float(rng.uniform(0.5, 2)), thresh=1.0,
                   t_min=t_min, steps=22, rng=new_rng(rng))
    yield dict(grad=_constant_slope(np.array([3.0, 4.0])), x0=rng.normal(size=2), lr=0.1, r=1.0, thresh=5.0, t_min=3,
               steps=9, rng=new_rng(rng))  # exactly at thresh
    yield dict(grad=_constant_slope(np.zeros(2)), x0=rng.normal(size=2), lr=0.1, r=1.0, thresh=1.0, t_min=30, steps=8,
               rng=new_rng(rng))  # a run shorter than the wait
    yield dict(grad=_ripples(), x0=rng.normal(size=2), lr=0.1, r=float(rng.uniform(0.01, 0.02)), thresh=2.0, t_min=2,
               steps=40, rng=new_rng(rng))


def _kicks(case, path):
    """Return what each step of a path has beyond the one of gradient descent."""
    slopes = np.array([case["grad"].function(x.copy()) for x in path[:-1]])
    return path[1:] - path[:-1] + case["lr"] * slopes


def _astray(case, path):
    return None if np.allclose(path[0], case["x0"]) else "the path does not begin with x0."


def _leaves(case, run, expected):
    if wrong := _astray(case, run.output):
        return wrong
    last = abs(run.output[-1][-1])
    if abs(last - 1) < 0.2:
        return None
    return f"after {case['steps']} steps the run has not arrived in one of the wells, at -1 and 1: it is at {last:.3g}."


def _too_long(case, sizes):
    if sizes.max() <= case["r"] * (1 + 1e-9):
        return None
    return f"step {int(np.argmax(sizes))} is {sizes.max():.3g} away from x - lr * g, with g from before the kick, " \
           f"and r is {case['r']:.3g}."


def _kick_lengths(case, run, expected):
    if wrong := _astray(case, run.output):
        return wrong
    sizes = np.linalg.norm(_kicks(case, run.output), axis=1)
    times = np.flatnonzero(sizes > 1e-9)
    wanted = list(range(0, case["steps"], case["t_min"]))
    if list(times) != wanted:
        return f"kicks come at the steps {list(map(int, times))[:8]}, expected {wanted[:8]}."
    return _too_long(case, sizes)


def _kick_radius(case, run, expected):
    path, repeats, ignores_rng = run.output
    if wrong := _astray(case, path):
        return wrong
    kicks, r, d = _kicks(case, path), case["r"], len(case["x0"])
    sizes = np.linalg.norm(kicks, axis=1)
    if wrong := _too_long(case, sizes):
        return wrong
    share = float(np.mean((sizes / r) ** d))  # of the ball that is nearer to its centre: 1/2 in the mean
    if abs(share - 0.5) > 0.08:
        return f"the mean of (length / r)^d over {len(sizes)} kicks in {d}-d is {share:.3g}; evenly spread over the " \
               "ball they have 0.5."
    spread = r / np.sqrt(d + 2)
    for i, (mean, std) in enumerate(zip(kicks.mean(axis=0), kicks.std(axis=0))):
        if abs(mean) > 0.25 * spread or abs(std / spread - 1) > 0.2:
            return f"entry {i} of {len(sizes)} kicks has the mean {mean:.3g} and the standard deviation {std:.3g}; " \
                   f"evenly spread over the ball it has 0 and {spread:.3g}."
    if not repeats:
        return "two runs with an rng of the same seed differ: nothing but rng may be used for random numbers."
    return "runs with rngs of different seeds are equal: the kicks come from rng." if ignores_rng else None


def _run_again(perturbed_gd, grad, x0, lr, r, thresh, t_min, steps, rng):
    first, again, other = (perturbed_gd(grad, x0, lr, r, thresh, t_min, 9, np.random.default_rng(s)) for s in (5, 5, 6))
    path = np.array(perturbed_gd(grad, x0, lr, r, thresh, t_min, steps, rng))
    return [path, *(bool(np.array_equal(first, one, equal_nan=True)) for one in (again, other))]


def _many_kicks(rng):
    for d in (1, 2, 5):
        yield dict(grad=bowl_about_zero(1.0), x0=rng.normal(size=d), lr=0.5, r=float(rng.uniform(0.5, 2)), thresh=100.0,
                   t_min=1, steps=500, rng=new_rng(rng))


PERTURBED_GD = Exercise(
    signature="perturbed_gd(grad, x0, lr, r, thresh, t_min, steps, rng)",
    returns="path",
    reference=perturbed_gd,
    cases=_on_the_saddle,
    behaviours=(
        Behaviour("leaves", 1, "a run that starts exactly on a saddle leaves it", holds=_leaves),
        Behaviour("slope", 1, "where the gradient is large it is plain gradient descent; x0 is left alone",
                  cases=_on_a_slope, untouched=True),
        Behaviour("waits", 2, "where it is flat it kicks at once, and again after t_min steps, not before",
                  cases=_flat_everywhere, holds=_kick_lengths),
        Behaviour("radius", 1, "the kicks are spread evenly over the ball of radius r, and drawn from rng",
                  cases=_many_kicks, drive=_run_again, holds=_kick_radius),
    ),
    mistakes=(never_kicks, kicks_everywhere, scales_the_kick_by_lr, kicks_at_every_flat_step, kicks_only_steeply,
              kicks_out_of_the_ball, forgets_the_start),
    styles=(perturbed_in_place, perturbed_from_the_sphere),
    withhold=("gdcourse.curvature.perturbed_gd",),
)  # fmt: skip

# prob_all_positive: how rare a minimum is


def prob_all_positive(n, draws, rng):
    A = rng.normal(size=(draws, n, n))
    H = (A + A.transpose(0, 2, 1)) / 2
    return float(np.mean(np.linalg.eigvalsh(H)[:, 0] > 0))


forgets_to_symmetrise = altered(
    prob_all_positive, "forgets_to_symmetrise", "(A + A.transpose(0, 2, 1)) / 2", "A",
    "the matrices are not symmetric. eigvalsh then reads one triangle only, whose off-diagonal entries have twice the "
    "variance they should.",
    see="eq-land-goe",
)  # fmt: skip

multiplies_a_matrix_by_itself = altered(
    prob_all_positive, "multiplies_a_matrix_by_itself", "(A + A.transpose(0, 2, 1)) / 2", "A @ A.transpose(0, 2, 1)",
    "a matrix times its transpose is symmetric, and never has a negative eigenvalue. Take the mean of A "
    "and its transpose.",
    see="eq-land-goe",
)  # fmt: skip

tosses_coins = altered(
    prob_all_positive, "tosses_coins", "np.linalg.eigvalsh(H)[:, 0] > 0", "(A[:, 0] > 0).all(axis=1)",
    "the signs fall like coins, 1 / 2^n. Eigenvalues repel each other, and for n above 1 the truth is rarer.",
    see="eq-land-goe",
)  # fmt: skip

counts_any_positive = altered(
    prob_all_positive, "counts_any_positive", "[:, 0] > 0", "[:, -1] > 0",
    "the largest eigenvalue is asked for. All are positive if the smallest is.",
    see="eq-land-goe",
)  # fmt: skip

reads_the_diagonals = altered(
    prob_all_positive, "reads_the_diagonals", "np.linalg.eigvalsh(H)[:, 0] > 0",
    "np.diagonal(H, axis1=1, axis2=2).min(axis=1) > 0",
    "the diagonal is taken for the eigenvalues. A positive diagonal is necessary and not enough.",
    see="eq-land-goe",
)  # fmt: skip

counts_and_does_not_divide = altered(
    prob_all_positive, "counts_and_does_not_divide", "float(np.mean(np.linalg.eigvalsh(H)[:, 0] > 0))",
    "float(np.sum(np.linalg.eigvalsh(H)[:, 0] > 0))",
    "the number of matrices comes back and not their share: divide by draws.",
    see="eq-land-goe",
)  # fmt: skip


def probability_from_triangles(n, draws, rng):
    found = 0
    for part in (draws // 2, draws - draws // 2):
        upper = np.triu(rng.normal(scale=0.5**0.5, size=(part, n, n)), 1)
        H = upper + upper.transpose(0, 2, 1)
        H[:, range(n), range(n)] = rng.normal(size=(part, n))
        found += np.sum(np.all(np.linalg.eigvals(H).real > 0, axis=1))
    return found / draws


def probability_by_minors(n, draws, rng):
    A = rng.standard_normal((n, n, draws))
    H = np.moveaxis(A + A.swapaxes(0, 1), 2, 0)
    good = np.ones(draws, dtype=bool)
    for k in range(1, n + 1):  # Sylvester's criterion
        good &= np.linalg.det(H[:, :k, :k]) > 0
    return np.count_nonzero(good) / draws


EXACT = {1: 0.5, 2: (2 - np.sqrt(2)) / 4, 3: (np.pi - 2 * np.sqrt(2)) / (4 * np.pi)}


def _sizes_and_draws(*sizes):
    def cases(rng):
        for n in sizes:
            yield dict(n=n, draws=int(rng.integers(15_000, 16_000)), rng=new_rng(rng))

    return named(f"_sizes_{'_'.join(map(str, sizes))}", cases)


def _ask_again(prob_all_positive, n, draws, rng):
    seeds = 0, 0, 1, 2, 3, 4, 5, 6, 7
    return [prob_all_positive(n, draws, rng), *(prob_all_positive(n, 500, np.random.default_rng(s)) for s in seeds)]


def _within_five_sigma(case, run, expected):
    share, first, again, *others = run.output
    exact = EXACT[case["n"]]
    off = 5 * np.sqrt(exact * (1 - exact) / case["draws"])
    if abs(share - exact) > off:
        return f"it is {exact:.4f}, and {case['draws']} draws come within {off:.4f} of it."
    for came, draws in ((share, case["draws"]), (first, 500)):
        if not abs(came * draws - np.round(came * draws)) <= 1e-6:
            return f"{came:.6g} is no share of {draws} matrices: draws says how many to draw."
    if first != again:
        return f"an rng of the same seed gives {first:.4g} and then {again:.4g}: nothing but rng may draw the numbers."
    return f"eight rngs of different seeds all give {first:.4g}: the numbers come from rng." \
        if set(others) == {first} else None


PROB_ALL_POSITIVE = Exercise(
    signature="prob_all_positive(n, draws, rng)",
    returns="share",
    reference=prob_all_positive,
    cases=_sizes_and_draws(1, 2, 2),
    behaviours=(
        Behaviour("small", 1, "one and two dimensions, where the probability is known: 1/2 and 0.1464",
                  drive=_ask_again, holds=_within_five_sigma),
        Behaviour("three", 2, "three dimensions: 0.0249, and two again", cases=_sizes_and_draws(3, 3, 2),
                  drive=_ask_again, holds=_within_five_sigma),
    ),
    mistakes=(forgets_to_symmetrise, multiplies_a_matrix_by_itself, tosses_coins, counts_any_positive,
              reads_the_diagonals, counts_and_does_not_divide),
    styles=(probability_from_triangles, probability_by_minors),
    withhold=("gdcourse.evidence.landscape.share_all_positive",),
    seconds=10.0,
)  # fmt: skip

# saddle_free_step: every curvature by its size


def saddle_free_step(g, H):
    eigenvalues, Q = np.linalg.eigh(H)
    return -Q @ (Q.T @ g / np.abs(eigenvalues))


takes_sizes_of_entries = altered(
    saddle_free_step, "takes_sizes_of_entries",
    "eigenvalues, Q = np.linalg.eigh(H)\n    return -Q @ (Q.T @ g / np.abs(eigenvalues))",
    "return -np.linalg.solve(np.abs(H), g)",
    "the absolute values are those of H's entries. They mean nothing: take those of its eigenvalues.",
    see="eq-curv-saddle-free",
)  # fmt: skip

steps_like_newton = altered(
    saddle_free_step, "steps_like_newton", "np.abs(eigenvalues)", "eigenvalues",
    "the signs of the eigenvalues are kept, which is Newton's step: towards the saddle along a direction that curves "
    "down.",
    see="eq-curv-saddle-free",
)  # fmt: skip

climbs_from_the_saddle = altered(
    saddle_free_step, "climbs_from_the_saddle", "return -Q", "return Q",
    "the sign is missing: the step goes uphill.",
    see="eq-curv-saddle-free",
)  # fmt: skip

drops_the_ways_down = altered(
    saddle_free_step, "drops_the_ways_down", "/ np.abs(eigenvalues)", "* (eigenvalues > 0) / eigenvalues",
    "the directions with negative curvature are left out. They are the way off the saddle.",
    see="eq-curv-saddle-free",
)  # fmt: skip

multiplies_by_the_curvature = altered(
    saddle_free_step, "multiplies_by_the_curvature", "/ np.abs", "* np.abs",
    "the gradient is multiplied by the curvatures. |H| is to be inverted: a flat direction wants a long step.",
    see="eq-curv-saddle-free",
)  # fmt: skip

mixes_rows_and_columns = altered(
    saddle_free_step, "mixes_rows_and_columns", "-Q @ (Q.T @ g", "-Q.T @ (Q @ g",
    "the eigenvectors are read from the rows. np.linalg.eigh puts them into the columns of Q.",
    see="eq-curv-saddle-free",
)  # fmt: skip


def saddle_free_by_modes(g, H):
    step = np.zeros(len(g))
    values, vectors = np.linalg.eigh(H)
    for value, q in zip(values, vectors.T):
        step -= (q @ g) / abs(value) * q
    return step


def saddle_free_by_root(g, H):
    values, vectors = np.linalg.eigh(H @ H)
    size = (vectors * np.sqrt(values)) @ vectors.T
    return np.linalg.solve(size, -np.asarray(g))


def _at_bowls(rng):
    yield dict(g=np.array([1.0, 2.0]), H=np.diag([2.0, 4.0]))
    yield dict(g=np.array([1.0, 0.0]), H=np.array([[2.0, -1.0], [-1.0, 2.0]]))
    for d in (2, 3, 5):
        yield dict(g=rng.normal(size=d), H=turned(rng, curvatures(rng, d)))


def _at_saddles(rng):
    yield dict(g=np.array([1.0, 2.0]), H=np.diag([2.0, -4.0]))
    yield dict(g=np.array([1.0, 0.0]), H=np.array([[1.0, 2.0], [2.0, 1.0]]))
    yield dict(g=np.array([1.0, 1e-4]), H=np.diag([2.0, -1e-4]))
    for d in (2, 3, 5):
        yield dict(g=rng.normal(size=d), H=turned(rng, curvatures(rng, d) * np.where(np.arange(d) == 0, -1, 1)))


def _at_hilltops(rng):
    yield dict(g=np.array([3.0]), H=np.array([[-2.0]]))
    yield dict(g=np.array([1.0, 2.0]), H=np.array([[-2.0, -1.0], [-1.0, -2.0]]))
    H = np.array([[-2.0, -1.0, 0.5], [-1.0, -3.0, 1.0], [0.5, 1.0, -4.0]])
    for g in ([1.0, 2.0, 3.0], [1.0, -1.0, 2.0], [0.0, 1.0, 1.0], [3.0, -1.0, 0.0], [1.0, 0.0, -2.0], [2.0, 1.0, -1.0]):
        yield dict(g=np.array(g), H=H)
    for d in (2, 2):
        yield dict(g=rng.normal(size=d), H=turned(rng, -curvatures(rng, d)))
    yield dict(g=np.array([1.0, 2.0]), H=np.diag([2.0, 4.0]))


def _goes_down(case, run, expected):
    slope = case["g"] @ run.output
    if slope >= 0:
        return f"the slope along the step is {slope:.3g}: it does not go down."
    # |H| p = -g, so that |p| is bounded by the curvatures.
    sizes = np.abs(np.linalg.eigvalsh(case["H"]))
    length, norm = np.linalg.norm(run.output), np.linalg.norm(case["g"])
    if not norm / sizes.max() * (1 - 1e-6) <= length <= norm / sizes.min() * (1 + 1e-6):
        return f"the step has the length {length:.3g}: the curvatures allow {norm / sizes.max():.3g} " \
               f"to {norm / sizes.min():.3g}."
    return None


SADDLE_FREE = Exercise(
    signature="saddle_free_step(g, H)",
    returns="p",
    reference=saddle_free_step,
    cases=_at_saddles,
    behaviours=(
        Behaviour("bowl", 1, "where all curvatures are positive it is Newton's step", cases=_at_bowls),
        Behaviour("saddle", 2, "at a saddle every direction gets a step of its own curvature's size"),
        Behaviour("down", 1, "the step goes down, on hilltops too; g and H are left alone", cases=_at_hilltops,
                  holds=_goes_down, untouched=True),
    ),
    mistakes=(takes_sizes_of_entries, steps_like_newton, climbs_from_the_saddle, drops_the_ways_down,
              multiplies_by_the_curvature, mixes_rows_and_columns),
    styles=(saddle_free_by_modes, saddle_free_by_root),
    withhold=("gdcourse.curvature.saddle_free_step",),
)  # fmt: skip

ASSIGNMENT = Assignment(
    "ps09",
    "Where descent ends",
    ("landscapes",),
    (CLASSIFY, ESCAPE_STEPS, PERTURBED_GD, PROB_ALL_POSITIVE, SADDLE_FREE),
)
