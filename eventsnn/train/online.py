"""One batch learning on line: each step moves the traces on, and nothing is kept of the past."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import beside, like, on_device, to
from eventsnn.core.fields import map_fields
from eventsnn.engine import eligibility
from eventsnn.errors import NumericalError
from eventsnn.layers import (
    LI, LIBox, LIBoxCell, LICell, Linear, RecurrentSequence, SequentialState, jacobian,
)
from eventsnn.surrogates import has_slope, prepare
from eventsnn.train.losses import class_labels
from eventsnn.train.penalties import Rate

CELLS: dict[type, Any] = {LI: LICell, LIBox: LIBoxCell}


class StepLoss(NamedTuple):
    """A loss of one step: not yet divided by the number of terms, of which it says how many."""

    value: float
    y_bar: np.ndarray
    n_terms: int


def squared_error(y: np.ndarray, target: Any) -> StepLoss:
    """Squared differences from a target (B, n_out)."""
    target = check.real_array("target", target)
    check.shape("target", target.shape, y.shape, "as the output")
    error = y - target.astype(y.dtype, copy=False)
    return StepLoss(float(np.sum(error * error, dtype=np.float64)), 2 * error, error.size)


def cross_entropy(y: np.ndarray, target: Any) -> StepLoss:
    """Softmax cross-entropy of this step's output with classes (B,)."""
    labels = class_labels(target, *y.shape)
    shifted = y - y.max(1, keepdims=True)
    softmax = np.exp(shifted)
    total, items = softmax.sum(1), np.arange(len(y))
    value = float(np.sum(np.log(total) - shifted[items, labels], dtype=np.float64))
    softmax /= total[:, None]
    softmax[items, labels] -= 1
    return StepLoss(value, softmax, len(y))


LOSSES: dict[str, Callable[[np.ndarray, Any], StepLoss]] = {
    "mse": squared_error, "cross_entropy": cross_entropy}


class Online:
    """A model that learns by e-prop as time goes on; `EProp.begin` makes one.

    It begins at rest, with traces of zero, and its memory does not depend on the number of steps:
    ``B * hidden_size * (input_size + hidden_size)`` numbers for each state variable of the neurons
    and of the read-out. Weights may be changed between steps: see `gradients`.
    """

    def __init__(self, model: Any, loss: str, feedback: np.ndarray | None,
                 rate: Rate | None = None) -> None:
        self._recurrent, self._linear, readout = parts(model)
        where = self._recurrent.device
        self._loss, self._feedback, self._rate = LOSSES[loss], to(feedback, where), rate
        cell = CELLS[type(readout)]
        self._readout = cell(readout.p, readout.threshold, readout.dt).to(where)
        # What is linear of it: how it goes on from an output that is different.
        self._filter = cell(readout.p._replace(v_leak=0.0), readout.threshold, readout.dt)
        self._filter.to(where)
        self._state: Any = None
        self._y_state: Any = None
        self._sent_state: Any = None
        self._traces: Any = None
        self.value, self.n_terms, self.n_steps = 0.0, 0, 0

    def step(self, x: Any, target: Any = None) -> np.ndarray:
        """One step of the model and of learning.

        Parameters
        ----------
        x : (B, input_size) array
            Input of this step.
        target : (B, n_out) array, or (B,) classes, optional
            What the output should be. Without it this step has no loss; the traces go on.

        Returns
        -------
        y : (B, n_out) array
            The output.
        """
        x = check.real_array("x", x)
        if x.ndim != 2:
            raise check.must("x", f"have shape (B, {self._recurrent.input_size})", x.shape)
        now = jacobian.step(self._recurrent, x, self._state)
        z, dtype = now.out, now.out.dtype
        y, self._y_state = self._readout(self._linear(z), self._y_state)
        sent = np.concatenate([z, np.ones((len(z), 1), dtype, **like(z))], axis=1)  # and the bias's
        sent, self._sent_state = self._filter(sent, self._sent_state)
        self._state = now.state
        self.n_steps += 1
        found = (StepLoss(0.0, np.zeros_like(y), 0) if target is None
                 else self._loss(to(y, "cpu"), target))
        if not np.isfinite(found.value):
            raise check.must("loss", "be finite", found.value, error=NumericalError)
        self.value += found.value
        self.n_terms += found.n_terms
        weight = self._linear.weight if self._feedback is None else self._feedback
        y_bar = beside(found.y_bar.astype(dtype, copy=False), z)
        self._learn(now, np.concatenate([x.astype(dtype, copy=False), now.z_before], axis=1), sent,
                    y_bar, weight.astype(dtype, copy=False))
        return y

    def _learn(self, now: jacobian.Step, pre: np.ndarray, sent: np.ndarray, y_bar: np.ndarray,
               feedback: np.ndarray) -> None:
        """Move the traces on, and add to the gradients."""
        if self._traces is None:
            self._traces = self._begin(now, pre, y_bar)
        t = self._traces
        loops: Any = eligibility
        if on_device(pre):
            from eventsnn.engine.cuda import eligibility as loops
        loops.advance(now.by_s, now.by_x, pre, y_bar @ feedback, t.eps, t.filtered,
                      *t.constants, t.rows, t.bar, t.total)
        t.sent_bar[...] += y_bar.T @ sent
        if t.spikes is not None:
            t.spikes[...] += now.out

    def _begin(self, now: jacobian.Step, pre: np.ndarray, y_bar: np.ndarray) -> "_Traces":
        (n_batch, n), n_pre, dtype = now.out.shape, pre.shape[1], now.out.dtype
        n_fields, state = len(now.by_s), self._filter.model.state
        constants = (map_fields(dtype.type, self._filter.p), dtype.type(self._filter.dt),
                     prepare(self._filter.threshold, dtype))

        def zeros(*shape: int) -> Any:
            return np.zeros(shape, dtype, **like(pre))

        return _Traces(
            zeros(n_fields, n_batch, n, n_pre),
            state(*(zeros(n_batch, n, n_pre) for _ in state._fields)),
            constants, np.empty((1 + n_fields, n_pre), dtype), zeros(n, n_pre),
            zeros(y_bar.shape[1], n + 1),
            None if self._rate is None else zeros(n_batch, n, n_pre),
            None if self._rate is None else zeros(n_batch, n))

    def loss(self) -> float:
        """The mean loss of the steps that had a target, and what a `Rate` adds."""
        return self.value / self._terms() + (self._of_rate()[0] if self._rate else 0.0)

    def gradients(self, *, restart: bool = False) -> dict[str, np.ndarray]:
        """Of the loss so far, for each weight of the model.

        With `restart`, loss and gradients are from now on those of the steps to come, as is wanted
        where weights are changed now; the state and the traces go on.
        """
        t, n_terms = self._traces, self._terms()
        bar = t.bar / t.bar.dtype.type(n_terms)
        sent_bar = t.sent_bar / t.bar.dtype.type(n_terms)
        if self._rate is not None:
            for item, by_rate in enumerate(beside(self._of_rate()[1], bar)):
                bar += by_rate[:, None] * t.total[item]
        n_in = self._recurrent.input_size
        recurrent_bar = bar[:, n_in:].copy()
        if not self._recurrent.autapses:
            np.fill_diagonal(recurrent_bar, 0.0)
        found = {"0.input_weights": bar[:, :n_in].copy(), "0.recurrent_weights": recurrent_bar,
                 "1.weight": sent_bar[:, :-1].copy()}
        if self._linear.bias is not None:
            found["1.bias"] = sent_bar[:, -1].copy()
        if restart:
            self.value, self.n_terms, self.n_steps = 0.0, 0, 0
            for added in (t.bar, t.sent_bar, t.total, t.spikes):
                if added is not None:
                    added[...] = 0
        return found

    def _terms(self) -> int:
        if not self.n_terms:
            raise check.must("target", "be given in a step, to have a loss", "none so far")
        return self.n_terms

    def _of_rate(self) -> tuple[float, np.ndarray]:
        assert self._rate is not None
        rate = to(self._traces.spikes, "cpu").astype(np.float64) / self.n_steps
        return self._rate.of_rate(rate, self.n_steps, self._traces.spikes.dtype)


class _Traces(NamedTuple):
    """All that is kept from step to step beside the state of the model."""

    eps: np.ndarray  # (F, B, N, M), eligibility vectors
    filtered: Any  # state of the filter of the eligibility traces, (B, N, M)
    constants: tuple  # of that filter: parameters, step, threshold
    rows: np.ndarray  # scratch of the CPU
    bar: np.ndarray  # (N, M), gradient of the input weights and of the recurrent ones
    sent_bar: np.ndarray  # (n_out, N + 1), gradient of the read-out's weights and its bias
    total: np.ndarray | None  # (B, N, M), eligibility traces added up
    spikes: np.ndarray | None  # (B, N), how many


def parts(model: Any) -> tuple[Any, Any, Any]:
    """The three layers of a model that e-prop can train; any other is refused."""
    demand = "be a SequentialState of a recurrent sequence, Linear, and LI or LIBox, for e-prop"
    if not isinstance(model, SequentialState):
        raise check.must("model", demand, type(model).__name__, error=TypeError)
    found = list(model)
    if (len(found) != 3 or not isinstance(found[0], RecurrentSequence)
            or type(found[1]) is not Linear or type(found[2]) not in CELLS):
        raise check.must("model", demand, f"({', '.join(type(one).__name__ for one in found)})",
                         error=TypeError)
    recurrent, linear, readout = found
    if recurrent.model.inputs is not None:
        raise check.must("model", "have neurons of one input channel for e-prop", recurrent.name)
    if recurrent._sparse is not None:
        raise check.must("recurrent_weights", "be an array for e-prop", "a sparse matrix")
    has_slope(recurrent.threshold)
    for one in (recurrent, readout):
        if one.trainable:
            raise check.must("trainable", "be empty for e-prop, which trains weights",
                             repr(one.trainable))
    for name, value in zip(readout.p._fields, readout.p, strict=True):
        if np.ndim(value):
            raise check.must(f"{name} of the read-out", "be one number for e-prop",
                             f"shape {np.shape(value)}")
    return recurrent, linear, readout
