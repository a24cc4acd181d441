"""Losses of output spikes: how many there are, and when they come.

That of the first spike is `eventsnn.train.cross_entropy` with the read-out `FirstSpike`.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from eventsnn.core import check
from eventsnn.train.losses import class_labels, finite, mse
from eventsnn.train.readouts import Readout, outputs


@dataclass(frozen=True, slots=True)
class SpikeCount:
    """Mean squared error of the spike counts, as shares of the steps, from those wished for.

    Parameters
    ----------
    right, wrong : float
        Wished for of the neuron of an item's class, and of the others.

    Examples
    --------
    >>> import numpy as np
    >>> loss, out_bar = SpikeCount(right=1.0, wrong=0.0)(np.ones((10, 1, 2)), np.array([0]))
    >>> loss, out_bar.shape
    (0.5, (10, 1, 2))
    """

    takes_classes: ClassVar[bool] = True
    right: float = 0.8
    wrong: float = 0.1

    def __post_init__(self) -> None:
        check.number("right", self.right, least=0)
        check.number("wrong", self.wrong, least=0)

    def __call__(self, out: Any, labels: Any,
                 readout: str | Readout | None = None) -> tuple[float, np.ndarray]:
        """Value and gradient for spikes `out` (T, B, n_classes) and `labels` (B,)."""
        out = outputs(out)
        if out.ndim != 3 or 0 in out.shape:
            raise check.must("out", "have shape (T, B, n_classes), none of them 0", out.shape)
        labels = class_labels(labels, *out.shape[1:])
        target = np.full(out.shape[1:], self.wrong, out.dtype)
        target[np.arange(len(labels)), labels] = self.right
        return mse(out, target, readout="mean")


@dataclass(frozen=True, slots=True)
class VanRossum:
    r"""Squared distance [1]_ of spike trains from those wished for, mean over all trains.

    .. math::
        D = \frac1\tau \sum_t (f_t - g_t)^2, \qquad f_t = e^{-1/\tau} f_{t-1} + z_t

    with `g` likewise of the target. As :math:`\tau` grows the time of a spike loses its weight.

    Parameters
    ----------
    tau : float
        Time constant of the kernel, steps.

    References
    ----------
    .. [1] van Rossum, "A novel spike distance", Neural Comput. 13, 751 (2001), equation 2.

    Examples
    --------
    >>> import numpy as np
    >>> out, target = np.zeros((50, 1, 1)), np.zeros((50, 1, 1))
    >>> out[10] = 1
    >>> loss, out_bar = VanRossum(tau=5.0)(out, target)
    >>> round(loss, 2)  # 1/2, but for the step
    0.61
    """

    tau: float = 10.0

    def __post_init__(self) -> None:
        check.number("tau", self.tau, above=0)

    def __call__(self, out: Any, target: Any,
                 readout: str | Readout | None = None) -> tuple[float, np.ndarray]:
        """Value and gradient for spikes `out` (T, ...) and those wished for, of the same shape."""
        out, target = outputs(out), check.real_array("target", target)
        check.shape("target", target.shape, out.shape, "as out")
        if out.size == 0:
            raise check.must("out", "have no axis of length 0", f"shape {out.shape}")
        decay = out.dtype.type(np.exp(-1 / self.tau))
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is refused below
            error = _filtered(out - target.astype(out.dtype, copy=False), decay)
            n_trains = out[0].size
            loss = float(np.sum(error * error, dtype=np.float64) / self.tau / n_trains)
        finite(loss, target=target, out=out)
        error *= out.dtype.type(2 / self.tau / n_trains)
        return loss, _filtered(error[::-1], decay)[::-1]


def _filtered(x: np.ndarray, decay: Any) -> np.ndarray:
    """The exponential filter of `x` (T, ...) along time."""
    y = x.copy()
    for t in range(1, len(y)):
        y[t] += decay * y[t - 1]
    return y
