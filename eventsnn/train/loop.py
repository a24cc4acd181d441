"""The training loop, and accuracy.

Everything random in it is a function of the seed, the epoch and the batch, so that a run that was
interrupted goes on as if it had not been: give `fit` the first epoch to do and the optimiser's
state. An encoder that draws is a generator of its own, and its position must be kept with these.
"""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from eventsnn.core import check, random
from eventsnn.errors import NumericalError
from eventsnn.layers.base import Tape
from eventsnn.train import losses
from eventsnn.train.optimise import Adam, Optimiser, State

# Philox counters a batch may use: batches and epochs cannot reach into each other's draws.
_BATCH_BITS, _EPOCH_BITS = 64, 128
_REMEDY = "lower the learning rate, or check the inputs"

Encode = Callable[[Any], Any]  # (B, ...) raw inputs -> (T, B, ...)
Augment = Callable[[Any, np.random.Generator], Any]  # (B, ...) raw inputs -> (B, ...)
Loss = Callable[..., tuple[float, np.ndarray]]  # (out, labels, readout=) -> value, out_bar


class Epoch(NamedTuple):
    """What one epoch of training came to."""

    loss: float  # mean over the items, each before its batch's update
    accuracy: float  # the same; nan if the labels are no classes
    seconds: float  # with validation
    validation: float | None = None  # accuracy on the validation data after the epoch, if given


def fit(model: Any, inputs: Any, labels: Any, *, epochs: int, batch_size: int,
        optimiser: Optimiser | None = None, loss: Loss = losses.cross_entropy,
        readout: str = "max", encode: Encode | None = None, augment: Augment | None = None,
        seed: int = 0, validation: tuple[Any, Any] | None = None, progress: bool | None = None,
        first_epoch: int = 0, optimiser_state: State | None = None) -> list[Epoch]:
    """Train a model, in place.

    Parameters
    ----------
    model : layer
        ``model(x, tape=tape) -> (out, state)``, with `backward` and `weights`.
    inputs : (n, ...) array
        One row an item; `encode` makes them time-major, ``(T, B, ...)``.
    labels : (n, ...) array
        Class of each item, or what else `loss` asks for.
    epochs, batch_size : int
        Passes over the data, and items a step. The last batch of an epoch may be smaller.
    optimiser : optimiser, optional
        `Adam` with its defaults if None.
    loss : callable
        ``loss(out, labels, readout=readout) -> (value, out_bar)``.
    readout : str
        Over time, as in `eventsnn.train.losses.readout`; for the loss and for the accuracy.
    encode : callable, optional
        Batch of inputs to the model's input. Without it, the batch's second axis is time and is
        brought to the front.
    augment : callable, optional
        ``augment(batch, generator)`` changes a batch of inputs before it is encoded.
    seed : int
        Of the order of the items and of the generator that `augment` gets.
    validation : tuple of arrays, optional
        Inputs and labels to take the accuracy on after each epoch.
    progress : bool, optional
        Whether a bar is shown on the standard error output; by default, on a terminal.
    first_epoch : int
        Number of the first epoch, from 0, to go on with a run.
    optimiser_state : dict, optional
        The optimiser's state, changed in place; by default as before the first step.

    Returns
    -------
    history : list of Epoch
        One entry for each epoch.

    Raises
    ------
    NumericalError
        If the loss or a gradient is not finite; the weights are as before that step.
    """
    n_items = _check_data("labels", inputs, labels, encode)
    epochs = check.integer("epochs", epochs, least=0)
    batch_size = check.integer("batch_size", batch_size, least=1)
    first_epoch = check.integer("first_epoch", first_epoch, least=0)
    labels = np.asarray(labels)
    if validation is not None:
        _check_data("validation", *validation, encode)
    optimiser = Adam() if optimiser is None else optimiser
    if not model.weights:
        raise check.must("model", "have weights to train", "none")
    state = optimiser.init(model.weights) if optimiser_state is None else optimiser_state

    history = []
    for epoch in range(first_epoch, first_epoch + epochs):
        start, total, correct = time.perf_counter(), 0.0, 0.0
        order = _generator(seed, epoch, 0).permutation(n_items)
        with tqdm(total=n_items, unit="item", leave=epoch == first_epoch + epochs - 1,
                  desc=f"epoch {epoch + 1}/{first_epoch + epochs}",
                  disable=None if progress is None else not progress) as bar:
            for step, items in enumerate(_batches(order, batch_size)):
                x, y = inputs[items], labels[items]
                if augment is not None:
                    x = augment(x, _generator(seed, epoch, step + 1))
                try:
                    value, out = _step(model, _encoded(x, encode), y, loss, readout, optimiser,
                                       state)
                except NumericalError as error:
                    raise NumericalError(f"epoch {epoch + 1}, step {step + 1}: {error}; "
                                         f"{_REMEDY}") from error
                total += value * len(items)
                correct += _correct(out, y, readout)
                done = bar.n + len(items)
                bar.set_postfix(loss=f"{total / done:.4f}", accuracy=f"{correct / done:.4f}",
                                refresh=False)
                bar.update(len(items))
        held_out = None if validation is None else accuracy(
            model, *validation, batch_size=batch_size, encode=encode, readout=readout)
        history.append(Epoch(total / n_items, correct / n_items, time.perf_counter() - start,
                             held_out))
    return history


def accuracy(model: Any, inputs: Any, labels: Any, *, batch_size: int = 100,
             encode: Encode | None = None, readout: str = "max") -> float:
    """Share of the items whose largest score is their label's; arguments as for `fit`."""
    n_items = _check_data("labels", inputs, labels, encode)
    batch_size = check.integer("batch_size", batch_size, least=1)
    labels, correct = np.asarray(labels), 0.0
    for items in _batches(np.arange(n_items), batch_size):
        out, _ = model(_encoded(inputs[items], encode))
        losses.class_labels(labels[items], out.shape[1], out.shape[-1])
        correct += _correct(out, labels[items], readout)
    return correct / n_items


def _step(model: Any, x: Any, y: np.ndarray, loss: Loss, readout: str, optimiser: Optimiser,
          state: State) -> tuple[float, np.ndarray]:
    """Forward, backward, update; nothing is updated if anything is not finite."""
    tape = Tape(input_gradient=False)
    out, _ = model(x, tape=tape)
    value, out_bar = loss(out, y, readout=readout)
    if not math.isfinite(value):
        raise check.must("loss", "be finite", value, error=NumericalError)
    gradients = model.backward(out_bar, tape).weights
    for name, gradient in gradients.items():
        if not np.isfinite(gradient).all():
            raise check.must(f"the gradient of {name}", "be finite", "nan or inf",
                             error=NumericalError)
    optimiser.update(model.weights, gradients, state)
    return value, out


def _correct(out: np.ndarray, labels: np.ndarray, readout: str) -> float:
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        return math.nan
    return float(np.count_nonzero(losses.readout(out, readout).argmax(-1) == labels))


def _encoded(x: Any, encode: Encode | None) -> Any:
    return np.swapaxes(x, 0, 1) if encode is None else encode(x)


def _generator(seed: int, epoch: int, item: int) -> np.random.Generator:
    generator = random.generator(seed, random.DATA)
    position = (epoch << _EPOCH_BITS) + (item << _BATCH_BITS)
    generator.bit_generator.advance(position)  # type: ignore[attr-defined]  # Philox has it
    return generator


def _batches(items: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(items), batch_size):
        yield items[start:start + batch_size]


def _check_data(argument: str, inputs: Any, labels: Any, encode: Encode | None) -> int:
    if len(inputs) == 0:
        raise check.must("inputs", "hold at least one item", "none")
    if len(labels) != len(inputs):
        raise check.must(argument, f"have one label for each of the {len(inputs)} inputs",
                         f"{len(labels)}")
    if encode is None and np.ndim(inputs) < 2:
        raise check.must("inputs", "have shape (n, T, ...)", np.shape(inputs), "or give encode")
    return len(inputs)
