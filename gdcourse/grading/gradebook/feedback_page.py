"""The page that a student reads: nbgrader's feedback, under its names, in a form that needs no network.

In nbgrader_config.py:

    c.GenerateFeedback.exporter_class = "gdcourse.grading.preprocessor.FeedbackPage"

Formulas are MathML, which browsers draw themselves; there is no script; it is light or dark as the reader's system is.
"""

import copy
import re
from html import escape
from pathlib import Path
from xml.etree import ElementTree

from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from gdcourse.checks.book import EQUATIONS, SECTIONS, place
from gdcourse.grading.course.term import book_address

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ELEMENTS = set("""math mrow mi mo mn ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom msub msup msubsup munder
    mover munderover mtable mtr mtd""".split())
ATTRIBUTES = set("""display displaystyle scriptlevel stretchy fence form separator lspace rspace mathvariant minsize
    maxsize width height depth accent accentunder columnalign columnspacing rowspacing linethickness movablelimits
    largeop symmetric""".split())
PLACE = re.compile(r"Equation\s+\((\d+\.\d+)\)|Chapter\s+\d+,\s+(?:&#34;|&quot;)([^&<>]{1,80}?)(?:&#34;|&quot;)")
NAMED = {number: label for label, number in EQUATIONS.items()} | {head: label for label, (head, _) in SECTIONS.items()}
LONGEST = 2_000  # characters of a formula: what reads it is no fast parser


class Renderer(IPythonRenderer):
    """Markdown with its formulas as MathML, and headings without links to themselves."""

    def inline_math(self, body):
        return mathml(body)

    def block_math(self, body):
        return mathml(body, "block")

    def latex_environment(self, name, body):
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


def mathml(latex, display="inline"):
    """Return a formula as MathML, or as it was written where it cannot be read or holds anything but a formula."""
    try:
        if len(latex) > LONGEST:
            raise ValueError
        text = convert(latex.strip(), display=display)
        formula = ElementTree.fromstring(text.replace(f' xmlns="{NAMESPACE}"', "", 1))
        if any(part.tag not in ELEMENTS or set(part.attrib) - ATTRIBUTES for part in formula.iter()):
            raise ValueError  # the converter lets through what stands in \text, \href or \style
        return ElementTree.tostring(formula, encoding="unicode")
    except Exception:  # whatever a student writes between two dollars
        return f"<code>{escape(latex)}</code>"


class FeedbackPage(HTMLExporter):
    """nbconvert's HTML with a template of ours; GenerateFeedback tells it the points."""

    def __init__(self, config=None, **more):
        config = copy.deepcopy(config or Config())  # nbgrader has put its own template's name into it
        config.HTMLExporter.template_name = "gdcourse"
        config.HTMLExporter.extra_template_basedirs = [str(Path(__file__).with_name("templates"))]
        super().__init__(config=config, **more)
        self.register_filter("markdown2html", self.read)
        self.register_filter("points", "{:g}".format)
        self.register_filter("linked", self.linked)
        self.book = book_address(config.get("CourseDirectory", {}).get("root") or ".")

    def linked(self, html):
        """Return a verdict's HTML in which places of the book are links, where the course says where the book is."""
        if not self.book:
            return html
        return PLACE.sub(lambda found: self.link(found[0], found[1] or found[2]), html)

    def link(self, text, name):
        label = NAMED.get(" ".join(name.split()))
        if label is None:
            return text
        return f'<a href="{self.book}/{place(label)}" rel="noreferrer">{text}</a>'

    def read(self, source):
        """Return a cell's Markdown as HTML."""
        return MarkdownWithMath(renderer=Renderer(escape=False, exclude_anchor_links=True)).render(source)
