"""Every neuron model as one plain function of Python numbers: the oracle of the contract tests.

Written from the equations, sharing nothing with the package. A function takes dictionaries and
returns them: ``(s, x, p, dt, fire, held=None) -> (out, next s)``. `fire(u)` is the spike function.
`held` stands in for the spike in the reset, which is how a reset that stops the gradient is written
for finite differences. `x` is a number, or a dictionary of channels.
"""

import math
from typing import Any, Callable, NamedTuple

from tests.naive.differences import STEP


def lif(s, x, p, dt, fire, held=None):
    i = s["i"] + x
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + i)
    z = fire(v - p["v_th"])
    r = z if held is None else held
    return z, {"v": (1 - r) * v + r * p["v_reset"], "i": i - dt * p["tau_syn_inv"] * i}


def lif_exc_inh(s, x, p, dt, fire, held=None):
    exc, inh = s["i_exc"] + x["exc"], s["i_inh"] + x["inh"]
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + exc + inh)
    z = fire(v - p["v_th"])
    r = z if held is None else held
    return z, {"v": (1 - r) * v + r * p["v_reset"],
               "i_exc": exc - dt * p["tau_syn_exc_inv"] * exc,
               "i_inh": inh - dt * p["tau_syn_inh_inv"] * inh}


def lif_box(s, x, p, dt, fire, held=None):
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + x)
    z = fire(v - p["v_th"])
    r = z if held is None else held
    on = v - p["v_th"] if p["reset_subtract"] == 1 else p["v_reset"]
    return z, {"v": (1 - r) * v + r * on}


def iaf(s, x, p, dt, fire, held=None):
    v = s["v"] + x
    z = fire(v - p["v_th"])
    r = z if held is None else held
    return z, {"v": (1 - r) * v + r * p["v_reset"]}


def lif_ex_box(s, x, p, dt, fire, held=None):
    swing = p["delta_T"] * math.exp((s["v"] - p["v_th"]) / p["delta_T"])
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + swing + x)
    z = fire(v - p["v_th"])
    r = z if held is None else held
    return z, {"v": (1 - r) * v + r * p["v_reset"]}


def lif_adex_box(s, x, p, dt, fire, held=None):
    swing = p["delta_T"] * math.exp((s["v"] - p["v_th"]) / p["delta_T"])
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + swing + x - s["a"])
    z = fire(v - p["v_th"])
    r = z if held is None else held
    a = s["a"] + dt * p["tau_ada_inv"] * (
        p["adaptation_current"] * (s["v"] - p["v_leak"]) - s["a"])
    return z, {"v": (1 - r) * v + r * p["v_reset"], "a": a + r * p["adaptation_spike"]}


def lif_adex_norse(s, x, p, dt, fire, held=None):
    z, after = lif_adex_box(s, x, p, dt, fire, held)
    r = z if held is None else held
    after["a"] = p["tau_ada_inv"] * (
        p["adaptation_current"] * (after["v"] - p["v_leak"]) - s["a"]) + r * p["adaptation_spike"]
    return z, after


def synaptic(membrane):
    """A membrane behind an exponential synapse whose input acts at once."""
    def step(s, x, p, dt, fire, held=None):
        current = s["i"] + x
        z, after = membrane(s, current, p, dt, fire, held)
        return z, after | {"i": current - dt * p["tau_syn_inv"] * current}
    return step


def lsnn(s, x, p, dt, fire, held=None):
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + s["i"])
    b = s["b"] + dt * p["tau_adapt_inv"] * (p["v_th"] - s["b"])
    z = fire(v - b)
    r = z if held is None else held
    return z, {"v": (1 - r) * v + r * p["v_reset"], "b": b + p["beta"] * r,
               "i": s["i"] - dt * p["tau_syn_inv"] * s["i"] + x}


def ada_lif(s, x, p, dt, fire, held=None):
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + s["i"] - s["b"])
    z = fire(v - p["v_th"])
    r = z if held is None else held
    return z, {"v": v - r * (p["v_th"] - p["v_reset"]),
               "b": s["b"] - dt * p["tau_adapt_inv"] * s["b"] + p["beta"] * r,
               "i": s["i"] - dt * p["tau_syn_inv"] * s["i"] + x}


def coba_lif(s, x, p, dt, fire, held=None):
    g_e = (s["g_e"] + x["exc"]) * (1 - dt * p["tau_syn_exc_inv"])
    g_i = (s["g_i"] + x["inh"]) * (1 - dt * p["tau_syn_inh_inv"])
    v = s["v"] + dt * p["c_m_inv"] * (
        p["g_l"] * (p["v_rest"] - s["v"]) + g_e * (p["e_rev_E"] - s["v"])
        + g_i * (p["e_rev_I"] - s["v"]))
    z = fire(v - p["v_thresh"])
    r = z if held is None else held
    return z, {"v": (1 - r) * v + r * p["v_reset"], "g_e": g_e, "g_i": g_i}


def izhikevich(s, x, p, dt, fire, held=None):
    ms = p["tau_inv"] * dt
    v = s["v"] + ms * (p["sq"] * s["v"] ** 2 + p["mn"] * s["v"] + p["bias"] - s["u"] + x)
    u = s["u"] + ms * p["a"] * (p["b"] * s["v"] - s["u"])
    z = fire(v - p["v_th"])
    r = z if held is None else held
    return z, {"v": (1 - r) * v + r * p["c"], "u": u + r * p["d"]}


def lif_mc_refrac(s, x, p, dt, fire, held=None):
    m = fire(s["rho"])
    v = s["v"] + (1 - m) * dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + s["i"]) + x["coupling"]
    z = fire(v - p["v_th"])
    r = z if held is None else held
    waits = s["rho"] - m if s["rho"] > m else 0 * s["rho"]
    return z, {"v": (1 - r) * v + r * p["v_reset"],
               "i": s["i"] - dt * p["tau_syn_inv"] * s["i"] + x["synapse"],
               "rho": (1 - z) * waits + z * p["rho_reset"]}


def li(s, x, p, dt, fire, held=None):
    i = s["i"] + x
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + i)
    return v, {"v": v, "i": i - dt * p["tau_syn_inv"] * i}


def li_box(s, x, p, dt, fire, held=None):
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + x)
    return v, {"v": v}


def cuba(membrane):
    """A membrane with a resistance behind a synapse whose input is a current of one step."""
    def step(s, x, p, dt, fire, held=None):
        current = s["i"] + dt * p["w_in"] * x * p["tau_syn_inv"]
        z, after = membrane({"v": s["v"]}, p["r"] * current, p, dt, fire, held)
        return z, after | {"i": current - dt * p["tau_syn_inv"] * current}
    return step


def resistive(membrane):
    """A membrane whose input is the voltage over its resistance."""
    def step(s, x, p, dt, fire, held=None):
        return membrane(s, p["r"] * x, p, dt, fire, held)
    return step


def membrane(s, x, p, dt, fire, held=None):
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + x)
    z = fire(v - p["v_th"])
    r = z if held is None else held
    return z, {"v": (1 - r) * v + r * p["v_reset"]}


def integrate_and_fire(s, x, p, dt, fire, held=None):
    return iaf(s, dt * p["r"] * x, p, dt, fire, held)


def integrator(s, x, p, dt, fire, held=None):
    v = s["v"] + dt * p["r"] * x
    return v, {"v": v}


def refractory(inner):
    """The refractory form of an inner neuron."""
    def step(s, x, p, dt, fire, held=None):
        z1, s1 = inner(s, x, p, dt, fire, held)
        m = fire(s["rho"])
        z = (1 - m) * z1
        waits = s["rho"] - m if s["rho"] > m else 0 * s["rho"]
        s1["v"] = (1 - m) * s1["v"] + m * s["v"]
        s1["rho"] = (1 - z) * waits + z * p["rho_reset"]
        return z, s1
    return step


class Twin(NamedTuple):
    """A naive model and the ranges in which it is interesting: parameters, inputs, states."""

    step: Callable
    p: dict[str, tuple[float, float]]
    s: dict[str, tuple[float, float]]
    x: Any  # range of the input, or of each channel
    fires: bool = True
    switches: dict[str, tuple[float, ...]] = {}  # parameters that are 0 or 1
    near: tuple[str, str] = ("p", "v_th")  # what shifts the distance to the threshold by 1
    reset_call: int = 0  # which call of `fire` decides the spike
    scale: float = 1.0  # of the potentials' roundings, and of their sensitivity to parameters
    quiet: dict[str, tuple[float, float]] = {}  # states that stay below threshold

    @property
    def difference(self):
        """The step of finite differences: small beside the widths of the surrogates."""
        return STEP / math.sqrt(self.scale)


POTENTIALS = {"v_leak": (-0.1, 0.1), "v_th": (0.7, 1.3), "v_reset": (-0.3, 0.2)}
MEMBRANE = {"tau_mem_inv": (80.0, 300.0)}
RESISTANCE = {"r": (0.5, 2.0)}
SYNAPSE = {"tau_syn_inv": (100.0, 400.0)}
SWING = {"delta_T": (0.3, 0.6)}
ADAPTATION = {"adaptation_current": (1.0, 4.0), "adaptation_spike": (0.02, 0.4),
              "tau_ada_inv": (5.0, 60.0)}
THRESHOLD = {"tau_adapt_inv": (5.0, 100.0), "beta": (0.2, 1.8)}
LOW = {"v": (-0.3, 0.1), "i": (-0.5, 0.3)}

PLAIN = {
    "LIF": Twin(lif, SYNAPSE | MEMBRANE | POTENTIALS, {"v": (-0.2, 1.2), "i": (-0.5, 1.5)},
                (-0.3, 2.5), quiet=LOW),
    "LIFExcInh": Twin(
        lif_exc_inh, {"tau_syn_exc_inv": (100.0, 400.0), "tau_syn_inh_inv": (50.0, 200.0)}
        | MEMBRANE | POTENTIALS, {"v": (-0.2, 1.2), "i_exc": (0.0, 1.5), "i_inh": (-0.5, 0.0)},
        {"exc": (0.0, 3.0), "inh": (-0.5, 0.0)}, quiet=LOW | {"i_exc": (0.0, 0.3)}),
    "LIFBox": Twin(lif_box, MEMBRANE | POTENTIALS, {"v": (-0.2, 1.2)}, (-0.5, 6.0),
                   quiet=LOW, switches={"reset_subtract": (0.0, 1.0)}),
    "IAF": Twin(iaf, {k: POTENTIALS[k] for k in ("v_th", "v_reset")}, {"v": (-0.2, 1.2)},
                (-0.2, 0.6)),
    "LI": Twin(li, SYNAPSE | MEMBRANE | {"v_leak": (-0.1, 0.1)},
               {"v": (-0.2, 1.2), "i": (-0.5, 1.5)}, (-1.0, 1.0), fires=False),
    "LIBox": Twin(li_box, MEMBRANE | {"v_leak": (-0.1, 0.1)}, {"v": (-0.2, 1.2)}, (-1.0, 1.0),
                  fires=False),
    "CubaLIF": Twin(
        cuba(membrane), SYNAPSE | MEMBRANE | RESISTANCE | POTENTIALS | {"w_in": (2.0, 8.0)},
        {"v": (-0.2, 1.2), "i": (-0.5, 1.5)}, (-0.3, 2.5), quiet=LOW),
    "CubaLI": Twin(
        cuba(li_box), SYNAPSE | MEMBRANE | RESISTANCE
        | {"v_leak": (-0.1, 0.1), "w_in": (0.5, 4.0)},
        {"v": (-0.2, 1.2), "i": (-0.5, 1.5)}, (-1.0, 1.0), fires=False),
    "ResistiveLIF": Twin(resistive(membrane), MEMBRANE | RESISTANCE | POTENTIALS,
                         {"v": (-0.2, 1.2)}, (-0.5, 6.0), quiet=LOW),
    "ResistiveLI": Twin(resistive(li_box), MEMBRANE | RESISTANCE | {"v_leak": (-0.1, 0.1)},
                        {"v": (-0.2, 1.2)}, (-1.0, 1.0), fires=False),
    "IF": Twin(integrate_and_fire,
               {"r": (300.0, 900.0)} | {k: POTENTIALS[k] for k in ("v_th", "v_reset")},
               {"v": (-0.2, 1.2)}, (-0.2, 0.6)),
    "Integrator": Twin(integrator, {"r": (50.0, 300.0)}, {"v": (-0.2, 1.2)}, (-1.0, 1.0),
                       fires=False),
    "LIFExBox": Twin(lif_ex_box, SWING | MEMBRANE | POTENTIALS, {"v": (-0.2, 1.1)}, (-0.5, 6.0),
                     quiet=LOW),
    "LIFEx": Twin(synaptic(lif_ex_box), SWING | SYNAPSE | MEMBRANE | POTENTIALS,
                  {"v": (-0.2, 1.1), "i": (-0.5, 1.5)}, (-0.3, 2.5), quiet=LOW),
    "LIFAdExBox": Twin(lif_adex_box, ADAPTATION | SWING | MEMBRANE | POTENTIALS,
                       {"v": (-0.2, 1.1), "a": (-0.3, 0.5)}, (-0.5, 6.0), quiet=LOW),
    "LIFAdExNorse": Twin(
        lif_adex_norse, SWING | MEMBRANE | POTENTIALS | {
            "adaptation_current": (0.05, 0.2), "adaptation_spike": (0.1, 0.3),
            "tau_ada_inv": (0.3, 1.0)}, {"v": (-0.2, 1.1), "a": (-0.3, 0.5)}, (-0.5, 6.0)),
    "LIFAdEx": Twin(synaptic(lif_adex_box), ADAPTATION | SWING | SYNAPSE | MEMBRANE | POTENTIALS,
                    {"v": (-0.2, 1.1), "i": (-0.5, 1.5), "a": (-0.3, 0.5)}, (-0.3, 2.5),
                    quiet=LOW),
    "LSNN": Twin(lsnn, THRESHOLD | SYNAPSE | MEMBRANE | POTENTIALS,
                 {"v": (-0.2, 1.2), "i": (-0.5, 1.5), "b": (0.6, 1.6)}, (-0.3, 2.5),
                 near=("s", "b"), quiet=LOW),
    "AdaLIF": Twin(ada_lif, THRESHOLD | SYNAPSE | MEMBRANE | POTENTIALS,
                   {"v": (-0.2, 1.2), "i": (-0.5, 1.5), "b": (-0.2, 1.0)}, (-0.3, 2.5),
                   quiet=LOW),
    "CobaLIF": Twin(
        coba_lif, {"tau_syn_exc_inv": (100.0, 400.0), "tau_syn_inh_inv": (50.0, 200.0),
                   "c_m_inv": (100.0, 400.0), "g_l": (0.1, 0.4), "e_rev_I": (-90.0, -70.0),
                   "e_rev_E": (-5.0, 20.0), "v_rest": (-70.0, -60.0), "v_reset": (-75.0, -65.0),
                   "v_thresh": (-52.0, -45.0)},
        {"v": (-75.0, -46.0), "g_e": (0.0, 0.3), "g_i": (0.0, 0.3)},
        {"exc": (0.0, 0.5), "inh": (0.0, 0.3)}, near=("p", "v_thresh"), scale=20.0,
        quiet={"v": (-75.0, -60.0), "g_e": (0.0, 0.02)}),
    "Izhikevich": Twin(
        izhikevich, {"a": (0.02, 0.1), "b": (0.18, 0.24), "c": (-65.0, -50.0), "d": (2.0, 8.0),
                     "sq": (0.036, 0.044), "mn": (4.8, 5.2), "bias": (138.0, 142.0),
                     "v_th": (28.0, 32.0), "tau_inv": (200.0, 300.0)},
        {"v": (-75.0, 20.0), "u": (-16.0, -6.0)}, (-5.0, 25.0), scale=1e4,
        quiet={"v": (-75.0, -68.0), "u": (-15.0, -13.0)}),
    "LIFMCRefrac": Twin(
        lif_mc_refrac, SYNAPSE | MEMBRANE | POTENTIALS | {"rho_reset": (1.2, 3.8)},
        {"v": (-0.2, 1.2), "i": (-0.5, 1.5), "rho": (-0.7, 2.5)},
        {"synapse": (-0.3, 2.5), "coupling": (-0.1, 0.2)}, reset_call=1,
        quiet=LOW | {"rho": (-0.7, 0.0)}),
}


def _refractory(twin):
    return twin._replace(step=refractory(twin.step), p=twin.p | {"rho_reset": (1.2, 3.8)},
                         s=twin.s | {"rho": (-0.7, 2.5)}, quiet=twin.quiet | {"rho": (-0.7, 0.0)})


# Name of the parameters' class -> twin. A registered model that is not here fails the tests.
TWINS = {f"{name}Parameters": twin for name, twin in PLAIN.items()} | {
    f"{name}RefracParameters": _refractory(PLAIN[name])
    for name in ("LIF", "LIFExcInh", "LIFBox", "IAF", "LIFEx", "LIFAdEx", "CobaLIF", "LSNN")}


def step_function(u):
    """1 above 0, else 0."""
    return 1.0 if u > 0 else 0.0


def run(twin, p, s, x, dt, fire=step_function):
    """A neuron over the steps of `x`, a list: ``-> outputs, states after each step``."""
    outs, states = [], []
    for x_t in x:
        out, s = twin.step(s, x_t, p, dt, fire)
        outs.append(out)
        states.append(s)
    return outs, states
