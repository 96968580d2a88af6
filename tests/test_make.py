"""What `make` says where it cannot make the environment: one sentence, and what to type."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def fresh(tmp_path):
    """A checkout in which nothing has been made."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder, *words, **environment):
    """Run make where it must fail; return the last line it says of its own, before make's "Error 1"."""
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", *words], cwd=folder, capture_output=True, text=True, env={**clean, **environment})
    assert done.returncode == 2, done.stdout + done.stderr
    said = (done.stdout + done.stderr).splitlines()
    return [line for line in said if not line.startswith("make: ***") or "Stop." in line][-1]


def program(folder, text):
    """Write a program that stands for another machine's Python."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f"PYTHON={path}"


def test_no_python(fresh):
    assert make(fresh, "book", "PYTHON=python9.9").startswith("gdcourse needs Python 3.11 or newer, and there is no")


def test_a_python_that_is_too_old(fresh):
    old = program(fresh, 'if [ "$1" = --version ]; then echo Python 3.8.20; else exit 1; fi')
    assert "is Python 3.8.20. Try: make PYTHON=python3.11" in make(fresh, "test", old)


def test_a_python_without_venv(fresh):
    bare = program(fresh, f'case "$2" in *ensurepip*) exit 1 ;; esac; exec {sys.executable} "$@"')
    assert "has no venv module. On Debian and Ubuntu: sudo apt install python3-venv" in make(fresh, "book", bare)


def test_no_network(fresh):
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull}
    nowhere |= {"PIP_NO_CACHE_DIR": "1", "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
    said = make(fresh, "book", f"PYTHON={sys.executable}", **nowhere)
    assert said == "No package index can be reached. Connect to the network and type the same again."


def test_a_full_disk(fresh):
    full = program(fresh, f'case "$2" in venv) echo "OSError: [Errno 28] No space left on device"; exit 1 ;; esac; '
                          f'exec {sys.executable} "$@"')  # fmt: skip
    assert make(fresh, "book", full).startswith("The disk is full; the environment needs")


def test_an_environment_of_another_python(fresh):
    (fresh / ".venv" / "bin").mkdir(parents=True)
    (fresh / ".venv" / ".ready").touch()
    program(fresh / ".venv" / "bin", "echo '(3, 10)'")
    assert "remove it first: rm -r .venv" in make(fresh, "book", f"PYTHON={sys.executable}")
