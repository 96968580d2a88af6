"""What pip installs: one wheel, from the checkout or from the source distribution, complete in a clean environment."""

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

import gdcourse_notebooks  # noqa: E402

import gdcourse  # noqa: E402

PYTHON = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"


def run(*command, **options):
    """Run a command to its end and return what it says."""
    done = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}"
    return done.stdout


def locked(folder):
    """Return a constraints file that holds the lock's versions without their hashes."""
    target = folder / "constraints.txt"
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    target.write_text("\n".join(re.findall(r"^[\w.-]+==[^ \\]+(?: ;[^\\\n]*)?", lock, re.MULTILINE)))
    return target


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Return (a snapshot of what is packaged, the wheel from it, the source distribution)."""
    folder = tmp_path_factory.mktemp("package")
    snapshot = folder / "snapshot"
    shutil.copytree(ROOT / "gdcourse", snapshot / "gdcourse", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore"):
        shutil.copy(ROOT / name, snapshot)
    run(sys.executable, "-m", "hatchling", "build", "-d", folder / "dist", cwd=snapshot)
    (wheel,), (source,) = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    return snapshot, wheel, source


def contents(wheel):
    """Return {name: hash} of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def test_the_wheel_holds_the_package_whole_and_nothing_else(distributions):
    snapshot, wheel, _ = distributions
    packaged = {name for name in contents(wheel) if not name.startswith("gdcourse-")}
    files = {path.relative_to(snapshot).as_posix() for path in (snapshot / "gdcourse").rglob("*") if path.is_file()}
    assert packaged == files
    assert {Path(name).suffix for name in packaged} >= {".py", ".js", ".css", ".mplstyle"}
    assert wheel.name == f"gdcourse-{gdcourse.__version__}-py3-none-any.whl"


def test_the_source_distribution_builds_the_same_wheel(distributions, tmp_path):
    _, wheel, source = distributions
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=unpacked)
    (again,) = (tmp_path / "dist").glob("*.whl")
    assert contents(again) == contents(wheel)
    assert again.read_bytes() == wheel.read_bytes()


def test_the_version_is_said_once():
    places = [ROOT / "pyproject.toml", ROOT / "CITATION.cff", *(ROOT / "_ext").rglob("*.py"), ROOT / "_config.yml"]
    assert not [path.name for path in places if f'"{gdcourse.__version__}"' in path.read_text("utf-8")]
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    released = [heading for heading in headings if heading != "Unreleased"]
    assert headings[0] == "Unreleased" and (not released or released[0] == gdcourse.__version__)


def test_the_lock_files_name_no_host_and_agree():
    pin = re.compile(r"^([\w.-]+==\S+)[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)
    everything, readers = (
        {name: frozenset(hashes.split()) - {"\\"} for name, hashes in pin.findall(path.read_text("utf-8"))}
        for path in (ROOT / "requirements.lock", ROOT / "binder" / "requirements.txt")
    )
    assert readers.items() <= everything.items() and len(readers) > 50
    for path in (ROOT / "requirements.lock", ROOT / "binder" / "requirements.txt"):
        text = path.read_text("utf-8")
        assert "://" not in text and "--index" not in text and "--find-links" not in text
        assert len(pin.findall(text)) == len(re.findall(r"^\S", text, re.MULTILINE))


@pytest.fixture(scope="module")
def clean(distributions, tmp_path_factory):
    """Return the Python of a new environment with the wheel, and with what the wheel alone brings."""
    if os.environ.get("GDCOURSE_REQUIRE_ALL") != "1":
        pytest.skip("makes an environment of its own: set GDCOURSE_REQUIRE_ALL=1 to run it")
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / PYTHON
    run(python, "-m", "pip", "install", "--quiet", "-c", locked(folder), distributions[1], cwd=folder)
    yield python
    shutil.rmtree(folder / "env")  # pytest keeps the last folders, and this one is large


@pytest.mark.slow
def test_the_wheel_needs_numpy_alone(clean, tmp_path):
    have = {line.split("==")[0] for line in run(clean, "-m", "pip", "list", "--format=freeze").split()}
    assert have - {"pip", "setuptools"} == {"gdcourse", "numpy"}
    program = """\
import sys, pathlib, gdcourse
from gdcourse import checks, descent, networks, optimizers, problems
trace = descent.descend(problems.quadratic([[1.0, 0.0], [0.0, 9.0]]), lr=0.2, steps=200, start=[1.0, 1.0])
assert abs(trace.path[-1]).max() < 1e-12
assert pathlib.Path(gdcourse.__file__).with_name("book.mplstyle").is_file()
assert not {"matplotlib", "anywidget", "IPython", "nbgrader"} & set(sys.modules)
"""
    run(clean, "-c", program, cwd=tmp_path)
    command = clean.with_name("gdcourse" + clean.suffix)
    said = subprocess.run([command, "--version"], capture_output=True, text=True, cwd=tmp_path)
    assert said.returncode == 1 and "extra 'grading'" in said.stderr and "Traceback" not in said.stderr


def test_the_command_answers(tmp_path):
    assert gdcourse.__version__ in run(Path(sys.executable).with_name("gdcourse"), "--version", cwd=tmp_path)


def imports(page):
    """Return the import statements of a page's cells, one text."""
    found = []
    for cell in gdcourse_notebooks.notebook(page).cells:
        if cell.cell_type == "code":
            tree = ast.parse("".join(line for line in cell.source.splitlines(True) if not line.startswith(("%", "!"))))
            found += [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return "\n".join(found)


@pytest.mark.slow
def test_a_downloaded_page_runs_with_the_package_and_nothing_else(clean, distributions, tmp_path):
    package = f"gdcourse[widgets] @ {distributions[1].as_uri()}"
    run(clean, "-m", "pip", "install", "--quiet", "-c", locked(tmp_path), package, "ipykernel")
    pages = [path for path in sorted((ROOT / "chapters").glob("*.md")) if gdcourse_notebooks.notebook(path)]
    for page in pages:
        run(clean, "-c", imports(page), cwd=tmp_path)
    page = next(path for path in pages if "gdcourse.widgets" in path.read_text("utf-8"))
    target = tmp_path / "page.ipynb"
    gdcourse_notebooks.write(page, target)
    kernels = tmp_path / "share" / "jupyter"
    run(clean, "-m", "ipykernel", "install", "--prefix", tmp_path, "--name", "clean")
    execute = [sys.executable, "-m", "jupyter", "execute", "--kernel_name=clean", f"--output={tmp_path / 'ran.ipynb'}"]
    run(*execute, target, cwd=tmp_path, env={**os.environ, "JUPYTER_PATH": str(kernels)})
    outputs = [o for cell in nbformat.read(tmp_path / "ran.ipynb", 4).cells for o in cell.get("outputs", [])]
    assert not [o for o in outputs if o.output_type == "error"]
    assert any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in outputs)
