"""Logic gates: truth tables, dtypes, refusals."""

import itertools

import numpy as np
import pytest

from eventsnn.functional import logical

TABLES = {
    "logical_and": lambda x, y: x and y,
    "logical_or": lambda x, y: x or y,
    "logical_xor": lambda x, y: x != y,
    "muller_c": lambda before, x, y: x if x == y else before,
    "posedge_detector": lambda now, before: now and not before,
}
INPUTS = {name: 3 if name == "muller_c" else 2 for name in TABLES}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_gates__truth_table(name, dtype):
    rows = np.array(list(itertools.product((0, 1), repeat=INPUTS[name])), dtype)
    copy = rows.copy()

    out = getattr(logical, name)(*rows.T)

    assert out.dtype == (np.float64 if dtype is np.float64 else np.float32)
    np.testing.assert_array_equal(out, [float(TABLES[name](*map(bool, row))) for row in rows])
    np.testing.assert_array_equal(rows, copy)


@pytest.mark.parametrize("name", TABLES)
def test_gates__broadcast(name):
    arrays = [np.ones((2, 1)), np.zeros(3), np.ones((2, 3))][:INPUTS[name]]

    assert getattr(logical, name)(*arrays).shape == (2, 3)


def test_muller_c__holds_its_output():
    y, trace = 0, []
    for x_1, x_2 in [(1, 0), (1, 1), (0, 1), (0, 0), (0, 1)]:
        y = logical.muller_c(y, x_1, x_2)
        trace.append(float(y))

    assert trace == [0, 1, 1, 0, 0]


@pytest.mark.parametrize("call, error, message", [
    (lambda: logical.logical_and(np.ones(2), np.ones(3)), ValueError, "x, y must broadcast"),
    (lambda: logical.muller_c(1, "a", 0), TypeError, "x_1 must hold real numbers"),
])
def test_gates__refuse(call, error, message):
    with pytest.raises(error, match=message):
        call()
