"""Read-outs: from an output over time, (T, B, n_classes), to scores, (B, n_classes).

The maximum, the mean, the last step, the sum (of spikes: their number), or minus the time of the
first spike. Each knows its transpose.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from eventsnn.core import check


class Readout(Protocol):
    """What makes scores of an output; of any kind that a user may write."""

    def forward(self, out: np.ndarray) -> np.ndarray:
        """Scores (...) of an output (T, ...)."""

    def backward(self, out: np.ndarray, scores_bar: np.ndarray) -> np.ndarray:
        """Gradient of the output for that of its scores."""


class _Named(NamedTuple):
    forward: Callable[[np.ndarray], np.ndarray]  # out -> scores
    backward: Callable[[np.ndarray, np.ndarray], np.ndarray]  # out, scores_bar -> out_bar


def _max_backward(out: np.ndarray, scores_bar: np.ndarray) -> np.ndarray:
    out_bar = np.zeros_like(out)
    np.put_along_axis(out_bar, out.argmax(0)[None], scores_bar[None], 0)
    return out_bar


def _last_backward(out: np.ndarray, scores_bar: np.ndarray) -> np.ndarray:
    out_bar = np.zeros_like(out)
    out_bar[-1] = scores_bar
    return out_bar


_READOUTS = {
    "last": _Named(lambda out: out[-1], _last_backward),
    "max": _Named(lambda out: out.max(0), _max_backward),
    "mean": _Named(lambda out: out.mean(0, dtype=out.dtype),
                   lambda out, scores_bar: np.repeat(scores_bar[None] / len(out), len(out), 0)),
    "sum": _Named(lambda out: out.sum(0, dtype=out.dtype),
                  lambda out, scores_bar: np.repeat(scores_bar[None], len(out), 0)),
}


def readout(out: Any, how: str | Readout) -> np.ndarray:
    """Scores of an output over time.

    Parameters
    ----------
    out : (T, ...) array
        Output of the read-out layer; at least one step.
    how : str or Readout
        Over time: ``"max"``, ``"mean"``, ``"last"``, ``"sum"``, or one such as `FirstSpike`.

    Returns
    -------
    scores : (...) array
    """
    return named(how).forward(outputs(out))


def readout_vjp(out: Any, how: str | Readout, scores_bar: Any) -> np.ndarray:
    """Transpose of `readout` at `out`: ``scores_bar (...) -> out_bar (T, ...)``.

    The gradient of a maximum goes to the first step that attains it.
    """
    out, scores_bar = outputs(out), check.real_array("scores_bar", scores_bar)
    check.shape("scores_bar", scores_bar.shape, out.shape[1:], "as out without its time axis")
    return named(how).backward(out, scores_bar.astype(out.dtype, copy=False))


@dataclass(frozen=True, slots=True)
class FirstSpike:
    r"""Minus the time of the first spike, over `tau`: a softmax of it favours who spikes first.

    The time is the number of steps without a spike before it, `T` if there is none. As a function
    of the spikes it is

    .. math:: t = \sum_{s=0}^{T-1} \prod_{r \le s} (1 - z_r)

    and its gradient is that of this polynomial: a spike at step `r` would end the silence after it,
    also that of a neuron which did not spike at all.

    Parameters
    ----------
    tau : float
        Steps by which a neuron must be first for one unit of score.

    References
    ----------
    .. [1] Goltz et al., "Fast and energy-efficient neuromorphic deep learning with first-spike
       times", Nat. Mach. Intell. 3, 823 (2021): their loss is the cross-entropy of this read-out.

    Examples
    --------
    >>> import numpy as np
    >>> spikes = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    >>> FirstSpike(tau=2.0).forward(spikes)
    array([-0.5, -1.5])
    """

    tau: float = 1.0

    def __post_init__(self) -> None:
        check.number("tau", self.tau, above=0)

    def forward(self, out: np.ndarray) -> np.ndarray:
        """Scores (...) of spikes (T, ...)."""
        return np.cumprod(1 - out, axis=0).sum(0) * out.dtype.type(-1 / self.tau)

    def backward(self, out: np.ndarray, scores_bar: np.ndarray) -> np.ndarray:
        """Gradient of the spikes for that of their scores."""
        silent = np.cumprod(1 - out, axis=0)
        before = np.concatenate([np.ones_like(out[:1]), silent[:-1]])
        after, later = np.empty_like(out), np.zeros_like(out[0])  # silence that a spike would end
        for t in reversed(range(len(out))):
            later = 1 + (0 if t + 1 == len(out) else 1 - out[t + 1]) * later
            after[t] = later
        return before * after * (scores_bar * out.dtype.type(1 / self.tau))


@dataclass(frozen=True, slots=True)
class FirstTime:
    """Minus the first of the spike times of a layer in continuous time, over `tau`.

    Parameters
    ----------
    tau : float
        Seconds by which a neuron must be first for one unit of score.
    late : float
        Time, s, that stands for no spike; its gradient is 0.

    Examples
    --------
    >>> import numpy as np
    >>> FirstTime(tau=0.01, late=0.1).forward(np.array([[0.02, np.inf], [0.03, np.inf]]))
    array([ -2., -10.])
    """

    tau: float
    late: float

    def __post_init__(self) -> None:
        check.number("tau", self.tau, above=0)
        check.number("late", self.late, above=0)

    def forward(self, out: np.ndarray) -> np.ndarray:
        """Scores (...) of spike times (K, ...)."""
        return np.minimum(out[0], out.dtype.type(self.late)) * out.dtype.type(-1 / self.tau)

    def backward(self, out: np.ndarray, scores_bar: np.ndarray) -> np.ndarray:
        """Gradient of the times for that of their scores."""
        out_bar = np.zeros_like(out)
        out_bar[0] = np.where(out[0] < self.late, scores_bar * out.dtype.type(-1 / self.tau), 0)
        return out_bar


def outputs(out: Any) -> np.ndarray:
    """`out` as an array over time of one of the float types."""
    out = check.real_array("out", out)
    if out.dtype not in (np.float32, np.float64):
        raise check.must("out", "be float32 or float64", out.dtype, error=TypeError)
    if out.ndim == 0 or len(out) == 0:
        raise check.must("out", "have at least one step", f"shape {out.shape}")
    return out


def named(how: str | Readout) -> Readout:
    """The read-out of a name, or itself."""
    if not isinstance(how, str) and hasattr(how, "forward") and hasattr(how, "backward"):
        return how
    if not isinstance(how, str) or how not in _READOUTS:
        raise check.unknown("readout", how, _READOUTS)
    return _READOUTS[how]
