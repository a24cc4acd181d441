"""The only place that gives a file its final name, and that writes while a run goes on.

A file is written under a temporary name in the same folder, forced to the disk, and then renamed,
which is atomic: under the final name there is the old file or the whole new one, whatever happens.
Every change of the disk is a call of `os` here, so that a test can let any of them fail.
"""

import contextlib
import errno
import os
import pathlib
import stat
import uuid
from types import TracebackType
from typing import Any

try:
    import fcntl
except ImportError:  # Windows: files are written as safely, but two writers are not kept apart
    fcntl = None  # type: ignore[assignment]

from eventsnn.core import check

PARTIAL = ".partial"  # how temporary names end
AT_ONCE = 1 << 20  # bytes that the disk is told to begin with


def check_new(path: str | os.PathLike, overwrite: bool = False) -> pathlib.Path:
    """`path`, after checking, before any work is done, that a file may be written there.

    Raises
    ------
    FileExistsError
        If there is a file and `overwrite` is not set.
    IsADirectoryError, NotADirectoryError, FileNotFoundError, PermissionError
        If `path` is a folder, or its folder is none, is missing, or may not be written to.
    TypeError
        If `path` is no name of a file, or `overwrite` neither True nor False.
    """
    path, overwrite = check.path("path", path), check.flag("overwrite", overwrite)
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


def check_ordinary(path: str | os.PathLike) -> None:
    """Refuse what would wait for ever when it is opened, or cannot be gone back in: a pipe."""
    if not (path := pathlib.Path(path)).is_dir() and not stat.S_ISREG(path.stat().st_mode):
        raise check.must(str(path), "be an ordinary file", "a device or pipe",
                         "write it to a file first", OSError)


class Replacement:
    """A file that takes its final name when it is complete.

    As a context manager it commits at the end of the block and discards on an exception.

    Parameters
    ----------
    path : path
        The final name.
    overwrite : bool
        Whether an existing file may be replaced.
    folder : path, optional
        Where the file lies until it is complete; on the same file system. By default its own.

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

    def __init__(self, path: str | os.PathLike, overwrite: bool = False,
                 folder: pathlib.Path | None = None) -> None:
        self.path = check_new(path, overwrite).absolute()  # the working folder may change
        self.overwrite = overwrite
        self.temporary = (folder or self.path.parent) / \
            f"{self.path.name}.{uuid.uuid4().hex[:8]}{PARTIAL}"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._descriptor: int | None = os.open(self.temporary, flags, 0o666)

    def write(self, offset: int, data: Any) -> None:
        """Write all bytes of a buffer at an offset; the disk begins with them, while more come."""
        assert self._descriptor is not None
        left = memoryview(data)
        left = left.cast("B") if left.nbytes else left[:0]
        while left:
            some, left = left[:AT_ONCE], left[AT_ONCE:]
            write(self._descriptor, offset, some)
            if len(some) == AT_ONCE:
                _hurry(self._descriptor, offset)
            offset += len(some)

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
        sync_folder(self.path.parent)

    def discard(self) -> None:
        """Remove the temporary file; what lies under the final name stays."""
        self._close()
        remove(self.temporary)

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


def sync_folder(folder: pathlib.Path) -> None:
    """Force names in a folder to the disk; Windows has no such call, and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(descriptor: int, offset: int, data: Any) -> None:
    """Write all bytes of a buffer at an offset, in as many calls as the system wants."""
    left = memoryview(data)
    if left.nbytes == 0:
        return
    left = left.cast("B")
    os.lseek(descriptor, offset, os.SEEK_SET)
    while left:
        n = os.write(descriptor, left)
        if n == 0:
            raise OSError(errno.EIO, "the system wrote nothing, and gave no reason")
        left = left[n:]


def _hurry(descriptor: int, offset: int) -> None:
    """Let the disk begin with what was written there, so that less is left to be forced to it.

    Linux does so before it drops what is not wanted any more; what is on its way it keeps.
    """
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):  # it is advice; to force the file tells what fails
            os.posix_fadvise(descriptor, offset, AT_ONCE, os.POSIX_FADV_DONTNEED)


def size(descriptor: int) -> int:
    """Bytes of an open file."""
    return os.fstat(descriptor).st_size


def append(descriptor: int, offset: int, data: bytes) -> None:
    """Let a file end with bytes at an offset, on the disk; what was behind it goes."""
    os.ftruncate(descriptor, offset)
    write(descriptor, offset, data)
    os.fsync(descriptor)


def make_folder(path: pathlib.Path, forced: bool = True) -> None:
    """Make a folder if there is none, and force its name to the disk, if that is not to wait."""
    try:
        os.mkdir(path)
    except FileExistsError:
        if path.is_symlink() or not path.is_dir():
            raise check.must(str(path), "be a folder or not exist", "something else",
                             error=NotADirectoryError) from None
        return
    if forced:
        sync_folder(path.parent)


def keep_as(path: pathlib.Path, other: pathlib.Path) -> None:
    """Let a file have another name beside its own, so that it stays when its own is taken.

    What had that name goes. On a file system that knows no second names it loses its own.
    """
    remove(other)
    try:
        os.link(path, other)
    except OSError:
        os.replace(path, other)


def remove(path: pathlib.Path) -> None:
    """Remove a file, if it is there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def remove_folder(path: pathlib.Path) -> None:
    """Remove a folder; one that holds files of others stays. A lost power may bring it back."""
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def open_locked(path: pathlib.Path) -> int:
    """Open a file to read and write, made if need be, that one process at a time may hold.

    Returns
    -------
    int
        A descriptor; closing it, or the end of the process, lets the next one in.

    Raises
    ------
    BlockingIOError
        If another holds it.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        descriptor = os.open(path, flags, 0o666)
        try:
            if fcntl is None:
                return descriptor
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who held it until now may have removed it.
            if is_at(descriptor, path):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise check.must(str(path.parent), "be written by one recorder at a time",
                             "a second one", "wait for the first, or use another name",
                             BlockingIOError) from None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def is_locked(path: pathlib.Path) -> bool:
    """Whether a process holds a file by `open_locked`; False where that cannot be told."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


def is_at(descriptor: int, path: pathlib.Path) -> bool:
    """Whether an open file still lies under its name."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def close_locked(descriptor: int) -> None:
    """Close what `open_locked` opened, also where a process that was forked off has it open."""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)
