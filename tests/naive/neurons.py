"""Every neuron model as one plain function of Python numbers: the oracle of the contract tests.

Written from the equations, sharing nothing with the package. A function takes dictionaries and
returns them: ``(s, x, p, dt, fire, held=None) -> (out, next s)``. `fire(u)` is the spike function.
`held` stands in for the spike in the reset, which is how a reset that stops the gradient is written
for finite differences. `x` is a number, or a dictionary of channels.
"""

from typing import Any, Callable, NamedTuple


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


def li(s, x, p, dt, fire, held=None):
    i = s["i"] + x
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + i)
    return v, {"v": v, "i": i - dt * p["tau_syn_inv"] * i}


def li_box(s, x, p, dt, fire, held=None):
    v = s["v"] + dt * p["tau_mem_inv"] * (p["v_leak"] - s["v"] + x)
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
    roundings: int = 40  # of a step and those before it that it remembers


POTENTIALS = {"v_leak": (-0.1, 0.1), "v_th": (0.7, 1.3), "v_reset": (-0.3, 0.2)}
MEMBRANE = {"tau_mem_inv": (80.0, 300.0)}
SYNAPSE = {"tau_syn_inv": (100.0, 400.0)}

PLAIN = {
    "LIF": Twin(lif, SYNAPSE | MEMBRANE | POTENTIALS, {"v": (-0.2, 1.2), "i": (-0.5, 1.5)},
                (-0.3, 2.5)),
    "LIFExcInh": Twin(
        lif_exc_inh, {"tau_syn_exc_inv": (100.0, 400.0), "tau_syn_inh_inv": (50.0, 200.0)}
        | MEMBRANE | POTENTIALS, {"v": (-0.2, 1.2), "i_exc": (0.0, 1.5), "i_inh": (-0.5, 0.0)},
        {"exc": (0.0, 3.0), "inh": (-0.5, 0.0)}),
    "LIFBox": Twin(lif_box, MEMBRANE | POTENTIALS, {"v": (-0.2, 1.2)}, (-0.5, 6.0),
                   switches={"reset_subtract": (0.0, 1.0)}),
    "IAF": Twin(iaf, {k: POTENTIALS[k] for k in ("v_th", "v_reset")}, {"v": (-0.2, 1.2)},
                (-0.2, 0.6)),
    "LI": Twin(li, SYNAPSE | MEMBRANE | {"v_leak": (-0.1, 0.1)},
               {"v": (-0.2, 1.2), "i": (-0.5, 1.5)}, (-1.0, 1.0), fires=False),
    "LIBox": Twin(li_box, MEMBRANE | {"v_leak": (-0.1, 0.1)}, {"v": (-0.2, 1.2)}, (-1.0, 1.0),
                  fires=False),
}


def _refractory(twin):
    return twin._replace(step=refractory(twin.step), p=twin.p | {"rho_reset": (1.2, 3.8)},
                         s=twin.s | {"rho": (-0.7, 2.5)})


# Name of the parameters' class -> twin. A registered model that is not here fails the tests.
TWINS = {f"{name}Parameters": twin for name, twin in PLAIN.items()} | {
    f"{name}RefracParameters": _refractory(PLAIN[name])
    for name in ("LIF", "LIFExcInh", "LIFBox", "IAF")}


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
