"""Threads of interpreted kernels: divergence, barriers, atomics, order."""

import numpy as np
import pytest
from numba import cuda, float32, int32

from eventsnn.core.fields import define
from tests.cuda.ptx import DivergentBarrier, execute, threads

SEEDS = [None, *range(4)]
THREADS = 64


def positions(out):
    x, y, z = cuda.grid(3)
    out[z, y, x] = (cuda.threadIdx.x + 10 * cuda.threadIdx.y + 100 * cuda.threadIdx.z
                    + 1000 * cuda.blockIdx.x + 10000 * cuda.blockIdx.y + 100000 * cuda.blockIdx.z)


@pytest.mark.parametrize("seed", SEEDS)
def test_threads__know_their_places(seed):
    out = np.zeros((6, 6, 8), np.int64)

    execute(positions, (2, 3, 2), (4, 2, 3), out, seed=seed)

    z, y, x = np.indices(out.shape)
    np.testing.assert_array_equal(
        out, x % 4 + 10 * (y % 2) + 100 * (z % 3)
        + 1000 * (x // 4) + 10000 * (y // 2) + 100000 * (z // 3))


def nothing():
    pass


@pytest.mark.parametrize("grid, block, shared, reason", [
    (0, 32, 0, "grid must be 1 to"), ((1, 65536), 32, 0, "grid must be 1 to"),
    (1, 0, 0, "block must be 1 to"), (1, 1025, 0, "block must be 1 to"),
    (1, (1, 1, 65), 0, "block must be 1 to"), (1, (64, 32), 0, "at most 1024 threads"),
    (1, 32, 49153, "at most 49152 bytes, got 49153")])
def test_launch_that_devices_refuse__is_refused(grid, block, shared, reason):
    with pytest.raises(ValueError, match=reason):
        execute(nothing, grid, block, shared=shared)


def collatz(x, steps):
    """Each thread takes a way of its own, for a time of its own."""
    i = cuda.grid(1)
    if i >= x.size:
        return
    value, count = x[i], 0
    while value != 1:
        if value % 2:
            value = 3 * value + 1
        else:
            value //= 2
        count += 1
        if count > 100:
            break
    steps[i] = count


@pytest.mark.parametrize("seed", SEEDS)
def test_divergent_threads__each_go_their_way(seed):
    x = np.arange(1, 101)
    steps = np.zeros(100, np.int64)

    execute(collatz, 4, 32, x, steps, seed=seed)

    expected = []
    for value in range(1, 101):
        count = 0
        while value != 1 and count <= 100:
            value, count = (3 * value + 1 if value % 2 else value // 2), count + 1
        expected.append(count)
    assert steps.tolist() == expected


def sums(x, out):
    shared = cuda.shared.array(THREADS, float32)
    i = cuda.threadIdx.x
    shared[i] = x[cuda.grid(1)]
    cuda.syncthreads()
    step = THREADS // 2
    while step:
        if i < step:
            shared[i] += shared[i + step]
        cuda.syncthreads()
        step //= 2
    if i == 0:
        out[cuda.blockIdx.x] = shared[0]


def sums_without_barrier(x, out):
    shared = cuda.shared.array(THREADS, float32)
    i = cuda.threadIdx.x
    shared[i] = x[cuda.grid(1)]
    cuda.syncthreads()
    step = THREADS // 2
    while step:
        if i < step:
            shared[i] += shared[i + step]
        step //= 2
    if i == 0:
        out[cuda.blockIdx.x] = shared[0]


def summed(kernel, seed):
    x = np.random.default_rng(0).integers(-50, 50, (40, THREADS)).astype(np.float32)
    out = np.zeros(40, np.float32)
    execute(kernel, 40, THREADS, x.ravel(), out, seed=seed)
    return np.array_equal(out, x.sum(axis=1))


@pytest.mark.parametrize("seed", SEEDS)
def test_reduction__is_right_in_any_order(seed):
    assert summed(sums, seed)


def test_missing_barrier__shows_in_another_order():
    assert summed(sums_without_barrier, None)  # in lockstep it does not
    assert not any(summed(sums_without_barrier, seed) for seed in range(5))


def in_turns(x):
    """Neighbours exchange values, again and again."""
    shared = cuda.shared.array(THREADS, int32)
    i = cuda.threadIdx.x
    own = x[i]
    for _ in range(10):
        shared[i] = own
        cuda.syncthreads()
        own = shared[(i + 1) % THREADS]
        cuda.syncthreads()
    x[i] = own


@pytest.mark.parametrize("seed", SEEDS)
def test_values__go_round_from_barrier_to_barrier(seed):
    x = np.arange(THREADS, dtype=np.int32)

    execute(in_turns, 1, THREADS, x, seed=seed)

    assert x.tolist() == np.roll(np.arange(THREADS), -10).tolist()


def barrier_for_some(x):
    i = cuda.threadIdx.x
    if x[i] > 0:
        x[i] = 2
        cuda.syncthreads()
        x[i] = x[0]


def barriers_apart(x):
    i = cuda.threadIdx.x
    if x[i] > 0:
        cuda.syncthreads()
        x[i] = x[0]
    else:
        cuda.syncthreads()
        x[i] = x[1] + 5


@pytest.mark.parametrize("kernel, reason", [(barrier_for_some, "have left the kernel"),
                                            (barriers_apart, "wait at different barriers")])
@pytest.mark.parametrize("seed", SEEDS)
def test_barrier_that_not_all_reach__raises(kernel, reason, seed):
    x = np.arange(8)

    with pytest.raises(DivergentBarrier, match=reason):
        execute(kernel, 1, 8, x, seed=seed)
    execute(kernel, 1, 8, x * 0 + 1, seed=seed)  # all on one way


def votes(x, count, every, some):
    i, b = cuda.threadIdx.x, cuda.blockIdx.x
    for t in range(x.shape[0]):
        yes = x[t, b, i]
        count[t, b, i] = cuda.syncthreads_count(yes)
        every[t, b, i] = cuda.syncthreads_and(yes)
        some[t, b, i] = cuda.syncthreads_or(yes)


@pytest.mark.parametrize("seed", SEEDS)
def test_votes__are_of_the_block(seed):
    x = np.random.default_rng(0).integers(0, 2, (5, 4, 8)).astype(np.int32)
    x[1], x[2, :2], x[3, 2] = 0, 1, 1
    found = np.zeros((3, 5, 4, 8), np.int32)

    execute(votes, 4, 8, x, *found, seed=seed)

    expected = [f(x, axis=2, keepdims=True) for f in (np.sum, np.all, np.any)]
    for got, want in zip(found, expected, strict=True):
        np.testing.assert_array_equal(got != 0 if want.dtype == bool else got,
                                      np.broadcast_to(want, x.shape))


ATOMICS = {"add": np.add, "max": np.maximum, "min": np.minimum}
BITS = {"and_": np.bitwise_and, "or_": np.bitwise_or, "xor": np.bitwise_xor}
CASES = [(name, dtype) for dtype in ("i4", "u4", "i8", "u8") for name in (*ATOMICS, *BITS)]
CASES += [(name, dtype) for dtype in ("f4", "f8") for name in ATOMICS]


@pytest.mark.parametrize("name, dtype", CASES)
def test_atomics__lose_no_update(name, dtype):
    kernel = define("x, where, out", "i = cuda.grid(1)",
                    f"cuda.atomic.{name}(out, where[i], x[i])", cuda=cuda)
    rng = np.random.default_rng(0)
    x = rng.integers(-100 if dtype[0] != "u" else 0, 100, 96).astype(dtype)
    where = rng.integers(0, 5, 96)
    expected = np.full(5, 3, dtype)
    (ATOMICS | BITS)[name].at(expected, where, x)

    for seed in SEEDS:
        out = np.full(5, 3, dtype)
        execute(kernel, 3, 32, x, where, out, seed=seed)
        np.testing.assert_array_equal(out, expected)


def update_without_atomic(x, where, out):
    i = cuda.grid(1)
    out[where[i]] += x[i]


@pytest.mark.parametrize("seed", SEEDS)
def test_update_without_atomic__loses_some(seed):
    x, where, out = np.ones(96), np.zeros(96, np.int64), np.zeros(1)

    execute(update_without_atomic, 3, 32, x, where, out, seed=seed)

    assert out[0] < 96


def compacted(x, count, out):
    """The places of what is not zero, in any order."""
    i = cuda.grid(1)
    if i < x.size and x[i] != 0:
        out[cuda.atomic.add(count, 0, 1)] = i


def test_atomics__give_what_was_there_and_orders_differ():
    x = np.random.default_rng(0).integers(0, 2, 100)
    found = []
    for seed in SEEDS:
        count, out = np.zeros(1, np.int32), np.zeros(100, np.int64)

        execute(compacted, 4, 32, x, count, out, seed=seed)

        assert count[0] == x.sum()
        assert sorted(out[:count[0]]) == np.flatnonzero(x).tolist()
        found.append(tuple(out))
        falls = np.count_nonzero(np.diff(out[:count[0]]) < 0)
        assert falls > 10 if seed is not None else falls == 0
    assert len(set(found)) == len(SEEDS)


def shared_histogram(x, out):
    counts = cuda.shared.array(4, int32)
    i = cuda.threadIdx.x
    if i < 4:
        counts[i] = 0
    cuda.syncthreads()
    cuda.atomic.add(counts, x[cuda.grid(1)], 1)
    cuda.syncthreads()
    if i < 4:
        cuda.atomic.add(out, i, counts[i])


@pytest.mark.parametrize("seed", SEEDS)
def test_atomics__work_on_shared_memory(seed):
    x, out = np.random.default_rng(0).integers(0, 4, 320), np.zeros(4, np.int32)

    execute(shared_histogram, 10, 32, x, out, seed=seed)

    assert out.tolist() == np.bincount(x).tolist()


def exchanges(words, old):
    old[0] = cuda.atomic.exch(words, 0, 7)
    old[1] = cuda.atomic.cas(words, 1, 20, 8)
    old[2] = cuda.atomic.cas(words, 2, 99, 9)
    old[3] = cuda.atomic.inc(words, 3, 41)
    old[4] = cuda.atomic.inc(words, 4, 50)
    old[5] = cuda.atomic.dec(words, 5, 60)


def test_exchanges__give_what_was_there():
    words, old = np.array([10, 20, 30, 40, 50, 0], np.uint32), np.zeros(6, np.uint32)

    execute(exchanges, 1, 1, words, old)

    assert words.tolist() == [7, 8, 30, 41, 0, 60]
    assert old.tolist() == [10, 20, 30, 40, 50, 0]


def shuffle(x):
    x[cuda.threadIdx.x] = cuda.shfl_down_sync(0xFFFFFFFF, x[cuda.threadIdx.x], 1)


def test_warp_primitives__are_refused():
    with pytest.raises(NotImplementedError, match=r"shfl\.sync"):
        execute(shuffle, 1, 32, np.zeros(32, np.float32))


def locked(lock, x):
    """Each thread spins until the lock is its own: in lockstep that is never."""
    while cuda.atomic.cas(lock, 0, 0, 1) != 0:
        pass
    x[0] += 1
    cuda.syncthreads()
    cuda.atomic.exch(lock, 0, 0)


def test_threads_that_wait_for_each_other__are_stopped(monkeypatch):
    monkeypatch.setattr(threads, "LIMIT", 1000)

    with pytest.raises(RuntimeError, match="do not come to an end"):
        execute(locked, 1, 4, np.zeros(1, np.int32), np.zeros(1))
