"""MNIST in IDX files: what is written is read, and what is broken is refused."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn.datasets import load_mnist
from eventsnn.errors import FormatError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 28, 28)).astype(np.uint8)
LABELS = np.array([3, 9, 0, 0, 7], np.uint8)


def idx(values, kind=8):
    """An array as IDX."""
    return (bytes([0, 0, kind, values.ndim])
            + b"".join(struct.pack(">I", n) for n in values.shape) + values.tobytes())


@pytest.fixture
def load(tmp_path):
    def load(images, labels=idx(LABELS)):
        (tmp_path / "images").write_bytes(images)
        (tmp_path / "labels").write_bytes(labels)
        return load_mnist(tmp_path / "images", tmp_path / "labels")
    return load


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: gzip.compress(data, 0)])
def test_load_mnist__reads_what_was_written(load, pack):
    images, labels = load(pack(idx(IMAGES)), pack(idx(LABELS)))

    assert_array_equal(images, IMAGES)
    assert_array_equal(labels, LABELS)
    assert images.dtype == labels.dtype == np.uint8
    assert images.flags.writeable


def test_load_mnist__refuses_every_truncation(load):
    image, labels = idx(IMAGES), idx(LABELS)
    packed, packed_labels = gzip.compress(image), gzip.compress(labels)

    for cut in [*range(20), *range(20, len(image), 97), len(image) - 1]:
        with pytest.raises(FormatError):
            load(image[:cut])
    for cut in [*range(40), *range(40, len(packed), 97), *range(len(packed) - 10, len(packed))]:
        with pytest.raises(FormatError):
            load(packed[:cut])
    for data in (labels, packed_labels):
        for cut in range(len(data)):
            with pytest.raises(FormatError):
                load(image, data[:cut])


def test_load_mnist__refuses_what_follows(load):
    for image in (idx(IMAGES) + b"\0", gzip.compress(idx(IMAGES) + b"\0"),
                  gzip.compress(idx(IMAGES)) + gzip.compress(b"x")):
        with pytest.raises(FormatError, match="numbers that it declares, got more"):
            load(image)


def test_load_mnist__mutated_files_are_refused_or_read(load):
    rng = np.random.default_rng(1)
    whole, labels = gzip.compress(idx(IMAGES[:1])), idx(LABELS[:1])
    read = 0
    for _ in range(150):
        image = bytearray(whole)
        for place in rng.integers(0, len(image), rng.integers(1, 4)):
            image[place] = rng.integers(0, 256)
        try:
            images, _ = load(bytes(image), labels)
        except FormatError:
            continue
        assert_array_equal(images, IMAGES[:1])  # gzip's checksum lets nothing else through
        read += 1
    assert read < 40

    head = bytearray(idx(LABELS))
    for place in range(len(head)):
        for value in (0, 1, 9, 10, 255):
            image = bytes([*head[:place], value, *head[place + 1:]])
            try:
                _, got = load(idx(IMAGES), image)
            except FormatError:
                continue
            assert got.tolist() == [*image[8:]]


@pytest.mark.parametrize("images, labels, words", [
    (idx(IMAGES, 9), None, "images must be an IDX file of uint8 numbers on 3 axes, got one that "
                           "begins with 00 00 09 03"),
    (idx(LABELS), None, "on 3 axes, got one that begins with 00 00 08 01"),
    (b"", None, "got one that begins with nothing"),
    (None, idx(IMAGES), "on 1 axes"),
    (idx(IMAGES[:, 1:]), None, r"must have shape \(N, 28, 28\), got \(5, 27, 28\)"),
    (idx(IMAGES[:4]), None, "as many labels as there are images, got 5 labels for 4 images"),
    (idx(IMAGES[:0]), idx(LABELS[:0]), "must hold at least one image"),
    (None, idx(LABELS + np.uint8(1)), "must have labels from 0 to 9, got 10"),
    (gzip.compress(b"", mtime=0), None, "begins with nothing"),
])
def test_load_mnist__refuses(load, images, labels, words):
    with pytest.raises(FormatError, match=words) as refusal:
        load(idx(IMAGES) if images is None else images, idx(LABELS) if labels is None else labels)

    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_load_mnist__allocates_nothing_for_sizes_that_cannot_be_true(load, pack):
    image = pack(bytes([0, 0, 8, 3]) + struct.pack(">III", 2**32 - 1, 2**32 - 1, 28) + bytes(100))

    tracemalloc.start()
    with pytest.raises(FormatError, match="must declare what its size allows"):
        load(image)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 10 * 2**20


def test_load_mnist__refuses_what_is_no_file(tmp_path):
    (tmp_path / "labels").write_bytes(idx(LABELS))

    with pytest.raises(FileNotFoundError, match="images_path must name a file of images, got"):
        load_mnist(tmp_path / "images", tmp_path / "labels")
    with pytest.raises(IsADirectoryError, match="images_path must name a file of images"):
        load_mnist(tmp_path, tmp_path / "labels")
    with pytest.raises(OSError, match="must be an ordinary file"):
        load_mnist("/dev/null", tmp_path / "labels")
    with pytest.raises(TypeError, match="images_path must be the name of a file"):
        load_mnist(3, tmp_path / "labels")
