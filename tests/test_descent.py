"""The loop and its line searches: the path by hand, every way to end, and the conditions a step must meet."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from gdcourse.batches import minibatches
from gdcourse.descent import backtracking_step, descend, descend_with, exact_step
from gdcourse.optimizers import OPTIMIZERS, adam, momentum
from gdcourse.problems import FOUR_POINTS, Problem, least_squares, line_fit, quadratic, surface_problem
from gdcourse.schedules import exponential

CANYON = np.diag([1.0, 100.0])


def test_each_point_follows_from_the_last():
    problem = line_fit(*FOUR_POINTS)
    trace = descend(problem, lr=0.01, steps=20)
    m = b = 0.0
    x, y = FOUR_POINTS
    for point, value, norm in zip(trace.path, trace.values, trace.gradient_norms):
        error = m * x + b - y
        slopes = 2 / 4 * np.sum(error * x), 2 / 4 * np.sum(error)
        assert point == pytest.approx([m, b], rel=1e-12, abs=1e-13)
        assert value == pytest.approx(np.mean(error**2), rel=1e-11)
        assert norm == pytest.approx(np.hypot(*slopes), rel=1e-11)
        m, b = m - 0.01 * slopes[0], b - 0.01 * slopes[1]


def test_the_path_includes_its_start_and_the_rows_are_its_own():
    start = np.array([3.0, 4.0])
    trace = descend(quadratic(CANYON), lr=0.001, steps=5, start=start)
    assert trace.path.shape == (6, 2) and trace.values.shape == trace.gradient_norms.shape == (6,)
    assert trace.steps == 5 and trace.status == "max_steps"
    assert np.array_equal(trace.path[0], start) and np.array_equal(start, [3.0, 4.0])
    assert len({tuple(row) for row in trace.path}) == 6
    assert np.array_equal(trace.final, trace.path[-1])


def test_nothing_given_is_written_to():
    start = np.array([1.0, 1.0])
    start.flags.writeable = False
    for method in OPTIMIZERS.values():
        descend(quadratic(CANYON), method(), lr=1e-3, steps=3, start=start)


def test_the_gradient_is_asked_for_once_a_point():
    asked = []

    def measure(theta):
        asked.append(theta.copy())
        return 0.5 * float(theta @ theta), theta

    trace = descend(Problem(None, None, 1, fused=measure), lr=0.5, steps=4, start=[8.0])
    assert np.array_equal(np.array(asked), trace.path)


@given(lr=st.floats(0.01, 1.99), start=st.floats(-10, 10).filter(bool))
def test_one_coordinate_shrinks_by_its_factor_each_step(lr, start):
    path = descend(quadratic([[1.0]]), lr=lr, steps=10, start=[start], tolerance=None).path[:, 0]
    assert np.allclose(path, start * (1 - lr) ** np.arange(11), rtol=1e-9, atol=1e-12)


@given(shift=st.floats(-100, 100), angle=st.floats(0, 6))
def test_the_path_moves_and_turns_with_the_problem(shift, angle):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    H, centre, start = np.diag([1.0, 9.0]), np.array([shift, -shift / 2]), np.array([1.0, 1.0])
    turned = turn @ H @ turn.T
    turned = (turned + turned.T) / 2
    moved = descend(quadratic(turned, turned @ centre), lr=0.1, steps=15, start=turn @ start + centre).path
    plain = descend(quadratic(H), lr=0.1, steps=15, start=start).path
    assert np.allclose(moved, plain @ turn.T + centre, rtol=0, atol=1e-10)


# How a run ends.


@pytest.mark.parametrize("factor, goes", [(1.9, "in"), (2.1, "out")])
def test_converges_below_two_over_l_and_not_above(factor, goes):
    trace = descend(quadratic(CANYON), lr=factor / 100, steps=2000, start=[1.0, 1.0])
    assert (np.linalg.norm(trace.final) < 1e-12) == (goes == "in")
    assert (np.linalg.norm(trace.final) > 1e12) == (goes == "out")


def test_stops_at_the_first_point_within_tolerance():
    trace = descend(quadratic(CANYON), lr=0.01, steps=10_000, start=[1.0, 1.0], tolerance=1e-3)
    assert trace.status == "converged"
    assert trace.gradient_norms[-1] <= 1e-3 < trace.gradient_norms[-2]
    assert trace.steps == int(np.ceil(np.log(1e-3) / np.log(0.99)))


def test_starting_at_the_minimum_makes_no_step():
    trace = descend(quadratic(CANYON), lr=0.01, steps=10, start=[0.0, 0.0])
    assert trace.status == "converged" and trace.steps == 0 and trace.path.shape == (1, 2)


def test_without_tolerance_a_flat_point_is_passed_over():
    trace = descend(quadratic(CANYON), lr=0.01, steps=10, start=[0.0, 0.0], tolerance=None)
    assert trace.status == "max_steps" and trace.steps == 10


def test_slow_progress_is_not_convergence():
    """A loss that hardly changes has not converged: the gradient decides."""
    trace = descend(quadratic([[1.0]]), lr=1e-9, steps=50, start=[1.0], tolerance=1e-6)
    assert np.ptp(trace.values) < 1e-6 and trace.status == "max_steps"


@pytest.mark.parametrize("method", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_run_that_blows_up_says_so_and_warns_of_nothing(method):
    """x^4 from 10: the loss and its slope overflow within a few steps, or steps of 1e200 leave the numbers."""
    quartic = Problem(lambda x: float(x[0] ** 4), lambda x: 4 * x**3, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trace = descend(quartic, method(), lr=1e200, steps=50, start=[10.0])
    assert trace.status == "diverged"
    assert np.isfinite(trace.path).all() and np.isfinite(trace.values).all() and np.isfinite(trace.gradient_norms).all()
    assert len(trace.path) == len(trace.values) == trace.steps + 1 < 50


def test_a_loss_that_falls_without_end_has_diverged():
    trace = descend(quadratic([[-1.0]]), lr=1.0, steps=2000, start=[1.0])
    assert trace.status == "diverged" and trace.values[-1] < -1e290


def test_a_nan_on_the_way_ends_the_run_before_it():
    problem = Problem(
        lambda x: float(np.log(x[0])), lambda x: 1 / x, 1
    )  # descends towards 0 and steps over it, where there is no logarithm
    trace = descend(problem, lr=0.3, steps=50, start=[1.0])
    assert trace.status == "diverged" and trace.final[0] > 0


def test_an_infinite_slope_ends_the_run_even_where_the_value_is_finite():
    root = Problem(lambda x: float(np.sqrt(x[0])), lambda x: 0.5 / np.sqrt(x), 1)
    trace = descend(root, lr=2.0, steps=5, start=[1.0])  # lands on 0 exactly
    assert trace.status == "diverged" and trace.path.tolist() == [[1.0]]


def test_a_batch_that_is_content_does_not_end_the_run():
    problem = least_squares([[1.0], [1.0]], [0.0, 2.0])
    trace = descend(problem, lr=0.1, steps=2, start=[0.0], batches=[np.array([0]), np.array([1])])
    assert trace.gradient_norms[0] == 0 and trace.steps == 2 and trace.final[0] == pytest.approx(0.4)


def test_a_start_without_a_value_is_refused():
    with pytest.raises(ValueError, match=r"^start must have a finite value"):
        descend(Problem(lambda x: float(np.log(x[0])), lambda x: 1 / x, 1), lr=0.1, steps=1, start=[0.0])


# Schedules, memory, data.


def test_the_rate_of_update_t_is_the_schedules_at_t():
    path = descend(quadratic([[1.0]]), lr=exponential(0.5, 0.5), steps=4, start=[1.0]).path[:, 0]
    assert path == pytest.approx(np.cumprod([1, 0.5, 0.75, 0.875, 0.9375]), rel=1e-14)


def test_a_short_memory_changes_nothing_but_the_path():
    problem, start = quadratic(CANYON), [1.0, 1.0]
    whole = descend(problem, momentum(), lr=0.01, steps=40, start=start)
    ends = descend(problem, momentum(), lr=0.01, steps=40, start=start, keep_path=False)
    assert np.array_equal(ends.path, whole.path[[0, -1]])
    assert np.array_equal(ends.values, whole.values) and ends.steps == 40


def data_fit(n=23):
    rng = np.random.default_rng(0)
    return least_squares(rng.normal(size=(n, 3)), rng.normal(size=n))


def test_batches_of_everything_are_plain_descent():
    problem = data_fit()
    batches = minibatches(problem.n, problem.n, np.random.default_rng(0))
    assert np.allclose(
        descend(problem, adam(), lr=0.01, steps=30, batches=batches).path,
        descend(problem, adam(), lr=0.01, steps=30).path,
        rtol=1e-9, atol=1e-12,
    )  # fmt: skip


def test_each_batch_is_used_once_in_order_and_the_last_value_is_that_of_all():
    problem = data_fit()
    batches = list(minibatches(problem.n, 5, np.random.default_rng(0), epochs=2))
    trace = descend(problem, lr=0.05, steps=1000, batches=iter(batches))
    assert trace.steps == len(batches) == 10
    for t, rows in enumerate(batches):
        assert trace.values[t] == problem.value(trace.path[t], rows)
        assert np.array_equal(trace.path[t + 1], trace.path[t] - 0.05 * problem.gradient(trace.path[t], rows))
    assert trace.values[-1] == problem.value(trace.final)


def test_steps_end_a_run_before_its_batches_do():
    problem = data_fit()
    trace = descend(problem, lr=0.05, steps=7, batches=minibatches(problem.n, 5, np.random.default_rng(0)))
    assert trace.steps == 7 and trace.values[-1] == problem.value(trace.final)


def test_same_seed_same_path_another_seed_another():
    problem = data_fit()
    paths = [
        descend(problem, adam(), lr=0.01, steps=20, batches=minibatches(23, 4, np.random.default_rng(seed))).path
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(paths[0], paths[1]) and not np.array_equal(paths[0], paths[2])


def test_single_precision_stays_single():
    problem = Problem(lambda x: float(x @ x), lambda x: 2 * x, 2)
    for method in OPTIMIZERS.values():
        assert descend(problem, method(), lr=0.1, steps=5, start=np.ones(2, np.float32)).path.dtype == np.float32


# Line searches.


@given(seed=st.integers(0, 500), d=st.integers(1, 5))
def test_the_exact_step_is_where_a_library_finds_the_minimum(seed, d):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(d, d))
    H, x = A @ A.T + 0.1 * np.eye(d), rng.normal(size=d)
    problem, g = quadratic(H), H @ x
    step = exact_step(H, g)
    found = optimize.minimize_scalar(lambda t: problem.value(x - t * g), bracket=(0, step))
    assert step == pytest.approx(found.x, rel=1e-5)
    assert problem.gradient(x - step * g) @ g == pytest.approx(0, abs=1e-9 * (g @ g))


@pytest.mark.parametrize("name", ["rosenbrock", "himmelblau"])
@pytest.mark.parametrize("decrease, shrink", [(1e-4, 0.5), (0.3, 0.8)])
def test_backtracking_takes_the_first_step_that_meets_armijos_condition(name, decrease, shrink):
    problem = surface_problem(name)
    rng = np.random.default_rng(0)
    tried = []
    for _ in range(30):
        theta = rng.uniform(-2, 2, size=2)
        value, g = problem.value_and_gradient(theta)
        step = backtracking_step(problem, theta, -g, decrease=decrease, shrink=shrink)
        taken, before = (problem.value(theta - t * g) - value + decrease * t * (g @ g) for t in (step, step / shrink))
        assert taken <= 0
        assert step == 1.0 or before > 0
        tried.append(round(np.log(step) / np.log(shrink), 9))
    assert all(count == int(count) for count in tried) and len(set(tried)) > 3


def test_backtracking_accepts_a_library_s_step():
    """A step that satisfies SciPy's Wolfe conditions with the same share is accepted as it stands."""
    problem, theta = surface_problem("rosenbrock"), np.array([-1.2, 1.0])
    p = -problem.gradient(theta)
    wolfe = optimize.line_search(problem.value, problem.gradient, theta, p, c1=1e-4)[0]
    assert backtracking_step(problem, theta, p, first=wolfe) == wolfe


def test_backtracking_wants_more_than_any_decrease():
    """On x^2 from 1 along -2, the whole step lands at -1 and half of it at 0: the first lowers nothing."""
    problem = quadratic([[2.0]])
    assert backtracking_step(problem, [1.0], [-2.0]) == 0.5
    barely = backtracking_step(problem, [1.0], [-2.0], first=0.99)
    strict = backtracking_step(problem, [1.0], [-2.0], first=0.99, decrease=0.5)
    assert barely == 0.99 and strict == 0.495


def test_backtracking_ends_when_the_gradient_is_not_the_values():
    problem = Problem(lambda x: float(x @ x), lambda x: -2 * x, 1)
    with pytest.raises(ValueError, match="does the gradient belong to the value"):
        backtracking_step(problem, [1.0], [2.0])


def test_backtracking_steps_back_from_where_there_is_no_value():
    problem = Problem(lambda x: float(x[0] - np.log(x[0])), lambda x: 1 - 1 / x, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step = backtracking_step(problem, [3.0], [-8.0])
    assert 0 < 3 - 8 * step < 3


def test_descent_with_a_line_search_never_rises_and_arrives():
    problem = surface_problem("rosenbrock")
    trace = descend_with(problem, lambda theta, g: backtracking_step(problem, theta, -g), steps=300)
    assert np.all(np.diff(trace.values) < 0)
    zigzag = descend_with(quadratic(CANYON), lambda theta, g: exact_step(CANYON, g), steps=60, start=[100.0, 1.0])
    steps = np.diff(zigzag.path, axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    assert np.abs(np.sum(steps[1:] * steps[:-1], axis=1)).max() < 1e-9  # each step is perpendicular to the last


def test_descent_with_a_chosen_step_is_descent_at_that_rate():
    plain = descend(quadratic(CANYON), lr=0.01, steps=20, start=[1.0, 1.0])
    chosen = descend_with(quadratic(CANYON), lambda theta, g: 0.01, steps=20, start=[1.0, 1.0])
    assert np.array_equal(plain.path, chosen.path)
