"""How small is h: three ways to measure a derivative, and the error of each against the step."""

import numpy as np

from gdcourse import plots
from gdcourse._validate import in_range, one_of
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget

POINT = 1.5
SIZES = (1e-16, 1.0)
GRID = [float(f"{10 ** (-k / 4):.3g}") for k in range(65)]


def cube_value(x):
    return x * x * x


def cube_slope(x):
    return 3.0 * (x * x)


def cube_complex(a, b):
    """The real and the imaginary part of (a + ib)^3."""
    real = a * a - b * b
    imaginary = 2.0 * (a * b)
    return real * a - imaginary * b, real * b + imaginary * a


def reciprocal_value(x):
    return 1.0 / x


def reciprocal_slope(x):
    return -1.0 / (x * x)


def reciprocal_complex(a, b):
    size = a * a + b * b
    return a / size, -b / size


def bell_value(x):
    return 1.0 / (1.0 + x * x)


def bell_slope(x):
    size = 1.0 + x * x
    return -2.0 * x / (size * size)


def bell_complex(a, b):
    real = 1.0 + (a * a - b * b)
    imaginary = 2.0 * (a * b)
    real, imaginary = reciprocal_complex(real, imaginary)
    return real, imaginary


FUNCTIONS = {
    "cube": {"title": "x³", "value": cube_value, "slope": cube_slope, "complex": cube_complex, "top": 16},
    "reciprocal": {
        "title": "1/x", "value": reciprocal_value, "slope": reciprocal_slope, "complex": reciprocal_complex, "top": 3,
    },
    "bell": {"title": "1/(1 + x²)", "value": bell_value, "slope": bell_slope, "complex": bell_complex, "top": 1.2},
}  # fmt: skip


def forward_rule(here, after, h):
    return (after - here) / h


def central_rule(before, after, h):
    return (after - before) / (2.0 * h)


def error_rule(slope, exact):
    """The relative error of a slope."""
    error = (slope - exact) / exact + 0.0
    return np.where(error < 0.0, -error, error)


METHODS = {
    "forward": {"title": "forward difference", "target": 1e-8},
    "central": {"title": "central difference", "target": 1e-10},
    "complex": {"title": "complex step", "target": 1e-15},
}
COLORS = dict(zip(METHODS, ("path", "second", "fourth"), strict=True))


def slopes(name, h):
    """Return the derivative at POINT as measured with a step h by each of the METHODS, shape (3,) or (3, n).

    Example:
        >>> slopes("cube", 0.5).tolist()
        [9.25, 7.0, 6.5]
    """
    f = FUNCTIONS[name]
    here, before, after = (f["value"](x) for x in (POINT, POINT - h, POINT + h))
    imaginary = f["complex"](POINT, h)[1]
    return np.array([forward_rule(here, after, h), central_rule(before, after, h), imaginary / h])


class StepSize(Widget):
    """The error of a measured derivative against the step h, at x = 1.5.

    Args:
        h: the step, 1e-16 to 1; method: "forward", "central" or "complex"; function: a name in FUNCTIONS.
    Raises: ValueError for an unknown name or a step out of its range.
    Example:
        >>> StepSize().answer({"h": 0.5, "method": "central", "function": "cube"})[1][0].tolist()
        [6.75, 9.25, 7.0, 6.5]
    """

    kind = "step-size"
    room = ("0px + 542px", "0px + 859px")
    h = Setting(lambda name, value: in_range(name, value, *SIZES), 0.5)
    method = Setting(lambda name, value: one_of(name, value, METHODS), "forward")
    function = Setting(lambda name, value: one_of(name, value, FUNCTIONS), "cube")

    @classmethod
    def rules(cls):
        return translate.module(
            POINT=POINT, SIZES=SIZES, GRID=GRID, FUNCTIONS=FUNCTIONS, METHODS=METHODS,
            RULES={"forward": forward_rule, "central": central_rule, "error": error_rule},
        )  # fmt: skip

    def answer(self, settings):
        h = in_range("h", settings["h"], *SIZES)
        one_of("method", settings["method"], METHODS)
        name = one_of("function", settings["function"], FUNCTIONS)
        exact = FUNCTIONS[name]["slope"](POINT)
        return "measured", [np.array([exact, *slopes(name, h)]), error_rule(slopes(name, np.array(GRID)), exact)]

    def _run(self):
        return self.answer({name: getattr(self, name) for name in self.settings()})[1]

    def describe(self):
        (exact, *found), errors = self._run()
        k = list(METHODS).index(self.method)
        least = ", ".join(f"{METHODS[name]['title']} {min(row):.1g}" for name, row in zip(METHODS, errors, strict=True))
        return (
            f"The graph of {FUNCTIONS[self.function]['title']} with its tangent at {POINT} and the line that the "
            f"{METHODS[self.method]['title']} draws with h = {self.h:g}, of slope {found[k]:.6g} where {exact:.6g} is "
            f"exact. Beside it the relative error against h on log axes: two curves fall and rise again, a V each, the "
            f"complex step only falls. Least errors: {least}."
        )

    def paint(self, canvas):
        (exact, *found), errors = self._run()
        left, right = canvas.subplots(1, 2)
        f = FUNCTIONS[self.function]
        x = np.linspace(0.02, 3, 80)
        k = list(METHODS).index(self.method)
        here = f["value"](POINT)
        base = POINT + self.h if self.method == "central" else POINT
        left.plot(x, f["value"](x), color=plots.COLORS["gradient"])
        left.plot(x, here + exact * (x - POINT), color=plots.COLORS["theory"], ls="--", lw=1)
        left.plot(x, f["value"](base) + found[k] * (x - base), color=plots.COLORS["path"])
        left.plot(POINT, here, "o", color=plots.COLORS["path"])
        left.set(xlabel="x", title=f["title"], xlim=(0, 3), ylim=(0, f["top"]))
        for name, row in zip(METHODS, errors, strict=True):
            color = COLORS[name]
            right.loglog(GRID, np.maximum(row, 1e-17), color=plots.COLORS[color], ls=plots.DASHES[color], label=name)
        right.plot(self.h, error_rule(found[k], exact), "o", color=plots.COLORS["path"])
        figure.decades(right.yaxis)
        figure.decades(right.xaxis)
        right.set(xlabel="step h", title="relative error", ylim=(1e-17, 10))
        right.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 0.06), handlelength=1.5)
