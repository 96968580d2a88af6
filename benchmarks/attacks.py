"""Run the corpus of attacks through stock nbgrader and through the engine, and set beside each other what they take.

    make bench-attacks
    .venv/bin/python benchmarks/attacks.py stock frames tests-deleted     # these alone, of one side

Every answer in the corpus is wrong or borrowed, so that each point is one too many. Stock nbgrader runs each attack in
a jail of its own: no network, nothing to write to but a folder in memory, all processes ended with it. An honest
neighbour is handed in after those that may stop the batch, to see whether she gets her points. Attacks that would take
the machine's memory, disk or processes, or kill the measurement itself, are not run on stock, and say why. The engine
needs no jail.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.grading.attacks import PS, corpus  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "attacks.json"
NEIGHBOUR = ("gd_iterations", "unstandardize_coefs")
STOPPING = "metadata", "cells", "outputs", "files"  # classes that may stop the batch
SETTINGS = "c.Execute.timeout = 8\nc.Execute.iopub_timeout = 8\ndel c.Autograde\n"  # nbgrader as it comes
PATIENCE = 90  # seconds for one submission and its neighbour
JAILED = "/tmp/arena"


def jailed(*command, folder):
    """Return the command that runs another where it can do no harm."""
    size = str(2 << 30)
    return ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/", "--proc", "/proc",
            "--dev", "/dev", "--size", size, "--tmpfs", "/tmp", "--size", size, "--tmpfs", "/dev/shm",
            "--bind", str(folder / "out"), "/tmp/out", "--ro-bind", str(folder / "course"), "/tmp/course",
            "--chdir", "/tmp", "--setenv", "HOME", f"{JAILED}/home", "--setenv", "MPLCONFIGDIR", "/tmp/out/mpl",
            "prlimit", f"--as={8 << 30}", *command]  # fmt: skip


def on_stock(attack, folder):
    """Return what an attack achieves against stock nbgrader, measured inside a jail."""
    if attack.unsafe:
        return {"not run": attack.unsafe}
    out = folder / "out" / "out.json"
    out.unlink(missing_ok=True)
    command = jailed(sys.executable, __file__, "inside", attack.name, folder=folder)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        said = done.stderr.strip().splitlines()[-1:]
    except subprocess.TimeoutExpired:
        said = ["no end"]
    return json.loads(out.read_text()) if out.exists() else {"points": 0, "of": 0, "lost": f"no end: {said}"}


def inside(name):
    """Grade one attack and an honest neighbour with stock nbgrader, in the jail, and write down what happened."""
    from nbgrader.api import Gradebook

    from tests.grading.attacks.arena import Arena, Services, descendants

    started = time.monotonic()
    attack = next(a for a in corpus() if a.name == name)
    services = Services(Path(JAILED, "services"))
    arena = Arena(Path(JAILED), Path("/tmp/course"), services, assigned=True)
    mine = [f"s{n}" for n in range(attack.copies)]
    for student in mine:
        arena.hand_in(student, attack)
    if attack.kind in STOPPING:
        arena.hand_in_honestly("zoe", NEIGHBOUR)
    due = sum(e.points for e in arena.exercises if e.name in NEIGHBOUR)
    command = [sys.executable, "-m", "nbgrader", "autograde", PS, "--create", "--force"]
    log = Path("/tmp/log")
    with open(log, "w") as file:
        process = subprocess.Popen(command, cwd=arena.course, stdout=file, stderr=file, env=arena.environment,
                                   stdin=subprocess.DEVNULL)  # fmt: skip
        try:
            process.wait(PATIENCE - 20)
        except subprocess.TimeoutExpired:
            process.kill()
    left = [n for n in descendants(1).values() if n not in ("bwrap", "prlimit")]
    left.remove(next(n for n in left if n.startswith("python")))  # this one
    scores = {}
    try:
        with Gradebook(f"sqlite:///{arena.course / 'gradebook.db'}", "gdcourse") as book:
            for handed_in in book.assignment_submissions(PS):
                scores[handed_in.student_id] = handed_in.score
    except Exception as error:
        scores = {"broken": str(error)}
    secret = {where for student in mine for where in arena.shown(student)}
    books = [arena.course / "autograded" / student / PS / f"{PS}.ipynb" for student in mine]
    result = {
        "points": max(scores.get(student, 0.0) for student in mine), "of": 20,
        "graded": all(map(Path.is_file, books)),
        "neighbour": scores.get("zoe") == due if attack.kind in STOPPING else True,
        "secrets": sorted(secret - {"leak"}), "leaks": "leak" in secret,
        "heard": sorted(set(services.heard)), "left": left, "pwned": bool(list(Path(JAILED).rglob("pwned"))),
        "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip
    Path("/tmp/out/out.json").write_text(json.dumps(result))


def summary(result):
    """Say in one cell of the table what happened."""
    if "not run" in result:
        return "not run: " + result["not run"]
    said = [f"{result['points']:g} points"] if result["points"] else []
    said += [] if result.get("graded", True) else ["no score and no reason"]
    said += [] if result.get("neighbour", True) else ["the next student goes ungraded or loses points"]
    said += ["reads " + ", ".join(result["secrets"])] if result.get("secrets") else []
    said += ["reaches what it should not"] if result.get("leaks") and not result.get("secrets") else []
    said += ["calls " + ", ".join(result["heard"])] if result.get("heard") else []
    said += [f"{len(result['left'])} processes left"] if result.get("left") else []
    said += ["writes outside its folder"] if result.get("pwned") else []
    said += [result["lost"]] if "lost" in result else []
    return "; ".join(said) or "-"


def main(arguments):
    side = arguments[0] if arguments and arguments[0] in ("stock", "engine") else ""
    names = arguments[1:] if side else arguments
    attacks = [a for a in corpus() if not names or a.name in names]
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if side in ("", "stock"):
        from gdcourse.grading.authoring.assign import assign

        folder = Path(tempfile.mkdtemp())
        (folder / "out").mkdir()
        (folder / "course").mkdir()
        for name in ("nbgrader_config.py", f"{PS}.md"):
            shutil.copy(ROOT / "exercises" / name, folder / "course")
        with open(folder / "course" / "nbgrader_config.py", "a") as settings:
            settings.write(SETTINGS)
        assign(folder / "course", PS)
        left = [a for a in attacks if names or "stock" not in known.get(a.name, {})]  # it takes an hour: it can go on
        for number, attack in enumerate(left, 1):
            known.setdefault(attack.name, {})["stock"] = result = on_stock(attack, folder)
            print(f"{number:3} {attack.name:28} {summary(result)}", flush=True)
            write(known)
        shutil.rmtree(folder)
    if side in ("", "engine"):
        from tests.grading.attacks.engine import on_engine

        folder = Path(tempfile.mkdtemp())
        for name, result in on_engine(attacks, folder, ROOT / "exercises").items():
            known.setdefault(name, {})["engine"] = result
        write(known)
        shutil.rmtree(folder)
    table(attacks, known)


def write(known):
    RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def table(attacks, known):
    print(f"\n{'attack':28}  {'stock nbgrader':70}  engine")
    for attack in attacks:
        rows = known.get(attack.name, {})
        stock, engine = (summary(rows[side]) if side in rows else "" for side in ("stock", "engine"))
        status = rows.get("engine", {}).get("status", "")
        print(f"{attack.name:28}  {stock[:70]:70}  {engine} ({status})")
    for side in ("stock", "engine"):
        rows = [r[side] for r in known.values() if side in r and "not run" not in r[side]]
        counted = {
            "take points": [r for r in rows if r["points"]],
            "all of them": [r for r in rows if r["points"] == r["of"]],
            "read secrets": [r for r in rows if r.get("secrets")],
            "leave processes": [r for r in rows if r.get("left")],
            "end without a score or a reason": [r for r in rows if not r.get("graded", True)],
            "harm the next student": [r for r in rows if not r.get("neighbour", True)],
        }
        print(f"{side}: {len(rows)} run; " + ", ".join(f"{len(some)} {what}" for what, some in counted.items()))


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    inside(sys.argv[2]) if sys.argv[1:2] == ["inside"] else main(sys.argv[1:])
