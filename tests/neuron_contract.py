"""The neuron models under contract, random cases of them, and how their results are compared."""

import numpy as np
import pytest

from eventsnn import layers, surrogates
from eventsnn.core.dispatch import MODELS
from tests.naive import neurons as naive
from tests.naive import surrogates as naive_surrogates

DT = 1e-3
PARAMETERS = sorted((cls for cls in MODELS if cls.__module__.startswith("eventsnn.")),
                    key=lambda cls: cls.__name__)  # tests and examples register models of their own
# Those whose recurrent weights bring their input: its channels are one, or exc and inh.
COUPLED = [cls for cls in PARAMETERS
           if getattr(MODELS[cls].inputs, "_fields", ("exc", "inh")) == ("exc", "inh")]
SURROGATES = list(naive_surrogates.cases())
SMOOTH = surrogates.HeaviTanh(alpha=2.0)


def smooth(cls):
    """A surrogate to relax a model with: one of long tails where potentials are in mV."""
    return surrogates.SuperSpike(alpha=2.0) if twin_of(cls).scale > 1 else SMOOTH


each_model = pytest.mark.parametrize("cls", PARAMETERS, ids=lambda cls: cls.__name__[:-10])
each_surrogate = pytest.mark.parametrize(
    "th", SURROGATES, ids=lambda th: f"{type(th).__name__}-{th[0] if th else ''}")
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


def twin_of(cls):
    assert cls.__name__ in naive.TWINS, f"{cls.__name__} needs a twin in tests/naive/neurons.py"
    return naive.TWINS[cls.__name__]


def draw(ranges, rng, shape, dtype=np.float64):
    """Uniform numbers within a range, or a dictionary of them."""
    if isinstance(ranges, dict):
        return {name: draw(r, rng, shape, dtype) for name, r in ranges.items()}
    return rng.uniform(*ranges, shape).astype(dtype)


def case(cls, rng, shape, n_steps, dtype=np.float64, features=None):
    """Parameters (features), state (shape) and input (n_steps, *shape), as a layer takes them."""
    twin, model = twin_of(cls), MODELS[cls]
    features = shape[-1:] if features is None else features
    p = draw(twin.p, rng, features, dtype)
    p |= {f: rng.choice(values, features).astype(dtype) for f, values in twin.switches.items()}
    s = draw(twin.s, rng, shape, dtype)
    x = draw(twin.x, rng, (n_steps, *shape), dtype)
    return cls(**p), model.state(**s), model.inputs(**x) if model.inputs else x


def at(values, index):
    """The numbers at `index` as the naive models take them: Python floats."""
    if isinstance(values, tuple):
        return {f: float(np.asarray(v)[index]) for f, v in zip(values._fields, values)}
    return float(np.asarray(values)[index])


def n_steps_of(x):
    return len(x[0] if isinstance(x, tuple) else x)


def sequence(cls, *arguments, **options):
    return type("Any", (layers.Sequence,), {"parameters": cls})(*arguments, **options)


def assert_same(actual, expected):
    """Bit for bit, but for the sign of zero; tuples field by field."""
    if isinstance(expected, tuple):
        assert type(actual) is type(expected)
        for a, e in zip(actual, expected, strict=True):
            assert_same(a, e)
    else:
        np.testing.assert_array_equal(actual, expected)


def mapped(function, values):
    if isinstance(values, tuple):
        return type(values)(*map(function, values))
    return function(values)
