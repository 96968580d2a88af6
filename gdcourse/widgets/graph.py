"""Who pays whom: a small graph of add, multiply and max, paid backward by the reader, one node a click."""

from gdcourse import plots
from gdcourse._validate import in_range, one_of
from gdcourse.autodiff import Value, graph
from gdcourse.widgets import translate
from gdcourse.widgets.base import Setting, Widget

LIMIT = 3.0
TWICE = ("no", "yes")
MOST = 40  # clicks that are kept
PLACES = {"x": (0, 0), "y": (0, 1), "z": (0, 2), "w": (0, 3), "p": (1, 0.5), "m": (2, 1.25), "J": (3, 2)}
"""Column and row of each node."""

FORMULAS = {
    "no": {"p": ["times", "x", "y"], "m": ["larger", "p", "z"], "J": ["plus", "m", "w"]},
    "yes": {"p": ["times", "x", "y"], "m": ["larger", "p", "z"], "J": ["plus", "m", "x"]},
}
"""Without and with x used twice. Where it is used once, w holds the same number."""


def times_rule(a, b):
    return a * b


def times_slopes_rule(a, b):
    return b, a


def plus_rule(a, b):
    return a + b


def plus_slopes_rule(a, b):
    return 1.0, 1.0


def larger_rule(a, b):
    return a if a > b else b


def larger_slopes_rule(a, b):
    first = 1.0 if a > b else 0.0
    second = 0.0 if a > b else 1.0
    return first, second


OPERATIONS = {
    "times": {"sign": "×", "value": times_rule, "slopes": times_slopes_rule},
    "plus": {"sign": "+", "value": plus_rule, "slopes": plus_slopes_rule},
    "larger": {"sign": "max", "value": larger_rule, "slopes": larger_slopes_rule},
}


def _half(name, value):
    return round(2 * in_range(name, value, -LIMIT, LIMIT)) / 2


def _clicks(name, value):
    if not isinstance(value, str) or len(value) > MOST or set(value) - set(PLACES):
        raise ValueError(f"{name} must be at most {MOST} letters out of {''.join(PLACES)}, got {value!r}")
    return value


def nodes(twice):
    """Return the names of the nodes, parents before children.

    Example:
        >>> "".join(nodes("yes")), "".join(nodes("no"))
        ('xyzpmJ', 'xyzwpmJ')
    """
    return [name for name in PLACES if name != "w" or twice == "no"]


def users(twice):
    """Return for each node the nodes that were computed from it, which must be paid first.

    Example:
        >>> users("yes")["x"], users("yes")["J"]
        (['p', 'J'], [])
    """
    return {name: [u for u, (_, *parents) in FORMULAS[twice].items() if name in parents] for name in nodes(twice)}


def record(clicks, twice):
    """Return which nodes are paid after these clicks, in order, and how many clicks came too early.

    Example:
        >>> record("pJmp", "no")
        (['J', 'm', 'p'], 1)
    """
    waits, paid, wrong = users(twice), [], 0
    for name in clicks:
        if name in waits and name not in paid:
            early = any(user not in paid for user in waits[name])
            wrong += early
            paid += [] if early else [name]
    return paid, wrong


class Graph(Widget):
    """The graph J = max(x y, z) + w, or + x, whose gradients appear as its nodes are clicked in the right order.

    Args:
        x, y, z: its inputs, -3 to 3, taken to halves; w is as large as x.
        twice: "yes" if x is used twice, "no" if there is a w instead.
        clicks: the nodes clicked so far, such as "Jm".
    Raises: ValueError for a number out of its range, an unknown choice, or a letter that is no node.
    Example:
        >>> _, (values, slopes, _) = Graph().answer({"x": 2, "y": 1.5, "z": 1, "twice": "yes", "clicks": ""})
        >>> values, slopes  # of x, y, z, p, m, J
        ([2.0, 1.5, 1.0, 3.0, 3.0, 5.0], [2.5, 2.0, 0.0, 1.0, 1.0, 1.0])
    """

    kind = "graph"
    size = (6.4, 3.4)
    room = ("0px + 578px", "0px + 693px")
    x = Setting(_half, 2.0)
    y = Setting(_half, 1.5)
    z = Setting(_half, 1.0)
    twice = Setting(lambda name, value: one_of(name, value, TWICE), "no")
    clicks = Setting(_clicks, "")

    @classmethod
    def rules(cls):
        return translate.module(LIMIT=LIMIT, MOST=MOST, PLACES=PLACES, FORMULAS=FORMULAS, OPERATIONS=OPERATIONS)

    def answer(self, settings):
        """Return the value and the slope of each node as `gdcourse.autodiff` finds them, and whether it is paid."""
        x, y, z = (Value(_half(name, settings[name]), name) for name in "xyz")
        twice = one_of("twice", settings["twice"], TWICE)
        w = Value(x.data, "w") if twice == "no" else x
        p = x * y
        p.name = "p"
        m = z + (p - z).relu()  # the larger of p and z; in halves and quarters no bit is lost
        m.name = "m"
        J = m + w
        J.name = "J"
        J.backward()
        found = {node.label: node for node in graph(J)[0]}
        paid, wrong = record(_clicks("clicks", settings["clicks"]), twice)
        names = nodes(twice)
        done = [float(name in paid) for name in names] + [float(wrong)]
        return "open" if len(paid) < len(names) else "paid", [
            [found[name].data + 0.0 for name in names], [found[name].grad + 0.0 for name in names], done,  # no -0.0
        ]  # fmt: skip

    def _run(self):
        return self.answer({name: getattr(self, name) for name in self.settings()})[1]

    def describe(self):
        values, slopes, _ = self._run()
        last = "w" if self.twice == "no" else "x"
        found = ", ".join(f"{name} {slope:g}" for name, slope in zip(nodes(self.twice), slopes))
        return (
            f"The graph of J = max(x y, z) + {last} for x = {self.x:g}, y = {self.y:g}, z = {self.z:g}, with its value "
            f"{values[-1]:g} and the slope of J with respect to each node: {found}."
        )

    def paint(self, canvas):
        values, slopes, _ = self._run()
        ax = canvas.subplots()
        ax.set(xlim=(-0.4, 3.4), ylim=(3.6, -0.6))
        ax.axis("off")
        for name, (_, *parents) in FORMULAS[self.twice].items():
            for parent in parents:
                bend = "arc3,rad=-0.35" if parent == "x" and name == "J" else "arc3"
                ax.annotate("", PLACES[name], PLACES[parent], arrowprops={
                    "arrowstyle": "->", "color": plots.COLORS["theory"], "shrinkA": 16, "shrinkB": 16,
                    "connectionstyle": bend})  # fmt: skip
        for name, value, slope in zip(nodes(self.twice), values, slopes):
            column, row = PLACES[name]
            ax.plot(column, row, "o", ms=30, mfc="white", mec="#000000")
            ax.text(column, row, f"{value:g}", ha="center", va="center")
            ax.text(column - 0.17, row - 0.22, name, ha="center")
            ax.text(column, row + 0.46, f"slope {slope:g}", ha="center", color=plots.COLORS["path"])
