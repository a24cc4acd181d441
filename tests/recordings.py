"""Recordings of a few spikes, as tests write and read them."""

import h5py
import numpy as np

from eventsnn.record import Recorder, Recording

DT = 1e-4
SIZES = {"exc": 80, "inh": 20}


def spikes(rng, n, size, n_steps=1000):
    return np.sort(rng.integers(0, n_steps, n)), rng.integers(0, size, n)


def record(path, steps, ids, piece=997, dt=DT, **options):
    with Recorder(path, SIZES, dt, **options) as recorder:
        for start in range(0, len(ids), piece):
            recorder.append("exc", steps[start:start + piece], ids[start:start + piece])
        recorder.duration = 0.2


def read(path, population="exc", n=1_000_000):
    with Recording(path) as recording:
        chunks = list(recording.chunks(population, n))
    return (np.concatenate([np.empty(0), *(times for times, _ in chunks)]),
            np.concatenate([np.empty(0, np.int64), *(ids for _, ids in chunks)]))


def unseal(path):
    """Make a recording one of another tool, which has no checksums, so that it can be changed."""
    bare = path.with_name("bare")
    with h5py.File(path) as file, h5py.File(bare, "w") as new:
        for name in file:
            file.copy(name, new)
        for name, value in file.attrs.items():
            if name != "eventsnn_sealed":
                new.attrs[name] = value
    bare.replace(path)
