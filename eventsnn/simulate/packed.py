"""One projection, looked up in the packed arrays of a built network."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from eventsnn.connect.cpu import SHARED

PIECE = 1 << 22  # synapses looked at in one go


class Packed:
    """One projection within the arrays of the built network."""

    def __init__(self, synapses: Any, k: int, first: int, size: int) -> None:
        self._synapses, self._k = synapses, k
        self.first, self.size = first, size  # first target; targets a block
        n_blocks, width = synapses.block_at.shape[1], int(synapses.n_pre[k]) + 1
        at = int(synapses.rows_at[k])
        self.rows = synapses.rows[at:at + n_blocks * width].reshape(n_blocks, width)

    def __len__(self) -> int:
        return sum(int(row[-1]) for row in self.rows)

    def targets(self, block: int) -> np.ndarray:
        """The targets of a block, numbered within it."""
        at = int(self._synapses.block_at[self._k, block])
        return self._synapses.targets[at:at + int(self.rows[block, -1])]

    def onto(self, block: int, wanted: np.ndarray) -> np.ndarray:
        """The places of a block's synapses onto some targets, sorted by target and then by source.

        `wanted` (size,) bool tells which of the block's neurons.
        """
        targets, places = self.targets(block), [np.empty(0, np.int64)]
        for at in range(0, len(targets), PIECE):
            places.append(at + np.flatnonzero(wanted[targets[at:at + PIECE]]))
        where = np.concatenate(places)
        # They lie source after source, so a stable sort leaves sources in order.
        return where[np.argsort(targets[where], kind="stable")]

    def onto_each(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """`onto` for each block; `wanted` tells which of the projection's targets."""
        n = len(wanted)
        for block in range(self.first // self.size, -(-(self.first + n) // self.size)):
            begin = block * self.size - self.first  # the block's first neuron, among the targets
            mine = np.zeros(self.size, np.bool_)
            mine[max(-begin, 0):n - begin] = wanted[max(begin, 0):max(begin + self.size, 0)]
            yield block, self.onto(block, mine)

    def of_each(self, name: str, block: int, where: np.ndarray) -> np.ndarray:
        """``"weight"`` or ``"delay"`` (steps) of the synapses at some places of a block."""
        s, at = self._synapses, getattr(self._synapses, name + "s_at")[self._k]
        if at == SHARED:
            one = getattr(s, name)[self._k]
            return np.full(len(where), one, one.dtype)
        return getattr(s, name + "s")[where + at + s.block_at[self._k, block]]
