"""The cloud in which noisy descent ends: how wide it is for a rate, a batch and a noise, and what predicts it."""

import numpy as np
from numpy import sqrt

from gdcourse import plots
from gdcourse._validate import in_range, positive_integer
from gdcourse.optimizers import gd_rule
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget
from gdcourse.widgets.stream import normals

RATES = (0.01, 1.95)
BATCHES = (1, 64)
NOISES = (0.1, 3.0)
SEED = 7
SETTLE = 400  # steps that are not counted: at the smallest rate what is left of the start is 2 per cent
STEPS = 4000
SHOWN = 400
OPENING = {"lr": 0.2, "batch": 4, "noise": 1.0}


def radius_rule(lr, batch, noise):
    """The root mean square distance from the minimum of a round bowl of curvature 1, as theory.sgd_variance has it."""
    return noise * sqrt(2.0 * lr / (batch * (2.0 - lr)))


def thumb_rule(lr, batch, noise):
    return noise * sqrt(lr / batch)


def drawn_gradient(x, z, batch, noise):
    """The gradient x of the bowl and the error of a mean over a batch, which a root of its size divides."""
    return x + noise * z / sqrt(batch)


class Cloud(Widget):
    """Descent on a round bowl with noisy gradients: the last 400 positions of 4,000.

    Args:
        lr: the learning rate, 0.01 to 1.95, the curvature being 1; batch: examples in a batch, 1 to 64.
        noise: the standard deviation of one example's gradient along each axis, 0.1 to 3.
    Raises: ValueError for a number out of its range.
    Example:
        >>> status, (path, radii) = Cloud().answer({"lr": 0.2, "batch": 4, "noise": 1.0})
        >>> path.shape, radii.round(3).tolist()
        ((400, 2), [0.234, 0.236, 0.224])
    """

    kind = "cloud"
    room = ("45cqw + 229px", "100cqw + 558px")
    lr = Setting(lambda name, value: in_range(name, value, *RATES), OPENING["lr"])
    batch = Setting(
        lambda name, value: int(in_range(name, positive_integer(name, value), *BATCHES)), OPENING["batch"]
    )  # fmt: skip
    noise = Setting(lambda name, value: in_range(name, value, *NOISES), OPENING["noise"])

    @classmethod
    def rules(cls):
        return translate.module(
            RATES=RATES, BATCHES=BATCHES, NOISES=NOISES, SEED=SEED, SETTLE=SETTLE, STEPS=STEPS, SHOWN=SHOWN,
            OPENING=OPENING,
            RULES={"step": gd_rule, "gradient": drawn_gradient, "radius": radius_rule, "thumb": thumb_rule},
        )  # fmt: skip

    def answer(self, settings):
        lr, batch, noise = (self.checked(settings)[name] for name in ("lr", "batch", "noise"))
        z = np.reshape(normals(SEED, 2 * STEPS), (STEPS, 2))
        path = np.zeros((STEPS, 2))
        total = 0.0
        for t in range(1, STEPS):
            path[t] = path[t - 1] + gd_rule(drawn_gradient(path[t - 1], z[t], batch, noise), lr)
            if t >= SETTLE:
                x, y = path[t]
                total = total + (x * x + y * y)
        radii = [sqrt(total / (STEPS - SETTLE)), radius_rule(lr, batch, noise), thumb_rule(lr, batch, noise)]
        return "max_steps", [path[-SHOWN:], np.array(radii)]

    def describe(self):
        _, (_, (measured, predicted, thumb)) = self.answer(self.chosen())
        return (
            f"The last {SHOWN} positions of descent with noisy gradients on a round bowl, a cloud about the minimum, "
            f"at rate {self.lr:g} and batches of {self.batch}, and a circle of the radius that theory predicts; beside "
            f"it the radius against the rate. Measured {measured:.3g}, predicted {predicted:.3g}, "
            f"by the rule of thumb {thumb:.3g}."
        )

    def paint(self, canvas):
        _, (path, radii) = self.answer(self.chosen())
        left, right = canvas.subplots(1, 2)
        left.plot(*path.T, ".", ms=2.5, color=plots.COLORS["path"])
        turn = np.linspace(0, 2 * np.pi, 100)
        left.plot(radii[1] * np.cos(turn), radii[1] * np.sin(turn), color=plots.COLORS["theory"], ls="--")
        left.plot(0, 0, "+", color=plots.COLORS["minimum"], ms=9, mew=2)
        left.set(aspect="equal", xlabel="x", ylabel="y")
        lr = np.geomspace(*RATES, 200)
        right.loglog(lr, radius_rule(lr, self.batch, self.noise), color=plots.COLORS["theory"], ls="--")
        right.loglog(lr, thumb_rule(lr, self.batch, self.noise), color="#b0b0b0", lw=1)
        right.plot(self.lr, radii[0], "o", color=plots.COLORS["path"])
        for axis in (right.xaxis, right.yaxis):
            figure.decades(axis)
        right.set(xlabel="rate", title="radius of the cloud")
