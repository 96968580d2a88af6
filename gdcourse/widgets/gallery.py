"""All live figures on one page, as pictures: what each is for, and where in the book it lives."""

import re
from html import escape
from typing import NamedTuple

from gdcourse.book import pages
from gdcourse.widgets import WIDGETS

FIGURES = {
    "line-fit": (
        "Line fit",
        "See how rate and steps decide whether a line is found, and what centring the input does.",
    ),
    "field": (
        "Field and dial",
        "Turn a direction and read the slope along it: what steepest means, and in which norm.",
    ),
    "step-size": ("How small is h", "Measure a derivative and watch truncation and rounding pull against each other."),
    "cost": (
        "What a wrong answer costs",
        "Drag points and see which answers follow: mean, median, Huber's, a quantile.",
    ),
    "neuron": ("The confident neuron", "Start a neuron surely wrong and compare how two costs get it out."),
    "path": ("Path", "Follow an optimiser over a surface and move its rate, its momentum and its start."),
    "modes": ("Modes", "One bar for each curvature: why the best rate is where the first and the last are equal."),
    "cloud": ("The cloud", "See how far noisy steps scatter around the minimum, and halve it in two ways."),
    "schedule": ("Draw a schedule", "Draw the rate over time and try to beat four schedules that people use."),
    "memory": (
        "What a step remembers",
        "A map of rate and momentum: where the heavy ball is slow, quick, ringing, gone.",
    ),
    "race": ("Race", "Set optimisers against each other in a canyon, then turn it, then scale the loss."),
    "natural": (
        "Same model, other coordinates",
        "Fit one Gaussian in three parameterisations: what a change of names does.",
    ),
    "walls": ("Walls and creases", "Walk inside a ball with corners, and count which coefficients become zero."),
    "graph": ("Who pays whom", "Fill in the gradients of a small graph by hand, one node a click, in the right order."),
    "layers": ("Layer by layer", "Find the scale of first weights at which gradients survive thirty layers."),
    "saddle": ("Leaving the saddle", "Count the steps a saddle holds a run, and find the noise that helps most."),
    "stopping": ("Stop or shrink", "Make a fit that was stopped early agree with one that was held back by a penalty."),
    "clinic": ("The clinic", "Six runs, each with one thing wrong: name the sicknesses with few tests."),
    "question": ("Question", "Answer before you read on; every wrong answer is told what it would have meant."),
}
"""The name and the purpose of each widget, in the order of the book."""


class Place(NamedTuple):
    """Where a widget is first used: the page, and the nearest label before it."""

    page: tuple
    label: str


def places(folder="."):
    """Return {kind: Place}, the first use of each widget in the chapters.

    Args: folder: of the chapters. Raises: ValueError if a widget of FIGURES is used in none.
    """
    found = {}
    for kind in FIGURES:
        use = re.compile(rf"^from gdcourse\.widgets import {WIDGETS[kind].__name__}$", re.MULTILINE)
        uses = [(page, match.start()) for page in pages(folder) if page.number and (match := use.search(page.text))]
        if not uses:
            raise ValueError(f"FIGURES must be widgets that a chapter uses, got {kind}, which is in none")
        page, start = uses[0]
        found[kind] = Place(page, re.findall(r"^\(((?:ch|sec)-[\w-]+)\)=$", page.text[:start], re.MULTILINE)[-1])
    return found


class Gallery(NamedTuple):
    """The page's HTML: for each widget its name, what it is for, a link to it, and its still figure."""

    entries: tuple

    def _repr_html_(self):
        return "\n".join(
            f'<section class="gallery"><h2>{escape(name)}</h2><p>{escape(purpose)} {link}</p>{still}</section>'
            for name, purpose, link, still in self.entries
        )


def gallery(folder="."):
    """Return the gallery of all live figures, to be shown on a page of the book.

    Nothing on it is live: the page is for finding a figure, and its pictures need no scripts.

    Args: folder: of the chapters. Returns: a Gallery.
    """
    entries = []
    for kind, place in places(folder).items():
        text = f"Try it in chapter {place.page.number}, {place.page.title}."
        entries.append((*FIGURES[kind], place.page.link(place.label, text), WIDGETS[kind]().still()[0]))
    return Gallery(tuple(entries))
