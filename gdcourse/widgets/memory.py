"""Rate and memory of the heavy ball: a map of how fast the error shrinks, and the run of the chosen point."""

import numpy as np
from numpy import sqrt, where

from gdcourse import optimizers, plots
from gdcourse._validate import in_range
from gdcourse.descent import descend
from gdcourse.problems import Problem
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget

RATES = (0.01, 4.0)
BETAS = (0.0, 0.99)
KAPPAS = (2.0, 1000.0)
STEPS = 300
LEVELS = (0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
TARGET = {"error": 1e-6, "kappa": 100, "steps": 100}


def valley_value(x, y, mu):
    return 0.5 * (mu * x * x + y * y)


def valley_gradient(x, y, mu):
    return mu * x, y


def discriminant_rule(lr, beta, curvature):
    trace = 1.0 + beta - lr * curvature
    return trace * trace - 4.0 * beta


def radius_rule(lr, beta, curvature):
    """The factor of the heavy ball's error along an eigenvector in the long run: the roots of z^2 - trace z + beta."""
    trace = 1.0 + beta - lr * curvature
    size = where(trace < 0.0, -trace, trace)
    inside = discriminant_rule(lr, beta, curvature)
    real = 0.5 * (size + sqrt(where(inside < 0.0, 0.0, inside)))
    return where(inside < 0.0, sqrt(beta), real)


def least_rate_rule(factor, beta, curvature):
    """The rate from which on the error shrinks by this factor or more: the root z = factor. It is a line in beta."""
    return (1.0 - factor) * (1.0 - beta / factor) / curvature


def most_rate_rule(factor, beta, curvature):
    """The rate up to which it does: the root z = -factor. With a memory above factor^2 no rate does."""
    return (1.0 + factor) * (1.0 + beta / factor) / curvature


class Memory(Widget):
    """The heavy ball on a valley whose largest curvature is 1, for any rate and memory.

    Args:
        lr: the learning rate, 0.01 to 4; beta: the memory, 0 to 0.99.
        kappa: largest over smallest curvature, 2 to 1000.
    Raises: ValueError for a number out of its range.
    Example:
        >>> status, (path, errors, factors) = Memory().answer({"lr": 1.0, "beta": 0.0, "kappa": 2.0})
        >>> path[1].tolist(), factors.tolist()
        ([0.5, 0.0], [0.5, 0.0])
    """

    kind = "memory"
    room = ("0px + 723px", "0px + 1072px")
    lr = Setting(lambda name, value: in_range(name, value, *RATES), 1.0)
    beta = Setting(lambda name, value: in_range(name, value, *BETAS), 0.5)
    kappa = Setting(lambda name, value: in_range(name, value, *KAPPAS), 100.0)

    @classmethod
    def rules(cls):
        return translate.module(
            RATES=RATES, BETAS=BETAS, KAPPAS=KAPPAS, STEPS=STEPS, LEVELS=LEVELS, TARGET=TARGET,
            RULES={
                "step": optimizers.momentum_rule, "value": valley_value, "gradient": valley_gradient,
                "inside": discriminant_rule, "radius": radius_rule, "least": least_rate_rule, "most": most_rate_rule,
            },
        )  # fmt: skip

    def answer(self, settings):
        lr, beta, kappa = (self.checked(settings)[name] for name in ("lr", "beta", "kappa"))
        mu = 1.0 / kappa
        valley = Problem(
            value=lambda p: valley_value(p[0], p[1], mu),
            gradient=lambda p: np.array(valley_gradient(p[0], p[1], mu)),
            dimension=2,
            start=np.ones(2),
        )
        trace = descend(valley, optimizers.momentum(beta), lr=lr, steps=STEPS)
        errors = np.sqrt((trace.path[:, 0] * trace.path[:, 0] + trace.path[:, 1] * trace.path[:, 1]) / 2.0)
        factors = [float(radius_rule(lr, beta, curvature)) for curvature in (mu, 1.0)]
        return trace.status, [trace.path, errors, np.array(factors)]

    def describe(self):
        _, (path, errors, factors) = self.answer(self.chosen())
        return (
            f"A map over rate and memory of the factor by which the heavy ball shrinks the error at each step, at a "
            f"conditioning of {self.kappa:g}, with the point at rate {self.lr:g} and memory {self.beta:g} marked, "
            f"where the factor is {max(factors):.4g}; beside it the error of that run on a log axis, "
            f"{errors[-1]:.3g} after {len(path) - 1} steps."
        )

    def paint(self, canvas):
        _, (_, errors, _) = self.answer(self.chosen())
        left, right = canvas.subplots(1, 2)
        lr, beta = np.meshgrid(np.linspace(0, RATES[1], 90), np.linspace(0, 1, 60))
        slowest = np.maximum(radius_rule(lr, beta, 1 / self.kappa), radius_rule(lr, beta, 1.0))
        left.contour(lr, beta, slowest, LEVELS, colors="#b0b0b0", linewidths=0.8)
        left.plot([2, 4], [0, 1], color=plots.COLORS["theory"], ls="--", lw=1)
        left.plot(self.lr, self.beta, "o", color=plots.COLORS["path"], mfc="white", ms=8, mew=2)
        left.set(xlabel="rate", ylabel="memory", title="factor per step")
        right.semilogy(np.clip(errors, 1e-16, 1e16), color=plots.COLORS["path"])
        right.axhline(TARGET["error"], color=plots.COLORS["theory"], ls="--", lw=1)
        figure.decades(right.yaxis)
        right.set(xlabel="step", title="error")
