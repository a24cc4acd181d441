"""Input to a network from outside it, as the thread of one neuron adds it up.

The twins of `eventsnn.engine.poisson`, `currents` and `events`: the same random words, the same
sums in the same order. A draw of random words serves four neurons there; here a thread makes the
draw that its neuron has a part in.
"""

import numpy as np

from eventsnn.core import random
from eventsnn.core.jit import scalar
from eventsnn.core.normal import normals
from eventsnn.engine.pieces import first_at, piece_at
from eventsnn.engine.poisson import PART_BITS

_U = np.uint64
_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_POISSON, _NOISE = np.uint64(random.DRIVE), np.uint64(random.NOISE)
_NONE, _EVENT = np.float32(0), np.float32(1)
_NEVER = np.uint32(0xFFFFFFFF)  # as in `eventsnn.engine.poisson`
_HALF, _UNIT = np.float64(0.5), np.float64(1)
_LOW_BITS, _BITS = np.uint64(32), np.uint64(64)


@scalar
def _has(q, r, channel, k):
    """Whether a drive is of this channel of a neuron."""
    return _U(q.channel[r]) == channel and _U(q.start[r]) <= k and k < _U(q.stop[r])


@scalar
def _count_each(means, row, n, i, word):
    """The count of a neuron with a mean of its own, in float64 as on the CPU."""
    count, m = _NONE, _UNIT
    term = means[row + n + i]
    total = term
    while np.float64(word) + _HALF > total:
        count += _EVENT
        term *= means[row + i] * (_UNIT / m)
        total += term
        m += _UNIT
    return count


@scalar
def _count_shared(tails, row, word):
    count = _NONE
    while word > tails[row]:
        count += _EVENT
        row += _ONE
    return count


@scalar
def _add_poisson(value, q, means, seed, channel, now, k):
    """`means` is None where no drive has rates neuron by neuron: nothing is float64 then."""
    for r in range(_U(q.start.shape[0])):
        if _has(q, r, channel, k):
            first, r_next = _U(q.start[r]), r + _ONE
            piece = piece_at(q.steps, q.pieces[r], q.pieces[r_next], np.int64(now))
            row = _U(q.at[r] + (piece - q.pieces[r]) * q.width[r])
            i, count = k - first, _NONE
            is_on = q.each[r] or q.tails[row] != _NEVER
            for part in range(_U(q.parts[r]) if is_on else _ZERO):
                word = np.uint32(random.word(seed, _POISSON, i, now,
                                             q.item[r] | _U(part) << PART_BITS))
                if means is None:
                    count += _count_shared(q.tails, row, word)
                elif q.each[r]:
                    count += _count_each(means, row, _U(q.stop[r]) - first, i, word)
                else:
                    count += _count_shared(q.tails, row, word)
            if is_on:
                weights_at = q.weights_at[r]
                value += (q.weight[r] if weights_at < 0 else q.weights[_U(weights_at) + i]) * count
    return value


@scalar
def _add_currents(value, q, channel, now, k):
    for r in range(_U(q.start.shape[0])):
        if _has(q, r, channel, k):
            r_next, width = r + _ONE, _U(q.width[r])
            piece = piece_at(q.steps, q.pieces[r], q.pieces[r_next], np.int64(now))
            at = _U(q.at[r] + (piece - q.pieces[r]) * q.width[r])
            at += _ZERO if width == _ONE else k - _U(q.start[r])
            if not q.follows[r]:
                value += q.values[at]
            elif np.int64(now) > q.steps[piece]:
                value += q.decay[channel, k] * q.values[at]
            elif piece == q.pieces[r]:  # it begins
                value += q.values[at]
            else:
                old = q.values[at - width]
                value += q.values[at] - old + q.decay[channel, k] * old
    return value


@scalar
def divided(now, every):
    """``now // every``; bit by bit above 32 bits, which no device divides by itself."""
    if (now | every) >> _LOW_BITS == _ZERO:
        return _U(np.uint32(now) // np.uint32(every))
    quotient, rest = _ZERO, _ZERO
    for place in range(_BITS):
        rest = rest << _ONE | now >> (_BITS - _ONE - place) & _ONE
        quotient <<= _ONE
        if rest >= every:
            rest -= every
            quotient |= _ONE
    return quotient


@scalar
def _noise(q, r, seed, index, k):
    """The noisy current of a neuron in the stretch of time `index`."""
    i, width = k - _U(q.start[r]), _U(q.width[r])
    w0, w1, w2, w3 = random.words_of(seed, _NOISE, i, index, q.item[r])
    mine = random.lane(i)
    a, b = (w0 if mine < _TWO else w2), (w1 if mine < _TWO else w3)
    x, y = normals(np.uint32(a), np.uint32(b))
    at = _U(q.at[r]) + (_ZERO if width == _ONE else i)
    return q.values[at] + q.values[at + width] * (x if mine % _TWO == _ZERO else y)


@scalar
def _add_noises(value, q, seed, channel, now, is_first, k):
    """`is_first` says that ``q.held`` does not hold the currents of the step before yet."""
    for r in range(_U(q.start.shape[0])):
        if _has(q, r, channel, k):
            every, follows = _U(q.every[r]), q.follows[r]
            index = now if every == _ONE else divided(now, every)
            begins = index * every == now
            held = q.held[r, k]
            if is_first:
                held = _NONE
                if now > _ZERO and (follows or not begins):
                    # the stretch before, or the one that goes on
                    held = _noise(q, r, seed, index - _ONE if begins else index, k)
            if begins:
                new = _noise(q, r, seed, index, k)
                value += new - held + q.decay[channel, k] * held if follows else new
                held = new
            elif follows:
                value += q.decay[channel, k] * held
            else:
                value += held
            q.held[r, k] = held
    return value


@scalar
def _add_events(value, q, channel, now, k):
    for r in range(_U(q.channel.shape[0])):
        if _U(q.channel[r]) == channel:
            r_next, step_number = r + _ONE, np.int64(now)
            end = q.at[r_next]
            e = first_at(q.steps, q.at[r], end, step_number)
            if e < end and q.steps[e] == step_number:
                end = first_at(q.steps, e, end, step_number + 1)
                e = first_at(q.ids, e, end, k)
                while e < end and _U(q.ids[e]) == k:
                    value += q.weights[e]
                    e += 1
    return value


@scalar
def add_inputs(value, poisson, means, currents, noises, events, seed, channel, now, is_first, k):
    """What outside brings into a channel of neuron `k` in step `now`, added to `value`.

    The order is that of `eventsnn.engine.drives`. Each kind is None if there is none.
    """
    if poisson is not None:
        value = _add_poisson(value, poisson, means, seed, channel, now, k)
    if currents is not None:
        value = _add_currents(value, currents, channel, now, k)
    if noises is not None:
        value = _add_noises(value, noises, seed, channel, now, is_first, k)
    if events is not None:
        value = _add_events(value, events, channel, now, k)
    return value
