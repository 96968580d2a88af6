"""Say how grading went: the closing table, one student's story, and a file for the spreadsheet."""

import csv
import os
import textwrap
from pathlib import Path

from gdcourse import checks
from gdcourse.grading.authoring.assign import exercise_of
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.gradebook import journal
from gdcourse.grading.gradebook.journal import outcomes
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.report.ideas import of_student

LOOK = ("grader error", "died", "memory", "timeout", "output limit", "rejected", "missing")  # the gravest first
NOT_ENTERED = "grader error", "rejected", "missing"
NEXT = {
    "graded": "Nothing. `gdcourse feedback {ps}` writes what she will read.",
    "graded with notes": "Read the notes above. Nothing has to be done if they are harmless.",
    "timeout": "Look for a loop that never ends. If the machine was busy: gdcourse regrade {ps} --only timeout",
    "memory": "Look for an array that grows. If her answer is right, ask for it in less memory.",
    "died": "Her code ended the process. Look at the cell named above, or ask her to run it all from a fresh kernel.",
    "output limit": "Look for printing in a loop. She may hand it in again without it.",
    "rejected": "Ask for the notebook again, then: gdcourse grade {ps}",
    "missing": "Ask for the notebook, put it into submitted/{student}/{ps}/, then: gdcourse grade {ps}",
    "grader error": "Not hers to mend; no score was entered. Again: gdcourse regrade {ps} --only 'grader error'",
}
WAITING = "Grade by hand what waits, then: gdcourse report {ps}, and gdcourse feedback {ps}"
RENAME = "Rename her folder in submitted/, then: gdcourse grade {ps}"


def closing(done):
    """Return the table at the end of a run: status, count, mean score, and who needs a look."""
    rows = [("status", "count", "mean score", "who needs a look")]
    for status in ("graded", "graded with notes", *reversed(LOOK)):
        group = [o for o in done if o.status == status]
        scores = [o.score for o in group if o.score is not None]
        who = [shown(o.student) for o in group] if status in LOOK else []
        some = ", ".join(who[:8]) + (f" and {len(who) - 8} more" if len(who) > 8 else "")
        mean = f"{sum(scores) / len(scores):.2f}" if scores else "-"
        rows += [(status, str(len(group)), mean, some)] if group else []
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(f"{a:{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d}".rstrip() for a, b, c, d in rows)


def not_final(entries):
    """Return lines on what the scores in the table do not say: answers that wait for a person, and late work."""
    waiting, late = [e for e in entries if e.waiting], [e for e in entries if e.penalty]
    lines = [f"Not final: answers of {_students(len(waiting))} wait to be graded by hand."] * bool(waiting)
    return lines + [f"Taken off already, for being late: {sum(e.penalty for e in late):g} points of "
                    f"{_students(len(late))}."] * bool(late)  # fmt: skip


def _students(count):
    return f"{count} student{'s' * (count != 1)}"


def status(course, ps):
    """Return a line for each student: status, score, reason."""
    from gdcourse.grading.gradebook.reading import read
    from gdcourse.grading.intake.submitted import submissions

    known = outcomes(course, ps)
    entries, absent, _ = read(course, ps, notebooks=False) if known else ([], [], {})
    done = {o.student: o for o in as_marked(known, entries)}
    waiting = [student for student in submissions(course, ps) if student not in done]
    rows = [(shown(o.student), o.status, "-" if o.score is None else f"{o.score:g}", o.reason.replace("\n", " "))
            for o in done.values()] + [(shown(student), "not graded yet", "-", "") for student in waiting]  # fmt: skip
    rows += [(shown(s), "missing", "-", "Nothing was handed in.") for s in absent if s not in waiting]
    if not rows:
        raise CourseError(f"nothing was handed in of {ps}: there is no folder submitted/STUDENT/{ps}.")
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(f"{a:{widths[0]}}  {b:{widths[1]}}  {c:>{widths[2]}}  {d}".rstrip() for a, b, c, d in sorted(rows))


def as_marked(done, entries):
    """Return the outcomes with the scores that the gradebook has by now: marks given by hand count."""
    marked = {e.student: e.total for e in entries if e.points}
    return [o if o.score is None else o._replace(score=marked.get(o.student, o.score)) for o in done]


def explain(course, ps, student):
    """Return what was run of a student's submission, what stopped it, every verdict, and what to do next."""
    from gdcourse.grading.gradebook.reading import read
    from gdcourse.grading.intake.submitted import enterable

    known = journal.Journal(course, ps)
    line = known.done.get(student)
    if line is None:
        raise CourseError(f"nothing of {student} is graded in {ps}. Those who are: gdcourse status {ps}")
    entries, _, worth = read(course, ps, notebooks=False)
    entry = next(e for e in entries if e.student == student)
    points = sum(worth.get(cell, 0) for cell in exercise_of(ps) or (known.result(line["key"]) or {}).get("scores", ()))
    score = "no score" if line["score"] is None else f"{entry.total:g} points, {points:g} to be had without a person"
    parts = [f"{shown(student)}, {ps}: {line['status']}, {score}", *line["reason"].split("\n")]
    parts += [lateness(entry.seconds_late, entry.penalty)] * bool(entry.seconds_late)
    parts += [f"To be graded by hand, in formgrader: {', '.join(entry.waiting)}."] * bool(entry.waiting)
    result = known.result(line["key"])
    if result:
        parts.append(f"run in the {result['backend']} back end for {result['seconds']:.1f} s, with the package "
                     f"{result['package'][:12]}")  # fmt: skip
        if "seed" in line and checks.assignment(ps).exercises:
            parts.append(f"the inputs were drawn for this attempt alone; the same again: check(f, seed={line['seed']})")
        for cell, verdict in result["verdicts"].items():
            mark, most = "ok" if verdict["passed"] else "no", worth.get(cell, verdict["of"])
            about = ", ".join(filter(None, (verdict["exercise"], verdict["behaviour"])))
            parts.append(f"\n{mark}  {entry.points.get(cell, 0):g} of {most:g}  {about}")
            parts += [textwrap.indent(verdict["text"], "      ")] * (not verdict["passed"])
    what = WAITING if entry.waiting and line["status"] == "graded" else NEXT[line["status"]]
    what = what if enterable(student) else RENAME
    parts.append("\nWhat next: " + what.format(ps=ps, student=shown(student)))
    return "\n".join(filter(None, parts))


def history(course, student):
    """Return a line for each time that something of a student's was graded, and the ideas behind her mistakes."""
    rows = []
    for ps in checks.every():
        for head in journal.Journal(course, ps).history(student):
            named = sorted({mistake for _, mistake in head.get("failed", {}).values() if mistake})
            score = "-" if head["score"] is None else f"{head['score']:g}"
            rows.append((ps, head.get("time", "-"), head["status"], score, ", ".join(named)))
    if not rows:
        raise CourseError(f"nothing of {student} was ever graded")
    lines = [_aligned(rows)]
    if behind := of_student(course, student):
        lines.append("\nThe ideas behind those mistakes:")
        wide = max(map(len, behind))
        still = [(name, [ps for ps, there in where.items() if there], where) for name, where in behind.items()]
        for name, now, where in sorted(still, key=lambda row: (-len(row[1]), row[0])):
            put_right = [f"{ps}, put right since" for ps in where if ps not in now]
            lines.append(f"{name:{wide}}  {'; '.join([', '.join(now)] * bool(now) + put_right)}")
    return "\n".join(lines)


def _aligned(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, [*widths, 0])).rstrip() for row in rows)


def lateness(seconds, penalty):
    """Say how late a submission was, and what that costs."""
    points = f"{penalty:g} point{'' if penalty == 1 else 's'}"
    return f"{_duration(seconds)} late, {points if penalty else 'nothing'} taken off."


def _duration(seconds):
    size, unit = next((s, u) for s, u in ((86_400, "day"), (3_600, "hour"), (0, "minute")) if seconds >= s)
    count = max(1, round(seconds / (size or 60)))
    return f"{count} {unit}{'' if count == 1 else 's'}"


def write_csv(course, ps):
    """Write reports/PS.csv with every student's status, score and reason, and nbgrader's own export beside it.

    Students in the gradebook who handed in nothing are in it too. Returns: its path.
    """
    from gdcourse.grading.gradebook.record import Record

    folder = Path(course) / "reports"
    folder.mkdir(exist_ok=True)
    done = {o.student: o for o in outcomes(course, ps)}
    with Record(course, rebuilding.skeleton(course, ps)) as record:
        absent = record.students() - set(done)
        theirs = folder / f"{ps}-nbgrader.csv"
        theirs.touch(mode=0o600)
        record.export(theirs)
        scores = record.scores()
    rows = [(o.student, o.status, scores.get(o.student, o.score), o.reason, o.backend) for o in done.values()]
    rows += [(student, "missing", None, "Nothing was handed in.", "") for student in absent]
    draft = folder / f".{ps}.csv.draft"
    with open(draft, "w", newline="", encoding="utf-8", errors="replace") as file:
        table = csv.writer(file)
        table.writerow(("student", "status", "score", "reason", "back end"))
        for student, *facts, reason, backend in sorted(rows):
            table.writerow((_cell(student), *facts, _cell(reason), backend))
    draft.chmod(0o600)  # names and marks
    os.replace(draft, folder / f"{ps}.csv")
    return folder / f"{ps}.csv"


def _cell(text):
    """Return a text that no spreadsheet takes for a formula, also one that takes a semicolon for the next cell."""
    text = shown(text.replace("\n", " ")).replace(";", ",")
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def shown(name):
    """Return a name that a terminal can show."""
    return "".join(c if c.isprintable() else "?" for c in name)
