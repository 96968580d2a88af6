"""Ways to end that leave no answer."""

from tests.grading.attacks import code


def _when_called(line):
    return f"def attack(name, *args):\n    {line}"


ATTACKS = (
    code("os-exit", "ends the process without a word", "os._exit(0)"),
    code("os-exit-when-tested", "ends the process in the middle of a test", _when_called("os._exit(0)")),
    code("sys-exit", "leaves Python in a cell", "sys.exit(0)"),
    code("sys-exit-when-tested", "leaves Python in a test", _when_called("sys.exit(0)")),
    code("exit-by-thread", "leaves from a thread while the test waits",
         """
import threading, time

def attack(name, *args):
    threading.Timer(0.05, os._exit, (0,)).start()
    time.sleep(1)
    return 0.0
"""),
    code("quit", "quits the shell, asks for input and for the debugger",
         """
try:
    input("answer? ")
except BaseException as error:
    print(type(error).__name__)
try:
    breakpoint()
except BaseException as error:
    print(type(error).__name__)
get_ipython().ask_exit()
quit()
"""),
    code("interrupts", "raises what interrupts and ends programs",
         """
def attack(name, *args):
    raise {"spectral_step": KeyboardInterrupt, "gd_iterations": GeneratorExit, "backtracking": BaseException,
           "standardize": StopIteration, "run_until": MemoryError}.get(name, SystemExit)
"""),
    code("kills-itself", "kills itself in a test",
         "import signal\n\n" + _when_called("os.kill(os.getpid(), signal.SIGKILL)")),
    code("terminates-itself", "ends itself by every signal in turn",
         """
import signal
for name in ("SIGHUP", "SIGPIPE", "SIGALRM", "SIGXCPU", "SIGSYS", "SIGTERM", "SIGABRT"):
    number = getattr(signal, name)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
"""),
    code("segfault", "reads from address 0", "import ctypes\n\n" + _when_called("ctypes.string_at(0)")),
    code("segfault-in-cell", "reads from address 0 before it is tested", "import ctypes\nctypes.string_at(0)"),
    code("abort", "aborts", _when_called("os.abort()")),
    code("closes-everything", "closes its streams and every descriptor, in a cell",
         "sys.stdout.close()\nsys.stderr.close()\nsys.stdin.close()\nos.closerange(0, 65536)"),
    code("stack-overflow", "overflows the stack of C",
         """
import ctypes

class Deep:
    def __repr__(self):
        return repr(self)

import json
sys.setrecursionlimit(10**9)

def attack(name, *args):
    def down(n):
        return [down(n + 1)]
    return down(0)
"""),
    code("faulty-library", "corrupts its own heap",
         """
import ctypes

def attack(name, *args):
    ctypes.memset(id(args) - 64, 0xFF, 256)
    return [bytes(n) for n in range(1000)]
"""),
)  # fmt: skip
