"""The arguments of the rules' functions: checked, and as arrays of one float type."""

from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.core.device import like
from eventsnn.core.fields import map_fields


def arrays(state: Any, **given: Any) -> tuple[np.dtype, list[np.ndarray]]:
    """The arrays given, by argument, in the float type of them and of the state; and that type."""
    taken = [check.real_array(name, value) for name, value in given.items()]
    dtype = check.float_dtype(*taken, *(state if isinstance(state, tuple) else ()))
    return dtype, [array.astype(dtype, copy=False) for array in taken]


def parameters(p: Any, dt: float, dtype: np.dtype) -> tuple[Any, Any]:
    """`p`, all numbers or arrays, and `dt`, checked and in `dtype`: none of them widens an array.

    Parameters
    ----------
    p : named tuple
        Fields ``tau_*_inv`` are inverse time constants, 1/s.
    dt : float
        Step, s.
    """
    dt = check.number("dt", dt, above=0.0)
    check.parameters(p, dt)
    return map_fields(lambda field: np.asarray(field).astype(dtype)[()], p), dtype.type(dt)


def fits(argument: str, value: Any, shape: tuple) -> None:
    """Refuse a parameter that does not broadcast against an array of `shape`."""
    try:
        if np.broadcast_shapes(np.shape(value), shape) == shape:
            return
    except ValueError:
        pass
    raise check.must(argument, f"broadcast against shape {shape}", f"shape {np.shape(value)}")


def given_class(argument: str, value: Any, cls: type) -> None:
    """Refuse what is not of `cls`."""
    if type(value) is not cls:
        raise check.must(argument, f"be {cls.__name__}", type(value).__name__, error=TypeError)


def state(cls: Any, given: Any, rest: dict[str, tuple[tuple, float]], dtype: np.dtype,
          some: Any = None) -> Any:
    """The state given, as arrays of `dtype`; at rest, where `some` array lies, if none is given.

    Parameters
    ----------
    cls : named tuple class
    given : named tuple of arrays, or None
    rest : dict
        Of each field, its shape and its value at rest.
    """
    if given is None:
        return cls(**{name: np.full(shape, value, dtype, **like(some))
                      for name, (shape, value) in rest.items()})
    given_class("state", given, cls)
    arrays = []
    for name, value in zip(cls._fields, given, strict=True):
        value = check.real_array(f"state.{name}", value)
        check.shape(f"state.{name}", value.shape, rest[name][0], "to match the spikes")
        arrays.append(value.astype(dtype, copy=False))
    return cls(*arrays)


def same_batch(z_pre: np.ndarray, z_post: np.ndarray, features: int) -> None:
    """Refuse spikes whose axes before the last `features` differ."""
    lead = z_pre.shape[:z_pre.ndim - features]
    if z_post.shape[:z_post.ndim - features] != lead:
        raise check.must("z_post", f"have the batch axes {lead} of z_pre", f"shape {z_post.shape}")
