"""The training loop.

Everything random in it is a function of the seed, the epoch and the batch, so that a run that was
interrupted goes on as if it had not been: from a `checkpoint`, or given the first epoch to do and
the optimiser's state.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from eventsnn.core import check, files, random
from eventsnn.core.batches import batches, generator
from eventsnn.errors import NumericalError
from eventsnn.train import losses, saved_run, step
from eventsnn.train.adam import Adam
from eventsnn.train.ahead import moved_ahead
from eventsnn.train.e_prop import EProp
from eventsnn.train.epochs import Best, Epoch, write_log
from eventsnn.train.evaluate import Encode, check_data, encoded, evaluate
from eventsnn.train.optimise import Optimiser, State, with_rate
from eventsnn.train.penalties import check_penalties
from eventsnn.core.positions import drawing
from eventsnn.train.readouts import Readout
from eventsnn.train.schedules import Schedule

_REMEDY = "lower the learning rate, or check the inputs"

Augment = Callable[[Any, np.random.Generator], Any]  # (B, ...) raw inputs -> (B, ...)


def fit(model: Any, inputs: Any, labels: Any, *, epochs: int, batch_size: int,
        optimiser: Optimiser | None = None, loss: step.Loss = losses.cross_entropy,
        readout: str | Readout = "max", penalties: Sequence = (), schedule: Schedule | None = None,
        encode: Encode | None = None, augment: Augment | None = None, seed: int = 0,
        validation: tuple[Any, Any] | None = None, keep_best: bool = False,
        patience: int | None = None, log: str | os.PathLike | None = None,
        checkpoint: str | os.PathLike | None = None, resume: bool = False, overwrite: bool = False,
        threads: int = 1, progress: bool | None = None, first_epoch: int = 0,
        optimiser_state: State | None = None, online: EProp | None = None) -> list[Epoch]:
    """Train a model, in place; one that is on a device is trained there.

    Parameters
    ----------
    model : layer
        ``model(x, tape=tape) -> (out, state)``, with `backward` and `weights`.
    inputs : (n, ...) array
        One row an item; `encode` makes them time-major, ``(T, B, ...)``.
    labels : (n, ...) array
        Class of each item, or what else `loss` asks for. Classes that the output has not are
        refused before the first step, those of `validation`, too.
    epochs, batch_size : int
        Passes over the data, and items a step. The last batch of an epoch may be smaller.
    optimiser : optimiser, optional
        `Adam` with its defaults if None.
    loss : callable
        ``loss(out, labels, readout=readout) -> (value, out_bar)``.
    readout : str or Readout
        Over time, as in `eventsnn.train.readout`; for the loss and for the accuracy.
    penalties : sequence of Rate, Voltage, Weight
        Are added to the loss.
    schedule : callable, optional
        The learning rate for the number of steps done before: see `eventsnn.train.schedules`.
    encode : callable, optional
        Batch of inputs to the model's input. Without it, the batch's second axis is time and is
        brought to the front.
    augment : callable, optional
        ``augment(batch, generator)`` changes a batch of inputs before it is encoded. For a model on
        a device, both are called for a batch before the step of the one before it is done.
    seed : int
        Of the order of the items and of the generator that `augment` gets.
    validation : tuple of arrays, optional
        Inputs and labels to take the loss and the accuracy on after each epoch.
    keep_best : bool
        Whether the model has, in the end or after a NumericalError, the weights of the epoch that
        did best on the validation data: highest accuracy, then lowest loss.
    patience : int, optional
        Stop after so many epochs without a better one on the validation data.
    log : path, optional
        CSV file with a line an epoch, for ``eventsnn plot training``.
    checkpoint : path, optional
        File to keep the run in after each epoch.
    resume : bool
        Go on with the run in the checkpoint, if there is one, until `epochs` are done in all: to
        the same weights, bit for bit. Layers and encoders of eventsnn that draw at random go on
        where they stood; an encoder of your own must depend on its input alone.
    overwrite : bool
        Whether a log and a checkpoint that exist may be replaced.
    threads : int
        That work at once, each on a part of the batch. The weights do not depend on it.
    progress : bool, optional
        Whether a bar is shown on the standard error output; by default, on a terminal.
    first_epoch : int
        Number of the first epoch, from 0, to go on with a run that you keep yourself.
    optimiser_state : dict, optional
        The optimiser's state, changed in place; by default as before the first step.
    online : EProp, optional
        Gives losses and gradients forward in time, in place of `loss` and backward; `loss` and
        `readout` are then for the validation alone.

    Returns
    -------
    history : list of Epoch
        One entry for each epoch, also those before a resume.

    Raises
    ------
    NumericalError
        If the loss or a gradient is not finite; the weights are as before that step, or the best.
        The message names epoch, step and, where it can be known, the layer.
    """
    n_items = check_data("labels", inputs, labels, encode)
    epochs = check.integer("epochs", epochs, least=0)
    batch_size = check.integer("batch_size", batch_size, least=1)
    first_epoch = check.integer("first_epoch", first_epoch, least=0)
    threads = check.integer("threads", threads, least=1)
    seed = int(random.seed(seed))
    progress = None if progress is None else check.flag("progress", progress)
    keep_best, resume = check.flag("keep_best", keep_best), check.flag("resume", resume)
    labels = np.asarray(labels)
    held: dict[str, Any] = {}
    if validation is not None:
        if not isinstance(validation, (tuple, list)) or len(validation) != 2:
            raise check.must("validation", "be a pair of inputs and labels",
                             type(validation).__name__, error=TypeError)
        check_data("validation", *validation, encode)
        held = {"the labels of validation": validation[1]}
    elif keep_best or patience is not None:
        raise check.must("validation", "be given for keep_best and patience", None,
                         error=TypeError)
    if patience is not None:
        check.integer("patience", patience, least=1)
    if resume and (checkpoint is None or first_epoch):
        raise check.must("resume", "go with a checkpoint, and without first_epoch", "others")
    for path in (log, checkpoint):
        if path is not None:
            files.check_new(path, overwrite or resume)
    optimiser = Adam() if optimiser is None else optimiser
    if isinstance(optimiser, type) or not hasattr(optimiser, "init"):
        raise check.must("optimiser", "be an optimiser, such as Adam(1e-3)", repr(optimiser),
                         error=TypeError)
    for name, function in {"loss": loss, "schedule": schedule or loss, "encode": encode or loss,
                           "augment": augment or loss}.items():
        if not callable(function):
            raise check.must(name, "be a function", repr(function), error=TypeError)
    if not getattr(model, "weights", None):
        raise check.must("model", "have weights to train", "none")
    check_penalties(penalties, model)
    if online is not None:
        online.check(model, penalties)
    _check_threads(threads, model)
    if not isinstance(optimiser_state, (dict, type(None))):
        raise check.must("optimiser_state", "be what the optimiser's init returned",
                         type(optimiser_state).__name__, error=TypeError)
    state = optimiser.init(model.weights) if optimiser_state is None else optimiser_state
    run = saved_run.Run(model, (model, encode), state, [], Best(), {
        "seed": seed, "batch_size": batch_size, "items": n_items, "optimiser": repr(optimiser),
        "loss": _named(loss), "readout": _named(readout), "penalties": repr(tuple(penalties)),
        "online": _named(online)})
    if resume and os.path.exists(checkpoint):  # type: ignore[arg-type]
        first_epoch = saved_run.resume(checkpoint, run)  # type: ignore[arg-type]
        epochs -= first_epoch
    objective = step.Objective(model, losses.KnownClasses(loss, labels=labels, **held), readout,
                               tuple(penalties), online)

    with step.workers(threads) as pool:
        for epoch in range(first_epoch, first_epoch + epochs):
            if patience is not None and _is_done(run, epoch, patience):
                break
            began = time.perf_counter()
            with tqdm(total=n_items, unit="item", leave=epoch == first_epoch + epochs - 1,
                      desc=f"epoch {epoch + 1}/{first_epoch + epochs}",
                      disable=None if progress is None else not progress) as bar:
                try:
                    found, rate = _epoch(objective, inputs, labels, batch_size, epoch, seed,
                                         augment, encode, optimiser, schedule, state, pool, bar)
                except NumericalError:
                    if keep_best:
                        run.best.put_into(model.weights)
                    raise
            held_out: tuple[Any, Any] = (None, None)
            if validation is not None:
                held_out = evaluate(model, *validation, batch_size=batch_size, encode=encode,
                                    readout=readout, loss=loss)[::-1]
            run.history.append(Epoch(*found, time.perf_counter() - began, *held_out, rate))
            if keep_best or patience is not None:
                run.best.look(epoch, run.history[-1], model.weights)
            if log is not None:
                write_log(log, run.history)
            if checkpoint is not None:
                saved_run.save(checkpoint, run, epoch + 1)
    if keep_best:
        run.best.put_into(model.weights)
    return run.history


def _named(value: Any) -> str:
    """What tells one setting from another, in this process and in later ones: no addresses."""
    return re.sub(" at 0x[0-9a-fA-F]+", "", repr(value))


def _epoch(objective: step.Objective, inputs: Any, labels: np.ndarray, batch_size: int,
           epoch: int, seed: int, augment: Augment | None, encode: Encode | None, optimiser: Any,
           schedule: Schedule | None, state: State, pool: Any,
           bar: tqdm) -> tuple[tuple[float, float], float | None]:
    """One pass over the data: mean loss and accuracy, and the last learning rate."""
    total, correct = 0.0, 0.0
    given = _batches(inputs, len(labels), batch_size, epoch, seed, augment, encode)
    for number, (items, x) in enumerate(moved_ahead(given, objective.model)):
        if schedule is not None:
            optimiser = with_rate(optimiser, schedule(state["step"]))
        with _telling(epoch, number):
            found = step.run(objective, x, labels[items], pool)
        optimiser.update(objective.model.weights, found.gradients, state)
        total, correct = total + found.loss, correct + found.correct
        done = bar.n + len(items)
        bar.set_postfix(loss=f"{total / done:.4f}", accuracy=f"{correct / done:.4f}",
                        refresh=False)
        bar.update(len(items))
    inner = getattr(optimiser, "optimiser", optimiser)
    return (total / len(labels), correct / len(labels)), getattr(inner, "learning_rate", None)


def _batches(inputs: Any, n_items: int, batch_size: int, epoch: int, seed: int,
             augment: Augment | None, encode: Encode | None) -> Iterator[tuple[np.ndarray, Any]]:
    """The items of each batch, and the model's input for them, on the CPU or where it is made."""
    for number, items in enumerate(batches(n_items, batch_size, seed, epoch)):
        x = inputs[items]
        if augment is not None:
            x = augment(x, generator(seed, epoch, number + 1))
        with _telling(epoch, number):
            x = encoded(x, encode)
        yield items, x


@contextlib.contextmanager
def _telling(epoch: int, number: int) -> Iterator[None]:
    """Errors tell where in the run they came."""
    try:
        yield
    except NumericalError as error:
        raise NumericalError(f"epoch {epoch + 1}, step {number + 1}: {error}; "
                             f"{_REMEDY}") from error


def _is_done(run: saved_run.Run, epoch: int, patience: int) -> bool:
    """Whether so many epochs brought nothing better."""
    return run.best.epoch is not None and epoch - run.best.epoch > patience


def _check_threads(threads: int, model: Any) -> None:
    if threads > 1 and (found := [type(one).__name__ for one in drawing(model)]):
        raise check.must("threads", "be 1 for a model that draws at random", threads,
                         f"{found[0]} does")
