"""cuba and coba in GeNN: cuba by its exact solution, coba by exponential Euler steps."""

import math

import numpy as np
from common import Clock, parameters, save
from genn_common import FED, build_and_run, connect, model, steps
from pygenn import create_neuron_model, init_weight_update

E_EXC, E_INH, TAU, TAU_EXC, TAU_INH = 0.0, -80.0, 20.0, 5.0, 10.0  # mV, ms
CUBA = "V = El + keep * (V - El) + by_exc * g_exc + by_inh * g_inh;"
COBA = """const scalar total = 1.0 + g_exc + g_inh;
        const scalar limit = (El + by_exc * g_exc + by_inh * g_inh) / total;
        V = limit + (V - limit) * exp(-keep * total);"""
STEP = """
    g_exc += in_exc;
    g_inh += in_inh;
    if (pause > 0.0) {
        pause -= 1.0;
    } else {
        %s
    }
    g_exc *= keep_exc;
    g_inh *= keep_inh;
"""

p, out = parameters()
clock, cuba, dt = Clock(), p["network"] == "cuba", 1e3 * p["dt"]
neuron = create_neuron_model(
    p["network"], params=["El", "Vt", "Vr", "keep", "keep_exc", "keep_inh", "by_exc", "by_inh",
                          "held"],
    vars=[(name, "scalar") for name in ("V", "g_exc", "g_inh", "pause")],
    additional_input_vars=FED, sim_code=STEP % (CUBA if cuba else COBA),
    threshold_condition_code="V > Vt", reset_code="V = Vr; pause = held;")


def by(tau):
    """What a current of 1 does to the potential in a step, in which it decays."""
    return tau / (tau - TAU) * (math.exp(-dt / tau) - math.exp(-dt / TAU))


constants = {"El": p["v_rest"], "Vt": p["v_th"], "Vr": p["v_reset"], "held": float(steps(p, 5e-3)),
             "keep": math.exp(-dt / TAU) if cuba else dt / TAU,
             "keep_exc": math.exp(-dt / TAU_EXC), "keep_inh": math.exp(-dt / TAU_INH),
             "by_exc": by(TAU_EXC) if cuba else E_EXC, "by_inh": by(TAU_INH) if cuba else E_INH}
made, rng, groups = model(p, p["network"]), np.random.default_rng(p["seed"]), {}
for name in ("exc", "inh"):
    n = p[f"n_{name}"]
    start = {"V": rng.uniform(p["v_reset"], p["v_th"], n), "g_exc": 0.0, "g_inh": 0.0, "pause": 0.0}
    if not cuba:
        drawn = {key: rng.normal(mean, spread, n) for key, (mean, spread) in p["start"].items()}
        start |= {"V": drawn["v"], "g_exc": drawn["g_e"].clip(0), "g_inh": drawn["g_i"].clip(0)}
    groups[name] = made.add_neuron_population(name, n, neuron, constants, start)
wiring = np.load(p["wiring"])
for pre in groups:
    for post in groups:
        synapses = connect(
            made, groups, pre, post,
            init_weight_update("StaticPulseConstantWeight", {"g": p[f"weight_{pre}"]}),
            *(wiring[f"{pre}_{post}_{ends}"].astype(np.int64) for ends in ("sources", "targets")))
        synapses.axonal_delay_steps = steps(p, p["delay"]) - 1
spikes, times = build_and_run(p, made, groups, clock)
save(out, spikes, **times)
