"""What lies in a folder of parts, told by its manifest alone."""

import json
import os
import pathlib
from itertools import chain
from typing import Any, NamedTuple

from eventsnn.core import files
from eventsnn.record import manifest, parts


class Survey(NamedTuple):
    """What `survey` found."""

    folder: pathlib.Path
    populations: dict[str, int]  # neurons
    counts: dict[str, int]  # spikes in the parts
    dt: float  # s
    n_parts: int  # of the spikes
    n_bytes: int  # of all that is there
    samples: dict[str, dict[str, int]]  # of each variable, by population
    until: float  # s; of the time before, all spikes of the populations that spiked are there
    state: str  # "complete", "broken off" or "being written"
    damaged: int  # lines of the manifest that cannot be read
    provenance: dict[str, Any]


def survey(path: str | os.PathLike) -> Survey:
    """Say what a folder of parts holds, and whether its run came to its end.

    No part is read, so nothing is said of damage to them; `repair` checks each.

    Parameters
    ----------
    path : path
        The recording, or its folder of parts.

    Raises
    ------
    FileNotFoundError
        If there are no parts.
    FormatError
        If the folder is none that a recorder left.

    Examples
    --------
    >>> import tempfile
    >>> from eventsnn.record import Recorder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Recorder(f"{folder}/run.h5", {"exc": 80}, dt=1e-4) as recorder:
    ...         recorder.append("exc", [3, 5], [17, 4])
    ...         recorder.flush()
    ...         found = survey(f"{folder}/run.h5")
    >>> found.state, found.n_parts, found.counts, found.until
    ('being written', 1, {'exc': 2}, 0.0005)
    """
    folder = parts.folder_of(path)
    found = manifest.read(folder)
    state = "complete" if found.complete else "broken off"
    if not found.complete and files.is_locked(folder / manifest.NAME):
        state = "being written"
    several: list[Any] = [*found.parts, *found.mappings.values(), *chain(*found.samples.values())]
    return Survey(folder, dict(found.head.populations), found.counts, found.head.dt,
                  len(found.parts), sum(one.n_bytes for one in several), found.n_samples,
                  found.until, state, found.damaged, json.loads(found.head.about))
