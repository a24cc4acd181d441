"""Finite differences in float64, and how far they may be from a derivative."""

import numpy as np

# Central differences of step h err by h^2 / 6 times the third derivative, and by rounding, 1e-16
# / h. With h = 1e-6 and slopes as narrow as 1/100 (third derivatives up to 1e4) both are below 1e-7
# of the largest entry. An error of a formula is a whole entry.
STEP = 1e-6
DIFFERENCE = 1e-6


def gradient(f, x, step=STEP):
    """Derivative of the number ``f(x)`` by each entry of the float64 array `x`."""
    x = np.array(x, np.float64)
    out = np.empty_like(x)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += step
        down[index] -= step
        out[index] = (f(up) - f(down)) / (up[index] - down[index])
    return out


def smooth_gradient(f, x):
    """As `gradient`, of functions that are smooth over a thousandth of their arguments.

    Fourth order: with steps of 3e-5 of an entry it errs by 1e-10 or less, and rounding is divided
    by a larger step, which is what sums over many large potentials need.
    """
    x = np.array(x, np.float64)
    out = np.empty_like(x)
    for index in np.ndindex(x.shape):
        h = 3e-5 * max(abs(x[index]), 0.01)
        values = []
        for k in (1, -1, 2, -2):
            moved = x.copy()
            moved[index] += k * h
            values.append(f(moved))
        out[index] = (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * h)
    return out
