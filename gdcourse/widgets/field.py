"""A point on a loss, a direction, and the slope in it: what the gradient is at right angles to, and for whom."""

import numpy as np

from gdcourse import plots
from gdcourse._validate import as_vector, in_range, one_of, positive_integer
from gdcourse.widgets import translate
from gdcourse.widgets.base import Setting, Widget

WINDOW = (-2.4, 2.4, -1.6, 1.6)
STRETCH = 2.0  # in unequal axes a unit is drawn this many times as long upward as across
SINES = np.sin(np.radians(np.arange(91))).round(6).tolist()
"""The sine of each whole degree, carried to the page, where sines may differ in the last bit."""

TARGET = {"share": 0.01}


def loss_value(x, y):
    return 0.5 * (x * x + 4.0 * y * y)


def loss_gradient(x, y):
    return x, 4.0 * y


def size_rule(u):
    return np.where(u < 0.0, -u, u)


def sum_rule(u, v):
    return size_rule(u) + size_rule(v)


def euclid_rule(u, v):
    return np.sqrt(u * u + v * v)


def largest_rule(u, v):
    u = size_rule(u)
    v = size_rule(v)
    return np.where(u < v, v, u)


def slope_rule(gx, gy, u, v, length):
    """The change of the loss for a step of length 1 along (u, v)."""
    return (gx * u + gy * v) / length


AXES = {"equal": 1.0, "unequal": STRETCH}
NORMS = {"euclid": euclid_rule, "sum": sum_rule, "largest": largest_rule}


def _point(name, value):
    x, y = as_vector(name, value, 2).tolist()
    in_range(f"{name} x", x, *WINDOW[:2])
    in_range(f"{name} y", y, *WINDOW[2:])
    return [x, y]


def _angle(name, value):
    return int(in_range(name, positive_integer(name, value, least=0), 0, 359))


def directions():
    """Return the unit vectors at 0, 1, ..., 359 degrees, shape (360, 2), quarter turns of one table."""
    rise = np.array(SINES[:90])
    run = np.array(SINES[90:0:-1])
    return np.column_stack([np.concatenate([run, -rise, -run, rise]), np.concatenate([rise, run, -rise, -run])])


class Field(Widget):
    """The gradient of a loss at a point, and the slope in a direction.

    Args:
        point: (x, y) inside the window; angle: whole degrees, 0 to 359.
        axes: "equal", or "unequal" with the vertical axis drawn twice as long.
        norm: how a step's length is measured, "euclid", "sum" of the components' sizes, or the "largest" of them.
    Raises: ValueError for an unknown name, an angle that is not whole, or a point outside the window.
    Example:
        >>> status, (gradient, slopes) = Field().answer({"point": [1.0, 0.5], "angle": 0, "norm": "sum"})
        >>> gradient.tolist(), slopes[[0, 90, 180]].tolist()
        ([1.0, 2.0], [1.0, 2.0, -1.0])
    """

    kind = "field"
    room = ("40cqw + 272px", "66.7cqw + 569px")
    point = Setting(_point, [1.5, 0.5])
    angle = Setting(_angle, 20)
    axes = Setting(lambda name, value: one_of(name, value, AXES), "equal")
    norm = Setting(lambda name, value: one_of(name, value, NORMS), "euclid")

    @classmethod
    def rules(cls):
        return translate.module(
            AXES=AXES, NORMS=NORMS, SINES=SINES, TARGET=TARGET, WINDOW=WINDOW,
            RULES={"value": loss_value, "gradient": loss_gradient, "slope": slope_rule},
        )  # fmt: skip

    def answer(self, settings):
        gx, gy = loss_gradient(*_point("point", settings["point"]))
        _angle("angle", settings["angle"])
        norm = NORMS[one_of("norm", settings["norm"], NORMS)]
        u, v = directions().T
        return "measured", [np.array([gx, gy]), slope_rule(gx, gy, u, v, norm(u, v))]

    def _run(self):
        return self.answer({name: getattr(self, name) for name in self.settings()})[1]

    def describe(self):
        (gx, gy), slopes = self._run()
        return (
            f"Elliptical contours of a loss on {self.axes} axes with gradient arrows, and a direction of {self.angle} "
            f"degrees at the point ({self.point[0]:g}, {self.point[1]:g}), where the gradient is ({gx:g}, {gy:g}). "
            f"Beside it the slope against the direction: {slopes[self.angle]:.3g} in this one, at most "
            f"{slopes.max():.3g}, at {np.argmax(slopes)} degrees."
        )

    def paint(self, canvas):
        gradient, slopes = self._run()
        over, beside = canvas.subplots(1, 2, width_ratios=(3, 2))
        wide = AXES[self.axes]
        left, right, low, high = WINDOW
        x, y = np.meshgrid(np.linspace(wide * left, wide * right, 60), np.linspace(low, high, 40))
        heights = loss_value(x, y)
        levels = np.quantile(heights, (np.arange(1, 8) / 8) ** 2)
        over.contour(x, y, heights, levels, colors="#b0b0b0", linewidths=0.6)
        over.set(xlim=(wide * left, wide * right), ylim=(low, high), aspect=wide, xlabel="x", ylabel="y")
        point, u = np.array(self.point), directions()
        ball = point + 0.8 * u / NORMS[self.norm](*u.T)[:, None]
        over.plot(*np.vstack([ball, ball[:1]]).T, color=plots.COLORS["theory"], ls="--", lw=1)
        over.plot(*np.transpose([point, ball[self.angle]]), color=plots.COLORS["path"])
        style = {"arrowstyle": "->", "color": plots.COLORS["gradient"], "linewidth": 2}
        over.annotate("", point + 0.3 * gradient, point, arrowprops=style)
        over.plot(*point, "o", color=plots.COLORS["path"])
        beside.plot(slopes, color=plots.COLORS["gradient"])
        beside.axhline(0, color=plots.COLORS["theory"], ls="--", lw=1)
        beside.plot(self.angle, slopes[self.angle], "o", color=plots.COLORS["path"])
        beside.set(xlabel="direction (degrees)", title="slope", xticks=(0, 90, 180, 270, 360))
