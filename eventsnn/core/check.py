"""Argument checks with one wording: ``<argument> must <demand>, got <value>[; <remedy>]``.

Checks run once, at the door of a public function, before any work is done. What passed is trusted.
"""

import difflib
import math
import numbers
import pathlib
import sys
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from eventsnn.errors import StabilityWarning

UNSTABLE = 2.0  # forward Euler of y' = -rate y diverges for dt * rate above this
INACCURATE = 1.0  # and overshoots zero above this

# Parameters that a model divides by, or that lose their sense; `tau_inv` only scales the time.
POSITIVE = ("delta_T", "c_m_inv", "sq", "tau_inv")

# What counts as float64: as files may hold it, too.
WIDE = {np.dtype(kind) for kind in (">f8", "<f8", np.longdouble)}

E = TypeVar("E", bound=Exception)


def must(argument: str, demand: str, got: object, remedy: str = "",
         error: type[E] = ValueError) -> E:  # type: ignore[assignment]  # mypy: TypeVar default
    """The exception of a refused argument, to be raised by the caller; one line."""
    text = " ".join(map(str.strip, f"{argument} must {demand}, got {got}".splitlines()))
    return error(f"{text}; {remedy}" if remedy else text)


def unknown(argument: str, name: object, known: Iterable[str]) -> ValueError:
    """The exception of a name that is not one of `known`, with the nearest one as remedy."""
    known = sorted(known)
    near = difflib.get_close_matches(str(name), known, n=1)
    remedy = f"did you mean {near[0]!r}?" if near else ""
    return must(argument, f"be one of {', '.join(known)}", repr(name), remedy)


def number(argument: str, value: Any, *, above: float | None = None, least: float | None = None,
           most: float | None = None) -> float:
    """`value` as a finite float within the bounds given."""
    if (isinstance(value, (bool, np.bool_)) or not isinstance(value, (numbers.Real, np.ndarray))
            or np.shape(value) != ()):  # type: ignore[arg-type]
        raise must(argument, "be a number", repr(value), error=TypeError)
    try:
        value = float(value)
    except OverflowError:  # of Python's whole numbers, which have no end
        value = math.inf
    if not math.isfinite(value):
        raise must(argument, "be finite", value)
    if above is not None and not value > above:
        raise must(argument, f"be above {above:g}", f"{value:g}")
    if least is not None and value < least:
        raise must(argument, f"be at least {least:g}", f"{value:g}")
    if most is not None and value > most:
        raise must(argument, f"be at most {most:g}", f"{value:g}")
    return value


def integer(argument: str, value: Any, *, least: int | None = None, most: int | None = None) -> int:
    """`value` as an int within the bounds given; floats are refused, even whole ones."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise must(argument, "be a whole number", repr(value), error=TypeError)
    value = int(value)
    if least is not None and value < least:
        raise must(argument, f"be at least {least}", value)
    if most is not None and value > most:
        raise must(argument, f"be at most {most}", value)
    return value


def flag(argument: str, value: Any) -> bool:
    """`value` as a bool; only True, False, 1 and 0 are taken."""
    if isinstance(value, (bool, np.bool_)) or type(value) is int and value in (0, 1):
        return bool(value)
    raise must(argument, "be True or False", repr(value), error=TypeError)


def path(argument: str, value: Any) -> pathlib.Path:
    """`value` as the name of a file."""
    try:
        found = pathlib.Path(value)
    except TypeError:
        raise must(argument, "be the name of a file", repr(value), error=TypeError) from None
    if "\0" in str(found):  # such a file "does not exist", and is refused when it is written
        raise must(argument, "be the name of a file", repr(str(found)))
    return found


def new_name(argument: str, value: Any, taken: Iterable[str]) -> str:
    """`value` as a name that is not yet `taken` in the network, and can be one in a recording."""
    if not isinstance(value, str):
        raise must(argument, "be a string", repr(value), error=TypeError)
    if not value or "/" in value or value in (".", ".."):  # it names a group in recordings
        raise must(argument, "not be empty, nor hold a slash or be a dot", repr(value))
    if not value.isprintable():  # HDF5 ends a name at a zero; a broken one breaks a line of output
        raise must(argument, "hold printable characters alone", ascii(value))
    if value in taken:
        raise must(argument, "be new in the network", repr(value))
    return value


def names(argument: str, value: Any, known: Iterable[str]) -> tuple[str, ...]:
    """`value` as a tuple of names, each of which is `known` and stands once."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise must(argument, "be a tuple of names", repr(value), error=TypeError)
    value = tuple(value)
    for name in value:
        if name not in known:
            raise unknown(argument, name, known)
    if len(set(value)) < len(value):
        raise must(argument, "name each once", repr(value))
    return value


def real_array(argument: str, value: Any) -> np.ndarray:
    """`value` as a native array of bools, integers or floats; anything else is a TypeError.

    Numbers of another byte order, as files may hold, are turned; floats of more than 64 bits
    become float64.
    """
    if getattr(value, "device", "cpu") == "cuda":  # of `core.device`: made of one that was checked
        return value
    try:
        array = np.asarray(value)
    except ValueError:
        raise must(argument, "be an array of real numbers", "rows of unequal length") from None
    if array.dtype.kind not in "biuf":
        raise must(argument, "hold real numbers", f"dtype {array.dtype}", error=TypeError)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return array.astype(np.float64)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def whole(argument: str, value: Any) -> np.ndarray:
    """`value` as an int64 array of whole numbers; an empty one of any kind will do."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise must(argument, "be an array of whole numbers", "rows of unequal length") from None
    if array.size and array.dtype.kind not in "iu":
        raise must(argument, "be whole numbers", f"dtype {array.dtype}", error=TypeError)
    return array.astype(np.int64, copy=False)


def float_dtype(*values: Any) -> np.dtype:
    """float64 if any array given is float64, else float32; Python numbers do not count."""
    wide = any(getattr(v, "dtype", None) in WIDE and np.ndim(v) > 0 for v in values)
    return np.dtype(np.float64 if wide else np.float32)


def shape(argument: str, got: tuple, expected: tuple, why: str = "") -> None:
    """Refuse a shape other than `expected`."""
    if tuple(got) != tuple(expected):
        raise must(argument, f"have shape {tuple(expected)}{' ' + why if why else ''}", tuple(got))


def broadcasts(argument: str, got: tuple, other: tuple, name: str) -> None:
    """Refuse a shape that one of `name`, `other`, does not broadcast to."""
    try:
        fits = np.broadcast_shapes(got, other) == tuple(got)
    except ValueError:
        fits = False
    if not fits:
        raise must(argument, f"have shape (..., {', '.join(map(str, other))}) to match {name}",
                   tuple(got))


def finite(argument: str, values: Any, dtype: Any = None) -> None:
    """Refuse NaN and infinities in a number or an array, before and after a cast to `dtype`."""
    if getattr(values, "device", "cpu") == "cuda":
        if np.isfinite(values if dtype is None else values.astype(dtype)).all():
            return
        values = values.to("cpu")
    with np.errstate(over="ignore"):
        values = np.asarray(values, dtype)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        bad = values[~np.isfinite(values)]
        raise must(argument, "be finite", f"{bad.flat[0]} in {bad.size} of {values.size} places")


def parameters(p: NamedTuple, dt: float) -> None:
    """Refuse parameters that are not finite in float32, and rates that are not stable at `dt`.

    Fields named ``tau_*_inv`` are inverse time constants in 1/s: they must be positive, and forward
    Euler needs ``dt * rate <= 2`` to be stable and below 1 to be accurate.
    """
    for name, value in zip(p._fields, p, strict=True):
        value = real_array(name, value).astype(np.float64)  # whole numbers know no infinity
        finite(name, value, np.float32)
        least, most = np.min(value, initial=np.inf), np.max(value, initial=-np.inf)
        if name == "rho_reset" and value.size and least < 0:
            raise must(name, "be at least 0 (steps)", f"{least:g}")
        if name in POSITIVE and value.size and not least > 0:
            raise must(name, "be positive", f"{least:g}")
        if name == "reset_subtract" and not np.isin(value, (0, 1)).all():
            raise must(name, "be 0 or 1", f"{value[~np.isin(value, (0, 1))][0]:g}")
        if name.startswith("tau_") and name.endswith("_inv") and name != "tau_inv" and value.size:
            _stable(name, least, most, dt)


def _level_of_caller() -> int:
    """How far up the stack of the function that asks the first one outside the package is."""
    package, level, frame = __name__.split(".")[0], 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == package:
        level, frame = level + 1, frame.f_back
    return level


def _stable(name: str, least: float, most: float, dt: float) -> None:
    """Refuse rates from `least` to `most` that forward Euler cannot take at `dt`."""
    if not least > 0:
        raise must(name, "be positive (an inverse time constant, 1/s)", f"{least:g}")
    if dt * most > UNSTABLE:
        raise must("dt", f"be at most {UNSTABLE / most:g} s for {name} = {most:g} / s "
                   "(forward Euler diverges above it)", f"{dt:g} s",
                   "time is in seconds; did you pass milliseconds?")
    if dt * most > INACCURATE:
        warnings.warn(f"dt * {name} = {dt * most:g} is above {INACCURATE:g}: stable, but the "
                      "solution oscillates; use a smaller dt", StabilityWarning,
                      stacklevel=_level_of_caller())
