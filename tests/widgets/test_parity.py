"""The page computes what Python computes, bit for bit, on paths drawn at random; a broken constant is noticed."""

from collections import Counter

import parity
import pytest

from gdcourse.problems import SURFACES
from gdcourse.widgets import Path

pytestmark = pytest.mark.browser


def test_thousands_of_paths_agree_bit_for_bit(scratch):
    jobs = parity.random_settings(2400)
    python = parity.in_python(jobs)
    runs, numbers = parity.differing(python, parity.in_page(scratch, jobs))
    assert runs == 0
    assert numbers > 100_000
    endings = Counter(status for status, _ in python)
    assert endings["diverged"] > 200 and endings["max_steps"] > 200
    assert len({(job["surface"], job["optimizer"]) for job in jobs}) == 3 * len(SURFACES)


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("(100.0 * y)", "(100.00000000000001 * y)"),
        ("((beta * v) + g)", "(beta * (v + g))"),
        ("((-2.0) * (1.0 - x))", "((-1.9999999999999998) * (1.0 - x))"),
        ("((0.4 * y) * y) * y", "(0.4 * (y * (y * y)))"),
    ],
)
def test_a_constant_or_an_order_that_is_off_by_a_bit_is_noticed(scratch, right, wrong):
    rules = Path.rules()
    assert right in rules
    jobs = parity.random_settings(300)
    runs, _ = parity.differing(parity.in_python(jobs), parity.in_page(scratch, jobs, rules.replace(right, wrong)))
    assert runs > 0
