"""Vogels and Abbott's network with current synapses, step by step; time in s, potentials in mV.

Run ``python -m eventsnn.examples.cuba``. `eventsnn.networks.cuba` tells where the numbers are from.
"""

import numpy as np

from eventsnn.examples.summary import summarise
from eventsnn.neurons import LIFExcInhParameters
from eventsnn.simulate import FixedProbability, Network


def main(seconds: float = 2.0, picture: str | None = "cuba.png", seed: int = 1) -> None:
    """Run the network for `seconds`, print rates, and draw its spikes to `picture`."""
    net = Network(dt=1e-4, seed=seed)
    rng = np.random.default_rng(seed)

    # Rest lies above the threshold, so the neurons fire with no input from outside.
    neuron = LIFExcInhParameters(tau_syn_exc_inv=1 / 5e-3, tau_syn_inh_inv=1 / 10e-3,
                                 tau_mem_inv=1 / 20e-3, v_leak=-49.0, v_th=-50.0, v_reset=-60.0)
    exc = net.population("exc", 3200, neuron, refractory=5e-3,
                         initial={"v": rng.uniform(-60, -50, 3200)})
    inh = net.population("inh", 800, neuron, refractory=5e-3,
                         initial={"v": rng.uniform(-60, -50, 800)})

    for post in (exc, inh):
        net.connect(exc, post, FixedProbability(0.02), weight=1.62, delay=1e-4, channel="exc")
        net.connect(inh, post, FixedProbability(0.02), weight=-9.0, delay=1e-4, channel="inh")

    recorded = {q.name: net.record(q, "spikes") for q in (exc, inh)}
    net.run(seconds)
    summarise(net, recorded, picture)


if __name__ == "__main__":
    main()
