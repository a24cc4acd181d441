"""Sensors and short-term plasticity: plain loops, transposes, refusals."""

import numpy as np
import pytest
from numba import njit

from eventsnn import plasticity
from eventsnn.layers import Linear
from eventsnn.plasticity import (
    CorrelationSensorParameters, CorrelationSensorState, STDPSensorParameters, STDPSensorState,
    TsodyksMakramParameters, TsodyksMakramState, correlation_based_update, correlation_sensor_step,
    correlation_sensor_step_vjp, stdp_sensor_step, stp_step,
)
from eventsnn.plasticity import correlation_sensor, stdp_sensor, tsodyks_makram
from tests import tolerance
from tests.naive import plasticity as naive
from tests.naive.differences import DIFFERENCE, gradient

DT = 1e-3
SENSOR = CorrelationSensorParameters(eta_p=1.2, eta_m=0.8, tau_ac_inv=120.0, tau_c_inv=300.0)
batches = pytest.mark.parametrize("batch", [(), (1,), (3,), (2, 3)])


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def spikes(rng, *shape):
    return (rng.random(shape) < 0.4).astype(np.float64)


@batches
@pytest.mark.parametrize("one_time_constant", [False, True])
def test_stdp_sensor__equals_naive(batch, one_time_constant, rng):
    p, state = STDPSensorParameters(1.3, 0.7, 150.0, 25.0), None
    pre_trace, post_trace = np.zeros((*batch, 4)), np.zeros((*batch, 3))

    for _ in range(10):
        pre, post = spikes(rng, *batch, 4), spikes(rng, *batch, 3)
        state = stdp_sensor_step(pre, post, state, p, DT, one_time_constant=one_time_constant)
        pre_trace = naive.stdp_sensor(pre, pre_trace, 1.3, 25.0, DT)
        post_trace = naive.stdp_sensor(post, post_trace, 0.7, 25.0 if one_time_constant else 150.0,
                                       DT)

    tolerance.assert_close(state.a_pre, pre_trace, tolerance.OUTPUT, "a_pre")
    tolerance.assert_close(state.a_post, post_trace, tolerance.OUTPUT, "a_post")


@batches
def test_correlation_sensor__equals_naive(batch, rng):
    state, n = None, int(np.prod(batch))
    expected = [[np.zeros((4, 3))] * 3 for _ in range(n)]

    for _ in range(20):
        pre, post = spikes(rng, *batch, 4), spikes(rng, *batch, 3)
        state = correlation_sensor_step(pre, post, state, SENSOR, DT)
        expected = [naive.correlation_sensor(*sample, SENSOR, DT) for sample in zip(
            pre.reshape(n, 4), post.reshape(n, 3), expected)]

    for k, name in enumerate(state._fields):
        wanted = np.reshape([sample[k] for sample in expected], (*batch, 4, 3))
        tolerance.assert_close(state[k], wanted, tolerance.OUTPUT, name)


def test_correlation_sensor__remembers_who_fired_last():
    s = correlation_sensor_step([0], [1])
    assert s.post_pre == 1
    assert correlation_sensor_step([0], [0], s).post_pre == 1
    assert correlation_sensor_step([1], [0], s).post_pre == 0
    assert correlation_sensor_step([1], [1], s).post_pre == 1


def test_correlation_sensor__vjp_equals_differences(rng):
    # graded spikes and `post_pre` away from its threshold, so that differences see the smooth part
    pre, post = rng.random((2, 4)), rng.random((2, 3))
    s = CorrelationSensorState(rng.uniform(2, 3, (2, 4, 3)), *rng.normal(size=(2, 2, 4, 3)))
    bar = CorrelationSensorState(*rng.normal(size=(3, 2, 4, 3)))

    before, pre_bar, post_bar = correlation_sensor_step_vjp(s, SENSOR, DT, bar)

    def loss(pre=pre, post=post, **fields):
        out = correlation_sensor_step(pre, post, s._replace(**fields), SENSOR, DT)
        return sum((b * o).sum() for b, o in zip(bar, out))

    tolerance.assert_close(pre_bar, gradient(lambda v: loss(pre=v), pre), DIFFERENCE, "pre")
    tolerance.assert_close(post_bar, gradient(lambda v: loss(post=v), post), DIFFERENCE, "post")
    for name, value in zip(s._fields, s):
        tolerance.assert_close(getattr(before, name), gradient(lambda v: loss(**{name: v}), value),
                               DIFFERENCE, name)


@batches
def test_update__is_a_sum_over_the_batch(batch, rng):
    state = CorrelationSensorState(*rng.random((3, *batch, 4, 3)))
    copies = [field.copy() for field in state]
    w, net = rng.normal(size=(3, 4)), Linear(24, 12, seed=1, dtype=np.float64)

    new, after = correlation_based_update(100, net, w, state, 0.1, 50)

    expected = w.copy()
    for k in np.ndindex(batch):
        traces = np.concatenate([state.correlation_trace[k].ravel(),
                                 state.anti_correlation_trace[k].ravel()])
        expected += 0.1 * (net.weight @ traces + net.bias).reshape(3, 4)
    tolerance.assert_close(new, expected, tolerance.OUTPUT, "w")
    assert not after.correlation_trace.any() and not after.anti_correlation_trace.any()
    np.testing.assert_array_equal(after.post_pre, state.post_pre)
    for a, b in zip(state, copies):
        np.testing.assert_array_equal(a, b)


def test_update__waits_between(rng):
    state = CorrelationSensorState(*rng.random((3, 4, 3)))
    w, after = correlation_based_update(101, None, np.ones((3, 4)), state, 0.1, 50)

    assert (w == 1).all() and after is state


@batches
def test_stp__equals_naive(batch, rng):
    p, state = TsodyksMakramParameters(3.0, 50.0, 9.0, 0.3), None
    u, x = np.zeros((*batch, 5)), np.ones((*batch, 5))

    for _ in range(30):
        z = spikes(rng, *batch, 5)
        out, state = stp_step(z, state, p, DT)
        expected = np.empty_like(u)
        for k in np.ndindex(u.shape):
            expected[k], u[k], x[k] = naive.tsodyks_makram(z[k], u[k], x[k], p, DT)

    for actual, wanted, name in ((out, expected, "out"), (state.u, u, "u"), (state.x, x, "x")):
        tolerance.assert_close(actual, wanted, tolerance.OUTPUT, name)


def test_stp__facilitates_or_depresses():
    def outs(p):
        state, out = None, []
        for t in range(61):
            z, state = stp_step(np.array([float(t % 20 == 0)]), state, p)
            if t % 20 == 0:
                out.append(z.item())
        return np.array(out)

    assert (np.diff(outs(TsodyksMakramParameters(U=0.05, tau_f_inv=1.0, tau_d_inv=50.0))) > 0).all()
    assert (np.diff(outs(TsodyksMakramParameters(U=0.8, tau_f_inv=100.0, tau_d_inv=1.0))) < 0).all()


def test_stp__stays_a_share(rng):
    state = None
    for z in spikes(rng, 500, 6):
        out, state = stp_step(z, state)
        assert (0 <= out).all() and (out <= 1).all()
        assert all((0 <= f).all() and (f <= 1).all() for f in state)


STEPS = {
    "stdp_sensor": lambda pre, post, s: stdp_sensor_step(pre, post, s),
    "correlation_sensor": lambda pre, post, s: correlation_sensor_step(pre, post, s),
    "stp": lambda pre, post, s: stp_step(pre, s)[1],
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("dtype, expected", [
    (bool, np.float32), (np.int64, np.float32), (np.float32, np.float32), (np.float64, np.float64)])
def test_steps__dtypes_and_arguments(step, dtype, expected, rng):
    pre, post = spikes(rng, 2, 4).astype(dtype), spikes(rng, 2, 3).astype(dtype)
    first = step(pre, post, None)
    copies = [field.copy() for field in first]
    second = step(pre, post, first)

    assert {field.dtype for field in (*first, *second)} == {np.dtype(expected)}
    for a, b in zip(first, copies):
        np.testing.assert_array_equal(a, b)
    wide = step(pre, post, type(first)(*(field.astype(np.float64) for field in first)))
    assert {field.dtype for field in wide} == {np.dtype(np.float64)}
    for a, b in zip(second, wide):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("p", [
    STDPSensorParameters(np.float64(1), 1, np.float64(10), 10),
    STDPSensorParameters(np.ones(4), 1, 10, np.full(4, 10.0))])
def test_parameters__widen_nothing(p):
    assert stdp_sensor_step(np.ones((2, 4), np.float32), np.ones(4, np.float32), p=p
                            ).a_pre.dtype == np.float32


def test_scalars__compile(rng):
    """The rules of one synapse in a compiled loop give what the array functions give."""
    pre, post = spikes(rng, 20, 1), spikes(rng, 20, 1)
    sensor, correlation, stp = stdp_sensor.step, correlation_sensor.step, tsodyks_makram.step
    p_sensor, p_stp = STDPSensorParameters(), TsodyksMakramParameters()

    @njit
    def loop(pre, post, s, c, m, p_sensor, p_correlation, p_stp, dt):
        for t in range(len(pre)):
            s = sensor(s, pre[t], post[t], p_sensor, dt)
            c = correlation(c, pre[t], post[t], p_correlation, dt)
            _, m = stp(m, pre[t], p_stp, dt)
        return s, c, m

    zero = CorrelationSensorState(0.0, 0.0, 0.0)
    s, c, m = loop(pre[:, 0], post[:, 0], STDPSensorState(0.0, 0.0), zero,
                   TsodyksMakramState(0.0, 1.0), p_sensor, SENSOR, p_stp, DT)

    expected = [None] * 3
    for z_pre, z_post in zip(pre, post):
        expected = [stdp_sensor_step(z_pre, z_post, expected[0], p_sensor, DT),
                    correlation_sensor_step(z_pre, z_post, expected[1], SENSOR, DT),
                    stp_step(z_pre, expected[2], p_stp, DT)[1]]
    for actual, wanted in zip((s, c, m), expected):
        np.testing.assert_allclose(actual, np.ravel(wanted), rtol=1e-12)


PRE, POST = np.zeros((2, 4)), np.zeros((2, 3))
STATE = CorrelationSensorState(*np.zeros((3, 2, 4, 3)))


@pytest.mark.parametrize("call, error, message", [
    (lambda: stdp_sensor_step(PRE, POST, (1, 2)), TypeError, "state must be STDPSensorState"),
    (lambda: stdp_sensor_step(PRE, POST, STDPSensorState(PRE, PRE)), ValueError,
     r"state.a_post must have shape \(2, 3\)"),
    (lambda: stdp_sensor_step(PRE, POST, p=None), TypeError, "p must be STDPSensorParameters"),
    (lambda: stdp_sensor_step(PRE, "x"), TypeError, "z_post must hold real numbers"),
    (lambda: correlation_sensor_step(PRE, POST[:1]), ValueError, "z_post must have the batch axes"),
    (lambda: correlation_sensor_step(1, POST), ValueError, "z_pre must have shape"),
    (lambda: correlation_sensor_step(PRE, POST, STATE._replace(post_pre=PRE)), ValueError,
     r"state.post_pre must have shape \(2, 4, 3\)"),
    (lambda: correlation_sensor_step(PRE, POST, dt=-1), ValueError, "dt must be above 0"),
    (lambda: correlation_sensor_step(PRE, POST, dt=1), ValueError, "did you pass milliseconds"),
    (lambda: stp_step(PRE, STATE), TypeError, "state must be TsodyksMakramState"),
    (lambda: stp_step(PRE, p=TsodyksMakramParameters(U=np.inf)), ValueError, "U must be finite"),
    (lambda: correlation_based_update(0, None, PRE, STATE, 0.1, 1), ValueError,
     r"weights must have shape \(3, 4\)"),
    (lambda: correlation_based_update(0, None, np.zeros((3, 4)), STATE, 0.1, 0), ValueError,
     "ts_frequency must be at least 1"),
    (lambda: correlation_based_update(0, lambda t: t, np.zeros((3, 4)), STATE, 0.1, 1), ValueError,
     r"linear_update\(traces\) must have shape"),
    (lambda: correlation_based_update(0, None, np.zeros((3, 4)), None, 0.1, 1), TypeError,
     "correlation_state must be CorrelationSensorState"),
])
def test_steps__refuse(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_public_names__exist():
    assert all(hasattr(plasticity, name) for name in plasticity.__all__)
