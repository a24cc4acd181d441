r"""Poisson encoders: values to random spikes, one Bernoulli draw a step.

A value :math:`x` spikes in a step with probability :math:`\min(dt \, f_\mathrm{max} |x|, 1)`: the
rate is :math:`f_\mathrm{max}` at :math:`x = 1`. The signed encoders give the spike the sign of
:math:`x`; the others take negative values for 0. An encoder is a random generator: each call draws
anew, and `seed` starts it again.

References
----------
.. [1] Gerstner, Kistler, Naud, Paninski, "Neuronal Dynamics", 2014, section 7.2.
"""

from typing import Any

import numpy as np

from eventsnn.core import check, random
from eventsnn.core.device import like, on_device
from eventsnn.engine import drive


class _Poisson:
    signed = False
    counter = "step"  # name of the attribute that counts what was drawn

    def __init__(self, f_max: float, dt: float, seed: int) -> None:
        self.f_max = check.number("f_max", f_max, above=0.0)
        self.dt = check.number("dt", dt, above=0.0)
        self.seed = random.seed(seed)
        self.step = 0  # the number of the next step to draw

    def _draw(self, x: Any, n_steps: int) -> np.ndarray:
        x = check.real_array("x", x)
        check.finite("x", x)
        dtype = check.float_dtype(x)
        rate = np.abs(x) if self.signed else np.maximum(x, 0)
        probability = np.minimum(self.dt * self.f_max * rate.astype(np.float64), 1.0)
        threshold = np.rint(probability * 2.0**32).astype(np.uint64).reshape(-1)
        sign = (np.sign(x) if self.signed else np.ones_like(x)).astype(dtype).reshape(-1)
        z = np.empty((n_steps, x.size), dtype, **like(x))
        loops: Any = drive
        if on_device(z):
            from eventsnn.engine.cuda import drive as loops
        loops.bernoulli(threshold, sign, self.seed, np.uint64(self.step), z)
        self.step += n_steps
        return z.reshape(n_steps, *x.shape)


class PoissonEncoder(_Poisson):
    """Values (...) to spikes (seq_length, ...).

    Parameters
    ----------
    seq_length : int
        Number of steps.
    f_max : float
        Rate at the value 1, 1/s.
    dt : float
        Step, s.
    seed : int
        Of the random numbers.

    Examples
    --------
    >>> import numpy as np
    >>> spikes = PoissonEncoder(10000, f_max=100)(np.array([0.0, 1.0]))
    >>> spikes.shape, float(spikes[:, 0].sum()), bool(abs(spikes[:, 1].mean() - 0.1) < 0.01)
    ((10000, 2), 0.0, True)
    """

    def __init__(self, seq_length: int, f_max: float = 100.0, dt: float = 1e-3, *,
                 seed: int = 0) -> None:
        super().__init__(f_max, dt, seed)
        self.seq_length = check.integer("seq_length", seq_length, least=1)

    def __call__(self, x: Any) -> np.ndarray:
        """Draw the spikes of `x`, of any shape; 0 or 1 (or -1), float."""
        return self._draw(x, self.seq_length)


class PoissonEncoderStep(_Poisson):
    """Values (...) to the spikes (...) of one step; `f_max` defaults to 1000 / s, as in norse."""

    def __init__(self, f_max: float = 1000.0, dt: float = 1e-3, *, seed: int = 0) -> None:
        super().__init__(f_max, dt, seed)

    def __call__(self, x: Any) -> np.ndarray:
        """Draw one step of `x`, of any shape; 0 or 1 (or -1), float."""
        return self._draw(x, 1)[0]


class SignedPoissonEncoder(PoissonEncoder):
    """As `PoissonEncoder`; the spikes of negative values are -1."""

    signed = True


class SignedPoissonEncoderStep(PoissonEncoderStep):
    """As `PoissonEncoderStep`; the spikes of negative values are -1."""

    signed = True
