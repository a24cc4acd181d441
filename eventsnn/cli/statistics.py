"""What a run of a network comes to: counts and intervals, taken while it goes on."""

import resource
import time
from typing import Any


class Statistics:
    """Counts and intervals of a run's spikes, taken as they pass on to a recorder."""

    @property
    def samplings(self) -> Any:
        """What the recorder wants."""
        return () if self.recorder is None else self.recorder.samplings

    def sample(self, *what: Any) -> None:
        """Pass samples on."""
        self.recorder.sample(*what)

    def __init__(self, net: Any) -> None:
        import numpy as np

        from eventsnn.analyse import IntervalStatistics

        self.net = net
        self.recorder: Any = None
        self.since = self.loaded = net.time  # s: spikes before are not counted
        self.intervals = {name: IntervalStatistics(len(q)) for name, q in net.populations.items()}
        began = time.perf_counter()
        IntervalStatistics(1).add(np.zeros(1), np.zeros(1, np.int64))  # compile it before the run
        self.compile_s = time.perf_counter() - began

    def append(self, population: str, steps: Any, ids: Any) -> None:
        """Take the next spikes of a population."""
        self.intervals[population].add(steps * self.net.dt, ids)
        if self.recorder is not None:
            self.recorder.append(population, steps, ids)

    def position(self) -> dict[str, Any] | None:
        """Where the recorder stands."""
        return None if self.recorder is None else self.recorder.position()

    def flush(self) -> None:
        """Pass it on."""
        if self.recorder is not None:
            self.recorder.flush()

    def suspend(self) -> None:
        """Pass it on, with the time that is covered."""
        if self.recorder is not None:
            self.recorder.duration = self.net.time
            self.recorder.suspend()

    @property
    def duration(self) -> float | None:
        """Time that the recording covers, s."""
        return None if self.recorder is None else self.recorder.duration

    @duration.setter
    def duration(self, value: float) -> None:
        if self.recorder is not None:
            self.recorder.duration = value

    def take_all(self, path: Any) -> None:
        """Take the spikes of a recording in place of those that passed: of a run that went on."""
        from eventsnn.analyse import IntervalStatistics
        from eventsnn.record import Recording

        self.since = 0.0
        with Recording(path) as recording:
            for name in self.intervals:
                self.intervals[name] = IntervalStatistics(recording.size(name))
                for times, ids in recording.chunks(name):
                    self.intervals[name].add(times, ids)

    def summary(self) -> dict[str, Any]:
        """What the run came to; the same keys for all networks."""
        import numpy as np

        net, cost = self.net, self.net.cost
        n_neurons = sum(map(len, net.populations.values()))
        cv = {name: intervals.cv() for name, intervals in self.intervals.items()}
        run, seconds = max(cost.run, 1e-9), net.time - self.since
        spikes = sum(int(intervals.counts.sum()) for intervals in self.intervals.values())
        return {
            "synapses": net.n_synapses, "seconds": net.time,
            "spikes": spikes, "rate_hz": spikes / n_neurons / seconds if seconds > 0 else None,
            "cv_isi": _mean(np.concatenate(list(cv.values()))),
            "rates_hz": {name: float(intervals.rates(seconds).mean()) if seconds > 0 else None
                         for name, intervals in self.intervals.items()},
            "cvs_isi": {name: _mean(values) for name, values in cv.items()},
            "build_s": cost.build, "compile_s": cost.compile + self.compile_s,
            "sim_s": cost.run,
            "real_time_factor": run / max(net.time - self.loaded, net.dt),
            "synaptic_events_per_s": cost.synaptic_events / run,
            "bytes_per_synapse": net.synapse_bytes / max(net.n_synapses, 1),
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def _mean(values: Any) -> float | None:
    """The mean of those that are numbers; None if none is."""
    import numpy as np

    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None
