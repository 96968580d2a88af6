"""A schedule drawn by hand: the rate over 400 steps, the error that it ends with, and four customary schedules."""

import functools

import numpy as np
from numpy import where

from gdcourse import plots
from gdcourse._validate import as_vector, in_range, one_of, positive_integer
from gdcourse.optimizers import gd_rule
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget
from gdcourse.widgets.stream import normals

STEPS = 400
EVERY = 50  # steps between two handles, and in an epoch
KNOTS = STEPS // EVERY + 1
RATES = (0.0, 1.2)
SEEDS = (1, 20)
RUNS = 32
STEEP, FLAT = 1.0, 0.05
START = 3.0
NOISE = 0.5
COUNTS = {"run": STEPS, "epoch": EVERY}
"""After how many updates a schedule's count begins again."""

TARGET = 0.9


def constant_rule(t):
    return 0.1 + 0.0 * t


def drops_rule(t):
    return where(t < 200.0, where(t < 100.0, 0.5, 0.1), where(t < 300.0, 0.02, 0.004))


def inverse_rule(t):
    return 0.8 * 50.0 / (t + 50.0)


def line_rule(t):
    return 0.5 + (0.0 - 0.5) * (t / 400.0)


PRESETS = {
    "constant": {"title": "constant", "rule": constant_rule, "look": ("fourth", ":")},
    "drops": {"title": "drops", "rule": drops_rule, "look": ("second", "-.")},
    "inverse": {"title": "inverse time", "rule": inverse_rule, "look": ("third", "--")},
    "line": {"title": "straight line", "rule": line_rule, "look": ("gradient", (0, (7, 2)))},
}


def between_rule(low, high, share):
    return low + (high - low) * share


def noisy_gradient(x, curvature, z):
    return curvature * x + NOISE * z


def loss_rule(x, y):
    return 0.5 * (STEEP * x * x + FLAT * y * y)


def drawn(rates, count):
    """Return the rate of each of the 400 steps: straight lines between handles, the count beginning again or not."""
    t = np.arange(STEPS) % COUNTS[count]
    k = t // EVERY
    rates = np.asarray(rates)
    return between_rule(rates[k], rates[k + 1], (t - EVERY * k) / EVERY)


def errors(rates, seed):
    """Return the mean error of 32 runs on the noisy bowl after 0, 1, ..., 400 steps at these rates."""
    z = np.reshape(normals(seed, 2 * STEPS * RUNS), (STEPS, 2, RUNS))
    x, y = np.full(RUNS, START), np.full(RUNS, START)
    means = []
    for t in range(STEPS + 1):
        means.append(np.cumsum(loss_rule(x, y))[-1] / RUNS)  # in order, as the page adds
        if t < STEPS:
            x = x + gd_rule(noisy_gradient(x, STEEP, z[t, 0]), rates[t])
            y = y + gd_rule(noisy_gradient(y, FLAT, z[t, 1]), rates[t])
    return np.array(means)


@functools.cache
def preset_errors(seed):
    """Return the errors of the four customary schedules, shape (4, 401)."""
    t = np.arange(float(STEPS))
    return np.array([errors(preset["rule"](t), seed) for preset in PRESETS.values()])


def _rates(name, value):
    rates = as_vector(name, value, KNOTS)
    for rate in rates:
        in_range(name, float(rate), *RATES)
    return rates.tolist()


class Schedule(Widget):
    """A learning rate drawn by nine handles, and the error it leaves on a bowl with noisy gradients.

    Args:
        rates: the rate at steps 0, 50, ..., 400, each 0 to 1.2; between them it is a straight line.
        count: "run", or "epoch" to begin the schedule again every 50 steps.
        seed: which noise, 1 to 20.
    Raises: ValueError for an unknown name, another number of handles, or a number out of its range.
    Example:
        >>> schedule = Schedule()
        >>> status, (rates, own, presets) = schedule.answer(schedule.chosen())
        >>> own.shape, [round(last, 4) for last in presets[:, -1].tolist()]
        ((401,), [0.02, 0.0128, 0.0156, 0.0135])
    """

    kind = "schedule"
    room = ("0px + 584px", "0px + 939px")
    rates = Setting(_rates, [0.3] * KNOTS)
    count = Setting(lambda name, value: one_of(name, value, COUNTS), "run")
    seed = Setting(lambda name, value: int(in_range(name, positive_integer(name, value), *SEEDS)), 1)

    @classmethod
    def rules(cls):
        return translate.module(
            STEPS=STEPS, EVERY=EVERY, KNOTS=KNOTS, RATES=RATES, SEEDS=SEEDS, RUNS=RUNS, STEEP=STEEP, FLAT=FLAT,
            START=START, COUNTS=COUNTS, TARGET=TARGET,
            PRESETS={name: {"title": preset["title"], "rule": preset["rule"]} for name, preset in PRESETS.items()},
            RULES={"step": gd_rule, "between": between_rule, "gradient": noisy_gradient, "loss": loss_rule},
        )  # fmt: skip

    def answer(self, settings):
        settings = self.checked(settings)
        rates = drawn(settings["rates"], settings["count"])
        return "max_steps", [rates, errors(rates, settings["seed"]), preset_errors(settings["seed"])]

    def describe(self):
        _, (_, own, presets) = self.answer(self.chosen())
        others = ", ".join(
            f"{preset['title']} {run[-1]:.3g}" for preset, run in zip(PRESETS.values(), presets, strict=True)
        )
        return (
            f"The learning rate over {STEPS} steps as a curve through nine handles, with four customary schedules; "
            f"beside it the mean error of {RUNS} runs on a noisy bowl, on a log axis. The curve ends at an error of "
            f"{own[-1]:.3g}; {others}."
        )

    def paint(self, canvas):
        _, (rates, own, presets) = self.answer(self.chosen())
        left, right = canvas.subplots(1, 2)
        t = np.arange(float(STEPS))
        for preset, run in zip(PRESETS.values(), presets, strict=True):
            look = {"color": plots.COLORS[preset["look"][0]], "ls": preset["look"][1], "lw": 1}
            left.plot(t[::4], preset["rule"](t[::4]), **look)
            right.semilogy(np.arange(0, STEPS + 1, 4), run[::4], **look, label=preset["title"])
        left.plot(t, rates, color=plots.COLORS["path"])
        left.plot(np.arange(KNOTS) * EVERY, self.rates, "o", color=plots.COLORS["path"], mfc="white")
        left.set(xlabel="step", title="learning rate", ylim=(-0.03, 1.23))
        right.semilogy(np.arange(0, STEPS + 1, 2), own[::2], color=plots.COLORS["path"])
        right.legend()
        figure.decades(right.yaxis)
        right.set(xlabel="step", title="mean error")
