"""What puts all that waits on the disk, piece by piece."""

from collections.abc import Callable, Mapping

from eventsnn.record.buffer import Buffer
from eventsnn.record.parts import Folder
from eventsnn.record.samples import Samples


def tasks(folder: Folder, spikes: Mapping[str, Buffer], samples: Mapping[tuple[str, str], Samples],
          duration: float | None) -> list[Callable[[], None]]:
    """What writes it; each task looks whether it was done, since it may be repeated."""
    found: list[Callable[[], None]] = []
    columns = {name: buffer.columns() for name, buffer in spikes.items()}
    if any(len(ids) for _, ids in columns.values()):
        counts = {name: buffer.total for name, buffer in spikes.items()}
        part = folder.part(columns, duration)  # while the part before may still be on its way

        def write_spikes() -> None:
            if folder.done.counts != counts:
                folder.write_spikes(part)

        found.append(write_spikes)
    for variable in folder.axes:
        found += _of_variable(folder, variable, samples, duration)
    return found


def _of_variable(folder: Folder, variable: str, samples: Mapping[tuple[str, str], Samples],
                 duration: float | None) -> list[Callable[[], None]]:
    mine = {name: one for (v, name), one in samples.items() if v == variable}
    rows = {name: one.buffer.total for name, one in mine.items()}
    waiting = {name: one.waiting() for name, one in mine.items() if one.buffer.waiting}

    def write_mapping() -> None:
        if variable not in folder.done.mapped:
            folder.write_mapping(variable)

    def write_samples() -> None:
        if folder.done.rows[variable] != rows:
            folder.write_samples(variable, waiting, duration)

    return [write_mapping, write_samples] if waiting else []
