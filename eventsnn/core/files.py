"""The only place that gives a file its final name.

A file is written under a temporary name in the same folder, forced to the disk, and then renamed,
which is atomic: under the final name there is the old file or the whole new one, whatever happens.
"""

import os
import pathlib
import stat
import uuid
from types import TracebackType

from eventsnn.core import check


def check_new(path: str | os.PathLike, overwrite: bool = False) -> pathlib.Path:
    """`path`, after checking, before any work is done, that a file may be written there.

    Raises
    ------
    FileExistsError
        If there is a file and `overwrite` is not set.
    IsADirectoryError, NotADirectoryError, FileNotFoundError, PermissionError
        If `path` is a folder, or its folder is none, is missing, or may not be written to.
    """
    path = pathlib.Path(path)
    folder = path.absolute().parent
    if not folder.exists():
        raise check.must(str(path), "lie in a folder that exists", f"the folder {folder}",
                         "create it first", FileNotFoundError)
    if not folder.is_dir():
        raise check.must(str(path), "lie in a folder", f"the file {folder}",
                         error=NotADirectoryError)
    if path.is_dir():
        raise check.must(str(path), "be the name of a file", "a folder", error=IsADirectoryError)
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        # A rename would put a file in the place of, say, /dev/null.
        raise check.must(str(path), "be an ordinary file or not exist", "a device or pipe",
                         error=FileExistsError)
    if path.exists() and not overwrite:
        raise check.must(str(path), "not exist yet", f"a file of {path.stat().st_size} bytes",
                         "use overwrite=True or --overwrite to replace it", FileExistsError)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise check.must(str(path), "lie in a folder that may be written to", f"{folder}",
                         error=PermissionError)
    return path


class Replacement:
    """A file that takes its final name when it is complete.

    As a context manager it commits at the end of the block and discards on an exception.

    Parameters
    ----------
    path : path
        The final name.
    overwrite : bool
        Whether an existing file may be replaced.

    Attributes
    ----------
    temporary : pathlib.Path
        Where to write; it exists and is empty.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Replacement(pathlib.Path(folder, "a.txt")) as new:
    ...         _ = new.temporary.write_text("all of it")
    ...     pathlib.Path(folder, "a.txt").read_text()
    'all of it'
    """

    def __init__(self, path: str | os.PathLike, overwrite: bool = False) -> None:
        self.path = check_new(path, overwrite).absolute()  # the working folder may change
        self.overwrite = overwrite
        self.temporary = self.path.with_name(f"{self.path.name}.{uuid.uuid4().hex[:8]}.partial")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._descriptor: int | None = os.open(self.temporary, flags, 0o666)

    def reserve(self, start: int, n_bytes: int) -> None:
        """Make sure that bytes from `start` on can be written, or raise OSError.

        The file grows to hold them; `truncate` gives back what was not needed. Where the system
        offers no reservation, this does nothing.
        """
        assert self._descriptor is not None
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(self._descriptor, start, n_bytes)
            except OSError as error:
                raise OSError(error.errno, f"{os.strerror(error.errno or 0)}; no room for another "
                              f"{n_bytes} bytes of", str(self.path)) from error

    def truncate(self, n_bytes: int) -> None:
        """Cut the file to a length."""
        assert self._descriptor is not None
        os.ftruncate(self._descriptor, n_bytes)

    def commit(self) -> None:
        """Force the file to the disk and give it its final name.

        If a file of that name has come up meanwhile and may not be replaced, the new one stays
        under its temporary name, which the message says.
        """
        assert self._descriptor is not None
        try:
            os.fsync(self._descriptor)
        except BaseException:
            self.discard()
            raise
        self._close()
        if not self.overwrite and self.path.exists():
            raise check.must(str(self.path), "not exist yet", "a file made in the meantime",
                             f"the new one is {self.temporary.name}", FileExistsError)
        try:
            os.replace(self.temporary, self.path)
        except BaseException:
            self.discard()
            raise
        _sync_folder(self.path.parent)

    def discard(self) -> None:
        """Remove the temporary file; what lies under the final name stays."""
        self._close()
        self.temporary.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "Replacement":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()


def _sync_folder(folder: pathlib.Path) -> None:
    """Force a rename to the disk; Windows has no such call, and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
