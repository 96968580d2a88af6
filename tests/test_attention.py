"""Attention: against one sum at a time, central differences, and what it can do that order cannot change."""

import math

import numpy as np
import pytest

from gdcourse.attention import attention
from gdcourse.differentiate import numerical_gradient
from gdcourse.layers import affine, chain
from gdcourse.networks import network_problem


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_answer_is_the_weighted_sum_written_out():
    g = rng()
    layer = attention(3, 4, 2)
    Wq, Wk, Wv = layer.views(g.normal(size=layer.dimension))
    x = g.normal(size=(2, 12))
    y, cache = layer.forward((Wq, Wk, Wv), x)
    for n in range(2):
        X = x[n].reshape(3, 4)
        for i in range(3):
            scores = [sum((X[i] @ Wq)[a] * (X[j] @ Wk)[a] for a in range(2)) / math.sqrt(2) for j in range(3)]
            weights = [math.exp(s) / sum(math.exp(r) for r in scores) for s in scores]
            assert cache[-1][n, i] == pytest.approx(weights)
            expected = sum(w * (X[j] @ Wv) for j, w in enumerate(weights))
            assert y[n].reshape(3, 2)[i] == pytest.approx(expected)


def test_the_backward_pass_matches_differences():
    g = rng(1)
    layer = attention(4, 3, 2)
    theta, x = g.normal(size=layer.dimension), g.normal(size=(3, 12))
    y, cache = layer.forward(layer.views(theta), x)
    upstream, gradient = g.normal(size=y.shape), np.empty_like(theta)
    dx = layer.backward(layer.views(theta), cache, upstream, layer.views(gradient))

    def along(theta, x):
        return float((layer.forward(layer.views(theta), x)[0] * upstream).sum())

    assert gradient == pytest.approx(numerical_gradient(lambda theta: along(theta, x), theta), abs=1e-8)
    assert dx == pytest.approx(numerical_gradient(lambda x: along(theta, x), x), abs=1e-8)
    assert layer.backward(layer.views(theta), cache, upstream, layer.views(gradient), wanted=False) is None


def test_tokens_may_come_in_any_order_and_single_precision_stays_single():
    g = rng(2)
    layer = attention(5, 3, 2)
    theta, x = g.normal(size=layer.dimension), g.normal(size=(1, 15))
    order = g.permutation(5)
    shuffled = x.reshape(5, 3)[order].reshape(1, 15)
    y, there = (layer.forward(layer.views(theta), rows)[0].reshape(5, 2) for rows in (x, shuffled))
    assert there == pytest.approx(y[order])
    network = chain(layer, affine(10, 2))
    problem = network_problem(network, g.normal(size=(4, 15)), [0, 1, 1, 0])
    assert problem.gradient(g.normal(size=network.dimension).astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("numbers", [(0, 3, 2), (4, 2.5, 2), (4, 3, -1)])
def test_bad_input_names_itself(numbers):
    with pytest.raises(ValueError, match="must be an integer of at least 1, got"):
        attention(*numbers)
