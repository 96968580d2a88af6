"""Networks held against PyTorch in float64: outputs, losses, gradients, batch norm's two forms, convolution."""

import os

import numpy as np
import pytest

from gdcourse.batches import minibatches
from gdcourse.convolution import convolution
from gdcourse.depth import batch_statistics, frozen, running_statistics
from gdcourse.descent import descend
from gdcourse.layers import Statistics, activation, affine, chain
from gdcourse.networks import initialise, mlp, network_problem, predict
from gdcourse.optimizers import adam

try:
    import torch
except ImportError:
    if os.environ.get("GDCOURSE_REQUIRE_ALL") == "1":
        raise
    pytest.skip("PyTorch is not installed: pip install torch", allow_module_level=True)

pytestmark = pytest.mark.oracle

THEIRS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid, "identity": torch.nn.Identity}


class Residual(torch.nn.Module):
    def __init__(self, *parts):
        super().__init__()
        self.branch = torch.nn.Sequential(*parts)

    def forward(self, x):
        return x + self.branch(x)


def twin(network):
    """Build the same network of PyTorch's layers."""
    if network.name == "affine":
        return torch.nn.Linear(network.inputs, network.outputs, dtype=torch.float64)
    if network.name == "batch norm":
        return torch.nn.BatchNorm1d(network.inputs, dtype=torch.float64)
    if network.parts:
        return (Residual if network.name == "residual" else torch.nn.Sequential)(*map(twin, network.parts))
    return THEIRS[network.name]()


def load(model, network, theta):
    """Copy theta into the twin; its matrices are ours transposed, in the same order."""
    with torch.no_grad():
        for p, array in zip(model.parameters(), network.views(theta), strict=True):
            p.copy_(torch.tensor(array.T.copy()))


def flatten(tensors):
    return np.concatenate([t.detach().numpy().T.ravel() for t in tensors])


CASES = [
    ((5, 7, 3), "relu", False, False),
    ((5, 7, 6, 3), "tanh", False, False),
    ((5, 6, 6, 6, 3), "sigmoid", False, True),
    ((5, 7, 3), "relu", True, False),
    ((5, 6, 6, 6, 3), "relu", True, True),
    ((5, 4, 3), "identity", True, False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_outputs_loss_and_gradient(case):
    g = np.random.default_rng(0)
    network = mlp(*case)
    theta = initialise(network, "glorot", g) + 0.1 * g.normal(size=network.dimension)
    X, y = g.normal(size=(20, 5)), g.integers(0, 3, 20)
    model = twin(network)
    load(model, network, theta)
    outputs = model(torch.tensor(X))
    loss = torch.nn.functional.cross_entropy(outputs, torch.tensor(y))
    loss.backward()
    value, gradient = network_problem(network, X, y).value_and_gradient(theta)
    assert predict(network, theta, X) == pytest.approx(outputs.detach().numpy(), rel=1e-12, abs=1e-12)
    assert value == pytest.approx(loss.item(), rel=1e-12)
    assert gradient == pytest.approx(flatten([p.grad for p in model.parameters()]), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("case", [c for c in CASES if c[2]], ids=str)
def test_running_statistics_and_evaluation(case):
    g = np.random.default_rng(1)
    network = mlp(*case)
    theta = initialise(network, "glorot", g) + 0.1 * g.normal(size=network.dimension)
    model = twin(network)
    load(model, network, theta)
    running = None
    for _ in range(5):
        X = g.normal(size=(16, 5))
        model(torch.tensor(X))
        batch = batch_statistics(network, theta, X)
        if running is None:  # where PyTorch's memory begins
            running = [Statistics(np.zeros_like(s.mean), np.ones_like(s.variance)) for s in batch]
        running = running_statistics(running, batch, memory=0.9)
    theirs = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm1d)]
    for ours, module in zip(running, theirs, strict=True):
        assert ours.mean == pytest.approx(module.running_mean.numpy(), abs=1e-12)
        assert ours.variance == pytest.approx(module.running_var.numpy(), abs=1e-12)
    model.eval()
    X, y = g.normal(size=(9, 5)), g.integers(0, 3, 9)
    outputs = model(torch.tensor(X))
    torch.nn.functional.cross_entropy(outputs, torch.tensor(y)).backward()
    evaluation = frozen(network, running)
    assert predict(evaluation, theta, X) == pytest.approx(outputs.detach().numpy(), abs=1e-12)
    gradient = network_problem(evaluation, X, y).gradient(theta)
    assert gradient == pytest.approx(flatten([p.grad for p in model.parameters()]), abs=1e-12)


def test_a_convolutional_network():
    g = np.random.default_rng(2)
    network = chain(
        convolution(6, 5, 2, 3, 2), activation("relu"), convolution(5, 4, 3, 2, 3), activation("tanh"), affine(12, 3)
    )
    theta = 0.5 * g.normal(size=network.dimension)
    X, y = g.normal(size=(7, 60)), g.integers(0, 3, 7)
    W1, b1, W2, b2, W3, b3 = (torch.tensor(a, requires_grad=True) for a in network.views(theta))
    images = torch.tensor(X).reshape(7, 6, 5, 2).permute(0, 3, 1, 2)
    kernel = lambda W, size, filters: W.reshape(size, size, -1, filters).permute(3, 2, 0, 1)  # noqa: E731
    hidden = torch.relu(torch.nn.functional.conv2d(images, kernel(W1, 2, 3), b1))
    hidden = torch.tanh(torch.nn.functional.conv2d(hidden, kernel(W2, 3, 2), b2))
    outputs = hidden.permute(0, 2, 3, 1).reshape(7, -1) @ W3 + b3
    loss = torch.nn.functional.cross_entropy(outputs, torch.tensor(y))
    loss.backward()
    value, gradient = network_problem(network, X, y).value_and_gradient(theta)
    assert value == pytest.approx(loss.item(), rel=1e-12)
    theirs = np.concatenate([t.grad.numpy().ravel() for t in (W1, b1, W2, b2, W3, b3)])
    assert gradient == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize(("dtype", "close"), [(np.float64, 1e-9), (np.float32, 2e-3)])
def test_fifty_steps_of_training(dtype, close):
    g = np.random.default_rng(3)
    network = mlp((5, 8, 3), "tanh")
    X, y = g.normal(size=(60, 5)).astype(dtype), g.integers(0, 3, 60)
    theta = initialise(network, "glorot", g).astype(dtype)
    model = twin(network).to(torch.float64 if dtype is np.float64 else torch.float32)
    load(model, network, theta)
    method = torch.optim.Adam(model.parameters(), lr=0.01)
    for rows in minibatches(60, 16, np.random.default_rng(4), epochs=13):
        method.zero_grad()
        torch.nn.functional.cross_entropy(model(torch.tensor(X[rows])), torch.tensor(y[rows])).backward()
        method.step()
    trace = descend(network_problem(network, X, y), adam(), lr=0.01, steps=1000, start=theta,
                    batches=minibatches(60, 16, np.random.default_rng(4), epochs=13))  # fmt: skip
    assert trace.steps == 52
    assert trace.final.dtype == dtype
    assert trace.final == pytest.approx(flatten(model.parameters()), abs=close)
