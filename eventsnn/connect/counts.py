"""How many of several draws fall into one part: binomial and hypergeometric numbers.

By inversion from the mode: the probabilities around it follow from each other by their ratios, with
no factorial, to the last digits; time grows with the standard deviation of the number. So a total
is split among blocks or sources one after the other, and adds up exactly.
"""

import math

from eventsnn.core.jit import scalar

NOTHING = 1e-20  # of the probability of the mode: what is left out


@scalar
def _up(k, n, good, bad, again):
    """Probability of ``k + 1`` by that of `k`."""
    if again:
        return (n - k) * good / ((k + 1.0) * bad)
    return (n - k) * (good - k) / ((k + 1.0) * (bad - n + k + 1.0))


@scalar
def share(u, n, good, bad, again):
    """How many of `n` draws from ``good + bad`` things are good ones; all float64.

    The number that a share is at most with probability `u`, but for the order of numbers. `again`
    says whether a thing may be drawn again; if not, ``n <= good + bad``.
    """
    if bad <= 0.0:
        return n
    if good <= 0.0 or n <= 0.0:
        return 0.0
    least, most = (0.0, n) if again else (max(0.0, n - bad), min(n, good))
    if again:
        mode = math.floor((n + 1.0) * (good / (good + bad)))
    else:
        mode = math.floor((n + 1.0) * ((good + 1.0) / (good + bad + 2.0)))
    mode = min(max(mode, least), most)
    total, p, k = 1.0, 1.0, mode
    while k < most and p > NOTHING:
        p *= _up(k, n, good, bad, again)
        total += p
        k += 1.0
    p, k = 1.0, mode
    while k > least and p > NOTHING:
        p /= _up(k - 1.0, n, good, bad, again)
        total += p
        k -= 1.0
    u = u * total - 1.0
    p, k = 1.0, mode
    while u >= 0.0 and k < most and p > NOTHING:
        p *= _up(k, n, good, bad, again)
        u -= p
        k += 1.0
    if u < 0.0:
        return k
    p, k = 1.0, mode
    while u >= 0.0 and k > least and p > NOTHING:
        p /= _up(k - 1.0, n, good, bad, again)
        u -= p
        k -= 1.0
    return k if u < 0.0 else mode
