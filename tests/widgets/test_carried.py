"""What the widgets of the later chapters answer and carry, held against something else; and what they refuse."""

import numpy as np
import pytest
from numpy.polynomial.legendre import legvander
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.linear_model import Ridge

from gdcourse import carried, clinic, wide
from gdcourse.widgets import Clinic, Graph, Layers, Saddle, Stopping
from gdcourse.widgets.clinic import ANSWERS, KEYS, SIGNS, curve
from gdcourse.widgets.layers import dots
from gdcourse.widgets.stopping import DATA, LR, TIMES

REFUSED = [
    (Saddle, {"distance": 0.0}, r"distance must be in \[1e-16, 0.1\], got 0.0"),
    (Saddle, {"lr": 0.6}, r"lr must be in \[0.02, 0.5\], got 0.6"),
    (Stopping, {"time": 4}, "time must be one of 1, 2, 3, 5, .*got 4"),
    (Stopping, {"penalty": 11}, r"penalty must be in \[0.0001, 10.0\], got 11"),
    (Graph, {"x": 3.5}, r"x must be in \[-3.0, 3.0\], got 3.5"),
    (Graph, {"twice": "thrice"}, "twice must be one of 'no', 'yes', got 'thrice'"),
    (Graph, {"clicks": "Jq"}, "clicks must be at most 40 letters out of xyzwpmJ, got 'Jq'"),
    (Layers, {"depth": 12}, "depth must be a multiple of 5, got 12"),
    (Layers, {"depth": 55}, r"depth must be in \[5, 50\]"),
    (Layers, {"scale": 0.4}, r"scale must be in \[0.5, 2.0\], got 0.4"),
    (Layers, {"activation": "sigmoid"}, "activation must be one of 'tanh', 'relu', got 'sigmoid'"),
    (Clinic, {"patient": "G"}, "patient must be one of 'A', .*got 'G'"),
    (Clinic, {"guess": "i"}, "guess must be one of 'a', .*got 'i'"),
    (Clinic, {"epochs": 11}, r"epochs must be in \[1, 10\]"),
    (Clinic, {"notes": "A5"}, "notes must be at most 80 pairs .*got 'A5'"),
    (Saddle, {"noise": np.nan}, "noise must be a finite number"),
]


@pytest.mark.parametrize("widget, settings, complaint", REFUSED)
def test_bad_settings_are_named(widget, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        widget(**settings)
    good = {name: getattr(widget(), name) for name in widget.settings()}
    with pytest.raises(ValueError, match=complaint):
        widget().answer(good | settings)


@pytest.mark.parametrize("distance, lr", [(1e-12, 0.1), (1e-16, 0.02), (0.03, 0.5), (1e-12, 0.33)])
def test_a_saddle_is_left_after_the_logarithm_of_the_distance(distance, lr):
    _, (path, _) = Saddle().answer({"distance": distance, "lr": lr, "noise": 0})
    steps = np.ceil(np.log(1 / distance) / np.log1p(lr))
    assert len(path) - 1 == steps
    assert path == pytest.approx(np.outer(np.ones(len(path)), [1, distance]) * np.transpose(
        [(1 - lr) ** np.arange(steps + 1), (1 + lr) ** np.arange(steps + 1)]), rel=1e-10)  # fmt: skip


def share_by_transitions(noise, lr=0.05, steps=3000, cells=700):
    """The share of chains in the deeper well, from the matrix of transitions between small cells of the line."""
    edges = np.linspace(-3.5, 3.5, cells + 1)
    x = (edges[1:] + edges[:-1]) / 2
    mean = x - lr * (x**3 - x - 0.1)
    P = np.diff(norm.cdf((edges - mean[:, None]) / (lr * noise)), axis=1)
    low, top, _ = np.sort(np.roots([1.0, 0.0, -1.0, -0.1]).real)
    start = np.zeros(cells)
    start[np.abs(x - low).argmin()] = 1.0
    return (start @ np.linalg.matrix_power(P, steps))[x > top].sum()


@pytest.mark.thorough
def test_the_shares_in_the_deeper_well_are_those_of_the_chain():
    counts = carried.read("saddle")
    for k in range(6, 41):
        share = share_by_transitions(k / 10)
        error = 4.5 * np.sqrt(share * (1 - share) / carried.CHAINS) + 0.004
        assert counts[k] / carried.CHAINS == pytest.approx(share, abs=error), k
    assert counts[:6] == [0] * 6
    assert np.argmax(counts) == 18


def test_the_file_of_the_saddle_is_what_the_code_measures():
    assert carried.saddle([10, 18]) == pytest.approx([carried.read("saddle")[k] for k in (10, 18)], abs=3)


def points():
    rng = np.random.default_rng(13)
    x = rng.uniform(-1, 1, 20)
    return x, np.sin(3 * x) + rng.normal(scale=0.3, size=20)


@pytest.mark.parametrize("penalty", [0.001, 0.05, 3.0])
def test_the_penalised_fit_is_that_of_scikit_learn(penalty):
    x, y = points()
    # Half the Hessian of the mean squared error is X'X / n, and scikit-learn penalises the sum.
    ridge = Ridge(alpha=penalty * 20 / 2, fit_intercept=False, solver="svd").fit(legvander(x, 15), y)
    _, (_, _, _, shrunk, _) = Stopping().answer({"time": 1, "penalty": penalty})
    assert shrunk == pytest.approx(legvander(DATA["grid"], 15) @ ridge.coef_, abs=0.01)


@pytest.mark.parametrize("time", [1, 20, 1000])
def test_the_stopped_fit_is_that_of_the_loop(time):
    x, y = points()
    X = legvander(x, 15)
    theta = np.zeros(16)
    for _ in range(time):
        theta = theta - LR * 2 / 20 * X.T @ (X @ theta - y)
    _, (_, _, early, _, _) = Stopping().answer({"time": time, "penalty": 1.0})
    assert early == pytest.approx(legvander(DATA["grid"], 15) @ theta, abs=0.01)


def test_the_two_fits_agree_at_the_best_penalty_and_only_near_it():
    gaps = {penalty: Stopping().answer({"time": 20, "penalty": penalty})[1][-1][0] for penalty in (0.005, 0.05, 0.5)}
    assert gaps[0.05] < 0.06 < 0.15 < min(gaps[0.005], gaps[0.5])
    assert Stopping().answer({"time": 1000, "penalty": 0.002})[1][-1][1] > 0.5  # too long: far from the sine
    assert TIMES[-1] == 10_000


@pytest.mark.parametrize("twice", ["no", "yes"])
def test_the_slopes_of_the_graph_are_those_of_a_nudge(twice):
    rng = np.random.default_rng(0)
    for x, y, z in rng.integers(-6, 7, size=(30, 3)) / 2:
        if x * y == z:
            continue  # no slope at the crease

        def J(x, y, z, w):
            return max(x * y, z) + (x if twice == "yes" else w)

        h, at = 1e-6, np.array([x, y, z, x])
        nudged = [(J(*(at + h * e)) - J(*(at - h * e))) / (2 * h) for e in np.eye(4)]
        settings = {"x": x, "y": y, "z": z, "twice": twice, "clicks": ""}
        _, (values, slopes, _) = Graph().answer(settings)
        assert values[-1] == J(x, y, z, x)
        inputs = 3 if twice == "yes" else 4
        assert slopes[:inputs] == pytest.approx(nudged[:inputs], abs=1e-8)


def test_only_the_order_from_the_result_back_pays_without_a_wrong_click():
    def wrong(clicks, twice):
        status, (_, _, (*_, count)) = Graph().answer(
            {"x": 1, "y": 1, "z": 0, "twice": twice, "clicks": "".join(clicks)}
        )
        return count, status

    assert wrong("Jmpxyz", "yes") == wrong("Jmzpyx", "yes") == (0, "paid")
    assert wrong("Jxmpyz", "yes") == (1, "open")  # x still waits for p
    assert wrong("Jxmpyz", "no")[0] == 1 and wrong("Jwmpxyz", "no") == (0, "paid")
    assert wrong("pJmJpxyz", "yes") == (1, "paid")


@pytest.mark.browser
def test_nodes_are_paid_by_mouse_and_by_keyboard(visit, pages):
    page = visit(f"{pages['graph']}#widget=graph&twice=yes")
    page.wait_for_selector("[data-mounted]")

    def node(name):
        return page.locator(f'.gdw-node[aria-label^="{name}"]')

    node("p").click()
    assert "Not p yet: m will pay it, and has not been paid. So far 1 wrong click." in page.inner_text(".gdw-sentence")
    page.get_by_role("button", name="Reset").click()
    page.select_option("[name=twice]", "yes")
    assert "Nobody has been paid yet" in page.inner_text(".gdw-sentence")
    node("J").click()
    for name, key in zip("mpxyz", ("Enter", " ", "Enter", " ", "Enter")):
        node(name).focus()
        page.keyboard.press(key)
        assert "slope" in node(name).get_attribute("aria-label")
    assert page.inner_text(".gdw-sentence").endswith("All 6 are paid with no wrong click.")
    assert page.inner_text(".gdw-target") == "Target met: 6 nodes paid without a wrong click."
    assert node("w").is_hidden()


def gaussian_mean(f, s):
    return quad(lambda z: f(np.sqrt(s) * z) * norm.pdf(z), -10, 10, limit=400)[0]


@pytest.mark.parametrize("s", [1e-6, 0.03, 0.5, 1.0, 4.0, 60.0, 1e4])
def test_the_table_of_tanh_is_its_integrals(s):
    squares, slopes, _ = wide.moments("tanh", s)
    assert squares == pytest.approx(gaussian_mean(lambda h: np.tanh(h) ** 2, s), rel=2e-3)
    assert slopes == pytest.approx(gaussian_mean(lambda h: (1 - np.tanh(h) ** 2) ** 2, s), rel=0.02 if s > 50 else 2e-3)


def test_wide_layers_do_what_is_known_of_them():
    def factor(**options):
        """What a layer does to the gradient's mean square, far from the ends."""
        _, backward = wide.through_layers(50, **options)
        return backward[20] / backward[21]

    assert factor(activation="relu", scale=2**0.5) == pytest.approx(1)
    assert factor(activation="relu", scale=2**0.5, skip=True) == pytest.approx(2)
    assert factor(activation="relu", scale=1.0, norm=True) == pytest.approx(np.pi / (np.pi - 1))
    assert factor(activation="tanh", scale=0.5) == pytest.approx(0.25, rel=1e-3)
    forward, _ = wide.through_layers(50, "relu", 2**0.5, skip=True, norm=True)
    assert np.diff(forward) == pytest.approx(1)
    with pytest.raises(ValueError, match="activation must be one of"):
        wide.through_layers(5, "swish", 1.0)


@pytest.mark.parametrize("scale", [0.8, 1.5])
def test_the_dots_are_where_plain_matrices_put_them(scale):
    rng = np.random.default_rng(7)
    width, depth = 300, 20
    weights = [rng.normal(scale=scale / width**0.5, size=(width, width)) for _ in range(depth)]
    h = [rng.normal(size=(200, width))]
    for W in weights:
        h.append(np.tanh(h[-1]) @ W)
    g = [rng.normal(size=(200, width))]
    for W, before in zip(weights[::-1], h[-2::-1]):
        g.append((g[-1] @ W.T) * (1 - np.tanh(before) ** 2))
    forward, backward = dots(depth, "tanh", scale, "no", "no")
    assert forward == pytest.approx(np.log10([one.std() for one in h[::5]]), abs=0.1)
    assert backward == pytest.approx(np.log10([one.std() for one in g[::-5]]), abs=0.1)


def test_the_file_of_the_layers_is_what_the_code_measures():
    measured, read = carried.layers([9]), carried.read("layers")
    assert measured.keys() == read.keys()
    for name, letters in measured.items():
        steps = [[carried.ALPHABET.index(one) for one in text] for text in (letters, read[name][22 * 9 : 22 * 10])]
        assert np.abs(np.subtract(*steps)).max() <= 1, name


def test_the_gradients_stay_level_near_the_critical_scale_alone():
    ask = {"depth": 30, "skip": "no", "norm": "no"}

    def ratio(activation, scale, **extra):
        return Layers().answer(ask | {"activation": activation, "scale": scale} | extra)[1][1][1] ** 0.5

    assert 0.5 < ratio("tanh", 1.1) < ratio("tanh", 1.2) < 2 and 0.5 < ratio("relu", 1.4) < 2
    assert ratio("tanh", 1.0) < 0.5 and ratio("tanh", 1.4) > 2 and ratio("relu", 1.3) < 0.5 < 2 < ratio("relu", 1.5)
    assert ratio("relu", 1.4, norm="yes") > 50  # batch norm alone explodes
    assert ratio("relu", 1.4, norm="yes", skip="yes") < 10


def test_the_clinic_knows_the_sicknesses_and_counts_what_was_spent():
    assert sorted(SIGNS) == list(SIGNS) == sorted(clinic.SICKNESSES)
    assert [KEYS[ANSWERS[letter]] for letter in "ABCDEF"] == list(carried.PATIENTS.values())

    def count(notes):
        return Clinic().answer({"patient": "A", "epochs": 1, "guess": "a", "notes": notes})

    right = "".join(letter + key for letter, key in ANSWERS.items())
    assert count(right) == ("done", [[6.0, 0.0, 0.0]])
    assert count("A1A1B1" + right) == ("done", [[6.0, 2.0, 0.0]])
    assert count("AaAb" + right) == ("done", [[6.0, 0.0, 2.0]])
    assert count(right + "Aa") == ("done", [[6.0, 0.0, 0.0]])  # what is right stays right
    assert count("Ba") == ("open", [[1.0, 0.0, 0.0]])


def test_each_patient_shows_the_sign_of_its_sickness():
    runs = carried.read("clinic")
    of = {name: runs[letter] for letter, name in carried.PATIENTS.items()}
    ends = {name: {key: curve(run[key])[-1] for key in ("loss", "few")} for name, run in of.items()}
    assert of["zero weights"]["first"] == 2.303 and ends["zero weights"]["loss"] == pytest.approx(np.log(10), rel=0.03)
    assert ends["labels shuffled"]["few"] < 0.05 and ends["labels shuffled"]["loss"] > 2
    assert ends["rate too small"]["few"] > 2 and ends["rate too small"]["loss"] > 2
    forgotten = of["activation's slope forgotten"]
    assert forgotten["check"] > 0.1 and ends["activation's slope forgotten"]["loss"] < 0.3
    assert all(run["check"] < 1e-4 for run in runs.values() if run is not forgotten)
    assert curve(of["rate too large"]["loss"]).max() > 6 and ends["rate too large"]["loss"] > 2
    loss = np.log(curve(of["examples in order"]["loss"])).reshape(10, 11)
    pattern = np.corrcoef(loss[5:] - np.linspace(loss[5:].mean(axis=1)[0], loss[5:].mean(axis=1)[-1], 5)[:, None])
    assert pattern[np.triu_indices(5, 1)].mean() > 0.5


def test_the_file_of_the_clinic_is_what_the_code_measures():
    (letter,) = [one for one, name in carried.PATIENTS.items() if name == "labels shuffled"]
    measured, read = carried.clinic(letter)[letter], carried.read("clinic")[letter]
    for key in ("loss", "norm", "few"):
        assert curve(measured[key]) == pytest.approx(curve(read[key]), rel=0.05)
    assert measured["first"] == pytest.approx(read["first"], rel=1e-3)


@pytest.mark.browser
def test_a_visit_to_the_clinic_by_mouse_and_by_keyboard(visit, pages):
    page = visit(pages["clinic"])
    page.wait_for_selector("[data-mounted]")

    def button(name):
        return page.get_by_role("button", name=name)

    assert page.locator("[name=guess]").input_value() == "" and button("Diagnose").is_disabled()
    shown = page.inner_text(".gdw-sentence") + page.locator(".gdw-panels").inner_html()
    assert [name for name in SIGNS if name in shown] == []
    button("Twenty examples").click()
    assert "On twenty examples alone the loss ends at" in page.inner_text(".gdw-sentence")
    page.select_option("[name=guess]", label="activation's slope forgotten")
    button("Diagnose").press("Enter")
    assert "Not activation's slope forgotten." in page.inner_text(".gdw-sentence")
    page.select_option("[name=guess]", label="rate too small")
    button("Diagnose").press("Space")
    assert "Yes, rate too small: all falls, but hardly" in page.inner_text(".gdw-sentence")
    assert page.inner_text(".gdw-target").endswith("So far: 1 right, 1 test, 1 wrong.")
    for letter, name in list(carried.PATIENTS.items())[1:]:
        page.select_option("[name=patient]", letter)
        assert button("Diagnose").is_disabled()  # a guess is of one patient
        page.select_option("[name=guess]", label=name)
        button("Diagnose").click()
    assert page.inner_text(".gdw-target") == "Target met: six right for 2 tests and wrong answers together."
    button("Reset").click()
    assert "gdw-met" in page.get_attribute(".gdw-target", "class")
