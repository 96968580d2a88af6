"""Published results, reproduced: each function runs one and returns what was expected beside what was measured.

The chapters show these tables, the evidence page collects them, and the tests assert that every row holds.
"""

from html import escape
from importlib import import_module
from typing import Any, NamedTuple

from gdcourse._validate import one_of

CLOSED_FORM = "closed form"
OWN_RUN = "our own run"
PUBLISHED = "published"
ROUNDING = 1e-6
"""A number that must lie below this or a smaller bound is what rounding left: its digits are those of one machine."""


class Row(NamedTuple):
    """One number: what it is, the expected value (as text), the measured one, and where it must lie.

    basis says where the expected value comes from: CLOSED_FORM, OWN_RUN (the default: the number or the band is what
    our own runs gave), or the place where it stands in print, made by `published("Table 2")`. band says as text how
    far the measured value may be from the expected one. digits is how many of it are printed: those that the next
    machine measures, too. With 0, and where the bound itself is no larger than ROUNDING, the table prints on which
    side of its bound it lies ("below 1e-11"), because the number itself is what rounding left.
    """

    what: str
    expected: str
    measured: float
    low: float
    high: float
    basis: str = OWN_RUN
    band: str = ""
    digits: int = 7

    @property
    def holds(self):
        """True if the measured value lies within its tolerance."""
        return bool(self.low <= self.measured <= self.high)

    @property
    def shown(self):
        """The measured value as it is printed."""
        one_sided = self.low in (float("-inf"), -self.high) and self.high != 0
        if not self.holds or (self.digits and not (one_sided and self.high <= ROUNDING)):
            return _text(self.measured, self.digits or 7)
        if one_sided:
            return f"below {_text(self.high, 2)}"
        return f"above {_text(self.low, 2)}" if self.high == float("inf") else _band(self.low, self.high)

    @property
    def verdict(self):
        """Whether it holds, and the band in which it must lie unless that is all that was expected."""
        band = self.band or _band(self.low, self.high)
        return ("holds" if self.holds else "fails") + (f", {band}" if band != self.expected else "")


def published(place):
    """Return the basis of a value that stands in print.

    Args: place: where, such as "Table 2" or "Nielsen, chapter 3". Returns: the basis, for `near` and `between`.
    Example:
        >>> published("Table 2")
        'published: Table 2'
    """
    if not place:
        raise ValueError("place must say where the value stands in print")
    return f"{PUBLISHED}: {place}"


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
            f"<tr><td>{escape(row.what)}</td><td>{escape(row.expected)}</td><td>{escape(row.basis)}</td>"
            f"<td>{escape(row.shown)}</td><td>{escape(row.verdict)}</td></tr>"
            for row in self.rows
        )
        return (
            f'<table class="evidence"><caption>{escape(self.name)}. {escape(self.title)}: {escape(self.source)}'
            "</caption><thead><tr><th>quantity</th><th>expected</th><th>from</th><th>measured</th><th>verdict</th></tr>"
            f"</thead><tbody>{body}</tbody></table>"
        )


def _text(x, digits=7):
    """Write a number with so many digits, plainly where it is of ordinary size."""
    rounded = float(f"{x:.{digits}g}")
    return f"{rounded:,.12g}" if rounded == 0 or 1e-5 <= abs(rounded) < 1e9 else f"{rounded:g}"


def _band(low, high):
    if low == float("-inf"):
        return f"at most {_text(high)}"
    return f"at least {_text(low)}" if high == float("inf") else f"{_text(low)} to {_text(high)}"


def _known(basis):
    if basis not in (CLOSED_FORM, OWN_RUN) and not basis.startswith(f"{PUBLISHED}: "):
        raise ValueError(f'basis must be CLOSED_FORM, OWN_RUN or published("the place"), not {basis!r}')
    return basis


def near(what, measured, expected, *, relative=0.0, absolute=0.0, digits=6, basis=OWN_RUN, shown=7):
    """Return the row of a number that must come out as expected, within a relative or an absolute tolerance.

    Args: digits: of the expected value as printed; basis: where it comes from; shown: digits of the measured value.
    Example:
        >>> row = near("best rate", 0.1176, 2 / 17, relative=0.01, digits=3, basis=CLOSED_FORM, shown=3)
        >>> row.expected, row.shown, row.verdict
        ('0.118', '0.118', 'holds, ± 0.0012')
    """
    slack = abs(expected) * relative + absolute
    band = f"± {_text(slack, 2)}" if slack else "exactly"
    return Row(what, _text(expected, digits), float(measured), expected - slack, expected + slack, _known(basis), band,
               shown)  # fmt: skip


def between(what, measured, low=float("-inf"), high=float("inf"), expected=None, *, basis=OWN_RUN, shown=7):
    """Return the row of a number that must lie in a band; expected is its value elsewhere, where there is one.

    Args: basis: where the expected value comes from, or else the band; shown: digits of the measured value.
    Example:
        >>> row = between("distance left", 2.2e-13, high=1e-11, basis=CLOSED_FORM)
        >>> row.expected, row.shown, row.verdict
        ('at most 1e-11', 'below 1e-11', 'holds')
    """
    band = _band(low, high)
    return Row(what, band if expected is None else str(expected), float(measured), low, high, _known(basis), band,
               shown)  # fmt: skip


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
