"""Five hundred broken submissions: each ends in one status with a reason, and none of them stops the others.

What breaks them is drawn from a seed: bytes, JSON, cells, ids, encodings, sources. Most of them never run.
"""

import copy
import json
import os
import random
import signal
from contextlib import contextmanager

import numpy as np
import pytest

from gdcourse import checks
from gdcourse.checks import judging
from gdcourse.checks.exercise import Oracle, Rng, Run
from gdcourse.grading import grade
from gdcourse.grading.intake import rebuilding
from gdcourse.grading.running.job import STATUSES
from tests.grading.conftest import PS, make_believe

pytestmark = pytest.mark.thorough

BROKEN = 500
ODD = [None, True, -1, 10**30, 1e308, "", "x" * 10_000, "\ud800", "\x00", [], {}, [[]], {"a": {}}, ["a", 1], "code"]


def _flipped(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 3, 30])):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def _cut(rng, data):
    start = rng.randrange(len(data))
    return data[:start] if rng.random() < 0.5 else data[start:]


def _doubled(rng, data):
    start, end = sorted(rng.randrange(len(data)) for _ in range(2))
    return data[:end] + data[start:]


def _recoded(rng, data):
    text = data.decode()
    return rng.choice([lambda: text.encode("utf-16"), lambda: text.encode("utf-8-sig"), lambda: text.encode("utf-32"),
                       lambda: text.replace("\n", "\r\n").encode(), lambda: text.encode("cp1252", "replace") + b"\xff",
                       lambda: data.replace(b" ", "\u00a0".encode("latin-1")), lambda: b"\x1f\x8b" + data,
                       lambda: b"PK\x03\x04" + data, lambda: b"", lambda: b"\x00" * 100, lambda: b"[" * 5000,
                       lambda: json.dumps(json.loads(text)["cells"]).encode()])()  # fmt: skip


def _places(tree):
    """Yield (holder, key) of every value in a tree of JSON."""
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from _places(tree[key])


def _misvalued(rng, book):
    for _ in range(rng.choice([1, 2, 20])):
        holder, key = rng.choice(list(_places(book)))
        holder[key] = copy.deepcopy(rng.choice(ODD))


def _dropped(rng, book):
    for _ in range(rng.choice([1, 5, 50])):
        holder, key = rng.choice(list(_places(book)) or [(book, "cells")])
        del holder[key]


def _shuffled(rng, book):
    rng.shuffle(book["cells"])
    book["cells"] = book["cells"][: rng.randrange(len(book["cells"]) + 1)] + rng.sample(book["cells"], rng.randrange(5))


def _ids_mixed(rng, book):
    marked = [cell["metadata"]["nbgrader"] for cell in book["cells"] if "nbgrader" in cell["metadata"]]
    for _ in range(rng.choice([1, 3, 10])):
        a, b = rng.sample(marked, 2)
        a["grade_id"] = rng.choice([b["grade_id"], "new", "", 7, None, ["x"], "x" * 500, b["grade_id"].upper()])


def _kinds_mixed(rng, book):
    for cell in rng.sample(book["cells"], rng.choice([1, 3, 20])):
        cell["cell_type"] = rng.choice(["code", "markdown", "raw", "heading", "", None, 3, "Code"])


def _sources_mixed(rng, book):
    for cell in rng.sample(book["cells"], rng.choice([1, 3, 10])):
        text = "".join(cell["source"])
        cell["source"] = rng.choice([text[: rng.randrange(len(text) + 1)], text.split("\n"), [text, None], text[::-1],
                                     "%%nonsense\n" + text, "\ud83d" + text, "\x00\x1b[2J" + text, text * 50,
                                     {"a": text}, text.replace(" ", "\t"), text.upper(), None])  # fmt: skip


BYTES = _flipped, _cut, _doubled, _recoded
TREES = _misvalued, _dropped, _shuffled, _ids_mixed, _kinds_mixed, _sources_mixed


def broken(number, release):
    """Return the bytes of a broken notebook."""
    rng = random.Random(number)
    if rng.random() < 0.35:
        return rng.choice(BYTES)(rng, json.dumps(release, indent=1).encode())
    book = copy.deepcopy(release)
    for _ in range(rng.choice([1, 1, 3])):
        try:
            rng.choice(TREES)(rng, book)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):  # it is broken already
            break
    return json.dumps(book).encode()


@pytest.fixture(scope="module")
def folders(ours, tmp_path_factory):
    """Submissions, all broken but the first and the last."""
    root = tmp_path_factory.mktemp("submitted")
    release = json.loads(json.dumps(ours.notebook))
    for number in range(BROKEN + 2):
        folder = root / f"s{number:03}" / PS
        folder.mkdir(parents=True)
        whole = number in (0, BROKEN + 1)
        (folder / f"{PS}.ipynb").write_bytes(json.dumps(release).encode() if whole else broken(number, release))
    return root


def test_each_is_taken_in_or_turned_away_with_a_reason(folders, ours):
    found = {}
    for folder in sorted(folders.iterdir()):
        submission = rebuilding.read(folder / PS, ours)
        found.setdefault(submission.status, []).append(folder.name)
        assert submission.status in ("", "rejected", "missing"), submission
        assert submission.reason or not submission.status
        assert len(lines := submission.reason.split("\n")) <= 3 and all(map(str.isprintable, lines))
        graded = [c for c in submission.notebook.cells if rebuilding.kind_of(c) == "test"]
        assert [c.source for c in sorted(graded, key=lambda c: c.id)] == [
            ours.marked[name].source for name in sorted(c.id for c in graded)]  # fmt: skip
        assert len(graded) == sum(rebuilding.kind_of(c) == "test" for c in ours.marked.values())
    assert len(found[""]) > 100 and len(found["rejected"]) > 100


def test_a_class_of_them_is_recorded_to_the_last(folders, course, pretend):
    (course / "submitted").symlink_to(folders)
    pretend.run = lambda job: make_believe(job, passed=lambda name: job["student"] in ("s000", f"s{BROKEN + 1}"))
    some = grade.grade(course, PS, students="s*" if os.environ.get("GDCOURSE_SEEDS") else "s?[05]?")  # a fifth of them
    assert len(some) > 100 and len({outcome.student for outcome in some}) == len(some)
    assert all(outcome.status in STATUSES and outcome.status != "grader error" for outcome in some)
    assert all(outcome.reason for outcome in some if outcome.status != "graded")
    assert {o.student: o.score for o in some if o.score} == {"s000": 20, f"s{BROKEN + 1}": 20}


# What a submission may answer, whatever it is, is judged soon


WILD = {
    "whole numbers": [10**2000, -(10**400), 2**62, 2**53 + 1, 0, -1],
    "numbers": [float("nan"), float("inf"), -float("inf"), 1e308, 5e-324, complex(0, float("inf"))],
    "texts": ["", "x" * 100_000, "nan", "{}", "\x00"],
    "arrays": [np.zeros((0, 3)), np.zeros((1 << 12, 0)), np.zeros(100_000), np.full((3, 3), np.nan), np.array(1.0),
               np.zeros(3, bool), np.ones((300, 300), complex), np.arange(5, dtype="u1"), np.full(4, np.inf)],
    "nested": [[], (), {}, [[[[[]]]]], {"a": {"b": {}}}, [None] * 1000, [0.0] * 50_000, {n: n for n in range(10_000)}],
}  # fmt: skip


@contextmanager
def soon(seconds):
    def late(*_):
        raise TimeoutError(f"not within {seconds} seconds")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)  # of computing, however busy the machine is
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _wilder(value, wild):
    """Yield what is built like a value, with something wild in one of its places, and the wild thing itself."""
    yield wild
    if isinstance(value, tuple | list):
        for place in range(len(value)):
            yield type(value)([*value[:place], wild, *value[place + 1 :]])
    if isinstance(value, dict):
        yield from ({**value, key: wild} for key in value)
    if isinstance(value, np.ndarray) and value.size and isinstance(wild, int | float) and abs(wild) < 2**63:
        yield np.full(value.shape, wild)


QUICK = "ps01", "ps02", "ps03", "ps05", "ps06", "ps09"  # whose references take no time


@pytest.mark.parametrize("ps", QUICK)
def test_whatever_comes_back_is_judged_soon(ps):
    rng = random.Random(ps)
    for exercise in checks.assignment(ps).exercises:
        for behaviour in exercise.behaviours:
            wanted = judging._known(exercise, exercise.reference, 0)(behaviour)
            cases = exercise.draw(behaviour, 0)
            for kind, things in WILD.items():
                wild = rng.choice(things)
                within = [rng.choice(list(_wilder(want.output, rng.choice(things)))) for want in wanted]
                for outputs in (within, [wild] * len(wanted)):
                    runs = [Run(output, _plain(case), (), None, "") for output, case in zip(outputs, cases)]
                    with soon(20):
                        try:
                            (verdict,) = judging.judge(exercise, 0, lambda b, runs=runs: runs, (), behaviour.name)
                        except TimeoutError:
                            pytest.fail(f"{exercise.name}, {behaviour.name}: {kind} are not judged in time")
                        except Exception:  # which `execute` notes, and takes for a wrong answer
                            continue
                assert not verdict.passed, (exercise.name, behaviour.name, kind)  # the same for every case


def _plain(case):
    return {name: None if isinstance(value, Oracle | Rng) else value for name, value in case.items()}
