"""What depth does to signals, layer by layer, at the first weights: theory as lines, measured networks as dots."""

import math

import numpy as np

from gdcourse import carried, plots, wide
from gdcourse._validate import in_range, one_of, positive_integer
from gdcourse.wide import ACTIVATIONS
from gdcourse.widgets import figure, translate
from gdcourse.widgets.base import Setting, Widget

SWITCH = ("no", "yes")
EVERY, UNIT, ALPHABET = carried.EVERY, carried.UNIT, carried.ALPHABET
DEPTHS, SCALES = (EVERY, carried.DEPTH), (0.5, 2.0)
TARGET = {"depth": 30, "factor": 2.0}


def dots(depth, activation, scale, skip, norm):
    """Return what was measured at every fifth layer, decades above the input and above the last layer's gradient."""
    letters = carried.read("layers")[f"{activation}-{skip[0]}-{norm[0]}"]
    count = DEPTHS[1] // EVERY + 1
    start = 2 * count * round(10 * (scale - SCALES[0]))
    away = np.array([UNIT * (ALPHABET.index(one) - 32) for one in letters[start : start + 2 * count]])
    promised = wide.through_layers(DEPTHS[1], activation, scale, skip == "yes", norm == "yes")
    forward, backward = (
        np.log10(np.sqrt(one))[::EVERY] + off for one, off in zip(promised, (away[:count], away[count:]))
    )
    last = depth // EVERY
    return forward[: last + 1], (backward - backward[last])[: last + 1]


def _depth(name, value):
    value = int(in_range(name, positive_integer(name, value), *DEPTHS))
    if value % EVERY:
        raise ValueError(f"{name} must be a multiple of {EVERY}, got {value}")
    return value


def _scale(name, value):
    return round(10 * in_range(name, value, *SCALES)) / 10


class Layers(Widget):
    """Activations and gradients layer by layer in a network that has not been trained.

    Args:
        depth: 5 to 50 layers, in fives; activation: "tanh" or "relu"; skip, norm: "yes" or "no".
        scale: of the first weights, their standard deviation times the root of the width, 0.5 to 2, in tenths.
    Raises: ValueError for an unknown name, or a number out of its range.
    Example:
        >>> ask = {"depth": 10, "activation": "relu", "scale": 1, "skip": "no", "norm": "no"}
        >>> _, (forward, backward) = Layers().answer(ask)
        >>> round(float(backward[0]), 9), 2**-10
        (0.000976562, 0.0009765625)
    """

    kind = "layers"
    room = ("0px + 562px", "0px + 884px")
    depth = Setting(_depth, 30)
    activation = Setting(lambda name, value: one_of(name, value, ACTIVATIONS), "tanh")
    scale = Setting(_scale, 0.6)
    skip = Setting(lambda name, value: one_of(name, value, SWITCH), "no")
    norm = Setting(lambda name, value: one_of(name, value, SWITCH), "no")

    @classmethod
    def rules(cls):
        return translate.module(
            DEPTHS=DEPTHS, EVERY=EVERY, SCALES=SCALES, TARGET=TARGET, ALPHABET=ALPHABET, UNIT=UNIT, TANH=wide.TANH,
            LETTERS=carried.read("layers"),
            RULES={"place": wide.place_rule, "blend": wide.blend_rule, "relu": wide.relu_rule,
                   "squares": wide.squares_rule, "spread": wide.spread_rule, "factor": wide.factor_rule},
        )  # fmt: skip

    def answer(self, settings):
        return "predicted", list(wide.through_layers(
            _depth("depth", settings["depth"]), one_of("activation", settings["activation"], ACTIVATIONS),
            _scale("scale", settings["scale"]), one_of("skip", settings["skip"], SWITCH) == "yes",
            one_of("norm", settings["norm"], SWITCH) == "yes",
        ))  # fmt: skip

    def describe(self):
        _, (forward, backward) = self.answer({name: getattr(self, name) for name in self.settings()})
        with_ = " with skips" * (self.skip == "yes") + " with batch norm" * (self.norm == "yes")
        return (
            f"Spread of activations and of gradients on a log axis through {self.depth} layers of {self.activation}"
            f"{with_}, first weights of scale {self.scale:g}: lines from theory, dots from networks of width 128. "
            f"The last activation is {math.sqrt(forward[-1]):.3g} times the input, the first layer's gradient "
            f"{math.sqrt(backward[0]):.3g} times the last one's."
        )

    def paint(self, canvas):
        settings = [getattr(self, name) for name in ("depth", "activation", "scale", "skip", "norm")]
        names = ("activations", "gradients")
        lines = self.answer(dict(zip(("depth", "activation", "scale", "skip", "norm"), settings)))[1]
        for ax, line, found, name in zip(canvas.subplots(1, 2), lines, dots(*settings), names):
            ax.semilogy(np.sqrt(line), color=plots.COLORS["theory"], ls="--")
            color = plots.COLORS["gradient" if name == "gradients" else "path"]
            ax.semilogy(np.arange(len(found)) * EVERY, 10.0**found, "o", color=color)
            figure.decades(ax.yaxis)
            ax.set(xlabel="layer", title=f"spread of {name}")
