"""Weights, optimiser state and settings of a run in one HDF5 file, and back into a model.

Layout: attributes ``format`` and ``version`` at the root; a group ``weights`` with one array a
weight, named as in the model; a group ``optimiser_state``, if there is one, with a group a
dictionary, an array an array and an attribute an int; and ``attributes``, a JSON object as one
string. From version 2 on the file is sealed (`eventsnn.core.seal`): what is read is what was
written. The same contents give the same bytes. A file of `eventsnn.train.save_model` is one of
another format, with more in it, and is read here as well.
"""

import contextlib
import json
import os
import pathlib
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import h5py
import numpy as np

from eventsnn.core import check, files, seal
from eventsnn.core.device import beside, to
from eventsnn.errors import FormatError, VersionError

FORMAT, VERSION = "eventsnn checkpoint", 2
_LEAST_LIMIT, _MOST_RATIO = 64 * 2**20, 1000  # bytes; declared bytes a byte of the file
_INT64 = np.iinfo(np.int64)


class Form(NamedTuple):
    """A format of files: what is at the root of them."""

    name: str
    version: int  # the newest, which is written
    sealed_since: int  # version
    groups: tuple[str, ...]  # nested dictionaries of arrays and ints
    texts: tuple[str, ...]  # JSON objects
    optional: tuple[str, ...] = ()  # of the groups


FORM = Form(FORMAT, VERSION, 2, ("weights", "optimiser_state"), ("attributes",),
            ("optimiser_state",))
MODEL = Form("eventsnn model", 1, 1, ("weights", "arrays"), ("structure", "attributes"))


class Checkpoint(NamedTuple):
    """What `load` returns."""

    weights: dict[str, np.ndarray]
    optimiser_state: dict[str, Any] | None
    attributes: dict[str, Any]


def save(path: str | os.PathLike, weights: Mapping[str, np.ndarray], *,
         optimiser_state: Mapping[str, Any] | None = None,
         attributes: Mapping[str, Any] | None = None, overwrite: bool = False) -> None:
    """Write a checkpoint.

    The file is there as a whole or not at all, whenever the program or the machine stops.

    Parameters
    ----------
    path : path
        File to write, in a folder that exists.
    weights : dict of arrays
        As in ``layer.weights``.
    optimiser_state : dict, optional
        What the optimiser's `init` gave: nested dictionaries of arrays and ints.
    attributes : dict, optional
        Anything JSON can hold: epoch, seed, hyper-parameters, class names. Tuples become lists.
    overwrite : bool
        Whether an existing file is replaced.

    Raises
    ------
    FileExistsError
        If there is a file and `overwrite` is not set.
    """
    files.check_new(path, overwrite)  # before any work
    weights, optimiser_state = to(dict(weights), "cpu"), to(optimiser_state, "cpu")
    for name, w in weights.items():
        if not isinstance(w, np.ndarray):
            raise check.must(f"weights[{name!r}]", "be an array", type(w).__name__,
                             error=TypeError)
    contents = {"weights": weights, "attributes": attributes or {}}
    if optimiser_state is not None:
        contents["optimiser_state"] = optimiser_state
    write(path, FORM, contents, overwrite)


def write(path: str | os.PathLike, form: Form, contents: Mapping[str, Any],
          overwrite: bool) -> None:
    """Write a file of a format; `contents` has its groups and texts, by their names."""
    texts = {name: _json(name, contents[name]) for name in form.texts}
    # The image is made in memory: an HDF5 library that fails while writing never touches a file.
    with h5py.File(uuid.uuid4().hex, "w", driver="core", backing_store=False,
                   userblock_size=seal.HEAD) as file:
        # Strings are of fixed length: HDF5 loops for ever on a damaged heap of variable ones.
        file.attrs["format"] = np.bytes_(form.name)
        file.attrs["version"] = np.int64(form.version)
        for name, text in texts.items():
            file[name] = np.bytes_(text.encode("ascii"))
        for name in form.groups:
            if name in contents:
                _write(file.create_group(name), contents[name], name)
        file.flush()
        image = file.id.get_file_image()  # without the place that HDF5 leaves for the seal
    with files.Replacement(path, overwrite) as new:
        for offset, data in seal.of_image(image):
            new.write(offset, data)


def _json(name: str, value: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(value), allow_nan=False, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise check.must(name, "be what JSON can hold", str(error), error=TypeError) from error


def _write(group: h5py.Group, contents: Mapping[str, Any], what: str) -> None:
    for name, value in contents.items():
        argument = f"{what}[{name!r}]"
        if not isinstance(name, str) or name in ("", ".") or set(name) & set("/\0"):
            raise check.must(what, "have names without slashes", repr(name))
        if isinstance(value, Mapping):
            _write(group.create_group(name), value, argument)
        elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            group.create_dataset(name, data=value)
        elif isinstance(value, int) and not isinstance(value, bool):
            if not _INT64.min <= value <= _INT64.max:
                raise check.must(argument, "fit into 64 bits", value)
            group.attrs.create(name, value, dtype=np.int64)
        else:
            raise check.must(argument, "be an array of real numbers, an int or a dictionary",
                             getattr(value, "dtype", type(value).__name__), error=TypeError)


def load(path: str | os.PathLike, *, verify: bool = True) -> Checkpoint:
    """Read a checkpoint, or weights and attributes of a model.

    Nothing in the file is executed, no link out of it is followed, and declared sizes are checked
    before memory is allocated, so a file from anywhere may be read.

    Parameters
    ----------
    path : path
        The file.
    verify : bool
        Whether to check that it is as it was written. Without, one is read that was changed on
        purpose.

    Raises
    ------
    FormatError
        If the file is not a whole checkpoint; FileNotFoundError if there is none.
    VersionError
        If it was written by a newer eventsnn.
    """
    _, contents = read(path, (FORM, MODEL), verify)
    return Checkpoint(contents["weights"], contents.get("optimiser_state"), contents["attributes"])


def read(path: str | os.PathLike, forms: tuple[Form, ...],
         verify: bool = True) -> tuple[Form, dict[str, dict[str, Any]]]:
    """Read a file of one of the formats: which it is, and its groups and texts by their names."""
    path = check.path("path", path)
    verify = check.flag("verify", verify)
    if not path.exists():
        raise FileNotFoundError(f"path must name a checkpoint, got {path}, which is not there")
    try:
        source: Any = seal.SealedFile(path) if verify and seal.is_sealed(path) else path
        with contextlib.closing(source) if source is not path else contextlib.nullcontext(), \
                h5py.File(source, "r") as file:
            form = _form(file, path, forms, must_be_sealed=verify and source is path)
            reader = _Reader(path)
            members = reader.members(file)
            for name in (*form.groups, *form.texts):
                if name not in members and name not in form.optional:
                    raise _refused(path, f"hold {name}", ", ".join(members) or "nothing")
            contents = {name: reader.dictionary(file[name])
                        for name in form.groups if name in members}
            contents |= {name: json.loads(reader.text(file[name])) for name in form.texts}
    except (FormatError, PermissionError):
        raise
    # All that h5py, NumPy and JSON raise on damaged or malicious files.
    except (OSError, RuntimeError, ValueError, LookupError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise _refused(path, "be a whole HDF5 checkpoint", reason) from error
    for name in form.texts:
        if not isinstance(contents[name], dict):
            raise _refused(path, f"have a JSON object as {name}", type(contents[name]).__name__)
    if not all(isinstance(w, np.ndarray) for w in contents["weights"].values()):
        raise _refused(path, "have arrays as weights", "something else")
    return form, contents


def _refused(path: pathlib.Path, demand: str, got: object) -> FormatError:
    return check.must(str(path), demand, got, error=FormatError)


def _attribute(attributes: h5py.AttributeManager, name: str, kind: str) -> Any:
    """A scalar attribute of a dtype kind, or None; what is anything else is not even read."""
    if name not in attributes:
        return None
    declared = attributes.get_id(name)
    return attributes[name] if (declared.dtype.kind, declared.shape) == (kind, ()) else None


def _form(file: h5py.File, path: pathlib.Path, forms: tuple[Form, ...],
          must_be_sealed: bool) -> Form:
    """Which of the formats a file is of; what is newer, or of another, is refused."""
    name = _attribute(file.attrs, "format", "S")
    form = next((form for form in forms if form.name.encode() == name), None)
    if form is None:
        other = next((f.name for f in (FORM, MODEL) if f.name.encode() == name),
                     "another HDF5 file")
        raise _refused(path, f"be of the format {forms[0].name!r}", other)
    version = _attribute(file.attrs, "version", "i")
    if version is None or version < 1:
        raise _refused(path, "have a format version from 1", version)
    if version > form.version:
        raise VersionError(f"{path} has format version {version}, this eventsnn reads up to "
                           f"{form.version}; update eventsnn")
    if must_be_sealed and version >= form.sealed_since:
        raise _refused(path, "be the file that was written", "one whose seal is broken")
    return form


class _Reader:
    """Reads what `_write` wrote, and refuses what it cannot have written."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.left = max(_LEAST_LIMIT, _MOST_RATIO * path.stat().st_size)  # bytes to be declared
        self.seen: set[Any] = set()  # objects: a file may name one twice, or a group inside itself

    def members(self, group: h5py.Group) -> list[str]:
        """Names in a group, all of them of objects in this file and met for the first time."""
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise _refused(self.path, "hold no links", f"{group.name}/{name}")
            address = h5py.h5o.get_info(group[name].id).addr
            if address in self.seen:
                raise _refused(self.path, "hold no object twice", f"{group.name}/{name}")
            self.seen.add(address)
        return list(group)

    def dictionary(self, group: h5py.Group) -> dict[str, Any]:
        """Contents of a group."""
        if not isinstance(group, h5py.Group):
            raise _refused(self.path, "have a group here", group)
        contents: dict[str, Any] = {}
        for name in self.members(group):
            value = group[name]
            contents[name] = self.dictionary(value) if isinstance(value, h5py.Group) \
                else self.array(value, "biuf")
        for name in group.attrs:
            value = _attribute(group.attrs, name, "i")
            if value is None:
                raise _refused(self.path, f"have an int as {group.name}/{name}", "something else")
            contents[name] = int(value)
        return contents

    def array(self, dataset: h5py.Dataset, kinds: str) -> np.ndarray:
        """A dataset in this file, of a dtype kind and a size that can be true."""
        if not isinstance(dataset, h5py.Dataset) or dataset.is_virtual or dataset.external:
            raise _refused(self.path, "hold all its arrays itself", dataset)
        if dataset.dtype.kind not in kinds:
            raise _refused(self.path, "hold real numbers", f"{dataset.name} of {dataset.dtype}")
        self.left -= dataset.dtype.itemsize * int(np.prod(dataset.shape, dtype=object))
        if self.left < 0:
            raise _refused(self.path, "declare arrays that its size allows",
                           f"{dataset.name} of shape {dataset.shape}")
        return np.asarray(dataset[()])

    def text(self, dataset: h5py.Dataset) -> str:
        """A scalar string."""
        if isinstance(dataset, h5py.Dataset) and dataset.shape != ():
            raise _refused(self.path, "hold one string here", dataset)
        return bytes(self.array(dataset, "S")).decode("ascii")


def restore(layer: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Copy weights into a model, in place; names, shapes and dtypes must be the model's.

    Nothing is copied unless everything fits.

    Parameters
    ----------
    layer : layer
        Its `weights` are overwritten.
    weights : dict of arrays
        As in `Checkpoint.weights`.
    """
    live = layer.weights
    if missing := sorted(live.keys() - weights.keys()):
        raise check.must("weights", f"have {', '.join(missing)}", f"only {sorted(weights)}")
    if unknown := sorted(weights.keys() - live.keys()):
        raise check.must("weights", f"have no others than {sorted(live)}", ", ".join(unknown))
    for name, w in live.items():
        check.shape(f"weights[{name!r}]", np.shape(weights[name]), w.shape, "as in the model")
        if np.asarray(weights[name]).dtype != w.dtype:
            raise check.must(f"weights[{name!r}]", f"be {w.dtype} as in the model",
                             np.asarray(weights[name]).dtype, error=TypeError)
    for name, w in live.items():
        w[...] = beside(weights[name], w)
