"""Assignment 6: curvature, natural gradients, constraints and kinks."""

import numpy as np

from gdcourse.checks.exercise import Assignment, Behaviour, Exercise, Oracle, altered, mistake
from gdcourse.checks.shared import again, asked_at_another_step, curved, quadratic

# hessian_vector_product: curvature along one direction


def hessian_vector_product(grad, x, v, h):
    length = np.linalg.norm(v)
    if length == 0:
        return np.zeros(len(x))
    u = v / length
    return (grad(x + h * u) - grad(x - h * u)) / (2 * h) * length


takes_one_side = altered(
    hessian_vector_product, "takes_one_side", "(grad(x + h * u) - grad(x - h * u)) / (2 * h)",
    "(grad(x + h * u) - grad(x)) / h",
    "only one side is looked at. The error of a one-sided difference falls with h, that of a central one with h "
    "squared, for the same two gradients.",
    see="eq-curv-hvp",
)  # fmt: skip


@mistake(
    "v is used as it comes, so that the step is h times its length: too far for a long v, and lost in rounding for a "
    "short one. Go h along v / |v|, and multiply by |v| afterwards.",
    see="eq-curv-hvp",
)
def forgets_to_rescale(grad, x, v, h):
    return (grad(x + h * v) - grad(x - h * v)) / (2 * h)


loses_the_length = altered(
    hessian_vector_product, "loses_the_length", " / (2 * h) * length", " / (2 * h)",
    "the length of v is divided out and not put back. What is left is H times the unit vector.",
    see="eq-curv-hvp",
)  # fmt: skip

divides_by_h = altered(
    hessian_vector_product, "divides_by_h", "/ (2 * h)", "/ h",
    "the difference is divided by h. From one point to the other it is 2 h.",
    see="eq-curv-hvp",
)  # fmt: skip

takes_them_the_wrong_way_round = altered(
    hessian_vector_product, "takes_them_the_wrong_way_round", "(grad(x + h * u) - grad(x - h * u))",
    "(grad(x - h * u) - grad(x + h * u))",
    "the two gradients are subtracted the wrong way round: ahead minus behind.",
    see="eq-curv-hvp",
)  # fmt: skip


@mistake(
    "the whole Hessian is built, column by column, before it is multiplied by v. With 5,000 parameters that is "
    "10,000 gradients and 200 MB; two gradients along v are enough.",
    see="eq-curv-hvp",
)
def builds_the_hessian(grad, x, v, h):
    H = np.array([(grad(x + h * e) - grad(x - h * e)) / (2 * h) for e in np.eye(len(x))])
    return H @ v


divides_by_no_length = altered(
    hessian_vector_product, "divides_by_no_length",
    "    if length == 0:\n        return np.zeros(len(x))\n", "",
    "v = 0 has no direction, and dividing by its length gives NaN. H times 0 is 0.",
    see="eq-curv-hvp",
)  # fmt: skip


def product_by_a_scaled_step(grad, x, v, h):
    length = float(sum(vi * vi for vi in v)) ** 0.5
    step = h / length if length > 0 else h
    ahead, behind = grad(np.array([a + step * b for a, b in zip(x, v)])), grad(x - step * v)
    return np.array([(a - b) / (2 * step) for a, b in zip(ahead, behind)])


def product_in_two_halves(grad, x, v, h):
    norm = np.sqrt(np.dot(v, v))
    if not norm:
        return 0.0 * x
    slopes = [grad(x + sign * h * v / norm) for sign in (1, -1)]
    return norm * (slopes[0] / (2 * h) - slopes[1] / (2 * h))


def _cube():
    return Oracle("grad", lambda x: 4 * x**3, "grad(x) = 4 * x**3", limit=2_000)


def _bowls_and_directions(rng):
    yield dict(grad=quadratic(np.diag([1.0, 3.0]), np.zeros(2)), x=np.array([1.0, 1.0]), v=np.array([2.0, 0.0]), h=1e-3)
    for d in (2, 3, 5):
        x, v, b = rng.normal(size=(3, d))
        yield dict(grad=quadratic(curved(rng, d), b), x=x, v=2 * v, h=1e-3)


def _bends(rng):
    yield dict(grad=_cube(), x=np.array([1.0]), v=np.array([1.0]), h=1e-3)
    for d in (2, 4):
        v = rng.normal(size=d)
        yield dict(grad=quadratic(curved(rng, d), rng.normal(size=d), 4.0), x=rng.uniform(1, 2, size=d),
                   v=v / np.linalg.norm(v), h=1e-3)  # fmt: skip


def _lengths(rng):
    yield dict(grad=_cube(), x=np.array([1.0]), v=np.array([1000.0]), h=1e-3)
    yield dict(grad=_cube(), x=np.array([1.0, 2.0]), v=np.array([0.0, 0.0]), h=1e-3)
    yield dict(grad=_cube(), x=np.array([1.0, 2.0]), v=np.array([3e-6, -4e-6]), h=1e-3)
    v = rng.normal(size=3)
    yield dict(grad=quadratic(curved(rng, 3), rng.normal(size=3), 4.0), x=rng.uniform(1, 2, size=3),
               v=1000 * v / np.linalg.norm(v), h=1e-3)  # fmt: skip


def _large(rng):
    for d in (3, 40):
        scale = rng.uniform(1, 5, size=d)
        yield dict(grad=Oracle("grad", lambda x, scale=scale: scale * x, f"grad of a bowl in {d}-d", limit=2_000),
                   x=rng.normal(size=d), v=rng.normal(size=d), h=1e-3)  # fmt: skip
    yield dict(grad=_cube(), x=np.array([1.0, 2.0]), v=np.array([1.0, 1.0]), h=1e-3)


def _asks_for_two(case, run, expected):
    if len(run.calls) > 2:
        return f"{len(run.calls)} gradients are asked for; two are enough."
    near = np.allclose(run.output, expected.output, rtol=0.5)
    return None if near else "a cheap answer that is far from the product is no use."


HESSIAN_VECTOR_PRODUCT = Exercise(
    signature="hessian_vector_product(grad, x, v, h)",
    returns="Hv",
    reference=hessian_vector_product,
    cases=_bowls_and_directions,
    behaviours=(
        Behaviour("product", 1, "H v on quadratics", rtol=1e-6, atol=1e-8),
        Behaviour("accuracy", 1, "an error of h squared, not of h, where the curvature changes", cases=_bends,
                  rtol=1e-4, clue=asked_at_another_step("grad")),
        Behaviour("any length", 1, "a very long v, a very short one, and v = 0", cases=_lengths, rtol=1e-4,
                  clue=asked_at_another_step("grad")),
        Behaviour("two gradients", 1, "no more than two gradients, in any dimension; x and v are left alone",
                  cases=_large, holds=_asks_for_two, untouched=True),
    ),
    mistakes=(takes_one_side, forgets_to_rescale, loses_the_length, divides_by_h, takes_them_the_wrong_way_round,
              builds_the_hessian, divides_by_no_length),
    styles=(product_by_a_scaled_step, product_in_two_halves),
    withhold=("gdcourse.differentiate.hessian_vector_product",),
)  # fmt: skip

# newton_step: the bottom of the parabola


def newton_step(g, H, damping=0.0):
    try:
        return -np.linalg.solve(H + damping * np.eye(len(g)), g)
    except np.linalg.LinAlgError:
        raise ValueError("H is singular: there is no Newton step") from None


inverts = altered(
    newton_step, "inverts", "-np.linalg.solve(H + damping * np.eye(len(g)), g)",
    "-np.linalg.inv(H + damping * np.eye(len(g))) @ g",
    "the inverse is formed and multiplied by g. In a narrow valley its rounding errors are large; np.linalg.solve "
    "finds the one step that is wanted, with less work.",
    see="eq-curv-newton",
)  # fmt: skip

climbs = altered(
    newton_step, "climbs", "-np.linalg.solve", "np.linalg.solve",
    "the minus is missing: that step goes away from the bottom of the parabola.",
    see="eq-curv-newton",
)  # fmt: skip

damps_every_entry = altered(
    newton_step, "damps_every_entry", "damping * np.eye(len(g))", "damping",
    "damping is added to every entry of H. It belongs on the diagonal, so that it is added to every curvature.",
    see="eq-curv-newton",
)  # fmt: skip

damps_in_proportion = altered(
    newton_step, "damps_in_proportion", "H + damping * np.eye(len(g))", "H + damping * np.diag(np.diag(H))",
    "the diagonal of H is multiplied by 1 + damping. Here damping itself is added to it.",
    see="eq-curv-newton",
)  # fmt: skip

ignores_damping = altered(
    newton_step, "ignores_damping", "H + damping * np.eye(len(g))", "H",
    "damping is not used. It is added to every curvature, that is to the diagonal of H.",
    see="eq-curv-newton",
)  # fmt: skip

divides_by_the_diagonal = altered(
    newton_step, "divides_by_the_diagonal", "np.linalg.solve(H + damping * np.eye(len(g)), g)",
    "(g / (np.diag(H) + damping))",
    "only the diagonal of H is used. Unless H is diagonal, the curvatures do not lie along the axes.",
    see="eq-curv-newton",
)  # fmt: skip

makes_do_with_a_pseudo_inverse = altered(
    newton_step, "makes_do_with_a_pseudo_inverse",
    "np.linalg.solve(H + damping * np.eye(len(g)), g)",
    "(np.linalg.pinv(H + damping * np.eye(len(g))) @ g)",
    "a pseudo-inverse is used. It hides that H is singular, where there is no Newton step and whoever called should "
    "be told.",
    see="eq-curv-newton",
)  # fmt: skip


def newton_by_elimination(g, H, damping=0.0):
    rows = [[float(a) for a in row] + [-float(b)] for row, b in zip(H, g)]
    d = len(rows)
    for i in range(d):
        rows[i][i] += damping
    for i in range(d):
        pivot = max(range(i, d), key=lambda k: abs(rows[k][i]))
        if rows[pivot][i] == 0:
            raise ValueError("H is singular")
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, d):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i])]
    p = [0.0] * d
    for i in reversed(range(d)):
        p[i] = (rows[i][d] - sum(rows[i][k] * p[k] for k in range(i + 1, d))) / rows[i][i]
    return np.array(p)


def newton_by_numpy_alone(g, H, damping=0.0):
    return np.linalg.solve(np.add(H, damping * np.identity(len(H))), np.negative(g))


def newton_with_a_question(g, H, damping=0.0):
    A = H.copy()
    A[np.diag_indices(len(g))] += damping
    if np.linalg.matrix_rank(A, tol=1e-14) < len(g):
        raise ValueError("H has no inverse")
    return np.linalg.solve(A, -g)


def _parabolas(rng):
    yield dict(g=np.array([3.0]), H=np.array([[2.0]]))
    yield dict(g=np.array([1.0, 2.0]), H=np.array([[2.0, 1.0], [1.0, 3.0]]))
    for d in (2, 3, 5):
        yield dict(g=rng.normal(size=d), H=curved(rng, d))
    yield dict(g=rng.normal(size=3), H=curved(rng, 3, -2.0, 3.0))


def _damped(rng):
    yield dict(g=np.array([1.0, 2.0]), H=np.array([[2.0, 1.0], [1.0, 3.0]]), damping=1.0)
    yield dict(g=np.array([1.0, 2.0]), H=np.array([[0.0, 0.0], [0.0, 0.0]]), damping=0.5)
    for d in (2, 4):
        yield dict(g=rng.normal(size=d), H=curved(rng, d), damping=float(rng.uniform(0.5, 20)))


def _narrow(rng):
    """Hilbert's matrices, the classic of bad condition, with a step of ordinary length."""
    for d in (7, 8, 9):
        H = 1 / (np.arange(d)[:, None] + np.arange(d) + 1.0)
        yield dict(g=H @ rng.uniform(0.5, 1.5, size=d), H=H)


def _solves_it(case, run, expected):
    g, H, p = case["g"], case["H"], np.array(run.output, dtype=float)
    left = np.linalg.norm(H @ p + g) / (np.linalg.norm(H) * max(np.linalg.norm(p), 1e-12))
    if left < 1e-12:
        return None
    remains = np.linalg.norm(H @ p + g) / np.linalg.norm(g)
    return f"after your step {remains:.1e} of the gradient is left, where 1e-15 or so is possible."


def _singular(rng):
    yield dict(g=np.array([1.0, 1.0]), H=np.array([[1.0, 2.0], [2.0, 4.0]]))
    yield dict(g=np.array([1.0, 0.0]), H=np.zeros((2, 2)))
    yield dict(g=rng.normal(size=3), H=np.diag([float(rng.integers(1, 9)), 0.0, 2.0]))
    yield dict(g=np.array([1.0, 2.0]), H=np.array([[2.0, 0.0], [0.0, 3.0]]))
    yield dict(g=rng.normal(size=2), H=np.diag(rng.uniform(1, 3, size=2)))


NEWTON_STEP = Exercise(
    signature="newton_step(g, H, damping=0.0)",
    returns="p",
    reference=newton_step,
    cases=_parabolas,
    behaviours=(
        Behaviour("step", 1, "the step to where the gradient of the parabola is zero; g and H are left alone",
                  untouched=True),
        Behaviour("damping", 1, "damping added to every curvature; H is left alone", cases=_damped, untouched=True),
        Behaviour("narrow", 1, "an accurate step in very narrow valleys", cases=_narrow, holds=_solves_it),
        Behaviour("singular", 1, "a ValueError, or NumPy's LinAlgError, where H is singular, and only there",
                  cases=_singular),
    ),
    mistakes=(inverts, climbs, damps_every_entry, damps_in_proportion, ignores_damping, divides_by_the_diagonal,
              makes_do_with_a_pseudo_inverse),
    styles=(newton_by_elimination, newton_by_numpy_alone, newton_with_a_question),
    withhold=("gdcourse.curvature.newton_step",),
)  # fmt: skip

# fisher_gaussian: how far the distribution moves


def fisher_gaussian(mu, log_sigma):
    return np.array([[np.exp(-2 * log_sigma), 0.0], [0.0, 2.0]])


forgets_the_square = altered(
    fisher_gaussian, "forgets_the_square", "np.exp(-2 * log_sigma)", "np.exp(-log_sigma)",
    "the entry of mu is 1 / sigma. The score of mu is (x - mu) / sigma^2, and its mean square is 1 / sigma^2.",
    see="eq-curv-fisher",
)  # fmt: skip

differentiates_by_sigma = altered(
    fisher_gaussian, "differentiates_by_sigma", "[0.0, 2.0]", "[0.0, 2 * np.exp(-2 * log_sigma)]",
    "the second coordinate is taken to be sigma. It is log sigma, and d sigma / d log sigma is sigma, which cancels "
    "the sigma^2 below.",
    see="eq-curv-fisher",
)  # fmt: skip

is_the_identity = altered(
    fisher_gaussian, "is_the_identity", "np.array([[np.exp(-2 * log_sigma), 0.0], [0.0, 2.0]])", "np.eye(2)",
    "the Fisher information is the identity, for which the natural gradient is the ordinary one.",
    see="eq-curv-fisher",
)  # fmt: skip

takes_the_logarithm_for_sigma = altered(
    fisher_gaussian, "takes_the_logarithm_for_sigma", "np.exp(-2 * log_sigma)", "1 / log_sigma**2",
    "log_sigma is used as if it were sigma: take the exponential first.",
    see="eq-curv-fisher",
)  # fmt: skip

gives_the_covariance = altered(
    fisher_gaussian, "gives_the_covariance", "[[np.exp(-2 * log_sigma), 0.0], [0.0, 2.0]]",
    "[[np.exp(2 * log_sigma), 0.0], [0.0, 0.5]]",
    "the inverse comes back. The narrower the Gaussian, the more a shift of mu changes it, so the information grows "
    "as sigma shrinks.",
    see="eq-curv-natural",
)  # fmt: skip

halves_the_spread = altered(
    fisher_gaussian, "halves_the_spread", "[0.0, 2.0]", "[0.0, 1.0]",
    "the entry of log sigma is 1. Its score is z^2 - 1 with z = (x - mu) / sigma, and the mean square of that is 3 - "
    "2 + 1.",
    see="eq-curv-fisher",
)  # fmt: skip


def fisher_by_quadrature(mu, log_sigma):
    sigma = np.exp(log_sigma)
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    x = mu + sigma * nodes
    score = np.array([(x - mu) / sigma**2, ((x - mu) / sigma) ** 2 - 1])
    return (score * weights / weights.sum()) @ score.T


def fisher_as_lists(mu, log_sigma):
    import math

    return [[1 / math.exp(log_sigma) ** 2, 0.0], [0.0, 2]]


def _gaussians(rng):
    yield dict(mu=0.0, log_sigma=0.5)
    yield dict(mu=3.0, log_sigma=-1.0)
    for _ in range(4):
        yield dict(mu=float(rng.normal()), log_sigma=float(rng.uniform(0.2, 1.5) * rng.choice([-1, 1])))


def _two_widths(rng):
    yield dict(mu=1.0, log_sigmas=[0.5, 0.5, -1.0])
    for _ in range(3):
        widths = rng.uniform(0.2, 1.5, size=2) * [1, -1]
        yield dict(mu=float(rng.normal()), log_sigmas=[float(widths[k]) for k in rng.permutation([0, 0, 1, 1, 1])])


def _look_at_spread(fisher_gaussian, mu, log_sigmas):
    found = [np.array(fisher_gaussian(mu, log_sigma), dtype=float) for log_sigma in log_sigmas]
    firsts = [float(F[0, 0]) for F in found]
    return {"entries": [[F[1, 1], F[0, 1], F[1, 0]] for F in found],
            "where the entry of mu is as before": [firsts.index(first) for first in firsts]}  # fmt: skip


FISHER_GAUSSIAN = Exercise(
    signature="fisher_gaussian(mu, log_sigma)",
    returns="F",
    reference=fisher_gaussian,
    cases=_gaussians,
    behaviours=(
        Behaviour("mean", 1, "the entry of mu", view=lambda run: run.output[0][0], rtol=1e-6),
        Behaviour("spread", 1, "the entry of log sigma, and zeros beside the diagonal", rtol=1e-6, atol=1e-9,
                  cases=_two_widths, drive=_look_at_spread),
    ),
    mistakes=(forgets_the_square, differentiates_by_sigma, is_the_identity, takes_the_logarithm_for_sigma,
              gives_the_covariance, halves_the_spread),
    styles=(fisher_by_quadrature, fisher_as_lists),
    withhold=("gdcourse.curvature.fisher_gaussian", "gdcourse.curvature.fisher_glm"),
)  # fmt: skip

# natural_step: the same step in any coordinates


def natural_step(g, F, lr):
    return -lr * np.linalg.solve(F, g)


multiplies_by_the_information = altered(
    natural_step, "multiplies_by_the_information", "np.linalg.solve(F, g)", "F @ g",
    "g is multiplied by F. Where a small change of the parameters moves the distribution far, the step has to be "
    "short: divide.",
    see="eq-curv-natural",
)  # fmt: skip

divides_by_its_diagonal = altered(
    natural_step, "divides_by_its_diagonal", "np.linalg.solve(F, g)", "(g / np.diag(F))",
    "only the diagonal of F is used, so that the step depends on how the axes lie.",
    see="eq-curv-natural",
)  # fmt: skip

takes_the_root = altered(
    natural_step, "takes_the_root", "np.linalg.solve(F, g)", "(g / np.sqrt(np.diag(F)))",
    "g is divided by the root of the diagonal, as Adam does. The natural gradient divides by F itself, the whole "
    "matrix.",
    see="eq-curv-natural",
)  # fmt: skip

leaves_the_rate_out = altered(
    natural_step, "leaves_the_rate_out", "-lr * np", "-np",
    "the rate is left out.",
    see="eq-curv-natural",
)  # fmt: skip

goes_uphill = altered(
    natural_step, "goes_uphill", "-lr", "lr",
    "the minus is missing, and the step goes uphill.",
    see="eq-curv-natural",
)  # fmt: skip

keeps_the_length = altered(
    natural_step, "keeps_the_length", "    return -lr * np.linalg.solve(F, g)",
    "    p = np.linalg.solve(F, g)\n    return -lr * p / np.linalg.norm(p)",
    "the step is scaled to the length lr. A length in the parameters depends on the coordinates, which is what the "
    "natural gradient is free of.",
    see="eq-curv-natural",
)  # fmt: skip


def natural_by_eigenvectors(g, F, lr):
    information, Q = np.linalg.eigh(F)
    step = np.zeros(len(g))
    for each, q in zip(information, Q.T):
        step = step - lr * (q @ g) / each * q
    return step


def natural_by_inverse(g, F, lr):
    return np.linalg.inv(F).dot(-lr * np.asarray(g))


def _informed(rng):
    yield dict(g=np.array([1.0, 2.0]), F=np.array([[2.0, 1.0], [1.0, 3.0]]), lr=0.5)
    for d in (2, 3, 4):
        yield dict(g=rng.normal(size=d), F=curved(rng, d), lr=float(rng.uniform(0.1, 0.9)))


def _uninformed(rng):
    yield dict(g=np.array([1.0, 2.0]), F=np.eye(2), lr=0.5)
    for d in (2, 3):
        yield dict(g=rng.normal(size=d), F=np.eye(d), lr=float(rng.uniform(0.1, 0.9)))


def _renamed(rng):
    yield dict(g=np.array([1.0, 2.0]), F=np.diag([4.0, 2.0]), J=np.diag([3.0, 0.5]), lr=0.5)
    for d in (2, 3):
        J = curved(rng, d, 0.5, 3.0) @ np.diag(rng.choice([-1.0, 1.0], size=d))
        yield dict(g=rng.normal(size=d), F=curved(rng, d), J=J, lr=float(rng.uniform(0.1, 0.9)))


def _step_elsewhere(natural_step, g, F, J, lr):
    """Take the step in other coordinates, J away from the old ones, and translate it back."""
    return J @ np.array(natural_step(J.T @ g, J.T @ F @ J, lr))


NATURAL_STEP = Exercise(
    signature="natural_step(g, F, lr)",
    returns="p",
    reference=natural_step,
    cases=_informed,
    behaviours=(
        Behaviour("step", 1, "lr times the direction that F turns g into"),
        Behaviour("plain", 1, "where F is the identity, gradient descent; g and F are left alone", cases=_uninformed,
                  untouched=True),
        Behaviour("coordinates", 1, "the same step whatever the coordinates are called", cases=_renamed,
                  drive=_step_elsewhere),
    ),
    mistakes=(multiplies_by_the_information, divides_by_its_diagonal, takes_the_root, leaves_the_rate_out, goes_uphill,
              keeps_the_length),
    styles=(natural_by_eigenvectors, natural_by_inverse),
    withhold=("gdcourse.curvature.newton_step", "gdcourse.curvature.natural_gradient"),
)  # fmt: skip

# frank_wolfe_l1: from corner to corner


def frank_wolfe_l1(grad, x0, radius, steps):
    x, path, gaps = np.array(x0, dtype=float), [np.array(x0, dtype=float)], []
    for t in range(steps):
        g = grad(x)
        i = np.argmax(np.abs(g))
        s = np.zeros(len(x))
        s[i] = -radius * np.sign(g[i])
        gaps.append(g @ (x - s))
        gamma = 2 / (t + 2)
        x = (1 - gamma) * x + gamma * s
        path.append(x)
    return np.array(path), np.array(gaps)


goes_to_the_worst_corner = altered(
    frank_wolfe_l1, "goes_to_the_worst_corner", "-radius * np.sign(g[i])", "radius * np.sign(g[i])",
    "the corner is on the wrong side: with the sign of the slope the linear model is largest there. Take the "
    "opposite sign.",
    see="eq-con-frank-wolfe",
)  # fmt: skip

looks_for_the_largest_slope = altered(
    frank_wolfe_l1, "looks_for_the_largest_slope", "np.argmax(np.abs(g))", "np.argmax(g)",
    "the largest slope is looked for, without regard to slopes that are large and negative. The best corner lies "
    "along the axis with the largest absolute slope.",
    see="eq-con-frank-wolfe",
)  # fmt: skip

goes_in_all_coordinates = altered(
    frank_wolfe_l1, "goes_in_all_coordinates",
    "        s = np.zeros(len(x))\n        s[i] = -radius * np.sign(g[i])\n",
    "        s = -radius * np.sign(g)\n",
    "every coordinate of s is plus or minus the radius. That is a corner of a box, far outside: the corners of the "
    "L1 ball lie on the axes.",
    see="eq-con-frank-wolfe",
)  # fmt: skip

forgets_the_radius = altered(
    frank_wolfe_l1, "forgets_the_radius", "-radius * np.sign", "-np.sign",
    "the corner lies at distance 1, whatever the radius.",
    see="eq-con-frank-wolfe",
)  # fmt: skip

counts_steps_from_one = altered(
    frank_wolfe_l1, "counts_steps_from_one", "2 / (t + 2)", "2 / (t + 3)",
    "the steps are counted from 1, so that the first has the weight 2/3 and the start is never quite left. At t = 0 "
    "the weight is 1.",
    see="eq-con-frank-wolfe",
)  # fmt: skip

averages_the_corners = altered(
    frank_wolfe_l1, "averages_the_corners", "2 / (t + 2)", "1 / (t + 1)",
    "the weight is 1 / (t + 1), which makes x the plain average of all corners so far. 2 / (t + 2) forgets the early "
    "ones sooner.",
    see="eq-con-frank-wolfe",
)  # fmt: skip

turns_the_gap_round = altered(
    frank_wolfe_l1, "turns_the_gap_round", "g @ (x - s)", "g @ (s - x)",
    "the gap is negative. It bounds what is still to be gained, g @ (x - s), and is never below zero.",
    see="eq-con-gap",
)  # fmt: skip

measures_the_gap_too_late = altered(
    frank_wolfe_l1, "measures_the_gap_too_late",
    "        gaps.append(g @ (x - s))\n        gamma = 2 / (t + 2)\n        x = (1 - gamma) * x + gamma * s\n",
    "        gamma = 2 / (t + 2)\n        x = (1 - gamma) * x + gamma * s\n        gaps.append(g @ (x - s))\n",
    "the gap is computed after the step, from the new x and the old gradient. All three belong to the same point.",
    see="eq-con-gap",
)  # fmt: skip


@mistake(
    "each step goes down the gradient and is then pulled back into the ball. That may do as well, but it is not "
    "Frank and Wolfe's method, which goes towards a corner and never leaves.",
    see="eq-con-project",
)
def pulls_back(grad, x0, radius, steps):
    x, path, gaps = np.array(x0, dtype=float), [np.array(x0, dtype=float)], []
    for t in range(steps):
        g = grad(x)
        gaps.append(g @ x + radius * np.max(np.abs(g)))
        x = x - 2 / (t + 2) * g
        x = x * min(1.0, radius / np.sum(np.abs(x)))
        path.append(x)
    return np.array(path), np.array(gaps)


def frank_wolfe_towards(grad, x0, radius, steps):
    path, gaps = [x0], []
    for t in range(steps):
        x = path[-1]
        g = grad(x)
        corners = np.concatenate([radius * np.eye(len(x)), -radius * np.eye(len(x))])
        s = corners[np.argmin(corners @ g)]
        gaps.append(float(np.dot(g, x) - np.dot(g, s)))
        path.append(x + 2 / (t + 2) * (s - x))
    return path, gaps


def frank_wolfe_in_place(grad, x0, radius, steps):
    d = len(x0)
    path, gaps = np.empty((steps + 1, d)), np.empty(steps)
    path[0] = x0
    for t in range(steps):
        g = grad(path[t].copy())
        i = max(range(d), key=lambda k: abs(g[k]))
        gaps[t] = sum(g[k] * path[t, k] for k in range(d)) + radius * abs(g[i])
        path[t + 1] = path[t] * t / (t + 2)
        path[t + 1, i] += (-radius if g[i] > 0 else radius) * 2 / (t + 2)
    return path, gaps


def _walled(rng):
    yield dict(grad=quadratic(np.eye(2), np.array([3.0, -1.5])), x0=np.array([0.5, 0.5]), radius=2.0, steps=3)
    yield dict(grad=quadratic(np.eye(2), np.array([-1.5, 3.0])), x0=np.array([1.0, 0.0]), radius=2.0, steps=4)
    for d in (2, 4, 6):
        x0 = rng.normal(size=d)
        radius = float(rng.uniform(1.5, 4))
        yield dict(grad=quadratic(curved(rng, d), 20 * rng.normal(size=d)), x0=0.5 * radius * x0 / np.abs(x0).sum(),
                   radius=radius, steps=int(rng.integers(5, 15)))  # fmt: skip


def _stays_inside(case, run, expected):
    for t, x in enumerate(np.array(run.output[0], dtype=float)):
        if (size := np.abs(x).sum()) > case["radius"] * (1 + 1e-9):
            return f"after {t} steps the sizes of x's entries add up to {size:.4g}. The radius is {case['radius']:.4g}."
        if t and (used := np.count_nonzero(np.abs(x) > 1e-12)) > t:
            return f"after {t} step{'s' * (t > 1)} x has {used} entries that are not zero, more than corners visited."
    first = np.abs(np.array(run.output[0][1], dtype=float)).sum()
    return None if first > 0.999 * case["radius"] else "the first step goes all the way to a corner; yours does not."


FRANK_WOLFE_L1 = Exercise(
    signature="frank_wolfe_l1(grad, x0, radius, steps)",
    returns="(path, gaps)",
    reference=frank_wolfe_l1,
    cases=_walled,
    behaviours=(
        Behaviour("path", 2, "the points, from x0 to the last", view="path"),
        Behaviour("gap", 1, "the gap at each point before its step", view="gaps"),
        Behaviour("inside", 1, "never outside the ball, at a corner after one step, with one more entry at most after "
                  "each", holds=_stays_inside),
        Behaviour("start", 1, "row 0 is x0 and row 1 where one step leads; x0 is left alone", untouched=True,
                  view=lambda run: run.output[0][:2]),
    ),
    mistakes=(goes_to_the_worst_corner, looks_for_the_largest_slope, goes_in_all_coordinates, forgets_the_radius,
              counts_steps_from_one, averages_the_corners, turns_the_gap_round, measures_the_gap_too_late, pulls_back),
    styles=(frank_wolfe_towards, frank_wolfe_in_place),
    withhold=("gdcourse.constrained.frank_wolfe", "gdcourse.constrained.l1_ball"),
)  # fmt: skip

# soft_threshold: what is small becomes zero


def soft_threshold(z, t):
    return np.sign(z) * np.maximum(np.abs(z) - t, 0)


keeps_the_survivors = altered(
    soft_threshold, "keeps_the_survivors", "np.sign(z) * np.maximum(np.abs(z) - t, 0)",
    "np.where(np.abs(z) > t, z, 0.0)",
    "what is larger than t is kept as it is, a hard threshold. The soft one moves it towards zero by t as well.",
    see="eq-con-soft-threshold",
)  # fmt: skip

overshoots_zero = altered(
    soft_threshold, "overshoots_zero", "np.maximum(np.abs(z) - t, 0)", "(np.abs(z) - t)",
    "an entry smaller than t comes out on the other side of zero. It stops at zero.",
    see="eq-con-soft-threshold",
)  # fmt: skip

loses_the_sign = altered(
    soft_threshold, "loses_the_sign", "np.sign(z) * np", "np",
    "the sign is lost: negative entries come back positive.",
    see="eq-con-soft-threshold",
)  # fmt: skip

forgets_the_negative = altered(
    soft_threshold, "forgets_the_negative", "np.sign(z) * np.maximum(np.abs(z) - t, 0)", "np.maximum(z - t, 0)",
    "negative entries all become zero. They move up by t, and stop at zero.",
    see="eq-con-soft-threshold",
)  # fmt: skip

leaves_the_small = altered(
    soft_threshold, "leaves_the_small", "np.sign(z) * np.maximum(np.abs(z) - t, 0)",
    "np.where(np.abs(z) > t, z - t * np.sign(z), z)",
    "entries smaller than t are left as they are. Those are the ones that become exactly zero.",
    see="eq-con-soft-threshold",
)  # fmt: skip

scales_down = altered(
    soft_threshold, "scales_down", "np.sign(z) * np.maximum(np.abs(z) - t, 0)", "z / (1 + t)",
    "every entry is divided by 1 + t. That is what a squared penalty asks for, and it makes nothing zero.",
    see="eq-con-soft-threshold",
)  # fmt: skip


takes_half_the_threshold = altered(
    soft_threshold, "takes_half_the_threshold", "np.abs(z) - t", "np.abs(z) - t / 2",
    "the threshold is halved. That belongs to a squared distance without its 1/2; here t is taken off as it is.",
    see="eq-con-soft-threshold",
)  # fmt: skip


def soft_by_cases(z, t):
    return [zi - t if zi > t else zi + t if zi < -t else 0.0 for zi in z]


def soft_by_clipping(z, t):
    return z - np.clip(z, -t, t)


def _apart(rng):
    yield dict(z=np.array([3.0, -2.0]), t=0.5)
    for d in (1, 3, 5):
        t = float(rng.uniform(0.1, 1))
        yield dict(z=rng.choice([-1, 1], size=d) * rng.uniform(1.1, 4, size=d) * t, t=t)


@again(8)
def _near_zero(rng):
    yield dict(z=np.array([0.3, -0.2, -3.0]), t=0.5)
    yield dict(z=np.array([0.0, 0.5, -0.5, 1.5]), t=0.5)
    for d in (2, 5):
        z = np.concatenate([rng.uniform(-0.9, 0.9, size=d), [-1.5, 2.0]])
        yield dict(z=z, t=1.0)


SOFT_THRESHOLD = Exercise(
    signature="soft_threshold(z, t)",
    returns="x",
    reference=soft_threshold,
    cases=_apart,
    behaviours=(
        Behaviour("large", 1, "entries larger than t move towards zero by t"),
        Behaviour("small", 1, "the others are exactly zero; z is left alone", cases=_near_zero, atol=0, untouched=True),
    ),
    mistakes=(keeps_the_survivors, overshoots_zero, loses_the_sign, forgets_the_negative, leaves_the_small,
              scales_down, takes_half_the_threshold),
    styles=(soft_by_cases, soft_by_clipping),
    withhold=("gdcourse.constrained.soft_threshold",),
)  # fmt: skip

# ista: a gradient step, then the penalty's


def ista(grad, x0, lr, l1, steps):
    x = np.array(x0, dtype=float)
    for _ in range(steps):
        z = x - lr * grad(x)
        x = np.sign(z) * np.maximum(np.abs(z) - lr * l1, 0)
    return x


thresholds_by_the_penalty = altered(
    ista, "thresholds_by_the_penalty", "lr * l1", "l1",
    "the threshold is l1. A short step may pay only a small part of the penalty: the threshold is lr times l1.",
    see="eq-con-soft-threshold",
)  # fmt: skip

thresholds_hard = altered(
    ista, "thresholds_hard", "np.sign(z) * np.maximum(np.abs(z) - lr * l1, 0)", "np.where(np.abs(z) > lr * l1, z, 0.0)",
    "the threshold is hard: what survives it is not moved. Then the penalty has no say in the large entries.",
    see="eq-con-soft-threshold",
)  # fmt: skip

follows_a_subgradient = altered(
    ista, "follows_a_subgradient",
    "        z = x - lr * grad(x)\n        x = np.sign(z) * np.maximum(np.abs(z) - lr * l1, 0)\n",
    "        x = x - lr * (grad(x) + l1 * np.sign(x))\n",
    "the penalty's slope is added to the gradient. That is a subgradient step: it jumps over the kink and finds no "
    "exact zeros.",
    see="sec-con-kinks",
)  # fmt: skip

thresholds_first = altered(
    ista, "thresholds_first",
    "        z = x - lr * grad(x)\n        x = np.sign(z) * np.maximum(np.abs(z) - lr * l1, 0)\n",
    "        z = np.sign(x) * np.maximum(np.abs(x) - lr * l1, 0)\n        x = z - lr * grad(z)\n",
    "the threshold comes first and the gradient step after it, so that zeros do not stay zero. First the step, then "
    "the threshold.",
    see="eq-con-soft-threshold",
)  # fmt: skip

thresholds_once = altered(
    ista, "thresholds_once",
    "        z = x - lr * grad(x)\n        x = np.sign(z) * np.maximum(np.abs(z) - lr * l1, 0)\n    return x\n",
    "        x = x - lr * grad(x)\n    return np.sign(x) * np.maximum(np.abs(x) - lr * l1, 0)\n",
    "the threshold is applied once, at the end. It is part of every step.",
    see="eq-con-soft-threshold",
)  # fmt: skip

ascends = altered(
    ista, "ascends", "x - lr * grad(x)", "x + lr * grad(x)",
    "the gradient is added, which climbs.",
    see="eq-con-soft-threshold",
)  # fmt: skip


takes_half_the_penalty = altered(
    ista, "takes_half_the_penalty", "- lr * l1, 0", "- lr * l1 / 2, 0",
    "the threshold is lr l1 / 2. That belongs to a loss without its factor 1/2; here the penalty is l1 times the "
    "sizes, and the threshold lr l1.",
    see="eq-con-soft-threshold",
)  # fmt: skip


def ista_by_entries(grad, x0, lr, l1, steps):
    x = [float(xi) for xi in x0]
    for _ in range(steps):
        g = grad(np.array(x))
        for i, gi in enumerate(g):
            moved = x[i] - lr * gi
            x[i] = 0.0 if abs(moved) <= lr * l1 else moved - lr * l1 * (1 if moved > 0 else -1)
    return x


def ista_by_clipping(grad, x0, lr, l1, steps):
    x, bound = x0, lr * l1
    while steps > 0:
        z = x - lr * grad(x)
        x, steps = z - np.minimum(np.maximum(z, -bound), bound), steps - 1
    return x.copy()


def _few_steps(rng):
    yield dict(grad=quadratic(np.eye(1), np.array([-3.0])), x0=np.array([1.0]), lr=0.5, l1=1.0, steps=1)
    bowl = quadratic(np.diag([1.0, 2.0]), np.array([3.0, -4.0]))
    yield dict(grad=bowl, x0=np.array([1.0, -1.0]), lr=0.25, l1=0.5, steps=2)
    for d in (2, 4):
        bowl = quadratic(curved(rng, d), 10 * rng.normal(size=d))
        yield dict(grad=bowl, x0=rng.normal(size=d), lr=0.1, l1=1.0, steps=3)


def _lasso(rng):
    """Problems whose answer has zeros and others, each entry well away from the threshold."""
    bowl = quadratic(np.diag([1.0, 2.0]), np.array([3.0, 0.5]))
    yield dict(grad=bowl, x0=np.array([1.0, 1.0]), lr=0.4, l1=1.0, steps=60)
    bowl = quadratic(np.diag([1.0, 2.0]), np.array([-3.0, 0.5]))
    yield dict(grad=bowl, x0=np.array([1.0, 1.0]), lr=0.4, l1=1.0, steps=60)
    for d in (3, 5):
        curvatures = rng.uniform(1, 2, size=d)
        size = np.where(np.arange(d) % 2, rng.uniform(0.2, 0.8, size=d), rng.uniform(2, 4, size=d))
        b = rng.choice([-1, 1], size=d) * size
        yield dict(grad=quadratic(np.diag(curvatures), b), x0=rng.normal(size=d), lr=0.4, l1=1.0, steps=60)


ISTA = Exercise(
    signature="ista(grad, x0, lr, l1, steps)",
    returns="x",
    reference=ista,
    cases=_few_steps,
    behaviours=(
        Behaviour("steps", 1, "the first few steps; x0 is left alone", untouched=True),
        Behaviour("zeros", 1, "after many, the minimum of the loss and its penalty, with exact zeros", cases=_lasso,
                  rtol=1e-6, atol=0),
    ),
    mistakes=(thresholds_by_the_penalty, thresholds_hard, follows_a_subgradient, thresholds_first, thresholds_once,
              ascends, takes_half_the_penalty),
    styles=(ista_by_entries, ista_by_clipping),
    withhold=("gdcourse.constrained.ista", "gdcourse.constrained.fista", "gdcourse.constrained.soft_threshold"),
)  # fmt: skip

# relu_subgradient: any slope that stays below


def relu_subgradient(z):
    return (z > 0).astype(float)


takes_the_sign = altered(
    relu_subgradient, "takes_the_sign", "(z > 0).astype(float)", "np.sign(z)",
    "the sign of z is returned. Left of zero the unit is flat: its slope there is 0, not -1.",
    see="sec-con-kinks",
)  # fmt: skip

divides_zero_by_zero = altered(
    relu_subgradient, "divides_zero_by_zero", "(z > 0).astype(float)", "np.maximum(z, 0) / z",
    "max(z, 0) is divided by z, which is NaN at zero. There any slope from 0 to 1 will do: choose one.",
    see="sec-con-kinks",
)  # fmt: skip

returns_the_value = altered(
    relu_subgradient, "returns_the_value", "(z > 0).astype(float)", "np.maximum(z, 0)",
    "the unit's value comes back instead of its slope.",
    see="sec-con-kinks",
)  # fmt: skip

turns_it_round = altered(
    relu_subgradient, "turns_it_round", "z > 0", "z < 0",
    "the slope is 1 on the left and 0 on the right, the wrong way round.",
    see="sec-con-kinks",
)  # fmt: skip

leaks = altered(
    relu_subgradient, "leaks", "(z > 0).astype(float)", "np.where(z > 0, 1.0, 0.01)",
    "the slope on the left is 0.01, that of a leaky unit. This one is flat there.",
    see="sec-con-kinks",
)  # fmt: skip


def relu_with_half_at_the_kink(z):
    return np.heaviside(z, 0.5)


def relu_by_entries(z):
    return [1 if zi >= 0 else 0 for zi in z]


@again(10)
def _off_the_kink(rng):
    yield dict(z=np.array([2.0, -0.5]))
    for d in (2, 5):
        yield dict(z=np.concatenate([[-rng.uniform(0.1, 2)], [rng.uniform(0.1, 2)], rng.normal(size=d)]))


def _at_the_kink(rng):
    yield dict(z=np.array([0.0, 2.0, -3.0]))
    yield dict(z=np.array([-1.0, 0.0]))
    for _ in range(4):
        yield dict(z=rng.permutation([0.0, rng.uniform(1.5, 3), -rng.uniform(1.5, 3), -1.0, 2.0, 0.0]))


def _touches_from_below(case, run, expected):
    slopes = np.array(run.output, dtype=float)
    for z, slope in zip(case["z"], slopes):
        if z == 0 and not 0 <= slope <= 1:
            return f"the slope {slope:.4g} at zero makes a line that crosses the graph. From 0 to 1 it stays below."
        if z and slope != (z > 0):
            return f"the slope at {z:.4g} is {slope:.4g}, where the unit's is {int(z > 0)}."
    return None


RELU_SUBGRADIENT = Exercise(
    signature="relu_subgradient(z)",
    returns="slopes",
    reference=relu_subgradient,
    cases=_off_the_kink,
    behaviours=(
        Behaviour("slope", 0.5, "1 to the right of zero, 0 to the left"),
        Behaviour("kink", 0.5, "at zero itself a slope that some line touching from below has; z is left alone",
                  cases=_at_the_kink, holds=_touches_from_below, untouched=True),
    ),
    mistakes=(takes_the_sign, divides_zero_by_zero, returns_the_value, turns_it_round, leaks),
    styles=(relu_with_half_at_the_kink, relu_by_entries),
)  # fmt: skip

# maxpool_subgradient: one winner


def maxpool_subgradient(dy, X):
    dX = np.zeros(X.shape)
    dX[np.arange(len(X)), np.argmax(X, axis=1)] = dy
    return dX


pays_every_winner = altered(
    maxpool_subgradient, "pays_every_winner",
    "    dX = np.zeros(X.shape)\n    dX[np.arange(len(X)), np.argmax(X, axis=1)] = dy\n    return dX",
    "    return (X == X.max(axis=1, keepdims=True)) * dy[:, None]",
    "each of several equal maxima gets the whole slope, which counts it twice. A row passes on what it was given, "
    "once: to one of them, or shared.",
    see="sec-con-kinks",
)  # fmt: skip

pays_everyone = altered(
    maxpool_subgradient, "pays_everyone",
    "    dX = np.zeros(X.shape)\n    dX[np.arange(len(X)), np.argmax(X, axis=1)] = dy\n    return dX",
    "    return np.repeat(dy[:, None], X.shape[1], axis=1) / X.shape[1]",
    "the slope is shared among all entries, which is what a mean would do. Entries below the maximum have no "
    "influence on it.",
    see="sec-con-kinks",
)  # fmt: skip

forgets_what_arrives = altered(
    maxpool_subgradient, "forgets_what_arrives", "= dy", "= 1.0",
    "dy is left out: the winner gets 1. It gets the slope that arrives from above.",
    see="eq-back-local-rules",
)  # fmt: skip

passes_the_maximum = altered(
    maxpool_subgradient, "passes_the_maximum", "= dy", "= dy * X.max(axis=1)",
    "dy is multiplied by the maximum itself. The maximum's slope with respect to its winner is 1.",
    see="eq-back-local-rules",
)  # fmt: skip

picks_the_smallest = altered(
    maxpool_subgradient, "picks_the_smallest", "np.argmax(X, axis=1)", "np.argmin(X, axis=1)",
    "the smallest entry of each row gets the slope.",
    see="sec-con-kinks",
)  # fmt: skip


def maxpool_shared(dy, X):
    winners = X == X.max(axis=1, keepdims=True)
    return winners * (dy / winners.sum(axis=1))[:, None]


def maxpool_by_rows(dy, X):
    rows = []
    for slope, row in zip(dy, X.tolist()):
        last = len(row) - 1 - row[::-1].index(max(row))
        rows.append([slope if j == last else 0.0 for j in range(len(row))])
    return rows


def _pools(rng):
    yield dict(dy=np.array([0.5]), X=np.array([[1.0, 3.0]]))
    yield dict(dy=np.array([0.5, -1.0]), X=np.array([[1.0, 3.0, 2.0], [0.5, 0.0, -1.0]]))
    for n, k in ((3, 2), (2, 4)):
        yield dict(dy=rng.normal(size=n), X=rng.normal(size=(n, k)))


def _ties(rng):
    yield dict(dy=np.array([0.5]), X=np.array([[3.0, 3.0]]))
    yield dict(dy=np.array([0.5, 1.5]), X=np.array([[0.0, 0.0, -1.0], [2.0, 1.0, 0.0]]))
    for _ in range(2):
        X = rng.normal(size=(3, 4))
        X[range(3), range(3)] = X[:, 3] = X.max(axis=1) + 1
        yield dict(dy=rng.normal(size=3), X=X)


def _passes_on_once(case, run, expected):
    for slope, row, given in zip(case["dy"], case["X"], np.array(run.output, dtype=float)):
        winners = row == row.max()
        if np.any(given[~winners]):
            return "an entry below the maximum of its row gets something."
        if not np.isclose(given.sum(), slope, rtol=1e-9):
            return f"a row that was given {slope:.4g} passes on {given.sum():.4g} in all."
        if np.any(given[winners] * slope < 0):
            return "a winner gets a slope of the wrong sign."
    return None


MAXPOOL_SUBGRADIENT = Exercise(
    signature="maxpool_subgradient(dy, X)",
    returns="dX",
    reference=maxpool_subgradient,
    cases=_pools,
    behaviours=(
        Behaviour("routes", 0.5, "each row's slope goes to its largest entry"),
        Behaviour("ties", 0.5, "where several are largest, it is passed on once; dy and X are left alone", cases=_ties,
                  holds=_passes_on_once, untouched=True),
    ),
    mistakes=(pays_every_winner, pays_everyone, forgets_what_arrives, passes_the_maximum, picks_the_smallest),
    styles=(maxpool_shared, maxpool_by_rows),
)  # fmt: skip

ASSIGNMENT = Assignment(
    "ps06",
    "Curvature, constraints and kinks",
    ("curvature", "constraints"),
    (HESSIAN_VECTOR_PRODUCT, NEWTON_STEP, FISHER_GAUSSIAN, NATURAL_STEP, FRANK_WOLFE_L1, SOFT_THRESHOLD, ISTA,
     RELU_SUBGRADIENT, MAXPOOL_SUBGRADIENT),
)  # fmt: skip
