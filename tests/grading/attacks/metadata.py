"""Metadata, tags and ids that say something else than the release did."""

import copy

from tests.grading.attacks import notebook


@notebook("skip-execution", "tags the test cells so that they are never run")
def skipped(case):
    for cell in case.cells("test"):
        cell["metadata"]["tags"] = ["skip-execution"]


@notebook("raises-exception", "tags the test cells so that an error there is no error")
def allowed(case):
    for cell in case.cells("test"):
        cell["metadata"]["tags"] = ["raises-exception"]


@notebook("remove-cell", "tags every cell to be taken out")
def removed(case):
    for cell in case.book["cells"]:
        cell["metadata"]["tags"] = ["remove-cell", "remove_cell", "remove-input"]


@notebook("old-schema", "claims that its metadata is of schema 2, which stops stock's whole batch")
def old_schema(case):
    for cell in case.cells("test"):
        cell["metadata"]["nbgrader"]["schema_version"] = 2


@notebook("new-schema", "claims a schema that is not yet invented")
def new_schema(case):
    for cell in case.cells("test"):
        cell["metadata"]["nbgrader"]["schema_version"] = 4711


@notebook("schema-as-text", "gives metadata the wrong types")
def wrong_types(case):
    for number, cell in enumerate(case.cells("test")):
        key, value = [("schema_version", "three"), ("points", "lots"), ("grade", "yes"), ("grade_id", 7),
                      ("locked", None), ("solution", [])][number % 6]  # fmt: skip
        cell["metadata"]["nbgrader"][key] = value


@notebook("metadata-is-a-list", "puts a list where metadata is expected")
def listed(case):
    case.cells("test")[0]["metadata"]["nbgrader"] = ["grade", "points"]
    case.book["metadata"] = []


@notebook("more-points", "raises every test cell to 1000 points")
def richer(case):
    for cell in case.cells("test"):
        cell["metadata"]["nbgrader"]["points"] = 1000


@notebook("negative-points", "lets a test cell cost points when it passes and pay when it fails")
def negative(case):
    for cell in case.cells("test"):
        cell["metadata"]["nbgrader"]["points"] = -1


@notebook("own-bonus-cell", "adds a graded cell of its own with 50 points")
def bonus(case):
    cell = copy.deepcopy(case.cells("test")[0])
    cell["metadata"]["nbgrader"] |= {"grade_id": "bonus", "points": 50}
    cell["source"], cell["id"] = "pass", "bonus"
    case.book["cells"].append(cell)


@notebook("ids-swapped", "gives a cell that always passes the id of every test in turn")
def swapped(case):
    tests = case.cells("test")
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in tests]
    for cell, name in zip(tests, ids[1:] + ids[:1], strict=True):
        cell["metadata"]["nbgrader"]["grade_id"] = name
        cell["source"] = "pass"


@notebook("ids-of-solutions", "gives the setup cell a test's id and points")
def setup_is_a_test(case):
    case.cells("setup")[0]["metadata"]["nbgrader"] = dict(case.cells("test")[0]["metadata"]["nbgrader"])


@notebook("id-twice", "hands in each test cell a second time, empty")
def twice(case):
    for cell in case.cells("test"):
        extra = copy.deepcopy(cell)
        extra["source"], extra["id"] = "pass", cell["id"] + "-too"
        case.book["cells"].append(extra)


@notebook("solution-twice", "hands in a solution cell twice, the second with other code")
def solution_twice(case):
    extra = copy.deepcopy(case.cells("solution")[1])
    extra["source"], extra["id"] = "def gd_iterations(kappa, eps):\n    return float('nan')", "another"
    case.book["cells"].append(extra)


@notebook("unlocked", "unlocks the test cells and empties them")
def unlocked(case):
    for cell in case.cells("test"):
        cell["metadata"]["nbgrader"]["locked"] = False
        cell["source"] = ""


@notebook("tests-as-solutions", "declares the test cells its own answers, which nobody restores")
def own(case):
    for cell in case.cells("test"):
        cell["metadata"]["nbgrader"] |= {"solution": True, "locked": False}
        cell["source"] = "pass"


@notebook("tests-as-tasks", "declares the test cells tasks to be graded by hand")
def tasks(case):
    for cell in case.cells("test"):
        cell["metadata"]["nbgrader"] |= {"task": True, "grade": False, "solution": False}


@notebook("tests-as-markdown", "turns the test cells into text")
def text(case):
    for cell in case.cells("test"):
        cell["cell_type"] = "markdown"
        cell.pop("outputs"), cell.pop("execution_count")


@notebook("tests-as-raw", "turns the test cells into raw cells")
def raw(case):
    for cell in case.cells("test"):
        cell["cell_type"] = "raw"
        cell.pop("outputs"), cell.pop("execution_count")


@notebook("forged-checksum", "gives edited test cells the checksum of the originals")
def checksums(case):
    for cell in case.cells("test"):
        cell["source"] = "pass"  # its checksum stays as released


@notebook("other-kernel", "asks to be run by a kernel that is none")
def kernel(case):
    case.book["metadata"]["kernelspec"] = {"name": "../../../bin/sh", "display_name": "sh", "language": "sh"}
    case.book["metadata"]["language_info"] = {"name": "bash"}


@notebook("own-kernel", "brings a kernel of its own beside the notebook")
def own_kernel(case):
    case.beside("kernels/mine/kernel.json", '{{"argv": ["/bin/true"], "display_name": "mine", "language": "python"}}')
    case.book["metadata"]["kernelspec"] = {"name": "mine", "display_name": "mine", "language": "python"}


@notebook("format-3", "is a notebook of format 3")
def older(case):
    cells = [{"cell_type": "code", "collapsed": False, "input": c["source"], "language": "python", "outputs": [],
              "metadata": c["metadata"]} for c in case.book["cells"] if c["cell_type"] == "code"]  # fmt: skip
    case.book = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""},
                 "worksheets": [{"metadata": {}, "cells": cells}]}  # fmt: skip


@notebook("format-5", "is a notebook of a format to come")
def newer(case):
    case.book["nbformat"], case.book["nbformat_minor"] = 5, 2**70


@notebook("same-cell-ids", "gives every cell the same id")
def same_ids(case):
    for cell in case.book["cells"]:
        cell["id"] = "a"


@notebook("execution-settings", "sets papermill's and nbclient's options in the metadata")
def settings(case):
    case.book["metadata"] |= {"papermill": {"parameters": {"grade": "print"}}, "execution": {"allow_errors": True},
                              "nbgrader": {"autograde": False, "score": 20}}  # fmt: skip
    for cell in case.cells("test"):
        cell["metadata"] |= {"frozen": True, "init_cell": False, "editable": True, "deletable": False}


@notebook("score-in-metadata", "writes its own score where a grader may keep it")
def scored(case):
    for cell in case.cells("test"):
        cell["metadata"]["nbgrader"] |= {"score": 5, "auto_score": 5, "manual_score": 5, "extra_credit": 99}


ATTACKS = (skipped, allowed, removed, old_schema, new_schema, wrong_types, listed, richer, negative, bonus, swapped,
           setup_is_a_test, twice, solution_twice, unlocked, own, tasks, text, raw, checksums, kernel, own_kernel,
           older, newer, same_ids, settings, scored)  # fmt: skip
