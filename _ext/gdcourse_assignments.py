"""The assignments as readers meet them: a notebook each, and one list that grows by itself.

An assignment exists when `gdcourse.checks` declares it and exercises/ has its page. Its notebook is what nbgrader
releases: built from that page, without solutions.

    ```{assignments}
    ```                       in a page: the table of all of them

    python _ext/gdcourse_assignments.py assignments      writes the notebooks to a folder
"""

import re
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import gdcourse_address
import nbformat
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from gdcourse import checks
from gdcourse.grading.authoring.assign import release_notebook

logger = logging.getLogger(__name__)

TITLE = re.compile(r"^# Assignment (\d+): (.+)$", re.MULTILINE)
HOURS = re.compile(r"about\s+([\w\s]+?)\s+of\s+work")


class Entry(NamedTuple):
    """What the list says about an assignment."""

    id: str
    number: int
    title: str
    time: str
    points: float
    by_hand: float
    chapters: tuple
    functions: tuple  # (name, points)


def pages(root):
    """Return {id: page} of every assignment that is declared and written."""
    found = {ps: Path(root, "exercises", f"{ps}.md") for ps in checks.MODULES}
    return {ps: path for ps, path in found.items() if path.is_file()}


@cache
def _release(page, changed):
    return release_notebook(page)


def release(page):
    """Return the assignment's notebook, built once however often it is asked for."""
    return _release(page, page.stat().st_mtime_ns)


def entry(ps, page):
    """Return what the list says about one assignment. Raises: ValueError if its page leaves out title or time."""
    text = page.read_text("utf-8")
    title, hours = TITLE.search(text), HOURS.search(text)
    if not title or not hours:
        raise ValueError(f"{page.name} must say '# Assignment 3: Title' and 'about two hours of work'")
    marks = [cell.metadata.get("nbgrader", {}) for cell in release(page).cells]
    graded = [mark for mark in marks if mark.get("grade")]
    declared = checks.assignment(ps)
    return Entry(
        ps, int(title[1]), title[2].strip(), " ".join(hours[1].split()),
        sum(mark["points"] for mark in graded),
        sum(mark["points"] for mark in graded if mark["solution"]),
        declared.chapters,
        tuple((", ".join(exercise.names), exercise.points) for exercise in declared.exercises),
    )  # fmt: skip


def write(root, folder):
    """Write the notebook of every assignment to `folder`, leaving alone what has not changed; return their paths."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    written = []
    for ps, page in pages(root).items():
        target, text = Path(folder, f"{ps}.ipynb"), nbformat.writes(release(page)) + "\n"
        if not target.is_file() or target.read_text("utf-8") != text:
            target.write_text(text, "utf-8")
        written.append(target)
    return written


class Assignments(SphinxDirective):
    """The table of assignments, and what each asks for."""

    def run(self):
        lines = ["| No. | Assignment | Points | Time | Notebook |", "|---:|---|---:|---|---|"]
        asked = []
        for ps, page in pages(self.env.srcdir).items():
            self.env.note_dependency(str(page))
            try:
                this = entry(ps, page)
            except ValueError as error:
                logger.warning("%s", error, location=self.get_location())
                continue
            known = [name for name in this.chapters if f"chapters/{name}" in self.env.found_docs]
            chapters = ", ".join(f"{{doc}}`/chapters/{name}`" for name in known)
            binder = gdcourse_address.launch(f"assignments/{ps}.ipynb").get("Binder")
            open_it = f"{{assignment}}`{ps}`" + (f", [on Binder]({binder})" if binder else "")
            after = f" (after {chapters})" if chapters else ""
            has_page = f"exercises/{ps}" in self.env.found_docs
            title = f"{{doc}}`{this.title} </exercises/{ps}>`" if has_page else this.title
            lines.append(f"| {this.number} | {title}{after} | {this.points:g} | {this.time} | {open_it} |")
            functions = ", ".join(f"`{name}` ({points:g})" for name, points in this.functions)
            hand = f", and {this.by_hand:g} points for an answer that a person reads" if this.by_hand else ""
            asked.append(f"**Assignment {this.number}** asks for {functions}{hand}.\n")
        return self.parse_text_to_nodes("\n".join([*lines, "", *asked]))


def prepare(app):
    """Write the notebooks that the pages link to, before any page is read."""
    write(app.srcdir, Path(app.outdir).resolve().parent / "downloads")


def setup(app):
    """Register everything above."""
    app.add_directive("assignments", Assignments)
    app.connect("builder-inited", prepare)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    for path in write(Path(__file__).resolve().parent.parent, sys.argv[1]):
        print(path)
