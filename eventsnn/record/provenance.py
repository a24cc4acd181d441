"""What a recording says of its origin: versions, machine, and what the caller adds."""

import json
import os
import platform
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from eventsnn.core import check
from eventsnn.core.versions import version


def provenance(attributes: Mapping[str, Any] | None = None) -> str:
    """A JSON object: the versions that matter, the platform, and `attributes`.

    It holds no date: the same run gives the same file, byte by byte.
    """
    about = {f"{package}_version": version(package) for package in ("eventsnn", "numpy", "numba")}
    about |= {"h5py_version": h5py.version.version, "hdf5_version": h5py.version.hdf5_version,
              "python_version": platform.python_version(), "platform": platform.platform()}
    attributes = dict(attributes or {})
    for name in attributes:
        if not isinstance(name, str):
            raise check.must("attributes", "have names that are strings", repr(name),
                             error=TypeError)
        if name in about:
            raise check.must("attributes", f"leave {name!r} to eventsnn", repr(attributes[name]))
    return json.dumps({**about, **attributes}, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise check.must("attributes", "hold numbers, strings, lists, dictionaries and arrays",
                     repr(value), error=TypeError)
