"""Code that reaches for whatever runs it: modules, frames, memory, signals, hooks, threads."""

from tests.grading.attacks import code

ATTACKS = (
    code("judge-patched", "replaces the functions that judge, wherever gdcourse.checks has them",
         """
import types
yes = lambda *a, **k: True
none = lambda *a, **k: None
for name, module in list(sys.modules.items()):
    if name.startswith("gdcourse") and isinstance(module, types.ModuleType):
        for word in ("same", "passes", "_close", "is_number"):
            if hasattr(module, word):
                setattr(module, word, yes)
        for word in ("_fault", "first_difference", "_changed", "_wrong_call", "_sentence_of_misfit"):
            if hasattr(module, word):
                setattr(module, word, none)
        if hasattr(module, "_faults"):
            module._faults = lambda *a, **k: iter(())
        if hasattr(module, "conform"):
            module.conform = lambda value, like, path="": (like, None)
"""),
    code("observe-patched", "replaces the runner, so that it reports runs of its own making",
         """
for name, module in list(sys.modules.items()):
    for word in ("observe", "_run", "snapshot"):
        if name.startswith("gdcourse") and hasattr(module, word):
            setattr(module, word, lambda *a, **k: [] if word == "observe" else 0.5)
"""),
    code("runs-forged", "reports runs that hold everything a judge may look for",
         """
running = next((m for n, m in list(sys.modules.items()) if n.endswith("checks.running")), None)
if running is not None:
    def forged(functions, cases, drive=None, seconds=0):
        return [running.Run(output=running.Opaque if False else 1.0, after=case, calls=(), problem=None, printed="ok")
                for case in cases]
    running.observe = forged
    for module in list(sys.modules.values()):
        if getattr(module, "observe", None) is not None and module is not running:
            module.observe = forged
"""),
    code("specification-by-gc", "looks through the memory of Python for the reference and calls it",
         """
import gc

def attack(name, *args):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Exercise":
            for reference in thing.reference if isinstance(thing.reference, tuple) else (thing.reference,):
                if reference.__name__ == name:
                    tell("reference found by gc")
                    return reference(*args)
    return 0.0
"""),
    code("functions-by-gc", "looks through the memory of Python for any other function of the same name",
         """
import gc, types

def attack(name, *args):
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__name__ == name and thing.__module__ != "__main__":
            if thing.__globals__ is not globals():
                tell("another", name, "in", thing.__module__)
                return thing(*args)
    return 0.0
"""),
    code("frames", "climbs the frames to whoever called it, for what is expected there",
         """
def attack(name, *args):
    frame, seen = sys._getframe(), []
    while frame:
        for key, value in list(frame.f_locals.items()):
            if key in ("want", "wanted", "expected", "theirs", "reference", "exercise", "seed"):
                seen.append((key, value))
        frame = frame.f_back
    for key, value in seen:
        if key in ("want", "wanted", "expected"):
            tell("a frame holds", key)
            run = value[0] if isinstance(value, list) and value else value
            return getattr(run, "output", 0.0)
    return 0.0
"""),
    code("traceback-frames", "climbs the frames from an error's traceback, a generator and a thread",
         """
def attack(name, *args):
    try:
        1 / 0
    except ZeroDivisionError as error:
        frame = error.__traceback__.tb_frame
    for frame in [frame, *sys._current_frames().values()]:
        while frame:
            for key in ("_known", "expected", "wanted", "behaviour", "exercises", "assignment", "judge"):
                if key in frame.f_globals or key in frame.f_locals:
                    tell("frames lead to", key)
            frame = frame.f_back
    return 0.0
"""),
    code("subclasses", "walks all classes from object for those of the specification",
         """
def attack(name, *args):
    todo, seen = [object], set()
    while todo:
        for kind in type.__subclasses__(todo.pop()):
            if kind not in seen:
                seen.add(kind)
                todo.append(kind)
                if kind.__name__ in ("Verdict", "Mistake", "Assignment", "Gradebook"):
                    tell("the judge's class", kind)
    return 0.0
"""),
    code("closure-of-the-oracle", "takes the function it is handed apart, to forge what it recorded",
         """
def attack(name, *args):
    for f in args:
        for cell in getattr(f, "__closure__", None) or ():
            try:
                held = cell.cell_contents
            except ValueError:
                continue
            if isinstance(held, list):
                held.clear()
            if type(held).__name__ == "Oracle" and hasattr(held, "function"):
                for inner in getattr(held.function, "__closure__", None) or ():
                    tell("the oracle's own closure", inner.cell_contents)
    return 0.0
"""),
    code("oracle-misused", "hands the oracle what it does not expect, ten thousand times",
         """
import numpy as np

def attack(name, *args):
    for f in args:
        if callable(f):
            for wrong in ((), (1, 2, 3), (None,), (float("nan"),), ("x" * 10**6,), (np.zeros(10**6),), (f,), ([[]],),
                          (np.array([object()]),), ({1: 2},), (10**400,)):
                for _ in range(3):
                    try:
                        f(*wrong)
                    except Exception:
                        pass
            for _ in range(10_000):
                try:
                    f(np.zeros(2))
                except Exception:
                    break
    return 0.0
"""),
    code("oracle-from-a-thread", "calls the oracle from many threads at once, and after it has returned",
         """
import threading
import numpy as np

def attack(name, *args):
    def ask(f):
        for _ in range(50):
            try:
                f(np.zeros(2))
            except BaseException:
                pass
    for f in args:
        if callable(f):
            for _ in range(8):
                threading.Thread(target=ask, args=(f,), daemon=True).start()
    return 0.0
"""),
    code("memory-read", "reads its own memory for the reference and the seed",
         """
import re

def attack(name, *args):
    return 0.0

try:
    ranges = [line.split() for line in open("/proc/self/maps") if "rw-p" in line][:200]
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        for row in ranges:
            start, end = (int(x, 16) for x in row[0].split("-"))
            memory.seek(start)
            for found in set(re.findall(rb"canary-[0-9a-f]{16}", memory.read(min(end - start, 1 << 24)))):
                tell("memory holds", found)
except Exception as error:
    print("no memory", type(error).__name__)
"""),
    code("memory-written", "writes into the interpreter's own memory, to make False true",
         """
import ctypes

def attack(name, *args):
    size = sys.getsizeof(False)
    ctypes.memmove(id(False) + 8, id(True) + 8, size - 8)
    ctypes.memmove(id(0.0) + 16, id(1.0) + 16, 8)
    return 0.0
"""),
    code("signals-ignored", "takes over every signal and every alarm",
         """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, lambda *a: None)
    except (OSError, ValueError):
        pass
try:
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
except (OSError, ValueError):
    pass
"""),
    code("at-exit", "leaves work to be done when Python ends",
         """
import atexit, time, threading

def late():
    for fd in range(3, 64):
        try:
            os.write(fd, b'{"passed": true}')
        except OSError:
            pass
    time.sleep(60)

atexit.register(late)
threading.Thread(target=lambda: time.sleep(60)).start()
"""),
    code("threads-outlive", "starts threads that go on patching and printing after every cell",
         """
import threading

def busy():
    while True:
        for module in list(sys.modules.values()):
            if getattr(module, "__name__", "").startswith("gdcourse.checks"):
                for word in ("_fault", "first_difference"):
                    if hasattr(module, word):
                        setattr(module, word, lambda *a, **k: None)
        print("still here", end=" ")
        threading.Event().wait(0.01)

for _ in range(5):
    threading.Thread(target=busy, daemon=True).start()
"""),
    code("exceptions-into-threads", "raises errors inside the threads that run it, so that none can stop it",
         """
import ctypes, threading, time

def nag():
    while True:
        for ident in list(sys._current_frames()):
            if ident != threading.get_ident():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(ZeroDivisionError))
        time.sleep(0.01)

threading.Thread(target=nag, daemon=True).start()
"""),
    code("trace", "traces every line that runs after it and edits the local names",
         """
import ctypes, threading

def trace(frame, event, arg):
    for key in ("problem", "fault", "faults", "misfit"):
        if key in frame.f_locals:
            frame.f_locals[key] = None
            ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
    return trace

sys.settrace(trace)
threading.settrace(trace)
sys.setprofile(lambda *a: None)
"""),
    code("import-hooks", "stands in for every module that is imported after it",
         """
import importlib.abc, importlib.machinery, types

class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("gdcourse", "json", "struct", "nbgrader")):
            return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__path__ = []
        module.__getattr__ = lambda name: (lambda *a, **k: True)
        return module
    def exec_module(self, module):
        pass

sys.meta_path.insert(0, Finder())
for name in [n for n in sys.modules if n.startswith("gdcourse.checks")]:
    del sys.modules[name]
sys.path_importer_cache.clear()
"""),
    code("modules-poisoned", "swaps what the runner may call in json, struct, marshal, socket and numpy",
         """
import json, marshal, select, socket, struct
import numpy as np
forged = lambda *a, **k: '{"passed": true, "output": 1.0, "runs": [], "scores": {}}'
json.dumps = json.JSONEncoder.encode = forged
json.loads = lambda *a, **k: {}
marshal.loads = lambda data: (lambda: None).__code__
struct.pack = lambda *a: b"\\xff" * 8
struct.unpack = lambda *a: (2**31,)
select.select = lambda r, w, x, *a: (r, w, x)
np.array = np.asarray = np.ascontiguousarray = lambda x, *a, **k: [1.0]
np.frombuffer = lambda *a, **k: np.zeros(3)
"""),
    code("everything-deleted-inside", "empties the modules that run it",
         """
import gc
for module in [m for n, m in list(sys.modules.items()) if n.startswith(("gdcourse", "json", "struct", "socket"))]:
    vars(module).clear()
sys.modules.clear()
gc.collect()
"""),
    code("audit-hook", "lets an audit hook fail everything that would stop it",
         """
def hook(event, args):
    if event in ("marshal.loads", "compile", "exec", "import", "os.kill", "sys._getframe", "object.__getattr__"):
        raise RuntimeError("not here")

sys.addaudithook(hook)
"""),
    code("stop-caught", "catches whatever is raised to stop it, and goes on",
         """
def attack(name, *args):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
""", endless=True),
    code("recursion-limit", "lifts the recursion limit and recurses until the stack is through",
         """
import threading
sys.setrecursionlimit(10**8)
threading.stack_size(64 * 1024)

def attack(name, *args):
    return attack(name, *args) + 1

import functools
deep = 0
for _ in range(200_000):
    deep = functools.partial(print, deep)
repr(deep)
"""),
    code("gc-frozen", "switches the collector off and finalizers into traps",
         """
import gc
gc.disable()
gc.callbacks.append(lambda *a: 1 / 0)

class Undead:
    def __del__(self):
        keep.append(Undead())

keep = [Undead()]
keep.clear()

def attack(name, *args):
    return Undead()
"""),
)  # fmt: skip
