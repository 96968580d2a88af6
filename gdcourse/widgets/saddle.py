"""How long a saddle holds gradient descent, and what noise does to a run in the shallower of two wells."""

import numpy as np

from gdcourse import carried, optimizers, plots
from gdcourse._validate import in_range
from gdcourse.theory import escape_steps
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget

DISTANCES, RATES, NOISES = (1e-16, 0.1), (0.02, 0.5), (0.0, 4.0)
COUNTS = carried.read("saddle")
TARGET = {"distance": 1e-12, "steps": 100, "count": max(COUNTS) - carried.CHAINS // 100}
WELLS = [root.real for root in sorted(np.roots([1.0, 0.0, -1.0, -0.1]))]


def value_rule(x, y):
    return 0.5 * x * x - 0.5 * y * y


def gradient_rule(x, y):
    return x, -y


def wells_rule(x):
    return 0.25 * x * x * x * x - 0.5 * x * x - 0.1 * x


class Saddle(Widget):
    """A path off the saddle x^2/2 - y^2/2 from (1, distance); and how often noise ends in the deeper of two wells.

    Args:
        distance: from the ridge at the start, 1e-16 to 0.1; lr: the learning rate, 0.02 to 0.5.
        noise: the standard deviation of the noise on each gradient in the two wells, 0 to 4, taken to tenths.
    Raises: ValueError for a number out of its range.
    Example:
        >>> _, (path, (share,)) = Saddle().answer({"distance": 1e-12, "lr": 0.1, "noise": 2})
        >>> len(path) - 1, share
        (290, 0.865)
    """

    kind = "saddle"
    size = (6.4, 2.9)
    room = ("33.4cqw + 467px", "66.7cqw + 978px")
    distance = Setting(lambda name, value: in_range(name, value, *DISTANCES), 1e-6)
    lr = Setting(lambda name, value: in_range(name, value, *RATES), 0.1)
    noise = Setting(lambda name, value: in_range(name, value, *NOISES), 0.0)

    @classmethod
    def rules(cls):
        return translate.module(
            DISTANCES=DISTANCES, RATES=RATES, NOISES=NOISES, COUNTS=COUNTS, CHAINS=carried.CHAINS, TARGET=TARGET,
            WELLS=WELLS,
            RULES={"value": value_rule, "gradient": gradient_rule, "wells": wells_rule, "step": optimizers.gd_rule},
        )  # fmt: skip

    def answer(self, settings):
        distance = in_range("distance", settings["distance"], *DISTANCES)
        lr, noise = in_range("lr", settings["lr"], *RATES), in_range("noise", settings["noise"], *NOISES)
        path = [(1.0, distance)]
        while path[-1][1] < 1.0:
            path.append(tuple(p + optimizers.gd_rule(g, lr) for p, g in zip(path[-1], gradient_rule(*path[-1]))))
        return "left", [np.array(path), [COUNTS[int(10 * noise + 0.5)] / carried.CHAINS]]

    def _run(self):
        path, (share,) = self.answer({name: getattr(self, name) for name in self.settings()})[1]
        return path, share

    def describe(self):
        path, share = self._run()
        return (
            f"The distance from the ridge of a saddle on a log axis, step by step: a straight line from "
            f"{self.distance:g} that leaves after {len(path) - 1} steps at rate {self.lr:g}. Beside it the share of "
            f"noisy runs that end in the deeper of two wells against the noise: none below 0.8, {max(COUNTS) / 20:.0f} "
            f"in a hundred at 1.8, fewer beyond. At noise {self.noise:g} it is {100 * share:.1f} %."
        )

    def paint(self, canvas):
        path, share = self._run()
        left, right = canvas.subplots(1, 2)
        left.semilogy(path[:, 1], color=plots.COLORS["path"])
        left.axvline(escape_steps(self.distance, self.lr, 1.0), color=plots.COLORS["theory"], ls="--", lw=1)
        figure.decades(left.yaxis)
        left.set(xlabel="step", title="distance from the ridge")
        noises = np.arange(len(COUNTS)) / 10
        right.plot(noises, np.array(COUNTS) / 20, ".", color=plots.COLORS["gradient"])
        right.plot(self.noise, 100 * share, "o", color=plots.COLORS["path"])
        right.set(xlabel="noise", title="in the deeper well, %", ylim=(-4, 100))
