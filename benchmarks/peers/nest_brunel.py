"""Brunel's network in NEST: what comes in while a neuron is refractory is lost, as in ours."""

import nest
from common import Clock, parameters, save
from nest_common import kernel, record, spikes

p, out = parameters()
clock = Clock()
kernel(p)


def spread(mean):
    """Each synapse's own number about the mean, if they are to differ."""
    return nest.random.normal(mean, p["spread"] * abs(mean)) if p["spread"] else mean


neuron = {"tau_m": 20.0, "C_m": 1.0, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "t_ref": 2.0}
populations = {name: nest.Create("iaf_psc_delta", p[f"n_{name}"], neuron)
               for name in ("exc", "inh")}
noise = nest.Create("poisson_generator", params={"rate": p["external_rate"]})
for post in populations.values():
    post.V_m = nest.random.uniform(0.0, 20.0)
    for name, pre in populations.items():
        nest.Connect(pre, post, {"rule": "fixed_indegree", "indegree": p[f"in_degree_{name}"]},
                     {"weight": spread(p["weight"] * (1 if name == "exc" else -p["g"])),
                      "delay": nest.math.max(spread(1e3 * p["delay"]), 2e3 * p["dt"])
                      if p["spread"] else 1e3 * p["delay"]})
    nest.Connect(noise, post, syn_spec={"weight": p["weight"], "delay": 1e3 * p["delay"]})
recorders = record(populations) if p["record"] else {}
nest.Prepare()
build = clock.lap()
nest.Run(1e3 * p["seconds"])
sim = clock.lap()
save(out, spikes(populations, recorders) if recorders else {}, build_s=build, sim_s=sim)
