"""What works at home and has nothing to do where a notebook is graded: installing, mounting a drive, asking, windows.

None of it stops a cell. It says in the cell's output that it was left out, and what stands below it runs.
"""

import getpass
import importlib.util
import sys
import types

from IPython.core import pylabtools
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.utils.text import SList

FORMATS = {"png", "png2x", "retina"}


def left_out(what):
    print(f"({what} is left out while a notebook is graded.)")


def no_input(prompt="", *_, **__):
    """Stand for input and getpass."""
    left_out("input")
    return ""


@magics_class
class Elsewhere(Magics):
    """Stand for the magics that start other programs."""

    @line_magic("pip")
    @line_magic("conda")
    @line_magic("mamba")
    @line_magic("uv")
    def install(self, line):
        left_out("installing")

    @cell_magic("bash")
    @cell_magic("sh")
    @cell_magic("script")
    @cell_magic("writefile")
    def program(self, line, cell):
        left_out("a cell for another program")


class Quiet(types.ModuleType):
    """A module of which everything can be called and comes to nothing."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: left_out(f"{self.__name__}.{name}")


def make_at_home(shell):
    """Let a shell pass over what is left out."""
    shell.system = lambda command: left_out(f"!{command[:60]}")
    shell.getoutput = lambda command, split=True, depth=0: left_out(f"!{command[:60]}") or (SList() if split else "")
    shell.register_magics(Elsewhere)
    shell.ask_yes_no = lambda *_: True
    getpass.getpass = no_input
    if importlib.util.find_spec("google") is None:
        google = types.ModuleType("google")
        google.__path__ = []
        sys.modules["google"], sys.modules["google.colab"] = google, Quiet("google.colab")
        google.colab = sys.modules["google.colab"]
        for name in ("drive", "files", "output", "userdata", "auth"):
            part = sys.modules[f"google.colab.{name}"] = Quiet(f"google.colab.{name}")
            setattr(google.colab, name, part)


def inline_only(shell):
    """Draw figures as PNG into the notebook, whatever window or format is asked for."""
    select = pylabtools.select_figure_formats

    def pictures(shell, formats, **options):
        formats = {formats} if isinstance(formats, str) else set(formats)
        select(shell, formats & FORMATS or {"png"}, **options)

    pylabtools.select_figure_formats = pictures
    enable = shell.enable_matplotlib
    shell.enable_matplotlib = lambda gui=None: enable("inline")
