"""What a submission cannot do, each tried for real, and each ending in one status within its limit and two seconds."""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from gdcourse import checks
from gdcourse.grading.authoring.sample import solution_source
from gdcourse.grading.running.execute import execute
from gdcourse.grading.sandbox import bubblewrap, lockdown, warm_processes
from tests.conftest import needs_sandbox

EXERCISE = checks.exercises()["standardize"]
RIGHT = solution_source(EXERCISE, EXERCISE.reference)
CELL = 1  # seconds


@pytest.fixture(autouse=True, scope="module")
def warm():
    needs_sandbox()
    run("1")


def run(*sources, after=RIGHT, **limits):
    """Execute a job: free cells of these sources, a right solution, and its test cells."""
    cells = [{"source": "import numpy as np\nimport os", "kind": "readonly", "grade_id": "setup"}]
    cells += [{"source": source, "kind": "free", "grade_id": None} for source in (*sources, after)]
    cells += [{"source": f'grade(standardize, "{b.name}")', "kind": "test", "grade_id": b.name}
              for b in EXERCISE.behaviours]  # fmt: skip
    limits = {"cell_seconds": CELL, "seconds": 60, **limits}
    return execute({"ps": "ps03", "student": "x", "cells": cells, "seed": 5, "limits": limits})


def points(result):
    return sum(result["scores"].values())


def text(result, number=1):
    return "".join(o.get("text", "") + o.get("evalue", "") for o in result["outputs"][number])


ENDINGS = {  # what is run: the statuses it may end in, and the points of the right solution that follows it
    "while True: pass": ("graded with notes", 2),
    "import time; time.sleep(1000)": ("graded with notes", 2),
    "while True:\n  try:\n    while True: pass\n  except KeyboardInterrupt: pass": ("graded with notes|timeout", None),
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass": ("timeout", 0),
    "import itertools; sum(itertools.repeat(1))": ("timeout", 0),
    "import re; re.match('(a*)*b', 'a' * 50)": ("graded with notes|timeout", None),
    "for i in range(1000): print('x' * 1_000_000)": ("graded with notes", 2),
    "print('x' * 1_000_000_000)": ("graded with notes", 2),
    "while True:\n  try:\n    print('x' * 10_000)\n  except BaseException: pass": ("graded with notes|timeout", None),
    "while True: os.write(1, b'x' * 10_000)": ("graded with notes", 2),
    "a = np.ones(400_000_000)": ("graded with notes", 2),
    "a = [bytearray(10**8) for _ in range(40)]": ("graded with notes|memory", None),
    "a = []\nwhile True: a.append(bytearray(10**6))": ("graded with notes|memory|died", None),
    "def f(): f()\nf()": ("graded with notes", 2),
    "while True: os.fork()": ("graded with notes", 2),
    "import subprocess; subprocess.run(['sleep', '100'])": ("graded with notes", 2),
    "os.execv('/bin/sleep', ['sleep', '100'])": ("graded with notes", 2),
    "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,), daemon=True).start()": (
        "graded with notes|memory|died|timeout", None),
    "with open('/tmp/big', 'wb') as f:\n  while True: f.write(bytes(10**6))": ("graded with notes", 2),
    "for i in range(100):\n  with open(f'/tmp/{i}', 'wb') as f: f.write(bytes(10**7))": ("graded with notes", 2),
    "for i in range(10**6): open(f'/tmp/{i}', 'w').close()": ("graded with notes", 2),
    "import sys; sys.exit(0)": ("graded with notes", 2),
    "exit()": ("graded", 2),
    "os._exit(0)": ("died", 0),
    "os.kill(os.getpid(), 9)": ("graded|died", None),
    "os.kill(-1, 9)": ("graded|graded with notes|died", None),
    "os.abort()": ("died", 0),
    "import ctypes; ctypes.string_at(0)": ("died", 0),
    "os.closerange(0, 1024)": ("died", 0),
    "import sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()": ("died|graded with notes|timeout|memory", None),
    "import sys; sys.modules.clear()": ("graded with notes|died", None),
    "import builtins\nfor n in dir(builtins): setattr(builtins, n, None)": ("died", 0),
    "from gdcourse.grading.sandbox import runner; runner.CHANNEL.socket.sendall(b'x' * 99)": ("died|output limit", 0),
    "from gdcourse.grading.sandbox import runner; runner.CHANNEL.socket.shutdown(2)": ("died", 0),
    "from gdcourse.grading.sandbox import runner; runner.CHANNEL.send('ran', [], True, False)": (
        "died|graded with notes", 0),
    "from gdcourse.grading.sandbox import runner\nwhile True: runner.CHANNEL.send('sync', 'x')": ("died|timeout", 0),
    "from gdcourse.grading.sandbox import runner\nrunner.CHANNEL.socket.sendall(bytes([0, 0, 0, 99, 0, 0, 0, 0]))": (
        "died|timeout", 0),
}  # fmt: skip


@pytest.mark.parametrize("source", ENDINGS, ids=lambda source: re.sub(r"\W+", "-", source)[:60])
def test_it_ends_in_one_status_within_its_limit(source):
    statuses, worth = ENDINGS[source]
    # A gigabyte is made in one call, which cannot be stopped and takes a busy machine longer than the second of others.
    result = run(source, cell_seconds=20 if "1_000_000_000" in source else CELL)
    assert result["status"] in statuses.split("|"), result["reason"]
    assert worth in (None, points(result)) and result["reason"].count("\n") < 3
    if worth == 0:
        assert all("not judged" in v["text"] for v in result["verdicts"].values())
    if result["status"] == "timeout":
        assert "time was up" in result["reason"]
    neighbour = run("1")
    assert (neighbour["status"], points(neighbour)) == ("graded", 2)


@pytest.mark.parametrize("body", [
    "while True: pass",
    "import itertools; sum(itertools.repeat(1))",
    "import time; time.sleep(1000)",
    "return np.ones(10**10)",
    "raise SystemExit",
    "import os; os._exit(1)",
    "import os; os.closerange(0, 1024)",
    "return [X] * 10**8",
])  # fmt: skip
def test_a_function_that_does_harm_gets_nothing_and_its_judge_an_answer(body, monkeypatch):
    from dataclasses import replace

    quick = replace(EXERCISE, seconds=0.1)
    monkeypatch.setattr("gdcourse.grading.running.session.asked", lambda cell, ps: (quick, quick.behaviours[0]))
    started = time.monotonic()
    result = run(after=f"def standardize(X):\n    {body}")
    assert points(result) == 0 and result["status"] in ("graded", "timeout", "died", "memory", "output limit")
    assert time.monotonic() - started < 30


DENIED = """
import ctypes, socket, subprocess, resource
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    if libc.syscall(*args) < 0:
        raise OSError(ctypes.get_errno(), "no")
tries = dict(
    fork=lambda: os.fork(),
    vfork=lambda: os.posix_spawn("/bin/true", ["true"], {}),
    shell=lambda: os.system("true") and 1/0,
    execve=lambda: os.execv("/bin/true", ["true"]),
    socket=lambda: socket.socket(),
    unix=lambda: socket.socket(socket.AF_UNIX),
    udp=lambda: socket.socket(2, 2),
    netlink=lambda: socket.socket(socket.AF_NETLINK),
    ptrace=lambda: call(101, 16, 1, 0, 0),
    process_vm_readv=lambda: call(310, 1, 0, 0, 0, 0, 0),
    mount=lambda: call(165, b"tmpfs", b"/tmp", b"tmpfs", 0, 0),
    umount=lambda: call(166, b"/tmp", 0),
    unshare=lambda: call(272, 0x10000000),
    userns=lambda: call(56, 0x10000011, 0, 0, 0, 0),
    setns=lambda: call(308, 0, 0),
    clone3=lambda: call(435, 0, 0),
    chroot=lambda: os.chroot("/tmp"),
    keyctl=lambda: call(250, 0, -3, 0),
    bpf=lambda: call(321, 0, 0, 0),
    perf=lambda: call(298, 0, 0, -1, -1, 0),
    io_uring=lambda: call(425, 1, 0),
    userfaultfd=lambda: call(323, 0),
    memfd=lambda: os.memfd_create("x"),
    shmget=lambda: call(29, 0, 4096, 0o1600),
    msgget=lambda: call(68, 0, 0o1600),
    semget=lambda: call(64, 0, 1, 0o1600),
    mq_open=lambda: call(240, b"x", 0o102, 0o600, 0),
    inotify=lambda: call(253),
    inotify1=lambda: call(294, 0),
    dnotify=lambda: __import__("fcntl").fcntl(os.open("/usr", os.O_RDONLY), 1026, 1),
    mknod=lambda: os.mknod("/tmp/null", 0o20666, os.makedev(1, 3)),
    reboot=lambda: call(169, 0, 0, 0, 0),
    settime=lambda: call(227, 0, b"0" * 16),
    hostname=lambda: call(170, b"x", 1),
    personality=lambda: call(135, 0x40000),
    pidfd_getfd=lambda: call(438, 0, 0, 0),
    nice=lambda: os.nice(-1),
    raise_limit=lambda: resource.setrlimit( resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2),
    write_root=lambda: open("/x", "w"),
    write_course=lambda: open("/course/x", "w"),
    write_usr=lambda: open("/usr/x", "w"),
    write_dev=lambda: open("/dev/x", "w"),
    write_shm=lambda: open("/dev/shm/x", "w"),
    write_etc=lambda: open("/etc/x", "w"),
    write_matplotlib=lambda: open(os.path.join(os.path.dirname(np.__file__), "x"), "w"),
    unlink_course=lambda: os.unlink("/course/gdcourse/__init__.py"),
    chmod=lambda: os.chmod("/usr/bin/env", 0o777),
    proc=lambda: os.listdir("/proc"),
    sys=lambda: os.listdir("/sys"),
    home=lambda: os.listdir("/home"),
    shadow=lambda: open("/etc/shadow"),
    passwd=lambda: open("/etc/passwd"),
    environ=lambda: open("/proc/1/environ"),
    disk=lambda: open("/dev/vda"),
    kill_outside=lambda: os.kill(2, 0),
    kmsg=lambda: open("/dev/kmsg"),
)
for name, do in tries.items():
    try:
        do()
        print("DONE", name)
    except (OSError, ValueError, ZeroDivisionError) as error:
        print("refused", name, getattr(error, "errno", ""))
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of the calls are those of x86_64")
def test_what_reaches_beyond_the_process_is_refused():
    result = run(DENIED, cell_seconds=20)
    said = text(result)
    assert said.count("refused") == len(re.findall(r"\b\w+=lambda", DENIED)), said
    assert "DONE" not in said and points(result) == 2


def test_threads_sockets_in_pairs_and_files_of_its_own_work():
    result = run("""
import asyncio, socket, tempfile, threading
thread = threading.Thread(target=lambda: print("thread")); thread.start(); thread.join()
a, b = socket.socketpair(); a.send(b"pair"); print(b.recv(9).decode())
with tempfile.NamedTemporaryFile("w+") as f: f.write("file"); f.seek(0); print(f.read())
with open("mine.csv", "w") as f: f.write("x")
print(sorted(os.listdir(".")), os.getcwd(), os.getpid())
""")
    assert text(result) == "thread\npair\nfile\n['mine.csv'] /tmp/work 1\n"


def test_a_python_that_lives_in_tmp_is_all_there():
    """The submission's own /tmp must not hide the environment that numpy still loads parts from."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        (folder / "env").symlink_to(sys.prefix)
        source = "import colorsys, numpy; print(numpy.random.default_rng(0).random() < 1, open('x', 'w').write('x'))"
        job = {"ps": "ps03", "student": "x", "seed": 5, "cells": [{"source": source, "kind": "free", "grade_id": None}]}
        code = f"from gdcourse.grading.running.execute import execute; print(execute({job!r})['outputs'])"
        python = folder / "env/bin/python"
        said = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
        assert "True 1" in said.stdout, said
    finally:
        shutil.rmtree(folder)


def test_no_secret_is_in_sight(monkeypatch, request):
    monkeypatch.setenv("SECRET_OF_THE_GRADER", "4711")
    warm_processes.close()
    root = request.config.rootpath
    result = run(f"""
import pathlib, sys
print(sorted(os.environ))
tops = "/course", "/root", "/home", "/tmp", "/work", {str(root)!r}
seen = [str(p) for top in tops for p in pathlib.Path(top).rglob("*")
        if not any(str(p).startswith(prefix) for prefix in {bubblewrap.pythons_folders()!r})]
secret = "judging", "checks", ".md", "gradebook", ".ipynb", ".pyc"
print([p for p in seen if any(word in p for word in secret)])
print(len(seen), [m for m in sys.modules if m.startswith("gdcourse.")])
import gc
kinds = "Exercise", "Mistake", "Assignment", "Behaviour"
print([type(o).__name__ for o in gc.get_objects() if type(o).__name__ in kinds])
""", cell_seconds=20)
    environment, files, rest, objects = text(result).splitlines()
    assert "SECRET" not in environment and "PATH" in environment
    assert {Path(p).name for p in eval(files)} <= {"checks", "__init__.py", "exercise.py", "running.py", "values.py"}
    assert "judging" not in rest and "execute" not in rest and "processes" not in rest and objects == "[]"


def test_nothing_passes_from_one_submission_to_the_next():
    places = "/tmp/left", "/tmp/work/left", "/dev/shm/left", "/course/left", "/left", "/tmp/matplotlib/left"
    leave = f"""
import builtins, gdcourse, sys
for place in {places}:
    try:
        open(place, "w").write("x"); print("wrote", place)
    except OSError: pass
builtins.left = gdcourse.left = sys.left = np.left = "x"
np.random.seed(0)
"""
    look = f"""
import builtins, gdcourse, sys
print([p for p in {places} if os.path.exists(p)])
print(any(hasattr(m, "left") for m in (builtins, gdcourse, sys, np)), "left" in globals())
"""
    assert "/tmp/work/left" in text(run(leave))
    assert text(run(look)) == "[]\nFalse False\n"


def test_the_warm_process_lets_nobody_else_in_and_one_job_does_not_slow_the_next():
    pids = {warm_processes.KEPT["job"][1].process.pid}
    for _ in range(3):
        assert run("1")["seconds"] < 5
        pids.add(warm_processes.KEPT["job"][1].process.pid)
    assert len(pids) == 1


HEADERS = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}


@pytest.mark.parametrize("machine", HEADERS)
def test_the_calls_have_the_numbers_of_the_kernels_headers(machine):
    if not os.path.exists(HEADERS[machine]):
        pytest.skip(f"no {HEADERS[machine]}: the kernel's headers are not installed")
    place = list(HEADERS).index(machine)
    source = Path(HEADERS[machine]).read_text()
    theirs = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", source)}
    ours = {**lockdown.DENIED, **lockdown.SYSCALLS, "clone": lockdown.CLONE, "clone3": lockdown.CLONE3}
    known = 0
    for name, numbers in ours.items():
        if name in theirs:
            assert numbers[place] == theirs[name], name
            known += 1
        else:
            assert numbers[place] is None or numbers[place] > 430, name
    assert known > 60


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_a_program_that_ends(machine):
    """Run it as the kernel would, for every call's number."""
    import struct

    steps = list(struct.iter_unpack("HBBI", lockdown.program(machine=machine)))
    place = list(lockdown.AUDIT).index(machine)
    denied = {numbers[place] for numbers in lockdown.DENIED.values()} - {None}

    def verdict(number, audit=lockdown.AUDIT[machine], flags=0, second=0):
        data, at, a = {0: number, 4: audit, 16: flags, 24: second}, 0, 0
        for _ in range(len(steps)):
            code, yes, no, k = steps[at]
            at += 1
            if code == lockdown.LOAD:
                a = data[k]
            elif code == lockdown.RETURN:
                return k
            else:
                holds = {lockdown.EQUALS: a == k, lockdown.AT_LEAST: a >= k, lockdown.HAS_BIT: bool(a & k)}[code]
                at += yes if holds else no
        raise AssertionError("no end")

    clone, clone3 = lockdown.CLONE[place], lockdown.CLONE3[place]
    for number in set(range(500)) - {clone, clone3}:
        assert verdict(number) == (0x00050001 if number in denied else lockdown.ALLOW), number
    assert verdict(clone3) == 0x00050026 and verdict(clone) == 0x00050001
    assert verdict(clone, flags=0x3D0F00) == lockdown.ALLOW
    fcntl = lockdown.FCNTL[place]
    assert {verdict(fcntl, second=lock) for lock in lockdown.LOCKS} == {0x00050001}
    assert {verdict(fcntl, second=other) for other in (0, 1, 2, 3, 4)} == {lockdown.ALLOW}
    assert verdict(0, audit=0x40000003) == lockdown.KILL
    if machine == "x86_64":
        assert verdict(lockdown.X32 + 57) == lockdown.KILL


def test_a_package_in_the_users_own_folder_is_out_of_sight_too(monkeypatch, tmp_path):
    (tmp_path / "gdcourse").mkdir()
    monkeypatch.setattr(bubblewrap.site, "ENABLE_USER_SITE", True)
    monkeypatch.setattr(bubblewrap.site, "getusersitepackages", lambda: str(tmp_path))
    line = bubblewrap.command("/package", [])
    assert line[line.index(str(tmp_path / "gdcourse")) - 1] == "--tmpfs"


def test_without_bubblewrap_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(bubblewrap.SandboxError, match="apt install bubblewrap"):
        bubblewrap.command("/tmp", [])
