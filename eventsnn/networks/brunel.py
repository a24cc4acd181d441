r"""Brunel's network of excitatory and inhibitory neurons with delta synapses (model A).

10,000 excitatory and 2,500 inhibitory leaky integrate-and-fire neurons. Each has 1,000 synapses
from the excitatory and 250 from the inhibitory ones, 10 % of either, drawn anew for each neuron,
and an excitatory Poisson input of its own. The strength of inhibition `g` and the rate of the input
`eta`, in units of the one that brings a neuron without recurrent input to threshold on average,
decide what the network does.

=========================  ==========  =========================================================
parameter                  value       where
=========================  ==========  =========================================================
membrane time constant     20 ms       [1]_, section 2
threshold, reset           20, 10 mV   above rest [1]_
refractory period          2 ms        [1]_
excitatory weight J        0.1 mV      figure 8 [1]_; of inhibition ``-g J``
delay                      1.5 ms      figure 8 [1]_
external input             C_E nu_ext  ``eta theta / (J tau)`` events a second, each of J [1]_
=========================  ==========  =========================================================

=======  ========  ===============================================  ==========================
regime   g, eta    what it is, figure 8 [1]_                        rate and rhythm, table 1
=======  ========  ===============================================  ==========================
SR       3, 2      synchronous, neurons fire regularly
SI-fast  6, 4      fast oscillation, neurons fire irregularly       60.7 Hz, 180 Hz
AI       5, 2      asynchronous, neurons fire irregularly           37.7 Hz
SI-slow  4.5, 0.9  slow oscillation, irregular at low rates         5.5 Hz, 22 Hz
=======  ========  ===============================================  ==========================

A spike moves the potential at once, by its weight; while a neuron is refractory what comes in is
lost, as in NEST's ``iaf_psc_delta``. Between spikes the step is exact (see `propagators`);
forward Euler at 0.1 ms would let potentials fall 0.25 % too fast and the rate of AI be 0.2 Hz less.
Potentials start uniformly between rest and threshold.

A network of another size keeps the probability of 10 % and, unless told otherwise, the mean input:
weights grow as in-degrees shrink, and fluctuations with their square root. A network of 100,000 has
10^9 synapses: as procedural ones they fit into any memory.

References
----------
.. [1] Brunel, J. Comput. Neurosci. 8, 183 (2000).
"""

import math

from eventsnn.core import check, random
from eventsnn.networks.propagators import exact_rate
from eventsnn.neurons import LIFBoxParameters
from eventsnn.simulate import ClippedNormal, FixedInDegree, FixedProbability, Network
from eventsnn.simulate.population import MOST

TAU_MEM, REFRACTORY, DELAY = 20e-3, 2e-3, 1.5e-3  # s
V_TH, V_RESET = 20.0, 10.0  # mV above rest
WEIGHT, IN_DEGREE = 0.1, 1250  # mV, at this in-degree
EXCITATORY, PROBABILITY = 0.8, 0.1
CONNECTIONS = ("in-degree", "probability", "procedural")
REGIMES = {"SR": (3.0, 2.0), "SI-fast": (6.0, 4.0), "SI-slow": (4.5, 0.9), "AI": (5.0, 2.0)}


def brunel(neurons: int = 12_500, regime: str = "AI", g: float | None = None,
           eta: float | None = None, in_degree: int | None = None, weight: float | None = None,
           delay: float = DELAY, spread: float = 0.0, connections: str = "in-degree",
           dt: float = 1e-4, seed: int = 0, threads: int = 1, device: str = "cpu") -> Network:
    """Make the network, with populations ``"exc"`` and ``"inh"``.

    Parameters
    ----------
    neurons : int
        Number of neurons, at least 100; four fifths are excitatory.
    regime : str
        ``"AI"``, ``"SR"``, ``"SI-fast"`` or ``"SI-slow"``: `g` and `eta` where they are not given.
    g : float, optional
        Weight of inhibition by that of excitation.
    eta : float, optional
        External rate by the one that reaches threshold.
    in_degree : int, optional
        Synapses of a neuron, four fifths of them excitatory; by default a tenth of `neurons`.
    weight : float, optional
        J, mV; by default 0.1 * 1250 / `in_degree`.
    delay : float
        Time from a spike to the jump that it causes, s; at least two steps.
    spread : float
        Standard deviation of weights and of delays, each synapse's own, as a share of the mean; 0
        as published. Weights keep their sign, and delays are at least two steps.
    connections : str
        ``"in-degree"``: each neuron has that many synapses; ``"probability"``: as many on average,
        each pair is connected independently; ``"procedural"``: the same network as that, whose
        synapses take no memory, since they are drawn anew for each spike.
    dt : float
        Step, s.
    seed : int
        Of connections, input and initial potentials.
    threads : int
        Most threads to use.
    device : {"cpu", "cuda"}
        Where to run.

    Examples
    --------
    >>> net = brunel(1250, seed=1)
    >>> spikes = net.record(net.populations["exc"], "spikes")
    >>> net.run(0.2)
    >>> 15 < len(spikes.times) / 1000 / 0.2 < 60
    True
    """
    neurons = check.integer("neurons", neurons, least=100, most=MOST)
    if regime not in REGIMES:
        raise check.unknown("regime", regime, REGIMES)
    g = check.number("g", REGIMES[regime][0] if g is None else g, least=0.0)
    eta = check.number("eta", REGIMES[regime][1] if eta is None else eta, least=0.0)
    in_degree = check.integer("in_degree", round(PROBABILITY * neurons) if in_degree is None
                              else in_degree, least=5, most=neurons - 2)
    weight = check.number("weight", WEIGHT * IN_DEGREE / in_degree if weight is None else weight,
                          above=0.0)
    net = Network(dt, seed, threads, device)
    p = parameters(net.dt)
    if check.number("delay", delay) < 1.5 * net.dt:
        raise check.must("delay", f"be at least two steps, {2 * net.dt:g} s", f"{delay:g} s")
    if connections not in CONNECTIONS:
        raise check.unknown("connections", connections, CONNECTIONS)
    check.number("spread", spread, least=0.0, most=1.0)
    n_exc, exc_degree = round(EXCITATORY * neurons), round(EXCITATORY * in_degree)
    v = random.generator(seed, random.INITIAL_STATE).uniform(0.0, V_TH, neurons)
    exc = net.population("exc", n_exc, p, refractory=REFRACTORY, initial={"v": v[:n_exc]})
    inh = net.population("inh", neurons - n_exc, p, refractory=REFRACTORY,
                         initial={"v": v[n_exc:]})
    jump = weight / -math.expm1(-net.dt / TAU_MEM)  # the input, of one step, that moves v by J
    for post in (exc, inh):
        for pre, degree, factor in ((exc, exc_degree, 1.0), (inh, in_degree - exc_degree, -g)):
            rule = FixedInDegree(degree) if connections == "in-degree" \
                else FixedProbability(degree / len(pre))
            # An input moves the potential at the end of its step: a step of the delay.
            net.connect(pre, post, rule, weight=_spread(factor * jump, spread, 0.0),
                        delay=_spread(delay - net.dt, spread, net.dt),
                        procedural=connections == "procedural")
        net.poisson(post, rate=eta * V_TH / (weight * TAU_MEM), weight=jump)
    return net


def parameters(dt: float) -> LIFBoxParameters:
    """The neuron for steps of `dt`, s; potentials in mV above rest."""
    return LIFBoxParameters(tau_mem_inv=exact_rate(TAU_MEM, dt), v_leak=0.0, v_th=V_TH,
                            v_reset=V_RESET)


def _spread(mean: float, spread: float, least: float) -> float | ClippedNormal:
    """A number, or numbers spread about it that are at least `least` in magnitude."""
    if not spread:
        return mean
    if mean < 0:
        return ClippedNormal(mean, -spread * mean, high=-least)
    return ClippedNormal(mean, spread * mean, low=least) if mean else 0.0
