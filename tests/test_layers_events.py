"""Layers fed with events: the same numbers as with rasters, forward and backward."""

import numpy as np
import pytest

from eventsnn.layers import (
    CobaLIFRecurrent, LIFExcInhRecurrent, LIFRecurrent, Linear, LSNNRecurrent, Tape,
)
from eventsnn.layers import arriving as module
from eventsnn.spikes import to_events, to_raster

T, B, N, M = 9, 4, 50, 11


def raster(share, dtype=np.float64, values=False, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((T, B, N)) < share) * (rng.normal(size=(T, B, N)) if values else 1.0)


@pytest.fixture
def events_always(monkeypatch):
    """All inputs become events."""
    monkeypatch.setattr(module, "SMALL", 0)
    monkeypatch.setattr(module, "FEW", 0)
    monkeypatch.setattr(module, "DENSE_FROM", 1.1)


@pytest.fixture
def events_never(monkeypatch):
    """All inputs become rasters, in plain matrix products."""
    monkeypatch.setattr(module, "DENSE_FROM", -1.0)


def both(layer, x, bar, state=()):
    """Output and gradients of a layer."""
    tape = Tape()
    out = layer(x, tape=tape)
    out = out[0] if layer.stateful else out
    return out, layer.backward(bar, tape)


LAYERS = {
    "linear": lambda dtype: Linear(N, M, seed=1, dtype=dtype),
    "without bias": lambda dtype: Linear(N, M, False, seed=1, dtype=dtype),
    "LIF": lambda dtype: LIFRecurrent(N, M, seed=1, dtype=dtype),
    "LSNN": lambda dtype: LSNNRecurrent(N, M, seed=1, dtype=dtype),
    "two channels": lambda dtype: LIFExcInhRecurrent(N, M, seed=1, dtype=dtype),
    "conductances": lambda dtype: CobaLIFRecurrent(N, M, seed=1, dtype=dtype)}


@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.3, 1.0])
@pytest.mark.parametrize("name", LAYERS)
def test_layer__of_events_equals_that_of_a_raster(name, share, values, monkeypatch):
    x, bar = raster(share, values=values), np.random.default_rng(1).normal(size=(T, B, M))
    layer = LAYERS[name](np.float64)

    monkeypatch.setattr(module, "DENSE_FROM", -1.0)
    out, g = both(layer, x, bar)
    monkeypatch.setattr(module, "SMALL", 0)
    monkeypatch.setattr(module, "FEW", 0)
    monkeypatch.setattr(module, "DENSE_FROM", 1.1)

    for given in (x, to_events(x)):
        out_e, g_e = both(layer, given, bar)
        np.testing.assert_allclose(out_e, out, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(g_e.x, g.x, rtol=1e-12, atol=1e-13)
        for key, weight_bar in g.weights.items():
            np.testing.assert_allclose(g_e.weights[key], weight_bar, rtol=1e-11, atol=1e-13)
            assert g_e.weights[key].shape == weight_bar.shape == layer.weights[key].shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, np.bool_, np.int64])
def test_linear__of_events_keeps_the_float_type(events_always, dtype):
    x = (raster(0.1) != 0).astype(dtype)
    wide = dtype == np.float64
    layer = Linear(N, M, seed=1)

    out, g = both(layer, x, np.ones((T, B, M)))

    assert out.dtype == (np.float64 if wide else np.float32)
    assert g.weights["weight"].dtype == out.dtype
    np.testing.assert_allclose(out, x.astype(float) @ layer.weight.T + layer.bias, rtol=1e-4,
                               atol=1e-5)


def test_arriving__takes_events_where_few_are_not_0(monkeypatch):
    monkeypatch.setattr(module, "SMALL", 0)

    assert isinstance(module.arriving(raster(0.05), N), type(to_events(raster(0.1))))
    assert isinstance(module.arriving(raster(0.5), N), np.ndarray)
    assert isinstance(module.arriving(to_events(raster(0.5)), N), np.ndarray)
    assert module.arriving(small := raster(0.05)[:1, :1], N) is not small
    monkeypatch.setattr(module, "SMALL", 10**6)
    assert module.arriving(small, N) is small
    monkeypatch.setattr(module, "SMALL", 0)
    assert module.arriving(few := raster(0.05), 3) is few


def test_weight_bar__scatters_only_where_there_was_a_spike(events_always, monkeypatch):
    x, touched = raster(0.02), []
    scatter = module.gather.scatter

    def watched(ends, ids, *rest):
        touched.append(np.unique(ids))
        scatter(ends, ids, *rest)

    monkeypatch.setattr(module.gather, "scatter", watched)
    _, g = both(Linear(N, M, seed=1), x, np.ones((T, B, M)))

    silent = np.setdiff1d(np.arange(N), touched[0])
    assert len(silent) and (g.weights["weight"][:, silent] == 0).all()
    assert (g.weights["weight"][:, touched[0]] != 0).any()


def test_tape__keeps_events_and_not_the_raster(events_always):
    x, tape = raster(0.02), Tape()

    Linear(N, M, seed=1)(x, tape=tape)

    kept = tape._records[0][1][0]
    assert kept.nbytes < x.nbytes / 5
    np.testing.assert_array_equal(to_raster(kept), x)


def test_input_gradient__is_not_taken_where_nobody_wants_it(events_always):
    layer, tape = Linear(N, M, seed=1), Tape(input_gradient=False)
    layer(raster(0.1), tape=tape)

    assert layer.backward(np.ones((T, B, M)), tape).x is None


def test_linear__refuses_events_of_another_width():
    with pytest.raises(ValueError, match=r"x must have shape \(..., 51\) to match the weight, got"):
        Linear(N + 1, M)(to_events(raster(0.1)))
    with pytest.raises(ValueError, match=r"x must have shape \(..., 51\) to match the input weigh"):
        LIFRecurrent(N + 1, M)(to_events(raster(0.1)))
