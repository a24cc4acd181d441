"""Where a recording stands, for those who keep it and go on later."""

import pathlib
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from eventsnn.core import check
from eventsnn.record import manifest
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


def position_of(resume: Any, populations: Collection[str], axes: Mapping[str, Collection[str]]
                ) -> Position:
    """The position in a recording of `populations`, and of variables of the populations in `axes`.

    Raises
    ------
    TypeError, ValueError
        If `resume` is not what `Recorder.position` returned in such a recording.
    """
    at = Position(**_mapping("resume", resume, Position._fields))
    rows = _mapping("rows", at.rows, axes)
    begins = _mapping("begins", at.begins, [f"{v}/{name}" for v, of in axes.items() for name in of])
    return Position(
        _numbers("n_files", at.n_files, (manifest.PART, manifest.MAPPING, manifest.SAMPLES)),
        check.integer("n_bytes in resume", at.n_bytes, least=0),
        _numbers("counts", at.counts, populations),
        list(check.names("mapped in resume", at.mapped, axes)),
        {variable: _numbers("rows", rows[variable], of) for variable, of in axes.items()},
        _numbers("last_steps", at.last_steps, populations),
        {key: None if step is None else check.integer("begins in resume", step, least=0)
         for key, step in begins.items()})


def _numbers(name: str, value: Any, keys: Collection[str]) -> dict[str, int]:
    return {key: check.integer(f"{name} in resume", n, least=0)
            for key, n in _mapping(name, value, keys).items()}


def _mapping(name: str, value: Any, keys: Collection[str]) -> dict[str, Any]:
    """`value` as a dict of just these keys, in their order."""
    if not isinstance(value, Mapping):
        raise _refused(name, "be a dict", type(value).__name__, TypeError)
    if unlike := sorted(map(repr, set(value) ^ set(keys))):
        raise _refused(name, f"hold {', '.join(keys) or 'nothing'}, and nothing else",
                       f"a difference in {', '.join(unlike)}")
    return {key: value[key] for key in keys}


def _refused(name: str, demand: str, got: str, error: type[Exception] = ValueError) -> Exception:
    return check.must(name if name == "resume" else f"{name} in resume", demand, got,
                      "pass what position() returned in the recording that is to go on", error)
