"""Seals: every damaged byte is found, before it is used, and where it is."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsnn.core import lines, seal
from eventsnn.errors import FormatError, VersionError

END = seal.HEAD + 1000


def stretches():
    content = np.random.default_rng(0).bytes(1000)
    return [(seal.HEAD, content[:300]), (seal.HEAD + 300, content[300:])]


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A sealed file of pieces of 64 bytes."""
    monkeypatch.setattr(seal, "PIECE", 64)
    write(tmp_path / "file", seal.sealed(stretches(), END))
    return tmp_path / "file"


def write(path, parts):
    with open(path, "wb") as file:
        for offset, data in parts:
            file.seek(offset)
            file.write(data)


def read(path, offset, n):
    file = seal.SealedFile(path)
    try:
        file.seek(offset)
        return file.read(n)
    finally:
        file.close()


def test_sealed_file__gives_back_every_stretch(path):
    whole = path.read_bytes()

    for offset in (0, 1, 511, 512, 513, 575, 576, 811, 812, 1500, len(whole) - 1, len(whole)):
        for n in (0, 1, 64, 65, 500, 5000):
            assert read(path, offset, n) == whole[offset:offset + n]


def test_sealed_file__refuses_every_damaged_byte(path):
    whole, rng = path.read_bytes(), np.random.default_rng(1)

    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        with pytest.raises(FormatError, match="must be the file that was written, got") as caught:
            seal.SealedFile(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", [
    lambda whole: whole[:-1], lambda whole: whole + b"\n", lambda whole: whole[:600],
    lambda whole: whole[:512], lambda whole: b"", lambda whole: whole[1:],
    lambda whole: whole[:700] + whole[690:], lambda whole: bytes(len(whole)),
    lambda whole: bytes(512) + whole[512:]], ids=range(9))
def test_sealed_file__refuses_other_lengths_and_beginnings(path, change):
    path.write_bytes(change(path.read_bytes()))

    with pytest.raises(FormatError):
        seal.SealedFile(path)


def test_large_file__is_checked_where_it_is_read(path, monkeypatch):
    monkeypatch.setattr(seal, "SMALL", 0)
    whole = bytearray(path.read_bytes())
    whole[seal.HEAD + 310] ^= 1  # in the piece from 300 to 364
    path.write_bytes(whole)

    file = seal.SealedFile(path)
    for offset, n in ((0, 512 + 300), (512 + 364, 636)):
        file.seek(offset)
        assert file.read(n) == whole[offset:offset + n]
    for offset, n in ((512 + 299, 3), (512 + 300, 64), (512 + 363, 1)):
        file.seek(offset)
        with pytest.raises(FormatError, match="other bytes between 812 and 876"):
            file.read(n)
    with pytest.raises(FormatError, match="other bytes between 812 and 876"):
        file.verify()
    file.close()


def test_sealed_file__of_a_newer_version(path):
    whole = path.read_bytes()
    said = lines.read(whole[:seal.HEAD].rstrip() + b"\n")
    newer = lines.written(said | {"version": 2})
    path.write_bytes(newer[:-1].ljust(seal.HEAD - 1) + b"\n" + whole[seal.HEAD:])

    with pytest.raises(VersionError, match="format version 2, .* update eventsnn"):
        seal.SealedFile(path)


def test_is_sealed__by_either_end(path, tmp_path):
    whole = path.read_bytes()
    for content, expected in ((whole, True), (whole[:600], True), (whole[600:], True), (b"", False),
                              (b"\x89HDF\r\n\x1a\n" * 200, False), (bytes(5), False)):
        (tmp_path / "other").write_bytes(content)
        assert seal.is_sealed(tmp_path / "other") == expected


@given(st.binary(max_size=400), st.lists(st.integers(0, 400)), st.randoms())
@settings(max_examples=200, deadline=None)
def test_sealing__does_not_depend_on_the_order_of_writing(content, cuts, random):
    ends = sorted({0, len(content), *(c for c in cuts if c < len(content))})
    bounds = list(zip(ends, ends[1:], strict=False))
    parts = [(seal.HEAD + a, content[a:b]) for a, b in bounds]
    pieces = [(seal.HEAD + a + k, content[a + k:min(a + k + 7, b)])
              for a, b in bounds for k in range(0, b - a, 7)]
    # Stretches in any order of each other, each from its beginning to its end.
    tagged = sorted(((random.random(), a) for a, _ in parts))
    rank = {a: k for k, (_, a) in enumerate(tagged)}
    starts = [a for a, _ in parts]
    order = sorted(pieces, key=lambda p: (rank[max(a for a in starts if a <= p[0])], p[0]))

    sealing = seal.Sealing(starts)
    for offset, data in order:
        sealing.add(offset, data)

    at_once = seal.sealed(parts, seal.HEAD + len(content))
    assert [sealing.finish(seal.HEAD + len(content))] == [(at_once[0][1], at_once[-1][1])]


@pytest.mark.parametrize("cut", [seal.PIECE - 1, seal.PIECE, seal.PIECE + 1, 2 * seal.PIECE])
def test_sealing__goes_on_where_a_piece_may_end(cut):
    content = np.random.default_rng(0).bytes(3 * seal.PIECE)
    sealing = seal.Sealing([seal.HEAD])

    sealing.add(seal.HEAD, content[:cut])
    sealing.add(seal.HEAD + cut, content[cut:])

    (_, head), _, (_, tail) = seal.of_image(content)
    assert sealing.finish(seal.HEAD + len(content)) == (head, tail)


def test_sealing__refuses_bytes_that_are_missing():
    sealing = seal.Sealing([seal.HEAD, seal.HEAD + 10])
    sealing.add(seal.HEAD, bytes(9))
    sealing.add(seal.HEAD + 10, bytes(5))

    with pytest.raises(AssertionError, match="each byte is added once"):
        sealing.finish(seal.HEAD + 15)


def test_hdf5__reads_a_sealed_file_through_the_checks(good, monkeypatch):
    monkeypatch.setattr(seal, "SMALL", 0)
    with h5py.File(seal.SealedFile(good)) as checked, h5py.File(good) as plain:
        for name in ("timestamps", "node_ids"):
            assert (checked["spikes/exc"][name][()] == plain["spikes/exc"][name][()]).all()
        offset = plain["spikes/exc/node_ids"].id.get_offset()
    content = bytearray(good.read_bytes())
    content[offset + 100] ^= 8
    good.write_bytes(content)

    file = seal.SealedFile(good)
    with h5py.File(file) as checked, pytest.raises((OSError, FormatError)):
        checked["spikes/exc/node_ids"][()]
    assert "other bytes" in str(file.damage)
    file.close()
