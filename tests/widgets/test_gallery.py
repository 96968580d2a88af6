"""The gallery: every widget once, with a link to where it is, light, and without scripts."""

import gzip
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from gdcourse.widgets import WIDGETS
from gdcourse.widgets.gallery import FIGURES, gallery, places

pytestmark = pytest.mark.thorough

CHAPTERS = Path(__file__).parent.parent.parent / "chapters"


@pytest.fixture(scope="module")
def page():
    return gallery(CHAPTERS)._repr_html_()


def test_every_widget_is_there_once_and_says_what_it_is_for():
    assert FIGURES.keys() == WIDGETS.keys()
    names, purposes = zip(*FIGURES.values())
    assert len(set(names)) == len(names) and len(set(purposes)) == len(purposes)
    assert all(40 < len(purpose) < 110 and purpose.endswith(".") for purpose in purposes)


def test_each_link_leads_to_the_section_with_the_widget(page):
    links = [link["href"] for link in BeautifulSoup(page, "html.parser").select("a")]
    assert len(links) == len(FIGURES)
    for kind, href in zip(FIGURES, links):
        name, label = re.fullmatch(r"([\w-]+)\.html#([\w-]+)", href).groups()
        text = (CHAPTERS / f"{name}.md").read_text(encoding="utf-8")
        start = text.index(f"({label})=\n")
        use = text.index(f"from gdcourse.widgets import {WIDGETS[kind].__name__}\n")
        assert start < use and not re.search(r"^\(sec-[\w-]+\)=$", text[start + 1 : use], re.MULTILINE), kind
    numbers = [place.page.number for place in places(CHAPTERS).values()]
    assert numbers[:-1] == sorted(numbers[:-1])  # in the order of the book; the question is in all chapters


def test_it_is_light_and_nothing_on_it_is_live(page):
    assert "gdw-host" not in page and "<script" not in page
    assert len(gzip.compress(page.encode())) < 100 * 1024
    soup = BeautifulSoup(page, "html.parser")
    assert len(soup.select("section.gallery > h2")) == len(FIGURES)
    assert len(soup.select("[role=img][aria-label]")) == len(FIGURES) - 1  # a question is text


def test_a_widget_that_no_chapter_uses_is_refused(tmp_path):
    (tmp_path / "_toc.yml").write_text("parts: [{numbered: true, chapters: [{file: chapters/one}]}]")
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "one.md").write_text("(ch-one)=\n# One\n")
    with pytest.raises(ValueError, match="a chapter uses, got line-fit, which is in none"):
        places(tmp_path / "chapters")
