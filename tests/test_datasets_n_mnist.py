"""Events of cameras: files of N-MNIST, folders of them, and frames."""

import functools
import math
import struct

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn import train
from eventsnn.datasets import EventDigits, Events, bin_frames, load_events
from eventsnn.errors import FormatError
from eventsnn.layers import Flatten, Linear, SequentialState

RNG = np.random.default_rng(0)


def pack(events):
    """Events (us, x, y, p) as bytes, a bit field at a time."""
    data = b""
    for us, x, y, p in events:
        data += struct.pack(">Q", x << 32 | y << 24 | p << 23 | us)[3:]
    return data


def some(n, rng=RNG):
    us = np.sort(rng.integers(0, 300_000, n))
    return [(int(t), *map(int, rng.integers(0, 34, 2)), int(rng.integers(0, 2))) for t in us]


@pytest.fixture
def load(tmp_path):
    def load(data, **options):
        (tmp_path / "00001.bin").write_bytes(data)
        return load_events(tmp_path / "00001.bin", **options)
    return load


def as_list(events):
    return [(round(t * 1e6), *map(int, rest)) for t, *rest in zip(*events, strict=True)]


def test_load_events__reads_what_was_written(load):
    events = [*some(500), (2**23 - 1, 33, 33, 1)]

    got = load(pack(events))

    assert as_list(got) == events
    assert [column.dtype for column in got] == [np.float64, np.uint8, np.uint8, np.uint8]
    assert load(b"").t.shape == (0,)


def test_load_events__clock_goes_round_at_row_240(load):
    events = load(pack([(8000, 1, 2, 0), (8191, 0, 240, 0), (5, 3, 4, 1), (0, 9, 240, 1),
                        (0, 0, 240, 0), (7, 5, 6, 0)]))

    assert as_list(events) == [(8000, 1, 2, 0), (8197, 3, 4, 1), (8192 * 3 + 7, 5, 6, 0)]


def test_load_events__refuses_a_truncated_file(load):
    data = pack(some(8))
    for cut in range(len(data)):
        if cut % 5 == 0:
            assert as_list(load(data[:cut])) == as_list(load(data))[:cut // 5]
        else:
            with pytest.raises(FormatError, match=f"events of 5 bytes each, got {cut} bytes"):
                load(data[:cut])


@pytest.mark.parametrize("event, size, words", [
    ((0, 34, 0, 0), (34, 34), "must have x below 34 and y below 34, got x = 34, y = 0"),
    ((0, 0, 34, 0), (34, 34), "got x = 0, y = 34"),
    ((0, 9, 3, 0), (20, 9), "x below 9 and y below 20, got x = 9, y = 3"),
    ((0, 0, 241, 0), (240, 256), "y = 241"),
])
def test_load_events__refuses_events_outside_of_the_camera(load, event, size, words):
    assert len(load(pack(some(3, np.random.default_rng(1))[:0]), size=size).t) == 0
    with pytest.raises(FormatError, match=words):
        load(pack([(0, 1, 1, 1), event]), size=size)


def test_load_events__mutated_files_are_refused_or_read(load):
    rng = np.random.default_rng(2)
    data = pack(some(40))
    for _ in range(150):
        image = bytearray(data)
        for place in rng.integers(0, len(image), rng.integers(1, 4)):
            image[place] = rng.integers(0, 256)
        try:
            events = load(bytes(image))
        except FormatError as error:
            assert "\n" not in str(error)
        else:
            assert events.x.max() < 34 and events.y.max() < 34 and events.p.max() < 2


@pytest.mark.parametrize("size, error, words", [
    (34, TypeError, r"size must be a pair \(rows, columns\), got 34"),
    ((34,), TypeError, "size must be a pair"),
    ((0, 34), ValueError, "size must be at least 1"),
    ((241, 34), ValueError, "size must be at most 240"),
    ((34, 257), ValueError, "size must be at most 256"),
])
def test_load_events__refuses_sizes(load, size, error, words):
    with pytest.raises(error, match=words):
        load(b"", size=size)


def test_load_events__refuses_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="path must name a file of events, got"):
        load_events(tmp_path / "00001.bin")
    with pytest.raises(IsADirectoryError):
        load_events(tmp_path)


@pytest.mark.parametrize("counts", [False, True])
def test_bin_frames__equals_naive(load, counts):
    items = [some(300), [], [(5000, 1, 2, 1), (5001, 1, 2, 1), (299_999, 33, 0, 0)]]

    got = bin_frames([load(pack(item)) for item in items], dt=0.01, duration=0.2, counts=counts)

    expected = np.zeros((20, 3, 2, 34, 34))
    for b, item in enumerate(items):
        for us, x, y, p in item:
            if us < 200_000:
                expected[us // 10_000, b, p, y, x] += 1
    assert got.dtype == np.float32
    assert_array_equal(got, expected if counts else expected > 0)


@pytest.mark.parametrize("columns, words", [
    (([0.0], [34], [0], [0]), r"events\[0\] must have x below 34, y below 34 and p 0 or 1, got x"),
    (([0.0], [0], [0], [2]), "p = 2"),
    (([0.0], [0], [-1], [0]), "y = -1"),
    (([0.0], [0, 1], [0], [0]), "must be columns of the same length"),
    (([0.0, 1.0], [0], [0], [0]), "must be two arrays of the same length"),
    (([-1.0], [0], [0], [0]), "must be times of at least 0"),
])
def test_bin_frames__refuses(columns, words):
    with pytest.raises(ValueError, match=words):
        bin_frames([Events(*map(np.array, columns))], dt=0.01, duration=0.3)


@pytest.fixture
def folder(tmp_path):
    """Files of the digits 0, 2 and 7, and things that are none."""
    for digit, name, n in ((7, "b", 3), (7, "a", 4), (0, "00010", 5), (2, "00002", 6),
                           (0, "00009", 7)):
        (tmp_path / str(digit)).mkdir(exist_ok=True)
        (tmp_path / str(digit) / f"{name}.bin").write_bytes(pack(some(n)))
    (tmp_path / "0" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "10").mkdir()
    (tmp_path / "10" / "00001.bin").write_bytes(b"x")
    return tmp_path


def test_event_digits__are_in_order_of_digit_and_name(folder):
    data = EventDigits(folder)

    assert [path.name for path in data.paths] == ["00009.bin", "00010.bin", "00002.bin", "a.bin",
                                                  "b.bin"]
    assert data.labels.tolist() == [0, 0, 2, 7, 7]
    assert len(data) == 5 and [len(events.t) for events in data] == [7, 5, 6, 4, 3]


def test_event_digits__are_what_fit_takes(folder):
    data = EventDigits(folder)
    encode = functools.partial(data.bin, dt=0.1)
    model = SequentialState(Flatten(2), Linear(2 * 34 * 34, 10))

    history = train.fit(model, np.arange(5), data.labels, epochs=1, batch_size=2, encode=encode,
                        progress=False)

    assert math.isfinite(history[0].loss)
    frames = data.bin([3, 0], dt=0.1, counts=True)
    assert frames.shape == (3, 2, 2, 34, 34)
    assert frames.sum((0, 2, 3, 4)).tolist() == [4, 7]


def test_event_digits__refuse(folder, tmp_path):
    data = EventDigits(folder)
    for item in (-1, 5):
        with pytest.raises(IndexError, match=f"item must be from 0 to 4, got {item}"):
            data[item]
    with pytest.raises(TypeError, match="item must be a whole number"):
        data["a"]
    with pytest.raises(ValueError, match=r"items must have shape \(B,\), got \(\)"):
        data.bin(3, dt=0.1)
    with pytest.raises(TypeError, match="items must be whole numbers"):
        data.bin([0.5], dt=0.1)
    with pytest.raises(FileNotFoundError, match="folder must name a folder with the folders 0 to"):
        EventDigits(tmp_path / "none")
    with pytest.raises(FormatError, match="must hold files such as 0/00002.bin, got none"):
        EventDigits(tmp_path / "10")


def test_event_digits__names_the_file_that_is_broken(folder):
    (folder / "2" / "00002.bin").write_bytes(b"abc")
    data = EventDigits(folder)

    assert len(data[1].t) == 5
    with pytest.raises(FormatError, match="2/00002.bin must hold events of 5 bytes each"):
        data[2]
