"""One thread of linear algebra: the course's matrices are small, and a second thread waits more than it works."""

import os
from contextlib import suppress

CHOSEN = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def keep_to_one():
    """Keep NumPy's linear algebra library to one thread, unless the environment says how many it may use.

    On two busy cores, two threads made a page of this book three to ten times slower.
    """
    if any(name in os.environ for name in CHOSEN):
        return
    import numpy  # noqa: F401  # what is not loaded yet cannot be told

    with suppress(ImportError):  # it comes with what draws; in WebAssembly there is one thread anyway
        from threadpoolctl import threadpool_limits

        threadpool_limits(1, user_api="blas")
