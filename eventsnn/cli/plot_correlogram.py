"""``eventsnn plot correlogram``: how often spikes follow others by a lag, against chance."""

import argparse
from typing import Any

import numpy as np

from eventsnn.cli.options import check_out
from eventsnn.cli.selection import Selection, add_kind, selected

MOST_PAIRS, SAMPLE = 8, 100  # lines in a picture; neurons where none are named


def add(kinds: Any) -> None:
    """Add the kind of picture."""
    correlogram = add_kind(kinds, "correlogram", _correlogram,
                           "how often spikes follow others by a lag, against chance")
    which = correlogram.add_mutually_exclusive_group()
    which.add_argument("--pairs", nargs="+", metavar="A:B", help="neurons, a line each pair")
    which.add_argument("--neurons", type=int, nargs="+", metavar="N",
                       help=f"all pairs of these neurons, a line each ({SAMPLE} evenly spaced "
                       "ones, all their pairs in a line)")
    correlogram.add_argument("--bin", type=float, default=1e-3, metavar="S",
                             help="width of the bins, s (%(default)s)")
    correlogram.add_argument("--max-lag", type=float, default=0.05, metavar="S",
                             help="longest lag, s (%(default)s)")


def _correlogram(options: argparse.Namespace) -> None:
    from eventsnn.core import check
    from eventsnn.plot import correlogram

    check_out(options)
    check.number("--bin", options.bin, above=0.0)
    check.number("--max-lag", options.max_lag, least=options.bin)
    lines, note = {}, ""
    with selected(options) as selection:
        if options.pairs or options.neurons:
            name = selection.only("--pairs or --neurons")
            pairs = _pairs(options, selection.recording.size(name))
            counts, chance, lags = _pair_counts(selection, name, pairs, options)
            for k, (a, b) in enumerate(pairs):
                lines[f"{a} to {b}"] = counts[k] / _or_nan(chance[k])
        else:
            from eventsnn.analyse.sample import evenly_spaced

            sizes = selection.sizes()
            note = "All pairs of the neurons of a population."
            if max(sizes.values()) > SAMPLE:
                note = f"All pairs of {SAMPLE} neurons of a population, evenly spaced."
            for name, size in sizes.items():
                neurons = evenly_spaced(size, SAMPLE).tolist()
                pairs = [(a, b) for a in neurons for b in neurons if a < b]
                counts, chance, lags = _pair_counts(selection, name, pairs, options)
                lines[name] = counts.sum(axis=0) / _or_nan(chance.sum(axis=0))
    half = options.bin / 2
    correlogram(lines, np.append(lags - half, lags[-1] + half), options.out,
                ylabel="pairs of spikes / chance", chance=1.0, note=note,
                overwrite=options.overwrite)


def _pairs(options: argparse.Namespace, size: int) -> list[tuple[int, int]]:
    from eventsnn.core import check

    if options.neurons:
        chosen = dict.fromkeys(options.neurons)
        pairs = [(a, b) for i, a in enumerate(chosen) for b in list(chosen)[i + 1:]]
        if not pairs:
            raise check.must("--neurons", "name two neurons or more", options.neurons)
    else:
        try:
            pairs = [(int(a), int(b)) for a, b in (pair.split(":") for pair in options.pairs)]
        except ValueError:
            raise check.must("--pairs", "be pairs of neurons, such as 3:17",
                             " ".join(options.pairs)) from None
        pairs = list(dict.fromkeys(pairs))
    if len(pairs) > MOST_PAIRS:
        raise check.must("--pairs or --neurons", f"make at most {MOST_PAIRS} lines, which can be "
                         "told apart", f"{len(pairs)} pairs")
    for neuron in {n for pair in pairs for n in pair}:
        check.integer("neurons", neuron, least=0, most=size - 1)
    return pairs


def _pair_counts(selection: Selection, name: str, pairs: list[tuple[int, int]],
                 options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of spikes by lag, as many by chance, (n_pairs, n_lags) each; and the lags, s."""
    from eventsnn.analyse import correlograms

    ids = sorted({neuron for pair in pairs for neuron in pair})
    place = {neuron: k for k, neuron in enumerate(ids)}
    where = np.array([(place[a], place[b]) for a, b in pairs], np.int64).reshape(-1, 2)
    size = selection.recording.size(name)
    n_spikes = np.zeros(size, np.int64)

    def counted() -> Any:
        for times, neurons in selection.by_time(name):
            np.add.at(n_spikes, neurons, 1)
            yield times, neurons

    counts, lags = correlograms(counted(), size, options.bin, options.max_lag, pairs=where,
                                ids=np.array(ids, np.int64))
    length = selection.t_stop - selection.t_start
    chance = n_spikes[ids][where].prod(axis=1)[:, None] * (
        options.bin / length * np.maximum(1 - np.abs(lags) / length, 0))
    same = where[:, 0] == where[:, 1]  # a spike is not paired with itself
    chance[same] *= (1 - 1 / np.maximum(n_spikes[ids][where[same, 0]], 1))[:, None]
    return counts, chance, lags


def _or_nan(chance: np.ndarray) -> np.ndarray:
    return np.where(chance > 0, chance, np.nan)
