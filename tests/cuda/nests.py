"""Nests of arrays, on the CPU and on a device, compared."""

import numpy as np
from numpy.testing import assert_array_equal

from eventsnn import to
from eventsnn.core.device import DeviceArray
from tests.tolerance import DEVICE, assert_close


def leaves(value, name):
    """The arrays in a nest, with their places."""
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], f"{name}.{key}")
    elif isinstance(value, (tuple, list)):
        for i, one in enumerate(value):
            yield from leaves(one, f"{name}.{getattr(value, '_fields', range(len(value)))[i]}")
    else:
        yield name, value


def random_like(value, rng):
    """A gradient, drawn on the CPU, for each array of a nest; None for what has none."""
    if isinstance(value, (tuple, list)):
        parts = [random_like(one, rng) for one in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return None if value is None else rng.normal(size=np.shape(value)).astype(value.dtype)


def assert_device_gives(found, expected, name, exact=False, tolerance=DEVICE):
    """The arrays of a nest lie on the device, and are those of another one of the CPU.

    To rounding, and what is not finite is the same; or `exact`.
    """
    for (place, one), (at, other) in zip(leaves(expected, name), leaves(found, name), strict=True):
        assert place == at
        if one is None:
            assert other is None, place
            continue
        assert isinstance(other, DeviceArray), f"{place} must lie on the device"
        assert other.dtype == one.dtype, f"{place} is {other.dtype}"
        other, finite = to(other, "cpu"), np.isfinite(one)
        if exact:
            assert_array_equal(other, one, place)
            continue
        assert_array_equal(other[~finite], one[~finite], place)
        assert np.isfinite(other[finite]).all(), f"{place} differs where it must be finite"
        assert_close(other[finite], one[finite], tolerance, place)
