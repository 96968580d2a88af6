"""Run jobs on a dask.distributed cluster. The gradebook and the judge's secret stay where the command is given.

Every worker process owns one warm process. A worker that is lost takes nothing with it: the scheduler gives its job to
another one, and a job that three workers died of is a grader error.
"""

import json

from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.running.pool import failed, result_of, run_one
from gdcourse.grading.sandbox.package_copy import package_hash

try:
    from distributed import Client, WorkerPlugin, as_completed
    from distributed.scheduler import KilledWorker
except ImportError:
    raise CourseError('--dask needs dask.distributed. Install it: pip install "gdcourse[cluster]"') from None

PATIENCE = 30  # seconds that a scheduler and its first worker, started in the same breath, have


class Warm(WorkerPlugin):
    """Ends a worker's warm process with the worker."""

    name = "gdcourse-warm"

    def teardown(self, worker):
        from gdcourse.grading.sandbox.warm_processes import close

        close()


class Cluster:
    """The workers of a scheduler, with what `pool.Pool` offers."""

    def __init__(self, address):
        try:
            self.client = Client(address, timeout=PATIENCE)
        except (OSError, ValueError, TimeoutError) as error:
            raise CourseError(f"no dask scheduler answers at {address}: {error}") from None
        try:
            self._check_package(address)
            self.client.register_plugin(Warm())
        except BaseException:
            self.client.close()
            raise

    def _check_package(self, address):
        try:
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise CourseError(
                f"the scheduler at {address} has no workers after {PATIENCE} s. Start one: dask worker {address}"
            ) from None
        try:
            there = self.client.run(package_hash)
        except Exception as error:
            raise CourseError(f"gdcourse does not run on the workers: {type(error).__name__}: {error}") from None
        other = sorted(worker for worker, package in there.items() if package != package_hash())
        if other:
            raise CourseError(f"another version of gdcourse is on {', '.join(other)}. Install the same on all workers.")

    def run(self, jobs):
        """Run jobs, an iterable of (token, job), a few ahead of what the workers can take; yield (token, result)."""
        jobs, tokens = iter(jobs), {}
        coming = as_completed()

        def more():
            ahead = 2 * sum(self.client.nthreads().values()) + 2
            while len(tokens) < ahead and (next_one := next(jobs, None)):
                token, job = next_one
                future = self.client.submit(run_one, json.dumps(job).encode(), pure=False)
                tokens[future] = token
                coming.add(future)

        more()
        while tokens:
            future = next(coming)
            token = tokens.pop(future)
            try:
                result = result_of(future.result())
            except KilledWorker:
                result = failed("every worker that ran it went away.")
            except CourseError:
                raise
            except Exception as error:
                result = failed(f"the cluster lost it: {type(error).__name__}: {error}")
            yield token, result
            more()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
