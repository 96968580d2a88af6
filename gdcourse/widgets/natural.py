"""One bell curve under three names for its spread: plain descent takes three ways, the natural gradient one."""

import numpy as np

from gdcourse import plots
from gdcourse._validate import as_vector, in_range, one_of
from gdcourse.curvature import GAUSSIANS, fisher_gaussian, gaussian_fit
from gdcourse.widgets import translate
from gdcourse.widgets.base import Setting, Widget

TRUTH = {"mean": 0.0, "variance": 4.0}
RATES = (0.002, 0.1)
WINDOW = (-3.0, 3.0, 0.5, 4.5)  # of the start: mean and standard deviation
FAR = 1e6
STEPS = 400
GRADIENTS = ("plain", "natural")
TOLERANCE = 1e-9
TARGET = {"plain": 1.5, "natural": 0.02}
LOOKS = {"sigma": ("path", "-"), "log sigma": ("second", "--"), "precision": ("fourth", "-.")}


def way(name, gradient, lr, start):
    """Return the means and deviations, (at most 401, 2), of a run under one name, until it leaves the bell curves."""
    chart, problem = GAUSSIANS[name], gaussian_fit(TRUTH["mean"], TRUTH["variance"], name)
    theta = np.array([start[0], chart.phi(np.float64(start[1]))])
    path = [list(start)]
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            step = problem.gradient(theta)
            if gradient == "natural":
                step = step / np.diag(fisher_gaussian(theta, name))
            theta = theta - lr * step
            mean, sigma = theta[0], chart.sigma(theta[1])
            if not (abs(mean) < FAR and 1 / FAR < sigma < FAR):
                break
            path.append([mean, sigma])
    return np.array(path)


def apart(paths):
    """Return the largest distance, at equal times, between two of the paths."""
    both = min(map(len, paths))
    return max(np.linalg.norm(a[:both] - b[:both], axis=1).max() for a in paths for b in paths)


def _start(name, value):
    mean, sigma = as_vector(name, value, 2)
    return [in_range(f"{name} mean", float(mean), *WINDOW[:2]), in_range(f"{name} sigma", float(sigma), *WINDOW[2:])]


class Natural(Widget):
    """Fitting a Gaussian to data of mean 0 and deviation 2 over (mean, sigma), (mean, log sigma), (mean, precision).

    Args:
        lr: the learning rate, 0.002 to 0.1; gradient: which paths are drawn, "plain" or "natural".
        start: (mean, deviation) of the first bell curve, -3 to 3 and 0.5 to 4.5.
    Raises: ValueError for an unknown name or a number out of its range.
    Example:
        >>> natural = Natural()
        >>> status, arrays = natural.answer({"lr": 0.01, "gradient": "plain", "start": [3.0, 1.5]})
        >>> arrays[-1].round(4).tolist()
        [1.7747, 0.0086]
    """

    kind = "natural"
    room = ("0px + 510px", "0px + 828px")
    lr = Setting(lambda name, value: in_range(name, value, *RATES), 0.02)
    gradient = Setting(lambda name, value: one_of(name, value, GRADIENTS), "plain")
    start = Setting(_start, [1.0, 1.0])

    @classmethod
    def rules(cls):
        return translate.module(
            TRUTH=TRUTH, RATES=RATES, WINDOW=WINDOW, FAR=FAR, STEPS=STEPS, GRADIENTS=GRADIENTS, TOLERANCE=TOLERANCE,
            TARGET=TARGET,
        )  # fmt: skip

    def answer(self, settings):
        settings = self.checked(settings)
        runs = [[way(name, kind, settings["lr"], settings["start"]) for name in GAUSSIANS] for kind in GRADIENTS]
        return "max_steps", [*runs[0], *runs[1], np.array([apart(paths) for paths in runs])]

    def _paths(self):
        *paths, (plain, natural) = self.answer(self.chosen())[1]
        first = 0 if self.gradient == "plain" else len(GAUSSIANS)
        return dict(zip(GAUSSIANS, paths[first:], strict=False)), plain, natural

    def describe(self):
        _, plain, natural = self._paths()
        return (
            f"Three paths of {self.gradient} gradient descent at rate {self.lr:g}, in the plane of mean and standard "
            f"deviation, from ({self.start[0]:g}, {self.start[1]:g}) to (0, 2): one for each name of the spread. At "
            f"equal times the plain paths are at most {plain:.3g} apart and the natural ones {natural:.3g}. Beside "
            f"them the three bell curves where they are farthest apart."
        )

    def paint(self, canvas):
        paths, *_ = self._paths()
        left, right = canvas.subplots(1, 2)
        both = np.array([path[: min(map(len, paths.values()))] for path in paths.values()])
        when = np.linalg.norm(both[:, None] - both, axis=-1).max(axis=(0, 1)).argmax()
        x = np.linspace(-6, 6, 120)
        for name, path in paths.items():
            look = {"color": plots.COLORS[LOOKS[name][0]], "ls": LOOKS[name][1]}
            left.plot(*path[::2].T, **look, label=name)
            mean, sigma = path[when]
            right.plot(x, np.exp(-0.5 * ((x - mean) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi)), **look)
        right.plot(x, np.exp(-(x**2) / 8) / np.sqrt(8 * np.pi), color=plots.COLORS["theory"], lw=1)
        left.plot(0, 2, "+", color=plots.COLORS["minimum"], ms=9, mew=2)
        left.legend()
        left.set(xlabel="mean", title="standard deviation", xlim=(-3, 3), ylim=(0, 4.5))
        right.set(xlabel="x", title="density", ylim=(0, 0.85))
