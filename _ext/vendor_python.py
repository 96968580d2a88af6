"""Renew what the page's Python is made of, under page/vendor: Pyodide's core, NumPy, matplotlib, and the editor.

    python _ext/vendor_python.py FOLDER

FOLDER holds the wheels of the Pyodide release named here, which no registry has under their own names; each is compared
with the lock that npm's package of Pyodide carries. It needs npm. Commit what it writes.
"""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256, sha512
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "page" / "vendor"
PYODIDE = "0.27.7"
INTEGRITY = "sha512-RUSVJlhQdfWfgO9hVHCiXoG+nVZQRS5D9FzgpLJ/VcgGBLSAKoPL8kTiOikxbHQm1kRISeWUBdulEgO26qpSRA=="
CORE = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip")
WHEELS = ("numpy", "matplotlib", "contourpy", "cycler", "kiwisolver", "packaging", "pillow", "pyparsing",
          "python-dateutil", "six")  # fmt: skip
EDITOR = {
    "@codemirror/autocomplete": "6.20.4",
    "@codemirror/commands": "6.11.1",
    "@codemirror/lang-python": "6.2.1",
    "@codemirror/language": "6.13.1",
    "@codemirror/state": "6.7.6",
    "@codemirror/view": "6.43.15",
    "@lezer/highlight": "1.2.5",
    "esbuild": "0.28.2",
}


def core(folder):
    """Write Pyodide's own files; return the lock that names every wheel of the release."""
    subprocess.run(["npm", "pack", "--silent", f"pyodide@{PYODIDE}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    archive = next(Path(folder).glob("pyodide-*.tgz"))
    came = "sha512-" + base64.b64encode(sha512(archive.read_bytes()).digest()).decode()
    if came != INTEGRITY:
        sys.exit(f"npm's pyodide@{PYODIDE} is another file than the one pinned here: {came}")
    shutil.unpack_archive(archive, folder, "gztar", filter="data")
    package = Path(folder, "package")
    (VENDOR / "pyodide").mkdir(parents=True, exist_ok=True)
    for name in CORE:
        shutil.copyfile(package / name, VENDOR / "pyodide" / name)
    return json.loads((package / "pyodide-lock.json").read_text())


def wheels(lock, folder):
    """Copy the wheels, each compared with the lock."""
    (VENDOR / "wheels").mkdir(exist_ok=True)
    for name in WHEELS:
        entry = lock["packages"][name]
        data = Path(folder, entry["file_name"]).read_bytes()
        if sha256(data).hexdigest() != entry["sha256"]:
            sys.exit(f"{entry['file_name']} is not the file that Pyodide {PYODIDE} was released with")
        (VENDOR / "wheels" / entry["file_name"]).write_bytes(data)


def editor(folder):
    """Bundle CodeMirror with what page/editor.js asks of it, and its licence."""
    packages = [f"{name}@{version}" for name, version in EDITOR.items()]
    subprocess.run(["npm", "install", "--silent", "--no-save", *packages], cwd=folder, check=True)
    shutil.copyfile(VENDOR.parent / "editor.js", Path(folder, "editor.js"))
    subprocess.run(["node_modules/.bin/esbuild", "editor.js", "--bundle", "--minify", "--format=iife",
                    f"--outfile={VENDOR / 'codemirror.js'}"], cwd=folder, check=True)  # fmt: skip
    shutil.copyfile(Path(folder, "node_modules/@codemirror/view/LICENSE"), VENDOR / "codemirror.LICENSE")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python _ext/vendor_python.py FOLDER, the folder of the wheels")
    with tempfile.TemporaryDirectory() as work:
        wheels(core(work), sys.argv[1])
        editor(work)
