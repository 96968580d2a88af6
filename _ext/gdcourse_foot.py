"""The last line of a page: how to cite it, and where the repository is known, how to change it or report a mistake."""

import re
from html import escape
from pathlib import Path
from urllib.parse import quote

import gdcourse_address

SPECIAL = re.compile(r"([&%$#_{}])")


def bibtex(app, pagename):
    """Return a page's entry for a bibliography: the book's own for the front page."""
    config, site = app.config, gdcourse_address.site()
    package = Path(app.srcdir, "gdcourse", "__init__.py").read_text("utf-8")
    said = re.search(r'^__version__ = "([^"]+)"', package, re.MULTILINE)
    version = f"version {said[1]}" if said else ""
    book, front = config.html_title, pagename == config.root_doc
    number = app.env.toc_secnumbers.get(pagename, {}).get("", ())
    where = f"Chapter {number[0]} of " if number else "In "

    def plain(text):
        return SPECIAL.sub(r"\\\1", text)

    fields = {
        "author": f"{{{config.author}}}",
        "title": plain(book if front else app.env.titles[pagename].astext()),
        "note": version.capitalize() if front else ", ".join(filter(None, [where + plain(book), version])),
        "year": config.copyright,
        "url": f"{site}{pagename}.html" if site else "",
    }
    rows = ",\n".join(f"  {name:<6} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{gdcourse{'' if front else '-' + pagename.rpartition('/')[2]},\n{rows}\n}}"


def foot(app, pagename, templatename, context, doctree):
    """Add the line to a page of the book."""
    if doctree is None or pagename not in app.env.all_docs:
        return
    links = []
    if name := gdcourse_address.owner_and_name():
        repository = f"https://github.com/{name}"
        if not pagename.startswith("exercises/"):  # their sources hold the solutions
            links.append(("Edit this page", f"{repository}/edit/main/{pagename}.md"))
        title = quote(f"{app.env.titles[pagename].astext()}: ", safe="")
        said = quote(f"On the page {pagename}, commit {gdcourse_address.commit() or 'unknown'}:\n\n", safe="")
        links.append(("Report a mistake", f"{repository}/issues/new?title={title}&body={said}"))
    made = "".join(f'<a href="{escape(to)}">{text}</a>\n' for text, to in links)
    cite = f'<details class="gd-cite"><summary>Cite this</summary><pre>{escape(bibtex(app, pagename))}</pre></details>'
    head, end, rest = (context.get("body") or "").rpartition("</section>")
    context["body"] = f'{head}<div class="gd-foot">\n{made}{cite}</div>\n{end}{rest}'


def setup(app):
    """Register the step."""
    app.connect("html-page-context", foot, priority=460)  # below what gdcourse_folds counts
    return {"parallel_read_safe": True, "parallel_write_safe": True}
