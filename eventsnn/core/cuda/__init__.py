"""The CUDA device: its memory, its kernels, and how they are launched.

Imported on first use, since it imports `numba.cuda`. A kernel is a plain function of one thread;
`kernel` marks it. What allocates, copies and launches is one object, `backend`, so that tests can
put something in its place that runs the compiled kernels without a device. All that it does is in
one stream, in order, but for copies that `ahead` makes.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda, config, types

from eventsnn.core import check
from eventsnn.core.cuda.copies import Copies
from eventsnn.core.fields import map_fields

KERNELS: dict[str, "Kernel"] = {}  # by module and name
INSTALL = "pip install 'eventsnn[cuda13]' for CUDA 13, or 'eventsnn[cuda12]'"
_MOST_BLOCKS = 65535  # along the second axis of a grid; enough to fill a device along the first


class Nothing:
    """How numba-cuda gives None to a kernel: as the null pointer that it compiles it to.

    By itself it compiles kernels that take None, and refuses to launch them.
    """

    @staticmethod
    def prepare_args(ty: Any, val: Any, stream: Any, retr: Any) -> tuple:
        """Type and value to pass in place of those of an argument, or of a member of a tuple."""
        return (types.uint64, 0) if val is None else (ty, val)


class Kernel:
    """A function that every thread of a launch runs; compiled for the types it is launched with."""

    def __init__(self, function: Callable) -> None:
        self.function = function
        self.name = f"{function.__module__}.{function.__name__}"
        self._compiled: Any = None

    def compiled(self) -> Any:
        """The dispatcher of Numba."""
        if self._compiled is None:
            options = {} if config.ENABLE_CUDASIM else {"extensions": [Nothing]}  # type: ignore
            self._compiled = cuda.jit(self.function, **options)
        return self._compiled


def kernel(function: Callable) -> Kernel:
    """Mark a function as a kernel."""
    made = Kernel(function)
    KERNELS[made.name] = made
    return made


class Device:
    """Memory and launches on the current CUDA device, or in Numba's simulator of one."""

    def __init__(self) -> None:
        # a simulated thread is a thread of Python: few of them do the work of many
        self.threads = 4 if config.ENABLE_CUDASIM else 256  # type: ignore[attr-defined]
        self.most_threads = 4 if config.ENABLE_CUDASIM else 1024  # type: ignore[attr-defined]
        self._copying: Copies | None = None

    @functools.cached_property
    def stream(self) -> Any:
        """What is computed and copied, in order; made with the first of it."""
        return cuda.stream()

    @functools.cached_property
    def _copies(self) -> Copies:
        return Copies(self.stream)

    def check(self) -> None:
        """Refuse to go on without a device."""
        if not config.ENABLE_CUDASIM and cuda.implementation != "NVIDIA":  # type: ignore
            raise check.must("device", "be 'cpu' where numba-cuda is not installed", "'cuda'",
                             INSTALL, error=RuntimeError)
        if not cuda.is_available():
            raise check.must("device", "be 'cpu' where there is no CUDA device and driver",
                             "'cuda'", error=RuntimeError)

    def empty(self, n: int, dtype: np.dtype) -> Any:
        """Memory for `n` numbers."""
        return cuda.device_array(max(n, 1), dtype, stream=self.stream)

    def from_host(self, array: np.ndarray) -> Any:
        """A copy (n,) of an array (n,) of the host."""
        if self._copying is not None:
            return self._copying.from_host(array)
        return cuda.to_device(array, stream=self.stream)

    def to_host(self, buffer: Any) -> np.ndarray:
        """A copy of device memory; waits for the kernels that write it."""
        array = buffer.copy_to_host(stream=self.stream)
        self.stream.synchronize()
        return array

    def ahead(self, move: Callable[[], Any]) -> tuple[Any, Callable[[], None]]:
        """What `move` moves here from the host, by copies beside what is computed.

        And what to call before any use of it: what is launched from then on waits for the copies,
        the host does not.
        """
        self._copies.begin()
        self._copying = self._copies
        try:
            moved = move()
        finally:
            self._copying = None
            copied = self._copies.end()
        return moved, lambda: copied.wait(self.stream)

    def launch(self, one: Kernel, grid: tuple, block: tuple, arguments: tuple, shared: int) -> None:
        """Run a kernel on all threads of a grid."""
        assert self._copying is None, "a kernel must not use what is not copied yet"
        one.compiled()[grid, block, self.stream, shared](*arguments)


backend: Any = Device()


def unwrapped(value: Any) -> Any:
    """An argument as a kernel takes it: device arrays as those of Numba."""
    if isinstance(value, tuple):
        return map_fields(unwrapped, value) if hasattr(value, "_fields") else tuple(
            map(unwrapped, value))
    return value.data if hasattr(value, "buffer") else value


def launch(one: Kernel, grid: Any, block: Any, *arguments: Any, shared: int = 0) -> None:
    """Launch a kernel; `shared` are the bytes of shared memory whose size is set here."""
    backend.launch(one, _triple(grid), _triple(block), tuple(map(unwrapped, arguments)), shared)


def flat(*values: Any) -> tuple:
    """Arrays, and those in tuples, with one axis; None stays."""
    return tuple(None if value is None else map_fields(lambda a: a.reshape(-1), value)
                 for value in values)


def sizes(array: Any) -> tuple:
    """The shape of an array as a kernel takes numbers."""
    return tuple(map(np.uint64, array.shape))


def _triple(sizes: Any) -> tuple:
    sizes = sizes if isinstance(sizes, tuple) else (sizes,)
    return tuple(int(n) for n in sizes) + (1,) * (3 - len(sizes))


def for_each(one: Kernel, n: int, *arguments: Any) -> None:
    """Launch a kernel whose threads share `n` items out among them, a grid apart."""
    if n:
        blocks = -(-n // backend.threads)
        launch(one, min(blocks, _MOST_BLOCKS), backend.threads, *arguments)


def for_pairs(one: Kernel, n_rows: int, n: int, *arguments: Any) -> None:
    """The same of `n` items, along x, of each of `n_rows` rows, along y."""
    if n and n_rows:
        width = min(backend.threads, 1 << (n - 1).bit_length())
        height = max(1, min(backend.threads // width, n_rows))
        launch(one, (-(-n // width), min(-(-n_rows // height), _MOST_BLOCKS)), (width, height),
               *arguments)
