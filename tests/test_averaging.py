"""Averages of a path, against cumulative means and a digital filter."""

import numpy as np
import pytest
from scipy.signal import lfilter

from gdcourse.averaging import fading_mean, running_mean

PATH = np.random.default_rng(0).normal(size=(60, 3))


def test_the_running_mean_is_the_mean_of_every_beginning():
    assert np.allclose(running_mean(PATH), [PATH[: t + 1].mean(axis=0) for t in range(60)], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.97])
def test_the_fading_mean_is_a_first_order_filter(beta):
    filtered, _ = lfilter([1 - beta], [1, -beta], PATH, axis=0, zi=beta * PATH[:1])
    assert np.allclose(fading_mean(PATH, beta), filtered, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("average", [running_mean, lambda path: fading_mean(path, 0.9)])
def test_an_average_of_one_point_is_that_point_and_the_path_is_left_alone(average):
    path = np.tile([1.0, -2.0], (20, 1))
    path.flags.writeable = False
    assert np.allclose(average(path), path, rtol=1e-14)
    assert average([[3.0]]).tolist() == [[3.0]]


def test_a_bad_start_is_forgotten_by_one_and_remembered_by_the_other():
    path = np.zeros((200, 1))
    path[0] = 100.0
    assert fading_mean(path, 0.9)[-1] < 1e-6
    assert running_mean(path)[-1] == 0.5


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda: running_mean([1.0, 2.0]), "path"),
        (lambda: running_mean([[np.nan]]), "path"),
        (lambda: fading_mean([1.0, 2.0], 0.5), "path"),
        (lambda: fading_mean([[1.0]], 1.0), "beta"),
        (lambda: fading_mean([[1.0]], -0.1), "beta"),
    ],
)
def test_refuses_by_name(call, name):
    with pytest.raises(ValueError, match=rf"^{name} must .*got"):
        call()
