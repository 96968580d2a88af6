"""Write verdicts for a student to read, and raise them in a notebook without a stack trace of ours."""

import textwrap

from gdcourse.checks.book import address, equation
from gdcourse.checks.exercise import Oracle, Rng
from gdcourse.checks.values import show

WIDTH = 82  # nbgrader validate cuts off what is longer
BEFORE_ALL_ELSE = {"unwritten", "call", "structure", "prints", "nothing", "raised", "time", "calls", "exit"}
"""Kinds of faults that are said once if all behaviours say them."""
HINTS = 1, 2, 3
"""How much is said: the smallest case, also what kind of fault it is, also the mistake and the equation."""
ALL = HINTS[-1]
LONGEST = 3_000  # characters of a paragraph: what sets it takes the square of a word's length


class NotYet(AssertionError):
    """A behaviour that does not pass. Jupyter shows its message alone: none of the frames inside is the student's."""

    def _render_traceback_(self):
        return str(self).splitlines()


def report(exercise, verdicts, hint=ALL):
    """Return an exercise's page: its score, and a line for each behaviour that says what is wrong, if anything.

    hint: how much it says: 1, the smallest case that fails; 2, also what kind of fault it is; ALL, also the mistake.
    """
    lines = [f"{exercise.name}   {sum(v.points for v in verdicts):g} of {_points(exercise.points)}"]
    for row in rows(exercise, verdicts, hint):
        lines.append(_paragraph("  ok    " if row["passed"] else "  no    ", row["text"]))
        if where := address(row["place"]):
            lines.append(f"        {where}")
        if row["case"]:
            lines.append(_case(row["case"]))
    if hint < ALL and not all(v.passed for v in verdicts):
        lines.append(f"Stuck? check({', '.join(exercise.names)}, hint={hint + 1}) says more.")
    return "\n".join(lines)


def rows(exercise, verdicts, hint=ALL):
    """Return the lines of a report as plain data, for a page to show in its own way.

    Returns: a list of dictionaries. passed; text: all that the line says; place: the label of the book's equation that
    it ends with, if any; case: None, or the smallest that fails: its arguments as texts, "yours" and "expected".
    """
    if len({v.fault for v in verdicts}) == 1 and verdicts[0].fault and verdicts[0].fault.kind in BEFORE_ALL_ELSE:
        return [_row(verdicts[0], set(), "", hint)]
    told, found = set(), []
    for verdict in verdicts:
        found.append(_row(verdict, told, verdict.behaviour.says, hint))
        told.add(explanation(verdict, hint))
    return found


def message(exercise, verdict, seed, hint=ALL):
    """Return the feedback of one graded cell. seed: what draws the same cases again, None to keep that secret."""
    row = _row(verdict, set(), verdict.behaviour.says, hint)
    lines = [f"{exercise.name}, {_points(verdict.behaviour.points)}:", _paragraph("  no    ", row["text"])]
    if where := address(row["place"]):
        lines.append(f"        {where}")
    if row["case"]:
        lines.append(_case(row["case"]))
    if verdict.fault.kind != "unwritten" and seed is not None:
        lines.append(f"The same numbers again: check({', '.join(exercise.names)}, seed={seed})")
    return "\n".join(lines)


def explanation(verdict, hint=ALL):
    """Return what is wrong in sentences: what came, what is the same about all of it, which mistake it looks like."""
    if verdict.passed:
        return ""
    # What stops everything, an error or a missing return, is no riddle.
    parts = [verdict.fault.sentence, verdict.clue] if hint > 1 or verdict.fault.kind in BEFORE_ALL_ELSE else []
    if verdict.mistake and hint == ALL:
        opening = "That is" if any(parts) else "yours is"
        parts += [f"{opening} what comes out when {verdict.mistake.hint}", equation(verdict.mistake.see)]
    return " ".join(filter(None, parts))


def _row(verdict, told, says, hint):
    row = dict(passed=verdict.passed, text=says, place="", case=None)
    if verdict.passed:
        return row
    text = explanation(verdict, hint) or "not right yet."
    row["text"] = ": ".join(filter(None, [says, "the same again." if text in told else text]))
    if verdict.mistake and hint == ALL and text not in told:
        row["place"] = verdict.mistake.see
    if verdict.case:
        row["case"] = as_text(verdict.case, verdict.fault)
    return row


def as_text(case, fault):
    """Return a failing case as texts: its arguments, what came, and what was expected."""
    arguments = [_argument(name, value) for name, value in case.items()]
    return dict(case=arguments, yours=fault.yours, expected=fault.expected)


def _case(smallest):
    """Return the smallest failing case on one line, or on two or three if it is long."""
    parts = ["smallest case: " + ", ".join(smallest["case"])]
    parts += [f"{whose} {smallest[whose]}" for whose in ("yours", "expected") if smallest[whose]]
    margin, pair = " " * 8, "   ".join(parts[1:])
    for lines in (["   ".join(parts)], [parts[0], pair]):
        if max(map(len, lines)) <= WIDTH - len(margin):
            break
    else:
        lines = [parts[0], pair] if len(pair) <= WIDTH - len(margin) else [part.replace("yours ", "yours    ", 1)
                                                                           for part in parts]
    return "\n".join(_paragraph(margin, line) for line in lines if line)


def _argument(name, value):
    if isinstance(value, Oracle):
        return value.text or f"a function {name}"
    if isinstance(value, Rng):
        return f"{name} = default_rng({value.seed})"
    if isinstance(value, list) and any(isinstance(item, Oracle) for item in value):
        return f"{name} = [{', '.join(_argument(item.name, item) for item in value)}]"
    return f"{name} = {show(value)}"


def _paragraph(label, text):
    lines = []
    text = text if len(text) <= LONGEST else text[:LONGEST] + " ..."
    for number, line in enumerate(text.split("\n")):
        first = label if not number else " " * len(label)
        lines.append(textwrap.fill(line, WIDTH, initial_indent=first, subsequent_indent=" " * len(label),
                                   break_on_hyphens=False))
    return "\n".join(lines)


def _points(points):
    return f"{points:g} point{'' if points == 1 else 's'}"
