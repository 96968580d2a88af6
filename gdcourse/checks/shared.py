"""What several exercises share: matrices, slopes and generators for their cases, and words for their sentences.

Nothing here travels to a student's process. What only one exercise needs stands in its own section.
"""

from functools import lru_cache

import numpy as np

from gdcourse.checks.exercise import Oracle, Rng

# Cases


def named(name, cases):
    """Return cases under a name: numbers are drawn by it, so that two sets from one factory do not share them."""
    cases.__name__ = name
    return cases


def again(count):
    """Let cases come again, in an order that is drawn, until there are that many.

    Where answers are of few kinds, a few cases could be told by counting the calls: one time in six for three.
    """
    def more(cases):
        def drawn(rng):
            deck = list(cases(rng))
            yield from deck
            for place in rng.integers(len(deck), size=count - len(deck)):
                yield deck[place]

        return named(cases.__name__, drawn)

    return more


def drawn_seeds(rng, count=4):
    """Return seeds of two kinds, in an order that is drawn: who counts calls does not know which is which."""
    kinds = rng.choice(10_000, size=2, replace=False)
    order = rng.permutation([0, 1, *rng.integers(2, size=count - 2)])
    return [int(kinds[kind]) for kind in order]


def new_rng(rng, below=2**32):
    """Return a generator for a case. below: the first seed that is too large."""
    return Rng(int(rng.integers(below)))


def drawn(make, count, clear):
    """Yield that many cases of a maker, leaving out those that rounding could decide: the ones not clear."""
    while count:
        case = make()
        if clear(case):
            count -= 1
            yield case


def clear_of_ties(eps, factor):
    """Return eps, moved if need be, so that no rounding can change how many times factor goes into 1 / eps."""
    exact = np.log(1 / eps) / np.log(factor)
    return float(eps if 0.02 < exact % 1 < 0.98 else eps / factor**0.1)


# Numbers and matrices


def clear_of_zero(rng, *shape):
    """Return numbers of both signs, none near zero."""
    return rng.uniform(0.5, 1.5, size=shape) * rng.choice([-1, 1], size=shape)


def curvatures(rng, count):
    return rng.uniform(0.3, 4, size=count)


def turned(rng, eigenvalues):
    """Return a symmetric matrix with given eigenvalues, turned at random."""
    Q = np.linalg.qr(rng.normal(size=(len(eigenvalues),) * 2))[0]
    H = (Q * np.array(eigenvalues)) @ Q.T
    return (H + H.T) / 2


def curved(rng, d, low=1.0, high=8.0):
    """Return a symmetric matrix with curvatures from low to high in equal steps, turned at random."""
    return turned(rng, np.linspace(low, high, d))


def canyon(rng, d, mu, kappa):
    """Return a symmetric matrix with curvatures from mu to kappa * mu, turned at random."""
    inner = rng.uniform(0, 1, size=max(d - 2, 0))
    return turned(rng, mu * kappa ** np.concatenate([[0.0], inner, [1.0]])[:d])


# Slopes


def bowl(H, centre):
    return Oracle("grad", lambda x: H @ (x - centre), f"grad of a bowl in {len(H)}-d", limit=5_000)


def bowl_about_zero(curvature):
    factor = f"{curvature:g} * " if curvature != 1 else ""
    return Oracle("grad", lambda x: curvature * x, f"grad(x) = {factor}x", limit=5_000)


def quadratic(H, b, quartic=0.0):
    """Return the slope H x - b of a quadratic, with that of a quartic rim."""
    name = f"grad of a {'quartic' if quartic else 'quadratic'} in {len(b)}-d"
    return Oracle("grad", lambda x: H @ x - b + quartic * x**3, name, limit=2_000)


# Examples


def of_one_example(n, gradient, text, takes=1):
    """Return grad_i, which asks for gradient(..., i) of one example and says so where i is none of the n."""

    def grad_i(*args):
        i = args[-1]
        if np.ndim(i) or i != int(i):
            raise TypeError(f"grad_i takes the number of one example, got {i}")
        if not 0 <= i < n:
            raise IndexError(f"grad_i knows the examples 0 to {n - 1}, got {i}")
        return gradient(*args[:-1], int(i))

    return Oracle("grad_i", grad_i, text, takes=takes)


def held_out_in_turn(parts):
    """Return [(the rows of all other parts, the rows of one)] for each part."""
    return [(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(len(parts))]


@lru_cache
def digits_and_labels():
    """Return the digits X and y, and {a row's bytes: its label}."""
    from gdcourse.data import digits

    X, y, _ = digits()
    return X, y, {row.tobytes(): label for row, label in zip(X, y)}


# Words


def asked_at_another_step(name):
    """Return a clue that says at which distance from x an oracle was asked, where that is not h."""

    def clue(case, run, expected):
        x, h = np.asarray(case["x"], dtype=float), case.get("h", 1e-5)
        apart = [np.linalg.norm(call.args[0] - x) for call in run.calls if call.name == name and
                 np.shape(call.args[0]) == x.shape]  # fmt: skip
        apart = [distance for distance in apart if distance]
        if not apart or not max(apart) <= 1.01 * min(apart) or 0.99 < apart[0] / h < 1.01:
            return None
        return f"{name} is asked {apart[0]:.3g} away from x, and h is {h:.3g}."

    return clue


def times(count):
    return "once" if count == 1 else f"{count} times"


def counted(count, thing):
    return f"{count} {thing}{'s' * (count != 1)}"


def listed(sizes):
    return ", ".join(map(str, sizes[:8])) + (", ..." if len(sizes) > 8 else "")


def alike(results):
    """Return which of some results are equal: for each the place of the first that is."""
    return [results.index(one) for one in results]


def order_from_rng(seeds, orders):
    """Say what is wrong with orders that were drawn from generators of these seeds, if anything is."""
    pairs = list(zip(alike(seeds), alike(orders), strict=True))
    same, differs = all(a >= b for a, b in pairs), all(a <= b for a, b in pairs)
    if not same:
        return "two generators with the same seed give different orders."
    return None if differs else "two generators with different seeds give the same order."
