"""Finite differences: the errors measured against those of Taylor's theorem."""

import numpy as np

from gdcourse.evidence.differentiation import r23


def test_r23_holds_and_its_errors_are_taylors():
    evidence = r23()
    assert evidence.holds, [row for row in evidence.rows if not row.holds]
    h, errors = evidence.data["h"], evidence.data["errors"]
    forward, central = (h <= 1e-2) & (h >= 1e-5), (h <= 1e-1) & (h >= 1e-3)
    np.testing.assert_allclose(errors["forward"][forward], h[forward] / 2 * np.sin(1), rtol=0.01)
    np.testing.assert_allclose(errors["central"][central], h[central] ** 2 / 6 * np.cos(1), rtol=0.01)
    # The complex step's own error, h^2 / 6 cos 1, falls like the central difference's until nothing is left.
    np.testing.assert_allclose(errors["complex"][central], h[central] ** 2 / 6 * np.cos(1), rtol=0.01)
