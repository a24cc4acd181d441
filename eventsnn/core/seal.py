"""Files that know their own bytes: checksums of every stretch, checked before anything is parsed.

======================  ==========================================================================
bytes 0 to 511          the seal: a line of JSON with its own CRC (`eventsnn.core.lines`)
from 512                the file proper; HDF5 skips 512 bytes that are not its own
behind it               where each piece starts, uint64, the CRC-32 of each, uint32, and `MARK`
======================  ==========================================================================

A piece has at most a MiB, so that a part of a large file is read, and checked, by itself.
"""

import io
import os
import pathlib
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from eventsnn.core import check, lines
from eventsnn.errors import FormatError, VersionError

HEAD = 512  # bytes; HDF5 looks for its own beginning at 0, 512, 1024 ...
PIECE = 1 << 20  # bytes
FORMAT, VERSION = "eventsnn sealed file", 1
MARK = b"eventsnn pieces\n"
SMALL = 64 << 20  # bytes; a file up to this is checked as a whole when it is opened
HELD = 4  # pieces kept, for reads that are smaller
ENTRY = 12  # bytes of the table a piece


class Sealing:
    """The checksums of a file that is written in stretches, each from its beginning to its end.

    Parameters
    ----------
    starts : iterable of int
        Where stretches start, whichever of them is written first.
    """

    def __init__(self, starts: Iterable[int]) -> None:
        self._starts = set(starts)
        self._open: dict[int, tuple[int, int]] = {}  # end -> start and CRC of a piece, or of none
        self._done: list[tuple[int, int, int]] = []  # start, end, CRC

    def add(self, offset: int, data: Any) -> None:
        """Take bytes that are written at `offset`."""
        left = memoryview(data)
        if left.nbytes == 0:
            return
        left = left.cast("B")
        start, crc = offset, 0
        if offset not in self._starts:
            start, crc = self._open.pop(offset)
        while left:
            room = start + PIECE - offset
            crc = zlib.crc32(left[:room], crc)
            offset, left = offset + len(left[:room]), left[room:]
            if offset == start + PIECE:
                self._done.append((start, offset, crc))
                start, crc = offset, 0
        self._open[offset] = start, crc

    def finish(self, end: int) -> tuple[bytes, bytes]:
        """The seal, and what goes behind the file proper, which ends at `end`."""
        pieces = sorted(self._done + [(s, e, crc) for e, (s, crc) in self._open.items()
                                      if e > s])
        starts = [start for start, _, _ in pieces]
        if [HEAD, *(stop for _, stop, _ in pieces)] != [*starts, end]:
            raise AssertionError("each byte is added once")
        table = (np.array(starts, "<u8").tobytes()
                 + np.array([crc for _, _, crc in pieces], "<u4").tobytes())
        head = lines.written({
            "format": FORMAT, "version": VERSION, "bytes": end + len(table) + len(MARK),
            "pieces": len(pieces), "table_crc32": zlib.crc32(table)})
        return _padded(head), table + MARK


def _padded(line: bytes) -> bytes:
    return line[:-1].ljust(HEAD - 1) + b"\n"


def sealed(stretches: Iterable[tuple[int, Any]], end: int) -> list[tuple[int, Any]]:
    """Stretches of a file that is at hand, with those of the seal."""
    stretches = list(stretches)
    sealing = Sealing(offset for offset, _ in stretches)
    for offset, data in stretches:
        sealing.add(offset, data)
    head, tail = sealing.finish(end)
    return [(0, head), *stretches, (end, tail)]


def of_image(image: bytes) -> list[tuple[int, Any]]:
    """The stretches of a sealed file whose whole file proper is `image`."""
    return sealed([(HEAD, image)], HEAD + len(image))


def is_sealed(path: str | os.PathLike) -> bool:
    """Whether a file bears a seal, be it broken."""
    with open(path, "rb") as file:
        if file.read(HEAD).startswith(b'{"format": "' + FORMAT.encode("ascii")):
            return True
        file.seek(max(0, os.fstat(file.fileno()).st_size - len(MARK)))
        return file.read() == MARK


class SealedFile(io.RawIOBase):
    """A sealed file, to be read as HDF5 reads files: no byte leaves it unchecked.

    Parameters
    ----------
    path : path
        The file.

    Attributes
    ----------
    damage : FormatError or None
        What was found wrong while reading: HDF5 passes on that an error came, not which.

    Raises
    ------
    FormatError
        If the seal is broken; of a small file, if any byte is not as it was written.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self._path = pathlib.Path(path)
        self.damage: FormatError | None = None
        self._at = 0
        self._held: dict[int, bytes] = {}
        self._file = open(path, "rb", buffering=0)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._size = os.fstat(self._file.fileno()).st_size
        head = self._file.read(HEAD) or b""
        line = head.rstrip() + b"\n"
        said = lines.read(line) or {}
        if said.get("format") != FORMAT or head != _padded(line):
            raise self._broken("a damaged one")
        if said["version"] > VERSION:
            raise VersionError(f"{self._path} has format version {said['version']}, this eventsnn "
                               f"reads up to {VERSION}; update eventsnn")
        n, size = said["pieces"], said["bytes"]
        if size != self._size:
            raise self._broken(f"a {'truncated' if self._size < size else 'longer'} one of "
                               f"{self._size} bytes")
        end = size - len(MARK) - ENTRY * n
        if not (n >= 0 and end >= HEAD):
            raise self._broken("a damaged one")
        self._tail = self._read(end, size - end)
        table = self._tail[:ENTRY * n]
        if zlib.crc32(table) != said["table_crc32"] or self._tail[ENTRY * n:] != MARK:
            raise self._broken("damage in its table of pieces")
        self._starts = np.append(np.frombuffer(table, "<u8", n).astype(np.int64), end)
        self._crcs = np.frombuffer(table, "<u4", n, 8 * n)
        # The seal and the table were checked; the seal is no piece, but must be there to be read.
        self._held[-1] = head
        self._edges = np.concatenate([[0], self._starts])
        if size <= SMALL:
            self.verify()

    def verify(self) -> None:
        """Check every byte.

        Raises
        ------
        FormatError
            If one is not as it was written.
        """
        for k in range(len(self._crcs)):
            self._checked(k, self._read(*self._place(k)))

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to an offset."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        """The offset now."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read; raises FormatError at the first piece that is not as it was written."""
        into, n = memoryview(buffer).cast("B"), 0
        while n < len(into) and self._at < self._size:
            k = int(np.searchsorted(self._edges, self._at, "right")) - 2  # -1: the seal
            start, length = self._place(k)
            within, left = self._at - start, len(into) - n
            if within == 0 and left >= length and 0 <= k < len(self._crcs):
                target = into[n:n + length]
                self._fill(start, target)
                self._checked(k, target)
                m = length
            else:
                piece = self._piece(k)[within:within + left]
                m = len(piece)
                into[n:n + m] = piece
            n, self._at = n + m, self._at + m
        return n

    def _place(self, k: int) -> tuple[int, int]:
        """Where a piece starts, and its length; -1 is the seal, the last what is behind."""
        start = int(self._edges[k + 1])
        end = int(self._edges[k + 2]) if k + 2 < len(self._edges) else self._size
        return start, end - start

    def _piece(self, k: int) -> bytes:
        if k == len(self._crcs):
            return self._tail
        if k not in self._held:
            piece = self._read(*self._place(k))
            self._checked(k, piece)
            while len(self._held) > HELD:
                self._held.pop(next(old for old in self._held if old >= 0))
            self._held[k] = piece
        return self._held[k]

    def _checked(self, k: int, piece: Any) -> None:
        if zlib.crc32(piece) != self._crcs[k]:
            start, length = self._place(k)
            self.damage = self._broken(f"other bytes between {start} and {start + length}")
            raise self.damage

    def _read(self, offset: int, n: int) -> bytes:
        whole = bytearray(n)
        self._fill(offset, memoryview(whole))
        return bytes(whole)

    def _fill(self, offset: int, into: memoryview) -> None:
        self._file.seek(offset)
        while into:
            try:
                n = self._file.readinto(into)
            except OSError as error:
                self.damage = self._broken(f"one that cannot be read ({error.strerror})")
                raise self.damage from error
            if not n:
                self.damage = self._broken("one that became shorter")
                raise self.damage
            into = into[n:]

    def _broken(self, got: str) -> FormatError:
        return check.must(str(self._path), "be the file that was written", got,
                          "take a copy of it, or read what is left with verify=False", FormatError)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
