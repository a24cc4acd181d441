"""Work that goes on beside the run: parts are hashed and written while the next one fills."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any


PAUSE = 1e-3  # s


class Job:
    """Tasks done once each, in turn, in a thread of their own.

    Parameters
    ----------
    tasks : sequence of callables
        Each may be called again if it was interrupted, even at its very end.
    ends : dict
        What will be on the disk then: how many entries of each buffer there were by now.
    """

    def __init__(self, tasks: Sequence[Callable[[], None]], ends: dict[Any, int]) -> None:
        self.ends = ends
        self._tasks = list(tasks)
        self._claims: list[str] = []  # the first to claim the work does it
        self._is_over = False  # whether the thread does nothing any more
        self._thread = threading.Thread(target=self._beside, name="eventsnn recorder")

    def start(self) -> None:
        """Begin, beside the caller."""
        self._thread.start()

    def finish(self) -> None:
        """Wait for the end; what failed beside is tried once more here, and then told."""
        # No lock: an interrupt may come between the end of a `with` block and the release.
        if self._thread.ident is not None or not self._claim("caller"):
            self._thread.join()
            while not self._is_over:  # Python takes a thread for ended whose `join` was interrupted
                time.sleep(PAUSE)
        self._run()

    def _claim(self, who: str) -> bool:
        """Whether the work is that of `who`: an interrupted `start` may leave it to either."""
        self._claims.append(who)
        return self._claims[0] == who

    def _beside(self) -> None:
        try:
            if self._claim("thread"):
                self._run()
        except BaseException:  # `finish` comes upon it again, and tells the caller
            pass
        self._is_over = True

    def _run(self) -> None:
        while self._tasks:
            self._tasks[0]()
            del self._tasks[0]
