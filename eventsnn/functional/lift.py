"""A step function to a function of sequences."""

from collections.abc import Callable
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.layers.base import time_axis


def lift(step: Callable, p: Any = None) -> Callable[..., tuple[np.ndarray, Any]]:
    """Apply a step function to each step of a sequence.

    Parameters
    ----------
    step : callable
        ``step(x, state=state, **options) -> out, state``.
    p : named tuple, optional
        Passed on as `p`, unless the call has its own.

    Returns
    -------
    lifted : callable
        ``lifted(x, state=None, **options)``, with `x` of shape (T, ...), returns the outputs
        stacked over time and the last state.

    Examples
    --------
    >>> from eventsnn.functional import lif_feed_forward_step
    >>> z, state = lift(lif_feed_forward_step)(np.full((20, 3), 0.4))
    >>> z.shape, state.v.shape
    ((20, 3), (3,))
    """
    if not callable(step):
        raise check.must("step", "be a function", repr(step), error=TypeError)

    def lifted(x: Any, state: Any = None, **options: Any) -> tuple[np.ndarray, Any]:
        x = check.real_array("x", x)
        time_axis(x, 1, "(T, ...)")
        if p is not None:
            options = {"p": p} | options
        outs = []
        for x_t in x:
            out, state = step(x_t, state=state, **options)
            outs.append(out)
        return np.stack(outs), state

    return lifted
