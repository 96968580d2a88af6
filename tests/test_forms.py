"""The table of forms covers every method and library once, and reads as Markdown."""

import pytest

from gdcourse.forms import FORMS, VERSIONS, table
from gdcourse.optimizers import OPTIMIZERS


def test_every_method_that_has_forms_has_one_in_every_library():
    pairs = [(form.method, form.library) for form in FORMS]
    expected = {(method, library) for method in OPTIMIZERS if method != "gd" for library in VERSIONS}
    assert len(pairs) == len(set(pairs)) and set(pairs) == expected


def test_the_table_is_rectangular():
    lines = table().splitlines()
    assert len(lines) == len(FORMS) + 2
    assert {line.count("|") for line in lines} == {7}
    assert len(table("adam").splitlines()) == 2 + len(VERSIONS)


def test_an_unknown_method_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^method must be one of 'momentum'.*got 'sgd'"):
        table("sgd")
