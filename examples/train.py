"""Train a network to read handwritten digits, with nothing hidden: the network, its slopes, Adam, the loop, the curve.

    pip install ".[plots]"           # scikit-learn has the digits, matplotlib draws the curve
    python examples/train.py

It prints a line an epoch, does it all again with the package, in four lines, says how far apart the two networks are,
and draws the curve into train.png.
"""

import math
import sys

import numpy as np

import gdcourse as gd

# The data: 1,797 pictures of 8 x 8 pixels, three in ten of them held out.
digits = gd.digits()
kept, held = gd.split(len(digits.y), 0.3, np.random.default_rng(0))
X, y, X_test, y_test = digits.X[kept], digits.y[kept], digits.X[held], digits.y[held]
PIXELS, HIDDEN, CLASSES = 64, 32, 10
EPOCHS, BATCH, RATE, BETA1, BETA2, EPS = 20, 50, 0.01, 0.9, 0.999, 1e-8


# The network: all its numbers in one vector theta, from which the layers are cut.
def layers(theta):
    W1, b1, W2, b2 = np.split(theta, np.cumsum([PIXELS * HIDDEN, HIDDEN, HIDDEN * CLASSES]))
    return W1.reshape(PIXELS, HIDDEN), b1, W2.reshape(HIDDEN, CLASSES), b2


def forward(theta, X):
    W1, b1, W2, b2 = layers(theta)
    hidden = np.maximum(X @ W1 + b1, 0)
    return hidden, hidden @ W2 + b2


def cost_and_slopes(theta, X, y):
    """The mean of -log p(right class), and its derivative by every number of theta, from the back to the front."""
    hidden, scores = forward(theta, X)
    scores = scores - scores.max(axis=1, keepdims=True)  # which changes no probability, and keeps exp finite
    logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    d_scores = (np.exp(logs) - np.eye(CLASSES)[y]) / len(y)
    d_hidden = d_scores @ layers(theta)[2].T * (hidden > 0)
    slopes = X.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ d_scores, d_scores.sum(axis=0)
    return -logs[np.arange(len(y)), y].mean(), np.concatenate([slope.ravel() for slope in slopes])


def right(theta, X, y):
    return (forward(theta, X)[1].argmax(axis=1) == y).mean()


# The first weights: a spread that keeps the signal's size, and biases of zero.
rng = np.random.default_rng(1)
W1, W2 = rng.normal(0, math.sqrt(2 / PIXELS), (PIXELS, HIDDEN)), rng.normal(0, math.sqrt(2 / HIDDEN), (HIDDEN, CLASSES))
start = np.concatenate([W1.ravel(), np.zeros(HIDDEN), W2.ravel(), np.zeros(CLASSES)])

# Are the slopes right? Walk a little along a random direction, there and back.
along = rng.normal(size=start.size)
measured = (cost_and_slopes(start + 1e-6 * along, X, y)[0] - cost_and_slopes(start - 1e-6 * along, X, y)[0]) / 2e-6
print(f"slope along a random direction: {cost_and_slopes(start, X, y)[1] @ along:.6f}, measured {measured:.6f}")

# The loop: a batch, its slopes, Adam's step at a rate that falls along half a cosine wave.
theta, m, v, costs, t = start, 0.0, 0.0, [], 0
each, order = math.ceil(len(y) / BATCH), np.random.default_rng(2)
steps = EPOCHS * each
for epoch in range(1, EPOCHS + 1):
    shuffled = order.permutation(len(y))
    for rows in (shuffled[first : first + BATCH] for first in range(0, len(y), BATCH)):
        cost, g = cost_and_slopes(theta, X[rows], y[rows])
        rate, t = RATE * (1 + math.cos(math.pi * t / steps)) / 2, t + 1
        m, v = BETA1 * m + (1 - BETA1) * g, BETA2 * v + (1 - BETA2) * g * g
        theta = theta - rate * (m / (1 - BETA1**t)) / (np.sqrt(v / (1 - BETA2**t)) + EPS)
        costs.append(cost)
    print(f"epoch {epoch:2}: cost {np.mean(costs[-each:]):.4f}, right on pictures never seen "
          f"{right(theta, X_test, y_test):.1%}")  # fmt: skip

# The same with the package.
problem = gd.network_problem(gd.mlp((PIXELS, HIDDEN, CLASSES)), X, y)
batches = gd.minibatches(len(y), BATCH, np.random.default_rng(2), EPOCHS)
run = gd.descend(problem, gd.adam(), lr=gd.cosine(RATE, steps), steps=steps, start=start, batches=batches)
print(f"the package's network differs from this one by at most {np.abs(run.final - theta).max():.0e}")

# The curve.
try:
    import matplotlib.pyplot as plt
except ImportError:
    sys.exit("the curve needs matplotlib: pip install matplotlib")
plt.semilogy(costs)
plt.gca().set(xlabel="step", ylabel="cost of the batch", title=f"{right(theta, X_test, y_test):.1%} right in the end")
plt.savefig("train.png")
