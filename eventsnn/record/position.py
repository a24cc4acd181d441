"""Where a recording stands, for those who keep it and go on later."""

import pathlib
from typing import Any, NamedTuple

from eventsnn.core import check
from eventsnn.record.parts import Done, folder_of


class Position(NamedTuple):
    """What is on the disk, and what comes next; as JSON can hold it."""

    n_files: dict[str, int]
    n_bytes: int
    counts: dict[str, int]
    mapped: list[str]
    rows: dict[str, dict[str, int]]
    last_steps: dict[str, int]  # of each population, of its last spike
    begins: dict[str, Any]  # of each variable/population, the step of the first sample, or None

    def done(self, path: pathlib.Path) -> Done:
        """What is to be on the disk; refuses a recording that has no parts any more."""
        if self.n_bytes and not folder_of(path).is_dir():
            raise check.must(str(path), "have its parts to go on with", "none",
                             "it came to its end, or was repaired: record to another file",
                             FileNotFoundError)
        return Done(self.n_files, self.n_bytes, self.counts, tuple(self.mapped), self.rows)
