"""Cues as spikes: groups of Poisson neurons, each of which says one thing by firing."""

import numpy as np

from eventsnn.core import check


def rate(argument: str, value: float, dt: float) -> float:
    """A rate, 1/s, as the probability of a spike in a step."""
    return check.number(argument, value, least=0.0, most=1 / dt) * dt


def spikes(draw: np.random.Generator, probability: np.ndarray, size: int) -> np.ndarray:
    """Spikes of groups of neurons.

    Parameters
    ----------
    draw : numpy.random.Generator
    probability : (n, T, n_groups) float32 array
        Of a spike in a step, for each neuron of a group.
    size : int
        Neurons a group.

    Returns
    -------
    (n, T, n_groups * size) bool array
        Group by group.
    """
    n, n_steps, n_groups = probability.shape
    z = np.empty((n, n_steps, n_groups, size), bool)
    for item, p in zip(z, probability, strict=True):
        np.less(draw.random(item.shape, np.float32), p[..., None], out=item)
    return z.reshape(n, n_steps, n_groups * size)
