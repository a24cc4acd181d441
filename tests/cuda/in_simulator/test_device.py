"""Arrays on a device: NumPy's results, or an error; never a copy to the host unasked."""

import numpy as np
import pytest

from eventsnn.core.device import DeviceArray, to

rng = np.random.default_rng(0)
A, B = rng.normal(size=(3, 4, 5)).astype("f4"), rng.normal(size=5).astype("f4")
W, G = rng.normal(size=(5, 7)).astype("f4"), rng.normal(size=(3, 5, 2)).astype("f4")
ROUNDING = 1e-6

OPERATIONS = {
    "add": lambda a, b, w, g: a + b,
    "numbers": lambda a, b, w, g: 2.0 * a - 1,
    "whole numbers": lambda a, b, w, g: (a > 0) * 3,
    "divide": lambda a, b, w, g: a / (1 + abs(b)),
    "transpose": lambda a, b, w, g: a.T,
    "transpose, again": lambda a, b, w, g: np.transpose(a, (1, 0, 2)) + 1,
    "slices": lambda a, b, w, g: a[1:, ::2, None] * b,
    "ellipsis": lambda a, b, w, g: a[..., -1],
    "one step": lambda a, b, w, g: a[2],
    "sum": lambda a, b, w, g: a.sum(),
    "sum, first axes": lambda a, b, w, g: a.sum((0, 1)),
    "sum, other axes": lambda a, b, w, g: a.sum((0, 2), keepdims=True),
    "sum of bools": lambda a, b, w, g: (a > 0).sum(-1),
    "mean": lambda a, b, w, g: a.mean(1),
    "largest": lambda a, b, w, g: a.max(-1),
    "smallest": lambda a, b, w, g: np.min(a, axis=0),
    "any": lambda a, b, w, g: (a > 1).any(2),
    "all": lambda a, b, w, g: np.isfinite(a).all(),
    "exp": lambda a, b, w, g: np.exp(a),
    "square": lambda a, b, w, g: a**2,
    "clip": lambda a, b, w, g: np.clip(a, -0.5, 0.5),
    "where": lambda a, b, w, g: np.where(a > 0, a, np.float32(0)),
    "maximum": lambda a, b, w, g: np.maximum(a, b),
    "sign": lambda a, b, w, g: np.sign(a),
    "moveaxis": lambda a, b, w, g: np.moveaxis(a, 0, -1) + 1,
    "concatenate": lambda a, b, w, g: np.concatenate([a[:, 1:], a[:, :1]], axis=1),
    "stack": lambda a, b, w, g: np.stack([a, a], axis=1),
    "broadcast": lambda a, b, w, g: np.broadcast_to(b, (2, 5)) * np.float32(3),
    "reshape": lambda a, b, w, g: a.T.reshape(2, -1),
    "product": lambda a, b, w, g: a.reshape(12, 5) @ w,
    "product of a stack": lambda a, b, w, g: a @ w,
    "product of stacks": lambda a, b, w, g: a @ g,
    "product, transposed": lambda a, b, w, g: w.T @ a.reshape(12, 5).T,
    "product of a vector": lambda a, b, w, g: b @ w,
    "float64": lambda a, b, w, g: a.astype("f8") + 1,
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation__gives_what_numpy_gives(name):
    expected = np.asarray(OPERATIONS[name](A, B, W, G))

    found = OPERATIONS[name](*(to(x, "cuda") for x in (A, B, W, G)))

    assert isinstance(found, DeviceArray)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(found.to("cpu"), expected, rtol=ROUNDING, atol=2 * ROUNDING)


def test_changes_in_place__are_seen_by_views_and_not_by_copies():
    a = to(A, "cuda")
    view, copy = a[1], a.copy()
    a += 1
    a[1, 2:] = 7

    expected = A + 1
    expected[1, 2:] = 7
    np.testing.assert_array_equal(a.to("cpu"), expected)
    np.testing.assert_array_equal(view.to("cpu"), expected[1])
    np.testing.assert_array_equal(copy.to("cpu"), A)


@pytest.mark.parametrize("nest", [
    A, {"a": A, "b": [B, None, "text"]}, (A, 3), np.zeros((0, 2), np.float32), np.float32(2)[None],
], ids=["array", "nest", "tuple", "empty", "one"])
def test_to__there_and_back_is_the_same(nest):
    back = to(to(nest, "cuda"), "cpu")

    assert type(back) is type(nest)
    np.testing.assert_equal(back, nest)


@pytest.mark.parametrize("wrong, words", [
    (lambda a: a + A, "arrays must be on one device, got one on the CPU beside one on CUDA"),
    (lambda a: np.asarray(a), "an array must be on the host here, got one on a CUDA device"),
    (lambda a: np.sort(a), "an operation on a device must be one that it knows, got numpy.sort"),
    (lambda a: np.arctan(a), "an operation on a device must be one that it knows, got numpy.arct"),
    (lambda a: a[np.array([0, 1])], "an index on a device must be whole numbers, slices, None"),
    (lambda a: np.add(a, 1, out=A.copy()), "out must be on the device of the operands"),
    (lambda a: a @ W, "arrays must be on one device"),
], ids=["mixed", "asarray", "function", "ufunc", "index", "out", "product"])
def test_what_a_device_does_not_know__is_refused_in_a_line(wrong, words):
    with pytest.raises(TypeError) as caught:
        wrong(to(A, "cuda"))

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)


def test_concatenate__of_other_shapes_is_refused():
    a = to(A, "cuda")
    with pytest.raises(ValueError, match=r"^arrays must agree in all axes but 1, got \(1, 4, 5\)"):
        np.concatenate([a[1:], a[:1]], axis=1)


def test_index__beyond_the_end_is_refused():
    with pytest.raises(IndexError, match="index 3 is out of bounds"):
        to(A, "cuda")[3]
    with pytest.raises(IndexError, match="too many indices"):
        to(A, "cuda")[0, 0, 0, 0]
