"""What works at home and has nothing to do where a notebook is graded: installing, mounting a drive, asking, windows.

None of it stops a cell. It says in the cell's output that it was left out, and what stands below it runs.
"""

import functools
import getpass
import importlib.util
import sys
import types

from IPython.core import pylabtools
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.utils.text import SList

COLAB = {"drive": ("mount", "flush_and_unmount"), "files": ("upload", "download", "view"), "userdata": ("get",),
         "output": ("clear", "enable_custom_widget_manager"), "auth": ("authenticate_user",)}  # fmt: skip
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


def make_at_home(shell):
    """Let a shell pass over what is left out."""
    shell.system = lambda command: left_out(f"!{command[:60]}")
    shell.getoutput = lambda command, split=True, depth=0: left_out(f"!{command[:60]}") or (SList() if split else "")
    shell.register_magics(Elsewhere)
    shell.ask_yes_no = lambda *_: True
    getpass.getpass = no_input
    if importlib.util.find_spec("google") is None:
        google, colab = types.ModuleType("google"), types.ModuleType("google.colab")
        google.__path__, colab.__path__, google.colab = [], [], colab
        sys.modules |= {"google": google, "google.colab": colab}
        for name, calls in COLAB.items():
            part = sys.modules[f"google.colab.{name}"] = types.ModuleType(f"google.colab.{name}")
            setattr(colab, name, part)
            for call in calls:
                setattr(part, call, functools.partial(_nothing, f"google.colab.{name}.{call}"))


def _nothing(what, *_, **__):
    left_out(what)


def inline_only(shell):
    """Draw figures as PNG into the notebook, whatever window or format is asked for."""
    select = pylabtools.select_figure_formats

    def pictures(shell, formats, **options):
        formats = {formats} if isinstance(formats, str) else set(formats)
        select(shell, formats & FORMATS or {"png"}, **options)

    pylabtools.select_figure_formats = pictures
    enable = shell.enable_matplotlib
    shell.enable_matplotlib = lambda gui=None: enable("inline")
