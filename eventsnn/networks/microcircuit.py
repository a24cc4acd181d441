r"""Potjans and Diesmann's microcircuit: a square millimetre of early sensory cortex.

77,169 leaky integrate-and-fire neurons with exponential synaptic currents, excitatory and
inhibitory in layers 2/3, 4, 5 and 6, and 0.3 billion synapses, whose numbers come from anatomy and
physiology. It is asynchronous and irregular at full scale, each population at its own low rate
(`microcircuit_tables.RATES`).

=========================  ================  ===================================================
parameter                  value             where
=========================  ================  ===================================================
membrane time constant     10 ms             table 5 [1]_
capacitance                250 pF            table 5; 1 pA holds the potential 0.04 mV higher
rest, threshold, reset     -65, -50, -65 mV  table 5
refractory period          2 ms              table 5
synaptic time constant     0.5 ms            table 5
excitatory weight          87.8 pA +- 10 %   table 5; a potential of 0.15 mV; L4E to L23E twice
inhibitory weight          -4 times that     table 5
delays                     1.5 +- 0.75 ms    excitatory sources, table 5; at least a step
                           0.8 +- 0.4 ms     inhibitory sources
external input             8 Hz a synapse    table 5, or the direct current of the same mean
sizes, probabilities       8, 8 x 8          table 5, `microcircuit_tables`
initial potentials         optimised         [3]_, or the original -58 +- 10 mV
=========================  ================  ===================================================

The current of a synapse decays as that of all others, so one synaptic current is enough:
`LIFParameters`, potentials and currents in mV. The step is exact (see `propagators`), as that of
NEST's ``iaf_psc_exp``.

With fewer synapses than at full scale, weights grow by the root of the factor, and a direct current
makes up for the mean that is lacking [2]_: rates stay, correlations grow.

References
----------
.. [1] Potjans, Diesmann, Cereb. Cortex 24, 785 (2014).
.. [2] van Albada, Helias, Diesmann, PLoS Comput. Biol. 11, e1004490 (2015).
.. [3] The parameters of the version that comes with NEST 3, ``Potjans_2014``; its inhibitory delays
   are 0.75 +- 0.375 ms.
"""

import math

import numpy as np

from eventsnn.core import check, random
from eventsnn.networks import microcircuit_tables as tables
from eventsnn.networks.propagators import exact_rate, exact_weight
from eventsnn.neurons import LIFParameters
from eventsnn.simulate import ClippedNormal, FixedTotalNumber, Network
from eventsnn.simulate.population import MOST

INPUTS = ("poisson", "dc")


def microcircuit(scale: float = 0.1, in_degree_scale: float | None = None, input: str = "poisson",
                 initial: str = "optimised", dt: float = 1e-4, seed: int = 0,
                 threads: int = 1, device: str = "cpu") -> Network:
    """Make the network, with the populations ``"L23E"``, ``"L23I"``, ... ``"L6I"``.

    Parameters
    ----------
    scale : float
        Size of the populations, by the published one; from 0.01 on.
    in_degree_scale : float, optional
        Synapses a neuron has, by the published number; by default `scale`, at most 1.
    input : str
        External input: ``"poisson"``, or ``"dc"``, a direct current of the same mean. Without the
        noise, currents of a network with few synapses, which stand for inhibition that it does
        not have, keep most populations below threshold: use it with `in_degree_scale` near 1.
    initial : str
        Initial potentials: ``"optimised"``, near those of a running network, or ``"original"``.
    dt : float
        Step, s.
    seed : int
        Of connections, weights, delays, input and initial potentials.
    threads : int
        Most threads to use.
    device : {"cpu", "cuda"}
        Where to run.

    Examples
    --------
    >>> net = microcircuit(0.02, seed=1)
    >>> spikes = net.record(net.populations["L5E"], "spikes")
    >>> net.run(0.2)
    >>> 1 < len(spikes.times) / 97 / 0.2 < 25
    True
    """
    scale = check.number("scale", scale, least=0.01,
                         most=MOST // max(tables.SIZES.values()))
    k = check.number("in_degree_scale", min(scale, 1.0) if in_degree_scale is None
                     else in_degree_scale, above=0.0, most=1.0)
    if input not in INPUTS:
        raise check.unknown("input", input, INPUTS)
    if initial not in tables.INITIAL:
        raise check.unknown("initial", initial, tables.INITIAL)
    net = Network(dt, seed, threads, device)
    # From pA at full scale to what a spike adds to the current of a neuron here, mV.
    unit = (tables.RESISTANCE / math.sqrt(k)
            * exact_weight(tables.TAU_MEM, tables.TAU_SYN, net.dt))
    _populations(net, scale, initial, seed)
    _input(net, k, unit, input == "poisson")
    _synapses(net, scale * k, unit)
    return net


def parameters(dt: float) -> LIFParameters:
    """The neuron for steps of `dt`, s; potentials in mV."""
    return LIFParameters(
        tau_syn_inv=exact_rate(tables.TAU_SYN, dt), tau_mem_inv=exact_rate(tables.TAU_MEM, dt),
        v_leak=tables.V_LEAK, v_th=tables.V_TH, v_reset=tables.V_RESET)


def _populations(net: Network, scale: float, initial: str, seed: int) -> None:
    rng = random.generator(seed, random.INITIAL_STATE)
    for size, name, mean, spread in zip(tables.SIZES.values(), tables.SIZES,
                                        *tables.INITIAL[initial], strict=True):
        n = round(scale * size)
        net.population(name, n, parameters(net.dt), refractory=tables.REFRACTORY,
                       initial={"v": rng.normal(mean, spread, n)})


def _input(net: Network, k: float, unit: float, poisson: bool) -> None:
    # A current is held by what it loses in a step, added in every step.
    lost = -math.expm1(-net.dt / tables.TAU_SYN)
    direct = lost * tables.RESISTANCE * tables.direct_current(k, poisson)
    for q, current, n in zip(net.populations.values(), direct, tables.EXTERNAL_IN_DEGREES,
                             strict=True):
        net.constant(q, current)
        if poisson:
            net.poisson(q, rate=k * float(n) * tables.EXTERNAL_RATE,
                        weight=tables.current_of(tables.PSP) * unit)


def _synapses(net: Network, scale: float, unit: float) -> None:
    numbers = np.rint(scale * tables.synapse_numbers()).astype(int)
    means = unit * tables.weights()
    for post, n_row, mean_row in zip(net.populations.values(), numbers, means, strict=True):
        for pre, n, mean in zip(net.populations.values(), n_row, mean_row, strict=True):
            if n == 0:
                continue
            excitatory = pre.name.endswith("E")
            net.connect(
                pre, post, FixedTotalNumber(int(n)),
                weight=ClippedNormal(mean, tables.WEIGHT_SPREAD * abs(mean),
                                     **({"low": 0.0} if excitatory else {"high": 0.0})),
                delay=ClippedNormal(*tables.DELAYS[pre.name[-1]], low=net.dt))
