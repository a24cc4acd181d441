"""Helpers of a loop: inlined into it, and made machine code of nowhere else."""

import numpy as np
import pytest
from numba import njit
from numba.core.codegen import JITCodeLibrary
from numba.core.errors import NumbaError

from eventsnn.core.inline import inlined
from eventsnn.core.jit import kernel, scalar

TWO = np.float32(2)


@scalar
def _doubled(x):
    return TWO * x


@scalar
def _quadrupled(x):
    return _doubled(_doubled(x))


@scalar
def _root(x):
    if x < np.float32(0):
        raise ValueError("x must be 0 or more")
    return np.float32(np.sqrt(x))


def twice(x):
    """For Python; loops inline what `inlined` gives."""
    return [x, x]


@inlined(twice)
def _twice(x):
    return lambda x: (x, x)


@pytest.fixture
def made(monkeypatch):
    """The names of the functions that machine code is made of."""
    names, make = [], JITCodeLibrary._finalize_specific

    def noted(library):
        names.append(library.name.rpartition(".")[2])
        make(library)

    monkeypatch.setattr(JITCodeLibrary, "_finalize_specific", noted)
    return names


def test_loop__is_made_without_its_helpers(made):
    def quadruple(x):
        for k in range(np.uint64(x.shape[0])):
            x[k] = _quadrupled(x[k])

    x = np.arange(5, dtype=np.float32)
    kernel(quadruple)(x)

    np.testing.assert_array_equal(x, 4 * np.arange(5))
    assert "quadruple" in made
    assert not {"_quadrupled", "_doubled"} & set(made)


def test_loop__is_made_with_what_is_not_marked(made):
    @njit
    def helper(x):
        return TWO * x

    kernel(lambda x: helper(x))(TWO)

    assert "helper" in made


def test_inlined__is_chosen_by_type_and_leaves_python_its_own():
    assert twice(3) == [3, 3]
    assert kernel(lambda x: twice(x))(3) == (3, 3)


def test_error_in_a_helper__reaches_python():
    roots = kernel(lambda x: _root(x))

    assert roots(np.float32(9)) == 3
    with pytest.raises(ValueError, match="x must be 0 or more"):
        roots(np.float32(-1))


def test_inlined__asks_for_the_same_arguments():
    def one(x):
        return x

    inlined(one)(lambda x: lambda y: y)

    with pytest.raises(NumbaError, match="argument names"):
        kernel(lambda x: one(x))(3)
