"""Collecting what Moodle and Canvas hand out: everyone's notebook in her folder, and nothing outside of it."""

import gzip
import io
import json
import stat
import tarfile
import zipfile

import pytest

from gdcourse.grading.course.nbgrader import nbgrader
from gdcourse.grading.intake import collect, rebuilding
from tests.grading.conftest import PS

NOTEBOOK = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


def zipped(members):
    """Return a zip archive of {name: content}, or of [(ZipInfo or name, content)]."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return file.getvalue()


def tarred(members, mode="w:gz"):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):  # a link there
                entry.type, entry.linkname, content = tarfile.SYMTYPE, content, b""
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture
def collected(course):
    """A function that collects files as nbgrader does. Returns: {student: {file: content}}."""

    def run(**files):
        archive = course / "downloaded" / PS / "archive"
        archive.mkdir(parents=True)
        for name, content in files.items():
            (archive / name.replace("__", ".")).write_bytes(content)
        run.said = nbgrader(course, "zip_collect", PS)
        folders = sorted((course / "submitted").glob(f"*/{PS}"))
        return {f.parent.name: {p.name: p.read_bytes() for p in sorted(f.iterdir())} for f in folders}

    run.course = course
    return run


def test_moodle_and_canvas(collected):
    moodle = {f"Ada Lovelace_314_assignsubmission_file_/{PS}.ipynb": b"ada",
              f"Émilie du_Châtelet_315_assignsubmission_file_{PS}.ipynb": b"emilie",
              "Kim Lee_316_assignsubmission_file_/My solution.ipynb": b"kim",
              f"Kim Lee_317_assignsubmission_file_/{PS}.ipynb": b"the other kim",
              f"Zoe Zip_318_assignsubmission_file_/{PS}.zip": zipped({f"x/{PS}.ipynb": b"zoe", "x/data.csv": b"1"}),
              "Kim Lee_316_assignsubmission_file_/notes.pdf": b"%PDF",
              f"Tar Tan_319_assignsubmission_file_/{PS}.tar.gz": tarred({f"{PS}.ipynb": b"tar"})}  # fmt: skip
    canvas = {f"noethere_12_77_{PS}.ipynb": b"an older one", f"noethere_12_78_{PS}-1.ipynb": b"emmy",
              f"turingalan_LATE_13_79_{PS}-2.ipynb": b"alan"}  # fmt: skip
    found = collected(moodle__zip=zipped(moodle), submissions__zip=zipped(canvas))
    name = f"{PS}.ipynb"
    assert found == {
        "Ada Lovelace": {name: b"ada"}, "Émilie du_Châtelet": {name: b"emilie"}, "Zoe Zip": {name: b"zoe"},
        "Kim Lee 316": {"My solution.ipynb": b"kim"}, "Kim Lee 317": {name: b"the other kim"},
        "Tar Tan": {name: b"tar"}, "noethere": {name: b"emmy"}, "turingalan": {name: b"alan"}}  # fmt: skip


def refused(found, student):
    """Return the reason in the notebook that stands for a student of whom there was none."""
    ((name, text),) = found[student].items()
    assert name.endswith(".ipynb")
    return json.loads(text)["refused"]


@pytest.mark.parametrize("end", ["_", ""], ids=["Moodle 3", "Moodle 4"])
def test_who_hands_in_no_notebook_has_a_line(collected, ours, end):
    file, text = f"assignsubmission_file{end}", f"assignsubmission_onlinetext{end}"
    moodle = {f"Ada Lovelace_1_{file}/{PS}.ipynb": b"ada", f"Ada Lovelace_1_{file}/{PS}.pdf": b"%PDF",
              f"Ada Lovelace_1_{text}/onlinetext.html": b"<p>", f"Ada Lovelace_1_{file}/{PS}.zip": b"PK nothing",
              f"Pia Pdf_2_{file}/{PS}.pdf": b"%PDF", f"Pia Pdf_2_{file}/figures/one.png": b"",
              f"Onno Text_3_{text}/onlinetext.html": b"<p>", f"Eve Out_4_{file}/../../../{PS}.ipynb": b"x",
              f"Zip Zero_5_{file}/all.zip": zipped({"notes.pdf": b""}), f"Kim Lee_6_{file}/a.IPYNB": b"kim",
              f"Kim Lee_7_{file}/.DS_Store": b"", "README.txt": b"", f"Dir Only_8_{file}/": b"",
              f"Bad Both_9_{file}/a.7z": b"", f"Bad Both_9_{file}/{PS}.zip": b"PK nothing"}  # fmt: skip
    canvas = {f"noethere_12_78_{PS}-1.pdf": b"%PDF", f"turingalan_LATE_13_79_{PS}-2.docx": b"alan"}
    loose = {f"Loose One {PS}__pdf": b"%PDF", "grades__csv": b""}
    found = collected(moodle__zip=zipped(moodle), submissions__zip=zipped(canvas), **loose)
    assert set(found) == {"Ada Lovelace", "Pia Pdf", "Onno Text", "Eve Out", "Zip Zero", "Kim Lee 6", "Kim Lee 7",
                          "Bad Both", "noethere", "turingalan", "Loose One"}  # fmt: skip
    assert found["Ada Lovelace"] == {f"{PS}.ipynb": b"ada"} and found["Kim Lee 6"] == {"a.ipynb": b"kim"}
    reasons = {"Pia Pdf": f"{PS}.pdf, one.png", "Onno Text": "onlinetext.html",
               "Eve Out": f"{PS}.ipynb (no ordinary file of its folder)",
               "Zip Zero": "all.zip (there is no notebook in it)", "Kim Lee 7": ".DS_Store",
               "Bad Both": f"a.7z, {PS}.zip (it is no archive, or a damaged one)",
               "noethere": f"noethere_12_78_{PS}-1.pdf", "Loose One": f'"Loose One {PS}.pdf"'}  # fmt: skip
    for student, words in reasons.items():
        why = f"Hand in the notebook itself: none could be taken from {words}."
        assert refused(found, student) == why
        taken = rebuilding.read(collected.course / "submitted" / student / PS, ours)
        assert (taken.status, taken.reason) == ("rejected", why)
        said = student.removesuffix(" 7")
        assert f"WARNING] {said}: no notebook could be taken from {words}\n" in collected.said
    assert "nobody's by their names: " in collected.said and "Ada Lovelace: no" not in collected.said
    (line,) = [line for line in collected.said.splitlines() if "nobody's" in line]
    assert {"README.txt", "grades.csv"} == set(line.split(": ")[-1].split(", "))


def test_whom_canvas_calls_late_is_said(collected):
    canvas = {f"turingalan_LATE_13_79_{PS}-2.ipynb": b"alan", f"noethere_12_78_{PS}-1.ipynb": b"emmy",
              f"lovelaceada_LATE_14_80_{PS}.pdf": b"", f"laterlou_15_80_LATE_1_{PS}.ipynb": b"lou"}  # fmt: skip
    found = collected(submissions__zip=zipped(canvas))
    assert "Canvas calls late: lovelaceada, turingalan. " in collected.said and "timestamp.txt" in collected.said
    assert not any("timestamp.txt" in files for files in found.values()), "a file's time is not that of handing in"


def test_nobody_is_called_late_without_canvas_saying_so(collected):
    collected(submissions__zip=zipped({f"noethere_12_78_{PS}-1.ipynb": b"emmy"}))
    assert "calls late" not in collected.said


def test_nobody_hands_in_in_anothers_name(collected):
    """Only the folder, or the beginning of a name, is the system's; the rest is what a student called her file."""
    own, ada = "Zoe Moon_9_assignsubmission_file_", "Ada Lovelace_314_assignsubmission_file_"
    files = [f"{own}/Ada Lovelace_314_1_{PS}.ipynb", f"{own}/Ada Lovelace_2_1_{PS}.ipynb", f"{own}/a/{ada}{PS}.ipynb",
             f"{own}{ada}{PS}.ipynb", f"{own}/{ada}/{PS}.ipynb"]  # fmt: skip
    found = collected(class__zip=zipped({f"{ada}/{PS}.ipynb": b"ada"} | dict.fromkeys(files, b"zoe")))
    assert set(found) == {"Ada Lovelace", "Zoe Moon"}
    assert set(found["Ada Lovelace"].values()) == {b"ada"} and set(found["Zoe Moon"].values()) == {b"zoe"}


def test_names_that_no_file_can_have_stop_nobody(collected):
    long = zipped({"b" * 150 + ".ipynb": NOTEBOOK, "c.ipynb": NOTEBOOK})
    members = {"Ann Lee_1_assignsubmission_file_" + "a" * 160 + ".zip": long,
               "Bob Lee_2_assignsubmission_file_/x.ipynb": NOTEBOOK,
               "Bob Lee_2_assignsubmission_file_/x.ipynb/y.ipynb": NOTEBOOK,
               f"Zoe Lee_3_assignsubmission_file_/{PS}.ipynb": NOTEBOOK}  # fmt: skip
    found = collected(class__zip=zipped(members))
    assert set(found) == {"Ann Lee", "Bob Lee", "Zoe Lee"} and "is left out" in collected.said


def test_loose_notebooks_and_times_in_their_names(collected):
    files = {f"Ada Lovelace {PS}__ipynb": b"ada", f"{PS.upper()}_eve__ipynb": b"eve", f"{PS}__ipynb": b"whose?"}
    assert collected(**files) == {"Ada Lovelace": {f"{PS}.ipynb": b"ada"}, "eve": {f"{PS}.ipynb": b"eve"}}


def test_times_that_a_regexp_finds_reach_the_gradebook(collected):
    regexp = ".*/(?P<student_id>[a-z]+)_(?P<timestamp>[0-9T:-]+)_(?P<file_id>.*)"
    with open(collected.course / "nbgrader_config.py", "a") as settings:
        settings.write(f"c.Collector.named_regexp = {regexp!r}\n")
    found = collected(**{f"ada_2026-03-01T10:00_{PS}__ipynb": b"first", f"ada_2026-03-02T10:00_{PS}__ipynb": b"last"})
    assert found == {"ada": {f"{PS}.ipynb": b"last", "timestamp.txt": b"2026-03-02 10:00:00"}}


def link(name):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


def test_nothing_leaves_the_folder(collected, tmp_path):
    good = f"ok_1_2_{PS}.ipynb"
    bad = [("../../../../evil_1_2_x.ipynb", b"x"), ("/tmp/evil_1_2_x.ipynb", b"x"),
           (link(f"ada_1_2_{PS}.ipynb"), b"/etc/passwd"),
           ("a\\..\\..\\evil_1_2_x.ipynb", b"x"), ("C:\\evil_1_2_x.ipynb", b"x"), ("x" * 250 + "_1_2_x.ipynb", b"x"),
           ("eve_1_2_\x1b[2J.ipynb", b"x"), ("__MACOSX/eve_1_2_x.ipynb", b"x"), (good, b"fine"),
           ("eve_1_2_x.py", b"import os")]  # fmt: skip
    before = sorted(tmp_path.rglob("evil*"))
    tar = {f"tim_1_2_{PS}.ipynb": "/etc/passwd", "../evil_1_2_x.ipynb": b"x", f"tom_1_2_{PS}.ipynb": b"tom"}
    found = collected(class__zip=zipped(bad), more__tgz=tarred(tar), plain__tar=tarred({good: b"fine"}, "w"))
    for student in ("ada", "eve", "evil", "tim"):
        assert refused(found, student).startswith("Hand in the notebook itself"), student
        del found[student]
    assert found == {"ok": {f"{PS}.ipynb": b"fine"}, "tom": {f"{PS}.ipynb": b"tom"}}
    inside = tmp_path / "course" / "downloaded" / PS / "extracted", tmp_path / "course" / "submitted"
    after = [path for path in tmp_path.rglob("evil*") if not any(path.is_relative_to(folder) for folder in inside)]
    assert sorted(after) == before and "is left out" in collected.said


BOMB = zipped({"big.ipynb": b"0" * 41_000_000})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BOMB, "larger than any submission"),
        (zipped({f"{n}.ipynb": b"" for n in range(501)}), "more than 500 files"),
        (gzip.compress(b"0" * 81_000_000, 1), "larger than any submission"),
        (zipped({"notes.pdf": b""}), "no notebook in it"),
        (b"PK\x03\x04 and then nothing", "no archive, or a damaged one"),
        (zipped({"a.ipynb": b"123456789"}).replace(b"1234", b"9234")[:-30], "no archive, or a damaged one"),
        (b"", "no archive, or a damaged one"),
    ],
    ids=["bomb", "many", "gzip", "empty", "torn", "cut", "nothing"],
)
def test_a_students_archive_that_cannot_be_opened_is_rejected_with_the_reason(collected, ours, content, words):
    collected(class__zip=zipped({"eve_1_2_ps03.zip": content}))
    taken = rebuilding.read(collected.course / "submitted" / "eve" / PS, ours)
    assert taken.status == "rejected" and words in taken.reason and "eve_1_2_ps03.zip" in taken.reason


def test_a_broken_archive_of_the_class_is_told_and_the_others_are_taken(collected):
    found = collected(a__zip=b"PK nothing", b__zip=zipped({f"ada_1_2_{PS}.ipynb": b"ada"}), c__zip=BOMB)
    assert found == {"ada": {f"{PS}.ipynb": b"ada"}}
    assert "a.zip: it is no archive" in collected.said and "c.zip: unpacked, it is larger" in collected.said


def test_several_notebooks_in_one_archive_are_all_kept(tmp_path):
    found = collect._notebooks(tmp_path / "eve_1_2_all.zip", zipped({"ps03.ipynb": b"a", "d/old.ipynb": b"b"}))
    assert found == [(tmp_path / "eve_1_2_all-ps03.ipynb", b"a"), (tmp_path / "eve_1_2_all-old.ipynb", b"b")]


def test_a_locked_archive(tmp_path):
    locked = bytearray(zipped({"ps03.ipynb": NOTEBOOK}))
    locked[6] |= 1
    locked[locked.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(collect.Refused, match="locked with a password"):
        collect._notebooks(tmp_path / "eve.zip", bytes(locked))


def test_two_of_one_name_are_told_apart_in_all_assignments(course):
    """Also in those that only one of them hands in: her work does not come to lie in the other's folder."""
    def collect_all(ps, files):
        archive = course / "downloaded" / ps / "archive"
        archive.mkdir(parents=True)
        for name, content in files.items():
            (archive / name).write_bytes(content)
        return nbgrader(course, "zip_collect", ps)

    own = "lovelaceada_{}_1_{}.ipynb"
    collect_all("ps01", {own.format(314, "ps01"): NOTEBOOK})
    said = collect_all("ps02", {own.format(314, "ps02"): NOTEBOOK, own.format(999, "ps02"): NOTEBOOK})
    assert "the name of two" in said and "ps01" in said
    collect_all("ps03", {own.format(999, "ps03"): NOTEBOOK, "leekim_5_1_ps03.ipynb": NOTEBOOK})
    found = {str(path.relative_to(course / "submitted")) for path in (course / "submitted").glob("*/*")}
    assert found == {"lovelaceada/ps01", "lovelaceada 314/ps02", "lovelaceada 999/ps02", "lovelaceada 999/ps03",
                     "leekim/ps03"}  # fmt: skip
