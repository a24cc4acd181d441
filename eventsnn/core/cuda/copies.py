"""Copies to a device beside what it computes, for a loop that knows what it will need next.

A copy overlaps with kernels if it has a stream of its own, if theirs is not the default one, which
waits for all others, and if the memory of the host is pinned, so that the device reads it by
itself.
"""

from typing import Any

import numpy as np
from numba import cuda


class Copies:
    """A stream of copies from pinned memory, in sets; each set uses the memory of the one before.
    """

    def __init__(self, computing: Any) -> None:
        self._computing, self._stream = computing, cuda.stream()
        self._pinned: list[np.ndarray] = []  # bytes; a buffer for each array of a set
        self._n, self._read = 0, cuda.event()

    def begin(self) -> None:
        """Wait until the pinned memory has been read, and let the copies wait for the kernels.

        Those that are launched by now: the device's memory that is free now may be what they use.
        """
        self._read.synchronize()
        launched = cuda.event()
        launched.record(self._computing)
        launched.wait(self._stream)
        self._n = 0

    def from_host(self, array: np.ndarray) -> Any:
        """Begin to copy an array (n,); it may be changed at once."""
        if self._n == len(self._pinned) or self._pinned[self._n].nbytes < array.nbytes:
            self._pinned[self._n:self._n + 1] = [cuda.pinned_array(array.nbytes, np.uint8)]
        staged = self._pinned[self._n][:array.nbytes].view(array.dtype)
        staged[...] = array
        self._n += 1
        return cuda.to_device(staged, stream=self._stream)

    def end(self) -> Any:
        """The event that the set has been copied."""
        self._read = cuda.event()
        self._read.record(self._stream)
        return self._read
