"""What the reproductions of networks and depth are made of; test_all.py holds their rows."""

import numpy as np
import pytest

from gdcourse.evidence import depth, networks
from gdcourse.layers import activation, affine, chain


def test_the_factor_is_that_of_the_layers():
    # Layers of known gain 1/2 and no randomness to speak of: orthogonal weights scaled by 1/2.
    g = np.random.default_rng(0)
    width = 32

    def halving():
        layer = affine(width, width)
        W = np.linalg.qr(g.normal(size=(width, width)))[0] / 2
        return layer.__class__(**{**vars_of(layer), "draw": lambda weights: (W, np.zeros(width))})

    found = depth.stack(halving, 6, "he", width=width)
    assert depth.per_block(found.forward) == pytest.approx(0.5, rel=1e-2)
    assert depth.per_block(found.backward[::-1]) == pytest.approx(0.5, rel=1e-2)


def vars_of(layer):
    return {name: getattr(layer, name) for name in layer.__dataclass_fields__}


def test_a_wrong_deviation_shows():
    # Twice the variance that Glorot asks for is a factor of sqrt 2 a layer, far outside the 1 % of the table.
    width = 200
    found = depth.stack(
        lambda: chain(affine(width, width), activation("identity")), 6, np.sqrt(2 / width), width=width
    )
    assert depth.per_block(found.backward[::-1]) == pytest.approx(np.sqrt(2), rel=0.03)


def test_splits_share_nothing_and_keep_the_classes():
    split = networks.digits_split(0)
    assert (len(split.y), len(split.y_test)) == (1347, 450)
    share = np.bincount(split.y_test) / np.bincount(np.concatenate([split.y, split.y_test]))
    assert share == pytest.approx(0.25, abs=0.01)
    pixels = {row.tobytes() for row in split.X}
    assert not any(row.tobytes() in pixels for row in split.X_test)
    assert np.abs(networks.digits_split(0, centred=True).X.mean(axis=0)).max() < 1e-12
