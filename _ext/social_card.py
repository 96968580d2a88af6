"""Draw assets/card.png, the picture shown where the book's address is shared: python _ext/social_card.py"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image

from gdcourse.descent import descend
from gdcourse.plots import COLORS
from gdcourse.problems import quadratic

TARGET = Path(__file__).resolve().parent.parent / "assets" / "card.png"
TITLE = "Gradient descent,\nfrom the inside"
LINES = "Figures you can move.\nNumbers the build has checked.\nExercises that name the mistake."
TURN = np.radians(24)
WINDOW = (-2.3, 9.7, -1.9, 4.4)


def draw(target=TARGET):
    """Write the card, 1200 by 630 pixels, in 64 colours: the same bytes for the same matplotlib."""
    axes = np.array([[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]])
    valley = quadratic(axes @ np.diag([1.0, 14.0]) @ axes.T)
    trace = descend(valley, lr=0.134, steps=80, start=axes @ [8.6, -0.85])
    canvas = Figure(figsize=(12, 6.3), dpi=100, facecolor="white")
    ax = canvas.add_axes((0, 0, 1, 1))
    ax.axis("off")
    x, y = np.meshgrid(np.linspace(*WINDOW[:2], 400), np.linspace(*WINDOW[2:], 210))
    u, v = np.tensordot(axes.T, [x, y], axes=1)
    ax.contour(x, y, u * u + 14 * v * v, np.linspace(0.4, 22, 46) ** 2, colors="#c9c9c9", linewidths=1)
    ax.plot(*trace.path.T, "-o", color=COLORS["path"], lw=2.4, ms=5.5)
    ax.plot(*trace.path[0], "o", color="white", mec=COLORS["path"], ms=13, mew=3)
    ax.plot(0, 0, "P", color=COLORS["minimum"], mec="white", ms=19, mew=1.5)
    ax.set(xlim=WINDOW[:2], ylim=WINDOW[2:])
    clear = [withStroke(linewidth=14, foreground="white")]
    canvas.text(0.055, 0.93, TITLE, fontsize=46, fontweight="bold", va="top", linespacing=1.15, path_effects=clear)
    canvas.text(0.945, 0.075, LINES, fontsize=23, va="bottom", ha="right", linespacing=1.45, path_effects=clear)
    canvas.savefig(target, metadata={"Software": None})
    reduce(target)


def reduce(target):
    """Store the picture with 64 colours, a third of the bytes."""
    with Image.open(target) as picture:
        small = picture.convert("RGB").quantize(64, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(target, optimize=True)


if __name__ == "__main__":
    draw()
