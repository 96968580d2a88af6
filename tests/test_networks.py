"""Networks as problems: against scikit-learn's, the variance of first weights, rows, and refusals."""

import numpy as np
import pytest
from scipy import special
from sklearn.neural_network import MLPClassifier, MLPRegressor

from gdcourse.batches import minibatches
from gdcourse.data import digits
from gdcourse.descent import descend
from gdcourse.losses import mse
from gdcourse.networks import INITIALISERS, accuracy, initial_weights, initialise, mlp, network_problem, predict
from gdcourse.optimizers import OPTIMIZERS, adam


def rng(seed=0):
    return np.random.default_rng(seed)


def flatten(model):
    return np.concatenate([np.ravel(a) for W, b in zip(model.coefs_, model.intercepts_) for a in (W, b)])


@pytest.mark.parametrize(("theirs", "ours"), [("relu", "relu"), ("tanh", "tanh"), ("logistic", "sigmoid")])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_classifier_matches_scikit_learn(theirs, ours):
    X, y, _ = digits()
    model = MLPClassifier((20, 15), activation=theirs, alpha=0.0, max_iter=2, random_state=0).fit(X, y)
    network, theta = mlp((64, 20, 15, 10), ours), flatten(model)
    assert special.softmax(predict(network, theta, X), axis=1) == pytest.approx(model.predict_proba(X), abs=1e-12)
    assert accuracy(network, theta, X, y) == model.score(X, y)
    # One full-batch step of scikit-learn's gradient descent is theta - lr * gradient.
    step = MLPClassifier((20, 15), activation=theirs, alpha=0.0, solver="sgd", momentum=0, learning_rate_init=0.1,
                         batch_size=len(X), max_iter=1, random_state=0, shuffle=False).fit(X, y)  # fmt: skip
    after_one = flatten(step)
    step.set_params(max_iter=1, warm_start=True).fit(X, y)
    problem = network_problem(network, X, y)
    assert after_one - 0.1 * problem.gradient(after_one) == pytest.approx(flatten(step), abs=1e-12)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_regressor_matches_scikit_learn():
    g = rng()
    X, Y = g.normal(size=(40, 3)), g.normal(size=(40, 2))
    model = MLPRegressor(hidden_layer_sizes=(6,), activation="tanh", max_iter=3, random_state=0).fit(X, Y)
    network = mlp((3, 6, 2), "tanh")
    assert predict(network, flatten(model), X) == pytest.approx(model.predict(X), abs=1e-13)
    value = network_problem(network, X, Y, mse).value(flatten(model))
    assert value == pytest.approx(2 * np.mean((model.predict(X) - Y) ** 2))


@pytest.mark.parametrize("kind", sorted(INITIALISERS))
def test_variance_of_first_weights(kind):
    fan_in, fan_out = 400, 300
    W = initial_weights(fan_in, fan_out, kind, rng())
    variance = {
        "glorot": 2 / 700, "glorot_uniform": 2 / 700, "he": 2 / 400, "lecun": 1 / 400, "standard": 1 / 1200, "zero": 0,
    }[kind]  # fmt: skip
    assert W.shape == (fan_in, fan_out)
    # 120,000 normal numbers: the relative error of their variance is about sqrt(2 / 120000) = 0.4 %.
    assert W.var() == pytest.approx(variance, rel=0.02)
    assert abs(W.mean()) <= 5 * np.sqrt(variance / W.size)
    bound = {"glorot_uniform": np.sqrt(6 / 700), "standard": 1 / np.sqrt(400)}.get(kind)
    if bound:
        assert 0.999 * bound < np.abs(W).max() <= bound
    elif variance:
        assert np.abs(W).max() > 3.5 * np.sqrt(variance)  # normal, not uniform


def test_a_number_is_the_deviation_of_normal_weights():
    assert initial_weights(300, 200, 3.0, rng()).std() == pytest.approx(3.0, rel=0.02)


def test_first_theta_has_zero_biases_and_repeats_with_the_seed():
    network = mlp((5, 4, 4, 3), batch_norm=True, skip=True)
    theta = initialise(network, "he", rng(1))
    assert np.array_equal(theta, initialise(network, "he", rng(1)))
    assert not np.array_equal(theta, initialise(network, "he", rng(2)))
    for shape, array in zip(network.shapes, network.views(theta)):
        if len(shape) == 1:
            assert set(array) <= {0.0, 1.0}  # biases and shifts 0, scales 1


def test_rows_are_the_mean_over_those_rows():
    g = rng()
    X, y = g.normal(size=(12, 4)), g.integers(0, 3, 12)
    network = mlp((4, 5, 3), "tanh")
    problem = network_problem(network, X, y)
    theta = g.normal(size=network.dimension)
    rows = np.array([3, 3, 7])
    value, gradient = problem.value_and_gradient(theta, rows)
    alone = [problem.value_and_gradient(theta, np.array([i])) for i in rows]
    assert value == pytest.approx(np.mean([v for v, _ in alone]))
    assert gradient == pytest.approx(np.mean([g for _, g in alone], axis=0), abs=1e-14)
    assert problem.on(rows).value(theta) == value
    assert problem.value(theta) == pytest.approx(problem.value(theta, np.arange(12)))


def test_initial_loss_of_a_classifier_that_knows_nothing():
    X, y, _ = digits()
    network = mlp((64, 32, 10))
    problem = network_problem(network, X, y)
    assert problem.value(np.zeros(network.dimension)) == pytest.approx(np.log(10), rel=1e-12)
    assert problem.value(initialise(network, 0.01, rng())) == pytest.approx(np.log(10), rel=0.01)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_lowers_a_networks_loss_in_both_precisions(name):
    X, y, _ = digits()
    network = mlp((64, 16, 10))
    problem = network_problem(network, X[:300], y[:300])
    theta = initialise(network, "he", rng())
    lr = 0.01 if name in {"adam", "adamw", "amsgrad", "rmsprop"} else 0.1
    ends = []
    for start in (theta, theta.astype(np.float32)):
        trace = descend(problem, OPTIMIZERS[name](), lr=lr, steps=60, start=start,
                        batches=minibatches(300, 50, rng()))  # fmt: skip
        assert trace.final.dtype == start.dtype
        assert trace.values[-1] < 0.5 * problem.value(theta)
        ends.append(trace.values[-1])
    assert ends[0] == pytest.approx(ends[1], rel=1e-2)


def test_labels_of_few_bits_are_as_good_as_others():
    X, y, _ = digits()
    network = mlp((64, 10))
    theta = initialise(network, "he", rng())
    value, gradient = network_problem(network, X, y).value_and_gradient(theta)
    for dtype in (np.int8, np.uint8, np.uint64):  # 1,797 times a label is more than eight bits hold
        found = network_problem(network, X, y.astype(dtype)).value_and_gradient(theta)
        assert found[0] == value and np.array_equal(found[1], gradient)


def test_an_absurd_rate_diverges_quietly():
    X, y, _ = digits()
    network = mlp((64, 16, 10))
    problem = network_problem(network, X, y.astype(float)[:, None] * np.ones(10), mse)
    trace = descend(problem, lr=1e6, steps=100, start=initialise(network, "he", rng()))
    assert trace.status == "diverged"
    assert np.isfinite(trace.final).all()


def test_training_reaches_the_accuracy_a_library_reaches():
    X, y, _ = digits()
    network = mlp((64, 64, 10))
    problem = network_problem(network, X[:1300], y[:1300])
    trace = descend(problem, adam(), lr=5e-3, steps=600, start=initialise(network, "he", rng()),
                    batches=minibatches(1300, 64, rng()), keep_path=False)  # fmt: skip
    assert accuracy(network, trace.final, X[:1300], y[:1300]) > 0.99
    assert accuracy(network, trace.final, X[1300:], y[1300:]) > 0.9


NETWORK = mlp((2, 3, 2))
X2, Y2 = np.ones((4, 2)), np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: network_problem(NETWORK, [[1.0, np.nan]], [0]), "X must be finite, got nan"),
        (lambda: network_problem(NETWORK, np.ones((4, 3)), Y2), r"X must have shape \(at least 1, 2\)"),
        (lambda: network_problem(NETWORK, np.ones((0, 2)), []), "X must have shape"),
        (lambda: network_problem(NETWORK, X2, Y2[:3]), "y must have 4 rows"),
        (lambda: network_problem(NETWORK, X2, 3), "y must have 4 rows"),
        (lambda: network_problem(NETWORK, X2, [0, 1, 2, 1]), "y must be labels 0..1, got values from 0 to 2"),
        (lambda: network_problem(NETWORK, X2, [0.0, 1, 0, 1]), "y must be integer labels 0..1"),
        (lambda: network_problem(NETWORK, X2, np.full((4, 2), np.inf), mse), "y must be finite, got inf"),
        (lambda: network_problem(NETWORK, X2, np.ones((4, 3)), mse), "y must have the prediction's shape"),
        (lambda: network_problem(NETWORK, X2, Y2, start=np.ones(3)), "start must have shape"),
        (lambda: network_problem(NETWORK, X2, Y2).value(np.zeros(3)), r"theta must have shape \(17,\)"),
        (lambda: network_problem(NETWORK, X2, Y2).value(np.zeros(17, int)), "theta must be of a float dtype"),
        (lambda: network_problem(NETWORK, X2, Y2).value(np.zeros(17), np.array([], int)), "logits must have shape"),
        (lambda: predict(NETWORK, np.zeros(16), X2), r"theta must have shape \(17,\)"),
        (lambda: accuracy(NETWORK, np.zeros(17), X2, [0, 1, 2, 1]), "y must be labels 0..1"),
        (lambda: initialise(NETWORK, "orthogonal", rng()), "kind must be one of"),
        (lambda: initialise(NETWORK, -1.0, rng()), "kind must be in"),
        (lambda: initialise(NETWORK, "he", 0), "rng must be a numpy.random.Generator"),
        (lambda: initial_weights(0, 3, "he", rng()), "fan_in must be an integer of at least 1, got 0"),
    ],
)
def test_bad_input_names_itself(call, words):
    with pytest.raises(ValueError, match=words):
        call()
