"""How fast a class is graded: this package's engine beside stock nbgrader, in the same run, on the same submissions.

    python benchmarks/grading.py [file.json] [--students 100] [--stock 100] [--sizes 50,100,200,500,1000] [--otter 0]

One made-up class hands in two notebooks: the size that the bars were set for, four functions and one plot, which is cut
from assignment 3; and all of assignment 3, six functions and six plots, where drawing is most of the work for whoever
does it. They are handed in as students leave notebooks, with known mistakes, crashes and blanks; only loops that never
end are left out, for they would measure the limit and not the grader. Every contender starts from a copy of the same
course and is timed from the shell, imports and gradebook included. Memory is the proportional share
(PSS) of a command and all it starts, looked at five times a second. With --otter N, otter-grader is installed into an
environment of its own and grades N of them by its command.

The ratios within the run are what counts on a machine that does other work. The program exits with 1 if a bar is
missed or the grades differ, and writes what it measured to the file if one is named. With `--students 30 --stock 10
--sizes 30` it takes a few minutes.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from training import processor

from gdcourse import checks
from gdcourse.grading.authoring.assign import assign, release_notebook, write
from gdcourse.grading.authoring.sample import HABITS, answers, made_up_class, submission
from gdcourse.grading.gradebook.scores import scores
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.running.execute import execute
from gdcourse.grading.sandbox.warm_processes import close

EXERCISES = Path(__file__).resolve().parent.parent / "exercises"
PS, SEED = "ps03", 0
GDCOURSE = [sys.executable, "-m", "gdcourse"]
STOCK, WARM2, ONE = "nbgrader autograde", "warm, 2 workers", "one student"
BARS = {"times faster than stock": 10.0, "seconds for one student": 3.5, "seconds beyond a limit": 2.0}
LIMIT = 3  # seconds that a cell may take, while these are tried
HARM = {
    "a loop without end": "while True:\n    pass",
    "a fork bomb": "import os\nwhile True:\n    os.fork()",
    "threads without end": "from threading import Timer\nwhile True:\n    Timer(99, print).start()",
    "3 GB of memory": "hoard = bytearray(3 << 30)",
    "1 GB of output": "for _ in range(1000):\n    print('x' * 10**6)",
    "a full disk": "with open('/tmp/big', 'wb') as file:\n    while True:\n        file.write(bytes(1 << 20))",
}


def four_functions(page):
    """Return of an assignment's page what asks for its first four functions, with the first of its plots."""
    page = page[: page.index("### And back again")]
    cells = re.findall(r"^```{code-cell} ipython3\n.*?^```\n", page, re.MULTILINE | re.DOTALL)
    for plot in [cell for cell in cells if "plt.subplots" in cell][1:]:
        page = page.replace(plot, "")
    return page


def new_course(folder, students, cut=str):
    """Make a course whose class has handed in an assignment's page, or what is cut from it. Returns: the folder."""
    folder.mkdir()
    shutil.copy(EXERCISES / "nbgrader_config.py", folder)
    (folder / f"{PS}.md").write_text(cut((EXERCISES / f"{PS}.md").read_text("utf-8")), "utf-8")
    assign(folder, PS)
    release, rng = release_notebook(folder / f"{PS}.md"), np.random.default_rng(SEED)
    exercises = {e.name: e for e in checks.assignment(PS).exercises}
    for number, (student, chosen) in enumerate(made_up_class(PS, students, SEED).items()):
        ends = {name: answers(exercises[name])["crashes"] if answer.label == "never ends" else answer
                for name, answer in chosen.items()}  # fmt: skip
        book = submission(release, ends)
        HABITS[number % len(HABITS)](book, rng)
        write(book, folder / "submitted" / student / PS / f"{PS}.ipynb")
    return folder


def copy_of(course, students=None):
    """Return a copy of a course as it was handed in, with so many of its students."""
    target = Path(tempfile.mkdtemp(dir=course.parent))
    shutil.copytree(course, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("submitted"))
    for folder in sorted((course / "submitted").iterdir())[:students]:
        shutil.copytree(folder, target / "submitted" / folder.name)
    return target


def stock_copy(course, students):
    """Return a copy whose settings are nbgrader's own."""
    folder = copy_of(course, students)
    with open(folder / "nbgrader_config.py", "a", encoding="utf-8") as settings:
        settings.write("\ndel c.Autograde\n")
    return folder


class Memory:
    """The most memory that a process and all below it have used together, in MB."""

    def __init__(self, pid):
        self.pid, self.peak, self.over = pid, 0.0, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        import psutil

        while not self.over.wait(0.2):
            with contextlib.suppress(psutil.Error, OSError):
                root = psutil.Process(self.pid)
                self.peak = max(self.peak, sum(map(proportional, [root, *root.children(recursive=True)])))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def proportional(process):
    try:
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1]) / 1024
    except (OSError, TypeError):
        return 0.0


def timed(command, folder):
    """Run a command in a folder. Returns: (seconds, MB at the peak). Raises: RuntimeError with what it said."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        with Memory(process.pid) as memory:
            code = process.wait()
        seconds = time.perf_counter() - began
        if code:
            said.seek(0)
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {code}:\n{said.read()[-3000:]}")
    return seconds, memory.peak


def measure(name, command, folder, students):
    """Time a command; return its row and the scores it left."""
    seconds, peak = timed(command, folder)
    row = {"students": students, "seconds": seconds, "a minute": 60 * students / seconds, "MB": peak}
    print(f"{name:26} {students:5} {seconds:8.1f} {row['a minute']:9.0f} {peak:7.0f}", flush=True)
    found = scores(folder, PS)
    shutil.rmtree(folder)
    return row, found


@contextlib.contextmanager
def dask_cluster(workers):
    """Start a scheduler and its workers on this machine; yield the scheduler's address."""
    from distributed import Client

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "scheduler.json")

        def start(part, *options):
            line = [sys.executable, "-m", f"distributed.cli.dask_{part}", "--scheduler-file", file, "--no-dashboard"]
            return subprocess.Popen([*line, *options], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        parts = [start("scheduler", "--host", "127.0.0.1", "--port", "0")]
        try:
            while not file.exists():
                time.sleep(0.1)
            parts += [start("worker", "--nthreads", "1") for _ in range(workers)]
            address = json.loads(file.read_text())["address"]
            with Client(address, timeout=60) as client:
                client.wait_for_workers(workers, timeout=60)
            yield address
        finally:
            for part in reversed(parts):
                part.terminate()
            for part in parts:
                part.wait(30)


def race(course, students, stock):
    """Time every contender once on the same class; return ({name: row}, whether all grades are the same)."""
    grade = [*GDCOURSE, "grade", PS]
    contenders = {
        "warm, 1 worker": [*grade, "--workers", "1"],
        WARM2: [*grade, "--workers", "2"],
        "kernel, 1 worker": [*grade, "--workers", "1", "--backend", "kernel"],
        "kernel, 2 workers": [*grade, "--workers", "2", "--backend", "kernel"],
    }
    rows, found = {}, {}
    for name, command in contenders.items():
        rows[name], found[name] = measure(name, command, copy_of(course), students)
    with dask_cluster(2) as address:
        name = "dask, 2 workers"
        rows[name], found[name] = measure(name, [*grade, "--dask", address], copy_of(course), students)
    command = [sys.executable, "-m", "nbgrader", "autograde", PS, "--create"]
    rows[STOCK], theirs = measure(STOCK, command, stock_copy(course, stock), stock)
    differ = [f"{name}: {student} has {row.get(student)}, stock {marks}" for name, row in found.items()
              for student, marks in theirs.items() if row.get(student) != marks]  # fmt: skip
    print("\n".join(differ[:10]) or f"Every contender gives all {len(theirs)} students the grades of stock.")
    return rows, not differ


def growth(course, sizes):
    """Return {students: seconds} of the engine with two workers."""
    return {size: measure(WARM2, [*GDCOURSE, "grade", PS, "--workers", "2"], copy_of(course, size), size)[0]["seconds"]
            for size in sizes}  # fmt: skip


def one_student(course, rounds=7):
    """Return the median seconds that one student takes from the shell, everything fresh, with no look at the memory."""
    command, seconds = [*GDCOURSE, "grade", PS, "--students", "s0001"], []
    for _ in range(rounds):
        folder = copy_of(course, 1)
        began = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
        shutil.rmtree(folder)
    print(f"{ONE:26} {statistics.median(seconds):14.1f}", flush=True)
    return statistics.median(seconds)


def harm(course):
    """Return {what a cell does: seconds that its submission takes longer than an honest one with the cell's limit}.

    Raises: RuntimeError if an honest submission right after one of them has other points than before.
    """
    taken = rebuilding.read(course / "submitted" / "s0001" / PS, rebuilding.skeleton(course, PS))
    cells = rebuilding.job_cells(taken.notebook)
    job = {"ps": PS, "student": "s0001", "seed": SEED, "limits": {"cell_seconds": LIMIT}}
    honest = {**job, "cells": cells}
    right, beyond = execute(honest)["scores"], {}
    for name, source in HARM.items():
        usual = execute(honest)
        if usual["scores"] != right:
            raise RuntimeError(f"an honest submission has other points before {name}: {usual['scores']}")
        done = execute({**job, "cells": [{"source": source, "kind": "free", "grade_id": None}, *cells]})
        beyond[name] = done["seconds"] - usual["seconds"] - LIMIT
        print(f"{name:26} {done['status']:18} {beyond[name]:8.1f} seconds beyond its limit", flush=True)
    if execute(honest)["scores"] != right:
        raise RuntimeError(f"an honest submission has other points after {name}")
    close()
    return beyond


def otter(course, students):
    """Return the row of otter-grader's own command, one submission after the other, in an environment of its own.

    Its tests are the same cells: `grade(f, "behaviour")` passes or raises. It has no sandbox unless Docker is there.
    """
    folder = Path(tempfile.mkdtemp(dir=course.parent))
    python = folder / "env" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    package = f"{EXERCISES.parent}[plots]"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "otter-grader", "ipykernel"]
    subprocess.run([*install, package], check=True)
    (folder / "tests").mkdir()
    release = release_notebook(course / f"{PS}.md")
    tests = [c for c in release.cells if c.metadata.get("nbgrader", {}).get("grade") and c.cell_type == "code"]
    for cell in tests:
        name = cell.id.replace("-", "_")
        (folder / "tests" / f"{name}.py").write_text(OTTER_TEST.format(name=name, source=cell.source,
                                                                      points=cell.metadata.nbgrader.points))
    (folder / "requirements.txt").write_text("numpy\n")
    run = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
    command = [python, "-m", "otter"]
    subprocess.run([*command, "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment", "-r",
                    "requirements.txt"], **run)  # fmt: skip
    began = time.perf_counter()
    for student in sorted((course / "submitted").iterdir())[:students]:
        subprocess.run([*command, "run", "-a", "autograder.zip", "--no-logo", student / PS / f"{PS}.ipynb"], **run)
        results = json.loads((folder / "results.json").read_text())
        points = sum(test.get("score", 0) for test in results["tests"])
        if student.name == "s0001" and points != sum(cell.metadata.nbgrader.points for cell in tests):
            raise RuntimeError(f"otter gives the student who has everything right {points} points")
    seconds = time.perf_counter() - began
    shutil.rmtree(folder)
    row = {"students": students, "seconds": seconds, "a minute": 60 * students / seconds, "MB": 0.0}
    print(f"{'otter run':26} {students:5} {seconds:8.1f} {row['a minute']:9.0f}", flush=True)
    return row


OTTER_TEST = """\
from otter.test_files import test_case

OK_FORMAT = False
name = "{name}"
points = {points}


@test_case(points={points}, hidden=False)
def test_it(env):
    exec({source!r}, env)
"""


def judge(rows, one, beyond):
    """Print each figure beside its bar; return the figures and whether all bars are met."""
    each = {name: row["seconds"] / row["students"] for name, row in rows.items()}
    figures = {"times faster than stock": each[STOCK] / each[WARM2], "seconds for one student": one,
               "seconds beyond a limit": max(beyond.values())}  # fmt: skip
    met = True
    for name, figure in figures.items():
        good = figure <= BARS[name] if name.startswith("seconds") else figure >= BARS[name]
        met = met and good
        print(f"{name:42} {figure:7.2f}   bar {BARS[name]:g}: {'met' if good else 'MISSED'}")
    return figures, met


NOTEBOOKS = {"four functions, one plot": four_functions, "the whole assignment": str}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("destination", nargs="?")
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--stock", type=int, default=100, help="how many of them stock nbgrader grades")
    parser.add_argument("--sizes", type=lambda text: [int(n) for n in text.split(",") if n],
                        default=[50, 100, 200, 500, 1000])  # fmt: skip
    parser.add_argument("--otter", type=int, default=0, metavar="N")
    asked = parser.parse_args(arguments)
    machine = f"{processor()}, {len(os.sched_getaffinity(0))} cores"
    print(f"{machine}, nbgrader {version('nbgrader')}, {PS}, load {os.getloadavg()[0]:.1f}\n"
          f"{'':26} {'class':>5} {'seconds':>8} {'a minute':>9} {'MB':>7}")  # fmt: skip
    rows, same = {}, True
    with tempfile.TemporaryDirectory() as folder:
        for number, (notebook, cut) in enumerate(NOTEBOOKS.items()):
            print(notebook)
            course = new_course(Path(folder, f"course{number}"), asked.students, cut)
            rows[notebook], agree = race(course, asked.students, min(asked.stock, asked.students))
            same = same and agree
        one, beyond = one_student(course), harm(course)
        if asked.otter:
            rows[notebook]["otter run"] = otter(course, asked.otter)
        sizes = growth(new_course(Path(folder, "many"), max([1, *asked.sizes]), four_functions), asked.sizes)
    print()
    figures, met = judge(rows["four functions, one plot"], one, beyond)
    if len(sizes) > 1:
        first, *_, last = sizes
        print(f"from {first} to {last} submissions, {last / first:g} times as many, the time grows "
              f"{sizes[last] / sizes[first]:.1f} times")  # fmt: skip
    if asked.destination:
        measured = {"date": date.today().isoformat(), "machine": machine, "load": os.getloadavg()[0], "bars": BARS,
                    "versions": {"nbgrader": version("nbgrader"), "Python": sys.version.split()[0]},
                    "rows": rows, "sizes": sizes, "beyond": beyond, "figures": figures}  # fmt: skip
        rounded = json.loads(json.dumps(measured), parse_float=lambda text: round(float(text), 2))
        Path(asked.destination).write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
    return 0 if met and same else 1


if __name__ == "__main__":
    sys.exit(main())
