"""What the page Review brings back: every question of the chapters, and the common mistakes; and the deck of both.

A cell with a question names everything it needs, so it can be run by itself, outside its chapter.
"""

import ast
import re
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gdcourse.book import Page, pages

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?:---\n.*?\n---\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"^\(((?:ch|sec)-[\w-]+)\)=$", re.MULTILINE)
HEADER = "#separator:tab\n#html:true\n#notetype:Basic\n#deck:Gradient descent\n#guid column:1\n#tags column:4\n"


class Asked(NamedTuple):
    """A question with its page, and the label of the section that asks it."""

    page: Page
    label: str
    question: object


class Claim(NamedTuple):
    """A common mistake: its name (W1 to W36), what is said, what is true, and the page that refutes it."""

    name: str
    said: str
    truth: str
    page: Page


def questions(folder="."):
    """Return the questions of the chapters in the order of the book.

    Args: folder: of the chapters. Returns: a list of Asked.
    Raises: ValueError if a cell that asks a question needs more than NumPy's np.
    """
    found = []
    for page in pages(folder):
        for cell in CELL.finditer(page.text):
            if not page.number or "Question(" not in cell[1]:
                continue
            tree = ast.parse(cell[1])
            names = {"np": np}
            try:
                exec(compile(ast.Module(tree.body[:-1], []), page.name, "exec"), names)
                question = eval(compile(ast.Expression(tree.body[-1].value), page.name, "eval"), names)
            except NameError as error:
                raise ValueError(f"a question of {page.name} must need nothing but np, got {error}") from None
            found.append(Asked(page, PLACE.findall(page.text[: cell.start()])[-1], question))
    return found


def claims(folder="."):
    """Return the common mistakes in the order of their names.

    Args: folder: of the chapters. Returns: a list of Claim.
    """
    import yaml

    stored = yaml.safe_load((Path(folder) / "claims.yml").read_text(encoding="utf-8"))
    book = pages(folder)
    homes = {name: next(page for page in book if f"({name.lower()})=\n" in page.text) for name in stored}
    return [Claim(name, claim["claim"], claim["truth"], homes[name]) for name, claim in stored.items()]


def deck(folder="."):
    """Return the questions and the common mistakes as a text for Anki: a guid, a front, a back and tags in each line.

    Args: folder: of the chapters. Returns: the text, in HTML between tabs, after Anki's own header lines.
    """
    notes = []
    for page, _, question in questions(folder):
        first = question.content
        front = escape(first["prompt"])
        if "labels" in first:
            front += "<ul>" + "".join(f"<li>{escape(label)}</li>" for label in sorted(first["labels"])) + "</ul>"
        right = first["labels"][0] if "labels" in first else f"{first['numbers'][0]:g}"
        back = f"<b>{escape(right)}</b><br>{escape(first['says'][0])}"
        notes.append((f"gdcourse-{first['key']}", front, f"{back}<br><i>{escape(page.title)}</i>", page.name))
    for name, said, truth, page in claims(folder):
        front = f"What is wrong with this?<br>“{escape(said)}”"
        notes.append((f"gdcourse-{name}", front, f"{escape(truth)}<br><i>{escape(page.title)}</i>", page.name))
    for note in notes:
        if any("\t" in field or "\n" in field for field in note):
            raise ValueError(f"a note must hold neither tabs nor ends of lines, got {note}")
    return HEADER + "".join("\t".join(note) + "\n" for note in notes)
