"""Which items are in which batch of which epoch: a function of the seed alone.

An epoch can be asked for at any time, so that a run that was interrupted goes on as if it had not
been, and a loop of the user's own sees the batches that `eventsnn.train.fit` sees.
"""

import numpy as np

from eventsnn.core import check, random

# Philox counters a batch may use: batches and epochs cannot reach into each other's draws.
_BATCH_BITS, _EPOCH_BITS = 64, 128
_MOST = 2**64 - 1  # epochs, of which a counter has room for more


def generator(seed: int, epoch: int, item: int) -> np.random.Generator:
    """That of an item of an epoch: 0 is the order of the items, batch `k` is ``k + 1``."""
    generator = random.generator(seed, random.DATA)
    position = (epoch << _EPOCH_BITS) + (item << _BATCH_BITS)
    generator.bit_generator.advance(position)  # type: ignore[attr-defined]  # Philox has it
    return generator


def batches(n: int, batch_size: int, seed: int = 0, epoch: int = 0, *, shuffle: bool = True,
            drop_last: bool = False) -> list[np.ndarray]:
    """Indices of the items of each batch of an epoch.

    Parameters
    ----------
    n : int
        Number of items.
    batch_size : int
        Items a batch. If it does not divide `n`, the last batch is smaller.
    seed, epoch : int
        What the order is drawn from: the same two give the same order, as in `eventsnn.train.fit`.
    shuffle : bool
        Whether the items are in a random order; else they are in their own.
    drop_last : bool
        Whether a last batch that is smaller is left out, so that there may be none at all.

    Returns
    -------
    list of (B,) int64 arrays

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> [batch.tolist() for batch in batches(5, 2, shuffle=False)]
    [[0, 1], [2, 3], [4]]
    >>> [len(batch) for batch in batches(5, 2, seed=1, epoch=3, drop_last=True)]
    [2, 2]
    """
    n = check.integer("n", n, least=0)
    batch_size = check.integer("batch_size", batch_size, least=1)
    epoch = check.integer("epoch", epoch, least=0, most=_MOST)
    shuffle, drop_last = check.flag("shuffle", shuffle), check.flag("drop_last", drop_last)
    order = generator(seed, epoch, 0).permutation(n) if shuffle else np.arange(n)
    stop = n - n % batch_size if drop_last else n
    return [order[start:start + batch_size] for start in range(0, stop, batch_size)]
