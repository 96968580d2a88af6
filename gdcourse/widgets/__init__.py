"""The live figures of the course: `from gdcourse.widgets import Path`, and `Path()` as the last line of a cell."""

from gdcourse.widgets.clinic import Clinic
from gdcourse.widgets.cloud import Cloud
from gdcourse.widgets.cost import Cost
from gdcourse.widgets.field import Field
from gdcourse.widgets.graph import Graph
from gdcourse.widgets.layers import Layers
from gdcourse.widgets.line_fit import LineFit
from gdcourse.widgets.memory import Memory
from gdcourse.widgets.modes import Modes
from gdcourse.widgets.natural import Natural
from gdcourse.widgets.neuron import Neuron
from gdcourse.widgets.path import Path
from gdcourse.widgets.question import Question
from gdcourse.widgets.race import Race
from gdcourse.widgets.saddle import Saddle
from gdcourse.widgets.schedule import Schedule
from gdcourse.widgets.step_size import StepSize
from gdcourse.widgets.stopping import Stopping
from gdcourse.widgets.walls import Walls

WIDGETS = {
    widget.kind: widget
    for widget in (
        Clinic,
        Cloud,
        Cost,
        Field,
        Graph,
        Layers,
        LineFit,
        Memory,
        Modes,
        Natural,
        Neuron,
        Path,
        Question,
        Race,
        Saddle,
        Schedule,
        StepSize,
        Stopping,
        Walls,
    )
}
"""Every widget by its kind. A test runs each of them through every home."""

__all__ = [
    "WIDGETS",
    "Clinic",
    "Cloud",
    "Cost",
    "Field",
    "Graph",
    "Layers",
    "LineFit",
    "Memory",
    "Modes",
    "Natural",
    "Neuron",
    "Path",
    "Question",
    "Race",
    "Saddle",
    "Schedule",
    "StepSize",
    "Stopping",
    "Walls",
]
