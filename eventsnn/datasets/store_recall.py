"""Store and recall: a bit shown long ago is asked for.

An item is a sequence of symbols, each a bit and perhaps a command. With STORE comes the bit to be
kept; a bit without a command is to be ignored. With RECALL no bit is shown, and the answer is the
bit of the last STORE. Commands take turns, STORE first. Four groups of Poisson neurons say bit 0,
bit 1, STORE and RECALL.

References
----------
.. [1] Bellec, Salaj, Subramoney, Legenstein, Maass, "Long short-term memory and learning-to-learn
   in networks of spiking neurons", NeurIPS 2018, arXiv 1803.09574.
"""

from typing import NamedTuple

import numpy as np

from eventsnn.core import check, random
from eventsnn.datasets import bins, cues

BIT_0, BIT_1, STORE, RECALL = range(4)  # groups of neurons
NO_ANSWER = -1  # at symbols that ask for none


class StoreRecall(NamedTuple):
    """What `store_recall` returns."""

    inputs: np.ndarray  # (n, T, 4 * size) bool, spikes
    labels: np.ndarray  # (n,) int64, the bit that the last symbol asks for
    targets: np.ndarray  # (n, n_symbols) int64, the bit at each recall, else -1


def store_recall(n: int, seed: int, *, n_symbols: int = 12, p_command: float = 1 / 6,
                 symbol: float = 0.2, rate: float = 50.0, size: int = 10,
                 dt: float = 1e-3) -> StoreRecall:
    """Items of the task, ready for `eventsnn.train.fit` with ``readout="last"``.

    Parameters
    ----------
    n : int
        Number of items.
    seed : int
        Of everything that is drawn: bits, places of the commands, spikes.
    n_symbols : int
        Symbols an item, at least 2. The last one is a recall.
    p_command : float
        Probability, above 0, with which a symbol is the command whose turn it is.
    symbol : float
        Duration of a symbol, s.
    rate : float
        Of each neuron of a group while the group speaks, 1/s; else it is silent.
    size : int
        Neurons a group.
    dt : float
        Step, s.

    Returns
    -------
    StoreRecall
        Spikes, the last answer, and all answers.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    Commands are drawn from the last symbol backwards, so that each item ends with a recall and
    each recall has its store; a store that is still missing is put in the first symbol.

    Examples
    --------
    >>> data = store_recall(4, seed=0)
    >>> data.inputs.shape, data.labels.shape, data.targets.shape
    ((4, 2400, 40), (4,), (4, 12))
    """
    n = check.integer("n", n, least=1)
    n_symbols = check.integer("n_symbols", n_symbols, least=2)
    p_command = check.number("p_command", p_command, above=0.0, most=1.0)
    dt = check.number("dt", dt, above=0.0)
    n_steps = bins.steps("symbol", symbol, dt)
    probability = cues.rate("rate", rate, dt)
    size = check.integer("size", size, least=1)
    bins.most("n", n, n_steps * n_symbols, 4 * size)

    draw = random.generator(seed, random.SAMPLE)
    bits = draw.integers(0, 2, (n, n_symbols))
    command = _commands(draw.random((n, n_symbols)) < p_command)
    targets = _answers(bits, command)
    said = np.stack([(bits == 0) & (command != RECALL), (bits == 1) & (command != RECALL),
                     command == STORE, command == RECALL], axis=-1)
    p = np.repeat(np.where(said, np.float32(probability), np.float32(0)), n_steps, axis=1)
    return StoreRecall(cues.spikes(draw, p, size), targets[:, -1].copy(), targets)


def _commands(is_due: np.ndarray) -> np.ndarray:
    """The command of each symbol, -1 for none; one comes where `is_due`, but in the first symbol
    if and only if a store is missing."""
    command = np.full(is_due.shape, -1)
    command[:, -1] = RECALL
    waits = np.full(len(is_due), STORE)  # the command whose turn it is, going backwards
    for k in range(is_due.shape[1] - 2, -1, -1):
        now = is_due[:, k] if k else waits == STORE
        command[now, k] = waits[now]
        waits = np.where(now, STORE + RECALL - waits, waits)
    return command


def _answers(bits: np.ndarray, command: np.ndarray) -> np.ndarray:
    targets, kept = np.full(bits.shape, NO_ANSWER, np.int64), bits[:, 0]
    for k in range(bits.shape[1]):
        kept = np.where(command[:, k] == STORE, bits[:, k], kept)
        targets[:, k] = np.where(command[:, k] == RECALL, kept, NO_ANSWER)
    return targets
