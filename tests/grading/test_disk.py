"""A full disk, and submissions that take all they can get: each ends in time, and her neighbours do not notice."""

import json
import subprocess
import sys

import pytest

from gdcourse.grading.intake import rebuilding
from gdcourse.grading.running.execute import execute
from tests.conftest import needs_sandbox
from tests.grading.attacks import corpus
from tests.grading.attacks.arena import Arena, Services
from tests.grading.conftest import PS

pytestmark = pytest.mark.thorough

LIMITS = {"seconds": 8, "cell_seconds": 2}
GREEDY = ("endless-loop", "fork-bomb", "three-gigabytes", "gigabyte-of-output", "disk-full")
RIGHT = ("spectral_step", "gd_iterations")


@pytest.fixture(scope="module")
def arena(assigned, tmp_path_factory):
    needs_sandbox()
    folder = tmp_path_factory.mktemp("disk")
    services = Services(folder / "services")
    yield Arena(folder, assigned, services, assigned=True)
    services.close()


@pytest.mark.parametrize("name", GREEDY)
def test_a_greedy_submission_ends_in_time_beside_honest_ones(arena, name):
    (attack,) = (a for a in corpus() if a.name == name)
    arena.hand_in(name, attack)
    arena.hand_in_honestly(f"{name}-neighbour", RIGHT)
    ours = rebuilding.skeleton(arena.course, PS)
    results = []
    for student in (f"{name}-neighbour", name, f"{name}-neighbour"):
        cells = rebuilding.job_cells(rebuilding.read(arena.folder(student), ours).notebook)
        results.append(execute({"ps": PS, "student": student, "cells": cells, "seed": 3, "limits": LIMITS}))
    before, greedy, after = results
    assert greedy["status"] != "grader error" and sum(greedy["scores"].values()) == 0
    assert len(json.dumps(greedy)) < 3_000_000
    assert before["scores"] == after["scores"] and before["outputs"] == after["outputs"]
    assert sum(before["scores"].values()) == sum(e.points for e in arena.exercises if e.name in RIGHT)
    if name == "endless-loop":
        assert greedy["status"] == "timeout" and "seconds" in greedy["reason"]


FULL = """
import os, shutil, sys
from pathlib import Path
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.grade import grade

course, room = Path("/small/course"), int(sys.argv[1])
shutil.copytree("/arena/course", course)
filler = course / "filler"
with open(filler, "wb", buffering=0) as file:
    try:
        while True:
            file.write(b"x" * 4096)
    except OSError:
        os.truncate(filler, max(0, file.tell() - room))
for again in (False, True):
    try:
        done = grade(course, "ps03", workers=1)
        print("DONE", *(f"{o.student}={o.status}={o.score}" for o in done), sep="|")
    except CourseError as error:
        print("STOPPED", error, sep="|")
    filler.unlink(missing_ok=True)
"""


@pytest.mark.parametrize("room", [0, 50_000, 200_000])
def test_a_full_disk_stops_the_run_with_a_reason_and_costs_nobody_anything(assigned, tmp_path, room):
    """The course lies on a small disk of its own; when there is room again, the same command completes."""
    needs_sandbox()
    services = Services(tmp_path / "services")
    arena = Arena(tmp_path / "arena", assigned, services, assigned=True)
    services.close()
    for number in range(4):
        arena.hand_in_honestly(f"s{number}", RIGHT)
    points = sum(e.points for e in arena.exercises if e.name in RIGHT)
    jail = ["bwrap", "--dev-bind", "/", "/", "--size", str(3 << 20), "--tmpfs", "/mnt", "--die-with-parent"]
    script = FULL.replace("/small", "/mnt").replace("/arena", str(arena.course.parent))
    told = subprocess.run([*jail, sys.executable, "-c", script, str(room)], capture_output=True, text=True, timeout=300)
    first, second = told.stdout.strip().splitlines() or [told.stderr, ""]
    said = first.startswith("STOPPED|") and "cannot be written" in first
    assert said or "grader error=None" in first, told  # nobody's zero, either way
    assert second == "DONE|" + "|".join(f"s{number}=graded={float(points)}" for number in range(4)), told
