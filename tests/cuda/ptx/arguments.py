"""Arguments of a launch to kernel parameters, the way numba-cuda passes them.

numba-cuda flattens arguments depth first, one parameter a leaf: a number is itself, None a null
pointer (8 bytes), a tuple, named or not, its members, an empty one nothing. An array is 5 + 2 ndim
parameters: two pointers that kernels do not use (the owner and its Python object), the number of
items, the bytes of one, the address, the shape, the strides in bytes.
"""

from typing import Any

import numpy as np

from tests.cuda.ptx.memory import Layout, Memory
from tests.cuda.ptx.parse import Module, width
from tests.cuda.ptx.rules import numpy_type


class Arguments:
    """Values of the parameters, and the arrays among the arguments with their addresses."""

    def __init__(self, module: Module, arguments: tuple, layout: Layout) -> None:
        self._layout = layout
        self._arrays: list[tuple[np.ndarray, int]] = []
        flat = self._flatten(arguments)
        if len(flat) != len(module.parameters):
            raise TypeError(f"arguments must make {len(module.parameters)} parameters, got "
                            f"{len(flat)}; compile for the types of these arguments")
        self.values = {name: _parameter(name, kind, value) for (name, kind), value
                       in zip(module.parameters.items(), flat, strict=True)}

    def _flatten(self, argument: Any) -> list:
        if argument is None:
            return [np.uint64(0)]
        if isinstance(argument, tuple):
            return [leaf for a in argument for leaf in self._flatten(a)]
        if isinstance(argument, np.ndarray):
            return self._array(argument)
        if isinstance(argument, np.generic):
            return [argument]
        if isinstance(argument, bool | int | float):  # the types that numba.typeof gives them
            kinds = {bool: np.bool_, int: np.int64, float: np.float64}
            return [kinds[type(argument)](argument)]
        raise TypeError(f"argument must be an array, a number, None or a tuple, got {argument!r}")

    def _array(self, array: np.ndarray) -> list:
        if not array.flags.c_contiguous:
            raise TypeError("array must be C-contiguous, got one that is not")
        address = self._place(array)
        meta = (0, 0, array.size, array.itemsize, address, *array.shape, *array.strides)
        return [np.uint64(m) for m in meta]

    def _place(self, array: np.ndarray) -> int:
        """An array given twice is one array; that of others may not overlap."""
        start, end = _span(array)
        for other, address in self._arrays:
            if (start, end) == _span(other):
                return address
            if start < end and _span(other)[0] < end and start < _span(other)[1]:
                raise NotImplementedError("arrays that overlap in part")
        address = self._layout.add(f"array {len(self._arrays)} of the arguments", array.nbytes)
        self._arrays.append((array, address))
        return address

    def write(self, memory: Memory) -> None:
        """Copy the arrays to memory."""
        for array, address in self._arrays:
            memory.bytes[address:address + array.nbytes] = _bytes(array)

    def read_back(self, memory: Memory) -> None:
        """Copy memory to the arrays."""
        for array, address in self._arrays:
            if array.flags.writeable:
                _bytes(array)[:] = memory.bytes[address:address + array.nbytes]


def _span(array: np.ndarray) -> tuple[int, int]:
    start = array.__array_interface__["data"][0]
    return start, start + array.nbytes


def _bytes(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1).view(np.uint8)


def _parameter(name: str, kind: str, value: Any) -> Any:
    if value.dtype.itemsize != width(kind) or (value.dtype.kind == "f") != (kind[0] == "f"):
        raise TypeError(f"parameter {name} must be .{kind}, got {value.dtype}; compile for the "
                        f"types of these arguments")
    return value.astype(numpy_type(kind))
