"""How fast the course's networks train, against what a reader would use instead, and against the arithmetic alone.

    python benchmarks/training.py

One task for all: the 64-128-10 network on the 1,797 digits, minibatches of 64, Adam at 0.001, ten epochs. Every
contender runs once a round, so that a slow minute of the machine is everybody's; the table gives medians, with each
contender at whichever of one and two threads is faster for it. Other work on the machine spoils the numbers.
"""

import os
import platform
import statistics
import time
import warnings
from functools import partial

# Let OpenBLAS choose the kernels of this processor, whatever an environment has pinned for other reasons.
os.environ.pop("OPENBLAS_CORETYPE", None)
os.environ.pop("OPENBLAS_L2_SIZE", None)

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from gdcourse.autodiff import Value
from gdcourse.batches import minibatches
from gdcourse.data import digits
from gdcourse.descent import descend
from gdcourse.networks import initialise, mlp, network_problem
from gdcourse.optimizers import adam

try:
    import torch
except ImportError:
    torch = None

X, Y, _ = digits()
N, BATCH, EPOCHS, LR, ROUNDS = len(X), 64, 10, 1e-3, 9
STEPS = EPOCHS * -(-N // BATCH)


def ours(dtype, width=128, batch=BATCH, epochs=EPOCHS):
    """Train with gdcourse: one call of descend, its last look at the whole sum included."""
    network = mlp((64, width, 10))
    problem = network_problem(network, X, Y)
    rng = np.random.default_rng(0)
    start = initialise(network, "he", rng).astype(dtype)
    trace = descend(problem, adam(), lr=LR, steps=10**6, start=start, keep_path=False,
                    batches=minibatches(N, batch, rng, epochs))  # fmt: skip
    return trace.values[-1]


def torch_network(dtype, width):
    kind = getattr(torch, np.dtype(dtype).name)
    layers = torch.nn.Linear(64, width), torch.nn.ReLU(), torch.nn.Linear(width, 10)
    return torch.nn.Sequential(*layers).to(kind), torch.tensor(X, dtype=kind), torch.tensor(Y)


def torch_step(network, method, loss, x, y):
    method.zero_grad()
    loss(network(x), y).backward()
    method.step()


def torch_loader(dtype):
    """Train as PyTorch's own introduction does: a DataLoader over a TensorDataset."""
    network, x, y = torch_network(dtype, 128)
    method, loss = torch.optim.Adam(network.parameters(), lr=LR), torch.nn.CrossEntropyLoss()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=BATCH, shuffle=True)
    for _ in range(EPOCHS):
        for rows in loader:
            torch_step(network, method, loss, *rows)
    return loss(network(x), y).item()


def torch_indexed(dtype, width=128, batch=BATCH, epochs=EPOCHS, **options):
    """Train with the batches indexed by hand, the leanest loop PyTorch allows in the same few lines."""
    network, x, y = torch_network(dtype, width)
    method, loss = torch.optim.Adam(network.parameters(), lr=LR, **options), torch.nn.CrossEntropyLoss()
    for _ in range(epochs):
        order = torch.randperm(N)
        for first in range(0, N, batch):
            rows = order[first : first + batch]
            torch_step(network, method, loss, x[rows], y[rows])
    return loss(network(x), y).item()


def scikit_learn(dtype):
    """Train scikit-learn's classifier with the same settings and no early stop."""
    model = MLPClassifier((128,), batch_size=BATCH, learning_rate_init=LR, alpha=0.0, max_iter=EPOCHS,
                          n_iter_no_change=EPOCHS + 1, random_state=0)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that ten epochs are not convergence
        return model.fit(X.astype(dtype), Y).loss_


def floor(dtype):
    """Only the five matrix products of each step, on numbers that do not matter."""
    x, W, V = X.astype(dtype), np.ones((64, 128), dtype), np.ones((128, 10), dtype)
    for _ in range(EPOCHS):
        for first in range(0, N, BATCH):
            rows = x[first : first + BATCH]
            hidden = rows @ W
            outputs = hidden @ V
            hidden.T @ outputs
            dhidden = outputs @ V.T
            rows.T @ dhidden


def scalars(samples=2):
    """One example at a time through scalar reverse mode; return the seconds of ten epochs at that speed."""
    rng = np.random.default_rng(0)
    W, V = ([[Value(w) for w in column] for column in rng.normal(0, 0.1, shape)] for shape in ((128, 64), (10, 128)))
    start = time.perf_counter()
    for row, label in zip(X[:samples], Y[:samples]):
        x = row.tolist()
        hidden = [sum((w * a for w, a in zip(column, x)), Value(0.0)).relu() for column in W]
        logits = [sum((v * h for v, h in zip(column, hidden)), Value(0.0)) for column in V]
        cost = sum((z.exp() for z in logits), Value(0.0)).log() - logits[label]
        cost.backward()
    return (time.perf_counter() - start) / samples * N * EPOCHS


def timed(run, threads):
    with threadpool_limits(threads):
        if torch:
            torch.set_num_threads(threads)
        start = time.perf_counter()
        result = run()
        return time.perf_counter() - start, result


def race(contenders, rounds):
    """Return name -> (median seconds, the number of threads, the last result).

    A first round, which also warms up, finds whether one thread or two is faster for each contender.
    """
    threads = {name: min((1, 2), key=lambda t, run=run: min(timed(run, t)[0] for _ in range(2)))
               for name, run in contenders.items()}  # fmt: skip
    seconds = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            elapsed, result = timed(run, threads[name])
            seconds[name].append((elapsed, result))
    return {
        name: (statistics.median(t for t, _ in runs), threads[name], runs[-1][1]) for name, runs in seconds.items()
    }


def main_table(dtype):
    contenders = {"five matrix products alone": partial(floor, dtype), "gdcourse": partial(ours, dtype)}
    if torch:
        contenders |= {
            "PyTorch, DataLoader": partial(torch_loader, dtype),
            "PyTorch, indexed by hand": partial(torch_indexed, dtype),
            "PyTorch, by hand, fused Adam": partial(torch_indexed, dtype, fused=True),
        }
    contenders["scikit-learn MLPClassifier"] = partial(scikit_learn, dtype)
    found = race(contenders, ROUNDS)
    base = found["gdcourse"][0]
    print(f"\n{np.dtype(dtype).name:29} {'ms':>9} {'µs/step':>8} {'threads':>8} {'× gdcourse':>11} {'final loss':>11}")
    for name, (seconds, threads, loss) in found.items():
        loss = "" if loss is None else f"{loss:.4f}"
        step = seconds / STEPS * 1e6
        print(f"{name:29} {seconds * 1e3:9.1f} {step:8.1f} {threads:8} {seconds / base:11.2f} {loss:>11}")
    if not torch:
        print("PyTorch                       not installed: pip install torch")
    return base


def scaling():
    """Print the cost against the number of steps, the batch and the width, and where PyTorch is ahead."""
    print("\nmicroseconds a step, float32")
    print(f"{'':29} {'gdcourse':>9} {'PyTorch':>9} {'ratio':>7}   (PyTorch indexed by hand)")
    cases = [(f"{epochs} epochs", {"epochs": epochs}) for epochs in (5, 20)]
    cases += [(f"batch {batch}", {"batch": batch}) for batch in (16, 256, 1024)]
    cases += [(f"width {width}", {"width": width, "epochs": 2}) for width in (32, 512, 1024, 2048, 4096)]
    for label, options in cases:
        contenders = {"gdcourse": partial(ours, np.float32, **options)}
        if torch:
            contenders["PyTorch"] = partial(torch_indexed, np.float32, **options)
        steps = options.get("epochs", EPOCHS) * -(-N // options.get("batch", BATCH))
        found = {name: row[0] / steps * 1e6 for name, row in race(contenders, 3).items()}
        theirs = found.get("PyTorch", float("nan"))
        print(f"{label:29} {found['gdcourse']:9.1f} {theirs:9.1f} {theirs / found['gdcourse']:7.2f}")


if __name__ == "__main__":
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, PyTorch {torch and torch.__version__}"
    print(f"{platform.machine()}, {os.cpu_count()} processors, {versions}")
    print(f"64-128-10 on digits, batch {BATCH}, Adam, {EPOCHS} epochs = {STEPS} steps, median of {ROUNDS} rounds")
    for dtype in (np.float32, np.float64):
        base = main_table(dtype)
    seconds = scalars()
    print(f"\nscalar reverse mode: {seconds:,.0f} s by its first two examples, {seconds / base:,.0f} × gdcourse")
    scaling()
