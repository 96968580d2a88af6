"""The pages: what each must hold, that every idea is taught where it is said to be, and that nothing is left over."""

import re
from pathlib import Path
from statistics import median

import pytest
import yaml

from gdcourse.book import claims_index, concept_index, pages
from gdcourse.evidence import REPRODUCTIONS

CHAPTERS = Path(__file__).parent.parent / "chapters"
CONCEPTS = yaml.safe_load((CHAPTERS / "concepts.yml").read_text(encoding="utf-8"))
CLAIMS = yaml.safe_load((CHAPTERS / "claims.yml").read_text(encoding="utf-8"))
PAGES = pages(CHAPTERS)
NUMBERED = [page for page in PAGES if page.number]
each_chapter = pytest.mark.parametrize("page", NUMBERED, ids=lambda page: page.name)

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LABEL = re.compile(r"^\(([\w-]+)\)=$|^:label: ([\w-]+)$", re.MULTILINE)


def labels(text):
    return [a or b for a, b in LABEL.findall(text)]


def cells(text):
    """Yield (tags, code) of each code cell."""
    for body in CELL.findall(text):
        head = re.match(r"---\n(.*?)\n---\n", body, re.DOTALL)
        matter = yaml.safe_load(head[1]) if head else {}
        yield matter.get("tags", []), body[head.end() if head else 0 :]


def visible(text):
    hidden = {"hide-input", "remove-input", "remove-cell", "hide-cell"}
    return [code.strip("\n").split("\n") for tags, code in cells(text) if not hidden & set(tags)]


def section(text, label):
    """Return the prose from a label to the next heading of the same depth or above (a chapter's label: all of it)."""
    text = CELL.sub("", text)  # a comment in code looks like a heading
    start = text.index(f"({label})=")
    heading = re.compile(r"^(#+) ", re.MULTILINE).search(text, start)
    depth = len(heading[1])
    end = re.compile(rf"^#{{1,{depth}}} ", re.MULTILINE).search(text, heading.end())
    return text[start : end.start() if end else len(text)]


def test_there_are_sixteen_chapters():
    assert [page.number for page in NUMBERED] == list(range(1, 17))


def test_every_page_beside_the_contents_is_in_them():
    assert {path.stem for path in CHAPTERS.glob("*.md")} == {page.name for page in PAGES} | {"index"}


def test_labels_are_unique():
    found = [label for page in PAGES for label in labels(page.text)]
    assert sorted(set(found)) == sorted(found)


def test_chapters_come_first_then_what_students_need_and_last_what_instructors_need():
    names = [page.name for page in PAGES]
    assert names[:16] == [page.name for page in NUMBERED]
    instructors = ["grading-guide", "confusion", "how-it-was-built"]
    assert names[16:18] == ["how-to-use", "assignments"] and names[-3:] == instructors


@each_chapter
def test_front_matter_is_the_same(page):
    model = next(p for p in PAGES if p.name == "gradient-descent").matter
    assert page.matter["jupytext"] == model["jupytext"] and page.matter["kernelspec"] == model["kernelspec"]
    assert 60 < len(page.matter["description"]) < 300


@each_chapter
def test_an_idea_is_taught_where_the_front_matter_says(page):
    for item, label in page.matter["covers"].items():
        taught = section(page.text, label).lower()
        missing = [word for word in CONCEPTS[item]["words"] if word.lower() not in taught]
        assert not missing, f"{item} ({CONCEPTS[item]['name']}) in {label}: {missing}"


def test_every_idea_is_taught():
    covered = {item for page in PAGES for item in page.matter.get("covers", {})}
    assert sorted(CONCEPTS.keys() - covered) == []
    assert all(where for _, where in concept_index(CHAPTERS).rows)


def test_every_common_mistake_is_refuted_in_one_place():
    homes = {item: [page.name for page in PAGES if f"({item.lower()})=\n" in page.text] for item in CLAIMS}
    assert {item: names for item, names in homes.items() if len(names) != 1} == {}
    assert all(where for _, _, where in claims_index(CHAPTERS).rows)


@each_chapter
def test_a_chapter_speaks_of_the_mistakes_it_lists(page):
    for item in page.matter["misconceptions"]:
        label = item.lower()
        assert f"({label})=" in page.text or f"{{ref}}`{label}`" in page.text, item


@each_chapter
def test_a_chapter_shows_the_results_it_lists(page):
    code = "\n".join(code for _, code in cells(page.text))
    for name in page.matter["reproduces"]:
        function = REPRODUCTIONS[name].split(":")[1]
        assert re.search(rf"\b{function}(_\w+)?\(\)", code) and "from gdcourse.evidence." in code, name
        assert ".holds" in code


def test_every_result_is_shown_in_a_chapter():
    shown = {name for page in PAGES for name in page.matter.get("reproduces", [])}
    assert sorted(REPRODUCTIONS.keys() - shown) == []


@each_chapter
def test_every_exercise_has_a_solution(page):
    exercises = re.findall(r"```\{exercise(?:-start)?\}.*?:label: ([\w-]+)", page.text, re.DOTALL)
    solutions = re.findall(r"```\{solution(?:-start)?\} ([\w-]+)", page.text)
    assert exercises == solutions and 2 <= len(exercises) <= 5


@each_chapter
def test_predictions_check_themselves(page):
    asked = page.text.count("*Predict.*")
    assert asked >= 1 and len(re.findall(r"^Question\(", page.text, re.MULTILINE)) >= asked


@each_chapter
def test_visible_cells_are_short(page):
    lengths = [len([line for line in lines if line.strip()]) for lines in visible(page.text)]
    assert max(lengths) <= 20 and median(lengths) <= 6
    wide = [line for lines in visible(page.text) for line in lines if len(line) > 78]
    assert wide == []


FOLDED = {"hide-input", "remove-input", "remove-cell", "hide-cell", "check"}
HOURS = {
    "an hour": 60,
    "an hour and a quarter": 75,
    "an hour and twenty minutes": 80,
    "an hour and a half": 90,
    "an hour and three quarters": 105,
    "two hours": 120,
    "two and a half hours": 150,
}


def minutes(text):
    """Estimate how long a text takes: 125 words a minute, 8 s for a line of code, 1 minute for a figure, 1.5 for an
    equation, 5 for a live figure and 11 for an exercise, whose words do not count."""
    code = sum(len([line for line in body.split("\n") if line.strip()])
               for tags, body in cells(text) if not FOLDED & set(tags))  # fmt: skip
    prose = CELL.sub("", re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL))
    prose = re.sub(r"^```\{(exercise|solution)(-start)?\}.*?^(```\{\1-end\}|(?!.*\{\1-start\})```)$", "", prose,
                   flags=re.DOTALL | re.MULTILINE)  # fmt: skip
    equations = re.findall(r"^```\{math\}.*?^```$", prose, re.DOTALL | re.MULTILINE)
    for one in equations:
        prose = prose.replace(one, "")
    words = re.findall(r"\$[^$]+\$|[A-Za-z0-9][\w'-]*", prose)
    figures = text.count("name: fig-")
    live = len(re.findall(r"^from gdcourse\.widgets import (?!Question)", text, re.MULTILINE))
    exercises = len(re.findall(r"^```\{exercise", text, re.M)) - text.count("```{exercise-end}")
    return len(words) / 125 + code * 8 / 60 + figures + 1.5 * len(equations) + 5 * live + 11 * exercises


@each_chapter
def test_a_chapter_says_how_long_it_takes_and_where_a_sitting_may_end(page):
    said = re.search(r"^It takes about ([a-z ]+) with the exercises", page.text, re.MULTILINE)
    measured = minutes(page.text)
    assert abs(HOURS[said[1]] / measured - 1) < 0.2, f"{measured:.0f} minutes"
    ends = re.findall(r"\n\n\*The (first|second) sitting may end here\.\*\n\n\(([\w-]+)\)=\n## ", page.text)
    assert len(ends) == page.text.count("sitting may end here") and (ends or measured < 100), f"{measured:.0f} minutes"
    about = page.text[said.start() : page.text.index("\n\n", said.start())]
    assert re.findall(r"(?:first ends|second) before \{ref\}`([\w-]+)`", about) == [label for _, label in ends]
    for part in re.split(r"\*The \w+ sitting may end here\.\*", page.text):
        assert minutes(part) < 100


@each_chapter
def test_figures_are_described(page):
    for body in CELL.findall(page.text):
        if "figure:" in body:
            assert re.search(r"alt: .{30}", body) and "caption:" in body and "name: fig-" in body


@each_chapter
def test_a_chapter_offers_its_assignment_and_plays_a_widget(page):
    assert re.search(r"\{download\}`[^`]+ <downloads/\w+\.ipynb>`", page.text)
    assert "from gdcourse.widgets import" in page.text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_is_left_over(page):
    assert not re.search(r"^% widget|ASSIGNMENT\d|TODO|FIXME|XXX", page.text, re.MULTILINE)
