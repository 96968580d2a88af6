"""What a link shows before it is followed: the equation, figure, exercise, work or word of the glossary it leads to.

assets/preview.js takes it from the page itself where it stands there, and else from `previews/<page>.js`, which is
written here from the finished pages and loaded when a reader first points at a link to that page. It is a script,
because a page opened from a disk may fetch nothing else. It holds every equation of its page, every work and every word
of the glossary, and of the figures and exercises those that some other page links to.
"""

import json
import posixpath
import re
from pathlib import Path

KINDS = re.compile(r"equation-|fig-|term-|ex-|id\d")  # how the anchors of what can be shown begin; preview.js has them
ALWAYS = re.compile(r"equation-|term-|id\d")
LINK = re.compile(r'<a\b[^>]*\bhref="([^"#:]+)\.html#([^"]+)"')
PLACE = re.compile(r'<(div|figure|dt)\b(?P<about>[^>]*)\bid="(?P<id>[^"]+)"[^>]*>')
SHOWN = ("gd-equation", "citation", "exercise")  # classes of a div that can be shown
WAY_BACK = re.compile(r'<p class="gd-cited">.*?</p>', re.DOTALL)


def element(html, start, name):
    """Return the element of this name that begins at `start`, whole."""
    depth = 0
    for tag in re.compile(rf"<(/?){name}\b").finditer(html, start):
        depth += -1 if tag[1] else 1
        if not depth:
            return html[start : html.index(">", tag.end()) + 1]
    raise ValueError(f"a <{name}> that does not end: {html[start : start + 80]}")


def word(html, start):
    """Return a word of the glossary with its other names and what it means, given the place of one of the names."""
    first = html.rfind("</dd>", 0, start)
    first = html.index("<dt", max(first, html.rfind("<dl", 0, start)))
    meaning = html.index("<dd", start)
    return f"<dl>{html[first:meaning]}{element(html, meaning, 'dd')}</dl>"


def places(html, wanted):
    """Return {anchor: HTML} of what a page has to show; `wanted` are the anchors that other pages link to."""
    found = {}
    for place in PLACE.finditer(html):
        name, anchor = place[1], place["id"]
        if not KINDS.match(anchor) or not (ALWAYS.match(anchor) or anchor in wanted):
            continue
        if name == "div" and not any(one in re.split(r'[\s"]', place[0]) for one in SHOWN):
            continue
        whole = word(html, place.start()) if name == "dt" else element(html, place.start(), name)
        found[anchor] = WAY_BACK.sub("", whole)
    return found


def finish(app, exception):
    """Write a script for each page that has something to show."""
    if exception or app.builder.name != "html":
        return
    out = Path(app.outdir)
    pages = {name: (out / f"{name}.html").read_text("utf-8") for name in sorted(app.env.found_docs)}
    wanted = {name: set() for name in pages}
    for name, html in pages.items():
        for to, anchor in LINK.findall(html):
            to = posixpath.normpath(posixpath.join(posixpath.dirname(name), to))
            if to in wanted and to != name:
                wanted[to].add(anchor)
    for name, html in pages.items():
        target = out / "previews" / f"{name}.js"
        target.unlink(missing_ok=True)
        if found := places(html, wanted[name]):
            target.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
            target.write_text(f"(globalThis.gdcoursePreviews ??= {{}})[{json.dumps(name)}] = {text}\n", "utf-8")


def scripts(app, pagename, templatename, context, doctree):
    """Give every page of the book the script that shows."""
    if pagename in app.env.all_docs:
        app.add_js_file("preview.js", loading_method="defer")


def setup(app):
    """Register the two steps."""
    app.connect("html-page-context", scripts)
    app.connect("build-finished", finish, priority=650)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
