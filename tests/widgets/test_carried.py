"""What the widgets of the later chapters answer and carry, held against something else; and what they refuse."""

import numpy as np
import pytest
from scipy.stats import norm

from gdcourse import carried
from gdcourse.widgets import Saddle

REFUSED = [
    (Saddle, {"distance": 0.0}, r"distance must be in \[1e-16, 0.1\], got 0.0"),
    (Saddle, {"lr": 0.6}, r"lr must be in \[0.02, 0.5\], got 0.6"),
    (Saddle, {"noise": np.nan}, "noise must be a finite number"),
]


@pytest.mark.parametrize("widget, settings, complaint", REFUSED)
def test_bad_settings_are_named(widget, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        widget(**settings)
    good = {name: getattr(widget(), name) for name in widget.settings()}
    with pytest.raises(ValueError, match=complaint):
        widget().answer(good | settings)


@pytest.mark.parametrize("distance, lr", [(1e-12, 0.1), (1e-16, 0.02), (0.03, 0.5), (1e-12, 0.33)])
def test_a_saddle_is_left_after_the_logarithm_of_the_distance(distance, lr):
    _, (path, _) = Saddle().answer({"distance": distance, "lr": lr, "noise": 0})
    steps = np.ceil(np.log(1 / distance) / np.log1p(lr))
    assert len(path) - 1 == steps
    assert path == pytest.approx(np.outer(np.ones(len(path)), [1, distance]) * np.transpose(
        [(1 - lr) ** np.arange(steps + 1), (1 + lr) ** np.arange(steps + 1)]), rel=1e-10)  # fmt: skip


def share_by_transitions(noise, lr=0.05, steps=3000, cells=700):
    """The share of chains in the deeper well, from the matrix of transitions between small cells of the line."""
    edges = np.linspace(-3.5, 3.5, cells + 1)
    x = (edges[1:] + edges[:-1]) / 2
    mean = x - lr * (x**3 - x - 0.1)
    P = np.diff(norm.cdf((edges - mean[:, None]) / (lr * noise)), axis=1)
    low, top, _ = np.sort(np.roots([1.0, 0.0, -1.0, -0.1]).real)
    start = np.zeros(cells)
    start[np.abs(x - low).argmin()] = 1.0
    return (start @ np.linalg.matrix_power(P, steps))[x > top].sum()


def test_the_shares_in_the_deeper_well_are_those_of_the_chain():
    counts = carried.read("saddle")
    for k in range(6, 41):
        share = share_by_transitions(k / 10)
        error = 4.5 * np.sqrt(share * (1 - share) / carried.CHAINS) + 0.004
        assert counts[k] / carried.CHAINS == pytest.approx(share, abs=error), k
    assert counts[:6] == [0] * 6
    assert np.argmax(counts) == 18


def test_the_file_of_the_saddle_is_what_the_code_measures():
    assert carried.saddle([10, 18]) == pytest.approx([carried.read("saddle")[k] for k in (10, 18)], abs=3)
