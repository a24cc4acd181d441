"""Dropout: noise in training that keeps units from relying on each other.

References
----------
.. [1] Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent
   neural networks from overfitting", JMLR 15, 1929 (2014).
"""

from typing import Any

import numpy as np

from eventsnn.core import check, random
from eventsnn.layers.base import Gradients, Layer, Tape, cotangent


class Dropout(Layer):
    """Sets each input to 0 with probability `p`, and the others to ``x / (1 - p)``.

    Only in calls that are recorded on a tape, which are training; a call without tape is an
    evaluation and returns its input.

    Parameters
    ----------
    p : float
        Probability from 0 to 1.
    seed : int
        Of the random numbers. What is dropped also depends on the number of the call and on the
        place on the tape, so that the dropouts of one network differ under one seed.
    shared_steps : bool
        Whether one draw serves all steps of a sequence (T, ...), so that a unit is gone for the
        whole of it. Cells that are called step by step draw anew in each.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.layers import Tape
    >>> layer, x = Dropout(0.5, seed=3), np.ones(8)
    >>> layer(x, tape=Tape())
    array([0., 0., 2., 2., 0., 2., 2., 0.])
    >>> layer(x)
    array([1., 1., 1., 1., 1., 1., 1., 1.])
    """

    unkept = ()

    def __init__(self, p: float = 0.5, seed: int = 0, *, shared_steps: bool = False) -> None:
        self.p = check.number("p", p, least=0.0, most=1.0)
        self.seed = int(random.seed(seed))
        self.shared_steps = bool(shared_steps)
        self.calls = 0  # that drew
        self.counter = "calls"

    def __call__(self, x: Any, state: None = None, *, tape: Tape | None = None) -> np.ndarray:
        """Drop from `x`, of any shape; with `shared_steps` (T, ...)."""
        x = check.real_array("x", x)
        if self.shared_steps and x.ndim == 0:
            raise check.must("x", "have shape (T, ...) for shared steps", x.shape)
        dtype = check.float_dtype(x)
        x = x.astype(dtype, copy=False)
        if tape is None:
            return x
        kept = self._draw(len(tape), x.shape[self.shared_steps:])
        tape.push(self, (kept, x.shape, dtype))
        return self._drop(x, kept)

    def _draw(self, place: int, shape: tuple) -> np.ndarray:
        """Whether an input is kept, in this call at this place on the tape."""
        if self.device == "cuda":
            from eventsnn.core.cuda import numpy_random
            self.calls += 1
            return numpy_random.at_least(np.float32(self.p), self.seed, random.WEIGHT,
                                         (place, self.calls), shape)
        draw = random.generator(self.seed, random.WEIGHT)
        # Initial weights take their numbers from the counter 0 on; calls start far from there and
        # from each other.
        self.calls += 1
        draw.bit_generator.advance((self.calls << 64 | place) << 128)  # type: ignore[attr-defined]
        return draw.random(shape, np.float32) >= np.float32(self.p)

    def _drop(self, x: np.ndarray, kept: np.ndarray) -> np.ndarray:
        scale = 0 if self.p == 1 else 1 / (1 - self.p)
        return np.where(kept, x * x.dtype.type(scale), x.dtype.type(0))

    def backward(self, out_bar: Any, tape: Tape, state_bar: None = None) -> Gradients:
        """Transpose of the last call on `tape`."""
        kept, shape, dtype = tape.pop(self)
        if not tape.wants_input:
            return Gradients(None, None, {})
        out_bar = cotangent("out_bar", out_bar, shape, dtype, self)
        return Gradients(self._drop(out_bar, kept), None, {})
