"""Leave out of the finished site what no page uses: style rules, scripts, source maps and second font formats."""

import re
from pathlib import Path

import tinycss2

UNUSED = ("**/*.map", "**/*.ttf", "**/fontawesome.js*", "**/*.LICENSE.txt")
WORD = re.compile(r"[\w-]+")
NAME = re.compile(r"[.#](-?[A-Za-z_][\w-]*)")


def trim(out):
    """Delete unused files under `out`/_static, and from its style sheets every rule about a class no page has."""
    static = Path(out, "_static")
    for pattern in UNUSED:
        for path in static.glob(pattern):
            path.unlink()
    words = set()
    for path in [*Path(out).rglob("*.html"), *static.rglob("*.js")]:
        words.update(WORD.findall(path.read_text("utf-8")))
    for path in static.rglob("*.css"):
        text = path.read_text("utf-8")
        path.write_text(shrink(text, words), "utf-8")


def shrink(css, words):
    """Return `css` without comments and without selectors that name a class or id absent from `words`."""
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return "".join(_rule(rule, words) for rule in rules)


def _rule(rule, words):
    if rule.type == "at-rule" and rule.content is not None:
        head = f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}"
        if rule.lower_at_keyword in {"media", "supports", "container", "layer"}:
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            body = "".join(_rule(child, words) for child in inner)
            return f"{head}{{{body}}}\n" if body else ""
        return f"{head}{{{tinycss2.serialize(rule.content)}}}\n"
    if rule.type == "qualified-rule":
        selectors = _selectors(tinycss2.serialize(rule.prelude))
        kept = [s for s in selectors if all(name in words for name in NAME.findall(_certain(s)))]
        return f"{','.join(kept)}{{{tinycss2.serialize(rule.content).strip()}}}\n" if kept else ""
    return rule.serialize() + "\n"


def _selectors(prelude):
    """Split a selector list at its top-level commas."""
    parts, depth, start = [], 0, 0
    for index, letter in enumerate(prelude):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append(prelude[start:index])
            start = index + 1
    return [part.strip() for part in [*parts, prelude[start:]]]


def _certain(selector):
    """Drop what stands in brackets: `:not(.x)` and `:is(.x, .y)` match without x."""
    previous = None
    while previous != selector:
        previous, selector = selector, re.sub(r"\([^()]*\)|\[[^\]]*\]", "", selector)
    return selector
