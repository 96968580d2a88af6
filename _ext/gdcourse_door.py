"""The front page: a run to play with, three ways in, and the parts of the course with their questions.

    ```{hero}
    ```                       the line through four points, and the rate that is the reader's

    ```{doors}
    ```                       where to start, where to solve something, where to find how to teach

    ```{parts}
    learning-loop: A thousand steps, and the answer is still wrong. Why?
    ```                       a card for each part of the contents, its chapters with these questions

All of it stands in the page as text and inline SVG, whole without a script. assets/door.js plays the run again at the
reader's rate; assets/reading.js, which every page has, remembers in the browser where she was.
"""

import math
from html import escape
from itertools import pairwise
from pathlib import Path

import gdcourse_python
import numpy as np
import yaml
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from gdcourse.book import pages
from gdcourse.descent import descend
from gdcourse.losses import huber
from gdcourse.problems import FOUR_POINTS, line_fit, quadratic

logger = logging.getLogger(__name__)

STEPS, RATE, LAST_RATE = 1000, 0.01, 0.125  # the program's own, and the right end of the slider
WIDE, HIGH = 320, 220  # a panel of the hero
LEFT, RIGHT, TOP, BOTTOM = 44, 300, 14, 188  # its axes
X, Y = (0, 5), (0, 10)
DECADES = (-12, 3)  # of the slope's error


def _across(value, low, high):
    return LEFT + (RIGHT - LEFT) * (value - low) / (high - low)


def _up(value, low, high):
    return BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low)


def _points(pairs):
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def digits(slope, right=2.0, places=5):
    """Return the digits of a slope as printed, in two parts: those that are right, and those that are not.

    A decimal is right if the slope, rounded there, is the answer rounded there, and so are all before it.
    """
    text = f"{slope:.{places}f}".replace("-", "\u2212")
    good = -1
    for decimals in range(places + 1):
        if f"{slope:.{decimals}f}" != f"{right:.{decimals}f}":
            break
        good = decimals
    if good < 0:
        return "", text
    cut = len(text) if good == places else text.index(".") + 1 + good
    return text[:cut], text[cut:]


def _axes(title, ticks, bottom):
    """Return the two axes of a panel with their ticks and names."""
    parts = [f'<path class="gd-axis" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>',
             f'<text x="{LEFT + 8}" y="{TOP + 4}" class="gd-axis-name">{title}</text>',
             f'<text x="{RIGHT}" y="{BOTTOM + 28}" text-anchor="end" class="gd-axis-name">{bottom}</text>']  # fmt: skip
    for x, y, text in ticks:
        if x is None:
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
        else:
            parts.append(f'<text x="{x:.1f}" y="{BOTTOM + 14}" text-anchor="middle">{text}</text>')
    return "".join(parts)


class Hero(SphinxDirective):
    """The tutorial's program, with its answer and its rate."""

    def run(self):
        run = descend(line_fit(*FOUR_POINTS), lr=RATE, steps=STEPS)
        slope, intercept = run.final
        sure, wrong = digits(slope)
        line = [(_across(x, *X), _up(slope * x + intercept, *Y)) for x in X]
        errors = [math.log10(abs(m - 2)) for m in run.path[:, 0]]
        curve = [(_across(t, 0, STEPS), _up(errors[t], *DECADES)) for t in range(0, STEPS + 1, 10)]
        dots = "".join(f'<circle cx="{_across(x, *X):.1f}" cy="{_up(y, *Y):.1f}" r="5"/>' for x, y in zip(*FOUR_POINTS))
        plane = _axes("y", [(None, _up(y, *Y), y) for y in (0, 2, 4, 6, 8, 10)]
                      + [(_across(x, *X), None, x) for x in range(6)], "x")  # fmt: skip
        raised = {-12: "10⁻¹²", -9: "10⁻⁹", -6: "10⁻⁶", -3: "10⁻³", 0: "1", 3: "10³"}
        log = _axes("error of the slope", [(None, _up(k, *DECADES), text) for k, text in raised.items()]
                    + [(_across(t, 0, STEPS), None, f"{t:,}") for t in (0, 500, 1000)], "steps")  # fmt: skip
        panel = f'<svg viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" role="img" '
        inside = f'<rect x="{LEFT}" y="{TOP - 6}" width="{RIGHT - LEFT}" height="{BOTTOM - TOP + 6}"/>'
        html = f"""<div class="gd-hero" data-x="{",".join(f"{x:g}" for x in FOUR_POINTS[0])}" \
data-y="{",".join(f"{y:g}" for y in FOUR_POINTS[1])}" data-steps="{STEPS}">
<p class="gd-hero-answer"><span>slope</span> <strong><span class="gd-hero-sure">{sure}</span>\
<mark class="gd-hero-wrong">{wrong}</mark></strong> <span>where 2 is right</span></p>
<p class="gd-hero-control"><label for="gd-hero-rate">Learning rate</label>
<input id="gd-hero-rate" type="range" min="0.001" max="{LAST_RATE}" step="0.001" value="{RATE:g}" \
autocomplete="off">
<output for="gd-hero-rate">{RATE:.3f}</output></p>
<div class="gd-hero-panels">
{panel}aria-label="Four points, and the line that {STEPS:,} steps of gradient descent fit to them: it seems to pass \
through all four.">
<clipPath id="gd-hero-clip">{inside}</clipPath>
{plane}<g clip-path="url(#gd-hero-clip)"><polyline class="gd-hero-line" points="{_points(line)}"/></g>\
<g class="gd-hero-dots">{dots}</g></svg>
{panel}aria-label="The error of the slope after each step, on a logarithmic axis. At a rate of {RATE:g} it falls \
slowly, and after {STEPS:,} steps it is still {abs(slope - 2):.2g}.">
<clipPath id="gd-hero-clip-2">{inside}</clipPath>
{log}<g clip-path="url(#gd-hero-clip-2)"><polyline class="gd-hero-curve" points="{_points(curve)}"/></g></svg>
</div>
<p class="gd-hero-says" role="status">{STEPS:,} steps at a rate of {RATE:.3f}: the line looks done, and the marked \
digits are wrong.</p>
</div>"""
        self.env.note_dependency(__file__)
        return [nodes.raw("", html, format="html")]


class Doors(SphinxDirective):
    """Three ways in."""

    def run(self):
        works = gdcourse_python.runtime() and "exercises/ps01" in self.env.found_docs
        doors = [
            ("learning-loop.html", "Start: chapter 1", "read, and move the figures"),
            ("../exercises/ps01.html" if works else "assignments.html", "Solve something now",
             "Python runs in the page" if works else "assignments that check themselves"),
            ("how-to-use.html#to-teach", "Teach with it", "a plan, and grading in a sandbox"),
        ]  # fmt: skip
        links = (f'<a href="{to}"><strong>{name}</strong> <span>{what}</span></a>' for to, name, what in doors)
        said = "It is free, and nothing needs to be installed. Nothing you do here leaves your browser."
        items = "".join(f"<li>{link}</li>" for link in links)
        html = f'<ul class="gd-doors">{items}</ul>\n<p class="gd-continue">{said}</p>'
        return [nodes.raw("", html, format="html")]


class Parts(SphinxDirective):
    """A card for each part: a picture, its chapters, and the question that each opens with."""

    has_content = True

    def run(self):
        folder = Path(self.env.srcdir, "chapters")
        contents = folder.parent / "_toc.yml"
        questions = yaml.safe_load("\n".join(self.content))
        chapters = {page.name: page for page in pages(folder)}
        self.env.note_dependency(str(contents))
        self.env.note_dependency(__file__)
        cards = []
        for part in yaml.safe_load(contents.read_text("utf-8"))["parts"]:
            if not part.get("numbered"):
                continue
            rows = []
            for entry in part["chapters"]:
                page = chapters[Path(entry["file"]).name]
                self.env.note_dependency(str(folder / f"{page.name}.md"))
                question = questions.pop(page.name, None)
                if question is None:
                    logger.warning("no question for the chapter %s", page.name, location=self.get_location())
                rows.append(f'<li value="{page.number}"><a href="{page.name}.html">{escape(page.title)}</a>'
                            f"<span>{escape(question or '')}</span></li>")  # fmt: skip
            title = escape(part["caption"])
            slug = part["caption"].lower().replace(" ", "-")
            drawn = PICTURES.get(part["caption"], str)()
            inside = f"<h2>{title}</h2>{drawn}<ol>{''.join(rows)}</ol>"
            cards.append(f'<section class="gd-part" id="{slug}">{inside}</section>')
        for name in questions:
            logger.warning("no chapter is called %s", name, location=self.get_location())
        return [nodes.raw("", f'<div class="gd-parts">{"".join(cards)}</div>', format="html")]


# The small pictures: each is computed, and says nothing that the chapters do not.

BOX = (240, 110)


def _picture(inside):
    return f'<svg viewBox="0 0 {BOX[0]} {BOX[1]}" width="{BOX[0]}" height="{BOX[1]}" aria-hidden="true">{inside}</svg>'


def _line(pairs, colour, more=""):
    return f'<polyline points="{_points(pairs)}" style="stroke: var(--gd-{colour}){more}"/>'


def steps_down():
    """Six steps of gradient descent on a parabola."""
    def place(x):
        return 120 + 50 * x, 96 - 20 * x * x

    run = descend(quadratic([[1.0]]), lr=0.45, steps=5, start=[-1.95]).path[:, 0]
    bowl = _line([place(x) for x in np.linspace(-2, 2, 41)], "contour")
    way = [place(x) for x in run]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" style="fill: var(--gd-path)"/>' for x, y in way)
    return _picture(bowl + _line(way, "path") + dots)


def three_costs():
    """What an error costs by three rules: its square, its size, and Huber's."""
    errors = np.linspace(-3, 3, 61)
    rules = (("gradient", errors**2 / 2), ("second", np.abs(errors)),
             ("minimum", np.array([huber(np.array([e]), np.zeros(1), delta=1.0)[0] for e in errors])))  # fmt: skip
    return _picture("".join(
        _line([(120 + 38 * e, 100 - 21 * cost) for e, cost in zip(errors, costs) if cost <= 4.4], colour)
        for colour, costs in rules))  # fmt: skip


def zigzag():
    """A long valley and the way of gradient descent across it."""
    run = descend(quadratic(np.diag([1.0, 20.0])), lr=0.094, steps=16, start=[-2.6, 0.62]).path
    rings = "".join(
        f'<ellipse cx="170" cy="55" rx="{r}" ry="{r / math.sqrt(20):.1f}" style="stroke: var(--gd-contour)"/>'
        for r in (27, 60, 97, 140, 189)
    )
    way = [(170 + 54 * x, 55 - 54 * y) for x, y in run]
    return _picture(rings + _line(way, "path") + '<circle cx="170" cy="55" r="4" style="fill: var(--gd-minimum)"/>')


def network():
    """Four layers of units, every one joined to every one of the next."""
    layers = [[(30 + 60 * k, 55 + 24 * (j - (n - 1) / 2)) for j in range(n)] for k, n in enumerate((3, 4, 4, 2))]
    lines = "".join(_line([a, b], "contour") for one, two in pairwise(layers) for a in one for b in two)
    way = _line([layers[3][0], layers[2][1], layers[1][2], layers[0][0]], "path", "; stroke-width: 2.5")
    units = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6"/>' for layer in layers for x, y in layer)
    return _picture(lines + way + f'<g style="fill: var(--gd-paper); stroke: var(--gd-gradient)">{units}</g>')


def six_runs():
    """The losses of six runs on one bowl, each at a rate of its own."""
    problem = quadratic(np.diag([0.3, 3.0]))
    colours, rates = ("theory", "third", "gradient", "minimum", "second", "path"), (0.01, 0.05, 0.2, 0.6, 0.655, 0.69)
    curves = []
    for colour, rate in zip(colours, rates):
        losses = np.log10(descend(problem, lr=rate, steps=40, start=[1.0, 1.0]).values)
        shown = [(14 + 5.3 * t, 32 - 13 * loss) for t, loss in enumerate(losses) if -5.5 < loss < 2]
        curves.append(_line(shown, colour))
    return _picture("".join(curves))


PICTURES = {
    "Learning as optimisation": steps_down,
    "What to minimise": three_costs,
    "How to descend": zigzag,
    "Inside networks": network,
    "Practice": six_runs,
}


def scripts(app, pagename, templatename, context, doctree):
    """Give every page of the book the script that remembers the place, and the front page the hero's."""
    if pagename in app.env.all_docs:
        app.add_js_file("reading.js", loading_method="defer")
    if "gd-hero" in (context.get("body") or ""):
        app.add_js_file("door.js", loading_method="defer")


def setup(app):
    """Register the directives and the scripts."""
    app.add_directive("hero", Hero)
    app.add_directive("doors", Doors)
    app.add_directive("parts", Parts)
    app.connect("html-page-context", scripts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
