"""What the search page searches: the prose of every section, with the numbers of equations and figures.

Sphinx's own index knows words by page. This one has an entry for each section, word of the glossary, name of the
reference, exercise, equation and figure: its title and, without code, pictures and formulas, its text. assets/search.js
ranks them in the browser. It is a script, `searchtext.js`, because a page opened from a disk may fetch nothing else.
"""

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

GREEK = dict(zip(
    "alpha beta gamma delta epsilon eta theta kappa lambda mu nu rho sigma tau phi chi psi omega nabla".split(),
    "αβγδεηθκλμνρστφχψω∇"))  # fmt: skip
NAMED = re.compile(r"\\([A-Za-z]+)")
FOLDED = {"cell_code_source", "cell_code_output"}
TAG = re.compile(r"<[^>]*>")
TOLD = re.compile(r"<caption>.*?</caption>|<table class=\"(?:claims|concepts)\">.*?</table>", re.DOTALL)


def formula(tex):
    """Return a short formula as a reader would type it, or an ellipsis for one that no line of text can hold."""
    plain = NAMED.sub(lambda name: GREEK.get(name[1], name[0]), tex)
    plain = re.sub(r"\\[,;! ]|~", " ", plain).replace("{", "").replace("}", "")
    return "…" if "\\" in plain or len(plain) > 30 else " ".join(plain.split())


class Reader:
    """Read a resolved page into entries."""

    def __init__(self, app, docname):
        self.app, self.docname, self.entries = app, docname, []

    def number(self, kind, ids):
        numbers = self.app.env.toc_fignumbers.get(self.docname, {}).get(kind, {})
        found = next((numbers[one] for one in ids if one in numbers), ())
        return ".".join(map(str, found))

    def add(self, title, anchor, number=""):
        self.entries.append({"title": " ".join(title.split()), "anchor": anchor, "number": number, "text": []})
        return self.entries[-1]

    def read(self, node, entry):
        """Give the text of a node to an entry, and what has a place of its own an entry of its own."""
        if isinstance(node, nodes.Text):
            entry["text"].append(str(node))
        elif isinstance(node, nodes.math):
            entry["text"].append(formula(node.astext()))
        elif isinstance(node, nodes.math_block):
            number = self.number("displaymath", node["ids"])
            if number:
                before = " ".join("".join(entry["text"]).split())[-160:].partition(" ")[2]
                self.add(f"Equation ({number})", node["ids"][0], number)["text"].append(f"{before} …")
            entry["text"].append(" … ")
        elif isinstance(node, nodes.raw):
            entry["text"] += [TAG.sub(" ", told) for told in TOLD.findall(node.astext())]
        elif isinstance(node, (nodes.literal_block, nodes.comment, nodes.image, addnodes.toctree)):
            return
        elif isinstance(node, nodes.container) and node.get("nb_element") == "cell_code_source":
            return
        elif isinstance(node, nodes.section) and node["ids"] and isinstance(node.next_node(nodes.title), nodes.title):
            self.section(node)
        elif isinstance(node, nodes.definition_list_item) and any(term["ids"] for term in node.findall(nodes.term)):
            terms = list(node.findall(nodes.term))
            self.rest(node, self.add(", ".join(term.astext() for term in terms), terms[0]["ids"][0]), nodes.term)
        elif isinstance(node, addnodes.desc) and node[0].get("ids"):
            name = node[0].get("fullname") or node[0].astext()
            self.rest(node, self.add(name, node[0]["ids"][0]), addnodes.desc_signature)
        elif isinstance(node, nodes.figure) and node["ids"]:
            number = self.number("figure", node["ids"])
            self.rest(node, self.add(f"Figure {number}", node["ids"][0], number) if number else entry)
        elif "exercise" in node.get("classes", ()) and node["ids"]:
            title = node.next_node(nodes.title)
            name = f"Exercise: {title.astext().strip('() ')}" if title else "Exercise"
            self.rest(node, self.add(name, node["ids"][0]), nodes.title)
        else:
            self.rest(node, entry)
            if isinstance(node, (nodes.paragraph, nodes.term, nodes.entry, nodes.title, nodes.field_name)):
                entry["text"].append(" ")

    def rest(self, node, entry, but=()):
        for child in node.children:
            if not (but and isinstance(child, but)):
                self.read(child, entry)

    def section(self, node):
        """Read a section: its title and number, then what stands in it."""
        title = node.next_node(nodes.title)
        numbers = self.app.env.toc_secnumbers.get(self.docname, {})
        first = not self.entries
        number = numbers.get("" if first else f"#{node['ids'][0]}", ())
        entry = self.add(title.astext(), "" if first else node["ids"][0], ".".join(map(str, number)))
        self.rest(node, entry, nodes.title)


def folder(app):
    return Path(app.outdir).resolve().parent / "search"


def prepare(app):
    """Have all pages written where nothing has been read for the search yet."""
    if not folder(app).is_dir():
        Path(app.outdir, ".buildinfo").unlink(missing_ok=True)
        folder(app).mkdir(parents=True)


def read(app, pagename, templatename, context, doctree):
    """Keep what a page says for the search."""
    if doctree is None or pagename not in app.env.all_docs:
        return
    reader = Reader(app, pagename)
    for node in doctree.children:
        if isinstance(node, nodes.section):
            reader.section(node)
    entries = [[one["title"], one["anchor"], one["number"], " ".join("".join(one["text"]).split())]
               for one in reader.entries]  # fmt: skip
    target = folder(app) / f"{pagename.replace('/', '__')}.json"
    target.write_text(json.dumps(entries, ensure_ascii=False), "utf-8")


def finish(app, exception):
    """Write the text of all pages into the site, in the order of the book, in place of Sphinx's index."""
    if exception or app.builder.name != "html":
        return
    order, waiting = [], [app.config.root_doc]
    while waiting:
        name = waiting.pop(0)
        if name not in order:
            order.append(name)
            waiting = [*app.env.toctree_includes.get(name, []), *waiting]
    pages = []
    for name in [*order, *sorted(app.env.found_docs - {*order})]:
        kept = folder(app) / f"{name.replace('/', '__')}.json"
        if kept.is_file():
            pages.append([name, json.loads(kept.read_text("utf-8"))])
    text = json.dumps(pages, ensure_ascii=False, separators=(",", ":"))
    Path(app.outdir, "searchtext.js").write_text(f"gdcourseText = {text}\n", "utf-8")
    Path(app.outdir, "searchindex.js").unlink(missing_ok=True)
    Path(app.outdir, "_static", "searchtools.js").unlink(missing_ok=True)


def setup(app):
    """Register the three steps."""
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", read, priority=700)
    app.connect("build-finished", finish, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
