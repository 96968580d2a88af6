"""The book's few plot functions. Each takes an ax, draws on it, and returns it.

One colour means one thing everywhere: COLORS names them (the Okabe and Ito palette, told apart by marker and dash
as well). The module draws with an ax it is given, so importing it does not import matplotlib.
"""

import numpy as np

from gdcourse._validate import as_matrix, as_vector

COLORS = {
    "path": "#D55E00",
    "gradient": "#0072B2",
    "minimum": "#009E73",
    "theory": "#7F7F7F",
    "second": "#E69F00",
    "third": "#56B4E9",
    "fourth": "#CC79A7",
}
DASHES = {
    "path": "-",
    "second": (0, (6, 2)),
    "third": (0, (2, 1.5)),
    "fourth": (0, (6, 2, 1, 2)),
    "theory": (0, (4, 3)),
}


def contours(ax, value, window, levels=12, points=241):
    """Draw thin grey level lines of a function of two parameters, on equal axes.

    The levels crowd towards the minimum: they are evenly spaced in the square root of the height above it.

    Args: ax: a matplotlib Axes; value: a function (x, y) -> height that accepts arrays;
        window: (x low, x high, y low, y high); levels: how many lines; points: samples along each side.
    Returns: ax. Raises: ValueError if the window has no area.
    Example:
        >>> import matplotlib; matplotlib.use("agg")
        >>> from matplotlib.figure import Figure
        >>> contours(Figure().subplots(), lambda x, y: x * x + y * y, (-1, 1, -1, 1)).get_aspect()
        1.0
    """
    left, right, bottom, top = as_vector("window", window, 4)
    if not (left < right and bottom < top):
        raise ValueError(f"window must be (x low, x high, y low, y high), got {window!r}")
    x, y = np.meshgrid(np.linspace(left, right, points), np.linspace(bottom, top, points))
    z = value(x, y)
    heights = z.min() + np.linspace(0, np.sqrt(np.ptp(z)), levels + 2)[1:-1] ** 2
    ax.contour(x, y, z, levels=heights, colors=COLORS["theory"], linewidths=0.6, alpha=0.7)
    ax.set_aspect("equal")
    ax.set(xlim=(left, right), ylim=(bottom, top))
    return ax


def path(ax, points, color="path", label=None):
    """Draw a path over two parameters: a hollow ring at its start, a dot at each step.

    Args: ax: a matplotlib Axes; points: (steps + 1, 2); color: a key of COLORS; label: a text beside its end.
    Returns: ax. Raises: ValueError if points is not a path over two parameters.
    Example:
        >>> import matplotlib; matplotlib.use("agg")
        >>> from matplotlib.figure import Figure
        >>> len(path(Figure().subplots(), np.zeros((3, 2))).lines)
        2
    """
    points = as_matrix("points", points, (None, 2))
    paint = COLORS[color]
    ax.plot(*points.T, color=paint, linewidth=1.1, linestyle=DASHES.get(color, "-"), marker="o", markersize=2.6,
            markevery=slice(1, None))  # fmt: skip
    ax.plot(*points[0], marker="o", markersize=7, color=paint, fillstyle="none", linestyle="none")
    if label:
        ax.annotate(label, points[-1], (5, 5), textcoords="offset points", color=paint)
    return ax


def minimum(ax, point, label=None):
    """Mark a minimum with a bluish green cross.

    Args: ax: a matplotlib Axes; point: (2,); label: a text beside it. Returns: ax.
    Raises: ValueError if the point has not two coordinates.
    Example:
        >>> import matplotlib; matplotlib.use("agg")
        >>> from matplotlib.figure import Figure
        >>> len(minimum(Figure().subplots(), [0, 0]).lines)
        1
    """
    point = as_vector("point", point, 2)
    ax.plot(*point, marker="P", markersize=8, color=COLORS["minimum"], markeredgecolor="none", linestyle="none")
    if label:
        ax.annotate(label, point, (7, -12), textcoords="offset points", color=COLORS["minimum"])
    return ax


def decay(ax, values, color="path", label=None, at=0.6, offset=(4, 4)):
    """Draw a sequence that shrinks over the steps, on a logarithmic axis that says so.

    Args: ax: a matplotlib Axes; values: (steps + 1,), of which zeros are left out; color: a key of COLORS;
        label: a text on the line; at: where along the line it stands, 0 to 1; offset: in points.
    Returns: ax. Raises: ValueError if values is not a vector.
    Example:
        >>> import matplotlib; matplotlib.use("agg")
        >>> from matplotlib.figure import Figure
        >>> decay(Figure().subplots(), 0.5 ** np.arange(10)).get_yscale()
        'log'
    """
    values = as_vector("values", values)
    shown = np.where(values > 0, values, np.nan)
    ax.set_yscale("log")
    ax.plot(shown, color=COLORS[color], linestyle=DASHES.get(color, "-"), linewidth=1.6)
    if label:
        step = int(at * (len(values) - 1))
        ax.annotate(label, (step, shown[step]), offset, textcoords="offset points", color=COLORS[color])
    return ax
