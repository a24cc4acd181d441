"""Files under their final name: the old one, or the whole new one."""

import errno
import os
import stat

import numpy as np
import pytest

from eventsnn.core import files
from eventsnn.core.files import Replacement, check_new


def names(folder):
    return sorted(os.listdir(folder))


def test_check_new__returns_the_path(tmp_path):
    assert check_new(str(tmp_path / "a.h5")) == tmp_path / "a.h5"


def test_check_new__refuses_an_existing_file_and_names_the_remedy(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"old")

    with pytest.raises(FileExistsError, match=r"a.h5 must not exist yet, got a file of 3 bytes; "
                                              r"use overwrite=True or --overwrite"):
        check_new(tmp_path / "a.h5")

    assert check_new(tmp_path / "a.h5", overwrite=True) == tmp_path / "a.h5"


@pytest.mark.parametrize(("name", "error", "message"), [
    ("missing/a.h5", FileNotFoundError, "folder that exists"),
    ("file/a.h5", NotADirectoryError, "must lie in a folder"),
    ("folder", IsADirectoryError, "must be the name of a file, got a folder"),
    ("pipe", FileExistsError, "ordinary file"),
])
@pytest.mark.parametrize("overwrite", [False, True])
def test_check_new__refuses_what_cannot_be_written(tmp_path, name, error, message, overwrite):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(error, match=message) as caught:
        check_new(tmp_path / name, overwrite)

    assert "\n" not in str(caught.value)


def test_check_new__refuses_a_folder_that_is_read_only(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # chmod does not bind root

    with pytest.raises(PermissionError, match="may be written to"):
        check_new(tmp_path / "a.h5")


def test_replacement__appears_only_when_complete(tmp_path):
    with Replacement(tmp_path / "a") as new:
        new.temporary.write_bytes(b"new")
        assert not (tmp_path / "a").exists()

    assert (tmp_path / "a").read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


def test_replacement__has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "other").write_bytes(b"")

    with Replacement(tmp_path / "a"):
        pass

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == \
        stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_replacement__survives_a_change_of_folder(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)

    with Replacement("a") as new:
        monkeypatch.chdir("elsewhere")
        new.temporary.write_bytes(b"new")

    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt])
def test_replacement__keeps_the_old_file_on_an_exception(tmp_path, exception):
    (tmp_path / "a").write_bytes(b"old")

    with pytest.raises(exception), Replacement(tmp_path / "a", overwrite=True) as new:
        new.temporary.write_bytes(b"half of the n")
        raise exception

    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_replacement__keeps_the_old_file_when_the_disk_fails(tmp_path, monkeypatch, call):
    (tmp_path / "a").write_bytes(b"old")

    def fail(*_):
        raise OSError(errno.EIO, "planted")

    with pytest.raises(OSError, match="planted"), Replacement(tmp_path / "a", True) as new:
        new.temporary.write_bytes(b"new")
        monkeypatch.setattr(files.os, call, fail)
    monkeypatch.undo()

    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_replacement__forces_file_then_name_to_the_disk(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace

    def log_fsync(descriptor):
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def log_replace(*names):
        calls.append("rename")
        replace(*names)

    monkeypatch.setattr(files.os, "fsync", log_fsync)
    monkeypatch.setattr(files.os, "replace", log_replace)

    with Replacement(tmp_path / "a"):
        pass

    assert calls == ["file", "rename", "folder"]


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system takes no such advice")
def test_replacement__lets_the_disk_begin_whether_it_heeds_or_not(tmp_path, monkeypatch):
    told, content = [], np.random.default_rng(0).bytes(5 * files.AT_ONCE // 2)

    def advise(descriptor, *what):
        told.append(what[:2])
        raise OSError(errno.ENOSYS, "planted")

    monkeypatch.setattr(files.os, "posix_fadvise", advise)
    with Replacement(tmp_path / "a") as new:
        new.write(7, content)

    assert (tmp_path / "a").read_bytes() == bytes(7) + content
    assert told == [(7, files.AT_ONCE), (7 + files.AT_ONCE, files.AT_ONCE)]


def test_replacement__loses_neither_of_two_files(tmp_path):
    with pytest.raises(FileExistsError, match="made in the meantime; the new one is a.") as caught:
        with Replacement(tmp_path / "a") as new:
            new.temporary.write_bytes(b"new")
            (tmp_path / "a").write_bytes(b"other")

    assert (tmp_path / "a").read_bytes() == b"other"
    assert (tmp_path / str(caught.value).split()[-1]).read_bytes() == b"new"


def test_replacement__may_lie_elsewhere_until_it_is_complete(tmp_path):
    (tmp_path / "parts").mkdir()

    with Replacement(tmp_path / "a", folder=tmp_path / "parts") as new:
        new.write(3, b"456")
        new.write(0, b"123")
        assert names(tmp_path) == ["parts"] and new.temporary.parent == tmp_path / "parts"

    assert (tmp_path / "a").read_bytes() == b"123456"
    assert names(tmp_path / "parts") == []


def test_write__goes_on_until_all_is_written(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(files.os, "write", lambda file, data: write(file, data[:7]))

    with Replacement(tmp_path / "a") as new:
        new.write(0, np.arange(10))
        new.write(80, b"")

    assert (tmp_path / "a").read_bytes() == np.arange(10).tobytes()


def test_write__refuses_a_disk_that_takes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "write", lambda *_: 0)

    with pytest.raises(OSError, match="wrote nothing"), Replacement(tmp_path / "a") as new:
        new.write(0, b"1")

    assert names(tmp_path) == []


def test_open_locked__lets_one_in_at_a_time(tmp_path):
    first = files.open_locked(tmp_path / "a")

    with pytest.raises(BlockingIOError, match="one recorder at a time"):
        files.open_locked(tmp_path / "a")
    files.close_locked(first)

    files.close_locked(files.open_locked(tmp_path / "a"))
