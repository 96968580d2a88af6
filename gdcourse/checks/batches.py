"""Assignment 4: batches and schedules."""

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, Oracle, altered, mistake
from gdcourse.checks.shared import (
    again,
    alike,
    drawn,
    drawn_seeds,
    listed,
    new_rng,
    of_one_example,
    order_from_rng,
    turned,
)
from gdcourse.checks.values import show

# iterate_minibatches: one epoch, cut into batches


def iterate_minibatches(n, batch_size, rng):
    order = rng.permutation(n)
    for first in range(0, n, batch_size):
        yield order[first : first + batch_size]


drops_the_last = altered(
    iterate_minibatches, "drops_the_last", "range(0, n, batch_size)", "range(0, n - batch_size + 1, batch_size)",
    "the last batch is left out when it is smaller. Its examples would be missing in every epoch: yield what is left.",
    see="eq-batch-estimate",
)  # fmt: skip


@mistake(
    "every batch is drawn from all rows anew. That is drawing with replacement: in one epoch some rows come twice and "
    "others never.",
    see="eq-batch-estimate",
)
def draws_anew(n, batch_size, rng):
    for first in range(0, n, batch_size):
        yield rng.integers(n, size=min(batch_size, n - first))


@mistake(
    "the order does not come from rng. Nobody can repeat the run then: use rng.permutation and nothing that draws its "
    "own numbers.",
    see="eq-batch-estimate",
)
def ignores_rng(n, batch_size, rng):
    order = np.random.default_rng().permutation(n)
    for first in range(0, n, batch_size):
        yield order[first : first + batch_size]


@mistake(
    "a generator with a seed of its own is made, and that gives the same order in every epoch and for every rng.",
    see="eq-batch-estimate",
)
def seeds_its_own(n, batch_size, rng):
    order = np.random.default_rng(0).permutation(n)
    for first in range(0, n, batch_size):
        yield order[first : first + batch_size]


never_shuffles = altered(
    iterate_minibatches, "never_shuffles", "rng.permutation(n)", "np.arange(n)",
    "the rows come in the order of the data. If they are sorted by their label, each batch sees one label only.",
    see="eq-batch-estimate",
)  # fmt: skip


@mistake(
    "the batches are put in a random order and the rows are not. The same rows then come together in every epoch.",
    see="eq-batch-estimate",
)
def shuffles_the_batches_only(n, batch_size, rng):
    batches = [np.arange(first, min(first + batch_size, n)) for first in range(0, n, batch_size)]
    for k in rng.permutation(len(batches)):
        yield batches[k]


counts_rows_from_one = altered(
    iterate_minibatches, "counts_rows_from_one", "rng.permutation(n)", "rng.permutation(n) + 1",
    "the rows are counted from 1. They go from 0 to n - 1.",
    see="eq-batch-estimate",
)  # fmt: skip


@mistake(
    "an empty batch comes last when batch_size divides n. Its mean is NaN: count n / batch_size batches, rounded up.",
    see="eq-batch-estimate",
)
def ends_with_an_empty_batch(n, batch_size, rng):
    order = rng.permutation(n)
    for k in range(n // batch_size + 1):
        yield order[k * batch_size : (k + 1) * batch_size]


@mistake(
    "the rows are split into batches of nearly equal size, as np.array_split does. All but the last should be full.",
    see="eq-batch-estimate",
)
def splits_evenly(n, batch_size, rng):
    yield from np.array_split(rng.permutation(n), -(-n // batch_size))


def minibatches_as_a_list(n, batch_size, rng):
    rows = np.arange(n)
    rng.shuffle(rows)
    return [rows[k * batch_size : (k + 1) * batch_size].tolist() for k in range(int(np.ceil(n / batch_size)))]


def minibatches_by_sorting(n, batch_size, rng):
    left = np.argsort(rng.random(n))
    while len(left):
        yield left[:batch_size]
        left = left[batch_size:]


def _decks(rng):
    yield dict(n=6, batch_size=4, rng=new_rng(rng, 1000))
    yield dict(n=6, batch_size=2, rng=new_rng(rng, 1000))
    yield dict(n=7, batch_size=7, rng=new_rng(rng, 1000))
    yield dict(n=14, batch_size=4, rng=new_rng(rng, 1000))
    for _ in range(3):
        size = int(rng.integers(2, 5))
        yield dict(n=size * int(rng.integers(4, 8)) + 1, batch_size=size, rng=new_rng(rng, 1000))


@again(8)
def _large_decks(rng):
    yield dict(n=int(rng.integers(20, 30)), batch_size=4, rng=new_rng(rng, 1000))
    yield dict(n=int(rng.integers(30, 60)), batch_size=5, rng=new_rng(rng, 1000))
    yield dict(n=int(rng.integers(30, 60)), batch_size=1, rng=new_rng(rng, 1000))


def _decks_and_seeds(rng):
    for n, size in ((20, 4), (int(rng.integers(30, 60)), 5), (int(rng.integers(30, 60)), 7)):
        yield dict(n=n, batch_size=size, seeds=drawn_seeds(rng))


def _three_epochs(iterate_minibatches, n, batch_size, rng):
    from itertools import islice

    return [[np.asarray(rows).tolist() for rows in islice(iterate_minibatches(n, batch_size, rng), n + 2)]
            for _ in range(3)]  # fmt: skip


def _from_seeds(iterate_minibatches, n, batch_size, seeds):
    from itertools import islice

    return [[np.asarray(rows).tolist() for rows in islice(iterate_minibatches(n, batch_size, rng), n + 2)]
            for rng in map(np.random.default_rng, seeds)]  # fmt: skip


def _misshapen(run):
    """Return the first batch that is not a list of whole numbers, or None. No batches at all count as well."""
    if not isinstance(run.output, list) or not run.output:  # as a drive returns them, unless it was tampered with
        return "there are no batches."
    for epoch in run.output:
        for batch in epoch:
            if not isinstance(batch, list) or any(type(row) is not int for row in batch):
                return f"a batch is {show(batch)}, where an array of row numbers is expected."
    return None if all(run.output) else "there are no batches."


def _if_well_made(view):
    """Return a view that leaves batches alone which are none, so that nothing wrong inside them is passed over."""
    return lambda run: run.output if _misshapen(run) else view(run)


def _rows(run):
    return [[row for batch in epoch for row in batch] for epoch in run.output]


def _each_row_once(case, run, expected):
    if fault := _misshapen(run):
        return fault
    for rows in _rows(run):
        for row in range(case["n"]):
            if rows.count(row) != 1:
                return f"in one epoch row {row} {('never comes', '', 'comes twice')[min(rows.count(row), 2)]}."
        if len(rows) != case["n"]:
            return f"there is a row {max(rows, key=abs)}, where they go from 0 to {case['n'] - 1}."
    return None


def _sizes(run):
    return [[len(batch) for batch in epoch] for epoch in run.output]


def _full_but_the_last(case, run, expected):
    if fault := _misshapen(run):
        return fault
    wanted = _sizes(expected)[0]
    came = next((sizes for sizes in _sizes(run) if sizes != wanted), None)
    return came and f"the sizes are {listed(came)}, where {listed(wanted)} are expected."


def _shuffled(run):
    """Say whether three epochs are out of order, in different orders, and whether different rows come together."""
    orders, together = _rows(run), [{frozenset(batch) for batch in epoch} for epoch in run.output]
    return [orders[0] != sorted(orders[0]), orders[0] != orders[1] != orders[2],
            together[0] != together[1] or max(map(len, run.output[0])) == 1]  # fmt: skip


def _new_order(case, run, expected):
    if fault := _misshapen(run):
        return fault
    shuffled, new, mixed = _shuffled(run)
    count = len(_rows(run)[0])
    if abs(count - case["n"]) > case["batch_size"]:
        return f"an epoch has {count} rows, where there are {case['n']}."
    if not shuffled:
        return "the rows come in the order of the data."
    if not new:
        return "the next epoch has the same order again."
    return None if mixed else "the same rows come together in the next epoch."


def _repeatable(run):
    return alike(run.output)


def _order_from_rng(case, run, expected):
    if fault := _misshapen(run):
        return fault
    return order_from_rng(case["seeds"], run.output) if len(run.output) == len(case["seeds"]) else "epochs are missing."


def _extent(run):
    return [[len(rows), len(set(rows)) == len(rows), max(rows, default=0) == len(rows)] for rows in _rows(run)]


ITERATE_MINIBATCHES = Exercise(
    signature="iterate_minibatches(n, batch_size, rng)",
    returns="batches",
    reference=iterate_minibatches,
    cases=_decks,
    behaviours=(
        Behaviour("every row", 1, "each row from 0 to n - 1 comes once in an epoch", drive=_three_epochs,
                  structure=False, view=_if_well_made(_extent), holds=_each_row_once),
        Behaviour("sizes", 1, "full batches, and the rest in a smaller last one", drive=_three_epochs, structure=False,
                  view=_if_well_made(_sizes), holds=_full_but_the_last),
        Behaviour("new order", 1, "a new order of the rows in each epoch", cases=_large_decks, drive=_three_epochs,
                  structure=False, view=_if_well_made(_shuffled), holds=_new_order),
        Behaviour("rng", 1, "the order comes from rng, and from nothing else", cases=_decks_and_seeds,
                  drive=_from_seeds, structure=False, view=_if_well_made(_repeatable), holds=_order_from_rng),
    ),
    mistakes=(drops_the_last, draws_anew, ignores_rng, seeds_its_own, never_shuffles, shuffles_the_batches_only,
              counts_rows_from_one, ends_with_an_empty_batch, splits_evenly),
    styles=(minibatches_as_a_list, minibatches_by_sorting),
    withhold=("gdcourse.batches.minibatches", "gdcourse.batches.with_replacement"),
)  # fmt: skip

# minibatch_gradient: a mean over a few


def minibatch_gradient(grad_i, idx):
    return np.mean([grad_i(i) for i in idx], axis=0)


sums_the_gradients = altered(
    minibatch_gradient, "sums_the_gradients", "np.mean(", "np.sum(",
    "the gradients are added up and not averaged. Then a batch twice as large makes a step twice as long.",
    see="eq-batch-estimate",
)  # fmt: skip

averages_the_components = altered(
    minibatch_gradient, "averages_the_components", ", axis=0", "",
    "the mean is taken over the components as well, and one number is left. Say axis=0: over the examples alone.",
    see="eq-batch-estimate",
)  # fmt: skip

takes_the_places = altered(
    minibatch_gradient, "takes_the_places", "for i in idx", "for i in range(len(idx))",
    "the examples 0, 1, 2, ... are taken, as many as the batch has. Its members are the numbers in idx.",
    see="eq-batch-estimate",
)  # fmt: skip

counts_repeats_once = altered(
    minibatch_gradient, "counts_repeats_once", "for i in idx", "for i in np.unique(idx)",
    "an example that was drawn twice is counted once. Then the draws are not equally likely any more: count it twice.",
    see="eq-batch-estimate",
)  # fmt: skip


@mistake(
    "the sum is begun anew with each example, so that only the last one is left, divided by the size of the batch.",
    see="eq-batch-estimate",
)
def keeps_the_last(grad_i, idx):
    for i in idx:
        total = 0.0
        total = total + grad_i(i)
    return total / len(idx)


divides_by_one_less = altered(
    minibatch_gradient, "divides_by_one_less", "np.mean([grad_i(i) for i in idx], axis=0)",
    "np.sum([grad_i(i) for i in idx], axis=0) / max(len(idx) - 1, 1)",
    "the sum is divided by one less than the size of the batch. That belongs to a variance; for a mean divide by the "
    "size.",
    see="eq-batch-estimate",
)  # fmt: skip


@mistake(
    "the sum is divided by the number of parameters, the length of a gradient. Divide by the number of examples in the "
    "batch.",
    see="eq-batch-estimate",
)
def divides_by_the_parameters(grad_i, idx):
    total = sum(grad_i(i) for i in idx)
    return total / len(total)


def minibatch_with_a_loop(grad_i, idx):
    total = 0.0
    for i in idx:
        total = total + grad_i(int(i)) / len(idx)
    return total


def minibatch_as_a_running_mean(grad_i, idx):
    mean = np.array(grad_i(idx[0]), dtype=float)
    for k, i in enumerate(idx[1:], 2):
        mean += (grad_i(i) - mean) / k
    return mean


def _one_by_one(gradients):
    """Return grad_i as an oracle that takes one example at a time."""
    text = f"grad_i(i) = {show(gradients)}[i]" if gradients.size < 9 else f"grad_i of {len(gradients)} examples"
    return of_one_example(len(gradients), lambda i: gradients[i], text)


def _single_draws(rng):
    yield dict(grad_i=_one_by_one(np.array([[1.0, 2.0], [4.0, 5.0]])), idx=np.array([1]))
    for n, d in ((4, 2), (6, 3), (9, 4)):
        yield dict(grad_i=_one_by_one(rng.normal(size=(n, d)) + 1), idx=rng.integers(1, n, size=1))


def _draws(rng):
    yield dict(grad_i=_one_by_one(np.array([[1.0, 2.0], [4.0, 5.0], [7.0, 9.0]])), idx=np.array([2, 0]))
    yield dict(grad_i=_one_by_one(np.array([[1.0, 2.0], [4.0, 5.0], [7.0, 9.0]])), idx=np.array([1, 2, 2]))
    for n, d, size in ((6, 3, 4), (9, 2, 5)):
        yield dict(grad_i=_one_by_one(rng.normal(size=(n, d)) + 1), idx=rng.permutation(n)[:size])
        some = rng.permutation(n)[: size - 1]
        yield dict(grad_i=_one_by_one(rng.normal(size=(n, d)) + 1), idx=np.append(some, some[0]))


def _all_draws(minibatch_gradient, gradients, size):
    from itertools import combinations

    subsets = combinations(range(len(gradients)), size)
    estimates = [minibatch_gradient(lambda i: gradients[i], np.array(rows)) for rows in subsets]
    full = np.mean(gradients, axis=0)
    off = np.array(estimates) - full
    return [np.mean(estimates, axis=0), float(np.mean(np.sum(off**2, axis=-1)))]


def _six(rng):
    for size in (2, 3, 4):
        yield dict(gradients=np.round(rng.normal(size=(6, 2)) + 1, 2), size=size)


def _honest(case, run, expected):
    (mean, variance), (full, formula) = run.output, expected.output
    if not np.allclose(mean, full, rtol=1e-9):
        draws = f"over all draws of {case['size']} from 6"
        return f"{draws} it is {show(mean)} on average, and the gradient is {show(full)}."
    if not np.isclose(variance, formula, rtol=1e-9):
        return f"its mean squared distance from the gradient is {variance:.4g}, where {formula:.4g} is expected."
    return None


MINIBATCH_GRADIENT = Exercise(
    signature="minibatch_gradient(grad_i, idx)",
    returns="g",
    reference=minibatch_gradient,
    cases=_draws,
    behaviours=(
        Behaviour("one", 1, "a batch of one example; idx is left alone", cases=_single_draws, untouched=True),
        Behaviour("mean", 1, "the mean over the batch, in which an example that was drawn twice counts twice"),
        Behaviour("unbiased", 1, "over all batches that can be drawn, the gradient of the whole on average", cases=_six,
                  drive=_all_draws, holds=_honest, view=lambda run: run.output),
    ),
    mistakes=(sums_the_gradients, averages_the_components, takes_the_places, counts_repeats_once, keeps_the_last,
              divides_by_one_less, divides_by_the_parameters),
    styles=(minibatch_with_a_loop, minibatch_as_a_running_mean),
)  # fmt: skip

# sgd: epochs, batches and a schedule


def sgd(grad_i, n, x0, schedule, epochs, batch_size, rng):
    x, t = np.array(x0, dtype=float), 0
    for _ in range(epochs):
        order = rng.permutation(n)
        for first in range(0, n, batch_size):
            batch = order[first : first + batch_size]
            x = x - schedule(t) * np.mean([grad_i(x, i) for i in batch], axis=0)
            t += 1
    return x


restarts_the_schedule = altered(
    sgd, "restarts_the_schedule", "order = rng.permutation(n)", "order, t = rng.permutation(n), 0",
    "t begins at 0 again in every epoch, so that the rate jumps back up. Count the updates of the whole run.",
    see="eq-sched-decays",
)  # fmt: skip

counts_epochs = altered(
    sgd, "counts_epochs", "            t += 1", "        t += 1",
    "t counts the epochs. A schedule is a function of the number of updates.",
    see="eq-sched-decays",
)  # fmt: skip

counts_from_one = altered(
    sgd, "counts_from_one", "dtype=float), 0", "dtype=float), 1",
    "t begins at 1. The first update has the number 0.",
    see="eq-sched-decays",
)  # fmt: skip

shuffles_once = altered(
    sgd, "shuffles_once", "    for _ in range(epochs):\n        order = rng.permutation(n)",
    "    order = rng.permutation(n)\n    for _ in range(epochs):",
    "the order is drawn once, before the first epoch. Draw a new one in each.",
    see="eq-batch-estimate",
)  # fmt: skip

takes_them_as_they_come = altered(
    sgd, "takes_them_as_they_come", "rng.permutation(n)", "np.arange(n)",
    "the examples come in the order of the data. Shuffle them in each epoch.",
    see="eq-batch-estimate",
)  # fmt: skip

makes_its_own_rng = altered(
    sgd, "makes_its_own_rng", "rng.permutation(n)", "np.random.default_rng().permutation(n)",
    "the order does not come from rng. Nobody can repeat the run then.",
    see="eq-batch-estimate",
)  # fmt: skip

@mistake(
    "every gradient of an epoch is computed where the epoch began. The point moves with each update, and the next "
    "gradient belongs to where it is then.",
    see="eq-batch-step",
)
def looks_from_where_the_epoch_began(grad_i, n, x0, schedule, epochs, batch_size, rng):
    x, t = np.array(x0, dtype=float), 0
    for _ in range(epochs):
        order, start = rng.permutation(n), x
        for first in range(0, n, batch_size):
            batch = order[first : first + batch_size]
            x = x - schedule(t) * np.mean([grad_i(start, i) for i in batch], axis=0)
            t += 1
    return x


adds_up_the_batch = altered(
    sgd, "adds_up_the_batch", "np.mean([", "np.sum([",
    "the gradients of a batch are added up. The step is along their mean, whatever the size of the batch.",
    see="eq-batch-step",
)  # fmt: skip

divides_by_the_full_size = altered(
    sgd, "divides_by_the_full_size", "np.mean([grad_i(x, i) for i in batch], axis=0)",
    "np.sum([grad_i(x, i) for i in batch], axis=0) / batch_size",
    "the last batch of an epoch is divided by batch_size although it is smaller. Divide by the number of "
    "examples in it.",
    see="eq-batch-step",
)  # fmt: skip

skips_the_rest = altered(
    sgd, "skips_the_rest", "range(0, n, batch_size)", "range(0, n - batch_size + 1, batch_size)",
    "the last batch of an epoch is left out when it is smaller. Use what is left.",
    see="eq-batch-estimate",
)  # fmt: skip

draws_with_replacement = altered(
    sgd, "draws_with_replacement", "rng.permutation(n)", "rng.integers(n, size=n)",
    "the examples are drawn with replacement, so that in one epoch some come twice and others never. Shuffle them.",
    see="eq-batch-estimate",
)  # fmt: skip


@mistake(
    "x0 itself is moved (x -= ... works on the array it was given). Copy it first, or write x = x - lr * g.",
    see="eq-loop-step",
)
def moves_the_start(grad_i, n, x0, schedule, epochs, batch_size, rng):
    x, t = x0, 0
    for _ in range(epochs):
        order = rng.permutation(n)
        for first in range(0, n, batch_size):
            batch = order[first : first + batch_size]
            x -= schedule(t) * np.mean([grad_i(x, i) for i in batch], axis=0)
            t += 1
    return x


updates_after_every_example = altered(
    sgd, "updates_after_every_example",
    "            x = x - schedule(t) * np.mean([grad_i(x, i) for i in batch], axis=0)\n",
    "            for i in batch:\n                x = x - schedule(t) * grad_i(x, i) / len(batch)\n",
    "every example of a batch moves x at once, so that the next one's gradient is asked for elsewhere. All gradients "
    "of a batch are taken at the same point, and their mean makes one step.",
    see="eq-batch-step",
)  # fmt: skip

divides_by_all_examples = altered(
    sgd, "divides_by_all_examples", "np.mean([grad_i(x, i) for i in batch], axis=0)",
    "sum(grad_i(x, i) for i in batch) / n",
    "the sum over the batch is divided by n, the number of all examples. The mean of a batch is its sum divided by its "
    "own size: with n the steps are shorter, the smaller the batch.",
    see="eq-batch-estimate",
)  # fmt: skip


def sgd_with_a_flat_loop(grad_i, n, x0, schedule, epochs, batch_size, rng):
    per_epoch = -(-n // batch_size)
    rows, x = np.arange(n), np.asarray(x0)
    for t in range(epochs * per_epoch):
        k = t % per_epoch
        if k == 0:
            rng.shuffle(rows)
        g, members = 0.0, rows[k * batch_size : (k + 1) * batch_size].tolist()
        for i in members:
            g = g + grad_i(x, i)
        x = x - schedule(t) / len(members) * g
    return x


def sgd_with_rates_beforehand(grad_i, n, x0, schedule, epochs, batch_size, rng):
    cuts = range(batch_size, n, batch_size)
    batches = [rows for _ in range(epochs) for rows in np.split(np.argsort(rng.random(n)), cuts)]
    rates = [schedule(t) for t in range(len(batches))]
    x = [float(c) for c in x0]
    for rate, rows in zip(rates, batches):
        slopes = np.array([grad_i(np.array(x), i) for i in rows])
        x = [c - rate * s for c, s in zip(x, slopes.mean(axis=0))]
    return np.array(x)


def _examples(rng, n, d):
    """Return grad_i of n misses squared, each of which pulls along a direction of its own."""
    A, b = rng.normal(size=(n, d)), rng.normal(size=n) + 3
    return of_one_example(n, lambda x, i: (np.asarray(x) @ A[i] - b[i]) * A[i], f"grad_i of {n} examples in {d}-d", 2)


def _falling(rng):
    first, half = np.round(rng.uniform(0.1, 0.3), 2), int(rng.integers(2, 6))
    return Oracle("schedule", lambda t: float(first / (1 + t / half)), f"schedule(t) = {first:g} / (1 + t / {half})")


def _run(rng, n, d, epochs, batch_size):
    return dict(grad_i=_examples(rng, n, d), n=n, x0=rng.normal(size=d), schedule=_falling(rng), epochs=epochs,
                batch_size=batch_size, rng=new_rng(rng, 1000))  # fmt: skip


def _whole(rng):
    pull = Oracle("grad_i", lambda x, i: x - np.array([1.0, 3.0])[i], "grad_i(x, i) = x - [1, 3][i]", takes=2)
    yield dict(grad_i=pull, n=2, x0=np.array([6.0]), schedule=Oracle("schedule", lambda t: 0.5 / (t + 1),
               "schedule(t) = 0.5 / (t + 1)"), epochs=3, batch_size=2, rng=new_rng(rng, 1000))  # fmt: skip
    for n, d in ((6, 2), (9, 3)):
        yield _run(rng, n, d, int(rng.integers(3, 6)), n)


@again(9)
def _in_batches(rng):
    yield _run(rng, 6, 1, 2, 4)
    for n, d, epochs, batch_size in ((7, 2, 2, 3), (6, 3, 3, 4)):
        yield _run(rng, n, d, epochs, batch_size)


def _many(rng):
    for n, batch_size in ((12, 1), (14, 4), (15, 5)):
        case = _run(rng, n, 2, 3, batch_size)
        del case["rng"]
        yield {**case, "seeds": drawn_seeds(rng)}


def _orders(sgd, grad_i, n, x0, schedule, epochs, batch_size, seeds):
    def order(seed):
        asked = []

        def ask(x, i):
            asked.append(int(i))
            return grad_i(x, i)

        sgd(ask, n, x0.copy(), schedule, epochs, batch_size, np.random.default_rng(seed))
        return [asked[k : k + n] for k in range(0, len(asked), n)]

    return [order(seed) for seed in seeds]


def _order(run):
    first = run.output[0]
    return [alike(run.output), bool(first) and first[0] != sorted(first[0]), len(first) > 1 and first[0] != first[1]]


def _new_order_from_rng(case, run, expected):
    _, shuffled, new = _order(run)
    if not shuffled:
        return "the examples come in the order of the data." if run.output[0] else "grad_i is never called."
    if not new:
        return "the second epoch has the order of the first."
    return order_from_rng(case["seeds"], run.output)


def _updates(run):
    """Return one entry for each point at which gradients were asked: whose, and how the next step was made of them.

    The step from there is minus a rate times the mean gradient; off is how far it is from being along it.
    """
    points, members, gradients = [], [], []
    for call in run.calls:
        if call.name == "grad_i":
            x, i = call.args
            if not points or not np.array_equal(points[-1], x):
                points.append(np.asarray(x, dtype=float))
                members.append([])
                gradients.append([])
            members[-1].append(int(i))
            gradients[-1].append(np.asarray(call.result))
    updates = []
    for x, after, rows, slopes in zip(points, [*points[1:], np.asarray(run.output)], members, gradients):
        step, g = after - x, np.mean(slopes, axis=0)
        rate = -float(step @ g / (g @ g))
        off = float(np.linalg.norm(step + rate * g) / max(np.linalg.norm(step), 1e-300))
        updates.append((rows, rate, round(off, 6)))
    return updates


def _members_once(case, run, expected):
    updates, n = _updates(run), case["n"]
    sizes, wanted = ([len(rows) for rows, *_ in u] for u in (updates, _updates(expected)))
    if sizes != wanted:
        return f"gradients are asked for in batches of {listed(sizes)}, where {listed(wanted)} are expected."
    rows = [row for rows, *_ in updates for row in rows]
    for epoch in range(case["epochs"]):
        missing = set(range(n)) - set(rows[epoch * n : epoch * n + n])
        if missing:
            return f"epoch {epoch + 1} leaves out example {min(missing)}."
    return None


def _along_the_mean(case, run, expected):
    updates = _updates(run)
    if not updates:
        return "grad_i is never called."
    for number, (rows, rate, off) in enumerate(updates):
        if len(rows) > case["batch_size"]:
            return (f"{len(rows)} gradients are asked for at one and the same point, where a batch has "
                    f"{case['batch_size']}: the point does not move between updates.")  # fmt: skip
        if off > 1e-5:
            return f"update {number} does not go along the mean gradient of its batch, computed where it starts."
        if rate <= 0:
            return f"update {number} goes up, not down."
    return None


def _rates(run):
    return [rate for _, rate, _ in _updates(run)]


def _rates_from_the_schedule(case, run, expected):
    rates, schedule = _rates(run), case["schedule"].function
    if not rates:
        return "grad_i is never called."
    for t, rate in enumerate(rates):
        if not np.isclose(rate, schedule(t), rtol=1e-6):
            return f"update {t} is {rate:.4g} times the mean gradient, where schedule({t}) = {schedule(t):.4g}."
    return None


SGD = Exercise(
    signature="sgd(grad_i, n, x0, schedule, epochs, batch_size, rng)",
    returns="x",
    reference=sgd,
    cases=_in_batches,
    behaviours=(
        Behaviour("whole", 1, "gradient descent, when the batch is everything; x0 is left alone", cases=_whole,
                  untouched=True),
        Behaviour("epochs", 1, "every example once in an epoch, in batches of batch_size and a smaller last one",
                  holds=_members_once, view=lambda run: [len(rows) for rows, *_ in _updates(run)]),
        Behaviour("steps", 1, "each update starts where the last one ended and goes along the mean of its batch",
                  holds=_along_the_mean, view=lambda run: [[len(rows), off] for rows, _, off in _updates(run)]),
        Behaviour("schedule", 2, "and goes by schedule(0), schedule(1), schedule(2), ... through the whole run",
                  holds=_rates_from_the_schedule, view=_rates, rtol=1e-6),
        Behaviour("order", 1, "a new order in each epoch, drawn from rng", cases=_many, drive=_orders, structure=False,
                  holds=_new_order_from_rng, view=_order),
    ),
    mistakes=(restarts_the_schedule, counts_epochs, counts_from_one, shuffles_once, takes_them_as_they_come,
              makes_its_own_rng, looks_from_where_the_epoch_began, adds_up_the_batch, divides_by_the_full_size,
              skips_the_rest, draws_with_replacement, moves_the_start, updates_after_every_example,
              divides_by_all_examples),
    styles=(sgd_with_a_flat_loop, sgd_with_rates_beforehand),
    withhold=("gdcourse.descent.descend", "gdcourse.batches.minibatches"),
)  # fmt: skip

# cosine_schedule: up a little, and down


def cosine_schedule(t, T, lr_max, lr_min=0, warmup=0):
    if t < warmup:
        return lr_max * (t + 1) / (warmup + 1)
    share = min((t - warmup) / (T - warmup), 1)
    return lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * share)) / 2


thinks_in_degrees = altered(
    cosine_schedule, "thinks_in_degrees", "np.pi * share", "180 * share",
    "half a turn is taken to be 180. np.cos wants radians, in which it is pi.",
    see="eq-sched-cosine",
)  # fmt: skip

arrives_early = altered(
    cosine_schedule, "arrives_early", "(T - warmup)", "(T - 1 - warmup)",
    "the wave is one update too short: it arrives at T - 1, and should at T.",
    see="eq-sched-cosine",
)  # fmt: skip

rises_again = altered(
    cosine_schedule, "rises_again", "min((t - warmup) / (T - warmup), 1)", "(t - warmup) / (T - warmup)",
    "the wave goes on after T, and the rate rises again. It stays at lr_min from there on.",
    see="eq-sched-cosine",
)  # fmt: skip

forgets_the_floor = altered(
    cosine_schedule, "forgets_the_floor", "lr_min + (lr_max - lr_min)", "lr_max",
    "the wave goes down to 0. It should end at lr_min.",
    see="eq-sched-cosine",
)  # fmt: skip

adds_the_floor_on_top = altered(
    cosine_schedule, "adds_the_floor_on_top", "(lr_max - lr_min) *", "lr_max *",
    "lr_min is added to a wave that is lr_max high. The wave is only lr_max - lr_min high, or it begins above lr_max.",
    see="eq-sched-cosine",
)  # fmt: skip

goes_all_the_way_round = altered(
    cosine_schedule, "goes_all_the_way_round", "np.pi * share", "2 * np.pi * share",
    "the wave makes a whole turn and comes back up to lr_max. Half a turn leads from top to bottom.",
    see="eq-sched-cosine",
)  # fmt: skip

starts_at_the_top = altered(
    cosine_schedule, "starts_at_the_top", "lr_max * (t + 1) / (warmup + 1)", "lr_max",
    "the warm-up starts at the top. It should rise to lr_max in equal steps from lr_max / (warmup + 1).",
    see="sec-sched-gallery",
)  # fmt: skip

wastes_the_first_update = altered(
    cosine_schedule, "wastes_the_first_update", "(t + 1) / (warmup + 1)", "t / warmup",
    "the warm-up starts at 0, which wastes the first update. Start at lr_max / (warmup + 1).",
    see="sec-sched-gallery",
)  # fmt: skip

jumps_after_the_warmup = altered(
    cosine_schedule, "jumps_after_the_warmup", "(t - warmup) / (T - warmup)", "t / T",
    "the wave has begun at t = 0, under the warm-up, so that the rate jumps down where the warm-up ends. Begin it "
    "there.",
    see="sec-sched-gallery",
)  # fmt: skip

ends_too_late = altered(
    cosine_schedule, "ends_too_late", "/ (T - warmup)", "/ T",
    "the wave takes T updates after the warm-up. All of it together takes T, so T - warmup are left for the wave.",
    see="sec-sched-gallery",
)  # fmt: skip


reaches_the_top_one_early = altered(
    cosine_schedule, "reaches_the_top_one_early", "(t + 1) / (warmup + 1)", "(t + 1) / warmup",
    "the warm-up is (t + 1) / warmup and reaches lr_max one update early, so that lr_max comes twice. The steps are "
    "equal if the rise is divided by warmup + 1.",
    see="eq-sched-cosine",
)  # fmt: skip


def cosine_by_half_the_angle(t, T, lr_max, lr_min=0, warmup=0):
    import math

    if t >= T:
        return lr_min
    if t < warmup:
        return lr_max - lr_max * (warmup - t) / (warmup + 1)
    return lr_min + (lr_max - lr_min) * math.cos(math.pi / 2 * (t - warmup) / (T - warmup)) ** 2


def cosine_by_interpolation(t, T, lr_max, lr_min=0, warmup=0):
    angle = np.interp(t, [warmup, T], [0, np.pi])
    wave = (lr_max + lr_min) / 2 + (lr_max - lr_min) / 2 * np.cos(angle)
    return np.where(t < warmup, np.interp(t, [-1, warmup], [0, lr_max]), wave)


def _moments(rng):
    yield dict(t=5, T=10, lr_max=1.0)
    for share in (0.15, 0.4, 0.6, 0.85):
        T = int(rng.integers(20, 200))
        yield dict(t=int(share * T), T=T, lr_max=float(rng.uniform(0.1, 1)), lr_min=float(rng.uniform(0.01, 0.05)))


def _ends(rng):
    yield dict(t=0, T=10, lr_max=1.0)
    yield dict(t=10, T=10, lr_max=1.0)
    T = int(rng.integers(20, 200))
    for t in (0, T, T + int(rng.integers(3, T)), 3 * T):
        yield dict(t=t, T=T, lr_max=float(rng.uniform(0.1, 1)), lr_min=float(rng.uniform(0.01, 0.05)))


def _rising(rng):
    yield dict(t=0, T=10, lr_max=1.0, lr_min=0.0, warmup=1)
    yield dict(t=0, T=10, lr_max=1.0, lr_min=0.0, warmup=4)
    for _ in range(3):
        warmup = int(rng.integers(3, 20))
        yield dict(t=int(rng.integers(warmup)), T=100, lr_max=float(rng.uniform(0.1, 1)), lr_min=0.01, warmup=warmup)


def _after_rising(rng):
    yield dict(t=4, T=10, lr_max=1.0, lr_min=0.0, warmup=4)
    yield dict(t=7, T=10, lr_max=1.0, lr_min=0.0, warmup=4)
    yield dict(t=10, T=10, lr_max=1.0, lr_min=0.0, warmup=4)
    for _ in range(3):
        warmup = int(rng.integers(5, 20))
        yield dict(t=int(rng.integers(warmup, 90)), T=100, lr_max=float(rng.uniform(0.1, 1)), lr_min=0.01,
                   warmup=warmup)  # fmt: skip


COSINE_SCHEDULE = Exercise(
    signature="cosine_schedule(t, T, lr_max, lr_min=0, warmup=0)",
    returns="lr",
    reference=cosine_schedule,
    cases=_moments,
    behaviours=(
        Behaviour("wave", 1, "the rate on the way from lr_max to lr_min"),
        Behaviour("ends", 1, "lr_max at t = 0, lr_min at t = T and from there on", cases=_ends),
        Behaviour("warm-up", 1, "a rise in equal steps, for t below warmup", cases=_rising),
        Behaviour("then", 1, "lr_max at t = warmup, and the wave from there to T", cases=_after_rising),
    ),
    mistakes=(thinks_in_degrees, arrives_early, rises_again, forgets_the_floor, adds_the_floor_on_top,
              goes_all_the_way_round, starts_at_the_top, wastes_the_first_update, jumps_after_the_warmup,
              ends_too_late, reaches_the_top_one_early),
    styles=(cosine_by_half_the_angle, cosine_by_interpolation),
    withhold=("gdcourse.schedules.cosine", "gdcourse.schedules.warmup", "gdcourse.schedules._half_wave"),
)  # fmt: skip

# combine_shards: many machines, one gradient


def combine_shards(grads, sizes):
    return sum(size * g for size, g in zip(sizes, grads)) / sum(sizes)


forgets_the_sizes = altered(
    combine_shards, "forgets_the_sizes", "sum(size * g for size, g in zip(sizes, grads)) / sum(sizes)",
    "sum(grads) / len(sizes)",
    "all shards count the same. A shard with twice the examples must count twice.",
    see="eq-batch-shards",
)  # fmt: skip

forgets_to_divide = altered(
    combine_shards, "forgets_to_divide", " / sum(sizes)", "",
    "the weighted sum is not divided by anything. The weights are shares of the whole: divide by the sum of the sizes.",
    see="eq-batch-shards",
)  # fmt: skip

divides_by_the_shards = altered(
    combine_shards, "divides_by_the_shards", "/ sum(sizes)", "/ len(sizes)",
    "the weighted sum is divided by the number of shards. Divide it by the number of examples.",
    see="eq-batch-shards",
)  # fmt: skip

adds_up_the_shards = altered(
    combine_shards, "adds_up_the_shards", "sum(size * g for size, g in zip(sizes, grads)) / sum(sizes)", "sum(grads)",
    "the shards' gradients are added up. Each is a mean already, and a mean of means it should be.",
    see="eq-batch-shards",
)  # fmt: skip

takes_them_for_sums = altered(
    combine_shards, "takes_them_for_sums", "size * g", "g",
    "the gradients are added and divided by the number of examples, as if each were a sum. They are means: multiply "
    "each by its size first.",
    see="eq-batch-shards",
)  # fmt: skip

weighs_the_small_ones_more = altered(
    combine_shards, "weighs_the_small_ones_more",
    "sum(size * g for size, g in zip(sizes, grads)) / sum(sizes)",
    "sum(g / size for size, g in zip(sizes, grads)) / sum(1 / size for size in sizes)",
    "each gradient is divided by its size, so that the smallest shard counts most. Multiply.",
    see="eq-batch-shards",
)  # fmt: skip


@mistake(
    "the first shard's own gradient is overwritten (total = grads[0] and then total *= ...). Whoever called still "
    "needs it: begin with a new array.",
    see="eq-batch-shards",
)
def adds_into_the_first(grads, sizes):
    total = grads[0]
    total *= sizes[0]
    for size, g in zip(sizes[1:], grads[1:]):
        total += size * g
    return total / sum(sizes)


def shards_by_shares(grads, sizes):
    shares = np.asarray(sizes) / np.sum(sizes)
    return np.tensordot(shares, np.array(grads), axes=1)


def shards_one_by_one(grads, sizes):
    mean, seen = np.zeros(np.shape(grads[0])), 0
    for g, size in zip(grads, sizes):
        seen += size
        mean = mean + (g - mean) * size / seen
    return mean


def _equal_shards(rng):
    yield dict(grads=[np.array([1.0]), np.array([3.0])], sizes=np.array([5, 5]))
    for k, d in ((3, 2), (4, 3)):
        yield dict(grads=list(rng.normal(size=(k, d)) + 1), sizes=np.full(k, rng.integers(2, 20)))


def _unequal_shards(rng):
    yield dict(grads=[np.array([1.0]), np.array([4.0])], sizes=np.array([2, 1]))
    for k, d in ((2, 3), (3, 2), (5, 4)):
        yield dict(grads=list(rng.normal(size=(k, d)) + 1), sizes=2 + rng.permutation(np.arange(k) * 7))


def _layers(rng):
    yield dict(grads=[np.array([[1.0, 2.0]]), np.array([[3.0, 6.0]])], sizes=np.array([4, 4]))
    for k, shape in ((3, (2, 3)), (2, (3, 1)), (4, (2, 2, 2))):
        yield dict(grads=list(rng.normal(size=(k, *shape)) + 1), sizes=np.full(k, rng.integers(2, 20)))


COMBINE_SHARDS = Exercise(
    signature="combine_shards(grads, sizes)",
    returns="g",
    reference=combine_shards,
    cases=_unequal_shards,
    behaviours=(
        Behaviour("equal", 1, "shards of the same size", cases=_equal_shards),
        Behaviour("unequal", 1, "shards of different sizes; grads and sizes are left alone", untouched=True),
        Behaviour("shapes", 1, "gradients of any shape, such as those of a layer's weights", cases=_layers),
    ),
    mistakes=(forgets_the_sizes, forgets_to_divide, divides_by_the_shards, adds_up_the_shards, takes_them_for_sums,
              weighs_the_small_ones_more, adds_into_the_first),
    styles=(shards_by_shares, shards_one_by_one),
    withhold=("gdcourse.batches.combine_shards",),
)  # fmt: skip

# lr_range_test: one run to find a rate


def lr_range_test(f, grad, x0, low, high, steps):
    lrs = low * (high / low) ** (np.arange(steps) / (steps - 1))
    x, losses = np.array(x0, dtype=float), []
    for lr in lrs:
        loss = f(x)
        if losses and not loss <= 4 * losses[0]:
            break
        losses.append(loss)
        x = x - lr * grad(x)
    smooth = np.convolve(losses, np.ones(5) / 5, "valid")
    steepest = np.argmin(np.diff(smooth)) + 2
    return lrs[: len(losses)], np.array(losses), lrs[steepest]


takes_the_lowest = altered(
    lr_range_test, "takes_the_lowest", "np.argmin(np.diff(smooth)) + 2", "np.argmin(smooth) + 2",
    "the rate with the lowest loss is suggested. It is already too large: the loss there is low because of all the "
    "updates before, and about to turn.",
    see="sec-sched-range",
)  # fmt: skip

does_not_smooth = altered(
    lr_range_test, "does_not_smooth", "np.argmin(np.diff(smooth)) + 2", "np.argmin(np.diff(losses))",
    "the losses are not smoothed, so that one lucky step decides. Average five of them around each.",
    see="sec-sched-range",
)  # fmt: skip

forgets_the_window = altered(
    lr_range_test, "forgets_the_window", "np.argmin(np.diff(smooth)) + 2", "np.argmin(np.diff(smooth))",
    "the place in the list of averages is taken for the place in the list of rates. The first average belongs to the "
    "third rate.",
    see="sec-sched-range",
)  # fmt: skip

divides_by_the_rate = altered(
    lr_range_test, "divides_by_the_rate", "np.diff(smooth)", "np.diff(smooth) / np.diff(lrs[2 : len(losses) - 2])",
    "the fall is divided by the growth of the rate, which favours tiny rates. On a logarithmic axis all steps are "
    "equally wide: compare the falls themselves.",
    see="sec-sched-range",
)  # fmt: skip

spaces_them_evenly = altered(
    lr_range_test, "spaces_them_evenly", "low * (high / low) ** (np.arange(steps) / (steps - 1))",
    "np.linspace(low, high, steps)",
    "the rates are evenly spaced. Almost all of them are then of the size of the largest: multiply by the same "
    "factor at each update.",
    see="sec-sched-range",
)  # fmt: skip

measures_after_the_step = altered(
    lr_range_test, "measures_after_the_step", "loss = f(x)", "loss = f(x - lr * grad(x))",
    "the loss is measured after the step. Measure it before, so that the first loss is that of the start.",
    see="sec-sched-range",
)  # fmt: skip


@mistake(
    "every rate is tried from x0. The test is one run, in which each update goes on from where the last one ended.",
    see="sec-sched-range",
)
def starts_over_for_each_rate(f, grad, x0, low, high, steps):
    lrs = low * (high / low) ** (np.arange(steps) / (steps - 1))
    losses = [f(x0)]
    for lr in lrs[:-1]:
        loss = f(x0 - lr * grad(x0))
        if not loss <= 4 * losses[0]:
            break
        losses.append(loss)
    smooth = np.convolve(losses, np.ones(5) / 5, "valid")
    steepest = np.argmin(np.diff(smooth)) + 2
    return lrs[: len(losses)], np.array(losses), lrs[steepest]


runs_on = altered(
    lr_range_test, "runs_on", "if losses and not loss <= 4 * losses[0]:", "if not np.isfinite(loss):",
    "the run goes on until the loss is no number any more. Losses that jump about up there decide the suggestion: stop "
    "when the loss is above four times the first.",
    see="sec-sched-range",
)  # fmt: skip


@mistake(
    "the loss that ended the run is kept. Test first, then append.",
    see="sec-sched-range",
)
def keeps_the_last_loss(f, grad, x0, low, high, steps):
    lrs = low * (high / low) ** (np.arange(steps) / (steps - 1))
    x, losses = np.array(x0, dtype=float), []
    for lr in lrs:
        losses.append(f(x))
        if not losses[-1] <= 4 * losses[0]:
            break
        x = x - lr * grad(x)
    smooth = np.convolve(losses, np.ones(5) / 5, "valid")
    steepest = np.argmin(np.diff(smooth)) + 2
    return lrs[: len(losses)], np.array(losses), lrs[steepest]


ends_by_the_best_loss = altered(
    lr_range_test, "ends_by_the_best_loss", "4 * losses[0]", "4 * min(losses)",
    "the run ends where the loss is above four times the best one so far. Four times the first is asked for: the lower "
    "the loss has come, the sooner the best one's limit cuts the run.",
    see="sec-sched-range",
)  # fmt: skip


def range_test_with_lists(f, grad, x0, low, high, steps):
    factor = (high / low) ** (1 / (steps - 1))
    x, lr, rates, losses = x0, low, [], []
    while len(losses) < steps:
        loss = float(f(x))
        if loss != loss or loss > 4 * (losses[0] if losses else loss):
            break
        rates.append(lr)
        losses.append(loss)
        x = x - lr * grad(x)
        lr = lr * factor
    means = {k: sum(losses[k - 2 : k + 3]) / 5 for k in range(2, len(losses) - 2)}
    falls = {k: means[k] - means[k + 1] for k in means if k + 1 in means}
    return rates, losses, rates[max(falls, key=falls.get)]


def range_test_in_logarithms(f, grad, x0, low, high, steps):
    lrs, losses, x = np.exp(np.linspace(np.log(low), np.log(high), steps)), np.full(steps, np.nan), np.copy(x0)
    for k in range(steps):
        loss = f(x)
        if not np.isfinite(loss) or (k and loss > 4 * losses[0]):
            break
        losses[k] = loss
        x = x - lrs[k] * grad(x)
    kept = ~np.isnan(losses)
    lrs, losses = lrs[kept], losses[kept]
    # The fall from one mean of five to the next is what enters the window less what leaves it.
    return lrs, losses, lrs[2 + np.argmin(losses[5:] - losses[:-5])]


def _square():
    return Oracle("f", lambda x: float(x @ x), "f(x) = x @ x"), Oracle("grad", lambda x: x, "grad(x) = x")


def _noisy_bowl(rng, d, low, high, steps):
    """Return a bowl whose loss flickers by a tenth; low and high in units of 2 / L, from where on descent diverges."""
    curvatures = rng.uniform(1, 4, size=d)
    H, centre, phase = turned(rng, curvatures), rng.normal(size=d), rng.uniform(20, 40)

    def f(x):
        bowl = (x - centre) @ H @ (x - centre) / 2 + 0.5
        return float(bowl * (1 + 0.1 * np.sin(phase * np.sum(x))))

    limit = 2 / curvatures.max()
    return dict(f=Oracle("f", f, f"f a flickering bowl in {d}-d", limit=1_000),
                grad=Oracle("grad", lambda x: H @ (x - centre), "grad of the bowl", limit=2_000),
                x0=centre + 3 * rng.choice([-1, 1], size=d) + rng.uniform(-1, 1, size=d),
                low=float(low * limit), high=float(high * limit), steps=steps)  # fmt: skip


def _clear(case):
    """Tell whether rounding decides nothing: neither where the run ends nor which fall is the largest."""
    f, grad, *rest = ((v.function if isinstance(v, Oracle) else v) for v in case.values())
    with np.errstate(all="ignore"):
        suggestions = [m.function(f, grad, *rest)[2] for m in (takes_the_lowest, does_not_smooth, forgets_the_window,
                       divides_by_the_rate, spaces_them_evenly, measures_after_the_step, starts_over_for_each_rate)]
        _, losses, suggestion = lr_range_test(f, grad, *rest)
        last = keeps_the_last_loss.function(f, grad, *rest)[1][-1]
    falls = np.sort(np.diff(np.convolve(losses, np.ones(5) / 5, "valid")))
    distinct = all(abs(s / suggestion - 1) > 1e-3 for s in suggestions)
    return distinct and falls[1] - falls[0] > 1e-6 and abs(last / losses[0] - 4) > 1e-3 and len(losses) > 12


def _below_the_cliff(rng):
    f, grad = _square()
    yield dict(f=f, grad=grad, x0=np.array([-1.0]), low=1e-3, high=1.6, steps=25)
    steps = int(rng.integers(24, 34))
    yield from drawn(lambda: _noisy_bowl(rng, int(rng.integers(1, 4)), 1e-3, 0.8, steps), 3, _clear)


def _over_the_cliff(rng):
    f, grad = _square()
    yield dict(f=f, grad=grad, x0=np.array([2.0]), low=1.95, high=2.15, steps=60)  # where losses rise by a fifth a step
    step = Oracle("f", lambda x: 4.0 if x[0] < 0 else float(x @ x), "f(x) = x @ x, and 4 where x < 0")
    down = Oracle("grad", lambda x: 2 * x, "grad(x) = 2 * x")
    yield dict(f=step, grad=down, x0=np.array([1.0]), low=0.02, high=0.9, steps=16)  # exactly four times the first
    steps = int(rng.integers(45, 60))
    yield from drawn(lambda: _noisy_bowl(rng, int(rng.integers(1, 4)), 1e-3, 1e3, steps), 3, _clear)


LR_RANGE_TEST = Exercise(
    signature="lr_range_test(f, grad, x0, low, high, steps)",
    returns="(lrs, losses, suggestion)",
    reference=lr_range_test,
    cases=_below_the_cliff,
    behaviours=(
        Behaviour("rates", 1, "from low to high, each the same factor larger than the last", view="lrs"),
        Behaviour("losses", 1, "one run, its loss before each update", view="losses", untouched=True),
        Behaviour("suggestion", 1, "the rate at which the smoothed loss falls most", view="suggestion"),
        Behaviour("cliff", 1, "the run ends where the loss is above four times the first", cases=_over_the_cliff),
    ),
    mistakes=(takes_the_lowest, does_not_smooth, forgets_the_window, divides_by_the_rate, spaces_them_evenly,
              measures_after_the_step, starts_over_for_each_rate, runs_on, keeps_the_last_loss, ends_by_the_best_loss),
    styles=(range_test_with_lists, range_test_in_logarithms),
    withhold=("gdcourse.range_test.range_test",),
)  # fmt: skip

ASSIGNMENT = Assignment(
    "ps04",
    "Batches and schedules",
    ("batches", "schedules"),
    (ITERATE_MINIBATCHES, MINIBATCH_GRADIENT, SGD, COSINE_SCHEDULE, COMBINE_SHARDS, LR_RANGE_TEST),
)
