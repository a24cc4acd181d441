"""What simulations cost."""

from typing import NamedTuple


class Cost(NamedTuple):
    """What a network took so far; times in s of the clock."""

    build: float
    compile: float
    run: float
    spikes: int
    synaptic_events: int
