"""Memory that one step gives back, kept for the next.

glibc hands freed memory back to the system from a threshold on, and each page is cleared when it is
asked for again. In a convolutional network, whose arrays are some MB, that took more than half of a
step of training. Where there is no glibc nothing is changed.
"""

import contextlib
import ctypes
import functools
from collections.abc import Iterator
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt, from malloc.h
_LARGEST = 32 << 20  # bytes; of a block that is kept. glibc takes no more, and goes there by itself
_KEPT = 1 << 30  # bytes at the end of the heap


@functools.cache
def _libc() -> Any:
    """glibc, or None."""
    try:
        libc = ctypes.CDLL(None)
        return libc if libc.mallopt and libc.malloc_trim and libc.gnu_get_libc_version else None
    except (OSError, TypeError, AttributeError):  # another C library, another system
        return None


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Within, freed memory stays with the process; then what is free goes back.

    Afterwards the thresholds are those that glibc comes to by itself in a process that has freed
    large blocks.
    """
    libc = _libc()
    if libc is None:
        yield
        return
    libc.mallopt(_MMAP_THRESHOLD, _LARGEST)
    libc.mallopt(_TRIM_THRESHOLD, _KEPT)
    try:
        yield
    finally:
        libc.mallopt(_TRIM_THRESHOLD, 2 * _LARGEST)
        libc.malloc_trim(0)
