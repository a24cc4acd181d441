"""The checksum of a file, computed while the disk takes the file's bytes."""

import hashlib
import threading
from collections.abc import Sequence
from typing import Any


class Digest:
    """SHA-256 of stretches of bytes, which must stay as they are, in a thread of its own."""

    def __init__(self, stretches: Sequence[tuple[int, Any]]) -> None:
        self._stretches = stretches
        self._found: str | None = None
        self._thread = threading.Thread(target=self._compute, name="eventsnn checksum")
        try:
            self._thread.start()
        except RuntimeError:  # the program ends, or has too many: `hexdigest` computes it
            pass

    def _compute(self) -> None:
        digest = hashlib.sha256()
        for _, data in self._stretches:
            digest.update(memoryview(data).cast("B"))
        self._found = digest.hexdigest()

    def hexdigest(self) -> str:
        """The checksum."""
        if self._thread.ident is not None:
            self._thread.join()
        if self._found is None:
            self._compute()
        assert self._found is not None
        return self._found
