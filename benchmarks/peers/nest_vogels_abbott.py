"""cuba and coba in NEST: the latter's conductances and potential by an adaptive method."""

import nest
import numpy as np
from common import Clock, parameters, save
from nest_common import kernel, record, spikes

p, out = parameters()
clock = Clock()
kernel(p)
shared = {"E_L": p["v_rest"], "V_th": p["v_th"], "V_reset": p["v_reset"], "t_ref": 5.0,
          "tau_syn_ex": 5.0, "tau_syn_in": 10.0}
v = nest.random.uniform(p["v_reset"], p["v_th"])
if p["network"] == "cuba":  # with C = tau_m = 20, a current in pA is one in mV
    model, own = "iaf_psc_exp", {"tau_m": 20.0, "C_m": 20.0}
    weights = p["weight_exc"], p["weight_inh"]
else:
    model, own = "iaf_cond_exp", {"C_m": 200.0, "g_L": 10.0, "E_ex": 0.0, "E_in": -80.0}
    weights = 10 * p["weight_exc"], -10 * p["weight_inh"]  # nS
populations = {name: nest.Create(model, p[f"n_{name}"], shared | own) for name in ("exc", "inh")}
for cells in populations.values():
    cells.V_m = v
    if p["network"] == "coba":
        cells.V_m = nest.random.normal(*p["start"]["v"])
        for name, own in (("g_ex", "g_e"), ("g_in", "g_i")):
            mean, spread = p["start"][own]
            cells.set({name: nest.math.max(nest.random.normal(10 * mean, 10 * spread), 0.0)})
with np.load(p["wiring"]) as synapses:
    for (pre, sources), weight in zip(populations.items(), weights):
        for post, targets in populations.items():
            pairs = [q[0].global_id + synapses[f"{pre}_{post}_{end}"]
                     for q, end in ((sources, "sources"), (targets, "targets"))]
            each = np.ones(len(pairs[0]))
            nest.Connect(*pairs, "one_to_one", {"weight": weight * each,
                                                "delay": 1e3 * p["delay"] * each})
recorders = record(populations) if p["record"] else {}
nest.Prepare()
build = clock.lap()
nest.Run(1e3 * p["seconds"])
sim = clock.lap()
save(out, spikes(populations, recorders) if recorders else {}, build_s=build, sim_s=sim)
