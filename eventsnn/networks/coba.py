"""The conductance-based benchmark network of Vogels and Abbott, as in Brette et al. (2007).

3,200 excitatory and 800 inhibitory leaky integrate-and-fire neurons with exponential synaptic
conductances; each pair is connected with probability 2 %. There is no input: conductances
like those of an active network start it, and it keeps itself going at 19 Hz, in bursts.

=======================  =========  ==============================================
parameter                value      where
=======================  =========  ==============================================
membrane time constant   20 ms      200 pF / 10 nS [2]_, appendix B, benchmark 1
resting potential        -60 mV     [2]_
threshold, reset         -50, -60   mV [2]_
refractory period        5 ms       [2]_
reversal potentials      0, -80     mV, excitation, inhibition [2]_
synaptic time constants  5, 10 ms   excitation, inhibition [2]_
weights                  0.6, 6.7   6 and 67 nS [2]_ by the leak conductance, 10 nS
delay                    0.1 ms     one step, as in `eventsnn.networks.cuba`
=======================  =========  ==============================================

Conductances are in units of the leak's. How [2]_ starts the network, by a stimulus of 50 ms, is
left open there. Here potentials and conductances are drawn from wide normal distributions (`START`;
conductances are cut off at 0), so that neurons join in one after the other: 100 of 100 networks
went on, while of those that start from the means and deviations of a running network a fifth fire
one common volley and fall silent. A network's rate is its own, 19 +- 1 Hz over the draws of
connections.

The conductances decay exactly, and what acts in a step is their mean over it (see `propagators`);
the membrane is forward Euler, of first order. On the same connections the rate at 0.1 ms is that at
0.025 ms to 0.06 +- 0.06 Hz; with conductances as they are at the end of a step it would be 0.20 +-
0.07 Hz less (twelve networks, 6 s each; `benchmarks/bench_steps.py`).

References
----------
.. [1] Vogels, Abbott, J. Neurosci. 25, 10786 (2005).
.. [2] Brette et al., J. Comput. Neurosci. 23, 349 (2007).
"""

import numpy as np

from eventsnn.core import check, random
from eventsnn.networks.cuba import DELAY, EXCITATORY, REFRACTORY, probability
from eventsnn.networks.propagators import exact_rate, mean_weight
from eventsnn.neurons import CobaLIFParameters
from eventsnn.simulate import Network
from eventsnn.simulate.population import MOST

TAU_MEM, TAU_EXC, TAU_INH = 20e-3, 5e-3, 10e-3  # s
V_REST, V_THRESH, V_RESET, E_EXC, E_INH = -60.0, -50.0, -60.0, 0.0, -80.0  # mV
WEIGHT_EXC, WEIGHT_INH = 0.6, 6.7  # leak conductances
START = {"v": (-68.0, 5.0), "g_e": (2.0, 3.0), "g_i": (20.0, 20.0)}  # means, deviations


def parameters(dt: float) -> CobaLIFParameters:
    """The neuron for steps of `dt`, s: conductances in units of the leak, potentials in mV."""
    return CobaLIFParameters(
        tau_syn_exc_inv=exact_rate(TAU_EXC, dt), tau_syn_inh_inv=exact_rate(TAU_INH, dt),
        c_m_inv=1 / TAU_MEM, g_l=1.0, e_rev_I=E_INH, e_rev_E=E_EXC, v_rest=V_REST,
        v_reset=V_RESET, v_thresh=V_THRESH)


def coba(neurons: int = 4000, dt: float = 1e-4, seed: int = 0, threads: int = 1,
         device: str = "cpu") -> Network:
    """Make the network, with populations ``"exc"`` and ``"inh"``.

    Parameters
    ----------
    neurons : int
        Number of neurons, at least 100. The number of synapses a neuron has stays at 80.
    dt : float
        Step, s; also the delay where it is longer than 0.1 ms.
    seed : int
        Of connections and initial states.
    threads : int
        Most threads to use.
    device : {"cpu", "cuda"}
        Where to run.

    Examples
    --------
    >>> net = coba(seed=1)
    >>> spikes = net.record(net.populations["exc"], "spikes")
    >>> net.run(0.2)
    >>> 5 < len(spikes.times) / 3200 / 0.2 < 60
    True
    """
    neurons = check.integer("neurons", neurons, least=100, most=MOST)
    net = Network(dt, seed, threads, device)
    p = parameters(net.dt)
    n_exc = round(EXCITATORY * neurons)
    rng = random.generator(seed, random.INITIAL_STATE)
    start = {name: rng.normal(*of, neurons) for name, of in START.items()}
    start |= {name: np.maximum(start[name], 0.0) for name in ("g_e", "g_i")}
    exc, inh = (net.population(name, stop - first, p, refractory=REFRACTORY,
                               initial={k: values[first:stop] for k, values in start.items()})
                for name, first, stop in (("exc", 0, n_exc), ("inh", n_exc, neurons)))
    for pre, weight, tau, channel in ((exc, WEIGHT_EXC, TAU_EXC, "exc"),
                                      (inh, WEIGHT_INH, TAU_INH, "inh")):
        for post in (exc, inh):
            net.connect(pre, post, probability=probability(neurons), channel=channel,
                        weight=weight * mean_weight(tau, net.dt), delay=max(DELAY, dt))
    return net
