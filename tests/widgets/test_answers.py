"""What the widgets answer, held against something else than themselves; and the settings they refuse."""

import numpy as np
import pytest

from gdcourse.widgets import LineFit

REFUSED = [
    (LineFit, {"lr": 0.0}, r"lr must be in \[0.001, 1.0\], got 0.0"),
    (LineFit, {"lr": np.inf}, "lr must be a finite number"),
    (LineFit, {"steps": 1001}, r"steps must be in \[1, 1000\]"),
    (LineFit, {"steps": 1.5}, "steps must be an integer"),
    (LineFit, {"centre": "middle"}, "centre must be one of 'measured', 'centred', got 'middle'"),
]


@pytest.mark.parametrize("widget, settings, complaint", REFUSED)
def test_bad_settings_are_named(widget, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        widget(**settings)
    good = {name: getattr(widget(), name) for name in widget.settings()}
    with pytest.raises(ValueError, match=complaint):
        widget().answer(good | settings)


def fit_errors(lr, steps=1000, centre=0.0):
    """The mean squared error of the line fit step by step, from the eigenvectors of its Hessian."""
    x = np.array([1.0, 2, 3, 4]) - centre
    X = np.column_stack([x, np.ones(4)])
    curvatures, modes = np.linalg.eigh(X.T @ X / 2)
    start = modes.T @ (np.zeros(2) - np.linalg.solve(X.T @ X, X.T @ [2.0, 4, 6, 8]))
    left = start * (1 - lr * curvatures) ** np.arange(steps + 1)[:, None]
    return (curvatures / 2 * left**2).sum(axis=1)


@pytest.mark.parametrize(
    "lr, centre", [(0.01, "measured"), (2 / 17, "measured"), (0.121, "measured"), (0.3, "centred")]
)
def test_the_line_fit_goes_the_way_its_eigenvalues_say(lr, centre):
    _, (_, values) = LineFit().answer({"lr": lr, "steps": 200, "centre": centre})
    expected = fit_errors(lr, 200, {"measured": 0.0, "centred": 2.5}[centre])
    assert values == pytest.approx(expected[: len(values)], rel=1e-6, abs=1e-20)


def test_the_fewest_steps_of_the_line_fit_are_157_and_not_at_the_best_rate_in_the_long_run():
    def needed(lr):
        errors = fit_errors(lr)
        return np.argmax(errors < 1e-6) if errors[-1] < 1e-6 else np.inf

    rates = np.arange(0.1, 0.1196, 1e-4)
    steps = np.array([needed(lr) for lr in rates])
    assert steps.min() == 157 <= 160
    assert 0.1153 < rates[np.argmin(steps)] < 0.1161
    assert needed(2 / 17) == 241
    assert needed(0.01) == np.inf  # a thousand steps are not enough
    _, (_, values) = LineFit().answer({"lr": 0.116, "steps": 200, "centre": "measured"})
    assert np.argmax(values < 1e-6) == 157
