"""Event lists and rasters: there and back, slices, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from eventsnn.spikes import Events, density, to_events, to_raster

SHAPES = [(5,), (7, 3), (6, 4, 9), (3, 2, 4, 5), (4, 3, 128), (2, 3, 700)]
DTYPES = [np.float32, np.float64, np.uint8, np.bool_, np.int16]


def raster(shape, dtype=np.float32, share=0.2, seed=0, values=False):
    rng = np.random.default_rng(seed)
    spikes = rng.random(shape) < share
    return (spikes * (rng.integers(2, 9, shape) if values else 1)).astype(dtype)


def naive(x):
    rows = x.reshape(-1, x.shape[-1])
    return [[(k, float(v)) for k, v in enumerate(row) if v != 0] for row in rows]


def listed(events):
    values = np.ones(len(events.ids)) if events.values is None else events.values
    return [[(int(k), float(v)) for k, v in zip(events.ids[a:b], values[a:b], strict=True)]
            for a, b in zip(events.ends[:-1], events.ends[1:], strict=True)]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_to_events__equals_a_naive_list_and_comes_back(dtype, shape, share):
    x = raster(shape, dtype, share)

    events = to_events(x)

    assert listed(events) == naive(x) and events.values is None and events.shape == shape
    np.testing.assert_array_equal(to_raster(events), x)
    assert events.density == pytest.approx(np.count_nonzero(x) / x.size)


def test_to_events__keeps_values_that_are_not_1():
    x = raster((6, 4, 9), np.float64, values=True) * -1.5

    events = to_events(x)

    assert listed(events) == naive(x) and events.dtype == np.float64
    np.testing.assert_array_equal(to_raster(events), x)


def test_to_events__grows_where_the_sample_was_sparser_than_the_rest():
    x = np.zeros((1000, 64), np.float32)
    x[1::2] = 1  # the sample has every fifteenth row

    assert density(x[::15]) < 0.6
    np.testing.assert_array_equal(to_raster(to_events(x)), x)
    x[:] = 0
    x[1:15] = 1
    np.testing.assert_array_equal(to_raster(to_events(x)), x)


def test_to_events__takes_views():
    base = raster((8, 6, 20))

    for view in (base[::2], base[:, ::-1], base.transpose(1, 0, 2), base[..., ::3]):
        np.testing.assert_array_equal(to_raster(to_events(view)), view)
    repeated = np.broadcast_to(base[0], (5, 6, 20))
    np.testing.assert_array_equal(to_raster(to_events(repeated)), repeated)


@settings(max_examples=200, deadline=None)
@given(arrays.arrays(np.float32, arrays.array_shapes(min_dims=1, max_dims=3, min_side=0),
                     elements=st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, np.inf])))
def test_round_trip__of_any_array(x):
    np.testing.assert_array_equal(to_raster(to_events(x)), x)


@pytest.mark.parametrize("index", [
    np.s_[2:5], np.s_[:], np.s_[4:2], np.s_[-3:], np.s_[:, 1:3], np.s_[:, :0], np.s_[1:4, 2:],
    np.s_[:, -1:]], ids=str)
@pytest.mark.parametrize("values", [False, True])
def test_events__slices_are_those_of_the_raster(index, values):
    for shape in ((6, 4, 9), (6, 4, 2, 5)):
        x = raster(shape, values=values)

        part = to_events(x)[index]

        assert part.shape == x[index].shape
        np.testing.assert_array_equal(to_raster(part), x[index])


def test_events__of_a_vector_are_one_row():
    events = to_events(np.array([0, 2, 0, 1]))

    assert (events.ends.tolist(), events.ids.tolist(), events.values.tolist()) == (
        [0, 2], [1, 3], [2, 1])


@pytest.mark.parametrize("fields, error, words", [
    (((), [0], []), ValueError, "shape must have at least one axis"),
    (((2, -3), [0, 0, 0], []), ValueError, "shape must be at least 0, got -3"),
    (((2, 3), [0, 1], [0]), ValueError, r"ends must have shape \(3,\)"),
    (((2, 3), [0, 2, 1], [0, 1]), ValueError, "ends must rise from 0 to the number of ids, 2"),
    (((2, 3), [1, 1, 1], [0]), ValueError, "ends must rise from 0"),
    (((2, 3), [0.0, 1.0, 1.0], [0]), ValueError, "ends must rise from 0"),
    (((2, 3), [0, 1, 2], [0, 3]), ValueError, "ids must be whole numbers from 0 to 2, got 0 to 3"),
    (((2, 3), [0, 1, 2], [-1, 0]), ValueError, "ids must be whole numbers from 0 to 2, got -1"),
    (((2, 3), [0, 1, 2], [0.0, 1.0]), ValueError, "ids must be whole numbers"),
    (((2, 3), [0, 1, 2], [0, 1], [1.0]), ValueError, r"values must have shape \(2,\)"),
])
def test_events__refuse(fields, error, words):
    shape, *arrays_ = fields
    with pytest.raises(error, match=words):
        Events(shape, *map(np.array, arrays_))


@pytest.mark.parametrize("index", [0, np.s_[::2], np.s_[:, ::2], np.s_[0, :], np.s_[:, :, :]])
def test_events__refuse_other_slices(index):
    with pytest.raises((TypeError, ValueError), match="index must"):
        to_events(raster((6, 4, 9)))[index]


def test_to_events__refuses_a_number():
    with pytest.raises(ValueError, match="raster must have at least one axis, got a number"):
        to_events(3.0)
