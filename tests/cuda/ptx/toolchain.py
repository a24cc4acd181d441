"""CUDA kernels to PTX (NVVM) and to machine code (ptxas), on a machine without a GPU.

Nothing here needs a driver: the compilers come from PyPI (the extra ``ptx``).
"""

import contextlib
import functools
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

import pytest
from numba import void

ARCHITECTURES = ((8, 0), (9, 0), (10, 0))

_compiled: dict[tuple, str] = {}


class Usage(NamedTuple):
    """What a kernel needs on a device, as ptxas counts it: bytes but for the first and last."""

    registers: int  # a thread
    spill: int  # stored and loaded for want of registers
    stack: int
    shared: int  # static; the dynamic part is the launch's
    barriers: int


def missing() -> str | None:
    """What the compilation of CUDA kernels lacks here, or None."""
    try:
        from numba import cuda
        if getattr(cuda, "implementation", "") != "NVIDIA":
            return "numba-cuda is not installed"
        from cuda.pathfinder import load_nvidia_dynamic_lib

        load_nvidia_dynamic_lib("nvvm")
        load_nvidia_dynamic_lib("nvrtc")
    except Exception as error:  # the loader raises classes of its own
        return f"{type(error).__name__}: {error}"
    return None if _ptxas() else "ptxas is not installed"


def require() -> None:
    """Fail where the compilers must be (Linux on x86-64), skip the test elsewhere."""
    lacks = missing()
    if lacks is None:
        return
    if sys.platform == "linux" and platform.machine() == "x86_64":
        raise RuntimeError(f"{lacks}; install eventsnn[ptx]")
    pytest.skip(f"no CUDA compilers for this platform: {lacks}")


def _ptxas() -> str | None:
    import importlib.util
    spec = importlib.util.find_spec("nvidia")
    for root in (spec.submodule_search_locations or ()) if spec else ():
        for found in sorted(pathlib.Path(root).glob("*/bin/ptxas")):
            return str(found)
    return None


@contextlib.contextmanager
def _device_of(cc: tuple[int, int]) -> Iterator[None]:
    """Functions called by a kernel ask the current device for its architecture: answer."""
    import numba.cuda.dispatcher as dispatcher
    device = SimpleNamespace(compute_capability=cc)
    with mock.patch.object(dispatcher, "get_current_device", lambda: device):
        yield


def compile_ptx(function: Callable, argument_types: tuple, cc: tuple[int, int] = (9, 0),
                fma: bool = True) -> str:
    """PTX of a kernel, plain or decorated, for Numba types of its arguments.

    `fma` says whether NVVM may fuse a * b + c, as it does for devices. Without, results are those
    of the CPU bit for bit.
    """
    function = getattr(function, "py_func", function)
    key = function, tuple(argument_types), cc, fma
    if key not in _compiled:
        library = _front_end(function, tuple(argument_types))
        library._nvvm_options["fma"] = int(fma)
        library._ptx_cache.clear()  # it does not know of the options
        _compiled[key], = library.get_asm_strs(cc=cc)
    return _compiled[key]


@functools.cache
def _front_end(function: Callable, argument_types: tuple) -> Any:
    """A kernel in LLVM's language, which takes most of the time.

    It is the same for all architectures of `ARCHITECTURES`: numba-cuda asks only for ones that are
    older than the first. So `numba.cuda.compile`, which does it anew for each, is done by parts.
    """
    require()
    from numba.cuda.compiler import _compile_pyfunc_with_fixup

    with _device_of(ARCHITECTURES[0]):
        library, _ = _compile_pyfunc_with_fixup(function, void(*argument_types), device=False,
                                                abi="numba", cc=ARCHITECTURES[0])
    return library


def assemble(ptx: str, cc: tuple[int, int] = (9, 0)) -> Usage:
    """Let ptxas make machine code of PTX, and tell what it needs; raises what ptxas says."""
    require()
    ptxas = _ptxas()
    assert ptxas is not None
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "kernel.ptx")
        source.write_text(ptx)
        done = subprocess.run(
            [ptxas, "--verbose", f"--gpu-name=sm_{cc[0]}{cc[1]}", source.name,
             "--output-file", "kernel.cubin"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ptxas refused the kernel: {done.stderr or done.stdout}")
    return _usage(done.stderr)


def _usage(report: str) -> Usage:
    def total(pattern: str) -> int:
        return sum(map(int, re.findall(pattern, report)))

    if "Used " not in report:
        raise RuntimeError(f"ptxas reported no registers: {report}")
    return Usage(total(r"Used (\d+) registers"),
                 total(r"(\d+) bytes spill stores") + total(r"(\d+) bytes spill loads"),
                 total(r"(\d+) bytes stack frame"), total(r"(\d+) bytes smem"),
                 total(r"used (\d+) barriers"))


def argument_types(*arguments: Any) -> tuple:
    """The Numba types of sample arguments."""
    from numba import typeof
    return tuple(map(typeof, arguments))
