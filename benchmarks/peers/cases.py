"""The networks compared: our command, the peers' script, and the parameters that it is given."""

from functools import partial
from importlib import import_module
from typing import Any, NamedTuple


class Case(NamedTuple):
    """One network."""

    script: str  # of the peers: <peer>_<script>.py
    command: list[Any]  # ours, after ``simulate``
    sizes: dict[str, int]  # of the populations
    parameters: dict[str, Any]  # of the peers' script; s, mV, Hz
    seconds: float
    make: Any = None  # of a seed, our network: where peers are to have its very connections


def _module(name):
    return import_module(f"eventsnn.networks.{name}")  # the package's attribute is the function


def _vogels_abbott(name, rest, threshold, reset, neurons):
    module, sizes = _module(name), {"exc": neurons * 4 // 5, "inh": neurons // 5}
    return Case("vogels_abbott", [name, "--neurons", neurons], sizes, {
        "network": name, "n_exc": sizes["exc"], "n_inh": sizes["inh"], "v_rest": rest,
        "v_th": threshold, "v_reset": reset, "weight_exc": module.WEIGHT_EXC,
        "weight_inh": module.WEIGHT_INH, "delay": 1e-4}, 10.0,
        lambda seed: getattr(module, name)(neurons, seed=seed))


def cuba(neurons=4000):
    p = _module("cuba").PARAMETERS
    return _vogels_abbott("cuba", p.v_leak, p.v_th, p.v_reset, neurons)


def coba(neurons=4000):
    m = _module("coba")
    case = _vogels_abbott("coba", m.V_REST, m.V_THRESH, m.V_RESET, neurons)
    return case._replace(parameters=case.parameters | {"start": m.START})


def brunel(spread=0.0):
    m, sizes = _module("brunel"), {"exc": 10_000, "inh": 2500}
    g, eta = m.REGIMES["AI"]
    return Case("brunel", ["brunel", "--spread", spread], sizes, {
        "spread": spread,
        "n_exc": sizes["exc"], "n_inh": sizes["inh"], "in_degree_exc": 1000, "in_degree_inh": 250,
        "g": g, "weight": m.WEIGHT, "delay": m.DELAY,
        "external_rate": eta * m.V_TH / (m.WEIGHT * m.TAU_MEM)}, 1.0)


def microcircuit():
    m, scale = _module("microcircuit_tables"), 0.1
    return Case("microcircuit", ["microcircuit", "--scale", scale],
                {name: round(scale * n) for name, n in m.SIZES.items()}, {
        "scale": scale, "sizes": m.SIZES, "probabilities": m.PROBABILITIES.tolist(),
        "external_in_degrees": m.EXTERNAL_IN_DEGREES.tolist(), "rates": m.RATES.tolist(),
        "initial": m.INITIAL["optimised"]}, 1.0)


CASES = {"cuba": cuba, "coba": coba, "cuba-20000": partial(cuba, 20_000),
         "coba-20000": partial(coba, 20_000), "brunel": brunel, "brunel-own": partial(brunel, 0.1),
         "microcircuit": microcircuit}
