"""Hand the corpus in, with honest neighbours in between, let the engine grade it, and look at what is left.

    python -m tests.grading.attacks.engine COURSE ANSWER      (what `run` starts: the grader, in a process of its own)

Attacks that never end are graded apart, with shorter limits, so that it does not take all day.
"""

import ctypes
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.grading.attacks import PS
from tests.grading.attacks.arena import Arena, Services, descendants

LIMITS = {"q": {"seconds": 30, "cell_seconds": 6}, "e": {"seconds": 4, "cell_seconds": 1}}  # by a name's first letter
SHOWN = "feedback", "outputs", "files"  # classes whose feedback pages are looked at as well
NEIGHBOURS = ("spectral_step", "backtracking"), ("gd_iterations",), ("standardize", "unstandardize_coefs", "run_until")
EVERY = 30  # attacks between neighbours


class Graded(NamedTuple):
    """What the engine made of it. students: {name: Attack, or the points a neighbour deserves}."""

    arena: Arena
    students: dict
    outcomes: dict
    seconds: dict
    left: dict
    heard: list
    changed: list
    pages: dict


def run(attacks, folder, pages):
    """Return the Graded of a corpus, in a folder. pages: the exercises' folder."""
    services = Services(folder / "services")
    arena = Arena(folder, pages, services)
    students = hand_in(arena, attacks)
    scratch = folder / "scratch"
    scratch.mkdir()
    before, answer, root = snapshot(arena), folder / "answer.json", Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-m", __name__, str(arena.course), str(answer)], check=True, timeout=1200,
                   env={**arena.environment, "TMPDIR": str(scratch)}, cwd=root)  # fmt: skip
    services.close()
    told = json.loads(answer.read_text())
    changed = sorted(set(before.items()) ^ set(snapshot(arena).items()))
    changed += [("left in the temporary folder", path.name) for path in scratch.iterdir()]
    changed += [("pwned", str(path)) for path in folder.rglob("pwned")]
    return Graded(arena, students, {o["student"]: o for o in told["outcomes"]}, told["seconds"], told["left"],
                  services.heard, changed, told["pages"])  # fmt: skip


def on_engine(attacks, folder, pages):
    """Return {attack's name: what it achieved}, as the report sets beside stock."""
    graded, found = run(attacks, folder, pages), {}
    fair = all(graded.outcomes[s]["score"] == points for s, points in graded.students.items() if type(points) is float)
    for student, attack in graded.students.items():
        if isinstance(attack, float):
            continue
        outcome, shown = graded.outcomes[student], graded.arena.shown(student)
        points = max(outcome["score"] or 0.0, found.get(attack.name, {}).get("points", 0.0))
        found[attack.name] = {
            "points": points, "of": 20, "graded": outcome["score"] is not None, "neighbour": fair,
            "secrets": sorted(set(shown) - {"leak"}), "leaks": "leak" in shown, "heard": graded.heard,
            "left": list(graded.left.values()), "pwned": bool(graded.changed), "status": outcome["status"],
            "reason": outcome["reason"], "seconds": graded.seconds[student]}  # fmt: skip
    return found


def hand_in(arena, attacks):
    """Return {student: Attack or points}, everything handed in."""
    students, counts = {}, {"q": 0, "e": 0}

    def next_one(letter, kind):
        counts[letter] += 1
        return f"{letter}{counts[letter]:03}-{kind}"

    def neighbour(letter, number):
        right = NEIGHBOURS[number % len(NEIGHBOURS)]
        student = next_one(letter, "honest")
        arena.hand_in_honestly(student, right)
        students[student] = float(sum(e.points for e in arena.exercises if e.name in right))

    for number, attack in enumerate(attacks):
        letter = "e" if attack.endless else "q"
        if number % EVERY == 0:
            neighbour("q", number // EVERY)
            neighbour("e", number // EVERY)
        for _ in range(attack.copies):
            student = next_one(letter, attack.kind)
            students[student] = attack
            arena.hand_in(student, attack)
    for letter in "qe":
        neighbour(letter, 1)
    return students


def snapshot(arena):
    """Return {file: digest} of what nobody but its owner may change: the course's own files, homes, submissions."""
    course = arena.course
    paths = [course / "canary.txt", *course.glob("*.md"), *course.glob("*.py"), Path(arena.place["tmp"])]
    paths += [course / "source", course / "release", course / "submitted", Path(arena.place["home"], ".ssh")]
    files = [p for path in paths for p in ([path] if path.is_file() else path.rglob("*"))]
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(files)
            if p.is_file() and not p.is_symlink() and p.stat().st_nlink == 1 and p.stat().st_size < 1 << 24}


def main(course, answer):
    """Grade, write feedback, and write down what came of it and which processes are left."""
    from gdcourse.grading import grade
    from gdcourse.grading.gradebook import journal
    from gdcourse.grading.gradebook.feedback import write_feedback
    from gdcourse.grading.intake.submitted import submissions
    from gdcourse.grading.report import tables
    from gdcourse.grading.report.page import write_report

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans come to this process
    outcomes = []
    for letter, limits in LIMITS.items():
        if submissions(course, PS, f"{letter}*"):
            outcomes += grade.grade(course, PS, students=f"{letter}*", workers=2, limits=limits)
    book = journal.Journal(course, PS)
    seconds = {o.student: (book.result(o.key) or {}).get("seconds", 0.0) for o in outcomes}
    failed = {}
    for kind in SHOWN:
        if any(kind in o.student for o in outcomes):
            failed |= write_feedback(course, PS, f"*-{kind}", workers=2)
    left = descendants(os.getpid())
    pages = {"status": tables.status(course, PS), "csv": Path(tables.write_csv(course, PS)).read_text("utf-8"),
             "report": Path(write_report(course, PS)).read_text("utf-8"), "feedback": json.dumps(failed),
             "explain": "\n".join(tables.explain(course, PS, o.student) for o in outcomes)}  # fmt: skip
    Path(answer).write_text(json.dumps({"outcomes": [o._asdict() for o in outcomes], "seconds": seconds, "left": left,
                                        "pages": pages}))  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
