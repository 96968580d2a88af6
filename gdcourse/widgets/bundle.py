"""Put the JavaScript modules together, for each of the places a widget lives in.

The sources in `js/` are plain modules with one-line imports and exports by declaration. Here each becomes one
function call that adds its exports to a table, in order of dependence: no bundler, and names never collide. The
kernel gets one module that holds all a widget needs. A page gets one script that all widgets share, with what most
kinds of widget use, and a small one for each kind, with what few use; they are classic scripts, because a page
opened from a disk may not load modules.
"""

import functools
import hashlib
import json
import re
from collections import Counter
from importlib.resources import files

SOURCES = files("gdcourse.widgets") / "js"
IMPORT = re.compile(r'^import \{ (.+) \} from "\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const) (\w+))", re.MULTILINE)
SLACK = re.compile(r"^\s*//.*\n|^/\*.*\n|^\s+", re.MULTILINE)
QUOTED = re.compile(r'("(?:\\.|[^"\\])*"|`[^`]*`|/(?:\\.|[^/\n ])+/[gm]*)')
ROOMY = re.compile(r"\s*([{}()\[\],;:=?<>&|]+)\s*")
LOADER = "widget-loader.js"
STYLE = "widgets.css"  # of a page, in its head: it keeps the room that the live figures will need
KERNEL = """\
export default {
  render({ model, el }) {
    el.classList.add("gdw-host");
    // Or JupyterLab takes the arrow keys for itself.
    el.addEventListener("focusin", ({ target }) => (target.dataset.lmSuppressShortcuts = true));
    const room = document.createElement("div");
    room.className = "gdw";
    el.append(room);
    return gdcourse[%s].render({ model, el: room, python: gdcourse["python.js"].conversation });
  },
};
"""


@functools.cache
def source(name):
    """Return the text of one file in js/, without comment lines, empty lines and indentation."""
    text = (SOURCES / name).read_text(encoding="utf-8")
    text = SLACK.sub("", text)
    return re.sub(r"\s*([{};,]|:(?= ))\s*", r"\1", text).replace(";}", "}") if name.endswith(".css") else text


def wrap(name, text, prefix=""):
    """Return a statement that adds the exports of a module to the table `gdcourse`, under its name."""
    imports = [
        f"const {{ {names} }} = gdcourse[{json.dumps(prefix + other if other == 'rules.js' else other)}];"
        for names, other in IMPORT.findall(text)
    ]
    names = EXPORT.findall(text)
    body = EXPORT.sub("", IMPORT.sub("", text))
    return f"gdcourse[{json.dumps(name)}] = (() => {{\n" + "\n".join(
        [*imports, body.rstrip(), f"return {{ {', '.join(names)} }};", "})();\n"]
    )


def in_order(*names):
    """Return the names of these modules and of all they import from js/, each after what it imports."""
    found = []

    def visit(name):
        for _, other in IMPORT.findall(source(name)):
            if other not in ("rules.js", "version.js"):
                visit(other)
        if name not in found:
            found.append(name)

    for name in names:
        visit(name)
    return found


def squeeze(text):
    """Return a script without the white space that only people need; strings and patterns stay as they are.

    The sources end every statement with a semicolon and put no template inside a template; a test holds them to it.
    """
    parts = QUOTED.split(text)
    parts[::2] = [ROOMY.sub(r"\1", part) for part in parts[::2]]
    return "".join(parts)


def _own(widget):
    """The modules of one kind of widget alone: its rules and its drawing."""
    name = f"{widget.kind}.js"
    text = source(name) + f"export const version = {widget.version};\n"
    return wrap(f"{widget.kind}.rules.js", widget.rules()) + wrap(name, text, prefix=f"{widget.kind}.")


def module(widget):
    """Return the one module that a live kernel hands to its front end."""
    shared = [wrap(name, source(name)) for name in in_order("python.js", f"{widget.kind}.js")[:-1]]
    return "const gdcourse = {};\n" + "".join(shared) + _own(widget) + KERNEL % json.dumps(f"{widget.kind}.js")


def _uses(widget):
    """The names of the modules that one kind of widget takes from js/, each after what it imports."""
    return in_order(f"{widget.kind}.js")[:-1]


def common(widgets):
    """Return the names of the modules that go into the shared script: the loader's, and those most kinds use."""
    counts = Counter(name for widget in widgets for name in _uses(widget))
    used = in_order("loader.js", *counts)
    first = in_order("loader.js")
    return [name for name in used if name != "loader.js" and (name in first or 2 * counts[name] > len(widgets))]


def scripts(widgets):
    """Return the scripts of a page by file name: one that all widgets share, and one for each kind of widget."""
    widgets = list(widgets)
    shared = common(widgets)
    kinds = {}
    for widget in widgets:
        # A module that two kinds bring is run twice on a page with both, so it may not keep anything.
        brought = "".join(wrap(name, source(name)) for name in _uses(widget) if name not in shared)
        text = f"(() => {{\nconst {{ gdcourse }} = globalThis;\n{brought}{_own(widget)}}})();\n"
        kinds[widget.kind] = squeeze(text)
    # One version for all: eighteen of them would be a thirtieth of the shared script.
    version = hashlib.sha256("".join(kinds.values()).encode()).hexdigest()[:8]
    known = f"export const VERSION = {json.dumps(version)};\n"
    parts = [wrap(name, source(name)) for name in shared]
    parts += [wrap("version.js", known), wrap("loader.js", source("loader.js"))]
    loader = "(() => {\nconst gdcourse = (globalThis.gdcourse = {});\n" + "".join(parts) + "})();\n"
    return {LOADER: squeeze(loader)} | {f"widget-{kind}.js": text for kind, text in kinds.items()}


def write(folder, widgets):
    """Write the scripts and the style sheet of a page into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in {STYLE: source(STYLE), **scripts(widgets)}.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths
