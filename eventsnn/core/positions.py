"""Where the random generators of a run stand: layers and encoders that draw count what they drew.

Each names the attribute that counts as its `counter`. A run that goes on sets them again.
"""

from collections.abc import Iterator
from typing import Any

from eventsnn.core import check


def drawing(one: Any) -> Iterator[Any]:
    """What draws, of a layer with those in it, or of an encoder."""
    if getattr(one, "counter", None):
        yield one
    for child in getattr(one, "children", ()):
        yield from drawing(child)


def positions(*given: Any) -> list[int]:
    """How much each of the layers and encoders has drawn, in their order.

    Examples
    --------
    >>> from eventsnn.encode import PoissonEncoder
    >>> encoder = PoissonEncoder(20)
    >>> spikes = encoder([0.5])
    >>> positions(encoder)
    [20]
    """
    return [int(getattr(one, one.counter)) for each in given for one in drawing(each)]


def set_positions(values: list[int], *given: Any) -> None:
    """Let each go on from there."""
    found = [one for each in given for one in drawing(each)]
    if len(found) != len(values):
        raise check.must("positions", f"be {len(found)}, one for each that draws", len(values))
    for one, value in zip(found, values, strict=True):
        setattr(one, one.counter, value)
