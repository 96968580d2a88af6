"""Runs side by side are the runs one by one: the same steps as `descend` takes, for every kind of layer."""

from functools import partial

import numpy as np
import pytest

from gdcourse.depth import batch_statistics, frozen
from gdcourse.descent import descend
from gdcourse.evidence import networks, together
from gdcourse.networks import accuracy, initialise, mlp, network_problem
from gdcourse.optimizers import adam, momentum

NETWORKS = {
    "relu": mlp((64, 9, 9, 9, 2)),
    "tanh": mlp((64, 9, 2), "tanh"),
    "sigmoid": mlp((64, 9, 2), "sigmoid"),
    "norm": mlp((64, 9, 9, 9, 2), batch_norm=True),
    "skip": mlp((64, 9, 9, 9, 2), skip=True),
    "both": mlp((64, 9, 9, 9, 2), batch_norm=True, skip=True),
}


@pytest.fixture(scope="module")
def digits():
    return networks.threes_and_eights()


@pytest.mark.parametrize("optimizer", [momentum(), adam()], ids=lambda o: o.name)
@pytest.mark.parametrize("name", NETWORKS)
def test_each_seed_takes_the_steps_that_descend_takes(name, optimizer, digits):
    network = NETWORKS[name]
    runs = together.train_together(network, "he", optimizer, 0.01, 3, digits, steps=20, batch=32)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        problem, start = network_problem(network, digits.X, digits.y), initialise(network, "he", rng)
        one = descend(problem, optimizer, lr=0.01, steps=20, start=start, keep_path=False,
                      batches=together._batches(problem.n, 32, rng))  # fmt: skip
        assert runs.theta[seed] == pytest.approx(one.final, abs=1e-8)
        assert runs.first_loss[seed] == pytest.approx(problem.value(start), abs=1e-9)
        used = frozen(network, batch_statistics(network, one.final, digits.X))
        assert runs.accuracy[seed] == accuracy(used, one.final, digits.X_test, digits.y_test)
    assert np.ptp(runs.theta, axis=0).max() > 0.01


def test_stacked_data_are_a_seeds_own(digits):
    network, turned = NETWORKS["relu"], digits._replace(X=digits.X[::-1], y=digits.y[::-1])
    stacked = networks.Digits(*(np.stack(pair) for pair in zip(digits, turned)))
    both = together.train_together(network, "he", momentum(), 0.01, 2, stacked, steps=9, batch=32)
    for seed, own in enumerate((digits, turned)):
        alone = together.train_together(network, "he", momentum(), 0.01, 2, own, steps=9, batch=32)
        assert both.theta[seed] == pytest.approx(alone.theta[seed], abs=1e-9)
    assert both.theta[1] != pytest.approx(alone.theta[0], abs=1e-3)


def test_it_stops_when_all_have_diverged(digits):
    runs = together.train_together(NETWORKS["relu"], 1e200, momentum(), 1.0, 2, digits, steps=50, batch=32)
    assert len(runs.losses) < 50 and not np.isfinite(runs.losses[-1]).any()


def test_uphill_is_uphill(digits):
    train = partial(together.train_together, NETWORKS["relu"], "he", momentum(), 0.01, 2, digits, steps=8, batch=32)
    assert (train(sign=-1).losses[-1] > train().losses[-1] + 0.1).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_split_is_that_of_scikit_learn(seed):
    from sklearn.model_selection import train_test_split

    from gdcourse.data import digits

    y = digits().y
    theirs = train_test_split(np.arange(len(y)), test_size=0.25, stratify=y, random_state=seed)
    for ours, rows in zip(networks.stratified_rows(y, seed), theirs):
        assert (ours == rows).all()
