"""norse's step functions by norse's names: against its results, our layers, and plain loops."""

import inspect
import pathlib

import h5py
import numpy as np
import pytest

from eventsnn import encode, functional, layers, neurons, surrogates
from eventsnn.core import check
from eventsnn.functional import thresholds
from eventsnn.layers import RecurrentState
from tests import tolerance
from tests.golden.case import Case
from tests.golden.neurons import NAMES, PARAMETERS

GOLDEN = pathlib.Path(__file__).parent / "data" / "golden"
CASES = []  # (family, case) of steps iterated from a given state
for family in NAMES:
    with h5py.File(GOLDEN / f"{family}.h5") as file:
        CASES += [(family, name) for name, case in file.items()
                  if case.attrs["kind"] in ("feed_forward", "recurrent")
                  # arrays and methods are compiled anew for each neuron: once is enough here
                  and (family == "lif" or "_method_" not in name and "per_neuron" not in name)]

FEED_FORWARD = [n for n in vars(functional) if n.endswith("feed_forward_step")]
RECURRENT = [n for n in vars(functional) if n.endswith("_step") and "input_weights" in
             inspect.signature(getattr(functional, n)).parameters]
FLOAT32 = {"lif_feed_forward_step", "li_feed_forward_step", "lif_mc_feed_forward_step", "lif_step",
           "lif_mc_refrac_step", "coba_lif_step"}  # the others are compiled for float64 alone
COUPLED = [n for n in vars(functional) if n.startswith("lif_mc")]


def rng():
    return np.random.default_rng(5)


def in_float_types(names):
    return [(name, dtype) for name in names for dtype in (np.float64, np.float32)
            if dtype is np.float64 or name in FLOAT32]


def step_name(family, kind):
    if kind == "feed_forward":
        return f"{family}_feed_forward_step"
    return "izhikevich_recurrent_step" if family == "izhikevich" else f"{family}_step"


@pytest.mark.parametrize("family, name", CASES, ids=lambda value: value)
def test_steps__agree_with_reference(family, name):
    with h5py.File(GOLDEN / f"{family}.h5") as file:
        case = Case(family, name, file[name])
    step = getattr(functional, step_name(family, case.attributes["kind"]))
    stem = PARAMETERS.get(NAMES[family], NAMES[family])
    p = case.parameters(getattr(neurons, f"{stem}Parameters"))
    cls = getattr(neurons, f"{stem}State")
    state = cls(*(case.inputs[f"initial_{f}"] for f in cls._fields))
    options = {}
    if (method := case.attributes["method"]) != "none":
        options = {"method": method, "alpha": float(case.params.get("alpha", 100.0))}
    if "reset by subtraction" in case.attributes["model"]:
        p = p._replace(reset_subtract=1.0)
    if family == "coba_lif" and case.attributes["kind"] == "recurrent":
        options["lost_input"] = "both conductance jumps" not in case.attributes["model"]
    if "initial_z" in case.inputs:
        state = RecurrentState(case.inputs["initial_z"], state)
    matrices = [case.inputs[k] for k in ("input_weights", "recurrent_weights", "g_coupling")
                if k in case.inputs]

    outs, states = [], []
    for x in case.inputs["input"]:
        out, state = step(x, state, *matrices, p, case.dt, **options)
        outs.append(out)
        states.append(getattr(state, "neuron", state))

    case.output("out", np.stack(outs))
    for f in cls._fields:
        case.output(f"state_{f}", np.stack([getattr(s, f) for s in states]))


def test_reference__has_a_case_of_every_step():
    covered = {step_name(f, "feed_forward" if n.startswith("ff") else "recurrent")
               for f, n in CASES}

    assert {*FEED_FORWARD, *RECURRENT} - covered == {"lif_correlation_step"}


@pytest.mark.parametrize("batch", [(), (1,), (2, 3)])
@pytest.mark.parametrize("name, dtype", in_float_types(FEED_FORWARD))
def test_feed_forward_steps__keep_shape_and_dtype_and_change_nothing(name, batch, dtype):
    step, x = getattr(functional, name), rng().normal(20, 10, (*batch, 5)).astype(dtype)
    matrices = [np.eye(5, dtype=dtype) / 10] if name in COUPLED else []
    given = x.copy()

    z, state = step(x, None, *matrices)
    before = [a.copy() for a in state]
    z, after = step(x, state, *matrices)

    assert z.dtype == dtype and z.shape == x.shape
    assert all(a.dtype == dtype and a.shape == x.shape for a in after)
    assert np.array_equal(x, given) and all(map(np.array_equal, state, before))


@pytest.mark.parametrize("batch", [(), (1,), (2, 3)])
@pytest.mark.parametrize("name, dtype", in_float_types(
    n for n in RECURRENT if "correlation" not in n))
def test_steps_with_weights__keep_shape_and_dtype_and_change_nothing(name, batch, dtype):
    step, x = getattr(functional, name), rng().normal(2, 1, (*batch, 3)).astype(dtype)
    w, r, g = (rng().normal(size=s).astype(dtype) for s in ((5, 3), (5, 5), (5, 5)))
    matrices = [w, r, g / 50] if name in COUPLED else [w] if name.startswith("li_") else [w, r]
    given = [m.copy() for m in matrices]

    z, state = step(x, None, *matrices)
    z, after = step(x, state, *matrices)

    assert z.dtype == dtype and z.shape == (*batch, 5)
    assert all(a.dtype == dtype and a.shape == z.shape for a in getattr(after, "neuron", after))
    assert all(map(np.array_equal, matrices, given))


def test_steps__take_whole_numbers_and_bools():
    spikes = np.array([[True, False, True]])

    z, state = functional.lif_feed_forward_step(spikes)
    z2, _ = functional.lif_feed_forward_step(spikes.astype(np.int8), state)

    assert z.dtype == z2.dtype == state.v.dtype == np.float32


@pytest.mark.parametrize("name", [*FEED_FORWARD, *RECURRENT, "lif_step_integral",
                                  "lif_feed_forward_integral"])
def test_steps__have_names_documents_and_the_order_of_norse(name):
    step = getattr(functional, name)

    weights = [] if "feed_forward" in name else (
        ["input_weights"] if name.startswith("li_") else ["input_weights", "recurrent_weights"])
    coupling = ["g_coupling"] if name in COUPLED else []
    order = ["x", "state", *weights, *coupling, "p", "dt"]

    assert list(inspect.signature(step).parameters)[:len(order)] == order
    assert step.__name__ == name and "{" not in step.__doc__
    assert step.__doc__.startswith("A sequence of" if name.endswith("integral") else "One step of")


def test_diagonal_of_weights__counts():
    state = RecurrentState(np.ones(1), neurons.LIFState(np.zeros(1), np.zeros(1)))

    _, after = functional.lif_step(np.zeros(1), state, np.zeros((1, 1)), np.full((1, 1), 2.0))

    assert after.neuron.v == pytest.approx(0.2) and after.neuron.i == pytest.approx(1.6)


def test_integrators__are_the_plain_loop():
    x, w, dt = rng().normal(size=(20, 2, 3)), rng().normal(size=(4, 3)), 4e-4
    p, box = neurons.LIParameters(300.0, 150.0, 0.2), neurons.LIBoxParameters(150.0, 0.2)
    v, i, v_box = np.full((2, 4), 0.2), np.zeros((2, 4)), np.full((2, 4), 0.2)
    state = ff = state_box = ff_box = None
    for x_t in x:
        drive = np.array([[sum(w[k, j] * x_b[j] for j in range(3)) for k in range(4)]
                          for x_b in x_t])
        i = i + drive
        v, i = v + dt * 150.0 * (0.2 - v + i), i - dt * 300.0 * i
        v_box = v_box + dt * 150.0 * (0.2 - v_box + drive)

        out, state = functional.li_step(x_t, state, w, p, dt)
        out_ff, ff = functional.li_feed_forward_step(drive, ff, p, dt)
        out_box, state_box = functional.li_box_step(x_t, state_box, w, box, dt)
        out_ff_box, ff_box = functional.li_box_feed_forward_step(drive, ff_box, box, dt)
        for got, expected in ((out, v), (state.i, i), (out_ff, v), (ff.i, i), (out_box, v_box),
                              (out_ff_box, v_box)):
            tolerance.assert_close(got, expected, tolerance.OUTPUT, "potential or current")


def test_lif_step_integral__gives_all_outputs():
    x, w, r = rng().normal(1, 1, (30, 2, 3)), rng().normal(size=(4, 3)), rng().normal(size=(4, 4))
    state, outs = None, []
    for x_t in x:
        z, state = functional.lif_step(x_t, state, w, r)
        outs.append(z)

    out, end = functional.lif_step_integral(x, None, w, r)

    assert out.shape == (30, 2, 4) and out.sum() > 0
    assert np.array_equal(out, np.stack(outs)) and np.array_equal(end.neuron.v, state.neuron.v)


def test_lif_feed_forward_integral__is_the_step_iterated():
    x, p = rng().normal(0.4, 0.3, (30, 2, 3)), neurons.LIFParameters(v_th=0.5)

    out, end = functional.lif_feed_forward_integral(x, None, p, 5e-4)
    lifted, last = functional.lift(functional.lif_feed_forward_step, p)(x, dt=5e-4)

    assert out.sum() > 0 and np.array_equal(out, lifted)
    assert np.array_equal(end.v, last.v) and np.array_equal(end.i, last.i)


def test_lift__threads_the_state_and_prefers_the_parameters_of_the_call():
    x, seen = np.arange(3.0), []

    def step(x, state=None, p=None):
        seen.append((x, state, p))
        return x, (state or 0) + 1

    assert functional.lift(step, p="own")(x)[1] == 3
    out, state = functional.lift(step, p="own")(x, state=7, p="other")

    assert np.array_equal(out, x) and state == 10
    assert seen == [(0, None, "own"), (1, 1, "own"), (2, 2, "own"),
                    (0, 7, "other"), (1, 8, "other"), (2, 9, "other")]


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
