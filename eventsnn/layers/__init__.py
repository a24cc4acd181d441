"""Layers: objects that own weights, called on arrays, with a hand-written backward."""

from eventsnn.layers.base import Gradients, Layer, Tape
from eventsnn.layers.containers import Lift, SequentialState
from eventsnn.layers.linear import LILinearCell, Linear
from eventsnn.layers.neurons import (
    IAF, LI, LIF, IAFCell, IAFRecurrent, IAFRecurrentCell, LIBox, LIBoxCell, LICell, LIFBox,
    LIFBoxCell, LIFBoxRecurrent, LIFBoxRecurrentCell, LIFCell, LIFExcInh, LIFExcInhCell,
    LIFRecurrent, LIFRecurrentCell, LIFRefrac, LIFRefracCell, LIFRefracRecurrent,
    LIFRefracRecurrentCell,
)
from eventsnn.layers.recurrent import RecurrentCell, RecurrentSequence, RecurrentState
from eventsnn.layers.regularization import (
    Accumulator, RegularizationCell, spike_accumulator, voltage_accumulator,
)
from eventsnn.layers.spiking import Cell, Sequence
from eventsnn.layers.threshold import Threshold

__all__ = [
    "IAF", "LI", "LIF", "Accumulator", "Cell", "Gradients", "IAFCell", "IAFRecurrent",
    "IAFRecurrentCell", "LIBox", "LIBoxCell", "LICell", "LIFBox", "LIFBoxCell",
    "LIFBoxRecurrent", "LIFBoxRecurrentCell", "LIFCell", "LIFExcInh", "LIFExcInhCell",
    "LIFRecurrent", "LIFRecurrentCell", "LIFRefrac", "LIFRefracCell", "LIFRefracRecurrent",
    "LIFRefracRecurrentCell", "LILinearCell", "Layer", "Lift", "Linear", "RecurrentCell",
    "RecurrentSequence", "RecurrentState", "RegularizationCell", "Sequence", "SequentialState",
    "Tape", "Threshold", "spike_accumulator", "voltage_accumulator",
]
