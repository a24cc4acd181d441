"""Delayed exclusive or: were two pulses, with a pause between them, different?

Two pulses, each of one of two kinds, and after another pause a signal to answer. No pulse alone
says anything about the answer. Three groups of Poisson neurons: pulse of kind 0, of kind 1, signal.

In the reference pulses are positive or negative currents, and there are items with one pulse only;
here a kind is a group of neurons, as in `eventsnn.datasets.store_recall`, and there are two pulses.

References
----------
.. [1] Huh, Sejnowski, "Gradient descent for spiking neural networks", NeurIPS 2018: the
   delayed-memory XOR task.
"""

from typing import NamedTuple

import numpy as np

from eventsnn.core import check, random
from eventsnn.datasets import bins, cues

KIND_0, KIND_1, ANSWER = range(3)  # groups of neurons


class DelayedXor(NamedTuple):
    """What `delayed_xor` returns."""

    inputs: np.ndarray  # (n, T, 3 * size) bool, spikes
    labels: np.ndarray  # (n,) int64, 1 if the pulses differ, else 0
    bits: np.ndarray  # (n, 2) int64, the kind of each pulse


def delayed_xor(n: int, seed: int, *, pulse: float = 0.05, delay: float = 0.1,
                answer: float = 0.05, rate: float = 200.0, noise: float = 0.0, size: int = 10,
                dt: float = 1e-3) -> DelayedXor:
    """Items of the task, ready for `eventsnn.train.fit` with ``readout="last"``.

    Parameters
    ----------
    n : int
        Number of items. The four pairs of bits are equally frequent, but for what is left when `n`
        is divided by 4.
    seed : int
        Of everything that is drawn: order of the items and spikes.
    pulse, delay, answer : float
        Durations, s: of each pulse, of the pause after each, and of the signal at the end.
    rate, noise : float
        Of each neuron of a group while it speaks, and while it does not, 1/s.
    size : int
        Neurons a group.
    dt : float
        Step, s.

    Returns
    -------
    DelayedXor
        Spikes, labels, and the bits; ``T dt = 2 (pulse + delay) + answer``.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> data = delayed_xor(8, seed=0)
    >>> data.inputs.shape, data.labels.sum().item()
    ((8, 350, 30), 4)
    """
    n = check.integer("n", n, least=1)
    dt = check.number("dt", dt, above=0.0)
    on, last = bins.steps("pulse", pulse, dt), bins.steps("answer", answer, dt)
    wait = bins.steps("delay", delay, dt, 0)
    p_pulse, p_noise = cues.rate("rate", rate, dt), cues.rate("noise", noise, dt)
    size = check.integer("size", size, least=1)
    n_steps = 2 * (on + wait) + last
    bins.most("n", n, n_steps, 3 * size)

    draw = random.generator(seed, random.SAMPLE)
    pairs = draw.permutation(n) % 4
    bits = np.stack([pairs // 2, pairs % 2], axis=1)
    p = np.full((n, n_steps, 3), p_noise, np.float32)
    for k in range(2):
        start = k * (on + wait)
        p[np.arange(n), start:start + on, bits[:, k]] = p_pulse
    p[:, -last:, ANSWER] = p_pulse
    return DelayedXor(cues.spikes(draw, p, size), bits[:, 0] ^ bits[:, 1], bits)
