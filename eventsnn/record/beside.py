"""What is computed while its caller waits for the disk."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

A = TypeVar("A")
T = TypeVar("T")


class Beside(Generic[T]):
    """The result of a function without side effects, computed in a thread of its own."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._found: list[T] = []
        self._thread = threading.Thread(target=self._compute, name="eventsnn beside")
        with contextlib.suppress(RuntimeError):  # the program ends, or has too many threads
            self._thread.start()

    def _compute(self) -> None:
        with contextlib.suppress(BaseException):  # `result` comes upon it again
            self._found.append(self._function())

    def result(self) -> T:
        """The result; what could not be computed beside is computed here."""
        if self._thread.ident is not None:
            self._thread.join()
        return self._found[0] if self._found else self._function()


def ahead(function: Callable[[A], T], arguments: Iterable[A]) -> Iterator[tuple[A, T]]:
    """Each argument and its result; the next one is computed while one is used."""
    waiting: list[tuple[A, Beside[T]]] = []
    for argument in arguments:
        waiting.append((argument, Beside(functools.partial(function, argument))))
        if len(waiting) > 1:
            before, result = waiting.pop(0)
            yield before, result.result()
    for argument, result in waiting:
        yield argument, result.result()
