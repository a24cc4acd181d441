"""The tolerances of the tests, with their reason."""

import numpy as np

# Two float64 computations of one case differ by rounding: about 1e-15 (outputs) and 1e-12
# (gradients, which add over all steps) of the largest entry. Margins of 1e4 and more catch nothing
# but rounding, and every error of a formula.
OUTPUT = 1e-10
GRADIENT = 1e-8
# Behaviour traces amplify rounding; gradients of spike times were computed in float32.
TRACE = 1e-8
FLOAT32 = 1e-7
# Two float32 computations of one case that add up in another order: 16 roundings.
DEVICE = 2e-6
# The same behind an exponential upswing, step after step; and of one number, where its terms are 20
# times as large and cancel.
AMPLIFIED = 3e-5
# Sample figures: a correct sampler misses this once in 1.7 million.
STANDARD_ERRORS = 5.0


def assert_close(actual, expected, tolerance, what):
    """Largest difference at most `tolerance` of the largest entry of `expected`."""
    actual, expected = np.asarray(actual, float), np.asarray(expected, float)
    assert actual.shape == expected.shape, f"{what}: shape {actual.shape}, not {expected.shape}"
    if expected.size == 0:
        return
    scale = np.abs(expected).max() or 1.0
    error = np.abs(actual - expected).max() / scale
    assert error <= tolerance, f"{what}: differs by {error:.2g} of its largest entry"
