"""Layers: objects that own weights, called on arrays, with a hand-written backward."""

from eventsnn.core.exports import public as _public
from eventsnn.layers.base import Gradients, Layer, Tape
from eventsnn.layers.containers import Lift, SequentialState
from eventsnn.layers.linear import LILinearCell, Linear
from eventsnn.layers.neurons import *
from eventsnn.layers.recurrent import RecurrentCell, RecurrentSequence, RecurrentState
from eventsnn.layers.regularization import (
    Accumulator, RegularizationCell, spike_accumulator, voltage_accumulator,
)
from eventsnn.layers.spiking import Cell, Sequence
from eventsnn.layers.threshold import Threshold

__all__ = _public(globals())
