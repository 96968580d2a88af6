"""Derivatives by measurement: how wrong a finite difference is, and why not to make h as small as possible."""

import numpy as np

from gdcourse.differentiate import complex_step, numerical_gradient
from gdcourse.evidence import Evidence, between, near


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
    rows = (
        near("forward: slope of log error on log h", slope("forward", 1e-1, 1e-6), 1, absolute=0.05),
        between("forward: error at h = 1e-8", error("forward", 1e-8), high=2e-8, expected="3e-9"),
        near("central: slope of log error on log h", slope("central", 1e-1, 1e-4), 2, absolute=0.05),
        between("central: error at h = 1e-5", error("central", 1e-5), high=4e-11, expected="1.1e-11"),
        between("central: error at h = 1e-12", error("central", 1e-12), low=1e-7),
        near("complex: error at every h below 1e-8", errors["complex"][h < 1e-8].max(), 0, absolute=2e-16),
        near("central difference of max(x, 0) at its kink", relu, 0.5, absolute=1e-12),
    )
    return Evidence("R23", "Finite differences", "Squire and Trapp (1998); Taylor's theorem", rows,
                    data={"h": h, "errors": errors})  # fmt: skip
