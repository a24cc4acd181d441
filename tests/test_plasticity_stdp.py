"""STDP: every algorithm and shape against plain loops; what it must and must not do."""

import inspect

import numpy as np
import pytest
from numba import njit

from eventsnn.plasticity import (
    ALGORITHMS, STDPParameters, STDPState, stdp, stdp_step_conv2d, stdp_step_linear,
)
from tests import tolerance
from tests.naive import plasticity as naive

DT = 1e-3
P = STDPParameters(a_pre=1.3, a_post=0.8, tau_pre_inv=55.0, tau_post_inv=31.0, w_min=-0.1,
                   w_max=0.9, eta_plus=0.3, eta_minus=0.2, mu=0.6)
every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def spikes(rng, *shape):
    return (rng.random(shape) < 0.4).astype(np.float64)


@every_algorithm
@pytest.mark.parametrize("hardbound", [True, False])
@pytest.mark.parametrize("batch", [(), (1,), (3,), (2, 3)])
def test_linear__equals_naive_loops(algorithm, hardbound, batch, rng):
    # without the clip weights may leave the bounds, where the power has no root
    w = rng.uniform(-0.1, 0.9, (4, 5)) if hardbound else rng.uniform(0.3, 0.5, (4, 5))
    p = P._replace(stdp_algorithm=algorithm, hardbound=hardbound)
    p = p if hardbound else p._replace(eta_plus=1e-3, eta_minus=1e-3)
    n = int(np.prod(batch))
    state, expected = None, (w, np.zeros((n, 5)), np.zeros((n, 4)))

    for _ in range(12):
        pre, post = spikes(rng, *batch, 5), spikes(rng, *batch, 4)
        w, state = stdp_step_linear(pre, post, w, state, p, DT)
        expected = naive.stdp_linear(pre.reshape(-1, 5), post.reshape(-1, 4), *expected, p, DT)

    assert state.t_pre.shape == (*batch, 5) and state.t_post.shape == (*batch, 4)
    for actual, wanted, name in zip((w, *state), expected, ("w", "t_pre", "t_post")):
        tolerance.assert_close(actual.reshape(wanted.shape), wanted, tolerance.OUTPUT, name)


@every_algorithm
@pytest.mark.parametrize("batch", [(), (2,), (2, 1)])
@pytest.mark.parametrize("stride, padding, dilation", [
    (1, 0, 1), (2, 1, 1), ((1, 2), (2, 0), (1, 2)), ([2, 1], 3, 2)])
def test_conv2d__equals_naive_loops(algorithm, batch, stride, padding, dilation, rng):
    pairs = {name: tuple(np.broadcast_to(value, 2).tolist()) for name, value in (
        ("stride", stride), ("padding", padding), ("dilation", dilation))}
    size = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in zip(
        (7, 6), (3, 2), *pairs.values())]
    p = P._replace(stdp_algorithm=algorithm, convolutional=True, stride=stride, padding=padding,
                   dilation=dilation)
    w, state = rng.uniform(-0.1, 0.9, (3, 2, 3, 2)), None
    n = int(np.prod(batch))
    expected = w, np.zeros((n, 2, 7, 6)), np.zeros((n, 3, *size))

    for _ in range(3):
        pre, post = spikes(rng, *batch, 2, 7, 6), spikes(rng, *batch, 3, *size)
        w, state = stdp_step_conv2d(pre, post, w, state, p, DT)
        expected = naive.stdp_conv2d(pre.reshape(-1, 2, 7, 6), post.reshape(-1, 3, *size),
                                     *expected, p._replace(**pairs), DT)

    for actual, wanted, name in zip((w, *state), expected, ("w", "t_pre", "t_post")):
        tolerance.assert_close(actual.reshape(wanted.shape), wanted, tolerance.OUTPUT, name)


@every_algorithm
def test_conv2d__of_one_point_is_linear(algorithm, rng):
    pre, post, w = spikes(rng, 6, 5), spikes(rng, 6, 4), rng.uniform(0, 0.9, (4, 5))
    state = STDPState(rng.random((6, 5)), rng.random((6, 4)))
    p = P._replace(stdp_algorithm=algorithm, convolutional=True)

    flat, _ = stdp_step_linear(pre, post, w, state, p, DT)
    image, _ = stdp_step_conv2d(pre[..., None, None], post[..., None, None], w[..., None, None],
                                STDPState(*(t[..., None, None] for t in state)), p, DT)

    tolerance.assert_close(image[..., 0, 0], flat, tolerance.OUTPUT, "w")


def test_linear__parameters_may_be_arrays(rng):
    pre, post, w = spikes(rng, 3, 5), spikes(rng, 3, 4), rng.uniform(0, 0.9, (4, 5))
    state = STDPState(rng.random((3, 5)), rng.random((3, 4)))
    p = P._replace(eta_plus=rng.random((4, 5)), w_max=np.full(5, 0.8), tau_pre_inv=np.full(5, 55.0),
                   a_post=np.full(4, 0.8))

    actual, s = stdp_step_linear(pre, post, w, state, p, DT)

    for i, j in np.ndindex(4, 5):
        alone, _ = stdp_step_linear(pre, post, w, state, P._replace(
            eta_plus=p.eta_plus[i, j], w_max=0.8), DT)
        np.testing.assert_allclose(actual[i, j], alone[i, j], rtol=1e-12)


def test_linear__order_of_spikes_decides(rng):
    one, none, w = np.ones((1, 1)), np.zeros((1, 1)), np.full((1, 1), 0.5)
    grown, s = stdp_step_linear(one, none, w)
    grown, _ = stdp_step_linear(none, one, grown, s)
    shrunk, s = stdp_step_linear(none, one, w)
    shrunk, _ = stdp_step_linear(one, none, shrunk, s)

    assert grown > 0.5 > shrunk
    np.testing.assert_allclose(grown + shrunk, 1.0, rtol=1e-6)


@pytest.mark.parametrize("algorithm", sorted(set(ALGORITHMS) - {"additive", "additive_step"}))
def test_multiplicative__stops_at_the_bounds(algorithm):
    p = STDPParameters(stdp_algorithm=algorithm, mu=1.0, hardbound=False, eta_plus=0.1)
    one = np.ones((1, 1))

    at_bound, _ = stdp_step_linear(one, one, one, STDPState(one, 0 * one), p._replace(eta_minus=0))

    assert at_bound == 1.0


def test_hardbound__decides_whether_weights_leave_the_bounds():
    one, p = np.ones((1, 1)), STDPParameters(eta_plus=5.0, eta_minus=0.0)

    kept, _ = stdp_step_linear(one, one, one, STDPState(one, one), p)
    left, _ = stdp_step_linear(one, one, one, STDPState(one, one), p._replace(hardbound=False))

    assert kept == 1.0 and left == 6.0


def test_algorithms__differ(rng):
    pre, post, w = spikes(rng, 3, 5), spikes(rng, 3, 4), rng.uniform(0.1, 0.8, (4, 5))
    w[0, 0] = P.w_max
    state = STDPState(np.ones((3, 5)), np.ones((3, 4)))
    results = [stdp_step_linear(pre, post, w, state, P._replace(stdp_algorithm=a, hardbound=False))
               for a in ALGORITHMS]

    assert len({r[0].tobytes() for r in results}) == len(ALGORITHMS)


@pytest.mark.parametrize("dtype, expected", [
    (bool, np.float32), (np.uint8, np.float32), (np.float32, np.float32), (np.float64, np.float64)])
def test_linear__dtypes(dtype, expected, rng):
    pre, post = spikes(rng, 3, 5).astype(dtype), spikes(rng, 3, 4).astype(dtype)
    w = rng.random((4, 5)).astype(np.float32)

    new, state = stdp_step_linear(pre, post, w, p=P)

    assert {new.dtype, state.t_pre.dtype, state.t_post.dtype} == {np.dtype(expected)}
    wide, _ = stdp_step_linear(pre.astype(np.float64), post, w, p=P)
    np.testing.assert_allclose(new, wide, rtol=1e-6, atol=1e-7)


def test_steps__change_no_argument(rng):
    pre, post, w = spikes(rng, 3, 5), spikes(rng, 3, 4), rng.random((4, 5))
    state = STDPState(rng.random((3, 5)), rng.random((3, 4)))
    given = [a.copy() for a in (pre, post, w, *state)]

    new, after = stdp_step_linear(pre, post, w, state, P)
    new[...], after.t_pre[...], after.t_post[...] = 9, 9, 9

    for a, b in zip((pre, post, w, *state), given):
        np.testing.assert_array_equal(a, b)


@every_algorithm
def test_scalars__compile(algorithm, rng):
    """The rule of one synapse, in a compiled loop, gives what the array function gives."""
    g, learn, trace, clip = ALGORITHMS[algorithm], stdp.learn, stdp.trace, stdp.clip
    pre, post, w = spikes(rng, 1, 5), spikes(rng, 1, 4), rng.uniform(0, 0.9, (4, 5))
    state = STDPState(rng.random((1, 5)), rng.random((1, 4)))
    p = P._replace(stdp_algorithm=algorithm)
    q = stdp.STDPNumbers(*(getattr(p, f) for f in stdp.STDPNumbers._fields))

    @njit
    def loop(pre, post, w, t_pre, t_post, q, dt):
        for i in range(w.shape[0]):
            y = trace(t_post[i], post[i], q.a_post, q.tau_post_inv, dt)
            for j in range(w.shape[1]):
                x = trace(t_pre[j], pre[j], q.a_pre, q.tau_pre_inv, dt)
                w[i, j] = clip(learn(w[i, j], post[i] * x, y * pre[j], q, g), q)

    compiled = w.copy()
    loop(pre[0], post[0], compiled, state.t_pre[0], state.t_post[0], q, DT)

    expected, _ = stdp_step_linear(pre, post, w, state, p, DT)
    tolerance.assert_close(compiled, expected, tolerance.OUTPUT, "w")


PRE, POST, W = np.zeros((3, 5)), np.zeros((3, 4)), np.full((4, 5), 0.5)


@pytest.mark.parametrize("change, error, message", [
    ({"z_pre": np.zeros((3, 6))}, ValueError, r"z_pre must have shape \(..., 5\)"),
    ({"z_post": np.zeros((3, 5))}, ValueError, r"z_post must have shape \(..., 4\)"),
    ({"z_post": np.zeros((2, 4))}, ValueError, "z_post must have the batch axes"),
    ({"w": np.zeros(4)}, ValueError, r"w must have shape \(n_post, n_pre\), got \(4,\)"),
    ({"w": ["a"]}, TypeError, "w must hold real numbers"),
    ({"dt": 0.0}, ValueError, "dt must be above 0"),
    ({"dt": 1.0}, ValueError, "dt must be at most"),
    ({"p": {"a": 1}}, TypeError, "p must be STDPParameters, got dict"),
    ({"p": P._replace(stdp_algorithm="aditive")}, ValueError, "did you mean 'additive'"),
    ({"p": P._replace(mu=-1.0)}, ValueError, "mu must be at least 0"),
    ({"p": P._replace(w_min=2.0)}, ValueError, "w_min must be at most w_max"),
    ({"p": P._replace(eta_plus=np.nan)}, ValueError, "eta_plus must be finite"),
    ({"p": P._replace(tau_pre_inv=-1.0)}, ValueError, "tau_pre_inv must be positive"),
    ({"state": (1, 2)}, TypeError, "state must be STDPState, got tuple"),
    ({"state": STDPState(PRE[0], POST)}, ValueError, r"state.t_pre must have shape \(3, 5\)"),
    ({"w": W + 1, "p": P._replace(stdp_algorithm="multiplicative_pow")}, ValueError,
     "w must be within"),
])
def test_linear__refuses(change, error, message):
    with pytest.raises(error, match=message):
        stdp_step_linear(**{"z_pre": PRE, "z_post": POST, "w": W} | change)


CONV = STDPParameters(convolutional=True)


@pytest.mark.parametrize("change, message", [
    ({"p": STDPParameters()}, "p.convolutional must be True"),
    ({"w": W}, r"w must have shape \(channels_out"),
    ({"z_pre": np.zeros((5, 4))}, r"z_pre must have shape \(..., 1, height, width\)"),
    ({"z_post": np.zeros((2, 3, 2))}, r"z_post must have shape \(..., 2, 3, 3\)"),
    ({"z_pre": np.zeros((1, 2, 4))}, r"z_pre must be at least as large as the window, \(3, 2\)"),
    ({"p": CONV._replace(stride=(1, 2, 3))}, "stride must be a number or a pair"),
    ({"p": CONV._replace(stride=0)}, "stride must be at least 1"),
    ({"p": CONV._replace(padding=-1)}, "padding must be at least 0"),
    ({"z_pre": np.zeros((2, 1, 5, 4))}, "z_post must have the batch axes"),
])
def test_conv2d__refuses(change, message):
    with pytest.raises(ValueError, match=message):
        stdp_step_conv2d(**{"z_pre": np.zeros((1, 5, 4)), "z_post": np.zeros((2, 3, 3)),
                            "w": np.ones((2, 1, 3, 2)), "p": CONV} | change)


def test_every_algorithm__is_documented():
    assert all(f'"{name}"' in inspect.getdoc(stdp) for name in ALGORITHMS)
