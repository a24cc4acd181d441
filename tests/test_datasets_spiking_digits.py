"""SHD and SSC: files as h5py writes them, in every layout, and files that are not to be trusted."""

import functools
import math
import struct
import tracemalloc
import zlib
from fractions import Fraction

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn import train
from eventsnn.datasets import SpikingDigits
from eventsnn.errors import FormatError
from eventsnn.layers import Linear, SequentialState

RNG = np.random.default_rng(0)
SIZES = [0, 1, 17, 600, 3, 0, 5000]
TIMES = [RNG.random(n).astype(np.float16) for n in SIZES]
UNITS = [RNG.integers(0, 700, n).astype(np.uint16) for n in SIZES]
LABELS = np.array([3, 0, 19, 5, 5, 1, 2], np.uint16)
KEYS = [f"digit {k}" for k in range(20)]


def rows(file, name, values, dtype, **options):
    dataset = file.create_dataset(name, len(values), h5py.vlen_dtype(np.dtype(dtype)), **options)
    for k, row in enumerate(values):
        dataset[k] = row
    return dataset


def write(path, times=TIMES, units=UNITS, labels=LABELS, *, float_dtype="f2", int_dtype="u2",
          libver="earliest", **options):
    with h5py.File(path, "w", libver=libver) as file:
        rows(file, "spikes/times", times, float_dtype, **options)
        rows(file, "spikes/units", units, int_dtype, **options)
        file["labels"] = labels
    return path


@pytest.fixture
def path(tmp_path):
    """A whole file."""
    with h5py.File(write(tmp_path / "digits.h5"), "r+") as file:
        file["extra/keys"] = np.array(KEYS, "S")
        file["extra/speaker"] = np.arange(7)
        file["extra/meta_info/gender"] = np.array(["f", "m"], "S")
        file["extra/meta_info/age"] = [28, 31]
        file["extra/meta_info/body_height"] = [1.7, 1.8]
    return tmp_path / "digits.h5"


def check_content(data, float_dtype="f2"):
    assert len(data) == len(SIZES)
    for spikes, times, units in zip(data, TIMES, UNITS, strict=True):
        assert_array_equal(spikes.times, times.astype(float_dtype).astype(np.float64))
        assert_array_equal(spikes.units, units)
        assert (spikes.times.dtype, spikes.units.dtype) == (np.float64, np.int64)


@pytest.mark.parametrize("options", [
    {}, {"chunks": (2,)}, {"chunks": (1,)}, {"chunks": (50,), "maxshape": (None,)},
    {"chunks": (3,), "compression": "gzip"},
    {"chunks": (3,), "compression": "gzip", "shuffle": True}, {"chunks": (3,), "shuffle": True},
], ids=str)
@pytest.mark.parametrize("libver", ["earliest", "v110", "latest"])
def test_spiking_digits__reads_every_layout(tmp_path, options, libver):
    with SpikingDigits(write(tmp_path / "d.h5", libver=libver, **options)) as data:
        check_content(data)
        assert_array_equal(data.labels, LABELS)
        assert (data.keys, data.speakers, data.meta_info) == ((), None, {})


@pytest.mark.parametrize("float_dtype, int_dtype", [
    ("f2", "u2"), ("f4", "i8"), ("f8", "u4"), (">f4", ">i2"), (">f2", "u8")])
def test_spiking_digits__reads_every_dtype(tmp_path, float_dtype, int_dtype):
    write(tmp_path / "d.h5", float_dtype=float_dtype, int_dtype=int_dtype)

    with SpikingDigits(tmp_path / "d.h5") as data:
        check_content(data, float_dtype)


def test_spiking_digits__rows_never_written_are_empty(tmp_path):
    with h5py.File(tmp_path / "d.h5", "w") as file:
        for name, dtype, options in (("times", "f4", {}), ("units", "u4", {"chunks": (2,)})):
            file.create_dataset(f"spikes/{name}", 5, h5py.vlen_dtype(np.dtype(dtype)), **options)
        file["labels"] = np.zeros(5, int)

    with SpikingDigits(tmp_path / "d.h5") as data:
        assert [len(spikes.times) for spikes in data] == [0] * 5


@pytest.mark.parametrize("strings", ["fixed", "variable"])
def test_spiking_digits__reads_what_is_about_them(path, strings):
    if strings == "variable":
        with h5py.File(path, "r+") as file:
            del file["extra/keys"], file["extra/meta_info/gender"]
            file["extra/keys"] = KEYS
            file["extra/meta_info/gender"] = ["f", "m"]

    with SpikingDigits(path) as data:
        assert data.keys == tuple(KEYS)
        assert data.speakers.tolist() == list(range(7))
        assert {name: values.tolist() for name, values in data.meta_info.items()} == {
            "gender": ["f", "m"], "age": [28, 31], "body_height": [1.7, 1.8]}


def test_bin__equals_naive(path):
    with SpikingDigits(path) as data:
        got = data.bin([6, 0, 3, 6], dt=0.01, duration=0.8, counts=True)
        flat = data.bin([6, 0, 3, 6], dt=0.01, duration=0.8)

    expected = np.zeros((80, 4, 700))
    for b, item in enumerate([6, 0, 3, 6]):
        for t, u in zip(TIMES[item].tolist(), UNITS[item].tolist(), strict=True):
            if t < 0.8:
                expected[int(Fraction(t) / Fraction("0.01")), b, u] += 1
    assert got.dtype == np.float32
    assert_array_equal(got, expected)
    assert_array_equal(flat, got > 0)
    assert got.max() > 1


def test_bin__is_what_fit_takes(path):
    with SpikingDigits(path) as data:
        history = train.fit(SequentialState(Linear(700, 20)), np.arange(7), data.labels, epochs=1,
                            batch_size=3, encode=functools.partial(data.bin, dt=0.1),
                            progress=False)

    assert math.isfinite(history[0].loss)


def test_spiking_digits__items_are_read_on_use(path):
    with SpikingDigits(path) as data:
        with pytest.raises(IndexError, match="item must be from 0 to 6, got 7"):
            data[7]
        with pytest.raises(IndexError):
            data[-1]
        with pytest.raises(TypeError, match="item must be a whole number"):
            data[0.0]
        with pytest.raises(ValueError, match=r"items must have shape \(B,\)"):
            data.bin(0, dt=0.1)
    with pytest.raises(ValueError, match="the file must be open, got one that was closed"):
        data[0]
    data.close()  # again does no harm


def changed(path, **contents):
    """The file with some of its parts replaced; None deletes."""
    with h5py.File(path, "r+") as file:
        for name, value in contents.items():
            name = name.replace("__", "/")
            if name in file:
                del file[name]
            if callable(value):
                value(file, name)
            elif value is not None:
                file[name] = value


def vlen(values, dtype):
    return lambda file, name: rows(file, name, values, dtype)


def external(file, name):
    file.create_dataset(name, (7,), "i8", external=[("/etc/passwd", 0, 56)])


def virtual(file, name):
    layout = h5py.VirtualLayout((7,), "i8")
    layout[:] = h5py.VirtualSource("other.h5", "labels", (7,))
    file.create_virtual_dataset(name, layout)


def huge(n):
    return lambda file, name: file.create_dataset(
        name, n, h5py.vlen_dtype(np.dtype("f4")), chunks=(1000,))


BAD_TIMES = [[-0.5], [np.nan], [np.inf]]


@pytest.mark.parametrize("contents, words", [
    ({"labels": None}, "an HDF5 file with no /labels"),
    ({"spikes": None}, "an HDF5 file with no /spikes"),
    ({"spikes__units": None}, "an HDF5 file with no /spikes/units"),
    ({"spikes": [1]}, "a file with no group at /spikes"),
    ({"labels": LABELS[:5]}, "as many labels as spikes/times, got 5 for 7"),
    ({"labels": LABELS.astype(float)}, "a list of whole numbers, got shape .* float64"),
    ({"labels": LABELS[:, None]}, "a list of whole numbers"),
    ({"labels": LABELS.astype(int) - 1}, "labels from 0 to 19, for its keys, got -1 to 18"),
    ({"labels": LABELS + np.uint16(1)}, "labels from 0 to 19, for its keys, got 1 to 20"),
    ({"labels": np.full(7, 2**64 - 1, np.uint64)}, "labels of 64 bits"),
    ({"labels": h5py.ExternalLink("o.h5", "/labels")}, "stands alone, got a link at /labels"),
    ({"labels": h5py.SoftLink("/extra/speaker")}, "stands alone, got a link at /labels"),
    ({"labels": external}, "stands alone, got /labels stored in other files"),
    ({"labels": virtual}, "stands alone, got /labels stored in other files"),
    ({"labels": ["a"] * 7}, "a list of whole numbers"),
    ({"spikes__units": vlen(UNITS[:3], "u2")}, "as many spikes/units as spikes/times, got 3 for 7"),
    ({"spikes__units": vlen(UNITS, "f4")}, "spikes/units a list of rows of numbers"),
    ({"spikes__times": vlen(UNITS, "u2")}, "spikes/times a list of rows of numbers"),
    ({"spikes__times": np.zeros(7)}, "spikes/times a list of rows of numbers"),
    ({"spikes__times": np.zeros((7, 2), "f2")}, "spikes/times a list of rows of numbers"),
    ({"spikes__times": ["a"] * 7}, "spikes/times a list of rows of numbers"),
    ({"spikes__times": h5py.ExternalLink("o.h5", "/t")}, "stands alone, got a link"),
    ({"spikes__times": huge(2**50)}, "holds what it declares, got /spikes/times of .* rows"),
    ({"extra__speaker": [0, 1]}, "as many extra/speaker as labels, got 2 for 7"),
    ({"extra": [1]}, "a file with no group at /extra"),
    ({"extra__keys": [1, 2]}, "extra/keys a list of strings"),
    ({"extra__meta_info__age": h5py.ExternalLink("o.h5", "/a")}, "stands alone, got a link"),
    ({"extra__meta_info__age": np.zeros((2, 2))}, "a list of numbers"),
    ({"extra__keys": np.array([b"\xff"] * 20)}, "can be read, got what it holds .*utf-8"),
])
def test_spiking_digits__refuses(path, contents, words):
    changed(path, **contents)

    with pytest.raises(FormatError, match=words) as refusal:
        SpikingDigits(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("contents, words", [
    *[({"spikes__times": vlen([row] * 7, "f4"), "spikes__units": vlen([[1]] * 7, "u2")},
       "times of at least 0 in item 2") for row in BAD_TIMES],
    ({"spikes__times": vlen([[0.1]] * 7, "f4"), "spikes__units": vlen([[700]] * 7, "u2")},
     "units from 0 to 699 in item 2, got 700"),
    ({"spikes__times": vlen([[0.1]] * 7, "f4"), "spikes__units": vlen([[-1]] * 7, "i8")},
     "units from 0 to 699 in item 2, got -1"),
    ({"spikes__times": vlen([[0.1, 0.2]] * 7, "f4"), "spikes__units": vlen([[1]] * 7, "i8")},
     "a unit for each time of item 2, got 1 units for 2 times"),
])
def test_spiking_digits__refuses_items(path, contents, words):
    changed(path, **contents)

    with SpikingDigits(path) as data, pytest.raises(FormatError, match=words):
        data[2]


def test_spiking_digits__refuses_addresses_that_it_does_not_read(tmp_path):
    with h5py.File(tmp_path / "d.h5", "w", userblock_size=512) as file:
        rows(file, "spikes/times", TIMES, "f2")
        rows(file, "spikes/units", UNITS, "u2")
        file["labels"] = LABELS

    with pytest.raises(FormatError, match="addresses of 8 bytes and no userblock"):
        SpikingDigits(tmp_path / "d.h5")
    with pytest.raises(FormatError, match="compressed with gzip or not, got filter 32000"):
        SpikingDigits(write(tmp_path / "e.h5", chunks=(2,), compression="lzf"))


def test_spiking_digits__refuses_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="path must name a file of spiking digits, got"):
        SpikingDigits(tmp_path / "d.h5")
    with pytest.raises(IsADirectoryError):
        SpikingDigits(tmp_path)
    for image in (b"", b"text"):
        (tmp_path / "d.h5").write_bytes(image)
        with pytest.raises(FormatError, match="an HDF5 file that is whole"):
            SpikingDigits(tmp_path / "d.h5")


def read_all(path):
    """Everything that is in the file, or None if it is refused."""
    try:
        with SpikingDigits(path) as data:
            return [spikes for spikes in data], data.labels.tolist()
    except (FormatError, OSError) as error:
        assert "\n" not in str(error)
        return None


def small(path, **options):
    """A file of few bytes with few spikes, and its image."""
    write(path, [t[:9] for t in TIMES], [u[:9] for u in UNITS], **options)
    return path.read_bytes()


def test_spiking_digits__refuses_every_truncation(tmp_path):
    image = small(tmp_path / "d.h5")
    for cut in [*range(0, len(image), 61), *range(len(image) - 20, len(image))]:
        (tmp_path / "d.h5").write_bytes(image[:cut])
        assert read_all(tmp_path / "d.h5") is None


@pytest.mark.parametrize("options", [{}, {"chunks": (3,), "compression": "gzip"}], ids=str)
def test_spiking_digits__damaged_heaps_are_refused_or_read(tmp_path, options):
    path = tmp_path / "d.h5"
    image, rng, refused = small(path, **options), np.random.default_rng(3), 0
    heaps = [k for k in range(len(image)) if image[k:k + 4] == b"GCOL"]
    assert heaps
    for heap in heaps:
        heads = [heap + k for k in range(40)]
        for place in heads:
            for value in (0, 255, int(rng.integers(0, 256))):
                path.write_bytes(image[:place] + bytes([value]) + image[place + 1:])
                refused += read_all(path) is None
    assert refused > 20


def test_spiking_digits__heap_that_claims_to_be_endless_is_refused(tmp_path):
    # In a heap whose first object says 2^64 - 16 bytes, HDF5 2.0 itself goes round for ever.
    path = tmp_path / "d.h5"
    image = small(path)
    heap = image.index(b"GCOL")
    for offset, form, value in ((24, "<Q", 2**64 - 16), (24, "<Q", 2**64 - 8), (24, "<Q", 2**63),
                                (8, "<Q", 2**64 - 1), (8, "<Q", 2**40), (8, "<Q", 0),
                                (16, "<H", 0), (4, "<B", 2)):
        data = struct.pack(form, value)
        path.write_bytes(image[:heap + offset] + data + image[heap + offset + len(data):])
        assert read_all(path) is None


def test_spiking_digits__reference_to_what_is_no_row_is_refused(tmp_path):
    path = tmp_path / "d.h5"
    image = small(path)
    with h5py.File(path) as file:
        start = file["spikes/times"].id.get_offset() + 16 * 2  # of item 2
    length, address, number = struct.unpack("<IQI", image[start:start + 16])
    for reference in ((2**32 - 1, address, number), (length + 1, address, number),
                      (length, 2**64 - 1, number), (length, len(image), number),
                      (length, 0, number), (length, address + 8, number),
                      (length, address, 999)):
        path.write_bytes(image[:start] + struct.pack("<IQI", *reference) + image[start + 16:])
        with SpikingDigits(path) as data:
            with pytest.raises(FormatError, match="/spikes/times undamaged, got"):
                data[2]
            assert len(data[1].times) == 1


def chunk_of(path):
    with h5py.File(path) as file:
        return file["spikes/times"].id.get_chunk_info(1)


def test_spiking_digits__damaged_chunks_are_refused(tmp_path):
    path = tmp_path / "d.h5"
    image = small(path, chunks=(3,), compression="gzip", shuffle=True)
    chunk = chunk_of(path)
    for data in (bytes(chunk.size), zlib.compress(b"short"), zlib.compress(bytes(32)),
                 zlib.compress(bytes(10**7))[:chunk.size]):
        new = data + image[chunk.byte_offset + len(data):chunk.byte_offset + chunk.size]
        path.write_bytes(image[:chunk.byte_offset] + new
                         + image[chunk.byte_offset + chunk.size:])
        assert read_all(path) is None


def test_spiking_digits__reads_chunks_whose_filters_were_left_out(tmp_path):
    path = write(tmp_path / "d.h5", chunks=(7,), compression="gzip")
    with h5py.File(path, "r+") as file:
        for name in ("spikes/times", "spikes/units"):
            dataset = file[name].id
            _, data = dataset.read_direct_chunk((0,))
            dataset.write_direct_chunk((0,), zlib.decompress(data), filter_mask=1)

    with SpikingDigits(path) as data:
        check_content(data)


def test_spiking_digits__mutated_files_are_refused_or_read(tmp_path):
    path = tmp_path / "d.h5"
    image, rng, refused = small(path), np.random.default_rng(5), 0
    for _ in range(250):
        data = bytearray(image)
        for place in rng.integers(0, len(data), rng.integers(1, 5)):
            data[place] = rng.integers(0, 256)
        path.write_bytes(data)
        refused += read_all(path) is None
    assert refused > 10


def test_spiking_digits__allocates_nothing_for_sizes_that_cannot_be_true(path):
    changed(path, spikes__times=huge(2**40), spikes__units=huge(2**40),
            labels=lambda file, name: file.create_dataset(name, 2**40, "i8", chunks=(2**20,)))

    tracemalloc.start()
    with pytest.raises(FormatError, match="holds what it declares"):
        SpikingDigits(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 10 * 2**20
