"""A race of optimisers down a canyon that can be turned and scaled: who notices which?"""

import numpy as np

from gdcourse import optimizers, plots
from gdcourse._validate import in_range, one_of
from gdcourse.descent import descend
from gdcourse.problems import Problem
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget

METHODS = {
    "gd": {"title": "descent", "rule": optimizers.gd_rule, "first": [], "settings": [], "lr": 0.035},
    "momentum": {"title": "momentum", "rule": optimizers.momentum_rule, "first": [0], "settings": [0.9], "lr": 0.03},
    "rmsprop": {"title": "RMSProp", "rule": optimizers.rmsprop_rule, "first": [0], "settings": [0.99, 1e-8],
                "lr": 0.03},
    "adam": {"title": "Adam", "rule": optimizers.adam_rule, "first": [0, 0, 1, 1], "settings": [0.9, 0.999, 1e-8],
             "lr": 0.1},
}  # fmt: skip
"""How a page runs each racer: its rule, the state before the first step, what its factory takes, and its rate."""

RACERS = {"two": ["momentum", "adam"], "three": ["gd", "momentum", "adam"], "four": list(METHODS)}
ANGLES = range(0, 50, 5)
TURNS = [[float(np.cos(np.radians(angle))), float(np.sin(np.radians(angle)))] for angle in ANGLES]
START = (-2.0, 0.8)  # along the canyon and across it: the start turns with the canyon
WINDOW = (-3.0, 3.0, -2.0, 2.0)
RATES = (0.001, 2.0)
SCALES = (0.01, 100.0)
STEEPNESS = 50.0
STEPS = 400
TARGET = {"error": 1e-6, "margin": 50}


def turned_value(x, y, c, s, scale):
    along = c * x + s * y
    across = c * y - s * x
    return scale * (0.5 * (along * along + STEEPNESS * across * across))


def turned_gradient(x, y, c, s, scale):
    along = scale * (c * x + s * y)
    across = scale * STEEPNESS * (c * y - s * x)
    return c * along - s * across, s * along + c * across


def turned_point(along, across, c, s):
    return c * along - s * across, s * along + c * across


def _angle(name, value):
    value = in_range(name, value, ANGLES[0], ANGLES[-1])
    if value % ANGLES.step:
        raise ValueError(f"{name} must be a multiple of {ANGLES.step} degrees, got {value:g}")
    return int(value)


def _rate(method):
    return Setting(lambda name, value: in_range(name, value, *RATES), METHODS[method]["lr"])


class Race(Widget):
    """Two to four optimisers in a canyon of condition number 50, turned by an angle and multiplied by a scale.

    Args:
        racers: "two" (momentum and Adam), "three" (descent as well) or "four" (and RMSProp).
        angle: 0, 5, ... 45 degrees; scale: the factor of the loss, 0.01 to 100.
        lr_gd, lr_momentum, lr_rmsprop, lr_adam: their rates, 0.001 to 2.
    Raises: ValueError for an unknown name, another angle, or a number out of its range.
    Example:
        >>> race = Race()
        >>> status, (path, values, *others) = race.answer(race.chosen() | {"angle": 0, "lr_gd": 0.01})
        >>> path[1].round(2).tolist(), float(values[0])
        ([-1.98, 0.4], 18.0)
    """

    kind = "race"
    room = ("40cqw + 347px", "66.7cqw + 698px")
    racers = Setting(lambda name, value: one_of(name, value, RACERS), "two")
    angle = Setting(_angle, 15)
    scale = Setting(lambda name, value: in_range(name, value, *SCALES), 1.0)
    lr_gd, lr_momentum, lr_rmsprop, lr_adam = (_rate(method) for method in METHODS)

    @classmethod
    def rules(cls):
        return translate.module(
            METHODS=METHODS, RACERS=RACERS, TURNS=TURNS, START=START, WINDOW=WINDOW, RATES=RATES, SCALES=SCALES,
            STEPS=STEPS, TARGET=TARGET,
            RULES={"value": turned_value, "gradient": turned_gradient, "point": turned_point},
        )  # fmt: skip

    def answer(self, settings):
        settings = self.checked(settings)
        turn = TURNS[settings["angle"] // ANGLES.step]
        canyon = Problem(
            value=lambda p: turned_value(p[0], p[1], *turn, settings["scale"]),
            gradient=lambda p: np.array(turned_gradient(p[0], p[1], *turn, settings["scale"])),
            dimension=2,
            start=np.array(turned_point(*START, *turn)),
        )
        arrays = []
        for name, method in METHODS.items():
            optimizer = optimizers.OPTIMIZERS[name](*method["settings"])
            trace = descend(canyon, optimizer, lr=settings[f"lr_{name}"], steps=STEPS)
            arrays += [trace.path, trace.values]
        return "raced", arrays

    def _runs(self):
        _, arrays = self.answer(self.chosen())
        runs = dict(zip(METHODS, zip(arrays[::2], arrays[1::2], strict=True), strict=True))
        return {name: runs[name] for name in RACERS[self.racers]}

    def describe(self):
        ends = ", ".join(
            f"{METHODS[name]['title']} at rate {getattr(self, f'lr_{name}'):g} "
            + (f"diverged at step {len(path)}" if len(path) <= STEPS else f"has {values[-1] / values[0]:.3g} left")
            for name, (path, values) in self._runs().items()
        )
        return (
            f"A canyon of condition number {STEEPNESS:g}, turned by {self.angle} degrees and scaled by {self.scale:g}, "
            f"with the paths of the racers; beside it their losses as a share of the first, on a log axis. "
            f"After {STEPS} steps {ends}."
        )

    def paint(self, canvas):
        over, beside = canvas.subplots(1, 2, width_ratios=(3, 2))
        x, y = np.meshgrid(np.linspace(*WINDOW[:2], 90), np.linspace(*WINDOW[2:], 60))
        heights = turned_value(x, y, *TURNS[self.angle // ANGLES.step], 1.0)
        over.contour(x, y, heights, np.quantile(heights, (np.arange(1, 10) / 10) ** 2), colors="#b0b0b0",
                     linewidths=0.6)  # fmt: skip
        over.set(xlim=WINDOW[:2], ylim=WINDOW[2:], aspect="equal", xlabel="x", ylabel="y")
        looks = {"gd": ("fourth", ":"), "momentum": ("gradient", "--"), "rmsprop": ("second", "-."),
                 "adam": ("path", "-")}  # fmt: skip
        for name, (path, values) in self._runs().items():
            look = {"color": plots.COLORS[looks[name][0]], "ls": looks[name][1], "label": METHODS[name]["title"]}
            over.plot(*np.clip(path[:120], -1e3, 1e3).T, lw=1.2, **look)
            shares = np.clip(values / values[0], 1e-16, 1e16)[::2]
            beside.semilogy(2 * np.arange(len(shares)), shares, lw=1.2, **look)
        beside.axhline(TARGET["error"], color=plots.COLORS["theory"], ls="--", lw=1)
        beside.legend()
        figure.decades(beside.yaxis)
        beside.set(xlabel="step", title="share of the first loss")
