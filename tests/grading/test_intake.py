"""Taking submissions in: her words survive and nothing else of hers; what is broken has one status and a reason."""

import copy
import json
import os

import nbformat
import pytest

from gdcourse.grading.intake import rebuilding


@pytest.fixture(scope="module")
def ours(request):
    return rebuilding.skeleton(request.config.rootpath / "exercises", "ps03")


@pytest.fixture
def raw(ours):
    """A submission as Jupyter saves it, with one answer written."""
    raw = json.loads(nbformat.writes(ours.notebook))
    cell(raw, "spectral_step")["source"] = ["def spectral_step(H):\n", "    return 1, 2, 3"]
    return raw


@pytest.fixture
def handed_in(tmp_path, ours):
    """A function that hands in bytes, or a notebook as a dictionary, and takes it in."""
    folder = tmp_path / "ada" / "ps03"
    folder.mkdir(parents=True)

    def take(content, name="ps03.ipynb"):
        content = json.dumps(content) if isinstance(content, dict | list) else content
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return rebuilding.read(folder, ours)

    take.folder = folder
    return take


def cell(book, name):
    return next(c for c in book["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def free(text, **more):
    return {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None, **more}


def sources(book):
    return [c["source"] for c in book["cells"]]


def test_what_was_handed_out_comes_back_as_it_was(ours, handed_in):
    taken = handed_in(json.loads(nbformat.writes(ours.notebook)))
    assert (taken.status, taken.reason) == ("", "")
    assert sources(taken.notebook) == sources(ours.notebook)
    assert [c.metadata for c in taken.notebook.cells] == [c.metadata for c in ours.notebook.cells]
    nbformat.validate(taken.notebook)


def test_only_her_text_survives(ours, raw, handed_in):
    raw["metadata"] = {"kernelspec": {"name": "evil", "language": "sh"}, "widgets": {}}
    answer = cell(raw, "spectral_step")
    answer["metadata"]["tags"] = ["skip-execution"]
    answer["metadata"]["nbgrader"] |= {"points": 20, "grade": True, "schema_version": 2, "checksum": "no"}
    answer["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>"}}]
    answer["attachments"] = {"a.png": {"image/png": "AAAA"}}
    test = cell(raw, "spectral_step-best")
    test["metadata"] |= {"tags": ["skip-execution", "raises-exception"], "deletable": True}
    test["metadata"]["nbgrader"]["points"] = 100
    taken = handed_in(raw)
    assert (taken.status, taken.reason) == ("", "")
    text = nbformat.writes(taken.notebook)
    for trace in ("evil", "skip-execution", "raises-exception", "script", "attachments", '"points": 100'):
        assert trace not in text
    assert cell(taken.notebook, "spectral_step").source == "def spectral_step(H):\n    return 1, 2, 3"
    assert cell(taken.notebook, "spectral_step").metadata == ours.marked["spectral_step"].metadata


def test_her_own_cells_stay_where_she_put_them(raw, handed_in):
    place = raw["cells"].index(cell(raw, "gd_iterations"))
    note = {"cell_type": "markdown", "metadata": {"x": 1}, "source": "Why?"}
    raw["cells"][place:place] = [free("import scipy"), note]
    raw["cells"] = [c for c in raw["cells"] if "Try it" not in "".join(c["source"])]
    taken = handed_in(raw)
    assert taken.status == "" and [s for s in sources(taken.notebook) if "Try it" in s] == []
    place = next(i for i, c in enumerate(taken.notebook.cells) if c.source == "import scipy")
    assert [rebuilding.kind_of(c) for c in taken.notebook.cells[place : place + 3]] == ["free", "free", "solution"]
    assert taken.notebook.cells[place + 1].metadata == {}
    jobs = rebuilding.job_cells(taken.notebook)
    assert [j["kind"] for j in jobs if j["source"] == "import scipy"] == ["free"]
    assert len(jobs) == sum(c.cell_type == "code" for c in taken.notebook.cells)


def test_test_cells_are_ours_whatever_she_did_to_them(ours, raw, handed_in):
    cell(raw, "spectral_step-best")["source"] = "pass"
    raw["cells"].remove(cell(raw, "gd_iterations-round"))
    raw["cells"].remove(cell(raw, "setup"))
    twice = copy.deepcopy(cell(raw, "spectral_step"))
    twice["source"] = "an earlier try"
    raw["cells"].insert(2, twice)
    cell(raw, "run_until")["cell_type"] = "markdown"
    raw["cells"].append(free("0", metadata={"nbgrader": {"grade_id": "bonus", "grade": True, "points": 50}}))
    taken = handed_in(raw)
    marked = {c.metadata["nbgrader"]["grade_id"]: c for c in taken.notebook.cells if "nbgrader" in c.metadata}
    assert set(marked) == set(ours.marked)
    assert all(c.source == marked[name].source for name, c in ours.marked.items() if c.metadata["nbgrader"]["locked"])
    assert marked["spectral_step"].source.startswith("def") and marked["run_until"].cell_type == "code"
    order = [c.metadata["nbgrader"]["grade_id"] for c in taken.notebook.cells if "nbgrader" in c.metadata]
    assert order == list(ours.marked)
    assert "an earlier try" in sources(taken.notebook)
    for words in ("missing: setup, gd_iterations-round", "handed out: spectral_step-best", "last counts: spectral_step",
                  "set right: run_until", "bonus"):  # fmt: skip
        assert words in taken.reason
    assert len(taken.reason.split("\n")) <= 3
    nbformat.validate(taken.notebook)


def test_taking_in_twice_changes_nothing(ours, raw, handed_in):
    raw["cells"].insert(3, free("x = 1"))
    once = handed_in(raw).notebook
    again, notes = rebuilding.rebuild(once, ours)
    assert again == once and notes == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: b"\xef\xbb\xbf" + text.encode(), ""),
        (lambda text: text.replace("\\n", "\\r\\n"), ""),
        (lambda text: text.replace("return 1, 2, 3", "return 1, 2, 3 # \\ud83d").encode(), ""),
    ],
)
def test_marks_and_line_ends_of_other_systems_do_no_harm(raw, handed_in, change, words):
    taken = handed_in(change(json.dumps(raw)))
    assert (taken.status, taken.reason) == ("", words)
    assert cell(taken.notebook, "spectral_step").source.startswith("def spectral_step(H):\n    return 1, 2, 3")
    nbformat.writes(taken.notebook).encode("utf-8")


def test_the_old_format_is_read(raw, handed_in):
    for c in raw["cells"]:
        if c["cell_type"] == "code":
            c["input"] = c.pop("source")
    taken = handed_in({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": raw["cells"]}]})
    assert taken.status == "" and "old format 3" in taken.reason
    assert "return 1, 2, 3" in cell(taken.notebook, "spectral_step").source


def deep(n):
    return '{"nbformat": 4, "cells": ' + "[" * n + "]" * n + "}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x00" * 2000, "is damaged"),
        (b'{"cells": [', "is damaged, in line 1"),
        (b"%PDF-1.7\n\xff\xfe", "not text in UTF-8"),
        ("{}".encode("utf-16"), "not text in UTF-8"),
        ("[1, 2]", "is no notebook"),
        ("7" * 5000, "is damaged"),
        ('{"nbformat": 5, "cells": []}', "format 5"),
        ('{"nbformat": {"a": 1}, "cells": []}', "format {'a': 1}"),
        ('{"nbformat": 4, "cells": {}}', "no cells"),
        ('{"nbformat": 3, "worksheets": [1, {"cells": 2}]}', "no cells"),
        ('{"nbformat": 4, "cells": [null]}', "Cell 1 is not"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["a", 1]}]}', "Cell 1 is not"),
        ('{"nbformat": 4, "cells": [{"cell_type": ["code"], "source": ""}]}', "Cell 1 is not"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": "1", "metadata": 7}]}', "None of the answers"),
        (deep(200_000), "nested thousands deep"),
        ("[" + "[]," * 400_000 + "0]", "more values"),
        ({"nbformat": 4, "cells": [free("1")] * 1001}, "1,001 cells"),
        ({"nbformat": 4, "cells": [free("1" * 2_000_001)]}, "two million characters"),
        ({"refused": "ps03.zip: it is locked."}, "it is locked"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_a_reason(handed_in, ours, content, words):
    taken = handed_in(content)
    assert taken.status == "rejected" and words in taken.reason and len(taken.reason.split("\n")) <= 3
    assert "Traceback" not in taken.reason
    nbformat.validate(taken.notebook)
    assert taken.reason.split("\n")[0] in taken.notebook.cells[0].source
    from gdcourse.grading.gradebook.record import scores_of

    assert set(scores_of(taken.notebook).values()) == {0}


def test_too_large_a_file_is_not_even_read(handed_in, monkeypatch):
    monkeypatch.setattr("gdcourse.grading.intake.notebook_file.FILE", 1000)
    assert "larger than" in handed_in("1" * 1001).reason and handed_in("1" * 1000).reason.startswith("The file is no")


def test_links_and_devices_are_not_followed(tmp_path, handed_in, raw, ours):
    secret = tmp_path / "gradebook.db"
    secret.write_text(json.dumps(raw))
    (handed_in.folder / "ps03.ipynb").symlink_to(secret)
    taken = rebuilding.read(handed_in.folder, ours)
    assert taken.status == "rejected" and "is a link, folder or device" in taken.reason
    (handed_in.folder / "ps03.ipynb").unlink()
    os.mkfifo(handed_in.folder / "ps03.ipynb")
    assert "is a link, folder or device" in rebuilding.read(handed_in.folder, ours).reason
    (tmp_path / "eve").symlink_to(tmp_path / "ada")
    assert "The folder is a link" in rebuilding.read(tmp_path / "eve" / "ps03", ours).reason
    (handed_in.folder / "ps03.ipynb").unlink()
    handed_in(raw)
    (handed_in.folder / "timestamp.txt").symlink_to(secret)
    taken = rebuilding.read(handed_in.folder, ours)
    assert taken.status == "" and taken.timestamp is None and "timestamp.txt holds no date" in taken.reason


def test_the_folder(tmp_path, handed_in, raw, ours):
    assert rebuilding.read(tmp_path / "nobody" / "ps03", ours).status == "missing"
    assert rebuilding.read(handed_in.folder, ours)[:2] == ("missing", "The folder is empty.")
    (handed_in.folder / "notes.pdf").write_text("")
    assert rebuilding.read(handed_in.folder, ours).reason == "There is no notebook in the folder, only notes.pdf."
    taken = handed_in(raw, "My Solution.ipynb")
    assert taken.status == "" and taken.reason.split("\n") == [
        'the notebook was called "My Solution.ipynb".', "other files are not used: notes.pdf."]  # fmt: skip
    taken = handed_in(raw, "another.ipynb")
    assert taken.status == "rejected" and 'notebooks is called ps03.ipynb: "My Solution.ipynb"' in taken.reason
    assert handed_in(raw)[:2] == ("", 'other files are not used: "My Solution.ipynb", another.ipynb, notes.pdf.')


def test_a_reason_is_fit_for_her_to_read(handed_in, ours):
    """She is shown it on her page: a sentence, and what she can do herself, not what her instructor can."""
    for content in (b"{", b"", b"\xff", b"[]", deep(200_000), {"nbformat": 4}, {"nbformat": 4, "cells": [None]}):
        taken = handed_in(content)
        assert taken.reason[0].isupper() and "Ask for" not in taken.reason and "and " in taken.reason
        assert f"could not be graded.** {taken.reason}" in taken.notebook.cells[0].source


@pytest.mark.parametrize(("call", "name"), [("open", "/ps03.ipynb"), ("scandir", "")])
def test_what_this_machine_does_not_let_us_read_is_nobodys_zero(handed_in, raw, monkeypatch, ours, call, name):
    handed_in(raw)

    def denied(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(f"gdcourse.grading.intake.notebook_file.os.{call}", denied)
    course = handed_in.folder.parents[1].name
    why = f"{course}/ada/ps03{name} cannot be read: Permission denied. Make it readable: chmod u+rX."
    assert rebuilding.read(handed_in.folder, ours)[:2] == ("grader error", why)


def test_the_time_of_handing_in(handed_in, raw):
    handed_in(raw)
    for text, time in (("2026-03-01 12:00:00 CET", "2026-03-01 11:00:00"), ("2026-03-01T11:00", "2026-03-01 11:00:00")):
        taken = handed_in(text, "timestamp.txt")
        assert (taken.status, taken.reason, taken.timestamp) == ("", "", time)
    for text in ("last night", "9" * 300, b"\xff\xfe"):
        taken = handed_in(text, "timestamp.txt")
        assert taken.status == "" and taken.timestamp is None and "holds no date" in taken.reason


def test_a_fault_of_ours_is_nobodys_zero(handed_in, raw, monkeypatch):
    monkeypatch.setattr(rebuilding, "rebuild", lambda *_: 1 / 0)
    taken = handed_in(raw)
    assert taken.status == "grader error" and "ZeroDivisionError" in taken.reason
