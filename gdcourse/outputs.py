"""Output units: how a network's last numbers become a distribution over the answer.

A unit pairs a link with the cost that its density asks for. Everything works on Z, the network's outputs, one row
an example: (n, columns), or (n,) where there is one column. The loss's gradient comes back in Z's shape. For the
canonical pairs (gaussian with sigma 1, bernoulli, categorical, poisson) it is (predict(Z) - y) / n.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gdcourse._validate import as_floats, generator, positive, positive_integer
from gdcourse.losses import (
    binary_cross_entropy,
    gaussian_nll,
    mixture_nll,
    poisson_nll,
    softmax_cross_entropy,
)
from gdcourse.stable import (
    LOG_2PI,
    divide_by_exp,
    log_factorial,
    log_softmax,
    log_sum_exp,
    sigmoid,
    softmax,
    softplus,
)


class OutputUnit(NamedTuple):
    """A density for the answer, written in a network's outputs.

    name; columns: the outputs it needs for an example;
    parameters(Z): the inverse link, outputs -> the density's parameters, a tuple of arrays;
    link(*parameters): back to outputs (n,) or (n, columns), so that a bias can start at the base rate;
    predict(Z): the mean (n,), or for labels the probabilities (n, k);
    log_likelihood(Z, y): (n,); loss(Z, y): its negative mean and the gradient, in Z's shape;
    sample(Z, rng): (n,), one draw an example.
    """

    name: str
    columns: int
    parameters: Callable
    link: Callable
    predict: Callable
    log_likelihood: Callable
    loss: Callable
    sample: Callable


def gaussian(sigma=1.0):
    """Return the linear unit: y is Gaussian around Z with a spread fixed beforehand.

    predict = z;  gradient = (z - y) / sigma^2 / n

    Args: sigma: a positive number. Returns: an OutputUnit of one column. Raises: ValueError if sigma is not positive.
    Example:
        >>> gaussian().loss(np.array([3.0]), [1.0])[1]
        array([2.])
    """
    log_sigma = math.log(positive("sigma", sigma))

    def loss(mu, y):
        value, (dmu, _) = gaussian_nll(mu, log_sigma, y)
        return value, dmu

    return _unit(
        "gaussian", 1,
        parameters=lambda mu: (mu,),
        link=lambda mu: mu,
        predict=lambda mu: mu,
        log_likelihood=lambda mu, y: _log_normal(mu, log_sigma, y),
        loss=loss,
        sample=lambda mu, rng: rng.normal(mu, sigma),
    )  # fmt: skip


def bernoulli():
    """Return the sigmoid unit: y is 1 with probability p = 1 / (1 + exp(-z)).

    predict = p, link: z = log(p / (1 - p));  gradient = (p - y) / n

    Returns: an OutputUnit of one column. Its y is 0 or 1, or a probability between.
    Example:
        >>> float(bernoulli().link(0.5))
        0.0
    """
    return _unit(
        "bernoulli", 1,
        parameters=lambda z: (sigmoid(z),),
        link=lambda p: np.log(p) - np.log1p(-p),
        predict=sigmoid,
        log_likelihood=lambda z, y: -(y * softplus(-z) + (1 - y) * softplus(z)),
        loss=binary_cross_entropy,
        sample=lambda z, rng: (rng.random(z.shape) < sigmoid(z)).astype(int),
    )  # fmt: skip


def categorical(classes):
    """Return the softmax unit: y is label j with probability exp(z_j) / sum_k exp(z_k).

    predict = p, (n, classes); link: z = log p, one choice of many, as z + c has the same p
    gradient = (p - onehot(y)) / n

    Args: classes: at least 2. Returns: an OutputUnit of `classes` columns. Raises: ValueError below 2.
    Example:
        >>> categorical(2).predict(np.array([[0.0, 0.0]]))
        array([[0.5, 0.5]])
    """
    classes = positive_integer("classes", classes, least=2)
    return _unit(
        "categorical", classes,
        parameters=lambda Z: (softmax(Z),),
        link=np.log,
        predict=softmax,
        log_likelihood=lambda Z, y: log_softmax(Z)[np.arange(len(Z)), y],
        loss=softmax_cross_entropy,
        sample=_draw_label,
    )  # fmt: skip


def poisson():
    """Return the exponential unit for counts: y is Poisson with rate exp(z).

    predict = exp(z), link: z = log rate;  gradient = (exp(z) - y) / n

    Returns: an OutputUnit of one column.
    Example:
        >>> poisson().predict(np.array([0.0]))
        array([1.])
    """
    return _unit(
        "poisson", 1,
        parameters=lambda s: (_exp(s),),
        link=np.log,
        predict=_exp,
        log_likelihood=lambda s, y: y * s - _exp(s) - log_factorial(y),
        loss=poisson_nll,
        sample=lambda s, rng: rng.poisson(_exp(s)),
    )  # fmt: skip


def heteroscedastic():
    """Return the Gaussian unit that says how sure it is: Z holds the mean and the logarithm of the spread.

    parameters = (mu, sigma) = (z_0, exp(z_1)); predict = mu

    Returns: an OutputUnit of two columns.
    Example:
        >>> [p.tolist() for p in heteroscedastic().parameters(np.array([[3.0, 0.0]]))]
        [[3.0], [1.0]]
    """

    def loss(Z, y):
        value, gradients = gaussian_nll(*Z.T, y)
        return value, np.column_stack(gradients)

    return _unit(
        "heteroscedastic", 2,
        parameters=lambda Z: (Z[:, 0], _exp(Z[:, 1])),
        link=lambda mu, sigma: np.column_stack([mu, np.log(sigma)]),
        predict=lambda Z: Z[:, 0],
        log_likelihood=lambda Z, y: _log_normal(*Z.T, y),
        loss=loss,
        sample=lambda Z, rng: rng.normal(Z[:, 0], _exp(Z[:, 1])),
    )  # fmt: skip


def mixture(components):
    """Return the unit of a mixture density network (Bishop, 1994): K Gaussians and their weights.

    Z = [K logits | K means | K log sigmas]; parameters = (weights, means, sigmas), each (n, K)
    predict = sum_k w_k mu_k, which may be a value that hardly ever occurs

    Args: components: K, at least 1. Returns: an OutputUnit of 3 K columns. Raises: ValueError below 1.
    Example:
        >>> mixture(2).predict(np.array([[0.0, 0.0, -1.0, 3.0, 0.0, 0.0]]))
        array([1.])
    """
    K = positive_integer("components", components)

    def thirds(Z):
        return Z[:, :K], Z[:, K : 2 * K], Z[:, 2 * K :]

    def parameters(Z):
        logits, means, log_sigmas = thirds(Z)
        return softmax(logits), means, _exp(log_sigmas)

    def log_likelihood(Z, y):
        logits, means, log_sigmas = thirds(Z)
        return log_sum_exp(log_softmax(logits) + _log_normal(means, log_sigmas, y[:, None]))

    def loss(Z, y):
        value, gradients = mixture_nll(*thirds(Z), y)
        return value, np.column_stack(gradients)

    def sample(Z, rng):
        logits, means, log_sigmas = thirds(Z)
        chosen = np.arange(len(Z)), _draw_label(logits, rng)
        return rng.normal(means[chosen], _exp(log_sigmas[chosen]))

    return _unit(
        "mixture", 3 * K,
        parameters=parameters,
        link=lambda weights, means, sigmas: np.column_stack([np.log(weights), means, np.log(sigmas)]),
        predict=lambda Z: (softmax(thirds(Z)[0]) * thirds(Z)[1]).sum(axis=1),
        log_likelihood=log_likelihood,
        loss=loss,
        sample=sample,
    )  # fmt: skip


OUTPUT_UNITS = {
    "gaussian": gaussian,
    "bernoulli": bernoulli,
    "categorical": categorical,
    "poisson": poisson,
    "heteroscedastic": heteroscedastic,
    "mixture": mixture,
}
"""Every unit's factory by name; categorical and mixture ask how many classes or components."""


def _exp(z):
    with np.errstate(over="ignore"):
        return np.exp(z)


def _log_normal(mu, log_sigma, y):
    z = divide_by_exp(y - mu, log_sigma)
    with np.errstate(over="ignore"):
        return -z * z / 2 - log_sigma - LOG_2PI / 2


def _draw_label(Z, rng):
    # The largest of logit + Gumbel noise is a draw from the softmax, with no probability formed.
    return (Z + rng.gumbel(size=Z.shape)).argmax(axis=1)


def _unit(name, columns, *, parameters, link, predict, log_likelihood, loss, sample):
    """Return the unit whose functions check Z and y first, and take one column as (n,) or (n, 1)."""

    def outputs(Z):
        Z = as_floats("Z", Z)
        if Z.size == 0 or not (Z.shape[1:] == (columns,) or (columns == 1 and Z.ndim == 1)):
            wanted = "(n,) or (n, 1)" if columns == 1 else f"(n, {columns})"
            raise ValueError(f"Z must have shape {wanted} for {name}, got shape {Z.shape}")
        return Z.reshape(-1) if columns == 1 else Z

    def with_log_likelihood(Z, y):
        Z = outputs(Z)
        loss(Z, y)  # The loss knows which answers make sense, and says so.
        return log_likelihood(Z, np.asarray(y))

    def with_loss(Z, y):
        value, gradient = loss(outputs(Z), y)
        return value, gradient.reshape(np.shape(Z))

    return OutputUnit(
        name, columns,
        parameters=lambda Z: parameters(outputs(Z)),
        link=link,
        predict=lambda Z: predict(outputs(Z)),
        log_likelihood=with_log_likelihood,
        loss=with_loss,
        sample=lambda Z, rng: sample(outputs(Z), generator("rng", rng)),
    )  # fmt: skip
