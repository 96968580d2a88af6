"""The clinic: every sickness shows the sign by which it is to be told, for two seeds."""

import numpy as np
import pytest

from gdcourse import clinic


def repeats(losses, epoch=22):
    """Return how much the losses of one epoch resemble those of the next, batch by batch: 1 for a saw."""
    return np.corrcoef(losses[:-epoch], losses[epoch:])[0, 1]


SIGNS = {
    "zero weights": lambda e: abs(e.losses[0] - np.log(10)) < 1e-9 and e.test_accuracy < 0.15 and e.few[-1] > 1,
    "weights too large": lambda e: e.first_loss > 50 and e.test_accuracy > 0.5,
    "rate too small": lambda e: e.update_ratio < 1e-4 and e.losses[-1] > 2 and e.few[-1] > 2,
    "rate too large": lambda e: e.losses.max() > 4 and e.test_accuracy < 0.15 and e.update_ratio > 0.05,
    "wrong sign": lambda e: e.losses[-1] > 10 and e.gradient_error > 1,
    "activation's slope forgotten": lambda e: e.gradient_error > 0.1 and e.test_accuracy > 0.9,
    "labels shuffled": lambda e: e.test_accuracy < 0.25 and e.losses[-1] > 2 and e.few[-1] < 0.05,
    "examples in order": lambda e: repeats(e.losses[44:220]) > 0.7 and e.test_accuracy > 0.8,
}


@pytest.mark.parametrize("seed", [0, 1])
def test_each_sickness_has_its_sign_and_the_healthy_run_none(seed):
    healthy = clinic.examine(seed=seed)
    assert healthy.test_accuracy > 0.93 and healthy.gradient_error < 1e-6 and healthy.few[-1] < 0.05
    assert not any(sign(healthy) for sign in SIGNS.values())
    assert set(SIGNS) == set(clinic.SICKNESSES)
    for name, settings in clinic.SICKNESSES.items():
        assert SIGNS[name](clinic.examine(settings, seed)), name


def test_patients_are_the_sicknesses_in_another_order():
    names = [clinic.diagnosis(number) for number in range(clinic.PATIENTS)]
    assert sorted(names) == sorted(clinic.SICKNESSES) and names != list(clinic.SICKNESSES)
    first, again = clinic.patient(3), clinic.examine(clinic.SICKNESSES[names[3]])
    assert (first.losses == again.losses).all()
    with pytest.raises(ValueError, match="number must be one of"):
        clinic.diagnosis(8)
