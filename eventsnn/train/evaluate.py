"""How a model does on data that it is not trained with."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.batches import batches
from eventsnn.core.device import to
from eventsnn.train import losses
from eventsnn.train.readouts import Readout
from eventsnn.train.step import Loss, count_correct

Encode = Callable[[Any], Any]  # (B, ...) raw inputs -> (T, B, ...)


def accuracy(model: Any, inputs: Any, labels: Any, *, batch_size: int = 100,
             encode: Encode | None = None, readout: str | Readout = "max") -> float:
    """Share of the items whose largest score is their label's; arguments as for `fit`."""
    n_items = check_data("labels", inputs, labels, encode)
    batch_size = check.integer("batch_size", batch_size, least=1)
    labels, correct = np.asarray(labels), 0.0
    for items in batches(n_items, batch_size, shuffle=False):
        out = _output(model, inputs[items], encode)
        losses.class_labels(labels[items], out.shape[1], out.shape[-1])
        correct += count_correct(out, labels[items], readout)
    return correct / n_items


def evaluate(model: Any, inputs: Any, labels: Any, *, batch_size: int = 100,
             encode: Encode | None = None, readout: str | Readout = "max",
             loss: Loss = losses.cross_entropy) -> tuple[float, float]:
    """Mean loss, and accuracy (nan if the labels are no classes); arguments as for `fit`."""
    n_items = check_data("labels", inputs, labels, encode)
    batch_size = check.integer("batch_size", batch_size, least=1)
    labels, total, correct = np.asarray(labels), 0.0, 0.0
    for items in batches(n_items, batch_size, shuffle=False):
        out = _output(model, inputs[items], encode)
        value, _ = loss(out, labels[items], readout=readout)
        total += value * len(items)
        correct += count_correct(out, labels[items], readout)
    return total / n_items, correct / n_items if math.isfinite(correct) else math.nan


def _output(model: Any, x: Any, encode: Encode | None) -> np.ndarray:
    """What a model makes of a batch of inputs."""
    return to(model(moved(encoded(x, encode), model))[0], "cpu")


def moved(x: Any, model: Any) -> Any:
    """A batch, moved to where a model is."""
    return to(x, getattr(model, "device", "cpu"))


def encoded(x: Any, encode: Encode | None) -> Any:
    """A batch of inputs, time-major."""
    return np.swapaxes(x, 0, 1) if encode is None else encode(x)


def check_data(argument: str, inputs: Any, labels: Any, encode: Encode | None) -> int:
    """The number of items, if inputs and labels fit together."""
    whose = "inputs" if argument == "labels" else argument
    n_items, n_labels = _length(whose, inputs), _length(argument, labels)
    if n_items == 0:
        raise check.must(whose, "hold at least one item", "none")
    if n_labels != n_items:
        raise check.must(argument, f"have one label for each of the {n_items} inputs", n_labels)
    if encode is None and np.ndim(inputs) < 2:
        raise check.must(whose, "have shape (n, T, ...)", np.shape(inputs), "or give encode")
    return n_items


def _length(argument: str, rows: Any) -> int:
    try:
        return len(rows)
    except TypeError:
        raise check.must(argument, "have a row for each item", repr(rows),
                         error=TypeError) from None
