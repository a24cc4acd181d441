"""The reader of digits and the augmentation by shifts."""

import pathlib

import h5py
import numpy as np
import pytest

from eventsnn.datasets import load_digits, shift, upright
from eventsnn.errors import FormatError

MNIST = pathlib.Path(__file__).parents[1] / "data" / "mnist9k.h5"


def test_load_digits__reads_mnist():
    images, labels = load_digits(MNIST)

    assert (images.shape, images.dtype) == ((9000, 28, 28), np.uint8)
    assert np.bincount(labels).tolist() == [906, 1021, 873, 937, 882, 781, 915, 967, 833, 885]
    # digits are centred and ink is bright: a border of paper, all grey values
    assert images[:, 0].mean() < 1 < 50 < images[:, 10:18, 10:18].mean()
    assert (images.min(), images.max()) == (0, 255)


def test_load_digits__images_belong_to_labels():
    images, labels = load_digits(MNIST)
    x = images.reshape(len(images), -1) / 255.0

    means = np.array([x[:8000][labels[:8000] == digit].mean(0) for digit in range(10)])
    nearest = np.argmin(((x[8000:, None] - means) ** 2).sum(-1), 1)

    assert np.mean(nearest == labels[8000:]) > 0.75  # the nearest mean gets 82 % of MNIST right


IMAGES, LABELS = np.zeros((5, 28, 28), np.uint8), np.arange(5, dtype=np.uint8)


@pytest.mark.parametrize("contents, words", [
    ({"images": IMAGES}, "must hold a dataset 'labels', got only images"),
    ({"labels": LABELS}, "must hold a dataset 'images', got only labels"),
    ({}, "must hold a dataset 'images', got only nothing"),
    ({"images": IMAGES.astype(float), "labels": LABELS}, "images must be uint8, got float64"),
    ({"images": IMAGES, "labels": LABELS.astype(int)}, "labels must be uint8, got int64"),
    ({"images": IMAGES[:, 1:], "labels": LABELS}, r"images must have shape \(N, 28, 28\), got"),
    ({"images": IMAGES.reshape(5, -1), "labels": LABELS}, r"shape \(N, 28, 28\), got \(5, 784\)"),
    ({"images": IMAGES, "labels": LABELS[None]}, r"labels must have shape \(N,\), got \(1, 5\)"),
    ({"images": IMAGES, "labels": np.uint8(3)}, r"labels must have shape \(N,\), got \(\)"),
    ({"images": IMAGES, "labels": LABELS[:4]}, "as many labels as images, got 4 labels for 5"),
    ({"images": IMAGES, "labels": LABELS + np.uint8(6)}, "labels from 0 to 9, got 10"),
    ({"images": h5py.ExternalLink("o.h5", "/i"), "labels": LABELS}, "be in the file itself"),
    ({"images/0": IMAGES, "labels": LABELS}, "images must be an array"),
])
def test_load_digits__refuses(tmp_path, contents, words):
    with h5py.File(tmp_path / "digits.h5", "w") as file:
        for name, value in contents.items():
            file[name] = value

    with pytest.raises(FormatError, match=words):
        load_digits(tmp_path / "digits.h5")


def test_load_digits__refuses_sizes_that_cannot_be_true(tmp_path):
    with h5py.File(tmp_path / "digits.h5", "w") as file:
        file.create_dataset("images", (2**30, 28, 28), "u1", chunks=(1, 28, 28))
        file["labels"] = LABELS

    with pytest.raises(FormatError, match="images must declare at most"):
        load_digits(tmp_path / "digits.h5")


def test_load_digits__refuses_what_is_no_hdf5(tmp_path):
    path = tmp_path / "digits.h5"

    with pytest.raises(FileNotFoundError, match="digits.h5, which is not there"):
        load_digits(path)
    for image in (b"", b"text", MNIST.read_bytes()[:700_000]):
        path.write_bytes(image)
        with pytest.raises(FormatError, match="must be a whole HDF5 file"):
            load_digits(path)


def naive_shift(image, down, right):
    moved = np.zeros_like(image)
    rows, columns = image.shape
    for r in range(rows):
        for c in range(columns):
            if 0 <= r - down < rows and 0 <= c - right < columns:
                moved[r, c] = image[r - down, c - right]
    return moved


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_shift__moves_each_image_by_any_of_the_shifts(dtype):
    rng = np.random.default_rng(0)
    image = rng.integers(1, 200, (4, 6)).astype(dtype)
    possible = {naive_shift(image, down, right).tobytes(): (down, right)
                for down in range(-2, 3) for right in range(-2, 3)}

    moved = shift(np.repeat(image[None], 2000, 0), rng, most=2)

    assert moved.dtype == dtype
    found = [possible[one.tobytes()] for one in moved]  # KeyError: not one of the shifts
    counts = np.unique(found, axis=0, return_counts=True)[1]
    assert len(counts) == 25
    # 80 of each expected, standard deviation 8.8
    assert 80 - 5 * 8.8 < counts.min() and counts.max() < 80 + 5 * 8.8


def test_shift__is_a_function_of_the_generator_and_leaves_its_input():
    images = load_digits(MNIST)[0][:50]
    before = images.copy()

    first, second = (shift(images, np.random.default_rng(7)) for _ in range(2))

    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(images, before)
    assert (first != images).any()
    np.testing.assert_array_equal(shift(images, np.random.default_rng(7), most=0), images)


def test_shift__takes_no_images():
    assert shift(IMAGES[:0], np.random.default_rng(0)).shape == (0, 28, 28)


def covariance(image):
    """Of the row and the column of the ink."""
    rows, columns = np.indices(image.shape)
    ink = image / image.sum()
    return (ink * (rows - (ink * rows).sum()) * (columns - (ink * columns).sum())).sum()


def test_upright__leaves_no_slant_and_keeps_the_ink_of_each_row():
    images = load_digits(MNIST)[0][:50]

    moved = upright(images)

    assert moved.dtype == np.float32 and moved.shape == images.shape
    before, after = (np.array([covariance(one.astype(float)) for one in group])
                     for group in (images, moved))
    assert np.abs(after).max() < 0.1 < 3 < np.abs(before).max()  # square pixels
    np.testing.assert_allclose(moved.sum(2), images.sum(2, dtype=float), rtol=0.02, atol=5)


@pytest.mark.parametrize("slope", [-1, 0, 1])
def test_upright__sets_a_slanting_line_upright(slope):
    image = np.zeros((1, 9, 12))
    for row in range(1, 8):
        image[0, row, 6 + slope * (row - 4)] = 2.0

    moved = upright(image)[0]

    expected = np.zeros((9, 12))
    expected[1:8, 6] = 2.0
    np.testing.assert_allclose(moved, expected, atol=1e-5)


@pytest.mark.parametrize("images", [np.zeros((2, 3, 3)), np.zeros((0, 4, 4)), np.eye(3)[None, :1]])
def test_upright__of_nothing_or_one_row_is_that(images):
    np.testing.assert_array_equal(upright(images), images)


def test_upright__refuses():
    with pytest.raises(ValueError, match=r"images must have shape \(N, rows, columns\), got"):
        upright(np.zeros((28, 28)))


@pytest.mark.parametrize("images, most, error, words", [
    (IMAGES[0], 2, ValueError, r"images must have shape \(N, rows, columns\), got \(28, 28\)"),
    (IMAGES, -1, ValueError, "most must be at least 0"),
    (IMAGES, 29, ValueError, "most must be at most 28"),
    (IMAGES, 1.5, TypeError, "most must be a whole number"),
])
def test_shift__refuses(images, most, error, words):
    with pytest.raises(error, match=words):
        shift(images, np.random.default_rng(0), most)
