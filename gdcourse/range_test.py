"""The learning-rate range test: one short run with a rate that grows, to see which rates are worth trying."""

from typing import NamedTuple

import numpy as np

from gdcourse._validate import positive, positive_integer
from gdcourse.descent import descend


class RangeTest(NamedTuple):
    """A rate and the loss it was tried at, in order: lrs, losses and smoothed, all of one length.

    steepest is the rate at which the smoothed loss falls fastest per factor of the rate, a good one to start from;
    lowest is the rate at the smoothed loss's minimum, a faster one with no margin: twice as much may ruin a run.
    """

    lrs: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    steepest: float
    lowest: float


def range_test(problem, optimizer=None, *, low=1e-4, high=30.0, steps=200, start=None, batches=None, window=9):
    """Train for a moment while the rate grows from low to high, and read off where the loss falls (Smith, 2017).

    lr_t = low * (high / low)^(t / (steps - 1)), the loss measured before each update

    Args:
        problem, optimizer, start, batches: as in `descend`.
        low, high: the first and the last rate, low < high; steps: updates to make, more than window.
        window: how many losses to average over, centred on each, an odd number.
    Returns: a RangeTest. It ends early where the run blows up.
    Raises: ValueError out of range, or if the run is over before one window is full.
    Example:
        >>> from gdcourse.problems import quadratic
        >>> test = range_test(quadratic([[4.0]]), start=[1.0])
        >>> 0.001 < test.steepest < 0.5
        True
    """
    low, high = positive("low", low), positive("high", high)
    if low >= high:
        raise ValueError(f"low must be below high, got {low} and {high}")
    window = positive_integer("window", window)
    if window % 2 == 0:
        raise ValueError(f"window must be odd, got {window}")
    steps = positive_integer("steps", steps, least=window + 1)
    trace = descend(
        problem, optimizer, lr=lambda t: low * (high / low) ** (t / (steps - 1)), steps=steps, start=start,
        batches=batches, keep_path=False,
    )  # fmt: skip
    losses = trace.values[:steps]
    if len(losses) <= window:
        raise ValueError(f"steps must leave more than {window} losses before the run ends, got {len(losses)}")
    lrs = low * (high / low) ** (np.arange(len(losses)) / (steps - 1))
    half = window // 2
    # The ends keep the mean of the losses that are there.
    counts = np.convolve(np.ones(len(losses)), np.ones(window), "same")
    smoothed = np.convolve(losses, np.ones(window), "same") / counts
    lowest = int(np.argmin(smoothed))
    steepest = int(np.argmin(np.gradient(smoothed)[: max(lowest, half) + 1]))
    return RangeTest(lrs, losses, smoothed, float(lrs[steepest]), float(lrs[lowest]))
