"""A question that checks itself: a choice or a number, and a sentence for each answer, the wrong ones most of all."""

import html
import math
import re

import traitlets

from gdcourse._validate import number
from gdcourse.widgets import translate
from gdcourse.widgets.base import Setting, Widget

NUMBER = re.compile(
    r"(?![-+]?[1-9]\d{0,2},\d{3}(?!\d))([-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?)\s*(%?)", re.ASCII
)
"""0.37, 0,37, 3.7e-1 or 37 %, but not 1,000, which is a thousand to one and one to another."""


def near_rule(given, wanted, tolerance):
    miss = given - wanted
    size = miss if miss > 0.0 else -miss
    found = 1.0 if size <= tolerance else 0.0
    return found


def _given(name, value):
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text, the answer as it was typed, got {value!r}")
    return value


def _height(content, letters):
    """Return the pixels a question takes where so many letters fit on a line, its longest sentence included."""

    def lines(text):
        return math.ceil(max(1, len(text)) / letters)

    asked = 21 * lines(content["prompt"]) + 8
    options = sum(20 * lines(label) + 10 for label in content["labels"]) if "labels" in content else 34
    return asked + options + 8 + 20 * max(map(lines, content["says"]))


class Question(Widget):
    """A question with a sentence for each answer.

    Args:
        prompt: the question, plain text.
        choices: {answer: sentence} for a choice; the first is the right one, and the page shows them in the order
            of their text, so that the place says nothing.
        right: the right number, for a number; says: its sentence; tolerance: how far off still counts.
        wrong: {number: sentence} for the mistakes one can foresee, each with the same tolerance;
        otherwise: the sentence for any other number.
    Raises: ValueError if it is neither one form nor the other, or a wrong answer cannot be told from the right one.
    Example:
        >>> ask = Question("What is 2 + 2?", right=4, says="Two pairs.", wrong={22: "That is one after the other."})
        >>> [ask.judge(text) for text in ("4", "22", "400 %", "5", "four")]
        [0, 1, 0, 2, -1]
    """

    kind = "question"
    given = Setting(_given, "")
    content = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, prompt="What is one half of one half?", choices=None, *, right=None, says="", tolerance=0.0,
                 wrong=None, otherwise="Not that. Think again, then look below.", given=""):  # fmt: skip
        if choices is None and right is None:
            choices = {"one quarter": "Half of it, and half again.", "one": "That is twice one half."}
        if (choices is None) == (right is None):
            raise ValueError("choices or right must be given, and not both: a choice or a number")
        if choices is not None:
            if len(choices) < 2:
                raise ValueError(f"choices must hold at least two answers, got {len(choices)}")
            content = {"prompt": prompt, "says": list(choices.values()), "labels": list(choices)}
        else:
            numbers = [number("right", right), *(number("wrong", value) for value in wrong or {})]
            tolerance = number("tolerance", tolerance)
            if any(abs(other - numbers[0]) <= tolerance for other in numbers[1:]):
                raise ValueError(f"wrong must differ from right = {right} by more than the tolerance {tolerance}")
            content = {"prompt": prompt, "says": [says, *(wrong or {}).values(), otherwise], "numbers": numbers,
                       "tolerance": tolerance}  # fmt: skip
        super().__init__(given=given)
        self.set_trait("content", content)
        self.room = tuple(f"0px + {_height(content, letters)}px" for letters in (84, 42))

    @classmethod
    def rules(cls):
        return translate.module(RULES={"near": near_rule})

    def judge(self, given):
        """Return which sentence an answer gets, 0 for the right one, or -1 where it is no answer yet."""
        if "labels" in self.content:
            return self.content["labels"].index(given) if given in self.content["labels"] else -1
        typed = NUMBER.fullmatch(given.strip().replace("−", "-"))
        value = float(typed[1].replace(",", ".")) / (100 if typed[2] else 1) if typed else math.nan
        if not math.isfinite(value):
            return -1
        for k, wanted in enumerate(self.content["numbers"]):
            if near_rule(value, wanted, self.content["tolerance"]) == 1.0:
                return k
        return len(self.content["says"]) - 1

    def answer(self, settings):
        return "judged", [[float(self.judge(_given("given", settings["given"])))]]

    def describe(self):
        return self.content["prompt"]

    def still(self):
        labels = sorted(self.content.get("labels", []))
        options = "".join(f"<li>{html.escape(label)}</li>" for label in labels)
        right = self.content["labels"][0] if labels else f"{self.content['numbers'][0]:g}"
        return (
            f'<div class="gdw-static gdw-question"><p>{html.escape(self.content["prompt"])}</p>'
            f"{f'<ul>{options}</ul>' if options else ''}<details><summary>Answer</summary>"
            f"<p>{html.escape(right)}. {html.escape(self.content['says'][0])}</p></details></div>"
        ), {}
