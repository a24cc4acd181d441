"""Neurons against exact solutions: of Euler's recursion, and of the equations as dt goes to 0."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from eventsnn import layers, neurons
from eventsnn.core.dispatch import MODELS
from tests.neuron_contract import PARAMETERS, case, draw, mapped, sequence, twin_of

DT, N_STEPS = 1e-3, 400
RATES = {"tau_mem_inv": 83.0, "tau_syn_inv": 211.0, "v_leak": 0.1}
CLOSED = 1e-12


def motion(p, v, i, x, dt, t):
    """Potential and current after `t` steps of a membrane behind a synapse, by Euler's recursion.

    The current that acts, ``j' = (1 - b) j + x``, is ``x / b + (1 - b)^t c``; of it the potential
    is the sum ``(1 - a)^t v + a sum_k (1 - a)^(t - 1 - k) j_k``, a geometric series.
    """
    a, b = dt * p.tau_mem_inv, dt * p.tau_syn_inv
    mem, syn, c = (1 - a) ** t, (1 - b) ** t, i + x - x / b
    potential = p.v_leak + mem * (v - p.v_leak) + x / b * (1 - mem) + a * c * (mem - syn) / (b - a)
    return potential, x / b + syn * c - x


@pytest.mark.parametrize("x", [0.0, 0.3, -0.2])
def test_li__equals_the_closed_form_of_the_recursion(x):
    p, t = neurons.LIParameters(**RATES), np.arange(1, N_STEPS + 1)
    start = neurons.LIState(np.array([0.7]), np.array([-0.4]))

    out, states = layers.LI(p, dt=DT, record_states=True)(np.full((N_STEPS, 1), x), start)

    v, i = motion(p, 0.7, -0.4, x, DT, t)
    np.testing.assert_allclose(states.v[:, 0], v, rtol=0, atol=CLOSED)
    np.testing.assert_allclose(states.i[:, 0], i, rtol=0, atol=CLOSED)
    np.testing.assert_array_equal(out, states.v)


@pytest.mark.parametrize("name", ["LIBox", "LIFBox"])
def test_box__equals_the_closed_form_of_the_recursion(name):
    cls, t, x = getattr(neurons, f"{name}Parameters"), np.arange(1, N_STEPS + 1), 0.6
    p = cls(tau_mem_inv=83.0, v_leak=0.1)
    start = MODELS[cls].state(np.array([-0.3]))

    _, states = getattr(layers, name)(p, dt=DT, record_states=True)(
        np.full((N_STEPS, 1), x), start)

    v = 0.1 + x + (1 - 0.083) ** t * (-0.3 - 0.1 - x)
    np.testing.assert_allclose(states.v[:, 0], v, rtol=0, atol=CLOSED)


def test_lif__equals_the_closed_form_from_spike_to_spike():
    p, x = neurons.LIFParameters(**RATES, v_th=0.9, v_reset=-0.2), 0.31
    expected, v, i, n = np.empty((2, N_STEPS)), 0.3, 0.1, 0
    spikes = []
    while n < N_STEPS:  # n steps are done; v and i are as the last spike left them
        t = np.arange(1, N_STEPS - n + 1)
        free_v, free_i = motion(p, v, i, x, DT, t)
        above = np.flatnonzero(free_v > p.v_th)
        done = above[0] + 1 if above.size else len(t)
        expected[:, n:n + done] = free_v[:done], free_i[:done]
        n, i, v = n + done, free_i[done - 1], p.v_reset
        if above.size:
            spikes.append(n - 1)
            expected[0, n - 1] = v

    out, states = layers.LIF(p, dt=DT, record_states=True)(
        np.full((N_STEPS, 1), x), neurons.LIFState(np.array([0.3]), np.array([0.1])))

    assert np.flatnonzero(out[:, 0]).tolist() == spikes and len(spikes) > 20
    np.testing.assert_allclose(np.stack(states)[:, :, 0], expected, rtol=0, atol=CLOSED)


def leak(s, p):
    return p["v_leak"] - s["v"]


def swing(s, p):
    return p["delta_T"] * np.exp((s["v"] - p["v_th"]) / p["delta_T"])


def membrane(drive, **others):
    """The equations of a membrane with that drive, and those of other variables, without input."""
    return lambda s, p: {"v": p["tau_mem_inv"] * drive(s, p)} | {
        name: motion(s, p) for name, motion in others.items()}


def decay(rate, name):
    return lambda s, p: -p[rate] * s[name]


def adapting(s, p):
    return p["tau_ada_inv"] * (p["adaptation_current"] * (s["v"] - p["v_leak"]) - s["a"])


SYNAPSE = {"i": decay("tau_syn_inv", "i")}
EQUATIONS = {  # model -> (state, parameters) -> derivatives, by name; written from the papers
    "LI": membrane(lambda s, p: leak(s, p) + s["i"], **SYNAPSE),
    "LIBox": membrane(leak),
    "LIF": membrane(lambda s, p: leak(s, p) + s["i"], **SYNAPSE),
    "LIFBox": membrane(leak),
    "LIFExcInh": membrane(lambda s, p: leak(s, p) + s["i_exc"] + s["i_inh"],
                          i_exc=decay("tau_syn_exc_inv", "i_exc"),
                          i_inh=decay("tau_syn_inh_inv", "i_inh")),
    "LIFEx": membrane(lambda s, p: leak(s, p) + swing(s, p) + s["i"], **SYNAPSE),
    "LIFExBox": membrane(lambda s, p: leak(s, p) + swing(s, p)),
    "LIFAdEx": membrane(lambda s, p: leak(s, p) + swing(s, p) + s["i"] - s["a"], **SYNAPSE,
                        a=adapting),
    "LIFAdExBox": membrane(lambda s, p: leak(s, p) + swing(s, p) - s["a"], a=adapting),
    "LSNN": membrane(lambda s, p: leak(s, p) + s["i"], **SYNAPSE,
                     b=lambda s, p: p["tau_adapt_inv"] * (p["v_th"] - s["b"])),
    "AdaLIF": membrane(lambda s, p: leak(s, p) + s["i"] - s["b"], **SYNAPSE,
                       b=decay("tau_adapt_inv", "b")),
    "ResistiveLI": membrane(leak),
    "ResistiveLIF": membrane(leak),
    "CubaLI": membrane(lambda s, p: leak(s, p) + p["r"] * s["i"], **SYNAPSE),
    "CubaLIF": membrane(lambda s, p: leak(s, p) + p["r"] * s["i"], **SYNAPSE),
    "LIFMC": membrane(lambda s, p: leak(s, p) + s["i"], **SYNAPSE),
    "CobaLIF": lambda s, p: {
        "v": p["c_m_inv"] * (p["g_l"] * (p["v_rest"] - s["v"]) + s["g_e"] * (p["e_rev_E"] - s["v"])
                             + s["g_i"] * (p["e_rev_I"] - s["v"])),
        "g_e": -p["tau_syn_exc_inv"] * s["g_e"], "g_i": -p["tau_syn_inh_inv"] * s["g_i"]},
    "Izhikevich": lambda s, p: {
        "v": p["tau_inv"] * (p["sq"] * s["v"] ** 2 + p["mn"] * s["v"] + p["bias"] - s["u"]),
        "u": p["tau_inv"] * p["a"] * (p["b"] * s["v"] - s["u"])},
}
CONVERGING = [cls for cls in PARAMETERS if MODELS[cls].converges]
each_converging = pytest.mark.parametrize("cls", CONVERGING, ids=lambda cls: cls.__name__[:-10])
DURATION = 4e-3  # s
COUNTS = (64, 128, 256, 512)


@pytest.fixture
def free(plain):
    """A model's parameters, start, and what it comes to in so many steps without input."""
    def made(cls):
        rng = np.random.default_rng(20)
        p, s, x = case(cls, rng, (1, 2), 1)
        quiet = {f: r for f, r in twin_of(cls).quiet.items() if f in s._fields}
        s = s._replace(**draw(quiet, rng, (1, 2)))

        def after(n_steps):
            nothing = mapped(lambda a: np.zeros((n_steps, 1, 2)), x)
            out, end = sequence(cls, p, dt=DURATION / n_steps)(nothing, s)
            assert not MODELS[cls].spiking or not out.any()
            return np.stack(end)

        return p, s, after

    return made


def extrapolated(ends):
    """The limit of results whose steps halve from one to the next, by Richardson."""
    for k in range(1, len(ends)):
        ends = [(2 ** k * finer - coarser) / (2 ** k - 1)
                for coarser, finer in zip(ends[:-1], ends[1:], strict=True)]
    return ends[0]


@each_converging
def test_forward__is_of_first_order(cls, free):
    _, _, after = free(cls)
    ends = [after(n) for n in COUNTS]

    errors = np.abs(np.stack(ends) - extrapolated(ends)).sum(axis=(2, 3))
    moved = errors[0] > 1e-9 * np.abs(ends[0]).max()  # a counter at rest does not

    assert moved.any()
    for of_variable in errors[:, moved].T:
        slope = -np.polyfit(np.log(COUNTS), np.log(of_variable), 1)[0]
        assert abs(slope - 1) < 0.05, slope


@each_converging
def test_forward__as_dt_goes_to_0_solves_the_equations(cls, free):
    name = cls.__name__[:-10].replace("Refrac", "")
    assert name in EQUATIONS, f"write the equations of {name} in EQUATIONS"
    p, s, after = free(cls)

    found = extrapolated([after(n) for n in COUNTS])

    fields = [f for f in s._fields if f != "rho"]  # a counter is no part of the equations
    for k in range(2):
        p_k = {f: float(np.asarray(v)[k]) for f, v in p._asdict().items()}

        def slope(t, y):
            values = EQUATIONS[name](dict(zip(fields, y, strict=True)), p_k)
            return [values[f] for f in fields]

        start = [getattr(s, f)[0, k] for f in fields]
        run = solve_ivp(slope, (0, DURATION), start, rtol=1e-12, atol=1e-12, method="DOP853")
        expected = run.y[:, -1]
        ends = found[[s._fields.index(f) for f in fields], 0, k]
        np.testing.assert_allclose(ends, expected, rtol=0, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("name, x, p, start", [
    ("Izhikevich", 10.0, {}, (-70.0, -14.0)),
    ("Izhikevich", 5.0, {"a": 0.1, "d": 2.0}, (-65.0, -13.0)),
    ("LIFAdExBox", 3.5, {"tau_ada_inv": 30.0, "v_th": 1.2}, (0.0, 0.0)),
    ("LIFAdExBox", 2.5, {"delta_T": 0.2}, (-0.2, 0.3)),
])
def test_first_spike__as_dt_goes_to_0_comes_when_the_equations_say(name, x, p, start):
    cls = getattr(neurons, f"{name}Parameters")
    p, state = cls(**p), MODELS[cls].state(*(np.array([v]) for v in start))
    fields = MODELS[cls].state._fields

    def time_of_spike(dt):
        layer = sequence(cls, p, dt=dt, record_states=True)
        out, states = layer(np.full((int(0.1 / dt), 1), x), state)
        step = int(out[:, 0].argmax())
        before = {f: float(getattr(states, f)[step - 1, 0]) for f in fields}
        beyond = []  # what the last step takes the potential to, before the reset
        twin_of(cls).step(before, x, p._asdict(), dt, lambda u: beyond.append(u + p.v_th) or 1.0)
        return dt * (step + (p.v_th - before["v"]) / (beyond[0] - before["v"]))

    def slope(t, y):
        values = EQUATIONS[name](dict(zip(fields, y, strict=True)), p._asdict())
        values["v"] += x * (p.tau_inv if name == "Izhikevich" else p.tau_mem_inv)
        return [values[f] for f in fields]

    def crossing(t, y):
        return y[0] - p.v_th

    crossing.terminal = True
    run = solve_ivp(slope, (0, 0.1), start, rtol=1e-12, atol=1e-12, method="DOP853",
                    events=crossing)

    found = extrapolated([time_of_spike(dt) for dt in (2e-6, 1e-6)])

    assert found == pytest.approx(run.t_events[0][0], rel=1e-6)
