"""Constraints and kinks: against scipy's SLSQP, scikit-learn's Lasso, and optimality conditions."""

import itertools

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import Lasso

from gdcourse.constrained import (
    box,
    fista,
    frank_wolfe,
    ista,
    l1_ball,
    l2_ball,
    lasso,
    project_box,
    project_l1,
    project_l2,
    project_simplex,
    projected_gradient,
    simplex,
    smooth_argmax,
    smooth_relu,
    smooth_step,
    soft_threshold,
    subgradient_method,
)
from gdcourse.problems import Problem, least_squares, quadratic

DOMAINS = {
    "simplex": simplex(1.5),
    "l1": l1_ball(1.5),
    "l2": l2_ball(1.5),
    "box": box([-1.0, 0.0, -2.0, 0.5], [1.0, 3.0, -1.0, 0.5]),
}
EVERY = pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
vectors = arrays(float, 4, elements=st.floats(-5, 5))
SLSQP_CONSTRAINTS = {
    "simplex": ({"type": "eq", "fun": lambda x: x.sum() - 1.5}, [(0, None)] * 4),
    "l2": ({"type": "ineq", "fun": lambda x: 1.5**2 - x @ x}, None),
    "box": ((), list(zip([-1.0, 0.0, -2.0, 0.5], [1.0, 3.0, -1.0, 0.5]))),
}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def corners(name):
    """Every extreme point of a domain, or many points of the sphere's."""
    if name == "simplex":
        return 1.5 * np.eye(4)
    if name == "l1":
        return np.concatenate([1.5 * np.eye(4), -1.5 * np.eye(4)])
    if name == "box":
        return np.array(list(itertools.product([-1.0, 1.0], [0.0, 3.0], [-2.0, -1.0], [0.5])))
    directions = np.random.default_rng(0).normal(size=(2000, 4))
    return 1.5 * directions / np.linalg.norm(directions, axis=1, keepdims=True)


# Projections.


@pytest.mark.parametrize("name", DOMAINS)
@given(z=vectors)
def test_a_projection_is_feasible_and_the_nearest_point(name, z):
    """p is the nearest point of a convex set if and only if (z - p)'(s - p) <= 0 for every extreme point s."""
    domain = DOMAINS[name]
    p = domain.project(z)
    assert domain.excess(p) <= 1e-12
    assert ((corners(name) - p) @ (z - p)).max() <= 1e-10


@pytest.mark.parametrize("name", DOMAINS)
@given(y=vectors, z=vectors)
def test_projections_are_idempotent_and_bring_points_no_further_apart(name, y, z):
    project = DOMAINS[name].project
    np.testing.assert_allclose(project(project(z)), project(z), atol=1e-14)
    assert np.linalg.norm(project(y) - project(z)) <= np.linalg.norm(y - z) + 1e-12


@pytest.mark.parametrize("name", SLSQP_CONSTRAINTS)
def test_projections_agree_with_scipy(name, rng):
    constraints, bounds = SLSQP_CONSTRAINTS[name]
    for _ in range(5):
        z = rng.normal(size=4) * 2
        reference = scipy.optimize.minimize(lambda x, z=z: (x - z) @ (x - z), DOMAINS[name].project(np.ones(4)),
                                            constraints=constraints, bounds=bounds, method="SLSQP",
                                            options={"ftol": 1e-14}).x  # fmt: skip
        np.testing.assert_allclose(DOMAINS[name].project(z), reference, atol=1e-5)


def test_the_l1_projection_agrees_with_scipy(rng):
    """Written with positive and negative parts, x = u - v, so that the constraints are smooth."""
    for _ in range(5):
        z = rng.normal(size=4) * 2
        reference = scipy.optimize.minimize(lambda w, z=z: ((w[:4] - w[4:] - z) ** 2).sum(), np.full(8, 0.1),
                                            constraints={"type": "ineq", "fun": lambda w: 1.5 - w.sum()},
                                            bounds=[(0, None)] * 8, options={"ftol": 1e-14}).x  # fmt: skip
        np.testing.assert_allclose(project_l1(z, 1.5), reference[:4] - reference[4:], atol=1e-5)


def test_projections_leave_the_inside_and_their_argument_alone(rng):
    z = np.array([0.1, 0.2, -0.3, 0.0])
    for project in (project_l1, project_l2):
        np.testing.assert_array_equal(project(z), z)
        assert project(z) is not z
    before = (far := rng.normal(size=4) * 9).copy()
    for domain in DOMAINS.values():
        domain.project(far)
    np.testing.assert_array_equal(far, before)


def test_the_simplex_projection_of_a_huge_vector_still_sums_to_one():
    np.testing.assert_allclose(project_simplex(1e9 + np.array([0.0, 1.0, -4.0])).sum(), 1, rtol=1e-9)
    np.testing.assert_allclose(project_simplex([-1e9, -1e9]), [0.5, 0.5])
    np.testing.assert_array_equal(project_simplex([7.0]), [1.0])


@pytest.mark.parametrize("name", DOMAINS)
@given(g=vectors)
def test_a_vertex_is_the_furthest_point_downhill(name, g):
    domain = DOMAINS[name]
    vertex = domain.vertex(g)
    assert domain.excess(vertex) <= 1e-12
    assert vertex @ g <= (corners(name) @ g).min() + 1e-12


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: project_simplex([1.0, np.nan]), "z must be finite"),
        (lambda: project_simplex([[1.0]]), "z must have 1 axes"),
        (lambda: project_simplex([1.0], 0.0), "radius must be a positive"),
        (lambda: project_l1([0.0], -1.0), "radius must be a positive"),
        (lambda: project_l2([0.0], np.inf), "radius must be a finite"),
        (lambda: project_box([0.0], 1.0, 0.0), "low must be at most high"),
        (lambda: project_box([0.0], np.nan, 0.0), "low must be at most high"),
        (lambda: box([0.0, 2.0], [1.0, 1.0]), "low must be at most high"),
        (lambda: box(-np.inf, 1.0), "low must be finite"),
        (lambda: simplex(0), "radius must be a positive"),
        (lambda: l1_ball("wide"), "radius must be a finite number"),
        (lambda: l2_ball(-2), "radius must be a positive"),
    ],
)
def test_wrong_arguments_of_domains(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Inside a domain.


@pytest.mark.parametrize("name", SLSQP_CONSTRAINTS)
def test_both_methods_reach_scipys_minimum_and_certify_it(name, rng):
    A = rng.normal(size=(6, 4))
    problem = quadratic(A.T @ A, rng.normal(size=4) * 3)
    domain = DOMAINS[name]
    start = domain.project(np.zeros(4))
    constraints, bounds = SLSQP_CONSTRAINTS[name]
    reference = scipy.optimize.minimize(problem.value, start, jac=problem.gradient, constraints=constraints,
                                        bounds=bounds, method="SLSQP", options={"ftol": 1e-14})  # fmt: skip
    lr = 1 / np.linalg.eigvalsh(A.T @ A)[-1]
    projected = projected_gradient(problem, domain, lr=lr, steps=3000, tolerance=1e-9, start=start)
    walked = frank_wolfe(problem, domain, steps=3000, start=start)
    assert projected.status == "converged"
    np.testing.assert_allclose(projected.final, reference.x, atol=1e-4)
    for run in (projected, walked):
        above = run.values - projected.values[-1]
        assert (run.gaps >= above - 1e-8).all()
        assert max(domain.excess(x) for x in run.path) <= 1e-12
    assert walked.values[-1] - projected.values[-1] < 0.02


def test_projected_gradient_without_an_active_constraint_is_descent():
    problem = quadratic(np.diag([1.0, 2.0]), [0.1, 0.1])
    run = projected_gradient(problem, l2_ball(), lr=0.3, steps=4, start=[0.2, 0.2])
    expected = [np.array([0.2, 0.2])]
    for _ in range(4):
        expected.append(expected[-1] - 0.3 * problem.gradient(expected[-1]))
    np.testing.assert_allclose(run.path, expected, rtol=1e-14)
    assert (run.status, run.steps) == ("max_steps", 4)


def test_frank_wolfe_uses_one_more_atom_a_step_and_forgets_its_start():
    n = 30
    start = np.full(n, 1 / n) + 0.01 * (np.eye(n)[0] - np.eye(n)[1])
    run = frank_wolfe(quadratic(2 * np.eye(n)), simplex(), steps=20, start=start)
    assert [np.count_nonzero(x) for x in run.path[1:]] == list(range(1, 21))
    # After the first step, whose weight is 1, k steps average k corners with weights 2 i / (k (k + 1)).
    k = 20
    np.testing.assert_allclose(np.sort(run.final)[-k:], 2 * np.arange(1, k + 1) / (k * (k + 1)), atol=1e-15)
    np.testing.assert_array_equal(run.support, np.flatnonzero(run.final))


def test_frank_wolfe_stops_at_the_tolerance_with_a_true_certificate():
    problem = quadratic(np.eye(3), [2.0, 0.0, 0.0])
    run = frank_wolfe(problem, l1_ball(), steps=1000, start=[0.0, 0.0, 0.0], tolerance=1e-9)
    assert run.status == "converged" and run.gaps[-1] <= 1e-9
    np.testing.assert_allclose(run.final, [1, 0, 0])


@EVERY
@pytest.mark.parametrize("method", [frank_wolfe, lambda *a, **k: projected_gradient(*a, lr=0.1, **k)])
def test_an_infeasible_start_is_refused(method, domain):
    with pytest.raises(ValueError, match="start must lie in the"):
        method(quadratic(np.eye(4)), domain, steps=3, start=np.full(4, 5.0))
    with pytest.raises(ValueError, match=r"start must have shape \(4,\)"):
        method(quadratic(np.eye(4)), domain, steps=3, start=np.zeros(3))
    with pytest.raises(ValueError, match="start must be finite"):
        method(quadratic(np.eye(4)), domain, steps=3, start=[0, 0, 0, np.nan])
    with pytest.raises(ValueError, match="steps must be an integer"):
        method(quadratic(np.eye(4)), domain, steps=0)
    assert domain.excess(method(quadratic(np.eye(4)), domain, steps=3).path[0]) <= 1e-12


def test_runs_that_blow_up_say_so():
    def broken(theta):
        return (np.nan if abs(theta[0]) > 0.5 else 0.0), np.array([-1.0, 0.0])

    problem = Problem(lambda x: broken(x)[0], lambda x: broken(x)[1], dimension=2)
    assert frank_wolfe(problem, l2_ball(), steps=9, start=[0.0, 0.0]).status == "diverged"
    assert projected_gradient(problem, l2_ball(), lr=1.0, steps=9, start=[0.0, 0.0]).status == "diverged"
    with pytest.raises(ValueError, match="start must have a finite value"):
        frank_wolfe(problem, l2_ball(), steps=9, start=[0.9, 0.0])
    steep = Problem(lambda x: 0.0, lambda x: np.full(1, 1e308), dimension=1)
    with pytest.raises(ValueError, match="start must have a finite"):
        projected_gradient(steep, l2_ball(), lr=10.0, steps=2, start=[0.0])
    bowl = quadratic(np.eye(1))
    for method in (ista, fista):
        assert method(bowl, l1=0.1, lr=10.0, steps=2000, start=[1.0]).status == "diverged"
    with pytest.raises(ValueError, match="lr must be a positive"):
        projected_gradient(bowl, l2_ball(), lr=0.0, steps=1)


# Kinks.


@given(vectors, st.floats(0, 3))
def test_soft_threshold_is_the_proximal_step_of_the_absolute_value(z, t):
    """0 lies in x - z + t * subdifferential |x|: the optimality condition of 1/2 |x - z|^2 + t |x|_1."""
    x = soft_threshold(z, t)
    away = x != 0
    np.testing.assert_allclose((z - x)[away], t * np.sign(x[away]), atol=1e-12)
    assert (np.abs(z[~away]) <= t).all()


def test_soft_threshold_beats_a_fine_grid(rng):
    grid = np.linspace(-5, 5, 100_001)
    for z, t in rng.uniform(0, 2, size=(10, 2)):
        cost = 0.5 * (grid - z) ** 2 + t * np.abs(grid)
        assert soft_threshold(np.array([z]), t)[0] == pytest.approx(grid[cost.argmin()], abs=1e-4)


def test_soft_threshold_takes_one_threshold_an_entry_and_refuses_a_negative_one():
    np.testing.assert_array_equal(soft_threshold([3.0, 3.0], [1.0, 5.0]), [2.0, 0.0])
    assert not np.signbit(soft_threshold(np.array([-0.5]), 1.0))[0]
    with pytest.raises(ValueError, match="t must be at least 0"):
        soft_threshold([1.0], -1.0)
    with pytest.raises(ValueError, match="t must be at least 0"):
        soft_threshold([1.0], np.nan)


def lasso_data(rng):
    X = rng.normal(size=(60, 8))
    y = X[:, :3] @ [2.0, -1.0, 0.5] + 0.1 * rng.normal(size=60)
    problem = least_squares(X, y)
    return X, y, problem, 1 / np.linalg.eigvalsh(problem.hessian(problem.start))[-1]


@pytest.mark.parametrize("method", [ista, fista])
@pytest.mark.parametrize("l1", [0.05, 0.5, 3.0])
def test_ista_and_fista_agree_with_scikit_learn(method, l1, rng):
    X, y, problem, lr = lasso_data(rng)
    reference = Lasso(alpha=l1 / 2, fit_intercept=False, tol=1e-15, max_iter=100_000).fit(X, y).coef_
    run = method(problem, l1=l1, lr=lr, steps=3000, tolerance=1e-11)
    assert run.status == "converged"
    np.testing.assert_allclose(run.final, reference, atol=1e-9)
    np.testing.assert_array_equal(run.final == 0, reference == 0)
    assert run.values[-1] == pytest.approx(np.mean((X @ reference - y) ** 2) + l1 * np.abs(reference).sum(), rel=1e-12)


def test_ista_never_climbs_and_meets_its_bound_and_fista_its_own(rng):
    """Beck and Teboulle (2009), theorems 3.1 and 4.4: |x0 - x*|^2 / (2 lr k) and 2 |x0 - x*|^2 / (lr (k + 1)^2)."""
    _, _, problem, lr = lasso_data(rng)
    slow, fast = (method(problem, l1=0.5, lr=lr, steps=200) for method in (ista, fista))
    best = fista(problem, l1=0.5, lr=lr, steps=3000)
    distance = best.final @ best.final
    k = np.arange(1, 201)
    assert (np.diff(slow.values) <= 1e-15).all()
    for run, bound in ((slow, distance / (2 * lr * k)), (fast, 2 * distance / (lr * (k + 1) ** 2))):
        assert (run.values[1:] - best.values[-1] <= bound[: run.steps] + 1e-15).all()


def test_without_a_penalty_ista_is_gradient_descent(rng):
    _, _, problem, lr = lasso_data(rng)
    run = ista(problem, l1=0.0, lr=lr, steps=5)
    theta = problem.start
    for t in range(5):
        assert run.gradient_norms[t] == pytest.approx(np.linalg.norm(problem.gradient(theta)))
        theta = theta - lr * problem.gradient(theta)
    np.testing.assert_allclose(run.final, theta, rtol=1e-12)


@given(vectors, st.floats(0, 2), vectors)
def test_the_lassos_gradient_is_a_subgradient(theta, l1, other):
    """f(y) >= f(x) + g'(y - x) everywhere, with entries of x set to zero as well."""
    theta = np.where(np.abs(theta) < 1, 0.0, theta)
    H = np.diag([1.0, 2.0, 3.0, 0.0])
    problem = lasso(quadratic(H, [1.0, -1.0, 0.5, 0.0]), l1)
    value, g = problem.value_and_gradient(theta)
    assert problem.value(other) >= value + g @ (other - theta) - 1e-9
    assert value == pytest.approx(0.5 * theta @ H @ theta - theta @ [1.0, -1.0, 0.5, 0.0] + l1 * np.abs(theta).sum())


def test_the_lassos_gradient_vanishes_at_its_minimum(rng):
    X, y, problem, _ = lasso_data(rng)
    reference = Lasso(alpha=0.25, fit_intercept=False, tol=1e-15, max_iter=100_000).fit(X, y).coef_
    assert (reference == 0).any()
    assert np.abs(lasso(problem, 0.5).gradient(reference)).max() < 1e-9


def test_the_subgradient_method_is_descent_with_shrinking_steps(rng):
    _, _, problem, lr = lasso_data(rng)
    kinked = lasso(problem, 0.5)
    best = ista(problem, l1=0.5, lr=lr, steps=3000).values[-1]
    trace = subgradient_method(kinked, lr=0.3, steps=2000)
    theta = kinked.start
    for t in range(3):
        theta = theta - 0.3 / np.sqrt(t + 1) * kinked.gradient(theta)
    np.testing.assert_allclose(trace.path[3], theta, rtol=1e-13)
    assert (np.diff(trace.values) > 0).any(), "it should go up now and then"
    assert best <= trace.values.min() < best + 1e-3


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda bowl: lasso(bowl, -1.0), "l1 must be in"),
        (lambda bowl: ista(bowl, l1=-1.0, lr=0.1, steps=1, start=[0.0, 0.0]), "l1 must be in"),
        (lambda bowl: ista(bowl, l1=1.0, lr=0.0, steps=1, start=[0.0, 0.0]), "lr must be"),
        (lambda bowl: fista(bowl, l1=1.0, lr=0.1, steps=1), "start must be a vector"),
        (lambda bowl: fista(bowl, l1=1.0, lr=0.1, steps=1, start=[np.inf, 0.0]), "start must be finite"),
        (lambda bowl: subgradient_method(bowl, lr=-1.0, steps=1, start=[0.0, 0.0]), "lr must be"),
    ],
)
def test_wrong_arguments_at_kinks(call, message):
    with pytest.raises(ValueError, match=message):
        call(quadratic(np.eye(2)))


# Smoothing.


@settings(max_examples=50)
@given(arrays(float, 5, elements=st.floats(-50, 50)), st.floats(0.01, 10))
def test_smooth_stand_ins_are_as_close_as_they_say(z, temperature):
    above = smooth_relu(z, temperature) - np.maximum(z, 0)
    assert above.min() >= -1e-12 and above.max() <= temperature * np.log(2) + 1e-12
    # The derivative of the one is the other.
    h = 1e-5 * temperature
    slope = (smooth_relu(z + h, temperature) - smooth_relu(z - h, temperature)) / (2 * h)
    np.testing.assert_allclose(slope, smooth_step(z, temperature), atol=1e-6)
    # Two classes are the step in their difference.
    pair = smooth_argmax(np.array([z[0], z[1]]), temperature)
    np.testing.assert_allclose(pair[0], smooth_step(z[0] - z[1], temperature), atol=1e-12)


def test_smooth_stand_ins_reach_their_limits_without_overflow():
    z = np.array([-2.0, 1.0, 3.0])
    np.testing.assert_allclose(smooth_relu(z, 1e-6), [0, 1, 3], atol=1e-6)
    np.testing.assert_allclose(smooth_step(z, 1e-6), [0, 1, 1])
    np.testing.assert_allclose(smooth_argmax(z, 1e-6), [0, 0, 1])
    np.testing.assert_allclose(smooth_argmax(z, 1e9), 1 / 3, rtol=1e-8)
    for smooth in (smooth_relu, smooth_step, smooth_argmax):
        with pytest.raises(ValueError, match="temperature must be"):
            smooth(z, 0.0)
