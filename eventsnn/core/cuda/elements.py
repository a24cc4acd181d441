"""Kernels of one operation an element, made on first use from the text of an expression.

`EXPRESSIONS` says what a ufunc of NumPy does with elements ``a, b, c``; there are no others on a
device.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda

from eventsnn.core.cuda import Kernel, for_each
from eventsnn.core.elementary import exp
from eventsnn.core.fields import define

EXPRESSIONS = {
    "positive": "a", "negative": "-a", "absolute": "abs(a)", "square": "a * a",
    "exp": "exp(a)", "log": "math.log(a)", "sqrt": "math.sqrt(a)", "tanh": "math.tanh(a)",
    "floor": "math.floor(a)", "rint": "one * round(a) if abs(a) < big else a",
    "isfinite": "a - a == 0", "isnan": "a != a", "logical_not": "a == 0",
    "sign": "one * (a > 0) - one * (a < 0)",
    "add": "a + b", "subtract": "a - b", "multiply": "a * b", "divide": "a / b",
    "floor_divide": "a // b", "remainder": "a % b", "power": "a ** b",
    "maximum": "a if (a > b) | (a != a) else b", "minimum": "a if (a < b) | (a != a) else b",
    "greater": "a > b", "greater_equal": "a >= b", "less": "a < b", "less_equal": "a <= b",
    "equal": "a == b", "not_equal": "a != b",
    "logical_and": "(a != 0) & (b != 0)", "logical_or": "(a != 0) | (b != 0)",
    "where": "b if a else c",
}
_LETTERS = "abc"
_WHOLE = 2.0**52  # a float from here on is a whole number


def _text(expression: str, arrays: tuple[bool, ...], n_axes: int) -> tuple[str, list[str]]:
    """Arguments and body of a kernel: one flat loop, or one with strides for `n_axes` axes.

    Strides are signed, counted in elements; those of an operand lie at its number in `strides`,
    those of the result first.
    """
    letters = _LETTERS[:len(arrays)]
    body = ["i, n = u64(cuda.grid(1)), u64(n)", "while i < n:"]
    if n_axes:
        body.append(" r = u32(i)")
        for d in range(n_axes - 1, 0, -1):
            body += [f" q = r // shape[{d}]", f" k{d} = i64(r - q * shape[{d}])", " r = q"]
        body.append(" k0 = i64(r)")

    def index(number: int) -> str:
        return "i" if not n_axes else "u64({})".format(
            " + ".join(f"strides[{number}][{d}] * k{d}" for d in range(n_axes)))

    for number, (letter, is_array) in enumerate(zip(letters, arrays, strict=True), 1):
        read = f"x_{letter}[{index(number)}]" if is_array else f"x_{letter}"
        body.append(f" {letter} = cast_{letter}({read})")
    body += [f" out[{index(0)}] = {expression}", " i += u64(cuda.gridsize(1))"]
    operands = ", ".join(f"x_{letter}" for letter in letters)
    return f"n, shape, strides, out, {operands}", body


@functools.lru_cache(maxsize=None)
def _kernel(name: str, arrays: tuple[bool, ...], n_axes: int, casts: tuple, cast: Any) -> Kernel:
    arguments, body = _text(EXPRESSIONS[name], arrays, n_axes)
    names: dict[str, Any] = {f"cast_{letter}": cast
                             for letter, cast in zip(_LETTERS, casts, strict=False)}
    function: Callable = define(arguments, *body, cuda=cuda, math=math, exp=exp, one=cast(1),
                                big=cast(_WHOLE) if name == "rint" else None, u64=np.uint64,
                                u32=np.uint32, i64=np.int64, **names)
    function.__name__ = name
    function.__module__ = __name__
    return Kernel(function)


def run(name: str, n: int, out: Any, operands: tuple, types: tuple, shape: tuple = (),
        strides: tuple = ()) -> None:
    """Write an expression of `operands` to `out`, flat device arrays and numbers.

    `types` are those that the operands are cast to; with a `shape`, `strides` of the result and of
    each operand say where its elements lie.
    """
    made = _kernel(name, tuple(hasattr(x, "buffer") for x in operands), len(shape),
                   tuple(bool if t.kind == "b" else t.type for t in types), types[-1].type)
    operands = tuple(x if hasattr(x, "buffer") else t.type(x)
                     for x, t in zip(operands, types, strict=True))
    for_each(made, n, np.uint64(n), tuple(map(np.uint32, shape)) or None,
             tuple(tuple(map(np.int64, s)) for s in strides) or None, out, *operands)
