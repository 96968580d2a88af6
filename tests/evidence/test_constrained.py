"""Frank-Wolfe and the lasso: the table holds, and its gaps follow from the weights of the corners."""

import numpy as np

from gdcourse.evidence.constrained import r31


def test_r31_holds_and_its_gaps_have_a_closed_form():
    evidence = r31()
    assert evidence.holds, [row for row in evidence.rows if not row.holds]
    # k steps weigh k corners by 2 i / (k (k + 1)), whose squares add up to 2 (2k + 1) / (3 k (k + 1)).
    k = np.arange(1, 151)
    np.testing.assert_allclose(evidence.data["simplex"].values[1:], 2 * (2 * k + 1) / (3 * k * (k + 1)), rtol=1e-12)
