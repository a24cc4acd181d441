"""Neurons of several compartments: the coupling of potentials is a connection of the layer.

Two models, as in norse. In LIFMC, leaky integrate-and-fire compartments, the coupling moves the
potentials by ``dt * v @ g_coupling.T``: before the step in a feed-forward layer, after it (and so
after the spikes are decided) in a recurrent one. In LIFMCRefrac it is an input of the step, without
dt: see `eventsnn.neurons.lif_mc_refrac`.
"""

import abc
from typing import Any

import numpy as np

from eventsnn import neurons
from eventsnn.core import check
from eventsnn.layers.base import Gradients, Tape, cotangent, own_weights, rng
from eventsnn.layers.iterated import Iterated
from eventsnn.layers.neurons import LIFCell
from eventsnn.layers.recurrent import RecurrentLayer, RecurrentState
from eventsnn.layers.spiking import Cell, NeuronLayer
from eventsnn.neurons import adjoint
from eventsnn.neurons.terms import relax
from eventsnn.surrogates import SuperSpike


class _Coupled(NeuronLayer):
    """What the cells share: a matrix of couplings, and a cell of compartments that knows none."""

    inner: Any  # the class of that cell
    g_coupling: np.ndarray
    cell: Any

    def _couple(self, g_coupling: Any, n: int, seed: int | None, dtype: Any) -> None:
        self.g_coupling = own_weights(
            "g_coupling", g_coupling,
            lambda shape: rng(seed).standard_normal(shape) / np.sqrt(n), (n, n), dtype)
        self.cell = self.inner(self.p, self.threshold, self.dt, stop_reset=self.stop_reset,
                               margin=self.margin, trainable=self.trainable)
        self.counter = ""  # the cell draws, and counts
        self.p = self.cell.p  # one set of parameters: what trains the layer trains its cell

    @property
    def children(self) -> list[Any]:
        """The layer that this one calls."""
        return [self.cell]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {"g_coupling": self.g_coupling} | super().weights

    def _matrix(self, weights: np.ndarray, like: np.ndarray) -> np.ndarray:
        return weights.astype(like.dtype, copy=False)

    @abc.abstractmethod
    def _step(self, drive: np.ndarray, s: Any, tape: Tape | None) -> tuple:
        """A step of all compartments: ``-> output, state, the potentials that were coupled``."""

    @abc.abstractmethod
    def _step_bar(self, v: np.ndarray, out_bar: Any, s_bar: Any, tape: Tape) -> Gradients:
        """Transpose of `_step`."""

    def _begin_state(self, s: Any, shape: tuple, dtype: np.dtype, some: Any) -> Any:
        self._check_class("state", s)
        return self._state(s, shape, dtype, some)

    def _float_type(self, x: np.ndarray, *states: Any) -> np.dtype:
        matrices = [w for name, w in self.weights.items() if name not in self.trainable]
        return check.float_dtype(x, *matrices, *states)


class _Moving(_Coupled):
    """LIFMC: the coupling moves the potentials."""

    parameters = neurons.LIFParameters
    inner = LIFCell

    def _moved(self, s: Any) -> Any:
        g = self._matrix(self.g_coupling, s.v)
        return s._replace(v=s.v + s.v.dtype.type(self.dt) * (s.v @ g.T))

    def _moved_bar(self, v: np.ndarray, s_bar: Any) -> tuple[Any, np.ndarray]:
        """Transpose of `_moved`: gradients of the state and of the coupling."""
        dt, bar = v.dtype.type(self.dt), s_bar.v
        v_bar = bar + dt * (bar @ self._matrix(self.g_coupling, v))
        return s_bar._replace(v=v_bar), dt * _outer(bar, v)

    def _step(self, drive: np.ndarray, s: Any, tape: Tape | None) -> tuple:
        start = s if self.recurrent else self._moved(s)
        z, end = self.cell(drive, start, tape=tape)
        if tape is not None and self.receives:
            tape.push(self.cell, (start, z, end))
        return (z, self._moved(end), end.v) if self.recurrent else (z, end, s.v)

    def _step_bar(self, v: np.ndarray, out_bar: Any, s_bar: Any, tape: Tape) -> Gradients:
        if self.recurrent:
            s_bar, g_bar = self._moved_bar(v, s_bar)
        seen = tape.pop(self.cell) if self.receives else None
        g = self.cell.backward(out_bar, tape, s_bar)
        if seen is not None:
            start, z, end = seen
            g = g._replace(state=self._with_coupled_slopes(start, z, end, s_bar, g.state))
        if not self.recurrent:
            s_bar, g_bar = self._moved_bar(v, g.state)
            g = g._replace(state=s_bar)
        return g._replace(weights=g.weights | {"g_coupling": g_bar})

    def _with_coupled_slopes(self, start: Any, z: np.ndarray, end: Any, s_bar: Any,
                             bar: Any) -> Any:
        """What the event-based rule gives at a spike, with the coupling in the slopes."""
        g, p = self._matrix(self.g_coupling, z).T, self.p
        dt, no = z.dtype.type(self.dt), z.dtype.type(0)
        slope = adjoint.slope(start.v, start.i, p)
        behind = relax(s_bar.v, no, p.tau_mem_inv, dt)
        jump = bar.v * slope + (end.v @ g) * behind
        coupled = slope + start.v @ g
        at = np.logical_and(z > 0, coupled != 0)
        return bar._replace(v=np.where(at, jump / np.where(at, coupled, 1), bar.v).astype(
            z.dtype, copy=False))


class _RefractoryInner(Cell):
    parameters = neurons.LIFMCRefracParameters


class _Driving(_Coupled):
    """LIFMCRefrac: the coupling is an input channel of the step."""

    parameters = neurons.LIFMCRefracParameters
    inner = _RefractoryInner

    def _step(self, drive: np.ndarray, s: Any, tape: Tape | None) -> tuple:
        coupling = s.v @ self._matrix(self.g_coupling, s.v).T
        return (*self.cell(neurons.Compartment(drive, coupling), s, tape=tape), s.v)

    def _step_bar(self, v: np.ndarray, out_bar: Any, s_bar: Any, tape: Tape) -> Gradients:
        g = self.cell.backward(out_bar, tape, s_bar)
        v_bar = g.state.v + g.x.coupling @ self._matrix(self.g_coupling, v)
        return Gradients(g.x.synapse, g.state._replace(v=v_bar),
                         g.weights | {"g_coupling": _outer(g.x.coupling, v)})


class _FeedForward(_Coupled):
    """One step a call: ``out, state = cell(x, state)`` with `x` of shape (..., hidden_size).

    Parameters
    ----------
    hidden_size : int
        Number of compartments.
    p, threshold, dt, stop_reset, margin, trainable
        As for `Cell`.
    g_coupling : (hidden_size, hidden_size) array, optional
        Row = receiver. Copied. By default normal with standard deviation ``1 / sqrt(hidden_size)``.
    seed, dtype
        Of what is drawn.
    """

    def __init__(self, hidden_size: int, p: Any = None, threshold: Any = SuperSpike(),
                 dt: float = 1e-3, *, g_coupling: Any = None, stop_reset: bool | None = None,
                 margin: float | None = None, trainable: tuple[str, ...] = (),
                 seed: int | None = None, dtype: Any = np.float32) -> None:
        super().__init__(p, threshold, dt, stop_reset=stop_reset, margin=margin,
                         trainable=trainable)
        self.hidden_size = n = check.integer("hidden_size", hidden_size, least=1)
        self._one_value_each(n)
        self._couple(g_coupling, n, seed, dtype)

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """One step; see the class."""
        x = check.real_array("x", x)
        n = len(self.g_coupling)
        if x.shape[-1:] != (n,):
            raise check.must("x", f"have shape (..., {n}) to match g_coupling", x.shape)
        self._check_class("state", state)
        dtype = self._float_type(x, *(state or ()))
        s = self._begin_state(state, x.shape, dtype, x)
        z, s, v = self._step(x.astype(dtype, copy=False), s, tape)
        if tape is not None:
            tape.push(self, v)
        return z, s

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        v = tape.pop(self)
        return self._step_bar(v, out_bar, self._state_bar(state_bar, v.shape, v.dtype, v), tape)


class _Recurrent(_Coupled, RecurrentLayer):
    """One step a call: ``out, state = cell(x, state)`` with `x` of shape (..., input_size).

    Parameters are those of `RecurrentCell`, and `g_coupling`: (hidden_size, hidden_size), row =
    receiver, copied; by default normal with standard deviation ``1 / sqrt(hidden_size)``.
    """

    def __init__(self, input_size: int, hidden_size: int, p: Any = None,
                 threshold: Any = SuperSpike(), dt: float = 1e-3, *, g_coupling: Any = None,
                 seed: int | None = None, dtype: Any = np.float32, **options: Any) -> None:
        super().__init__(input_size, hidden_size, p, threshold, dt, seed=seed, dtype=dtype,
                         **options)
        self._couple(g_coupling, hidden_size, None if seed is None else seed + 1, dtype)

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """One step; see the class."""
        x, state = self._checked(check.real_array("x", x), state)
        dtype = self._float_type(x, state.z, *(state.neuron or ()))
        shape = (*x.shape[:-1], self.hidden_size)
        s = self._begin_state(state.neuron, shape, dtype, x)
        before, x = self._z_before(state.z, shape, dtype, x), x.astype(dtype, copy=False)
        drive = (x @ self._matrix(self.input_weights, x).T
                 + before @ self._matrix(self.recurrent_weights, x).T)
        z, s, v = self._step(drive, s, tape)
        if tape is not None:
            tape.push(self, (x, before, z, v))
        return z, RecurrentState(z, s)

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        x, before, z, v = tape.pop(self)
        if state_bar is not None and type(state_bar) is not RecurrentState:
            raise check.must("state_bar", "be RecurrentState", type(state_bar).__name__,
                             error=TypeError)
        out_bar = cotangent("out_bar", out_bar, v.shape, v.dtype, v)
        s_bar = None
        if state_bar is not None:
            out_bar = out_bar + cotangent("state_bar.z", state_bar.z, v.shape, v.dtype, v)
            s_bar = state_bar.neuron
        s_bar = self._state_bar(s_bar, v.shape, v.dtype, v)
        g = self._step_bar(v, out_bar, s_bar, tape)
        drive_bar, senders = g.x, before
        if self.receives:  # the threshold has a rule for weights too: see `neurons.adjoint`
            drive_bar, senders = s_bar.i, z
        weights = g.weights | {
            "input_weights": self._weight_bar(self.input_weights, drive_bar, x),
            "recurrent_weights": self._recurrent_bar(drive_bar, senders)}
        return Gradients(g.x @ self._matrix(self.input_weights, x), RecurrentState(
            g.x @ self._matrix(self.recurrent_weights, x), g.state), weights)


def _outer(bar: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The gradient of a matrix, summed over the batch."""
    return bar.reshape(-1, bar.shape[-1]).T @ v.reshape(-1, v.shape[-1])


class LIFMCCell(_Moving, _FeedForward):
    __doc__ = f"Compartments of multi-compartment neurons.\n\n    {_FeedForward.__doc__}"


class LIFMCRecurrentCell(_Moving, _Recurrent):
    __doc__ = f"Recurrent compartments of multi-compartment neurons.\n\n    {_Recurrent.__doc__}"


class LIFMCRefracCell(_Driving, _FeedForward):
    __doc__ = f"Refractory compartments.\n\n    {_FeedForward.__doc__}"


class LIFMCRefracRecurrentCell(_Driving, _Recurrent):
    __doc__ = f"Refractory, recurrent compartments.\n\n    {_Recurrent.__doc__}"


class LIFMC(Iterated):
    """Compartments over a sequence: arguments as for `LIFMCCell`, and `record_states`."""

    cell_class = LIFMCCell


class LIFMCRecurrent(Iterated):
    """Recurrent compartments over a sequence: as `LIFMCRecurrentCell`, and `record_states`."""

    cell_class = LIFMCRecurrentCell


class LIFMCRefrac(Iterated):
    """Refractory compartments over a sequence: as `LIFMCRefracCell`, and `record_states`."""

    cell_class = LIFMCRefracCell


class LIFMCRefracRecurrent(Iterated):
    """Refractory, recurrent compartments over a sequence: with `record_states` as well."""

    cell_class = LIFMCRefracRecurrentCell
