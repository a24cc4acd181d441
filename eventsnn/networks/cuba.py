"""The current-based benchmark network of Vogels and Abbott, as in Brette et al. (2007).

3,200 excitatory and 800 inhibitory leaky integrate-and-fire neurons with exponential synaptic
currents; each pair is connected with probability 2 %. There is no input: the resting potential lies
above the threshold. It fires irregularly at 5 to 6 Hz.

=======================  =========  ==============================================
parameter                value      where
=======================  =========  ==============================================
membrane time constant   20 ms      [2]_, appendix B, benchmark 2
resting potential        -49 mV     [2]_
threshold, reset         -50, -60   [2]_
refractory period        5 ms       [2]_
synaptic time constants  5, 10 ms   excitation, inhibition [2]_
weights                  1.62, -9   mV, 60 * 0.27 / 10 and -20 * 4.5 / 10 [2]_
delay                    0.1 ms     one step, the least that NEST's version of it has
=======================  =========  ==============================================

References
----------
.. [1] Vogels, Abbott, J. Neurosci. 25, 10786 (2005).
.. [2] Brette et al., J. Comput. Neurosci. 23, 349 (2007).
"""

from eventsnn.core import check, random
from eventsnn.neurons import LIFExcInhParameters
from eventsnn.simulate import Network
from eventsnn.simulate.population import MOST

PARAMETERS = LIFExcInhParameters(
    tau_syn_exc_inv=1 / 5e-3, tau_syn_inh_inv=1 / 10e-3, tau_mem_inv=1 / 20e-3,  # 1/s
    v_leak=-49.0, v_th=-50.0, v_reset=-60.0)  # mV
REFRACTORY = 5e-3  # s
WEIGHT_EXC, WEIGHT_INH = 1.62, -9.0  # mV
PROBABILITY, EXCITATORY = 0.02, 0.8
DELAY = 1e-4  # s


def cuba(neurons: int = 4000, dt: float = 1e-4, seed: int = 0, threads: int = 1,
         device: str = "cpu") -> Network:
    """Make the network, with populations ``"exc"`` and ``"inh"``.

    Parameters
    ----------
    neurons : int
        Number of neurons. The number of synapses a neuron has stays at 80, and so does the rate.
    dt : float
        Step, s; also the delay where it is longer than 0.1 ms.
    seed : int
        Of connections and initial potentials, which are uniform between reset and threshold.
    threads : int
        Most threads to use.
    device : {"cpu", "cuda"}
        Where to run.

    Examples
    --------
    >>> net = cuba(seed=1)
    >>> spikes = net.record(net.populations["exc"], "spikes")
    >>> net.run(0.2)
    >>> 2 < len(spikes.times) / 3200 / 0.2 < 20
    True
    """
    neurons = check.integer("neurons", neurons, least=100, most=MOST)
    net = Network(dt, seed, threads, device)
    n_exc = round(EXCITATORY * neurons)
    rng = random.generator(seed, random.INITIAL_STATE)
    v = rng.uniform(PARAMETERS.v_reset, PARAMETERS.v_th, neurons)
    exc = net.population("exc", n_exc, PARAMETERS, refractory=REFRACTORY, initial={"v": v[:n_exc]})
    inh = net.population("inh", neurons - n_exc, PARAMETERS, refractory=REFRACTORY,
                         initial={"v": v[n_exc:]})
    for pre, weight, channel in ((exc, WEIGHT_EXC, "exc"), (inh, WEIGHT_INH, "inh")):
        for post in (exc, inh):
            net.connect(pre, post, probability=probability(neurons), weight=weight,
                        channel=channel, delay=max(DELAY, dt))
    return net


def probability(neurons: int) -> float:
    """Of a connection, such that a neuron has the 80 synapses that 2 % of 4,000 are."""
    return min(1.0, PROBABILITY * 4000 / neurons)
