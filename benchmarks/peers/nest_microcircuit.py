"""The microcircuit in NEST, from the tables alone: synapse numbers, weights and direct currents."""

import nest
import numpy as np
from common import Clock, parameters, save
from nest_common import kernel, record, spikes

TAU_M, TAU_S, C_M = 10.0, 0.5, 250.0  # ms, ms, pF

p, out = parameters()
clock = Clock()
kernel(p)
scale, names = p["scale"], list(p["sizes"])
full = np.array([p["sizes"][name] for name in names], float)
synapses = np.log(1 - np.array(p["probabilities"])) / np.log(1 - 1 / np.outer(full, full))

peak = TAU_M * TAU_S / (TAU_M - TAU_S) * np.log(TAU_M / TAU_S)  # ms; when the potential peaks
psp = TAU_M * TAU_S / (TAU_M - TAU_S) / C_M * (np.exp(-peak / TAU_M) - np.exp(-peak / TAU_S))
weight = 0.15 / psp  # pA
weights = weight * np.tile([1.0, -4.0], (8, 4))
weights[names.index("L23E"), names.index("L4E")] *= 2
external = np.array(p["external_in_degrees"])
lacking = 1 - np.sqrt(scale)
direct = 1e-3 * TAU_S * lacking * (
    (weights * synapses / full[:, None]) @ p["rates"] + 8.0 * weight * external)

neuron = {"tau_m": TAU_M, "C_m": C_M, "tau_syn_ex": TAU_S, "tau_syn_in": TAU_S, "E_L": -65.0,
          "V_th": -50.0, "V_reset": -65.0, "t_ref": 2.0}
populations = {}
for k, name in enumerate(names):
    cells = nest.Create("iaf_psc_exp", round(scale * full[k]), neuron | {"I_e": direct[k]})
    cells.V_m = nest.random.normal(p["initial"][0][k], p["initial"][1][k])
    noise = nest.Create("poisson_generator", params={"rate": 8.0 * scale * external[k]})
    nest.Connect(noise, cells, syn_spec={"weight": weight / np.sqrt(scale), "delay": 1.5})
    populations[name] = cells
dt = 1e3 * p["dt"]
for k, post in enumerate(names):
    for j, pre in enumerate(names):
        n, mean = round(scale**2 * synapses[k, j]), weights[k, j] / np.sqrt(scale)
        if n == 0:
            continue
        delay = (1.5, 0.75) if pre.endswith("E") else (0.8, 0.4)
        sign = {"min": 0.0, "max": np.inf} if mean > 0 else {"min": -np.inf, "max": 0.0}
        nest.Connect(populations[pre], populations[post], {"rule": "fixed_total_number", "N": n}, {
            "weight": nest.math.redraw(nest.random.normal(mean, 0.1 * abs(mean)), **sign),
            "delay": nest.math.redraw(nest.random.normal(*delay), min=dt, max=np.inf)})
recorders = record(populations) if p["record"] else {}
nest.Prepare()
build = clock.lap()
nest.Run(1e3 * p["seconds"])
sim = clock.lap()
save(out, spikes(populations, recorders) if recorders else {}, build_s=build, sim_s=sim)
