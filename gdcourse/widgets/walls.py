"""Walls and creases: three methods at the wall of an L1 ball, and what the radius does to a fit of ten coefficients."""

import numpy as np
from numpy import sqrt, where

from gdcourse import plots
from gdcourse._validate import as_vector, in_range, one_of
from gdcourse.optimizers import gd_rule
from gdcourse.widgets import translate
from gdcourse.widgets.base import Setting, Widget

FEATURES = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
KNOTS = [
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 2.86, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 17.21, 0.0, 0.0, 0.0, 0.0, 0.0, 14.35, 0.0],
    [0.0, 0.0, 20.68, 3.77, 0.0, 0.0, 0.0, 0.0, 17.83, 0.0],
    [0.0, 0.0, 24.05, 9.1, 0.0, 0.0, -5.43, 0.0, 20.91, 0.0],
    [0.0, -3.56, 24.32, 11.14, 0.0, 0.0, -8.07, 0.0, 21.44, 0.0],
    [0.0, -5.33, 24.36, 12.01, 0.0, 0.0, -9.32, 0.0, 21.52, 0.57],
    [0.0, -9.41, 24.84, 14.13, -4.94, 0.0, -10.65, 0.0, 24.48, 2.61],
    [0.0, -10.76, 25.06, 14.95, -9.28, 0.0, -7.25, 5.06, 25.21, 3.07],
    [0.0, -10.81, 25.04, 14.98, -11.29, 1.6, -6.4, 5.3, 25.95, 3.07],
    [-0.27, -11.15, 24.86, 15.24, -26.36, 13.64, 0.0, 7.08, 31.54, 3.16],
    [-0.33, -11.28, 24.79, 15.29, -27.61, 14.93, 0.0, 6.65, 32.1, 3.2],
    [-0.48, -11.41, 24.73, 15.43, -37.68, 22.68, 4.81, 8.42, 35.73, 3.22],
]
"""The lasso's coefficients for the diabetes data wherever one comes or goes, to 0.01: between them they are straight.

Every column standardised, as in the chapter. Carried, so that a page needs no data; a test computes them anew.
"""

RADII = (1.0, 165.0)
BALL = 55.0  # the radius of the fit over that of the ball in the plane
WINDOW = (-3.0, 3.0, -3.0, 3.0)
STEPS = 60
SURE = 500  # projected steps to the constrained minimum
RATE = 0.4  # the largest curvature of the bowl is 1.97
TARGET = {"features": 3, "radius": 32.0}


def slope_rule(x, y, a, b):
    """The gradient of the bowl 1/2 (u^2 + 1.2 u v + 1.6 v^2), where u = x - a and v = y - b."""
    u = x - a
    v = y - b
    return u + 0.6 * v, 0.6 * u + 1.6 * v


def height_rule(x, y, a, b):
    u = x - a
    v = y - b
    return 0.5 * (u * u + 1.2 * u * v + 1.6 * v * v)


def size_rule(x):
    return where(x < 0.0, -x, x)


def sign_rule(x):
    return where(x < 0.0, -1.0, 1.0)


def project_rule(x, y, r):
    """The nearest point of the L1 ball: both entries go down by half the excess, or the smaller to zero."""
    p = size_rule(x)
    q = size_rule(y)
    half = 0.5 * (p + q - r)
    px = where(p <= half, 0.0, where(q <= half, r, p - half))
    py = where(q <= half, 0.0, where(p <= half, r, q - half))
    px = where(half <= 0.0, p, px)
    py = where(half <= 0.0, q, py)
    return sign_rule(x) * px, sign_rule(y) * py


def projected_rule(x, y, gx, gy, r, level, t):
    nx, ny = project_rule(x + gd_rule(gx, RATE), y + gd_rule(gy, RATE), r)
    return nx, ny


def frank_wolfe_rule(x, y, gx, gy, r, level, t):
    share = 2.0 / (t + 2.0)
    p = size_rule(gx)
    q = size_rule(gy)
    vx = where(p < q, 0.0, -r * sign_rule(gx))
    vy = where(p < q, -r * sign_rule(gy), 0.0)
    return x + share * (vx - x), y + share * (vy - y)


def kink_rule(x, g, level):
    """The slope of the bowl and the crease level * |x|; on the crease the smallest of them all."""
    flat = where(size_rule(g) <= level, 0.0, g - level * sign_rule(g))
    return where(x == 0.0, flat, g + level * sign_rule(x))


def subgradient_rule(x, y, gx, gy, r, level, t):
    lr = 2.0 * RATE / sqrt(t + 1.0)
    nx = x + gd_rule(kink_rule(x, gx, level), lr)
    ny = y + gd_rule(kink_rule(y, gy, level), lr)
    return nx, ny


METHODS = {
    "projected": {"title": "projected gradient", "rule": projected_rule},
    "frank-wolfe": {"title": "Frank-Wolfe", "rule": frank_wolfe_rule},
    "subgradient": {"title": "subgradient", "rule": subgradient_rule},
}
"""Each takes the point, the gradient, the radius, the level of the crease and the step's number."""


def between_rule(low, high, share):
    return low + (high - low) * share


SIZES = [sum(abs(value) for value in knot) for knot in KNOTS]


def coefficients(radius):
    """Return the ten coefficients of the fit in an L1 ball of this radius."""
    if radius >= SIZES[-1]:
        return np.array(KNOTS[-1])
    k = max(j for j, size in enumerate(SIZES) if size <= radius)
    share = (radius - SIZES[k]) / (SIZES[k + 1] - SIZES[k])
    return between_rule(np.array(KNOTS[k]), np.array(KNOTS[k + 1]), share)


def total_rule(height, x, y, level):
    return height + level * (size_rule(x) + size_rule(y))


def lowest_in_ball(a, b, r):
    """Return the lowest point of the bowl about (a, b) in the ball of radius r, and the level of an equal crease."""
    x, y = 0.0, 0.0
    for t in range(SURE):
        x, y = map(float, projected_rule(x, y, *slope_rule(x, y, a, b), r, 0.0, t))
    return x, y, float(max(map(size_rule, slope_rule(x, y, a, b))))


def _free(name, value):
    x, y = as_vector(name, value, 2)
    return [in_range(f"{name} x", float(x), *WINDOW[:2]), in_range(f"{name} y", float(y), *WINDOW[2:])]


class Walls(Widget):
    """Sixty steps of a method towards the lowest point of a bowl in an L1 ball, and ten coefficients in another.

    The subgradient method has no wall: it descends the bowl with a crease along each axis, level * (|x| + |y|),
    whose lowest point is the same.

    Args:
        radius: of the ball for the ten coefficients, 1 to 165; the ball in the plane has 1/55 of it.
        method: "projected", "frank-wolfe" or "subgradient".
        free: where the bowl alone is lowest, (x, y), each -3 to 3.
    Raises: ValueError for an unknown name or a number out of its range.
    Example:
        >>> walls = Walls(radius=32)
        >>> status, (path, gaps, lowest, fit) = walls.answer(walls.chosen())
        >>> lowest[:2].round(3).tolist(), [name for name, value in zip(FEATURES, fit) if value]
        ([0.073, 0.509], ['bmi', 'bp', 's5'])
    """

    kind = "walls"
    room = ("45cqw + 421px", "100cqw + 787px")
    radius = Setting(lambda name, value: in_range(name, value, *RADII), 64.0)
    method = Setting(lambda name, value: one_of(name, value, METHODS), "projected")
    free = Setting(_free, [1.8, 1.2])

    @classmethod
    def rules(cls):
        return translate.module(
            FEATURES=FEATURES, KNOTS=KNOTS, SIZES=SIZES, RADII=RADII, BALL=BALL, WINDOW=WINDOW, STEPS=STEPS,
            SURE=SURE, TARGET=TARGET, METHODS=METHODS,
            RULES={"slope": slope_rule, "height": height_rule, "total": total_rule, "between": between_rule},
        )  # fmt: skip

    def answer(self, settings):
        settings = self.checked(settings)
        (a, b), r = settings["free"], settings["radius"] / BALL
        *best, level = lowest_in_ball(a, b, r)
        crease = level if settings["method"] == "subgradient" else 0.0
        path, values = [(-0.5 * r, -0.5 * r)], []
        for t in range(STEPS + 1):
            x, y = path[-1]
            values.append(total_rule(height_rule(x, y, a, b), x, y, crease))
            if t < STEPS:
                step = METHODS[settings["method"]]["rule"]
                path.append(tuple(map(float, step(x, y, *slope_rule(x, y, a, b), r, level, float(t)))))
        gaps = np.array(values) - total_rule(height_rule(*best, a, b), *best, crease)
        return "max_steps", [np.array(path), gaps, np.array([*best, level]), coefficients(settings["radius"])]

    def describe(self):
        _, (path, gaps, _, fit) = self.answer(self.chosen())
        kept = [name for name, value in zip(FEATURES, fit, strict=True) if value]
        return (
            f"Contour lines of a bowl, an L1 ball of radius {self.radius / BALL:.3g} and {STEPS} steps of "
            f"{METHODS[self.method]['title']}, which end at ({path[-1][0]:.3g}, {path[-1][1]:.3g}), "
            f"{max(gaps[-1], 0):.3g} above the lowest point allowed. Beside it ten coefficients of a fit to the "
            f"diabetes data against the radius: {self.radius:g} keeps {len(kept)}, {', '.join(kept)}."
        )

    def paint(self, canvas):
        _, (path, _, lowest, fit) = self.answer(self.chosen())
        left, right = canvas.subplots(1, 2)
        x, y = np.meshgrid(np.linspace(*WINDOW[:2], 60), np.linspace(*WINDOW[2:], 60))
        left.contour(x, y, height_rule(x, y, *self.free), 8, colors="#b0b0b0", linewidths=0.6)
        corners = self.radius / BALL * np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0]])
        left.plot(*corners.T, color=plots.COLORS["gradient"])
        left.plot(*lowest[:2], "+", color=plots.COLORS["minimum"], ms=9, mew=2)
        left.plot(*path.T, "o-", color=plots.COLORS["path"], ms=3, lw=1)
        left.plot(*self.free, "o", color=plots.COLORS["path"], mfc="white")
        left.set(aspect="equal", xlim=WINDOW[:2], ylim=WINDOW[2:], xlabel="x", ylabel="y")
        for values, kept in zip(np.transpose(KNOTS), fit, strict=True):
            right.plot(SIZES, values, color=plots.COLORS["gradient"] if kept else "#b0b0b0", lw=1.2)
        right.axvline(self.radius, color=plots.COLORS["theory"], ls="--", lw=1)
        right.set(xlabel="radius", title="coefficients")
