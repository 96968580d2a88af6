"""The engine on exercises made up for the purpose: what it sees, what it says, and what it does not say."""

import inspect
import time
from dataclasses import replace

import numpy as np
import pytest

from gdcourse import checks
from gdcourse.checks import verdicts
from gdcourse.checks.exercise import Behaviour, Exercise, Oracle, Rng, altered, mistake
from gdcourse.checks.judging import answers, judge
from gdcourse.checks.reporting import NotYet, message, report
from gdcourse.checks.running import observe
from gdcourse.checks.values import Opaque, conform, first_difference, same, show, snapshot

# One small exercise to be wrong about


def double(x):
    return 2 * x


@mistake("x is squared.", see="eq-gd-step")
def squares(x):
    return x * x


@mistake("x comes back as it was.", see="eq-gd-step")
def keeps(x):
    return x


def _numbers(rng):
    yield dict(x=1.0)
    yield dict(x=3.5)
    for _ in range(4):
        yield dict(x=float(rng.uniform(-3, 3)))


DOUBLE = Exercise("double(x)", "y", double, (Behaviour("value", 2, "twice x"),), (squares, keeps), (), cases=_numbers)


def said(solution, exercise=DOUBLE, seed=0):
    return " ".join(report(exercise, verdicts(exercise, solution, seed)).split())


def test_a_right_solution_is_told_so():
    assert said(lambda x: x + x) == "double 2 of 2 points ok twice x"


def test_a_known_mistake_is_named_with_its_equation():
    text = said(lambda x: x**2)
    assert "yours is what comes out when x is squared. Equation (5.1)." in text
    assert "smallest case: x = 1.0 yours 1.0 expected 2.0" in text


def test_an_unknown_one_shows_the_smallest_case_and_what_is_the_same_about_all():
    text = said(lambda x: 4 * x)
    assert "yours is 2 times too large throughout. smallest case: x = 1.0 yours 4.0 expected 2.0" in text
    assert "the sign is the wrong way round throughout." in said(lambda x: -2 * x)
    assert "not right yet. smallest case: x = 1.0 yours 3.0" in said(lambda x: 2 * x + 1)


def prints(x):
    print(2 * x)


def raises(x):
    return undefined_name  # noqa: F821


def unwritten(x):
    raise NotImplementedError


def leaves(x):
    raise SystemExit


def forever(x):
    while True:
        pass


def stubborn(x):
    while True:
        try:
            x += 1 / 0
        except:  # noqa: E722  students do
            pass


@pytest.mark.parametrize(
    ("solution", "sentence"),
    [
        (prints, "prints its answer and returns nothing. Replace print(...) by return y."),
        (lambda x: None, "returns nothing (None). It should end with: return y."),
        (raises, "stops with NameError: name 'undefined_name' is not defined at the line: return undefined_name"),
        (unwritten, "not written yet."),
        (leaves, "leaves Python by exit() instead of returning."),
        (lambda a, b: 1, "takes the arguments (a, b), and is called as double(x)."),
        (lambda x: np.array([2 * x]), "returns an array of shape (1,) where a number is expected."),
        (lambda x: str(2 * x), "returns a text where a number is expected."),
        (lambda x: (2 * x, 1), "returns a tuple of 2 where a number is expected."),
        (lambda x: (i for i in [x]), "returns a generator where a number is expected."),
        (lambda x: {"y": 2 * x}, "returns a dictionary with 'y' where a number is expected."),
        (lambda x: 2j * x, "returns a complex number where a number is expected."),
        (lambda x: float("nan"), "it holds NaN, which is not a number."),
        (lambda x: [2 * x] * 500, "returns a list of 500 where a number is expected."),
    ],
)
def test_each_mishap_has_a_plain_sentence(solution, sentence):
    text = said(solution)
    assert sentence in text and text.startswith("double 0 of 2 points no")


@pytest.mark.parametrize("solution", [forever, stubborn])
def test_a_loop_without_end_is_stopped(solution):
    exercise = Exercise("double(x)", "y", double, DOUBLE.behaviours, (), (), cases=_numbers, seconds=0.2)
    assert "had not come to an end when its time was up" in said(solution, exercise)


def test_a_reference_that_does_not_end_is_our_fault_and_not_the_students():
    exercise = Exercise("double(x)", "y", forever, DOUBLE.behaviours, (), (), cases=_numbers, seconds=0.01)
    with pytest.raises(RuntimeError, match="the reference of double did not come to an end on 'value', seed 0"):
        verdicts(exercise, double, 0)


def test_what_is_right_before_the_loop_is_kept_apart():
    runs = observe(lambda x: x if x < 3 else forever(x), [dict(x=1), dict(x=5), dict(x=1)], seconds=0.2)
    assert runs[0].output == 1 and [run.problem.kind for run in runs[1:]] == ["time", "time"]


def test_an_interrupt_by_the_student_gets_through():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observe(interrupted, [dict(x=1)])


def test_nothing_reaches_stderr_or_stdout(capfd):
    def noisy(x):
        import sys
        import warnings

        print("hello")
        sys.stderr.write("careful")
        warnings.warn("deprecated", stacklevel=1)
        return np.float64(1) / 0 * 0 + 2 * x if x > 1e9 else np.array([1.0]) @ np.array([2 * x]) + 0 * np.log(0.0 + 1)

    assert said(noisy).startswith("double 2 of 2")
    assert capfd.readouterr() == ("", "")


def test_a_flood_of_printing_is_cut():
    def floods(x):
        for _ in range(100_000):
            print("flood " * 10)

    (run,) = observe(floods, [dict(x=1)], seconds=20)
    assert run.problem is None and 0 < len(run.printed) <= 2000


# Ambiguity


def test_two_mistakes_that_look_the_same_are_not_told_apart():
    @mistake("one reason.", see="eq-gd-step")
    def one(x):
        return x + 1

    @mistake("another reason.", see="eq-gd-step")
    def other(x):
        return 1 + x

    exercise = Exercise("double(x)", "y", double, DOUBLE.behaviours, (one, other), (), cases=_numbers)
    text = said(lambda x: x + 1, exercise)
    assert "reason" not in text and "smallest case: x = 3.5 yours 4.5 expected 7.0" in text


def _words(rng):
    yield dict(x=1)
    yield dict(x=-1)
    yield dict(x=0)


def sign(x):
    return "up" if x > 0 else "down" if x < 0 else "flat"


@mistake("zero is forgotten.", see="eq-gd-step")
def forgets_zero(x):
    return "up" if x > 0 else "down"


def test_a_word_in_common_accuses_nobody():
    """Always answering "down" agrees with the mistake where that differs from the reference, but not elsewhere."""
    behaviours = (Behaviour("signs", 1, "the signs", cases=_words), Behaviour("zero", 1, "zero",
                  cases=lambda rng: [dict(x=0)]))
    exercise = Exercise("sign(x)", "word", sign, behaviours, (forgets_zero,), (), cases=_words)
    assert "zero is forgotten" in said(lambda x: "up" if x > 0 else "down", exercise)
    assert "zero is forgotten" not in said(lambda x: "down", exercise)


def split(x):
    return x / 2, x * x


@mistake("the half is a third.", see="eq-gd-step")
def thirds(x):
    return x / 3, x * x


@mistake("the square is a cube.", see="eq-gd-step")
def cubes(x):
    return x / 2, x**3


SPLIT = Exercise("split(x)", "(half, square)", split, (
    Behaviour("half", 1, "half", view="half"), Behaviour("square", 1, "square", view="square")),
    (thirds, cubes), (), cases=_numbers)  # fmt: skip


def test_two_mistakes_at_once_are_both_named():
    text = said(lambda x: (x / 3, x**3), SPLIT)
    assert "no half: yours is 1.5 times too small throughout. That is what comes out when the half is a third." in text
    assert "no square: yours is what comes out when the square is a cube." in text


@mistake("one is forgotten.", see="eq-gd-step")
def forgets_one(x):
    return x / 3, x * x + 0.5


def test_no_mistake_is_named_that_something_speaks_against():
    """A third for the half is what comes out of it, but it would have spoilt the square too, which is right here."""
    exercise = replace(SPLIT, mistakes=(forgets_one, cubes))
    assert "one is forgotten" in said(lambda x: (x / 3, x * x + 0.5), exercise)
    assert "one is forgotten" in said(lambda x: (x / 3, x * x + 0.7), exercise)
    assert "one is forgotten" not in said(lambda x: (x / 3, x * x), exercise)


def pair(x):
    return [x, 1.0] if x > 0 else [x, 0.0]


@mistake("the step is left out.", see="eq-gd-step")
def no_step(x):
    return [x, 0.0]


@mistake("the sign is lost.", see="eq-gd-step")
def no_sign(x):
    return [abs(x), 1.0]


def test_numbers_that_are_right_are_no_evidence():
    """Beyond agreeing throughout, a mistake shows by the numbers it gets wrong: a 0 in place of a 1 is not enough."""
    one = Behaviour("one", 1, "steps up", cases=lambda rng: [dict(x=0.5), dict(x=1.5), dict(x=2.5)])
    down = Behaviour("down", 1, "steps down", cases=lambda rng: [dict(x=-0.5), dict(x=-1.5)])
    exercise = Exercise("pair(x)", "p", pair, (one, down), (no_step, no_sign), (), cases=_numbers)
    assert "the step is left out" in said(lambda x: [x, 0.0], exercise)
    assert "the step is left out" not in said(lambda x: [x, 0.0] if x > 0 else [2 * x, 0.0], exercise)


def test_parts_in_another_order_are_told_so_and_a_trifle_too():
    assert "the parts come in another order: (half, square) is asked for." in said(lambda x: (x * x, x / 2), SPLIT)
    assert "close, but not equal: has a small number been added" in said(lambda x: 2 * x / (1 + 1e-6))
    assert "close" not in said(lambda x: 2.01 * x)


def test_parts_that_come_in_the_right_order_are_not_told_to_change_it():
    """A behaviour may look at something else than what comes back."""
    asked = Behaviour("asked", 1, "asks once", view=lambda run: len(run.calls))

    def _cases(rng):
        for x in (1.0, 3.0, 5.0):
            yield dict(f=Oracle("f", lambda x: x / 2, "f(x) = x / 2"), x=x)

    exercise = Exercise("ask(f, x)", "(half, same)", lambda f, x: (f(x), x), (asked,), (), (), cases=_cases)
    text = said(lambda f, x: (f(x) / 2 + f(x) / 2, x), exercise)
    assert "yours 2 expected 1" in text and "order" not in text



def walk(x, steps, rate=0.5):
    return np.array([[x * rate**k, 1.5 + k] for k in range(steps + 1)])


def _walks(rng):
    yield dict(x=8.5, steps=3)
    yield dict(x=2.25, steps=4, rate=0.25)
    yield dict(x=float(rng.uniform(1, 2)), steps=5, rate=float(rng.uniform(0.1, 0.4)))


WALK = Exercise("walk(x, steps, rate=0.5)", "path", walk, (Behaviour("path", 1, "the path"),), (), (), cases=_walks)
CLUES = (
    ("What came is right; the last one of 4 did not come.", lambda w: w[:-1]),
    ("What came is right; the first 2 of 4 did not come.", lambda w: w[2:]),
    ("The numbers are right: rows and columns are exchanged.", lambda w: w.T),
    ("The numbers are right: there is an axis too many.", lambda w: w[:, :, None]),
    ("each is the one that is expected before it: yours is one behind.", lambda w: np.concatenate([w[:1], w[:-1]])),
    ("each is the one that is expected after it: yours is one ahead.", lambda w: np.concatenate([w[1:], w[-1:]])),
    ("cut off after the point: are floats written into an array of whole numbers?", lambda w: w.astype(int)),
)


@pytest.mark.parametrize(("clue", "spoil"), CLUES)
def test_what_is_the_same_about_wrong_arrays_is_said_and_nothing_else(clue, spoil):
    text = said(lambda x, steps, rate=0.5: spoil(walk(x, steps, rate)), WALK)
    assert clue in text and not any(other in text for other, _ in CLUES if other != clue)
    off = said(lambda x, steps, rate=0.5: spoil(walk(x, steps, rate)) + (x > 8), WALK)  # wrong in itself on one case
    assert not any(other in off for other, _ in CLUES)


def test_a_square_table_that_is_turned_is_told_so():
    def product(x):
        return np.outer([1.5, 2.5], [x, x * x])

    exercise = Exercise("product(x)", "P", product, (Behaviour("P", 1, "a table"),), (), (), cases=_numbers)
    assert "the numbers are right: rows and columns are exchanged." in said(lambda x: product(x).T, exercise)
    assert "exchanged" not in said(lambda x: product(x).T + 0.5, exercise)


def test_an_axis_too_few_is_told_so():
    exercise = Exercise("column(x)", "c", lambda x: np.array([[x], [2 * x]]), (Behaviour("c", 1, "a column"),), (), (),
                        cases=_numbers)  # fmt: skip
    assert "The numbers are right: there is an axis too few." in said(lambda x: np.array([x, 2 * x]), exercise)
    assert "too few" not in said(lambda x: np.array([x, 3 * x]), exercise)


def test_an_argument_that_makes_no_difference_is_named():
    text = said(lambda x, steps, rate=0.5: walk(x, steps), WALK)
    assert "rate makes no difference: yours is what comes out for rate = 0.5, whatever it is." in text
    for function in (lambda x, steps, rate=0.5: walk(x, steps, rate * 0.9), lambda x, steps, rate=0.5: walk(x, 3, 0.5)):
        assert "makes no difference" not in said(function, WALK)


def test_a_behaviour_may_say_what_else_is_seen():
    def _asked(case, run, expected):
        return f"f is asked at {run.calls[0].args[0]:g}." if run.calls[0].args[0] != case["x"] else None

    def _cases(rng):
        for x in (1.0, 2.0, 4.0):
            yield dict(f=Oracle("f", lambda x: x * x, "f(x) = x * x"), x=x)

    exercise = Exercise("square(f, x)", "y", lambda f, x: f(x), (Behaviour("y", 1, "f at x", clue=_asked),), (), (),
                        cases=_cases)  # fmt: skip
    assert "f at x: f is asked at 0.5. smallest case" in said(lambda f, x: f(x / 2), exercise)
    assert "yours is 2 times too large throughout" in said(lambda f, x: 2 * f(x), exercise)


def test_an_oracle_is_asked_with_lists_as_well():
    def _cases(rng):
        yield dict(f=Oracle("f", lambda x: float(x @ x), "f(x) = x @ x"), x=np.array([1.0, 2.0]))

    asks = Behaviour("value", 1, "f at x")
    exercise = Exercise("ask(f, x)", "value", lambda f, x: f(x), (asks,), (), (), cases=_cases)
    assert verdicts(exercise, lambda f, x: f([float(c) for c in x]), 0)[0].passed
    assert not verdicts(exercise, lambda f, x: f([[1.0], [2.0, 3.0]]), 0)[0].passed


def test_long_words_and_long_lists_are_shortened_between_words():
    def complains(x):
        raise ValueError("word " * 100)

    assert "word word ... at the line" in said(complains)
    assert show([np.zeros((40, 2))] * 5) == "5 arrays, the first of shape (40, 2)"
    assert show([np.zeros(2)] * 3) == "[[0, 0], [0, 0], [0, 0]]"


def test_what_a_view_says_in_words_is_not_written_as_code():
    words = Behaviour("words", 1, "in words", view=lambda run: {"how large": run.output, "v": np.ones(20)})
    plain = Behaviour("plain", 1, "as code", view=lambda run: {"w": np.array([run.output] * 20)})
    text = said(lambda x: x, Exercise("double(x)", "y", double, (words, plain), (), (), cases=_numbers))
    assert "yours how large = 1.0 expected 2.0" in text and "yours ['w'][0] = 1.0 expected 2.0" in text


def test_half_right_earns_half():
    first, second = verdicts(SPLIT, lambda x: [x / 2, 0.0], 0)
    assert (first.points, second.points) == (1, 0)


def test_a_mistake_may_be_one_change_of_the_reference():
    halves = altered(double, "halves", "2 * x", "x / 2", "x is halved.", see="eq-gd-step")
    assert halves.function(8.0) == 4.0 and halves.name == "halves"
    assert inspect.getsource(halves.function) == "def halves(x):\n    return x / 2\n"
    for old in ("3 * x", "x"):  # not there, and there twice
        with pytest.raises(ValueError, match="old must occur once in double"):
            altered(double, "other", old, "y", "no.")


# Inputs, oracles, randomness, several functions, drives


def test_changing_an_argument_costs_only_where_it_is_asked_for():
    def total(v):
        return float(v.sum())

    def _vectors(rng):
        yield dict(v=np.array([1.0, 2.0]))
        yield dict(v=rng.normal(size=3))

    def spoils(v):
        v *= 2
        return float(v.sum() / 2)

    behaviours = (Behaviour("sum", 1, "the sum"), Behaviour("left", 1, "v is left alone", untouched=True))
    exercise = Exercise("total(v)", "s", total, behaviours, (), (), cases=_vectors)
    value, left = verdicts(exercise, spoils, 0)
    assert value.passed and left.fault.kind == "untouched"
    assert "changes its argument v. Whoever calls it still needs that" in said(spoils, exercise)

    def puts_back(v):
        v += 1e5
        v -= 1e5
        return float(v.sum())

    assert "v. It comes back off by a rounding error: keep the old number" in said(puts_back, exercise)


def test_oracles_are_recorded_counted_and_limited():
    def _cases(rng):
        yield dict(f=Oracle("f", lambda x: x @ x, "f(x) = x @ x", limit=10), x=np.array([1.0, 2.0]))

    def ask(f, x):
        return float(f(x))

    def mutates(f, x):
        x[0] = f(x)
        return f(x)

    def endless(f, x):
        while f(x) > 0:
            pass

    once = Behaviour("once", 1, "asks once", cases=_cases, view=lambda run: len(run.calls))
    exercise = Exercise("ask(f, x)", "value", ask, (once,), (), ())
    assert verdicts(exercise, ask, 0)[0].passed
    assert "yours 2 expected 1" in said(lambda f, x: f(x) / 2 + f(x) / 2, exercise)
    text = said(endless, exercise)
    assert "calls f without coming to an end: a loop that never stops? at the line: while f(x) > 0:" in text
    assert "f takes 1 argument, got 2" in said(lambda f, x: f(x, x), exercise)
    (run,) = observe(mutates, list(_cases(None)))
    assert [call.args[0].tolist() for call in run.calls] == [[1, 2], [5, 2]] and run.calls[1].result == 29


def test_what_an_oracle_hands_out_is_the_students_own():
    """Writing into it spoils neither this run's later answers nor the cases of the next."""
    def _cases(rng):
        table = np.array([[1.0, 2.0], [3.0, 4.0]])
        yield dict(row=Oracle("row", lambda i: table[int(i)]))
        yield dict(row=Oracle("row", lambda i: (table[int(i)], {"again": table})[0]))

    def total(row):
        return row(0) + row(1) + row(0)

    def in_place(row):
        s = row(0)
        s += row(1)
        s += row(0)
        return s

    exercise = Exercise("total(row)", "s", total, (Behaviour("sum", 1, "the sum"),), (), (), cases=_cases)
    assert verdicts(exercise, in_place, 0)[0].passed
    assert verdicts(exercise, total, 0)[0].passed


def test_a_generator_argument_starts_anew_for_every_run():
    def draw(rng):
        return rng.normal()

    def _seeds(rng):
        yield dict(rng=Rng(3))
        yield dict(rng=Rng(int(rng.integers(2**32))))

    exercise = Exercise("draw(rng)", "z", draw, (Behaviour("z", 1, "a normal number"),), (), (), cases=_seeds)
    assert verdicts(exercise, lambda rng: rng.standard_normal(), 0)[0].passed
    text = said(lambda rng: rng.uniform(), exercise)
    assert "rng = default_rng(" in text


def forward(x):
    return 3 * x, x


def backward(d, cache):
    return 3 * d


@mistake("the factor is left out.", see="eq-gd-step", of="backward")
def no_factor(d, cache):
    return d


def _drive(forward, backward, x, d):
    y, cache = forward(x)
    return y, backward(d, cache)


def test_functions_that_belong_together_are_driven_together():
    def _cases(rng):
        for _ in range(3):
            yield dict(x=float(rng.normal()), d=float(rng.normal()))

    pair = Exercise("forward(x); backward(d, cache)", "(y, dx)", (forward, backward), (
        Behaviour("forward", 1, "forward", view="y", drive=_drive),
        Behaviour("backward", 1, "backward", view="dx", drive=_drive)), (no_factor,), (), cases=_cases)  # fmt: skip

    def remembers(x):
        return x * 3.0, {"anything": x}

    assert all(v.passed for v in verdicts(pair, (remembers, lambda d, cache: d * 3), 0))
    judged = verdicts(pair, no_factor, 0)
    assert [v.passed for v in judged] == [True, False] and judged[1].mistake is no_factor
    assert said((forward, lambda cache, d: 3 * d), pair).count("takes its arguments in the order (cache, d)") == 1

    forgets, bare, takes, alone = (eval(f"lambda {text}") for text in (  # of another file than the drive, as hers are
        "x: None", "x: 3.0 * x", "d, cache: 3 * d", "d: 3 * d"))
    assert "after it returned nothing (None): does it end with return?" in said((forgets, takes), pair)
    assert "float object at the use of its result" in said((bare, takes), pair)
    assert "at the use" not in said((eval("lambda x: (3 * x, x)"), alone), pair)  # there the call itself fails


def test_a_class_is_checked_through_a_drive():
    class Counter:
        def __init__(self):
            self.n = 0

        def add(self, k):
            self.n += k

    def _drive_counter(Counter, ks):
        counter = Counter()
        for k in ks:
            counter.add(k)
        return counter.n

    exercise = Exercise("Counter()", "n", Counter, (Behaviour("sum", 1, "adds up", drive=_drive_counter),), (), (),
                        cases=lambda rng: [dict(ks=[1, 2]), dict(ks=[5])])  # fmt: skip
    assert verdicts(exercise, Counter, 0)[0].passed

    class Broken(Counter):
        def add(self, k):
            self.n = k

    assert "smallest case: ks = [1, 2] yours 2 expected 3" in said(Broken, exercise)


def test_judging_needs_the_runs_alone():
    """Runs that came from elsewhere are judged as if they were made here, and nothing of the student is called."""
    known = answers(SPLIT, lambda x: (x / 3, x * x), 7)
    runs = {behaviour: known(behaviour) for behaviour in SPLIT.behaviours}
    first, second = judge(SPLIT, 7, runs.__getitem__, [("x",)])
    assert first.mistake is thirds and second.passed


def test_one_passing_behaviour_runs_nothing_else():
    asked = []

    def runs(behaviour):
        asked.append(behaviour.name)
        return answers(SPLIT, split, 0)(behaviour)

    assert judge(SPLIT, 0, runs, only="half")[0].passed
    assert asked == ["half"]


def test_an_error_may_be_what_is_wanted():
    def root(x):
        if x < 0:
            raise ValueError("negative")
        return x**0.5

    def _cases(rng):
        yield dict(x=4.0)
        yield dict(x=-1.0)

    class Mine(ValueError):
        pass

    def own(x):
        if x < 0:
            raise UnicodeError  # a ValueError too
        return x**0.5

    exercise = Exercise("root(x)", "r", root, (Behaviour("r", 1, "the root"),), (), (), cases=_cases)
    assert verdicts(exercise, own, 0)[0].passed
    assert "should raise a ValueError here, and returns. smallest case: x = -1.0 yours 0.0 expected ValueError" in said(
        lambda x: max(x, 0) ** 0.5, exercise)  # fmt: skip
    assert "and returns one: write raise instead of return" in said(
        lambda x: x**0.5 if x > 0 else ValueError("negative"), exercise)  # fmt: skip
    text = said(lambda x: x**0.5 if x > 0 else {}[x], exercise)
    assert "should raise a ValueError here. It stops with KeyError" in text


# Values


def test_conform_accepts_what_unpacks_alike():
    three = (1.0, np.array([1.0, 2.0]), "a")
    for value in ([1, [1, 2], "a"], (np.int64(1), (1, 2), "a"), (np.array(1.0), np.array([1, 2]), "a")):
        fitted, misfit = conform(snapshot(value), three)
        assert misfit is None and same(fitted, three)
    assert conform(np.array([1.0, 2.0, 3.0]), (1.0, 2.0, 3.0)) == ((1.0, 2.0, 3.0), None)
    two = np.zeros(2)
    for value in (1.0, (1.0, np.zeros(3), "a"), (1.0, np.zeros((2, 1)), "a"), (1.0, two), (True, two, "a"),
                  (1.0, two, 3), (1.0, [[1], [2, 3]], "a"), (1.0, np.array([1j, 1]), "a")):  # fmt: skip
        assert conform(snapshot(value), three)[1] is not None


def test_whole_numbers_are_compared_exactly_and_others_by_their_scale():
    assert same(691.0, 691) and not same(692, 691) and not same(10**12 + 1, 10**12)
    assert same(1.0 + 1e-9, 1.0) and not same(1.0 + 1e-5, 1.0)
    big = np.array([1e6, 1e-3])
    assert same(big + [0, 1e-2], big) and not same(big + [0, 1.0], big)
    assert same(np.array([np.nan, np.inf]), np.array([np.nan, np.inf]))
    assert not same(np.array([np.inf]), np.array([-np.inf])) and not same(float("nan"), 1.0)
    assert not same(2e-9, 1e-9)
    assert first_difference([1, {"a": np.eye(2)}], [1, {"a": np.ones((2, 2))}]) == ((1, "a", (0, 1)), 0.0, 1.0)


def test_snapshots_cannot_be_reached():
    array = np.zeros(2)
    kept = snapshot({"a": [array]})
    array[0] = 1
    assert kept["a"][0][0] == 0
    assert snapshot(iter([])) == Opaque("list_iterator")
    endless = []
    endless.append(endless)
    assert isinstance(snapshot(endless), list)
    assert show(np.array([[1.0, 0.5]])) == "[[1, 0.5]]" and show(np.zeros((50, 2))) == "an array of shape (50, 2)"


# check and grade


def spectral_step(H):
    curvatures = np.linalg.eigvalsh(H)
    return 2 / (curvatures[0] + curvatures[-1]), 2 / curvatures[-1], 1 - curvatures[0] / curvatures[-1]


def test_check_finds_the_exercise_by_name_and_repeats_a_seed(capsys):
    checks.check(spectral_step, seed=5)
    first = capsys.readouterr().out
    checks.check("spectral_step", lambda H: spectral_step(H), seed=5)
    assert capsys.readouterr().out == first
    assert first.startswith("spectral_step   2 of 4 points\n  ok    lr_best")
    checks.check(spectral_step)
    assert capsys.readouterr().out.startswith("spectral_step   2 of 4 points")


def test_hints_come_step_by_step():
    judged = verdicts(DOUBLE, keeps, 0)
    first, second, third = (report(DOUBLE, judged, hint) for hint in (1, 2, 3))
    assert "not right yet." in first and "smallest case: x = 1.0" in first and "half" not in first
    assert "smallest case: x = 1.0" in second and "x comes back" not in second
    assert first.endswith("Stuck? check(double, hint=2) says more.") and "hint=3" in second
    assert "x comes back as it was." in third and "Equation" in third and "Stuck?" not in third
    judged = verdicts(DOUBLE, lambda x: 4 * x, 0)
    first, second = (" ".join(report(DOUBLE, judged, hint).split()) for hint in (1, 2))
    assert judged[0].clue and judged[0].clue in second and judged[0].clue not in first
    assert "ZeroDivisionError" in report(DOUBLE, verdicts(DOUBLE, lambda x: 1 / 0, 0), 1)
    assert "Stuck?" not in report(DOUBLE, verdicts(DOUBLE, double, 0), 1)


@pytest.mark.parametrize("hint", [0, 4, "2", None])
def test_a_hint_is_1_2_or_3(hint):
    with pytest.raises(ValueError, match="hint must be one of 1, 2, 3, got"):
        checks.check(spectral_step, hint=hint)


def test_grade_is_quiet_or_raises_the_feedback(capsys):
    checks.grade(spectral_step, "limit")
    assert capsys.readouterr().out.startswith("spectral_step, ok: ")
    with pytest.raises(NotYet) as caught:
        checks.grade(spectral_step, "rate", seed=3)
    lines = caught.value._render_traceback_()
    assert lines[0] == "spectral_step, 1 point:" and lines[-1] == "The same numbers again: check(spectral_step, seed=3)"
    assert issubclass(NotYet, AssertionError) and not any("File" in line for line in lines)


def test_questions_that_cannot_be_answered_say_what_can():
    def nonsense(x):
        return x

    with pytest.raises(ValueError, match=r"no exercise is called 'nonsense'; there are: .*spectral_step, gd_it"):
        checks.check(nonsense)
    with pytest.raises(ValueError, match="takes the function itself"):
        checks.check("spectral_step")
    with pytest.raises(ValueError, match="takes the function itself"):
        checks.check(3)
    with pytest.raises(ValueError, match="behaviour must be one of 'best', 'limit'"):
        checks.grade(spectral_step, "speed")
    with pytest.raises(ValueError, match=r"comes from gdcourse\.data"):
        from gdcourse.data import standardize

        checks.check(standardize)


def test_message_of_an_unwritten_cell_is_short():
    (verdict,) = verdicts(DOUBLE, unwritten, 0)
    assert message(DOUBLE, verdict, 0) == "double, 2 points:\n  no    twice x: not written yet."


@pytest.mark.thorough
def test_waiting_is_not_work_but_comes_to_an_end_too():
    def naps(x):
        for _ in range(x):
            time.sleep(0.05)
        return x

    runs = observe(naps, [dict(x=4), dict(x=1000)], seconds=0.1)
    assert runs[0].output == 4 and runs[1].problem.kind == "time"


def test_the_time_limit_leaves_nothing_behind():
    observe(forever, [dict(x=1)], seconds=0.1)
    start = time.monotonic()
    while time.monotonic() - start < 0.3:  # an exception still on its way would end this
        pass


def test_a_property_shows_short_outputs_and_bears_infinite_ones():
    def sums_to_twice(case, run, expected):
        return None if sum(run.output) == sum(expected.output) else "the sum is wrong."

    def spreads(x):
        return [x] * 60 if x > 3 else [x, x]

    exercise = Exercise("spreads(x)", "ys", spreads,
                        (Behaviour("sum", 1, "twice x", structure=False, holds=sums_to_twice),), (), (),
                        cases=_numbers)  # fmt: skip
    assert "the sum is wrong. smallest case: x = 1.0 yours [1.0]" in said(lambda x: [x], exercise)
    long = said(lambda x: [1.5] * 60, exercise)
    assert "the sum is wrong. smallest case: x = 1.0" in long and "yours" not in long
    infinite = Exercise("spreads(x)", "ys", lambda x: np.array([x, x]),
                        (Behaviour("sum", 1, "", holds=lambda case, run, expected: None if np.sum(run.output) == 1 else
                                   "no."),), (), (), cases=_numbers)  # fmt: skip
    assert "no." in said(lambda x: np.array([np.inf, -np.inf]), infinite)  # pytest would turn a warning into an error
