"""Spiking neural networks on NumPy, Numba and HDF5: simulate, train, analyse.

The names used most are here. Their siblings live in `surrogates`, `neurons`, `plasticity`,
`encode`, `layers`, `functional`, `train`, `simulate`, `networks`, `record`, `analyse`, `interop`
and `plot`.
"""

from eventsnn.core.exports import public as _public
from eventsnn.core.device import to
from eventsnn.encode import *
from eventsnn.interop import load_norse
from eventsnn.layers import *
from eventsnn.neurons import *
from eventsnn.simulate import Network
from eventsnn.surrogates import (
    CircDist, EventAdjoint, HeaviCirc, HeaviErfc, Heaviside, HeaviTanh, Logistic, SuperSpike,
    Triangle,
)

__version__ = "0.1.0"
__all__ = _public(globals())
