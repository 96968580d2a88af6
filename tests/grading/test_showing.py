"""What a student writes comes into a page as words, formulas and links: no name, class or picture of hers."""

import io
import json
import zlib

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbconvert.filters import markdown2html
from PIL import Image

from gdcourse.grading.intake import rebuilding
from gdcourse.grading.intake.showing import ALL, CODE, LINE, WORDS, as_text, inert, shown
from gdcourse.grading.running.cell_outputs import Room, made_anew
from gdcourse.grading.running.pictures import DOTS, SIGNATURE, _chunk, picture

LAYER = ('<div class="nbgrader_cell"><span id="log_softmax-rows"></span>'
         '<div class="modal-backdrop fade full-credit" style="position: fixed" data-link="x"></div></div>')  # fmt: skip
NAMES = "notebook", "log_softmax-rows", "statusmessage", "log_softmax-rows_extra_credit"
HEADINGS = ("# {}", "#{}", "> - ## {}", "1. x\n   # {}", "+ ### {} ###", "Term\n: # {}", "{}\n===", "a\n\n{}\n---",
            "> {}\n> ---", "- {}\n  ===", "- - # {}", "**{}**\n===", "[{}](#x)\n---  ", "#\t{}", "x\n# {}\n",
            "{}\n=\n")  # fmt: skip
TEXTS = [heading.format(name) for heading in HEADINGS for name in NAMES] + [
    LAYER, f"`{LAYER}`", f"> {LAYER}", f"```html\n{LAYER}\n```", f"- {LAYER}\n\n    {LAYER}", f"$${LAYER}$$",
    "```mermaid\ngraph LR; a-->b\n```", "> ~~~Mermaid\n> graph\n> ~~~", "![x](https://example.org/bomb.png)",
    "![x][y]\n\n[y]: https://example.org/bomb.png", "[![x](https://example.org/bomb.png)](https://a.b)"]  # fmt: skip
OURS = {"anchor-link", "highlight"}  # classes that nbconvert gives, and its colours of code


def tags(text):
    return BeautifulSoup(markdown2html(text), "html.parser").find_all(True)


def faults(found):
    """Yield what the tags of a page bring into it that may mean something there."""
    for tag in found:
        yield from (f"{tag.name} has {name}" for name in tag.attrs if name not in ("href", "id", "class", "title"))
        if tag.name in ("img", "script", "style", "div") and tag.get("class") != ["highlight"]:
            yield tag.name
        yield from (f"class {name}" for name in tag.get("class", []) if name not in OURS and len(name) > 2)
        if tag.get("id", "%") in NAMES or not tag.get("id", "%").startswith("%"):  # a character that no id of ours has
            yield f"id {tag['id']}"


@pytest.mark.parametrize("text", TEXTS)
def test_text_brings_no_name_class_or_picture_into_a_page(text):
    assert not [*faults(tags(inert(text)))]
    assert inert(inert(text)) == inert(text)


def test_without_it_each_kind_would():
    found = " ".join(fault for text in TEXTS for fault in faults(tags(text)))
    for what in ("id notebook", "class full-credit", "img", "class mermaid", "style", "data-link"):
        assert what in found, what


def test_what_is_harmless_stays():
    text = "A *word* about $x_1 < y$, a [link](https://example.org), `a[i]`\n\n- one\n- two\n\n---\n\n|a|\n|---|\n|1|"
    assert inert(text) == text


def test_a_raw_cell_is_shown_word_for_word(request):
    ours = rebuilding.skeleton(request.config.rootpath / "exercises", "ps03")
    raw = json.loads(nbformat.writes(ours.notebook))
    raw["cells"].insert(0, {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": LAYER})
    book, _ = rebuilding.rebuild(raw, ours)
    assert not [cell for cell in book.cells if cell.cell_type == "raw"]
    found = tags(book.cells[0].source)
    assert {tag.name for tag in found} == {"pre", "code"} and not [*faults(found)]
    assert "log_softmax-rows" in as_text(LAYER)


SLOW = ("a.", "...", "\n", "f'{x}", "\\N{", "x = 1\n", "def a(x:\n", " ", "$", "x" * 500 + "\n")
"""Repeated a hundred thousand times, several of these keep what colours code busy for hours."""


@pytest.mark.parametrize("piece", SLOW)
def test_what_is_shown_of_code_is_bounded_in_all_its_dimensions(piece):
    code = [nbformat.v4.new_code_cell((piece * 200_000)[:200_000]) for _ in range(40)]
    book = shown(nbformat.v4.new_notebook(cells=code))
    text = book.cells[0].source
    assert len(text) <= CODE and max(map(len, text.split("\n"))) <= LINE and "\n" * 25 not in text
    assert sum(len(cell.source) for cell in book.cells) <= ALL["code"]
    assert shown(book) is book and len(code[0].source) == 200_000


def test_what_is_shown_of_text_is_bounded():
    cells = [nbformat.v4.new_markdown_cell("\\\\[" * 200_000) for _ in range(30)]
    book = shown(nbformat.v4.new_notebook(cells=cells))
    assert max(len(cell.source) for cell in book.cells) <= WORDS
    assert sum(len(cell.source) for cell in book.cells) <= ALL["markdown"]
    markdown2html(book.cells[0].source)


def test_an_ordinary_notebook_is_shown_as_it_is(request):
    notebook = rebuilding.skeleton(request.config.rootpath / "exercises", "ps03").notebook
    assert shown(notebook) is notebook


# Pictures


def png(image):
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_a_picture_is_the_same_when_written_anew(mode):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, size=(7, 33, 3), dtype=np.uint8))
    image = Image.new(mode, (33, 7), 1) if mode == "I;16" else image.convert(mode)
    made, dots = picture(png(image))
    assert dots == 231 and np.array_equal(np.array(Image.open(io.BytesIO(made))), np.array(image))


def bomb(width=30_000, height=30_000, rows=None):
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    dots = zlib.compress(bytes((width + 1) * (height if rows is None else rows)), 9)
    return SIGNATURE + b"".join(map(_chunk, [(b"IHDR", header), (b"IDAT", dots), (b"IEND", b"")]))


def test_what_is_no_picture_or_too_large_is_none():
    small, ordinary = bomb(10, 10), png(Image.new("L", (4, 4)))
    assert picture(small) and picture(ordinary)
    no_end = small[:-12]
    lies = bomb(10, 10, 9), bomb(10, 10, 11), bomb(10, 10, 5_000_000), bomb(0, 10), bomb(6_000, 5_000)
    for bad in (bomb(rows=9), no_end, small[:40], b"", SIGNATURE, b"GIF89a", SIGNATURE + bytes(100), *lies,
                small.replace(b"IDAT", b"IDAX"), small[:24] + b"\x11" + small[25:]):  # fmt: skip
        assert picture(bad) is None, bad[:60]


def test_nothing_travels_in_a_picture_but_the_picture():
    text = (b"tEXt", b"comment\0<script>")
    whole = bomb(10, 10)
    hidden = whole[:33] + _chunk(text) + whole[33:] + b"<script>"
    assert picture(hidden)[0] == picture(whole)[0]


def test_many_small_pictures_have_one_room_together():
    room, large = Room(1 << 20, 1 << 24), bomb(5_000, 5_000)
    outputs = made_anew([["display", {"image/png": large, "text/plain": "a"}, None] for _ in range(20)], 1, room)
    kept = [output for output in outputs if "image/png" in output["data"]]
    assert len(kept) * 25_000_000 <= 100_000_000 + DOTS and len(kept) == 4 and len(outputs) == 20 and room.refused
