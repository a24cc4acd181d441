"""Neo: spike trains in memory, for Elephant and the many formats that Neo reads and writes.

Needs the extra `interop`. Times in Neo carry units; here they are in s.

References
----------
.. [1] Garcia et al., Frontiers in Neuroinformatics 8, 10 (2014).
"""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.interop.units import Units, by_neuron, of_trains, units


def _neo() -> Any:
    try:
        import neo
    except ImportError as error:
        raise ImportError("Neo objects need neo; pip install 'eventsnn[interop]'") from error
    return neo


def to_neo(spikes: Any, *, t_stop: float, t_start: float = 0.0, ids: Any = None,
           name: str = "") -> Any:
    """A `neo.Segment` with one spike train a neuron.

    Parameters
    ----------
    spikes : triple ``(times, ids, n)``
        Times in s.
    t_start, t_stop : float
        The time observed, s; spikes outside are left out.
    ids : (k,) int array, optional
        Which neurons, in this order; all by default.
    name : str
        Of the segment.

    Returns
    -------
    neo.Segment
        Trains are annotated with `neuron`.
    """
    neo, part = _neo(), units(spikes)
    t_start, t_stop = check.number("t_start", t_start), check.number("t_stop", t_stop)
    if not t_stop > t_start:
        raise check.must("t_stop", f"be above t_start = {t_start:g} s", f"{t_stop:g} s")
    wanted = np.arange(part.n) if ids is None else check.real_array("ids", ids).astype(np.int64)
    if wanted.size and (wanted.min() < 0 or wanted.max() >= part.n):
        raise check.must("ids", f"lie in 0 ... {part.n - 1}", f"{wanted.min()} ... {wanted.max()}")
    inside = (part.times >= t_start) & (part.times <= t_stop)
    times, ends = by_neuron(Units(part.times[inside], part.ids[inside], part.n))
    starts = np.concatenate([[0], ends[:-1]])
    segment = neo.Segment(name=name)
    for neuron in wanted:
        segment.spiketrains.append(neo.SpikeTrain(
            times[starts[neuron]:ends[neuron]], units="s", t_start=t_start, t_stop=t_stop,
            neuron=int(neuron)))
    return segment


def from_neo(trains: Any) -> Units:
    """Spikes of a `neo.Block`, a `neo.Segment` or a list of `neo.SpikeTrain`.

    Trains are neurons in the order they come in; those of a block segment after segment, which
    must then have the same number of trains each, of the same neurons.
    """
    neo = _neo()
    if isinstance(trains, neo.Block):
        segments = [segment.spiketrains for segment in trains.segments]
        if len({len(s) for s in segments}) > 1:
            raise check.must("segments of the block", "have the same number of trains",
                             [len(s) for s in segments])
        trains = [np.concatenate([np.asarray(t.rescale("s")) for t in several])
                  for several in zip(*segments, strict=True)]
        return of_trains(trains)
    trains = trains.spiketrains if isinstance(trains, neo.Segment) else list(trains)
    for train in trains:
        if not isinstance(train, neo.SpikeTrain):
            raise check.must("trains", "be spike trains of Neo", type(train).__name__,
                             error=TypeError)
    return of_trains(np.asarray(train.rescale("s")) for train in trains)
