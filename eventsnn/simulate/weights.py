"""Weights that are looked at again and again: in memory, or by a recorder."""

from typing import Any

import numpy as np

from eventsnn.core import check

VARIABLE = "weight"  # its name, beside those of the neurons' state


class Weights:
    """The weights of the synapses onto some targets of a connection."""

    def __init__(self, connection: Any, wanted: np.ndarray) -> None:
        self._connection, self._wanted = connection, wanted
        self._where: list[tuple[int, np.ndarray]] | None = None

    def now(self) -> np.ndarray:
        """Sorted by target and then by source: (m,) float32."""
        packed = self._connection.packed()
        if self._where is None:  # they stay where they are
            self._where = list(packed.onto_each(self._wanted))
        return np.concatenate([np.empty(0, np.float32), *(
            packed.of_each("weight", block, where) for block, where in self._where)])


def chosen(ids: np.ndarray, n: int, argument: str = "targets") -> np.ndarray:
    """Which of `n` neurons `ids` names, as bools."""
    if ids.size and (ids.min() < 0 or ids.max() >= n or (np.diff(ids) <= 0).any()):
        raise check.must(argument, f"ascend within 0 ... {n - 1}, each once", ids.tolist()[:5])
    wanted = np.zeros(n, np.bool_)
    wanted[ids] = True
    return wanted


def of_sampling(connection: Any, wanted: Any) -> Weights:
    """What a recorder wants of a connection; it must say of which synapses, and say it right."""
    n = len(connection.post)
    right = connection.sampling(wanted.every, wanted.ids)
    for name in ("pointers", "elements"):
        given = getattr(wanted, name)
        if given is None or not np.array_equal(given, getattr(right, name)):
            raise check.must(name, f"be those of the synapses of {connection.name!r}",
                             "none" if given is None else "others",
                             "take connection.sampling(every)")
    return Weights(connection, chosen(np.asarray(right.ids), n))
