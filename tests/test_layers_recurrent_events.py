"""Recurrent layers that list their spikes: the same numbers as of rasters, in less memory."""

import numpy as np
import pytest
from scipy import sparse

from eventsnn.engine import run
from eventsnn.layers import LIFRecurrent, Linear, LSNNRecurrent, SequentialState, Tape
from eventsnn.layers import arriving as arriving_module
from eventsnn.spikes import Events, to_events, to_raster

T, B, M, N = 40, 3, 7, 60


def inputs(dtype=np.float32, scale=1.0, seed=0):
    return (scale * np.random.default_rng(seed).random((T, B, M))).astype(dtype)


def layer(**options):
    return LIFRecurrent(M, N, seed=1, **options)


def gradients(net, x, forms=None, **options):
    """Output, state and gradients of a call, with its backward pass for ones."""
    tape = Tape()
    out, state = net(x, tape=tape, **options)
    if forms is not None:
        forms.append(type(out))
    bar = np.random.default_rng(3).normal(size=(*out.shape[:-1], out.shape[-1]))
    return out, state, net.backward(bar.astype(np.float32), tape)


def test_events__are_those_of_the_raster():
    x = inputs(scale=2.0)
    raster, state = layer()(x)
    events, end = layer()(x, events=True)

    assert 0.01 < raster.mean() < 0.1 and isinstance(events, Events)
    np.testing.assert_array_equal(to_raster(events), raster)
    assert events.values is None
    np.testing.assert_array_equal(end.z, state.z)
    for a, b in zip(end.neuron, state.neuron, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("cls", [LIFRecurrent, LSNNRecurrent])
def test_events__have_the_gradients_of_the_raster(cls, monkeypatch):
    x, z = inputs(scale=2.0), (np.random.default_rng(5).random((B, N)) < 0.2).astype(np.float32)
    net = cls(M, N, seed=1)
    _, state = net(x[:1])
    state = state._replace(z=z)

    def backward(**options):
        tape = Tape()
        out, _ = net(x, state, tape=tape, **options)
        kept = tape._records[0][1][2]
        return kept, net.backward(np.ones((T, B, N), np.float32), tape)

    listed, found = backward(events=True)
    monkeypatch.setattr(arriving_module, "DENSE_FROM", -1.0)
    rasters, expected = backward()

    assert isinstance(listed, Events) and isinstance(rasters, tuple)
    np.testing.assert_array_equal(to_raster(listed), np.concatenate([z[None], rasters[1]]))
    np.testing.assert_allclose(found.x, expected.x, rtol=1e-5, atol=1e-6)
    for name, bar in expected.weights.items():
        scale = np.abs(bar).max()
        np.testing.assert_allclose(found.weights[name], bar, rtol=1e-4, atol=1e-5 * scale)


def test_events__of_sparse_weights_stay_events_however_many():
    matrix = sparse.random_array((N, N), density=0.1, rng=np.random.default_rng(1))
    matrix.setdiag(0)
    net, tape = layer(recurrent_weights=matrix), Tape()

    out, _ = net(inputs(scale=20.0), tape=tape)

    assert out.mean() > arriving_module.DENSE_FROM
    assert isinstance(tape._records[0][1][2], Events)


@pytest.mark.parametrize("options", [dict(scale=20.0), dict(scale=2.0, dtype=np.float64)])
def test_events__come_as_a_raster_where_many_spike_or_in_float64(options):
    x = inputs(**options)
    raster, _ = layer()(x)

    out, state = layer()(x, events=True)

    assert isinstance(out, np.ndarray) and out.dtype == raster.dtype
    np.testing.assert_array_equal(out, raster)
    np.testing.assert_array_equal(state.z, raster[-1])


def test_events__with_states_recorded_are_a_raster():
    net = layer(record_states=True)
    out, state = net(inputs(scale=2.0), events=True)

    assert isinstance(out, np.ndarray) and state.z is out


@pytest.mark.parametrize("steps", [1, 10**9])
def test_room__is_made_as_the_list_grows(steps, monkeypatch):
    x = inputs(scale=20.0)
    expected = gradients(layer(), x)
    monkeypatch.setattr(run, "_LISTED_STEPS", steps)

    found = gradients(layer(), x)

    assert expected[0].mean() > 0.1
    np.testing.assert_array_equal(found[0], expected[0])
    for name, bar in expected[2].weights.items():
        np.testing.assert_array_equal(found[2].weights[name], bar)


def chain(**options):
    return SequentialState(layer(), Linear(N, 4, seed=2), **options)


def test_chain__hands_events_to_what_takes_them(monkeypatch):
    x, taken = inputs(scale=2.0), []
    call = Linear.__call__
    monkeypatch.setattr(Linear, "__call__", lambda self, x, *rest, **options: (
        taken.append(type(x)), call(self, x, *rest, **options))[1])
    net = chain()

    out, _, found = gradients(net, x)
    seen = []
    net.register_forward_state_hooks(lambda layer, x, result: seen.append(type(result[0])))
    hooked, _, expected = gradients(net, x)

    assert taken == [Events, np.ndarray] and seen == [np.ndarray]
    assert [type(a) for a in chain(return_hidden=True)(x)[0]] == [np.ndarray] * 2
    np.testing.assert_allclose(out, hooked, rtol=1e-5, atol=1e-6)
    for name, bar in expected.weights.items():
        scale = np.abs(bar).max()
        np.testing.assert_allclose(found.weights[name], bar, rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5, 20, 31])
def test_product__of_few_inputs_is_that_of_blas(m, monkeypatch):
    rng = np.random.default_rng(m)
    x, w = rng.normal(size=(30, 5, m)), rng.normal(size=(m, 17))
    monkeypatch.setattr(arriving_module, "LARGE", 0)
    plain = arriving_module.gather.combine
    calls = []
    monkeypatch.setattr(arriving_module.gather, "combine",
                        lambda *given: (calls.append(1), plain(*given))[1])

    for of in (w, np.asfortranarray(w)):
        found = arriving_module.product(x[:, ::2], of)
        np.testing.assert_allclose(found, x[:, ::2] @ w, rtol=1e-12, atol=1e-13)
    assert len(calls) == 2


@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("share", [0.001, 0.02, 0.5])
def test_scatter__in_chunks_of_any_size(share, values):
    rng = np.random.default_rng(0)
    x = (rng.random((1300, 40)) < share) * (rng.normal(size=(1300, 40)) if values else 1.0)
    events, y_bar, bar = to_events(x), rng.normal(size=(1300, 6)), np.zeros((40, 6))

    arriving_module.gather.scatter(events.ends, events.ids, events.values_as(np.float64), y_bar,
                                   bar)

    np.testing.assert_allclose(bar, x.T @ y_bar, rtol=1e-12, atol=1e-12)
