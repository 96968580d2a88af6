"""Does the course hold on another processor? Every page in every arithmetic that this machine can imitate.

    python tests/arithmetic.py                                      every page in every mode, then the core's tests
    python tests/arithmetic.py --modes Nehalem down --pages depth   some of them
    python tests/arithmetic.py --no-tests                           the pages alone

Another processor, another linear algebra library or another NumPy rounds a sum differently in its last place. What
the course claims must not depend on it, and the numbers and words that a page shows must be the same. A mode is one
such arithmetic: another kernel of OpenBLAS, NumPy without its vector instructions, two threads, or a processor that
always rounds up, down or to zero. A page's cells run in a process of their own, as they do when the book is built;
a line is printed for each page that fails in a mode, and for each thing it shows that differs from the first mode.
"""

import argparse
import ast
import compileall
import ctypes
import difflib
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KERNELS = {"Haswell": "avx2", "Nehalem": "sse4_2", "Prescott": "pni", "Sandybridge": "avx", "SkylakeX": "avx512f",
           "Zen": "avx2"}  # fmt: skip  # OpenBLAS's name, and what the processor must have for it
ROUNDING = {"down": 0x400, "up": 0x800, "zero": 0xC00}  # fesetround's numbers on x86
WITHOUT_SIMD = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"
MODES = {
    "native": {},
    **{name: {"OPENBLAS_CORETYPE": name} for name in KERNELS},
    "no-simd": {"NPY_DISABLE_CPU_FEATURES": WITHOUT_SIMD},
    "two-threads": {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
    **{name: {"GDCOURSE_ROUNDING": name, "PYTHONDONTWRITEBYTECODE": "1"} for name in ROUNDING},
}
CORE = ["tests/test_*.py", "tests/evidence"]
NOT_CORE = {"test_binder", "test_book_extension", "test_contributing", "test_packaging", "test_publishing", "test_site",
            "test_workflows", "test_chapters", "test_browsers", "test_make",
            "test_api", "test_rooms", "test_door", "test_examples"}  # fmt: skip


@contextmanager
def rounding(name):
    """Have this thread's processor round every result in one direction for a while: "down", "up", "zero", or None.

    Only the arithmetic: what is read, compiled and printed there goes by the same instructions and is off, too, so
    programs are compiled before, and numbers in what is printed are compared as numbers.
    """
    if not name:
        yield
        return
    library = ctypes.CDLL("libm.so.6")
    if library.fesetround(ROUNDING[name]):
        raise RuntimeError(f"this processor cannot round {name}")
    try:
        yield
    finally:
        library.fesetround(0)


def lacking(mode):
    """Return why this machine cannot run a mode, or None."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    if mode in KERNELS and KERNELS[mode] not in flags.split():
        return f"this processor has no {KERNELS[mode]}"
    if mode in ROUNDING and not {"sse2"} <= set(flags.split()):
        return "the numbers of the rounding modes are those of x86"
    return None


def pages():
    """Return the names of the pages that run code."""
    head = re.compile(r"\A---\n.*?kernelspec:.*?\n---\n", re.DOTALL)
    return sorted(path.stem for path in (ROOT / "chapters").glob("*.md") if head.match(path.read_text("utf-8")))


def shown(page):
    """Run a page's cells here and return what it shows: printed lines, results, and the numbers in its sentences."""
    os.environ["MPLBACKEND"] = "agg"
    os.environ["MATPLOTLIBRC"] = str(ROOT / "gdcourse" / "book.mplstyle")
    os.chdir(ROOT / "chapters")
    import jupytext
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    import gdcourse.book

    glued, names = {}, {"__name__": "__main__"}
    gdcourse.book.glue = lambda **numbers: glued.update(numbers)
    source = Path(f"{page}.md").read_text("utf-8")
    cells = [cell for cell in jupytext.reads(source, fmt="md:myst").cells if cell.cell_type == "code"]
    compiled = [compiled_cell(cell.source, number) for number, cell in enumerate(cells, 1)]
    as_shown = InteractiveShell.instance().display_formatter.format
    lines, failed, seconds = [], [], []
    for number, (cell, (body, last)) in enumerate(zip(cells, compiled), 1):
        start = time.monotonic()
        try:
            with capture_output() as said, rounding(os.environ.get("GDCOURSE_ROUNDING")):
                exec(body, names)
                result = eval(last, names) if last else None
            outputs = [output.data for output in said.outputs]
            outputs += [as_shown(result)[0]] if result is not None else []
        except Exception as error:
            said_of_it = f"cell {number}: {type(error).__name__}: {error}".split("\n")[0]
            failed.append(f"{said_of_it} {guilty(error, cell)}")
            continue  # what else fails is worth knowing
        seconds.append(round(time.monotonic() - start, 1))
        if "remove-cell" not in cell.metadata.get("tags", []):
            lines += said.stdout.splitlines()
            lines += [line for data in outputs for line in text(data).splitlines()]
    quoted = [f"{name}:{form} is {format(glued[name], form)}" for name, form in
              re.findall(r"\{glue:text\}`([\w-]+)(?::([^`]*))?`", source) if name in glued]  # fmt: skip
    return {"failed": failed, "lines": lines + quoted, "seconds": seconds}


def compiled_cell(source, number):
    """Return a cell's code and, apart, its last expression, if the page shows what it gives."""
    tree = ast.parse(source)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
        last = compile(ast.Expression(tree.body.pop().value), f"cell {number}", "eval")
    return compile(tree, f"cell {number}", "exec"), last


def text(data):
    """Return what of an output is read: a result's HTML without its tags, or its text."""
    if any(kind in data for kind in ("application/vnd.jupyter.widget-view+json", "image/svg+xml", "image/png")):
        return ""
    if "text/html" in data:
        return re.sub(r"<[^>]+>", " ", data["text/html"].replace("</tr>", "\n"))
    return re.sub(r" at 0x[0-9a-f]+", "", data.get("text/plain", ""))


def guilty(error, cell):
    """Return the line of the cell that raised."""
    number = None
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename.startswith("cell "):
            number = trace.tb_lineno
        trace = trace.tb_next
    lines = cell.source.split("\n")
    return lines[number - 1].strip() if number and number <= len(lines) else ""


def run(page, mode):
    """Run a page in a mode, in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT), **MODES[mode]}
    done = subprocess.run([sys.executable, __file__, "--one", page], env=environment, capture_output=True, text=True)
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {"failed": [f"ended with {done.returncode}: {done.stderr[-500:]}"], "lines": [], "seconds": []}


NUMBER = re.compile(r"[-+−]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


def differences(first, other, rounded):
    """Return the lines in which two pages differ; where one was `rounded`, its last digit is none of its own."""
    if rounded:
        other = [mine if alike(mine, line) else line for mine, line in zip(first, other)] + other[len(first) :]
    return [line for line in difflib.unified_diff(first, other, lineterm="", n=0) if line[0] in "+-"][2:]


def alike(one, other):
    """Say whether two lines are the same words with the same numbers, written by a processor that rounds otherwise."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    pairs = zip(*([float(n.replace(",", "").replace("−", "-")) for n in NUMBER.findall(line)] for line in (one, other)))
    return all(abs(a - b) <= 1e-14 * abs(a) for a, b in pairs)


def matrix(names, modes):
    """Run pages in modes, two at a time; print what fails and what differs, and return how much did."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {(page, mode): pool.submit(run, page, mode) for page in names for mode in modes}
        bad = {mode: [] for mode in modes}
        for page in names:
            first = jobs[page, modes[0]].result()
            for mode in modes:
                found = jobs[page, mode].result()
                changed = differences(first["lines"], found["lines"], mode in ROUNDING)
                for why in found["failed"]:
                    print(f"{page} fails in {mode}: {why}", flush=True)
                if changed and not found["failed"] and not first["failed"]:
                    print(f"{page} shows something else in {mode} than in {modes[0]}:", flush=True)
                    print("\n".join("    " + line for line in changed[:40]), flush=True)
                if changed or found["failed"]:
                    bad[mode].append(page)
            print(f"{page}: {sum(first['seconds']):.0f} s", flush=True)
    for mode in modes:
        count = f"{len(names) - len(bad[mode])} of {len(names)} pages hold"
        print(f"{mode:12} {count}{', but not ' if bad[mode] else ''}{', '.join(bad[mode])}")
    return sum(map(len, bad.values()))


def core_tests(modes):
    """Run the tests of the core in each mode; return in how many some fail."""
    files = [str(path) for pattern in CORE for path in sorted(ROOT.glob(pattern)) if path.stem not in NOT_CORE]
    bad = 0
    for mode in modes:
        command = [sys.executable, "-m", "pytest", "-q", "-n", "logical", "--no-header", "-m", "not browser", *files]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **MODES[mode]}, capture_output=True, text=True)
        said = done.stdout.splitlines()
        print(f"{mode:12} core tests: {said[-1] if said else done.stderr[-500:]}", flush=True)
        print("".join(f"    {line}\n" for line in said if line.startswith(("FAILED", "ERROR"))), end="", flush=True)
        bad += done.returncode != 0
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--modes", nargs="+", default=list(MODES), choices=MODES)
    parser.add_argument("--pages", nargs="+", default=pages(), choices=pages())
    parser.add_argument("--no-tests", action="store_true", help="the pages alone")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print("\n" + json.dumps(shown(asked.one)))
        return 0
    for mode in asked.modes:
        if why := lacking(mode):
            print(f"{mode:12} left out: {why}")
    modes = [mode for mode in asked.modes if not lacking(mode)]
    compileall.compile_dir(ROOT / "gdcourse", quiet=2)
    bad = matrix(asked.pages, modes) + (0 if asked.no_tests else core_tests(modes))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
