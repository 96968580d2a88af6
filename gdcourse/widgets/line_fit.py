"""The line through four points: how fast the loop finds it depends on one number, and on where x is counted from."""

import numpy as np

from gdcourse import optimizers, plots
from gdcourse._validate import in_range, one_of, positive_integer
from gdcourse.descent import descend
from gdcourse.problems import FOUR_POINTS, Problem, line_point_rule
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget

POINTS = np.transpose(FOUR_POINTS).tolist()
CENTRES = {"measured": 0.0, "centred": 2.5}
"""What is subtracted from x: nothing, or its mean."""

RATES = (0.001, 1.0)
MAX_STEPS = 1000
TARGET = {"error": 1e-6, "steps": 160, "centre": "measured"}


def _problem(centre):
    # One point after the other: the page adds in the same order, so its sums have the same bits.
    def fused(theta):
        value, m_slope, b_slope = 0.0, 0.0, 0.0
        for x, y in POINTS:
            cost, along_m, along_b = line_point_rule(theta[0], theta[1], x - centre, y)
            value, m_slope, b_slope = value + cost, m_slope + along_m, b_slope + along_b
        return value / len(POINTS), np.array([m_slope, b_slope]) / len(POINTS)

    return Problem(
        value=lambda theta: fused(theta)[0],
        gradient=lambda theta: fused(theta)[1],
        fused=fused,
        dimension=2,
        start=np.zeros(2),
    )


class LineFit(Widget):
    """The line y = m x + b fitted to four points by gradient descent from m = b = 0.

    Args:
        lr: the learning rate, 0.001 to 1; steps: 1 to 1000.
        centre: "measured" keeps x as it is, "centred" subtracts its mean of 2.5.
    Raises: ValueError for an unknown name or a number out of its range.
    Example:
        >>> status, (path, values) = LineFit().answer({"lr": 0.4, "steps": 2, "centre": "centred"})
        >>> path.round(9).tolist(), values.tolist()[0]
        ([[0.0, 0.0], [2.0, 4.0], [2.0, 4.8]], 30.0)
    """

    kind = "line-fit"
    room = ("0px + 542px", "0px + 859px")
    lr = Setting(lambda name, value: in_range(name, value, *RATES), 0.01)
    steps = Setting(lambda name, value: int(in_range(name, positive_integer(name, value), 1, MAX_STEPS)), MAX_STEPS)
    centre = Setting(lambda name, value: one_of(name, value, CENTRES), "measured")

    @classmethod
    def rules(cls):
        return translate.module(
            POINTS=POINTS, CENTRES=CENTRES, RATES=RATES, MAX_STEPS=MAX_STEPS, TARGET=TARGET,
            RULES={"point": line_point_rule, "step": optimizers.gd_rule},
        )  # fmt: skip

    def answer(self, settings):
        lr = in_range("lr", settings["lr"], *RATES)
        steps = int(in_range("steps", positive_integer("steps", settings["steps"]), 1, MAX_STEPS))
        centre = CENTRES[one_of("centre", settings["centre"], CENTRES)]
        trace = descend(_problem(centre), lr=lr, steps=steps)
        return trace.status, [trace.path, trace.values]

    def _run(self):
        _, (path, values) = self.answer({name: getattr(self, name) for name in self.settings()})
        return path, values

    def describe(self):
        path, values = self._run()
        slope, intercept = path[-1]
        about = "" if self.centre == "measured" else ", with x counted from its mean"
        return (
            f"Four points on the line y = 2x and the line fitted to them by {len(path) - 1} steps of gradient descent "
            f"at rate {self.lr:g}{about}, with the miss at each point; beside it the mean squared error on a log axis. "
            f"The run ends with slope {slope:.4g}, intercept {intercept:.4g} and an error of {values[-1]:.3g}."
        )

    def paint(self, canvas):
        path, values = self._run()
        left, right = canvas.subplots(1, 2)
        x, y = np.transpose(POINTS)
        slope, intercept = path[-1]
        shift = CENTRES[self.centre]
        ends = np.array([0.0, 5.0])
        left.plot(ends, slope * (ends - shift) + intercept, color=plots.COLORS["path"])
        left.vlines(x, slope * (x - shift) + intercept, y, color=plots.COLORS["gradient"], linestyles="--")
        left.plot(x, y, "o", color=plots.COLORS["gradient"])
        left.set(xlabel="x", ylabel="y", xlim=(0, 5), ylim=(-1, 10))
        right.semilogy(np.clip(values, 1e-16, 1e16), color=plots.COLORS["path"])
        right.axhline(TARGET["error"], color=plots.COLORS["theory"], ls="--", lw=1)
        figure.decades(right.yaxis)
        right.set(xlabel="step", title="mean squared error")
