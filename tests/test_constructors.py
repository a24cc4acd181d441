"""Anything given to the constructors of neurons: taken, or refused in one line that names it."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventsnn import layers
from eventsnn.core.dispatch import MODELS
from eventsnn.errors import NumericalError, StabilityWarning
from eventsnn.simulate import Network
from tests.neuron_contract import COUPLED, PARAMETERS, sequence

N = 3
NUMBERS = st.one_of(
    st.floats(), st.integers(-5, 5), st.integers(), st.sampled_from([
        0.0, -0.0, 1e-3, 1e-4, 0.1, 100.0, 1e39, 1e-310, 10**400, True, np.True_, np.float32(2.0),
        np.int8(-3), np.uint64(2**64 - 1), np.float16(1.0), np.longdouble(3.0)]))
OTHERS = st.sampled_from([
    None, "1", b"1", 1j, "", [], {}, (), object, np.datetime64("2020"), [[1.0], [1.0, 2.0]]])
ARRAYS = st.one_of(
    st.lists(st.floats(width=32), max_size=4),
    st.sampled_from([np.float32, np.int64, np.bool_, ">f8", np.complex64, object]).map(
        lambda kind: np.ones(N, kind)),
    st.sampled_from([(), (1,), (N,), (2, N), (0,), (1, 1, N)]).map(lambda s: np.full(s, 120.0)))
# Most values of a case are good, so that the others are seen one by one.
VALUES = st.one_of(NUMBERS, NUMBERS, ARRAYS, OTHERS)


@st.composite
def calls(draw):
    """A model, some of its parameters, and a step."""
    cls = draw(st.sampled_from(PARAMETERS))
    fields = draw(st.sets(st.sampled_from(cls._fields), max_size=3))
    p = {f: draw(VALUES) for f in sorted(fields)}
    return cls, p, draw(st.one_of(st.sampled_from([1e-4, 1e-3]), NUMBERS, OTHERS))


def refused(error, known):
    """Assert that a message names an argument, what is demanded of it, and what it got."""
    text = str(error)
    assert "\n" not in text, text
    found = re.match(r"([\w.]+) must .+, got .+", text)
    assert found and found[1] in known, text


def try_to(make, known):
    """What `make` returns, or None if it refuses as it should."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", StabilityWarning)
        try:
            return make()
        except (ValueError, TypeError) as error:
            refused(error, known)
        except NumericalError as error:
            assert "must stay finite" in str(error) and "\n" not in str(error)


def check(call):
    cls, changed, dt = call
    p = cls(**changed)
    known = {*cls._fields, "dt"}

    def recurrent():
        return type("Any", (layers.RecurrentSequence,), {"parameters": cls})(2, N, p, dt=dt, seed=1)

    def run(layer, x):
        out, _ = layer(x)
        assert out.shape[0] == 2 and np.isin(out, (0, 1)).all() or not MODELS[cls].spiking

    zeros = np.zeros((2, N))
    inputs = MODELS[cls].inputs
    layer = try_to(lambda: sequence(cls, p, dt=dt), known)
    if layer is not None:
        try_to(lambda: run(layer, zeros if inputs is None else inputs(*[zeros] * len(
            inputs._fields))), known)
    if cls in COUPLED and (layer := try_to(recurrent, known)) is not None:
        try_to(lambda: run(layer, np.zeros((2, 2))), known)
    if (net := try_to(lambda: Network(dt), known)) is not None:
        made = try_to(lambda: net.population("cells", N, p), known)
        assert list(net.populations.values()) == ([] if made is None else [made])


@pytest.mark.parametrize("examples", [100, pytest.param(2000, marks=pytest.mark.long)])
def test_constructors__take_or_refuse(plain, examples):
    settings(max_examples=examples, derandomize=True, deadline=None, database=None,
             suppress_health_check=list(HealthCheck))(given(calls())(check))()
