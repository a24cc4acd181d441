"""What synapses that learn keep in memory on a CUDA device; see `eventsnn.simulate.plastic`."""

from typing import Any

import numpy as np

from eventsnn.core import device
from eventsnn.engine.cuda import learning
from eventsnn.simulate.plastic import Learning


class DeviceLearning(Learning):
    """As `Learning`; `wired` are arrays of the device, and so is the history."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.rules, self.history = device.to((self.rules, self.history), "cuda")

    def settle(self, step: int) -> None:
        """Bring all weights up to date; all spikes up to `step` must have been delivered."""
        for synapses, past in self.wired:
            learning.settle(int(self._block), step, synapses, past, self.rules, self.history)
        self._let_go(learning.forget(self.history, step, self._longest))

    def make_room(self) -> None:
        """Let one more window's spikes fit, when weights cannot be settled now."""
        if not learning.has_room(self.history):
            self.grow()

    def grow(self) -> None:
        """Make room for twice as many spikes a neuron: on the host, since that is seldom."""
        self.history = device.to(self.history, "cpu")
        super().grow()
        self.history = device.to(self.history, "cuda")

    def put(self, kept: dict[str, np.ndarray]) -> None:
        """Set what changes to what `arrays` was."""
        super().put(kept)
        self.history = device.to(self.history, "cuda")
