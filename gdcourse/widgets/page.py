"""A page of its own for one widget: no server, no book, opens from a disk."""

import json

from gdcourse.widgets import bundle

STATE = "application/vnd.jupyter.widget-state+json"
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; background: Canvas; color: CanvasText }}
.gd-figure svg {{ max-width: 100%; height: auto }}
{style}
body {{ max-width: 720px; margin: 24px auto; padding: 0 16px; font: 16px/1.5 system-ui, sans-serif }}
</style>
<main>
<h1>{title}</h1>
{body}
</main>
<script type="{type}">{state}</script>
{scripts}
</html>
"""


def state(*widgets):
    """Return the widget state of a notebook that shows these widgets, without the code, which a page has once."""
    models = {
        widget.model_id: {
            "model_name": "AnyModel",
            "model_module": "anywidget",
            "model_module_version": widget._model_module_version,
            "state": {key: value for key, value in widget.get_state().items() if key not in ("_esm", "_css")},
        }
        for widget in widgets
    }
    return {"state": models, "version_major": 2, "version_minor": 0}


def standalone(*widgets, title=None):
    """Return the HTML of a page that holds the widgets and all it takes to run them."""
    scripts = bundle.scripts({widget.kind: widget for widget in widgets}.values())
    return PAGE.format(
        title=title or " and ".join(widget.kind.capitalize() for widget in widgets),
        body="\n".join(widget._repr_mimebundle_()[0]["text/html"] for widget in widgets),
        style=bundle.source(bundle.STYLE),
        type=STATE,
        state=json.dumps(state(*widgets)).replace("</", "<\\/"),
        scripts="\n".join(f"<script>{text}</script>" for text in scripts.values()),
    )
