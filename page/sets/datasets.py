"""The sets as scikit-learn returns them: `data`, `target`, `feature_names`. The arrays were packed from it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

PACKED = Path(__file__).with_name("sets.npz")


def load_digits():
    return _load("digits")


def load_diabetes(scaled=True):
    if scaled:
        raise ValueError("only load_diabetes(scaled=False) is here: the measurements in their own units")
    return _load("diabetes")


def load_breast_cancer():
    return _load("breast_cancer")


def _load(name):
    with np.load(PACKED) as sets:
        names = sets[f"{name}_features"].tolist()
        target = sets[f"{name}_target"]
        if target.dtype.kind == "i":  # here as wide as an index, or no classes can be counted
            target = target.astype(int)
        return SimpleNamespace(data=sets[f"{name}_data"].astype(float), target=target, feature_names=names)
