"""Brunel's network in GeNN; what comes in while a neuron is refractory is lost."""

import math

import numpy as np
from common import Clock, parameters, save
from genn_common import FED, build_and_run, connect, model, steps
from pygenn import create_neuron_model, init_weight_update

STEP = """
    if (pause > 0.0) {
        pause -= 1.0;
    } else {
        scalar events = 0.0;
        scalar left = gennrand_uniform();
        while (left > none) {
            events += 1.0;
            left *= gennrand_uniform();
        }
        V = keep * V + J * events + in_exc + in_inh;
    }
"""

p, out = parameters()
clock = Clock()
neuron = create_neuron_model(
    "brunel", params=["keep", "J", "none", "held"], vars=[("V", "scalar"), ("pause", "scalar")],
    additional_input_vars=FED, sim_code=STEP, threshold_condition_code="V > 20.0",
    reset_code="V = 10.0; pause = held;")
constants = {"keep": math.exp(-p["dt"] / 20e-3), "J": p["weight"], "held": float(steps(p, 2e-3)),
             "none": math.exp(-p["external_rate"] * p["dt"])}
made, rng, groups = model(p, "brunel"), np.random.default_rng(p["seed"]), {}
for name in ("exc", "inh"):
    n = p[f"n_{name}"]
    groups[name] = made.add_neuron_population(name, n, neuron, constants,
                                              {"V": rng.uniform(0.0, 20.0, n), "pause": 0.0})
for pre, sign in (("exc", 1.0), ("inh", -p["g"])):
    for post in groups:
        n, degree = p[f"n_{post}"], p[f"in_degree_{pre}"]
        ends = rng.integers(0, p[f"n_{pre}"], n * degree), np.repeat(np.arange(n), degree)
        if not p["spread"]:
            weights = init_weight_update("StaticPulseConstantWeight", {"g": sign * p["weight"]})
            connect(made, groups, pre, post, weights, *ends).axonal_delay_steps = steps(
                p, p["delay"]) - 1
            continue
        size = rng.normal(1.0, p["spread"], n * degree).clip(0)
        late = rng.normal(p["delay"], p["spread"] * p["delay"], n * degree).clip(p["dt"])
        late = np.rint(late / p["dt"]).astype(np.uint8) - 1  # a step passes anyway
        weights = init_weight_update("StaticPulseDendriticDelay", {},
                                     {"g": sign * p["weight"] * size, "d": late})
        connect(made, groups, pre, post, weights, *ends).max_dendritic_delay_timesteps = int(
            late.max()) + 1
spikes, times = build_and_run(p, made, groups, clock)
save(out, spikes, **times)
