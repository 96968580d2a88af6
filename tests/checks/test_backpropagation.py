"""Assignment 7's references, held against what is known without them."""

import numpy as np
import pytest
from scipy.special import log_softmax

from gdcourse.checks import backpropagation
from gdcourse.checks.backpropagation import Value

SEEDS = range(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_values_have_the_slopes_of_a_complex_step(seed):
    for case in backpropagation._tangled(np.random.default_rng(seed)):
        value, *gradients = backpropagation._run(Value, **case)
        for place, name in enumerate("xy"):
            complex_case = {**case, name: case[name] + 1e-20j}
            moved = backpropagation._run_forward(Value, **complex_case)
            assert value == pytest.approx(moved.real)
            assert gradients[place] == pytest.approx(moved.imag / 1e-20, rel=1e-9, abs=1e-12)


def test_a_long_chain_takes_one_visit_a_node_and_a_second_call_changes_nothing():
    first = result = Value(1.0)
    for _ in range(200):
        result = result + result
    for _ in range(2):
        result.backward()
        assert first.grad == 2.0**200


def differences(f, array, h=1e-6):
    slopes = np.zeros(array.shape)
    for i in np.ndindex(array.shape):
        E = np.zeros(array.shape)
        E[i] = h
        slopes[i] = (f(array + E) - f(array - E)) / (2 * h)
    return slopes


@pytest.mark.parametrize("seed", SEEDS)
def test_layers_have_the_slopes_of_differences(seed):
    rng = np.random.default_rng(seed)
    X, W, b, dY = (rng.normal(size=shape) for shape in ((4, 3), (3, 2), (2,), (4, 2)))
    dX, dW, db = backpropagation.affine_backward(dY, X, W)
    np.testing.assert_allclose(dX, differences(lambda X: np.sum(dY * (X @ W + b)), X), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(dW, differences(lambda W: np.sum(dY * (X @ W + b)), W), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(db, differences(lambda b: np.sum(dY * (X @ W + b)), b), rtol=1e-6, atol=1e-8)
    Z = rng.normal(size=(4, 2))
    for backward, unit in ((backpropagation.relu_backward, lambda Z: np.maximum(Z, 0)),
                           (backpropagation.sigmoid_backward, lambda Z: 1 / (1 + np.exp(-Z)))):  # fmt: skip
        measured = differences(lambda Z, unit=unit: np.sum(dY * unit(Z)), Z)
        np.testing.assert_allclose(backward(dY, unit(Z)), measured, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("sizes", [(3, 4), (3, 5, 4), (2, 6, 5, 3)])
def test_a_network_has_the_loss_of_scipy_and_the_slopes_of_differences(sizes):
    rng = np.random.default_rng(len(sizes))
    case = backpropagation._network(rng, sizes, 5)
    loss, grads = backpropagation.mlp_loss_and_grads(**case)

    def scipys(params):
        A = case["X"]
        for k in range(0, len(params), 2):
            A = A @ params[k] + params[k + 1]
            A = np.maximum(A, 0) if k < len(params) - 2 else A
        return -np.mean(log_softmax(A, axis=1)[np.arange(5), case["y"]])

    assert loss == pytest.approx(scipys(case["params"]))
    for k, g in enumerate(grads):
        before, after = case["params"][:k], case["params"][k + 1 :]
        measured = differences(lambda p, a=before, b=after: scipys([*a, p, *b]), case["params"][k])
        assert np.abs(g - measured).max() < 1e-6 * max(np.abs(measured).max(), 1e-2)


def test_the_bugs_that_are_found_are_those_that_were_planted():
    kinds = backpropagation._wrong_throughout, backpropagation._wrong_in_places, backpropagation._other_scales
    for seed in SEEDS:
        for make in kinds:
            for case in make(np.random.default_rng(seed)):
                X, dY = case["X"], case["dY"]
                steps = 1e-20j * np.eye(X.size).reshape(X.size, *X.shape)  # complex ones, which have no rounding error
                slopes = [np.sum(dY * case["forward"].function(X + step).imag) / 1e-20 for step in steps]
                right = np.reshape(slopes, X.shape)
                wrong = [k for k, each in enumerate(case["backwards"])
                         if not np.allclose(each.function(dY, X), right, rtol=0.05, atol=0.05 * np.abs(right).max())]
                functions = [each.function for each in case["backwards"]]
                assert backpropagation.find_bugs(case["forward"].function, functions, X, dY) == wrong


def test_what_is_not_planted_is_right_where_the_forward_mixes_too():
    _, case, *_ = backpropagation._wrong_in_places(np.random.default_rng(0))
    functions = [each.function for each in case["backwards"]]
    assert backpropagation.find_bugs(case["forward"].function, functions, case["X"], case["dY"]) == [1, 3, 4]
