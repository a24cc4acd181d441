"""What NEST's plastic synapses do with given spikes; prints JSON. Run with a Python that has NEST.

One synapse between two parrots that repeat given spikes; each weight that a spike brings is noted.
"""

import json

import nest
import numpy as np

DT, DELAY = 0.1, 1.5  # ms
STDP = {
    "additive": ("stdp_synapse", {"mu_plus": 0.0, "mu_minus": 0.0}),
    "multiplicative": ("stdp_synapse", {"mu_plus": 1.0, "mu_minus": 1.0}),
    "between": ("stdp_synapse", {"mu_plus": 0.4, "mu_minus": 0.7, "tau_plus": 15.0}),
    "nearest": ("stdp_nn_symm_synapse", {"mu_plus": 0.0, "mu_minus": 0.0}),
}
TSODYKS = {
    "depressing": {"U": 0.5, "tau_rec": 800.0, "tau_fac": 1e-3},
    "facilitating": {"U": 0.1, "tau_rec": 100.0, "tau_fac": 1000.0},
}


def bring(model, parameters, pre, post):
    """The weights that the spikes of `pre` bring; spikes in ms."""
    nest.ResetKernel()
    nest.set_verbosity("M_ERROR")
    nest.resolution = DT
    recorder = nest.Create("weight_recorder")
    nest.CopyModel(model, "mine", {"weight_recorder": recorder})
    generators = nest.Create("spike_generator", 2)
    for generator, times in zip(generators, (pre, post)):
        generator.spike_times = list(times - 1.0)  # it takes 1 ms to the parrot
    parrots = nest.Create("parrot_neuron", 2)
    if "tau_minus" in parameters:
        parameters = dict(parameters)
        parrots[1].tau_minus = parameters.pop("tau_minus")
    nest.Connect(generators, parrots, "one_to_one", {"delay": 1.0})
    nest.Connect(parrots[0], parrots[1], syn_spec={
        "synapse_model": "mine", "delay": DELAY, "receptor_type": 1, **parameters})
    nest.Simulate(1100.0)
    return list(recorder.get("events", "weights"))


def steps(rng, rate):
    """A Poisson train in whole steps up to 1 s, from 2 ms on."""
    return np.flatnonzero(rng.random(10_000) < rate * DT * 1e-3)[1:] + 20


def main():
    """Print trains, parameters and weights."""
    rng = np.random.default_rng(7)
    found = {"nest": nest.__version__, "dt": DT, "delay": DELAY, "stdp": {}, "tsodyks": {}}
    for name, (model, extra) in STDP.items():
        pre, post = steps(rng, 40.0), steps(rng, 40.0)
        # Some that coincide where they meet, at the synapse.
        post = np.unique(np.concatenate([post, pre[5::5] - round(DELAY / DT)]))
        # Of a spike before the first of the source, nearest-neighbour synapses of NEST think that
        # it pairs with one at time 0.
        post = post[post > pre[0]]
        p = {"weight": 0.8, "Wmax": 2.0, "lambda": 0.02, "alpha": 1.1, "tau_plus": 20.0,
             "tau_minus": 25.0, **extra}
        found["stdp"][name] = {"pre": pre.tolist(), "post": post.tolist(), "parameters": p,
                               "weights": bring(model, p, pre * DT, post * DT)}
    for name, p in TSODYKS.items():
        pre, p = steps(rng, 30.0), {"weight": 1.0, "u": p["U"], "x": 1.0, **p}
        found["tsodyks"][name] = {"pre": pre.tolist(), "parameters": p,
                                  "weights": bring("tsodyks2_synapse", p, pre * DT,
                                                   np.array([2.0]))}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
