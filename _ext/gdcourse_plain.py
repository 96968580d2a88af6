"""Render a page's MyST as the Markdown that every notebook's front end shows: Jupyter, VS Code, Colab.

What Sphinx numbers and names is numbered and named here from the sources: equations by the labelled formulas of a
chapter, figures by the cells that caption one, sections by their labels, works by the bibliography. A test holds the
numbers against the built pages. A link leads to the site where its address is known; else its words stand alone.
"""

import ast
import re
import textwrap
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import gdcourse_address
import yaml
from pybtex.database import parse_file

OPENING = re.compile(r"^( *)(`{3,}|:{3,})\{([\w:-]+)\} *(.*)$")
PLAIN_FENCE = re.compile(r"^ *(`{3,}|~{3,})(?!\{)")
OPTION = re.compile(r"^:([\w-]+):(?: (.*))?$")
LABEL = re.compile(r"^\(([\w-]+)\)= *$")
ROLE = re.compile(r"\{([a-z][\w:-]*)\}`([^`]+)`")
EXPLICIT = re.compile(r"^(.*?)\s*<([^<>]+)>$", re.DOTALL)
GONE = {"launch", "hero", "doors", "exercise-end", "solution-end", "nb-exec-table", "bibliography", "index"}


@dataclass
class Names:
    """What the book calls its equations, figures, sections and works."""

    equations: dict = field(default_factory=dict)  # label: "5.1"
    figures: dict = field(default_factory=dict)
    titles: dict = field(default_factory=dict)
    homes: dict = field(default_factory=dict)  # label of anything: "chapters/momentum#..."
    works: dict = field(default_factory=dict)  # key: (authors, year)


@cache
def names(root):
    """Read the sources of the book below `root`."""
    root, found = Path(root), Names()
    numbers, count = {}, 0
    contents = root / "_toc.yml"
    parts = yaml.safe_load(contents.read_text("utf-8")).get("parts", []) if contents.is_file() else []
    for part in parts:
        for entry in part["chapters"]:
            if part.get("numbered"):
                count += 1
                numbers[entry["file"]] = count
    for path in sorted((root / "chapters").glob("*.md")):
        name = f"chapters/{path.stem}"
        _read(found, path.read_text("utf-8"), name, numbers.get(name))
    bib = root / "chapters" / "references.bib"
    for key, entry in parse_file(str(bib)).entries.items() if bib.is_file() else ():
        people = entry.persons.get("author") or entry.persons.get("editor") or []
        last = [" ".join([*one.rich_prelast_names, *one.rich_last_names][k].render_as("text")
                for k in range(len([*one.rich_prelast_names, *one.rich_last_names]))) for one in people]  # fmt: skip
        said = f"{last[0]} et al." if len(last) > 2 else " and ".join(last)
        found.works[key] = (said, entry.fields.get("year", ""))
    return found


def _read(found, text, name, number):
    lines = text.split("\n")
    figures, equations, chapter = 0, 0, f"{number}." if number else ""
    fence, waiting = None, []
    for at, line in enumerate(lines):
        opened = OPENING.match(line)
        if fence is None and opened:
            fence = opened[2]
            block = lines[at : next((k for k in range(at + 1, len(lines)) if lines[k].strip() == fence), len(lines))]
            label = next((m[2] for m in map(OPTION.match, block[1:]) if m and m[1] == "label"), None)
            if opened[3] == "math" and label:
                equations += 1
                found.equations[label] = f"{chapter}{equations}"
                found.homes[label] = f"{name}#equation-{label}"
            if opened[3] == "code-cell" and block[1:2] == ["---"]:
                head = yaml.safe_load("\n".join(block[2 : block.index("---", 2)])) or {}
                drawn = (head.get("mystnb") or {}).get("figure") or {}
                if drawn.get("caption"):
                    figures += 1
                    found.figures[drawn.get("name")] = f"{chapter}{figures}"
                    found.homes[drawn.get("name")] = f"{name}#{drawn.get('name')}"
            if opened[3] == "literalinclude":
                fence = None if lines[at + 1].strip() == fence else fence
            if opened[3] in ("dropdown", "exercise", "solution"):
                fence = None  # what is inside counts, too
            continue
        if fence is not None:
            fence = None if line.strip() == fence else fence
            continue
        if label := LABEL.match(line):
            waiting.append(label[1])
        elif waiting and line.startswith("#"):
            for label in waiting:
                found.titles[label] = line.lstrip("# ").strip()
                found.homes[label] = name if line.startswith("# ") else f"{name}#{label}"
            found.titles.setdefault(name, line.lstrip("# ").strip())
            waiting = []


class Renderer:
    """Render the Markdown cells of one page, named such as chapters/momentum; glued(name, format) gives a number."""

    def __init__(self, root, page, glued):
        self.root, self.page, self.glued, self.names = Path(root), page, glued, names(str(root))

    def render(self, source):
        """Return a cell's source without directives and roles."""
        lines, out = source.split("\n"), []
        while lines:
            line = lines.pop(0)
            opened = OPENING.match(line)
            if LABEL.match(line):
                continue
            if not opened:
                plain = PLAIN_FENCE.match(line)
                if plain and plain[1]:
                    out.append("\0" + line)
                    while lines:
                        out.append("\0" + lines.pop(0))
                        if out[-1].strip("\0 ") == plain[1]:
                            break
                    continue
                out.append(line)
                continue
            fence, block = opened[2], []
            while lines and lines[0].strip() != fence:
                block.append(lines.pop(0))
            if lines:
                lines.pop(0)
            out += self.directive(opened[3], opened[4].strip(), block)
        text = "\n".join(out)
        pieces = re.split(r"((?:^\0.*\n?)+)", text, flags=re.MULTILINE)  # code as it is, prose with its roles
        whole = "".join(piece if "\0" in piece else ROLE.sub(self.role, piece) for piece in pieces)
        return re.sub(r"\n{3,}", "\n\n", whole.replace("\0", "")).strip("\n")

    def directive(self, name, argument, block):
        """Return the lines that stand for a directive; prose in them still has its roles."""
        options = {}
        while block and (found := OPTION.match(block[0])):
            options[found[1]] = (found[2] or "").strip()
            block = block[1:]
        if name == "math":
            tex = "\n".join([argument, *block]).strip()
            if r"\\" in tex and r"\begin{" not in tex:
                tex = f"\\begin{{aligned}}\n{tex}\n\\end{{aligned}}"
            number = self.names.equations.get(options.get("label"))
            tag = f" \\tag{{{number}}}" if number else ""
            return [f"$$\n{tex}{tag}\n$$"]
        if name in GONE:
            return []
        inside = self.render("\n".join(block)).split("\n") if block else []
        if name in ("exercise", "exercise-start"):
            return [f"**Exercise: {argument}**", "", *inside]
        if name == "solution-start":
            return ["**Solution**", "", *inside]
        if name in ("solution", "dropdown"):
            return self.folded("Solution" if name == "solution" else argument, inside)
        if name == "literalinclude":
            return [f"\0{line}" for line in self.included(argument, options)]
        if name == "parts":
            said = yaml.safe_load("\n".join(block))
            titles = {page: self.names.titles.get(f"chapters/{page}", page) for page in said}
            return [f"- *{titles[page]}*: {question}" for page, question in said.items()]
        title = [f"**{argument}**", ""] if argument else []
        return [f"> {line}".rstrip() for line in [*title, *inside]]  # a note, a warning

    @staticmethod
    def folded(title, inside):
        """Return what every front end folds."""
        return ["<details>", f"<summary>{title}</summary>", "", *inside, "", "</details>"]

    def included(self, file, options):
        """Return a file's code, or one object's of it."""
        path = (self.root / self.page).parent / file
        code = path.read_text("utf-8") if path.is_file() else f"# {file}\n"
        if wanted := options.get("pyobject"):
            for node in ast.parse(code).body:
                if getattr(node, "name", None) == wanted:
                    code = "\n".join(code.split("\n")[node.lineno - 1 : node.end_lineno])
        return ["```python", *textwrap.dedent(code).rstrip("\n").split("\n"), "```"]

    def link(self, text, home):
        """Return text as a link to a place of the site, where its address is known."""
        site = gdcourse_address.site()
        if not site or not home:
            return text
        page, _, anchor = home.partition("#")
        address = page if "." in page.rpartition("/")[2] else f"{page}.html"
        return f"[{text}]({site}{address}{f'#{anchor}' if anchor else ''})"

    def works(self, keys):
        """Return (authors, year) of works by their keys, in the order of the bibliography."""
        return sorted(self.names.works.get(key.strip(), (key.strip(), "")) for key in keys.split(","))

    def role(self, found):
        """Return what stands for a role."""
        name, content = found.groups()
        explicit = EXPLICIT.match(content)
        text, target = explicit.groups() if explicit else (None, " ".join(content.split()))
        known = self.names
        if name == "glue:text":
            return self.glued(*content.partition(":")[::2])
        if name == "eq":
            return self.link(f"({known.equations.get(target, target)})", known.homes.get(target))
        if name == "numref":
            return self.link(text or f"Figure {known.figures.get(target, target)}", known.homes.get(target))
        if name == "ref":
            title = text or ROLE.sub(self.role, known.titles.get(target, target))
            return self.link(title, known.homes.get(target))
        if name in ("cite", "cite:p"):
            return f"({', '.join(', '.join(filter(None, work)) for work in self.works(target))})"
        if name == "cite:t":
            return ", ".join(f"{who} ({year})" if year else who for who, year in self.works(target))
        if name == "doc":
            page = f"chapters/{target}"
            return self.link(text or known.titles.get(page, target), page)
        if name in ("download", "assignment"):
            file = target if "/" in target else f"downloads/{target}.ipynb"
            return self.link(text or file.rpartition("/")[2], file)
        return text or target


def caption(cell, root):
    """Return the Markdown of a figure's caption with its number, or "" for a cell that has none."""
    drawn = (cell.metadata.get("mystnb") or {}).get("figure") or {}
    if not drawn.get("caption"):
        return ""
    number = names(str(root)).figures.get(drawn.get("name"))
    return f"*Figure {number}.* {drawn['caption']}" if number else drawn["caption"]
