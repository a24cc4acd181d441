"""Constant currents to regular spikes: an integrate-and-fire neuron driven by each value."""

from typing import Any

import numpy as np

from eventsnn import neurons
from eventsnn.core import check
from eventsnn.core.device import on_device, to, zeros
from eventsnn.core.dispatch import MODELS
from eventsnn.engine import run
from eventsnn.surrogates import SuperSpike, has_slope, prepare


class ConstantCurrentLIFEncoder:
    """Values (...) to spikes (seq_length, ...) of leaky integrate-and-fire neurons.

    The neuron has no synaptic current, and starts at potential 0 whatever `v_leak` is, as in norse.

    Parameters
    ----------
    seq_length : int
        Number of steps.
    p : named tuple, optional
        Parameters of the neuron, as its layers take them; `tau_syn_inv` has no part in it.
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

    parameters: Any = neurons.LIFParameters
    membrane: Any = neurons.LIFBoxParameters  # the model that runs: the neuron without its synapse

    def __init__(self, seq_length: int, p: Any = None, dt: float = 1e-3, *,
                 threshold: Any = SuperSpike()) -> None:
        self.seq_length = check.integer("seq_length", seq_length, least=1)
        self.dt = check.number("dt", dt, above=0.0)
        p = self.parameters() if p is None else p
        if type(p) is not self.parameters:
            raise check.must("p", f"be {self.parameters.__name__}", type(p).__name__,
                             error=TypeError)
        prepare(threshold, np.dtype(np.float32))
        has_slope(threshold)
        shared = set(p._fields) & set(self.membrane._fields)
        self.p = self.membrane(**{name: getattr(p, name) for name in shared})
        check.parameters(self.p, self.dt)
        self.threshold = threshold

    def __call__(self, x: Any) -> np.ndarray:
        """Spikes of the currents `x`, of any shape; 0 or 1, float."""
        return self._run(x, taped=False)[0]

    def _run(self, x: Any, taped: bool) -> tuple:
        x = check.real_array("x", x)
        check.finite("x", x)
        dtype = check.float_dtype(x)
        xs = np.broadcast_to(x.astype(dtype, copy=False), (self.seq_length, *x.shape))
        p = to(self.p, "cuda") if on_device(x) else self.p
        lay, th = run.layout(p, x.shape, dtype), prepare(self.threshold, dtype)
        out, _, h = run.forward(xs, self._zeros(x.shape, dtype, x), lay, self.dt, th, 0, taped)
        return out, xs, h, lay, th

    def _zeros(self, shape: tuple, dtype: np.dtype, some: Any) -> Any:
        state: Any = MODELS[self.membrane].state
        return state(*(zeros(shape, dtype, some) for _ in state._fields))

    def backward(self, x: Any, out_bar: Any) -> np.ndarray:
        """Gradient of the currents `x` for that of the spikes, through the surrogate."""
        out, xs, h, lay, th = self._run(x, taped=True)
        out_bar = check.real_array("out_bar", out_bar)
        check.shape("out_bar", out_bar.shape, out.shape, "as the spikes")
        x_bar, _, _ = run.backward(
            xs, h, lay, self.dt, th, 0, False, out_bar.astype(out.dtype),
            None, self._zeros(lay.shape, out.dtype, out), with_p=False, summed=True)
        return x_bar.sum(axis=0)


class ConstantCurrentLIFExEncoder(ConstantCurrentLIFEncoder):
    """Values (...) to spikes (seq_length, ...) of exponential integrate-and-fire neurons.

    Parameters are those of `ConstantCurrentLIFEncoder`, with `p` LIFExParameters.
    """

    parameters = neurons.LIFExParameters
    membrane = neurons.LIFExBoxParameters


class ConstantCurrentLIFAdExEncoder(ConstantCurrentLIFEncoder):
    """Values (...) to spikes (seq_length, ...) of adaptive exponential neurons.

    Parameters
    ----------
    seq_length, p, dt, threshold
        As for `ConstantCurrentLIFEncoder`, with `p` LIFAdExParameters.
    norse_adaptation : bool
        Compute the adaptation as norse's encoder does; see `eventsnn.neurons.lif_adex_norse`.
    """

    parameters = neurons.LIFAdExParameters
    membrane: Any = neurons.LIFAdExBoxParameters

    def __init__(self, seq_length: int, p: Any = None, dt: float = 1e-3, *,
                 threshold: Any = SuperSpike(), norse_adaptation: bool = False) -> None:
        if norse_adaptation:
            self.membrane = neurons.LIFAdExNorseParameters
        super().__init__(seq_length, p, dt, threshold=threshold)
