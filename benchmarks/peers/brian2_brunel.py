"""Brunel's network in Brian2, with the input, too, lost to neurons that are refractory."""

import numpy as np
from brian2 import NeuronGroup, SpikeMonitor, Synapses, defaultclock, ms, mV, second
from brian2_common import build_and_run, pause, spikes, standalone
from common import Clock, parameters, save

p, out = parameters()
clock = Clock()
standalone(p)
defaultclock.dt = p["dt"] * second
constants = {"tau": 20 * ms, "J": p["weight"] * mV, "g": p["g"],
             "events": p["external_rate"] * p["dt"]}
groups, inputs = {}, []
for name in ("exc", "inh"):
    group = NeuronGroup(p[f"n_{name}"], "dv/dt = -v / tau : volt (unless refractory)",
                        threshold="v > 20 * mV", reset="v = 10 * mV", refractory=pause(p, 2e-3),
                        method="exact", namespace=constants)
    group.v = "rand() * 20 * mV"
    # After the membrane has moved, before the threshold: as the jumps of the other simulators.
    inputs.append(group.run_regularly("v += J * poisson(events) * int(not_refractory)",
                                      when="after_groups"))
    groups[name] = group
rng, synapses = np.random.default_rng(p["seed"]), []
own = p["spread"]  # whether synapses have a weight and a delay each
jumps = ("v += w", "v -= w") if own else ("v += J", "v -= g * J")
for pre, jump in zip(("exc", "inh"), jumps):
    for post, n in (("exc", p["n_exc"]), ("inh", p["n_inh"])):
        s = Synapses(groups[pre], groups[post], "w : volt" if own else "", on_pre=jump,
                     namespace=constants, **({} if own else {"delay": p["delay"] * second}))
        degree = p[f"in_degree_{pre}"]
        s.connect(i=rng.integers(0, p[f"n_{pre}"], n * degree), j=np.repeat(np.arange(n), degree))
        if own:
            mean = p["weight"] * (1 if pre == "exc" else p["g"])
            s.w = rng.normal(mean, own * mean, n * degree).clip(0) * mV
            s.delay = rng.normal(p["delay"], own * p["delay"], n * degree).clip(p["dt"]) * second
        synapses.append(s)
monitors = {name: SpikeMonitor(group) for name, group in groups.items()} if p["record"] else {}
wiring = clock.lap()
times = build_and_run(p, *groups.values(), *synapses, *monitors.values())
save(out, spikes(monitors), **times | {"build_s": wiring + times["build_s"]})
