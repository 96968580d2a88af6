"""Answers that an instructor has accepted after an inquiry, one a file in accepted/PS/ of the course's folder.

A file holds what a student wrote, under a first line that says what it counts for, and why:

    # {"exercise": "run_until", "behaviours": ["converged"], "student": "Ada Lovelace", "why": "the text allows it"}

It is somebody's program: nothing imports it, and it runs in the sandbox only. Who deletes the file takes it back.
"""

import json
from pathlib import Path

from gdcourse import checks
from gdcourse.grading.course.directory import CourseError

FOLDER = "accepted"
HEAD = {"exercise": str, "behaviours": list, "student": str, "why": str}


def accepted(course, ps):
    """Return the accepted answers of an assignment: [{"file", "exercise", "behaviours", "source"}].

    Raises: CourseError if a file does not say what it counts for.
    """
    known = {exercise.name: {b.name for b in exercise.behaviours} for exercise in checks.assignment(ps).exercises}
    found = []
    for path in sorted(Path(course, FOLDER, ps).glob("*.py")):
        first, _, source = path.read_text("utf-8", "replace").partition("\n")
        try:
            head = json.loads(first.removeprefix("# "))
            sound = head.keys() == HEAD.keys() and all(type(head[name]) is kind for name, kind in HEAD.items())
            sound = sound and head["behaviours"] and set(head["behaviours"]) <= known[head["exercise"]]
        except (ValueError, AttributeError, KeyError, TypeError):
            sound = False
        if not sound:
            raise CourseError(f"{path}: the first line must say which exercise of {ps} and which of its behaviours the "
                              "answer counts for, as gdcourse inquiry writes it. Put it right, or delete the file.")
        found.append({"file": f"{FOLDER}/{ps}/{path.name}", "exercise": head["exercise"],
                      "behaviours": head["behaviours"], "source": source})  # fmt: skip
    return found


def write_accepted(course, ps, name, source, **head):
    """Write an accepted answer under a name of its own. Returns: its path."""
    folder = Path(course, FOLDER, ps)
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (path := folder / f"{name}{'' if number == 1 else f'-{number}'}.py").exists():
        number += 1
    text = f"# {json.dumps(head)}\n{source}\n"
    with open(path, "x", encoding="utf-8", errors="replace", newline="\n") as file:
        path.chmod(0o600)  # a student's name, and her work
        file.write(text)
    return path
