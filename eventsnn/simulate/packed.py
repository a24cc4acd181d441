"""One projection, looked up in the packed arrays of a built network."""

from typing import Any

import numpy as np

from eventsnn.connect.cpu import SHARED


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

    def of_each(self, name: str, block: int, where: np.ndarray) -> np.ndarray:
        """``"weight"`` or ``"delay"`` (steps) of the synapses at some places of a block."""
        s, at = self._synapses, getattr(self._synapses, name + "s_at")[self._k]
        if at == SHARED:
            one = getattr(s, name)[self._k]
            return np.full(len(where), one, one.dtype)
        return getattr(s, name + "s")[where + at + s.block_at[self._k, block]]
