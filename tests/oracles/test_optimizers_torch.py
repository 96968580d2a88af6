"""Every method and schedule that PyTorch has too, held against it step by step in float64."""

import os

import numpy as np
import pytest

from gdcourse import schedules
from gdcourse.optimizers import adagrad, adam, adamw, amsgrad, gd, momentum, nesterov, rmsprop

try:
    import torch
    from torch.optim import lr_scheduler
except ImportError:
    if os.environ.get("GDCOURSE_REQUIRE_ALL") == "1":
        raise
    pytest.skip("PyTorch is not installed: pip install torch", allow_module_level=True)

pytestmark = pytest.mark.oracle

STEPS = 300

# name -> ours, theirs at the settings that mean the same.
METHODS = {
    "gd": (gd(), lambda p: torch.optim.SGD(p, lr=1.0)),
    "momentum": (momentum(beta=0.9), lambda p: torch.optim.SGD(p, lr=1.0, momentum=0.9)),
    "nesterov": (nesterov(beta=0.8), lambda p: torch.optim.SGD(p, lr=1.0, momentum=0.8, nesterov=True)),
    "adagrad": (adagrad(), lambda p: torch.optim.Adagrad(p, eps=1e-8)),
    "adagrad, large eps": (adagrad(eps=0.1), lambda p: torch.optim.Adagrad(p, eps=0.1)),
    "rmsprop": (rmsprop(beta2=0.99), lambda p: torch.optim.RMSprop(p)),
    "rmsprop, large eps": (rmsprop(eps=0.1), lambda p: torch.optim.RMSprop(p, alpha=0.9, eps=0.1)),
    "adam": (adam(), lambda p: torch.optim.Adam(p)),
    "adam, large eps": (adam(0.5, 0.9, 0.1), lambda p: torch.optim.Adam(p, betas=(0.5, 0.9), eps=0.1)),
    "adamw": (adamw(), lambda p: torch.optim.AdamW(p)),
    "adamw, strong": (adamw(weight_decay=0.5), lambda p: torch.optim.AdamW(p, weight_decay=0.5)),
    "amsgrad": (amsgrad(), lambda p: torch.optim.Adam(p, amsgrad=True)),
    "amsgrad, short memory": (amsgrad(beta2=0.9), lambda p: torch.optim.Adam(p, betas=(0.9, 0.9), amsgrad=True)),
}


def rate(t):
    """Vary the rate, because forms of momentum that agree at a constant rate part when it changes."""
    return 0.02 if t % 50 < 25 else 0.005


@pytest.mark.parametrize("ours, theirs", METHODS.values(), ids=METHODS)
def test_takes_the_same_steps(ours, theirs):
    rng = np.random.default_rng(0)
    start = rng.normal(size=20)
    scales = np.exp(3 * rng.normal(size=20))
    parameter = torch.tensor(start.copy(), dtype=torch.float64, requires_grad=True)
    optimizer = theirs([parameter])
    theta, state = start, ours.init(start)
    for t in range(STEPS):
        g = scales * (rng.normal(size=20) + 0.3)
        update, state = ours.step(g, state, rate(t), theta)
        theta = theta + update
        optimizer.param_groups[0]["lr"] = rate(t)
        parameter.grad = torch.tensor(g)
        optimizer.step()
        expected = parameter.detach().numpy()
        largest = np.maximum(np.abs(start), np.abs(expected))
        assert np.abs(theta - expected).max() <= 1e-12 * largest.max(), t
    assert np.abs(theta - start).max() > 0.1


def test_the_comparison_notices_a_small_difference():
    """AMSGrad and Adam, or an eps of 1e-8 and of 1e-7, part by far more than the tolerance."""
    with pytest.raises(AssertionError):
        test_takes_the_same_steps(adam(beta2=0.9), METHODS["amsgrad, short memory"][1])
    with pytest.raises(AssertionError):
        test_takes_the_same_steps(adam(eps=1e-7), METHODS["adam"][1])


# name -> ours, theirs on an optimiser at rate 0.5, the updates over which they are to agree. CosineAnnealingLR turns
# and rises again after T_max and OneCycleLR refuses to go on, where ours stay at their end.
SCHEDULES = {
    "constant": (schedules.constant(0.5), lambda o: lr_scheduler.ConstantLR(o, factor=1.0), STEPS),
    "step_decay": (
        schedules.step_decay(0.5, 0.7, every=40),
        lambda o: lr_scheduler.StepLR(o, step_size=40, gamma=0.7),
        STEPS,
    ),
    "exponential": (schedules.exponential(0.5, 0.98), lambda o: lr_scheduler.ExponentialLR(o, gamma=0.98), STEPS),
    "linear": (
        schedules.linear(0.5, 200, end=0.05),
        lambda o: lr_scheduler.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=200),
        STEPS,
    ),
    "warmup": (
        schedules.warmup(0.5, 19),
        lambda o: lr_scheduler.LinearLR(o, start_factor=1 / 20, end_factor=1.0, total_iters=19),
        STEPS,
    ),
    "cosine": (
        schedules.cosine(0.5, 250, end=0.01),
        lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=250, eta_min=0.01),
        251,
    ),
    "warm_restarts": (
        schedules.warm_restarts(0.5, 20, growth=2, end=0.01),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=20, T_mult=2, eta_min=0.01),
        STEPS,
    ),
    "warm_restarts, even": (
        schedules.warm_restarts(0.5, 35),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=35),
        STEPS,
    ),
    "one_cycle": (
        schedules.one_cycle(0.5, STEPS),
        lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=STEPS, cycle_momentum=False),
        STEPS,
    ),
    "one_cycle, early peak": (
        schedules.one_cycle(0.5, STEPS, rise=0.123, first=0.1, last=0.001),
        lambda o: lr_scheduler.OneCycleLR(
            o, max_lr=0.5, total_steps=STEPS, pct_start=0.123, div_factor=10, final_div_factor=100, cycle_momentum=False
        ),
        STEPS,
    ),
    "cosine after a warm-up": (
        schedules.warmup(schedules.cosine(0.5, 200), 49),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, start_factor=1 / 50, end_factor=1.0, total_iters=49),
                lr_scheduler.CosineAnnealingLR(o, T_max=200),
            ],
            milestones=[49],
        ),
        250,
    ),
}


@pytest.mark.parametrize("ours, theirs, steps", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.filterwarnings("ignore:The epoch parameter")
def test_names_the_same_rates(ours, theirs, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    scheduler = theirs(optimizer)
    for t in range(steps):
        # Theirs is worked out from the rate before, and so gathers rounding.
        assert ours(t) == pytest.approx(optimizer.param_groups[0]["lr"], rel=0, abs=1e-12), t
        if t < steps - 1:
            optimizer.step()
            scheduler.step()
