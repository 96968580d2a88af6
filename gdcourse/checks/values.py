"""Plain values: what may pass between a student's function and its judge, and how to compare and show it.

Plain are None, booleans, numbers, text, NumPy arrays of numbers, and tuples, lists and dictionaries of these.
Everything else a function may return becomes an `Opaque` that remembers only what it was called.
"""

import math
from typing import NamedTuple

import numpy as np

LINE = 68  # characters of a value that still read well inside a sentence
LONG = {"g": float, "G": complex}  # numbers longer than Python's, by NumPy's letter
SHOWN = 100  # items of a list or dictionary that anybody reads


class Opaque(NamedTuple):
    """Something that is not plain data: a generator, a function, a figure."""

    kind: str


def snapshot(value, depth=8):
    """Return a plain copy of a value that later changes cannot reach."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.generic):
        if value.dtype.char in LONG:  # whose item() is itself
            return LONG[value.dtype.char](value)
        return snapshot(value.item(), depth) if value.dtype.kind in "biufcU" else Opaque(type(value).__name__)
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "biufc":  # a plain ndarray, whatever subclass came
            return np.array(value, dtype=LONG.get(value.dtype.char, value.dtype))
        return value.tolist() if value.dtype.kind == "U" else _of_objects(value)
    if depth and isinstance(value, tuple):
        return tuple(snapshot(item, depth - 1) for item in value)
    if depth and isinstance(value, list):
        return [snapshot(item, depth - 1) for item in value]
    if depth and isinstance(value, dict):
        return {_key(k): snapshot(item, depth - 1) for k, item in value.items()}
    if isinstance(value, str):  # a subclass, as of Enum: the plain part, whatever it calls itself
        return str.__str__(value)
    if isinstance(value, int | float):
        return int.__int__(value) if isinstance(value, int) else float.__float__(value)
    return Opaque(type(value).__name__) if not isinstance(value, complex) else complex(value)


def _key(key):
    return snapshot(key) if isinstance(key, int | str | np.integer) else str(key)


def _of_objects(array):
    """Return an array that says it is of objects as one of numbers, if that is what they are."""
    try:
        numbers = np.array(array.tolist())
    except ValueError:
        numbers = array
    return snapshot(numbers) if numbers.dtype.kind in "biufc" else Opaque("numpy array of objects")


def is_number(value):
    """Tell whether a value is a number: also one that was taken out of an array, of whatever precision."""
    return isinstance(value, int | float | complex | np.number) and not isinstance(value, bool)


def describe(value):
    """Say in a few words what kind of thing a plain value is, with its shape."""
    if value is None:
        return "None"
    if isinstance(value, Opaque):
        return f"{_article(value.kind)} {value.kind}"
    if isinstance(value, bool):
        return "True or False"
    if isinstance(value, complex | np.complexfloating):
        return "a complex number"
    if is_number(value):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, np.ndarray):
        kind = {"c": " of complex numbers", "b": " of True and False"}.get(value.dtype.kind, "")
        return f"an array of shape {value.shape}{kind}" if value.ndim else "a number"
    if isinstance(value, dict):
        keys = [repr(key) if len(str(key)) <= LINE else f"{str(key)[:LINE]!r}..." for key in list(value)[:8]]
        return "a dictionary with " + (", ".join(keys + ["..."] * (len(value) > 8)) or "nothing in it")
    if not isinstance(value, tuple | list):
        return f"a {type(value).__name__}"
    return f"a {type(value).__name__} of {len(value)}" if value else f"an empty {type(value).__name__}"


def _article(word):
    return "an" if word[:1].lower() in "aeiou" else "a"


def conform(value, like, path=""):
    """Cast a value to the structure of another, or say where it does not fit.

    A list will do for an array, an array for a tuple, 691.0 for 691: what counts is what unpacking it would give.

    Returns: (value, None), or (None, (path, what came, what was expected)).
    """
    if isinstance(value, Opaque):  # which is a tuple
        return None, (path, describe(value), describe(like))
    if isinstance(like, np.ndarray) and like.ndim:
        fits, value = _as_array(value, like)
    elif isinstance(like, tuple | list | dict):
        items = list(value) if isinstance(value, np.ndarray) and value.ndim else value
        if isinstance(like, dict):
            fits = isinstance(items, dict) and set(items) == set(like)
        else:
            fits = isinstance(items, tuple | list) and len(items) == len(like)
        if fits:
            return _conform_items(items, like, path)
    else:
        value, like = (x.item() if isinstance(x, np.ndarray) and not x.ndim else x for x in (value, like))
        if is_number(like):
            fits = is_number(value) and (isinstance(like, complex) or not isinstance(value, complex))
        else:
            fits = type(value) is type(like)
    return (value, None) if fits else (None, (path, describe(value), describe(like)))


def _as_array(value, like):
    if isinstance(value, list | tuple):
        try:
            value = np.array(value)
        except ValueError:
            return False, value
    fits = isinstance(value, np.ndarray) and value.shape == like.shape
    return fits and value.dtype.kind in {"b": "b", "c": "iufc"}.get(like.dtype.kind, "iuf"), value


def _conform_items(value, like, path):
    items = {}
    for key in like if isinstance(like, dict) else range(len(like)):
        items[key], misfit = conform(value[key], like[key], f"{path}[{key!r}]")
        if misfit:
            return None, misfit
    return (items if isinstance(like, dict) else type(like)(items.values())), None


def same(a, b, rtol=1e-7, atol=1e-12):
    """Tell whether two plain values agree; an array within rtol of its largest entry, whole numbers exactly."""
    return first_difference(a, b, rtol, atol) is None


def first_difference(a, b, rtol=1e-7, atol=1e-12, path=()):
    """Return (path, a's part, b's part) where two plain values first disagree, or None if they agree."""
    a, b = (snapshot(x) if isinstance(x, np.generic) else x for x in (a, b))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape != b.shape:
            return path, a, b
        agree = _close(a, b, rtol, atol)
        if np.all(agree):
            return None
        index = tuple(int(i) for i in np.argwhere(~agree)[0]) if a.ndim else ()
        return (*path, *([index] if index else [])), a[index].item(), b[index].item()
    if is_number(a) and is_number(b):
        return None if _close(a, b, rtol, atol) else (path, a, b)
    if isinstance(a, tuple | list) and isinstance(b, tuple | list) and len(a) == len(b):
        pairs = ((index, a[index], b[index]) for index in range(len(a)))
    elif isinstance(a, dict) and isinstance(b, dict) and set(a) == set(b):
        pairs = ((key, a[key], b[key]) for key in b)
    else:
        return None if type(a) is type(b) and not isinstance(a, np.ndarray) and a == b else (path, a, b)
    return next((d for key, x, y in pairs if (d := first_difference(x, y, rtol, atol, (*path, key)))), None)


def _close(a, b, rtol, atol):
    """Compare elementwise, NaN being equal to NaN; a difference is held against the largest entry of b."""
    whole = all(isinstance(x, int) or (isinstance(x, np.ndarray) and x.dtype.kind in "iub") for x in (a, b))
    if whole:
        return np.equal(a, b)
    if isinstance(b, int) and isinstance(a, float):
        return a == b
    a, b = np.asarray(a), np.asarray(b)
    finite = np.isfinite(b)
    scale = np.max(np.abs(b), initial=0.0, where=finite)
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= atol + rtol * scale
        return np.where(finite & np.isfinite(a), near, (a == b) | (np.isnan(a) & np.isnan(b)))


def is_real_evidence(value, right):
    """Tell whether a wrong value holds, where the right one differs, a number that two programs do not share by chance.

    Such a number is finite and not whole.
    """
    if same(value, right):
        return False
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        alike = isinstance(right, np.ndarray) and right.shape == value.shape
        wrong = ~_close(value, right, 1e-7, 1e-12) if alike else True
        return bool(np.any(np.isfinite(value) & (value != np.round(value)) & wrong))
    if isinstance(value, float):
        return math.isfinite(value) and value != round(value)
    if isinstance(value, dict):
        value, right = list(value.values()), list(right.values()) if isinstance(right, dict) else right
    if not isinstance(value, tuple | list):
        return False
    alike = isinstance(right, tuple | list) and len(right) == len(value)
    return any(map(is_real_evidence, value, right if alike else [None] * len(value)))


def has_nan(value):
    """Tell whether there is a NaN anywhere in a plain value."""
    if isinstance(value, tuple | list | dict):
        return any(map(has_nan, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float | complex | np.ndarray) and bool(np.any(value != value))


def numbers(value):
    """Return all real numbers of a plain value as a flat list, or None if there is anything else in it."""
    if isinstance(value, np.ndarray):
        return [float(x) for x in value.ravel()] if value.dtype.kind in "iuf" else None
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        parts = [numbers(item) for item in value]
        return None if None in parts else [x for part in parts for x in part]
    return [float(value)] if is_number(value) and not isinstance(value, complex) else None


def size(value):
    """Return how much there is to read in a value: numbers, and the digits they need."""
    if isinstance(value, np.ndarray):
        return 4 + sum(len(show(x)) for x in value.ravel()[:200].tolist()) + value.size
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return 1 + sum(map(size, value))
    return len(show(value))


def show(value, digits=5):
    """Write a plain value on one line, the way a student would type it, shortened if it is long."""
    if isinstance(value, np.generic):
        value = snapshot(value)
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, Opaque):
        return describe(value)
    if isinstance(value, float):
        text = f"{value + 0.0:.{digits}g}"  # 0.0 for -0.0
        return text if not text.lstrip("-").isdigit() else text + ".0"
    if isinstance(value, complex | int):
        return f"{value:.{digits}g}" if isinstance(value, complex) else str(value)
    if isinstance(value, str):
        return repr(value) if len(value) <= LINE else repr(value[:LINE]) + "..."
    if isinstance(value, np.ndarray):
        text = show(value.tolist(), digits).replace(".0,", ",").replace(".0]", "]") if value.size <= 40 else ""
        return text if text and len(text) <= LINE else f"an array of shape {value.shape}"
    if isinstance(value, tuple | list):
        inside = ", ".join([show(item, digits) for item in value[:SHOWN]] + ["..."] * (len(value) > SHOWN))
        if len(inside) > LINE and all(isinstance(item, np.ndarray) for item in value):
            return f"{len(value)} arrays, the first of shape {value[0].shape}"
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        items = [f"{show(key)}: {show(item, digits)}" for key, item in list(value.items())[:SHOWN]]
        return "{" + ", ".join(items + ["..."] * (len(value) > SHOWN)) + "}"
    return describe(value)


def show_apart(a, b):
    """Write two different values with just enough digits to tell them apart."""
    for digits in (5, 8, 12, 17):
        if (texts := (show(a, digits), show(b, digits)))[0] != texts[1]:
            break
    return texts
