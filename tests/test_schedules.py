"""Schedules: closed forms, ends, continuity, and what they do to a run."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdcourse.descent import descend
from gdcourse.problems import quadratic
from gdcourse.schedules import (
    as_schedule,
    constant,
    cosine,
    exponential,
    inverse_sqrt,
    inverse_time,
    linear,
    one_cycle,
    step_decay,
    warm_restarts,
    warmup,
)

EVERY = {
    "constant": constant(0.3),
    "exponential": exponential(0.3, 0.99),
    "step_decay": step_decay(0.3, 0.5, every=30),
    "inverse_time": inverse_time(0.3, half=20),
    "inverse_sqrt": inverse_sqrt(0.3),
    "linear": linear(0.3, 100),
    "cosine": cosine(0.3, 100),
    "warm_restarts": warm_restarts(0.3, 10, growth=2),
    "warmup": warmup(cosine(0.3, 90), 10),
    "one_cycle": one_cycle(0.3, 100),
}
rates = st.floats(1e-6, 1e3)


@pytest.mark.parametrize("schedule", EVERY.values(), ids=EVERY)
def test_is_a_plain_finite_number_between_zero_and_its_peak_at_every_update(schedule):
    values = [schedule(t) for t in range(300)]
    assert all(type(value) is float for value in values)
    assert all(0 <= value <= 0.3 for value in values)
    assert max(values) == pytest.approx(0.3, rel=1e-2)


@pytest.mark.parametrize("schedule", EVERY.values(), ids=EVERY)
def test_has_no_memory(schedule):
    forwards = [schedule(t) for t in range(130)]
    assert [schedule(t) for t in reversed(range(130))] == forwards[::-1]


@pytest.mark.parametrize("schedule", EVERY.values(), ids=EVERY)
def test_the_loop_asks_for_every_update_once_in_order(schedule):
    asked = []

    def watched(t):
        asked.append(t)
        return schedule(t)

    path = descend(quadratic([[1.0]]), lr=watched, steps=120, start=[1.0]).path[:, 0]
    assert asked == list(range(120))
    assert np.allclose(path, np.cumprod([1.0, *(1 - schedule(t) for t in range(120))]), rtol=1e-12, atol=0)


@given(lr=rates, decay=st.floats(0.01, 1), t=st.integers(0, 200))
def test_exponential_in_logarithms(lr, decay, t):
    expected = math.exp(math.log(lr) + t * math.log(decay))
    assert exponential(lr, decay)(t) == pytest.approx(expected, rel=1e-10, abs=1e-300)


@given(lr=rates, every=st.integers(1, 20), drops=st.integers(0, 20), inside=st.floats(0, 0.999))
def test_step_decay_is_flat_between_drops(lr, every, drops, inside):
    t = drops * every + int(inside * every)
    assert step_decay(lr, 0.5, every=every)(t) == lr / 2**drops


@given(lr=rates, half=st.floats(0.1, 1e4), t=st.integers(0, 10**6))
def test_inverse_time_has_a_reciprocal_that_grows_evenly(lr, half, t):
    schedule = inverse_time(lr, half)
    assert 1 / schedule(t) == pytest.approx(1 / lr + t / (lr * half), rel=1e-12)


def test_inverse_time_satisfies_the_conditions_of_robbins_and_monro():
    """The sum grows like a logarithm; the sum of squares stays below its integral bound."""
    values = np.array([inverse_time(0.5, half=10)(t) for t in range(100_000)])
    assert values.sum() == pytest.approx(5 * math.log(100_010 / 10), rel=0.02)
    assert (values**2).sum() < 0.25 * 100 * (1 / 10 + 1 / 100)


def test_inverse_sqrt_by_squares():
    assert [inverse_sqrt(0.6)(n * n - 1) for n in (1, 2, 3, 6)] == pytest.approx([0.6, 0.3, 0.2, 0.1], rel=1e-15)


@given(lr=rates, steps=st.integers(1, 500), share=st.floats(0, 1))
def test_linear_and_cosine_meet_at_ends_and_middle_and_stay_at_the_end(lr, steps, share):
    end = share * lr
    for schedule in (linear(lr, 2 * steps, end=end), cosine(lr, 2 * steps, end=end)):
        assert schedule(0) == pytest.approx(lr, rel=1e-12)
        assert schedule(steps) == pytest.approx((lr + end) / 2, rel=1e-12)
        for t in (2 * steps, 2 * steps + 1, 10**7):
            assert schedule(t) == pytest.approx(end, rel=1e-12, abs=1e-12 * lr)


def test_linear_may_rise():
    assert [linear(0.1, 4, end=0.5)(t) for t in range(6)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.5], rel=1e-14)


@given(steps=st.integers(1, 300), t=st.integers(0, 300))
def test_cosine_is_a_squared_cosine_of_half_the_angle(steps, t):
    """(1 + cos x) / 2 = cos(x / 2)^2."""
    expected = math.cos(math.pi * min(t, steps) / (2 * steps)) ** 2
    assert cosine(1.0, steps)(t) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@given(period=st.integers(1, 30), growth=st.integers(1, 4), wave=st.integers(0, 6), end=st.floats(0, 1))
def test_warm_restarts_are_cosines_of_lengths_that_grow(period, growth, wave, end):
    """Wave i begins at period * (1 + growth + ... + growth^(i-1)) and lasts period * growth^i updates."""
    schedule = warm_restarts(1.0, period, growth=growth, end=end)
    begin, length = period * sum(growth**i for i in range(wave)), period * growth**wave
    for t in {0, length // 3, length // 2, length - 1}:
        expected = end + (1 - end) * (1 + math.cos(math.pi * t / length)) / 2
        assert schedule(begin + t) == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert schedule(begin) == 1.0


def test_warmup_is_a_straight_line_into_the_schedule():
    plain = cosine(0.4, 50)
    warmed = warmup(plain, 9)
    values = [warmed(t) for t in range(80)]
    assert values[:10] == pytest.approx([0.04 * (t + 1) for t in range(10)], rel=1e-14)
    assert values[9:] == [plain(t) for t in range(71)]


def test_warmup_takes_a_plain_rate():
    assert [warmup(0.3, 2)(t) for t in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.3], rel=1e-15)


@pytest.mark.parametrize("steps, rise", [(100, 0.3), (37, 0.21), (10, 0.5), (1000, 0.9)])
def test_one_cycle_climbs_to_its_peak_and_falls_to_its_end(steps, rise):
    schedule = one_cycle(0.5, steps, rise=rise, first=0.1, last=0.01)
    values = np.array([schedule(t) for t in range(steps)])
    top = rise * steps - 1
    assert values[0] == pytest.approx(0.05, rel=1e-12)
    assert values[-1] == schedule(steps) == schedule(10 * steps) == pytest.approx(0.005, rel=1e-12)
    assert schedule(top) == pytest.approx(0.5, rel=1e-12)
    assert schedule(top / 2) == pytest.approx(0.275, rel=1e-12)
    assert schedule((top + steps - 1) / 2) == pytest.approx(0.2525, rel=1e-12)
    assert np.all(np.diff(values[: int(top) + 1]) > 0) and np.all(np.diff(values[int(top) + 1 :]) < 0)


@pytest.mark.parametrize("name", ["linear", "cosine", "warmup", "one_cycle"])
def test_the_smooth_ones_never_jump(name):
    values = np.array([EVERY[name](t) for t in range(200)])
    assert np.abs(np.diff(values)).max() <= 0.3 / 11 + 1e-12  # a step of the shortest climb


def test_a_number_is_the_constant_schedule_and_a_schedule_is_itself():
    assert as_schedule(0.2)(12345) == 0.2
    assert as_schedule(EVERY["cosine"]) is EVERY["cosine"]


NOT_POSITIVE = (0.0, -0.1, math.nan, math.inf, "fast", None)


@pytest.mark.parametrize(
    "make, name",
    [
        *((lambda make=make, lr=lr: make(lr), "lr") for lr in NOT_POSITIVE for make in (
            constant, inverse_sqrt, lambda lr: exponential(lr, 0.9), lambda lr: step_decay(lr, 0.9, 5),
            lambda lr: inverse_time(lr, 5), lambda lr: linear(lr, 5), lambda lr: cosine(lr, 5),
            lambda lr: warm_restarts(lr, 5), lambda lr: one_cycle(lr, 50), as_schedule)),
        *((lambda decay=decay: exponential(1.0, decay), "decay") for decay in (0.0, 1.1, -1.0, math.nan)),
        *((lambda decay=decay: step_decay(1.0, decay, 5), "decay") for decay in (0.0, 1.1)),
        *((lambda n=n: step_decay(1.0, 0.5, n), "every") for n in (0, 2.5, True)),
        *((lambda n=n: linear(1.0, n), "steps") for n in (0, -1, 2.5, "3")),
        *((lambda n=n: cosine(1.0, n), "steps") for n in (0, 2.5)),
        *((lambda n=n: warmup(1.0, n), "steps") for n in (0, 2.5)),
        *((lambda n=n: one_cycle(1.0, n), "steps") for n in (0, 2.5)),
        *((lambda n=n: warm_restarts(1.0, n), "period") for n in (0, 2.5)),
        *((lambda n=n: warm_restarts(1.0, 5, growth=n), "growth") for n in (0, 1.5)),
        *((lambda e=e: cosine(1.0, 5, end=e), "end") for e in (-0.1, 1.1)),
        *((lambda e=e: warm_restarts(1.0, 5, end=e), "end") for e in (-0.1, 1.1)),
        *((lambda e=e: linear(1.0, 5, end=e), "end") for e in (-0.1, math.inf)),
        *((lambda r=r: one_cycle(1.0, 50, rise=r), "rise") for r in (0.0, 1.0, 0.02)),
        *((lambda r=r: one_cycle(1.0, 50, first=r), "first") for r in (0.0, 1.1)),
        *((lambda r=r: one_cycle(1.0, 50, last=r), "last") for r in (0.0, 1.1)),
        (lambda: inverse_time(1.0, 0.0), "half"),
        (lambda: warmup(-1.0, 5), "lr"),
    ],
)  # fmt: skip
def test_refuses_what_it_cannot_use_by_name(make, name):
    with pytest.raises(ValueError, match=rf"^{name} must .*got"):
        make()
