"""A question that checks itself: a choice or a number, and a sentence for each answer, the wrong ones most of all."""

import hashlib
import html
import math
import re
from itertools import combinations

import traitlets

from gdcourse._validate import number, positive_integer
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


def _which(name, value):
    return positive_integer(name, value, least=0)


def _drawn(draws):
    """Return {name: number} of each draw; without draws one, of nothing."""
    if draws is None:
        return [{}]
    lengths = {name: len(values) for name, values in draws.items()}
    if len({*lengths.values()}) != 1 or 0 in lengths.values():
        raise ValueError(f"draws must hold as many numbers under each name, at least one, got {lengths}")
    return [dict(zip(draws, values)) for values in zip(*draws.values())]


def _number(name, rule, drawn):
    return number(name, rule(**drawn) if callable(rule) else rule)


def _choice(prompt, choices, drawn):
    """Return one draw of a question with choices: the texts with the drawn numbers in them."""
    said = {_fill(label, drawn): _fill(sentence, drawn) for label, sentence in choices.items()}
    if len(said) < len(choices):
        raise ValueError(f"choices must be told apart in every draw, got {list(said)} for {drawn}")
    return {"prompt": _fill(prompt, drawn), "says": list(said.values()), "labels": list(said)}


def _amount(prompt, right, says, tolerance, within, wrong, otherwise, drawn):
    """Return one draw of a question for a number: its right number, those of the wrong rules, and the sentences."""
    numbers = [_number("right", right, drawn), *(_number("wrong", rule, drawn) for rule in wrong)]
    # What is computed may miss by its rounding, however exactly the answer is wanted.
    tolerances = [max(tolerance, max(within, 1e-9 if drawn else 0.0) * abs(one)) for one in numbers]
    where = f", for {drawn}" if drawn else ""
    if any(abs(other - numbers[0]) <= tolerances[0] for other in numbers[1:]):
        least = f"the tolerance {tolerances[0]}{where}"
        raise ValueError(f"wrong must differ from right = {numbers[0]} by more than {least}, got {numbers[1:]}")
    close = (abs(one - other) <= 1e-9 * abs(one) for one, other in combinations(numbers[1:], 2))
    if any(close):
        raise ValueError(f"wrong must hold different numbers, got {numbers[1:]}{where}")
    told = drawn | {"right": numbers[0]} if drawn else {}
    said = [_fill(sentence, told) for sentence in (says, *wrong.values(), otherwise)]
    return {"prompt": _fill(prompt, drawn), "says": said, "numbers": numbers, "tolerances": tolerances}


def _fill(text, drawn):
    return text.format(**drawn) if drawn else text


def _height(content, letters):
    """Return the pixels a question takes where so many letters fit on a line, its longest sentence included."""

    def lines(text, letters=letters):
        return math.ceil(max(1, len(text)) / letters)

    asked = 21 * lines(content["prompt"], letters * 14 // 15) + 8  # in larger letters than the rest
    options = sum(20 * lines(label) + 10 for label in content["labels"]) if "labels" in content else 34
    return asked + options + 8 + 20 * max(lines(f"Yes. {sentence}") for sentence in content["says"])


class Question(Widget):
    """A question with a sentence for each answer, and with new numbers for whoever asks for another one.

    Args:
        prompt: the question, plain text.
        choices: {answer: sentence} for a choice; the first is the right one, and the page shows them in the order
            of their text, so that the place says nothing.
        right: the right number, for a number; says: its sentence; tolerance: how far off still counts;
        within: the same as a share of the number.
        wrong: {number: sentence} for the mistakes one can foresee, of the same tolerance; where an answer is near two
        numbers it is taken for the nearer;
        otherwise: the sentence for any other number.
        draws: {name: numbers} to ask the question once for each number, or for each row of them. Then `right` and
            what stands for a number in `wrong` may be functions of these names, and every text may hold them, and
            right too, as {name}. The draws stand in `drawn`, as dictionaries.
    Raises: ValueError if it is neither one form nor the other, or, in any draw, a wrong answer cannot be told from
        the right one.
    Example:
        >>> ask = Question("What is 2 + 2?", right=4, says="Two pairs.", wrong={22: "That is one after the other."})
        >>> [ask.judge(text) for text in ("4", "22", "400 %", "5", "four")]
        [0, 1, 0, 2, -1]
        >>> ask = Question("What is half of {n}?", draws={"n": (6, 9)}, right=lambda n: n / 2, says="{right} twice.",
        ...                wrong={lambda n: 2 * n: "That is twice {n}."})
        >>> [ask.judge(text, which=1) for text in ("4.5", "18", "3")]
        [0, 1, 2]
    """

    kind = "question"
    given = Setting(_given, "")
    which = Setting(_which, 0)
    content = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(self, prompt="What is one half of one half?", choices=None, *, right=None, says="", tolerance=0.0,
                 within=0.0, wrong=None, otherwise="Not that. Think again, then look below.", draws=None, given="",
                 which=0):  # fmt: skip
        if choices is None and right is None:
            choices = {"one quarter": "Half of it, and half again.", "one": "That is twice one half."}
        if (choices is None) == (right is None):
            raise ValueError("choices or right must be given, and not both: a choice or a number")
        rows = _drawn(draws)
        if choices is not None:
            if len(choices) < 2:
                raise ValueError(f"choices must hold at least two answers, got {len(choices)}")
            variants = [_choice(prompt, choices, drawn) for drawn in rows]
            first = next(iter(choices.values()))
        else:
            tolerance, within = number("tolerance", tolerance), number("within", within)
            variants = [_amount(prompt, right, says, tolerance, within, wrong or {}, otherwise, drawn)
                        for drawn in rows]  # fmt: skip
            first = says
        super().__init__(given=given, which=which)
        self.drawn = rows
        # The name under which a reader's browser remembers it, the same as long as it asks and says the same.
        key = hashlib.sha256(f"{prompt}\n{first}".encode()).hexdigest()[:8]
        self.set_trait("content", {"key": key, **variants[0], "more": variants[1:]})
        more = 42 if draws else 0
        self.room = tuple(f"0px + {more + max(_height(one, letters) for one in variants)}px" for letters in (84, 42))

    @property
    def variants(self):
        """Every draw: a list of dictionaries."""
        return [self.content, *self.content["more"]]

    @classmethod
    def rules(cls):
        return translate.module(RULES={"near": near_rule})

    def judge(self, given, which=0):
        """Return which sentence an answer to a draw gets, 0 for the right one, or -1 where it is no answer yet."""
        if which >= len(self.variants):
            raise ValueError(f"which must be below {len(self.variants)}, the number of draws, got {which}")
        drawn = self.variants[which]
        if "labels" in drawn:
            return drawn["labels"].index(given) if given in drawn["labels"] else -1
        typed = NUMBER.fullmatch(given.strip().replace("−", "-"))
        value = float(typed[1].replace(",", ".")) / (100 if typed[2] else 1) if typed else math.nan
        if not math.isfinite(value):
            return -1
        found, least = len(drawn["says"]) - 1, math.inf
        for k, (wanted, tolerance) in enumerate(zip(drawn["numbers"], drawn["tolerances"])):
            if near_rule(value, wanted, tolerance) == 1.0 and abs(value - wanted) < least:
                found, least = k, abs(value - wanted)
        return found

    def answer(self, settings):
        given, which = _given("given", settings["given"]), _which("which", settings["which"])
        return "judged", [[float(self.judge(given, which))]]

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
