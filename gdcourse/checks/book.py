"""Where the book says it: the numbers of the equations that hints point to."""

# label in the chapter's source: the number on the page. A test holds this against the chapters.
EQUATIONS = {
    "eq-gd-step": "5.1",
    "eq-gd-quadratic-mode": "5.3",
    "eq-gd-stability": "5.4",
    "eq-gd-best-step": "5.5",
    "eq-gd-rate": "5.6",
    "eq-gd-iterations": "5.7",
    "eq-gd-armijo": "5.9",
    "eq-gd-standardize": "5.10",
}


def equation(label):
    """Return a reference to an equation of the book, or nothing for an empty label."""
    return f"Equation ({EQUATIONS[label]})." if label else ""
