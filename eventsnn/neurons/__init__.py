"""Neuron models, one a file: equations, parameters, state, one Euler step and its transpose."""

from eventsnn.neurons.iaf import IAFParameters, IAFState
from eventsnn.neurons.leaky_integrator import LIParameters, LIState
from eventsnn.neurons.leaky_integrator_box import LIBoxParameters, LIBoxState
from eventsnn.neurons.lif import LIFParameters, LIFState
from eventsnn.neurons.lif_box import LIFBoxParameters, LIFBoxState
from eventsnn.neurons.lif_exc_inh import ExcInh, LIFExcInhParameters, LIFExcInhState
from eventsnn.neurons.refractory import (
    IAFRefracParameters, IAFRefracState, LIFBoxRefracParameters, LIFBoxRefracState,
    LIFExcInhRefracParameters, LIFExcInhRefracState, LIFRefracParameters, LIFRefracState,
    refractory,
)

__all__ = [
    "ExcInh", "IAFParameters", "IAFRefracParameters", "IAFRefracState", "IAFState",
    "LIBoxParameters", "LIBoxState", "LIFBoxParameters", "LIFBoxRefracParameters",
    "LIFBoxRefracState", "LIFBoxState", "LIFExcInhParameters", "LIFExcInhRefracParameters",
    "LIFExcInhRefracState", "LIFExcInhState", "LIFParameters", "LIFRefracParameters",
    "LIFRefracState", "LIFState", "LIParameters", "LIState", "refractory",
]
