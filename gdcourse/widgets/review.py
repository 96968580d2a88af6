"""What the page Review brings back: every question of the chapters, and the common mistakes; and the deck of both.

A cell with a question names everything it needs, so it can be run by itself, outside its chapter.
"""

import ast
import json
import re
from html import escape
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gdcourse.book import Page, pages
from gdcourse.widgets.page import STATE, state

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?:---\n.*?\n---\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"^\(((?:ch|sec)-[\w-]+)\)=$", re.MULTILINE)
EXERCISE = re.compile(r"^```\{exercise-start\} (.+)\n:label: ([\w-]+)$", re.MULTILINE)
HEADER = "#separator:tab\n#html:true\n#notetype:Basic\n#deck:Gradient descent\n#guid column:1\n#tags column:4\n"


class Asked(NamedTuple):
    """A question with its page, the label of its section, and label and title of the exercise it belongs to, if any."""

    page: Page
    label: str
    exercise: tuple
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
            before = page.text[: cell.start()]
            opened = (
                EXERCISE.findall(before) if before.count("{exercise-start}") > before.count("{exercise-end}") else []
            )
            exercise = opened[-1][::-1] if opened else ()
            found.append(Asked(page, PLACE.findall(before)[-1], exercise, question))
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

    A question that belongs to an exercise is about what stands there, and is left out.

    Args: folder: of the chapters. Returns: the text, in HTML between tabs, after Anki's own header lines.
    """
    notes = []
    for page, _, exercise, question in questions(folder):
        if exercise:
            continue
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


def _heading(page, label):
    return re.search(r"^#+ (.+)$", page.text[page.text.index(f"({label})=\n") :], re.MULTILINE)[1]


def _item(key, place, inside):
    return f'<li data-key="{key}"><p class="gd-review-place">{place}</p>\n{inside}</li>\n'


def listing(folder="."):
    """Return the HTML of the page: every question, live where there are scripts, and every common mistake.

    Args: folder: of the chapters. Returns: the text. assets/review.js shows one item of it at a time.
    """
    rows, models = [], {}
    for page, label, exercise, question in questions(folder):
        key = question.content["key"]
        (model,) = state(question)["state"].values()
        needed = {name: model["state"][name] for name in ("about", "content", *question.settings())}
        models[key] = model | {"state": needed}
        label, title = exercise or (label, _heading(page, label))
        place = page.link(label, f"Chapter {page.number}, {page.title}: {title}")
        markup = question._repr_mimebundle_()[0]["text/html"].replace(question.model_id, key)  # the same in every build
        rows.append(_item(key, place, markup))
    for name, said, truth, page in claims(folder):
        link = page.link(name.lower(), f"Shown in chapter {page.number}, {page.title}")
        fold = f"<details><summary>What is true instead</summary><p>{escape(truth)}</p><p>{link}</p></details>"
        rows.append(_item(name, "What is wrong with this?", f"<p>“{escape(said)}”</p>\n{fold}"))
    stored = json.dumps({"state": models, "version_major": 2, "version_minor": 0}).replace("</", "<\\/")
    buttons = " ".join(f'<button type="button">{text}</button>' for text in ("Next", "Show all", "Forget all answers"))
    return (
        f'<div class="gd-review">\n<p class="gd-review-says" role="status"></p>\n'
        f'<p class="gd-review-buttons" hidden>{buttons}</p>\n<ol>\n{"".join(rows)}</ol>\n'
        f'<script type="{STATE}">{stored}</script>\n</div>'
    )
