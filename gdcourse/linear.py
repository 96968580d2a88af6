"""Linear models over one flat theta: least squares, logistic, softmax and Poisson regression, and any other loss.

theta holds the weights, then the bias: shape (features + 1,), or, for k outputs, (features + 1) * k. The penalty
is l2 |W|^2 over the weights alone: the bias only says where zero is, and shrinking it would make the fit depend on
the origin of y.
"""

import numpy as np

from gdcourse._validate import as_matrix, as_vector, in_range, positive_integer
from gdcourse.losses import binary_cross_entropy, poisson_nll, softmax_cross_entropy
from gdcourse.problems import FiniteSum
from gdcourse.stable import sigmoid, softmax


def weights_and_bias(theta, outputs=None):
    """Return the weights and the bias of a linear model as views into theta.

    Args: theta: (features + 1,), or ((features + 1) * outputs,); outputs: how many, None for one.
    Returns: W (features,) and b a number; or W (features, outputs) and b (outputs,).
    Raises: ValueError if theta cannot be cut into that many columns.
    Example:
        >>> W, b = weights_and_bias(np.arange(6.0), outputs=2)
        >>> W.tolist(), b.tolist()
        ([[0.0, 1.0], [2.0, 3.0]], [4.0, 5.0])
    """
    theta = as_vector("theta", theta)
    if outputs is not None:
        k = positive_integer("outputs", outputs)
        if theta.size % k:
            raise ValueError(f"theta must hold a multiple of {k} numbers, got shape {theta.shape}")
        theta = theta.reshape(-1, k)
    return theta[:-1], theta[-1]


def linear_outputs(theta, X, outputs=None):
    """Return what a linear model says about each row of X, before any link: X W + b.

    Args: theta, outputs: as in `weights_and_bias`; X: (n, features).
    Returns: (n,), or (n, outputs).
    Raises: ValueError if theta does not fit X.
    Example:
        >>> linear_outputs([2.0, 1.0], [[0.0], [10.0]])
        array([ 1., 21.])
    """
    W, b = weights_and_bias(theta, outputs)
    return as_matrix("X", X, (None, len(W))) @ W + b


def linear_model(X, y, loss, *, outputs=None, l2=0.0, curvature=None):
    """Return the mean loss of a linear model as a function of its weights and bias.

    value = loss(X W + b, y) + l2 |W|^2;  dW = X' G + 2 l2 W, db = sum G, with G the loss's gradient

    Args:
        X: (n, features); y: whatever the loss takes, n rows of it.
        loss: a function (prediction, y) -> (value, gradient), such as those of `gdcourse.losses`.
        outputs: how many numbers to predict for an example; None for one, and predictions of shape (n,).
        l2: the weight of the penalty, at least 0; the bias is not penalised.
        curvature: the loss's second derivative of one example, predictions -> (n,), or (n, k, k) for k outputs.
            With it the problem has a Hessian.
    Returns: a FiniteSum whose start is zero. Scikit-learn's Ridge calls it alpha = n l2, and its
        LogisticRegression C = 1 / (2 n l2).
    Raises: ValueError if the shapes do not fit, a value is not finite, or the loss refuses y.
    Example:
        >>> from gdcourse.losses import mae
        >>> linear_model([[1.0], [2.0]], [2.0, 4.0], mae).gradient(np.zeros(2))
        array([-1.5, -1. ])
    """
    X = as_matrix("X", X)
    n, features = X.shape
    y = np.asarray(y)
    if y.ndim == 0 or len(y) != n:
        raise ValueError(f"y must have as many rows as X, {n}, got shape {y.shape}")
    l2 = in_range("l2", l2, 0, np.inf, "[)")
    k = 1 if outputs is None else positive_integer("outputs", outputs)
    A = np.column_stack([X, np.ones(n)])
    shape = (features + 1,) if outputs is None else (features + 1, k)
    dimension = (features + 1) * k
    penalised = np.repeat(np.arange(features + 1) < features, k)

    def value_and_gradient(theta, rows=None):
        inputs, target = (A, y) if rows is None else (A[rows], y[rows])
        value, G = loss(inputs @ np.reshape(theta, shape), target)
        shrink = l2 * penalised * np.asarray(theta)
        return value + float(shrink @ theta), (inputs.T @ G).ravel() + 2 * shrink

    def hessian(theta):
        C = curvature(A @ np.reshape(theta, shape)).reshape(n, k, k)
        H = np.einsum("nab,ni,nj->iajb", C, A, A, optimize=True).reshape(dimension, dimension) / n
        return H + np.diag(2 * l2 * penalised)

    problem = FiniteSum(
        value_and_gradient=value_and_gradient,
        n=n,
        dimension=dimension,
        hessian=hessian if curvature else None,
        start=np.zeros(dimension),
    )
    problem.value(problem.start)  # Let the loss complain about y now rather than inside a run.
    return problem


def logistic_regression(X, y, l2=0.0):
    """Return the cross-entropy of a logistic regression over theta = (weights, bias).

    Args: X: (n, features); y: (n,) of 0 and 1, or probabilities; l2: at least 0, on the weights.
    Returns: a FiniteSum with a Hessian. On separable data it has a minimum only if l2 > 0.
    Raises: ValueError as in `linear_model`.
    Example:
        >>> logistic_regression([[1.0], [3.0]], [0, 1]).gradient(np.zeros(2))
        array([-0.5,  0. ])
    """
    return linear_model(X, y, binary_cross_entropy, l2=l2, curvature=lambda z: sigmoid(z) * sigmoid(-z))


def softmax_regression(X, y, classes, l2=0.0):
    """Return the cross-entropy of a softmax regression over theta = (weights (features, classes), biases).

    Args: X: (n, features); y: (n,) integer labels 0..classes-1; classes: at least 2; l2: at least 0.
    Returns: a FiniteSum with a Hessian, which is singular: a constant added to all biases changes nothing.
    Raises: ValueError as in `linear_model`.
    Example:
        >>> round(softmax_regression([[1.0], [3.0]], [0, 2], classes=3).value(np.zeros(6)), 6)
        1.098612
    """
    def curvature(Z):
        P = softmax(Z)
        return P[:, :, None] * (np.eye(P.shape[1]) - P[:, None, :])

    classes = positive_integer("classes", classes, least=2)
    return linear_model(X, y, softmax_cross_entropy, outputs=classes, l2=l2, curvature=curvature)


def poisson_regression(X, y, l2=0.0):
    """Return the negative log-likelihood of a Poisson regression, log rate = X w + b, over theta = (w, b).

    Args: X: (n, features); y: (n,) counts; l2: at least 0, on the weights.
    Returns: a FiniteSum with a Hessian.
    Raises: ValueError as in `linear_model`.
    Example:
        >>> poisson_regression([[0.0], [1.0]], [1, 3]).gradient(np.zeros(2))
        array([-1., -1.])
    """
    return linear_model(X, y, poisson_nll, l2=l2, curvature=np.exp)
