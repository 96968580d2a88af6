"""The cost of a step: arithmetic counted by an array that counts, memory by hand."""

import numpy as np
import pytest

from gdcourse.attention import attention
from gdcourse.convolution import convolution
from gdcourse.cost import multiplications, step_cost
from gdcourse.layers import Network, activation, affine, batch_norm, chain, residual
from gdcourse.networks import mlp
from gdcourse.optimizers import adam, momentum
from gdcourse.recurrent import recurrent


class Counting(np.ndarray):
    """An array that adds up the multiplications of its matrix products."""

    count = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **settings):
        plain = [np.asarray(x) for x in inputs]
        if "out" in settings:
            settings["out"] = tuple(np.asarray(x) for x in settings["out"])
        if ufunc is np.matmul:
            Counting.count += plain[0].size * plain[1].shape[-1]
        return np.asarray(getattr(ufunc, method)(*plain, **settings)).view(Counting)

    def dot(self, other):
        left, right = np.asarray(self), np.asarray(other)
        Counting.count += left.size * right.shape[-1]
        return left.dot(right).view(Counting)


@pytest.mark.parametrize(
    "network",
    [
        mlp((5, 7, 3)),
        mlp((5, 6, 6, 3), batch_norm=True, skip=True),
        chain(convolution(5, 4, 2, 3, 2), activation("relu"), affine(36, 2)),
        chain(recurrent(4, 3, 5), affine(5, 2)),
        residual(affine(4, 6), activation("tanh"), affine(6, 4)),
    ],
)
def test_multiplications_are_those_of_the_products(network):
    Counting.count = 0
    views = [view.view(Counting) for view in network.views(np.ones(network.dimension))]
    network.forward(views, np.ones((2, network.inputs)).view(Counting))
    assert 2 * multiplications(network) == Counting.count > 0


def test_attention_multiplies_for_questions_keys_and_values_and_twice_between_tokens():
    # tokens * width * size three times; tokens^2 * size for the scores, and again for the mixtures
    assert multiplications(attention(5, 3, 2)) == 5 * 3 * 2 * 3 + 25 * 2 * 2


def test_memory_is_weights_gradient_state_and_what_the_forward_pass_keeps():
    network, d = mlp((64, 100, 10)), 64 * 100 + 100 + 100 * 10 + 10
    for method, vectors in ((None, 2), (momentum(), 3), (adam(), 4)):
        cost = step_cost(network, 32, method)
        assert (cost.parameters, cost.weight_bytes) == (d, 8 * vectors * d)
        assert cost.activation_bytes == 8 * 32 * (64 + 100)  # the inputs and the hidden layer, once each
        assert cost.operations == 6 * 32 * 7400
    assert step_cost(batch_norm(3), 2).operations == 0


def test_bad_input_names_itself():
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1, got 0"):
        step_cost(mlp((2, 2)), 0)
    with pytest.raises(ValueError, match="network must be made of the package's layers, got mystery"):
        multiplications(Network("mystery", 1, 1, ((1, 1),), None, None, None))
