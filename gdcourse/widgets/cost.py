"""Five numbers and one answer for all of them: the cost of a miss decides which answer is best."""

import numpy as np

from gdcourse import plots
from gdcourse._validate import as_vector, in_range
from gdcourse.widgets import translate
from gdcourse.widgets.base import Setting, Widget

WINDOW = (0.0, 16.0)
POINTS = [1.0, 2.0, 3.0, 4.0, 5.0]
STEPS = 80  # of a curve over the window
HALVINGS = 60  # of the interval in which a minimum is searched
DELTAS = (0.1, 5.0)
TAUS = (0.05, 0.95)


def squared_rule(r, delta, tau):
    return r * r


def absolute_rule(r, delta, tau):
    return np.where(r < 0.0, -r, r)


def clip_rule(r, delta):
    r = np.where(r < -delta, -delta, r)
    return np.where(r > delta, delta, r)


def huber_rule(r, delta, tau):
    inside = clip_rule(r, delta)
    return inside * (r - 0.5 * inside)


def pinball_rule(r, delta, tau):
    """The answer is c and r = c - y: too low costs tau, too high 1 - tau."""
    return np.where(r < 0.0, -tau * r, (1.0 - tau) * r)


COSTS = {
    "squared": {"title": "squared", "best": "mean", "rule": squared_rule},
    "absolute": {"title": "absolute", "best": "median", "rule": absolute_rule},
    "huber": {"title": "Huber", "best": "Huber", "rule": huber_rule},
    "pinball": {"title": "pinball", "best": "quantile", "rule": pinball_rule},
}
COLORS = dict(zip(COSTS, ("path", "second", "third", "fourth"), strict=True))


def mean_cost(rule, c, points, delta, tau):
    """The mean over the points, added in their order as the page adds."""
    total = 0.0
    for y in points:
        total = total + rule(c - y, delta, tau)
    return total / len(points)


def minimizers(points, delta, tau):
    """Return the best answer by each of the COSTS; where several are equally good, one of them.

    Example:
        >>> [round(float(c), 6) for c in minimizers([1.0, 2.0, 3.0, 4.0, 15.0], 1.0, 0.9)]
        [5.0, 3.0, 3.0, 15.0]
    """
    mean = 0.0
    for y in points:
        mean = mean + y
    corners = sorted(points)  # the least of a cost of straight pieces lies at a corner
    middle, quantile = (
        min(corners, key=lambda c: mean_cost(rule, c, corners, delta, tau)) for rule in (absolute_rule, pinball_rule)
    )
    low, high = corners[0], corners[-1]
    for _ in range(HALVINGS):
        centre = (low + high) / 2
        slope = 0.0
        for y in points:
            slope = slope + clip_rule(centre - y, delta)
        low, high = (low, centre) if slope > 0 else (centre, high)
    return [mean / len(points), middle, (low + high) / 2, quantile]


def _points(name, value):
    points = as_vector(name, value, len(POINTS)).tolist()
    for k, y in enumerate(points):
        in_range(f"{name}[{k}]", y, *WINDOW)
    return points


class Cost(Widget):
    """The best single answer to five numbers by four costs.

    Args:
        points: five numbers from 0 to 16; delta: where Huber's loss turns straight, 0.1 to 5.
        tau: what being too low costs in the pinball loss, 0.05 to 0.95.
    Raises: ValueError for a number out of its range, or not five points.
    Example:
        >>> Cost().answer({"points": [1, 2, 3, 4, 10], "delta": 1.0, "tau": 0.9})[1][0].round(9).tolist()
        [4.0, 3.0, 3.0, 10.0]
    """

    kind = "cost"
    room = ("0px + 485px", "0px + 783px")
    points = Setting(_points, POINTS)
    delta = Setting(lambda name, value: in_range(name, value, *DELTAS), 1.0)
    tau = Setting(lambda name, value: in_range(name, value, *TAUS), 0.9)

    @classmethod
    def rules(cls):
        return translate.module(
            COSTS=COSTS, WINDOW=WINDOW, STEPS=STEPS, HALVINGS=HALVINGS, DELTAS=DELTAS, TAUS=TAUS,
            RULES={"clip": clip_rule},
        )  # fmt: skip

    def answer(self, settings):
        points = _points("points", settings["points"])
        delta, tau = in_range("delta", settings["delta"], *DELTAS), in_range("tau", settings["tau"], *TAUS)
        best = np.array(minimizers(points, delta, tau), dtype=float)
        c = WINDOW[1] * np.arange(STEPS + 1) / STEPS
        rules = [cost["rule"] for cost in COSTS.values()]
        least = [mean_cost(rule, b, points, delta, tau) for rule, b in zip(rules, best, strict=True)]
        return "minimised", [best, np.array(least), *(mean_cost(rule, c, points, delta, tau) for rule in rules)]

    def _run(self):
        _, (best, least, *curves) = self.answer({name: getattr(self, name) for name in self.settings()})
        return best, least, curves

    def describe(self):
        mean, median, huber, quantile = self._run()[0]
        return (
            f"The numbers {', '.join(f'{y:g}' for y in self.points)} on a line, and above them four costs of one "
            f"answer for all, each with its least point: squared at the mean, {mean:.4g}; absolute at the median, "
            f"{median:.4g}; Huber's of width {self.delta:g} at {huber:.4g}; pinball at the {self.tau:g} quantile, "
            f"{quantile:.4g}. Beside them what a single miss costs."
        )

    def paint(self, canvas):
        best, least, curves = self._run()
        over, beside = canvas.subplots(1, 2, width_ratios=(3, 2))
        c = WINDOW[1] * np.arange(STEPS + 1) / STEPS
        r = np.linspace(-4, 4, 81)
        for k, (name, color) in enumerate(COLORS.items()):
            style = {"color": plots.COLORS[color], "linestyle": plots.DASHES[color]}
            over.plot(c, (curves[k] - least[k]) / (curves[k].max() - least[k]), label=COSTS[name]["title"], **style)
            over.plot(best[k], 0, "osD^"[k], color=style["color"], ms=(5, 8, 10, 8)[k], zorder=9 - k)
            beside.plot(r, COSTS[name]["rule"](r, self.delta, self.tau), **style)
        over.plot(self.points, np.full(len(self.points), -0.18), "o", mfc="white", color="#000000")
        over.set(xlabel="answer", title="cost above its least, scaled", ylim=(-0.3, 1.05), xlim=WINDOW)
        beside.set(xlabel="miss", title="cost of one miss", ylim=(0, 5))
        over.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.45, 1.04), labelspacing=0.2, handlelength=1.5)
