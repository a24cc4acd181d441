"""The layers of each neuron: its cell, its sequence and their recurrent forms."""

from eventsnn import neurons as _n
from eventsnn.layers.shapes import four_shapes as _shapes
from eventsnn.layers.special import Behaving as _Behaving
from eventsnn.layers.special import Conductances as _Conductances

LICell, LI, LIRecurrentCell, LIRecurrent = _shapes(
    _n.LIParameters, "Leaky integrators; the output is the potential")
LIBoxCell, LIBox, LIBoxRecurrentCell, LIBoxRecurrent = _shapes(
    _n.LIBoxParameters, "Leaky integrators without synapse; the output is the potential")
IntegratorCell, Integrator, IntegratorRecurrentCell, IntegratorRecurrent = _shapes(
    _n.IntegratorParameters, "Integrators; the output is the integral")
ResistiveLICell, ResistiveLI, ResistiveLIRecurrentCell, ResistiveLIRecurrent = _shapes(
    _n.ResistiveLIParameters, "Leaky integrators with a resistance; the output is the potential")
CubaLICell, CubaLI, CubaLIRecurrentCell, CubaLIRecurrent = _shapes(
    _n.CubaLIParameters, "Current-based leaky integrators; the output is the potential")
IAFCell, IAF, IAFRecurrentCell, IAFRecurrent = _shapes(
    _n.IAFParameters, "Integrate-and-fire neurons")
IAFRefracCell, IAFRefrac, IAFRefracRecurrentCell, IAFRefracRecurrent = _shapes(
    _n.IAFRefracParameters, "Refractory integrate-and-fire neurons")
IFCell, IF, IFRecurrentCell, IFRecurrent = _shapes(
    _n.IFParameters, "Integrate-and-fire neurons in continuous time")
LIFCell, LIF, LIFRecurrentCell, LIFRecurrent = _shapes(
    _n.LIFParameters, "Leaky integrate-and-fire neurons")
LIFRefracCell, LIFRefrac, LIFRefracRecurrentCell, LIFRefracRecurrent = _shapes(
    _n.LIFRefracParameters, "Refractory leaky integrate-and-fire neurons")
LIFBoxCell, LIFBox, LIFBoxRecurrentCell, LIFBoxRecurrent = _shapes(
    _n.LIFBoxParameters, "Leaky integrate-and-fire neurons without synapse")
LIFBoxRefracCell, LIFBoxRefrac, LIFBoxRefracRecurrentCell, LIFBoxRefracRecurrent = _shapes(
    _n.LIFBoxRefracParameters, "Refractory leaky integrate-and-fire neurons without synapse")
ResistiveLIFCell, ResistiveLIF, ResistiveLIFRecurrentCell, ResistiveLIFRecurrent = _shapes(
    _n.ResistiveLIFParameters, "Leaky integrate-and-fire neurons with a resistance")
CubaLIFCell, CubaLIF, CubaLIFRecurrentCell, CubaLIFRecurrent = _shapes(
    _n.CubaLIFParameters, "Current-based leaky integrate-and-fire neurons")
LIFExCell, LIFEx, LIFExRecurrentCell, LIFExRecurrent = _shapes(
    _n.LIFExParameters, "Exponential integrate-and-fire neurons")
LIFExBoxCell, LIFExBox, LIFExBoxRecurrentCell, LIFExBoxRecurrent = _shapes(
    _n.LIFExBoxParameters, "Exponential integrate-and-fire neurons without synapse")
LIFExRefracCell, LIFExRefrac, LIFExRefracRecurrentCell, LIFExRefracRecurrent = _shapes(
    _n.LIFExRefracParameters, "Refractory exponential integrate-and-fire neurons")
LIFAdExCell, LIFAdEx, LIFAdExRecurrentCell, LIFAdExRecurrent = _shapes(
    _n.LIFAdExParameters, "Adaptive exponential integrate-and-fire neurons")
LIFAdExBoxCell, LIFAdExBox, LIFAdExBoxRecurrentCell, LIFAdExBoxRecurrent = _shapes(
    _n.LIFAdExBoxParameters, "Adaptive exponential integrate-and-fire neurons without synapse")
LIFAdExRefracCell, LIFAdExRefrac, LIFAdExRefracRecurrentCell, LIFAdExRefracRecurrent = _shapes(
    _n.LIFAdExRefracParameters, "Refractory adaptive exponential integrate-and-fire neurons")
LSNNCell, LSNN, LSNNRecurrentCell, LSNNRecurrent = _shapes(
    _n.LSNNParameters, "Leaky integrate-and-fire neurons with adaptive thresholds")
LSNNRefracCell, LSNNRefrac, LSNNRefracRecurrentCell, LSNNRefracRecurrent = _shapes(
    _n.LSNNRefracParameters, "Refractory integrate-and-fire neurons with adaptive thresholds")
AdaLIFCell, AdaLIF, AdaLIFRecurrentCell, AdaLIFRecurrent = _shapes(
    _n.AdaLIFParameters, "Leaky integrate-and-fire neurons with adaptation currents")
IzhikevichCell, Izhikevich, IzhikevichRecurrentCell, IzhikevichRecurrent = _shapes(
    _n.IzhikevichParameters, "Izhikevich neurons, of parameters or of a behaviour", _Behaving)
LIFExcInhCell, LIFExcInh, LIFExcInhRecurrentCell, LIFExcInhRecurrent = _shapes(
    _n.LIFExcInhParameters, "Leaky integrate-and-fire neurons with two synaptic currents")
LIFExcInhRefracCell, LIFExcInhRefrac, LIFExcInhRefracRecurrentCell, LIFExcInhRefracRecurrent = (
    _shapes(_n.LIFExcInhRefracParameters,
            "Refractory leaky integrate-and-fire neurons with two synaptic currents"))
CobaLIFCell, CobaLIF, CobaLIFRecurrentCell, CobaLIFRecurrent = _shapes(
    _n.CobaLIFParameters, "Leaky integrate-and-fire neurons with conductances",
    recurrent=_Conductances)
CobaLIFRefracCell, CobaLIFRefrac, CobaLIFRefracRecurrentCell, CobaLIFRefracRecurrent = _shapes(
    _n.CobaLIFRefracParameters, "Refractory leaky integrate-and-fire neurons with conductances",
    recurrent=_Conductances)
