"""The static figure of a widget: what is seen without JavaScript, in print and in a PDF."""

import base64
import hashlib
import io
import math
import re

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

TYPE = 12.5  # points, as in book.mplstyle; a site gives its own size to the svg, and the text follows
COLOURS = {
    "#000000": "currentColor",
    "#ffffff": "var(--gd-paper, Canvas)",
    "#b0b0b0": "var(--gd-contour, #b0b0b0)",
    "#d55e00": "var(--gd-path, #d55e00)",
    "#0072b2": "var(--gd-gradient, #0072b2)",
    "#009e73": "var(--gd-minimum, #009e73)",
    "#7f7f7f": "var(--gd-theory, #7f7f7f)",
    "#e69f00": "var(--gd-second, #e69f00)",
    "#56b4e9": "var(--gd-third, #56b4e9)",
    "#cc79a7": "var(--gd-fourth, #cc79a7)",
}
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def draw(paint, size):
    """Return a figure as (SVG to put inline, PNG in base64).

    Args: paint: a function that draws on the matplotlib Figure it is given; size: inches.
    Returns: two strings. The SVG takes the colours of the page, so that it follows a dark theme.
    """
    with style.context("gdcourse.book"):
        figure = Figure(figsize=size)
        paint(figure)
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None})
        figure.savefig(png, format="png", dpi=100, facecolor="white", transparent=False)
    return inline(svg.getvalue()), base64.b64encode(png.getvalue()).decode()


def decades(axis, count=5):
    """Put plain powers of ten on a log axis: characters, which keep their places in any font."""
    axis.set_major_locator(LogLocator(numticks=count))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"10{str(round(math.log10(x))).translate(RAISED)}"))


def inline(svg):
    """Return a matplotlib SVG fit for a page: no prologue, the page's colours and font, short numbers."""
    svg = svg[svg.index("<svg") :]
    for unwanted in (r"<metadata>.*?</metadata>", r"<!--.*?-->", r"<style.*?</style>"):
        svg = re.sub(unwanted, "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = svg.replace("xlink:href", "href")
    # Matplotlib gives the same marker the same id in every figure, and a page may hold several.
    key = hashlib.sha256(svg.encode()).hexdigest()[:6]
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>f{key}", svg)
    svg = re.sub(r"font-family: [^;\"]*(; )?", "", svg)
    svg = re.sub(r"font(-size)?: ([\d.]+)px[^;\"]*", lambda m: f"font-size: {float(m[2]) / TYPE:.3g}em", svg)
    svg = re.sub(r"#[0-9a-f]{6}\b", lambda m: COLOURS.get(m[0], m[0]), svg)
    svg = re.sub(r"-?\d+\.\d{2,}", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), svg)
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()
    head = (
        f'<svg viewBox="0 0 {width} {height}" width="{1.25 * float(width):g}" height="{1.25 * float(height):g}" '
        f'font-size="{TYPE}" font-family="system-ui, sans-serif" stroke-linejoin="round" aria-hidden="true">'
    )
    return re.sub(r"\s*\n\s*", " ", head + svg[svg.index(">") + 1 :]).replace("> <", "><").strip()
