"""Derivatives by measurement: how wrong a finite difference is, and why not to make h as small as possible."""

import numpy as np

from gdcourse.differentiate import complex_step, numerical_gradient
from gdcourse.evidence import CLOSED_FORM, Evidence, between, near


def forward_difference(f, x, h):
    """Return (f(x + h) - f(x)) / h, the difference everybody writes first."""
    return (f(x + h) - f(x)) / h


def r23():
    """Measure the error of three numerical derivatives of sin at 1, for steps h from 1 to 1e-16."""
    x, exact = 1.0, np.cos(1.0)
    h = np.logspace(0, -16, 65)

    def sine(x):
        return np.sin(x).sum()

    errors = {
        "forward": np.abs([forward_difference(np.sin, x, step) - exact for step in h]),
        "central": np.abs([numerical_gradient(sine, np.array([x]), step)[0] - exact for step in h]),
        "complex": np.abs([complex_step(sine, np.array([x]), step)[0] - exact for step in h]),
    }

    def slope(name, largest, smallest):
        falling = (h <= largest) & (h >= smallest)
        return np.polyfit(np.log(h[falling]), np.log(errors[name][falling]), 1)[0]

    def error(name, step):
        return errors[name][np.argmin(np.abs(np.log(h / step)))]

    relu = numerical_gradient(lambda x: np.maximum(x, 0).sum(), np.zeros(1))[0]
    # A rounding of sin near 1 is at most 1.1e-16, twice that on a processor told to round one way.
    tiny = (h >= 1e-13) & (h <= 1e-11)
    rows = (
        near("forward: slope of log error on log h", slope("forward", 1e-1, 1e-6), 1, absolute=0.05, basis=CLOSED_FORM,
             shown=3),
        between("forward: error at h = 1e-8", error("forward", 1e-8), high=5e-8, basis=CLOSED_FORM),
        near("central: slope of log error on log h", slope("central", 1e-1, 1e-4), 2, absolute=0.05, basis=CLOSED_FORM,
             shown=3),
        between("central: error at h = 1e-5", error("central", 1e-5), high=1e-10, basis=CLOSED_FORM),
        between("central: median error for h from 1e-13 to 1e-11", np.median(errors["central"][tiny]), low=1e-7,
                basis=CLOSED_FORM, shown=0),
        near("complex: error at every h below 1e-8", errors["complex"][h < 1e-8].max(), 0, absolute=1e-15,
             basis=CLOSED_FORM),
        near("central difference of max(x, 0) at its kink", relu, 0.5, absolute=1e-12, basis=CLOSED_FORM, shown=6),
    )  # fmt: skip
    return Evidence("R23", "Finite differences", "Taylor's theorem; Squire and Trapp (1998)", rows,
                    data={"h": h, "errors": errors})  # fmt: skip
