"""Potjans and Diesmann's microcircuit, a tenth of it, step by step; time in s, potentials in mV.

Run ``python -m eventsnn.examples.microcircuit``. `eventsnn.networks.microcircuit` tells where the
numbers are from, and makes the same with exact steps and clipped weights.
"""

import numpy as np

from eventsnn.examples.summary import summarise
from eventsnn.networks import microcircuit_tables as tables
from eventsnn.neurons import LIFParameters
from eventsnn.simulate import ClippedNormal, FixedTotalNumber, Network, Normal


def main(seconds: float = 0.5, picture: str | None = "microcircuit.png", seed: int = 1,
         scale: float = 0.1) -> None:
    """Run the network for `seconds`, print rates, and draw its spikes to `picture`."""
    net = Network(dt=1e-4, seed=seed)
    rng = np.random.default_rng(seed)
    # Fewer synapses are stronger ones, and a direct current brings the mean that is lacking.
    unit = tables.RESISTANCE / np.sqrt(scale)  # pA -> mV
    direct = tables.direct_current(scale, poisson=True) * tables.RESISTANCE

    neuron = LIFParameters(tau_syn_inv=1 / 0.5e-3, tau_mem_inv=1 / 10e-3, v_leak=-65.0,
                           v_th=-50.0, v_reset=-65.0)
    for name, size in tables.SIZES.items():
        net.population(name, round(scale * size), neuron, refractory=2e-3,
                       initial={"v": rng.normal(-58, 10, round(scale * size))})

    layers = list(net.populations.values())
    for k, post in enumerate(layers):
        net.constant(post, direct[k] * net.dt * neuron.tau_syn_inv)
        net.poisson(post, rate=8.0 * scale * float(tables.EXTERNAL_IN_DEGREES[k]),
                    weight=unit * tables.current_of(0.15))
        for j, pre in enumerate(layers):
            weight = unit * tables.weights()[k, j]
            delay = (1.5e-3, 0.75e-3) if pre.name.endswith("E") else (0.8e-3, 0.4e-3)
            net.connect(pre, post, FixedTotalNumber(
                round(scale**2 * tables.synapse_numbers()[k, j])),
                weight=Normal(weight, 0.1 * abs(weight)), delay=ClippedNormal(*delay, low=net.dt))

    recorded = {q.name: net.record(q, "spikes") for q in layers}
    net.run(seconds)
    summarise(net, recorded, picture)


if __name__ == "__main__":
    main()
