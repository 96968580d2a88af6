"""What a submission's process says came out of a cell, made anew from what may be believed."""

import base64
import builtins
import re

from gdcourse.grading.running.pictures import picture
from gdcourse.grading.sandbox.wire import WireError

ERASED = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-_]?|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

OTHERS = "LinAlgError", "AxisError", "StdinNotImplementedError", "UsageError"
DOTS = 100_000_000  # in all pictures of a notebook: a browser takes four bytes for each


class Room:
    """How much output there may still be: characters of text, bytes of pictures, and dots in them."""

    def __init__(self, text, pictures):
        self.text, self.pictures, self.dots, self.refused = text, pictures, DOTS, False

    def take(self, outputs):
        """Make room for a cell's outputs. Raises: WireError if they are more than the runner can have let through."""
        for output in outputs:
            data = output.get("data", {})
            self.pictures -= len(data.get("image/png", "")) * 3 // 4 - 4
            self.text -= len(data.get("text/plain", "")) + len(output.get("text", "")) + len(output.get("evalue", ""))
            self.text -= sum(map(len, output.get("traceback", [])))
        if min(self.text, self.pictures) < 0 or len(outputs) > 2000:
            raise WireError("more output than the runner lets through")


def made_anew(outputs, count, room):
    """Return a cell's outputs as nbformat has them. count: the cell's execution count; room: for pictures."""
    made = []
    for output in outputs if type(outputs) is list else []:
        match output:
            case ["stream", "stdout" | "stderr" as name, str(text)]:
                made.append({"output_type": "stream", "name": name, "text": clean(text)})
            case ["error", str(name), str(value), list(lines)]:
                name = " ".join(clean(name).split())[:200]
                made.append({"output_type": "error", "ename": name, "evalue": clean(value),
                             "traceback": [clean(line) for line in lines if type(line) is str]})
            case ["display" | "result" as kind, dict(data), _]:
                kept = rich(data, room)
                if kept:
                    counted = {"execution_count": count} if kind == "result" else {}
                    kind = "execute_result" if counted else "display_data"
                    made.append({"output_type": kind, "data": kept, "metadata": {}, **counted})
    return made


def rich(data, room):
    """Return of a rich output's data what is text or truly a PNG picture that there is room for."""
    kept = {}
    if type(data.get("text/plain")) is str:
        kept["text/plain"] = clean(data["text/plain"])
    png = data.get("image/png")
    made = picture(png) if type(png) is bytes and room.dots > 0 else None
    if png is not None:
        room.refused = room.refused or made is None
    if made:
        room.dots -= made[1]
        kept["image/png"] = base64.b64encode(made[0]).decode() + "\n"
    return kept


def known(name):
    """Tell whether the name of an exception is one of Python's or NumPy's, and not a sentence of the student's."""
    return isinstance(getattr(builtins, name, None), type) or name in OTHERS


def clean(text):
    """Return text without escape sequences, control characters, or halves of characters."""
    return ERASED.sub("", text.replace("\r\n", "\n")).encode("utf-8", "replace").decode()
