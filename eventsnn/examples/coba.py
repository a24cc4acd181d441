"""Vogels and Abbott's network with conductances, step by step; time in s, potentials in mV.

Run ``python -m eventsnn.examples.coba``. `eventsnn.networks.coba` tells where the numbers are from.
"""

import numpy as np

from eventsnn.examples.summary import summarise
from eventsnn.neurons import CobaLIFParameters
from eventsnn.simulate import FixedProbability, Network


def main(seconds: float = 2.0, picture: str | None = "coba.png", seed: int = 1) -> None:
    """Run the network for `seconds`, print rates, and draw its spikes to `picture`."""
    net = Network(dt=1e-4, seed=seed)
    rng = np.random.default_rng(seed)

    # Conductances are in units of the leak's, so c_m_inv is the inverse membrane time constant.
    neuron = CobaLIFParameters(tau_syn_exc_inv=1 / 5e-3, tau_syn_inh_inv=1 / 10e-3,
                               c_m_inv=1 / 20e-3, g_l=1.0, e_rev_E=0.0, e_rev_I=-80.0,
                               v_rest=-60.0, v_thresh=-50.0, v_reset=-60.0)
    exc, inh = (net.population(name, n, neuron, refractory=5e-3, initial={
        "v": rng.normal(-68, 5, n),
        "g_e": np.maximum(rng.normal(2, 3, n), 0),  # the network lives on what it starts with
        "g_i": np.maximum(rng.normal(20, 20, n), 0)}) for name, n in (("exc", 3200), ("inh", 800)))

    for post in (exc, inh):
        net.connect(exc, post, FixedProbability(0.02), weight=0.6, delay=1e-4, channel="exc")
        net.connect(inh, post, FixedProbability(0.02), weight=6.7, delay=1e-4, channel="inh")

    recorded = {q.name: net.record(q, "spikes") for q in (exc, inh)}
    net.run(seconds)
    summarise(net, recorded, picture)


if __name__ == "__main__":
    main()
