"""What is special to the layers of some neurons, as bases of their classes."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.neurons import IzhikevichParameters, IzhikevichSpikingBehavior, IzhikevichState


class Behaving:
    """Takes a behaviour for `p`: its parameters, and the state to start from."""

    kept_as = {"p": "_behaviour"}
    p: Any
    _start: Any

    @property
    def _behaviour(self) -> Any:
        """What was given for `p`, as it is now."""
        return self.p if self._start is None else IzhikevichSpikingBehavior(self.p, self._start)

    def _taken_apart(self, p: Any) -> tuple[Any, Any]:
        if not isinstance(p, IzhikevichSpikingBehavior):
            return p, None
        for part, cls in (("p", IzhikevichParameters), ("s", IzhikevichState)):
            if type(getattr(p, part)) is not cls:
                raise check.must(f"p.{part}", f"be {cls.__name__}",
                                 type(getattr(p, part)).__name__, error=TypeError)
        return p.p, p.s


class Conductances:
    """Weights of conductances, and norse's recurrent step, which loses its input.

    With `lost_input` the input and its weights have no effect and no gradient, as in norse.
    """

    def __init__(self, *arguments: Any, lost_input: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lost_input = check.flag("lost_input", lost_input)

    @staticmethod
    def _scales(input_size: int, hidden_size: int) -> tuple[float, float]:
        return 1 / np.sqrt(input_size), 1 / np.sqrt(hidden_size)  # as norse's CobaLIFCell
