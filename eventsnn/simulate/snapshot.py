"""Networks on disk: what they are made of, and where they stand, in one sealed HDF5 file.

Attributes ``format`` and ``version`` at the root; ``recipe``, a JSON object in one string
(`eventsnn.simulate.recipe`); ``arrays``, the arrays that it names by number; and ``state``, a group
of arrays for each group of neurons. Synapses are not kept: they are made anew from the seed.
"""

import contextlib
import json
import os
import pathlib
import uuid
from typing import Any

import h5py
import numpy as np

from eventsnn.core import check, files, seal
from eventsnn.errors import FormatError, VersionError
from eventsnn.record.untrusted import DAMAGE

FORMAT, VERSION = "eventsnn network", 1


def write(path: str | os.PathLike, recipe: dict[str, Any], arrays: list[np.ndarray],
          state: list[dict[str, np.ndarray]], overwrite: bool,
          keep: pathlib.Path | None = None) -> pathlib.Path:
    """Write a file; it is there as a whole or not at all. The old one lies under `keep` then."""
    path = files.check_new(path, overwrite)
    with h5py.File(uuid.uuid4().hex, "w", driver="core", backing_store=False,
                   userblock_size=seal.HEAD) as file:
        file.attrs["format"], file.attrs["version"] = np.bytes_(FORMAT), np.int64(VERSION)
        file["recipe"] = np.bytes_(json.dumps(recipe, allow_nan=False).encode("ascii"))
        kept = file.create_group("arrays")
        for k, array in enumerate(arrays):
            kept[str(k)] = array
        for k, group in enumerate(state):
            for name, array in group.items():
                file[f"state/{k}/{name}"] = array
        file.flush()
        image = file.id.get_file_image()
    with files.Replacement(path, overwrite) as new:
        for offset, data in seal.of_image(image):
            new.write(offset, data)
        if keep is not None and path.exists():
            files.keep_as(path, keep)
    return path


def read(path: str | os.PathLike) -> tuple[dict[str, Any], list[np.ndarray],
                                           list[dict[str, np.ndarray]]]:
    """Recipe, arrays and state of a file, whose every byte is as it was written.

    Raises
    ------
    FormatError
        If it is no network of eventsnn, or not as it was written.
    VersionError
        If it was written by a newer eventsnn.
    """
    path = check.path("path", path)
    with open(path, "rb"):  # its errors name the file and the reason
        pass
    if not seal.is_sealed(path):
        raise refused(path, "another file")
    with contextlib.closing(seal.SealedFile(path)) as sealed:
        sealed.verify()
        try:
            with h5py.File(sealed, "r") as file:
                if file.attrs.get("format") != FORMAT.encode():
                    raise refused(path, "another sealed file")
                if file.attrs["version"] > VERSION:
                    raise VersionError(f"{path} has format version {file.attrs['version']}, this "
                                       f"eventsnn reads up to {VERSION}; update eventsnn")
                recipe = json.loads(bytes(file["recipe"][()]))
                arrays = [file["arrays"][str(k)][()] for k in range(len(file["arrays"]))]
                state = [_arrays(file["state"][str(k)]) for k in range(len(file["state"]))]
        except FormatError:
            raise
        except DAMAGE as error:
            raise refused(path, f"a damaged one ({error})") from error
    return recipe, [np.asarray(a) for a in arrays], state


def _arrays(group: Any) -> dict[str, np.ndarray]:
    """All arrays of a group, by path."""
    found: dict[str, np.ndarray] = {}

    def take(path: str, value: Any) -> None:
        if isinstance(value, h5py.Dataset):
            found[path] = value[()]

    group.visititems(take)  # it ends also where somebody's groups hold each other
    return found


def refused(path: str | os.PathLike, got: str) -> FormatError:
    """The exception of a file that is no network."""
    return check.must(os.fspath(path), "be a network that eventsnn saved", got, error=FormatError)
