"""Time loops on the CPU, for any neuron model.

Arrays are C-contiguous and of one float type; the caller has checked them. Shapes: ``T`` steps,
``B`` batch items, ``N`` neurons. A tuple of arrays has one array a variable, each of that shape.
Parameters are scalars or ``(N,)`` arrays, field by field. `first` is the number of the first step,
for thresholds that draw at random. `moves` is 1, or 0 for an input that has one step, (1, B, N),
and is that of all steps.

What makes them fast, each found by measuring:

- The loop over neurons is innermost, where it becomes vector instructions; it runs over blocks
  whose state stays in the cache over all steps.
- Indices are unsigned: a signed one may be negative, and the test for that prevents vectorising.
- The numbers of the steps come from an array, `order`. LLVM hoists the tests for overlapping arrays
  out of a loop that it can see through; out there rows interleave and strides are negative, the
  tests fail, and the scalar version of the loop runs, 6 times slower.
- Without a tape, several steps are taken for each visit to the state, which saves most of its
  traffic (a fourth of the time). With a tape, or with more steps a visit, the tests for overlap
  become too many to vectorise.
"""

import numpy as np

from eventsnn.connect.feedback import back_to, feed, sources
from eventsnn.core.dispatch import step, step_vjp
from eventsnn.core.fields import accumulate, add, load, magnitude, pick, store
from eventsnn.core.jit import kernel, scalar
from eventsnn.surrogates import draw, spike, spike_slope

BLOCK = np.uint64(16384)  # neurons: their state fits the L2 cache, their rows are worth prefetching
VISIT = np.uint64(3)  # steps taken for each visit to the state
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_UNIT = np.float32(1)


@scalar
def _advance(x, moves, s_k, p_k, dt, th, first, z, n, t, b, k):
    """One step of neuron `k`: writes its output, returns its state."""
    out, s_k = step(s_k, load(x, (t * moves, b, k)), p_k, dt, draw(th, b * n + k, first + t))
    z[t, b, k] = out
    return s_k


@kernel
def forward(order, x, moves, s, p, dt, th, first, z):
    """Run feed-forward neurons over ``T`` steps, updating the state `s` in place.

    `order` uint64, the number of the first step of each visit: ``0, 3, ..., <= T - 3``; `x` (T, B,
    N), or a tuple of channels; `s` (B, N); `z` (T, B, N), written.
    """
    n_steps, n_batch, n = np.uint64(z.shape[0]), np.uint64(z.shape[1]), np.uint64(z.shape[2])
    for b in range(n_batch):
        for start in range(_ZERO, n, BLOCK):
            stop = min(start + BLOCK, n)
            for t in order:
                for k in range(start, stop):
                    p_k, s_k = pick(p, k), load(s, (b, k))
                    for j in range(VISIT):
                        s_k = _advance(x, moves, s_k, p_k, dt, th, first, z, n, t + j, b, k)
                    store(s, (b, k), s_k)
            for t in range(n_steps - n_steps % VISIT, n_steps):
                for k in range(start, stop):
                    store(s, (b, k), _advance(x, moves, load(s, (b, k)), pick(p, k), dt, th, first,
                                              z, n, t, b, k))


@kernel
def forward_taped(order, x, moves, s, p, dt, th, first, z, h):
    """As `forward`, and write the state before each step to the tape `h` (T, B, N).

    `order` (T,) uint64: ``0, 1, ..., T - 1``.
    """
    n_batch, n = np.uint64(z.shape[1]), np.uint64(z.shape[2])
    for b in range(n_batch):
        for start in range(_ZERO, n, BLOCK):
            stop = min(start + BLOCK, n)
            for t in order:
                for k in range(start, stop):
                    s_k = load(s, (b, k))
                    store(h, (t, b, k), s_k)
                    store(s, (b, k), _advance(x, moves, s_k, pick(p, k), dt, th, first, z, n, t, b,
                                              k))


@kernel
def forward_recurrent(order, x, s, z_before, w, p, dt, th, first, z, h, ends, ids, values):
    """Run neurons whose outputs come back, updating the state `s` in place; return the steps done.

    Event-driven: rows of `w` (N, N) [source, target], or the columns of sparse weights, are added
    for the sources that spiked. `order` uint64: the steps to do, ascending, up to ``T - 1``; it
    ends before one for whose events there might be no room. `x` (T, B, N), the input from outside,
    holds the whole input on return; `x` and `w` are tuples of channels for models that have them;
    `z_before` (B, N), the outputs of the step before the first; `z` (T, B, N), or (1, B, N) for
    those of the last step alone, written; `h` None or the tape (T, B, N), written.

    `ends` (B + T * B + 1,) int64, `ids` and `values` are events, as of a raster (1 + T, B, N), to
    which each step appends its own; there is room for those of `z_before`.
    """
    n_batch, n = np.uint64(z.shape[1]), np.uint64(z.shape[2])
    at, done = _ZERO, np.int64(0)
    if order[0] == _ZERO:
        for b in range(n_batch):
            at = sources(z_before[b], ids, values, at)
            ends[b + _ONE] = at
    for t in order:
        row, at_step = t * n_batch, t % np.uint64(z.shape[0])
        at = np.uint64(ends[row + n_batch])
        if at + n_batch * n > np.uint64(ids.shape[0]):
            break
        done += 1
        for b in range(n_batch):
            feed(x, t, b, w, ids, values, np.uint64(ends[row + b]), np.uint64(ends[row + b + _ONE]))
            for k in range(n):
                s_k = load(s, (b, k))
                store(h, (t, b, k), s_k)
                z[at_step, b, k], s_k = step(s_k, load(x, (t, b, k)), pick(p, k), dt,
                                             draw(th, b * n + k, first + t))
                store(s, (b, k), s_k)
            at = sources(z[at_step, b], ids, values, at)
            ends[row + n_batch + b + _ONE] = at
    return done


@scalar
def _go_back(x, moves, h, p, dt, th, first, stop_reset, z_bar_k, h_bar, s_bar, x_bar, x_sum, p_bar,
             n, t, b, k):
    """Transpose of `_advance`, for the gradient of its output."""
    s_bar_k, x_bar_k, p_bar_k = step_vjp(
        load(h, (t, b, k)), load(x, (t * moves, b, k)), pick(p, k), dt,
        draw(th, b * n + k, first + t), stop_reset, z_bar_k,
        add(load(s_bar, (b, k)), h_bar, (t, b, k)))
    store(s_bar, (b, k), s_bar_k)
    store(x_bar, (t, b, k), x_bar_k)
    accumulate(x_sum, (b, k), x_bar_k)
    accumulate(p_bar, (b, k), p_bar_k)


@kernel
def backward(order, x, moves, h, p, dt, th, first, stop_reset, z_bar, h_bar, s_bar, x_bar, x_sum,
             p_bar):
    """Transpose of `forward`, from the last step to the first.

    `order` (T,) uint64: ``T - 1, ..., 0``; `h` (T, B, N), the tape; `z_bar` (T, B, N); `h_bar`
    None, or gradients to add to the state after each step (T, B, N); `s_bar` (B, N), the gradient
    of the final state, holds that of the start state on return; `x_bar` None or (T, B, N), written;
    `x_sum`, its sum over the steps, and `p_bar` None or (B, N), added to.
    """
    n_batch, n = np.uint64(z_bar.shape[1]), np.uint64(z_bar.shape[2])
    for b in range(n_batch):
        for start in range(_ZERO, n, BLOCK):
            stop = min(start + BLOCK, n)
            for t in order:
                for k in range(start, stop):
                    _go_back(x, moves, h, p, dt, th, first, stop_reset, z_bar[t, b, k], h_bar,
                             s_bar, x_bar, x_sum, p_bar, n, t, b, k)


@kernel(allocates=False)
def backward_step(t, fed_back, x, h, p, dt, th, first, stop_reset, z_bar, h_bar, s_bar, x_bar,
                  p_bar, seen):
    """The one step `t` of `backward`; to the gradients of its outputs it adds `fed_back` (B, N).

    `seen` None, or written: the gradient of the state after the step, in (T, B, N).
    """
    n_batch, n = np.uint64(z_bar.shape[1]), np.uint64(z_bar.shape[2])
    for b in range(n_batch):
        for k in range(n):
            store(seen, (t, b, k), add(load(s_bar, (b, k)), h_bar, (t, b, k)))
            _go_back(x, _ONE, h, p, dt, th, first, stop_reset, z_bar[t, b, k] + fed_back[b, k],
                     h_bar, s_bar, x_bar, None, p_bar, n, t, b, k)


@scalar
def _reach(x, h, p, dt, th, first, stop_reset, no, n, t, b, k):
    """0 if the gradient of this output goes nowhere, since all that it is multiplied with is 0.

    `step_vjp` is linear in the gradients it is given, so this is what it makes of that one alone.
    """
    s_bar, x_bar, p_bar = step_vjp(
        load(h, (t, b, k)), load(x, (t, b, k)), pick(p, k), dt, draw(th, b * n + k, first + t),
        stop_reset, no[0] + _UNIT, no)
    return magnitude(s_bar) + magnitude(x_bar) + magnitude(p_bar)


@kernel
def reached(order, x, h, p, dt, th, first, stop_reset, no):
    """How many outputs of the steps in `order` have a use for a gradient; `no`: a state of zeros.
    """
    some = h[0]
    n_batch, n, count = np.uint64(some.shape[1]), np.uint64(some.shape[2]), _ZERO
    for b in range(n_batch):
        for t in order:
            for k in range(n):
                count += _ONE if _reach(x, h, p, dt, th, first, stop_reset, no, n, t, b,
                                        k) != 0 else _ZERO
    return count


@kernel
def backward_recurrent(order, x, h, w, p, dt, th, first, stop_reset, no, z_bar, h_bar, s_bar,
                       x_bar, p_bar):
    """Transpose of `forward_recurrent`, for when few outputs have a use for their gradients.

    Arguments as for `backward`, and `w` as forward; `no` is a state of zeros. Only what reaches
    something is fetched through the weights. The gradient of the outputs before the first step is
    the caller's to make.
    """
    n_steps, n_batch, n = np.uint64(z_bar.shape[0]), np.uint64(z_bar.shape[1]), np.uint64(
        z_bar.shape[2])
    reach, total = np.empty(n, z_bar.dtype), np.empty(n, z_bar.dtype)
    ids, values = np.empty(n + _ONE, np.uint32), np.empty(n + _ONE, z_bar.dtype)
    for b in range(n_batch):
        for t in order:
            for k in range(n):
                total[k] = z_bar[t, b, k]
                reach[k] = _reach(x, h, p, dt, th, first, stop_reset, no, n, t, b, k)
            if t + _ONE < n_steps:
                for e in range(sources(reach, ids, values, _ZERO)):
                    j = np.uint64(ids[e])
                    total[j] += back_to(w, x_bar, t + _ONE, b, j)
            for k in range(n):
                _go_back(x, _ONE, h, p, dt, th, first, stop_reset, total[k], h_bar, s_bar, x_bar,
                         None, p_bar, n, t, b, k)


@kernel
def threshold(u, th, first, z):
    """Spikes `z` (n,), written, of neurons at distance `u` (n,) from their thresholds."""
    for k in range(np.uint64(u.shape[0])):
        z[k] = spike(u[k], draw(th, k, first))


@kernel
def threshold_backward(u, th, z_bar, u_bar):
    """Transpose of `threshold`; `u_bar` (n,), written."""
    for k in range(np.uint64(u.shape[0])):
        u_bar[k] = z_bar[k] * spike_slope(u[k], th)
