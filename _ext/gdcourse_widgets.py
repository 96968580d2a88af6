"""Put the live figures into the site: their scripts once, and in each page only their state.

A notebook stores a widget with its code. A page takes the code from scripts that all pages share (gdcourse.widgets
writes them), so here it is cut out of the state that myst-nb embeds.
"""

import json
import re
from pathlib import Path

from gdcourse.widgets import WIDGETS, bundle

CODE = ("_esm", "_css")
VIEW = re.compile(r'"model_id": "(\w+)"')


def write_scripts(app, config):
    """Write the scripts beside the site and have Sphinx copy them."""
    folder = Path(app.outdir).resolve().parent / "widgets"
    bundle.write(folder, WIDGETS.values())
    config.html_static_path.append(str(folder))


def slim(app, page, template, context, doctree):
    """Keep of a page's widget state what the live figures on it need; a page without one needs no script either."""
    files = getattr(app.env, "nb_metadata", {}).get(page, {}).get("js_files", {})
    if "ipywidgets_state" not in files:
        return
    uri, attributes = files["ipywidgets_state"]
    shown = set(VIEW.findall(context.get("body", "")))
    stored = json.loads(attributes["body"])
    stored["state"] = {
        name: model | {"state": {key: value for key, value in model["state"].items() if key not in CODE}}
        for name, model in stored["state"].items()
        if name in shown and "about" in model["state"]
    }
    files["ipywidgets_state"] = (uri, attributes | {"body": json.dumps(stored).replace("</", "<\\/")})
    if stored["state"]:
        app.add_css_file(bundle.STYLE, priority=900)  # after the site's own
    else:
        files.clear()


def setup(app):
    """Register the two steps."""
    app.connect("config-inited", write_scripts)
    app.connect("html-page-context", slim, priority=100)  # before myst-nb puts the state into the page
    return {"parallel_read_safe": True, "parallel_write_safe": True}
