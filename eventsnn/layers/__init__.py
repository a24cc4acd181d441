"""Layers: objects that own weights, called on arrays, with a hand-written backward."""

from eventsnn.core.exports import public as _public
from eventsnn.layers.base import Gradients, Layer, Tape
from eventsnn.layers.checkpointed import Checkpointed
from eventsnn.layers.compartments import (
    LIFMC, LIFMCCell, LIFMCRecurrent, LIFMCRecurrentCell, LIFMCRefrac, LIFMCRefracCell,
    LIFMCRefracRecurrent, LIFMCRefracRecurrentCell,
)
from eventsnn.layers.containers import Lift, SequentialState
from eventsnn.layers.conv import Conv2d, LConv2d
from eventsnn.layers.conv1d import Conv1d
from eventsnn.layers.correlation import (
    LIFCorrelation, LIFCorrelationParameters, LIFCorrelationState,
)
from eventsnn.layers.decode import SpikesToTimesDecoder, SumDecoder, sum_decode
from eventsnn.layers.delay import Delay, DelayState
from eventsnn.layers.dropout import Dropout
from eventsnn.layers.event_prop import EventPropLIF
from eventsnn.layers.exp_filter import ExpFilter
from eventsnn.layers.iterated import Iterated
from eventsnn.layers.linear import LILinearCell, Linear
from eventsnn.layers.neurons import *
from eventsnn.layers.pool import AvgPool2d, MaxPool2d, SumPool2d
from eventsnn.layers.receptive_field import (
    ParameterizedSpatialReceptiveField2d, SampledSpatialReceptiveField2d, SpatialReceptiveField2d,
)
from eventsnn.layers.recurrent import RecurrentCell, RecurrentSequence, RecurrentState
from eventsnn.layers.recurrent_sequential import RecurrentSequential, RecurrentSequentialState
from eventsnn.layers.regularization import (
    Accumulator, RegularizationCell, spike_accumulator, voltage_accumulator,
)
from eventsnn.layers.scale import Scale
from eventsnn.layers.shape import Flatten
from eventsnn.layers.shapes import four_shapes
from eventsnn.layers.sparse import SparseLinear
from eventsnn.layers.spiking import Cell, Sequence
from eventsnn.layers.temporal_field import TemporalReceptiveField
from eventsnn.layers.threshold import Threshold

__all__ = _public(globals())
