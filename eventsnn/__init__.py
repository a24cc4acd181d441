"""Spiking neural networks on NumPy, Numba and HDF5: simulate, train, analyse.

The names used most are here. Their siblings live in `eventsnn.surrogates`, `neurons`, `encode`,
`layers`, `train`, `simulate`, `networks`, `record`, `analyse` and `plot`.
"""

from eventsnn.encode import (
    ConstantCurrentLIFEncoder, PoissonEncoder, PoissonEncoderStep, SignedPoissonEncoder,
    SignedPoissonEncoderStep, SpikeLatencyEncoder, SpikeLatencyLIFEncoder,
)
from eventsnn.layers import (
    IAF, LI, LIF, Gradients, IAFCell, IAFRecurrent, IAFRecurrentCell, LIBox, LIBoxCell, LICell,
    LIFBox, LIFBoxCell, LIFBoxRecurrent, LIFBoxRecurrentCell, LIFCell, LIFExcInh, LIFExcInhCell,
    LIFRecurrent, LIFRecurrentCell, LIFRefrac, LIFRefracCell, LIFRefracRecurrent,
    LIFRefracRecurrentCell, Lift, LILinearCell, Linear, RecurrentState, RegularizationCell,
    SequentialState, Tape, Threshold,
)
from eventsnn.neurons import (
    ExcInh, IAFParameters, IAFState, LIBoxParameters, LIBoxState, LIFBoxParameters, LIFBoxState,
    LIFExcInhParameters, LIFExcInhState, LIFParameters, LIFRefracParameters, LIFRefracState,
    LIFState, LIParameters, LIState,
)
from eventsnn.simulate import Network
from eventsnn.surrogates import (
    CircDist, HeaviCirc, HeaviErfc, Heaviside, HeaviTanh, Logistic, SuperSpike, Triangle,
)

__version__ = "0.1.0"

__all__ = [
    "IAF", "LI", "LIF", "CircDist", "ConstantCurrentLIFEncoder", "ExcInh", "Gradients", "HeaviCirc",
    "HeaviErfc", "HeaviTanh", "Heaviside", "IAFCell", "IAFParameters", "IAFRecurrent",
    "IAFRecurrentCell", "IAFState", "LIBox", "LIBoxCell", "LIBoxParameters", "LIBoxState", "LICell",
    "LIFBox", "LIFBoxCell", "LIFBoxParameters", "LIFBoxRecurrent", "LIFBoxRecurrentCell",
    "LIFBoxState", "LIFCell", "LIFExcInh", "LIFExcInhCell", "LIFExcInhParameters", "LIFExcInhState",
    "LIFParameters", "LIFRecurrent", "LIFRecurrentCell", "LIFRefrac", "LIFRefracCell",
    "LIFRefracParameters", "LIFRefracRecurrent", "LIFRefracRecurrentCell", "LIFRefracState",
    "LIFState", "LILinearCell", "LIParameters", "LIState", "Lift", "Linear", "Logistic", "Network",
    "PoissonEncoder", "PoissonEncoderStep", "RecurrentState", "RegularizationCell",
    "SequentialState", "SignedPoissonEncoder", "SignedPoissonEncoderStep", "SpikeLatencyEncoder",
    "SpikeLatencyLIFEncoder", "SuperSpike", "Tape", "Threshold", "Triangle",
]
