"""A control group for each submission, where this machine lets us make one: memory and threads, all together.

Without one, memory is limited by the process's address space, and threads by that and by time.
"""

import contextlib
import itertools
import os
import subprocess
import time
from functools import cache
from pathlib import Path

from gdcourse.grading.sandbox.limits import THREADS

ROOT = Path("/sys/fs/cgroup")
NUMBERS = itertools.count()
FILES = {  # controller: its limit's file in version 1 and in version 2, and where a killing for want of memory is told
    "pids": ("pids.max", "pids.max", None, None),
    "memory": ("memory.limit_in_bytes", "memory.max", "memory.oom_control", "memory.events"),
}


@cache
def places():
    """Return {controller: (folder that groups can be made in, version)}, for those where it works."""
    try:
        rows = [row.split(":", 2) for row in Path("/proc/self/cgroup").read_text().splitlines()]
    except OSError:
        return {}
    found = {}
    for controller in FILES:
        candidates = [place for _, names, path in rows for place in _candidates(controller, names, path)]
        working = (place for place in candidates if _works(controller, *place))
        if place := next(working, None):
            found[controller] = place
    return found


def _candidates(controller, names, path):
    """Return the (folder, version) where a row of /proc/self/cgroup lets us hope to make groups, the nearest first.

    In version 2 a group with processes of its own, such as ours, cannot limit the groups in it: those above may.
    """
    if controller in names.split(","):
        return [(ROOT / controller / path.strip("/"), 1)]
    own = ROOT / path.strip("/")
    return [] if names else [(folder, 2) for folder in (own, *own.parents) if folder.is_relative_to(ROOT)]


def _works(controller, folder, version):
    """Tell whether a process can be put into a group with a limit here; sweep away what killed graders have left."""
    with contextlib.suppress(OSError):
        for left in folder.glob("gdcourse-*-*"):
            if not Path("/proc", left.name.split("-")[1]).exists():
                left.rmdir()
    trial = folder / f"gdcourse-{os.getpid()}-trial"
    limit = trial / FILES[controller][version - 1]
    try:
        trial.mkdir()
        if not limit.exists():
            return False
        with subprocess.Popen(["sleep", "60"]) as sleeper:
            try:
                limit.write_text("4000000")
                (trial / "cgroup.procs").write_text(str(sleeper.pid))
            finally:
                sleeper.kill()
    except OSError:
        return False
    finally:
        _remove(trial)
    return True


def _remove(folder):
    for _ in range(50):
        try:
            return folder.rmdir()
        except FileNotFoundError:
            return None
        except OSError:  # the kernel is still at it
            time.sleep(0.002)


class Group:
    """The control group of one process, by its number; of no effect where none can be made."""

    def __init__(self, pid, memory):
        self.folders = {}
        name, limits = f"gdcourse-{os.getpid()}-{next(NUMBERS)}", {"pids": THREADS, "memory": memory}
        for controller, (place, version) in places().items():
            folder = place / name
            with contextlib.suppress(OSError):
                folder.mkdir(exist_ok=True)
                (folder / FILES[controller][version - 1]).write_text(str(limits[controller]))
                (folder / "cgroup.procs").write_text(str(pid))
                self.folders[controller] = folder, version

    def ran_out(self):
        """Tell whether the kernel has killed it for want of memory."""
        if "memory" not in self.folders:
            return False
        folder, version = self.folders["memory"]
        try:
            words = (folder / FILES["memory"][version + 1]).read_text().split()
        except OSError:
            return False
        return dict(zip(words[::2], words[1::2])).get("oom_kill", "0") != "0"

    def close(self):
        """Remove it, its process being dead."""
        for folder, _ in self.folders.values():
            _remove(folder)
