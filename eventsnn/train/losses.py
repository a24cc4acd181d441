"""Losses of a read-out: each gives its value and its gradient with respect to the output.

``out`` is the read-out layer's output, ``(T, B, n_classes)``; a read-out over time makes scores of
it, ``(B, n_classes)``: see `eventsnn.train.readouts`. Gradients are called ``<what>_bar`` and have
the dtype of what they are the gradient of.
"""

import math
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.errors import NumericalError
from eventsnn.train.readouts import Readout, named, outputs


def cross_entropy(out: Any, labels: Any,
                  readout: str | Readout = "max") -> tuple[float, np.ndarray]:
    r"""Softmax cross-entropy of the read-out, mean over the batch.

    .. math:: L = -\frac1B \sum_b \log \frac{\exp s_{b, y_b}}{\sum_c \exp s_{bc}}

    Parameters
    ----------
    out : (T, B, n_classes) float array
        Output of the read-out layer.
    labels : (B,) integer array
        Class of each item, from 0.
    readout : str or Readout
        Over time, as in `eventsnn.train.readout`.

    Returns
    -------
    loss : float
    out_bar : (T, B, n_classes) array
        Gradient of the loss with respect to `out`.

    Raises
    ------
    NumericalError
        If the loss is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> loss, out_bar = cross_entropy(np.zeros((5, 1, 2)), np.array([0]), readout="last")
    >>> round(loss, 4), out_bar[-1].tolist()
    (0.6931, [[-0.5, 0.5]])
    """
    out, over_time = outputs(out), named(readout)
    if out.ndim != 3 or 0 in out.shape:
        raise check.must("out", "have shape (T, B, n_classes), none of them 0", out.shape)
    labels = class_labels(labels, out.shape[1], out.shape[2])
    items = np.arange(len(labels))
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is refused below
        scores = over_time.forward(out)
        scores = scores - scores.max(1, keepdims=True)  # no exponential overflows, one is 1
        softmax = np.exp(scores)
        total = softmax.sum(1)
        loss = float(np.mean(np.log(total) - scores[items, labels], dtype=np.float64))
    finite(loss, out=out)

    # dL/ds = (softmax - onehot) / B
    softmax /= total[:, None]
    softmax[items, labels] -= 1
    softmax /= len(labels)
    return loss, over_time.backward(out, softmax)


def mse(out: Any, target: Any, readout: str | Readout | None = None) -> tuple[float, np.ndarray]:
    """Mean of the squared errors of the output, or of its read-out, over all elements.

    Parameters
    ----------
    out : (T, B, ...) float array
        Output of the read-out layer.
    target : (T, B, ...) array, or (B, ...) with a read-out
        What it should be.
    readout : str or Readout, optional
        Over time, as in `eventsnn.train.readout`; without it every step is compared.

    Returns
    -------
    loss : float
    out_bar : (T, B, ...) array
        Gradient of the loss with respect to `out`.

    Raises
    ------
    NumericalError
        If the loss is not finite.
    """
    out, target = outputs(out), check.real_array("target", target)
    if out.size == 0:
        raise check.must("out", "have no axis of length 0", f"shape {out.shape}")
    over_time = None if readout is None else named(readout)
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is refused below
        scores = out if over_time is None else over_time.forward(out)
        check.shape("target", target.shape, scores.shape,
                    "as out" if over_time is None else f"as the {readout} of out over time")
        error = scores - target.astype(out.dtype, copy=False)
        loss = float(np.mean(error * error, dtype=np.float64))
    finite(loss, target=target, out=out)

    scores_bar = error * out.dtype.type(2 / error.size)
    return loss, scores_bar if over_time is None else over_time.backward(out, scores_bar)


def class_labels(labels: Any, n_items: int, n_classes: int,
                 argument: str = "labels") -> np.ndarray:
    """`labels` checked to be one class from 0 to `n_classes` - 1 for each of `n_items`."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise check.must(argument, "be integers", f"dtype {labels.dtype}", error=TypeError)
    check.shape(argument, labels.shape, (n_items,), "to match out")
    bad = labels[(labels < 0) | (labels >= n_classes)]
    if bad.size:
        raise check.must(argument, f"be from 0 to {n_classes - 1}", bad[0])
    return labels


class KnownClasses:
    """A loss of classes that looks at all labels of a run when it is called for the first time.

    The output tells then how many classes there are, and no weight was changed yet. Losses that
    take classes say so by an attribute ``takes_classes``; others are called as they are.
    """

    def __init__(self, loss: Any, **labels: Any) -> None:
        self._loss = loss
        self._unseen = labels if getattr(loss, "takes_classes", loss is cross_entropy) else {}

    def __call__(self, out: Any, labels: Any, readout: Any) -> tuple[float, np.ndarray]:
        found = self._loss(out, labels, readout=readout)
        for argument, every in self._unseen.items():
            class_labels(every, len(every), np.shape(out)[-1], argument)
        self._unseen = {}
        return found


def finite(loss: float, **arguments: np.ndarray) -> None:
    """Refuse a loss that is not finite, and name the argument that made it so."""
    if math.isfinite(loss):
        return
    for name, values in arguments.items():
        bad = ~np.isfinite(values)
        if bad.any():
            raise check.must(name, "be finite", f"{values[bad][0]} in {bad.sum()} of {bad.size} "
                             "places", error=NumericalError)
    raise check.must("out", "give a finite loss", loss, error=NumericalError)
