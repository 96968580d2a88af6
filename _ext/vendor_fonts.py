"""Renew the vendored type under assets/: KaTeX's style and fonts, and the theme's icons cut down to those in use.

    python _ext/vendor_fonts.py

It needs npm (for `npm pack`) and fonttools. Run it when KaTeX or the theme changes version; commit what it writes.
"""

import io
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pydata_sphinx_theme
import sphinx_book_theme
from fontTools import subset
from fontTools.ttLib import TTFont
from sphinxcontrib.katex import katex_version

ASSETS = Path(__file__).resolve().parent.parent / "assets"
THEMES = [Path(module.__file__).parent for module in (pydata_sphinx_theme, sphinx_book_theme)]
FONTAWESOME = "6.5.2"  # what the theme's style sheet names
FONTS = {"fa-solid-900": "solid", "fa-regular-400": "regular", "fa-brands-400": "brands"}


def npm(name, release):
    """Return the package's files as {path: bytes}."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", f"{name}@{release}"], cwd=folder, check=True, capture_output=True)
        data = next(Path(folder).glob("*.tgz")).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {m.name.removeprefix("package/"): archive.extractfile(m).read() for m in archive if m.isfile()}


def katex():
    """Write KaTeX's style sheet, which names woff2 only, with those fonts and the licence."""
    files = npm("katex", katex_version)
    target = ASSETS / "katex"
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    css = files["dist/katex.min.css"].decode()
    css = re.sub(r',url\([^)]*\) format\("(?:woff|truetype)"\)', "", css)
    (target / "katex.css").write_text(css + "\n")
    (target / "LICENSE").write_bytes(files["LICENSE"])
    for name in re.findall(r"fonts/([\w-]+\.woff2)", css):
        (target / "fonts" / name).write_bytes(files[f"dist/fonts/{name}"])


def icon_codes():
    """Return the code points of every icon that the themes' templates, code and style sheets use."""
    css = "".join(path.read_text("utf-8") for theme in THEMES for path in theme.rglob("static/styles/*.css"))
    codes = {}
    for names, code in re.findall(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\([0-9a-f]+)"\}', css):
        codes.update({name: int(code, 16) for name in re.findall(r"\.(fa-[\w-]+)", names)})
    sources = [p for theme in THEMES for kind in ("*.html", "*.py", "*.js") for p in theme.rglob(kind)]
    text = "".join(p.read_text("utf-8") for p in sources if p.name != "fontawesome.js")
    used = {codes[name] for name in re.findall(r"fa-[a-z][\w-]*", text) if name in codes}
    rest = re.sub(r'(?:\.fa-[\w-]+:before,?)+\{[^}]*\}', "", css)
    used |= {int(code, 16) for code in re.findall(r'content:"\\(f[0-9a-f]{3})"', rest)}
    used |= {ord(letter) for letter in re.findall("[\ue000-\uf8ff]", rest)}
    return used | {codes[name] for name in ("fa-github", "fa-gitlab")}


def icons():
    """Write the icon fonts with only the icons in use, where the theme's style sheet looks for them."""
    source = THEMES[0] / "theme/pydata_sphinx_theme/static/vendor/fontawesome/webfonts"
    target = ASSETS / "vendor/fontawesome"
    (target / "webfonts").mkdir(parents=True, exist_ok=True)
    codes = icon_codes()
    for name in FONTS:
        font = TTFont(source / f"{name}.woff2")
        options = subset.Options(flavor="woff2", layout_features=[], hinting=False, notdef_outline=True)
        cut = subset.Subsetter(options)
        cut.populate(unicodes=codes)
        cut.subset(font)
        font.flavor = "woff2"
        font.save(target / "webfonts" / f"{name}.woff2")
    (target / "LICENSE.txt").write_bytes(npm("@fortawesome/fontawesome-free", FONTAWESOME)["LICENSE.txt"])


if __name__ == "__main__":
    katex()
    icons()
