"""What the book makes of an assignment and of a chapter's cells, without building it."""

from types import SimpleNamespace

import gdcourse_python
import pytest

from gdcourse import checks
from tests.conftest import ROOT


def page(ps):
    """Return the text of an assignment's page."""
    env = SimpleNamespace(doc2path=lambda name: str(ROOT / f"{name}.md"), note_dependency=lambda path: None)
    source = [(ROOT / "exercises" / f"{ps}.md").read_text("utf-8")]
    gdcourse_python.read_assignment(SimpleNamespace(env=env), f"exercises/{ps}", source)
    return source[0]


@pytest.mark.parametrize("ps", checks.MODULES)
def test_an_assignments_page_has_a_box_for_each_function_and_speaks_of_the_page(ps):
    text = page(ps)
    for exercise in checks.assignment(ps).exercises:
        for name in exercise.names:
            assert f"def {name}(" in text or f"class {name}" in text
    assert text.count("gd-solution gd-run-") >= len(checks.assignment(ps).exercises)
    assert "*Hand in* saves it as a notebook" in text and text.rstrip().endswith('<div class="gd-hand-in"></div>\n```')
    for words in ("restart the kernel", "pip install", "grade(", "BEGIN SOLUTION"):
        assert words not in text


def test_without_the_runtime_an_assignment_is_its_notebooks_text(monkeypatch):
    monkeypatch.setattr(gdcourse_python, "runtime", dict)
    text = page("ps03")
    assert "gd-" not in text and "*Run*" not in text and "Take {assignment}`ps03`" in text
    assert "def spectral_step(H):" in text and "**What you need.**" in text


@pytest.mark.parametrize(("cells", "runs"), [
    (["", "import numpy as np", "np.pi"], True),
    (["", "from gdcourse.widgets import Path", "Path()"], False),
    (["", "from gdcourse.widgets import Path", "1 + 1"], True),
    (["", "from sklearn.linear_model import Lasso", "Lasso()"], False),
    (["", "from sklearn.datasets import load_digits", "load_digits()"], True),
    (["text", ""], False),
])  # fmt: skip
def test_a_cell_is_offered_if_all_it_needs_is_there(cells, runs):
    assert gdcourse_python.can_run(cells, len(cells) - 1) == runs
