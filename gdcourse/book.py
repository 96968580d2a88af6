"""Numbers for the prose: what a sentence quotes is what a cell computed."""

import numpy as np


def glue(**numbers):
    """Hand numbers to the page by name; outside a book build, where no page reads them, do nothing.

    Args: numbers: name=value; the text quotes them as {glue:text}`name:.3f`.
    Returns: None. Raises: nothing.
    Example:
        >>> glue()
    """
    try:
        from myst_nb import glue as paste
    except ImportError:
        return
    for name, value in numbers.items():
        # The page formats Python's numbers; it cannot read "np.float64(0.5)".
        paste(name, value.item() if isinstance(value, np.generic) else value, display=False)
