"""Assignment 10: generalisation and tuning."""

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, altered, mistake
from gdcourse.checks.shared import again, held_out_in_turn, new_rng

# ridge_loss_grad: a penalty on the weights


def ridge_loss_grad(w, b, X, y, alpha):
    residual = X @ w + b - y
    loss = np.mean(residual**2) + alpha * w @ w
    dw = 2 * X.T @ residual / len(y) + 2 * alpha * w
    return float(loss), dw, float(2 * np.mean(residual))


penalises_the_bias = altered(
    ridge_loss_grad, "penalises_the_bias",
    "alpha * w @ w\n    dw = 2 * X.T @ residual / len(y) + 2 * alpha * w\n"
    "    return float(loss), dw, float(2 * np.mean(residual))",
    "alpha * (w @ w + b**2)\n    dw = 2 * X.T @ residual / len(y) + 2 * alpha * w\n"
    "    return float(loss), dw, float(2 * np.mean(residual) + 2 * alpha * b)",
    "the bias is penalised like a weight. It only says where zero is: shift all targets, and the fit should shift too.",
    see="eq-prac-ridge",
)  # fmt: skip

forgets_the_two_of_the_penalty = altered(
    ridge_loss_grad, "forgets_the_two_of_the_penalty", "+ 2 * alpha * w", "+ alpha * w",
    "the slope of the penalty lacks its 2: the derivative of alpha |w|^2 is 2 alpha w.",
    see="eq-prac-ridge",
)  # fmt: skip

forgets_the_penalty_s_slope = altered(
    ridge_loss_grad, "forgets_the_penalty_s_slope", " + 2 * alpha * w", "",
    "the penalty is in the loss and not in the gradient. Descent then never hears of it.",
    see="eq-prac-ridge",
)  # fmt: skip

averages_the_penalty = altered(
    ridge_loss_grad, "averages_the_penalty",
    "alpha * w @ w\n    dw = 2 * X.T @ residual / len(y) + 2 * alpha * w",
    "alpha * w @ w / len(y)\n    dw = 2 * X.T @ residual / len(y) + 2 * alpha * w / len(y)",
    "the penalty is divided by the number of examples. Only the squared errors are averaged.",
    see="eq-prac-ridge",
)  # fmt: skip

adds_up_the_errors = altered(
    ridge_loss_grad, "adds_up_the_errors",
    "np.mean(residual**2) + alpha * w @ w\n    dw = 2 * X.T @ residual / len(y) + 2 * alpha * w\n"
    "    return float(loss), dw, float(2 * np.mean(residual))",
    "np.sum(residual**2) + alpha * w @ w\n    dw = 2 * X.T @ residual + 2 * alpha * w\n"
    "    return float(loss), dw, float(2 * np.sum(residual))",
    "the squared errors are added up and not averaged, so that the penalty counts less the more data there are.",
    see="eq-prac-ridge",
)  # fmt: skip

penalises_the_norm = altered(
    ridge_loss_grad, "penalises_the_norm", "alpha * w @ w", "alpha * np.sqrt(w @ w)",
    "the penalty is alpha times the norm of w. Ridge takes its square.",
    see="eq-prac-ridge",
)  # fmt: skip

turns_the_residual_round = altered(
    ridge_loss_grad, "turns_the_residual_round", "X @ w + b - y", "y - X @ w - b",
    "the residual is target minus prediction, and its sign is not made up for in the gradient.",
    see="eq-prac-ridge",
)  # fmt: skip


divides_the_penalty_by_two_n = altered(
    ridge_loss_grad, "divides_the_penalty_by_two_n",
    "alpha * w @ w\n    dw = 2 * X.T @ residual / len(y) + 2 * alpha * w",
    "alpha / (2 * len(y)) * w @ w\n    dw = 2 * X.T @ residual / len(y) + alpha / len(y) * w",
    "the penalty is alpha / (2 n) times the square, a form that many courses use. The form asked for is alpha times "
    "the square, whatever n is.",
    see="eq-prac-ridge",
)  # fmt: skip


def ridge_in_loops(w, b, X, y, alpha):
    n, d = X.shape
    loss, dw, db = alpha * sum(v * v for v in w), [2 * alpha * v for v in w], 0.0
    for row, target in zip(X, y):
        r = sum(row[j] * w[j] for j in range(d)) + b - target
        loss += r * r / n
        db += 2 * r / n
        for j in range(d):
            dw[j] += 2 * r * row[j] / n
    return loss, dw, db


def ridge_with_a_column_of_ones(w, b, X, y, alpha):
    A, theta = np.column_stack([X, np.ones(len(X))]), np.append(w, b)
    P = alpha * np.diag(np.append(np.ones(len(w)), 0.0))
    H, c = A.T @ A / len(y) + P, A.T @ y / len(y)
    gradient = 2 * (H @ theta - c)
    return theta @ H @ theta - 2 * c @ theta + np.dot(y, y) / len(y), gradient[:-1], gradient[-1]


def _regressions(rng):
    yield dict(w=np.array([2.0]), b=1.0, X=np.array([[1.0], [3.0]]), y=np.array([1.0, 4.0]), alpha=0.5)
    for n, d in ((4, 2), (9, 3), (20, 5)):
        yield dict(w=rng.normal(size=d), b=float(rng.normal()), X=rng.normal(size=(n, d)), y=rng.normal(size=n),
                   alpha=float(10 ** rng.uniform(-1, 1)))


def _odd_regressions(rng):
    yield dict(w=np.array([2.0]), b=1.5, X=np.array([[1.0], [3.0]]), y=np.array([1.0, 4.0]), alpha=3.0)
    yield dict(w=np.zeros(2), b=0.5, X=rng.normal(size=(5, 2)), y=rng.normal(size=5), alpha=2.0)
    yield dict(w=rng.normal(size=3), b=-2.0, X=rng.normal(size=(1, 3)), y=rng.normal(size=1), alpha=0.0)
    yield dict(w=rng.normal(size=6), b=1.0, X=rng.normal(size=(3, 6)), y=rng.normal(size=3), alpha=0.7)


RIDGE = Exercise(
    signature="ridge_loss_grad(w, b, X, y, alpha)",
    returns="(loss, dw, db)",
    reference=ridge_loss_grad,
    cases=_regressions,
    behaviours=(
        Behaviour("loss", 1, "the mean squared error with the penalty", view="loss"),
        Behaviour("weights", 1, "the gradient with respect to w", view="dw"),
        Behaviour("bias", 1, "the gradient with respect to b", view="db"),
        Behaviour("any data", 1, "one row, more weights than rows, weights of zero; no argument is changed",
                  cases=_odd_regressions, untouched=True),
    ),
    mistakes=(penalises_the_bias, forgets_the_two_of_the_penalty, forgets_the_penalty_s_slope, averages_the_penalty,
              adds_up_the_errors, penalises_the_norm, turns_the_residual_round, divides_the_penalty_by_two_n),
    styles=(ridge_in_loops, ridge_with_a_column_of_ones),
)  # fmt: skip

# early_stopping: when to give up


def early_stopping(val_losses, patience):
    best = 0
    for t in range(len(val_losses)):
        if val_losses[t] < val_losses[best]:
            best = t
        elif t - best >= patience:
            break
    return best


returns_where_it_stopped = altered(
    early_stopping, "returns_where_it_stopped", "return best", "return t",
    "the epoch where the run stopped comes back. By then it has been getting worse for a while: return to the best.",
    see="eq-prac-validation",
)  # fmt: skip

prefers_the_later_of_equals = altered(
    early_stopping, "prefers_the_later_of_equals", "val_losses[t] < val_losses[best]",
    "val_losses[t] <= val_losses[best]",
    "an equal loss counts as an improvement (<=). A loss that stands still would never run out of patience: ask for <.",
    see="eq-prac-validation",
)  # fmt: skip


@mistake(
    "the smallest of all losses is returned, although patience ran out before the run came there.",
    see="eq-prac-validation",
)
def looks_into_the_future(val_losses, patience):
    return int(np.argmin(val_losses))


loses_patience_late = altered(
    early_stopping, "loses_patience_late", "t - best >= patience", "t - best > patience",
    "the run goes on for one epoch more than patience allows: it ends at the patience-th epoch without improvement.",
    see="eq-prac-validation",
)  # fmt: skip


@mistake(
    "a loss is compared with the one before it. A small recovery on the way up then counts as an improvement: compare "
    "with the best so far.",
    see="eq-prac-validation",
)
def compares_with_the_last(val_losses, patience):
    best, worse = 0, 0
    for t in range(1, len(val_losses)):
        if val_losses[t] < val_losses[t - 1]:
            best, worse = t, 0
        else:
            worse += 1
        if worse >= patience:
            break
    return best


@mistake(
    "epochs without improvement are counted from the start and never set back to zero. Every new best loss renews the "
    "patience.",
    see="eq-prac-validation",
)
def never_renews_its_patience(val_losses, patience):
    best, waited = 0, 0
    for t in range(1, len(val_losses)):
        if val_losses[t] < val_losses[best]:
            best = t
        else:
            waited += 1
        if waited >= patience:
            break
    return best


returns_the_loss = altered(
    early_stopping, "returns_the_loss", "return best", "return float(val_losses[best])",
    "the best loss comes back and not its index.",
    see="eq-prac-validation",
)  # fmt: skip


passes_over_small_improvements = altered(
    early_stopping, "passes_over_small_improvements", "val_losses[t] < val_losses[best]",
    "val_losses[t] < val_losses[best] - 1e-4",
    "an improvement by less than 1e-4 does not count, as with the min_delta of some libraries. Here every smaller loss "
    "is better.",
    see="eq-prac-validation",
)  # fmt: skip


def stopping_by_counting(val_losses, patience):
    best, best_loss, waited = 0, float("inf"), 0
    for t, loss in enumerate(val_losses):
        if loss < best_loss:
            best, best_loss, waited = t, loss, 0
        else:
            waited += 1
            if waited == patience:
                return best
    return best


def stopping_by_records(val_losses, patience):
    lowest = np.minimum.accumulate(val_losses)
    records = [0] + [t for t in range(1, len(val_losses)) if val_losses[t] < lowest[t - 1]]
    for i in range(len(records) - 1):
        if records[i + 1] - records[i] > patience:
            return records[i]
    return np.int64(records[-1])


def _curves(rng):
    yield dict(val_losses=np.array([3.0, 2.0, 2.5, 2.25, 2.75]), patience=3)
    yield dict(val_losses=np.array([4.0, 3.0, 3.5, 2.5, 1.5, 2.0, 1.75, 3.0]), patience=3)
    yield dict(val_losses=np.array([0.2, 0.1, 0.099999, 0.3, 0.15]), patience=3)
    yield dict(val_losses=np.array([5.0, 4.0, 3.0, 2.0, 2.5, 1.0]), patience=3)
    yield dict(val_losses=np.array([0.5]), patience=1)
    for n in (12, 20, 30):
        t = np.arange(n)
        yield dict(val_losses=(t / n - rng.uniform(0.3, 0.6)) ** 2 + 0.01 * rng.random(n), patience=int(n // 3))


def _second_valleys(rng):
    yield dict(val_losses=np.array([3.0, 2.0, 2.5, 2.25, 1.0]), patience=2)
    yield dict(val_losses=np.array([3.0, 2.0, 2.5, 2.25, 1.0]), patience=3)
    yield dict(val_losses=np.array([3.0, 2.0, 2.5, 2.25, 2.75, 1.0]), patience=2)
    yield dict(val_losses=np.array([4.0, 3.0, 3.5, 3.25, 3.125, 2.0]), patience=3)
    yield dict(val_losses=np.array([5.0, 4.0, 4.5, 3.0, 3.5, 2.0, 2.5]), patience=2)
    for patience in (3, 4, 6):
        first = np.sort(rng.uniform(1, 2, size=5))[::-1]
        worse = rng.uniform(2.5, 3, size=patience + int(rng.integers(2)) - 1)
        yield dict(val_losses=np.concatenate([first, worse, rng.uniform(0.1, 0.5, size=2)]), patience=patience)


@again(12)
def _equal_losses(rng):
    yield dict(val_losses=np.array([2.0, 1.0, 1.0, 1.0]), patience=2)
    yield dict(val_losses=np.array([1.0, 1.0, 2.0]), patience=4)
    yield dict(val_losses=np.array([3.0, 1.0, 1.0, 0.5]), patience=1)
    level = float(rng.uniform(1, 2))
    yield dict(val_losses=np.array([level + 1, level, level, level, level - 0.5]), patience=3)
    yield dict(val_losses=np.array([3.0, 2.0, 2.0, 1.0, 1.5]), patience=2)


EARLY_STOPPING = Exercise(
    signature="early_stopping(val_losses, patience)",
    returns="best",
    reference=early_stopping,
    cases=_curves,
    behaviours=(
        Behaviour("best", 1, "the index of the smallest loss, when patience is long enough"),
        Behaviour("patience", 2, "the run ends after patience epochs in a row that are not below the best",
                  cases=_second_valleys),
        Behaviour("equal", 1, "of equal losses the first is the best; val_losses is left alone", cases=_equal_losses,
                  untouched=True),
    ),
    mistakes=(returns_where_it_stopped, prefers_the_later_of_equals, looks_into_the_future, loses_patience_late,
              compares_with_the_last, never_renews_its_patience, returns_the_loss, passes_over_small_improvements),
    styles=(stopping_by_counting, stopping_by_records),
    withhold=("gdcourse.selection.early_stop",),
)  # fmt: skip

# filter_factors: what stopping keeps, and what ridge keeps


def filter_factors(eigs, eta, t):
    stopping = 1 - (1 - eta * eigs) ** t
    ridge = eigs / (eigs + 1 / (eta * t))
    return stopping, ridge


returns_what_is_missing = altered(
    filter_factors, "returns_what_is_missing", "1 - (1 - eta * eigs) ** t", "(1 - eta * eigs) ** t",
    "the part that is still missing after t steps comes back. The part found is 1 minus that.",
    see="eq-prac-filters-stopping",
)  # fmt: skip

takes_the_exponential = altered(
    filter_factors, "takes_the_exponential", "(1 - eta * eigs) ** t", "np.exp(-eta * eigs * t)",
    "(1 - eta lambda)^t is replaced by an exponential. That is close for short steps only.",
    see="eq-prac-filters-stopping",
)  # fmt: skip

takes_one_step_only = altered(
    filter_factors, "takes_one_step_only", "1 - (1 - eta * eigs) ** t", "(eta * eigs) ** t",
    "1 - (1 - eta lambda)^t is written as (eta lambda)^t. The power belongs to what one step leaves, 1 - eta lambda.",
    see="eq-prac-filters-stopping",
)  # fmt: skip

loses_the_half_of_alpha = altered(
    filter_factors, "loses_the_half_of_alpha", "1 / (eta * t)", "1 / (2 * eta * t)",
    "alpha is added to lambda where 2 alpha should be: the curvature of alpha |w|^2 is 2 alpha.",
    see="eq-prac-filters-ridge",
)  # fmt: skip

shrinks_more_the_longer_it_runs = altered(
    filter_factors, "shrinks_more_the_longer_it_runs", "1 / (eta * t)", "eta * t",
    "the penalty grows with the number of steps. A long run keeps more, and is like a small penalty: 1 / (eta t).",
    see="eq-prac-filters-ridge",
)  # fmt: skip

returns_what_ridge_takes = altered(
    filter_factors, "returns_what_ridge_takes", "ridge = eigs / ", "ridge = (1 / (eta * t)) / ",
    "the part that ridge takes away comes back. It keeps lambda / (lambda + 2 alpha).",
    see="eq-prac-filters-ridge",
)  # fmt: skip

swaps_the_filters = altered(
    filter_factors, "swaps_the_filters", "return stopping, ridge", "return ridge, stopping",
    "the two come back in the other order: (stopping, ridge) is asked for.",
    see="eq-prac-filters-stopping",
)  # fmt: skip


def filters_by_descending(eigs, eta, t):
    found = np.zeros(len(eigs))
    for _ in range(t):
        found = found - eta * eigs * (found - 1)
    alpha = 1 / (2 * eta * t)
    return found, [1 - 2 * alpha / (2 * alpha + e) for e in eigs]


def filters_with_products(eigs, eta, t):
    x = eta * np.asarray(eigs)
    series = sum((1 - x) ** s for s in range(t)) * x  # a geometric sum
    return series, t * x / (1 + t * x)


def _spectra(rng):
    yield dict(eigs=np.array([0.5, 1.0]), eta=0.5, t=2)
    yield dict(eigs=np.array([0.1, 1.0, 3.0]), eta=0.3, t=4)
    for d in (2, 4, 6):
        eigs = np.sort(10 ** rng.uniform(-2, 0.5, size=d))
        yield dict(eigs=eigs, eta=float(rng.uniform(0.2, 0.9) / eigs[-1]), t=int(rng.integers(2, 60)))


def _spectra_with_edges(rng):
    yield dict(eigs=np.array([0.0, 1.0]), eta=0.5, t=3)
    yield dict(eigs=np.array([0.0, 1.0, 3.6]), eta=0.5, t=3)
    eigs = np.sort(rng.uniform(0.1, 2, size=3))
    yield dict(eigs=np.append(0.0, eigs), eta=float(1.5 / eigs[-1]), t=int(rng.integers(2, 6)))
    yield dict(eigs=eigs, eta=float(0.3 / eigs[-1]), t=1)
    yield dict(eigs=eigs, eta=float(0.5 / eigs[-1]), t=300)


FILTER_FACTORS = Exercise(
    signature="filter_factors(eigs, eta, t)",
    returns="(stopping, ridge)",
    reference=filter_factors,
    cases=_spectra,
    behaviours=(
        Behaviour("stopping", 1, "what t steps of descent from zero have found", view="stopping"),
        Behaviour("ridge", 1, "what ridge keeps with alpha = 1 / (2 eta t)", view="ridge"),
        Behaviour("edges", 2, "flat directions, a single step, many steps, steps that overshoot; eigs is left alone",
                  cases=_spectra_with_edges, untouched=True),
    ),
    mistakes=(returns_what_is_missing, takes_the_exponential, takes_one_step_only, loses_the_half_of_alpha,
              shrinks_more_the_longer_it_runs, returns_what_ridge_takes, swaps_the_filters),
    styles=(filters_by_descending, filters_with_products),
    withhold=("gdcourse.selection.ridge_filter", "gdcourse.selection.stopping_filter"),
)  # fmt: skip

# random_search: settings drawn on a logarithmic scale


def random_search(space, budget, rng):
    return [
        {name: float(np.exp(rng.uniform(np.log(low), np.log(high)))) for name, (low, high) in space.items()}
        for _ in range(budget)
    ]


draws_on_a_linear_scale = altered(
    random_search, "draws_on_a_linear_scale",
    "np.exp(rng.uniform(np.log(low), np.log(high)))", "rng.uniform(low, high)",
    "the numbers are uniform themselves. Between 0.001 and 1, nine of ten are then above 0.1: let the logarithm be "
    "uniform.",
    see="eq-prac-random-search",
)  # fmt: skip

mixes_the_bases = altered(
    random_search, "mixes_the_bases", "np.log(low), np.log(high)", "np.log10(low), np.log10(high)",
    "the logarithm is to base 10 and the exponential natural, so that the numbers leave their range.",
    see="eq-prac-random-search",
)  # fmt: skip


@mistake(
    "one random number serves all names, so that all settings lie on a line through the space. Draw anew for each.",
    see="eq-prac-random-search",
)
def uses_one_number_for_all(space, budget, rng):
    settings = []
    for _ in range(budget):
        u = rng.random()
        settings.append({name: float(low * (high / low) ** u) for name, (low, high) in space.items()})
    return settings


@mistake("one setting is drawn and repeated. Draw anew for each of the budget.", see="eq-prac-random-search")
def repeats_one_setting(space, budget, rng):
    return [{name: float(low * (high / low) ** rng.random()) for name, (low, high) in space.items()}] * budget


@mistake(
    "the values form a regular grid, budget values for each name. A random search tries new values each time.",
    see="eq-prac-random-search",
)
def walks_a_grid(space, budget, rng):
    columns = {name: rng.permutation(np.geomspace(low, high, budget)) for name, (low, high) in space.items()}
    return [{name: float(columns[name][i]) for name in space} for i in range(budget)]


@mistake(
    "the numbers come from a generator of their own, default_rng(0), and not from the rng that was handed over.",
    see="eq-prac-random-search",
)
def brings_its_own_generator(space, budget, rng):
    own = np.random.default_rng(0)
    return [{name: float(np.exp(own.uniform(np.log(low), np.log(high)))) for name, (low, high) in space.items()}
            for _ in range(budget)]  # fmt: skip


def search_by_powers(space, budget, rng):
    settings = []
    while len(settings) < budget:
        one = {}
        for name in space:
            low, high = space[name]
            one[name] = low * (high / low) ** rng.random()
        settings.append(one)
    return settings


def search_by_columns(space, budget, rng):
    names = list(space)
    low, high = np.log10(np.array([space[name] for name in names])).T
    table = 10 ** rng.uniform(low, high, size=(budget, len(names)))
    return [dict(zip(names, row)) for row in table]


def _spaces(rng):
    yield dict(space={"lr": (0.001, 1.0)}, budget=700, rng=new_rng(rng))
    yield dict(space={"l2": (1e-6, 1e-4)}, budget=600, rng=new_rng(rng))
    for names in (("lr", "l2"), ("lr", "l2", "width")):
        lows = 10 ** rng.uniform(-5, 0, size=len(names))
        space = {name: (float(low), float(low * 10 ** rng.uniform(2, 4))) for name, low in zip(names, lows)}
        yield dict(space=space, budget=int(rng.integers(600, 800)), rng=new_rng(rng))


def _places(case, run):
    """Return where the values lie between low (0) and high (1) on a logarithmic scale: (budget, names)."""
    low, high = np.log(np.array(list(case["space"].values()))).T
    values = np.array([[one[name] for name in case["space"]] for one in run.output], dtype=float)
    with np.errstate(all="ignore"):
        return (np.log(values) - low) / (high - low)


def _in_range(case, run, expected):
    places = _places(case, run)
    wrong = ~((places >= -1e-9) & (places <= 1 + 1e-9))
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        name = list(case["space"])[j]
        low, high = case["space"][name]
        return f"{name} = {run.output[i][name]:.4g} is not between {low:.4g} and {high:.4g}."
    if len(np.unique(places[:, 0])) < 0.9 * case["budget"]:
        values = len(np.unique(places[:, 0]))
        return f"{case['budget']} settings hold {values} different value{'s' * (values > 1)} of one name."
    return None


def _log_uniform(case, run, expected):
    places, six = _places(case, run), 6 * np.sqrt(1 / 12 / case["budget"])
    for name, column in zip(case["space"], places.T):
        share = np.mean(column < 0.5)
        if abs(share - 0.5) > 2 * six or abs(column.mean() - 0.5) > six:
            low, high = case["space"][name]
            return f"{share:.0%} of the values of {name} are below {np.sqrt(low * high):.3g}, the geometric middle " \
                   f"of {low:.3g} and {high:.3g}."
    return None


def _search_again(random_search, space, budget, rng):
    def logarithms(settings):
        return np.log(np.array([[one[name] for name in space] for one in settings]))

    first, again, other = (random_search(space, 40, np.random.default_rng(seed)) for seed in (7, 7, 8))
    table = logarithms(first)
    lows, highs = np.log(np.array(list(space.values()))).T
    ranks = np.sort(np.abs(np.diff(np.sort((table - lows) / (highs - lows), axis=0), axis=0)), axis=0)
    return {
        "the same from the same rng": bool(np.array_equal(table, logarithms(again), equal_nan=True)),
        "the same from another rng": bool(np.array_equal(table, logarithms(other), equal_nan=True)),
        "names move together": bool(len(space) > 1 and np.abs(np.corrcoef(table.T)[0, 1]) > 0.95),
        "regular gaps": bool(np.ptp(ranks[1:-1]) < 1e-9),
    }


RANDOM_SEARCH = Exercise(
    signature="random_search(space, budget, rng)",
    returns="settings",
    reference=random_search,
    cases=_spaces,
    behaviours=(
        Behaviour("range", 1, "budget different settings, every value between its low and its high", holds=_in_range),
        Behaviour("logarithm", 2, "the logarithms are uniform: half of the values lie below the geometric middle",
                  holds=_log_uniform, untouched=True),
        Behaviour("generator", 1, "the same settings from the same rng, others from another; names drawn one by one",
                  drive=_search_again),
    ),
    mistakes=(draws_on_a_linear_scale, mixes_the_bases, uses_one_number_for_all, repeats_one_setting, walks_a_grid,
              brings_its_own_generator),
    styles=(search_by_powers, search_by_columns),
    withhold=("gdcourse.selection.log_uniform",),
)  # fmt: skip

# kfold_indices, scaled_folds: every example held out once, and nothing leaks


def kfold_indices(n, k, rng):
    parts = np.array_split(rng.permutation(n), k)
    return [(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]


def scaled_folds(X, folds):
    scaled = []
    for kept, held in folds:
        mean, std = X[kept].mean(axis=0), X[kept].std(axis=0)
        scaled.append(((X[kept] - mean) / std, (X[held] - mean) / std))
    return scaled


FOLDS, SCALED = "kfold_indices", "scaled_folds"

drops_the_rest = altered(
    kfold_indices, "drops_the_rest", "rng.permutation(n)", "rng.permutation(n)[: n - n % k]",
    "where k does not divide n the last n % k examples are in no fold. Every example is to be held out once.",
    see="eq-prac-kfold", of=FOLDS,
)  # fmt: skip

does_not_shuffle = altered(
    kfold_indices, "does_not_shuffle", "rng.permutation(n)", "np.arange(n)",
    "the folds are cut from the examples in their order. Data often come sorted: shuffle with rng first.",
    see="eq-prac-kfold", of=FOLDS,
)  # fmt: skip

draws_with_replacement = altered(
    kfold_indices, "draws_with_replacement", "rng.permutation(n)", "rng.integers(n, size=n)",
    "the indices are drawn with replacement: some examples come twice and others never.",
    see="eq-prac-kfold", of=FOLDS,
)  # fmt: skip

trains_on_all = altered(
    kfold_indices, "trains_on_all", "np.concatenate(parts[:i] + parts[i + 1 :])", "np.concatenate(parts)",
    "the kept part holds all examples, those held out included. Then nothing is held out.",
    see="eq-prac-kfold", of=FOLDS,
)  # fmt: skip

swaps_kept_and_held = altered(
    kfold_indices, "swaps_kept_and_held",
    "(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i])", "(parts[i], np.concatenate(parts[:i] + parts[i + 1 :]))",
    "the two parts are exchanged: one fold is kept and the others are held out.",
    see="eq-prac-kfold", of=FOLDS,
)  # fmt: skip

leaks_the_held_rows = altered(
    scaled_folds, "leaks_the_held_rows", "X[kept].mean(axis=0), X[kept].std(axis=0)", "X.mean(axis=0), X.std(axis=0)",
    "mean and deviation are taken over all rows before the split. The held-out rows then have a part in what they are "
    "to judge: use the kept rows alone.",
    see="eq-prac-kfold", of=SCALED,
)  # fmt: skip

scales_each_part_by_itself = altered(
    scaled_folds, "scales_each_part_by_itself", "(X[held] - mean) / std",
    "(X[held] - X[held].mean(axis=0)) / X[held].std(axis=0)",
    "the held-out rows are scaled by their own mean and deviation. A new example has none: use those of the kept rows.",
    see="eq-prac-kfold", of=SCALED,
)  # fmt: skip


@mistake(
    "every fold has ceil(n / k) examples until none are left, so that the last is too small or empty. Sizes differ by "
    "at most one: spread the rest over the first folds.",
    see="eq-prac-kfold", of=FOLDS,
)  # fmt: skip
def cuts_folds_of_ceil(n, k, rng):
    order, size = rng.permutation(n), -(-n // k)
    cuts = [(i * size, min((i + 1) * size, n)) for i in range(k)]
    return [(np.concatenate([order[:start], order[end:]]), order[start:end]) for start, end in cuts]


pads_each_deviation = altered(
    scaled_folds, "pads_each_deviation", "X[kept].std(axis=0)", "X[kept].std(axis=0) + 1e-8",
    "1e-8 is added to every deviation. Columns of little spread are shortened by it: divide by the deviation itself.",
    see="eq-gd-standardize", of=SCALED,
)  # fmt: skip


def folds_by_slices(n, k, rng):
    order = list(range(n))
    rng.shuffle(order)
    return [([i for i in order if i not in order[j::k]], order[j::k]) for j in range(k)]


def scaled_by_columns(X, folds):
    pairs = []
    for kept, held in folds:
        train, test = np.array(X[kept]), np.array(X[held])
        for j in range(X.shape[1]):
            m = sum(train[:, j]) / len(train)
            s = (sum((train[:, j] - m) ** 2) / len(train)) ** 0.5
            test[:, j] = (test[:, j] - m) / s
            train[:, j] = (train[:, j] - m) / s
        pairs.append([train, test])
    return pairs


def folds_by_labels(n, k, rng):
    label = rng.permutation(np.arange(n) % k)
    return tuple((np.flatnonzero(label != fold), np.flatnonzero(label == fold)) for fold in range(k))


def scaled_by_einsum(X, folds):
    def moments(A):
        mean = np.einsum("ij->j", A) / len(A)
        return mean, np.sqrt(np.einsum("ij,ij->j", A - mean, A - mean) / len(A))

    out = []
    for kept, held in folds:
        mean, std = moments(X[kept])
        out.append(tuple((X[rows] - mean) / std for rows in (kept, held)))
    return tuple(out)


def _cuts(rng):
    yield dict(n=6, k=3, rng=new_rng(rng))
    yield dict(n=7, k=2, rng=new_rng(rng))
    yield dict(n=11, k=4, rng=new_rng(rng))
    yield dict(n=9, k=4, rng=new_rng(rng))  # folds of 3 would be 3, 3, 3 and 0
    for _ in range(3):
        k = int(rng.integers(2, 6))
        yield dict(n=int(k * rng.integers(4, 8) + rng.integers(1, k)), k=k, rng=new_rng(rng))
    yield dict(n=5, k=5, rng=new_rng(rng))


def _tables_in_folds(rng):
    yield dict(X=np.array([[0.0], [2.0], [4.0], [9.0]]), folds=[(np.array([0, 1]), np.array([2, 3])),
                                                             (np.array([2, 3]), np.array([0, 1]))])
    yield dict(X=np.array([[0.0], [2e-4], [4e-4], [9e-4]]), folds=[(np.array([0, 1]), np.array([2, 3]))])
    for n, d, k in ((9, 2, 3), (14, 3, 4)):
        folds = held_out_in_turn(np.array_split(rng.permutation(n), k))
        yield dict(X=rng.normal(size=(n, d)) * 10 ** rng.uniform(-1, 2, size=d) + rng.normal(size=d), folds=folds)


def _look_at_folds(kfold_indices, scaled_folds, n, k, rng):
    folds = [(list(map(int, kept)), list(map(int, held))) for kept, held in kfold_indices(n, k, rng)]
    return {
        "folds": len(folds),
        "examples held out exactly once": sum(sum(held.count(i) for _, held in folds) == 1 for i in range(n)),
        "folds that keep exactly the others": sum(sorted(kept + held) == list(range(n)) for kept, held in folds),
    }


def _look_at_sizes(kfold_indices, scaled_folds, n, k, rng):
    folds = list(kfold_indices(n, k, rng))
    return {"sizes held out": sorted(len(held) for _, held in folds), "sizes kept": sorted(len(k) for k, _ in folds)}


def _cut_again(kfold_indices, scaled_folds, n, k, rng):
    def cut(seed):
        folds = kfold_indices(60, k, np.random.default_rng(seed))
        return [(list(map(int, kept)), list(map(int, held))) for kept, held in folds]

    first, again, other = cut(7), cut(7), cut(8)
    return {"the same from the same rng": first == again, "the same from another rng": first == other,
            "folds": len(first)}  # fmt: skip


def _scale(kfold_indices, scaled_folds, X, folds):
    return [(np.array(kept), np.array(held)) for kept, held in scaled_folds(X, folds)]


KFOLD = Exercise(
    signature="kfold_indices(n, k, rng); scaled_folds(X, folds)",
    returns="folds",
    reference=(kfold_indices, scaled_folds),
    cases=_cuts,
    behaviours=(
        Behaviour("partition", 1, "every example is held out once, and kept by all other folds", drive=_look_at_folds),
        Behaviour("sizes", 1, "folds whose sizes differ by at most one", drive=_look_at_sizes),
        Behaviour("shuffled", 1, "shuffled by rng: the same folds from the same, others from another",
                  drive=_cut_again),
        Behaviour("scaled", 1, "rows scaled by the mean and the deviation of the kept ones; X is left alone",
                  cases=_tables_in_folds, drive=_scale, untouched=True),
    ),
    mistakes=(drops_the_rest, does_not_shuffle, draws_with_replacement, trains_on_all, swaps_kept_and_held,
              leaks_the_held_rows, scales_each_part_by_itself, cuts_folds_of_ceil, pads_each_deviation),
    styles=((folds_by_slices, scaled_by_columns), (folds_by_labels, scaled_by_einsum)),
    withhold=("gdcourse.selection.folds", "gdcourse.data.standardize"),
)  # fmt: skip

ASSIGNMENT = Assignment(
    "ps10",
    "Is lower always better?",
    ("practice",),
    (RIDGE, EARLY_STOPPING, FILTER_FACTORS, RANDOM_SEARCH, KFOLD),
)
