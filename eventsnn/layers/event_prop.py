"""Layers from spike times to spike times, in continuous time, with exact gradients."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import on_device, to
from eventsnn.engine import exact_lif
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent, own_weights, rng


class EventPropLIF(Layer):
    """LIF neurons with exponential synapses, trained by EventProp; `eventsnn.engine.exact_lif`.

    Spike times (K, B, n) hold the first to the K-th spike of each neuron, s, and infinity for those
    that do not come. There is no step and no surrogate: gradients are those of the spike times,
    to rounding. A neuron that does not spike has none.

    Parameters
    ----------
    in_features, out_features : int
        Numbers of inputs and of neurons.
    tau_mem_inv, tau_syn_inv : float
        Inverse time constants, 1/s.
    v_th : float
        Threshold; the potential rests at 0 and is reset to it.
    duration : float
        Spikes up to this time count, s.
    max_spikes : int
        K of the output: a neuron with more spikes is an error.
    weight : (out_features, in_features) array, optional
        Copied. By default normal with mean ``mean`` and standard deviation ``spread`` over the
        root of `in_features`.
    mean, spread : float
        Of weights that are drawn.
    seed : int, optional
        Of the weights that are drawn.

    Examples
    --------
    >>> import numpy as np
    >>> layer, tape = EventPropLIF(2, 1, weight=[[4.0, 4.0]]), Tape()
    >>> times = layer(np.array([[[0.0, 1e-3]]]), tape=tape)
    >>> times.shape, times[:2, 0, 0].round(4)
    ((20, 1, 1), array([0.0021, 0.0046]))
    >>> layer.backward(np.where(np.isfinite(times), 1.0, 0.0), tape).x.shape
    (1, 1, 2)
    """

    unkept = ("mean", "spread", "seed")

    def __init__(self, in_features: int, out_features: int, *, tau_mem_inv: float = 100.0,
                 tau_syn_inv: float = 200.0, v_th: float = 1.0, duration: float = 0.1,
                 max_spikes: int = 20, weight: Any = None, mean: float = 1.0, spread: float = 1.0,
                 seed: int | None = None) -> None:
        self.in_features = check.integer("in_features", in_features, least=1)
        self.out_features = check.integer("out_features", out_features, least=1)
        self.tau_mem_inv = check.number("tau_mem_inv", tau_mem_inv, above=0)
        self.tau_syn_inv = check.number("tau_syn_inv", tau_syn_inv, above=0)
        self.v_th = check.number("v_th", v_th, above=0)
        self.duration = check.number("duration", duration, above=0)
        self.max_spikes = check.integer("max_spikes", max_spikes, least=1)
        mean, spread = check.number("mean", mean), check.number("spread", spread, least=0)
        draw = rng(seed)
        self.weight = own_weights(
            "weight", weight, lambda shape: (mean + spread * draw.standard_normal(shape))
            / np.sqrt(in_features), (out_features, in_features), np.float64)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {"weight": self.weight}

    @property
    def _constants(self) -> tuple[float, float, float, float]:
        return self.v_th, 1 / self.tau_mem_inv, 1 / self.tau_syn_inv, self.duration

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Spike times `x` (K, B, in_features), in any order, to those of the neurons.

        Returns
        -------
        times : (max_spikes, B, out_features) float64 array
            Ascending along the first axis.

        Raises
        ------
        ValueError
            If a time is negative or no number, or a neuron has more than `max_spikes` spikes.
        """
        x = check.real_array("x", x)
        if x.ndim != 3 or x.shape[-1] != self.in_features:
            raise check.must("x", f"have shape (K, B, {self.in_features})", x.shape)
        if not (x >= 0).all():
            x = to(x, "cpu")
            raise check.must("x", "hold times from 0 s on", x[~(x >= 0)][0],
                             "infinity stands for no spike")
        n_batch = x.shape[1]
        flat = x.astype(np.float64).transpose(1, 0, 2).reshape(n_batch, -1)
        if on_device(flat):
            return self._on_device(flat, x.shape, tape)
        order = np.argsort(flat, axis=1, kind="stable")
        times, sources = np.take_along_axis(flat, order, 1), order % self.in_features
        weight = np.ascontiguousarray(self.weight, np.float64)
        out = np.full((self.max_spikes, n_batch, self.out_features), np.inf)
        currents = np.zeros_like(out)
        most = exact_lif.forward(times, sources, weight, *self._constants, out, currents)
        self._check_most(most)
        if tape is not None:
            tape.push(self, (order, times, sources, out, currents, x.shape))
        return out

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`; gradients of spikes that did not come are not read.
        """
        order, times, sources, out, currents, shape = tape.pop(self)
        out_bar = cotangent("out_bar", out_bar, out.shape, out.dtype, out)
        if on_device(out):
            from eventsnn.engine.cuda import exact_lif as loops
            weight_bar, flat = loops.backward(
                times, sources, order, self.weight.T.astype(np.float64), *self._constants, out,
                currents, out_bar)
        else:
            weight_bar, times_bar = np.zeros(self.weight.shape), np.zeros_like(times)
            exact_lif.backward(times, sources, np.ascontiguousarray(self.weight, np.float64),
                               *self._constants, out, currents, np.ascontiguousarray(out_bar),
                               weight_bar, times_bar)
            flat = np.empty_like(times_bar)
            np.put_along_axis(flat, order, times_bar, 1)
        x_bar = flat.reshape(shape[1], shape[0], shape[2]).transpose(1, 0, 2)  # (K, B, inputs)
        return Gradients(x_bar, None, {"weight": weight_bar.astype(self.weight.dtype)})

    def _check_most(self, most: int) -> None:
        if most > self.max_spikes:
            raise check.must("max_spikes", f"be at least {most}, the spikes of a neuron",
                             self.max_spikes)

    def _on_device(self, flat: Any, shape: tuple, tape: Tape | None) -> Any:
        """As the call, of times (B, K * in_features)."""
        from eventsnn.engine.cuda import exact_lif as loops
        times, sources, order = loops.in_order(flat, self.in_features)
        out = np.full((self.max_spikes, len(flat), self.out_features), np.inf, np.float64,
                      like=flat)
        currents = np.zeros_like(out)
        self._check_most(loops.forward(times, sources, self.weight.T.astype(np.float64),
                                       *self._constants, out, currents))
        if tape is not None:
            tape.push(self, (order, times, sources, out, currents, shape))
        return out
