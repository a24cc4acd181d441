"""Samples of one variable of one population that wait for the disk."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.record.buffer import Buffer
from eventsnn.record.sampling import Axis
from eventsnn.record.sonata import STEP_LIMIT

VALUE_BYTES = 4


class Samples:
    """Rows at equal intervals; the first may be at any step."""

    def __init__(self, axis: Axis, n_bytes: int) -> None:
        self.axis = axis
        self.buffer = Buffer(n_bytes, (axis.n_values, np.float32))
        self.row_bytes = VALUE_BYTES * axis.n_values
        self._begin: int | None = None  # step of the first row ever

    @property
    def begin(self) -> int | None:
        """Step of the first row ever."""
        return self._begin

    def go_on(self, begin: int | None, total: int) -> None:
        """Begin as if `total` rows had come, and gone."""
        self._begin = begin
        self.buffer.go_on(total)

    @property
    def due(self) -> int | None:
        """The step that the next row must be of; None for any."""
        return None if self._begin is None else self._begin + self.buffer.total * self.axis.every

    def put(self, step: int, values: Any) -> None:
        """Take a row."""
        step = check.integer("step", step, least=0, most=STEP_LIMIT - 1)
        if self.due not in (None, step):
            raise check.must("step", f"be {self.due}, {self.axis.every} after the last", step)
        values = check.real_array("values", values)
        check.shape("values", values.shape, (self.axis.n_values,), "one for each sampled")
        self.buffer.free(1)[0][0] = values
        self.buffer.take(1)
        if self._begin is None:
            self._begin = step

    def waiting(self) -> tuple[int, np.ndarray]:
        """The step of the first row that waits, and the rows."""
        first = self.buffer.total - self.buffer.waiting
        return (self._begin or 0) + first * self.axis.every, self.buffer.columns()[0]
