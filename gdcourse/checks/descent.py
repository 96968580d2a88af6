"""Assignment 3: gradient descent and the learning rate."""

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, Oracle, altered, mistake
from gdcourse.checks.shared import again, bowl, bowl_about_zero, canyon, clear_of_ties, drawn, times

# spectral_step: two rates and what they promise


def spectral_step(H):
    eigenvalues = np.linalg.eigvalsh(H)
    mu, L = eigenvalues[0], eigenvalues[-1]
    return 2 / (mu + L), 2 / L, (L - mu) / (L + mu)


steps_by_one_over_L = altered(
    spectral_step, "steps_by_one_over_L",
    "2 / (mu + L), 2 / L, (L - mu) / (L + mu)",
    "1 / L, 2 / L, 1 - mu / L",
    "the step is 1 / L, which is safe for every curvature and best for none: the steepest direction is "
    "gone at once, the flattest waits. The best step lets both shrink equally fast.",
    see="eq-gd-best-step",
)  # fmt: skip

limit_from_mu = altered(
    spectral_step, "limit_from_mu", "2 / L,", "2 / mu,",
    "the limit is taken from the smallest eigenvalue. The steepest direction is the first to overshoot, "
    "so the largest eigenvalue sets the limit.",
    see="eq-gd-stability",
)  # fmt: skip

sums_all_eigenvalues = altered(
    spectral_step, "sums_all_eigenvalues", "2 / (mu + L)", "2 / np.trace(H)",
    "mu + L is taken to be the trace. The trace is the sum of all eigenvalues; only in two dimensions are "
    "those mu and L.",
    see="eq-gd-best-step",
)  # fmt: skip

reads_the_diagonal = altered(
    spectral_step, "reads_the_diagonal", "np.linalg.eigvalsh(H)", "np.sort(np.diag(H))",
    "the diagonal is taken for the eigenvalues. It holds them only when H is diagonal: a valley need not "
    "run along an axis.",
    see="eq-gd-quadratic-mode",
)  # fmt: skip

rate_of_the_safe_step = altered(
    spectral_step, "rate_of_the_safe_step", "(L - mu) / (L + mu)", "1 - mu / L",
    "the rate is 1 - mu / L, which belongs to the step 1 / L. The best step does better: put it into |1 - "
    "lr mu|.",
    see="eq-gd-rate",
)  # fmt: skip

trusts_the_order_of_eig = altered(
    spectral_step, "trusts_the_order_of_eig", "np.linalg.eigvalsh(H)", "np.linalg.eig(H)[0].real",
    "the eigenvalues are not in order: np.linalg.eig promises none, so the first need not be the "
    "smallest. np.linalg.eigvalsh sorts them.",
    see="eq-gd-quadratic-mode",
)  # fmt: skip


def spectral_by_kappa(H):
    curvatures = np.linalg.eigvals(np.asarray(H)).real
    L = max(curvatures)
    kappa = L / min(curvatures)
    return [float(2 / L * kappa / (kappa + 1)), float(2 / L), float((kappa - 1) / (kappa + 1))]


def spectral_by_singular_values(H):
    s = np.linalg.svd(H, compute_uv=False)
    best = 2 / (s.max() + s.min())
    return np.array([best, 2 / s.max(), abs(1 - best * s.min())])


def _bowls(rng):
    yield dict(H=np.array([[1.0, 0.0], [0.0, 3.0]]))
    yield dict(H=np.array([[2.0, 1.0], [1.0, 2.0]]))
    yield dict(H=np.diag([4.0, 1.0, 2.0]))
    for d in (2, 3, 4, 6):
        yield dict(H=canyon(rng, d, 10 ** rng.uniform(-1, 1), 10 ** rng.uniform(0.5, 2)))


def _odd_bowls(rng):
    yield dict(H=np.array([[rng.uniform(1, 5)]]))
    yield dict(H=np.eye(3) * rng.uniform(1, 5))
    yield dict(H=np.diag([2e-4, 3e-3]))
    yield dict(H=canyon(rng, 12, 1.0, 1e4))
    yield dict(H=canyon(rng, 5, 1e-3, 30.0))
    yield dict(H=canyon(rng, 5, 1e3, 30.0))


SPECTRAL_STEP = Exercise(
    signature="spectral_step(H)",
    returns="(lr_best, lr_max, rate)",
    reference=spectral_step,
    cases=_bowls,
    behaviours=(
        Behaviour("best", 1, "lr_best, the step whose largest factor |1 - lr lambda| is smallest", view="lr_best"),
        Behaviour("limit", 1, "lr_max, the step at which descent stops converging", view="lr_max"),
        Behaviour("rate", 1, "rate, that factor: what one step of lr_best leaves in the worst direction", view="rate"),
        Behaviour("any bowl", 1, "one dimension, round bowls, narrow and scaled ones; H is left alone",
                  cases=_odd_bowls, untouched=True),
    ),
    mistakes=(steps_by_one_over_L, limit_from_mu, sums_all_eigenvalues, reads_the_diagonal, rate_of_the_safe_step,
              trusts_the_order_of_eig),
    styles=(spectral_by_kappa, spectral_by_singular_values),
    withhold=("gdcourse.theory.best_gd", "gdcourse.theory.gd_stability_limit", "gdcourse.theory.curvature_range",
              "gdcourse.theory.gd_rate"),
)  # fmt: skip

# gd_iterations: how many steps the rate promises


def gd_iterations(kappa, eps):
    if kappa == 1:
        return 1
    return int(np.ceil(np.log(1 / eps) / np.log((kappa + 1) / (kappa - 1))))


mixes_logarithms = altered(
    gd_iterations, "mixes_logarithms", "np.log(1 / eps)", "np.log10(1 / eps)",
    "one of the two logarithms is to base 10 and the other natural. Either base will do, as long as it is "
    "the same in both.",
    see="eq-gd-iterations",
)  # fmt: skip

loses_the_sign = altered(
    gd_iterations, "loses_the_sign", "np.log(1 / eps)", "np.log(eps)",
    "the sign of one logarithm is lost: log(eps) is negative, and so is the logarithm of the rate; their "
    "quotient is not.",
    see="eq-gd-iterations",
)  # fmt: skip

rounds_down = altered(
    gd_iterations, "rounds_down", "np.ceil(", "np.floor(",
    "the number is rounded down. One step fewer than needed is not enough: round up.",
    see="eq-gd-iterations",
)  # fmt: skip

counts_for_the_safe_step = altered(
    gd_iterations, "counts_for_the_safe_step",
    "np.log((kappa + 1) / (kappa - 1))",
    "np.log(kappa / (kappa - 1))",
    "the rate is taken to be 1 - 1 / kappa, that of the step 1 / L. The best step shrinks the error by "
    "(kappa - 1) / (kappa + 1) and needs about half as many.",
    see="eq-gd-rate",
)  # fmt: skip


@mistake(
    "the logarithm in the denominator is replaced by 2 / kappa. That is close for large kappa, and still "
    "a step or more too many: the exact number is asked for.",
    see="eq-gd-iterations",
)
def approximates(kappa, eps):
    return int(np.ceil(kappa / 2 * np.log(1 / eps)))


counts_for_the_loss = altered(
    gd_iterations, "counts_for_the_loss",
    "np.log((kappa + 1) / (kappa - 1))",
    "np.log(((kappa + 1) / (kappa - 1)) ** 2)",
    "the rate is squared. Squared, it is what the loss shrinks by; the error shrinks by the rate itself.",
    see="eq-gd-rate",
)  # fmt: skip


@mistake(
    "kappa = 1 is left to the formula, which then divides by zero. A round bowl is solved by a single "
    "step: rate 0.",
    see="eq-gd-rate",
)
def forgets_the_round_bowl(kappa, eps):
    import math

    return math.ceil(math.log(1 / eps) / math.log((kappa + 1) / (kappa - 1)))


@mistake(
    "kappa = 1 is left to the formula, which then takes the logarithm of the rate 0. A round bowl is solved by a "
    "single step.",
    see="eq-gd-rate",
)
def takes_the_logarithm_of_zero(kappa, eps):
    import math

    return math.ceil(math.log(eps) / math.log((kappa - 1) / (kappa + 1)))


def iterations_by_multiplying(kappa, eps):
    rate, error, steps = (kappa - 1) / (kappa + 1), 1.0, 0
    while error > eps:
        error *= rate
        steps += 1
    return steps


def iterations_by_base(kappa, eps):
    rate = (kappa - 1.0) / (kappa + 1.0)
    return np.ceil(np.emath.logn(rate, eps)) if rate > 0 else 1.0


def _canyons(rng):
    yield dict(kappa=3.0, eps=0.1)
    yield dict(kappa=1.5, eps=1e-3)
    yield dict(kappa=100.0, eps=1e-6)
    for low, high in ((0.2, 0.5), (0.5, 1), (1, 2), (2, 3)):
        kappa = float(10 ** rng.uniform(low, high))
        yield dict(kappa=kappa, eps=clear_of_ties(10 ** rng.uniform(-8, -1), (kappa + 1) / (kappa - 1)))


@again(8)
def _easy_bowls(rng):
    yield dict(kappa=1.0, eps=float(rng.uniform(0.01, 0.5)))
    yield dict(kappa=1.0, eps=1e-9)
    yield dict(kappa=1.2, eps=1e-6)
    kappa = float(rng.uniform(1.01, 1.2))
    yield dict(kappa=kappa, eps=clear_of_ties(1e-3, (kappa + 1) / (kappa - 1)))


def _enough(case, run, expected):
    if run.output % 1 != 0:
        return f"{run.output:.6g} is not a whole number of steps."
    if run.output < expected.output:
        left = ((case["kappa"] - 1) / (case["kappa"] + 1)) ** max(run.output, 0)
        return f"after that many steps {left:.3g} of the error may be left, where at most {case['eps']:.3g} is wanted."
    if run.output > 3 * expected.output + 3:
        return f"that is far too many: {expected.output} are enough."
    return None


GD_ITERATIONS = Exercise(
    signature="gd_iterations(kappa, eps)",
    returns="steps",
    reference=gd_iterations,
    cases=_canyons,
    behaviours=(
        Behaviour("enough", 1, "steps that surely bring the error down to eps, and not many times too many",
                  holds=_enough),
        Behaviour("fewest", 1, "the smallest such number"),
        Behaviour("round", 1, "round and nearly round bowls, kappa = 1 included", cases=_easy_bowls),
    ),
    mistakes=(mixes_logarithms, loses_the_sign, rounds_down, counts_for_the_safe_step, approximates,
              counts_for_the_loss, forgets_the_round_bowl, takes_the_logarithm_of_zero),
    styles=(iterations_by_multiplying, iterations_by_base),
    withhold=("gdcourse.theory.iterations_bound",),
)  # fmt: skip

# backtracking: a step found by trying


def backtracking(f, g, x, p, t0=1.0, c=1e-4, rho=0.5):
    slope = g @ p
    if slope >= 0:
        raise ValueError(f"p must point downhill, got the slope {slope}")
    t, value = t0, f(x)
    while f(x + t * p) > value + c * t * slope:
        t = rho * t
    return t


accepts_any_decrease = altered(
    backtracking, "accepts_any_decrease", "> value + c * t * slope", ">= value",
    "any decrease is accepted. Armijo's condition asks for a share c of the decrease that the slope "
    "promises.",
    see="eq-gd-armijo",
)  # fmt: skip

forgets_c = altered(
    backtracking, "forgets_c", "c * t * slope", "t * slope",
    "c is missing: the whole decrease that the slope promises is asked for, and a convex f never gives "
    "that.",
    see="eq-gd-armijo",
)  # fmt: skip


@mistake(
    "nobody asks which way p points. Uphill no step may ever be short enough: raise a ValueError when g @ "
    "p is not negative.",
    see="eq-gd-armijo",
)
def walks_uphill(f, g, x, p, t0=1.0, c=1e-4, rho=0.5):
    t, value = t0, f(x)
    while f(x + t * p) > value + c * t * (g @ p):
        t = rho * t
    return t


assumes_steepest_descent = altered(
    backtracking, "assumes_steepest_descent", "+ c * t * slope", "- c * t * (g @ g)",
    "the slope is taken to be -g @ g. That is right only for p = -g; along any other p the slope is g @ "
    "p.",
    see="eq-gd-armijo",
)  # fmt: skip


@mistake("t is made smaller once more after it has passed. Test first, then shrink.", see="eq-gd-armijo")
def shrinks_once_too_often(f, g, x, p, t0=1.0, c=1e-4, rho=0.5):
    slope = g @ p
    if slope >= 0:
        raise ValueError("p must point downhill")
    t, value = t0, f(x)
    while True:
        passed = f(x + t * p) <= value + c * t * slope
        t = rho * t
        if passed:
            return t


evaluates_twice = altered(
    backtracking, "evaluates_twice", "> value +", "> f(x) +",
    "f(x) is computed anew for every trial. It does not change: compute it once, before the loop.",
    see="eq-gd-armijo",
)  # fmt: skip

returns_the_point = altered(
    backtracking, "returns_the_point", "    return t", "    return x + t * p",
    "the new point comes back instead of the step t.",
    see="eq-gd-armijo",
)  # fmt: skip


shortens_the_direction = altered(
    backtracking, "shortens_the_direction", "    t, value = t0, f(x)\n",
    "    length = np.linalg.norm(p)\n    slope, p = slope / length, p / length\n    t, value = t0, f(x)\n",
    "p is shortened to length 1 first. Then t is a distance, and x + t p is not where you say: take p as it comes.",
    see="eq-gd-armijo",
)  # fmt: skip


def backtracking_by_counting(f, g, x, p, t0=1.0, c=1e-4, rho=0.5):
    promised = sum(gi * pi for gi, pi in zip(g, p))
    if not promised < 0:
        raise ValueError("not a descent direction")
    here = f(x)
    for k in range(1000):
        t = t0 * rho**k
        if f(x + t * p) - here <= c * t * promised:
            return t
    raise ValueError("no step found")


def backtracking_by_recursion(f, g, x, p, t0=1.0, c=1e-4, rho=0.5):
    slope = float(np.dot(g, p))
    if slope >= 0:
        raise ValueError("uphill")
    fx = f(x)

    def search(t):
        return t if f(x + t * p) <= fx + c * slope * t else search(rho * t)

    return np.float64(search(t0))


def _quartic(rng, d, steep=1.0):
    """Return f, x and g for a bowl with a quartic rim: it bends differently everywhere, so no formula for t will do."""
    H, b = steep * canyon(rng, d, 1.0, 20.0), rng.normal(size=d)
    x = 2 * rng.normal(size=d)

    def f(x):
        return float(x @ H @ x / 2 - b @ x + 0.1 * np.sum(x**4))

    return Oracle("f", f, f"f a quartic in {d}-d", limit=2_000), x, H @ x - b + 0.4 * x**3


def _clear(case):
    """Tell whether every trial passes or fails by more than rounding, so that all right answers agree."""
    f, x, p = case["f"].function, case["x"], case["p"]
    t, c, rho = case.get("t0", 1.0), case.get("c", 1e-4), case.get("rho", 0.5)
    slope, value = case["g"] @ p, f(x)
    for _ in range(60):
        margin = f(x + t * p) - value - c * t * slope
        if abs(margin) < 1e-6 * max(abs(value), abs(c * t * slope), 1e-6):
            return False
        if margin < 0:
            return True
        t *= rho
    return False


def _undecided_by_c(case):
    """Tell whether a case is clear, and any decrease enough for it: to forget c must cost the same on every draw."""
    f, x, p = case["f"].function, case["x"], case["p"]
    value, slope = f(x), case["g"] @ p

    def first(c):
        return next((k for k in range(60) if f(x + 0.5**k * p) < value + c * 0.5**k * slope), None)

    return _clear(case) and first(0.0) == first(1e-4)


def _bowl_in_one_dimension(curvature):
    return Oracle("f", lambda x: float(curvature * x @ x / 2), f"f(x) = {curvature / 2:g} * x @ x", limit=2_000)


def _downhill(rng):
    yield dict(f=_bowl_in_one_dimension(3.0), g=np.array([3.0]), x=np.array([1.0]), p=np.array([-3.0]))
    yield dict(f=_bowl_in_one_dimension(1.0), g=np.array([1.0]), x=np.array([1.0]), p=np.array([-0.5]))
    # 1.5e-4 of what the slope promises: enough for c = 1e-4.
    yield dict(f=_bowl_in_one_dimension(1.0), g=np.array([1.0]), x=np.array([1.0]), p=np.array([-1.9997]))

    def along(turn, steep):
        f, x, g = _quartic(rng, int(rng.integers(2, 6)), steep)
        p = -g if turn is None else -turn(g)
        return dict(f=f, g=g, x=x, p=p)

    yield from drawn(lambda: along(None, 1.0), 2, _undecided_by_c)
    yield from drawn(lambda: along(lambda g: g * rng.uniform(0.2, 3.0, size=g.size), 10.0), 3, _undecided_by_c)


def _settings(rng):
    half, steep = _bowl_in_one_dimension(1.0), _bowl_in_one_dimension(3.0)
    yield dict(f=half, g=np.array([1.0]), x=np.array([1.0]), p=np.array([-1.0]), t0=1.9, c=0.3, rho=0.5)
    yield dict(f=steep, g=np.array([3.0]), x=np.array([1.0]), p=np.array([-1.0]), t0=2.0, c=0.5, rho=0.8)
    # Exactly as low as is asked for, without rounding.
    yield dict(f=half, g=np.array([1.0]), x=np.array([1.0]), p=np.array([-1.0]), t0=1.0, c=0.5, rho=0.5)

    def demanding():
        f, x, g = _quartic(rng, int(rng.integers(2, 6)))
        p = -g * rng.uniform(0.05, 1.0, size=g.size)
        return dict(f=f, g=g, x=x, p=p, t0=float(rng.uniform(0.5, 4)), c=float(rng.uniform(0.2, 0.9)),
                    rho=float(rng.uniform(0.3, 0.9)))

    yield from drawn(demanding, 5, _clear)


@again(14)
def _uphill(rng):
    yield dict(f=_bowl_in_one_dimension(1.0), g=np.array([1.0]), x=np.array([1.0]), p=np.array([1.0]))
    yield dict(f=_bowl_in_one_dimension(1.0), g=np.array([1.0, 0.0]), x=np.array([1.0, 0.0]), p=np.array([0.0, 1.0]))
    f, x, g = _quartic(rng, 3)
    yield dict(f=f, g=g, x=x, p=g * rng.uniform(0.5, 2, size=3))
    yield next(_downhill(rng))  # and not when it does


BACKTRACKING = Exercise(
    signature="backtracking(f, g, x, p, t0=1.0, c=1e-4, rho=0.5)",
    returns="t",
    reference=backtracking,
    cases=_downhill,
    behaviours=(
        Behaviour("first", 2, "the first of t0, rho t0, rho^2 t0, ... that satisfies Armijo's condition"),
        Behaviour("settings", 1, "other values of t0, c and rho; x, g and p are left alone", cases=_settings,
                  untouched=True),
        Behaviour("calls", 1, "f is called once at x and once for each trial", view=lambda run: len(run.calls),
                  holds=lambda case, run, expected: None if len(run.calls) == len(expected.calls) else
                  f"f is called {times(len(run.calls))} where {times(len(expected.calls))} are needed."),
        Behaviour("uphill", 1, "a ValueError when p does not point downhill, and only then", cases=_uphill),
    ),
    mistakes=(accepts_any_decrease, forgets_c, walks_uphill, assumes_steepest_descent, shrinks_once_too_often,
              evaluates_twice, returns_the_point, shortens_the_direction),
    styles=(backtracking_by_counting, backtracking_by_recursion),
    withhold=("gdcourse.descent.backtracking_step",),
)  # fmt: skip

# standardize: every column on one scale


def standardize(X):
    mean, std = X.mean(axis=0), X.std(axis=0)
    std = np.where(std == 0, 1.0, std)
    return (X - mean) / std, mean, std


divides_by_n_minus_one = altered(
    standardize, "divides_by_n_minus_one", "X.std(axis=0)", "X.std(axis=0, ddof=1)",
    "the sum of squares is divided by n - 1 (ddof=1). The book divides by n, as np.std does by itself.",
    see="eq-gd-standardize",
)  # fmt: skip

divides_by_zero = altered(
    standardize, "divides_by_zero", "np.where(std == 0, 1.0, std)", "std",
    "a constant column is divided by its deviation, which is zero. It carries no slope: leave it at 0, "
    "with std = 1.",
    see="eq-gd-standardize",
)  # fmt: skip

mixes_the_columns = altered(
    standardize, "mixes_the_columns",
    "X.mean(axis=0), X.std(axis=0)",
    "np.full(X.shape[1], X.mean()), np.full(X.shape[1], X.std())",
    "one mean and one deviation serve all columns. Each feature has units of its own: use axis=0.",
    see="eq-gd-standardize",
)  # fmt: skip

divides_by_the_variance = altered(
    standardize, "divides_by_the_variance", "X.std(axis=0)", "X.var(axis=0)",
    "the columns are divided by their variance. The standard deviation is its root.",
    see="eq-gd-standardize",
)  # fmt: skip

divides_by_the_range = altered(
    standardize, "divides_by_the_range", "X.std(axis=0)", "np.ptp(X, axis=0)",
    "the columns are divided by their range, from smallest to largest. That puts them between fixed ends, "
    "but one outlier then squeezes all the others together.",
    see="eq-gd-standardize",
)  # fmt: skip


@mistake(
    "X itself is overwritten (X -= ...). Whoever called still needs the data: write X = X - mean.",
    see="eq-gd-standardize",
)
def overwrites_the_data(X):
    mean, std = X.mean(axis=0), X.std(axis=0)
    std = np.where(std == 0, 1.0, std)
    X -= mean
    X /= std
    return X, mean, std


pads_the_deviation = altered(
    standardize, "pads_the_deviation",
    "    std = np.where(std == 0, 1.0, std)\n    return (X - mean) / std, mean, std",
    "    return (X - mean) / (std + 1e-8), mean, std",
    "1e-8 is added to every deviation, as many programs do. Constant columns become 0 by it; but their std is said to "
    "be 0 where 1 is asked for, and columns of little spread are shortened. Replace the zeros, and leave the rest.",
    see="eq-gd-standardize",
)  # fmt: skip


def standardize_by_columns(X):
    columns, means, stds = [], [], []
    for column in X.T:
        m = sum(column) / len(column)
        s = (sum((v - m) ** 2 for v in column) / len(column)) ** 0.5
        s = s if s > 0 else 1.0
        columns.append([(v - m) / s for v in column])
        means.append(m)
        stds.append(s)
    return np.array(columns).T, means, stds


def standardize_by_centring(X):
    mean = np.mean(X, axis=0)
    centred = X - mean
    std = np.sqrt(np.einsum("ij,ij->j", centred, centred) / len(X))
    std[np.ptp(X, axis=0) == 0] = 1
    return centred / std, mean, std


def _tables(rng):
    yield dict(X=np.array([[1.0, 10.0], [3.0, 50.0]]))
    yield dict(X=np.array([[0.0, 2.0], [0.0, 6.0], [3.0, 1.0]]))
    yield dict(X=np.array([[1.0, 3.0], [3.0, 5.0], [2.5, 0.5]]))
    for n, d in ((5, 1), (8, 3), (20, 4)):
        yield dict(X=rng.normal(size=(n, d)) * 10 ** rng.uniform(-2, 3, size=d) + 10 ** rng.uniform(-1, 2, size=d))


def _tables_with_constants(rng):
    # Whole numbers, so that the deviation of a constant column is exactly zero however it is computed.
    yield dict(X=np.array([[1.0, 5.0], [3.0, 5.0]]))
    yield dict(X=np.array([[1e-4, 3.0], [3e-4, 3.0]]))
    for n, d in ((4, 2), (16, 3)):
        X = rng.normal(size=(n, d)) * 3
        X[:, rng.integers(d)] = float(rng.integers(-9, 10))
        yield dict(X=X)


STANDARDIZE = Exercise(
    signature="standardize(X)",
    returns="(Z, mean, std)",
    reference=standardize,
    cases=_tables,
    behaviours=(
        Behaviour("columns", 1, "every column of Z has mean 0 and standard deviation 1, to a thousandth; mean and std "
                  "come back", rtol=1e-3),
        Behaviour("constant", 1, "constant columns become 0 and have std 1, and those of little spread are divided by "
                  "theirs; X is left alone", cases=_tables_with_constants, untouched=True),
    ),
    mistakes=(divides_by_n_minus_one, divides_by_zero, mixes_the_columns, divides_by_the_variance,
              divides_by_the_range, overwrites_the_data, pads_the_deviation),
    styles=(standardize_by_columns, standardize_by_centring),
    withhold=("gdcourse.data.standardize",),
)  # fmt: skip

# unstandardize_coefs: the way back


def unstandardize_coefs(w, b, mean, std):
    slopes = w / std
    return slopes, b - slopes @ mean


multiplies_by_std = altered(
    unstandardize_coefs, "multiplies_by_std", "w / std", "w * std",
    "w is multiplied by std. Z = (X - mean) / std, so w @ z = (w / std) @ (x - mean).",
    see="eq-gd-standardize",
)  # fmt: skip

keeps_the_intercept = altered(
    unstandardize_coefs, "keeps_the_intercept", "b - slopes @ mean", "b",
    "the intercept is left as it was. It belonged to z = 0, which is x = mean; the new one belongs to x = "
    "0.",
    see="eq-gd-standardize",
)  # fmt: skip

moves_by_the_old_slopes = altered(
    unstandardize_coefs, "moves_by_the_old_slopes", "slopes @ mean", "w @ mean",
    "the intercept is moved by w @ mean with the old w. The slopes that act on x are w / std, and so is "
    "what they do to the mean.",
    see="eq-gd-standardize",
)  # fmt: skip

moves_the_wrong_way = altered(
    unstandardize_coefs, "moves_the_wrong_way", "b - slopes", "b + slopes",
    "the intercept is moved the wrong way: at x = mean the prediction must be the old b, so w @ mean / "
    "std is taken off.",
    see="eq-gd-standardize",
)  # fmt: skip

keeps_the_slopes = altered(
    unstandardize_coefs, "keeps_the_slopes", "w / std", "w",
    "the slopes are not rescaled. A feature ten times as large needs a slope a tenth as large.",
    see="eq-gd-standardize",
)  # fmt: skip


def unstandardize_with_a_loop(w, b, mean, std):
    slopes, intercept = [], b
    for wj, mj, sj in zip(w, mean, std):
        slopes.append(wj / sj)
        intercept = intercept - wj * mj / sj
    return np.array(slopes), float(intercept)


def unstandardize_by_predicting(w, b, mean, std):
    def predict(x):
        return (x - mean) / std @ w + b

    origin = predict(np.zeros(len(w)))
    return np.array([w[j] / std[j] for j in range(len(w))]), origin


def _fits(rng):
    yield dict(w=np.array([3.0]), b=1.0, mean=np.array([4.0]), std=np.array([2.0]))
    for d in (2, 3, 6):
        yield dict(w=rng.normal(size=d), b=float(rng.normal()), mean=3 * rng.normal(size=d),
                   std=10 ** rng.uniform(-1, 1, size=d))


def _same_predictions(case, run, expected):
    slopes, intercept = run.output
    rows = np.vstack([case["mean"] + case["std"] * k for k in (-1.5, 0.0, 2.0)])
    before = (rows - case["mean"]) / case["std"] @ case["w"] + case["b"]
    after = rows @ slopes + intercept
    if np.allclose(after, before, rtol=1e-7, atol=1e-7 * np.abs(before).max()):
        return None
    worst = int(np.argmax(np.abs(after - before)))
    return f"a prediction of {before[worst]:.5g} from z becomes {after[worst]:.5g} from x."


UNSTANDARDIZE_COEFS = Exercise(
    signature="unstandardize_coefs(w, b, mean, std)",
    returns="(slopes, intercept)",
    reference=unstandardize_coefs,
    cases=_fits,
    behaviours=(
        Behaviour("slopes", 1, "slopes for the data as they came", view="slopes"),
        Behaviour("predictions", 1, "the predictions stay the same; w, mean and std are left alone",
                  holds=_same_predictions, untouched=True),
    ),
    mistakes=(multiplies_by_std, keeps_the_intercept, moves_by_the_old_slopes, moves_the_wrong_way, keeps_the_slopes),
    styles=(unstandardize_with_a_loop, unstandardize_by_predicting),
)  # fmt: skip

# run_until: when to stop


def run_until(grad, x0, lr, tol, max_steps):
    x = np.array(x0, dtype=float)
    for steps in range(max_steps + 1):
        g = grad(x)
        if not np.all(np.isfinite(g)):
            return x, steps, "diverged"
        if np.linalg.norm(g) <= tol:
            return x, steps, "converged"
        if steps < max_steps:
            x = x - lr * g
    return x, max_steps, "max_steps"


stops_when_x_stands_still = altered(
    run_until, "stops_when_x_stands_still", "np.linalg.norm(g)", "np.linalg.norm(lr * g)",
    "the run stops when x has stopped moving. A short step may only mean a small rate: ask for the "
    "gradient's norm.",
    see="eq-gd-step",
)  # fmt: skip


@mistake(
    "nobody looks for inf and NaN. Every comparison with NaN is False, so a run that blew up goes on to "
    "the last step and is reported as unfinished.",
    see="eq-gd-stability",
)
def ignores_nan(grad, x0, lr, tol, max_steps):
    x = np.array(x0, dtype=float)
    for steps in range(max_steps + 1):
        g = grad(x)
        if np.linalg.norm(g) <= tol:
            return x, steps, "converged"
        if steps < max_steps:
            x = x - lr * g
    return x, max_steps, "max_steps"


looks_at_the_largest_component = altered(
    run_until, "looks_at_the_largest_component", "np.linalg.norm(g)", "np.max(np.abs(g))",
    "the largest component is compared with tol. The norm, the root of the sum of squares, is never "
    "smaller and often larger.",
    see="eq-gd-step",
)  # fmt: skip


@mistake(
    "the step is taken before the gradient is looked at, so that a run is one step too long and moves "
    "even from where there is nothing left to do.",
    see="eq-gd-step",
)
def steps_before_looking(grad, x0, lr, tol, max_steps):
    x = np.array(x0, dtype=float)
    for steps in range(1, max_steps + 1):
        g = grad(x)
        x = x - lr * g
        if not np.all(np.isfinite(x)):
            return x, steps, "diverged"
        if np.linalg.norm(g) <= tol:
            return x, steps, "converged"
    return x, max_steps, "max_steps"


climbs = altered(
    run_until, "climbs", "x - lr * g", "x + lr * g",
    "the step is added, which climbs. Descent takes the gradient off: x - lr * g.",
    see="eq-gd-step",
)  # fmt: skip


@mistake(
    "x0 itself is moved (x -= ... works on the array it was given). Copy it first, or write x = x - lr * "
    "g.",
    see="eq-gd-step",
)
def moves_the_start(grad, x0, lr, tol, max_steps):
    x = x0
    for steps in range(max_steps + 1):
        g = grad(x)
        norm = np.linalg.norm(g)
        if not np.isfinite(norm):
            return x, steps, "diverged"
        if norm <= tol:
            return x, steps, "converged"
        if steps < max_steps:
            x -= lr * g
    return x, max_steps, "max_steps"


@mistake(
    "the last point is never looked at: after max_steps steps it may well be where the gradient is small "
    "enough.",
    see="eq-gd-step",
)
def misses_the_last_point(grad, x0, lr, tol, max_steps):
    x = np.array(x0, dtype=float)
    for steps in range(max_steps):
        g = grad(x)
        norm = np.linalg.norm(g)
        if not np.isfinite(norm):
            return x, steps, "diverged"
        if norm <= tol:
            return x, steps, "converged"
        x = x - lr * g
    return x, max_steps, "max_steps"


def run_while(grad, x0, lr, tol, max_steps):
    x, steps, g = x0, 0, grad(x0)
    while True:
        length = float(sum(gi * gi for gi in g)) ** 0.5
        if length != length or length == float("inf"):
            return x, steps, "diverged"
        if length <= tol:
            return x, steps, "converged"
        if steps == max_steps:
            return x, steps, "max_steps"
        x = x - lr * g
        steps += 1
        g = grad(x)


def run_watching_x(grad, x0, lr, tol, max_steps):
    x = list(map(float, x0))
    g = grad(np.array(x))
    k = 0
    status = None
    while status is None:
        if np.any(np.isnan(g)) or np.any(np.isinf(g)) or np.any(np.isnan(x)) or np.any(np.isinf(x)):
            status = "diverged"
        elif np.sqrt(np.dot(g, g)) <= tol:
            status = "converged"
        elif k >= max_steps:
            status = "max_steps"
        else:
            x = [xi - lr * gi for xi, gi in zip(x, g)]
            g = grad(np.array(x))
            k += 1
    return np.array(x), k, status


def _descending(rng, d, shortfall):
    """Return a run whose norm comes down to tol after a drawn number of steps; shortfall: how many of them are missing.

    tol lies between the norms of two steps, well away from both.
    """
    H, centre, x = canyon(rng, d, 1.0, rng.uniform(2, 8)), rng.normal(size=d), 3 * rng.normal(size=d)
    L = np.linalg.eigvalsh(H)[-1]
    lr, steps, start = float(rng.uniform(0.3, 0.9) / L), int(rng.integers(4, 25)), x
    norms = [np.linalg.norm(H @ (x - centre))]
    for _ in range(steps):
        x = x - lr * H @ (x - centre)
        norms.append(np.linalg.norm(H @ (x - centre)))
    tol = float(np.sqrt(norms[-1] * norms[-2]))
    return dict(grad=bowl(H, centre), x0=start, lr=lr, tol=tol, max_steps=steps - shortfall)


def _coming_down(rng):
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([8.0]), lr=0.5, tol=1.5, max_steps=10)
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([3.0, 4.0]), lr=0.5, tol=4.5, max_steps=10)
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([8.0]), lr=0.5, tol=1.0, max_steps=10)  # at most tol: exactly tol
    for d in (1, 2, 3, 5):
        yield _descending(rng, d, -int(rng.integers(1, 30)))
    yield _descending(rng, 4, 0)  # exactly enough steps


def _running_out(rng):
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([8.0]), lr=0.5, tol=0.1, max_steps=2)
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([3.0, 4.0]), lr=0.5, tol=1.1, max_steps=2)
    for d in (1, 2, 4):
        yield _descending(rng, d, int(rng.integers(1, 4)))


def _blowing_up(rng):
    yield dict(grad=bowl_about_zero(2.0), x0=np.array([1.0]), lr=1e6, tol=0.1, max_steps=200)
    d = int(rng.integers(2, 5))
    yield dict(grad=bowl(canyon(rng, d, 1.0, 5.0), rng.normal(size=d)), x0=rng.normal(size=d), lr=2.0, tol=1e-6,
               max_steps=800)
    # A logarithm stepped over: NaN at once, without a word about infinity.
    with_log = Oracle("grad", lambda x: np.log(x) + 1, "grad(x) = log(x) + 1", limit=5_000)
    half = Oracle("grad", lambda x: np.array([np.log(x[0]) + 1, x[1]]), "grad(x) = [log(x[0]) + 1, x[1]]", limit=5_000)
    yield dict(grad=half, x0=np.array([2.0, 1.0]), lr=1.5, tol=1e-6, max_steps=50)
    yield dict(grad=with_log, x0=np.array([float(rng.uniform(2, 3))]), lr=5.0, tol=1e-6, max_steps=50)
    for tol, max_steps in ((1.5, 10), (0.1, 2)):  # and does not say so otherwise
        yield dict(grad=bowl_about_zero(1.0), x0=np.array([8.0]), lr=0.5, tol=tol, max_steps=max_steps)


def _status(run_until, grad, x0, lr, tol, max_steps):
    x, steps, status = run_until(grad, x0, lr, tol, max_steps)
    if np.shape(x) != np.shape(x0):
        return f"{status}, with an x of another shape than x0's"
    return status if np.ndim(steps) == 0 and 0 <= steps <= max_steps else f"{status}, with steps that are no count"


def _stops_at_once(case, run, expected):
    if run.output != expected.output:
        return f"the status should be {expected.output!r}."
    finite = [bool(np.all(np.isfinite(call.result))) for call in run.calls]
    return None if all(finite[:-1]) else "it goes on from a point where the gradient was not finite any more."


def _at_rest(rng):
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([0.5]), lr=0.5, tol=1.0, max_steps=10)
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([8.0]), lr=0.5, tol=0.1, max_steps=0)
    yield dict(grad=bowl_about_zero(1.0), x0=np.array([3.0, 4.0]), lr=0.5, tol=4.5, max_steps=10)
    yield _descending(rng, 3, -5)


RUN_UNTIL = Exercise(
    signature="run_until(grad, x0, lr, tol, max_steps)",
    returns="(x, steps, status)",
    reference=run_until,
    cases=_coming_down,
    behaviours=(
        Behaviour("converged", 1, "stops at the first point whose gradient norm is at most tol"),
        Behaviour("max_steps", 1, "says so when the steps run out first", cases=_running_out),
        Behaviour("diverged", 1, "says so when the gradient is not a finite number any more, and only then",
                  cases=_blowing_up, drive=_status, view=lambda run: run.output, holds=_stops_at_once),
        Behaviour("start", 1, "a start that needs no step, or is allowed none; x0 is left alone", cases=_at_rest,
                  untouched=True),
    ),
    mistakes=(stops_when_x_stands_still, ignores_nan, looks_at_the_largest_component, steps_before_looking, climbs,
              moves_the_start, misses_the_last_point),
    styles=(run_while, run_watching_x),
    withhold=("gdcourse.descent.descend", "gdcourse.constrained._record"),
)  # fmt: skip

ASSIGNMENT = Assignment(
    "ps03",
    "Gradient descent and the learning rate",
    ("gradient-descent",),
    (SPECTRAL_STEP, GD_ITERATIONS, BACKTRACKING, STANDARDIZE, UNSTANDARDIZE_COEFS, RUN_UNTIL),
)
