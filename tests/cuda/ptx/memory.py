"""The memory that threads see: all of it in one array of bytes, with gaps between the pieces.

An address is a position in that array, whatever its space, so a generic pointer is any pointer.
What is in no piece is out of bounds. Gaps are as long as the piece before them (at least 4 KiB),
so an index off by up to an array's own length is caught and not taken for a neighbour's.
"""

from typing import Any, NamedTuple

import numpy as np

GAP = 4096
GARBAGE = 0xFF  # of shared and local memory before the first store: NaN, or -1


class OutOfBounds(Exception):
    """An access outside every array, or not aligned."""


class Piece(NamedTuple):
    """A stretch of memory."""

    name: str
    start: int
    size: int


class Layout:
    """Where the pieces are to lie."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.end = GAP  # of what is used: none so far

    def add(self, name: str, size: int) -> int:
        """Room for `size` bytes; its address."""
        self.pieces.append(Piece(name, self.end, size))
        start = self.end
        self.end += (size + 255) // 256 * 256 + max(GAP, (size + 255) // 256 * 256)
        return start

    @property
    def size(self) -> int:
        """Bytes, a power of two: then the OR of addresses inside is inside."""
        return 1 << self.end.bit_length()


class Memory:
    """Bytes, typed views of them, and for each size of an access where it may begin."""

    def __init__(self, layout: Layout) -> None:
        self.pieces = layout.pieces
        self.size = layout.size
        if self.size > 1 << 32:
            raise MemoryError("arguments must fit 4 GiB")
        self.bytes = np.zeros(self.size, np.uint8)
        self.views = {kind: self.bytes.view(kind) for kind in
                      ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")}
        inside = np.zeros(self.size, np.bool_)
        for piece in self.pieces:
            inside[piece.start:piece.start + piece.size] = True
        self._inside = [inside]
        for _ in range(4):
            self._inside.append(self._inside[-1][::2] & self._inside[-1][1::2])

    def _check(self, address: Any, log: int, text: str) -> None:
        """`address` (uint64) must hold aligned accesses of 2^log bytes, all inside."""
        every = np.bitwise_or.reduce(address)
        if every < self.size and not every & np.uint64((1 << log) - 1):
            if self._inside[log].take(address.view(np.int64) >> log).all():
                return
        raise self._fault(address, 1 << log, text)

    def _fault(self, address: Any, size: int, text: str) -> OutOfBounds:
        for a in address.tolist():
            if a % size:
                return OutOfBounds(f"{text} accesses {size} bytes at {a:#x}, which is not aligned")
            if a >= self.size or not self._inside[0][a:a + size].all():
                break
        before = [p for p in self.pieces if p.start <= a] or self.pieces[:1]
        near = before[-1]
        return OutOfBounds(f"{text} accesses {size} bytes at byte {a - near.start} of {near.name}, "
                           f"which has {near.size}")

    def load(self, address: Any, kind: str, log: int, text: str, count: int = 1) -> Any:
        """Values of NumPy type `kind` (2^log bytes); `count` of them beside each other."""
        scalar = address.ndim == 0
        address = np.atleast_1d(address)
        self._check(address, log + count.bit_length() - 1, text)
        index = address.view(np.int64) >> log
        if scalar:
            index = index[0]
        view = self.views[kind]
        return view[index] if count == 1 else [view[index + i] for i in range(count)]

    def store(self, address: Any, kind: str, log: int, text: str, *values: Any) -> None:
        """Write; where threads write to one place, the last of them stays."""
        address = np.atleast_1d(address)
        self._check(address, log + len(values).bit_length() - 1, text)
        index = address.view(np.int64) >> log
        view = self.views[kind]
        for i, value in enumerate(values):
            if len(index) == 1 and np.ndim(value):
                value = value[-1]
            view[index + i] = value

    def update(self, operation: str, address: Any, kind: str, log: int, text: str, count: int,
               used: bool, *operands: Any) -> Any:
        """An atomic operation, thread by thread; the values before it if they are `used`."""
        address = np.broadcast_to(np.atleast_1d(address), (count,)).copy()
        self._check(address, log, text)
        index = address.view(np.int64) >> log
        view = self.views[kind]
        if operation in _AT and not used:
            _AT[operation].at(view, index, operands[0])
            return None
        given = [np.broadcast_to(x, (count,)) for x in operands]
        before = np.empty(count, view.dtype)
        change = _CHANGE[operation]
        for thread, i in enumerate(index):
            before[thread] = view[i]
            view[i] = change(view[i], *(x[thread] for x in given))
        return before


_AT = {"add": np.add, "or": np.bitwise_or, "and": np.bitwise_and, "xor": np.bitwise_xor,
       "max": np.fmax, "min": np.fmin}
_CHANGE = {
    **_AT,
    "exch": lambda old, new: new,
    "cas": lambda old, expected, new: new if old == expected else old,
    "inc": lambda old, limit: old.dtype.type(0) if old >= limit else old + old.dtype.type(1),
    "dec": lambda old, limit: limit if old == 0 or old > limit else old - old.dtype.type(1),
}
