"""How many threads BLAS takes: one, while our own threads call it.

NumPy has no call for it, so this asks the OpenBLAS that its wheels bring. Where another BLAS is in
use nothing is changed; its environment variable (``MKL_NUM_THREADS``, ...) does the same.
"""

import contextlib
import ctypes
import functools
import pathlib
from collections.abc import Callable, Iterator

import numpy as np

_NAMES = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_",
          "scipy_openblas_{}_num_threads", "openblas_{}_num_threads")


@functools.cache
def _calls() -> tuple[Callable, Callable] | None:
    """What gets and sets the number of threads, of NumPy's own BLAS."""
    package = pathlib.Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            library = ctypes.CDLL(str(path))  # it is loaded already: this finds it
            for name in _NAMES:
                get = getattr(library, name.format("get"), None)
                put = getattr(library, name.format("set"), None)
                if get and put:
                    return get, put
    return None


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Within, each call of BLAS takes one thread, of whatever thread of ours it comes from."""
    calls = _calls()
    if calls is None:
        yield
        return
    get, put = calls
    before = get()
    put(1)
    try:
        yield
    finally:
        put(before)
