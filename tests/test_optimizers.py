"""The methods: hand-computed steps, closed forms, special cases, invariances, purity, memory."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdcourse import theory
from gdcourse.descent import descend
from gdcourse.optimizers import (
    OPTIMIZERS,
    adagrad,
    adam,
    adamw,
    amsgrad,
    gd,
    momentum,
    nesterov,
    rmsprop,
)
from gdcourse.problems import quadratic, surface_problem

EVERY = pytest.mark.parametrize("method", OPTIMIZERS.values(), ids=OPTIMIZERS)
PER_COORDINATE = pytest.mark.parametrize("method", [adagrad, rmsprop, adam, amsgrad])
ROTATION = np.array([[0.6, -0.8], [0.8, 0.6]])


def updates(method, gradients, lr=0.1, theta=None):
    """Feed a method a list of gradients and return its updates, and the state it ends in."""
    theta = np.zeros_like(gradients[0]) if theta is None else theta
    state = method.init(theta)
    made = []
    for t, g in enumerate(gradients):
        update, state = method.step(g, state, lr(t) if callable(lr) else lr, theta)
        theta = theta + update
        made.append(update)
    return np.array(made), state


def random_gradients(steps=40, d=5, seed=0):
    rng = np.random.default_rng(seed)
    return list(rng.normal(size=(steps, d)) * np.exp(rng.normal(size=d)))


# Everything every method must do.


@EVERY
def test_reaches_the_minimum(method):
    problem = quadratic([[2.0, 0.5], [0.5, 1.0]], [1.0, -1.0])
    # Decay moves the resting point towards zero: the minimum of the problem is adamw's only without it.
    optimizer = method(weight_decay=0.0) if method is adamw else method()
    lr = 0.5 if method is adagrad else lambda t: 0.1 * 0.998**t
    trace = descend(problem, optimizer, lr=lr, steps=3000, start=[3.0, -2.0])
    assert np.linalg.norm(trace.final - problem.minimizer) < 1e-3
    assert trace.status != "diverged"


@EVERY
def test_leaves_its_inputs_alone(method):
    optimizer = method()
    g, theta = np.array([1.0, -2.0, 3.0]), np.array([0.5, 0.5, 0.5])
    state = optimizer.init(theta)
    _, state = optimizer.step(g, state, 0.1, theta)
    held = [np.array(field) for field in (g, theta, *state)]
    for array in (g, theta, *(field for field in state if isinstance(field, np.ndarray))):
        array.flags.writeable = False
    optimizer.step(g, state, 0.1, theta)
    assert all(np.array_equal(before, after) for before, after in zip(held, (g, theta, *state)))


@EVERY
def test_same_gradients_same_path(method):
    gradients = random_gradients()
    first, _ = updates(method(), gradients)
    second, _ = updates(method(), gradients)
    assert np.array_equal(first, second)


@EVERY
def test_one_optimizer_serves_two_runs_at_once(method):
    """A method keeps nothing between calls: interleaving two runs changes neither."""
    optimizer = method()
    gradients = random_gradients(), random_gradients(seed=1)
    apart = [updates(optimizer, list(gs))[0] for gs in gradients]
    states = [optimizer.init(np.zeros(5)), optimizer.init(np.zeros(5))]
    thetas = [np.zeros(5), np.zeros(5)]
    for t in range(40):
        for i in (0, 1):
            update, states[i] = optimizer.step(gradients[i][t], states[i], 0.1, thetas[i])
            thetas[i] = thetas[i] + update
            assert np.array_equal(update, apart[i][t])


@EVERY
def test_coordinates_do_not_mix(method):
    """Every method here is elementwise: a coordinate's path is the same in any company."""
    gradients = random_gradients()
    together, _ = updates(method(), gradients)
    alone, _ = updates(method(), [g[2:3] for g in gradients])
    assert np.array_equal(together[:, 2:3], alone)


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_keeps_the_type(method, dtype):
    made, state = updates(method(), [g.astype(dtype) for g in random_gradients()])
    assert made.dtype == dtype
    assert all(field.dtype == dtype for field in state if isinstance(field, np.ndarray))


@EVERY
def test_a_still_point_stays(method):
    """Zero gradients move nothing, and 0/0 never appears: eps sees to that."""
    made, _ = updates(method(), [np.zeros(3)] * 5)
    assert np.array_equal(made, np.zeros((5, 3)))


@EVERY
def test_is_odd(method):
    gradients = random_gradients()
    made, _ = updates(method(), gradients)
    mirrored, _ = updates(method(), [-g for g in gradients])
    assert np.array_equal(made, -mirrored)


@EVERY
def test_goes_downhill_first(method):
    g = np.array([3.0, -0.2, 1e-3])
    update, _ = method().step(g, method().init(np.zeros(3)), 0.01, np.zeros(3))
    assert np.all(update * g < 0)


@EVERY
def test_allocates_at_most_four_vectors_beyond_its_results(method):
    d = 200_000
    rng = np.random.default_rng(0)
    g, theta = rng.normal(size=d), rng.normal(size=d)
    optimizer = method()
    _, state = optimizer.step(g, optimizer.init(theta), 0.1, theta)
    tracemalloc.start()
    try:
        update, after = optimizer.step(g, state, 0.1, theta)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    results = update.nbytes + sum(field.nbytes for field in after if isinstance(field, np.ndarray))
    assert results <= peak <= results + 4 * g.nbytes + 10_000


@pytest.mark.parametrize(
    "method, vectors",
    [(gd, 0), (momentum, 1), (nesterov, 1), (adagrad, 1), (rmsprop, 1), (adam, 2), (adamw, 2), (amsgrad, 3)],
)
def test_the_state_is_as_large_as_it_says(method, vectors):
    state = method().init(np.zeros(7))
    shapes = [field.shape for field in state if isinstance(field, np.ndarray)]
    assert shapes == [(7,)] * vectors


def test_the_table_names_each_method_as_it_names_itself():
    assert {name: method().name for name, method in OPTIMIZERS.items()} == {name: name for name in OPTIMIZERS}


# Gradient descent and momentum.


def test_gd_is_minus_the_rate_times_the_gradient():
    gradients = random_gradients()
    made, _ = updates(gd(), gradients, lr=0.3)
    assert np.array_equal(made, -0.3 * np.array(gradients))


@pytest.mark.parametrize("method", [momentum, nesterov])
def test_without_memory_momentum_is_gradient_descent(method):
    gradients = random_gradients()
    assert np.array_equal(updates(method(beta=0.0), gradients)[0], updates(gd(), gradients)[0])


def test_heavy_ball_by_hand():
    made, state = updates(momentum(beta=0.5), [np.array([1.0]), np.array([2.0]), np.array([0.0])], lr=0.1)
    assert np.allclose(made[:, 0], [-0.1, -0.25, -0.125], rtol=1e-15, atol=0)
    assert state.v == pytest.approx(1.25, rel=1e-15)


def test_nesterov_by_hand():
    made, state = updates(nesterov(beta=0.5), [np.array([1.0]), np.array([2.0]), np.array([0.0])], lr=0.1)
    assert np.allclose(made[:, 0], [-0.15, -0.325, -0.0625], rtol=1e-15, atol=0)
    assert state.v == pytest.approx(1.25, rel=1e-15)


@given(beta=st.floats(0, 0.99), lr=st.floats(1e-3, 10), steps=st.integers(1, 60))
def test_heavy_ball_under_a_constant_gradient(beta, lr, steps):
    """v_t = (1 - beta^t) / (1 - beta): in the end each step is 1 / (1 - beta) times gradient descent's."""
    made, _ = updates(momentum(beta=beta), [np.ones(1)] * steps, lr=lr)
    assert made[-1, 0] == pytest.approx(-lr * (1 - beta**steps) / (1 - beta), rel=1e-9)


def test_the_averaging_form_is_heavy_ball_at_a_rescaled_rate():
    gradients = random_gradients()
    m, beta, lr = np.zeros(5), 0.9, 0.02
    made, _ = updates(momentum(beta=beta), gradients, lr=lr)
    for g, update in zip(gradients, made):
        m = beta * m + (1 - beta) * g
        assert np.allclose(update, -lr / (1 - beta) * m, rtol=1e-12, atol=1e-15)


def test_nesterov_is_the_two_sequence_form_at_the_look_ahead_point():
    problem = surface_problem("canyon")
    lr, beta = 0.008, 0.8
    path = descend(problem, nesterov(beta=beta), lr=lr, steps=50).path
    x = y = problem.start
    for point in path:
        assert np.allclose(point, y, rtol=1e-11, atol=1e-13)
        x_next = y - lr * problem.gradient(y)
        x, y = x_next, x_next + beta * (x_next - x)


def spectral_radius(companion):
    return np.abs(np.linalg.eigvals(companion)).max()


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("curvature", [1.0, 30.0])
def test_momentum_on_a_bowl_follows_its_recurrence(beta, curvature):
    """theta_{t+1} = (1 + beta - lr h) theta_t - beta theta_{t-1}, and Nesterov's with h theta_{t-1} too."""
    lr = 0.9 / curvature
    problem = quadratic([[curvature]])
    heavy = descend(problem, momentum(beta=beta), lr=lr, steps=30, start=[1.0]).path[:, 0]
    ahead = descend(problem, nesterov(beta=beta), lr=lr, steps=30, start=[1.0]).path[:, 0]
    c = lr * curvature
    for t in range(1, 30):
        assert heavy[t + 1] == pytest.approx((1 + beta - c) * heavy[t] - beta * heavy[t - 1], rel=1e-9, abs=1e-14)
        expected = (1 + beta) * (1 - c) * ahead[t] - beta * (1 - c) * ahead[t - 1]
        assert ahead[t + 1] == pytest.approx(expected, rel=1e-9, abs=1e-14)


EDGES = [
    (gd, {}, lambda L: 2 / L),
    (momentum, {"beta": 0.9}, lambda L: 3.8 / L),
    (momentum, {"beta": 0.5}, lambda L: 3 / L),
    (nesterov, {"beta": 0.9}, lambda L: 3.8 / (2.8 * L)),
    (nesterov, {"beta": 0.5}, lambda L: 3 / (2 * L)),
]


@pytest.mark.parametrize("method, settings, limit", EDGES)
def test_converges_below_its_edge_and_not_above(method, settings, limit):
    problem = quadratic(np.diag([1.0, 7.0, 40.0]))
    start = np.ones(3)
    below = descend(problem, method(**settings), lr=0.95 * limit(40.0), steps=3000, start=start)
    above = descend(problem, method(**settings), lr=1.05 * limit(40.0), steps=3000, start=start)
    assert np.linalg.norm(below.final) < 1e-9
    assert np.linalg.norm(above.final) > 1e9


@pytest.mark.parametrize("method, best", [(momentum, theory.best_momentum), (nesterov, theory.best_nesterov)])
def test_the_best_settings_have_the_promised_spectral_radius(method, best):
    """The slower of the two ends, from the eigenvalues of the recurrence: nothing here runs the method."""
    mu, L = 1.0, 50.0
    tuning = best(mu, L)
    radii = []
    for h in np.linspace(mu, L, 60):
        c, beta = tuning.lr * h, tuning.beta
        if method is momentum:
            companion = [[1 + beta - c, -beta], [1, 0]]
        else:
            companion = [[(1 + beta) * (1 - c), -beta * (1 - c)], [1, 0]]
        radii.append(spectral_radius(np.array(companion)))
    # A double root is found to half the digits only.
    assert max(radii) == pytest.approx(tuning.rate, abs=1e-6)


# Per-coordinate scaling.


def test_adagrad_by_hand():
    made, state = updates(adagrad(eps=1e-12), [np.array([3.0, 1.0]), np.array([4.0, 0.0])], lr=1.0)
    assert np.allclose(made, [[-1.0, -1.0], [-0.8, 0.0]], rtol=1e-11, atol=0)
    assert np.array_equal(state.s, [25.0, 1.0])


def test_adagrad_under_a_constant_gradient_slows_like_the_root_of_time():
    made, _ = updates(adagrad(eps=1e-12), [np.array([7.0])] * 100, lr=0.5)
    assert np.allclose(made[:, 0], -0.5 / np.sqrt(np.arange(1, 101)), rtol=1e-11)


def test_adagrad_keeps_long_steps_for_rare_coordinates():
    gradients = [np.array([1.0, float(t % 10 == 0)]) for t in range(101)]
    made, _ = updates(adagrad(), gradients, lr=1.0)
    assert made[100, 0] == pytest.approx(-1 / math.sqrt(101), rel=1e-7)
    assert made[100, 1] == pytest.approx(-1 / math.sqrt(11), rel=1e-7)


def test_rmsprop_by_hand():
    made, state = updates(rmsprop(beta2=0.75, eps=1e-12), [np.array([4.0]), np.array([2.0])], lr=1.0)
    assert state.v == pytest.approx(0.75 * 4.0 + 0.25 * 4.0, rel=1e-15)
    assert np.allclose(made[:, 0], [-2.0, -1.0], rtol=1e-11)


def test_rmsprop_divides_by_the_root_mean_square_not_by_the_mean_magnitude():
    gradients = [np.array([1.0 if t % 2 else 3.0]) for t in range(1000)]
    made, state = updates(rmsprop(beta2=0.99), gradients, lr=1.0)
    assert state.v == pytest.approx(5.0, rel=0.02)  # the mean magnitude, squared, would be 4
    assert made[-1, 0] == pytest.approx(-1 / math.sqrt(state.v[0]), rel=1e-6)


def test_eps_is_outside_the_square_root():
    """With g = eps the step is -lr / (1 + 1); under the root it would be -lr / sqrt(eps + 1)."""
    for method in (adagrad, adam, amsgrad):
        update, _ = method(eps=1e-2).step(np.array([1e-2]), method().init(np.zeros(1)), 1.0)
        assert update[0] == pytest.approx(-0.5, rel=1e-12)
    update, _ = rmsprop(beta2=0.75, eps=1e-2).step(np.array([2e-2]), rmsprop().init(np.zeros(1)), 1.0)
    assert update[0] == pytest.approx(-1.0, rel=1e-12)


@given(scale=st.floats(1e-3, 1e6), beta1=st.floats(0, 0.99), beta2=st.floats(0, 0.9999))
def test_adams_first_step_is_the_rate_whatever_the_gradient(scale, beta1, beta2):
    g = scale * np.array([1.0, -1.0])
    update, _ = adam(beta1=beta1, beta2=beta2).step(g, adam().init(np.zeros(2)), 0.1)
    assert np.allclose(update, [-0.1, 0.1], rtol=2e-5, atol=0)


def test_adams_first_step_for_the_two_gradients_of_the_example():
    for g in (5.0, 5e-4):
        update, _ = adam().step(np.array([g]), adam().init(np.zeros(1)), 0.1)
        assert update[0] == pytest.approx(-0.1, rel=1e-4)


def test_adam_under_a_constant_gradient_keeps_stepping_by_the_rate():
    made, _ = updates(adam(eps=1e-14), [np.array([3.0])] * 200, lr=0.01)
    assert np.allclose(made, -0.01, rtol=1e-12, atol=0)


def test_adam_by_the_formulas_of_the_paper():
    """Bias-corrected means as weighted sums over the whole past, with no recursion to share a mistake with."""
    gradients = np.array(random_gradients(30))
    beta1, beta2, eps, lr = 0.8, 0.95, 1e-3, 0.2
    made, _ = updates(adam(beta1=beta1, beta2=beta2, eps=eps), list(gradients), lr=lr)
    for t in range(1, 31):
        w1 = beta1 ** np.arange(t - 1, -1, -1)
        w2 = beta2 ** np.arange(t - 1, -1, -1)
        m_hat = w1 @ gradients[:t] / w1.sum()
        v_hat = w2 @ gradients[:t] ** 2 / w2.sum()
        assert np.allclose(made[t - 1], -lr * m_hat / (np.sqrt(v_hat) + eps), rtol=1e-11, atol=0)


def test_the_powers_in_adams_state_count_from_one():
    for method in (adam, adamw, amsgrad):
        _, state = updates(method(beta1=0.5, beta2=0.25), random_gradients(3))
        assert (state.power1, state.power2) == (0.5**3, 0.25**3)


@PER_COORDINATE
def test_minds_the_pattern_of_gradients_and_not_their_scale(method):
    """Coordinates may each be measured in units of their own: the steps in theta stay what they were."""
    gradients = random_gradients()
    units = np.array([1e-3, 0.1, 1.0, 1e3, 1e6])
    made, _ = updates(method(eps=1e-30), gradients)
    rescaled, _ = updates(method(eps=1e-30), [units * g for g in gradients])
    assert np.allclose(made, rescaled, rtol=1e-12, atol=0)


@pytest.mark.parametrize("method", [gd, momentum, nesterov])
def test_descent_and_momentum_do_mind_the_scale(method):
    gradients = random_gradients()
    made, _ = updates(method(), gradients)
    rescaled, _ = updates(method(), [8 * g for g in gradients])
    assert np.array_equal(rescaled, 8 * made)


def turned_run(method, rotation):
    """Run on the canyon turned by a rotation, and turn the path back."""
    H = np.diag([1.0, 30.0])
    problem = quadratic(rotation @ H @ rotation.T)
    start = rotation @ np.array([2.0, 1.0])
    return descend(problem, method(), lr=0.01, steps=60, start=start).path @ rotation


@pytest.mark.parametrize("method", [gd, momentum, nesterov])
def test_turning_the_axes_does_not_change_descent(method):
    assert np.allclose(turned_run(method, ROTATION), turned_run(method, np.eye(2)), rtol=0, atol=1e-11)


@PER_COORDINATE
def test_turning_the_axes_changes_the_methods_that_scale_coordinates(method):
    assert np.abs(turned_run(method, ROTATION) - turned_run(method, np.eye(2))).max() > 0.01


def test_adam_without_momentum_and_long_after_its_start_is_rmsprop():
    gradients = random_gradients(400)
    slow, _ = updates(adam(beta1=0.0, beta2=0.9), gradients)
    fast, _ = updates(rmsprop(beta2=0.9), gradients)
    assert np.allclose(slow[-50:], fast[-50:], rtol=1e-12, atol=0)
    assert not np.allclose(slow[:5], fast[:5], rtol=0.1)


def test_without_correction_adams_first_step_would_be_too_long():
    """The uncorrected first step is (1 - beta1) / sqrt(1 - beta2) = 3.16 rates long, contrary to folklore."""
    _, state = updates(adam(), [np.array([5.0])], lr=0.1)
    assert state.m[0] / math.sqrt(state.v[0]) == pytest.approx(0.1 / math.sqrt(0.001), rel=1e-12)
    assert 0.1 / math.sqrt(0.001) == pytest.approx(3.1623, abs=1e-4)


# Weight decay and AMSGrad.


def test_adamw_without_decay_is_adam():
    gradients = random_gradients()
    assert np.array_equal(updates(adamw(weight_decay=0.0), gradients)[0], updates(adam(), gradients)[0])


def test_decoupled_decay_shrinks_every_weight_by_the_same_factor():
    theta, optimizer = np.array([1.0, -5.0, 100.0]), adamw(weight_decay=0.3)
    state = optimizer.init(theta)
    for _ in range(20):
        update, state = optimizer.step(np.zeros(3), state, 0.1, theta)
        theta = theta + update
    assert np.allclose(theta, np.array([1.0, -5.0, 100.0]) * 0.97**20, rtol=1e-13, atol=0)


def test_a_penalty_in_the_loss_is_not_weight_decay_under_adam():
    """The penalty's gradient is divided with the rest: a weight with large gradients is hardly shrunk."""
    big, small = 100.0, 0.01
    theta = np.array([1.0, 1.0])
    g = np.array([big, small])
    decayed, _ = adamw(weight_decay=0.1).step(g, adamw().init(theta), 0.1, theta)
    plain, _ = adam().step(g, adam().init(theta), 0.1)
    penalised, _ = adam().step(g + 0.1 * theta, adam().init(theta), 0.1)
    assert np.allclose(decayed - plain, -0.01, rtol=1e-9)
    assert np.allclose(penalised, plain, rtol=1e-5)


def test_adamw_says_that_it_needs_theta():
    optimizer = adamw()
    with pytest.raises(ValueError, match="theta must be given"):
        optimizer.step(np.ones(1), optimizer.init(np.ones(1)), 0.1)


def test_amsgrad_never_lets_go_of_the_largest():
    gradients = random_gradients(200)
    gradients[20] = gradients[20] + 50.0
    optimizer = amsgrad(beta2=0.9)
    state, before = optimizer.init(np.zeros(5)), np.zeros(5)
    seen = []
    for g in gradients:
        _, state = optimizer.step(g, state, 0.1)
        assert np.all(state.largest >= before)
        before = state.largest
        seen.append(state.v)
        assert np.array_equal(state.largest, np.max(seen, axis=0))
    assert np.all(state.largest > 10 * state.v)


def test_amsgrad_is_adam_while_the_mean_square_grows():
    gradients = [np.array([1.5**t, -(1.1**t)]) for t in range(30)]
    assert np.array_equal(updates(amsgrad(beta2=0.5), gradients)[0], updates(adam(beta2=0.5), gradients)[0])


# Bad settings.


@pytest.mark.parametrize(
    "method, settings, name",
    [
        *((m, {"beta": b}, "beta") for m in (momentum, nesterov) for b in (-0.1, 1.0, math.nan, "x")),
        *((m, {"eps": e}, "eps") for m in (adagrad, rmsprop, adam, adamw, amsgrad) for e in (0.0, -1e-8, math.inf)),
        *((m, {"beta2": b}, "beta2") for m in (rmsprop, adam, adamw, amsgrad) for b in (-0.1, 1.0, None)),
        *((m, {"beta1": b}, "beta1") for m in (adam, adamw, amsgrad) for b in (-0.1, 1.0)),
        *((adamw, {"weight_decay": w}, "weight_decay") for w in (-1e-3, math.inf, math.nan)),
    ],
)
def test_refuses_settings_out_of_range_by_name(method, settings, name):
    with pytest.raises(ValueError, match=rf"^{name} must be .*got"):
        method(**settings)
