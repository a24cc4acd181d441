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
    """Arrays of one value for each neuron of a chunk."""

    words: Any  # uint32
    values: Any  # float32
    terms: Any  # float64
    totals: Any  # float64


@scalar
def work_space():
    """Room for one thread."""
    return WorkSpace(np.empty(_CHUNK, np.uint32), np.empty(_CHUNK, np.float32),
                     np.empty(_CHUNK, np.float64), np.empty(_CHUNK, np.float64))


@scalar
def add_inputs(poisson, currents, noises, events, seed, ring, slot, now, is_first, start, stop,
               space):
    """Add the inputs of step `now` to the neurons from `start` to `stop`; always in this order."""
    if poisson is not None:
        add_poisson(poisson, seed, ring, slot, now, start, stop, space.words, space.values,
                    space.terms, space.totals)
    if currents is not None:
        add_currents(currents, ring, slot, now, start, stop)
    if noises is not None:
        add_noise(noises, seed, ring, slot, now, is_first, start, stop, space.words, space.values)
    if events is not None:
        add_events(events, ring, slot, now, start, stop)
