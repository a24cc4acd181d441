"""The names around the steps: surrogates, resets, encoders, decoders: as the classes have them."""

import inspect

import h5py
import numpy as np
import pytest

from eventsnn import encode, functional, layers, neurons, surrogates
from eventsnn.core import check
from eventsnn.functional import thresholds
from tests import tolerance
from tests.golden.case import Case
from tests.test_functional import GOLDEN


def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("method, expected", [
    ("heaviside", surrogates.Heaviside()), ("super", surrogates.SuperSpike(7.0)),
    ("heavi_erfc", surrogates.HeaviErfc(7.0)), ("tanh", surrogates.HeaviTanh(7.0)),
    ("triangle", surrogates.Triangle(7.0)), ("circ", surrogates.HeaviCirc(7.0)),
])
def test_surrogate__is_norses_method(method, expected):
    got = functional.surrogate(method, 7.0)

    assert got == expected and type(got) is type(expected)


@pytest.mark.parametrize("method, cls", [("logistic", surrogates.Logistic),
                                         ("circ_dist", surrogates.CircDist)])
def test_random_methods__draw_anew_unless_given_a_seed(method, cls):
    x = np.zeros(1000)

    one, two = (functional.threshold(x, method, 1.0) for _ in range(2))
    three, four = (functional.threshold(x, method, 1.0, seed=3) for _ in range(2))

    assert not np.array_equal(one, two) and np.array_equal(three, four)
    assert all(400 < spikes.sum() < 600 for spikes in (one, two, three))
    assert functional.surrogate(method, 2.0, seed=3) == cls(2.0, seed=3)


def test_steps__take_random_methods_and_thresholds():
    x, p = np.full((2000,), 10.0), neurons.LIFParameters(v_th=1.0)

    fired = [functional.lif_feed_forward_step(x, None, p, method="logistic", alpha=1.0)[0]
             for _ in range(2)]
    same = [functional.lif_feed_forward_step(
        x, None, p, threshold=surrogates.Logistic(1.0, seed=4))[0] for _ in range(2)]

    assert not np.array_equal(*fired) and np.array_equal(*same)  # v reaches the threshold: p = 1/2
    assert all(900 < z.sum() < 1100 for z in (*fired, *same))


def test_spike_functions__are_one_above_zero():
    x = np.array([-2.0, -0.1, 0.0, 1e-3, 2.0])
    for name in ("super_fn", "heavi_erfc_fn", "heavi_tanh_fn", "heavi_circ_fn", "triangle_fn"):
        assert np.array_equal(getattr(functional, name)(x), [0, 0, 0, 1, 1]), name
        assert np.array_equal(getattr(functional, name)(x, 2.0), [0, 0, 0, 1, 1]), name
        assert getattr(functional, name).__name__ == name
    for method in thresholds.METHODS.keys() - {"logistic", "circ_dist"}:
        assert np.array_equal(functional.threshold(x, method, 3.0), [0, 0, 0, 1, 1])
        assert np.array_equal(functional.sign(x, method, 3.0), [-1, -1, -1, 1, 1])
    assert np.array_equal(functional.heaviside(x), [0, 0, 0, 1, 1])
    assert functional.heaviside(x.astype(np.float32)).dtype == np.float32


def test_random_spike_functions__have_their_probability():
    x = np.repeat([[-0.5], [0.3]], 4000, axis=1)

    logistic = functional.logistic_fn(x, 1.5, seed=1).mean(axis=1)
    circ = functional.circ_dist_fn(x, 0.8, seed=1).mean(axis=1)

    assert logistic == pytest.approx(0.5 + np.tanh(1.5 * x[:, 0]) / 2, abs=0.04)
    assert circ == pytest.approx(0.5 + x[:, 0] / (2 * np.sqrt(x[:, 0]**2 + 0.64)), abs=0.04)


def test_resets():
    z, v = np.array([0, 1, 1], np.uint8), np.array([0.5, 1.5, 2.5], np.float32)

    value = functional.reset_value(z, v, -0.5, 0.75)
    subtract = functional.reset_subtract(z, v, -0.5, 0.75)

    assert value.dtype == subtract.dtype == np.float32
    assert np.array_equal(value, [0.5, -0.5, -0.5]) and np.array_equal(subtract, [0.5, 0.75, 1.75])
    assert functional.reset_value(z, v.astype(np.float64), [1, 2, 3], 0).tolist() == [0.5, 2, 3]


def naive_current_encoder(x, v, p, dt):
    """Of one neuron, in plain numbers."""
    v = v + dt * p.tau_mem_inv * (p.v_leak - v + x)
    return (1.0, p.v_reset) if v > p.v_th else (0.0, v)


def test_lif_current_encoder__is_the_plain_loop():
    p, x = neurons.LIFParameters(v_leak=0.1, v_reset=-0.2), np.array([[0.5, 2.0, 9.0]])
    v, plain = np.zeros((1, 3)), [0.0] * 3
    for _ in range(40):
        z, v = functional.lif_current_encoder(x, v, p, 5e-4)
        fired, plain = zip(*(naive_current_encoder(a, b, p, 5e-4) for a, b in zip(x[0], plain)))
        assert z[0].tolist() == list(fired)
        tolerance.assert_close(v[0], plain, tolerance.OUTPUT, "v")


@pytest.mark.parametrize("name", ["lif", "lif_ex", "lif_adex", "lif_adex norse"])
def test_current_encoders__iterated_are_the_encoders(name):
    stem, _, norse = name.partition(" ")
    model = {"lif": "LIF", "lif_ex": "LIFEx", "lif_adex": "LIFAdEx"}[stem]
    p, x = getattr(neurons, f"{model}Parameters")(v_th=0.6, tau_mem_inv=150.0), np.arange(5) * 0.7
    options = {"norse_adaptation": bool(norse)} if stem == "lif_adex" else {}
    before, outs = [np.zeros(5)] * (2 if stem == "lif_adex" else 1), []
    for _ in range(50):
        z, *before = getattr(functional, f"{stem}_current_encoder")(x, *before, p, 5e-4, **options)
        outs.append(z)

    whole = getattr(encode, f"ConstantCurrent{model}Encoder")(50, p, 5e-4, **options)(x)

    assert whole.sum() > 0 and np.array_equal(np.stack(outs), whole)


def test_current_encoder_of_norse__agrees_with_reference():
    with h5py.File(GOLDEN / "encoders.h5") as file:
        name = next(n for n, c in file.items()
                    if c.attrs.get("encoder") == "lif_adex_current_encoder")
        case = Case("encoders", name, file[name])
    x, p = case.inputs["input"], case.parameters(neurons.LIFAdExParameters)
    v = a = np.zeros(x.shape)
    steps = []
    for _ in range(case.attributes["seq_length"]):
        z, v, a = functional.lif_adex_current_encoder(x, v, a, p, case.dt, norse_adaptation=True)
        steps.append((z, v, a))

    for key, values in zip(("out", "state_v", "state_a"), zip(*steps)):
        case.output(key, np.stack(values))


def test_encoders__are_the_classes():
    x = rng().uniform(0, 4, (2, 3))
    p, dt = neurons.LIFParameters(v_th=0.5), 5e-4

    for got, expected in (
            (functional.constant_current_lif_encode(x, 40, p, dt),
             encode.ConstantCurrentLIFEncoder(40, p, dt)(x)),
            (functional.spike_latency_lif_encode(x, 40, p, dt),
             encode.SpikeLatencyLIFEncoder(40, p, dt)(x)),
            (functional.spike_latency_encode(x > 2), encode.SpikeLatencyEncoder()(x > 2)),
            (functional.population_encode(x, 4, 3.0), encode.PopulationEncoder(4, 3.0)(x)),
            (functional.poisson_encode(x, 40, 200.0, dt, seed=2),
             encode.PoissonEncoder(40, 200.0, dt, seed=2)(x)),
            (functional.signed_poisson_encode(x - 2, 40, 200.0, dt, seed=2),
             encode.SignedPoissonEncoder(40, 200.0, dt, seed=2)(x - 2)),
            (functional.poisson_encode_step(x, 900.0, dt, seed=2),
             encode.PoissonEncoderStep(900.0, dt, seed=2)(x)),
            (functional.signed_poisson_encode_step(x - 2, 900.0, dt, seed=2),
             encode.SignedPoissonEncoderStep(900.0, dt, seed=2)(x - 2))):
        assert np.any(got) and got.dtype == expected.dtype and np.array_equal(got, expected)


@pytest.mark.parametrize("name, f_max", [
    ("poisson_encode", 100), ("signed_poisson_encode", 100),
    ("poisson_encode_step", 1000), ("signed_poisson_encode_step", 1000)])
def test_poisson__draws_anew_at_norses_rate(name, f_max):
    function = getattr(functional, name)
    steps = () if name.endswith("step") else (3,)
    x = np.full(3000, 0.5)

    one, two = function(x, *steps), function(x, *steps)

    assert inspect.signature(function).parameters["f_max"].default == f_max
    assert not np.array_equal(one, two)
    assert one.mean() == pytest.approx(0.5 * f_max * 1e-3, rel=0.25)


def test_exp_filter_step__iterated_is_the_filter():
    x = rng().normal(size=(20, 3, 2))
    layer = layers.ExpFilter(2, 2, 300.0, input_weights=np.eye(2), bias=False)
    y, outs = x[0], [x[0]]
    for x_t in x[1:]:
        y = functional.exp_filter_step(y, x_t, np.exp(-0.3))
        outs.append(y)

    tolerance.assert_close(np.stack(outs), layer(x), tolerance.OUTPUT, "filter")
    assert functional.exp_filter_step(np.float32([1]), np.float32([1]), 0.5).dtype == np.float32


def test_spike_time_decode__is_the_plain_loop():
    x = (rng().uniform(size=(15, 2, 3)) < 0.2).astype(np.float32)

    got = functional.spike_time_decode(x, 3)

    for index in np.ndindex(2, 3):
        times = [t for t in range(15) if x[(t, *index)]][:3]
        assert got[(slice(None), *index)].tolist() == times + [np.inf] * (3 - len(times))


def test_regularize_step__adds_up():
    z, state = np.array([1.0, 0.0, 1.0]), neurons.LIFState(np.array([0.1, 0.2, 0.3]), np.zeros(3))

    out, count = functional.regularize_step(z, state)
    _, more = functional.regularize_step(z, state, state=count)
    _, v = functional.regularize_step(z, state, functional.voltage_accumulator, state.v)

    assert out is z and (count, more) == (2, 4) and v == pytest.approx([0.2, 0.4, 0.6])


def test_correlation_step__is_the_layer():
    x = (rng().uniform(size=(10, 2, 3)) < 0.5) * 1.0
    w, r, p = rng().normal(size=(4, 3)), rng().normal(size=(4, 4)), layers.LIFCorrelationParameters(
        neurons.LIFParameters(v_th=0.3))
    layer, state, expected = layers.LIFCorrelation(3, 4, p, 5e-4), None, None
    for x_t in x:
        z, state = functional.lif_correlation_step(x_t, state, w, r, p, 5e-4)
        out, expected = layer(x_t, w, r, expected)
        assert np.array_equal(z, out)
    trace = state.input_correlation_state.correlation_trace

    assert trace.shape == (2, 3, 4)
    assert np.array_equal(trace, expected.input_correlation_state.correlation_trace)


def test_receptive_fields__are_one_by_one_those_of_all():
    rows = functional.spatial_parameters([1.0, 2.0], [0.0, 0.5], [0.6], 1, [0.3], [-0.2])

    fields = functional.spatial_receptive_fields_with_derivatives(rows, 7, 4.0)

    for (scale, angle, ratio, x, y, dx, dy), field in zip(rows, fields):
        assert np.array_equal(functional.spatial_receptive_field(
            scale, angle, ratio, x, y, 7, dx, dy, domain=4.0), field)


def test_new_seed__is_a_seed():
    seeds = {thresholds.new_seed(None) for _ in range(5)}

    assert len(seeds) == 5 and thresholds.new_seed(0) == 0
    assert all(check.integer("seed", s, least=0, most=2**64 - 1) == s for s in seeds)
