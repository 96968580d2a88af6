"""Print, as JSON, how far optax's and Keras's steps are from the forms that `gdcourse.forms` says they have.

Run as `python tests/oracles/other_libraries`: a process of its own, because JAX's threads do not bear the forks of
other tests, and a main module, because those are not searched for doctests, which would import it.
"""

import json
import math
import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import keras
import numpy as np
import optax

from gdcourse.optimizers import adam, adamw, momentum, nesterov, rmsprop

jax.config.update("jax_enable_x64", True)
keras.backend.set_floatx("float64")

STEPS, D = 200, 7
rng = np.random.default_rng(0)
GRADIENTS = rng.normal(size=(STEPS, D)) * np.exp(3 * rng.normal(size=D))
START = rng.normal(size=D)


def falling(t):
    return 0.05 / (1 + 0.01 * t)


def constant(t):
    return 0.05


def ours(optimizer, lr=falling):
    theta, state, path = START, optimizer.init(START), []
    for t, g in enumerate(GRADIENTS):
        update, state = optimizer.step(g, state, lr(t), theta)
        theta = theta + update
        path.append(theta)
    return np.array(path)


def in_optax(make):
    method = make(falling)
    theta, path = jax.numpy.array(START), []
    state = method.init(theta)
    for g in GRADIENTS:
        updates, state = method.update(jax.numpy.array(g), state, theta)
        theta = optax.apply_updates(theta, updates)
        path.append(np.array(theta))
    return np.array(path)


def in_keras(optimizer, lr=falling):
    variable = keras.Variable(START, dtype="float64")
    optimizer.build([variable])
    path = []
    for t, g in enumerate(GRADIENTS):
        optimizer.learning_rate = lr(t)
        optimizer.apply([jax.numpy.array(g)], [variable])
        path.append(np.array(variable))
    return np.array(path)


def written(update, **initial):
    """Follow a form as the table writes it: update(memory, g, lr, t, theta) returns the new theta."""
    memory = {name: np.full(D, value) for name, value in initial.items()}
    theta, path = START, []
    for t, g in enumerate(GRADIENTS):
        theta = update(memory, g, falling(t), t + 1, theta)
        path.append(theta)
    return np.array(path)


def velocity_holds_the_rate(memory, g, lr, t, theta):
    memory["v"] = 0.9 * memory["v"] - lr * g
    return theta + memory["v"]


def velocity_holds_the_rate_ahead(memory, g, lr, t, theta):
    memory["v"] = 0.9 * memory["v"] - lr * g
    return theta + 0.9 * memory["v"] - lr * g


def adagrad_eps_inside(memory, g, lr, t, theta):
    memory["s"] = memory["s"] + g * g
    return theta - lr * g / np.sqrt(memory["s"] + 1e-7)


def rmsprop_eps_inside(eps):
    def update(memory, g, lr, t, theta):
        memory["v"] = 0.9 * memory["v"] + 0.1 * g * g
        return theta - lr * g / np.sqrt(memory["v"] + eps)

    return update


def adam_eps_uncorrected(weight_decay=0.0, keep_largest=False):
    def update(memory, g, lr, t, theta):
        memory["m"] = 0.9 * memory["m"] + 0.1 * g
        memory["v"] = v = 0.999 * memory["v"] + 0.001 * g * g
        if keep_largest:
            memory["largest"] = v = np.maximum(memory["largest"], v)
        scale = math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return (1 - lr * weight_decay) * theta - lr * scale * memory["m"] / (np.sqrt(v) + 1e-7)

    return update


def largest_of_the_corrected(memory, g, lr, t, theta):
    memory["m"] = 0.9 * memory["m"] + 0.1 * g
    memory["v"] = 0.999 * memory["v"] + 0.001 * g * g
    memory["largest"] = np.maximum(memory["largest"], memory["v"] / (1 - 0.999**t))
    return theta - lr * memory["m"] / (1 - 0.9**t) / (np.sqrt(memory["largest"]) + 1e-8)


SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam
PAIRS = {
    "momentum, optax": (ours(momentum()), in_optax(lambda lr: optax.sgd(lr, momentum=0.9))),
    "momentum, Keras": (written(velocity_holds_the_rate, v=0.0), in_keras(SGD(0.1, momentum=0.9))),
    "momentum, Keras, constant": (ours(momentum(), constant), in_keras(SGD(0.1, momentum=0.9), constant)),
    "nesterov, optax": (ours(nesterov()), in_optax(lambda lr: optax.sgd(lr, momentum=0.9, nesterov=True))),
    "nesterov, Keras": (
        written(velocity_holds_the_rate_ahead, v=0.0),
        in_keras(SGD(0.1, momentum=0.9, nesterov=True)),
    ),
    "nesterov, Keras, constant": (
        ours(nesterov(), constant),
        in_keras(SGD(0.1, momentum=0.9, nesterov=True), constant),
    ),
    "adagrad, optax": (written(adagrad_eps_inside, s=0.1), in_optax(optax.adagrad)),
    "adagrad, Keras": (written(adagrad_eps_inside, s=0.1), in_keras(keras.optimizers.Adagrad())),
    "rmsprop, optax": (written(rmsprop_eps_inside(1e-8), v=0.0), in_optax(optax.rmsprop)),
    "rmsprop, optax, eps outside": (ours(rmsprop()), in_optax(lambda lr: optax.rmsprop(lr, eps_in_sqrt=False))),
    "rmsprop, Keras": (written(rmsprop_eps_inside(1e-7), v=0.0), in_keras(keras.optimizers.RMSprop())),
    "adam, optax": (ours(adam()), in_optax(optax.adam)),
    "adam, Keras": (written(adam_eps_uncorrected(), m=0.0, v=0.0), in_keras(Adam())),
    "adamw, optax": (ours(adamw(weight_decay=1e-4)), in_optax(optax.adamw)),
    "adamw, Keras": (written(adam_eps_uncorrected(0.004), m=0.0, v=0.0), in_keras(keras.optimizers.AdamW())),
    "amsgrad, optax": (written(largest_of_the_corrected, m=0.0, v=0.0, largest=0.0), in_optax(optax.amsgrad)),
    "amsgrad, Keras": (
        written(adam_eps_uncorrected(keep_largest=True), m=0.0, v=0.0, largest=0.0),
        in_keras(Adam(amsgrad=True)),
    ),
    # Forms that differ, to see that the comparison sees it.
    "differs: momentum, Keras, falling rate": (ours(momentum()), in_keras(SGD(0.1, momentum=0.9))),
    "differs: adam, Keras": (ours(adam(eps=1e-7)), in_keras(Adam())),
    "differs: rmsprop, optax": (ours(rmsprop()), in_optax(optax.rmsprop)),
}
print(
    json.dumps(
        {
            "versions": {"optax": optax.__version__, "Keras": keras.__version__},
            "deviations": {name: float(np.abs(a - b).max() / np.abs(b).max()) for name, (a, b) in PAIRS.items()},
        }
    )
)
