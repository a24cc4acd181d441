"""The loops over neurons are vector instructions in the machine code."""

import platform
import re

import numba
import numpy as np
import pytest

from eventsnn import layers
from eventsnn.connect import pooling
from eventsnn.core import jit
from eventsnn.engine import cpu
from eventsnn.neurons import LIFParameters

pytestmark = pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"),
                                reason="reads the machine code of x86-64")

# Arithmetic on several numbers at once, in SSE, AVX and AVX-512 spelling, and on one.
PACKED = r"\bv?(?:f[n]?m(?:add|sub)\d*|add|sub|mul|div|max|min)ps\s"
SINGLE = r"\bv?(?:f[n]?m(?:add|sub)\d*|add|sub|mul|div|max|min)ss\s"
DOUBLE = r"\bv?(?:(?:f[n]?m(?:add|sub)\d*|add|sub|mul|div|max|min)[ps]d|cvtss2sd|cvtps2pd)\s"

BEFORE_LOOP = 4  # operations

PARAMETERS = {
    "scalars": LIFParameters(), "arrays": LIFParameters(*(np.full(40, v) for v in LIFParameters())),
}


def recompiled(function, signature):
    """A function compiled anew as kernels are: what comes from the disk has no assembly to read."""
    compiled = numba.njit(function, **jit.OPTIONS)
    compiled.compile(signature)
    return compiled


def assembly(function, signature):
    """Machine code of the function itself, without the wrappers that Python calls."""
    code = recompiled(function, signature).inspect_asm(signature)
    functions = re.split(r"(?m)^(?=_Z\w+:|\w+:$)", code)
    return "".join(f for f in functions if not f.startswith(("_ZN7cpython", "cfunc.", "NRT_")))


def count(pattern, code):
    return len(re.findall(pattern, code))


def kinds(pattern, code):
    """Which operations there are: ``{"vadd", "vmul"}``."""
    return {found.strip()[:-2] for found in re.findall(pattern, code)}


@pytest.fixture(scope="module", params=PARAMETERS)
def signatures(request):
    """The signatures with which a float32 layer calls the loops, by the loop's name."""
    p, x = PARAMETERS[request.param], np.ones((7, 2, 40), np.float32)
    tape, calls = layers.Tape(), {}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("forward", "forward_taped", "backward"):
            kernel = getattr(cpu, name)

            def watched(*arguments, name=name, kernel=kernel):
                calls[name] = tuple(map(numba.typeof, arguments))
                return kernel(*arguments)

            patch.setattr(cpu, name, watched)
        layer = layers.LIF(p)
        layer(x)
        out, _ = layer(x, tape=tape)
        layer.backward(out, tape)
    return calls


@pytest.mark.parametrize("name", ["forward", "forward_taped", "backward"])
def test_kernel__is_vectorised_and_has_no_float64(name, signatures):
    code = assembly(getattr(cpu, name).py_func, signatures[name])

    # A loop has a scalar version too, for the last few neurons, which some processors get unrolled
    # as far as the packed one; and a few products of parameters come before the loop.
    assert count(PACKED, code) >= 7  # those of a step of LIF
    assert kinds(PACKED, code) == kinds(SINGLE, code)
    assert count(SINGLE, code) <= count(PACKED, code) + BEFORE_LOOP
    assert count(DOUBLE, code) == 0


@pytest.mark.parametrize("function", [pooling._pool_planes, pooling._pool_squares])
def test_max_pool__is_vectorised_without_stores_under_a_mask(function):
    images, pair = numba.float32[:, :, ::1], numba.types.UniTuple(numba.int64, 2)
    sizes = (pair, pair) if function is pooling._pool_planes else ()
    code = assembly(function, (images, *sizes, images, numba.uint8[:, :, ::1]))

    assert count(r"\bv?cmp\w*ps\s", code) >= 2  # those of two places
    assert count(r"\bvp?maskmov\w+\s", code) == 0  # on some processors as slow as a plain loop


def signed(order, x, moves, s, p, dt, th, first, z):
    """What `forward` does, with signed indices that the compiler cannot see to be positive."""
    for b in range(z.shape[1]):
        for t in order.view(np.int64):
            for k in range(z.shape[2]):
                at = k - z.shape[2]
                s_k = cpu.load(s, (b, at))
                out, s_k = cpu.step(s_k, x[t * np.int64(moves), b, at], cpu.pick(p, at), dt,
                                    cpu.draw(th, at, first))
                z[t, b, at] = out
                cpu.store(s, (b, at), s_k)


def test_count__tells_a_loop_that_is_not_vectorised(signatures):
    code = assembly(signed, signatures["forward"])

    assert count(SINGLE, code) > BEFORE_LOOP
    assert count(PACKED, code) == 0


def test_count__tells_float64_in_a_loop():
    def creeping(x, n):
        for k in range(np.uint64(x.shape[0])):
            x[k] = x[k] * 0.1 + n

    code = assembly(creeping, (numba.float32[::1], numba.int64))

    assert count(DOUBLE, code) > 0
