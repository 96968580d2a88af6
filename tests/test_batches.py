"""Minibatches and shards: partitions, orders, reproducibility, and means put together again."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdcourse.batches import combine_shards, minibatches, shards, with_replacement
from gdcourse.problems import least_squares


def rng(seed=0):
    return np.random.default_rng(seed)


@settings(derandomize=True)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 3))
def test_every_epoch_uses_every_example_once(n, batch_size, epochs):
    if batch_size > n:
        with pytest.raises(ValueError, match=f"batch_size must be at most n = {n}, got {batch_size}"):
            minibatches(n, batch_size, rng())
        return
    batches = list(minibatches(n, batch_size, rng(), epochs))
    each = -(-n // batch_size)
    assert len(batches) == epochs * each
    for epoch in range(epochs):
        ours = batches[epoch * each : (epoch + 1) * each]
        assert sorted(np.concatenate(ours).tolist()) == list(range(n))
        assert [len(rows) for rows in ours[:-1]] == [batch_size] * (each - 1)
        assert len(ours[-1]) == n - batch_size * (each - 1)


def test_orders_differ_from_epoch_to_epoch_and_repeat_with_the_seed():
    first, second = (np.concatenate(list(itertools.islice(minibatches(50, 7, g), 16))) for g in (rng(1), rng(1)))
    assert np.array_equal(first, second)
    assert not np.array_equal(first[:50], first[50:100])
    assert not np.array_equal(first[:50], next(iter(minibatches(50, 50, rng(2)))))
    assert len(list(itertools.islice(minibatches(4, 2, rng()), 1000))) == 1000  # no end unless asked


def test_epochs_may_be_long_without_being_held():
    # Batches are made as they are asked for: a million epochs cost nothing until used.
    assert len(next(minibatches(10, 3, rng(), epochs=1_000_000))) == 3


def test_with_replacement_is_uniform_and_repeats():
    draws = np.concatenate(list(with_replacement(5, 4, rng(), steps=5000)))
    counts = np.bincount(draws, minlength=5)
    assert np.abs(counts - 4000).max() < 5 * np.sqrt(20000 * 0.2 * 0.8)
    assert any(len(set(rows)) < 4 for rows in with_replacement(5, 4, rng(), steps=50))
    assert all(len(rows) == 4 for rows in itertools.islice(with_replacement(5, 4, rng()), 30))


@pytest.mark.parametrize(("n", "k"), [(5, 2), (7, 7), (100, 3), (1, 1)])
def test_shards_partition_evenly(n, k):
    parts = shards(n, k)
    assert np.concatenate(parts).tolist() == list(range(n))
    assert len(parts) == k
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_combined_shards_are_the_full_gradient_and_the_plain_mean_is_not():
    g = rng()
    problem = least_squares(g.normal(size=(30, 4)), g.normal(size=30))
    theta = g.normal(size=4)
    parts = np.split(np.arange(30), [17, 25])
    gradients = [problem.gradient(theta, rows) for rows in parts]
    full = problem.gradient(theta)
    assert combine_shards(gradients, [17, 8, 5]) == pytest.approx(full, rel=1e-13)
    assert np.abs(np.mean(gradients, axis=0) - full).max() > 1e-2
    kept = [g.copy() for g in gradients]
    combine_shards(gradients, [1, 2, 3])
    assert all(map(np.array_equal, gradients, kept))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: minibatches(0, 1, rng()), "n must be an integer of at least 1, got 0"),
        (lambda: minibatches(5, 0, rng()), "batch_size must be an integer of at least 1, got 0"),
        (lambda: minibatches(5, 2.0, rng()), "batch_size must be an integer of at least 1, got 2.0"),
        (lambda: minibatches(5, 2, 0), "rng must be a numpy.random.Generator"),
        (lambda: minibatches(5, 2, rng(), epochs=0), "epochs must be an integer of at least 1, got 0"),
        (lambda: with_replacement(5, 6, rng()), "batch_size must be at most n = 5, got 6"),
        (lambda: with_replacement(5, 2, rng(), steps=-1), "steps must be an integer of at least 1, got -1"),
        (lambda: shards(3, 4), "k must be at most n = 3, got 4"),
        (lambda: combine_shards([], []), "sizes must hold one size for each gradient, got 0 for 0"),
        (lambda: combine_shards([np.ones(2)], [1, 2]), "sizes must hold one size for each gradient, got 2 for 1"),
        (lambda: combine_shards([np.ones(2), np.ones(3)], [1, 2]), r"gradients\[1\] must have shape \(2,\)"),
        (lambda: combine_shards([np.ones(2)], [0]), "sizes must be an integer of at least 1, got 0"),
    ],
)
def test_bad_input_is_refused_when_asked_not_when_used(call, words):
    with pytest.raises(ValueError, match=words):
        call()
