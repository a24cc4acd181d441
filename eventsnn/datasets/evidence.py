"""Evidence accumulation: cues to the left and to the right, and later, which were more?

As a mouse runs down a track it sees cues on both sides; after a delay it has to turn to the side
with more of them. Four groups of Poisson neurons: cues left, cues right, the time to answer, and
noise all along.

References
----------
.. [1] Bellec, Scherr, Subramoney, Hajek, Salaj, Legenstein, Maass, "A solution to the learning
   dilemma for recurrent networks of spiking neurons", Nature Communications 11, 3625 (2020).
.. [2] Engelhard et al., "Specialized coding of sensory, motor and cognitive variables in VTA
   dopamine neurons", Nature 570, 509-513 (2019): the experiment.
"""

from typing import NamedTuple

import numpy as np

from eventsnn.core import check, random
from eventsnn.datasets import bins, cues

LEFT, RIGHT, ANSWER, NOISE = range(4)  # groups of neurons


class Evidence(NamedTuple):
    """What `evidence_accumulation` returns."""

    inputs: np.ndarray  # (n, T, 4 * size) bool, spikes
    labels: np.ndarray  # (n,) int64, 0 if more cues were left, 1 if more were right
    sides: np.ndarray  # (n, n_cues) int64, 0 or 1, the side of each cue


def evidence_accumulation(n: int, seed: int, *, n_cues: int = 7, p_side: float = 0.7,
                          cue: float = 0.1, gap: float = 0.05, delay: float = 1.05,
                          answer: float = 0.15, rate: float = 40.0, noise: float = 10.0,
                          size: int = 10, dt: float = 1e-3) -> Evidence:
    """Items of the task, ready for `eventsnn.train.fit` with ``readout="last"``.

    Parameters
    ----------
    n : int
        Number of items.
    seed : int
        Of everything that is drawn: sides and spikes.
    n_cues : int
        Cues an item; odd, so that one side has more.
    p_side : float
        Probability with which a cue is on the item's side, which is left or right by a fair coin.
    cue, gap, delay, answer : float
        Durations, s: of each cue, of the silence before it, of the wait after the last cue, and of
        the time to answer at the end.
    rate, noise : float
        Of each neuron of a group while it speaks, and of the neurons that are noise, 1/s.
    size : int
        Neurons a group.
    dt : float
        Step, s.

    Returns
    -------
    Evidence
        Spikes, labels, and sides of the cues; ``T dt = n_cues (gap + cue) + delay + answer``. The
        label counts the cues shown, so it may be the other one than the item's side.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described.

    Examples
    --------
    >>> data = evidence_accumulation(4, seed=0)
    >>> data.inputs.shape, bool(((data.sides.sum(1) > 3) == data.labels).all())
    ((4, 2250, 40), True)
    """
    n = check.integer("n", n, least=1)
    n_cues = check.integer("n_cues", n_cues, least=1)
    if n_cues % 2 == 0:
        raise check.must("n_cues", "be odd", n_cues)
    p_side = check.number("p_side", p_side, least=0.0, most=1.0)
    dt = check.number("dt", dt, above=0.0)
    on, off = bins.steps("cue", cue, dt), bins.steps("gap", gap, dt, 0)
    wait, last = bins.steps("delay", delay, dt, 0), bins.steps("answer", answer, dt)
    p_cue, p_noise = cues.rate("rate", rate, dt), cues.rate("noise", noise, dt)
    size = check.integer("size", size, least=1)
    n_steps = n_cues * (off + on) + wait + last
    bins.most("n", n, n_steps, 4 * size)

    draw = random.generator(seed, random.SAMPLE)
    side = draw.integers(0, 2, (n, 1))
    sides = np.where(draw.random((n, n_cues)) < p_side, side, 1 - side)
    p = np.zeros((n, n_steps, 4), np.float32)
    for k in range(n_cues):
        start = k * (off + on) + off
        p[np.arange(n), start:start + on, sides[:, k]] = p_cue
    p[:, -last:, ANSWER] = p_cue
    p[:, :, NOISE] = p_noise
    return Evidence(cues.spikes(draw, p, size), (2 * sides.sum(1) > n_cues).astype(np.int64), sides)
