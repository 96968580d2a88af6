"""The path of an optimiser over a surface: move the rate, the momentum and the start, and see where it goes."""

import numpy as np

from gdcourse import optimizers, plots
from gdcourse._validate import as_vector, in_range, one_of, positive, positive_integer
from gdcourse.descent import descend
from gdcourse.problems import SURFACES, surface_problem
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget

METHODS = {
    "gd": {"title": "gradient descent", "rule": optimizers.gd_rule, "memory": 0, "settings": ["lr"]},
    "momentum": {"title": "heavy ball", "rule": optimizers.momentum_rule, "memory": 1, "settings": ["lr", "beta"]},
    "nesterov": {"title": "Nesterov", "rule": optimizers.nesterov_rule, "memory": 1, "settings": ["lr", "beta"]},
}
"""How a page runs each rule: the numbers it remembers, and the settings it takes after them."""

TARGET = {"error": 0.01, "steps": 30, "surfaces": 3, "away": 1.0}
MAX_STEPS = 200
RATIO = 1.5  # every map is half as wide again as it is high, so that nothing jumps when the surface changes


def window(name):
    """Return the window (x low, x high, y low, y high) of a surface, widened to the shape of the map.

    Example:
        >>> window("rosenbrock")
        (-3.0, 3.0, -1.0, 3.0)
    """
    left, right, low, high = SURFACES[name].window
    wide, high_by = max(right - left, RATIO * (high - low)), max(high - low, (right - left) / RATIO)
    x, y = (left + right) / 2, (low + high) / 2
    return x - wide / 2, x + wide / 2, y - high_by / 2, y + high_by / 2


def lowest(name):
    """Return the least value of a surface, that of its best minimum.

    Example:
        >>> lowest("canyon")
        0.0
    """
    return float(min(SURFACES[name].value(*point) for point in SURFACES[name].minima))


def _grid(name, count):
    left, right, low, high = window(name)
    return np.meshgrid(np.linspace(left, right, count), np.linspace(low, high, round(count / RATIO)))


def _range(name, value):
    low, high = as_vector(name, value, 2)
    if not 0 < low < high:
        raise ValueError(f"{name} must be two rising positive rates, got {value!r}")
    return [float(low), float(high)]


class Path(Widget):
    """The path of an optimiser over a test function of two parameters.

    Args:
        surface: a name in SURFACES; optimizer: "gd", "momentum" or "nesterov".
        lr: the learning rate, inside lr_range; beta: momentum in [0, 1), for the methods that have it.
        start: (x, y) inside the window of the surface; its own start if left out.
        steps: 1 to 200. lr_range: the ends of the learning-rate slider.
    Raises: ValueError for an unknown name, a number out of its range, or a start outside the window.
    Example:
        >>> path = Path(surface="canyon", lr=0.01)
        >>> path.answer({"surface": "bowl", "optimizer": "gd", "lr": 0.5, "beta": 0, "start": [2, 0], "steps": 2})
        ('max_steps', [array([[2. , 0. ],
               [1. , 0. ],
               [0.5, 0. ]]), array([2.   , 0.5  , 0.125])])
    """

    kind = "path"
    surface = Setting(lambda name, value: one_of(name, value, SURFACES), "canyon")
    optimizer = Setting(lambda name, value: one_of(name, value, METHODS), "gd")
    lr = Setting(positive, 0.01)
    beta = Setting(lambda name, value: in_range(name, value, 0, 1, "[)"), 0.9)
    start = Setting(lambda name, value: as_vector(name, value, 2).tolist(), [0.0, 0.0])
    steps = Setting(lambda name, value: int(in_range(name, positive_integer(name, value), 1, MAX_STEPS)), 60)
    lr_range = Setting(_range, [1e-4, 2.0])

    def __init__(self, surface="canyon", optimizer="gd", *, start=None, **settings):
        one_of("surface", surface, SURFACES)
        start = SURFACES[surface].start if start is None else start
        super().__init__(surface=surface, optimizer=optimizer, start=start, **settings)
        in_range("lr", self.lr, *self.lr_range)
        x_low, x_high, y_low, y_high = window(surface)
        in_range("start x", self.start[0], x_low, x_high)
        in_range("start y", self.start[1], y_low, y_high)

    @classmethod
    def rules(cls):
        surfaces = {
            name: {
                "title": name.capitalize() if name in ("rosenbrock", "himmelblau") else name,
                "value": surface.value,
                "gradient": surface.gradient,
                "window": window(name),
                "start": surface.start,
                "minima": np.round(surface.minima, 4).tolist(),
                "lowest": lowest(name),
            }
            for name, surface in SURFACES.items()
        }
        return translate.module(METHODS=METHODS, SURFACES=surfaces, TARGET=TARGET)

    def answer(self, settings):
        """Return the status, and the path and the values that `descend` finds for these settings."""
        method = METHODS[one_of("optimizer", settings["optimizer"], METHODS)]
        options = {name: settings[name] for name in method["settings"] if name != "lr"}
        trace = descend(
            surface_problem(one_of("surface", settings["surface"], SURFACES)),
            optimizers.OPTIMIZERS[settings["optimizer"]](**options),
            lr=settings["lr"], start=settings["start"],
            steps=int(in_range("steps", settings["steps"], 1, MAX_STEPS)),
        )  # fmt: skip
        return trace.status, [trace.path, trace.values]

    def _run(self):
        status, (path, values) = self.answer({name: getattr(self, name) for name in self.settings()})
        return status, path, values - lowest(self.surface)

    def describe(self):
        status, path, gaps = self._run()
        x, y = path[-1]
        end = (
            f"diverged at step {len(path)}" if status == "diverged"
            else f"ended at ({x:.3g}, {y:.3g}), {gaps[-1]:.3g} above the minimum"
        )  # fmt: skip
        return (
            f"Contour lines of the {self.surface} surface and the path of {METHODS[self.optimizer]['title']} at rate "
            f"{self.lr:g} from ({self.start[0]:g}, {self.start[1]:g}); beside it the value above the minimum on a "
            f"log axis. After {len(path) - 1} steps the path {end}."
        )

    def paint(self, canvas):
        _, path, gaps = self._run()
        surface = SURFACES[self.surface]
        over, beside = canvas.subplots(1, 2, width_ratios=(3, 2))
        x, y = _grid(self.surface, 120)
        heights = surface.value(x, y)
        levels = np.quantile(heights, (np.arange(1, 14) / 14) ** 2)
        left, right, low, high = window(self.surface)
        over.contour(x, y, heights, levels, colors="#b0b0b0", linewidths=0.6)
        over.set(xlim=(left, right), ylim=(low, high), aspect="equal", xlabel="x", ylabel="y")
        over.plot(*np.transpose(surface.minima), "+", color=plots.COLORS["minimum"], ms=9, mew=2)
        plots.path(over, path[np.cumsum(np.abs(path).max(axis=1) > 1e3) < 2])  # up to the first point far outside
        beside.semilogy(np.clip(gaps, 1e-16, 1e16 * (1 + gaps[0])), color=plots.COLORS["path"])
        beside.axhline(TARGET["error"], color=plots.COLORS["theory"], ls="--", lw=1)
        figure.decades(beside.yaxis)
        beside.set(xlabel="step", title="above the minimum")
