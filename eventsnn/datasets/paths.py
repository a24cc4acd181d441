"""Files of data sets, before they are opened."""

import os
import pathlib

from eventsnn.core import check, files


def existing(argument: str, value: str | os.PathLike, what: str) -> pathlib.Path:
    """`value` as the path of an ordinary file that is there; `what` it should be, for messages.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    OSError
        If it is a folder, a device or a pipe.
    """
    path = check.path(argument, value)
    if not path.exists():
        raise check.must(argument, f"name {what}", f"{path}, which is not there",
                         error=FileNotFoundError)
    if path.is_dir():
        raise check.must(argument, f"name {what}", f"the folder {path}", error=IsADirectoryError)
    files.check_ordinary(path)
    return path
