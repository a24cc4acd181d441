"""Time loops on a CUDA device, for any neuron model; the twin of `eventsnn.engine.cpu`.

Names, arguments and numbers are those of the CPU's loops; `order` is for their sake and not looked
at. Arrays are those of `eventsnn.core.device`.
"""

from eventsnn.engine.cuda.feedforward import (
    backward, forward, forward_taped, threshold, threshold_backward,
)
from eventsnn.engine.cuda.recurrent import backward_recurrent, forward_recurrent

__all__ = ["backward", "backward_recurrent", "forward", "forward_recurrent", "forward_taped",
           "threshold", "threshold_backward"]
