"""Signals: they wait until a piece of work is whole, and then let what is open be closed."""

import os
import signal
import sys
import threading
from typing import Any


# What asks a program to end: the last is how batch systems tell that time is nearly up.
ENDING = [n for name in ("SIGINT", "SIGTERM", "SIGUSR1")
          if (n := getattr(signal, name, None)) is not None]


class Deferred:
    """Within the block SIGINT, SIGTERM and SIGUSR1 wait for `deliver`, or for the block's end.

    So Ctrl-C ends a run between two pieces, and a recording holds all populations to the same time.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._pending: list[int] = []

    def __enter__(self) -> "Deferred":
        if _in_main_thread():
            for number in ENDING:
                self._before[number] = signal.signal(number, lambda n, _: self._pending.append(n))
        return self

    @property
    def came(self) -> bool:
        """Whether one waits."""
        return bool(self._pending)

    def deliver(self) -> None:
        """Let the signals that came do what they would have done."""
        while self._pending:
            number = self._pending.pop(0)
            handler = self._before[number]
            if callable(handler):
                handler(number, None)
            elif handler == signal.SIG_DFL:
                signal.signal(number, handler)
                os.kill(os.getpid(), number)

    def __exit__(self, *_: Any) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self.deliver()


class Unwinding:
    """Within the block SIGTERM, too, unwinds the stack, so that what is open is closed properly.

    The program ends with code 143 then, or with 128 and the number of another signal that is given.
    Nothing changes outside the main thread, in a process that was forked off, or where the program
    handles the signal itself.
    """

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers or (signal.SIGTERM,)

    def __enter__(self) -> "Unwinding":
        self._process = os.getpid()
        for number in self._numbers if _in_main_thread() else ():
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, self._unwind)
        return self

    def _unwind(self, number: int, _: Any) -> None:
        if os.getpid() == self._process:
            sys.exit(128 + number)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def __exit__(self, *_: Any) -> None:
        for number in self._numbers if _in_main_thread() else ():
            if signal.getsignal(number) == self._unwind:
                signal.signal(number, signal.SIG_DFL)


def _in_main_thread() -> bool:
    """Whether handlers can be set here."""
    return threading.current_thread() is threading.main_thread()
