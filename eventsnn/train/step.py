"""One step of training: a batch in shards, each forward and backward, their gradients summed.

A batch is cut into shards, whatever the number of threads; their gradients are added in their
order. So the weights do not depend on how many threads there are. Shards are small so that what
they keep for backward is little, and many enough to share among threads if there is work for them.
"""

import contextlib
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import blas, check, heap
from eventsnn.core.device import beside, on_device, to
from eventsnn.core.fields import map_fields
from eventsnn.core.jit import kernel
from eventsnn.errors import NumericalError
from eventsnn.layers.base import Tape
from eventsnn.layers.containers import SequentialState
from eventsnn.train import penalties as penalised
from eventsnn.train.optimise import each
from eventsnn.train.origin import origin
from eventsnn.train.readouts import Readout, readout

SHARD = 64  # items, at most
SHARDS = 4  # at least, of inputs that are worth it
WORTH = 1 << 17  # numbers that go into a shard

Loss = Callable[..., tuple[float, np.ndarray]]  # (out, labels, readout=) -> value, out_bar


class Objective(NamedTuple):
    """What training makes small."""

    model: Any
    loss: Loss
    readout: str | Readout
    penalties: tuple = ()
    online: Any = None  # what gives loss and gradients in place of `loss` and backward, if not None


class Outcome(NamedTuple):
    """Of a batch: sums over its items, and the gradients of its mean loss."""

    loss: float
    correct: float  # nan if the labels are no classes
    gradients: dict[str, np.ndarray]


@contextlib.contextmanager
def workers(threads: int) -> Iterator[Executor | None]:
    """Threads for shards, or None; BLAS takes one in each of them, and memory is kept."""
    with heap.kept():
        if threads == 1:
            yield None
            return
        with blas.one_thread(), ThreadPoolExecutor(threads) as pool:
            yield pool


def run(objective: Objective, x: Any, y: np.ndarray, pool: Executor | None) -> Outcome:
    """Loss and gradients of a batch: inputs (T, B, ...), labels (B, ...)."""
    n_items = len(y)
    n_shards = 1 if on_device(x) else _n_shards(x, n_items)  # a device shares out by itself
    cuts = [n_items * k // n_shards for k in range(n_shards + 1)]
    shards = [(map_fields(lambda a, s=slice(*ends): a[:, s], x), y[slice(*ends)])
              for ends in zip(cuts[:-1], cuts[1:], strict=True)] if n_shards > 1 else [(x, y)]

    def work(shard: tuple[Any, np.ndarray]) -> Outcome:
        return _shard(objective, *shard)

    loss, correct = 0.0, 0.0
    total: dict[str, np.ndarray] = {}
    found = map(work, shards) if pool is None else pool.map(work, shards)
    for (_, labels), (value, right, gradients) in zip(shards, found, strict=True):
        loss, correct, share = loss + value, correct + right, len(labels) / n_items
        for name, gradient in gradients.items():
            total[name] = _added(total.get(name), gradient, share)
    for name, gradient in total.items():
        if not np.isfinite(gradient).all():
            raise check.must(f"the gradient of {name}", "be finite", "nan or inf",
                             error=NumericalError)
    return Outcome(loss, correct, total)


def _added(total: Any, gradient: Any, share: float) -> Any:
    """``total + share * gradient``, in the place of `total`, where there is one."""
    if share == 1:
        return gradient
    if total is None:
        return gradient * gradient.dtype.type(share)
    each(_add, "", [total.dtype.type(share)], gradient, total)
    return total


@kernel
def _add(total, gradient, share):
    for k in range(np.uint64(total.size)):
        total[k] += share * gradient[k]


def _n_shards(x: Any, n_items: int) -> int:
    """In how many parts a batch is cut: by its shape alone."""
    size = math.prod((x[0] if isinstance(x, tuple) else x).shape)
    return max(-(-n_items // SHARD), min(SHARDS, n_items, size // WORTH))


def _shard(objective: Objective, x: Any, y: np.ndarray) -> Outcome:
    """Forward and backward of some items of the batch; gradients are of their mean loss."""
    if objective.online is not None:
        return objective.online.run(objective.model, x, y, objective.penalties)
    model, tape = objective.model, Tape(input_gradient=False)
    if objective.penalties and hasattr(model, "return_hidden"):
        model = SequentialState(*model, return_hidden=True)
    result = model(x, tape=tape)
    last = result[0][-1] if isinstance(result[0], list) else result[0]
    out = to(last, "cpu")  # losses are the host's: they may be the user's own
    try:
        value, out_bar = objective.loss(out, y, readout=objective.readout)
        if not math.isfinite(value):
            raise check.must("loss", "be finite", value, error=NumericalError)
    except NumericalError as error:
        raise NumericalError(f"{error}{origin(model, x)}") from error
    state_bar, extra = None, {}
    out_bar = beside(out_bar, last)
    if objective.penalties:
        cost, out_bar, state_bar, extra = penalised.add(objective.penalties, model, result, out_bar)
        value += cost
    gradients = model.backward(out_bar, tape, state_bar).weights
    for name, bar in extra.items():
        gradients[name] = gradients[name] + bar
    return Outcome(value * len(y), count_correct(out, y, objective.readout), gradients)


def count_correct(out: np.ndarray, labels: np.ndarray, how: str | Readout) -> float:
    """How many scores are largest at the label; nan if the labels are no classes."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        return math.nan
    return float(np.count_nonzero(readout(out, how).argmax(-1) == labels))
