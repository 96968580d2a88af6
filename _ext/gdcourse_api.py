"""The package's reference in the book: docstrings as pages, and links to them from code and text.

`automodule` (Sphinx's autodoc) takes every public name of a module from its docstring. A docstring keeps the project's
own form, which this turns into what Sphinx reads: `Args:`, `Returns:`, `Raises:` and `Example:` become fields, code in
`backticks` stays code, a line of formula stays as it was typed. A name that a cell has imported from the package leads
to its entry, and so does one in the text. The source is at the repository's address, where the build knows one: pages
of source would carry answers of the exercises.
"""

import ast
import inspect
import re
import sys
from collections import Counter
from pathlib import Path

import gdcourse_address
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

SECTIONS = re.compile(r"(?:(?<=^)|(?<=\. )|(?<=\n))(Args|Returns|Raises|Example):(?=\s)")
SPECIAL = re.compile(r"([*|\\]|_(?=\W|$))")  # what reStructuredText would take for its own
FIELD = re.compile(r"[a-z_]\w*(?:\([^)]*\))?(?:, \w+)*: ")  # as in "name: short; says: ..."
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?:---\n.*?\n---\n|(?::[^\n]*\n)*)(.*?)^```", re.MULTILINE | re.DOTALL)
IMPORT = re.compile(r"^\s*from (gdcourse[\w.]*) import (\([^)]*\)|[^\n]+)|^\s*import gdcourse as (\w+)", re.MULTILINE)
BLOCK = re.compile(r'(<div class="highlight-(?:ipython3?|python3?) .*?<pre>)(.*?)(</pre>)', re.DOTALL)
NAME = r'<span class="nn?">([\w.]+)</span>'
DOT = r'<span class="o">\.</span>'
CHAIN = re.compile(rf'(?<!{DOT}){NAME}(?:{DOT}{NAME})*(?!<span class="o">=</span>)')
ALONE = {"function", "class", "data", "exception"}  # what is known by its own name

# Docstrings


def as_rst(app, what, name, obj, options, lines):
    """Turn a docstring of the project's into reStructuredText, in place."""
    text = inspect.cleandoc("\n".join(lines))
    parts = SECTIONS.split(text)
    out = _paragraphs(parts[0])
    known = _parameters(obj)
    for title, body in zip(parts[1::2], parts[2::2]):
        body = inspect.cleandoc(f"\n{body}" if body.startswith("\n") else body.strip())
        if title == "Example":
            out += [":Example:", "", *(f"   {line}" for line in body.splitlines()), ""]
        elif title == "Args":
            items = _arguments(body, known)
            out += [":Args:", "", *(line for item in items for line in (f"   {item}", "")), ""]
        else:
            out += [f":{title}: {_inline(' '.join(body.split()))}", ""]
    lines[:] = out


def _parameters(obj):
    try:
        return set(inspect.signature(obj).parameters)
    except (TypeError, ValueError):
        return set()


def _arguments(body, known):
    """Return an item for each argument, or for several that are described together."""
    names = r"(?:\w+(?:, \w+)*)"
    items, last = [], 0
    text = " ".join(body.split())
    starts = [m for m in re.finditer(rf"(?:^|(?<=; )|(?<=\. )|(?<= ))({names}): ", text)
              if set(m[1].split(", ")) <= known and (m.start() == 0 or text[m.start() - 2] in ";.")]  # fmt: skip
    for here, following in zip(starts, [*starts[1:], None]):
        said = text[here.end() : following.start() if following else len(text)].rstrip(" ;")
        items.append("- " + ", ".join(f"**{n}**" for n in here[1].split(", ")) + f": {_inline(said)}")
        last = len(text)
    if not starts or starts[0].start():
        items.insert(0, f"- {_inline(text[: starts[0].start()] if starts else text)}")
    return items if last or items else [f"- {_inline(text)}"]


def _paragraphs(text):
    """Return lines in which what was indented, or is a formula, is set as it was typed."""
    out = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        lines = paragraph.split("\n")
        if ">>> " in paragraph and lines[0].lstrip().startswith(">>>"):
            out += [*inspect.cleandoc(paragraph).split("\n"), ""]
        elif lines[0].startswith("  ") or _is_formula(paragraph):
            out += [".. code-block:: text", "", *(f"   {line}" for line in lines), ""]
        elif FIELD.match(lines[0]):  # of a class: a line each, or more where they are indented
            items = re.split(r"\n(?=\S)", paragraph)
            out += [line for item in items for line in (f"- {_inline(' '.join(item.split()))}", "")]
        elif lines[0].startswith("- "):
            out += [*_inline(paragraph).split("\n"), ""]
        else:
            out += [*_inline(paragraph).split("\n"), ""]
    return "\n".join(out).split("\n")


def _is_formula(paragraph):
    """Tell whether a paragraph is arithmetic rather than a sentence."""
    words = re.findall(r"[A-Za-z]{4,}", paragraph)
    return bool(re.search(r"<-|\s=\s|\^", paragraph)) and not paragraph.rstrip().endswith(".") and len(words) < 14


def _inline(text):
    """Return text in which `code` is code, and nothing else means anything to reStructuredText."""
    pieces = re.split(r"`([^`]+)`", text)
    return "".join(f"``{p}``" if i % 2 else SPECIAL.sub(r"\\\1", p) for i, p in enumerate(pieces))


def is_field(app, what, name, obj, skip, options):
    """Leave out the fields of a NamedTuple, of which Python says only their number: the class says what they are."""
    return True if type(obj).__name__ == "_tuplegetter" else None


# Links


def entries(env):
    """Return {full name: (page, anchor)} of what has an entry, modules and what the door offers included."""
    domain = env.domains["py"]
    found = {name: (o.docname, o.node_id) for name, o in domain.objects.items() if o.objtype != "module"}
    found |= {name: (module.docname, module.node_id) for name, module in domain.modules.items()}
    door = getattr(sys.modules.get("gdcourse"), "NAMES", {})
    for module, names in door.items():
        found |= {f"gdcourse.{n}": found[f"gdcourse.{module}.{n}"] for n in names if f"gdcourse.{module}.{n}" in found}
    return found


def namespace(text):
    """Return {name: full name} of what a page's cells import from the package, less what else they call so."""
    names = {}
    for module, what, door in IMPORT.findall(text):
        if door:
            names[door] = "gdcourse"
        for part in what.strip("()").split("#")[0].split(","):
            name, _, alias = part.strip().partition(" as ")
            if name:
                names[alias or name] = f"{module}.{name}"
    for cell in CELL.findall(text):
        try:
            tree = ast.parse(re.sub(r"^[%!].*", "", cell, flags=re.MULTILINE))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            own = (node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else
                   node.arg if isinstance(node, ast.arg) else
                   node.name if isinstance(node, ast.FunctionDef | ast.ClassDef) else "")  # fmt: skip
            names.pop(own, None)
    return names


def target(chain, names, known):
    """Return (the full name that a chain of names begins with, how many of its parts that takes), or None."""
    parts = chain.split(".")
    full = ".".join([names.get(parts[0], parts[0]), *parts[1:]])
    extra = full.count(".") + 1 - len(parts)
    for length in range(len(parts), 0, -1):
        name = ".".join(full.split(".")[: length + extra])
        if name in known and (parts[0] in names or name.startswith("gdcourse.")):
            return name, length
    return None


class TextLinks(SphinxPostTransform):
    """Let a name of the package in the text lead to its entry."""

    default_priority = 50
    formats = ("html",)

    def run(self, **kwargs):
        known, page = entries(self.env), self.env.docname
        if not known:
            return
        names = namespace(Path(self.env.doc2path(page)).read_text("utf-8"))
        alone = [n for n, entry in self.env.domains["py"].objects.items() if entry.objtype in ALONE]
        names = {name.rpartition(".")[2]: name for name in alone if known[name][0] == page} | names
        dotted = {name.removeprefix("gdcourse."): name for name in known if name.count(".") > 1}
        last = Counter(name.rpartition(".")[2] for name in alone)
        called = {name.rpartition(".")[2]: name for name in alone if last[name.rpartition(".")[2]] == 1}
        for literal in list(self.document.findall(nodes.literal)):
            text, call, _ = literal.astext().partition("(")
            if not re.fullmatch(r"[A-Za-z_][\w.]*", text) or _inside(literal, nodes.reference, nodes.title, nodes.term):
                continue
            found = target(text, names, known)
            whole = found is not None and found[1] == text.count(".") + 1
            name = found[0] if whole else dotted.get(text) or (called.get(text) if call or "_" in text else None)
            if name is None:
                continue
            where, anchor = known[name]
            link = nodes.reference("", "", internal=True, classes=["api"], refuri=self._uri(page, where, anchor))
            literal.replace_self(link)
            link += literal

    def _uri(self, page, where, anchor):
        return f"#{anchor}" if page == where else f"{self.app.builder.get_relative_uri(page, where)}#{anchor}"


def _inside(node, *kinds):
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def code_links(app, pagename, templatename, context, doctree):
    """Let the names in a page's code lead to their entries."""
    if doctree is None or "<pre>" not in (context.get("body") or ""):
        return
    known = entries(app.env)
    names = namespace(Path(app.env.doc2path(pagename)).read_text("utf-8")) if known else {}
    if not names:
        return

    def link(match):
        found = target(re.sub(r"<[^>]+>", "", match[0]), names, known)
        if not found:
            return match[0]
        where, anchor = known[found[0]]
        pieces = re.split(rf"(?={DOT})", match[0])
        uri = f"{app.builder.get_relative_uri(pagename, where)}#{anchor}"
        return f'<a class="api" href="{uri}">{"".join(pieces[: found[1]])}</a>{"".join(pieces[found[1] :])}'

    context["body"] = BLOCK.sub(lambda block: block[1] + CHAIN.sub(link, block[2]) + block[3], context["body"])


def source(domain, info):
    """Return the address of a name's source, where the build knows a repository."""
    repository, commit = gdcourse_address.repository(), gdcourse_address.commit()
    module = sys.modules.get(info.get("module") or "")
    if domain != "py" or not repository or module is None:
        return None
    place = f"{repository}/blob/{commit or 'HEAD'}/{info['module'].replace('.', '/')}"
    place += "/__init__.py" if hasattr(module, "__path__") else ".py"
    obj = module
    for part in info["fullname"].split("."):
        obj = getattr(obj, part, None)
    try:
        first = inspect.getsourcelines(inspect.unwrap(obj))[1]
    except (TypeError, OSError):
        return place
    return f"{place}#L{first}"


def setup(app):
    """Register everything above, and what it stands on."""
    sys.path.insert(0, str(app.srcdir))
    app.setup_extension("sphinx.ext.autodoc")
    app.config.autodoc_member_order = "bysource"
    app.config.autodoc_typehints = "none"
    app.config.autodoc_preserve_defaults = True
    app.config.autodoc_default_options = {"members": True, "no-value": True}
    app.config.add_module_names = False
    app.config.linkcode_resolve = source
    app.setup_extension("sphinx.ext.linkcode")
    app.connect("autodoc-process-docstring", as_rst)
    app.connect("autodoc-skip-member", is_field)
    app.add_post_transform(TextLinks)
    app.connect("html-page-context", code_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
