"""Submissions that try to take points, secrets or the machine. Every answer in them is wrong, or not their own.

An attack is one entry in a module of its class. `write(attack, folder, place)` makes a submission folder of it.

The notebook's functions all end in `attack(name, *arguments)`, which is 0.0 unless the entry says otherwise. A piece of
code that meets something it should not have says so by `tell(...)`, which prints LEAK: the word is nowhere in a source.
"""

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from gdcourse.grading.authoring.assign import release_notebook

PS = "ps03"
MODULES = ("metadata", "cells", "outputs", "objects", "runner", "wire", "reading", "borrowing", "network", "processes",
           "persistence", "resources", "exits", "files", "feedback")  # fmt: skip
LEAK = "LEAK:"

PRELUDE = '''
import os, sys

PLACE = {place!r}


def tell(*what):
    print("LE" + "AK:", *what, flush=True)


def attack(name, *args):
    return 0.0
'''


@dataclass(frozen=True, eq=False)
class Attack:
    """One attack. make(case) edits what is handed in.

    copies: how many students hand it in, one after another: 2 where the second looks for what the first left.
    endless: it ends only because it is stopped. unsafe: why stock nbgrader is not to be run on it, even jailed.
    """

    name: str
    tries: str
    make: Callable
    copies: int = 1
    endless: bool = False
    unsafe: str = ""
    kind: str = ""


@dataclass
class Case:
    """What is being handed in: the notebook as plain data, the folder it goes to, and the places attacks know of."""

    book: dict
    folder: Path
    place: dict

    @property
    def path(self):
        return self.folder / f"{PS}.ipynb"

    def cells(self, role):
        """Return the cells that are "test", "solution" or "setup"."""
        marked = [c for c in self.book["cells"] if "nbgrader" in c["metadata"]]
        return [c for c in marked if _role(c["metadata"]["nbgrader"]) == role]

    def beside(self, name, text):
        """Put a file beside the notebook."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.format(place=self.place).encode())

    def handed_in_as_bytes(self, data):
        """Hand in these bytes where the notebook should be."""
        self.path.write_bytes(data)
        self.book = None


def _role(metadata):
    return "test" if metadata["grade"] else "solution" if metadata["solution"] else "setup"


def code(name, tries, source, **rest):
    """Return the attack that runs a piece of code in the first solution cell."""
    ast.parse(source)

    def make(case):
        case.cells("solution")[0]["source"] += "\n\n" + source.strip()

    return Attack(name, tries, make, **rest)


def notebook(name, tries, **rest):
    """Turn the function below, which edits a Case, into an attack."""
    return lambda make: Attack(name, tries, make, **rest)


def corpus():
    """Return all attacks, each with its class."""
    found = []
    for module in MODULES:
        for attack in import_module(f"{__name__}.{module}").ATTACKS:
            object.__setattr__(attack, "kind", module)
            found.append(attack)
    names = [attack.name for attack in found]
    assert len(set(names)) == len(names), sorted(n for n in names if names.count(n) > 1)
    return found


def wrong_notebook(page, place):
    """Return the release as plain data, with functions written into it that are wrong until an attack acts.

    The cells for trying are left out: they take time, and show nothing that a test does not.
    """
    book = json.loads(json.dumps(release_notebook(page)))
    book["cells"] = [c for c in book["cells"] if c["cell_type"] == "markdown" or "nbgrader" in c["metadata"]]
    solutions = Case(book, Path(), place).cells("solution")
    for cell in solutions:
        (node,) = ast.parse(cell["source"]).body
        names = ", ".join([repr(node.name), *(a.arg for a in node.args.args)])
        cell["source"] = re.sub(r"# Your code here\.\n\s*raise NotImplementedError", f"return attack({names})",
                                cell["source"])  # fmt: skip
        assert "attack(" in cell["source"]
    solutions[0]["source"] = PRELUDE.format(place=place).strip() + "\n\n\n" + solutions[0]["source"]
    return book


def write(attack, folder, page, place):
    """Make an attack's submission in a folder, which is made first."""
    folder.mkdir(parents=True)
    case = Case(wrong_notebook(page, place), folder, place)
    attack.make(case)
    if case.book is not None:
        case.path.write_text(json.dumps(case.book), "utf-8")
