"""Messages arrive as they were sent, and whatever else arrives is refused: bounded, and with one kind of error."""

import json
import math
import os
import socket
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gdcourse.checks.exercise import Oracle, Rng
from gdcourse.checks.values import Opaque
from gdcourse.grading.sandbox.wire import LENGTHS, Channel, Limits, TooLarge, WireError, decode, encode

numbers = st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
dtypes = st.sampled_from(["f8", "f4", "f2", "g", "i8", "u1", "?", "c16"])
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, min_side=0))
plain = st.recursive(
    numbers | arrays | st.builds(np.float64, st.floats()) | st.builds(np.int32, st.integers(-9, 9)),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple)
    | st.dictionaries(st.text() | st.integers(-(2**31) + 1, 2**31 - 1), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["a", "s", "t", "d", "c", "b", "o", "r", "f", "x"]), inner, max_size=2),
    max_leaves=20,
)  # fmt: skip


def alike(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(alike, a.values(), b.values()))
    return repr(a) == repr(b)


def parts(frame):
    text, raw = LENGTHS.unpack_from(frame)
    body = frame[LENGTHS.size :]
    assert len(body) == text + raw
    return body[:text], body[text:]


@given(plain)
@settings(max_examples=300)
def test_what_is_sent_arrives(value):
    assert alike(decode(*parts(encode(["word", value]))), ["word", value])


def test_types_that_are_no_plain_values_arrive_as_their_names():
    class Odd:
        pass

    sent = ["word", Odd(), np.array([object()]), 10**5000, Opaque("generator"), np.array(["a"])]
    names = "Odd", "ndarray", "very large int", "generator", "ndarray"
    assert decode(*parts(encode(sent))) == ["word", *map(Opaque, names)]
    loop = []
    loop.append(loop)
    assert "list" in repr(decode(*parts(encode(["word", loop]))))


def test_an_array_of_the_other_byte_order_has_the_same_numbers():
    (came,) = decode(*parts(encode(["word", np.array([1.5, 2.0], ">f8")])))[1:]
    assert came.tolist() == [1.5, 2.0] and came.dtype == np.float64


def test_oracles_and_generators_go_in_only():
    oracles = []
    frame = encode(["case", {"f": [Oracle("f", abs, takes=2, limit=7)], "rng": Rng(5)}], oracles)
    assert oracles[0].function is abs
    asked = []
    _, case = decode(*parts(frame), ask=lambda number, args: asked.append((number, args)) or 3.0)
    assert case["rng"] == Rng(5)
    assert (case["f"][0].name, case["f"][0].takes, case["f"][0].limit) == ("f", 2, 7)
    assert case["f"][0].function(1, 2) == 3.0 and asked == [(0, (1, 2))]
    with pytest.raises(WireError):
        decode(*parts(frame))
    with pytest.raises(WireError):
        decode(*parts(encode(["case", Rng(5)])))


@given(trees, st.binary(max_size=40))
@settings(max_examples=500)
def test_hostile_trees_raise_one_kind_of_error(tree, raw):
    try:
        message = decode(json.dumps(["word", tree]).encode(), raw)
    except WireError:
        return
    assert message[0] == "word" and not any(isinstance(part, Oracle | Rng) for part in message)


@given(st.binary(max_size=200), st.binary(max_size=40))
@settings(max_examples=200)
def test_hostile_bytes_raise_one_kind_of_error(text, raw):
    with pytest.raises(WireError):
        decode(text + b"}", raw)


@pytest.mark.parametrize("text", [
    b'["word", {"a": ["<f8", 1000000000, 1000000000]}]',
    b'["word", {"a": ["<f8", -1, -8]}]',
    b'["word", {"a": ["|O", 1]}]',
    b'["word", {"a": ["<M8[s]", 1]}]',
    b'["word", {"a": ["i8,i8", 0]}]',
    b'["word", {"b": -1}]',
    b'["word", {"b": true}]',
    b'["word", {"d": [[[1], 2]]}]',
    b'["word", {"d": [[true, 2]]}]',
    b'["word", {"t": "abc"}]',
    b'["word", {"c": ["a", {}]}]',
    b'["word", {"o": 5}]',
    b'["word", ' + b"9" * 6000 + b"]",
    b'["word", ' + b"[" * 100_000,
    b'["word", ' + b"[" * 100 + b"]" * 101,
    b'["word", {"f": [0, "f", 1, 1]}]',
    b'{"word": 1}', b"[]", b"[1]", b"5", b"",
])  # fmt: skip
def test_what_is_no_message_is_refused(text):
    with pytest.raises(WireError):
        decode(text, b"")


def test_bytes_left_over_and_too_many_values_are_refused():
    with pytest.raises(WireError, match="left over"):
        decode(b'["word"]', b"x")
    with pytest.raises(TooLarge):
        decode(b'["word",' + b"0," * 999 + b"0]", b"", limits=Limits(values=1000))


def pair(**keywords):
    ours, theirs = socket.socketpair()
    return Channel(ours, **keywords), Channel(theirs), theirs


def test_a_channel_carries_messages_and_notices_the_end():
    ours, theirs, _ = pair()
    big = np.arange(400_000.0)
    sender = threading.Thread(target=lambda: (theirs.send("a", big), theirs.send("b"), theirs.close()))
    sender.start()
    assert (ours.receive()[1] == big).all() and ours.receive() == ["b"]
    sender.join()
    with pytest.raises(EOFError):
        ours.receive()


def test_a_message_too_large_is_refused_before_it_is_read():
    ours, _, theirs = pair(limits=Limits(text=1000, raw=1000))
    theirs.sendall(LENGTHS.pack(2**32 - 1, 0))
    with pytest.raises(TooLarge):
        ours.receive()


@pytest.mark.parametrize("what", ["nothing", "a drip", "messages without end", "nobody reads"])
def test_whoever_waits_looks_at_the_clock(what):
    class Over(Exception):
        pass

    ends = time.monotonic() + 0.3

    def watch():
        if time.monotonic() > ends:
            raise Over

    ours, _, theirs = pair(watch=watch)
    stop = threading.Event()
    drops = {"a drip": LENGTHS.pack(10_000, 0), "messages without end": LENGTHS.pack(5, 0) + b'["a"]'}.get(what, b"")

    def pour():
        theirs.settimeout(0.1)
        while not stop.wait(0.01 if what == "a drip" else 0):
            try:
                theirs.send(drops)
            except OSError:
                pass

    pouring = threading.Thread(target=pour)
    if drops:
        pouring.start()
    with pytest.raises(Over):
        while True:
            if what == "nobody reads":
                ours.send(os.urandom(1 << 20))
            else:
                ours.receive()
    stop.set()
    if drops:
        pouring.join()
    assert time.monotonic() < ends + 2


def test_numbers_keep_every_bit():
    for number in (0.1, -0.0, 5e-324, 1.7976931348623157e308, math.pi, float("inf")):
        assert math.copysign(1, decode(*parts(encode(["w", number])))[1]) == math.copysign(1, number)
        assert decode(*parts(encode(["w", number])))[1] == number
