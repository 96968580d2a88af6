"""Where an answer stands that is not in its own cell: merged with another, moved, or written into a cell of one's own.

A function counts wherever it is defined, as it does when the notebook is run at home. What was handed out to be filled
in, and is still empty, must then not define it again.
"""

import re

DEFINES = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)|^(\w+)[ \t]*=(?!=)", re.MULTILINE)
ELSEWHERE = "# The answer stands in another cell."


def defined(text):
    """Return the names that a cell defines at its top: functions, classes, and what is assigned."""
    return {name for found in DEFINES.finditer(text) for name in found.groups() if name}


def stubs(marked):
    """Return {text of a cell as it was handed out: the names it asks for} of an assignment's cells to be filled in.

    marked: {grade_id: cell} of the assignment.
    """
    cells = [c for c in marked.values() if c.cell_type == "code" and c.metadata["nbgrader"]["solution"]]
    return {cell.source.strip(): defined(cell.source) for cell in cells if defined(cell.source)}


def passed_over(texts, empty):
    """Return the places of those texts that would undo an answer: empty ones whose functions another text defines.

    Args: texts: of all code cells, None for others; empty: what `stubs` returns.
    """
    answered = set().union(*(defined(text) for text in texts if text is not None and text.strip() not in empty))
    return {place for place, text in enumerate(texts) if text is not None and text.strip() in empty
            and empty[text.strip()] <= answered}  # fmt: skip
