"""Make matplotlib's SVG a part of the page: its type and the theme's colours (assets/site.css) apply.

The book's figures go through this while it is built, and those that a reader draws in the page, too.
"""

import re
from hashlib import sha256
from xml.etree import ElementTree

FONT_SIZE = 12.5  # what gdcourse/book.mplstyle asks for; sizes leave here in em of it
SCALE = 1.25  # CSS pixels a point at full size, so that text is 15.6 px
COLOURS = {
    "#000000": "currentColor",
    "#ffffff": "var(--gd-paper)",
    "#b0b0b0": "var(--gd-contour)",
    "#d55e00": "var(--gd-path)",
    "#0072b2": "var(--gd-gradient)",
    "#009e73": "var(--gd-minimum)",
    "#7f7f7f": "var(--gd-theory)",
    "#e69f00": "var(--gd-second)",
    "#56b4e9": "var(--gd-third)",
    "#cc79a7": "var(--gd-fourth)",
}
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
RAISED = str.maketrans("0123456789−+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺⁻")
LOWERED = str.maketrans("0123456789−+-", "₀₁₂₃₄₅₆₇₈₉₋₊₋")
SMALL = 0.8  # an index, in the size of the letter it belongs to
ANCHORS = {"ytick": "end", "xtick": "middle", "axis": "middle"}


def inline_svg(source, alt, prefix=""):
    """Return matplotlib's SVG as markup for the page: `alt` described, themed, without a fixed width."""
    root = ElementTree.fromstring(source)
    key = prefix + sha256(source.encode()).hexdigest()[:6]
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{SVG}}}metadata", f"{{{SVG}}}style"}:
                parent.remove(child)
    _flow_formulas(root)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', source))
    for element in root.iter():
        element.tag, element.tail = element.tag.removeprefix(f"{{{SVG}}}"), None
        if element.tag not in {"text", "tspan"}:
            element.text = None
        if f"{{{XLINK}}}href" in element.attrib:
            element.set("href", element.attrib.pop(f"{{{XLINK}}}href"))
        for name, value in list(element.attrib.items()):
            if name == "id":
                if value not in used:
                    del element.attrib[name]
                    continue
                value = f"{key}-{value}"
            elif name == "href" and value.startswith("#"):
                value = f"#{key}-{value[1:]}"
            elif name == "clip-path":
                value = value.replace("url(#", f"url(#{key}-")
            elif name == "style":
                value = _style(value, key)
            elif name in {"d", "x", "y", "points", "transform"}:
                value = re.sub(r"-?\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), value)
            element.set(name, " ".join(value.split()))
        if not element.get("style", "x"):
            del element.attrib["style"]
    width, height = (float(v) for v in root.get("viewBox").split()[2:])
    root.attrib = {
        "viewBox": f"0 0 {width:g} {height:g}",
        "width": f"{SCALE * width:g}",
        "height": f"{SCALE * height:g}",
        "role": "img",
        "aria-label": alt,
    }
    return f'<div class="gd-figure">{ElementTree.tostring(root, encoding="unicode")}</div>', width


def _style(value, key):
    """Return a style attribute with the theme's colours, the page's font and sizes in em."""
    rules = [rule.strip() for rule in value.replace("url(#", f"url(#{key}-").split(";")]
    kept = []
    for rule in rules:
        name, _, content = (part.strip() for part in rule.partition(":"))
        if name == "font":  # the shorthand: style, variant, weight, stretch, size, family
            size = re.search(r"([\d.]+)px", content)
            kept += [f"font-{k}: {v}" for k, v in (("style", "italic"), ("weight", "bold")) if v in content]
            name, content = "font-size", size[1]
        if name == "font-size":
            ratio = float(content.removesuffix("px")) / FONT_SIZE
            if abs(ratio - 1) > 0.01:
                kept.append(f"font-size: {ratio:.3g}em")
        elif name and name != "font-family":
            kept.append(rule)
    return re.sub("#[0-9a-f]{6}", lambda m: COLOURS.get(m[0], m[0]), "; ".join(kept))


def _flow_formulas(element, place=""):
    """Let formulas flow: matplotlib pins every glyph to its own font's widths, which the page's font does not have."""
    name = element.get("id", "").rpartition("_")[0].removeprefix("matplotlib.")
    place = name if name in ANCHORS else place
    for child in element:
        if child.tag == f"{{{SVG}}}text":
            _flow(child, ANCHORS.get(place, "start"))
        else:
            _flow_formulas(child, place)


def _flow(text, anchor):
    """Turn a formula's single glyphs into runs of one style; indices in digits become characters like ⁻³."""
    glyphs = sorted(text.findall(f"{{{SVG}}}tspan"), key=lambda glyph: float(glyph.get("x").split()[0]))
    if not glyphs:
        return
    sizes = [float(re.search(r"([\d.]+)px", glyph.get("style"))[1]) for glyph in glyphs]
    base = max(sizes)
    line = next(float(glyph.get("y")) for glyph, size in zip(glyphs, sizes) if size == base)
    width = float(glyphs[-1].get("x").split()[-1]) + 0.62 * sizes[-1]
    runs, level = [], 0.0
    for glyph, size in zip(glyphs, sizes):
        text.remove(glyph)
        content, shift = glyph.text, round(float(glyph.get("y")) - line, 1)
        if size < base:
            character = content.translate(RAISED if shift < 0 else LOWERED)
            content, shift, size = (content, shift, SMALL * base) if character == content else (character, 0.0, base)
        style = f"font-size: {size}px" + ("; font-style: italic" if "oblique" in glyph.get("style") else "")
        if runs and (runs[-1].get("style"), level) == (style, shift):
            runs[-1].text += content
            continue
        runs.append(ElementTree.SubElement(text, f"{{{SVG}}}tspan", style=style))
        runs[-1].text = content
        if shift != level:
            runs[-1].set("dy", f"{shift - level:.1f}")
        level = shift
    text.set("text-anchor", anchor)
    text.set("x", f"{width * {'start': 0, 'middle': 0.5, 'end': 1}[anchor]:.1f}")
