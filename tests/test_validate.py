"""Bad input, function by function: a ValueError that names the argument and says what came."""

import inspect
import math

import numpy as np
import pytest

from gdcourse import _validate as validate
from gdcourse import data, descent, differentiate, optimizers, problems, theory
from gdcourse.problems import line_fit, quadratic

RNG = np.random.default_rng(0)
BOWL = quadratic([[2.0, 0.0], [0.0, 2.0]])
FIT = line_fit([1.0, 2.0], [1.0, 2.0])
NOT_POSITIVE = (0.0, -0.1, math.nan, math.inf, "0.1", None, [1.0, 2.0], 1j)
NOT_COUNTS = (0, -1, 2.5, "3", None, True)
NOT_VECTORS = ([[1.0, 2.0]], [1.0, math.nan], [1.0, math.inf], "ab", None, [1j, 1.0], [1.0, 2.0, 3.0])
NOT_MATRICES = ([1.0, 2.0], [[1.0, math.nan]], [[]], [["a"]], None, 3.0)
NOT_SYMMETRIC = ([1.0], [[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]], [[math.nan]], None)
NOT_GENERATORS = (None, 0, np.random, "rng")


def identity(x):
    return x


# (function, the argument in question, bad values, the other arguments by name)
TABLE = [
    (problems.quadratic, "H", NOT_SYMMETRIC, {}),
    (problems.quadratic, "b", NOT_VECTORS[:4], {"H": np.eye(2)}),
    (problems.least_squares, "X", NOT_MATRICES, {"y": [1.0, 2.0]}),
    (problems.least_squares, "y", NOT_VECTORS, {"X": [[1.0], [2.0]]}),
    (problems.least_squares, "l2", (-0.1, math.nan, math.inf, "1"), {"X": [[1.0], [2.0]], "y": [1.0, 2.0]}),
    (problems.line_fit, "x", NOT_VECTORS[:-1], {"y": [1.0, 2.0]}),
    (problems.line_fit, "y", NOT_VECTORS, {"x": [1.0, 2.0]}),
    (problems.surface_problem, "name", ("ball", None, 3, ["bowl"]), {}),
    (descent.descend, "lr", NOT_POSITIVE, {"problem": BOWL, "steps": 1, "start": [1.0, 1.0]}),
    (descent.descend, "steps", NOT_COUNTS, {"problem": BOWL, "lr": 0.1, "start": [1.0, 1.0]}),
    (descent.descend, "start", NOT_VECTORS, {"problem": BOWL, "lr": 0.1, "steps": 1}),
    (descent.descend, "tolerance", (-1.0, math.nan, math.inf, "1"),
     {"problem": BOWL, "lr": 0.1, "steps": 1, "start": [1.0, 1.0]}),
    (descent.descend, "tolerance", (0.1,), {"problem": FIT, "lr": 0.1, "steps": 1, "batches": [[0]]}),
    (descent.descend, "optimizer", ("adam", optimizers.adam, 3),
     {"problem": BOWL, "lr": 0.1, "steps": 1, "start": [1.0, 1.0]}),
    (descent.exact_step, "H", (*NOT_SYMMETRIC, [[-1.0, 0.0], [0.0, -1.0]]), {"g": [1.0, 1.0]}),
    (descent.exact_step, "g", NOT_VECTORS, {"H": np.eye(2)}),
    (descent.backtracking_step, "theta", NOT_VECTORS, {"problem": BOWL, "direction": [-1.0, -1.0]}),
    (descent.backtracking_step, "direction", (*NOT_VECTORS, [1.0, 1.0], [0.0, 0.0]),
     {"problem": BOWL, "theta": [1.0, 1.0]}),
    (descent.backtracking_step, "first", NOT_POSITIVE,
     {"problem": BOWL, "theta": [1.0, 1.0], "direction": [-1.0, -1.0]}),
    (descent.backtracking_step, "decrease", (0.0, 1.0, math.nan, "x"),
     {"problem": BOWL, "theta": [1.0, 1.0], "direction": [-1.0, -1.0]}),
    (descent.backtracking_step, "shrink", (0.0, 1.0, 2.0, None),
     {"problem": BOWL, "theta": [1.0, 1.0], "direction": [-1.0, -1.0]}),
    (descent.descend_with, "steps", NOT_COUNTS,
     {"problem": BOWL, "choose_step": lambda theta, g: 0.1, "start": [1.0, 1.0]}),
    (descent.descend_with, "start", NOT_VECTORS, {"problem": BOWL, "choose_step": lambda theta, g: 0.1, "steps": 1}),
    (differentiate.numerical_gradient, "h", NOT_POSITIVE, {"f": sum, "x": [1.0]}),
    (differentiate.numerical_gradient, "x", ([math.nan], ["a"], [1j], None), {"f": sum}),
    (differentiate.gradient_check, "x", NOT_VECTORS[:-1], {"f": sum, "gradient": np.ones_like, "rng": RNG}),
    (differentiate.gradient_check, "h", NOT_POSITIVE, {"f": sum, "gradient": np.ones_like, "rng": RNG, "x": [1.0]}),
    (differentiate.gradient_check, "rng", NOT_GENERATORS, {"f": sum, "gradient": np.ones_like, "x": [1.0]}),
    (differentiate.gradient_check, "directions", NOT_COUNTS,
     {"f": sum, "gradient": np.ones_like, "x": [1.0], "rng": RNG}),
    (differentiate.gradient_check, "gradient", (lambda x: x[:1], lambda x: x[None], lambda x: x * math.nan),
     {"f": sum, "x": [1.0, 2.0], "rng": RNG}),
    (differentiate.complex_step, "h", NOT_POSITIVE, {"f": sum, "x": [1.0]}),
    (differentiate.complex_step, "x", NOT_VECTORS[:-1], {"f": sum}),
    (differentiate.hessian_vector_product, "h", NOT_POSITIVE, {"gradient": identity, "x": [1.0], "v": [1.0]}),
    (differentiate.hessian_vector_product, "x", NOT_VECTORS[:-1], {"gradient": identity, "v": [1.0]}),
    (differentiate.hessian_vector_product, "v", NOT_VECTORS, {"gradient": identity, "x": [1.0, 1.0]}),
    (theory.curvature_range, "H", NOT_SYMMETRIC, {}),
    (theory.mode_factor, "lr", NOT_POSITIVE, {"curvature": 1.0}),
    (theory.gd_rate, "lr", NOT_POSITIVE, {"mu": 1.0, "L": 2.0}),
    *((f, "mu", (*NOT_POSITIVE, 2.1), {"L": 2.0, **({"lr": 0.1} if f is theory.gd_rate else {})}) for f in (
        theory.gd_rate, theory.best_gd, theory.best_momentum, theory.best_nesterov, theory.standard_nesterov)),
    *((f, "L", NOT_POSITIVE, {"mu": 1.0, **({"lr": 0.1} if f is theory.gd_rate else {})}) for f in (
        theory.gd_rate, theory.best_gd, theory.best_momentum, theory.best_nesterov, theory.standard_nesterov)),
    (theory.gd_stability_limit, "L", NOT_POSITIVE, {}),
    *((f, "L", NOT_POSITIVE, {"beta": 0.5}) for f in (
        theory.momentum_stability_limit, theory.nesterov_stability_limit)),
    *((f, "beta", (-0.1, 1.0, math.nan, "x"), {"L": 1.0}) for f in (
        theory.momentum_stability_limit, theory.nesterov_stability_limit)),
    (theory.iterations_bound, "kappa", (0.5, math.nan, math.inf, None), {"shrink": 0.1}),
    (theory.iterations_bound, "shrink", (0.0, 1.0, -1.0, math.nan), {"kappa": 10}),
    (theory.escape_steps, "distance", (0.0, 1.0, math.nan), {"lr": 0.1, "curvature": 1.0}),
    (theory.escape_steps, "lr", NOT_POSITIVE, {"distance": 0.1, "curvature": 1.0}),
    (theory.escape_steps, "curvature", NOT_POSITIVE, {"distance": 0.1, "lr": 1.0}),
    (theory.sgd_variance, "lr", (*NOT_POSITIVE, 2.0), {"curvature": 1.0, "noise": 1.0}),
    (theory.sgd_variance, "curvature", NOT_POSITIVE, {"lr": 0.1, "noise": 1.0}),
    (theory.sgd_variance, "noise", (-1.0, math.nan), {"lr": 0.1, "curvature": 1.0}),
    (theory.sgd_variance, "batch_size", NOT_COUNTS, {"lr": 0.1, "curvature": 1.0, "noise": 1.0}),
    (theory.deep_linear_mode, "strength", NOT_POSITIVE, {"t": 1.0, "start": 0.1}),
    (theory.deep_linear_mode, "start", (0.0, 1.0, 2.0, math.nan), {"t": 1.0, "strength": 1.0}),
    (theory.bilinear_norm, "lr", (math.nan, math.inf, "x", None), {"steps": 1}),
    (theory.bilinear_norm, "steps", NOT_COUNTS, {"lr": 0.1}),
    (theory.all_positive_probability, "n", (*NOT_COUNTS, 11), {}),
    (data.standardize, "X", NOT_MATRICES, {}),
    (data.split, "n", (1, 2.5, -3), {"fraction": 0.5, "rng": RNG}),
    (data.split, "fraction", (0.0, 1.0, 0.01, math.nan, "x"), {"n": 10, "rng": RNG}),
    (data.split, "rng", NOT_GENERATORS, {"n": 10, "fraction": 0.5}),
]  # fmt: skip
CASES = [
    pytest.param(f, name, value, others, id=f"{f.__name__}-{name}-{i}")
    for f, name, values, others in TABLE
    for i, value in enumerate(values)
]


@pytest.mark.parametrize("f, name, value, others", CASES)
def test_a_bad_argument_is_named_with_what_came(f, name, value, others):
    with pytest.raises(ValueError, match=rf"(?s)\b{name}\b.* must .*got ") as error:
        f(**{name: value}, **others)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize("f, name, value, others", CASES[:1])
def test_the_table_would_notice_a_silent_function(f, name, value, others):
    with pytest.raises(pytest.fail.Exception):
        test_a_bad_argument_is_named_with_what_came(lambda **arguments: None, name, value, others)


# The other modules hold the bad arguments of their functions in tests of their own.
@pytest.mark.parametrize("module", [problems, descent, differentiate, theory, data])
def test_no_public_function_is_missing_from_the_table(module):
    public = {
        f for name, f in vars(module).items()
        if inspect.isfunction(f) and f.__module__ == module.__name__ and not name.startswith("_")
        and inspect.signature(f).parameters and not name.endswith(("_value", "_gradient", "_rule"))
    } | ({differentiate.numerical_gradient} if module is differentiate else set())  # fmt: skip
    assert public <= {row[0] for row in TABLE}, public - {row[0] for row in TABLE}


def test_good_arguments_of_the_table_are_good():
    """The other arguments are not what the errors are about."""
    good = {"H": np.eye(2), "b": [1.0, 2.0], "X": [[1.0], [2.0]], "y": [1.0, 2.0], "l2": 0.0, "lr": 0.1, "steps": 1,
            "L": 2.0, "mu": 1.0, "beta": 0.5, "kappa": 3, "shrink": 0.5, "distance": 0.5, "curvature": 1.0,
            "noise": 1.0, "batch_size": 1, "strength": 1.0, "n": 3, "fraction": 0.5, "rng": RNG, "h": 1e-5,
            "tolerance": 0.0, "first": 1.0, "decrease": 0.1, "directions": 1}  # fmt: skip
    for f, name, _, others in TABLE:
        if name in good and len(others) + 1 >= len([p for p in inspect.signature(f).parameters.values()
                                                    if p.default is p.empty]):  # fmt: skip
            f(**{name: good[name]}, **others)


# The checks themselves.


def test_what_is_good_comes_back_as_floats():
    assert validate.as_vector("x", [1, 2]).dtype == float
    assert validate.as_vector("x", np.ones(2, np.float32)).dtype == np.float32
    assert validate.as_vector("x", [True, False]).tolist() == [1.0, 0.0]
    assert validate.as_matrix("X", [[1, 2]], (1, 2)).tolist() == [[1.0, 2.0]]
    assert validate.number("x", np.float32(0.5)) == 0.5 and type(validate.number("x", 3)) is float
    assert validate.positive_integer("n", np.int64(3)) == 3 and type(validate.positive_integer("n", np.int64(3))) is int
    assert validate.as_labels("y", [0, 2], 2, 3).tolist() == [0, 2]
    assert validate.as_labels("y", np.array([0, 2], np.uint8), 2, 3).dtype == int  # 64 times a label fits
    assert validate.one_of("name", "b", {"a": 1, "b": 2}) == "b"


def test_an_array_that_is_good_is_not_copied():
    x = np.ones(3)
    assert validate.as_vector("x", x) is x


@pytest.mark.parametrize(
    "ends, low, high", [("[]", True, True), ("[)", True, False), ("(]", False, True), ("()", False, False)]
)
def test_the_ends_of_a_range_belong_as_written(ends, low, high):
    for value, belongs in ((0, low), (1, high), (0.5, True), (-1e-9, False), (1 + 1e-9, False)):
        if belongs:
            assert validate.in_range("x", value, 0, 1, ends) == value
        else:
            with pytest.raises(ValueError, match=r"^x must be in"):
                validate.in_range("x", value, 0, 1, ends)


@pytest.mark.parametrize("y, part", [
    ([0.0, 1.0], "integer labels"), ([0, 3], "from 0 to 3"), ([-1, 0], "from -1"), ([0], "shape (2,)"),
    (None, "integer"),
])  # fmt: skip
def test_labels_that_are_none(y, part):
    with pytest.raises(ValueError, match=r"^y must") as error:
        validate.as_labels("y", y, 2, 3)
    assert part in str(error.value)


def test_the_place_of_a_bad_entry_is_told():
    with pytest.raises(ValueError, match=r"X must be finite, got nan at index \(1, 0\)"):
        validate.as_matrix("X", [[1.0, 2.0], [math.nan, 4.0]])
    with pytest.raises(ValueError, match="differ from the transpose by up to 1"):
        validate.as_symmetric("H", [[1.0, 2.0], [3.0, 4.0]])


def test_a_matrix_symmetric_up_to_rounding_is_symmetric():
    A = np.random.default_rng(0).normal(size=(5, 5))
    validate.as_symmetric("H", A @ A.T @ np.diag(np.ones(5)) + 1e-14 * A)


@pytest.mark.parametrize("entry, differing, symmetric", [
    (1.0, 0.9e-10, True), (1.0, 1.1e-10, False),  # a share of the entry
    (0.0, 0.9e-12, True), (0.0, 1.1e-12, False),  # or, beside larger ones, a share of the largest
])  # fmt: skip
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_how_symmetric_is_symmetric(entry, differing, symmetric, scale):
    H = scale * np.array([[1.0, entry], [entry + differing, 1.0]])
    if symmetric:
        assert validate.as_symmetric("H", H) is H
    else:
        with pytest.raises(ValueError, match="H must be symmetric"):
            validate.as_symmetric("H", H)
