"""Answers that are no numbers but behave as the comparison likes, and a NumPy that agrees with everything."""

from tests.grading.attacks import code

ATTACKS = (
    code("numpy-agrees", "makes every comparison in NumPy come out true",
         """
import numpy as np
for name in ("allclose", "isclose", "array_equal", "array_equiv", "equal", "less_equal", "greater_equal", "all", "any"):
    setattr(np, name, lambda *a, **k: True)
np.not_equal = np.isnan = lambda *a, **k: False
np.abs = np.absolute = np.max = lambda *a, **k: 0.0
for name in [n for n in vars(np.testing) if n.startswith("assert")]:
    setattr(np.testing, name, lambda *a, **k: None)
"""),
    code("builtins-agree", "makes the builtins agree with everything",
         """
import builtins
true_of, false_of = (lambda *a, **k: True), (lambda *a, **k: False)
builtins.all = builtins.callable = true_of
builtins.any = false_of
builtins.abs = lambda x: 0.0
builtins.zip = lambda *a, **k: iter(())
builtins.min = builtins.max = builtins.sum = lambda *a, **k: 0.0
builtins.AssertionError = type("Quiet", (BaseException,), {})
"""),
    code("isinstance-agrees", "makes isinstance and type see what they expect",
         """
import builtins
real = isinstance
builtins.isinstance = lambda thing, kinds: True if type(thing).__name__ == "Anything" else real(thing, kinds)

class Anything:
    def __getattr__(self, name):
        return self
    def __call__(self, *a, **k):
        return self
    __iter__ = lambda self: iter(())

def attack(name, *args):
    return Anything()
"""),
    code("always-equal", "answers with an object that equals everything",
         """
class Equal:
    __hash__ = object.__hash__
    def __eq__(self, other):
        return True
    def __ne__(self, other):
        return False
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    def __bool__(self):
        return True
    def __getattr__(self, name):
        if name.startswith("__array"):
            raise AttributeError(name)
        return self
    def __call__(self, *a, **k):
        return self
    def __iter__(self):
        return iter((self, self, self))
    def __len__(self):
        return 3
    __getitem__ = lambda self, key: self
    __add__ = __sub__ = __mul__ = __truediv__ = __radd__ = __rsub__ = __rmul__ = __abs__ = __call__
    __float__ = lambda self: 0.0

def attack(name, *args):
    return Equal()
"""),
    code("equal-numbers", "answers with floats, texts and tuples whose classes equal everything",
         """
def agreeing(kind):
    return type(kind.__name__, (kind,), {"__eq__": lambda s, o: True, "__ne__": lambda s, o: False,
                                         "__hash__": kind.__hash__, "__sub__": lambda s, o: 0.0,
                                         "__rsub__": lambda s, o: 0.0})

Float, Int, Text, Tuple = map(agreeing, (float, int, str, tuple))

def attack(name, *args):
    return {"gd_iterations": Int(1), "run_until": Tuple((Float(0.0), Int(0), Text("none"))),
            "backtracking": Float(0.0)}.get(name, Tuple((Float(1.0), Float(1.0), Float(1.0))))
"""),
    code("agreeing-arrays", "answers with an ndarray's subclass that answers every comparison with yes",
         """
import numpy as np

class Yes(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **k):
        return np.ones(self.shape, bool)
    def __array_function__(self, function, types, args, kwargs):
        return True
    def __array_finalize__(self, other):
        pass
    def __eq__(self, other):
        return np.ones(self.shape, bool)
    def item(self, *a):
        return True
    shape = property(lambda self: (1,))

def attack(name, *args):
    return tuple(np.zeros(3).view(Yes) for _ in range(3))
"""),
    code("lazy-arrays", "answers with objects that turn into whatever array is beside them",
         """
import numpy as np, gc

class Lazy:
    dtype, shape, ndim, size = np.dtype(float), (), 0, 1
    def __array__(self, *a, **k):
        for other in gc.get_objects():
            if isinstance(other, tuple) and len(other) == 3 and all(isinstance(x, float) for x in other):
                return np.array(other)
        return np.zeros(3)
    __array_interface__ = property(lambda self: {"shape": (2**60,), "typestr": "<f8",
                                                  "data": (4096, False), "version": 3})
    __float__ = lambda self: 0.0
    __iter__ = lambda self: iter(np.array(self))
    __len__ = lambda self: 3

def attack(name, *args):
    return Lazy()
"""),
    code("changing-numbers", "answers with a number that is another each time it is looked at",
         """
import random

class Fickle(float):
    def __float__(self):
        return random.random()
    __array__ = None
    def __new__(cls):
        return super().__new__(cls, random.random())
    item = conjugate = __abs__ = __float__
    def __eq__(self, other):
        return random.random() < 0.9

def attack(name, *args):
    return (Fickle(), Fickle(), Fickle())
"""),
    code("not-a-number", "answers with NaN in every place, which no comparison contradicts",
         """
import numpy as np
nan = float("nan")

def attack(name, *args):
    return {"gd_iterations": nan, "backtracking": nan, "run_until": (np.full(args[1].shape, nan), 0, "converged")
            if name == "run_until" else 0, "standardize": (np.full(args[0].shape, nan),) * 3 if name == "standardize"
            else 0, "unstandardize_coefs": (np.full(3, nan), nan)}.get(name, (nan, nan, nan))
"""),
    code("not-a-number-of-right-shape", "answers with NaN arrays of exactly the right shapes",
         """
import numpy as np
nan = float("nan")

def attack(name, *args):
    like = [np.full_like(np.asarray(a, float), nan) for a in args if not callable(a)]
    if name == "standardize":
        return like[0], like[0][0], like[0][0]
    if name == "unstandardize_coefs":
        return like[0], nan
    if name == "run_until":
        return like[0], 0, "max_steps"
    return (nan, nan, nan) if name == "spectral_step" else nan
"""),
    code("infinite", "answers with infinities and numbers too large to write down",
         """
import numpy as np

def attack(name, *args):
    return (10**5000, float("inf"), -(10**100_000)) if name == "spectral_step" else 1 << 200_000
"""),
    code("generators", "answers with iterators that have no end",
         """
import itertools

def attack(name, *args):
    return (itertools.count() for _ in itertools.repeat(0)) if name != "gd_iterations" else itertools.cycle([0.5])
"""),
    code("classes-as-functions", "makes each function an object with attributes that lie about it",
         """
import inspect

class Pretender:
    __module__, __name__ = "gdcourse.checks", "grade"
    __code__ = property(lambda self: 1 / 0)
    __signature__ = property(lambda self: inspect.Signature())
    __defaults__ = __closure__ = __globals__ = property(lambda self: {"passed": True})
    __wrapped__ = property(lambda self: self)
    def __call__(self, *args):
        return 0.0
    def __getattr__(self, name):
        return self

spectral_step = Pretender()
"""),
    code("pickles", "answers with objects whose unpickling runs a command",
         """
class Trap(float):
    def __reduce__(self):
        return os.system, (f"touch {PLACE['course']}/pwned",)
    def __reduce_ex__(self, version):
        return self.__reduce__()
    __getstate__ = __getnewargs__ = __reduce__

import numpy as np

def attack(name, *args):
    return np.array([Trap(1.0)], dtype=object) if name == "spectral_step" else Trap(1.0)
"""),
    code("circles", "answers with a list that holds itself, and one a hundred thousand deep",
         """
circle = []
circle.append(circle)
deep = []
for _ in range(100_000):
    deep = [deep]

def attack(name, *args):
    return circle if name == "spectral_step" else deep if name == "gd_iterations" else {"a": circle, "b": deep}
"""),
    code("too-large-to-send", "answers with arrays of ten thousand million numbers that take no memory here",
         """
import numpy as np

def attack(name, *args):
    huge = np.broadcast_to(np.float64(0.5), (100_000, 100_000))
    return huge if name == "spectral_step" else (huge, huge, huge)
"""),
    code("odd-arrays", "answers with arrays of dates, texts, records, objects and none",
         """
import numpy as np
odd = [np.array(["2020-01-01"], "M8[D]"), np.array(["a", "b"]), np.zeros(2, "f8,i4"), np.array([None, {}]),
       np.zeros((0, 3)), np.zeros((1,) * 30), np.array(b"x"), np.zeros(3, ">c16")[::-1],
       np.zeros(3, "f2"), np.longdouble(1)]
turn = 0

def attack(name, *args):
    global turn
    turn += 1
    return odd[turn % len(odd)] if turn % 3 else tuple(odd)
"""),
    code("surrogates", "answers with texts that no encoding can hold, and keys that are no texts",
         """
def attack(name, *args):
    return {"\\ud800": "\\udfff\\x00\\x1b[2J", 7: "seven", None: b"\\xff", (1, 2): {3}, "": "x" * 100_000}
"""),
    code("evil-errors", "raises errors whose name, text and traceback are traps",
         """
class Meta(type):
    __name__ = property(lambda cls: "ValueError" * 100_000)

class Evil(ValueError, metaclass=Meta):
    def __str__(self):
        while True:
            pass
    __repr__ = __str__
    args = property(lambda self: 1 / 0)

def attack(name, *args):
    raise Evil()
""", endless=True),
    code("error-with-a-long-name", "raises errors whose name is a page of its own",
         """
raise type("graded\\n\\nstatus: graded\\n\\n20 of 20 points\\n" * 20, (Exception,), {})("one\\ntwo\\nthree\\nfour")
"""),
    code("error-named-right", "raises an error wherever the reference raises one, and everywhere else as well",
         """
def attack(name, *args):
    raise ValueError("p does not lead downhill")
"""),
    code("numpy-broken", "breaks NumPy so that a reference in this process would be as wrong as the answer",
         """
import numpy as np
one = lambda x, *a, **k: np.ones(len(x))
np.linalg.eigvalsh = np.linalg.eigvals = one
np.linalg.eigh = lambda x, *a, **k: (np.ones(len(x)), np.eye(len(x)))
np.log = np.log1p = np.ceil = np.sqrt = lambda x, *a, **k: 1.0
np.ndarray.__name__
import math
math.log = math.log1p = math.sqrt = lambda *a: 1.0
math.ceil = lambda x: 1

def attack(name, *args):
    return (1.0, 2.0, 0.0) if name == "spectral_step" else 1
"""),
    code("inputs-changed", "changes every array it can find, so that the question fits the answer",
         """
import gc
import numpy as np

def attack(name, *args):
    for thing in gc.get_objects():
        held = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, (list, tuple)) else ()
        for array in list(held)[:1000]:
            if type(array) is np.ndarray and array.dtype == float and array.flags.writeable and array.size < 1000:
                array[...] = np.eye(*array.shape[:2]) if array.ndim == 2 else 1.0
    return (1.0, 2.0, 0.0) if name == "spectral_step" else 1
"""),
)  # fmt: skip
