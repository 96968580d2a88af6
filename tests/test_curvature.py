"""Curvature: against scipy, scikit-learn, closed forms and finite differences."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.linalg import LinearOperator, eigsh
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from gdcourse.curvature import (
    GAUSSIANS,
    bfgs,
    classify_critical_point,
    fisher_gaussian,
    fisher_glm,
    gauss_newton,
    gaussian_fit,
    natural_gradient,
    newton,
    newton_step,
    perturbed_gd,
    saddle_free_newton,
    saddle_free_step,
    sharpness,
    wolfe_step,
)
from gdcourse.descent import descend
from gdcourse.differentiate import gradient_check
from gdcourse.evidence.curvature import rosenbrock_with_hessian, saddle_with_hessian
from gdcourse.linear import logistic_regression, poisson_regression
from gdcourse.problems import Problem, quadratic, surface_problem
from gdcourse.stable import sigmoid


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def random_symmetric(rng, eigenvalues):
    Q = np.linalg.qr(rng.normal(size=(len(eigenvalues),) * 2))[0]
    H = Q * np.asarray(eigenvalues, dtype=float) @ Q.T
    return (H + H.T) / 2


def small_logistic(rng, n=200, d=4, l2=0.01):
    X = rng.normal(size=(n, d))
    y = (X @ rng.normal(size=d) + rng.logistic(size=n) > 0).astype(int)
    return X, y, logistic_regression(X, y, l2=l2)


# Newton's step and its kin.


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_newton_step_solves_the_damped_system(seed, d):
    rng = np.random.default_rng(seed)
    H, g, damping = random_symmetric(rng, rng.uniform(0.5, 5, d)), rng.normal(size=d), rng.uniform(0, 3)
    step = newton_step(g, H, damping)
    np.testing.assert_allclose(H @ step + damping * step, -g, atol=1e-12)


def test_large_damping_is_a_short_gradient_step(rng):
    g, H = rng.normal(size=4), random_symmetric(rng, [-1, 0, 2, 5])
    np.testing.assert_allclose(newton_step(g, H, 1e9), -g / 1e9, rtol=1e-8)


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_saddle_free_step_uses_the_polar_square_root(seed, d):
    """|H| is the positive square root of H^2."""
    rng = np.random.default_rng(seed)
    H = random_symmetric(rng, rng.uniform(0.5, 5, d) * rng.choice([-1, 1], d))
    g = rng.normal(size=d)
    step = saddle_free_step(g, H)
    np.testing.assert_allclose(scipy.linalg.sqrtm(H @ H).real @ step, -g, atol=1e-8)
    assert g @ step < 0


def test_saddle_free_is_newton_where_the_hessian_is_positive(rng):
    H, g = random_symmetric(rng, [0.1, 1, 10]), rng.normal(size=3)
    np.testing.assert_allclose(saddle_free_step(g, H), newton_step(g, H), rtol=1e-10)


def test_entrywise_absolute_values_are_another_step():
    """The mistake of taking |H_ij|: for this H the right step leads elsewhere."""
    H, g = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1.0, 2.0])
    np.testing.assert_allclose(saddle_free_step(g, H), -g, atol=1e-12)
    assert not np.allclose(np.linalg.solve(np.abs(H), -g), -g)


@pytest.mark.parametrize("step", [newton_step, saddle_free_step])
@pytest.mark.parametrize("H", [np.zeros((2, 2)), np.ones((2, 2)), np.diag([1.0, 1e-17])])
def test_a_singular_matrix_is_refused(step, H):
    with pytest.raises(ValueError, match="invertible"):
        step([1.0, 1.0], H)
    assert np.isfinite(step([1.0, 1.0], H, damping=0.1)).all()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([1.0, np.nan], np.eye(2)), "g must be finite"),
        (([1.0], np.eye(2)), r"g must have shape \(2,\)"),
        (([1.0, 1.0], [[1.0, 2.0], [3.0, 4.0]]), "H must be symmetric"),
        (([1.0, 1.0], [[1.0, np.inf], [np.inf, 1.0]]), "H must be finite"),
        (([1.0, 1.0], np.eye(2), -1.0), "damping must be in"),
    ],
)
def test_wrong_arguments_of_a_step(arguments, message):
    for step in (newton_step, saddle_free_step):
        with pytest.raises(ValueError, match=message):
            step(*arguments)


# The runs.


def test_newton_on_a_quadratic_takes_one_step(rng):
    problem = quadratic(random_symmetric(rng, [1e-3, 1, 1e3]), rng.normal(size=3))
    trace = newton(problem, steps=5, start=rng.normal(size=3), tolerance=1e-8)
    assert (trace.status, trace.steps) == ("converged", 1)
    np.testing.assert_allclose(trace.final, problem.minimizer, rtol=1e-9)


def test_newton_agrees_with_scikit_learn(rng):
    X, y, problem = small_logistic(rng)
    reference = LogisticRegression(C=1 / (2 * len(X) * 0.01), tol=1e-12, solver="newton-cholesky").fit(X, y)
    trace = newton(problem, steps=30, tolerance=1e-13)
    assert trace.status == "converged"
    np.testing.assert_allclose(trace.final, np.append(reference.coef_, reference.intercept_), atol=1e-8)


def test_newton_and_bfgs_agree_with_scipy_on_rosenbrock():
    problem = rosenbrock_with_hessian()
    reference = scipy.optimize.minimize(problem.value, problem.start, jac=problem.gradient, hess=problem.hessian,
                                        method="trust-exact", options={"gtol": 1e-12}).x  # fmt: skip
    for trace in (newton(problem, steps=50, line_search=True, tolerance=1e-10),
                  bfgs(problem, steps=100, tolerance=1e-8)):  # fmt: skip
        assert trace.status == "converged"
        np.testing.assert_allclose(trace.final, reference, atol=1e-8)
        assert (np.diff(trace.values) <= 0).all()


def test_bfgs_keeps_up_with_scipy(rng):
    """The same minima; scipy interpolates in its line search, ours halves, which costs iterations."""
    ellipse = replace(quadratic(random_symmetric(rng, np.geomspace(1, 100, 8)), rng.normal(size=8)), start=np.ones(8))
    for problem in (surface_problem("rosenbrock"), ellipse, small_logistic(rng)[2]):
        reference = scipy.optimize.minimize(problem.value, problem.start, jac=problem.gradient, method="BFGS",
                                            options={"gtol": 1e-6, "norm": 2})  # fmt: skip
        trace = bfgs(problem, steps=100, tolerance=1e-6)
        assert trace.status == "converged" and trace.steps <= 2.5 * reference.nit
        np.testing.assert_allclose(trace.final, reference.x, atol=1e-4)


def test_bfgs_finishes_a_quadratic_in_few_steps(rng):
    """With exact steps it would take d; with Wolfe's it still ends superlinearly, far below gradient descent."""
    H = random_symmetric(rng, np.geomspace(1, 1e4, 6))
    assert bfgs(quadratic(H), steps=60, start=np.ones(6), tolerance=1e-8).status == "converged"
    assert descend(quadratic(H), lr=1e-4, steps=5000, start=np.ones(6), tolerance=1e-8).status == "max_steps"


def test_wolfe_step_meets_both_conditions():
    problem = surface_problem("rosenbrock")
    rng = np.random.default_rng(1)
    for _ in range(50):
        theta = rng.uniform(-2, 2, size=2)
        value, g = problem.value_and_gradient(theta)
        p = -g * 10.0 ** rng.uniform(-4, 1)
        t = wolfe_step(problem, theta, p)
        there, g_there = problem.value_and_gradient(theta + t * p)
        assert there <= value + 1e-4 * t * (g @ p)
        assert g_there @ p >= 0.9 * (g @ p)


def test_wolfe_step_refuses_to_climb_and_gives_up_at_rounding():
    bowl = quadratic(np.eye(2))
    with pytest.raises(ValueError, match="downhill"):
        wolfe_step(bowl, np.ones(2), np.ones(2))
    # A value that rounding lifts wherever the slope says it should fall: the run stays where it is.
    lifted = Problem(lambda x: 1.0 + (x[0] != 0), lambda x: np.array([1e-3]), dimension=1)
    assert wolfe_step(lifted, [0.0], [-1e-3]) == 0
    trace = bfgs(lifted, steps=3, start=[0.0])
    assert trace.status == "max_steps"
    np.testing.assert_array_equal(trace.path, np.zeros((4, 1)))


def test_bfgs_on_a_function_without_a_floor_diverges():
    slope = Problem(lambda x: float(-np.exp(x[0])), lambda x: -np.exp(x), dimension=1)
    assert bfgs(slope, steps=100, start=[0.0]).status == "diverged"


def test_newton_goes_to_the_saddle_and_saddle_free_does_not():
    saddle = saddle_with_hessian()
    np.testing.assert_allclose(newton(saddle, steps=10, start=[1.0, 0.1]).final, 0, atol=1e-14)
    np.testing.assert_allclose(saddle_free_newton(saddle, steps=50, start=[1.0, 0.1]).final, [0, 5**0.5], atol=1e-12)


def test_newton_reports_singular_and_missing_hessians_and_divergence():
    quartic = Problem(lambda x: float(x[0]), lambda x: np.ones(1), dimension=1, hessian=lambda x: np.zeros((1, 1)))
    with pytest.raises(ValueError, match="invertible"):
        newton(quartic, steps=1, start=[0.0])
    with pytest.raises(ValueError, match="hessian"):
        newton(surface_problem("bowl"), steps=1)
    with pytest.raises(ValueError, match="hessian"):
        saddle_free_newton(surface_problem("bowl"), steps=1)
    with pytest.raises(ValueError, match="downhill"):
        newton(saddle_with_hessian(), steps=1, start=[0.0, 0.1], line_search=True)
    # log cosh from far away: Newton's step overshoots further each time.
    overshoot = Problem(lambda x: float(np.logaddexp(x, -x)[0]), np.tanh, dimension=1,
                        hessian=lambda x: np.diag(1 / np.cosh(x) ** 2))  # fmt: skip
    assert newton(overshoot, steps=30, start=[1.0], tolerance=1e-9).status == "converged"
    with pytest.raises(ValueError, match="invertible"):
        newton(overshoot, steps=30, start=[1.2])
    grow = Problem(lambda x: float(x[0] ** 2), lambda x: 2 * x, dimension=1, hessian=lambda x: np.diag(-0.001 * x**0))
    assert newton(grow, steps=200, start=[1.0]).status == "diverged"
    broken = replace(quadratic(np.eye(1)), hessian=lambda x: np.full((1, 1), np.inf))
    assert newton(broken, steps=3, start=[1.0]).status == "diverged"


def test_gauss_newton_agrees_with_scipy(rng):
    t = np.linspace(0, 4, 30)
    y = 2.5 * np.exp(-0.8 * t) + 0.05 * rng.normal(size=t.size)

    def residual(a):
        return a[0] * np.exp(-a[1] * t) - y

    def jacobian(a):
        decay = np.exp(-a[1] * t)
        return np.column_stack([decay, -a[0] * t * decay])

    reference = scipy.optimize.least_squares(residual, [1.0, 1.0], xtol=1e-15, ftol=1e-15, gtol=1e-15).x
    trace = gauss_newton(residual, jacobian, steps=40, start=[1.0, 1.0], tolerance=1e-12)
    assert trace.status == "converged"
    np.testing.assert_allclose(trace.final, reference, atol=1e-7)
    assert trace.values[-1] == pytest.approx(np.mean(residual(reference) ** 2), rel=1e-12)
    with pytest.raises(ValueError, match="invertible"):
        gauss_newton(lambda a: a[:1] + a[1:] - 1, lambda a: np.ones((1, 2)), steps=3, start=[0.0, 0.0])
    damped = gauss_newton(lambda a: a[:1] + a[1:] - 1, lambda a: np.ones((1, 2)), steps=30, start=[0.0, 0.0],
                          damping=0.1)  # fmt: skip
    np.testing.assert_allclose(damped.final, [0.5, 0.5], atol=1e-12)


# The natural gradient.


@pytest.mark.parametrize("name", GAUSSIANS)
def test_fisher_gaussian_is_the_mean_outer_product_of_the_score(name):
    """By quadrature, with the score from differences of scipy's log density."""
    chart = GAUSSIANS[name]
    theta = np.array([0.7, chart.phi(1.6)])

    def log_density(x, theta):
        return norm.logpdf(x, theta[0], chart.sigma(theta[1]))

    def score(x, i, h=1e-5):
        step = h * np.eye(2)[i]
        return (log_density(x, theta + step) - log_density(x, theta - step)) / (2 * h)

    x = np.linspace(0.7 - 20, 0.7 + 20, 20_001)
    density = norm.pdf(x, 0.7, 1.6)
    scores = np.array([score(x, 0), score(x, 1)])
    expected = (scores * density) @ scores.T * (x[1] - x[0])
    np.testing.assert_allclose(fisher_gaussian(theta, name), expected, atol=1e-6)


@pytest.mark.parametrize("name", GAUSSIANS)
def test_gaussian_fit_is_the_likelihood(name, rng):
    data = rng.normal(2.0, 3.0, size=50)
    chart, problem = GAUSSIANS[name], gaussian_fit(data.mean(), data.var(), name)
    theta = np.array([1.0, chart.phi(2.0)])
    assert problem.value(theta) == pytest.approx(-norm.logpdf(data, 1.0, 2.0).mean() - 0.5 * np.log(2 * np.pi))
    assert gradient_check(problem.value, problem.gradient, theta, rng) < 1e-7
    assert chart.sigma(chart.phi(1.7)) == pytest.approx(1.7)
    np.testing.assert_allclose(problem.gradient(problem.minimizer), 0, atol=1e-12)


def test_the_natural_step_is_the_same_in_every_parameterisation():
    """In the limit of small steps: the change of sigma agrees across the charts to first order."""
    moves = {}
    for name, chart in GAUSSIANS.items():
        start = [1.0, chart.phi(1.0)]
        trace = natural_gradient(gaussian_fit(0.0, 4.0, name), lambda theta, name=name: fisher_gaussian(theta, name),
                                 lr=1e-6, steps=1, start=start)  # fmt: skip
        moves[name] = [trace.final[0] - 1, chart.sigma(trace.final[1]) - 1]
    np.testing.assert_allclose(list(moves.values()), [[-1e-6, 2e-6]] * 3, rtol=1e-5)


def test_for_canonical_models_the_natural_gradient_is_newton(rng):
    X, _, problem = small_logistic(rng, l2=0.0)
    inputs = np.column_stack([X, np.ones(len(X))])

    def fisher(theta):
        p = sigmoid(inputs @ theta)
        return fisher_glm(inputs, p * (1 - p))

    natural = natural_gradient(problem, fisher, lr=1.0, steps=5)
    np.testing.assert_allclose(natural.path, newton(problem, steps=5).path, atol=1e-9)
    counts = poisson_regression(X, rng.poisson(2.0, size=len(X)))
    theta = rng.normal(size=5) / 5
    np.testing.assert_allclose(fisher_glm(inputs, np.exp(inputs @ theta)), counts.hessian(theta), rtol=1e-12)


def test_wrong_arguments_of_the_natural_gradient():
    with pytest.raises(ValueError, match="variances must be at least 0"):
        fisher_glm([[1.0]], [-1.0])
    with pytest.raises(ValueError, match="variances must have shape"):
        fisher_glm([[1.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="name must be one of"):
        fisher_gaussian([0.0, 1.0], "variance")
    with pytest.raises(ValueError, match="variance must be a positive"):
        gaussian_fit(0.0, 0.0)
    with pytest.raises(ValueError, match="lr must be a positive"):
        natural_gradient(gaussian_fit(0.0, 1.0), fisher_gaussian, lr=0, steps=1, start=[0.0, 0.0])
    with pytest.raises(ValueError, match="invertible"):
        natural_gradient(gaussian_fit(0.0, 1.0), lambda theta: np.zeros((2, 2)), lr=0.1, steps=1, start=[1.0, 0.0])


def test_a_natural_run_with_a_huge_rate_diverges():
    status = natural_gradient(gaussian_fit(0.0, 1.0), fisher_gaussian, lr=1e6, steps=50, start=[1.0, 2.0]).status
    assert status == "diverged"


# Reading curvature.


def test_sharpness_agrees_with_eigsh(rng):
    _, _, problem = small_logistic(rng)
    theta = rng.normal(size=5)
    operator = LinearOperator((5, 5), matvec=lambda v: problem.hessian(theta) @ v, dtype=float)
    expected = eigsh(operator, k=1, which="LA", return_eigenvectors=False)[0]
    assert sharpness(problem.gradient, theta, rng) == pytest.approx(expected, rel=1e-4)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_sharpness_is_the_largest_not_the_largest_in_size(seed):
    rng = np.random.default_rng(seed)
    eigenvalues = np.append(rng.uniform(-10, 1, 4), 2.0)
    H = random_symmetric(rng, eigenvalues)
    assert sharpness(lambda x: H @ x, np.zeros(5), rng, iterations=2000, tolerance=1e-9) == pytest.approx(2, rel=1e-3)


def test_sharpness_of_nothing_and_of_hills(rng):
    assert sharpness(lambda x: 0 * x, np.zeros(3), rng) == 0
    assert sharpness(lambda x: -x, np.zeros(3), rng) == pytest.approx(-1, rel=1e-6)
    with pytest.raises(ValueError, match="gradient must be finite"):
        sharpness(lambda x: np.full(3, np.nan), np.zeros(3), rng)
    with pytest.raises(ValueError, match="rng must be"):
        sharpness(lambda x: x, np.zeros(3), 0)


@pytest.mark.parametrize(
    "eigenvalues, kind, index",
    [
        ([1, 2, 3], "minimum", 0),
        ([-1, -2, -3], "maximum", 3),
        ([-1, 2, 3], "saddle", 1),
        ([-1, 0, 3], "saddle", 1),
        ([0, 1, 2], "degenerate", 0),
        ([-1, -2, 0], "degenerate", 2),
        ([0, 0, 0], "degenerate", 0),
        ([1, 1e-12, 2], "degenerate", 0),
        # Two downs and two ups have a positive determinant, and this trace is positive too.
        ([-1, -1, 5, 5], "saddle", 2),
    ],
)
def test_classify_critical_point(eigenvalues, kind, index, rng):
    assert classify_critical_point(random_symmetric(rng, eigenvalues)) == (kind, index)


def test_classify_refuses_what_is_not_symmetric():
    with pytest.raises(ValueError, match="symmetric"):
        classify_critical_point([[1.0, 2.0], [0.0, 1.0]])


# Kicks.


def test_perturbed_gd_leaves_an_exact_saddle_where_descent_stays():
    saddle = surface_problem("saddle")
    stuck = descend(saddle, lr=0.1, steps=100, start=[0.0, 0.0], tolerance=None)
    np.testing.assert_array_equal(stuck.final, [0, 0])
    for seed in range(5):
        method = perturbed_gd(0.01, 0.01, 50, np.random.default_rng(seed))
        trace = descend(saddle, method, lr=0.1, steps=150, start=[0.0, 0.0], tolerance=None)
        assert trace.values[-1] == pytest.approx(-2.5, abs=1e-3)


def test_perturbed_gd_kicks_only_where_the_slope_is_small_and_only_so_often():
    method = perturbed_gd(0.5, 0.1, 3, np.random.default_rng(0))
    state = method.init(np.zeros(2))
    steep, kicks = np.array([1.0, 0.0]), []
    update, state = method.step(steep, state, 0.1)
    np.testing.assert_array_equal(update, [-0.1, 0.0])
    for _ in range(9):
        update, state = method.step(np.zeros(2), state, 0.1)
        kicks.append(np.linalg.norm(update))
    assert [kick > 0 for kick in kicks] == [True, False, False] * 3
    assert max(kicks) <= 0.5


def test_kicks_are_uniform_in_the_ball():
    """In d dimensions a share s^d of them lies within s of the centre, and their mean is zero."""
    method, d, draws = perturbed_gd(2.0, 1.0, 1, np.random.default_rng(0)), 3, 20_000
    kicks = np.array([method.step(np.zeros(d), method.init(np.zeros(d)), 0.1)[0] for _ in range(draws)])
    lengths = np.linalg.norm(kicks, axis=1)
    assert lengths.max() <= 2.0
    for share in (0.3, 0.6, 0.9):
        assert np.mean(lengths <= 2 * share) == pytest.approx(share**d, abs=5 * 0.5 / np.sqrt(draws))
    assert np.abs(kicks.mean(axis=0)).max() < 5 * 2 / np.sqrt(5 * draws)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((0.0, 1.0, 1), "radius must be"),
        ((1.0, -1.0, 1), "threshold must be"),
        ((1.0, 1.0, 0), "wait must be"),
    ],
)
def test_wrong_arguments_of_perturbed_gd(arguments, message):
    with pytest.raises(ValueError, match=message):
        perturbed_gd(*arguments, np.random.default_rng(0))


@pytest.mark.parametrize("seed", range(4))
def test_sharpness_at_a_saddle_whose_curvatures_are_of_equal_size(seed):
    H = np.diag([2.0, -2.0])
    assert sharpness(lambda x: H @ x, np.zeros(2), np.random.default_rng(seed)) == pytest.approx(2, rel=1e-4)
