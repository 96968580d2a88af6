"""Stopping early beside a penalty: what each keeps of every mode of a least-squares fit, and the two fits."""

import math

import numpy as np
from numpy.polynomial.legendre import legvander

from gdcourse import plots
from gdcourse._validate import in_range, one_of
from gdcourse.problems import least_squares
from gdcourse.theory import factor_rule
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget

TIMES = tuple(k * 10**power for power in range(4) for k in (1, 2, 3, 5, 7)) + (10_000,)
PENALTIES = (1e-4, 10.0)
TARGET = {"gap": 0.06, "miss": 0.3}


def _modes(degree=15, n=20, points=61):
    """Fit a polynomial to twenty noisy points of sin 3x; return rounded tables, which the page holds as they are."""
    rng = np.random.default_rng(13)  # the points of the chapter
    x = rng.uniform(-1, 1, n)
    y = np.sin(3 * x) + rng.normal(scale=0.3, size=n)
    fit = least_squares(legvander(x, degree), y)
    curvatures, modes = np.linalg.eigh(fit.hessian(fit.start))
    grid = np.linspace(-1, 1, points)
    shapes = (legvander(grid, degree) @ modes) * (modes.T @ fit.minimizer)
    return {
        "x": x.round(3).tolist(),
        "y": y.round(3).tolist(),
        "curvatures": [float(f"{one:.6g}") for one in curvatures],
        "grid": grid.round(4).tolist(),
        "sine": np.sin(3 * grid).round(4).tolist(),
        "shapes": np.rint(1000 * shapes.T).astype(int).tolist(),  # in thousandths: short to write
    }


DATA = _modes()
LR = round(1 / DATA["curvatures"][-1], 6)


def ridge_rule(curvature, penalty):
    return curvature / (curvature + penalty)


def stopped_rule(left):
    return 1.0 - left


def _power(base, count):
    """base^count by squaring, as the page does it."""
    result = np.ones_like(base)
    while count:
        result = result * base if count % 2 else result
        base, count = base * base, count // 2
    return result


def _fit(kept):
    total = np.zeros(len(DATA["grid"]))
    for part, shape in zip(kept, np.array(DATA["shapes"]) / 1000):
        total = total + part * shape
    return total


def _apart(one, other):
    """The root of the mean square of a difference, added up one after the other."""
    total = 0.0
    for a, b in zip(one, other):
        total = total + (a - b) * (a - b)
    return math.sqrt(total / len(one))


class Stopping(Widget):
    """Two fits of a polynomial of degree 15 to twenty points: one stopped early, one held back by a penalty.

    Args:
        time: the steps of gradient descent from zero, one of TIMES; penalty: of ridge regression, 1e-4 to 10.
    Raises: ValueError for a time that is not in the table, or a penalty out of its range.
    Example:
        >>> _, arrays = Stopping().answer({"time": 20, "penalty": 0.05})
        >>> arrays[-1].round(2).tolist()  # how far apart the fits are, and each from the sine
        [0.05, 0.27, 0.27]
    """

    kind = "stopping"
    room = ("0px + 485px", "0px + 732px")
    time = Setting(lambda name, value: one_of(name, value, TIMES), 3)
    penalty = Setting(lambda name, value: in_range(name, value, *PENALTIES), 0.001)

    @classmethod
    def rules(cls):
        return translate.module(
            TIMES=TIMES, PENALTIES=PENALTIES, TARGET=TARGET, DATA=DATA, LR=LR,
            RULES={"factor": factor_rule, "ridge": ridge_rule, "stopped": stopped_rule},
        )  # fmt: skip

    def answer(self, settings):
        time = one_of("time", settings["time"], TIMES)
        penalty = in_range("penalty", settings["penalty"], *PENALTIES)
        curvatures = np.array(DATA["curvatures"])
        stopped = stopped_rule(_power(factor_rule(LR, curvatures), time))
        ridge = ridge_rule(curvatures, penalty)
        early, shrunk, sine = _fit(stopped), _fit(ridge), np.array(DATA["sine"])
        apart = np.array([_apart(early, shrunk), _apart(early, sine), _apart(shrunk, sine)])
        return "fitted", [stopped, ridge, early, shrunk, apart]

    def _run(self):
        return self.answer({name: getattr(self, name) for name in self.settings()})[1]

    def describe(self):
        *_, (gap, early, shrunk) = self._run()
        return (
            f"Left, what is kept of each of sixteen modes against its curvature, by {self.time:,} steps of gradient "
            f"descent and by a penalty of {self.penalty:g}. Right, twenty noisy points of a sine and the two fits, "
            f"{gap:.3f} apart in the root mean square and {early:.3f} and {shrunk:.3f} from the sine."
        )

    def paint(self, canvas):
        stopped, ridge, early, shrunk, _ = self._run()
        left, right = canvas.subplots(1, 2)
        left.semilogx(DATA["curvatures"], stopped, "o", color=plots.COLORS["path"])
        left.semilogx(DATA["curvatures"], ridge, "s", color=plots.COLORS["second"], mfc="none")
        figure.decades(left.xaxis)
        left.set(xlabel="curvature", title="part of the mode kept", ylim=(-0.05, 1.05))
        right.plot(DATA["x"], DATA["y"], "o", color=plots.COLORS["gradient"], ms=4)
        right.plot(DATA["grid"], DATA["sine"], color=plots.COLORS["theory"], ls="--", lw=1)
        right.plot(DATA["grid"], early, color=plots.COLORS["path"])
        right.plot(DATA["grid"], shrunk, color=plots.COLORS["second"], ls=(0, (6, 2)))
        right.set(xlabel="x", title="the two fits", ylim=(-2, 2))
