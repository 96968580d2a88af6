"""A notebook's kernel without a kernel: an IPython shell in this very process, whose outputs are collected."""

import base64
import builtins
import contextlib
import functools
import importlib
import io
import os
import sys

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from gdcourse.grading.sandbox.at_home import inline_only, make_at_home, no_input

FLOOD = 50 << 20  # characters beyond the limit of outputs after which a cell is stopped


class Flood(BaseException):
    """So much output that nobody can have meant it."""


class Stream(io.TextIOBase):
    """Stands for stdout or stderr: what is written becomes a cell's output."""

    encoding = "utf-8"

    def __init__(self, name, record):
        self._name, self._record = name, record

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._record.text(self._name, text)
        return len(text)


class Record:
    """The outputs of one cell, up to so many characters."""

    def __init__(self, characters, pictures):
        self.characters, self.pictures = characters, pictures
        self.start()

    def start(self):
        self.outputs, self.cut, self.clear_later, self.flood = [], False, False, FLOOD

    def text(self, name, text):
        kept = self.fitting(text)
        if self.outputs and self.outputs[-1][0] == "stream" and self.outputs[-1][1] == name:
            self.outputs[-1][2].append(kept)
        elif kept:
            self.add(["stream", name, [kept]])
        if self.flood < 0:
            raise Flood

    def fitting(self, text):
        kept = text[: self.characters]
        self.characters -= len(kept)
        if len(kept) < len(text):
            self.cut = True
            self.flood -= len(text) - len(kept)
        return kept

    def add(self, output):
        if self.clear_later:
            self.outputs, self.clear_later = [], False
        if len(self.outputs) < 1000:
            self.outputs.append(output)
        else:
            self.cut = True

    def show(self, kind, data, name=None):
        """Keep of a rich output what no browser can execute: its text and its picture."""
        kept = {}
        if isinstance(data.get("text/plain"), str):
            kept["text/plain"] = self.fitting(data["text/plain"])
        picture = data.get("image/png")
        if isinstance(picture, str):
            picture = base64.b64decode(picture)
        if isinstance(picture, bytes):
            self.pictures -= len(picture)
            if self.pictures >= 0:
                kept["image/png"] = picture
            else:
                self.cut = True
        if not kept:
            return
        same = [output for output in self.outputs if name and output[0] == "display" and output[2] == name]
        for output in same:
            output[1] = kept
        if not same:
            self.add([kind, kept, name])

    def clear(self, wait=False):
        if wait:
            self.clear_later = True
        else:
            self.outputs = []

    def result(self):
        return [[*output[:2], "".join(output[2])] if output[0] == "stream" else output for output in self.outputs]


class Hook(DisplayHook):
    """Takes in what a cell's last line comes to."""

    def start_displayhook(self):
        pass

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.record.show("result", format_dict)

    def finish_displayhook(self):
        pass


class Publisher(DisplayPublisher):
    """Takes in what a cell displays."""

    def publish(self, data, metadata=None, *, transient=None, update=False, **_):
        self.shell.record.show("display", data, (transient or {}).get("display_id"))

    def clear_output(self, wait=False):
        self.shell.record.clear(wait)


class Shell(InteractiveShell):
    """An IPython shell whose outputs go into a record, and which keeps no history."""

    displayhook_class = Type(Hook)
    display_pub_class = Type(Publisher)
    record = None

    def _showtraceback(self, etype, evalue, stb):
        fitting = self.record.fitting
        self.record.add(["error", fitting(etype.__name__), fitting(str(evalue)), [fitting(str(line)) for line in stb]])

    def enable_gui(self, gui=None):
        pass

    def ask_exit(self):
        pass

    def init_history(self):
        super().init_history()
        self.history_manager.enabled = False

    def atexit_operations(self):
        pass


def make_shell(record):
    """Return an IPython shell that behaves as a notebook's: rich display, inline figures, no stdin."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.history_load_length = 0
    shell = Shell.instance(config=config)
    shell.record = record
    shell.display_formatter.active_types = ["text/plain", "image/png"]
    shell.builtin_trap.activate()
    builtins.input = no_input
    make_at_home(shell)
    inline_only(shell)
    sys.stdout, sys.stderr = Stream("stdout", record), Stream("stderr", record)
    return shell


def warm_up(shell, record, modules=()):
    """Do once what every notebook needs: fonts, text layout, both kinds of axes."""
    for name in ("matplotlib.pyplot", *modules):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if "matplotlib" in sys.modules:
        import matplotlib.pyplot as plt
        from matplotlib.backends import backend_agg
        from matplotlib_inline import backend_inline
        from matplotlib_inline.config import InlineBackend

        # A figure is drawn when it is shown. Drawing it before, as pyplot does after each cell, is for windows.
        backend_agg.FigureCanvasAgg.draw_idle = lambda self, *args, **kwargs: None
        # Every canvas has a parser of its own, and that its own cache of the labels 10^0, 10^1, ...
        backend_agg.MathTextParser = functools.lru_cache(backend_agg.MathTextParser)
        inline = InlineBackend.instance(parent=shell)
        inline.print_figure_kwargs = {"bbox_inches": "tight", "pil_kwargs": {"compress_level": 1}}
        backend_inline.configure_inline_support(shell, os.environ["MPLBACKEND"])
        shell.run_cell(
            "import matplotlib.pyplot as plt\nimport numpy as np\n"
            "fig, (a, b, c) = plt.subplots(1, 3, layout='constrained')\n"
            "a.plot([0.1, 0.5, 1.0], [0.2, -3, 40], 'o-', label='a label'); a.legend()\n"
            "a.set(xlabel='learning rate', ylabel='loss', title='0123456789 (a)')\n"
            "b.loglog([1e-9, 1, 1e6], [1e-8, 1, 1e6], label='$x^2$'); b.legend(); b.grid()\n"
            "b.set_xticks(10.0 ** np.arange(-9, 7)); b.set_ylim(1e-9, 1e7)\n"
            "c.imshow(np.eye(3)); c.contour(np.outer([1, 2, 3], [1, 2, 3]))"
        )
        plt.close("all")
    with contextlib.suppress(Exception):
        shell.run_cell("1 / 0")  # a traceback's machinery is slow to load
    shell.reset(new_session=False, aggressive=False)
    shell.execution_count = 1
    record.start()
