"""A student objects: what she wrote, what she was told and the cases that failed, on one page; and what is accepted.

An accepted answer counts for the behaviours that the objection is about and for no others. It is a student's program,
so that the sandbox alone runs it, here as later.
"""

import os
import re
import types
import warnings
from pathlib import Path
from typing import NamedTuple

from gdcourse import checks
from gdcourse.checks import judging, reporting
from gdcourse.checks.exercise import Exercise
from gdcourse.grading.authoring.assign import cell_id
from gdcourse.grading.authoring.own import PRETENDERS
from gdcourse.grading.course.accepted import accepted, write_accepted
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.gradebook import journal
from gdcourse.grading.gradebook.feedback_page import FeedbackPage
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.intake.definitions import defined
from gdcourse.grading.intake.showing import shown as cut
from gdcourse.grading.intake.submitted import submissions
from gdcourse.grading.report.tables import shown
from gdcourse.grading.running.alone import runs_of
from gdcourse.grading.running.cell_outputs import clean
from gdcourse.grading.running.job import checked
from gdcourse.grading.sandbox.warm_processes import GraderError, close

IMPORTED = re.compile(r"^(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+(.+)", re.MULTILINE)
CASES = 5  # that fail, of each behaviour
INSTEAD = "Give points by hand, or to everyone in term.toml."
WORDS = 20_000  # characters of an objection
DRAWS = 3  # seeds beside her own on which an answer must come to its end before it is accepted


class Inquiry(NamedTuple):
    """A student's answer to one exercise, and what is objected to.

    name: what was asked about; told: {behaviour's name: what she read}; source: the code that defines her functions;
    why: why they do not run by themselves, if so; failing: {behaviour's name: [(case, fault)]}; runs: {behaviour's
    name: her runs}.
    """

    ps: str
    student: str
    name: str
    exercise: Exercise
    task: str
    told: dict
    source: str
    why: str
    failing: dict
    runs: dict
    job: dict


def inquire(course, ps, student, name):
    """Return the Inquiry of a student into an exercise, or into one graded cell of it. Raises: CourseError."""
    exercise, asked = _asked(ps, name)
    known = journal.Journal(course, ps)
    head = known.done.get(student)
    result = head and known.result(head.get("key"))
    folder = submissions(course, ps).get(student)
    if not result or not folder:
        raise CourseError(f"nothing of {student} is graded in {ps}. Those who are: gdcourse status {ps}")
    told = {b.name: result["verdicts"].get(cell_id(exercise, b), {"passed": True}) for b in asked}
    told = {behaviour: verdict["text"] for behaviour, verdict in told.items() if not verdict["passed"]}
    if not told:
        raise CourseError(f"{student} has all the points that {name} gives in {ps}: there is nothing to object to")
    ours = rebuilding.skeleton(course, ps)
    submission = rebuilding.read(folder, ours)
    cells = rebuilding.job_cells(submission.notebook)
    if journal.seed(journal.secret(course), ps, student, cells) != head.get("seed"):
        raise CourseError(f"what {student} has handed in is not what was graded. First: gdcourse grade {ps}")
    job = checked({"ps": ps, "student": student, "cells": [], "seed": head["seed"], "backend": result["backend"]})
    source, runs, why = _alone(job, exercise, list(told), cells)
    failing = {b.name: judging.failing(exercise, b, job["seed"], runs[b.name]) for b in asked if b.name in runs}
    task = _task(ours.notebook, exercise)
    return Inquiry(ps, student, name, exercise, task, told, source, why, failing, runs, job)


def _asked(ps, name):
    for exercise in checks.assignment(ps).exercises:
        if name in (exercise.name, *exercise.names):
            return exercise, exercise.behaviours
        for behaviour in exercise.behaviours:
            if name == cell_id(exercise, behaviour):
                return exercise, (behaviour,)
    known = ", ".join(exercise.name for exercise in checks.assignment(ps).exercises) or "none"
    raise CourseError(f"{ps} has no exercise and no graded cell {name!r} that is judged. Its exercises: {known}")


def _alone(job, exercise, behaviours, cells):
    """Return the code that her functions need, their runs, and why there are none: of few cells, or else of all."""
    tests = [n for n, cell in enumerate(cells) if cell["kind"] == "test" and exercise.names == _names(cell["source"])]
    before = [cell["source"] for cell in cells[: tests[0]] if cell["kind"] != "test" and cell["source"].strip()]
    why = ""
    for some in (taken_out(before, exercise.names), before):
        source = "\n\n\n".join(text.strip("\n") for text in some)
        try:
            return source, runs_of(job, _answer(exercise, behaviours, source)), ""
        except GraderError as error:
            why = clean(str(error))
        finally:
            close()
    return source, {}, why


def _names(source):
    return tuple(re.split(r"\s*,\s*", words[1])) if (words := checks.GRADED.fullmatch(source)) else ()


def _answer(exercise, behaviours, source):
    return {"file": "her answer", "exercise": exercise.name, "behaviours": behaviours, "source": source}


def taken_out(texts, names):
    """Return those texts of cells that define some names, and what these use in turn; of two definitions the last."""
    where = {name: number for number, text in enumerate(texts) for name in defined(text) | _imported(text)}
    wanted, chosen = list(names), set()
    while wanted:
        number = where.get(wanted.pop())
        if number is not None and number not in chosen:
            chosen.add(number)
            wanted += _used(texts[number])
    return [texts[number] for number in sorted(chosen)]


def _imported(text):
    """Return the names that a cell imports at its top."""
    parts = [part.strip(" ()").split() for line in IMPORTED.findall(text) for part in line.partition("#")[0].split(",")]
    return {words[-1].partition(".")[0] for words in parts if words}


def _used(text):
    """Return the names that code asks for, other than its own variables; all its words where it is no plain Python."""
    def of(code):
        return set(code.co_names).union(*(of(part) for part in code.co_consts if isinstance(part, types.CodeType)))

    try:
        with warnings.catch_warnings(action="ignore"):  # which would print her line
            return of(compile(text, "cell", "exec", dont_inherit=True))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(re.findall(r"[^\W\d]\w*", text))


def _task(notebook, exercise):
    """Return the text that asks for an exercise: from the heading above its cell on."""
    cells = notebook.cells
    at = next(n for n, c in enumerate(cells) if c.metadata.get("nbgrader", {}).get("grade_id", "").startswith(
        f"{exercise.name}-") or c.metadata.get("nbgrader", {}).get("grade_id") == exercise.name)  # fmt: skip
    texts = []
    for cell in reversed(cells[:at]):
        texts += [cell.source] * (cell.cell_type == "markdown")
        if cell.cell_type == "markdown" and re.search(r"^#", cell.source, re.MULTILINE):
            break
    return "\n\n".join(reversed(texts))


def write_inquiry(course, inquiry, words=""):
    """Write the page of an inquiry. words: the student's own. Returns: its path."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    notebook = FeedbackPage().read
    pages = Environment(loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined,
                        trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    says = {b.name: b.says for b in inquiry.exercise.behaviours}
    failing = {name: [_as_text(*one) for one in faults[:CASES]] for name, faults in inquiry.failing.items()}
    text = pages.get_template("inquiry.html.jinja").render(
        inquiry=inquiry, says=says, failing=failing, student=shown(inquiry.student), task=notebook(inquiry.task),
        words=clean(words[:WORDS]), source=_readable(inquiry.source), counts={
            name: (len(faults), len(inquiry.runs[name])) for name, faults in inquiry.failing.items()})  # fmt: skip
    folder = Path(course) / "reports" / f"{inquiry.ps}-inquiries"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{_plain(inquiry.student)}-{_plain(inquiry.name)}.html"
    draft = target.with_suffix(".draft")
    draft.touch(mode=0o600)  # a name and marks
    draft.write_text(text, "utf-8", errors="replace")
    os.replace(draft, target)
    return target


def _as_text(case, fault):
    """Return a failing case as texts; they may quote her own."""
    texts = reporting.as_text(case, fault) | {"sentence": fault.sentence}
    return {name: clean(text) if isinstance(text, str) else list(map(clean, text)) for name, text in texts.items()}


def _readable(source):
    from nbformat.v4 import new_code_cell, new_notebook

    return clean(cut(new_notebook(cells=[new_code_cell(source)])).cells[0].source)


def _plain(name):
    """Return a student's name as one of a file."""
    return re.sub(r"[^\w -]", "_", name)[:80]


def told(inquiry):
    """Return lines on what is objected to, for a terminal."""
    lines = [f"{shown(inquiry.student)}, {inquiry.ps}, {inquiry.exercise.name}:"]
    for name, text in inquiry.told.items():
        lines += [f"\n{name}", text]
        if name in inquiry.failing:
            lines.append(f"{len(inquiry.failing[name])} of {len(inquiry.runs[name])} cases fail.")
    return [*lines, *[f"\nHer functions do not run by themselves: {inquiry.why}"] * bool(inquiry.why)]


def accept(course, inquiry, why):
    """Write a student's answer down as an accepted one. Returns: its path. Raises: CourseError if it cannot be one.

    It must come to its end, here and on other cases than hers, and nobody may have points by it who returns nothing.
    """
    if not why.strip():
        raise CourseError("say why it is accepted: whoever reads the file later wants to know")
    if inquiry.why:
        raise CourseError(f"it cannot be accepted, for it does not run by itself: {inquiry.why}")
    exercise, job = inquiry.exercise, inquiry.job
    behaviours = [b for b in exercise.behaviours if b.name in inquiry.told]
    answer = _answer(exercise, list(inquiry.told), inquiry.source)
    for draw in range(DRAWS + 1):
        seed = job["seed"] + draw
        try:
            runs = inquiry.runs if not draw else runs_of({**job, "seed": seed}, answer)
        except GraderError as error:
            raise CourseError(f"it cannot be accepted, for on other cases it fails: {clean(str(error))}") from None
        finally:
            close()
        for b in behaviours:
            if not judging.comes_out_as(exercise, b, seed, runs[b.name], runs[b.name]):
                raise CourseError(f"it cannot be accepted: on some cases of {b.name!r} it stops with an error, and "
                                  f"nothing can be compared with that. {INSTEAD}")
            for what, pretender in PRETENDERS.items():
                theirs = judging.answers(exercise, (pretender,) * len(exercise.names), seed)(b)
                if judging.comes_out_as(exercise, b, seed, theirs, runs[b.name]):
                    raise CourseError(f"it cannot be accepted: a function that {what} would have the points of "
                                      f"{b.name!r} by it. {INSTEAD}")
    before = accepted(course, inquiry.ps)
    same = [one["file"] for one in before if (one["exercise"], one["source"].strip()) == (
        exercise.name, inquiry.source.strip()) and set(one["behaviours"]) >= set(inquiry.told)]  # fmt: skip
    if same:
        raise CourseError(f"it is accepted already: {same[0]}")
    name = f"{exercise.name}-{_plain(inquiry.student).replace(' ', '-')}"
    return write_accepted(course, inquiry.ps, name, inquiry.source, exercise=exercise.name,
                          behaviours=list(inquiry.told), student=inquiry.student,
                          why=" ".join(why.split()))  # fmt: skip
