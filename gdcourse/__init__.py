"""The reference implementation behind the course: small, readable, checked.

    >>> import gdcourse as gd
    >>> run = gd.descend(gd.line_fit(*gd.FOUR_POINTS), lr=0.01, steps=1000)
    >>> run.final.round(5)  # the points lie on y = 2 x + 0
    array([1.98966, 0.0304 ])

NAMES says what is to be had from here. Each name is loaded when it is first asked for, and so is each module, as in
`gd.theory.best_momentum`. The package itself loads NumPy alone, and keeps its linear algebra to one thread.
"""

from importlib import import_module
from importlib.util import find_spec

from gdcourse._threads import keep_to_one

__version__ = "0.1.0"

NAMES = {
    "autodiff": ("Value",),
    "batches": ("minibatches",),
    "checks": ("check",),
    "curvature": ("bfgs", "newton"),
    "data": ("digits", "split", "standardize"),
    "descent": ("Trace", "descend"),
    "differentiate": ("gradient_check", "numerical_gradient"),
    "losses": ("mse", "softmax_cross_entropy"),
    "networks": ("accuracy", "initialise", "mlp", "network_problem", "predict"),
    "optimizers": ("adagrad", "adam", "adamw", "gd", "momentum", "nesterov", "rmsprop"),
    "problems": ("FOUR_POINTS", "Problem", "least_squares", "line_fit", "quadratic"),
    "schedules": ("cosine", "one_cycle", "warmup"),
}
"""What a reader meets first, {module: names}."""

_HOMES = {name: module for module, names in NAMES.items() for name in names}
__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        value = getattr(import_module(f"gdcourse.{_HOMES[name]}"), name)
    elif not name.startswith("_") and find_spec(f"gdcourse.{name}"):
        value = import_module(f"gdcourse.{name}")
    else:
        raise AttributeError(f"module 'gdcourse' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})


keep_to_one()
