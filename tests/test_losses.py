"""Losses and read-outs: values by hand, gradients by central differences, refusals."""

import math

import numpy as np
import pytest

from eventsnn.errors import NumericalError
from eventsnn.train.losses import cross_entropy, mse
from eventsnn.train.readouts import readout, readout_vjp
from tests.tolerance import GRADIENT, assert_close

READOUTS = ["max", "mean", "last", "sum"]
T, B, C = 5, 3, 4
H = 1e-6  # central differences: error of the order of H^2 and of eps / H, both below 1e-9
rng = np.random.default_rng(3)
OUT, TARGET, LABELS = rng.normal(size=(T, B, C)), rng.normal(size=(B, C)), np.array([0, 3, 3])


def differences(loss, out):
    """Gradient of a scalar function, entry by entry."""
    gradient = np.empty_like(out)
    for index in np.ndindex(out.shape):
        h = np.zeros_like(out)
        h[index] = H
        gradient[index] = (loss(out + h) - loss(out - h)) / (2 * H)
    return gradient


def naive_scores(out, how):
    scores = [[0.0] * C for _ in range(B)]
    for b in range(B):
        for c in range(C):
            trace = [out[t][b][c] for t in range(T)]
            scores[b][c] = {"max": max(trace), "mean": sum(trace) / T, "last": trace[-1],
                            "sum": sum(trace)}[how]
    return scores


@pytest.mark.parametrize("how", READOUTS)
def test_readout__equals_naive_loop(how):
    assert_close(readout(OUT, how), naive_scores(OUT.tolist(), how), 1e-15, how)


@pytest.mark.parametrize("how", READOUTS)
def test_readout_vjp__is_transpose(how):
    bar = rng.normal(size=(B, C))

    out_bar = readout_vjp(OUT, how, bar)

    assert_close(out_bar, differences(lambda o: np.sum(readout(o, how) * bar), OUT), GRADIENT, how)


def test_readout_vjp__of_a_tied_maximum_goes_to_the_first():
    out_bar = readout_vjp(np.array([[1.0], [2.0], [2.0]]), "max", [7.0])

    assert out_bar.ravel().tolist() == [0, 7, 0]


@pytest.mark.parametrize("how", READOUTS)
def test_cross_entropy__equals_naive_loop(how):
    expected = 0.0
    for row, label in zip(naive_scores(OUT.tolist(), how), LABELS, strict=True):
        expected -= math.log(math.exp(row[label]) / sum(map(math.exp, row))) / B

    assert cross_entropy(OUT, LABELS, readout=how)[0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("how", READOUTS)
def test_cross_entropy__gradient_equals_differences(how):
    _, out_bar = cross_entropy(OUT, LABELS, readout=how)

    assert_close(out_bar, differences(lambda o: cross_entropy(o, LABELS, readout=how)[0], OUT),
                 GRADIENT, how)


def test_cross_entropy__of_equal_scores_is_log_of_classes():
    assert cross_entropy(np.zeros((1, 2, 10)), [4, 7])[0] == pytest.approx(math.log(10), rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy__is_stable_for_large_scores(dtype):
    out = np.array([[[1e4, 0.0], [1e4, 0.0]]], dtype)

    loss, out_bar = cross_entropy(out, [0, 1])

    assert loss == 5e3
    assert out_bar.tolist() == [[[0.0, 0.0], [0.5, -0.5]]]


@pytest.mark.parametrize("how", [None, *READOUTS])
def test_mse__equals_naive_mean_and_differences(how):
    target = TARGET if how else rng.normal(size=OUT.shape)
    scores = np.array(naive_scores(OUT.tolist(), how)) if how else OUT

    loss, out_bar = mse(OUT, target, readout=how)

    pairs = zip(scores.ravel().tolist(), target.ravel().tolist(), strict=True)
    assert loss == pytest.approx(sum((a - b) ** 2 for a, b in pairs) / scores.size, rel=1e-14)
    assert_close(out_bar, differences(lambda o: mse(o, target, readout=how)[0], OUT), GRADIENT, how)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("how", READOUTS)
def test_losses__keep_the_dtype_and_the_input(dtype, how):
    out = OUT.astype(dtype)
    before = out.copy()

    gradients = [cross_entropy(out, LABELS, readout=how)[1], mse(out, TARGET, readout=how)[1]]

    assert [g.dtype for g in gradients] == [dtype, dtype]
    np.testing.assert_array_equal(out, before)


@pytest.mark.parametrize("labels, error, words", [
    (np.array([0.0, 1.0, 2.0]), TypeError, "labels must be integers, got dtype float64"),
    (np.array([True, False, True]), TypeError, "labels must be integers, got dtype bool"),
    ([0, 1], ValueError, r"labels must have shape \(3,\) to match out, got \(2,\)"),
    (np.eye(3, 4, dtype=int), ValueError, r"labels must have shape \(3,\)"),
    ([0, 1, 4], ValueError, "labels must be from 0 to 3, got 4"),
    ([0, -1, 1], ValueError, "labels must be from 0 to 3, got -1"),
])
def test_cross_entropy__refuses_labels(labels, error, words):
    with pytest.raises(error, match=words):
        cross_entropy(OUT, labels)


@pytest.mark.parametrize("out, error, words", [
    (np.zeros((5, 3, 4), int), TypeError, "out must be float32 or float64, got int64"),
    (np.zeros((5, 3, 4), complex), TypeError, "out must hold real numbers"),
    (np.zeros((0, 3, 4)), ValueError, "out must have at least one step"),
    (np.zeros((5, 3)), ValueError, r"out must have shape \(T, B, n_classes\)"),
    (np.zeros((5, 0, 4)), ValueError, r"out must have shape \(T, B, n_classes\)"),
])
def test_cross_entropy__refuses_outputs(out, error, words):
    with pytest.raises(error, match=words):
        cross_entropy(out, LABELS)


def test_losses__name_the_nearest_readout():
    with pytest.raises(ValueError, match="did you mean 'mean'"):
        cross_entropy(OUT, LABELS, readout="meen")


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("how", READOUTS)
def test_cross_entropy__refuses_a_loss_that_is_not_finite(value, how):
    out = OUT.copy()
    out[-1, 1, 2] = value

    with pytest.raises(NumericalError, match=f"out must be finite, got {value} in 1 of 60 places"):
        cross_entropy(out, LABELS, readout=how)


def test_mse__names_the_argument_that_is_not_finite():
    with pytest.raises(NumericalError, match="target must be finite, got nan in 12 of 12 places"):
        mse(OUT, np.full((B, C), np.nan), readout="mean")
    with pytest.raises(NumericalError, match="out must give a finite loss, got inf"):
        mse(np.full((T, B, C), 1e200), TARGET, readout="max")


def test_mse__refuses_a_target_that_would_broadcast():
    with pytest.raises(ValueError, match=r"target must have shape \(3, 4\) as the last of out"):
        mse(OUT, TARGET[:1], readout="last")
