"""Neurons with input weights and recurrent weights: one step a call, or a whole sequence."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect.sparse import is_sparse
from eventsnn.core import check
from eventsnn.core.device import contiguous, like
from eventsnn.core.fields import map_fields
from eventsnn.engine import run
from eventsnn.layers import channels
from eventsnn.layers.arriving import are_few, arriving, product, weight_bar, weighted
from eventsnn.layers.base import Gradients, Tape, cotangent, own_weights, rng, time_axis
from eventsnn.layers.sparse import SparseWeights
from eventsnn.layers.spiking import NeuronLayer
from eventsnn.spikes import Events
from eventsnn.surrogates import SuperSpike


class RecurrentState(NamedTuple):
    """State of a recurrent layer."""

    z: Any  # output of the step before, which the recurrent weights feed back
    neuron: Any  # state of the neurons


class RecurrentLayer(NeuronLayer):
    """What the two recurrent shapes share.

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of inputs and of neurons.
    p, threshold, dt, stop_reset, trainable
        As for a layer without weights; array parameters have shape (hidden_size,).
    margin : float, optional
        As for a layer without weights. Where few neurons are within it, backward goes through the
        recurrent weights for these alone: to the same gradients as with the cut slope, for a cost
        that goes with their share, as in [1]_.
    input_weights : (hidden_size, input_size) array, optional
        Copied. By default normal with standard deviation ``sqrt(2 / hidden_size)``, as in norse.
    recurrent_weights : (hidden_size, hidden_size) array or scipy sparse matrix, optional
        Row = receiver. Copied. Default as for the input weights. Of a sparse matrix the weights are
        its entries, (n_entries,), and only they learn: see `to_scipy`.
    autapses : bool
        Whether a neuron may project to itself; if not, the diagonal and its gradient are zero.
    seed : int, optional
        Of the weights drawn.
    dtype : dtype
        Of the weights drawn; those given keep float64, else become float32.

    References
    ----------
    .. [1] Perez-Nieves, Goodman, "Sparse spiking gradient descent", NeurIPS 34 (2021).
    """

    recurrent = True
    kept_as = {"recurrent_weights": "_connections"}
    lost_input = False  # whether the input is without effect: see `special.Conductances`

    def __init__(self, input_size: int, hidden_size: int, p: Any = None,
                 threshold: Any = SuperSpike(), dt: float = 1e-3, *, input_weights: Any = None,
                 recurrent_weights: Any = None, autapses: bool = False,
                 stop_reset: bool | None = None, margin: float | None = None,
                 trainable: tuple[str, ...] = (), seed: int | None = None,
                 dtype: Any = np.float32) -> None:
        super().__init__(p, threshold, dt, stop_reset=stop_reset, margin=margin,
                         trainable=trainable)
        self.input_size = check.integer("input_size", input_size, least=1)
        self.hidden_size = n = check.integer("hidden_size", hidden_size, least=1)
        self._one_value_each(n)
        self.autapses = check.flag("autapses", autapses)
        draw = rng(seed)
        scale, recurrent_scale = self._scales(input_size, n)
        self.input_weights = own_weights(
            "input_weights", input_weights, lambda shape: scale * draw.standard_normal(shape),
            (n, input_size), dtype)
        self._sparse: SparseWeights | None = None
        if is_sparse(recurrent_weights):
            self._sparse = self._coupling(recurrent_weights, n)
            self.recurrent_weights = self._sparse.values
            return
        self.recurrent_weights = own_weights(
            "recurrent_weights", recurrent_weights,
            lambda shape: recurrent_scale * draw.standard_normal(shape), (n, n), dtype)
        if not self.autapses:
            np.fill_diagonal(self.recurrent_weights, 0.0)

    def _coupling(self, matrix: Any, n: int) -> SparseWeights:
        """Sparse recurrent weights."""
        if self.model.inputs is not None:
            raise check.must("recurrent_weights", "be an array for neurons with several inputs",
                             "a sparse matrix")
        if self.receives:
            raise check.must("recurrent_weights", "be an array for a threshold with rules",
                             "a sparse matrix")
        made = SparseWeights("recurrent_weights", matrix, (n, n))
        if not self.autapses and matrix.diagonal().any():
            raise check.must("recurrent_weights", "have no diagonal where autapses is False",
                             f"{np.count_nonzero(matrix.diagonal())} entries on it")
        return made

    @property
    def _connections(self) -> Any:
        """The recurrent weights, with their places if they are sparse."""
        return self.recurrent_weights if self._sparse is None else self._sparse

    def to_scipy(self) -> Any:
        """The sparse recurrent weights (hidden_size, hidden_size), in CSC."""
        if self._sparse is None:
            raise check.must("recurrent_weights", "be sparse for to_scipy", "an array",
                             error=TypeError)
        return self._sparse.to_scipy()

    @staticmethod
    def _scales(input_size: int, hidden_size: int) -> tuple[float, float]:
        """Standard deviations of the default weights, of the input and recurrent."""
        return np.sqrt(2 / hidden_size), np.sqrt(2 / hidden_size)

    def _channels(self, weights: np.ndarray, dtype: np.dtype) -> Any:
        """Weights in the float type of a call; a tuple of them for two input channels."""
        w = weights.astype(dtype, copy=False)
        return channels.split(self.model, w) if channels.has_two(self.model) else w

    def _recurrent(self, dtype: np.dtype) -> Any:
        """The recurrent weights, as `eventsnn.connect.feedback` takes them."""
        if self._sparse is None:
            return map_fields(lambda w: contiguous(w.T),
                              self._channels(self.recurrent_weights, dtype))
        return self._sparse.as_columns(dtype)

    def _weight_bar(self, weights: np.ndarray, drive_bar: Any, senders: Any) -> np.ndarray:
        """Gradient of weights for those of the receivers' drives."""
        bar = map_fields(lambda a: weight_bar(senders, a), drive_bar)
        return channels.merge_bar(self.model, weights, bar) if isinstance(bar, tuple) else bar

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {"input_weights": self.input_weights, "recurrent_weights": self.recurrent_weights,
                **super().weights}

    def _fed_back_bar(self, drive_bar: Any, senders: Any, later: bool) -> np.ndarray:
        """Gradient of the recurrent weights for that of the drives (T, ...), to which the outputs
        of the same step contribute, or those of the step before: then the drives are `later`."""
        if isinstance(senders, Events):
            return self._recurrent_bar(drive_bar, senders[:-1] if later else senders[1:])
        z_before, z = senders
        if not later:
            return self._recurrent_bar(drive_bar, z)
        bar = self._recurrent_bar(map_fields(lambda a: a[1:], drive_bar), z[:-1])
        if z_before.any():
            bar += self._recurrent_bar(map_fields(lambda a: a[:1], drive_bar), z_before[None])
        return bar

    def _recurrent_bar(self, drive_bar: Any, senders: Any) -> np.ndarray:
        """Gradient of the recurrent weights, its diagonal 0 if there are no autapses."""
        if self._sparse is not None:
            return self._sparse.bar(self._sparse.arriving(senders), drive_bar)
        bar = self._weight_bar(self.recurrent_weights, drive_bar,
                               arriving(senders, self.hidden_size))
        if not self.autapses:
            np.fill_diagonal(bar, 0.0)
        return bar

    def _checked(self, x: Any, state: Any) -> tuple[Any, RecurrentState]:
        """The arguments of a call; parts of the state may be None."""
        if x.shape[-1:] != (self.input_size,):
            raise check.must("x", f"have shape (..., {self.input_size}) to match the input weights",
                             x.shape)
        if state is None:
            state = RecurrentState(None, None)
        elif type(state) is not RecurrentState:
            raise check.must("state", "be RecurrentState", type(state).__name__, error=TypeError)
        self._check_class("state.neuron", state.neuron)
        return x, state

    def _z_before(self, z: Any, shape: tuple, dtype: np.dtype, some: Any) -> np.ndarray:
        """The outputs of the step before; None stands for silence."""
        if z is None:
            return np.zeros(shape, dtype, **like(some))
        z = check.real_array("state.z", z)
        check.shape("state.z", z.shape, shape, "to match x")
        return z.astype(dtype)

    def _run(self, x: Any, state: Any, tape: Tape | None, record: bool,
             events: bool = False) -> tuple:
        x, state = self._checked(x, state)
        dtype = check.float_dtype(x, self.input_weights, self.recurrent_weights, state.z,
                                  *(state.neuron or ()))
        n_steps, shape = len(x), (*x.shape[1:-1], self.hidden_size)
        lay, th, first = self._begin(shape, dtype, n_steps, least_axes=1)
        some = x.ids if isinstance(x, Events) else x
        neuron = self._state(state.neuron, shape, dtype, some)
        z_before = self._z_before(state.z, shape, dtype, some)
        x = (np.zeros(x.shape, dtype, **like(some)) if self.lost_input
             else arriving(x, self.hidden_size))
        drive = map_fields(lambda w: weighted(x, w, dtype),
                           self._channels(self.input_weights, dtype))
        w = self._recurrent(dtype)
        events = events and not record and dtype == np.float32  # which is what `Events` stand for
        out, end, h, listed = run.forward_recurrent(
            drive, neuron, z_before, w, lay, self.dt, th, first, tape is not None or record,
            raster=not events)
        self._check_finite(end, n_steps)
        last, senders = out[-1], listed
        if events and listed is not None:
            out = arriving(listed[1:], self.hidden_size)
        if listed is None or self._sparse is None and not are_few(listed):
            senders = z_before, out
        if tape is not None:
            tape.push(self, (x, drive, senders, h, lay, th, first))
        if record:
            return out, RecurrentState(out, run.states_after(h, end))
        return out, RecurrentState(last, end)

    def _backward(self, out_bar: Any, tape: Tape, state_bar: Any, recorded: bool) -> Gradients:
        x, drive, senders, h, lay, th, first = tape.pop(self)
        some = h[0]
        shape, dtype = some.shape, some.dtype
        out_bar = cotangent("out_bar", out_bar, shape, dtype, some)
        neuron_bar, h_bar = None, None
        if state_bar is not None:
            if type(state_bar) is not RecurrentState:
                raise check.must("state_bar", "be RecurrentState", type(state_bar).__name__,
                                 error=TypeError)
            neuron_bar = state_bar.neuron
            if state_bar.z is not None:
                out_bar, last = out_bar.copy(), ... if recorded else -1
                out_bar[last] += cotangent("state_bar.z", state_bar.z, some[last].shape, dtype,
                                           some)
            if recorded and neuron_bar is not None:
                h_bar, neuron_bar = self._state_bar(neuron_bar, shape, dtype, some), None
        w = self._recurrent(dtype)
        drive_bar, neuron_bar, z_bar, p_bar, received = run.backward_recurrent(
            drive, h, w, lay, self.dt, th, first, self.stop_reset, out_bar, h_bar,
            self._state_bar(neuron_bar, lay.shape, dtype, some), with_p=bool(self.trainable),
            watch=self.receives, sparse=self.margin is not None)

        if received:  # the threshold has a rule for weights too: see `neurons.adjoint`
            bar = type(drive)(*received) if isinstance(drive, tuple) else received[0]
        else:
            bar = drive_bar
        recurrent_bar = self._fed_back_bar(bar, senders, later=not received)
        weights = {"input_weights": self._weight_bar(self.input_weights, bar, x),
                   "recurrent_weights": recurrent_bar}
        x_bar: Any = None
        if tape.wants_input and self.lost_input:
            x_bar = np.zeros(x.shape, dtype, **like(some))
        elif tape.wants_input:
            products = map_fields(product, drive_bar, self._channels(self.input_weights, dtype))
            x_bar = sum(products) if isinstance(products, tuple) else products
        return Gradients(x_bar, RecurrentState(z_bar, neuron_bar), weights | self._p_bar(p_bar))


class RecurrentSequence(RecurrentLayer):
    """Neurons with recurrent weights over a sequence: `x` has shape (T, ..., input_size).

    Parameters are those of `RecurrentLayer`, and `record_states`: return the state after each step,
    stacked over time, in place of the final one.
    """

    def __init__(self, input_size: int, hidden_size: int, p: Any = None,
                 threshold: Any = SuperSpike(), dt: float = 1e-3, *, record_states: bool = False,
                 **options: Any) -> None:
        super().__init__(input_size, hidden_size, p, threshold, dt, **options)
        self.record_states = check.flag("record_states", record_states)

    gives_events = True

    @property
    def event_outputs(self) -> int:
        return 0 if self.lost_input else self.hidden_size

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None,
                 events: bool = False) -> tuple:
        """Run the layer.

        Parameters
        ----------
        x : (T, ..., input_size) array or Events
            Input; numbers or spikes of any real dtype.
        state : RecurrentState, optional
            `z` and the neurons' state, (..., hidden_size); by default silence and rest.
        tape : Tape, optional
            Records what `backward` needs.
        events : bool
            Whether the outputs may come as `Events`, which they do where that is less work.

        Returns
        -------
        out : (T, ..., hidden_size) array or Events
            Spikes (0 or 1), or the potential of neurons that do not spike.
        state : RecurrentState
            After the last step; with `record_states` after each, stacked over time.
        """
        x = x if isinstance(x, Events) else check.real_array("x", x)
        time_axis(x, 2, f"(T, ..., {self.input_size})")
        return self._run(x, state, tape, self.record_states, events)

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`; `state_bar` is shaped as the state it returned."""
        return self._backward(out_bar, tape, state_bar, self.record_states)


class RecurrentCell(RecurrentLayer):
    """Neurons with recurrent weights, one step a call: `x` has shape (..., input_size).

    Parameters, results and errors as for the sequence, without the time axis.
    """

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """One step; see `RecurrentSequence`."""
        x, _ = self._checked(check.real_array("x", x), state)
        out, state = self._run(x[None], state, tape, record=False)
        return out[0], state

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        gradients = self._backward(None if out_bar is None else check.real_array(
            "out_bar", out_bar)[None], tape, state_bar, False)
        return gradients._replace(x=None if gradients.x is None else gradients.x[0])
