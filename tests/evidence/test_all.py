"""Every published result, by the table: it is reproduced, every row holds, and every row could have failed."""

import math
import subprocess
import sys

import pytest

from gdcourse.evidence import REPRODUCTIONS, Evidence, Row, between, near, reproduce


def test_every_result_has_one_reproduction():
    assert list(REPRODUCTIONS) == [f"R{i}" for i in range(1, 40)]
    assert len(set(REPRODUCTIONS.values())) == len(REPRODUCTIONS)
    with pytest.raises(ValueError, match="name must be one of"):
        reproduce("R40")


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_it_is_reproduced_and_could_have_failed(name):
    evidence = reproduce(name)
    assert evidence.name == name and evidence.title and evidence.source and evidence.rows
    assert [row for row in evidence.rows if not row.holds] == []
    for i, row in enumerate(evidence.rows):
        assert math.isfinite(row.low) or math.isfinite(row.high), f"nothing could fail: {row}"
        # A band that reaches across zero says nothing of a number that is not zero.
        assert row.low >= 0 or row.high <= 0 or row.low == -row.high or math.isinf(row.high - row.low), row
        for measured in (math.nan, math.nextafter(row.low, -math.inf), math.nextafter(row.high, math.inf)):
            if not math.isinf(measured):
                moved = row._replace(measured=measured)
                assert not evidence._replace(rows=(*evidence.rows[:i], moved, *evidence.rows[i + 1 :])).holds


def test_rows_hold_within_their_tolerance_and_no_further():
    relative, absolute = near("a", 1.04, 1.0, relative=0.05), near("a", -0.1, 0.0, absolute=0.2)
    for row, low, high in ((relative, 0.95, 1.05), (absolute, -0.2, 0.2), (between("a", 2, low=1), 1, math.inf)):
        assert (row.low, row.high) == (low, high) and row.holds
    assert not near("a", 1.06, 1.0, relative=0.05).holds
    assert not near("a", -1.06, -1.0, relative=0.05).holds
    assert not between("a", 3, high=2).holds
    assert not between("a", math.nan, 0, 1).holds
    assert not near("a", math.nan, 0, absolute=1).holds


def test_a_table_says_which_row_fails():
    rows = (near("right & <tall>", 1.0, 1.0), near("wrong", 2.0, 1.0))
    html = Evidence("R0", "Title", "Source", rows)._repr_html_()
    assert "right &amp; &lt;tall&gt;" in html
    assert html.count("holds") == 1 and html.count("fails") == 1
    assert Row("a", "1", 1.0, 0.0, 2.0).holds


def test_the_table_of_reproductions_is_light():
    """Importing it brings in neither the reproductions nor scikit-learn."""
    program = "import sys, gdcourse.evidence; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "gdcourse.evidence" in modules
    assert [module for module in modules if module.startswith(("gdcourse.evidence.", "sklearn", "matplotlib"))] == []
