"""The questions of the chapters: enough of them, spread out, told apart, and their numbers found in a second way."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from gdcourse.autodiff import Value
from gdcourse.constrained import soft_threshold
from gdcourse.descent import descend
from gdcourse.losses import binary_cross_entropy
from gdcourse.optimizers import momentum
from gdcourse.problems import line_fit, quadratic
from gdcourse.schedules import cosine
from gdcourse.widgets.review import questions
from tests.test_chapters import CHAPTERS, NUMBERED

ASKED = questions(CHAPTERS)
each_chapter = pytest.mark.parametrize("page", NUMBERED, ids=lambda page: page.name)
each_question = pytest.mark.parametrize(
    "asked", ASKED, ids=[f"{a.page.name}-{a.question.content['key']}" for a in ASKED]
)


def draws(beginning):
    """Return the drawn numbers and the right one of each draw of the question that begins so."""
    (question,) = [asked.question for asked in ASKED if asked.question.describe().startswith(beginning)]
    assert len(question.drawn) == len(question.variants) > 1
    return [(drawn, variant["numbers"][0]) for drawn, variant in zip(question.drawn, question.variants)]


@each_chapter
def test_a_chapter_asks_on_the_way_and_draws_anew(page):
    own = [asked for asked in ASKED if asked.page.name == page.name]
    places = [page.text.index(f"({asked.label})=\n") / len(page.text) for asked in own]
    assert len(own) >= 3 and len({asked.label for asked in own}) == len(own)
    assert sum(place < 0.75 for place in places) >= 2 and min(places) < 0.5
    assert any(len(asked.question.variants) >= 5 for asked in own)


def test_no_two_questions_have_one_name():
    keys = [asked.question.content["key"] for asked in ASKED]
    assert len({*keys}) == len(keys) >= 48


def typed(number):
    """Return what somebody types who has computed a number: three digits of it, or all of a whole one."""
    return f"{number:.0f}" if number == round(number) else f"{number:.3g}"


@each_question
def test_every_answer_is_taken_for_what_it_is_in_every_draw(asked):
    for which, variant in enumerate(asked.question.variants):
        assert all(sentence and "{" not in sentence for sentence in variant["says"])
        answers = variant["labels"] if "labels" in variant else map(typed, variant["numbers"])
        for k, answer in enumerate(answers):
            assert asked.question.judge(answer, which) == k, (variant["prompt"], answer)


@each_question
def test_the_place_of_the_right_choice_says_nothing(asked):
    shown = sorted(asked.question.content.get("labels", ["", ""]))
    assert len(shown) >= 2
    assert len({label[0].isupper() for label in shown if label[:1].isalpha()}) <= 1  # nor does a capital


def near(found, right):
    return found == pytest.approx(right, rel=1e-6, abs=1e-9)


def test_slope_of_the_squared_error():
    for drawn, right in draws("Two points"):
        problem = line_fit(np.array([1.0, 2.0]), np.array([drawn["y1"], drawn["y2"]], dtype=float))
        assert near(problem.gradient(np.zeros(2))[0], right)


def test_slope_in_a_direction():
    for drawn, right in draws("The gradient is"):

        def plane(t, drawn=drawn):
            return drawn["a"] * t * 0.6 + drawn["b"] * t * 0.8

        assert near((plane(1e-3) - plane(-1e-3)) / 2e-3, right)


def test_waits():
    for drawn, right in draws("Five waits"):
        waits = np.array([*drawn.values()], dtype=float)
        grid = np.linspace(0, 30, 3001)
        cost = [np.where(waits > c, 3 * (waits - c), c - waits).sum() for c in grid]
        assert near(grid[np.argmin(cost)], right) and np.sum(np.isclose(cost, min(cost))) == 1


def test_pull_of_huber():
    def slope(miss, h=1e-6):
        def loss(r):
            return r * r / 2 if r <= 1 else r - 0.5

        return (loss(miss + h) - loss(miss - h)) / (2 * h)

    for drawn, right in draws("Under Huber's loss of width 1, how many"):
        assert slope(drawn["far"]) / slope(drawn["near"]) == pytest.approx(right, rel=1e-6)


def test_pull_through_a_sigmoid():
    for drawn, right in draws("A sigmoid unit says"):
        z, h = np.log(drawn["p"] / (1 - drawn["p"])), 1e-5
        cost = [1 / (1 + np.exp(-at)) ** 2 for at in (z - h, z + h)]
        assert (cost[1] - cost[0]) / (2 * h) == pytest.approx(right, rel=1e-6)
        _, pull = binary_cross_entropy(np.array([z]), np.zeros(1))
        assert pull.item() == pytest.approx(drawn["p"])  # the first of the wrong rules, and what it is said to be


def test_error_after_some_steps():
    for drawn, right in draws("The curvature is"):
        run = descend(quadratic([[float(drawn["bend"])]]), lr=drawn["rate"], steps=drawn["n"], start=[1.0])
        assert near(run.final[0], right)


def test_best_rate():
    for drawn, right in draws("The curvatures lie"):
        grid = np.linspace(0, 2 / drawn["high"], 200_001)
        factor = np.maximum(abs(1 - grid * drawn["low"]), abs(1 - grid * drawn["high"]))
        assert grid[np.argmin(factor)] == pytest.approx(right, rel=1e-4)


def test_batch_for_an_error():
    for drawn, right in draws("The typical error"):
        assert near((1 / drawn["B"]) ** 0.5 / (1 / right) ** 0.5, drawn["k"])


def test_two_workers():
    for drawn, right in draws("One worker"):
        each = [drawn["g1"]] * drawn["n1"] + [drawn["g2"]] * drawn["n2"]
        assert near(np.mean(each), right)


def test_cosine():
    for drawn, right in draws("A cosine schedule"):
        assert near(cosine(drawn["top"], drawn["T"])(drawn["t"]), right)


def test_terminal_speed():
    for drawn, right in draws("The gradient stays"):
        method = momentum(drawn["beta"])
        state = method.init(np.zeros(1))
        for _ in range(3000):
            update, state = method.step(np.array([float(drawn["g"])]), state, drawn["rate"])
        assert near(abs(update[0]), right)


def test_factor_of_heavy_ball():
    for drawn, right in draws("The condition number"):
        L, mu = float(drawn["kappa"]), 1.0
        rate, beta = (2 / (L**0.5 + mu**0.5)) ** 2, ((L**0.5 - 1) / (L**0.5 + 1)) ** 2
        for bend in (mu, L, (L + mu) / 2):
            roots = np.roots([1, -(1 + beta - rate * bend), beta])
            assert max(abs(roots)) == pytest.approx(right, rel=1e-6)


def test_first_step_of_adam_without_correction():
    for drawn, right in draws("Adam has memories"):
        for g in (5.0, -0.03):
            m, v = drawn["b1"] * 0 + (1 - drawn["b1"]) * g, drawn["b2"] * 0 + (1 - drawn["b2"]) * g * g
            assert abs(m) / v**0.5 == pytest.approx(right, rel=1e-6)


def test_newton_on_a_fourth_power():
    for drawn, right in draws("The loss is x^4"):
        x, h = drawn["x"], 1e-3
        slope, bend = ((x + h) ** 4 - (x - h) ** 4) / (2 * h), ((x + h) ** 4 - 2 * x**4 + (x - h) ** 4) / h**2
        assert x - slope / bend == pytest.approx(right, rel=1e-4)


def test_projection_on_a_disc():
    angles = np.linspace(0, np.pi / 2, 100_001)
    for drawn, right in draws("A step leads"):
        edge = drawn["r"] * np.array([np.cos(angles), np.sin(angles)])
        nearest = np.argmin(np.hypot(edge[0] - drawn["a"], edge[1] - drawn["b"]))
        assert edge[0, nearest] == pytest.approx(right, rel=1e-4)


def test_proximal_step():
    for drawn, right in draws("The gradient step of a lasso"):
        grid = np.linspace(-4, 4, 80_001)
        cost = (grid - drawn["z"]) ** 2 / 2 + drawn["rate"] * drawn["alpha"] * abs(grid)
        assert grid[np.argmin(cost)] == pytest.approx(right, abs=1e-4)
        assert near(soft_threshold(np.array([float(drawn["z"])]), drawn["rate"] * drawn["alpha"])[0], right)


def test_slope_through_a_product():
    for drawn, right in draws("J = (w x + b)^2"):
        w, x, b = (Value(float(drawn[name])) for name in "wxb")
        result = (w * x + b) ** 2
        result.backward()
        assert near(w.grad, right)


def test_scale_under_relu():
    rng = np.random.default_rng(0)
    for drawn, right in draws("A rectified layer"):
        n = drawn["n"]
        z = rng.normal(size=(2000, n))
        out = np.maximum(z, 0) @ rng.normal(scale=right, size=(n, 400))
        assert np.mean(out**2) == pytest.approx(1, rel=0.15)  # a factor of 2 is what is looked for


def test_clipped_length():
    for drawn, right in draws("The gradients of two layers"):
        whole = np.array([drawn["a"], 0.0, drawn["b"]])
        clipped = whole * min(1, drawn["c"] / np.linalg.norm(whole))
        assert near(abs(clipped[0]), right) and near(np.linalg.norm(clipped), drawn["c"])


def test_share_of_saddles():
    for drawn, right in draws("If the signs"):
        tosses = [*itertools.product((-1, 1), repeat=drawn["d"])]
        assert Fraction(sum(len({*toss}) == 2 for toss in tosses), len(tosses)) == Fraction(right)


def test_standard_error():
    for drawn, right in draws("A classifier is right"):
        p, n = drawn["p"] / 100, drawn["n"]
        answers = np.repeat([1.0, 0.0], [round(p * n), n - round(p * n)])
        assert len(answers) == n and near(answers.std() / n**0.5, right)


def test_random_draws():
    for drawn, right in draws("A share of"):
        share, missed = Fraction(drawn["p"]).limit_denominator(100), Fraction(1)
        for _ in range(drawn["n"]):
            missed -= missed * share
        assert near(float(1 - missed), right)


def test_first_loss():
    for drawn, right in draws("A classifier of"):
        P = np.full((6, drawn["k"]), 1 / drawn["k"])
        assert near(-np.log(P[:, 0]).mean(), right)


def test_attention():
    for drawn, right in draws("A question fits"):
        scores = np.array([np.log(drawn["k"]), 0.0])
        weights = np.exp(scores) / np.exp(scores).sum()
        assert near(weights @ [drawn["a"], drawn["b"]], right)


def test_entropy_of_the_rain():
    entropy = -(0.3 * np.log(0.3) + 0.7 * np.log(0.7))
    assert f"{entropy:.3f}" == "0.611"
    grid = np.linspace(0.001, 0.999, 999)
    assert np.min(-0.3 * np.log(grid) - 0.7 * np.log(1 - grid)) == pytest.approx(entropy, abs=1e-9)
