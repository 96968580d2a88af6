"""The gradebook in PostgreSQL: Debian's own server, started on this machine for the test alone."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from gdcourse.grading import grade
from gdcourse.grading.authoring.assign import assign
from tests.conftest import needs_sandbox, unavailable
from tests.grading.conftest import PS
from tests.grading.test_cluster import entered, hand_in

pytestmark = pytest.mark.thorough


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def database():
    """The address of an empty database."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        unavailable("PostgreSQL's server is not installed")
    needs_sandbox()
    try:
        import psycopg2  # noqa: F401
    except ImportError:
        unavailable("psycopg2 is not installed")
    programs, owner = programs[-1].parent, "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder, port = Path(tempfile.mkdtemp(prefix="gradebook-")), free_port()
    if owner:
        shutil.chown(folder, owner)

    def run(program, *arguments):
        subprocess.run([programs / program, *arguments], user=owner, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    data, settings = folder / "data", f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    run("initdb", "--pgdata", data, "--auth", "trust", "--username", "course", "--no-sync")
    run("pg_ctl", "--pgdata", data, "--wait", "--log", folder / "log", "--options", settings, "start")
    try:
        run("createdb", "--host", "127.0.0.1", "--port", str(port), "--username", "course", "grades")
        yield f"postgresql+psycopg2://course@127.0.0.1:{port}/grades"
    finally:
        run("pg_ctl", "--pgdata", data, "--mode", "immediate", "stop")
        shutil.rmtree(folder)


def test_a_class_is_graded_into_postgresql_and_marks_given_by_hand_stay(request, tmp_path, ours, database):
    for name in ("nbgrader_config.py", f"{PS}.md"):
        shutil.copy(request.config.rootpath / "exercises" / name, tmp_path)
    with open(tmp_path / "nbgrader_config.py", "a") as settings:
        settings.write(f"\nc.CourseDirectory.db_url = {database!r}\n")
    assign(tmp_path, PS)
    due = hand_in(tmp_path, ours, 3)
    grade.grade(tmp_path, PS, workers=1)
    assert entered(database) == due and not (tmp_path / "gradebook.db").exists()
    with Gradebook(database, "gdcourse") as book:
        book.find_grade("spectral_step-best", PS, PS, "s1").manual_score = 0.25
        book.db.commit()
    outcomes = grade.grade(tmp_path, PS, workers=1, force=True)
    assert [o.status for o in outcomes] == ["graded with notes"] * 3  # the answers left out raise an error
    assert entered(database) == {**due, "s1": due["s1"] - 0.75}
