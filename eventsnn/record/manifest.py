"""Which parts a recording has: one line of JSON each, checked, and only ever appended to.

The first line says what is recorded. Each further one names a file: a part of the spikes, what the
values of a variable are of (its mapping), or samples of a variable. A last one tells that the run
came to its end. A torn last line counts as never written. Files that no line names do not exist.
"""

import json
import pathlib
import re
from typing import Any, NamedTuple

from eventsnn.core import check, lines
from eventsnn.errors import FormatError, VersionError
from eventsnn.record.names import name_of_population, name_of_variable

NAME = "manifest.jsonl"
FORMAT, VERSION = "eventsnn recording", 2  # 1 had spikes alone
PART, MAPPING, SAMPLES = "part", "mapping", "samples"  # kinds of lines, and how their files begin
FILE_NAME = re.compile(rf"({PART}|{MAPPING}|{SAMPLES})-r[0-9]{{1,6}}-[0-9]{{6,12}}\.h5")
MOST_BYTES = 1 << 28  # of a manifest: a million parts


class Part(NamedTuple):
    """A part of the spikes, as its line describes it."""

    name: str
    n_bytes: int
    sha256: str
    counts: dict[str, int]
    first_step: int
    last_step: int
    last_steps: dict[str, int]  # of each population with spikes in the part
    duration: float | None  # s, of the run so far, if it was said


class Samples(NamedTuple):
    """A file of a variable, as its line describes it: its mapping, or samples."""

    name: str
    n_bytes: int
    sha256: str
    variable: str
    rows: dict[str, int]  # samples of each population that has any
    first_steps: dict[str, int]  # of these, the step of the first
    duration: float | None


class Head(NamedTuple):
    """The first line."""

    populations: dict[str, int]
    dt: float
    overwrite: bool
    about: str  # JSON, as the file will hold it
    variables: list[str]


class Manifest(NamedTuple):
    """What a manifest says."""

    head: Head
    parts: list[Part]
    mappings: dict[str, Samples]  # of each variable that was sampled
    samples: dict[str, list[Samples]]  # of each variable
    complete: bool  # whether the run came to its end
    duration: float | None  # s
    damaged: int  # lines that cannot be read, a torn last one apart
    n_bytes: int  # up to the end of the last whole line

    @property
    def files(self) -> set[str]:
        """Names of the files."""
        sampled = [*self.mappings.values(), *(s for of in self.samples.values() for s in of)]
        return {part.name for part in self.parts} | {part.name for part in sampled}

    @property
    def counts(self) -> dict[str, int]:
        """Spikes of each population."""
        return {name: sum(part.counts[name] for part in self.parts)
                for name in self.head.populations}

    @property
    def n_samples(self) -> dict[str, dict[str, int]]:
        """Samples of each variable, by population."""
        return {variable: {name: sum(one.rows.get(name, 0) for one in several)
                           for name in sorted({n for one in several for n in one.rows})}
                for variable, several in self.samples.items()}

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
    return lines.written({"kind": kind, **content})


def read(folder: pathlib.Path, n_bytes: int | None = None) -> Manifest:
    """Read the manifest of a folder of parts, or its first `n_bytes`.

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
    if not path.exists():
        raise FileNotFoundError(f"{folder} must hold parts of a recording, got none")
    with open(path, "rb") as file:
        text = file.read(MOST_BYTES + 1 if n_bytes is None else n_bytes)
    if len(text) > MOST_BYTES:
        raise refuse(folder, f"a manifest of at most {MOST_BYTES} bytes", "a longer one")
    said = text.splitlines(keepends=True)
    contents = [_content(one) for one in said]
    if contents and contents[-1] is None:  # torn
        contents.pop()
        said.pop()
    if not contents:
        raise FileNotFoundError(f"{folder} must hold parts of a recording, got none")
    try:
        return _manifest(contents, folder)._replace(n_bytes=sum(map(len, said)))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, FormatError):
            raise
        raise refuse(folder, "a manifest of eventsnn", f"another ({error!r})") from error


def _manifest(contents: list[dict[str, Any] | None], folder: pathlib.Path) -> Manifest:
    head = _head(contents[0], folder)

    def of_kind(kind: str) -> list[dict[str, Any]]:
        return [c for c in contents[1:] if c and c["kind"] == kind]

    parts = [_part(c, head) for c in of_kind(PART)]
    mappings = {one.variable: one for one in (_samples(c, head) for c in of_kind(MAPPING))}
    samples: dict[str, list[Samples]] = {name: [] for name in head.variables}
    for one in (_samples(c, head) for c in of_kind(SAMPLES)):
        samples[one.variable].append(one)
    ends = [_duration(c) for c in of_kind("end")]
    said = [d for d in (*(p.duration for p in parts), *ends,
                        *(s.duration for several in samples.values() for s in several))
            if d is not None]
    return Manifest(head, parts, mappings, samples, bool(ends), max(said, default=None),
                    contents.count(None), 0)


def refuse(path: pathlib.Path, demand: str, got: str) -> FormatError:
    """The exception of a folder that is not what a recorder left."""
    return check.must(str(path), f"have {demand}", got, error=FormatError)


def _content(text: bytes) -> dict[str, Any] | None:
    """What a line says, or None if its CRC is not right."""
    content = lines.read(text)
    return content if content and "kind" in content else None


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
    variables = [name_of_variable(name) for name in content.get("variables", ())]
    return Head(populations, check.number("dt", content["dt"], above=0.0),
                check.flag("overwrite", content["overwrite"]), content["about"], variables)


def _file(content: dict[str, Any]) -> tuple[str, int, str]:
    kind = FILE_NAME.fullmatch(content["name"])
    if kind is None or kind[1] != content["kind"]:  # no path leads out of the folder
        raise ValueError(content["name"])
    return (content["name"], check.integer("bytes", content["bytes"], least=0),
            str(content["sha256"]))


def _duration(content: dict[str, Any]) -> float | None:
    duration = content["duration"]
    return None if duration is None else check.number("duration", duration, least=0.0)


def _part(content: dict[str, Any], head: Head) -> Part:
    counts = {name: check.integer("counts", content["counts"][name], least=0)
              for name in head.populations}
    return Part(*_file(content), counts,
                check.integer("first_step", content["first_step"], least=0),
                check.integer("last_step", content["last_step"], least=0),
                {name: check.integer("last_steps", content["last_steps"][name], least=0)
                 for name in counts if counts[name]}, _duration(content))


def _samples(content: dict[str, Any], head: Head) -> Samples:
    if content["variable"] not in head.variables:
        raise ValueError(content["variable"])
    rows = {name_of_population(name): check.integer("rows", n, least=0)
            for name, n in content["rows"].items()}
    return Samples(*_file(content), content["variable"], rows,
                   {name: check.integer("first_steps", content["first_steps"][name], least=0)
                    for name in rows if rows[name]}, _duration(content))
