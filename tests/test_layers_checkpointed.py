"""Checkpointed sequences: the results of the plain layer, in less memory."""

import numpy as np
import pytest

from eventsnn.layers import (
    LI, LIF, LSNN, Checkpointed, Dropout, LIFExcInh, LIFRecurrent, Linear, SequentialState, Tape,
)
from eventsnn.neurons import ExcInh
from eventsnn.spikes import to_events
from eventsnn.surrogates import Logistic
from eventsnn.train import Adam, fit, memory

T, B, N, C = 23, 3, 6, 4
RNG = np.random.default_rng(0)
X, BAR = (RNG.random((T, B, N)) < 0.4).astype(float), RNG.normal(size=(T, B, C))


def chain(hidden=None, **options):
    return SequentialState(Linear(N, 8, seed=1, dtype=np.float64), hidden or LIF(),
                           Linear(8, C, seed=2, dtype=np.float64), LI(), **options)


HIDDEN = {
    "LIF": LIF, "LSNN": LSNN, "recurrent": lambda: LIFRecurrent(8, 8, seed=3, dtype=np.float64),
    "threshold that draws": lambda: LIF(threshold=Logistic(5.0, seed=2)),
    "dropout": lambda: SequentialState(LIF(), Dropout(0.5, seed=2))}


def ran(layer, x=X, bar=BAR, state=None, times=1):
    for _ in range(times):
        tape = Tape()
        out, end = layer(x, state, tape=tape)
        g = layer.backward(bar, tape)
    return out, end, g


def leaves(value):
    if value is None:
        return []
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


# What a call drops is drawn anew for each part, so that dropout is the same for one part alone.
@pytest.mark.parametrize("hidden, every", [
    *((name, every) for name in HIDDEN if name != "dropout"
      for every in (1, 2, 5, 22, 23, 100, None)), ("dropout", 23), ("dropout", 100)])
def test_checkpointed__equals_the_layer(hidden, every):
    plain, kept = chain(HIDDEN[hidden]()), chain(HIDDEN[hidden]())

    out, end, g = ran(plain, times=2)
    out_k, end_k, g_k = ran(Checkpointed(kept, every), times=2)

    np.testing.assert_allclose(out_k, out, rtol=1e-12, atol=1e-14)
    for a, b in zip(leaves(end_k), leaves(end), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(g_k.x, g.x, rtol=1e-12, atol=1e-15)
    for name, bar in g.weights.items():
        np.testing.assert_allclose(g_k.weights[name], bar, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("every", [3, 10])
def test_checkpointed__recomputes_the_same_dropout(every):
    kept = Checkpointed(chain(HIDDEN["dropout"]()), every)
    dropout = kept.layer[1][1]
    drawn, draw = [], dropout._draw

    def watched(place, shape):
        drawn.append((dropout.calls, draw(place, shape)))
        return drawn[-1][1]

    dropout._draw = watched
    ran(kept)

    parts = -(-T // every)
    assert dropout.calls == parts and len(drawn) == 2 * parts - 1  # the last part is kept
    for (number, first), (again, second) in zip(drawn[:parts - 1], drawn[parts:][::-1],
                                                strict=True):
        assert number == again
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("every", [4, None])
def test_checkpointed__takes_events_states_and_gradients_of_states(every):
    plain, kept = chain(), Checkpointed(chain(), every)
    start = plain(X)[1]
    state_bar = [None, plain[1].model.state(*np.ones((2, B, 8))), None, None]

    results = []
    for layer, x in ((plain, X), (kept, X), (kept, to_events(X))):
        tape = Tape()
        layer(x, start, tape=tape)
        results.append(layer.backward(BAR, tape, state_bar))

    for g in results[1:]:
        for a, b in zip(leaves(g.state), leaves(results[0].state), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
        for name, bar in results[0].weights.items():
            np.testing.assert_allclose(g.weights[name], bar, rtol=1e-12, atol=1e-14)


def test_checkpointed__takes_two_channels_and_hidden_outputs():
    x, bar = ExcInh(X, -X), RNG.normal(size=(T, B, N))
    out, _, g = ran(LIFExcInh(), x, bar)
    out_k, _, g_k = ran(Checkpointed(LIFExcInh(), 5), x, bar)
    np.testing.assert_array_equal(out_k, out)
    np.testing.assert_array_equal(g_k.x.exc, g.x.exc)

    bars = [None, RNG.normal(size=(T, B, 8)), None, BAR]
    out, _, g = ran(chain(return_hidden=True), bar=bars)
    out_k, _, g_k = ran(Checkpointed(chain(return_hidden=True), 5), bar=bars)
    for a, b in zip(out_k, out, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(g_k.weights["0.weight"], g.weights["0.weight"], rtol=1e-12)


def most_on_tapes(layer, x, monkeypatch):
    """Most bytes on all tapes of a call and a backward pass."""
    sizes, push = [], Tape.push

    def watched(self, *arguments):
        push(self, *arguments)
        sizes.append(self.nbytes(without=x))

    monkeypatch.setattr(Tape, "push", watched)
    ran(layer, x, np.zeros((len(x), B, C)))
    return max(sizes)


def test_checkpointed__memory_grows_as_the_root_of_time(monkeypatch):
    x = [np.broadcast_to(X[0], (t, B, N)).copy()[:, :, :] for t in (100, 1600)]

    plain = [most_on_tapes(chain(), x_, monkeypatch) for x_ in x]
    kept = [most_on_tapes(Checkpointed(chain()), x_, monkeypatch) for x_ in x]

    assert plain[1] / plain[0] > 12
    assert kept[1] / kept[0] < 6
    assert kept[1] < plain[1] / 8


def test_memory_budget__is_kept_where_it_can_be(monkeypatch):
    x = np.repeat(X, 20, 0)
    plenty, tight = Checkpointed(chain(), memory_budget=10**8), Checkpointed(
        chain(), memory_budget=60_000)

    assert plenty._every(x, None, len(x)) == len(x)
    every = tight._every(x, None, len(x))
    assert 5 < every < 100
    assert most_on_tapes(tight, x, monkeypatch) < 60_000
    with pytest.raises(ValueError, match="memory_budget must be at least [0-9]+ bytes for 460 st"):
        ran(Checkpointed(chain(), memory_budget=1000), x, np.zeros((len(x), B, C)))


def test_memory__is_what_the_tape_holds():
    net, optimiser = chain(), Adam()
    tape = Tape()
    out, _ = net(X, tape=tape)

    need = memory(net, X, optimiser=optimiser)

    assert need.tape == pytest.approx(tape.nbytes(without=X), rel=0.02)
    assert need.weights == need.gradients == sum(w.nbytes for w in net.weights.values())
    assert need.optimiser == 2 * need.weights and need.output == 2 * out.nbytes
    assert need.total == sum(need) and str(need).splitlines()[-1].startswith("total")
    less = memory(Checkpointed(chain()), X, optimiser=optimiser)
    assert less.tape < 0.7 * need.tape


def test_fit__with_checkpointed_layers_learns_the_same():
    x, y = np.swapaxes(X, 0, 1), np.array([0, 1, 2])
    plain, kept = chain(), Checkpointed(chain())

    for net in (plain, kept):
        fit(net, x, y, epochs=5, batch_size=3, progress=False)

    for name, w in plain.weights.items():
        np.testing.assert_allclose(kept.weights[name], w, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("make, error, words", [
    (lambda: Checkpointed(Linear(2, 3)), TypeError, "layer must be a layer with state"),
    (lambda: Checkpointed(3), TypeError, "layer must be a layer with state, got 3"),
    (lambda: Checkpointed(LIF(), 0), ValueError, "every must be at least 1, got 0"),
    (lambda: Checkpointed(LIF(), 2, memory_budget=9), TypeError, "every and memory_budget must no"),
    (lambda: Checkpointed(LIF(), memory_budget=0), ValueError, "memory_budget must be at least 1"),
    (lambda: Checkpointed(chain(LIF(record_states=True))), ValueError,
     "layer must return its last state to go on from, got LIF with record_states"),
])
def test_checkpointed__refuses(make, error, words):
    with pytest.raises(error, match=words):
        make()
