"""One neuron's scalars in and out of tuples of arrays.

States, inputs, tapes and gradients are NamedTuples with one array a variable, or a single array.
`index` is an integer or a tuple of them. What is None is not stored: the call compiles to nothing.
"""

from collections.abc import Callable
from typing import Any

from numba.core import types

from eventsnn.core.inline import inlined


def define(arguments: str, *body: str, **names: Any) -> Callable:
    """A function of the given source.

    Numba knows no loop over the fields of a tuple of mixed types, so such functions are written
    out field by field. This is the only place that writes code.
    """
    scope: dict[str, Any] = dict(names)
    exec(f"def function({arguments}):\n " + "\n ".join(body), scope)
    return scope["function"]


def _is_tuple(a: types.Type) -> bool:
    return isinstance(a, types.BaseNamedTuple)


def load(a: Any, index: Any) -> Any:
    """The values at `index`: a scalar of an array, a tuple of scalars of a tuple of arrays."""
    if isinstance(a, tuple):
        return type(a)(*(array[index] for array in a))
    return a[index]


@inlined(load)
def _load(a, index):
    if not _is_tuple(a):
        return lambda a, index: a[index]
    values = ", ".join(f"a[{i}][index]" for i in range(len(a)))
    return define("a, index", f"return cls({values})", cls=a.instance_class)


def pick(p: Any, k: Any) -> Any:
    """The parameters of neuron `k`; a field is a scalar, or an array with one value a neuron."""
    return type(p)(*(field[k] if getattr(field, "ndim", 0) else field for field in p))


@inlined(pick)
def _pick(p, k):
    values = ", ".join(f"p[{i}][k]" if isinstance(field, types.Array) else f"p[{i}]"
                       for i, field in enumerate(p))
    return define("p, k", f"return cls({values})", cls=p.instance_class)


def store(a: Any, index: Any, values: Any) -> None:
    """Write `values` at `index`; nothing if `a` is None."""
    if isinstance(a, tuple):
        for array, value in zip(a, values, strict=True):
            array[index] = value
    elif a is not None:
        a[index] = values


@inlined(store)
def _store(a, index, values):
    return _assign(a, "=")


def accumulate(a: Any, index: Any, values: Any) -> None:
    """Add `values` at `index`; nothing if `a` is None."""
    if isinstance(a, tuple):
        for array, value in zip(a, values, strict=True):
            array[index] += value
    elif a is not None:
        a[index] += values


@inlined(accumulate)
def _accumulate(a, index, values):
    return _assign(a, "+=")


def _assign(a: Any, operator: str) -> Callable:
    if isinstance(a, types.NoneType):
        return define("a, index, values", "pass")
    if not _is_tuple(a):
        return define("a, index, values", f"a[index] {operator} values")
    return define("a, index, values",
                  *(f"a[{i}][index] {operator} values[{i}]" for i in range(len(a))))


def add(a: Any, b: Any, index: Any) -> Any:
    """The tuple of scalars `a` plus those of `b` at `index`; `a` if `b` is None."""
    if b is None:
        return a
    return type(a)(*(value + array[index] for value, array in zip(a, b, strict=True)))


@inlined(add)
def _add(a, b, index):
    if isinstance(b, types.NoneType):
        return lambda a, b, index: a
    values = ", ".join(f"a[{i}] + b[{i}][index]" for i in range(len(a)))
    return define("a, b, index", f"return cls({values})", cls=a.instance_class)


def magnitude(a: Any) -> Any:
    """A number, or the sum of those of a tuple, without signs: 0 if and only if all are."""
    return sum(map(abs, a)) if isinstance(a, tuple) else abs(a)


@inlined(magnitude)
def _magnitude(a):
    if not _is_tuple(a):
        return lambda a: abs(a)
    return define("a", f"return {' + '.join(f'abs(a[{i}])' for i in range(len(a)))}")


def map_fields(function: Callable, *tuples: Any) -> Any:
    """`function` of the arrays of one or several tuples, field by field; or of plain arrays."""
    first = tuples[0]
    if isinstance(first, tuple):
        if len(tuples) == 1:
            return type(first)(*map(function, first))
        return type(first)(*(function(*arrays) for arrays in zip(*tuples, strict=True)))
    return function(*tuples)
