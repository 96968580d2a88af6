"""Assignment 2: cost functions and output units."""

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, altered, mistake
from gdcourse.checks.shared import again

# log_softmax: probabilities whose logarithm survives


def log_softmax(Z):
    shifted = Z - Z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


exponentiates_as_it_is = altered(
    log_softmax, "exponentiates_as_it_is", "Z - Z.max(axis=1, keepdims=True)", "Z",
    "the logits are exponentiated as they are. Beyond 709 that is infinite, and below -745 every one is zero: subtract "
    "the row's largest first.",
    see="eq-unit-log-softmax",
)  # fmt: skip


@mistake(
    "the probabilities are computed first and their logarithm afterwards. A small one is rounded to zero, whose "
    "logarithm is minus infinity: subtract the logarithm of the sum instead of dividing by the sum.",
    see="eq-unit-log-softmax",
)
def takes_the_logarithm_last(Z):
    weights = np.exp(Z - Z.max(axis=1, keepdims=True))
    return np.log(weights / weights.sum(axis=1, keepdims=True))


@mistake(
    "a small number is added inside the logarithm. That hides the infinity, and every probability below it comes out "
    "the same: -18.4 for 1e-8.",
    see="eq-unit-log-softmax",
)
def pads_the_logarithm(Z):
    weights = np.exp(Z - Z.max(axis=1, keepdims=True))
    return np.log(weights / weights.sum(axis=1, keepdims=True) + 1e-8)


pads_the_logarithm_a_little = altered(
    log_softmax, "pads_the_logarithm_a_little", "return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
    "return np.log(np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True) + 1e-12)",
    "1e-12 is added inside the logarithm. That hides the infinity, and every probability below it comes out the same, "
    "-27.6: subtract the logarithm of the sum instead of dividing by the sum.",
    see="eq-unit-log-softmax",
)  # fmt: skip


@mistake(
    "the sum runs down the columns, over the examples. The probabilities of one example, a row, must sum to 1: axis=1.",
    see="eq-unit-softmax",
)
def sums_down_the_columns(Z):
    shifted = Z - Z.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


subtracts_one_maximum_for_all = altered(
    log_softmax, "subtracts_one_maximum_for_all", "Z.max(axis=1, keepdims=True)", "Z.max()",
    "one maximum is subtracted from all rows. In a row far below it every exponential is zero: each row needs its own.",
    see="eq-unit-log-softmax",
)  # fmt: skip

shifts_only_inside = altered(
    log_softmax, "shifts_only_inside", "return shifted -", "return Z -",
    "the largest logit is subtracted inside the sum and not outside. It must leave both, or the result is off by it.",
    see="eq-unit-log-softmax",
)  # fmt: skip


@mistake(
    "the table Z itself is shifted (Z -= ...). Whoever called still needs it: make a new one.",
    see="eq-unit-log-softmax",
)
def shifts_the_table_itself(Z):
    Z -= Z.max(axis=1, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))


sums_over_the_whole_table = altered(
    log_softmax, "sums_over_the_whole_table", "return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
    "return Z - Z.max() - np.log(np.exp(Z - Z.max()).sum())",
    "the maximum and the sum run over the whole table, so that all entries together have the probability 1. Each row "
    "is an example of its own: axis=1, keepdims=True.",
    see="eq-unit-softmax",
)  # fmt: skip


def log_softmax_by_rows(Z):
    import math

    rows = []
    for row in Z.tolist():
        top = max(row)
        total = top + math.log(sum(math.exp(z - top) for z in row))
        rows.append([z - total for z in row])
    return np.array(rows)


def log_softmax_by_logaddexp(Z):
    return Z - np.logaddexp.reduce(Z, axis=1)[:, None]


def _logits(rng):
    yield dict(Z=np.array([[1.0, 1.0]]))
    yield dict(Z=np.array([[2.0, 3.0], [1.0, 1.0]]))
    for n, k in ((1, 3), (3, 2), (4, 5)):
        yield dict(Z=rng.uniform(-1, 1, size=(n, k)) + rng.uniform(1.5, 3, size=(n, 1)))


def _far_from_zero(rng):
    yield dict(Z=np.array([[1000.0, 1000.0]]))
    yield dict(Z=np.array([[-1000.0, -1001.0]]))
    for n, k in ((2, 3), (3, 4)):
        yield dict(Z=rng.uniform(-1, 1, size=(n, k)) + rng.choice([-1, 1]) * rng.uniform(1e3, 1e4))


def _far_apart(rng):
    yield dict(Z=np.array([[0.0, -1000.0]]))
    for n, k in ((2, 3), (3, 4)):
        Z = rng.uniform(-5000, -1000, size=(n, k))
        Z[np.arange(n), rng.integers(k, size=n)] = rng.uniform(1, 3, size=n)
        yield dict(Z=Z)


def _at_different_heights(rng):
    yield dict(Z=np.array([[1.0, 1.0], [2001.0, 2002.0]]))
    for k in (2, 4):
        Z = rng.uniform(-1, 1, size=(3, k)) + np.array([[2000.0], [-2000.0], [0.0]])
        yield dict(Z=rng.permutation(Z))


LOG_SOFTMAX = Exercise(
    signature="log_softmax(Z)",
    returns="logp",
    reference=log_softmax,
    cases=_logits,
    behaviours=(
        Behaviour("rows", 1, "the logarithms of probabilities that sum to 1 in each row", rtol=1e-5),
        Behaviour("far from zero", 1, "logits in the thousands, all together", cases=_far_from_zero, rtol=1e-5),
        Behaviour("far apart", 1, "probabilities too small for a float", cases=_far_apart),
        Behaviour("heights", 1, "rows at very different heights; Z is left alone", cases=_at_different_heights,
                  rtol=1e-5, untouched=True),
    ),
    mistakes=(exponentiates_as_it_is, takes_the_logarithm_last, pads_the_logarithm, pads_the_logarithm_a_little,
              sums_down_the_columns, subtracts_one_maximum_for_all, shifts_only_inside, shifts_the_table_itself,
              sums_over_the_whole_table),
    styles=(log_softmax_by_rows, log_softmax_by_logaddexp),
    withhold=("gdcourse.stable.log_softmax", "gdcourse.stable.log_sum_exp"),
)  # fmt: skip

# softmax_cross_entropy: one of many


def softmax_cross_entropy(Z, y):
    n = len(y)
    shifted = Z - Z.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = np.exp(logp)
    dZ[np.arange(n), y] -= 1
    return -logp[np.arange(n), y].mean(), dZ / n


sums_the_gradient = altered(
    softmax_cross_entropy, "sums_the_gradient", "dZ / n", "dZ",
    "the loss is a mean over the examples and the gradient is not. Each example has a share of 1 / n in both.",
    see="eq-unit-softmax-ce",
)  # fmt: skip

sums_the_examples = altered(
    softmax_cross_entropy, "sums_the_examples", ".mean(), dZ / n", ".sum(), dZ",
    "the examples are added up. The cost is their mean, and so is its gradient: divide both by n.",
    see="eq-cost-nll",
)  # fmt: skip

averages_over_the_classes = altered(
    softmax_cross_entropy, "averages_over_the_classes", ".mean(), dZ / n", ".mean() / Z.shape[1], dZ / Z.size",
    "the mean is taken over all entries of the table, as by np.mean of a one-hot product. There are n examples, so "
    "divide by n and not by n k.",
    see="eq-cost-nll",
)  # fmt: skip


@mistake(
    "the labels are counted from 1. Label 0 is the first column.",
    see="eq-unit-softmax-ce",
)
def counts_labels_from_one(Z, y):
    n = len(y)
    shifted = Z - Z.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = np.exp(logp)
    dZ[np.arange(n), y - 1] -= 1
    return -logp[np.arange(n), y - 1].mean(), dZ / n


pads_the_cost = altered(
    softmax_cross_entropy, "pads_the_cost", "-logp[np.arange(n), y].mean()",
    "-np.log(np.exp(logp[np.arange(n), y]) + 1e-8).mean()",
    "a small number is added inside the logarithm. Then no answer costs more than 18.4, however wrong, and the "
    "gradient belongs to another cost: take the logarithm of the probability from the logits.",
    see="eq-unit-log-softmax",
)  # fmt: skip

pads_the_cost_a_little = altered(
    softmax_cross_entropy, "pads_the_cost_a_little", "-logp[np.arange(n), y].mean()",
    "-np.log(np.exp(logp[np.arange(n), y]) + 1e-12).mean()",
    "1e-12 is added inside the logarithm. Then no answer costs more than 27.6, however wrong, and the gradient belongs "
    "to another cost: take the logarithm of the probability from the logits.",
    see="eq-unit-log-softmax",
)  # fmt: skip

lets_the_logits_overflow = altered(
    softmax_cross_entropy, "lets_the_logits_overflow", "Z - Z.max(axis=1, keepdims=True)", "Z",
    "the logits are exponentiated as they are, and beyond 709 that is infinite. Subtract the row's largest first.",
    see="eq-unit-log-softmax",
)  # fmt: skip

pushes_the_wrong_way = altered(
    softmax_cross_entropy, "pushes_the_wrong_way", "dZ / n", "-dZ / n",
    "the gradient is target minus prediction. It is prediction minus target: the right logit's is negative, since "
    "raising it lowers the cost.",
    see="eq-unit-softmax-ce",
)  # fmt: skip


@mistake(
    "p[:, y] takes whole columns, every label's for every example. One entry in each row is wanted: "
    "p[np.arange(n), y].",
    see="eq-unit-softmax-ce",
)
def takes_whole_columns(Z, y):
    shifted = Z - Z.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dZ = np.exp(logp)
    dZ[:, y] -= 1
    return -logp[:, y].mean(), dZ / len(y)


@mistake(
    "the table Z itself is overwritten on the way. Whoever called still needs the logits: work on a copy.",
    see="eq-unit-log-softmax",
)
def writes_into_the_logits(Z, y):
    rows = np.arange(len(y))
    Z -= Z.max(axis=1, keepdims=True)
    Z -= np.log(np.exp(Z).sum(axis=1, keepdims=True))
    dZ = np.exp(Z)
    dZ[rows, y] -= 1
    return -Z[rows, y].mean(), dZ / len(y)


leaves_the_slope_of_a_sigmoid = altered(
    softmax_cross_entropy, "leaves_the_slope_of_a_sigmoid", "dZ / n", "dZ * np.exp(logp) * (1 - np.exp(logp)) / n",
    "prediction minus target is multiplied by p (1 - p). That slope has already cancelled against the logarithm's.",
    see="eq-unit-softmax-ce",
)  # fmt: skip

divides_by_the_classes = altered(
    softmax_cross_entropy, "divides_by_the_classes", ".mean(), dZ / n", ".sum() / Z.shape[1], dZ",
    "the sum of the costs is divided by the number of classes, and the gradient by nothing. Divide both by the number "
    "of examples, n.",
    see="eq-cost-nll",
)  # fmt: skip


def cross_entropy_by_one_hot(Z, y):
    target = np.eye(Z.shape[1])[y]
    logp = Z - np.logaddexp.reduce(Z, axis=1, keepdims=True)
    return float(-np.sum(target * logp) / len(Z)), (np.exp(logp) - target) / len(Z)


def cross_entropy_with_loops(Z, y):
    import math

    n, k = Z.shape
    cost, push = 0.0, np.zeros((n, k))
    for i in range(n):
        top = max(Z[i])
        total = sum(math.exp(Z[i, j] - top) for j in range(k))
        cost += (math.log(total) + top - Z[i, y[i]]) / n
        for j in range(k):
            push[i, j] = (math.exp(Z[i, j] - top) / total - (j == y[i])) / n
    return cost, push


def _labelled(rng):
    yield dict(Z=np.array([[0.0, 0.0], [0.0, 0.0]]), y=np.array([0, 1]))
    yield dict(Z=np.array([[0.0, 1.0], [1.0, 1.0]]), y=np.array([1, 1]))
    for n, k in ((3, 2), (4, 3), (6, 5)):
        yield dict(Z=rng.uniform(-1, 1, size=(n, k)), y=rng.permutation(np.arange(n) % k))


def _one_labelled(rng):
    yield dict(Z=np.array([[0.0, 0.0, 0.0]]), y=np.array([0]))
    for k in (2, 3, 10):
        yield dict(Z=rng.uniform(-1, 1, size=(1, k)) + rng.uniform(2, 3), y=rng.integers(k, size=1))


def _confident(rng):
    yield dict(Z=np.array([[1000.0, 0.0]]), y=np.array([1]))
    yield dict(Z=np.array([[1000.0, 0.0]]), y=np.array([0]))
    yield dict(Z=np.array([[2000.0, 2001.0], [-2000.0, -2001.0]]), y=np.array([0, 1]))
    for k in (3, 5):
        Z = rng.uniform(-5000, 5000, size=(1, k))
        Z[0, rng.integers(k)] = 6000.0
        yield dict(Z=Z, y=rng.integers(k, size=1))
    yield dict(Z=rng.uniform(-1, 1, size=(1, 4)) - 2000, y=rng.integers(4, size=1))


def _pushes_balance(case, run, expected):
    dZ, wanted = run.output[1], expected.output[1]
    if np.abs(dZ.sum(axis=1)).max() > 1e-9 * max(np.abs(dZ).max(), 1e-300):
        return "the rows of dZ do not sum to zero."
    if not np.sum(dZ * wanted) > (1 - 1e-9) * np.linalg.norm(dZ) * np.linalg.norm(wanted):
        return "the pushes do not go where they should."
    return None


SOFTMAX_CROSS_ENTROPY = Exercise(
    signature="softmax_cross_entropy(Z, y)",
    returns="(loss, dZ)",
    reference=softmax_cross_entropy,
    cases=_labelled,
    behaviours=(
        Behaviour("loss", 1, "the mean cost of the right answers", view="loss", rtol=1e-5),
        Behaviour("balance", 1, "in each row of dZ the pushes balance, and raise the right logit's probability",
                  view="dZ", holds=_pushes_balance),
        Behaviour("gradient", 2, "dZ, the gradient of the loss", view="dZ"),
        Behaviour("one example", 1, "a single example, and up to ten classes; Z and y are left alone",
                  cases=_one_labelled, rtol=1e-5, untouched=True),
        Behaviour("confident", 1, "logits in the thousands", cases=_confident),
    ),
    mistakes=(sums_the_gradient, sums_the_examples, averages_over_the_classes, counts_labels_from_one, pads_the_cost,
              pads_the_cost_a_little, lets_the_logits_overflow, pushes_the_wrong_way, takes_whole_columns,
              writes_into_the_logits, leaves_the_slope_of_a_sigmoid, divides_by_the_classes),
    styles=(cross_entropy_by_one_hot, cross_entropy_with_loops),
    withhold=("gdcourse.losses.softmax_cross_entropy", "gdcourse.losses._of_checked_labels",
              "gdcourse.outputs.categorical", "gdcourse.linear.softmax_regression", "gdcourse.stable.softmax"),
)  # fmt: skip

# binary_ce_from_logits: yes or no


def binary_ce_from_logits(z, y):
    softplus = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    p = np.exp(-np.maximum(-z, 0)) / (1 + np.exp(-np.abs(z)))
    return np.mean(softplus - y * z), (p - y) / len(y)


@mistake(
    "the probability is cut off near 0 and 1. That hides the infinity, but a clipped probability does not move with z: "
    "where the answer is most wrong the cost is too small and its slope is zero.",
    see="eq-unit-softplus",
)
def clips_the_probability(z, y):
    p = np.exp(-np.maximum(-z, 0)) / (1 + np.exp(-np.abs(z)))
    inside = (p > 1e-7) & (p < 1 - 1e-7)
    c = np.clip(p, 1e-7, 1 - 1e-7)
    return np.mean(-y * np.log(c) - (1 - y) * np.log(1 - c)), inside * (p - y) / len(y)


@mistake(
    "the probability is cut off at 1e-7 and 1 - 1e-7. That hides the infinity: no answer costs more than 16.1, however "
    "wrong, and the slope belongs to another cost. Write the cost in z.",
    see="eq-unit-softplus",
)
def clips_the_cost(z, y):
    p = np.exp(-np.maximum(-z, 0)) / (1 + np.exp(-np.abs(z)))
    c = np.clip(p, 1e-7, 1 - 1e-7)
    return np.mean(-y * np.log(c) - (1 - y) * np.log(1 - c)), (p - y) / len(y)


@mistake(
    "the probability is cut off at 1e-12 and 1 - 1e-12. That hides the infinity: no answer costs more than 27.6, "
    "however wrong, and the slope belongs to another cost. Write the cost in z.",
    see="eq-unit-softplus",
)
def clips_the_cost_late(z, y):
    p = np.exp(-np.maximum(-z, 0)) / (1 + np.exp(-np.abs(z)))
    c = np.clip(p, 1e-12, 1 - 1e-12)
    return np.mean(-y * np.log(c) - (1 - y) * np.log(1 - c)), (p - y) / len(y)


@mistake(
    "the probability is computed first. At z = 40 a float cannot tell it from 1, and the logarithm of 1 - p is minus "
    "infinity: write the cost in z.",
    see="eq-unit-bce",
)
def computes_p_first(z, y):
    p = np.exp(-np.maximum(-z, 0)) / (1 + np.exp(-np.abs(z)))
    return np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)), (p - y) / len(y)


overflows = altered(
    binary_ce_from_logits, "overflows", "np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))", "np.log(1 + np.exp(z))",
    "exp(z) is computed as it stands, and beyond z = 709 that is infinite. Take max(z, 0) out of the logarithm.",
    see="eq-unit-softplus",
)  # fmt: skip

swaps_yes_and_no = altered(
    binary_ce_from_logits, "swaps_yes_and_no", "softplus - y * z), (p - y)", "softplus + y * z), (p + y)",
    "the sign of y is wrong: for y = 1 the cost must fall as z grows.",
    see="eq-unit-bce",
)  # fmt: skip

keeps_the_slope_of_the_sigmoid = altered(
    binary_ce_from_logits, "keeps_the_slope_of_the_sigmoid", "(p - y) / len(y)", "(p - y) * p * (1 - p) / len(y)",
    "the slope of the sigmoid, p (1 - p), is left in the gradient. In the cross-entropy it cancels; in the squared "
    "error it stays, and the neuron that is most wrong does not learn.",
    see="eq-unit-slopes",
)  # fmt: skip


@mistake(
    "every target is taken to be 0 or 1. A target may lie between, such as 0.3 for three yes among ten, and then both "
    "terms count.",
    see="eq-cost-cross-entropy",
)
def rounds_the_targets(z, y):
    yes = y == 1
    softplus = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    p = np.exp(-np.maximum(-z, 0)) / (1 + np.exp(-np.abs(z)))
    return np.mean(np.where(yes, softplus - z, softplus)), (p - yes) / len(y)


adds_up_the_answers = altered(
    binary_ce_from_logits, "adds_up_the_answers", "np.mean(softplus - y * z), (p - y) / len(y)",
    "np.sum(softplus - y * z), p - y",
    "the examples are added up. The cost is their mean, and so is its gradient: divide both by n.",
    see="eq-cost-nll",
)  # fmt: skip

forgets_n_in_the_slope = altered(
    binary_ce_from_logits, "forgets_n_in_the_slope", "(p - y) / len(y)", "p - y",
    "the loss is a mean and its gradient is not. Each example has a share of 1 / n in both.",
    see="eq-cost-nll",
)  # fmt: skip


@mistake(
    "infinities are replaced by nan_to_num. A very wrong answer then costs 1.8e308, the largest number there is, and "
    "not |z|: write the cost in z.",
    see="eq-unit-softplus",
)
def replaces_what_is_not_finite(z, y):
    p = 1 / (1 + np.exp(-z))
    cost = np.nan_to_num(-y * np.log(p) - (1 - y) * np.log(1 - p))
    return np.mean(cost), (p - y) / len(z)


def binary_ce_by_logaddexp(z, y):
    loss = y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
    return float(loss.sum() / z.size), ((1 + np.tanh(z / 2)) / 2 - y) / z.size


def binary_ce_with_a_loop(z, y):
    import math

    n, cost, slopes = len(z), 0.0, []
    for zi, yi in zip(z.tolist(), y.tolist()):
        small = math.exp(-abs(zi))
        cost += (max(zi, 0.0) - yi * zi + math.log1p(small)) / n
        p = 1 / (1 + small) if zi >= 0 else small / (1 + small)
        slopes.append((p - yi) / n)
    return cost, slopes


def _yes_or_no(rng):
    yield dict(z=np.array([0.0, 2.0]), y=np.array([0.0, 1.0]))
    for n in (2, 3, 6):
        y = rng.permutation(np.arange(n) % 2).astype(float)
        yield dict(z=rng.uniform(0.5, 3, size=n) * rng.choice([-1, 1], size=n), y=y)


def _very_sure(rng):
    for z, y in ((800.0, 0.0), (-800.0, 1.0), (800.0, 1.0), (-800.0, 0.0), (40.0, 0.0)):
        yield dict(z=np.array([z]), y=np.array([y]))
    yield dict(z=np.array([rng.uniform(720, 5000)]), y=np.array([0.0]))
    yield dict(z=np.array([-rng.uniform(720, 5000)]), y=np.array([1.0]))


def _between(rng):
    yield dict(z=np.array([0.5]), y=np.array([0.5]))
    for n in (2, 5):
        yield dict(z=rng.uniform(0.5, 3, size=n) * rng.choice([-1, 1], size=n), y=rng.uniform(0.2, 0.8, size=n))


BINARY_CE_FROM_LOGITS = Exercise(
    signature="binary_ce_from_logits(z, y)",
    returns="(loss, dz)",
    reference=binary_ce_from_logits,
    cases=_yes_or_no,
    behaviours=(
        Behaviour("loss", 1, "the mean cost of answers that are 0 or 1", view="loss"),
        Behaviour("slope", 1, "dz, the gradient of the loss", view="dz"),
        Behaviour("sure", 1, "logits of 800 and more, right and wrong ones", cases=_very_sure),
        Behaviour("between", 1, "targets between 0 and 1; z and y are left alone", cases=_between, untouched=True),
    ),
    mistakes=(clips_the_probability, clips_the_cost, clips_the_cost_late, computes_p_first, overflows,
              swaps_yes_and_no, keeps_the_slope_of_the_sigmoid, rounds_the_targets, adds_up_the_answers,
              forgets_n_in_the_slope, replaces_what_is_not_finite),
    styles=(binary_ce_by_logaddexp, binary_ce_with_a_loop),
    withhold=("gdcourse.losses.binary_cross_entropy", "gdcourse.outputs.bernoulli", "gdcourse.stable.softplus",
              "gdcourse.linear.logistic_regression"),
)  # fmt: skip

# gaussian_nll: an answer, and how sure


def gaussian_nll(mu, log_sigma, y):
    n, sigma = len(y), np.exp(log_sigma)
    u = (y - mu) / sigma
    loss = np.mean(u**2 / 2 + log_sigma + np.log(2 * np.pi) / 2)
    return loss, -u / sigma / n, (1 - u**2) / n


forgets_log_sigma = altered(
    gaussian_nll, "forgets_log_sigma", "u**2 / 2 + log_sigma +", "u**2 / 2 +",
    "log sigma is missing in the loss. Without it nothing speaks against an ever larger sigma.",
    see="eq-unit-gaussian-nll",
)  # fmt: skip


@mistake(
    "the squared miss is divided by sigma and not by its square.",
    see="eq-unit-gaussian-nll",
)
def does_not_square_sigma(mu, log_sigma, y):
    n, sigma, miss = len(y), np.exp(log_sigma), y - mu
    loss = np.mean(miss**2 / (2 * sigma) + log_sigma + np.log(2 * np.pi) / 2)
    return loss, -miss / sigma / n, (1 - miss**2 / (2 * sigma)) / n


slopes_in_sigma = altered(
    gaussian_nll, "slopes_in_sigma", "(1 - u**2) / n", "(1 - u**2) / sigma / n",
    "the last slope is the one in sigma. The unit's output is log sigma, so the chain rule has one more factor sigma.",
    see="eq-unit-gaussian-nll",
)  # fmt: skip

forgets_the_constant = altered(
    gaussian_nll, "forgets_the_constant", " + np.log(2 * np.pi) / 2", "",
    "the constant, half the logarithm of 2 pi, is missing. It changes no gradient, but without it the number is not "
    "the logarithm of a density.",
    see="eq-unit-gaussian-nll",
)  # fmt: skip

@mistake(
    "log_sigma is taken to be the logarithm of the variance. It is that of the standard deviation.",
    see="eq-unit-gaussian-nll",
)
def takes_it_for_the_variance(mu, log_sigma, y):
    n, variance = len(y), np.exp(log_sigma)
    loss = np.mean((y - mu) ** 2 / (2 * variance) + log_sigma / 2 + np.log(2 * np.pi) / 2)
    return loss, (mu - y) / variance / n, (1 - (y - mu) ** 2 / variance) / 2 / n


takes_it_for_sigma = altered(
    gaussian_nll, "takes_it_for_sigma", "np.exp(log_sigma)", "log_sigma",
    "log_sigma is used as if it were sigma itself. Take its exponential first.",
    see="eq-unit-gaussian-nll",
)  # fmt: skip

pulls_mu_away = altered(
    gaussian_nll, "pulls_mu_away", "-u / sigma / n", "u / sigma / n",
    "the slope in mu has the wrong sign. It is prediction minus target.",
    see="eq-unit-prediction-minus-target",
)  # fmt: skip

forgets_one_sigma = altered(
    gaussian_nll, "forgets_one_sigma", "-u / sigma / n", "-u / n",
    "the slope in mu is divided by sigma once. It is the miss divided by sigma squared.",
    see="eq-unit-gaussian-nll",
)  # fmt: skip

adds_up_the_misses = altered(
    gaussian_nll, "adds_up_the_misses", "n, sigma = len(y),", "n, sigma = 1,",
    "the loss is a mean and its gradients are not. Each example has a share of 1 / n in all three.",
    see="eq-cost-nll",
)  # fmt: skip


adds_up_the_examples = altered(
    gaussian_nll, "adds_up_the_examples",
    "n, sigma = len(y), np.exp(log_sigma)\n    u = (y - mu) / sigma\n    loss = np.mean(",
    "n, sigma = 1, np.exp(log_sigma)\n    u = (y - mu) / sigma\n    loss = np.sum(",
    "the examples are added up. The loss is their mean, and so are its gradients: divide all three by n.",
    see="eq-cost-nll",
)  # fmt: skip


def gaussian_nll_by_precision(mu, log_sigma, y):
    precision, miss = np.exp(-2 * log_sigma), mu - y
    costs = 0.5 * (precision * miss**2 - np.log(precision) + np.log(2 * np.pi))
    return costs.mean(), precision * miss / y.size, (1 - precision * miss**2) / y.size


def gaussian_nll_with_a_loop(mu, log_sigma, y):
    import math

    n, cost, dmu, ds = len(y), 0.0, [], []
    for m, s, t in zip(mu, log_sigma, y):
        variance = math.exp(s) ** 2
        density = math.exp(-((t - m) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)
        cost -= math.log(density) / n
        dmu.append((m - t) / variance / n)
        ds.append((1 - (t - m) ** 2 / variance) / n)
    return cost, dmu, ds


def _spread(rng, n):
    """Return logarithms of spreads that are clearly not 1, as many below as above."""
    return rng.uniform(0.3, 1, size=n) * rng.permutation(np.where(np.arange(n) % 2, 1, -1))


def _scattered(rng):
    yield dict(mu=np.array([1.0]), log_sigma=np.array([np.log(2.0)]), y=np.array([5.0]))
    for n in (2, 3, 6):
        mu, s = rng.normal(size=n), _spread(rng, n)
        yield dict(mu=mu, log_sigma=s, y=mu + np.exp(s) * rng.uniform(1.2, 3, size=n) * rng.choice([-1, 1], size=n))


def _unit_spread(rng):
    yield dict(mu=np.array([1.0]), log_sigma=np.array([0.0]), y=np.array([3.0]))
    for n in (2, 5):
        mu = rng.normal(size=n)
        yield dict(mu=mu, log_sigma=np.zeros(n), y=mu + rng.uniform(1.5, 3, size=n))


def _one_for_all(rng):
    """A sample with its own mean and deviation for all its examples, or with others."""
    yield dict(mu=np.full(2, 2.0), log_sigma=np.zeros(2), y=np.array([1.0, 3.0]))
    yield dict(mu=np.full(2, -1.0), log_sigma=np.zeros(2), y=np.array([-1.0, -3.0]))
    for off in (0.0, 0.0, 1.0, -1.0):
        n = int(rng.integers(4, 8))
        y = rng.permutation(np.linspace(-1, 1, n)) * rng.uniform(2.5, 5) + rng.normal()
        mean, deviation = y.mean() + off, np.log(y.std()) + 0.5 * off
        yield dict(mu=np.full(n, mean), log_sigma=np.full(n, deviation), y=y)


def _at_rest(case, run, expected):
    for part, came, wanted in zip(("dmu", "dlog_sigma"), run.output[1:], expected.output[1:]):
        total, right = came.sum(), wanted.sum()
        if abs(right) < 1e-9:
            if not abs(total) <= 1e-9:
                return f"at the sample's mean and standard deviation {part} sums to {total:.3g}, where it should be 0."
        elif not total * right > 0:
            return f"away from the sample's mean and standard deviation {part} sums to {total:.3g}: no way back."
    return None


GAUSSIAN_NLL = Exercise(
    signature="gaussian_nll(mu, log_sigma, y)",
    returns="(loss, dmu, dlog_sigma)",
    reference=gaussian_nll,
    cases=_scattered,
    behaviours=(
        Behaviour("loss", 1, "the mean of minus the logarithm of the density", view="loss"),
        Behaviour("dmu", 1, "the slopes in mu", view="dmu"),
        Behaviour("dlog_sigma", 1, "the slopes in log sigma", view="dlog_sigma"),
        Behaviour("at rest", 1, "no slope at the mean and standard deviation of a sample, and one elsewhere",
                  cases=_one_for_all, holds=_at_rest),
        Behaviour("sigma 1", 1, "with sigma = 1, half the squared error and a constant; the arguments are left alone",
                  cases=_unit_spread, untouched=True),
    ),
    mistakes=(forgets_log_sigma, does_not_square_sigma, slopes_in_sigma, forgets_the_constant,
              takes_it_for_the_variance, takes_it_for_sigma, pulls_mu_away, forgets_one_sigma, adds_up_the_misses,
              adds_up_the_examples),
    styles=(gaussian_nll_by_precision, gaussian_nll_with_a_loop),
    withhold=("gdcourse.losses.gaussian_nll", "gdcourse.outputs.gaussian", "gdcourse.outputs.heteroscedastic"),
)  # fmt: skip

# pinball_loss: a quantile


def pinball_loss(q, y, tau):
    slope = np.where(q < y, -tau, 1 - tau)
    return np.mean(slope * (q - y)), slope / len(y)


swaps_the_sides = altered(
    pinball_loss, "swaps_the_sides", "-tau, 1 - tau", "tau - 1, tau",
    "tau and 1 - tau have changed places. Too low a prediction costs tau for each unit: near tau = 1 that is dear.",
    see="eq-cost-pinball",
)  # fmt: skip

forgets_the_other_side = altered(
    pinball_loss, "forgets_the_other_side", "-tau, 1 - tau", "-tau, 1",
    "only one side is weighted. The other has the weight 1 - tau.",
    see="eq-cost-pinball",
)  # fmt: skip

doubles_it = altered(
    pinball_loss, "doubles_it", "-tau, 1 - tau", "-2 * tau, 2 - 2 * tau",
    "both sides count twice, which makes it the absolute error at tau = 0.5. The pinball loss there is half of that.",
    see="eq-cost-pinball",
)  # fmt: skip

ignores_tau = altered(
    pinball_loss, "ignores_tau", "-tau, 1 - tau", "-1, 1",
    "both sides cost the same. That is the absolute error, and asks for the median whatever tau is.",
    see="eq-cost-pinball",
)  # fmt: skip

climbs_to_the_quantile = altered(
    pinball_loss, "climbs_to_the_quantile", "slope / len(y)", "-slope / len(y)",
    "the slope has the wrong sign: it is taken in y, and not in q. Where q is too low, raising it lowers the loss.",
    see="eq-cost-pinball",
)  # fmt: skip

forgets_n = altered(
    pinball_loss, "forgets_n", "slope / len(y)", "slope",
    "the loss is a mean and its slope is not. Each example has a share of 1 / n in both.",
    see="eq-cost-nll",
)  # fmt: skip

adds_up_the_costs = altered(
    pinball_loss, "adds_up_the_costs", "np.mean(slope * (q - y)), slope / len(y)", "np.sum(slope * (q - y)), slope",
    "the examples are added up. The cost is their mean, and so is its slope: divide both by n.",
    see="eq-cost-nll",
)  # fmt: skip


keeps_the_sign_beyond = altered(
    pinball_loss, "keeps_the_sign_beyond", "np.mean(slope * (q - y))",
    "np.mean(np.where(q < y, tau, 1 - tau) * (y - q))",
    "y - q keeps its sign where q is too high, and the cost is negative there. No answer costs less than nothing: it "
    "is (1 - tau)(q - y) on that side.",
    see="eq-cost-pinball",
)  # fmt: skip


def pinball_by_maximum(q, y, tau):
    r = y - q
    return np.maximum(tau * r, (tau - 1) * r).mean(), ((r < 0) - tau) / r.size


def pinball_with_a_loop(q, y, tau):
    total, slopes = 0.0, []
    for prediction, target in zip(q, y):
        miss = prediction - target
        total += abs(miss) * (tau if miss < 0 else 1 - tau)
        slopes.append((-tau if miss < 0 else 1 - tau) / len(q))
    return total / len(q), slopes


def _missed(rng, n):
    """Return predictions and targets with misses on both sides, none of them zero."""
    y = rng.normal(size=n)
    return y + rng.uniform(0.3, 2, size=n) * rng.permutation(np.where(np.arange(n) % 2, 1, -1)), y


def _predictions(rng):
    yield dict(q=np.array([1.0, 5.0]), y=np.array([3.0, 3.0]), tau=0.75)
    for n, low, high in ((2, 0.1, 0.4), (4, 0.6, 0.9), (7, 0.6, 0.9)):
        q, y = _missed(rng, n)
        yield dict(q=q, y=y, tau=float(rng.uniform(low, high)))
    q, y = _missed(rng, 3)
    yield dict(q=q, y=y, tau=0.5)


def _constants(pinball_loss, y, tau):
    return [pinball_loss(np.full(len(y), c), y, tau)[0] for c in np.sort(y)]


@again(10)
def _samples(rng):
    """Nine targets, and a tau whose quantile is one of them and no other."""
    for low, high in ((0.68, 0.75), (0.8, 0.86), (0.14, 0.2)):
        y = np.round(rng.permutation(np.arange(9) + rng.uniform(-0.3, 0.3, size=9)), 2)
        yield dict(y=y, tau=float(np.round(rng.uniform(low, high), 3)))


def _lowest_at_the_quantile(case, run, expected):
    y, best, right = np.sort(case["y"]), int(np.argmin(run.output)), int(np.argmin(expected.output))
    if best == right:
        return None
    return f"of all constant answers {y[best]:g} comes out cheapest, where the quantile is {y[right]:g}."


PINBALL_LOSS = Exercise(
    signature="pinball_loss(q, y, tau)",
    returns="(loss, dq)",
    reference=pinball_loss,
    cases=_predictions,
    behaviours=(
        Behaviour("loss", 1, "the mean cost", view="loss"),
        Behaviour("slope", 1, "dq, its slopes in q; q and y are left alone", view="dq", untouched=True),
        Behaviour("quantile", 1, "the cheapest constant answer is the tau quantile", cases=_samples, drive=_constants,
                  holds=_lowest_at_the_quantile, view=lambda run: run.output),
    ),
    mistakes=(swaps_the_sides, forgets_the_other_side, doubles_it, ignores_tau, climbs_to_the_quantile, forgets_n,
              adds_up_the_costs, keeps_the_sign_beyond),
    styles=(pinball_by_maximum, pinball_with_a_loop),
    withhold=("gdcourse.losses.pinball",),
)  # fmt: skip

ASSIGNMENT = Assignment(
    "ps02",
    "Cost functions and output units",
    ("cost-functions", "output-units"),
    (LOG_SOFTMAX, SOFTMAX_CROSS_ENTROPY, BINARY_CE_FROM_LOGITS, GAUSSIAN_NLL, PINBALL_LOSS),
)
