"""Constant currents to regular spikes: a leaky integrate-and-fire neuron driven by each value."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.engine import run
from eventsnn.neurons import LIFBoxParameters, LIFBoxState, LIFParameters
from eventsnn.surrogates import SuperSpike, prepare


class ConstantCurrentLIFEncoder:
    """Values (...) to spikes (seq_length, ...).

    The neuron has no synaptic current, and starts at potential 0 whatever `v_leak` is, as in norse.

    Parameters
    ----------
    seq_length : int
        Number of steps.
    p : LIFParameters
        Parameters of the neuron; `tau_syn_inv` has no part in it.
    dt : float
        Step, s.
    threshold : surrogate
        For `backward`.

    Examples
    --------
    >>> import numpy as np
    >>> ConstantCurrentLIFEncoder(100)(np.array([0.5, 1.5, 3.0])).sum(axis=0)
    array([ 0.,  9., 25.])
    """

    def __init__(self, seq_length: int, p: LIFParameters = LIFParameters(), dt: float = 1e-3, *,
                 threshold: Any = SuperSpike()) -> None:
        self.seq_length = check.integer("seq_length", seq_length, least=1)
        self.dt = check.number("dt", dt, above=0.0)
        check.parameters(p, self.dt)
        self.p = LIFBoxParameters(p.tau_mem_inv, p.v_leak, p.v_th, p.v_reset)
        self.threshold = threshold

    def __call__(self, x: Any) -> np.ndarray:
        """Spikes of the currents `x`, of any shape; 0 or 1, float."""
        return self._run(x, taped=False)[0]

    def _run(self, x: Any, taped: bool) -> tuple:
        x = check.real_array("x", x)
        check.finite("x", x)
        dtype = check.float_dtype(x)
        xs = np.broadcast_to(x.astype(dtype, copy=False), (self.seq_length, *x.shape))
        lay, th = run.layout(self.p, x.shape, dtype), prepare(self.threshold, dtype)
        out, _, h = run.forward(xs, LIFBoxState(np.zeros(x.shape, dtype)), lay, self.dt, th, 0,
                                taped)
        return out, xs, h, lay, th

    def backward(self, x: Any, out_bar: np.ndarray) -> np.ndarray:
        """Gradient of the currents `x` for that of the spikes, through the surrogate."""
        out, xs, h, lay, th = self._run(x, taped=True)
        x_bar, _, _ = run.backward(
            np.ascontiguousarray(xs), h, lay, self.dt, th, 0, False, out_bar.astype(out.dtype),
            None, LIFBoxState(np.zeros(lay.shape, out.dtype)), with_p=False)
        return x_bar.sum(axis=0)
