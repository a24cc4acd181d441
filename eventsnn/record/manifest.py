"""Which parts a recording has: one line of JSON each, checked, and only ever appended to.

The first line says what is recorded, each further one names a part, and a last one tells that the
run came to its end. A line ends in the CRC-32 of what comes before; a torn last line counts as
never written. Parts that no line names do not exist.
"""

import json
import pathlib
import re
import zlib
from typing import Any, NamedTuple

from eventsnn.core import check
from eventsnn.errors import FormatError, VersionError

NAME = "manifest.jsonl"
FORMAT, VERSION = "eventsnn recording", 1
PART_NAME = re.compile(r"part-r[0-9]{1,6}-[0-9]{6,12}\.h5")
MOST_BYTES = 1 << 28  # of a manifest: a million parts
TAIL = ', "crc32": "{:08x}"}}\n'
TAIL_BYTES = len(TAIL.format(0))


class Part(NamedTuple):
    """A part, as its line describes it."""

    name: str
    n_bytes: int
    sha256: str
    counts: dict[str, int]
    first_step: int
    last_step: int
    last_steps: dict[str, int]  # of each population with spikes in the part
    duration: float | None  # s, of the run so far, if it was said


class Head(NamedTuple):
    """The first line."""

    populations: dict[str, int]
    dt: float
    overwrite: bool
    about: str  # JSON, as the file will hold it


class Manifest(NamedTuple):
    """What a manifest says."""

    head: Head
    parts: list[Part]
    complete: bool  # whether the run came to its end
    duration: float | None  # s
    damaged: int  # lines that cannot be read, a torn last one apart
    n_bytes: int  # up to the end of the last whole line

    @property
    def counts(self) -> dict[str, int]:
        """Spikes of each population."""
        return {name: sum(part.counts[name] for part in self.parts)
                for name in self.head.populations}

    @property
    def until(self) -> float:
        """Of the time before, s, all spikes of the populations that spiked are in the parts."""
        last: dict[str, int] = {}
        for part in self.parts:
            last |= part.last_steps
        if not self.complete:
            return min((step * self.head.dt for step in last.values()), default=0.0)
        return max(self.duration or 0.0, *(step * self.head.dt for step in last.values()), 0.0)


def line(kind: str, content: dict[str, Any]) -> bytes:
    """A line, with its CRC."""
    body = json.dumps({"kind": kind, **content})[:-1].encode("ascii")
    return body + TAIL.format(zlib.crc32(body)).encode("ascii")


def read(folder: pathlib.Path) -> Manifest:
    """Read the manifest of a folder of parts.

    Raises
    ------
    FormatError
        If it is none, or its first line is damaged.
    FileNotFoundError
        If the folder has none, or one with no whole line: then there are no parts.
    """
    path = folder / NAME
    if path.is_symlink():
        raise refuse(folder, "a manifest that lies in it", "a link")
    with open(path, "rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise refuse(folder, f"a manifest of at most {MOST_BYTES} bytes", "a longer one")
    lines = text.splitlines(keepends=True)
    contents = [_content(one) for one in lines]
    while contents and contents[-1] is None:  # torn
        contents.pop()
        lines.pop()
        break
    if not contents:
        raise FileNotFoundError(f"{folder} must hold parts of a recording, got none")
    damaged = contents.count(None)
    try:
        head = _head(contents[0], folder)
        parts = [_part(c, head) for c in contents[1:] if c and c["kind"] == "part"]
        ends = [c["duration"] for c in contents[1:] if c and c["kind"] == "end"]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, FormatError):
            raise
        raise refuse(folder, "a manifest of eventsnn", f"another ({error!r})") from error
    said = [d for d in (*(part.duration for part in parts), *ends) if d is not None]
    return Manifest(head, parts, bool(ends), max(said, default=None), damaged,
                    sum(map(len, lines)))


def refuse(path: pathlib.Path, demand: str, got: str) -> FormatError:
    """The exception of a folder that is not what a recorder left."""
    return check.must(str(path), f"have {demand}", got, error=FormatError)


def _content(text: bytes) -> dict[str, Any] | None:
    """What a line says, or None if its CRC is not right."""
    body, tail = text[:-TAIL_BYTES], text[-TAIL_BYTES:]
    if tail != TAIL.format(zlib.crc32(body)).encode("ascii"):
        return None
    try:
        content = json.loads(body + b"}")
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and "kind" in content else None


def _head(content: dict[str, Any] | None, folder: pathlib.Path) -> Head:
    if content is None:
        raise refuse(folder, "a manifest whose first line is whole", "a damaged one")
    if content["format"] != FORMAT:
        raise ValueError(content["format"])
    if content["version"] > VERSION:
        raise VersionError(f"{folder} has format version {content['version']}, this eventsnn reads "
                           f"up to {VERSION}; update eventsnn")
    populations = {name_of_population(name): check.integer("size", size, least=1)
                   for name, size in content["populations"].items()}
    if not populations:
        raise ValueError("populations")
    if not isinstance(json.loads(content["about"]), dict):
        raise ValueError("about")
    return Head(populations, check.number("dt", content["dt"], above=0.0),
                check.flag("overwrite", content["overwrite"]), content["about"])


def _part(content: dict[str, Any], head: Head) -> Part:
    if not PART_NAME.fullmatch(content["name"]):  # no path leads out of the folder
        raise ValueError(content["name"])
    counts = {name: check.integer("counts", content["counts"][name], least=0)
              for name in head.populations}
    duration = content["duration"]
    return Part(content["name"], check.integer("bytes", content["bytes"], least=0),
                str(content["sha256"]), counts,
                check.integer("first_step", content["first_step"], least=0),
                check.integer("last_step", content["last_step"], least=0),
                {name: check.integer("last_steps", content["last_steps"][name], least=0)
                 for name in counts if counts[name]},
                None if duration is None else check.number("duration", duration, least=0.0))


def name_of_population(name: Any) -> str:
    """`name`, if it may name a group of a file."""
    if not isinstance(name, str):
        raise check.must("name of a population", "be a string", repr(name), error=TypeError)
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise check.must("name of a population", "be a name with no '/'", repr(name))
    return name
