"""The learning rate as a function of the update's number t = 0, 1, 2, ..., counted over the whole run."""

import math

from gdcourse._validate import in_range, positive, positive_integer


def constant(lr):
    """Return the schedule that never changes: lr.

    Args: lr: a positive number.
    Returns: a function t -> lr.
    Raises: ValueError if lr is not positive.
    Example:
        >>> constant(0.1)(1000)
        0.1
    """
    lr = positive("lr", lr)
    return lambda t: lr


def exponential(lr, decay):
    """Return the schedule that loses the same fraction at every update: lr * decay**t.

    Args: lr: a positive number; decay: the factor per update, in (0, 1].
    Returns: a function t -> lr.
    Raises: ValueError if lr is not positive or decay lies outside (0, 1].
    Example:
        >>> exponential(1.0, 0.5)(3)
        0.125
    """
    lr = positive("lr", lr)
    decay = in_range("decay", decay, 0, 1, "(]")
    return lambda t: lr * decay**t


def step_decay(lr, decay, every):
    """Return the schedule that drops by a factor at regular intervals: lr * decay**(t // every).

    Args: lr: a positive number; decay: the factor per drop, in (0, 1]; every: updates between drops, at least 1.
    Returns: a function t -> lr.
    Raises: ValueError out of range.
    Example:
        >>> [step_decay(1.0, 0.5, every=2)(t) for t in range(5)]
        [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    lr = positive("lr", lr)
    decay = in_range("decay", decay, 0, 1, "(]")
    every = positive_integer("every", every)
    return lambda t: lr * decay ** (t // every)


def inverse_time(lr, half):
    """Return the schedule under which noise averages out: lr * half / (t + half) (Robbins and Monro, 1951).

    Its sum diverges, so that any distance can be covered; the sum of its squares does not.

    Args: lr: a positive number; half: the update at which the rate has halved, a positive number.
    Returns: a function t -> lr.
    Raises: ValueError if a number is not positive.
    Example:
        >>> [inverse_time(0.4, half=50)(t) for t in (0, 50, 150)]
        [0.4, 0.2, 0.1]
    """
    lr, half = positive("lr", lr), positive("half", half)
    return lambda t: lr * half / (t + half)


def inverse_sqrt(lr):
    """Return the schedule of the convex guarantees: lr / sqrt(t + 1) (Zinkevich, 2003).

    Args: lr: a positive number.
    Returns: a function t -> lr.
    Raises: ValueError if lr is not positive.
    Example:
        >>> [inverse_sqrt(0.5)(t) for t in (0, 3, 15)]
        [0.5, 0.25, 0.125]
    """
    lr = positive("lr", lr)
    return lambda t: lr / math.sqrt(t + 1)


def linear(lr, steps, end=0.0):
    """Return the straight line from lr at t = 0 to `end` at t = steps, and `end` from then on.

    Args: lr: a positive number; steps: at least 1; end: a rate of at least 0, above lr if it is to rise.
    Returns: a function t -> lr.
    Raises: ValueError out of range.
    Example:
        >>> [linear(1.0, steps=4)(t) for t in range(6)]
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    lr, steps = positive("lr", lr), positive_integer("steps", steps)
    end = in_range("end", end, 0, math.inf, "[)")
    return lambda t: lr + (end - lr) * min(t / steps, 1.0)


def cosine(lr, steps, end=0.0):
    """Return half a cosine wave from lr at t = 0 to `end` at t = steps, and `end` from then on.

    end + (lr - end) * (1 + cos(pi t / steps)) / 2 (Loshchilov and Hutter, 2017)

    Args: lr: a positive number; steps: at least 1; end: a rate in [0, lr].
    Returns: a function t -> lr.
    Raises: ValueError out of range.
    Example:
        >>> [round(cosine(1.0, steps=4)(t), 3) for t in range(6)]
        [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    lr, steps = positive("lr", lr), positive_integer("steps", steps)
    end = in_range("end", end, 0, lr)
    return lambda t: _half_wave(lr, end, min(t / steps, 1.0))


def warm_restarts(lr, period, growth=1, end=0.0):
    """Return cosines that begin again, each `growth` times as long as the last (Loshchilov and Hutter, 2017).

    Args: lr: the rate at each restart; period: updates in the first wave, at least 1; growth: an integer of at
        least 1; end: the rate each wave falls towards, in [0, lr].
    Returns: a function t -> lr.
    Raises: ValueError out of range.
    Example:
        >>> [round(warm_restarts(1.0, period=2, growth=2)(t), 3) for t in range(7)]
        [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """
    lr, period = positive("lr", lr), positive_integer("period", period)
    growth, end = positive_integer("growth", growth), in_range("end", end, 0, lr)

    def schedule(t):
        if growth == 1:
            t = t % period
        length = period
        while t >= length:
            t, length = t - length, length * growth
        return _half_wave(lr, end, t / length)

    return schedule


def warmup(schedule, steps):
    """Return a schedule that is reached along a straight line and then followed from its beginning.

    schedule(0) * (t + 1) / (steps + 1) for t < steps, then schedule(t - steps)

    Args: schedule: a rate or a schedule; steps: updates before its full first rate, at least 1.
    Returns: a function t -> lr.
    Raises: ValueError out of range.
    Example:
        >>> [warmup(1.0, steps=3)(t) for t in range(5)]
        [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    schedule, steps = as_schedule(schedule), positive_integer("steps", steps)
    return lambda t: schedule(0) * (t + 1) / (steps + 1) if t < steps else schedule(t - steps)


def one_cycle(lr, steps, rise=0.3, first=1 / 25, last=1 / 250_000):
    """Return one half-wave up and a longer one down to almost nothing (Smith and Topin, 2019).

    From first * lr at t = 0 to lr at t = rise * steps - 1, then to last * lr at t = steps - 1 and from then on.

    Args: lr: the peak; steps: updates in the cycle; rise: the share of them that climbs, in (0, 1), with
        rise * steps above 1; first, last: the rates at the ends as shares of the peak, in (0, 1].
    Returns: a function t -> lr.
    Raises: ValueError out of range.
    Example:
        >>> [round(one_cycle(1.0, steps=10)(t), 3) for t in (0, 2, 9)]
        [0.04, 1.0, 0.0]
    """
    lr, steps = positive("lr", lr), positive_integer("steps", steps)
    first, last = in_range("first", first, 0, 1, "(]"), in_range("last", last, 0, 1, "(]")
    peak = in_range("rise", rise, 0, 1, "()") * steps - 1
    if peak <= 0:
        raise ValueError(f"rise must leave more than one of {steps} updates for the climb, got {rise!r}")

    def schedule(t):
        if t <= peak:
            return _half_wave(first * lr, lr, t / peak)
        return _half_wave(lr, last * lr, min((t - peak) / (steps - 1 - peak), 1.0))

    return schedule


def as_schedule(lr):
    """Return lr itself if it is a schedule, or the constant schedule of a number."""
    return lr if callable(lr) else constant(lr)


def _half_wave(high, low, share):
    return low + (high - low) * (1 + math.cos(math.pi * share)) / 2
