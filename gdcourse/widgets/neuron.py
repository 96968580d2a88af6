"""A single neuron that is to answer 0: where it starts, and which cost it pays, decide how long that takes."""

import numpy as np

from gdcourse import plots
from gdcourse._validate import in_range, one_of
from gdcourse.stable import sigmoid, softplus
from gdcourse.widgets import translate
from gdcourse.widgets.base import Setting, Widget

STARTS = (-4.0, 8.0)
RATES = (0.01, 2.0)
STEPS = 300
TARGET = {"slow": 200, "quick": 20}
TOLERANCE = 1e-12  # the exponentials of NumPy and of a browser differ in the last bit


def squared_slope(a):
    """The slope in the logit of half the squared error, a^2 / 2, of an answer a to a target of 0."""
    return a * (a * (1.0 - a))


def entropy_slope(a):
    """The slope in the logit of the cross-entropy, -log(1 - a)."""
    return a


def step_rule(z, lr, slope):
    """The logit is a weight plus a bias, and both go down the same slope."""
    return z - 2.0 * lr * slope


COSTS = {
    "squared": {"title": "squared error", "slope": squared_slope},
    "entropy": {"title": "cross-entropy", "slope": entropy_slope},
}


class Neuron(Widget):
    """A sigmoid neuron with input 1 and target 0, trained for 300 steps with two costs.

    Args:
        start: the logit it starts from, weight plus bias, -4 to 8; lr: the learning rate, 0.01 to 2.
        cost: the one to follow, "squared" or "entropy".
    Raises: ValueError for an unknown name or a number out of its range.
    Example:
        >>> _, logits = Neuron().answer({"start": 4.0, "lr": 0.15, "cost": "squared"})
        >>> [int((path >= 0).sum()) for path in logits]
        [232, 17]
    """

    kind = "neuron"
    room = ("0px + 542px", "0px + 859px")
    start = Setting(lambda name, value: in_range(name, value, *STARTS), 1.5)
    lr = Setting(lambda name, value: in_range(name, value, *RATES), 0.15)
    cost = Setting(lambda name, value: one_of(name, value, COSTS), "squared")

    @classmethod
    def rules(cls):
        return translate.module(
            COSTS=COSTS, STARTS=STARTS, RATES=RATES, STEPS=STEPS, TARGET=TARGET, TOLERANCE=TOLERANCE,
            RULES={"step": step_rule},
        )  # fmt: skip

    def answer(self, settings):
        start, lr = in_range("start", settings["start"], *STARTS), in_range("lr", settings["lr"], *RATES)
        one_of("cost", settings["cost"], COSTS)
        paths = []
        for cost in COSTS.values():
            path = [start]
            for _ in range(STEPS):
                path.append(step_rule(path[-1], lr, cost["slope"](float(sigmoid(path[-1])))))
            paths.append(np.array(path))
        return "max_steps", paths

    def _run(self):
        return self.answer({name: getattr(self, name) for name in self.settings()})[1]

    def describe(self):
        paths = self._run()
        ends = [
            f"below one half from step {np.argmax(path < 0)} on" if path[-1] < 0 else "never below one half"
            for path in paths
        ]
        return (
            f"The answer of a neuron that is to learn 0, over {STEPS} steps from {float(sigmoid(self.start)):.3g} at "
            f"rate {self.lr:g}: with the squared error {ends[0]}, with the cross-entropy {ends[1]}. Beside it the two "
            f"costs against the logit; the squared error is flat where the neuron is confident and wrong."
        )

    def paint(self, canvas):
        paths = self._run()
        left, right = canvas.subplots(1, 2)
        z = np.linspace(*STARTS, 97)
        costs = sigmoid(z) ** 2 / 2, softplus(z)
        for path, cost, color, (name, _) in zip(paths, costs, ("path", "second"), COSTS.items(), strict=True):
            style = {"color": plots.COLORS[color], "linestyle": plots.DASHES[color]}
            left.plot(sigmoid(path), label=COSTS[name]["title"], **style)
            right.plot(z, cost, **style)
        at = paths[list(COSTS).index(self.cost)][0]
        right.plot(at, costs[list(COSTS).index(self.cost)][np.argmin(np.abs(z - at))], "o", color=plots.COLORS["path"])
        left.axhline(0.5, color=plots.COLORS["theory"], ls="--", lw=1)
        left.set(xlabel="step", title="answer", ylim=(0, 1.05))
        right.set(xlabel="logit", title="cost", ylim=(0, 5))
        left.legend(frameon=False, loc="upper right", handlelength=1.5)
