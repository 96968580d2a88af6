"""The sandbox of the system's bubblewrap: what a submission can see of this machine, and its surroundings."""

import os


class SandboxError(RuntimeError):
    """There is no sandbox here; the message says what to do about it."""


def environment(package, home):
    """Return the environment variables of a submission's process: nothing of the grader's own."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "PYTHONPATH": package,
        "PYTHONDONTWRITEBYTECODE": "1",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", f"{home}/.matplotlib"),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
