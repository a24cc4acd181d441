r"""The tables of Potjans and Diesmann's cortical microcircuit, and what follows from them.

Arrays over populations are in the order of `SIZES`; matrices have targets as rows. Currents are in
pA, as the paper has them; `RESISTANCE` makes potentials of them, in mV.

References
----------
.. [1] Potjans, Diesmann, Cereb. Cortex 24, 785 (2014), tables 4 and 5.
.. [2] van Albada, Helias, Diesmann, PLoS Comput. Biol. 11, e1004490 (2015).
.. [3] The parameters of the version that comes with NEST 3, ``Potjans_2014``.
"""

import math
from typing import Any

import numpy as np

SIZES = {"L23E": 20683, "L23I": 5834, "L4E": 21915, "L4I": 5479, "L5E": 4850, "L5I": 1065,
         "L6E": 14395, "L6I": 2948}
PROBABILITIES = np.array([  # row: target, column: source
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0000, 0.0076, 0.0000],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0000, 0.0042, 0.0000],
    [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0000],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0000, 0.1057, 0.0000],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0000],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0000],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443]])
EXTERNAL_IN_DEGREES = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
EXTERNAL_RATE = 8.0  # Hz, of each external synapse
RATES = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])  # Hz, at full scale [3]_

TAU_MEM, TAU_SYN, REFRACTORY = 10e-3, 0.5e-3, 2e-3  # s
CAPACITANCE = 250.0  # pF
V_LEAK, V_TH, V_RESET = -65.0, -50.0, -65.0  # mV
RESISTANCE = 1e3 * TAU_MEM / CAPACITANCE  # mV / pA
PSP, G = 0.15, -4.0  # mV, peak of an excitatory potential; weight of inhibition by it
WEIGHT_SPREAD = 0.1  # standard deviation of a weight by its mean
DELAYS = {"E": (1.5e-3, 0.75e-3), "I": (0.8e-3, 0.4e-3)}  # s, of sources: mean, deviation

INITIAL = {  # mV, mean and standard deviation of a population's potentials
    "original": ([-58.0] * 8, [10.0] * 8),  # [1]_
    "optimised": ([-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43],  # [3]_
                  [5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48])}


def synapse_numbers() -> np.ndarray:
    """Synapses between populations at full scale: (8, 8).

    The probability is that of at least one synapse between a pair, of which there may be more: the
    number follows from it [1]_.
    """
    n = np.array(list(SIZES.values()), float)
    return np.log1p(-PROBABILITIES) / np.log1p(-1 / np.outer(n, n))


def current_of(psp: float) -> float:
    """The current, pA, whose decay makes a potential that peaks at `psp`, mV."""
    ratio = TAU_MEM / TAU_SYN
    # exp(-t / tau) of either time constant when the potential peaks
    mem, syn = ratio ** (-1 / (ratio - 1)), ratio ** (-ratio / (ratio - 1))
    return psp / (RESISTANCE * TAU_SYN / (TAU_MEM - TAU_SYN) * (mem - syn))


def weights() -> np.ndarray:
    """Mean weights at full scale, pA: (8, 8); the one from L4E to L23E is doubled."""
    inhibitory = np.array([name.endswith("I") for name in SIZES])
    found = np.tile(current_of(PSP) * np.where(inhibitory, G, 1.0), (len(SIZES), 1))
    names = list(SIZES)
    found[names.index("L23E"), names.index("L4E")] *= 2
    return found


def direct_current(in_degree_scale: float, poisson: bool) -> np.ndarray:
    """Direct current of each population, pA: (8,).

    With fewer synapses, weights grow by the root of what in-degrees shrink by, which keeps the
    variance of the input; the mean that is then lacking is this current [2]_, from the
    rates of the network at full scale. Without `poisson` it is the external input, too.
    """
    in_degrees = synapse_numbers() / np.array(list(SIZES.values()))[:, None]
    external = current_of(PSP) * EXTERNAL_IN_DEGREES * EXTERNAL_RATE
    missing = 1 - math.sqrt(in_degree_scale)
    recurrent = missing * (weights() * in_degrees) @ RATES
    found: Any = TAU_SYN * (recurrent + (missing if poisson else 1.0) * external)
    return found
