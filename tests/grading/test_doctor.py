"""The doctor finds what holds, and says so when it does not."""

import os

import numpy as np
import pytest

from gdcourse.grading.running.execute import execute
from gdcourse.grading.sandbox import cgroups, doctor, warm_processes
from gdcourse.grading.sandbox.bubblewrap import MISSING
from tests.conftest import needs_sandbox


def test_every_limit_holds_in_the_sandbox(monkeypatch):
    needs_sandbox()
    rows = doctor.doctor(execute)
    assert len(rows) == len(doctor.TRIALS) + 8 + (os.geteuid() == 0)
    found = {row.limit: row for row in rows}
    assert ("an ordinary user" in found) == (os.geteuid() == 0)
    assert f"numpy {np.__version__}" in found["what a submission may import"].found
    lax = [row for row in rows if row.holds is False and not ("threads" in row.limit and not cgroups.places())]
    assert lax == []
    table = doctor.as_table(rows)
    assert table.count("\n") == len(rows) - 1 and table.startswith("ok  bubblewrap is installed")


def test_without_one_it_says_what_does_not_hold():
    rows = {row.limit: row for row in doctor.doctor(execute, "plain")}
    for limit in ("no network", "no other process", "the grader's own files are out of sight"):
        assert rows[limit].holds is False and rows[limit].found == "it worked"
    for limit in ("a submission runs", "a loop without end is stopped", "what is asked for is withheld"):
        assert rows[limit].holds is True
    assert rows["a control group for each submission"].holds is None
    warm_processes.close()


def test_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    (row,) = doctor.doctor(execute)
    assert row.holds is False and row.found == MISSING and "apt install bubblewrap" in doctor.as_table([row])


def test_a_process_that_takes_too_much_memory_is_told_apart():
    places = cgroups.places()
    if not places:
        pytest.skip("no control group can be made on this machine")
    group = cgroups.Group(os.fork() or _sleep(), 1 << 30)
    pid = int((group.folders["pids"][0] / "cgroup.procs").read_text())
    assert (group.folders["pids"][0] / "pids.max").read_text().strip() == str(cgroups.THREADS)
    assert not group.ran_out()
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    group.close()
    assert not any(folder.exists() for folder, _ in group.folders.values())


def _sleep():
    import time

    time.sleep(60)
    os._exit(0)


def test_groups_of_version_2_are_sought_up_to_the_root_and_a_folder_is_no_group(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    shell = "/user.slice/user-0.slice/session-1.scope"
    assert cgroups._candidates("pids", "pids", shell) == [(tmp_path / "pids" / shell[1:], 1)]
    assert cgroups._candidates("pids", "name=systemd", shell) == []
    assert cgroups._candidates("pids", "", shell) == [
        (tmp_path / path, 2) for path in (shell[1:], "user.slice/user-0.slice", "user.slice", "")]  # fmt: skip
    assert not cgroups._works("pids", tmp_path, 2) and not list(tmp_path.iterdir())
