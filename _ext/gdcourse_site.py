"""The Sphinx extension behind the book: what a stock Jupyter Book does not do, or does with other hosts' scripts.

It typesets mathematics while building (gdcourse_math), puts figures into the page (gdcourse_figures), runs pages again
whenever the package changes, offers notebooks and assignments for download, and leaves out every script, style and font
that a page does not use (gdcourse_weight). Nothing a reader opens asks another host for anything.

For authors:
- a figure's alternative text, name and caption stand at the head of its cell: see gdcourse_figures;
- {assignment}`ps03` links to that assignment's notebook, and {assignments} lists them all: see gdcourse_assignments;
- GDCOURSE_REPOSITORY (https://github.com/owner/name) turns on the launch buttons: see gdcourse_address.
"""

import os
import re
import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from importlib.metadata import version
from pathlib import Path

import gdcourse_address
import gdcourse_notebooks
import gdcourse_weight
from docutils import nodes
from gdcourse_figures import InlineFigures
from sphinx.addnodes import download_reference
from sphinx.application import ENV_PICKLE_FILENAME
from sphinx.roles import XRefRole
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

logger = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
PARTS = ("execution", "math", "assignments", "meta", "python", "door", "folds", "search", "citations", "tables",
         "review", "previews", "foot")  # fmt: skip
RUNTIME = ("numpy", "matplotlib", "scikit-learn", "ipywidgets", "anywidget")  # a page's outputs depend on these too
REPEATED = {"proof", "proof-content", "exercise-content", "solution-content"}  # ids that boxes give themselves
EMPTY_HEADER = re.compile(r'<th class="head[^"]*"><p></p></th>')  # the corner of a table names nothing
KERNEL_CONFIG = """\
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": None, "metadata": {"Date": None}}
c.HistoryManager.enabled = False
c.IPKernelApp.log_level = 40  # errors: that its own sockets on this machine are not encrypted is none
"""


def package_hash(package):
    """Return a hash of every file of the package, and of the versions it runs on: the key of the pages' outputs."""
    digest = sha256(KERNEL_CONFIG.encode())
    for name in RUNTIME:
        digest.update(f"{name} {version(name)}\n".encode())
    for path in sorted(Path(package).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(package).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def extension_hash():
    """Return a hash of this extension, its scripts and its style: when it changes, every page is written again.

    None is run or read for that; but a page names the version of each script, and without a page Sphinx copies none.
    """
    digest = sha256()
    files = [*HERE.rglob("*"), *(HERE.parent / "assets").glob("*")]
    for path in sorted(path for path in files if path.suffix in {".py", ".html", ".css", ".js"}):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _round_brackets():
    return BracketStyle(left="(", right=")")


@dataclass
class Citations(AuthorYearReferenceStyle):
    """Cite as Polyak (1964) and (Polyak, 1964)."""

    bracket_parenthetical: BracketStyle = field(default_factory=_round_brackets)
    bracket_textual: BracketStyle = field(default_factory=_round_brackets)
    bracket_author: BracketStyle = field(default_factory=_round_brackets)
    bracket_label: BracketStyle = field(default_factory=_round_brackets)
    bracket_year: BracketStyle = field(default_factory=_round_brackets)


register_plugin("sphinxcontrib.bibtex.style.referencing", "gdcourse", Citations)


def configure(app, config):
    """Tie the outputs' cache to the package: a new path is a new configuration, so Sphinx reads every page again."""
    caches = Path(app.outdir).resolve().parent / ".jupyter_cache"
    current = caches / package_hash(Path(app.srcdir, "gdcourse"))
    current.mkdir(parents=True, exist_ok=True)
    os.utime(current)
    for old in sorted(filter(Path.is_dir, caches.iterdir()), key=lambda path: path.stat().st_mtime)[:-3]:
        shutil.rmtree(old)
    config.nb_execution_cache_path = str(current)
    config.templates_path.insert(0, str(HERE / "templates"))


def prepare_kernels(app):
    """Have pages run with this checkout's package and the book's figures, whatever the user's own settings are."""
    profile = Path(app.outdir).resolve().parent / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(KERNEL_CONFIG)
    os.environ["IPYTHONDIR"] = str(profile.parent)
    os.environ["MATPLOTLIBRC"] = str(HERE.parent / "gdcourse" / "book.mplstyle")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(app.srcdir), os.environ.get("PYTHONPATH")]))
    os.environ["PYTHONHASHSEED"] = "0"


class Assignment(ReferenceRole):
    """{assignment}`ps03` or {assignment}`the notebook <ps03>`: a link to that assignment's notebook."""

    def run(self):
        name = f"{self.target}.ipynb"
        return [self.link(name, self.title if self.has_explicit_title else name)], []

    def link(self, name, text):
        """Return the link; a notebook that is not there is a warning."""
        if not (downloads(self.env.app) / name).is_file():
            logger.warning("no assignment %s in _build/downloads", name, location=self.get_location())
        uri = "../" * self.env.docname.count("/") + f"downloads/{name}"
        link = f'<a class="reference download internal" download href="{uri}">{escape(text)}</a>'
        return nodes.raw(link, link, format="html")


class Download(XRefRole):
    """{download}: as Sphinx has it, and for downloads/ps03.ipynb the assignment's notebook."""

    def run(self):
        if self.target.startswith("downloads/"):
            return [Assignment.link(self, self.target.removeprefix("downloads/"), self.title)], []
        return super().run()


def downloads(app):
    """Return the folder of the assignments' notebooks."""
    return Path(app.outdir).resolve().parent / "downloads"


class details(nodes.Element):
    """A box that the reader opens; docutils names its nodes in lower case."""


class Boxes(SphinxPostTransform):
    """Make `:class: dropdown` the browser's own disclosure: no script, no shift; and drop ids used twice on a page."""

    default_priority = 900  # titles of exercises and proofs are resolved by now
    formats = ("html",)

    def run(self, **kwargs):
        for node in self.document.findall(nodes.Element):
            if node.get("ids") and node["ids"][0] in REPEATED:
                node["ids"] = []
        for box in list(self.document.findall(nodes.Admonition)):
            if "dropdown" not in box["classes"]:
                continue
            if isinstance(box[0], (nodes.title, nodes.subtitle)):
                summary = box.pop(0).children
            elif "proof" in box["classes"]:
                summary = [nodes.Text("Proof")]
            else:
                continue
            wrapped = details("", *box.children, ids=box["ids"], classes=["admonition", *box["classes"]])
            wrapped["summary"] = summary
            box.replace_self(wrapped)


def visit_details(self, node):
    """Open the element, its title as the summary."""
    self.body.append(self.starttag(node, "details"))
    self.body.append('<summary class="admonition-title">')
    for child in node["summary"]:
        child.walkabout(self)
    self.body.append("</summary>\n")


def depart_details(self, node):
    """Close the element."""
    self.body.append("</details>\n")


def describe(app, pagename, templatename, context, doctree):
    """Let `description` in a page's front matter be its description for search engines and cards."""
    description = app.env.metadata.get(pagename, {}).get("description")
    if description:
        tag = f'<meta name="description" content="{escape(" ".join(description.split()))}">'
        context["metatags"] = f'{context.get("metatags") or ""}\n{tag}'


def page_context(app, pagename, templatename, context, doctree):
    """Offer the page's notebook and, where the repository is known, the services that run it."""
    body = (context.get("body") or "").replace('role="doc-biblioentry"', 'role="listitem"')  # what a list may hold
    body = EMPTY_HEADER.sub("<td></td>", body)
    context |= {"body": body, "has_math": "katex" in body}
    if pagename not in app.env.all_docs or "kernelspec" not in app.env.metadata[pagename]:
        return
    target = Path(app.outdir, "_sources", f"{pagename}.ipynb")
    if gdcourse_notebooks.write(app.env.doc2path(pagename), target):
        context["ipynb_source"] = f"{pagename}.ipynb"
    if services := gdcourse_address.launch(f"{pagename}.ipynb"):
        links = [dict(type="link", text=k, tooltip=f"Run on {k}", url=url) for k, url in services.items()]
        group = dict(type="group", tooltip="Run this page", icon="fas fa-rocket", label="launch-buttons", buttons=links)
        context["header_buttons"].append(group)


def finish(app, exception):
    """Complete the site: assignments, the root's redirect, and no weight that no page uses."""
    if exception or app.builder.name != "html":
        return
    out = Path(app.outdir)
    if downloads(app).is_dir():
        shutil.copytree(downloads(app), out / "downloads", dirs_exist_ok=True)
    start = f"{app.config.root_doc}.html"
    (out / "index.html").write_text(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{app.config.html_title}</title>'
        f'<meta name="color-scheme" content="light dark"><link rel="icon" href="_static/favicon.svg">'
        f'<meta http-equiv="refresh" content="0; url={start}"></head>'
        f'<body><main><h1>{app.config.html_title}</h1><p><a href="{start}">Open the book</a></p></main></body></html>\n'
    )
    gdcourse_weight.trim(out)


def forget_failure(app, exception):
    """After a build with warnings keep nothing that would let the next one pass: Sphinx warns only while it reads."""
    if not exception and app.keep_going and app._warncount:
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)
        Path(app.outdir, "index.html").unlink(missing_ok=True)


def setup(app):
    """Register everything above."""
    for part in (f"gdcourse_{name}" for name in PARTS):
        app.setup_extension(part)
    app.add_config_value("gdcourse_extension", extension_hash(), "html")
    app.add_node(details, html=(visit_details, depart_details))
    app.add_post_transform(Boxes)
    app.add_post_transform(InlineFigures)
    app.add_role("assignment", Assignment())
    app.add_role("download", Download(nodeclass=download_reference), override=True)
    app.connect("config-inited", configure)
    app.connect("builder-inited", prepare_kernels)
    app.connect("html-page-context", describe, priority=400)  # before gdcourse_meta reads it
    app.connect("html-page-context", page_context)
    app.connect("build-finished", finish)
    app.connect("build-finished", forget_failure, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
