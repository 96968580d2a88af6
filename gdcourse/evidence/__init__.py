"""Published results, reproduced: each function runs one and returns what was expected beside what was measured.

The chapters show these tables, the evidence page collects them, and the tests assert that every row holds.
"""

from html import escape
from importlib import import_module
from typing import Any, NamedTuple

from gdcourse._validate import one_of


class Row(NamedTuple):
    """One number: what it is, the published or closed-form value (as text), the measured one, and where it must lie."""

    what: str
    expected: str
    measured: float
    low: float
    high: float

    @property
    def holds(self):
        """True if the measured value lies within its tolerance."""
        return bool(self.low <= self.measured <= self.high)


class Evidence(NamedTuple):
    """One result: its stable name, a title, its source, its rows, and data for a figure."""

    name: str
    title: str
    source: str
    rows: tuple
    data: Any = None

    @property
    def holds(self):
        """True if every row holds."""
        return all(row.holds for row in self.rows)

    def _repr_html_(self):
        body = "".join(
            f"<tr><td>{escape(row.what)}</td><td>{escape(row.expected)}</td><td>{_text(row.measured)}</td>"
            f"<td>{'holds' if row.holds else 'fails'}</td></tr>"
            for row in self.rows
        )
        return (
            f'<table class="evidence"><caption>{escape(self.name)}. {escape(self.title)}: {escape(self.source)}'
            "</caption><thead><tr><th>quantity</th><th>expected</th><th>measured</th><th>verdict</th></tr>"
            f"</thead><tbody>{body}</tbody></table>"
        )


def _text(x, digits=7):
    """Write a number with so many digits, plainly where it is of ordinary size."""
    rounded = float(f"{x:.{digits}g}")
    return f"{rounded:,.12g}" if rounded == 0 or 1e-5 <= abs(rounded) < 1e9 else f"{rounded:g}"


def near(what, measured, expected, *, relative=0.0, absolute=0.0, digits=6):
    """Return the row of a number that must come out as expected, within a relative or an absolute tolerance."""
    slack = abs(expected) * relative + absolute
    return Row(what, _text(expected, digits), float(measured), expected - slack, expected + slack)


def between(what, measured, low=float("-inf"), high=float("inf"), expected=None):
    """Return the row of a number that must lie in a band; expected is its published value, where there is one."""
    band = f"{_text(low)} to {_text(high)}"
    if low == float("-inf"):
        band = f"at most {_text(high)}"
    elif high == float("inf"):
        band = f"at least {_text(low)}"
    return Row(what, band if expected is None else str(expected), float(measured), low, high)


REPRODUCTIONS = {
    "R1": "descent:r1",
    "R2": "momentum:r2",
    "R3": "networks:r3",
    "R4": "landscape:r4",
    "R5": "depth:r5",
    "R6": "depth:r6",
    "R7": "networks:r7",
    "R8": "depth:r8",
    "R9": "depth:r9",
    "R10": "depth:r10",
    "R11": "depth:r11",
    "R12": "stochastic:r12",
    "R13": "stochastic:r13",
    "R14": "stochastic:r14",
    "R15": "networks:r15",
    "R16": "stochastic:r16",
    "R17": "adaptive:r17",
    "R18": "adaptive:r18",
    "R19": "costs:r19",
    "R20": "costs:r20",
    "R21": "costs:r21",
    "R22": "networks:r22",
    "R23": "differentiation:r23",
    "R24": "landscape:r24",
    "R25": "landscape:r25",
    "R26": "landscape:r26",
    "R27": "curvature:r27",
    "R28": "landscape:r28",
    "R29": "curvature:r29",
    "R30": "descent:r30",
    "R31": "constrained:r31",
    "R32": "generalisation:r32",
    "R33": "costs:r33",
    "R34": "curvature:r34",
    "R35": "generalisation:r35",
    "R36": "stochastic:r36",
    "R37": "games:r37",
    "R38": "games:r38",
    "R39": "networks:r39",
}
"""Where each result is reproduced, as "module:function" of this package. A module is imported when it is asked for."""


def reproduce(name):
    """Run the reproduction of one published result.

    Args: name: a key of REPRODUCTIONS, such as "R23".
    Returns: its Evidence.
    Raises: ValueError for an unknown name.
    Example:
        >>> reproduce("R23").holds
        True
    """
    module, function = REPRODUCTIONS[one_of("name", name, REPRODUCTIONS)].split(":")
    return getattr(import_module(f"{__name__}.{module}"), function)()
