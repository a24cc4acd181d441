"""Sums and largest numbers of the windows of an image, and their transposes.

Of the largest number its place is told, counted row by row; of equal numbers the first counts.
Padding is never the largest; NaN always is.
"""

import numpy as np

from eventsnn.core.jit import kernel, scalar

# Step from a window to the next, over both axes, up to which all places of an image are compared,
# those of no window, too: side by side in memory, which takes a fourth of the time at a step of 2.
_SIDE_BY_SIDE = 4
_AT_HAND = 2048  # places compared at a time: what is known of them stays in the L1 cache
_MANY = np.uint64(32)  # numbers that LLVM compares at a time: the rest goes one by one
_ZERO, _ONE, _TWO = np.uint64(0), np.uint64(1), np.uint64(2)
_CODES = tuple(np.uint32(code) for code in range(4))


@scalar
def _larger(here, here_code, best, code):
    """The larger of two numbers, with its place; NaN is the largest, and `best` if they are equal.
    """
    larger = (here > best) | (here != here)
    return here if larger else best, here_code if larger else code


@scalar
def _look(line, start, stride, stop, code, largest, found):
    """Compare a row of windows with the same place in each, `stride` apart; no branch."""
    for v in range(stop):
        largest[v], found[v] = _larger(line[start + v * stride], code, largest[v], found[v])


@scalar
def _look_twice(line, first, second, first_code, second_code, largest, found):
    """Compare windows that begin side by side with two places in each.

    Of one place LLVM makes stores under a mask, of what is larger alone: with AVX2 they took more
    than half of the time.
    """
    for v in range(np.uint64(largest.shape[0])):
        best, code = _larger(line[first + v], first_code, largest[v], found[v])
        largest[v], found[v] = _larger(line[second + v], second_code, best, code)


@scalar
def _look_at_squares(line, start, w_in, largest, found):
    """Write the largest of two by two numbers, side by side from `start` on, and their places."""
    for v in range(np.uint64(largest.shape[0])):
        upper = start + _TWO * v
        lower = upper + w_in
        best, code = _larger(line[upper + _ONE], _CODES[1], line[upper], _CODES[0])
        best, code = _larger(line[lower], _CODES[2], best, code)
        largest[v], found[v] = _larger(line[lower + _ONE], _CODES[3], best, code)


@scalar
def _inside(j, stride, padding, w_in, width):
    """The first window whose column `j` lies within the image, and the one behind the last."""
    return max(0, -((j - padding) // stride)), min(width, (w_in - 1 + padding - j) // stride + 1)


@scalar
def _pick(largest, found, row, step, out, place):
    """Write what was found of an image's windows, rows `row` apart and columns `step`."""
    for h in range(np.uint64(out.shape[0])):
        for v in range(np.uint64(out.shape[1])):
            out[h, v] = largest[h * row + v * step]
            place[h, v] = found[h * row + v * step]


@scalar
def _pool_squares(x, out, place):
    """`max_pool` of two by two without padding, the most usual one.

    A row of windows begins at an even place of its image, so that one visit goes on from row to row
    over what lies between them, and as far beyond the image as whole vectors reach.
    """
    n_images, w_in = np.uint64(x.shape[0]), np.uint64(x.shape[2])
    line, size = x.reshape(x.size), np.uint64(x.shape[1]) * w_in
    to_last = np.uint64(out.shape[1] - 1) * w_in + np.uint64(out.shape[2])
    room = (to_last + _MANY - _ONE) // _MANY * _MANY
    largest, found = np.empty(room, x.dtype), np.empty(room, np.uint32)
    for n in range(n_images):
        count = min(room, ((n_images - n) * size - w_in) // _TWO)
        _look_at_squares(line, n * size, w_in, largest[:count], found[:count])
        _pick(largest, found, w_in, _ONE, out[n], place[n])


@scalar
def _pool_planes(x, kernel_size, stride, out, place):
    """`max_pool` without padding, for small steps: some images at a time, as one line."""
    (kh, kw), (s, t) = kernel_size, stride
    n_images, h_in, w_in = np.uint64(x.shape[0]), x.shape[1], x.shape[2]
    line, size, last = x.reshape(x.size), np.uint64(h_in * w_in), kh * kw - 1
    some = np.uint64(max(1, _AT_HAND // (h_in * w_in)))
    n_places = np.uint64((h_in - kh) * w_in + w_in - kw + 1)  # from the first window to the last
    largest = np.empty((some - _ONE) * size + n_places, x.dtype)
    found = np.empty(largest.shape, np.uint32)
    for begin in range(_ZERO, n_images, some):
        end = min(begin + some, n_images)
        count = (end - begin - _ONE) * size + n_places
        largest[:], found[:] = -np.inf, 0
        for k in range(0, last + 1, 2):
            after = min(k + 1, last)  # an odd last one is looked at twice
            _look_twice(line, begin * size + np.uint64(k // kw * w_in + k % kw),
                        begin * size + np.uint64(after // kw * w_in + after % kw),
                        np.uint32(k), np.uint32(after), largest[:count], found[:count])
        for n in range(begin, end):
            first = (n - begin) * size
            _pick(largest[first:], found[first:], np.uint64(s * w_in), np.uint64(t), out[n],
                  place[n])


@kernel
def max_pool(x, kernel_size, stride, padding, out, place):
    """Write the largest numbers `out` and their places `place` (n, H', W') of images (n, H, W)."""
    (kh, kw), (s, t), (p, q) = kernel_size, stride, padding
    h_in, w_in, width = x.shape[1], x.shape[2], out.shape[2]
    if p == 0 and q == 0 and s * t <= _SIDE_BY_SIDE and out.size > 0:
        if kh == kw == s == t == 2:
            _pool_squares(x, out, place)
        else:
            _pool_planes(x, kernel_size, stride, out, place)
        return
    largest, found = np.empty(width, x.dtype), np.empty(width, np.uint32)
    for n in range(np.uint64(x.shape[0])):
        for h in range(out.shape[1]):
            largest[:], top = -np.inf, max(0, p - h * s)
            for v in range(width):  # where all is -inf the first place within the image counts
                found[np.uint64(v)] = top * kw + max(0, q - v * t)
            for i in range(max(0, p - h * s), min(kh, h_in + p - h * s)):
                line = x[n, np.uint64(h * s + i - p)]
                for j in range(kw):
                    first, last = _inside(j, t, q, w_in, width)
                    if last > first:
                        _look(line, np.uint64(first * t + j - q), np.uint64(t),
                              np.uint64(last - first), np.uint32(i * kw + j), largest[first:],
                              found[first:])
            for v in range(np.uint64(width)):
                out[n, np.uint64(h), v] = largest[v]
                place[n, np.uint64(h), v] = found[v]


@kernel
def max_pool_bar(out_bar, place, kernel_size, stride, padding, x_bar):
    """Write gradients `x_bar` (n, H, W): those of windows (n, H', W'), at their largest numbers."""
    (kh, kw), (s, t), (p, q) = kernel_size, stride, padding
    w_in = x_bar.shape[2]
    planes = x_bar.reshape((x_bar.shape[0], x_bar.shape[1] * w_in))
    within = np.array([k // kw * w_in + k % kw for k in range(kh * kw)])
    for n in range(np.uint64(x_bar.shape[0])):
        plane = planes[n]
        plane[:] = 0
        for h in range(out_bar.shape[1]):
            start = (h * s - p) * w_in - q
            for v in range(out_bar.shape[2]):
                code = np.uint64(place[n, np.uint64(h), np.uint64(v)])
                plane[np.uint64(start + v * t + within[code])] += \
                    out_bar[n, np.uint64(h), np.uint64(v)]


@kernel
def sum_pool(x, kernel_size, stride, padding, out):
    """Add up the windows `out` (n, H', W'), written, of images (n, H, W)."""
    (kh, kw), (s, t), (p, q) = kernel_size, stride, padding
    h_in, w_in, width = x.shape[1], x.shape[2], out.shape[2]
    out[:] = 0
    for n in range(np.uint64(x.shape[0])):
        for h in range(out.shape[1]):
            total = out[n, np.uint64(h)]
            for i in range(max(0, p - h * s), min(kh, h_in + p - h * s)):
                line = x[n, np.uint64(h * s + i - p)]
                for j in range(kw):
                    first, last = _inside(j, t, q, w_in, width)
                    start = np.uint64(first * t + j - q)
                    for v in range(np.uint64(max(0, last - first))):
                        total[np.uint64(first) + v] += line[start + v * np.uint64(t)]


@kernel
def sum_pool_bar(out_bar, kernel_size, stride, padding, x_bar):
    """Write gradients `x_bar` (n, H, W): those of windows (n, H', W'), at all their places."""
    (kh, kw), (s, t), (p, q) = kernel_size, stride, padding
    h_in, w_in, width = x_bar.shape[1], x_bar.shape[2], out_bar.shape[2]
    x_bar[:] = 0
    for n in range(np.uint64(x_bar.shape[0])):
        for h in range(out_bar.shape[1]):
            bar = out_bar[n, np.uint64(h)]
            for i in range(max(0, p - h * s), min(kh, h_in + p - h * s)):
                line = x_bar[n, np.uint64(h * s + i - p)]
                for j in range(kw):
                    first, last = _inside(j, t, q, w_in, width)
                    start = np.uint64(first * t + j - q)
                    for v in range(np.uint64(max(0, last - first))):
                        line[start + v * np.uint64(t)] += bar[np.uint64(first) + v]
