"""What lies where the notebook should be, and beside it."""

import os
import sqlite3

from tests.grading.attacks import PS, notebook


def _instead(case, make):
    make(case.path)
    case.book = None


@notebook("link-to-the-gradebook", "hands in a link to the gradebook as its notebook")
def linked(case):
    _instead(case, lambda path: path.symlink_to(f"{case.place['course']}/gradebook.db"))


@notebook("link-to-the-source", "hands in a link to the notebook with the solutions")
def linked_source(case):
    _instead(case, lambda path: path.symlink_to(f"{case.place['course']}/source/{PS}/{PS}.ipynb"))


@notebook("hard-link-to-the-gradebook", "hands in the gradebook itself under another name")
def hard_linked(case):
    _instead(case, lambda path: path.hardlink_to(f"{case.place['course']}/gradebook.db"))


@notebook("link-to-zero", "hands in a link to a device that never ends",
          unsafe="stock reads it until the memory is full")  # fmt: skip
def device(case):
    _instead(case, lambda path: path.symlink_to("/dev/zero"))


@notebook("link-to-itself", "hands in a link that leads to itself")
def loop(case):
    _instead(case, lambda path: path.symlink_to(path.name))


@notebook("fifo", "hands in a pipe that nobody writes to", unsafe="stock waits for it for ever")
def fifo(case):
    _instead(case, os.mkfifo)


@notebook("folder", "hands in a folder as its notebook")
def folder(case):
    _instead(case, lambda path: path.mkdir())


@notebook("unreadable", "hands in a file that may not be read")
def unreadable(case):
    case.handed_in_as_bytes(b"{}")
    case.path.chmod(0)


@notebook("huge-file", "hands in a file of four gigabytes that takes no room",
          unsafe="stock reads it until the memory is full")  # fmt: skip
def huge(case):
    case.handed_in_as_bytes(b"{")
    os.truncate(case.path, 4 << 30)


@notebook("empty-file", "hands in nothing, under the right name")
def empty(case):
    case.handed_in_as_bytes(b"")


@notebook("another-notebook", "hands in a database, a picture and a compressed page under the right name")
def database(case):
    with sqlite3.connect(case.path) as book:
        book.execute("create table grade (score)")
    case.book = None


@notebook("data-links", "puts links to secrets beside its notebook, to be copied into its feedback")
def data(case):
    for name, target in (("data.csv", "gradebook.db"), ("picture.png", "canary.txt"), ("all", ""), ("up", "..")):
        (case.folder / name).symlink_to(os.path.join(case.place["course"], target))
    (case.folder / "home.txt").symlink_to(os.path.join(case.place["home"], "canary.txt"))
    case.book["cells"][0]["source"] += "\n![](data.csv) [all](all/canary.txt) ![](picture.png)"


@notebook("traversal", "names its files so that they climb out of their folder")
def traversal(case):
    for name in ("..\\..\\gradebook.db", "%2e%2e%2fgradebook.db", "-rf", "$(touch pwned)", "; touch pwned;",
                 "\x1b[2J\nname", "\u202egpj.bd", "a" * 200):  # fmt: skip
        case.beside(name, "x")


@notebook("shadow-modules", "puts modules beside its notebook that Python would find first")
def shadows(case):
    for name in ("gdcourse/__init__.py", "gdcourse/checks/__init__.py", "numpy.py", "json.py", "sitecustomize.py",
                 "usercustomize.py", "struct.py", "IPython/__init__.py"):
        case.beside(name, b"check = grade = lambda *a, **k: None\nprint('LE' + 'AK: shadowed')\n")


@notebook("settings", "brings settings for nbgrader, Jupyter, IPython and matplotlib")
def settings(case):
    for name in ("nbgrader_config.py", "jupyter_config.py", "jupyter_nbconvert_config.py", ".jupyter/jupyter_config.py",
                 "ipython_config.py", ".ipython/profile_default/startup/00-first.py"):
        case.beside(name, b"import os\nprint('LE' + 'AK: settings read')\nc = get_config()\n"
                          b"c.Execute.timeout = 1\nc.ClearSolutions.enforce_metadata = False\n")  # fmt: skip
    case.beside("matplotlibrc", b"backend: module://pwned\n")


@notebook("timestamp", "forges the time it was handed in, and its own name")
def timestamp(case):
    case.beside("timestamp.txt", b"0001-01-01 00:00:00 UTC\n<script>alert(1)</script>")
    case.beside("graded.ipynb", b"{}")
    case.beside("gradebook.db", b"SQLite format 3\0")


@notebook("two-notebooks", "hands in a second notebook under nearly the same name")
def two(case):
    case.beside("PS03.ipynb", b"{}")
    case.beside("ps03 (1).ipynb", b'{"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}')


@notebook("nothing-at-all", "hands in an empty folder")
def missing(case):
    case.book = None


@notebook("many-files-beside", "hands in two thousand files and a deep tree of folders")
def many(case):
    for number in range(2000):
        (case.folder / f"f{number}").touch()
    case.beside("/".join(["d"] * 100) + "/x", b"x")


@notebook("other-bytes", "hands in its notebook in UTF-16 with a mark in front")
def utf16(case):
    import json

    case.handed_in_as_bytes(json.dumps(case.book).encode("utf-16"))


ATTACKS = (linked, linked_source, hard_linked, device, loop, fifo, folder, unreadable, huge, empty, database, data,
           traversal, shadows, settings, timestamp, two, missing, many, utf16)  # fmt: skip
