"""The learning rate as a function of the update's number t = 0, 1, 2, ..., counted over the whole run."""

from gdcourse._validate import in_range, positive


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


def as_schedule(lr):
    """Return lr itself if it is a schedule, or the constant schedule of a number."""
    return lr if callable(lr) else constant(lr)
