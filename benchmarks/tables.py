"""Compare the confusion tables of the page's Python with this one's, in full: every solution, also those that train.

    python benchmarks/tables.py [ps ...] [--seeds 1]

Prints, for each assignment, whether the tables and the texts are the same there and here, and how long each took. Most
of an hour for all of them; tests/page compares those that take seconds.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "_ext"), str(ROOT / "page")]

from gdcourse import checks  # noqa: E402

TABLES = """
import sys
from collections import Counter

from gdcourse import checks
from gdcourse.checks.__main__ import as_name, taken_for
from gdcourse.checks.reporting import report

ps, seeds, *left_out = sys.argv[1:]
for exercise in checks.assignment(ps).exercises:
    right = [("reference", exercise.reference)] + [(as_name(style), style) for style in exercise.styles]
    for name, solution in right + [(m.name, m) for m in exercise.mistakes]:
        if f"{exercise.name}/{name}" in left_out:
            continue
        judged = [checks.verdicts(exercise, solution, seed) for seed in range(int(seeds))]
        seen = Counter(map(taken_for, judged)).most_common()
        points = sum(v.points for v in judged[0])
        print(f"| {name:28} {points:4g}   {', '.join(f'{word} {count}' for word, count in seen)}", flush=True)
        print(report(exercise, judged[0]), flush=True)
"""
"""A row for each solution, as `python -m gdcourse.checks confusion` prints it, and the report on the first seed."""


def compared(text):
    """Return the rows of a table, and the words of its reports without decimals, which may show what was rounded."""
    lines = text.splitlines()
    reports = " ".join(line for line in lines if not line.startswith("|"))
    return ([line for line in lines if line.startswith("|")],
            " ".join(re.sub(r"-?\d+\.\d+(e[-+]\d+)?", "#", reports).split()))  # fmt: skip


def main():
    """Print how the tables compare; exit with 1 if any differ."""
    import gdcourse_python

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ps", nargs="*", default=list(checks.MODULES))
    parser.add_argument("--seeds", default="1")
    options = parser.parse_args()
    differ = False
    with tempfile.TemporaryDirectory() as folder:
        gdcourse_python.write(Path(folder))
        script = Path(folder, "tables.py")
        script.write_text(TABLES, "utf-8")
        node = [shutil.which("node"), str(ROOT / "tests" / "page" / "python.cjs"), folder, str(script)]
        for ps in options.ps:
            texts, took = [], []
            for command in (list(node), [sys.executable, str(script)]):
                begun = time.perf_counter()
                command += [ps, options.seeds]
                done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
                took.append(time.perf_counter() - begun)
                texts.append(compared(done.stdout))
            same = [there == here for there, here in zip(*texts)]
            differ |= not all(same)
            rows, words = ("the same" if one else "DIFFER" for one in same)
            seconds = f"{took[0]:.0f} s there, {took[1]:.0f} s here"
            print(f"{ps:9} {len(texts[0][0]):4} rows {rows}, texts {words}; {seconds}", flush=True)
    return differ


if __name__ == "__main__":
    sys.exit(main())
