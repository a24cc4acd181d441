"""Signals wait until a piece of work is whole."""

import os
import signal
import threading
from typing import Any


class Deferred:
    """Within the block SIGINT and SIGTERM wait for `deliver`, or for the end of the block.

    So Ctrl-C ends a run between two pieces, and a recording holds all populations to the same time.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._pending: list[int] = []

    def __enter__(self) -> "Deferred":
        if threading.current_thread() is threading.main_thread():  # only it may set handlers
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, lambda n, _: self._pending.append(n))
        return self

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
