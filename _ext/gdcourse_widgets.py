"""Put the live figures into the site: their scripts once, and in each page only their state.

A notebook stores a widget with its code. A page takes the code from scripts that all pages share (gdcourse.widgets
writes them), so here it is cut out of the state that myst-nb embeds.
"""

import json
from pathlib import Path

from gdcourse.widgets import WIDGETS, bundle

CODE = ("_esm", "_css")


def write_scripts(app, config):
    """Write the scripts beside the site and have Sphinx copy them."""
    folder = Path(app.outdir).resolve().parent / "widgets"
    bundle.write(folder, WIDGETS.values())
    config.html_static_path.append(str(folder))


def slim(app, env):
    """Keep of each page's widget state what our own widgets need."""
    for metadata in getattr(env, "nb_metadata", {}).values():
        uri, attributes = metadata.get("js_files", {}).get("ipywidgets_state", (None, None))
        if not attributes:
            continue
        stored = json.loads(attributes["body"])
        for model in stored["state"].values():
            model["state"] = {key: value for key, value in model["state"].items() if key not in CODE}
        stored["state"] = {key: model for key, model in stored["state"].items() if "about" in model["state"]}
        body = json.dumps(stored).replace("</", "<\\/")
        metadata["js_files"]["ipywidgets_state"] = (uri, attributes | {"body": body})


def setup(app):
    """Register the two steps."""
    app.connect("config-inited", write_scripts)
    app.connect("env-updated", slim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
