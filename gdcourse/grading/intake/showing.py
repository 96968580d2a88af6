"""Make what a student wrote safe to be shown: in formgrader, in feedback, in whatever reads a notebook of ours.

What is shown can click, be clicked, and take as long to be coloured or set as it likes; and whoever opens it is logged
in. So her text brings no tag, no name and no picture of its own into a page, and no more of it than can be read.
"""

import copy
import re

TAG = re.compile(r"<(?=[A-Za-z/!?])")
LINK = re.compile(r"""( \]\(\s*+<?+                                    # [text](place
  | ^(?:[ \t>*+-]|\d++[.)])*+ \[(?:\\[\s\S]|[^\\\[\]]){1,999}+\]:\s*+<?+  # [label]: place, in a list or quoted, too
  ) (?!https?://|\#)""", re.MULTILINE | re.VERBOSE)
PICTURE = re.compile(r"!(?=\[)")
NOWHERE = "\u200b"  # a character without width, which no name of a page has
HEADING = re.compile(rf"^([ \t>*+\-:\d.)]*+\#{{1,6}}+)(?![ ]{NOWHERE})", re.MULTILINE)
UNDERLINE = re.compile(r"(?<=[^\n]\n)([ \t>]*+)(?==++[ \t]*+$|-++[ \t]*+$)", re.MULTILINE)
DIAGRAM = re.compile(r"([`~]{3}[ \t]*+)(?=mermaid)", re.IGNORECASE)

CODE, LINE, BLANK = 20_000, 400, 20  # characters of a cell of code, of a line of it, and blank lines in a row
WORDS = 10_000  # characters of a cell of text, for what sets it takes the square of their number
ALL = {"code": 300_000, "markdown": 60_000}  # characters of all cells of a kind
CUT = " [cut]"


def inert(text):
    """Return Markdown that brings nothing into a page but words, formulas, and links to the web.

    A heading's text would become its name in the page, which formgrader looks fields up by: it is given one that is
    none of ours. Pictures become links: those beside the notebook and pasted into it are not there any more, and those
    of the web may be of any size.
    """
    text = TAG.sub("< ", LINK.sub(r"\1#", PICTURE.sub("", text)))
    text = DIAGRAM.sub(r"\1text ", HEADING.sub(rf"\1 {NOWHERE}", text))
    return UNDERLINE.sub(r"\1\\", text)


def as_text(raw):
    """Return a raw cell's source, which a converter would take for HTML, as Markdown that shows it word for word."""
    return "\n".join(f"    {line}" for line in raw.split("\n"))


def shown(notebook):
    """Return a notebook, outputs included, with no more text in it than a page can hold; the very same one if so."""
    left, cells = dict(ALL), []
    for cell in notebook.cells:
        text = cell.source
        if cell.cell_type in left:
            text = _cut(short(text) if cell.cell_type == "code" else text, CODE if cell.cell_type == "code" else WORDS)
            text = _cut(text, max(0, left[cell.cell_type]))
            left[cell.cell_type] -= len(text)
        if text != cell.source:
            cell = copy.copy(cell)
            cell.source = text
        cells.append(cell)
    if all(a is b for a, b in zip(cells, notebook.cells)):
        return notebook
    notebook = copy.copy(notebook)
    notebook.cells = cells
    return notebook


def short(code):
    """Return code with its very long lines cut, and very long gaps closed: what colours it takes their square."""
    lines, blank = [], 0
    for line in code.split("\n"):
        blank = 0 if line.strip() else blank + 1
        if blank <= BLANK:
            lines.append(_cut(line, LINE))
    return "\n".join(lines)


def _cut(text, most):
    return text if len(text) <= most else text[: max(0, most - len(CUT))] + CUT[:most]
