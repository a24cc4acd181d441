"""Which neurons fired in a window of steps.

A block of neurons is run part after part, each for several steps, so that the state of a part
stays in the L1 cache, and in spans of steps, so that their inputs stay in the L2 cache; then the
spikes of the parts are put in the order of their steps. A window of two steps is run at one visit
to the state instead, and its block is a single part.
"""

from typing import Any, NamedTuple

import numpy as np

from eventsnn.core.dispatch import MODELS
from eventsnn.core.inline import inlined
from eventsnn.core.jit import scalar

VISIT = np.uint64(2)  # steps that are taken at one visit to the state
_PART = 512  # neurons of a part
_ZERO, _ONE, _EIGHT, _LINE = np.uint64(0), np.uint64(1), np.uint64(8), np.uint64(64)


class Firing(NamedTuple):
    """Work space."""

    fired: Any  # bool (2, N): whether a neuron fired in the steps of a visit
    found: Any  # uint32 (n_blocks, M): the neurons of a block that fired, by part and step
    cuts: Any  # int64 (n_blocks, C + 1): where those of each part and step begin and end
    n_parts: Any  # int64 (n_blocks,)
    part: Any  # uint64, neurons of a part


def work_space(n: int, block: int, most: int, window: int) -> Firing:
    """For `n` neurons in blocks of `block`, of which `most` spikes come in a window of steps."""
    sizes = np.diff(np.append(np.arange(0, n, block), n))
    part = block if window == VISIT else _PART
    n_parts = -(-sizes // part)
    return Firing(np.zeros((int(VISIT), n), np.bool_), np.zeros((len(sizes), most), np.uint32),
                  np.zeros((len(sizes), n_parts.max() * window + 1), np.int64), n_parts,
                  np.uint64(part))


def fires(p: Any, out: Any) -> Any:
    """Whether the output of a neuron is a spike; that of neurons that do not spike never is."""
    return MODELS[type(p)].spiking and out > 0


@inlined(fires)
def _fires(p, out):
    if MODELS[p.instance_class].spiking:
        return lambda p, out: out > np.float32(0)
    return lambda p, out: False


@scalar
def find(firing, block, row, start, stop, count):
    """Append the neurons of a part that fired to `found`, from `count` on; return where they end.

    Spikes are rare: it looks at 64 neurons at once, then at eight.
    """
    fired, found = firing.fired[row], firing.found[block]
    whole = start + (stop - start) // _LINE * _LINE
    eights = fired[start:whole].view(np.uint64)
    for line in range(_ZERO, np.uint64(eights.shape[0]), _EIGHT):
        some = _ZERO
        for e in range(line, line + _EIGHT):
            some |= eights[e]
        if some != _ZERO:
            for e in range(line, line + _EIGHT):
                if eights[e] != _ZERO:
                    first = start + e * _EIGHT
                    count = _append(fired, first, first + _EIGHT, found, count)
    return _append(fired, whole, stop, found, count)


@scalar
def _append(fired, start, stop, found, count):
    for k in range(start, stop):
        if fired[k]:
            found[count] = k
            count += _ONE
    return count


@scalar
def sort(firing, block, window, span, spikes, ends):
    """From spikes by span, part and step to spikes by step and neuron; those of step `w` end before
    ``ends[block, w + 1]``."""
    found, cuts, count = firing.found[block], firing.cuts[block], _ZERO
    n_parts, before = np.uint64(firing.n_parts[block]), _ZERO
    for w in range(window):
        steps = min(span, window - w // span * span)  # of this span
        for part in range(n_parts):
            cut = before + part * steps + w % span
            for e in range(np.uint64(cuts[cut]), np.uint64(cuts[cut + _ONE])):
                spikes[block, count] = found[e]
                count += _ONE
        ends[block, w + _ONE] = count
        if w % span + _ONE == steps:
            before += n_parts * steps
