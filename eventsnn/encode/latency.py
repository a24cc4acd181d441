"""Time to the first spike as the code: of a spike train, only the first spike is kept.

References
----------
.. [1] Thorpe, Delorme, Van Rullen, Neural Networks 14, 715 (2001).
"""

import math
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import on_device
from eventsnn.encode.constant import ConstantCurrentLIFEncoder
from eventsnn.neurons import LIFParameters


class SpikeLatencyEncoder:
    """Spikes (T, ...) to their first one along time, the rest 0.

    A spike is blocked while the sum of those kept is above 0. So in signed trains negative spikes
    block nothing, and can lift a block, as in norse.

    Examples
    --------
    >>> import numpy as np
    >>> SpikeLatencyEncoder()(np.array([0, 1, 1, 0, 1]))
    array([0, 1, 0, 0, 0])
    """

    def __call__(self, x: Any) -> np.ndarray:
        """First spikes of `x` (T, ...), of its dtype."""
        x = check.real_array("x", x)
        if x.ndim == 0:
            raise check.must("x", "have shape (T, ...)", x.shape)
        check.finite("x", x)
        if on_device(x):
            from eventsnn.engine.cuda import traces
            out, rows = np.empty_like(x), (len(x), math.prod(x.shape[1:]))
            traces.first_spikes(x.reshape(rows), out.reshape(rows))
            return out
        out = np.zeros_like(x)
        kept = np.zeros(x.shape[1:])
        for t in range(len(x)):
            out[t] = np.where(kept <= 0, x[t], 0)
            kept += out[t]
        return out


class SpikeLatencyLIFEncoder:
    """Values (...) to first spikes (seq_length, ...): the larger the value, the earlier it fires.

    Parameters
    ----------
    seq_length, p, dt
        As for `ConstantCurrentLIFEncoder`, whose spikes these are.

    Examples
    --------
    >>> import numpy as np
    >>> SpikeLatencyLIFEncoder(100)(np.array([1.5, 3.0])).argmax(axis=0)
    array([10,  3])
    """

    def __init__(self, seq_length: int, p: LIFParameters | None = None,
                 dt: float = 1e-3) -> None:
        self._lif, self._first = ConstantCurrentLIFEncoder(seq_length, p, dt), SpikeLatencyEncoder()

    def __call__(self, x: Any) -> np.ndarray:
        """First spikes of the currents `x`, of any shape; 0 or 1, float."""
        return self._first(self._lif(x))
