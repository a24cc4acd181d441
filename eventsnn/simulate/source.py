"""Neurons that only spike, at times that are given: `Network.source` makes them."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from eventsnn.core import check
from eventsnn.simulate.pieces import whole_steps
from eventsnn.simulate.population import MOST, View
from eventsnn.simulate.spike_lists import sorted_spikes

_CHUNK = 1 << 18  # spikes of a recording to hold at a time


class Source(View):
    """Neurons that spike at given times, to connect like a population; ``source[:10]`` is a part.

    It is no neuron model: it can be neither driven nor connected to, and has no state.
    """

    def __init__(self, name: str, size: int, reader: Any) -> None:
        self.name = name
        super().__init__(self, 0, size)
        self._reader = reader

    @property
    def kind(self) -> str:
        """What its neurons are, for people."""
        return "spike source"

    def take(self, first: int, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Steps and neurons of the spikes at the ends of the steps from `first` on.

        The first step of a run also has those at time 0.
        """
        return self._reader.take(first + 1 if first else 0, first + n_steps + 1)


class Listed:
    """Spikes from arrays."""

    def __init__(self, steps: np.ndarray, ids: np.ndarray) -> None:
        self._steps, self._ids = steps, ids

    def take(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Spikes of the steps from `start` to before `stop`."""
        a, b = np.searchsorted(self._steps, [start, stop])
        return self._steps[a:b], self._ids[a:b]


class Streamed:
    """Spikes of a recording, read in chunks as the run comes to them."""

    def __init__(self, recording: Any, population: str, dt: float) -> None:
        self._recording, self._population, self._dt = recording, population, dt
        self._chunks: Iterator[Any] = iter(())
        self._steps, self._ids = np.empty(0, np.int64), np.empty(0, np.int64)
        self._at: int | None = None  # step to go on from

    def take(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """As `Listed.take`."""
        if start != self._at:  # the first time, or after the network went back in time
            self._chunks = self._recording.sorted_chunks(
                self._population, _CHUNK, t_start=(start - 1) * self._dt)
            self._steps, self._ids = self._steps[:0], self._ids[:0]
            self._read()
        while self._steps.size and self._steps[-1] < stop and self._read():
            pass
        a, b = np.searchsorted(self._steps, [start, stop])
        found = self._steps[a:b], self._ids[a:b]
        self._steps, self._ids, self._at = self._steps[b:], self._ids[b:], stop
        return found

    def _read(self) -> bool:
        """Take one more chunk; whether there was one."""
        times, ids = next(self._chunks, (None, None))
        if times is None:
            return False
        steps = np.concatenate([self._steps, whole_steps("times", times, self._dt)])
        ids = np.concatenate([self._ids, ids])
        order = np.lexsort([ids, steps])
        self._steps, self._ids = steps[order], ids[order]
        return True


def kept(made: Source) -> tuple[Any, Any]:
    """What a source is made of: steps and neurons; or the path of a recording, and a population."""
    reader = made._reader
    if isinstance(reader, Listed):
        return reader._steps, reader._ids
    return os.path.abspath(reader._recording._path), reader._population


def made_of(name: str, size: int, steps: Any, ids: Any, dt: float) -> Source:
    """A source, from what `kept` returned."""
    if isinstance(steps, str):
        return _from_recording(name, size, steps, ids, dt)
    return Source(name, size, Listed(steps, ids))


def source(name: str, size: int | None, times: Any, ids: Any, recording: Any,
           population: str | None, dt: float) -> Source:
    """Check the arguments of `Network.source`."""
    if (recording is None) == (times is None) or (times is None) != (ids is None):
        raise check.must("source", "be given times and ids, or a recording",
                         "neither" if times is None and ids is None and recording is None
                         else "other arguments", error=TypeError)
    if recording is None:
        if population is not None:
            raise check.must("population", "be None without a recording", repr(population))
        size = check.integer("size", size, least=1, most=MOST)
        return Source(name, size, Listed(*sorted_spikes(times, ids, size, dt)))
    return _from_recording(name, size, recording, population, dt)


def _from_recording(name: str, size: int | None, recording: Any, population: str | None,
                    dt: float) -> Source:
    if isinstance(recording, (str, os.PathLike)):
        from eventsnn.record import Recording

        recording = Recording(recording)
    if not hasattr(recording, "sorted_chunks"):
        raise check.must("recording", "be a Recording, or the path of one",
                         type(recording).__name__, error=TypeError)
    if population is None:
        if len(recording.populations) != 1:
            raise check.must("population", f"be one of {', '.join(recording.populations)}", None)
        population = recording.populations[0]
    if population not in recording.populations:
        raise check.unknown("population", population, recording.populations)
    held = max(recording.size(population), 1)
    size = held if size is None else check.integer("size", size, least=held, most=MOST)
    return Source(name, size, Streamed(recording, population, dt))
