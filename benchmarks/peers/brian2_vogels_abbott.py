"""cuba and coba in Brian2."""

import numpy as np
from brian2 import NeuronGroup, SpikeMonitor, Synapses, defaultclock, ms, mV, second
from brian2_common import build_and_run, pause, spikes, standalone
from common import parameters, save

p, out = parameters()
standalone(p)
defaultclock.dt = p["dt"] * second
constants = {"El": p["v_rest"] * mV, "Vt": p["v_th"] * mV, "Vr": p["v_reset"] * mV,
             "Ee": 0 * mV, "Ei": -80 * mV, "taum": 20 * ms, "taue": 5 * ms, "taui": 10 * ms,
             "we": p["weight_exc"], "wi": p["weight_inh"]}
CUBA = """dv/dt = (ge + gi - (v - El)) / taum : volt (unless refractory)
dge/dt = -ge / taue : volt
dgi/dt = -gi / taui : volt"""
COBA = """dv/dt = (ge * (Ee - v) + gi * (Ei - v) - (v - El)) / taum : volt (unless refractory)
dge/dt = -ge / taue : 1
dgi/dt = -gi / taui : 1"""
cuba = p["network"] == "cuba"
unit, method = ("* mV", "exact") if cuba else ("", "exponential_euler")
groups = {name: NeuronGroup(p[f"n_{name}"], CUBA if cuba else COBA, threshold="v > Vt",
                            reset="v = Vr", refractory=pause(p, 5e-3), method=method,
                            namespace=constants) for name in ("exc", "inh")}
synapses, wiring = [], np.load(p["wiring"])
for pre, jump in (("exc", f"ge += we {unit}"), ("inh", f"gi += wi {unit}")):
    for post in groups:
        s = Synapses(groups[pre], groups[post], on_pre=jump, namespace=constants,
                     delay=p["delay"] * second)
        s.connect(i=wiring[f"{pre}_{post}_sources"], j=wiring[f"{pre}_{post}_targets"])
        synapses.append(s)
for group in groups.values():
    if cuba:
        group.v = "Vr + rand() * (Vt - Vr)"
        continue
    start = {name: f"({mean} + {spread} * randn())" for name, (mean, spread) in p["start"].items()}
    group.v = f"{start['v']} * mV"
    group.ge, group.gi = f"clip({start['g_e']}, 0, 1e9)", f"clip({start['g_i']}, 0, 1e9)"
monitors = {name: SpikeMonitor(group) for name, group in groups.items()} if p["record"] else {}
times = build_and_run(p, *groups.values(), *synapses, *monitors.values())
save(out, spikes(monitors), **times)
