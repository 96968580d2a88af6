"""What the widgets answer, held against something else than themselves; and the settings they refuse."""

from decimal import Decimal, localcontext
from functools import partial

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar
from scipy.special import expit
from scipy.stats import kstest
from sklearn.linear_model import Lasso, lars_path

from gdcourse import data
from gdcourse.constrained import frank_wolfe, l1_ball, lasso, projected_gradient, subgradient_method
from gdcourse.losses import binary_cross_entropy, huber, mae, mse, pinball
from gdcourse.problems import quadratic
from gdcourse.schedules import constant, inverse_time, linear, step_decay
from gdcourse.theory import best_momentum, sgd_variance
from gdcourse.widgets import (
    Cloud,
    Cost,
    Field,
    LineFit,
    Memory,
    Modes,
    Natural,
    Neuron,
    Race,
    Schedule,
    StepSize,
    Walls,
)
from gdcourse.widgets.memory import LEVELS, least_rate_rule, most_rate_rule, radius_rule
from gdcourse.widgets.schedule import PRESETS, drawn
from gdcourse.widgets.step_size import GRID
from gdcourse.widgets.stream import normals
from gdcourse.widgets.walls import KNOTS, coefficients, kink_rule

REFUSED = [
    (LineFit, {"lr": 0.0}, r"lr must be in \[0.001, 1.0\], got 0.0"),
    (LineFit, {"lr": np.inf}, "lr must be a finite number"),
    (LineFit, {"steps": 1001}, r"steps must be in \[1, 1000\]"),
    (LineFit, {"steps": 1.5}, "steps must be an integer"),
    (Modes, {"lr": 2.3}, r"lr must be in \[0.01, 2.2\], got 2.3"),
    (Modes, {"kappa": 1.0}, r"kappa must be in \[2.0, 1000.0\], got 1.0"),
    (Modes, {"count": 13}, r"count must be in \[2, 12\]"),
    (Field, {"point": [0.0, 1.7]}, r"point y must be in \[-1.6, 1.6\], got 1.7"),
    (Field, {"point": [np.nan, 0.0]}, "point must be finite"),
    (Field, {"angle": 360}, r"angle must be in \[0, 359\]"),
    (Field, {"angle": 1.5}, "angle must be an integer"),
    (Field, {"norm": "max"}, "norm must be one of 'euclid', 'sum', 'largest', got 'max'"),
    (Cost, {"points": [1.0, 2.0, 3.0, 4.0, 16.5]}, r"points\[4\] must be in \[0.0, 16.0\], got 16.5"),
    (Cost, {"points": [1.0, 2.0, 3.0]}, r"points must have shape \(5,\)"),
    (Cost, {"points": [np.nan, 2.0, 3.0, 4.0, 5.0]}, "points must be finite"),
    (Cost, {"delta": 0.0}, r"delta must be in \[0.1, 5.0\], got 0.0"),
    (Cost, {"tau": 1.0}, r"tau must be in \[0.05, 0.95\], got 1.0"),
    (StepSize, {"h": 0.0}, r"h must be in \[1e-16, 1.0\], got 0.0"),
    (StepSize, {"h": np.nan}, "h must be a finite number"),
    (StepSize, {"method": "backward"}, "method must be one of 'forward', 'central', 'complex', got 'backward'"),
    (StepSize, {"function": "sine"}, "function must be one of 'cube', 'reciprocal', 'bell', got 'sine'"),
    (Neuron, {"start": 9.0}, r"start must be in \[-4.0, 8.0\], got 9.0"),
    (Neuron, {"start": np.nan}, "start must be a finite number"),
    (Neuron, {"lr": 0.0}, r"lr must be in \[0.01, 2.0\], got 0.0"),
    (Neuron, {"cost": "hinge"}, "cost must be one of 'squared', 'entropy', got 'hinge'"),
    (LineFit, {"centre": "middle"}, "centre must be one of 'measured', 'centred', got 'middle'"),
    (Memory, {"lr": 4.1}, r"lr must be in \[0.01, 4.0\], got 4.1"),
    (Memory, {"beta": 1.0}, r"beta must be in \[0.0, 0.99\], got 1.0"),
    (Memory, {"kappa": "wide"}, "kappa must be a finite number, got 'wide'"),
    (Race, {"racers": "five"}, "racers must be one of 'two', 'three', 'four', got 'five'"),
    (Race, {"angle": 7}, "angle must be a multiple of 5 degrees, got 7"),
    (Race, {"angle": 90}, r"angle must be in \[0, 45\], got 90"),
    (Race, {"scale": 0.0}, r"scale must be in \[0.01, 100.0\], got 0.0"),
    (Race, {"lr_adam": -1}, r"lr_adam must be in \[0.001, 2.0\], got -1"),
    (Cloud, {"lr": 2.0}, r"lr must be in \[0.01, 1.95\], got 2.0"),
    (Cloud, {"batch": 65}, r"batch must be in \[1, 64\], got 65"),
    (Cloud, {"batch": 2.5}, "batch must be an integer"),
    (Cloud, {"noise": np.nan}, "noise must be a finite number"),
    (Schedule, {"rates": [0.1] * 8}, r"rates must have shape \(9,\), got shape \(8,\)"),
    (Schedule, {"rates": [0.1] * 8 + [1.3]}, r"rates must be in \[0.0, 1.2\], got 1.3"),
    (Schedule, {"count": "day"}, "count must be one of 'run', 'epoch', got 'day'"),
    (Schedule, {"seed": 0}, "seed must be an integer of at least 1, got 0"),
    (Walls, {"radius": 0.5}, r"radius must be in \[1.0, 165.0\], got 0.5"),
    (Walls, {"method": "newton"}, "method must be one of 'projected', 'frank-wolfe', 'subgradient', got 'newton'"),
    (Walls, {"free": [0.0, 3.5]}, r"free y must be in \[-3.0, 3.0\], got 3.5"),
    (Walls, {"free": [0.0]}, r"free must have shape \(2,\)"),
    (Natural, {"lr": 0.2}, r"lr must be in \[0.002, 0.1\], got 0.2"),
    (Natural, {"gradient": "steep"}, "gradient must be one of 'plain', 'natural', got 'steep'"),
    (Natural, {"start": [0.0, 0.0]}, r"start sigma must be in \[0.5, 4.5\], got 0.0"),
    (Natural, {"start": [4.0, 1.0]}, r"start mean must be in \[-3.0, 3.0\], got 4.0"),
]


@pytest.mark.parametrize("widget, settings, complaint", REFUSED)
def test_bad_settings_are_named(widget, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        widget(**settings)
    good = {name: getattr(widget(), name) for name in widget.settings()}
    with pytest.raises(ValueError, match=complaint):
        widget().answer(good | settings)


def fit_errors(lr, steps=1000, centre=0.0):
    """The mean squared error of the line fit step by step, from the eigenvectors of its Hessian."""
    x = np.array([1.0, 2, 3, 4]) - centre
    X = np.column_stack([x, np.ones(4)])
    curvatures, modes = np.linalg.eigh(X.T @ X / 2)
    start = modes.T @ (np.zeros(2) - np.linalg.solve(X.T @ X, X.T @ [2.0, 4, 6, 8]))
    left = start * (1 - lr * curvatures) ** np.arange(steps + 1)[:, None]
    return (curvatures / 2 * left**2).sum(axis=1)


@pytest.mark.parametrize(
    "lr, centre", [(0.01, "measured"), (2 / 17, "measured"), (0.121, "measured"), (0.3, "centred")]
)
def test_the_line_fit_goes_the_way_its_eigenvalues_say(lr, centre):
    _, (_, values) = LineFit().answer({"lr": lr, "steps": 200, "centre": centre})
    expected = fit_errors(lr, 200, {"measured": 0.0, "centred": 2.5}[centre])
    assert values == pytest.approx(expected[: len(values)], rel=1e-6, abs=1e-20)


def test_the_fewest_steps_of_the_line_fit_are_157_and_not_at_the_best_rate_in_the_long_run():
    def needed(lr):
        errors = fit_errors(lr)
        return np.argmax(errors < 1e-6) if errors[-1] < 1e-6 else np.inf

    rates = np.arange(0.1, 0.1196, 1e-4)
    steps = np.array([needed(lr) for lr in rates])
    assert steps.min() == 157 <= 160
    assert 0.1153 < rates[np.argmin(steps)] < 0.1161
    assert needed(2 / 17) == 241
    assert needed(0.01) == np.inf  # a thousand steps are not enough
    _, (_, values) = LineFit().answer({"lr": 0.116, "steps": 200, "centre": "measured"})
    assert np.argmax(values < 1e-6) == 157


def test_modes_are_those_of_a_descent_on_a_quadratic():
    """The runs of another program: matrix powers of I - lr H, in coordinates where H is not diagonal."""
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    spectrum = np.linspace(1 / 30, 1, 5)
    H = turn @ np.diag(spectrum) @ turn.T
    _, (curvatures, factors, errors) = Modes().answer({"lr": 1.7, "kappa": 30, "count": 5})
    assert curvatures == pytest.approx(spectrum)
    for steps in (1, 7, 100):
        left = turn.T @ np.linalg.matrix_power(np.eye(5) - 1.7 * H, steps) @ turn
        assert np.diag(left) == pytest.approx(factors**steps, abs=1e-12)
        assert errors[steps] == pytest.approx(np.abs(np.diag(left)).max())


def test_the_fewest_steps_of_the_modes_are_691_and_first_and_last_are_equal_there():
    def needed(lr):
        errors = Modes().answer({"lr": lr, "kappa": 100, "count": 6})[1][2]
        return np.argmax(errors <= 1e-6) if errors[-1] <= 1e-6 else np.inf

    steps = {lr: needed(lr) for lr in np.round(np.arange(1.95, 2.01, 0.001), 3)}
    assert [lr for lr, count in steps.items() if count == min(steps.values())] == [1.98]
    assert steps[1.98] == 691 == np.ceil(np.log(1e6) / np.log(101 / 99))
    factors = Modes().answer({"lr": 2 / 1.01, "kappa": 100, "count": 6})[1][1]
    assert factors[0] == pytest.approx(99 / 101) and factors[-1] == pytest.approx(-99 / 101)
    assert needed(2.0) == np.inf


@pytest.mark.parametrize("lr, beta", [(1.0, 0.0), (1.0, 0.5), (3.24, 0.68), (3.9, 0.96), (0.05, 0.9), (3.5, 0.5)])
def test_the_heavy_ball_goes_the_way_its_companion_matrices_say(lr, beta):
    _, (path, errors, factors) = Memory().answer({"lr": lr, "beta": beta, "kappa": 100.0})
    for axis, curvature in enumerate((0.01, 1.0)):
        step = np.array([[1 + beta - lr * curvature, -beta], [1.0, 0.0]])
        assert factors[axis] == pytest.approx(np.abs(np.linalg.eigvals(step)).max(), abs=1e-7)
        assert path[40, axis] == pytest.approx((np.linalg.matrix_power(step, 40) @ np.ones(2))[0], rel=1e-6, abs=1e-9)
    assert errors == pytest.approx(np.linalg.norm(path, axis=1) / np.sqrt(2))


def test_the_map_is_lowest_where_polyak_says():
    lr, beta = np.meshgrid(np.linspace(0.01, 4, 400), np.linspace(0, 0.99, 100))
    factor = np.maximum(radius_rule(lr, beta, 0.01), radius_rule(lr, beta, 1.0))
    k = np.unravel_index(factor.argmin(), factor.shape)
    best = best_momentum(0.01, 1.0)
    assert (lr[k], beta[k]) == pytest.approx((best.lr, best.beta), abs=0.06)
    assert radius_rule(best.lr, best.beta, 1.0) == pytest.approx(best.rate, abs=1e-6)


@pytest.mark.parametrize("factor", LEVELS)
@pytest.mark.parametrize("curvature", [1.0, 0.3, 1e-3])
def test_the_factor_is_had_between_two_rates_and_nowhere_else(factor, curvature):
    def largest(rate, beta):
        trace = 1 + beta - rate * curvature
        return max(abs(np.linalg.eigvals([[trace, -beta], [1, 0]])))

    for beta in np.linspace(0, 0.999 * factor**2, 5):
        least, most = (rule(factor, beta, curvature) for rule in (least_rate_rule, most_rate_rule))
        assert largest(least, beta) == pytest.approx(factor) == largest(most, beta)
        assert largest((least + most) / 2, beta) < factor
        assert largest(0.99 * least, beta) > factor and largest(1.01 * most, beta) > factor
    for rate in np.linspace(least, most, 5):
        assert largest(rate, factor**2 + 1e-6) > factor


def test_axes_of_the_field_are_checked():
    with pytest.raises(ValueError, match="axes must be one of 'equal', 'unequal', got 'log'"):
        Field(axes="log")


@pytest.mark.parametrize("norm, order", [("sum", 1), ("euclid", 2), ("largest", np.inf)])
def test_the_slopes_of_the_field_are_measured_ones_and_the_steepest_is_the_dual_norm(norm, order):
    point = np.array([1.3, -0.7])

    def loss(place):
        return (place[0] ** 2 + 4 * place[1] ** 2) / 2

    _, (gradient, slopes) = Field().answer({"point": point, "angle": 0, "norm": norm})
    for degrees in (0, 33, 90, 179, 200, 271, 359):
        u = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
        u = u / np.linalg.norm(u, order)
        measured = (loss(point + 1e-5 * u) - loss(point - 1e-5 * u)) / 2e-5
        assert slopes[degrees] == pytest.approx(measured, abs=1e-5)
    dual = {1: np.inf, 2: 2, np.inf: 1}[order]
    assert slopes.max() == pytest.approx(np.linalg.norm(gradient, dual), rel=1e-4)
    assert np.abs(slopes[(np.argmax(slopes) + 180) % 360]) == pytest.approx(slopes.max())


def test_nothing_changes_at_a_right_angle_to_the_gradient_at_any_point():
    rng = np.random.default_rng(1)
    for point in rng.uniform([-2.4, -1.6], [2.4, 1.6], (50, 2)):
        _, (gradient, slopes) = Field().answer({"point": point, "angle": 0, "norm": "euclid"})
        across = round(np.degrees(np.arctan2(gradient[1], gradient[0])) + 90) % 360
        assert np.abs(slopes[across]) <= 0.01 * np.linalg.norm(gradient)
        assert np.sum(np.abs(slopes) <= 0.01 * np.linalg.norm(gradient)) <= 4


def race(**settings):
    """The losses of each racer as shares of the first, and the step from which a millionth is left."""
    _, arrays = Race().answer(Race().chosen() | settings)
    shares = {name: v / v[0] for name, v in zip(["gd", "momentum", "rmsprop", "adam"], arrays[1::2], strict=True)}
    late = {name: np.flatnonzero(np.r_[share, np.ones(401 - len(share))] > 1e-6)[-1] for name, share in shares.items()}
    return shares, {name: step + 1 if step < 400 else np.inf for name, step in late.items()}


def test_descent_and_momentum_do_not_notice_a_turn_and_adam_and_rmsprop_no_scale():
    for angle in (0, 20, 45):
        shares, _ = race(angle=angle)
        along = 0.5 * 4 * (1 - 0.035) ** (2 * np.arange(100))
        across = 0.5 * 50 * 0.64 * (1 - 0.035 * 50) ** (2 * np.arange(100))
        assert shares["gd"][:100] == pytest.approx((along + across) / 18, rel=1e-9)
        assert shares["momentum"][:100] == pytest.approx(race(angle=0)[0]["momentum"][:100], rel=1e-6, abs=1e-15)
    for scale in (0.01, 10):
        for name in ("rmsprop", "adam"):
            assert race(scale=scale)[0][name][:60] == pytest.approx(race()[0][name][:60], rel=1e-3)
    assert race(angle=45)[1]["adam"] == 227 and race(angle=0)[1]["adam"] == 129
    assert race(angle=0, scale=10)[1]["momentum"] == np.inf


def test_adam_in_the_race_is_the_textbook_s():
    _, arrays = Race().answer(Race().chosen() | {"angle": 45})
    turn = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    H = turn.T @ np.diag([1.0, 50.0]) @ turn
    theta, m, v = turn.T @ [-2.0, 0.8], 0, 0
    for t in range(1, 101):
        g = H @ theta
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta = theta - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    assert arrays[6][100] == pytest.approx(theta, rel=1e-6)


def test_the_best_answers_are_those_of_the_package_losses_and_no_answer_is_better():
    rng = np.random.default_rng(2)
    for _ in range(20):
        points, delta, tau = rng.uniform(0, 16, 5), rng.uniform(0.1, 5), rng.uniform(0.05, 0.95)
        _, (best, least, *curves) = Cost().answer({"points": points, "delta": delta, "tau": tau})
        assert best[0] == pytest.approx(points.mean()) and best[1] == np.median(points)
        assert best[3] == np.quantile(points, tau, method="inverted_cdf")
        for k, loss in enumerate((mse, mae, partial(huber, delta=delta), partial(pinball, tau=tau))):
            assert least[k] == pytest.approx(loss(np.full(5, best[k]), points)[0])
            answers = np.linspace(0, 16, 81)
            assert curves[k] == pytest.approx([loss(np.full(5, c), points)[0] for c in answers])
            cost = partial(lambda c, loss, points: loss(np.full(5, c), points)[0], loss=loss, points=points)
            found = minimize_scalar(cost, bounds=(0, 16), method="bounded")
            assert least[k] <= found.fun + 1e-12


def test_the_mean_leaves_the_others_when_the_fifth_number_passes_ten_and_the_median_stays():
    def best(last):
        return Cost().answer({"points": [1, 2, 3, 4, last], "delta": 1.0, "tau": 0.5})[1][0]

    assert best(9.99)[0] < 4 < best(10.01)[0]
    assert best(10.01)[1] == best(16)[1] == best(5)[1] == 3


def test_the_noise_of_the_widgets_is_park_and_miller_s_and_nearly_normal():
    seed = 1
    for _ in range(10_000):
        seed = 16807 * seed % (2**31 - 1)
    assert seed == 1043618065  # the value they print to check an implementation by
    uniform = np.array([16807, 282475249, 1622650073, 984943658, 1144108930, 470211272, 101027544, 1457850878,
                        1458777923, 2007237709, 823564440, 1115438165])  # fmt: skip
    assert normals(1, 1)[0] == pytest.approx(uniform.sum() / (2**31 - 1) - 6, abs=1e-12)
    z = np.array(normals(7, 8000))
    assert abs(z.mean()) < 0.03 and z.var() == pytest.approx(1, abs=0.03)
    assert kstest(z, "norm").pvalue > 0.01
    assert np.abs([np.corrcoef(z[lag:], z[:-lag])[0, 1] for lag in (1, 2, 3)]).max() < 0.03


@pytest.mark.parametrize(
    "lr, batch, noise", [(0.2, 4, 1.0), (0.2, 16, 1.0), (0.05, 4, 1.0), (1.5, 2, 3.0), (1.9, 8, 0.5)]
)
def test_the_cloud_is_as_wide_as_theory_says(lr, batch, noise):
    _, (path, (measured, predicted, thumb)) = Cloud().answer({"lr": lr, "batch": batch, "noise": noise})
    assert predicted == pytest.approx(np.sqrt(2 * sgd_variance(lr, 1.0, noise**2, batch)))
    assert measured == pytest.approx(predicted, rel=0.03)
    assert (thumb < 0.9 * predicted) == (lr > 1)
    assert np.sqrt((path**2).sum(axis=1).mean()) == pytest.approx(predicted, rel=0.25)


@pytest.mark.parametrize(
    "name, schedule",
    [("constant", constant(0.1)), ("drops", step_decay(0.5, 0.2, every=100)),
     ("inverse", inverse_time(0.8, half=50)), ("line", linear(0.5, steps=400))],
)  # fmt: skip
def test_the_preset_schedules_are_the_package_s(name, schedule):
    t = np.arange(400.0)
    assert PRESETS[name]["rule"](t) == pytest.approx([schedule(k) for k in range(400)], abs=1e-15)


def expected_error(rates):
    """The mean over all noises: along an axis a step makes E x^2 into (1 - lr c)^2 E x^2 + lr^2 / 4."""
    total = 0
    for curvature in (1.0, 0.05):
        square = 9.0
        for lr in rates:
            square = (1 - lr * curvature) ** 2 * square + lr**2 * 0.25
        total += curvature * square / 2
    return total


def test_a_drawn_schedule_ends_near_the_error_that_is_expected_of_it():
    handles = [1.2, 0.28, 0.18, 0.12, 0.09, 0.08, 0.06, 0.02, 0.01]
    assert drawn(handles, "run") == pytest.approx(np.interp(np.arange(400), np.arange(0, 401, 50), handles))
    assert drawn(handles, "epoch") == pytest.approx(np.tile(drawn(handles, "run")[:50], 8))
    ends = {"run": [], "epoch": []}
    for count, found in ends.items():
        for seed in range(1, 11):
            _, (rates, own, presets) = Schedule().answer({"rates": handles, "count": count, "seed": seed})
            found.append([own[-1], *presets[:, -1]])
        own, *others = np.mean(found, axis=0)
        assert own == pytest.approx(expected_error(rates), rel=0.12)
        for preset, other in zip(PRESETS.values(), others, strict=True):
            assert other == pytest.approx(expected_error(preset["rule"](np.arange(400.0))), rel=0.12)
    own, *others = np.mean(ends["run"], axis=0)
    assert own < 0.8 * min(others)
    assert min(row[0] / min(row[1:]) for row in ends["epoch"]) > 3  # and where the count begins again it beats none


EXPRESSIONS = {"cube": "x**3", "reciprocal": "1/x", "bell": "1/(1 + x**2)"}


@pytest.mark.parametrize("function", EXPRESSIONS)
def test_measured_slopes_are_those_of_another_arithmetic(function):
    """Python's own complex numbers, and fifty decimal digits, in which there is no rounding to speak of."""

    def value(x):
        return {"cube": lambda: x * x * x, "reciprocal": lambda: 1 / x, "bell": lambda: 1 / (1 + x * x)}[function]()

    for h in (0.5, 1e-3, 1e-6):
        _, ((exact, forward, central, by_complex), _) = StepSize().answer(
            {"h": h, "method": "forward", "function": function}
        )
        with localcontext() as context:
            context.prec = 50
            x, step = Decimal("1.5"), Decimal(h)
            assert forward == pytest.approx(float((value(x + step) - value(x)) / step), rel=1e-15 / h)
            assert central == pytest.approx(float((value(x + step) - value(x - step)) / (2 * step)), rel=1e-15 / h)
            tiny = Decimal("1e-20")
            assert exact == pytest.approx(float((value(x + tiny) - value(x - tiny)) / (2 * tiny)), rel=1e-15)
        assert by_complex == pytest.approx(value(complex(1.5, h)).imag / h, rel=1e-14)


@pytest.mark.parametrize("function", EXPRESSIONS)
def test_the_errors_are_two_vees_of_slope_one_and_two_and_a_line_that_stays_down(function):
    errors = StepSize().answer({"h": 0.1, "method": "forward", "function": function})[1][1]
    h = np.array(GRID)
    for row, slope, low, high in ((0, 1, 1e-6, 1e-2), (1, 2, 1e-4, 1e-1), (2, 2, 1e-6, 1e-1)):
        falling = (low <= h) & (h <= high)
        assert np.polyfit(np.log(h[falling]), np.log(errors[row][falling]), 1)[0] == pytest.approx(slope, abs=0.06)
    for row in (0, 1):
        assert np.median(errors[row][h < 2e-15]) > 0.05  # rounding
    assert errors[2][h < 1e-9].max() < 1e-15
    assert 1e-10 < errors[0].min() < 1e-8 and 1e-14 < errors[1].min() < 1e-10


@pytest.mark.parametrize("start, lr", [(4.0, 0.15), (1.5, 0.15), (-2.0, 1.3), (8.0, 2.0)])
def test_the_neuron_goes_down_measured_slopes_of_the_package_costs(start, lr):
    """Weight and bias as two numbers, and slopes from differences of the costs themselves."""
    squared, entropy = Neuron().answer({"start": start, "lr": lr, "cost": "squared"})[1]

    def cross_entropy(z):
        return binary_cross_entropy(np.array([z]), np.array([0.0]))[0]

    for path, cost in ((squared, lambda z: 0.5 * expit(z) ** 2), (entropy, cross_entropy)):
        w, b = start / 4, 3 * start / 4
        for z in path:
            assert z == pytest.approx(w + b, abs=1e-6)
            slope = (cost(w + b + 1e-5) - cost(w + b - 1e-5)) / 2e-5
            w, b = w - lr * slope, b - lr * slope


def test_from_a_confident_start_the_squared_error_needs_232_steps_and_the_cross_entropy_17():
    def needed(start):
        return [int((path >= 0).sum()) for path in Neuron().answer({"start": start, "lr": 0.15, "cost": "squared"})[1]]

    assert needed(4.0) == [232, 17]
    assert needed(1.5)[0] < 40 and needed(3.5)[0] < 200 < needed(3.9)[0]


def test_the_carried_coefficients_are_the_lasso_s():
    patients = data.diabetes()
    X, y = data.standardize(patients.X).X, patients.y - patients.y.mean()
    penalties, _, path = lars_path(X, y, method="lasso")
    assert np.array(KNOTS) == pytest.approx(path.T, abs=0.0051)
    for k in (2, 5, 9):  # between two knots, by coordinate descent
        penalty = (0.3 * penalties[k] + 0.7 * penalties[k + 1]) / len(y)
        fit = Lasso(alpha=penalty, fit_intercept=False, tol=1e-10, max_iter=100_000).fit(X, y).coef_
        assert coefficients(np.abs(fit).sum()) == pytest.approx(fit, abs=0.02)
    kept = [np.count_nonzero(coefficients(radius)) for radius in (31.5, 32.0, 42.0, 64.0)]
    assert kept == [2, 3, 3, 5]


@pytest.mark.parametrize("radius, free", [(64, [1.8, 1.2]), (32, [1.8, 1.2]), (100, [2.5, -0.5]), (160, [-2, 2])])
def test_the_methods_at_the_wall_are_the_package_s(radius, free):
    r, steep = radius / 55, np.array([[1, 0.6], [0.6, 1.6]])
    bowl, start = quadratic(steep, steep @ free), [-r / 2, -r / 2]
    runs = {}
    for method in ("projected", "frank-wolfe", "subgradient"):
        _, (runs[method], gaps, lowest, _) = Walls().answer({"radius": radius, "method": method, "free": free})
        assert gaps.min() > -1e-12
    *point, level = lowest
    best = projected_gradient(bowl, l1_ball(r), lr=0.5, steps=2000, start=start).final
    assert point == pytest.approx(best, abs=1e-9)
    assert lasso(bowl, level).gradient(np.array(point)) == pytest.approx([0, 0], abs=1e-9)
    ends = {
        "projected": projected_gradient(bowl, l1_ball(r), lr=0.4, steps=60, start=start).final,
        "frank-wolfe": frank_wolfe(bowl, l1_ball(r), steps=60, start=start).final,
        "subgradient": subgradient_method(lasso(bowl, level), lr=0.8, steps=60, start=start).path[-1],
    }
    for method, end in ends.items():
        assert runs[method][-1] == pytest.approx(end, abs=1e-9), method


@pytest.mark.parametrize("slope", [-3.0, -0.7, 0.0, 0.7, 3.0])
def test_on_a_crease_the_slope_is_the_smallest_there_is(slope):
    crease = lasso(quadratic([[1e-300]], [-slope]), 1.0)  # slope * x + |x|
    for x in (-1.0, 0.0, 1.0):
        assert kink_rule(x, slope, 1.0) == pytest.approx(crease.gradient(np.array([x]))[0])


def flow(sigma, phi, start, natural):
    """Where gradient flow is after time 0.8, sigma(phi) being the deviation, by derivatives taken numerically."""

    def loss(mean, q):
        return np.log(sigma(q)) + (4 + mean**2) / (2 * sigma(q) ** 2)

    def velocity(_, theta, h=1e-6):
        mean, q = theta
        slopes = np.array([loss(mean + h, q) - loss(mean - h, q), loss(mean, q + h) - loss(mean, q - h)]) / (2 * h)
        stretch = (sigma(q + h) - sigma(q - h)) / (2 * h)
        return -slopes * (sigma(q) ** 2 / np.array([1, 2 * stretch**2]) if natural else 1)

    mean, q = solve_ivp(velocity, (0, 0.8), [start[0], phi(start[1])], rtol=1e-9, atol=1e-9).y[:, -1]
    return mean, sigma(q)


@pytest.mark.parametrize("start", [[1.0, 1.0], [-2.0, 3.0]])
def test_the_paths_under_three_names_follow_their_flows(start):
    charts = [(lambda q: q, lambda s: s), (np.exp, np.log), (lambda q: q**-0.5, lambda s: s**-2)]
    _, arrays = Natural().answer({"lr": 0.002, "gradient": "plain", "start": start})
    for k, path in enumerate(arrays[:6]):
        assert path[-1] == pytest.approx(flow(*charts[k % 3], start, natural=k > 2), abs=3e-3), k
    assert arrays[-1][1] < 0.002 and arrays[-1][0] > 0.2
    for path in arrays[3:6]:  # the natural gradient's mean is the same under every name
        assert path[:, 0] == pytest.approx(start[0] * 0.998 ** np.arange(401))


def test_the_distance_of_the_natural_paths_goes_with_the_rate_and_that_of_the_plain_ones_does_not():
    plain, natural = np.transpose(
        [Natural().answer({"lr": lr, "gradient": "plain", "start": [3.0, 1.5]})[1][-1] for lr in (0.005, 0.01)]
    )
    assert natural[1] / natural[0] == pytest.approx(2, abs=0.1)
    assert plain[1] / plain[0] == pytest.approx(1, abs=0.3)
