"""Attention as a layer: every token of a sequence asks, and is answered with a mixture of what the others hold."""

import math

import numpy as np

from gdcourse._validate import positive_integer
from gdcourse.layers import Network
from gdcourse.stable import softmax


def attention(tokens, width, size):
    """Return one head of self-attention (Vaswani et al., 2017).

    Q = X Wq, K = X Wk, V = X Wv;  A = softmax(Q K' / sqrt(size)), row by row;  Y = A V

    The tokens of a sequence come as one row, one after another, so that the layer fits a chain.

    Args: tokens: of a sequence; width: numbers in a token; size: of a query, of a key and of an answer.
    Returns: a Network (tokens * width) -> (tokens * size), with parameters Wq, Wk and Wv, each (width, size).
        Its forward pass keeps A (n, tokens, tokens) as the last part of the cache.
    Raises: ValueError if a number is not positive.
    Example:
        >>> layer = attention(2, 1, 1)
        >>> nobody_asks = np.zeros((1, 1)), np.zeros((1, 1)), np.ones((1, 1))
        >>> layer.forward(nobody_asks, np.array([[1.0, 3.0]]))[0]
        array([[2., 2.]])
    """
    tokens, width, size = (
        positive_integer(name, x) for name, x in (("tokens", tokens), ("width", width), ("size", size))
    )

    def forward(parameters, x):
        X = x.reshape(-1, tokens, width)
        Q, K, V = (X @ W for W in parameters)
        A = softmax(Q @ K.swapaxes(1, 2) / math.sqrt(size)).astype(x.dtype, copy=False)
        return (A @ V).reshape(len(x), tokens * size), (X, Q, K, V, A)

    def backward(parameters, cache, dy, gradients, wanted=True):
        X, Q, K, V, A = cache
        dY = dy.reshape(-1, tokens, size)
        dA = dY @ V.swapaxes(1, 2)
        dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True)) / math.sqrt(size)  # through the softmax
        dQKV = dS @ K, dS.swapaxes(1, 2) @ Q, A.swapaxes(1, 2) @ dY
        flat = X.reshape(-1, width)
        for dW, d in zip(gradients, dQKV):
            np.matmul(flat.T, d.reshape(-1, size), out=dW)
        if not wanted:
            return None
        return sum(d @ W.T for d, W in zip(dQKV, parameters)).reshape(len(dy), -1)

    def draw(weights):
        return [weights(width, size, (width, size)) for _ in range(3)]

    shapes = ((width, size),) * 3
    return Network("attention", tokens * width, tokens * size, shapes, draw, forward, backward)
