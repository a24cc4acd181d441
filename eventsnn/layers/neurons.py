"""The layers of each neuron: its cell, its sequence and their recurrent forms."""

from eventsnn import neurons
from eventsnn.layers.recurrent import RecurrentCell, RecurrentSequence
from eventsnn.layers.spiking import Cell, Sequence


class LICell(Cell):
    """Leaky integrators, one step a call; the output is the potential."""

    parameters = neurons.LIParameters


class LI(Sequence):
    """Leaky integrators over a sequence; the output is the potential."""

    parameters = neurons.LIParameters


class LIBoxCell(Cell):
    """Leaky integrators without synaptic current, one step a call; the output is the potential."""

    parameters = neurons.LIBoxParameters


class LIBox(Sequence):
    """Leaky integrators without synaptic current over a sequence; the output is the potential."""

    parameters = neurons.LIBoxParameters


class IAFCell(Cell):
    """Integrate-and-fire neurons, one step a call."""

    parameters = neurons.IAFParameters


class IAF(Sequence):
    """Integrate-and-fire neurons over a sequence."""

    parameters = neurons.IAFParameters


class IAFRecurrentCell(RecurrentCell):
    """Integrate-and-fire neurons with recurrent weights, one step a call."""

    parameters = neurons.IAFParameters


class IAFRecurrent(RecurrentSequence):
    """Integrate-and-fire neurons with recurrent weights over a sequence."""

    parameters = neurons.IAFParameters


class LIFCell(Cell):
    """Leaky integrate-and-fire neurons, one step a call."""

    parameters = neurons.LIFParameters


class LIF(Sequence):
    """Leaky integrate-and-fire neurons over a sequence."""

    parameters = neurons.LIFParameters


class LIFRecurrentCell(RecurrentCell):
    """Leaky integrate-and-fire neurons with recurrent weights, one step a call."""

    parameters = neurons.LIFParameters


class LIFRecurrent(RecurrentSequence):
    """Leaky integrate-and-fire neurons with recurrent weights over a sequence."""

    parameters = neurons.LIFParameters


class LIFBoxCell(Cell):
    """Leaky integrate-and-fire neurons without synaptic current, one step a call."""

    parameters = neurons.LIFBoxParameters


class LIFBox(Sequence):
    """Leaky integrate-and-fire neurons without synaptic current over a sequence."""

    parameters = neurons.LIFBoxParameters


class LIFBoxRecurrentCell(RecurrentCell):
    """Leaky integrate-and-fire neurons without synaptic current, recurrent, one step a call."""

    parameters = neurons.LIFBoxParameters


class LIFBoxRecurrent(RecurrentSequence):
    """Leaky integrate-and-fire neurons without synaptic current, recurrent, over a sequence."""

    parameters = neurons.LIFBoxParameters


class LIFRefracCell(Cell):
    """Leaky integrate-and-fire neurons with a refractory period, one step a call."""

    parameters = neurons.LIFRefracParameters


class LIFRefrac(Sequence):
    """Leaky integrate-and-fire neurons with a refractory period over a sequence."""

    parameters = neurons.LIFRefracParameters


class LIFRefracRecurrentCell(RecurrentCell):
    """Leaky integrate-and-fire neurons with a refractory period, recurrent, one step a call."""

    parameters = neurons.LIFRefracParameters


class LIFRefracRecurrent(RecurrentSequence):
    """Leaky integrate-and-fire neurons with a refractory period, recurrent, over a sequence."""

    parameters = neurons.LIFRefracParameters


class LIFExcInhCell(Cell):
    """Leaky integrate-and-fire neurons with two input channels, one step a call."""

    parameters = neurons.LIFExcInhParameters


class LIFExcInh(Sequence):
    """Leaky integrate-and-fire neurons with two input channels over a sequence."""

    parameters = neurons.LIFExcInhParameters
