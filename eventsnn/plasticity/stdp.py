r"""Pair-based spike-timing-dependent plasticity, for dense weights and for convolution kernels.

Each neuron carries a trace of its spikes; a weight grows at a postsynaptic spike by the presynaptic
trace, and shrinks at a presynaptic spike by the postsynaptic one [1]_:

.. math::
    t' &= t + dt \, \tau^{-1} (a z - t) \quad \text{for either side, then} \\
    w' &= w + \eta_+ g(w_\mathrm{max} - w) \sum_b z_\mathrm{post} t_\mathrm{pre}'
            - \eta_- g(w - w_\mathrm{min}) \sum_b t_\mathrm{post}' z_\mathrm{pre}

where :math:`b` runs over the batch (and over positions, in a convolution) and :math:`g` is the
algorithm's dependence on the distance to the bound that the weight moves to. The change is not
multiplied by `dt`, as in norse: a spike is an event, not a rate.

====================== ================== =====================
algorithm              :math:`g(d)`
====================== ================== =====================
"additive"             1                  [1]_
"additive_step"        1 if d > 0 else 0
"multiplicative_pow"   :math:`d^\mu`      [2]_
"multiplicative_relu"  max(d, 0)
====================== ================== =====================

References
----------
.. [1] Morrison, Diesmann, Gerstner, Biological Cybernetics 98, 459 (2008).
.. [2] Guetig, Aharonov, Rotter, Sompolinsky, Journal of Neuroscience 23, 3697 (2003).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from eventsnn.core import check, windows
from eventsnn.core.jit import scalar
from eventsnn.plasticity import arguments

_ZERO, _ONE = np.float32(0), np.float32(1)


class STDPParameters(NamedTuple):
    """Parameters; numbers, or arrays that broadcast against the neurons or the weights."""

    a_pre: Any = 1.0  # what a presynaptic spike adds to its trace, times dt tau_pre_inv
    a_post: Any = 1.0  # the same of a postsynaptic spike
    tau_pre_inv: Any = 20.0  # 1/s, inverse time constant of the presynaptic trace (50 ms)
    tau_post_inv: Any = 20.0  # 1/s, the same of the postsynaptic trace
    w_min: Any = 0.0  # least weight
    w_max: Any = 1.0  # largest weight
    eta_plus: Any = 1e-3  # learning rate of growth, a spike pair
    eta_minus: Any = 1e-3  # learning rate of shrinkage, a spike pair
    stdp_algorithm: str = "additive"  # a name of ALGORITHMS
    mu: Any = 0.0  # exponent of "multiplicative_pow", at least 0; the others ignore it
    hardbound: bool = True  # clip the weights to [w_min, w_max] after each step
    convolutional: bool = False  # the weights are convolution kernels; the next three are theirs
    stride: Any = 1  # a number, or one for rows and one for columns
    padding: Any = 0  # zeros around the input; likewise
    dilation: Any = 1  # distance between the inputs of a kernel; likewise


class STDPState(NamedTuple):
    """Traces of the spikes; scalars inside a step, arrays shaped as the spikes outside."""

    t_pre: Any
    t_post: Any


class STDPNumbers(NamedTuple):
    """The parameters that are numbers, as the scalar functions take them."""

    a_pre: Any
    a_post: Any
    tau_pre_inv: Any
    tau_post_inv: Any
    w_min: Any
    w_max: Any
    eta_plus: Any
    eta_minus: Any
    mu: Any


@scalar
def trace(t, z, a, tau_inv, dt):
    """One Euler step of the trace `t` of a neuron with spike `z`."""
    return t + dt * tau_inv * (a * z - t)


@scalar
def _additive(distance, mu):
    return _ONE


@scalar
def _additive_step(distance, mu):
    return (distance > _ZERO) * _ONE


@scalar
def _multiplicative_pow(distance, mu):
    return distance**mu


@scalar
def _multiplicative_relu(distance, mu):
    return np.maximum(distance, _ZERO)


# Name -> g(distance to the bound, mu), of scalars or of arrays.
ALGORITHMS: dict[str, Callable] = {
    "additive": _additive,
    "additive_step": _additive_step,
    "multiplicative_pow": _multiplicative_pow,
    "multiplicative_relu": _multiplicative_relu,
}


@scalar
def learn(w, plus, minus, p, g):
    """The weight after a step, before clipping.

    `plus` is the sum of postsynaptic spikes times presynaptic traces, `minus` that of postsynaptic
    traces times presynaptic spikes, `g` of ALGORITHMS.
    """
    return w + (p.eta_plus * g(p.w_max - w, p.mu) * plus - p.eta_minus * g(w - p.w_min, p.mu)
                * minus)


@scalar
def clip(w, p):
    """The nearest weight within the bounds."""
    return np.minimum(np.maximum(w, p.w_min), p.w_max)


def stdp_step_linear(z_pre: Any, z_post: Any, w: Any, state: STDPState | None = None,
                     p: STDPParameters = STDPParameters(),
                     dt: float = 1e-3) -> tuple[np.ndarray, STDPState]:
    """One step of STDP of dense weights.

    Parameters
    ----------
    z_pre : (..., n_pre) array
        Presynaptic spikes of this step, 0 or 1. The change of `w` is summed over the batch.
    z_post : (..., n_post) array
        Postsynaptic spikes of this step.
    w : (n_post, n_pre) array
        Weights before the step.
    state : STDPState, optional
        Traces before the step; by default zero.
    p : STDPParameters
    dt : float
        Step, s.

    Returns
    -------
    w : (n_post, n_pre) array
    state : STDPState

    Examples
    --------
    >>> import numpy as np
    >>> pre, post, w = np.array([1, 0]), np.array([0]), np.array([[0.5, 0.5]])
    >>> p = STDPParameters(eta_plus=1.0)
    >>> w, state = stdp_step_linear(pre, post, w, p=p)
    >>> w, state = stdp_step_linear(post[[0, 0]], np.array([1]), w, state, p)
    >>> w.round(4)  # the first input fired before the output did
    array([[0.5196, 0.5   ]])
    """
    dtype, (z_pre, z_post, w) = arguments.arrays(state, z_pre=z_pre, z_post=z_post, w=w)
    q, dt, g = _parameters(p, dt, dtype)
    if w.ndim != 2:
        raise check.must("w", "have shape (n_post, n_pre)", w.shape)
    for name, z, n in (("z_pre", z_pre, w.shape[1]), ("z_post", z_post, w.shape[0])):
        if z.shape[-1:] != (n,):
            raise check.must(name, f"have shape (..., {n}) to match the weights", z.shape)
    arguments.same_batch(z_pre, z_post, 1)
    s = _traces(z_pre, z_post, state, q, dt)
    plus = _rows(z_post).T @ _rows(s.t_pre)
    minus = _rows(s.t_post).T @ _rows(z_pre)
    return _learned(w, plus, minus, p, q, g), s


def stdp_step_conv2d(z_pre: Any, z_post: Any, w: Any, state: STDPState | None = None,
                     p: STDPParameters = STDPParameters(convolutional=True),
                     dt: float = 1e-3) -> tuple[np.ndarray, STDPState]:
    """One step of STDP of the kernels of a two-dimensional convolution.

    Parameters
    ----------
    z_pre : (..., channels_in, height, width) array
        Presynaptic spikes of this step. The change of `w` is summed over batch and positions.
    z_post : (..., channels_out, rows, columns) array
        Postsynaptic spikes, of the size that the convolution gives.
    w : (channels_out, channels_in, kernel_height, kernel_width) array
        Weights before the step.
    state, dt
        As for `stdp_step_linear`.
    p : STDPParameters
        With `convolutional`, and `stride`, `padding` and `dilation` as in the convolution.

    Returns
    -------
    w : array of the shape of `w`
    state : STDPState

    Examples
    --------
    >>> import numpy as np
    >>> w, state = stdp_step_conv2d(np.ones((1, 5, 4)), np.ones((2, 3, 3)), np.ones((2, 1, 3, 2)))
    >>> w.shape, state.t_pre.shape
    ((2, 1, 3, 2), (1, 5, 4))
    """
    dtype, (z_pre, z_post, w) = arguments.arrays(state, z_pre=z_pre, z_post=z_post, w=w)
    q, dt, g = _parameters(p, dt, dtype)
    if not p.convolutional:
        raise check.must("p.convolutional", "be True for convolution kernels", p.convolutional)
    if w.ndim != 4:
        raise check.must("w", "have shape (channels_out, channels_in, height, width)", w.shape)
    if z_pre.ndim < 3 or z_pre.shape[-3] != w.shape[1]:
        raise check.must("z_pre", f"have shape (..., {w.shape[1]}, height, width) to match the "
                         "weights", z_pre.shape)
    seen = _patches("z_pre", z_pre, w.shape[2:], p)
    expected = (w.shape[0], *seen.shape[4:])
    if z_post.shape[-3:] != expected:
        raise check.must("z_post", f"have shape (..., {', '.join(map(str, expected))}) to match "
                         "the convolution", z_post.shape)
    arguments.same_batch(z_pre, z_post, 3)
    s = _traces(z_pre, z_post, state, q, dt)
    axes = (0, 2, 3), (0, 4, 5)  # batch and positions
    plus = np.tensordot(_images(z_post), _patches("t_pre", s.t_pre, w.shape[2:], p), axes)
    minus = np.tensordot(_images(s.t_post), seen, axes)
    return _learned(w, plus, minus, p, q, g), s


def _patches(argument: str, z: np.ndarray, size: tuple, p: STDPParameters) -> np.ndarray:
    """What kernels of a size see: (..., C, height, width) as (B, C, *size, rows, columns)."""
    return windows.patches(_images(z), size, p.stride, p.padding, p.dilation, argument=argument)


def _parameters(p: STDPParameters, dt: float, dtype: np.dtype) -> tuple[Any, Any, Callable]:
    """The numbers of `p` and `dt`, in `dtype`, and the algorithm's g."""
    arguments.given_class("p", p, STDPParameters)
    if p.stdp_algorithm not in ALGORITHMS:
        raise check.unknown("stdp_algorithm", p.stdp_algorithm, ALGORITHMS)
    q, dt = arguments.parameters(STDPNumbers(*(getattr(p, f) for f in STDPNumbers._fields)), dt,
                                 dtype)
    if np.any(q.w_min > q.w_max):
        raise check.must("w_min", "be at most w_max", f"{p.w_min} and {p.w_max}")
    if np.any(q.mu < 0):
        raise check.must("mu", "be at least 0", p.mu)
    return q, dt, ALGORITHMS[p.stdp_algorithm]


def _traces(z_pre: np.ndarray, z_post: np.ndarray, state: Any, q: STDPNumbers, dt: Any) -> Any:
    for side, z in (("pre", z_pre), ("post", z_post)):
        for name in (f"a_{side}", f"tau_{side}_inv"):
            arguments.fits(name, getattr(q, name), z.shape)
    rest = {"t_pre": (z_pre.shape, 0.0), "t_post": (z_post.shape, 0.0)}
    s = arguments.state(STDPState, state, rest, z_pre.dtype, z_pre)
    return STDPState(trace(s.t_pre, z_pre, q.a_pre, q.tau_pre_inv, dt),
                     trace(s.t_post, z_post, q.a_post, q.tau_post_inv, dt))


def _learned(w: np.ndarray, plus: np.ndarray, minus: np.ndarray, p: STDPParameters, q: Any,
             g: Callable) -> np.ndarray:
    roots = g is _multiplicative_pow and np.any(q.mu != np.rint(q.mu))
    if roots and (np.any(w < q.w_min) or np.any(w > q.w_max)):
        raise check.must("w", f"be within [w_min, w_max] = [{p.w_min}, {p.w_max}] for "
                         f"multiplicative_pow with mu = {p.mu}: roots of the distances to them",
                         f"{w.min():g} to {w.max():g}", "clip w, or use multiplicative_relu")
    for name in ("eta_plus", "eta_minus", "mu", "w_min", "w_max"):
        arguments.fits(name, getattr(q, name), w.shape)
    w = learn(w, plus, minus, q, g)
    return clip(w, q) if p.hardbound else w


def _rows(z: np.ndarray) -> np.ndarray:
    return z.reshape(-1, z.shape[-1])


def _images(z: np.ndarray) -> np.ndarray:
    return z.reshape(-1, *z.shape[-3:])
