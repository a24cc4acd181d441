"""Slopes and their antiderivatives, from the formulas, in Python's floats."""

import math

from eventsnn import surrogates


def clamp(u):
    return min(max(u, -1.0), 1.0)


SLOPES = {
    surrogates.Heaviside: lambda u, a: 0.0,
    surrogates.SuperSpike: lambda u, a: 1 / (a * abs(u) + 1) ** 2,
    surrogates.HeaviErfc: lambda u, a: 2 / math.sqrt(math.pi) * math.exp(-(a * u) ** 2),
    surrogates.HeaviTanh: lambda u, a: 1 / math.cosh(min(abs(a * u), 300.0)) ** 2,
    surrogates.Triangle: lambda u, a: a * max(0.0, 1 - abs(u)),
    surrogates.HeaviCirc: lambda u, a: a ** 3 / (a ** 2 + u ** 2) ** 1.5,
    surrogates.Logistic: lambda u, a: 1 / math.cosh(min(abs(a * u), 300.0)) ** 2,
    surrogates.CircDist: lambda u, a: a ** 3 / (a ** 2 + u ** 2) ** 1.5,
}

# What a spike is replaced with, so that its derivative is the slope. The constants are arbitrary;
# the one of Heaviside is the step itself, whose slope is 0 where it has one.
PRIMITIVES = {
    surrogates.Heaviside: lambda u, a: 1.0 if u > 0 else 0.0,
    surrogates.SuperSpike: lambda u, a: 0.5 + u / (a * abs(u) + 1),
    surrogates.HeaviErfc: lambda u, a: 0.4 + math.erf(a * u) / a,
    surrogates.HeaviTanh: lambda u, a: 0.6 + math.tanh(a * u) / a,
    surrogates.Triangle: lambda u, a: 0.3 + a * (clamp(u) - clamp(u) * abs(clamp(u)) / 2),
    surrogates.HeaviCirc: lambda u, a: 0.5 + a * u / math.sqrt(a * a + u * u),
    surrogates.Logistic: lambda u, a: 0.4 + math.tanh(a * u) / a,
    surrogates.CircDist: lambda u, a: 0.6 + a * u / math.sqrt(a * a + u * u),
}

WIDTHS = {
    surrogates.Heaviside: (), surrogates.SuperSpike: (100.0, 3.0),
    surrogates.HeaviErfc: (100.0, 2.0),
    surrogates.HeaviTanh: (100.0, 2.0), surrogates.Triangle: (0.3, 1.5),
    surrogates.HeaviCirc: (100.0, 0.7), surrogates.Logistic: (100.0, 2.0),
    surrogates.CircDist: (100.0, 0.7),
}


def cases():
    """Every surrogate at its default and at another width."""
    for cls, widths in WIDTHS.items():
        if not widths:
            yield cls()
        for alpha in widths:
            yield cls(alpha=alpha)


def width(th):
    return getattr(th, "alpha", 0.0)


def slope(u, th):
    return SLOPES[type(th)](u, width(th))


def primitive(u, th):
    return PRIMITIVES[type(th)](u, width(th))
