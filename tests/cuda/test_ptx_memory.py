"""Arguments, arrays, shared and local memory of interpreted kernels."""

from typing import NamedTuple

import numpy as np
import pytest
from numba import cuda, float32, float64, int32

from eventsnn.core import fields
from tests.cuda.ptx import OutOfBounds, Program, argument_types, assemble, compile_ptx, execute


class Pair(NamedTuple):
    a: object
    b: object


class Triple(NamedTuple):
    p: object
    q: object
    r: object


DTYPES = ["f4", "f8", "?", "u1", "u2", "i2", "u4", "i4", "i8", "u8"]


def copy(x, y):
    i = cuda.grid(1)
    if i < x.size:
        y[i] = x[i]


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays__of_every_type_are_read_and_written(dtype):
    least = -100 if dtype in ("i2", "i4", "i8", "f4", "f8") else 0
    x = np.random.default_rng(0).integers(least, 200, 70).astype(dtype)
    y = np.zeros_like(x)

    execute(copy, 3, 32, x, y)

    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("to", DTYPES[:2] + DTYPES[3:])
@pytest.mark.parametrize("of", DTYPES)
def test_conversions__are_those_of_numpy(of, to):
    x, y = np.arange(100).astype(of), np.zeros(100, to)

    execute(copy, 1, 100, x, y)

    np.testing.assert_array_equal(y, x.astype(to))


def every_kind(nothing, scalars, p, counts, flag, out):
    """Tuples of arrays, of numbers and of both, None and numbers."""
    i = cuda.grid(1)
    if i < out.shape[1] and nothing is None:
        picked = fields.pick(p, i)
        out[0, i] = picked.p + picked.q * picked.r
        out[1, i] = scalars[0] - scalars[1]
        out[2, i] = counts[0] + 10 * counts[1] + 100 * counts[2]
        out[3, i] = 1 if flag else 2
        fields.store(nothing, i, out[0, i])


def test_arguments__are_flattened_as_numba_does():
    p = Triple(np.arange(6, dtype=np.float32), np.float32(3), np.full(6, 2, np.float32))
    out = np.zeros((4, 6), np.float32)

    execute(every_kind, 1, 8, None, (np.float32(5), np.float32(7)), p, (1, 2, 3), True, out)

    np.testing.assert_array_equal(out, [[6, 7, 8, 9, 10, 11], [-2] * 6, [321] * 6, [1] * 6])


def nested(pair, empty, x):
    i = cuda.grid(1)
    x[i] = pair.b[1] + pair.a.b[i]


def test_arguments__may_be_nested_or_empty_tuples():
    x = np.zeros(4, np.int64)

    execute(nested, 1, 4, Pair(Pair(None, np.arange(4)), (1, 20)), (), x)

    assert x.tolist() == [20, 21, 22, 23]


def scalars(i4, u4, i8, u8, u1, f4, f8, out):
    out[0] = i4
    out[1] = u4
    out[2] = i8
    out[3] = u8
    out[4] = u1
    out[5] = f4
    out[6] = f8


def test_numbers__of_every_type_arrive():
    out = np.zeros(7)

    execute(scalars, 1, 1, np.int32(-5), np.uint32(2**32 - 1), np.int64(-2**40), np.uint64(2**53),
            np.uint8(200), np.float32(0.1), np.float64(0.1), out)

    assert out.tolist() == [-5, 2**32 - 1, -2**40, 2**53, 200, float(np.float32(0.1)), 0.1]


def test_arguments__of_other_types_than_compiled_for_are_refused():
    x = np.zeros(4, np.float32)
    program = Program(compile_ptx(copy, argument_types(x, x)))

    with pytest.raises(TypeError, match="must make 14 parameters, got 7"):
        program.launch(1, 4, x)
    with pytest.raises(TypeError, match="C-contiguous"):
        program.launch(1, 4, x[::2], x)
    with pytest.raises(TypeError, match="must be an array"):
        program.launch(1, 4, x, "x")


def axpy(a, x, y):
    i = cuda.grid(1)
    y[i] += a * x[i]


def test_scalar__of_another_width_is_refused():
    x = np.zeros(4, np.float32)
    program = Program(compile_ptx(axpy, argument_types(np.float32(1), x, x)))

    with pytest.raises(TypeError, match=r"must be \.f32, got float64"):
        program.launch(1, 4, 1.0, x, x)


def test_array__given_twice_is_one():
    x = np.arange(4, dtype=np.float32)

    execute(axpy, 1, 4, np.float32(1), x, x)

    assert x.tolist() == [0, 2, 4, 6]


def test_arrays__that_overlap_in_part_are_refused():
    x = np.arange(6, dtype=np.float32)

    with pytest.raises(NotImplementedError, match="overlap"):
        execute(axpy, 1, 4, np.float32(1), x[:4], x[2:])


@pytest.mark.parametrize("threads", [5, 33, 999])
def test_index_past_the_end__raises(threads):
    x, y = np.zeros(4, np.float32), np.zeros(1000, np.float32)

    with pytest.raises(OutOfBounds, match=r"ld\.global\.f32 .* byte \d+ of array 0 .* has 16"):
        execute(axpy, 1, threads, np.float32(1), x, y)


def shifted(x, y, by):
    i = cuda.grid(1)
    y[np.uint64(i) + by] = x[i]


@pytest.mark.parametrize("by", [4, 2**20, 2**61 + 100, 2**64 - 1])
def test_store_out_of_bounds__raises(by):
    x, y = np.zeros(4, np.float32), np.zeros(4, np.float32)

    with pytest.raises(OutOfBounds, match=r"st\.global"):
        execute(shifted, 1, 4, x, y, np.uint64(by))


def test_store_of_bytes_out_of_bounds__raises():
    x, y = np.zeros(4, np.uint8), np.zeros(4, np.uint8)

    for by in (1, 2**64 - 1, 2**64 - 5000):
        with pytest.raises(OutOfBounds, match=r"st\.global\.u8"):
            execute(shifted, 1, 4, x, y, np.uint64(by))


def reversed_within_blocks(x):
    shared = cuda.shared.array(0, float32)
    i = cuda.grid(1)
    shared[cuda.threadIdx.x] = x[i]
    cuda.syncthreads()
    x[i] = shared[cuda.blockDim.x - 1 - cuda.threadIdx.x]


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_dynamic_shared_memory__is_each_blocks_own(seed):
    x = np.arange(40, dtype=np.float32)

    execute(reversed_within_blocks, 5, 8, x, shared=32, seed=seed)

    assert x.tolist() == np.arange(40).reshape(5, 8)[:, ::-1].ravel().tolist()


def test_dynamic_shared_memory__too_small_raises():
    x = np.arange(40, dtype=np.float32)

    with pytest.raises(OutOfBounds, match=r"byte 28 of shared memory .* has 28"):
        execute(reversed_within_blocks, 5, 8, x, shared=28)


def two_static(x):
    a = cuda.shared.array((2, 4), float64)
    b = cuda.shared.array(4, int32)
    i = cuda.threadIdx.x
    a[0, i] = x[i]
    b[i] = i
    cuda.syncthreads()
    x[i] = a[0, 3 - i] + b[3 - i]


def test_static_shared_memory__is_typed_and_counted():
    x = np.array([10.0, 20.0, 30.0, 40.0])

    ptx = execute(two_static, 1, 4, x)

    assert x.tolist() == [43.0, 32.0, 21.0, 10.0]
    assert assemble(ptx).shared == 2 * 4 * 8 + 4 * 4
    assert assemble(ptx).barriers == 1


def unset(x):
    shared = cuda.shared.array(4, float32)
    x[cuda.threadIdx.x] = shared[cuda.threadIdx.x]


def test_shared_memory__begins_as_garbage():
    x = np.zeros(4, np.float32)

    execute(unset, 1, 4, x)

    assert np.isnan(x).all()


def gathered(x, indices, y):
    """A local array, indexed by what is known at run time only."""
    own = cuda.local.array(64, float32)
    i = cuda.grid(1)
    for j in range(64):
        own[j] = x[j] + i
    y[i] = own[indices[i]]


def test_local_memory__is_each_threads_own_and_counted():
    rng = np.random.default_rng(0)
    x, indices = rng.normal(size=64).astype(np.float32), rng.integers(0, 64, 8)
    y = np.zeros(8, np.float32)

    ptx = execute(gathered, 2, 4, x, indices, y)

    np.testing.assert_allclose(y, x[indices] + np.arange(8), rtol=1e-6)
    assert assemble(ptx).stack >= 64 * 4


TABLE = np.array([3.0, 1.0, 4.0, 1.5], np.float32)


def looked_up(x):
    table = cuda.const.array_like(TABLE)
    x[cuda.threadIdx.x] = table[int(x[cuda.threadIdx.x])]


def test_constant_memory__is_read():
    x = np.array([2.0, 0.0, 3.0, 1.0], np.float32)

    execute(looked_up, 1, 4, x)

    assert x.tolist() == [4.0, 3.0, 1.5, 1.0]
