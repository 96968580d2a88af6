"""The sandbox of the system's bubblewrap: what a submission can see of this machine, and its surroundings."""

import os
import shutil
import site
import sys
from functools import cache
from pathlib import Path

MISSING = """bubblewrap, the sandbox that submissions are run in, is not on this machine. Either
  sudo apt install bubblewrap        (or dnf, pacman, zypper: Linux only)
or run them without any protection, if you trust every student: --backend plain"""
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime",
          "/etc/fonts")  # fmt: skip


class SandboxError(RuntimeError):
    """There is no sandbox here; the message says what to do about it."""


def environment(package, home, matplotlib):
    """Return the environment variables of a submission's process: nothing of the grader's own."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "USER": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": package,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": matplotlib,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": str(64 << 20),  # a canvas or a matrix is not fetched from the kernel anew each time
        "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
    }


@cache
def fonts():
    """Return the folder where matplotlib keeps its list of fonts, which takes seconds to make."""
    import matplotlib

    folder = Path(matplotlib.get_cachedir())
    if not list(folder.glob("fontlist-*.json")):
        import matplotlib.font_manager  # which makes one
    return folder


def command(package, arguments, options=()):
    """Return the command line of a Python process in the sandbox.

    Args: package: the folder with the package that it sees as gdcourse; arguments: Python's; options: bubblewrap's.
    Raises: SandboxError if there is no bubblewrap.
    """
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None or not sys.platform.startswith("linux"):
        raise SandboxError(MISSING)
    line = [bubblewrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-add", "CAP_SYS_ADMIN",
            "--uid", "1000", "--gid", "1000", "--hostname", "grading", "--clearenv",
            "--ro-bind", "/usr", "/usr"]  # fmt: skip
    for name in SYSTEM:
        if os.path.islink(name) and not name.startswith("/etc"):
            line += ["--symlink", os.readlink(name), name]
        elif os.path.exists(name):
            line += ["--ro-bind", name, name]
    line += ["--dev", "/dev", "--tmpfs", "/tmp"]
    folders = pythons_folders()
    for folder in folders:
        line += ["--ro-bind", folder, folder]
    # An installed package of ours is not the one to be seen: nor the user's own, nor one where a virtual environment
    # has its Python from.
    for folder in dict.fromkeys([*site.getsitepackages([sys.prefix, sys.base_prefix]), *folders]):
        own = os.path.join(folder, "gdcourse")
        if os.path.isdir(own):
            line += ["--tmpfs", own, "--remount-ro", own]
    line += ["--ro-bind", str(package), "/course"]
    for path in fonts().glob("fontlist-*.json"):
        line += ["--ro-bind", str(path), f"/tmp/matplotlib/{path.name}"]
    for name, value in environment("/course", "/tmp", "/tmp/matplotlib").items():
        line += ["--setenv", name, value]
    return [*line, *options, "--chdir", "/tmp", "--remount-ro", "/", "--", sys.executable, *arguments]


def pythons_folders():
    """Return the folders that hold Python and the packages installed for it, those outside /usr."""
    folders = [sys.base_prefix, sys.prefix, sys.base_exec_prefix, sys.exec_prefix]
    if site.ENABLE_USER_SITE and os.path.isdir(site.getusersitepackages()):
        folders.append(site.getusersitepackages())
    folders += [os.path.realpath(folder) for folder in folders]
    return [f for f in dict.fromkeys(folders) if not f.startswith("/usr/") and f not in ("/", "/usr")]
