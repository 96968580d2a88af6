"""What `gdcourse.forms` says of optax and Keras, held against optax and Keras."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from gdcourse.forms import FORMS, VERSIONS

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def report():
    missing = [name for name in ("optax", "jax", "keras") if find_spec(name) is None]
    if missing:
        reason = f"not installed: pip install {' '.join(missing)}"
        if os.environ.get("GDCOURSE_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    script = Path(__file__).with_name("other_libraries")
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_every_row_was_compared_at_the_release_named(report):
    compared = {tuple(name.split(", ")[:2]) for name in report["deviations"] if not name.startswith("differs")}
    assert compared == {(form.method, form.library) for form in FORMS if form.library != "PyTorch"}
    for library, version in report["versions"].items():
        assert version.startswith(VERSIONS[library])


def test_the_forms_are_as_written(report):
    same = {name: d for name, d in report["deviations"].items() if not name.startswith("differs")}
    assert {name: d for name, d in same.items() if not d < 1e-12} == {}


def test_the_comparison_sees_the_differences(report):
    differing = [d for name, d in report["deviations"].items() if name.startswith("differs")]
    assert len(differing) == 3 and min(differing) > 1e-9
