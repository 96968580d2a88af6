"""Per-coordinate methods, reproduced: every row holds, and Reddi's problem again in plain Python."""

import math

import numpy as np
import pytest

from gdcourse.evidence import adaptive
from gdcourse.optimizers import adam, amsgrad
from gdcourse.problems import least_squares


@pytest.fixture(scope="module", params=["r17", "r18"])
def evidence(request):
    return getattr(adaptive, request.param)()


def test_every_row_holds(evidence):
    assert not [row for row in evidence.rows if not row.holds]
    assert len({row.what for row in evidence.rows}) == len(evidence.rows) == {"R17": 15, "R18": 2}[evidence.name]


def test_figure_data_are_as_described(evidence):
    if evidence.name == "R18":
        assert {path.shape for path in evidence.data.values()} == {(30_001,)}
        return
    for which, epochs in (("dense", 20), ("sparse", 10)):
        assert evidence.data[which].keys() == adaptive.RACERS.keys()
        assert all(losses.shape == (epochs + 1,) for _, losses in evidence.data[which].values())
        first = {losses[0] for _, losses in evidence.data[which].values()}
        assert len(first) == 1  # one start for all
    assert evidence.data["minimum"] < min(losses[-1] for _, losses in evidence.data["dense"].values())


@pytest.mark.parametrize("keep_largest, end", [(False, 1.0), (True, -1.0)])
def test_reddis_problem_in_plain_python(keep_largest, end):
    x, v, largest = 0.0, 0.0, 0.0
    for t in range(1, 3001):
        g = 3.0 if t % 3 == 1 else -1.0
        v = 0.1 * v + 0.9 * g * g
        largest = max(largest, v) if keep_largest else v
        v_hat = largest / (1 - 0.1**t)
        x = min(1.0, max(-1.0, x - 0.5 / math.sqrt(t) * g / (math.sqrt(v_hat) + 1e-8)))
    ours = adaptive.reddi_run(amsgrad if keep_largest else adam, steps=3000)
    assert ours[-1] == pytest.approx(x, abs=1e-9)
    assert abs(ours[-1] - end) < 0.02


def test_the_best_fixed_point_of_reddis_problem_is_minus_one():
    """Three costs sum to C x - 2 x, which rises with x for C > 2."""
    grid = np.linspace(-1, 1, 201)
    assert grid[np.argmin(3.0 * grid - grid - grid)] == -1


def test_documents_have_the_frequencies_and_the_labels_of_their_model():
    X, y = adaptive.sparse_documents(np.random.default_rng(3), documents=20_000, words=50)
    expected = np.minimum(0.5, 5 / np.arange(1, 51))
    assert np.abs(X.mean(axis=0) - expected).max() < 5 * np.sqrt(0.25 / 20_000)
    assert set(np.unique(X)) == {0.0, 1.0} and set(np.unique(y)) == {0, 1}


def test_the_canyon_turns_about_its_minimum():
    plain, turned = adaptive.turned_canyon(0.0), adaptive.turned_canyon(1.1)
    assert turned.value(turned.start) == pytest.approx(plain.value(plain.start), rel=1e-12)
    assert np.linalg.norm(turned.gradient(turned.start)) == pytest.approx(np.linalg.norm(plain.gradient(plain.start)))
    assert not np.allclose(turned.gradient(turned.start), plain.gradient(plain.start))


def test_the_grid_is_searched_and_the_lowest_loss_kept():
    rng = np.random.default_rng(0)
    problem = least_squares(rng.normal(size=(64, 3)), rng.normal(size=64))
    lr, losses = adaptive.best_of_grid(problem, "AdaGrad", 2, batch_size=32)
    assert lr in adaptive.RACERS["AdaGrad"][2]
    assert losses.shape == (3,) and losses[0] == problem.value(np.zeros(3))
