"""What runs beside a submission: a warm process that forks a child for each job, and the child's own loop.

The child executes the notebook's cells as a notebook would, and at a graded cell runs the named functions on the cases
that the judge hands over one by one. It knows no reference, no seed and no score. All of this may be subverted by the
code it runs: the judge believes nothing but plain values, and keeps its own clocks.
"""

import base64
import contextlib
import functools
import gc
import importlib
import io
import json
import marshal
import os
import resource
import signal
import socket
import sys
import tempfile
import types

import numpy as np

from gdcourse.checks.exercise import parameters_of
from gdcourse.checks.running import observe
from gdcourse.grading.wire import Channel, Limits, encode

FILES = {}  # what the warm process has open to read
CHANNEL = None  # to the judge, in a child
FLOOD = 50 << 20  # characters beyond the limit of outputs after which a cell is stopped
TRUSTED = Limits(text=1 << 28, raw=1 << 30, values=10**8)


class Flood(BaseException):
    """So much output that nobody can have meant it."""


# A notebook's cells


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


def make_shell(record):
    """Return an IPython shell that behaves as a notebook's: rich display, inline figures, no stdin."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.error import StdinNotImplementedError
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    class Hook(DisplayHook):
        def start_displayhook(self):
            pass

        def write_output_prompt(self):
            pass

        def write_format_data(self, format_dict, md_dict=None):
            record.show("result", format_dict)

        def finish_displayhook(self):
            pass

    class Publisher(DisplayPublisher):
        def publish(self, data, metadata=None, *, transient=None, update=False, **_):
            record.show("display", data, (transient or {}).get("display_id"))

        def clear_output(self, wait=False):
            record.clear(wait)

    class Shell(InteractiveShell):
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def _showtraceback(self, etype, evalue, stb):
            record.add(["error", record.fitting(etype.__name__), record.fitting(str(evalue)),
                        [record.fitting(str(line)) for line in stb]])  # fmt: skip

        def enable_gui(self, gui=None):
            pass

        def ask_exit(self):
            pass

        def init_history(self):
            super().init_history()
            self.history_manager.enabled = False

        def atexit_operations(self):
            pass

    def no_input(prompt=""):
        raise StdinNotImplementedError("input was called, but nobody is there to answer while a notebook is graded.")

    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.history_load_length = 0
    shell = Shell.instance(config=config)
    shell.display_formatter.active_types = ["text/plain", "image/png"]
    shell.builtin_trap.activate()
    import builtins
    import getpass

    builtins.input = getpass.getpass = no_input
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


class Notebook:
    """Answers the judge's requests in a child."""

    def __init__(self, shell, record, channel):
        self.shell, self.record, self.channel = shell, record, channel

    def serve(self):
        while True:
            kind, *rest = self.channel.receive()
            answer = getattr(self, f"do_{kind}")(*rest)
            self.channel.mend()
            self.channel.send(*answer)

    def do_run(self, source):
        """Execute a cell; the judge may interrupt it, as a notebook's stop button would."""
        self.record.start()
        ok = False
        try:
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                ok = self.shell.run_cell(source, store_history=True, silent=False).success
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        except (KeyboardInterrupt, Flood):  # outside of what the shell itself catches
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return "ran", self.record.result(), bool(ok), self.record.cut

    def do_look(self, names):
        """Say of each name what it stands for."""
        found = []
        for name in names:
            value = self.shell.user_ns.get(name)
            known = name in self.shell.user_ns
            parameters = parameters_of(value) if callable(value) else None
            found.append([known, callable(value), str(getattr(value, "__module__", "")), parameters, repr(value)[:80]])
        return "looked", found

    def do_observe(self, names, drive, count, seconds):
        """Run the functions on as many cases as the judge has, and say what came out of each."""
        functions = tuple(self.shell.user_ns[name] for name in names)
        if drive is not None:
            drive = types.FunctionType(marshal.loads(drive), {"np": np, "__builtins__": __builtins__})
        runs = observe(functions, _Cases(self.channel, count), drive, seconds)
        return "observed", [[run.output, run.after, run.problem and list(run.problem), run.printed] for run in runs]

    def do_end(self):
        os._exit(0)


class _Cases:
    """The cases of a behaviour, each fetched from the judge when its turn has come."""

    def __init__(self, channel, count):
        self.channel, self.count = channel, count

    def __len__(self):
        return self.count

    def __iter__(self):
        for _ in range(self.count):
            yield self.channel.exchange("next")[1]


class Line(Channel):
    """A channel whose exchanges may be cut short anywhere by an exception from outside: a run's time was up."""

    torn = False

    def exchange(self, *message):
        self.mend()
        self.torn = True
        self.send(*message)
        answer = self.receive()
        self.torn = False
        return answer

    def mend(self):
        """After a cut, let whatever was on its way pass by, up to the answer to a new question."""
        if self.torn:
            token = os.urandom(8).hex()
            self.send("sync", token)
            end, came = encode(["synced", token]), bytearray()
            self._came.clear()
            while not came.endswith(end):
                came += self.socket.recv(1 << 16)
            self.torn = False


def ask(number, args):
    """Call one of the judge's functions from within a run."""
    return _answer(CHANNEL.exchange("ask", number, args))


def provided(name):
    """Return the stand-in for a function that the notebook is given, and that is computed elsewhere."""

    def call(*args, **kwargs):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a message is not cut in two
        try:
            return _answer(CHANNEL.exchange("provide", name, args, kwargs))
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    call.__name__ = call.__qualname__ = name
    return call


def _answer(message):
    if message[0] == "value":
        return message[1]
    import builtins

    kind = getattr(builtins, message[1], None)
    raise (kind if isinstance(kind, type) and issubclass(kind, Exception) else RuntimeError)(message[2])


def compute(channel):
    """Compute what notebooks are given: the loop of a child in which no submission runs."""
    while True:
        _, module, name, args, kwargs = channel.receive()
        try:
            answer = "value", getattr(importlib.import_module(module), name)(*args, **kwargs)
        except Exception as error:
            answer = "error", type(error).__name__, str(error)[:300]
        channel.send(*answer)


# The warm process


def main(control, modules, sandboxed):
    """Fork a child for each request on the control socket, until nobody is at its other end."""
    record = Record(1 << 20, 1 << 24)
    shell = make_shell(record)
    warm_up(shell, record, modules)
    if sandboxed:
        from gdcourse.grading import lockdown

        FILES.update(lockdown.files_read())
    gc.collect()
    gc.freeze()  # a child that looks through old objects would copy them
    gc.set_threshold(50_000, 20, 50)
    control.sendall(b"ready")
    while True:
        message, (handle, *_), _, _ = _received(control)
        request = json.loads(message)
        waiter, pid = lockdown.fork() if sandboxed else (os.fork(),) * 2
        if not pid:
            try:
                _child(shell, record, handle, control, request, sandboxed)
            finally:
                try:
                    bytearray(64 << 20)
                except MemoryError:
                    os._exit(71)
                os._exit(70)
        os.close(handle)
        control.sendall(json.dumps({"pid": pid}).encode())
        control.recv(16)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        control.sendall(json.dumps({"status": os.waitpid(waiter, 0)[1]}).encode())


def _received(control):
    message, handles, flags, address = socket.recv_fds(control, 1 << 16, 1)
    if not message:
        os._exit(0)
    return message, handles, flags, address


def _child(shell, record, handle, control, request, sandboxed):
    global CHANNEL
    os.setsid()  # or else kill(0) would reach the warm process, namespace or not
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nowhere, standard)
    control.close()
    connection = socket.socket(fileno=handle)
    CHANNEL = Line(connection, TRUSTED, ask)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    record.characters, record.pictures = request["output_kb"] << 10, request["pictures_kb"] << 10
    connection.sendall(b"hello")
    _, memory = CHANNEL.receive()  # the judge has set up its clocks
    if sandboxed:
        from gdcourse.grading import lockdown

        lockdown.enter(request, handle, memory, FILES)
    else:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        os.chdir(tempfile.mkdtemp())
    if request["compute"]:
        compute(CHANNEL)
    Notebook(shell, record, CHANNEL).serve()


if __name__ == "__main__":
    # Imported by its name, so that the stand-ins of the package speak to this very module.
    from gdcourse.grading import inside

    handle, mode, modules = sys.argv[1:]
    inside.main(socket.socket(fileno=int(handle)), modules.split(",") if modules else (), mode == "sandboxed")
