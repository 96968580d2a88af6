"""A control group for each submission, where this machine lets us make one: memory and threads, all together.

Without one, memory is limited by the process's address space, and threads by that and by time.
"""

import contextlib
import itertools
import os
import time
from functools import cache
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
THREADS = 128
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
        for _, names, path in rows:
            version = 1 if controller in names.split(",") else 2 if not names else None
            top = {1: ROOT / controller, 2: ROOT, None: None}[version]
            if top and _works(top / path.strip("/"), controller, version):
                found[controller] = top / path.strip("/"), version
                break
    return found


def _works(folder, controller, version):
    """Tell whether a group with a limit can be made here; sweep away what graders that were killed have left."""
    with contextlib.suppress(OSError):
        for left in folder.glob("gdcourse-*-*"):
            if not Path("/proc", left.name.split("-")[1]).exists():
                left.rmdir()
    trial = folder / f"gdcourse-{os.getpid()}-trial"
    try:
        trial.mkdir()
    except OSError:
        return False
    try:
        return (trial / FILES[controller][version - 1]).exists()
    finally:
        trial.rmdir()


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
            for _ in range(50):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:  # the kernel is still at it
                    time.sleep(0.002)
