"""The generic functions: the type of a parameter tuple selects the model.

A loop calls `step`; which model's step that is follows from the type of `p`, when Numba compiles
the loop for it, on any device, and likewise when plain Python runs it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple


from eventsnn.core import check
from eventsnn.core.inline import inlined


class Model(NamedTuple):
    """A neuron model: what its file declares of itself."""

    parameters: type  # NamedTuple; selects the model
    state: type  # NamedTuple
    step: Callable  # (s, x, p, dt, th) -> out, s
    step_vjp: Callable  # (s, x, p, dt, th, stop_reset, z_bar, s_bar) -> s_bar, x_bar, p_bar
    rest: Callable  # p -> state before the first step; numbers, or arrays as the parameters
    inputs: type | None  # NamedTuple of input channels, or None for a single one
    spiking: bool  # whether the output is spikes
    recurrent_stops_reset: bool  # whether the reset stops the gradient in the recurrent shapes
    inhibition: float  # sign, in the channel ``inh``, of what negative input or weights bring
    rests: bool  # whether neurons without input stay at `rest`
    converges: bool  # whether halving dt halves the error of a free motion: forward Euler's order
    pauses: bool  # whether after a spike there is none for `rho_reset` steps


MODELS: dict[type, Model] = {}
# Class among a loop's arguments -> the functions that it brings into the loop.
INLINED_FOR: dict[type, tuple[Callable, ...]] = {}


SCALARS: set[Callable] = set()  # functions that `core.jit.scalar` has marked


def register_neuron(parameters: type, state: type, step: Callable, step_vjp: Callable, *,
                    rest: Callable, inputs: type | None = None, spiking: bool = True,
                    recurrent_stops_reset: bool = False, inhibition: float = -1.0,
                    rests: bool = True, converges: bool = True, pauses: bool = False) -> Model:
    """Make a model known to every loop. Called once, at the end of the model's file."""
    for name, function in (("step", step), ("step_vjp", step_vjp)):
        if function is not None and function not in SCALARS:
            raise check.must(name, "be marked", getattr(function, "__name__", function),
                             "put @eventsnn.core.jit.scalar above it", error=TypeError)
    MODELS[parameters] = Model(parameters, state, step, step_vjp, rest, inputs, spiking,
                               recurrent_stops_reset, inhibition, rests, converges, pauses)
    INLINED_FOR[parameters] = step, step_vjp
    return MODELS[parameters]


class Rule(NamedTuple):
    """A way backward through a model that a threshold brings, in place of the transpose."""

    step_vjp: Callable  # as that of a model
    receives: tuple[str, ...]  # for each input channel, the state whose gradient weights get


RULES: dict[type, dict[type, Rule]] = {}  # class of a threshold -> parameters -> rule


def register_rule(threshold: type, parameters: type, step_vjp: Callable, *,
                  receives: tuple[str, ...]) -> None:
    """Give the model of `parameters` a way of its own backward under a threshold."""
    RULES.setdefault(threshold, {})[parameters] = Rule(step_vjp, receives)


def rule(threshold: type, parameters: type) -> Rule | None:
    """The rule of a model under a threshold, if it has one."""
    return RULES.get(threshold, {}).get(parameters)


def _backward_step(threshold: type, parameters: type) -> Callable:
    own = rule(threshold, parameters)
    return MODELS[parameters].step_vjp if own is None else own.step_vjp


def step(s: Any, x: Any, p: Any, dt: Any, th: Any) -> tuple:
    """One Euler step of the neuron whose parameters are `p`: ``-> (output, next state)``."""
    return MODELS[type(p)].step(s, x, p, dt, th)


@inlined(step)
def _step(s, x, p, dt, th):
    impl = MODELS[p.instance_class].step
    return lambda s, x, p, dt, th: impl(s, x, p, dt, th)


def step_vjp(s: Any, x: Any, p: Any, dt: Any, th: Any, stop_reset: Any, z_bar: Any,
             s_bar: Any) -> tuple:
    """Transpose of `step`, or the rule of `th`: ``-> (s_bar before the step, x_bar, p_bar)``."""
    return _backward_step(type(th), type(p))(s, x, p, dt, th, stop_reset, z_bar, s_bar)


@inlined(step_vjp)
def _step_vjp(s, x, p, dt, th, stop_reset, z_bar, s_bar):
    impl = _backward_step(th.instance_class, p.instance_class)
    return lambda s, x, p, dt, th, stop_reset, z_bar, s_bar: impl(
        s, x, p, dt, th, stop_reset, z_bar, s_bar)
