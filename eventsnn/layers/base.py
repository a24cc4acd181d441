"""What every layer is: a call that may record on a tape, and `backward`, which reads it.

A layer owns its weights and nothing else: state goes in and comes out, and what backward needs is
on the tape. ``out, state = layer(x, state, tape=tape)`` for a layer with state, ``out = layer(x,
tape=tape)`` for one without. Gradients are called ``<what>_bar``.
"""

import abc
import functools
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np

from eventsnn.core import check, random
from eventsnn.core.device import DeviceArray, on_device, require, to, zeros
from eventsnn.layers import arguments
from eventsnn.spikes import Events

LINE = 64  # bytes of the cache


class Gradients(NamedTuple):
    """What `backward` returns."""

    x: Any  # of the input, shaped as it; None if the tape says that nobody wants it
    state: Any  # of the state that the call was given, shaped as it; None for a stateless layer
    weights: dict[str, np.ndarray]  # of each of the layer's weights, by name
    observed: Any = None  # of the state of other neurons that the layer looked at, if it does


class Tape:
    """Records of calls, for backward passes in the reverse order of the calls.

    `backward` takes its record off the tape, so a tape serves one pass. A tape keeps the arrays
    that went in and came out, not copies: do not change them in place before the pass.

    Parameters
    ----------
    input_gradient : bool
        Whether the gradient of the input is wanted: the input of the first call on the tape.
        Without it, linear maps save a product there, and return None for it.

    Examples
    --------
    >>> import numpy as np
    >>> from eventsnn.layers import LIF, Tape
    >>> lif, tape = LIF(), Tape()
    >>> spikes, state = lif(np.full((50, 1), 0.3), tape=tape)
    >>> gradients = lif.backward(np.ones_like(spikes), tape)
    >>> gradients.x.shape, len(tape)
    ((50, 1), 0)
    """

    def __init__(self, *, input_gradient: bool = True) -> None:
        self._input_gradient = bool(input_gradient)
        self._records: list[tuple[Any, Any]] = []
        self._taken: list[tuple[Any, Any]] | None = None  # by the backward pass under way

    def __len__(self) -> int:
        return len(self._records)

    def nbytes(self, without: Any = None) -> int:
        """Memory of all arrays on the tape, each counted once, but for those of an input."""
        found: dict[int, int] = {}
        _add_arrays(self._records, found)
        others: dict[int, int] = {}
        _add_arrays(without, others)
        return sum(size for array, size in found.items() if array not in others)

    def push(self, layer: Any, record: Any) -> None:
        """Record a call of `layer`."""
        self._records.append((layer, record))

    def pop(self, layer: Any) -> Any:
        """Take off the last record, which must be one of `layer`."""
        last = self._records[-1][0] if self._records else None
        if last is not layer:
            got = "an empty tape" if last is None else f"one of {type(last).__name__}"
            raise check.must("tape", f"end with a call of this {type(layer).__name__}", got,
                             "call the layer with tape=tape, and backward in reverse order")
        record = self._records.pop()
        if self._taken is not None:
            self._taken.append(record)
        return record[1]

    def keeping(self, backward: bool, method: Callable, /, *arguments: Any, **options: Any) -> Any:
        """What a method returns; an exception of it leaves the records as they were."""
        n, outermost = len(self._records), backward and self._taken is None
        if outermost:
            self._taken = []
        try:
            return method(*arguments, **options)
        except BaseException:
            if outermost:
                self._records += reversed(self._taken or [])
            elif not backward:
                del self._records[n:]
            raise
        finally:
            if outermost:
                self._taken = None

    @property
    def wants_sums(self) -> bool:
        """Whether only weights take the gradient of the input of the last record's call: those of
        the first call, whose own input's gradient is of no use."""
        return not self._input_gradient and len(self._records) == 2

    def steps_of(self, out_bar: Any, n_steps: int) -> int:
        """Steps of a gradient that may come as a sum over them, for the record just taken off: 1 if
        it does."""
        return 1 if not self.wants_input and np.shape(out_bar)[:1] == (1,) else n_steps

    @property
    def wants_input(self) -> bool:
        """Whether the record just taken off was of a call whose input's gradient is of use."""
        return self._input_gradient or len(self._records) > 0


def _add_arrays(value: Any, found: dict[int, int]) -> None:
    """Add the sizes of the arrays that own their memory in nested records, by their identity."""
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base
        found[id(value)] = value.nbytes
    elif isinstance(value, DeviceArray):
        found[id(value.buffer)] = value.buffer.nbytes
    elif isinstance(value, Events):
        for part in (value.ends, value.ids, value.values):
            _add_arrays(part, found)
    elif isinstance(value, (tuple, list)):
        for part in value:
            _add_arrays(part, found)
    elif isinstance(value, Tape):
        _add_arrays(value._records, found)


def keeping_tape(method: Callable) -> Callable:
    """A call or a backward pass that leaves its tape as it was when it is refused."""
    backward = method.__name__ == "backward"

    @functools.wraps(method)
    def kept(self: Any, *arguments: Any, **options: Any) -> Any:
        if arguments and not backward:
            _lies_on(self.device, arguments[0])
        tape = options.get("tape", arguments[1] if backward and len(arguments) > 1 else None)
        if tape is None and not backward:
            return method(self, *arguments, **options)
        if not isinstance(tape, Tape):
            raise check.must("tape", "be a Tape", type(tape).__name__, error=TypeError)
        return tape.keeping(backward, method, self, *arguments, **options)

    return kept


def _lies_on(device: str, x: Any) -> None:
    """Refuse an input of another device than the layer's."""
    if isinstance(x, np.ndarray) and device != "cpu" or on_device(x) and device == "cpu":
        raise check.must("x", f"be on the layer's device, {device!r}",
                         "an array on the CPU" if device != "cpu" else "one on 'cuda'",
                         f"move it with eventsnn.to(x, {device!r})", error=TypeError)


class LayerType(abc.ABCMeta):
    """Gives the constructors of all layers the argument ``device``."""

    def __call__(cls, *arguments: Any, device: str = "cpu", **options: Any) -> Any:
        layer = super().__call__(*arguments, **options)
        return layer if device == "cpu" else layer.to(device)


class Layer(metaclass=LayerType):
    """Base of all layers. `stateful` says which of the two calls it has.

    Every layer also takes ``device="cuda"``, as its last argument and by name.
    """

    device = "cpu"  # where its weights and its inputs lie: see `to`

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("__call__", "backward"):
            if name in cls.__dict__:
                setattr(cls, name, keeping_tape(cls.__dict__[name]))

    stateful = False
    gives_events = False  # whether a call takes `events`: its outputs may then come as `Events`
    gives_sums = False  # whether `backward` takes `summed`: see `Sequence.backward`
    takes_sums = False  # whether `backward` takes a sum over the steps for an input that is held
    counter = ""  # name of the attribute that counts what was drawn at random, if something is
    observes = False  # whether a call takes the state of the neurons before it: layer(x, s, state)
    # Of the constructor's arguments: where they are kept, if not under their name, and which are
    # not, as they only said how to draw what is kept.
    kept_as: ClassVar[dict[str, str]] = {}
    unkept: ClassVar[tuple[str, ...]] = ("seed", "dtype")

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The arrays that training changes, by name: changing them in place trains the layer."""
        return {}

    @property
    def event_outputs(self) -> int:
        """Outputs that an element of the input reaches, if the input may be `Events`; else 0."""
        return 0

    @property
    def name(self) -> str:
        """Name in messages."""
        return type(self).__name__

    @classmethod
    def argument_names(cls) -> tuple[str, ...]:
        """The names of `arguments`."""
        return arguments.names(cls)

    def arguments(self) -> dict[str, Any]:
        """What `made` takes to make this layer as it is now, by name; arrays are not copied."""
        return arguments.kept(self, self.argument_names())

    @classmethod
    def made(cls, **given: Any) -> Any:
        """The layer of these `arguments`."""
        return arguments.made(cls, given)

    def to(self, device: str) -> Any:
        """Move the layer, and those in it, to ``"cuda"`` or ``"cpu"``; returns it.

        From then on it takes inputs there and gives outputs there; `eventsnn.to` moves arrays.

        Raises
        ------
        RuntimeError
            If there is no CUDA device, or numba-cuda is not installed.
        """
        require(device)
        self.move(device, {})
        return self

    def move(self, device: str, moved: dict[int, Any]) -> None:
        """Move what the layer holds; `moved` are, by the identity of the array before, others."""
        self.device = device
        for name, value in vars(self).items():
            setattr(self, name, _moved(value, device, moved))

    @abc.abstractmethod
    def __call__(self, x: Any, state: Any = None, *, tape: Tape | None = None) -> Any:
        """Run the layer, and record the call on `tape`."""

    @abc.abstractmethod
    def backward(self, out_bar: Any, tape: Tape, state_bar: Any = None) -> Gradients:
        """Gradients of the last call on `tape`, for those of its output and its final state."""


def _moved(value: Any, device: str, moved: dict[int, Any]) -> Any:
    """An attribute of a layer on a device: arrays of floats, and what holds some."""
    if isinstance(value, (np.ndarray, DeviceArray)) and value.dtype.kind == "f":
        if id(value) not in moved:
            there = to(value, device)
            if there is not value and device == "cpu" and there.ndim == 2:  # as in `own_weights`
                there = _laid_out(there, there.dtype)
            moved[id(value)] = value, there  # the one before keeps its identity as long
        return moved[id(value)][1]
    if isinstance(value, dict):
        return {name: _moved(one, device, moved) for name, one in value.items()}
    if isinstance(value, (tuple, list)):
        parts = [_moved(one, device, moved) for one in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if hasattr(value, "move"):
        value.move(device, moved)
    return value


def time_axis(x: np.ndarray, axes: int, what: str) -> None:
    """Refuse an input with fewer than `axes` axes or with no step."""
    if x.ndim < axes:
        raise check.must("x", f"have shape {what}", x.shape)
    if len(x) == 0:
        raise check.must("x", "have at least one step", f"shape {x.shape}")


def has_steps(argument: str, value: Any, n_steps: int) -> None:
    """Refuse a gradient, or a state of them, that has not one entry a step."""
    if isinstance(value, tuple):
        for part in value:
            has_steps(argument, part, n_steps)
    elif value is not None and np.shape(value)[:1] != (n_steps,):
        raise check.must(argument, f"have {n_steps} steps",
                         len(value) if np.ndim(value) else "a number")


def cotangent(argument: str, value: Any, shape: tuple, dtype: np.dtype,
              some: Any = None) -> np.ndarray:
    """A gradient coming in, as an array of `shape` and `dtype`; None stands for zero.

    `some` is an array of the call that it is a gradient of, or the layer that was called: zeros are
    made where it lies.
    """
    if value is None:
        return zeros(shape, dtype, some)
    value = check.real_array(argument, value)
    check.shape(argument, value.shape, shape, "as what it is the gradient of")
    return value.astype(dtype, copy=False)


def add_states(a: Any, b: Any) -> Any:
    """The sum of two gradients of one state, in which None stands for zero."""
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, tuple):
        return type(a)(*map(add_states, a, b))
    return a + b


def unbroadcast(total: np.ndarray, shape: tuple) -> np.ndarray:
    """Sum over the axes along which an array of `shape` was broadcast to that of `total`."""
    total = total.sum(axis=tuple(range(total.ndim - len(shape))))
    repeated = tuple(i for i, size in enumerate(shape) if size == 1 and total.shape[i] != 1)
    return total.sum(axis=repeated, keepdims=True).reshape(shape)


def own_weights(argument: str, given: Any, drawn: Callable, shape: tuple, dtype: Any) -> np.ndarray:
    """A copy of the weights given, checked; or new ones, ``drawn(shape)``.

    In Fortran's order: those of one sender lie side by side, as its spikes ask for them.
    """
    if given is None:
        dtype = np.dtype(dtype)
        if dtype not in (np.float32, np.float64):
            raise check.must("dtype", "be float32 or float64", dtype, error=TypeError)
        return _laid_out(drawn(shape), dtype)
    given = check.real_array(argument, given)
    check.shape(argument, given.shape, shape, "(receivers, senders)" if len(shape) > 1 else "")
    check.finite(argument, given)
    return _laid_out(given, check.float_dtype(given))


def _laid_out(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A copy in Fortran's order that begins with a line of the cache: loads of vectors then do not
    straddle two, which took up to a seventh of the time that sums of rows take."""
    nbytes = values.size * dtype.itemsize
    memory = np.empty(nbytes + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    laid_out = memory[start:start + nbytes].view(dtype).reshape(values.shape, order="F")
    laid_out[...] = values
    return laid_out


def rng(seed: int | None) -> np.random.Generator:
    """The generator of initial weights; without a seed, a different one each time."""
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    return random.generator(seed, random.WEIGHT)
