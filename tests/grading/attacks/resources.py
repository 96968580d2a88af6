"""More time, memory, output, files and threads than there are."""

import json

from tests.grading.attacks import code, notebook


@notebook("deep-notebook", "hands in JSON with a hundred thousand brackets")
def deep(case):
    case.handed_in_as_bytes(b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b', "metadata": {}, "nbformat": 4}')


@notebook("giant-cell", "hands in a solution of forty megabytes")
def giant(case):
    case.cells("solution")[0]["source"] = "x = '" + "a" * 40_000_000 + "'"


@notebook("many-cells", "hands in thirty thousand cells")
def many(case):
    extra = {"cell_type": "code", "id": "x", "metadata": {}, "source": "1", "outputs": [], "execution_count": None}
    case.book["cells"] += [{**extra, "id": f"x{n}"} for n in range(30_000)]


@notebook("deep-source", "hands in an expression nested so deeply that the parser gives up, or crashes")
def nested(case):
    texts = ("(" * 50_000 + ")" * 50_000, "-" * 200_000 + "1", "x" + ".a" * 100_000, "[" * 199 + "]" * 199,
             "f'{" * 100 + "}'" * 100, "if 1:\n " * 100)
    for cell, text in zip(case.cells("solution"), texts):
        cell["source"] = text


@notebook("duplicate-keys", "hands in JSON with keys twice, numbers that are none, and a million digits")
def keys(case):
    text = json.dumps(case.book)
    case.handed_in_as_bytes(('{"nbformat": NaN, "cells": [], "x": ' + "9" * 1_000_000 + ", " + text[1:]).encode())


ATTACKS = (
    deep, giant, many, nested, keys,
    code("endless-loop", "never ends", "def attack(name, *args):\n    while True:\n        pass", endless=True),
    code("endless-cell", "never ends, before any function is tested", "while True:\n    pass", endless=True),
    code("endless-sleep", "waits without computing", "import time\n\ndef attack(name, *args):\n    time.sleep(10**6)",
         endless=True),
    code("endless-in-c", "spends its time inside single calls into C, where no exception reaches",
         "def attack(name, *args):\n    return sum(range(10**18))", endless=True),
    code("endless-power", "computes a number with more digits than atoms",
         "def attack(name, *args):\n    return 7 ** 10 ** 9", endless=True),
    code("endless-expression", "matches a regular expression that takes for ever",
         "import re\n\ndef attack(name, *args):\n    return re.match('(a+)+$', 'a' * 60 + 'b')", endless=True),
    code("endless-algebra", "multiplies matrices in another library's threads",
         """
import numpy as np

def attack(name, *args):
    a = np.ones((3000, 3000))
    while True:
        a = a @ a
""", endless=True),
    code("fork-bomb", "forks until there is no process left",
         """
while True:
    try:
        os.fork()
    except OSError:
        pass
""", endless=True, unsafe="it takes every process the machine has"),
    code("thread-bomb", "starts threads until there is none left",
         """
import threading, time
while True:
    try:
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    except RuntimeError:
        pass
""", endless=True, unsafe="it takes every thread the machine has"),
    code("thread-bomb-of-small-threads", "starts ten thousand threads that need hardly any memory",
         """
import threading, time
threading.stack_size(32768)
started = 0
try:
    for _ in range(10_000):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        started += 1
except RuntimeError:
    pass
print(started)
if started > 2000:
    tell("threads without limit")
""", unsafe="it takes every thread the machine has"),
    code("three-gigabytes", "allocates and touches three gigabytes",
         "import numpy as np\nkept = [np.ones(12_500_000) for _ in range(30)]\ntell('has 3 GB')"),
    code("memory-by-threads", "allocates three gigabytes by threads",
         """
import threading
kept = []

def take():
    kept.append(bytearray(b"x") * 100_000_000)

threads = [threading.Thread(target=take) for _ in range(30)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if len(kept) == 30:
    tell("has 3 GB")
"""),
    code("memory-in-files", "puts three gigabytes into files that are memory",
         """
import ctypes
block = b"x" * 50_000_000
held = 0
for make in (lambda: os.memfd_create("a"), lambda: os.open("/dev/shm/a", os.O_CREAT | os.O_RDWR, 0o600),
             lambda: os.open("/tmp/a", os.O_CREAT | os.O_RDWR, 0o600)):
    try:
        fd = make()
        for _ in range(60):
            held += os.write(fd, block)
    except OSError as error:
        print(error)
print(held)
if held > 2_500_000_000:
    tell("has", held, "bytes in files")
"""),
    code("memory-in-pipes", "puts memory into pipes and socket buffers",
         """
import fcntl
kept = []
try:
    while True:
        r, w = os.pipe()
        try:
            fcntl.fcntl(w, 1031, 1 << 20)
        except OSError:
            pass
        os.set_blocking(w, False)
        kept.append((r, w))
        os.write(w, b"x" * (1 << 20))
except OSError as error:
    print(len(kept), error)
"""),
    code("memory-bit-by-bit", "grows a list without end",
         "kept = []\nwhile True:\n    kept.append(bytearray(1_000_000))", unsafe="it takes all memory the machine has"),
    code("gigabyte-of-output", "prints a gigabyte",
         "for _ in range(1000):\n    print('x' * 1_000_000)", endless=True, unsafe="it fills the front end's memory"),
    code("gigabyte-of-errors", "writes a gigabyte to stderr and to the descriptors beneath",
         """
for _ in range(300):
    sys.stderr.write("x" * 1_000_000)
    for fd in (1, 2):
        try:
            os.write(fd, b"x" * 1_000_000)
        except OSError:
            pass
""", endless=True, unsafe="it fills the front end's memory"),
    code("huge-result", "ends its cell with a result of three hundred megabytes",
         "def attack(name, *args):\n    print('x' * 300_000_000)\n    return 'x' * 300_000_000"),
    code("huge-display", "displays a page of a hundred megabytes",
         "from IPython.display import HTML, display\ndisplay(HTML('<p>' + 'x' * 100_000_000))"),
    code("huge-figure", "draws a picture of a thousand million dots",
         """
import matplotlib.pyplot as plt
fig = plt.figure(figsize=(400, 400), dpi=100)
fig.add_subplot().plot([1, 2])
plt.show()
""", endless=True),
    code("many-figures", "draws two thousand pictures",
         """
import matplotlib.pyplot as plt
for _ in range(2000):
    plt.figure()
    plt.plot([1, 2])
plt.show()
""", endless=True),
    code("prints-in-tests", "prints fifty megabytes while it is being tested",
         """
def attack(name, *args):
    for _ in range(50):
        print("y" * 1_000_000)
    return 0.0
"""),
    code("recursion", "calls itself without end",
         "def attack(name, *args):\n    return attack(name, *args)"),
    code("disk-full", "fills every folder it may write to",
         """
import errno
for folder in (".", "/tmp", "/var/tmp", "/dev/shm", os.path.expanduser("~")):
    try:
        with open(os.path.join(folder, "full"), "wb", buffering=0) as file:
            for _ in range(3000):
                file.write(b"x" * 1_000_000)
        tell("wrote 3 GB in", folder)
    except OSError as error:
        print(folder, error)
""", unsafe="it fills the disk"),
    code("many-files", "makes files until there are no names left",
         """
made = 0
try:
    for made in range(300_000):
        os.close(os.open(f"f{made}", os.O_CREAT | os.O_WRONLY))
except OSError as error:
    print(made, error)
""", endless=True),
    code("all-descriptors", "opens files until none can be opened",
         """
kept = []
try:
    while True:
        kept.append(open("/dev/null"))
except OSError as error:
    print(error)
"""),
    code("figure-after-figure", "keeps matplotlib busy when its figures are closed",
         """
import matplotlib.pyplot as plt
import time

class Slow(plt.Figure):
    def savefig(self, *a, **k):
        time.sleep(10**6)
    print_figure = draw = savefig

plt.figure(FigureClass=Slow)
""", endless=True),
)  # fmt: skip
