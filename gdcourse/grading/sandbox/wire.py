"""Messages between a judge and the process a submission runs in: JSON with raw arrays behind it, on a socket.

A message is a list of plain values: None, booleans, numbers, text, bytes, NumPy arrays and scalars of numbers, and
lists, tuples and dictionaries of these. What a judge sends may also hold an `Oracle`, which arrives as a stub that asks
back, and an `Rng`. Nothing is ever pickled. Whatever a judge receives is hostile until `decode` has been over it: the
sizes are capped before anything is made of them, and what does not fit raises `WireError`, nothing else.
"""

import json
import math
import struct
import time
from typing import NamedTuple

import numpy as np

from gdcourse.checks.exercise import Oracle, Rng
from gdcourse.checks.values import Opaque

LENGTHS = struct.Struct("!II")  # of the JSON, of the bytes behind it
DTYPES = frozenset(np.dtype(kind).str for kind in "?bBhHiIlLqQefdFDg") | {np.dtype("G").str}
EMPTY = 1 << 12  # rows that an array without a number may have
KEY = 1 << 31  # larger whole numbers can be chosen so that all are at home in one place of a table
DEPTH = 24
TICK = 0.1  # seconds after which a receiver that waits looks at its clocks


class WireError(Exception):
    """Bytes that are no message, or more of them than were allowed."""


class TooLarge(WireError):
    """More than was allowed."""


class Limits(NamedTuple):
    """How large a message may be: its JSON and its raw part in bytes, and the number of values in it."""

    text: int = 8 << 20
    raw: int = 64 << 20
    values: int = 300_000


DEFAULT = Limits()


def encode(message, oracles=None):
    """Return a message as bytes. An Oracle in it is appended to the list of oracles, and arrives as its number."""
    raw = []
    tree = _pack(message, raw, oracles, DEPTH)
    text, behind = json.dumps(tree, separators=(",", ":")).encode("ascii"), b"".join(raw)
    return LENGTHS.pack(len(text), len(behind)) + text + behind


def _pack(value, raw, oracles, depth):
    kind = type(value)
    if value is None or kind in (bool, float):
        return value
    if kind is int:
        return value if value.bit_length() < 8192 else {"o": "very large int"}
    if kind is str:
        return value
    if not depth:
        return {"o": kind.__name__}
    if kind is list:
        return [_pack(item, raw, oracles, depth - 1) for item in value]
    if kind is dict:
        return {"d": [[_key(k), _pack(v, raw, oracles, depth - 1)] for k, v in value.items()]}
    if kind is bytes:
        raw.append(value)
        return {"b": len(value)}
    if kind is complex:
        return {"c": [value.real, value.imag]}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufc":
        value = value.astype(value.dtype.newbyteorder("="), copy=False)
        raw.append(value.tobytes())
        return {"a": [value.dtype.str, *value.shape]} if isinstance(value, np.ndarray) else {"s": value.dtype.str}
    if kind is Opaque:
        return {"o": str(value.kind)[:80]}
    if kind is Rng:
        return {"r": value.seed}
    if kind is Oracle and oracles is not None:
        oracles.append(value)
        return {"f": [len(oracles) - 1, value.name, value.takes, value.limit]}
    if isinstance(value, tuple):
        return {"t": [_pack(item, raw, oracles, depth - 1) for item in value]}
    return {"o": kind.__name__[:80]}


def _key(key):
    return key if type(key) is int and abs(key) < KEY else str(key)


def decode(text, raw, ask=None, limits=DEFAULT):
    """Return the message of a frame's two parts.

    Args: ask: a function number, arguments -> result for the oracles in it; without one, neither oracles nor
        generators are accepted, as is right for what comes from a submission.
    Raises: WireError, and nothing else.
    """
    try:
        left = _Unpacking(memoryview(raw), ask, limits.values)
        message = left.value(json.loads(text, parse_constant=float), DEPTH + 2)
        if left.at != len(raw):
            raise WireError("bytes are left over")
        if type(message) is not list or not message or type(message[0]) is not str:
            raise WireError("a message begins with a word")
        return message
    except WireError:
        raise
    except Exception as error:  # whatever JSON or NumPy object to
        raise WireError(f"{type(error).__name__}: {str(error)[:100]}") from None


class _Unpacking:
    """Turns a parsed tree into values, taking the arrays from the bytes behind it in order."""

    def __init__(self, raw, ask, values):
        self.raw, self.ask, self.values, self.at = raw, ask, values, 0

    def take(self, length):
        if type(length) is not int or not 0 <= length <= len(self.raw) - self.at:
            raise WireError("an array is longer than what was sent")
        self.at += length
        return self.raw[self.at - length : self.at]

    def array(self, dtype, shape):
        if dtype not in DTYPES or len(shape) > 16 or not all(type(n) is int and 0 <= n < 1 << 40 for n in shape):
            raise WireError("not an array of numbers")
        if 0 in shape and math.prod(n or 1 for n in shape) > EMPTY:
            raise WireError("an array of nothing that is too long")
        dtype = np.dtype(dtype)
        return np.frombuffer(self.take(math.prod(shape) * dtype.itemsize), dtype).reshape(shape).copy()

    def value(self, tree, depth):
        self.values -= 1
        if self.values < 0 or not depth:
            raise TooLarge("too many values")
        kind = type(tree)
        if kind is list:
            return [self.value(item, depth - 1) for item in tree]
        if kind is not dict:
            return tree
        if len(tree) != 1:
            raise WireError("not a tagged value")
        ((tag, body),) = tree.items()
        if tag == "a":
            return self.array(body[0], body[1:])
        if tag == "s":
            return self.array(body, ())[()]
        if tag == "t" and type(body) is list:
            return tuple(self.value(item, depth - 1) for item in body)
        if tag == "d" and type(body) is list:
            if not all(type(key) is str or (type(key) is int and abs(key) < KEY) for key, _ in body):
                raise WireError("a key must be text or a whole number")
            return {key: self.value(item, depth - 1) for key, item in body}
        if tag == "c":
            return complex(*map(float, body))
        if tag == "b":
            return bytes(self.take(body))
        if tag == "o" and type(body) is str:
            return Opaque(body[:80])
        if self.ask and tag == "r":
            return Rng(body)
        if self.ask and tag == "f":
            number, name, takes, limit = body
            return Oracle(name, lambda *args: self.ask(number, args), takes=takes, limit=limit)
        raise WireError("an unknown kind of value")


class Channel:
    """One end of a socket that carries messages.

    limits: of what is received; size: of the last message, in bytes. watch: called every TICK seconds of waiting, so
    that it can raise when time is up.
    """

    def __init__(self, socket, limits=DEFAULT, ask=None, watch=None):
        self.socket, self.limits, self.ask, self.watch, self._came = socket, limits, ask, watch, bytearray()
        self.size = 0
        socket.settimeout(TICK if watch else None)

    def send(self, *message, oracles=None):
        left = memoryview(encode(list(message), oracles))
        if not self.watch:
            self.socket.sendall(left)  # as one step, which no exception cuts in two
            return
        while left:
            try:
                left = left[self.socket.send(left) :]
            except TimeoutError:
                self.watch()

    def receive(self, limits=None):
        """Return the next message. Raises: EOFError if there will be none, WireError, and what watch raises."""
        limits, came = limits or self.limits, self._came
        if self.watch:
            self.watch()  # an endless row of messages does not hold up the clock either
        self._fill(LENGTHS.size)
        text, raw = LENGTHS.unpack_from(came)
        if text > limits.text or raw > limits.raw:
            raise TooLarge(f"a message of {text + raw:,} bytes")
        self._fill(end := LENGTHS.size + text + raw)
        frame = bytes(came[LENGTHS.size : end])
        del came[:end]
        self.size = text + raw
        return decode(frame[:text], frame[text:], self.ask, limits)

    def _fill(self, length):
        looked = time.monotonic()
        while len(self._came) < length:
            try:
                part = self.socket.recv(1 << 20 if length > 1 << 16 else 1 << 16)
            except TimeoutError:
                part = None
            except ConnectionError:
                raise EOFError from None
            if part == b"":
                raise EOFError
            if part:
                self._came += part
            if self.watch and time.monotonic() - looked > TICK:  # a drip of bytes does not hold up the clock
                self.watch()
                looked = time.monotonic()

    def close(self):
        self.socket.close()
