"""What all widgets share: settings that are checked, a static figure, and answers from Python.

A widget is an ipywidget with three homes. In a notebook its front end draws with the translated rules and asks
Python for the same numbers. On a published page there is no Python: a loader mounts the same front end on the state
that the notebook left there. In print there is the static figure. To write one, derive from `Widget`: name its
`kind` (the file js/<kind>.js), list its settings as `Setting`, and give `rules`, `paint`, `describe` and `answer`.
"""

import html
import json

import anywidget
import numpy as np
import traitlets

from gdcourse._validate import one_of
from gdcourse.widgets import bundle, figure

VIEW = "application/vnd.jupyter.widget-view+json"


class Setting(traitlets.TraitType):
    """A setting that Python and the page share. check(name, value) returns the value or raises ValueError."""

    def __init__(self, check, default):
        super().__init__(default_value=default)
        self.check = check
        self.tag(sync=True)

    def validate(self, obj, value):
        return self.check(self.name, value)


class Widget(anywidget.AnyWidget):
    """The base of all widgets; the module says what a widget provides."""

    kind = None
    version = 1  # raise it when a page that was made earlier would no longer be understood
    size = (6.4, 3.2)  # of the static figure, in inches
    room = ("40cqw + 272px", "66.7cqw + 623px")  # the height of the live one, wide and below 560 px
    about = traitlets.Dict(read_only=True).tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        if "kind" in cls.__dict__:
            cls._esm = bundle.module(cls)
            cls._css = bundle.source(bundle.STYLE)
        super().__init_subclass__(**kwargs)

    def __init__(self, **settings):
        for name in settings:
            one_of(f"a setting of {type(self).__name__}", name, self.settings())
        super().__init__(**settings)
        self.on_msg(self._hear)

    @traitlets.default("about")
    def _about(self):
        return {"kind": self.kind, "version": self.version}

    @classmethod
    def settings(cls):
        """Return the names of the settings."""
        return [name for name, trait in cls.class_traits().items() if isinstance(trait, Setting)]

    @classmethod
    def checked(cls, settings):
        """Return settings that came from the page as a dictionary, each checked."""
        traits = cls.class_traits()
        return {name: traits[name].check(name, settings[name]) for name in cls.settings()}

    def chosen(self):
        """Return the settings as they stand, as a dictionary."""
        return {name: getattr(self, name) for name in self.settings()}

    @classmethod
    def rules(cls):
        """Return the JavaScript module rules.js of this widget: its rules and tables."""
        raise NotImplementedError

    def paint(self, canvas):
        """Draw the static figure on a matplotlib Figure."""
        raise NotImplementedError

    def describe(self):
        """Return the alternative text of the static figure."""
        raise NotImplementedError

    def answer(self, settings):
        """Return (status, arrays) for settings that came from the page."""
        raise NotImplementedError

    def _hear(self, _, content, buffers):
        if content.get("type") != "question":
            return
        reply = {"type": "answer", "id": content["id"]}
        try:
            status, arrays = self.answer(content["question"])
        except ValueError as error:
            self.send(reply | {"error": str(error)})
        else:
            self.send(reply | {"status": status}, [np.ascontiguousarray(a, dtype="<f8").tobytes() for a in arrays])

    def still(self):
        """Return what stands in the page where nothing is live: its HTML, and more for the mime bundle."""
        svg, png = figure.draw(self.paint, self.size)
        label = html.escape(self.describe())
        return f'<div class="gdw-static gd-figure" role="img" aria-label="{label}">{svg}</div>', {"image/png": png}

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        still, more = self.still()
        view = json.dumps(data[VIEW])
        wide, narrow = self.room
        markup = (
            f'<div class="gdw-host" style="--gdw-wide: calc({wide}); --gdw-narrow: calc({narrow})">'
            f'{still}<script type="{VIEW}">{view}</script></div>'
        )
        return data | {"text/plain": self.describe(), "text/html": markup} | more, metadata
