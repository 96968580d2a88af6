"""The book as it is published: one address from which every other follows, and what other machines read."""

import os
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import gdcourse_address  # noqa: E402
import gdcourse_assignments  # noqa: E402
import gdcourse_notebooks  # noqa: E402
import social_card  # noqa: E402

from gdcourse import checks  # noqa: E402

pytestmark = pytest.mark.thorough

PAGES = ("index", "notation", "how-to-use", "assignments", "grading-guide", "confusion", "glossary")
LIVE = """\
---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {name: python3, display_name: Python 3}
description: 'Six times seven, "computed" by a page & shown to whoever follows a link to it.'
---
# Live

```{code-cell} ipython3
from gdcourse.book import glue

glue(answer=6 * 7)
```

The answer is {glue:text}`answer:.1f`.
"""
FORK = {
    "GDCOURSE_REPOSITORY": "https://github.com/Somebody/course-fork",
    "GDCOURSE_COMMIT": "0123456789abcdef0123456789abcdef01234567",
    "GDCOURSE_SITE": "",
}
BASE = "https://somebody.github.io/course-fork/"


def build(folder, environment):
    """Build a small book with this project's own pages about itself, strictly, and return its site."""
    for name in ("_ext", "assets", "exercises"):
        ignored = shutil.ignore_patterns("__pycache__", "_build", "source", "release", "*.db")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("gdcourse", "benchmarks"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "chapters").mkdir()
    for name in ("references.bib", *(f"{page}.md" for page in PAGES)):
        shutil.copy(ROOT / "chapters" / name, folder / "chapters")
    (folder / "chapters" / "index.md").write_text(LIVE.replace("# Live", "# The start"))
    named = "(notation)=\n# Notation\n\nPlain.\n\n(review)=\n## Review\n\nPlain.\n"
    (folder / "chapters" / "notation.md").write_text(named)
    (folder / "chapters" / "live.md").write_text(LIVE.replace("Six", "Half of twice six"))
    (folder / "chapters" / "live.ipynb").write_text("left by make notebooks, and no page of the book")
    listed = "".join(f"  - file: chapters/{page}\n" for page in (*PAGES[1:], "live"))
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: chapters/index\nchapters:\n{listed}")
    shutil.copy(ROOT / "_config.yml", folder)
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", ".", "--path-output", "."]
    done = subprocess.run(
        [*command, "-n", "-W", "--keep-going"], cwd=folder, env={**os.environ, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    """Return the site that a fork's workflow builds."""
    return build(tmp_path_factory.mktemp("fork"), FORK)


def parse(site, name):
    return BeautifulSoup((site / name).read_text("utf-8"), "html.parser")


def meta(page):
    """Return {name or property: content} of a page's meta elements."""
    return {tag.get("property") or tag.get("name"): tag.get("content") for tag in page.find_all("meta")}


@pytest.mark.parametrize(
    "repository, own, expected",
    [
        ("https://github.com/Somebody/course-fork", "", BASE),
        ("https://github.com/Somebody/course-fork.git/", "", BASE),
        ("https://github.com/Somebody/somebody.github.io", "", "https://somebody.github.io/"),
        ("https://github.com/Somebody/course-fork", "https://learn.example", "https://learn.example/"),
        ("https://git.example/somebody/course", "", ""),
        ("", "", ""),
    ],
)
def test_the_sites_address_follows_from_the_repositorys(monkeypatch, repository, own, expected):
    monkeypatch.setenv("GDCOURSE_REPOSITORY", repository)
    monkeypatch.setenv("GDCOURSE_SITE", own)
    assert gdcourse_address.site() == expected


def test_a_fork_names_itself_everywhere_and_nobody_else(fork):
    page = parse(fork, "chapters/live.html")
    links = [tag["href"] for tag in page.find_all("a", href=True)]
    path = "chapters/live.ipynb"
    assert f"https://mybinder.org/v2/gh/Somebody/course-fork/published?urlpath=lab/tree/{path}" in links
    assert f"https://colab.research.google.com/github/Somebody/course-fork/blob/published/{path}" in links
    command = parse(fork, "chapters/how-to-use.html").select_one("div.highlight-sh pre").text
    assert f'pip install "gdcourse[lab] @ git+{FORK["GDCOURSE_REPOSITORY"]}@{FORK["GDCOURSE_COMMIT"]}"' in command
    text = "".join(path.read_text("utf-8") for path in fork.rglob("*.html"))
    named = set(re.findall(r"github\.com/([\w-]+/[\w-]+)", text)) | set(re.findall(r"v2/gh/([\w-]+/[\w-]+)", text))
    assert named == {"Somebody/course-fork"}


def test_a_page_of_a_fork_is_changed_and_reported_there(fork):
    foot = parse(fork, "chapters/live.html").select_one(".gd-foot")
    edit, report = (link["href"] for link in foot.select("a"))
    assert edit == f"{FORK['GDCOURSE_REPOSITORY']}/edit/main/chapters/live.md"
    assert report.startswith(f"{FORK['GDCOURSE_REPOSITORY']}/issues/new?title=Live")
    assert FORK["GDCOURSE_COMMIT"] in report
    assert f"url    = {{{BASE}chapters/live.html}}" in foot.pre.get_text()


def test_only_pages_with_launch_buttons_speak_of_them(fork, site):
    said = "by the rocket at the head of a page"
    assert said in parse(fork, "chapters/how-to-use.html").text
    assert said not in parse(site, "chapters/how-to-use.html").text


def test_a_build_that_knows_no_address_names_none(site):
    host = re.compile(r"[\w-]+\.github\.io")
    works = set(host.findall((ROOT / "chapters" / "references.bib").read_text("utf-8")))  # which others have published
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        for word in ("mybinder.org", "colab.research", "og:url", "og:image", 'rel="canonical"'):
            assert word not in text, f"{path.name}: {word}"
        assert set(host.findall(text)) <= works, path.name
    assert not (site / "sitemap.xml").exists()
    assert "Sitemap" not in (site / "robots.txt").read_text()
    assert 'pip install ".[lab]"' in parse(site, "chapters/how-to-use.html").select_one("div.highlight-sh pre").text


def test_colab_installs_the_package_of_the_same_commit(fork, site):
    first = nbformat.read(fork / "_sources/chapters/live.ipynb", 4).cells[0].source
    address = f'"gdcourse[widgets] @ git+{FORK["GDCOURSE_REPOSITORY"]}@{FORK["GDCOURSE_COMMIT"]}"'
    assert f"%pip install --quiet {address}" in first and '"google.colab" in sys.modules' in first
    for book in (site / "_sources").rglob("*.ipynb"):
        assert "google.colab" not in book.read_text("utf-8")


def test_a_downloaded_page_quotes_the_numbers_of_the_build(fork, tmp_path):
    text = "".join(cell.source for cell in nbformat.read(fork / "_sources/chapters/live.ipynb", 4).cells)
    assert "The answer is 42.0." in text
    (tmp_path / "live.md").write_text(LIVE)
    cells = gdcourse_notebooks.notebook(tmp_path / "live.md").cells
    assert "The answer is \N{HORIZONTAL ELLIPSIS}." in cells[-1].source  # no build, and the notebook says so
    assert cells[1].source == gdcourse_notebooks.UNBUILT


def test_notebooks_that_exist_are_left_alone_when_told_so(tmp_path):
    (tmp_path / "chapters").mkdir()
    shutil.copytree(ROOT / "_ext", tmp_path / "_ext", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("old", "new"):
        (tmp_path / "chapters" / f"{name}.md").write_text(LIVE)
    (tmp_path / "chapters" / "old.ipynb").write_text("mine")
    command = [sys.executable, "_ext/gdcourse_notebooks.py", "--missing", "chapters"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "chapters" / "old.ipynb").read_text() == "mine"
    assert len(nbformat.read(tmp_path / "chapters" / "new.ipynb", 4).cells) == 4
    subprocess.run([word for word in command if word != "--missing"], cwd=tmp_path, check=True)
    assert (tmp_path / "chapters" / "old.ipynb").read_text() != "mine"


def test_every_page_has_one_address_and_a_card(fork):
    described = set()
    names = [f"chapters/{name}.html" for name in (*PAGES, "live")]
    for name in names:
        page, tags = parse(fork, name), meta(parse(fork, name))
        assert page.find("link", rel="canonical")["href"] == BASE + name
        assert tags["og:url"] == BASE + name and tags["og:image"] == f"{BASE}_static/card.png"
        assert tags["og:title"] and tags["twitter:card"] == "summary_large_image"
        if name != "chapters/notation.html":  # the one page here that was given no description
            assert tags["description"] == tags["og:description"]
            described.add(tags["description"])
    assert len(described) == len(names) - 1
    assert meta(parse(fork, "chapters/live.html"))["og:description"].startswith('Half of twice six times seven, "comp')
    front = meta(parse(fork, "index.html"))
    assert front["og:url"] == f"{BASE}chapters/index.html" and front["og:image"] and front["description"]


def test_the_card_is_the_drawn_one_and_small(fork, tmp_path):
    card = fork / "_static" / "card.png"
    assert card.stat().st_size < 100_000
    social_card.draw(tmp_path / "card.png")
    with Image.open(card) as stored, Image.open(tmp_path / "card.png") as drawn:
        assert stored.size == (1200, 630)
        off = np.abs(np.subtract(stored.convert("RGB"), drawn.convert("RGB"), dtype=float))
    assert off.mean() < 0.2  # another matplotlib may smooth an edge otherwise; one letter changed gives 0.28


def test_the_sitemap_lists_every_page_once(fork):
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    listed = [entry.text for entry in ElementTree.parse(fork / "sitemap.xml").iter(f"{space}loc")]
    written = {path.relative_to(fork).as_posix() for path in (fork / "chapters").rglob("*.html")}
    assert sorted(listed) == sorted(BASE + name for name in written)
    assert f"Sitemap: {BASE}sitemap.xml" in (fork / "robots.txt").read_text()


class Pages(SimpleHTTPRequestHandler):
    """Serves a site as GitHub Pages does: below a path, and with 404.html for whatever is not there."""

    def do_GET(self):
        prefix = urlsplit(BASE).path
        file = Path(self.directory, self.path.removeprefix(prefix).partition("?")[0])
        if self.path.startswith(prefix) and file.is_file():
            self.path = "/" + self.path.removeprefix(prefix)
            return super().do_GET()
        body = Path(self.directory, "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


WORDS = """
gradient descent, SGD, stochastic gradient, mini-batch, minibatch, batch size, full-batch, epoch, learning rate,
step size, schedule, learning rate schedule, learning rate decay, warm-up, cosine annealing, momentum, heavy ball,
Polyak, Nesterov, accelerated gradient, AdaGrad, RMSProp, rmsprop, Adam, AdamW, AMSGrad, weight decay, Newton,
quasi-Newton, BFGS, L-BFGS, Gauss-Newton, natural gradient, Fisher, Hessian, Jacobian, Frank-Wolfe, conditional
gradient, projection, projected gradient, proximal, ISTA, soft thresholding, subgradient, line search, backtracking,
Armijo, finite differences, gradient check, complex step, autodiff, automatic differentiation, backprop,
backpropagation, chain rule, forward pass, backward pass, vanishing gradients, exploding gradients, clipping,
gradient clipping, batch norm, batch normalization, residual connection, skip connection, Xavier, Glorot, Kaiming,
He initialization, ReLU, sigmoid, softmax, logit, cross entropy, mean squared error, MSE, MAE, Huber, pinball,
quantile, likelihood, maximum likelihood, KL divergence, saddle point, local minimum, plateau, sharpness, edge of
stability, condition number, conditioning, convex, overfitting, regularization, regularisation, early stopping,
phlogiston, lasso, ridge, data augmentation, random search, hyperparameter, curse of dimensionality, GAN,
autoencoder, REINFORCE, policy gradient, optimizer, optimiser
"""
ABSENT = {"phlogiston"}  # the test must see what finding nothing looks like


@pytest.mark.browser
def test_search_finds_every_term_and_method_by_its_common_names(browser, fork):
    glossary = (ROOT / "chapters" / "glossary.md").read_text("utf-8").split("```{glossary}")[1].split("```")[0]
    names = re.findall(r"^([A-Za-z].*)$", glossary, re.MULTILINE)
    assert len(names) > 150 and len({name.lower() for name in names}) == len(names)
    words = [" ".join(word.split()) for word in WORDS.split(",")] + names
    page = browser.new_page()
    page.goto(f"{(fork / 'search.html').as_uri()}?q=gradient")
    page.wait_for_selector("#search-results li a")
    found = page.evaluate(
        "words => words.map(word => gdcourseSearch(word).map(result => result.page))",
        words,
    )
    page.close()
    lost = {word for word, pages in zip(words, found, strict=True) if "chapters/glossary" not in pages}
    assert lost == ABSENT


@pytest.mark.browser
@pytest.mark.parametrize("lost", ["nothing.html", "chapters/old/deep/page.html"])
def test_a_lost_reader_finds_back_from_any_depth(browser, fork, lost):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=fork))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_address[1]}{urlsplit(BASE).path}"
    page = browser.new_page()
    missing = []
    page.on("response", lambda reply: reply.status == 404 and missing.append(reply.url))
    page.goto(root + lost)
    assert missing == [root + lost]  # the page itself, and none of its styles, scripts or pictures
    assert "no page here" in page.text_content("article h1")
    page.fill("#lost", "momentum")
    page.press("#lost", "Enter")
    page.wait_for_selector("#search-results li a")
    assert urlsplit(page.url).path == urlsplit(root).path + "search.html"
    page.goto(root + lost)
    page.click("article a")
    page.wait_for_url("**/chapters/index.html")
    page.close()
    server.shutdown()


def test_the_list_of_assignments_is_what_exists(fork):
    page = parse(fork, "chapters/assignments.html")
    rows = [[cell.text.strip() for cell in row.find_all("td")] for row in page.select("article table tbody tr")]
    written = [ps for ps in checks.MODULES if (ROOT / "exercises" / f"{ps}.md").is_file()]
    assert [row[0] for row in rows] == [ps.removeprefix("ps").lstrip("0").replace("capstone", "11") for ps in written]
    for ps, row in zip(written, rows, strict=True):
        book = nbformat.read(fork / "downloads" / f"{ps}.ipynb", 4)
        marks = [cell.metadata.nbgrader for cell in book.cells if "nbgrader" in cell.metadata]
        assert float(row[2]) == sum(mark.points for mark in marks if mark.grade) > 0
        assert row[1] in book.cells[0].source and row[3]
        assert "SOLUTION" not in "".join(cell.source for cell in book.cells)
        assert (fork / "chapters" / page.find("a", string=f"{ps}.ipynb")["href"]).resolve().is_file()
        assert page.find("a", href=re.compile(rf"mybinder.*published\?urlpath=lab/tree/assignments/{ps}\.ipynb"))


def test_an_assignment_that_says_neither_title_nor_time_is_refused(tmp_path):
    page = tmp_path / "ps03.md"
    text = (ROOT / "exercises" / "ps03.md").read_text("utf-8")
    shutil.copy(ROOT / "exercises" / "nbgrader_config.py", tmp_path)
    for fault in (re.sub("# Assignment 3: .*", "# Homework", text), re.sub(r"about\s+two\s+hours", "some time", text)):
        page.write_text(fault)
        with pytest.raises(ValueError, match="must say"):
            gdcourse_assignments.entry("ps03", page)


def test_licences_are_named():
    text = (ROOT / "LICENSE-text.md").read_text("utf-8")
    assert "creativecommons.org/licenses/by/4.0" in text
    for licence in (ROOT / "assets").rglob("LICENSE*"):
        assert f"assets/{licence.parent.relative_to(ROOT / 'assets').as_posix()}/" in text
