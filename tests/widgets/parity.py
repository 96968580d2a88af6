"""Run the page's loop in a browser and Python's in NumPy on the same random settings, and count what differs."""

import base64
import json

import numpy as np

from gdcourse.problems import SURFACES
from gdcourse.widgets import Path, bundle
from gdcourse.widgets.path import METHODS, window

IN_PAGE = """([code, jobs]) => {
  const { descend, METHODS, SURFACES } = new Function(code)();
  return JSON.parse(jobs).map(({ surface, optimizer, lr, beta, start, steps }) => {
    const settings = METHODS[optimizer].settings.map((name) => ({ lr, beta })[name]);
    const run = descend(SURFACES[surface], METHODS[optimizer], settings, start, steps);
    const bytes = new Uint8Array(Float64Array.from([...run.path.flat(), ...run.values]).buffer);
    return [run.status, btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))];
  });
}"""


def random_settings(count, seed=0):
    """Return count settings of the Path widget: every surface with every method, rates over five decades."""
    rng = np.random.default_rng(seed)
    pairs = [(surface, optimizer) for surface in SURFACES for optimizer in METHODS]
    jobs = []
    for surface, optimizer in (pairs[k % len(pairs)] for k in range(count)):
        left, right, low, high = window(surface)
        start = [rng.uniform(left, right), rng.uniform(low, high)]
        lr, beta = 10 ** rng.uniform(-4.5, 0.5), rng.uniform(0, 1)
        steps = int(rng.integers(1, 80))
        jobs.append(dict(surface=surface, optimizer=optimizer, lr=lr, beta=beta, start=start, steps=steps))
    return jobs


def in_page(page, jobs, rules=None):
    """Return [(status, doubles)] as the page computes them, with these rules or the widget's own."""
    code = "const gdcourse = {};" + bundle.wrap("descent.js", bundle.source("descent.js"))
    code += bundle.wrap("rules.js", rules or Path.rules())
    code += 'return { ...gdcourse["descent.js"], ...gdcourse["rules.js"] };'
    answers = page.evaluate(IN_PAGE, [code, json.dumps(jobs)])
    return [(status, np.frombuffer(base64.b64decode(text))) for status, text in answers]


def in_python(jobs):
    """Return [(status, doubles)] as the package computes them."""
    widget = Path()
    answers = [widget.answer(job) for job in jobs]
    return [(status, np.concatenate([path.ravel(), values])) for status, (path, values) in answers]


def differing(mine, others):
    """Return how many runs differ in their status or in any bit, and how many doubles were compared."""
    runs = sum(a != b or x.tobytes() != y.tobytes() for (a, x), (b, y) in zip(mine, others, strict=True))
    return runs, sum(len(x) for _, x in mine)
