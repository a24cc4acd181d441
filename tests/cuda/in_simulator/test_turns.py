"""Threads that take turns: what they compute is what Numba's simulator does, faster."""

import threading

import numpy as np
import pytest
from numba import cuda
from numba.cuda.simulator import kernel
from numba.types import float32

from tests.cuda import turns

NUMBAS = turns.Turns.__mro__[1]
X = np.arange(12, dtype=np.float32) + 1


def sums(x, out):
    """Of the neighbours in a block, right and left, twice."""
    shared = cuda.shared.array(4, float32)
    i, k = cuda.threadIdx.x, cuda.grid(1)
    shared[i] = x[k]
    for _ in range(2):
        cuda.syncthreads()
        total = shared[(i + 1) % 4] + shared[(i + 3) % 4]
        cuda.syncthreads()
        shared[i] = total
    out[k] = total


def of_right(x, out):
    shared = cuda.shared.array(4, float32)
    shared[cuda.threadIdx.x] = x[cuda.grid(1)]
    out[cuda.grid(1)] = shared[(cuda.threadIdx.x + 1) % 4]


def of_first(x, out):
    """What only a block that begins with its last thread gets wrong."""
    shared = cuda.shared.array(4, float32)
    shared[cuda.threadIdx.x] = x[cuda.grid(1)]
    out[cuda.grid(1)] = shared[0]


def without_second_barrier(x, out):
    shared = cuda.shared.array(4, float32)
    i, k = cuda.threadIdx.x, cuda.grid(1)
    shared[i] = x[k]
    cuda.syncthreads()
    total = shared[(i + 3) % 4]
    shared[i] = 0
    cuda.syncthreads()
    out[k] = total


def leaving_early(x, out):
    if cuda.threadIdx.x != 2:
        cuda.syncthreads()
        cuda.syncthreads()
    out[cuda.grid(1)] = x[cuda.grid(1)] + 1


def failing(x, out):
    cuda.syncthreads()
    if cuda.grid(1) == 5:
        raise KeyError("planted")
    cuda.syncthreads()
    out[cuda.grid(1)] = 1


def failing_without_barriers(x, out):
    if cuda.grid(1) == 5:
        raise KeyError("planted")


def run(function):
    out = np.full_like(X, -1)
    cuda.jit(function)[3, 4](X, out)
    return out


def blocks(expected):
    return np.concatenate([expected(block) for block in X.reshape(3, 4)])


def test_these_tests__take_turns():
    assert kernel.BlockManager is turns.Turns


@pytest.mark.parametrize("function", [sums, leaving_early])
def test_threads__compute_what_numbas_simulator_does(function, monkeypatch):
    found = run(function)
    monkeypatch.setattr(kernel, "BlockManager", NUMBAS)

    np.testing.assert_array_equal(found, run(function))
    if function is sums:
        np.testing.assert_array_equal(found, blocks(lambda b: 2 * (b + np.roll(b, 2))))


@pytest.mark.parametrize("function, right", [
    (of_right, lambda b: np.roll(b, -1)), (of_first, lambda b: np.full(4, b[0])),
    (without_second_barrier, lambda b: np.roll(b, 1))])
def test_barrier_that_is_missing__shows(function, right):
    with np.errstate(all="ignore"):  # memory that nothing has been written to
        assert not np.array_equal(run(function), blocks(right))


@pytest.mark.parametrize("function", [failing, failing_without_barriers])
def test_failure_in_a_thread__comes_through_and_leaves_none_waiting(function):
    before = threading.active_count()

    with pytest.raises(KeyError, match="planted"):
        run(function)

    for thread in threading.enumerate():
        if isinstance(thread, turns._Thread):
            thread.join(10)
    assert threading.active_count() == before
