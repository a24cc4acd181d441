"""Chains that feed their outputs back: equal to a chain unrolled by hand, exact gradients."""

import numpy as np
import pytest

from eventsnn.layers import (
    LI, LICell, LIFCell, LIFRecurrentCell, Lift, Linear, SequentialState, Tape,
)
from eventsnn.layers.recurrent_sequential import RecurrentSequential, RecurrentSequentialState
from eventsnn.neurons import LIState
from tests import tolerance
from tests.naive.differences import DIFFERENCE, gradient

CHOICES = [-1, 0, 1, 2, -3, [2], [0, 2], (-1, 1), [0, 1, 2], np.int64(1), range(2)]
LEADS = [(), (2,), (2, 3)]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def parts(w, b=None):
    """Smooth layers, all of one width."""
    n = w.shape[1]
    first = Linear(n, n, False if b is None else b, weight=w[0])
    return first, LICell(trainable=("v_leak",)), Linear(n, n, bias=False, weight=w[1])


def unrolled(layers, x, chosen, state=None):
    """The definition, written out: outputs of all chosen layers (T, ...), and states."""
    states, fed_back, outs = [None] * len(layers), [], []
    if state is not None:
        fed_back, states = list(state[0]), list(state[1])
    for x_t in x:
        y, hidden = x_t + sum(fed_back), []
        for i, layer in enumerate(layers):
            if layer.stateful:
                y, states[i] = layer(y, states[i])
            else:
                y = layer(y)
            hidden.append(y)
        fed_back = [hidden[i] for i in chosen]
        outs.append(fed_back)
    return [np.stack(a) for a in zip(*outs)], states


def listed(choice):
    """A choice as a list of positions in a chain of three, and outputs as a list."""
    several = not isinstance(choice, (int, np.integer))
    return [i % 3 for i in (choice if several else [choice])], several


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("choice", CHOICES)
def test_recurrent_sequential__equals_an_unrolled_chain(choice, lead, rng):
    layers, x = parts(rng.normal(size=(2, 4, 4)) / 2), rng.normal(size=(6, *lead, 4))
    chosen, several = listed(choice)
    net, state, outs = RecurrentSequential(*layers, output_modules=choice), None, []

    for x_t in x:
        out, state = net(x_t, state)
        assert isinstance(out, list) == several
        outs.append(out if several else [out])

    expected, states = unrolled(layers, x, chosen)
    for k, e in enumerate(expected):
        tolerance.assert_close(np.stack([o[k] for o in outs]), e, tolerance.OUTPUT, "out")
        np.testing.assert_array_equal((state.cache if several else [state.cache])[k], outs[-1][k])
    tolerance.assert_close(state.state[1].v, states[1].v, tolerance.OUTPUT, "v")


@pytest.mark.parametrize("choice", [-1, 1, [0, 2], [0, 1, 2]])
def test_recurrent_sequential__backward_equals_differences(choice, rng):
    x, w, b = rng.normal(size=(4, 2, 3)), rng.normal(size=(2, 3, 3)) / 2, rng.normal(size=3)
    chosen, several = listed(choice)
    k = len(chosen)
    cache, v, i = rng.normal(size=(k, 2, 3)), rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    out_bars, cache_bars = rng.normal(size=(k, 4, 2, 3)), rng.normal(size=(k, 2, 3))
    v_bar, i_bar = rng.normal(size=(2, 2, 3))

    def loss(x=x, w=w, b=b, cache=cache, v=v, i=i):
        outs, states = unrolled(parts(w, b), x, chosen, (cache, [None, LIState(v, i), None]))
        ends = [out[-1] for out in outs]
        return (sum((bar * out).sum() for bar, out in zip(out_bars, outs))
                + sum((bar * out).sum() for bar, out in zip(cache_bars, ends))
                + (v_bar * states[1].v).sum() + (i_bar * states[1].i).sum())

    def given(a):
        return list(a) if several else a[0]

    net, tape = Lift(RecurrentSequential(*parts(w, b), output_modules=choice)), Tape()
    net(x, RecurrentSequentialState(given(cache), [None, LIState(v, i), None]), tape=tape)

    g = net.backward(given(out_bars), tape, RecurrentSequentialState(
        given(cache_bars), [None, LIState(v_bar, i_bar), None]))

    assert len(tape) == 0
    tolerance.assert_close(g.x, gradient(lambda a: loss(x=a), x), DIFFERENCE, "x")
    w_bar = gradient(lambda a: loss(w=a), w)
    tolerance.assert_close(g.weights["0.weight"], w_bar[0], DIFFERENCE, "first weight")
    tolerance.assert_close(g.weights["2.weight"], w_bar[1], DIFFERENCE, "second weight")
    tolerance.assert_close(g.weights["0.bias"], gradient(lambda a: loss(b=a), b), DIFFERENCE, "b")
    cache_bar = gradient(lambda a: loss(cache=a), cache)
    for a, e in zip(g.state.cache if several else [g.state.cache], cache_bar, strict=True):
        tolerance.assert_close(a, e, DIFFERENCE, "cache")
    s = g.state.state[1]
    tolerance.assert_close(s.v, gradient(lambda a: loss(v=a), v), DIFFERENCE, "v")
    tolerance.assert_close(s.i, gradient(lambda a: loss(i=a), i), DIFFERENCE, "i")


def test_recurrent_sequential__steps_and_lift_give_the_same_gradients(rng):
    x, w = 20 * rng.random((5, 2, 3)), rng.normal(size=(3, 3))
    out_bar = rng.normal(size=(5, 2, 3))
    net, tapes = RecurrentSequential(LIFCell(), Linear(3, 3, False, weight=w)), (Tape(), Tape())
    lifted, state = Lift(net), None
    lifted(x, tape=tapes[0])
    for x_t in x:
        _, state = net(x_t, state, tape=tapes[1])

    g = lifted.backward(out_bar, tapes[0])
    total, xs, state_bar = 0, [], None
    for bar in out_bar[::-1]:
        step = net.backward(bar, tapes[1], state_bar)
        state_bar, total = step.state, total + step.weights["1.weight"]
        xs.append(step.x)

    np.testing.assert_array_equal(np.stack(xs[::-1]), g.x)
    np.testing.assert_array_equal(total, g.weights["1.weight"])
    assert state_bar.cache is None  # nothing was fed back in the first step


@pytest.mark.parametrize("fed_back_before", [False, True])
def test_recurrent_sequential__without_the_gradient_of_the_input(fed_back_before, rng):
    x, w = rng.normal(size=(3, 2, 4)), rng.normal(size=(2, 4, 4)) / 2
    net = Lift(RecurrentSequential(*parts(w)))
    start = RecurrentSequentialState(rng.normal(size=(2, 4))) if fed_back_before else None
    tape, whole = Tape(input_gradient=False), Tape()
    out, _ = net(x, start, tape=tape)
    net(x, start, tape=whole)

    g, g_whole = net.backward(out, tape), net.backward(out, whole)

    assert g.x is None and g_whole.x is not None
    for name, array in g_whole.weights.items():
        np.testing.assert_array_equal(g.weights[name], array)
    if fed_back_before:
        np.testing.assert_array_equal(g.state.cache, g_whole.state.cache)


def test_recurrent_sequential__in_chains_and_with_recurrent_cells(rng):
    inner = RecurrentSequential(LIFRecurrentCell(4, 4, seed=1), output_modules=0)
    net = SequentialState(Linear(3, 4, seed=2), Lift(inner), Linear(4, 2, seed=3), LI())
    x, tape = 40 * rng.random((12, 2, 3)), Tape()

    out, states = net(x, tape=tape)
    g = net.backward(np.ones_like(out), tape, [None, None, None, None])

    assert states[1].cache.any() and isinstance(states[1], RecurrentSequentialState)
    first, state = net(x[:5])
    second, _ = net(x[5:], state)
    tolerance.assert_close(np.concatenate([first, second]), out, tolerance.OUTPUT, "continued")
    assert g.weights["1.0.recurrent_weights"].any() and g.x.shape == x.shape and len(tape) == 0


def test_recurrent_sequential__names_weights_as_a_chain():
    net = RecurrentSequential(*parts(np.ones((2, 3, 3))))

    assert sorted(net.weights) == ["0.weight", "1.v_leak", "2.weight"]
    assert net.weights["2.weight"] is net.chain[2].weight


def test_recurrent_sequential__changes_no_state_it_is_given(rng):
    net = RecurrentSequential(*parts(rng.normal(size=(2, 3, 3))), output_modules=[0, 2])
    _, state = net(rng.normal(size=(2, 3)))
    kept = [a.copy() for a in (*state.cache, *state.state[1])], list(state.state)

    outs, end = net(rng.normal(size=(2, 3)), state)
    outs[0] = None
    assert end.cache[0] is not None  # the caller's list is not the state's

    for a, before in zip((*state.cache, *state.state[1]), kept[0], strict=True):
        np.testing.assert_array_equal(a, before)
    assert all(a is b for a, b in zip(state.state, kept[1], strict=True))


def test_recurrent_sequential__takes_spikes_of_any_dtype():
    net = Lift(RecurrentSequential(Linear(3, 3, seed=1), LIFCell()))
    x = np.random.default_rng(7).random((5, 2, 3)) < 0.5

    for dtype in (np.uint8, np.uint64):
        out, state = net(x.astype(dtype))
        assert out.dtype == state.cache.dtype == np.float32
        np.testing.assert_array_equal(out, net(x)[0])


X = np.ones((2, 3))


def run(state=None, **options):
    return lambda: RecurrentSequential(Linear(3, 3), LIFCell(), **options)(X, state)


def backward(out_bar, state_bar=None, **options):
    def call():
        net, tape = RecurrentSequential(Linear(3, 3), LIFCell(), **options), Tape()
        net(X, tape=tape)
        net.backward(out_bar, tape, state_bar)
    return call


@pytest.mark.parametrize("make, error, words", [
    (run(output_modules=2), ValueError, "output_modules must be at most 1, got 2"),
    (run(output_modules=[0, -3]), ValueError, "output_modules must be at least -2, got -3"),
    (run(output_modules=[0, -2]), ValueError,
     "output_modules must name different layers, got [0, -2]"),
    (run(output_modules=[]), TypeError,
     "output_modules must be a whole number or a sequence of them, got []"),
    (run(output_modules="1"), TypeError, "output_modules must be a whole number or a sequence"),
    (run(output_modules=[0.0]), TypeError, "output_modules must be a whole number, got 0.0"),
    (lambda: RecurrentSequential(np.tanh), TypeError, "layer must be a layer, got <ufunc 'tanh'>"),
    (lambda: RecurrentSequential(Linear(3, 2))(X), ValueError,
     "output_modules must choose layers whose outputs have the shape (2, 3) of x, got (2, 2) of "
     "layer 0"),
    (run(RecurrentSequentialState(np.ones((2, 2)))), ValueError,
     "x must have shape (2, 2) as what is fed back, got (2, 3)"),
    (run(RecurrentSequentialState(np.ones(3))), ValueError, "x must have shape (3,) as what is"),
    (run([X, None]), TypeError, "state must be RecurrentSequentialState, got list"),
    (run(RecurrentSequentialState([X]), output_modules=[0, 1]), ValueError,
     "state.cache must be a list of 2, one for each of output_modules, got list"),
    (run(RecurrentSequentialState(X), output_modules=[0]), ValueError,
     "state.cache must be a list of 1, one for each of output_modules, got ndarray"),
    (run(RecurrentSequentialState(X, [None])), ValueError, "state must have 2 entries, one a lay"),
    (backward(np.ones((2, 2))), ValueError, "out_bar must have shape (2, 3) as what it is the gr"),
    (backward(np.ones(3)), ValueError, "out_bar must have shape (2, 3) as what it is the gradie"),
    (backward(X, output_modules=[0, 1]), ValueError, "out_bar must be a list of 2, one for each"),
    (backward(X, (X, None)), TypeError, "state_bar must be RecurrentSequentialState, got tuple"),
    (backward(X, RecurrentSequentialState(np.ones((2, 1)))), ValueError,
     "state_bar.cache must have shape (2, 3)"),
])
def test_recurrent_sequential__refuses_in_one_clear_message(make, error, words):
    with pytest.raises(error) as caught:
        make()

    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value) and ", got " in str(caught.value)
