"""Everything that changes while a network runs."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from eventsnn.connect.learning import CHANGES, STATIC
from eventsnn.core import check, device
from eventsnn.simulate.simulation import Simulation
from eventsnn.simulate.traces import Spikes, Trace

GROWS = ("history/steps", "history/traces")  # last axes: room for spikes, made as it is needed


class Snapshot(NamedTuple):
    """A network at one moment, made by `Network.store`.

    Random numbers are a function of seed and step, so the step is all there is to keep of them.
    """

    step: int
    groups: list[dict[str, np.ndarray]]  # of each group: state, and the inputs under way
    recorded: list[int]  # samples, or pieces of spikes, that each record in memory held


def take(simulation: Simulation, step: int, records: list[Spikes | Trace]) -> Snapshot:
    """A copy of all that changes."""
    return Snapshot(step, [{name: np.array(device.to(array, "cpu"))
                            for name, array in arrays(group).items()}
                           for group in simulation.groups],
                    [r.length for r in records])


def put(simulation: Simulation, snapshot: Snapshot) -> None:
    """Set all that changes to what it was."""
    for group, kept in zip(simulation.groups, snapshot.groups, strict=True):
        for name, array in arrays(group).items():
            if not name.startswith(GROWS):
                array[...] = kept[name] if isinstance(array, np.ndarray) else device.to(
                    kept[name], "cuda")
        if group.learning is not None:
            group.learning.put(kept)


def arrays(group: Any) -> dict[str, np.ndarray]:
    """What of a group a run changes and the next step needs, by name."""
    found = {f"state/{name}": array for name, array in group.state._asdict().items()}
    found["ring"] = group.ring  # spikes under way from neurons of the group
    if group.outside is not None:
        found["outside"] = group.outside  # and from others
    for place, wired in zip(("from_within", "from_outside"), group.all_wired, strict=False):
        if wired.past is not None:  # of plastic synapses
            found |= {f"{place}/{name}": getattr(wired.past, name)
                      for name in CHANGES}
            found |= {f"{place}/weights/{k}": weights for k, weights in learned(wired)}
    return found | ({} if group.learning is None else group.learning.arrays)


def learned(wired: Any) -> Iterator[tuple[int, np.ndarray]]:
    """The weights of those projections that learn, by number within the synapses."""
    s = wired.synapses
    for k in np.flatnonzero(wired.past.learns_by != STATIC).tolist():
        n_blocks, width = s.block_at.shape[1], int(s.n_pre[k]) + 1
        ends = s.rows[int(s.rows_at[k]):][:n_blocks * width].reshape(n_blocks, width)[:, -1]
        first = int(s.block_at[k, 0] + s.weights_at[k])
        yield k, s.weights[first:first + int(ends.sum())]


def check_fits(snapshot: Snapshot, simulation: Simulation) -> None:
    """Refuse a snapshot of another network."""
    def shapes(groups: list[dict[str, np.ndarray]]) -> list[dict[str, Any]]:
        return [{name: (a.shape[:-1] if name.startswith(GROWS) else a.shape, a.dtype)
                 for name, a in group.items()} for group in groups]

    if shapes(snapshot.groups) != shapes([arrays(group) for group in simulation.groups]):
        raise check.must("snapshot", "be of this network", "one of other neurons or delays")
