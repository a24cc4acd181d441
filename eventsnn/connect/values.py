"""Weights and delays of synapses, and other numbers, drawn from a distribution.

A draw is a function of one uniform number in (0, 1): the quantile of the distribution there. The
normal quantile is that of Wichura's algorithm AS 241 [1]_, good to 1e-15; a normal distribution cut
to an interval is its quantile between two probabilities, so nothing is drawn twice.

A synapse's number depends on the seed, its projection, its source, its target, and its ordinal and
on nothing else. The ordinal is 0 where a pair has one synapse at most; under a rule that may give a
pair several it is the synapse's place in its row.

References
----------
.. [1] Wichura, Applied Statistics 37, 477 (1988).
"""

import math

import numpy as np

from eventsnn.connect.words import uniform52
from eventsnn.core import random
from eventsnn.core.jit import kernel, scalar

CONSTANT, UNIFORM, NORMAL, LOG_NORMAL = range(4)
# A distribution, as kernels take it: a float64 array of the family; shift and scale of the quantile
# (of its logarithm); between which probabilities it is cut; and the least and greatest value.
FAMILY, SHIFT, SCALE, FROM, TO, LEAST, MOST = range(7)

_WEIGHT, _ORDINAL_BITS, _ORDINAL = np.uint64(random.WEIGHT), np.uint64(32), np.uint64(0xFFFF)
_ZERO, _ONE = np.uint64(0), np.uint64(1)


@scalar
def normal_quantile(u):
    """The value that a standard normal deviate is below with probability `u`."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * (((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r
                         + 6.7265770927008700853e4) * r + 4.5921953931549871457e4) * r
                       + 1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r
                     + 1.3314166789178437745e2) * r + 3.3871328727963666080e0) / (
            ((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r
                 + 3.9307895800092710610e4) * r + 2.1213794301586595867e4) * r
               + 5.3941960214247511077e3) * r + 6.8718700749205790830e2) * r
             + 4.2313330701600911252e1) * r + 1.0)
    r = math.sqrt(-math.log(u if q < 0 else 1.0 - u))
    if r <= 5.0:
        r -= 1.6
        x = (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r
                  + 2.41780725177450611770e-1) * r + 1.27045825245236838258e0) * r
                + 3.64784832476320460504e0) * r + 5.76949722146069140550e0) * r
              + 4.63033784615654529590e0) * r + 1.42343711074968357734e0) / (
            ((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r
                 + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1) * r
               + 6.89767334985100004550e-1) * r + 1.67638483018380384940e0) * r
             + 2.05319162663775882187e0) * r + 1.0)
    else:
        r -= 5.0
        x = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
                  + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2) * r
                + 2.96560571828504891230e-1) * r + 1.78482653991729133580e0) * r
              + 5.46378491116411436990e0) * r + 6.65790464350110377720e0) / (
            ((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r
                 + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4) * r
               + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r
             + 5.99832206555887937690e-1) * r + 1.0)
    return -x if q < 0 else x


@scalar
def quantile(law, u):
    """The value that a draw from the distribution `law` is below with probability `u`."""
    family, x = law[FAMILY], law[SHIFT]
    if family == UNIFORM:
        x += law[SCALE] * u
    elif family != CONSTANT:
        x += law[SCALE] * normal_quantile(law[FROM] + u * (law[TO] - law[FROM]))
        if family == LOG_NORMAL:
            x = math.exp(x)
    return min(max(x, law[LEAST]), law[MOST])


@scalar
def as_steps(x):
    """A delay as whole steps, one at least."""
    return max(np.rint(x), 1.0)


@scalar
def synapse_uniforms(seed, projection, source, target, ordinal):
    """Uniform numbers in (0, 1) for the weight and for the delay of a synapse; uint64."""
    step = target | ((ordinal & _ORDINAL) << _ORDINAL_BITS)
    w0, w1, w2, w3 = random.words(seed, _WEIGHT, source, step, projection)
    return uniform52(w0, w1), uniform52(w2, w3)


@kernel
def synapse_values(site, law, is_delay, multapses, block_at, rows, targets, out_at, out):
    """Draw the weight or the delay (steps) of each synapse; return the least and the greatest.

    Written to `out`, unless that is None, at the place of the synapse plus `out_at`.
    """
    least, most = np.inf, -np.inf
    size, projection = np.uint64(site.size), np.uint64(site.projection)
    for block in range(np.uint64(rows.shape[0])):
        first, base = block * size, np.uint64(block_at[block])
        for i in range(np.uint64(site.n_pre)):
            source, start = np.uint64(site.pre_start) + i, np.uint64(rows[block, i])
            for j in range(start, np.uint64(rows[block, i + _ONE])):
                weight, delay = synapse_uniforms(
                    site.seed, projection, source, first + np.uint64(targets[base + j]),
                    j - start if multapses else _ZERO)
                x = as_steps(quantile(law, delay)) if is_delay else quantile(law, weight)
                least, most = min(least, x), max(most, x)
                if out is not None:
                    out[base + j + np.uint64(out_at)] = x
    return least, most


@kernel
def draw_each(seed, stream, item, law, ids, out):
    """Draw a number for each of `ids` (n,) uint64."""
    for k in range(np.uint64(ids.shape[0])):
        w0, w1, _, _ = random.words(seed, stream, ids[k], _ZERO, item)
        out[k] = quantile(law, uniform52(w0, w1))
