"""Every neuron model one step backward: as differences of its relaxed naive twin."""

import inspect

import numpy as np
import pytest

from eventsnn.core import dispatch
from eventsnn.core.dispatch import MODELS
from eventsnn.neurons import lif, terms
from eventsnn.surrogates import prepare
from tests.naive import surrogates as naive_surrogates
from tests.naive.differences import DIFFERENCE, gradient
from tests.naive.relaxed import relax
from tests.neuron_contract import DT, SMOOTH, each_model, each_surrogate, twin_of


@pytest.fixture
def rng():
    return np.random.default_rng(20)


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
    u, z = calls[twin.reset_call] if twin.fires else (None, None)
    bars = gradient(lambda v: scalar(v, z if stop_reset else None), vector, twin.difference)
    return dict(zip(names, bars)), u


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
        if i % 2 and twin.fires:
            _, u = naive_gradient(cls, point, switches, th, z_bar, s_bar, False)
            point[twin.near] += u - rng.uniform(-0.02, 0.02)
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
    (terms.fire_vjp, "-u_bar, ", "u_bar, "),
    (terms.fire_vjp, "(_ONE - stop_reset) * (v_reset - v) * bar", "_ZERO"),
    (terms.fire_vjp, "(_ONE - stop_reset) * ", ""),
    (terms.fire_vjp, "(v_reset - v)", "(v - v_reset)"),
    (terms.fire_vjp, "choose(z, bar, _ZERO)", "bar"),
    (terms.fire_vjp, "choose(z, _ZERO, bar)", "bar"),
    (terms.relax_vjp, "bar - a * bar", "bar"),
    (terms.relax_vjp, "a * bar, dt", "bar, dt"),
    (terms.relax_vjp, "dt * (target - y)", "a * (target - y)"),
    (terms.relax_vjp, "(target - y)", "target"),
    (lif.step_vjp, "i_bar + target_bar", "i_bar - target_bar"),
    (lif.step_vjp, "relax_vjp(i, _ZERO", "relax_vjp(s.i, _ZERO"),
    (lif.step_vjp, "tau_syn_bar, tau_mem_bar, target_bar", "tau_mem_bar, tau_syn_bar, target_bar"),
    (lif.step_vjp, "LIFState(v_bar, i_bar), i_bar", "LIFState(v_bar, i_bar), target_bar"),
]


def rewritten(namespace, function, right="", wrong=""):
    """A function compiled again, with a part of its source replaced, in a copy of a namespace."""
    source = inspect.getsource(function)
    source = source[source.index(f"def {function.__name__}"):]
    assert right in source, "the equation has changed: plant another error"
    namespace = dict(namespace)
    exec(source.replace(right, wrong) if right else source, namespace)
    return namespace


@pytest.mark.parametrize("function, right, wrong", PLANTED, ids=[wrong for *_, wrong in PLANTED])
def test_step_vjp__planted_error_is_caught(function, right, wrong, rng, monkeypatch):
    relax(monkeypatch, SMOOTH)
    name = function.__name__

    def lif_with(right, wrong):
        if function is lif.step_vjp:
            return rewritten(vars(lif), function, right, wrong)["step_vjp"]
        term = rewritten(vars(terms), function, right, wrong)[name]
        return rewritten({**vars(lif), name: term}, lif.step_vjp)["step_vjp"]

    check_transpose(lif.LIFParameters, SMOOTH, rng, lif_with("", ""))
    with pytest.raises(AssertionError):
        check_transpose(lif.LIFParameters, SMOOTH, rng, lif_with(right, wrong))


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
