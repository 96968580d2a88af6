"""Clear the text: what a reader does not need in order to follow is folded into one quiet line where it stands.

    imports     a visible cell that only imports, and shows nothing
    checks      a cell of the tag `check`: one tick; and the page's end says how many there are
    code        the code of a figure, a table or a live figure (tag `hide-input`): a word beneath it
    evidence    a table of published results: the sentence that sums it up

Each is the browser's own disclosure, so that nothing needs a script, and the notebooks have all of it unfolded.
"""

import ast
import re

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

ALL_OF_THEM = "chapters/evidence"  # the page that holds every table shows them
CHECK = '<summary title="Checked when this page was built"><span aria-hidden="true">\u2713</span> checked</summary>'


class fold(nodes.Element):
    """Something folded: its kind, and its summary as HTML."""


def visit_fold(self, node):
    """Open the disclosure with its summary."""
    self.body.append(f'<details class="gd-fold gd-fold-{node["kind"]}">{node["summary"]}\n')


def depart_fold(self, node):
    """Close it."""
    self.body.append("</details>\n")


def only_imports(code):
    """Tell whether a cell's code does nothing but import."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return False
    return bool(statements) and all(isinstance(one, (ast.Import, ast.ImportFrom)) for one in statements)


def in_short(table):
    """Return one sentence for a table of results: what it is about, and how many of its rows hold."""
    caption = table.caption.get_text()
    title, _, sources = caption.partition(": ")
    verdicts = [row.find_all("td")[-1].get_text() for row in table.select("tbody tr")]
    held = sum(verdict.startswith("holds") for verdict in verdicts)
    many = f"all {held} numbers hold" if held == len(verdicts) else f"{held} of {len(verdicts)} numbers hold"
    if held == len(verdicts) == 1:
        many = "the number holds"
    return f"{title} ({sources}): {many}" if sources else f"{title}: {many}"


class Folds(SphinxPostTransform):
    """Fold the cells."""

    default_priority = 150  # outputs have been chosen, and myst-nb has not yet hidden what is tagged
    formats = ("html",)

    def run(self, **kwargs):
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("nb_element") != "cell_code" or not cell.children:
                continue
            code = cell[0] if cell[0].get("nb_element") == "cell_code_source" else None
            raw = "".join(node.astext() for node in cell.findall(nodes.raw))
            if code is not None and "tag_check" in cell["classes"]:
                self.wrap(cell, cell.children, "check", CHECK)
            elif code is not None and len(cell) == 1 and only_imports(code.astext()):
                self.wrap(cell, [code], "imports", "<summary>Imports</summary>")
            elif code is not None and cell.get("hide_mode") == "input":
                cell["hide_mode"] = ""
                self.wrap(cell, [code], "code", "<summary>Code</summary>")
                cell.append(cell.pop(0))  # beneath what it draws
            if '<table class="evidence">' in raw and self.env.docname != ALL_OF_THEM:
                tables = BeautifulSoup(raw, "html.parser").select("table.evidence")
                said = ". ".join(in_short(table) for table in tables)
                said = re.sub("[&<>]", lambda sign: {"&": "&amp;", "<": "&lt;", ">": "&gt;"}[sign[0]], said)
                self.wrap(cell, cell.children, "evidence", f"<summary>{said}.</summary>")

    @staticmethod
    def wrap(cell, parts, kind, summary):
        """Put the first parts of a cell into a fold, in their place."""
        parts = list(parts)
        wrapped = fold(kind=kind, summary=summary)
        for part in parts:
            cell.remove(part)
        wrapped += parts
        cell.insert(0, wrapped)


def count(app, pagename, templatename, context, doctree):
    """Say at the end of a page how many checks it holds."""
    body = context.get("body") or ""
    checks = body.count('"gd-fold gd-fold-check"')
    if checks:
        one = "One check stands in this page, and it passed"
        many = f"{checks} checks stand in this page, and all of them passed" if checks > 1 else one
        said = f'<p class="gd-checked"><span aria-hidden="true">\u2713</span> {many} when it was built.</p>\n'
        head, end, rest = body.rpartition("</section>")
        context["body"] = f"{head}{said}{end}{rest}"


def setup(app):
    """Register the transform, its node and the count."""
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_post_transform(Folds)
    app.connect("html-page-context", count, priority=450)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
