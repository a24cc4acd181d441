"""Input to a network from outside it, step by step, inside the loop over time."""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import random
from eventsnn.core.jit import scalar
from eventsnn.engine.currents import Currents, Noises, add_currents, add_noise
from eventsnn.engine.events import Events, add_events
from eventsnn.engine.poisson import PoissonInputs, add_poisson

_CHUNK = int(random.CHUNK)


class Drives(NamedTuple):
    """What drives one group; each kind is None if there is none, and its code is left out then."""

    poisson: PoissonInputs | None
    currents: Currents | None
    noises: Noises | None
    events: Events | None


class WorkSpace(NamedTuple):
    """Room for one value for each neuron of a chunk, a row for each block."""

    words: Any  # uint32
    values: Any  # float32
    terms: Any  # float64
    totals: Any  # float64


def work_space(n_blocks: int) -> WorkSpace:
    """What `add_inputs` needs beside the drives; a loop need not allocate it then."""
    return WorkSpace(*(np.empty((n_blocks, _CHUNK), dtype)
                       for dtype in (np.uint32, np.float32, np.float64, np.float64)))


@scalar
def add_inputs(poisson, currents, noises, events, seed, ring, slot, now, is_first, start, stop,
               space, block):
    """Add the inputs of step `now` to the neurons from `start` to `stop`; always in this order."""
    if poisson is not None:
        add_poisson(poisson, seed, ring, slot, now, start, stop, space.words[block],
                    space.values[block], space.terms[block], space.totals[block])
    if currents is not None:
        add_currents(currents, ring, slot, now, start, stop)
    if noises is not None:
        add_noise(noises, seed, ring, slot, now, is_first, start, stop, space.words[block],
                  space.values[block])
    if events is not None:
        add_events(events, ring, slot, now, start, stop)
