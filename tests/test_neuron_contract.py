"""What every neuron model must satisfy; a model without a naive twin fails."""

import inspect
import re

import numba
import numpy as np
import pytest

from eventsnn import layers, surrogates
from eventsnn.core import dispatch
from eventsnn.core.dispatch import MODELS
from eventsnn.neurons import lif
from eventsnn.surrogates import prepare
from tests import tolerance
from tests.naive import neurons as naive
from tests.naive import surrogates as naive_surrogates
from tests.naive.differences import DIFFERENCE, gradient
from tests.naive.relaxed import plain_engine, relax

DT = 1e-3
PARAMETERS = sorted((cls for cls in MODELS if cls.__module__.startswith("eventsnn.")),
                    key=lambda cls: cls.__name__)  # tests and examples register models of their own
SURROGATES = list(naive_surrogates.cases())
SMOOTH = surrogates.HeaviTanh(alpha=2.0)
# Float32 results differ from those of float64 arithmetic by this many roundings; the factor is what
# a potential may be off by after steps that each add a few, on potentials and currents up to 4.
ROUNDINGS = 100

each_model = pytest.mark.parametrize("cls", PARAMETERS, ids=lambda cls: cls.__name__[:-10])
each_surrogate = pytest.mark.parametrize(
    "th", SURROGATES, ids=lambda th: f"{type(th).__name__}-{th[0] if th else ''}")
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture
def plain(monkeypatch):
    plain_engine(monkeypatch)


def twin_of(cls):
    assert cls.__name__ in naive.TWINS, f"{cls.__name__} needs a twin in tests/naive/neurons.py"
    return naive.TWINS[cls.__name__]


def draw(ranges, rng, shape, dtype=np.float64):
    """Uniform numbers within a range, or a dictionary of them."""
    if isinstance(ranges, dict):
        return {name: draw(r, rng, shape, dtype) for name, r in ranges.items()}
    return rng.uniform(*ranges, shape).astype(dtype)


def case(cls, rng, shape, n_steps, dtype=np.float64, features=None):
    """Parameters (features), state (shape) and input (n_steps, *shape), as a layer takes them."""
    twin, model = twin_of(cls), MODELS[cls]
    features = shape[-1:] if features is None else features
    p = draw(twin.p, rng, features, dtype)
    p |= {f: rng.choice(values, features).astype(dtype) for f, values in twin.switches.items()}
    s = draw(twin.s, rng, shape, dtype)
    x = draw(twin.x, rng, (n_steps, *shape), dtype)
    return cls(**p), model.state(**s), model.inputs(**x) if model.inputs else x


def at(values, index):
    """The numbers at `index` as the naive models take them: Python floats."""
    if isinstance(values, tuple):
        return {f: float(np.asarray(v)[index]) for f, v in zip(values._fields, values)}
    return float(np.asarray(values)[index])


def of_neuron(p, k):
    return {f: float(v[k] if np.ndim(v) else v) for f, v in zip(p._fields, p)}


def n_steps_of(x):
    return len(x[0] if isinstance(x, tuple) else x)


def naive_run(cls, p, s, x, fire_at=lambda index: naive.step_function):
    """The naive twin of a population: -> outputs, states, nearest thresholds."""
    twin, shape, n_steps = twin_of(cls), s[0].shape, n_steps_of(x)
    out, near = np.empty((n_steps, *shape)), np.full((n_steps, *shape), np.inf)
    states = {f: np.empty((n_steps, *shape)) for f in s._fields}
    for index in np.ndindex(shape):
        fire = fire_at(index)

        def watched(u):
            if u:  # a counter at 0 is exact
                near[t, *index] = min(near[t, *index], abs(u))
            return fire(u)

        s_k, p_k = at(s, index), of_neuron(p, index[-1])
        for t in range(n_steps):
            out[t, *index], s_k = twin.step(s_k, at(x, (t, *index)), p_k, DT, watched)
            for f in states:
                states[f][t, *index] = s_k[f]
    return out, states, near


def sequence(cls, *arguments, **options):
    return type("Any", (layers.Sequence,), {"parameters": cls})(*arguments, **options)


def cell(cls, *arguments, **options):
    return type("AnyCell", (layers.Cell,), {"parameters": cls})(*arguments, **options)


def assert_same(actual, expected):
    """Bit for bit, but for the sign of zero; tuples field by field."""
    if isinstance(expected, tuple):
        assert type(actual) is type(expected)
        for a, e in zip(actual, expected, strict=True):
            assert_same(a, e)
    else:
        np.testing.assert_array_equal(actual, expected)


def mapped(function, values):
    if isinstance(values, tuple):
        return type(values)(*map(function, values))
    return function(values)


# Forward


@each_dtype
@each_model
def test_forward__equals_naive_loop(cls, dtype, rng):
    p, s, x = case(cls, rng, (2, 7), 60, dtype)
    layer = sequence(cls, p, dt=DT, record_states=True)
    eps = np.finfo(dtype).eps

    out, states = layer(x, s)
    expected, expected_states, near = naive_run(cls, p, s, x)

    assert out.dtype == dtype
    tied = np.cumsum(near <= ROUNDINGS * eps, axis=0) > 0  # from then on, it may go either way
    assert tied.mean() <= 0.05, "this case tells nothing: too many potentials lie at the threshold"
    if MODELS[cls].spiking:
        np.testing.assert_array_equal(out[~tied], expected[~tied])
        assert 0.02 < expected.mean() < 0.98
    else:
        np.testing.assert_allclose(out, expected, rtol=0, atol=ROUNDINGS * eps)
    for f, values in states._asdict().items():
        assert values.dtype == dtype
        np.testing.assert_allclose(values[~tied], expected_states[f][~tied], rtol=0,
                                   atol=ROUNDINGS * eps, err_msg=f)


@each_dtype
@each_model
def test_engine__compiled_equals_plain_python(cls, dtype, rng, monkeypatch):
    p, s, x = case(cls, rng, (2, 5), 12, dtype)
    layer = sequence(cls, p, dt=DT, record_states=True, trainable=cls._fields)
    short = sequence(cls, p, dt=DT)
    out_bar = rng.normal(size=(12, 2, 5)).astype(dtype)
    bars = MODELS[cls].state(*(rng.normal(size=(12, 2, 5)).astype(dtype) for _ in s))

    def results():
        tape = layers.Tape()
        forward = layer(x, s, tape=tape)
        g = layer.backward(out_bar, tape, bars)
        return (forward, short(x, s), g.x, g.state, *g.weights.values())

    compiled = results()
    plain_engine(monkeypatch)

    assert_same(compiled, results())


@each_model
def test_forward__rests_without_input(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 20)
    x = mapped(np.zeros_like, x)
    for parameters in (cls(), p):
        rest = MODELS[cls].rest(parameters)

        out, states = sequence(cls, parameters, dt=DT, record_states=True)(x)

        for value, at_rest in zip(states, rest):
            np.testing.assert_array_equal(value, np.broadcast_to(at_rest, value.shape))
        np.testing.assert_array_equal(
            out, 0.0 if MODELS[cls].spiking else np.broadcast_to(rest.v, out.shape))


@each_model
def test_cell__iterated_equals_sequence(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 10)
    one, many = cell(cls, p, dt=DT, trainable=cls._fields), sequence(cls, p, dt=DT,
                                                                     trainable=cls._fields)
    bars = rng.normal(size=(10, 2, 3)), MODELS[cls].state(*rng.normal(size=(len(s), 2, 3)))

    tape, state, outs = layers.Tape(), s, []
    for t in range(10):
        out, state = one(mapped(lambda a: a[t], x), state, tape=tape)
        outs.append(out)
    s_bar, x_bars, w_bars = bars[1], [], dict.fromkeys(one.weights, 0.0)
    for t in reversed(range(10)):
        g = one.backward(bars[0][t], tape, s_bar)
        s_bar = g.state
        x_bars.append(g.x)
        w_bars = {name: total + g.weights[name] for name, total in w_bars.items()}
    whole, end = many(x, s, tape=tape)
    g = many.backward(bars[0], tape, bars[1])

    assert_same((np.stack(outs), state), (whole, end))
    assert_same(s_bar, g.state)
    stacked = np.stack(x_bars[::-1]) if not isinstance(x, tuple) else type(x)(
        *map(np.stack, zip(*x_bars[::-1])))
    assert_same(stacked, g.x)
    for name, total in w_bars.items():  # added in another order
        tolerance.assert_close(total, g.weights[name], tolerance.OUTPUT, name)


def run_with_gradients(cls, p, x, s, out_bar, dt=DT, **options):
    tape, layer = layers.Tape(), sequence(cls, p, dt=dt, **options)
    out, end = layer(x, s, tape=tape)
    g = layer.backward(out_bar, tape)
    return out, end, g.x, g.state


def test_forward__batches_do_not_see_each_other_compiled(rng):
    from eventsnn.neurons import LIFParameters
    check_batches(LIFParameters, rng, np.float32)


@each_model
def test_forward__batches_do_not_see_each_other(cls, rng, plain):
    check_batches(cls, rng, np.float64)


def check_batches(cls, rng, dtype):
    p, s, x = case(cls, rng, (4, 3), 8, dtype)
    out_bar = rng.normal(size=(8, 4, 3)).astype(dtype)

    whole = run_with_gradients(cls, p, x, s, out_bar)

    # two batches
    for rows in (slice(0, 1), slice(1, 4)):
        part = run_with_gradients(cls, p, mapped(lambda a: a[:, rows], x),
                                  mapped(lambda a: a[rows], s), out_bar[:, rows])
        assert_same(part, (whole[0][:, rows], mapped(lambda a: a[rows], whole[1]),
                           mapped(lambda a: a[:, rows], whole[2]),
                           mapped(lambda a: a[rows], whole[3])))
    # no batch axis
    part = run_with_gradients(cls, p, mapped(lambda a: a[:, 2], x), mapped(lambda a: a[2], s),
                              out_bar[:, 2])
    assert_same(part, (whole[0][:, 2], mapped(lambda a: a[2], whole[1]),
                       mapped(lambda a: a[:, 2], whole[2]), mapped(lambda a: a[2], whole[3])))
    # two batch axes
    part = run_with_gradients(cls, p, mapped(lambda a: a.reshape(8, 2, 2, 3), x),
                              mapped(lambda a: a.reshape(2, 2, 3), s), out_bar.reshape(8, 2, 2, 3))
    assert_same(part, (whole[0].reshape(8, 2, 2, 3), mapped(lambda a: a.reshape(2, 2, 3), whole[1]),
                       mapped(lambda a: a.reshape(8, 2, 2, 3), whole[2]),
                       mapped(lambda a: a.reshape(2, 2, 3), whole[3])))


@each_model
def test_forward__scalar_parameters_equal_arrays_of_them(cls, rng, plain):
    _, s, x = case(cls, rng, (2, 3), 10)
    p, _, _ = case(cls, rng, (2, 1), 1)
    scalars = cls(*(float(v[0]) for v in p))
    out_bar = rng.normal(size=(10, 2, 3))
    arrays = cls(*(np.full(3, v) for v in scalars))
    one_array = scalars._replace(**{cls._fields[0]: np.full(3, scalars[0])})
    all_axes = cls(*(np.full((2, 3), v) for v in scalars))

    expected = run_with_gradients(cls, scalars, x, s, out_bar)

    for other in (arrays, one_array, all_axes, cls(*(np.array([v]) for v in scalars))):
        assert_same(run_with_gradients(cls, other, x, s, out_bar), expected)


@each_model
def test_record_states__is_the_final_state_of_every_prefix(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 6)

    out, states = sequence(cls, p, dt=DT, record_states=True)(x, s)

    for n in range(1, 7):
        out_n, end = sequence(cls, p, dt=DT)(mapped(lambda a: a[:n], x), s)
        assert_same(out_n, out[:n])
        assert_same(end, mapped(lambda a: a[n - 1], states))


@each_model
def test_layer__changes_no_argument(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 5)
    before = [mapped(np.copy, a) for a in (p, s, x)]
    bars = rng.normal(size=(5, 2, 3)), MODELS[cls].state(*rng.normal(size=(len(s), 2, 3)))
    bars_before = mapped(np.copy, bars[1])
    layer, tape = sequence(cls, p, dt=DT, trainable=cls._fields), layers.Tape()

    layer(x, s, tape=tape)
    layer.backward(bars[0], tape, bars[1])

    assert_same((p, s, x), tuple(before))
    assert_same(bars[1], bars_before)


@pytest.mark.parametrize("cls", [c for c in PARAMETERS if MODELS[c].inputs is None],
                         ids=lambda cls: cls.__name__[:-10])
def test_recurrent__without_recurrent_weights_equals_feed_forward(cls, rng, plain):
    p, s, x = case(cls, rng, (2, 3), 10)
    w = 0.5 * np.eye(3) + 0.2
    out_bar = rng.normal(size=(10, 2, 3))
    recurrent = type("AnyRecurrent", (layers.RecurrentSequence,), {"parameters": cls})(
        3, 3, p, dt=DT, input_weights=w, recurrent_weights=np.zeros((3, 3)), trainable=cls._fields)
    linear = layers.Linear(3, 3, bias=False, weight=w)
    alone = sequence(cls, p, dt=DT, stop_reset=recurrent.stop_reset, trainable=cls._fields)

    tape = layers.Tape()
    out, end = recurrent(x, layers.RecurrentState(np.ones((2, 3)), s), tape=tape)
    g = recurrent.backward(out_bar, tape)
    expected, expected_end = alone(linear(x, tape=tape), s, tape=tape)
    g_alone = alone.backward(out_bar, tape)
    g_linear = linear.backward(g_alone.x, tape)

    assert recurrent.stop_reset == MODELS[cls].recurrent_stops_reset
    assert_same((out, end.z, end.neuron), (expected, expected[-1], expected_end))
    tolerance.assert_close(g.x, g_linear.x, tolerance.OUTPUT, "x")
    tolerance.assert_close(g.weights["input_weights"], g_linear.weights["weight"],
                           tolerance.OUTPUT, "w")
    for name in cls._fields:
        tolerance.assert_close(g.weights[name], g_alone.weights[name], tolerance.OUTPUT, name)


# One step backward


def flat_names(cls):
    model, twin = MODELS[cls], twin_of(cls)
    return ([("s", f) for f in model.state._fields] + [("x", f) for f in
            (model.inputs._fields if model.inputs else ("",))] + [("p", f) for f in twin.p])


def naive_gradient(cls, point, switches, th, z_bar, s_bar, stop_reset):
    """Derivative of ``z_bar z + s_bar . s'`` of the relaxed naive step by each entry of `point`."""
    twin, names = twin_of(cls), flat_names(cls)

    def scalar(vector, held, calls=None):
        values = {"s": {}, "x": {}, "p": dict(switches)}
        for (part, field), value in zip(names, vector):
            values[part][field] = float(value)
        x = values["x"][""] if "" in values["x"] else values["x"]

        def fire(u):
            z = naive_surrogates.primitive(u, th)
            if calls is not None:
                calls.append((u, z))
            return z

        z, s = twin.step(values["s"], x, values["p"], DT, fire, held)
        return z_bar * z + sum(s_bar[f] * value for f, value in s.items())

    calls = []
    vector = np.array([point[name] for name in names])
    scalar(vector, None, calls)
    held = calls[0][1] if stop_reset and twin.fires else None
    return dict(zip(names, gradient(lambda v: scalar(v, held), vector))), calls


def package_gradient(cls, point, switches, th, z_bar, s_bar, stop_reset, step_vjp):
    model = MODELS[cls]
    get = {part: {f: np.float64(v) for (q, f), v in point.items() if q == part} for part in "sxp"}
    x = model.inputs(**get["x"]) if model.inputs else get["x"][""]
    s, x_bar, p = step_vjp(
        model.state(**get["s"]), x, cls(**get["p"], **switches), np.float64(DT),
        prepare(th, np.dtype(np.float64)), np.float64(stop_reset), np.float64(z_bar),
        model.state(**s_bar))
    assert type(s) is model.state and type(p) is cls
    bars = {("s", f): v for f, v in s._asdict().items()}
    bars |= {("p", f): v for f, v in p._asdict().items()}
    return bars | ({("x", f): v for f, v in x_bar._asdict().items()} if model.inputs
                   else {("x", ""): x_bar})


def random_points(cls, th, rng, n):
    """Points of a step, every other one with the potential within a width of the threshold."""
    twin = twin_of(cls)
    for i in range(n):
        point = {("s", f): rng.uniform(*r) for f, r in twin.s.items()}
        channels = twin.x if isinstance(twin.x, dict) else {"": twin.x}
        point |= {("x", f): rng.uniform(*r) for f, r in channels.items()}
        point |= {("p", f): rng.uniform(*r) for f, r in twin.p.items()}
        switches = {f: np.float64(rng.choice(v)) for f, v in twin.switches.items()}
        z_bar, s_bar = rng.normal(), {f: np.float64(rng.normal()) for f in twin.s}
        if i % 2 and twin.fires and ("p", "v_th") in point:
            _, calls = naive_gradient(cls, point, switches, th, z_bar, s_bar, False)
            point["p", "v_th"] += calls[0][0] - rng.uniform(-0.02, 0.02)
        yield point, switches, z_bar, s_bar


def check_transpose(cls, th, rng, step_vjp=None, n=4):
    """Assert that a step_vjp is the transpose of the relaxed twin; return the largest entries."""
    largest = dict.fromkeys(flat_names(cls), 0.0)
    for point, switches, z_bar, s_bar in random_points(cls, th, rng, n):
        for stop_reset in (0, 1):
            expected, _ = naive_gradient(cls, point, switches, th, z_bar, s_bar, stop_reset)
            actual = package_gradient(cls, point, switches, th, z_bar, s_bar, stop_reset,
                                      step_vjp or dispatch.step_vjp)
            scale = max(1.0, *map(abs, expected.values()))
            for name, value in expected.items():
                error = abs(actual[name] - value)
                assert error <= DIFFERENCE * scale, (name, stop_reset, float(actual[name]), value)
                largest[name] = max(largest[name], abs(value))
            for name in switches:
                assert actual["p", name] == 0
    return largest


@each_surrogate
@each_model
def test_step_vjp__equals_differences_of_the_relaxed_step(cls, th, rng, monkeypatch):
    relax(monkeypatch, th)

    check_transpose(cls, th, rng)


@each_model
def test_step_vjp__every_gradient_is_put_to_the_test(cls, rng, monkeypatch):
    relax(monkeypatch, SMOOTH)

    largest = check_transpose(cls, SMOOTH, rng, n=8)

    for name, value in largest.items():  # else an error there would not be seen
        assert value > 100 * DIFFERENCE, name


PLANTED = [
    ("v_th=-u_bar", "v_th=u_bar"),
    ("(_ONE - stop_reset) * (p.v_reset - v) * s_bar.v", "_ZERO"),
    ("(_ONE - stop_reset) * ", ""),
    ("(p.v_reset - v)", "(v - p.v_reset)"),
    ("- b * s_bar.i", "+ b * s_bar.i"),
    ("i_bar = a * v_bar", "i_bar = v_bar"),
    ("v_bar - a * v_bar", "v_bar"),
    ("choose(z, s_bar.v, _ZERO)", "s_bar.v"),
    ("choose(z, _ZERO, s_bar.v)", "s_bar.v"),
    ("-dt * i * s_bar.i", "-dt * s.i * s_bar.i"),
    ("dt * drive * v_bar", "a * drive * v_bar"),
    ("v_leak=a * v_bar", "v_leak=-a * v_bar"),
]


@pytest.mark.parametrize("right, wrong", PLANTED, ids=[wrong for _, wrong in PLANTED])
def test_step_vjp__planted_error_is_caught(right, wrong, rng, monkeypatch):
    relax(monkeypatch, SMOOTH)
    source = inspect.getsource(lif.step_vjp)
    source = source[source.index("def step_vjp"):]
    assert right in source, "the equation has changed: plant another error"
    good, bad = dict(vars(lif)), dict(vars(lif))
    exec(source, good)
    exec(source.replace(right, wrong), bad)

    check_transpose(lif.LIFParameters, SMOOTH, rng, good["step_vjp"])
    with pytest.raises(AssertionError):
        check_transpose(lif.LIFParameters, SMOOTH, rng, bad["step_vjp"])


@each_model
def test_step_vjp__each_flipped_sign_is_caught(cls, rng, monkeypatch):
    relax(monkeypatch, SMOOTH)

    for part, field in flat_names(cls):
        def flipped(*arguments):
            s, x, p = dispatch.step_vjp(*arguments)
            if part == "s":
                s = s._replace(**{field: -getattr(s, field)})
            elif part == "p":
                p = p._replace(**{field: -getattr(p, field)})
            else:
                x = x._replace(**{field: -getattr(x, field)}) if field else -x
            return s, x, p

        with pytest.raises(AssertionError):
            check_transpose(cls, SMOOTH, rng, flipped, n=8)


# Whole sequences backward


class Relaxed:
    """A naive population in which spikes are smooth; holds the resets' spikes if asked to.

    Features are the last axis. `weights` couple it: row = receiver.
    """

    def __init__(self, cls, th, stop_reset):
        self.cls, self.th, self.stop_reset, self.held = cls, th, stop_reset, None

    def __call__(self, p, s, x, z_before=None, weights=None):
        twin, shape, n_steps = twin_of(self.cls), np.shape(next(iter(s.values()))), n_steps_of(x)
        out, first_calls = np.empty((n_steps, *shape)), {}
        states = {f: np.empty((n_steps, *shape)) for f in s}
        now = {f: np.array(v, float) for f, v in s.items()}
        z = z_before
        for t in range(n_steps):
            feedback = 0.0 if weights is None else z @ weights.T
            drive = mapped(lambda a: a[t] + feedback, x)
            for index in np.ndindex(shape):
                calls = []

                def fire(u):
                    calls.append(naive_surrogates.primitive(u, self.th))
                    return calls[-1]

                held = self.held[t, index] if self.held and twin.fires else None
                p_k = {f: float(v[index[-1]] if np.ndim(v) else v) for f, v in p.items()}
                s_k = {f: float(v[index]) for f, v in now.items()}
                out[t, *index], s_k = twin.step(s_k, at(drive, index), p_k, DT, fire, held)
                first_calls[t, index] = calls[0] if calls else None
                for f in s:
                    states[f][t, *index] = s_k[f]
            z, now = out[t], {f: states[f][t] for f in s}
        if self.stop_reset and self.held is None:
            self.held = first_calls
        return out, states


def mixed(cls, p, neurons):
    """Parameters with every other field a scalar; switches stay as they are."""
    fields = list(twin_of(cls).p)
    return p._replace(**{f: float(getattr(p, f)[0]) for f in fields[::2]}), tuple(fields)


@pytest.mark.parametrize("stop_reset", [False, True])
@pytest.mark.parametrize("record", [False, True], ids=["final", "recorded"])
@each_model
def test_backward__equals_differences_of_the_relaxed_sequence(cls, record, stop_reset, rng, plain,
                                                              monkeypatch):
    relax(monkeypatch, SMOOTH)
    n_steps, shape = 6, (2, 2)
    p, s, x = case(cls, rng, shape, n_steps)
    p, fields = mixed(cls, p, 2)
    out_bar = rng.normal(size=(n_steps, *shape))
    bars = MODELS[cls].state(*rng.normal(size=(len(s), *(out_bar.shape if record else shape))))
    layer = sequence(cls, p, SMOOTH, DT, stop_reset=stop_reset, trainable=fields,
                     record_states=record)
    twin, tape = Relaxed(cls, SMOOTH, stop_reset), layers.Tape()

    out, _ = layer(x, s, tape=tape)
    g = layer.backward(out_bar, tape, bars)

    def loss(p, s, x):
        out, states = twin(p, s, x)
        if not record:
            states = {f: v[-1] for f, v in states.items()}
        return (out_bar * out).sum() + sum((getattr(bars, f) * v).sum() for f, v in states.items())

    p, s = p._asdict(), s._asdict()
    tolerance.assert_close(out, twin(p, s, x)[0], tolerance.OUTPUT, "out")
    for f in fields:
        expected = gradient(lambda v: loss(p | {f: v}, s, x), p[f])
        tolerance.assert_close(g.weights[f], expected, DIFFERENCE, f)
    for f in s:
        expected = gradient(lambda v: loss(p, s | {f: v}, x), s[f])
        tolerance.assert_close(getattr(g.state, f), expected, DIFFERENCE, f)
    for f in x._fields if isinstance(x, tuple) else (None,):
        expected = gradient(lambda v: loss(p, s, x._replace(**{f: v}) if f else v),
                            getattr(x, f) if f else x)
        tolerance.assert_close(getattr(g.x, f) if f else g.x, expected, DIFFERENCE, "x")


@pytest.mark.parametrize("stop_reset", [False, True])
@pytest.mark.parametrize("name", ["LIFRecurrent", "LIFRefracRecurrent"])
def test_backward__equals_differences_of_the_relaxed_network(name, stop_reset, rng, plain,
                                                             monkeypatch):
    relax(monkeypatch, SMOOTH)
    n_steps, n_in, n = 22, 2, 3
    cls = getattr(layers, name).parameters
    p, s, _ = case(cls, rng, (2, n), 1)
    p, fields = mixed(cls, p, n)
    x, z_before = rng.normal(size=(n_steps, 2, n_in)), rng.normal(size=(2, n))
    w_in, w = 0.3 * rng.normal(size=(n, n_in)), 0.3 * rng.normal(size=(n, n))
    np.fill_diagonal(w, 0.0)
    layer = getattr(layers, name)(n_in, n, p, SMOOTH, DT, input_weights=w_in, recurrent_weights=w,
                                  stop_reset=stop_reset, trainable=fields, record_states=True)
    out_bar, z_bar = rng.normal(size=(2, n_steps, 2, n))
    bars = MODELS[cls].state(*rng.normal(size=(len(s), n_steps, 2, n)))
    twin, tape = Relaxed(cls, SMOOTH, stop_reset), layers.Tape()

    out, state = layer(x, layers.RecurrentState(z_before, s), tape=tape)
    g = layer.backward(out_bar, tape, layers.RecurrentState(z_bar, bars))

    def loss(p=p._asdict(), s=s._asdict(), x=x, z_before=z_before, w_in=w_in, w=w):
        out, states = twin(p, s, x @ w_in.T, z_before, w)
        return ((out_bar + z_bar) * out).sum() + sum(
            (getattr(bars, f) * v).sum() for f, v in states.items())

    loss()
    assert_same(state.z, out)
    for actual, argument, value in ((g.x, "x", x), (g.weights["input_weights"], "w_in", w_in),
                                    (g.state.z, "z_before", z_before)):
        expected = gradient(lambda v: loss(**{argument: v}), value)
        tolerance.assert_close(actual, expected, DIFFERENCE, argument)
    expected = gradient(lambda v: loss(w=v), w)
    np.fill_diagonal(expected, 0.0)
    tolerance.assert_close(g.weights["recurrent_weights"], expected, DIFFERENCE, "w")
    for f in fields:
        expected = gradient(lambda v: loss(p=p._asdict() | {f: v}), getattr(p, f))
        tolerance.assert_close(g.weights[f], expected, DIFFERENCE, f)
    for f in s._fields:
        expected = gradient(lambda v: loss(s=s._asdict() | {f: v}), getattr(s, f))
        tolerance.assert_close(getattr(g.state.neuron, f), expected, DIFFERENCE, f)


# Types


def scalars(cls, dtype, rng):
    p, s, x = case(cls, rng, (1,), 1, dtype)
    return (mapped(lambda a: a[0], s), mapped(lambda a: a[0, 0], x), mapped(lambda a: a[0], p))


@each_surrogate
@each_model
def test_step__keeps_float32_in_plain_python(cls, th, rng):
    s, x, p = scalars(cls, np.float32, rng)
    th = prepare(th, np.dtype(np.float32))

    z, end = dispatch.step(s, x, p, np.float32(DT), th)
    s_bar, x_bar, p_bar = dispatch.step_vjp(s, x, p, np.float32(DT), th, np.float32(0),
                                            np.float32(1), s)

    for value in (z, *end, *s_bar, *p_bar, *(x_bar if isinstance(x_bar, tuple) else (x_bar,))):
        assert type(value) is np.float32


def one_step(s, x, p, dt, th):
    return dispatch.step(s, x, p, dt, th)


def one_step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    return dispatch.step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar)


def llvm(function, *arguments):
    compiled = numba.njit(function, error_model="numpy")
    compiled.compile(tuple(map(numba.typeof, arguments)))
    return compiled.inspect_llvm(compiled.signatures[0])


def arithmetic_in_double(code):
    """Instructions on doubles, but for those that pass numbers to and from the interpreter."""
    functions = re.findall(r"^define .*?^}", code, re.MULTILINE | re.DOTALL)
    pattern = r"= (?:f\w+ (?:double|float .* to double)|call double).*"
    return [line for function in functions if "cpython" not in function.splitlines()[0]
            for line in re.findall(pattern, function)]


@pytest.mark.parametrize("cls, th", [(cls, surrogates.SuperSpike()) for cls in PARAMETERS] + [
    (lif.LIFParameters, th()) for th in surrogates.SURROGATES if th is not surrogates.SuperSpike],
    ids=lambda a: getattr(a, "__name__", type(a).__name__))
def test_step__compiled_in_float32_computes_nothing_in_float64(cls, th, rng):
    s, x, p = scalars(cls, np.float32, rng)
    th = prepare(th, np.dtype(np.float32))
    f = np.float32(1)

    forward, backward = llvm(one_step, s, x, p, f, th), llvm(one_step_vjp, s, x, p, f, th, f, f, s)

    assert not arithmetic_in_double(forward)
    assert not arithmetic_in_double(backward)
    assert "fmul float" in forward + backward or "fadd float" in forward + backward


def test_arithmetic_in_double__finds_a_creeping_float64(rng):
    def creeping(v, k):
        return np.float32(v + 0.5 * np.float32(k))

    code = llvm(creeping, np.float32(1), np.int64(3))

    assert arithmetic_in_double(code)
