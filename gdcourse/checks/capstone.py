"""The capstone: train a network, find out what is wrong with others, and mend them."""

from functools import lru_cache

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, altered, mistake
from gdcourse.checks.shared import again, digits_and_labels, drawn_seeds, held_out_in_turn, named, new_rng

# train_digits: the whole loop


def train_digits(X, y, rng):
    sizes, epochs, batches = (64, 128, 10), 25, len(X) // 64 + 1
    W = [rng.normal(0, np.sqrt(2 / n), size=(n, m)) for n, m in ((64, 128), (128, 10))]
    parameters = [W[0], np.zeros(sizes[1]), W[1], np.zeros(sizes[2])]
    m, v, losses = [0 * p for p in parameters], [0 * p for p in parameters], []
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(len(X)), batches):
            x, labels, here = X[rows], y[rows], np.arange(len(rows))
            W1, b1, W2, b2 = parameters
            hidden = np.maximum(x @ W1 + b1, 0)
            logits = hidden @ W2 + b2
            P = np.exp(logits - logits.max(axis=1, keepdims=True))
            P /= P.sum(axis=1, keepdims=True)
            losses.append(float(-np.mean(np.log(P[here, labels] + 1e-300))))
            P[here, labels] -= 1
            P /= len(rows)
            dhidden = P @ W2.T * (hidden > 0)
            gradients = [x.T @ dhidden + 1e-3 * W1, dhidden.sum(axis=0), hidden.T @ P + 1e-3 * W2, P.sum(axis=0)]
            t = len(losses)
            lr = 0.006 * (1 - (t - 1) / (epochs * batches))
            for i, g in enumerate(gradients):
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.999 * v[i] + 0.001 * g**2
                step = m[i] / (1 - 0.9**t) / (np.sqrt(v[i] / (1 - 0.999**t)) + 1e-8)
                parameters[i] = parameters[i] - lr * step
    W1, b1, W2, b2 = parameters
    return lambda new: (np.maximum(new @ W1 + b1, 0) @ W2 + b2).argmax(axis=1), losses


leaves_the_rate_untuned = altered(
    train_digits, "leaves_the_rate_untuned", "lr = 0.006", "lr = 0.00001",
    "the rate is far too small: the weights end where they began.",
    see="eq-cap-ratio",
)  # fmt: skip

starts_all_units_alike = altered(
    train_digits, "starts_all_units_alike", "rng.normal(0, np.sqrt(2 / n), size=(n, m))", "np.zeros((n, m))",
    "the weights start at zero. All hidden units are then alike and stay so, and the first loss is ln 10 to the last "
    "digit.",
    see="eq-cap-first-loss",
)  # fmt: skip

starts_far_too_large = altered(
    train_digits, "starts_far_too_large", "rng.normal(0, np.sqrt(2 / n), size", "rng.normal(0, 5, size",
    "the first weights are far too large. The first loss gives it away: it is not near ln 10.",
    see="eq-cap-first-loss",
)  # fmt: skip

trains_on_too_few = altered(
    train_digits, "trains_on_too_few", "rng.permutation(len(X))", "rng.permutation(60)",
    "the network sees only sixty of the examples. It learns those by heart, and its training loss says nothing about "
    "the others.",
    see="eq-prac-validation",
)  # fmt: skip

loses_the_pairs = altered(
    train_digits, "loses_the_pairs", "X[rows], y[rows]", "X[rows], y[np.sort(rows)]",
    "rows and labels are taken in different orders, so that the images lose their labels.",
    see="eq-cap-first-loss",
)  # fmt: skip

climbs_the_loss = altered(
    train_digits, "climbs_the_loss", "parameters[i] - lr * step", "parameters[i] + lr * step",
    "the sign is wrong, and the loss is climbed.",
    see="eq-cap-ratio",
)  # fmt: skip

brings_its_own_seed = altered(
    train_digits, "brings_its_own_seed",
    "sizes, epochs, batches = (64, 128, 10), 25, len(X) // 64 + 1",
    "rng = np.random.default_rng(0)\n    sizes, epochs, batches = (64, 128, 10), 25, len(X) // 64 + 1",
    "the random numbers come from a generator of their own, and not from the rng that was handed over.",
    see="eq-cap-first-loss",
)  # fmt: skip


def train_with_momentum(X, y, rng):
    def softmax(z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    centre, targets = X.mean(axis=0), np.eye(10)[y]
    A, B = 0.18 * rng.standard_normal((65, 120)), 0.12 * rng.standard_normal((121, 10))
    A[-1], B[-1] = 0, 0
    speed_A, speed_B, losses, updates = 0 * A, 0 * B, [], 1000

    def forward(rows):
        h = np.column_stack([rows - centre, np.ones(len(rows))])
        a = np.column_stack([np.maximum(h @ A, 0), np.ones(len(rows))])
        return h, a, softmax(a @ B)

    for update in range(updates):
        pick = rng.choice(len(X), size=64, replace=False)
        h, a, P = forward(X[pick])
        losses.append(-np.log(np.maximum((P * targets[pick]).sum(axis=1), 1e-300)).mean())
        error = (P - targets[pick]) / len(pick)
        dB = a.T @ error + 3e-4 * B
        dA = h.T @ (error @ B[:-1].T * (a[:, :-1] > 0)) + 3e-4 * A
        lr = 0.1 * (1 - update / updates)
        speed_A, speed_B = 0.9 * speed_A - lr * dA, 0.9 * speed_B - lr * dB
        A, B = A + speed_A, B + speed_B
    return lambda new: np.argmax(forward(new)[2], axis=1), np.array(losses)


def train_with_the_package(X, y, rng):
    from gdcourse.batches import minibatches
    from gdcourse.descent import descend
    from gdcourse.networks import initialise, mlp, network_problem, predict
    from gdcourse.optimizers import adam

    network = mlp((64, 128, 10), "relu")
    problem = network_problem(network, X, y)
    run = descend(problem, adam(), lr=lambda t: 0.006 * (1 - t / 600), steps=600, start=initialise(network, "he", rng),
                  batches=minibatches(len(X), 64, rng), keep_path=False)  # fmt: skip
    return lambda new: predict(network, run.final, new).argmax(axis=1), run.values


class Held(dict):
    """A case of which the judge knows more than is handed over. labels: what the held-out digits are."""

    labels = ()


def _as_never_seen(rng):
    """Return the digits as they are in no data set, and with other names: X and y.

    All are turned, mirrored, shifted by a part of a pixel and darkened in the same way, which a network learns as well
    as it learns the others, and each has a little noise of its own: so they cannot be looked up.
    """
    X, y, _ = digits_and_labels()
    images = np.rot90(X.reshape(-1, 8, 8), int(rng.integers(4)), (1, 2))[:, :, :: int(rng.choice([-1, 1]))]
    images = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    for axis in (1, 2):
        share = rng.uniform(0.08, 0.15)
        images = (1 - share) * images + share * np.roll(images, int(rng.choice([-1, 1])), axis)
    images = images[:, 1:-1, 1:-1] ** rng.uniform(0.8, 1.25)
    images = np.clip(images + rng.normal(0, 0.005, size=images.shape), 0, 1)
    return images.reshape(-1, 64), rng.permutation(10)[y]


def _every_digit_held_out_once(rng):
    X, y = _as_never_seen(rng)
    kept, held = zip(*held_out_in_turn(np.array_split(rng.permutation(len(X)), 5)))
    case = Held(X=[X[rows] for rows in kept], y=[y[rows] for rows in kept], new=[X[rows] for rows in held],
                rng=new_rng(rng))  # fmt: skip
    case.labels = [y[rows] for rows in held]
    yield case


def _few_digits(rng):
    X, y = _as_never_seen(rng)
    for _ in range(3):
        rows = rng.permutation(len(X))
        yield dict(X=X[rows[:200]], y=y[rows[:200]], new=X[rows[200:300]], seeds=drawn_seeds(rng, 4))


def _train_five_times(train_digits, X, y, new, rng):
    labels, losses = [], []
    for kept, targets, held in zip(X, y, new):
        predict, seen = train_digits(kept, targets, rng)
        labels.append(np.array(predict(held)))
        losses.append(np.array(seen, dtype=float))
    return {"labels": labels, "losses": losses}


def _train_again(train_digits, X, y, new, seeds):
    runs = [train_digits(X, y, np.random.default_rng(seed)) for seed in seeds]
    losses = [np.array(run[1], dtype=float) for run in runs]
    return {
        "labels": len(np.array(runs[0][0](new))),
        "losses that are not finite": int(np.sum(~np.isfinite(losses[0]))),
        "runs with the same losses": [
            next(k for k, first in enumerate(losses) if first is one or np.array_equal(first, one, equal_nan=True))
            for one in losses],
    }  # fmt: skip


def _reads_digits(case, run, expected):
    labels = run.output.get("labels") if isinstance(run.output, dict) else None
    if not _fit(labels, case["new"]):
        return "predict(new) does not return one whole number for each row of new."
    accuracy = _share_read(case, labels)
    if accuracy >= 0.965:
        return None
    return f"{accuracy:.2%} of the digits that it had not seen are read correctly, and 96.5% are wanted."


def _share_read(case, labels):
    return np.mean(np.concatenate(labels) == np.concatenate(case.labels))


def _fit(labels, new):
    return isinstance(labels, list) and len(labels) == len(new) and all(
        isinstance(found, np.ndarray) and found.shape == (len(rows),) and found.dtype.kind in "iu"
        for found, rows in zip(labels, new))  # fmt: skip


def _loss_falls(case, run, expected):
    losses = run.output.get("losses") if isinstance(run.output, dict) else None
    if not isinstance(losses, list) or not all(isinstance(seen, np.ndarray) and seen.ndim == 1 and len(seen) >= 10 and
                                               np.all(np.isfinite(seen)) for seen in losses):  # fmt: skip
        return "losses should hold the loss of each update, at least ten, and all of them finite."
    first, last = max(seen[0] for seen in losses), max(np.mean(seen[-10:]) for seen in losses)
    least = min(seen[0] for seen in losses)
    if not 1.5 < least <= first < 4.5:
        odd = first if first >= 4.5 else least
        return f"the first loss is {odd:.3g}; a network that knows nothing has about ln 10 = 2.303."
    if last > 0.3:
        return f"the loss is {last:.3g} at the end, and was {first:.3g} at the start: it should come below 0.3."
    labels = run.output.get("labels")
    share = _share_read(case, labels) if _fit(labels, case["new"]) else 0.0
    if share < 0.3:  # whoever has such a loss reads far more
        return f"the loss falls, but {share:.0%} of the digits are read: is it the loss of the network that predicts?"
    return None


TRAIN_DIGITS = Exercise(
    signature="train_digits(X, y, rng)",
    returns="predict, losses",
    reference=train_digits,
    cases=_every_digit_held_out_once,
    behaviours=(
        Behaviour("loss", 3, "the loss of the updates starts near ln 10 and comes below 0.3",
                  drive=_train_five_times, holds=_loss_falls, structure=False, alone=True),
        Behaviour("digits", 6, "96.5 percent of digits it has not seen are read correctly",
                  drive=_train_five_times, holds=_reads_digits, structure=False, alone=True),
        Behaviour("repeatable", 1, "the same rng gives the same run, another rng another; X and y are left alone",
                  cases=_few_digits, drive=_train_again, untouched=True),
    ),
    mistakes=(leaves_the_rate_untuned, starts_all_units_alike, starts_far_too_large, trains_on_too_few,
              loses_the_pairs, climbs_the_loss, brings_its_own_seed),
    styles=(train_with_momentum, train_with_the_package),
    seconds=60.0,
)  # fmt: skip

# diagnose: eight sicknesses


def diagnose(run):
    if run["first_loss"] > 10:
        return "weights too large"
    if abs(run["first_loss"] - np.log(10)) < 1e-6:
        return "zero weights"
    if run["gradient_error"] > 0.1 and run["losses"][-1] > run["first_loss"]:
        return "wrong sign"
    if run["gradient_error"] > 0.1:
        return "activation's slope forgotten"
    if run["update_ratio"] < 5e-4:
        return "rate too small"
    if run["few"][-1] > 0.5:
        return "rate too large"
    if run["train_accuracy"] < 0.5:
        return "labels shuffled"
    return "examples in order"


@mistake("the same answer is given for every run.", see="eq-cap-first-loss")
def always_blames_the_rate(run):
    return "rate too large"


takes_ln_10_for_zero_weights = altered(
    diagnose, "takes_ln_10_for_zero_weights", "< 1e-6", "< 0.5",
    "every run whose first loss is near ln 10 is taken for one with zero weights. Healthy weights start near it too; "
    "zero weights start at it, to the last digit.",
    see="eq-cap-first-loss",
)  # fmt: skip

forgets_the_gradient_check = altered(
    diagnose, "forgets_the_gradient_check",
    '    if run["gradient_error"] > 0.1:\n        return "activation\'s slope forgotten"\n', "",
    "a wrong gradient that still descends is not noticed. Its curves look healthy; only the gradient check tells.",
    see="eq-grad-check",
)  # fmt: skip

blames_the_rate_for_climbing = altered(
    diagnose, "blames_the_rate_for_climbing", 'return "wrong sign"', 'return "rate too large"',
    "a loss that climbs is put down to the rate. With so short steps it climbs because the sign is wrong, and the "
    "gradient check says so.",
    see="eq-grad-check",
)  # fmt: skip

swaps_the_two_rates = altered(
    diagnose, "swaps_the_two_rates",
    '    if run["update_ratio"] < 5e-4:\n        return "rate too small"\n    if run["few"][-1] > 0.5:\n'
    '        return "rate too large"',
    '    if run["update_ratio"] < 5e-4:\n        return "rate too large"\n    if run["few"][-1] > 0.5:\n'
    '        return "rate too small"',
    "the two rates are exchanged. A small update ratio says that the weights hardly move.",
    see="eq-cap-ratio",
)  # fmt: skip

blames_the_labels_for_the_order = altered(
    diagnose, "blames_the_labels_for_the_order", '["train_accuracy"] < 0.5', '["train_accuracy"] < 0.99',
    "examples in order are taken for shuffled labels. Shuffled labels cannot be learned in ten epochs; those in order "
    "are, only badly.",
    see="eq-cap-first-loss",
)  # fmt: skip

looks_at_the_batches_only = altered(
    diagnose, "looks_at_the_batches_only", 'run["few"][-1] > 0.5', 'run["losses"][-1] > 0.5',
    "a high loss at the end is put down to the rate, although the same program learns twenty examples by heart. Then "
    "the machinery works, and the fault is in the data.",
    see="eq-cap-ratio",
)  # fmt: skip


def diagnose_by_table(run):
    wrong = run["gradient_error"] > 0.05
    signs = [
        ("zero weights", run["gradient_norms"][0] < 1.0 and abs(run["first_loss"] - 2.302585093) < 1e-5),
        ("weights too large", run["first_loss"] > 20),
        ("wrong sign", wrong and run["train_accuracy"] < 0.5),
        ("activation's slope forgotten", wrong),
        ("rate too small", run["update_ratio"] < 3e-4),
        ("rate too large", min(run["few"][-5:]) > 0.3),
        ("labels shuffled", run["losses"][-1] > 1.5),
        ("examples in order", True),
    ]
    return next(name for name, seen in signs if seen)


def diagnose_by_protocol(run):
    first, learns_few = run["first_loss"], run["few"][-1] < 0.4
    if not 2.0 < first < 6.0:
        return "weights too large"
    if run["gradient_error"] > 0.2:
        return "wrong sign" if run["few"][-1] > run["few"][0] else "activation's slope forgotten"
    if not learns_few:
        if np.std(run["losses"][:3]) < 0.05 and abs(first - np.log(10)) < 1e-4:
            return "zero weights"
        return "rate too small" if run["update_ratio"] < 1e-3 else "rate too large"
    return "labels shuffled" if run["train_accuracy"] < 0.6 else "examples in order"


FIELDS = ("losses", "gradient_norms", "first_loss", "few", "gradient_error", "update_ratio", "train_accuracy",
          "test_accuracy")  # fmt: skip


def sick_run(name, seed):
    """Return a run with one of clinic.SICKNESSES, as a dictionary of plain numbers. seed: of weights and order."""
    from gdcourse.clinic import SICKNESSES, examine

    with np.errstate(all="ignore"):
        seen = examine(SICKNESSES[name], seed)
    return {field: getattr(seen, field) for field in FIELDS}


def _runs_with(*names):
    @again(14)
    def runs(rng):
        for name in (*names, *names):
            yield dict(run=sick_run(name, int(rng.integers(10**6))))

    return named(f"_runs_with_{'_'.join(names)}", runs)


DIAGNOSE = Exercise(
    signature="diagnose(run)",
    returns="sickness",
    reference=diagnose,
    cases=_runs_with("zero weights", "weights too large"),
    behaviours=(
        Behaviour("weights", 3, "weights that start at zero, and weights that start too large"),
        Behaviour("rate", 3, "a rate that is too small, and one that is too large",
                  cases=_runs_with("rate too small", "rate too large")),
        Behaviour("gradient", 2, "a wrong sign, and an activation's slope that was forgotten",
                  cases=_runs_with("wrong sign", "activation's slope forgotten")),
        Behaviour("data", 2, "labels that were shuffled, and examples that were not",
                  cases=_runs_with("labels shuffled", "examples in order")),
    ),
    mistakes=(always_blames_the_rate, takes_ln_10_for_zero_weights, forgets_the_gradient_check,
              blames_the_rate_for_climbing, swaps_the_two_rates, blames_the_labels_for_the_order,
              looks_at_the_batches_only),
    styles=(diagnose_by_table, diagnose_by_protocol),
    withhold=("gdcourse.clinic.diagnosis",),
    seconds=10.0,
)  # fmt: skip

# fix: one setting is wrong


def fix(config):
    fixed = dict(config)
    if not 0.1 <= config["gain"] <= 3:
        fixed["gain"] = 1.0
    elif not 1e-3 <= config["lr"] <= 0.2:
        fixed["lr"] = 0.05
    elif config["sign"] < 0:
        fixed["sign"] = 1
    elif not config["shuffled"]:
        fixed["shuffled"] = True
    return fixed


@mistake("nothing is changed.", see="eq-cap-ratio")
def changes_nothing(config):
    return dict(config)


@mistake(
    "everything is replaced by settings that are known to work. That hides what was wrong: change one thing, and see "
    "whether it was the one.",
    see="eq-cap-first-loss",
)
def replaces_everything(config):
    return dict(config, gain=1.1, lr=0.04, sign=1, shuffled=True)


only_lowers_the_rate = altered(
    fix, "only_lowers_the_rate",
    'if not 0.1 <= config["gain"] <= 3:\n        fixed["gain"] = 1.0\n    elif not 1e-3 <= config["lr"] <= 0.2:\n'
    '        fixed["lr"] = 0.05\n    elif config["sign"] < 0:\n        fixed["sign"] = 1\n'
    '    elif not config["shuffled"]:\n        fixed["shuffled"] = True\n',
    'fixed["lr"] = config["lr"] / 10\n',
    "whatever is wrong, the rate is divided by ten. Look at the other settings first.",
    see="eq-cap-ratio",
)  # fmt: skip

never_looks_at_the_weights = altered(
    fix, "never_looks_at_the_weights", 'if not 0.1 <= config["gain"] <= 3:', "if False:",
    "the size of the first weights is never looked at.",
    see="eq-cap-first-loss",
)  # fmt: skip

never_raises_the_rate = altered(
    fix, "never_raises_the_rate", 'not 1e-3 <= config["lr"] <= 0.2', 'config["lr"] > 0.2',
    "a rate that is too small is left as it is. Ten epochs of such steps do not lead anywhere.",
    see="eq-cap-ratio",
)  # fmt: skip

never_looks_at_the_order = altered(
    fix, "never_looks_at_the_order", 'elif not config["shuffled"]:', "elif False:",
    "examples that come in the order of their classes are left in it. Each batch then teaches one digit and unteaches "
    "the others.",
    see="eq-batch-estimate",
)  # fmt: skip

never_looks_at_the_sign = altered(
    fix, "never_looks_at_the_sign", 'elif config["sign"] < 0:', "elif False:",
    "the sign of the gradient is never looked at, and the run goes uphill.",
    see="eq-grad-check",
)  # fmt: skip


def fix_by_table(config):
    healthy = {"gain": (0.3, 2.0, 0.9), "lr": (0.01, 0.1, 0.03), "sign": (1, 1, 1), "shuffled": (True, True, True)}
    fixed = config.copy()
    for key, (low, high, usual) in healthy.items():
        if not low <= config[key] <= high:
            fixed[key] = usual
            break
    return fixed


def fix_with_unpacking(config):
    if config["sign"] == -1:
        return {**config, "sign": 1}
    if config["shuffled"] is False:
        return {**config, "shuffled": True}
    if config["lr"] < 0.001 or config["lr"] > 0.5:
        return {**config, "lr": 0.06}
    return {**config, "gain": 1.2}


@lru_cache(maxsize=512)
def _trained(config):
    from gdcourse.batches import minibatches
    from gdcourse.descent import descend
    from gdcourse.losses import softmax_cross_entropy
    from gdcourse.networks import accuracy, initialise, mlp, network_problem
    from gdcourse.optimizers import momentum

    config = dict(config)
    rng = np.random.default_rng(config["seed"])
    X, y, _ = digits_and_labels()
    order = rng.permutation(len(X))
    kept, held = order[:1350], order[1350:]
    if not config["shuffled"]:
        kept = kept[np.argsort(y[kept], kind="stable")]
    network = mlp((64, config["hidden"], 10))

    def loss(outputs, labels):
        value, gradient = softmax_cross_entropy(outputs, labels)
        return value, config["sign"] * gradient

    def in_order():
        for _ in range(10):
            yield from np.array_split(np.arange(1350), 22)

    batches = minibatches(1350, 64, rng, 10) if config["shuffled"] else in_order()
    with np.errstate(all="ignore"):
        run = descend(network_problem(network, X[kept], y[kept], loss), momentum(), lr=config["lr"], steps=220,
                      start=config["gain"] * initialise(network, "he", rng), batches=batches, keep_path=False)
        finite = np.all(np.isfinite(run.final))
        return run.values[:-1], accuracy(network, run.final, X[held], y[held]) if finite else 0.1


def train(config):
    """Train a network on digits by a dictionary of settings, for ten epochs of minibatches with momentum 0.9.

    Args: config: gain, by which He's first weights are multiplied; lr; sign, by which the gradient is multiplied;
        shuffled, whether the examples are; hidden, the number of hidden units; seed.
    Returns: the losses of the updates, and the accuracy on 447 held-out digits.
    """
    return _trained(tuple(sorted(config.items())))


def _one_thing_that_helps(case, run, expected):
    before, after = case["config"], run.output
    changed = [key for key in before if before[key] != after[key]]
    if not changed:
        return "nothing is changed, and it does not train like this."
    if len(changed) > 1 or changed[0] in ("hidden", "seed"):
        return f"changes {' and '.join(changed)}. One thing is wrong, and hidden and seed are not it."
    if not (0 <= after["gain"] < np.inf and 0 < after["lr"] < np.inf and after["sign"] in (-1, 1)):
        return "gain and lr must be positive numbers, and sign 1 or -1."
    if before[changed[0]] == expected.output[changed[0]]:
        return f"changes {changed[0]}, which was right. Another setting is wrong."
    accuracy = train(after)[1]
    if accuracy >= 0.85:
        return None
    return f"with {changed[0]} = {after[changed[0]]:g} it reads {accuracy:.0%} of the digits that it has not seen, " \
           "and 85% are wanted."


def _configs(*broken):
    @again(12)
    def configs(rng):
        for key, values in (*broken, *broken):
            config = dict(gain=1.0, lr=0.05, sign=1, shuffled=True, hidden=64, seed=int(rng.integers(8)))
            yield dict(config=dict(config, **{key: values[int(rng.integers(len(values)))]}))

    return named(f"_configs_{'_'.join(key + str(len(values)) for key, values in broken)}", configs)


FIX = Exercise(
    signature="fix(config)",
    returns="fixed",
    reference=fix,
    cases=_configs(("gain", (0.0,)), ("gain", (30.0, 50.0))),
    behaviours=(
        Behaviour("weights", 2, "first weights of zero, or far too large: one setting changed, and it trains",
                  holds=_one_thing_that_helps),
        Behaviour("rate", 2, "a rate too small or too large: one setting changed, and it trains",
                  cases=_configs(("lr", (1e-5, 2e-5)), ("lr", (2.0, 3.0))), holds=_one_thing_that_helps),
        Behaviour("direction", 2, "a wrong sign, or examples in order: one setting changed, and it trains; config is "
                  "left alone", cases=_configs(("sign", (-1,)), ("shuffled", (False,))), holds=_one_thing_that_helps,
                  untouched=True),
    ),
    mistakes=(changes_nothing, replaces_everything, only_lowers_the_rate, never_looks_at_the_weights,
              never_raises_the_rate, never_looks_at_the_order, never_looks_at_the_sign),
    styles=(fix_by_table, fix_with_unpacking),
    seconds=10.0,
)  # fmt: skip

ASSIGNMENT = Assignment(
    "capstone",
    "Train it, break it, fix it",
    ("capstone",),
    (TRAIN_DIGITS, DIAGNOSE, FIX),
)
