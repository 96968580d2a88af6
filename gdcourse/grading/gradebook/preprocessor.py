"""Give nbgrader's own `autograde`, and formgrader's button, the executor and the judge of `gdcourse grade`.

In nbgrader_config.py:

    c.Autograde.sanitize_preprocessors = ["gdcourse.grading.preprocessor.Rebuild"]
    c.Autograde.autograde_preprocessors = [
        "gdcourse.grading.preprocessor.Judge",  # in place of nbgrader's Execute
        "nbgrader.preprocessors.LimitOutput",
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]

What `gdcourse grade` adds to it: it runs several at a time, goes on after a crash, and takes in files that nbgrader
cannot read.
"""

from pathlib import Path

from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Dict, Enum

from gdcourse.grading.course.accepted import accepted
from gdcourse.grading.course.term import term
from gdcourse.grading.gradebook import journal
from gdcourse.grading.gradebook.record import with_outputs
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.intake.showing import shown


class GradingFailed(Exception):
    """A submission that could not be judged through no fault of its own: nbgrader enters no score and goes on."""


class Rebuild(NbGraderPreprocessor):
    """Rebuild a submission from the notebook that was handed out, or put a page in its place that says why not."""

    def preprocess(self, nb, resources):
        notebook, _ = rebuilt(nb, resources)
        return notebook, resources


class Judge(NbGraderPreprocessor):
    """Run a submission in the sandbox and judge it, in place of nbgrader's Execute."""

    backend = Enum(["warm", "kernel", "plain"], "warm", help="What runs them; plain: no sandbox.").tag(config=True)
    limits = Dict({}, help="Limits other than gdcourse.grading.sandbox.limits.LIMITS, by name.").tag(config=True)

    def preprocess(self, nb, resources):
        from gdcourse.grading.running.execute import execute

        # The mark is Rebuild's: in a notebook that it has rebuilt, every cell has an id of ours.
        if any(cell.get("id") == rebuilding.UNREAD for cell in nb.cells):
            return nb, resources
        notebook, readable = rebuilt(nb, resources)
        if not readable:
            return notebook, resources
        names, cells = resources["nbgrader"], rebuilding.job_cells(notebook)
        decided = term(Path.cwd(), names["assignment"])
        seed = journal.seed(journal.secret(Path.cwd()), names["assignment"], names["student"], cells)
        result = execute({"ps": names["assignment"], "student": names["student"], "cells": cells, "seed": seed,
                          "backend": self.backend, "limits": self.limits, "hint": decided.hint,
                          "files": rebuilding.skeleton(Path.cwd(), names["assignment"]).files,
                          "accepted": accepted(Path.cwd(), names["assignment"])})  # fmt: skip
        if result["status"] == "grader error":
            raise GradingFailed(result["reason"])
        for line in filter(None, [result["status"], *result["reason"].split("\n")]):
            self.log.info("%s: %s", names["student"], line)
        return shown(with_outputs(notebook, result, names["assignment"], decided.everyone)), resources


def rebuilt(nb, resources):
    """Return (the rebuilt notebook, whether it can be run). nbgrader works in the course's folder."""
    ours = rebuilding.skeleton(Path.cwd(), resources["nbgrader"]["assignment"])
    try:
        return rebuilding.rebuild(nb, ours)[0], True
    except rebuilding.Rejected as why:
        return rebuilding.unread(ours, str(why)), False
