"""The one place that configures Numba.

`scalar` marks a function of scalars (a neuron's step, a surrogate): it stays a plain Python
function and is inlined wherever a kernel calls it, on any device. `kernel` compiles a loop.

Compiled kernels are kept on disk. The key of an entry holds a hash of all sources of this package,
and of the files of models defined elsewhere, so an edit to any of them misses and is never stale.
With no folder to write to, kernels are compiled anew in each process.
"""

import contextlib
import hashlib
import pathlib
import sys
import types
import uuid
from collections.abc import Callable
from typing import Any

from numba import njit, typeof
from numba.core.caching import FunctionCache

from eventsnn.core.dispatch import INLINED_FOR, SCALARS
from eventsnn.core.inline import inlined

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
# Numba knows no way back from a compiled kernel to the sources that it inlined: hash them all.
_UNCACHED = uuid.uuid4().hex  # stands for sources that cannot be read: no later process has it


def _sha256(files: list[pathlib.Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.name).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


SOURCES_SHA256 = _sha256(sorted(PACKAGE.rglob("*.py")))

# Without fastmath the results equal plain Python's bit for bit. error_model="numpy" drops the
# check for division by zero, which keeps loops from vectorising.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


def scalar(function: Callable) -> Callable:
    """Mark a function of scalars: it stays a plain Python function, and loops inline it."""
    SCALARS.add(function)
    inlined(function, strict=False)(lambda *args, **kwargs: function)
    return function


class SourceCache(FunctionCache):
    """Disk cache whose key includes the sources of everything a kernel may inline.

    And whether it is parallel: Numba's own key does not tell the two forms of one function apart.
    A key is a digest: to read one with classes in it Python would import them, and those of a
    user's model may not be there in another program.
    """

    def __init__(self, function: Callable, parallel: bool) -> None:
        super().__init__(function)
        self._parallel = parallel

    def _index_key(self, sig: Any, codegen: Any) -> str:
        argument_types = getattr(sig, "args", sig)  # a signature, or the types alone
        _, *others = super()._index_key(sig, codegen)
        parts = ([(str(t), _class_of(t)) for t in argument_types], others, self._parallel,
                 SOURCES_SHA256, _foreign_sources(argument_types))
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """As Numba's, but nothing where the files cannot be read, and they are written anew: they
        may be cut off, or of another version of this package."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # pickle raises whatever what it reads makes it raise
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """As Numba's, but a full disk ends no run: the next process compiles again."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)

    def has(self, argument_types: tuple, codegen: Any) -> bool:
        """Whether a kernel for these types is on disk."""
        try:
            return self._index_key(argument_types, codegen) in self._cache_file._load_index()
        except Exception:
            return False


def _class_of(t: Any) -> str:
    cls = getattr(t, "instance_class", None)
    return "" if cls is None else f"{cls.__module__}.{cls.__qualname__}"


def _foreign_sources(argument_types: tuple) -> list[str]:
    """Hashes of the files outside the package whose code the arguments bring into a kernel."""
    files: set[str | None] = set()
    for t in argument_types:
        cls = getattr(t, "instance_class", None)
        if cls is not None:
            files.add(getattr(sys.modules.get(cls.__module__), "__file__", None))
            for function in INLINED_FOR.get(cls, ()):
                _add_files(function, files, set())
    hashes = []
    for name in sorted(files, key=str):
        path = None if name is None else pathlib.Path(name).resolve()
        if path is None or not path.exists():  # a notebook, an interpreter: no later process has it
            hashes.append(_UNCACHED)
        elif PACKAGE not in path.parents:
            hashes.append(_sha256([path]))
    return hashes


def _add_files(function: Any, files: set, seen: set) -> None:
    """Add the files of a function and, again and again, of the functions that it names."""
    function = getattr(function, "py_func", function)
    code = getattr(function, "__code__", None)
    if code is None or code in seen or not isinstance(code, types.CodeType):
        return
    seen.add(code)
    if not code.co_filename.startswith("<"):  # code written by the package has no file of its own
        files.add(code.co_filename)
    named = [function.__globals__.get(name) for name in code.co_names]
    for cell in function.__closure__ or ():
        named.append(cell.cell_contents)
    for value in named:
        _add_files(value, files, seen)


def kernel(function: Callable | None = None, *, parallel: bool = False,
           allocates: bool = True) -> Callable:
    """Compile a loop, on its first call, for the types it is called with.

    One that `allocates` no array does not count references to those it is given: for the many
    arrays of a network that took a quarter of a short step's time.
    """
    if function is None:
        return lambda f: kernel(f, parallel=parallel, allocates=allocates)
    options: dict[str, Any] = OPTIONS | {"parallel": parallel, "_nrt": allocates}
    dispatcher = njit(function, **options)
    if hasattr(dispatcher, "_cache"):  # a plain function under NUMBA_DISABLE_JIT
        try:
            dispatcher._cache = SourceCache(function, parallel)
        except RuntimeError:
            pass  # Numba found no folder it may write to
    return dispatcher


def is_cached(dispatcher: Any, *arguments: Any) -> bool:
    """Whether a kernel is compiled for these arguments, in this process or on disk."""
    cache = getattr(dispatcher, "_cache", None)
    if cache is None:  # plain Python
        return True
    argument_types = tuple(map(typeof, arguments))
    if argument_types in dispatcher.overloads:
        return True
    return isinstance(cache, SourceCache) and cache.has(
        argument_types, dispatcher.targetctx.codegen())
