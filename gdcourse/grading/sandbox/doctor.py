"""Which limits really hold on this machine: each is tried, for real, by a submission that breaks it.

    for row in doctor(execute):
        print(row.limit, row.holds, row.found)
"""

import contextlib
import functools
import os
import shutil
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from gdcourse.grading.sandbox import cgroups
from gdcourse.grading.sandbox.bubblewrap import MISSING
from gdcourse.grading.sandbox.limits import THREADS
from gdcourse.grading.sandbox.warm_processes import close

PS = "ps03"
LOOP = "while True:\n    pass"
LOOP_IN_C = "import itertools\nsum(itertools.repeat(1))"


class Row(NamedTuple):
    """One limit. holds: None where this machine has no means for it, which `found` then names."""

    limit: str
    holds: bool | None
    found: str


class Trial(NamedTuple):
    """A limit, the cell that tries to break it, and the words it prints if it does not succeed."""

    limit: str
    source: str
    words: str


def _refused(statement, setup=""):
    """Return a cell that prints "refused" if a statement fails as it should."""
    return (f"import ctypes, os, resource, socket\n{setup}\ntry:\n    {statement}\n    print('it worked')\n"
            "except (OSError, MemoryError, RuntimeError) as error:\n    print('refused:', error)")  # fmt: skip


TRIALS = (
    Trial("all of Python is there", "import colorsys, numpy as np\nprint('drawn:', np.random.default_rng(0).random())",
          "drawn"),
    Trial("no network", _refused("socket.socket()"), "refused"),
    Trial("no other program", _refused("os.posix_spawn('/bin/true', ['true'], {})"), "refused"),
    Trial("no other process", _refused("os.fork() or os._exit(0)"), "refused"),
    Trial("no dangerous system call", _refused(
        "if libc.unshare(0x10000000) < 0: raise OSError(ctypes.get_errno(), 'unshare')",
        "libc = ctypes.CDLL(None, use_errno=True)"), "refused"),
    Trial("the system is read-only", _refused("open('/usr/gdcourse-was-here', 'w')"), "refused"),
    Trial("the grader's own files are out of sight", _refused(f"open({str(Path(__file__).resolve())!r})"),
          "refused"),
    Trial("the processes of others, too", _refused("os.listdir('/proc')"), "refused"),
    Trial("the course's checks, too", "import gdcourse.checks\nprint(hasattr(gdcourse.checks, 'judge'))", "False"),
    Trial("what is asked for is withheld", _refused("data.standardize([[1.0], [2.0]])", "from gdcourse import data"),
          "withheld"),
    Trial("files: {disk_mb} MB", _refused("[open(f'/tmp/{i}', 'wb').write(bytes(1 << 24)) for i in range(9)]"),
          "refused"),
    Trial("memory: {memory_mb} MB more", _refused("a = bytearray(600 << 20)"), "refused"),
    Trial("at most {threads} threads", _refused(
        "for _ in range(1000): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        "import threading, time\nthreading.stack_size(1 << 16)"), "refused"),
)  # fmt: skip
LIMITS = {"cell_seconds": 1, "seconds": 30, "memory_mb": 400, "disk_mb": 64, "output_kb": 64}


def doctor(execute, backend="warm"):
    """Try every limit. Returns: a list of Row; the first that does not hold may be the only one.

    execute: what runs a job, which is upstairs: `gdcourse.grading.running.execute.execute`.
    """
    bubblewrap = shutil.which("bwrap")
    rows = [Row("bubblewrap is installed", bubblewrap is not None, bubblewrap or MISSING)]
    if backend != "plain" and (bubblewrap is None or not sys.platform.startswith("linux")):
        return rows
    if os.geteuid() == 0:
        rows.append(Row("an ordinary user", None, "you are root: grade as somebody who may less"))
    close()
    run = functools.partial(_run, execute, backend)
    result, seconds = run("print('ready')")
    said = _said(result)
    rows.append(Row("a submission runs", said == "ready", f"{seconds:.1f} s to start" if said else result["reason"]))
    if said != "ready":
        return rows
    rows.append(Row("what a submission may import", True, installed()))
    words = {**LIMITS, "threads": THREADS}
    result, _ = run(*(trial.source for trial in TRIALS))
    for number, trial in enumerate(TRIALS):
        said = _said(result, number) or result["reason"]
        rows.append(Row(trial.limit.format(**words), trial.words in said, said.splitlines()[0][:100]))
    for limit, source in (("a loop without end is stopped", LOOP), ("so is one inside a call into C", LOOP_IN_C)):
        result, seconds = run(source)
        rows.append(Row(limit, result["status"] in ("graded with notes", "timeout"), f"after {seconds:.1f} s"))
    result, seconds = run("print('x' * 10**8)")
    size, most = len(_said(result)), LIMITS["output_kb"]
    rows.append(Row(f"output: {most} KB", 0 < size <= most << 10, f"{size:,} of 100,000,000 characters are kept"))
    run("open('/tmp/left', 'w').close()")
    result, _ = run("import os\nprint(os.path.exists('/tmp/left'))")
    gone = _said(result) == "False"
    rows.append(Row("nothing is left for the next one", gone, f"a file it wrote is {'gone' if gone else 'there'}"))
    groups = cgroups.places() if backend != "plain" else {}
    rows.append(Row("a control group for each submission", len(groups) == len(cgroups.FILES) or None,
                    ", ".join(sorted(groups)) or "none: memory is limited by address space alone"))  # fmt: skip
    return rows


def installed():
    """Return the versions of Python and of the packages that students ask for, as they are here."""
    packages = "numpy", "scipy", "matplotlib", "scikit-learn", "pandas", "torch"
    found = []
    for package in packages:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found.append(f"{package} {metadata.version(package)}")
    return ", ".join([f"Python {sys.version.split()[0]}", *found])


def _run(execute, backend, *sources):
    """Return the result of a notebook with these cells, and how long it took."""
    started = time.monotonic()
    cells = [{"source": source, "kind": "free", "grade_id": None} for source in sources]
    result = execute({"ps": PS, "student": "doctor", "cells": cells, "seed": 0, "backend": backend, "limits": LIMITS})
    return result, time.monotonic() - started


def _said(result, number=0):
    return "".join(o.get("text", "") for o in result["outputs"][number]).strip()


def as_table(rows):
    """Write the rows for a person to read."""
    width = max(len(row.limit) for row in rows)
    marks = {True: "ok", False: "NO", None: "-"}
    return "\n".join(f"{marks[row.holds]:3} {row.limit:{width}}  {row.found}" for row in rows)
