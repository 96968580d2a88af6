"""The page Review: every question of the chapters and every common mistake, and a deck of both to download.

    ```{review}
    ```                       the whole list, each item with its answer folded

    ```{deck}
    ```                       a link to the deck

assets/review.js, which every page with a live question has, remembers in the browser what was answered, and on Review
it shows what is due, one at a time.
"""

from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from gdcourse.book import pages
from gdcourse.widgets import bundle
from gdcourse.widgets.review import deck, listing

DECK = "downloads/review.txt"


class Review(SphinxDirective):
    """The list, with the state of its live questions."""

    def run(self):
        folder = Path(self.env.srcdir, "chapters")
        names = (f"{page.name}.md" for page in pages(folder) if page.number)
        for name in (*names, "claims.yml", "../_toc.yml"):
            self.env.note_dependency(str(folder / name))
        self.env.note_dependency(__file__)
        return [nodes.raw("", listing(folder), format="html")]


class Deck(SphinxDirective):
    """A link to the deck."""

    def run(self):
        up = "../" * self.env.docname.count("/")
        link = f'<a class="reference download internal" download href="{up}{DECK}">{Path(DECK).name}</a>'
        return [nodes.raw("", f"<p>{link}</p>", format="html")]


def scripts(app, pagename, templatename, context, doctree):
    """Give a page with live questions the script that remembers answers, and Review what makes its questions live."""
    body = context.get("body") or ""
    if 'class="gdw-host"' in body and "gdw-question" in body:
        app.add_js_file("review.js", loading_method="defer", priority=600)
    if 'class="gd-review"' in body:
        app.add_css_file(bundle.STYLE, priority=900)
        app.add_js_file("widget-loader.js", loading_method="defer", priority=700)  # it mounts what review.js has left


def write(app, exception):
    """Write the deck into a site that has the page."""
    if exception or app.builder.name != "html" or "chapters/review" not in app.env.found_docs:
        return
    target = Path(app.outdir, DECK)
    target.parent.mkdir(exist_ok=True)
    target.write_text(deck(Path(app.srcdir, "chapters")), encoding="utf-8")


def setup(app):
    """Register the directives, the scripts and the deck."""
    app.add_directive("review", Review)
    app.add_directive("deck", Deck)
    app.connect("html-page-context", scripts)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
