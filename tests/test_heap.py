"""Memory kept from step to step."""

import resource
import sys

import numpy as np
import pytest

from eventsnn.core import heap

glibc = pytest.mark.skipif(heap._libc() is None, reason="another C library than glibc")


def faults(times=20):
    """Pages fetched while arrays of 8 MB are made and dropped again and again."""
    def work():
        return [np.ones(1 << 20) for _ in range(3)]

    work()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@glibc
def test_kept__fetches_no_page_twice():
    with heap.kept():
        within = faults()

    assert within < 2 * 3 * 8 * 2**20 / resource.getpagesize()  # twice that of one round, not 20


@glibc
def test_kept__gives_back_what_is_free(monkeypatch):
    called = []
    libc = heap._libc()

    class Watched:
        mallopt = libc.mallopt

        @staticmethod
        def malloc_trim(size):
            called.append(size)
            return libc.malloc_trim(size)

    monkeypatch.setattr(heap, "_libc", Watched)
    with pytest.raises(ZeroDivisionError), heap.kept():
        1 / 0

    assert called == [0]


def test_kept__does_nothing_without_glibc(monkeypatch):
    monkeypatch.setattr(heap, "_libc", lambda: None)

    with heap.kept():
        assert sys.getsizeof(np.ones(1 << 20))
