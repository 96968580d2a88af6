"""What an instructor's or student's browser and terminal would run if it got there."""

import json

from tests.grading.attacks import code, notebook

SCRIPT = "<script>document.title = 'PWNED'</script><img src=x onerror=\"document.title='PWNED'\">"


@notebook("script-in-markdown", "writes scripts, frames and forms into its text")
def markdown(case):
    case.book["cells"].insert(0, {"cell_type": "markdown", "id": "mine", "metadata": {}, "source":
        f"{SCRIPT}\n\n<iframe srcdoc=\"{SCRIPT.replace(chr(34), '&quot;')}\"></iframe>\n\n"
        "[click](javascript:document.title='PWNED') ![x](x\"onerror=\"document.title='PWNED')\n\n"
        "<form action='/formgrader/api/grade/1'><input name=score></form>"
        "<svg onload=\"document.title='PWNED'\">"})  # fmt: skip


@notebook("script-in-answers", "writes scripts into its code and its comments, where feedback shows them")
def answers(case):
    case.cells("solution")[1]["source"] += f"\n# {SCRIPT} </pre></div></body>"


@notebook("files-in-markdown", "shows files of the machine in its text")
def links(case):
    place = case.place["course"]
    case.book["cells"].insert(0, {"cell_type": "markdown", "id": "mine", "metadata": {}, "source":
        f"![a](file://{place}/canary.txt) ![b]({place}/canary.txt) ![c](../../../canary.txt)"
        f"<img src='../../gradebook.db'>\n\n<object data='{place}/canary.txt'></object>"
        "![d](attachment:../canary.txt)"})  # fmt: skip


@notebook("attachments", "attaches what is no picture to its text")
def attached(case):
    case.book["cells"].insert(0, {"cell_type": "markdown", "id": "mine", "metadata": {},
                                  "source": "![x](attachment:x.svg)", "attachments": {
                                      "x.svg": {"image/svg+xml": SCRIPT, "text/html": SCRIPT},
                                      "../../up.html": {"text/html": SCRIPT}}})  # fmt: skip


@notebook("script-in-metadata", "writes scripts into names, titles and ids")
def titles(case):
    case.book["metadata"] |= {"title": SCRIPT, "authors": [{"name": SCRIPT}], "widgets": {
        "application/vnd.jupyter.widget-state+json": {"state": {"x": {"model_name": SCRIPT}}, "version_major": 2}}}
    case.book["metadata"]["kernelspec"]["language"] = SCRIPT
    case.book["cells"][0]["metadata"] |= {"name": SCRIPT, "tags": [SCRIPT]}


@notebook("script-by-reference", "links to scripts by references whose labels are hard to see")
def references(case):
    script = "javascript:document.title='PWNED'"
    texts = (f"[click][a\\]b]\n\n[a\\]b]: {script}", f"* [c]: {script}\n\n[c]", f"1. [d]: {script}\n\n[d]",
             f"[e\nf]: {script}\n\n[click][e f]", f"   - - > [g]: {script}\n\n[g]", f"[h]:\n  <{script}>\n\n[h]",
             f"> 7) + [i]: {script}\n\n[i]")  # fmt: skip
    case.book["cells"][:0] = [{"cell_type": "markdown", "id": f"mine-{n}", "metadata": {}, "source": text}
                              for n, text in enumerate(texts)]  # fmt: skip


@notebook("script-in-a-refusal", "hands in, for a notebook, a reason of its own why it cannot be read")
def refusal(case):
    case.handed_in_as_bytes(json.dumps({"refused": f"{SCRIPT} [x]({SCRIPT}) \x1b[2J" + "long " * 10**6}).encode())


@notebook("script-in-a-format", "claims a format whose name is a script")
def odd_format(case):
    case.book["nbformat"] = "<script src=//a.bc>"


@notebook("script-in-a-file-name", "hands in two notebooks whose names are scripts, so that a reason names them")
def named(case):
    text = json.dumps(case.book)
    for name in ("<img src=x onerror=alert(1)>.ipynb", "![x](x 'y') <svg onload=alert(2)>.ipynb"):
        case.beside(name, text.encode())
    case.book = None


LAYER = ('<div class="nbgrader_cell"><span id="spectral_step-best"></span>'
         '<div class="modal-backdrop fade full-credit" style="position:fixed"></div></div>')  # fmt: skip


@notebook("layer-in-a-raw-cell", "lays a button of formgrader's over the whole page, in a raw cell and in text")
def layer(case):
    case.book["cells"][:0] = [{"cell_type": kind, "id": f"mine-{kind}", "metadata": {"raw_mimetype": "text/html"},
                               "source": LAYER} for kind in ("raw", "markdown")]  # fmt: skip


@notebook("names-of-fields", "gives its headings the names of formgrader's fields")
def headings(case):
    names = "spectral_step-best", "notebook", "statusmessage"
    texts = [form.format(name) for name in names for form in ("# {}", "> ## {}", "{}\n===", "- # {}")]
    case.book["cells"][:0] = [{"cell_type": "markdown", "id": f"mine-{n}", "metadata": {}, "source": text}
                              for n, text in enumerate(texts)]  # fmt: skip


@notebook("pictures-from-elsewhere", "shows pictures of the web, of any size, and draws diagrams by a script")
def elsewhere(case):
    case.book["cells"].insert(0, {"cell_type": "markdown", "id": "mine", "metadata": {}, "source":
        "![x](https://example.org/bomb.png) ![y][z]\n\n[z]: https://example.org/bomb.png\n\n"
        "```mermaid\n%%{init: {'themeCSS': '} body {display: none}'}}%%\ngraph LR; a-->b\n```"})  # fmt: skip


@notebook("endless-to-colour", "hands in what takes its square to read, to colour and to set")
def endless(case):
    for cell, text in zip(case.cells("solution"), (" " * 300_000, "a." * 100_000, "." * 150_000, "{}" * 100_000,
                                                   "'" + "\\N{" * 70_000, "f'" + "{x}" * 50_000 + "'")):  # fmt: skip
        cell["source"] += "\ndef f(x:\n" + text
    for n, text in enumerate(("\\\\[" * 60_000, "\\begin{a}" * 20_000, "a\n=\n" * 50_000, "> " * 100_000)):
        case.book["cells"].append({"cell_type": "markdown", "id": f"mine-{n}", "metadata": {}, "source": text})


ATTACKS = (
    layer, headings, elsewhere, endless,
    markdown, answers, links, attached, titles, references, refusal, odd_format, named,
    code("script-in-outputs", "displays HTML, JavaScript, SVG and LaTeX that would run in a browser",
         f"""
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display
script = {SCRIPT!r}
for show in (HTML, Markdown, Latex, Javascript):
    display(show(script if show is not Javascript else "document.title = 'PWNED'"))
display({{"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg' onload=\\"document.title='PWNED'\\"/>",
         "text/html": script, "application/vnd.jupyter.widget-view+json": {{"model_id": script}}}}, raw=True)

class Shown:
    def _repr_html_(self):
        return script

Shown()
"""),
    code("script-in-test-output", "puts scripts where the grader's own words are shown: names, messages, values",
         f"""
script = {SCRIPT!r}

def attack(name, *args):
    if name == "gd_iterations":
        raise ValueError(script)
    if name == "standardize":
        raise type(script, (Exception,), {{}})(script)
    print(script)
    return script if name == "spectral_step" else {{script: 1.0}}
"""),
    code("files-in-outputs", "displays pictures by their path, so that a converter reads the files",
         """
from IPython.display import HTML, Image, Markdown, display
path = PLACE["course"] + "/canary.txt"
display(HTML(f"<img src='file://{path}'><img src='{path}'><iframe src='file://{path}'></iframe>"))
display(Markdown(f"![x]({path})"))
try:
    display(Image(filename=path), Image(url="file://" + path, embed=True))
except Exception as error:
    print(type(error).__name__)
"""),
    code("picture-of-nothing", "shows pictures of a few bytes that unfold to a thousand million dots each",
         """
import struct, zlib
from IPython.display import Image, display

def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

packing = zlib.compressobj(9)
dots = packing.compress(bytes(1 << 20)) * 1 + b"".join(packing.compress(bytes(1 << 20)) for _ in range(200))
dots += packing.flush()
for side in (30_000, 4_900):
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes((side // 8 + 1) * side), 9) if side < 5_000 else dots
    whole = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    for _ in range(10):
        display(Image(data=whole))
"""),
    code("terminal-codes", "writes codes that move, colour and empty a terminal, and links in it",
         """
codes = "\\x1b[2J\\x1b[H\\x1b]0;PWNED\\x07\\x1b]8;;file:///etc/passwd\\x07here\\x1b]8;;\\x07\\x1b[31m\\x9b5n\\r\\x00\\u202e"
print(codes)

def attack(name, *args):
    if name == "gd_iterations":
        raise ValueError(codes)
    return codes
"""),
    code("false-verdict", "prints a feedback page of its own, in the grader's words",
         """
def attack(name, *args):
    message = "\\n".join([f"{name}   5 of 5", "  ok    " + "everything " * 10, "The same numbers again: check()"])
    raise AssertionError(message)
"""),
)  # fmt: skip
