"""What a training step costs: parameters, arithmetic and memory, counted from the network itself."""

import math
from typing import NamedTuple

import numpy as np

from gdcourse._validate import positive_integer
from gdcourse.optimizers import gd


class StepCost(NamedTuple):
    """The price of one step: parameters d; operations; bytes of weights, gradient and optimiser's memory; bytes that
    the forward pass keeps for the backward pass."""

    parameters: int
    operations: int
    weight_bytes: int
    activation_bytes: int


def multiplications(network):
    """Return the multiplications of weights, keys and values with numbers in one example's forward pass.

    inputs * outputs for an affine layer; the same times the places for a convolution, times the steps for a
    recurrent layer. Activations and batch norm, a few operations a unit, are not counted.

    Args: network: a Network. Returns: an int. Raises: ValueError for a layer it does not know.
    Example:
        >>> from gdcourse.networks import mlp
        >>> multiplications(mlp((64, 100, 10)))
        7400
    """
    if network.parts:
        return sum(map(multiplications, network.parts))
    if not network.shapes or network.name == "batch norm":
        return 0
    first = network.shapes[0]
    matrices = sum(math.prod(shape) for shape in network.shapes if len(shape) == 2)
    if network.name == "affine":
        return matrices
    if network.name == "convolution":
        return network.outputs // first[1] * matrices
    if network.name == "recurrent":
        return network.inputs // first[0] * matrices
    if network.name == "attention":
        tokens = network.inputs // first[0]
        return tokens * matrices + 2 * tokens * tokens * first[1]
    raise ValueError(f"network must be made of the package's layers, got {network.name}")


def step_cost(network, batch_size, optimizer=None):
    """Count what one step of training costs, in double precision.

    operations = 6 * batch_size * multiplications: a multiplication and an addition each, once forward, and twice
    backward, for the weights and for the inputs. The optimiser's own few operations a parameter are left out.

    Args: network: a Network; batch_size: at least 1, 2 with batch norm; optimizer: gradient descent if left out.
    Returns: a StepCost. Raises: ValueError if batch_size is not positive.
    Example:
        >>> from gdcourse.networks import mlp
        >>> step_cost(mlp((64, 10)), 32)
        StepCost(parameters=650, operations=122880, weight_bytes=10400, activation_bytes=16384)
    """
    B = positive_integer("batch_size", batch_size)
    theta = np.zeros(network.dimension)
    _, cache = network.forward(network.views(theta), np.zeros((B, network.inputs)))
    memory = sum(a.nbytes for a in _arrays((optimizer or gd()).init(theta)))
    kept = {id(whole): whole.nbytes for whole in map(_whole, _arrays(cache))}
    return StepCost(network.dimension, 6 * B * multiplications(network), 2 * theta.nbytes + memory, sum(kept.values()))


def _arrays(cache):
    if isinstance(cache, np.ndarray):
        yield cache
    elif isinstance(cache, (tuple, list)):
        for part in cache:
            yield from _arrays(part)


def _whole(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
