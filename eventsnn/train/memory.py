"""What training will need in memory, before it starts."""

from typing import Any, NamedTuple

from eventsnn.core import check
from eventsnn.core.fields import map_fields
from eventsnn.core.positions import positions, set_positions
from eventsnn.layers.base import Tape
from eventsnn.layers.checkpointed import Checkpointed, nbytes
from eventsnn.spikes import Events

MB = 2**20


class Memory(NamedTuple):
    """Bytes that a step of training needs, beside its inputs."""

    weights: int
    gradients: int
    optimiser: int
    tape: int  # what forward keeps for backward, but for the input
    output: int  # with its gradient

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)

    def __str__(self) -> str:
        lines = [f"{name:<10} {value / MB:10.1f} MB" for name, value in zip(self._fields, self,
                                                                            strict=True)]
        return "\n".join([*lines, f"{'total':<10} {self.total / MB:10.1f} MB"])


def memory(model: Any, x: Any, *, optimiser: Any = None) -> Memory:
    """What a step of training needs in memory, from a trial of two steps of time.

    Parameters
    ----------
    model : layer
        As for `fit`.
    x : (T, B, ...) array or Events
        A batch as the model takes it; `np.broadcast_to` makes one of any size without memory.
    optimiser : optimiser, optional
        That will be used.

    Returns
    -------
    Memory
        In bytes; print it for a table. What passes between layers while one of them runs is not
        counted, nor what kernels and the interpreter take.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.layers import LIF, Linear, SequentialState
    >>> net = SequentialState(Linear(30, 100, seed=1), LIF())
    >>> need = memory(net, np.zeros((50, 8, 30), np.float32))
    >>> need.weights, need.tape > 50 * 8 * 100 * 4
    (12400, True)
    """
    some = x[0] if isinstance(x, tuple) else x
    if some.ndim < 2 or len(some) == 0:
        raise check.must("x", "have shape (T, B, ...)", some.shape)
    n_steps, stand = len(some), positions(model)
    inner = model.layer if isinstance(model, Checkpointed) else model
    kept, outs = [], []
    for steps in (1, min(2, n_steps)):
        tape = Tape()
        out, state = inner(_first(x, steps), tape=tape)
        kept.append(tape.nbytes(without=x))
        outs.append(sum(o.nbytes for o in out) if isinstance(out, list) else out.nbytes)
    set_positions(stand, model)
    weights = sum(w.nbytes for w in model.weights.values())
    in_optimiser = 0 if optimiser is None else nbytes(optimiser.init(model.weights))
    each = kept[1] - kept[0] if n_steps > 1 else kept[0]
    tape_bytes = kept[0] + each * (n_steps - 1)
    if isinstance(model, Checkpointed):
        every = min(model._every(x, None, n_steps), n_steps)
        parts = -(-n_steps // every)
        tape_bytes = kept[0] + each * (every - 1) + (0 if parts == 1 else parts * nbytes(state))
    return Memory(weights, weights, in_optimiser, tape_bytes, 2 * outs[0] * n_steps)


def _first(x: Any, steps: int) -> Any:
    return x[:steps] if isinstance(x, Events) else map_fields(lambda a: a[:steps], x)
