"""Neurons as layers, without weights: one step a call (`Cell`) or a whole sequence (`Sequence`)."""

from typing import Any, ClassVar

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import filled, like, to
from eventsnn.core.dispatch import MODELS, RULES, Model, rule
from eventsnn.core.fields import map_fields
from eventsnn.engine import run
from eventsnn.errors import NumericalError
from eventsnn.layers import channels
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent, time_axis, unbroadcast
from eventsnn.surrogates import SuperSpike, is_stochastic, prepare


class NeuronLayer(Layer):
    """What the four shapes of a neuron share: parameters, threshold, step, state."""

    stateful = True
    parameters: ClassVar[Any]  # class of the parameters: it selects the model
    recurrent: ClassVar[bool] = False

    def __init__(self, p: Any = None, threshold: Any = SuperSpike(), dt: float = 1e-3, *,
                 stop_reset: bool | None = None, margin: float | None = None,
                 trainable: tuple[str, ...] = ()) -> None:
        p, self._start = self._taken_apart(p)
        self.p = self.parameters() if p is None else p
        if type(self.p) is not self.parameters:
            sizes = isinstance(self.p, int) and not self.recurrent
            raise check.must("p", f"be {self.parameters.__name__}", type(self.p).__name__,
                             f"{self.name} has no weights: for sizes take its recurrent form"
                             if sizes else "", error=TypeError)
        self.dt = check.number("dt", dt, above=0.0)
        check.parameters(self.p, self.dt)
        prepare(threshold, np.dtype(np.float32))
        self.threshold = threshold
        own = rule(type(threshold), self.parameters)
        self.receives = () if own is None else own.receives
        if type(threshold) in RULES and own is None:
            known = ", ".join(p.__name__.removesuffix("Parameters") for p in RULES[type(threshold)])
            raise check.must("threshold", f"have a rule for {self.parameters.__name__}",
                             repr(threshold), f"it has rules for {known}", error=TypeError)
        if own is not None and trainable:
            raise check.must("trainable", "be empty", repr(trainable),
                             f"{type(threshold).__name__} gives parameters no gradient")
        self.margin = None if margin is None else check.number("margin", margin, least=0.0)
        if own is not None and margin is not None:
            raise check.must("margin", "be None", self.margin,
                             f"{type(threshold).__name__} has no slope that it could cut")
        self.stop_reset = (self.recurrent and self.model.recurrent_stops_reset
                           if stop_reset is None else check.flag("stop_reset", stop_reset))
        self.first_step = 0  # the number of the next step, for thresholds that draw at random
        self.counter = "first_step" if is_stochastic(threshold) else ""
        self.trainable = check.names("trainable", trainable, self.p._fields)
        self.p = type(self.p)(*map(self._owned, self.p._fields, self.p))

    def _taken_apart(self, p: Any) -> tuple[Any, Any]:
        """Parameters, and the state to start from if it is not that of rest."""
        return p, None

    def _owned(self, name: str, value: Any) -> Any:
        if name in self.trainable or np.ndim(value):
            return np.array(value, np.float64)  # cast to the call's float type in each call
        return float(value)

    def _one_value_each(self, n: int) -> None:
        """Refuse parameters that are not numbers, nor one value for each of `n` neurons."""
        for name, value in zip(self.p._fields, self.p, strict=True):
            if np.shape(value) not in ((), (1,), (n,)):
                raise check.must(name, f"have shape () or ({n},)", np.shape(value))

    @property
    def model(self) -> Model:
        """The neuron model."""
        return MODELS[self.parameters]

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {name: getattr(self.p, name) for name in self.trainable}

    def _begin(self, shape: tuple, dtype: np.dtype, n_steps: int, least_axes: int = 0) -> tuple:
        """Layout, threshold and number of the first step of a call."""
        if self.trainable:  # an optimiser may have moved them
            check.parameters(to(self.p, "cpu"), self.dt)
        first = self.first_step
        if is_stochastic(self.threshold):
            self.first_step += n_steps
        th = prepare(self.threshold, dtype, self.margin)
        return run.layout(self.p, shape, dtype, least_axes), th, first

    def _check_class(self, argument: str, state: Any) -> None:
        if state is not None and type(state) is not self.model.state:
            raise check.must(argument, f"be {self.model.state.__name__}", type(state).__name__,
                             error=TypeError)

    def _state(self, state: Any, shape: tuple, dtype: np.dtype, some: Any) -> Any:
        """The state before the first step, where `some` array lies: the one given, or the default.
        """
        cls: Any = self.model.state
        self._check_class("state", state)
        if state is None:
            state = self.model.rest(to(self.p, "cpu")) if self._start is None else self._start
        arrays = []
        with np.errstate(over="ignore"):  # what is infinite then shows after the run
            for name, value in zip(cls._fields, state, strict=True):
                value = check.real_array(f"state.{name}", value)
                try:
                    arrays.append(filled(some, value, shape, dtype))
                except ValueError:
                    raise check.must(f"state.{name}", f"have shape {shape} to match x",
                                     value.shape) from None
        return cls(*arrays)

    def _check_finite(self, state: Any, n_steps: int) -> None:
        """Raise if a state is not finite: then an input was not, or the dynamics ran away."""
        for name, values in zip(state._fields, state, strict=True):
            with np.errstate(all="ignore"):
                if np.isfinite(values.sum()):  # the fast test; it may overflow, then look closely
                    continue
            values = to(values, "cpu")
            bad = np.argwhere(~np.isfinite(values))
            if len(bad):
                where = tuple(int(i) for i in bad[0])
                raise NumericalError(
                    f"{self.name}: {name} must stay finite, got {values[where]} in {len(bad)} of "
                    f"{values.size} neurons after {n_steps} steps, first at {where}; look for NaN "
                    "or infinities in x, or for weights that grow without bound")

    def _inputs(self, x: Any, state: Any) -> tuple[Any, np.ndarray | None, np.dtype]:
        """The input in the float type of the call; as it was, if it was split; and that type."""
        self._check_class("state", state)
        cls: Any = self.model.inputs
        if cls is None or channels.has_two(self.model) and not isinstance(x, tuple):
            x = check.real_array("x", x)
            dtype = check.float_dtype(x, *(state or ()))
            x = x.astype(dtype, copy=False)
            return (x, None, dtype) if cls is None else (channels.split(self.model, x), x, dtype)
        if type(x) is not cls:
            raise check.must("x", f"be {cls.__name__}({', '.join(cls._fields)})",
                             type(x).__name__, error=TypeError)
        arrays = [check.real_array(f"x.{name}", a) for name, a in zip(cls._fields, x, strict=True)]
        dtype = check.float_dtype(*arrays, *(state or ()))
        for name, a in zip(cls._fields, arrays, strict=True):
            check.shape(f"x.{name}", a.shape, arrays[0].shape, f"as x.{cls._fields[0]}")
        return cls(*(a.astype(dtype, copy=False) for a in arrays)), None, dtype

    def _x_bar(self, x_bar: Any, signed: np.ndarray | None) -> Any:
        """The gradient of the input as it was."""
        return x_bar if signed is None else channels.merge_bar(self.model, signed, x_bar)

    def _p_bar(self, p_bar: Any) -> dict[str, np.ndarray]:
        """Gradients of the trainable parameters: summed over all neurons that share a value."""
        return {name: unbroadcast(getattr(p_bar, name), np.shape(getattr(self.p, name)))
                for name in self.trainable}

    def _state_bar(self, state_bar: Any, shape: tuple, dtype: np.dtype, some: Any) -> Any:
        cls: Any = self.model.state
        if state_bar is None:
            return cls(*(np.zeros(shape, dtype, **like(some)) for _ in cls._fields))
        if type(state_bar) is not cls:
            raise check.must("state_bar", f"be {cls.__name__}", type(state_bar).__name__,
                             error=TypeError)
        return cls(*(cotangent(f"state_bar.{f}", v, shape, dtype, some)
                     for f, v in zip(cls._fields, state_bar, strict=True)))


class Sequence(NeuronLayer):
    """Neurons over a sequence: ``out, state = layer(x, state)`` with `x` of shape (T, ...).

    Parameters
    ----------
    p : named tuple
        Parameters; each a number, or an array that broadcasts against the neurons.
    threshold : surrogate
        From `eventsnn.surrogates`.
    dt : float
        Step, s.
    record_states : bool
        Return the state after each step, stacked over time, in place of the final one.
    stop_reset : bool, optional
        Whether the reset stops the gradient; by default as norse does for this neuron.
    margin : float, optional
        Distance of the membrane from the threshold, in its unit, from which on the slope of
        `threshold` counts as 0: backward visits only the neurons that are nearer. Nothing is lost
        where the slope is 0 anyway, as that of `Triangle` is from 1 on. Here the slope is all that
        changes; recurrent layers are also faster.
    trainable : tuple of str
        Names of parameters that appear among the layer's weights.
    """

    gives_sums = True

    def __init__(self, p: Any = None, threshold: Any = SuperSpike(), dt: float = 1e-3, *,
                 record_states: bool = False, stop_reset: bool | None = None,
                 margin: float | None = None, trainable: tuple[str, ...] = ()) -> None:
        super().__init__(p, threshold, dt, stop_reset=stop_reset, margin=margin,
                         trainable=trainable)
        self.record_states = check.flag("record_states", record_states)

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """Run the neurons.

        Parameters
        ----------
        x : (T, ...) array, or the model's tuple of input channels
            Input of each neuron at each step; numbers or spikes of any real dtype.
        state : named tuple of arrays (...), optional
            State before the first step; by default the neurons are at rest.
        tape : Tape, optional
            Records what `backward` needs.

        Returns
        -------
        out : (T, ...) array
            Spikes (0 or 1), or the potential of neurons that do not spike.
        state : named tuple of arrays
            State after the last step, (...); with `record_states` after each, (T, ...).

        Raises
        ------
        ValueError, TypeError
            If shapes or types do not fit.
        NumericalError
            If a state became NaN or infinite.
        """
        x, signed, dtype = self._inputs(x, state)
        some = x[0] if isinstance(x, tuple) else x
        time_axis(some, 1, "(T, ...)")
        n_steps, shape = len(some), some.shape[1:]
        lay, th, first = self._begin(shape, dtype, n_steps)
        start = self._state(state, shape, dtype, some)
        out, end, h = run.forward(x, start, lay, self.dt, th, first,
                                  taped=tape is not None or self.record_states)
        self._check_finite(end, n_steps)
        if tape is not None:
            tape.push(self, (x, signed, h, lay, th, first))
        if self.record_states:
            end = run.states_after(h, end)
        return out, end

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None, *,
                 summed: bool = False) -> Gradients:
        """Transpose of the last call on `tape`; `state_bar` is shaped as the state it returned.

        If `summed`, the gradient of an input that repeats one step (`np.broadcast_to` along the
        first axis) is the sum over the steps, (1, ...).
        """
        x, signed, h, lay, th, first = tape.pop(self)
        n_steps, dtype = len(h[0]), h[0].dtype
        out_bar = cotangent("out_bar", out_bar, h[0].shape, dtype, h[0])
        h_bar = None
        if self.record_states and state_bar is not None:
            h_bar, state_bar = self._state_bar(state_bar, (n_steps, *lay.shape), dtype, h[0]), None
        x_bar, state_bar, p_bar = run.backward(
            x, h, lay, self.dt, th, first, self.stop_reset, out_bar, h_bar,
            self._state_bar(state_bar, lay.shape, dtype, h[0]), with_p=bool(self.trainable),
            summed=summed and signed is None)
        return Gradients(self._x_bar(x_bar, signed), state_bar, self._p_bar(p_bar))


class Cell(NeuronLayer):
    """Neurons, one step a call: ``out, state = cell(x, state)`` with `x` of shape (...).

    Parameters, results and errors as for the sequence, without the time axis.
    """

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """One step; see `Sequence.__call__`."""
        x, signed, dtype = self._inputs(x, state)
        x = map_fields(lambda a: a[None], x)
        some = x[0] if isinstance(x, tuple) else x
        shape = some.shape[1:]
        lay, th, first = self._begin(shape, dtype, 1)
        out, end, h = run.forward(x, self._state(state, shape, dtype, some), lay, self.dt, th,
                                  first, taped=tape is not None)
        self._check_finite(end, 1)
        if tape is not None:
            tape.push(self, (x, signed, h, lay, th, first))
        return out[0], end

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        x, signed, h, lay, th, first = tape.pop(self)
        dtype = h[0].dtype
        out_bar = cotangent("out_bar", out_bar, lay.shape, dtype, h[0])[None]
        x_bar, state_bar, p_bar = run.backward(
            x, h, lay, self.dt, th, first, self.stop_reset, out_bar, None,
            self._state_bar(state_bar, lay.shape, dtype, h[0]), with_p=bool(self.trainable))
        x_bar = self._x_bar(map_fields(lambda a: a[0], x_bar), signed)
        return Gradients(x_bar, state_bar, self._p_bar(p_bar))
