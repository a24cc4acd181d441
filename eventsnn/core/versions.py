"""Versions of packages, as files tell them."""

import functools
import importlib.metadata


@functools.cache
def version(package: str) -> str:
    """The version of an installed package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # run from a folder of sources
        return "not installed"
