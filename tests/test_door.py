"""`import gdcourse as gd`: what is to be had at the door, and what opening it loads."""

import os
import subprocess
import sys
from importlib import import_module

import pytest

import gdcourse as gd


def loaded_by(statement):
    """Return the names of the modules that a statement loads in a new process."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_opening_the_door_loads_numpy_alone():
    got = loaded_by("import gdcourse")
    assert {name for name in got if name.startswith("gdcourse.")} == {"gdcourse._threads"}
    assert not {"matplotlib", "IPython", "sklearn", "scipy", "nbgrader", "anywidget"} & got


@pytest.mark.parametrize("chosen, expected", [({}, 1), ({"OPENBLAS_NUM_THREADS": "2"}, 2)])
def test_linear_algebra_has_one_thread_unless_told_otherwise(chosen, expected):
    if os.cpu_count() == 1:
        pytest.skip("one processor has one thread in any case")
    code = "import numpy, gdcourse, threadpoolctl; print([t['num_threads'] for t in threadpoolctl.threadpool_info()])"
    bare = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**bare, **chosen})
    assert done.stdout.split() == [f"[{expected}]"], done.stderr


def test_the_first_run_needs_numpy_and_no_picture():
    got = loaded_by("import gdcourse as gd; gd.descend(gd.quadratic([[1.0]]), gd.adam(), lr=0.1, steps=3, start=[1.0])")
    assert "numpy" in got and not {"matplotlib", "IPython", "sklearn", "scipy", "gdcourse.checks"} & got


def test_every_name_is_its_modules_own_and_is_listed():
    assert 20 <= len(gd.__all__) <= 40
    for module, names in gd.NAMES.items():
        for name in names:
            assert getattr(gd, name) is getattr(import_module(f"gdcourse.{module}"), name)
            assert name in dir(gd)
    assert sorted(gd.__all__) == sorted(name for names in gd.NAMES.values() for name in names)


def test_no_name_hides_a_module():
    from pkgutil import iter_modules

    assert not {module.name for module in iter_modules(gd.__path__)} & set(gd.__all__)


def test_modules_are_there_when_asked_for():
    code = "import gdcourse as gd; print(gd.theory.best_gd(1, 3).lr, gd.checks.MODULES['ps01'])"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.split() == ["0.5", "gradients"]


def test_what_is_not_there_is_an_attribute_error():
    for name in ("nothing", "_secret", "__wrapped__"):
        assert not hasattr(gd, name)
    with pytest.raises(ImportError):
        exec("from gdcourse import nothing")
