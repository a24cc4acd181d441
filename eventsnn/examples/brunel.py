"""Brunel's network of delta synapses, step by step; time in s, potentials in mV above rest.

Run ``python -m eventsnn.examples.brunel``; ``main(g=3, eta=2)``, ``(6, 4)`` and ``(4.5, 0.9)`` show
its other regimes. `eventsnn.networks.brunel` tells where the numbers are from.
"""

import numpy as np

from eventsnn.examples.summary import summarise
from eventsnn.neurons import LIFBoxParameters
from eventsnn.simulate import FixedInDegree, Network


def main(seconds: float = 0.5, picture: str | None = "brunel.png", seed: int = 1, g: float = 5.0,
         eta: float = 2.0, neurons: int = 12_500) -> None:
    """Run the network for `seconds`, print rates, and draw its spikes to `picture`."""
    net = Network(dt=1e-4, seed=seed)
    rng = np.random.default_rng(seed)
    n_exc, n_inh = 4 * neurons // 5, neurons // 5

    neuron = LIFBoxParameters(tau_mem_inv=1 / 20e-3, v_th=20.0, v_reset=10.0)
    exc = net.population("exc", n_exc, neuron, refractory=2e-3,
                         initial={"v": rng.uniform(0, 20, n_exc)})
    inh = net.population("inh", n_inh, neuron, refractory=2e-3,
                         initial={"v": rng.uniform(0, 20, n_inh)})

    weight = 0.1 * 12_500 / neurons  # mV; mean input is the same for networks of any size
    jump = weight * 20e-3 / net.dt  # a current of this size for one step moves v by `weight`
    for post in (exc, inh):
        net.connect(exc, post, FixedInDegree(n_exc // 10), weight=jump, delay=1.4e-3)
        net.connect(inh, post, FixedInDegree(n_inh // 10), weight=-g * jump, delay=1.4e-3)
        net.poisson(post, rate=eta * 20.0 / (weight * 20e-3), weight=jump)

    recorded = {q.name: net.record(q, "spikes") for q in (exc, inh)}
    net.run(seconds)
    summarise(net, recorded, picture)


if __name__ == "__main__":
    main()
