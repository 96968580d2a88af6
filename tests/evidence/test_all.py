"""Every published result, by the table: it is reproduced, every row holds, and every row could have failed."""

import math
import subprocess
import sys

import pytest

from gdcourse.evidence import CLOSED_FORM, OWN_RUN, REPRODUCTIONS, Evidence, Row, between, near, published, reproduce


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


def test_a_table_prints_what_the_next_machine_measures_too():
    """Below a bound that is rounding's, the bound; else the digits that the row asks for; in full where it fails."""
    left, bound = between("left", 2.2e-13, high=1e-11), near("gap", -1e-16, 0, absolute=1e-15)
    assert (left.shown, left.verdict) == ("below 1e-11", "holds")
    assert (bound.shown, bound.verdict) == ("below 1e-15", "holds, ± 1e-15")
    assert near("gap", -1.5e-15, 0, absolute=1e-15).shown == "-1.5e-15"
    assert between("loss", 0.123456, high=0.5).shown == "0.123456"
    assert between("loss", 0.123456, high=0.5, shown=2).shown == "0.12"
    assert between("loss", 0.123456, high=0.5, shown=0).shown == "below 0.5"
    assert between("noise", 1.2e-5, low=1e-7, shown=0).shown == "above 1e-07"
    assert between("noise", 1.2e-8, low=1e-7, shown=0).shown == "1.2e-08"
    assert between("share", 0.7123, 0.6, 0.8, shown=0).shown == "0.6 to 0.8"
    assert between("share", 0.7123, 0.6, 0.8, "0.71").verdict == "holds, 0.6 to 0.8"
    assert (near("steps", 612, 612).shown, near("steps", 613, 612).verdict) == ("612", "fails, exactly")


def test_a_row_says_where_its_expected_value_comes_from():
    assert near("a", 1, 1).basis == between("a", 1, 0, 2).basis == Row("a", "1", 1.0, 0.0, 2.0).basis == OWN_RUN
    html = Evidence("R0", "Title", "Source", (
        near("a", 1, 1, basis=CLOSED_FORM), between("b", 1, 0, 2, "near 1", basis=published("Table 2")),
    ))._repr_html_()  # fmt: skip
    assert "<td>closed form</td>" in html and "<td>published: Table 2</td>" in html
    for wrong in ("published", "guessed", "published:"):
        with pytest.raises(ValueError, match="basis must be"):
            near("a", 1, 1, basis=wrong)
    with pytest.raises(ValueError, match="place"):
        published("")


def test_the_table_of_reproductions_is_light():
    """Importing it brings in neither the reproductions nor scikit-learn."""
    program = "import sys, gdcourse.evidence; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "gdcourse.evidence" in modules
    assert [module for module in modules if module.startswith(("gdcourse.evidence.", "sklearn", "matplotlib"))] == []
