"""Forged, broken, endless and missing messages on whatever the runner talks through."""

from tests.grading.attacks import code, notebook

OPEN = '''
import socket, stat

def channels():
    """Every open descriptor that is not a file: pipes, sockets."""
    found = []
    for fd in range(3, 1024):
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            continue
        if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode):
            found.append(fd)
    return found
'''

IMPERSONATE = '''
import gc, json, struct
import numpy as np
from gdcourse.grading.sandbox import runner
from gdcourse.grading.sandbox.wire import Channel, encode

channel = runner.CHANNEL

def speak(*message):
    channel.send(*message)

def raw(text, behind=b""):
    channel.socket.sendall(struct.pack("!II", len(text), len(behind)) + text + behind)

def questions():
    """Take over from the runner: yield what the judge asks."""
    channel.send("ran", [], True, False, False)
    while True:
        yield channel.receive()
'''


def _on_channels(name, tries, source, **rest):
    return code(name, tries, OPEN + source, **rest)


def _impersonating(name, tries, source, **rest):
    return code(name, tries, IMPERSONATE + source, **rest)


@notebook("endless-forged-outputs", "answers for the runner, with all the output that fits into each of its many cells")
def forged(case):
    case.cells("solution")[0]["source"] += IMPERSONATE + """
picture = b"\\x89PNG\\r\\n\\x1a\\n" + bytes(20_000_000)
for question in questions():
    if question[0] == "run":
        shown = [["stream", "stdout", "x" * 7_000_000], ["display", {"image/png": picture}, None]]
        channel.send("ran", shown, True, False, False)
    elif question[0] == "look":
        channel.send("looked", [[True, True, "__main__", None, "f"] for _ in question[1]])
    else:
        channel.send("observed", [[0.0, {}, None, "x" * 5_000_000]] + [[0.0, {}, None, ""]] * (question[3] - 1))
"""
    extra = {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [], "execution_count": None}
    case.book["cells"] += [{**extra, "id": f"more-{n}"} for n in range(200)]


ATTACKS = (
    forged,
    _impersonating("runner-impersonated", "answers every question of the judge in the runner's place, with forged runs",
                   """
for question in questions():
    if question[0] == "run":
        channel.send("ran", [["result", {"text/plain": "5"}, None]], True, False, False)
    elif question[0] == "look":
        channel.send("looked", [[True, True, "__main__", None, "f"] for _ in question[1]])
    elif question[0] == "observe":
        cases = []
        for _ in range(question[3]):
            channel.send("next")
            cases.append(channel.receive()[1])
        forged = {"spectral_step": (1.0, 2.0, 0.0), "standardize": (np.ones(3),) * 3}.get(question[1][0], 1.0)
        channel.send("observed", [[forged, case, None, "ok"] for case in cases])
"""),
    _impersonating("rows-missing", "answers with fewer, more and other runs than there are cases",
                   """
turn = 0
for question in questions():
    turn += 1
    if question[0] == "look":
        channel.send("looked", [] if turn % 5 == 0 else [[True, True, "__main__", None, "f"] for _ in question[1]])
    elif question[0] == "observe":
        runs = [[[], [], [], []], [[0.0, None, None, ""]] * question[3], [[0.0, {}, ["raised", "", "", ""], ""]] * 99]
        channel.send("observed", runs[turn % 3])
    else:
        channel.send("ran", [], True, False, False)
"""),
    _impersonating("arguments-missing", "answers as if there had been no arguments, or others",
                   """
for question in questions():
    if question[0] == "look":
        channel.send("looked", [[True, True, "__main__", None, "f"] for _ in question[1]])
    elif question[0] == "observe":
        channel.send("observed", [[(1.0, 1.0, 1.0), None, None, ""]] * question[3])
    else:
        channel.send("ran", [], True, False, False)
"""),
    _impersonating("keys-that-collide", "sends a dictionary whose keys are all at home in the same place of a table",
                   """
keys = ",".join(f"[{n * (2**61 - 1)},1]" for n in range(1, 250_000))
channel.send("ran", [], True, False, False)
raw(f'["looked",{{"d":[{keys}]}}]'.encode())
channel.receive()
"""),
    _impersonating("empty-but-long", "sends an array of nothing that is five hundred thousand million rows long",
                   """
def attack(name, *args):
    return np.zeros((1 << 39, 0))
"""),
    _impersonating("garbled-numbers", "sends bytes that are no numbers: booleans that are 7, long doubles of no value",
                   """
kinds = ["?", "<f16", "|b1", "<c32", "<f2", ">f8"]
turn = 0
for question in questions():
    turn += 1
    if question[0] == "look":
        channel.send("looked", [[True, True, "__main__", None, "f"] for _ in question[1]])
    elif question[0] == "observe":
        kind = kinds[turn % len(kinds)]
        behind = b"\\x07\\x80\\xff\\x01" * 12 * question[3]
        rows = [[{"t": [{"a": [kind, 48 // np.dtype(kind).itemsize]}]}, {"d": []}, None, ""]] * question[3]
        raw(json.dumps(["observed", rows]).encode(), behind)
    else:
        channel.send("ran", [], True, False, False)
"""),
    _impersonating("whole-numbers-without-end", "answers with whole numbers of two thousand digits",
                   """
def attack(name, *args):
    return (args[1], 10**2000, "converged") if name == "run_until" else 10**2000
"""),
    _impersonating("oracle-hoard", "asks the oracle for large arrays as often as it may, which the judge keeps",
                   """
big = np.zeros(400_000)

def attack(name, *args):
    for f in args:
        if callable(f):
            for _ in range(20_000):
                f(big)
    return 0.0
""", endless=True),
    _impersonating("oracle-broadcast", "asks the oracle for shapes that grow when they meet its own",
                   """
def attack(name, *args):
    for f in args:
        if callable(f):
            for shape in ((500_000, 1), (1, 500_000), (700, 700), (80, 80, 80), (1,) * 14 + (400_000,), (0, 1 << 39)):
                for _ in range(5):
                    try:
                        f(np.ones(shape))
                    except Exception:
                        pass
    return 0.0
"""),
    _on_channels("frames-forged", "writes replies of its own on every open channel, before anyone asks",
                 """
import json, struct

def attack(name, *args):
    for body in ({"scores": {name: 5}, "passed": True, "status": "graded"}, {"type": "runs", "runs": []}, [], None,
                 {"output": [0.5, 0.5, 0.5], "problem": None, "calls": [], "after": {}, "printed": ""}):
        text = json.dumps(body).encode()
        for head in ("<I", ">I", "<Q", ">Q"):
            for fd in channels():
                try:
                    os.write(fd, struct.pack(head, len(text)) + text)
                except OSError:
                    pass
    return 0.0
"""),
    _on_channels("frame-of-2-gb", "announces a message of two thousand million bytes",
                 """
import struct

def attack(name, *args):
    for fd in channels():
        for head in ("<I", ">I", "<Q", ">Q"):
            try:
                os.write(fd, struct.pack(head, 2**31 - 1))
            except OSError:
                pass
    return 0.0
"""),
    _on_channels("frame-of-negative-size", "announces messages of all sizes that are none",
                 """
def attack(name, *args):
    for fd in channels():
        try:
            os.write(fd, b"\\xff" * 64)
            os.write(fd, b"\\x00" * 4096)
            os.write(fd, b"\\x80" + b"\\x00" * 15)
        except OSError:
            pass
    return 0.0
"""),
    _on_channels("deep-json", "sends JSON a hundred thousand brackets deep, and numbers of a million digits",
                 """
import struct
text = b"[" * 100_000 + b"]" * 100_000
digits = b'{"n": ' + b"9" * 1_000_000 + b"}"

def attack(name, *args):
    for fd in channels():
        os.set_blocking(fd, False)
        for body in (text, digits):
            for head in ("<I", ">I", "<Q", ">Q"):
                try:
                    os.write(fd, struct.pack(head, len(body)) + body)
                except OSError:
                    pass
    return 0.0
"""),
    _on_channels("wrong-dtypes", "sends arrays that claim to be objects, records and of impossible shapes",
                 """
import json, struct

def attack(name, *args):
    for dtype in ("O", "|O8", "V1000000000", "<f8,<i4", "M8[ns]", "U99999999", "", "os.system('true')"):
        for shape in ([3], [-1], [2**62, 2**62], ["a"], 7, [[]]):
            head = {"dtype": dtype, "shape": shape, "array": 0, "output": {"array": [dtype, shape]}}
            text = json.dumps(head).encode()
            for fd in channels():
                os.set_blocking(fd, False)
                try:
                    os.write(fd, struct.pack("<I", len(text)) + text + b"\\x00" * 24)
                    os.write(fd, struct.pack(">I", len(text)) + text + b"\\x00" * 24)
                except OSError:
                    pass
    return 0.0
"""),
    _on_channels("channel-flooded", "writes to every channel without end",
                 """
def attack(name, *args):
    block = b"{" * 65536
    while True:
        for fd in channels():
            try:
                os.write(fd, block)
            except OSError:
                pass
""", endless=True, unsafe="it writes to the kernel's own sockets without end"),
    _on_channels("byte-by-byte", "answers one byte a second, always alive",
                 """
import struct, time

def attack(name, *args):
    for byte in struct.pack("<I", 200) + b" " * 200:
        for fd in channels():
            try:
                os.write(fd, bytes([byte]))
            except OSError:
                pass
        time.sleep(1)
""", endless=True),
    _on_channels("never-answers", "takes the questions and answers none of them",
                 """
import threading

def attack(name, *args):
    for fd in channels():
        try:
            while os.read(fd, 65536):
                pass
        except OSError:
            pass
    threading.Event().wait()
""", endless=True),
    _on_channels("channels-closed", "closes every descriptor there is",
                 """
def attack(name, *args):
    os.closerange(0, 4096)
    return 0.0
"""),
    _on_channels("channels-shut", "shuts the sockets down in one direction, then the other",
                 """
import socket

def attack(name, *args):
    for fd in channels():
        try:
            copy = socket.socket(fileno=os.dup(fd))
            copy.shutdown(socket.SHUT_RD)
            copy.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    return 0.0
"""),
    _on_channels("channels-exchanged", "puts a socket of its own, with answers in it, where the runner's was",
                 """
import socket

def attack(name, *args):
    try:
        ours, theirs = socket.socketpair()
    except OSError:
        ours, theirs = (None, None)
    for fd in channels():
        try:
            os.dup2(theirs.fileno() if theirs else 2, fd)
        except OSError:
            pass
    if ours:
        ours.send(b'{"passed": true}' * 1000)
    return 0.0
"""),
    _on_channels("descriptors-sent", "sends descriptors of its own over the socket, hundreds at a time",
                 """
import array, socket

def attack(name, *args):
    folder = os.open("/", os.O_RDONLY)
    for fd in channels():
        try:
            channel = socket.socket(fileno=os.dup(fd))
            for _ in range(20):
                channel.sendmsg([b"{}"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [folder] * 200))],
                                socket.MSG_DONTWAIT)
        except OSError:
            pass
    return 0.0
"""),
    _on_channels("descriptors-read", "reads what lies in any descriptor: other jobs, other sockets",
                 """
import array, socket

for fd in channels():
    try:
        channel = socket.socket(fileno=os.dup(fd))
        data, rest, *_ = channel.recvmsg(65536, socket.CMSG_SPACE(400), socket.MSG_DONTWAIT | socket.MSG_PEEK)
        if b"canary" in data or b"neighbour" in data:
            tell("a socket held", data[:100])
        if rest:
            tell("a socket held descriptors", rest)
    except OSError:
        pass
for fd in range(3, 256):
    try:
        path = os.readlink(f"/proc/self/fd/{fd}")
        print(fd, path)
        if path.endswith((".db", ".jsonl", ".ipynb")):
            tell("open file", path)
    except OSError:
        pass
"""),
    _on_channels("outputs-by-the-million", "sends a million small outputs",
                 """
for _ in range(1_000_000):
    print("a")
    sys.stdout.flush()
""", endless=True),
)  # fmt: skip
