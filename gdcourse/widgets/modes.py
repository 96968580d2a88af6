"""One bar for each curvature: what a step of gradient descent leaves of the error along it, and the error over time."""

import numpy as np

from gdcourse import plots
from gdcourse._validate import in_range, positive_integer
from gdcourse.theory import factor_rule, iterations_bound
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget

RATES = (0.01, 2.2)
KAPPAS = (2.0, 1000.0)
COUNTS = (2, 12)
STEPS = 1000
TARGET = {"error": 1e-6, "kappa": 100, "steps": iterations_bound(100, 1e-6)}


def curvature_rule(k, count, kappa):
    """The k-th of count curvatures, evenly spaced from 1/kappa to 1."""
    smallest = 1.0 / kappa
    return smallest + (1.0 - smallest) * k / (count - 1.0)


def _count(name, value):
    return int(in_range(name, positive_integer(name, value), *COUNTS))


class Modes(Widget):
    """The factor of gradient descent along each eigenvector of a quadratic whose largest curvature is 1.

    Args:
        lr: the learning rate, 0.01 to 2.2; kappa: largest over smallest curvature, 2 to 1000.
        count: how many curvatures, 2 to 12, evenly spaced.
    Raises: ValueError for a number out of its range.
    Example:
        >>> status, (curvatures, factors, errors) = Modes().answer({"lr": 1.5, "kappa": 4, "count": 2})
        >>> curvatures.tolist(), factors.tolist(), errors[:3].tolist()
        ([0.25, 1.0], [0.625, -0.5], [1.0, 0.625, 0.390625])
    """

    kind = "modes"
    room = ("0px + 531px", "0px + 848px")
    lr = Setting(lambda name, value: in_range(name, value, *RATES), 1.0)
    kappa = Setting(lambda name, value: in_range(name, value, *KAPPAS), 100.0)
    count = Setting(_count, 6)

    @classmethod
    def rules(cls):
        return translate.module(
            RATES=RATES, KAPPAS=KAPPAS, COUNTS=COUNTS, STEPS=STEPS, TARGET=TARGET,
            RULES={"curvature": curvature_rule, "factor": factor_rule},
        )  # fmt: skip

    def answer(self, settings):
        lr, kappa = in_range("lr", settings["lr"], *RATES), in_range("kappa", settings["kappa"], *KAPPAS)
        count = _count("count", settings["count"])
        curvatures = curvature_rule(np.arange(float(count)), count, kappa)
        factors = factor_rule(lr, curvatures)
        left = np.ones(count)
        errors = [1.0]
        for _ in range(STEPS):
            left = left * factors
            errors.append(np.abs(left).max())
        return "max_steps", [curvatures, factors, np.array(errors)]

    def _run(self):
        return self.answer({name: getattr(self, name) for name in self.settings()})[1]

    def describe(self):
        _, factors, errors = self._run()
        return (
            f"A bar for each of {self.count} curvatures: the factor by which a step of gradient descent at rate "
            f"{self.lr:g} multiplies the error along it, from {factors[0]:.4g} for the smallest to {factors[-1]:.4g} "
            f"for the largest, at a conditioning of {self.kappa:g}. Beside it the largest error left on a log axis, "
            f"{errors[-1]:.3g} after {STEPS:,} steps."
        )

    def paint(self, canvas):
        curvatures, factors, errors = self._run()
        left, right = canvas.subplots(1, 2)
        ends = np.isin(np.arange(self.count), (0, self.count - 1))
        colours = np.where(ends, plots.COLORS["path"], plots.COLORS["gradient"])
        left.bar(curvatures, factors, width=0.6 / COUNTS[1], color=colours)
        for level in (-1, 1):
            left.axhline(level, color="#b0b0b0", lw=0.8)
            left.axhline(level * np.abs(factors).max(), color=plots.COLORS["theory"], ls="--", lw=1)
        left.set(xlabel="curvature", title="factor per step", xlim=(-0.1, 1.1), ylim=(-1.4, 1.4))
        right.semilogy(np.clip(errors, 1e-16, 1e16), color=plots.COLORS["path"])
        right.axhline(TARGET["error"], color=plots.COLORS["theory"], ls="--", lw=1)
        figure.decades(right.yaxis)
        right.set(xlabel="step", title="largest error left")
