"""One PTX instruction, run on given values: a kernel of a few lines around it."""

import functools

import numpy as np

from tests.cuda.ptx import Program

_REGISTERS = {"1": ("b16", "rs"), "2": ("b16", "rs"), "4": ("b32", "r"), "8": ("b64", "rd")}
_KERNEL = """
.version 9.0
.target sm_90
.address_size 64
.visible .entry kernel({parameters})
{{
    .reg .pred %p<9>;
    .reg .b16 %rs<9>;
    .reg .b32 %r<9>;
    .reg .b64 %rd<9>;
    .reg .f32 %f<9>;
    .reg .f64 %fd<9>;
    .reg .b64 %at<9>;
    .reg .b64 %offset<2>;
    .reg .b32 %t<2>;
    mov.u32 %t1, %tid.x;
{lines}
    ret;
}}
"""


def _register(kind: np.dtype, number: int) -> str:
    if kind.kind == "f":
        return f"{'%f' if kind.itemsize == 4 else '%fd'}{number}"
    return f"%{_REGISTERS[str(kind.itemsize)][1]}{number}"


def _type(kind: np.dtype) -> str:
    return f"{'f' if kind.kind == 'f' else 'u'}{8 * kind.itemsize}"


@functools.cache
def source(instruction: str, kinds: tuple[str, ...]) -> str:
    """PTX of a kernel that puts for {0} the result's register, and for {1} ... the operands'."""
    types = [np.dtype(k) for k in kinds]
    parameters = ", ".join(f".param .u64 p{n}" for n in range(7 * len(types)))
    registers = [_register(t, n + 1) for n, t in enumerate(types)]
    lines = []
    for n, t in enumerate(types):
        lines += [f"ld.param.u64 %at{n + 1}, [p{7 * n + 4}];",
                  f"mul.wide.u32 %offset1, %t1, {t.itemsize};",
                  f"add.s64 %at{n + 1}, %at{n + 1}, %offset1;"]
        lines += [f"ld.global.{_type(t)} {registers[n]}, [%at{n + 1}];"] if n else []
    lines += [instruction.format(*registers),
              f"st.global.{_type(types[0])} [%at1], {registers[0]};"]
    return _KERNEL.format(parameters=parameters, lines="\n".join(f"    {x}" for x in lines))


@functools.cache
def _program(instruction: str, kinds: tuple[str, ...]) -> Program:
    return Program(source(instruction, kinds))


def run(instruction: str, kind: str, *operands: np.ndarray) -> np.ndarray:
    """The results, of a NumPy type, of an instruction such as ``"add.s32 {0}, {1}, {2};"``."""
    operands = tuple(np.ascontiguousarray(o) for o in np.broadcast_arrays(*operands))
    result = np.zeros(operands[0].size, kind)
    program = _program(instruction, (np.dtype(kind).str[1:], *(o.dtype.str[1:] for o in operands)))
    program.launch(1, result.size, result, *operands)
    return result
