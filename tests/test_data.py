"""The data: what scikit-learn carries, prepared as scikit-learn prepares it."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

from gdcourse.data import breast_cancer, diabetes, digits, split, standardize


@pytest.mark.parametrize("ours, theirs, scale", [
    (digits, datasets.load_digits(), 16),
    (diabetes, datasets.load_diabetes(scaled=False), 1),
    (breast_cancer, datasets.load_breast_cancer(), 1),
])  # fmt: skip
def test_sets_are_scikit_learns(ours, theirs, scale):
    data = ours()
    assert np.array_equal(data.X * scale, theirs.data) and np.array_equal(data.y, theirs.target)
    assert data.features == tuple(theirs.feature_names) and all(type(name) is str for name in data.features)
    assert len(data.features) == data.X.shape[1]


def test_digits_lie_between_zero_and_one_with_ten_labels():
    data = digits()
    assert data.X.min() == 0 and data.X.max() == 1
    assert np.array_equal(np.unique(data.y), np.arange(10)) and data.y.dtype.kind == "i"


def test_a_set_may_be_changed_without_changing_the_next():
    first = digits()
    first.X[:] = 0
    assert digits().X.max() == 1


@pytest.mark.parametrize("X", [diabetes().X, breast_cancer().X, digits().X], ids=["diabetes", "cancer", "digits"])
def test_standardize_is_scikit_learns_scaler(X):
    """The digits have corner pixels that are always blank."""
    scaler = StandardScaler().fit(X)
    prepared = standardize(X)
    assert np.allclose(prepared.X, scaler.transform(X), rtol=1e-9, atol=1e-9)
    assert np.allclose(prepared.mean, scaler.mean_) and np.allclose(prepared.std, scaler.scale_)


@given(value=st.floats(-1e9, 1e9), n=st.integers(1, 50))
def test_a_constant_column_becomes_zero(value, n):
    X = np.column_stack([np.full(n, value), np.arange(n)])
    prepared = standardize(X)
    assert np.abs(prepared.X[:, 0]).max() <= 1e-6 * max(1.0, abs(value)) * 1e-6
    assert prepared.std[0] == 1
    assert np.isfinite(prepared.X).all()


@given(shift=st.floats(-1e3, 1e3), scale=st.floats(1e-3, 1e3))
def test_units_do_not_matter(shift, scale):
    X = np.random.default_rng(0).normal(size=(30, 2))
    assert np.allclose(standardize(X * scale + shift).X, standardize(X).X, atol=1e-6)


def test_standardize_leaves_its_input_and_can_be_undone():
    X = diabetes().X
    kept = X.copy()
    prepared = standardize(X)
    assert np.array_equal(X, kept)
    assert np.allclose(prepared.X * prepared.std + prepared.mean, X, rtol=1e-12)


@given(n=st.integers(4, 200), fraction=st.floats(0.2, 0.8), seed=st.integers(0, 99))
def test_a_split_is_a_partition_of_the_sizes_asked_for(n, fraction, seed):
    kept, held = split(n, fraction, np.random.default_rng(seed))
    assert len(held) == round(n * fraction)
    assert np.array_equal(np.sort(np.concatenate([kept, held])), np.arange(n))


def test_a_split_is_random_and_repeatable():
    first, again, other = (split(100, 0.25, np.random.default_rng(seed))[1] for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert not np.array_equal(np.sort(first), first)
    counts = np.zeros(20)
    for seed in range(2000):
        counts[split(20, 0.25, np.random.default_rng(seed))[1]] += 1
    assert np.abs(counts / 2000 - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 2000)


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match="pip install scikit-learn"):
        digits()
