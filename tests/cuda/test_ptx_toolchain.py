"""Compilation of kernels: what is asked of it, and that faults planted in kernels are seen."""

import re

import numpy as np
import pytest
from numba import cuda, float32, void

from tests.cuda.ptx import ARCHITECTURES, argument_types, assemble, compile_ptx, execute, toolchain


def damped(x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] = x[i] * np.float32(0.5) + y[i]


def damped_by_a_literal(x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] = x[i] * 0.5 + y[i]


TYPES = argument_types(*np.zeros((2, 4), np.float32))


def test_toolchain__is_here():
    toolchain.require()


@pytest.mark.parametrize("system, machine, error", [
    ("linux", "x86_64", RuntimeError), ("linux", "aarch64", pytest.skip.Exception),
    ("darwin", "arm64", pytest.skip.Exception), ("win32", "AMD64", pytest.skip.Exception)])
def test_missing_toolchain__fails_where_it_must_be_there(monkeypatch, system, machine, error):
    monkeypatch.setattr(toolchain, "missing", lambda: "ptxas is not installed")
    monkeypatch.setattr(toolchain.sys, "platform", system)
    monkeypatch.setattr(toolchain.platform, "machine", lambda: machine)

    with pytest.raises(error, match="ptxas is not installed"):
        compile_ptx(lambda x: None, TYPES[:1])


def test_missing_compiler__is_named(monkeypatch):
    assert toolchain.missing() is None

    monkeypatch.setattr(toolchain, "_ptxas", lambda: None)
    assert toolchain.missing() == "ptxas is not installed"
    monkeypatch.setattr(cuda, "implementation", "Built-in")
    assert toolchain.missing() == "numba-cuda is not installed"


@pytest.mark.parametrize("cc", ARCHITECTURES)
def test_kernel__is_compiled_for_the_architecture_and_once(cc):
    ptx = compile_ptx(damped, TYPES, cc)

    assert f".target sm_{cc[0]}{cc[1]}" in ptx
    assert compile_ptx(damped, TYPES, cc) is ptx
    assert 0 < assemble(ptx, cc).registers < 32


@pytest.mark.parametrize("cc", ARCHITECTURES)
def test_kernel__is_compiled_as_numba_does(cc):
    with toolchain._device_of(cc):
        expected, _ = cuda.compile(damped, void(*TYPES), device=False, abi="numba", cc=cc)

    def instructions(ptx):  # names of functions are numbered
        return re.sub(r"_ZN\w+", "", ptx)
    assert instructions(compile_ptx(damped, TYPES, cc)) == instructions(expected)
    assert compile_ptx(cuda.jit(damped), TYPES, cc) is compile_ptx(damped, TYPES, cc)


def test_contraction__can_be_turned_off():
    assert "fma.rn.f32" in compile_ptx(damped, TYPES)
    without = compile_ptx(damped, TYPES, fma=False)
    assert "fma." not in without and "mul.rn.f32" in without and "add.rn.f32" in without


@pytest.mark.parametrize("fma", [True, False])
def test_contraction__changes_the_last_bits_only(fma):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 1000)).astype(np.float32)

    def product(x, y, out):
        i = cuda.grid(1)
        out[i] = x[i] * x[i] + y[i] * y[i]

    out = np.zeros(1000, np.float32)
    execute(product, 10, 100, x, y, out, fma=fma)

    assert np.array_equal(out, x * x + y * y) == (not fma)
    np.testing.assert_allclose(out, x * x + y * y, rtol=2e-6)


def test_float_literal__shows_as_float64():
    assert ".f64" not in compile_ptx(damped, TYPES)
    assert ".f64" in compile_ptx(damped_by_a_literal, TYPES)


def stacked(x, y):
    """A local array whose index is known at run time only."""
    own = cuda.local.array(256, float32)
    for j in range(256):
        own[j] = x[j]
    i = cuda.grid(1)
    y[i] = own[int(y[i])]


def waiting(x, y):
    i = cuda.grid(1)
    y[i] = x[i]
    cuda.syncthreads()
    x[i] = y[i + 1]


def test_stack_and_barriers__are_counted():
    usage = assemble(compile_ptx(damped, TYPES))
    assert (usage.stack, usage.spill, usage.shared, usage.barriers) == (0, 0, 0, 0)
    assert assemble(compile_ptx(stacked, TYPES)).stack >= 1024
    assert assemble(compile_ptx(waiting, TYPES)).barriers == 1


def test_spills__are_counted():
    lines = "\n".join(f"ld.volatile.global.f32 %f{n}, [%rd1+{4 * n}];" for n in range(300))
    lines += "\n" + "\n".join(f"st.volatile.global.f32 [%rd1+{4 * n}], %f{299 - n};"
                              for n in range(300))
    usage = assemble(f""".version 9.0
        .target sm_90
        .address_size 64
        .visible .entry kernel(.param .u64 p) {{
            .reg .f32 %f<300>;
            .reg .b64 %rd<2>;
            ld.param.u64 %rd1, [p];
            {lines}
            ret;
        }}""")

    assert usage.spill > 0 and usage.registers == 255


def test_bad_ptx__raises_what_the_assembler_says():
    with pytest.raises(RuntimeError, match="ptxas refused the kernel: (?s:.*)no_such"):
        assemble(compile_ptx(damped, TYPES).replace("ret;", "no_such.f32 %f1;"))
