"""What a wrong answer costs. Each loss returns (value, gradient): a mean over examples, and its derivative.

Predictions have shape (n,), or (n, k) for k answers an example, whose costs then add up. The value is a
float; the gradient has the prediction's shape and dtype, and a loss of several predictions returns a tuple of
them. No loss carries a hidden 1/2. At a kink (a tie, a margin of exactly 1) the gradient is a subgradient: zero.
"""

import numpy as np

from gdcourse._validate import as_array, as_floats, as_labels, in_range, positive
from gdcourse.stable import (
    LOG_2PI,
    divide_by_exp,
    log_factorial,
    log_softmax,
    log_sum_exp,
    sigmoid,
    softplus,
)


def mse(prediction, y):
    """Mean squared error, whose best constant is the mean of y.

    value = mean((p - y)^2);  dp = 2 (p - y) / n

    Args: prediction, y: (n,) or (n, k), the same shape; over k answers the squares add up.
    Returns: a float and an array of prediction's shape.
    Raises: ValueError if the shapes differ or y is not finite.
    Example:
        >>> mse([1.0, 5.0], [2.0, 2.0])
        (5.0, array([-1.,  3.]))
    """
    p, y, n = _pair(prediction, y)
    residual = p - y
    return float((residual * residual).sum() / n), 2 * residual / n


def mae(prediction, y):
    """Mean absolute error, whose best constant is the median of y.

    value = mean(|p - y|);  dp = sign(p - y) / n

    Args: prediction, y: (n,) or (n, k), the same shape.
    Returns: a float and an array of prediction's shape.
    Raises: ValueError if the shapes differ or y is not finite.
    Example:
        >>> mae([1.0, 5.0], [2.0, 2.0])
        (2.0, array([-0.5,  0.5]))
    """
    p, y, n = _pair(prediction, y)
    residual = p - y
    return float(np.abs(residual).sum() / n), np.sign(residual) / n


def huber(prediction, y, delta=1.0):
    """Huber's loss (1964): squared for small errors, linear for large ones, so an outlier pulls only so hard.

    value = mean(1/2 r^2 if |r| <= delta else delta |r| - 1/2 delta^2), r = p - y
    dp = clip(r, -delta, delta) / n

    The 1/2 is Huber's own: the two pieces meet with the same slope, delta.

    Args: prediction, y: (n,) or (n, k), the same shape; delta: where linear begins, in y's units, positive.
    Returns: a float and an array of prediction's shape.
    Raises: ValueError if the shapes differ, y is not finite, or delta is not positive.
    Example:
        >>> huber([2.5, 12.0], [2.0, 2.0])
        (4.8125, array([0.25, 0.5 ]))
    """
    delta = positive("delta", delta)
    p, y, n = _pair(prediction, y)
    residual = p - y
    clipped = np.clip(residual, -delta, delta)
    return float((clipped * (residual - clipped / 2)).sum() / n), clipped / n


def pinball(prediction, y, tau=0.5):
    """Pinball loss (Koenker and Bassett, 1978), whose best constant is the tau quantile of y.

    value = mean(tau (y - q) if y > q else (1 - tau) (q - y));  dq = (-tau if y > q else 1 - tau) / n

    Args: prediction, y: (n,) or (n, k), the same shape; tau: the quantile, in (0, 1); 0.5 is half the mae.
    Returns: a float and an array of prediction's shape.
    Raises: ValueError if the shapes differ, y is not finite, or tau lies outside (0, 1).
    Example:
        >>> pinball([1.0, 5.0], [2.0, 2.0], tau=0.75)
        (0.75, array([-0.375,  0.125]))
    """
    tau = in_range("tau", tau, 0, 1, "()")
    q, y, n = _pair(prediction, y)
    slope = np.where(q > y, 1 - tau, np.where(q < y, -tau, 0.0)).astype(q.dtype)
    return float((slope * (q - y)).sum() / n), slope / n


def binary_cross_entropy(logits, y):
    """Cross-entropy of yes-or-no answers, from the logits z = log(p / (1 - p)).

    value = mean(-y log p - (1 - y) log(1 - p)), p = sigmoid(z);  dz = (p - y) / n

    Args: logits, y: (n,) or (n, k), the same shape; y: 0 or 1, or probabilities between.
    Returns: a float and an array of logits' shape.
    Raises: ValueError if the shapes differ or y lies outside 0..1.
    Example:
        >>> binary_cross_entropy([0.0, -10000.0], [1, 1])
        (5000.34657359028, array([-0.25, -0.5 ]))
    """
    z, y, n = _pair(logits, y, "logits")
    if y.min() < 0 or y.max() > 1:
        raise ValueError(f"y must be 0, 1 or between them, got values from {y.min():g} to {y.max():g}")
    # Each term has its own softplus, so that a confident right answer's small cost keeps its digits.
    return float((y * softplus(-z) + (1 - y) * softplus(z)).sum() / n), (sigmoid(z) - y) / n


def softmax_cross_entropy(logits, y):
    """Cross-entropy of one answer among k, from the logits.

    value = mean(-log p_y), p = softmax(z);  dz = (p - onehot(y)) / n

    Args: logits: (n, k); y: (n,) integer labels 0..k-1.
    Returns: a float and an array (n, k) whose rows sum to zero.
    Raises: ValueError if y is not n integer labels below k, for instance one-hot rows.
    Example:
        >>> softmax_cross_entropy([[0.0, 0.0]], [1])
        (0.6931471805599453, array([[ 0.5, -0.5]]))
    """
    z = _logits(logits)
    n, k = z.shape
    if np.ndim(y) == 2:
        raise ValueError(f"y must be labels 0..{k - 1} of shape ({n},), got shape {np.shape(y)}: "
                         "of one-hot rows, pass y.argmax(axis=1)")
    return _of_checked_labels(z, as_labels("y", y, n, k))


def _of_checked_labels(logits, y):
    z = _logits(logits)
    n = len(z)
    # Classes first: NumPy reduces along the first axis for many examples at once, several times as fast.
    z = z.T.copy()
    z -= z.max(axis=0)
    p = np.exp(z)
    total = p.sum(axis=0)
    answers = n * y + np.arange(n)  # where they lie in z and p read as one row
    value = (np.log(total) - z.take(answers)).sum() / n
    p /= total * n
    p.reshape(-1)[answers] -= 1 / n
    return float(value), p.T


def hinge(score, y):
    """Hinge loss of a support vector machine: nothing once an answer is right by a margin of 1.

    value = mean(max(0, 1 - s m)), s = 2 y - 1;  dm = (-s if s m < 1 else 0) / n

    Args: score: (n,); y: (n,) integer labels 0 or 1.
    Returns: a float and an array (n,).
    Raises: ValueError if score is not a vector or y not as many labels 0 or 1.
    Example:
        >>> hinge([0.5, 3.0], [0, 1])
        (0.75, array([0.5, 0. ]))
    """
    score = _vector("score", score)
    n = len(score)
    sign = (2 * as_labels("y", y, n, 2) - 1).astype(score.dtype)
    shortfall = 1 - sign * score
    return float(np.maximum(shortfall, 0).sum() / n), np.where(shortfall > 0, -sign, 0) / n


def gaussian_nll(mu, log_sigma, y):
    """Negative log-likelihood of a Gaussian whose mean and spread are both predicted.

    value = mean(1/2 z^2 + log sigma + 1/2 log 2 pi), z = (y - mu) / sigma
    dmu = -z / sigma / n;  dlog_sigma = (1 - z^2) / n

    Args: mu: (n,); log_sigma: (n,), one an example (heteroscedastic), or a number, one for all; y: (n,).
    Returns: a float and the gradients (dmu, dlog_sigma), each of its argument's shape.
    Raises: ValueError if the shapes do not fit or y is not finite.
    Example:
        >>> value, (dmu, dlog_sigma) = gaussian_nll([0.0, 0.0], 0.0, [1.0, 3.0])
        >>> round(value, 6), dmu, float(dlog_sigma)
        (3.418939, array([-0.5, -1.5]), -4.0)
    """
    mu = _vector("mu", mu)
    n = len(mu)
    s = as_floats("log_sigma", log_sigma).astype(mu.dtype)
    if s.shape not in ((), (n,)):
        raise ValueError(f"log_sigma must be a number or have shape ({n},), got shape {s.shape}")
    y = _target(y, mu)
    z = divide_by_exp(y - mu, s)
    with np.errstate(over="ignore"):
        value = (z * z / 2 + s + LOG_2PI / 2).sum() / n
        dmu = -divide_by_exp(z, s) / n
        ds = (1 - z * z) / n
    return float(value), (dmu, ds if s.ndim else ds.sum())


def poisson_nll(log_rate, y):
    """Negative log-likelihood of counts.

    value = mean(exp(s) - y s + log y!), s = log rate;  ds = (exp(s) - y) / n

    A rate beyond the largest float (s above 709) costs infinity.

    Args: log_rate: (n,); y: (n,) counts: whole numbers, at least 0.
    Returns: a float and an array (n,).
    Raises: ValueError if the shapes differ or y is not made of counts.
    Example:
        >>> poisson_nll([0.0, 0.0], [1, 0])
        (1.0, array([0. , 0.5]))
    """
    s = _vector("log_rate", log_rate)
    y = _target(y, s)
    if (y < 0).any() or (y != np.floor(y)).any():
        bad = y[(y < 0) | (y != np.floor(y))][0]
        raise ValueError(f"y must be counts 0, 1, 2, ..., got {bad:g}")
    with np.errstate(over="ignore"):
        rate = np.exp(s)
    return float((rate - y * s + log_factorial(y)).sum() / len(s)), (rate - y) / len(s)


def mixture_nll(logits, means, log_sigmas, y):
    """Negative log-likelihood of a mixture of K Gaussians, for mixture density networks (Bishop, 1994).

    value = mean(-log sum_k w_k N(y; mu_k, sigma_k)), w = softmax(logits)
    with shares r_k = w_k N_k / sum_j w_j N_j and z_k = (y - mu_k) / sigma_k:
    dlogits = (w - r) / n;  dmeans = -r z / sigma / n;  dlog_sigmas = r (1 - z^2) / n

    Args: logits, means, log_sigmas: (n, K); y: (n,).
    Returns: a float and the three gradients, each (n, K).
    Raises: ValueError if the shapes do not fit or y is not finite.
    Example:
        >>> value, gradients = mixture_nll([[0.0, 0.0]], [[-1.0, 1.0]], [[0.0, 0.0]], [0.0])
        >>> round(value, 6), gradients[1]
        (1.418939, array([[-0.5,  0.5]]))
    """
    logits = as_floats("logits", logits)
    if logits.ndim != 2 or 0 in logits.shape:
        raise ValueError(f"logits must have shape (n, K), got shape {logits.shape}")
    mu, s = (as_floats(name, x) for name, x in (("means", means), ("log_sigmas", log_sigmas)))
    for name, x in (("means", mu), ("log_sigmas", s)):
        if x.shape != logits.shape:
            raise ValueError(f"{name} must have shape {logits.shape}, got shape {x.shape}")
    n = len(logits)
    y = _target(y, logits[:, 0])[:, None]
    z = divide_by_exp(y - mu, s)
    log_w = log_softmax(logits)
    with np.errstate(over="ignore", invalid="ignore"):
        log_joint = log_w - z * z / 2 - s - LOG_2PI / 2
        total = log_sum_exp(log_joint)
        share = np.exp(log_joint - total[:, None])
        # A component too far away to have a share has no gradient, even where z itself overflows.
        dmu, ds = (np.where(share == 0, share, share * x) for x in (-divide_by_exp(z, s), 1 - z * z))
    return float(-total.sum() / n), ((np.exp(log_w) - share) / n, dmu / n, ds / n)


LOSSES = {
    "mse": mse,
    "mae": mae,
    "huber": huber,
    "pinball": pinball,
    "binary_cross_entropy": binary_cross_entropy,
    "softmax_cross_entropy": softmax_cross_entropy,
    "hinge": hinge,
    "gaussian_nll": gaussian_nll,
    "poisson_nll": poisson_nll,
    "mixture_nll": mixture_nll,
}
"""Every loss by name: (predictions ..., y) -> (value, gradient or gradients). A test checks each gradient."""

UNCHECKED = {softmax_cross_entropy: _of_checked_labels}
"""Losses that leave out the check of the labels, for a loop that had them checked before it began."""


def _logits(x):
    z = as_floats("logits", x)
    if z.ndim != 2 or 0 in z.shape:
        raise ValueError(f"logits must have shape (n, k), got shape {z.shape}")
    return z


def _vector(name, x):
    x = as_floats(name, x)
    if x.ndim != 1 or x.size == 0:
        raise ValueError(f"{name} must have shape (n,), got shape {x.shape}")
    return x


def _target(y, prediction):
    y = as_array("y", y, np.ndim(y))
    if y.shape != prediction.shape:
        raise ValueError(f"y must have the prediction's shape {prediction.shape}, got shape {y.shape}")
    return y.astype(prediction.dtype, copy=False)


def _pair(prediction, y, name="prediction"):
    p = as_floats(name, prediction)
    if p.ndim not in (1, 2) or p.size == 0:
        raise ValueError(f"{name} must have shape (n,) or (n, k), got shape {p.shape}")
    return p, _target(y, p), len(p)
