"""How fast the course's networks train, against what a reader would use instead, and against the arithmetic alone.

    python benchmarks/training.py [file.json]

One task for all: the 64-128-10 network on the 1,797 digits, minibatches of 64, Adam at 0.001, thirty epochs. The time
is the processor's, on one thread, so that other work on the machine counts for less, and every contender runs once a
round, so that a slow minute is everybody's. The table gives medians. The clock runs over the steps: shuffling and
batching count, building the network and the last look at the loss of all examples do not (of scikit-learn, whose
steps cannot be told apart, it is all of `fit`). The floor is the five matrix products of a step and nothing else: no
bias, no activation, no loss, no update of the weights. A second table says where the rest of a step goes.

The program exits with 1 if a bar is missed, and writes what it measured to the file if one is named.
"""

import json
import os
import platform
import statistics
import sys
import warnings
from datetime import date
from functools import partial
from pathlib import Path
from time import process_time as clock

# Let OpenBLAS choose the kernels of this processor, whatever an environment has pinned for other reasons.
os.environ.pop("OPENBLAS_CORETYPE", None)
os.environ.pop("OPENBLAS_L2_SIZE", None)

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from gdcourse.autodiff import Value
from gdcourse.batches import minibatches
from gdcourse.data import digits
from gdcourse.descent import descend
from gdcourse.losses import UNCHECKED, softmax_cross_entropy
from gdcourse.networks import initialise, mlp, network_problem
from gdcourse.optimizers import adam

try:
    import torch
except ImportError:
    torch = None

X, Y, _ = digits()
N, BATCH, EPOCHS, LR, ROUNDS = len(X), 64, 30, 1e-3, 9
STEPS = EPOCHS * -(-N // BATCH)

FLOOR, LOADER, BY_HAND, FUSED, SKLEARN = (
    "five matrix products alone", "PyTorch, DataLoader", "PyTorch, indexed by hand", "PyTorch, by hand, fused Adam",
    "scikit-learn MLPClassifier",
)  # fmt: skip
# How many times gdcourse may be slower than the floor, and must be faster than the others.
BARS = {FLOOR: 3.0, LOADER: 6.0, BY_HAND: 4.0, SKLEARN: 3.0}


def ours(dtype, hidden=(128,), batch=BATCH, epochs=EPOCHS):
    """Train with gdcourse: one call of descend."""
    network = mlp((64, *hidden, 10))
    problem = network_problem(network, X, Y)
    rng = np.random.default_rng(0)
    start = initialise(network, "he", rng).astype(dtype)
    ended = []

    def batches():
        yield from minibatches(N, batch, rng, epochs)
        ended.append(clock())

    began = clock()
    trace = descend(problem, adam(), lr=LR, steps=10**6, start=start, keep_path=False, batches=batches())
    return ended[0] - began, trace.values[-1]


def torch_network(dtype, hidden):
    kind, layers, widths = getattr(torch, np.dtype(dtype).name), [], (64, *hidden)
    for inputs, outputs in zip(widths, hidden):
        layers += torch.nn.Linear(inputs, outputs), torch.nn.ReLU()
    layers.append(torch.nn.Linear(widths[-1], 10))
    return torch.nn.Sequential(*layers).to(kind), torch.tensor(X, dtype=kind), torch.tensor(Y)


def torch_step(network, method, loss, x, y):
    method.zero_grad()
    loss(network(x), y).backward()
    method.step()


def torch_loader(dtype):
    """Train as PyTorch's own introduction does: a DataLoader over a TensorDataset."""
    network, x, y = torch_network(dtype, (128,))
    method, loss = torch.optim.Adam(network.parameters(), lr=LR), torch.nn.CrossEntropyLoss()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=BATCH, shuffle=True)
    began = clock()
    for _ in range(EPOCHS):
        for rows in loader:
            torch_step(network, method, loss, *rows)
    return clock() - began, loss(network(x), y).item()


def torch_indexed(dtype, hidden=(128,), batch=BATCH, epochs=EPOCHS, **options):
    """Train with the batches indexed by hand, the leanest loop PyTorch allows in the same few lines."""
    network, x, y = torch_network(dtype, hidden)
    method, loss = torch.optim.Adam(network.parameters(), lr=LR, **options), torch.nn.CrossEntropyLoss()
    began = clock()
    for _ in range(epochs):
        order = torch.randperm(N)
        for first in range(0, N, batch):
            rows = order[first : first + batch]
            torch_step(network, method, loss, x[rows], y[rows])
    return clock() - began, loss(network(x), y).item()


def scikit_learn(dtype):
    """Train scikit-learn's classifier with the same settings and no early stop."""
    model = MLPClassifier((128,), batch_size=BATCH, learning_rate_init=LR, alpha=0.0, max_iter=EPOCHS,
                          n_iter_no_change=EPOCHS + 1, random_state=0)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that thirty epochs are not convergence
        began = clock()
        model.fit(X.astype(dtype), Y)
    return clock() - began, model.loss_


def floor(dtype):
    """Only the five matrix products of each step, on numbers that do not matter."""
    x, W, V = X.astype(dtype), np.ones((64, 128), dtype), np.ones((128, 10), dtype)
    began = clock()
    for _ in range(EPOCHS):
        for first in range(0, N, BATCH):
            rows = x[first : first + BATCH]
            hidden = rows @ W
            outputs = hidden @ V
            hidden.T @ outputs
            dhidden = outputs @ V.T
            rows.T @ dhidden
    return clock() - began, None


def scalars(samples=2):
    """One example at a time through scalar reverse mode; return the seconds of the whole task at that speed."""
    rng = np.random.default_rng(0)
    W, V = ([[Value(w) for w in column] for column in rng.normal(0, 0.1, shape)] for shape in ((128, 64), (10, 128)))
    began = clock()
    for row, label in zip(X[:samples], Y[:samples]):
        x = row.tolist()
        hidden = [sum((w * a for w, a in zip(column, x)), Value(0.0)).relu() for column in W]
        logits = [sum((v * h for v, h in zip(column, hidden)), Value(0.0)) for column in V]
        cost = sum((z.exp() for z in logits), Value(0.0)).log() - logits[label]
        cost.backward()
    return (clock() - began) / samples * N * EPOCHS


def race(contenders, rounds):
    """Return name -> (median processor seconds, the last result); a first round, not counted, warms up."""
    runs = {name: [] for name in contenders}
    for _ in range(rounds + 1):
        for name, run in contenders.items():
            runs[name].append(run())
    return {name: (statistics.median(t for t, _ in rows[1:]), rows[-1][1]) for name, rows in runs.items()}


def repeated(call, times=1000):
    """Time as many calls; the seconds are those of one."""
    began = clock()
    for _ in range(times):
        call()
    return (clock() - began) / times, None


def parts(dtype, microseconds):
    """Print where a step of gdcourse goes, each part timed by itself; return name -> microseconds."""
    network, method, loss = mlp((64, 128, 10)), adam(), UNCHECKED[softmax_cross_entropy]
    theta = initialise(network, "he", np.random.default_rng(0)).astype(dtype)
    x, y = X[:BATCH].astype(dtype), Y[:BATCH]
    parameters, state = network.views(theta), method.init(theta)
    gradient = np.empty_like(theta)
    gradients = network.views(gradient)
    outputs, cache = network.forward(parameters, x)
    doutputs = loss(outputs, y)[1]
    calls = {
        "forward": lambda: network.forward(parameters, x),
        "backward": lambda: network.backward(parameters, cache, doutputs, gradients, wanted=False),
        "loss": lambda: loss(outputs, y),
        "Adam": lambda: method.step(gradient, state, LR),
    }
    calls["backward"]()  # so that the gradient holds one
    found = race({name: partial(repeated, call) for name, call in calls.items()}, ROUNDS)
    found = {name: seconds * 1e6 for name, (seconds, _) in found.items()}
    products = microseconds[FLOOR]
    rows = {
        "matrix products": products,
        "biases and activations": found["forward"] + found["backward"] - products,
        "loss and its gradient": found["loss"],
        "Adam's rule": found["Adam"],
    }
    rows["batches, views, the loop"] = microseconds["gdcourse"] - sum(rows.values())
    print()
    for name, time in rows.items():
        print(f"  {name:27} {time:8.1f}")
    return rows


def main_table(dtype):
    """Print the table of one precision; return name -> microseconds a step."""
    contenders = {FLOOR: partial(floor, dtype), "gdcourse": partial(ours, dtype)}
    if torch:
        contenders |= {
            LOADER: partial(torch_loader, dtype),
            BY_HAND: partial(torch_indexed, dtype),
            FUSED: partial(torch_indexed, dtype, fused=True),
        }
    contenders[SKLEARN] = partial(scikit_learn, dtype)
    found = race(contenders, ROUNDS)
    base = found["gdcourse"][0]
    print(f"\n{np.dtype(dtype).name:29} {'µs/step':>8} {'× gdcourse':>11} {'final loss':>11}")
    for name, (seconds, loss) in found.items():
        loss = "" if loss is None else f"{loss:.4f}"
        print(f"{name:29} {seconds / STEPS * 1e6:8.1f} {seconds / base:11.2f} {loss:>11}")
    if not torch:
        print("PyTorch                       not installed: pip install torch")
    return {name: seconds / STEPS * 1e6 for name, (seconds, _) in found.items()}


def judge(microseconds, bars):
    """Print each ratio beside its bar; return whether all are met."""
    met = True
    for name, bar in bars.items():
        if name not in microseconds:
            continue
        slower = name == FLOOR
        ratio = microseconds[name] / microseconds["gdcourse"]
        ratio = 1 / ratio if slower else ratio
        good = ratio <= bar if slower else ratio >= bar
        met = met and good
        words = "slower than, at most" if slower else "faster than, at least"
        print(f"{name:29} {ratio:8.2f} times {words} {bar:.1f}: {'met' if good else 'MISSED'}")
    return met


def scaling():
    """Print the cost against the batch and the layers, beside PyTorch at its fastest; return the rows."""
    print("\nmicroseconds a step, float32")
    print(f"{'':33} {'gdcourse':>9} {'PyTorch':>9} {'ratio':>7}   (PyTorch by hand, fused Adam)")
    cases = [("1 unit, batch 2: the calls alone", {"hidden": (1,), "batch": 2})]
    cases += [(f"batch {batch}", {"batch": batch}) for batch in (16, 256, 1024)]
    cases += [(f"{width} units", {"hidden": (width,)}) for width in (32, 512, 2048)]
    cases += [(f"{width} units, twice", {"hidden": (width, width)}) for width in (256, 1024, 2048)]
    rows = {}
    for label, options in cases:
        options = {"epochs": 1 if len(options.get("hidden", ())) > 1 else 4, **options}
        contenders = {"gdcourse": partial(ours, np.float32, **options)}
        if torch:
            contenders["PyTorch"] = partial(torch_indexed, np.float32, fused=True, **options)
        steps = options["epochs"] * -(-N // options.get("batch", BATCH))
        rows[label] = {name: row[0] / steps * 1e6 for name, row in race(contenders, 3).items()}
        found, theirs = rows[label], rows[label].get("PyTorch", float("nan"))
        print(f"{label:33} {found['gdcourse']:9.1f} {theirs:9.1f} {theirs / found['gdcourse']:7.2f}")
    return rows


def processor():
    """Return the processor's name as the system gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def main(destination=None):
    """Measure, print, write to the destination if there is one; return the exit code."""
    versions = {"Python": platform.python_version(), "NumPy": np.__version__, "scikit-learn": sklearn.__version__}
    if torch:
        versions["PyTorch"] = torch.__version__.split("+")[0]
        torch.set_num_threads(1)
    machine = f"{processor()}, {platform.machine()}, one thread"
    print(machine, *(f"{name} {version}" for name, version in versions.items()), sep=", ")
    print(f"64-128-10 on digits, batch {BATCH}, Adam, {EPOCHS} epochs = {STEPS} steps, median of {ROUNDS} rounds")
    with threadpool_limits(1):
        tables, anatomy = {}, {}
        for dtype in (np.float32, np.float64):
            name = np.dtype(dtype).name
            tables[name] = main_table(dtype)
            anatomy[name] = parts(dtype, tables[name])
        seconds = scalars()
        print(f"\nscalar reverse mode: {seconds:,.0f} s by its first two examples, "
              f"{seconds / STEPS * 1e6 / tables['float64']['gdcourse']:,.0f} × gdcourse")
        rows = scaling()
    met = True
    for name, microseconds in tables.items():
        print(f"\n{name}")
        met = judge(microseconds, BARS) and met
    if destination:
        measured = {"date": date.today().isoformat(), "machine": machine, "versions": versions, "bars": BARS,
                    "steps": tables, "parts": anatomy, "scaling": rows}  # fmt: skip
        rounded = json.loads(json.dumps(measured), parse_float=lambda text: round(float(text), 1))
        Path(destination).write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
