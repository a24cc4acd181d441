"""Delays of whole steps, one for all elements or one for each."""

import math
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import like, on_device, to, zeros
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent, time_axis

EXACT = 1e-6  # of a step count: what float32 leaves open of a delay that is a multiple of the step


class DelayState(NamedTuple):
    """State of a `Delay`."""

    past: Any  # the last inputs, the oldest first: as many as the longest delay has steps


class Delay(Layer):
    """The input of some time ago, over a sequence: ``y(t) = x(t - delay)``.

    ``out, state = layer(x, state)`` with `x` of shape (T, ...). Before the first step there was
    nothing, 0.

    Parameters
    ----------
    delay : number or array
        In s; broadcasts against the last axes of the input.
    dt : float
        Step, s.
    nearest : bool
        Round delays that are no multiples of `dt`; without, they are refused.

    Examples
    --------
    >>> import numpy as np
    >>> out, state = Delay([0.0, 2e-3])(np.arange(1.0, 5.0)[:, None] * [1, 10])
    >>> out.tolist()
    [[1.0, 0.0], [2.0, 0.0], [3.0, 10.0], [4.0, 20.0]]
    """

    stateful = True

    def __init__(self, delay: Any, dt: float = 1e-3, *, nearest: bool = False) -> None:
        delay = check.real_array("delay", delay)
        self.delay = np.array(delay, np.float64)
        self.dt = check.number("dt", dt, above=0.0)
        self.nearest = check.flag("nearest", nearest)
        check.finite("delay", self.delay)
        if (self.delay < 0).any():
            raise check.must("delay", "be at least 0 s", f"{self.delay.min():g} s")
        exact = self.delay / self.dt
        if np.max(exact, initial=0.0) >= 2 ** 31:
            raise check.must("delay", "be less than 2 ** 31 steps", f"{exact.max():g} of dt",
                             "time is in seconds; did you pass milliseconds?")
        self.steps = np.rint(exact).astype(np.int64)
        self._longest = int(np.max(self.steps, initial=0))
        self._steps_there: Any = None  # the steps on a device
        off = np.abs(exact - self.steps) > EXACT * np.maximum(self.steps, 1)
        if off.any() and not self.nearest:
            raise check.must("delay", f"be a multiple of dt = {self.dt:g} s",
                             f"{self.delay[off].flat[0]:g} s", "nearest=True rounds it")

    def move(self, device: str, moved: dict[int, Any]) -> None:
        super().move(device, moved)
        self._steps_there = None if device == "cpu" else to(self.steps, device)

    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> tuple:
        """Delay `x` (T, ...).

        Parameters
        ----------
        x : (T, ...) array
            Numbers or spikes of any real dtype.
        state : DelayState, optional
            As the call before returned it.
        tape : Tape, optional
            Records what `backward` needs.

        Returns
        -------
        out : (T, ...) array
            float64 if an array given is, else float32.
        state : DelayState
            The last inputs, (longest delay in steps, ...).
        """
        x = check.real_array("x", x)
        time_axis(x, 1, "(T, ...)")
        check.broadcasts("x", x.shape[1:], self.delay.shape, "delay")
        longest, shape = self._longest, x.shape[1:]
        past = self._past("state", state, (longest, *shape))
        dtype = check.float_dtype(x) if past is None else check.float_dtype(x, past)
        known = zeros((longest + len(x), *shape), dtype, x)
        known[longest:] = x
        if past is not None:
            known[:longest] = past
        out = np.empty(x.shape, dtype, **like(x))
        if on_device(out):
            from eventsnn.connect.cuda import delay
            delay.delayed(_rows(known), self._steps_of(shape), longest, _rows(out))
        else:
            for steps, where in self._groups(shape):
                out[:, where] = known[longest - steps:longest - steps + len(x), where]
        if tape is not None:
            tape.push(self, (x.shape, dtype))
        return out, DelayState(known[len(x):].copy())

    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        shape, dtype = tape.pop(self)
        out_bar, longest = cotangent("out_bar", out_bar, shape, dtype, self), self._longest
        past_bar = self._past("state_bar", state_bar, (longest, *shape[1:]))
        known_bar = zeros((longest + shape[0], *shape[1:]), dtype, self)
        if past_bar is not None:
            known_bar[shape[0]:] = past_bar
        if on_device(known_bar):
            from eventsnn.connect.cuda import delay
            delay.delayed_bar(_rows(out_bar), self._steps_of(shape[1:]), longest, _rows(known_bar))
            return Gradients(known_bar[longest:], DelayState(known_bar[:longest]), {})
        for steps, where in self._groups(shape[1:]):
            known_bar[longest - steps:longest - steps + shape[0], where] += out_bar[:, where]
        return Gradients(known_bar[longest:], DelayState(known_bar[:longest]), {})

    def _steps_of(self, shape: tuple) -> Any:
        """The delay of each element, on the device."""
        return np.broadcast_to(self._steps_there, shape).reshape(-1)

    def _groups(self, shape: tuple) -> list[tuple[int, Any]]:
        """Each delay in steps, and the elements (a mask of `shape`) that have it."""
        if self.steps.size == 1:
            return [(int(self.steps.flat[0]), ...)]
        steps = np.broadcast_to(self.steps, shape)
        return [(int(n), steps == n) for n in np.unique(self.steps)]

    def _past(self, argument: str, state: Any, shape: tuple) -> np.ndarray | None:
        if state is None:
            return None
        if type(state) is not DelayState:
            raise check.must(argument, "be DelayState", type(state).__name__, error=TypeError)
        if state.past is None:
            return None
        past = check.real_array(f"{argument}.past", state.past)
        check.shape(f"{argument}.past", past.shape, shape, "to match x")
        return past


def _rows(x: Any) -> Any:
    """(T, ...) as (T, n)."""
    return x.reshape(len(x), math.prod(x.shape[1:]))
