"""CUDA kernels without a GPU: compiled by NVIDIA's compilers, executed by an interpreter.

`compile_ptx` makes PTX of a kernel, `assemble` machine code of PTX, and `Program` runs PTX.
`execute` does the first and the last for given arguments.
"""

from collections.abc import Callable
from typing import Any

from tests.cuda.ptx.interpreter import DivergentBarrier, Program
from tests.cuda.ptx.memory import OutOfBounds
from tests.cuda.ptx.toolchain import (
    ARCHITECTURES, Usage, argument_types, assemble, compile_ptx, missing)

_programs: dict[str, Program] = {}


def execute(kernel: Callable, grid: Any, block: Any, *arguments: Any, shared: int = 0,
            seed: int | None = None, fma: bool = True) -> str:
    """Compile a kernel for these arguments and run it on them, as a launch would; its PTX."""
    ptx = compile_ptx(kernel, argument_types(*arguments), fma=fma)
    if ptx not in _programs:
        _programs[ptx] = Program(ptx)
    _programs[ptx].launch(grid, block, *arguments, shared=shared, seed=seed)
    return ptx


__all__ = ["ARCHITECTURES", "DivergentBarrier", "OutOfBounds", "Program", "Usage",
           "argument_types", "assemble", "compile_ptx", "execute", "missing"]
