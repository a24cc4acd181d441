"""All input from outside a network: of what kinds it is, and how a group takes it."""

from typing import Any

import numpy as np

from eventsnn.engine.drives import Drives
from eventsnn.simulate import currents, poisson, spike_lists
from eventsnn.simulate.currents import Current, Noise
from eventsnn.simulate.poisson import Poisson
from eventsnn.simulate.spike_lists import SpikeList

Drive = Poisson | Current | Noise | SpikeList


def pack(drives: list[Drive], starts: dict[str, int], p: Any, shape: tuple[int, int],
         dt: Any) -> Drives:
    """The drives of one group as arrays.

    `starts` says where its populations start, `p` are the parameters of its neurons, `shape` is
    (channels, neurons), `dt` is of the type that the group computes in.
    """
    def of(kind: Any) -> tuple[list[Any], list[int]]:
        mine = [d for d in drives if isinstance(d, kind)]
        return mine, [starts[d.post.population.name] + d.post.start for d in mine]

    dtype = np.dtype(type(dt))
    slow = [d for d in drives if isinstance(d, (Current, Noise))]
    decay = currents.decays(slow[0].post, p, *shape, dt) if slow else np.zeros(shape, dtype)
    return Drives(poisson.pack(*of(Poisson), dtype), currents.pack_currents(*of(Current), decay),
                  currents.pack_noises(*of(Noise), decay), spike_lists.pack(*of(SpikeList), dtype))
