"""What is computed beside the writing, and ahead of it."""

import threading

import pytest

from eventsnn.record.beside import Beside, ahead


def test_beside__computes_in_a_thread_of_its_own():
    found = Beside(threading.current_thread).result()

    assert found is not threading.current_thread() and not found.is_alive()


def test_beside__computes_here_where_no_thread_starts(monkeypatch):
    def start(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)

    assert Beside(threading.current_thread).result() is threading.current_thread()


def test_beside__tells_the_caller_what_fails():
    with pytest.raises(ZeroDivisionError):
        Beside(lambda: 1 // 0).result()


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_ahead__gives_each_in_turn(n):
    assert list(ahead(str, range(n))) == [(k, str(k)) for k in range(n)]


def test_ahead__computes_one_result_ahead_and_no_more():
    begun = []
    results = ahead(begun.append, range(9))

    for k in range(3):
        assert next(results) == (k, None)
        assert len(begun) <= k + 2


def test_ahead__fails_where_the_result_is_due():
    results = ahead(lambda k: 6 // k, [3, 2, 0, 1])

    assert [next(results), next(results)] == [(3, 2), (2, 3)]
    with pytest.raises(ZeroDivisionError):
        next(results)
