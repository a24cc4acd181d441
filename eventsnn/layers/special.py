"""What is special to the layers of some neurons, as bases of their classes."""

from typing import Any

import numpy as np

from eventsnn.neurons import IzhikevichSpikingBehavior


class Behaving:
    """Takes a behaviour for `p`: its parameters, and the state to start from."""

    def _taken_apart(self, p: Any) -> tuple[Any, Any]:
        return (p.p, p.s) if isinstance(p, IzhikevichSpikingBehavior) else (p, None)


class Conductances:
    """Weights of conductances, and norse's recurrent step, which loses its input.

    With `lost_input` the input and its weights have no effect and no gradient, as in norse.
    """

    def __init__(self, *arguments: Any, lost_input: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lost_input = bool(lost_input)

    @staticmethod
    def _scales(input_size: int, hidden_size: int) -> tuple[float, float]:
        return 1 / np.sqrt(input_size), 1 / np.sqrt(hidden_size)  # as norse's CobaLIFCell
