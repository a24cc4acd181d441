"""Numbers that carry their derivatives: the naive models run on them give exact gradients.

The chain rule, forward, in float64 and nothing else. A spike has the slope that it is given.
"""

import math
import types

import numpy as np


class Dual:
    """A number and its derivatives (n,) by all that is of interest."""

    __array_ufunc__ = None  # NumPy's numbers leave the arithmetic to this class

    def __init__(self, value, bar):
        self.value, self.bar = float(value), bar

    def __add__(self, other):
        other = lifted(other)
        return Dual(self.value + other.value, self.bar + other.bar)

    def __mul__(self, other):
        other = lifted(other)
        return Dual(self.value * other.value, self.bar * other.value + other.bar * self.value)

    def __truediv__(self, other):
        other = lifted(other)
        ratio = self.value / other.value
        return Dual(ratio, (self.bar - ratio * other.bar) / other.value)

    def __pow__(self, n):
        return Dual(self.value ** n, n * self.value ** (n - 1) * self.bar)

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -1.0 * lifted(other)

    def __rsub__(self, other):
        return lifted(other) - self

    def __gt__(self, other):
        return self.value > lifted(other).value

    def __eq__(self, other):
        return self.value == lifted(other).value

    __radd__, __rmul__ = __add__, __mul__


def lifted(a):
    """A number as one whose derivatives are 0."""
    return a if isinstance(a, Dual) else Dual(a, 0.0)


def exp(a):
    a = lifted(a)
    return Dual(math.exp(a.value), math.exp(a.value) * a.bar)


MATH = types.SimpleNamespace(exp=exp, sqrt=math.sqrt)  # what the naive models take of `math`


def seeded(*groups):
    """Dictionaries of arrays, or arrays, with a derivative by each of their entries.

    Returns the groups as object arrays of duals, and a function that brings a total's derivatives
    into their shapes.
    """
    parts = [(i, f) for i, group in enumerate(groups)
             for f in (group if isinstance(group, dict) else [None])]
    arrays = [np.asarray(groups[i] if f is None else groups[i][f], float) for i, f in parts]
    size, start, made, places = sum(a.size for a in arrays), 0, [], []
    for a in arrays:
        duals = np.empty(a.shape, object)
        for k, index in enumerate(np.ndindex(a.shape)):
            bar = np.zeros(size)
            bar[start + k] = 1.0
            duals[index] = Dual(a[index], bar)
        made.append(duals)
        places.append((start, a.shape))
        start += a.size

    def shaped(arrays_):
        out = [{} if isinstance(group, dict) else None for group in groups]
        for (i, f), array in zip(parts, arrays_, strict=True):
            if f is None:
                out[i] = array
            else:
                out[i][f] = array
        return out

    def gradients(total):
        return shaped([total.bar[at:at + int(np.prod(shape))].reshape(shape)
                       for at, shape in places])

    return shaped(made), gradients
