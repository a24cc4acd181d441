"""Images pixel by pixel: row after row, a pixel a step, so that a class has to be remembered.

As currents, or as spikes of neurons that watch for the grey value to cross a threshold.

References
----------
.. [1] Le, Jaitly, Hinton, "A simple way to initialize recurrent networks of rectified linear
   units", arXiv 1504.00941 (2015): the task.
.. [2] Bellec, Salaj, Subramoney, Legenstein, Maass, NeurIPS 2018, arXiv 1803.09574: the spikes.
.. [3] Bellec et al., Nature Communications 11, 3625 (2020): 100 neurons, both directions.
"""

from typing import Any

import numpy as np

from eventsnn.core import check

WHITE = 255  # grey value of ink
_MOST_THRESHOLD = 254


def pixel_currents(images: Any) -> np.ndarray:
    """Images to sequences of currents, one neuron, a step a pixel.

    Parameters
    ----------
    images : (B, rows, columns) uint8 array
        Grey values.

    Returns
    -------
    (T, B, 1) float32 array
        From 0 to 1; ``T = rows * columns``, 784 for MNIST.

    Examples
    --------
    >>> import numpy as np
    >>> pixel_currents(np.array([[[0, 51], [255, 0]]], np.uint8)).round(3).ravel().tolist()
    [0.0, 0.20000000298023224, 1.0, 0.0]
    """
    return _pixels(images)[..., None] / np.float32(WHITE)


def threshold_crossings(images: Any, *, n_thresholds: int = 49, steps_per_pixel: int = 2,
                        cue_steps: int = 20) -> np.ndarray:
    """Images to spikes, where the grey value crosses thresholds from one pixel to the next.

    Parameters
    ----------
    images : (B, rows, columns) uint8 array
        Grey values. Before the first pixel the value is 0.
    n_thresholds : int
        Thresholds, evenly from 0 to 254 and rounded down. Two neurons watch each.
    steps_per_pixel : int
        Steps that a pixel lasts, in each of which its neurons spike.
    cue_steps : int
        Steps after the last pixel, in which the answer is due.

    Returns
    -------
    (T, B, 2 * n_thresholds + 2) float32 array
        0 or 1; ``T = rows * columns * steps_per_pixel + cue_steps``. Neurons: those that spike when
        the value rises to their threshold or above, lowest first; those that spike when it falls
        below it; one that spikes at 255; and one that spikes in the steps after the image.

    Notes
    -----
    The defaults are those of [3]_, with 100 neurons and 1588 steps for MNIST. There a crossing is
    in the step of the pixel before it; here, in that of the pixel after it, when it is known.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.array([[[0, 200, 100]]], np.uint8)
    >>> threshold_crossings(image, n_thresholds=3, steps_per_pixel=1, cue_steps=1)[:, 0].astype(int)
    array([[0, 0, 0, 0, 0, 0, 0, 0],
           [0, 1, 0, 0, 0, 0, 0, 0],
           [0, 0, 0, 0, 1, 0, 0, 0],
           [0, 0, 0, 0, 0, 0, 0, 1]])
    """
    n_thresholds = check.integer("n_thresholds", n_thresholds, least=1, most=_MOST_THRESHOLD + 1)
    steps_per_pixel = check.integer("steps_per_pixel", steps_per_pixel, least=1)
    cue_steps = check.integer("cue_steps", cue_steps, least=0)
    value = _pixels(images)
    thresholds = np.linspace(0, _MOST_THRESHOLD, n_thresholds).astype(np.uint8)
    before = np.concatenate([np.zeros_like(value[:1]), value[:-1]])[..., None] >= thresholds
    now = value[..., None] >= thresholds
    shown = np.concatenate([now & ~before, before & ~now, value[..., None] == WHITE], axis=-1)
    n_shown = len(value) * steps_per_pixel
    z = np.zeros((n_shown + cue_steps, value.shape[1], 2 * n_thresholds + 2), np.float32)
    z[:n_shown, :, :-1] = np.repeat(shown, steps_per_pixel, axis=0)
    z[n_shown:, :, -1] = 1
    return z


def _pixels(images: Any) -> np.ndarray:
    """(rows * columns, B) grey values."""
    images = check.real_array("images", images)
    if images.dtype != np.uint8:
        raise check.must("images", "be uint8, grey values from 0 to 255", images.dtype,
                         error=TypeError)
    if images.ndim != 3:
        raise check.must("images", "have shape (B, rows, columns)", images.shape)
    return images.reshape(len(images), images.shape[1] * images.shape[2]).T
