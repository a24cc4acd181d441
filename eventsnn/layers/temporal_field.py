"""Receptive fields in time: a bank of leaky integrators, one a time scale.

References
----------
.. [1] Lindeberg, "Time-causal and time-recursive spatio-temporal receptive fields", Journal of
   Mathematical Imaging and Vision 55, 50 (2016).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.connect import gaussian
from eventsnn.core import check
from eventsnn.layers.base import Gradients, Layer, Tape
from eventsnn.layers.neurons import LIBox
from eventsnn.neurons import LIBoxParameters


class TemporalReceptiveField(Layer):
    """The input on several time scales: each value drives one leaky integrator a scale.

    ``(T, ..., *shape)`` to ``(T, ..., n_scales, *shape)``; the scales are a new axis.

    Parameters
    ----------
    shape : tuple of int
        Shape of one input, channels first.
    n_scales : int
        How many time scales.
    activation : class of layer
        The neurons, made as ``activation(p=..., dt=..., trainable=...)``: a sequence, or a cell to
        run one step a call.
    activation_state_map : callable
        Inverse time constants, in 1/s, to the neurons' parameters.
    min_scale, max_scale, c
        As for `temporal_scale_distribution`; scales are in steps.
    time_constants : (n_scales,) or (n_scales, channels, 1, ...) array, optional
        Inverse time constants, 1/s, in place of these.
    dt : float
        Step, s.
    trainable : tuple of str
        Names of the neurons' parameters that appear among the weights; the time constants have one
        entry a scale and channel.

    Examples
    --------
    >>> import numpy as np
    >>> layer = TemporalReceptiveField((2, 8, 8), n_scales=3)
    >>> out, state = layer(np.ones((10, 4, 2, 8, 8)))
    >>> out.shape, layer.weights["tau_mem_inv"].shape
    ((10, 4, 3, 2, 8, 8), (3, 2, 1, 1))
    """

    stateful = True

    def __init__(self, shape: tuple[int, ...], n_scales: int = 4, activation: Callable = LIBox,
                 activation_state_map: Callable = lambda tau: LIBoxParameters(tau_mem_inv=tau),
                 min_scale: float = 1.0, max_scale: float | None = None, c: float = 1.41421,
                 time_constants: Any = None, dt: float = 1e-3, *,
                 trainable: tuple[str, ...] = ("tau_mem_inv",)) -> None:
        self.shape = tuple(check.integer("shape", n, least=1) for n in shape)
        if not self.shape:
            raise check.must("shape", "have at least one axis, the channels", shape)
        dt = check.number("dt", dt, above=0.0)
        if time_constants is None:
            time_constants = 1 / (dt * gaussian.temporal_scale_distribution(n_scales, min_scale,
                                                                            max_scale, c))
        self.time_constants = tau = check.real_array("time_constants",
                                                     time_constants).astype(np.float64)
        if tau.ndim == 1:
            tau = tau.reshape(-1, *(1 for _ in self.shape))
        one = self.shape[0], *(1 for _ in self.shape[1:])
        if tau.size == 0 or tau.shape[1:] not in (one, (1,) * len(one)):
            raise check.must("time_constants",
                             f"have shape (n_scales,) or (n_scales, {', '.join(map(str, one))})",
                             tau.shape)
        self.n_scales = len(tau)
        each = np.broadcast_to(tau, (self.n_scales, *one))
        self.neurons = activation(p=activation_state_map(each), dt=dt, trainable=trainable)

    @property
    def children(self) -> list[Any]:
        """The layer that this one calls."""
        return [self.neurons]

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        return "shape", "time_constants", "neurons"  # in place of what made the neurons

    @classmethod
    def made(cls, *, shape: Any, time_constants: Any,  # type: ignore[override]
             neurons: Any) -> Any:
        if not isinstance(neurons, Layer) or not neurons.stateful:
            raise check.must("neurons", "be a layer with state", repr(neurons), error=TypeError)
        return cls(shape, activation=lambda **_: neurons, activation_state_map=lambda tau: None,
                   time_constants=time_constants)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return self.neurons.weights

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """Run the neurons on `x` (T, ..., *shape); without T for cells.

        `state` is that of the neurons, (..., n_scales, *shape); by default they are at rest.
        """
        x = check.real_array("x", x)
        lead = x.ndim - len(self.shape)
        if lead < 0 or x.shape[lead:] != self.shape:
            raise check.must("x", f"have shape (..., {', '.join(map(str, self.shape))})", x.shape)
        repeated = np.broadcast_to(np.expand_dims(x, lead),
                                   (*x.shape[:lead], self.n_scales, *self.shape))
        out, state = self.neurons(repeated, state, tape=tape)
        if tape is not None:
            tape.push(self, lead)
        return out, state

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        lead = tape.pop(self)
        g = self.neurons.backward(out_bar, tape, state_bar)
        return g._replace(x=None if g.x is None else g.x.sum(axis=lead))
