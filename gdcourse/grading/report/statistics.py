"""What the marks of a class say about its exercises: how hard each was, and whether it goes with the rest."""

import math
from typing import NamedTuple

import numpy as np

FEW = 10  # students below which a correlation says nothing


class Item(NamedTuple):
    """An exercise, a behaviour or an answer graded by hand, as a column of marks.

    mean: the share of its points that the class has, its difficulty turned round; goes: the correlation of its marks
    with the marks for everything else, its discrimination; None where either does not vary.
    """

    name: str
    points: float
    mean: float
    goes: float | None

    def remark(self, students):
        """Say what is unusual about it, if anything is."""
        if self.mean <= 0.15:
            return "hardly anyone has it"
        if self.goes is not None and students >= FEW and self.goes < 0.1:
            return "against the rest" if self.goes < -0.1 else "has nothing to do with the rest"
        return "nearly everyone has it" if self.mean >= 0.95 else ""


def item(name, points, marks, totals):
    """Return the Item of a column of marks. totals: each student's marks for everything, this included.

    The correlation is corrected: the item's own marks are taken off the totals, or it would go with itself.
    """
    marks, totals = np.asarray(marks, dtype=float), np.asarray(totals, dtype=float)
    mean = float(marks.mean() / points) if len(marks) else 0.0
    return Item(name, points, mean, correlation(marks, totals - marks))


def correlation(x, y):
    """Return the correlation of two columns, or None where one does not vary or there are fewer than three rows."""
    if len(x) < 3 or np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
        return None
    return float(np.corrcoef(x, y)[0, 1])


def chance(students):
    """Return how large a correlation of that many students is in 95 of 100 cases where there is none (Fisher's z)."""
    return math.tanh(1.96 / math.sqrt(students - 3)) if students > 3 else 1.0


class Bin(NamedTuple):
    """The students with at least `low` points, and less than `high` (the last one: at most)."""

    low: float
    high: float
    count: int


def histogram(scores, points, bins=10):
    """Return the Bins of a class's scores, from 0 to all points."""
    width = max(1, math.ceil(points / bins))
    edges = np.append(np.arange(0, points, width), points)
    counts, _ = np.histogram(np.clip(scores, 0, points), edges)
    return [Bin(float(low), float(high), int(count)) for low, high, count in zip(edges, edges[1:], counts)]
