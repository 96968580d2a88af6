"""Run the pages side by side, before Sphinx reads them one after the other.

A page runs in a process of its own, so as many run at once as there are processors. What they print and draw goes into
the cache in which the reader looks first. A page that raises is left out of it: the reader runs it again, alone, and
says what was wrong, as it always does.
"""

import os
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from gdcourse_python import is_assignment
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from sphinx.util.display import status_iterator


def run_pages(app, env, names):
    """Run those of the pages to be read that have code and have not run since they changed."""
    config, cache = env.mystnb_config, get_cache(env.mystnb_config.execution_cache_path)
    waiting = []
    for name in names:
        if is_assignment(name):  # a reader's own code runs in the page
            continue
        path = Path(env.doc2path(name))
        text = path.read_text("utf-8")
        reader = create_nb_reader(str(path), env.myst_config, config, text)
        if reader is None:
            continue
        notebook = reader.read(text)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            waiting.append((path, notebook))
    if not waiting:
        return
    # The long ones first, so that none is left alone at the end. A page of few cells says `takes: long` at its head.
    waiting.sort(key=lambda page: (page[1].metadata.get("takes") != "long", -len(page[1].cells)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {
            pool.submit(single_nb_execution, notebook, str(path.parent), config.execution_timeout, False): path
            for path, notebook in waiting
        }
        for job in status_iterator(as_completed(jobs), "running pages... ", "brown", len(jobs), app.verbosity,
                                   lambda job: jobs[job].stem):  # fmt: skip
            done = job.result()
            if done.err is None:
                page = CacheBundleIn(done.nb, str(jobs[job]), data={"execution_seconds": done.time})
                cache.cache_notebook_bundle(page, check_validity=False, overwrite=True)


def setup(app):
    """Register everything above."""
    app.connect("env-before-read-docs", run_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
