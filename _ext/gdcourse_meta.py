"""What other machines read: canonical addresses, cards for shared links, the sitemap, robots.txt and the 404 page.

A page's description is the `myst: html_meta: description` of its front matter. For authors:

    ```{install} lab
    ```                how to install the package with an extra, from where this book is published

    ```{launch}
    *On Colab* ...     what holds only where pages have the buttons of Binder and Colab
    ```
"""

import html
import re
from pathlib import Path
from urllib.parse import urlsplit

import gdcourse_address
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

CARD = "_static/card.png"  # drawn by _ext/social_card.py
CARD_ALT = "Contours of a long valley, and the zig-zag path of gradient descent across it."
DESCRIPTION = re.compile(r'<meta [^>]*content="([^"]*)"[^>]*name="description"|name="description" content="([^"]*)"')
SHARED = re.compile(r'<meta [^>]*(?:="description"|="og:|="twitter:)[^>]*>|<link rel="canonical"[^>]*>')
RELATIVE = re.compile(r'((?:href|src|action|data-content_root)=")(?!#|/|[a-z]+:)(?:\./)?')


class Install(SphinxDirective):
    """{install} lab: the command that installs the package with this extra."""

    required_arguments = 1

    def run(self):
        extra, repository = self.arguments[0], gdcourse_address.repository()
        commit = gdcourse_address.commit()
        source = f" @ git+{repository}{commit and '@' + commit}" if repository else ""
        what = f"gdcourse[{extra}]{source}" if source else f".[{extra}]"
        lines = [f'pip install "{what}"']
        if not source:
            lines.insert(0, "# in a copy of the course")
        return [nodes.literal_block("\n".join(lines), "\n".join(lines), language="sh")]


class Launch(SphinxDirective):
    """{launch}: its content where pages have launch buttons, and nothing elsewhere."""

    has_content = True

    def run(self):
        return self.parse_content_to_nodes() if gdcourse_address.owner_and_name() else []


def configure(app, config):
    """Have Sphinx name each page's one address, and build a page for addresses that do not exist."""
    config.html_baseurl = gdcourse_address.site()
    config.html_additional_pages = {**config.html_additional_pages, "404": "404.html"}


def card(app, pagename, templatename, context, doctree):
    """Give a page the card that is shown where its address is shared."""
    found = DESCRIPTION.search(context.get("metatags") or "")
    described = html.unescape(found[1] or found[2]) if found else ""
    title = re.sub("<[^>]*>", "", context.get("title") or "") or app.config.html_title
    properties = {
        "og:type": "website" if pagename == app.config.root_doc else "article",
        "og:site_name": app.config.html_title,
        "og:title": html.unescape(title),
        "og:description": described,
    }
    if site := gdcourse_address.site():
        properties |= {
            "og:url": f"{site}{pagename}.html",
            "og:image": site + CARD,
            "og:image:width": "1200",
            "og:image:height": "630",
            "og:image:alt": CARD_ALT,
        }
    tags = [f'<meta property="{name}" content="{html.escape(value)}">' for name, value in properties.items() if value]
    if site:
        tags.append('<meta name="twitter:card" content="summary_large_image">')
    context["metatags"] = "\n".join([context.get("metatags") or "", *tags])


def finish(app, exception):
    """Write sitemap.xml and robots.txt, and make the 404 page's links hold at any depth."""
    if exception or app.builder.name != "html":
        return
    out, site = Path(app.outdir), gdcourse_address.site()
    robots = "User-agent: *\nAllow: /\n"
    if site:
        pages = sorted(app.env.found_docs - {app.config.root_doc})
        addresses = [f"{site}{name}.html" for name in [app.config.root_doc, *pages]]
        entries = "".join(f"<url><loc>{html.escape(address)}</loc></url>\n" for address in addresses)
        (out / "sitemap.xml").write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n'
        )
        robots += f"Sitemap: {site}sitemap.xml\n"
        lost = out / "404.html"
        lost.write_text(RELATIVE.sub(rf"\1{urlsplit(site).path}", lost.read_text("utf-8")), "utf-8")
    (out / "robots.txt").write_text(robots)
    start, front = (out / f"{app.config.root_doc}.html").read_text("utf-8"), out / "index.html"
    if front.is_file():  # the site's own address only leads on, and is the one most often shared
        cards = "".join(SHARED.findall(start))
        front.write_text(front.read_text("utf-8").replace("</head>", f"{cards}</head>", 1), "utf-8")


def setup(app):
    """Register everything above."""
    app.add_directive("install", Install)
    app.add_directive("launch", Launch)
    app.connect("config-inited", configure)
    app.connect("html-page-context", card)
    app.connect("build-finished", finish, priority=900)  # after all pages are there, the front one too
    return {"parallel_read_safe": True, "parallel_write_safe": True}
