"""Put the figures into the page: inline SVG that follows the theme and carries its description.

Matplotlib writes an SVG per figure. Here it loses its metadata, fonts and fixed colours, so that the page's type and
the theme's colours (assets/site.css) apply, and gains the alternative text its cell states:

    ```{code-cell} ipython3
    ---
    mystnb:
      image: {alt: What a reader who cannot see the figure needs to know.}
      figure: {name: fig-zigzag, caption: What to look at.}
    ---
"""

from pathlib import Path

from docutils import nodes
from gdcourse_svg import inline_svg
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)

WIDEST = 461  # points: 6.4 inches, the width of a column


class InlineFigures(SphinxPostTransform):
    """Replace every SVG image that a cell drew by inline SVG; a figure nobody described is a warning."""

    default_priority = 8  # after myst-nb has chosen a representation for each output, before Sphinx collects images
    formats = ("html",)

    def run(self, **kwargs):
        for count, image in enumerate(list(self.document.findall(nodes.image))):
            uri = image["uri"]
            path = Path(self.app.srcdir, uri.lstrip("/")).resolve()
            if "jupyter_execute" not in path.parts:
                if not image.get("alt"):
                    logger.warning("image %s has no alternative text", uri, location=image)
                continue
            if not image.get("alt"):
                logger.warning(
                    "a figure has no alternative text: put `mystnb: {image: {alt: ...}}` at the head of its cell",
                    location=image,
                )
            if path.suffix != ".svg":
                continue
            markup, width = inline_svg(path.read_text("utf-8"), image.get("alt", ""), f"f{count}")
            if width > WIDEST:
                logger.warning("a figure is %.1f inches wide; 6.4 is the most", width / 72, location=image)
            image.replace_self(nodes.raw(markup, markup, format="html", classes=image["classes"]))


