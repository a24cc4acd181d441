"""What the tests of published networks share: runs kept as numbers."""

import hashlib

import numpy as np

from eventsnn.analyse import IntervalStatistics


class Statistics:
    """A recorder that keeps numbers only, and the hash of all spikes."""

    def __init__(self, net):
        self.dt = net.dt
        self.intervals = {name: IntervalStatistics(len(q)) for name, q in net.populations.items()}
        self.hashes = {name: (hashlib.sha256(), hashlib.sha256()) for name in net.populations}

    def append(self, population, steps, ids):
        self.intervals[population].add(steps * self.dt, ids)
        for digest, values in zip(self.hashes[population], (steps, ids), strict=True):
            digest.update(np.asarray(values, np.int64).tobytes())

    def sha256(self):
        return {k: [digest.hexdigest() for digest in pair] for k, pair in self.hashes.items()}

    def rate(self, seconds):
        return np.concatenate([i.rates(seconds) for i in self.intervals.values()]).mean()

    def cv(self):
        return np.nanmean(np.concatenate([i.cv() for i in self.intervals.values()]))


def run(net, seconds):
    """The statistics of a network's first `seconds`."""
    statistics = Statistics(net)
    net.run(seconds, recorder=statistics)
    return statistics


def late_spikes(net, skip, seconds):
    """Spikes of all neurons, numbered through, of `seconds` after `skip`: times, ids."""
    recorded = [net.record(q, "spikes") for q in net.populations.values()]
    net.run(skip + seconds)
    times = np.concatenate([r.times for r in recorded])
    starts = np.cumsum([0, *map(len, net.populations.values())])
    ids = np.concatenate([r.ids + start for r, start in zip(recorded, starts)])
    order = np.argsort(times, kind="stable")
    times, ids = times[order], ids[order]
    return times[times > skip], ids[times > skip]
